//! `cama graph`: what a causal graph makes of each column of a table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use cama::causal::{CausalGraph, Roles, svg};
use cama::files::write_atomic;
use cama::{Error, Result};
use serde_json::json;

use crate::flags::GraphFlags;
use crate::output::Output;
use crate::session::Session;
use crate::writing::ending;

/// Prints the roles, checks that a table has them, and draws the graph.
///
/// # Errors
///
/// If the graph, the target, a declared role, the table or the output path cannot be used.
pub fn run(flags: &GraphFlags, session: &Session) -> anyhow::Result<()> {
    let out = flags.out.as_deref().map(|path| drawing(path, flags.force)).transpose()?;
    let graph = CausalGraph::read(&flags.graph)?;
    let roles = Roles::of(&graph, &flags.target)?;
    let roles = flags.role.iter().try_fold(roles, |roles, as_| roles.with(&as_.column, as_.role))?;
    if let Some(table) = &flags.data {
        let columns = cama::data::table::columns(table)?;
        roles.check_columns(&columns, table)?;
        if !columns.contains(&roles.target) {
            session.warn(format!(
                "{table} has no column `{}`: it can be predicted there, but not learnt from it",
                roles.target
            ));
        }
    }
    if let Some(out) = &out {
        write_atomic(out.path(), |file| file.write_all(svg(&graph, &roles).as_bytes()))?;
    }
    let text = if flags.json { in_json(&roles)? } else { in_words(&roles) };
    std::io::stdout().write_all(text.as_bytes())?;
    if let Some(out) = out {
        session.say(format!("drawn in {}", out.path().display()));
    }
    Ok(())
}

fn drawing(path: &Path, force: bool) -> Result<Output> {
    let extension = ending(path);
    if extension != "svg" {
        return Err(Error::unknown_name("drawing format", &extension, &["svg"]));
    }
    Output::file(path, force)
}

fn in_words(roles: &Roles) -> String {
    let none_or = |names: &[String]| if names.is_empty() { "none".to_string() } else { names.join(", ") };
    let mut text = format!("Y  target      {}\n", roles.target);
    for (sign, kind, names) in [
        ("A", "parents", &roles.parents),
        ("X", "children", &roles.children),
        ("C", "co-parents", &roles.co_parents),
    ] {
        let _ = writeln!(text, "{sign}  {kind:<10}  {}", none_or(names));
    }
    if !roles.ignored.is_empty() {
        text += "not used:\n";
    }
    for (name, reason) in &roles.ignored {
        let _ = writeln!(text, "   {name}: {reason}");
    }
    text
}

fn in_json(roles: &Roles) -> serde_json::Result<String> {
    let ignored = roles.ignored.iter().map(|(name, reason)| json!({ "name": name, "reason": reason }));
    let value = json!({
        "target": roles.target,
        "parents": roles.parents,
        "children": roles.children,
        "co_parents": roles.co_parents,
        "ignored": ignored.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}
