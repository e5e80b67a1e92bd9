//! Whether a schema can be: those from files may be anything.

use super::reading::Reading;
use super::schema::{Cell, Column, Kind, MOST_VALUES, Schema};
use crate::{Error, Result};
use cama_causal::Role;

impl Schema {
    /// Checks every field; a schema that has been learnt is always right, one from a file may be anything.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], naming the field.
    pub fn check(&self) -> Result<()> {
        if self.classes.len() < 2 || !distinct(&self.classes) {
            let classes = format!("{:?}", self.classes);
            return Err(Error::config("schema.classes", classes, "two or more names that differ"));
        }
        if self.x_width() == 0 {
            return Err(Error::config(
                "schema.columns",
                "without a child",
                "at least one child of the target",
            ));
        }
        let mut names: Vec<&String> = self.columns.iter().map(|column| &column.name).collect();
        names.push(&self.target);
        if !distinct(&names) {
            let names = format!("{names:?}");
            return Err(Error::config("schema.columns", names, "names that differ, also from the target's"));
        }
        if !self.columns.is_sorted_by_key(Column::place) {
            let allowed = "children, then parents, then parents that cause a child, then other co-parents";
            return Err(Error::config("schema.columns", "in another order", allowed));
        }
        self.columns.iter().try_for_each(Column::check)
    }
}

impl Column {
    fn check(&self) -> Result<()> {
        let field = |field: &str| format!("schema.columns.{}.{field}", self.name);
        if self.causes_children && self.role != Role::Parent {
            return Err(Error::config(field("causes_children"), true, "false, unless the role is parent"));
        }
        let known = match (&self.kind, &self.imputed) {
            (Kind::Number { mean, sd, reading }, imputed) => {
                if !mean.is_finite() {
                    return Err(Error::config(field("kind.mean"), mean, "a finite number"));
                }
                if !(sd.is_finite() && *sd > 0.0) {
                    return Err(Error::config(field("kind.sd"), sd, "a finite number above 0"));
                }
                if let Reading::SignedLog { unit, mean, sd } = reading {
                    for (name, value) in [("unit", unit), ("sd", sd)] {
                        if !(value.is_finite() && *value > 0.0) {
                            let name = field(&format!("kind.reading.{name}"));
                            return Err(Error::config(name, value, "a finite number above 0"));
                        }
                    }
                    if !mean.is_finite() {
                        return Err(Error::config(field("kind.reading.mean"), mean, "a finite number"));
                    }
                }
                matches!(imputed, Cell::Number(number) if number.is_finite())
            }
            (Kind::Boolean { values }, imputed) => {
                if values[0] == values[1] {
                    return Err(Error::config(field("kind.values"), &values[0], "two names that differ"));
                }
                matches!(imputed, Cell::Name(name) if values.contains(name))
            }
            (Kind::Category { values }, imputed) => {
                if values.len() < 2 || values.len() > MOST_VALUES || !distinct(values) {
                    let allowed = format!("2 to {MOST_VALUES} names that differ");
                    return Err(Error::config(field("kind.values"), format!("{values:?}"), allowed));
                }
                matches!(imputed, Cell::Name(name) if values.contains(name))
            }
        };
        if !known {
            return Err(Error::config(field("imputed"), &self.imputed, "a value that the column can have"));
        }
        Ok(())
    }
}

fn distinct<T: Ord>(names: &[T]) -> bool {
    let mut sorted: Vec<&T> = names.iter().collect();
    sorted.sort();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::super::schema::tests::example_schema;
    use super::*;

    #[test]
    fn bad_schemas_name_the_field() {
        let check = |change: fn(&mut Schema), part: &str| {
            let mut schema = example_schema();
            change(&mut schema);
            let text = schema.check().expect_err(part).to_string();
            assert!(text.contains(part), "{text}");
        };
        check(|s| s.classes.truncate(1), "schema.classes");
        check(|s| s.classes[1] = "0".into(), "schema.classes");
        check(|s| s.columns.truncate(0), "schema.columns = without a child");
        check(|s| s.target = "x1".into(), "also from the target's");
        check(|s| s.columns.swap(0, 5), "in another order");
        check(|s| s.columns[0].causes_children = true, "schema.columns.x1.causes_children");
        check(
            |s| s.columns[0].kind = Kind::Number { mean: 0.0, sd: 0.0, reading: Reading::Linear },
            "schema.columns.x1.kind.sd = 0",
        );
        check(
            |s| s.columns[0].kind = Kind::Number { mean: f64::NAN, sd: 1.0, reading: Reading::Linear },
            "kind.mean = NaN",
        );
        check(|s| s.columns[2].kind = Kind::Category { values: vec!["b".into()] }, "2 to 1000 names");
        check(|s| s.columns[1].imputed = Cell::Name("maybe".into()), "schema.columns.x2.imputed = maybe");
        check(|s| s.columns[3].imputed = Cell::Name("0".into()), "schema.columns.a1.imputed");
    }
}
