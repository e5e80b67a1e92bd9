//! Writes the streams of digits that restoration is judged on, as NPZ files, to the folder given.
//!
//! `NAME.npz` is to be adapted to, `NAME-test.npz` to be judged on; all are manipulated already.

use std::path::Path;

use cama_data::manipulation::Manipulation;
use cama_data::{Error, Images, Result, load, write_npz};

/// What is mixed, in turn.
const MIXED: [&str; 5] = ["none", "shift-vertical:0.3", "rotate:60", "contrast:0.2:0.7", "scale:1.5"];

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "streams".into());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let (before, after) = (load("mnist:test[..5000]")?, load("mnist:test[5000..]")?);
    let write = |name: &str, images: &Images| write_npz(folder.join(format!("{name}.npz")), images);
    let shifted = |images: &Images, seed| -> Result<Images> {
        Ok(Manipulation::parse("shift-vertical:0.3")?.apply_seeded(images, seed))
    };

    write("mixed", &mixed(&before, 1)?)?;
    write("mixed-test", &mixed(&after, 2)?)?;
    let threes = |images: &Images| {
        let labels = images.labels().unwrap_or_default();
        images.select(&(0..images.len()).filter(|&i| labels[i] == 3).collect::<Vec<_>>())
    };
    write("single-class", &shifted(&threes(&before), 3)?)?;
    write("single-class-test", &shifted(&threes(&after), 4)?)?;
    for (name, n) in [("twenty", 20), ("one", 1)] {
        write(name, &shifted(&before.slice(0..n), 5)?)?;
        write(&format!("{name}-clean"), &before.slice(0..n))?;
        write(&format!("{name}-test"), &mixed(&after.slice(0..1000), 6)?)?;
    }
    Ok(())
}

/// Every image under one of the manipulations.
fn mixed(images: &Images, seed: u64) -> Result<Images> {
    let all: Vec<Images> = MIXED
        .iter()
        .map(|spec| Ok(Manipulation::parse(spec)?.apply_seeded(images, seed)))
        .collect::<Result<_>>()?;
    let pixels = (0..images.len()).flat_map(|i| all[i % all.len()].image(i).to_vec()).collect();
    images.with_pixels("mixed", pixels)
}
