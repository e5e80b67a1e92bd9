//! What X is, and in tables A and C: it decides which networks read and make it, and p(x|·).

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::network::pyramid;
use crate::{Error, Result};

/// p(x|·) of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Bernoulli with x in [0, 1] taken as the expected value.
    Bernoulli,
    /// Gaussian; the decoder gives its mean, and one variance for all pixels is learnt.
    Gaussian,
}

/// What a model reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Input {
    /// Images.
    Image(ImageInput),
    /// Rows of a table with parents, children and co-parents of the target.
    Table(TableInput),
}

/// Images and the convolutional networks for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageInput {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// Channels of every convolution.
    pub channels: usize,
    /// Number of halvings in the encoders and of doublings in the decoder.
    pub conv_layers: usize,
    /// Side of the convolution kernels of q1(z|x,y,m).
    pub kernel_z: usize,
    /// Side of the convolution kernels of q2(m|x).
    pub kernel_m: usize,
    /// Halve by max pooling instead of stride 2.
    pub pooling: bool,
    /// p(x|·) of one pixel.
    pub likelihood: Likelihood,
}

/// The columns of a table and the fully connected networks for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableInput {
    /// The columns of X, in their order.
    pub children: Vec<ChildColumn>,
    /// Numbers that stand for A in a row; 0 without parents.
    pub parents: usize,
    /// Numbers that stand for C in a row; 0 without co-parents.
    pub co_parents: usize,
    /// p(y) of every class, which a table without parents has in place of p(y|a).
    pub class_frequencies: Vec<f64>,
    /// Layers of every network that reads X, A or C.
    pub layers: usize,
    /// Whether q2 sees A and C besides X: q2(m|x,a,c) in place of the paper's q2(m|x). What C explains is then not
    /// taken for a manipulation.
    pub m_sees_causes: bool,
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
    /// Numbers that stand for it in a row.
    pub fn width(self) -> usize {
        match self {
            Self::Number | Self::Boolean => 1,
            Self::Category(categories) => categories,
        }
    }
}

impl ImageInput {
    /// Small stride-2 convolutions, quick on a CPU.
    pub fn fast(shape: [usize; 3]) -> Self {
        Self {
            shape,
            channels: 32,
            conv_layers: 3,
            kernel_z: 5,
            kernel_m: 5,
            pooling: false,
            likelihood: Likelihood::Bernoulli,
        }
    }

    /// The paper's for MNIST.
    pub fn paper(shape: [usize; 3]) -> Self {
        Self { channels: 64, kernel_m: 3, pooling: true, ..Self::fast(shape) }
    }
}

impl Default for TableInput {
    /// No columns yet, and the layers of the `fast` preset.
    fn default() -> Self {
        Self {
            children: Vec::new(),
            parents: 0,
            co_parents: 0,
            class_frequencies: Vec::new(),
            layers: 2,
            m_sees_causes: true,
        }
    }
}

impl TableInput {
    /// Numbers that stand for X in a row.
    pub fn width(&self) -> usize {
        self.children.iter().map(|column| column.kind.width()).sum()
    }

    /// Whether rows for `other` are rows for this: the same columns of X, as many numbers for A and for C.
    pub(crate) fn same_columns(&self, other: &Self) -> bool {
        let columns = |table: &Self| (table.parents, table.co_parents);
        self.children == other.children && columns(self) == columns(other)
    }

    /// Runs of numbers of X that have the same kind: kind, first and length. A category is a run of its own.
    pub(crate) fn blocks(&self) -> Vec<(ChildKind, usize, usize)> {
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
    pub(crate) fn numbers(&self) -> Vec<(&str, usize)> {
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

impl From<[usize; 3]> for Input {
    /// Images `[channels, height, width]` with the networks of the `fast` preset.
    fn from(shape: [usize; 3]) -> Self {
        Self::Image(ImageInput::fast(shape))
    }
}

impl From<ImageInput> for Input {
    fn from(image: ImageInput) -> Self {
        Self::Image(image)
    }
}

impl From<TableInput> for Input {
    fn from(table: TableInput) -> Self {
        Self::Table(table)
    }
}

impl Input {
    /// Numbers that stand for X in an example.
    pub fn width(&self) -> usize {
        match self {
            Self::Image(image) => image.shape.iter().product(),
            Self::Table(table) => table.width(),
        }
    }

    /// Numbers that stand for X, A and C in an example.
    pub(crate) fn evidence_width(&self) -> usize {
        self.width() + self.table().map_or(0, |table| table.parents + table.co_parents)
    }

    /// What one example is called.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Table(_) => "row",
        }
    }

    /// What the data as a whole is called.
    pub(crate) fn plural(&self) -> &'static str {
        match self {
            Self::Image(_) => "images",
            Self::Table(_) => "tables",
        }
    }

    /// The images, if that is what it is.
    pub fn image(&self) -> Option<&ImageInput> {
        match self {
            Self::Image(image) => Some(image),
            Self::Table(_) => None,
        }
    }

    /// The table, if that is what it is.
    pub fn table(&self) -> Option<&TableInput> {
        match self {
            Self::Table(table) => Some(table),
            Self::Image(_) => None,
        }
    }

    /// Checks every field; `classes` is the number of classes.
    pub(crate) fn check(&self, classes: usize) -> Result<()> {
        match self {
            Self::Image(image) => image.check(),
            Self::Table(table) => table.check(classes),
        }
    }

    /// Roughly how many weights the networks that read and make X have, with `hidden` features.
    pub(crate) fn weights(&self, hidden: usize, classes: usize) -> usize {
        match self {
            Self::Image(image) => image.weights(hidden),
            Self::Table(table) => {
                let columns = table.width() + table.parents + table.co_parents;
                let straight = table.co_parents.saturating_mul(classes).saturating_mul(table.width());
                straight.saturating_add(hidden * (4 * columns + classes + 4 * table.layers * hidden))
            }
        }
    }
}

impl ImageInput {
    fn check(&self) -> Result<()> {
        check_sizes(&[
            ("model.input.shape[0]", self.shape[0], 1..=64),
            ("model.input.shape[1]", self.shape[1], 1..=4096),
            ("model.input.shape[2]", self.shape[2], 1..=4096),
            ("model.input.channels", self.channels, 1..=4096),
            ("model.input.conv_layers", self.conv_layers, 1..=10),
            ("model.input.kernel_z", self.kernel_z, 1..=31),
            ("model.input.kernel_m", self.kernel_m, 1..=31),
        ])?;
        for (field, kernel) in
            [("model.input.kernel_z", self.kernel_z), ("model.input.kernel_m", self.kernel_m)]
        {
            if kernel % 2 == 0 {
                return Err(Error::config(field, kernel, "odd, so that the kernel has a centre"));
            }
        }
        Ok(())
    }

    fn weights(&self, hidden: usize) -> usize {
        let [h, w] =
            [self.shape[1], self.shape[2]].map(|side| pyramid(side, self.conv_layers)[self.conv_layers]);
        let map = self.channels * h * w;
        let kernels = self.kernel_z.pow(2) + self.kernel_m.pow(2) + 9;
        self.conv_layers * self.channels.max(self.shape[0]).pow(2) * kernels + 5 * hidden * map
    }
}

impl TableInput {
    fn check(&self, classes: usize) -> Result<()> {
        check_sizes(&[
            ("model.input.children", self.children.len(), 1..=65_536),
            ("model.input (numbers of X in a row)", self.width(), 1..=65_536),
            ("model.input.parents", self.parents, 0..=65_536),
            ("model.input.co_parents", self.co_parents, 0..=65_536),
            ("model.input.layers", self.layers, 1..=16),
        ])?;
        for ChildColumn { name, kind } in &self.children {
            if matches!(kind, ChildKind::Category(0 | 1)) {
                return Err(Error::config(
                    format!("model.input.children[{name}]"),
                    kind.width(),
                    "two categories or more",
                ));
            }
        }
        let frequencies = &self.class_frequencies;
        let sum: f64 = frequencies.iter().sum();
        let allowed = frequencies.iter().all(|p| *p > 0.0 && p.is_finite()) && (sum - 1.0).abs() < 1e-6;
        if frequencies.len() != classes || !allowed {
            return Err(Error::config(
                "model.input.class_frequencies",
                format!("{frequencies:?}"),
                format!("one positive probability for each of the {classes} classes, with sum 1"),
            ));
        }
        Ok(())
    }
}

/// Each size is in its range, or the error names it.
pub(crate) fn check_sizes(sizes: &[(&str, usize, RangeInclusive<usize>)]) -> Result<()> {
    for (field, value, allowed) in sizes {
        if !allowed.contains(value) {
            let range = format!("from {} to {}", allowed.start(), allowed.end());
            return Err(Error::config(*field, value, range));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(kinds: &[ChildKind]) -> TableInput {
        let column = |(i, kind): (usize, &ChildKind)| ChildColumn { name: format!("X{i}"), kind: *kind };
        TableInput {
            children: kinds.iter().enumerate().map(column).collect(),
            class_frequencies: vec![0.5, 0.5],
            ..TableInput::default()
        }
    }

    #[test]
    fn columns_of_one_kind_are_handled_together() {
        use ChildKind::{Boolean, Category, Number};
        let table = table(&[Number, Number, Boolean, Category(3), Category(3), Number]);
        assert_eq!(
            table.blocks(),
            [(Number, 0, 2), (Boolean, 2, 1), (Category(3), 3, 3), (Category(3), 6, 3), (Number, 9, 1)]
        );
        assert_eq!(table.numbers(), [("X0", 0), ("X1", 1), ("X5", 9)]);
        assert_eq!(table.width(), 10);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let wrong = |table: TableInput| Input::Table(table).check(2).unwrap_err().to_string();
        assert!(Input::Table(table(&[ChildKind::Number])).check(2).is_ok());
        assert!(wrong(table(&[])).contains("children"));
        assert!(wrong(table(&[ChildKind::Category(1)])).contains("two categories or more"));
        let lopsided = TableInput { class_frequencies: vec![1.0, 0.0], ..table(&[ChildKind::Number]) };
        assert!(wrong(lopsided).contains("one positive probability for each"));
        let text = Input::Table(table(&[ChildKind::Number])).check(3).unwrap_err().to_string();
        assert!(text.contains("each of the 3 classes"), "{text}");
    }
}
