//! What the paper says beside what was measured, with a verdict for each claim.

use maud::{Markup, html};

use super::section::anchor;
use super::text::clean;
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
                // On phones rows become cards, which takes the table's meaning from it unless it is told again.
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

/// A verdict as a sign and words.
pub(super) fn verdict(holds: Holds) -> Markup {
    let (class, words) = match holds {
        Holds::Yes => ("good", "holds"),
        Holds::Partly => ("part", "holds partly"),
        Holds::No => ("bad", "does not hold"),
        Holds::Unknown => ("open", "not measured"),
    };
    html! {
        span class={ "verdict " (class) } {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
                circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.5"
                    stroke-dasharray=(if holds == Holds::Unknown { "2 2" } else { "none" }) {}
                @match holds {
                    Holds::Yes => path d="M4.6 8.3 7 10.7 11.5 5.6" fill="none" stroke="currentColor" stroke-width="1.8" {},
                    Holds::Partly => path d="M8 1A7 7 0 0 0 8 15Z" fill="currentColor" {},
                    Holds::No => path d="M5.2 5.2 10.8 10.8M10.8 5.2 5.2 10.8" fill="none" stroke="currentColor"
                        stroke-width="1.8" {},
                    Holds::Unknown => circle cx="8" cy="8" r="1.4" fill="currentColor" {},
                }
            }
            (words)
        }
    }
}
