//! A model as a folder.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use burn::tensor::Device;

use super::files::{BANK, CLEAN, CONFIG, DIRECT, KIND, files_of, model_of};
use super::place;
use crate::cama::{Cama, Card};
use crate::files::write_together;
use crate::{Error, Result, weights};

/// The file of a model folder that tells which of the examples it was adapted to the guard lets restore, as
/// `index,verdict`, and between the two the file or the key of the example where it has one; saving a model removes that
/// of a previous one.
pub const VERDICTS: &str = "verdicts.csv";

/// The file of a model folder with some of its training data, for adaptation.
pub const CLEAN_EXAMPLES: &str = CLEAN;

/// Whether `folder` holds a model, or what is left of one: a file that [`Cama::save`] wrote.
pub fn is_model_folder(folder: &Path) -> bool {
    KIND.is_in(folder)
}

impl Cama {
    /// Writes the folder, making it if needed; `config.json`, without which a folder is no model, comes last.
    ///
    /// # Errors
    ///
    /// If anything cannot be written: then files that were there before survive.
    ///
    /// A save that is killed leaves the previous model or the new one: [`load`](Self::load) finds one of them whole.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        self.write(folder.as_ref(), true)
    }

    /// As [`save`](Self::save), into the folder that this was [loaded](Self::load) from: what is told there of the data that it
    /// was adapted to stays.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub fn update(&self, folder: impl AsRef<Path>) -> Result<()> {
        self.write(folder.as_ref(), false)
    }

    /// Writes everything, and removes what is of a previous model: with its verdicts if this is `another` one.
    fn write(&self, folder: &Path, another: bool) -> Result<()> {
        let relative =
            self.card.location.as_deref().and_then(|location| place::from_folder(folder, location));
        let card = Card { relative, ..self.card.clone() };
        let mut files = files_of(&self.clone().with_card(card), folder)?;
        if !self.verdicts.is_empty() {
            // Before `config.json`, which is last.
            files.insert(0, (VERDICTS, self.verdicts_file().into_bytes()));
        }
        let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        write_together(folder, &borrowed)?;
        let former = [
            (DIRECT, self.direct.is_none()),
            (BANK, self.bank.is_none()),
            (CLEAN, self.clean.is_none()),
            (VERDICTS, another && self.verdicts.is_empty()),
        ];
        let stale = former.into_iter().filter(|(_, stale)| *stale);
        stale
            .map(|(name, _)| folder.join(name))
            .filter(|path| path.exists())
            .try_for_each(|path| fs::remove_file(&path).map_err(Error::io("remove", &path)))
    }

    /// The verdicts as CSV.
    fn verdicts_file(&self) -> String {
        let headings = ["index", "verdict"];
        let heading =
            self.verdict_names.as_ref().map(|names| format!("{},", quoted(names.heading_beside(&headings))));
        let mut text = format!("index,{}verdict\n", heading.unwrap_or_default());
        for (i, (index, verdict)) in self.verdicts.iter().enumerate() {
            let name = self.verdict_names.as_ref().map(|names| format!("{},", quoted(names.get(i))));
            writeln!(text, "{index},{}{}", name.unwrap_or_default(), verdict.name())
                .expect("a string takes all");
        }
        text
    }

    /// Reads a folder that [`save`](Self::save) wrote, onto the CPU.
    ///
    /// # Errors
    ///
    /// As [`load_to`](Self::load_to).
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        Self::load_to(folder, &Device::flex())
    }

    /// Reads a folder that [`save`](Self::save) wrote, onto a [device](crate::device()).
    ///
    /// # Errors
    ///
    /// If a file is missing, of another version, foreign or damaged, or if weights do not fit the configuration.
    pub fn load_to(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let config = KIND.read_marker(folder)?;
        let read = |name: &str, checksum| weights::read_checked(folder, name, checksum, CONFIG);
        let mut cama = model_of(&config, read, folder, device)?;
        let Card { location, relative, .. } = &cama.card;
        if let Some(moved) = place::moved(folder, location.as_deref(), relative.as_deref()) {
            cama.card.location = Some(moved);
        }
        Ok(cama)
    }
}

/// A cell of a CSV file.
fn quoted(cell: &str) -> String {
    match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::{README, WEIGHTS};
    use super::*;
    use crate::Config;
    use crate::model::{DeepCama, ModelConfig};

    fn stored(classes: &[&str]) -> Cama {
        let mut config = ModelConfig::fast([1, 8, 8], 3);
        (config.z, config.network.hidden) = (2, 4);
        let mut cama = Cama::bare(DeepCama::new(&config.check().unwrap(), 0, &Device::flex()));
        cama.card.classes = classes.iter().map(|name| name.to_string()).collect();
        cama
    }

    fn loaded(classes: &[&str]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        stored(classes).save(folder.path())?;
        assert!(is_model_folder(folder.path()));
        Cama::load(folder.path()).map(|cama| cama.card.classes)
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
    fn a_model_is_distinguished_from_other_folders() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_model_folder(folder.path()));
        fs::write(folder.path().join(CONFIG), "{\"format\": \"else\"}").unwrap();
        assert!(!is_model_folder(folder.path()));
        stored(&[]).save(folder.path()).unwrap();
        assert!(is_model_folder(folder.path()));
        // What a save that was cut off leaves.
        fs::remove_file(folder.path().join(CONFIG)).unwrap();
        assert!(is_model_folder(folder.path()));
    }

    #[test]
    fn a_folder_of_an_older_version_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        stored(&[]).save(folder.path()).unwrap();
        let path = folder.path().join(CONFIG);
        let text = fs::read_to_string(&path).unwrap().replace("\"version\": 4", "\"version\": 2");
        fs::write(&path, text).unwrap();
        let text = Cama::load(folder.path()).unwrap_err().to_string();
        assert!(text.contains("version is 2") && text.contains("train anew"), "{text}");
    }

    #[test]
    fn bytes_hold_the_same_files() {
        let folder = tempfile::tempdir().unwrap();
        let cama = stored(&["a", "b", "c"]);
        let bytes = cama.to_bytes().unwrap();
        Cama::from_bytes(&bytes).unwrap().save(folder.path()).unwrap();
        let other = tempfile::tempdir().unwrap();
        cama.save(other.path()).unwrap();
        for name in [CONFIG, WEIGHTS, README] {
            let [one, two] = [&folder, &other].map(|folder| fs::read(folder.path().join(name)).unwrap());
            assert_eq!(one, two, "{name}");
        }
        for damaged in [&bytes[..bytes.len() - 7], &bytes[..20], b"", b"cama-model bytes\n\x02\x00ab"] {
            assert!(Cama::from_bytes(damaged).is_err());
        }
        let mut flipped = bytes.clone();
        flipped[1000] ^= 1;
        let text = Cama::from_bytes(&flipped).unwrap_err().to_string();
        assert!(text.contains("model.safetensors is not the file"), "{text}");
    }
}
