//! Restored images: a folder of PNG files, or an `.npz` file.

use std::io::Write;
use std::path::Path;

use cama::Error;
use cama::data::{Appendable, Batches, FolderWriter, ImageBatches, Images, folder_classes_of, write_npz};

use super::paths::is_folder;
use super::report::{Format, Report};
use super::summary::Summary;
use super::{LOST, Restoring};
use crate::commands::spread;
use crate::interrupt;
use crate::progress::count;
use crate::source;
use crate::writing::write_whole;

/// Images of more bytes than these are restored batch by batch, and read twice: once to check them and for the guard to
/// look at them, once to restore them.
const MOST_BYTES: usize = 64 << 20;

/// The images, in memory as a whole if they are small.
enum Incoming {
    Whole(Box<Images>, ImageBatches),
    Batches(ImageBatches),
}

impl Restoring<'_> {
    /// Restores the images and writes them.
    ///
    /// # Errors
    ///
    /// If the data cannot be used, the results cannot be written, or it is interrupted.
    pub fn images(&self) -> anyhow::Result<Summary> {
        let Restoring { flags, session, .. } = self;
        let mut batches = source::images(&flags.data, self.cama, &flags.reading, session)?;
        if let Some(spec) = &flags.manipulate {
            batches = batches.manipulated(spec.parse()?, session.seeds.manipulate);
        }
        let folder = is_folder(self.paths.out.path())?;
        if folder {
            self.check_classes(&batches)?;
        }
        let incoming = match batches.bytes() <= MOST_BYTES {
            true => Incoming::Whole(Box::new(batches.read()?), batches),
            false => {
                self.judge(&spread(&batches, session)?)?;
                Incoming::Batches(batches)
            }
        };
        let (out, report) = (&self.paths.out, &self.paths.report);
        match (folder, self.paths.report_is_inside()) {
            (false, _) => write_whole(report, |file| {
                let mut all: Option<Images> = None;
                let summary = self.each_batch(&incoming, file, |_, restored| {
                    match &mut all {
                        Some(all) => all.append(&restored),
                        None => all = Some(restored),
                    }
                    Ok(())
                })?;
                write_npz(out.path(), &all.expect("data is never empty"))?;
                Ok(summary)
            }),
            (true, true) => out.write_folder(|beside| {
                let name = report.file_name().unwrap_or_default();
                write_whole(&beside.join(name), |file| self.write_images(&incoming, beside, file))
            }),
            (true, false) => write_whole(report, |file| {
                out.write_folder(|beside| self.write_images(&incoming, beside, &mut *file))
            }),
        }
    }

    /// Writes restored images into the folder `beside`, and the report.
    fn write_images(
        &self,
        incoming: &Incoming,
        beside: &Path,
        report: impl Write + Send,
    ) -> anyhow::Result<Summary> {
        let writer = FolderWriter::of_batches(beside, incoming.batches())?;
        self.each_batch(incoming, report, |first, restored| {
            writer.write(&restored, first, &mut interrupt::flow).map_err(|error| match error {
                Error::Interrupted(_) => Error::Interrupted(LOST.into()).into(),
                other => other.into(),
            })
        })
    }

    /// Restores one batch after another, hands it over with how many images came before it, and writes the report.
    fn each_batch(
        &self,
        incoming: &Incoming,
        report: impl Write + Send,
        mut each: impl FnMut(usize, Images) -> anyhow::Result<()>,
    ) -> anyhow::Result<Summary> {
        let batches = incoming.batches();
        let names = Batches::<Images>::names(batches);
        let mut report = Report::new(report, Format::of(&self.paths.report)?, &self.columns, names.as_ref())?;
        let mut summary = self.summary();
        let bar = count(self.session, batches.len(), "restoring");
        let mut restore = |first: usize, images: &Images| {
            let mut pixels = Vec::with_capacity(images.pixels().len());
            self.decide(images, [first, first], &mut summary, |_, restored, line| {
                pixels.extend(restored);
                bar.inc(1);
                report.put(line)
            })?;
            each(first, images.with_pixels(images.name(), pixels)?)
        };
        match incoming {
            Incoming::Whole(images, _) => restore(0, images)?,
            Incoming::Batches(batches) => batches.try_for_each(|first, images| restore(first, &images))?,
        }
        bar.finish_and_clear();
        report.finish()?;
        Ok(summary)
    }

    /// Errors if the classes cannot be folders, and warns if they are others when the folders are read.
    fn check_classes(&self, batches: &ImageBatches) -> cama::Result<()> {
        let read = folder_classes_of(batches)?;
        let Some((_, classes)) = batches.labels() else { return Ok(()) };
        if read != classes {
            self.session.warn(format!(
                "read as data, {} has the classes {}, in this order, not {}: a folder has no class without an image, and \
                 sorts them by name; a file that ends in .npz keeps them",
                self.paths.out.path().display(),
                read.join(", "),
                classes.join(", "),
            ));
        }
        Ok(())
    }
}

impl Incoming {
    /// All of the images.
    fn batches(&self) -> &ImageBatches {
        match self {
            Self::Whole(_, batches) | Self::Batches(batches) => batches,
        }
    }
}
