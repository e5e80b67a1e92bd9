//! DOT, the language of Graphviz, and dagitty's variety of it, as far as it says what causes what.

mod attribute;
mod token;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::graph::{CausalGraph, MOST_EDGES};
use crate::{Error, Result};
use token::{Arrow, Token, Tokens};

/// How deep subgraphs may stand in each other.
const MOST_DEPTH: usize = 100;

/// Reads a graph; `path` is for messages.
pub(super) fn parse(text: &str, path: &Path) -> Result<CausalGraph> {
    let mut reader = Reader {
        tokens: Tokens::new(text, path),
        nodes: Vec::new(),
        index: HashMap::new(),
        edges: Vec::new(),
        scopes: Vec::new(),
    };
    reader.header()?;
    while !reader.scopes.is_empty() {
        reader.step()?;
    }
    while reader.tokens.take(';')? {}
    let (at, token) = reader.tokens.next()?;
    if token != Token::End {
        let problem = format!("the graph has ended, but {} follows", token.described());
        return Err(reader.tokens.cursor.error_with(at, problem, "give one graph a file"));
    }
    let nodes =
        reader.nodes.into_iter().map(|node| (node.name, node.said.unwrap_or(node.otherwise))).collect();
    reader.tokens.cursor.graph(nodes, reader.edges)
}

/// A variable while it is read.
struct Node {
    name: String,
    /// Whether it is observed, if its own attributes say so.
    said: Option<bool>,
    /// What holds otherwise.
    otherwise: bool,
}

/// The inside of a pair of braces.
struct Scope {
    /// Whether variables that are first named here are observed.
    observed: bool,
    /// All variables that are named here.
    members: BTreeSet<usize>,
    statement: Statement,
}

/// A statement as far as it has been read: `a -> {b c} ->`.
#[derive(Default)]
struct Statement {
    /// The variables that the next arrow comes from.
    left: Option<Vec<usize>>,
    /// The arrow whose other end is still to come, and the byte where it stands.
    arrow: Option<(usize, Arrow)>,
    /// Whether there has been an arrow before.
    is_edge: bool,
    /// Whether `left` is a subgraph.
    is_group: bool,
    /// The last edge, for messages.
    last: Option<(usize, usize)>,
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    nodes: Vec<Node>,
    index: HashMap<String, usize>,
    edges: Vec<(usize, usize)>,
    /// The braces that are open, the innermost last.
    scopes: Vec<Scope>,
}

impl Reader<'_> {
    /// `strict digraph NAME {`
    fn header(&mut self) -> Result<()> {
        let (mut at, mut token) = self.tokens.next()?;
        if is_keyword(&token, "strict") {
            (at, token) = self.tokens.next()?;
        }
        if is_keyword(&token, "graph") {
            return Err(self.undirected(at));
        }
        if !is_keyword(&token, "digraph") && !is_keyword(&token, "dag") {
            let problem = format!("expected `digraph` or `dag`, found {}", token.described());
            return Err(self.tokens.cursor.error(at, problem));
        }
        if matches!(self.tokens.peek()?, Token::Word { .. }) {
            self.tokens.next()?;
        }
        self.tokens.expect('{', "after the name of the graph")?;
        self.open(true);
        Ok(())
    }

    /// The error for `graph {`, which names its first edge.
    fn undirected(&mut self, at: usize) -> Error {
        let mut before = None;
        let remedy = "write `digraph`, and every edge as `->` from cause to effect";
        // Whatever else is wrong, this has to be mended first.
        while let Ok((_, token)) = self.tokens.next() {
            match (token, before.take()) {
                (Token::End, _) => break,
                (Token::Word { text, .. }, _) => before = Some(text),
                (Token::Edge(arrow), Some(from)) => {
                    let Ok((_, Token::Word { text: to, .. })) = self.tokens.next() else { break };
                    let problem =
                        format!("`graph` is undirected, so `{from} {} {to}` has no cause", arrow.written());
                    return self.tokens.cursor.error_with(at, problem, remedy);
                }
                _ => {}
            }
        }
        self.tokens.cursor.error_with(at, "`graph` is undirected, so that nothing in it has a cause", remedy)
    }

    /// Reads one token or, where they belong together, some.
    fn step(&mut self) -> Result<()> {
        let (at, token) = self.tokens.next()?;
        match token {
            Token::Sign('}') => {
                self.end_statement(at)?;
                let Some(closed) = self.scopes.pop() else { return Ok(()) };
                if self.scopes.is_empty() {
                    return Ok(());
                }
                self.operand(at, closed.members.into_iter().collect(), true)
            }
            Token::Sign(';' | ',') => self.end_statement(at),
            Token::Sign('[') => self.attributes_of_statement(at),
            Token::Sign('{') => self.begin_group(at),
            Token::Edge(arrow) => {
                let statement = self.statement();
                if statement.left.is_none() || statement.arrow.is_some() {
                    let problem = format!("expected a name before `{}`", arrow.written());
                    return Err(self.tokens.cursor.error(at, problem));
                }
                statement.arrow = Some((at, arrow));
                Ok(())
            }
            Token::Word { text, quoted } => {
                let keyword = if quoted { String::new() } else { text.to_lowercase() };
                match (keyword.as_str(), self.tokens.peek()?) {
                    ("subgraph", _) => {
                        if matches!(self.tokens.peek()?, Token::Word { .. }) {
                            self.tokens.next()?;
                        }
                        self.tokens.expect('{', "after `subgraph`")?;
                        self.begin_group(at)
                    }
                    ("graph" | "node" | "edge", Token::Sign('[')) => self.defaults(at, &keyword),
                    (_, Token::Sign('=')) => {
                        self.end_statement(at)?;
                        self.tokens.next()?;
                        attribute::value(&mut self.tokens)?;
                        Ok(())
                    }
                    _ => self.name(at, text),
                }
            }
            Token::End => {
                Err(self.tokens.cursor.error(at, "the text ends before the graph does: expected `}`"))
            }
            Token::Html | Token::Sign(_) => {
                let problem = format!("expected a name or `}}`, found {}", token.described());
                Err(self.tokens.cursor.error(at, problem))
            }
        }
    }

    /// A variable where one is named, with the port that its edge is drawn to.
    fn name(&mut self, at: usize, name: String) -> Result<()> {
        for _ in 0..2 {
            if self.tokens.take(':')? {
                attribute::value(&mut self.tokens)?;
            }
        }
        if name.is_empty() {
            return Err(self.tokens.cursor.error_with(at, "an empty name", "name it as the table's column"));
        }
        let observed = self.scope().observed;
        let node = *self.index.entry(name).or_insert_with_key(|name| {
            self.nodes.push(Node { name: name.clone(), said: None, otherwise: observed });
            self.nodes.len() - 1
        });
        self.operand(at, vec![node], false)
    }

    fn begin_group(&mut self, at: usize) -> Result<()> {
        if self.scopes.len() >= MOST_DEPTH {
            let problem = format!("subgraphs stand more than {MOST_DEPTH} deep in each other");
            return Err(self.tokens.cursor.error(at, problem));
        }
        if self.statement().arrow.is_none() {
            self.end_statement(at)?;
        }
        let observed = self.scope().observed;
        self.open(observed);
        Ok(())
    }

    fn open(&mut self, observed: bool) {
        self.scopes.push(Scope { observed, members: BTreeSet::new(), statement: Statement::default() });
    }

    /// Takes variables as the next end of an edge, or as the beginning of a statement.
    fn operand(&mut self, at: usize, nodes: Vec<usize>, is_group: bool) -> Result<()> {
        self.scope().members.extend(&nodes);
        let Some((arrow_at, arrow)) = self.statement().arrow.take() else {
            self.end_statement(at)?;
            *self.statement() = Statement { left: Some(nodes), is_group, ..Statement::default() };
            return Ok(());
        };
        let left = self.statement().left.take().unwrap_or_default();
        if matches!(arrow, Arrow::Both | Arrow::Neither) {
            return Err(self.not_an_arrow(arrow_at, &left, arrow, &nodes));
        }
        for (a, b) in left.iter().flat_map(|a| nodes.iter().map(move |b| (*a, *b))) {
            let (from, to) = if arrow == Arrow::Left { (b, a) } else { (a, b) };
            if self.edges.len() >= MOST_EDGES {
                let problem = format!("more than {MOST_EDGES} edges");
                return Err(self.tokens.cursor.error_with(
                    at,
                    problem,
                    "leave out what is far from the target",
                ));
            }
            self.edges.push((from, to));
            self.statement().last = Some((from, to));
        }
        let statement = self.statement();
        (statement.left, statement.is_edge, statement.is_group) = (Some(nodes), true, is_group);
        Ok(())
    }

    fn end_statement(&mut self, at: usize) -> Result<()> {
        let ended = std::mem::take(self.statement());
        match ended.arrow {
            Some((_, arrow)) => {
                Err(self.tokens.cursor.error(at, format!("expected a name after `{}`", arrow.written())))
            }
            None => Ok(()),
        }
    }

    /// `[…]` behind a variable or an edge.
    fn attributes_of_statement(&mut self, at: usize) -> Result<()> {
        let statement = self.statement();
        let (is_edge, last) = (statement.is_edge, statement.last);
        match statement.left.as_deref() {
            Some(_) if statement.arrow.is_none() && is_edge => {
                let edge =
                    last.map(|(from, to)| (self.nodes[from].name.as_str(), self.nodes[to].name.as_str()));
                attribute::edge(&mut self.tokens, edge)
            }
            Some([node]) if statement.arrow.is_none() && !statement.is_group => {
                let node = *node;
                let (said, label) = attribute::node(&mut self.tokens)?;
                let node = &mut self.nodes[node];
                node.said = said.or(node.said);
                node.otherwise &= !label;
                Ok(())
            }
            _ => Err(self
                .tokens
                .cursor
                .error(at, "`[` must follow a name, an edge, `node`, `edge` or `graph`")),
        }
    }

    /// `node [observed=no]` and the like, which hold for what comes after in the same braces.
    fn defaults(&mut self, at: usize, of: &str) -> Result<()> {
        self.end_statement(at)?;
        while self.tokens.take('[')? {
            match of {
                "node" => {
                    let (said, label) = attribute::node(&mut self.tokens)?;
                    let scope = self.scope();
                    scope.observed = said.unwrap_or(scope.observed && !label);
                }
                "edge" => attribute::edge(&mut self.tokens, None)?,
                _ => while attribute::next(&mut self.tokens)?.is_some() {},
            }
        }
        Ok(())
    }

    /// The error for an edge that is no arrow, written between `left` and `right`.
    fn not_an_arrow(&self, at: usize, left: &[usize], arrow: Arrow, right: &[usize]) -> Error {
        let name = |nodes: &[usize]| nodes.first().map_or("{}", |i| self.nodes[*i].name.as_str()).to_string();
        let (left, right) = (name(left), name(right));
        let edge = format!("`{left} {} {right}`", arrow.written());
        match arrow {
            Arrow::Both => self.tokens.cursor.error_with(
                at,
                format!("{edge} points both ways"),
                format!(
                    "write it as an unobserved common cause: `U [observed=\"no\"]; U -> {left}; U -> {right}`"
                ),
            ),
            _ => {
                self.tokens.cursor.error_with(at, format!("{edge} is undirected"), attribute::WRITE_AN_ARROW)
            }
        }
    }

    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("only the last step closes the graph")
    }

    fn statement(&mut self) -> &mut Statement {
        &mut self.scope().statement
    }
}

/// Whether it is this keyword, of which Graphviz does not mind the case.
fn is_keyword(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word { text, quoted: false } if text.eq_ignore_ascii_case(keyword))
}
