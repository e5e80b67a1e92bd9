"""Evaluation: of models of ours and of any other, under manipulations and attacks, as the program's."""

from __future__ import annotations

import json
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import patients, run_program
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import cama
from cama import CamaWarning

NUMBERS = ["fever", *(f"blood{i}" for i in range(8))]


class Numbers:
    """A forest that reads the numeric effects of a table by their names, and remembers who asked it and what."""

    def __init__(self, X, y):
        self.forest = RandomForestClassifier(20, random_state=0).fit(X[NUMBERS], y)
        self.classes_ = self.forest.classes_
        self.threads, self.asked = set(), []

    def predict_proba(self, X):
        self.threads.add(threading.get_ident())
        self.asked.append(X)
        return self.forest.predict_proba(pd.DataFrame({name: np.asarray(X[name]) for name in NUMBERS}))


@pytest.fixture(scope="module")
def forest():
    return Numbers(*patients(400, 0))


def of(report, manipulation, classifier):
    (row,) = report[(report["manipulation"] == manipulation) & (report["classifier"] == classifier)].to_dict("records")
    return row


def test_manipulations_are_judged_for_all(adapted, table_model, forest):
    X, y = patients(300, 21)
    report = cama.evaluate(adapted, X, y, manipulations=["shift:fever:0..2/1", "constant:blood6:0"], against={"mine": forest, "before": table_model})
    assert isinstance(report, pd.DataFrame)
    assert list(report["manipulation"].unique()) == ["none", "shift:fever:0", "shift:fever:1", "shift:fever:2", "constant:blood6:0"]
    assert list(report["classifier"].unique()) == ["cama", "mine", "restored + mine", "before"]
    row = of(report, "none", "cama")
    assert row["accuracy"] == pytest.approx(adapted.score(X, y)) and row["examples"] == 300
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    assert row["restored"] == pytest.approx((adapted.verdicts(X) == "restored").mean())
    assert of(report, "none", "mine")["accuracy"] == pytest.approx((forest.classes_[forest.predict_proba(X).argmax(axis=1)] == y).mean())
    assert of(report, "none", "before")["accuracy"] == pytest.approx(table_model.score(X, y))
    shifted = adapted.manipulate(X, "shift:fever:2")
    assert of(report, "shift:fever:2", "cama")["accuracy"] == pytest.approx(adapted.score(shifted, y))
    # It is asked on the thread of who calls, with the columns that the model does not read, and what was not changed is what it was.
    assert forest.threads == {threading.get_ident()}
    seen = next(each for each in forest.asked if len(each) == 300)
    pd.testing.assert_frame_equal(seen, X)
    assert pd.api.types.is_float_dtype(report["log_loss"]) and "made_on" not in report


def test_it_adapts_to_each_manipulation_if_asked_to(table_model, forest):
    X, y = patients(400, 22)
    options = dict(manipulations=["shift:fever:4+shift:blood2:-3"], against={"mine": forest})
    before = cama.evaluate(table_model, X, y, **options)
    with pytest.raises(TypeError, match="adapt=True adapts a CamaClassifier"):
        cama.evaluate(forest, X, y, adapt=True)
    clean = patients(400, 0)
    model = table_model.adapt(X, clean=clean)
    after = cama.evaluate(model, X, y, adapt=True, **options)
    name = "shift:fever:4+shift:blood2:-3"
    assert of(after, name, "cama")["accuracy"] > of(before, name, "cama")["accuracy"] + 0.1
    assert of(after, name, "restored + mine")["accuracy"] > of(after, name, "mine")["accuracy"] + 0.1


@pytest.mark.parametrize("frame", [lambda X: X, pl.from_pandas, lambda X: {name: X[name].to_numpy() for name in X}])
def test_any_classifier_is_judged_alone(forest, frame):
    X, y = patients(200, 23)
    report = cama.evaluate(forest, frame(X), y, manipulations=["shift:fever:2", "permute:cough"], attacks=["square:0.5:steps=20"], attack_limit=40, attack_columns=NUMBERS)
    assert list(report["classifier"].unique()) == ["Numbers"]
    clean, shifted, attacked = (of(report, name, "Numbers")["accuracy"] for name in ("none", "shift:fever:2", "square:0.5:steps=20"))
    assert clean > 0.8 and attacked < clean - 0.1 and shifted < clean
    assert type(forest.asked[-1]) is type(frame(X))


def test_attacks_are_made_on_each_and_transferred(adapted, forest):
    X, y = patients(120, 24)
    with pytest.warns(CamaWarning, match="`mine` has no gradient to follow, so `pgd` is not made on it.*transfer="):
        report = cama.evaluate(
            adapted, X, y, attacks=["pgd:1:steps=5", "square:1:steps=15"], against={"mine": forest}, transfer=adapted, attack_limit=50,
            attack_columns=["blood*"], attack_ranges={"blood1": (-2.0, None)}, attack_eps={"blood0": 0.5},
        )  # fmt: skip
    attacked = report[report["manipulation"] != "none"]
    made = set(zip(attacked["manipulation"].str.split(":").str[0], attacked["made_on"], attacked["classifier"]))
    assert {("pgd", "cama", "cama"), ("pgd", "model", "mine"), ("square", "mine", "mine"), ("square", "cama", "cama")} <= made
    assert ("pgd", "mine", "mine") not in made and (attacked["examples"] == 50).all()
    changed = forest.asked[-1]
    moved_by = np.abs(changed["blood0"] - X.loc[changed.index, "blood0"])
    assert 0 < moved_by.max() <= 0.5 + 1e-4 and (changed["fever"] == X.loc[changed.index, "fever"]).all()


def test_rows_are_those_of_the_program(image_model, program, digits, tmp_path):
    X, y = digits[0][5000:5080], digits[1][5000:5080]
    np.savez(tmp_path / "d.npz", x=X, y=y.astype(np.int64))
    image_model.save(tmp_path / "model")
    page = tmp_path / "program.html"
    printed = run_program(program, "evaluate", "--model", tmp_path / "model", "--data", tmp_path / "d.npz", "--manipulate", "rotate:20", "--attack", "pgd:0.1:steps=2", "square:0.1:steps=5",
                          "--attack-limit", 20, "--json", "--context", "adapted", "--page", page)  # fmt: skip
    theirs = [json.loads(line) for line in printed.splitlines()]
    report = cama.evaluate(image_model, X, y, manipulations=["rotate:20"], attacks=["pgd:0.1:steps=2", "square:0.1:steps=5"], attack_limit=20, every_rule=True)
    assert len(report) == len(theirs) == 16
    for mine, row in zip(report.to_dict("records"), theirs):
        assert (mine["classifier"], mine["manipulation"], mine["accuracy"], mine["log_loss"]) == (
            row["classifier"], row["manipulation"], row["accuracy"], -row["log_likelihood"])  # fmt: skip
    report.to_html(tmp_path / "mine.html")
    same = lambda path: path.read_text().replace(str(tmp_path / "d.npz"), "the images")
    assert same(tmp_path / "mine.html") == same(page) and "Under attacks" in same(page)


def test_a_page_is_written_and_the_rest_is_pandas(adapted, tmp_path):
    X, y = patients(60, 25)
    report = cama.evaluate(adapted, X, y, manipulations=["shift:fever:1"])
    assert report.to_html(tmp_path / "page.html") is None
    text = (tmp_path / "page.html").read_text()
    assert text.startswith("<!DOCTYPE html>") and "shift:fever:1" in text and "How right classifiers stay" in text
    assert report.to_html().startswith("<table") and type(report.head(1)) is pd.DataFrame
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_images_come_to_others_as_they_were_given(image_model, digits):
    X, y = digits[0][:300], digits[1][:300]
    flat = make_pipeline(StandardScaler(), LogisticRegression(max_iter=50)).fit(X.reshape(300, -1), y)
    seen = []

    class Images:
        classes_ = np.arange(10)

        def predict_proba(self, X):
            seen.append((X.shape[1:], X.dtype))
            return flat.predict_proba(X.reshape(len(X), -1))

    report = cama.evaluate(image_model, X[:40, :, :, None], y[:40], manipulations=["invert"], against={"flat": flat, "images": Images()})
    assert set(seen) == {((28, 28, 1), np.dtype("uint8"))}
    assert of(report, "invert", "flat")["accuracy"] == of(report, "invert", "images")["accuracy"] < of(report, "none", "flat")["accuracy"]
    alone = cama.evaluate(flat, X[:40], y[:40], attacks=["square:0.3:steps=10"], attack_limit=20)
    assert list(alone["classifier"]) == ["Pipeline", "Pipeline"] and alone["accuracy"].is_monotonic_decreasing


def test_models_of_ours_within_others_do_not_hang(table_model):
    """Threads that wait for an answer are none that the answer needs."""
    X, y = patients(120, 26)

    class Within:
        classes_ = table_model.classes_

        def predict_proba(self, X):
            results = []
            other = threading.Thread(target=lambda: results.append(table_model.predict_proba(X)))
            other.start()
            other.join(60)
            return results[0]

    report = cama.evaluate(table_model, X, y, attacks=["square:1:steps=5"], against={"within": Within()})
    assert of(report, "none", "within")["accuracy"] == of(report, "none", "cama")["accuracy"]


def test_what_cannot_be_judged_is_refused_with_what_to_do(adapted, table_model, forest, image_model, digits):
    X, y = patients(60, 27)

    class Broken:
        classes_ = adapted.classes_

        def predict_proba(self, X):
            raise ZeroDivisionError("mine")

    class Short(Broken):
        def predict_proba(self, X):
            return np.ones((1, 3)) / 3

    class Others(Short):
        classes_ = np.array(["flu", "gout"])

        def predict_proba(self, X):
            return np.ones((len(X), 2)) / 2

    ridge = RidgeClassifier().fit(X[NUMBERS], y)
    for error, text, options in [
        (ZeroDivisionError, "mine", {"against": {"b": Broken()}}),
        (ValueError, "one row of probabilities for each", {"against": {"b": Short()}}),
        (ValueError, "are to be the same", {"against": {"b": Others()}}),
        (TypeError, "CalibratedClassifierCV", {"against": {"b": ridge}}),
        (ValueError, "did you mean `rotate`|unknown|shift", {"manipulations": ["rotat:3"]}),
        (ValueError, "pgd", {"attacks": ["pgdd:1"]}),
        (TypeError, "give a list of them", {"attacks": "pgd:1"}),
        (ValueError, "fevers", {"attacks": ["square:1"], "attack_columns": ["fevers"]}),
        (ValueError, "attack_ranges", {"attacks": ["sparse-rs:2"]}),
        (ValueError, "cannot make examples of this data", {"transfer": image_model}),
    ]:
        with pytest.raises(error, match=text):
            cama.evaluate(adapted, X, y, **options)
    with pytest.raises(ValueError, match="does not know"):
        cama.evaluate(adapted, X, np.where(y == "flu", "gout", y))


def test_ctrl_c_ends_an_evaluation():
    import subprocess
    import sys

    code = """
import os, signal, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np, cama
from cama import CamaClassifier
rng = np.random.default_rng(0)
y = rng.integers(0, 2, 400); X = rng.normal(size=(400, 4)) + y[:, None]
clf = CamaClassifier(generator="factor", settings={"direct.epochs": 2, "model.network.hidden": 16}).fit(X, y)
class Slow:
    classes_ = np.array([0, 1])
    def predict_proba(self, X):
        time.sleep(0.01)
        return np.full((len(X), 2), 0.5)
sent = []
def send():
    time.sleep(1.0); sent.append(time.monotonic()); os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=send).start()
try:
    cama.evaluate(clf, X, y, attacks=["square:0.1:steps=100000"], against={"slow": Slow()})
except KeyboardInterrupt:
    print(time.monotonic() - sent[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout and float(done.stdout) < 1.0, done.stderr
