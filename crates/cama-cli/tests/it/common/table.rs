//! Small tables with columns of every kind, and models of them.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::done;

/// Sizes at which everything takes moments.
pub const TINY: &[&str] = &[
    "--z",
    "4",
    "--hidden",
    "16",
    "--epochs",
    "2",
    "--warm-up",
    "5",
    "--dream-steps",
    "5",
    "--direct-epochs",
    "30",
];

/// Steps of adaptation to go with them.
pub const STEPS: &[&str] = &[
    "--global-steps",
    "4",
    "--recentre-steps",
    "3",
    "--steps",
    "4",
    "--validate-every",
    "2",
    "--batch",
    "16",
];

/// `age` causes the target and one of its children; the children are a number, a category and a boolean.
pub const GRAPH: &str =
    "digraph { age -> sick; age -> fever; sick -> fever; sick -> cough; sick -> rash; season -> fever }\n";

pub const HEADER: &str = "age,sick,fever,cough,rash,season";

/// One patient.
pub struct Row {
    pub age: f64,
    pub sick: &'static str,
    pub fever: f64,
    pub cough: &'static str,
    pub rash: bool,
    pub season: f64,
}

/// `n` patients, the same for ever.
pub fn patients(n: usize) -> Vec<Row> {
    let patient = |i: usize| {
        // Multiples of an irrational number spread evenly.
        let spread = |by: f64| (i as f64 * by).fract();
        let sick = i.is_multiple_of(3);
        let season = spread(0.618_033_988) * 2.0 - 1.0;
        Row {
            age: 20.0 + (60.0 * spread(0.414_213_562)).round(),
            sick: if sick { "yes" } else { "no" },
            fever: 37.0 + f64::from(u8::from(sick)) + 0.3 * season + spread(0.732_050_807),
            cough: ["never", "some", "often"][usize::from(sick) + i % 2],
            rash: spread(0.236_067_977) < if sick { 0.7 } else { 0.2 },
            season,
        }
    };
    (0..n).map(patient).collect()
}

/// The patients as CSV.
pub fn csv(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let Row { age, sick, fever, cough, rash, season } = row;
        format!("{age},{sick},{fever},{cough},{rash},{season}\n")
    };
    format!("{HEADER}\n") + &rows.iter().map(line).collect::<String>()
}

/// A table's text with `value` in one cell; rows count from 0.
pub fn with_cell(text: &str, row: usize, column: &str, value: &str) -> String {
    let at = HEADER.split(',').position(|name| name == column).unwrap();
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let mut cells: Vec<&str> = lines[row + 1].split(',').collect();
    cells[at] = value;
    lines[row + 1] = cells.join(",");
    lines.join("\n") + "\n"
}

/// A table's text with its columns in another order, and one more.
pub fn shuffled(text: &str) -> String {
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [age, sick, fever, cough, rash, season] = cells[..] else { panic!("{line}") };
        format!("{rash},{age},other,{season},{cough},{sick},{fever}\n")
    };
    text.lines().map(line).collect()
}

/// The cells of one column of a Parquet file.
pub enum Cells {
    Int(Vec<i32>),
    Number(Vec<f64>),
    Text(Vec<&'static str>),
    Bool(Vec<bool>),
}

/// The patients' columns, in the order of [`HEADER`].
pub fn columns(rows: &[Row]) -> Vec<Cells> {
    vec![
        Cells::Int(rows.iter().map(|row| row.age as i32).collect()),
        Cells::Text(rows.iter().map(|row| row.sick).collect()),
        Cells::Number(rows.iter().map(|row| row.fever).collect()),
        Cells::Text(rows.iter().map(|row| row.cough).collect()),
        Cells::Bool(rows.iter().map(|row| row.rash).collect()),
        Cells::Number(rows.iter().map(|row| row.season).collect()),
    ]
}

/// Their types.
pub const PARQUET: &str = "message patients {
    required int32 age; required binary sick (UTF8); required double fever; required binary cough (UTF8);
    required boolean rash; required double season;
}";

/// Writes a Parquet file of one group.
pub fn write_parquet(path: &Path, schema: &str, columns: Vec<Cells>) {
    fn put<T: DataType>(column: &mut SerializedColumnWriter<'_>, cells: &[T::T]) {
        column.typed::<T>().write_batch(cells, None, None).unwrap();
    }
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for cells in columns {
        let mut column = group.next_column().unwrap().unwrap();
        match cells {
            Cells::Int(cells) => put::<Int32Type>(&mut column, &cells),
            Cells::Number(cells) => put::<DoubleType>(&mut column, &cells),
            Cells::Text(cells) => {
                let cells: Vec<ByteArray> = cells.into_iter().map(ByteArray::from).collect();
                put::<ByteArrayType>(&mut column, &cells);
            }
            Cells::Bool(cells) => put::<BoolType>(&mut column, &cells),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// A folder with the table `t.csv` of 120 patients, its graph `g.dot` and a model `m` of them, the same for all tests.
pub struct Trained {
    _folder: tempfile::TempDir,
    pub table: String,
    pub graph: String,
    pub model: String,
}

pub fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [table, graph, model] = ["t.csv", "g.dot", "m"].map(path);
        fs::write(&table, csv(&patients(120))).unwrap();
        fs::write(&graph, GRAPH).unwrap();
        done(folder.path(), &train_args(&table, &graph, &model, &[]));
        Trained { _folder: folder, table, graph, model }
    })
}

/// Arguments of `cama train` with tiny sizes, for a table whose target is `sick`.
pub fn train_args<'a>(data: &'a str, graph: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = ["train", "--data", data, "--graph", graph, "--target", "sick", "--out", out];
    [&args[..], TINY, more].concat()
}

/// Writes a file into `folder`.
pub fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    fs::write(folder.join(name), text).unwrap();
}
