//! What an experiment file declares.
//!
//! ```toml
//! include = ["common/digits.toml"]       # things and values that several experiments share
//! title = "Shifted digits"
//! paper = "Figure 7(a)"
//! about = "What was done, in words."
//!
//! [let]                                  # values, used as {name}; a whole "{name}" keeps its type
//! steps = 200
//! [let.smoke]                            # other values at this scale: smoke, cpu, full
//! steps = 4
//!
//! [make.adapted]                         # a thing to make: a command with its flags; @name is another thing's folder
//! command = "adapt"
//! model = "@cama"
//! manipulate = "shift-vertical:{x}"
//! steps = "{steps}"
//!
//! [[panel]]                              # a diagram; each point of a series is judged by `cama evaluate`
//! title = "Vertical shifts"
//! x = { label = "largest shift (share of the height)", values = [0, 0.1, 0.2] }
//! [[panel.series]]
//! name = "adapted"
//! on = "adapted"
//! judge = { manipulate = "shift-vertical:{x}" }
//! row = "bayes"
//!
//! [[claim]]
//! says = "Adaptation helps"
//! more = "adapted"
//! than = "not adapted"
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cama::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// How much of an experiment is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Seconds, to see that everything runs; its numbers mean nothing.
    Smoke,
    /// An hour at most on two cores.
    Cpu,
    /// The paper's size.
    Full,
}

impl Scale {
    /// All of them, the least work first.
    pub const ALL: [Self; 3] = [Self::Smoke, Self::Cpu, Self::Full];

    /// What it is called in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Cpu => "cpu",
            Self::Full => "full",
        }
    }
}

impl FromStr for Scale {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scale| scale.name() == name);
        found.ok_or_else(|| Error::unknown_name("scale", name, &Self::ALL.map(Self::name)))
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One experiment, as it is written, with what its file includes.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The name of its file without the ending.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What it is about, a line.
    pub title: String,
    /// Where the paper has it.
    pub paper: Option<String>,
    /// What was done, in words.
    pub about: String,
    /// Values by name; those of a scale stand in tables of its name.
    pub values: Table,
    /// Things to make, by name.
    pub make: BTreeMap<String, Table>,
    /// Flags of `evaluate` that all points share.
    pub judge: Table,
    /// Values that must not be empty, each with what it is and how to give it.
    pub require: BTreeMap<String, String>,
    /// The diagrams.
    pub panels: Vec<PanelDeclaration>,
    /// Flags of `show`, for an experiment that draws a picture.
    pub picture: Option<Table>,
    /// What is claimed.
    pub claims: Vec<ClaimDeclaration>,
}

/// One diagram, as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelDeclaration {
    /// What is above it.
    pub title: String,
    /// What runs to the right.
    pub x: XDeclaration,
    /// What runs upwards; the accuracy unless given.
    #[serde(default)]
    pub y: YDeclaration,
    /// What is drawn.
    pub series: Vec<SeriesDeclaration>,
}

/// What runs to the right.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XDeclaration {
    /// What it is, with its unit.
    pub label: String,
    /// The values of `{x}`: a list, or the name of one as `"{name}"`.
    pub values: Value,
    /// What they are called on the axis, where they are no numbers.
    pub names: Option<Value>,
    /// Whether the axis grows by factors.
    #[serde(default)]
    pub logarithmic: bool,
    /// From where to where the axis goes.
    pub range: Option<[f64; 2]>,
}

/// What runs upwards.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YDeclaration {
    /// What it is, with its unit.
    pub label: String,
    /// Which number of the judgement.
    pub measure: Measure,
    /// From where to where the axis goes.
    pub range: Option<[f64; 2]>,
}

impl Default for YDeclaration {
    fn default() -> Self {
        Self { label: "accuracy".into(), measure: Measure::Accuracy, range: Some([0.0, 1.0]) }
    }
}

/// A number of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Share of the examples whose most probable class is the true one.
    Accuracy,
    /// Mean log p(y|x) of the true class, in nats.
    LogLikelihood,
    /// Expected calibration error.
    CalibrationError,
}

/// One line of a diagram, as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesDeclaration {
    /// What the legend calls it.
    pub name: String,
    /// The thing that is judged.
    pub on: String,
    /// Flags of `evaluate`, on top of those that all points share.
    #[serde(default)]
    pub judge: Table,
    /// Which classifier of the judgement: `bayes`, `head`, `both`, `head-alone`, or a baseline's name. Not needed where
    /// there is one only.
    pub row: Option<String>,
    /// What adversarial examples were made on, where there are several.
    pub made_on: Option<String>,
    /// The values of `{x}` at which it is judged; all of the panel's unless given.
    pub at: Option<Value>,
}

/// A claim, as it is written: that one series is above another, or above a number, by some margin.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimDeclaration {
    /// The claim, a line.
    pub says: String,
    /// Whether the paper claims it, or we do.
    #[serde(default = "yes")]
    pub paper: bool,
    /// The panel, by its title; all of them unless given.
    pub panel: Option<String>,
    /// The series that is claimed to be above, or a number.
    pub more: Level,
    /// The series that is claimed to be below, or a number.
    pub than: Level,
    /// By at least how much; below 0, how much it may be behind.
    #[serde(default)]
    pub by: f64,
    /// Where: from which x to which, both included; everywhere unless given.
    pub at: Option<[f64; 2]>,
}

fn yes() -> bool {
    true
}

/// One side of a claim.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Level {
    /// A number.
    Number(f64),
    /// A series, by its name.
    Series(String),
}

/// A file as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    include: Vec<PathBuf>,
    title: Option<String>,
    paper: Option<String>,
    #[serde(default)]
    about: String,
    #[serde(default, rename = "let")]
    values: Table,
    #[serde(default)]
    make: BTreeMap<String, Table>,
    #[serde(default)]
    judge: Table,
    #[serde(default)]
    require: BTreeMap<String, String>,
    #[serde(default, rename = "panel")]
    panels: Vec<PanelDeclaration>,
    picture: Option<Table>,
    #[serde(default, rename = "claim")]
    claims: Vec<ClaimDeclaration>,
}

impl Declaration {
    /// Reads experiment files.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or is no TOML, has an unknown field, includes what cannot be read, says nothing to
    /// measure, or if two experiments have one name.
    pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = Vec::new();
        for path in paths {
            let declaration = Self::read(path)?;
            if let Some(former) = all.iter().find(|former| former.name == declaration.name) {
                return Err(Error::data(
                    path,
                    format!(
                        "an experiment called `{}` is given by {} already",
                        former.name,
                        former.path.display()
                    ),
                    "rename one of the files: experiments are called by their files' names",
                ));
            }
            all.push(declaration);
        }
        Ok(all)
    }

    /// Reads an experiment file.
    ///
    /// # Errors
    ///
    /// As for [`read_all`](Self::read_all).
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::read(path)?;
        let wrong = |problem: &str, remedy: &str| Error::data(path, problem, remedy);
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_string();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            let remedy = "name the file by letters, digits and `-`: folders and figures are called so";
            return Err(wrong("its name cannot be that of an experiment", remedy));
        }
        let title = file.title.ok_or_else(|| wrong("`title` is missing", "add title = \"…\""))?;
        if file.panels.is_empty() == file.picture.is_none() {
            return Err(wrong(
                "there must be either panels or a picture",
                "add [[panel]] with series to measure, or [picture] to draw",
            ));
        }
        let mut declaration = Self {
            name,
            path: path.to_path_buf(),
            title,
            paper: file.paper,
            about: file.about,
            values: Table::new(),
            make: BTreeMap::new(),
            judge: Table::new(),
            require: BTreeMap::new(),
            panels: file.panels,
            picture: file.picture,
            claims: file.claims,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        for included in &file.include {
            let path = folder.join(included);
            let file = File::read(&path)?;
            if !file.panels.is_empty()
                || file.picture.is_some()
                || file.title.is_some()
                || !file.include.is_empty()
            {
                let problem = "is included, but is an experiment itself or includes others";
                return Err(Error::data(
                    path,
                    problem,
                    "include files of [let], [make], [judge] and [require] only",
                ));
            }
            declaration.add(file.values, file.make, file.judge, file.require);
        }
        declaration.add(file.values, file.make, file.judge, file.require);
        declaration.check()?;
        Ok(declaration)
    }

    /// Puts things and values over those that are there.
    fn add(
        &mut self,
        values: Table,
        make: BTreeMap<String, Table>,
        judge: Table,
        require: BTreeMap<String, String>,
    ) {
        for (key, value) in values {
            match (self.values.get_mut(&key), value) {
                (Some(Value::Table(former)), Value::Table(new)) => former.extend(new),
                (_, value) => {
                    self.values.insert(key, value);
                }
            }
        }
        self.make.extend(make);
        self.judge.extend(judge);
        self.require.extend(require);
    }

    /// What needs no scale to be seen.
    fn check(&self) -> Result<()> {
        let wrong = |problem: String, remedy: &str| Err(Error::data(&self.path, problem, remedy));
        for (key, value) in &self.values {
            if value.is_table() && !Scale::ALL.iter().any(|scale| scale.name() == key) {
                return wrong(format!("[let.{key}] is no scale"), "scales are smoke, cpu and full");
            }
        }
        for (i, panel) in self.panels.iter().enumerate() {
            if self.panels[..i].iter().any(|former| former.title == panel.title) {
                return wrong(format!("two panels are called `{}`", panel.title), "rename one of them");
            }
            for (i, series) in panel.series.iter().enumerate() {
                if panel.series[..i].iter().any(|former| former.name == series.name) {
                    let problem =
                        format!("two series of panel `{}` are called `{}`", panel.title, series.name);
                    return wrong(problem, "rename one of them");
                }
            }
        }
        self.claims.iter().try_for_each(|claim| self.check_claim(claim))
    }

    /// A claim names what there is.
    fn check_claim(&self, claim: &ClaimDeclaration) -> Result<()> {
        let within =
            |error: Error| Error::data(&self.path, format!("claim `{}`: {error}", claim.says), "correct it");
        let titles: Vec<&str> = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        if let Some(panel) = claim.panel.as_deref().filter(|panel| !titles.contains(panel)) {
            return Err(within(Error::unknown_name("panel", panel, &titles)));
        }
        let panels =
            self.panels.iter().filter(|panel| claim.panel.as_ref().is_none_or(|of| *of == panel.title));
        for panel in panels {
            let names: Vec<&str> = panel.series.iter().map(|series| series.name.as_str()).collect();
            for side in [&claim.more, &claim.than] {
                match side {
                    Level::Series(name) if !names.contains(&name.as_str()) => {
                        return Err(within(Error::unknown_name("series", name, &names)));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The values at `scale`, with those that were `given` over them, each read as TOML if it is, else as text.
    pub fn values_at(&self, scale: Scale, given: &[(String, String)]) -> Table {
        let mut values: Table = self
            .values
            .iter()
            .filter(|(_, value)| !value.is_table())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        if let Some(Value::Table(scaled)) = self.values.get(scale.name()) {
            values.extend(scaled.clone());
        }
        for (key, text) in given {
            let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
            values.insert(key.clone(), parsed.unwrap_or_else(|| Value::String(text.clone())));
        }
        values
    }
}

impl File {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let problem = format!("line {line}: {}", error.message());
            Error::data(path, problem, "see experiments/README.md for what an experiment file may say")
        })
    }
}
