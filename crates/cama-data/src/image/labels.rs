//! Labels of images as arrays hold them: numbers, truth values, texts, or one-hot rows.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::ControlFlow;

use npyz::{Deserialize, TypeChar};

use super::npy::Npy;
use crate::Result;
use crate::half::half;

/// More classes than this are taken for a mistake in the labels: what two bytes can count.
const MAX_CLASSES: usize = 1 << 16;

/// The longest text of a label, in characters.
const LONGEST: u64 = 4096;

/// The label of each image, as an index into the names of the classes.
#[derive(Debug, PartialEq)]
pub(super) struct Labelled {
    pub(super) labels: Vec<u16>,
    pub(super) classes: Vec<String>,
    /// What its owner may want to know, in words.
    pub(super) notice: Option<String>,
}

/// Labels before they are numbered.
enum Written {
    /// The numbers of classes.
    Numbers(Vec<i64>),
    /// The names of classes.
    Names(Vec<String>),
    /// The places of the ones in rows of so many values.
    Places(Vec<i64>, usize),
}

/// Labels that are numbers: every number that occurs is a class, called by it.
pub(super) fn numbered(numbers: &[i64]) -> Result<Labelled, String> {
    let present: Vec<i64> = numbers.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    check(present.len())?;
    let place = |number: &i64| present.binary_search(number).unwrap_or_default() as u16;
    let (first, last) = (present.first().copied().unwrap_or(0), present.last().copied().unwrap_or(0));
    let gaps = last.abs_diff(first).saturating_add(1).saturating_sub(present.len() as u64);
    let notice = (gaps > 0).then(|| {
        format!(
            "the labels go from {first} to {last}, but only {} of these numbers occur: so many are the classes",
            present.len()
        )
    });
    let classes = present.iter().map(i64::to_string).collect();
    Ok(Labelled { labels: numbers.iter().map(place).collect(), classes, notice })
}

/// The labels of an array. `classes` are the names that its numbers stand for, if there are such.
pub(super) fn read(array: Npy, classes: Option<Vec<String>>) -> Result<Labelled> {
    let numbered_from = "number the classes from 0, or save the names of the classes as the labels";
    let error = array.describe();
    let written = written(array)?;
    let bad = |problem: String| error.error(problem, numbered_from);
    let Some(classes) = classes else {
        return match written {
            Written::Numbers(numbers) => numbered(&numbers).map_err(bad),
            Written::Names(names) => named(&names).map_err(bad),
            Written::Places(places, columns) => {
                check(columns).map_err(bad)?;
                let classes = (0..columns).map(|class| class.to_string()).collect();
                Ok(Labelled { labels: places.iter().map(|&at| at as u16).collect(), classes, notice: None })
            }
        };
    };
    check(classes.len()).map_err(bad)?;
    let unknown = |i: usize, label: &dyn Display| {
        bad(format!("image {i} has label {label}, but there are {} classes", classes.len()))
    };
    let labels = match written {
        Written::Numbers(numbers) | Written::Places(numbers, _) => numbers
            .iter()
            .enumerate()
            .map(|(i, number)| match usize::try_from(*number) {
                Ok(class) if class < classes.len() => Ok(class as u16),
                _ => Err(unknown(i, number)),
            })
            .collect::<Result<_>>()?,
        Written::Names(names) => names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let place = classes.iter().position(|class| class == name);
                place.map(|place| place as u16).ok_or_else(|| unknown(i, name))
            })
            .collect::<Result<_>>()?,
    };
    Ok(Labelled { labels, classes, notice: None })
}

/// Labels that are names: every name that occurs is a class; sorted.
fn named(names: &[String]) -> Result<Labelled, String> {
    let present: Vec<&String> = names.iter().collect::<BTreeSet<_>>().into_iter().collect();
    check(present.len())?;
    let place = |name: &String| present.binary_search(&name).unwrap_or_default() as u16;
    let labels = names.iter().map(place).collect();
    Ok(Labelled { labels, classes: present.into_iter().cloned().collect(), notice: None })
}

fn check(classes: usize) -> Result<(), String> {
    match classes > MAX_CLASSES {
        true => Err(format!("has {classes} classes, more than {MAX_CLASSES}")),
        false => Ok(()),
    }
}

/// The labels as they are written.
fn written(mut array: Npy) -> Result<Written> {
    let columns = match *array.shape() {
        [_] | [_, 1] => 1,
        [_, columns] if columns > 1 => columns,
        _ => {
            let problem = format!("has the shape {:?}", array.shape());
            return Err(array.error(problem, "save one label an image, or one row of zeros and a one"));
        }
    };
    let array = &mut array;
    let numbers = match array.element() {
        Some((TypeChar::Int, 1)) => whole::<i8>(array)?,
        Some((TypeChar::Int, 2)) => whole::<i16>(array)?,
        Some((TypeChar::Int, 4)) => whole::<i32>(array)?,
        Some((TypeChar::Int, 8)) => whole::<i64>(array)?,
        Some((TypeChar::Uint, 1)) => whole::<u8>(array)?,
        Some((TypeChar::Uint, 2)) => whole::<u16>(array)?,
        Some((TypeChar::Uint, 4)) => whole::<u32>(array)?,
        Some((TypeChar::Uint, 8)) => whole::<u64>(array)?,
        Some((TypeChar::Bool, 1)) => {
            let truths = array.elements::<bool>()?;
            if columns == 1 {
                let name = |truth: bool| if truth { "true" } else { "false" };
                return Ok(Written::Names(truths.into_iter().map(|truth| name(truth).to_string()).collect()));
            }
            truths.into_iter().map(i64::from).collect()
        }
        Some((TypeChar::Float, 4)) => rounded(array, |float: f32| f64::from(float))?,
        Some((TypeChar::Float, 8)) => rounded(array, |float: f64| float)?,
        Some((TypeChar::Float, 2)) => rounded(array, half)?,
        Some((TypeChar::UnicodeStr, 1..=LONGEST)) if columns == 1 => {
            return Ok(Written::Names(array.elements::<String>()?));
        }
        Some((TypeChar::ByteStr, 1..=LONGEST)) if columns == 1 => {
            let texts = array.elements::<Vec<u8>>()?;
            let text = |bytes: Vec<u8>| {
                let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                String::from_utf8_lossy(&bytes[..end]).into_owned()
            };
            return Ok(Written::Names(texts.into_iter().map(text).collect()));
        }
        _ => {
            let remedy =
                "save the labels as integers, as an array of text (`<U…`), or as rows of zeros and a one";
            return Err(array.wrong_type(remedy));
        }
    };
    match columns {
        1 => Ok(Written::Numbers(numbers)),
        columns => places(array, &numbers, columns),
    }
}

/// The places of the ones in rows that are zeros otherwise.
fn places(array: &Npy, values: &[i64], columns: usize) -> Result<Written> {
    let mut places = Vec::with_capacity(values.len() / columns);
    for (i, row) in values.chunks(columns).enumerate() {
        let one = row.iter().position(|value| *value == 1);
        match one.filter(|_| row.iter().filter(|value| **value != 0).count() == 1) {
            Some(place) => places.push(place as i64),
            None => {
                let problem = format!("of image {i} is not a row of zeros and a one");
                return Err(array.error(problem, "save one label an image, or one row of zeros and a one"));
            }
        }
    }
    Ok(Written::Places(places, columns))
}

fn whole<T: Deserialize + Copy + Clone + TryInto<i64> + Display>(array: &mut Npy) -> Result<Vec<i64>> {
    let elements = array.elements::<T>()?;
    let of = |(i, label): (usize, T)| {
        label
            .try_into()
            .map_err(|_| array.error(format!("has the label {label} for image {i}"), "use smaller numbers"))
    };
    elements.into_iter().enumerate().map(of).collect()
}

/// Floating-point numbers that are whole.
fn rounded<T: Deserialize>(array: &mut Npy, to: impl Fn(T) -> f64) -> Result<Vec<i64>> {
    // Elements of this type need no copies in memory, but come in the order of the file.
    let (mut numbers, mut bad) = (Vec::new(), None);
    let in_order = array.last_axis_fastest() || array.shape().len() == 1;
    array.each(|label: T| {
        let label = to(label);
        match label.fract() == 0.0 && label.abs() < 9e15 {
            true => numbers.push(label as i64),
            false => bad = Some(label),
        }
        if bad.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match bad {
        Some(label) => Err(array.error(
            format!("has the label {label} for image {}", numbers.len()),
            "labels must be classes: whole numbers or names",
        )),
        None if in_order => Ok(numbers),
        None => Ok(array.in_c_order(&numbers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_occurs_is_a_class() {
        let read = numbered(&[12, 11, 11]).unwrap();
        assert_eq!(
            (read.labels, read.classes, read.notice),
            (vec![1, 0, 0], vec!["11".into(), "12".into()], None)
        );
        let read = numbered(&[0, 9, -3]).unwrap();
        assert_eq!(read.classes, ["-3", "0", "9"]);
        let told = "the labels go from -3 to 9, but only 3 of these numbers occur: so many are the classes";
        assert_eq!(read.notice.unwrap(), told);
        assert!(numbered(&[i64::MIN, i64::MAX]).is_ok());
        let many: Vec<i64> = (0..70_000).collect();
        assert!(numbered(&many).unwrap_err().contains("70000 classes, more than 65536"));
    }
}
