//! Every reader meets damaged files and files of something else: it never panics, never hangs, and never reserves memory for more
//! than there is.
//!
//! The cases run in a process of their own, whose memory the shell bounds and whose time this one does: a reservation that a few
//! bytes of a header talk a reader into is an abort there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cama_causal::Roles;
use cama_data::table::{LearnOptions, Missing, Schema};
use cama_data::{ImageBatches, ImageOptions, Images, write_npz};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// Damages tried of every file.
const CASES: u32 = 150;

/// What the process may reserve, in kB. What it needs without any file is a third of that.
const MEMORY: u32 = 3_000_000;

const LONGEST: Duration = Duration::from_secs(240);

/// Tells the process that it is the one whose memory is bounded.
const BOUNDED: &str = "CAMA_BOUNDED";

/// Something that goes wrong with bytes.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Cut(Index),
    /// What a number of four or eight bytes becomes that counts something.
    Huge(Index, usize, bool),
    Repeat(Index, Index),
    Remove(Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), prop::sample::select(vec![2usize, 4, 8]), any::<bool>())
            .prop_map(|(at, n, positive)| Damage::Huge(at, n, positive)),
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

/// A file that is read without an error.
struct Sound {
    name: &'static str,
    bytes: Vec<u8>,
    /// Whether it is a table.
    table: bool,
}

fn images(folder: &Path) -> Vec<Sound> {
    let pixels: Vec<f32> = (0..6 * 64).map(|i| (i % 251) as f32 / 255.0).collect();
    let classes = vec!["a".to_string(), "b".to_string()];
    let images = Images::new("six", [1, 8, 8], pixels, Some(vec![0, 1, 0, 1, 0, 1]), classes).unwrap();
    write_npz(folder.join("x.npz"), &images).unwrap();
    let mut idx: Vec<u8> = [0x803u32, 6, 8, 8].iter().flat_map(|n| n.to_be_bytes()).collect();
    idx.extend((0..6 * 64u32).map(|i| (i % 251) as u8));
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4, 4), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend(118u16.to_le_bytes());
    npy.extend(format!("{header:<117}\n").as_bytes());
    npy.extend((0..48).flat_map(|i| (f64::from(i) / 48.0).to_le_bytes()));
    let picture = image::RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 90]));
    let mut all = vec![
        Sound { name: "x.npz", bytes: fs::read(folder.join("x.npz")).unwrap(), table: false },
        Sound { name: "x-images-idx3-ubyte.gz", bytes: gzipped(&idx), table: false },
        Sound { name: "x-images-idx3-ubyte", bytes: idx, table: false },
        Sound { name: "x.npy", bytes: npy, table: false },
        Sound {
            name: "data_batch_1.bin",
            bytes: (0..2 * 3073).map(|i| (i % 10) as u8).collect(),
            table: false,
        },
    ];
    for name in ["x.png", "x.jpg", "x.webp", "x.bmp"] {
        let path = folder.join(name);
        picture.save(&path).unwrap();
        all.push(Sound { name, bytes: fs::read(path).unwrap(), table: false });
    }
    all
}

fn tables(folder: &Path) -> Vec<Sound> {
    let mut csv = String::from("y,x,k\n");
    (0..30).for_each(|i| {
        csv += &format!("{},{},{}\n", ["no", "yes"][i % 2], i as f64 / 7.0, ["a", "b", ""][i % 3])
    });
    let path = folder.join("x.parquet");
    let schema = "message t { required binary y (UTF8); required double x; required binary k (UTF8); }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = |of: &[&'static str]| (0..30).map(|i| ByteArray::from(of[i % of.len()])).collect::<Vec<_>>();
    let numbers: Vec<f64> = (0..30).map(|i| f64::from(i) / 7.0).collect();
    for at in 0..3 {
        let mut column = group.next_column().unwrap().unwrap();
        match at {
            1 => column.typed::<DoubleType>().write_batch(&numbers, None, None).unwrap(),
            0 => column.typed::<ByteArrayType>().write_batch(&texts(&["no", "yes"]), None, None).unwrap(),
            _ => column.typed::<ByteArrayType>().write_batch(&texts(&["a", "b", "c"]), None, None).unwrap(),
        };
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let (gz, zst) = (gzipped(csv.as_bytes()), zstd::encode_all(csv.as_bytes(), 3).unwrap());
    vec![
        Sound { name: "x.csv", bytes: csv.into_bytes(), table: true },
        Sound { name: "x.csv.gz", bytes: gz, table: true },
        Sound { name: "x.csv.zst", bytes: zst, table: true },
        Sound { name: "x.parquet", bytes: fs::read(path).unwrap(), table: true },
    ]
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Reads all of the file, as far as that goes, and says whether it went.
fn read(path: &Path, table: bool) -> bool {
    let spec = path.to_str().unwrap();
    if table {
        let names = |text: &str| text.split(' ').map(str::to_string).collect();
        let roles = Roles { target: "y".into(), children: names("x k"), ..Roles::default() };
        let options = LearnOptions { missing: Missing::Impute, ..LearnOptions::default() };
        return Schema::learn(spec, &roles, &options).is_ok();
    }
    let images = ImageBatches::open_with(spec, &ImageOptions::default());
    images.and_then(|images| images.read()).is_ok()
}

/// All damages of all files.
fn meet_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = images(folder.path());
    all.extend(tables(folder.path()));
    for Sound { name, bytes, table } in &all {
        // Told where it ends in an abort.
        eprintln!("damaging {name}");
        // In a folder of its own: labels are looked for beside images.
        let place = tempfile::tempdir().unwrap();
        let path: PathBuf = place.path().join(name);
        let put = |bytes: &[u8]| {
            let _ = fs::remove_file(&path);
            fs::write(&path, bytes).unwrap();
        };
        put(bytes);
        assert!(read(&path, *table), "{name} is sound");
        let mut runner =
            TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let damages = prop::collection::vec(damage(), 1..4);
        let tried = runner.run(&damages, |damages| {
            let mut damaged = bytes.clone();
            damages.iter().for_each(|damage| damage.to(&mut damaged));
            put(&damaged);
            read(&path, *table);
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{name}: {error}"));
        let noise = prop::collection::vec(any::<u8>(), 0..400);
        let tried = runner.run(&noise, |noise| {
            put(&noise);
            read(&path, *table);
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{name}: {error}"));
        // Another file under its name.
        for other in &all {
            put(&other.bytes);
            read(&path, *table);
        }
    }
}

#[test]
fn damaged_files_neither_panic_nor_hang_nor_reserve_memory_without_end() {
    if std::env::var_os(BOUNDED).is_some() || !cfg!(unix) {
        return meet_all();
    }
    let name = "damaged_files_neither_panic_nor_hang_nor_reserve_memory_without_end";
    let command = format!("ulimit -v {MEMORY}; exec \"$0\" --exact {name} --nocapture");
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .arg(std::env::current_exe().unwrap())
        .env(BOUNDED, "1")
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > LONGEST => {
                child.kill().unwrap();
                panic!("a reader hangs");
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert!(status.success(), "{status}");
}
