//! `cama restore`: images or rows as they would have been, and what was inferred of each.

mod images;
mod paths;
mod report;
mod rows;
mod summary;

use std::cell::OnceCell;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use cama::data::Dataset;
use cama::{Cama, Error, M, Predictor, Restorer};

use self::paths::Paths;
use self::report::{Columns, Inferred, Line};
use self::summary::Summary;
use super::adapt::UNJUDGED;
use super::{informed, load_model, predict_each, warn_unguarded};
use crate::flags::RestoreFlags;
use crate::interrupt::{self, Graceful};
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
        judge: OnceCell::new(),
        columns: Columns::of(&cama, !flags.fast),
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
    let last = cama.card().adaptations.last();
    match (cama.model().restores(), cama.card().m) {
        (true, M::Null) => match last.and_then(|entry| entry.report.rollback_reason.as_ref()) {
            Some(reason) => Err(Error::Model {
                path: path.into(),
                problem: format!(
                    "its adaptation was rolled back, so it infers no m and restores nothing: {reason}; {UNJUDGED}"
                ),
            }),
            None => problem("it has met no manipulated data, and infers no m"),
        },
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
    /// What restores, once the guard has looked at the data.
    judge: OnceCell<Judge<'a>>,
    columns: Columns,
    paths: Paths,
    session: &'a Session,
}

impl Restoring<'_> {
    fn summary(&self) -> Summary {
        Summary::new(self.columns.names().len(), self.session.seeds.predict)
    }

    /// What restores, once the guard has looked at the data: at all of it, or at the first batch.
    fn judge(&self, data: &impl Dataset) -> cama::Result<&Judge<'_>> {
        if let Some(judge) = self.judge.get() {
            return Ok(judge);
        }
        let predictor = match self.flags.fast && self.flags.no_guard {
            // Nobody asks what the guard thinks of the data.
            true => self.predictor.clone(),
            false => informed(&self.predictor, data, self.session)?,
        };
        let fast = if self.flags.fast { predictor.restorer()? } else { None };
        if self.flags.fast && fast.is_none() {
            self.session.warn(format!(
                "the guard cannot judge {} as a whole, as it is too few or has no direct classifier: each {} is judged by itself",
                data.name(),
                self.cama.model().config().data.noun()
            ));
        }
        let judge =
            fast.map_or_else(|| Judge::Each(Box::new(predictor)), |fast| Judge::Whole(Box::new(fast)));
        Ok(self.judge.get_or_init(|| judge))
    }

    /// Restores data of which `first` examples came before, whose indices are short of those in the file by `offset`, and
    /// hands over each restored example.
    fn decide<D: Dataset>(
        &self,
        data: &D,
        [first, offset]: [usize; 2],
        summary: &mut Summary,
        mut each: impl FnMut(usize, Vec<f32>, Line) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut line = |i: usize, of: Inferred| {
            let name = data.names().map(|names| names.get(i));
            let line = self.columns.line(offset + data.index(i), name, of);
            summary.add(&line);
            line
        };
        match self.judge(data)? {
            Judge::Each(predictor) => predict_each(predictor, data, first, LOST, |i, decision| {
                let line = line(i, Inferred::from(&decision));
                each(i, decision.restored, line)
            }),
            Judge::Whole(restorer) => {
                let (mut written, mut i) = (Ok(()), 0);
                restorer.restore_part(data, first, |restoration| {
                    let line = line(i, Inferred::from(&restoration));
                    written = each(i, restoration.restored, line);
                    i += 1;
                    match written.is_err() || interrupt::requested() {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                })?;
                match interrupt::requested() {
                    true => Err(Error::Interrupted(LOST.into()).into()),
                    false => Ok(written?),
                }
            }
        }
    }
}

/// What becomes of work that is interrupted.
const LOST: &str = "nothing was written";

/// What restores.
enum Judge<'a> {
    /// Each example is judged by itself.
    Each(Box<Predictor<'a>>),
    /// The data is judged as a whole.
    Whole(Box<Restorer>),
}
