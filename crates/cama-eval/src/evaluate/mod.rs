//! Classifiers' scores: under manipulations, and under attacks.

mod attacked;
mod evaluated;
mod manipulated;
mod masking;
mod row;

pub use attacked::{AttackPlan, Surrogate, WORST, attack_and_evaluate};
pub use evaluated::{Answers, Evaluated};
pub use manipulated::{evaluate, manipulated, manipulations};
pub use masking::signs_of_masking;
pub use row::{Attacked, Row, Shares};
