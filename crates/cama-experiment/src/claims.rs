//! Whether what is claimed holds here.

use std::collections::BTreeSet;

use crate::declaration::{ClaimDeclaration, Level};
use crate::difference::{Basis, between};
use crate::outcome::{Block, Claim, Holds, Panel, Point};

/// Slack for rounding.
const EPSILON: f64 = 1e-9;

/// What became of a claim: it holds if it is so at every point of its range, and at one at least beyond noise; partly if it
/// is so on average or at half of the points or more. Noise is the 95% interval of a difference: of those within each seed
/// where both sides have the same seeds, of the answers to the same examples where there is one seed and the cells hold
/// them, and otherwise of sides that erred independently.
pub fn judge(claim: &ClaimDeclaration, panels: &[Panel]) -> Claim {
    let mut differences = Vec::new();
    for panel in panels.iter().filter(|panel| claim.panel.as_ref().is_none_or(|title| *title == panel.title))
    {
        differences.extend(compared(claim, panel));
    }
    let n = differences.len();
    let block = block(claim);
    let verdict =
        |holds, numbers| Claim { by_paper: claim.paper, block, says: claim.says.clone(), holds, numbers };
    if n == 0 {
        return verdict(Holds::Unknown, String::from("not measured in this range"));
    }
    let so = differences.iter().filter(|d| is_so(d.more - d.than, claim.by)).count();
    let mean = |of: fn(&Difference) -> f64| differences.iter().map(of).sum::<f64>() / n as f64;
    let (more, than) = (mean(|d| d.more), mean(|d| d.than));
    let clearly = differences.iter().filter(|d| is_so(d.interval[0], claim.by)).count();
    let holds = match so {
        _ if so == n && clearly > 0 => Holds::Yes,
        _ if 2 * so >= n || is_so(more - than, claim.by) => Holds::Partly,
        _ => Holds::No,
    };
    let worst = differences
        .iter()
        .min_by(|a, b| (a.more - a.than).total_cmp(&(b.more - b.than)))
        .expect("there is one at least");
    let side = |level: &Level, value: f64| match level {
        Level::Series(name) => format!("{name} {value:.3}"),
        Level::Number(number) => format!("{number}"),
    };
    let mut numbers = format!("{} against {}", side(&claim.more, more), side(&claim.than, than));
    if n > 1 {
        numbers += &format!(
            " on average; so at {so} of {n} points, least at {}: {:.3} against {:.3}",
            worst.place, worst.more, worst.than
        );
    }
    let [low, high] = worst.interval;
    numbers += &format!(" (difference {:+.3}, 95% {low:+.3} to {high:+.3})", worst.more - worst.than);
    if so > clearly {
        numbers += &format!("; {} of these within noise", so - clearly);
    }
    let bases: BTreeSet<Basis> = differences.iter().filter_map(|difference| difference.basis).collect();
    let bases: Vec<String> = bases.into_iter().map(in_words).collect();
    if !bases.is_empty() {
        numbers += &format!("; judged by {}", bases.join(" and "));
    }
    if claim.by != 0.0 {
        numbers += &format!(" (asked: {:+.3})", claim.by);
    }
    verdict(holds, numbers)
}

/// The block of a claim; diagrams are titled by theirs (experiments/README.md).
fn block(claim: &ClaimDeclaration) -> Block {
    match &claim.panel {
        Some(title) if title.starts_with("Stronger") => Block::Stronger,
        _ if claim.paper => Block::Paper,
        _ => Block::Ours,
    }
}

/// Whether a difference is what is claimed; being level is not being above.
fn is_so(difference: f64, by: f64) -> bool {
    if by == 0.0 { difference > EPSILON } else { difference >= by - EPSILON }
}

fn in_words(basis: Basis) -> String {
    match basis {
        Basis::Seeds(seeds) => format!("the differences within {seeds} seeds"),
        Basis::Answers => "the answers to the same examples".into(),
        Basis::Independent => "both sides' intervals, as if independent".into(),
    }
}

/// Both sides of a claim at one point.
struct Difference {
    place: String,
    more: f64,
    than: f64,
    /// 95% interval of the difference, low and high.
    interval: [f64; 2],
    /// What the interval rests on; nothing where one side is a number, and the interval that of the other side.
    basis: Option<Basis>,
}

fn compared(claim: &ClaimDeclaration, panel: &Panel) -> Vec<Difference> {
    let series = |level: &Level| match level {
        Level::Series(name) => panel.series.iter().find(|series| series.name == *name),
        Level::Number(_) => None,
    };
    let (more, than) = (series(&claim.more), series(&claim.than));
    let Some(first) = more.or(than) else { return Vec::new() };
    let within = |x: f64| claim.at.is_none_or(|[from, to]| x >= from - EPSILON && x <= to + EPSILON);
    let point =
        |level: &Level, x: f64| series(level)?.points.iter().find(|point| (point.x - x).abs() < EPSILON);
    let difference = |x: f64| {
        let place = match &panel.x.names {
            Some(names) => names.get(x as usize).cloned().unwrap_or_default(),
            None => format!("{x}"),
        };
        let (interval, basis) = match (point(&claim.more, x), point(&claim.than, x)) {
            (Some(more), Some(than)) => {
                let (interval, basis) = between(more, than);
                (interval, Some(basis))
            }
            (Some(more), None) => {
                let number = number(&claim.than)?;
                (more.interval.map(|end| end - number), None)
            }
            (None, Some(than)) => {
                let number = number(&claim.more)?;
                let [low, high] = than.interval;
                ([number - high, number - low], None)
            }
            (None, None) => return None,
        };
        let value = |level: &Level| number(level).or_else(|| point(level, x).map(|point: &Point| point.y));
        Some(Difference { place, more: value(&claim.more)?, than: value(&claim.than)?, interval, basis })
    };
    first.points.iter().map(|point| point.x).filter(|x| within(*x)).filter_map(difference).collect()
}

fn number(level: &Level) -> Option<f64> {
    match level {
        Level::Number(number) => Some(*number),
        Level::Series(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Axis, Point, Series};

    fn panel(a: &[f64], b: &[f64]) -> Panel {
        let axis = || Axis { label: String::new(), range: None, names: None, logarithmic: false };
        let point = |(i, y): (usize, &f64)| Point {
            x: i as f64 * 0.1,
            y: *y,
            interval: [*y, *y],
            values: vec![*y],
            n: 1,
            judged: vec![],
        };
        let series = |name: &str, ys: &[f64]| Series {
            name: name.into(),
            points: ys.iter().enumerate().map(point).collect(),
        };
        Panel { title: "p".into(), x: axis(), y: axis(), series: vec![series("a", a), series("b", b)] }
    }

    fn claim(more: &str, by: f64, at: Option<[f64; 2]>) -> ClaimDeclaration {
        let level = |name: &str| name.parse().map_or(Level::Series(name.into()), Level::Number);
        ClaimDeclaration {
            says: "so".into(),
            paper: true,
            panel: None,
            more: level(more),
            than: level("b"),
            by,
            at,
        }
    }

    #[test]
    fn a_claim_holds_where_it_is_so_everywhere_partly_where_on_average_and_else_not() {
        let panels = [panel(&[0.9, 0.9, 0.9], &[0.9, 0.8, 0.5])];
        for (by, at, holds) in [
            (-0.01, None, Holds::Yes),
            // Level at the first point.
            (0.0, None, Holds::Partly),
            (0.1, None, Holds::Partly),
            (0.1, Some([0.1, 0.2]), Holds::Yes),
            (0.2, None, Holds::No),
            (0.0, Some([0.3, 0.9]), Holds::Unknown),
        ] {
            assert_eq!(judge(&claim("a", by, at), &panels).holds, holds, "{by} {at:?}");
        }
        let ours = ClaimDeclaration { paper: false, ..claim("a", 0.0, None) };
        let stronger = ClaimDeclaration { panel: Some("Stronger: all".into()), ..ours.clone() };
        let blocks = [claim("a", 0.0, None), ours, stronger].map(|claim| judge(&claim, &panels).block);
        assert_eq!(blocks, [Block::Paper, Block::Ours, Block::Stronger]);
        assert_eq!(judge(&claim("0.7", 0.0, Some([0.2, 0.2])), &panels).holds, Holds::Yes);
        assert_eq!(judge(&claim("0.7", 0.0, Some([0.0, 0.1])), &panels).holds, Holds::No);
        // No more than noise anywhere.
        let mut noisy = panels.clone();
        noisy[0].series[0]
            .points
            .iter_mut()
            .for_each(|point| point.interval = [point.y - 0.5, point.y + 0.5]);
        let judged = judge(&claim("a", -0.01, None), &noisy);
        assert_eq!(judged.holds, Holds::Partly);
        assert!(judged.numbers.contains("3 of these within noise"), "{}", judged.numbers);
        // Seeds that differ by more than the sides do, but alike on both: each by .02 and .03.
        let mut paired = panels.clone();
        for (series, seeds) in paired[0].series.iter_mut().zip([[0.3, 0.9], [0.28, 0.87]]) {
            for point in &mut series.points {
                point.y = (seeds[0] + seeds[1]) / 2.0;
                (point.values, point.interval) = (seeds.into(), [0.0, 1.0]);
            }
        }
        for (by, holds) in [(-0.05, Holds::Yes), (0.0, Holds::Partly)] {
            // .025 ± 12.706 · .005.
            let judged = judge(&claim("a", by, None), &paired);
            assert_eq!(judged.holds, holds, "{}", judged.numbers);
            assert!(
                judged.numbers.contains("(difference +0.025, 95% -0.039 to +0.089)"),
                "{}",
                judged.numbers
            );
            assert!(
                judged.numbers.contains("judged by the differences within 2 seeds"),
                "{}",
                judged.numbers
            );
        }
        let numbers = judge(&claim("a", 0.1, None), &panels).numbers;
        assert!(numbers.contains("a 0.900 against b 0.733") && numbers.contains("2 of 3"), "{numbers}");
    }
}
