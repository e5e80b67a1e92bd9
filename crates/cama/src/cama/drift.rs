//! What has changed in data since training, told without adapting; and rehearsal on data of one's own.

use std::ops::ControlFlow;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Cama;
use crate::adapt::{DatasetConfig, Rehearsal, Rehearsing, See, find_global};
use crate::batch::{self, host};
use crate::data::{Dataset, spread_indices};
use crate::decide::{DecideConfig, Decider, Decision, Outliers, Rule};
use crate::mechanism::Parameter;
use crate::model::{M, MChoice};
use crate::predict::PredictConfig;
use crate::progress::{Observer, silent};
use crate::{Config, Error, Result};

/// What has changed in data since training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// What each component of m says was done to the data as a whole.
    pub parameters: Vec<Changed>,
    /// What share of the examples is not explained as clean ones are, as they are; nothing without a guard.
    pub unexplained: Option<f64>,
    /// The shares of the classes in the training data.
    pub shares_then: Vec<f64>,
    /// The shares of the classes in this data, as the model's default prediction has them.
    pub shares_now: Vec<f64>,
    /// Of a factor model: by how much m explains a number better than nothing but noise would, in nats.
    pub gain: Option<f64>,
    /// Examples that were looked at.
    pub examples: usize,
    /// How many of them are outliers, of which nothing was learnt that is said of the columns.
    pub outliers: usize,
}

/// One component of m over a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Its name, such as `rotation` or `s1_1 shift`.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// Its value, in its unit: 0 of a shift and 1 of a factor are no change.
    pub value: f64,
    /// Its standard deviation: of what a q2 infers of each example, over the examples, what differs between them included;
    /// of the one m of a factor model, the standard error.
    pub sd: f64,
    /// The value that stands for no change: 0, or 1 of a factor.
    pub unchanged: f64,
}

impl Changed {
    /// A component at `m`, in standard deviations of its prior, with the standard deviation of its value.
    fn new(parameter: Parameter, m: f64, sd: f64) -> Self {
        let (value, unchanged) = (parameter.value(m), parameter.value(0.0));
        Self { value, sd, unchanged, name: parameter.name, unit: parameter.unit }
    }
}

/// Samples of z for each class.
const SAMPLES: usize = 2;

impl Cama {
    /// Damages clean, labelled examples on purpose, restores them, and tells which damage of *this* data would be repaired,
    /// to what accuracy, which refused, and what would be harmed; [`fit`](super::Builder::fit) has done it with its
    /// validation set, see [`rehearsal`](Self::rehearsal).
    ///
    /// # Errors
    ///
    /// If the data does not fit or has no labels, or the model has no guard or no mechanism.
    pub fn rehearse<D: Dataset>(&self, clean: &D, seed: u64) -> Result<Rehearsal> {
        self.rehearse_with(clean, seed, None)
    }

    /// The same, and `see` is shown up to ten examples of every damage to images: what the damage is called, and the
    /// examples clean, damaged, and restored by the mechanisms under which the two classifiers agree most often, whether
    /// that would be kept or not.
    ///
    /// # Errors
    ///
    /// As [`rehearse`](Self::rehearse).
    pub fn rehearse_seen<D: Dataset>(
        &self,
        clean: &D,
        seed: u64,
        see: &(dyn Fn(&str, [&D; 3]) + Sync),
    ) -> Result<Rehearsal> {
        self.rehearse_with(clean, seed, Some(see))
    }

    fn rehearse_with<D: Dataset>(&self, clean: &D, seed: u64, see: Option<&See<D>>) -> Result<Rehearsal> {
        self.model.check_labelled(clean)?;
        if clean.is_empty() {
            return Err(Error::Mismatch(format!(
                "{} is empty: there is nothing to rehearse with",
                clean.name()
            )));
        }
        let Some(guard) = self.guard.as_ref().filter(|_| self.model.infers()) else {
            let what = "the model has no guard or no mechanism: there is nothing to rehearse";
            return Err(Error::Mismatch(what.into()));
        };
        let decider = self.decider();
        Ok(Rehearsing { decider, guard, clean, seed, see }.run()?.rehearsal)
    }

    /// What has changed in unlabelled data since training, at no more than 500 examples spread over it.
    ///
    /// # Errors
    ///
    /// If the data does not fit, or the model has no mechanism.
    pub fn drift<D: Dataset>(&self, data: &D, seed: u64) -> Result<Drift> {
        self.model.check_fits(data)?;
        if !self.model.infers() || data.is_empty() {
            let what = "the model has no mechanism, or the data no examples: nothing can be told of what has changed";
            return Err(Error::Mismatch(what.into()));
        }
        let data = data.select(&spread_indices(data.len()).collect::<Vec<_>>());
        // What a few rows are is nothing that has changed in all of them.
        let clean = self.schema.is_some().then(|| self.clean_like(&data)).transpose()?.flatten();
        let outliers = clean.and_then(|clean| Outliers::find(&data, &clean));
        let others = outliers.as_ref().map(|outliers| outliers.others(&data));
        let of_all = others.as_ref().unwrap_or(&data);
        let (parameters, gain) = match self.model.factor() {
            Some(_) => self.drift_of_columns(of_all, seed)?,
            None => (self.drift_of_examples(of_all, seed)?, None),
        };
        let mut shares_now = vec![0.0; self.model.config().classes];
        for decision in self.predict(&data)? {
            decision.probabilities.iter().zip(&mut shares_now).for_each(|(p, share)| *share += p);
        }
        shares_now.iter_mut().for_each(|share| *share /= data.len() as f64);
        let unexplained = match &self.guard {
            Some(guard) => {
                let mut unexplained = 0;
                self.each(&data, M::Null, seed, |decision| {
                    unexplained += usize::from(decision.anomaly_score[0] > guard.threshold);
                })?;
                Some(unexplained as f64 / data.len() as f64)
            }
            None => None,
        };
        let observed = batch::observed(&data, 0..data.len(), &self.model.device());
        let then = self.model.log_py(&observed, None).exp().mean_dim(0);
        let shares_then = host(then).into_iter().map(f64::from).collect();
        let (examples, outliers) = (data.len(), data.len() - of_all.len());
        Ok(Drift { parameters, unexplained, shares_then, shares_now, gain, examples, outliers })
    }

    /// What the components of m are called, and their units: of a table, the columns' own.
    pub fn parameters(&self) -> Vec<Parameter> {
        let all = self.model.mechanisms().map(|mechanisms| mechanisms.parameters()).unwrap_or_default();
        match &self.schema {
            Some(schema) => all.into_iter().map(|parameter| parameter.in_own_unit(schema)).collect(),
            None => all,
        }
    }

    /// Of a factor model: the one m of the data set.
    fn drift_of_columns<D: Dataset>(&self, data: &D, seed: u64) -> Result<(Vec<Changed>, Option<f64>)> {
        let all: Vec<usize> = (0..data.len()).collect();
        let (rng, mut nobody) = (&mut ChaCha8Rng::seed_from_u64(seed), silent);
        let observer: &mut Observer = &mut nobody;
        let found = find_global(&self.model, data, &all, &DatasetConfig::default(), None, rng, observer)?;
        let mechanisms = found.model.mechanisms().expect("checked to have one");
        let m = host(mechanisms.global_m().expect("a factor model has columns"));
        // Before they are in the columns' own units.
        let errors =
            mechanisms.parameters().into_iter().map(|parameter| parameter.standard_error(data.len()));
        let parameters = self.parameters().into_iter().zip(m).zip(errors).map(|((parameter, m), error)| {
            let m = f64::from(m);
            let sd = parameter.sd(m, error);
            Changed::new(parameter, m, sd)
        });
        Ok((parameters.collect(), Some(found.gain)))
    }

    /// Of what q2 infers of each example: mean and standard deviation over them.
    fn drift_of_examples<D: Dataset>(&self, data: &D, seed: u64) -> Result<Vec<Changed>> {
        let (mut means, mut variances) = (Vec::<Vec<f32>>::new(), Vec::<Vec<f32>>::new());
        self.each(data, M::Mean, seed, |decision| {
            means.push(decision.m.clone());
            variances.push(decision.m_sd.iter().map(|sd| sd * sd).collect());
        })?;
        let n = means.len() as f64;
        let of_all = |i: usize, all: &[Vec<f32>]| all.iter().map(|row| f64::from(row[i])).sum::<f64>() / n;
        let changed = |(i, parameter): (usize, Parameter)| {
            let mean = of_all(i, &means);
            let between = means.iter().map(|row| (f64::from(row[i]) - mean).powi(2)).sum::<f64>() / n;
            let sd = parameter.sd(mean, (between + of_all(i, &variances)).sqrt());
            Changed::new(parameter, mean, sd)
        };
        Ok(self.parameters().into_iter().enumerate().map(changed).collect())
    }

    /// Hands over every decision by Bayes' rule, none of them guarded.
    fn each<D: Dataset>(
        &self,
        data: &D,
        m: MChoice,
        seed: u64,
        mut each: impl FnMut(&Decision),
    ) -> Result<()> {
        let predict = PredictConfig { samples: SAMPLES, m, seed, ..PredictConfig::default() };
        let config = DecideConfig { rule: Rule::Bayes, predict }.check()?;
        Decider::bare(&self.model).decide_each(data, 0, &config, |decision| {
            each(&decision);
            ControlFlow::Continue(())
        })
    }
}
