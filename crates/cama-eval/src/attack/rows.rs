//! Which values of a table's rows may change under attack.

use cama::causal::Role;
use cama::data::Dataset;
use cama::data::table::{Column, Kind, Rows, Schema};
use cama::manipulation::changeable_numbers;
use cama::{Error, Result};

use super::limits::Limits;
use super::space::{Attackable, Space};
use super::spec::KIND;

/// For each place in the schema, where the column begins in X and C side by side; nothing for parents.
fn offsets(schema: &Schema) -> Vec<Option<usize>> {
    // A parent that causes a child stands in C before the other co-parents, and may not change.
    let is_parent = |column: &&Column| column.role == Role::Parent && column.causes_children;
    let parents: usize = schema.columns.iter().filter(is_parent).map(|column| column.kind.width()).sum();
    let (mut x, mut c) = (0, schema.x_width() + parents);
    let place = |column: &Column| {
        let next = match column.role {
            Role::Child => &mut x,
            Role::CoParent => &mut c,
            Role::Parent => return None,
        };
        let start = *next;
        *next += column.kind.width();
        Some(start)
    };
    schema.columns.iter().map(place).collect()
}

/// The places in the schema of the columns that may change, ascending.
fn places(rows: &Rows, limits: &Limits) -> Result<Vec<usize>> {
    let schema = rows.schema();
    let mut places: Vec<usize> = Vec::new();
    for pattern in &limits.columns {
        places.extend(changeable_numbers(schema, pattern, KIND)?);
    }
    if limits.columns.is_empty() {
        let all = ["@children", "@co-parents"];
        places = all.iter().flat_map(|p| changeable_numbers(schema, p, KIND).unwrap_or_default()).collect();
        if places.is_empty() {
            return Err(Error::Mismatch(format!(
                "no column of {} can be attacked: there are no numbers among its children and co-parents",
                rows.name()
            )));
        }
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// The one numeric column called `name`.
fn column(schema: &Schema, name: &str, attacked: &[usize]) -> Result<usize> {
    let places = changeable_numbers(schema, name, KIND)?;
    match places[..] {
        [place] if attacked.contains(&place) => Ok(place),
        [_] => Err(Error::spec(KIND, name, "this column is not among those that are attacked")),
        _ => Err(Error::spec(KIND, name, "name one column here, not several")),
    }
}

impl Attackable for Rows {
    fn space(&self, limits: &Limits) -> Result<Space> {
        let schema = self.schema();
        let places = places(self, limits)?;
        let (offsets, width) = (offsets(schema), schema.x_width() + schema.c_width());
        let mut space = Space {
            x: schema.x_width(),
            unit: vec![0.0; width],
            low: vec![f32::NEG_INFINITY; width],
            high: vec![f32::INFINITY; width],
            grid: [1, 1, places.len()],
        };
        let encoding = |place: usize| match (&schema.columns[place].kind, offsets[place]) {
            (Kind::Number { mean, sd, reading }, Some(at)) => (at, *mean, *sd, *reading),
            _ => unreachable!("only numbers that can change are picked"),
        };
        for &place in &places {
            space.unit[encoding(place).0] = 1.0;
        }
        for (name, eps) in &limits.eps {
            let (at, _, sd, reading) = encoding(column(schema, name, &places)?);
            if !reading.is_linear() {
                let problem = "is read as a logarithm, in which a radius in its own unit is not the same everywhere; \
                               give it a range, and no radius of its own";
                return Err(Error::spec(KIND, name, problem));
            }
            let unit = (eps / sd) as f32;
            if !unit.is_normal() {
                let problem = format!(
                    "{eps} is lost in rounding, or has no bounds, where one standard deviation is {sd}"
                );
                return Err(Error::spec(KIND, name, problem));
            }
            space.unit[at] = unit;
        }
        for (name, [low, high]) in &limits.ranges {
            let (at, mean, sd, reading) = encoding(column(schema, name, &places)?);
            let encoded = |end: &f64| ((reading.read(*end) - mean) / sd) as f32;
            (space.low[at], space.high[at]) = (encoded(low), encoded(high));
        }
        Ok(space)
    }

    fn changed(&self, name: String, points: &[f32]) -> Result<Self> {
        let (x, c) = (self.schema().x_width(), self.schema().c_width());
        let part = |from: usize, to: usize| -> Vec<f32> {
            points.chunks_exact(x + c).flat_map(|point| point[from..to].iter().copied()).collect()
        };
        self.with_x_and_c(name, &part(0, x), &part(x, x + c))
    }
}
