//! The crates of the workspace: which there are, which they depend on, and in which order they stand.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The crates in their order. A crate may depend on those of all lines before its own.
pub const ORDER: [&[&str]; 9] = [
    &["cama-base", "cama-kernels"],
    &["cama-causal"],
    &["cama-data"],
    &["cama"],
    &["cama-eval", "cama-onnx"],
    &["cama-experiment"],
    &["cama-cli", "cama-py"],
    &["cama-bench"],
    &["cama-house"],
];

/// A crate of the workspace.
pub struct Member {
    pub name: String,
    /// Relative to the workspace.
    pub folder: PathBuf,
    /// The crates of the workspace that it depends on, for its tests too.
    pub dependencies: Vec<String>,
}

/// The members of the workspace in this folder.
pub fn members(workspace: &Path) -> io::Result<Vec<Member>> {
    let manifest = read(&workspace.join("Cargo.toml"))?;
    let list = manifest.split_once("members = [").and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.ok_or_else(|| io::Error::other("Cargo.toml has no `members = [...]`"))?;
    let folders: Vec<PathBuf> = list.split('"').skip(1).step_by(2).map(PathBuf::from).collect();
    let manifests: Vec<String> = folders
        .iter()
        .map(|folder| read(&workspace.join(folder).join("Cargo.toml")))
        .collect::<io::Result<_>>()?;
    let names: Vec<String> = manifests.iter().map(|manifest| name(manifest).to_string()).collect();
    Ok((0..folders.len())
        .map(|i| {
            let mut dependencies = dependencies(&manifests[i]);
            dependencies.retain(|dependency| names.contains(dependency));
            Member { name: names[i].clone(), folder: folders[i].clone(), dependencies }
        })
        .collect())
}

/// What breaks [`ORDER`], in words.
pub fn out_of_order(crates: &[Member]) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|line| line.contains(&name));
    let mut problems = Vec::new();
    for member in crates {
        let name = &member.name;
        let Some(here) = place(name) else {
            problems.push(format!("{name}: has no place in the order of crates; give it one in ORDER"));
            continue;
        };
        for dependency in &member.dependencies {
            if place(dependency).is_some_and(|there| there >= here) {
                problems.push(format!("{name}: depends on {dependency}, which does not stand before it"));
            }
        }
    }
    problems
}

/// The files that the compiler starts from, relative to the crate's folder: its library and its programs.
pub fn roots(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let manifest = read(&folder.join("Cargo.toml"))?;
    let mut roots: Vec<PathBuf> = ["src/lib.rs", "src/main.rs"].map(PathBuf::from).into();
    for (section, key, value) in settings(&manifest) {
        if (section, key) == ("[bin]", "path") || (section, key) == ("lib", "path") {
            roots.push(value.trim_matches('"').into());
        }
    }
    if let Ok(programs) = fs::read_dir(folder.join("src/bin")) {
        for program in programs {
            roots.push(Path::new("src/bin").join(program?.file_name()));
        }
    }
    roots.retain(|root| folder.join(root).is_file());
    roots.sort();
    roots.dedup();
    Ok(roots)
}

/// The lines `key = value` of a manifest, each with the section it is in, without the outer brackets.
fn settings(manifest: &str) -> Vec<(&str, &str, &str)> {
    let mut section = "";
    let mut settings = Vec::new();
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(inner) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = inner;
        } else if let Some((key, value)) = line.split_once('=') {
            settings.push((section, key.trim(), value.trim()));
        }
    }
    settings
}

fn name(manifest: &str) -> &str {
    let all = settings(manifest);
    let name = all.iter().find(|(section, key, _)| (*section, *key) == ("package", "name"));
    name.map_or("", |(_, _, value)| value.trim_matches('"'))
}

/// The names of all dependencies: of the build, of tests, and on some platforms only, too.
fn dependencies(manifest: &str) -> Vec<String> {
    let is_list = |section: &str| section.ends_with("dependencies");
    let keys = settings(manifest).into_iter().filter(|(section, ..)| is_list(section));
    // `name = ...` or `name.workspace = true`.
    let mut names: Vec<String> =
        keys.map(|(_, key, _)| key.split('.').next().unwrap_or(key).to_string()).collect();
    // A section of its own: `[dependencies.name]`.
    let sections = settings(manifest).into_iter().map(|(section, ..)| section);
    names.extend(
        sections.filter_map(|section| section.split_once("dependencies.")).map(|(_, name)| name.into()),
    );
    names.sort();
    names.dedup();
    names
}

/// The text of a file, or an error that names it.
pub fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
