//! Data as the commands load it for a model: images, or rows of a table.

use cama::data::table::Rows;
use cama::data::{Dataset, Images};
use cama::{Card, Error, Result, StoredModel};

use crate::flags::ReadFlags;
use crate::session::Session;

/// Data that fits a model, from what the user wrote.
pub trait Source: Dataset {
    /// The data of `spec`, which must fit the model. With `labelled` its classes must too; otherwise labels are not
    /// even looked at.
    fn load(
        spec: &str,
        labelled: bool,
        stored: &StoredModel,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self>;
}

impl Source for Images {
    fn load(
        spec: &str,
        labelled: bool,
        stored: &StoredModel,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self> {
        if reading.graph.is_some() || reading.target.is_some() || reading.missing.is_some() {
            return Err(Error::Mismatch(
                "--graph, --target and --missing are for tables, the model is for images".into(),
            ));
        }
        let images = cama::data::load(spec)?;
        if !labelled {
            stored.model.check_fits(&images)?;
            return Ok(images.without_labels());
        }
        let images = images.numbered_to(stored.model.config().classes);
        stored.model.check_labelled(&images)?;
        warn_of_other_names(&stored.card, &images, session);
        Ok(images)
    }
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
    fn load(
        spec: &str,
        labelled: bool,
        stored: &StoredModel,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self> {
        let (rows, notices) = reading.schema(stored.schema()?)?.read(spec, labelled)?;
        notices.iter().for_each(|notice| session.warn(format!("{spec}: {notice}")));
        stored.model.check_fits(&rows)?;
        Ok(rows)
    }
}
