//! From names to the files that define what they mean.

use std::collections::BTreeSet;

use crate::graph::Use;
use crate::module::Tree;

/// What a path can lead to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

/// Imports that are being followed: the module and the alias.
type Open<'a> = BTreeSet<(usize, &'a str)>;

/// Which file of the tree uses what of which other.
pub fn uses(tree: &Tree) -> Vec<Use> {
    let mut found = Vec::new();
    for (here, module) in tree.modules.iter().enumerate() {
        let mut add = |there: usize, name: &str| {
            let (from, to) = (&module.file, &tree.modules[there].file);
            if from != to {
                found.push(Use { from: from.clone(), to: to.clone(), name: name.to_string() });
            }
        };
        let text = &module.text;
        for path in text.paths.iter().filter(|path| tree.begins_with_module(here, path)) {
            let own = path.iter().skip_while(|name| matches!(name.as_str(), "crate" | "self" | "super"));
            let name = own.map(String::as_str).collect::<Vec<_>>().join("::");
            items(tree.path(here, path)).for_each(|there| add(there, &name));
        }
        for import in &text.imports {
            let used = !import.visible || text.mentioned.contains(&import.alias);
            if import.alias == "*" {
                for name in &text.mentioned {
                    items(tree.by_glob(here, &import.path, name)).for_each(|there| add(there, name));
                }
            } else if used {
                let name = import.path.last().map_or("", String::as_str);
                items(tree.path(here, &import.path)).for_each(|there| add(there, name));
            }
        }
        // Macros are also seen by what comes after them, without a path.
        for name in text.called.iter().filter(|name| !text.macros.contains(*name)) {
            let defines = |there: &usize| tree.modules[*there].text.macros.contains(name);
            (0..tree.modules.len()).filter(defines).for_each(|there| add(there, &format!("{name}!")));
        }
    }
    found
}

fn items(targets: Vec<Target>) -> impl Iterator<Item = usize> {
    targets.into_iter().filter_map(|target| match target {
        Target::Item(module) => Some(module),
        Target::Module(_) => None,
    })
}

impl Tree {
    /// What `path` can mean in the module `here`; nothing if it leads to another crate.
    fn path<'a>(&'a self, here: usize, path: &'a [String]) -> Vec<Target> {
        self.follow(here, path, &mut Open::new())
    }

    /// Whether the first name of `path` means a module. Where it means an item, its import says so already.
    fn begins_with_module<'a>(&'a self, here: usize, path: &'a [String]) -> bool {
        let first = self.first(here, &path[0], &mut Open::new());
        first.iter().any(|target| matches!(target, Target::Module(_)))
    }

    /// What `name` means in the module `here` that imports all names of `path`.
    fn by_glob<'a>(&'a self, here: usize, path: &'a [String], name: &'a str) -> Vec<Target> {
        let own = &self.modules[here];
        if own.text.defined.contains(name) || own.children.contains_key(name) {
            return Vec::new();
        }
        let mut open = Open::new();
        let modules = self.follow(here, path, &mut open).into_iter();
        modules
            .flat_map(|target| match target {
                Target::Module(module) => self.lookup(module, name, &mut open),
                Target::Item(_) => Vec::new(),
            })
            .collect()
    }

    fn follow<'a>(&'a self, here: usize, path: &'a [String], open: &mut Open<'a>) -> Vec<Target> {
        let mut targets = self.first(here, &path[0], open);
        for name in &path[1..] {
            let parts: Vec<Vec<Target>> = targets
                .iter()
                .map(|target| match target {
                    Target::Module(module) => self.step(*module, name, open),
                    // A variant of an enumeration, or what is associated with a type.
                    Target::Item(_) => vec![*target],
                })
                .collect();
            // Where a module and an item have one name, a path that goes on means the module.
            let has_module = targets.iter().any(|target| matches!(target, Target::Module(_)));
            targets = parts
                .into_iter()
                .zip(&targets)
                .filter(|(_, target)| !has_module || matches!(target, Target::Module(_)))
                .flat_map(|(part, _)| part)
                .collect();
        }
        targets
    }

    /// What the first name of a path means.
    fn first<'a>(&'a self, here: usize, name: &'a str, open: &mut Open<'a>) -> Vec<Target> {
        match name {
            "crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(here)],
            "super" => self.modules[here].parent.map(Target::Module).into_iter().collect(),
            _ => self.lookup(here, name, open),
        }
    }

    /// What `name` means behind `module::`. What the module does not show is made by one of its macros.
    fn step<'a>(&'a self, module: usize, name: &'a str, open: &mut Open<'a>) -> Vec<Target> {
        if name == "super" {
            return self.first(module, name, open);
        }
        let found = self.lookup(module, name, open);
        let imported = self.modules[module].text.imports.iter().any(|import| import.alias == name);
        if found.is_empty() && !imported { vec![Target::Item(module)] } else { found }
    }

    /// What `name` means in a module: what it defines, its children, and what it imports.
    fn lookup<'a>(&'a self, module: usize, name: &'a str, open: &mut Open<'a>) -> Vec<Target> {
        let own = &self.modules[module];
        let mut found = Vec::new();
        if own.text.defined.contains(name) {
            found.push(Target::Item(module));
        }
        found.extend(own.children.get(name).copied().map(Target::Module));
        if !open.insert((module, name)) {
            return found;
        }
        for import in own.text.imports.iter().filter(|import| import.alias == name) {
            found.extend(self.follow(module, &import.path, open));
        }
        if found.is_empty() {
            for import in own.text.imports.iter().filter(|import| import.alias == "*") {
                for target in self.follow(module, &import.path, open) {
                    if let Target::Module(there) = target {
                        found.extend(self.lookup(there, name, open));
                    }
                }
            }
        }
        open.remove(&(module, name));
        found
    }
}
