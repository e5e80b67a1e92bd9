//! Rehearsal on rows of a table.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::damage::TableDamage;
use super::{Rehearsing, Tried, share};
use crate::adapt::dataset::{self, DatasetConfig};
use crate::adapt::global;
use crate::data::Dataset;
use crate::decide::{Answer, Weighed, mean_and_error};
use crate::model::{DeepCama, M};
use crate::noise::stream_rng;
use crate::predict::highest;
use crate::progress::silent;
use crate::{Error, Result};

/// By how many standard errors the discriminative classifier must be right more often than Bayes' rule on clean rows to have a
/// say by default, where networks make the rows.
const SURELY: f64 = 1.0;

impl<D: Dataset> Rehearsing<'_, D> {
    /// Damages rows, and searches for the m of them all. Nothing is tried where no mechanism learns one.
    pub(super) fn tables(&self, weighed: &mut Vec<Weighed>) -> Result<Vec<Tried>> {
        if self.decider.model.mechanisms().is_none_or(|mechanisms| mechanisms.global_m().is_none()) {
            return Ok(Vec::new());
        }
        let one = |(i, damage): (usize, &TableDamage)| self.table(i, damage);
        let done = TableDamage::ALL.par_iter().enumerate().map(|numbered| match one(numbered) {
            // A damage beyond all bounds is not rehearsed.
            Err(Error::Diverged(_)) => Ok(None),
            done => done.map(Some),
        });
        let done: Result<Vec<_>> = done.collect();
        let (tried, each): (Vec<Tried>, Vec<Vec<Weighed>>) = done?.into_iter().flatten().unzip();
        weighed.extend(each.into_iter().flatten());
        Ok(tried)
    }

    /// Damage number `i`, and what its rows say of how classifiers should be weighed.
    fn table(&self, i: usize, damage: &TableDamage) -> Result<(Tried, Vec<Weighed>)> {
        let model = self.decider.model;
        let mut rng = stream_rng(self.seed, i as u64);
        let data = damage.done_to(self.examples(&mut rng), model, &mut rng)?;
        let labels = data.labels().expect("labelled clean examples").to_vec();
        let (found, gain) = self.search(&data, &mut rng)?;
        let as_they_are = self.ask(model, &data, M::Null)?;
        let restored = self.ask(&found, &data, M::Global)?;
        let accuracy = |answers: &[Answer]| share(answers, &labels, |answer| &answer.bayes);
        let tried = Tried {
            damage: damage.name.into(),
            options: vec![(gain, accuracy(&restored))],
            surer: self.surer(&as_they_are, &restored),
            before: accuracy(&as_they_are),
        };
        let weighed =
            [(2 * i, as_they_are), (2 * i + 1, restored)].into_iter().flat_map(|(group, answers)| {
                answers
                    .into_iter()
                    .zip(&labels)
                    .map(move |(answer, label)| Weighed::new(answer, *label, group))
            });
        Ok((tried, weighed.collect()))
    }

    /// The m that all rows share, as a model with it, and by how much it explains a number better, in nats.
    fn search(&self, data: &D, rng: &mut ChaCha8Rng) -> Result<(DeepCama, f64)> {
        let model = self.decider.model;
        if model.factor().is_none() {
            return global::rehearse(model.clone(), data, rng);
        }
        let all: Vec<usize> = (0..data.len()).collect();
        let found = dataset::find(model, data, &all, &DatasetConfig::default(), None, rng, &mut silent)?;
        Ok((found.model, found.gain))
    }

    /// Whether the product is to decide by default where rehearsal has weighed it: with a factor model it is; networks with
    /// parents or co-parents in the causal graph follow these when they move, which no damage rehearses and no discriminative
    /// classifier can, so that Bayes' rule is asked alone unless it is worse on clean rows already.
    pub(super) fn multiplies(&self) -> Result<bool> {
        let model = self.decider.model;
        let has_causes =
            model.config().data.table().is_some_and(|table| table.parents + table.co_parents > 0);
        if !has_causes || model.factor().is_some() {
            return Ok(true);
        }
        let labels = self.clean.labels().expect("labelled clean examples");
        let answers = self.ask(model, self.clean, M::Null)?;
        let right = |log_p: &[f64], label: usize| f64::from(u8::from(highest(log_p) == label));
        let better = answers
            .iter()
            .zip(labels)
            .map(|(answer, label)| right(&answer.direct, *label) - right(&answer.bayes, *label));
        let (mean, error) = mean_and_error(better);
        Ok(mean > SURELY * error)
    }
}
