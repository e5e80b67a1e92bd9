//! Training states on disk, one folder an epoch, complete or not there at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::OptimizerRecord;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::epoch::Epoch;
use crate::files::sync_folder;
use crate::model::DeepCama;
use crate::optimise::Optimiser;
use crate::{Error, Result};

/// Where a checkpoint is written before it is complete.
const PARTIAL: &str = "partial";
/// Without it, a folder is no checkpoint.
const STATE: &str = "state.json";

/// A folder that holds the newest checkpoint of one training run.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    run: String,
}

/// A state to resume from.
pub(crate) struct Saved {
    pub model: DeepCama,
    pub best: Option<DeepCama>,
    pub optimiser: OptimizerRecord,
    pub history: Vec<Epoch>,
}

#[derive(Serialize, Deserialize)]
struct State {
    run: String,
    has_best: bool,
    history: Vec<Epoch>,
}

impl Checkpoints {
    /// Checkpoints in `folder`, made when needed. `run` says all that determines the result (configuration,
    /// data, seed): a checkpoint of a different run is refused.
    pub fn new(folder: impl Into<PathBuf>, run: impl Into<String>) -> Self {
        Self { folder: folder.into(), run: run.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is a checkpoint to resume from.
    pub fn exist(&self) -> bool {
        self.newest().is_some()
    }

    /// Whether the writing of a checkpoint was begun and not ended.
    pub fn begun(&self) -> bool {
        let Ok(entries) = fs::read_dir(self.folder.join(PARTIAL)) else { return false };
        let ours =
            |name: &str| ["model", "best", "optimiser", "state"].iter().any(|own| name.starts_with(own));
        entries.flatten().all(|entry| entry.file_name().to_str().is_some_and(ours))
    }

    /// Removes all checkpoints, and the folder if nothing else is in it.
    pub fn remove(&self) -> Result<()> {
        let partial = self.begun().then(|| self.folder.join(PARTIAL));
        for path in self.all().into_iter().map(|(_, path)| path).chain(partial) {
            fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
        }
        // What is not ours keeps it.
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Writes beside, renames once everything is on the disk, and only then removes every other checkpoint.
    pub(crate) fn save(
        &self,
        model: &DeepCama,
        best: Option<&DeepCama>,
        optimiser: &Optimiser,
        history: &[Epoch],
    ) -> Result<()> {
        let former = self.all();
        let partial = self.folder.join(PARTIAL);
        let path = self.folder.join(format!("epoch-{:05}", history.len()));
        let written = self.write(&partial, model, best, optimiser, history);
        let renamed = written.and_then(|()| {
            sync_folder(&partial)?;
            fs::rename(&partial, &path).map_err(Error::io("write", &path))?;
            sync_folder(&self.folder)
        });
        if renamed.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_dir_all(&partial);
        }
        renamed?;
        former.iter().try_for_each(|(_, path)| fs::remove_dir_all(path).map_err(Error::io("remove", path)))
    }

    fn write(
        &self,
        folder: &Path,
        model: &DeepCama,
        best: Option<&DeepCama>,
        optimiser: &Optimiser,
        history: &[Epoch],
    ) -> Result<()> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let failed = |path: &Path, what: &dyn std::fmt::Display| {
            Error::data(
                path,
                format!("cannot write the checkpoint: {what}"),
                "free some space, then --resume",
            )
        };
        for (name, model) in [("model.bpk", Some(model)), ("best.bpk", best)] {
            let path = folder.join(name);
            if let Some(model) = model {
                model.clone().save_file(&path).map_err(|e| failed(&path, &e))?;
            }
        }
        let path = folder.join("optimiser.bpk");
        optimiser.to_record().save(&path).map_err(|e| failed(&path, &e))?;
        let state = State { run: self.run.clone(), has_best: best.is_some(), history: history.to_vec() };
        let path = folder.join(STATE);
        let json = serde_json::to_vec_pretty(&state).map_err(|e| failed(&path, &e))?;
        fs::write(&path, json).map_err(Error::io("write", &path))
    }

    /// The newest checkpoint, applied to a model of the same configuration.
    pub(crate) fn load(&self, like: &DeepCama) -> Result<Option<Saved>> {
        let Some((_, folder)) = self.newest() else { return Ok(None) };
        let damaged = |path: &Path, what: &dyn std::fmt::Display| {
            Error::data(path, format!("the checkpoint is damaged: {what}"), "train anew with --force")
        };
        let path = folder.join(STATE);
        let json = fs::read(&path).map_err(Error::io("read", &path))?;
        let state: State = serde_json::from_slice(&json).map_err(|e| damaged(&path, &e))?;
        if state.run != self.run {
            return Err(Error::data(
                &folder,
                format!("the checkpoint is of another run:{}", differences(&state.run, &self.run)),
                "give the same data, settings and seed, or train anew with --force",
            ));
        }
        let read = |name: &str| {
            let path = folder.join(name);
            like.clone().try_load_file(&path).map_err(|e| damaged(&path, &e))
        };
        let path = folder.join("optimiser.bpk");
        let optimiser = OptimizerRecord::load(&path).map_err(|e| damaged(&path, &e))?;
        let best = state.has_best.then(|| read("best.bpk")).transpose()?;
        Ok(Some(Saved { model: read("model.bpk")?, best, optimiser, history: state.history }))
    }

    fn newest(&self) -> Option<(usize, PathBuf)> {
        self.all().into_iter().max()
    }

    /// All complete checkpoints, with their epochs.
    fn all(&self) -> Vec<(usize, PathBuf)> {
        let epoch = |path: &Path| path.file_name()?.to_str()?.strip_prefix("epoch-")?.parse().ok();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let ours = entries.map(|entry| entry.path()).filter(|path| path.join(STATE).is_file());
        ours.filter_map(|path| Some((epoch(&path)?, path))).collect()
    }
}

/// How two runs differ, each as JSON: a line for each value that is not the same; both as they are, if they are no JSON.
fn differences(there: &str, here: &str) -> String {
    let parsed = |run: &str| serde_json::from_str::<Value>(run).ok();
    let mut lines = Vec::new();
    match (parsed(there), parsed(here)) {
        (Some(there), Some(here)) => differ("", &there, &here, &mut lines),
        _ => lines.push(format!("{there} there, {here} here")),
    }
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

/// Adds what differs between two values, field by field.
fn differ(name: &str, there: &Value, here: &Value, lines: &mut Vec<String>) {
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for field in names {
                let path = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                let of =
                    |fields: &serde_json::Map<String, Value>| fields.get(field).cloned().unwrap_or_default();
                differ(&path, &of(a), &of(b), lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(i, (a, b))| differ(&format!("{name}.{i}"), a, b, lines));
        }
        _ if there == here => {}
        _ => lines.push(format!("{name} was {there}, is {here}")),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::Config;
    use crate::model::ModelConfig;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn put(path: PathBuf) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    #[test]
    fn only_checkpoints_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints");
        let checkpoints = Checkpoints::new(&path, "run");
        checkpoints.remove().unwrap();
        for name in ["epoch-00001/state.json", "epoch-00002/weights.pt", "partial/mine", "epoch-best.pt"] {
            put(path.join(name));
        }
        assert!(checkpoints.exist() && !checkpoints.begun());
        checkpoints.remove().unwrap();
        assert_eq!(names(&path), ["epoch-00002", "epoch-best.pt", "partial"]);
        assert!(!checkpoints.exist());

        fs::remove_dir_all(&path).unwrap();
        put(path.join("epoch-00001/state.json"));
        put(path.join("partial/model.bpk"));
        assert!(checkpoints.begun());
        checkpoints.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn runs_differ_in_what_is_named() {
        let there =
            r#"{"seed":1,"config":{"train":{"epochs":2,"lambda":0.5},"mechanisms":[{"a":1}]},"data":"x"}"#;
        let here = r#"{"seed":1,"config":{"train":{"epochs":3,"lambda":0.5},"mechanisms":[{"a":2}]}}"#;
        assert_eq!(
            differences(there, here),
            "\n  config.mechanisms.0.a was 1, is 2\n  config.train.epochs was 2, is 3\n  data was \"x\", is null"
        );
        assert_eq!(differences(there, there), "");
        assert_eq!(differences("one", "another"), "\n  one there, another here");
    }

    #[test]
    fn saving_leaves_the_newest_alone() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path(), "run");
        let mut config = ModelConfig::fast([1, 8, 8], 2);
        (config.z, config.network.hidden) = (2, 4);
        let model = DeepCama::new(&config.check().unwrap(), 0, &Device::flex());
        // What kills between a renaming and the removal after it leave.
        put(folder.path().join("epoch-00001/state.json"));
        put(folder.path().join("epoch-00002/state.json"));
        let epoch = |epoch| Epoch {
            epoch,
            train_loss: 0.0,
            elbo: 0.0,
            log_px: 0.0,
            kl_z: 0.0,
            log_py: 0.0,
            accuracy: 0.0,
            examples_per_second: 0.0,
            seconds: 0.0,
            manipulated: None,
        };
        checkpoints.save(&model, None, &Optimiser::new(0.0), &[1, 2, 3].map(epoch)).unwrap();
        assert_eq!(names(folder.path()), ["epoch-00003"]);
        assert_eq!(checkpoints.load(&model).unwrap().unwrap().history.len(), 3);
    }
}
