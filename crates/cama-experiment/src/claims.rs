//! Whether what is claimed holds here.

use crate::declaration::{ClaimDeclaration, Level};
use crate::outcome::{Claim, Holds, Panel};

/// Slack for rounding.
const EPSILON: f64 = 1e-9;

/// What became of a claim: it holds if it is so at every point of its range, and at one at least beyond noise; partly if it
/// is so on average or at half of the points or more.
pub fn judge(claim: &ClaimDeclaration, panels: &[Panel]) -> Claim {
    let mut differences = Vec::new();
    for panel in panels.iter().filter(|panel| claim.panel.as_ref().is_none_or(|title| *title == panel.title))
    {
        differences.extend(compared(claim, panel));
    }
    let n = differences.len();
    let verdict =
        |holds, numbers: String| Claim { by_paper: claim.paper, says: claim.says.clone(), holds, numbers };
    if n == 0 {
        return verdict(Holds::Unknown, "not measured in this range".into());
    }
    let so = differences.iter().filter(|d| is_so(d.more - d.than, claim.by)).count();
    let mean = |of: fn(&Difference) -> f64| differences.iter().map(of).sum::<f64>() / n as f64;
    let (more, than) = (mean(|d| d.more), mean(|d| d.than));
    let clearly = differences.iter().filter(|d| is_so(d.more - d.than - d.noise, claim.by)).count();
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
    if so > clearly {
        numbers += &format!("; {} of these within noise", so - clearly);
    }
    if claim.by != 0.0 {
        numbers += &format!(" (asked: {:+.3})", claim.by);
    }
    verdict(holds, numbers)
}

/// Whether a difference is what is claimed; being level is not being above.
fn is_so(difference: f64, by: f64) -> bool {
    if by == 0.0 { difference > EPSILON } else { difference >= by - EPSILON }
}

/// Both sides of a claim at one point.
struct Difference {
    place: String,
    more: f64,
    than: f64,
    /// Half the width of the difference's 95% interval, as if both sides had erred independently.
    noise: f64,
}

fn compared(claim: &ClaimDeclaration, panel: &Panel) -> Vec<Difference> {
    let series = |level: &Level| match level {
        Level::Series(name) => panel.series.iter().find(|series| series.name == *name),
        Level::Number(_) => None,
    };
    let (more, than) = (series(&claim.more), series(&claim.than));
    let Some(first) = more.or(than) else { return Vec::new() };
    let level = |level: &Level, x: f64| match level {
        Level::Number(number) => Some((*number, 0.0)),
        Level::Series(_) => {
            let points = &series(level)?.points;
            let point = points.iter().find(|point| (point.x - x).abs() < EPSILON)?;
            Some((point.y, (point.interval[1] - point.interval[0]) / 2.0))
        }
    };
    let within = |x: f64| claim.at.is_none_or(|[from, to]| x >= from - EPSILON && x <= to + EPSILON);
    let difference = |x: f64| {
        let place = match &panel.x.names {
            Some(names) => names.get(x as usize).cloned().unwrap_or_default(),
            None => format!("{x}"),
        };
        let ((more, a), (than, b)) = (level(&claim.more, x)?, level(&claim.than, x)?);
        Some(Difference { place, more, than, noise: a.hypot(b) })
    };
    first.points.iter().map(|point| point.x).filter(|x| within(*x)).filter_map(difference).collect()
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
        let numbers = judge(&claim("a", 0.1, None), &panels).numbers;
        assert!(numbers.contains("a 0.900 against b 0.733") && numbers.contains("2 of 3"), "{numbers}");
    }
}
