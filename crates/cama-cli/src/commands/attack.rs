//! Attacks of `cama evaluate`.

use cama::{Cama, Decider, PredictConfig, Rule, RuleClassifier};
use cama_eval::attack::{Attack, Limits};
use cama_eval::{AttackPlan, Evaluated, Row, Surrogate, attack_and_evaluate, signs_of_masking};

use super::baseline::Named;
use crate::flags::AttackFlags;
use crate::interrupt::Graceful;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::Source;

/// The attacks that were asked for, checked as far as they can be without data.
pub struct Attacking {
    attacks: Vec<Attack>,
    limits: Limits,
    limit: usize,
    worst: bool,
}

/// Whose adversarial examples may be tried on all.
pub struct Surrogates<'a> {
    /// Baselines, those of them that transfer.
    pub baselines: &'a [Named],
    /// Models by Bayes' rule, each with its name.
    pub models: &'a [(String, Cama)],
    /// How the models predict, but for m, which is their own.
    pub predict: &'a PredictConfig,
}

impl Attacking {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// If something is written wrongly, or says nothing about such data.
    pub fn parse(flags: &AttackFlags, images: bool) -> cama::Result<Self> {
        Ok(Self {
            attacks: flags.attacks()?,
            limits: flags.limits(images)?,
            limit: flags.attack_limit,
            worst: flags.attack_worst,
        })
    }

    /// Errors unless the classes of those whose examples are tried on all are the data's.
    fn check<D: Source>(&self, data: &D, surrogates: &Surrogates) -> cama::Result<()> {
        let baselines = surrogates.baselines.iter().filter(|named| named.transfers);
        baselines.map(|named| &named.baseline).try_for_each(|baseline| baseline.check_classes(data))?;
        surrogates.models.iter().try_for_each(|(_, cama)| cama.model().check_labelled(data))
    }

    /// The rows of every attack on every data set; `each` sees them as they come.
    ///
    /// # Errors
    ///
    /// If an attack fails or is interrupted.
    pub fn run<D: Source>(
        &self,
        evaluated: &[Evaluated<D>],
        all: &[D],
        others: &Surrogates,
        session: &Session,
        mut each: impl FnMut(&Row),
    ) -> cama::Result<Vec<Row>> {
        if self.attacks.is_empty() {
            return Ok(Vec::new());
        }
        let mut models = Vec::new();
        for (name, cama) in others.models {
            let predict = PredictConfig { m: cama.card().m, ..others.predict.clone() };
            let decider = Decider { guard: None, ..cama.decider() };
            models.push((name, RuleClassifier::new(&decider, &predict, Rule::Bayes)?));
        }
        let of_models = models.iter().map(|(name, model)| Surrogate { name, classifier: model });
        let baselines = others.baselines.iter().filter(|named| named.transfers);
        let of_baselines =
            baselines.map(|named| Surrogate { name: &named.name, classifier: &named.baseline });
        let surrogates: Vec<Surrogate> = of_baselines.chain(of_models).collect();
        let plan = AttackPlan {
            attacks: &self.attacks,
            limits: &self.limits,
            surrogates: &surrogates,
            worst: self.worst,
            limit: self.limit,
            seed: session.seeds.attack,
        };
        let _graceful = Graceful::begin();
        let (mut rows, mut told) = (Vec::new(), Vec::new());
        for data in all {
            let n = data.len().min(self.limit);
            self.check(data, others)?;
            session.say(format!("attacking {n} of the {} examples of {}", data.len(), data.name()));
            let mut reporter = Reporter::new(session);
            let (new, notes) =
                attack_and_evaluate(evaluated, data, &plan, &mut |event| reporter.observe(event), &mut each)?;
            rows.extend(new);
            for note in notes {
                if !told.contains(&note) {
                    session.warn(&note);
                    told.push(note);
                }
            }
        }
        Ok(rows)
    }
}

/// Warns of signs that gradients are masked.
pub fn warn_of_masking(rows: &[Row], session: &Session) {
    signs_of_masking(rows).iter().for_each(|sign| session.warn(sign));
}
