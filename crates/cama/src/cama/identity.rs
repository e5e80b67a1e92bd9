//! What makes a run this run: a checkpoint of another one must not be resumed from.

use serde_json::{Value, json};

use super::config::FitConfig;
use crate::data::{Dataset, Fingerprint};
use crate::train::Augmentation;

/// All that determines the result of a fit, in words.
pub(super) fn of_run<D: Dataset>(
    clean: &D,
    augmentation: Option<&Augmentation<D>>,
    config: &FitConfig,
    seed: u64,
) -> String {
    let manipulated = match augmentation {
        None => json!(null),
        Some(Augmentation::Manipulations(all)) => {
            json!(all.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        Some(Augmentation::Data(data)) => of_data(data),
        Some(Augmentation::Mechanisms) => json!("mechanisms"),
    };
    json!({ "data": of_data(clean), "manipulated": manipulated, "seed": seed, "config": config }).to_string()
}

/// What makes data this data: its name, number and a checksum.
fn of_data(data: &impl Dataset) -> Value {
    json!({ "data": data.name(), "fingerprint": Fingerprint::of(data).to_string() })
}
