//! Passes over all pixels of a batch.

use pulp::Arch;
use rayon::prelude::*;

use super::{Given, MARGIN};
use crate::maths::{SIDE_BY_SIDE, exp, ln, sigmoid};
use crate::rows::at_once;

/// Factors from 1 to 2 that are multiplied before a logarithm is taken: their product stays far from overflow, and
/// costs no digits.
const FACTORS: usize = 32;

/// log p of each row of `parameters`, with the `x` of its group.
pub fn forward(parameters: &[f32], x: &[f32], width: usize, given: Given) -> Vec<f32> {
    let rows = parameters.len() / width;
    let group = rows * width / x.len();
    let mut out = vec![0.0; rows];
    let rows_at_once = at_once(width);
    out.par_chunks_mut(rows_at_once).enumerate().for_each(|(i, out)| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (j, out) in out.iter_mut().enumerate() {
                    let row = i * rows_at_once + j;
                    let x = &x[row / group * width..][..width];
                    let parameters = &parameters[row * width..][..width];
                    *out = match given {
                        Given::Logits => of_logits(parameters, x),
                        Given::Means => of_means(parameters, x),
                    };
                }
            },
        );
    });
    out
}

/// Σ x l − max(l, 0) − log(1 + e^−|l|), the logarithms of many at a time.
#[inline(always)]
fn of_logits(logits: &[f32], x: &[f32]) -> f32 {
    let mut linear = [0.0f32; SIDE_BY_SIDE];
    let mut logs = [0.0f32; SIDE_BY_SIDE];
    for (logits, x) in logits.chunks(SIDE_BY_SIDE * FACTORS).zip(x.chunks(SIDE_BY_SIDE * FACTORS)) {
        let mut product = [1.0f32; SIDE_BY_SIDE];
        let (logits, last) = logits.as_chunks::<SIDE_BY_SIDE>();
        let (x, last_x) = x.as_chunks::<SIDE_BY_SIDE>();
        for (l, x) in logits.iter().zip(x) {
            for i in 0..SIDE_BY_SIDE {
                product[i] *= 1.0 + exp(-l[i].abs());
                linear[i] += x[i].mul_add(l[i], -l[i].max(0.0));
            }
        }
        for (i, (l, x)) in last.iter().zip(last_x).enumerate() {
            product[i] *= 1.0 + exp(-l.abs());
            linear[i] += x.mul_add(*l, -l.max(0.0));
        }
        for i in 0..SIDE_BY_SIDE {
            logs[i] += ln(product[i]);
        }
    }
    linear.iter().sum::<f32>() - logs.iter().sum::<f32>()
}

/// Σ log q + x (log p − log q).
#[inline(always)]
fn of_means(means: &[f32], x: &[f32]) -> f32 {
    let mut sums = [0.0f32; SIDE_BY_SIDE];
    let (means, last) = means.as_chunks::<SIDE_BY_SIDE>();
    let (x, last_x) = x.as_chunks::<SIDE_BY_SIDE>();
    for (p, x) in means.iter().zip(x) {
        for i in 0..SIDE_BY_SIDE {
            sums[i] += of_mean(p[i], x[i]);
        }
    }
    for (i, (p, x)) in last.iter().zip(last_x).enumerate() {
        sums[i] += of_mean(*p, *x);
    }
    sums.iter().sum()
}

#[inline(always)]
fn of_mean(p: f32, x: f32) -> f32 {
    let p = p.clamp(MARGIN, 1.0 - MARGIN);
    let log_q = ln(1.0 - p);
    x.mul_add(ln(p) - log_q, log_q)
}

/// The gradient of the parameters where that of log p is `gradient`, a number a row.
pub fn of_parameters(gradient: &[f32], parameters: &[f32], x: &[f32], width: usize, given: Given) -> Vec<f32> {
    let rows = gradient.len();
    let group = rows * width / x.len();
    let mut out = vec![0.0; rows * width];
    let rows_at_once = at_once(width);
    out.par_chunks_mut(rows_at_once * width).enumerate().for_each(|(i, out)| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (j, out) in out.chunks_exact_mut(width).enumerate() {
                    let row = i * rows_at_once + j;
                    let x = &x[row / group * width..][..width];
                    let parameters = &parameters[row * width..][..width];
                    let g = gradient[row];
                    match given {
                        Given::Logits => {
                            for ((out, l), x) in out.iter_mut().zip(parameters).zip(x) {
                                *out = g * (x - sigmoid(*l));
                            }
                        }
                        Given::Means => {
                            for ((out, p), x) in out.iter_mut().zip(parameters).zip(x) {
                                let inside = *p >= MARGIN && *p <= 1.0 - MARGIN;
                                let p = p.clamp(MARGIN, 1.0 - MARGIN);
                                let slope = g * (x - p) / (p * (1.0 - p));
                                *out = if inside { slope } else { 0.0 };
                            }
                        }
                    }
                }
            },
        );
    });
    out
}

/// The gradient of `x`: the log-odds, weighted by the gradient and summed over the group.
pub fn of_x(gradient: &[f32], parameters: &[f32], batch: usize, width: usize, given: Given) -> Vec<f32> {
    let group = gradient.len() / batch;
    let mut out = vec![0.0; batch * width];
    out.par_chunks_mut(width).enumerate().for_each(|(i, out)| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for row in i * group..(i + 1) * group {
                    let (g, parameters) = (gradient[row], &parameters[row * width..][..width]);
                    for (out, parameter) in out.iter_mut().zip(parameters) {
                        let odds = match given {
                            Given::Logits => *parameter,
                            Given::Means => {
                                let p = parameter.clamp(MARGIN, 1.0 - MARGIN);
                                ln(p) - ln(1.0 - p)
                            }
                        };
                        *out = g.mul_add(odds, *out);
                    }
                }
            },
        );
    });
    out
}

/// σ of every number.
pub fn logistic(x: &[f32]) -> Vec<f32> {
    let mut out = x.to_vec();
    out.par_chunks_mut(at_once(1)).for_each(|out| {
        Arch::new().dispatch(
            #[inline(always)]
            || out.iter_mut().for_each(|x| *x = sigmoid(*x)),
        );
    });
    out
}

/// The gradient of σ's argument: g y (1 − y).
pub fn logistic_backward(gradient: &[f32], y: &[f32]) -> Vec<f32> {
    let mut out = gradient.to_vec();
    out.par_chunks_mut(at_once(1)).zip(y.par_chunks(at_once(1))).for_each(|(out, y)| {
        Arch::new().dispatch(
            #[inline(always)]
            || out.iter_mut().zip(y).for_each(|(g, y)| *g *= y * (1.0 - y)),
        );
    });
    out
}
