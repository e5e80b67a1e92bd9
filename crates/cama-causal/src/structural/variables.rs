//! The variables of a structural model by name: A1, C2, X3, Y.

use super::config::StructuralConfig;

/// The name of the target.
pub(super) const TARGET: &str = "Y";

/// An observed variable; numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Parent(usize),
    CoParent(usize),
    Child(usize),
    Target,
}

impl Variable {
    /// The observed variables in the order of a table's columns: A, C, X, Y.
    pub(super) fn all(config: &StructuralConfig) -> impl Iterator<Item = Variable> + use<> {
        let StructuralConfig { parents, co_parents, children, .. } = *config;
        (0..parents)
            .map(Variable::Parent)
            .chain((0..co_parents).map(Variable::CoParent))
            .chain((0..children).map(Variable::Child))
            .chain([Variable::Target])
    }

    pub(super) fn name(self) -> String {
        match self {
            Variable::Parent(i) => format!("A{}", i + 1),
            Variable::CoParent(i) => format!("C{}", i + 1),
            Variable::Child(i) => format!("X{}", i + 1),
            Variable::Target => TARGET.into(),
        }
    }
}

/// The observed variables in short, for messages.
pub(super) fn in_short(config: &StructuralConfig) -> String {
    let group = |letter: char, number: usize| match number {
        0 => None,
        1 => Some(format!("{letter}1")),
        _ => Some(format!("{letter}1 to {letter}{number}")),
    };
    let groups = [group('A', config.parents), group('C', config.co_parents), group('X', config.children)];
    groups.into_iter().flatten().chain([TARGET.into()]).collect::<Vec<_>>().join(", ")
}

/// The name of a latent, which counts from 0.
pub(super) fn latent_name(i: usize) -> String {
    format!("Z{}", i + 1)
}

/// The name of a class, which counts from 0: `y0`.
pub(super) fn class_name(class: usize) -> String {
    format!("y{class}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_columns() {
        let config = StructuralConfig { parents: 2, co_parents: 1, children: 2, ..Default::default() };
        let names: Vec<_> = Variable::all(&config).map(Variable::name).collect();
        assert_eq!(names, ["A1", "A2", "C1", "X1", "X2", "Y"]);
        assert_eq!(in_short(&config), "A1 to A2, C1, X1 to X2, Y");
        assert_eq!(in_short(&StructuralConfig { parents: 0, ..config }), "C1, X1 to X2, Y");
    }
}
