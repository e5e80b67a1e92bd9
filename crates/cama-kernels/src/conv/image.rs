//! One image at a time: padding, order, pooling, and their gradients.

use super::geometry::Source;
use crate::maths::SIDE_BY_SIDE;
use crate::vectorised::vectorised;

/// Whether a map is stored channel by channel or pixel by pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `[channels, height, width]`.
    Planes,
    /// `[height, width, channels]`.
    Pixels,
}

/// Writes `map` into the inside of `padded`, pixel by pixel; what is around it is left as it is.
pub fn pad(map: &[f32], order: Order, source: &Source, padded: &mut [f32]) {
    let [channels, height, width] = source.map;
    let [rows, columns] = source.read();
    let order = if channels == 1 { Order::Pixels } else { order };
    for y in 0..rows {
        let begin = ((y + source.before[0]) * source.padded[1] + source.before[1]) * channels;
        let row = &mut padded[begin..begin + columns * channels];
        match order {
            Order::Pixels => row.copy_from_slice(&map[y * width * channels..][..columns * channels]),
            Order::Planes => {
                for c in 0..channels {
                    let plane = &map[(c * height + y) * width..][..columns];
                    for (pixel, value) in row.chunks_exact_mut(channels).zip(plane) {
                        pixel[c] = *value;
                    }
                }
            }
        }
    }
}

/// A map that is stored pixel by pixel, channel by channel.
pub fn to_planes(pixels: &[f32], channels: usize, planes: &mut [f32]) {
    let area = pixels.len() / channels;
    for (c, plane) in planes.chunks_exact_mut(area).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(pixels.chunks_exact(channels)) {
            *value = pixel[c];
        }
    }
}

/// The other way: a map that is stored channel by channel, pixel by pixel.
pub fn to_pixels(planes: &[f32], channels: usize, pixels: &mut [f32]) {
    let area = planes.len() / channels;
    for (c, plane) in planes.chunks_exact(area).enumerate() {
        for (value, pixel) in plane.iter().zip(pixels.chunks_exact_mut(channels)) {
            pixel[c] = *value;
        }
    }
}

vectorised! {
    /// The largest of each 2×2 window of a map `[height, width, channels]`, `sides` `[channels, height, width]`, and which
    /// of the four it was; sides that are odd begin with a window that lacks its first row or column.
    pub fn pool<'a>(map: &'a [f32], sides: [usize; 3], out: &'a mut [f32], which: &'a mut [u8]) {
        let (channels, columns) = (sides[0], sides[2].div_ceil(2));
        let windows = out.chunks_exact_mut(channels).zip(which.chunks_exact_mut(channels)).enumerate();
        for (i, (out, which)) in windows {
            let pixels = || window([i / columns, i % columns], sides);
            let (outs, last_out) = out.as_chunks_mut::<SIDE_BY_SIDE>();
            let (whiches, last_which) = which.as_chunks_mut::<SIDE_BY_SIDE>();
            for (block, (out, which)) in outs.iter_mut().zip(whiches).enumerate() {
                let mut best = [f32::NEG_INFINITY; SIDE_BY_SIDE];
                // As wide as the numbers, so that both are compared and kept alike.
                let mut place = [0u32; SIDE_BY_SIDE];
                for (here, begin) in pixels() {
                    let pixel: &[f32; SIDE_BY_SIDE] =
                        map[begin + block * SIDE_BY_SIDE..][..SIDE_BY_SIDE].try_into().expect("as long");
                    for c in 0..SIDE_BY_SIDE {
                        (best[c], place[c]) = larger((best[c], place[c]), (pixel[c], u32::from(here)));
                    }
                }
                *out = best;
                *which = place.map(|place| place as u8);
            }
            let done = outs.len() * SIDE_BY_SIDE;
            for (c, (out, which)) in last_out.iter_mut().zip(last_which).enumerate() {
                let all = pixels().map(|(here, begin)| (map[begin + done + c], u32::from(here)));
                let (best, place) = all.fold((f32::NEG_INFINITY, 0), larger);
                (*out, *which) = (best, place as u8);
            }
        }
    }
}

/// The larger number with its place, the first of equal ones. What is not a number is the largest: it must be seen.
#[inline(always)]
fn larger(best: (f32, u32), other: (f32, u32)) -> (f32, u32) {
    if other.0 <= best.0 { best } else { other }
}

vectorised! {
    /// Hands the gradient of each window to the pixel that was the largest; all of `map` is overwritten.
    pub fn pool_backward<'a>(gradient: &'a [f32], which: &'a [u8], sides: [usize; 3], map: &'a mut [f32]) {
        let (channels, columns) = (sides[0], sides[2].div_ceil(2));
        let windows = gradient.chunks_exact(channels).zip(which.chunks_exact(channels)).enumerate();
        for (i, (gradient, which)) in windows {
            for (place, begin) in window([i / columns, i % columns], sides) {
                let pixel = &mut map[begin..begin + channels];
                for ((g, which), v) in gradient.iter().zip(which).zip(pixel) {
                    *v = if *which == place { *g } else { 0.0 };
                }
            }
        }
    }
}

/// The pixels of a window: which of the four, and where its channels begin.
#[inline(always)]
fn window([i, j]: [usize; 2], [channels, height, width]: [usize; 3]) -> impl Iterator<Item = (u8, usize)> {
    (0..4u8).filter_map(move |place| {
        let y = (2 * i + usize::from(place / 2)).checked_sub(height % 2)?;
        let x = (2 * j + usize::from(place % 2)).checked_sub(width % 2)?;
        Some((place, (y * width + x) * channels))
    })
}
