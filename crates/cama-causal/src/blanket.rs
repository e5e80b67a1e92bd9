//! The Markov blanket of a target in a causal graph: what each variable is to it, and why the others are nothing.

use std::collections::BTreeSet;

use super::graph::CausalGraph;
use super::listed::listed;
use super::roles::Roles;
use crate::{Error, Result};

impl Roles {
    /// The roles that the graph gives to the observed variables of `target`'s Markov blanket. Every other variable,
    /// observed or not, is ignored with the reason; the reason of an unobserved one says what becomes of it.
    ///
    /// # Errors
    ///
    /// If the graph has no such variable, it is not observed, or it has no observed child: a generative classifier
    /// explains the effects of its target, so it needs one.
    pub fn of(graph: &CausalGraph, target: &str) -> Result<Roles> {
        let y = graph.find(target)?;
        if !graph.observed(y) {
            let problem = "is not observed, so that no table has it; name an observed variable";
            return Err(Error::spec("target", target, problem));
        }
        let blanket = Blanket::new(graph, y);
        if blanket.children.is_empty() {
            let unobserved: Vec<&str> = graph.children_of(y).iter().map(|i| graph.name(*i)).collect();
            let effects = match unobserved.is_empty() {
                true => "causes nothing in the graph".to_string(),
                false => format!("causes nothing that is observed (but {})", listed(&unobserved)),
            };
            let problem = format!(
                "{effects}, and a generative classifier has nothing to explain without effects of its target; if a \
                 column is caused by it, say so in the graph"
            );
            return Err(Error::spec("target", target, problem));
        }
        let names = |of: &BTreeSet<usize>| of.iter().map(|i| graph.name(*i).to_string()).collect();
        let is_used = |i: &usize| {
            *i == y
                || [&blanket.parents, &blanket.children, &blanket.co_parents].iter().any(|of| of.contains(i))
        };
        let ignored = (0..graph.len()).filter(|i| !is_used(i));
        Ok(Roles {
            target: target.to_string(),
            parents: names(&blanket.parents),
            children: names(&blanket.children),
            co_parents: names(&blanket.co_parents),
            ignored: ignored.map(|i| (graph.name(i).to_string(), blanket.reason(i))).collect(),
        })
    }
}

/// A target's Markov blanket, as far as it is observed, and what reasons are given from.
struct Blanket<'a> {
    graph: &'a CausalGraph,
    y: usize,
    parents: BTreeSet<usize>,
    children: BTreeSet<usize>,
    co_parents: BTreeSet<usize>,
    ancestors: BTreeSet<usize>,
    descendants: BTreeSet<usize>,
    /// Observed causes of the target with none but unobserved variables between.
    before: BTreeSet<usize>,
    /// Observed effects of the target with none but unobserved variables between.
    next: BTreeSet<usize>,
    /// Unobserved variables, each with the observed ones that it causes likewise.
    unobserved: Vec<(usize, BTreeSet<usize>)>,
}

impl<'a> Blanket<'a> {
    fn new(graph: &'a CausalGraph, y: usize) -> Self {
        let observed =
            |of: &[usize]| of.iter().copied().filter(|i| graph.observed(*i)).collect::<BTreeSet<_>>();
        let children = observed(graph.children_of(y));
        let causes = children.iter().flat_map(|x| observed(graph.parents_of(*x)));
        let leads_here = |i: usize| graph.observed(i) && graph.next_observed(i).contains(&y);
        Self {
            graph,
            y,
            parents: observed(graph.parents_of(y)),
            co_parents: causes.filter(|i| *i != y && !children.contains(i)).collect(),
            children,
            before: graph.ancestors_of(y).into_iter().filter(|i| leads_here(*i)).collect(),
            ancestors: graph.ancestors_of(y),
            descendants: graph.descendants_of(y),
            next: graph.next_observed(y),
            unobserved: (0..graph.len())
                .filter(|i| !graph.observed(*i))
                .map(|i| (i, graph.next_observed(i)))
                .collect(),
        }
    }

    /// Why a variable is not used.
    fn reason(&self, i: usize) -> String {
        match self.graph.observed(i) {
            true => self.reason_of_observed(i),
            false => format!("unobserved: {}", self.reason_of_unobserved(i)),
        }
    }

    fn reason_of_unobserved(&self, u: usize) -> String {
        let y = self.graph.name(self.y);
        let next = self.graph.next_observed(u);
        let caused: BTreeSet<usize> = next.intersection(&self.children).copied().collect();
        let caused_names = self.listed(&caused);
        if self.graph.children_of(self.y).contains(&u) {
            let others: BTreeSet<usize> = next.difference(&caused).copied().collect();
            return match (others.is_empty(), caused.is_empty()) {
                (false, _) => format!(
                    "an effect of `{y}`; what it causes could stand in for it: declare {} a child",
                    self.listed(&others)
                ),
                (true, false) => {
                    format!("an effect of `{y}` that causes {caused_names}, which stands in for it")
                }
                (true, true) => format!("an effect of `{y}` that nothing observed tells of"),
            };
        }
        match (next.contains(&self.y), caused.is_empty()) {
            (true, false) => format!(
                "a common cause of `{y}` and {caused_names}: what the graph says to be independent given `{y}` may not \
                 be; measure it if you can"
            ),
            (true, true) => format!("a cause of `{y}`, over which p({y}|parents) averages"),
            (false, false) => format!("a cause of {caused_names}, which Z stands for"),
            (false, true) => format!("not in the Markov blanket of `{y}`"),
        }
    }

    fn reason_of_observed(&self, v: usize) -> String {
        let y = self.graph.name(self.y);
        let next = self.graph.next_observed(v);
        let caused: BTreeSet<usize> = next.intersection(&self.children).copied().collect();
        if self.next.contains(&v) {
            return format!(
                "an effect of `{y}` only through what is unobserved; declare it a child to use it"
            );
        }
        if next.contains(&self.y) {
            return format!(
                "a cause of `{y}` only through what is unobserved; declare it a parent to use it"
            );
        }
        if !caused.is_empty() {
            let caused = self.listed(&caused);
            return format!(
                "a cause of {caused} only through what is unobserved; declare it a co-parent to use it"
            );
        }
        let shared = |with: &BTreeSet<usize>| {
            let shares =
                |(_, causes): &&(usize, BTreeSet<usize>)| causes.contains(&v) && !causes.is_disjoint(with);
            self.unobserved
                .iter()
                .find(shares)
                .map(|(u, causes)| (*u, causes.intersection(with).copied().collect()))
        };
        let blanket: BTreeSet<usize> = self.children.iter().copied().chain([self.y]).collect();
        if let Some((u, with)) = shared(&blanket) {
            let (u, with): (_, BTreeSet<usize>) = (self.graph.name(u), with);
            return format!(
                "shares the unobserved cause `{u}` with {}, which the model does not use",
                self.listed(&with)
            );
        }
        format!("not in the Markov blanket of `{y}`: {}", self.place(v))
    }

    /// Where a variable outside of the blanket stands.
    fn place(&self, v: usize) -> String {
        let y = self.graph.name(self.y);
        let effects = self.graph.descendants_of(v);
        let through = |of: &BTreeSet<usize>, near: &BTreeSet<usize>| {
            self.listed(&near.intersection(of).copied().collect())
        };
        if self.ancestors.contains(&v) {
            return format!("a cause of `{y}` only through {}", through(&effects, &self.before));
        }
        if self.descendants.contains(&v) {
            return format!(
                "an effect of `{y}` only through {}",
                through(&self.graph.ancestors_of(v), &self.next)
            );
        }
        let causes_of = |of: &BTreeSet<usize>| !effects.is_disjoint(of);
        if causes_of(&self.co_parents) {
            return format!("a cause of the co-parent {}", through(&effects, &self.co_parents));
        }
        let causes = self.graph.ancestors_of(v);
        let near: BTreeSet<usize> = self.parents.union(&self.co_parents).copied().collect();
        if !causes.is_disjoint(&near) {
            return format!("an effect of {}, not of `{y}`", through(&causes, &near));
        }
        if causes.is_empty() && effects.is_empty() {
            return "the graph has no edge to it".to_string();
        }
        format!("neither a cause nor an effect of `{y}`")
    }

    fn listed(&self, of: &BTreeSet<usize>) -> String {
        listed(&of.iter().map(|i| self.graph.name(*i)).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dot: &str, target: &str) -> Result<Roles> {
        Roles::of(&CausalGraph::parse_dot(dot, "g.dot").unwrap(), target)
    }

    /// The roles of `y` in the graph of these edges, where variables beginning with `U` are unobserved.
    fn roles(edges: &str) -> Roles {
        let unobserved = ["U", "U1", "U2"]
            .into_iter()
            .filter(|u| edges.split(|c: char| !c.is_alphanumeric()).any(|name| name == *u));
        let unobserved = unobserved.map(|u| format!("{u} [observed=no]; ")).collect::<String>();
        of(&format!("digraph {{ {unobserved} {edges} }}"), "y").unwrap()
    }

    /// Why a variable is ignored.
    fn reason(edges: &str, name: &str) -> String {
        let ignored = roles(edges).ignored;
        ignored.into_iter().find(|(ignored, _)| ignored == name).expect(name).1
    }

    #[test]
    fn a_child_that_causes_a_child_is_a_child_and_a_parent_that_does_is_both() {
        let roles =
            roles("a -> y; a -> x1; b -> y; y -> x1 -> x2; y -> x2; c -> x2; y -> x3; far -> c; x3 -> end");
        assert_eq!(
            (roles.target.as_str(), &roles.parents[..]),
            ("y", &["a".to_string(), "b".to_string()][..])
        );
        assert_eq!(roles.children, ["x1", "x2", "x3"]);
        assert_eq!(roles.co_parents, ["a", "c"]);
        let ignored: Vec<&str> = roles.ignored.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(ignored, ["far", "end"]);
    }

    #[test]
    fn the_protein_network_of_sachs_and_others() {
        let edges = "erk -> akt; mek -> erk; pip2 -> pkc; pip3 -> {akt pip2 plc}; pka -> {akt erk jnk mek p38 raf}; \
                     pkc -> {jnk mek p38 pka raf}; plc -> {pip2 pkc}; raf -> mek";
        let roles = of(&format!("digraph {{ {edges} }}"), "pka").unwrap();
        assert_eq!(roles.parents, ["pkc"]);
        assert_eq!(roles.children, ["erk", "akt", "mek", "jnk", "p38", "raf"]);
        assert_eq!(roles.co_parents, ["pkc", "pip3"]);
        let only = "not in the Markov blanket of `pka`: a cause of `pka` only through `pkc`".to_string();
        assert_eq!(roles.ignored, [("pip2".to_string(), only.clone()), ("plc".to_string(), only)]);
    }

    #[test]
    fn reasons_say_where_a_variable_stands() {
        for (edges, name, part) in [
            ("r -> a -> y -> x", "r", "not in the Markov blanket of `y`: a cause of `y` only through `a`"),
            ("r -> a -> U -> y -> x", "r", "a cause of `y` only through `a`"),
            ("y -> x -> d; y -> e -> d", "d", "an effect of `y` only through `x`, `e`"),
            ("y -> x; c -> x; r -> c", "r", "a cause of the co-parent `c`"),
            ("a -> y -> x; a -> s", "s", "an effect of `a`, not of `y`"),
            ("y -> x; r; s", "r", "the graph has no edge to it"),
            ("y -> x; r -> s", "s", "neither a cause nor an effect of `y`"),
        ] {
            let reason = reason(edges, name);
            assert!(
                reason.ends_with(part) && reason.starts_with("not in the Markov blanket of `y`"),
                "{edges}: {reason}"
            );
        }
    }

    #[test]
    fn unobserved_variables_say_what_becomes_of_them() {
        for (edges, name, part) in [
            ("y -> x; U -> x", "U", "unobserved: a cause of `x`, which Z stands for"),
            ("U -> y -> x", "U", "unobserved: a cause of `y`, over which p(y|parents) averages"),
            (
                "y -> x; U -> {x y}",
                "U",
                "a common cause of `y` and `x`: what the graph says to be independent",
            ),
            ("y -> x; U -> U1 -> x; U -> y", "U", "a common cause of `y` and `x`"),
            ("y -> x; y -> U -> {d e}", "U", "could stand in for it: declare `d`, `e` a child"),
            ("y -> x; y -> U -> x", "U", "an effect of `y` that causes `x`, which stands in for it"),
            ("y -> {x U}", "U", "an effect of `y` that nothing observed tells of"),
            ("y -> x -> d; U -> d", "U", "unobserved: not in the Markov blanket of `y`"),
        ] {
            let reason = reason(edges, name);
            assert!(reason.contains(part), "{edges}: {reason}");
        }
    }

    #[test]
    fn what_only_the_unobserved_parts_from_the_target_can_be_declared() {
        for (edges, name, part) in [
            (
                "y -> x; y -> U1 -> U2 -> d",
                "d",
                "an effect of `y` only through what is unobserved; declare it a child",
            ),
            ("c -> U -> y -> x", "c", "a cause of `y` only through what is unobserved; declare it a parent"),
            (
                "y -> x; c -> U -> x",
                "c",
                "a cause of `x` only through what is unobserved; declare it a co-parent",
            ),
            ("y -> x; U -> {x w}", "w", "shares the unobserved cause `U` with `x`"),
            ("y -> x; U -> {y w}", "w", "shares the unobserved cause `U` with `y`"),
        ] {
            let reason = reason(edges, name);
            assert!(reason.contains(part), "{edges}: {reason}");
        }
        assert_eq!(roles("y -> x; c -> U -> x").co_parents, Vec::<String>::new());
    }

    #[test]
    fn a_target_must_be_there_observed_and_cause_something() {
        let message = |dot, target| of(dot, target).unwrap_err().to_string();
        assert!(
            message("digraph { smoker -> cough }", "smokre")
                .contains("unknown variable `smokre` (did you mean `smoker`?)")
        );
        let text = message("digraph { y [observed=no]; y -> x }", "y");
        assert!(text.contains("target `y`: is not observed"), "{text}");
        let text = message("digraph { a -> y }", "y");
        assert!(text.contains("target `y`: causes nothing in the graph, and a generative"), "{text}");
        let text = message("digraph { U [observed=no]; y -> U -> x }", "y");
        assert!(text.contains("causes nothing that is observed (but `U`)"), "{text}");
    }
}
