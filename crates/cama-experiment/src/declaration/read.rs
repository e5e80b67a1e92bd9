//! Reading experiment files, and what can be seen to be wrong with them before anything is made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cama::{Error, Result};
use serde::Deserialize;
use toml::{Table, Value};

use super::{ClaimDeclaration, Declaration, Level, PanelDeclaration, Scale};

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
            if let Some(previous) = all.iter().find(|previous| previous.name == declaration.name) {
                return Err(Error::data(
                    path,
                    format!(
                        "an experiment called `{}` is given by {} already",
                        previous.name,
                        previous.path.display()
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
                (Some(Value::Table(previous)), Value::Table(new)) => previous.extend(new),
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
        let reserved = |key: &&String| ["x", "seed", "scale"].contains(&key.as_str());
        let scaled = self.values.values().filter_map(Value::as_table).flat_map(Table::keys);
        if let Some(name) = self.values.keys().chain(scaled).find(reserved) {
            return wrong(
                format!("[let] has `{name}`"),
                "`x`, `seed` and `scale` have values of their own; rename it",
            );
        }
        for (name, flags) in &self.make {
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                return wrong(format!("[make.{name}] cannot be referred to"), "use letters, digits and `-`");
            }
            self.check_flags(flags, &format!("[make.{name}]"))?;
        }
        self.check_flags(&self.judge, "[judge]")?;
        for (i, panel) in self.panels.iter().enumerate() {
            if !panel.series.iter().any(|series| series.shown) {
                return wrong(format!("panel `{}` shows no series", panel.title), "add [[panel.series]]");
            }
            if self.panels[..i].iter().any(|previous| previous.title == panel.title) {
                return wrong(format!("two panels are called `{}`", panel.title), "rename one of them");
            }
            for (i, series) in panel.series.iter().enumerate() {
                self.check_flags(&series.judge, &format!("series `{}`", series.name))?;
                if panel.series[..i].iter().any(|previous| previous.name == series.name) {
                    let problem =
                        format!("two series of panel `{}` are called `{}`", panel.title, series.name);
                    return wrong(problem, "rename one of them");
                }
            }
        }
        self.claims.iter().try_for_each(|claim| self.check_claim(claim))
    }

    /// Where results go, and seeds, are not the file's to say.
    fn check_flags(&self, flags: &Table, place: &str) -> Result<()> {
        match flags
            .keys()
            .find(|key| ["out", "seed", "force", "json", "quiet", "verbose"].contains(&key.as_str()))
        {
            Some(key) => Err(Error::data(
                &self.path,
                format!("{place} has `{key}`, which experiments set themselves"),
                "leave it out; seeds are a value: seeds = [1, 2, 3]",
            )),
            None => Ok(()),
        }
    }

    /// A claim names what there is.
    fn check_claim(&self, claim: &ClaimDeclaration) -> Result<()> {
        let within =
            |error: Error| Error::data(&self.path, format!("claim `{}`: {error}", claim.says), "correct it");
        let [from, to] = claim.at.unwrap_or([0.0, 0.0]);
        let numbers = [&claim.more, &claim.than].into_iter().filter_map(|side| match side {
            Level::Number(number) => Some(*number),
            Level::Series(_) => None,
        });
        if from > to || numbers.chain([from, to, claim.by]).any(f64::is_nan) {
            return Err(within(Error::config(
                "at, by, more, than",
                "given",
                "numbers, `at` from a lower to a higher",
            )));
        }
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
