//! Attacks of `cama evaluate`.

use cama::{Error, Input};
use cama_eval::attack::{Attack, AttackPlan, Limits, Surrogate, attack_and_evaluate, signs_of_masking};
use cama_eval::{Judged, Row};

use super::baseline::Named;
use crate::flags::AttackFlags;
use crate::interrupt::Graceful;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::Source;

/// What marks a baseline whose adversarial examples are tried on all others.
const TRANSFER: &str = "transfer:";

/// What `--against` names: what is judged beside the model, and whose examples are tried on all.
pub struct Roles {
    judged: Vec<String>,
    surrogates: Vec<String>,
}

impl Roles {
    /// Takes the names apart.
    ///
    /// # Errors
    ///
    /// If examples are to be transferred where nothing is attacked.
    pub fn of(against: &[String], attacked: bool) -> cama::Result<Self> {
        let mut roles = Self { judged: Vec::new(), surrogates: Vec::new() };
        for name in against {
            let (list, name) = match name.strip_prefix(TRANSFER) {
                Some(_) if !attacked => {
                    let problem = "a classifier to transfer attacks from says nothing without --attack";
                    return Err(Error::spec("baseline", name, problem));
                }
                Some(name) => (&mut roles.surrogates, name.trim()),
                None => (&mut roles.judged, name.as_str()),
            };
            if !list.iter().any(|known| known == name) {
                list.push(name.to_string());
            }
        }
        Ok(roles)
    }

    /// Every name once, for them to be trained.
    pub fn all(&self) -> Vec<String> {
        let more = self.surrogates.iter().filter(|name| !self.judged.contains(name));
        self.judged.iter().chain(more).cloned().collect()
    }

    /// Those that are judged, of all that were trained.
    pub fn judged<'a>(&self, all: &'a [Named]) -> impl Iterator<Item = &'a Named> {
        all.iter().filter(|named| self.judged.contains(&named.name))
    }

    fn surrogates<'a>(&self, all: &'a [Named]) -> Vec<Surrogate<'a>> {
        let surrogates = all.iter().filter(|named| self.surrogates.contains(&named.name));
        surrogates.map(|named| Surrogate { name: &named.name, baseline: &named.baseline }).collect()
    }
}

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
    pub fn parse(flags: &AttackFlags, input: &Input) -> cama::Result<Self> {
        Ok(Self { attacks: flags.attacks()?, limits: flags.limits(input)?, limit: flags.attack_limit })
    }

    /// The rows of every attack on every data set; `each` sees them as they come.
    ///
    /// # Errors
    ///
    /// If an attack fails or is interrupted.
    pub fn run<D: Source>(
        &self,
        judged: &[Judged],
        all: &[D],
        (roles, baselines): (&Roles, &[Named]),
        session: &Session,
        mut each: impl FnMut(&Row),
    ) -> cama::Result<Vec<Row>> {
        if self.attacks.is_empty() {
            return Ok(Vec::new());
        }
        let plan = AttackPlan {
            attacks: &self.attacks,
            limits: &self.limits,
            surrogates: &roles.surrogates(baselines),
            limit: self.limit,
            seed: session.seeds.attack,
        };
        let _graceful = Graceful::begin();
        let (mut rows, mut told) = (Vec::new(), Vec::new());
        for data in all {
            let n = data.len().min(self.limit);
            session.say(format!("attacking {n} of the {} examples of {}", data.len(), data.name()));
            let mut reporter = Reporter::new(session, 1);
            let (new, notes) =
                attack_and_evaluate(judged, data, &plan, &mut |event| reporter.observe(event), &mut each)?;
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
