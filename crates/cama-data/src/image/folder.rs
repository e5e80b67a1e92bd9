//! Folders of PNG and JPEG images, one sub-folder a class.

use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use image::ImageReader;

use super::images::sides;
use super::passage::{Labels, Opened, Passage, Taker};
use crate::{Error, Result};

/// Names of files or folders.
type Names = Vec<Box<OsStr>>;

/// Image files, read anew in every passage.
struct Files {
    /// The folders that they are in, and their names, folder by folder: names alone, as there may be very many.
    folders: Vec<PathBuf>,
    files: Vec<(u32, Box<OsStr>)>,
    /// Whether each folder is one class.
    by_class: bool,
    /// What all must have: that of the first.
    shape: [usize; 3],
}

/// Opens a folder of images.
///
/// Each sub-folder is a class, named like it; classes and the images in them are sorted by name. A folder
/// without sub-folders is an unlabelled set. Hidden files and files of other types are passed over. Grey
/// images have one channel and colour images three; transparency is ignored.
pub(super) fn open(path: &Path) -> Result<Opened> {
    let (folders, loose) = children(path)?;
    if folders.is_empty() {
        if loose.is_empty() {
            return Err(Error::data(
                path,
                "the data set is empty: no sub-folders and no PNG or JPEG images",
                "give a folder with one sub-folder of images a class, or with images",
            ));
        }
        let files = loose.into_iter().map(|name| (0, name)).collect();
        return Files::open(vec![path.to_path_buf()], files, None, vec![]);
    }
    if let Some(image) = loose.first() {
        let problem =
            format!("has sub-folders for classes, but also the image {}", path.join(&**image).display());
        return Err(Error::data(path, problem, "move it into the folder of its class"));
    }
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    let paths: Vec<PathBuf> = folders.iter().map(|name| path.join(&**name)).collect();
    for (at, folder) in paths.iter().enumerate() {
        let images = children(folder)?.1;
        if images.is_empty() {
            let problem = "no PNG or JPEG images in the folder of this class";
            return Err(Error::data(folder, problem, "add images or remove the folder"));
        }
        let label = u16::try_from(at).map_err(|_| {
            Error::data(path, "has more than 65536 folders of classes", "give one folder a class")
        })?;
        labels.extend(images.iter().map(|_| label));
        files.extend(images.into_iter().map(|name| (u32::from(label), name)));
    }
    let classes = folders.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    Files::open(paths, files, Some(Labels::Listed(labels)), classes)
}

/// Opens one image file as an unlabelled set of one.
pub(super) fn open_one(path: &Path) -> Result<Opened> {
    let name = path.file_name().unwrap_or_default().into();
    Files::open(vec![path.parent().unwrap_or(Path::new("")).into()], vec![(0, name)], None, vec![])
}

impl Files {
    fn open(
        folders: Vec<PathBuf>,
        files: Vec<(u32, Box<OsStr>)>,
        labels: Option<Labels>,
        classes: Vec<String>,
    ) -> Result<Opened> {
        let mut all = Files { folders, files, by_class: labels.is_some(), shape: [0; 3] };
        all.shape = decode(&all.path(0))?.0;
        Ok(Opened { shape: all.shape, len: all.files.len(), labels, classes, passage: Box::new(all) })
    }

    fn path(&self, i: usize) -> PathBuf {
        let (folder, name) = &self.files[i];
        self.folders[*folder as usize].join(&**name)
    }
}

impl Passage for Files {
    fn name(&self, i: usize) -> Option<String> {
        let (folder, name) = &self.files[i];
        let name = name.to_string_lossy();
        // What was opened is the folder itself, or holds one for each class.
        Some(match (self.by_class, self.folders[*folder as usize].file_name()) {
            (true, Some(class)) => format!("{}/{name}", class.to_string_lossy()),
            _ => name.into_owned(),
        })
    }

    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        for i in range {
            let path = self.path(i);
            let (shape, pixels) = decode(&path)?;
            if shape != self.shape {
                let problem = format!(
                    "an image of {}, but {} is of {} (channels×height×width)",
                    sides(shape),
                    self.path(0).display(),
                    sides(self.shape)
                );
                let remedy = "give all images the same size and number of channels";
                return Err(Error::data(path, problem, remedy));
            }
            if take(&pixels).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Whether a file is an image by its name.
pub(super) fn is_image(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// The names of the sub-folders and of the images in a folder, sorted, without the hidden ones.
fn children(folder: &Path) -> Result<(Names, Names)> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let (mut folders, mut images) = (Vec::new(), Vec::new());
    for entry in entries {
        let name = entry.map_err(Error::io("read", folder))?.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match folder.join(&name).is_dir() {
            true => folders.push(name.into_boxed_os_str()),
            false if is_image(Path::new(&name)) => images.push(name.into_boxed_os_str()),
            false => {}
        }
    }
    folders.sort_unstable();
    images.sort_unstable();
    Ok((folders, images))
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

    use super::super::{Images, load};
    use super::*;

    fn read(path: &Path) -> Result<Images> {
        load(path.to_str().unwrap())
    }

    fn grey(folder: &Path, name: &str, width: u32, value: u8) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_pixel(width, 2, Luma([value])).save(path).unwrap();
    }

    fn message(folder: &Path) -> String {
        read(folder).unwrap_err().to_string()
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
        let images = read(path).unwrap();
        assert_eq!((images.shape(), images.len()), ([1, 2, 3], 3));
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
        let images = read(folder.path()).unwrap();
        assert_eq!((images.len(), images.labels(), images.image(0)[0]), (2, None, 1.0));
        let one = read(&folder.path().join("1.jpeg")).unwrap();
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
