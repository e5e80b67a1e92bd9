//! What one example looks like to a model: an image of a certain size, or a row with certain columns.

use serde::{Deserialize, Serialize};

/// What an example consists of. It says nothing about the networks that read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataShape {
    /// Images `[channels, height, width]`.
    Image([usize; 3]),
    /// Rows of a table with children, parents and co-parents of the target.
    Table(TableShape),
}

/// The columns of a table by their roles, as they are encoded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableShape {
    /// The columns of X, in their order.
    pub children: Vec<ChildColumn>,
    /// Values that encode A in a row; 0 without parents.
    pub parents: usize,
    /// Values that encode C in a row; 0 without co-parents.
    pub co_parents: usize,
}

/// A column of X.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildColumn {
    /// Its name in the table.
    pub name: String,
    /// What its values are.
    pub kind: ChildKind,
}

/// What the values of a column of X are, and so p(x|·) of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChildKind {
    /// A standardised number: Gaussian with a learnt variance.
    Number,
    /// 0 or 1: Bernoulli.
    Boolean,
    /// One-hot among so many categories: categorical.
    Category(usize),
}

impl ChildKind {
    /// Values that encode it in a row.
    pub fn width(self) -> usize {
        match self {
            Self::Number | Self::Boolean => 1,
            Self::Category(categories) => categories,
        }
    }
}

impl DataShape {
    /// Values of X in an example.
    pub fn width(&self) -> usize {
        match self {
            Self::Image(shape) => shape.iter().product(),
            Self::Table(table) => table.width(),
        }
    }

    /// Values of X, A and C in an example.
    pub fn total_width(&self) -> usize {
        self.width() + self.table().map_or(0, |table| table.parents + table.co_parents)
    }

    /// What one example is called.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Table(_) => "row",
        }
    }

    /// So many examples: `1 image`, `5 rows`.
    pub fn counted(&self, n: usize) -> String {
        format!("{n} {}{}", self.noun(), if n == 1 { "" } else { "s" })
    }

    /// What the data as a whole is called.
    pub fn plural(&self) -> &'static str {
        match self {
            Self::Image(_) => "images",
            Self::Table(_) => "tables",
        }
    }

    /// `[channels, height, width]`, if it is images.
    pub fn image(&self) -> Option<[usize; 3]> {
        match self {
            Self::Image(shape) => Some(*shape),
            Self::Table(_) => None,
        }
    }

    /// The columns, if it is a table.
    pub fn table(&self) -> Option<&TableShape> {
        match self {
            Self::Table(table) => Some(table),
            Self::Image(_) => None,
        }
    }
}

impl From<[usize; 3]> for DataShape {
    /// Images `[channels, height, width]`.
    fn from(shape: [usize; 3]) -> Self {
        Self::Image(shape)
    }
}

impl From<TableShape> for DataShape {
    fn from(table: TableShape) -> Self {
        Self::Table(table)
    }
}

impl TableShape {
    /// Values of X in a row.
    pub fn width(&self) -> usize {
        self.children.iter().map(|column| column.kind.width()).sum()
    }

    /// Runs of values of X that have the same kind: kind, first and length. A category is a run of its own.
    pub fn blocks(&self) -> Vec<(ChildKind, usize, usize)> {
        let mut blocks: Vec<(ChildKind, usize, usize)> = Vec::new();
        let mut at = 0;
        for ChildColumn { kind, .. } in &self.children {
            let width = kind.width();
            match blocks.last_mut() {
                Some((last, _, length)) if last == kind && width == 1 => *length += 1,
                _ => blocks.push((*kind, at, width)),
            }
            at += width;
        }
        blocks
    }

    /// Name and place in a row of every numeric column of X.
    pub fn numeric(&self) -> Vec<(&str, usize)> {
        let ends = self.children.iter().scan(0, |end, column| {
            *end += column.kind.width();
            Some(*end)
        });
        let places = self.children.iter().zip(ends).map(|(column, end)| (column, end - column.kind.width()));
        places
            .filter(|(column, _)| column.kind == ChildKind::Number)
            .map(|(column, at)| (column.name.as_str(), at))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_kind_are_handled_together() {
        use ChildKind::{Boolean, Category, Number};
        let kinds = [Number, Number, Boolean, Category(3), Category(3), Number];
        let column = |(i, kind): (usize, &ChildKind)| ChildColumn { name: format!("X{i}"), kind: *kind };
        let table =
            TableShape { children: kinds.iter().enumerate().map(column).collect(), ..TableShape::default() };
        assert_eq!(
            table.blocks(),
            [(Number, 0, 2), (Boolean, 2, 1), (Category(3), 3, 3), (Category(3), 6, 3), (Number, 9, 1)]
        );
        assert_eq!(table.numeric(), [("X0", 0), ("X1", 1), ("X5", 9)]);
        assert_eq!(table.width(), 10);
    }
}
