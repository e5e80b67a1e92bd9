//! What the flags say of a table: its graph, and how it is read.

use cama::causal::{CausalGraph, Roles};
use cama::data::table::{Schema, is_table};
use cama::{Cama, Error, Result};

use crate::flags::{ReadFlags, TableFlags};

/// The roles of the columns, if the data is a table.
///
/// # Errors
///
/// If the graph cannot be used.
pub fn roles(flags: &TableFlags) -> Result<Option<Roles>> {
    let (Some(graph), Some(target)) = (&flags.graph, &flags.target) else { return Ok(None) };
    let roles = Roles::of(&CausalGraph::read(graph)?, target)?;
    flags.role.iter().try_fold(roles, |roles, as_| roles.with(&as_.column, as_.role)).map(Some)
}

/// How to read the table `spec` for the model.
///
/// # Errors
///
/// If the model is for images, `spec` names no table, or the flags do not agree with the model.
pub fn schema(spec: &str, cama: &Cama, reading: &ReadFlags) -> Result<Schema> {
    schema_of(spec, cama.schema()?, reading, "model")
}

/// How to read the table `spec` for what knows its columns: as `known` with what the flags change.
pub(super) fn schema_of(spec: &str, known: &Schema, reading: &ReadFlags, who: &str) -> Result<Schema> {
    if !is_table(spec) {
        return Err(Error::Mismatch(format!(
            "the {who} takes tables, {spec} is none; give a .csv, .tsv or .parquet file, .csv.gz or .csv.zst, or - for CSV from standard input"
        )));
    }
    reading.pictures.refuse_for_tables()?;
    if let Some(target) = reading.target.as_ref().filter(|target| **target != known.target) {
        let problem = format!("the model predicts `{}`; leave the flag out, or train anew", known.target);
        return Err(Error::spec("flag", format!("--target {target}"), problem));
    }
    if let (Some(graph), Some(target)) = (&reading.graph, &reading.target) {
        let roles = Roles::of(&CausalGraph::read(graph)?, target)?;
        if let Some(column) = first_difference(&known.roles(), &roles) {
            let problem =
                format!("gives `{column}` another role for `{target}` than the model was trained with");
            return Err(Error::data(graph, problem, "leave --graph out, or train anew"));
        }
    }
    let mut schema = known.clone().with_key(reading.key.clone()).with_decimal(reading.written.decimal);
    schema.missing = reading.missing.unwrap_or(schema.missing);
    schema.unseen = reading.unseen.unwrap_or(schema.unseen);
    Ok(match reading.written.missing_values() {
        Some(words) => schema.with_missing_values(words),
        None => schema,
    })
}

/// A column that is a parent, a child or a co-parent in only one of the two.
fn first_difference(known: &[Vec<String>; 3], roles: &Roles) -> Option<String> {
    let only = |some: &[String], others: &[String]| some.iter().find(|name| !others.contains(name)).cloned();
    let mut pairs = known.iter().zip(roles.each());
    pairs.find_map(|(known, (_, names))| only(known, names).or_else(|| only(names, known)))
}
