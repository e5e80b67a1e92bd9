//! One diagram as SVG: its frame with axes and ticks.

use maud::{Markup, html};

use super::curve::{self, Curve};
use super::look::Look;
use super::scale::{Scale, Tick};
use super::text::{at, clean, cut, width, wrap};
use crate::outcome::{Axis, Panel};

const TITLE: f64 = 15.0;
const LABEL: f64 = 13.0;
const TICK: f64 = 12.0;
const LINE: f64 = 1.25;
/// Names of places have at most so many lines, and turned ones at most this length.
const NAME_LINES: usize = 3;
const TURNED_ROOM: f64 = 150.0;

/// What is around the plot, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// The size of a diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) width: f64,
    /// Of the plot alone.
    pub(super) plot: f64,
    pub(super) margins: Margins,
}

impl Frame {
    /// One frame in which all of the panels fit, so that their plots are at the same height beside each other.
    pub(super) fn of<'a>(panels: impl IntoIterator<Item = &'a Panel>, width: f64, plot: f64) -> Self {
        let all = panels.into_iter().map(|panel| margins(panel, width, plot));
        let both = |a: Margins, b: Margins| Margins {
            left: a.left.max(b.left),
            right: a.right.max(b.right),
            top: a.top.max(b.top),
            bottom: a.bottom.max(b.bottom),
        };
        let least = Margins { left: 0.0, right: 14.0, top: 12.0, bottom: 0.0 };
        Frame { width, plot, margins: all.fold(least, both) }
    }

    /// This frame with at least the room above and below that another one has.
    pub(super) fn level_with(mut self, other: Frame) -> Self {
        self.margins.top = self.margins.top.max(other.margins.top);
        self.margins.bottom = self.margins.bottom.max(other.margins.bottom);
        self
    }

    /// With its margins.
    pub(super) fn height(self) -> f64 {
        self.margins.top + self.plot + self.margins.bottom
    }
}

/// Whether a panel needs more than half of the width: many names, or many marks beside each other.
pub(super) fn crowded(panel: &Panel) -> bool {
    panel.x.names.as_ref().is_some_and(|names| names.len() * panel.series.len() > 24 || names.len() > 8)
}

fn scales(panel: &Panel, x: [f64; 2], y: [f64; 2]) -> (Scale, Scale) {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let xs: Vec<f64> = points().map(|point| point.x).collect();
    let ys: Vec<f64> = points().flat_map(|point| [point.y, point.interval[0], point.interval[1]]).collect();
    (Scale::new(&panel.x, &xs, false, x), Scale::new(&panel.y, &ys, true, y))
}

/// From where to where the vertical axis of a panel goes.
pub(super) fn y_ends(panel: &Panel) -> [f64; 2] {
    scales(panel, [0.0, 1.0], [1.0, 0.0]).1.range()
}

fn margins(panel: &Panel, width: f64, plot: f64) -> Margins {
    let (_, y) = scales(panel, [0.0, width], [plot, 0.0]);
    let widest = y_ticks(&y, plot).iter().map(|tick| self::width(&tick.label, TICK)).fold(0.0, f64::max);
    let mut left = 8.0 + widest.min(width * 0.3) + 8.0;
    let lines = |axis: &Axis, room: f64| wrap(&axis.label, LABEL, room, 2).len() as f64;
    left += lines(&panel.y, plot) * LABEL * LINE + 4.0;
    let inner = width - left - 14.0;
    let (x, _) = scales(panel, [0.0, inner], [plot, 0.0]);
    let names = match names(&x) {
        None => TICK * LINE,
        Some(Names::Level(names)) => names.iter().map(Vec::len).max().unwrap_or(1) as f64 * TICK * LINE,
        Some(Names::Turned(names)) => {
            // A turned name ends below its place, and begins to the left of it.
            let longest = names.iter().map(|name| self::width(name, TICK)).fold(0.0, f64::max);
            for (i, name) in names.iter().enumerate() {
                left = left.max(self::width(name, TICK) * TURN_COS - x.slot() * (i as f64 + 0.5) + 4.0);
            }
            longest * TURN_SIN + TICK
        }
    };
    let title = wrap(&panel.title, TITLE, width - left - 14.0, 2).len() as f64;
    Margins {
        left,
        right: 14.0,
        top: 10.0 + title * TITLE * LINE + if title > 0.0 { 8.0 } else { 0.0 },
        bottom: 8.0 + names + 6.0 + lines(&panel.x, inner) * LABEL * LINE,
    }
}

/// Names of places: in lines below them, or turned by 35° if there is no room.
enum Names {
    Level(Vec<Vec<String>>),
    Turned(Vec<String>),
}

const TURN_SIN: f64 = 0.5736;
const TURN_COS: f64 = 0.8192;

fn names(x: &Scale) -> Option<Names> {
    let names = x.names()?;
    let room = x.slot() - 6.0;
    let fits = |name: &String| {
        let lines = wrap(name, TICK, f64::INFINITY, 1);
        let words = lines.iter().flat_map(|line| line.split(' '));
        words.map(|word| width(word, TICK)).all(|word| word <= room)
            && wrap(name, TICK, room, usize::MAX).len() <= NAME_LINES
    };
    Some(match names.iter().all(fits) {
        true => Names::Level(names.iter().map(|name| wrap(name, TICK, room, NAME_LINES)).collect()),
        false => Names::Turned(names.iter().map(|name| cut(name, TICK, TURNED_ROOM)).collect()),
    })
}

fn y_ticks(y: &Scale, plot: f64) -> Vec<Tick> {
    y.ticks((plot / 50.0).round() as usize)
}

/// As many ticks as have room beside each other.
fn x_ticks(x: &Scale, room: f64) -> Vec<Tick> {
    let crowded = |ticks: &[Tick]| {
        let pairs = ticks.windows(2);
        let mut spare = pairs.map(|pair| {
            let needed = (width(&pair[0].label, TICK) + width(&pair[1].label, TICK)) / 2.0;
            (pair[1].place - pair[0].place).abs() - needed
        });
        spare.any(|spare| spare < 10.0)
    };
    let mut ticks = Vec::new();
    for wanted in (1..=(room / 55.0) as usize + 1).rev() {
        ticks = x.ticks(wanted);
        if !crowded(&ticks) {
            break;
        }
    }
    ticks
}

/// Draws a diagram at the origin; `id` is unlike that of all other diagrams of a document.
pub(super) fn draw(panel: &Panel, looks: &[(&str, Look)], frame: Frame, id: &str) -> Markup {
    let Frame { width, plot, margins: Margins { left, right, top, bottom } } = frame;
    let (end, base) = (width - right, top + plot);
    let (x, y) = scales(panel, [left, end], [base, top]);
    let middle = (left + end) / 2.0;
    let curves: Vec<Curve> = curve::all(panel, looks, &x, &y);
    let title = wrap(&panel.title, TITLE, end - left, 2);
    let x_label = wrap(&panel.x.label, LABEL, end - left, 2);
    let y_label = wrap(&panel.y.label, LABEL, plot, 2);
    let below = base + bottom - x_label.len() as f64 * LABEL * LINE;
    html! {
        @for (i, line) in title.iter().enumerate() {
            (label(line, [middle, 8.0 + TITLE + i as f64 * TITLE * LINE], TITLE, true))
        }
        (grid(&x, &y, [left, end], [top, base]))
        clipPath id=(id) {
            rect x=(at(left)) y=(at(top)) width=(at(end - left)) height=(at(plot)) {}
        }
        // The first series is drawn last, on top of the others.
        @for curve in curves.iter().rev() { (curve.draw(id)) }
        @for tick in y_ticks(&y, plot) {
            text .ink x=(at(left - 8.0)) y=(at(tick.place + TICK * 0.36)) text-anchor="end"
                font-size=(at(TICK)) fill="#20242a" { (clean(&cut(&tick.label, TICK, width * 0.3))) }
        }
        (x_labels(&x, base, end - left))
        @for (i, line) in x_label.iter().enumerate() {
            (label(line, [middle, below + (i as f64 + 0.7) * LABEL * LINE], LABEL, false))
        }
        g transform=(format!("translate({} {}) rotate(-90)", at(6.0 + LABEL * 0.7), at(top + plot / 2.0))) {
            @for (i, line) in y_label.iter().enumerate() {
                (label(line, [0.0, i as f64 * LABEL * LINE], LABEL, false))
            }
        }
    }
}

fn label(line: &str, [x, y]: [f64; 2], size: f64, bold: bool) -> Markup {
    html! {
        text .ink x=(at(x)) y=(at(y)) text-anchor="middle" font-size=(at(size))
            font-weight=(if bold { "bold" } else { "normal" }) fill="#20242a" { (clean(line)) }
    }
}

fn grid(x: &Scale, y: &Scale, [left, end]: [f64; 2], [top, base]: [f64; 2]) -> Markup {
    let line = |class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]| {
        let stroke = if class == "axis" { "#8a9099" } else { "#e3e6ea" };
        html! { line class=(class) x1=(at(x1)) y1=(at(y1)) x2=(at(x2)) y2=(at(y2)) stroke=(stroke) {} }
    };
    html! {
        @if let Some(names) = x.names() {
            // Every other place has a ground of its own, so that what is beside each other is seen to belong together.
            @for i in (0..names.len()).step_by(2) {
                rect .stripe x=(at(x.place(i as f64) - x.slot() / 2.0)) y=(at(top)) width=(at(x.slot()))
                    height=(at(base - top)) fill="#f3f5f8" {}
            }
        }
        @for tick in y_ticks(y, base - top) { (line("grid", [left, tick.place], [end, tick.place])) }
        @if x.names().is_none() {
            @for tick in x_ticks(x, end - left) {
                (line("grid", [tick.place, top], [tick.place, base]))
                (line("axis", [tick.place, base], [tick.place, base + 5.0]))
            }
            @for place in x.fine() { (line("axis", [place, base], [place, base + 3.0])) }
        }
        (line("axis", [left, base], [end, base]))
        @if let Some(gap) = x.gap() {
            line .blank x1=(at(gap - 3.0)) y1=(at(base)) x2=(at(gap + 3.0)) y2=(at(base)) stroke="#ffffff"
                stroke-width="3" {}
            @for side in [-3.0, 3.0] {
                (line("axis", [gap + side - 2.0, base + 5.0], [gap + side + 2.0, base - 5.0]))
            }
        }
    }
}

fn x_labels(x: &Scale, base: f64, room: f64) -> Markup {
    let first = base + 6.0 + TICK;
    html! {
        @match names(x) {
            None => @for tick in x_ticks(x, room) {
                text .ink x=(at(tick.place)) y=(at(first)) text-anchor="middle" font-size=(at(TICK)) fill="#20242a" {
                    (tick.label)
                }
            },
            Some(Names::Level(names)) => @for (i, name) in names.iter().enumerate() {
                @for (j, line) in name.iter().enumerate() {
                    text .ink x=(at(x.place(i as f64))) y=(at(first + j as f64 * TICK * LINE)) text-anchor="middle"
                        font-size=(at(TICK)) fill="#20242a" { (clean(line)) }
                }
            },
            Some(Names::Turned(names)) => @for (i, name) in names.iter().enumerate() {
                text .ink text-anchor="end" font-size=(at(TICK)) fill="#20242a"
                    transform=(format!("translate({} {}) rotate(-35)", at(x.place(i as f64) + 4.0), at(first - 1.0))) {
                    (clean(name))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{panel, series};

    fn texts(svg: &str) -> Vec<String> {
        let document = resvg::usvg::roxmltree::Document::parse(svg).unwrap();
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        texts.filter_map(|node| node.text().map(String::from)).collect()
    }

    fn drawn(panel: &Panel, width: f64) -> (Frame, Vec<String>) {
        let frame = Frame::of([panel], width, 260.0);
        let names: Vec<&str> = panel.series.iter().map(|series| series.name.as_str()).collect();
        let looks = vec![];
        assert_eq!(names.len(), panel.series.len());
        (frame, texts(&format!("<svg>{}</svg>", draw(panel, &looks, frame, "a").into_string())))
    }

    #[test]
    fn names_are_turned_only_if_they_have_no_room() {
        let mut panel = panel(vec![series("a", &[[0.0, 0.5]])]);
        panel.x.names = Some((0..4).map(|i| format!("turned anticlockwise {i}°")).collect());
        let (level, written) = drawn(&panel, 540.0);
        assert!(written.contains(&"turned".to_string()), "{written:?}");
        panel.x.names = Some((0..4).map(|i| format!("a manipulation-of-the-kind-number-{i}")).collect());
        let (turned, written) = drawn(&panel, 540.0);
        assert!(written.iter().any(|name| name.starts_with("a manipulation-of")), "{written:?}");
        assert!(turned.height() > level.height() + 40.0);
    }

    #[test]
    fn ticks_are_fewer_where_there_is_less_room() {
        let panel = panel(vec![series("a", &[[0.0, 0.5], [0.25, 0.5]])]);
        let count = |width| {
            let (x, _) = scales(&panel, [0.0, width], [100.0, 0.0]);
            x_ticks(&x, width).len()
        };
        assert!(count(150.0) >= 2 && count(150.0) < count(600.0));
    }

    #[test]
    fn a_frame_has_room_for_all_of_its_panels() {
        let plain = panel(vec![series("a", &[[0.0, 0.5]])]);
        let titled =
            Panel { title: "a title that is long enough to need two lines ".repeat(2), ..plain.clone() };
        let [alone, both] =
            [vec![&plain], vec![&plain, &titled]].map(|panels| Frame::of(panels, 440.0, 260.0));
        assert!(both.margins.top > alone.margins.top && both.margins.left == alone.margins.left);
    }
}
