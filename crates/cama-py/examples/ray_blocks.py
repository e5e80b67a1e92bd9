"""A folder of Parquet files restored and scored by Ray, block by block.

    pip install 'ray[data]'
    python examples/ray_blocks.py [--rows 200000] [--cpus 2]

Another laboratory measures blood1 and blood4 in its own way, and nobody said so. The model adapts to the files themselves; then Ray
scores all rows, and mends them. What a row gets does not depend on its block.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pyarrow.dataset
import ray
from patients import EFFECTS, incoming, patients

from cama import CamaClassifier, Predict, Restore


def main(rows: int, cpus: int) -> None:
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    files = incoming(folder / "incoming", rows, rows // 4 + 1)

    clf = CamaClassifier(graph={"children": EFFECTS}, target="illness", random_state=0).fit(patients(2000, 0))
    adapted = clf.adapt(pyarrow.dataset.dataset(files))
    print("adaptation:", adapted.adaptation_.outcome)
    adapted.save(folder / "model")

    ray.init(num_cpus=cpus, include_dashboard=False, logging_level="error", log_to_driver=False)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    # Workers read the folder. A fitted estimator may be given in its place, and then travels with its model.
    scored = ray.data.read_parquet(str(files)).map_batches(Predict(folder / "model"), batch_format="pyarrow", batch_size=16_384)
    scored.write_parquet(str(folder / "scored"))
    mended = ray.data.read_parquet(str(files)).map_batches(Restore(folder / "model"), batch_format="pyarrow", batch_size=16_384)
    mended.write_parquet(str(folder / "mended"))

    table = pyarrow.dataset.dataset(folder / "scored", format="parquet").to_table()
    print("rows scored:", table.num_rows)
    print("correct:", np.mean(np.asarray(table["class"]) == np.asarray(table["illness"])).round(3))
    blood = pyarrow.dataset.dataset(folder / "mended", format="parquet").to_table()["blood4"].to_numpy()
    print("mean of blood4, as the first laboratory measures:", blood.mean().round(2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--cpus", type=int, default=2)
    main(**vars(parser.parse_args()))
