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
use cama::{Card, DecideConfig, Decider, Decision, Error, Input, StoredModel};

use self::paths::Paths;
use self::report::{Columns, Line};
use self::summary::Summary;
use super::{decide_each, informed, load_model};
use crate::flags::RestoreFlags;
use crate::interrupt::Graceful;
use crate::session::Session;

/// Writes the restored data, and the report beside or in it.
///
/// # Errors
///
/// If the model has nothing to restore with, the data or the output paths cannot be used, or it is interrupted: then
/// nothing is written.
pub fn run(flags: &RestoreFlags, session: &Session) -> anyhow::Result<()> {
    let config = flags.config(session.seeds.predict)?;
    let stored = load_model(&flags.model, session)?;
    check(&stored, &flags.model)?;
    if stored.guard.is_none() && !flags.no_guard {
        session.warn(
            "the model has no guard, as it was trained before there were any: everything is restored, also what the \
             model then cannot explain",
        );
    }
    let guard = stored.guard.as_ref().filter(|_| !flags.no_guard);
    let input = &stored.model.config().input;
    let restoring = Restoring {
        flags,
        stored: &stored,
        config,
        decider: Decider { guard, ..stored.decider() },
        informed: OnceCell::new(),
        columns: Columns::of(&stored),
        paths: Paths::claim(flags, input)?,
        session,
    };
    session.detail(|| format!("{} with {:?}", flags.data, restoring.config));
    let _graceful = Graceful::begin();
    let summary = match input {
        Input::Image(_) => restoring.images()?,
        Input::Table(_) => restoring.rows()?,
    };
    let Paths { out, report } = &restoring.paths;
    session.tell(summary.text(&restoring.columns, [out.path(), report], input.noun()));
    Ok(())
}

/// Errors unless the model infers an m that can be undone.
fn check(stored: &StoredModel, path: &Path) -> cama::Result<()> {
    let problem = |problem: &str| {
        let problem = format!("{problem}, so there is nothing to restore with; run `cama adapt` first");
        Err(Error::Model { path: path.into(), problem })
    };
    let explicit = stored.model.manipulation().is_some_and(|parts| parts.explicit().contains(&true));
    let Card { infers_m, .. } = stored.card;
    match (explicit, infers_m) {
        (true, true) => Ok(()),
        (true, false) => problem("it has met no manipulated data, and infers no m"),
        (false, _) => {
            let name = if stored.schema.is_some() { "per-column" } else { "affine" };
            problem(&format!(
                "it has no mechanism that acts on {} itself, such as {name}",
                if stored.schema.is_some() { "the columns" } else { "the image" }
            ))
        }
    }
}

/// All that the rooms of this command need.
struct Restoring<'a> {
    flags: &'a RestoreFlags,
    stored: &'a StoredModel,
    config: DecideConfig,
    decider: Decider<'a>,
    /// The same, once the guard has looked at the first part of the data.
    informed: OnceCell<Decider<'a>>,
    columns: Columns,
    paths: Paths,
    session: &'a Session,
}

impl Restoring<'_> {
    fn summary(&self) -> Summary {
        Summary::new(self.columns.parameters().len(), self.session.seeds.predict)
    }

    /// The decider, once the guard has looked at the data: at all of it, or at the first part of what is streamed.
    fn inform(&self, data: &impl Dataset) -> cama::Result<&Decider<'_>> {
        if let Some(decider) = self.informed.get() {
            return Ok(decider);
        }
        let decider = informed(&self.decider, data, &self.config, self.session)?;
        Ok(self.informed.get_or_init(|| decider))
    }

    /// Decides about data of which `first` examples came before; `index` says where an example stands in its file.
    fn decide<D: Dataset>(
        &self,
        data: &D,
        first: usize,
        index: impl Fn(usize) -> usize,
        summary: &mut Summary,
        mut each: impl FnMut(usize, Decision, Line) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let decider = self.inform(data)?;
        decide_each(decider, data, first, &self.config, "nothing was written", |i, decision| {
            let line = self.columns.line(index(i), &decision);
            summary.add(&line);
            each(i, decision, line)
        })
    }
}
