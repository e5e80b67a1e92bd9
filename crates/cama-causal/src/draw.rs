//! A causal graph as a picture, coloured by the role of each variable.

use std::fmt::Write;

use maud::{Markup, html};

use super::graph::CausalGraph;
use super::layout::{Layout, layout};
use super::roles::Roles;

const NODE_HEIGHT: f64 = 34.0;
/// From one layer to the next.
const LAYER_HEIGHT: f64 = 92.0;
const MARGIN: f64 = 28.0;
const LEGEND_LINE: f64 = 26.0;
/// The widest that a character of the font is taken to be, and a wide one of East Asian scripts.
const CHARACTER: f64 = 8.0;
const WIDE_CHARACTER: f64 = 15.0;
/// Longer names are cut in the picture; the whole one shows where the pointer rests.
const LONGEST_NAME: usize = 28;

/// What a variable is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Target,
    Parent,
    Both,
    Child,
    CoParent,
    Ignored,
    Unobserved,
}

impl Look {
    const ALL: [Look; 7] = [
        Look::Parent,
        Look::Both,
        Look::Target,
        Look::Child,
        Look::CoParent,
        Look::Unobserved,
        Look::Ignored,
    ];

    fn of(name: &str, observed: bool, roles: &Roles) -> Look {
        let is_in = |names: &[String]| names.iter().any(|other| other == name);
        match (is_in(&roles.parents), is_in(&roles.children), is_in(&roles.co_parents)) {
            _ if name == roles.target => Look::Target,
            (_, true, _) => Look::Child,
            (true, _, true) => Look::Both,
            (true, _, _) => Look::Parent,
            (_, _, true) => Look::CoParent,
            _ if observed => Look::Ignored,
            _ => Look::Unobserved,
        }
    }

    /// The class of its style, and what the legend calls it.
    fn described(self) -> (&'static str, &'static str) {
        match self {
            Look::Target => ("target", "Y, the target"),
            Look::Parent => ("parent", "A, its causes (parents)"),
            Look::Both => ("both", "A and C, causes of Y and of its effects"),
            Look::Child => ("child", "X, its effects (children)"),
            Look::CoParent => ("co-parent", "C, other causes of its effects (co-parents)"),
            Look::Unobserved => ("unobserved", "not observed"),
            Look::Ignored => ("ignored", "not used"),
        }
    }
}

/// The colours are those of M. Okabe and K. Ito, "Color Universal Design", 2008, told apart by the colour-blind too.
const STYLE: &str = "\
text{font:14px system-ui,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;fill:#000}\
.node text{text-anchor:middle}rect.shape{stroke:#333;stroke-width:1.2}\
path.edge{fill:none;stroke:#444;stroke-width:1.4}path.faded{stroke:#bbb}path.dashed{stroke-dasharray:5 4}\
.target .shape{fill:#e69f00;stroke-width:2.6}.parent .shape{fill:#56b4e9}.child .shape{fill:#009e73}\
.co-parent .shape{fill:#cc79a7}.both .shape{fill:url(#both)}\
.unobserved .shape{fill:#fff;stroke:#777;stroke-dasharray:5 4}.unobserved text{fill:#555;font-style:italic}\
.ignored .shape{fill:#f4f4f4;stroke:#bbb}.ignored text{fill:#757575}";

/// Draws the graph as a self-contained SVG: causes above effects, every variable in the colour of its role, the
/// unobserved dashed, what is not used faded, with a legend. The same graph and roles give the same text.
///
/// A column that has a role but is not in the graph stands alone below it.
pub fn svg(graph: &CausalGraph, roles: &Roles) -> String {
    let (names, looks) = drawn(graph, roles);
    let widths: Vec<f64> = names.iter().map(|name| width(&shortened(name)) + 28.0).collect();
    let edges: Vec<(usize, usize)> = graph.edge_ids().to_vec();
    let order: Vec<usize> = graph.order().iter().copied().chain(graph.len()..names.len()).collect();
    let placed = layout(&widths, &edges, &order);

    let legend: Vec<Look> = Look::ALL.into_iter().filter(|look| looks.contains(look)).collect();
    let legend_width = legend.iter().map(|look| width(look.described().1) + 44.0).fold(0.0, f64::max);
    let legend_top = MARGIN + placed.layers as f64 * LAYER_HEIGHT - (LAYER_HEIGHT - NODE_HEIGHT) + 36.0;
    let (page_width, page_height) = (
        placed.width.max(legend_width) + 2.0 * MARGIN,
        legend_top + legend.len() as f64 * LEGEND_LINE + MARGIN - 8.0,
    );
    let left = MARGIN + (legend_width - placed.width).max(0.0) / 2.0;

    let page = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format_args!("0 0 {page_width:.0} {page_height:.0}"))
            width=(format_args!("{page_width:.0}")) height=(format_args!("{page_height:.0}")) role="img" {
            "\n" title { "Causal graph with the roles for " (clean(&roles.target)) }
            "\n" style { (STYLE) }
            "\n" defs { "\n" (definitions()) }
            "\n" rect width="100%" height="100%" fill="#fff" {}
            "\n"
            @for edge in drawn_edges(&edges, &widths, &looks, &placed, left) { (edge) "\n" }
            @for (i, name) in names.iter().enumerate() {
                @let (layer, x) = placed.at[i];
                @let reason = roles.ignored.iter().find(|(ignored, _)| ignored == name).map(|(_, reason)| &reason[..]);
                (node(name, looks[i], (left + x, MARGIN + layer as f64 * LAYER_HEIGHT), widths[i], reason)) "\n"
            }
            @for (i, look) in legend.iter().enumerate() {
                (legend_line(*look, legend_top + i as f64 * LEGEND_LINE)) "\n"
            }
        }
        "\n"
    };
    // XML's short form of an element that holds nothing; in a text, `>` is escaped.
    ["path", "rect", "stop"]
        .iter()
        .fold(page.into_string(), |svg, element| svg.replace(&format!("></{element}>"), "/>"))
}

/// What is drawn: the graph's variables and, behind them, columns that only the roles name.
fn drawn(graph: &CausalGraph, roles: &Roles) -> (Vec<String>, Vec<Look>) {
    let mut names: Vec<String> = graph.nodes().map(str::to_string).collect();
    for name in roles.each().into_iter().flat_map(|(_, names)| names) {
        if graph.find(name).is_err() && !names.contains(name) {
            names.push(name.clone());
        }
    }
    let observed = |i: usize| i >= graph.len() || graph.observed(i);
    let looks = names.iter().enumerate().map(|(i, name)| Look::of(name, observed(i), roles)).collect();
    (names, looks)
}

/// Arrowheads, and the two colours of what is a parent and a co-parent.
fn definitions() -> Markup {
    html! {
        @for (id, colour) in [("arrow", "#444"), ("faded-arrow", "#bbb")] {
            marker id=(id) viewBox="0 0 10 8" refX="9" refY="4" markerWidth="10" markerHeight="8"
                markerUnits="userSpaceOnUse" orient="auto" { path d="M0 0L10 4L0 8Z" fill=(colour) {} }
            "\n"
        }
        linearGradient id="both" {
            stop offset="50%" stop-color="#56b4e9" {}
            stop offset="50%" stop-color="#cc79a7" {}
        }
        "\n"
    }
}

/// The edges, of a layout that begins at `left`.
fn drawn_edges(
    edges: &[(usize, usize)],
    widths: &[f64],
    looks: &[Look],
    placed: &Layout,
    left: f64,
) -> Vec<Markup> {
    let starts = ends(edges, widths, placed, true);
    let stops = ends(edges, widths, placed, false);
    let top = |layer: usize| MARGIN + layer as f64 * LAYER_HEIGHT;
    let drawn = |(i, (from, to)): (usize, &(usize, usize))| {
        let (from_layer, to_layer) = (placed.at[*from].0, placed.at[*to].0);
        let mut at = (left + starts[i], top(from_layer) + NODE_HEIGHT);
        let mut path = format!("M{:.1} {:.1}", at.0, at.1);
        // Upright beside the variables of the layers that it passes, bent between the layers.
        let passes = placed.bends[i].iter().map(|(layer, x)| (left + x, top(*layer), NODE_HEIGHT));
        for (x, y, upright) in passes.chain([(left + stops[i], top(to_layer), 0.0)]) {
            let bend = (y - at.1) * 0.5;
            let _ = write!(path, "C{:.1} {:.1} {x:.1} {:.1} {x:.1} {y:.1}", at.0, at.1 + bend, y - bend);
            if upright > 0.0 {
                let _ = write!(path, "V{:.1}", y + upright);
            }
            at = (x, y + upright);
        }
        let faded = [from, to].iter().any(|end| looks[**end] == Look::Ignored);
        let dashed = [from, to].iter().any(|end| looks[**end] == Look::Unobserved);
        let marker = if faded { "url(#faded-arrow)" } else { "url(#arrow)" };
        html! { path.edge.faded[faded].dashed[dashed] marker-end=(marker) d=(path) {} }
    };
    edges.iter().enumerate().map(drawn).collect()
}

fn node(name: &str, look: Look, (x, top): (f64, f64), width: f64, reason: Option<&str>) -> Markup {
    let (class, described) = look.described();
    html! {
        g class={ "node " (class) } {
            title { (clean(name)) ": " (clean(reason.unwrap_or(described))) }
            rect.shape x=(format_args!("{:.1}", x - width / 2.0)) y=(format_args!("{top:.1}"))
                width=(format_args!("{width:.1}")) height=(NODE_HEIGHT) rx="8" {}
            text x=(format_args!("{x:.1}")) y=(format_args!("{:.1}", top + NODE_HEIGHT / 2.0 + 5.0)) {
                (clean(&shortened(name)))
            }
        }
    }
}

fn legend_line(look: Look, top: f64) -> Markup {
    let (class, described) = look.described();
    html! {
        g class=(class) {
            rect.shape x=(MARGIN) y=(format_args!("{top:.1}")) width="30" height="17" rx="4" {}
            text x=(MARGIN + 42.0) y=(format_args!("{:.1}", top + 13.5)) { (described) }
        }
    }
}

/// Where each edge leaves its cause, or meets its effect: side by side, in the order in which they go on.
fn ends(edges: &[(usize, usize)], widths: &[f64], placed: &Layout, leaving: bool) -> Vec<f64> {
    let mut of_node: Vec<Vec<usize>> = vec![Vec::new(); widths.len()];
    for (i, (from, to)) in edges.iter().enumerate() {
        of_node[if leaving { *from } else { *to }].push(i);
    }
    let next = |i: usize| {
        let bends = &placed.bends[i];
        let bend = if leaving { bends.first() } else { bends.last() };
        bend.map_or(placed.at[if leaving { edges[i].1 } else { edges[i].0 }].1, |(_, x)| *x)
    };
    let mut x = vec![0.0; edges.len()];
    for (node, mut here) in of_node.into_iter().enumerate() {
        here.sort_by(|a, b| next(*a).total_cmp(&next(*b)));
        let room = widths[node] - 24.0;
        let step = (room / here.len() as f64).min(14.0);
        let first = placed.at[node].1 - step * (here.len() as f64 - 1.0) / 2.0;
        here.iter().enumerate().for_each(|(n, edge)| x[*edge] = first + step * n as f64);
    }
    x
}

/// How wide a text is at most.
fn width(text: &str) -> f64 {
    text.chars().map(|c| if c >= '\u{1100}' { WIDE_CHARACTER } else { CHARACTER }).sum()
}

fn shortened(name: &str) -> String {
    match name.chars().count() > LONGEST_NAME {
        true => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        false => name.to_string(),
    }
}

/// The text without the characters that XML does not have.
fn clean(text: &str) -> String {
    let cleaned = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    };
    text.chars().map(cleaned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn_from(dot: &str) -> String {
        let graph = CausalGraph::parse_dot(dot, "g.dot").unwrap();
        let roles = Roles::of(&graph, "y").unwrap();
        svg(&graph, &roles)
    }

    #[test]
    fn every_variable_has_the_look_of_its_role() {
        let text =
            drawn_from("digraph { U [observed=no]; U -> x; a -> y -> x; b -> {y x}; c -> x; far -> c }");
        for (name, class) in [
            ("y", "target"),
            ("a", "parent"),
            ("b", "both"),
            ("c", "co-parent"),
            ("x", "child"),
            ("U", "unobserved"),
            ("far", "ignored"),
        ] {
            assert!(text.contains(&format!("<g class=\"node {class}\"><title>{name}: ")), "{name}: {text}");
        }
        assert_eq!(text.matches("<path class=\"edge").count(), 7);
        assert_eq!(text.matches("class=\"edge dashed\"").count(), 1);
        assert_eq!(text.matches("class=\"edge faded\"").count(), 1);
        assert_eq!(text.matches("<text").count(), 7 + 7, "a name for each variable and a line for each look");
        assert!(text.contains("a cause of `x`, which Z stands for"), "{text}");
    }

    #[test]
    fn names_cannot_break_the_picture() {
        let long = "n".repeat(200);
        let text = drawn_from(&format!("digraph {{ y -> \"<b>&\u{1}\"; y -> {long} }}"));
        assert!(text.contains(">&lt;b&gt;&amp;\u{fffd}</text>") && !text.contains("<b>"), "{text}");
        assert!(text.contains(&format!(">{}…</text>", "n".repeat(27))), "{text}");
    }

    #[test]
    fn the_picture_of_the_documentation_is_what_is_drawn() {
        let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |name: &str| std::fs::read_to_string(project.join(name)).unwrap();
        let graph = CausalGraph::parse_dot(&read("data/sachs/sachs.dot"), "sachs.dot").unwrap();
        let roles = Roles::of(&graph, "pka").unwrap();
        assert_eq!(svg(&graph, &roles), read("docs/sachs.svg"));
    }

    #[test]
    fn the_same_graph_gives_the_same_picture() {
        let dot = "digraph { y -> {x1 x2 x3}; c -> {x1 x3}; r; s }";
        assert_eq!(drawn_from(dot), drawn_from(dot));
        let graph = CausalGraph::parse_dot(dot, "g.dot").unwrap();
        let roles = Roles::of(&graph, "y").unwrap().with("new", Some(super::super::Role::Child)).unwrap();
        assert!(svg(&graph, &roles).contains("<g class=\"node child\"><title>new: "));
    }
}
