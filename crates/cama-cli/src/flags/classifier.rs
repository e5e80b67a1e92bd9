//! Flags for a classifier that others have trained.

use std::path::{Path, PathBuf};

use cama::data::table::columns;
use cama::{Classifier, Error, Input, StoredModel};
use cama_eval::Baseline;
use cama_onnx::{Layout, OnnxClassifier, OnnxOptions, OutputKind, Reads};
use clap::Args;

use super::refuse;

/// A classifier to use beside the model, and what its file does not say of it.
#[derive(Args)]
#[command(next_help_heading = "Classifier")]
pub struct ClassifierFlags {
    /// A classifier of your own, an ONNX file: exported from PyTorch, TensorFlow or scikit-learn; or the folder of a
    /// baseline that `cama baseline` made.
    #[arg(long, value_name = "FILE.onnx|DIR")]
    pub classifier: Option<PathBuf>,
    /// The names of its classes in the order of its outputs, one a line or `index,name`; the model's unless given or in
    /// the ONNX file.
    #[arg(long, value_name = "FILE", requires = "classifier")]
    pub classifier_labels: Option<PathBuf>,
    /// The order of an image's numbers: `nchw`, `nhwc`, `nhw` or `flat`; read from the ONNX file unless given.
    #[arg(long, value_name = "LAYOUT", requires = "classifier")]
    pub classifier_layout: Option<Layout>,
    /// Height and width of its images, where the ONNX file leaves them open; images are resized to that.
    #[arg(long, value_name = "HxW", value_parser = size, requires = "classifier")]
    pub classifier_size: Option<[usize; 2]>,
    /// What pixels in [0, 1] are multiplied with, such as 255.
    #[arg(long, value_name = "S", requires = "classifier")]
    pub classifier_scale: Option<f32>,
    /// What is then subtracted: one number, or one for each channel.
    #[arg(long, value_name = "M,…", value_delimiter = ',', requires = "classifier")]
    pub classifier_mean: Vec<f32>,
    /// What is then divided by: one number, or one for each channel.
    #[arg(long, value_name = "S,…", value_delimiter = ',', requires = "classifier")]
    pub classifier_std: Vec<f32>,
    /// Turn images in colour grey for a classifier of grey ones.
    #[arg(long, requires = "classifier")]
    pub classifier_grey: bool,
    /// The columns of a table in the order in which it takes them; that of the model's training data unless given.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', requires = "classifier")]
    pub classifier_columns: Vec<String>,
    /// What it gives for each class: `logits` or `probabilities`; found out unless given.
    #[arg(long, value_name = "KIND", requires = "classifier")]
    pub classifier_output: Option<OutputKind>,
    /// The output to use where it has several.
    #[arg(long, value_name = "NAME", requires = "classifier")]
    pub classifier_output_name: Option<String>,
}

impl ClassifierFlags {
    /// The classifier, if one is given, ready to read what the model reads.
    ///
    /// # Errors
    ///
    /// If it cannot be used beside the model, or if a flag says nothing about such data.
    pub fn open(&self, stored: &StoredModel) -> cama::Result<Option<Box<dyn Classifier>>> {
        let Some(path) = &self.classifier else { return Ok(None) };
        if Baseline::is_in(path) {
            return Ok(Some(Box::new(self.baseline(path, stored)?)));
        }
        let reads = match &stored.model.config().input {
            Input::Image(image) => {
                refuse("images", &[("classifier-columns", !self.classifier_columns.is_empty())])?;
                Reads::Images { shape: image.shape }
            }
            Input::Table(_) => {
                let image_flags = [
                    ("classifier-layout", self.classifier_layout.is_some()),
                    ("classifier-size", self.classifier_size.is_some()),
                    ("classifier-scale", self.classifier_scale.is_some()),
                    ("classifier-mean", !self.classifier_mean.is_empty()),
                    ("classifier-std", !self.classifier_std.is_empty()),
                    ("classifier-grey", self.classifier_grey),
                ];
                refuse("tables", &image_flags)?;
                // Training data that is gone leaves the order open; then --classifier-columns is asked for.
                let order = columns(&stored.card.data).unwrap_or_default();
                Reads::Table { schema: stored.schema()?.clone(), order }
            }
        };
        let classifier = OnnxClassifier::open(path, &self.options(), reads, &stored.card.classes)?;
        Ok(Some(Box::new(classifier)))
    }

    /// A baseline, whose folder says all that ONNX files do not.
    fn baseline(&self, path: &Path, stored: &StoredModel) -> cama::Result<Baseline> {
        if self.options() != OnnxOptions::default() {
            return Err(Error::spec(
                "flag",
                "--classifier-…",
                "says nothing about baselines, which know how they read; leave it out",
            ));
        }
        let baseline = Baseline::load(path)?;
        let problem = match &stored.model.config().input {
            _ if baseline.classes() != stored.card.classes => Some("tells other classes apart"),
            Input::Image(image) => {
                (baseline.image_shape() != Some(image.shape)).then_some("takes no images of this size")
            }
            Input::Table(_) => (baseline.schema() != stored.schema.as_ref())
                .then_some("was trained on another table: its columns are not encoded alike"),
        };
        match problem {
            Some(problem) => Err(Error::Mismatch(format!("the baseline {} {problem}", path.display()))),
            None => Ok(baseline),
        }
    }

    fn options(&self) -> OnnxOptions {
        let default = OnnxOptions::default();
        OnnxOptions {
            labels: self.classifier_labels.clone(),
            layout: self.classifier_layout,
            size: self.classifier_size,
            scale: self.classifier_scale.unwrap_or(default.scale),
            mean: self.classifier_mean.clone(),
            std: self.classifier_std.clone(),
            grey: self.classifier_grey,
            columns: self.classifier_columns.clone(),
            output: self.classifier_output,
            output_name: self.classifier_output_name.clone(),
        }
    }
}

/// Reads `HxW`.
fn size(text: &str) -> Result<[usize; 2], String> {
    let pixels = |text: &str| text.parse::<usize>().ok().filter(|pixels| *pixels > 0);
    let sizes = text.split_once('x').and_then(|(height, width)| Some([pixels(height)?, pixels(width)?]));
    sizes.ok_or_else(|| "write HxW, height first, as in `28x28`".to_string())
}

#[cfg(test)]
mod tests {
    use cama::causal::{CausalGraph, Roles};
    use cama::data::table::{LearnOptions, Schema};
    use cama::{Card, DeepCama, ImageInput, ModelConfig, device};
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: ClassifierFlags,
    }

    fn flags(words: &[&str]) -> Result<ClassifierFlags, String> {
        let line = Line::try_parse_from(std::iter::once(&"cama").chain(words));
        line.map(|line| line.flags).map_err(|error| error.to_string())
    }

    fn file(name: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cama-onnx/tests/files");
        folder.join(name).to_str().unwrap().to_string()
    }

    fn digits() -> StoredModel {
        let image = ImageInput { channels: 2, ..ImageInput::fast([1, 28, 28]) };
        let config = ModelConfig { z: 2, hidden: 4, ..ModelConfig::fast(image, 10) };
        let model = DeepCama::new(&config, 0, &device("cpu").unwrap()).unwrap();
        let classes = (0..10).map(|digit| digit.to_string()).collect();
        StoredModel {
            model,
            schema: None,
            head: None,
            guard: None,
            card: Card { classes, ..Card::default() },
        }
    }

    /// A model of the table that the classifiers were fitted to; `data` is what it says it was trained on.
    fn patients(data: &str) -> StoredModel {
        let folder = tempfile::tempdir().unwrap();
        let graph = folder.path().join("graph.dot");
        let text =
            "digraph { state -> {pressure weight}; smoker -> {state pressure}; ward -> {state weight} }";
        std::fs::write(&graph, text).unwrap();
        let roles = Roles::of(&CausalGraph::read(&graph).unwrap(), "state").unwrap();
        let (schema, rows, _) = Schema::learn(&file("table.csv"), &roles, &LearnOptions::default()).unwrap();
        let config = ModelConfig { z: 2, hidden: 4, ..ModelConfig::fast(rows.input(), 3) };
        let model = DeepCama::new(&config, 0, &device("cpu").unwrap()).unwrap();
        let card = Card { classes: schema.classes.clone(), data: data.to_string(), ..Card::default() };
        StoredModel { model, schema: Some(schema), head: None, guard: None, card }
    }

    #[test]
    fn flags_say_what_a_file_does_not() {
        let given = flags(&[
            "--classifier",
            "c.onnx",
            "--classifier-layout",
            "nhwc",
            "--classifier-size",
            "32x24",
            "--classifier-scale=255",
            "--classifier-mean=-1,2,3",
            "--classifier-std=0.5",
            "--classifier-columns=a,b c",
            "--classifier-output=logits",
            "--classifier-output-name=y",
        ]);
        let expected = OnnxOptions {
            layout: Some(Layout::Nhwc),
            size: Some([32, 24]),
            scale: 255.0,
            mean: vec![-1.0, 2.0, 3.0],
            std: vec![0.5],
            columns: vec!["a".into(), "b c".into()],
            output: Some(OutputKind::Logits),
            output_name: Some("y".into()),
            ..OnnxOptions::default()
        };
        assert_eq!(given.unwrap().options(), expected);
        assert_eq!(flags(&["--classifier", "c.onnx"]).unwrap().options(), OnnxOptions::default());
        for (words, part) in [
            (&["--classifier-size=0x3", "--classifier=c"][..], "write HxW"),
            (&["--classifier-layout=nhcw", "--classifier=c"], "unknown layout `nhcw` (did you mean `nchw`?)"),
            (&["--classifier-output=logit", "--classifier=c"], "did you mean `logits`?"),
            (&["--classifier-scale=255"], "--classifier <FILE.onnx|DIR>"),
        ] {
            let text = flags(words).err().expect(part);
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_classifier_is_opened_for_what_the_model_reads() {
        let open = |words: &[&str], stored: &StoredModel| {
            let opened = flags(words).unwrap().open(stored).map_err(|error| error.to_string());
            opened.map(|classifier| classifier.map(|classifier| classifier.classes()))
        };
        assert_eq!(open(&[], &digits()), Ok(None));
        let cnn = format!("--classifier={}", file("mnist-cnn.onnx"));
        assert_eq!(open(&[&cnn], &digits()), Ok(Some(10)));
        let logistic = format!("--classifier={}", file("table-logistic.onnx"));
        assert_eq!(open(&[&logistic], &patients(&file("table.csv"))), Ok(Some(3)));
        let columns = "--classifier-columns=pressure,smoker,weight,ward";
        assert_eq!(open(&[&logistic, columns], &patients("gone.csv")), Ok(Some(3)));
        for (words, stored, part) in [
            (&[&cnn[..], columns][..], digits(), "`--classifier-columns`: says nothing about images"),
            (&[&logistic, "--classifier-scale=255"], patients("gone.csv"), "says nothing about tables"),
            (&[&logistic], patients("gone.csv"), "give them with --classifier-columns"),
            (&[&logistic], digits(), "it gives 3 values for each example, and the model has 10 classes"),
        ] {
            let text = open(words, &stored).expect_err(part);
            assert!(text.contains(part), "{text}");
        }
    }
}
