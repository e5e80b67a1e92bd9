//! Sizes and choices of a model; only a checked configuration can be built.

use cama_data::{ChildKind, DataShape, Dataset, TableShape};
use serde::{Deserialize, Serialize};

use super::m::{M, MChoice};
use crate::likelihood::Likelihood;
use crate::mechanism::{LatentConfig, MechanismConfig, PriorOfData, ZWeights};
use crate::network::{Initialisation, pyramid};
use crate::{Config, Error, Result, check_sizes};

/// A gigabyte of single-precision weights.
const MOST_WEIGHTS: usize = 1 << 28;

/// Halvings of small images in the presets.
const LEAST_LAYERS: usize = 3;

/// The longest side that the last map has in the presets, where images are larger than that: the linear layers that read it
/// grow with its area.
const LARGEST_LAST_MAP: usize = 7;

/// Names of the presets.
pub const PRESETS: &[&str] = &["fast", "paper"];

/// The architecture of a [`DeepCama`](super::DeepCama).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What an example consists of: X, and in tables A and C.
    pub data: DataShape,
    /// Number of classes of Y.
    pub classes: usize,
    /// p(y) without parents; with parents, where p(y|a) starts from.
    pub class_prior: ClassPrior,
    /// p(x|·).
    pub likelihood: Likelihood,
    /// Length of Z.
    pub z: usize,
    /// What p(x|·) is made by.
    #[serde(default, skip_serializing_if = "GeneratorConfig::is_network")]
    pub generator: GeneratorConfig,
    /// The networks.
    pub network: NetworkConfig,
    /// Which m prediction uses once q2(m|x) has met manipulated data: its mean, or one sample (Eq. 6).
    #[serde(default = "mean")]
    pub inferred_m: MChoice,
    /// The parts of m, in the order in which they act on the clean X.
    pub mechanisms: Vec<MechanismConfig>,
    /// p(m) of the data that the model was adapted to, in place of N(0, I); nothing before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior_of_data: Option<PriorOfData>,
    /// How probably a pixel that the field mechanism has inferred was not of that grey but black or white, with it as the probability
    /// of white: learnt of clean examples, see [`with_doubt`](crate::with_doubt).
    #[serde(default, skip_serializing_if = "is_none")]
    pub doubt: f64,
}

fn is_none(doubt: &f64) -> bool {
    *doubt == 0.0
}

fn mean() -> MChoice {
    M::Mean
}

/// What p(x|·) is made by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorConfig {
    /// Networks, with z of the model's length.
    #[default]
    Network,
    /// A [`Factor`](super::Factor) model with these numbers of factors, for tables.
    Factor(Vec<usize>),
}

impl GeneratorConfig {
    /// Whether it is networks.
    pub fn is_network(&self) -> bool {
        *self == Self::Network
    }
}

/// p(y).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassPrior {
    /// All classes are equally probable.
    Uniform,
    /// One positive probability for each class, with sum 1.
    Frequencies(Vec<f64>),
}

impl ClassPrior {
    /// What the labels of `data` suggest.
    pub fn of(data: &impl Dataset) -> Self {
        data.class_frequencies().map_or(Self::Uniform, Self::Frequencies)
    }
}

/// Sizes of the networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Width of every fully connected layer.
    pub hidden: usize,
    /// Layers of NN_Y, of NN_Z and of NN_C.
    pub cause_layers: usize,
    /// Slope of the activation for negative inputs; 0 is ReLU, 1 makes every network linear.
    pub negative_slope: f64,
    /// How initial weights are drawn.
    pub initialisation: Initialisation,
    /// The networks that read X, and for images the decoder that makes it.
    pub trunk: TrunkConfig,
}

/// The networks that read X.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TrunkConfig {
    /// For images.
    Convolutional(ConvolutionalConfig),
    /// For rows of a table.
    FullyConnected(FullyConnectedConfig),
}

/// Convolutional networks for images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionalConfig {
    /// Channels of every convolution.
    pub channels: usize,
    /// Number of halvings in the encoders and of doublings in the decoder.
    pub layers: usize,
    /// Side of the convolution kernels of q1(z|x,y,m).
    pub kernel_z: usize,
    /// Side of the convolution kernels of q2(m|x).
    pub kernel_m: usize,
    /// Halve by max pooling instead of stride 2.
    pub pooling: bool,
    /// How many of the largest maps have fewer channels, each half as many as the next one: where images are large, most of the
    /// time would go into those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub widening: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Fully connected networks for rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullyConnectedConfig {
    /// Layers of every network that reads X, A or C.
    pub layers: usize,
    /// Whether q2 sees A and C besides X: q2(m|x,a,c) in place of the paper's q2(m|x). What C explains is then not
    /// taken for a manipulation.
    pub m_sees_causes: bool,
    /// Whether what is linear in C reaches X past NN_C and NN_merge, too, with slopes of its own for each class; not in the
    /// paper.
    #[serde(default = "yes")]
    pub linear_skip: bool,
}

fn yes() -> bool {
    true
}

impl Default for ConvolutionalConfig {
    /// Small stride-2 convolutions, quick on a CPU.
    fn default() -> Self {
        Self { channels: 32, layers: LEAST_LAYERS, kernel_z: 5, kernel_m: 5, pooling: false, widening: 0 }
    }
}

impl Default for FullyConnectedConfig {
    fn default() -> Self {
        Self { layers: 2, m_sees_causes: true, linear_skip: true }
    }
}

impl ConvolutionalConfig {
    /// The default for images of these sides: as many halvings as leave a last map of 7×7 at most, but three at least; each
    /// one more than three halves the channels of the largest maps once more.
    pub fn for_sides([height, width]: [usize; 2]) -> Self {
        let longest = height.max(width);
        let layers = (LEAST_LAYERS..10).find(|&layers| pyramid(longest, layers)[layers] <= LARGEST_LAST_MAP);
        let layers = layers.unwrap_or(10);
        Self { layers, widening: layers - LEAST_LAYERS, ..Self::default() }
    }

    /// Channels of the map after so many halvings, from 1 on.
    pub fn channels_after(&self, halvings: usize) -> usize {
        (self.channels >> (self.widening + 1).saturating_sub(halvings)).max(1)
    }
}

/// Pixels of an image up to which `fast` has a field: its time to learn is that of its dreams' pixels, however few examples there
/// are.
const MOST_OF_FIELD: usize = 64 * 64;

impl TrunkConfig {
    /// The convolutional networks, if these they are.
    pub fn convolutional(&self) -> Option<&ConvolutionalConfig> {
        match self {
            Self::Convolutional(conv) => Some(conv),
            Self::FullyConnected(_) => None,
        }
    }

    /// The fully connected networks, if these they are.
    pub fn fully_connected(&self) -> Option<&FullyConnectedConfig> {
        match self {
            Self::FullyConnected(dense) => Some(dense),
            Self::Convolutional(_) => None,
        }
    }
}

impl ModelConfig {
    /// Small and quick to train on a CPU: leaky ReLU, He initialisation, and the explicit mechanisms for such
    /// data (`affine`, `photometric` and `field` for images, `per-column` for tables). Images of more pixels than 64×64
    /// have no `field`, which would take longest to learn, and a table without a number in X, on which none of these can act,
    /// has `latent`.
    ///
    /// `data` is the shape of the examples: `[channels, height, width]`, or a [`TableShape`].
    pub fn fast(data: impl Into<DataShape>, classes: usize) -> Self {
        let data = data.into();
        let (z, hidden, mechanisms) = match &data {
            DataShape::Image([_, height, width]) if height * width > MOST_OF_FIELD => {
                (64, 256, "affine,photometric")
            }
            DataShape::Image(_) => (64, 256, "affine,photometric,field"),
            DataShape::Table(table) if table.numeric().is_empty() => (8, 100, "latent"),
            DataShape::Table(_) => (8, 100, "per-column"),
        };
        let (likelihood, trunk) = match &data {
            DataShape::Image([_, height, width]) => {
                let conv = ConvolutionalConfig::for_sides([*height, *width]);
                (Likelihood::Bernoulli, TrunkConfig::Convolutional(conv))
            }
            DataShape::Table(_) => (Likelihood::Columns, TrunkConfig::FullyConnected(Default::default())),
        };
        Self {
            data,
            classes,
            class_prior: ClassPrior::Uniform,
            likelihood,
            z,
            generator: GeneratorConfig::Network,
            network: NetworkConfig {
                hidden,
                cause_layers: 2,
                negative_slope: 0.2,
                initialisation: Initialisation::He,
                trunk,
            },
            inferred_m: M::Mean,
            mechanisms: MechanismConfig::parse_list(mechanisms).expect("known names"),
            prior_of_data: None,
            doubt: 0.0,
        }
    }

    /// The paper's networks with its latent mechanism, [`LatentConfig::paper`], ReLU, and a sample of q2(m|x) in prediction.
    ///
    /// Of images `[channels, height, width]`, the architecture of its MNIST experiments, with more layers for larger images, as
    /// it has for CIFAR-10. Of tables the paper says which
    /// variables each network reads (Eqs. 9, 10), and neither depths nor widths: those are two layers of 100 for each of NN_Y,
    /// NN_Z, NN_C and the networks that read X, A and C, and four for NN_M.
    pub fn paper(data: impl Into<DataShape>, classes: usize) -> Self {
        let fast = Self::fast(data, classes);
        let (hidden, trunk) = match &fast.data {
            DataShape::Image([_, height, width]) => {
                let ConvolutionalConfig { layers, .. } = ConvolutionalConfig::for_sides([*height, *width]);
                let conv = ConvolutionalConfig {
                    channels: 64,
                    layers,
                    kernel_m: 3,
                    pooling: true,
                    ..Default::default()
                };
                (500, TrunkConfig::Convolutional(conv))
            }
            DataShape::Table(_) => {
                let dense =
                    FullyConnectedConfig { m_sees_causes: false, linear_skip: false, ..Default::default() };
                (100, TrunkConfig::FullyConnected(dense))
            }
        };
        Self {
            network: NetworkConfig {
                hidden,
                negative_slope: 0.0,
                initialisation: Initialisation::Uniform,
                trunk,
                ..fast.network
            },
            inferred_m: M::Sample,
            mechanisms: vec![MechanismConfig::Latent(LatentConfig::paper())],
            ..fast
        }
    }

    /// The preset called `name`, for data of this shape.
    ///
    /// # Errors
    ///
    /// If there is no such preset.
    pub fn preset(name: &str, data: DataShape, classes: usize) -> Result<Self> {
        match name {
            "fast" => Ok(Self::fast(data, classes)),
            "paper" => Ok(Self::paper(data, classes)),
            _ => Err(Error::unknown_name("preset", name, PRESETS)),
        }
    }

    /// The values of m among the inputs of q1 that are drawn as its other inputs are.
    pub(super) fn random_inputs_of_q1(&self) -> usize {
        let latent = self.mechanisms.iter().find_map(MechanismConfig::latent);
        latent.filter(|latent| latent.z_weights == ZWeights::Random).map_or(0, |latent| latent.dim)
    }

    /// The same with the class frequencies of `data`, where it has any.
    pub fn with_class_prior(self, data: &impl Dataset) -> Self {
        Self { class_prior: ClassPrior::of(data), ..self }
    }

    /// Errors unless a model of this configuration can learn from `data`: it fits, and has labels of as many classes.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`].
    pub fn check_labelled(&self, data: &impl Dataset) -> Result<()> {
        data.check_shape(&self.data)?;
        if data.labels().is_none() {
            return Err(Error::Mismatch(format!("{} has no labels", data.name())));
        }
        if data.classes().len() != self.classes {
            return Err(Error::Mismatch(format!(
                "the model has {} classes, {} has {}",
                self.classes,
                data.name(),
                data.classes().len()
            )));
        }
        Ok(())
    }

    /// Roughly how many weights the sizes make, in any case enough to refuse what memory cannot hold.
    fn weights(&self) -> usize {
        let (hidden, layers) = (self.network.hidden, self.network.cause_layers);
        let causes = hidden * (self.z + self.classes + 2 * layers * hidden);
        let data = match (&self.data, &self.network.trunk) {
            (DataShape::Image(shape), TrunkConfig::Convolutional(conv)) => conv.weights(*shape, hidden),
            (DataShape::Table(table), TrunkConfig::FullyConnected(dense)) => {
                dense.weights(table, hidden, self.classes)
            }
            _ => 0,
        };
        causes.saturating_add(data)
    }
}

impl Config for ModelConfig {
    fn validate(&self) -> Result<()> {
        check_sizes(&[
            ("model.classes", self.classes, 2..=10_000),
            ("model.z", self.z, 1..=4096),
            ("model.network.hidden", self.network.hidden, 1..=65_536),
            ("model.network.cause_layers", self.network.cause_layers, 1..=16),
        ])?;
        let slope = self.network.negative_slope;
        if !(0.0..=1.0).contains(&slope) {
            return Err(Error::config("model.network.negative_slope", slope, "from 0 (ReLU) to 1 (linear)"));
        }
        if let M::Null | M::Global = self.inferred_m {
            let name = if self.inferred_m == M::Null { "null" } else { "global" };
            return Err(Error::config("model.inferred_m", name, "mean or sample"));
        }
        if !(0.0..=1.0).contains(&self.doubt) {
            return Err(Error::config("model.doubt", self.doubt, "a probability, from 0 to 1"));
        }
        self.check_data()?;
        self.check_generator()?;
        check_class_prior(&self.class_prior, self.classes)?;
        check_mechanisms(&self.mechanisms, &self.data)?;
        let weights = self.weights();
        if weights > MOST_WEIGHTS {
            return Err(Error::config(
                "model",
                format!("about {weights} weights"),
                format!("sizes (hidden, channels, kernels, image, columns) that make at most {MOST_WEIGHTS}"),
            ));
        }
        Ok(())
    }
}

impl ModelConfig {
    /// A factor model explains numbers of a table, and m is what was done to its columns.
    pub(super) fn check_generator(&self) -> Result<()> {
        let GeneratorConfig::Factor(factors) = &self.generator else { return Ok(()) };
        let refused = |value: &str, allowed: &str| Err(Error::config("model.generator", value, allowed));
        if self.data.table().is_none_or(|table| table.numeric().is_empty()) {
            return refused("factor", "network: a factor model is for tables whose X has a numeric column");
        }
        if factors.is_empty() || factors.iter().any(|l| !(1..=64).contains(l)) {
            return refused(&format!("{factors:?}"), "one number of factors or more, each from 1 to 64");
        }
        match self.mechanisms.iter().find(|m| !matches!(m, MechanismConfig::PerColumn(_))) {
            Some(other) => {
                refused("factor", &format!("network: a factor model has no {} mechanism", other.name()))
            }
            None => Ok(()),
        }
    }

    /// Networks and likelihood are those for such data, and its sizes are ones that can be built for.
    fn check_data(&self) -> Result<()> {
        match (&self.data, &self.network.trunk, self.likelihood) {
            (
                DataShape::Image(shape),
                TrunkConfig::Convolutional(conv),
                Likelihood::Bernoulli | Likelihood::Gaussian,
            ) => {
                check_image(shape)?;
                conv.check()
            }
            (DataShape::Table(table), TrunkConfig::FullyConnected(dense), Likelihood::Columns) => {
                check_table(table)?;
                check_sizes(&[("model.network.trunk.layers", dense.layers, 1..=16)])
            }
            (DataShape::Image(_), TrunkConfig::FullyConnected(_), _) => {
                Err(Error::config("model.network.trunk.kind", "fully-connected", "convolutional for images"))
            }
            (DataShape::Table(_), TrunkConfig::Convolutional(_), _) => {
                Err(Error::config("model.network.trunk.kind", "convolutional", "fully-connected for tables"))
            }
            (DataShape::Image(_), ..) => {
                Err(Error::config("model.likelihood", "columns", "bernoulli or gaussian for images"))
            }
            (DataShape::Table(_), _, likelihood) => {
                Err(Error::config("model.likelihood", format!("{likelihood:?}"), "columns for tables"))
            }
        }
    }
}

impl ConvolutionalConfig {
    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("model.network.trunk.channels", self.channels, 1..=4096),
            ("model.network.trunk.layers", self.layers, 1..=10),
            ("model.network.trunk.kernel_z", self.kernel_z, 1..=31),
            ("model.network.trunk.kernel_m", self.kernel_m, 1..=31),
            ("model.network.trunk.widening", self.widening, 0..=self.layers - 1),
        ])?;
        let kernels = [
            ("model.network.trunk.kernel_z", self.kernel_z),
            ("model.network.trunk.kernel_m", self.kernel_m),
        ];
        for (field, kernel) in kernels {
            if kernel % 2 == 0 {
                return Err(Error::config(field, kernel, "odd, so that the kernel has a centre"));
            }
        }
        Ok(())
    }

    fn weights(&self, shape: [usize; 3], hidden: usize) -> usize {
        let [h, w] = [shape[1], shape[2]].map(|side| pyramid(side, self.layers)[self.layers]);
        let map = self.channels * h * w;
        let kernels = self.kernel_z.pow(2) + self.kernel_m.pow(2) + 9;
        self.layers * self.channels.max(shape[0]).pow(2) * kernels + 5 * hidden * map
    }
}

impl FullyConnectedConfig {
    fn weights(&self, table: &TableShape, hidden: usize, classes: usize) -> usize {
        let columns = table.width() + table.parents + table.co_parents;
        let skip = match self.linear_skip {
            true => table.co_parents.saturating_mul(classes).saturating_mul(table.width()),
            false => 0,
        };
        skip.saturating_add(hidden * (4 * columns + classes + 4 * self.layers * hidden))
    }
}

fn check_image(shape: &[usize; 3]) -> Result<()> {
    check_sizes(&[
        ("model.data.image[0]", shape[0], 1..=64),
        ("model.data.image[1]", shape[1], 1..=4096),
        ("model.data.image[2]", shape[2], 1..=4096),
    ])
}

fn check_table(table: &TableShape) -> Result<()> {
    check_sizes(&[
        ("model.data.table.children", table.children.len(), 1..=65_536),
        ("model.data.table (values of X in a row)", table.width(), 1..=65_536),
        ("model.data.table.parents", table.parents, 0..=65_536),
        ("model.data.table.co_parents", table.co_parents, 0..=65_536),
    ])?;
    let lonely = table.children.iter().find(|column| matches!(column.kind, ChildKind::Category(0 | 1)));
    match lonely {
        Some(column) => Err(Error::config(
            format!("model.data.table.children[{}]", column.name),
            column.kind.width(),
            "two categories or more",
        )),
        None => Ok(()),
    }
}

fn check_class_prior(prior: &ClassPrior, classes: usize) -> Result<()> {
    let ClassPrior::Frequencies(frequencies) = prior else { return Ok(()) };
    let sum: f64 = frequencies.iter().sum();
    let allowed = frequencies.iter().all(|p| *p > 0.0 && p.is_finite()) && (sum - 1.0).abs() < 1e-6;
    if frequencies.len() == classes && allowed {
        return Ok(());
    }
    Err(Error::config(
        "model.class_prior.frequencies",
        format!("{frequencies:?}"),
        format!("one positive probability for each of the {classes} classes, with sum 1"),
    ))
}

/// Each mechanism is allowed once, with allowed settings, for data that it can act on.
pub(super) fn check_mechanisms(mechanisms: &[MechanismConfig], data: &DataShape) -> Result<()> {
    for (i, mechanism) in mechanisms.iter().enumerate() {
        mechanism.check()?;
        mechanism.check_data(data)?;
        if let (MechanismConfig::Field(field), Some(image)) = (mechanism, data.image()) {
            field.check_image(image)?;
        }
        if mechanisms[..i].iter().any(|m| m.name() == mechanism.name()) {
            return Err(Error::config("model.mechanisms", mechanism.name(), "listed only once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cama_data::ChildColumn;

    use super::*;

    fn table(children: usize, co_parents: usize) -> ModelConfig {
        let column = |i| ChildColumn { name: format!("X{i}"), kind: ChildKind::Number };
        let shape =
            TableShape { children: (0..children).map(column).collect(), co_parents, ..TableShape::default() };
        let class_prior = ClassPrior::Frequencies(vec![0.01; 100]);
        ModelConfig { class_prior, ..ModelConfig::fast(shape, 100) }
    }

    #[test]
    fn layers_follow_the_size_of_images() {
        let of = |side: usize| ConvolutionalConfig::for_sides([side, side / 2]);
        for side in [8, 28, 32, 56] {
            assert_eq!(of(side), ConvolutionalConfig::default(), "{side}");
        }
        for (side, layers, channels) in
            [(64, 4, vec![16, 32, 32, 32]), (112, 4, vec![16, 32, 32, 32]), (224, 5, vec![8, 16, 32, 32, 32])]
        {
            let conv = of(side);
            assert_eq!(conv.layers, layers, "{side}");
            assert_eq!((1..=layers).map(|i| conv.channels_after(i)).collect::<Vec<_>>(), channels, "{side}");
            assert!(ModelConfig::fast([3, side, side], 2).validate().is_ok());
        }
        assert_eq!(of(4096).layers, 10);
        let of_paper = ModelConfig::paper([3, 224, 224], 2).network.trunk;
        let of_paper = of_paper.convolutional().unwrap();
        assert_eq!((of_paper.layers, of_paper.channels_after(1)), (5, 64));
        // Models of before have as many channels everywhere.
        let before: ConvolutionalConfig =
            toml::from_str("channels = 8\nlayers = 4\nkernel_z = 5\nkernel_m = 5\npooling = false").unwrap();
        assert_eq!((1..=4).map(|i| before.channels_after(i)).collect::<Vec<_>>(), [8; 4]);
        let mut wrong = ModelConfig::fast([1, 28, 28], 10);
        wrong.network.trunk = TrunkConfig::Convolutional(ConvolutionalConfig { widening: 3, ..before });
        assert!(wrong.validate().is_ok());
        let three = ConvolutionalConfig { widening: 3, ..ConvolutionalConfig::default() };
        wrong.network.trunk = TrunkConfig::Convolutional(three);
        assert!(wrong.validate().unwrap_err().to_string().contains("widening"));
    }

    #[test]
    fn what_memory_cannot_hold_is_refused() {
        assert!(table(10, 1000).validate().is_ok());
        let text = table(3000, 1000).validate().unwrap_err().to_string();
        assert!(text.contains("weights"), "{text}");
        assert!(table(65_536, 65_536).validate().is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let wrong = |config: ModelConfig| config.validate().unwrap_err().to_string();
        assert!(wrong(table(0, 0)).contains("children"));
        let mut lonely = table(1, 0);
        if let DataShape::Table(table) = &mut lonely.data {
            table.children[0].kind = ChildKind::Category(1);
        }
        assert!(wrong(ModelConfig { mechanisms: vec![], ..lonely }).contains("two categories or more"));
        let lopsided = ClassPrior::Frequencies(vec![0.5; 2]);
        let text = wrong(ModelConfig { class_prior: lopsided, ..table(1, 0) });
        assert!(text.contains("each of the 100 classes"), "{text}");
        let image = ModelConfig::fast([1, 28, 28], 10);
        let text = wrong(ModelConfig { network: table(1, 0).network, ..image.clone() });
        assert!(text.contains("convolutional for images"), "{text}");
        let text = wrong(ModelConfig { likelihood: Likelihood::Columns, ..image });
        assert!(text.contains("bernoulli or gaussian"), "{text}");
    }

    #[test]
    fn presets_fit_their_data() {
        let shape = table(2, 0).data;
        assert!(ModelConfig::preset("fast", shape.clone(), 100).unwrap().validate().is_ok());
        let paper = ModelConfig::preset("paper", shape.clone(), 100).unwrap();
        assert!(paper.validate().is_ok() && paper.network.trunk.fully_connected().is_some());
        assert!(ModelConfig::preset("fsat", shape, 100).unwrap_err().to_string().contains("`fast`"));
        let image = ModelConfig::preset("paper", [1, 28, 28].into(), 10).unwrap();
        assert_eq!(image, ModelConfig::paper([1, 28, 28], 10));
    }

    #[test]
    fn what_was_saved_before_a_setting_came_means_what_it_meant() {
        for fast in [ModelConfig::fast([1, 28, 28], 10), table(2, 1)] {
            let latent = MechanismConfig::parse_list("latent").unwrap();
            let config = ModelConfig { mechanisms: latent, ..fast };
            let text = toml::to_string(&config).unwrap();
            let new = ["inferred_m", "linear_skip", "centred", "z_weights", "shared"];
            let old = text.lines().filter(|line| !new.iter().any(|field| line.starts_with(field)));
            let old: String = old.map(|line| format!("{line}\n")).collect();
            assert!(old.len() < text.len(), "{text}");
            assert_eq!(toml::from_str::<ModelConfig>(&old).unwrap(), config);
        }
        let paper = ModelConfig::paper([1, 28, 28], 10);
        assert_eq!(toml::from_str::<ModelConfig>(&toml::to_string(&paper).unwrap()).unwrap(), paper);
    }
}
