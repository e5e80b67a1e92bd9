//! The figure of an experiment: all of its diagrams with one legend, in a file and in the page.

use maud::{Markup, PreEscaped, html};

use super::look::Look;
use super::panel::{self, Frame, crowded};
use super::text::{FONTS, at, clean, width};
use crate::outcome::{Outcome, Panel};

/// Widths of a diagram beside others or on a phone, alone, and with many names.
const NARROW: f64 = 440.0;
const ALONE: f64 = 640.0;
const CROWDED: f64 = 1000.0;
const PLOT: f64 = 270.0;
const GAP: f64 = 20.0;
const NAME: f64 = 13.0;
/// A line of the legend, and what is left and right of a name in it.
const ENTRY: f64 = 24.0;
const KEY: f64 = 46.0;
const APART: f64 = 26.0;

/// The looks of an experiment's series, in the order of the legend.
pub(super) type Legend<'a> = [(&'a str, Look)];

/// All diagrams side by side with the legend below, as a file of its own on a white ground.
pub(super) fn standalone(outcome: &Outcome, legend: &Legend) -> String {
    let room = |panel: &Panel| match (crowded(panel), outcome.panels.len()) {
        (true, _) => CROWDED,
        (false, 1) => ALONE,
        (false, _) => NARROW,
    };
    let wide =
        outcome.panels.iter().map(room).sum::<f64>() + GAP * outcome.panels.len().saturating_sub(1) as f64;
    let (keys, high) = entries(legend, wide, joined(&outcome.panels));
    let total = high_of(outcome, room) + high + 10.0;
    let mut left = 0.0;
    let placed: Vec<(f64, f64, &Panel)> = outcome
        .panels
        .iter()
        .map(|panel| {
            let here = left;
            left += room(panel) + GAP;
            (here, room(panel), panel)
        })
        .collect();
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(at(wide)) height=(at(total))
            viewBox={ "0 0 " (at(wide)) " " (at(total)) } font-family=(FONTS) role="img"
            aria-label=(clean(&outcome.title)) {
            rect width="100%" height="100%" fill="#ffffff" {}
            @for (i, (left, width, panel)) in placed.iter().enumerate() {
                g transform={ "translate(" (at(*left)) " 0)" } {
                    (panel::draw(panel, legend, common(outcome, room, *width), &format!("clip-{i}")))
                }
            }
            g transform={ "translate(0 " (at(total - high - 4.0)) ")" } { (keys) }
        }
    };
    svg.into_string()
}

/// The frame of a panel of this width, with the margins above and below that all panels of the figure need.
fn common(outcome: &Outcome, room: impl Fn(&Panel) -> f64, width: f64) -> Frame {
    let frames = outcome.panels.iter().map(|panel| Frame::of([panel], room(panel), PLOT));
    let same = Frame::of(outcome.panels.iter().filter(|panel| room(panel) == width), width, PLOT);
    frames.fold(same, Frame::level_with)
}

fn high_of(outcome: &Outcome, room: impl Fn(&Panel) -> f64) -> f64 {
    outcome.panels.first().map_or(0.0, |first| common(outcome, &room, room(first)).height())
}

/// The legend: keys with names in columns, in the middle; with its height.
fn entries(legend: &Legend, room: f64, joined: bool) -> (Markup, f64) {
    let widest = legend.iter().map(|(name, _)| width(name, NAME)).fold(0.0, f64::max);
    let column = (KEY + widest + APART).min(room);
    let columns = ((room / column).floor() as usize).clamp(1, legend.len().max(1));
    let rows = legend.len().div_ceil(columns);
    // As many columns as the rows need, so that the last row is not nearly empty.
    let columns = legend.len().div_ceil(rows.max(1)).max(1);
    let left = (room - column * columns as f64 + APART) / 2.0;
    let drawn = html! {
        @for (i, (name, look)) in legend.iter().enumerate() {
            @let x = left.max(8.0) + column * (i % columns) as f64;
            @let y = ENTRY * ((i / columns) as f64 + 0.5);
            g color=(look.colour()) class=(look.class()) { (look.key(x, y, joined)) }
            text .ink x=(at(x + KEY)) y=(at(y + NAME * 0.36)) font-size=(at(NAME)) fill="#20242a" {
                (clean(&super::text::cut(name, NAME, room - KEY - 16.0)))
            }
        }
    };
    (drawn, ENTRY * rows as f64)
}

fn joined(panels: &[Panel]) -> bool {
    panels.iter().any(|panel| panel.x.names.is_none())
}

/// The diagrams for the page, where the style sheet puts them beside or below each other, with the legend as a list.
pub(super) fn inline(outcome: &Outcome, legend: &Legend) -> Markup {
    let (full, half): (Vec<_>, Vec<_>) =
        outcome.panels.iter().enumerate().partition(|(_, panel)| outcome.panels.len() == 1 || crowded(panel));
    let beside = Frame::of(half.iter().map(|(_, panel)| *panel), NARROW, PLOT);
    html! {
        @if !half.is_empty() {
            div .panels {
                @for (i, panel) in &half {
                    (picture(outcome, panel, legend, beside, &format!("{}-{i}", outcome.name), ""))
                }
            }
        }
        // Alone in a row, a diagram is drawn twice: for wide windows, and for phones with letters that can be read.
        @for (i, panel) in &full {
            @let width = if crowded(panel) { CROWDED } else { ALONE };
            @for (width, plot, class) in [(width, PLOT * 1.15, "wide"), (NARROW, PLOT * 1.2, "narrow")] {
                @let id = format!("{}-{i}-{class}", outcome.name);
                (picture(outcome, panel, legend, Frame::of([*panel], width, plot), &id, class))
            }
        }
        ul .legend {
            @for (name, look) in legend {
                li class=(look.class()) {
                    svg .key viewBox="0 0 36 16" width="36" height="16" aria-hidden="true" {
                        (look.key(0.0, 8.0, joined(&outcome.panels)))
                    }
                    span { (clean(name)) }
                }
            }
        }
    }
}

fn picture(outcome: &Outcome, panel: &Panel, legend: &Legend, frame: Frame, id: &str, class: &str) -> Markup {
    let told = match panel.title.as_str() {
        "" => format!("Diagram: {}, {} by {}", outcome.title, panel.y.label, panel.x.label),
        title => format!("Diagram: {title}, {} by {}", panel.y.label, panel.x.label),
    };
    html! {
        svg class={ "diagram " (class) } viewBox={ "0 0 " (at(frame.width)) " " (at(frame.height())) }
            style=(PreEscaped(format!("max-width:{}px", at(frame.width * 1.25)))) role="img" aria-label=(clean(&told)) {
            (panel::draw(panel, legend, frame, &format!("clip-{id}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reach;
    use crate::report::look::Looks;
    use crate::report::tests::{outcome, panel, series};

    #[test]
    fn every_series_has_one_group_in_each_diagram_and_a_name_in_the_legend() {
        let names = ["first <1>", "second & last", "third"];
        let both = || panel(names.iter().map(|name| series(name, &[[0.0, 0.5], [1.0, 0.6]])).collect());
        let outcome = Outcome { panels: vec![both(), both()], ..outcome("a") };
        let looks = Looks::new(&Reach { outcomes: vec![outcome.clone()], left_out: vec![] });
        let svg = standalone(&outcome, &looks.of(&outcome));
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        for name in names {
            let groups = document.descendants().filter(|node| node.attribute("data-name") == Some(name));
            assert_eq!(groups.count(), 2, "{name}");
            let entries =
                document.descendants().filter(|node| node.has_tag_name("text") && node.text() == Some(name));
            assert_eq!(entries.count(), 1, "{name}");
        }
        // Two points of each series.
        assert_eq!(document.descendants().filter(|node| node.has_tag_name("title")).count(), 12);
    }

    #[test]
    fn a_legend_is_inside_of_its_figure() {
        let looks = Looks::new(&Reach::default());
        let names: Vec<String> =
            (0..10).map(|i| format!("a method with quite a long name, number {i}")).collect();
        let all = names.iter().map(|name| series(name, &[[0.0, 0.5]])).collect();
        let outcome = Outcome { panels: vec![panel(all)], ..outcome("a") };
        let (drawn, high) = entries(&looks.of(&outcome), 700.0, true);
        let svg = format!("<svg>{}</svg>", drawn.into_string());
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        for node in texts {
            let x: f64 = node.attribute("x").unwrap().parse().unwrap();
            let y: f64 = node.attribute("y").unwrap().parse().unwrap();
            assert!(x + width(node.text().unwrap(), NAME) <= 700.0 && y < high);
        }
    }
}
