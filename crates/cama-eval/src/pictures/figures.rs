//! Figures of a model: reconstructions, inferred manipulations, samples, and walks along m.

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use cama::data::Images;
use cama::{DeepCama, Error, M, PredictConfig, Result};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::known::{Known, pixels, rows};
use super::panel::{Panel, Strip};

/// Components of m that a walk shows at most.
const MOST_PARAMETERS: usize = 8;
/// How far a walk goes from zero, in standard deviations of the prior.
const REACH: f64 = 2.0;
/// Images in each row of a walk.
const WALK_STEPS: usize = 9;

/// Images over their reconstructions: z is the mean of q1(z|x,y,m), y the predicted class, and m what
/// `config` says.
///
/// # Errors
///
/// If prediction fails.
pub fn reconstructions(model: &DeepCama, images: &Images, config: &PredictConfig) -> Result<Panel> {
    let known = Known::infer(model, images, config)?;
    let rebuilt = known.decode(known.m.as_ref());
    let how = if config.m == M::Null { "do(m=0)" } else { "inferred m" };
    let strips = vec![Strip::of("image", images), Strip::new("rebuilt", rebuilt)];
    Ok(Panel { title: format!("Reconstructions, {how}"), strips, ..Panel::default() })
}

/// Manipulated images over the images without the manipulation: m is the mean of q2(m|x), y the predicted class, z the
/// mean of q1(z|x,y,m), and the image is decoded with do(m=0) (Figure 9 of the paper).
///
/// `originals` are the images before the manipulation where they are known; `classes` names the classes, for
/// the headings.
///
/// # Errors
///
/// If the model has no mechanism or prediction fails.
pub fn inferred(
    model: &DeepCama,
    images: &Images,
    originals: Option<&Images>,
    classes: &[String],
    config: &PredictConfig,
) -> Result<Panel> {
    let known = Known::infer(model, images, &PredictConfig { m: M::Mean, ..config.clone() })?;
    let mut strips = vec![Strip::of("seen", images), Strip::new("do(m=0)", known.decode(None))];
    if let Some(originals) = originals {
        strips.insert(0, Strip::of("original", originals));
    }
    let title = "Manipulation inferred and undone, with the predicted class".into();
    Ok(Panel { title, columns: known.names(classes), strips, ..Panel::default() })
}

/// Samples of p(x|y,z,do(m=0)) with z from its prior: a row for each class, `columns` samples, the same z
/// for all classes of a column.
pub fn samples(model: &DeepCama, classes: &[String], columns: usize, rng: &mut ChaCha8Rng) -> Panel {
    let model = model.valid();
    let (n, z_dim, device) = (model.config().classes, model.config().z, model.device());
    let z: Vec<f32> = (0..columns * z_dim).map(|_| StandardNormal.sample(rng)).collect();
    let z = Tensor::<4>::from_data(TensorData::new(z, [1, 1, columns, z_dim]), &device);
    let strip = |class: usize| {
        let label = Tensor::<1, Int>::from_data([class as i64], &device);
        let means = model.observe(Some(label), None, z.clone(), None).means(&model.config().data);
        Strip::new(classes.get(class).cloned().unwrap_or_else(|| class.to_string()), rows(means))
    };
    let strips = (0..n).map(strip).collect();
    Panel { title: "Samples of every class, do(m=0)".into(), strips, ..Panel::default() }
}

/// A walk along each component of m, −2 to +2 standard deviations of its prior, the others zero: explicit
/// mechanisms act on the first of `images` itself, the latent one on its reconstruction. At most eight
/// components are shown.
///
/// # Errors
///
/// If the model has no mechanism or there is no image.
pub fn walk(model: &DeepCama, images: &Images) -> Result<Panel> {
    if images.is_empty() {
        return Err(Error::Mismatch("a walk begins at an image, and there is none".into()));
    }
    let first = images.slice(0..1);
    let known = Known::infer(model, &first, &PredictConfig { m: M::Null, samples: 1, ..Default::default() })?;
    let model = &known.model;
    let Some(mechanisms) = model.mechanisms() else {
        return Err(Error::config("mechanism", "none", "there for a walk: the model has none"));
    };
    let steps: Vec<f64> =
        (0..WALK_STEPS).map(|i| REACH * (2.0 * i as f64 / (WALK_STEPS - 1) as f64 - 1.0)).collect();
    let explicit = mechanisms.explicit();
    let strip = |(at, parameter): (usize, cama::mechanism::Parameter)| {
        let mut m = vec![0.0; WALK_STEPS * mechanisms.dim()];
        steps.iter().enumerate().for_each(|(row, step)| m[row * mechanisms.dim() + at] = *step as f32);
        let m = Tensor::<2>::from_data(TensorData::new(m, [WALK_STEPS, mechanisms.dim()]), &model.device());
        let images = match explicit[at] {
            true => {
                let x = pixels(&first, &model.device()).unsqueeze_dim::<3>(1).repeat_dim(0, WALK_STEPS);
                rows(mechanisms.transform(&m, x))
            }
            false => known.repeated(WALK_STEPS).decode(Some(&m)),
        };
        let [low, high] = [-REACH, REACH].map(|end| short(parameter.value(end)));
        let label = match parameter.unit {
            "standard deviations" => parameter.name.clone(),
            unit => format!("{}\n{low} to {high}\n{unit}", parameter.name),
        };
        Strip::new(label, images)
    };
    let strips = mechanisms.parameters().into_iter().enumerate().take(MOST_PARAMETERS).map(strip).collect();
    let columns =
        steps.iter().map(|step| if *step == 0.0 { "0".into() } else { format!("{step:+}") }).collect();
    let title = "What each component of m does, in standard deviations of its prior".into();
    Ok(Panel { title, columns, strips, ..Panel::default() })
}

/// A number for a label.
fn short(value: f64) -> String {
    if value.abs() >= 10.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
