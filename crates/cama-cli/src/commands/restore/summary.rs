//! What is told at the end: how many of what, and what was inferred as a rule.

use std::path::Path;

use cama::Verdict;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::report::{Columns, Line};
use crate::session::rng;
use crate::table::Table;

/// Medians are those of so many examples, drawn at random where there are more.
const MOST: usize = 100_000;

/// Counts and medians in bounded memory.
pub struct Summary {
    counts: [usize; 4],
    /// The values of each parameter, and of what a field tells.
    values: Vec<Vec<f64>>,
    rng: ChaCha8Rng,
}

impl Summary {
    /// Of nothing yet, for so many values that are inferred of each example.
    pub fn new(inferred: usize, seed: u64) -> Self {
        Self { counts: [0; 4], values: vec![Vec::new(); inferred], rng: rng(seed) }
    }

    /// Counts one more example.
    pub fn add(&mut self, line: &Line) {
        let total: usize = self.counts.iter().sum();
        // Algorithm R: every example is kept with the same probability.
        let place = match total < MOST {
            true => total,
            false => self.rng.random_range(0..=total),
        };
        let told = line.inferred.iter().map(|[value, _]| *value).chain(line.field.iter().copied());
        for (values, value) in self.values.iter_mut().zip(told) {
            match place {
                place if place == values.len() && place < MOST => values.push(value),
                place if place < MOST => values[place] = value,
                _ => {}
            }
        }
        let verdict = Verdict::ALL.iter().position(|verdict| *verdict == line.verdict);
        self.counts[verdict.expect("all verdicts are listed")] += 1;
    }

    /// In words; `noun` is what one example is.
    pub fn text(&self, columns: &Columns, [out, report]: [&Path; 2], noun: &str) -> String {
        let mut counts = Table::new(["verdict".to_string(), format!("{noun}s")]);
        for (verdict, count) in Verdict::ALL.iter().zip(self.counts) {
            // Only searches for z, which restoration does without, make one suspicious.
            if *verdict == Verdict::Suspicious && count == 0 {
                continue;
            }
            counts.row([verdict.name().to_string(), count.to_string()]);
        }
        let mut medians = Table::new(["inferred", "median"]);
        for (name, values) in columns.names().into_iter().zip(&self.values) {
            medians.row([name, shown(median(values))]);
        }
        let [_, _, unexplained, _] = self.counts;
        let mention = match unexplained {
            0 => String::new(),
            n => format!(
                "\n\nThe model explains {n} {noun}{} neither restored nor as it was: left as it was, and not to be relied on.",
                if n == 1 { "" } else { "s" }
            ),
        };
        format!(
            "restored  {}\nreport    {}\n\n{}\n{}{mention}",
            out.display(),
            report.display(),
            counts.plain(""),
            medians.plain("").trim_end()
        )
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => f64::NAN,
        _ => (values[(n - 1) / 2] + values[n / 2]) / 2.0,
    }
}

/// Four digits.
fn shown(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if (0.01..10_000.0).contains(&size) => {
            format!("{number:.*}", (3 - size.log10().floor() as i32).clamp(0, 4) as usize)
        }
        _ => format!("{number:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(value: f64, verdict: Verdict) -> Line {
        Line { index: 0, name: None, verdict, inferred: vec![[value, 1.0]], field: vec![], nats: None }
    }

    #[test]
    fn medians_of_few_are_exact_and_of_many_near() {
        let mut summary = Summary::new(1, 0);
        for value in [5.0, 1.0, 2.0, 40.0] {
            summary.add(&line(value, Verdict::Restored));
        }
        assert_eq!((median(&summary.values[0]), median(&[3.0])), (3.5, 3.0));
        let mut summary = Summary::new(1, 0);
        for i in 0..3 * MOST {
            // In order, so that a median of the first or the last would be far off.
            summary.add(&line(i as f64, Verdict::AsItWas));
        }
        assert_eq!((summary.values[0].len(), summary.counts), (MOST, [0, 3 * MOST, 0, 0]));
        assert!((median(&summary.values[0]) / (1.5 * MOST as f64) - 1.0).abs() < 0.02);
    }

    #[test]
    fn numbers_have_four_digits() {
        let texts = [12.345_67, 0.123_456, -123_456.0, 0.000_123_456, 0.0, 1234.56].map(shown);
        assert_eq!(texts, ["12.35", "0.1235", "-1.235e5", "1.235e-4", "0", "1235"]);
    }
}
