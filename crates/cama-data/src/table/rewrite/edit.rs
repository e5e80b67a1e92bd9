//! What is different in a row: cells to be replaced.

use crate::table::Rows;
use crate::table::number::rounded;
use crate::table::schema::{Cell, Kind};

/// A cell to be replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The index of its row in the file, from 0.
    pub row: usize,
    /// Its column, as an index into [`Schema::columns`](super::super::Schema::columns).
    pub column: usize,
    /// What takes its place, in the column's own unit.
    pub cell: Cell,
}

/// What makes row `i` of `before` that of `after`, where both are the same rows of one file, with `x` for its X.
///
/// The model reads numbers in 32 bits: those that changed are given with the digits that are left of them, and those
/// that did not are left out.
///
/// # Panics
///
/// If there is no such row, or `x` is not as long as X.
pub fn edits(before: &Rows, after: &Rows, i: usize, x: &[f32]) -> Vec<Edit> {
    let schema = before.schema();
    let (width, row) = (schema.width(), before.row_index(i));
    let [before, after] = [before, after].map(|rows| &rows.values()[i * width..(i + 1) * width]);
    let new = [x, &after[schema.x_width()..]].concat();
    assert_eq!(new.len(), width, "one row of X");
    let changed =
        schema.ranges().into_iter().zip(&schema.columns).enumerate().filter_map(|(at, (range, column))| {
            let (old, new) = (&before[range.clone()], &new[range]);
            (old != new).then(|| Edit { row, column: at, cell: decoded(&column.kind, old, new) })
        });
    changed.collect()
}

/// Roundings of 32 bits that a number may have gone through.
const ROUNDINGS: f64 = 4.0;

fn decoded(kind: &Kind, old: &[f32], new: &[f32]) -> Cell {
    match (kind, kind.decode(new)) {
        (Kind::Number { mean, sd, reading }, Cell::Number(value)) => {
            let size = old[0].abs().max(new[0].abs()).max(1.0);
            let rounding = ROUNDINGS * sd * f64::from(size) * f64::from(f32::EPSILON);
            // What a rounding of the encoding amounts to in the column's own unit.
            let encoded = mean + sd * f64::from(new[0]);
            let lost = (reading.undo(encoded + rounding) - reading.undo(encoded)).abs();
            Cell::Number(rounded(value, if reading.is_linear() { rounding } else { lost }))
        }
        (_, cell) => cell,
    }
}
