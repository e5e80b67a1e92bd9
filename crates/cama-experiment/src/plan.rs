//! From declarations to cells: what must be made and judged for every point of every figure.

use cama::{Error, Result};
use toml::{Table, Value};

use crate::cell::{Cell, CellId};
use crate::declaration::{Declaration, PanelDeclaration, Scale, SeriesDeclaration};
use crate::fingerprint::{self, Known};
use crate::template::{fill, fill_table};

/// Experiments cut into cells.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Every cell once, those that others need before them.
    pub cells: Vec<Cell>,
    /// The experiments.
    pub experiments: Vec<Planned>,
    /// Experiments that cannot be run, each with the reason.
    pub left_out: Vec<(String, String)>,
    files: Known,
}

/// One experiment, with the cells that its points are read from.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What was declared.
    pub declaration: Declaration,
    /// How much is done.
    pub scale: Scale,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The values that were used.
    pub values: Table,
    /// The panels, with the points of each series.
    pub panels: Vec<PlannedPanel>,
    /// The cell of the picture.
    pub picture: Option<CellId>,
    /// All cells that it needs, in the order in which they are run.
    pub cells: Vec<CellId>,
}

/// A panel with its x axis filled in.
#[derive(Clone, Debug)]
pub struct PlannedPanel {
    /// Names of the places, where x has names.
    pub names: Option<Vec<String>>,
    /// For each series its points: x, and the cell of each seed.
    pub series: Vec<Vec<(f64, Vec<CellId>)>>,
}

impl Plan {
    /// Cuts experiments into cells; `given` are values that stand over those of the files.
    ///
    /// # Errors
    ///
    /// If an experiment refers to what there is not, data that it reads is not there, or a value that is given is no
    /// experiment's. An experiment that lacks a required value is left out, unless it is the only one.
    pub fn new(declarations: Vec<Declaration>, scale: Scale, given: &[(String, String)]) -> Result<Self> {
        for (name, value) in given {
            let known: Vec<&str> = declarations.iter().flat_map(|d| known_values(d)).collect();
            if !known.contains(&name.as_str()) {
                let problem = Error::unknown_name("value", name, &known).to_string();
                return Err(Error::spec("--let", format!("{name}={value}"), problem));
            }
        }
        let only = declarations.len() == 1;
        let mut plan = Self::default();
        for declaration in declarations {
            let values = declaration.values_at(scale, given);
            let missing = |(name, _): &(&String, &String)| match values.get(*name) {
                Some(Value::String(text)) => text.is_empty(),
                Some(_) => false,
                None => true,
            };
            if let Some((name, what)) = declaration.require.iter().find(missing) {
                let reason = format!("it needs {what}: give it by --let {name}=…");
                if only {
                    return Err(Error::data(&declaration.path, "cannot be run as it is", reason));
                }
                plan.left_out.push((declaration.name, reason));
                continue;
            }
            let path = declaration.path.clone();
            plan.add(declaration, scale, values).map_err(|error| match error {
                error @ (Error::Data { .. } | Error::Io { .. }) => error,
                error => Error::data(path, error.to_string(), "correct the file"),
            })?;
        }
        Ok(plan)
    }

    /// The cell called `id`.
    pub fn cell(&self, id: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.id == id)
    }

    fn add(&mut self, declaration: Declaration, scale: Scale, mut values: Table) -> Result<()> {
        values.insert("scale".into(), Value::String(scale.name().into()));
        let seeds = seeds(&values)?;
        let mut making = Making {
            declaration: &declaration,
            cells: &mut self.cells,
            files: &mut self.files,
            used: Vec::new(),
            under_way: Vec::new(),
        };
        let mut panels = Vec::new();
        for panel in &declaration.panels {
            panels.push(making.panel(panel, &values, &seeds)?);
        }
        let picture = match &declaration.picture {
            Some(flags) => Some(making.cell("show", flags, &with_seed(&values, seeds[0]), seeds[0])?),
            None => None,
        };
        let cells = making.used;
        self.experiments.push(Planned { scale, seeds, values, panels, picture, cells, declaration });
        Ok(())
    }
}

fn known_values(declaration: &Declaration) -> Vec<&str> {
    let inner = declaration.values.values().filter_map(Value::as_table).flat_map(Table::keys);
    let outer = declaration.values.iter().filter(|(_, value)| !value.is_table()).map(|(key, _)| key);
    outer.chain(inner).chain(declaration.require.keys()).map(String::as_str).collect()
}

fn seeds(values: &Table) -> Result<Vec<u64>> {
    let list = match values.get("seeds") {
        Some(Value::Array(all)) => all.clone(),
        Some(_) => Vec::new(),
        None => vec![Value::Integer(1)],
    };
    let seeds: Option<Vec<u64>> =
        list.iter().map(|seed| seed.as_integer().and_then(|s| s.try_into().ok())).collect();
    match seeds {
        Some(seeds) if !seeds.is_empty() && (1..seeds.len()).all(|i| !seeds[..i].contains(&seeds[i])) => {
            Ok(seeds)
        }
        _ => Err(Error::config(
            "seeds",
            values["seeds"].to_string(),
            "a list of whole numbers, 0 or more, none of them twice",
        )),
    }
}

fn with_seed(values: &Table, seed: u64) -> Table {
    let mut values = values.clone();
    values.insert("seed".into(), Value::Integer(seed as i64));
    values
}

/// An experiment while its cells are made out.
struct Making<'a> {
    declaration: &'a Declaration,
    cells: &'a mut Vec<Cell>,
    files: &'a mut Known,
    /// What the experiment needs so far.
    used: Vec<CellId>,
    /// The things that are being made out, to find circles.
    under_way: Vec<String>,
}

impl Making<'_> {
    fn panel(&mut self, panel: &PanelDeclaration, values: &Table, seeds: &[u64]) -> Result<PlannedPanel> {
        let places = list(&panel.x.values, values, "x.values")?;
        let names = match &panel.x.names {
            Some(names) => {
                let names = list(names, values, "x.names")?;
                let names: Option<Vec<String>> =
                    names.iter().map(|name| name.as_str().map(Into::into)).collect();
                let names = names.ok_or_else(|| Error::config("x.names", "a list", "texts"))?;
                if names.len() != places.len() {
                    return Err(Error::config(
                        "x.names",
                        names.len(),
                        format!("as many as x.values: {}", places.len()),
                    ));
                }
                Some(names)
            }
            None => None,
        };
        if let Some(twice) = places.iter().enumerate().find(|(i, place)| places[..*i].contains(place)) {
            return Err(Error::config("x.values", twice.1, "none of them twice"));
        }
        let at = |i: usize, value: &Value| match (&names, value) {
            (Some(_), _) => Ok(i as f64),
            (None, Value::Integer(number)) => Ok(*number as f64),
            (None, Value::Float(number)) => Ok(*number),
            (None, other) => {
                Err(Error::config("x.values", other, "numbers, or x.names must name the places"))
            }
        };
        let mut series = Vec::new();
        for declared in &panel.series {
            let here = match &declared.at {
                Some(at) => Some(list(at, values, "at")?),
                None => None,
            };
            if let Some(other) = here.iter().flatten().find(|place| !places.contains(place)) {
                return Err(Error::config(
                    "at",
                    other,
                    format!("among x.values, for series `{}`", declared.name),
                ));
            }
            let mut points = Vec::new();
            for (i, value) in places.iter().enumerate() {
                if here.as_ref().is_some_and(|here| !here.contains(value)) {
                    continue;
                }
                let mut cells = Vec::new();
                for &seed in seeds {
                    let mut values = with_seed(values, seed);
                    values.insert("x".into(), value.clone());
                    cells.push(self.point(declared, &values, seed)?);
                }
                points.push((at(i, value)?, cells));
            }
            series.push(points);
        }
        Ok(PlannedPanel { names, series })
    }

    /// The judgement of one point.
    fn point(&mut self, series: &SeriesDeclaration, values: &Table, seed: u64) -> Result<CellId> {
        let on = match fill(&Value::String(series.on.clone()), values)? {
            Value::String(on) => on,
            other => return Err(Error::config("on", other, "the name of a thing")),
        };
        let kind = match self.thing(&on)?.get("command").and_then(Value::as_str) {
            Some("baseline") => "baseline",
            _ => "model",
        };
        let mut flags = self.declaration.judge.clone();
        flags.extend(series.judge.clone());
        flags.insert(kind.into(), Value::String(format!("@{on}")));
        self.cell("evaluate", &flags, values, seed)
    }

    fn thing(&self, name: &str) -> Result<&Table> {
        let known: Vec<&str> = self.declaration.make.keys().map(String::as_str).collect();
        self.declaration.make.get(name).ok_or_else(|| Error::unknown_name("thing", name, &known))
    }

    /// The cell that makes a thing.
    fn make(&mut self, name: &str, values: &Table, seed: u64) -> Result<CellId> {
        if self.under_way.iter().any(|other| other == name) {
            return Err(Error::spec(
                "thing",
                name,
                format!("is made of itself: {}", self.under_way.join(" → ")),
            ));
        }
        let mut flags = self.thing(name)?.clone();
        let Some(Value::String(command)) = flags.remove("command") else {
            return Err(Error::spec("thing", name, "has no `command`: train, baseline, adapt or simulate"));
        };
        self.under_way.push(name.into());
        let id = self.cell(&command, &flags, values, seed);
        self.under_way.pop();
        id.map_err(|error| match error {
            error @ (Error::Data { .. } | Error::Io { .. }) => error,
            error => Error::spec("thing", name, error.to_string()),
        })
    }

    fn cell(&mut self, command: &str, flags: &Table, values: &Table, seed: u64) -> Result<CellId> {
        let mut needs = Vec::new();
        // A flag may be written with either.
        let flags = flags.iter().map(|(key, value)| (key.replace('_', "-"), value.clone())).collect();
        let mut filled = fill_table(&flags, values)?;
        for (_, value) in filled.iter_mut() {
            self.refer(value, values, seed, &mut needs)?;
        }
        fingerprint::find(&mut filled, &self.declaration.path);
        let fingerprints = fingerprint::of(&filled, self.files)?;
        let cell = Cell::new(command, filled, seed, needs, &fingerprints);
        let id = cell.id.clone();
        if !self.used.contains(&id) {
            self.used.push(id.clone());
        }
        if !self.cells.iter().any(|known| known.id == id) {
            self.cells.push(cell);
        }
        Ok(id)
    }

    /// Puts the cells of things in the place of `@name`.
    fn refer(&mut self, value: &mut Value, values: &Table, seed: u64, needs: &mut Vec<CellId>) -> Result<()> {
        match value {
            Value::Array(all) => all.iter_mut().try_for_each(|value| self.refer(value, values, seed, needs)),
            Value::String(text) => {
                let mut referred = Vec::new();
                // Several stand side by side, separated by commas; `transfer:@name` has a word before it.
                for part in text.split(',') {
                    let Some((before, after)) =
                        part.split_once('@').filter(|(before, _)| before.is_empty() || before.ends_with(':'))
                    else {
                        referred.push(part.to_string());
                        continue;
                    };
                    let end =
                        after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(after.len());
                    let known = self.declaration.make.contains_key(&after[..end]);
                    // `@children` and `@co-parents` are patterns of columns.
                    if !known && ["children", "co-parents"].contains(&&after[..end]) {
                        referred.push(part.to_string());
                        continue;
                    }
                    let id = self.make(&after[..end], values, seed)?;
                    referred.push(format!("{before}{}{}", Cell::reference(&id), &after[end..]));
                    if !needs.contains(&id) {
                        needs.push(id);
                    }
                }
                *text = referred.join(",");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A list, or the list that `"{name}"` stands for.
fn list(value: &Value, values: &Table, field: &str) -> Result<Vec<Value>> {
    match fill(value, values)? {
        Value::Array(all) if !all.is_empty() => Ok(all),
        other => Err(Error::config(field, other, "a list with something in it")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const FILE: &str = r#"
        title = "t"
        [let]
        seeds = [1, 2]
        [let.full]
        seeds = [3]
        [make.table]
        command = "simulate"
        rows = 10
        [make.network]
        command = "baseline"
        kind = "mlp"
        data = "@table/table.csv[..5]"
        [make.model]
        command = "train"
        data = "@table/table.csv[..5]"
        learning_rate = 0.1
        [judge]
        manipulate = "shift:@children:{x}"
        [[panel]]
        title = "p"
        x = { label = "x", values = ["a", "b"], names = ["the a", "the b"] }
        [[panel.series]]
        name = "network"
        on = "network"
        judge = { against = "transfer:@network,trees" }
        [[panel.series]]
        name = "model"
        on = "model"
        at = ["b"]
    "#;

    fn planned(text: &str, scale: Scale) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("e.toml");
        std::fs::write(&path, text).unwrap();
        Plan::new(vec![Declaration::read(&path)?], scale, &[])
    }

    #[test]
    fn every_seed_makes_its_own_things_once() {
        let plan = planned(FILE, Scale::Cpu).unwrap();
        let count = |command: &str| plan.cells.iter().filter(|cell| cell.command == command).count();
        // Two places for one series, one for the other, for each of two seeds.
        assert_eq!(["simulate", "baseline", "train", "evaluate"].map(count), [2, 2, 2, 6]);
        assert_eq!(planned(FILE, Scale::Full).unwrap().cells.len(), 6);
        // What others need comes before them.
        for (i, cell) in plan.cells.iter().enumerate() {
            assert!(cell.needs.iter().all(|id| plan.cells[..i].iter().any(|previous| previous.id == *id)));
        }
        let panel = &plan.experiments[0].panels[0];
        assert_eq!(panel.names.as_deref(), Some(&["the a".to_string(), "the b".into()][..]));
        assert_eq!(panel.series[1].len(), 1);
        assert_eq!((panel.series[1][0].0, panel.series[1][0].1.len()), (1.0, 2));
    }

    #[test]
    fn things_stand_where_they_are_named_and_patterns_stay() {
        let plan = planned(FILE, Scale::Full).unwrap();
        let of = |command: &str| plan.cells.iter().find(|cell| cell.command == command).unwrap();
        let at = |command: &str| {
            let path = of(command).result_in("c".as_ref());
            path.display().to_string()
        };
        let flags = of("train").flags("c".as_ref());
        assert_eq!(flags["data"].as_str().unwrap(), format!("{}/table.csv[..5]", at("simulate")));
        assert_eq!(flags["learning-rate"].as_float(), Some(0.1));
        let flags = of("evaluate").flags("c".as_ref());
        assert_eq!(flags["against"].as_str().unwrap(), format!("transfer:{},trees", at("baseline")));
        assert_eq!(flags["baseline"].as_str().unwrap(), at("baseline"));
        assert_eq!(flags["manipulate"].as_str(), Some("shift:@children:a"));
    }

    #[test]
    fn axes_are_numbers_or_have_names() {
        for (from, to, part) in [
            (", names = [\"the a\", \"the b\"]", "", "x.names must name the places"),
            ("[\"the a\", \"the b\"]", "[\"the a\"]", "as many as x.values: 2"),
            ("seeds = [1, 2]", "seeds = [-1]", "whole numbers"),
            ("command = \"simulate\"", "", "has no `command`"),
        ] {
            let text = planned(&FILE.replace(from, to), Scale::Cpu).unwrap_err().to_string();
            assert!(text.contains(part) && text.contains("e.toml"), "{text}");
        }
    }
}
