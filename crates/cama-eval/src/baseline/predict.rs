//! Predictions of a trained network.

use burn::tensor::Device;
use cama::Result;
use rayon::prelude::*;

use super::features::Features;
use super::network::{Network, Part, Reading, mixed_parts, rows_of};
use super::norm::Statistics;
use super::scale::Scale;
use super::tent;
use super::tent_config::TentConfig;

impl Network {
    /// p(y|·) of every class for every example.
    pub fn probabilities(&self, features: &Features) -> Result<Vec<Vec<f64>>> {
        /// Examples at a time; a fixed number, so that threads do not change what comes out.
        const CHUNK: usize = 500;
        let all: Vec<usize> = (0..features.len()).collect();
        let device = Device::flex();
        let read = |indices: &[usize], statistics| {
            let x = self.scaled(features.tensor(indices.iter().copied(), &device));
            rows_of(self.layers.forward(x, &[], statistics))
        };
        let parts: Vec<Part> = match &self.reading {
            Reading::Moments => {
                let scale = Some(Scale::of(features, &all).unbounded());
                return Self::new(self.layers.clone(), scale).probabilities(features);
            }
            Reading::Population => {
                return Ok(all
                    .par_chunks(CHUNK)
                    .flat_map(|part| read(part, Statistics::Population))
                    .collect());
            }
            Reading::Batch => {
                let parts = mixed_parts(all.len(), TentConfig::FEWEST, 0);
                let read = |part: Vec<usize>| {
                    let rows = read(&part, Statistics::Batch);
                    (part, rows)
                };
                parts.into_par_iter().map(read).collect()
            }
            Reading::Online(config) => tent::online(self, features, config)?,
        };
        let mut rows = vec![Vec::new(); all.len()];
        for (i, row) in parts.into_iter().flat_map(|(part, rows)| part.into_iter().zip(rows)) {
            rows[i] = row;
        }
        Ok(rows)
    }
}
