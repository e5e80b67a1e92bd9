//! What is lost on the way: coarse pixels and JPEG.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageFormat};

/// The mean of every block of `side`×`side` pixels in place of them; blocks at the right and at the bottom may be smaller.
pub(super) fn pixelate(image: &mut [f32], [_, height, width]: [usize; 3], side: f64) {
    let side = side as usize;
    for plane in image.chunks_exact_mut(height * width) {
        for top in (0..height).step_by(side) {
            for left in (0..width).step_by(side) {
                let (rows, columns) = (top..height.min(top + side), left..width.min(left + side));
                let count = (rows.len() * columns.len()) as f32;
                let block = rows.clone().map(|y| plane[y * width..][columns.clone()].iter().sum::<f32>());
                let mean = block.sum::<f32>() / count;
                rows.for_each(|y| plane[y * width..][columns.clone()].fill(mean));
            }
        }
    }
}

/// The image after it was written as a JPEG of `quality` 1 to 100, and read again: three channels as colours, others one by
/// one as greys.
pub(super) fn jpeg(image: &mut [f32], [channels, height, width]: [usize; 3], quality: f64) {
    let (area, quality) = (height * width, quality as u8);
    let side = [width, height].map(|side| side as u32);
    if channels == 3 {
        let pixels: Vec<u8> = (0..3 * area).map(|i| byte(image[i % 3 * area + i / 3])).collect();
        let read = through(&pixels, side, ExtendedColorType::Rgb8, quality).into_rgb8();
        for (i, value) in read.as_raw().iter().enumerate() {
            image[i % 3 * area + i / 3] = f32::from(*value) / 255.0;
        }
        return;
    }
    for plane in image.chunks_exact_mut(area) {
        let pixels: Vec<u8> = plane.iter().map(|pixel| byte(*pixel)).collect();
        let read = through(&pixels, side, ExtendedColorType::L8, quality).into_luma8();
        plane.iter_mut().zip(read.as_raw()).for_each(|(pixel, value)| *pixel = f32::from(*value) / 255.0);
    }
}

fn byte(pixel: f32) -> u8 {
    (pixel * 255.0).round() as u8
}

/// Writes and reads. Both are in memory, of sizes that images have: neither can fail.
fn through(pixels: &[u8], [width, height]: [u32; 2], colour: ExtendedColorType, quality: u8) -> DynamicImage {
    let mut file = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut file, quality)
        .encode(pixels, width, height, colour)
        .expect("an image in memory can be written as a JPEG");
    image::load_from_memory_with_format(file.get_ref(), ImageFormat::Jpeg)
        .expect("what was just written can be read")
}

#[cfg(test)]
mod tests {
    use crate::Images;
    use crate::manipulation::apply::tests::done;

    #[test]
    fn blocks_become_their_means() {
        let pixels: Vec<f32> = (0..15).map(|i| i as f32 / 16.0).collect();
        let image = Images::new("small", [1, 3, 5], pixels, None, vec![]).unwrap();
        let coarse = done("pixelate:2", &image);
        let wanted = [3.0, 3.0, 5.0, 5.0, 6.5, 3.0, 3.0, 5.0, 5.0, 6.5, 10.5, 10.5, 12.5, 12.5, 14.0];
        assert!(coarse.pixels().iter().zip(wanted).all(|(p, w)| (p - w / 16.0).abs() < 1e-6));
        assert_eq!(done("pixelate:1", &image).pixels(), image.pixels());
    }

    #[test]
    fn lower_quality_loses_more_and_keeps_the_rest() {
        let digits = crate::load("mnist:test[..10]").unwrap();
        let lost = |spec: &str| {
            let coded = done(spec, &digits);
            assert!(coded.pixels().iter().all(|p| (0.0..=1.0).contains(p)));
            let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
            coded.pixels().iter().zip(digits.pixels()).map(square).sum::<f64>() / coded.pixels().len() as f64
        };
        let [best, usual, worst] = [100, 50, 5].map(|quality| lost(&format!("jpeg:{quality}")));
        assert!(best < 1e-4 && best < usual && usual < worst && worst < 0.05, "{best} {usual} {worst}");
    }

    #[test]
    fn any_number_of_channels_and_any_side_is_coded() {
        for shape in [[1, 1, 1], [2, 3, 17], [3, 9, 5], [4, 30, 2]] {
            let pixels = vec![0.5; shape.iter().product()];
            let image = Images::new("flat", shape, pixels, None, vec![]).unwrap();
            assert!(done("jpeg:90", &image).pixels().iter().all(|p| (p - 0.5).abs() < 0.02), "{shape:?}");
        }
    }
}
