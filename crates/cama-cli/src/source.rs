//! Data as the commands load it for a model: images, or rows of a table.

use cama::data::Images;
use cama::data::table::{Rows, Schema, is_table};
use cama::{Card, Error, Result, StoredModel};
use cama_eval::Baseline;
use cama_eval::attack::Attackable;

use crate::flags::{ReadFlags, refuse};
use crate::session::Session;

/// Data that fits a model, from what the user wrote.
pub trait Source: Attackable {
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
        let images = images(spec, stored, reading)?;
        if !labelled {
            return Ok(images.without_labels());
        }
        let images = images.numbered_to(stored.model.config().classes);
        stored.model.check_labelled(&images)?;
        warn_of_other_names(&stored.card, &images, session);
        Ok(images)
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
    let table_flags = [
        ("graph", reading.graph.is_some()),
        ("target", reading.target.is_some()),
        ("missing", reading.missing.is_some()),
    ];
    refuse(&format!("images, which the {who} is for"), &table_flags)?;
    if is_table(spec) {
        return Err(Error::Mismatch(format!("the {who} takes images, {spec} is a table")));
    }
    cama::data::load(spec)
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
