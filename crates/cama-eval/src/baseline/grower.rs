//! One decision tree at a time, on binned features, grown by `forust-ml`.

use cama::data::shuffled;
use cama::{Error, Result};
use forust_ml::Matrix;
use forust_ml::binning::bin_matrix;
use forust_ml::constraints::ConstraintMap;
use forust_ml::data::JaggedMatrix;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::sampler::SampleMethod;
use forust_ml::splitter::MissingImputerSplitter;
use forust_ml::tree::Tree;
use rand_chacha::ChaCha8Rng;

use super::features::Features;
use super::trees_config::TreesConfig;

/// Grows trees on binned features.
pub(super) struct Grower {
    bins: Vec<u16>,
    cuts: JaggedMatrix<f64>,
    examples: usize,
    width: usize,
    /// How many features each tree may split.
    drawn: usize,
    splitter: MissingImputerSplitter,
    leaves: usize,
    depth: usize,
}

impl Grower {
    /// A tree that may split few features sees few of their interactions.
    const FEWEST_DRAWN: usize = 16;

    /// The most values of all examples together, which are held in memory in double precision: 2 GB.
    const MOST_VALUES: usize = 1 << 28;

    pub fn new(features: &Features, indices: &[usize], config: &TreesConfig) -> Result<Self> {
        let (examples, width) = (indices.len(), features.width());
        if examples.saturating_mul(width) > Self::MOST_VALUES {
            return Err(Error::Mismatch(format!(
                "`trees` would hold {examples} examples of {width} values in memory, and does so with {} examples at most; give it \
                 a part of the data, as in `DATA[..{0}]`, or smaller images",
                Self::MOST_VALUES / width
            )));
        }
        let columns: Vec<f64> =
            (0..width).flat_map(|at| indices.iter().map(move |&i| f64::from(features.row(i)[at]))).collect();
        let columns = Matrix::new(&columns, examples, width);
        let binned = bin_matrix(&columns, &vec![1.0; examples], config.bins, f64::NAN, true)
            .map_err(|error| Error::Mismatch(format!("`trees` cannot bin the features: {error}")))?;
        Ok(Self {
            bins: binned.binned_data,
            cuts: binned.cuts,
            examples,
            width,
            drawn: ((width as f64 * config.features).ceil() as usize)
                .min(config.most_features)
                .max(Self::FEWEST_DRAWN)
                .min(width),
            splitter: MissingImputerSplitter {
                l1: 0.0,
                l2: config.l2 as f32,
                max_delta_step: 0.0,
                gamma: 0.0,
                min_leaf_weight: config.leaf_weight as f32,
                learning_rate: config.learning_rate as f32,
                allow_missing_splits: false,
                constraints_map: ConstraintMap::new(),
            },
            leaves: config.leaves,
            depth: config.depth,
        })
    }

    /// The features that a tree may split, in their order.
    pub fn draw_features(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut drawn = shuffled(self.width, rng);
        drawn.truncate(self.drawn);
        drawn.sort_unstable();
        drawn
    }

    /// The tree on some features that lowers most a loss with these first and second derivatives for each example.
    pub fn grow(&self, first: &[f32], second: &[f32], features: &[usize]) -> Tree {
        let mut tree = Tree::new();
        tree.fit(
            &Matrix::new(&self.bins, self.examples, self.width),
            (0..self.examples).collect(),
            features,
            &self.cuts,
            first,
            second,
            &self.splitter,
            self.leaves,
            self.depth,
            // The trees of a round are grown side by side.
            false,
            &SampleMethod::None,
            &GrowPolicy::LossGuide,
        );
        tree
    }
}
