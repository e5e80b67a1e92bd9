//! The Markov blanket of a target (Figure 5 of the paper).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::listed::listed;
use crate::{Error, Result};

/// What an observed variable of the Markov blanket is to the target Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A: a cause of Y.
    Parent,
    /// X: an effect of Y. An effect of Y that causes another effect of Y is a child and nothing else.
    Child,
    /// C: another cause of an effect of Y.
    CoParent,
}

/// The observed variables of a target's Markov blanket, each list in the order of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Y.
    pub target: String,
    /// A, the causes of Y.
    pub parents: Vec<String>,
    /// X, the effects of Y.
    pub children: Vec<String>,
    /// C, the other causes of X. A parent of Y that causes an effect of Y itself stands here too.
    pub co_parents: Vec<String>,
    /// The other variables of the graph, each with the reason why it is not used.
    pub ignored: Vec<(String, String)>,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Parent => "parent",
            Role::Child => "child",
            Role::CoParent => "co-parent",
        })
    }
}

impl Roles {
    /// The variables of each role, in the order of [`Role`].
    pub fn each(&self) -> [(Role, &[String]); 3] {
        [(Role::Parent, &self.parents), (Role::Child, &self.children), (Role::CoParent, &self.co_parents)]
    }

    /// These roles with `column` in the given one instead of what the graph says, or ignored if there is none. The
    /// column need not be in the graph. Co-parents stay, even if none of their children does.
    ///
    /// # Errors
    ///
    /// If `column` is the target or empty, or no child is left.
    pub fn with(&self, column: &str, role: Option<Role>) -> Result<Roles> {
        let declared = || format!("{column}={}", role.map_or("ignore".into(), |role| role.to_string()));
        if column.is_empty() {
            return Err(Error::spec("role", declared(), "names no column; write COLUMN=ROLE"));
        }
        if column == self.target {
            return Err(Error::spec("role", declared(), "this is the target, which has no other role"));
        }
        let mut roles = self.clone();
        let wanted = |of: Role| role == Some(of);
        put(&mut roles.parents, column, wanted(Role::Parent));
        put(&mut roles.children, column, wanted(Role::Child));
        put(&mut roles.co_parents, column, wanted(Role::CoParent));
        roles.ignored.retain(|(name, _)| name != column);
        if role.is_none() {
            roles.ignored.push((column.to_string(), "declared so".to_string()));
        }
        if roles.children.is_empty() {
            let problem =
                format!("leaves `{}` without a child, so that there is nothing to explain", self.target);
            return Err(Error::spec("role", declared(), problem));
        }
        Ok(roles)
    }

    /// Checks that the columns of a table hold every parent, child and co-parent; `table_name` is for messages. The
    /// target may be missing, as it is where it is to be predicted.
    ///
    /// # Errors
    ///
    /// If a column is missing, with the name that looks most like it.
    pub fn check_columns(&self, columns: &[String], table_name: &str) -> Result<()> {
        let used = self.each().into_iter().flat_map(|(_, names)| names);
        let mut missing: Vec<&String> = Vec::new();
        for name in used {
            if !columns.contains(name) && !missing.contains(&name) {
                missing.push(name);
            }
        }
        let Some(first) = missing.first() else { return Ok(()) };
        let known: Vec<&str> =
            columns.iter().map(String::as_str).filter(|column| !self.uses(column)).collect();
        let nearest = match Error::unknown_name("column", first, &known) {
            Error::UnknownName { nearest: Some(nearest), .. } => format!(" (did you mean `{nearest}`?)"),
            _ => String::new(),
        };
        let role = self.each().into_iter().find(|(_, names)| names.contains(first)).map(|(role, _)| role);
        let role = role.map(|role| format!(", which the graph makes a {role} of `{}`", self.target));
        let others: Vec<&str> = missing.iter().skip(1).map(|name| name.as_str()).collect();
        let others = if others.is_empty() { others.join("") } else { format!("; nor {}", listed(&others)) };
        Err(Error::data(
            table_name,
            format!("there is no column `{first}`{nearest}{}{others}", role.unwrap_or_default()),
            "name columns as the graph does; mark a variable that was never measured `observed=no` in the graph",
        ))
    }

    /// Whether the variable has a role, or is the target.
    fn uses(&self, name: &str) -> bool {
        name == self.target || self.each().iter().any(|(_, names)| names.iter().any(|used| used == name))
    }
}

/// Sees to it that `column` is among `names`, in its place if it was already, or is not.
fn put(names: &mut Vec<String>, column: &str, wanted: bool) {
    let is_there = names.iter().any(|name| name == column);
    match (is_there, wanted) {
        (false, true) => names.push(column.to_string()),
        (true, false) => names.retain(|name| name != column),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles() -> Roles {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        Roles {
            target: "y".into(),
            parents: names(&["a", "both"]),
            children: names(&["x", "blood pressure"]),
            co_parents: names(&["both", "c"]),
            ignored: vec![("far".into(), "it is far".into())],
        }
    }

    #[test]
    fn a_declared_role_replaces_what_the_graph_says() {
        let declared = roles().with("a", Some(Role::Child)).unwrap();
        assert_eq!(
            (declared.parents, declared.children.last().unwrap().as_str()),
            (vec!["both".to_string()], "a")
        );
        let declared = roles().with("both", Some(Role::CoParent)).unwrap();
        assert_eq!((declared.parents, declared.co_parents), (vec!["a".to_string()], roles().co_parents));
        let declared = roles().with("far", Some(Role::Parent)).unwrap().with("c", None).unwrap();
        assert_eq!(declared.parents, ["a", "both", "far"]);
        assert_eq!(declared.ignored, [("c".to_string(), "declared so".to_string())]);
        assert_eq!(roles().with("new", Some(Role::CoParent)).unwrap().co_parents, ["both", "c", "new"]);
        assert_eq!(roles().with("x", Some(Role::Child)).unwrap(), roles());
    }

    #[test]
    fn the_target_and_the_last_child_keep_their_roles() {
        let message = |column, role| roles().with(column, role).unwrap_err().to_string();
        assert_eq!(
            message("y", Some(Role::Child)),
            "role `y=child`: this is the target, which has no other role"
        );
        assert!(message("", None).contains("role `=ignore`: names no column"));
        let one = roles().with("x", None).unwrap();
        let text = one.with("blood pressure", Some(Role::CoParent)).unwrap_err().to_string();
        assert!(text.contains("role `blood pressure=co-parent`: leaves `y` without a child"), "{text}");
    }

    #[test]
    fn a_missing_column_is_named_with_the_nearest_one() {
        let columns = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let check = |names: &[&str]| roles().check_columns(&columns(names), "t.csv");
        assert!(check(&["c", "a", "x", "blood pressure", "both", "else"]).is_ok());
        let text = check(&["c", "a", "x", "blood_pressure", "y", "both"]).unwrap_err().to_string();
        assert!(
            text.starts_with("t.csv: there is no column `blood pressure` (did you mean `blood_pressure`?)"),
            "{text}"
        );
        assert!(text.contains("a child of `y`; name columns as") && text.contains("observed=no"), "{text}");
        let text = check(&["x"]).unwrap_err().to_string();
        assert!(
            text.contains("no column `a`, which the graph makes a parent of `y`; nor `both`, `blood"),
            "{text}"
        );
    }
}
