//! The modules of a crate: which file declares which.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::crates;
use crate::scan::scan;
use crate::text::Text;
use crate::token::tokens;

/// All modules of one library or program; the first is its root.
pub struct Tree {
    pub modules: Vec<Module>,
}

/// A module: a file, or `mod name { ... }` in one.
pub struct Module {
    /// The file that it is written in, relative to the crate.
    pub file: PathBuf,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    pub text: Text,
}

impl Tree {
    /// Reads the modules that `root`, a file relative to the crate's `folder`, declares, and those that they declare.
    pub fn read(folder: &Path, root: &Path) -> io::Result<Tree> {
        let mut tree = Tree { modules: Vec::new() };
        let within = root.parent().unwrap_or(Path::new(""));
        tree.add_file(folder, root, within, None)?;
        Ok(tree)
    }

    /// Adds the module in `file`, whose children are in the folder `within`.
    fn add_file(
        &mut self,
        folder: &Path,
        file: &Path,
        within: &Path,
        parent: Option<usize>,
    ) -> io::Result<usize> {
        let text = scan(&tokens(&crates::read(&folder.join(file))?));
        self.add(folder, file, within, parent, text)
    }

    fn add(
        &mut self,
        folder: &Path,
        file: &Path,
        within: &Path,
        parent: Option<usize>,
        mut text: Text,
    ) -> io::Result<usize> {
        let here = self.modules.len();
        let (declared, inline) = (std::mem::take(&mut text.declared), std::mem::take(&mut text.inline));
        self.modules.push(Module { file: file.into(), parent, children: BTreeMap::new(), text });
        for name in declared {
            let beside = within.join(format!("{name}.rs"));
            let file =
                if folder.join(&beside).is_file() { beside } else { within.join(&name).join("mod.rs") };
            let child = self.add_file(folder, &file, &within.join(&name), Some(here))?;
            self.modules[here].children.insert(name, child);
        }
        for (name, text) in inline {
            let child = self.add(folder, file, &within.join(&name), Some(here), text)?;
            self.modules[here].children.insert(name, child);
        }
        Ok(here)
    }
}
