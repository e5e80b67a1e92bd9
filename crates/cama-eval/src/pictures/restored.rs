//! What a model infers was done to images, and the images without it.

use burn::tensor::{Tensor, TensorData};
use cama::data::Images;
use cama::mechanism::FieldMaps;
use cama::{Config, DecideConfig, Decision, DeepCama, Error, M, PredictConfig, Predictor, Result, Verdict};

use super::known::{Known, pixels};
use super::panel::{Panel, Strip};
use super::words::{field_in_words, in_words};

/// Characters of the name of a class that are shown at most.
const LONGEST_NAME: usize = 14;

/// Images, restored: T_m⁻¹(x) with the mean m of q2(m|x), or, framed, the image as it was where the guard rejects the
/// restoration; below, its reconstruction with do(m=0) and the inferred parameters in words, above, the decided class.
/// Of the data as a whole the guard knows only what `predictor` was [informed](Predictor::informed) of before.
///
/// `originals` are the images before the manipulation where they are known; a class that is wrong by the images'
/// labels is marked as such. `classes` names the classes.
///
/// # Errors
///
/// If the model has no explicit mechanism, or deciding fails.
pub fn restored(
    predictor: &Predictor,
    images: &Images,
    originals: Option<&Images>,
    classes: &[String],
) -> Result<Panel> {
    let (decider, config) = (&predictor.decider, &predictor.config);
    check_restores(decider.model)?;
    let predict = PredictConfig { m: M::Mean, ..config.predict.clone() };
    let config = DecideConfig { rule: config.rule, predict };
    let decisions = decider.decide(images, &config.check()?)?;
    let (left, rebuilt) = (left(&decisions), rebuilt(decider.model, images, &decisions));
    let undone = decisions.iter().map(|decision| decision.restored.clone()).collect();
    let mut strips = vec![Strip::of("seen", images)];
    strips.extend(maps(decider.model, images));
    strips.extend([Strip::new("restored", undone).framed(left), Strip::new("do(m=0)", rebuilt)]);
    if let Some(originals) = originals {
        strips.insert(0, Strip::of("truth", originals));
    }
    let name = |class: usize| -> String {
        let name = classes.get(class).cloned().unwrap_or_else(|| class.to_string());
        name.chars().take(LONGEST_NAME).collect()
    };
    let caption = |(i, decision): (usize, &Decision)| {
        let wrong = images.labels().map(|labels| labels[i]).filter(|&label| label != decision.class);
        let mut lines = outcome(decider.model, decision);
        lines.extend(wrong.map(|label| format!("(it is {})", name(label))));
        lines.join("\n")
    };
    Ok(Panel {
        title: "Restored: what was done is inferred and undone, then classified".into(),
        columns: decisions.iter().map(|decision| name(decision.class)).collect(),
        captions: decisions.iter().enumerate().map(caption).collect(),
        strips,
        ..Panel::default()
    })
}

/// Errors unless a mechanism of the model acts on X itself.
fn check_restores(model: &DeepCama) -> Result<()> {
    if model.restores() {
        return Ok(());
    }
    let names: Vec<_> = model.config().mechanisms.iter().map(|m| m.name()).collect();
    let value = if names.is_empty() { "none".to_string() } else { names.join(",") };
    let allowed = "explicit, such as `affine`, to restore what it did; adapt the model with one";
    Err(Error::config("mechanism", value, allowed))
}

/// What a field tells of every pixel: how probably it is covered, how probably inverted, and what the light makes of a
/// mid-grey. Nothing without a field.
fn maps(model: &DeepCama, images: &Images) -> Vec<Strip> {
    let Some(field) = model.field() else { return Vec::new() };
    let (channels, x) = (images.shape()[0], pixels(images, &model.device()));
    let maps = field.maps(&field.posterior(x));
    // Grey in all channels.
    let strip = |label: &str, of: &dyn Fn(&FieldMaps) -> Vec<f32>| {
        Strip::new(label, maps.iter().map(|map| of(map).repeat(channels)).collect())
    };
    let light = |map: &FieldMaps| {
        map.gain.iter().zip(&map.bias).map(|(gain, bias)| (0.5 * gain + bias).clamp(0.0, 1.0)).collect()
    };
    vec![
        strip("covered", &|map| map.covered.clone()),
        strip("inverted", &|map| map.inverted.clone()),
        strip("light", &light),
    ]
}

/// The verdict, or what was undone, in lines.
fn outcome(model: &DeepCama, decision: &Decision) -> Vec<String> {
    let lines = match decision.verdict {
        Verdict::Restored => {
            let of_field = decision.field.map(|field| field_in_words(&field)).unwrap_or_default();
            let of_m = model.mechanisms().map(|m| in_words(m, &decision.m, &decision.m_sd));
            of_field.into_iter().chain(of_m.unwrap_or_default()).collect()
        }
        Verdict::AsItWas => vec!["left as it was".into()],
        Verdict::Unexplained => vec!["unexplained".into()],
        Verdict::Suspicious => vec!["suspicious".into()],
    };
    if lines.is_empty() { vec!["nothing done".into()] } else { lines }
}

/// Those that the guard leaves as they were.
fn left(decisions: &[Decision]) -> Vec<usize> {
    let all = decisions.iter().enumerate();
    all.filter(|(_, decision)| decision.verdict != Verdict::Restored).map(|(i, _)| i).collect()
}

/// Reconstructions with do(m=0), with z of the restored images.
fn rebuilt(model: &DeepCama, images: &Images, decisions: &[Decision]) -> Vec<Vec<f32>> {
    let classes = decisions.iter().map(|decision| decision.class).collect();
    if model.field().is_some() {
        let restored = decisions.iter().flat_map(|decision| decision.restored.iter().copied()).collect();
        let x = TensorData::new(restored, [decisions.len(), images.volume()]);
        return Known::new(model, Tensor::from_data(x, &model.device()), classes, Vec::new()).decode(None);
    }
    let m = decisions.iter().flat_map(|decision| {
        // What is left as it was has no m.
        let kept = f32::from(u8::from(decision.verdict == Verdict::Restored));
        decision.m.iter().map(move |m| m * kept)
    });
    Known::new(model, pixels(images, &model.device()), classes, m.collect()).decode(None)
}
