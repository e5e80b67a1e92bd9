//! Which arrays of an NPZ file hold the images and their labels.

use std::path::Path;

use npyz::TypeChar;

use super::options::ImageOptions;
use crate::{Error, Result};

/// An array as its header describes it.
pub(super) struct Header {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) element: Option<(TypeChar, u64)>,
}

/// The arrays that are taken, and what to say of the choice.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) x: String,
    pub(super) y: Option<String>,
    pub(super) notice: Option<String>,
}

/// What programs call images, the training set first.
const IMAGES: [&str; 12] = [
    "x",
    "x_train",
    "train_images",
    "train_x",
    "images",
    "image",
    "data",
    "arr_0",
    "x_test",
    "test_images",
    "x_val",
    "val_images",
];

/// What stands in the name of labels for a part of the name of the images.
const LABELS: [(&str, &[&str]); 5] = [
    ("images", &["labels", "label", "targets", "y"]),
    ("image", &["label", "labels", "target", "y"]),
    ("data", &["labels", "label", "target", "targets", "y"]),
    ("arr_0", &["arr_1"]),
    ("x", &["y"]),
];

/// Chooses by the options, else by the names that programs give, else by what alone can be meant.
pub(super) fn choose(path: &Path, arrays: &[Header], options: &ImageOptions) -> Result<Chosen> {
    let named = |name: &str| arrays.iter().find(|array| array.name == name);
    let given = |name: &String| {
        let known: Vec<&str> = arrays.iter().map(|array| &array.name[..]).collect();
        named(name).ok_or_else(|| Error::unknown_name("array", name, &known))
    };
    let x = match &options.x {
        Some(name) => given(name)?,
        None => images(arrays).ok_or_else(|| {
            let problem =
                format!("which array holds the images cannot be told; there are: {}", described(arrays));
            Error::data(path, problem, "name it by --x, or save it by numpy.savez(path, x=images, y=labels)")
        })?,
    };
    let y = match &options.y {
        Some(name) => Some(given(name)?),
        None => labels(arrays, x),
    };
    let notice = (options.x.is_none() && (x.name != "x" || y.is_some_and(|y| y.name != "y"))).then(|| {
        let labels = y.map_or("no labels".to_string(), |y| format!("labels from `{}`", y.name));
        let others =
            arrays.iter().filter(|array| array.name != x.name && y.is_none_or(|y| array.name != y.name));
        let others: Vec<&str> =
            others.map(|array| &array.name[..]).filter(|name| *name != "classes").collect();
        let choice = match others.is_empty() {
            true => String::new(),
            false => format!("; --x and --y choose others, there are {}", others.join(", ")),
        };
        format!("images from the array `{}`, {labels}{choice}", x.name)
    });
    Ok(Chosen { x: x.name.clone(), y: y.map(|y| y.name.clone()), notice })
}

/// The images: by a usual name, or the only array that can be images.
fn images(arrays: &[Header]) -> Option<&Header> {
    let can_be = |array: &&Header| matches!(array.shape[..], [_, _, _] | [_, _, _, _]);
    let usual =
        IMAGES.iter().find_map(|name| arrays.iter().find(|array| array.name.eq_ignore_ascii_case(name)));
    usual.or_else(|| only(arrays.iter().filter(can_be)))
}

/// The labels of these images: by the name that goes with theirs, or the only array that can be labels.
fn labels<'a>(arrays: &'a [Header], x: &Header) -> Option<&'a Header> {
    let lower = x.name.to_ascii_lowercase();
    let candidates = LABELS.iter().filter(|(part, _)| match *part {
        // `x` alone, and not that in another word.
        "x" => lower.split('_').any(|word| word == "x"),
        part => lower.contains(part),
    });
    let mut names = candidates
        .flat_map(|(part, names)| names.iter().map(|name| (*part, *name)))
        .map(|(part, name)| lower.replacen(part, name, 1));
    let paired = names.find_map(|name| arrays.iter().find(|array| array.name.eq_ignore_ascii_case(&name)));
    let n = x.shape.first();
    let can_be = |array: &&Header| {
        let others = array.name != x.name && array.name != "classes";
        others && array.shape.len() <= 2 && array.shape.first() == n && array.element.is_some()
    };
    paired.or_else(|| only(arrays.iter().filter(can_be)))
}

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

/// `a (80×20×20), b (80)`
fn described(arrays: &[Header]) -> String {
    let sides = |array: &Header| array.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let all = arrays.iter().map(|array| format!("{} ({})", array.name, sides(array)));
    let text = all.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arrays: &[(&str, &[usize])], x: Option<&str>, y: Option<&str>) -> Result<Chosen> {
        let header = |(name, shape): &(&str, &[usize])| Header {
            name: name.to_string(),
            shape: shape.to_vec(),
            element: Some((TypeChar::Uint, 1)),
        };
        let arrays: Vec<Header> = arrays.iter().map(header).collect();
        let options =
            ImageOptions { x: x.map(String::from), y: y.map(String::from), ..ImageOptions::default() };
        choose(Path::new("a.npz"), &arrays, &options)
    }

    #[test]
    fn the_names_of_usual_programs_are_known() {
        let images: &[usize] = &[8, 4, 4];
        let labels: &[usize] = &[8];
        for (x, y) in [
            ("x", "y"),
            ("x_train", "y_train"),
            ("train_images", "train_labels"),
            ("X_train", "Y_train"),
            ("images", "labels"),
            ("images", "targets"),
            ("data", "target"),
            ("arr_0", "arr_1"),
            ("data", "label"),
            ("pictures", "what_they_show"),
        ] {
            let found = chosen(&[(y, labels), (x, images)], None, None).unwrap();
            assert_eq!((&found.x[..], found.y.as_deref()), (x, Some(y)));
            assert_eq!(found.notice.is_none(), x == "x", "{x}");
        }
        let keras = [("x_train", images), ("y_train", labels), ("x_test", images), ("y_test", labels)];
        let found = chosen(&keras, None, None).unwrap();
        let told = "images from the array `x_train`, labels from `y_train`; --x and --y choose others, there are x_test, y_test";
        assert_eq!(found.notice.unwrap(), told);
        let found = chosen(&keras, Some("x_test"), None).unwrap();
        assert_eq!((&found.x[..], found.y.as_deref(), found.notice), ("x_test", Some("y_test"), None));
        let found = chosen(&keras, Some("x_test"), Some("y_train")).unwrap();
        assert_eq!(found.y.as_deref(), Some("y_train"));
        assert!(
            chosen(&keras, Some("x_tset"), None).unwrap_err().to_string().contains("did you mean `x_test`?")
        );
        assert_eq!(chosen(&[("images", images), ("ids", &[9])], None, None).unwrap().y, None);
        let text = chosen(&[("a", images), ("b", images)], None, None).unwrap_err().to_string();
        assert!(text.contains("cannot be told; there are: a (8×4×4), b (8×4×4); name it by --x"), "{text}");
    }
}
