#!/usr/bin/env python3
"""Rows a second of tables: `cama predict` and `cama restore`, and scikit-learn's boosted trees on the same Parquet file.

    pip install numpy pyarrow scikit-learn
    python3 benches/peer/tables.py --rows 1000000 --program target/release/cama [--folder tables] [--threads 2]

20 columns of five classes, each class a factor model of its own, so that `cama train` chooses its factor model; training on 20,000
rows, adaptation to others that are scaled by 1.1 and moved by one. The trees read the file batch by batch and keep no results; cama
writes CSV and Parquet. Prints one JSON object a line: rows, seconds, and seconds of all threads' processor time.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy
import pyarrow
import pyarrow.csv
import pyarrow.parquet

CLASSES, COLUMNS, FACTORS = 5, 20, 3
AT_A_TIME = 500_000


def draw(rows, seed, scale=1.0, shift=0.0):
    """A table."""
    of_all = numpy.random.default_rng(0)
    means = of_all.normal(0, 1, (CLASSES, COLUMNS))
    loadings = of_all.normal(0, 0.7, (CLASSES, COLUMNS, FACTORS))
    random = numpy.random.default_rng(seed)
    y, z = random.integers(0, CLASSES, rows), random.normal(size=(rows, FACTORS))
    x = means[y] + numpy.einsum("ndk,nk->nd", loadings[y], z) + 0.5 * random.normal(size=(rows, COLUMNS))
    columns = {f"X{i}": scale * x[:, i] + shift for i in range(COLUMNS)}
    return pyarrow.table(columns | {"Y": pyarrow.array([f"y{i}" for i in y])})


def write_parquet(path, rows):
    """Rows that are scaled and moved, part by part; all parts but the first repeat it."""
    part = draw(min(rows, AT_A_TIME), 2, 1.1, 1.0)
    with pyarrow.parquet.ParquetWriter(path, part.schema) as writer:
        for begin in range(0, rows, AT_A_TIME):
            writer.write_table(part.slice(0, min(AT_A_TIME, rows - begin)))


def run(what, rows, command):
    """Runs `command`, and prints what it took."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"tables.py: this failed: {' '.join(map(str, command))}")
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told(what, rows, time.perf_counter() - began, busy)


def told(what, rows, seconds, busy):
    line = dict(work=what, rows=rows, seconds=round(seconds, 2), processor_seconds=round(busy, 2))
    print(json.dumps(line | dict(rows_a_processor_second=round(rows / busy))), flush=True)


def trees(folder, rows, threads):
    """Fits HistGradientBoostingClassifier and predicts the file; imported late, so that threads can be set."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    names = [f"X{i}" for i in range(COLUMNS)]
    with threadpool_limits(threads):
        clean = pyarrow.csv.read_csv(folder / "clean.csv")
        x = numpy.column_stack([clean[name] for name in names])
        model = HistGradientBoostingClassifier(random_state=0).fit(x, numpy.array(clean["Y"].to_pylist()))
        began, before, done = time.perf_counter(), time.process_time(), 0
        for batch in pyarrow.parquet.ParquetFile(folder / "rows.parquet").iter_batches(65_536, columns=names):
            x = numpy.column_stack([batch.column(i).to_numpy() for i in range(COLUMNS)])
            done += len(model.predict_proba(x))
    told("HistGradientBoostingClassifier", done, time.perf_counter() - began, time.process_time() - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--program", type=pathlib.Path, default="target/release/cama")
    parser.add_argument("--folder", type=pathlib.Path, help="keeps the files here, and takes those that are there")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.folder or pathlib.Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        data, model, adapted = folder / "rows.parquet", folder / "model", folder / "adapted"
        common = ["--seed", "1", "--threads", args.threads, "-q"]
        if not adapted.exists():
            pyarrow.csv.write_csv(draw(20_000, 1), folder / "clean.csv")
            edges = " ".join(f"Y -> X{i};" for i in range(COLUMNS))
            (folder / "graph.dot").write_text(f"digraph {{ {edges} }}")
            write_parquet(data, args.rows)
            graph = ["--graph", folder / "graph.dot", "--target", "Y"]
            learn = [args.program, "train", "--data", folder / "clean.csv", *graph, "--out", model, *common]
            subprocess.run([str(part) for part in learn], check=True)
            adapt = [args.program, "adapt", "--model", model, "--data", f"{data}[..20000]", "--out", adapted, *common]
            subprocess.run([str(part) for part in adapt], check=True)
        for what in ["predict", "restore"]:
            out = folder / ("classes.csv" if what == "predict" else "restored.parquet")
            command = [args.program, what, "--model", adapted, "--data", data, "--out", out, "--force", *common]
            run(f"cama {what}", args.rows, command)
        trees(folder, args.rows, args.threads)


if __name__ == "__main__":
    main()
