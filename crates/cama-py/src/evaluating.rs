//! Classifiers' scores under manipulations and attacks: the library's own, and any that Python has.

use std::sync::Arc;

use cama::data::Dataset;
use cama::{Cama, Decider, Error, Observer, PredictConfig, Predictor, Result, Rule, RuleClassifier, Seeds};
use cama_eval::attack::{Attack, Attackable, Attacks, Limits};
use cama_eval::{
    Answers, AttackPlan, Evaluated, Row, Surrogate, attack_and_evaluate, evaluate as score, manipulated,
    manipulations, page, signs_of_masking,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::array;
use crate::data::{Data, Kind, OfKind};
use crate::deciding::Deciding;
use crate::error::in_words;
use crate::fitting::Adapting;
use crate::model::Model;
use crate::run::{Asker, Watch, run_asking};

/// Rows, and what is worth knowing of them, in words.
type Scored = (Vec<Row>, Vec<String>);

/// What is evaluated.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Judged {
    /// What it is called.
    name: String,
    /// A model that reads the data, and how it decides.
    model: Option<Py<Model>>,
    how: Option<Deciding>,
    /// Whether each of its rules gets a row.
    every_rule: bool,
    /// Which classifier of Python is asked, by its place among those that `ask` knows; about what the model restores, if there is one.
    asked: Option<usize>,
    /// Whether the adapted model takes the place of this one.
    adapts: bool,
}

/// What is done to the data.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Plan {
    manipulations: Vec<String>,
    clean: bool,
    attacks: Vec<String>,
    columns: Vec<String>,
    eps: Vec<String>,
    ranges: Vec<String>,
    limit: usize,
    worst: bool,
    seed: u64,
}

impl Plan {
    fn attacks(&self) -> Result<Vec<Attack>> {
        let mut all: Vec<Attack> = Vec::new();
        for spec in &self.attacks {
            for attack in spec.parse::<Attacks>()?.into_points() {
                if !all.contains(&attack) {
                    all.push(attack);
                }
            }
        }
        Ok(all)
    }

    fn limits(&self) -> Result<Limits> {
        Ok(Limits {
            columns: self.columns.clone(),
            eps: self.eps.iter().map(|text| Limits::parse_eps(text)).collect::<Result<_>>()?,
            ranges: self.ranges.iter().map(|text| Limits::parse_range(text)).collect::<Result<_>>()?,
        })
    }
}

/// A classifier of Python, asked about examples; and what restores them before, if anything does.
struct Asking<'a> {
    asker: &'a Asker<Scored>,
    ask: Arc<Py<PyAny>>,
    which: usize,
    name: &'a str,
    restorer: Option<Predictor<'a>>,
}

impl<D: Dataset + Into<Data>> Answers<D> for Asking<'_> {
    fn check(&self, data: &D) -> Result<()> {
        self.restorer.as_ref().map_or(Ok(()), |predictor| predictor.decider.model.check_fits(data))
    }

    fn probabilities(&self, data: &D) -> Result<Vec<Vec<f64>>> {
        let (n, classes) = (data.len(), data.classes().len());
        let asked: Data = match &self.restorer {
            None => data.clone().into(),
            Some(predictor) => {
                let decisions = predictor.predict(data)?;
                let x: Vec<f32> =
                    decisions.iter().flat_map(|decision| decision.restored.iter().copied()).collect();
                data.with_x(&x)?.into()
            }
        };
        let (ask, which) = (self.ask.clone(), self.which);
        let answer = self.asker.ask(move |py| array::values::<f64>(&ask.bind(py).call1((which, asked))?))?;
        match answer.len() == n * classes {
            true => Ok(answer.chunks_exact(classes).map(<[f64]>::to_vec).collect()),
            false => Err(Error::Mismatch(format!(
                "`{}` gave {} probabilities for {n} examples of {classes} classes",
                self.name,
                answer.len()
            ))),
        }
    }
}

/// All that an evaluation is made with.
struct Evaluating {
    judged: Vec<(Judged, Option<Arc<Cama>>)>,
    /// Models whose adversarial examples are tried on all, by what they are called.
    surrogates: Vec<(String, Arc<Cama>)>,
    /// How the first model adapts to what is done to the data, if it does.
    adapting: Option<(Adapting, Option<Data>)>,
    ask: Arc<Py<PyAny>>,
    plan: Plan,
}

impl Evaluating {
    fn run<D: Attackable + Into<Data> + OfKind>(
        &self,
        data: &D,
        watch: &mut Watch<Scored>,
    ) -> Result<Scored> {
        let asker = &watch.asker();
        let attacks = self.plan.attacks()?;
        let points = manipulations::<D::Manipulation>(&self.plan.manipulations, self.plan.clean)?;
        let mut rows = Vec::new();
        match &self.adapting {
            None => self.with(None, asker, |evaluated| {
                rows.extend(score(evaluated, data, &points, self.manipulates(), |_| ())?);
                Ok(())
            })?,
            Some((adapting, clean)) => {
                let clean = clean.as_ref().map(|clean| D::of(clean)).transpose()?;
                for point in points {
                    let incoming = manipulated(data, &point.1, self.manipulates())?.without_labels();
                    let from = self.model()?;
                    let adapted =
                        adapting.run(from, &incoming, clean, None, &mut |event| watch.observe(event))?;
                    self.with(Some(&adapted), asker, |evaluated| {
                        rows.extend(score(
                            evaluated,
                            data,
                            std::slice::from_ref(&point),
                            self.manipulates(),
                            |_| (),
                        )?);
                        Ok(())
                    })?;
                }
            }
        }
        let mut notes = Vec::new();
        if !attacks.is_empty() {
            self.with(None, asker, |evaluated| {
                let (new, told) =
                    self.attacked(evaluated, data, &attacks, &mut |event| watch.observe(event))?;
                rows.extend(new);
                notes.extend(told);
                Ok(())
            })?;
        }
        notes.extend(signs_of_masking(&rows));
        Ok((rows, notes))
    }

    /// The first model that is evaluated.
    fn model(&self) -> Result<&Cama> {
        let first = self.judged.iter().find_map(|(_, model)| model.as_deref());
        first.ok_or_else(|| {
            Error::Mismatch("only a CamaClassifier can be adapted to the data: leave adapt out".into())
        })
    }

    fn manipulates(&self) -> u64 {
        Seeds::new(self.plan.seed).manipulate
    }

    /// Does `then` with all that is evaluated; `adapted` takes the place of the models that adapt.
    fn with<D: Attackable + Into<Data>>(
        &self,
        adapted: Option<&Cama>,
        asker: &Asker<Scored>,
        then: impl FnOnce(&[Evaluated<D>]) -> Result<()>,
    ) -> Result<()> {
        let mut predictors = Vec::new();
        let mut askings = Vec::new();
        for (judged, model) in &self.judged {
            let model = adapted.filter(|_| judged.adapts).or(model.as_deref());
            let predictor = match (model, &judged.how) {
                (Some(model), Some(how)) => Some(how.predictor(model)?),
                _ => None,
            };
            askings.push(judged.asked.map(|which| Asking {
                asker,
                ask: self.ask.clone(),
                which,
                name: &judged.name,
                restorer: predictor.clone().map(|predictor| predictor.rule(Rule::Bayes)),
            }));
            predictors.push(predictor);
        }
        let mut evaluated: Vec<Evaluated<D>> = Vec::new();
        for (((judged, _), predictor), asking) in self.judged.iter().zip(predictors).zip(&askings) {
            evaluated.push(match (asking, predictor) {
                (Some(asking), _) => Evaluated::Other(&judged.name, asking),
                (None, Some(predictor)) if judged.every_rule => {
                    let has_direct = predictor.decider.classifier().is_some();
                    let rule = if has_direct { Rule::Product } else { Rule::Bayes };
                    Evaluated::Cama(Box::new(predictor.rule(rule)))
                }
                (None, Some(predictor)) => Evaluated::Named(&judged.name, Box::new(predictor)),
                (None, None) => {
                    return Err(Error::Mismatch(format!("`{}` is nothing to evaluate", judged.name)));
                }
            });
        }
        then(&evaluated)
    }

    /// The rows of the attacks, and notes.
    fn attacked<D: Attackable + Into<Data>>(
        &self,
        evaluated: &[Evaluated<D>],
        data: &D,
        attacks: &[Attack],
        observer: &mut Observer,
    ) -> Result<Scored> {
        let mut models = Vec::new();
        for (name, cama) in &self.surrogates {
            let predict = PredictConfig {
                m: cama.card().m,
                seed: Seeds::new(self.plan.seed).predict,
                ..PredictConfig::default()
            };
            let decider = Decider { guard: None, ..cama.decider() };
            models.push((name, RuleClassifier::new(&decider, &predict, Rule::Bayes)?));
        }
        let surrogates: Vec<Surrogate> =
            models.iter().map(|(name, classifier)| Surrogate { name, classifier }).collect();
        let plan = AttackPlan {
            attacks,
            limits: &self.plan.limits()?,
            surrogates: &surrogates,
            worst: self.plan.worst,
            limit: self.plan.limit,
            seed: Seeds::new(self.plan.seed).attack,
        };
        attack_and_evaluate(evaluated, data, &plan, observer, |_| ())
    }
}

/// Scores of classifiers as rows in JSON, and notes. `ask(which, data)` gives the probabilities of a classifier of Python, `[n, classes]`.
#[pyfunction]
#[pyo3(signature = (data, judged, surrogates, adapting, ask, plan, listener, threads))]
#[expect(clippy::too_many_arguments, reason = "one each of what it is made with")]
pub fn evaluate(
    py: Python<'_>,
    data: &Data,
    judged: Vec<Judged>,
    surrogates: Vec<(String, Py<Model>)>,
    adapting: Option<(Adapting, Option<Py<Data>>)>,
    ask: Py<PyAny>,
    plan: Plan,
    listener: &Bound<'_, PyAny>,
    threads: usize,
) -> PyResult<(Vec<String>, Vec<String>)> {
    let of = |model: &Py<Model>| model.get().0.clone();
    let judged = judged.into_iter().map(|judged| {
        let model = judged.model.as_ref().map(of);
        (judged, model)
    });
    let evaluating = Evaluating {
        judged: judged.collect(),
        surrogates: surrogates.iter().map(|(name, model)| (name.clone(), of(model))).collect(),
        adapting: adapting.map(|(adapting, clean)| (adapting, clean.map(|clean| clean.get().clone()))),
        ask: Arc::new(ask),
        plan,
    };
    let data = data.clone();
    let (rows, notes) = run_asking(py, threads, listener, move |watch| match &*data.0 {
        Kind::Images(images) => evaluating.run(images, watch),
        Kind::Rows(rows) => evaluating.run(rows, watch),
    })?;
    let rows = rows.iter().map(|row| serde_json::to_string(row).expect("rows have names for keys"));
    Ok((rows.collect(), notes.iter().map(|note| in_words(note)).collect()))
}

/// Rows in JSON as a page of HTML; `noun` is what an example is called.
#[pyfunction]
pub fn evaluation_page(rows: Vec<String>, noun: &str) -> PyResult<String> {
    let rows = rows.iter().map(|row| serde_json::from_str(row)).collect::<serde_json::Result<Vec<Row>>>();
    let rows =
        rows.map_err(|error| PyValueError::new_err(format!("these are no rows of an evaluation: {error}")))?;
    Ok(page::evaluation(&rows, noun))
}
