//! Passes over all pixels of a batch.

use rayon::prelude::*;

use super::given::{Given, MARGIN};
use crate::maths::{SIDE_BY_SIDE, exp, ln, sigmoid};
use crate::rows::at_once;
use crate::vectorised::vectorised;

/// Factors from 1 to 2 that are multiplied before a logarithm is taken: their product stays far from overflow, and
/// costs no digits.
const FACTORS: usize = 32;

/// What a pass is about: all of a batch, or some of its rows.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// `[rows, width]`.
    pub parameters: &'a [f32],
    /// `[batch, width]`: one for each group of rows.
    pub x: &'a [f32],
    /// Numbers of a row.
    pub width: usize,
    /// What the parameters are.
    pub given: Given,
    /// How probably each x is not a grey but the probability of white.
    pub doubt: f32,
}

impl<'a> Rows<'a> {
    /// How many rows share an x.
    fn group(self) -> usize {
        self.parameters.len() / self.x.len()
    }

    /// The parameters of a row, and its x.
    #[inline(always)]
    fn row(self, i: usize) -> (&'a [f32], &'a [f32]) {
        let at = |numbers: &'a [f32], i: usize| &numbers[i * self.width..][..self.width];
        (at(self.parameters, i), at(self.x, i / self.group()))
    }
}

/// log p of each row.
pub fn forward(rows: Rows) -> Vec<f32> {
    let mut out = vec![0.0; rows.parameters.len() / rows.width];
    let part = at_once(rows.width);
    out.par_chunks_mut(part).enumerate().for_each(|(i, out)| log_p(rows, i * part, out));
    out
}

vectorised! {
    /// log p of the rows from the `first` on.
    fn log_p<'a>(rows: Rows<'a>, first: usize, out: &'a mut [f32]) {
        for (i, out) in out.iter_mut().enumerate() {
            let (parameters, x) = rows.row(first + i);
            *out = match (rows.given, rows.doubt) {
                (Given::Logits, 0.0) => of_logits(parameters, x),
                (Given::Floored(share), 0.0) => summed(parameters, x, |l, x| of_mean(floored(l, share), x)),
                (Given::Means, 0.0) => summed(parameters, x, of_mean),
                (Given::Logits, doubt) => summed(parameters, x, |l, x| of_logit_in_doubt(l, x, doubt)),
                (Given::Floored(share), doubt) => {
                    summed(parameters, x, |l, x| in_doubt(floored(l, share), x, doubt))
                }
                (Given::Means, doubt) => summed(parameters, x, |p, x| in_doubt(p, x, doubt)),
            };
        }
    }
}

/// The mean of log-odds `l` with a share of even odds.
#[inline(always)]
fn floored(l: f32, share: f32) -> f32 {
    sigmoid(l).mul_add(1.0 - share, 0.5 * share)
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

/// Σ log p, which `log_p` makes of a parameter and its pixel.
#[inline(always)]
fn summed(parameters: &[f32], x: &[f32], log_p: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; SIDE_BY_SIDE];
    let (parameters, last) = parameters.as_chunks::<SIDE_BY_SIDE>();
    let (x, last_x) = x.as_chunks::<SIDE_BY_SIDE>();
    for (p, x) in parameters.iter().zip(x) {
        for i in 0..SIDE_BY_SIDE {
            sums[i] += log_p(p[i], x[i]);
        }
    }
    for (i, (p, x)) in last.iter().zip(last_x).enumerate() {
        sums[i] += log_p(*p, *x);
    }
    sums.iter().sum()
}

/// log q + x (log p − log q).
#[inline(always)]
fn of_mean(p: f32, x: f32) -> f32 {
    let p = p.clamp(MARGIN, 1.0 - MARGIN);
    let log_q = ln(1.0 - p);
    x.mul_add(ln(p) - log_q, log_q)
}

/// The two parts of the p of a pixel that is in doubt, as [`parts`] has them, by log-odds, and p and q, which lose no digits close to
/// one: pˣ q¹⁻ˣ = exp(x l − max(l, 0)) max(p, q).
#[inline(always)]
fn parts_of_logit(l: f32, x: f32, doubt: f32) -> ([f32; 2], [f32; 2]) {
    let e = exp(-l.abs());
    let greater = 1.0 / (1.0 + e);
    let [p, q] = if l >= 0.0 { [greater, e * greater] } else { [e * greater, greater] };
    let as_grey = (1.0 - doubt) * exp(x.mul_add(l, -l.max(0.0))) * greater;
    ([as_grey, doubt * x.mul_add(p, (1.0 - x) * q)], [p, q])
}

#[inline(always)]
fn of_logit_in_doubt(l: f32, x: f32, doubt: f32) -> f32 {
    let ([as_grey, black_or_white], _) = parts_of_logit(l, x, doubt);
    let p = as_grey + black_or_white;
    // What is no number must stay none.
    if p < f32::MIN_POSITIVE { ln(f32::MIN_POSITIVE) } else { ln(p) }
}

/// The two parts of the p of a pixel that is in doubt: pˣ q¹⁻ˣ of a grey, and x p + (1 − x) q of black or white.
#[inline(always)]
fn parts(p: f32, x: f32, doubt: f32) -> [f32; 2] {
    let as_grey = (1.0 - doubt) * exp(of_mean(p, x));
    [as_grey, doubt * x.mul_add(p, (1.0 - x) * (1.0 - p))]
}

#[inline(always)]
fn in_doubt(p: f32, x: f32, doubt: f32) -> f32 {
    let p = p.clamp(MARGIN, 1.0 - MARGIN);
    let [as_grey, black_or_white] = parts(p, x, doubt);
    ln(as_grey + black_or_white)
}

/// The derivative of [`in_doubt`] with respect to p.
#[inline(always)]
fn slope_in_doubt(p: f32, x: f32, doubt: f32) -> f32 {
    let p = p.clamp(MARGIN, 1.0 - MARGIN);
    let [as_grey, black_or_white] = parts(p, x, doubt);
    (as_grey * (x - p) / (p * (1.0 - p)) + doubt * (2.0 * x - 1.0)) / (as_grey + black_or_white)
}

/// The same with respect to x.
#[inline(always)]
fn odds_in_doubt(p: f32, x: f32, doubt: f32) -> f32 {
    let p = p.clamp(MARGIN, 1.0 - MARGIN);
    let [as_grey, black_or_white] = parts(p, x, doubt);
    (as_grey * (ln(p) - ln(1.0 - p)) + doubt * (2.0 * p - 1.0)) / (as_grey + black_or_white)
}

/// The gradient of the parameters where that of log p is `gradient`, a number a row.
pub fn of_parameters(gradient: &[f32], rows: Rows) -> Vec<f32> {
    let mut out = vec![0.0; rows.parameters.len()];
    let part = at_once(rows.width);
    let parts = out.par_chunks_mut(part * rows.width).enumerate();
    parts.for_each(|(i, out)| slopes(&gradient[i * part..], rows, i * part, out));
    out
}

vectorised! {
    /// The gradient of the parameters of the rows from the `first` on.
    fn slopes<'a>(gradient: &'a [f32], rows: Rows<'a>, first: usize, out: &'a mut [f32]) {
        for ((i, out), g) in out.chunks_exact_mut(rows.width).enumerate().zip(gradient) {
            let (parameters, x) = rows.row(first + i);
            let all = out.iter_mut().zip(parameters).zip(x);
            match (rows.given, rows.doubt) {
                (Given::Logits, 0.0) => all.for_each(|((out, l), x)| *out = g * (x - sigmoid(*l))),
                (Given::Floored(share), 0.0) => all.for_each(|((out, l), x)| {
                    let s = sigmoid(*l);
                    let p = s.mul_add(1.0 - share, 0.5 * share);
                    *out = g * (1.0 - share) * s * (1.0 - s) * (x - p) / (p * (1.0 - p));
                }),
                (Given::Means, 0.0) => all.for_each(|((out, p), x)| {
                    let inside = *p >= MARGIN && *p <= 1.0 - MARGIN;
                    let p = p.clamp(MARGIN, 1.0 - MARGIN);
                    let slope = g * (x - p) / (p * (1.0 - p));
                    *out = if inside { slope } else { 0.0 };
                }),
                (Given::Logits, doubt) => all.for_each(|((out, l), x)| {
                    let ([as_grey, black_or_white], [p, q]) = parts_of_logit(*l, *x, doubt);
                    let slope = as_grey * (x - p) + doubt * (2.0 * x - 1.0) * p * q;
                    *out = g * slope / (as_grey + black_or_white).max(f32::MIN_POSITIVE);
                }),
                (Given::Floored(share), doubt) => all.for_each(|((out, l), x)| {
                    let s = sigmoid(*l);
                    let p = s.mul_add(1.0 - share, 0.5 * share);
                    *out = g * (1.0 - share) * s * (1.0 - s) * slope_in_doubt(p, *x, doubt);
                }),
                (Given::Means, doubt) => all.for_each(|((out, p), x)| {
                    let inside = *p >= MARGIN && *p <= 1.0 - MARGIN;
                    *out = if inside { g * slope_in_doubt(*p, *x, doubt) } else { 0.0 };
                }),
            }
        }
    }
}

/// The gradient of `x`: the log-odds, or what they are in doubt, weighted by the gradient and summed over the group.
pub fn of_x(gradient: &[f32], rows: Rows) -> Vec<f32> {
    let mut out = vec![0.0; rows.x.len()];
    out.par_chunks_mut(rows.width).enumerate().for_each(|(i, out)| odds(gradient, rows, i, out));
    out
}

vectorised! {
    /// The gradient of one x.
    fn odds<'a>(gradient: &'a [f32], rows: Rows<'a>, x: usize, out: &'a mut [f32]) {
        let first = x * rows.group();
        for (i, g) in gradient[first..first + rows.group()].iter().enumerate() {
            let (parameters, x) = rows.row(first + i);
            let all = out.iter_mut().zip(parameters);
            match (rows.given, rows.doubt) {
                (Given::Logits, 0.0) => all.for_each(|(out, l)| *out = g.mul_add(*l, *out)),
                (Given::Floored(share), 0.0) => all.for_each(|(out, l)| {
                    let p = floored(*l, share);
                    *out = g.mul_add(ln(p) - ln(1.0 - p), *out);
                }),
                (Given::Means, 0.0) => all.for_each(|(out, p)| {
                    let p = p.clamp(MARGIN, 1.0 - MARGIN);
                    *out = g.mul_add(ln(p) - ln(1.0 - p), *out);
                }),
                (Given::Logits, doubt) => all.zip(x).for_each(|((out, l), x)| {
                    let ([as_grey, black_or_white], [p, q]) = parts_of_logit(*l, *x, doubt);
                    let odds = as_grey * l + doubt * (p - q);
                    *out = g.mul_add(odds / (as_grey + black_or_white).max(f32::MIN_POSITIVE), *out);
                }),
                (Given::Floored(share), doubt) => all.zip(x).for_each(|((out, l), x)| {
                    *out = g.mul_add(odds_in_doubt(floored(*l, share), *x, doubt), *out);
                }),
                (Given::Means, doubt) => all.zip(x).for_each(|((out, p), x)| {
                    *out = g.mul_add(odds_in_doubt(*p, *x, doubt), *out);
                }),
            }
        }
    }
}

/// σ of every number.
pub fn logistic(x: &[f32]) -> Vec<f32> {
    let mut out = x.to_vec();
    out.par_chunks_mut(at_once(1)).for_each(sigmoids);
    out
}

vectorised! {
    /// σ of each, in place.
    fn sigmoids<'a>(values: &'a mut [f32]) {
        values.iter_mut().for_each(|x| *x = sigmoid(*x));
    }
}

/// The gradient of σ's argument: g y (1 − y).
pub fn logistic_backward(gradient: &[f32], y: &[f32]) -> Vec<f32> {
    let mut out = gradient.to_vec();
    out.par_chunks_mut(at_once(1)).zip(y.par_chunks(at_once(1))).for_each(|(out, y)| sigmoid_slopes(out, y));
    out
}

vectorised! {
    /// Multiplies a gradient by σ's derivative, in place.
    fn sigmoid_slopes<'a>(gradient: &'a mut [f32], y: &'a [f32]) {
        gradient.iter_mut().zip(y).for_each(|(g, y)| *g *= y * (1.0 - y));
    }
}
