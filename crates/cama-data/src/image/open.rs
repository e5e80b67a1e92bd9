//! From a written specification to what reads the images.

use std::ops::Range;
use std::path::Path;

use super::cifar::Cifar;
use super::options::{Fit, ImageOptions, names_arrays};
use super::passage::Opened;
use super::shapes::Shapes;
use super::{cifar, folder, idx, listing, mnist, npz, picture};
use crate::range::Span;
use crate::{Error, Result};

/// The data sets that come with the crate.
const BUNDLED: [&str; 3] = ["mnist:train", "mnist:test", "shapes:N"];

/// Opens what `spec` describes, and says which of its images are meant.
pub(super) fn open(spec: &str, options: &ImageOptions) -> Result<(Opened, Range<usize>)> {
    let (source, span) = Span::split_off(spec)?;
    let path = Path::new(source);
    let bundled = |prefix| source.strip_prefix(prefix).filter(|_| !path.exists());
    let opened = match (bundled("shapes:"), bundled("mnist:"), bundled("cifar10:")) {
        (Some(written), ..) => fitted(Shapes::parse(written, spec)?.opened(spec, span)?, options),
        (_, Some(name), _) => fitted(mnist::split(name)?.opened(), options),
        (.., Some(written)) => fitted(Cifar::open(written, spec)?, options),
        _ if !path.exists() => return Err(missing(source)),
        _ => open_path(path, spec, options)?,
    };
    if options.white.is_some() && !opened.wide {
        let problem = "holds images of which their type tells what is white";
        return Err(Error::data(
            path,
            problem,
            "leave --white out, which is for pictures of 16 bits, and for wide numbers in NPY and NPZ",
        ));
    }
    if (options.x.is_some() || options.y.is_some()) && !names_arrays(source) {
        let problem = "holds no arrays that have names";
        return Err(Error::data(path, problem, "leave --x and --y out, which are for NPZ"));
    }
    let range = span.resolve(spec, opened.len)?;
    Ok((opened, range))
}

/// Images that are alike as they are asked for.
fn fitted(opened: Opened, options: &ImageOptions) -> Opened {
    let channels = opened.shape[0];
    match options.fit {
        Fit::Refuse | Fit::Common => opened,
        Fit::Size(size) => opened.prepared([channels, size.height, size.width]),
        Fit::Shape(shape) => opened.prepared(shape),
    }
}

/// Opens a file or a folder, by its ending.
fn open_path(path: &Path, spec: &str, options: &ImageOptions) -> Result<Opened> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let opened = match extension.as_str() {
        _ if path.is_dir() && cifar::is_folder(path) => Err(cifar::without_split(spec, path)),
        _ if path.is_dir() => return folder::open(path, options),
        "npz" => npz::open_npz(path, options),
        "npy" => npz::open_npy(path, options),
        _ if listing::is_image(path) => return folder::open_one(path, options),
        _ if listing::is_other_image(path) => {
            let remedy = format!("save it as {}", picture::FORMATS);
            Err(Error::data(path, "is an image of a format that is not read", remedy))
        }
        _ if cifar::is_records(path) => Cifar::open_one(path),
        _ => idx::open(path),
    };
    Ok(fitted(opened?, options))
}

/// What to say of a source that is neither a bundled set nor there: a slip in the name of a bundled set is
/// told apart from a file that is missing.
fn missing(source: &str) -> Error {
    let lower = source.to_lowercase();
    // How many shapes is no part of their name.
    let lower = match lower.split_once(':') {
        Some((name, _)) if strsim::damerau_levenshtein(name, "shapes") <= 2 => format!("{name}:n"),
        _ => lower,
    };
    let slip = BUNDLED
        .iter()
        .map(|known| known.to_lowercase())
        .any(|known| known.starts_with(&lower) || strsim::damerau_levenshtein(&lower, &known) <= 3);
    if slip && !lower.is_empty() {
        return Error::unknown_name("data set", source, &BUNDLED);
    }
    let problem = if source.is_empty() { "no file or folder is named" } else { "no such file or folder" };
    Error::data(source, problem, format!("give a file, a folder, or one of {}", BUNDLED.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::{ImageOptions, Images, load};

    fn message(spec: &str) -> String {
        load(spec).unwrap_err().to_string()
    }

    #[test]
    fn bundled_mnist_is_the_known_one() {
        let test = load("mnist:test").unwrap();
        assert_eq!((test.len(), test.shape(), test.name()), (10_000, [1, 28, 28], "mnist:test"));
        assert_eq!(test.classes(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert_eq!(test.labels().unwrap()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
        let mut counts = [0; 10];
        test.labels().unwrap().iter().for_each(|label| counts[*label] += 1);
        assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
        // The mean ink of the test set, as usually quoted for normalisation.
        let mean = test.pixels().iter().map(|p| f64::from(*p)).sum::<f64>() / test.pixels().len() as f64;
        assert!((mean - 0.1325).abs() < 1e-4, "{mean}");

        let train = load("mnist:train[59990..]").unwrap();
        assert_eq!((train.len(), train.classes().len()), (10, 10));
        assert_eq!(train.labels().unwrap()[9], 8);
        assert_eq!(load("mnist:test[3..5]").unwrap(), test.slice(3..5).with_name("mnist:test[3..5]"));
    }

    #[test]
    fn every_form_is_told_by_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let pixels = vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
        let images = Images::new("", [1, 1, 2], pixels, Some(vec![0, 1, 1]), vec!["a".into(), "b".into()]);
        let images = images.unwrap();
        super::super::write_npz(path("file.npz"), &images).unwrap();
        let spec = path("file.npz");
        assert_eq!(load(&spec).unwrap(), images.clone().with_name(&spec));
        let spec = path("file.npz[1..2]");
        assert_eq!(load(&spec).unwrap(), images.slice(1..2).with_name(&spec));
        assert!(message(&path("file.npz[..4]")).contains("goes to 4, but there are 3 images"));

        for (i, class) in ["x", "y"].into_iter().enumerate() {
            fs::create_dir_all(path(&format!("set/{class}"))).unwrap();
            image::GrayImage::from_pixel(2, 1, image::Luma([i as u8]))
                .save(path(&format!("set/{class}/0.png")))
                .unwrap();
        }
        assert_eq!(load(&path("set")).unwrap().classes(), ["x", "y"]);
        assert_eq!(load(&path("set/x")).unwrap().labels(), None);
        assert_eq!(load(&path("set/x/0.png")).unwrap().len(), 1);
        fs::write(path("words.csv"), "a,b,c").unwrap();
        assert!(message(&path("words.csv")).contains("give IDX, .npz, .npy, an image or a folder"));
    }

    #[test]
    fn what_is_not_there_is_named_with_the_nearest() {
        assert!(message("mnist:tset").contains("unknown MNIST split `tset` (did you mean `test`?)"));
        assert!(message("minst:train").contains("did you mean `mnist:train`?"), "{}", message("minst:train"));
        assert!(message("mnist").contains("mnist:train, mnist:test"), "{}", message("mnist"));
        let text = message("no/such/file.npz[..3]");
        assert!(text.contains("no/such/file.npz: no such file or folder; give a file"), "{text}");
        assert!(message("").contains("no file or folder is named"));
        assert!(message("mnist:test[..10001]").contains("there are 10000 images"));
        assert!(message("mnist:test[5]").contains("is not a range"));
    }

    #[test]
    fn names_of_arrays_are_refused_where_nothing_has_one() {
        let named = ImageOptions { x: Some("pictures".into()), ..ImageOptions::default() };
        for spec in ["mnist:test[..5]", "shapes:20"] {
            let text = super::open(spec, &named).err().expect(spec).to_string();
            assert!(text.contains("holds no arrays that have names; leave --x and --y out"), "{text}");
        }
    }
}
