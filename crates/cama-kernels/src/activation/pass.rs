//! Passes over all numbers.

use crate::vectorised::vectorised;

vectorised! {
    /// max(v, slope · v), in place; a slope of 1 changes nothing.
    pub fn activate<'a>(values: &'a mut [f32], slope: f32) {
        if slope != 1.0 {
            values.iter_mut().for_each(|v| *v *= if *v > 0.0 { 1.0 } else { slope });
        }
    }
}

vectorised! {
    /// Writes a gradient times the activation's derivative where it gave `outputs`, which have their inputs' signs.
    pub fn activate_backward<'a>(gradient: &'a [f32], outputs: &'a [f32], slope: f32, before: &'a mut [f32]) {
        for ((before, g), y) in before.iter_mut().zip(gradient).zip(outputs) {
            *before = g * if *y > 0.0 { 1.0 } else { slope };
        }
    }
}
