//! Writes the predictions of a saved baseline for images, one JSON object a line: `label`, the pixels `x` and `log_p` of every
//! class. For programs that check it against another library, such as `benches/peer/attack.py`.
//!
//! `cargo run --release -p cama-eval --example baseline_answers -- FOLDER 'mnist:test[..500]'`

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use cama::{Classifier, Error, Observed, Result, data};
use cama_eval::Baseline;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, spec] = &args[..] else {
        return Err(Error::spec("arguments", args.join(" "), "give a baseline's folder and images"));
    };
    let (baseline, images) = (Baseline::load(Path::new(folder))?, data::load(spec)?);
    let x = TensorData::new(images.pixels().to_vec(), [images.len(), images.volume()]);
    let observed = Observed::of_x(Tensor::from_data(x, &Device::flex()));
    let log_p: Vec<f32> = baseline.log_probabilities(&observed, &mut [])?.into_data().iter::<f32>().collect();
    let classes = baseline.classes().len();
    for (i, log_p) in log_p.chunks(classes).enumerate() {
        let label = images.labels().map(|labels| labels[i]);
        println!("{}", serde_json::json!({ "label": label, "x": images.image(i), "log_p": log_p }));
    }
    Ok(())
}
