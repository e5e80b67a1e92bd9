//! The values of a column in memory.

use super::cells::Cells;

/// The values of one column, one for each row, for [`Table::from_columns`](super::Table::from_columns).
///
/// It is made with `from` or `into` of numbers, integers, truth values or texts: `vec![1.5, 2.0].into()`,
/// `vec!["a", "b"].into()`. In a vector of options, as `vec![Some(1), None].into()`, `None` is a missing value. So are a
/// number that is NaN, and a text that is empty or one of the words for a missing value in files. Texts mean the same
/// as in a CSV file: blanks around them do not count, and a column whose texts are all numbers holds numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnValues(Cells);

impl ColumnValues {
    pub(super) fn into_cells(self) -> Cells {
        self.0
    }
}

/// Values of a type as they are stored; what is not there is missing.
macro_rules! from_values {
    ($($value:ty => $store:expr;)*) => { $(
        impl From<Vec<$value>> for ColumnValues {
            fn from(values: Vec<$value>) -> Self {
                let store: fn(&mut dyn Iterator<Item = Option<$value>>) -> Cells = $store;
                ColumnValues(store(&mut values.into_iter().map(Some)))
            }
        }

        impl From<Vec<Option<$value>>> for ColumnValues {
            fn from(values: Vec<Option<$value>>) -> Self {
                let store: fn(&mut dyn Iterator<Item = Option<$value>>) -> Cells = $store;
                ColumnValues(store(&mut values.into_iter()))
            }
        }
    )* };
}

from_values! {
    f64 => |values| Cells::Number(values.map(|value| value.unwrap_or(f64::NAN)).collect());
    f32 => |values| Cells::Number(values.map(|value| value.map_or(f64::NAN, f64::from)).collect());
    i64 => |values| Cells::Integer(values.collect());
    i32 => |values| Cells::Integer(values.map(|value| value.map(i64::from)).collect());
    bool => |values| Cells::Boolean(values.collect());
    String => |values| texts(values.map(Option::unwrap_or_default));
    &str => |values| texts(values.map(Option::unwrap_or_default));
}

fn texts(values: impl Iterator<Item = impl AsRef<str>>) -> Cells {
    let mut cells = Cells::texts();
    values.for_each(|value| cells.push_text(value.as_ref()));
    cells
}
