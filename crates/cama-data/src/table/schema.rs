//! What a model knows of its table: the columns, what they are to the target, and how they become numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::decimal::Decimal;
use super::missing::MissingValues;
use super::reading::Reading;
use crate::{Error, Result};
use cama_causal::Role;

/// More values than this are taken for a column that is no category: a name, a key, a free text.
pub(super) const MOST_VALUES: usize = 1000;

/// The target and the columns that a model reads, with what encodes them: part of a model's configuration.
///
/// Columns stand in the order of their encoding: first the children, then the parents that cause no child,
/// then the parents that do, then the other co-parents. X are the children, A all parents, C all co-parents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Y, the column that is predicted.
    pub target: String,
    /// The values of the target.
    pub classes: Vec<String>,
    /// What is done about missing values.
    pub missing: Missing,
    /// What is done about a category or a truth value that the training data does not have.
    #[serde(default, skip_serializing_if = "Unseen::is_usual")]
    pub unseen: Unseen,
    /// What stands for a missing value, besides an empty cell.
    #[serde(default, skip_serializing_if = "MissingValues::are_usual")]
    pub missing_values: MissingValues,
    /// How the training table writes numbers as texts: it decides what can be read in two ways.
    #[serde(default, skip_serializing_if = "Decimal::is_point")]
    pub decimal: Decimal,
    /// The other columns.
    pub columns: Vec<Column>,
    /// How the table that is read writes numbers as texts; found out unless given.
    #[serde(skip)]
    pub given_decimal: Option<Decimal>,
    /// The column that names the rows of the table that is read, if any: it is of no matter to the model and not kept.
    #[serde(skip)]
    pub key: Option<String>,
}

/// One column that the model reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the table.
    pub name: String,
    /// What it is to the target.
    pub role: Role,
    /// For a parent of the target: whether it causes a child too, and so stands in A and in C.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub causes_children: bool,
    /// What it holds.
    pub kind: Kind,
    /// What takes the place of a missing value: the mean, or the most frequent value, of the training data.
    pub imputed: Cell,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// Numbers; encoded as one value, (reading − mean) / sd.
    Number {
        /// The mean of the readings of the training data.
        mean: f64,
        /// The standard deviation of the readings of the training data; above 0.
        sd: f64,
        /// How a number is read before it is standardised.
        #[serde(default, skip_serializing_if = "Reading::is_linear")]
        reading: Reading,
    },
    /// Two values; encoded as one value, 0 for the first and 1 for the second.
    Boolean {
        /// The two, false first.
        values: [String; 2],
    },
    /// Values without an order; encoded as one value for each, 1 for the one that is there and 0 for the others.
    Category {
        /// The values of the training data.
        values: Vec<String>,
    },
}

/// What a cell holds, in the column's own unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number.
    Number(f64),
    /// The name of a value.
    Name(String),
}

/// What is done about a missing value in a column that the model reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The table is refused.
    #[default]
    Error,
    /// The row is left out.
    Drop,
    /// The mean, or the most frequent value, of the training data takes its place.
    Impute,
}

/// What is done about a category or a truth value that the training data does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// The table is refused.
    Error,
    /// The cell counts as missing: it is imputed where missing values are, and else its row is left out.
    #[default]
    Missing,
}

impl Unseen {
    fn is_usual(&self) -> bool {
        *self == Unseen::default()
    }
}

/// What a column is taken for, whatever it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// Numbers.
    Number,
    /// Numbers, and whole ones: anything else is refused.
    Integer,
    /// Two values.
    Boolean,
    /// Values without an order.
    Category,
}

impl Schema {
    /// The names of the parents, the children and the co-parents; a parent that causes a child stands in both.
    pub fn roles(&self) -> [Vec<String>; 3] {
        let names = |is: fn(&Column) -> bool| {
            self.columns.iter().filter(|column| is(column)).map(|column| column.name.clone()).collect()
        };
        [
            names(|column| column.role == Role::Parent),
            names(|column| column.role == Role::Child),
            names(|column| column.role == Role::CoParent || column.causes_children),
        ]
    }

    /// How many values encode X, the children, in one row.
    pub fn x_width(&self) -> usize {
        self.width_of(|column| column.role == Role::Child)
    }

    /// How many values encode A, the parents of the target, in one row.
    pub fn a_width(&self) -> usize {
        self.width_of(|column| column.role == Role::Parent)
    }

    /// How many values encode C, the co-parents, in one row; parents that cause a child are among them.
    pub fn c_width(&self) -> usize {
        self.width_of(|column| column.role == Role::CoParent || column.causes_children)
    }

    /// How many values of C, its first ones, encode parents of the target.
    pub fn parents_in_c(&self) -> usize {
        self.width_of(|column| column.causes_children)
    }

    /// How many values encode a row, each column counted once.
    pub fn width(&self) -> usize {
        self.width_of(|_| true)
    }

    fn width_of(&self, which: impl Fn(&Column) -> bool) -> usize {
        self.columns.iter().filter(|column| which(column)).map(|column| column.kind.width()).sum()
    }

    /// The columns of X, in their order.
    pub fn children(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.role == Role::Child)
    }

    /// The same schema with something else done about missing values.
    pub fn with_missing(self, missing: Missing) -> Schema {
        Schema { missing, ..self }
    }

    /// The same schema with something else done about values that the training data does not have.
    pub fn with_unseen(self, unseen: Unseen) -> Schema {
        Schema { unseen, ..self }
    }

    /// The same schema with other words for missing values.
    pub fn with_missing_values(self, missing_values: MissingValues) -> Schema {
        Schema { missing_values, ..self }
    }

    /// The same schema for a table that writes numbers as texts in this way.
    pub fn with_decimal(self, decimal: Option<Decimal>) -> Schema {
        Schema { given_decimal: decimal, ..self }
    }

    /// The same schema for a table whose rows this column names.
    pub fn with_key(self, key: Option<String>) -> Schema {
        Schema { key, ..self }
    }

    /// The children of one row, out of X as the model has it: numbers in their own unit, of two values the
    /// second from 0.5 on, of several values the largest.
    ///
    /// # Panics
    ///
    /// If `x` is not [`x_width`](Schema::x_width) values long.
    pub fn decode_x(&self, x: &[f32]) -> Vec<Cell> {
        assert_eq!(x.len(), self.x_width(), "one row of X");
        let mut rest = x;
        self.children()
            .map(|column| {
                let (values, after) = rest.split_at(column.kind.width());
                rest = after;
                column.kind.decode(values)
            })
            .collect()
    }

    /// The cells of one row, in the order of [`columns`](Schema::columns), out of X, A and C as the model has them; see
    /// [`decode_x`](Schema::decode_x). A parent that causes a child stands in A and in C, and is taken from A.
    ///
    /// # Panics
    ///
    /// If `x`, `a` and `c` are not [`x_width`](Schema::x_width), [`a_width`](Schema::a_width) and
    /// [`c_width`](Schema::c_width) values long.
    pub fn decode(&self, x: &[f32], a: &[f32], c: &[f32]) -> Vec<Cell> {
        assert_eq!((a.len(), c.len()), (self.a_width(), self.c_width()), "one row of A and of C");
        let in_both = x.len() + a.len() + c.len() - self.width();
        let mut cells = self.decode_x(x);
        // The other groups follow the children in the order of the encoding, and those in both A and C come last in A.
        let mut rest = [a, &c[in_both..]].concat();
        for column in &self.columns[cells.len()..] {
            let after = rest.split_off(column.kind.width());
            cells.push(column.kind.decode(&rest));
            rest = after;
        }
        cells
    }
}

impl Column {
    /// The place of the column's group in the order of the encoding.
    pub(super) fn place(&self) -> usize {
        match (self.role, self.causes_children) {
            (Role::Child, _) => 0,
            (Role::Parent, false) => 1,
            (Role::Parent, true) => 2,
            (Role::CoParent, _) => 3,
        }
    }
}

impl Kind {
    /// How many values encode one cell.
    pub fn width(&self) -> usize {
        match self {
            Kind::Number { .. } | Kind::Boolean { .. } => 1,
            Kind::Category { values } => values.len(),
        }
    }

    /// Mean and standard deviation of the training data's numbers as they are written.
    pub(super) fn as_written(&self) -> Option<(f64, f64)> {
        match self {
            Kind::Number { mean, sd, reading: Reading::Linear }
            | Kind::Number { reading: Reading::SignedLog { mean, sd, .. }, .. } => Some((*mean, *sd)),
            Kind::Boolean { .. } | Kind::Category { .. } => None,
        }
    }

    /// Whether it holds numbers.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Kind::Number { .. })
    }

    /// The cell that these values, as many as the width, stand for.
    pub(super) fn decode(&self, encoded: &[f32]) -> Cell {
        match self {
            Kind::Number { mean, sd, reading } => {
                Cell::Number(reading.undo(mean + sd * f64::from(encoded[0])))
            }
            Kind::Boolean { values } => Cell::Name(values[usize::from(encoded[0] >= 0.5)].clone()),
            Kind::Category { values } => {
                // Of equal values the first.
                let largest = encoded.iter().zip(values).rev().max_by(|(a, _), (b, _)| a.total_cmp(b));
                Cell::Name(largest.map(|(_, name)| name.clone()).unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Number(number) => write!(f, "{number}"),
            Cell::Name(name) => f.write_str(name),
        }
    }
}

impl FromStr for Missing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = [("error", Missing::Error), ("drop", Missing::Drop), ("impute", Missing::Impute)];
        named("way with missing values", name, &known)
    }
}

impl FromStr for Unseen {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = [("error", Unseen::Error), ("missing", Unseen::Missing)];
        named("way with unseen values", name, &known)
    }
}

impl FromStr for ColumnType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = [
            ("number", ColumnType::Number),
            ("integer", ColumnType::Integer),
            ("boolean", ColumnType::Boolean),
            ("category", ColumnType::Category),
        ];
        named("column type", name, &known)
    }
}

fn named<T: Copy>(kind: &'static str, name: &str, known: &[(&'static str, T)]) -> Result<T> {
    let found = known.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| Error::unknown_name(kind, name, &names))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn column(name: &str, role: Role, causes_children: bool, kind: Kind, imputed: Cell) -> Column {
        Column { name: name.to_string(), role, causes_children, kind, imputed }
    }

    /// Three children, a parent, a parent that causes a child, and a co-parent.
    pub(crate) fn example_schema() -> Schema {
        let number = |mean, sd| (Kind::Number { mean, sd, reading: Reading::Linear }, Cell::Number(mean));
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let boolean = (Kind::Boolean { values: ["no".into(), "yes".into()] }, Cell::Name("no".into()));
        let category = (Kind::Category { values: names(&["a", "b", "c"]) }, Cell::Name("b".into()));
        let of = |name, role, both, (kind, imputed)| column(name, role, both, kind, imputed);
        Schema {
            target: "y".to_string(),
            classes: names(&["0", "1"]),
            missing: Missing::Error,
            unseen: Unseen::Error,
            missing_values: MissingValues::default(),
            decimal: Decimal::Point,
            given_decimal: None,
            key: None,
            columns: vec![
                of("x1", Role::Child, false, number(10.0, 2.0)),
                of("x2", Role::Child, false, boolean),
                of("x3", Role::Child, false, category),
                of("a1", Role::Parent, false, number(0.0, 1.0)),
                of("b1", Role::Parent, true, number(5.0, 0.5)),
                of("c1", Role::CoParent, false, number(-1.0, 3.0)),
            ],
        }
    }

    #[test]
    fn widths_count_a_parent_that_causes_a_child_twice() {
        let schema = example_schema();
        assert_eq!((schema.x_width(), schema.a_width(), schema.c_width(), schema.width()), (5, 2, 2, 8));
        schema.check().unwrap();
    }

    #[test]
    fn x_is_decoded_in_its_own_units() {
        let name = |name: &str| Cell::Name(name.to_string());
        let decoded = example_schema().decode_x(&[-1.5, 0.7, 0.1, 0.3, 0.2]);
        assert_eq!(decoded, [Cell::Number(7.0), name("yes"), name("b")]);
        let decoded = example_schema().decode_x(&[0.0, 0.49, 0.0, 0.0, 0.0]);
        assert_eq!(decoded, [Cell::Number(10.0), name("no"), name("a")]);
    }

    #[test]
    fn a_row_is_decoded_in_the_order_of_the_columns() {
        let name = |name: &str| Cell::Name(name.to_string());
        // The second of A and the first of C are the parent that causes a child.
        let decoded = example_schema().decode(&[1.0, 0.0, 0.0, 0.0, 1.0], &[0.25, 2.0], &[f32::NAN, -1.0]);
        let numbers = [0.25, 6.0, -4.0].map(Cell::Number);
        assert_eq!(decoded[..3], [Cell::Number(12.0), name("no"), name("c")]);
        assert_eq!(decoded[3..], numbers);
    }

    #[test]
    fn schemas_are_stored_exactly_and_strictly() {
        let mut schema = example_schema();
        schema.columns[0].kind = Kind::Number { mean: 0.1 + 0.2, sd: 1.0 / 3.0, reading: Reading::Linear };
        let text = serde_json::to_string(&schema).unwrap();
        assert!(text.contains(r#""kind":{"boolean":{"values":["no","yes"]}},"imputed":"no""#), "{text}");
        assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
        for (from, to) in [
            (r#""target""#, r#""more":1,"target""#),
            (r#""role""#, r#""more":1,"role""#),
            (r#""mean""#, r#""more":1,"mean""#),
            (r#""missing":"error""#, r#""missing":"ignore""#),
        ] {
            assert!(serde_json::from_str::<Schema>(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
    }

    #[test]
    fn words_of_the_command_line_are_known() {
        assert_eq!("impute".parse::<Missing>().unwrap(), Missing::Impute);
        assert!("dorp".parse::<Missing>().unwrap_err().to_string().contains("did you mean `drop`?"));
        assert_eq!("integer".parse::<ColumnType>().unwrap(), ColumnType::Integer);
        assert!("int".parse::<ColumnType>().unwrap_err().to_string().contains("integer, boolean"));
    }
}
