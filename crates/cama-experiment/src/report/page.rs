//! The page as a whole: its head, its style, its contents.

use std::fmt::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::look::{DARK, LIGHT, Looks};
use super::picture::Picture;
use super::text::clean;
use super::{section, summary};
use crate::outcome::{Outcome, Reach};

/// What is above a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// Its title.
    pub title: String,
    /// What it is about, a paragraph each.
    pub intro: Vec<String>,
    /// The version of the program that writes it.
    pub version: String,
    /// When it was written, in words.
    pub when: String,
}

pub(super) fn page(reach: &Reach, heading: &Heading, looks: &Looks, pictures: &[Option<Picture>]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "cama " (clean(&heading.version)) };
                title { (clean(&heading.title)) }
                style { (PreEscaped(style())) }
            }
            body {
                header .top {
                    h1 { (clean(&heading.title)) }
                    @for paragraph in &heading.intro { p .lead { (clean(paragraph)) } }
                    p .made { (clean(&made(heading))) }
                }
                main {
                    @for (outcome, picture) in reach.outcomes.iter().zip(pictures).filter(|(one, _)| is_headline(one)) {
                        (section::section(outcome, picture.as_ref(), &looks.of(outcome)))
                    }
                    (summary::summary(reach))
                    (contents(reach))
                    @for (outcome, picture) in reach.outcomes.iter().zip(pictures).filter(|(one, _)| !is_headline(one)) {
                        (section::section(outcome, picture.as_ref(), &looks.of(outcome)))
                    }
                    @if !reach.left_out.is_empty() {
                        section .experiment #left-out {
                            h2 { "Experiments that were left out" }
                            dl .facts { @for (name, reason) in &reach.left_out {
                                dt { (clean(name)) }
                                dd { (clean(reason)) }
                            } }
                        }
                    }
                }
                footer {
                    p {
                        "The numbers are in " a href="results.csv" { "results.csv" } ", everything on this page is in "
                        a href="results.json" { "results.json" } ", and the figures are in the folder " code { "figures" }
                        "."
                    }
                }
            }
        }
    }
}

/// Whether an experiment is what the page opens with.
fn is_headline(outcome: &Outcome) -> bool {
    outcome.name == "headline"
}

fn made(heading: &Heading) -> String {
    let version = match heading.version.as_str() {
        "" => None,
        version => Some(format!("cama {version}")),
    };
    let when = Some(heading.when.clone()).filter(|when| !when.is_empty());
    [version, when].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn contents(reach: &Reach) -> Markup {
    html! {
        nav .contents aria-labelledby="contents" {
            h2 #contents { "Contents" }
            ol {
                @for outcome in &reach.outcomes { li {
                    a href={ "#" (section::anchor(outcome)) } { (clean(&outcome.title)) }
                    @if let Some(paper) = &outcome.paper { " " span .soft { (clean(paper)) } }
                } }
                @if !reach.left_out.is_empty() { li { a href="#left-out" { "Experiments that were left out" } } }
            }
        }
    }
}

/// The style sheet, with the colours of the series in both schemes.
fn style() -> String {
    let mut style = include_str!("style.css").to_string();
    let mut series = |colours: &[&str], around: &str| {
        let rules: String = (0..).zip(colours).fold(String::new(), |mut rules, (i, colour)| {
            let _ = write!(rules, ".s{i}{{color:{colour}}}");
            rules
        });
        style.push_str(&around.replace("{}", &rules));
        style.push('\n');
    };
    series(&LIGHT, "{}");
    // Not where it is printed: paper is white.
    series(&DARK, "@media screen and (prefers-color-scheme:dark){{}}");
    style
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::look::contrast;

    /// The value of a variable of the style sheet in the `nth` scheme: 0 is light, 1 dark.
    fn colour(name: &str, nth: usize) -> String {
        let style = style();
        let value = style.split(&format!("--{name}:")).nth(nth + 1).unwrap_or_else(|| panic!("no {name}"));
        value[..7].to_string()
    }

    #[test]
    fn all_text_stands_out_from_its_ground_in_both_schemes() {
        for scheme in [0, 1] {
            for ground in ["paper", "card", "note"] {
                for ink in ["ink", "soft", "link", "good", "part", "bad"] {
                    let (ink, ground) = (colour(ink, scheme), colour(ground, scheme));
                    assert!(contrast(&ink, &ground) >= 4.5, "{ink} on {ground}: {}", contrast(&ink, &ground));
                }
            }
        }
    }

    #[test]
    fn the_style_has_a_rule_for_each_series_in_both_schemes() {
        let style = style();
        for (i, (light, dark)) in LIGHT.iter().zip(DARK).enumerate() {
            assert!(
                style.contains(&format!(".s{i}{{color:{light}}}"))
                    && style.contains(&format!(".s{i}{{color:{dark}}}"))
            );
        }
        assert_eq!(style.matches('{').count(), style.matches('}').count());
    }
}
