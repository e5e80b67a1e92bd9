//! Tests of reading Parquet.

use std::sync::Arc;

use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::*;

/// The cells of one column of one group.
enum Put {
    Bool(Vec<Option<bool>>),
    Int(Vec<Option<i32>>),
    Long(Vec<Option<i64>>),
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Text(Vec<Option<&'static str>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Old(Vec<Option<Int96>>),
    Fixed(Vec<Option<Vec<u8>>>),
}

fn put<T: DataType>(writer: &mut SerializedColumnWriter<'_>, cells: impl Iterator<Item = Option<T::T>>) {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    // A list of one for each row, if it is a list.
    let lists = vec![0; levels.len()];
    writer.typed::<T>().write_batch(&values, Some(&levels), Some(&lists)).unwrap();
}

fn write(path: &Path, schema: &str, compression: Compression, groups: Vec<Vec<Put>>) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for group in groups {
        let mut columns = writer.next_row_group().unwrap();
        for cells in group {
            let mut column = columns.next_column().unwrap().unwrap();
            match cells {
                Put::Bool(cells) => put::<BoolType>(&mut column, cells.into_iter()),
                Put::Int(cells) => put::<Int32Type>(&mut column, cells.into_iter()),
                Put::Long(cells) => put::<Int64Type>(&mut column, cells.into_iter()),
                Put::Float(cells) => put::<FloatType>(&mut column, cells.into_iter()),
                Put::Double(cells) => put::<DoubleType>(&mut column, cells.into_iter()),
                Put::Text(cells) => {
                    put::<ByteArrayType>(&mut column, cells.into_iter().map(|c| c.map(ByteArray::from)))
                }
                Put::Bytes(cells) => {
                    put::<ByteArrayType>(&mut column, cells.into_iter().map(|c| c.map(ByteArray::from)))
                }
                Put::Fixed(cells) => {
                    let fixed =
                        |cell: Option<Vec<u8>>| cell.map(|c| FixedLenByteArray::from(ByteArray::from(c)));
                    put::<FixedLenByteArrayType>(&mut column, cells.into_iter().map(fixed))
                }
                Put::Old(cells) => put::<Int96Type>(&mut column, cells.into_iter()),
            }
            column.close().unwrap();
        }
        columns.close().unwrap();
    }
    writer.close().unwrap();
}

const SCHEMA: &str = "message table {
    optional int32 i; required int64 l; optional float f; required double d; optional boolean b;
    optional binary s (UTF8); optional int32 u (UINT_32); optional int64 v (UINT_64);
}";

/// A group of rows that tell their index, every third cell missing where it can be.
fn group(from: usize, to: usize) -> Vec<Put> {
    let some = |i: &usize| !i.is_multiple_of(3);
    let all = || from..to;
    vec![
        Put::Int(all().map(|i| some(&i).then_some(-(i as i32))).collect()),
        Put::Long(all().map(|i| Some(i as i64 + (1 << 40))).collect()),
        Put::Float(all().map(|i| some(&i).then_some(i as f32 + 0.5)).collect()),
        Put::Double(all().map(|i| Some(if i == 4 { f64::NAN } else { i as f64 / 4.0 })).collect()),
        Put::Bool(all().map(|i| some(&i).then_some(i.is_multiple_of(2))).collect()),
        // Few different texts: the writer makes a dictionary of them.
        Put::Text(all().map(|i| some(&i).then_some(["a", " é ", "NA"][i % 7 % 3])).collect()),
        Put::Int(all().map(|i| some(&i).then_some(u32::MAX as i32)).collect()),
        Put::Long(all().map(|i| some(&i).then_some(u64::MAX as i64)).collect()),
    ]
}

/// The names of the cells of a row, missing ones empty.
fn row(i: usize) -> Vec<String> {
    let some = |text: String| if i.is_multiple_of(3) { String::new() } else { text };
    vec![
        some((-(i as i64)).to_string()),
        (i + (1 << 40)).to_string(),
        some(format!("{}.5", i)),
        if i == 4 { String::new() } else { (i as f64 / 4.0).to_string() },
        some(i.is_multiple_of(2).to_string()),
        some(["a", "é", "NA"][i % 7 % 3].to_string()),
        some(u32::MAX.to_string()),
        some((u64::MAX as f64).to_string()),
    ]
}

fn rows(columns: &[Cells]) -> Vec<Vec<String>> {
    let row = |i| columns.iter().map(|cells| cells.value(i).name().into_owned()).collect();
    (0..columns[0].len()).map(row).collect()
}

#[test]
fn all_flat_types_are_read_in_chunks_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ];
    for codec in codecs {
        write(&path, SCHEMA, codec, vec![group(0, 5), group(5, 6), group(6, 20)]);
        for (skipped, chunk) in [(0, 100), (0, 1), (0, 7), (3, 4), (5, 100), (7, 5), (19, 1), (20, 1)] {
            let mut file = ParquetFile::open(&path).unwrap();
            assert_eq!((file.names().join(""), file.len()), ("ilfdbsuv".to_string(), 20));
            file.want(&(0..8).collect::<Vec<_>>()).unwrap();
            assert_eq!(file.skip(skipped).unwrap(), skipped);
            let mut read = Vec::new();
            loop {
                let more = rows(&file.read(chunk).unwrap());
                if more.is_empty() {
                    break;
                }
                assert!(more.len() <= chunk);
                read.extend(more);
            }
            assert_eq!(read, (skipped..20).map(row).collect::<Vec<_>>(), "{skipped} {chunk}");
        }
        let mut file = ParquetFile::open(&path).unwrap();
        file.want(&[5, 0]).unwrap();
        let expected: Vec<_> = (0..20).map(|i| vec![row(i)[5].clone(), row(i)[0].clone()]).collect();
        assert_eq!(rows(&file.read(99).unwrap()), expected);
        assert_eq!(file.skip(3).unwrap(), 0);
    }
}

/// Numbers as other programs store them, the last of each column missing where it can be.
#[test]
fn decimals_and_half_floats_are_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let schema = "message table {
        required int32 i (DECIMAL(9,2)); optional int64 l (DECIMAL(18,3)); optional binary b (DECIMAL(30,4));
        optional fixed_len_byte_array(16) f (DECIMAL(38,1)); optional fixed_len_byte_array(2) h (FLOAT16);
    }";
    let group = vec![
        Put::Int(vec![Some(40), Some(-1), Some(123_456)]),
        Put::Long(vec![Some(1_500), Some(-1_234_567), None]),
        Put::Bytes(vec![Some(vec![0xff, 0xff]), Some(vec![0x27, 0x10]), None]),
        Put::Fixed(vec![Some(7i128.to_be_bytes().to_vec()), Some((-70i128).to_be_bytes().to_vec()), None]),
        Put::Fixed(vec![Some(vec![0x00, 0x3c]), Some(vec![0x00, 0xc1]), None]),
    ];
    write(&path, schema, Compression::SNAPPY, vec![group]);
    let mut file = ParquetFile::open(&path).unwrap();
    file.want(&[0, 1, 2, 3, 4]).unwrap();
    assert_eq!(
        rows(&file.read(9).unwrap()),
        [
            ["0.4", "1.5", "-0.0001", "0.7", "1"],
            ["-0.01", "-1234.567", "1", "-7", "-2.5"],
            ["1234.56", "", "", "", ""]
        ]
    );
    // As keys of rows they are texts, and as columns to change floating-point numbers.
    let mut file = ParquetFile::open(&path).unwrap();
    file.want_leaves();
    let (leaves, n) = file.leaves(9).unwrap();
    assert_eq!(n, 3);
    assert_eq!(leaves[1].as_texts(3).unwrap(), ["1.5", "-1234.567", ""]);
    assert_eq!(leaves[4].as_texts(3).unwrap(), ["1", "-2.5", ""]);
    for (leaf, texts) in leaves.into_iter().zip([["0.4", "-0.01", "1234.56"], ["1.5", "-1234.567", ""]]) {
        assert_eq!(leaf.into_numbers().as_texts(3).unwrap(), texts);
    }
}

#[test]
fn types_that_are_no_cells_are_refused_by_name_where_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let schema = "message table {
        optional binary raw; optional int96 old; required int32 day (DATE); required int64 at (TIMESTAMP_MILLIS);
        repeated int32 many; required group pair { required int32 left; required int32 right; }
        required int32 fine;
    }";
    let ints = || Put::Int(vec![Some(1)]);
    let group = vec![
        Put::Bytes(vec![Some(vec![0xff])]),
        Put::Old(vec![Some(Int96::from(vec![1, 2, 3]))]),
        ints(),
        Put::Long(vec![Some(1)]),
        ints(),
        ints(),
        ints(),
        ints(),
    ];
    write(&path, schema, Compression::SNAPPY, vec![group]);
    let mut file = ParquetFile::open(&path).unwrap();
    assert_eq!(file.names(), ["raw", "old", "day", "at", "many", "pair", "fine"]);
    assert_eq!(crate::table::columns(path.to_str().unwrap()).unwrap(), file.names());
    for (at, part) in [
        (0, "column `raw` is binary (BYTE_ARRAY), which is not supported; make it a number (of a date"),
        (1, "column `old` is of the type INT96"),
        (2, "column `day` is a date"),
        (3, "column `at` is a point in time"),
        (4, "column `many` is a list"),
        (5, "column `pair` is nested"),
    ] {
        let text = file.want(&[6, at]).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    file.want(&[6]).unwrap();
    assert_eq!(rows(&file.read(2).unwrap()), [["1"]]);
}

/// Opens and reads a file of these bytes, as far as that goes.
fn try_all(path: &Path, bytes: &[u8]) -> Result<()> {
    // Some file systems wait for the disk when a file is written anew, but not when a new one is.
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
    let mut file = ParquetFile::open(path)?;
    let columns: Vec<usize> = (0..file.names().len()).collect();
    file.want(&columns)?;
    file.skip(2)?;
    while file.read(4)?.first().is_some_and(|cells| cells.len() > 0) {}
    Ok(())
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    for (seed, codec) in [(1, Compression::UNCOMPRESSED), (2, Compression::SNAPPY)] {
        write(&path, SCHEMA, codec, vec![group(0, 9), group(9, 20)]);
        let good = std::fs::read(&path).unwrap();
        try_all(&path, &good).unwrap();
        for cut in [0, 3, 8, 100, good.len() / 2, good.len() - 1] {
            let text = try_all(&path, &good[..cut]).unwrap_err().to_string();
            assert!(text.contains("t.parquet: damaged"), "{text}");
        }
        // A linear congruential generator picks the bytes that are damaged.
        let mut state: u64 = seed;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize
        };
        for _ in 0..2000 {
            let mut bad = good.clone();
            for _ in 0..1 + next() % 3 {
                let at = next() % bad.len();
                bad[at] = next() as u8;
            }
            let _ = try_all(&path, &bad);
        }
    }
}

#[test]
fn a_table_means_the_same_in_parquet_and_in_csv() {
    use crate::table::{LearnOptions, Missing, Schema};
    use cama_causal::Roles;

    let folder = tempfile::tempdir().unwrap();
    let [parquet, csv] = ["t.parquet", "t.csv"].map(|name| folder.path().join(name));
    let schema = "message table {
        optional boolean y; optional double x; optional binary k (UTF8); required int64 c; optional int32 flag;
    }";
    let n = 30usize;
    let group = vec![
        Put::Bool((0..n).map(|i| (i != 5).then_some(i.is_multiple_of(2))).collect()),
        Put::Double((0..n).map(|i| (i != 7).then_some(i as f64 / 8.0)).collect()),
        Put::Text((0..n).map(|i| Some(["a", "b", "c"][i % 3])).collect()),
        Put::Long((0..n).map(|i| Some(i as i64 * 3)).collect()),
        Put::Int((0..n).map(|i| (i != 9).then_some((i % 2) as i32)).collect()),
    ];
    write(&parquet, schema, Compression::SNAPPY, vec![group]);
    let some = |there: bool, text: String| if there { text } else { String::new() };
    let line = |i: usize| {
        let y = some(i != 5, ["True", "False"][i % 2].to_string());
        let (x, flag) = (some(i != 7, (i as f64 / 8.0).to_string()), some(i != 9, format!("{}.0", i % 2)));
        format!("{y},{x},{},{},{flag}\n", ["a", "b", "c"][i % 3], i * 3)
    };
    std::fs::write(&csv, "y,x,k,c,flag\n".to_string() + &(0..n).map(line).collect::<String>()).unwrap();

    let names = |text: &str| -> Vec<String> { text.split(' ').map(str::to_string).collect() };
    let roles = Roles {
        target: "y".to_string(),
        children: names("x k"),
        co_parents: names("c flag"),
        ..Roles::default()
    };
    let options = LearnOptions { missing: Missing::Impute, ..LearnOptions::default() };
    let learn = |path: &Path| Schema::learn(path.to_str().unwrap(), &roles, &options).unwrap();
    let (from_parquet, rows, notices) = learn(&parquet);
    let (from_csv, csv_rows, csv_notices) = learn(&csv);
    assert_eq!(from_parquet.columns, from_csv.columns);
    assert_eq!(
        (&from_parquet.classes[..], &from_csv.classes[..]),
        (&["false", "true"].map(String::from)[..], &["False", "True"].map(String::from)[..])
    );
    assert_eq!(notices, csv_notices);
    // Either schema reads either file.
    let read = |schema: &Schema, path: &Path| schema.read(path.to_str().unwrap(), true).unwrap().0;
    assert_eq!(read(&from_parquet, &parquet), rows);
    for (schema, path) in [(&from_parquet, &csv), (&from_csv, &parquet)] {
        let read = read(schema, path);
        assert_eq!((read.len(), read.values()), (n - 1, rows.values()));
    }
    assert_eq!(csv_rows.values(), rows.values());
    let text = from_csv.read(&format!("{}[..31]", parquet.display()), true).unwrap_err().to_string();
    assert!(text.contains("goes to 31, but there are 30 rows"), "{text}");
}
