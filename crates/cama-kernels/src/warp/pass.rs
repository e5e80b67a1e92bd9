//! Passes over the images of a batch.

use rayon::prelude::*;

use crate::vectorised::vectorised;

/// What is sampled where, for all examples.
pub struct Sampling<'a> {
    /// `[channels, height, width]`.
    pub image: [usize; 3],
    /// Examples that share their places with their group only.
    pub batch: usize,
    /// `[batch, group, channels·height·width]`.
    pub x: &'a [f32],
    /// Where it is sampled.
    pub places: Places<'a>,
}

/// Places in pixels from the centre.
#[derive(Clone, Copy)]
pub enum Places<'a> {
    /// That of every pixel, `[batch, height·width]` each.
    Given { rows: &'a [f32], columns: &'a [f32] },
    /// As [`warp_affine`](super::warp_affine) has them, `[batch, 6]`.
    Affine(&'a [f32]),
}

/// Numbers of an affine map of the plane.
pub const AFFINE: usize = 6;

/// The four pixels around a place, in whatever plane: two neighbouring rows and columns of a padded one.
#[derive(Clone, Copy)]
struct Place {
    /// The first of the four in a plane with two zeros around it.
    index: u32,
    /// How far down, and right, from it.
    fraction: [f32; 2],
}

/// A place before it is known.
const NOWHERE: Place = Place { index: 0, fraction: [0.0; 2] };

/// Zeros around a plane, so that the four pixels are always there: places beyond all have four zeros.
const AROUND: usize = 2;

impl Sampling<'_> {
    fn area(&self) -> usize {
        self.image[1] * self.image[2]
    }

    /// Numbers of the images of an example's group.
    fn numbers(&self) -> usize {
        self.x.len() / self.batch
    }

    fn padded_width(&self) -> usize {
        self.image[2] + 2 * AROUND
    }

    fn padded(&self) -> usize {
        (self.image[1] + 2 * AROUND) * self.padded_width()
    }

    /// The places of example `i`.
    fn places(&self, i: usize) -> Vec<Place> {
        let [_, height, width] = self.image;
        let area = i * self.area()..(i + 1) * self.area();
        let padded_width = self.padded_width() as u32;
        let (rows, columns) = match self.places {
            Places::Given { rows, columns } => (rows, columns),
            Places::Affine(matrices) => {
                let mut places = vec![NOWHERE; self.area()];
                along_both(&matrices[i * AFFINE..][..AFFINE], [height, width], padded_width, &mut places);
                return places;
            }
        };
        let (mut y, mut x) = (vec![(0, 0.0); self.area()], vec![(0, 0.0); self.area()]);
        along(&rows[area.clone()], height, &mut y);
        along(&columns[area], width, &mut x);
        let place = |((y, down), (x, right))| Place { index: y * padded_width + x, fraction: [down, right] };
        y.into_iter().zip(x).map(place).collect()
    }

    /// Writes a plane into the inside of a padded one.
    fn pad(&self, plane: &[f32], padded: &mut [f32]) {
        let (width, padded_width) = (self.image[2], self.padded_width());
        for (y, row) in plane.chunks_exact(width).enumerate() {
            padded[(y + AROUND) * padded_width + AROUND..][..width].copy_from_slice(row);
        }
    }

    /// `[batch, group, channels·height·width]`.
    pub fn forward(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.x.len()];
        let numbers = self.numbers();
        out.par_chunks_mut(numbers).zip(self.x.par_chunks(numbers)).enumerate().for_each(|(i, (out, x))| {
            let places = self.places(i);
            let mut padded = vec![0.0; self.padded()];
            for (out, plane) in out.chunks_exact_mut(self.area()).zip(x.chunks_exact(self.area())) {
                self.pad(plane, &mut padded);
                for (out, place) in out.iter_mut().zip(&places) {
                    let [[a, b], [c, d]] = self.four(&padded, place);
                    let [down, right] = place.fraction;
                    let (top, bottom) = (a + (b - a) * right, c + (d - c) * right);
                    *out = top + (bottom - top) * down;
                }
            }
        });
        out
    }

    #[inline(always)]
    fn four(&self, padded: &[f32], place: &Place) -> [[f32; 2]; 2] {
        let begin = place.index as usize;
        let two = |begin: usize| [padded[begin], padded[begin + 1]];
        [two(begin), two(begin + self.padded_width())]
    }

    /// The gradients of x and of the places where that of the result is `gradient`; that of x is empty unless it is wanted.
    pub fn backward(&self, gradient: &[f32], of_x: bool, of_places: bool) -> [Vec<f32>; 3] {
        let (numbers, area) = (self.numbers(), self.area());
        let zeros = |wanted: bool, n: usize| vec![0.0; if wanted { n } else { 0 }];
        let mut dx = zeros(of_x, self.x.len());
        let mut rows = zeros(of_places, self.batch * area);
        let mut columns = zeros(of_places, self.batch * area);
        let of_one = |i: usize, dx: &mut [f32], rows: &mut [f32], columns: &mut [f32]| {
            let places = self.places(i);
            let example = i * numbers..(i + 1) * numbers;
            if of_x {
                self.backward_to_x(&gradient[example.clone()], &places, dx);
            }
            if of_places {
                self.backward_to_places(&gradient[example.clone()], &self.x[example], &places, rows, columns);
            }
        };
        // Chunks of nothing are no chunks: each kind of gradient is cut as it is there.
        match (of_x, of_places) {
            (true, true) => (dx.par_chunks_mut(numbers).zip(rows.par_chunks_mut(area)))
                .zip(columns.par_chunks_mut(area))
                .enumerate()
                .for_each(|(i, ((dx, rows), columns))| of_one(i, dx, rows, columns)),
            (true, false) => {
                (dx.par_chunks_mut(numbers).enumerate()).for_each(|(i, dx)| of_one(i, dx, &mut [], &mut []))
            }
            (false, true) => (rows.par_chunks_mut(area).zip(columns.par_chunks_mut(area)).enumerate())
                .for_each(|(i, (rows, columns))| of_one(i, &mut [], rows, columns)),
            (false, false) => {}
        }
        [dx, rows, columns]
    }

    /// The gradients of x and of the affine maps, `[batch, 6]`; each is empty unless it is wanted.
    pub fn backward_affine(&self, gradient: &[f32], of_x: bool, of_maps: bool) -> [Vec<f32>; 2] {
        let (numbers, area) = (self.numbers(), self.area());
        let mut dx = vec![0.0; if of_x { self.x.len() } else { 0 }];
        let mut maps = vec![0.0; if of_maps { self.batch * AFFINE } else { 0 }];
        let of_one = |i: usize, dx: Option<&mut [f32]>, map: Option<&mut [f32]>| {
            let places = self.places(i);
            let gradient = &gradient[i * numbers..(i + 1) * numbers];
            if let Some(dx) = dx {
                self.backward_to_x(gradient, &places, dx);
            }
            if let Some(map) = map {
                let (mut rows, mut columns) = (vec![0.0; area], vec![0.0; area]);
                let x = &self.x[i * numbers..(i + 1) * numbers];
                self.backward_to_places(gradient, x, &places, &mut rows, &mut columns);
                self.moments(&columns, &mut map[..3]);
                self.moments(&rows, &mut map[3..]);
            }
        };
        match (of_x, of_maps) {
            (true, true) => (dx.par_chunks_mut(numbers).zip(maps.par_chunks_mut(AFFINE)).enumerate())
                .for_each(|(i, (dx, map))| of_one(i, Some(dx), Some(map))),
            (true, false) => {
                dx.par_chunks_mut(numbers).enumerate().for_each(|(i, dx)| of_one(i, Some(dx), None))
            }
            (false, true) => {
                maps.par_chunks_mut(AFFINE).enumerate().for_each(|(i, map)| of_one(i, None, Some(map)))
            }
            (false, false) => {}
        }
        [dx, maps]
    }

    /// Sums of a plane's numbers times how far right, and how far down, each is from the centre, and of the numbers themselves.
    fn moments(&self, plane: &[f32], sums: &mut [f32]) {
        let [_, height, width] = self.image;
        let centred = |at: usize, side: usize| at as f32 - (side as f32 - 1.0) / 2.0;
        for (y, row) in plane.chunks_exact(width).enumerate() {
            // Row by row, so that no sum is of very many numbers.
            let right: f32 = row.iter().enumerate().map(|(x, value)| value * centred(x, width)).sum();
            let all: f32 = row.iter().sum();
            sums[0] += right;
            sums[1] += all * centred(y, height);
            sums[2] += all;
        }
    }

    fn backward_to_x(&self, gradient: &[f32], places: &[Place], dx: &mut [f32]) {
        let (width, padded_width) = (self.image[2], self.padded_width());
        let mut padded = vec![0.0; self.padded()];
        for (gradient, dx) in gradient.chunks_exact(self.area()).zip(dx.chunks_exact_mut(self.area())) {
            padded.fill(0.0);
            for (g, place) in gradient.iter().zip(places) {
                let ([down, right], begin) = (place.fraction, place.index as usize);
                let (top, bottom) = (g * (1.0 - down), g * down);
                padded[begin] += top * (1.0 - right);
                padded[begin + 1] += top * right;
                padded[begin + padded_width] += bottom * (1.0 - right);
                padded[begin + padded_width + 1] += bottom * right;
            }
            for (y, row) in dx.chunks_exact_mut(width).enumerate() {
                row.copy_from_slice(&padded[(y + AROUND) * padded_width + AROUND..][..width]);
            }
        }
    }

    fn backward_to_places(
        &self,
        gradient: &[f32],
        x: &[f32],
        places: &[Place],
        rows: &mut [f32],
        columns: &mut [f32],
    ) {
        let mut padded = vec![0.0; self.padded()];
        for (gradient, plane) in gradient.chunks_exact(self.area()).zip(x.chunks_exact(self.area())) {
            self.pad(plane, &mut padded);
            let out = rows.iter_mut().zip(columns.iter_mut());
            for (((g, place), row), column) in
                gradient.iter().zip(places).zip(out).map(|((g, p), (r, c))| (((g, p), r), c))
            {
                let [[a, b], [c, d]] = self.four(&padded, place);
                let [down, right] = place.fraction;
                *row += g * ((c - a) * (1.0 - right) + (d - b) * right);
                *column += g * ((b - a) * (1.0 - down) + (d - c) * down);
            }
        }
    }
}

vectorised! {
    /// The pixel of a padded side before each place, and how far the place is from it.
    fn along<'a>(centred: &'a [f32], side: usize, out: &'a mut [(u32, f32)]) {
        let (middle, end) = ((side as f32 - 1.0) / 2.0, side as f32);
        for (out, centred) in out.iter_mut().zip(centred) {
            let place = centred + middle;
            let low = place.floor();
            // Two or more beyond either end, all is zero; what is no number goes there, and stays none.
            let begin = low.clamp(-2.0, end) + AROUND as f32;
            *out = (begin as u32, place - low);
        }
    }
}

vectorised! {
    /// The place of every pixel under an affine map.
    fn along_both<'a>(map: &'a [f32], sides: [usize; 2], padded_width: u32, out: &'a mut [Place]) {
        let [height, width] = sides;
        let [middle_row, middle_column] = sides.map(|side| (side as f32 - 1.0) / 2.0);
        for (y, out) in out.chunks_exact_mut(width).enumerate() {
            let down = y as f32 - middle_row;
            let begin = [map[1] * down + map[2] + middle_column, map[4] * down + map[5] + middle_row];
            for (x, out) in out.iter_mut().enumerate() {
                let right = x as f32 - middle_column;
                let (column, row) = (begin[0] + map[0] * right, begin[1] + map[3] * right);
                let (left, top) = (column.floor(), row.floor());
                // As in `along`.
                let [i, j] = [top.clamp(-2.0, height as f32), left.clamp(-2.0, width as f32)]
                    .map(|at| (at + AROUND as f32) as u32);
                *out = Place { index: i * padded_width + j, fraction: [row - top, column - left] };
            }
        }
    }
}
