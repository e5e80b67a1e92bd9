//! Adversarial attacks: the changes within bounds that mislead a classifier most.
//!
//! | attack | what it is |
//! |---|---|
//! | `fgsm` | one step along the gradient (Goodfellow et al., ICLR 2015) |
//! | `pgd` | projected gradient ascent from a random start (Madry et al., ICLR 2018) |
//! | `mim` | the same with momentum, decay 1 (Dong et al., CVPR 2018) |
//! | `apgd` | an adaptive step size, the best point kept (Croce & Hein, ICML 2020) |
//! | `apgd-dlr` | the same on a loss that no scale of the logits can flatten |
//! | `square` | random search that only asks for probabilities (Andriushchenko et al., ECCV 2020) |
//! | `sparse` | few values, each as far as it may, greedily along the gradient (after Papernot et al., EuroS&P 2016) |
//!
//! [`Attack`] documents how they are written. What may change is an example's X and C, never its A: see [`Space`]. Strengths
//! are radii in the maximum norm or the Euclidean one, over all of an image or a row together; of `sparse` how many values change.
//!
//! Classifiers that search for z are followed: at every step the search goes on from where it stood
//! ([`Classifier::follower`](cama::Classifier::follower)), and begins anew every few steps. What is judged in the end is the
//! classifier itself, which searches from the start.
//!
//! All but `square` climb the log-odds of error, log (1 − p(y|x)) − log p(y|x), in place of the cross-entropy −log p(y|x),
//! unless `loss=cross-entropy` asks for that. The one grows with the other and their gradients point the same way, but that of
//! the cross-entropy is lost in rounding where a classifier is confident, and Bayes' rule over many pixels is far too
//! confident. Losses are reported as cross-entropies, and beside them the share of examples whose gradient was exactly zero.

mod apgd;
mod ascent;
mod limits;
mod loss;
mod rows;
mod run;
mod space;
mod sparse;
mod spec;
mod square;
mod strengths;

pub use limits::Limits;
pub use loss::Loss;
pub(crate) use run::perturbed;
pub use run::{Adversarial, Losses, Oracle, attack, attack_unlabelled};
pub use space::{Attackable, Space};
pub use spec::{Attack, Method, Norm};
pub use strengths::Attacks;
