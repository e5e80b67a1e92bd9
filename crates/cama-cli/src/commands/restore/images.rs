//! Restored images: a folder of PNG files, or an `.npz` file.

use std::ops::ControlFlow;
use std::path::Path;

use cama::Error;
use cama::data::{Images, Names, folder_classes, write_folder, write_npz};

use super::Restoring;
use super::paths::is_folder;
use super::report::{Format, Line, Report};
use super::summary::Summary;
use crate::commands::manipulated;
use crate::interrupt;
use crate::progress::count;
use crate::source;
use crate::writing::write_whole;

impl Restoring<'_> {
    /// Restores the images and writes them.
    ///
    /// # Errors
    ///
    /// If the data cannot be used, the results cannot be written, or it is interrupted.
    pub fn images(&self) -> anyhow::Result<Summary> {
        let Restoring { flags, session, .. } = self;
        let images = source::images(&flags.data, self.cama, &flags.reading, session)?;
        let images = manipulated(images, flags.manipulate.as_deref(), session.seeds.manipulate)?;
        let folder = is_folder(self.paths.out.path())?;
        if folder {
            self.check_classes(&images)?;
        }
        let mut summary = self.summary();
        let (mut pixels, mut lines) = (Vec::with_capacity(images.pixels().len()), Vec::new());
        let bar = count(session, images.len(), "restoring");
        self.decide(&images, 0, &mut summary, |_, decision, line| {
            pixels.extend(decision.restored);
            lines.push(line);
            bar.inc(1);
            Ok(())
        })?;
        bar.finish_and_clear();
        let restored = images.with_pixels(images.name(), pixels)?;
        let (out, names) = (&self.paths.out, restored.names());
        match (folder, self.paths.report_is_inside()) {
            (false, _) => {
                self.write_report(&self.paths.report, lines, names, || Ok(write_npz(out.path(), &restored)?))?
            }
            (true, true) => out.write_folder(|beside| {
                write_images(beside, &restored)?;
                let name = self.paths.report.file_name().unwrap_or_default();
                self.write_report(&beside.join(name), lines, names, || Ok(()))
            })?,
            (true, false) => self.write_report(&self.paths.report, lines, names, || {
                out.write_folder(|beside| write_images(beside, &restored))
            })?,
        }
        Ok(summary)
    }

    /// Writes the report, which only takes its place once `also` has succeeded.
    fn write_report(
        &self,
        path: &Path,
        lines: Vec<Line>,
        names: Option<&Names>,
        also: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        write_whole(path, |file| {
            let mut report = Report::new(file, Format::of(path)?, &self.columns, names)?;
            lines.into_iter().try_for_each(|line| report.put(line))?;
            report.finish()?;
            also()
        })
    }

    /// Errors if the classes cannot be folders, and warns if they are others when the folders are read.
    fn check_classes(&self, images: &Images) -> cama::Result<()> {
        let read = folder_classes(images)?;
        if images.labels().is_some() && read != images.classes() {
            self.session.warn(format!(
                "read as data, {} has the classes {}, in this order, not {}: a folder has no class without an image, and \
                 sorts them by name; a file that ends in .npz keeps them",
                self.paths.out.path().display(),
                read.join(", "),
                images.classes().join(", "),
            ));
        }
        Ok(())
    }
}

fn write_images(folder: &Path, images: &Images) -> anyhow::Result<()> {
    write_folder(folder, images, &mut || match interrupt::requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })
    .map_err(|error| match error {
        Error::Interrupted(_) => Error::Interrupted("nothing was written".into()).into(),
        other => other.into(),
    })
}
