//! Flags of `cama simulate`.

use std::path::PathBuf;

use cama::causal::structural::{Intervention, StructuralConfig};
use clap::Args;

use super::overlay::overlay;

/// `cama simulate`
#[derive(Args)]
pub struct SimulateFlags {
    /// The folder to write: the table, the causal graph, and the structural model that they come from.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace a simulation that is there already.
    #[arg(long)]
    pub force: bool,
    /// Draw from the model of this folder again: the same rows unless told otherwise, under the interventions given
    /// here; `--seed` does not matter then.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["parents", "co_parents", "children", "classes", "latents", "noise"])]
    pub from: Option<PathBuf>,
    /// Intervene, in causal order: `C1+=1.5`, `C2-=1`, `X3*=2`, `A1=0.5`, `Y=y2`; `C*+=1.5` shifts all co-parents.
    /// What a changed variable causes is computed anew.
    #[arg(long = "do", value_name = "CHANGE", num_args = 1..)]
    pub interventions: Vec<Intervention>,
    /// Number of rows; 10000 unless given.
    #[arg(long, value_name = "N")]
    pub rows: Option<u64>,
    /// The first row, counted from 0: a model has an endless table, and row K is the same whoever asks for it.
    #[arg(long, value_name = "K")]
    pub first: Option<u64>,
    #[command(flatten)]
    pub sizes: SizeFlags,
}

/// The sizes of a new model.
#[derive(Args)]
#[command(next_help_heading = "A new model")]
pub struct SizeFlags {
    /// Parents of Y: A1, A2, …; 5 unless given.
    #[arg(long, value_name = "N")]
    parents: Option<usize>,
    /// Co-parents, the other observed causes of the children: C1, C2, …; 5 unless given.
    #[arg(long, value_name = "N")]
    co_parents: Option<usize>,
    /// Children of Y: X1, X2, …; 10 unless given.
    #[arg(long, value_name = "N")]
    children: Option<usize>,
    /// Classes of Y: y0, y1, …; 5 unless given.
    #[arg(long, value_name = "N")]
    classes: Option<usize>,
    /// Unobserved causes of the children: Z1, Z2, …, not in the table; 2 unless given.
    #[arg(long, value_name = "N")]
    latents: Option<usize>,
    /// Standard deviation of each child's own noise, out of a total of 1; 0.3 unless given.
    #[arg(long, value_name = "SIGMA")]
    noise: Option<f64>,
}

impl SizeFlags {
    /// The configuration, not yet checked.
    pub fn config(&self) -> StructuralConfig {
        let mut config = StructuralConfig::default();
        overlay!(self => config; parents, co_parents, children, classes, latents, noise);
        config
    }
}
