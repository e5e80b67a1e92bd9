//! Data as the commands load it for a model: images, or rows of a table.

mod tables;

use std::path::Path;

use cama::data::manipulation::Manipulation;
use cama::data::table::{Rows, TableBatches, is_standard_input, is_table};
use cama::data::{
    Appendable, Batches, DataShape, Dataset, Fingerprint, Fit, ImageBatches, ImageOptions, Images, Names,
    Subsample, path_and_range, subsample,
};
use cama::{Cama, Card, Error, Result};
use cama_eval::Baseline;
use cama_eval::attack::Attackable;

pub use self::tables::{roles, schema};
use crate::commands::manipulated;
use crate::flags::{PictureFlags, ReadFlags, WrittenFlags, refuse};
use crate::interrupt;
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
    pub cama: &'a Cama,
    /// How tables are read.
    pub reading: &'a ReadFlags,
    /// Hears the warnings.
    pub session: &'a Session,
}

impl Wanted<'_> {
    /// All of the data, in memory.
    pub fn whole<D: Source>(&self) -> Result<D> {
        let data = D::load(&Self { manipulate: None, ..*self })?;
        match self.manipulate {
            Some((spec, seed)) => manipulated(data, Some(spec), seed),
            None => Ok(data),
        }
    }

    /// Images that may be more than there is memory for.
    pub fn image_batches(&self) -> Result<ImageBatches> {
        check_reading(self.spec, self.reading, "model")?;
        let ReadFlags { pictures, is_training_data, .. } = self.reading;
        let options = image_options(self.spec, self.cama, pictures, *is_training_data);
        let batches = ImageBatches::open_with(self.spec, &options)?;
        self.session.notify(self.spec, batches.notices());
        let config = self.cama.model().config();
        batches.check_shape(&config.data)?;
        let batches = match self.labelled {
            true => batches.among(self.cama.classes()),
            false => batches.without_labels(),
        };
        Ok(match self.manipulate {
            Some((spec, seed)) => batches.manipulated(spec.parse::<Manipulation>()?, seed),
            None => batches,
        })
    }

    /// Rows that may be more than there is memory for.
    pub fn table_batches(&self) -> Result<TableBatches> {
        let schema = schema(self.spec, self.cama, self.reading)?;
        TableBatches::open(self.spec, &schema, self.labelled)
    }
}

/// Data that is all in memory, or a subsample of it with a way through all of it.
pub struct Gathered<D> {
    pub kept: Subsample<D>,
    /// Where what is kept is a subsample, all.
    all: Option<Box<dyn Batches<D>>>,
}

impl<D: Dataset> Gathered<D> {
    /// Data that is all in memory.
    pub fn whole(data: D) -> Self {
        let total = data.len();
        Self { kept: Subsample { data, spread: None, total }, all: None }
    }

    /// Whether this is the data that a model was trained on; of a model that does not know that it is taken to be.
    pub fn is_of(&self, card: &Card) -> Result<bool> {
        let Some(known) = &card.fingerprint else { return Ok(true) };
        let mut found = Fingerprint::default();
        match &self.all {
            None => found.add(&self.kept.data),
            Some(all) => all.for_each(&mut |part| {
                found.add(part);
                Ok(())
            })?,
        }
        Ok(found.to_string() == *known)
    }

    /// What an adaptation takes.
    pub fn unlabelled(&self) -> cama::Unlabelled<'_, D> {
        let Subsample { data, spread, .. } = &self.kept;
        cama::Unlabelled {
            subsample: data,
            spread: spread.as_ref().unwrap_or(data),
            all: self.all.as_deref().unwrap_or(data),
        }
    }
}

/// Data that fits a model, from what the user wrote.
pub trait Source: Attackable + Appendable {
    /// Whether they are images.
    const IS_IMAGES: bool;

    /// The data that is wanted, as it is in its file. If it is to be labelled its classes must fit the model, too;
    /// otherwise labels are not even looked at.
    fn load(wanted: &Wanted) -> Result<Self>;

    /// The data that is wanted, or, if it takes more than `most` bytes, a subsample of it. What a manipulation mixes is
    /// kept whole.
    fn gather(wanted: &Wanted, most: usize) -> Result<Gathered<Self>>;

    /// The data of `spec`, which must fit a baseline and, with `labelled`, its classes.
    fn load_for(
        spec: &str,
        labelled: bool,
        baseline: &Baseline,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self>;
}

impl Source for Images {
    const IS_IMAGES: bool = true;

    fn load(wanted: &Wanted) -> Result<Self> {
        let images = wanted.image_batches()?.read()?;
        check_labels(&images, wanted)?;
        Ok(images)
    }

    fn gather(wanted: &Wanted, most: usize) -> Result<Gathered<Self>> {
        let training = wanted.reading.of_training_data();
        let batches = of_training(wanted, &training).image_batches()?;
        let gathered = match batches.bytes() <= most {
            true => Gathered::whole(batches.read()?),
            false => {
                let batches = Interruptible(batches);
                let kept = subsample(&batches, most, wanted.session.seeds.subsample)?;
                Gathered { kept, all: Some(Box::new(batches)) }
            }
        };
        check_labels(&gathered.kept.data, wanted)?;
        Ok(gathered)
    }

    fn load_for(
        spec: &str,
        labelled: bool,
        baseline: &Baseline,
        reading: &ReadFlags,
        session: &Session,
    ) -> Result<Self> {
        check_reading(spec, reading, "baseline")?;
        // A baseline takes what is of its size; it keeps no preparation.
        let fit = reading.pictures.size.map_or(Fit::Refuse, Fit::Size);
        let batches = ImageBatches::open_with(spec, &ImageOptions { fit, ..reading.pictures.options() })?;
        session.notify(spec, batches.notices());
        let images = batches.read()?;
        match labelled {
            false => Ok(images.without_labels()),
            true => Ok(images.among(baseline.classes())),
        }
    }
}

/// What is gathered with its labels is clean data beside that which the flags are about: it is read as in training.
fn of_training<'a>(wanted: &Wanted<'a>, training: &'a ReadFlags) -> Wanted<'a> {
    let card = wanted.cama.card();
    match wanted.labelled {
        true if wanted.spec == card.data => Wanted { spec: found(card), reading: training, ..*wanted },
        true => Wanted { reading: training, ..*wanted },
        false => *wanted,
    }
}

/// The training data of a model by its name.
///
/// # Errors
///
/// If it cannot be read again.
pub fn training_spec(card: &Card) -> cama::Result<&str> {
    match is_standard_input(&card.data) {
        true => {
            Err(Error::data(&card.data, "was read from standard input, and is gone", "give it in a file"))
        }
        false => Ok(&card.data),
    }
}

/// The columns of the training table of a model, for classifiers in ONNX files: in the order of the file; none where that cannot be read.
#[cfg(feature = "onnx")]
pub fn training_columns(card: &Card) -> Vec<String> {
    training_spec(card).and_then(|_| cama::data::table::columns(found(card))).unwrap_or_default()
}

/// The training data of a model where it was when it was trained, if it still is there; else as it was called.
pub fn found(card: &Card) -> &str {
    let is_there = |spec: &&str| Path::new(path_and_range(spec).0).exists();
    card.location.as_deref().filter(is_there).unwrap_or(&card.data)
}

/// How to read images for a model: prepared as its training data was, unless the flags say something else.
pub fn image_options(spec: &str, cama: &Cama, flags: &PictureFlags, is_training_data: bool) -> ImageOptions {
    let kept = cama.card().preparation.as_ref();
    let mut options = kept.map(ImageOptions::as_prepared).unwrap_or_default();
    if let (Some(size), Some([channels, ..])) = (flags.size, cama.model().config().data.image()) {
        options.fit = Fit::Shape([channels, size.height, size.width]);
    }
    options.background = flags.background.unwrap_or(options.background);
    // The training data is as it was.
    options.white = flags.white.filter(|_| !is_training_data);
    match kept.filter(|_| is_training_data) {
        Some(kept) => options.naming(spec, [&kept.x, &kept.y]),
        None => ImageOptions { x: flags.x.clone(), y: flags.y.clone(), ..options },
    }
}

/// Errors if flags or specification are those of a table.
fn check_reading(spec: &str, reading: &ReadFlags, who: &str) -> Result<()> {
    let WrittenFlags { missing_values, decimal } = &reading.written;
    let table_flags = [
        ("graph", reading.graph.is_some()),
        ("target", reading.target.is_some()),
        ("missing", reading.missing.is_some()),
        ("key", reading.key.is_some()),
        ("unseen", reading.unseen.is_some()),
        ("missing-values", missing_values.is_some()),
        ("decimal", decimal.is_some()),
    ];
    refuse(&format!("images, which the {who} is for"), &table_flags)?;
    if is_table(spec) {
        return Err(Error::Mismatch(format!("the {who} takes images, {spec} is a table")));
    }
    Ok(())
}

/// Images that a model for images can read, with the labels that they come with, whatever these are; there may be more than
/// memory holds.
///
/// # Errors
///
/// If the flags are for tables, `spec` names a table, or the images cannot be used.
pub fn images(spec: &str, cama: &Cama, reading: &ReadFlags, session: &Session) -> Result<ImageBatches> {
    check_reading(spec, reading, "model")?;
    let batches = ImageBatches::open_with(spec, &image_options(spec, cama, &reading.pictures, false))?;
    session.notify(spec, batches.notices());
    batches.check_shape(&cama.model().config().data)?;
    Ok(batches)
}

/// Errors unless labels that are wanted are there and among the model's classes.
fn check_labels(images: &Images, wanted: &Wanted) -> Result<()> {
    if wanted.labelled {
        wanted.cama.model().check_labelled(images)?;
        warn_of_other_names(wanted.cama.classes(), images, wanted.session);
    }
    Ok(())
}

/// Classes go by their order; other names may mean another order.
fn warn_of_other_names(classes: &[String], images: &Images, session: &Session) {
    if images.classes() != classes {
        session.warn(format!(
            "the classes of {} are called {}, those of the model {}; they are taken to be the same, in this order",
            images.name(),
            images.classes().join(", "),
            classes.join(", ")
        ));
    }
}

impl Source for Rows {
    const IS_IMAGES: bool = false;

    fn load(wanted: &Wanted) -> Result<Self> {
        let Wanted { spec, labelled, cama, reading, session, .. } = *wanted;
        let (rows, notices) = schema(spec, cama, reading)?.read(spec, labelled)?;
        session.notify(spec, &notices);
        cama.model().check_fits(&rows)?;
        Ok(rows)
    }

    fn gather(wanted: &Wanted, most: usize) -> Result<Gathered<Self>> {
        if wanted.manipulate.is_some() {
            return Ok(Gathered::whole(wanted.whole()?));
        }
        let training = wanted.reading.of_training_data();
        let batches = Interruptible(of_training(wanted, &training).table_batches()?);
        let kept = subsample(&batches, most, wanted.session.seeds.subsample)?;
        wanted.session.notify(wanted.spec, &batches.0.notices());
        wanted.cama.model().check_fits(&kept.data)?;
        let all = kept.spread.is_some().then(|| Box::new(batches) as Box<dyn Batches<Self>>);
        Ok(Gathered { kept, all })
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
        let (rows, notices) = tables::schema_of(spec, known, reading, "baseline")?.read(spec, labelled)?;
        session.notify(spec, &notices);
        Ok(rows)
    }
}

/// Batches that end with an error once it was asked to stop.
struct Interruptible<B>(B);

impl<D, B: Batches<D>> Batches<D> for Interruptible<B> {
    fn for_each(&self, each: &mut dyn FnMut(&D) -> Result<()>) -> Result<()> {
        self.0.for_each(&mut |batch| match interrupt::requested() {
            true => Err(Error::Interrupted("nothing was kept".into())),
            false => each(batch),
        })
    }

    fn names(&self) -> Option<Names> {
        self.0.names()
    }
}

/// Whether the model is for images, and not for tables.
pub fn reads_images(cama: &Cama) -> bool {
    matches!(cama.model().config().data, DataShape::Image(_))
}
