//! Bilinear resampling of images, differentiable in the image and in the places sampled.

mod extension;
mod pass;

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use self::extension::WarpOps;
use self::pass::AFFINE;
use crate::is_native;

/// `x`, `[batch, group, channels·height·width]` for `image` `[channels, height, width]`, sampled at `rows` and `columns`,
/// `[batch, height·width]` in pixels from the image's centre, which all of a group share; zero outside the canvas.
///
/// # Panics
///
/// If shapes do not fit.
pub fn warp(x: Tensor<3>, image: [usize; 3], rows: Tensor<2>, columns: Tensor<2>) -> Tensor<3> {
    let [batch, _, numbers] = x.dims();
    assert_eq!(numbers, image.iter().product::<usize>(), "images are {image:?}");
    for places in [&rows, &columns] {
        assert_eq!(places.dims(), [batch, image[1] * image[2]], "a place for every pixel");
    }
    if x.shape().num_elements() > 0 && is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::warp(
            x.into_dispatch(),
            rows.into_dispatch(),
            columns.into_dispatch(),
            image,
        ));
    }
    composed(x, image, rows, columns)
}

/// The same where every pixel is sampled at an affine map of its own place: the pixel that is r to the right of the centre and d
/// below it at column a·r + b·d + c and row e·r + f·d + g, for `maps`, `[batch, 6]`, of a, b, c, e, f and g.
///
/// # Panics
///
/// If shapes do not fit.
pub fn warp_affine(x: Tensor<3>, image: [usize; 3], maps: Tensor<2>) -> Tensor<3> {
    let [batch, _, numbers] = x.dims();
    assert_eq!(numbers, image.iter().product::<usize>(), "images are {image:?}");
    assert_eq!(maps.dims(), [batch, AFFINE], "a map for every example");
    if x.shape().num_elements() > 0 && is_native(&x.device()) {
        return Tensor::from_dispatch(Dispatch::warp_affine(x.into_dispatch(), maps.into_dispatch(), image));
    }
    composed_affine(x, image, maps)
}

/// The same, composed of Burn's own operations.
pub fn composed_affine(x: Tensor<3>, image: [usize; 3], maps: Tensor<2>) -> Tensor<3> {
    let [_, height, width] = image;
    let at = Tensor::<1, Int>::arange(0..(height * width) as i64, &x.device());
    let down = at.clone().div_scalar(width as i64);
    let right = at - down.clone().mul_scalar(width as i64);
    let centred = |at: Tensor<1, Int>, side: usize| -> Tensor<2> {
        at.float().sub_scalar((side as f64 - 1.0) / 2.0).unsqueeze()
    };
    let (right, down) = (centred(right, width), centred(down, height));
    let along = |first: usize| {
        let number = |i: usize| maps.clone().narrow(1, first + i, 1);
        number(0) * right.clone() + number(1) * down.clone() + number(2)
    };
    let (rows, columns) = (along(3), along(0));
    composed(x, image, rows, columns)
}

/// The same as [`warp`], composed of Burn's own operations.
pub fn composed(x: Tensor<3>, image: [usize; 3], rows: Tensor<2>, columns: Tensor<2>) -> Tensor<3> {
    let [channels, height, width] = image;
    let [batch, group, pixels] = x.dims();
    let area = height * width;
    let planes = x.reshape([batch, group * channels, area]);
    let rows = Taps::new(rows, height);
    let columns = Taps::new(columns, width);
    let mut out: Option<Tensor<3>> = None;
    for (row, row_weight) in &rows.0 {
        for (column, column_weight) in &columns.0 {
            let index: Tensor<3, Int> =
                (row.clone().mul_scalar(width as i64) + column.clone()).unsqueeze_dim(1);
            let weight: Tensor<3> = (row_weight.clone() * column_weight.clone()).unsqueeze_dim(1);
            let tap = planes.clone().gather(2, index.expand([batch, group * channels, area])) * weight;
            out = Some(match out {
                Some(sum) => sum + tap,
                None => tap,
            });
        }
    }
    out.expect("two taps along each side").reshape([batch, group, pixels])
}

/// The two pixels on either side of each place along one axis, with their weights, `[batch, area]`.
struct Taps([(Tensor<2, Int>, Tensor<2>); 2]);

impl Taps {
    fn new(centred: Tensor<2>, side: usize) -> Self {
        let place = centred.add_scalar((side as f64 - 1.0) / 2.0);
        let low = place.clone().detach().floor();
        let fraction = place - low.clone();
        let tap = |index: Tensor<2>, weight: Tensor<2>| {
            let last = side as f64 - 1.0;
            let inside = index.clone().greater_equal_elem(0.0).bool_and(index.clone().lower_equal_elem(last));
            (index.clamp(0.0, last).int(), weight * inside.float())
        };
        let high = low.clone().add_scalar(1.0);
        Self([tap(low, fraction.clone().neg().add_scalar(1.0)), tap(high, fraction)])
    }
}
