"""Tables: what is read, what is said of them, and that containers do not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import EFFECTS, GRAPH, QUICK, moved, patients

from cama import CamaClassifier

CONTAINERS = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "dict": lambda frame: {name: frame[name].to_numpy() for name in frame},
}


def test_what_was_fitted_is_told(table_model):
    assert list(table_model.classes_) == ["cold", "flu", "plague"]
    assert list(table_model.feature_names_in_) == [*EFFECTS, "region", "age"]
    assert table_model.n_features_in_ == 12
    assert table_model.roles_ == {"children": EFFECTS, "parents": ["region"], "co_parents": ["age"]}
    assert table_model.adaptation_ is None and table_model.image_shape_ is None


def test_it_classifies(table_model):
    X, y = patients(400, 1)
    assert table_model.score(X, y) > 0.85
    probabilities = table_model.predict_proba(X)
    assert probabilities.shape == (400, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    assert (table_model.classes_[probabilities.argmax(axis=1)] == table_model.predict(X)).all()
    assert set(table_model.verdicts(X)) <= {"as-it-was", "unexplained"}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_and_the_order_of_columns_do_not_matter(table_model, container):
    X, _ = patients(60, 2)
    expected = table_model.predict_proba(X)
    mixed = X[sorted(X.columns, reverse=True)].assign(other=1.0)
    np.testing.assert_array_equal(table_model.predict_proba(CONTAINERS[container](mixed)), expected)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_fit_does_not_depend_on_the_container(container):
    X, y = patients(150, 0)
    fit = lambda X: CamaClassifier(graph=GRAPH, target="illness", settings=QUICK, generator="factor", random_state=0).fit(X, y)
    other = fit(CONTAINERS[container](X))
    np.testing.assert_array_equal(other.predict_proba(X), fit(X).predict_proba(X))
    assert list(other.feature_names_in_) == list(X.columns)


@pytest.mark.parametrize("container", CONTAINERS)
def test_it_adapts_and_restores(table_model, adapted, container):
    X, y = patients(400, 5)
    incoming = moved(X)
    assert adapted.adaptation_.outcome == "adapted" and adapted.adaptation_.adapted
    assert adapted.score(incoming, y) > table_model.score(incoming, y) + 0.4
    assert (adapted.verdicts(incoming) == "restored").mean() > 0.9
    restored = adapted.restore(CONTAINERS[container](incoming))
    assert type(restored) is type(CONTAINERS[container](incoming))
    column = lambda name: np.asarray(restored[name])
    assert abs(np.mean(column("fever") - X["fever"])) < 0.3
    # What m does not act on is what it was, and the first model is as it was.
    assert (column("age") == X["age"]).all() and (column("region") == X["region"].to_numpy()).all()
    assert table_model.adaptation_ is None
    decisions = adapted.decide(incoming)
    assert decisions["m"].shape == (400, len(decisions["parameters"])) == decisions["m_sd"].shape
    at = [name for name, _ in decisions["parameters"]].index("blood2 shift")
    assert abs(decisions["m"][0, at] + 4) < 0.5, decisions["m"][0, at]


@pytest.mark.parametrize("container", CONTAINERS)
def test_an_adaptation_does_not_depend_on_the_container(table_model, adapted, container):
    incoming = moved(patients(400, 5)[0])
    other = table_model.adapt(CONTAINERS[container](incoming))
    np.testing.assert_array_equal(other.predict_proba(incoming), adapted.predict_proba(incoming))


def test_rows_that_nothing_was_done_to_come_back_to_the_bit(table_model):
    X, _ = patients(50, 7)
    pd.testing.assert_frame_equal(table_model.restore(X), X)


def test_drift_tells_what_changed(table_model):
    X, _ = patients(300, 8)
    drift = table_model.drift(moved(X))
    changed = {each["name"]: each["value"] for each in drift["parameters"]}
    assert abs(changed["blood2 shift"] + 4) < 0.6 and abs(changed["blood0 shift"]) < 0.6
    assert drift["examples"] == 300 and len(drift["shares_now"]) == 3


def test_graphs_come_in_several_forms(tmp_path):
    X, y = patients(150, 0)
    (tmp_path / "g.dot").write_text(GRAPH)

    class Edges:
        edges = [*(("illness", effect) for effect in EFFECTS), ("age", "blood1"), ("region", "illness")]

    forms = [
        GRAPH,
        tmp_path / "g.dot",
        str(tmp_path / "g.dot"),
        Edges(),
        {"children": EFFECTS, "parents": ["region"], "co_parents": ["age"]},
    ]
    fitted = [
        CamaClassifier(graph=form, target="illness", settings=QUICK, generator="factor", random_state=0).fit(X, y) for form in forms
    ]
    for model in fitted[1:]:
        assert model.roles_ == fitted[0].roles_
        np.testing.assert_array_equal(model.predict_proba(X), fitted[0].predict_proba(X))


def test_the_target_may_be_a_column():
    X, y = patients(150, 0)
    options = dict(graph=GRAPH, target="illness", settings=QUICK, generator="factor", random_state=0)
    with_column = CamaClassifier(**options).fit(X.assign(illness=y))
    assert list(with_column.feature_names_in_) == list(X.columns)
    np.testing.assert_array_equal(with_column.predict_proba(X.assign(illness=y)), CamaClassifier(**options).fit(X, y).predict_proba(X))


@pytest.mark.parametrize("labels", [[False, True], [3, -1], [0.0, 1.0, 3.0], ["b", "a"], list(range(12))])
def test_classes_are_those_that_were_given(labels):
    rng = np.random.default_rng(0)
    codes = np.arange(120) % len(labels)
    y = np.array(labels)[codes]
    X = rng.normal(size=(120, 3)) * 0.1 + np.stack([codes, np.cos(codes), np.sin(codes)], axis=1)
    model = CamaClassifier(generator="factor", settings=QUICK, random_state=0).fit(X, y)
    assert model.classes_.dtype == y.dtype and list(model.classes_) == sorted(labels)
    assert model.score(X, y) > 0.9


def test_missing_values_are_imputed_where_that_is_asked_for():
    X, y = patients(180, 0)
    X.loc[::7, "fever"], X.loc[::9, "region"] = np.nan, None
    model = CamaClassifier(graph=GRAPH, target="illness", settings=QUICK, generator="factor", missing="impute", random_state=0)
    assert model.fit(X, y).score(X, y) > 0.7
    dropping = model.set_params(missing="drop").fit(X, y)
    with pytest.raises(ValueError, match="rows of X have missing values"):
        dropping.predict(X)
    assert dropping.predict(X.dropna()).shape == (len(X.dropna()),)


def test_settings_are_checked():
    X, y = patients(120, 0)
    for settings, text in [({"train.epoch": 1}, "epochs"), ({"trian.epochs": 1}, "train"), ({"train.epochs": 0}, "train.epochs")]:
        with pytest.raises(ValueError, match=text):
            CamaClassifier(settings=settings).fit(X, y)
    model = CamaClassifier(settings={**QUICK, "predict.samples": 0}, generator="factor").fit(X, y)
    with pytest.raises(ValueError, match="predict.samples"):
        model.predict(X)
