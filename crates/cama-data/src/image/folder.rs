//! Folders of image files, one sub-folder a class.

use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::images::sides;
use super::options::{Fit, ImageOptions};
use super::passage::{Labels, Opened, Passage, Taker};
use super::picture::{self, FORMATS, Look};
use super::prepare::prepared;
use crate::{Error, Result};

/// Names of files or folders.
type Names = Vec<Box<OsStr>>;

/// Endings of the formats that are read.
const ENDINGS: [&str; 7] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"];

/// Endings of pictures that are not read: they are told, where other files are passed over in silence.
const OTHERS: [&str; 14] =
    ["heic", "heif", "avif", "gif", "jp2", "dcm", "svg", "psd", "raw", "dng", "cr2", "nef", "arw", "ico"];

/// Folders that other programs leave behind.
const LEFT_BEHIND: [&str; 3] = ["__MACOSX", "@eaDir", "$RECYCLE.BIN"];

/// Files that each thread decodes before what was decoded is handed over.
const FILES_A_THREAD: usize = 4;

/// The longer side, in pixels, that pictures of different sizes have at most once they are made alike.
const MOST_SIDE: usize = 64;

/// Image files, read anew in every passage.
struct Files {
    /// The folders that they are in, and their names, folder by folder: names alone, as there may be very many.
    folders: Vec<PathBuf>,
    files: Vec<(u32, Box<OsStr>)>,
    /// Whether each folder is one class.
    by_class: bool,
    /// What all have, or get.
    shape: [usize; 3],
    /// Whether they are made so, if they are not.
    fits: bool,
    background: f32,
}

/// Opens a folder of images.
///
/// Each sub-folder is a class, named like it; classes and the images in them are sorted by name. A folder
/// without sub-folders is an unlabelled set. Hidden files, files of other types and what other programs leave behind are
/// passed over. Grey images have one channel and colour images three; they are turned as their files say, and what is
/// transparent lies on a background.
pub(super) fn open(path: &Path, options: &ImageOptions) -> Result<Opened> {
    let Children { folders, images: loose, other } = children(path)?;
    if folders.is_empty() {
        if loose.is_empty() {
            let problem = match other {
                Some(other) => format!("the data set is empty: no images that can be read, but {other}"),
                None => format!("the data set is empty: no sub-folders and no {FORMATS} images"),
            };
            let remedy = "give a folder with one sub-folder of images a class, or with images";
            return Err(Error::data(path, problem, remedy));
        }
        let files = loose.into_iter().map(|name| (0, name)).collect();
        return Files::open(vec![path.to_path_buf()], files, None, vec![], other, options);
    }
    if let Some(image) = loose.first() {
        let problem =
            format!("has sub-folders for classes, but also the image {}", path.join(&**image).display());
        return Err(Error::data(path, problem, "move it into the folder of its class"));
    }
    let (mut files, mut labels, mut passed_over) = (Vec::new(), Vec::new(), None);
    let paths: Vec<PathBuf> = folders.iter().map(|name| path.join(&**name)).collect();
    for (at, folder) in paths.iter().enumerate() {
        let Children { images, other, .. } = children(folder)?;
        if images.is_empty() {
            let but = other.map(|other| format!(", but {other}")).unwrap_or_default();
            let problem = format!("no {FORMATS} images in the folder of this class{but}");
            return Err(Error::data(folder, problem, "add images or remove the folder"));
        }
        let label = u16::try_from(at).map_err(|_| {
            Error::data(path, "has more than 65536 folders of classes", "give one folder a class")
        })?;
        labels.extend(images.iter().map(|_| label));
        files.extend(images.into_iter().map(|name| (u32::from(label), name)));
        passed_over = passed_over.or(other);
    }
    let classes = folders.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    Files::open(paths, files, Some(Labels::Listed(labels)), classes, passed_over, options)
}

/// Opens one image file as an unlabelled set of one.
pub(super) fn open_one(path: &Path, options: &ImageOptions) -> Result<Opened> {
    let folder = path.parent().unwrap_or(Path::new("")).into();
    let name = path.file_name().unwrap_or_default().into();
    Files::open(vec![folder], vec![(0, name)], None, vec![], None, options)
}

impl Files {
    fn open(
        folders: Vec<PathBuf>,
        files: Vec<(u32, Box<OsStr>)>,
        labels: Option<Labels>,
        classes: Vec<String>,
        other: Option<String>,
        options: &ImageOptions,
    ) -> Result<Opened> {
        let (by_class, background) = (labels.is_some(), options.background);
        let mut all = Files { folders, files, by_class, shape: [0; 3], fits: false, background };
        let (notice, changed) = all.decide(options.fit)?;
        let notices = notice.into_iter().chain(other.map(|other| format!("passed over: {other}"))).collect();
        let (shape, len) = (all.shape, all.files.len());
        Ok(Opened { shape, len, labels, classes, passage: Box::new(all), notices, changed })
    }

    fn path(&self, i: usize) -> PathBuf {
        let (folder, name) = &self.files[i];
        self.folders[*folder as usize].join(&**name)
    }

    /// The pixels of image `i`, of the shape of all.
    fn decode(&self, i: usize) -> Result<Vec<f32>> {
        let path = self.path(i);
        let (shape, pixels) = picture::decode(&path, self.background)?;
        match shape == self.shape {
            true => Ok(pixels),
            false if self.fits => Ok(prepared(&pixels, shape, self.shape)),
            false => {
                let problem = format!(
                    "an image of {}, but {} is of {} (channels×height×width)",
                    sides(shape),
                    self.path(0).display(),
                    sides(self.shape)
                );
                let remedy = "give all images the same size and number of channels, or resize them with --size HEIGHTxWIDTH";
                Err(Error::data(path, problem, remedy))
            }
        }
    }

    /// Decides on the shape of all, and says in words what is done to those of others, and whether something may be.
    fn decide(&mut self, fit: Fit) -> Result<(Option<String>, bool)> {
        let first = picture::look(&self.path(0))?;
        self.fits = fit != Fit::Refuse;
        self.shape = first.shape;
        let made = match fit {
            Fit::Refuse => return Ok((None, false)),
            Fit::Shape(shape) => {
                self.shape = shape;
                let resized = (first.shape != shape).then(|| {
                    format!(
                        "pictures of other sizes, as the first of {}, are made {}",
                        sides(first.shape),
                        sides(shape)
                    )
                });
                let more = first.more.then(|| "of files with more pages or frames the first is read".into());
                let said: Vec<String> = resized.into_iter().chain(more).collect();
                return Ok(((!said.is_empty()).then(|| said.join("; ")), true));
            }
            Fit::Common | Fit::Size(_) => self.survey()?,
        };
        let [_, height, width] = match fit {
            Fit::Size(size) => [0, size.height, size.width],
            _ => made.common,
        };
        self.shape = [made.common[0], height, width];
        let uneven = !made.alike || (made.coloured > 0 && made.coloured < made.all);
        let changed = uneven || made.transparent > 0 || fit != Fit::Common;
        Ok((made.notice(self.shape, fit), changed))
    }

    /// Looks at the headers of all files.
    fn survey(&self) -> Result<Survey> {
        let looks: Vec<Look> =
            (0..self.files.len()).map(|i| picture::look(&self.path(i))).collect::<Result<_>>()?;
        let sorted = |side: fn(&Look) -> usize| {
            let mut sides: Vec<usize> = looks.iter().map(side).collect();
            sides.sort_unstable();
            sides
        };
        let (heights, widths) = (sorted(|look| look.shape[1]), sorted(|look| look.shape[2]));
        let middle = |sides: &[usize]| sides[sides.len() / 2];
        let ends = |sides: &[usize]| [sides[0], sides[sides.len() - 1]];
        let coloured = looks.iter().filter(|look| look.shape[0] == 3).count();
        let alike = ends(&heights)[0] == ends(&heights)[1] && ends(&widths)[0] == ends(&widths)[1];
        let mut size = [middle(&heights), middle(&widths)];
        let longest = size[0].max(size[1]);
        if !alike && longest > MOST_SIDE {
            let scaled = |side: usize| ((side * MOST_SIDE) as f64 / longest as f64).round().max(1.0) as usize;
            size = size.map(scaled);
        }
        Ok(Survey {
            common: [if coloured > 0 { 3 } else { 1 }, size[0], size[1]],
            alike,
            smallest: [ends(&heights)[0], ends(&widths)[0]],
            largest: [ends(&heights)[1], ends(&widths)[1]],
            coloured,
            transparent: looks.iter().filter(|look| look.transparent).count(),
            turned: looks.iter().filter(|look| look.turned).count(),
            more: looks.iter().filter(|look| look.more).count(),
            all: looks.len(),
            background: self.background,
        })
    }
}

/// What the headers of all files say.
struct Survey {
    /// `[channels, height, width]` that suits most.
    common: [usize; 3],
    /// Whether all have one size.
    alike: bool,
    smallest: [usize; 2],
    largest: [usize; 2],
    coloured: usize,
    transparent: usize,
    turned: usize,
    more: usize,
    all: usize,
    background: f32,
}

impl Survey {
    /// What is done to the pictures, in words.
    fn notice(&self, [_, height, width]: [usize; 3], fit: Fit) -> Option<String> {
        let [Self { smallest, largest, coloured, transparent, turned, more, all, .. }] = [self];
        let mut said = Vec::new();
        if !self.alike {
            let chosen = if fit == Fit::Common { "; --size chooses another size" } else { "" };
            said.push(format!(
                "pictures of {}×{} to {}×{} (height×width) are made {height}×{width}{chosen}",
                smallest[0], smallest[1], largest[0], largest[1]
            ));
        }
        if *coloured > 0 && coloured < all {
            said.push(format!(
                "{} of {all} are grey and get three equal channels beside colour",
                all - coloured
            ));
        }
        if *transparent > 0 {
            let ground = match self.background {
                1.0 => "white".to_string(),
                0.0 => "black".to_string(),
                level => format!("the grey level {level}"),
            };
            said.push(format!(
                "{transparent} of {all} may be transparent and lie on {ground} (--background)"
            ));
        }
        if *turned > 0 {
            said.push(format!("{turned} of {all} are turned as their files say (EXIF)"));
        }
        if *more > 0 {
            said.push(format!("{more} of {all} hold more pages or frames, of which the first is read"));
        }
        (!said.is_empty()).then(|| said.join("; "))
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
        let indices: Vec<usize> = range.collect();
        // Files are decoded by all threads, and handed over in their order.
        for indices in indices.chunks(FILES_A_THREAD * rayon::current_num_threads()) {
            let decoded: Vec<_> = indices.par_iter().map(|&i| self.decode(i)).collect();
            for pixels in decoded {
                if take(&pixels?).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Whether a file is an image by its name.
pub(super) fn is_image(path: &Path) -> bool {
    ends_in(path, &ENDINGS)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .is_some_and(|extension| endings.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// What is in a folder, the hidden left out.
struct Children {
    /// The names of the sub-folders and of the images, sorted.
    folders: Names,
    images: Names,
    /// Pictures that cannot be read: how many and the first, in words.
    other: Option<String>,
}

fn children(folder: &Path) -> Result<Children> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let (mut folders, mut images, mut others) = (Names::new(), Names::new(), Names::new());
    for entry in entries {
        let name = entry.map_err(Error::io("read", folder))?.file_name();
        if name.as_encoded_bytes().starts_with(b".") || LEFT_BEHIND.iter().any(|left| name == *left) {
            continue;
        }
        let path = Path::new(&name);
        match folder.join(&name).is_dir() {
            true => folders.push(name.into_boxed_os_str()),
            false if is_image(path) => images.push(name.into_boxed_os_str()),
            false if ends_in(path, &OTHERS) => others.push(name.into_boxed_os_str()),
            false => {}
        }
    }
    [&mut folders, &mut images, &mut others].into_iter().for_each(|names| names.sort_unstable());
    let other = others.first().map(|first| {
        let first = folder.join(&**first);
        match others.len() {
            1 => format!("{} is of a format that is not read", first.display()),
            n => format!("{n} files of formats that are not read, as {}", first.display()),
        }
    });
    Ok(Children { folders, images, other })
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage};

    use super::super::{ImageBatches, Images, load};
    use super::picture::decode;
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
        let known = ([3, 1, 2], vec![0.0, 1.0, 0.2, 0.0, 1.0, 0.2]);
        assert_eq!(decode(&path("rgb.png"), 1.0).unwrap(), known);
        for name in ["rgb.webp", "rgb.bmp", "rgb.tif"] {
            colour.save(path(name)).unwrap();
            assert_eq!(decode(&path(name), 1.0).unwrap(), known, "{name}");
        }
        let deep = ImageBuffer::<Luma<u16>, _>::from_pixel(1, 1, Luma([13107]));
        deep.save(path("deep.png")).unwrap();
        assert_eq!(decode(&path("deep.png"), 1.0).unwrap(), ([1, 1, 1], vec![0.2]));
        for (alpha, background, seen) in [(0, 1.0, 1.0), (0, 0.0, 0.0), (255, 1.0, 0.2), (51, 0.0, 0.04)] {
            let clear = ImageBuffer::<LumaA<u8>, _>::from_pixel(1, 1, LumaA([51, alpha]));
            clear.save(path("clear.png")).unwrap();
            let (shape, pixels) = decode(&path("clear.png"), background).unwrap();
            assert!(
                shape == [1, 1, 1] && (pixels[0] - seen).abs() < 1e-6,
                "{alpha} {background}: {pixels:?}"
            );
        }
    }

    /// A JPEG file of 4×2 pixels, dark on the left, that says how it is to be turned.
    fn photograph(path: &Path, orientation: u8) {
        let image = GrayImage::from_fn(8, 4, |x, _| Luma([if x < 4 { 10 } else { 245 }]));
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 100);
        image.write_with_encoder(encoder).unwrap();
        // EXIF, TIFF 6.0 with one entry: 0x0112, a short.
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        let length = (exif.len() + 2) as u16;
        let segment = [&[0xff, 0xe1][..], &length.to_be_bytes(), &exif].concat();
        fs::write(path, [&jpeg[..2], &segment, &jpeg[2..]].concat()).unwrap();
    }

    #[test]
    fn pictures_are_turned_as_their_files_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        // The dark half is left, right, at the top and at the bottom.
        for (orientation, shape, dark) in
            [(1, [1, 4, 8], [1, 1]), (3, [1, 4, 8], [1, 6]), (6, [1, 8, 4], [1, 1]), (8, [1, 8, 4], [6, 1])]
        {
            photograph(&path, orientation);
            let (decoded, pixels) = decode(&path, 1.0).unwrap();
            assert_eq!((decoded, picture::look(&path).unwrap().shape), (shape, shape), "{orientation}");
            let [row, column] = dark;
            let (light_row, light_column) = (shape[1] - 1 - row, shape[2] - 1 - column);
            assert!(pixels[row * shape[2] + column] < 0.2, "{orientation}");
            let opposite =
                if shape[1] == 4 { row * shape[2] + light_column } else { light_row * shape[2] + column };
            assert!(pixels[opposite] > 0.8, "{orientation}");
        }
        let images = read(folder.path()).unwrap();
        assert_eq!(images.shape(), [1, 8, 4]);
    }

    fn open_with(folder: &Path, fit: Fit) -> ImageBatches {
        let options = ImageOptions { fit, ..ImageOptions::default() };
        ImageBatches::open_with(folder.to_str().unwrap(), &options).unwrap()
    }

    #[test]
    fn pictures_of_any_size_and_colour_are_made_alike_with_a_notice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for (name, width) in [("a/1.png", 3), ("a/2.png", 5), ("b/3.png", 5)] {
            grey(path, name, width, 51);
        }
        let batches = open_with(path, Fit::Common);
        let told = "pictures of 2×3 to 2×5 (height×width) are made 2×5; --size chooses another size";
        assert_eq!((batches.shape(), batches.notices()), ([1, 2, 5], &[told.to_string()][..]));
        assert!(batches.read().unwrap().pixels().iter().all(|pixel| (pixel - 0.2).abs() < 1e-6));
        let kept = batches.preparation().unwrap();
        assert_eq!((kept.shape, kept.background), ([1, 2, 5], 1.0));
        // As a model that was trained on these reads others.
        let again = ImageOptions::as_prepared(&kept);
        let others = ImageBatches::open_with(path.join("a").to_str().unwrap(), &again).unwrap();
        assert_eq!(others.read().unwrap().image(1), batches.read().unwrap().image(1));
        assert!(
            others.notices()[0].contains("as the first of 1×2×3, are made 1×2×5"),
            "{:?}",
            others.notices()
        );

        RgbImage::from_pixel(4, 2, Rgb([255, 0, 0])).save(path.join("b/4.png")).unwrap();
        ImageBuffer::from_pixel(4, 2, LumaA([0u8, 0])).save(path.join("b/5.png")).unwrap();
        let batches = open_with(path, Fit::Size("6x8".parse().unwrap()));
        assert_eq!(batches.shape(), [3, 6, 8]);
        let told = batches.notices().concat();
        assert!(told.contains("4 of 5 are grey and get three equal channels beside colour"), "{told}");
        assert!(told.contains("1 of 5 may be transparent and lie on white (--background)"), "{told}");
        let images = batches.read().unwrap();
        assert_eq!((images.image(3)[0], images.image(3)[48], images.image(4)[0]), (1.0, 0.0, 1.0));
        // Large ones get a moderate size.
        grey(path, "a/large.png", 4000, 9);
        grey(path, "b/large.png", 3000, 9);
        grey(path, "b/larger.png", 3000, 9);
        fs::remove_file(path.join("a/1.png")).unwrap();
        fs::remove_file(path.join("a/2.png")).unwrap();
        assert_eq!(open_with(path, Fit::Common).shape(), [3, 1, 64]);
        // All alike: nothing is done, and nothing said.
        let batches = open_with(&path.join("a"), Fit::Common);
        assert_eq!(
            (batches.shape(), batches.notices().len(), batches.preparation()),
            ([1, 2, 4000], 0, None)
        );
    }

    #[test]
    fn what_other_programs_leave_behind_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        grey(path, "a/1.png", 3, 0);
        fs::create_dir_all(path.join("__MACOSX/a")).unwrap();
        for name in ["__MACOSX/a/._1.png", ".DS_Store", "a/.DS_Store", "a/Thumbs.db", "a/._1.png", "a/2.HEIC"]
        {
            fs::write(path.join(name), "words").unwrap();
        }
        let batches = open_with(path, Fit::Refuse);
        assert_eq!((batches.len(), batches.read().unwrap().classes()), (1, &["a".to_string()][..]));
        let told = batches.notices().concat();
        assert!(
            told.starts_with("passed over: ") && told.ends_with("2.HEIC is of a format that is not read"),
            "{told}"
        );
        fs::remove_file(path.join("a/1.png")).unwrap();
        assert!(message(path).contains("in the folder of this class, but "), "{}", message(path));
        assert!(message(&path.join("a")).contains("no images that can be read, but"));
    }

    #[test]
    fn unusable_folders_say_which_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(message(path).contains("the data set is empty"));
        fs::create_dir_all(path.join("b")).unwrap();
        let text = message(path);
        assert!(
            text.contains("b: no PNG, JPEG, WebP, BMP or TIFF images in the folder of this class"),
            "{text}"
        );
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
            assert!(text.contains("2.png: not a readable PNG, JPEG, WebP, BMP or TIFF image"), "{text}");
        }
        grey(path, "loose.png", 3, 0);
        assert!(message(path).contains("also the image"), "{}", message(path));
    }
}
