//! The commands, one a file.

pub mod adapt;
pub mod demo;
pub mod evaluate;
pub mod info;
pub mod predict;
mod record;
pub mod show;
pub mod simulate;
pub mod train;

use std::path::Path;

use cama::data::Images;
use cama::manipulation::Manipulation;
use cama::{Card, Result, StoredModel};

use crate::session::Session;

/// The model in `folder`, on the session's device.
fn load_model(folder: &Path, session: &Session) -> Result<StoredModel> {
    StoredModel::load(folder, &session.device)
}

/// The images of `spec`, which must be as large as the model's, manipulated if asked; what they are labelled
/// does not matter.
fn load_images(
    spec: &str,
    manipulate: Option<&Manipulation>,
    stored: &StoredModel,
    seed: u64,
) -> Result<Images> {
    let images = cama::data::load(spec)?;
    stored.model.check_fits(images.shape(), 0)?;
    Ok(match manipulate {
        Some(manipulation) => manipulation.apply_seeded(&images, seed),
        None => images,
    })
}

/// The images of `spec`, which must fit the model, their classes too: where these are merely numbered, the data
/// may lack the last ones.
fn load_labelled(spec: &str, stored: &StoredModel, session: &Session) -> Result<Images> {
    let classes = stored.model.config().classes;
    let images = cama::data::load(spec)?.numbered_to(classes);
    stored.model.check_fits(images.shape(), images.classes().len())?;
    warn_of_other_names(&stored.card, &images, session);
    Ok(images)
}

/// Classes go by their order; other names may mean another order.
fn warn_of_other_names(card: &Card, images: &Images, session: &Session) {
    if !images.classes().is_empty() && images.classes() != card.classes {
        session.warn(format!(
            "the classes of {} are called {}, those of the model {}; they are taken to be the same, in this order",
            images.name(),
            images.classes().join(", "),
            card.classes.join(", ")
        ));
    }
}
