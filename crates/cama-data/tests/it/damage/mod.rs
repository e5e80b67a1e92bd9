//! Damages files and hands them to a reader, which must never panic, never hang, and never reserve memory for more than there is.
//! The tests of every crate that reads files share this.
//!
//! The cases run in a process of their own, whose memory the shell bounds and whose time this one does: a reservation that a few
//! bytes of a header talk a reader into is an abort there.
//!
//! `CAMA_DAMAGES` is how many damages of each file are tried, 150 unless given; `CAMA_DAMAGED`, a part of a file's name, leaves
//! the others out. With `--nocapture` each file says how many were tried and how many of these were still read:
//!
//!     CAMA_DAMAGES=1000000 cargo test --release --workspace --test it readers -- --nocapture

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Damages tried of every file, unless the environment says otherwise.
const CASES: u32 = 150;

/// What the process may reserve, in kB. What it needs without any file is a third of that.
const MEMORY: u32 = 3_000_000;

/// How long the process may take, and for each damage of each file besides.
const LONGEST: Duration = Duration::from_secs(240);
const LONGEST_EACH: Duration = Duration::from_millis(20);

/// Tells the process that it is the one whose memory is bounded.
const BOUNDED: &str = "CAMA_BOUNDED";

/// A file that is read without an error.
pub struct Sound<'a> {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Reads all of the file at a path, as far as that goes, and says whether it went.
    pub read: Box<dyn Fn(&Path) -> bool + 'a>,
}

/// Something that goes wrong with bytes.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Cut(Index),
    /// What a number of two, four or eight bytes becomes that counts something.
    Huge(Index, usize, bool),
    /// What a number that is written in digits becomes.
    Digits(Index, u8),
    Repeat(Index, Index),
    Remove(Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), prop::sample::select(vec![2usize, 4, 8]), any::<bool>())
            .prop_map(|(at, n, positive)| Damage::Huge(at, n, positive)),
        (any::<Index>(), 1..12u8).prop_map(|(at, n)| Damage::Digits(at, n)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, n)| Damage::Remove(at, n)),
    ]
}

impl Damage {
    fn to(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let n = bytes.len();
        match self {
            Damage::Set(at, byte) => bytes[at.index(n)] = *byte,
            Damage::Cut(at) => bytes.truncate(at.index(n)),
            Damage::Huge(at, length, positive) => {
                let at = at.index(n);
                let end = (at + length).min(n);
                bytes[at..end].fill(0xff);
                if *positive {
                    bytes[at] = 0x7f;
                }
            }
            Damage::Digits(at, more) => {
                // The next digit on from there.
                let at = at.index(n);
                let found = (at..n).chain(0..at).find(|&i| bytes[i].is_ascii_digit()).unwrap_or(at);
                bytes.splice(found..found, std::iter::repeat_n(b'9', usize::from(*more)));
            }
            Damage::Repeat(from, to) => {
                let (from, to) = (from.index(n), to.index(n));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(to..to, part);
            }
            Damage::Remove(at, length) => {
                let at = at.index(n);
                bytes.drain(at..(at + usize::from(*length)).min(n));
            }
        }
    }
}

/// Damages of every file.
fn cases() -> u32 {
    std::env::var("CAMA_DAMAGES").map_or(CASES, |cases| cases.parse().expect("CAMA_DAMAGES is a number"))
}

/// Whether the environment asks for this file.
fn wanted(name: &str) -> bool {
    std::env::var("CAMA_DAMAGED").map_or(true, |part| name.contains(&part))
}

/// Runs `body`, which is the test called `test`, in a process whose memory is bounded; `files` is how many it damages.
pub fn bounded(test: &str, files: u32, body: impl FnOnce()) {
    if std::env::var_os(BOUNDED).is_some() || !cfg!(unix) {
        return body();
    }
    let command = format!("ulimit -v {MEMORY}; exec \"$0\" --exact {test} --nocapture");
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .arg(std::env::current_exe().unwrap())
        .env(BOUNDED, "1")
        .spawn()
        .unwrap();
    let (began, longest) = (Instant::now(), LONGEST + LONGEST_EACH * cases().saturating_mul(files));
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > longest => {
                child.kill().unwrap();
                panic!("a reader hangs");
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert!(status.success(), "{status}");
}

/// Damages every file in many ways, puts noise and the other files in its place, and reads what there is then.
pub fn meet(all: &[Sound]) {
    for Sound { name, bytes, read } in all.iter().filter(|sound| wanted(&sound.name)) {
        // Told where it ends in an abort.
        eprintln!("damaging {name}");
        // In a folder of its own: other files are looked for beside some.
        let place = tempfile::tempdir().unwrap();
        let path: PathBuf = place.path().join(name);
        let put = |bytes: &[u8]| {
            let _ = fs::remove_file(&path);
            fs::write(&path, bytes).unwrap();
        };
        put(bytes);
        assert!(read(&path), "{name} is sound");
        let (began, tried, still) = (Instant::now(), Cell::new(0u32), Cell::new(0u32));
        let meet = |bytes: &[u8]| {
            put(bytes);
            let went = read(&path);
            tried.set(tried.get() + 1);
            still.set(still.get() + u32::from(went));
        };
        let config = |cases| Config {
            cases,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..Config::default()
        };
        let damages = prop::collection::vec(damage(), 1..4);
        // One in ten is noise, which few readers look far into.
        let noisy = cases() / 10;
        let damaged = TestRunner::new(config(cases() - noisy)).run(&damages, |damages| {
            let mut damaged = bytes.clone();
            damages.iter().for_each(|damage| damage.to(&mut damaged));
            meet(&damaged);
            Ok(())
        });
        damaged.unwrap_or_else(|error| panic!("{name}: {error}"));
        let noise = prop::collection::vec(any::<u8>(), 0..400);
        let noised = TestRunner::new(config(noisy)).run(&noise, |noise| {
            meet(&noise);
            Ok(())
        });
        noised.unwrap_or_else(|error| panic!("{name}: {error}"));
        all.iter().for_each(|other| meet(&other.bytes));
        let seconds = began.elapsed().as_secs_f64();
        eprintln!("{name}: {} tried, {} of them read, in {seconds:.0} s", tried.get(), still.get());
    }
}
