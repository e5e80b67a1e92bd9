//! `cama experiment`: runs what experiment files declare, and reports what came out.

mod runner;

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use cama::Error;
use cama_experiment::{
    Declaration, Heading, Holds, Outcome, Plan, Planned, Progress, Reach, Scale, Shard, Store, gather,
    run as run_cells, today, write_report,
};

use self::runner::Commands;
use crate::flags::{DEFAULT_OUT, ExperimentFlags};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::count;
use crate::session::{Session, command_line, note};
use crate::table::Table;

/// The program, as cells and reports name it.
const PROGRAM: &str = concat!("cama ", env!("CARGO_PKG_VERSION"));

/// Computes the cells that are missing and writes the report.
///
/// # Errors
///
/// If a file cannot be used, the folder cannot be written to, a cell fails, or it is interrupted: cells that are finished
/// are kept then.
pub fn run(flags: &ExperimentFlags, session: &Session) -> anyhow::Result<()> {
    if session.seeds.given != 0 {
        let problem = "experiments have seeds of their own; give them by --let seeds=[1,2,3]";
        return Err(Error::spec("flag", format!("--seed={}", session.seeds.given), problem).into());
    }
    // The folder may be there: cells in it are gone on from.
    let out = Output::shared_folder(&flags.out, true)?;
    let declarations = Declaration::read_all(&flags.files)?;
    let plan = Plan::new(declarations, flags.scale, &flags.values)?;
    for (name, reason) in &plan.left_out {
        session.warn(format!("{name} is left out: {reason}"));
    }
    let store = Store::open(&out.path().join("cells"))?;
    let began = Instant::now();
    let computed = match flags.report_only {
        true => 0,
        false => compute(&plan, &store, flags.shard, session)?,
    };
    let command = |planned: &Planned| one_command(flags, planned);
    let reach = gather(&plan, &store, &command)?;
    write_report(out.path(), &reach, &heading(flags))?;
    session.tell(format!("{}\n", table(&reach).plain("").trim_end()));
    for (name, reason) in reach.left_out.iter().filter(|left| !plan.left_out.contains(left)) {
        session.warn(format!("{name} is not in the report: {reason}"));
    }
    let there = plan.cells.iter().filter(|cell| store.finished(cell).is_some()).count();
    session.tell(format!(
        "{computed} cells computed in {:.0} s, {} of {} are there\nreport    {}",
        began.elapsed().as_secs_f64(),
        there,
        plan.cells.len(),
        out.path().join("report.html").display()
    ));
    Ok(())
}

fn compute(plan: &Plan, store: &Store, shard: Shard, session: &Session) -> anyhow::Result<usize> {
    let _graceful = Graceful::begin();
    let bar = count(session, plan.cells.len(), "computing");
    let mut told = Instant::now();
    let observer = &mut |progress: Progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        let now = progress.now.map_or("waiting for others".to_string(), |cell| cell.command.clone());
        let left = progress.left.map_or(String::new(), |left| format!(", about {} left", duration(left)));
        bar.set_message(format!("{now}{left}"));
        let quiet = session.quiet || std::io::stderr().is_terminal();
        if !quiet && told.elapsed() > Duration::from_secs(30) {
            told = Instant::now();
            note(format_args!("{} of {} cells{left}", progress.done, progress.total));
        }
    };
    let computed = run_cells(plan, store, &Commands { session }, shard, PROGRAM, observer);
    bar.finish_and_clear();
    computed
}

fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..=90 => format!("{seconds} s"),
        seconds if seconds < 5400 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{:.1} h", seconds as f64 / 3600.0),
    }
}

/// The command line that makes one of the experiments again.
fn one_command(flags: &ExperimentFlags, planned: &Planned) -> String {
    let mut args = vec!["cama".into(), "experiment".into(), planned.declaration.path.as_os_str().to_owned()];
    args.push(format!("--scale={}", planned.scale).into());
    if flags.out != Path::new(DEFAULT_OUT) {
        args.push(format!("--out={}", flags.out.display()).into());
    }
    args.extend(flags.values.iter().map(|(name, value)| format!("--let={name}={value}").into()));
    command_line(&args)
}

fn heading(flags: &ExperimentFlags) -> Heading {
    let scale = match flags.scale {
        Scale::Smoke => {
            "at the scale “smoke”, which only shows that everything runs: its numbers mean nothing"
        }
        Scale::Cpu => "at the scale “cpu”, which two cores finish in an hour at most for each experiment",
        Scale::Full => "at the scale “full”, the paper's size",
    };
    Heading {
        title: "Experiments of deep CAMA".into(),
        intro: vec![
            format!("Experiments {scale}."),
            "Claims marked as the paper's are those of Zhang, Zhang and Li, “A Causal View on Robustness of Neural Networks” \
             (NeurIPS 2020). A claim holds if it is so at every point of the range it is made for, at one at least beyond \
             noise; partly if it is so on average or at half of the points or more. Noise is the 95% interval of a \
             difference: of the differences within each seed, with one seed of the answers to the same examples, and where \
             neither is there of sides that erred independently."
                .into(),
        ],
        version: env!("CARGO_PKG_VERSION").into(),
        when: today(),
    }
}

fn table(reach: &Reach) -> Table {
    let mut table = Table::new(["experiment", "claim", "holds", "measured"]);
    for Outcome { name, claims, .. } in &reach.outcomes {
        for claim in claims {
            let holds = match claim.holds {
                Holds::Yes => "yes",
                Holds::Partly => "partly",
                Holds::No => "no",
                Holds::Unknown => "not measured",
            };
            table.row([name.clone(), claim.says.clone(), holds.into(), claim.numbers.clone()]);
        }
    }
    table
}
