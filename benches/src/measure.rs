//! The time of steps and of predictions, through the library's own loops.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cama::data::Images;
use cama::{
    AdaptConfig, Augmentation, Checked, Config, Decider, DeepCama, Event, M, Observer, PredictConfig,
    Prediction, Previous, Result, Split, TrainConfig, Unlabelled, adapt, predict, train,
};

use crate::mnist;

/// Steps before the first that counts: memory is then allocated and caches are warm.
const WARM_UP: usize = 3;

/// Which steps of training.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    /// Images a step.
    pub batch: usize,
    /// ELBO(x, y) with m from q2 (Eq. 4) in the place of ELBO(x, y, do(m=0)) (Eq. 3).
    pub manipulated: bool,
}

/// Which steps of adaptation (Eq. 8, α = ½, both of its terms with m from q2).
#[derive(Clone, Copy, Debug)]
pub struct Adapting {
    /// Unlabelled images a step.
    pub batch: usize,
    /// Clean, labelled images a step.
    pub clean_batch: usize,
}

/// How long each of `steps` steps of [`train`](cama::train) takes; and the model that comes out.
///
/// # Errors
///
/// Those of the loop.
pub fn train_steps(
    model: DeepCama,
    preset: &str,
    training: Training,
    steps: usize,
) -> Result<(Vec<Duration>, DeepCama)> {
    let Training { batch, manipulated } = training;
    let [_, side, _] = shape(&model);
    let wanted = batch * (steps + WARM_UP);
    // One image validates; MNIST repeated makes many steps one epoch, which validation would interrupt.
    let images = mnist("train", wanted + 1, side, model.config().classes)?;
    let config = TrainConfig {
        epochs: 1,
        batch,
        lambda: if manipulated { 0.0 } else { 1.0 },
        validation: 1,
        ..TrainConfig::preset(preset, &model.config().data)?
    };
    let split = Split::new(&images, &config, 1)?;
    let augmentation = manipulated.then(|| Augmentation::Data(images.clone()));
    let mut trained = None;
    let times = between_steps(steps, |observer| {
        trained =
            Some(train(model, &split, augmentation.as_ref(), &config.check()?, 1, None, observer)?.model);
        Ok(())
    })?;
    Ok((times, trained.expect("the loop has come to its end")))
}

/// How long each of `steps` steps of [`adapt`](cama::adapt) takes.
///
/// # Errors
///
/// Those of the loop; it needs a model with a mechanism.
pub fn adapt_steps(model: &DeepCama, adapting: Adapting, steps: usize) -> Result<Vec<Duration>> {
    let Adapting { batch, clean_batch } = adapting;
    let [_, side, _] = shape(model);
    let clean = mnist("train", 4 * clean_batch + 10, side, model.config().classes)?;
    let unlabelled = mnist("test", 4 * batch + 10, side, model.config().classes)?.without_labels();
    let config = AdaptConfig {
        steps: steps + WARM_UP,
        batch,
        clean_batch,
        // Validates on as little as possible, and never between the steps.
        validation: 1,
        validate_every: steps + WARM_UP,
        ..AdaptConfig::default()
    };
    let (config, previous) =
        (config.check()?, Previous { decider: Decider::bare(model), m: M::Null, begins_stream: false });
    between_steps(steps, |observer| {
        adapt(model, Unlabelled::whole(&unlabelled), Some(&clean), &config, previous, 1, observer).map(drop)
    })
}

/// How long each of `repeats` predictions of all `images` takes; and the predictions.
///
/// # Errors
///
/// Those of [`predict`](cama::predict).
pub fn predict_times(
    model: &DeepCama,
    images: &Images,
    config: &Checked<PredictConfig>,
    repeats: usize,
) -> Result<(Vec<Duration>, Vec<Prediction>)> {
    // The first warms up.
    let mut predictions = predict(model, images, config)?;
    let mut times = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let began = Instant::now();
        predictions = predict(model, images, config)?;
        times.push(began.elapsed());
    }
    Ok((times, predictions))
}

fn shape(model: &DeepCama) -> [usize; 3] {
    model.config().data.image().expect("benches are on images")
}

/// The time between the reports of successive steps, `steps` of them, without those that warm up.
fn between_steps(steps: usize, run: impl FnOnce(&mut Observer) -> Result<()>) -> Result<Vec<Duration>> {
    let (mut times, mut last) = (Vec::with_capacity(steps + WARM_UP), None::<Instant>);
    run(&mut |event| {
        if matches!(event, Event::Step { .. }) {
            let now = Instant::now();
            times.extend(last.map(|last| now - last));
            last = Some(now);
        }
        ControlFlow::Continue(())
    })?;
    Ok(times.split_off(WARM_UP - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Setup;

    #[test]
    fn every_step_that_counts_has_a_time() {
        let setup = Setup { side: 14, ..Setup::new("fast", "affine") };
        let model = setup.model(&cama::device("cpu").unwrap()).unwrap();
        for manipulated in [false, true] {
            let (times, _) =
                train_steps(model.clone(), "fast", Training { batch: 4, manipulated }, 2).unwrap();
            assert_eq!(times.len(), 2);
        }
        assert_eq!(adapt_steps(&model, Adapting { batch: 3, clean_batch: 2 }, 2).unwrap().len(), 2);
        let images = mnist("test", 3, 14, 10).unwrap();
        let config = PredictConfig::default().check().unwrap();
        let (times, predictions) = predict_times(&model, &images, &config, 2).unwrap();
        assert_eq!((times.len(), predictions.len()), (2, 3));
    }
}
