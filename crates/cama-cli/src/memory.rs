//! How much memory the program has used.

/// The most memory that the process has had resident so far, in KiB; `None` where it cannot be known.
#[cfg(target_os = "linux")]
pub fn peak_kib() -> Option<u64> {
    // Not `getrusage`, whose figure survives `exec`: it would tell of the shell that started us.
    high_water_mark(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// The most memory that the process has had resident so far, in KiB; `None` where it cannot be known.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn peak_kib() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let peak = u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()?;
    // Apple counts bytes, all others count KiB.
    Some(if cfg!(target_vendor = "apple") { peak >> 10 } else { peak })
}

/// The most memory that the process has had resident so far, in KiB; `None` where it cannot be known.
#[cfg(not(unix))]
pub fn peak_kib() -> Option<u64> {
    None
}

/// `VmHWM` of a `/proc/…/status`, in KiB.
#[cfg(target_os = "linux")]
fn high_water_mark(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_and_never_falls() {
        assert_eq!(high_water_mark("Name:\tcama\nVmHWM:\t   20480 kB\nVmRSS:\t 1 kB\n"), Some(20480));
        assert_eq!(high_water_mark("Name:\tcama\nVmRSS:\t 1 kB\n"), None);
        let before = peak_kib().unwrap();
        let touched = vec![1u8; 64 << 20];
        assert_eq!(touched.iter().map(|byte| usize::from(*byte)).sum::<usize>(), 64 << 20);
        drop(touched);
        let after = peak_kib().unwrap();
        assert!(after >= before.max(64 << 10), "{before} KiB, then {after} KiB");
    }
}
