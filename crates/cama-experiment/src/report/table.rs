//! The numbers of a diagram: the means in a table, and what each seed gave on demand.

use maud::{Markup, html};

use super::look::Look;
use super::scale::in_percent;
use super::text::{self, clean, decimals, fixed, sentence};
use crate::outcome::{Outcome, Panel, Point, Series};

/// Up to so many places, series are rows and places columns.
const COLUMNS: usize = 10;

/// The tables of one panel.
pub(super) fn numbers(outcome: &Outcome, panel: &Panel, legend: &[(&str, Look)]) -> Markup {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let mut places: Vec<f64> = points().map(|point| point.x).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let largest = points().map(|point| point.y.abs()).fold(0.0, f64::max);
    let digits = decimals(largest);
    let title = match (outcome.panels.len(), panel.title.as_str()) {
        (1, _) | (_, "") => String::new(),
        (_, title) => format!("{title}: "),
    };
    let caption = format!("{title}{}, mean and 95% interval, by {}", panel.y.label, panel.x.label);
    let caption = sentence(&caption);
    let label = |x: f64| clean(&label(panel, x));
    let name = |series: &Series| {
        let look = legend.iter().find(|(name, _)| *name == series.name).map(|(_, look)| look.class());
        html! { span class={ "name " (look.unwrap_or_default()) } { span { (clean(&series.name)) } } }
    };
    let at = |series: &Series, x: f64| cell(series.points.iter().find(|point| point.x == x), digits);
    html! {
        div .scroll tabindex="0" role="region" aria-label={ "Numbers: " (clean(&panel.y.label)) } {
            table .numbers {
                caption { span { (clean(&caption)) } }
                @if places.len() <= COLUMNS {
                    thead { tr {
                        th scope="col" { "" }
                        @for x in &places { th scope="col" { (label(*x)) } }
                    } }
                    tbody { @for series in &panel.series { tr {
                        th scope="row" { (name(series)) }
                        @for x in &places { (at(series, *x)) }
                    } } }
                } @else {
                    thead { tr {
                        th scope="col" { (clean(&panel.x.label)) }
                        @for series in &panel.series { th scope="col" { (name(series)) } }
                    } }
                    tbody { @for x in &places { tr {
                        th scope="row" { (label(*x)) }
                        @for series in &panel.series { (at(series, *x)) }
                    } } }
                }
            }
        }
        details {
            summary { (clean(&sentence(&format!("{title}what each seed gave")))) }
            (seeds(outcome, panel, digits, name, label))
        }
    }
}

fn cell(point: Option<&Point>, digits: usize) -> Markup {
    html! {
        @match point {
            Some(point) => td {
                (fixed(point.y, digits)) " "
                span .interval { "[" (fixed(point.interval[0], digits)) ", " (fixed(point.interval[1], digits)) "]" }
            },
            None => td .none { "not measured" },
        }
    }
}

fn seeds(
    outcome: &Outcome,
    panel: &Panel,
    digits: usize,
    name: impl Fn(&Series) -> Markup,
    label: impl Fn(f64) -> String,
) -> Markup {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let columns = points().map(|point| point.values.len()).max().unwrap_or(0);
    let column = |i: usize| match outcome.seeds.get(i) {
        Some(seed) if outcome.seeds.len() == columns => format!("seed {seed}"),
        _ => format!("{}.", i + 1),
    };
    html! {
        div .scroll tabindex="0" role="region" aria-label="Numbers of each seed" {
            table .numbers {
                caption { span { (clean(&sentence(&panel.y.label))) " of each seed" } }
                thead { tr {
                    th scope="col" { "Series" }
                    th scope="col" { (clean(&panel.x.label)) }
                    @for i in 0..columns { th scope="col" { (column(i)) } }
                    th scope="col" { "mean" }
                    th scope="col" { "95% interval" }
                    th scope="col" { "examples a seed" }
                } }
                tbody {
                    @for series in &panel.series { @for point in &series.points {
                        tr {
                            th scope="row" { (name(series)) }
                            td { (label(point.x)) }
                            @for i in 0..columns {
                                td { @if let Some(value) = point.values.get(i) { (fixed(*value, digits)) } }
                            }
                            td { (fixed(point.y, digits)) }
                            td { (fixed(point.interval[0], digits)) " – " (fixed(point.interval[1], digits)) }
                            td { (point.n) }
                        }
                    } }
                }
            }
        }
    }
}

/// A place on the horizontal axis in words: its name, or its number as the axis has it.
pub(super) fn label(panel: &Panel, x: f64) -> String {
    let names = panel.x.names.as_ref();
    let highest =
        || panel.series.iter().flat_map(|series| &series.points).map(|point| point.x).fold(0.0, f64::max);
    let number =
        || text::place(x, in_percent(&panel.x, panel.x.range.map_or_else(highest, |range| range[1])));
    names.and_then(|names| names.get(x as usize).cloned()).unwrap_or_else(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{outcome, panel, series};

    #[test]
    fn many_places_are_rows_and_few_are_columns() {
        let line =
            |count: u32| series("method", &(0..count).map(|i| [f64::from(i), 0.5]).collect::<Vec<_>>());
        let heads = |count| {
            let panel = panel(vec![line(count)]);
            let outcome = Outcome { panels: vec![panel.clone()], ..outcome("a") };
            let page = numbers(&outcome, &panel, &[]).into_string();
            let first = page.split("</table>").next().unwrap().to_string();
            (first.matches("scope=\"col\"").count(), first.matches("scope=\"row\"").count())
        };
        assert_eq!(heads(4), (5, 1));
        assert_eq!(heads(30), (2, 30));
    }

    #[test]
    fn a_point_that_is_not_there_is_said_to_be_missing() {
        let panel = panel(vec![series("a", &[[0.0, 0.5], [1.0, 0.25]]), series("b", &[[0.0, 0.5]])]);
        let outcome = Outcome { panels: vec![panel.clone()], ..outcome("a") };
        let page = numbers(&outcome, &panel, &[]).into_string();
        assert_eq!(page.matches("not measured").count(), 1);
        assert_eq!(page.matches("0.250").count(), 2, "in both tables");
    }
}
