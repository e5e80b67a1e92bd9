//! Rows of a structural model, with or without interventions.

use std::ops::Range;

use super::config::StructuralConfig;
use super::exogenous::{Exogenous, row_rng};
use super::intervention::{Change, Intervention};
use super::model::StructuralModel;
use super::variables::Variable;
use crate::{Error, Result};

/// The first number that is no row's: JSON readers that keep numbers as floats know all those before.
pub(super) const END_OF_ROWS: u64 = 1 << 53;

/// Rows of a table, column by column: entry `i` of each is of row `first + i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The number of the first row.
    pub first: u64,
    /// A, one column a parent.
    pub parents: Vec<Vec<f64>>,
    /// C, one column a co-parent.
    pub co_parents: Vec<Vec<f64>>,
    /// X, one column a child.
    pub children: Vec<Vec<f64>>,
    /// Z, one column a latent, which no observer has.
    pub latents: Vec<Vec<f64>>,
    /// Y: an index of [`StructuralModel::classes`] for each row.
    pub classes: Vec<usize>,
}

impl Sample {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }
}

impl StructuralModel {
    /// The rows of these numbers, the same ones whatever else is drawn; all of them are held in memory.
    ///
    /// Interventions act in causal order; of several on one variable, the first given is the first to act. With the
    /// same row numbers, the exogenous variables are the same whatever the interventions.
    ///
    /// # Errors
    ///
    /// If an intervention names no variable or class, if a value is no longer a finite number after one, or if
    /// the row numbers go beyond 2⁵³.
    pub fn sample(&self, rows: Range<u64>, interventions: &[Intervention]) -> Result<Sample> {
        let plan = Plan::new(self.config(), interventions)?;
        if rows.end > END_OF_ROWS {
            return Err(Error::config("rows", format!("up to {}", rows.end), format!("up to {END_OF_ROWS}")));
        }
        let StructuralConfig { parents, co_parents, children, latents, .. } = *self.config();
        let columns = |number: usize| vec![Vec::new(); number];
        let mut sample = Sample {
            first: rows.start,
            parents: columns(parents),
            co_parents: columns(co_parents),
            children: columns(children),
            latents: columns(latents),
            classes: Vec::new(),
        };
        for row in rows {
            let (causes, class, x) = self.row(row, &plan)?;
            push(&mut sample.parents, causes.parents);
            push(&mut sample.co_parents, causes.co_parents);
            push(&mut sample.latents, causes.latents);
            push(&mut sample.children, x);
            sample.classes.push(class);
        }
        Ok(sample)
    }

    /// The structural equations of one row, in causal order: A, C and Z, Y, X.
    fn row(&self, row: u64, plan: &Plan) -> Result<(Exogenous, usize, Vec<f64>)> {
        let config = self.config();
        let mut causes = Exogenous::draw(config, &mut row_rng(self.seed(), row));
        plan.parents.apply(&mut causes.parents, Variable::Parent, row)?;
        plan.co_parents.apply(&mut causes.co_parents, Variable::CoParent, row)?;
        let class = match plan.class {
            Some(class) => class,
            None => self.class_mechanism().class(&causes.parents, &causes.gumbel),
        };
        let given = [&causes.co_parents[..], &causes.latents];
        let mechanisms = self.child_mechanisms().iter().zip(&causes.children);
        let mut x: Vec<f64> = mechanisms.map(|(x, e)| x.value(class, given, *e, config.noise)).collect();
        plan.children.apply(&mut x, Variable::Child, row)?;
        Ok((causes, class, x))
    }
}

fn push(columns: &mut [Vec<f64>], row: Vec<f64>) {
    columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
}

/// What happens to each variable.
struct Plan {
    parents: Group,
    co_parents: Group,
    children: Group,
    class: Option<usize>,
}

impl Plan {
    fn new(config: &StructuralConfig, interventions: &[Intervention]) -> Result<Self> {
        let group = |number: usize| Group(vec![Vec::new(); number]);
        let mut plan = Plan {
            parents: group(config.parents),
            co_parents: group(config.co_parents),
            children: group(config.children),
            class: None,
        };
        for intervention in interventions {
            let change = intervention.change();
            for variable in intervention.variables(config)? {
                match variable {
                    Variable::Parent(i) => plan.parents.0[i].push(change),
                    Variable::CoParent(i) => plan.co_parents.0[i].push(change),
                    Variable::Child(i) => plan.children.0[i].push(change),
                    Variable::Target => {
                        if let Change::Class(class) = change {
                            plan.class = Some(class);
                        }
                    }
                }
            }
        }
        Ok(plan)
    }
}

/// What happens to each variable of a kind, in order.
struct Group(Vec<Vec<Change>>);

impl Group {
    fn apply(&self, values: &mut [f64], name: fn(usize) -> Variable, row: u64) -> Result<()> {
        for (i, (value, changes)) in values.iter_mut().zip(&self.0).enumerate() {
            *value = changes.iter().fold(*value, |value, change| change.apply(value));
            if !value.is_finite() {
                let name = name(i).name();
                return Err(Error::config(
                    format!("{name} of row {row}"),
                    *value,
                    "a finite number; make the interventions on it and its causes smaller",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(seed: u64) -> StructuralModel {
        StructuralModel::draw(&StructuralConfig::default(), seed).unwrap()
    }

    fn under(model: &StructuralModel, specs: &[&str]) -> Sample {
        let interventions: Vec<_> = specs.iter().map(|spec| spec.parse().unwrap()).collect();
        model.sample(0..200, &interventions).unwrap()
    }

    #[test]
    fn nothing_done_changes_nothing() {
        let model = model(1);
        assert_eq!(under(&model, &["X*+=0", "C*-=0", "A**=1"]), under(&model, &[]));
    }

    #[test]
    fn a_change_of_a_child_changes_its_own_column_and_nothing_else() {
        let model = model(1);
        let (clean, shifted) = (under(&model, &[]), under(&model, &["X3+=2", "X3*=10"]));
        let expected: Vec<f64> = clean.children[2].iter().map(|x| (x + 2.0) * 10.0).collect();
        assert_eq!(shifted.children[2], expected);
        let mut restored = shifted;
        restored.children[2].clone_from(&clean.children[2]);
        assert_eq!(restored, clean);
    }

    #[test]
    fn a_shift_of_co_parents_flows_into_children_and_nowhere_else() {
        let model = model(2);
        let (clean, shifted) = (under(&model, &[]), under(&model, &["C*+=1.5"]));
        for (before, after) in clean.co_parents.concat().iter().zip(shifted.co_parents.concat()) {
            assert_eq!(before + 1.5, after);
        }
        assert_eq!((&clean.parents, &clean.latents), (&shifted.parents, &shifted.latents));
        assert_eq!(clean.classes, shifted.classes);
        for (before, after) in clean.children.iter().zip(&shifted.children) {
            assert!(before.iter().zip(after).all(|(b, a)| b != a));
        }
    }

    #[test]
    fn one_co_parent_changes_only_its_own_children() {
        let model = model(3);
        let (clean, set) = (under(&model, &[]), under(&model, &["C2=0.5"]));
        assert_eq!(set.co_parents[1], [0.5; 200]);
        for (j, child) in model.child_mechanisms().iter().enumerate() {
            assert_eq!(clean.children[j] == set.children[j], !child.co_parents.contains(&1), "X{}", j + 1);
        }
    }

    #[test]
    fn a_change_of_parents_flows_through_the_class_alone() {
        let model = model(4);
        let (clean, shifted) = (under(&model, &[]), under(&model, &["A*+=2"]));
        assert_ne!(clean.classes, shifted.classes);
        for row in 0..200 {
            let same = clean.classes[row] == shifted.classes[row];
            for (before, after) in clean.children.iter().zip(&shifted.children) {
                assert_eq!(before[row] == after[row], same);
            }
        }
        let set = under(&model, &["Y=y3"]);
        assert_eq!((set.classes, set.parents), (vec![3; 200], clean.parents));
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let model = model(5);
        let (all, part) = (model.sample(0..50, &[]).unwrap(), model.sample(20..30, &[]).unwrap());
        assert_eq!((part.first, part.len()), (20, 10));
        assert_eq!(part.classes, all.classes[20..30]);
        for (part, all) in part.children.iter().zip(&all.children) {
            assert_eq!(part[..], all[20..30]);
        }
        assert!(model.sample(7..7, &[]).unwrap().is_empty());
        assert!(model.sample(END_OF_ROWS - 1..END_OF_ROWS, &[]).is_ok());
        assert!(model.sample(0..END_OF_ROWS + 1, &[]).is_err());
    }

    #[test]
    fn columns_have_mean_0_and_standard_deviation_1_and_no_class_is_rare() {
        let rows = 10_000;
        for seed in 0..5 {
            let model = model(seed);
            let sample = model.sample(0..rows, &[]).unwrap();
            for column in
                [&sample.parents, &sample.co_parents, &sample.latents, &sample.children].into_iter().flatten()
            {
                let mean = column.iter().sum::<f64>() / rows as f64;
                let square = column.iter().map(|v| v * v).sum::<f64>() / rows as f64;
                // Five standard errors of a mean; those of two draws for children.
                assert!(mean.abs() < 0.07 && (square - 1.0).abs() < 0.1, "{seed}: {mean} {square}");
            }
            for class in 0..5 {
                let share = sample.classes.iter().filter(|y| **y == class).count() as f64 / rows as f64;
                assert!(share > 0.1, "{seed}: class {class} has {share}");
            }
        }
    }

    #[test]
    fn noise_is_the_share_that_is_the_childs_own() {
        // With the same causes, two children differ by σ ε alone: all of one row but ε is in f.
        let config = StructuralConfig { noise: 0.6, ..StructuralConfig::default() };
        let (noisy, exact) = (
            StructuralModel::draw(&config, 6).unwrap(),
            StructuralModel::draw(&StructuralConfig { noise: 0.0, ..config }, 6).unwrap(),
        );
        let (noisy, exact) = (noisy.sample(0..5000, &[]).unwrap(), exact.sample(0..5000, &[]).unwrap());
        let own = noisy.children[0].iter().zip(&exact.children[0]).map(|(x, f)| x - 0.8 * f);
        let variance = own.map(|e| e * e).sum::<f64>() / 5000.0;
        assert!((variance - 0.36).abs() < 0.04, "{variance}");
    }

    #[test]
    fn models_without_some_kinds_of_variables_work() {
        let config =
            StructuralConfig { parents: 0, co_parents: 0, latents: 0, children: 1, ..Default::default() };
        let sample = StructuralModel::draw(&config, 0).unwrap().sample(0..1000, &[]).unwrap();
        assert!(sample.parents.is_empty() && sample.co_parents.is_empty() && sample.children.len() == 1);
        assert!((0..5).all(|class| sample.classes.iter().filter(|y| **y == class).count() > 140));
    }

    #[test]
    fn values_that_are_no_numbers_any_more_are_refused() {
        let huge = ["C1*=1e200".parse().unwrap(), "C1*=1e200".parse().unwrap()];
        let text = model(0).sample(3..4, &huge).unwrap_err().to_string();
        assert!(text.contains("C1 of row 3") && text.contains("smaller"), "{text}");
    }
}
