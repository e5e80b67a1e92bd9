//! From rows of a table as the model has them to what a classifier takes.

use std::path::Path;

use cama::data::table::{Cell, Column, Kind, Schema};
use cama::{Error, Result};
use rten::Value;
use rten_onnx::onnx::DataType;

use crate::OnnxOptions;
use crate::graph::is_float;
use crate::network::Input;

/// How to turn the model's rows into the classifier's.
#[derive(Debug)]
pub(crate) struct TablePlan {
    schema: Schema,
    /// The columns that the classifier takes, in its order.
    features: Vec<Feature>,
    /// For each input, whether it takes whole numbers.
    whole: Vec<bool>,
    /// Whether each column is an input of its own.
    apart: bool,
}

/// One column of the classifier.
#[derive(Debug)]
struct Feature {
    /// Its place among the schema's columns.
    place: usize,
    /// The names of its values with the number that each is; none where they are numbers.
    names: Vec<(String, f64)>,
}

impl TablePlan {
    /// `order` is that of the columns in the file, as far as it is known.
    pub(crate) fn new(
        path: &Path,
        inputs: &[Input],
        schema: &Schema,
        order: &[String],
        options: &OnnxOptions,
    ) -> Result<Self> {
        let whole = inputs.iter().map(|input| whole(path, input)).collect::<Result<Vec<_>>>()?;
        let known: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        let is_known = |name: &&str| known.contains(name);
        let wrong = |input: &Input, problem: String, remedy: &str| {
            Error::data(path, format!("its input is `{}`: {problem}", input.described), remedy)
        };
        let [first, rest @ ..] = inputs else {
            return Err(Error::data(path, "it has no input", "give another"));
        };
        let given = || options.columns.iter().map(String::as_str).collect::<Vec<_>>();
        let own_name =
            options.columns.is_empty() && is_known(&first.name.as_str()) && width(first) == Some(1);
        let apart = !rest.is_empty() || own_name;
        let names: Vec<&str> = if !options.columns.is_empty() {
            given()
        } else if apart {
            let names = inputs.iter().map(|input| input.name.as_str());
            if let Some(unknown) = inputs.iter().find(|input| !is_known(&input.name.as_str())) {
                let problem = format!("the model reads no such column; it reads {}", known.join(", "));
                return Err(wrong(unknown, problem, "give --classifier-columns in the order of the inputs"));
            }
            names.collect()
        } else {
            order.iter().map(String::as_str).filter(is_known).collect()
        };
        if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
            return Err(Error::unknown_name("column of the model", unknown, &known));
        }
        if let Some((i, twice)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            let allowed = "names that differ";
            return Err(Error::config(format!("classifier.columns[{i}]"), twice, allowed));
        }
        if names.is_empty() {
            let problem = "the order of the columns is not known".to_string();
            return Err(wrong(
                first,
                problem,
                "give them with --classifier-columns, in the order of its training",
            ));
        }
        for input in inputs {
            let rank = input.shape.as_ref().map(Vec::len);
            if rank.is_some_and(|rank| rank != 2) {
                return Err(wrong(input, "rows are not given in such a shape".into(), "export it for rows"));
            }
            let takes = if apart { 1 } else { names.len() };
            if let Some(width) = width(input).filter(|width| *width != takes) {
                let problem = if apart {
                    format!("it takes {width} columns, where every column is an input")
                } else {
                    format!("it takes {width} columns, not these {takes}: {}", names.join(", "))
                };
                return Err(wrong(input, problem, "give --classifier-columns in the order of its training"));
            }
        }
        if apart && names.len() != inputs.len() {
            let problem = format!("{} inputs do not take {} columns", inputs.len(), names.len());
            return Err(Error::data(path, problem, "give one of --classifier-columns for each input"));
        }
        let feature = |name: &&str| {
            let place = known.iter().position(|known| known == name).unwrap_or_default();
            let names = numbers(&schema.columns[place]).ok_or_else(|| {
                let problem = format!("it takes numbers, and column `{name}` holds names that are none");
                let remedy =
                    "write its values as numbers before both are trained, or leave it out of the classifier";
                Error::data(path, problem, remedy)
            })?;
            Ok(Feature { place, names })
        };
        let features = names.iter().map(feature).collect::<Result<_>>()?;
        Ok(TablePlan { schema: schema.clone(), features, whole, apart })
    }

    /// How many numbers one row has for the classifier.
    pub(crate) fn width(&self) -> usize {
        self.features.len()
    }

    /// How many numbers one row of X, of A and of C has for the model.
    pub(crate) fn widths(&self) -> [usize; 3] {
        [self.schema.x_width(), self.schema.a_width(), self.schema.c_width()]
    }

    /// Writes one row of the model as the classifier takes it, in the columns' own units.
    pub(crate) fn write(&self, [x, a, c]: [&[f32]; 3], out: &mut [f32]) {
        let cells = self.schema.decode(x, a, c);
        for (feature, out) in self.features.iter().zip(out) {
            *out = match &cells[feature.place] {
                Cell::Number(number) => *number as f32,
                Cell::Name(name) => {
                    let number = feature.names.iter().find(|(known, _)| known == name);
                    number.map_or(f32::NAN, |(_, number)| *number as f32)
                }
            };
        }
    }

    /// The inputs for these rows, one after another.
    pub(crate) fn values(&self, rows: Vec<f32>) -> Vec<Value> {
        let width = self.width();
        let batch = rows.len() / width;
        let value = |values: Vec<f32>, width: usize, whole: bool| {
            if whole {
                // What was restored is not whole any more; too large a number becomes the largest.
                let values: Vec<i32> = values.iter().map(|value| value.round() as i32).collect();
                Value::from_shape([batch, width], values).ok()
            } else {
                Value::from_shape([batch, width], values).ok()
            }
        };
        if !self.apart {
            return value(rows, width, self.whole[0]).into_iter().collect();
        }
        let column = |at: usize| rows.iter().skip(at).step_by(width).copied().collect();
        self.whole.iter().enumerate().filter_map(|(at, whole)| value(column(at), 1, *whole)).collect()
    }
}

/// How many columns an input takes, if the file says so.
fn width(input: &Input) -> Option<usize> {
    *input.shape.as_ref()?.get(1)?
}

/// Whether an input takes whole numbers.
fn whole(path: &Path, input: &Input) -> Result<bool> {
    match input.element {
        None => Ok(false),
        Some(element) if is_float(element) => Ok(false),
        Some(DataType::INT64 | DataType::INT32) => Ok(true),
        Some(element) => {
            let problem = format!("its input is `{}`: rows are not given as {element}", input.described);
            Err(Error::data(path, problem, "export the classifier for FLOAT, DOUBLE or INT64 columns"))
        }
    }
}

/// The number of each name that a column may hold, none if it holds numbers; nothing if a name is no number.
fn numbers(column: &Column) -> Option<Vec<(String, f64)>> {
    let parsed = |values: &[String]| {
        let number = |name: &String| name.parse::<f64>().ok().filter(|number| number.is_finite());
        values.iter().map(|name| Some((name.clone(), number(name)?))).collect::<Option<Vec<_>>>()
    };
    match &column.kind {
        Kind::Number { .. } => Some(Vec::new()),
        Kind::Category { values } => parsed(values),
        // Words for false and true are 0 and 1, as everywhere.
        Kind::Boolean { values } => {
            Some(parsed(values).unwrap_or_else(|| vec![(values[0].clone(), 0.0), (values[1].clone(), 1.0)]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_given_in_their_own_units_and_whole_where_that_is_asked() {
        let schema: Schema = serde_json::from_str(
            r#"{"target": "y", "classes": ["0", "1"], "missing": "error", "columns": [
                {"name": "n", "role": "child", "kind": {"number": {"mean": 10.0, "sd": 2.0}}, "imputed": 10.0},
                {"name": "b", "role": "child", "kind": {"boolean": {"values": ["no", "yes"]}}, "imputed": "no"},
                {"name": "k", "role": "parent", "kind": {"category": {"values": ["3", "7"]}}, "imputed": "3"}]}"#,
        )
        .unwrap();
        let input = |element| Input {
            name: "x".to_string(),
            element: Some(element),
            shape: Some(vec![None, Some(3)]),
            described: format!("x, {element} [?, 3]"),
        };
        // Neither the target nor a column that the model does not read counts.
        let order = ["k", "unread", "n", "y", "b"].map(String::from);
        let plan = |element| {
            TablePlan::new(Path::new("c.onnx"), &[input(element)], &schema, &order, &OnnxOptions::default())
        };
        let given = |element| {
            let plan = plan(element).unwrap();
            let mut row = [f32::NAN; 3];
            plan.write([&[0.3, 1.0], &[0.0, 1.0], &[]], &mut row);
            plan.values(row.to_vec()).remove(0)
        };
        assert_eq!(
            given(DataType::DOUBLE).into_shape_vec::<f32, 2>().unwrap(),
            ([1, 3], vec![7.0, 10.6, 1.0])
        );
        assert_eq!(given(DataType::INT64).into_shape_vec::<i32, 2>().unwrap(), ([1, 3], vec![7, 11, 1]));
        let text = plan(DataType::STRING).unwrap_err().to_string();
        assert!(
            text.contains("c.onnx: its input is `x, STRING [?, 3]`: rows are not given as STRING"),
            "{text}"
        );
    }
}
