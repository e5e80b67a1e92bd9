//! Gradient-boosted decision trees.
//!
//! The trees are grown by `forust-ml`: pure Rust, with few dependencies, and the same trees whatever the
//! threads. It boosts one score only, so the rounds of multinomial boosting, one tree for each class, are here
//! (Friedman, Ann. Stat. 29, 2001, algorithm 6, with Newton's leaf values and an L2 penalty on them, as in
//! Chen & Guestrin, KDD 2016).

use std::sync::Arc;

use cama::{Error, Observer, Result};
use forust_ml::tree::Tree;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::features::{Features, Labelled, softmax};
use super::grower::Grower;
use super::report::report;
use super::trees_config::TreesConfig;

/// Trained gradient-boosted trees.
#[derive(Clone)]
pub struct Trees {
    /// The score of each class without any tree: the logarithm of its share, with one more example of each.
    base: Vec<f64>,
    /// For each round one tree a class; shared, because they cannot be copied.
    rounds: Arc<Vec<Vec<Tree>>>,
}

impl std::fmt::Debug for Trees {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "Trees {{ rounds: {}, classes: {} }}", self.rounds.len(), self.base.len())
    }
}

impl Trees {
    pub(super) fn fit(
        data: &Labelled,
        config: &TreesConfig,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let (train, validation) = data.split(rng);
        let mut boosting = Boosting::new(data, &train, config)?;
        let mut validated = Scores::new(data, &validation, &boosting.base);
        let (mut best, mut lowest) = (0, validated.loss());
        let mut found = 0;
        while found < config.rounds && found - best < config.patience {
            validated.add(boosting.round(rng));
            found += 1;
            let loss = validated.loss();
            if !loss.is_finite() {
                return Err(Error::Diverged(format!(
                    "the validation loss of `trees` is {loss} in round {found}; try a lower learning rate"
                )));
            }
            if loss < lowest {
                (best, lowest) = (found, loss);
            }
            report(observer, "trees", found, 2 * config.rounds, loss)?;
        }
        let all: Vec<usize> = (0..data.labels.len()).collect();
        let mut boosting = Boosting::new(data, &all, config)?;
        for round in 0..best {
            boosting.round(rng);
            report(observer, "trees", found + round + 1, found + best, boosting.learning.loss())?;
        }
        Ok(Self { base: boosting.base, rounds: Arc::new(boosting.rounds) })
    }

    pub(super) fn probabilities(&self, features: &Features) -> Vec<Vec<f64>> {
        let scores = |i: usize| {
            let row = wide(features.row(i));
            let mut scores = self.base.clone();
            for trees in self.rounds.iter() {
                scores.iter_mut().zip(trees).for_each(|(score, tree)| *score += leaf(tree, &row));
            }
            softmax(&scores)
        };
        (0..features.len()).into_par_iter().map(scores).collect()
    }

    /// All of it as JSON.
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Written { base: &self.base, rounds: &*self.rounds })
    }

    /// What [`to_json`](Self::to_json) wrote of trees on `width` features, or what is wrong with it.
    pub(super) fn from_json(json: &[u8], width: usize, classes: usize) -> std::result::Result<Self, String> {
        let Written { base, rounds }: Written<Vec<f64>, Vec<Vec<Tree>>> =
            serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if base.len() != classes || base.iter().any(|score| !score.is_finite()) {
            return Err(format!("it has no finite score for each of {classes} classes"));
        }
        for (i, trees) in rounds.iter().enumerate() {
            if trees.len() != classes || !trees.iter().all(|tree| is_sound(tree, width)) {
                return Err(format!(
                    "round {i} is not one tree on {width} features for each of {classes} classes"
                ));
            }
        }
        Ok(Self { base, rounds: Arc::new(rounds) })
    }

    /// How many rounds were kept.
    pub fn rounds(&self) -> usize {
        self.rounds.len()
    }
}

/// Trees as they are written; of references, and read again of what they refer to.
#[derive(Serialize, Deserialize)]
struct Written<B, R> {
    base: B,
    rounds: R,
}

/// Whether every way down the tree ends: each node leads to later ones only.
fn is_sound(tree: &Tree, width: usize) -> bool {
    let leads_down = |at: usize| {
        let node = &tree.nodes[at];
        let children = [node.left_child, node.right_child, node.missing_node];
        let inner = node.split_feature < width
            && children.iter().all(|&child| at < child && child < tree.nodes.len());
        if node.is_leaf { node.weight_value.is_finite() } else { inner }
    };
    !tree.nodes.is_empty() && (0..tree.nodes.len()).all(leads_down)
}

fn wide(row: &[f32]) -> Vec<f64> {
    row.iter().copied().map(f64::from).collect()
}

/// What `tree` adds to the score of an example.
fn leaf(tree: &Tree, row: &[f64]) -> f64 {
    tree.predict_row_from_row_slice(row, &f64::NAN)
}

fn base(data: &Labelled, indices: &[usize]) -> Vec<f64> {
    let mut counts = vec![1.0; data.classes];
    indices.iter().for_each(|&i| counts[data.labels[i]] += 1.0);
    let sum: f64 = counts.iter().sum();
    counts.into_iter().map(|count: f64| (count / sum).ln()).collect()
}

/// The scores of some examples during boosting.
struct Scores<'a> {
    data: &'a Labelled,
    indices: &'a [usize],
    /// `[example][class]`.
    scores: Vec<Vec<f64>>,
    /// Their softmax.
    probabilities: Vec<Vec<f64>>,
}

impl<'a> Scores<'a> {
    fn new(data: &'a Labelled, indices: &'a [usize], base: &[f64]) -> Self {
        let scores = vec![base.to_vec(); indices.len()];
        let probabilities = scores.iter().map(|scores| softmax(scores)).collect();
        Self { data, indices, scores, probabilities }
    }

    fn add(&mut self, trees: &[Tree]) {
        let all = self.scores.par_iter_mut().zip(&mut self.probabilities).zip(self.indices);
        all.for_each(|((scores, probabilities), &i)| {
            let row = wide(self.data.features.row(i));
            scores.iter_mut().zip(trees).for_each(|(score, tree)| *score += leaf(tree, &row));
            *probabilities = softmax(scores);
        });
    }

    fn label(&self, at: usize) -> usize {
        self.data.labels[self.indices[at]]
    }

    /// First and second derivatives of −log p of each true class by the score of `class`.
    ///
    /// The scores of all classes move at once: Friedman's (K − 1)/K, as a factor of the second derivative, which
    /// makes two classes the same as one logistic score.
    fn derivatives(&self, class: usize) -> (Vec<f32>, Vec<f32>) {
        let classes = self.data.classes as f64;
        let curvature = classes / (classes - 1.0);
        let of = |(at, p): (usize, &Vec<f64>)| {
            let (p, is) = (p[class], f64::from(u8::from(self.label(at) == class)));
            ((p - is) as f32, (curvature * p * (1.0 - p)).max(1e-16) as f32)
        };
        self.probabilities.iter().enumerate().map(of).unzip()
    }

    /// Mean −log p of the true classes.
    fn loss(&self) -> f64 {
        let log_p = |(at, p): (usize, &Vec<f64>)| p[self.label(at)].max(f64::MIN_POSITIVE).ln();
        -self.probabilities.iter().enumerate().map(log_p).sum::<f64>() / self.indices.len() as f64
    }
}

/// Boosting on some examples, round by round.
struct Boosting<'a> {
    base: Vec<f64>,
    grower: Grower,
    learning: Scores<'a>,
    rounds: Vec<Vec<Tree>>,
}

impl<'a> Boosting<'a> {
    fn new(data: &'a Labelled, indices: &'a [usize], config: &TreesConfig) -> Result<Self> {
        let grower = Grower::new(&data.features, indices, config)?;
        let base = base(data, indices);
        let learning = Scores::new(data, indices, &base);
        Ok(Self { base, grower, learning, rounds: Vec::new() })
    }

    /// Grows one more tree for each class and returns them.
    fn round(&mut self, rng: &mut ChaCha8Rng) -> &[Tree] {
        let classes = self.base.len();
        let features: Vec<Vec<usize>> = (0..classes).map(|_| self.grower.draw_features(rng)).collect();
        let grow = |class: usize| {
            let (first, second) = self.learning.derivatives(class);
            self.grower.grow(&first, &second, &features[class])
        };
        let trees: Vec<Tree> = (0..classes).into_par_iter().map(grow).collect();
        self.learning.add(&trees);
        self.rounds.push(trees);
        &self.rounds[self.rounds.len() - 1]
    }
}
