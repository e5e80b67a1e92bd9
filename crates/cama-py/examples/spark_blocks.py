"""A folder of Parquet files scored by Spark, by `mapInArrow`.

    pip install 'pyspark>=4'          # and Java 17
    python examples/spark_blocks.py [--rows 200000] [--cpus 2]

Another laboratory measures blood1 and blood4 in its own way, and nobody said so. The model adapts to the files themselves; then Spark
scores all rows. What a row gets does not depend on its partition.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

import pyarrow.dataset
from patients import EFFECTS, incoming, patients
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cama import CamaClassifier, Predict


def main(rows: int, cpus: int) -> None:
    warnings.simplefilter("ignore")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = Path(tempfile.mkdtemp())
    files = incoming(folder / "incoming", rows, rows // 4 + 1)

    clf = CamaClassifier(graph={"children": EFFECTS}, target="illness", random_state=0).fit(patients(2000, 0))
    adapted = clf.adapt(pyarrow.dataset.dataset(files))
    print("adaptation:", adapted.adaptation_.outcome)

    spark = SparkSession.builder.master(f"local[{cpus}]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.read.parquet(str(files))
    predict = Predict(adapted)
    added = ", ".join(f"`{name}` {'string' if name in ('class', 'verdict') else 'double'}" for name in predict.columns())
    schema = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in frame.schema) + ", " + added
    scored = frame.mapInArrow(predict.batches, schema)
    scored.write.parquet(str(folder / "scored"))

    table = spark.read.parquet(str(folder / "scored"))
    print("rows scored:", table.count())
    print("correct:", round(table.select(F.avg((F.col("class") == F.col("illness")).cast("double"))).first()[0], 3))
    spark.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--cpus", type=int, default=2)
    main(**vars(parser.parse_args()))
