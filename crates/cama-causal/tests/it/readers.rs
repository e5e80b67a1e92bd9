//! Every reader of graphs meets damaged files and files of something else.

#[path = "../../../cama-data/tests/it/damage/mod.rs"]
mod damage;

use std::path::Path;

use cama_causal::{CausalGraph, Roles};
use damage::Sound;

/// As networkx and pgmpy write it.
const DOT: &str = "strict digraph G {\nnode [shape=box];\nage [observed=yes, label=\"Age (years)\"];\nU [latent=True];\n\
                   age -> {sick fever} [weight=0.5];\nsick -> fever -> cough; // a chain\nU -> cough\n}\n";

/// As dagitty writes it.
const DAGITTY: &str = "dag {\nbb=\"-2.1,-1.6,2.2,1.7\"\nage [adjusted,pos=\"-1.4,-0.2\"]\nsick [exposure,pos=\"0.1,0.3\"]\n\
                       fever [outcome,pos=\"1.1,-0.9\"]\nu [latent]\nage -> sick\nage -> fever [beta=\"0.3\"]\nsick -> fever\nu -> fever\n}\n";

/// As networkx writes it.
const GML: &str = "graph [\n  directed 1\n  node [\n    id 0\n    label \"age\"\n  ]\n  node [\n    id 1\n    label \"sick\"\n  ]\n  \
                   node [\n    id 2\n    label \"f&#233;ver\"\n  ]\n  edge [\n    source 0\n    target 1\n    weight -1.5E+2\n  ]\n  \
                   edge [\n    source 1\n    target 2\n  ]\n]\n";

/// Reads the graph, finds the roles of every node and draws them.
fn read(path: &Path) -> bool {
    let Ok(graph) = CausalGraph::read(path) else { return false };
    for name in graph.nodes() {
        if let Ok(roles) = Roles::of(&graph, name) {
            assert!(cama_causal::svg(&graph, &roles).ends_with("</svg>\n"));
        }
    }
    true
}

#[test]
fn damaged_graphs_neither_panic_nor_hang_nor_reserve_memory_without_end() {
    damage::bounded(
        "readers::damaged_graphs_neither_panic_nor_hang_nor_reserve_memory_without_end",
        4,
        || {
            let files = [("g.dot", DOT), ("g.txt", DAGITTY), ("g.gml", GML), ("gml.txt", GML)];
            let sound = |(name, text): (&str, &str)| Sound {
                name: name.into(),
                bytes: text.into(),
                read: Box::new(read),
            };
            damage::meet(&files.map(sound));
        },
    );
}
