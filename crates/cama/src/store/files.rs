//! The files of a model: `config.json`, `model.safetensors`, `direct.safetensors` if it has a direct classifier, `clean.bin`
//! with some of its clean examples, and a `README.md` for people.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::examples;
use crate::adapt::Rehearsal;
use crate::cama::{Cama, Card};
use crate::classifier::{DirectClassifier, DirectConfig};
use crate::data::table::Schema;
use crate::data::{DataShape, KeptExamples};
use crate::decide::{Guard, Outliers, Surveyed, Tempering};
use crate::folder_format::FolderFormat;
use crate::model::{DeepCama, Mechanisms, ModelConfig};
use crate::predict::{Bank, BankConfig};
use crate::{Config, Error, Result, weights};

const FORMAT: &str = "cama-model";
const VERSION: u32 = 4;
pub(super) const CONFIG: &str = "config.json";
pub(super) const WEIGHTS: &str = "model.safetensors";
pub(super) const DIRECT: &str = "direct.safetensors";
pub(super) const CLEAN: &str = "clean.bin";
pub(super) const BANK: &str = "bank.safetensors";
pub(super) const README: &str = "README.md";
pub(super) const KIND: FolderFormat = FolderFormat {
    name: FORMAT,
    version: VERSION,
    marker: CONFIG,
    weights: WEIGHTS,
    without: "no model folder; give one that `cama train` or `cama adapt` wrote",
};

/// What `config.json` says.
#[derive(Serialize, Deserialize)]
struct ConfigFile {
    format: String,
    version: u32,
    weights_crc32: u32,
    model: ModelConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direct: Option<DirectFile>,
    temperature: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tempering: Option<Tempering>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guard: Option<Guard>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bank: Option<BankFile>,
    #[serde(default)]
    rehearsal: Rehearsal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    surveyed: Option<Surveyed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outliers: Option<Outliers>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clean: Option<CleanFile>,
    card: Card,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectFile {
    weights_crc32: u32,
    config: DirectConfig,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CleanFile {
    crc32: u32,
    examples: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BankFile {
    weights_crc32: u32,
    config: BankConfig,
}

/// The files by their names; `config.json`, without which the others are nothing, stands last.
pub(super) fn files_of(cama: &Cama, place: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let failed = |name: &str, what: &dyn std::fmt::Display| KIND.unwritten(place, name, what);
    let weights = weights::to_bytes(&cama.model, FORMAT).map_err(|e| failed(WEIGHTS, &e))?;
    let direct = cama.direct.as_ref().map(|direct| weights::to_bytes(direct, FORMAT));
    let direct = direct.transpose().map_err(|e| failed(DIRECT, &e))?;
    let clean = cama.clean.as_ref().map(|kept| (kept.len(), examples::to_bytes(kept)));
    let bank = cama.bank.as_ref().map(|bank| weights::to_bytes(bank, FORMAT));
    let bank = bank.transpose().map_err(|e| failed(BANK, &e))?;
    let config = ConfigFile {
        format: FORMAT.into(),
        version: VERSION,
        weights_crc32: weights::crc32(&weights),
        model: cama.model.config().clone(),
        schema: cama.schema.clone(),
        direct: cama.direct.as_ref().zip(direct.as_ref()).map(|(direct, bytes)| DirectFile {
            weights_crc32: weights::crc32(bytes),
            config: direct.config().clone(),
        }),
        temperature: cama.temperature,
        tempering: cama.tempering,
        guard: cama.guard,
        bank: cama.bank.as_ref().zip(bank.as_ref()).map(|(bank, bytes)| BankFile {
            weights_crc32: weights::crc32(bytes),
            config: bank.config().clone(),
        }),
        rehearsal: cama.rehearsal.clone(),
        surveyed: cama.surveyed,
        outliers: cama.outliers.as_deref().cloned(),
        clean: clean
            .as_ref()
            .map(|(examples, bytes)| CleanFile { crc32: weights::crc32(bytes), examples: *examples }),
        card: cama.card.clone().named(cama.schema.as_ref(), cama.model.config().classes),
    };
    let json = serde_json::to_vec_pretty(&config).map_err(|e| failed(CONFIG, &e))?;
    let mut files = vec![(WEIGHTS, weights)];
    files.extend(direct.map(|direct| (DIRECT, direct)));
    files.extend(clean.map(|(_, bytes)| (CLEAN, bytes)));
    files.extend(bank.map(|bank| (BANK, bank)));
    files.extend([(README, cama.readme().into_bytes()), (CONFIG, json)]);
    Ok(files)
}

/// The model of which `config.json` is this, and `read` gives the other files, checked; `place` is for messages.
pub(super) fn model_of(
    config: &[u8],
    read: impl Fn(&str, u32) -> Result<Vec<u8>>,
    place: &Path,
    device: &Device,
) -> Result<Cama> {
    let file = parsed(config, place)?;
    let checked = file.model.check()?;
    let bytes = read(WEIGHTS, file.weights_crc32)?;
    let blank = DeepCama::blank(&checked, device);
    if let Some(prior) = &checked.prior_of_data {
        prior.check(blank.mechanisms().map_or(0, Mechanisms::dim))?;
    }
    let model = weights::apply(blank, bytes, place, WEIGHTS, CONFIG)?;
    let direct = file.direct.as_ref().map(|DirectFile { weights_crc32, config }| {
        let direct = DirectClassifier::blank(&file.model, &config.check()?, device);
        weights::apply(direct, read(DIRECT, *weights_crc32)?, place, DIRECT, CONFIG)
    });
    let clean = file.clean.as_ref().map(|clean| clean_of(&file, clean, &read, place)).transpose()?;
    let bank = file.bank.as_ref().map(|BankFile { weights_crc32, config }| {
        config.check(file.model.classes, file.model.z)?;
        weights::apply(Bank::empty(config, device), read(BANK, *weights_crc32)?, place, BANK, CONFIG)
    });
    let ConfigFile { schema, temperature, tempering, guard, rehearsal, surveyed, outliers, card, .. } = file;
    let (direct, bank, bare) = (direct.transpose()?, bank.transpose()?, Cama::bare(model));
    let outliers = outliers.map(Arc::new);
    Ok(Cama {
        schema,
        direct,
        bank,
        temperature,
        tempering,
        guard,
        rehearsal,
        surveyed,
        outliers,
        clean,
        card,
        ..bare
    })
}

/// The clean examples beside the model, which must be such as it reads.
fn clean_of(
    file: &ConfigFile,
    clean: &CleanFile,
    read: impl Fn(&str, u32) -> Result<Vec<u8>>,
    place: &Path,
) -> Result<Arc<KeptExamples>> {
    let problem =
        |what: String| Error::Model { path: place.into(), problem: format!("{CLEAN} is damaged: {what}") };
    let kept = examples::of_bytes(&read(CLEAN, clean.crc32)?)
        .filter(|kept| kept.len() == clean.examples)
        .ok_or_else(|| problem("it does not hold the examples that it should".into()))?;
    let width = match (&file.schema, &file.model.data) {
        (Some(schema), _) => schema.width(),
        (None, data) => data.width(),
    };
    kept.check(CLEAN, width, file.model.classes).map_err(|error| problem(error.to_string()))?;
    Ok(Arc::new(kept))
}

/// `config.json`, as far as it can be checked alone.
fn parsed(json: &[u8], place: &Path) -> Result<ConfigFile> {
    let problem =
        |what: String| Error::Model { path: place.into(), problem: format!("{CONFIG} is damaged: {what}") };
    let mut file: ConfigFile = KIND.parse(json, place)?;
    file.model.validate()?;
    file.card = file.card.named(file.schema.as_ref(), file.model.classes);
    check_schema(&file).map_err(problem)?;
    if !(file.temperature.is_finite() && file.temperature > 0.0) {
        return Err(problem(format!("temperature is {}", file.temperature)));
    }
    file.tempering.as_ref().map_or(Ok(()), Tempering::check).map_err(|error| problem(error.to_string()))?;
    file.rehearsal.thresholds.check().map_err(|error| problem(error.to_string()))?;
    if let Some(outliers) = &file.outliers {
        let width =
            file.model.data.table().map_or(0, |table| table.width() + table.parents + table.co_parents);
        outliers.check(width).map_err(|error| problem(error.to_string()))?;
    }
    let (names, classes) = (file.card.classes.len(), file.model.classes);
    if names != classes {
        return Err(problem(format!(
            "it names {names} classes (card.classes) of a model of {classes} (model.classes)"
        )));
    }
    Ok(file)
}

/// A table's model has a schema, and both are about the same columns and classes.
fn check_schema(file: &ConfigFile) -> Result<(), String> {
    match (&file.model.data, &file.schema) {
        (DataShape::Image(_), None) => Ok(()),
        (DataShape::Table(table), Some(schema)) => {
            schema.check().map_err(|error| error.to_string())?;
            if schema.shape() != *table || schema.classes.len() != file.model.classes {
                return Err("its schema and its model are about different columns or classes".into());
            }
            if schema.classes != file.card.classes {
                return Err("schema.classes and card.classes are not the same".into());
            }
            Ok(())
        }
        (DataShape::Table(_), None) => Err("it has a model for tables and no schema".into()),
        (DataShape::Image(_), Some(_)) => Err("it has a model for images and a schema".into()),
    }
}
