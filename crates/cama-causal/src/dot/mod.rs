//! DOT, the language of Graphviz, and dagitty's variety of it, as far as it says what causes what.

mod attribute;
mod token;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::graph::{CausalGraph, MOST_EDGES};
use crate::{Error, Result};
use attribute::OfNode;
use token::{Arrow, Token, Tokens};

/// The most edges that a message names.
const MOST_NAMED: usize = 20;

/// What is said of `<->`.
const BOTH_WAYS: &str = "points both ways";

/// How deep subgraphs may stand in each other.
const MOST_DEPTH: usize = 100;

/// Reads a graph; `path` is for messages.
pub(super) fn parse(text: &str, path: &Path) -> Result<CausalGraph> {
    let mut reader = Reader {
        tokens: Tokens::new(text, path),
        nodes: Vec::new(),
        index: HashMap::new(),
        edges: Vec::new(),
        unoriented: Vec::new(),
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
    let names = names(&reader.nodes);
    if let Some(error) = reader.to_be_oriented(&names) {
        return Err(error);
    }
    let observed = reader.nodes.iter().map(|node| node.said.unwrap_or(node.otherwise));
    let nodes = names.into_iter().zip(observed).collect();
    reader.tokens.cursor.graph(nodes, reader.edges)
}

/// What the variables are called: by their labels if they are numbered, as programs of discovery do, and each has a label of its
/// own; else as they are written.
fn names(nodes: &[Node]) -> Vec<String> {
    let numbered = nodes.iter().all(|node| node.name.bytes().all(|byte| byte.is_ascii_digit()));
    let labels: BTreeSet<&str> =
        nodes.iter().filter_map(|node| node.label.as_deref()).filter(|label| !label.is_empty()).collect();
    let by_labels = numbered && labels.len() == nodes.len();
    let name = |node: &Node| match &node.label {
        Some(label) if by_labels => label.clone(),
        _ => node.name.clone(),
    };
    nodes.iter().map(name).collect()
}

/// An edge that does not say what causes what.
struct Unoriented {
    /// The byte where that shows.
    at: usize,
    from: usize,
    to: usize,
    /// How it is written or drawn, in words.
    how: &'static str,
}

/// A variable while it is read.
struct Node {
    name: String,
    label: Option<String>,
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
    unoriented: Vec<Unoriented>,
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
        // dagitty's other kinds of graphs may have edges that are not directed; those are named as such.
        if !["digraph", "dag", "pdag", "mag", "pag"].iter().any(|word| is_keyword(&token, word)) {
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
            self.nodes.push(Node { name: name.clone(), label: None, said: None, otherwise: observed });
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
        let how = match arrow {
            Arrow::Both => Some(BOTH_WAYS),
            Arrow::Neither => Some("is undirected"),
            Arrow::Left | Arrow::Right => None,
        };
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
            if let Some(how) = how {
                self.unoriented.push(Unoriented { at: arrow_at, from, to, how });
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
                if let (Some((at, how)), Some((from, to))) = (attribute::edge(&mut self.tokens)?, last) {
                    self.unoriented.push(Unoriented { at, from, to, how });
                }
                Ok(())
            }
            Some([node]) if statement.arrow.is_none() && !statement.is_group => {
                let node = *node;
                let OfNode { said, denied, label } = attribute::node(&mut self.tokens)?;
                let node = &mut self.nodes[node];
                node.said = said.or(node.said);
                node.otherwise &= !denied;
                node.label = label.or(node.label.take());
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
                    let OfNode { said, denied, .. } = attribute::node(&mut self.tokens)?;
                    let scope = self.scope();
                    scope.observed = said.unwrap_or(scope.observed && !denied);
                }
                "edge" => {
                    if let Some((at, how)) = attribute::edge(&mut self.tokens)? {
                        let problem = format!("edges are drawn {how}");
                        return Err(self.tokens.cursor.error_with(at, problem, attribute::WRITE_AN_ARROW));
                    }
                }
                _ => while attribute::next(&mut self.tokens)?.is_some() {},
            }
        }
        Ok(())
    }

    /// The error for edges that do not say what causes what, all of them named.
    fn to_be_oriented(&self, names: &[String]) -> Option<Error> {
        let first = self.unoriented.first()?;
        let [from, to] = [first.from, first.to].map(|node| names[node].as_str());
        let both = first.how == BOTH_WAYS;
        let undirected = first.how.starts_with("is");
        let arrow = if both {
            "<->"
        } else if undirected {
            "--"
        } else {
            "->"
        };
        let how = if both || undirected { first.how.to_string() } else { format!("is drawn {}", first.how) };
        let (problem, remedy) = match self.unoriented.len() {
            1 if both => (
                format!("`{from} {arrow} {to}` {how}"),
                format!(
                    "write it as an unobserved common cause: `U [observed=\"no\"]; U -> {from}; U -> {to}`"
                ),
            ),
            1 => (format!("`{from} {arrow} {to}` {how}"), attribute::WRITE_AN_ARROW.to_string()),
            n => {
                let pair = |edge: &Unoriented| format!("{} – {}", names[edge.from], names[edge.to]);
                let pairs: Vec<String> = self.unoriented.iter().take(MOST_NAMED).map(pair).collect();
                let more = n.checked_sub(MOST_NAMED).filter(|more| *more > 0);
                let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
                let problem = format!("{n} edges do not say what causes what: {}{more}", pairs.join(", "));
                (problem, "write each as `->` from cause to effect, or leave it out".to_string())
            }
        };
        Some(self.tokens.cursor.error_with(first.at, problem, remedy))
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
