//! Learning a schema from the training table.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Value};
use super::decimal::Decimal;
use super::encode::Encoder;
use super::heading::names as column_names;
use super::infer::{Found, Training, classes, infer};
use super::missing::MissingValues;
use super::notation::{Hint, Notations};
use super::read::ROWS_AT_A_TIME;
use super::schema::{Column, ColumnType, Missing, Schema, Unseen};
use super::source::{Chunk, Source};
use super::{Notices, Rows, oddities};
use crate::{Error, Result};
use cama_causal::{Role, Roles};

/// How to learn a schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnOptions {
    /// What columns are taken for, where that is not to be found out.
    pub types: BTreeMap<String, ColumnType>,
    /// What is done about missing values, here and in every table read with the schema.
    pub missing: Missing,
    /// What stands for a missing value besides an empty cell, here and in every table read with the schema.
    pub missing_values: MissingValues,
    /// How numbers are written as texts; found out unless given.
    pub decimal: Option<Decimal>,
}

/// What the training table has told.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// What the columns hold, and how every table for the model is to be encoded.
    pub schema: Schema,
    /// The rows of the training table, encoded.
    pub rows: Rows,
    /// What was ignored, left out and filled in, in words.
    pub notices: Notices,
}

impl Schema {
    /// Reads the training table whole, finds what its columns hold, and encodes it. Any other table for a model trained
    /// on it must be read with this schema: one learnt anew would encode the same cells as other numbers.
    ///
    /// `spec` is as for [`read`](Schema::read); `roles` says what the columns are to the target. Means, standard
    /// deviations and most frequent values are those of the rows that are kept, without what is missing in
    /// them; standard deviations divide by the number of values. A row without a target is never imputed but
    /// left out.
    ///
    /// # Errors
    ///
    /// As [`read`](Schema::read); and [`Error::Data`] for a column that carries nothing, a target with one class
    /// or with a continuum of values, a category of more than 1000 values, or a column that is not what
    /// `options` say; [`Error::Config`] for roles that contradict each other.
    ///
    /// [`Table::learn`](super::Table::learn) does the same with a table in memory.
    pub fn learn(spec: &str, roles: &Roles, options: &LearnOptions) -> Result<(Schema, Rows, Notices)> {
        let Learnt { schema, rows, notices } = learn(Source::open(spec)?, roles, options)?;
        Ok((schema, rows, notices))
    }
}

pub(super) fn learn(mut source: Source, roles: &Roles, options: &LearnOptions) -> Result<Learnt> {
    let planned = plan(roles)?;
    check_types(options, roles, source.header())?;
    let names: Vec<&str> = planned.iter().map(|(name, ..)| *name).chain([roles.target.as_str()]).collect();
    source.need(&names)?;
    let chunk = whole(&mut source)?.emptied(&options.missing_values, names.len());
    let kept = kept(&chunk, options.missing);
    if kept.is_empty() {
        let problem = "every row has a missing value, so none is left";
        return Err(Error::data(source.path(), problem, "give --missing impute, or fill them in"));
    }

    let hint = Hint { given: options.decimal, training: Decimal::Point, semicolons: source.has_semicolons() };
    let notations = Notations::of(&chunk, &names[..planned.len()], usize::MAX, hint);
    let nobody = BTreeMap::new();
    let column = |at: usize| Training {
        path: source.path(),
        name: names[at],
        chunk: &chunk,
        cells: &chunk.columns[at],
        rows: &kept,
        given: options.types.get(names[at]).copied(),
        classes: &nobody,
        decimal: notations.columns.get(at).copied().unwrap_or_default(),
    };
    let mut notices = Notices::new();
    let target = column(planned.len());
    // All that cannot be used is told at once, not one column a try.
    let mut refused = Vec::new();
    let classes = classes(&target).unwrap_or_else(|error| {
        refused.push(error);
        Vec::new()
    });
    let class_of_row = target.places(&classes);
    let mut counts = vec![0; classes.len()];
    class_of_row.values().for_each(|class| counts[*class] += 1);
    notices.extend(oddities::of_classes(&roles.target, &classes, &counts));
    let mut columns = Vec::new();
    for (at, &(name, role, causes_children)) in planned.iter().enumerate() {
        let training = Training { classes: &class_of_row, ..column(at) };
        match infer(&training) {
            Ok(Found { kind, imputed, notice }) => {
                notices.extend(notice);
                notices.extend(oddities::of_column(&training, &kind));
                columns.push(Column { name: name.to_string(), role, causes_children, kind, imputed });
            }
            Err(error) => refused.push(error),
        }
    }
    if let Some(error) = together(source.path(), refused) {
        return Err(error);
    }
    let comma = notations.any_comma(|at| columns[at].kind.is_number());
    let schema = Schema {
        target: roles.target.clone(),
        classes,
        missing: options.missing,
        unseen: Unseen::default(),
        missing_values: options.missing_values.clone(),
        decimal: if comma { Decimal::Comma } else { Decimal::Point },
        columns,
        given_decimal: None,
        key: None,
    };
    schema.check()?;

    let shared = Arc::new(schema.clone());
    let mut rows = Rows::empty(source.spec(), shared.clone(), true);
    let mut encoder = Encoder::new(shared, true, false).with_notations(notations);
    encoder.encode(source.path(), &chunk, &mut rows)?;
    let notices = source
        .notice()
        .into_iter()
        .chain(ignored(source.header(), roles, &schema))
        .chain(encoder.notices())
        .chain(notices)
        .collect();
    Ok(Learnt { schema, rows, notices })
}

/// Columns of which it is told one by one why they cannot be used.
const MOST_TOLD: usize = 10;

/// What is wrong with columns as one error; nothing if there is nothing wrong.
fn together(path: &Path, mut refused: Vec<Error>) -> Option<Error> {
    if refused.len() < 2 {
        return refused.pop();
    }
    let each: Vec<String> = refused
        .iter()
        .take(MOST_TOLD)
        .map(|error| match error {
            Error::Data { problem, remedy, .. } => format!("{problem} ({remedy})"),
            other => other.to_string(),
        })
        .collect();
    let more = refused.len() - each.len();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let problem = format!("{} columns cannot be used: {}{more}", refused.len(), each.join("; "));
    Some(Error::data(path, problem, "mend them, or leave them out of the graph"))
}

/// The columns in the order of their encoding, each with its role, and whether it is a parent that causes a
/// child.
fn plan(roles: &Roles) -> Result<Vec<(&str, Role, bool)>> {
    let Roles { target, parents, children, co_parents, .. } = roles;
    let both = |name: &String| parents.contains(name) && co_parents.contains(name);
    let mut planned: Vec<(&str, Role, bool)> = Vec::new();
    planned.extend(children.iter().map(|name| (name.as_str(), Role::Child, false)));
    planned.extend(parents.iter().filter(|n| !both(n)).map(|name| (name.as_str(), Role::Parent, false)));
    planned.extend(parents.iter().filter(|n| both(n)).map(|name| (name.as_str(), Role::Parent, true)));
    planned.extend(co_parents.iter().filter(|n| !both(n)).map(|name| (name.as_str(), Role::CoParent, false)));
    if children.is_empty() {
        let allowed = "at least one column that the target causes: the model explains the children";
        return Err(Error::config("children", "none", allowed));
    }
    let mut seen = vec![target.as_str()];
    for (name, ..) in &planned {
        if seen.contains(name) {
            let allowed = "named once among the target, its parents, children and co-parents (only a parent may \
                           be a co-parent too)";
            return Err(Error::config("role", name, allowed));
        }
        seen.push(name);
    }
    Ok(planned)
}

/// Types given for columns that are not there are slips of the pen.
fn check_types(options: &LearnOptions, roles: &Roles, header: &[String]) -> Result<()> {
    let known: Vec<&str> = header.iter().map(String::as_str).collect();
    if let Some(name) = options.types.keys().find(|name| !header.contains(name)) {
        return Err(Error::unknown_name("column", name, &known));
    }
    match options.types.get(&roles.target) {
        Some(ColumnType::Number) => {
            let field = format!("types.{}", roles.target);
            Err(Error::config(
                field,
                "number",
                "category, boolean or integer: the target's values are classes",
            ))
        }
        _ => Ok(()),
    }
}

/// The whole table as one chunk.
fn whole(source: &mut Source) -> Result<Chunk> {
    let mut all: Option<Chunk> = None;
    while let Some(chunk) = source.next(ROWS_AT_A_TIME)? {
        match &mut all {
            None => all = Some(chunk),
            Some(all) => {
                all.lines.extend(chunk.lines);
                all.columns.iter_mut().zip(chunk.columns).for_each(|(cells, more)| cells.append(more));
            }
        }
    }
    // A source without rows has refused to be read.
    Ok(all.unwrap_or(Chunk { first: 0, lines: Vec::new(), columns: Vec::new() }))
}

/// The columns of the table that the model does not read, in words.
fn ignored(header: &[String], roles: &Roles, schema: &Schema) -> Notices {
    let read = |name: &String| *name == schema.target || schema.columns.iter().any(|c| c.name == *name);
    let ignored = roles.ignored.iter().filter(|(name, _)| header.contains(name));
    let with_reason = ignored.map(|(name, reason)| format!("column `{name}` is not used: {reason}"));
    let unknown = |name: &&String| !read(name) && roles.ignored.iter().all(|(ignored, _)| ignored != *name);
    let unknown: Vec<&String> = header.iter().filter(unknown).collect();
    let without = (!unknown.is_empty()).then(|| format!("columns not used: {}", column_names(&unknown)));
    with_reason.chain(without).collect()
}

/// The rows that are not dropped; those with a missing value that is an error are still among them.
fn kept(chunk: &Chunk, missing: Missing) -> Vec<usize> {
    let present = |cells: &Cells, i: usize| cells.value(i) != Value::Missing;
    let keeps = |i: &usize| match missing {
        Missing::Error => true,
        Missing::Drop => chunk.columns.iter().all(|cells| present(cells, *i)),
        Missing::Impute => chunk.columns.last().is_some_and(|target| present(target, *i)),
    };
    (0..chunk.len()).filter(keeps).collect()
}

#[cfg(test)]
mod tests;
