//! A simulation as a folder: `table.csv`, `graph.dot`, `README.md` and `model.json`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::{ControlFlow, Range};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::intervention::Intervention;
use super::model::StructuralModel;
use super::sample::END_OF_ROWS;
use crate::files::write_atomic;
use crate::{Error, Result};

const FORMAT: &str = "cama-structural-model";
const VERSION: u32 = 1;
const TABLE: &str = "table.csv";
const GRAPH: &str = "graph.dot";
const README: &str = "README.md";
const MODEL: &str = "model.json";
/// The largest `model.json` that is read, in bytes; the largest model takes about 26 million.
const LARGEST: u64 = 200_000_000;

/// Which rows of which structural model, under which interventions.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// The model.
    pub model: StructuralModel,
    /// The rows.
    pub rows: Range<u64>,
    /// What is done, in the order given.
    pub interventions: Vec<Intervention>,
}

/// `model.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: String,
    version: u32,
    first: u64,
    rows: u64,
    interventions: Vec<Intervention>,
    model: StructuralModel,
}

impl Simulation {
    /// Checks that there are rows, and that all variables and classes of the interventions exist.
    ///
    /// # Errors
    ///
    /// Naming the first that does not.
    pub fn check(&self) -> Result<()> {
        let Range { start, end } = self.rows;
        if start >= end {
            return Err(Error::config("rows", end.saturating_sub(start), "at least 1"));
        }
        self.model.sample(start..start, &self.interventions)?;
        self.model.sample(end..end, &[]).map(drop)
    }

    /// Writes the folder, which appears whole; one that is there already is replaced file by file. Returns the
    /// number of rows of each class.
    ///
    /// `command` is what the page about it says made it; `observe` is told how many rows are written, now and then,
    /// and can stop it.
    ///
    /// # Errors
    ///
    /// If [`check`](Self::check) or [`write_table`](Self::write_table) fails or a file cannot be written: then no
    /// folder appears, and one that was there before is as it was.
    pub fn save(
        &self,
        folder: &Path,
        command: &str,
        observe: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Vec<u64>> {
        self.check()?;
        let parent = folder.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let staged = staging().tempdir_in(parent).map_err(Error::io("write to", parent))?;
        let put =
            |name: &str, bytes: &[u8]| write_atomic(staged.path().join(name), |out| out.write_all(bytes));

        let counts = self.put_table(&staged.path().join(TABLE), observe)?;
        put(GRAPH, self.model.dot().as_bytes())?;
        put(README, self.readme(command, &counts).as_bytes())?;
        let stored = Stored {
            format: FORMAT.into(),
            version: VERSION,
            first: self.rows.start,
            rows: self.rows.end - self.rows.start,
            interventions: self.interventions.clone(),
            model: self.model.clone(),
        };
        let json = serde_json::to_vec_pretty(&stored).map_err(|e| Error::io("write", MODEL)(e.into()))?;
        put(MODEL, &json)?;

        if folder.is_dir() {
            // A folder without `model.json` is no simulation: it goes first and comes last, lest one that is cut
            // off here has the model of one table and the rows of another.
            let old = folder.join(MODEL);
            if old.exists() {
                fs::remove_file(&old).map_err(Error::io("replace", &old))?;
            }
            for name in [TABLE, GRAPH, README, MODEL] {
                let path = folder.join(name);
                fs::rename(staged.path().join(name), &path).map_err(Error::io("write", &path))?;
            }
        } else {
            fs::rename(staged.path(), folder).map_err(Error::io("write", folder))?;
        }
        Ok(counts)
    }

    fn put_table(&self, path: &Path, observe: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<Vec<u64>> {
        let mut written = None;
        let put = write_atomic(path, |out| {
            let result = self.write_table(out, observe);
            let failed = result.is_err();
            written = Some(result);
            if failed { Err(std::io::Error::other("the table cannot be written")) } else { Ok(()) }
        });
        // What went wrong inside says more than that something did.
        match written {
            Some(Ok(counts)) => put.map(|()| counts),
            Some(Err(error)) => Err(error),
            None => put.map(|()| Vec::new()),
        }
    }

    /// Reads the `model.json` of a folder that [`save`](Self::save) wrote; the table is not read, nor needed.
    ///
    /// # Errors
    ///
    /// If the file is missing, of another version, foreign or damaged, or if anything in it contradicts the rest.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(MODEL);
        let error = |problem: String| Error::data(&path, problem, "copy the file again, or simulate anew");
        if !path.is_file() {
            return Err(Error::data(
                folder,
                format!("there is no {MODEL}, so this is no simulation"),
                "give a folder that `cama simulate` wrote",
            ));
        }
        let mut json = Vec::new();
        let file = File::open(&path).map_err(Error::io("read", &path))?;
        file.take(LARGEST + 1).read_to_end(&mut json).map_err(Error::io("read", &path))?;
        if json.len() as u64 > LARGEST {
            return Err(error(format!("larger than {LARGEST} bytes, which no model is")));
        }
        #[derive(Deserialize)]
        struct Header {
            format: String,
            version: u32,
        }
        let header: Header = serde_json::from_slice(&json)
            .map_err(|e| error(format!("damaged or not of this program: {e}")))?;
        if header.format != FORMAT {
            return Err(error(format!("says format `{}`, not `{FORMAT}`", header.format)));
        }
        if header.version != VERSION {
            return Err(error(format!("version {}, where this program reads {VERSION}", header.version)));
        }
        let stored: Stored = serde_json::from_slice(&json).map_err(|e| error(format!("damaged: {e}")))?;
        let Stored { first, rows, interventions, model, .. } = stored;
        let rows = first..first.saturating_add(rows).min(END_OF_ROWS + 1);
        let simulation = Simulation { model, rows, interventions };
        simulation.check().map_err(|e| error(format!("damaged: {e}")))?;
        Ok(simulation)
    }

    /// Whether `folder` holds a simulation and nothing else.
    pub fn is_in(folder: &Path) -> bool {
        let Ok(mut entries) = fs::read_dir(folder) else { return false };
        let ours = |name: &std::ffi::OsStr| [TABLE, GRAPH, README, MODEL].iter().any(|own| *own == name);
        let mut head = Vec::new();
        let read = File::open(folder.join(MODEL)).and_then(|file| file.take(4096).read_to_end(&mut head));
        read.is_ok()
            && head.windows(FORMAT.len()).any(|part| part == FORMAT.as_bytes())
            && entries.all(|entry| entry.is_ok_and(|entry| ours(&entry.file_name())))
    }
}

fn staging() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".partial");
    // It becomes the folder: with the permissions of one, less what the umask takes away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder
}

#[cfg(test)]
mod tests {
    use super::super::StructuralConfig;
    use super::*;

    fn simulation(seed: u64, interventions: &[&str]) -> Simulation {
        let config =
            StructuralConfig { parents: 1, co_parents: 2, children: 2, classes: 3, latents: 1, noise: 0.3 };
        let model = StructuralModel::draw(&config, seed).unwrap();
        let interventions = interventions.iter().map(|spec| spec.parse().unwrap()).collect();
        Simulation { model, rows: 5..25, interventions }
    }

    fn save(simulation: &Simulation, folder: &Path) -> Result<Vec<u64>> {
        simulation.save(folder, "cama simulate", &mut |_| ControlFlow::Continue(()))
    }

    fn entries(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_saved_is_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let simulation = simulation(u64::MAX, &["C*+=3", "X1*=0.1", "Y=y2"]);
        assert_eq!(save(&simulation, &path).unwrap(), [0, 0, 20]);
        assert_eq!(Simulation::load(&path).unwrap(), simulation);
        assert_eq!(entries(&path), [README, GRAPH, MODEL, TABLE]);
        assert_eq!(entries(&folder.path().join("a")), ["b"]);
        assert!(Simulation::is_in(&path) && !Simulation::is_in(folder.path()));
        fs::write(path.join("other"), "").unwrap();
        assert!(!Simulation::is_in(&path));
    }

    #[test]
    fn a_former_simulation_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        save(&simulation(1, &[]), folder.path()).unwrap();
        let former = fs::read(folder.path().join(TABLE)).unwrap();
        save(&simulation(2, &[]), folder.path()).unwrap();
        assert_ne!(fs::read(folder.path().join(TABLE)).unwrap(), former);
        assert_eq!(Simulation::load(folder.path()).unwrap(), simulation(2, &[]));
        assert_eq!(entries(folder.path()), [README, GRAPH, MODEL, TABLE]);
    }

    #[test]
    fn what_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d");
        let stopped = simulation(1, &[]).save(&path, "", &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(Error::Interrupted(_))));
        let text = save(&simulation(1, &["C9=1"]), &path).unwrap_err().to_string();
        assert!(text.contains("`C9`"), "{text}");
        let text = save(&simulation(1, &["X1=1e308", "X1*=10"]), &path).unwrap_err().to_string();
        assert!(text.starts_with("X1 of row 5"), "{text}");
        assert!(save(&Simulation { rows: 3..3, ..simulation(1, &[]) }, &path).is_err());
        assert!(entries(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_has_the_permissions_of_a_folder() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        save(&simulation(1, &[]), &ours).unwrap();
        fs::create_dir(&plain).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn hostile_models_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Simulation::load(folder.path()).unwrap_err().to_string().contains("no model.json"));
        save(&simulation(1, &["C1+=1"]), folder.path()).unwrap();
        let path = folder.path().join(MODEL);
        let json = fs::read_to_string(&path).unwrap();
        let refusal = |text: &str| {
            fs::write(&path, text).unwrap();
            Simulation::load(folder.path()).unwrap_err().to_string()
        };
        for (from, to, part) in [
            (FORMAT, "else", "says format `else`"),
            ("\"version\": 1", "\"version\": 2", "version 2, where this program reads 1"),
            ("\"rows\": 20", "\"rows\": 0", "rows = 0"),
            ("\"rows\": 20", "\"rows\": 18446744073709551615", "up to"),
            ("\"rows\": 20", "\"rows\": -1", "invalid value: integer `-1`"),
            ("C1+=1", "C7+=1", "unknown variable `C7`"),
            ("C1+=1", "C1", "there is no `=`"),
            ("\"classes\": 3", "\"classes\": 4", "entries, where 4 are needed"),
            ("\"children\": 2", "\"children\": 1000000000", "children = 1000000000"),
            ("\"noise\": 0.3", "\"noise\": 1e999", "out of range"),
            ("\"first\"", "\"frist\"", "unknown field `frist`"),
        ] {
            assert!(json.contains(from), "{from}");
            let text = refusal(&json.replacen(from, to, 1));
            assert!(text.contains(part) && text.contains(MODEL), "{from} → {to}: {text}");
        }
        assert!(refusal(&json[..json.len() / 2]).contains("damaged"));
        assert!(refusal(&"[".repeat(1_000_000)).contains("damaged"));
        assert!(refusal("").contains("damaged"));
    }
}
