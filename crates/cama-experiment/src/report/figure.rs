//! The figure of an experiment: all of its diagrams with one legend, in a file and in the page.

use maud::{Markup, PreEscaped, html};

use super::look::Look;
use super::panel::{self, Frame, crowded};
use super::text::{FONTS, at, clean, cut, width};
use crate::outcome::{Outcome, Panel};

/// Widths of a diagram beside others or on a phone, alone, and with many names.
const NARROW: f64 = 440.0;
const ALONE: f64 = 640.0;
const CROWDED: f64 = 1000.0;
const PLOT: f64 = 270.0;
/// Marks beside each other on a phone.
const PHONE: usize = 28;
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

/// The legend: keys with names in rows, each in the middle; with its height.
fn entries(legend: &Legend, room: f64, joined: bool) -> (Markup, f64) {
    // Without a piece of a line, only the marker's part of a key is there.
    let (key, aside) = if joined { (KEY, 0.0) } else { (KEY - 20.0, 10.0) };
    let most = room - key - 16.0;
    let taken = |name: &str| key + width(name, NAME).min(most);
    let mut rows: Vec<(f64, Vec<&(&str, Look)>)> = Vec::new();
    for entry in legend {
        let more = taken(entry.0);
        match rows.last_mut() {
            Some((length, row)) if *length + APART + more <= room - 16.0 => {
                *length += APART + more;
                row.push(entry);
            }
            _ => rows.push((more, vec![entry])),
        }
    }
    let drawn = html! {
        @for (i, (length, row)) in rows.iter().enumerate() {
            @for (j, (name, look)) in row.iter().enumerate() {
                @let before: f64 = row[..j].iter().map(|(name, _)| taken(name) + APART).sum();
                @let x = (room - length) / 2.0 + before;
                @let y = ENTRY * (i as f64 + 0.5);
                g color=(look.colour()) class=(look.class()) { (look.key(x - aside, y, joined)) }
                text .ink x=(at(x + key)) y=(at(y + NAME * 0.36)) font-size=(at(NAME)) fill="#20242a" {
                    (clean(&cut(name, NAME, most)))
                }
            }
        }
    };
    (drawn, ENTRY * rows.len() as f64)
}

/// A diagram for a phone in parts below each other, with so few of the names each that all marks can be distinguished.
fn parts(panel: &Panel) -> Vec<Panel> {
    let Some(names) = panel.x.names.as_ref().filter(|_| crowded(panel)) else { return vec![panel.clone()] };
    let most = (PHONE / panel.series.len().max(1)).max(1);
    // Evenly, so that the last part is not nearly empty.
    let count = names.len().div_ceil(most);
    let range = panel::y_ends(panel);
    let part = |i: usize| {
        let (first, end) = (i * names.len() / count, (i + 1) * names.len() / count);
        let mut part = panel.clone();
        part.x.names = Some(names[first..end].to_vec());
        part.y.range = Some(range);
        for series in &mut part.series {
            series.points.retain(|point| (first as f64..end as f64).contains(&point.x));
            series.points.iter_mut().for_each(|point| point.x -= first as f64);
        }
        // What all of them have is drawn once, above the first and below the last.
        if i > 0 {
            part.title = String::new();
        }
        if i + 1 < count {
            part.x.label = String::new();
        }
        part
    };
    (0..count).map(part).collect()
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
            @let id = format!("{}-{i}", outcome.name);
            (picture(outcome, panel, legend, Frame::of([*panel], width, PLOT * 1.15), &id, "wide"))
            @let parts = parts(panel);
            @let plot = if parts.len() > 1 { PLOT * 0.8 } else { PLOT * 1.2 };
            @for (j, part) in parts.iter().enumerate() {
                (picture(outcome, part, legend, Frame::of([part], NARROW, plot), &format!("{id}-{j}"), "narrow"))
            }
        }
        ul .legend {
            @for (name, look) in legend {
                li class=(look.class()) {
                    @let joined = joined(&outcome.panels);
                    // Without a piece of a line, only the marker's part of it.
                    @let (part, width) = if joined { ("0 0 36 16", 36) } else { ("10 0 16 16", 16) };
                    svg .key viewBox=(part) width=(width) height="16" aria-hidden="true" {
                        (look.key(0.0, 8.0, joined))
                    }
                    span { (clean(name)) }
                }
            }
        }
    }
}

fn picture(outcome: &Outcome, panel: &Panel, legend: &Legend, frame: Frame, id: &str, class: &str) -> Markup {
    let title = match panel.title.as_str() {
        "" => format!("Diagram: {}, {} by {}", outcome.title, panel.y.label, panel.x.label),
        title => format!("Diagram: {title}, {} by {}", panel.y.label, panel.x.label),
    };
    html! {
        svg class={ "diagram " (class) } viewBox={ "0 0 " (at(frame.width)) " " (at(frame.height())) }
            style=(PreEscaped(format!("max-width:{}px", at(frame.width * 1.25)))) role="img" aria-label=(clean(&title)) {
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
    fn on_a_phone_many_names_are_in_parts_that_hold_all_points() {
        let points: Vec<[f64; 2]> = (0..7).map(|i| [f64::from(i), 0.1 * f64::from(i + 1)]).collect();
        let mut panel = panel((0..9).map(|i| series(&format!("{i}"), &points)).collect());
        panel.x.names = Some((0..7).map(|i| format!("name {i}")).collect());
        let parts = parts(&panel);
        let names: Vec<Vec<String>> = parts.iter().map(|part| part.x.names.clone().unwrap()).collect();
        assert_eq!(names.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 3]);
        assert_eq!(Some(names.concat()), panel.x.names);
        let at = |part: usize| {
            parts[part].series[8].points.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>()
        };
        assert_eq!((at(0)[0], at(1)[1], at(2)[2]), ((0.0, 0.1 * 1.0), (1.0, 0.1 * 4.0), (2.0, 0.1 * 7.0)));
        assert_eq!(parts[2].y.range, Some([0.0, 1.0]));
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
