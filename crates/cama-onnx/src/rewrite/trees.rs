//! Ensembles of decision trees: forests and boosted trees.
//!
//! All trees are walked down at once, a level at a time: tables say of every node which column it looks at, where it
//! divides, and which node comes next on either side. A leaf is followed by itself, so that short trees wait.

use std::collections::HashMap;

use rten_onnx::onnx::{DataType, NodeProto, TensorProto};

use super::{Reason, attribute, class_count, input, integers, numbers, output, string};
use crate::nodes::{self, Nodes, int};

/// More numbers than this in the table of the leaves are no classifier.
const MOST: usize = 1 << 28;

/// The nodes of all trees.
struct Trees {
    /// The operator that compares a value with a threshold.
    comparison: &'static str,
    columns: Vec<i64>,
    thresholds: Vec<f32>,
    /// The next node where the comparison holds, and where it does not.
    next: [Vec<i64>; 2],
    roots: Vec<i64>,
    /// The most steps from a root to a leaf.
    depth: usize,
    /// What each leaf adds to the outputs, `[node, output]`.
    votes: Vec<f32>,
    outputs: usize,
    /// What the only output is, where there is one for two classes.
    binary: Option<Binary>,
}

/// What the one number that is given for two classes is.
#[derive(Clone, Copy, PartialEq)]
enum Binary {
    /// The probability of the second class.
    Probability,
    /// A score that speaks for the second class, and against the first.
    Score,
}

impl Nodes<'_> {
    /// The sum of what the leaves say that an example ends in.
    pub(super) fn tree_ensemble_classifier(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let Trees { comparison, columns, thresholds, next, roots, depth, votes, outputs, binary } =
            Trees::read(node)?;
        let bases = bases(node, outputs)?;
        let along = |axis| vec![int("axis", axis)];
        let n = columns.len();
        let x = self.float(input(node, 0)?);
        let columns = self.ints(&[n], columns);
        let thresholds = self.floats(&[n], thresholds);
        let [holds, fails] = next.map(|next| self.ints(&[n], next));
        // A column of zeros, as long as the batch, since nothing is above infinity: every example starts at the roots.
        let first = self.ints(&[1], vec![0]);
        let first = self.add("Gather", &[&x, &first], along(1));
        let infinity = self.floats(&[1, 1], vec![f32::INFINITY]);
        let zeros = self.add("Greater", &[&first, &infinity], vec![]);
        let zeros = self.add("Cast", &[&zeros], vec![int("to", i64::from(DataType::INT64.0))]);
        let roots = self.ints(&[1, roots.len()], roots);
        let mut at = self.add("Add", &[&zeros, &roots], vec![]);
        for _ in 0..depth {
            let column = self.add("Gather", &[&columns, &at], along(0));
            let value = self.add("GatherElements", &[&x, &column], along(1));
            let threshold = self.add("Gather", &[&thresholds, &at], along(0));
            let holding = self.add(comparison, &[&value, &threshold], vec![]);
            let [yes, no] = [&holds, &fails].map(|next| self.add("Gather", &[next, &at], along(0)));
            at = self.add("Where", &[&holding, &yes, &no], vec![]);
        }
        let votes = self.floats(&[n, outputs], votes);
        let votes = self.add("Gather", &[&votes, &at], along(0));
        let mut over_trees = nodes::over_columns();
        over_trees[1] = int("keepdims", 0);
        let sum = self.add("ReduceSum", &[&votes], over_trees);
        let bases = self.floats(&[1, outputs], bases);
        let mut scores = self.add("Add", &[&sum, &bases], vec![]);
        if let Some(binary) = binary {
            let whole = f32::from(u8::from(binary == Binary::Probability));
            let whole = self.floats(&[1, 1], vec![whole]);
            let against = self.add("Sub", &[&whole, &scores], vec![]);
            scores = self.add("Concat", &[&against, &scores], along(1));
        }
        self.post_transform(node, &scores, output(node, 1)?)
    }
}

impl Trees {
    fn read(node: &NodeProto) -> Result<Trees, Reason> {
        let [ids, trees, columns, holds, fails] =
            ["nodes_nodeids", "nodes_treeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids"]
                .map(|name| integers(node, name));
        let values = doubles(node, "nodes_values")?;
        let modes = attribute(node, "nodes_modes").map_or(&[][..], |modes| &modes.strings);
        let n = ids.len();
        if n == 0 || [trees, columns, holds, fails].iter().any(|list| list.len() != n) || modes.len() != n {
            return Err("its lists of nodes are not of one length".into());
        }
        let places: HashMap<_, _> = trees.iter().zip(ids).enumerate().map(|(at, key)| (key, at)).collect();
        if places.len() != n || values.len() != n {
            return Err("its nodes are not told apart".into());
        }
        let mut inner = modes.iter().enumerate().filter(|(_, mode)| *mode != "LEAF").map(|(_, mode)| mode);
        let mode = inner.next().map_or("BRANCH_LEQ", String::as_str);
        if inner.any(|other| other != mode) {
            return Err("its nodes compare in several ways, which is not supported".into());
        }
        let comparison = match mode {
            "BRANCH_LEQ" => "LessOrEqual",
            "BRANCH_LT" => "Less",
            "BRANCH_GTE" => "GreaterOrEqual",
            "BRANCH_GT" => "Greater",
            other => return Err(format!("its mode `{other}` is not supported")),
        };
        // Where a leaf stands, its own place; otherwise that of the node that it names.
        let mut is_root = vec![true; n];
        let mut after = |at: usize, next: &[i64]| -> Result<i64, Reason> {
            if modes[at] == "LEAF" {
                return Ok(at as i64);
            }
            let place = places.get(&(&trees[at], &next[at]));
            let place = *place
                .ok_or_else(|| format!("a node is followed by node {}, which is not there", next[at]))?;
            is_root[place] = false;
            Ok(place as i64)
        };
        let both = |at: usize| Ok((after(at, holds)?, after(at, fails)?));
        let (holds, fails) = (0..n).map(both).collect::<Result<(Vec<_>, Vec<_>), Reason>>()?;
        let roots: Vec<i64> = (0..n).filter(|at| is_root[*at]).map(|at| at as i64).collect();
        let depth = depth(&roots, [&holds, &fails])?;
        let (votes, outputs, binary) = votes(node, &places, n)?;
        let column = |at: usize| if modes[at] == "LEAF" { 0 } else { columns[at] };
        Ok(Trees {
            comparison,
            columns: (0..n).map(column).collect(),
            thresholds: values.iter().map(|value| threshold(*value, mode)).collect(),
            next: [holds, fails],
            roots,
            depth,
            votes,
            outputs,
            binary,
        })
    }
}

/// The single-precision threshold that divides single-precision values as this one does.
fn threshold(value: f64, mode: &str) -> f32 {
    let rounded = value as f32;
    // x ≤ t and x > t ask for a threshold that is not above t; the others for one that is not below.
    match mode {
        "BRANCH_LEQ" | "BRANCH_GT" if f64::from(rounded) > value => rounded.next_down(),
        "BRANCH_LT" | "BRANCH_GTE" if f64::from(rounded) < value => rounded.next_up(),
        _ => rounded,
    }
}

/// The most steps from a root to a leaf, if these are trees.
fn depth(roots: &[i64], next: [&[i64]; 2]) -> Result<usize, Reason> {
    let mut met = 0;
    let mut level: Vec<i64> = roots.to_vec();
    for depth in 0.. {
        met += level.len();
        // Whatever is no tree meets nodes again and again.
        if met > next[0].len() {
            break;
        }
        let inner =
            level.iter().filter(|at| next[0][**at as usize] != **at || next[1][**at as usize] != **at);
        level = inner.flat_map(|at| next.map(|next| next[*at as usize])).collect();
        if level.is_empty() && met == next[0].len() {
            return Ok(depth);
        }
        if level.is_empty() {
            break;
        }
    }
    Err("its nodes are not trees".into())
}

/// What each leaf adds to the outputs, how many of these there are, and what the only one is if there is one.
fn votes(
    node: &NodeProto,
    places: &HashMap<(&i64, &i64), usize>,
    n: usize,
) -> Result<(Vec<f32>, usize, Option<Binary>), Reason> {
    let [trees, ids, classes] =
        ["class_treeids", "class_nodeids", "class_ids"].map(|name| integers(node, name));
    let weights = doubles(node, "class_weights")?;
    if trees.len() != ids.len() || classes.len() != ids.len() || weights.len() != ids.len() || ids.is_empty()
    {
        return Err("its lists of leaves are not of one length".into());
    }
    let count = class_count(node);
    let binary = (count == 2 && classes.iter().all(|class| *class == classes[0])).then(|| {
        let summed = string(node, "post_transform").unwrap_or("NONE") == "NONE";
        let shares = summed && weights.iter().all(|weight| *weight >= 0.0);
        if shares { Binary::Probability } else { Binary::Score }
    });
    let outputs = if binary.is_some() { 1 } else { count };
    if outputs.checked_mul(n).is_none_or(|size| size > MOST) {
        return Err(format!("{n} nodes of {count} classes are too many"));
    }
    let mut votes = vec![0.0; n * outputs];
    for (((tree, id), class), weight) in trees.iter().zip(ids).zip(classes).zip(weights) {
        let place = places.get(&(tree, id)).ok_or("a leaf is not among its nodes")?;
        let class = if binary.is_some() { 0 } else { usize::try_from(*class).unwrap_or(usize::MAX) };
        if class >= outputs {
            return Err(format!("a leaf is for another class than its {count}"));
        }
        votes[place * outputs + class] += weight as f32;
    }
    Ok((votes, outputs, binary))
}

/// What is added to the sum over the trees.
fn bases(node: &NodeProto, outputs: usize) -> Result<Vec<f32>, Reason> {
    let bases: Vec<f32> = doubles(node, "base_values")?.iter().map(|base| *base as f32).collect();
    match bases.len() {
        0 => Ok(vec![0.0; outputs]),
        n if n == outputs => Ok(bases),
        2 if outputs == 1 => Ok(vec![bases[1]]),
        n => Err(format!("{n} base values do not go with {outputs} scores")),
    }
}

/// The numbers of an attribute, or of its double-precision sister.
fn doubles(node: &NodeProto, name: &str) -> Result<Vec<f64>, Reason> {
    match attribute(node, &format!("{name}_as_tensor")).and_then(|attribute| attribute.t.as_ref()) {
        Some(tensor) => tensor_values(tensor).ok_or(format!("its {name}_as_tensor cannot be read")),
        None => Ok(numbers(node, name).iter().map(|value| f64::from(*value)).collect()),
    }
}

fn tensor_values(tensor: &TensorProto) -> Option<Vec<f64>> {
    let raw = tensor.raw_data.as_ref().map(|raw| raw.borrow());
    match (tensor.data_type?, raw) {
        (DataType::DOUBLE, Some(raw)) => {
            Some(raw.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
        }
        (DataType::FLOAT, Some(raw)) => {
            Some(raw.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect())
        }
        (DataType::DOUBLE, None) => Some(tensor.double_data.clone()),
        (DataType::FLOAT, None) => Some(tensor.float_data.iter().map(|value| f64::from(*value)).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_divide_single_precision_values_as_before() {
        // Between two neighbouring numbers, nearer to the upper one.
        let (below, above) = (1.0f32, 1.0f32.next_up());
        let between = f64::from(below) * 0.25 + f64::from(above) * 0.75;
        assert_eq!(between as f32, above);
        assert_eq!(threshold(between, "BRANCH_LEQ"), below);
        assert_eq!(threshold(between, "BRANCH_GT"), below);
        assert_eq!(threshold(between, "BRANCH_LT"), above);
        assert_eq!(threshold(0.5, "BRANCH_LEQ"), 0.5);
    }

    #[test]
    fn only_trees_have_a_depth() {
        // 0 → (1, 2), 2 → (3, 4).
        assert_eq!(depth(&[0], [&[1, 1, 3, 3, 4], &[2, 1, 4, 3, 4]]), Ok(2));
        // Two leaves that are roots.
        assert_eq!(depth(&[0, 1], [&[0, 1], &[0, 1]]), Ok(0));
        // A circle behind a root, a circle without one, and two ways to one node.
        assert!(depth(&[0], [&[1, 0], &[1, 0]]).is_err());
        assert!(depth(&[], [&[1, 0], &[1, 0]]).is_err());
        assert!(depth(&[0], [&[1, 1], &[1, 1]]).is_err());
    }
}
