//! One measurement.

use std::time::Instant;

use anyhow::Context;
use cama::{
    Cama, Card, Config, DeepCama, MChoice, PredictConfig, Split, TrainConfig, data, device, silent,
    train as train_all,
};
use cama_bench::{
    Adapting, Setup, Times, Training, adapt_steps, default_batch, mnist, predict_times, restore_times,
    train_steps,
};
use serde_json::{Value, json};

use crate::options::{
    AdaptOptions, EpochsOptions, MachineOptions, ModelOptions, PredictOptions, RestoreOptions, TrainOptions,
};

/// The model, and its settings as they are printed.
struct Measured {
    model: DeepCama,
    settings: Value,
}

impl Measured {
    fn new(options: &ModelOptions) -> anyhow::Result<Self> {
        set_threads(&options.machine)?;
        let device = device(&options.machine.device)?;
        let model = match &options.model {
            Some(folder) => Cama::load_to(folder, &device)?.model().clone(),
            None => {
                let ModelOptions { preset, mechanism, classes, side, channels, .. } = options;
                let setup = Setup {
                    classes: *classes,
                    side: *side,
                    channels: *channels,
                    ..Setup::new(preset, mechanism)
                };
                setup.model(&device)?
            }
        };
        let config = model.config();
        let [channels, side, _] =
            config.data.image().context("the model is one of tables; give one of images")?;
        let mechanisms: Vec<_> = config.mechanisms.iter().map(|mechanism| mechanism.name()).collect();
        let settings = json!({
            "preset": options.preset,
            "mechanism": mechanisms.join(","),
            "classes": config.classes,
            "side": side,
            "channels": channels,
            "trained": options.model.is_some(),
            "threads": options.machine.threads,
            "device": options.machine.device,
        });
        Ok(Self { model, settings })
    }
}

/// Training steps.
pub fn train(options: &TrainOptions) -> anyhow::Result<()> {
    let Measured { model, settings } = Measured::new(&options.model)?;
    let batch = options.batch.unwrap_or(default_batch(&options.model.preset));
    let manipulated = options.manipulated;
    let training = Training { batch, manipulated };
    let (times, _) = train_steps(model, &options.model.preset, training, options.steps)?;
    print("train", &times, settings, json!({ "batch": batch, "manipulated": manipulated }))
}

/// Predictions, and what came out, so that it can be seen that others compute the same.
pub fn predict(options: &PredictOptions) -> anyhow::Result<()> {
    let Measured { mut model, settings } = Measured::new(&options.model)?;
    if options.train_steps > 0 {
        let batch = default_batch(&options.model.preset);
        let training = Training { batch, manipulated: false };
        (_, model) = train_steps(model, &options.model.preset, training, options.train_steps)?;
    }
    let config = model.config();
    let shape = config.data.image().context("the model is one of images")?;
    let images = mnist("test", options.images, shape, config.classes)?;
    let m: MChoice =
        serde_json::from_value(options.m.clone().into()).context("--m is null, mean or sample")?;
    let negligible = options.negligible.unwrap_or(PredictConfig::default().negligible);
    let predicting = PredictConfig { samples: options.samples, m, negligible, ..PredictConfig::default() };
    let (times, predictions) = predict_times(&model, &images, &predicting.check()?, options.steps)?;
    let labels = images.labels().context("MNIST has labels")?;
    let correct =
        predictions.iter().zip(labels).filter(|(predicted, label)| predicted.class == **label).count();
    let log_px: f64 = predictions.iter().map(|predicted| predicted.log_px).sum();
    let more = json!({
        "images": images.len(),
        "samples": options.samples,
        "m": options.m,
        "negligible": negligible,
        "train_steps": options.train_steps,
        "accuracy": correct as f64 / images.len() as f64,
        "log_px": log_px / images.len() as f64,
    });
    print("predict", &times, settings, more)
}

/// Restorations without the decoder.
pub fn restore(options: &RestoreOptions) -> anyhow::Result<()> {
    let Measured { model, settings } = Measured::new(&options.model)?;
    let shape = model.config().data.image().context("the model is one of images")?;
    let images = mnist("test", options.images, shape, model.config().classes)?;
    let times = restore_times(&model, &images, options.steps)?;
    print("restore", &times, settings, json!({ "images": images.len() }))
}

/// Steps of adaptation.
pub fn adapt(options: &AdaptOptions) -> anyhow::Result<()> {
    let Measured { model, settings } = Measured::new(&options.model)?;
    let batch = options.batch.unwrap_or(default_batch(&options.model.preset));
    let clean_batch = options.clean_batch.unwrap_or(batch);
    let times = adapt_steps(&model, Adapting { batch, clean_batch }, options.steps)?;
    print("adapt", &times, settings, json!({ "batch": batch, "clean_batch": clean_batch }))
}

/// Whole epochs.
pub fn epochs(options: &EpochsOptions) -> anyhow::Result<()> {
    set_threads(&options.machine)?;
    let device = device(&options.machine.device)?;
    let began = Instant::now();
    let images = data::load("mnist:train")?;
    let model = Setup::new(&options.preset, &options.mechanism).model(&device)?;
    let preset = TrainConfig::preset(&options.preset, &model.config().data)?;
    let config = TrainConfig { epochs: options.epochs, ..preset }.check()?;
    let split = Split::new(&images, &config, 1)?;
    let trained = train_all(model, &split, None, &config, 1, None, &mut silent)?;
    let time = began.elapsed();
    let last = trained.history.last().context("there is an epoch")?.clone();
    if let Some(folder) = &options.save {
        let card = Card {
            data: images.name().into(),
            seed: 1,
            preset: options.preset.clone(),
            commands: vec![format!("work epochs --epochs {}", options.epochs)],
            history: trained.history,
            ..Card::default()
        };
        Cama::bare(trained.model).with_card(card).save(folder)?;
    }
    let settings = json!({
        "preset": options.preset, "threads": options.machine.threads, "device": options.machine.device,
    });
    let more = json!({
        "epochs": options.epochs, "batch": config.batch, "loss": last.train_loss, "accuracy": last.accuracy,
    });
    print("epochs", &Times { wall: vec![time], processor: None }, settings, more)
}

/// As the program `cama` sets them.
fn set_threads(options: &MachineOptions) -> anyhow::Result<()> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global()?)
}

/// Prints the median, the quartiles, the mean processor time, the peak of the memory and all settings.
fn print(work: &str, times: &Times, settings: Value, more: Value) -> anyhow::Result<()> {
    let mut seconds: Vec<f64> = times.wall.iter().map(|time| time.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    // The quantile of rank nearest to it.
    let at = |share: f64| seconds[((seconds.len() - 1) as f64 * share).round() as usize];
    let mut line = json!({
        "work": work,
        "seconds": at(0.5),
        "quartiles": [at(0.25), at(0.75)],
        "processor_seconds": times.processor.map(|time| time.as_secs_f64()),
        "measured": seconds.len(),
        "peak_mib": peak_mib(),
    });
    for part in [settings, more] {
        let fields = part.as_object().context("settings have names")?.clone();
        line.as_object_mut().context("a line has names")?.extend(fields);
    }
    println!("{line}");
    Ok(())
}

/// The most memory that this process has held, on Linux.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}
