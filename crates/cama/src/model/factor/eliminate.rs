//! Gaussian elimination of small symmetric matrices, differentiable.

use burn::tensor::Tensor;

/// pᵀ A⁻¹ p, `[targets, rows]`, and log det A, `[targets, rows or 1]`, of positive definite matrices `a`,
/// `[targets, rows or 1, k, k]`, and vectors `p`, `[targets, rows, k]`.
///
/// Each step eliminates one component: what it explains of pᵀ A⁻¹ p is p₁² / A₁₁, and the rest is the same problem with
/// the Schur complement of A₁₁.
pub(super) fn quadratic_and_log_det(mut a: Tensor<4>, mut p: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
    let [targets, rows, k] = p.dims();
    let some = a.dims()[1];
    let mut sum: Option<(Tensor<2>, Tensor<2>)> = None;
    for left in (0..k).rev() {
        let pivot = a.clone().narrow(2, 0, 1).narrow(3, 0, 1).reshape([targets, some, 1]);
        let first = p.clone().narrow(2, 0, 1);
        let ratio = first.clone() / pivot.clone();
        let quadratic = (first * ratio.clone()).reshape([targets, rows]);
        let log_det = pivot.clone().log().reshape([targets, some]);
        sum = Some(match sum {
            Some((q, l)) => (q + quadratic, l + log_det),
            None => (quadratic, log_det),
        });
        if left == 0 {
            break;
        }
        let column: Tensor<3> = a.clone().narrow(2, 1, left).narrow(3, 0, 1).reshape([targets, some, left]);
        p = p.narrow(2, 1, left) - ratio * column.clone();
        let scaled = column.clone() / pivot;
        a = a.narrow(2, 1, left).narrow(3, 1, left)
            - column.unsqueeze_dim::<4>(3) * scaled.unsqueeze_dim::<4>(2);
    }
    sum.expect("a matrix has a component")
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use nalgebra::{DMatrix, DVector};

    use super::*;

    #[test]
    fn it_is_what_a_decomposition_says() {
        let k = 4;
        let b = DMatrix::from_fn(k, k, |i, j| ((3 * i + 5 * j) as f64).sin());
        let a = &b * b.transpose() + DMatrix::identity(k, k);
        let p = DVector::from_fn(k, |i, _| 1.0 - 0.7 * i as f64);
        let cholesky = a.clone().cholesky().unwrap();
        let expected = (p.dot(&cholesky.solve(&p)), 2.0 * cholesky.l().diagonal().map(f64::ln).sum());
        let single = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<_>>();
        let device = Device::flex();
        let a = Tensor::<4>::from_data(TensorData::new(single(a.as_slice()), [1, 1, k, k]), &device);
        let p = Tensor::<3>::from_data(TensorData::new(single(p.as_slice()), [1, 1, k]), &device);
        let (quadratic, log_det) = quadratic_and_log_det(a, p);
        assert!((f64::from(quadratic.into_scalar::<f32>()) - expected.0).abs() < 1e-4);
        assert!((f64::from(log_det.into_scalar::<f32>()) - expected.1).abs() < 1e-5);
    }
}
