//! Times one kind of work and prints a JSON line: median seconds and the peak of the resident memory.
//!
//! ```text
//! speed train   PRESET MECHANISMS BATCH    seconds per step; Eq. 5 with shifts if there are mechanisms, else Eq. 3
//! speed adapt   PRESET MECHANISMS BATCH    seconds per step of Eq. 8, with as many clean images as unlabelled ones
//! speed predict PRESET MECHANISMS IMAGES   seconds for Eq. 6 over the images, K = 10, m from the mean of q2
//! ```
//!
//! MECHANISMS is a list such as `affine,photometric`, or `none`.

use std::ops::ControlFlow;
use std::time::Instant;

use cama::mechanism::MechanismConfig;
use cama::{
    AdaptConfig, Augmentation, DeepCama, Event, Former, MChoice, ModelConfig, PredictConfig, Result,
    TrainConfig, adapt, data, device, predict, train,
};

const STEPS: usize = 20;
const WARM_UP: usize = 3;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, preset, mechanisms, size] = arguments.as_slice() else {
        eprintln!("usage: speed train|adapt|predict fast|paper MECHANISMS|none BATCH|IMAGES");
        std::process::exit(2);
    };
    let size: usize = size.parse().expect("a whole number");
    let mut config = ModelConfig::preset(preset, [1, 28, 28].into(), 10)?;
    config.mechanisms = MechanismConfig::parse_list(mechanisms)?;
    let has_m = !config.mechanisms.is_empty();
    let model = DeepCama::new(&config, 1, &device("cpu")?)?;
    let seconds = match work.as_str() {
        "train" => {
            let images = data::load("mnist:train")?.slice(0..size * (STEPS + WARM_UP) + 10);
            let config = TrainConfig {
                epochs: 1,
                batch: size,
                held_out: 10,
                ..TrainConfig::preset(preset, &model.config().input)?
            };
            let shifts = Augmentation::Manipulations(vec!["shift-vertical:0.5".parse()?]);
            steps(|observer| {
                train(model, &images, has_m.then_some(&shifts), &config, 1, None, observer).map(drop)
            })?
        }
        "adapt" => {
            let images = data::load("mnist:train[..5000]")?;
            let config = AdaptConfig {
                steps: STEPS + WARM_UP,
                batch: size,
                clean_batch: size,
                watch_every: 1000,
                watched: 50,
                ..AdaptConfig::default()
            };
            let former = Former { decider: cama::Decider::bare(&model), infers_m: false };
            steps(|observer| adapt(&model, &images, Some(&images), &config, former, 1, observer).map(drop))?
        }
        _ => {
            let images = data::load("mnist:test")?.slice(0..size);
            let m = if has_m { MChoice::Mean } else { MChoice::Null };
            let began = Instant::now();
            predict(&model, &images, &PredictConfig { samples: 10, m, ..PredictConfig::default() })?;
            began.elapsed().as_secs_f64()
        }
    };
    println!(
        "{{\"work\":\"{work}\",\"preset\":\"{preset}\",\"mechanisms\":\"{mechanisms}\",\"size\":{size},\
         \"seconds\":{seconds:.4},\"peak_mib\":{}}}",
        peak_mib().map_or("null".into(), |mib| mib.to_string())
    );
    Ok(())
}

/// Median seconds between the steps that a loop reports.
fn steps(run: impl FnOnce(&mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<()>) -> Result<f64> {
    let mut times = Vec::new();
    let mut last = Instant::now();
    run(&mut |event: Event| {
        if let Event::Step { .. } = event {
            times.push(last.elapsed().as_secs_f64());
        }
        last = Instant::now();
        ControlFlow::Continue(())
    })?;
    let mut measured = times.split_off(WARM_UP);
    measured.sort_by(f64::total_cmp);
    Ok(measured[measured.len() / 2])
}

/// The most memory that this process has held, on Linux.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}
