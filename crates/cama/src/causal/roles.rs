//! The Markov blanket of a target (Figure 5 of the paper).

use serde::{Deserialize, Serialize};

/// What an observed variable of the Markov blanket is to the target Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A: a cause of Y.
    Parent,
    /// X: an effect of Y. An effect of Y that causes another effect of Y is a child and nothing else.
    Child,
    /// C: another cause of an effect of Y.
    CoParent,
}

/// The observed variables of a target's Markov blanket, each list in the order of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Y.
    pub target: String,
    /// A, the causes of Y.
    pub parents: Vec<String>,
    /// X, the effects of Y.
    pub children: Vec<String>,
    /// C, the other causes of X. A parent of Y that causes an effect of Y itself stands here too.
    pub co_parents: Vec<String>,
    /// The other variables of the graph, each with the reason why it is not used.
    pub ignored: Vec<(String, String)>,
}
