//! `cama predict`: the class of every image or row.

use std::io;

use cama::data::Dataset;
use cama::data::table::Rows;
use cama::{DecideConfig, Decider, Error, Input, StoredModel};

use self::npz::Npz;
use self::writers::{Csv, Format, JsonLines, Writer};
use super::{decide_each, informed, load_model};
use crate::flags::PredictCommand;
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::{count, count_up};
use crate::session::Session;
use crate::source::{ImagePasses, Source, Wanted, rows_at_a_time, schema};
use crate::writing::write_whole;

mod npz;
mod writers;

/// Images of more bytes than these are predicted part by part, and read twice: once to check them and for the guard to
/// look at them, once to predict them.
const MOST_HELD: usize = 64 << 20;

/// Writes the predictions to a file or to standard output.
///
/// # Errors
///
/// If the model, the data or the output path cannot be used, or prediction is interrupted.
pub fn run(flags: &PredictCommand, session: &Session) -> anyhow::Result<()> {
    let format = flags.out.as_deref().map_or(Ok(Format::Csv), Format::of)?;
    let out = flags.out.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let stored = load_model(&flags.model, session)?;
    let classifier = flags.classifier.open(&stored)?;
    let classifier = classifier.as_deref();
    let (decider, config) = flags.prediction.decider(&stored, classifier, session.seeds.predict)?;
    let deciding = &Deciding { stored: &stored, decider, config };
    session.detail(|| format!("{} with {:?}", flags.data, deciding.config));
    let _graceful = Graceful::begin();
    let classes = &stored.card.classes;
    let Some(out) = out else {
        return predict(flags, deciding, session, &mut Csv::new(io::stdout().lock(), classes));
    };
    write_whole(out.path(), |file| match format {
        Format::Csv => predict(flags, deciding, session, &mut Csv::new(file, classes)),
        Format::JsonLines => predict(flags, deciding, session, &mut JsonLines { out: file, classes }),
        Format::Npz => predict(flags, deciding, session, &mut Npz::new(file, out.path(), classes)?),
    })
}

/// A model and how it decides.
#[derive(Clone)]
struct Deciding<'a> {
    stored: &'a StoredModel,
    decider: Decider<'a>,
    config: DecideConfig,
}

impl Deciding<'_> {
    /// The same, after the guard has looked at data, or at the first part of it.
    fn informed(&self, data: &impl Dataset, session: &Session) -> cama::Result<Self> {
        Ok(Self { decider: informed(&self.decider, data, &self.config, session)?, ..self.clone() })
    }
}

/// Hands every prediction to `writer`, with the index of what it is of.
fn predict(
    flags: &PredictCommand,
    deciding: &Deciding,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    let manipulate = flags.manipulate.as_deref().map(|spec| (spec, session.seeds.manipulate));
    let (spec, stored, reading) = (&flags.data[..], deciding.stored, &flags.reading);
    let wanted = Wanted { spec, labelled: false, manipulate, stored, reading, session };
    match stored.model.config().input {
        Input::Image(_) => images(&ImagePasses::open(&wanted)?, MOST_HELD, deciding, session, writer)?,
        // A manipulation may mix rows, so all must be there.
        Input::Table(_) if manipulate.is_some() => {
            whole(&wanted.whole::<Rows>()?, deciding, session, writer)?
        }
        Input::Table(_) => stream(flags, deciding, session, writer)?,
    }
    Ok(writer.finish()?)
}

/// Predicts data that is all in memory.
fn whole<D: Source>(
    data: &D,
    deciding: &Deciding,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    let bar = count(session, data.len(), "predicting");
    let deciding = &deciding.informed(data, session)?;
    part(deciding, data, 0, |i| data.index(i), writer, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(())
}

/// Predicts images, which are in memory as a whole only if they take at most `most` bytes.
fn images(
    images: &ImagePasses,
    most: usize,
    deciding: &Deciding,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    if images.bytes() <= most {
        return whole(&images.whole()?, deciding, session, writer);
    }
    let deciding = &deciding.informed(&images.spread()?, session)?;
    let bar = count(session, images.len(), "predicting");
    images.parts(|first, images| part(deciding, &images, first, |i| first + i, writer, || bar.inc(1)))?;
    bar.finish_and_clear();
    Ok(())
}

/// Predicts a table that may be larger than memory.
fn stream(
    flags: &PredictCommand,
    deciding: &Deciding,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    let schema = schema(&flags.data, deciding.stored, &flags.reading)?;
    let mut parts = schema.stream(&flags.data, false, rows_at_a_time(&schema))?;
    let bar = count_up(session, "predicting");
    let mut done = 0;
    let mut deciding = deciding.clone();
    for rows in &mut parts {
        let rows = rows?;
        if done == 0 {
            deciding = deciding.informed(&rows, session)?;
        }
        part(&deciding, &rows, done, |i| rows.row_index(i), writer, || bar.inc(1))?;
        done += rows.len();
    }
    bar.finish_and_clear();
    parts.notices().iter().for_each(|notice| session.warn(format!("{}: {notice}", flags.data)));
    if done == 0 {
        let problem = "every row has a missing value, so none is left";
        return Err(Error::data(&flags.data, problem, "give --missing impute, or fill them in").into());
    }
    Ok(())
}

/// Predicts data of which `first` examples came before; `index` says where an example stands in its file.
fn part<D: Dataset>(
    deciding: &Deciding,
    data: &D,
    first: usize,
    index: impl Fn(usize) -> usize,
    writer: &mut impl Writer,
    mut each: impl FnMut(),
) -> anyhow::Result<()> {
    let Deciding { decider, config, .. } = deciding;
    decide_each(decider, data, first, config, "the predictions were not kept", |i, decision| {
        each();
        writer.put(index(i), &decision)
    })
}

#[cfg(test)]
mod tests;
