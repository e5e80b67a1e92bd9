//! `cama bank`: what searches for z start from, found on clean data.

use cama::data::Images;
use cama::data::table::Rows;
use cama::{Bank, Cama, Error};

use super::load_model;
use crate::flags::BankFlags;
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::{Source, Wanted, reads_images, training_spec};
use crate::table::Table;

/// Writes the bank into the model's folder, and tells what was found.
///
/// # Errors
///
/// If the model or the data cannot be used, or it is interrupted.
pub fn run(flags: &BankFlags, session: &Session) -> anyhow::Result<()> {
    let cama = load_model(&flags.model, session)?;
    // Nobody else writes the folder in the meantime.
    let _out = Output::folder(&flags.model, true)?;
    let _graceful = Graceful::begin();
    let cama = match reads_images(&cama) {
        true => banked::<Images>(flags, cama, session)?,
        false => banked::<Rows>(flags, cama, session)?,
    };
    cama.update(&flags.model)?;
    if let Some(bank) = cama.bank() {
        session.tell(words(bank));
    }
    Ok(())
}

/// The model with a bank.
fn banked<D: Source>(flags: &BankFlags, cama: Cama, session: &Session) -> cama::Result<Cama> {
    let wanted = |spec| Wanted {
        spec,
        labelled: true,
        manipulate: None,
        cama: &cama,
        reading: &flags.reading,
        session,
    };
    let spec = flags.data.as_deref().map_or_else(|| training_spec(cama.card()), Ok);
    let clean = spec.and_then(|spec| wanted(spec).whole::<D>()).map_err(|error| match flags.data {
        Some(_) => error,
        None => Error::data(
            &flags.model,
            format!("the model's training data cannot be used as clean data: {error}"),
            "give other clean, labelled examples by --data",
        ),
    })?;
    let mut reporter = Reporter::new(session);
    cama.with_bank(&clean, &mut |event| reporter.observe(event))
}

/// What was found, for people.
fn words(bank: &Bank) -> String {
    let config = bank.config();
    let mut table = Table::new(["floor", "accuracy on clean examples"]);
    for (floor, accuracy) in &config.tried {
        table.row([floor.to_string(), format!("{:.1}%", 100.0 * accuracy)]);
    }
    let latents: usize = config.latents.iter().sum();
    let kept = match latents {
        0 => String::new(),
        n => format!("{n} latents of {} classes are kept. ", config.latents.len()),
    };
    format!(
        "{}\n{kept}Unless --floor is given, {} is taken: the greatest that costs no accuracy that \
         could be told from chance.\nOn one in a hundred clean examples the search contradicts amortised inference by more than {:.1} \
         nats: more is suspicious.",
        table.plain(""),
        config.floor,
        config.suspicious_above
    )
}
