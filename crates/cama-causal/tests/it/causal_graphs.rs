//! Causal graphs as other tools write them, what is refused of them, and text that is none.

use std::fs;
use std::path::Path;

use cama_causal::{CausalGraph, Roles};
use proptest::prelude::*;

fn dot(text: &str) -> CausalGraph {
    CausalGraph::parse_dot(text, "g.dot").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn gml(text: &str) -> CausalGraph {
    CausalGraph::parse_gml(text, "g.gml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn edges(graph: &CausalGraph) -> Vec<String> {
    graph.edges().map(|(from, to)| format!("{from}>{to}")).collect()
}

fn unobserved(graph: &CausalGraph) -> Vec<&str> {
    graph.nodes().filter(|name| !graph.is_observed(name).unwrap()).collect()
}

#[test]
fn dot_of_networkx() {
    let graph = dot("strict digraph  {\nU [label=\"Unobserved Confounders\", observed=no];\n\"a b\";\n3;\n\
                     L [observed=False, latent=True];\n\"blood-pressure\";\nU -> X  [key=0];\n\"a b\" -> X;\n\
                     3 -> \"blood-pressure\"  [weight=\"-0.5\"];\n\"graph\" -> X;\n}\n");
    assert_eq!(graph.nodes().collect::<Vec<_>>(), ["U", "a b", "3", "L", "blood-pressure", "X", "graph"]);
    assert_eq!(edges(&graph), ["U>X", "a b>X", "3>blood-pressure", "graph>X"]);
    assert_eq!(unobserved(&graph), ["U", "L"]);
}

#[test]
fn dot_of_dowhy() {
    let graph = dot("digraph {v0 -> y; W0-> v0; W0-> y;U[label=\"Unobserved Confounders\"]; U->v0;U->y;}");
    assert_eq!(edges(&graph), ["v0>y", "W0>v0", "W0>y", "U>v0", "U>y"]);
    assert_eq!(unobserved(&graph), ["U"]);
}

#[test]
fn dot_as_graphviz_has_it() {
    let graph = dot(
        "/* a\n digraph { */\n# 1 \"x.gv\"\ndigraph \"the \\\"graph\\\"\" {\n  // no { here\n  rankdir = LR; \
                     graph [label=<a <b>bold</b> one>]\n  node [shape=box, style=\"filled\"] edge [color=red];\n  \
                     a:n -> b:port:sw -> c [label=\"x\", weight=2.5]\n  a -> {d; e f} -> g\n  \
                     subgraph cluster_0 { node [observed=no]; label=\"latent\"; U1 U2 -> a }\n  {U1 h} -> i; \
                     \"long \" + \"name\" [label=<<i>x</i>>]; größe -> x.1 }",
    );
    assert_eq!(
        edges(&graph),
        ["a>b", "b>c", "a>d", "a>e", "a>f", "d>g", "e>g", "f>g", "U2>a", "U1>i", "h>i", "größe>x.1"]
    );
    assert_eq!(unobserved(&graph), ["U1", "U2"]);
    assert!(graph.nodes().any(|name| name == "long name"));
}

#[test]
fn dot_of_causal_discovery_may_say_where_arrows_are() {
    let graph = dot("digraph { a -> b [arrowhead=normal, arrowtail=none, dir=both]; c -> b [dir=forward] }");
    assert_eq!(edges(&graph), ["a>b", "c>b"]);
    for (attributes, part) in [
        ("dir=both", "`a -> b` is drawn with an arrow at both ends"),
        ("dir=both, arrowhead=none, arrowtail=none", "without an arrow"),
        ("dir=none", "without an arrow"),
        ("dir=back", "from right to left"),
    ] {
        let message = refused(&format!("digraph {{ a -> b [{attributes}] }}"));
        assert!(message.contains(part) && message.contains("line 1, column"), "{message}");
    }
}

#[test]
fn text_of_dagitty() {
    let graph = dot("dag {\nbb=\"-2.3,-2.6,2.4,2.5\"\nA [pos=\"-2.2,-1.5\"]\nD [outcome,pos=\"1.4,1.2\"]\n\
                     E [exposure,pos=\"-2.2,1.6\"]\nZ [adjusted,pos=\"-0.3,-0.1\"]\n\"U 1\" [latent,pos=\"0,0\"]\n\
                     A -> E\nA -> Z [pos=\"-0.7,-0.8\"]\nD <- Z <- \"U 1\"\nE -> D\n{A Z} -> B\n}\n");
    assert_eq!(edges(&graph), ["A>E", "A>Z", "Z>D", "U 1>Z", "E>D", "A>B", "Z>B"]);
    assert_eq!(unobserved(&graph), ["U 1"]);
}

#[test]
fn gml_of_networkx() {
    let graph = gml(
        "# made by hand\nCreator \"a [bracket\"\ngraph [\n  directed 1\n  multigraph 1\n  name \"x\"\n  node [\n    id 0\n    \
                     label \"&#233;&#34;t&#233;\"\n    observed \"no\"\n    graphics [ x 1.5 fill \"]\" [ y -2E3 ] ]\n  ]\n  \
                     node [\n    id 1\n    label \"R&amp;D\"\n  ]\n  node [\n    id 2\n    label \"lat\"\n    latent 1\n  ]\n  edge [\n    source 0\n    target 1\n    weight 0.5\n    \
                     key 0\n  ]\n]\n",
    );
    assert_eq!(edges(&graph), ["é\"té>R&D"]);
    assert_eq!(unobserved(&graph), ["é\"té", "lat"]);
}

#[test]
fn gml_of_dowhy() {
    let graph = gml(
        "graph[directed 1node[ id \"v0\" label \"v0\"]node[ id \"Unobserved Confounders\" label \"Unobserved \
                     Confounders\"]edge[source \"v0\" target \"y\"]edge[source \"Unobserved Confounders\" target \"y\"]\
                     node[ id \"y\"]]",
    );
    assert_eq!(edges(&graph), ["v0>y", "Unobserved Confounders>y"]);
    assert_eq!(unobserved(&graph), ["Unobserved Confounders"]);
}

fn refused(text: &str) -> String {
    CausalGraph::parse_dot(text, "g.dot").expect_err(text).to_string()
}

#[test]
fn dot_that_says_no_causes_is_refused_with_its_place() {
    for (text, part) in [
        ("graph {\n a -- b\n}", "line 1, column 1: `graph` is undirected, so `a -- b` has no cause"),
        ("graph { a; b }", "`graph` is undirected"),
        ("digraph {\n a -- b\n}", "line 2, column 4: `a -- b` is undirected"),
        (
            "digraph { a -> c; a -- b -- c; b <-> d }",
            "3 edges do not say what causes what: a – b, b – c, b – d; write each",
        ),
        (
            "dag { A <-> B }",
            "`A <-> B` points both ways; write it as an unobserved common cause: `U [observed=\"no\"]",
        ),
        ("digraph { a -> b; b -> c; c -> a }", "g.dot: the graph has a cycle: a -> b -> c -> a"),
        ("digraph { a -> a }", "a cycle: a -> a"),
        ("digraph { }", "the graph has no variables"),
        ("", "line 1, column 1: expected `digraph` or `dag`, found the end of the text"),
        ("pdag { a -- b b -> c }", "`a -- b` is undirected"),
        ("bdag { a }", "expected `digraph` or `dag`, found `bdag`"),
        ("digraph {\n a -> ;\n}", "line 2, column 7: expected a name after `->`"),
        ("digraph { -> a }", "line 1, column 11: expected a name before `->`"),
        ("digraph { a -> -> b }", "expected a name before `->`"),
        ("digraph { a -> b", "the text ends before the graph does: expected `}`"),
        ("digraph { a [x=] }", "expected a value, found `]`"),
        ("digraph { a [observed=perhaps] }", "line 1, column 14: observed = `perhaps` is neither yes nor no"),
        ("digraph { a -> b } digraph { c }", "line 1, column 20: the graph has ended, but `digraph` follows"),
        ("digraph { \"\" -> b }", "an empty name"),
        ("digraph { a = { }", "expected a value"),
        ("digraph { [x=1] }", "`[` must follow a name"),
        ("digraph { a -> \"b }", "line 1, column 16: the text in quotes that begins here does not end"),
    ] {
        let message = refused(text);
        assert!(message.contains(part), "{text}:\n{message}");
    }
    let deep = format!("digraph {{ {} a {} }}", "{".repeat(100_000), "}".repeat(100_000));
    assert!(refused(&deep).contains("more than 100 deep"));
    let many: String = (0..2000).map(|i| format!("n{i} ")).collect();
    assert!(
        refused(&format!("digraph {{ {{ {many} }} -> {{ {} }} }}", many.replace('n', "m")))
            .contains("more than 1000000 edges")
    );
}

#[test]
fn gml_that_says_no_causes_is_refused_with_its_place() {
    let node = "node [ id 0 label \"a\" ] node [ id 1 label \"b\" ]";
    for (text, part) in [
        (
            format!("graph [ {node} edge [ source 0 target 1 ] ]"),
            "line 1, column 1: the graph is undirected, so `a` and `b` are",
        ),
        (format!("graph [ directed 0 {node} ]"), "the graph is undirected;"),
        (
            format!("graph [ directed 1\n {node}\n edge [ source 0 ] ]"),
            "line 3, column 2: an edge without a target",
        ),
        (
            format!("graph [ directed 1 {node} edge [ source 0 target 7 ] ]"),
            "whose target is 7, which is no node's id",
        ),
        (format!("graph [ directed 1 {node} node [ id 1 ] ]"), "a second node with id 1"),
        ("graph [ directed 1 node [ label \"a\" ] ]".into(), "a node without an id"),
        ("graph [ directed 1 node [ id 0 observed 2 ] ]".into(), "observed = `2` is neither yes nor no"),
        (format!("graph [ directed 1 {node}"), "the text ends before the graph does: expected `]`"),
        (
            "graph [ directed ]".into(),
            "line 1, column 18: expected a number, a text in quotes or `[` after `directed`",
        ),
        (
            "graph [ directed 1 x [ y [ ] ".into(),
            "line 1, column 22: the list that begins here is not closed",
        ),
        ("graph [ label \"a ]".into(), "line 1, column 15: the text in quotes"),
        ("graph [ ] ]".into(), "line 1, column 11: `]` closes nothing"),
        ("graph [ ] graph [ ]".into(), "a second graph begins"),
        ("graph [ directed 1 ]".into(), "the graph has no variables"),
        ("Version 1".into(), "there is no `graph [ … ]`"),
        ("graph { a }".into(), "expected a number, a text in quotes or `[` after `graph`"),
        (
            format!("graph [ directed 1 {node} edge [ source 0 target 1 ] edge [ source 1 target 0 ] ]"),
            "a cycle: a -> b -> a",
        ),
    ] {
        let message = CausalGraph::parse_gml(&text, "g.gml").expect_err(&text).to_string();
        assert!(message.contains(part) && message.contains("g.gml"), "{text}:\n{message}");
    }
}

#[test]
fn the_format_is_told_by_the_ending_or_else_by_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        CausalGraph::read(&path)
    };
    let (dot, gml) = (
        "// {[\n digraph { a -> b }",
        "# {\ngraph [ directed 1 node [ id \"a\" ] node [ id \"b\" ] edge [ source \"a\" target \"b\" ] ]",
    );
    for (name, text) in [
        ("g.dot", dot),
        ("g.GV", dot),
        ("g.txt", dot),
        ("g", gml),
        ("g.gml", gml),
        ("bom.txt", "\u{feff}dag { a -> b }"),
    ] {
        assert_eq!(edges(&read(name, text.as_bytes()).unwrap()), ["a>b"], "{name}");
    }
    let message = |name: &str, text: &[u8]| read(name, text).unwrap_err().to_string();
    assert!(message("g.gml", dot.as_bytes()).contains("g.gml: line 1, column 1"));
    assert!(message("t.txt", b"a,b\n1,2\n").contains("is neither DOT"));
    assert!(message("l.dot", b"digraph {\n a\xff }").contains("line 2: not UTF-8"));
    assert!(message("big.dot", &vec![b' '; (16 << 20) + 1]).contains("larger than 16 MiB"));
    let text = CausalGraph::read(Path::new("/no/such.dot")).unwrap_err().to_string();
    assert!(text.starts_with("cannot read /no/such.dot"), "{text}");
}

/// A graph of a few variables with any names, each edge from an earlier one to a later one.
fn any_graph() -> impl Strategy<Value = CausalGraph> {
    let names = prop::collection::btree_set("\\PC{1,6}|[a-z\"\\\\{}\n -]{1,5}", 1..8)
        .prop_map(|names| names.into_iter().collect::<Vec<_>>());
    let names = names.prop_shuffle();
    (names, prop::collection::vec(any::<bool>(), 8), prop::collection::vec((0_usize..8, 0_usize..8), 0..20))
        .prop_map(|(names, observed, pairs)| {
            let name = |i: usize| names[i].clone();
            let pairs = pairs.into_iter().filter(|(from, to)| from < to && *to < names.len());
            let edges = pairs.map(|(from, to)| (name(from), name(to))).collect();
            CausalGraph::new(names.iter().cloned().zip(observed).collect(), edges).unwrap()
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(graph in any_graph()) {
        prop_assert_eq!(&dot(&graph.to_dot()), &graph);
    }

    #[test]
    fn no_text_is_too_odd_to_be_refused(text in "\\PC*") {
        let _ = CausalGraph::parse_dot(&text, "g");
        let _ = CausalGraph::parse_gml(&text, "g");
    }

    #[test]
    fn no_order_of_words_is_too_odd(words in prop::collection::vec(prop::sample::select(vec![
        "digraph", "dag", "graph", "subgraph", "node", "edge", "a", "b", "é", "\"q\"", "\"", "{", "}", "[", "]", "=", "->", "<-",
        "--", "<->", ";", ",", ":", "<", ">", "+", "-", "1", ".5", "#", "//", "/*", "*/", "\n", "observed", "no", "directed", "id",
        "label", "source", "target", "\\", "&#34;",
    ]), 0..40), glue in prop::sample::select(vec!["", " "]), head in prop::sample::select(vec!["", "digraph {", "graph [ directed 1 "])) {
        let text = format!("{head}{}", words.join(glue));
        for graph in [CausalGraph::parse_dot(&text, "g"), CausalGraph::parse_gml(&text, "g")].into_iter().flatten() {
            for name in graph.nodes() {
                if let Ok(roles) = Roles::of(&graph, name) {
                    prop_assert!(cama_causal::svg(&graph, &roles).ends_with("</svg>\n"));
                }
            }
        }
    }
}

#[test]
fn labels_are_names_where_ids_are_numbers() {
    // As causal-learn writes what it has discovered.
    let discovered = r#"digraph G {
        fontsize=20; rankdir=TB;
        0 [label="a"]; 1 [label="y"]; 2 [label="x 1"];
        0 -> 1 [arrowhead=normal, arrowtail=none, dir=both];
        1 -> 2 [arrowhead=normal, arrowtail=none, dir=both];
    }"#;
    let graph = CausalGraph::parse_dot(discovered, "g").unwrap();
    let roles = Roles::of(&graph, "y").unwrap();
    assert_eq!((roles.parents, roles.children), (vec!["a".to_string()], vec!["x 1".to_string()]));
    // Edges without a direction, and those of which an end is open, are named by the labels, all of them.
    let partly = discovered.replacen("arrowhead=normal, arrowtail=none", "arrowhead=none, arrowtail=none", 1);
    let message = |text: &str| CausalGraph::parse_dot(text, "g").unwrap_err().to_string();
    let text = message(&partly);
    assert!(text.contains("line 4, column") && text.contains("`a -> y` is drawn without an arrow"), "{text}");
    let open = partly.replacen("arrowtail=none, dir=both];\n    }", "arrowtail=odot, dir=both]; }", 1);
    let text = message(&open);
    assert!(
        text.contains("2 edges do not say what causes what: a – y, y – x 1; write each as `->`"),
        "{text}"
    );
    // Names stay where they are names, or where a label is missing or there twice.
    for text in [
        r#"digraph { a [label="Age"]; a -> y }"#,
        r#"digraph { 0 [label="a"]; 1; 0 -> 1 }"#,
        r#"digraph { 0 [label="a"]; 1 [label="a"]; 0 -> 1 }"#,
    ] {
        let graph = CausalGraph::parse_dot(text, "g").unwrap();
        let own = if text.contains('y') { "a" } else { "0" };
        assert!(Roles::of(&graph, own).is_ok(), "{text}");
    }
}
