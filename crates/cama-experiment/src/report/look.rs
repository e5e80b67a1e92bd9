//! How series look: colour, dash and marker, so that they are distinguished in grey and by all eyes.

use std::collections::HashMap;

use maud::{Markup, html};

use super::text::at;
use crate::outcome::{Outcome, Reach};

/// How many looks there are in which nothing is the same.
pub(super) const LOOKS: usize = 10;

/// Colours on white, after M. Okabe and K. Ito; those that are too light for lines on white were darkened.
pub(super) const LIGHT: [&str; LOOKS] = [
    "#0072b2", "#d55e00", "#00805d", "#b0438a", "#20242a", "#946800", "#2f93d1", "#75797f", "#5b3a9e",
    "#857d00",
];

/// The same colours on a dark ground.
pub(super) const DARK: [&str; LOOKS] = [
    "#4ea8ec", "#ff8b42", "#2cc299", "#e794c2", "#f4f5f7", "#e69f00", "#a5dcf8", "#a3a8b0", "#b09cf5",
    "#f0e442",
];

const DASHES: [&str; LOOKS] =
    ["none", "7 3", "2 3", "9 3 2 3", "13 4", "4 2", "9 3 2 3 2 3", "1 4", "13 3 4 3", "5 5"];

/// The look of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look(usize);

impl Look {
    /// Class in the page, by which a dark scheme finds it.
    pub(super) fn class(self) -> String {
        format!("s{}", self.0 % LOOKS)
    }

    /// Colour on white.
    pub(super) fn colour(self) -> &'static str {
        LIGHT[self.0 % LOOKS]
    }

    /// The dashes of its line, as SVG has them.
    pub(super) fn dash(self) -> &'static str {
        DASHES[self.0 % LOOKS]
    }

    /// Its marker, about `2 r` large.
    pub(super) fn marker(self, x: f64, y: f64, r: f64) -> Markup {
        // From the eleventh series on, colours come again, with another marker.
        let shape = (self.0 + self.0 / LOOKS) % LOOKS;
        // Corners, in radii.
        let corners: &[[f64; 2]] = match shape {
            1 | 8 => &[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
            2 => &[[0.0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
            3 => &[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]],
            4 => &[[0.0, 1.2], [1.1, -0.8], [-1.1, -0.8]],
            9 => &[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]],
            _ => &[],
        };
        let points: Vec<String> =
            corners.iter().map(|[dx, dy]| format!("{},{}", at(x + dx * r), at(y + dy * r))).collect();
        let points = points.join(" ");
        let arm = |dx: f64, dy: f64| {
            format!("M{} {}L{} {}", at(x - dx * r), at(y - dy * r), at(x + dx * r), at(y + dy * r))
        };
        match shape {
            0 => {
                html! { circle .dot cx=(at(x)) cy=(at(y)) r=(at(r)) fill="currentColor" stroke="#ffffff" {} }
            }
            7 => html! {
                circle .hollow cx=(at(x)) cy=(at(y)) r=(at(r)) fill="#ffffff" stroke="currentColor" stroke-width="2" {}
            },
            8 | 9 => html! {
                polygon .hollow points=(points) fill="#ffffff" stroke="currentColor" stroke-width="2" {}
            },
            5 => html! {
                path d=(arm(1.2, 0.0) + &arm(0.0, 1.2)) fill="none" stroke="currentColor" stroke-width="2.4" {}
            },
            6 => html! {
                path d=(arm(0.95, 0.95) + &arm(0.95, -0.95)) fill="none" stroke="currentColor" stroke-width="2.4" {}
            },
            _ => html! { polygon .dot points=(points) fill="currentColor" stroke="#ffffff" {} },
        }
    }

    /// Its entry in a legend without the name: a piece of its line with a marker, 36 by 16; no line if points are not
    /// joined.
    pub(super) fn key(self, x: f64, y: f64, joined: bool) -> Markup {
        html! {
            @if joined {
                line x1=(at(x)) x2=(at(x + 36.0)) y1=(at(y)) y2=(at(y)) stroke="currentColor" stroke-width="2"
                    stroke-dasharray=(self.dash()) stroke-linecap="butt" {}
            }
            (self.marker(x + 18.0, y, 4.5))
        }
    }
}

/// The looks of the series that more than one experiment has, by name.
pub(super) struct Looks(HashMap<String, usize>);

impl Looks {
    /// A name looks the same in all experiments, as far as looks suffice.
    pub(super) fn new(reach: &Reach) -> Self {
        let all: Vec<&str> = reach.outcomes.iter().flat_map(names).collect();
        let mut looks = HashMap::new();
        for name in &all {
            if all.iter().filter(|other| *other == name).count() > 1 {
                let next = looks.len();
                looks.entry(name.to_string()).or_insert(next);
            }
        }
        Looks(looks)
    }

    /// The series of an experiment, in the order in which its diagrams name them, each with a look of its own.
    pub(super) fn of<'a>(&self, outcome: &'a Outcome) -> Vec<(&'a str, Look)> {
        let names = names(outcome);
        let mut given: Vec<Option<usize>> = Vec::new();
        // Those that other experiments have too choose first, of the others each takes the first that is free.
        for name in &names {
            let wish = self.0.get(*name).filter(|look| **look < LOOKS && !given.contains(&Some(**look)));
            given.push(wish.copied());
        }
        for i in 0..given.len() {
            let free = (0..).find(|look| !given.contains(&Some(*look)));
            given[i] = given[i].or(free);
        }
        let looks = given.into_iter().map(|look| Look(look.unwrap_or(0)));
        names.into_iter().zip(looks).collect()
    }
}

/// The names of all series of an experiment, each once.
fn names(outcome: &Outcome) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for series in outcome.panels.iter().flat_map(|panel| &panel.series) {
        if !names.contains(&series.name.as_str()) {
            names.push(&series.name);
        }
    }
    names
}

/// How much lighter one colour is than another, from 1 to 21, as the accessibility guidelines of the web (WCAG 2) have it.
#[cfg(test)]
pub(super) fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{outcome, panel, series};

    #[test]
    fn lines_stand_out_from_their_ground() {
        for (on_white, on_dark) in LIGHT.iter().zip(DARK) {
            assert!(contrast(on_white, "#ffffff") >= 3.0, "{on_white}");
            assert!(contrast(on_dark, "#171b21") >= 4.5, "{on_dark}");
        }
        assert_eq!(contrast("#000000", "#ffffff").round(), 21.0);
    }

    fn named(name: &str, names: &[&str]) -> Outcome {
        let all = names.iter().map(|name| series(name, &[[0.0, 0.5]])).collect();
        Outcome { panels: vec![panel(all)], ..outcome(name) }
    }

    #[test]
    fn a_name_looks_the_same_everywhere_and_no_two_look_the_same() {
        let many: Vec<String> = (0..14).map(|i| format!("method {i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let reach = Reach {
            outcomes: vec![named("a", &["x", "y"]), named("b", &["y", "z", "x"]), named("c", &many)],
            left_out: vec![],
        };
        let looks = Looks::new(&reach);
        let (a, b) = (looks.of(&reach.outcomes[0]), looks.of(&reach.outcomes[1]));
        assert_eq!((a[0], a[1]), (b[2], b[0]));
        let all = looks.of(&reach.outcomes[2]);
        assert_eq!(all.len(), 14);
        let drawn: std::collections::HashSet<_> =
            all.iter().map(|(_, look)| (look.colour(), look.marker(0.0, 0.0, 4.0).into_string())).collect();
        assert_eq!(drawn.len(), 14);
    }
}
