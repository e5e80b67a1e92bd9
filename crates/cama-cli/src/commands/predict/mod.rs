//! `cama predict`: the class of every image or row.

use std::io;

use cama::data::table::{Rows, TableBatches};
use cama::data::{Dataset, ImageBatches};
use cama::{Cama, Predictor};

use self::npz::Npz;
use self::writers::{Csv, Example, Format, JsonLines, Writer};
use super::classifier::open_classifier;
use super::{informed, load_model, predict_each, spread, warn_unguarded};
use crate::flags::PredictCommand;
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::{count, count_up};
use crate::session::Session;
use crate::source::{Wanted, reads_images};
use crate::writing::write_whole;

mod npz;
mod writers;

/// Images of more bytes than these are predicted batch by batch, and read twice: once to check them and for the guard to
/// look at them, once to predict them.
const MOST_BYTES: usize = 64 << 20;

/// Writes the predictions to a file or to standard output.
///
/// # Errors
///
/// If the model, the data or the output path cannot be used, or prediction is interrupted.
pub fn run(flags: &PredictCommand, session: &Session) -> anyhow::Result<()> {
    let format = flags.out.as_deref().map_or(Ok(Format::Csv), Format::of)?;
    let out = flags.out.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let cama = load_model(&flags.model, session)?;
    warn_unguarded(&cama, flags.prediction.no_guard, session);
    let classifier = open_classifier(&flags.classifier, &cama)?;
    let mut predictor = cama.predictor();
    if let Some(classifier) = &classifier {
        predictor = predictor.external(&**classifier);
    }
    let predictor = &flags.prediction.overlay(predictor, session.seeds.predict)?;
    session.detail(|| format!("{} with {:?}", flags.data, predictor.config));
    let _graceful = Graceful::begin();
    let classes = cama.classes();
    let Some(out) = out else {
        let mut csv = Csv::new(io::stdout().lock(), classes);
        return predict(flags, &cama, predictor, session, &mut csv);
    };
    write_whole(out.path(), |file| match format {
        Format::Csv => predict(flags, &cama, predictor, session, &mut Csv::new(file, classes)),
        Format::JsonLines => predict(flags, &cama, predictor, session, &mut JsonLines { out: file, classes }),
        Format::Npz => predict(flags, &cama, predictor, session, &mut Npz::new(file, out.path(), classes)?),
    })
}

/// Hands every prediction to `writer`, with the index of what it is of.
fn predict(
    flags: &PredictCommand,
    cama: &Cama,
    predictor: &Predictor,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    let manipulate = flags.manipulate.as_deref().map(|spec| (spec, session.seeds.manipulate));
    let (spec, reading) = (&flags.data[..], &flags.reading);
    let wanted = Wanted { spec, labelled: false, manipulate, cama, reading, session };
    match (reads_images(cama), manipulate) {
        (true, _) => images(&wanted.image_batches()?, MOST_BYTES, predictor, session, writer)?,
        // A manipulation may mix rows, so all must be there.
        (false, Some(_)) => whole(&wanted.whole::<Rows>()?, predictor, session, writer)?,
        (false, None) => rows(&wanted.table_batches()?, spec, predictor, session, writer)?,
    }
    Ok(writer.finish()?)
}

/// Predicts data that is all in memory.
fn whole<D: Dataset>(
    data: &D,
    predictor: &Predictor,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    let bar = count(session, data.len(), "predicting");
    let predictor = &informed(predictor, data, session)?;
    part(predictor, data, 0, 0, writer, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(())
}

/// Predicts images, which are in memory as a whole only if they take at most `most` bytes.
fn images(
    batches: &ImageBatches,
    most: usize,
    predictor: &Predictor,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    if batches.bytes() <= most {
        return whole(&batches.read()?, predictor, session, writer);
    }
    // All are gone through first, so that what is wrong with any of them is found before anything is made of the first.
    let predictor = &informed(predictor, &spread(batches, session)?, session)?;
    let bar = count(session, batches.len(), "predicting");
    batches.try_for_each(|first, images| part(predictor, &images, first, first, writer, || bar.inc(1)))?;
    bar.finish_and_clear();
    Ok(())
}

/// Predicts a table that may be larger than memory; the guard looks at its first batch.
fn rows(
    batches: &TableBatches,
    spec: &str,
    predictor: &Predictor,
    session: &Session,
    writer: &mut impl Writer,
) -> anyhow::Result<()> {
    let bar = count_up(session, "predicting");
    let mut predictor = predictor.clone();
    batches.try_for_each(|first, rows| {
        if first == 0 {
            predictor = informed(&predictor, &rows, session)?;
        }
        part(&predictor, &rows, first, 0, writer, || bar.inc(1))
    })?;
    bar.finish_and_clear();
    session.notify(spec, &batches.notices());
    Ok(())
}

/// Predicts data of which `first` examples came before; `offset` is what its indices are short of by those in the file.
fn part<D: Dataset>(
    predictor: &Predictor,
    data: &D,
    first: usize,
    offset: usize,
    writer: &mut impl Writer,
    mut each: impl FnMut(),
) -> anyhow::Result<()> {
    predict_each(predictor, data, first, "the predictions were not kept", |i, decision| {
        each();
        let example = Example { index: offset + data.index(i), name: data.names().map(|names| (names, i)) };
        writer.put(example, &decision)
    })
}

#[cfg(test)]
mod tests;
