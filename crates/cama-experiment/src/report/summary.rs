//! One row for each experiment with claims: how many hold as the paper judged them, under stronger attacks, and of our own.

use maud::{Markup, html};

use super::section::anchor;
use super::text::clean;
use super::verdict::verdict;
use crate::outcome::{Block, Claim, Holds, Outcome, Reach};

const VERDICTS: [Holds; 4] = [Holds::Yes, Holds::Partly, Holds::No, Holds::Unknown];

const BLOCKS: [(Block, &str); 3] = [
    (Block::Paper, "The paper’s claims"),
    (Block::Stronger, "Under stronger attacks"),
    (Block::Ours, "Our own claims"),
];

/// The table at the beginning; nothing of a report without claims. The claims themselves are in the experiments' sections.
pub(super) fn summary(reach: &Reach) -> Markup {
    let claiming: Vec<&Outcome> =
        reach.outcomes.iter().filter(|outcome| !outcome.claims.is_empty()).collect();
    let all: Vec<&Claim> = claiming.iter().flat_map(|outcome| &outcome.claims).collect();
    let there = |block: &&(Block, &str)| all.iter().any(|claim| claim.block == block.0);
    let blocks: Vec<&(Block, &str)> = BLOCKS.iter().filter(there).collect();
    html! {
        @if !claiming.is_empty() {
            section .summary aria-labelledby="summary" {
                h2 #summary { "What holds" }
                (counts(&all))
                // On phones rows become cards, which takes the table's meaning from it unless it is repeated.
                table .claims role="table" {
                    caption { "How many claims hold; each is under its experiment" }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Experiment" }
                        @for (_, name) in &blocks { th scope="col" role="columnheader" { (name) } }
                    } }
                    tbody role="rowgroup" { @for outcome in &claiming { tr role="row" {
                        th scope="row" role="rowheader" {
                            a href={ "#" (anchor(outcome)) } { (clean(outcome.paper.as_ref().unwrap_or(&outcome.title))) }
                        }
                        @for (block, name) in &blocks {
                            @let of: Vec<&Claim> = outcome.claims.iter().filter(|claim| claim.block == *block).collect();
                            td role="cell" data-label=(name) { (counts(&of)) }
                        }
                    } } }
                }
            }
        }
    }
}

/// How many claims have each verdict.
fn counts(claims: &[&Claim]) -> Markup {
    html! {
        ul .counts {
            @for holds in VERDICTS {
                @let count = claims.iter().filter(|claim| claim.holds == holds).count();
                @if count > 0 { li { strong { (count) } " " (verdict(holds)) } }
            }
        }
    }
}
