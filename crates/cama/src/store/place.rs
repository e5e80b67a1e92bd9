//! Where training data lies, seen from a model's folder, so that it is found where both were moved.

use std::path::{Component, Path, PathBuf};

use crate::data::path_and_range;

/// The way from `folder`, which need not be there yet, to `location`, an absolute specification of data; nothing if they have
/// nothing in common but the root.
pub(super) fn from_folder(folder: &Path, location: &str) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    // Links are followed, as they are in the location.
    let above = folder.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let folder = above.and_then(|(above, real)| Some(real.join(folder.strip_prefix(above).ok()?)))?;
    let (from, to): (Vec<_>, Vec<_>) =
        (folder.components().collect(), Path::new(location).components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let named = |part: &Component| matches!(part, Component::Normal(_));
    if !from[..shared].iter().any(named) || shared == to.len() {
        return None;
    }
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to[shared..].iter().copied()).collect();
    way.to_str().map(String::from)
}

/// Where the data is now if it is no longer at its `location`, but still where it was as seen from `folder`.
pub(super) fn moved(folder: &Path, location: Option<&str>, relative: Option<&str>) -> Option<String> {
    if location.is_some_and(|location| Path::new(path_and_range(location).0).exists()) {
        return None;
    }
    let joined = folder.join(relative?);
    let (path, range) = path_and_range(joined.to_str()?);
    Some(format!("{}{range}", Path::new(path).canonicalize().ok()?.to_str()?))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn data_that_was_moved_with_the_model_is_found() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        let (before, after) = (root.join("before"), root.join("after"));
        fs::create_dir_all(before.join("data")).unwrap();
        fs::write(before.join("data/x.npz"), "").unwrap();
        let location = format!("{}[..9]", before.join("data/x.npz").display());
        let relative = from_folder(&before.join("models/m"), &location).unwrap();
        assert_eq!(relative, "../../data/x.npz[..9]");
        let found = |folder: &Path| moved(folder, Some(&location), Some(&relative));
        assert_eq!(found(&before.join("models/m")), None, "it is where it was");
        fs::create_dir_all(before.join("models/m")).unwrap();
        fs::rename(&before, &after).unwrap();
        let now = format!("{}[..9]", after.join("data/x.npz").display());
        assert_eq!(found(&after.join("models/m")), Some(now));
        fs::remove_dir_all(after.join("data")).unwrap();
        assert_eq!(found(&after.join("models/m")), None);
        assert_eq!(from_folder(Path::new("/m"), "/x.npz"), None, "nothing but the root is shared");
    }
}
