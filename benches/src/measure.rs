//! The time of steps and of predictions, through the library's own loops.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cama::data::Images;
use cama::{
    AdaptConfig, Augmentation, Cama, Checked, Config, Decider, DeepCama, Event, M, Observer, PredictConfig,
    Prediction, Previous, Result, Split, TrainConfig, Unlabelled, adapt, predict, train,
};

use crate::mnist;

/// How long each repetition took, and how much of all processors' time one took on average, where the system tells that: other
/// work on the machine changes the first more than the second.
pub struct Times {
    /// By the clock, of every repetition.
    pub wall: Vec<Duration>,
    /// Of all threads, for one repetition.
    pub processor: Option<Duration>,
}

impl Times {
    /// Of so many repetitions, one after another.
    fn of(repeats: usize, mut work: impl FnMut() -> Result<()>) -> Result<Self> {
        let before = processor_time();
        let mut wall = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let began = Instant::now();
            work()?;
            wall.push(began.elapsed());
        }
        Ok(Self { wall, processor: share(before, repeats) })
    }
}

/// What one of `repeats` took since the processors had worked for so long; unknown if threads have ended since then, whose time
/// went with them.
fn share(before: Option<Duration>, repeats: usize) -> Option<Duration> {
    Some(processor_time()?.checked_sub(before?)? / u32::try_from(repeats).ok()?)
}

/// For how long the threads that there are have been running, on Linux.
fn processor_time() -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += stat.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

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
) -> Result<(Times, DeepCama)> {
    let Training { batch, manipulated } = training;
    let wanted = batch * (steps + WARM_UP);
    // One image validates; MNIST repeated makes many steps one epoch, which validation would interrupt.
    let images = mnist("train", wanted + 1, shape(&model), model.config().classes)?;
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
pub fn adapt_steps(model: &DeepCama, adapting: Adapting, steps: usize) -> Result<Times> {
    let Adapting { batch, clean_batch } = adapting;
    let classes = model.config().classes;
    let clean = mnist("train", 4 * clean_batch + 10, shape(model), classes)?;
    let unlabelled = mnist("test", 4 * batch + 10, shape(model), classes)?.without_labels();
    let config = AdaptConfig {
        steps: steps + WARM_UP,
        batch,
        clean_batch,
        // Validates on as little as possible, and never between the steps.
        validation: 1,
        validate_every: steps + WARM_UP,
        ..AdaptConfig::default()
    };
    let (config, previous) = (
        config.check()?,
        Previous { decider: Decider::bare(model), m: M::Null, begins_stream: false, seed: 0 },
    );
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
) -> Result<(Times, Vec<Prediction>)> {
    // The first warms up.
    let mut predictions = predict(model, images, config)?;
    let times = Times::of(repeats, || {
        predictions = predict(model, images, config)?;
        Ok(())
    })?;
    Ok((times, predictions))
}

/// How long each of `repeats` restorations of all `images` takes, without the decoder.
///
/// # Errors
///
/// Those of [`Predictor::restorer`](cama::Predictor::restorer).
pub fn restore_times(model: &DeepCama, images: &Images, repeats: usize) -> Result<Times> {
    let cama = Cama::bare(model.clone());
    let predictor = cama.predictor().guard(false).configure(|config| config.m = M::Mean);
    let restorer = predictor.restorer()?.expect("unguarded, everything is restored");
    restorer.restore(images)?;
    Times::of(repeats, || restorer.restore(images).map(drop))
}

fn shape(model: &DeepCama) -> [usize; 3] {
    model.config().data.image().expect("benches are on images")
}

/// The time between the reports of successive steps, `steps` of them, without those that warm up.
fn between_steps(steps: usize, run: impl FnOnce(&mut Observer) -> Result<()>) -> Result<Times> {
    let (mut wall, mut last) = (Vec::with_capacity(steps + WARM_UP), None::<Instant>);
    let (mut before, mut processor) = (None, None);
    run(&mut |event| {
        if matches!(event, Event::Step { .. }) {
            let now = Instant::now();
            wall.extend(last.map(|last| now - last));
            last = Some(now);
            // Threads may have ended when all is done.
            match wall.len() {
                done if done + 1 == WARM_UP => before = processor_time(),
                done if done + 1 == WARM_UP + steps => processor = share(before, steps),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(Times { wall: wall.split_off(WARM_UP - 1), processor })
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
            assert_eq!(times.wall.len(), 2);
            assert!(times.processor.is_none_or(|time| !time.is_zero()));
        }
        assert_eq!(adapt_steps(&model, Adapting { batch: 3, clean_batch: 2 }, 2).unwrap().wall.len(), 2);
        let images = mnist("test", 3, [1, 14, 14], 10).unwrap();
        let config = PredictConfig::default().check().unwrap();
        let (times, predictions) = predict_times(&model, &images, &config, 2).unwrap();
        assert_eq!((times.wall.len(), predictions.len()), (2, 3));
        assert_eq!(restore_times(&model, &images, 2).unwrap().wall.len(), 2);
    }
}
