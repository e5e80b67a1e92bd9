//! GML, the Graph Modelling Language: keys, each with a number, a text in quotes or a list in brackets.
//!
//! Described by M. Himsolt, "GML: A portable graph file format", University of Passau, 1997.

mod value;

use std::collections::HashMap;
use std::path::Path;

use super::CausalGraph;
use super::attribute::{is_label_of_unobserved, observed};
use super::cursor::Cursor;
use crate::{Error, Result};
use value::{decoded, number};

/// Reads a graph; `path` is for messages.
pub(super) fn parse(text: &str, path: &Path) -> Result<CausalGraph> {
    let mut reader = Reader {
        cursor: Cursor::new(
            text,
            path,
            "write the graph as GML: `graph [ directed 1 node [ id 0 label \"a\" ] … ]`",
        ),
        inside: Inside::File,
        graph: None,
        directed: false,
        nodes: Vec::new(),
        edges: Vec::new(),
    };
    while reader.step()? {}
    reader.finish()
}

/// In which list the reader is. Lists of other names are gone over at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    File,
    Graph,
    Node,
    Edge,
}

/// A variable as written.
#[derive(Default)]
struct Node {
    at: usize,
    id: Option<String>,
    label: Option<String>,
    observed: Option<bool>,
}

/// An edge as written.
#[derive(Default)]
struct Edge {
    at: usize,
    source: Option<String>,
    target: Option<String>,
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    inside: Inside,
    /// The byte where the graph begins.
    graph: Option<usize>,
    directed: bool,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Reader<'_> {
    /// Reads a key with its value, the beginning or the end of a list; no more at the end of the text.
    fn step(&mut self) -> Result<bool> {
        self.skip();
        let at = self.cursor.at;
        let Some(first) = self.cursor.peek() else {
            if self.inside == Inside::File {
                return Ok(false);
            }
            return Err(self.cursor.error(at, "the text ends before the graph does: expected `]`"));
        };
        if self.cursor.take("]") {
            self.inside = match self.inside {
                Inside::File => return Err(self.cursor.error(at, "`]` closes nothing")),
                Inside::Graph => Inside::File,
                Inside::Node | Inside::Edge => Inside::Graph,
            };
            return Ok(true);
        }
        if !is_of_key(first) || first.is_ascii_digit() {
            return Err(self.cursor.error(at, format!("expected a key or `]`, found `{first}`")));
        }
        let key = self.cursor.take_while(is_of_key);
        self.skip();
        let value_at = self.cursor.at;
        if !self.cursor.take("[") {
            let value = self.value(key)?;
            self.set(at, key, value)?;
            return Ok(true);
        }
        match (self.inside, key) {
            (Inside::File, "graph") if self.graph.is_some() => {
                return Err(self.cursor.error_with(at, "a second graph begins", "give one graph a file"));
            }
            (Inside::File, "graph") => (self.inside, self.graph) = (Inside::Graph, Some(at)),
            (Inside::Graph, "node") => {
                self.inside = Inside::Node;
                self.nodes.push(Node { at, ..Node::default() });
            }
            (Inside::Graph, "edge") => {
                self.inside = Inside::Edge;
                self.edges.push(Edge { at, ..Edge::default() });
            }
            _ => self.pass_list(value_at)?,
        }
        Ok(true)
    }

    /// Takes what matters.
    fn set(&mut self, at: usize, key: &str, value: String) -> Result<()> {
        match (self.inside, key) {
            (Inside::Graph, "directed") => self.directed = value == "1",
            (Inside::Node, key) => {
                let says = observed(key, Some(&value));
                let says =
                    says.map_err(|problem| self.cursor.error_with(at, problem, "write `yes` or `no`"))?;
                let Some(node) = self.nodes.last_mut() else { return Ok(()) };
                node.observed = says.or(node.observed);
                match key {
                    "id" => node.id = Some(value),
                    "label" => node.label = Some(value),
                    _ => {}
                }
            }
            (Inside::Edge, key) => match (key, self.edges.last_mut()) {
                ("source", Some(edge)) => edge.source = Some(value),
                ("target", Some(edge)) => edge.target = Some(value),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// Goes over a list whose bracket has been taken, with all lists in it.
    fn pass_list(&mut self, start: usize) -> Result<()> {
        let mut open = 1_usize;
        while open > 0 {
            self.cursor.take_while(|c| !"[]\"".contains(c));
            match self.cursor.peek() {
                Some('"') => _ = self.value("a text")?,
                Some(bracket) => {
                    self.cursor.at += 1;
                    if bracket == '[' { open += 1 } else { open -= 1 }
                }
                None => {
                    return Err(self.cursor.error(start, "the list that begins here is not closed by `]`"));
                }
            }
        }
        Ok(())
    }

    /// A number, as written, or a text in quotes.
    fn value(&mut self, key: &str) -> Result<String> {
        let at = self.cursor.at;
        if self.cursor.take("\"") {
            let text = self.cursor.take_past("\"").map(decoded);
            return text
                .ok_or_else(|| self.cursor.error(at, "the text in quotes that begins here does not end"));
        }
        let number = number(self.cursor.rest());
        if number.is_empty() {
            let problem = format!("expected a number, a text in quotes or `[` after `{key}`");
            return Err(self.cursor.error(at, problem));
        }
        self.cursor.at += number.len();
        Ok(number.to_string())
    }

    /// Goes over white space and lines that begin with `#`.
    fn skip(&mut self) {
        self.cursor.take_while(char::is_whitespace);
        while self.cursor.peek() == Some('#') && self.cursor.at_line_start() {
            self.cursor.take_while(|c| c != '\n');
            self.cursor.take_while(char::is_whitespace);
        }
    }

    fn finish(self) -> Result<CausalGraph> {
        let Reader { cursor, graph, directed, nodes, edges, .. } = self;
        let Some(graph) = graph else {
            return Err(cursor.error(0, "there is no `graph [ … ]`"));
        };
        let mut ids = HashMap::new();
        for (i, node) in nodes.iter().enumerate() {
            let id = node.id.as_deref().ok_or_else(|| cursor.error(node.at, "a node without an id"))?;
            if ids.insert(id, i).is_some() {
                return Err(cursor.error_with(
                    node.at,
                    format!("a second node with id {id}"),
                    "give each its own id",
                ));
            }
        }
        let end = |edge: &Edge, end: &str, id: &Option<String>| -> Result<usize> {
            let id =
                id.as_deref().ok_or_else(|| cursor.error(edge.at, format!("an edge without a {end}")))?;
            let unknown = || format!("an edge whose {end} is {id}, which is no node's id");
            ids.get(id).copied().ok_or_else(|| cursor.error_with(edge.at, unknown(), "add the node"))
        };
        let ends = |edge: &Edge| Ok((end(edge, "source", &edge.source)?, end(edge, "target", &edge.target)?));
        let ends = edges.iter().map(ends).collect::<Result<Vec<_>>>()?;
        let name = |node: &Node| node.label.clone().or(node.id.clone()).unwrap_or_default();
        if !directed {
            return Err(undirected(
                &cursor,
                graph,
                ends.first().map(|(from, to)| (name(&nodes[*from]), name(&nodes[*to]))),
            ));
        }
        let nodes = nodes.iter().map(|node| {
            let label = node.label.as_deref().is_some_and(is_label_of_unobserved);
            (name(node), node.observed.unwrap_or(!label))
        });
        cursor.graph(nodes.collect(), ends)
    }
}

fn undirected(cursor: &Cursor, graph: usize, edge: Option<(String, String)>) -> Error {
    let edge = edge.map(|(from, to)| format!(", so `{from}` and `{to}` are joined without a cause"));
    let problem = format!("the graph is undirected{}", edge.unwrap_or_default());
    cursor.error_with(graph, problem, "write `directed 1` in it, and every edge from cause to effect")
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
