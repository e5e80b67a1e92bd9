//! What examples are called where they come from.

use std::ops::Range;
use std::sync::Arc;

/// What each example is called where it comes from: the file of an image, or what the key column of a table says of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    heading: Arc<str>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The heading that names of files have.
    pub const FILE: &'static str = "file";

    /// No names yet, under the `heading` that they have as a column of a table.
    pub fn of(heading: &str) -> Self {
        Self { heading: heading.into(), names: Vec::new() }
    }

    /// What they are called as a column of a table: `file`, or the name of the key column.
    pub fn heading(&self) -> &str {
        &self.heading
    }

    /// The same, or `key` if one of the `others` that it is to stand beside has that name already.
    pub fn heading_beside(&self, others: &[impl AsRef<str>]) -> &str {
        match others.iter().any(|other| other.as_ref() == &*self.heading) {
            true => "key",
            false => &self.heading,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// What example `i` is called.
    ///
    /// # Panics
    ///
    /// If `i` is not below [`len`](Self::len).
    pub fn get(&self, i: usize) -> &str {
        &self.names[i]
    }

    /// One after another.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Adds the name of the next example.
    pub fn push(&mut self, name: &str) {
        self.names.push(name.into());
    }

    /// Adds those of further examples.
    pub fn append(&mut self, more: &Self) {
        self.names.extend(more.names.iter().cloned());
    }

    /// Those of the examples with these indices, in this order.
    ///
    /// # Panics
    ///
    /// If an index is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Self {
        let names = indices.iter().map(|&i| self.names[i].clone()).collect();
        Self { heading: self.heading.clone(), names }
    }

    /// Those of a range of examples.
    ///
    /// # Panics
    ///
    /// If the range does not lie within `0..len`.
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self { heading: self.heading.clone(), names: self.names[range].to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_with_their_examples() {
        let mut names = Names::of("id");
        ["a", "b", "c"].into_iter().for_each(|name| names.push(name));
        let mut picked = names.select(&[2, 0, 2]);
        assert_eq!(picked.iter().collect::<Vec<_>>(), ["c", "a", "c"]);
        picked.append(&names.slice(1..2));
        assert_eq!((picked.len(), picked.get(3), picked.heading()), (4, "b", "id"));
        assert!(names.slice(1..1).is_empty());
        assert_eq!((names.heading_beside(&["index"]), names.heading_beside(&["x", "id"])), ("id", "key"));
    }
}
