//! The commands, one a file.

pub mod adapt;
pub mod attack;
pub mod baseline;
mod classifier;
pub mod demo;
pub mod drift;
pub mod evaluate;
pub mod experiment;
pub mod graph;
pub mod info;
mod log;
pub mod predict;
pub mod rehearse;
pub mod restore;
pub mod show;
pub mod simulate;
pub mod train;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use cama::data::table::is_table;
use cama::data::{Dataset, Images};
use cama::{Cama, Decision, Error, Predictor, Result};

use crate::interrupt;
use crate::session::{Session, rng};

/// The model in `folder`, on the session's device.
fn load_model(folder: &Path, session: &Session) -> Result<Cama> {
    Cama::load_to(folder, &session.device)
}

/// `data` after the manipulation that was written, if any was.
pub(crate) fn manipulated<D: Dataset>(data: D, manipulation: Option<&str>, seed: u64) -> Result<D> {
    match manipulation {
        Some(spec) => data.manipulated(&spec.parse()?, &mut rng(seed)),
        None => Ok(data),
    }
}

/// `predictor` after the guard has looked at data, or at the first part of it.
fn informed<'a>(predictor: &Predictor<'a>, data: &impl Dataset, session: &Session) -> Result<Predictor<'a>> {
    let predictor = predictor.clone().informed(data)?;
    if predictor.is_outside() {
        session.warn(format!(
            "what was done to {} is outside of what the model's mechanisms can express: nothing is restored",
            data.name()
        ));
    }
    Ok(predictor)
}

/// Hands every decision about `data`, of which `first` examples came before, to `each`, with its index in `data`.
///
/// # Errors
///
/// If prediction fails, `each` does, or it is interrupted; then `lost` says what became of the work.
fn predict_each<D: Dataset>(
    predictor: &Predictor,
    data: &D,
    first: usize,
    lost: &str,
    mut each: impl FnMut(usize, Decision) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut written = Ok(());
    let mut i = 0;
    predictor.predict_part(data, first, |decision| {
        written = each(i, decision);
        i += 1;
        match written.is_err() || interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    if interrupt::requested() {
        return Err(Error::Interrupted(lost.into()).into());
    }
    Ok(written?)
}

/// Errors if a specification of images names a table.
fn refuse_table(spec: &str) -> Result<()> {
    match is_table(spec) {
        true => Err(Error::spec("data", spec, "is a table: give its causal graph by --graph and --target")),
        false => Ok(()),
    }
}

/// Images with their labels.
fn labelled(spec: &str) -> cama::Result<Images> {
    let images = cama::data::load(spec)?;
    match images.labels() {
        Some(_) => Ok(images),
        None => Err(Error::spec("data", spec, "the images have no labels to learn from")),
    }
}
