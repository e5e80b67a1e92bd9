//! One series of a diagram: its intervals, its line and its markers.

use maud::{Markup, html};

use super::look::Look;
use super::scale::Scale;
use super::table::label;
use super::text::{at, clean, decimals, fixed};
use crate::outcome::{Panel, Point, Series};

/// A series with the places of its points.
pub(super) struct Curve<'a> {
    series: &'a Series,
    look: Look,
    marks: Vec<Mark>,
    /// Half of the width of the caps of intervals.
    cap: f64,
    /// Half of the size of markers.
    radius: f64,
}

/// A point on paper.
struct Mark {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
    /// Whether a line joins it to the one before.
    joined: bool,
    /// The text that is shown where a pointer rests on it.
    text: String,
}

/// The series of a panel; beside each other where the axis has names.
pub(super) fn all<'a>(panel: &'a Panel, looks: &[(&str, Look)], x: &Scale, y: &Scale) -> Vec<Curve<'a>> {
    let count = panel.series.len() as f64;
    // A quarter of a slot is left between one name and the next.
    let step = if x.names().is_some() { x.slot() * 0.75 / count } else { 0.0 };
    let crowded = x.names().is_some() && step < 12.0;
    let curve = |(i, series): (usize, &'a Series)| {
        let look = looks.iter().find(|(name, _)| *name == series.name)?.1;
        let aside = (i as f64 - (count - 1.0) / 2.0) * step;
        let mut before: Option<f64> = None;
        let mut marks = Vec::new();
        for point in series.points.iter().filter(|point| x.shows(point.x)) {
            marks.push(Mark {
                x: x.place(point.x) + aside,
                y: y.place(point.y),
                low: y.place(point.interval[0]),
                high: y.place(point.interval[1]),
                joined: before.is_some_and(|before| x.joins(before, point.x)),
                text: text_of(panel, series, point),
            });
            before = Some(point.x);
        }
        let radius = if crowded { (step * 0.38).clamp(2.0, 4.5) } else { 4.5 };
        let cap = if step > 0.0 { (step * 0.3).clamp(1.0, 5.0) } else { 4.0 };
        Some(Curve { series, look, marks, cap, radius })
    };
    panel.series.iter().enumerate().filter_map(curve).collect()
}

fn text_of(panel: &Panel, series: &Series, point: &Point) -> String {
    let digits = decimals(point.y);
    let [y, low, high] = [point.y, point.interval[0], point.interval[1]].map(|value| fixed(value, digits));
    format!("{}, {}: {y} [{low}, {high}]", series.name, label(panel, point.x))
}

impl Curve<'_> {
    /// Draws it; lines and bands end at the clipping path `clip`, markers do not.
    pub(super) fn draw(&self, clip: &str) -> Markup {
        let runs = self.runs();
        html! {
            g class={ "series " (self.look.class()) } color=(self.look.colour()) data-name=(clean(&self.series.name)) {
                g clip-path={ "url(#" (clip) ")" } {
                    @for run in &runs {
                        @if run.len() > 1 {
                            path .band d=(band(run)) fill="currentColor" fill-opacity="0.13" stroke="none" {}
                        } @else {
                            @for mark in *run { (self.bar(mark)) }
                        }
                    }
                    @for run in runs.iter().filter(|run| run.len() > 1) {
                        path d=(line(run)) fill="none" stroke="currentColor" stroke-width="2"
                            stroke-dasharray=(self.look.dash()) stroke-linejoin="round" {}
                    }
                }
                @for mark in &self.marks {
                    g { title { (clean(&mark.text)) } (self.look.marker(mark.x, mark.y, self.radius)) }
                }
            }
        }
    }

    /// Points that lines join, together.
    fn runs(&self) -> Vec<&[Mark]> {
        let mut runs = Vec::new();
        let mut start = 0;
        for end in 1..=self.marks.len() {
            if end == self.marks.len() || !self.marks[end].joined {
                runs.push(&self.marks[start..end]);
                start = end;
            }
        }
        runs
    }

    /// An interval as a bar with caps.
    fn bar(&self, mark: &Mark) -> Markup {
        let Mark { x, low, high, .. } = mark;
        let cap = |y: f64| format!("M{} {}H{}", at(x - self.cap), at(y), at(x + self.cap));
        let whole = format!("M{} {}V{}{}{}", at(*x), at(*low), at(*high), cap(*low), cap(*high));
        html! { path .bar d=(whole) fill="none" stroke="currentColor" stroke-width="1.4" stroke-opacity="0.8" {} }
    }
}

fn line(run: &[Mark]) -> String {
    path(run.iter().map(|mark| [mark.x, mark.y]))
}

/// The intervals of a run as one area.
fn band(run: &[Mark]) -> String {
    let there = run.iter().map(|mark| [mark.x, mark.high]);
    let back = run.iter().rev().map(|mark| [mark.x, mark.low]);
    path(there.chain(back)) + "Z"
}

fn path(points: impl Iterator<Item = [f64; 2]>) -> String {
    let step =
        |(i, [x, y]): (usize, [f64; 2])| format!("{}{} {}", if i == 0 { "M" } else { "L" }, at(x), at(y));
    points.enumerate().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Axis;
    use crate::report::tests::{panel, series};

    fn curves(panel: &Panel) -> Vec<Vec<(f64, f64, bool)>> {
        let looks = crate::report::look::Looks::new(&crate::Reach::default());
        let outcome = crate::Outcome { panels: vec![panel.clone()], ..crate::report::tests::outcome("a") };
        let x = Scale::new(&panel.x, &[0.0, 1.0], false, [0.0, 100.0]);
        let y = Scale::new(&panel.y, &[0.0, 1.0], true, [100.0, 0.0]);
        let all = all(panel, &looks.of(&outcome), &x, &y);
        all.iter()
            .map(|curve| curve.marks.iter().map(|mark| (mark.x, mark.y, mark.joined)).collect())
            .collect()
    }

    #[test]
    fn points_are_where_their_numbers_say() {
        let mut panel = panel(vec![series("a", &[[0.0, 0.25], [1.0, 1.0]])]);
        panel.x.range = Some([0.0, 1.0]);
        assert_eq!(curves(&panel), [[(0.0, 75.0, false), (100.0, 0.0, true)]]);
    }

    #[test]
    fn series_are_beside_each_other_at_a_name_and_not_joined() {
        let points = [[0.0, 0.5], [1.0, 0.5]];
        let mut panel = panel(vec![series("a", &points), series("b", &points)]);
        panel.x = Axis { names: Some(vec!["left".into(), "right".into()]), ..panel.x };
        let [a, b] = &curves(&panel)[..] else { panic!("two series") };
        assert_eq!((a[0].0 + b[0].0) / 2.0, 25.0);
        assert_eq!((a[1].0 + b[1].0) / 2.0, 75.0);
        assert_eq!(b[0].0 - a[0].0, 50.0 * 0.75 / 2.0);
        assert!(!a[1].2 && !b[1].2);
    }

    #[test]
    fn points_outside_of_the_range_are_left_out() {
        let mut panel = panel(vec![series("a", &[[0.0, 0.5], [5.0, 0.5]])]);
        panel.x.range = Some([0.0, 1.0]);
        assert_eq!(curves(&panel)[0].len(), 1);
    }
}
