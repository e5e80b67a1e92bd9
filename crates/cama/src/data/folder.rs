//! Folders of PNG and JPEG images, one sub-folder a class.

use std::fs;
use std::path::{Path, PathBuf};

use image::ImageReader;

use super::Images;
use super::images::sides;
use crate::{Error, Result};

/// Reads a folder of images.
///
/// Each sub-folder is a class, named like it; classes and the images in them are sorted by name. A folder
/// without sub-folders is an unlabelled set. Hidden files and files of other types are passed over. Grey
/// images have one channel and colour images three; transparency is ignored.
pub(super) fn read(name: &str, path: &Path) -> Result<Images> {
    let (folders, loose) = children(path)?;
    let mut stack = Stack::default();
    if folders.is_empty() {
        for image in &loose {
            stack.push(image)?;
        }
        return match stack.first {
            Some((_, shape)) => Ok(Images::trusted(name.to_string(), shape, stack.pixels, None, vec![])),
            None => Err(Error::data(
                path,
                "the data set is empty: no sub-folders and no PNG or JPEG images",
                "give a folder with one sub-folder of images a class, or with images",
            )),
        };
    }
    if let Some(image) = loose.first() {
        let problem = format!("has sub-folders for classes, but also the image {}", image.display());
        return Err(Error::data(path, problem, "move it into the folder of its class"));
    }
    let (mut classes, mut labels) = (Vec::new(), Vec::new());
    for (label, folder) in folders.iter().enumerate() {
        let images = children(folder)?.1;
        if images.is_empty() {
            let problem = "no PNG or JPEG images in the folder of this class";
            return Err(Error::data(folder, problem, "add images or remove the folder"));
        }
        for image in &images {
            stack.push(image)?;
            labels.push(label);
        }
        classes.push(folder.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    let shape = stack.first.map(|(_, shape)| shape).unwrap_or_default();
    Ok(Images::trusted(name.to_string(), shape, stack.pixels, Some(labels), classes))
}

/// Reads one image file as an unlabelled set of one.
pub(super) fn read_one(name: &str, path: &Path) -> Result<Images> {
    let (shape, pixels) = decode(path)?;
    Ok(Images::trusted(name.to_string(), shape, pixels, None, vec![]))
}

/// Whether a file is an image by its name.
pub(super) fn is_image(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// The sub-folders and the images in a folder, sorted by name, without the hidden ones.
fn children(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("read", folder))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    Ok((folders, files.into_iter().filter(|path| is_image(path)).collect()))
}

/// Images of one size, one after another; the first one sets the size.
#[derive(Default)]
struct Stack {
    first: Option<(PathBuf, [usize; 3])>,
    pixels: Vec<f32>,
}

impl Stack {
    fn push(&mut self, path: &Path) -> Result<()> {
        let (shape, pixels) = decode(path)?;
        let (first, wanted) = self.first.get_or_insert_with(|| (path.to_path_buf(), shape));
        if shape != *wanted {
            let problem = format!(
                "an image of {}, but {} is of {} (channels×height×width)",
                sides(shape),
                first.display(),
                sides(*wanted)
            );
            return Err(Error::data(path, problem, "give all images the same size and number of channels"));
        }
        self.pixels.extend(pixels);
        Ok(())
    }
}

/// Shape and pixels `[channel][row][column]` of an image file.
fn decode(path: &Path) -> Result<([usize; 3], Vec<f32>)> {
    let image = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(Error::io("read", path))?
        .decode()
        .map_err(|error| {
            Error::data(path, format!("not a readable PNG or JPEG image ({error})"), "replace or remove it")
        })?;
    let deep = image.color().bytes_per_pixel() / image.color().channel_count() > 1;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let pixels = match (image.color().has_color(), deep) {
        (false, false) => unit(&image.into_luma8(), 255.0),
        (true, false) => planes(&unit(&image.into_rgb8(), 255.0)),
        (false, true) => unit(&image.into_luma16(), 65535.0),
        (true, true) => planes(&unit(&image.into_rgb16(), 65535.0)),
    };
    Ok(([pixels.len() / (width * height), height, width], pixels))
}

/// Samples as numbers in [0, 1].
fn unit<T: Copy + Into<f32>>(samples: &[T], most: f32) -> Vec<f32> {
    samples.iter().map(|sample| (*sample).into() / most).collect()
}

/// `[row][column][channel]` as `[channel][row][column]`, for three channels.
fn planes(pixels: &[f32]) -> Vec<f32> {
    (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3)).copied().collect()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage};

    use super::*;

    fn grey(folder: &Path, name: &str, width: u32, value: u8) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_pixel(width, 2, Luma([value])).save(path).unwrap();
    }

    fn message(folder: &Path) -> String {
        read("bad", folder).unwrap_err().to_string()
    }

    #[test]
    fn sub_folders_are_classes_in_sorted_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for (name, value) in [("b/2.png", 0), ("b/1.PNG", 51), ("a/x.png", 255), ("a/.hidden.png", 9)] {
            grey(path, name, 3, value);
        }
        fs::write(path.join("README"), "words").unwrap();
        fs::write(path.join("a/Thumbs.db"), "words").unwrap();
        let images = read("name", path).unwrap();
        assert_eq!((images.name(), images.shape(), images.len()), ("name", [1, 2, 3], 3));
        assert_eq!(
            (images.classes(), images.labels()),
            (&["a".into(), "b".into()][..], Some(&[0, 1, 1][..]))
        );
        let firsts: Vec<f32> = (0..3).map(|i| images.image(i)[0]).collect();
        assert_eq!(firsts, [1.0, 0.2, 0.0]);
    }

    #[test]
    fn a_flat_folder_is_unlabelled_and_one_file_is_one_image() {
        let folder = tempfile::tempdir().unwrap();
        grey(folder.path(), "2.png", 3, 0);
        grey(folder.path(), "1.jpeg", 3, 255);
        let images = read("flat", folder.path()).unwrap();
        assert_eq!((images.len(), images.labels(), images.image(0)[0]), (2, None, 1.0));
        let one = read_one("one", &folder.path().join("1.jpeg")).unwrap();
        assert_eq!((one.len(), one.shape(), one.image(0)), (1, [1, 2, 3], images.image(0)));
    }

    #[test]
    fn colour_depth_and_transparency() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let colour =
            RgbImage::from_fn(2, 1, |x, _| if x == 0 { Rgb([0, 51, 255]) } else { Rgb([255, 0, 51]) });
        colour.save(path("rgb.png")).unwrap();
        assert_eq!(decode(&path("rgb.png")).unwrap(), ([3, 1, 2], vec![0.0, 1.0, 0.2, 0.0, 1.0, 0.2]));
        let deep = ImageBuffer::<Luma<u16>, _>::from_pixel(1, 1, Luma([13107]));
        deep.save(path("deep.png")).unwrap();
        assert_eq!(decode(&path("deep.png")).unwrap(), ([1, 1, 1], vec![0.2]));
        let clear = ImageBuffer::<LumaA<u8>, _>::from_pixel(1, 1, LumaA([51, 0]));
        clear.save(path("clear.png")).unwrap();
        assert_eq!(decode(&path("clear.png")).unwrap(), ([1, 1, 1], vec![0.2]));
    }

    #[test]
    fn unusable_folders_say_which_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(message(path).contains("the data set is empty"));
        fs::create_dir_all(path.join("b")).unwrap();
        let text = message(path);
        assert!(text.contains("b: no PNG or JPEG images in the folder of this class"), "{text}");
        grey(path, "b/1.png", 3, 0);
        grey(path, "b/2.png", 4, 0);
        let text = message(path);
        assert!(
            text.contains("2.png: an image of 1×2×4, but") && text.contains("1.png is of 1×2×3"),
            "{text}"
        );
        RgbImage::new(3, 2).save(path.join("b/2.png")).unwrap();
        let text = message(path);
        assert!(text.contains("2.png: an image of 3×2×3, but"), "{text}");
        let png = fs::read(path.join("b/1.png")).unwrap();
        for bad in [&b"words"[..], &png[..png.len() / 2], &[]] {
            fs::write(path.join("b/2.png"), bad).unwrap();
            let text = message(path);
            assert!(text.contains("2.png: not a readable PNG or JPEG image"), "{text}");
        }
        grey(path, "loose.png", 3, 0);
        assert!(message(path).contains("also the image"), "{}", message(path));
    }
}
