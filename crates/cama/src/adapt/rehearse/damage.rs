//! Damage done on purpose to rows of a table.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::Result;
use crate::data::{Dataset, shuffled};
use crate::model::DeepCama;
use crate::noise::normals;

/// Damage to the numeric columns of a table, in standard deviations of the training data as they are read.
pub(super) struct TableDamage {
    pub name: &'static str,
    /// Standard deviations over columns of a shift and of the logarithm of a factor; the standard deviation of noise.
    shift: f64,
    log_scale: f64,
    noise: f64,
    /// Share of the columns that it is done to.
    columns: f64,
    /// Whether columns are exchanged at random.
    exchanged: bool,
    /// Whether the shares of the classes change.
    shares: bool,
}

const PLAIN: TableDamage = TableDamage {
    name: "none",
    shift: 0.0,
    log_scale: 0.0,
    noise: 0.0,
    columns: 1.0,
    exchanged: false,
    shares: false,
};

impl TableDamage {
    pub const ALL: [TableDamage; 12] = [
        PLAIN,
        TableDamage { name: "other shares of the classes", shares: true, ..PLAIN },
        TableDamage { name: "small shifts", shift: 0.3, ..PLAIN },
        TableDamage { name: "shifts", shift: 1.0, log_scale: 0.2, ..PLAIN },
        TableDamage { name: "shifts, other shares of the classes", shift: 1.0, shares: true, ..PLAIN },
        TableDamage { name: "large shifts", shift: 2.0, log_scale: 0.5, ..PLAIN },
        TableDamage { name: "shifts of some columns", shift: 1.5, columns: 0.3, ..PLAIN },
        TableDamage { name: "scales", log_scale: 0.5, ..PLAIN },
        TableDamage { name: "noise", noise: 1.0, ..PLAIN },
        TableDamage { name: "shifts and noise", shift: 1.0, noise: 0.5, ..PLAIN },
        TableDamage { name: "columns exchanged", exchanged: true, ..PLAIN },
        TableDamage { name: "columns exchanged and shifts", exchanged: true, shift: 1.0, ..PLAIN },
    ];

    pub fn done_to<D: Dataset>(&self, rows: D, model: &DeepCama, rng: &mut ChaCha8Rng) -> Result<D> {
        let rows = if self.shares { with_other_shares(&rows, model.config().classes, rng) } else { rows };
        let table = model.config().data.table().expect("rows of a table");
        let places: Vec<usize> = table.numeric().into_iter().map(|(_, place)| place).collect();
        let mut draw = || normals(places.len(), rng).map(f64::from).collect::<Vec<_>>();
        let (shifts, scales) = (draw(), draw());
        let hit: Vec<bool> = places.iter().map(|_| rng.random_bool(self.columns)).collect();
        let from: Vec<usize> = match self.exchanged {
            true => shuffled(places.len(), rng).into_iter().map(|i| places[i]).collect(),
            false => places.clone(),
        };
        let mut x = Vec::with_capacity(rows.len() * table.width());
        for i in 0..rows.len() {
            let mut row = rows.x(i).to_vec();
            let noise: Vec<f32> = normals(places.len(), rng).collect();
            for (j, place) in places.iter().enumerate().filter(|(j, _)| hit[*j]) {
                let value = f64::from(rows.x(i)[from[j]]) * (self.log_scale * scales[j]).exp();
                row[*place] = (value + self.shift * shifts[j] + self.noise * f64::from(noise[j])) as f32;
            }
            x.extend(row);
        }
        rows.with_x(&x)
    }
}

/// As many rows, of which each class has a share drawn anew.
fn with_other_shares<D: Dataset>(rows: &D, classes: usize, rng: &mut ChaCha8Rng) -> D {
    let labels = rows.labels().expect("labelled clean examples");
    // Exponential weights make shares that are uniform on the simplex.
    let weights: Vec<f64> = (0..classes).map(|_| -(1.0 - rng.random::<f64>()).ln()).collect();
    let ends: Vec<f64> = labels
        .iter()
        .scan(0.0, |end, label| {
            *end += weights[*label];
            Some(*end)
        })
        .collect();
    let total = ends.last().copied().unwrap_or_default();
    let draw = |_| {
        let at = rng.random::<f64>() * total;
        ends.partition_point(|end| *end < at).min(labels.len() - 1)
    };
    let indices: Vec<usize> = (0..labels.len()).map(draw).collect();
    rows.select(&indices)
}
