//! `cama simulate`: a table of measurements whose causes are known, with or without interventions.

use std::ops::Range;

use cama::causal::structural::{Simulation, StructuralModel};
use cama::{Error, Result};

use crate::flags::SimulateFlags;
use crate::interrupt::{self, Graceful};
use crate::output::Output;
use crate::progress;
use crate::session::Session;

/// Number of rows unless told otherwise.
const ROWS: u64 = 10_000;

/// Draws a model, or reads one, and writes rows of it.
///
/// # Errors
///
/// If the sizes, rows or interventions cannot be used, the model cannot be read, or the folder cannot be written;
/// then no folder is left behind.
pub fn run(flags: &SimulateFlags, session: &Session) -> anyhow::Result<()> {
    let out = claim(flags)?;
    let simulation = simulation(flags, session)?;
    simulation.check()?;
    let rows = simulation.rows.end - simulation.rows.start;
    let bar = progress::count(session, usize::try_from(rows)?, "simulating");
    let graceful = Graceful::begin();
    let counts = simulation.save(out.path(), &session.command, &mut |written| {
        bar.set_position(written);
        interrupt::flow()
    });
    drop(graceful);
    bar.finish_and_clear();
    let counts = counts?;
    let share = |count: Option<&u64>| 100.0 * *count.unwrap_or(&0) as f64 / rows as f64;
    session.tell(format!(
        "{}: {rows} rows of {} columns, {} classes of {:.1}% to {:.1}%",
        out.path().display(),
        simulation.model.columns().len(),
        counts.len(),
        share(counts.iter().min()),
        share(counts.iter().max()),
    ));
    Ok(())
}

/// Claims the folder: nothing but a simulation, or nothing at all, is replaced.
fn claim(flags: &SimulateFlags) -> Result<Output> {
    let out = Output::folder(&flags.out, flags.force)?;
    let path = out.path();
    let empty = || std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if path.exists() && !Simulation::is_in(path) && !empty() {
        return Err(Error::data(
            path,
            "holds other files than those of a simulation",
            "give another --out, or empty the folder",
        ));
    }
    Ok(out)
}

fn simulation(flags: &SimulateFlags, session: &Session) -> Result<Simulation> {
    let interventions = flags.interventions.clone();
    match &flags.from {
        Some(folder) => {
            let former = Simulation::load(folder)?;
            if session.seeds.given != 0 {
                session.warn("--seed does not matter with --from: the model has its own");
            }
            let rows = rows(flags, former.rows)?;
            Ok(Simulation { model: former.model, rows, interventions })
        }
        None => {
            let rows = rows(flags, 0..ROWS)?;
            let model = StructuralModel::draw(&flags.sizes.config(), session.seeds.simulate)?;
            Ok(Simulation { model, rows, interventions })
        }
    }
}

/// The rows asked for; what is not said is as in `default`.
fn rows(flags: &SimulateFlags, default: Range<u64>) -> Result<Range<u64>> {
    let first = flags.first.unwrap_or(default.start);
    let number = flags.rows.unwrap_or(default.end - default.start);
    let end = first.checked_add(number);
    end.map(|end| first..end).ok_or_else(|| Error::config("first", first, "less, with so many rows"))
}
