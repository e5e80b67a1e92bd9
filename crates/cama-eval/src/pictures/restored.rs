//! What a model infers was done to images, and the images without it.

use cama::data::Images;
use cama::{DecideConfig, Decider, Decision, Error, MChoice, PredictConfig, Result, Verdict};

use super::known::Known;
use super::words::in_words;
use super::{Panel, Strip};

/// Characters of the name of a class that are shown at most.
const LONGEST_NAME: usize = 14;

/// Images, restored: T_m⁻¹(x) with the mean m of q2(m|x), or, framed, the image as it was where the guard holds back;
/// below, its reconstruction with do(m=0) and the inferred parameters in words, above, the class that is decided on.
/// Of few images the guard knows only what `decider` was
/// [informed](Decider::informed) of before.
///
/// `originals` are the images before the manipulation where they are known; a class that is wrong by the images'
/// labels is marked as such. `classes` names the classes.
///
/// # Errors
///
/// If the model has no explicit mechanism, or deciding fails.
pub fn restored(
    decider: &Decider,
    images: &Images,
    originals: Option<&Images>,
    classes: &[String],
    config: &DecideConfig,
) -> Result<Panel> {
    let parts = decider.model.manipulation().filter(|parts| parts.explicit().contains(&true));
    let Some(parts) = parts else {
        let names: Vec<_> = decider.model.config().mechanisms.iter().map(|m| m.name()).collect();
        let value = if names.is_empty() { "none".to_string() } else { names.join(",") };
        return Err(Error::config(
            "mechanism",
            value,
            "explicit, such as `affine`, to restore what it did; adapt the model with one",
        ));
    };
    let predict = PredictConfig { m: MChoice::Mean, ..config.predict.clone() };
    let config = DecideConfig { by: config.by, predict };
    let decisions = decider.decide(images, &config)?;
    let (left, rebuilt) = (left(&decisions), rebuilt(decider, images, &decisions));
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
        let mut lines = match decision.verdict {
            Verdict::Restored => in_words(parts, &decision.m, &decision.m_sd),
            Verdict::AsItWas => vec!["left as it was".into()],
            Verdict::Unexplained => vec!["unexplained".into()],
        };
        if lines.is_empty() {
            lines.push("nothing done".into());
        }
        let wrong = images.labels().map(|labels| labels[i]).filter(|&label| label != decision.class);
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

/// Those that the guard leaves as they were.
fn left(decisions: &[Decision]) -> Vec<usize> {
    let all = decisions.iter().enumerate();
    all.filter(|(_, decision)| decision.verdict != Verdict::Restored).map(|(i, _)| i).collect()
}

/// Reconstructions with do(m=0), with z of the restored images.
fn rebuilt(decider: &Decider, images: &Images, decisions: &[Decision]) -> Vec<Vec<f32>> {
    let m = decisions.iter().flat_map(|decision| {
        // What is left as it was has no m.
        let kept = f32::from(u8::from(decision.verdict == Verdict::Restored));
        decision.m.iter().map(move |m| m * kept)
    });
    let classes = decisions.iter().map(|decision| decision.class).collect();
    Known::new(decider.model, images, classes, m.collect()).decode(None)
}
