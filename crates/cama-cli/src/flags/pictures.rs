//! Flags that say how images are read.

use cama::data::{BACKGROUND, Fit, ImageOptions, Size};
use clap::Args;

use super::overlay::refuse;

/// How images are read.
#[derive(Args, Default)]
#[command(next_help_heading = "Images")]
pub struct PictureFlags {
    /// Resize all images to this height and width in pixels, by averaging areas; one number for both. A model keeps it, and
    /// what it reads later is resized in the same way. Pictures of different sizes get their median size, at most 64, unless
    /// given.
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<Size>,
    /// The grey level, from 0 (black) to 1 (white), that transparent images are laid on; white, or what the model keeps,
    /// unless given.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub background: Option<f32>,
    /// The number that is white in pictures of 16 bits, and in NPY and NPZ arrays of other types than bytes, such as 4095 where a
    /// sensor has 12 bits; unless given what the model keeps, or 65535, in arrays the first of 1, 255 and 65535 that is enough.
    #[arg(long, value_name = "NUMBER", value_parser = white)]
    pub white: Option<f64>,
    /// The array of an NPZ file that holds the images; unless given `x`, `x_train`, `train_images`, `images`, `data`, `arr_0`,
    /// or the only one that can.
    #[arg(long, value_name = "ARRAY")]
    pub x: Option<String>,
    /// The array of an NPZ file that holds the labels; unless given the one whose name goes with that of the images.
    #[arg(long, value_name = "ARRAY")]
    pub y: Option<String>,
}

impl PictureFlags {
    /// How to read the images that a model is to be trained on.
    pub fn options(&self) -> ImageOptions {
        ImageOptions {
            x: self.x.clone(),
            y: self.y.clone(),
            fit: self.size.map_or(Fit::Common, Fit::Size),
            background: self.background.unwrap_or(BACKGROUND),
            white: self.white,
            usual_white: None,
            usual_was_told: false,
        }
    }

    /// Errors if one of them is given for data that is no images.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`](cama::Error::Spec), which names the flag.
    pub fn refuse_for_tables(&self) -> cama::Result<()> {
        let given = [
            ("size", self.size.is_some()),
            ("background", self.background.is_some()),
            ("white", self.white.is_some()),
            ("x", self.x.is_some()),
            ("y", self.y.is_some()),
        ];
        refuse("tables", &given)
    }
}

fn size(text: &str) -> Result<Size, String> {
    text.parse().map_err(|error: cama::Error| error.to_string())
}

fn level(text: &str) -> Result<f32, String> {
    let level = match text {
        "white" => Some(1.0),
        "black" => Some(0.0),
        number => number.parse().ok().filter(|level| (0.0..=1.0).contains(level)),
    };
    level.ok_or_else(|| "write a grey level from 0 to 1, `black` or `white`".to_string())
}

/// What can be white: beyond it numbers of 32 bits know no grey.
const WHITE: std::ops::RangeInclusive<f64> = 1e-6..=1e12;

fn white(text: &str) -> Result<f64, String> {
    let white = text.parse().ok().filter(|white: &f64| WHITE.contains(white));
    white.ok_or_else(|| "write a positive number, such as 4095".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backgrounds_are_grey_levels() {
        assert_eq!((level("white"), level("0.5"), level("black")), (Ok(1.0), Ok(0.5), Ok(0.0)));
        for bad in ["red", "2", "-1", "NaN", ""] {
            assert!(level(bad).is_err(), "{bad}");
        }
        assert_eq!(white("4095"), Ok(4095.0));
        assert!(["0", "-1", "NaN", "inf", "bright", "1e-50", "1e300"].iter().all(|bad| white(bad).is_err()));
    }
}
