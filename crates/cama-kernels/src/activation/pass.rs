//! Passes over all numbers.

use crate::vectorised::vectorised;

vectorised! {
    /// max(v, slope · v), in place; a slope of 1 changes nothing.
    pub fn activate<'a>(values: &'a mut [f32], slope: f32) {
        // Zero times what is infinite would be no number.
        if slope == 0.0 {
            for v in values {
                *v = if *v < 0.0 { 0.0 } else { *v };
            }
        } else if slope != 1.0 {
            for v in values {
                *v = if *v < 0.0 { slope * *v } else { *v };
            }
        }
    }
}

vectorised! {
    /// Writes a gradient times the activation's derivative where it gave `outputs`, which have their inputs' signs. At 0 that
    /// of ReLU is 0 and any other 1, as Burn has it; what is no number passes its gradient on.
    pub fn activate_backward<'a>(gradient: &'a [f32], outputs: &'a [f32], slope: f32, before: &'a mut [f32]) {
        let all = before.iter_mut().zip(gradient).zip(outputs);
        if slope == 0.0 {
            for ((before, g), y) in all {
                *before = if *y <= 0.0 { 0.0 } else { *g };
            }
        } else {
            for ((before, g), y) in all {
                *before = if *y < 0.0 { slope * g } else { *g };
            }
        }
    }
}
