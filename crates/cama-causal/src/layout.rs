//! Where the variables of a graph are drawn: in layers, causes above effects, with few crossings.
//!
//! The steps of K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures",
//! IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981: layers, order by barycentres, positions.

/// Space between what stands side by side.
const GAP: f64 = 22.0;
/// The width that an edge takes where it passes a layer.
const EDGE_WIDTH: f64 = 8.0;
/// Sweeps over the layers, half of them downwards.
const SWEEPS: usize = 24;
/// With more places than this where edges pass layers, edges are drawn straight: nobody could follow them anyway.
const MOST_BENDS: usize = 20_000;

/// Positions in layers.
pub(super) struct Layout {
    /// For each variable its layer and the middle of its place in it.
    pub(super) at: Vec<(usize, f64)>,
    /// For each edge the layers that it passes, with its place in each.
    pub(super) bends: Vec<Vec<(usize, f64)>>,
    pub(super) layers: usize,
    pub(super) width: f64,
}

/// Lays out variables of these widths; `order` has every cause before its effects.
pub(super) fn layout(widths: &[f64], edges: &[(usize, usize)], order: &[usize]) -> Layout {
    let layer = layers(widths.len(), edges, order);
    let count = layer.iter().max().map_or(0, |last| last + 1);
    let mut cells = Cells {
        widths: widths.to_vec(),
        layers: vec![Vec::new(); count],
        above: vec![Vec::new(); widths.len()],
        below: vec![Vec::new(); widths.len()],
    };
    order.iter().for_each(|i| cells.layers[layer[*i]].push(*i));
    let spans: usize = edges.iter().map(|(from, to)| layer[*to] - layer[*from] - 1).sum();
    let passed: Vec<Vec<usize>> = edges
        .iter()
        .map(|(from, to)| {
            let mut path = vec![*from];
            if spans <= MOST_BENDS {
                path.extend((layer[*from] + 1..layer[*to]).map(|layer| cells.pass(layer)));
            }
            path.push(*to);
            path.windows(2).for_each(|pair| cells.join(pair[0], pair[1]));
            path[1..path.len() - 1].to_vec()
        })
        .collect();
    cells.reorder();
    let x = cells.positions();
    let bends = edges.iter().zip(passed).map(|((from, _), cells)| {
        cells.into_iter().enumerate().map(|(i, cell)| (layer[*from] + 1 + i, x[cell])).collect()
    });
    let right = x.iter().zip(&cells.widths).map(|(x, width)| x + width / 2.0).fold(0.0, f64::max);
    Layout {
        bends: bends.collect(),
        at: layer.iter().copied().zip(x.iter().copied()).collect(),
        layers: count,
        width: right,
    }
}

/// The layer of each variable: below its causes, with no more than so many in one; what has neither causes nor
/// effects comes last.
fn layers(count: usize, edges: &[(usize, usize)], order: &[usize]) -> Vec<usize> {
    let most = ((1.5 * (count as f64).sqrt()).ceil() as usize).max(6);
    let (mut causes, mut effects) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (from, to) in edges {
        causes[*to].push(*from);
        effects[*from].push(*to);
    }
    let mut layer = vec![0; count];
    let mut taken: Vec<usize> = Vec::new();
    let mut place = |i: usize, from: usize, layer: &mut Vec<usize>| {
        let free = (from..).find(|l| taken.get(*l).is_none_or(|n| *n < most)).unwrap_or(from);
        taken.resize(taken.len().max(free + 1), 0);
        taken[free] += 1;
        layer[i] = free;
    };
    let is_alone = |i: &usize| causes[*i].is_empty() && effects[*i].is_empty();
    for i in order.iter().filter(|i| !is_alone(i)) {
        let from = causes[*i].iter().map(|cause| layer[*cause] + 1).max().unwrap_or(0);
        place(*i, from, &mut layer);
    }
    // A first cause stands right above its effects.
    for i in order.iter().rev().filter(|i| causes[**i].is_empty()) {
        layer[*i] = effects[*i].iter().map(|effect| layer[*effect] - 1).min().unwrap_or(layer[*i]);
    }
    let used = layer.iter().enumerate().filter(|(i, _)| !is_alone(i)).map(|(_, l)| l + 1).max().unwrap_or(0);
    order.iter().filter(|i| is_alone(i)).enumerate().for_each(|(n, i)| layer[*i] = used + n / most);
    layer
}

/// All that takes a place in a layer: variables first, then edges where they pass one.
struct Cells {
    widths: Vec<f64>,
    /// The cells of each layer from left to right.
    layers: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Cells {
    /// Makes a cell for an edge that passes `layer`.
    fn pass(&mut self, layer: usize) -> usize {
        self.widths.push(EDGE_WIDTH);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        self.layers[layer].push(self.widths.len() - 1);
        self.widths.len() - 1
    }

    fn join(&mut self, upper: usize, lower: usize) {
        self.below[upper].push(lower);
        self.above[lower].push(upper);
    }

    /// Orders the cells of each layer by the mean place of their neighbours; keeps the order with fewest crossings.
    fn reorder(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let mut place = self.places();
            for step in 0..self.layers.len() {
                let at = if down { step } else { self.layers.len() - 1 - step };
                let neighbours = if down { &self.above } else { &self.below };
                let mean = |cell: &usize| match neighbours[*cell].len() {
                    0 => place[*cell],
                    many => neighbours[*cell].iter().map(|other| place[*other]).sum::<f64>() / many as f64,
                };
                let mut keyed: Vec<(f64, usize)> =
                    self.layers[at].iter().map(|cell| (mean(cell), *cell)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.layers[at] = keyed.into_iter().map(|(_, cell)| cell).collect();
                spread(&self.layers[at], &mut place);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    /// The place of each cell in its layer, from 0 to 1.
    fn places(&self) -> Vec<f64> {
        let mut place = vec![0.0; self.widths.len()];
        self.layers.iter().for_each(|cells| spread(cells, &mut place));
        place
    }

    /// How many pairs of edges cross between neighbouring layers.
    fn crossings(&self) -> usize {
        let mut rank = vec![0; self.widths.len()];
        for cells in &self.layers {
            cells.iter().enumerate().for_each(|(i, cell)| rank[*cell] = i);
        }
        let mut crossings = 0;
        for cells in &self.layers {
            // An edge crosses those that begin to the left of it and end to the right: a Fenwick tree counts them.
            let most =
                cells.iter().flat_map(|cell| &self.below[*cell]).map(|cell| rank[*cell]).max().unwrap_or(0);
            let (mut tree, mut before) = (vec![0_usize; most + 2], 0);
            for cell in cells {
                let mut ends: Vec<usize> = self.below[*cell].iter().map(|cell| rank[*cell]).collect();
                ends.sort_unstable();
                for end in &ends {
                    let mut i = end + 1;
                    let mut not_right = 0;
                    while i > 0 {
                        not_right += tree[i];
                        i &= i - 1;
                    }
                    crossings += before - not_right;
                }
                for end in &ends {
                    let mut i = end + 1;
                    while i < tree.len() {
                        tree[i] += 1;
                        i += i & i.wrapping_neg();
                    }
                }
                before += ends.len();
            }
        }
        crossings
    }

    /// The middle of each cell: near the mean of its neighbours, as far as those beside it let it.
    fn positions(&self) -> Vec<f64> {
        let mut x = vec![0.0; self.widths.len()];
        self.layers.iter().for_each(|cells| self.settle(cells, &mut x, |_, _| (0.0, 1.0)));
        for sweep in 0..SWEEPS {
            let sides: [Option<&Vec<Vec<usize>>>; 2] = match sweep + 2 {
                last if last >= SWEEPS => [Some(&self.above), Some(&self.below)],
                even if even % 2 == 0 => [Some(&self.above), None],
                _ => [Some(&self.below), None],
            };
            let middle = x.iter().sum::<f64>() / x.len().max(1) as f64;
            for step in 0..self.layers.len() {
                let at = if sweep % 2 == 0 { step } else { self.layers.len() - 1 - step };
                self.settle(&self.layers[at], &mut x, |cell, x| {
                    let near = sides.iter().flatten().flat_map(|side| &side[cell]);
                    let (sum, count) =
                        near.fold((0.0, 0.0), |(sum, count), other| (sum + x[*other], count + 1.0));
                    // Edges are to pass straight; what has no neighbours stays if it can.
                    let weight = if self.widths[cell] == EDGE_WIDTH { 8.0 } else { 1.0 };
                    match count > 0.0 {
                        true => (sum / count, weight),
                        false if self.above[cell].is_empty() && self.below[cell].is_empty() => (middle, 0.1),
                        false => (x[cell], 0.1),
                    }
                });
            }
        }
        let left = x.iter().zip(&self.widths).map(|(x, width)| x - width / 2.0).fold(f64::INFINITY, f64::min);
        x.iter().map(|x| x - left).collect()
    }

    /// Moves the cells of a layer as near to where they want to be, (place, weight), as their order and widths
    /// allow: the weighted least squares of isotonic regression, by pooling adjacent violators.
    fn settle(&self, cells: &[usize], x: &mut [f64], wanted: impl Fn(usize, &[f64]) -> (f64, f64)) {
        let mut offsets = Vec::with_capacity(cells.len());
        let mut offset = 0.0;
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                offset += (self.widths[cells[i - 1]] + self.widths[*cell]) / 2.0 + GAP;
            }
            offsets.push(offset);
        }
        // Blocks of cells that touch each other: mean, weight, how many.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for (cell, offset) in cells.iter().zip(&offsets) {
            let (place, weight) = wanted(*cell, x);
            let mut block = (place - offset, weight, 1);
            while let Some(last) = blocks.pop_if(|last| last.0 >= block.0) {
                let weight = last.1 + block.1;
                block = ((last.0 * last.1 + block.0 * block.1) / weight, weight, last.2 + block.2);
            }
            blocks.push(block);
        }
        let places = blocks.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, count));
        for ((cell, offset), place) in cells.iter().zip(&offsets).zip(places) {
            x[*cell] = place + offset;
        }
    }
}

/// Sets the places of the cells of a layer, in their order, from 0 to 1.
fn spread(cells: &[usize], place: &mut [f64]) {
    cells.iter().enumerate().for_each(|(i, cell)| place[*cell] = (i as f64 + 0.5) / cells.len() as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_above_and_nothing_overlaps() {
        // 0 causes 2..=19; 1 causes some of them, 2 the last; 20 stands alone.
        let mut edges: Vec<(usize, usize)> = (2..20).map(|i| (0, i)).collect();
        edges.extend([(1, 5), (1, 19), (1, 2), (2, 19)]);
        let widths = vec![50.0; 21];
        let placed = layout(&widths, &edges, &(0..21).collect::<Vec<_>>());
        for (i, (from, to)) in edges.iter().enumerate() {
            assert!(placed.at[*from].0 < placed.at[*to].0, "{from} -> {to}");
            let passed: Vec<usize> = placed.bends[i].iter().map(|(layer, _)| *layer).collect();
            assert_eq!(passed, (placed.at[*from].0 + 1..placed.at[*to].0).collect::<Vec<_>>());
        }
        let bends = placed.bends.iter().flatten().map(|(layer, x)| (*layer, *x, EDGE_WIDTH));
        let mut all: Vec<(usize, f64, f64)> =
            placed.at.iter().map(|(layer, x)| (*layer, *x, 50.0)).chain(bends).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for pair in all.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let apart = pair[1].1 - pair[0].1 - (pair[0].2 + pair[1].2) / 2.0;
            assert!(apart > GAP - 1e-6, "{pair:?}");
        }
        assert!(
            all.iter().all(|(_, x, width)| x - width / 2.0 > -1e-6 && x + width / 2.0 < placed.width + 1e-6)
        );
        assert_eq!(placed.at[20].0, placed.layers - 1);
    }

    #[test]
    fn crossings_are_counted_and_avoided() {
        let joined = |edges: &[(usize, usize)]| {
            let mut cells = Cells {
                widths: vec![10.0; 6],
                layers: vec![vec![0, 1, 2], vec![3, 4, 5]],
                above: vec![Vec::new(); 6],
                below: vec![Vec::new(); 6],
            };
            edges.iter().for_each(|(from, to)| cells.join(*from, *to));
            cells
        };
        let mut cells = joined(&[(0, 5), (1, 4), (2, 3)]);
        assert_eq!(cells.crossings(), 3);
        cells.reorder();
        assert_eq!(cells.crossings(), 0);
        let both = joined(&[(0, 3), (0, 4), (1, 3), (1, 4), (1, 5)]);
        assert_eq!(both.crossings(), 1);
    }

    #[test]
    fn very_many_edges_are_drawn_straight() {
        let edges: Vec<(usize, usize)> = (0..80).flat_map(|i| (i + 1..80).map(move |j| (i, j))).collect();
        let placed = layout(&[40.0; 80], &edges, &(0..80).collect::<Vec<_>>());
        assert!(placed.bends.iter().all(Vec::is_empty));
        assert_eq!(placed.layers, 80);
    }
}
