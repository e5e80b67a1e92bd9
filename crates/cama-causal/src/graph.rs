//! A causal graph: named variables, observed or not, and which causes which.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::order::{abridged, order, reached};
use crate::{Error, Result};

/// More than a graph of causes has; bounds the time and memory that a hostile file can ask for.
const MOST_NODES: usize = 20_000;
/// More than anybody draws; a few bytes of DOT, `{a b c} -> {d e f}`, can ask for very many.
pub(super) const MOST_EDGES: usize = 1_000_000;
/// What messages call a graph that comes from no file.
const UNNAMED: &str = "causal graph";

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: String,
    observed: bool,
}

/// A directed acyclic graph of named variables, each observed or not; an edge goes from cause to effect.
///
/// Two graphs are equal if they have the same variables and the same edges in the same order.
///
/// ```
/// use cama_causal::{CausalGraph, Roles};
///
/// let graph = CausalGraph::parse_dot("digraph { age -> sick; sick -> {fever cough}; season -> cough }", "example")?;
/// let roles = Roles::of(&graph, "sick")?;
/// assert_eq!((roles.parents, roles.co_parents), (vec!["age".to_string()], vec!["season".to_string()]));
/// # Ok::<(), cama_causal::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CausalGraph {
    nodes: Vec<Node>,
    edges: Vec<(usize, usize)>,
    index: HashMap<String, usize>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
    /// Every node after its parents; of those that could come next, the first in the graph's order.
    order: Vec<usize>,
}

impl PartialEq for CausalGraph {
    fn eq(&self, other: &Self) -> bool {
        (&self.nodes, &self.edges) == (&other.nodes, &other.edges)
    }
}

impl Eq for CausalGraph {}

impl CausalGraph {
    /// A graph of `nodes`, each with whether it is observed, and of `edges` from cause to effect. An edge that is
    /// given twice counts once.
    ///
    /// # Errors
    ///
    /// If there are no nodes or more than 20,000, more than a million edges, a name is empty or given twice, an edge
    /// names none of the nodes, or there is a cycle.
    pub fn new(nodes: Vec<(String, bool)>, edges: Vec<(String, String)>) -> Result<Self> {
        let index: HashMap<&str, usize> =
            nodes.iter().zip(0..).map(|((name, _), i)| (name.as_str(), i)).collect();
        let find = |name: &String| {
            index.get(name.as_str()).copied().ok_or_else(|| {
                let known: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
                Error::unknown_name("variable", name, &known)
            })
        };
        let edges =
            edges.iter().map(|(from, to)| Ok((find(from)?, find(to)?))).collect::<Result<Vec<_>>>()?;
        Self::checked(Path::new(UNNAMED), nodes, edges)
    }

    /// A graph whose edges are indices of nodes that exist; `path` is for messages.
    pub(super) fn checked(
        path: &Path,
        nodes: Vec<(String, bool)>,
        edges: Vec<(usize, usize)>,
    ) -> Result<Self> {
        let error = |problem: String, remedy: &str| Err(Error::data(path, problem, remedy));
        if nodes.is_empty() {
            return error("the graph has no variables".into(), "name them, and what causes what: `a -> b`");
        }
        if nodes.len() > MOST_NODES || edges.len() > MOST_EDGES {
            return error(
                format!(
                    "{} variables and {} edges; at most {MOST_NODES} and {MOST_EDGES} are read",
                    nodes.len(),
                    edges.len()
                ),
                "leave out what is far from the target",
            );
        }
        let mut index = HashMap::with_capacity(nodes.len());
        for (i, (name, _)) in nodes.iter().enumerate() {
            if name.is_empty() {
                return error(
                    format!("variable {} has an empty name", i + 1),
                    "name it as the table's column",
                );
            }
            if index.insert(name.clone(), i).is_some() {
                return error(format!("two variables are called `{name}`"), "give each its own name");
            }
        }
        let nodes: Vec<Node> = nodes.into_iter().map(|(name, observed)| Node { name, observed }).collect();
        let mut seen = HashSet::new();
        let edges: Vec<(usize, usize)> = edges.into_iter().filter(|edge| seen.insert(*edge)).collect();
        let mut parents = vec![Vec::new(); nodes.len()];
        let mut children = vec![Vec::new(); nodes.len()];
        for (from, to) in &edges {
            parents[*to].push(*from);
            children[*from].push(*to);
        }
        parents.iter_mut().chain(&mut children).for_each(|list| list.sort_unstable());
        match order(&parents, &children) {
            Ok(order) => Ok(Self { nodes, edges, index, parents, children, order }),
            Err(cycle) => {
                let cycle = abridged(&cycle).into_iter().map(|i| i.map_or("…", |i| nodes[i].name.as_str()));
                let problem = format!("the graph has a cycle: {}", cycle.collect::<Vec<_>>().join(" -> "));
                error(problem, "causes do not run in circles: leave out one of these edges")
            }
        }
    }

    /// The variables' names, in the order in which they were given.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.nodes.iter().map(|node| node.name.as_str())
    }

    /// The edges (cause, effect), in the order in which they were given.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.edges.iter().map(|(from, to)| (self.name(*from), self.name(*to)))
    }

    /// Whether the variable is observed.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no such variable.
    pub fn is_observed(&self, name: &str) -> Result<bool> {
        Ok(self.observed(self.find(name)?))
    }

    /// The variable's direct causes, in the order of [`nodes`](Self::nodes).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no such variable.
    pub fn parents(&self, name: &str) -> Result<Vec<&str>> {
        Ok(self.names(self.parents_of(self.find(name)?)))
    }

    /// The variable's direct effects, in the order of [`nodes`](Self::nodes).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no such variable.
    pub fn children(&self, name: &str) -> Result<Vec<&str>> {
        Ok(self.names(self.children_of(self.find(name)?)))
    }

    /// All that the variable causes, directly or not, itself excluded, in the order of [`nodes`](Self::nodes).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no such variable.
    pub fn descendants(&self, name: &str) -> Result<Vec<&str>> {
        Ok(self.names(&self.descendants_of(self.find(name)?)))
    }

    /// The names with every cause before its effects; where that leaves a choice, in the order of
    /// [`nodes`](Self::nodes).
    pub fn topological_order(&self) -> Vec<&str> {
        self.names(&self.order)
    }

    /// The graph in DOT, from which [`parse_dot`](Self::parse_dot) makes an equal one.
    pub fn to_dot(&self) -> String {
        let quoted = |i: usize| format!("\"{}\"", self.name(i).replace('\\', "\\\\").replace('"', "\\\""));
        let mut text = String::from("digraph {\n");
        for (i, node) in self.nodes.iter().enumerate() {
            text += &format!("  {}{};\n", quoted(i), if node.observed { "" } else { " [observed=\"no\"]" });
        }
        for (from, to) in &self.edges {
            text += &format!("  {} -> {};\n", quoted(*from), quoted(*to));
        }
        text + "}\n"
    }

    /// The variable of this name.
    pub(super) fn find(&self, name: &str) -> Result<usize> {
        self.index
            .get(name)
            .copied()
            .ok_or_else(|| Error::unknown_name("variable", name, &self.nodes().collect::<Vec<_>>()))
    }

    /// How many variables there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn name(&self, i: usize) -> &str {
        &self.nodes[i].name
    }

    pub(super) fn observed(&self, i: usize) -> bool {
        self.nodes[i].observed
    }

    pub(super) fn parents_of(&self, i: usize) -> &[usize] {
        &self.parents[i]
    }

    pub(super) fn children_of(&self, i: usize) -> &[usize] {
        &self.children[i]
    }

    pub(super) fn edge_ids(&self) -> &[(usize, usize)] {
        &self.edges
    }

    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(super) fn descendants_of(&self, i: usize) -> BTreeSet<usize> {
        reached(i, &self.children, |_| true)
    }

    pub(super) fn ancestors_of(&self, i: usize) -> BTreeSet<usize> {
        reached(i, &self.parents, |_| true)
    }

    /// The observed variables that `i` causes, directly or through none but unobserved ones.
    pub(super) fn next_observed(&self, i: usize) -> BTreeSet<usize> {
        let mut found = reached(i, &self.children, |through| !self.observed(through));
        found.retain(|j| self.observed(*j));
        found
    }

    fn names<'a>(&self, of: impl IntoIterator<Item = &'a usize>) -> Vec<&str> {
        of.into_iter().map(|i| self.name(*i)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: &[(&str, bool)], edges: &[(&str, &str)]) -> Result<CausalGraph> {
        let nodes = nodes.iter().map(|(name, observed)| (name.to_string(), *observed)).collect();
        CausalGraph::new(nodes, edges.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect())
    }

    #[test]
    fn relations_are_those_of_the_edges() {
        let nodes = [("d", true), ("c", false), ("b", true), ("a", true)];
        let graph = graph(&nodes, &[("a", "c"), ("a", "b"), ("c", "d"), ("a", "b")]).unwrap();
        assert_eq!(graph.edges().collect::<Vec<_>>(), [("a", "c"), ("a", "b"), ("c", "d")]);
        assert_eq!(graph.nodes().collect::<Vec<_>>(), ["d", "c", "b", "a"]);
        assert_eq!(graph.parents("d").unwrap(), ["c"]);
        assert_eq!(graph.children("a").unwrap(), ["c", "b"]);
        assert_eq!(graph.descendants("a").unwrap(), ["d", "c", "b"]);
        assert_eq!(graph.topological_order(), ["a", "c", "d", "b"]);
        assert_eq!((graph.is_observed("c").unwrap(), graph.is_observed("d").unwrap()), (false, true));
        assert!(graph.parents("e").unwrap_err().to_string().contains("unknown variable `e`"));
    }

    #[test]
    fn what_is_no_graph_of_causes_is_refused() {
        let message =
            |nodes: &[(&str, bool)], edges: &[(&str, &str)]| graph(nodes, edges).unwrap_err().to_string();
        let abc = [("a", true), ("b", true), ("c", true)];
        assert!(message(&[], &[]).starts_with("causal graph: the graph has no variables"));
        assert!(message(&[("a", true), ("", true)], &[]).contains("variable 2 has an empty name"));
        assert!(message(&[("a", true), ("a", false)], &[]).contains("two variables are called `a`"));
        assert!(message(&abc, &[("a", "B")]).contains("unknown variable `B`"));
        assert!(message(&abc, &[("b", "b")]).contains("cycle: b -> b;"));
        let text = message(&abc, &[("b", "c"), ("c", "a"), ("a", "b")]);
        assert!(
            text.contains("the graph has a cycle: a -> b -> c -> a; causes do not run in circles"),
            "{text}"
        );
        let ring: Vec<String> = (0..100).map(|i| format!("n{i}")).collect();
        let nodes: Vec<(&str, bool)> = ring.iter().map(|name| (name.as_str(), true)).collect();
        let edges: Vec<(&str, &str)> =
            (0..100).map(|i| (ring[i].as_str(), ring[(i + 1) % 100].as_str())).collect();
        let text = message(&nodes, &edges);
        assert!(text.contains("n4 -> n5 -> … -> n95 -> n96") && text.contains("n99 -> n0;"), "{text}");
    }
}
