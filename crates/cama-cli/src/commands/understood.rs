//! What was understood of training data, in a line.

use cama::causal::Role;
use cama::data::Images;
use cama::data::table::{Kind, Rows, Schema};

/// `60000 images of 28×28, grey; 10 classes of 5421 to 6742`.
pub fn of_images(images: &Images) -> String {
    let [channels, height, width] = images.shape();
    let colour = if channels == 3 { "colour" } else { "grey" };
    let counts = counts(images.labels().unwrap_or_default(), images.classes().len());
    format!("{} of {height}×{width}, {colour}; {}", some(images.len(), "image"), of_classes(&counts))
}

/// A highest grey level, of 1, below which numbers of 16 bits may well come from a sensor of 10 to 14.
const DIM: f32 = 0.3;

/// What to say of images in wide numbers of which no pixel is brighter than `highest`, if white may well be another number.
pub fn of_dim_images(highest: f32) -> Option<String> {
    (highest < DIM).then(|| {
        format!(
            "no pixel is brighter than {highest:.3} (0 is black, 1 white); if the sensor has fewer bits than the \
             numbers, say which is white by --white, such as --white 4095 of 12 bits"
        )
    })
}

/// `303 rows; X: 5 numbers (2 as their logarithms), 1 boolean; A: 2 numbers; 2 classes of 139 to 164`.
pub fn of_table(schema: &Schema, rows: &Rows) -> String {
    use cama::data::Dataset;
    let counts = counts(rows.labels().unwrap_or_default(), schema.classes.len());
    let roles = [("X", Role::Child), ("A", Role::Parent), ("C", Role::CoParent)];
    let columns: Vec<String> =
        roles.into_iter().filter_map(|(name, role)| of_role(schema, name, role)).collect();
    format!("{}; {}; {}", some(rows.len(), "row"), columns.join("; "), of_classes(&counts))
}

/// What the columns of a role hold; nothing if there are none.
fn of_role(schema: &Schema, name: &str, role: Role) -> Option<String> {
    let of = |is: fn(&Kind) -> bool| schema.columns.iter().filter(|c| c.role == role && is(&c.kind)).count();
    let numbers = of(|kind| matches!(kind, Kind::Number { .. }));
    let logarithms = of(|kind| matches!(kind, Kind::Number { reading, .. } if !reading.is_linear()));
    let booleans = of(|kind| matches!(kind, Kind::Boolean { .. }));
    let categories = of(|kind| matches!(kind, Kind::Category { .. }));
    let mut parts = Vec::new();
    match logarithms {
        _ if numbers == 0 => {}
        0 => parts.push(some(numbers, "number")),
        _ => parts.push(format!("{} ({logarithms} by logarithm)", some(numbers, "number"))),
    }
    parts.extend((booleans > 0).then(|| some(booleans, "boolean")));
    parts.extend((categories > 0).then(|| match categories {
        1 => "1 category".to_string(),
        n => format!("{n} categories"),
    }));
    (!parts.is_empty()).then(|| format!("{name}: {}", parts.join(", ")))
}

fn counts(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    labels.iter().for_each(|label| counts[*label] += 1);
    counts
}

fn of_classes(counts: &[usize]) -> String {
    let (fewest, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
    match fewest == most {
        true => format!("{} of {most} each", classes(counts.len())),
        false => format!("{} of {fewest} to {most}", classes(counts.len())),
    }
}

fn classes(n: usize) -> String {
    if n == 1 { "1 class".into() } else { format!("{n} classes") }
}

/// `1 image`, `2 images`.
pub fn some(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_white_is_asked_about_where_nothing_is() {
        let told = of_dim_images(4095.0 / 65535.0).unwrap();
        assert!(
            told.starts_with("no pixel is brighter than 0.062") && told.contains("--white 4095"),
            "{told}"
        );
        assert_eq!([0.3, 1.0].map(of_dim_images), [None, None]);
    }

    #[test]
    fn images_are_told_in_a_line() {
        let images = |labels: Vec<usize>| {
            let n = labels.len();
            let classes = vec!["a".to_string(), "b".to_string()];
            of_images(&Images::new("x", [3, 2, 4], vec![0.5; 24 * n], Some(labels), classes).unwrap())
        };
        assert_eq!(images(vec![0, 1, 1]), "3 images of 2×4, colour; 2 classes of 1 to 2");
        assert_eq!(images(vec![1]), "1 image of 2×4, colour; 2 classes of 0 to 1");
        assert_eq!(images(vec![1, 0]), "2 images of 2×4, colour; 2 classes of 1 each");
    }
}
