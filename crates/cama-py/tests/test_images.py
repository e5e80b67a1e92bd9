"""Images: layouts, types, restoration, and a classifier behind it."""

from __future__ import annotations

import numpy as np
from conftest import QUICK_IMAGES
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from cama import CamaClassifier, Restorer


def test_layouts_and_types_do_not_matter(image_model, digits):
    X = digits[0][1000:1020]
    expected = image_model.predict_proba(X)
    floats = X.astype(np.float32) / np.float32(255)
    for other in (X[:, None], X[..., None], X.reshape(20, -1), floats, floats[:, None]):
        np.testing.assert_array_equal(image_model.predict_proba(other), expected)
        back = image_model.restore(other)
        assert (back.shape, back.dtype) == (other.shape, other.dtype)
        np.testing.assert_array_equal(back, other)
    np.testing.assert_allclose(image_model.predict_proba(X / 255), expected, atol=1e-6)
    assert image_model.image_shape_ == (1, 28, 28) and image_model.n_features_in_ == 784
    assert list(image_model.classes_) == list(range(10))


def test_colours_stand_first_or_last(digits):
    X = np.repeat(digits[0][:60, None, ::4, ::4], 3, axis=1)
    y = digits[1][:60] % 2
    settings = {**QUICK_IMAGES, "train.epochs": 1, "dream.steps": 5, "model.network.trunk.layers": 1}
    first = CamaClassifier(settings=settings, random_state=0).fit(X, y)
    last = CamaClassifier(settings=settings, random_state=0).fit(np.moveaxis(X, 1, 3), y)
    np.testing.assert_array_equal(first.predict_proba(X), last.predict_proba(X))
    assert first.image_shape_ == last.image_shape_ == (3, 7, 7)


def test_a_classifier_behind_a_restorer_reads_shifted_digits(digits):
    X, y = digits[0] / np.float32(255), digits[1]
    train, test = slice(0, 3000), slice(50_000, 50_300)
    classifier = LogisticRegression(C=0.01, max_iter=300).fit(X[train].reshape(3000, -1), y[train])
    rng = np.random.default_rng(0)
    down = rng.integers(-6, 7, 300)
    moved = np.stack([np.roll(image, by, axis=0) for image, by in zip(X[test], down)]).reshape(300, -1)

    settings = {
        **QUICK_IMAGES,
        "model.z": 32,
        "model.network.hidden": 64,
        "model.network.trunk.channels": 8,
        "train.epochs": 3,
        "train.validation": 60,
        "dream.steps": 700,
        "direct.channels": 8,
        "direct.epochs": 2,
        "adapt.steps": 30,
        "adapt.validate_every": 30,
    }
    model = CamaClassifier(mechanisms=["affine"], settings=settings, random_state=0).fit(X[train], y[train])
    adapted = model.adapt(moved)
    assert adapted.adaptation_.adapted, adapted.adaptation_
    pipe = make_pipeline(FrozenEstimator(Restorer(adapted)), FrozenEstimator(classifier))
    clean, before, after = classifier.score(X[test].reshape(300, -1), y[test]), classifier.score(moved, y[test]), pipe.score(moved, y[test])
    print(f"logistic regression: clean {clean:.3f}, shifted {before:.3f}, restored {after:.3f}")
    assert before < 0.6 and after > before + 0.15, (clean, before, after)
