//! A structural causal model to simulate tables from: the graph of Figure 6, with mechanisms of our own.
//!
//! The paper tests on synthetic measurement data "following a causal process with non-linear causal
//! relationships" (section 4.2), whose generator is not published. This one is this project's own.
//!
//! # The structural equations
//!
//! The exogenous variables are independent of each other: with K classes,
//!
//! - A_i, C_i, Z_i ~ N(0, 1): parents, co-parents, latent causes;
//! - γ_k ~ Gumbel(0, 1) for each class k; ε_j ~ N(0, 1) for each child j.
//!
//! The class is drawn from a softmax of a random network of all parents, by the Gumbel-max trick:
//!
//! > g_k(A) = Σ_h P_kh tanh(Q_h·A + q_h), with 16 hidden units,
//! > Y = argmax_k [ (g_k(A) − mean_k) / (sd_k · temperature) + γ_k ]
//!
//! A child depends on the class, on S_j, one to three of the co-parents, and on T_j, one or two of the latents:
//!
//! > f_j(y, c, z) = a_j\[y\] + Σ_{i∈S_j} (b_ji + d_ji\[y\]) c_i + Σ_{i∈T_j} e_ji z_i
//! > &nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; + Σ_h w_jh tanh(u_jh·(c_{S_j}, z_{T_j}) + v_jh\[y\]), with 6 hidden units,
//! > X_j = √(1 − σ²) (f_j(Y, C, Z) − mean_j) / sd_j + σ ε_j
//!
//! The weights of a model are drawn once, with n = |S_j| and m = |T_j|: Q ~ N(0, 1.5² / number of parents),
//! q ~ N(0, 0.5²), P ~ N(0, 1/16), temperature 1; a_j is evenly spaced with standard deviation 0.5, in random
//! order; b_ji is between 0.75 / √n and 2.25 / √n, uniformly, times a sign of the child's;
//! d ~ N(0, 0.2² / n), e ~ N(0, 0.5² / m), u and v ~ N(0, 1), w ~ N(0, 1/6).
//!
//! Means and standard deviations are those of one reference draw of 10,000 rows without intervention; they are
//! part of the model, as all its constants to six decimals, so that X_j has about mean 0 and standard deviation 1 until somebody intervenes. Every
//! co-parent and every latent causes at least one child.
//!
//! # Why these mechanisms
//!
//! The co-parents move the children more than the class does: the common slopes b are the largest part of f_j,
//! and only with C is a child's value telling of Y. A classifier that reads (A, C, X) side by side learns that
//! relation where the training rows are, and a shift of C takes it elsewhere. But far from the rows f_j is
//! linear in C, since what bends (`tanh`, where the class and C interact) is bounded and has run out by then:
//! so a model of p(x|y, c) has a fair chance to be right where it has seen no row, and by Eq. 11 of the paper
//! p(y|a, x, c) by Bayes' rule is as good there as before. The slopes that depend on the class, d, are small. Within a child the
//! common slopes have one sign, lest a shift of all co-parents at once cancel out.
//!
//! # Interventions
//!
//! A variable's value is computed by its mechanism, then changed by what was asked for ([`Intervention`]), and its
//! descendants are computed from the changed value with the same exogenous variables. So a shift of co-parents
//! changes X and neither A nor Y, and a shift of a child changes nothing else.
//!
//! ```
//! use cama_causal::structural::{Intervention, StructuralConfig, StructuralModel};
//!
//! let model = StructuralModel::draw(&StructuralConfig::default(), 7)?;
//! let clean = model.sample(0..100, &[])?;
//! let shifted = model.sample(0..100, &["C*+=3".parse::<Intervention>()?])?;
//! assert_eq!(clean.classes, shifted.classes);
//! assert_ne!(clean.children, shifted.children);
//! # Ok::<(), cama_causal::Error>(())
//! ```

mod child;
mod class;
mod config;
mod exogenous;
mod intervention;
mod model;
mod sample;
mod simulation;
mod standard;
mod variables;
mod write;

pub use config::StructuralConfig;
pub use intervention::Intervention;
pub use model::StructuralModel;
pub use sample::Sample;
pub use simulation::Simulation;
