//! What an exported restorer undoes.

use cama::{Cama, DeepCama, Error, M, Outcome, Result};

use super::options::ExportOptions;

/// What an exported restorer undoes.
#[derive(Clone, Debug, PartialEq)]
pub enum Undone {
    /// Nothing, and why: what comes out is what goes in.
    Nothing(String),
    /// What q2(m|x) infers of each example, at its mean.
    Inferred,
    /// What a factor model was adapted to, the same for every row.
    Global,
}

impl Undone {
    /// What the model's own prediction undoes, or what is asked for.
    ///
    /// A model whose last adaptation was rolled back undoes nothing: what the guard refused is not exported by the back door, and
    /// programs that adapt, export and deploy go on.
    ///
    /// # Errors
    ///
    /// If the model has nothing to restore with.
    pub(super) fn of(cama: &Cama, options: &ExportOptions) -> Result<Self> {
        let model = cama.model();
        if !model.restores() {
            return Err(Error::Mismatch(
                "the model has no mechanism that acts on X itself, such as `affine` or `per-column`, so there is nothing to export; \
                 `cama adapt --mechanism` attaches one"
                    .into(),
            ));
        }
        match (options.m, cama.card().m) {
            (Some(M::Null), _) => Ok(Self::Nothing("m = null was asked for".into())),
            (Some(choice), _) => Self::chosen(cama, model, choice),
            (None, M::Null) => Self::left_alone(cama),
            (None, choice) => Self::chosen(cama, model, choice),
        }
    }

    fn chosen(cama: &Cama, model: &DeepCama, choice: cama::MChoice) -> Result<Self> {
        let learnt = cama.card().dream_steps > 0 || cama.card().m != M::Null;
        let refuse = |value: &str, allowed: &str| Err(Error::config("export.m", value, allowed));
        match (choice, model.factor()) {
            (M::Global, Some(_)) if cama.card().m == M::Global => Ok(Self::Global),
            (M::Global, Some(_)) => {
                refuse("global", "that of a model that was adapted; run `cama adapt` first")
            }
            (M::Global, None) => refuse("global", "mean: only a factor model has one m for all rows"),
            (_, Some(_)) => refuse("mean", "global: a factor model infers no m of single rows"),
            (_, None) if model.mechanisms().is_some() && !learnt => refuse(
                "mean",
                "null: q2(m|x) has neither dreamt nor met manipulated data; run `cama adapt` first",
            ),
            _ => Ok(Self::Inferred),
        }
    }

    /// Of a model whose own prediction undoes nothing.
    fn left_alone(cama: &Cama) -> Result<Self> {
        match cama.card().adaptations.last() {
            Some(last) if last.report.outcome == Outcome::RolledBack => {
                let why = last.report.rollback_reason.as_ref().map(ToString::to_string).unwrap_or_default();
                Ok(Self::Nothing(format!("the adaptation to {} was rolled back: {why}", last.on)))
            }
            _ => Err(Error::Mismatch(
                "the model has met no manipulated data, and its own prediction undoes nothing: run `cama adapt` first, or ask for \
                 m = mean, which undoes what it has learnt to infer from dreams"
                    .into(),
            )),
        }
    }
}
