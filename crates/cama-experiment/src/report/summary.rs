//! What the paper says beside what was measured, with a verdict for each claim.

use maud::{Markup, html};

use super::section::anchor;
use super::text::clean;
use super::verdict::verdict;
use crate::outcome::{Claim, Holds, Outcome, Reach};

/// The table at the beginning; nothing of a report without claims.
pub(super) fn summary(reach: &Reach) -> Markup {
    let claims: Vec<(&Outcome, &Claim)> = reach
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.claims.iter().map(move |claim| (outcome, claim)))
        .collect();
    let own = claims.iter().any(|(_, claim)| !claim.by_paper);
    html! {
        @if !claims.is_empty() {
            section .summary aria-labelledby="summary" {
                h2 #summary { "What holds" }
                ul .counts {
                    @for holds in [Holds::Yes, Holds::Partly, Holds::No, Holds::Unknown] {
                        @let count = claims.iter().filter(|(_, claim)| claim.holds == holds).count();
                        @if count > 0 { li { strong { (count) } " " (verdict(holds)) } }
                    }
                }
                // On phones rows become cards, which takes the table's meaning from it unless it is repeated.
                table .claims role="table" {
                    caption {
                        "Claims beside what was measured here"
                        @if own { "; claims that are not the paper’s are marked as our own" }
                    }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Experiment" }
                        th scope="col" role="columnheader" { "The paper says" }
                        th scope="col" role="columnheader" { "Measured here" }
                        th scope="col" role="columnheader" { "Verdict" }
                    } }
                    tbody role="rowgroup" { @for (outcome, claim) in &claims { tr role="row" {
                        th scope="row" role="rowheader" {
                            a href={ "#" (anchor(outcome)) } { (clean(outcome.paper.as_ref().unwrap_or(&outcome.title))) }
                        }
                        td role="cell" data-label=(if claim.by_paper { "The paper says" } else { "Our own claim" }) {
                            @if !claim.by_paper { span .own { "Our own" } " " }
                            (clean(&claim.says))
                        }
                        td role="cell" data-label="Measured here" { (clean(&claim.numbers)) }
                        td role="cell" data-label="Verdict" { (verdict(claim.holds)) }
                    } } }
                }
            }
        }
    }
}
