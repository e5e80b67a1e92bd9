//! Tests of tables from files and from memory.

use std::fs::File;
use std::path::Path;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::super::schema::{ColumnType, Missing, Unseen};
use super::*;
use crate::{Appendable, Batches, Dataset, Error};

/// A table, column by column; children `x`, `k` and `flag`, parents `n` and `seen`, the target `y`; `note` is not used.
#[derive(Clone, Debug)]
struct Columns {
    y: Vec<Option<&'static str>>,
    x: Vec<Option<f64>>,
    k: Vec<Option<&'static str>>,
    flag: Vec<Option<bool>>,
    n: Vec<Option<i64>>,
    seen: Vec<bool>,
}

impl Columns {
    /// `rows` rows, more or less a tenth of the cells missing.
    fn example(rows: usize) -> Columns {
        let there = |i: usize, k: usize| !(i * 31 + k * 17).is_multiple_of(11);
        Columns {
            y: (0..rows).map(|i| there(i, 0).then_some(["well", "ill"][i % 2])).collect(),
            x: (0..rows).map(|i| there(i, 1).then_some((i as f64).sin() / 3.0 + 1e-3)).collect(),
            k: (0..rows).map(|i| there(i, 2).then_some(["dry", "wet", "é"][i % 3])).collect(),
            flag: (0..rows).map(|i| there(i, 3).then_some(i % 5 < 2)).collect(),
            n: (0..rows).map(|i| there(i, 4).then_some(i as i64 * 3 - 7)).collect(),
            seen: (0..rows).map(|i| i % 4 == 1).collect(),
        }
    }

    fn in_memory(&self) -> Table {
        let Columns { y, x, k, flag, n, seen } = self.clone();
        let note = vec!["q"; y.len()];
        // Not in the order of the files.
        let columns = [
            ("seen", seen.into()),
            ("note", note.into()),
            ("k", k.into()),
            ("n", n.into()),
            ("y", y.into()),
            ("flag", flag.into()),
            ("x", x.into()),
        ];
        Table::from_columns("t", columns).unwrap()
    }

    fn csv(&self, folder: &Path) -> Table {
        fn cell<T: ToString>(cell: &Option<T>) -> String {
            cell.as_ref().map(T::to_string).unwrap_or_default()
        }
        let mut text = "y,x,k,flag,n,seen,note\n".to_string();
        for i in 0..self.y.len() {
            let (y, x, k) = (cell(&self.y[i]), cell(&self.x[i]), cell(&self.k[i]));
            let (flag, n, seen) = (cell(&self.flag[i]), cell(&self.n[i]), self.seen[i]);
            text += &format!("{y},{x},{k},{flag},{n},{seen},q\n");
        }
        let path = folder.join("t.csv");
        std::fs::write(&path, text).unwrap();
        Table::open(path.to_str().unwrap()).unwrap()
    }

    fn parquet(&self, folder: &Path) -> Table {
        let schema = "message table {
            optional binary y (UTF8); optional double x; optional binary k (UTF8); optional boolean flag;
            optional int64 n; optional boolean seen; optional binary note (UTF8);
        }";
        let path = folder.join("t.parquet");
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer =
            SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let texts = |cells: &[Option<&'static str>]| -> Vec<Option<ByteArray>> {
            cells.iter().map(|cell| cell.map(ByteArray::from)).collect()
        };
        let seen: Vec<Option<bool>> = self.seen.iter().copied().map(Some).collect();
        let mut at = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            match at {
                0 => put::<ByteArrayType>(&mut column, &texts(&self.y)),
                1 => put::<DoubleType>(&mut column, &self.x),
                2 => put::<ByteArrayType>(&mut column, &texts(&self.k)),
                3 => put::<BoolType>(&mut column, &self.flag),
                4 => put::<Int64Type>(&mut column, &self.n),
                5 => put::<BoolType>(&mut column, &seen),
                _ => put::<ByteArrayType>(&mut column, &texts(&vec![Some("q"); seen.len()])),
            }
            column.close().unwrap();
            at += 1;
        }
        group.close().unwrap();
        writer.close().unwrap();
        Table::open(path.to_str().unwrap()).unwrap()
    }
}

fn put<T: DataType>(writer: &mut SerializedColumnWriter<'_>, cells: &[Option<T::T>]) {
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None).unwrap();
}

fn roles() -> Roles {
    let [children, parents] = [&["x", "k", "flag"][..], &["n", "seen"]]
        .map(|names| names.iter().map(|name| name.to_string()).collect::<Vec<String>>());
    Roles { target: "y".to_string(), children, parents, ..Roles::default() }
}

fn options(missing: Missing) -> LearnOptions {
    LearnOptions { missing, ..LearnOptions::default() }
}

/// The bits of the values, the labels and the places of rows.
fn content(rows: &Rows) -> (Vec<u32>, Option<Vec<usize>>, Vec<usize>) {
    let indices = (0..rows.len()).map(|i| rows.row_index(i)).collect();
    let bits = rows.values().iter().map(|value| value.to_bits()).collect();
    (bits, rows.labels().map(<[usize]>::to_vec), indices)
}

#[test]
fn a_table_means_the_same_in_memory_and_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let columns = Columns::example(100);
    let tables = [columns.in_memory(), columns.csv(folder.path()), columns.parquet(folder.path())];
    for missing in [Missing::Drop, Missing::Impute] {
        let learnt = tables.each_ref().map(|table| table.learn(&roles(), &options(missing)).unwrap());
        let [memory, files @ ..] = &learnt;
        assert!(memory.rows.len() > 40 && memory.rows.len() < 100, "{}", memory.rows.len());
        assert!(memory.notices.len() >= 3, "{:?}", memory.notices);
        for file in files {
            assert_eq!(file.schema, memory.schema);
            assert_eq!(content(&file.rows), content(&memory.rows));
            assert_eq!(file.notices, memory.notices);
        }
        let path = tables[1].name();
        let (schema, rows, notices) = Schema::learn(path, &roles(), &options(missing)).unwrap();
        assert_eq!(learnt[1], Learnt { schema, rows, notices });

        let schema = &memory.schema;
        for labelled in [true, false] {
            let read = tables.each_ref().map(|table| table.read(schema, labelled).unwrap());
            assert_eq!(read[1], schema.read(path, labelled).unwrap());
            for (rows, notices) in &read {
                assert_eq!(content(rows), content(&read[0].0));
                assert_eq!(notices, &read[0].1);
            }
            assert!(!labelled || read[0].0 == memory.rows);
        }
    }
}

#[test]
fn rows_from_memory_have_the_name_of_the_table_and_the_places_in_the_columns() {
    let columns = Columns::example(100);
    let table = columns.in_memory();
    assert_eq!((table.name(), table.columns().len(), &table.columns()[0][..]), ("t", 7, "seen"));
    let Learnt { schema, rows, .. } = table.learn(&roles(), &options(Missing::Drop)).unwrap();
    assert_eq!(Dataset::name(&rows), "t");
    for i in 0..rows.len() {
        let at = rows.row_index(i);
        assert_eq!(rows.labels().unwrap()[i], usize::from(columns.y[at] == Some("well")));
        let cells = schema.decode(rows.x(i), rows.a(i), rows.c(i));
        assert_eq!(cells[1].to_string(), columns.k[at].unwrap());
        assert_eq!(cells[2].to_string(), columns.flag[at].unwrap().to_string());
    }
}

#[test]
fn batches_of_memory_are_those_of_the_whole_every_time() {
    let table = Columns::example(100).in_memory();
    let Learnt { schema, rows: whole, .. } = table.learn(&roles(), &options(Missing::Impute)).unwrap();
    let batches = table.batches(&schema, true).unwrap().batch_size(16);
    for _ in 0..2 {
        let mut all: Option<Rows> = None;
        let each = &mut |rows: &Rows| {
            assert!(rows.len() <= 16);
            match &mut all {
                Some(all) => all.append(rows),
                None => all = Some(rows.clone()),
            }
            Ok(())
        };
        batches.for_each(each).unwrap();
        assert_eq!(all.unwrap(), whole);
        assert_eq!(batches.notices(), table.read(&schema, true).unwrap().1);
    }
    let mut other = schema.clone();
    other.columns[0].name = "xx".to_string();
    let text = table.batches(&other, true).err().unwrap().to_string();
    assert!(text.contains("t: has no column `xx` (did you mean"), "{text}");
}

/// The values of a column, and what is read of them.
fn values(values: impl Into<ColumnValues>) -> Vec<String> {
    let cells = values.into().into_cells();
    (0..cells.len()).map(|i| cells.value(i).name().into_owned()).collect()
}

#[test]
fn columns_are_made_of_vectors() {
    assert_eq!(values(vec![1.5, f64::NAN, -3.0]), ["1.5", "", "-3"]);
    assert_eq!(values(vec![Some(0.5f32), None]), ["0.5", ""]);
    assert_eq!(values(vec![Some(1.5), None]), ["1.5", ""]);
    assert_eq!(values(vec![7, -1]), ["7", "-1"]);
    assert_eq!(values(vec![Some(i64::MAX), None]), ["9223372036854775807", ""]);
    assert_eq!(values(vec![true, false]), ["true", "false"]);
    assert_eq!(values(vec![Some(true), None]), ["true", ""]);
    assert_eq!(values(vec![" a ", "NA", "", "?", "é"]), ["a", "NA", "", "?", "é"]);
    assert_eq!(values(vec![Some("a".to_string()), None]), ["a", ""]);
    assert_eq!(values(vec!["b".to_string()]), ["b"]);
    assert_eq!(values(vec![Some("b"), None]), ["b", ""]);
}

#[test]
fn columns_that_make_no_table_say_why() {
    let message = |columns: Vec<(&str, ColumnValues)>| {
        let error = Table::from_columns("t", columns).unwrap_err();
        assert!(matches!(error, Error::Data { .. }), "{error:?}");
        error.to_string()
    };
    let one = || ColumnValues::from(vec![1]);
    let two = || ColumnValues::from(vec![1.0, 2.0]);
    assert_eq!(
        message(vec![("age", two()), ("sex", one())]),
        "t: column `age` has 2 values, but column `sex` has 1 value; give every column one value a row"
    );
    assert_eq!(
        message(vec![("age", two()), ("sex", two()), ("age", two())]),
        "t: more than one column is called `age`; give every column a name of its own"
    );
    assert!(message(vec![]).starts_with("t: the table has no columns; give"));
    let none = Vec::<f64>::new().into();
    assert_eq!(message(vec![("age", none)]), "t: the table has columns but no rows; give one with rows");
}

#[test]
fn what_does_not_fit_is_refused_as_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let whole = |rows| Columns { y: vec![Some("ill"); rows], ..Columns::example(rows) };
    let imputing = options(Missing::Impute);
    let schema = Columns::example(100).in_memory().learn(&roles(), &imputing).unwrap().schema;
    let schema = schema.with_unseen(Unseen::Error);
    // Each table replaces the files of the one before.
    let changed = |change: fn(&mut Columns)| {
        let mut columns = whole(30);
        change(&mut columns);
        [columns.in_memory(), columns.csv(folder.path()), columns.parquet(folder.path())]
    };
    type Change = fn(&mut Columns);
    let unfit: [(Change, &str); 3] = [
        (|c| c.k[3] = Some("odd"), "column `k`: `odd` is not a value of the training data"),
        (|c| c.y[3] = Some("odd"), "column `y`: `odd` is not a class of the training data"),
        (|c| c.x[3] = Some(f64::INFINITY), "column `x`: `inf` is infinite; give a finite"),
    ];
    for (change, part) in unfit {
        for table in changed(change) {
            let text = table.read(&schema, true).unwrap_err().to_string();
            let part = format!("{}: row 3, {part}", table.name());
            assert!(text.replace(" (line 5)", "").contains(&part), "{text}");
            let batches = table.batches(&schema, true).unwrap();
            assert_eq!(batches.for_each(&mut |_| Ok(())).unwrap_err().to_string(), text);
        }
    }
    let infinite = |c: &mut Columns| (c.y[0], c.x[3]) = (Some("well"), Some(f64::NEG_INFINITY));
    for table in changed(infinite) {
        let text = table.learn(&roles(), &imputing).unwrap_err().to_string();
        let part = format!("{}: row 3, column `x`: `-inf` is infinite; give a finite", table.name());
        assert!(text.replace(" (line 5)", "").contains(&part), "{text}");
    }
    for table in changed(|c| c.y[0] = Some("well")) {
        let mut more = roles();
        more.children.push("kk".to_string());
        let text = table.learn(&more, &imputing).unwrap_err().to_string();
        assert!(text.contains(": has no column `kk` (did you mean `k`?); its columns are "), "{text}");
        let types = [("k".to_string(), ColumnType::Number)].into();
        let text =
            table.learn(&roles(), &LearnOptions { types, ..imputing.clone() }).unwrap_err().to_string();
        assert!(text.contains(", column `k`: `"), "{text}");
    }
    for table in changed(|c| c.n[3] = None) {
        let text = table.read(&schema.clone().with_missing(Missing::Error), true).unwrap_err().to_string();
        assert!(text.contains(": the value is missing; fill it in"), "{text}");
    }
}

proptest! {
    #[test]
    fn any_columns_mean_what_they_mean_in_a_file(
        x in prop::collection::vec(prop::option::of(-1e6..1e6f64), 2..40),
        n in prop::collection::vec(prop::option::of(any::<i64>()), 40),
        k in prop::collection::vec(prop::option::of("[ab01N?. -]{0,3}"), 40),
        drop: bool,
    ) {
        let rows = x.len();
        let cell = |cell: Option<String>| cell.unwrap_or_default();
        let line = |i: usize| format!(
            "{},{},{},{}\n", i % 2, cell(x[i].map(|x| x.to_string())), cell(n[i].map(|n| n.to_string())), cell(k[i].clone())
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "y,x,n,k\n".to_string() + &(0..rows).map(line).collect::<String>()).unwrap();
        let columns: [(&str, ColumnValues); 4] = [
            ("y", (0..rows).map(|i| i as i64 % 2).collect::<Vec<_>>().into()),
            ("x", x.clone().into()),
            ("n", n[..rows].to_vec().into()),
            ("k", k[..rows].to_vec().into()),
        ];
        let memory = Table::from_columns("t", columns).unwrap();
        let file = Table::open(path.to_str().unwrap()).unwrap();
        let children = ["x", "n", "k"].map(String::from).to_vec();
        let roles = Roles { target: "y".to_string(), children, ..Roles::default() };
        let options = options(if drop { Missing::Drop } else { Missing::Impute });
        match (memory.learn(&roles, &options), file.learn(&roles, &options)) {
            (Ok(memory), Ok(file)) => {
                prop_assert_eq!(&memory.schema, &file.schema);
                prop_assert_eq!(content(&memory.rows), content(&file.rows));
            }
            (Err(_), Err(_)) => {}
            (memory, file) => prop_assert!(false, "{memory:?} {file:?}"),
        }
    }
}
