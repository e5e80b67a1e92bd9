//! Data as the commands load it for a model: images, or rows of a table.

mod passes;

use cama::data::table::{Rows, Schema, is_table};
use cama::data::{Appendable, Dataset, Held, Images, Passes, hold};
use cama::{Card, Error, Result, StoredModel};
use cama_eval::Baseline;
use cama_eval::attack::Attackable;

use self::passes::TablePasses;
pub use self::passes::{ImagePasses, rows_at_a_time};
use crate::commands::manipulated;
use crate::flags::{ReadFlags, refuse};
use crate::session::Session;

/// Which data is wanted, and how.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// As the user wrote it.
    pub spec: &'a str,
    /// Whether with its labels.
    pub labelled: bool,
    /// The manipulation to do first, and its seed.
    pub manipulate: Option<(&'a str, u64)>,
    /// What it must fit.
    pub stored: &'a StoredModel,
    /// How tables are read.
    pub reading: &'a ReadFlags,
    /// Hears the warnings.
    pub session: &'a Session,
}

impl Wanted<'_> {
    /// All of the data, in memory.
    pub fn whole<D: Source>(&self) -> Result<D> {
        let data = D::load(self.spec, self.labelled, self.stored, self.reading, self.session)?;
        match self.manipulate {
            Some((spec, seed)) => manipulated(data, Some(spec), seed),
            None => Ok(data),
        }
    }
}

/// What is held of data, and, where that is a selection, a way through all of it.
pub type Gathered<D> = (Held<D>, Option<Box<dyn Passes<D>>>);

/// All of what is in memory.
pub fn all_held<D: Dataset>(data: D) -> Gathered<D> {
    let of = data.len();
    (Held { data, spread: None, of }, None)
}

/// Data that fits a model, from what the user wrote.
pub trait Source: Attackable + Appendable {
    /// Whether they are images.
    const IS_IMAGES: bool;

    /// The data of `spec`, which must fit the model. With `labelled` its classes must too; otherwise labels are not
    /// even looked at.
    fn load(
        spec: &str,
        labelled: bool,
        stored: &StoredModel,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self>;

    /// The data that is wanted, or, if it takes more than `most` bytes, a selection of it. What a manipulation mixes is
    /// held whole.
    fn gather(wanted: &Wanted, most: usize) -> Result<Gathered<Self>>;

    /// The data of `spec`, which must fit a baseline and, with `labelled`, its classes.
    fn load_for(
        spec: &str,
        labelled: bool,
        baseline: &Baseline,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self>;

    /// Where example `i` stands in its file, counted from 0: rows may have been left out before it.
    fn index(&self, i: usize) -> usize {
        i
    }
}

impl Source for Images {
    const IS_IMAGES: bool = true;

    fn load(
        spec: &str,
        labelled: bool,
        stored: &StoredModel,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self> {
        let wanted = Wanted { spec, labelled, manipulate: None, stored, reading, session };
        let images = ImagePasses::open(&wanted)?.whole()?;
        check_labels(&images, &wanted)?;
        Ok(images)
    }

    fn gather(wanted: &Wanted, most: usize) -> Result<Gathered<Self>> {
        let passes = ImagePasses::open(wanted)?;
        let gathered: Gathered<Self> = match passes.bytes() <= most {
            true => all_held(passes.whole()?),
            false => (hold(&passes, most, wanted.session.seeds.hold)?, Some(Box::new(passes))),
        };
        check_labels(&gathered.0.data, wanted)?;
        Ok(gathered)
    }

    fn load_for(
        spec: &str,
        labelled: bool,
        baseline: &Baseline,
        reading: &ReadFlags,
        _session: &Session,
    ) -> Result<Self> {
        let images = read_images(spec, reading, "baseline")?;
        match labelled {
            false => Ok(images.without_labels()),
            true => Ok(images.numbered_to(baseline.classes().len())),
        }
    }
}

/// Images as they are written, for what reads images.
fn read_images(spec: &str, reading: &ReadFlags, who: &str) -> Result<Images> {
    check_reading(spec, reading, who)?;
    cama::data::load(spec)
}

/// Errors if flags or specification are those of a table.
fn check_reading(spec: &str, reading: &ReadFlags, who: &str) -> Result<()> {
    let table_flags = [
        ("graph", reading.graph.is_some()),
        ("target", reading.target.is_some()),
        ("missing", reading.missing.is_some()),
    ];
    refuse(&format!("images, which the {who} is for"), &table_flags)?;
    if is_table(spec) {
        return Err(Error::Mismatch(format!("the {who} takes images, {spec} is a table")));
    }
    Ok(())
}

/// Images that a model for images can read, with the labels that they come with, whatever these are.
///
/// # Errors
///
/// If the flags are for tables, `spec` names a table, or the images cannot be used.
pub fn images(spec: &str, stored: &StoredModel, reading: &ReadFlags) -> Result<Images> {
    let images = read_images(spec, reading, "model")?;
    stored.model.check_fits(&images)?;
    Ok(images)
}

/// Errors unless labels that are wanted are there and among the model's classes.
fn check_labels(images: &Images, wanted: &Wanted) -> Result<()> {
    if wanted.labelled {
        wanted.stored.model.check_labelled(images)?;
        warn_of_other_names(&wanted.stored.card, images, wanted.session);
    }
    Ok(())
}

/// Classes go by their order; other names may mean another order.
fn warn_of_other_names(card: &Card, images: &Images, session: &Session) {
    if images.classes() != card.classes {
        session.warn(format!(
            "the classes of {} are called {}, those of the model {}; they are taken to be the same, in this order",
            images.name(),
            images.classes().join(", "),
            card.classes.join(", ")
        ));
    }
}

impl Source for Rows {
    const IS_IMAGES: bool = false;

    fn load(
        spec: &str,
        labelled: bool,
        stored: &StoredModel,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self> {
        let (rows, notices) = schema(spec, stored, reading)?.read(spec, labelled)?;
        notices.iter().for_each(|notice| session.warn(format!("{spec}: {notice}")));
        stored.model.check_fits(&rows)?;
        Ok(rows)
    }

    fn gather(wanted: &Wanted, most: usize) -> Result<Gathered<Self>> {
        if wanted.manipulate.is_some() {
            return Ok(all_held(wanted.whole()?));
        }
        let passes = TablePasses::open(wanted)?;
        let held = hold(&passes, most, wanted.session.seeds.hold)?;
        passes.notices().iter().for_each(|notice| wanted.session.warn(format!("{}: {notice}", wanted.spec)));
        wanted.stored.model.check_fits(&held.data)?;
        let all = held.spread.is_some().then(|| Box::new(passes) as Box<dyn Passes<Self>>);
        Ok((held, all))
    }

    fn load_for(
        spec: &str,
        labelled: bool,
        baseline: &Baseline,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self> {
        let known = baseline.schema();
        let known =
            known.ok_or_else(|| Error::Mismatch("the baseline is for images, not for tables".into()))?;
        let (rows, notices) = schema_of(spec, known, reading, "baseline")?.read(spec, labelled)?;
        notices.iter().for_each(|notice| session.warn(format!("{spec}: {notice}")));
        Ok(rows)
    }

    fn index(&self, i: usize) -> usize {
        self.row_index(i)
    }
}

/// How to read the table `spec` for the model.
///
/// # Errors
///
/// If the model is for images, `spec` names no table, or the flags do not agree with the model.
pub fn schema(spec: &str, stored: &StoredModel, reading: &ReadFlags) -> Result<Schema> {
    schema_of(spec, stored.schema()?, reading, "model")
}

/// How to read the table `spec` for what knows its columns.
fn schema_of(spec: &str, known: &Schema, reading: &ReadFlags, who: &str) -> Result<Schema> {
    if !is_table(spec) {
        return Err(Error::Mismatch(format!(
            "the {who} takes tables, {spec} is none; give a .csv, .tsv or .parquet file"
        )));
    }
    reading.schema(known)
}
