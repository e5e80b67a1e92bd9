//! Doing a manipulation to rows.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::TableManipulation;
use super::kind::Kind;
use super::step::Step;
use crate::manipulation::amount::{Amount, uniform};
use crate::table::{self, Reading, Rows, Schema};
use crate::{Dataset, shuffled};
use crate::{Error, Result};

impl TableManipulation {
    /// The rows after this manipulation: same labels, and the manipulation added to the name.
    ///
    /// Every row draws its amounts from a stream of its own for each step. The streams come from 32 bytes of
    /// `rng` and the row's index among `rows`, so what happens to row `i` does not depend on the other rows, but
    /// for `permute`. The same generator state gives the same rows. [`none`](TableManipulation::none) returns the
    /// rows as they are.
    ///
    /// # Errors
    ///
    /// What [`check`](TableManipulation::check) says, and [`Error::Spec`] if a value grows beyond what `f32` holds.
    pub fn apply(&self, rows: &Rows, rng: &mut ChaCha8Rng) -> Result<Rows> {
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        self.check(rows.schema())?;
        if self.is_none() {
            return Ok(rows.clone());
        }
        let mut keys = ChaCha8Rng::from_seed(key);
        let schema = rows.schema().clone();
        let mut changed = rows.clone().with_name(format!("{}|{self}", Dataset::name(rows)));
        for step in &self.steps {
            keys.fill_bytes(&mut key);
            let columns = self.columns(step, &schema)?;
            change(step, &columns, &schema, changed.values_mut(), key);
        }
        match changed.values().iter().position(|value| !value.is_finite()) {
            None => Ok(changed),
            Some(at) => {
                let (row, value) = (at / schema.width(), at % schema.width());
                let column =
                    schema.ranges().iter().position(|range| range.contains(&value)).unwrap_or_default();
                let column = &schema.columns[column].name;
                let problem = format!("makes column `{column}` of row {row} too large a number; give less");
                Err(Error::spec("manipulation", self.to_string(), problem))
            }
        }
    }

    /// [`apply`](TableManipulation::apply) with a generator made from `seed`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn apply_seeded(&self, rows: &Rows, seed: u64) -> Result<Rows> {
        self.apply(rows, &mut ChaCha8Rng::seed_from_u64(seed))
    }
}

/// Does one step to the columns at these places of the schema, in all rows of `values`.
fn change(step: &Step, columns: &[usize], schema: &Schema, values: &mut [f32], key: [u8; 32]) {
    let (width, ranges) = (schema.width(), schema.ranges());
    if step.kind == Kind::Permute {
        let mut rng = ChaCha8Rng::from_seed(key);
        let before = values.to_vec();
        for &column in columns {
            for (to, from) in shuffled(values.len() / width, &mut rng).into_iter().enumerate() {
                let (to, from) = (to * width, from * width);
                let range = &ranges[column];
                values[to + range.start..to + range.end]
                    .copy_from_slice(&before[from + range.start..from + range.end]);
            }
        }
        return;
    }
    for (i, row) in values.chunks_exact_mut(width).enumerate() {
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(i as u64);
        let amount = draw(step, &mut stream);
        for &column in columns {
            let value = &mut row[ranges[column].start];
            // Only numbers are changed, and columns are permuted above.
            let table::Kind::Number { mean, sd, reading } = schema.columns[column].kind else { continue };
            let own = Own::new(mean, sd, reading);
            let z = own.standardised(f64::from(*value));
            let changed = match step.kind {
                Kind::Shift => z + amount,
                Kind::Scale => amount * z + (amount - 1.0) * own.mean / own.sd,
                Kind::Noise => {
                    let noise: f64 = StandardNormal.sample(&mut stream);
                    z + amount * noise
                }
                Kind::Constant => amount,
                Kind::Permute => z,
            };
            *value = own.encoded(changed) as f32;
        }
    }
}

/// A column in its own unit, where manipulations act, however it is read.
struct Own {
    /// Mean and standard deviation of the training data, in the column's own unit.
    mean: f64,
    sd: f64,
    /// Its reading, with the mean and the standard deviation of the readings, if it is not linear.
    read: Option<(Reading, f64, f64)>,
}

impl Own {
    fn new(mean: f64, sd: f64, reading: Reading) -> Self {
        match reading {
            Reading::Linear => Self { mean, sd, read: None },
            Reading::SignedLog { mean: own_mean, sd: own_sd, .. } => {
                Self { mean: own_mean, sd: own_sd, read: Some((reading, mean, sd)) }
            }
        }
    }

    /// The number that is encoded so, in standard deviations from its mean.
    fn standardised(&self, encoded: f64) -> f64 {
        match self.read {
            None => encoded,
            Some((reading, mean, sd)) => (reading.undo(mean + sd * encoded) - self.mean) / self.sd,
        }
    }

    /// The encoding of the number that is so many standard deviations from its mean.
    fn encoded(&self, standardised: f64) -> f64 {
        match self.read {
            None => standardised,
            Some((reading, mean, sd)) => (reading.read(self.mean + self.sd * standardised) - mean) / sd,
        }
    }
}

/// One row's draw of a step's amount.
fn draw(step: &Step, rng: &mut ChaCha8Rng) -> f64 {
    match (step.amount, step.kind) {
        (Amount::Absent, _) => 0.0,
        (Amount::UpTo(value) | Amount::Exactly(value), _) => value,
        (Amount::Between(low, high), Kind::Scale) => uniform(low.ln(), high.ln(), rng).exp(),
        (Amount::Between(low, high), _) => uniform(low, high, rng),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example_rows;

    fn done(spec: &str, rows: &Rows) -> Rows {
        TableManipulation::parse(spec).unwrap().apply_seeded(rows, 1).unwrap()
    }

    /// The values of the number column x1, and of the co-parent c1.
    fn x1_and_c1(rows: &Rows) -> (Vec<f32>, Vec<f32>) {
        (0..rows.len()).map(|i| (rows.x(i)[0], rows.c(i)[1])).unzip()
    }

    #[test]
    fn known_amounts_do_known_things() {
        let rows = example_rows(3);
        assert_eq!(done("none", &rows), rows);
        let (x, c) = x1_and_c1(&rows);
        let (shifted, same) = x1_and_c1(&done("shift:x1:2.5", &rows));
        assert!(shifted.iter().zip(&x).all(|(after, before)| (after - before - 2.5).abs() < 1e-6));
        assert_eq!(same, c);
        // The mean of x1 is 10 and its standard deviation 2.
        let scaled = done("scale:x1:2", &rows);
        for (after, before) in x1_and_c1(&scaled).0.iter().zip(&x) {
            assert!(((10.0 + 2.0 * after) - 2.0 * (10.0 + 2.0 * before)).abs() < 1e-4);
        }
        assert_eq!(x1_and_c1(&done("constant:c1:-3", &rows)).1, [-3.0; 3]);
        assert_eq!(Dataset::name(&scaled), "example|scale:x1:2");
        assert_eq!(scaled.labels(), rows.labels());
    }

    #[test]
    fn columns_that_are_read_as_logarithms_change_in_their_own_unit() {
        let reading = Reading::SignedLog { unit: 0.5, mean: 40.0, sd: 20.0 };
        let own = Own::new(1.2, 0.7, reading);
        let encoded = (reading.read(70.0) - 1.2) / 0.7;
        let z = own.standardised(encoded);
        assert!((z - 1.5).abs() < 1e-9);
        // A standard deviation more.
        let shifted = own.encoded(z + 1.0);
        assert!((reading.undo(1.2 + 0.7 * shifted) - 90.0).abs() < 1e-9);
    }

    #[test]
    fn patterns_leave_parents_and_other_kinds_as_they_are() {
        let rows = example_rows(20);
        let changed = done("shift:*:1+noise:*:1+constant:*:4+permute:*", &rows);
        for i in 0..20 {
            assert_eq!(changed.a(i), rows.a(i));
            assert_eq!(changed.c(i)[0], rows.c(i)[0]);
            // Permuted, but still one value each.
            assert_eq!(changed.x(i)[2..].iter().sum::<f32>(), 1.0);
        }
        let numbers = done("shift:*:1+noise:*:1+constant:*:4", &rows);
        assert!((0..20).all(|i| numbers.x(i)[1..] == rows.x(i)[1..] && numbers.x(i)[0] == 4.0));
    }

    #[test]
    fn permutations_keep_columns_and_shuffle_each_on_its_own() {
        let rows = example_rows(200);
        let (mut x, mut c) = x1_and_c1(&rows);
        let (mut permuted_x, mut permuted_c) = x1_and_c1(&done("permute:x1+permute:c1", &rows));
        assert!(permuted_x != x && permuted_c != c);
        let order = |all: &[f32], part: &[f32]| -> Vec<usize> {
            part.iter().map(|v| all.iter().position(|w| w == v).unwrap()).collect()
        };
        assert_ne!(order(&x, &permuted_x), order(&c, &permuted_c));
        let both = done("permute:*1", &rows);
        assert_ne!(order(&x, &x1_and_c1(&both).0), order(&c, &x1_and_c1(&both).1));
        for values in [&mut x, &mut c, &mut permuted_x, &mut permuted_c] {
            values.sort_by(f32::total_cmp);
        }
        assert_eq!((x, c), (permuted_x, permuted_c));
    }

    #[test]
    fn draws_come_from_the_documented_distributions() {
        let rows = done("constant:x1:0+constant:c1:0", &example_rows(4000));
        let moments = |values: &[f32]| {
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt())
        };
        let (x, c) = x1_and_c1(&done("shift:*1:-1:3", &rows));
        assert_eq!(x, c, "one draw a row");
        let (mean, sd) = moments(&x);
        assert!(x.iter().all(|v| (-1.0..=3.0).contains(v)));
        assert!((mean - 1.0).abs() < 0.08 && (sd - 4.0 / 12f32.sqrt()).abs() < 0.05, "{mean} {sd}");
        let (x, c) = x1_and_c1(&done("noise:*1:0.5", &rows));
        assert_ne!(x, c);
        let (mean, sd) = moments(&x);
        assert!(mean.abs() < 0.04 && (sd - 0.5).abs() < 0.03, "{mean} {sd}");
        // At the mean, 10, scaling by F gives 10 F.
        let (x, _) = x1_and_c1(&done("scale:x1:0.25:4", &rows));
        let logs: Vec<f32> = x.iter().map(|z| ((10.0 + 2.0 * z) / 10.0).ln()).collect();
        let (mean, _) = moments(&logs);
        assert!(mean.abs() < 0.08 && logs.iter().all(|l| l.abs() < 1.3863), "{mean}");
    }

    #[test]
    fn rows_draw_independently_of_other_rows_and_by_the_seed() {
        let rows = example_rows(50);
        let spec = "noise:x1:1+shift:c1:0:2";
        let first = rows.select(&(0..10).collect::<Vec<_>>());
        assert_eq!(x1_and_c1(&done(spec, &first)).0, x1_and_c1(&done(spec, &rows)).0[..10]);
        let other = TableManipulation::parse(spec).unwrap().apply_seeded(&rows, 2).unwrap();
        assert_ne!(other, done(spec, &rows));
        assert_eq!(done(spec, &rows), done(spec, &rows));
    }

    #[test]
    fn what_cannot_be_done_is_an_error() {
        let rows = example_rows(2);
        let apply = |spec: &str| TableManipulation::parse(spec).unwrap().apply_seeded(&rows, 1);
        let text = apply("shift:a1:1").unwrap_err().to_string();
        assert!(text.starts_with("manipulation `shift:a1:1`: `a1` causes the target"), "{text}");
        let too_much = ["scale:x1:1000"; 20].join("+");
        let text = apply(&too_much).unwrap_err().to_string();
        assert!(text.contains("makes column `x1` of row 0 too large a number"), "{text}");
    }
}
