//! A structural causal model with random mechanisms.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::child::ChildMechanism;
use super::class::ClassMechanism;
use super::config::StructuralConfig;
use super::exogenous::{Exogenous, model_rng};
use super::standard::{Standard, rounded};
use super::variables::{TARGET, Variable, class_name, latent_name};
use crate::{Error, Result};

/// Rows of the draw that children are standardised on.
const REFERENCE: usize = 10_000;
/// The most co-parents of a child, unless some would be left without a child.
const MOST_CO_PARENTS: usize = 3;
/// The most latents of a child, likewise.
const MOST_LATENTS: usize = 2;

/// A structural causal model, and the seed of its exogenous variables: an endless table, row by row.
///
/// What is read from a file is checked: a model that there is can be sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct StructuralModel {
    config: StructuralConfig,
    seed: u64,
    class: ClassMechanism,
    children: Vec<ChildMechanism>,
}

/// As it is in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    config: StructuralConfig,
    seed: u64,
    class: ClassMechanism,
    children: Vec<ChildMechanism>,
}

impl TryFrom<Unchecked> for StructuralModel {
    type Error = Error;

    fn try_from(Unchecked { config, seed, class, children }: Unchecked) -> Result<Self> {
        config.check()?;
        let damaged = |problem: String| Error::spec("structural", "model", problem);
        if let Some(problem) = class.problem(config.parents, config.classes) {
            return Err(damaged(problem));
        }
        if children.len() != config.children {
            let problem = format!("{} mechanisms of {} children", children.len(), config.children);
            return Err(damaged(problem));
        }
        for (i, child) in children.iter().enumerate() {
            if let Some(problem) = child.problem(&config) {
                return Err(damaged(format!("{}: {problem}", Variable::Child(i).name())));
            }
        }
        Ok(Self { config, seed, class, children })
    }
}

impl StructuralModel {
    /// A model with random mechanisms; `seed` decides them and every row.
    ///
    /// # Errors
    ///
    /// If the configuration is not allowed.
    pub fn draw(config: &StructuralConfig, seed: u64) -> Result<Self> {
        let config = StructuralConfig { noise: rounded(config.noise), ..config.clone() };
        config.check()?;
        let rng = &mut model_rng(seed);
        let class = ClassMechanism::draw(config.parents, config.classes, rng);
        let co_parents = deal(config.co_parents, config.children, MOST_CO_PARENTS, rng);
        let latents = deal(config.latents, config.children, MOST_LATENTS, rng);
        let causes = co_parents.into_iter().zip(latents);
        let children = causes.map(|(c, z)| ChildMechanism::draw(c, z, config.classes, rng)).collect();
        let mut model = Self { config, seed, class, children };
        model.standardise(rng);
        Ok(model)
    }

    /// Measures the means and standard deviations that the structural equations have as constants.
    fn standardise(&mut self, rng: &mut ChaCha8Rng) {
        let rows: Vec<Exogenous> = (0..REFERENCE).map(|_| Exogenous::draw(&self.config, rng)).collect();
        let raw: Vec<Vec<f64>> = rows.iter().map(|row| self.class.raw(&row.parents)).collect();
        for (k, standard) in self.class.standard.iter_mut().enumerate() {
            *standard = Standard::measure(&raw.iter().map(|row| row[k]).collect::<Vec<_>>());
        }
        let classes: Vec<usize> = rows.iter().map(|r| self.class.class(&r.parents, &r.gumbel)).collect();
        for child in &mut self.children {
            let values = rows.iter().zip(&classes);
            let values: Vec<f64> = values.map(|(r, y)| child.raw(*y, &r.co_parents, &r.latents)).collect();
            child.standard = Standard::measure(&values);
        }
    }

    /// The sizes.
    pub fn config(&self) -> &StructuralConfig {
        &self.config
    }

    /// The seed that decides mechanisms and rows.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The names of the observed variables in the order of a table's columns: A1, …, C1, …, X1, …, Y.
    pub fn columns(&self) -> Vec<String> {
        Variable::all(&self.config).map(Variable::name).collect()
    }

    /// The names of the classes: y0, y1, ….
    pub fn classes(&self) -> Vec<String> {
        (0..self.config.classes).map(class_name).collect()
    }

    /// The causal graph in the DOT language; latents are marked `[observed=no]`.
    pub fn dot(&self) -> String {
        let mut text = String::from("digraph structural_model {\n");
        for i in 0..self.config.latents {
            text += &format!("  {} [observed=no];\n", latent_name(i));
        }
        let mut edge = |from: &str, to: &str| text += &format!("  {from} -> {to};\n");
        (0..self.config.parents).for_each(|i| edge(&Variable::Parent(i).name(), TARGET));
        for (j, child) in self.children.iter().enumerate() {
            let name = Variable::Child(j).name();
            edge(TARGET, &name);
            child.co_parents.iter().for_each(|i| edge(&Variable::CoParent(*i).name(), &name));
            child.latents.iter().for_each(|i| edge(&latent_name(*i), &name));
        }
        text + "}\n"
    }

    pub(super) fn class_mechanism(&self) -> &ClassMechanism {
        &self.class
    }

    pub(super) fn child_mechanisms(&self) -> &[ChildMechanism] {
        &self.children
    }
}

/// For each of `children`, some of `causes` in order: at least one, and `most` or less unless that would leave a
/// cause without a child.
fn deal(causes: usize, children: usize, most: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut dealt = vec![Vec::new(); children];
    if causes == 0 {
        return dealt;
    }
    let mut order: Vec<usize> = (0..causes).collect();
    order.shuffle(rng);
    (0..causes.max(children)).for_each(|i| dealt[i % children].push(order[i % causes]));
    for own in &mut dealt {
        let wanted = rng.random_range(1..=most.min(causes));
        while own.len() < wanted {
            let cause = rng.random_range(0..causes);
            if !own.contains(&cause) {
                own.push(cause);
            }
        }
        own.sort_unstable();
    }
    dealt
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn config() -> StructuralConfig {
        StructuralConfig { parents: 1, co_parents: 2, children: 2, classes: 3, latents: 1, noise: 0.3 }
    }

    #[test]
    fn every_cause_has_a_child_and_every_child_a_cause() {
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        for (causes, children, most) in [(5, 10, 3), (2, 10, 2), (7, 2, 3), (1, 1, 3), (3, 1, 2)] {
            let dealt = deal(causes, children, most, rng);
            let mut all = dealt.concat();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all, (0..causes).collect::<Vec<_>>());
            for own in dealt {
                assert!(own.windows(2).all(|pair| pair[0] < pair[1]));
                assert!((1..=most.max(causes.div_ceil(children))).contains(&own.len()), "{own:?}");
            }
        }
        assert_eq!(deal(0, 2, 3, rng), [Vec::<usize>::new(), Vec::new()]);
    }

    #[test]
    fn the_graph_has_every_edge_once() {
        let model = StructuralModel::draw(&config(), 0).unwrap();
        let dot = model.dot();
        let edges =
            1 + model.children.iter().map(|x| 1 + x.co_parents.len() + x.latents.len()).sum::<usize>();
        assert_eq!(dot.matches(" -> ").count(), edges, "{dot}");
        for line in ["  Z1 [observed=no];", "  A1 -> Y;", "  Y -> X1;", "  Y -> X2;", "  Z1 -> X2;"] {
            assert_eq!(dot.lines().filter(|l| *l == line).count(), 1, "{line}\n{dot}");
        }
        assert!(dot.starts_with("digraph") && dot.ends_with("}\n") && !dot.contains("C1 -> Y"));
    }

    #[test]
    fn a_model_survives_its_file_to_the_last_bit() {
        let config = StructuralConfig { noise: 1.0 / 3.0, ..StructuralConfig::default() };
        for seed in 0..20 {
            let model = StructuralModel::draw(&config, seed).unwrap();
            let json = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<StructuralModel>(&json).unwrap(), model);
        }
        let model = StructuralModel::draw(&StructuralConfig::default(), 11).unwrap();
        assert_ne!(StructuralModel::draw(&StructuralConfig::default(), 12).unwrap(), model);
    }

    #[test]
    fn a_model_that_contradicts_itself_is_refused() {
        let json = serde_json::to_value(StructuralModel::draw(&config(), 0).unwrap()).unwrap();
        let refusal = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut json = json.clone();
            change(&mut json);
            serde_json::from_value::<StructuralModel>(json).unwrap_err().to_string()
        };
        let text = refusal(&|json| json["config"]["children"] = 3.into());
        assert!(text.contains("2 mechanisms of 3 children"), "{text}");
        let text = refusal(&|json| json["config"]["parents"] = 2.into());
        assert!(text.contains("a row of inputs has 1 entries, where 2 are needed"), "{text}");
        let text = refusal(&|json| json["config"]["classes"] = 1.into());
        assert!(text.contains("classes = 1"), "{text}");
        let text = refusal(&|json| json["children"][1]["offset"] = vec![0.5].into());
        assert!(text.contains("X2: offset has 1 entries, where 3 are needed"), "{text}");
        let text = refusal(&|json| json["more"] = 1.into());
        assert!(text.contains("unknown field `more`"), "{text}");
    }
}
