//! Computing the cells of a plan.

use std::path::Path;
use std::time::Duration;

use cama::{Error, Result};

use crate::cell::Cell;
use crate::plan::Plan;
use crate::store::{Computed, Store};

/// How long to wait for somebody else's cell before looking again.
const PATIENCE: Duration = Duration::from_millis(500);

/// What carries out the commands of cells.
pub trait Runner {
    /// Errors unless the cell's command and flags can be understood; `cells` is where results of cells are.
    ///
    /// # Errors
    ///
    /// If the command is none for experiments or a flag is not known.
    fn check(&self, cell: &Cell, cells: &Path) -> Result<()>;

    /// Carries the command out, with its result in `folder`, called as [`Cell::result`] says.
    ///
    /// # Errors
    ///
    /// As the command.
    fn run(&self, cell: &Cell, cells: &Path, folder: &Path) -> anyhow::Result<Computed>;
}

/// Which part of the cells to compute: part `i` of `n`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    i: usize,
    n: usize,
}

impl Shard {
    /// All of them.
    pub const ALL: Self = Self { i: 1, n: 1 };

    /// Whether the cell is one of this part, by its hash: all programs agree on it.
    fn has(self, cell: &Cell) -> bool {
        let number = u64::from_str_radix(&cell.id[..12], 16).unwrap_or_default();
        number % self.n as u64 == self.i as u64 - 1
    }
}

impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((i, n)) if (1..=n).contains(&i) && n <= 10_000 => Ok(Self { i, n }),
            _ => Err(Error::spec("shard", text, "write i/n, such as 1/4 for the first of four parts")),
        }
    }
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<'a> {
    /// Cells that are there.
    pub done: usize,
    /// Cells of this part, with what they need.
    pub total: usize,
    /// What is being computed now; nothing at the end.
    pub now: Option<&'a Cell>,
    /// How long the rest will take, from how long cells of each command took; unknown before the first.
    pub left: Option<Duration>,
}

/// Computes what is missing of the plan's cells, or of a part of them; what others are computing is waited for where it is
/// needed, and otherwise left to them until the end. Returns how many were computed.
///
/// # Errors
///
/// The first error of a cell, with the cell's command; what was finished before is kept.
pub fn run(
    plan: &Plan,
    store: &Store,
    runner: &impl Runner,
    shard: Shard,
    program: &str,
    observer: &mut dyn FnMut(Progress),
) -> anyhow::Result<usize> {
    for cell in &plan.cells {
        runner.check(cell, store.folder()).map_err(|error| in_file(error, cell, plan))?;
    }
    let mine = needed(plan, shard);
    let mut pace = Pace::default();
    let mut waiting: Vec<&Cell> = Vec::new();
    for cell in &mine {
        match store.finished(cell) {
            Some(record) => pace.learn(cell, record.seconds),
            None => waiting.push(cell),
        }
    }
    let mut computed = 0;
    while !waiting.is_empty() {
        let mut left = Vec::new();
        let mut advanced = false;
        for (i, &cell) in waiting.iter().enumerate() {
            let rest = left.len() + waiting.len() - i;
            let ready =
                cell.needs.iter().all(|id| plan.cell(id).is_some_and(|need| store.finished(need).is_some()));
            if !ready {
                left.push(cell);
                continue;
            }
            let claimed = if store.finished(cell).is_some() { None } else { store.claim(cell)? };
            // Somebody may have finished it between the look and the claim.
            if let Some(record) = store.finished(cell) {
                pace.learn(cell, record.seconds);
                advanced = true;
                continue;
            }
            let Some(claim) = claimed else {
                left.push(cell);
                continue;
            };
            let left_to_do = waiting[i..].iter().chain(&left).copied();
            observer(Progress {
                done: mine.len() - rest,
                total: mine.len(),
                now: Some(cell),
                left: pace.estimate(left_to_do),
            });
            let record = claim.compute(program, |folder| runner.run(cell, store.folder(), folder));
            let record = record.map_err(|error: anyhow::Error| in_cell(error, cell, plan))?;
            pace.learn(cell, record.seconds);
            computed += 1;
            advanced = true;
        }
        waiting = left;
        if !advanced && !waiting.is_empty() {
            let (done, total) = (mine.len() - waiting.len(), mine.len());
            observer(Progress { done, total, now: None, left: None });
            std::thread::sleep(PATIENCE);
        }
    }
    observer(Progress { done: mine.len(), total: mine.len(), now: None, left: Some(Duration::ZERO) });
    Ok(computed)
}

/// Adds the file that asks for the cell.
fn in_file(error: Error, cell: &Cell, plan: &Plan) -> Error {
    match plan.experiments.iter().find(|planned| planned.cells.contains(&cell.id)) {
        Some(planned) => Error::data(&planned.declaration.path, error.to_string(), "correct the file"),
        None => error,
    }
}

/// Adds which cell it was, and whose, unless somebody just asked to stop.
fn in_cell(error: anyhow::Error, cell: &Cell, plan: &Plan) -> anyhow::Error {
    if let Some(Error::Interrupted(_)) = error.downcast_ref::<Error>() {
        return Error::Interrupted("finished cells are kept: the same command resumes from there".into())
            .into();
    }
    let file = plan.experiments.iter().find(|planned| planned.cells.contains(&cell.id));
    let file = file.map(|planned| format!("{}: ", planned.declaration.path.display())).unwrap_or_default();
    error.context(format!("{file}in cell {} (`{}`)", cell.id, cell.command))
}

/// The cells that nothing else needs, of this part, and all that they need, in the plan's order.
fn needed(plan: &Plan, shard: Shard) -> Vec<&Cell> {
    let mut wanted: Vec<&str> = Vec::new();
    // Backwards: what a cell needs is before it.
    for cell in plan.cells.iter().rev() {
        let last = !plan.cells.iter().any(|other| other.needs.contains(&cell.id));
        if (last && shard.has(cell)) || wanted.contains(&cell.id.as_str()) {
            wanted.push(&cell.id);
            wanted.extend(cell.needs.iter().map(String::as_str));
        }
    }
    plan.cells.iter().filter(|cell| wanted.contains(&cell.id.as_str())).collect()
}

/// How long cells of each command took.
#[derive(Default)]
struct Pace(std::collections::HashMap<String, (f64, usize)>);

impl Pace {
    fn learn(&mut self, cell: &Cell, seconds: f64) {
        let (sum, n) = self.0.entry(cell.command.clone()).or_default();
        *sum += seconds;
        *n += 1;
    }

    fn estimate<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Option<Duration> {
        let (sum, n) = self.0.values().fold((0.0, 0), |(sum, n), (s, m)| (sum + s, n + m));
        if n == 0 {
            return None;
        }
        let all = sum / n as f64;
        let mean = |cell: &Cell| self.0.get(&cell.command).map_or(all, |(sum, n)| sum / *n as f64);
        Some(Duration::from_secs_f64(cells.map(mean).sum()))
    }
}
