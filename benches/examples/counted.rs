//! Does one piece of work, once to warm up and once to be counted by `benches/instructions.sh`; `--list` names them all.

use cama_bench::counted::{ALL, counted};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = std::env::args().nth(1).ok_or("usage: counted --list | counted NAME")?;
    if wanted == "--list" {
        ALL.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    }
    let (_, prepare) =
        ALL.iter().find(|(name, _)| *name == wanted).ok_or_else(|| format!("{wanted} is none of --list"))?;
    // All work stays on this thread: the counter is switched on for one thread, and waiting for others is not work.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let mut work = prepare();
    work();
    counted(&mut *work);
    Ok(())
}
