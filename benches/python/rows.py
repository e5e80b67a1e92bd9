"""Time and peak memory of predicting a million rows: from NumPy, pandas, polars and Arrow, from a dataset that is read in batches, and
beside them the program.

    python benches/python/rows.py --program target/release/cama [--rows 1000000] [--folder FOLDER]

Each runs in a process of its own, which reads a Parquet file first; the time of `predict_proba` alone is told beside that of
the whole process, its processor time, which other work on the machine changes less, and its highest resident memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from measured import measured

KINDS = ("numpy", "pandas", "polars", "arrow", "dataset")
COLUMNS = 10


def rows(n: int, seed: int):
    import numpy as np

    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    direction = np.random.default_rng(0).normal(size=(3, COLUMNS))
    return direction[y] + rng.normal(size=(n, COLUMNS)), y


def prepare(folder: Path, n: int, generator: str) -> None:
    import pandas as pd

    from cama import CamaClassifier

    names = [f"x{i}" for i in range(COLUMNS)]
    X, y = rows(5000, 1)
    CamaClassifier(generator=generator, random_state=0).fit(pd.DataFrame(X, columns=names), y).save(folder / "model")
    X, _ = rows(n, 2)
    frame = pd.DataFrame(X, columns=names)
    frame.to_parquet(folder / "rows.parquet", index=False)
    frame.to_csv(folder / "rows.csv", index=False)


def predict(folder: Path, kind: str) -> None:
    """Predicts in this process, and prints what it took."""
    import pyarrow.dataset
    import pyarrow.parquet

    import cama

    start = time.perf_counter()
    if kind == "dataset":
        answers = cama.load(folder / "model").predict_proba(pyarrow.dataset.dataset(folder / "rows.parquet"))
        predicted = sum(len(answer) for answer in answers)
        print(json.dumps({"predict": time.perf_counter() - start, "rows": predicted}))
        return
    table = pyarrow.parquet.read_table(folder / "rows.parquet")
    if kind == "numpy":
        import numpy as np

        data = np.stack([column.to_numpy() for column in table.columns], axis=1)
    elif kind == "pandas":
        data = table.to_pandas()
    elif kind == "polars":
        import polars

        data = polars.from_arrow(table)
    else:
        data = table
    if kind != "arrow":
        del table
    read = time.perf_counter()
    probabilities = cama.load(folder / "model").predict_proba(data)
    done = time.perf_counter()
    print(json.dumps({"read": read - start, "predict": done - read, "rows": len(probabilities)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/cama")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--generator", default="factor")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=("prepare", *KINDS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "prepare":
        return prepare(options.folder, options.rows, options.generator)
    if options.step:
        return predict(options.folder, options.step)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        me = [sys.executable, __file__, "--folder", str(folder), "--step"]
        # A process starts with the peak memory of the one that starts it: nothing is made in this one.
        measured([*me, "prepare", "--rows", str(options.rows), "--generator", options.generator])
        print("| from | seconds | of that, predict_proba | seconds of processors | peak MiB |\n|---|---|---|---|---|")
        for kind in KINDS:
            got = measured([*me, kind])
            print(f"| {kind} | {got['seconds']:.1f} | {got['predict']:.1f} | {got['cpu']:.1f} | {got['MiB']:.0f} |")
        for form in ("parquet", "csv"):
            command = [options.program, "predict", "--model", str(folder / "model"), "--data", str(folder / f"rows.{form}")]
            got = measured([*command, "--out", str(folder / "p.npz"), "--force", "--quiet"])
            print(f"| the program, {form} | {got['seconds']:.1f} | | {got['cpu']:.1f} | {got['MiB']:.0f} |")


if __name__ == "__main__":
    main()
