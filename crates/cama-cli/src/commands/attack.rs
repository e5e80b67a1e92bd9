//! Attacks of `cama evaluate`.

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
}

impl Attacking {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// If something is written wrongly, or says nothing about such data.
    pub fn parse(flags: &AttackFlags, images: bool) -> cama::Result<Self> {
        Ok(Self { attacks: flags.attacks()?, limits: flags.limits(images)?, limit: flags.attack_limit })
    }

    /// The rows of every attack on every data set; `each` sees them as they come.
    ///
    /// # Errors
    ///
    /// If an attack fails or is interrupted.
    pub fn run<D: Source>(
        &self,
        evaluated: &[Evaluated],
        all: &[D],
        baselines: &[Named],
        session: &Session,
        mut each: impl FnMut(&Row),
    ) -> cama::Result<Vec<Row>> {
        if self.attacks.is_empty() {
            return Ok(Vec::new());
        }
        let surrogates = baselines.iter().filter(|named| named.transfers);
        let surrogates: Vec<Surrogate> =
            surrogates.map(|named| Surrogate { name: &named.name, baseline: &named.baseline }).collect();
        let plan = AttackPlan {
            attacks: &self.attacks,
            limits: &self.limits,
            surrogates: &surrogates,
            limit: self.limit,
            seed: session.seeds.attack,
        };
        let _graceful = Graceful::begin();
        let (mut rows, mut told) = (Vec::new(), Vec::new());
        for data in all {
            let n = data.len().min(self.limit);
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
