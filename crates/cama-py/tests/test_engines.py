"""Blocks of a table, as Ray and Spark hand them over."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import moved, patients

from cama import Predict, Restore

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture(scope="module")
def block():
    X = moved(patients(500, 31)[0])
    table = pa.Table.from_pandas(X.assign(id=np.arange(500)), preserve_index=False)
    return table.set_column(table.schema.get_field_index("blood5"), "blood5", table["blood5"].cast(pa.float32()))


def in_blocks(step, table, rows):
    return pa.concat_tables([step(table.slice(first, rows)) for first in range(0, table.num_rows, rows)])


@pytest.mark.parametrize("kind", [Predict, Restore])
def test_how_a_table_is_cut_does_not_matter(adapted, block, kind, tmp_path):
    whole = kind(adapted)(block)
    assert whole.column("id").to_pylist() == list(range(500))
    for rows in (1, 7, 128):
        assert in_blocks(kind(adapted), block.slice(0, 200), rows).equals(whole.slice(0, 200))
    # Nothing comes of nothing, with the same columns.
    assert kind(adapted)(block.slice(0, 0)).schema == whole.schema
    # It travels by pickle, or as a folder, and does not change its estimator.
    adapted.save(tmp_path / "model")
    for other in (pickle.loads(pickle.dumps(kind(adapted))), kind(tmp_path / "model")):
        assert other(block).equals(whole)
    assert adapted.n_jobs is None and kind(adapted).model.n_jobs == 1
    batches = kind(adapted).batches(block.to_batches(max_chunksize=90))
    assert pa.Table.from_batches(batches).equals(whole)


def test_what_is_added_and_what_is_restored(adapted, block):
    X = block.to_pandas()
    scored = Predict(adapted)(block)
    assert scored.column_names == [*block.column_names, *Predict(adapted).columns()]
    np.testing.assert_array_equal(np.asarray(scored["class"]), adapted.predict(X))
    np.testing.assert_array_equal(np.asarray(scored["p(plague)"]), adapted.predict_proba(X)[:, 2])
    assert Predict(adapted)(scored).column_names == scored.column_names
    assert Restore(adapted)(block).schema == block.schema
    np.testing.assert_array_equal(np.asarray(Restore(adapted)(block)["fever"]), adapted.restore(X)["fever"])
    assert not Predict(adapted, rule="bayes")(block).equals(Predict(adapted, rule="direct-alone")(block))


def test_whole_numbers_become_real_ones_in_every_block(adapted, block):
    at = block.schema.get_field_index("fever")
    table = block.set_column(at, "fever", pa.array(np.rint(np.asarray(block["fever"])).astype(np.int64)))
    for rows in (0, 1, 200):
        assert Restore(adapted)(table.slice(0, rows)).schema.field("fever").type == pa.float64()


def test_what_would_depend_on_blocks_is_refused(adapted, tmp_path):
    with pytest.raises(ValueError, match='give context="adapted"'):
        Predict(adapted, context="batch")
    with pytest.raises(TypeError, match="takes no 'rul'"):
        Predict(adapted, rul="bayes")
    with pytest.raises(ValueError, match="no model folder"):
        Restore(tmp_path)


@pytest.mark.parametrize(("example", "needs"), [("ray_blocks", "ray"), ("spark_blocks", "pyspark")])
def test_the_examples_run(example, needs):
    pytest.importorskip(needs)
    done = subprocess.run([sys.executable, EXAMPLES / f"{example}.py", "--rows", "3000"], capture_output=True, text=True, timeout=300)
    assert "adaptation: adapted" in done.stdout and "rows scored: 3000" in done.stdout, done.stderr[-2000:]
    assert float(done.stdout.split("correct: ")[1].split()[0]) > 0.9
