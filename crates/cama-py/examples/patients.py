"""Simulated patients for the examples: clean ones, and a folder of Parquet files of which the thermometer was replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

EFFECTS = [*(f"blood{i}" for i in range(8)), "fever"]


def patients(n: int, seed: int, fahrenheit: bool = False) -> pa.Table:
    """An identifier, what the illness causes, and the illness itself, which no model is told of."""
    rng = np.random.default_rng(seed)
    ill = rng.integers(0, 2, n)
    blood = np.random.default_rng(0).normal(size=(2, 8))[ill] + rng.normal(size=(n, 8))
    fever = 37 + 1.5 * ill + rng.normal(size=n) / 2
    columns = {f"blood{i}": blood[:, i] for i in range(8)}
    columns["fever"] = fever * 1.8 + 32 if fahrenheit else fever
    return pa.table({"id": np.arange(n) + seed * 10**9, **columns, "illness": np.array(["cold", "flu"])[ill]})


def incoming(folder: Path, n: int, in_a_file: int = 250_000) -> Path:
    """A folder of so many rows."""
    folder.mkdir(parents=True)
    for seed, first in enumerate(range(0, n, in_a_file), start=1):
        pyarrow.parquet.write_table(patients(min(in_a_file, n - first), seed, fahrenheit=True), folder / f"{seed:04}.parquet")
    return folder
