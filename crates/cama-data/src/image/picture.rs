//! One picture from a file: upright, without transparency, as planes of numbers.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

use crate::{Error, Result};

/// The formats that are read, in words.
pub(super) const FORMATS: &str = "PNG, JPEG, WebP, BMP or TIFF";

/// What the header of a file says.
pub(super) struct Look {
    /// `[channels, height, width]` once it is upright.
    pub(super) shape: [usize; 3],
    /// Whether it has transparency.
    pub(super) transparent: bool,
    /// Whether its samples have 16 bits.
    pub(super) deep: bool,
    /// Whether it is stored in another position than it is to be looked at.
    pub(super) turned: bool,
    /// Whether more pages (TIFF) or frames (WebP) follow the one that is read.
    pub(super) more: bool,
}

/// Reads the header of a file.
pub(super) fn look(path: &Path) -> Result<Look> {
    let reader = reader(path)?;
    let format = reader.format();
    let mut decoder = reader.into_decoder().map_err(unreadable(path))?;
    let (width, height) = decoder.dimensions();
    let orientation = orientation(&mut decoder);
    let colour = decoder.color_type();
    let [height, width] = match turns_on_its_side(orientation) {
        true => [width, height],
        false => [height, width],
    };
    let channels = if colour.has_color() { 3 } else { 1 };
    check_samples(colour).map_err(unreadable(path))?;
    Ok(Look {
        shape: [channels, height as usize, width as usize],
        transparent: has_alpha(colour),
        deep: is_deep(colour),
        turned: orientation != Orientation::NoTransforms,
        more: has_more(path, format).map_err(unreadable(path))?,
    })
}

/// Whether a file holds more pictures than the one that is read; of a format that can.
fn has_more(path: &Path, format: Option<ImageFormat>) -> ImageResult<bool> {
    let file = || File::open(path).map(BufReader::new);
    match format {
        Some(ImageFormat::WebP) => Ok(WebPDecoder::new(file()?)?.has_animation()),
        // What is wrong with it was found by the decoder of the picture.
        Some(ImageFormat::Tiff) => {
            Ok(tiff::decoder::Decoder::new(file()?).is_ok_and(|decoder| decoder.more_images()))
        }
        _ => Ok(false),
    }
}

/// Errors if samples are floats: no file says which of them is white.
fn check_samples(colour: ColorType) -> ImageResult<()> {
    use image::error::{UnsupportedError, UnsupportedErrorKind};
    match colour {
        ColorType::Rgb32F | ColorType::Rgba32F => {
            let kind = "its samples are floats".to_string();
            let kind = UnsupportedErrorKind::GenericFeature(kind);
            let format = image::error::ImageFormatHint::Exact(ImageFormat::Tiff);
            Err(image::ImageError::Unsupported(UnsupportedError::from_format_and_kind(format, kind)))
        }
        _ => Ok(()),
    }
}

/// Which grey levels are meant by what a file holds.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    /// The grey level that what is transparent lies on.
    pub(super) background: f32,
    /// The number that is white in samples of 16 bits.
    pub(super) white: f32,
}

/// The most that samples of 16 bits hold.
const DEEP_WHITE: f32 = 65535.0;

impl Levels {
    /// What is transparent lies on this background, and the most that samples hold is white.
    pub(super) fn on(background: f32) -> Self {
        Self { background, white: DEEP_WHITE }
    }

    /// Whether the most that samples hold is white.
    pub(super) fn is_usual(self) -> bool {
        self.white == DEEP_WHITE
    }
}

/// Shape and pixels `[channel][row][column]` of an image file.
pub(super) fn decode(path: &Path, levels: Levels) -> Result<([usize; 3], Vec<f32>)> {
    let Levels { background, white } = levels;
    let upright = || -> ImageResult<DynamicImage> {
        let mut decoder = reader_of(path)?.into_decoder()?;
        let orientation = orientation(&mut decoder);
        check_samples(decoder.color_type())?;
        // The decoder reserves what the header says, whatever comes behind it.
        Limits::default().reserve(decoder.total_bytes())?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    };
    let image = upright().map_err(unreadable(path))?;
    let colour = image.color();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let pixels = match (colour.has_color(), is_deep(colour), has_alpha(colour)) {
        (false, false, false) => unit(&image.into_luma8(), 255.0),
        (true, false, false) => planes(&unit(&image.into_rgb8(), 255.0), 3),
        (false, true, false) => unit(&image.into_luma16(), white),
        (true, true, false) => planes(&unit(&image.into_rgb16(), white), 3),
        (false, false, true) => laid(&unit(&image.into_luma_alpha8(), 255.0), 1, background),
        (true, false, true) => laid(&unit(&image.into_rgba8(), 255.0), 3, background),
        (false, true, true) => laid(&opaque(&image.into_luma_alpha16(), 1, white), 1, background),
        (true, true, true) => laid(&opaque(&image.into_rgba16(), 3, white), 3, background),
    };
    if let Some(bright) = pixels.iter().find(|pixel| **pixel > 1.0) {
        let problem = format!("a pixel is {}, brighter than white, {white}", (bright * white).round());
        return Err(Error::data(path, problem, "give what is white by --white"));
    }
    Ok(([pixels.len() / (width * height), height, width], pixels))
}

fn reader_of(path: &Path) -> ImageResult<ImageReader<BufReader<File>>> {
    Ok(ImageReader::open(path)?.with_guessed_format()?)
}

fn reader(path: &Path) -> Result<ImageReader<BufReader<File>>> {
    reader_of(path).map_err(unreadable(path))
}

/// How the file says that it is to be turned; a damaged note of that is no reason not to show the picture.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn turns_on_its_side(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn has_alpha(colour: ColorType) -> bool {
    colour.has_alpha()
}

fn is_deep(colour: ColorType) -> bool {
    colour.bytes_per_pixel() / colour.channel_count() > 1
}

fn unreadable(path: &Path) -> impl FnOnce(image::ImageError) -> Error {
    move |error| match error {
        image::ImageError::IoError(error) if error.raw_os_error().is_some() => Error::io("read", path)(error),
        image::ImageError::Unsupported(what) => {
            let problem = format!("an image of a kind that is not read ({what})");
            Error::data(path, problem, "save it in grey or colour with 8 or 16 bits, or as an array in NPZ")
        }
        error => {
            let problem = format!("not a readable {FORMATS} image ({error})");
            Error::data(path, problem, "replace or remove it")
        }
    }
}

/// Samples as numbers in [0, 1].
fn unit<T: Copy + Into<f32>>(samples: &[T], most: f32) -> Vec<f32> {
    samples.iter().map(|sample| (*sample).into() / most).collect()
}

/// The same of pixels of so many channels and their opacity, which goes to what 16 bits hold, whatever is white.
fn opaque(samples: &[u16], channels: usize, white: f32) -> Vec<f32> {
    let most = |at: usize| if at % (channels + 1) == channels { DEEP_WHITE } else { white };
    samples.iter().enumerate().map(|(at, sample)| f32::from(*sample) / most(at)).collect()
}

/// `[row][column][channel]` as `[channel][row][column]`.
fn planes(pixels: &[f32], channels: usize) -> Vec<f32> {
    (0..channels).flat_map(|channel| pixels.iter().skip(channel).step_by(channels)).copied().collect()
}

/// The same for pixels of so many channels and their opacity, laid on a background.
fn laid(pixels: &[f32], channels: usize, background: f32) -> Vec<f32> {
    let on_background = |pixel: &[f32]| {
        let opacity = pixel[channels];
        pixel[..channels]
            .iter()
            .map(|value| opacity * value + (1.0 - opacity) * background)
            .collect::<Vec<f32>>()
    };
    planes(&pixels.chunks_exact(channels + 1).flat_map(on_background).collect::<Vec<f32>>(), channels)
}

#[cfg(test)]
mod tests;
