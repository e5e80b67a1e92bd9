//! The report of experiments: a page to read, figures to show, and numbers for other programs.

mod check;
mod curve;
mod data;
mod figure;
mod look;
mod page;
mod panel;
mod picture;
#[cfg(feature = "figures")]
mod raster;
mod scale;
mod section;
mod summary;
mod table;
mod text;
mod verdict;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use cama::files::write_atomic;
use cama::{Error, Result};

pub use self::data::read_results;
use self::look::Looks;
pub use self::page::Heading;
use self::picture::{FIGURES, Picture};
use crate::outcome::Reach;

/// Writes what came out of experiments into a folder, making it if needed.
///
/// - `report.html`: all of it, to be read; one file that needs no network and no scripts.
/// - `figures/NAME.svg` and `figures/NAME.png`: the diagrams of each experiment, or its picture.
/// - `results.csv`: a line for each point.
/// - `results.json`: `reach`, from which [`read_results`] gets it back.
///
/// The same reach and heading give the same bytes. Files of experiments that `reach` does not have are left alone.
///
/// # Errors
///
/// Before anything is written: if an experiment's name is no file's name or comes twice, if a number is not finite or
/// does not fit its axis, or if a picture is no PNG; and if the folder cannot be written to.
pub fn write_report(folder: &Path, reach: &Reach, heading: &Heading) -> Result<()> {
    check::check(reach)?;
    let pictures: Vec<Option<Picture>> = reach.outcomes.iter().map(Picture::read).collect::<Result<_>>()?;
    let figures = folder.join(FIGURES);
    fs::create_dir_all(&figures).map_err(Error::io("create", &figures))?;
    let write = |path: PathBuf, bytes: &[u8]| write_atomic(path, |out| out.write_all(bytes));
    let looks = Looks::new(reach);
    for (outcome, picture) in reach.outcomes.iter().zip(&pictures) {
        let png = figures.join(format!("{}.png", outcome.name));
        if let Some(picture) = picture {
            write(png, &picture.bytes)?;
        } else if !outcome.panels.is_empty() {
            let svg = figure::standalone(outcome, &looks.of(outcome));
            #[cfg(feature = "figures")]
            write(png.clone(), &rasterised(&svg, &png)?)?;
            write(figures.join(format!("{}.svg", outcome.name)), svg.as_bytes())?;
        }
    }
    data::write_csv(folder, reach)?;
    data::write_json(folder, reach)?;
    let page = page::page(reach, heading, &looks, &pictures);
    write(folder.join("report.html"), page.into_string().as_bytes())
}

/// The drawing as the PNG that `path` is to hold.
#[cfg(feature = "figures")]
fn rasterised(svg: &str, path: &Path) -> Result<Vec<u8>> {
    raster::png(svg).map_err(|problem| {
        Error::data(path, format!("cannot be drawn: {problem}"), "use fewer diagrams for an experiment")
    })
}

#[cfg(test)]
mod tests;
