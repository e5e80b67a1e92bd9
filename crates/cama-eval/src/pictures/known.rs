//! What a model infers of images, for the figures to draw.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use cama::data::Images;
use cama::{Config, DeepCama, M, Observed, PredictConfig, Result, predict};

/// Classes, m and z of images.
pub(super) struct Known {
    pub(super) model: DeepCama,
    /// The class of each image.
    pub(super) classes: Vec<usize>,
    labels: Tensor<1, Int>,
    /// `[batch, 1, z]`
    z: Tensor<3>,
    /// `[batch, dim]`
    pub(super) m: Option<Tensor<2>>,
}

impl Known {
    /// The predicted class of each image, the m that it was predicted with, and the mean of q1(z|x,y,m).
    pub(super) fn infer(model: &DeepCama, images: &Images, config: &PredictConfig) -> Result<Self> {
        let predictions = predict(model, images, &config.check()?)?;
        let classes = predictions.iter().map(|p| p.class).collect();
        let m: Vec<f32> = predictions.iter().flat_map(|p| p.m.iter().copied()).collect();
        let x = Observed::of_x(pixels(images, &model.device()));
        let inferred = matches!(config.m, M::Mean | M::Sample);
        Ok(Self::new(model, model.cleared(&x, inferred).x, classes, m))
    }

    /// The mean of q1(z|x,y,m) of each image of `x`, `[batch, pixels]`, for known classes and `m`, row by row; an empty `m`
    /// is do(m = 0).
    pub(super) fn new(model: &DeepCama, x: Tensor<2>, classes: Vec<usize>, m: Vec<f32>) -> Self {
        let model = model.valid();
        let (n, device) = (classes.len(), model.device());
        let labels: Vec<i64> = classes.iter().map(|class| *class as i64).collect();
        let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [n]), &device);
        let m = (!m.is_empty()).then(|| {
            let dim = m.len() / n;
            Tensor::<2>::from_data(TensorData::new(m, [n, dim]), &device)
        });
        let z = model.style(&Observed::of_x(x), Some(labels.clone()), m.as_ref()).mean;
        Self { model, classes, labels, z, m }
    }

    /// Means of p(x|y,z,m) for each image.
    pub(super) fn decode(&self, m: Option<&Tensor<2>>) -> Vec<Vec<f32>> {
        let z = self.z.clone().unsqueeze_dim::<4>(2);
        let params = self.model.observe(Some(self.labels.clone()), None, z, m);
        rows(params.means(&self.model.config().data))
    }

    /// One image's classes and z, `count` times.
    pub(super) fn repeated(&self, count: usize) -> Self {
        Self {
            model: self.model.clone(),
            classes: Vec::new(),
            labels: self.labels.clone().repeat_dim(0, count),
            z: self.z.clone().repeat_dim(0, count),
            m: None,
        }
    }

    /// Names of the classes; nothing if there are none or they are too long for a column.
    pub(super) fn names(&self, names: &[String]) -> Vec<String> {
        let short = names.iter().all(|name| name.chars().count() <= 5);
        self.classes.iter().filter_map(|class| names.get(*class).cloned()).filter(|_| short).collect()
    }
}

/// All images, `[batch, pixels]`.
pub(super) fn pixels(images: &Images, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(images.pixels().to_vec(), [images.len(), images.volume()]), device)
}

/// Every image of `[batch, group, pixels]`.
pub(super) fn rows(images: Tensor<3>) -> Vec<Vec<f32>> {
    let [.., volume] = images.dims();
    let values: Vec<f32> = images.into_data().convert::<f32>().try_into_vec().expect("converted to f32");
    values.chunks(volume).map(<[f32]>::to_vec).collect()
}
