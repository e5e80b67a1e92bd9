//! Searching again for examples that have changed a little: what attacks ask for at every step.

use burn::tensor::Tensor;

use super::climb::{Climb, Hill};
use super::scores::Optimised;
use crate::batch::host;
use crate::model::Observed;

/// Classes of an example that are searched on at every call: its best ones.
const TRACKED: usize = 3;

/// Steps at every call, and from anew, under all classes, at every `ANEW`th.
const STEPS: usize = 4;
const STEPS_ANEW: usize = 10;
const ANEW: usize = 15;

/// Where the searches of some examples stand.
pub(crate) struct Warm {
    /// The tracked classes of each example, the same number of each, one example after another.
    pub pairs: Vec<(usize, usize)>,
    /// The best z of each, one after another.
    pub z: Vec<f32>,
    /// log p(y|a) + the best score of every class of every example when it was last searched.
    pub scores: Vec<Vec<f64>>,
    /// All starts of each pair, `[pairs][starts][z]`.
    starts: Vec<f32>,
    calls: usize,
}

impl Optimised<'_> {
    /// Goes on from `warm`, which is of the same examples as they were a step ago, or begins.
    pub fn follow(&self, observed: &Observed, m: Option<&Tensor<2>>, warm: Option<Warm>) -> Warm {
        let given = self.model.given(observed, None, m);
        let hill = Hill { model: self.model, given: &given, share: self.share() };
        let log_py = host(self.model.log_py(observed, None));
        let (count, dim) = (self.config.starts, self.model.config().z);
        let warm = match warm {
            Some(warm) if warm.calls % ANEW != 0 => warm,
            former => {
                let mut all = self.begin(observed, m, &given);
                all.steps(&hill, STEPS_ANEW, STEPS_ANEW, 1.5 * self.config.rate);
                all.finish(&hill);
                self.tracked(&all, former, &log_py)
            }
        };
        let Warm { pairs, starts, mut scores, calls, .. } = warm;
        let mut climb = Climb::new(pairs, starts, count, dim);
        climb.steps(&hill, STEPS, STEPS, self.config.rate);
        climb.finish(&hill);
        let mut z = Vec::with_capacity(climb.pairs.len() * dim);
        for (&(i, class), (score, at)) in climb.pairs.iter().zip(climb.summits()) {
            scores[i][class] = f64::from(score) + self.log_py_of(&log_py, i, class);
            z.extend_from_slice(&climb.best_z[at]);
        }
        Warm { pairs: climb.pairs, z, scores, starts: climb.best_z, calls: calls + 1 }
    }

    fn log_py_of(&self, log_py: &[f32], i: usize, class: usize) -> f64 {
        let classes = self.model.config().classes;
        let first = if log_py.len() == classes { 0 } else { i * classes };
        f64::from(log_py[first + class])
    }

    /// The best classes of every example, each with its starts; the worst of them makes room for where a former search stood.
    fn tracked(&self, all: &Climb, former: Option<Warm>, log_py: &[f32]) -> Warm {
        let (classes, dim, count) = (self.model.config().classes, all.dim, all.starts);
        let summits: Vec<f32> = all.summits().map(|(score, _)| score).collect();
        let scores: Vec<Vec<f64>> = summits
            .chunks(classes)
            .enumerate()
            .map(|(i, scores)| {
                let with =
                    |(class, score): (usize, &f32)| f64::from(*score) + self.log_py_of(log_py, i, class);
                scores.iter().enumerate().map(with).collect()
            })
            .collect();
        let (mut pairs, mut starts) = (Vec::new(), Vec::new());
        for (i, scores) in scores.iter().enumerate() {
            let mut order: Vec<usize> = (0..classes).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            for &class in order.iter().take(TRACKED) {
                let pair = i * classes + class;
                let heights = &all.best[pair * count..(pair + 1) * count];
                let mut own = all.best_z[pair * count * dim..(pair + 1) * count * dim].to_vec();
                let before = former.as_ref().and_then(|former| {
                    let at = former.pairs.iter().position(|known| *known == (i, class))?;
                    Some(&former.z[at * dim..(at + 1) * dim])
                });
                if let Some(before) = before.filter(|_| count > 1) {
                    let worst = (0..count).min_by(|&a, &b| heights[a].total_cmp(&heights[b])).unwrap_or(0);
                    own[worst * dim..(worst + 1) * dim].copy_from_slice(before);
                }
                pairs.push((i, class));
                starts.extend(own);
            }
        }
        Warm { pairs, z: Vec::new(), scores, starts, calls: former.map_or(0, |former| former.calls) }
    }
}
