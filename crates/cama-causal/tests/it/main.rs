//! Causal graphs as others write them, and as nobody should.

mod causal_graphs;
mod readers;
