//! A shift and a scale of each numeric column.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::contract::{Mechanism, check_scale};
use super::parameter::Parameter;
use super::prior::{Prior, SpikeAndSlab};
use crate::Result;
use crate::data::DataShape;
use crate::likelihood::LikelihoodParams;
use crate::network::Init;

/// Prior standard deviations of the two parameters of each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerColumnConfig {
    /// Shift, in standard deviations of the column in the training data.
    pub shift: f64,
    /// Logarithm of the factor.
    pub log_scale: f64,
}

impl Default for PerColumnConfig {
    fn default() -> Self {
        Self { shift: 2.0, log_scale: 0.3 }
    }
}

impl PerColumnConfig {
    pub(super) fn check(&self) -> Result<()> {
        check_scale("per-column.shift", self.shift)?;
        check_scale("per-column.log_scale", self.log_scale)
    }
}

/// No column is stretched or shrunk by more than this, as a logarithm, so that numbers stay finite.
pub const MOST_LOG_SCALE: f64 = 10.0;

/// T_m(x) = s x + t for every numeric column of X with a factor s and a shift t of its own, undone exactly by
/// T_m⁻¹(x) = (x − t) / s. What X is off its mean is stretched with it. Other columns stay as they are.
///
/// The prior is sparse (see [`SpikeAndSlab`]): a column is taken to be as it was unless the data says otherwise.
#[derive(Module, Debug)]
pub struct PerColumn {
    #[module(skip)]
    config: PerColumnConfig,
    #[module(skip)]
    names: Vec<String>,
    #[module(skip)]
    width: usize,
    /// Puts each numeric column where it stands in a row of X.
    #[module(skip)]
    spread: Tensor<2>,
    prior: SpikeAndSlab,
    /// Variance of the noise that the data set at hand adds to each numeric column, `[numbers]`; none until it is found.
    noise: Param<Tensor<1>>,
}

/// What was done to the numeric columns of a data set, each `[1 or batch, numbers]`, in standard deviations of the
/// training data: x becomes eˢ·x + t + noise.
#[derive(Clone, Debug)]
pub(crate) struct ColumnEffect {
    /// t.
    pub shift: Tensor<2>,
    /// s.
    pub log_scale: Tensor<2>,
    /// Variance of the noise.
    pub noise: Tensor<2>,
}

impl Mechanism for PerColumn {
    type Config = PerColumnConfig;

    fn check_data(data: &DataShape) -> std::result::Result<(), &'static str> {
        match data.table() {
            Some(table) if !table.numeric().is_empty() => Ok(()),
            _ => Err("tables whose X has a numeric column"),
        }
    }

    fn new(config: &PerColumnConfig, data: &DataShape, _hidden: usize, init: &mut Init) -> Self {
        let table = data.table().expect("checked to be a table");
        let (names, places) = table
            .numeric()
            .into_iter()
            .map(|(name, place)| (name.to_string(), place))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let prior = SpikeAndSlab::new(2 * names.len(), init.device);
        let spread = spread(&places, table.width(), init.device);
        let noise = Param::from_tensor(Tensor::zeros([names.len()], init.device));
        Self { config: config.clone(), names, width: table.width(), spread, prior, noise }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let shift = |name: &String| Parameter::shift(name, self.config.shift);
        let factor = |name: &String| Parameter::factor(&format!("{name} factor"), self.config.log_scale);
        self.names.iter().map(shift).chain(self.names.iter().map(factor)).collect()
    }

    fn prior(&self) -> Prior {
        Prior::SpikeAndSlab(self.prior.clone())
    }

    fn recentred(self) -> Self {
        Self { prior: self.prior.recentred(), ..self }
    }

    fn transform(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        let [shift, log_scale] = self.parts(m);
        x * log_scale.exp().unsqueeze_dim(1) + shift.unsqueeze_dim(1)
    }

    fn restore(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        let [shift, log_scale] = self.parts(m);
        (x - shift.unsqueeze_dim(1)) * log_scale.neg().exp().unsqueeze_dim(1)
    }

    /// What X is off its mean is stretched with it. The noise of a data set is for a factor model, which knows its density.
    fn observe(&self, m: Tensor<2>, likelihood: LikelihoodParams) -> LikelihoodParams {
        let [_, log_scale] = self.parts(m.clone());
        let transformed = likelihood.map_means(|means| self.transform(m, means));
        transformed.map_log_sigma(|log_sigma| log_sigma + log_scale.unsqueeze_dim(1))
    }
}

impl PerColumn {
    /// The effect of `m`, `[1 or batch, dim]`.
    pub(crate) fn effect(&self, m: Tensor<2>) -> ColumnEffect {
        let numbers = self.names.len();
        let shift = m.clone().narrow(1, 0, numbers).mul_scalar(self.config.shift);
        let log_scale = m.narrow(1, numbers, numbers).mul_scalar(self.config.log_scale);
        let log_scale = log_scale.clamp(-MOST_LOG_SCALE, MOST_LOG_SCALE);
        ColumnEffect { shift, log_scale, noise: self.noise.val().detach().unsqueeze_dim(0) }
    }

    /// The same with a prior about what was found in a data set.
    pub(crate) fn with_effect(self, effect: ColumnEffect) -> Self {
        let ColumnEffect { shift, log_scale, noise } = effect;
        let m = [shift.div_scalar(self.config.shift), log_scale.div_scalar(self.config.log_scale)];
        let prior = self.prior.about(Tensor::cat(m.to_vec(), 1).squeeze_dim(0));
        Self { prior, noise: self.noise.map(|_| noise.squeeze_dim(0)), ..self }
    }
}

impl PerColumn {
    /// Shift and log-scale, each `[batch, width]`, zero for columns that are no numbers.
    fn parts(&self, m: Tensor<2>) -> [Tensor<2>; 2] {
        let ColumnEffect { shift, log_scale, .. } = self.effect(m);
        if self.names.len() == self.width {
            return [shift, log_scale];
        }
        let spread = self.spread.clone();
        [shift.matmul(spread.clone()), log_scale.matmul(spread)]
    }
}

/// Puts each numeric column where it stands in a row: `[numbers, width]`, zeros and ones.
pub(crate) fn spread(places: &[usize], width: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0f32; places.len() * width];
    for (i, place) in places.iter().enumerate() {
        values[i * width + place] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, [places.len(), width]), device)
}
