//! Folders of image files, one sub-folder a class.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::images::sides;
use super::listing::{Children, children, joined};
use super::options::{Fit, ImageOptions};
use super::passage::{Labels, Opened, Passage, Taker};
use super::picture::{self, FORMATS, Levels, Look};
use super::prepare::prepared;
use crate::{Error, Result};

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
    levels: Levels,
}

/// Opens a folder of images.
///
/// Each sub-folder is a class, named like it; classes and the images in them are sorted by name. A folder
/// without sub-folders is an unlabelled set. Hidden files, files of other types and what other programs leave behind are
/// passed over. Grey images have one channel and colour images three; they are turned as their files say, and what is
/// transparent lies on a background.
pub(super) fn open(path: &Path, options: &ImageOptions) -> Result<Opened> {
    let Children { folders, images: loose, other, table } = children(path)?;
    let table = table.map(|table| {
        format!("{} is not read; the folder that an image is in says its class", path.join(&*table).display())
    });
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
        let other = other.into_iter().chain(table).reduce(joined);
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
        let Children { images, other, folders, .. } = children(folder)?;
        if let (true, Some(first)) = (images.is_empty(), folders.first()) {
            let problem = "holds folders, where the images of a class should be";
            let remedy = format!(
                "give the folder above those of the classes, perhaps {} or {}",
                folder.display(),
                folder.join(&**first).display()
            );
            return Err(Error::data(folder, problem, remedy));
        }
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
    let passed_over = passed_over.into_iter().chain(table).reduce(joined);
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
        let by_class = labels.is_some();
        let white = white(options);
        let mut levels = Levels::on(options.background);
        levels.white = white.map_or(levels.white, |(white, _)| white as f32);
        let mut all = Files { folders, files, by_class, shape: [0; 3], fits: false, levels };
        let Decided { notice, changed, deep } = all.decide(options.fit)?;
        let white = white.filter(|_| deep);
        let of_white = white.map(|(white, why)| {
            format!("pictures of 16 bits: 0 is taken for black and {white} for white, as {why}")
        });
        let other = other.map(|other| format!("passed over: {other}"));
        let notices = notice.into_iter().chain(of_white).chain(other).collect();
        let (shape, len) = (all.shape, all.files.len());
        let white = white.map(|(white, _)| white);
        let passage = Box::new(all);
        Ok(Opened { shape, len, labels, classes, passage, notices, changed, wide: deep, white })
    }

    fn path(&self, i: usize) -> PathBuf {
        let (folder, name) = &self.files[i];
        self.folders[*folder as usize].join(&**name)
    }

    /// The pixels of image `i`, of the shape of all.
    fn decode(&self, i: usize) -> Result<Vec<f32>> {
        let path = self.path(i);
        let (shape, pixels) = picture::decode(&path, self.levels)?;
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

    /// Decides on the shape of all.
    fn decide(&mut self, fit: Fit) -> Result<Decided> {
        let first = picture::look(&self.path(0))?;
        self.fits = fit != Fit::Refuse;
        self.shape = first.shape;
        let made = match fit {
            Fit::Refuse => return Ok(Decided { notice: None, changed: false, deep: self.any_deep(&first)? }),
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
                let notice = (!said.is_empty()).then(|| said.join("; "));
                return Ok(Decided { notice, changed: true, deep: self.any_deep(&first)? });
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
        Ok(Decided { notice: made.notice(self.shape, fit), changed, deep: made.deep })
    }

    /// Whether any file has samples of 16 bits, of which the first is known; where what is white in them is as usual nobody asks.
    fn any_deep(&self, first: &Look) -> Result<bool> {
        if first.deep || self.levels.is_usual() {
            return Ok(first.deep);
        }
        for i in 1..self.files.len() {
            if picture::look(&self.path(i))?.deep {
                return Ok(true);
            }
        }
        Ok(false)
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
            deep: looks.iter().any(|look| look.deep),
            all: looks.len(),
            background: self.levels.background,
        })
    }
}

/// The number that is white in samples of 16 bits, and who says so; nothing where nobody does.
fn white(options: &ImageOptions) -> Option<(f64, &'static str)> {
    // What was found in numbers that go to 255 says nothing of 16 bits.
    let usual = options.usual_white.filter(|white| options.usual_was_told || *white > 255.0);
    let usual = usual.map(|white| (white, "in the training data"));
    options.white.map(|white| (white, "asked for")).or(usual)
}

/// What was decided of all files.
struct Decided {
    /// What is done to those of other shapes, in words.
    notice: Option<String>,
    /// Whether something may be done to them.
    changed: bool,
    /// Whether samples have 16 bits.
    deep: bool,
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
    /// Whether any has samples of 16 bits.
    deep: bool,
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

#[cfg(test)]
mod tests;
