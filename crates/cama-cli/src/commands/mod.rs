//! The commands, one a file.

pub mod adapt;
pub mod attack;
pub mod bank;
pub mod baseline;
pub mod check;
mod classifier;
pub mod demo;
pub mod drift;
pub mod evaluate;
pub mod experiment;
#[cfg(feature = "onnx")]
pub mod export;
pub mod graph;
pub mod info;
mod log;
pub mod predict;
pub mod rehearse;
pub mod restore;
pub mod show;
pub mod simulate;
pub mod train;
mod understood;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use cama::data::table::is_table;
use cama::data::{Dataset, ImageBatches, ImageOptions, Images, Preparation};
use cama::{Cama, ContextFrom, Decision, Error, M, Predictor, Result};

use crate::interrupt;
use crate::progress::count;
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

/// Warns if a model that can restore what it reads has no guard, unless that was asked for.
fn warn_unguarded(cama: &Cama, asked_for: bool, session: &Session) {
    let restores = cama.model().mechanisms().is_some_and(|mechanisms| mechanisms.explicit().contains(&true));
    if cama.guard().is_some() || !restores || asked_for {
        return;
    }
    session.warn(match cama.card().m {
        M::Null => {
            "the model has no guard, as it was trained on too few examples for one: as it is it restores nothing, and once it \
             is adapted, everything; train it on more"
        }
        _ => {
            "the model has no guard, as it was trained on too few examples for one: everything is restored, also what the \
             model then cannot explain; judge it on labelled data by `cama evaluate`, or train it on more"
        }
    });
}

/// `predictor` after the guard has looked at data, or at the first part of it.
fn informed<'a>(predictor: &Predictor<'a>, data: &impl Dataset, session: &Session) -> Result<Predictor<'a>> {
    let predictor = predictor.clone().informed(data)?;
    if predictor.is_outside() && predictor.context_from == ContextFrom::Batch {
        session.warn(format!(
            "what was done to {} is outside of what the model's mechanisms can express: nothing is restored",
            data.name()
        ));
    }
    if !predictor.bayes_has_say() {
        session.warn(format!(
            "Bayes' rule agrees with the direct classifier on far fewer examples of {} than on clean ones: the direct classifier \
             alone decides",
            data.name()
        ));
    }
    Ok(predictor)
}

/// Images that stand for all of them, once all have been gone through and checked.
///
/// # Errors
///
/// If any image cannot be used, or it is interrupted.
fn spread(batches: &ImageBatches, session: &Session) -> Result<Images> {
    let bar = count(session, batches.passed(), "reading");
    let images = batches.spread(|| {
        bar.inc(1);
        interrupt::flow()
    })?;
    bar.finish_and_clear();
    Ok(images)
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

/// The longest side, in pixels, of images that a model can be trained on in bearable time.
const LONGEST_SIDE: usize = 512;

/// Images with their labels, all of them, and how they were prepared if they were.
fn labelled(
    spec: &str,
    options: &ImageOptions,
    session: &Session,
) -> cama::Result<(Images, Option<Preparation>)> {
    let batches = ImageBatches::open_with(spec, options)?;
    let [_, height, width] = batches.shape();
    if height.max(width) > LONGEST_SIDE {
        let scaled = |side: usize| (side * 64).div_ceil(height.max(width));
        return Err(Error::data(
            spec,
            format!("images of {height}×{width} pixels are too large to train on"),
            format!("resize them with --size, such as --size {}x{}", scaled(height), scaled(width)),
        ));
    }
    session.notify(spec, batches.notices());
    // However large it is, it is not read for nothing.
    if !batches.has_labels() {
        return Err(Error::spec("data", spec, "the images have no labels to learn from"));
    }
    let images = batches.read()?;
    if batches.are_wide() && options.white.or(options.usual_white).is_none() {
        let highest = images.pixels().iter().copied().fold(f32::NEG_INFINITY, f32::max);
        understood::of_dim_images(highest).into_iter().for_each(|dim| session.warn(format!("{spec}: {dim}")));
    }
    Ok((images, batches.preparation()))
}
