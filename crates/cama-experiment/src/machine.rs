//! The machine in words, and the day.

use std::time::SystemTime;

/// How many cores, and which processor.
pub fn words() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let named = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        line.split_once(':').map(|(_, name)| name.trim().to_string())
    });
    let processor = named.unwrap_or_else(|| std::env::consts::ARCH.to_string());
    format!("{cores} core{} of {processor}", if cores == 1 { "" } else { "s" })
}

/// Today in UTC, `YYYY-MM-DD`.
pub fn today() -> String {
    chrono::DateTime::<chrono::Utc>::from(SystemTime::now()).format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_words() {
        assert!(words().contains("core"));
        assert_eq!(today().split('-').map(str::len).collect::<Vec<_>>(), [4, 2, 2]);
    }
}
