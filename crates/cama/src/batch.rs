//! From host arrays to tensors on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::data::Dataset;
use crate::model::Observed;

/// X, A and C of the examples at `indices`.
pub(crate) fn observed<D: Dataset>(
    data: &D,
    indices: impl IntoIterator<Item = usize>,
    device: &Device,
) -> Observed {
    let indices: Vec<usize> = indices.into_iter().collect();
    let tensor = |row: fn(&D, usize) -> &[f32]| {
        let width = indices.first().map_or(0, |&i| row(data, i).len());
        // Row by row into what has room for all: an iterator over numbers would grow it again and again.
        let mut values = Vec::with_capacity(width * indices.len());
        indices.iter().for_each(|&i| values.extend_from_slice(row(data, i)));
        (width > 0).then(|| Tensor::from_data(TensorData::new(values, [indices.len(), width]), device))
    };
    let x = tensor(D::x).expect("every example has an X");
    let known =
        indices.iter().any(|&i| data.x_known(i).is_some_and(|known| known.contains(&false))).then(|| {
            let [rows, width] = x.dims();
            let all = vec![true; width];
            let known = indices.iter().flat_map(|&i| data.x_known(i).unwrap_or(&all));
            let known: Vec<f32> = known.map(|known| f32::from(u8::from(*known))).collect();
            Tensor::from_data(TensorData::new(known, [rows, width]), device)
        });
    Observed { known, a: tensor(D::a), c: tensor(D::c), ..Observed::of_x(x) }
}

/// Class indices of the examples at `indices`, `[indices]`.
///
/// # Panics
///
/// If the examples have no labels.
pub(crate) fn labels<D: Dataset>(data: &D, indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let all = data.labels().expect("labelled examples");
    let values: Vec<i64> = indices.iter().map(|&i| all[i] as i64).collect();
    Tensor::from_data(TensorData::new(values, [indices.len()]), device)
}

/// The values of a tensor, one row after another.
pub(crate) fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().convert::<f32>().try_into_vec().expect("the data was converted to f32")
}
