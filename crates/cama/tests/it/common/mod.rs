//! What several tests share: rows of numbers as data, sizes of small networks, training in one call.

use cama::data::{ChildColumn, ChildKind, DataShape, Dataset, TableShape};
use cama::manipulation::Manipulation;
use cama::{
    Augmentation, Checkpoints, Config, ConvolutionalConfig, DeepCama, Error, FullyConnectedConfig,
    ModelConfig, Observer, Result, Split, TrainConfig, Trained, TrunkConfig, silent, train,
};
use rand_chacha::ChaCha8Rng;

/// Convolutional networks of so many channels and halvings.
pub fn convolutional(channels: usize, layers: usize) -> TrunkConfig {
    TrunkConfig::Convolutional(ConvolutionalConfig { channels, layers, ..ConvolutionalConfig::default() })
}

/// A split, and training on it.
pub fn train_on<D: Dataset>(
    model: DeepCama,
    clean: &D,
    augmentation: Option<&Augmentation<D>>,
    config: &TrainConfig,
    seed: u64,
) -> Result<Trained> {
    train_with(model, clean, augmentation, config, seed, None, &mut silent)
}

/// The same with checkpoints and an observer.
pub fn train_with<D: Dataset>(
    model: DeepCama,
    clean: &D,
    augmentation: Option<&Augmentation<D>>,
    config: &TrainConfig,
    seed: u64,
    checkpoints: Option<&Checkpoints>,
    observer: &mut Observer,
) -> Result<Trained> {
    let split = Split::new(clean, config, seed)?;
    train(model, &split, augmentation, &config.check()?, seed, checkpoints, observer)
}

/// Rows of numeric children, parents and co-parents, straight from a formula.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    pub x: Vec<Vec<f32>>,
    pub a: Vec<Vec<f32>>,
    pub c: Vec<Vec<f32>>,
    pub labels: Option<Vec<usize>>,
    pub classes: Vec<String>,
}

impl Numbers {
    /// A model of such rows, with networks of one layer that read them.
    pub fn model_config(&self) -> ModelConfig {
        let mut config = ModelConfig::fast(self.data_shape(), self.classes.len());
        config.network.trunk = TrunkConfig::FullyConnected(FullyConnectedConfig {
            layers: 1,
            ..FullyConnectedConfig::default()
        });
        config
    }
}

impl Dataset for Numbers {
    type Manipulation = Manipulation;

    fn name(&self) -> &str {
        "numbers"
    }

    fn len(&self) -> usize {
        self.x.len()
    }

    fn labels(&self) -> Option<&[usize]> {
        self.labels.as_deref()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn x(&self, i: usize) -> &[f32] {
        &self.x[i]
    }

    fn a(&self, i: usize) -> &[f32] {
        &self.a[i]
    }

    fn c(&self, i: usize) -> &[f32] {
        &self.c[i]
    }

    fn data_shape(&self) -> DataShape {
        let column = |i| ChildColumn { name: format!("X{i}"), kind: ChildKind::Number };
        let children = (0..self.x[0].len()).map(column).collect();
        TableShape { children, parents: self.a[0].len(), co_parents: self.c[0].len() }.into()
    }

    fn check_shape(&self, shape: &DataShape) -> Result<()> {
        match shape.table() {
            Some(table) if table.width() == self.x[0].len() => Ok(()),
            _ => Err(Error::Mismatch("other columns".into())),
        }
    }

    fn select(&self, indices: &[usize]) -> Self {
        let pick = |rows: &Vec<Vec<f32>>| indices.iter().map(|&i| rows[i].clone()).collect();
        Self {
            x: pick(&self.x),
            a: pick(&self.a),
            c: pick(&self.c),
            labels: self.labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect()),
            classes: self.classes.clone(),
        }
    }

    fn with_x(&self, x: &[f32]) -> Result<Self> {
        Ok(Self { x: x.chunks(self.x[0].len()).map(<[f32]>::to_vec).collect(), ..self.clone() })
    }

    fn without_labels(self) -> Self {
        Self { labels: None, ..self }
    }

    fn manipulated(&self, manipulation: &Manipulation, _rng: &mut ChaCha8Rng) -> Result<Self> {
        Err(Error::Mismatch(format!("{manipulation} is for images")))
    }
}
