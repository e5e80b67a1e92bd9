//! A model folder: `config.json`, `model.safetensors`, `head.safetensors` if it has a head, and a `README.md` for people.

mod readme;

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::adapt::AdaptReport;
use crate::classifier::Classifier;
use crate::data::table::Schema;
use crate::decide::{Context, Decider, Guard};
use crate::files::write_together;
use crate::folder_format::FolderFormat;
use crate::head::{Head, HeadConfig, TEMPERATURE};
use crate::input::Input;
use crate::model::{DeepCama, ModelConfig};
use crate::predict::MChoice;
use crate::train::Epoch;
use crate::{Error, Result, weights};

const FORMAT: &str = "cama-model";
const VERSION: u32 = 2;
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const HEAD: &str = "head.safetensors";
const KIND: FolderFormat = FolderFormat {
    name: FORMAT,
    version: VERSION,
    marker: CONFIG,
    weights: WEIGHTS,
    without: "no model folder; give one that `cama train` or `cama adapt` wrote",
};

/// The file of a model folder that tells which of the examples it was adapted to the guard lets restore, as
/// `index,verdict`; saving a model removes that of a former one.
pub const VERDICTS: &str = "verdicts.csv";

/// A model with all that is worth keeping of how it came to be.
#[derive(Clone, Debug)]
pub struct StoredModel {
    /// The model.
    pub model: DeepCama,
    /// The columns of the table that it reads, and how they become numbers; nothing for images.
    pub schema: Option<Schema>,
    /// The discriminative classifier beside it.
    pub head: Option<Head>,
    /// What it learnt from clean data of how well examples are explained.
    pub guard: Option<Guard>,
    /// Its story.
    pub card: Card,
}

/// How a model came to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Names of the classes, in the order of the model's outputs; left empty, they are stored as the schema's, or as
    /// numbers.
    pub classes: Vec<String>,
    /// Whether q2(m|x) has met manipulated data, in training or adaptation: then prediction infers m.
    pub infers_m: bool,
    /// The training data.
    pub data: String,
    /// Manipulated training data, if any.
    pub manipulated: Option<String>,
    /// Seed of the training run.
    pub seed: u64,
    /// Preset that the configuration started from.
    pub preset: String,
    /// The commands that made it, oldest first.
    pub commands: Vec<String>,
    /// Optimiser steps on dreams.
    pub dream_steps: usize,
    /// Every epoch of training.
    pub history: Vec<Epoch>,
    /// Every adaptation since, oldest first.
    pub adaptations: Vec<Adaptation>,
}

/// One adaptation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptation {
    /// The model it started from.
    pub from: String,
    /// The unlabelled data.
    pub on: String,
    /// Seed.
    pub seed: u64,
    /// What came of it.
    pub report: AdaptReport,
}

impl Card {
    /// The m that prediction uses unless told otherwise.
    pub fn default_m(&self) -> MChoice {
        if self.infers_m { MChoice::Mean } else { MChoice::Null }
    }

    /// With the schema's names, or with numbers, for the names of the classes where there are no names.
    fn named(mut self, schema: Option<&Schema>, classes: usize) -> Self {
        if self.classes.is_empty() {
            self.classes = match schema {
                Some(schema) => schema.classes.clone(),
                None => (0..classes).map(|class| class.to_string()).collect(),
            };
        }
        self
    }
}

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    weights_crc32: u32,
    model: ModelConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<HeadFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guard: Option<Guard>,
    card: Card,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    weights_crc32: u32,
    temperature: f64,
    config: HeadConfig,
}

impl StoredModel {
    /// Writes the folder, making it if needed; `config.json`, without which a folder is no model, comes last.
    ///
    /// # Errors
    ///
    /// If anything cannot be written: then files that were there before survive.
    ///
    /// Several files cannot be replaced at one stroke: a save that is killed in the moment in which they are renamed
    /// can leave new weights with the former `config.json`, which [`load`](Self::load) finds out and refuses.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let failed = |name: &str, what: &dyn std::fmt::Display| KIND.unwritten(folder, name, what);
        let weights = weights::to_bytes(&self.model, FORMAT).map_err(|e| failed(WEIGHTS, &e))?;
        let head = self
            .head
            .as_ref()
            .map(|head| weights::to_bytes(head, FORMAT))
            .transpose()
            .map_err(|e| failed(HEAD, &e))?;
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            weights_crc32: weights::crc32(&weights),
            model: self.model.config().clone(),
            schema: self.schema.clone(),
            head: self.head.as_ref().zip(head.as_ref()).map(|(head, bytes)| HeadFile {
                weights_crc32: weights::crc32(bytes),
                temperature: head.temperature(),
                config: head.config().clone(),
            }),
            guard: self.guard,
            card: self.card.clone().named(self.schema.as_ref(), self.model.config().classes),
        };
        let json = serde_json::to_vec_pretty(&file).map_err(|e| failed(CONFIG, &e))?;
        let readme = self.readme();
        let mut files = vec![(WEIGHTS, &weights[..])];
        files.extend(head.as_ref().map(|head| (HEAD, &head[..])));
        files.extend([("README.md", readme.as_bytes()), (CONFIG, &json)]);
        write_together(folder, &files)?;
        // Of a former model: its head, and what its guard made of other data.
        let stale = [(HEAD, head.is_none()), (VERDICTS, true)].into_iter().filter(|(_, stale)| *stale);
        stale
            .map(|(name, _)| folder.join(name))
            .filter(|path| path.exists())
            .try_for_each(|path| fs::remove_file(&path).map_err(Error::io("remove", &path)))
    }

    /// Reads a folder that [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// If a file is missing, of another version, foreign or damaged, or if weights do not fit the configuration.
    pub fn load(folder: &Path, device: &Device) -> Result<Self> {
        let problem = |problem: String| Error::Model { path: folder.into(), problem };
        let file = read_config(folder)?;
        let model = DeepCama::new(&file.model, 0, device)?;
        let model = weights::read(model, folder, WEIGHTS, file.weights_crc32, CONFIG)?;
        let head = match &file.head {
            None => None,
            Some(HeadFile { weights_crc32, temperature, config }) => {
                if !(temperature.is_finite() && *temperature > 0.0) {
                    return Err(problem(format!("{CONFIG} is damaged: head.temperature is {temperature}")));
                }
                let head = Head::new(&file.model, config, 0, device)?.with_temperature(*temperature);
                Some(weights::read(head, folder, HEAD, *weights_crc32, CONFIG)?)
            }
        };
        Ok(Self { model, schema: file.schema, head, guard: file.guard, card: file.card })
    }

    /// The model with its head and its guard, to decide with.
    pub fn decider(&self) -> Decider<'_> {
        Decider {
            model: &self.model,
            head: self.head.as_ref().map(|head| head as &dyn Classifier),
            other: None,
            temperature: self.head.as_ref().map_or(TEMPERATURE, Head::temperature),
            guard: self.guard.as_ref(),
            context: Context::Unknown,
        }
    }

    /// The columns of the table that the model reads.
    ///
    /// # Errors
    ///
    /// If it reads images.
    pub fn schema(&self) -> Result<&Schema> {
        let images = || Error::Mismatch("the model is for images, not for tables".into());
        self.schema.as_ref().ok_or_else(images)
    }

    /// Whether `folder` holds a model, or what is left of one: a file that [`save`](Self::save) wrote.
    pub fn is_in(folder: &Path) -> bool {
        KIND.is_in(folder)
    }
}

fn read_config(folder: &Path) -> Result<File> {
    let problem = |problem: String| Error::Model { path: folder.into(), problem };
    let mut file: File = KIND.read(folder)?;
    file.model.check()?;
    file.card = file.card.named(file.schema.as_ref(), file.model.classes);
    check_schema(&file).map_err(|what| problem(format!("{CONFIG} is damaged: {what}")))?;
    let (names, classes) = (file.card.classes.len(), file.model.classes);
    if names != classes {
        return Err(problem(format!(
            "{CONFIG} is damaged: it names {names} classes (card.classes) of a model of {classes} (model.classes)"
        )));
    }
    Ok(file)
}

/// A table's model has a schema, and both are about the same columns and classes.
fn check_schema(file: &File) -> Result<(), String> {
    match (&file.model.input, &file.schema) {
        (Input::Image(_), None) => Ok(()),
        (Input::Table(table), Some(schema)) => {
            schema.check().map_err(|error| error.to_string())?;
            if !schema.input(Vec::new()).same_columns(table) || schema.classes.len() != file.model.classes {
                return Err("its schema and its model are about different columns or classes".into());
            }
            if schema.classes != file.card.classes {
                return Err("schema.classes and card.classes are not the same".into());
            }
            Ok(())
        }
        (Input::Table(_), None) => Err("it has a model for tables and no schema".into()),
        (Input::Image(_), Some(_)) => Err("it has a model for images and a schema".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageInput;

    fn stored(classes: &[&str]) -> StoredModel {
        let image = ImageInput { channels: 2, ..ImageInput::fast([1, 8, 8]) };
        let config = ModelConfig { z: 2, hidden: 4, ..ModelConfig::fast(image, 3) };
        let model = DeepCama::new(&config, 0, &Device::flex()).unwrap();
        let classes = classes.iter().map(|name| name.to_string()).collect();
        StoredModel {
            model,
            schema: None,
            head: None,
            guard: None,
            card: Card { classes, ..Card::default() },
        }
    }

    fn loaded(classes: &[&str]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        stored(classes).save(folder.path())?;
        assert!(StoredModel::is_in(folder.path()));
        StoredModel::load(folder.path(), &Device::flex()).map(|stored| stored.card.classes)
    }

    #[test]
    fn every_class_has_one_name() {
        assert_eq!(loaded(&["a", "b", "c"]).unwrap(), ["a", "b", "c"]);
        assert_eq!(loaded(&[]).unwrap(), ["0", "1", "2"]);
        for classes in [&["a", "b"][..], &["a", "b", "c", "d"]] {
            let text = loaded(classes).unwrap_err().to_string();
            assert!(text.contains(&format!("names {} classes", classes.len())), "{text}");
            assert!(text.contains("a model of 3"), "{text}");
        }
    }

    #[test]
    fn a_model_is_told_from_other_folders() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!StoredModel::is_in(folder.path()));
        fs::write(folder.path().join(CONFIG), "{\"format\": \"else\"}").unwrap();
        assert!(!StoredModel::is_in(folder.path()));
        stored(&[]).save(folder.path()).unwrap();
        assert!(StoredModel::is_in(folder.path()));
        // What a save that was cut off leaves.
        fs::remove_file(folder.path().join(CONFIG)).unwrap();
        assert!(StoredModel::is_in(folder.path()));
    }
}
