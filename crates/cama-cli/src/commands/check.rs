//! `cama check`: what is understood of data, before anything is trained.

use std::collections::BTreeMap;
use std::io::Write as _;

use cama::causal::Role;
use cama::data::table::{Column, Kind, LearnOptions, Missing, Rows, Schema, is_table};
use cama::data::{Batches, Dataset, ImageBatches, Images};
use cama::{Error, Result};
use cama_eval::pictures::{Panel, Picture, Strip};

use super::understood;
use crate::flags::{CheckFlags, refuse};
use crate::output::Output;
use crate::progress::count;
use crate::session::Session;
use crate::source::roles;
use crate::table::Table;

/// Classes that are listed one by one.
const MOST_CLASSES: usize = 50;

/// Images in a row of the sheet.
const IN_A_ROW: usize = 8;

/// Prints what was understood; what may be meant otherwise is a warning.
///
/// # Errors
///
/// If the data cannot be used for training.
pub fn run(flags: &CheckFlags, session: &Session) -> anyhow::Result<()> {
    let text = match roles(&flags.table)? {
        Some(roles) => {
            flags.pictures.refuse_for_tables()?;
            refuse("a table", &[("sheet", flags.sheet.is_some())])?;
            // What is missing is to be told, and not to be an end.
            let missing = flags.table.missing.unwrap_or(Missing::Impute);
            let options = LearnOptions { missing, ..flags.table.options() };
            let (schema, rows, notices) = Schema::learn(&flags.data, &roles, &options)?;
            session.notify(&flags.data, &notices);
            if flags.table.missing.is_none() && !rows.is_complete() {
                let problem =
                    "values are missing: to train, give --missing impute, as here, or --missing drop";
                session.warn(format!("{}: {problem}", flags.data));
            }
            of_table(&schema, &rows)
        }
        None if is_table(&flags.data) => {
            let columns = cama::data::table::columns(&flags.data)?;
            let problem = format!("is a table with the columns {}", columns.join(", "));
            return Err(
                Error::data(&flags.data, problem, "give its causal graph by --graph and --target").into()
            );
        }
        None => of_images(flags, session)?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Images: how many, of which size, how bright, and of which classes.
fn of_images(flags: &CheckFlags, session: &Session) -> Result<String> {
    let sheet = flags.sheet.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let batches = ImageBatches::open_with(&flags.data, &flags.pictures.options())?;
    session.notify(&flags.data, batches.notices());
    let (mut counts, mut classes, mut labelled) = (Vec::new(), Vec::new(), false);
    let mut shown = Sheet::default();
    let bar = count(session, batches.len(), "reading");
    let (mut low, mut high, mut sum, mut pixels) = (f32::INFINITY, f32::NEG_INFINITY, 0.0, 0usize);
    batches.for_each(&mut |images| {
        classes = images.classes().to_vec();
        counts.resize(classes.len(), 0usize);
        labelled = images.labels().is_some();
        if sheet.is_some() {
            shown.add(images);
        }
        images.labels().unwrap_or_default().iter().for_each(|label| counts[*label] += 1);
        for pixel in images.pixels() {
            (low, high, sum) = (low.min(*pixel), high.max(*pixel), sum + f64::from(*pixel));
        }
        pixels += images.pixels().len();
        bar.inc(images.len() as u64);
        Ok(())
    })?;
    bar.finish_and_clear();
    let dim =
        understood::of_dim_images(high).filter(|_| batches.are_wide() && flags.pictures.white.is_none());
    dim.into_iter().for_each(|dim| session.warn(format!("{}: {dim}", flags.data)));
    if labelled && counts.iter().filter(|count| **count > 0).count() < 2 {
        session.warn(format!(
            "{}: all images are of one class; to train, give images of two or more",
            flags.data
        ));
    }
    if let Some(sheet) = &sheet {
        shown.picture(batches.shape(), &classes).save(sheet.path())?;
    }
    let [channels, height, width] = batches.shape();
    let colour = if channels == 3 { "colour" } else { "grey" };
    let mean = sum / pixels.max(1) as f64;
    let mut text = format!(
        "images      {}\nsize        {height}×{width} (height×width), {colour}\ngrey level  from {low:.3} to {high:.3}, {mean:.3} on \
         average (0 is black, 1 white)\n",
        batches.len()
    );
    text += &match labelled {
        true => of_classes(&classes, &counts, "image"),
        false => "classes     none: the images have no labels\n".to_string(),
    };
    Ok(text)
}

/// The first images of every class.
#[derive(Default)]
struct Sheet {
    /// By class; of images without labels all in one.
    rows: BTreeMap<usize, Vec<Vec<f32>>>,
}

impl Sheet {
    /// Takes what there is room for.
    fn add(&mut self, images: &Images) {
        let most = if images.labels().is_some() { IN_A_ROW } else { IN_A_ROW * IN_A_ROW };
        for i in 0..images.len() {
            let class = images.labels().map_or(0, |labels| labels[i]);
            if class >= MOST_CLASSES {
                continue;
            }
            let row = self.rows.entry(class).or_default();
            if row.len() < most {
                row.push(images.image(i).to_vec());
            }
        }
    }

    /// A row for each class.
    fn picture(self, shape: [usize; 3], classes: &[String]) -> Picture {
        let strips = self.rows.into_iter().flat_map(|(class, images)| {
            let label = classes.get(class).cloned().unwrap_or_default();
            let rows: Vec<Strip> =
                images.chunks(IN_A_ROW).map(|row| Strip::new(&label, row.to_vec())).collect();
            rows
        });
        Picture::new(shape).panel(Panel { strips: strips.collect(), ..Panel::default() })
    }
}

/// The classes with how many examples each has.
fn of_classes(classes: &[String], counts: &[usize], noun: &str) -> String {
    let mut table = Table::new(["class".to_string(), format!("{noun}s")]);
    for (class, n) in classes.iter().zip(counts).take(MOST_CLASSES) {
        table.row([class.clone(), n.to_string()]);
    }
    let more = classes.len().saturating_sub(MOST_CLASSES);
    let more = if more > 0 { format!("and {more} more\n") } else { String::new() };
    format!("classes     {}\n\n{}{more}", classes.len(), table.plain(""))
}

/// A table: every column's role, type, and range or categories.
fn of_table(schema: &Schema, rows: &Rows) -> String {
    let mut counts = vec![0; schema.classes.len()];
    rows.labels().unwrap_or_default().iter().for_each(|label| counts[*label] += 1);
    let mut table = Table::new(["column", "role", "type", "missing", "holds"]);
    let width = schema.width();
    for (column, range) in schema.columns.iter().zip(schema.ranges()) {
        let observed: Vec<usize> = (0..rows.len()).filter(|&i| rows.is_observed(i, range.start)).collect();
        let missing = (rows.len() - observed.len()) as f64 / rows.len() as f64;
        let values = observed.iter().map(|i| rows.values()[i * width + range.start]);
        table.row([
            column.name.clone(),
            role(column).to_string(),
            kind(column).to_string(),
            share(missing),
            holds(column, values),
        ]);
    }
    format!(
        "rows        {}\ntarget      {}\n{}\n{}",
        rows.len(),
        schema.target,
        of_classes(&schema.classes, &counts, "row"),
        table.plain("")
    )
}

fn role(column: &Column) -> &'static str {
    match (column.role, column.causes_children) {
        (Role::Child, _) => "child (X)",
        (Role::Parent, false) => "parent (A)",
        (Role::Parent, true) => "parent (A), co-parent (C)",
        (Role::CoParent, _) => "co-parent (C)",
    }
}

fn kind(column: &Column) -> &'static str {
    match &column.kind {
        Kind::Number { reading, .. } if reading.is_linear() => "number",
        Kind::Number { .. } => "number, as its logarithm",
        Kind::Boolean { .. } => "boolean",
        Kind::Category { .. } => "category",
    }
}

/// The range of numbers, or the values that there are.
fn holds(column: &Column, values: impl Iterator<Item = f32>) -> String {
    match &column.kind {
        Kind::Number { mean, sd, reading } => {
            let ends =
                values.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
            let [low, high] = ends.map(|end| reading.undo(mean + sd * f64::from(end)));
            // What is standardised in 32 bits comes back with an error of that size.
            let nothing = sd.abs().max(mean.abs()) * 1e-6;
            format!("{} to {}", shown(low, nothing), shown(high, nothing))
        }
        Kind::Boolean { values } => values.join(", "),
        Kind::Category { values } => {
            let first = values.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            if values.len() > 5 { format!("{} values: {first}, …", values.len()) } else { first }
        }
    }
}

/// A share in percent.
fn share(share: f64) -> String {
    if share == 0.0 { "–".to_string() } else { format!("{:.1}%", 100.0 * share) }
}

/// Four digits: the values went through 32 bits. What is smaller than `nothing` is 0.
fn shown(number: f64, nothing: f64) -> String {
    if number.abs() < nothing {
        return "0".to_string();
    }
    format!("{number:.3e}").parse::<f64>().map_or_else(|_| number.to_string(), |rounded| rounded.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let shown = |number| shown(number, 1e-6);
        assert_eq!([37.000_004, -0.108_91, 12_345.6, 0.0].map(shown), ["37", "-0.1089", "12350", "0"]);
        assert_eq!((shown(-7e-8), share(0.125)), ("0".to_string(), "12.5%".to_string()));
    }
}
