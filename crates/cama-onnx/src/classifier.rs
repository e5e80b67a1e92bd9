//! A classifier from an ONNX file.

use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use cama::data::table::Schema;
use cama::{Classifier, Error, Observed, Result};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rten::Value;

use crate::image::ImagePlan;
use crate::network::{Input, Network};
use crate::output::OutputKind;
use crate::table::TablePlan;
use crate::{OnnxOptions, file, graph, labels};

/// What [`Observed`] is of.
#[derive(Clone, Debug)]
pub enum Reads {
    /// X are images, pixels in [0, 1].
    Images {
        /// Channels, height and width.
        shape: [usize; 3],
    },
    /// X, A and C are encoded columns.
    Table {
        /// What the columns are, and how they are encoded.
        schema: Schema,
        /// The names of the columns in the order of the file that the classifier was trained on, as far as it is known;
        /// those that are not in the schema do not count. Needed if the classifier takes all columns as one input and
        /// [`OnnxOptions::columns`] does not say their order.
        order: Vec<String>,
    },
}

/// An external classifier, from an ONNX file.
pub struct OnnxClassifier {
    path: PathBuf,
    network: Network,
    plan: Plan,
    kind: OutputKind,
    /// For each class of the model, the classifier's output.
    places: Vec<usize>,
    /// The only number of examples that the network takes at once.
    batch: Option<usize>,
}

/// How to encode examples as the classifier reads them.
enum Plan {
    Images(ImagePlan, usize),
    Table(TablePlan),
}

/// About this many values are given to a network at once, where it leaves the choice.
const CHUNK: usize = 1 << 18;

impl OnnxClassifier {
    /// Reads the file, finds out what it takes and gives, and tries it once on made-up data.
    ///
    /// `classes` are the names of the model's classes, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be read, [`Error::Data`] naming the file if it is no ONNX file, if weights that it
    /// keeps in another file are missing, if the runtime lacks one of its operators, or if its input, its output or its
    /// classes do not go with the model's; [`Error::Config`] and [`Error::UnknownName`] for options that cannot be.
    pub fn open(path: &Path, options: &OnnxOptions, reads: Reads, classes: &[String]) -> Result<Self> {
        let model = file::read(path)?;
        let wanted = options.output_name.clone().or_else(|| graph::stated(&model, graph::PROBABILITIES_KEY));
        let output = model.graph.as_ref().map(|graph| graph::output(graph, wanted.as_deref()));
        let output = output.unwrap_or_else(|| Ok(graph::Output::default()));
        let output = output.map_err(|(problem, remedy)| Error::data(path, problem, remedy))?;
        if let Some(width) = output.width.filter(|width| *width != classes.len()) {
            return Err(class_count(path, width, classes));
        }
        let places = places(path, options, output.classes.as_deref(), classes)?;
        let (network, inputs) = Network::load(path, model, &output)?;
        let plan = Plan::new(path, &inputs, reads, options)?;
        let batch = fixed_batch(path, &inputs)?;
        let kind = options.output.or_else(|| {
            let of = |probable| if probable { OutputKind::Probabilities } else { OutputKind::Logits };
            output.probabilities.map(of)
        });
        let mut classifier = OnnxClassifier {
            path: path.to_path_buf(),
            network,
            plan,
            kind: kind.unwrap_or(OutputKind::Logits),
            places,
            batch,
        };
        let tried = classifier.trial()?;
        classifier.kind = kind.unwrap_or_else(|| OutputKind::of(&tried));
        Ok(classifier)
    }

    /// What the classifier's outputs are taken for.
    pub fn output_kind(&self) -> OutputKind {
        self.kind
    }

    /// The network's outputs for a few synthetic examples that differ as much as possible.
    fn trial(&self) -> Result<Vec<Vec<f32>>> {
        const EXAMPLES: usize = 8;
        let widths = self.plan.widths();
        let made_up = |width: usize| -> Vec<f32> {
            let value = |i: usize| match (i / width.max(1), (i * 7919 + i / 13) % 101) {
                (0, _) => 0.0,
                (1, _) => 1.0,
                (example, mixed) => mixed as f32 / 100.0 * example as f32 / EXAMPLES as f32,
            };
            (0..EXAMPLES * width).map(value).collect()
        };
        self.rows(&widths.map(made_up), EXAMPLES)
    }

    /// The network's outputs for each of `n` examples, given X, A and C of all.
    fn rows(&self, observed: &[Vec<f32>; 3], n: usize) -> Result<Vec<Vec<f32>>> {
        let width = self.plan.width();
        let most = self.batch.unwrap_or((CHUNK / width.max(1)).clamp(1, 256));
        let mut rows = Vec::with_capacity(n);
        for start in (0..n).step_by(most) {
            let count = most.min(n - start);
            // A batch for a network of fixed size is filled up with its last example.
            let batch = self.batch.unwrap_or(count);
            let mut values = vec![0.0; batch * width];
            values.par_chunks_mut(width).enumerate().for_each(|(i, out)| {
                self.plan.write(observed, start + i.min(count - 1), out);
            });
            let ([given_rows, each], given) = self.network.run(self.plan.values(values))?;
            if given_rows != batch {
                let problem = format!("it gives {given_rows} rows for {batch} examples");
                return Err(Error::data(&self.path, problem, "export a classifier of single examples"));
            }
            if each != self.places.len() {
                let names: Vec<String> = self.places.iter().map(usize::to_string).collect();
                return Err(class_count(&self.path, each, &names));
            }
            rows.extend(given.chunks(each).take(count).map(<[f32]>::to_vec));
        }
        Ok(rows)
    }
}

impl Classifier for OnnxClassifier {
    fn classes(&self) -> usize {
        self.places.len()
    }

    fn log_probabilities(&self, observed: &Observed, _rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let Observed { x, a, c, .. } = observed;
        let ([n, _], device) = (x.dims(), x.device());
        let host = |tensor: Option<&Tensor<2>>| match tensor {
            Some(tensor) => {
                let [rows, width] = tensor.dims();
                let values: Vec<f32> = tensor.clone().into_data().iter::<f32>().collect();
                (rows, width, values)
            }
            None => (n, 0, Vec::new()),
        };
        let given = [Some(x), a.as_ref(), c.as_ref()].map(host);
        let widths = self.plan.widths();
        if given.iter().zip(widths).any(|((rows, width, _), takes)| *rows != n || *width != takes) {
            let given = given.map(|(rows, width, _)| [rows, width]);
            return Err(Error::Mismatch(format!(
                "X, A and C of {given:?} do not fit a classifier beside a model of widths {widths:?}"
            )));
        }
        let rows = self.rows(&given.map(|(_, _, values)| values), n)?;
        let mut logs = Vec::with_capacity(n * self.places.len());
        for row in rows {
            let ordered: Vec<f32> = self.places.iter().map(|place| row[*place]).collect();
            logs.extend(self.kind.log_probabilities(&ordered).map_err(|problem| {
                let remedy =
                    "check whether --classifier-output, and the scale, mean and std of images, are correct";
                Error::data(&self.path, problem, remedy)
            })?);
        }
        Ok(Tensor::from_data(TensorData::new(logs, [n, self.places.len()]), &device))
    }
}

impl Plan {
    fn new(path: &Path, inputs: &[Input], reads: Reads, options: &OnnxOptions) -> Result<Plan> {
        Ok(match reads {
            Reads::Images { shape } => {
                Plan::Images(ImagePlan::new(path, inputs, shape, options)?, shape.iter().product())
            }
            Reads::Table { schema, order } => {
                Plan::Table(TablePlan::new(path, inputs, &schema, &order, options)?)
            }
        })
    }

    /// How many values the classifier reads of an example.
    fn width(&self) -> usize {
        match self {
            Plan::Images(plan, _) => plan.width(),
            Plan::Table(plan) => plan.width(),
        }
    }

    /// How many values X, A and C of an example have.
    fn widths(&self) -> [usize; 3] {
        match self {
            Plan::Images(_, pixels) => [*pixels, 0, 0],
            Plan::Table(plan) => plan.widths(),
        }
    }

    /// Writes example `i` as the classifier takes it.
    fn write(&self, [x, a, c]: &[Vec<f32>; 3], i: usize, out: &mut [f32]) {
        let [x_width, a_width, c_width] = self.widths();
        let row = |values: &[f32], width: usize| values[i * width..(i + 1) * width].to_vec();
        match self {
            Plan::Images(plan, pixels) => plan.write(&x[i * pixels..(i + 1) * pixels], out),
            Plan::Table(plan) => {
                plan.write([&row(x, x_width), &row(a, a_width), &row(c, c_width)], out);
            }
        }
    }

    fn values(&self, examples: Vec<f32>) -> Vec<Value> {
        match self {
            Plan::Images(plan, _) => plan.values(examples),
            Plan::Table(plan) => plan.values(examples),
        }
    }
}

/// The only number of examples that the inputs take, if there is one.
fn fixed_batch(path: &Path, inputs: &[Input]) -> Result<Option<usize>> {
    let mut sizes = inputs.iter().filter_map(|input| *input.shape.as_ref()?.first()?);
    let first = sizes.next();
    match sizes.find(|size| Some(*size) != first) {
        Some(_) => {
            Err(Error::data(path, "its inputs take different numbers of examples", "export it for one"))
        }
        None if first.is_some_and(|size| size > 1 << 16) => {
            Err(Error::data(path, "it takes too many examples at once", "export it for batches of any size"))
        }
        None => Ok(first),
    }
}

/// Which output each class of the model is.
fn places(
    path: &Path,
    options: &OnnxOptions,
    stored: Option<&[String]>,
    classes: &[String],
) -> Result<Vec<usize>> {
    if let Some(file) = &options.labels {
        return labels::places(file, &labels::read(file)?, classes);
    }
    let numbered = |names: &[String]| names.iter().enumerate().all(|(i, name)| *name == i.to_string());
    let Some(names) = stored else { return Ok((0..classes.len()).collect()) };
    if names.len() != classes.len() {
        return Err(class_count(path, names.len(), classes));
    }
    let known = names.iter().all(|name| classes.contains(name));
    if !known && numbered(names) {
        return Ok((0..classes.len()).collect());
    }
    labels::places(path, names, classes).map_err(|_| {
        let problem = format!("its classes are {}, the model's {}", names.join(", "), classes.join(", "));
        Error::data(path, problem, "say with --classifier-labels which class each output is")
    })
}

fn class_count(path: &Path, given: usize, classes: &[String]) -> Error {
    let problem =
        format!("it gives {given} values for each example, and the model has {} classes", classes.len());
    Error::data(path, problem, "give a classifier with one output for each class of the model")
}
