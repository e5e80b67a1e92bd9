//! `cama baseline`: trains a baseline, or adapts one by TENT, and keeps it.

use std::path::Path;

use cama::data::table::{Rows, Schema};
use cama::data::{Dataset, ImageOptions, Images};
use cama::{Error, Result};
use cama_eval::Baseline;

use super::super::{labelled, manipulated, refuse_table};
use super::trained;
use crate::flags::{BaselineFlags, ReadFlags, refuse};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::{Source, roles};

/// Trains or adapts, and writes the folder.
///
/// # Errors
///
/// If the input cannot be used, training diverges or is interrupted, or the folder cannot be written.
pub fn run(flags: &BaselineFlags, session: &Session) -> anyhow::Result<()> {
    let out = Output::baseline_folder(&flags.out, flags.force)?;
    let baseline = match (&flags.kind, &flags.data, &flags.tent_from, &flags.unlabelled) {
        (_, _, Some(folder), Some(spec)) => adapt(flags, folder, spec, session)?,
        (Some(kind), Some(spec), ..) => train(flags, kind, spec, session)?,
        _ => {
            return Err(
                Error::spec("flag", "--kind", "give --data, too; or --tent-from and --unlabelled").into()
            );
        }
    };
    let baseline = baseline.with_command(&session.command);
    baseline.save(out.path())?;
    session.tell(format_args!("baseline  {} in {}", baseline.name(), out.path().display()));
    Ok(())
}

fn train(flags: &BaselineFlags, kind: &str, data: &str, session: &Session) -> Result<Baseline> {
    // A slip in the kind is told before anything is read.
    flags.spec(kind)?;
    match roles(&flags.table)? {
        Some(roles) => {
            let (_, rows, notices) = Schema::learn(data, &roles, &flags.table.options())?;
            session.notify(data, &notices);
            train_on(flags, kind, &rows, session)
        }
        None => {
            refuse_table(data)?;
            refuse("images", &[("missing", flags.table.missing.is_some())])?;
            train_on(flags, kind, &labelled(data, &ImageOptions::default(), session)?.0, session)
        }
    }
}

fn train_on<D: Dataset>(flags: &BaselineFlags, kind: &str, data: &D, session: &Session) -> Result<Baseline> {
    let spec = flags.spec(kind)?;
    session.detail(|| format!("{:?} on {}", spec, data.name()));
    let mut reporter = Reporter::new(session);
    trained(&spec, data, session, |event| reporter.observe(event))
}

fn adapt(flags: &BaselineFlags, folder: &Path, data: &str, session: &Session) -> Result<Baseline> {
    let given = [
        ("graph", flags.table.graph.is_some()),
        ("role", !flags.table.role.is_empty()),
        ("type", !flags.table.types.is_empty()),
    ];
    refuse("a baseline, which knows its data", &given)?;
    let baseline = Baseline::load(folder)?;
    match baseline.schema() {
        None => adapt_to::<Images>(flags, &baseline, data, session),
        Some(_) => adapt_to::<Rows>(flags, &baseline, data, session),
    }
}

fn adapt_to<D: Source>(
    flags: &BaselineFlags,
    baseline: &Baseline,
    spec: &str,
    session: &Session,
) -> Result<Baseline> {
    let config = flags.tent()?;
    let reading = ReadFlags { missing: flags.table.missing, ..ReadFlags::default() };
    let data = D::load_for(spec, false, baseline, &reading, session)?;
    let data = manipulated(data, flags.manipulate.as_deref(), session.seeds.manipulate_adapt)?;
    let _graceful = Graceful::begin();
    let mut reporter = Reporter::new(session);
    baseline.tent(&data, &config, session.seeds.adapt, &mut |event| reporter.observe(event))
}
