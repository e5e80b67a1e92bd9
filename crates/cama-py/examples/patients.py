"""Simulated patients for the examples: clean ones, and a folder of Parquet files of another laboratory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

EFFECTS = [*(f"blood{i}" for i in range(8)), "fever"]


def patients(n: int, seed: int, elsewhere: bool = False) -> pa.Table:
    """An identifier, what the illness causes, and the illness itself, which no model is told of."""
    rng = np.random.default_rng(seed)
    ill = rng.integers(0, 2, n)
    blood = np.random.default_rng(0).normal(size=(2, 8))[ill] + rng.normal(size=(n, 8))
    if elsewhere:
        blood[:, 1], blood[:, 4] = blood[:, 1] * 2 + 5, blood[:, 4] - 6
    columns = {f"blood{i}": blood[:, i] for i in range(8)}
    columns["fever"] = 37 + ill / 2 + rng.normal(size=n)
    return pa.table({"id": np.arange(n) + seed * 10**9, **columns, "illness": np.array(["cold", "flu"])[ill]})


def incoming(folder: Path, n: int, in_a_file: int = 250_000) -> Path:
    """A folder of so many rows."""
    folder.mkdir(parents=True)
    for seed, first in enumerate(range(0, n, in_a_file), start=1):
        pyarrow.parquet.write_table(patients(min(in_a_file, n - first), seed, elsewhere=True), folder / f"{seed:04}.parquet")
    return folder
