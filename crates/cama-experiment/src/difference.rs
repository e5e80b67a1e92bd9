//! How far apart two series are at a point, and by how much that may be chance.

use crate::outcome::Point;

/// 97.5% quantiles of Student's distribution for 1, 2, … degrees of freedom; the last one serves for more, too.
const T: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/// What the interval of a difference rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The differences within each of so many seeds: both sides share the seed, and with it the data and what both were
    /// made from. It is about the examples that were judged if these are the same for all seeds.
    Seeds(usize),
    /// One seed: the answers of both sides to the same examples.
    Answers,
    /// The intervals of both sides, as if they had erred independently.
    Independent,
}

/// 95% interval of how much more `more` is than `than`, low and high, and what it rests on.
pub fn between(more: &Point, than: &Point) -> ([f64; 2], Basis) {
    let seeds = more.values.len();
    if seeds > 1 && seeds == than.values.len() {
        let differences: Vec<f64> = more.values.iter().zip(&than.values).map(|(a, b)| a - b).collect();
        if let Some(interval) = student(&differences) {
            return (interval, Basis::Seeds(seeds));
        }
    }
    match (&more.judged[..], &than.judged[..]) {
        ([a], [b])
            if !a.correct.is_empty() && a.correct.len() == b.correct.len() && a.examples == b.examples =>
        {
            (apart(more, than, correlation(&a.correct, &b.correct)), Basis::Answers)
        }
        _ => (apart(more, than, 0.0), Basis::Independent),
    }
}

/// 95% interval of a mean (Student, Biometrika 6, 1908); nothing of a single value.
pub fn student(values: &[f64]) -> Option<[f64; 2]> {
    let n = values.len();
    let t = *T.get(n.checked_sub(2)?).unwrap_or(&T[9]);
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let half = t * (variance / n as f64).sqrt();
    Some([mean - half, mean + half])
}

/// The interval of a difference from those of its sides and the correlation of their errors (Newcombe, Statistics in
/// Medicine 17, 1998, method 10 of both papers: pp. 873–890 for independent shares, pp. 2635–2650 for paired ones).
fn apart(more: &Point, than: &Point, correlation: f64) -> [f64; 2] {
    let arm = |a: f64, b: f64| (a * a - 2.0 * correlation * a * b + b * b).max(0.0).sqrt();
    let difference = more.y - than.y;
    [
        difference - arm(more.y - more.interval[0], than.interval[1] - than.y),
        difference + arm(more.interval[1] - more.y, than.y - than.interval[0]),
    ]
}

/// The correlation of two sides' answers, right or wrong, with the continuity correction of Newcombe's method 10.
fn correlation(a: &[bool], b: &[bool]) -> f64 {
    let count = |of: fn(bool, bool) -> bool| a.iter().zip(b).filter(|(a, b)| of(**a, **b)).count() as f64;
    let (both, only_a) = (count(|a, b| a && b), count(|a, b| a && !b));
    let (only_b, neither) = (count(|a, b| !a && b), count(|a, b| !a && !b));
    let product = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither);
    if product == 0.0 {
        return 0.0;
    }
    let excess = both * neither - only_a * only_b;
    let corrected = if excess > 0.0 { (excess - a.len() as f64 / 2.0).max(0.0) } else { excess };
    corrected / product.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Answers;

    fn point(values: &[f64]) -> Point {
        let y = values.iter().sum::<f64>() / values.len() as f64;
        Point { x: 0.0, y, interval: [y - 0.3, y + 0.4], values: values.into(), n: 1, judged: vec![] }
    }

    /// One seed: `counts` examples that both sides, the first alone, the second alone and neither answered rightly.
    fn sides(counts: [usize; 4]) -> [Point; 2] {
        let right = [[true, true], [true, false], [false, true], [false, false]];
        let answers: Vec<[bool; 2]> =
            right.iter().zip(counts).flat_map(|(right, count)| vec![*right; count]).collect();
        let n = answers.len();
        [0, 1].map(|side| {
            let correct: Vec<bool> = answers.iter().map(|right| right[side]).collect();
            let rights = correct.iter().filter(|right| **right).count();
            let y = rights as f64 / n as f64;
            let judged = vec![Answers { examples: "d".into(), correct }];
            Point { x: 0.0, y, interval: cama_eval::wilson(rights, n), values: vec![y], n, judged }
        })
    }

    #[test]
    fn students_interval_agrees_with_a_textbook() {
        // Mean 3, sd 1.581, n = 5: 3 ± 2.776 · 0.7071.
        let [low, high] = student(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((low - 1.037).abs() < 1e-3 && (high - 4.963).abs() < 1e-3, "{low} {high}");
        assert_eq!(student(&[1.0]), None);
    }

    #[test]
    fn what_both_sides_share_in_a_seed_is_not_noise() {
        // Differences .01, .02, .03: .02 ± 4.303 · .01 / √3, however much the seeds differ.
        let (interval, basis) = between(&point(&[0.31, 0.62, 0.93]), &point(&[0.30, 0.60, 0.90]));
        let half = 4.303 * 0.01 / 3f64.sqrt();
        assert!((interval[0] - (0.02 - half)).abs() < 1e-9, "{interval:?}");
        assert!((interval[1] - (0.02 + half)).abs() < 1e-9, "{interval:?}");
        assert_eq!(basis, Basis::Seeds(3));
    }

    #[test]
    fn independent_sides_agree_with_newcombes_table() {
        // Statistics in Medicine 17 (1998), p. 877, Table II, method 10: 56/70 and 48/80.
        let alone = |right: usize, n: usize| Point {
            x: 0.0,
            y: right as f64 / n as f64,
            interval: cama_eval::wilson(right, n),
            values: vec![right as f64 / n as f64],
            n,
            judged: vec![],
        };
        let ([low, high], basis) = between(&alone(56, 70), &alone(48, 80));
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
        assert_eq!(basis, Basis::Independent);
    }

    #[test]
    fn answers_to_the_same_examples_are_compared_one_by_one() {
        // Nothing in common: as if independent.
        let [a, b] = sides([25, 25, 25, 25]);
        let (interval, basis) = between(&a, &b);
        assert_eq!((interval, basis), (apart(&a, &b, 0.0), Basis::Answers));
        // φ = (36·14 − 12·2 − 32) / √(48·16·38·26), by hand.
        let [a, b] = sides([36, 12, 2, 14]);
        let phi = (36.0 * 14.0 - 12.0 * 2.0 - 32.0) / f64::from(48 * 16 * 38 * 26).sqrt();
        assert_eq!(between(&a, &b).0, apart(&a, &b, phi));
        let [low, high] = between(&a, &b).0;
        let [wide_low, wide_high] = apart(&a, &b, 0.0);
        assert!(wide_low < low && low > 0.0 && high < wide_high, "{low} {high} {wide_low} {wide_high}");
        // Opposite answers are further apart than independent ones.
        let [a, b] = sides([0, 30, 20, 0]);
        let ([low, _], [wide, _]) = (between(&a, &b).0, apart(&a, &b, 0.0));
        assert!(low < wide, "{low} {wide}");
        // Other examples cannot be compared so, nor can answers that were not kept.
        let [a, mut b] = sides([36, 12, 2, 14]);
        b.judged[0].examples = "e".into();
        assert_eq!(between(&a, &b).1, Basis::Independent);
        b.judged.clear();
        assert_eq!(between(&a, &b).1, Basis::Independent);
    }
}
