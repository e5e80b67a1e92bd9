//! Tests of learning a schema.

use proptest::prelude::*;

use super::super::file::TableFile;
use super::super::reading::Reading;
use super::super::schema::{Cell, Kind};
use super::*;
use crate::Dataset;

fn names(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

/// Target `y`, parents `a` and `b` of which `b` causes a child too, children `x` and `k`, co-parent `c`.
fn roles() -> Roles {
    let [parents, children, co_parents] = ["a b", "x k", "c b"].map(names);
    let ignored = vec![("far".to_string(), "not in the Markov blanket of `y`".to_string())];
    Roles { target: "y".to_string(), parents, children, co_parents, ignored }
}

fn options(missing: Missing, types: &[(&str, ColumnType)]) -> LearnOptions {
    LearnOptions {
        types: types.iter().map(|(name, of)| (name.to_string(), *of)).collect(),
        missing,
        ..LearnOptions::default()
    }
}

fn csv(bytes: &[u8]) -> Result<Source> {
    TableFile::from_csv(bytes).map(Source::of_file)
}

fn learn_text(text: &str, options: &LearnOptions) -> Result<(Schema, Rows, Notices)> {
    let Learnt { schema, rows, notices } = learn(csv(text.as_bytes())?, &roles(), options)?;
    Ok((schema, rows, notices))
}

const TABLE: &str = "y,k,x,b,a,c,far,note\n\
                     hot,red,1,yes,0.5,10,0,p\n\
                     cold,blue,2,No,1.5,20,0,q\n\
                     hot,red,3,no,2.5,40,0,r\n";

fn message(text: &str, options: &LearnOptions) -> String {
    learn_text(text, options).expect_err("an error").to_string()
}

/// `TABLE` with one text put in the place of another.
fn but(from: &str, to: &str) -> String {
    assert!(TABLE.contains(from));
    TABLE.replacen(from, to, 1)
}

#[test]
fn a_known_table_becomes_known_numbers() {
    let (schema, rows, notices) = learn_text(TABLE, &LearnOptions::default()).unwrap();
    let order: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(order, ["x", "k", "a", "b", "c"]);
    assert_eq!(schema.classes, ["cold", "hot"]);
    assert_eq!(
        schema.columns[0].kind,
        Kind::Number { mean: 2.0, sd: (2f64 / 3.0).sqrt(), reading: Reading::Linear }
    );
    assert_eq!(schema.columns[1].kind, Kind::Category { values: names("blue red") });
    assert_eq!(schema.columns[3].kind, Kind::Boolean { values: ["no".into(), "yes".into()] });
    let imputed: Vec<String> = schema.columns.iter().map(|column| column.imputed.to_string()).collect();
    assert_eq!(imputed, ["2", "red", "1.5", "no", "23.333333333333336"]);
    assert!(schema.columns[3].causes_children);

    let third = 1.5f32.sqrt();
    assert_eq!(rows.labels(), Some(&[1, 0, 1][..]));
    assert_eq!(rows.x(0), [-third, 0.0, 1.0]);
    assert_eq!(rows.x(1), [0.0, 1.0, 0.0]);
    assert_eq!(rows.a(2), [third, 0.0]);
    assert_eq!((rows.c(0)[0], rows.c(1)[0], rows.c(0).len()), (1.0, 0.0, 2));
    let cells = schema.decode_x(rows.x(2));
    assert_eq!(cells[1], Cell::Name("red".to_string()));
    assert!(matches!(cells[0], Cell::Number(x) if (x - 3.0).abs() < 1e-6), "{cells:?}");
    assert_eq!(
        notices,
        ["column `far` is not used: not in the Markov blanket of `y`", "columns not used: note"]
    );
}

#[test]
fn types_can_be_given() {
    let given = |name, of| options(Missing::Error, &[(name, of)]);
    let kind = |text: &str, name, of| {
        let (schema, ..) = learn_text(text, &given(name, of)).unwrap();
        schema.columns.into_iter().find(|column| column.name == name).unwrap().kind
    };
    assert_eq!(kind(TABLE, "x", ColumnType::Category), Kind::Category { values: names("1 2 3") });
    assert_eq!(
        kind(TABLE, "k", ColumnType::Boolean),
        Kind::Boolean { values: ["blue".into(), "red".into()] }
    );
    let zeros = &but("1,yes", "0,yes").replace("2,No", "1,No").replace("3,no", "0,no");
    assert_eq!(
        learn_text(zeros, &LearnOptions::default()).unwrap().0.columns[0].kind,
        Kind::Boolean { values: ["0".into(), "1".into()] }
    );
    assert!(matches!(kind(zeros, "x", ColumnType::Number), Kind::Number { .. }));
    for (name, of, part) in [
        ("k", ColumnType::Number, "row 0 (line 2), column `k`: `red` is not a number"),
        ("a", ColumnType::Integer, "row 0 (line 2), column `a`: 0.5 is not a whole number"),
        ("x", ColumnType::Boolean, "column `x` has 3 values, but a boolean has two"),
        ("y", ColumnType::Number, "types.y = number: must be category, boolean or integer"),
        ("y", ColumnType::Integer, "row 0 (line 2), column `y`: `hot` is not a number"),
        ("xx", ColumnType::Number, "unknown column `xx` (did you mean `a`?)"),
    ] {
        let text = message(TABLE, &given(name, of));
        assert!(text.contains(part.split(" (did").next().unwrap()), "{text}");
    }
}

#[test]
fn all_columns_that_cannot_be_used_are_told_at_once() {
    let table = TABLE.replace("hot", "cold").replace("blue", "red").replace(",2,", ",inf,");
    let text = message(&table, &LearnOptions::default());
    for part in [
        "t.csv: 3 columns cannot be used: column `y` has only the value `cold`",
        "row 1 (line 3), column `x`: `inf` is infinite (give a finite number, or leave the cell empty for a missing value); ",
        "column `k` is `red` in every row and carries nothing (leave it out of the graph)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn codes_for_missing_values_are_told_in_tables_that_are_read_later() {
    let rows = |cell: fn(usize) -> f64| {
        let rows = (0..40).map(|i| format!("{},{},{},{},{i},{i}\n", i % 2, i % 3, cell(i), i % 2));
        "y,k,x,b,a,c\n".to_string() + &rows.collect::<String>()
    };
    let (schema, ..) = learn_text(&rows(|i| i as f64 / 4.0), &LearnOptions::default()).unwrap();
    let notices = |cell: fn(usize) -> f64| -> Notices {
        let text = rows(cell);
        let mut source = csv(text.as_bytes()).unwrap();
        let shared = Arc::new(schema.clone());
        source.need(&Encoder::needed(&shared, true)).unwrap();
        let mut encoder = Encoder::new(shared.clone(), true, false);
        let chunk = source.next(100).unwrap().unwrap();
        encoder.encode(source.path(), &chunk, &mut Rows::empty("t", shared, true)).unwrap();
        encoder.notices()
    };
    let told = notices(|i| if i % 9 == 4 { -999.0 } else { i as f64 / 4.0 });
    let told: Vec<&String> = told.iter().collect();
    let part = "column `x`: `-999` stands in 4 rows, far from the training data (mean 4.875, standard deviation 2.886): if it \
                stands for a missing value, name it by --missing-values";
    assert_eq!(told, [part]);
    for none in
        [|i| i as f64 / 4.0, |i| if i == 4 { -999.0 } else { 1.0 }, |i| if i % 9 == 4 { 1234.0 } else { 1.0 }]
    {
        assert_eq!(notices(none), Notices::new());
    }
}

#[test]
fn columns_that_cannot_be_used_say_why() {
    let none = LearnOptions::default();
    for (table, part) in [
        (but("y,k", "z,k"), "has no column `y`"),
        (but(",c,", ",cc,"), "has no column `c` (did you mean `"),
        (TABLE.replace("hot", "cold"), "column `y` has only the value `cold`"),
        (TABLE.replace("blue", "red"), "column `k` is `red` in every row and carries nothing"),
        (but(",2,", ",inf,"), "row 1 (line 3), column `x`: `inf` is infinite"),
        (but(",2,", ",1e999,"), "row 1 (line 3), column `x`: `1e999` is infinite"),
        (but(",2,", ",1e300,"), "column `x` has the mean 3"),
        (but(",2,", ",,"), "row 1 (line 3), column `x`: the value is missing; fill it in, or give --missing"),
        (but("hot", "NA"), "row 0 (line 2), column `y`: the value is missing"),
        (
            but(",2,", ",,").replacen("2.5", "NA", 1),
            "row 1 (line 3), column `x`: the value is missing; fill it in, or give --missing drop or --missing impute (2 of \
             the 3 rows from row 0 on miss a value, in columns `x`, `a`)",
        ),
        (but("x,b,a", "xx,bb,aa"), "has no columns `x`"),
        (TABLE.replace(",1,", ",,").replace(",2,", ",,").replace(",3,", ",,"), "column `x` holds no value"),
        (TABLE.replace(",1,", ",1.0,").replace(",2,", ",1,").replace(",3,", ",1.00,"), "carries nothing"),
    ] {
        let text = message(&table, &none);
        assert!(text.starts_with("t.csv: ") && text.contains(part), "{part}: {text}");
    }
    let many = |cell: fn(usize) -> String| {
        let rows = (0..1101).map(|i| format!("{},{},{i},{},{i},{i}\n", i % 2, cell(i), i % 2));
        "y,k,x,b,a,c\n".to_string() + &rows.collect::<String>()
    };
    let text = message(&many(|i| format!("id{i}")), &none);
    assert!(text.contains("column `k` has more than 1000 different values that are not all"), "{text}");
    let text = message(&many(|i| if i == 7 { "x7".into() } else { i.to_string() }), &none);
    assert!(
        text.contains("1 of its 1101 values is not a number, the first `x7` in row 7 (line 9)"),
        "{text}"
    );
    let swapped = |cell| many(cell).replacen("y,k", "k,y", 1);
    let text = message(&swapped(|i| format!("{i}.5")), &none);
    assert!(text.contains("column `y` has 1101 different fractions; the target's values"), "{text}");
    assert!(message(&swapped(|i| i.to_string()), &none).contains("column `y` has more than 1000 different"));
}

#[test]
fn contradicting_roles_are_refused() {
    let with = |change: fn(&mut Roles), part: &str| {
        let mut roles = roles();
        change(&mut roles);
        let source = csv(TABLE.as_bytes()).unwrap();
        let text = learn(source, &roles, &LearnOptions::default()).expect_err(part).to_string();
        assert!(text.contains(part), "{text}");
    };
    with(|r| r.children.clear(), "children = none: must be at least one column");
    with(|r| r.children.push("y".into()), "role = y: must be named once");
    with(|r| r.children.push("c".into()), "role = c: must be named once");
    with(|r| r.parents.push("x".into()), "role = x: must be named once");
}

#[test]
fn missing_values_are_dropped_or_imputed_by_what_is_there() {
    let table = TABLE.to_string() + "hot,?,,no,4.5,,0,s\n,red,9,no,4.5,90,0,t\nhot,red,4,null,5,60,0,u\n";
    let (schema, rows, notices) = learn_text(&table, &options(Missing::Drop, &[])).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(schema.columns[0].imputed, Cell::Number(2.0));
    assert_eq!(
        notices[2..],
        ["1 row without a value of `y` left out", "2 rows with missing values left out"]
    );

    let (schema, rows, notices) = learn_text(&table, &options(Missing::Impute, &[])).unwrap();
    let indices: Vec<usize> = (0..rows.len()).map(|i| rows.row_index(i)).collect();
    assert_eq!(indices, [0, 1, 2, 3, 5]);
    assert_eq!(schema.columns[0].imputed, Cell::Number(2.5));
    assert_eq!(rows.x(3), [0.0, 0.0, 1.0]);
    assert_eq!(rows.a(4)[1], 0.0);
    assert_eq!(notices[2], "1 row without a value of `y` left out");
    assert_eq!(
        notices[3..].join("\n"),
        "column `x`: 1 missing value filled in with the mean of the training data, 2.5\n\
         column `k`: 1 missing value filled in with the most frequent value of the training data, red\n\
         column `b`: 1 missing value filled in with the most frequent value of the training data, no\n\
         column `c`: 1 missing value filled in with the mean of the training data, 32.5"
    );
    let empty = "y,k,x,b,a,c\n1,,1,no,1,1\n0,red,,yes,2,2\n";
    assert!(message(empty, &options(Missing::Drop, &[])).contains("so none is left"));
}

#[test]
fn classes_are_sorted_by_number_where_they_are_numbers() {
    let classes = |of: [&str; 3]| {
        let rows = of.iter().enumerate().map(|(i, y)| format!("{y},k{i},{i},{},{i},{i}\n", i % 2));
        let text = "y,k,x,b,a,c\n".to_string() + &rows.collect::<String>();
        learn_text(&text, &LearnOptions::default()).unwrap().0.classes
    };
    assert_eq!(classes(["10", "9", "-1"]), ["-1", "9", "10"]);
    assert_eq!(classes(["10", "9.0", "b"]), ["10", "9", "b"]);
    assert_eq!(classes(["True", "False", "True"]), ["False", "True"]);
}

#[test]
fn doubtful_columns_are_noticed() {
    let table = TABLE.replace(",1,", ",1e9,").replace(",2,", ",1000000001,").replace(",3,", ",1000000002,");
    let (schema, rows, notices) = learn_text(&table, &LearnOptions::default()).unwrap();
    assert!(notices.iter().any(|n| n.contains("column `x`: its standard deviation")), "{notices:?}");
    assert_eq!(schema.columns[0].imputed, Cell::Number(1_000_000_001.0));
    assert_eq!(rows.x(1)[0], 0.0);
    let table = TABLE.to_string() + "hot,red,oops,no,4.5,3,0,s\n";
    let (schema, _, notices) = learn_text(&table, &LearnOptions::default()).unwrap();
    assert!(matches!(schema.columns[0].kind, Kind::Category { .. }));
    let notice = "because 1 of its 4 values is not a number, the first `oops` in row 3 (line 5)";
    assert!(notices.iter().any(|n| n.contains(notice)), "{notices:?}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), header: bool) {
        let start: &[u8] = if header { b"y,k,x,b,a,c\n" } else { b"" };
        let bytes = [start, &bytes].concat();
        if let Ok(source) = csv(&bytes) {
            let _ = learn(source, &roles(), &options(Missing::Impute, &[]));
        }
    }

    #[test]
    fn nearly_right_tables_never_panic(
        rows in prop::collection::vec("[0-2aN?.-]{0,3}(,[0-2aN?.e\"-]{0,4}){5}", 0..12),
        drop: bool,
    ) {
        let missing = if drop { Missing::Drop } else { Missing::Impute };
        let text = format!("y,k,x,b,a,c\n{}\n", rows.join("\n"));
        if let Ok((schema, rows, _)) = learn_text(&text, &options(missing, &[])) {
            schema.check().unwrap();
            for i in 0..rows.len() {
                schema.decode_x(rows.x(i));
                prop_assert!(rows.x(i).iter().all(|value| value.is_finite()));
            }
        }
    }

    #[test]
    fn the_order_of_the_columns_does_not_matter(order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle()) {
        let line = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            order.iter().map(|&at| cells[at]).collect::<Vec<_>>().join(",") + "\n"
        };
        let text: String = TABLE.lines().map(line).collect();
        let (schema, rows, _) = learn_text(&text, &LearnOptions::default()).unwrap();
        let (expected, expected_rows, _) = learn_text(TABLE, &LearnOptions::default()).unwrap();
        prop_assert_eq!(schema, expected);
        prop_assert_eq!(rows, expected_rows);
    }
}

#[test]
fn decimal_commas_make_numbers_and_are_told() {
    let text = "y;x;k;a;b;c\n0;-0,1089;1.234,5;1;2,5;1\n1;0,5;7;2;3,5;2\n1;2,25;0,5;3;1,5;3\n0;1;8;4;2,5;4\n";
    let (schema, rows, notices) = learn_text(text, &options(Missing::Error, &[])).unwrap();
    let kinds = schema.columns.iter().filter(|column| column.kind.is_number()).count();
    assert_eq!((kinds, schema.columns.len(), schema.decimal), (5, 5, Decimal::Comma));
    let told = "decimal commas in the columns x, k, b: `-0,1089` is read as -0.1089";
    assert!(notices.iter().any(|notice| notice == told), "{notices:?}");
    let point = text.replace("1.234,5", "1234,5").replace(',', ".");
    let (other, same, _) = learn_text(&point, &options(Missing::Error, &[])).unwrap();
    assert_eq!((rows.values(), other.decimal), (same.values(), Decimal::Point));
    let given = LearnOptions { decimal: Some(Decimal::Point), ..LearnOptions::default() };
    let text = "y,x,k,a,b,c\n0,\"1,5\",1,1,2,7\n1,2.5,7,2,3,8\n1,3,5,3,1,9\n";
    let mixed = learn_text(text, &LearnOptions::default()).unwrap_err().to_string();
    assert!(
        mixed.contains("row 0 (line 2), column `x`: `1,5` has a decimal comma, and `2.5` a decimal"),
        "{mixed}"
    );
    assert!(learn_text(text, &given).is_err());
}

#[test]
fn codes_with_leading_zeros_stay_apart_and_are_told() {
    let text = "y,x,k,a,b,c\n0,00123,1,1,2,3\n1,0123,7,2,3,4\n1,9,5,3,1,5\n0,9,5,3,1,6\n";
    let (schema, rows, notices) = learn_text(text, &options(Missing::Error, &[])).unwrap();
    assert_eq!(
        schema.columns[0].kind,
        Kind::Category { values: ["9", "00123", "0123"].map(String::from).to_vec() }
    );
    assert_ne!(rows.x(0)[..3], rows.x(1)[..3]);
    let told = "column `x`: taken for codes, and so for a category, as `00123` in row 0 (line 2) begins with a zero; for \
                numbers give --type x=number";
    assert!(notices.iter().any(|notice| notice == told), "{notices:?}");
    let (schema, ..) = learn_text(text, &options(Missing::Error, &[("x", ColumnType::Number)])).unwrap();
    assert!(schema.columns[0].kind.is_number());
    // Measurements have no such zeros.
    let text = text.replace("00123", "0.5").replace("0123", "0");
    let (schema, ..) = learn_text(&text, &options(Missing::Error, &[])).unwrap();
    assert!(schema.columns[0].kind.is_number());
}

#[test]
fn codes_for_missing_values_and_units_in_cells_are_told() {
    let table = |x: &dyn Fn(usize) -> String| {
        let rows = (0..30).map(|i| format!("{},{},{},{},{},{}\n", i % 2, x(i), i % 3, i % 4, i % 5, i % 7));
        std::iter::once("y,x,k,a,b,c\n".to_string()).chain(rows).collect::<String>()
    };
    let told = |text: &str| learn_text(text, &LearnOptions::default()).unwrap().2.join("\n");
    let coded = |i: usize| if i % 9 == 4 { "-999".to_string() } else { format!("{}", i as f64 / 4.0) };
    let notice = "column `x`: `-999` stands in 3 rows, far from all others, which go from 0 to 7.25: if it stands for a missing";
    assert!(told(&table(&coded)).contains(notice), "{}", told(&table(&coded)));
    // Once, or among others, it is a measurement.
    for fine in [
        table(&|i| if i == 4 { "-999".to_string() } else { format!("{}", i as f64 / 4.0) }),
        table(&|i| if i % 9 == 4 { "99".to_string() } else { format!("{}", 4 * i) }),
    ] {
        assert!(!told(&fine).contains("--missing-values"), "{}", told(&fine));
    }
    let units = told(&table(&|i| format!("{}.5 mg", i + 1)));
    assert!(
        units.contains("column `x`: holds numbers with a sign or a unit at them, such as `1.5 mg`"),
        "{units}"
    );
    assert!(!told(&table(&|i| format!("grade {}", i % 5))).contains("a unit at them"));
}

#[test]
fn what_stands_about_a_header_is_no_column() {
    let text = "# of May\ny,x,k,a,b,c,,\n0,1,2,3,4,5,,\n1,2,3,4,5,6,,\n1,3,5,5,6,7,,\n";
    let (schema, _, notices) = learn_text(text, &LearnOptions::default()).unwrap();
    assert_eq!(schema.columns.len(), 5);
    assert_eq!(
        notices[..2],
        ["a comment above the header is passed over", "columns not used: 2 without names"]
    );
}
