//! What a model infers was done to images, and the images without it.

use cama::data::Images;
use cama::{
    Config, DecideConfig, Decision, DeepCama, Error, M, Mechanisms, PredictConfig, Predictor, Result, Verdict,
};

use super::known::Known;
use super::panel::{Panel, Strip};
use super::words::in_words;

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
    let mechanisms = explicit(decider.model)?;
    let predict = PredictConfig { m: M::Mean, ..config.predict.clone() };
    let config = DecideConfig { rule: config.rule, predict };
    let decisions = decider.decide(images, &config.check()?)?;
    let (left, rebuilt) = (left(&decisions), rebuilt(decider.model, images, &decisions));
    let undone = decisions.iter().map(|decision| decision.restored.clone()).collect();
    let mut strips = vec![
        Strip::of("seen", images),
        Strip::new("restored", undone).framed(left),
        Strip::new("do(m=0)", rebuilt),
    ];
    if let Some(originals) = originals {
        strips.insert(0, Strip::of("truth", originals));
    }
    let name = |class: usize| -> String {
        let name = classes.get(class).cloned().unwrap_or_else(|| class.to_string());
        name.chars().take(LONGEST_NAME).collect()
    };
    let caption = |(i, decision): (usize, &Decision)| {
        let wrong = images.labels().map(|labels| labels[i]).filter(|&label| label != decision.class);
        let mut lines = outcome(mechanisms, decision);
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

/// The mechanisms of a model, one of which at least is explicit.
fn explicit(model: &DeepCama) -> Result<&Mechanisms> {
    let mechanisms = model.mechanisms().filter(|mechanisms| mechanisms.explicit().contains(&true));
    mechanisms.ok_or_else(|| {
        let names: Vec<_> = model.config().mechanisms.iter().map(|m| m.name()).collect();
        let value = if names.is_empty() { "none".to_string() } else { names.join(",") };
        let allowed = "explicit, such as `affine`, to restore what it did; adapt the model with one";
        Error::config("mechanism", value, allowed)
    })
}

/// The verdict, or what was undone, in lines.
fn outcome(mechanisms: &Mechanisms, decision: &Decision) -> Vec<String> {
    let lines = match decision.verdict {
        Verdict::Restored => in_words(mechanisms, &decision.m, &decision.m_sd),
        Verdict::AsItWas => vec!["left as it was".into()],
        Verdict::Unexplained => vec!["unexplained".into()],
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
    let m = decisions.iter().flat_map(|decision| {
        // What is left as it was has no m.
        let kept = f32::from(u8::from(decision.verdict == Verdict::Restored));
        decision.m.iter().map(move |m| m * kept)
    });
    let classes = decisions.iter().map(|decision| decision.class).collect();
    Known::new(model, images, classes, m.collect()).decode(None)
}
