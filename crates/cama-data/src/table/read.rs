//! Reading tables with the schema of a model.

use std::sync::Arc;

use super::encode::Encoder;
use super::heading::names;
use super::origin::Origin;
use super::schema::Schema;
use super::source::Source;
use super::{Notices, Rows};
use crate::{Error, Result};

/// Rows read at a time where the caller does not say; bounds the memory that cells take beside their encoding.
pub(super) const ROWS_AT_A_TIME: usize = 8192;

impl Schema {
    /// Reads a whole table, and encodes it as the training data was.
    ///
    /// `spec` is the path of a `.csv`, `.tsv` or `.parquet` file, with a range of rows if wanted:
    /// `table.csv[..1000]`. The target is read only if `needs_labels`. The order of the columns is of no
    /// matter; other columns are not read. The notices say in words what was left out or filled in.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] for a bad range, [`Error::Io`] for a file that cannot be read, and [`Error::Data`] with
    /// row, column and value for a table that does not fit: without one of the columns, with a value or a class
    /// that the training data does not have, or missing values where the schema does not say what to do.
    ///
    /// [`Table::read`](super::Table::read) does the same with a table in memory.
    pub fn read(&self, spec: &str, needs_labels: bool) -> Result<(Rows, Notices)> {
        self.read_origin(&Origin::file(spec), needs_labels)
    }

    /// Reads a whole table, wherever it is.
    pub(super) fn read_origin(&self, origin: &Origin, needs_labels: bool) -> Result<(Rows, Notices)> {
        let mut reader = self.open(origin, needs_labels, ROWS_AT_A_TIME)?;
        let schema = reader.encoder.schema().clone();
        let mut rows = Rows::empty(reader.source.spec(), schema, needs_labels);
        while reader.next_into(&mut rows)? {}
        if rows.is_empty() {
            return Err(reader.none_left());
        }
        Ok((rows, reader.notices()))
    }

    /// Opens a table to read it some rows at a time.
    pub(super) fn open(&self, origin: &Origin, labelled: bool, rows_at_a_time: usize) -> Result<Reader> {
        self.check()?;
        Reader::new(Arc::new(self.clone()), origin.open()?, labelled, rows_at_a_time)
    }
}

/// A table that is read some rows at a time; an iterator of [`Rows`], which know their places in the table.
///
/// It ends with the first error. Chunks of which every row is left out are left out too.
pub(super) struct Reader {
    source: Source,
    encoder: Encoder,
    labelled: bool,
    rows_at_a_time: usize,
    notice: Option<String>,
    unused: Option<String>,
    ended: bool,
}

impl Reader {
    fn new(schema: Arc<Schema>, mut source: Source, labelled: bool, rows_at_a_time: usize) -> Result<Reader> {
        source.need(&Encoder::needed(&schema, labelled))?;
        // The target is no stranger, even where it is not read.
        let known = |name: &String| {
            let columns = schema.columns.iter().map(|column| &column.name);
            columns.chain([&schema.target]).chain(&schema.key).any(|known| known == name)
        };
        let unused: Vec<&String> = source.header().iter().filter(|name| !known(name)).collect();
        let notice = source.notice();
        let unused = (!unused.is_empty()).then(|| format!("columns not used: {}", names(&unused)));
        let encoder = Encoder::new(schema, labelled, source.has_semicolons());
        Ok(Reader { source, encoder, labelled, rows_at_a_time, notice, unused, ended: false })
    }

    /// What was ignored, left out and filled in so far, in words.
    pub(super) fn notices(&self) -> Notices {
        self.notice.iter().chain(&self.unused).cloned().chain(self.encoder.notices()).collect()
    }

    /// What to say where no row is left.
    pub(super) fn none_left(&self) -> Error {
        self.encoder.none_left(self.source.path())
    }

    /// From now on so many rows at a time.
    pub(super) fn set_rows_at_a_time(&mut self, rows: usize) {
        self.rows_at_a_time = rows;
    }

    /// Adds the next rows of the table to `rows`; false at the end.
    fn next_into(&mut self, rows: &mut Rows) -> Result<bool> {
        let Some(chunk) = self.source.next(self.rows_at_a_time)? else { return Ok(false) };
        let schema = self.encoder.schema();
        // What names a row is no value.
        let values = schema.columns.len() + usize::from(self.labelled);
        let chunk = chunk.emptied(&schema.missing_values, values);
        self.encoder.encode(self.source.path(), &chunk, rows)?;
        Ok(true)
    }
}

impl Iterator for Reader {
    type Item = Result<Rows>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let mut rows = Rows::empty(self.source.spec(), self.encoder.schema().clone(), self.labelled);
            match self.next_into(&mut rows) {
                Ok(true) if rows.is_empty() => continue,
                Ok(true) => return Some(Ok(rows)),
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::decimal::Decimal;
    use super::super::missing::MissingValues;
    use super::super::schema::tests::example_schema;
    use super::super::schema::{Missing, Unseen};
    use super::*;
    use crate::Dataset;

    const TABLE: &str = "c1,y,x3,x1,b1,more,x2,a1\n\
                         2,1,b,12,5,?,yes,1\n\
                         -1,0,a,7,6,?,no,-2\n\
                         5,1,c,10,4.5,?,TRUE,0\n";

    fn write(folder: &Path, text: &str) -> String {
        let path = folder.join("t.csv");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    }

    fn read(text: &str, needs_labels: bool, missing: Missing) -> Result<(Rows, Notices)> {
        let folder = tempfile::tempdir().unwrap();
        example_schema().with_missing(missing).read(&write(folder.path(), text), needs_labels)
    }

    fn message(text: &str) -> String {
        read(text, true, Missing::Error).expect_err("an error").to_string()
    }

    #[test]
    fn other_tables_are_encoded_as_the_training_table_was() {
        let (rows, notices) = read(TABLE, true, Missing::Error).unwrap();
        assert_eq!(rows.x(0), [1.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(rows.x(1), [-1.5, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(rows.x(2)[1], 1.0);
        assert_eq!((rows.a(1), rows.c(1)), (&[-2.0, 2.0][..], &[2.0, 0.0][..]));
        assert_eq!((rows.labels(), rows.classes()), (Some(&[1, 0, 1][..]), &example_schema().classes[..]));
        assert_eq!(notices, ["columns not used: more"]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        for (from, to, part) in [
            (
                ",b,",
                ",d,",
                "row 0 (line 2), column `x3`: `d` is not a value of the training data; known: a, b, c",
            ),
            ("yes", "maybe", "column `x2`: `maybe` is not a value of the training data; known: no, yes"),
            ("2,1,b", "2,2,b", "column `y`: `2` is not a class of the training data; known: 0, 1"),
            (",12,", ",tall,", "row 0 (line 2), column `x1`: `tall` is not a number; give a number"),
            (",12,", ",1e200,", "is too far from the training data, with mean 10 and sd 2"),
            (
                ",12,",
                ",,",
                "row 0 (line 2), column `x1`: the value is missing; fill it in, or give --missing drop",
            ),
            (",x1,", ",z1,", "has no column `x1` (did you mean"),
            ("y,x3", "target,x3", "has no column `y`"),
        ] {
            let text = message(&TABLE.replacen(from, to, 1));
            assert!(text.contains(part), "{text}");
        }
        let mut wrong = example_schema();
        wrong.classes.clear();
        assert!(wrong.read("t.csv", true).unwrap_err().to_string().contains("schema.classes"));
    }

    #[test]
    fn numbers_are_read_as_this_table_writes_them() {
        // The table that the schema is of wrote points.
        let text = "c1;y;x3;x1;b1;x2;a1\n2;1;b;12,5;5;yes;1\n-1;0;a;1.007,0;6;no;-2\n";
        let (rows, notices) = read(text, true, Missing::Error).unwrap();
        assert_eq!([rows.x(0)[0], rows.x(1)[0]], [1.25, 498.5]);
        assert_eq!(notices, ["decimal commas in the column x1: `12,5` is read as 12.5"]);
        let text = TABLE.replacen(",12,", ",\"1,234\",", 1);
        let (rows, notices) = read(&text, true, Missing::Error).unwrap();
        assert_eq!(rows.x(0)[0], 612.0);
        assert!(
            notices[1].contains("`1,234` in row 0 (line 2) is read as 1234; if it is 1.234"),
            "{notices:?}"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &text);
        let schema = example_schema().with_decimal(Some(Decimal::Comma));
        let text = schema.read(&path, true).unwrap_err().to_string();
        assert!(
            text.contains("row 2 (line 4), column `b1`: `4.5` has a decimal point, where the column"),
            "{text}"
        );
        let (rows, _) = schema.read(&format!("{path}[..1]"), true).unwrap();
        assert_eq!(rows.x(0)[0], (1.234 - 10.0) as f32 / 2.0);
    }

    #[test]
    fn what_was_never_seen_costs_its_row_and_not_the_table() {
        let text = TABLE.replacen(",b,", ",d,", 1).replacen(",no,", ",maybe,", 1) + "2,1,e,12,5,?,yes,1\n";
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &text);
        let schema = |missing| example_schema().with_missing(missing).with_unseen(Unseen::Missing);
        for missing in [Missing::Error, Missing::Drop] {
            let (rows, notices) = schema(missing).read(&path, true).unwrap();
            assert_eq!((rows.len(), rows.row_index(0)), (1, 2));
            let all = notices.join("\n");
            assert!(all.contains(
                "column `x3`: `d` is not a value of the training data; known: a, b, c (row 0 (line 2))"
            ));
            assert!(all.contains(", and 1 more such; their rows are left out"), "{all}");
            assert!(
                all.contains("column `x2`: `maybe` is not") && all.contains("; its row is left out"),
                "{all}"
            );
        }
        let (rows, notices) = schema(Missing::Impute).read(&path, true).unwrap();
        assert_eq!((rows.len(), rows.x(0)), (4, &[1.0, 1.0, 0.0, 1.0, 0.0][..]));
        assert!(
            notices.iter().any(|notice| notice.contains("column `x3`: 2 missing values filled in")),
            "{notices:?}"
        );
        let path = format!("{path}[..2]");
        let text = schema(Missing::Error).read(&path, true).unwrap_err().to_string();
        assert!(text.contains("every row holds a value that the training data does not have"), "{text}");
    }

    #[test]
    fn rows_are_named_by_the_key_and_words_for_missing_values_are_settable() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "c1,id,x3,x1,b1,x2,a1\n2,007,b,-999,5,yes,1\n-1,NA,a,7,6,no,-2\n5,9,c,10,4.5,TRUE,unknown\n";
        let path = write(folder.path(), text);
        let schema = example_schema().with_missing(Missing::Drop).with_key(Some("id".into()));
        let words = MissingValues::new(["-999", "unknown"]);
        let (rows, notices) = schema.clone().with_missing_values(words.clone()).read(&path, false).unwrap();
        assert_eq!(
            (rows.len(), rows.names().unwrap().get(0)),
            (1, "NA"),
            "what names a row is never missing"
        );
        assert_eq!(notices, ["2 rows with missing values left out"]);
        let imputed = schema.with_missing(Missing::Impute).with_missing_values(words);
        let (rows, _) = imputed.read(&path, false).unwrap();
        assert_eq!(rows.select(&[2, 0]).names().unwrap().iter().collect::<Vec<_>>(), ["9", "007"]);
        assert_eq!((rows.names().unwrap().heading(), rows.x(0)[0]), ("id", 0.0));
        let text = example_schema().with_key(Some("ids".into())).read(&path, false).unwrap_err().to_string();
        assert!(text.contains("has no column `ids` (did you mean `id`?)"), "{text}");
    }

    #[test]
    fn labels_are_not_even_read_where_they_are_not_needed() {
        let (rows, _) = read(&TABLE.replacen("2,1,b", "2,unheard,b", 1), false, Missing::Error).unwrap();
        assert_eq!((rows.len(), rows.labels()), (3, None));
        let (rows, notices) = read(&TABLE.replacen("y,x3", "other,x3", 1), false, Missing::Error).unwrap();
        assert_eq!((rows.len(), &notices[..]), (3, &["columns not used: other, more".to_string()][..]));
    }

    #[test]
    fn dropped_rows_leave_gaps_in_the_indices() {
        let text = TABLE.replacen(",7,", ",NA,", 1);
        let (rows, notices) = read(&text, false, Missing::Drop).unwrap();
        assert_eq!((rows.len(), rows.row_index(0), rows.row_index(1)), (2, 0, 2));
        assert_eq!(notices[1], "1 row with missing values left out");
        let (rows, notices) = read(&text, true, Missing::Impute).unwrap();
        assert_eq!((rows.len(), rows.x(1)[0], rows.row_index(1)), (3, 0.0, 1));
        assert!(notices[1].contains("column `x1`: 1 missing value filled in with the mean"), "{notices:?}");
        let text = "c1,x3,x1,b1,x2,a1\n,a,1,1,no,1\n";
        let text = read(text, false, Missing::Drop).unwrap_err().to_string();
        assert!(text.contains("every row has a missing value, so none is left"), "{text}");
    }

    #[test]
    fn a_reader_ends_with_the_first_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &TABLE.replacen(",7,", ",seven,", 1));
        let mut reader = example_schema().open(&Origin::file(&path), false, 1).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().len(), 1);
        assert!(reader.next().unwrap().unwrap_err().to_string().contains("row 1 (line 3), column `x1`"));
        assert!(reader.next().is_none());
    }

    proptest! {
        #[test]
        fn a_reader_gives_what_reading_gives(n in 1usize..40, at_a_time in 1usize..50, gaps: u64, start in 0usize..20) {
            let row = |i: usize| match gaps >> (i % 64) & 1 {
                0 => format!("{i},1,b,{},5,?,yes,1\n", i % 7),
                _ => format!("{i},1,b,,5,?,yes,1\n"),
            };
            let text = TABLE.to_string() + &(0..n).map(row).collect::<String>();
            let folder = tempfile::tempdir().unwrap();
            let spec = format!("{}[{}..]", write(folder.path(), &text), start.min(n));
            for missing in [Missing::Drop, Missing::Impute] {
                let schema = example_schema().with_missing(missing);
                let Ok((whole, notices)) = schema.read(&spec, false) else { continue };
                let mut reader = schema.open(&Origin::file(&spec), false, at_a_time).unwrap();
                let mut i = 0;
                for rows in reader.by_ref() {
                    let rows = rows.unwrap();
                    prop_assert!(!rows.is_empty() && rows.len() <= at_a_time);
                    for j in 0..rows.len() {
                        prop_assert_eq!(rows.row_index(j), whole.row_index(i));
                        prop_assert_eq!((rows.x(j), rows.a(j), rows.c(j)), (whole.x(i), whole.a(i), whole.c(i)));
                        i += 1;
                    }
                }
                prop_assert_eq!((i, reader.notices()), (whole.len(), notices));
            }
        }
    }
}
