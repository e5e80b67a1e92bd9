//! Rehearsal on images.

use rand_chacha::ChaCha8Rng;

use super::{Rehearsing, SEEN, Tried, share};
use crate::adapt::candidates;
use crate::data::Dataset;
use crate::decide::{Answers, Decision, Weighed};
use crate::model::M;
use crate::{Error, Result};

/// Damage to images: what affine and photometric mechanisms express, all images alike or each by itself, some of it
/// strong, and what they do not.
const IMAGE_DAMAGE: [&str; 18] = [
    "none",
    "shift:0.1",
    "shift:0.25",
    "rotate:20",
    "rotate:45",
    "scale:1.4",
    "shear:0.5",
    "contrast:0.3:0.7",
    "brightness:0.3",
    "rotate:30+contrast:0.4:0.8",
    "noise:0.2",
    "blur:1.5",
    "impulse:0.1",
    "invert-part:0.5",
    "bars:2",
    "scribble:2",
    "occlude:0.3",
    "ramp:0.4",
];

impl<D: Dataset> Rehearsing<'_, D> {
    pub(super) fn images(&self, rng: &mut ChaCha8Rng, weighed: &mut Vec<Weighed>) -> Result<Vec<Tried>> {
        let model = self.decider.model;
        // Without a discriminative classifier nothing is asked.
        if self.decider.direct.is_none() {
            return Ok(Vec::new());
        }
        let mut states = candidates::groups(model)?;
        if model.restores() {
            states.push(model.clone());
        }
        let (mut tried, mut groups) = (Vec::new(), 0);
        for damage in IMAGE_DAMAGE {
            let clean = self.examples(rng);
            // What cannot be done to such images, as some things to coloured ones, is not rehearsed.
            let Some(data) = damage.parse().ok().and_then(|damage| clean.manipulated(&damage, rng).ok())
            else {
                continue;
            };
            let labels = data.labels().expect("labelled clean examples").to_vec();
            let threshold = Some(self.guard.threshold);
            let as_they_are = self.decide(model, &data, M::Null)?;
            let before = Answers::of(&as_they_are, threshold);
            let accuracy = |decisions: &[Decision]| share(decisions, &labels, |d| &d.by_rule.direct);
            let mut options: Vec<(f64, f64, f64)> = Vec::new();
            let mut best: Option<(f64, Vec<f32>)> = None;
            for state in &states {
                let restored = match self.decide(state, &data, M::Mean) {
                    // What cannot be restored would not be.
                    Err(Error::Diverged(_)) => continue,
                    restored => restored?,
                };
                let answers = Answers::of(&restored, threshold);
                let evidence = answers.evidence(&before, self.guard.agreement);
                let agreement = answers.agreement();
                if self.see.is_some() && best.as_ref().is_none_or(|(highest, _)| agreement > *highest) {
                    best = Some((
                        agreement,
                        restored.iter().take(SEEN).flat_map(|d| d.restored.clone()).collect(),
                    ));
                }
                if evidence.is_finite() {
                    options.push((evidence, accuracy(&restored), answers.agreement()));
                }
                if answers.are_better(&before, self.guard.agreement, &self.decider.thresholds) {
                    weighed.extend(weigh(&restored, &labels, &mut groups));
                }
            }
            weighed.extend(weigh(&as_they_are, &labels, &mut groups));
            if let (Some(see), Some((_, restored))) = (self.see, best) {
                let few: Vec<usize> = (0..clean.len().min(SEEN)).collect();
                let [clean, damaged] = [&clean, &data].map(|data| data.select(&few));
                see(damage, [&clean, &damaged, &damaged.with_x(&restored)?]);
            }
            options.sort_by(|a, b| b.2.total_cmp(&a.2));
            tried.push(Tried {
                damage: damage.into(),
                options: options.into_iter().map(|(surer, accuracy, _)| (surer, accuracy)).collect(),
                surer: f64::INFINITY,
                before: accuracy(&as_they_are),
            });
        }
        Ok(tried)
    }
}

/// Decisions about examples with these labels, as the next group.
fn weigh(decisions: &[Decision], labels: &[usize], groups: &mut usize) -> Vec<Weighed> {
    *groups += 1;
    decisions
        .iter()
        .zip(labels)
        .map(|(decision, label)| Weighed::new(decision, *label, *groups - 1))
        .collect()
}
