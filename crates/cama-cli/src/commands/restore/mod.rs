//! `cama restore`: images or rows as they would have been, and what was inferred of each.

mod images;
mod paths;
mod report;
mod rows;
mod summary;

use std::cell::OnceCell;
use std::io;
use std::path::Path;

use cama::data::Dataset;
use cama::{Cama, Decision, Error, M, Predictor};

use self::paths::Paths;
use self::report::{Columns, Line};
use self::summary::Summary;
use super::{informed, load_model, predict_each, warn_unguarded};
use crate::flags::RestoreFlags;
use crate::interrupt::Graceful;
use crate::session::Session;
use crate::source::reads_images;

/// Writes the restored data, and the report beside or in it.
///
/// # Errors
///
/// If the model has nothing to restore with, the data or the output paths cannot be used, or it is interrupted: then
/// nothing is written.
pub fn run(flags: &RestoreFlags, session: &Session) -> anyhow::Result<()> {
    let cama = load_model(&flags.model, session)?;
    let predictor = flags.overlay(cama.predictor(), session.seeds.predict)?;
    check(&cama, &flags.model)?;
    warn_unguarded(&cama, flags.no_guard, session);
    let restoring = Restoring {
        flags,
        cama: &cama,
        predictor,
        informed: OnceCell::new(),
        columns: Columns::of(&cama),
        paths: Paths::claim(flags, &cama)?,
        session,
    };
    session.detail(|| format!("{} with {:?}", flags.data, restoring.predictor.config));
    let _graceful = Graceful::begin();
    let summary = match reads_images(&cama) {
        true => restoring.images()?,
        false => restoring.rows()?,
    };
    let Paths { out, report } = &restoring.paths;
    let noun = cama.model().config().data.noun();
    session.tell(summary.text(&restoring.columns, [out.path(), report], noun));
    Ok(())
}

/// Errors unless the model infers an m that can be undone.
fn check(cama: &Cama, path: &Path) -> cama::Result<()> {
    let problem = |problem: &str| {
        let problem = format!("{problem}, so there is nothing to restore with; run `cama adapt` first");
        Err(Error::Model { path: path.into(), problem })
    };
    match (cama.model().restores(), cama.card().m) {
        (true, M::Null) => problem("it has met no manipulated data, and infers no m"),
        (true, _) => Ok(()),
        (false, _) => {
            let (name, what) = match reads_images(cama) {
                true => ("affine", "the image"),
                false => ("per-column", "the columns"),
            };
            problem(&format!("it has no mechanism that acts on {what} itself, such as {name}"))
        }
    }
}

/// All that the files of this command share.
struct Restoring<'a> {
    flags: &'a RestoreFlags,
    cama: &'a Cama,
    predictor: Predictor<'a>,
    /// The same, once the guard has looked at the first part of the data.
    informed: OnceCell<Predictor<'a>>,
    columns: Columns,
    paths: Paths,
    session: &'a Session,
}

impl Restoring<'_> {
    fn summary(&self) -> Summary {
        Summary::new(self.columns.names().len(), self.session.seeds.predict)
    }

    /// What decides, once the guard has looked at the data: at all of it, or at the first batch.
    fn inform(&self, data: &impl Dataset) -> cama::Result<&Predictor<'_>> {
        if let Some(predictor) = self.informed.get() {
            return Ok(predictor);
        }
        let predictor = informed(&self.predictor, data, self.session)?;
        Ok(self.informed.get_or_init(|| predictor))
    }

    /// Decides about data of which `first` examples came before.
    fn decide<D: Dataset>(
        &self,
        data: &D,
        first: usize,
        summary: &mut Summary,
        mut each: impl FnMut(usize, Decision, Line) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let predictor = self.inform(data)?;
        predict_each(predictor, data, first, "nothing was written", |i, decision| {
            let name = data.names().map(|names| names.get(i));
            let line = self.columns.line(data.index(i), name, &decision);
            summary.add(&line);
            each(i, decision, line)
        })
    }
}
