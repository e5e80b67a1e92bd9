"""Folders, pickles, the program beside it."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pytest
from conftest import GRAPH, QUICK, QUICK_IMAGES, moved, patients, run_program, settings_flags

import cama
from cama import CamaClassifier


def test_pickles_and_copies_predict_the_same(adapted, image_model, digits, tmp_path):
    X, _ = patients(50, 6)
    joblib.dump(adapted, tmp_path / "model.joblib")
    for model, data in ((adapted, X), (image_model, digits[0][500:510])):
        expected = model.predict_proba(data)
        for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            np.testing.assert_array_equal(again.predict_proba(data), expected)
            assert again.get_params() == model.get_params() and again.adaptation_ == model.adaptation_
    np.testing.assert_array_equal(joblib.load(tmp_path / "model.joblib").predict_proba(X), adapted.predict_proba(X))
    # The training data is not shipped.
    assert len(pickle.dumps(image_model)) < 2_000_000


def test_folders_predict_the_same(adapted, tmp_path):
    X, _ = patients(50, 6)
    adapted.save(tmp_path / "model")
    again = cama.load(tmp_path / "model", random_state=0)
    np.testing.assert_array_equal(again.predict_proba(X), adapted.predict_proba(X))
    assert list(again.classes_) == list(adapted.classes_) and again.adaptation_ == adapted.adaptation_
    with pytest.raises(ValueError, match="no model folder"):
        cama.load(tmp_path)


def test_tables_are_as_the_program_has_them(program, tmp_path):
    """The same seed and data give the same model, and the same probabilities to the bit."""
    X, y = patients(400, 0)
    incoming = moved(X)
    frame = X.assign(illness=y)
    frame.to_csv(tmp_path / "t.csv", index=False)
    incoming.to_csv(tmp_path / "moved.csv", index=False)
    (tmp_path / "g.dot").write_text(GRAPH)
    seed, settings = 3, {**QUICK, "model.network.hidden": 24}
    run_program(program, "train", "--data", tmp_path / "t.csv", "--graph", tmp_path / "g.dot", "--target", "illness", "--seed", seed,
        "--out", tmp_path / "model", *settings_flags(settings))  # fmt: skip
    run_program(program, "adapt", "--model", tmp_path / "model", "--data", tmp_path / "moved.csv", "--seed", seed, "--out", tmp_path / "adapted")
    model = CamaClassifier(graph=tmp_path / "g.dot", target="illness", settings=settings, random_state=seed).fit(X, y)
    adapted = model.adapt(incoming, settings={"dream.steps": 2000})
    for name, mine, data in (("model", model, "t"), ("adapted", adapted, "moved"), ("adapted", adapted, "t")):
        run_program(program, "predict", "--model", tmp_path / name, "--data", tmp_path / f"{data}.csv", "--seed", seed, "--out", tmp_path / "p.npz", "--force")
        theirs = np.load(tmp_path / "p.npz")
        rows = X if data == "t" else incoming
        loaded = cama.load(tmp_path / name, random_state=seed, context="batch")
        for each in (loaded, mine.set_params(context="batch")):
            decided = each.decide(rows)
            assert decided["probabilities"].tobytes() == theirs["probabilities"].tobytes(), name
            assert list(decided["verdict"]) == [text.decode() if isinstance(text, bytes) else text for text in theirs["verdict"]]
            assert decided["log_px"].tobytes() == theirs["log_px"].tobytes()
    # What was found is the same by the context that was kept, on the data that it was adapted to.
    by_batch = adapted.set_params(context="batch").predict_proba(incoming)
    np.testing.assert_array_equal(adapted.set_params(context="adapted").predict_proba(incoming), by_batch)


def test_images_are_as_the_program_has_them(program, digits, tmp_path):
    X, y = digits[0][:190], digits[1][:190].astype(np.int64)
    np.savez(tmp_path / "digits.npz", x=X, y=y)
    run_program(program, "train", "--data", tmp_path / "digits.npz", "--seed", 5, "--out", tmp_path / "model", *settings_flags(QUICK_IMAGES))
    run_program(program, "predict", "--model", tmp_path / "model", "--data", tmp_path / "digits.npz", "--seed", 5, "--out", tmp_path / "p.npz")
    model = CamaClassifier(settings=QUICK_IMAGES, random_state=5).fit(X, y)
    theirs = np.load(tmp_path / "p.npz")["probabilities"]
    for each in (model, cama.load(tmp_path / "model", random_state=5)):
        assert each.predict_proba(X).tobytes() == theirs.tobytes()
        assert list(each.classes_) == list(range(10))
