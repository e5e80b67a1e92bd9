"""Restorers as ONNX files."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import moved, patients

from cama import CamaWarning, Restorer

onnxruntime = pytest.importorskip("onnxruntime")


def run(path, name, x):
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {name: x.astype(np.float32)})))


def test_a_table_is_restored_as_the_estimator_restores_it(adapted, tmp_path):
    path = tmp_path / "restorer.onnx"
    Restorer(adapted).to_onnx(path, classifier=True)
    X = moved(patients(60, 8)[0])
    numbers = X[adapted.feature_names_in_].assign(cough=X["cough"].astype(float), region=(X["region"] == "south").astype(float))
    found = run(path, "rows", numbers.to_numpy(dtype=np.float64))
    wanted = adapted.restore(X)
    for i, name in enumerate(adapted.feature_names_in_):
        if name.startswith(("fever", "blood")):
            assert np.allclose(found["restored"][:, i], wanted[name], rtol=1e-4, atol=1e-4), name
    assert not np.allclose(wanted["fever"], X["fever"])
    assert np.allclose(found["probabilities"].sum(axis=1), 1, atol=1e-4)


def test_images_and_a_model_that_undoes_nothing(image_model, digits, tmp_path):
    path = tmp_path / "restorer.onnx"
    x = digits[0][500:504, None] / 255
    image_model.to_onnx(path, m="mean", opset=20)
    assert np.abs(run(path, "image", x)["restored"] - x).max() > 0.01
    with pytest.warns(CamaWarning, match="gives back its input"):
        image_model.to_onnx(path, m="null")
    assert np.allclose(run(path, "image", x)["restored"], x, atol=1e-6)
    with pytest.raises(ValueError, match="met no manipulated data"):
        image_model.to_onnx(path)
