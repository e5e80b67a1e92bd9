//! One experiment's part of the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::figure::{self, Legend};
use super::picture::Picture;
use super::table;
use super::text::{clean, duration};
use super::verdict::verdict;
use crate::outcome::Outcome;

/// The place of an experiment in the page.
pub(super) fn anchor(outcome: &Outcome) -> String {
    format!("experiment-{}", outcome.name)
}

pub(super) fn section(outcome: &Outcome, picture: Option<&Picture>, legend: &Legend) -> Markup {
    let anchor = anchor(outcome);
    html! {
        section .experiment #(anchor) aria-labelledby={ (anchor) "-title" } {
            p .where {
                @match &outcome.paper {
                    Some(paper) => { (clean(paper)) " of the paper" },
                    None => "Our own experiment",
                }
                @if !outcome.scale.is_empty() { " · scale " strong { (clean(&outcome.scale)) } }
            }
            h2 #{ (anchor) "-title" } { (clean(&outcome.title)) }
            @for paragraph in outcome.about.split("\n\n") { p { (clean(paragraph)) } }
            @if !outcome.warnings.is_empty() {
                aside .warnings aria-label="Warnings" {
                    p { strong { "To be read with care" } }
                    ul { @for warning in &outcome.warnings { li { (clean(warning)) } } }
                }
            }
            (shown(outcome, picture, legend))
            (claims(outcome))
            @if outcome.panels.iter().any(|panel| !panel.series.is_empty()) {
                h3 { "Numbers" }
                @for panel in &outcome.panels { (table::numbers(outcome, panel, legend)) }
            }
            (made(outcome))
        }
    }
}

fn shown(outcome: &Outcome, picture: Option<&Picture>, legend: &Legend) -> Markup {
    let file = |ending: &str| format!("figures/{}.{ending}", outcome.name);
    html! {
        @if let Some(picture) = picture {
            figure {
                img .picture alt=(clean(&outcome.title)) width=(picture.width) height=(picture.height)
                    src={ "data:image/png;base64," (STANDARD.encode(&picture.bytes)) };
                figcaption { (clean(&outcome.title)) ". " span .files { a href=(file("png")) { "PNG" } } }
            }
        } @else if !outcome.panels.is_empty() {
            figure {
                (figure::inline(outcome, legend))
                figcaption {
                    (clean(&outcome.title)) ". " (means(outcome)) " "
                    span .files { a href=(file("svg")) { "SVG" } " · " a href=(file("png")) { "PNG" } }
                }
            }
        }
    }
}

/// What points and intervals are, as they are drawn.
fn means(outcome: &Outcome) -> String {
    let points = match outcome.seeds.len() {
        0 | 1 => "Points are of one seed".to_string(),
        count => format!("Points are means over {count} seeds"),
    };
    let joined = outcome.panels.iter().any(|panel| panel.x.names.is_none());
    let named = outcome.panels.iter().any(|panel| panel.x.names.is_some());
    let intervals = match (joined, named) {
        (true, true) => "bands and bars",
        (true, false) => "bands",
        _ => "bars",
    };
    format!("{points}, {intervals} are 95% intervals.")
}

fn claims(outcome: &Outcome) -> Markup {
    html! {
        @if !outcome.claims.is_empty() {
            h3 { "Claims" }
            details .claimed { summary { "Each with its verdict and its numbers" } ul .verdicts {
                @for claim in &outcome.claims { li {
                    div { (verdict(claim.holds)) }
                    div {
                        p .says { @if claim.by_paper { "The paper: " } @else { "Our own claim: " } (clean(&claim.says)) }
                        p .soft { "Here: " (clean(&claim.numbers)) }
                    }
                } }
            } }
        }
    }
}

fn made(outcome: &Outcome) -> Markup {
    let seeds: Vec<String> = outcome.seeds.iter().map(u64::to_string).collect();
    let facts = [
        ("Seeds", seeds.join(", ")),
        ("Time", duration(outcome.seconds) + " of computing"),
        ("Machines", outcome.machines.join("; ")),
        ("Date", outcome.date.clone()),
    ];
    html! {
        h3 { "How it was made" }
        dl .facts {
            @for (name, value) in &outcome.settings { dt { (clean(name)) } dd { (clean(value)) } }
            @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
                dt { (name) }
                dd { (clean(value)) }
            }
        }
        @if !outcome.command.is_empty() {
            p .again { "Make it again:" }
            pre tabindex="0" { code { (clean(&outcome.command)) } }
        }
        @if !outcome.steps.is_empty() {
            details {
                summary { "Its steps as command lines" }
                pre tabindex="0" { code { @for step in &outcome.steps { (clean(step)) "\n" } } }
            }
        }
    }
}
