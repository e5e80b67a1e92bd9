//! `cama drift`: what has changed in data since training, without adapting.

use std::fmt::Write as _;
use std::io::Write;

use cama::data::Images;
use cama::data::table::Rows;
use cama::{Cama, Drift};
use cama_eval::page;

use super::load_model;
use crate::flags::{DriftFlags, DriftFormat};
use crate::output::Output;
use crate::session::Session;
use crate::source::{Source, Wanted, reads_images};
use crate::table::Table;

/// Prints m of the data, how much of it is not explained, and the shares of the classes then and now.
///
/// # Errors
///
/// If the model or the data cannot be used.
pub fn run(flags: &DriftFlags, session: &Session) -> anyhow::Result<()> {
    let page = flags.page.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let cama = load_model(&flags.model, session)?;
    let drift = match reads_images(&cama) {
        true => drift::<Images>(flags, &cama, session)?,
        false => drift::<Rows>(flags, &cama, session)?,
    };
    if let Some(out) = &page {
        let least = cama.rehearsal().thresholds.gain;
        let noun = cama.model().config().data.noun();
        out.write_text(&page::drift(&drift, cama.classes(), noun, &flags.data, least))?;
    }
    let text = match flags.format {
        DriftFormat::Table => words(&drift, &cama),
        DriftFormat::Json => {
            let mut value = serde_json::to_value(&drift)?;
            value["classes"] = cama.classes().into();
            serde_json::to_string_pretty(&value)? + "\n"
        }
        DriftFormat::Prometheus => metrics(&drift, &cama),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn drift<D: Source>(flags: &DriftFlags, cama: &Cama, session: &Session) -> cama::Result<Drift> {
    let manipulate = flags.manipulate.as_deref().map(|spec| (spec, session.seeds.manipulate));
    let (spec, reading) = (&flags.data[..], &flags.reading);
    let data = Wanted { spec, labelled: false, manipulate, cama, reading, session }.whole::<D>()?;
    cama.drift(&data, session.seeds.adapt)
}

fn words(drift: &Drift, cama: &Cama) -> String {
    let mut table = Table::new(["what", "value", "± sd", "unit"]);
    for changed in &drift.parameters {
        let number = |value: f64| format!("{value:.3}");
        table.row([changed.name.clone(), number(changed.value), number(changed.sd), changed.unit.into()]);
    }
    let mut shares = Table::new(["class", "then", "now"]);
    for (class, (then, now)) in cama.classes().iter().zip(drift.shares_then.iter().zip(&drift.shares_now)) {
        shares.row([class.clone(), format!("{:.1}%", 100.0 * then), format!("{:.1}%", 100.0 * now)]);
    }
    let mut text = format!("{}\n{}\n", table.plain(""), shares.plain(""));
    if let Some(unexplained) = drift.unexplained {
        let _ = writeln!(
            text,
            "{:.1}% of {} are not explained as clean ones are.",
            100.0 * unexplained,
            cama.model().config().data.counted(drift.examples)
        );
    }
    if let Some(gain) = drift.gain {
        let _ = writeln!(
            text,
            "What was done to the columns explains a number by {gain:.2} nats better than noise would; above {:.2} adaptation \
             begins to be worth it.",
            cama.rehearsal().thresholds.gain
        );
    }
    text
}

/// In the text format of Prometheus.
fn metrics(drift: &Drift, cama: &Cama) -> String {
    let mut text = String::new();
    let label = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let mut metric = |name: &str, help: &str, rows: Vec<(String, f64)>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in rows {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let of_m = |value: fn(&cama::Changed) -> f64| {
        let row = |changed: &cama::Changed| {
            let labels =
                format!("{{parameter=\"{}\",unit=\"{}\"}}", label(&changed.name), label(changed.unit));
            (labels, value(changed))
        };
        drift.parameters.iter().map(row).collect::<Vec<_>>()
    };
    metric("cama_drift_value", "What was done to the data, by component of m.", of_m(|c| c.value));
    metric("cama_drift_sd", "Standard deviation of that.", of_m(|c| c.sd));
    let of_classes = |shares: &[f64]| {
        let row = |(class, share): (&String, &f64)| (format!("{{class=\"{}\"}}", label(class)), *share);
        cama.classes().iter().zip(shares).map(row).collect::<Vec<_>>()
    };
    metric("cama_class_share_then", "Share of a class in the training data.", of_classes(&drift.shares_then));
    metric("cama_class_share_now", "Share of a class in this data.", of_classes(&drift.shares_now));
    let alone = |value: f64| vec![(String::new(), value)];
    if let Some(unexplained) = drift.unexplained {
        metric("cama_unexplained_share", "Share that is not explained as clean data is.", alone(unexplained));
    }
    if let Some(gain) = drift.gain {
        metric("cama_drift_gain_nats", "By how much m explains a number better than noise.", alone(gain));
    }
    metric("cama_drift_examples", "Examples looked at.", alone(drift.examples as f64));
    text
}
