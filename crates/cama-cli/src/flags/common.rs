//! Flags that several commands have.

use cama::{Config, ContextFrom, Inference, MChoice, Predictor, Result, Rule};
use clap::Args;

use super::overlay::{named, overlay};
use super::setting::SettingFlags;

/// How to predict.
#[derive(Args)]
#[command(next_help_heading = "Prediction")]
pub struct PredictFlags {
    /// Samples of z for each class.
    #[arg(long, value_name = "K")]
    pub samples: Option<usize>,
    /// Probability below which classes get no more than their first samples, once they could not exceed it even if the
    /// others weighed far more; no probability changes by more. 0 gives every class all samples.
    #[arg(long, value_name = "P")]
    pub negligible: Option<f64>,
    /// The manipulation that is assumed: `null` is do(m=0), `mean` or `sample` infer it from the data,
    /// `global` is the one of the data set that a factor model was adapted to.
    /// Unless given, it is inferred once the model has met manipulated data.
    #[arg(long, value_name = "null|mean|sample|global", value_parser = named::<MChoice>)]
    pub m: Option<MChoice>,
    /// Steps by which the m of each input is searched further from where q2(m|x) puts it, about 1 ms each for a digit: worth it for single
    /// inputs, and where the model is not adapted. It says nothing with --m null.
    #[arg(long, value_name = "N")]
    pub refine: Option<usize>,
    /// How Bayes' rule gets at z: `amortised`, by samples of q1, or `optimise`, by searching z for every class, which small changes
    /// that were made to mislead q1 hardly mislead; under a factor model, by searching the outliers of each row. A search takes about ten
    /// times as long (9 ms of a core for a digit), costs some clean accuracy (a quarter of a point of digits', a point of a table's), and
    /// needs `cama bank` once; classes are then told apart by Bayes' rule alone unless --rule is given.
    #[arg(long, value_name = "amortised|optimise", value_parser = named::<Inference>)]
    pub inference: Option<Inference>,
    /// Searching z: the probability with which each value of an input is taken for an outlier; found by `cama bank` unless given.
    #[arg(long, value_name = "P")]
    pub floor: Option<f64>,
    /// Searching z: steps.
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Searching z: starts for each class, q1's mean and then latents of clean examples.
    #[arg(long, value_name = "N")]
    pub starts: Option<usize>,
    /// By which rule to classify: `bayes` (Bayes' rule, Eq. 6), `direct` (the model's direct classifier, or --classifier, on
    /// the restored input), `product` of the two, or `direct-alone`, on the input as it is. Unless given, `product` for
    /// images, with --classifier and where rehearsal has weighed it, `bayes` for other tables or without a direct classifier;
    /// `evaluate` judges all of them.
    #[arg(long, value_name = "bayes|direct|product|direct-alone", value_parser = named::<Rule>)]
    pub rule: Option<Rule>,
    /// T of `product`, which has Bayes' rule to the power 1/T; what was fitted for the direct classifier unless given.
    #[arg(long, value_name = "T")]
    pub temperature: Option<f64>,
    /// Restore every input, even where the model cannot explain what comes out; under a factor model every row that its m
    /// explains better than do(m=0).
    #[arg(long)]
    pub no_guard: bool,
    /// What the guard knows of the data as a whole: what it sees in the data at hand (`batch`), which leaves clean data alone more
    /// surely; what it learnt of the data that the model was adapted to (`adapted`), so that what an input gets does not depend
    /// on the others; or nothing (`none`), so that each input is judged strictly.
    #[arg(long, value_name = "batch|adapted|none", default_value = "batch", value_parser = named::<ContextFrom>)]
    pub context: ContextFrom,
    /// The most decoded images or rows that each thread holds at a time: bounds the memory of a thread.
    #[arg(long, value_name = "N")]
    pub chunk: Option<usize>,
    #[command(flatten)]
    pub settings: SettingFlags,
}

impl PredictFlags {
    /// `predictor` with what these flags change.
    ///
    /// # Errors
    ///
    /// If a value is not allowed.
    pub fn overlay<'a>(&self, predictor: Predictor<'a>, seed: u64) -> Result<Predictor<'a>> {
        let mut predictor = predictor.guard(!self.no_guard).context(self.context);
        predictor.config.predict.seed = seed;
        let config = &mut predictor.config.predict;
        overlay!(self => config; samples, negligible, m, inference, refine);
        let search = &mut config.optimise;
        overlay!(self => search; steps, starts);
        search.floor = self.floor.or(search.floor);
        config.chunk = self.chunk.or(config.chunk);
        self.settings.check_sections(&["predict"], &[])?;
        *config = self.settings.apply("predict", config.clone())?;
        config.validate()?;
        if let Some(temperature) = self.temperature {
            predictor = predictor.temperature(temperature);
        }
        let searches = predictor.config.predict.inference == Inference::Optimise;
        Ok(match self.rule {
            Some(rule) => predictor.rule(rule),
            None if searches => {
                let best = predictor.best_rule();
                predictor.rule(best)
            }
            None => predictor,
        })
    }
}
