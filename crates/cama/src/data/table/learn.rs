//! Learning a schema from the training table.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Value, listed};
use super::encode::Encoder;
use super::infer::{Found, Training, classes, infer};
use super::read::ROWS_AT_A_TIME;
use super::schema::{Column, ColumnType, Missing, Schema};
use super::source::{Chunk, Source};
use super::{Notices, Rows};
use crate::causal::{Role, Roles};
use crate::{Error, Result};

/// How to learn a schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnOptions {
    /// What columns are taken for, where that is not to be found out.
    pub types: BTreeMap<String, ColumnType>,
    /// What is done about missing values, here and in every table read with the schema.
    pub missing: Missing,
}

impl Schema {
    /// Reads the training table whole, finds what its columns hold, and encodes it.
    ///
    /// `spec` is as for [`read`](Schema::read); `roles` says what the columns are to the target. Means, standard
    /// deviations and most frequent values are those of the rows that are kept, without what is missing in
    /// them; standard deviations divide by the number of values. A row without a target is never imputed but
    /// left out.
    ///
    /// # Errors
    ///
    /// As [`read`](Schema::read); and [`Error::Data`] for a column that carries nothing, a target with one class
    /// or with a continuum of values, a category of more than 1000 values, or a column that is not what
    /// `options` say; [`Error::Config`] for roles that contradict each other.
    pub fn learn(spec: &str, roles: &Roles, options: &LearnOptions) -> Result<(Schema, Rows, Notices)> {
        learn(Source::open(spec)?, roles, options)
    }
}

pub(super) fn learn(
    mut source: Source,
    roles: &Roles,
    options: &LearnOptions,
) -> Result<(Schema, Rows, Notices)> {
    let planned = plan(roles)?;
    check_types(options, roles, source.header())?;
    let names: Vec<&str> = planned.iter().map(|(name, ..)| *name).chain([roles.target.as_str()]).collect();
    source.need(&names)?;
    let chunk = whole(&mut source)?;
    let kept = kept(&chunk, options.missing);
    if kept.is_empty() {
        let problem = "every row has a missing value, so none is left";
        return Err(Error::data(source.path(), problem, "give --missing impute, or fill them in"));
    }

    let training = |at: usize| Training {
        path: source.path(),
        name: names[at],
        chunk: &chunk,
        cells: &chunk.columns[at],
        rows: &kept,
        given: options.types.get(names[at]).copied(),
    };
    let mut notices = Notices::new();
    let classes = classes(&training(planned.len()))?;
    let mut columns = Vec::new();
    for (at, &(name, role, causes_children)) in planned.iter().enumerate() {
        let Found { kind, imputed, notice } = infer(&training(at))?;
        notices.extend(notice);
        columns.push(Column { name: name.to_string(), role, causes_children, kind, imputed });
    }
    let schema = Schema { target: roles.target.clone(), classes, missing: options.missing, columns };
    schema.check()?;

    let shared = Arc::new(schema.clone());
    let mut rows = Rows::empty(source.spec(), shared.clone(), true);
    let mut encoder = Encoder::new(shared, true);
    encoder.encode(source.path(), &chunk, &mut rows)?;
    let notices = ignored(source.header(), roles, &schema)
        .into_iter()
        .chain(encoder.notices())
        .chain(notices)
        .collect();
    Ok((schema, rows, notices))
}

/// The columns in the order of their encoding, each with its role, and whether it is a parent that causes a
/// child.
fn plan(roles: &Roles) -> Result<Vec<(&str, Role, bool)>> {
    let Roles { target, parents, children, co_parents, .. } = roles;
    let both = |name: &String| parents.contains(name) && co_parents.contains(name);
    let mut planned: Vec<(&str, Role, bool)> = Vec::new();
    planned.extend(children.iter().map(|name| (name.as_str(), Role::Child, false)));
    planned.extend(parents.iter().filter(|n| !both(n)).map(|name| (name.as_str(), Role::Parent, false)));
    planned.extend(parents.iter().filter(|n| both(n)).map(|name| (name.as_str(), Role::Parent, true)));
    planned.extend(co_parents.iter().filter(|n| !both(n)).map(|name| (name.as_str(), Role::CoParent, false)));
    if children.is_empty() {
        let allowed = "at least one column that the target causes: the model explains the children";
        return Err(Error::config("children", "none", allowed));
    }
    let mut seen = vec![target.as_str()];
    for (name, ..) in &planned {
        if seen.contains(name) {
            let allowed = "named once among the target, its parents, children and co-parents (only a parent may \
                           be a co-parent too)";
            return Err(Error::config("role", name, allowed));
        }
        seen.push(name);
    }
    Ok(planned)
}

/// Types given for columns that are not there are slips of the pen.
fn check_types(options: &LearnOptions, roles: &Roles, header: &[String]) -> Result<()> {
    let known: Vec<&str> = header.iter().map(String::as_str).collect();
    if let Some(name) = options.types.keys().find(|name| !header.contains(name)) {
        return Err(Error::unknown_name("column", name, &known));
    }
    match options.types.get(&roles.target) {
        Some(ColumnType::Number) => {
            let field = format!("types.{}", roles.target);
            Err(Error::config(
                field,
                "number",
                "category, boolean or integer: the target's values are classes",
            ))
        }
        _ => Ok(()),
    }
}

/// The whole table as one chunk.
fn whole(source: &mut Source) -> Result<Chunk> {
    let mut all: Option<Chunk> = None;
    while let Some(chunk) = source.next(ROWS_AT_A_TIME)? {
        match &mut all {
            None => all = Some(chunk),
            Some(all) => {
                all.lines.extend(chunk.lines);
                all.columns.iter_mut().zip(chunk.columns).for_each(|(cells, more)| cells.append(more));
            }
        }
    }
    // A source without rows has refused to be read.
    Ok(all.unwrap_or(Chunk { first: 0, lines: Vec::new(), columns: Vec::new() }))
}

/// The columns of the table that the model does not read, in words.
fn ignored(header: &[String], roles: &Roles, schema: &Schema) -> Notices {
    let read = |name: &String| *name == schema.target || schema.columns.iter().any(|c| c.name == *name);
    let ignored = roles.ignored.iter().filter(|(name, _)| header.contains(name));
    let with_reason = ignored.map(|(name, reason)| format!("column `{name}` is not used: {reason}"));
    let unknown = |name: &&String| !read(name) && roles.ignored.iter().all(|(ignored, _)| ignored != *name);
    let unknown: Vec<&String> = header.iter().filter(unknown).collect();
    let without = (!unknown.is_empty()).then(|| format!("columns not used: {}", listed(&unknown)));
    with_reason.chain(without).collect()
}

/// The rows that are not dropped; those with a missing value that is an error are still among them.
fn kept(chunk: &Chunk, missing: Missing) -> Vec<usize> {
    let present = |cells: &Cells, i: usize| cells.value(i) != Value::Missing;
    let keeps = |i: &usize| match missing {
        Missing::Error => true,
        Missing::Drop => chunk.columns.iter().all(|cells| present(cells, *i)),
        Missing::Impute => chunk.columns.last().is_some_and(|target| present(target, *i)),
    };
    (0..chunk.len()).filter(keeps).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::schema::{Cell, Kind};
    use super::*;
    use crate::data::Dataset;

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
        LearnOptions { types: types.iter().map(|(name, of)| (name.to_string(), *of)).collect(), missing }
    }

    fn learn_text(text: &str, options: &LearnOptions) -> Result<(Schema, Rows, Notices)> {
        learn(Source::from_csv(text.as_bytes())?, &roles(), options)
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
        assert_eq!(schema.columns[0].kind, Kind::Number { mean: 2.0, sd: (2f64 / 3.0).sqrt() });
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
            (
                but(",2,", ",,"),
                "row 1 (line 3), column `x`: the value is missing; fill it in, or give --missing",
            ),
            (but("hot", "NA"), "row 0 (line 2), column `y`: the value is missing"),
            (
                TABLE.replace(",1,", ",,").replace(",2,", ",,").replace(",3,", ",,"),
                "column `x` holds no value",
            ),
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
            text.contains("1 of its 1101 values are not numbers, the first `x7` in row 7 (line 9)"),
            "{text}"
        );
        let swapped = |cell| many(cell).replacen("y,k", "k,y", 1);
        let text = message(&swapped(|i| format!("{i}.5")), &none);
        assert!(text.contains("column `y` has 1101 different fractions; the target's values"), "{text}");
        assert!(
            message(&swapped(|i| i.to_string()), &none).contains("column `y` has more than 1000 different")
        );
    }

    #[test]
    fn contradicting_roles_are_refused() {
        let with = |change: fn(&mut Roles), part: &str| {
            let mut roles = roles();
            change(&mut roles);
            let source = Source::from_csv(TABLE.as_bytes()).unwrap();
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
        let table =
            TABLE.replace(",1,", ",1e9,").replace(",2,", ",1000000001,").replace(",3,", ",1000000002,");
        let (schema, rows, notices) = learn_text(&table, &LearnOptions::default()).unwrap();
        assert!(notices.iter().any(|n| n.contains("column `x`: its standard deviation")), "{notices:?}");
        assert_eq!(schema.columns[0].imputed, Cell::Number(1_000_000_001.0));
        assert_eq!(rows.x(1)[0], 0.0);
        let table = TABLE.to_string() + "hot,red,oops,no,4.5,3,0,s\n";
        let (schema, _, notices) = learn_text(&table, &LearnOptions::default()).unwrap();
        assert!(matches!(schema.columns[0].kind, Kind::Category { .. }));
        let notice = "because 1 of its 4 values are not numbers, the first `oops` in row 3 (line 5)";
        assert!(notices.iter().any(|n| n.contains(notice)), "{notices:?}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), header: bool) {
            let start: &[u8] = if header { b"y,k,x,b,a,c\n" } else { b"" };
            let bytes = [start, &bytes].concat();
            if let Ok(source) = Source::from_csv(&bytes) {
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
}
