//! Bad tables, graphs and flags for tables are refused: exit code 2, and what is wrong, where, and what to do.

use std::fs;
use std::path::Path;

use crate::common::table::{
    Cells, GRAPH, HEADER, csv, patients, put, train_args, trained, with_cell, write_parquet,
};
use crate::common::{model as image_model, refused, run, train_args as image_train_args};

/// A folder with the table `t.csv` and the graph `g.dot`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "t.csv", csv(&patients(30)));
    put(folder.path(), "g.dot", GRAPH);
    folder
}

/// Training that is refused, saying `parts`.
fn untrained(folder: &Path, data: &str, more: &[&str], parts: &[&str]) {
    refused(folder, &train_args(data, "g.dot", "m", more), parts, "m");
}

/// A command on the shared model that is refused, saying `parts`; it prints no result and leaves no `o`.
fn unused(folder: &Path, command: &str, data: &str, more: &[&str], parts: &[&str]) {
    let out: &[&str] = if command == "adapt" { &["--out", "o"] } else { &["--samples", "1"] };
    let args = [&[command, "--model", &trained().model, "--data", data], out, more].concat();
    refused(folder, &args, parts, "o");
    assert_eq!(run(folder, &args).out, "", "{args:?}");
}

#[test]
fn files_that_are_no_tables() {
    let folder = folder();
    let folder = folder.path();
    let text = csv(&patients(30));
    put(folder, "ragged.csv", with_cell(&text, 3, "fever", "38,5"));
    put(folder, "short.csv", text.clone() + "1,2\n");
    put(folder, "empty.csv", "");
    put(folder, "header.csv", format!("{HEADER}\n"));
    put(folder, "latin.csv", [text.as_bytes(), b"40,no,37,caf\xe9,true,0\n"].concat());
    put(folder, "twice.csv", text.replacen("season", "age", 1));
    put(folder, "fake.parquet", &text);
    put(folder, "t.txt", &text);
    let whole = "give every row one field a column; quote texts that hold delimiters";
    for (data, parts) in [
        ("ragged.csv", &["ragged.csv: line 5 has 7 fields, but the header has 6", whole][..]),
        ("short.csv", &["short.csv: line 32 has 2 fields", whole]),
        ("empty.csv", &["empty.csv: the file is empty; give a table with a header and rows"]),
        ("header.csv", &["header.csv: the table has a header but no rows; give one with rows"]),
        ("latin.csv", &["latin.csv: line 32", "field 4: the text is not UTF-8; save the table as UTF-8"]),
        ("twice.csv", &["more than one column is called `age`; give every column a name of its own"]),
        ("fake.parquet", &["fake.parquet: damaged", "fetch or make the file again"]),
        ("gone.csv", &["gone.csv: no such file; give a .csv, .tsv or .parquet file"]),
        ("t.csv[..31]", &["`t.csv[..31]`: the range goes to 31, but there are 30 rows"]),
        ("t.csv[5..2]", &["`t.csv[5..2]`", "the range 5..2 holds no row"]),
    ] {
        untrained(folder, data, &[], parts);
        for command in ["predict", "evaluate", "adapt"] {
            unused(folder, command, data, &[], parts);
        }
    }
    untrained(folder, "t.txt", &[], &["t.txt: its extension is not that of a table; give a .csv"]);
}

#[test]
fn parquet_columns_of_types_that_are_no_cells() {
    let folder = folder();
    let folder = folder.path();
    let schema = "message patients {
        required int32 age (DATE); required binary sick (UTF8); required double fever; required binary cough;
        required boolean rash; required double season;
    }";
    write_parquet(&folder.join("t.parquet"), schema, crate::common::table::columns(&patients(30)));
    let say = |column: &str, kind: &str| {
        format!(
            "t.parquet: column `{column}` is {kind}, which is not supported; make it a number (of a date, such as the days since \
             the first), a truth value or a text"
        )
    };
    let cough = say("cough", "binary (BYTE_ARRAY)");
    untrained(folder, "t.parquet", &["--role", "age=ignore"], &[&cough]);
    unused(folder, "predict", "t.parquet", &[], &[&cough]);
    untrained(folder, "t.parquet", &["--role", "cough=ignore"], &[&say("age", "a date")]);
    // What is not read may be of any type.
    let fine = train_args("t.parquet", "g.dot", "m", &["--role", "cough=ignore", "age=ignore"]);
    crate::common::done(folder, &fine);
    let one = vec![Cells::Int(vec![1])];
    write_parquet(&folder.join("one.parquet"), "message one { required int32 age; }", one);
    unused(
        folder,
        "predict",
        "one.parquet",
        &[],
        &["one.parquet: has no columns `fever`, `cough`", "its only column is `age`"],
    );
}

#[test]
fn cells_that_the_model_does_not_know() {
    let folder = folder();
    let folder = folder.path();
    let text = csv(&patients(30));
    let fill = "fill it in, or give --missing drop or --missing impute";
    for (column, value, parts) in [
        ("fever", "high", &["column `fever`: `high` is not a number; give a number"][..]),
        (
            "fever",
            "\"38,5\"",
            &["column `fever`: `38,5` has a decimal comma, where the column writes a point"],
        ),
        ("fever", "inf", &["column `fever`: `inf` is infinite; give a finite number"]),
        (
            "fever",
            "1e300",
            &["column `fever`", "too far from the training data", "whether the unit is the same"],
        ),
        (
            "cough",
            "daily",
            &["column `cough`: `daily` is not a value of the training data; known: never, often, some"],
        ),
        ("rash", "2", &["column `rash`: `2` is not a value of the training data; known: false, true"]),
        ("season", "", &["column `season`: the value is missing", fill]),
        ("age", "NA", &["column `age`: the value is missing", fill]),
    ] {
        put(folder, "bad.csv", with_cell(&text, 7, column, value));
        let parts = [&["bad.csv: row 7 (line 9), "], parts].concat();
        for command in ["predict", "evaluate", "adapt"] {
            unused(folder, command, "bad.csv", &["--unseen", "error"], &parts);
        }
        // What was never seen costs its row alone, unless that is asked for.
        if !["cough", "rash"].contains(&column) {
            untrained(folder, "t.csv", &["--test", "bad.csv"], &parts[..1]);
        }
    }
    for (value, part) in
        [("maybe", "`maybe` is not a class of the training data; known: no, yes"), ("", fill)]
    {
        put(folder, "label.csv", with_cell(&text, 2, "sick", value));
        let parts = ["label.csv: row 2 (line 4), column `sick`: ", part];
        unused(folder, "evaluate", "label.csv", &[], &parts);
        untrained(folder, "t.csv", &["--manipulated-data", "label.csv"], &parts);
        // Labels that are not used need not fit.
        let predict = ["predict", "--model", &trained().model, "--data", "label.csv", "--samples", "1"];
        assert_eq!(crate::common::done(folder, &predict).lines().count(), 31);
    }
    let gaps: String =
        text.lines().map(|line| line.replace(",true,", ",,").replace(",false,", ",,") + "\n").collect();
    put(folder, "gaps.csv", gaps);
    for command in ["predict", "evaluate", "adapt"] {
        let parts = ["gaps.csv: every row has a missing value", "--missing impute"];
        unused(folder, command, "gaps.csv", &["--missing", "drop"], &parts);
    }
}

#[test]
fn training_tables_that_nothing_can_be_learnt_from() {
    let folder = folder();
    let folder = folder.path();
    let rows = |change: &dyn Fn(&mut crate::common::table::Row)| {
        let mut rows = patients(80);
        rows.iter_mut().for_each(change);
        csv(&rows)
    };
    put(folder, "constant.csv", rows(&|row| row.fever = 37.0));
    put(folder, "one.csv", rows(&|row| row.sick = "yes"));
    put(folder, "names.csv", rows(&|_| ()).replacen("fever", "Fever", 1));
    put(folder, "missing.csv", with_cell(&rows(&|_| ()), 4, "fever", ""));
    put(folder, "measured.csv", rows(&|_| ()).replacen("sick", "else", 1).replacen("season", "sick", 1));
    let leave = "is `37` in every row and carries nothing; leave it out of the graph";
    untrained(folder, "constant.csv", &[], &["constant.csv: column `fever`", leave]);
    let classes = "column `sick` has only the value `yes`; give training rows of two classes or more";
    untrained(folder, "one.csv", &[], &[classes]);
    let nearest = "has no column `fever` (did you mean `Fever`?); its columns are age, sick, Fever";
    untrained(folder, "names.csv", &[], &["names.csv", nearest]);
    unused(folder, "predict", "names.csv", &[], &["names.csv", nearest]);
    let graph = ["graph", "g.dot", "--target", "sick", "--data", "names.csv"];
    refused(folder, &graph, &["names.csv", "`fever` (did you mean `Fever`?)"], "");
    let place = "missing.csv: row 4 (line 6), column `fever`: the value is missing";
    untrained(folder, "missing.csv", &[], &[place, "--missing drop or --missing impute"]);
    untrained(folder, "measured.csv", &["--role", "season=ignore"], &["column `sick`", "must be classes"]);
    untrained(
        folder,
        "t.csv",
        &["--type", "cough=number"],
        &["row 0 (line 2), column `cough`", "is not a number"],
    );
    untrained(
        folder,
        "t.csv",
        &["--type", "fevr=number"],
        &["unknown column `fevr` (did you mean `fever`?)"],
    );
    untrained(folder, "t.csv", &["--role", "fevr=child"], &["has no column `fevr` (did you mean `fever`?)"]);
    untrained(folder, "t.csv", &["--validation", "30"], &["less than the number of training rows, 30"]);
}

#[test]
fn graphs_that_are_none_or_another() {
    let folder = folder();
    let folder = folder.path();
    put(folder, "cycle.dot", "digraph { sick -> fever; fever -> rash; rash -> sick }");
    put(folder, "undirected.dot", "digraph {\n  sick -> fever; age -- sick }");
    put(folder, "other.dot", GRAPH.replacen("season", "age", 1));
    let base = ["train", "--data", "t.csv", "--out", "m"];
    for (more, parts) in [
        (
            &["--graph", "cycle.dot", "--target", "sick"][..],
            &["cycle.dot: the graph has a cycle: sick -> fever -> rash -> sick", "leave out one"][..],
        ),
        (
            &["--graph", "undirected.dot", "--target", "sick"],
            &["undirected.dot: line 2, column 22: `age -- sick` is undirected; write `->`"],
        ),
        (&["--graph", "gone.dot", "--target", "sick"], &["cannot read gone.dot"]),
        (&["--graph", "g.dot", "--target", "sikc"], &["unknown variable `sikc` (did you mean `sick`?)"]),
        (&["--graph", "g.dot", "--target", "fever"], &["target `fever`: causes nothing in the graph"]),
        (&["--graph", "g.dot"], &["required", "--target <Y>"]),
        (&["--target", "sick"], &["required", "--graph <G.dot>"]),
        (&[], &["data `t.csv`: is a table: give its causal graph by --graph and --target"]),
        (
            &["--missing", "drop"],
            &["data `t.csv`: is a table: give its causal graph by --graph and --target"],
        ),
    ] {
        refused(folder, &[&base, more].concat(), parts, "m");
    }
    unused(folder, "predict", "t.csv", &["--graph", "g.dot"], &["required", "--target <Y>"]);
    for command in ["predict", "evaluate", "adapt"] {
        let other = ["--graph", "other.dot", "--target", "sick"];
        let parts = [
            "other.dot: gives `season` another role for `sick` than the model was trained with",
            "leave --graph out",
        ];
        unused(folder, command, "t.csv", &other, &parts);
        unused(
            folder,
            command,
            "t.csv",
            &["--target", "rash"],
            &["flag `--target rash`: the model predicts `sick`; leave"],
        );
    }
}

#[test]
fn flags_and_data_of_another_kind() {
    let folder = folder();
    let folder = folder.path();
    for flag in
        [["--channels", "3"], ["--conv-layers", "2"], ["--kernel-z", "3"], ["--likelihood", "gaussian"]]
    {
        let part = format!("flag `{}`: says nothing about tables; leave it out", flag[0]);
        untrained(folder, "t.csv", &flag, &[&part]);
    }
    let images_only = "mechanism = affine: must be one for tables: it acts on images";
    untrained(folder, "t.csv", &["--mechanism", "affine"], &[images_only]);
    unused(folder, "adapt", "t.csv", &["--mechanism", "per-column,affine"], &[images_only]);
    let no_number = ["--role", "fever=ignore", "--mechanism", "per-column"];
    untrained(
        folder,
        "t.csv",
        &no_number,
        &["must be one for tables: it acts on tables whose X has a numeric column"],
    );
    untrained(
        folder,
        "mnist:train[..50]",
        &[],
        &["mnist:train: its extension is not that of a table; give a .csv"],
    );
    for (flag, part) in [
        (
            ["--mechanism", "per-column"],
            "must be one for images: it acts on tables whose X has a numeric column",
        ),
        (["--layers", "3"], "flag `--layers`: says nothing about images; leave it out"),
        (["--missing", "drop"], "flag `--missing`: says nothing about images; leave it out"),
    ] {
        refused(folder, &image_train_args("mnist:train[..50]", "m", &flag), &[part], "m");
    }
    for command in ["predict", "evaluate", "adapt"] {
        let parts = ["does not fit the model: the model takes tables, mnist:test is none; give a .csv"];
        unused(folder, command, "mnist:test", &[], &parts);
        let args = [command, "--model", image_model(), "--data", "t.csv"];
        let out: &[&str] = if command == "adapt" { &["--out", "o"] } else { &[] };
        let of_images =
            |more: &[&str], part: &str| refused(folder, &[&args, out, more].concat(), &[part], "o");
        of_images(&[], "does not fit the model: the model takes images, t.csv is a table");
        let flag = "flag `--graph`: says nothing about images, which the model is for";
        of_images(&["--graph", "g.dot", "--target", "sick"], flag);
        of_images(&["--missing", "drop"], "flag `--missing`: says nothing about images");
    }
    let show = ["show", "--model", &trained().model, "--data", "t.csv", "--out", "o.png"];
    refused(folder, &show, &["it takes tables, and pictures are of images"], "o.png");
}

#[test]
fn manipulations_and_baselines_that_cannot_be() {
    let folder = folder();
    let folder = folder.path();
    let holds = "so the labels no longer hold; only children and other co-parents can be changed";
    for (spec, parts) in [
        ("shift:fevr:1", &["unknown column `fevr` (did you mean `fever`?)"][..]),
        ("shift:X*:1", &["unknown column `X*`; known: fever, cough, rash, season"]),
        ("shift:age:1", &["`shift:age:1`: `age` causes the target `sick`", holds]),
        ("permute:sick", &["`permute:sick`: `sick` is the target", holds]),
        ("shift:cough:1", &["`shift` is for numbers, and `cough` holds none; `permute` is for any column"]),
        ("noise:rash:1", &["`noise` is for numbers, and `rash` holds none"]),
        ("rotate:30", &["unknown manipulation `rotate`; known: shift, scale, noise"]),
        ("shift:fever", &["`shift` needs columns and an amount: `shift:COLUMNS:V`"]),
        ("shift:@child:1", &["did you mean `@children`?"]),
    ] {
        for command in ["predict", "evaluate", "adapt"] {
            unused(folder, command, "t.csv", &["--manipulate", spec], parts);
        }
        untrained(folder, "t.csv", &["--manipulated", spec], parts);
    }
    unused(folder, "evaluate", "t.csv", &["--manipulate", "shift:fever:0..2"], &["FROM..TO/STEP"]);
    unused(
        folder,
        "evaluate",
        "t.csv",
        &["--against", "mlp,tree"],
        &["unknown baseline `tree` (did you mean `trees`?)"],
    );
    // A model whose training data has gone.
    crate::common::done(folder, &train_args("t.csv", "g.dot", "m", &["--keep-clean", "0"]));
    fs::rename(folder.join("t.csv"), folder.join("moved.csv")).unwrap();
    let base = ["--model", "m", "--data", "moved.csv"];
    let parts =
        ["m: the model's training data, which --against trains on, cannot be used: t.csv: no such file"];
    refused(folder, &[&["evaluate", "--against", "trees"], &base[..]].concat(), &parts, "");
    let parts =
        ["m: the model's training data cannot be used", "t.csv: no such file", "--clean", "--no-clean"];
    refused(folder, &[&["adapt", "--out", "o"], &base[..]].concat(), &parts, "o");
}
