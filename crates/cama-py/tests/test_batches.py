"""Data in batches: in bounded memory, with the answers of the whole."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
import pytest
from conftest import moved, patients

N = 1000


@pytest.fixture(scope="module")
def incoming(tmp_path_factory):
    """A table, and a folder of Parquet files that hold it."""
    X = moved(patients(N, 11)[0]).assign(note="left alone")
    folder = tmp_path_factory.mktemp("parts")
    for i, part in enumerate(np.array_split(np.arange(N), 3)):
        X.iloc[part].to_parquet(folder / f"{i}.parquet", index=False)
    return X, folder


def arrow(X):
    return pa.Table.from_pandas(X, preserve_index=False)


class Capsule:
    """Nothing but the Arrow C stream interface."""

    def __init__(self, X):
        self.reader = arrow(X).to_reader(max_chunksize=170)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.reader.__arrow_c_stream__(requested_schema)


STREAMS = {
    "dataset": lambda X, folder: pa.dataset.dataset(folder),
    "scanner": lambda X, folder: pa.dataset.dataset(folder).scanner(batch_size=100),
    "reader": lambda X, folder: arrow(X).to_reader(max_chunksize=77),
    "capsule": lambda X, folder: Capsule(X),
    "batches": lambda X, folder: iter(arrow(X).to_batches(max_chunksize=301)),
    "frames": lambda X, folder: (X.iloc[first : first + 130] for first in range(0, N, 130)),
    "polars": lambda X, folder: pl.scan_parquet(f"{folder}/*.parquet"),
    "polars frames": lambda X, folder: iter(pl.from_pandas(X).iter_slices(200)),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_answers_about_batches_are_those_about_the_whole(adapted, incoming, stream):
    X, folder = incoming
    of = lambda: STREAMS[stream](X, folder)
    probabilities = list(adapted.predict_proba(of()))
    np.testing.assert_array_equal(np.concatenate(probabilities), adapted.predict_proba(X))
    assert len(probabilities) > 1 or stream in ("polars",)
    np.testing.assert_array_equal(np.concatenate(list(adapted.predict(of()))), adapted.predict(X))
    np.testing.assert_array_equal(np.concatenate(list(adapted.verdicts(of(), context="none"))), adapted.verdicts(X, context="none"))
    decided = list(adapted.decide(of()))
    np.testing.assert_array_equal(np.concatenate([each["m"] for each in decided]), adapted.decide(X)["m"])
    restored = list(adapted.restore(of()))
    whole = pd.concat([each if isinstance(each, pd.DataFrame) else pl.DataFrame(each).to_pandas() for each in restored], ignore_index=True)
    pd.testing.assert_frame_equal(whole, adapted.restore(X).reset_index(drop=True), check_dtype=False)


def test_what_is_in_memory_is_answered_at_once(adapted, incoming):
    X, _ = incoming
    for table in (arrow(X), arrow(X).combine_chunks().to_batches()[0], pl.from_pandas(X), X):
        assert adapted.predict(table).shape == (N,)
        assert type(adapted.restore(table)) is type(table)


@pytest.mark.parametrize("stream", ["dataset", "frames", "memory"])
@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow"])
def test_answers_are_written_as_they_come(adapted, incoming, tmp_path, stream, ending):
    X, folder = incoming
    of = lambda: X if stream == "memory" else STREAMS[stream](X, folder)
    read = {"parquet": pa.parquet.read_table, "csv": pa.csv.read_csv, "arrow": lambda path: pa.ipc.open_file(path).read_all()}[ending]
    assert adapted.predict(of(), out=tmp_path / f"p.{ending}") == tmp_path / f"p.{ending}"
    written = read(tmp_path / f"p.{ending}")
    assert written.column_names == ["class", "verdict", *(f"p({name})" for name in adapted.classes_)]
    np.testing.assert_array_equal(np.asarray(written["class"]), adapted.predict(X))
    np.testing.assert_array_equal(np.asarray(written["verdict"]), adapted.verdicts(X))
    np.testing.assert_allclose(np.asarray(written["p(flu)"]), adapted.predict_proba(X)[:, 1], rtol=1e-12)
    adapted.restore(of(), out=str(tmp_path / f"r.{ending}"))
    restored = read(tmp_path / f"r.{ending}")
    assert restored.column_names == list(X.columns) and restored.num_rows == N
    np.testing.assert_allclose(np.asarray(restored["fever"]), adapted.restore(X)["fever"], rtol=1e-12)
    adapted.predict_proba(of(), out=tmp_path / f"q.{ending}")
    assert read(tmp_path / f"q.{ending}").column_names == [f"p({name})" for name in adapted.classes_]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.{ending}" for name in "pqr")


def test_what_goes_wrong_in_the_middle_leaves_no_file(adapted, incoming, tmp_path):
    X, _ = incoming
    frames = (X.assign(fever=37.0 if first < 500 else np.nan).iloc[first : first + 250] for first in range(0, N, 250))
    with pytest.raises(ValueError, match="row 500, column `fever`: the value is missing"):
        adapted.predict(frames, out=tmp_path / "p.parquet")
    assert list(tmp_path.iterdir()) == []
    for out, text in [("p.json", "ends in .parquet, .csv"), ("p", "ends in .parquet, .csv")]:
        with pytest.raises(ValueError, match=text):
            adapted.predict(X, out=tmp_path / out)
    with pytest.raises(ValueError, match="no batch"):
        adapted.predict(iter([]), out=tmp_path / "p.parquet")
    assert list(adapted.predict(iter([X.iloc[:0], X.iloc[:3]])))[0].shape == (3,)


@pytest.mark.parametrize("stream", ["dataset", "reader", "frames"])
def test_adaptation_to_batches_is_that_to_the_whole(table_model, adapted, incoming, stream):
    X, folder = incoming
    other, whole = table_model.adapt(STREAMS[stream](X, folder)), table_model.adapt(X)
    assert other.adaptation_ == whole.adaptation_ and other.adaptation_.adapted
    np.testing.assert_array_equal(other.predict_proba(X), whole.predict_proba(X))
    assert table_model.drift(STREAMS[stream](X, folder))["parameters"] == table_model.drift(X)["parameters"]


def test_of_more_than_there_is_room_for_a_subsample_is_adapted_to(table_model, incoming, monkeypatch):
    X, folder = incoming
    monkeypatch.setattr("cama._reading.SUBSAMPLE", 400 * 15 * 4)
    other = table_model.adapt(pa.dataset.dataset(folder))
    assert 300 < other.adaptation_.examples < 600 and other.adaptation_.adapted
    # However it is cut, and by its seed.
    again = table_model.adapt(STREAMS["reader"](X, folder))
    np.testing.assert_array_equal(again.predict_proba(X), other.predict_proba(X))
    assert not np.array_equal(table_model.adapt(X).predict_proba(X), other.predict_proba(X))


def test_a_fit_reads_what_comes_in_batches(incoming):
    from conftest import GRAPH, QUICK

    from cama import CamaClassifier

    X, y = patients(200, 0)
    table = arrow(X.assign(illness=y))
    fit = lambda X: CamaClassifier(graph=GRAPH, target="illness", settings=QUICK, generator="factor", random_state=0).fit(X)
    np.testing.assert_array_equal(fit(table.to_reader(50)).predict_proba(X), fit(table).predict_proba(X))


MEMORY = """
import resource, sys
import numpy as np, pyarrow as pa, cama
clf = cama.load(sys.argv[1])
rows = int(sys.argv[2])
def batches():
    rng = np.random.default_rng(0)
    names = list(clf.feature_names_in_)
    for first in range(0, rows, 10_000):
        yield pa.table({name: rng.normal(size=10_000) for name in names}).to_batches()[0]
list(clf.predict(iter([next(batches())])))
for answer in clf.predict(batches(), rule="direct"):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_rows(tmp_path):
    from conftest import QUICK

    from cama import CamaClassifier

    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    CamaClassifier(settings=QUICK, generator="factor", random_state=0).fit(rng.normal(size=(200, 40)) + y[:, None], y).save(tmp_path / "model")
    peak = lambda rows: int(subprocess.run([sys.executable, "-c", MEMORY, tmp_path / "model", str(rows)], capture_output=True, text=True, check=True).stdout)
    few, many = peak(20_000), peak(200_000)
    # 180,000 rows more are 58 MB as they come.
    assert many - few < 20_000, (few, many)
