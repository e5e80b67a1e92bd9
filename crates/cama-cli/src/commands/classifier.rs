//! A classifier of the user's own, beside a model.

use std::path::Path;

use cama::data::DataShape;
use cama::{Cama, Classifier, Error};
use cama_eval::Baseline;
#[cfg(feature = "onnx")]
use cama_onnx::{OnnxClassifier, Reads};

use crate::flags::ClassifierFlags;
#[cfg(feature = "onnx")]
use crate::flags::refuse;
#[cfg(feature = "onnx")]
use crate::source::training_columns;

/// The classifier, if one is given, ready to read what the model reads.
///
/// # Errors
///
/// If it cannot be used beside the model, or if a flag says nothing about such data.
pub fn open_classifier(flags: &ClassifierFlags, cama: &Cama) -> cama::Result<Option<Box<dyn Classifier>>> {
    let Some(path) = &flags.classifier else { return Ok(None) };
    if Baseline::is_in(path) {
        return Ok(Some(Box::new(open_baseline(flags, path, cama)?)));
    }
    open_onnx(flags, path, cama).map(Some)
}

/// A classifier from an ONNX file.
#[cfg(feature = "onnx")]
fn open_onnx(flags: &ClassifierFlags, path: &Path, cama: &Cama) -> cama::Result<Box<dyn Classifier>> {
    let reads = match &cama.model().config().data {
        DataShape::Image(shape) => {
            refuse("images", &[("classifier-columns", !flags.classifier_columns.is_empty())])?;
            Reads::Images { shape: *shape }
        }
        DataShape::Table(_) => {
            let image_flags = [
                ("classifier-layout", flags.classifier_layout.is_some()),
                ("classifier-size", flags.classifier_size.is_some()),
                ("classifier-scale", flags.classifier_scale.is_some()),
                ("classifier-mean", !flags.classifier_mean.is_empty()),
                ("classifier-std", !flags.classifier_std.is_empty()),
                ("classifier-grey", flags.classifier_grey),
            ];
            refuse("tables", &image_flags)?;
            // Training data that is gone leaves the order open; then --classifier-columns is asked for.
            let order = training_columns(cama.card());
            Reads::Table { schema: cama.schema()?.clone(), order }
        }
    };
    let classifier = OnnxClassifier::open(path, &flags.options(), reads, cama.classes())?;
    Ok(Box::new(classifier))
}

/// Says that this build knows no ONNX files.
#[cfg(not(feature = "onnx"))]
fn open_onnx(_flags: &ClassifierFlags, path: &Path, _cama: &Cama) -> cama::Result<Box<dyn Classifier>> {
    let problem = "is no folder of a baseline, and this program was built without ONNX";
    Err(Error::data(path, problem, "build it with `--features onnx`, which it has by default"))
}

/// A baseline, whose folder says all that ONNX files do not.
fn open_baseline(flags: &ClassifierFlags, path: &Path, cama: &Cama) -> cama::Result<Baseline> {
    if !flags.says_only_where() {
        return Err(Error::spec(
            "flag",
            "--classifier-…",
            "says nothing about baselines, which know how they read; leave it out",
        ));
    }
    let baseline = Baseline::load(path)?;
    let problem = match &cama.model().config().data {
        _ if baseline.classes() != cama.classes() => Some("distinguishes other classes"),
        DataShape::Image(shape) => {
            (baseline.image_shape() != Some(*shape)).then_some("takes no images of this size")
        }
        DataShape::Table(_) => (baseline.schema() != cama.schema().ok())
            .then_some("was trained on another table: its columns are not encoded alike"),
    };
    match problem {
        Some(problem) => Err(Error::Mismatch(format!("the baseline {} {problem}", path.display()))),
        None => Ok(baseline),
    }
}

#[cfg(all(test, feature = "onnx"))]
mod tests {
    use cama::causal::{CausalGraph, Roles};
    use cama::data::table::{LearnOptions, Schema};
    use cama::{Card, Config, DeepCama, ModelConfig, TrunkConfig, device};
    use cama_onnx::{Layout, OnnxOptions, OutputKind};
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

    fn model(config: ModelConfig) -> DeepCama {
        let mut config = config;
        (config.z, config.network.hidden) = (2, 4);
        if let TrunkConfig::Convolutional(trunk) = &mut config.network.trunk {
            trunk.channels = 2;
        }
        DeepCama::new(&config.check().unwrap(), 0, &device("cpu").unwrap())
    }

    fn digits() -> Cama {
        Cama::bare(model(ModelConfig::fast([1, 28, 28], 10)))
    }

    /// A model of the table that the classifiers were fitted to; `data` is what it says it was trained on.
    fn patients(data: &str) -> Cama {
        let folder = tempfile::tempdir().unwrap();
        let graph = folder.path().join("graph.dot");
        let text =
            "digraph { state -> {pressure weight}; smoker -> {state pressure}; ward -> {state weight} }";
        std::fs::write(&graph, text).unwrap();
        let roles = Roles::of(&CausalGraph::read(&graph).unwrap(), "state").unwrap();
        let (schema, rows, _) = Schema::learn(&file("table.csv"), &roles, &LearnOptions::default()).unwrap();
        let model = model(ModelConfig::fast(schema.shape(), 3).with_class_prior(&rows));
        let card = Card { data: data.to_string(), classes: schema.classes.clone(), ..Card::default() };
        Cama::bare(model).with_schema(schema).with_card(card)
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
        let open = |words: &[&str], cama: &Cama| {
            let opened = open_classifier(&flags(words).unwrap(), cama).map_err(|error| error.to_string());
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
