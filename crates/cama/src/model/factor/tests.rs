//! The density against the multivariate normal one, with its covariance written out.

use burn::tensor::Device;
use nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::data::{ChildColumn, ChildKind};
use crate::noise::normals;

const CLASSES: usize = 2;
const NUMBERS: usize = 3;

fn table() -> TableShape {
    let column = |name: &str, kind| ChildColumn { name: name.into(), kind };
    let children = vec![
        column("a", ChildKind::Number),
        column("b", ChildKind::Boolean),
        column("c", ChildKind::Number),
        column("d", ChildKind::Number),
    ];
    TableShape { children, co_parents: 2, ..TableShape::default() }
}

fn random<const D: usize>(shape: [usize; D], rng: &mut ChaCha8Rng) -> Tensor<D> {
    let values: Vec<f32> = normals(shape.iter().product(), rng).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn factor(rng: &mut ChaCha8Rng) -> Factor {
    let mut factor = Factor::empty(&table(), CLASSES, &[1, 2], &Device::flex());
    factor.means = Param::from_tensor(random([CLASSES, NUMBERS], rng));
    factor.moved = Param::from_tensor(random([CLASSES, NUMBERS], rng));
    factor.slopes = Some(Param::from_tensor(random([CLASSES, 2, NUMBERS], rng)));
    for (analysis, factors) in factor.analyses.iter_mut().zip([1, 2]) {
        analysis.loadings = Param::from_tensor(random([CLASSES, NUMBERS, factors], rng));
        analysis.log_variances = Param::from_tensor(random([NUMBERS], rng));
    }
    let others = factor.others.as_mut().expect("a boolean");
    // p(b = 1) of the two classes is .2 and .7.
    let logit = |p: f32| (p / (1.0 - p)).ln();
    let mut weights = vec![0.0f32; 4 * CLASSES];
    (weights[CLASSES], weights[CLASSES + 1]) = (logit(0.2), logit(0.7));
    others.weights =
        Param::from_tensor(Tensor::from_data(TensorData::new(weights, [4, CLASSES]), &Device::flex()));
    let mut bias = vec![0.0f32; 4 * CLASSES];
    (bias[CLASSES], bias[CLASSES + 1]) = (0.8f32.ln(), 0.3f32.ln());
    others.bias = Param::from_tensor(Tensor::from_data(TensorData::new(bias, [4, CLASSES]), &Device::flex()));
    factor
}

fn host<const D: usize>(x: &Tensor<D>) -> Vec<f64> {
    x.clone().into_data().iter::<f32>().map(f64::from).collect()
}

/// log N(x; mean, covariance).
fn log_normal(x: &DVector<f64>, mean: &DVector<f64>, covariance: DMatrix<f64>) -> f64 {
    let cholesky = covariance.cholesky().unwrap();
    let off = x - mean;
    let log_det = 2.0 * cholesky.l().diagonal().map(f64::ln).sum();
    -0.5 * (off.dot(&cholesky.solve(&off)) + log_det + x.len() as f64 * (2.0 * std::f64::consts::PI).ln())
}

#[test]
fn it_is_a_mixture_of_normal_densities_shifted_scaled_and_noisier() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let factor = factor(rng);
    let (x, c) = (random([5, 4], rng), random([5, 2], rng));
    let x = Tensor::cat(
        vec![
            x.clone().narrow(1, 0, 1),
            x.clone().narrow(1, 1, 1).greater_elem(0.0).float(),
            x.narrow(1, 2, 2),
        ],
        1,
    );
    let effect = ColumnEffect {
        shift: random([1, NUMBERS], rng),
        log_scale: random([1, NUMBERS], rng).mul_scalar(0.3),
        noise: random([1, NUMBERS], rng).exp(),
    };
    let under = Under { effect: effect.clone(), moved: factor.moved() };
    let (rows, co_parents) = (host(&x), host(&c));
    let [means, moved] = [&factor.means.val(), &factor.moved.val()].map(host);
    let slopes = host(&factor.slopes.as_ref().unwrap().val());
    let [shift, log_scale, noise] = [&effect.shift, &effect.log_scale, &effect.noise].map(host);
    let all = Observed { c: Some(c), ..Observed::of_x(x) };
    let pattern = |i: usize| if (7 * i + i / 4) % 5 < 3 { 1.0f32 } else { 0.0 };
    let pattern = TensorData::new((0..20).map(pattern).collect::<Vec<_>>(), [5, 4]);
    let some = Observed { known: Some(Tensor::from_data(pattern, &Device::flex())), ..all.clone() };
    let cases = [(None, &all), (Some(&under), &all), (None, &some), (Some(&under), &some)];
    for (under, observed) in cases {
        let found = host(&factor.log_px(observed, under));
        let known = observed.known.as_ref().map_or(vec![1.0; 20], host);
        for (i, class) in (0..5).flat_map(|i| (0..CLASSES).map(move |class| (i, class))) {
            let numbers = DVector::from_fn(NUMBERS, |j, _| rows[i * 4 + [0, 2, 3][j]]);
            let of_c = |j: usize| {
                (0..2).map(|k| slopes[(class * 2 + k) * NUMBERS + j] * co_parents[i * 2 + k]).sum::<f64>()
            };
            let mean = DVector::from_fn(NUMBERS, |j, _| {
                let clean = means[class * NUMBERS + j] + of_c(j);
                match under {
                    None => clean,
                    Some(_) => (clean + moved[class * NUMBERS + j]) * log_scale[j].exp() + shift[j],
                }
            });
            let density = factor.analyses.iter().map(|analysis| {
                let factors = analysis.loadings.dims()[2];
                let loadings = host(&analysis.loadings.val());
                let loadings =
                    DMatrix::from_fn(NUMBERS, factors, |j, k| loadings[(class * NUMBERS + j) * factors + k]);
                let variances = host(&analysis.log_variances.val());
                let clean = &loadings * loadings.transpose()
                    + DMatrix::from_diagonal(&DVector::from_fn(NUMBERS, |j, _| variances[j].exp()));
                let covariance = match under {
                    None => clean,
                    Some(_) => {
                        let scale =
                            DMatrix::from_diagonal(&DVector::from_fn(NUMBERS, |j, _| log_scale[j].exp()));
                        &scale * clean * &scale
                            + DMatrix::from_diagonal(&DVector::from_fn(NUMBERS, |j, _| noise[j]))
                    }
                };
                let kept: Vec<usize> = (0..NUMBERS).filter(|j| known[i * 4 + [0, 2, 3][*j]] > 0.5).collect();
                if kept.is_empty() {
                    return 1.0;
                }
                let (numbers, mean) = (numbers.select_rows(&kept), mean.select_rows(&kept));
                log_normal(&numbers, &mean, covariance.select_rows(&kept).select_columns(&kept)).exp()
            });
            let p = [0.2f64, 0.7][class];
            let of_boolean = match known[i * 4 + 1] > 0.5 {
                true => {
                    if rows[i * 4 + 1] > 0.5 {
                        p
                    } else {
                        1.0 - p
                    }
                }
                false => 1.0,
            };
            let expected = (density.sum::<f64>() / 2.0).ln() + of_boolean.ln();
            let found = found[i * CLASSES + class];
            assert!(
                (found - expected).abs() < 2e-3 * expected.abs().max(1.0),
                "{i} {class}: {found} {expected}"
            );
        }
    }
}

#[test]
fn what_moved_a_class_is_taken_off_the_rows_that_are_of_it() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let factor = factor(rng);
    let x = random([3, 4], rng);
    let sure = Tensor::from_data(
        TensorData::new([1.0f32, 0.0, 0.0, 1.0, 0.5, 0.5].to_vec(), [3, 2]),
        &Device::flex(),
    );
    let (before, after) = (host(&x), host(&factor.unmoved(x, sure)));
    let moved = host(&factor.moved());
    for (j, place) in [0, 2, 3].into_iter().enumerate() {
        let [first, second] = [moved[j], moved[NUMBERS + j]];
        for (row, by) in [first, second, (first + second) / 2.0].into_iter().enumerate() {
            assert!((before[row * 4 + place] - by - after[row * 4 + place]).abs() < 1e-5);
        }
    }
    assert!((0..3).all(|row| before[row * 4 + 1] == after[row * 4 + 1]));
}

#[test]
fn the_set_of_outliers_is_as_a_rule_the_best_of_all() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let factor = factor(&mut rng);
    let batch = 12;
    let mut x = host(&random([batch, 4], &mut rng));
    for row in x.chunks_mut(4) {
        row[1] = f64::from(u8::from(row[1] > 0.0));
    }
    // Of some, one number is far from all.
    (x[0], x[6], x[11]) = (9.0, -12.0, 25.0);
    let x: Vec<f32> = x.into_iter().map(|v| v as f32).collect();
    let x = Tensor::<2>::from_data(TensorData::new(x, [batch, 4]), &Device::flex());
    let c = Some(random([batch, 2], &mut rng));
    let observed = Observed { c, ..Observed::of_x(x) };
    // Without outliers it is the density itself.
    let none = host(&factor.log_px_with_outliers(&observed, None, 0.0));
    for (found, exact) in none.iter().zip(host(&factor.log_px(&observed, None))) {
        assert!((found - exact).abs() < 1e-3 * (1.0 + exact.abs()), "{found} {exact}");
    }
    let share: f64 = 0.2;
    let numbers = host(&factor.numbers_of(observed.x.clone()));
    // Each analysis by itself, as each has a set of its own.
    let of_analyses: Vec<Factor> =
        factor.analyses.iter().map(|one| Factor { analyses: vec![one.clone()], ..factor.clone() }).collect();
    let mut sum = vec![Vec::new(); batch * CLASSES];
    for factor in &of_analyses {
        let mut best = vec![f64::NEG_INFINITY; batch * CLASSES];
        for set in 0..1u32 << NUMBERS {
            let out = |j: usize| set >> j & 1 == 1;
            // Where the numbers stand: before and behind the boolean.
            let places = [0, 2, 3];
            let known = (0..batch).flat_map(|_| {
                (0..4).map(|at| places.iter().position(|place| *place == at).is_none_or(|j| !out(j)))
            });
            let known: Vec<f32> = known.map(|known| f32::from(u8::from(known))).collect();
            let known = Tensor::from_data(TensorData::new(known, [batch, 4]), &Device::flex());
            let of_set = host(&factor.log_px(&Observed { known: Some(known), ..observed.clone() }, None));
            for (at, log_p) in of_set.into_iter().enumerate() {
                let outliers: f64 = (0..NUMBERS)
                    .map(|j| match out(j) {
                        true => {
                            let x = numbers[at / CLASSES * NUMBERS + j];
                            share.ln() - (1.0 + x * x).ln() - std::f64::consts::PI.ln()
                        }
                        false => (1.0 - share).ln(),
                    })
                    .sum();
                best[at] = best[at].max(log_p + outliers);
            }
        }
        let found = host(&factor.log_px_with_outliers(&observed, None, share));
        let close = |found: f64, best: f64| (found - best).abs() < 1e-3 * (1.0 + best.abs());
        for (at, (found, best)) in found.iter().zip(&best).enumerate() {
            assert!(found < best || close(*found, *best), "{at}: {found}, of all {best}");
            assert!(best - found < 1.0, "{at}: {found}, of all {best}");
            sum[at].push(*found);
        }
        let exact = found.iter().zip(&best).filter(|(found, best)| close(**found, **best)).count();
        assert!(exact * 10 >= 9 * found.len(), "{exact} of {}", found.len());
    }
    let mixed = host(&factor.log_px_with_outliers(&observed, None, share));
    for (found, each) in mixed.iter().zip(sum) {
        let exact = ((each[0].exp() + each[1].exp()) / 2.0).ln();
        // The boolean is in both.
        assert!(exact.is_infinite() || (found - exact).abs() < 1e-3 * (1.0 + exact.abs()), "{found} {exact}");
    }
}
