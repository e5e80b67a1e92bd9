//! Training states on disk, one folder an epoch, complete or not there at all.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::OptimizerRecord;
use serde::{Deserialize, Serialize};

use crate::model::DeepCama;
use crate::optimise::Optimiser;
use crate::train::Epoch;
use crate::{Error, Result};

/// A folder that holds the newest checkpoint of one training run.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    run: String,
}

/// A state to go on from.
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

    /// Whether there is a checkpoint to go on from.
    pub fn exist(&self) -> bool {
        self.newest().is_some()
    }

    /// Removes all checkpoints.
    pub fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &self.folder)(e)),
            _ => Ok(()),
        }
    }

    /// Writes beside, renames, and only then removes the former checkpoint.
    pub(crate) fn save(
        &self,
        model: &DeepCama,
        best: Option<&DeepCama>,
        optimiser: &Optimiser,
        history: &[Epoch],
    ) -> Result<()> {
        let former = self.newest();
        let partial = self.folder.join("partial");
        let written = self.write(&partial, model, best, optimiser, history);
        let renamed = written.and_then(|()| {
            let path = self.folder.join(format!("epoch-{:05}", history.len()));
            fs::rename(&partial, &path).map_err(Error::io("write", &path))
        });
        if renamed.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_dir_all(&partial);
        }
        renamed?;
        if let Some((_, former)) = former {
            fs::remove_dir_all(&former).map_err(Error::io("remove", &former))?;
        }
        Ok(())
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
        let path = folder.join("state.json");
        let json = serde_json::to_vec_pretty(&state).map_err(|e| failed(&path, &e))?;
        fs::write(&path, json).map_err(Error::io("write", &path))
    }

    /// The newest checkpoint, applied to a model of the same configuration.
    pub(crate) fn load(&self, like: &DeepCama) -> Result<Option<Saved>> {
        let Some((_, folder)) = self.newest() else { return Ok(None) };
        let damaged = |path: &Path, what: &dyn std::fmt::Display| {
            Error::data(path, format!("the checkpoint is damaged: {what}"), "train anew with --force")
        };
        let path = folder.join("state.json");
        let json = fs::read(&path).map_err(Error::io("read", &path))?;
        let state: State = serde_json::from_slice(&json).map_err(|e| damaged(&path, &e))?;
        if state.run != self.run {
            return Err(Error::data(
                &folder,
                format!("the checkpoint is of another run:\n  there: {}\n  here:  {}", state.run, self.run),
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
        let entries = fs::read_dir(&self.folder).ok()?;
        let epoch = |path: &Path| path.file_name()?.to_str()?.strip_prefix("epoch-")?.parse().ok();
        entries.flatten().filter_map(|e| Some((epoch(&e.path())?, e.path()))).max()
    }
}
