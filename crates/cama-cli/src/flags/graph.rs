//! Flags of `cama graph`.

use std::path::PathBuf;

use cama::causal::Role;
use clap::Args;

use super::overlay::named;

/// `cama graph`
#[derive(Args)]
pub struct GraphFlags {
    /// The causal graph: DOT (`.dot`, `.gv`, dagitty's text too) or GML (`.gml`).
    pub graph: PathBuf,
    /// The variable whose effects are to tell of it.
    #[arg(long, value_name = "Y")]
    pub target: String,
    /// A CSV or Parquet table that must have the columns that are used.
    #[arg(long, value_name = "T")]
    pub data: Option<String>,
    /// What a column is to the target, whatever the graph says: `parent`, `child`, `co-parent` or `ignore`.
    #[arg(long, value_name = "COLUMN=ROLE", num_args = 1.., value_parser = declared)]
    pub role: Vec<Declared>,
    /// The drawing to write, an SVG file.
    #[arg(long, value_name = "FILE.svg")]
    pub out: Option<PathBuf>,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A column with its declared role; none if it is to be ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The column.
    pub column: String,
    /// Its role.
    pub role: Option<Role>,
}

/// Reads `COLUMN=ROLE`; the column may have `=` in its name.
pub(super) fn declared(text: &str) -> Result<Declared, String> {
    let (column, role) = text.rsplit_once('=').ok_or("write COLUMN=ROLE, as in `age=parent`")?;
    let role = match role {
        "ignore" => None,
        role => {
            let unknown = |_| format!("unknown role `{role}`; one of parent, child, co-parent, ignore");
            Some(named::<Role>(role).map_err(unknown)?)
        }
    };
    Ok(Declared { column: column.to_string(), role })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_declared_by_column() {
        let of = |column: &str, role| Ok(Declared { column: column.into(), role });
        assert_eq!(declared("a=co-parent"), of("a", Some(Role::CoParent)));
        assert_eq!(declared("p=0.5=ignore"), of("p=0.5", None));
        assert!(declared("a").unwrap_err().contains("COLUMN=ROLE"));
        assert!(declared("a=Parent").unwrap_err().contains("unknown role `Parent`; one of parent, child"));
    }
}
