//! Data that may be larger than memory, gone through part by part, as often as wanted.

use std::cell::RefCell;

use cama::data::table::{Notices, Rows, Schema};
use cama::data::{ImageStream, Images, Passes};
use cama::manipulation::Manipulation;
use cama::{Decider, Error, Result};

use super::Wanted;
use crate::interrupt;
use crate::seeds::rng;

/// Bytes of images that are read at a time: several hundred images of usual sizes, so that all threads have enough to do,
/// and little beside what a model's layers take.
const PART_BYTES: usize = 16 << 20;

/// Values of rows that are read at a time. Rows come as texts of some twenty bytes a value.
const PART_VALUES: usize = 4 << 20;

/// The most rows that are read at a time.
const MOST_ROWS: usize = 16_384;

/// How many rows of a table are in memory at a time: 16,384, or fewer if they have more than 256 columns.
pub fn rows_at_a_time(schema: &Schema) -> usize {
    (PART_VALUES / schema.columns.len().max(1)).clamp(1, MOST_ROWS)
}

/// Images in parts, manipulated if asked, with labels if asked.
pub struct ImagePasses {
    stream: ImageStream,
    /// Among how many classes the labels are, where they are wanted.
    labelled: Option<usize>,
    manipulation: Option<(Manipulation, u64)>,
    at_a_time: usize,
}

impl ImagePasses {
    /// Opens images that must fit the model.
    pub fn open(wanted: &Wanted) -> Result<Self> {
        super::check_reading(wanted.spec, wanted.reading, "model")?;
        let stream = ImageStream::open(wanted.spec)?;
        // What fits is told by the size of the images; there need be none.
        let none = Images::new(stream.name(), stream.shape(), Vec::new(), None, Vec::new())?;
        wanted.stored.model.check_fits(&none)?;
        let parsed = wanted.manipulate.map(|(spec, seed)| Ok::<_, Error>((spec.parse()?, seed)));
        let labelled = wanted.labelled.then(|| wanted.stored.model.config().classes);
        let at_a_time = (PART_BYTES / stream.bytes_each()).max(1);
        Ok(Self { stream, labelled, manipulation: parsed.transpose()?, at_a_time })
    }

    /// The same, so many images at a time.
    #[cfg(test)]
    pub fn at_a_time(self, at_a_time: usize) -> Self {
        Self { at_a_time, ..self }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.stream.len()
    }

    /// Bytes that all images would take in memory.
    pub fn bytes(&self) -> usize {
        self.len().saturating_mul(self.stream.bytes_each())
    }

    /// All images.
    pub fn whole(&self) -> Result<Images> {
        Ok(self.made(self.stream.read()?, |i| i))
    }

    /// The images that the guard looks at. All are gone through, so that what is wrong with any of them is found before
    /// anything is made of the first.
    pub fn spread(&self) -> Result<Images> {
        let indices: Vec<usize> = Decider::surveyed(self.len()).collect();
        Ok(self.made(self.stream.pick(&indices)?, |i| indices[i]))
    }

    /// Hands over part after part, with how many images came before it.
    pub fn parts<E: From<Error>>(
        &self,
        mut each: impl FnMut(usize, Images) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut first = 0;
        self.stream.parts(self.at_a_time, |part| {
            let (here, n) = (first, part.len());
            first += n;
            each(here, self.made(part, |i| here + i))
        })
    }

    /// As wanted, of images whose indices are `index`.
    fn made(&self, images: Images, index: impl Fn(usize) -> usize) -> Images {
        let images = match self.labelled {
            Some(classes) => images.numbered_to(classes),
            None => images.without_labels(),
        };
        match &self.manipulation {
            Some((manipulation, seed)) => manipulation.apply_to(&images, index, &mut rng(*seed)),
            None => images,
        }
    }
}

impl Passes<Images> for ImagePasses {
    fn pass(&self, each: &mut dyn FnMut(&Images) -> Result<()>) -> Result<()> {
        self.parts(|_, part| {
            go_on()?;
            each(&part)
        })
    }
}

/// Rows in parts.
pub struct TablePasses {
    spec: String,
    schema: Schema,
    labelled: bool,
    /// What the last complete passage has left out and filled in.
    notices: RefCell<Notices>,
}

impl TablePasses {
    /// Opens a table that must fit the model.
    pub fn open(wanted: &Wanted) -> Result<Self> {
        let schema = super::schema(wanted.spec, wanted.stored, wanted.reading)?;
        let (spec, labelled) = (wanted.spec.to_string(), wanted.labelled);
        Ok(Self { spec, schema, labelled, notices: RefCell::default() })
    }

    /// What was left out and filled in, in words.
    pub fn notices(&self) -> Notices {
        self.notices.borrow().clone()
    }
}

impl Passes<Rows> for TablePasses {
    fn pass(&self, each: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
        let mut parts = self.schema.stream(&self.spec, self.labelled, rows_at_a_time(&self.schema))?;
        let mut none = true;
        for rows in &mut parts {
            go_on()?;
            let rows = rows?;
            none = none && rows.is_empty();
            each(&rows)?;
        }
        *self.notices.borrow_mut() = parts.notices();
        if none {
            let problem = "every row has a missing value, so none is left";
            return Err(Error::data(&self.spec, problem, "give --missing impute, or fill them in"));
        }
        Ok(())
    }
}

/// Errors if it was asked to stop.
fn go_on() -> Result<()> {
    match interrupt::requested() {
        true => Err(Error::Interrupted("nothing was kept".into())),
        false => Ok(()),
    }
}
