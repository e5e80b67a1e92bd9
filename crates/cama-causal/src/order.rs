//! Orders, cycles and reach in a directed graph given as adjacency lists.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// The most nodes of a cycle that a message names.
const MOST_NAMED: usize = 12;

/// Every node after its parents, the first that can come next first; or else a cycle, whose last node is its first.
pub(super) fn order(parents: &[Vec<usize>], children: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waits_for: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut ready: BinaryHeap<_> = (0..parents.len()).filter(|i| waits_for[*i] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(parents.len());
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        for child in &children[next] {
            waits_for[*child] -= 1;
            if waits_for[*child] == 0 {
                ready.push(Reverse(*child));
            }
        }
    }
    if order.len() == parents.len() { Ok(order) } else { Err(cycle(parents, &waits_for)) }
}

/// A cycle among the nodes that wait for a parent for ever, beginning at its first node.
fn cycle(parents: &[Vec<usize>], waits_for: &[usize]) -> Vec<usize> {
    let mut visited_at = vec![None; parents.len()];
    let mut path = Vec::new();
    // Each node that waits has a parent that waits, so that going from parent to parent comes back in the end.
    let mut next = waits_for.iter().position(|waits| *waits > 0);
    while let Some(at) = next {
        if let Some(start) = visited_at[at] {
            path.drain(..start);
            break;
        }
        visited_at[at] = Some(path.len());
        path.push(at);
        next = parents[at].iter().copied().find(|parent| waits_for[*parent] > 0);
    }
    path.reverse();
    let first = path.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
    path.rotate_left(first);
    path.extend(path.first().copied());
    path
}

/// The nodes of a cycle, of a long one only those at its ends, with none between.
pub(super) fn abridged(cycle: &[usize]) -> Vec<Option<usize>> {
    if cycle.len() <= MOST_NAMED {
        return cycle.iter().copied().map(Some).collect();
    }
    let (begin, end) = (&cycle[..MOST_NAMED / 2], &cycle[cycle.len() - MOST_NAMED / 2..]);
    let named = |nodes: &[usize]| nodes.iter().copied().map(Some).collect::<Vec<_>>();
    [named(begin), vec![None], named(end)].concat()
}

/// The nodes that edges lead to from `start`, itself excluded, going on only from nodes that let one `through`.
pub(super) fn reached(start: usize, next: &[Vec<usize>], through: impl Fn(usize) -> bool) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut left = vec![start];
    while let Some(at) = left.pop() {
        for to in &next[at] {
            if found.insert(*to) && through(*to) {
                left.push(*to);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parents and the children of each of `n` nodes.
    fn lists(n: usize, edges: &[(usize, usize)]) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let (mut parents, mut children) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        for (from, to) in edges {
            parents[*to].push(*from);
            children[*from].push(*to);
        }
        (parents, children)
    }

    fn ordered(n: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
        let (parents, children) = lists(n, edges);
        order(&parents, &children)
    }

    #[test]
    fn causes_come_first_and_the_graphs_order_decides_the_rest() {
        assert_eq!(ordered(4, &[]), Ok(vec![0, 1, 2, 3]));
        assert_eq!(ordered(4, &[(3, 0), (3, 1)]), Ok(vec![2, 3, 0, 1]));
        assert_eq!(ordered(4, &[(3, 2), (2, 1), (1, 0)]), Ok(vec![3, 2, 1, 0]));
    }

    #[test]
    fn a_cycle_is_found_whatever_hangs_on_it() {
        assert_eq!(ordered(1, &[(0, 0)]), Err(vec![0, 0]));
        assert_eq!(ordered(5, &[(4, 2), (2, 3), (3, 1), (1, 2), (3, 0)]), Err(vec![1, 2, 3, 1]));
        let ring: Vec<(usize, usize)> = (0..5000).map(|i| (i, (i + 1) % 5000)).collect();
        let cycle = ordered(5000, &ring).unwrap_err();
        assert_eq!((cycle.len(), cycle[0], cycle[5000]), (5001, 0, 0));
        assert_eq!(abridged(&cycle).len(), 13);
    }

    #[test]
    fn reach_stops_where_nothing_goes_through() {
        let (_, children) = lists(5, &[(0, 1), (1, 2), (2, 3), (0, 4), (4, 3)]);
        assert_eq!(reached(0, &children, |_| true), BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(reached(0, &children, |i| i == 4), BTreeSet::from([1, 3, 4]));
        assert_eq!(reached(3, &children, |_| true), BTreeSet::new());
    }
}
