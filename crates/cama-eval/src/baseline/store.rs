//! A baseline's folder: `baseline.json`, and `baseline.safetensors` for a network or `trees.json` for trees.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use cama::data::table::Schema;
use cama::files::write_together;
use cama::{Config, Error, FolderFormat, Result, weights};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::cnn::CnnConfig;
use super::config::BaselineConfig;
use super::conv::Conv;
use super::dense::Dense;
use super::network::{Layers, Network, Reading};
use super::scale::Scale;
use super::spec::written;
use super::trained::{Baseline, Kind, Origin};
use super::trees::Trees;

const FORMAT: &str = "cama-baseline";
const VERSION: u32 = 1;
/// The file without which a folder is no baseline.
const CONFIG: &str = "baseline.json";
const WEIGHTS: &str = "baseline.safetensors";
const TREES: &str = "trees.json";
const KIND: FolderFormat = FolderFormat {
    name: FORMAT,
    version: VERSION,
    marker: CONFIG,
    weights: WEIGHTS,
    without: "no baseline; give a folder that `cama baseline` wrote",
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    /// Of the file with what was learnt.
    weights_crc32: u32,
    config: BaselineConfig,
    width: usize,
    classes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<[usize; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<Scale>,
    origin: Origin,
}

impl Baseline {
    /// Writes the folder, making it if needed; `baseline.json`, without which a folder is no baseline, comes last.
    ///
    /// # Errors
    ///
    /// If anything cannot be written: then files that were there before survive.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let failed = |name: &str, what: &dyn std::fmt::Display| KIND.unwritten(folder, name, what);
        let (name, other, bytes, scale) = match &self.kind {
            Kind::Network(network) => {
                let bytes = weights::to_bytes(&network.layers, FORMAT).map_err(|e| failed(WEIGHTS, &e))?;
                (WEIGHTS, TREES, bytes, network.scale())
            }
            Kind::Trees(trees) => (TREES, WEIGHTS, trees.to_json().map_err(|e| failed(TREES, &e))?, None),
        };
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            weights_crc32: weights::crc32(&bytes),
            config: self.config.clone(),
            width: self.width,
            classes: self.classes.clone(),
            image: self.image,
            schema: self.schema.clone(),
            scale: scale.cloned(),
            origin: self.origin.clone(),
        };
        let json = serde_json::to_vec_pretty(&file).map_err(|e| failed(CONFIG, &e))?;
        write_together(folder, &[(name, &bytes), (CONFIG, &json)])?;
        // Of a previous baseline of another kind.
        let stale = folder.join(other);
        match stale.exists() {
            true => fs::remove_file(&stale).map_err(Error::io("remove", &stale)),
            false => Ok(()),
        }
    }

    /// Reads a folder that [`save`](Self::save) wrote; a baseline computes on the CPU, whatever the device of the model
    /// beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if a file is missing, of another version, foreign or damaged, or if what was learnt does not fit
    /// the configuration.
    pub fn load(folder: &Path) -> Result<Self> {
        let problem = |problem: String| Error::Model { path: folder.into(), problem };
        let file = KIND.read::<File>(folder)?;
        check(&file).map_err(|what| problem(format!("{CONFIG} is damaged: {what}")))?;
        let File { weights_crc32: checksum, config, width, classes, image, schema, scale, origin, .. } = file;
        let kind = match &config {
            BaselineConfig::Trees(_) => {
                let bytes = weights::read_checked(folder, TREES, checksum, CONFIG)?;
                let trees = Trees::from_json(&bytes, width, classes.len());
                Kind::Trees(trees.map_err(|what| problem(format!("{TREES} is damaged: {what}")))?)
            }
            network => {
                // A file that promises more weights than it has must not cost the memory for them.
                let size = size(network, image, width, classes.len()).saturating_mul(4);
                let length = fs::metadata(folder.join(WEIGHTS)).map_or(u64::MAX, |file| file.len());
                if size > length {
                    return Err(problem(format!(
                        "{WEIGHTS} has {length} bytes, but {CONFIG} speaks of {size} bytes of weights or more: one is \
                         damaged, or of another baseline"
                    )));
                }
                let layers = weights::read(
                    layers(network, image, width, classes.len()),
                    folder,
                    WEIGHTS,
                    checksum,
                    CONFIG,
                )?;
                let reading = match network {
                    BaselineConfig::StandardiseEachBatch(_) => Reading::Moments,
                    BaselineConfig::Tent(config) => Reading::Online(config.tent.clone()),
                    _ if origin.adaptations.is_empty() => Reading::Population,
                    _ => Reading::Batch,
                };
                Kind::Network(Box::new(Network { reading, ..Network::new(layers, scale) }))
            }
        };
        let tented = if origin.adaptations.is_empty() { "" } else { "-tent" };
        let name = written(&format!("{}{tented}", config.name()), &origin.manipulated);
        Ok(Self { kind, name, config, width, classes, image, schema, origin })
    }

    /// Whether `folder` holds a baseline, or what is left of one: a file that [`save`](Self::save) wrote.
    pub fn is_in(folder: &Path) -> bool {
        KIND.is_in(folder)
    }
}

/// Checks that the parts of a file belong together; the error says what is wrong.
fn check(file: &File) -> std::result::Result<(), String> {
    file.config.validate().map_err(|error| error.to_string())?;
    if file.classes.len() < 2 {
        return Err(format!("it names {} classes", file.classes.len()));
    }
    let width = file.width;
    if width == 0 {
        return Err("its examples have no features".into());
    }
    match (&file.image, &file.schema) {
        (Some(_), Some(_)) => return Err("it has both an image size and a schema".into()),
        (Some(image), None) => {
            let volume = image.iter().try_fold(1usize, |volume, side| volume.checked_mul(*side));
            if volume != Some(width) {
                return Err(format!("images of {image:?} do not have {width} values"));
            }
        }
        (None, Some(schema)) => {
            schema.check().map_err(|error| error.to_string())?;
            let all = schema.x_width() + schema.a_width() + schema.c_width();
            if all != width || schema.classes != file.classes {
                return Err("its schema is about other columns or classes".into());
            }
        }
        (None, None) => {}
    }
    match &file.config {
        config if convolves(config).is_some() && file.image.is_none() => {
            return Err("it convolves images of unknown size".into());
        }
        BaselineConfig::Mlp(config)
        | BaselineConfig::MlpPaper(config)
        | BaselineConfig::StandardiseEachBatch(config)
            if config.standardised != file.scale.is_some() =>
        {
            return Err("its scale is missing, or superfluous".into());
        }
        _ => {}
    }
    match &file.scale {
        Some(scale) if scale.width() != width || !scale.is_sound() => {
            Err(format!("its scale is not of {width} finite values"))
        }
        _ => Ok(()),
    }
}

/// Layers with initial weights.
fn layers(config: &BaselineConfig, image: Option<[usize; 3]>, width: usize, classes: usize) -> Layers {
    let (device, rng) = (Device::flex(), &mut ChaCha8Rng::seed_from_u64(0));
    match (config, convolves(config), image) {
        (
            BaselineConfig::Mlp(config)
            | BaselineConfig::MlpPaper(config)
            | BaselineConfig::StandardiseEachBatch(config),
            ..,
        ) => Layers::Dense(Dense::new(&config.widths(width, classes), rng, &device)),
        (_, Some((config, normalised)), Some(image)) => {
            Layers::Conv(Conv::new(image, config, normalised, classes, rng, &device))
        }
        _ => unreachable!("trees have no layers, and what convolves was checked to read images"),
    }
}

/// How many weights they have, at least.
fn size(config: &BaselineConfig, image: Option<[usize; 3]>, width: usize, classes: usize) -> u64 {
    match (config, convolves(config), image) {
        (
            BaselineConfig::Mlp(config)
            | BaselineConfig::MlpPaper(config)
            | BaselineConfig::StandardiseEachBatch(config),
            ..,
        ) => Dense::size(&config.widths(width, classes)),
        (_, Some((config, _)), Some(image)) => Conv::size(image, config, classes),
        _ => 0,
    }
}

/// The convolutional network, and whether it is normalised, if it is one.
fn convolves(config: &BaselineConfig) -> Option<(&CnnConfig, bool)> {
    match config {
        BaselineConfig::Cnn(config) => Some((config, false)),
        BaselineConfig::CnnBn(config) => Some((config, true)),
        BaselineConfig::CnnAdversarial(config) => Some((&config.cnn, false)),
        BaselineConfig::Tent(config) => Some((&config.cnn, true)),
        BaselineConfig::Mlp(_)
        | BaselineConfig::MlpPaper(_)
        | BaselineConfig::StandardiseEachBatch(_)
        | BaselineConfig::Trees(_) => None,
    }
}
