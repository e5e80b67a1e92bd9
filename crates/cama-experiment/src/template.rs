//! Values put into what is written: `{name}`.

use cama::{Error, Result};
use toml::{Table, Value};

/// `value` with every `{name}` in its texts replaced by what `values` has; a text that is nothing but one `{name}` becomes
/// that value itself, a number or a list.
///
/// # Errors
///
/// If there is no such name, a brace is not closed, or a list is to stand inside of a text.
pub fn fill(value: &Value, values: &Table) -> Result<Value> {
    Filling { values, depth: 0 }.value(value)
}

/// As [`fill`], for every value of a table.
pub fn fill_table(table: &Table, values: &Table) -> Result<Table> {
    table.iter().map(|(key, value)| Ok((key.clone(), fill(value, values)?))).collect()
}

/// How deep values may be made of others.
const DEEPEST: usize = 16;

#[derive(Clone, Copy)]
struct Filling<'a> {
    values: &'a Table,
    depth: usize,
}

impl Filling<'_> {
    fn value(self, value: &Value) -> Result<Value> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(all) => {
                all.iter().map(|value| self.value(value)).collect::<Result<_>>().map(Value::Array)
            }
            Value::Table(table) => {
                let fill = |(key, value): (&String, &Value)| Ok((key.clone(), self.value(value)?));
                table.iter().map(fill).collect::<Result<_>>().map(Value::Table)
            }
            other => Ok(other.clone()),
        }
    }

    fn text(self, text: &str) -> Result<Value> {
        let wrong = |problem: String| Error::spec("text", text, problem);
        let look = |name: &str| {
            let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
            let value = self.values.get(name);
            let value = value.ok_or_else(|| wrong(Error::unknown_name("value", name, &known).to_string()))?;
            if self.depth == DEEPEST {
                return Err(wrong(format!("`{name}` is made of itself")));
            }
            // What is named may itself be made of others.
            Self { depth: self.depth + 1, ..self }.value(value)
        };
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
            && !name.contains(['{', '}'])
        {
            return look(name);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| wrong("`{` without `}`".into()))?;
            filled.push_str(before);
            match look(name)? {
                Value::String(text) => filled.push_str(&text),
                value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => {
                    filled.push_str(&value.to_string())
                }
                _ => return Err(wrong(format!("`{{{name}}}` is a list and cannot stand inside of a text"))),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(Value::String(filled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<Value> {
        let values = "n = 3\nr = 0.5\nlist = [1, 2]\nrange = \"[..{n}]\"".parse().unwrap();
        fill(&Value::String(text.into()), &values)
    }

    #[test]
    fn a_value_alone_keeps_its_type_and_becomes_text_inside_of_text() {
        assert_eq!(filled("{n}").unwrap(), Value::Integer(3));
        assert_eq!(filled("{list}").unwrap().as_array().unwrap().len(), 2);
        assert_eq!(filled("shift:{r}").unwrap().as_str(), Some("shift:0.5"));
        assert_eq!(filled("mnist:test{range}").unwrap().as_str(), Some("mnist:test[..3]"));
        assert_eq!(filled("plain").unwrap().as_str(), Some("plain"));
    }

    #[test]
    fn mistakes_are_reported() {
        assert!(filled("{m}").unwrap_err().to_string().contains("unknown value `m`"));
        assert!(filled("a {n").unwrap_err().to_string().contains("without"));
        let itself = "a = \"{b}\"\nb = \"x{a}\"".parse().unwrap();
        let text = fill(&Value::String("{a}".into()), &itself).unwrap_err().to_string();
        assert!(text.contains("made of itself"), "{text}");
        assert!(filled("a {list}").unwrap_err().to_string().contains("list"));
    }
}
