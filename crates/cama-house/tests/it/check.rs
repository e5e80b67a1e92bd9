//! The check on small workspaces: what it must find, and what it must let pass.

use std::fs;
use std::path::Path;

use cama_house::{circles, problems};
use tempfile::TempDir;

/// A crate of these files, given by their paths below `src`.
fn crate_of(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_crate(folder.path(), "little", "", files);
    folder
}

fn write_crate(folder: &Path, name: &str, dependencies: &str, files: &[(&str, &str)]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("Cargo.toml"), format!("[package]\nname = \"{name}\"\n{dependencies}")).unwrap();
    for (path, text) in files {
        let path = folder.join("src").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The circles of such a crate, each as its files.
fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let folder = crate_of(files);
    let circles = circles(folder.path()).unwrap();
    let name = |file: &std::path::PathBuf| file.strip_prefix("src").unwrap().display().to_string();
    circles.iter().map(|circle| circle.files.iter().map(name).collect()).collect()
}

#[test]
fn modules_in_order_are_let_pass() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("a.rs", "use crate::b::B; pub struct A(B, crate::c::C);"),
        (
            "b.rs",
            "use super::c::C; pub struct B(C); /* crate::a::A */ const S: &str = \"crate::a::A\"; // crate::a::A",
        ),
        ("c.rs", "use std::fmt; pub struct C; impl fmt::Debug for C {} fn f(a: C) { a.b::<u8>() }"),
    ];
    assert!(found(&files).is_empty());
}

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::{self, B}; pub struct A(B);"),
        ("b.rs", "use super::a::{A as Other}; pub struct B(Box<Other>);"),
    ];
    assert_eq!(found(&files), [["a.rs", "b.rs"]]);
}

#[test]
fn a_circle_says_who_uses_what_of_whom() {
    let folder = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B); pub fn f() { crate::b::g() }"),
        ("b.rs", "use crate::a; pub struct B; fn g() { a::f() }"),
    ]);
    let text = circles(folder.path()).unwrap()[0].to_string();
    assert_eq!(
        text,
        "2 modules form a circle:\n  src/a.rs -> src/b.rs: B, b::g\n  src/b.rs -> src/a.rs: a::f"
    );
}

#[test]
fn a_name_is_followed_through_re_exports() {
    let reexported = [
        ("lib.rs", "mod a; mod folder; pub use folder::B;"),
        ("a.rs", "use crate::B; pub struct A(B);"),
        ("folder/mod.rs", "mod b; pub(crate) use self::b::Inner as B; pub use crate::a::*;"),
        ("folder/b.rs", "use super::A; pub struct Inner(Box<A>);"),
    ];
    assert_eq!(found(&reexported), [["a.rs", "folder/b.rs"]]);
    let by_all_names = [
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("a.rs", "use super::*; pub struct A(B);"),
        ("b.rs", "use super::*; pub struct B(Box<A>);"),
    ];
    assert_eq!(found(&by_all_names), [["a.rs", "b.rs"]]);
}

#[test]
fn a_path_within_code_counts_as_a_use_does() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn f() { crate::b::g::<u8>(1) }"),
        ("b.rs", "pub fn g<T>(t: T) {} fn h() { println!(\"{}\", super::a::f()) }"),
    ];
    assert_eq!(found(&files), [["a.rs", "b.rs"]]);
}

#[test]
fn a_parent_and_a_child_are_a_circle_if_the_parents_own_code_uses_the_child() {
    let child = ("folder/child.rs", "use super::Parent; pub struct Child(Parent);");
    let with = |parent| [("lib.rs", "mod folder;"), ("folder/mod.rs", parent), child];
    let circle = [["folder/child.rs", "folder/mod.rs"]];
    for own in [
        "mod child; pub struct Parent; use child::Child; fn f(c: Child) {}",
        "mod child; pub struct Parent; pub use child::Child; fn f(c: Child) {}",
        "mod child; pub struct Parent; fn f() { child::Child(Parent); }",
        "mod child; pub struct Parent; fn f() { self::child::Child(Parent); }",
    ] {
        assert_eq!(found(&with(own)), circle, "{own}");
    }
    assert!(found(&with("mod child; pub struct Parent; pub use child::Child;")).is_empty());
    assert!(found(&with("mod child; mod other { pub struct Parent; } pub use other::Parent;")).is_empty());
}

#[test]
fn macros_lead_to_where_they_are_defined() {
    let files = [
        ("lib.rs", "#[macro_use] mod a; mod b;"),
        ("a.rs", "macro_rules! twice { ($x:expr) => { $crate::b::B($x, $x) } }"),
        ("b.rs", "pub struct B(u8, u8); fn f() -> B { twice!(1) }"),
    ];
    assert_eq!(found(&files), [["a.rs", "b.rs"]]);
}

#[test]
fn tests_do_not_count() {
    let b = ("b.rs", "use crate::a::A; pub struct B(A);");
    let with = |a| [("lib.rs", "mod a; mod b;"), ("a.rs", a), b, ("a/tests.rs", "use crate::b::B;")];
    for tested in [
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; fn f() { crate::b::g() } }",
        "pub struct A; #[cfg(test)] mod tests;",
        "#[cfg(test)] use crate::b::B; pub struct A;",
        "pub struct A; #[cfg(test)] pub fn f() -> crate::b::B { crate::b::B(A) }",
    ] {
        assert!(found(&with(tested)).is_empty(), "{tested}");
    }
    assert_eq!(found(&with("pub struct A; mod inner { use crate::b::B; }")), [["a.rs", "b.rs"]]);
}

/// What is wrong with a workspace of such crates: names, dependencies, and what their library says.
fn problems_of(crates: &[(&str, &str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let members: Vec<String> = crates.iter().map(|(name, ..)| format!("\"crates/{name}\"")).collect();
    fs::write(folder.path().join("Cargo.toml"), format!("[workspace]\nmembers = [{}]\n", members.join(", ")))
        .unwrap();
    for (name, dependencies, text) in crates {
        write_crate(&folder.path().join("crates").join(name), name, dependencies, &[("lib.rs", text)]);
    }
    problems(folder.path()).unwrap()
}

#[test]
fn crates_depend_on_crates_before_them_only() {
    let base = ("cama-base", "[dependencies]\nthiserror = \"2\"\n", "");
    let data = ("cama-data", "[dependencies]\ncama-base.workspace = true\n", "");
    assert!(problems_of(&[data, base]).is_empty());

    for section in [
        "[dependencies]\ncama-data.workspace = true\n",
        "[dev-dependencies]\ncama-data = { path = \"../cama-data\" }\n",
        "[dependencies.cama-data]\nworkspace = true\n",
        "[target.'cfg(unix)'.dependencies]\ncama-data.workspace = true\n",
    ] {
        let found = problems_of(&[("cama-base", section, ""), ("cama-data", "", "")]);
        assert_eq!(found, ["cama-base: depends on cama-data, which does not stand before it"], "{section}");
    }
    let beside = ("cama-onnx", "[dependencies]\ncama-eval.workspace = true\n", "");
    assert_eq!(problems_of(&[("cama-eval", "", ""), beside]).len(), 1);
    let unknown = problems_of(&[base, ("cama-new", "", "")]);
    assert_eq!(unknown, ["cama-new: has no place in the order of crates; give it one in ORDER"]);
}

#[test]
fn problems_name_the_crate_of_a_circle() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\n    \"data\",\n]\n").unwrap();
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")];
    write_crate(&folder.path().join("data"), "cama-data", "", &files);
    let found = problems(folder.path()).unwrap();
    assert!(found.len() == 1 && found[0].starts_with("cama-data: 2 modules form a circle:"), "{found:?}");
}

#[test]
fn programs_are_read_as_libraries_are() {
    let folder = tempfile::tempdir().unwrap();
    let program = "[[bin]]\nname = \"work\"\npath = \"src/work/main.rs\"\n";
    let circle = [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")];
    let files: Vec<(String, &str)> =
        circle.iter().map(|(path, text)| (format!("work/{path}"), *text)).collect();
    let mut all: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    all.extend([("lib.rs", ""), ("work/main.rs", "mod a; mod b; fn main() {}")]);
    write_crate(folder.path(), "little", program, &all);
    assert_eq!(circles(folder.path()).unwrap().len(), 1);
}
