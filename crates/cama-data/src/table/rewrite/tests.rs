//! Tables written again: in either format, with and without replaced cells.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::schema::tests::example_schema;
use super::super::schema::{Cell, Missing};
use super::super::{Rows, Schema};
use super::*;
use crate::Dataset;

/// Every trap of a CSV file that stays as it was: blanks, a comma and a line break in quotes, missing values, bytes
/// that are no text in a column that nobody reads.
const TABLE: &[u8] = b"c1,y,x3, x1 ,b1,note,x2,a1\n\
    2,1,b, 12.50 ,5,\"a, b\",yes,1e0\n\
    -1,0,a,7,6,\"two\nlines\",no,-2\n\
    5,1,c,NA,4.5,caf\xe9,TRUE,0\n\
    0,,a,10.0,5,\"\"\"\",no,0\n";

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The table of `spec` written to `out` with these edits, some rows at a time.
fn rewrite(
    spec: &str,
    schema: &Schema,
    edits: &[Edit],
    out: &Path,
    at_a_time: usize,
) -> crate::Result<usize> {
    let changing: Vec<usize> = (0..schema.columns.len()).collect();
    let file = fs::File::create(out).unwrap();
    let mut rewriter = Rewriter::open(spec, schema, &changing, out, file)?;
    for end in (0..20).step_by(at_a_time) {
        rewriter.copy(edits, Some(end))?;
    }
    rewriter.finish()
}

fn edit(row: usize, column: usize, cell: Cell) -> Edit {
    Edit { row, column, cell }
}

/// `x1` of three rows, of which one is missing.
fn some_edits() -> Vec<Edit> {
    let number = |row, number| edit(row, 0, Cell::Number(number));
    vec![number(3, 9.25), number(0, -0.125), number(2, 1.0)]
}

#[test]
fn what_is_not_replaced_keeps_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "t.csv", TABLE);
    let out = folder.path().join("out.csv");
    let rewritten = |spec: &str, edits: &[Edit], at_a_time| {
        rewrite(spec, &example_schema(), edits, &out, at_a_time).unwrap();
        fs::read(&out).unwrap()
    };
    let spec = path.to_str().unwrap();
    for at_a_time in [1, 3, 20] {
        assert_eq!(rewritten(spec, &[], at_a_time), TABLE);
    }
    let replaced = |table: &[u8]| {
        let text: String = table.iter().map(|&byte| char::from(byte)).collect();
        let text = text.replace(" 12.50 ", "-0.125").replace("10.0", "9.25");
        text.chars().map(|c| c as u8).collect::<Vec<u8>>()
    };
    assert_eq!(rewritten(spec, &some_edits(), 2), replaced(TABLE));
    // A part of the rows, with edits of others, which do not count.
    let part = rewritten(&format!("{spec}[2..]"), &some_edits(), 1);
    let end = TABLE.windows(5).position(|w| w == b"5,1,c").unwrap();
    let header = TABLE.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(part, replaced(&[&TABLE[..header], &TABLE[end..]].concat()));
    assert_eq!(
        rewritten(&format!("{spec}[1..2]"), &[], 1).len(),
        header + b"-1,0,a,7,6,\"two\nlines\",no,-2\n".len()
    );
}

#[test]
fn delimiters_line_ends_and_marks_stay_unless_another_extension_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{feff}c1;y;x3;x1;b1;n;x2;a1\r\n2;1;b;12;5;a,b;yes;1\r\n";
    let spec = put(folder.path(), "t.csv", text.as_bytes());
    let spec = spec.to_str().unwrap();
    let rewritten = |name: &str| {
        let out = folder.path().join(name);
        rewrite(spec, &example_schema(), &[], &out, 5).unwrap();
        fs::read_to_string(out).unwrap()
    };
    assert_eq!(rewritten("out.csv"), text);
    assert_eq!(rewritten("out.tsv"), text.replace(';', "\t"));
    let tabs = put(folder.path(), "t.tsv", text.replace(';', "\t").as_bytes());
    let out = folder.path().join("from-tabs.csv");
    rewrite(tabs.to_str().unwrap(), &example_schema(), &[], &out, 5).unwrap();
    let wanted = "c1,y,x3,x1,b1,n,x2,a1\n2,1,b,12,5,\"a,b\",yes,1\n";
    assert_eq!(fs::read_to_string(out).unwrap(), wanted);
    // A delimiter in a name must not be taken for the table's.
    let odd = put(folder.path(), "odd.csv", b"\"a;b;c;d;e;f;g;h;i\",x1,x2,x3,a1,b1,c1\n1,2,no,a,0,5,1\n");
    let out = folder.path().join("odd-out.csv");
    rewrite(odd.to_str().unwrap(), &example_schema(), &[], &out, 5).unwrap();
    assert_eq!(super::super::columns(out.to_str().unwrap()).unwrap().len(), 7);
}

#[test]
fn formats_can_be_changed_and_mean_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8_lossy(TABLE).into_owned();
    let csv = put(folder.path(), "t.csv", text.as_bytes());
    let path = |name: &str| folder.path().join(name);
    let schema = example_schema().with_missing(Missing::Impute);
    let copy = |from: &Path, to: &str, edits: &[Edit]| {
        rewrite(from.to_str().unwrap(), &schema, edits, &path(to), 3).unwrap();
        path(to)
    };
    let read = |path: &Path| schema.read(path.to_str().unwrap(), false).unwrap().0;
    let plain = read(&csv);
    let parquet = copy(&csv, "a.parquet", &[]);
    let again = copy(&parquet, "b.parquet", &[]);
    let text = copy(&again, "c.csv", &[]);
    for copied in [&parquet, &again, &text] {
        let rows = read(copied);
        assert_eq!((rows.values(), rows.len()), (plain.values(), 4), "{}", copied.display());
    }
    let wanted = "c1,y,x3,x1,b1,note,x2,a1\n2,1,b,12.5,5,\"a, b\",yes,1\n-1,0,a,7,6,\"two\nlines\",no,-2\n\
                  5,1,c,,4.5,caf\u{fffd},TRUE,0\n0,,a,10,5,\"\"\"\",no,0\n";
    assert_eq!(fs::read_to_string(&text).unwrap(), wanted);
    // Replaced cells are the same whatever they go through, and what is missing stays so.
    let edits =
        [some_edits(), vec![edit(1, 1, Cell::Name("yes".into())), edit(1, 5, Cell::Number(0.5))]].concat();
    let replaced = read(&copy(&csv, "d.csv", &edits));
    assert_ne!(replaced.values(), plain.values());
    for (from, to) in [(&csv, "e.parquet"), (&parquet, "f.parquet"), (&parquet, "g.csv")] {
        assert_eq!(read(&copy(from, to, &edits)).values(), replaced.values(), "{to}");
    }
}

/// A Parquet file with lists, dates, whole numbers and missing values.
fn odd_parquet(path: &Path, unsigned: bool) {
    use parquet::data_type::{BoolType, FloatType, Int32Type, Int64Type};
    use parquet::data_type::{
        ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    };
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    let int = if unsigned { "(INTEGER(32,false))" } else { "" };
    let schema = format!(
        "message odd {{
            optional int32 x1 {int}; required boolean x2; required binary x3 (UTF8); required float a1;
            optional double b1; required int64 c1; required int32 day (DATE);
            optional group list (LIST) {{ repeated group list {{ optional int32 element; }} }}
            required fixed_len_byte_array(3) key; required binary blob;
        }}"
    );
    let schema = std::sync::Arc::new(parse_message_type(&schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let first = if unsigned { -1 } else { 12 };
    for _ in 0..2 {
        let mut group = writer.next_row_group().unwrap();
        macro_rules! column {
            ($type:ty, $values:expr, $def:expr, $rep:expr) => {{
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<$type>().write_batch(&$values, $def, $rep).unwrap();
                column.close().unwrap();
            }};
        }
        column!(Int32Type, [first, 7], Some(&[1, 0, 1]), None);
        column!(BoolType, [true, false, true], None, None);
        column!(ByteArrayType, ["a", "b", "c"].map(ByteArray::from), None, None);
        column!(FloatType, [0.1f32, -2.0, 3.5], None, None);
        column!(DoubleType, [5.5, 4.5], Some(&[1, 1, 0]), None);
        column!(Int64Type, [1i64 << 60, -1, 0], None, None);
        column!(Int32Type, [19000, 19001, 19002], None, None);
        column!(Int32Type, [1, 2, 3], Some(&[3, 3, 0, 3]), Some(&[0, 1, 0, 0]));
        column!(
            FixedLenByteArrayType,
            ["abc", "def", "ghi"].map(|t| FixedLenByteArray::from(t.as_bytes().to_vec())),
            None,
            None
        );
        column!(ByteArrayType, [b"\xff".to_vec(), vec![], vec![0]].map(ByteArray::from), None, None);
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// Every row as text, lists and bytes among it.
fn shown(path: &Path) -> Vec<String> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}

#[test]
fn parquet_columns_of_every_type_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    odd_parquet(&path("t.parquet"), false);
    let (spec, out) = (path("t.parquet"), path("out.parquet"));
    let schema = example_schema().with_missing(Missing::Impute);
    let copy = |edits: &[Edit], changing: &[usize], range: &str| {
        let spec = format!("{}{range}", spec.display());
        let file = fs::File::create(&out).unwrap();
        let mut rewriter = Rewriter::open(&spec, &schema, changing, &out, file).unwrap();
        rewriter.copy(edits, Some(2)).unwrap();
        rewriter.copy(edits, Some(5)).unwrap();
        rewriter.finish().unwrap();
        shown(&out)
    };
    let before = shown(&spec);
    assert!(before[0].contains("list: [1, 2]") && before[1].contains("x1: null"), "{before:?}");
    assert_eq!(copy(&[], &[], ""), before);
    assert_eq!(copy(&[], &[], "[1..4]"), before[1..4]);
    // A whole number that becomes a fraction makes its column one of fractions; a missing one stays missing.
    let number = |row, number| edit(row, 0, Cell::Number(number));
    let after = copy(&[number(3, 0.25), number(1, 1.0), number(2, 7.5)], &[0], "");
    let wanted = |i: usize, to: &str| {
        let from = format!("x1: {}", if i % 3 == 2 { 7 } else { 12 });
        before[i].replacen(&from, &format!("x1: {to}"), 1)
    };
    assert_eq!(
        after,
        [
            wanted(0, "12.0"),
            before[1].clone(),
            wanted(2, "7.5"),
            wanted(3, "0.25"),
            before[4].clone(),
            wanted(5, "7.0")
        ]
    );
    let changes = [
        edit(0, 1, Cell::Name("no".into())),
        edit(1, 2, Cell::Name("c".into())),
        edit(2, 3, Cell::Number(0.3)),
        edit(2, 4, Cell::Number(1.0)),
    ];
    let after = copy(&changes, &[], "");
    assert_eq!(after[0], before[0].replacen("x2: true", "x2: false", 1));
    assert_eq!(after[1], before[1].replacen("x3: \"b\"", "x3: \"c\"", 1));
    assert_eq!(after[2], before[2].replacen("a1: 3.5", "a1: 0.3", 1));
    let text = "t.parquet: column `day` is a date, which is not supported";
    let refused = Rewriter::open(spec.to_str().unwrap(), &schema, &[], Path::new("o.csv"), Vec::new());
    assert!(refused.err().unwrap().to_string().contains(text));
    // Four thousand million, and not minus one.
    odd_parquet(&spec, true);
    assert!(copy(&[], &[0], "")[0].contains("x1: 4294967295.0"));
    assert!(copy(&[], &[], "")[0].contains("x1: 4294967295,"));
}

#[test]
fn what_cannot_be_written_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "t.csv", TABLE);
    let spec = path.to_str().unwrap();
    let message = |out: &str| {
        let out = folder.path().join(out);
        rewrite(spec, &example_schema(), &[], &out, 5).unwrap_err().to_string()
    };
    assert!(message("o.parquet").contains("t.csv: rows 0 to 3: column `note`: a text is not UTF-8"));
    assert!(message("o.npz").contains("unknown table format `npz`; known: csv, tsv, parquet"));
    assert!(message("o").contains("unknown table format"));

    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            self.write(&[]).map(drop)
        }
    }
    let text = String::from_utf8_lossy(TABLE).into_owned();
    fs::write(&path, text).unwrap();
    for out in ["o.csv", "o.parquet"] {
        let written =
            Rewriter::open(spec, &example_schema(), &[], Path::new(out), Full).and_then(Rewriter::finish);
        let text = written.unwrap_err().to_string();
        assert!(text.contains(&format!("cannot write {out}")) && text.contains("the disk is full"), "{text}");
    }
}

/// The rows with their only number among X, which stands first, shifted and scaled, and X of each with that undone.
fn there_and_back(rows: &Rows, shift: f32, log_factor: f32) -> (Rows, Vec<Vec<f32>>) {
    let (width, factor) = (rows.schema().width(), log_factor.exp());
    let mut moved = rows.clone();
    moved.values_mut().chunks_mut(width).for_each(|row| row[0] = factor * row[0] + shift);
    let undone = |i: usize| {
        let mut x = moved.x(i).to_vec();
        x[0] = (x[0] - shift) / factor;
        x
    };
    let undone = (0..rows.len()).map(undone).collect();
    (moved, undone)
}

#[test]
fn a_known_shift_and_factor_are_undone_in_the_users_own_units() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "c1,y,x3,x1,b1,note,x2,a1\n2,1,b,12.5,5,n,yes,1\n-1,0,a,7.25,6,n,no,-2\n5,1,c,9.75,4.5,n,yes,0\n";
    let path = put(folder.path(), "t.csv", text.as_bytes());
    let schema = example_schema();
    let clean = schema.read(path.to_str().unwrap(), false).unwrap().0;
    // A shift by 3 standard deviations of x1, which are 6 of its units, and a factor of e^0.6.
    let (moved, back) = there_and_back(&clean, 3.0, 0.6);
    let all = |rows: &Rows, after: &Rows, x: &dyn Fn(usize) -> Vec<f32>| -> Vec<Edit> {
        (0..rows.len()).flat_map(|i| edits(rows, after, i, &x(i))).collect()
    };
    let out = folder.path().join("moved.csv");
    let moves = all(&clean, &moved, &|i| moved.x(i).to_vec());
    rewrite(path.to_str().unwrap(), &schema, &moves, &out, 2).unwrap();
    let moved_text = fs::read_to_string(&out).unwrap();
    let x1 = |text: &str| -> Vec<f64> {
        text.lines().skip(1).map(|line| line.split(',').nth(3).unwrap().parse().unwrap()).collect()
    };
    for (found, x) in x1(&moved_text).iter().zip([12.5, 7.25, 9.75]) {
        let wanted = 10.0 + f64::exp(0.6) * (x - 10.0) + 6.0;
        assert!((found - wanted).abs() < 6e-6, "{found} {wanted}");
    }
    // Undone from the table that was moved.
    let read = schema.read(out.to_str().unwrap(), false).unwrap().0;
    let undone = all(&read, &read, &|i| back[i].clone());
    let last = folder.path().join("last.csv");
    rewrite(out.to_str().unwrap(), &schema, &undone, &last, 2).unwrap();
    let last = fs::read_to_string(&last).unwrap();
    for (found, x) in x1(&last).iter().zip([12.5, 7.25, 9.75]) {
        assert!((found - x).abs() < 6e-6, "{found} {x}");
    }
    // And nothing else was touched.
    let others = |text: &str| -> Vec<String> {
        let cells = |line: &str| {
            line.split(',')
                .enumerate()
                .filter(|(i, _)| *i != 3)
                .map(|(_, c)| c.to_string())
                .collect::<Vec<_>>()
        };
        text.lines().map(|line| cells(line).join(",")).collect()
    };
    assert_eq!((others(&last), others(&moved_text)), (others(text), others(text)));
    // What was not moved is not touched.
    assert_eq!(all(&clean, &clean, &|i| clean.x(i).to_vec()), []);
}

proptest! {
    #[test]
    fn any_text_survives(cells in prop::collection::vec(("\\PC{0,6}|[ \"',;\t\n\r]{0,4}", -1e3f64..1e3), 1..20), at_a_time in 1usize..25) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = csv::Writer::from_path(folder.path().join("t.csv")).unwrap();
        writer.write_record(["c1", "x3", "x1", "b1", "note", "x2", "a1"]).unwrap();
        for (text, number) in &cells {
            writer.write_record(["1", "a", &number.to_string(), "5", text, "no", "0"]).unwrap();
        }
        drop(writer);
        let spec = folder.path().join("t.csv");
        let bytes = fs::read(&spec).unwrap();
        let out = folder.path().join("o.csv");
        rewrite(spec.to_str().unwrap(), &example_schema(), &[], &out, at_a_time).unwrap();
        prop_assert_eq!(fs::read(&out).unwrap(), bytes);
    }
}

#[test]
fn numbers_are_written_as_the_table_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = "c1;y;x3;x1;b1;x2;a1\n2;1;b;12,50;5;yes;1\n-1;0;a;1.007,0;6;no;-2\n5;1;c;-;4,5;TRUE;0\n";
    let path = put(folder.path(), "t.csv", table.as_bytes());
    let out = folder.path().join("out.csv");
    let number = |row, column, number| edit(row, column, Cell::Number(number));
    // The last of them is missing and stays so.
    let edits = [number(0, 0, -0.125), number(1, 0, 1e-7), number(2, 0, 1.0), number(2, 4, 6.0)];
    rewrite(path.to_str().unwrap(), &example_schema(), &edits, &out, 2).unwrap();
    let expected = table.replace("12,50", "-0,125").replace("1.007,0", "1e-7").replace("4,5", "6");
    assert_eq!(fs::read_to_string(&out).unwrap(), expected);
    // As numbers of Parquet they have no mark.
    let parquet = folder.path().join("out.parquet");
    rewrite(path.to_str().unwrap(), &example_schema(), &edits[..1], &parquet, 3).unwrap();
    let schema = example_schema().with_missing(Missing::Impute);
    let (rows, _) = schema.read(parquet.to_str().unwrap(), true).unwrap();
    assert_eq!([0, 1, 2].map(|i| rows.x(i)[0]), [-5.0625, 498.5, 0.0]);
}
