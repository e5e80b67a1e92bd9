//! One adaptation, from what the flags say to the adapted model.

use cama::{AdaptConfig, Cama, Error, Event, PredictConfig, Rule};
use cama_eval::attack::{Attacks, Limits, attack_unlabelled};

use crate::flags::{AdaptFlags, Incoming};
use crate::interrupt::Graceful;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::{Gathered, Source, Wanted, training_spec};

/// A model and what it is adapted with.
pub struct Adapting<'a, D> {
    pub flags: &'a AdaptFlags,
    pub from: &'a Cama,
    /// The model that a stream began with, of which `from` has met a part.
    pub begun_with: Option<&'a Cama>,
    pub clean: Option<&'a D>,
    pub session: &'a Session,
}

impl<D: Source> Adapting<'_, D> {
    /// The model adapted to this data.
    pub fn to(&self, incoming: Incoming) -> cama::Result<Cama> {
        let Self { flags, from, begun_with, clean, session } = *self;
        let model = from.model().config();
        let config = flags.config(&model.data)?.into_inner();
        let mechanisms = flags.mechanisms(&model.mechanisms)?;
        let incoming = self.gather(incoming, config.oracle)?;
        let config = of_subsample(config, &incoming, session);
        session.detail(|| format!("{} with {config:?}", incoming.kept.data.name()));

        let _graceful = Graceful::begin();
        let mut reporter = Reporter::new(session);
        let mut observer = |event: Event| reporter.observe(event);
        let mut adaptation = from
            .adapt(incoming.unlabelled())
            .configure(move |settings| *settings = config)
            .guard(!flags.no_guard)
            .seed(session.seeds.given)
            .provenance(flags.model.display().to_string(), &session.command)
            .observer(&mut observer);
        // In a stream a state may have lost mechanisms that it began with: these are its own, too, unless others are asked for.
        if flags.mechanism.is_some() || mechanisms != model.mechanisms {
            adaptation = adaptation.mechanisms(mechanisms);
        }
        if let Some(first) = begun_with {
            adaptation = adaptation.stream(first);
        }
        adaptation = match clean {
            Some(clean) => adaptation.clean(clean),
            None if flags.no_clean => adaptation.without_clean(),
            None => adaptation,
        };
        if let Some(dreams) = flags.dreams()? {
            adaptation = adaptation.dreams(dreams);
        }
        adaptation.run()
    }

    /// The data, with its labels for an oracle alone, and a way through all of it where it is more than is kept in memory.
    fn gather(&self, incoming: Incoming, labelled: bool) -> cama::Result<Gathered<D>> {
        let Self { flags, from: cama, session, .. } = *self;
        let manipulate = incoming.manipulate.map(|spec| (spec, session.seeds.manipulate_adapt));
        let (spec, reading) = (incoming.data, &flags.reading);
        let wanted = Wanted { spec, labelled, manipulate, cama, reading, session };
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

/// The clean data: what was asked for, or the model's own training data if it is still there and still the same; nothing where
/// none is wanted, or where the clean examples in the model folder take its place.
pub fn clean_data<D: Source>(flags: &AdaptFlags, cama: &Cama, session: &Session) -> cama::Result<Option<D>> {
    if flags.no_clean {
        return Ok(None);
    }
    let gather = |spec: &str| {
        let reading = &flags.reading;
        let wanted = Wanted { spec, labelled: true, manipulate: None, cama, reading, session };
        D::gather(&wanted, most_bytes(flags))
    };
    if let Some(spec) = &flags.clean {
        return gather(spec).map(|gathered| Some(gathered.kept.data));
    }
    let training = training_spec(cama.card()).and_then(gather).and_then(|gathered| {
        match gathered.is_of(cama.card())? {
            true => Ok(gathered.kept.data),
            false => {
                Err(Error::Mismatch(format!("{} is not the data that it was trained on", cama.card().data)))
            }
        }
    });
    match (training, cama.clean_examples()) {
        (Ok(data), _) => Ok(Some(data)),
        (Err(error @ Error::Interrupted(_)), _) => Err(error),
        (Err(error), Some(kept)) => {
            let kept = cama.model().config().data.counted(kept.len());
            session.say(format!("clean data: {kept} kept in the model folder, as {error}"));
            Ok(None)
        }
        (Err(error), None) => Err(Error::data(
            &flags.model,
            format!("the model's training data cannot be used as clean data: {error}"),
            "give others by --clean, or adapt without any by --no-clean",
        )),
    }
}
