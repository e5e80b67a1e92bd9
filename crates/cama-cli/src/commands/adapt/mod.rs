//! `cama adapt`: from a model and unlabelled data to a model that copes with it.

mod stream;

use cama::data::Images;
use cama::data::table::Rows;
use cama::{AdaptConfig, AdaptReport, Cama, CardEntry, Error, Event, Outcome, PredictConfig, Rule, VERDICTS};
use cama_eval::attack::{Attacks, Limits, attack_unlabelled};

use super::load_model;
use crate::flags::{AdaptFlags, Incoming};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::{Gathered, Source, Wanted, reads_images};
use crate::table::Table;

/// Adapts and writes the new model folder.
///
/// # Errors
///
/// If the input cannot be used, adaptation diverges or is interrupted, or the folder cannot be written.
pub fn run(flags: &AdaptFlags, session: &Session) -> anyhow::Result<()> {
    let out = Output::model_folder(&flags.out, flags.force)?;
    // What can be refused without the model is refused before it is loaded.
    flags.dreams()?;
    let incoming = flags.incoming()?;
    let from = load_model(&flags.model, session)?;
    if flags.stream {
        return match reads_images(&from) {
            true => stream::run::<Images>(flags, &incoming, from, &out, session),
            false => stream::run::<Rows>(flags, &incoming, from, &out, session),
        };
    }
    let adapted = match reads_images(&from) {
        true => fit::<Images>(flags, &from, session)?,
        false => fit::<Rows>(flags, &from, session)?,
    };
    out.save(&adapted)?;
    print(&adapted, &out, session);
    Ok(())
}

/// Adapts a model without writing anything.
///
/// # Errors
///
/// As [`run`], less what has to do with files.
pub fn fit<D: Source>(flags: &AdaptFlags, from: &Cama, session: &Session) -> cama::Result<Cama> {
    let clean: Option<D> = clean_data(flags, from, session)?;
    let incoming = flags.incoming()?[0];
    Adapting { flags, from, begun_with: None, clean: clean.as_ref(), session }.to(incoming)
}

/// A model and what it is adapted with.
struct Adapting<'a, D> {
    flags: &'a AdaptFlags,
    from: &'a Cama,
    /// The model that a stream began with, of which `from` has met a part.
    begun_with: Option<&'a Cama>,
    clean: Option<&'a D>,
    session: &'a Session,
}

impl<D: Source> Adapting<'_, D> {
    /// The model adapted to this data.
    fn to(&self, incoming: Incoming) -> cama::Result<Cama> {
        let Self { flags, from, begun_with, clean, session } = *self;
        let model = from.model().config();
        let config = flags.config(&model.data)?.into_inner();
        let mechanisms = flags.mechanisms(&model.mechanisms)?;
        let incoming = self.gather(incoming)?;
        let config = of_subsample(config, &incoming, session);
        session.detail(|| format!("{} with {config:?}", incoming.kept.data.name()));

        let _graceful = Graceful::begin();
        let mut reporter = Reporter::new(session);
        let mut observer = |event: Event| reporter.observe(event);
        let mut adaptation = from
            .adapt(incoming.unlabelled())
            .mechanisms(mechanisms)
            .configure(move |settings| *settings = config)
            .guard(!flags.no_guard)
            .seed(session.seeds.given)
            .provenance(flags.model.display().to_string(), &session.command)
            .observer(&mut observer);
        if let Some(first) = begun_with {
            adaptation = adaptation.stream(first);
        }
        if let Some(clean) = clean {
            adaptation = adaptation.clean(clean);
        }
        if let Some(dreams) = flags.dreams()? {
            adaptation = adaptation.dreams(dreams);
        }
        adaptation.run()
    }

    /// The unlabelled data, and a way through all of it where it is more than is kept in memory.
    fn gather(&self, incoming: Incoming) -> cama::Result<Gathered<D>> {
        let Self { flags, from: cama, session, .. } = *self;
        let manipulate = incoming.manipulate.map(|spec| (spec, session.seeds.manipulate_adapt));
        let (spec, reading) = (incoming.data, &flags.reading);
        let wanted = Wanted { spec, labelled: false, manipulate, cama, reading, session };
        match flags.attack.as_deref() {
            None => D::gather(&wanted, most_bytes(flags)),
            // Every example must be attacked before it gets its verdict, and that once.
            Some(attack) => {
                Ok(Gathered::whole(attacked(wanted.whole::<D>()?.without_labels(), attack, cama, session)?))
            }
        }
    }
}

fn most_bytes(flags: &AdaptFlags) -> usize {
    (flags.subsample as usize) << 20
}

/// The configuration for what is kept: of a subsample all is used, unless less than that is wanted of the whole.
fn of_subsample<D: Source>(config: AdaptConfig, incoming: &Gathered<D>, session: &Session) -> AdaptConfig {
    if incoming.kept.spread.is_none() {
        return config;
    }
    let (drawn, total) = (incoming.kept.data.len(), incoming.kept.total);
    session.say(format!(
        "{drawn} of {total} examples are kept in memory, drawn at random, and adapted to; all get verdicts"
    ));
    let portion = (config.portion * total as f64 / drawn as f64).min(1.0);
    AdaptConfig { portion, ..config }
}

/// `data` after the attack that was written, on the model by Bayes' rule.
fn attacked<D: Source>(data: D, spec: &str, cama: &Cama, session: &Session) -> cama::Result<D> {
    let attacks = spec.parse::<Attacks>()?.into_points();
    let [attack] = attacks[..] else {
        return Err(Error::spec("attack", spec, "give one strength: the data is attacked once"));
    };
    let seed = session.seeds.predict;
    let predict = PredictConfig { samples: 1, m: cama.card().m, seed, ..PredictConfig::default() };
    let classifier = cama::RuleClassifier::new(&cama.decider(), &predict, Rule::Bayes)?;
    let _graceful = Graceful::begin();
    let mut reporter = Reporter::new(session);
    let observer = &mut |event: Event| reporter.observe(event);
    let space = data.space(&Limits::default())?;
    Ok(attack_unlabelled(&classifier, &data, &space, &attack, session.seeds.attack, observer)?.data)
}

/// The clean data: what was asked for, or the model's own training data if it is still there.
fn clean_data<D: Source>(flags: &AdaptFlags, cama: &Cama, session: &Session) -> cama::Result<Option<D>> {
    if flags.no_clean {
        return Ok(None);
    }
    let gather = |spec: &str| {
        let reading = &flags.reading;
        let wanted = Wanted { spec, labelled: true, manipulate: None, cama, reading, session };
        D::gather(&wanted, most_bytes(flags)).map(|gathered| Some(gathered.kept.data))
    };
    if let Some(spec) = &flags.clean {
        return gather(spec);
    }
    gather(&cama.card().data).map_err(|error| {
        Error::data(
            &flags.model,
            format!("the model's training data cannot be used as clean data: {error}"),
            "give others by --clean, or adapt without any by --no-clean",
        )
    })
}

fn print(adapted: &Cama, out: &Output, session: &Session) {
    let Some(CardEntry { report, on, .. }) = adapted.card().adaptations.last() else { return };
    let noun = adapted.model().config().data.noun();
    let AdaptReport { restored, as_they_were, unexplained, examples, steps, kept_step, .. } = report;
    let judged = restored + as_they_were + unexplained;
    match (&report.rollback_reason, report.outcome) {
        (Some(reason), _) => session.warn(format!("rolled back: {reason}; the model is as it was")),
        (None, Outcome::AdaptedForSome) => session.warn(format!(
            "adapted for some of the {noun}s only: {unexplained} of {judged} are not explained when they are restored, nor as \
             they are; they stay as they were ({} says which)",
            out.path().join(VERDICTS).display()
        )),
        _ => {}
    }
    let share = |share: Option<f64>| share.map_or("–".to_string(), |share| format!("{share:.4}"));
    let mut table = Table::new(["validation", "before", "after"]);
    table.row([
        "ELBO(x) of unlabelled data, nats".to_string(),
        format!("{:.2}", report.elbo_before),
        format!("{:.2}", report.elbo_after),
    ]);
    table.row(["accuracy on clean data".to_string(), share(report.clean_before), share(report.clean_after)]);
    let verdicts = match judged {
        0 => String::new(),
        _ => format!(
            "\nthe guard   {restored} restored, {as_they_were} left as they were, {unexplained} unexplained"
        ),
    };
    session.tell(format_args!(
        "model       {}\nadapted on  {on}: {examples} unlabelled {noun}s, {steps} steps, kept that of step {kept_step}{verdicts}\
         \n\n{}",
        out.path().display(),
        table.plain("").trim_end()
    ));
}
