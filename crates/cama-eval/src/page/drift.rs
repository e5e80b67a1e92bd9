//! What has changed in data since training, with plots.

use cama::{Changed, Drift};
use maud::{Markup, html};

use super::{bar, page, percent};

/// The most components of m that are drawn: those that changed most.
const MOST_DRAWN: usize = 60;

/// The plot reaches as far as the farthest change, and to so many standard deviations at least.
const LEAST_REACH: f64 = 5.0;

/// The most ticks on either side.
const TICKS: f64 = 4.0;

/// Pixels of the plot: of a row, left of the axis' area, and of that area.
const ROW: f64 = 22.0;
const LEFT: f64 = 210.0;
const WIDE: f64 = 420.0;
const RIGHT: f64 = 230.0;

/// The page; `classes` are the names of the classes, `noun` what an example is called.
pub fn drift(drift: &Drift, classes: &[String], noun: &str, of: &str, least_gain: f64) -> String {
    let mut order: Vec<&Changed> = drift.parameters.iter().collect();
    order.sort_by(|a, b| score(b).abs().total_cmp(&score(a).abs()));
    let left_out = order.len().saturating_sub(MOST_DRAWN);
    order.truncate(MOST_DRAWN);
    let body = html! {
        p { (drift.examples) " unlabelled " (noun) "s of " (of) ", compared with what the model was trained on." }
        @if let Some(unexplained) = drift.unexplained {
            p { b { (percent(unexplained)) } " of them are not explained as clean ones are; of clean ones it is about 1%." }
        }
        @if let Some(gain) = drift.gain {
            p {
                "What was done to the columns explains a number by " b { (format!("{gain:.2}")) }
                " nats better than noise would; above " (format!("{least_gain:.2}")) " adaptation begins to be worth it."
            }
        }
        h2 { "What was done to the data" }
        p.soft {
            "How far each component of m is from no change, in standard deviations of what is known of it; farthest first."
            @if left_out > 0 { " " (left_out) " that changed less are left out." }
        }
        (plot(&order))
        h2 { "Classes" }
        div.scroll {
            table {
                thead { tr { th { "class" } th { "in training" } th { "in this data, as predicted" } } }
                tbody {
                    @for (class, (then, now)) in classes.iter().zip(drift.shares_then.iter().zip(&drift.shares_now)) {
                        tr { th { (class) } td { (bar(*then, "then")) } td { (bar(*now, "")) } }
                    }
                }
            }
        }
    };
    page("What has changed", body)
}

/// How many standard deviations a component is from no change.
fn score(changed: &Changed) -> f64 {
    // A factor is told by its logarithm.
    let off = match changed.unchanged == 1.0 {
        true => changed.value * changed.value.max(f64::MIN_POSITIVE).ln(),
        false => changed.value - changed.unchanged,
    };
    off / changed.sd.abs().max(1e-12)
}

fn plot(changed: &[&Changed]) -> Markup {
    let high = ROW * (changed.len() as f64 + 1.5);
    let reach = changed.iter().map(|changed| score(changed).abs()).fold(LEAST_REACH, f64::max) + 1.0;
    let x = |score: f64| LEFT + WIDE * (0.5 + score / (2.0 * reach));
    let step = tick(reach / TICKS);
    let ticks = (-(TICKS as i32)..=TICKS as i32).map(|i| f64::from(i) * step).filter(|t| t.abs() <= reach);
    let label = "standard deviations from no change, one line a component of m";
    html! {
        svg viewBox=(format!("0 0 {} {high}", LEFT + WIDE + RIGHT)) role="img" aria-label=(label) {
            line.axis x1=(x(0.0)) x2=(x(0.0)) y1="0" y2=(high - ROW) {}
            @for tick in ticks {
                text x=(x(tick)) y=(high - 4.0) text-anchor="middle" { (tick) }
            }
            @for (i, changed) in changed.iter().enumerate() {
                @let (score, y) = (score(changed), ROW * (i as f64 + 0.5));
                text x=(LEFT - 10.0) y=(y + 4.0) text-anchor="end" { (changed.name) }
                line.error x1=(x(score - 1.0)) x2=(x(score + 1.0)) y1=(y) y2=(y) {}
                circle.point cx=(x(score)) cy=(y) r="4" {}
                text x=(LEFT + WIDE + 10.0) y=(y + 4.0) {
                    (format!("{:.3} ± {:.3} {}", changed.value, changed.sd, changed.unit))
                }
            }
        }
    }
}

/// The nearest of 1, 2, 5, 10, 20, … that is no less.
fn tick(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!([1.2, 2.0, 7.3, 41.0].map(tick), [2.0, 2.0, 10.0, 50.0]);
    }

    #[test]
    fn no_change_is_zero_and_factors_go_by_their_logarithm() {
        let changed = |value: f64, unchanged: f64, sd: f64| {
            score(&Changed { name: String::new(), unit: "", value, sd, unchanged })
        };
        assert_eq!([changed(0.0, 0.0, 1.0), changed(1.0, 1.0, 0.1)], [0.0, 0.0]);
        assert_eq!(changed(-3.0, 0.0, 1.5), -2.0);
        // ln 2 with a standard deviation of 0.1: that of the factor is 0.2.
        assert!((changed(2.0, 1.0, 0.2) - 2f64.ln() / 0.1).abs() < 1e-9);
    }
}
