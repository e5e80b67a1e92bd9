//! Between the columns of a table, in their own units, and what a model reads, as nodes.

use cama::causal::Role;
use cama::data::table::{Column, Kind, Reading, Schema};
use cama::{Error, Result};
use serde_json::{Value, json};

use crate::nodes::{Nodes, int};

/// The columns of a table in the order of the file's rows, and how each is encoded.
pub(super) struct ColumnPlan<'a> {
    schema: &'a Schema,
    /// For each column of the schema, its place in a row of the file.
    places: Vec<usize>,
}

/// One value that the model reads, out of its column's cell.
struct Slot {
    place: usize,
    mean: f64,
    sd: f64,
    /// The unit of a signed logarithm; none of what is read as it is.
    log_unit: Option<f64>,
    /// The number that stands for the category whose indicator this value is; none of other columns.
    category: Option<f64>,
}

impl<'a> ColumnPlan<'a> {
    /// `order` names all columns of the schema, in the order in which they come; that of the schema if it is empty.
    pub(super) fn new(schema: &'a Schema, order: &[String]) -> Result<Self> {
        let known: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        if let Some(unknown) = order.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(Error::unknown_name("column of the model", unknown, &known));
        }
        let place = |name: &&str| match order {
            [] => known.iter().position(|known| known == name),
            _ => order.iter().position(|given| given == name),
        };
        let missing = |name: &str| {
            let allowed = format!("the name of every column that the model reads; `{name}` is missing");
            Error::config("export.columns", order.join(","), allowed)
        };
        if order.len() > known.len() {
            return Err(Error::config("export.columns", order.join(","), "names that differ"));
        }
        let places = known.iter().map(|name| place(name).ok_or_else(|| missing(name)));
        Ok(Self { schema, places: places.collect::<Result<_>>()? })
    }

    /// How many numbers a row of the file has.
    pub(super) fn width(&self) -> usize {
        self.places.len()
    }

    /// For the metadata: the columns in the order of a row, with what their numbers mean.
    pub(super) fn described(&self) -> Value {
        let mut all: Vec<(usize, Value)> =
            self.schema.columns.iter().zip(&self.places).map(described).collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, column)| column).collect()
    }

    fn slots(&self, columns: impl Fn(&Column) -> bool) -> Vec<Slot> {
        let of = |(column, place): (&Column, &usize)| -> Vec<Slot> {
            let as_it_is = Slot { place: *place, mean: 0.0, sd: 1.0, log_unit: None, category: None };
            match &column.kind {
                Kind::Number { mean, sd, reading } => {
                    let log_unit = match reading {
                        Reading::Linear => None,
                        Reading::SignedLog { unit, .. } => Some(*unit),
                    };
                    vec![Slot { mean: *mean, sd: *sd, log_unit, ..as_it_is }]
                }
                Kind::Boolean { .. } => vec![as_it_is],
                Kind::Category { values } => {
                    let of = |number| Slot { category: Some(number), place: *place, ..as_it_is };
                    codes(values).into_iter().map(of).collect()
                }
            }
        };
        self.schema
            .columns
            .iter()
            .zip(&self.places)
            .filter(|(column, _)| columns(column))
            .flat_map(of)
            .collect()
    }

    fn children(&self) -> Vec<Slot> {
        self.slots(|column| column.role == Role::Child)
    }
}

/// What stands for each category: its name, if all names are numbers, or else its place among them.
fn codes(values: &[String]) -> Vec<f64> {
    let parsed = |name: &String| name.parse::<f64>().ok().filter(|number| number.is_finite());
    let all: Option<Vec<f64>> = values.iter().map(parsed).collect();
    all.unwrap_or_else(|| (0..values.len()).map(|place| place as f64).collect())
}

fn described((column, place): (&Column, &usize)) -> (usize, Value) {
    let name = &column.name;
    let value = match &column.kind {
        Kind::Number { .. } => json!({ "name": name, "kind": "number" }),
        Kind::Boolean { values } => {
            json!({ "name": name, "kind": "boolean", "values": values, "codes": [0, 1] })
        }
        Kind::Category { values } => {
            json!({ "name": name, "kind": "category", "values": values, "codes": codes(values) })
        }
    };
    (*place, value)
}

/// X, A and C of rows as the model reads them; A and C where there are any.
pub(super) struct Encoded {
    pub x: String,
    pub a: Option<String>,
    pub c: Option<String>,
    /// For each value of X, which of the numbers it is, if it is one.
    pub places: Vec<Option<usize>>,
}

impl Encoded {
    /// X, or another in its place, with A and C beside it.
    pub(super) fn all(&self, nodes: &mut Nodes, x: &str) -> String {
        let parts: Vec<String> =
            [Some(x.to_string()), self.a.clone(), self.c.clone()].into_iter().flatten().collect();
        nodes.joined(&parts)
    }
}

impl Nodes<'_> {
    /// Rows of the file as the model reads them.
    pub(super) fn encoded(&mut self, rows: &str, plan: &ColumnPlan) -> Encoded {
        let all = self.read(rows, &plan.slots(|_| true));
        let schema = plan.schema;
        let [x, a, c] = [schema.x_width(), schema.a_width(), schema.c_width()];
        let mut part = |first: usize, length: usize| (length > 0).then(|| self.columns(&all, first, length));
        let of_a = part(x, a);
        let of_c = part(schema.width() - c, c);
        let mut numbers = 0..;
        let place = |column: &Column| match column.kind {
            Kind::Number { .. } => vec![numbers.next()],
            _ => vec![None; column.kind.width()],
        };
        let places = schema.children().flat_map(place).collect();
        Encoded { x: self.columns(&all, 0, x), a: of_a, c: of_c, places }
    }

    /// The value of every slot, `[batch, slots]`.
    fn read(&mut self, rows: &str, slots: &[Slot]) -> String {
        let n = slots.len();
        let places = self.ints(&[n], slots.iter().map(|slot| slot.place as i64).collect());
        let mut values = self.add("Gather", &[rows, &places], vec![int("axis", 1)]);
        if slots.iter().any(|slot| slot.log_unit.is_some()) {
            let units = slots.iter().map(|slot| 1.0 / slot.log_unit.unwrap_or(1.0));
            let units = self.floats(&[1, n], units.map(|unit| unit as f32).collect());
            let sign = self.add("Sign", &[&values], vec![]);
            let size = self.add("Abs", &[&values], vec![]);
            let size = self.add("Mul", &[&size, &units], vec![]);
            let size = self.with("Add", &size, 1.0);
            let log = self.add("Log", &[&size], vec![]);
            let log = self.add("Mul", &[&sign, &log], vec![]);
            values = self.chosen(slots, |slot| slot.log_unit.is_some(), &log, &values);
        }
        if slots.iter().any(|slot| slot.category.is_some()) {
            let codes = slots.iter().map(|slot| slot.category.unwrap_or(0.0) as f32).collect();
            let codes = self.floats(&[1, n], codes);
            let is_it = self.add("Equal", &[&values, &codes], vec![]);
            let is_it = self.float(&is_it);
            values = self.chosen(slots, |slot| slot.category.is_some(), &is_it, &values);
        }
        let means = self.floats(&[1, n], slots.iter().map(|slot| slot.mean as f32).collect());
        let sds = self.floats(&[1, n], slots.iter().map(|slot| slot.sd as f32).collect());
        let values = self.add("Sub", &[&values, &means], vec![]);
        self.add("Div", &[&values, &sds], vec![])
    }

    /// The first of two values in the slots that are `which`, else the second.
    fn chosen(&mut self, slots: &[Slot], which: impl Fn(&Slot) -> bool, yes: &str, no: &str) -> String {
        let which = slots.iter().map(|slot| f32::from(u8::from(which(slot)))).collect();
        let which = self.floats(&[1, slots.len()], which);
        let which = self.with("Greater", &which, 0.5);
        self.add("Where", &[&which, yes, no], vec![])
    }

    /// Rows of the file whose numeric children are those of `x`, as an output; the other columns are as they were.
    pub(super) fn decoded(&mut self, x: &str, rows: &str, plan: &ColumnPlan, output: &str) {
        let slots = plan.children();
        let n = slots.len();
        let means = self.floats(&[1, n], slots.iter().map(|slot| slot.mean as f32).collect());
        let sds = self.floats(&[1, n], slots.iter().map(|slot| slot.sd as f32).collect());
        let values = self.add("Mul", &[x, &sds], vec![]);
        let mut values = self.add("Add", &[&values, &means], vec![]);
        if slots.iter().any(|slot| slot.log_unit.is_some()) {
            let units = slots.iter().map(|slot| slot.log_unit.unwrap_or(1.0) as f32).collect();
            let units = self.floats(&[1, n], units);
            let sign = self.add("Sign", &[&values], vec![]);
            let size = self.add("Abs", &[&values], vec![]);
            let size = self.add("Exp", &[&size], vec![]);
            let size = self.with("Sub", &size, 1.0);
            let size = self.add("Mul", &[&size, &units], vec![]);
            let undone = self.add("Mul", &[&sign, &size], vec![]);
            values = self.chosen(&slots, |slot| slot.log_unit.is_some(), &undone, &values);
        }
        // Behind the children stand the rows as they were: each column is taken from there unless it is a number that is
        // restored.
        let all = self.joined(&[values, rows.to_string()]);
        let mut from: Vec<i64> = (0..plan.width()).map(|place| (n + place) as i64).collect();
        let mut at = 0;
        for column in plan.schema.children() {
            if let Kind::Number { .. } = column.kind {
                from[slots[at].place] = at as i64;
            }
            at += column.kind.width();
        }
        let from = self.ints(&[from.len()], from);
        self.named("Gather", &[&all, &from], vec![int("axis", 1)], output);
    }
}
