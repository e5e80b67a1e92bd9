//! Who uses whom, and where that goes round in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// A file that uses a name that another defines.
#[derive(Clone, Debug)]
pub struct Use {
    pub from: PathBuf,
    pub to: PathBuf,
    pub name: String,
}

/// Files each of which leads to every other, by way of whom they use.
#[derive(Debug)]
pub struct Circle {
    /// Relative to the crate.
    pub files: Vec<PathBuf>,
    /// Who uses what of whom among them.
    pub uses: BTreeMap<(PathBuf, PathBuf), BTreeSet<String>>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} modules form a circle:", self.files.len())?;
        for ((from, to), names) in &self.uses {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            write!(f, "\n  {} -> {}: {}", from.display(), to.display(), names.join(", "))?;
        }
        Ok(())
    }
}

/// The circles that these uses form: the strongly connected components of more than one file.
pub fn circles(uses: &[Use]) -> Vec<Circle> {
    let mut next: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for edge in uses {
        next.entry(&edge.from).or_default().insert(&edge.to);
    }
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        next.keys().map(|file| (*file, reached_from(file, &next))).collect();
    let leads = |from: &Path, to: &Path| reached.get(from).is_some_and(|all| all.contains(to));
    let mut done: BTreeSet<&Path> = BTreeSet::new();
    let mut circles = Vec::new();
    for file in next.keys().copied().filter(|file| leads(file, file)) {
        if done.contains(file) {
            continue;
        }
        let files: Vec<&Path> = reached[file].iter().copied().filter(|other| leads(other, file)).collect();
        done.extend(&files);
        let inside = |edge: &&Use| files.contains(&edge.from.as_path()) && files.contains(&edge.to.as_path());
        let mut names: BTreeMap<(PathBuf, PathBuf), BTreeSet<String>> = BTreeMap::new();
        for edge in uses.iter().filter(inside) {
            names.entry((edge.from.clone(), edge.to.clone())).or_default().insert(edge.name.clone());
        }
        circles.push(Circle { files: files.into_iter().map(PathBuf::from).collect(), uses: names });
    }
    circles
}

/// All files that `file` leads to, itself only if by way of others.
fn reached_from<'a>(file: &'a Path, next: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        for to in next.get(file).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(edges: &[(&str, &str)]) -> Vec<Vec<String>> {
        let uses: Vec<Use> = edges
            .iter()
            .map(|(from, to)| Use { from: from.into(), to: to.into(), name: "Name".into() })
            .collect();
        let names = |circle: &Circle| circle.files.iter().map(|file| file.display().to_string()).collect();
        circles(&uses).iter().map(names).collect()
    }

    #[test]
    fn circles_are_what_leads_back() {
        assert!(circles_of(&[("a", "b"), ("a", "c"), ("b", "c")]).is_empty());
        assert_eq!(circles_of(&[("a", "b"), ("b", "a"), ("b", "c")]), [["a", "b"]]);
        let two = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("e", "f")];
        assert_eq!(circles_of(&two), [vec!["a", "b", "c"], vec!["d", "e"]]);
    }
}
