"""How to predict: what is given to each call, over what the estimator has."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from conftest import QUICK, moved, patients, run_program

import cama
from cama import CamaClassifier


def test_rules_differ_and_are_those_of_the_estimator(image_model, digits):
    X = digits[0][3000:3040]
    by = {rule: image_model.predict_proba(X, rule=rule) for rule in ("bayes", "direct", "product", "direct-alone")}
    assert not np.array_equal(by["bayes"], by["product"]) and not np.array_equal(by["direct"], by["product"])
    np.testing.assert_array_equal(image_model.predict_proba(X), by["product"])
    other = copy.copy(image_model).set_params(rule="bayes")
    np.testing.assert_array_equal(other.predict_proba(X), by["bayes"])
    np.testing.assert_array_equal(other.predict(X), other.classes_[by["bayes"].argmax(axis=1)])
    np.testing.assert_array_equal(np.exp(other.predict_log_proba(X)), np.exp(np.log(by["bayes"])))


def test_what_is_given_to_a_call_is_as_if_it_were_a_setting(image_model, digits):
    X = image_model.manipulate(digits[0][3000:3020], "rotate:50")
    other = copy.copy(image_model).set_params(settings={**image_model.settings, "predict.m": "mean", "predict.refine": 4})
    np.testing.assert_array_equal(image_model.predict_proba(X, m="mean", refine=4), other.predict_proba(X))
    assert not np.array_equal(image_model.predict_proba(X, m="mean"), other.predict_proba(X))
    assert not np.array_equal(image_model.predict_proba(X, temperature=50.0), image_model.predict_proba(X))
    np.testing.assert_array_equal(image_model.predict_proba(X, m=None, samples=np.int64(10)), image_model.predict_proba(X))


def test_without_the_guard_nothing_is_unexplained(table_model):
    X = patients(50, 0)[0]
    strange = X.assign(**{f"blood{i}": 30.0 * (-1) ** i for i in range(8)})
    assert (table_model.verdicts(strange) == "unexplained").all()
    assert (table_model.verdicts(strange, guard=False) == "as-it-was").all()


def test_searching_needs_a_bank_which_what_is_adapted_keeps(table_model, tmp_path):
    X, y = patients(400, 0)
    with pytest.raises(ValueError, match=r"build_bank\(\)"):
        table_model.predict(X, inference="optimise")
    model = copy.copy(table_model)
    with pytest.raises(ValueError, match=r"build_bank\(\(X, y\)\)"):
        model.build_bank()
    assert model.bank_ is None and model.build_bank((X, y)) is model
    assert {"floor", "tried", "suspicious_above"} <= set(model.bank_) and table_model.bank_ is None
    adapted = model.adapt(moved(X), clean=(X, y))
    assert adapted.bank_ == model.bank_
    # Two sensors are broken; Bayes' rule alone decides.
    broken = X.assign(blood3=40.0, blood4=-40.0)
    decided = model.decide(broken, inference="optimise")
    assert np.mean(model.classes_[decided["probabilities"].argmax(axis=1)] == y) > model.score(broken, y) + 0.1
    assert decided["suspicion"].shape == (400,) and "suspicion" not in model.decide(X)
    np.testing.assert_array_equal(decided["probabilities"], model.predict_proba(broken, inference="optimise", rule="bayes"))
    assert not np.array_equal(model.predict_proba(X, inference="optimise", floor=0.5), model.predict_proba(X, inference="optimise", floor=0.01))
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(cama.load(tmp_path / "model").predict_proba(broken, inference="optimise"), decided["probabilities"])


def test_a_fitted_estimator_makes_its_bank_of_its_training_data():
    X, y = patients(250, 0)
    model = CamaClassifier(settings=QUICK, generator="factor", random_state=0).fit(X, y).build_bank()
    assert model.predict(X, inference="optimise").shape == (250,)


def test_what_is_not_known_is_refused_with_what_is(table_model):
    X, _ = patients(10, 0)
    with pytest.raises(TypeError, match="takes no 'refin' .did you mean 'refine'.*besides the data it takes rule, context"):
        table_model.predict(X, refin=3)
    for how, text in [
        ({"rule": "baies"}, "bayes"),
        ({"context": "all"}, "adapted"),
        ({"m": "median"}, "mean"),
        ({"inference": "search"}, "optimise"),
        ({"samples": 0}, "predict.samples"),
        ({"temperature": -1.0}, "positive"),
    ]:
        with pytest.raises(ValueError, match=text):
            table_model.predict(X, **how)


def test_a_stream_is_that_of_the_program(table_model, program, tmp_path):
    days = [moved(patients(400, 5)[0]), moved(patients(400, 6)[0]), patients(200, 7)[0]]
    states = list(table_model.adapt_stream(days, clean=patients(400, 0)))
    assert [len(states), states[0].adaptation_.adapted] == [3, True]
    y = patients(400, 5)[1]
    assert states[0].score(days[0], y) > table_model.score(days[0], y) + 0.2
    # One after another it is the same; and the first is what an adaptation is.
    second = states[0].adapt(days[1], stream=table_model, clean=patients(400, 0))
    np.testing.assert_array_equal(second.predict_proba(days[1]), states[1].predict_proba(days[1]))
    first = table_model.adapt(days[0], clean=patients(400, 0))
    np.testing.assert_array_equal(first.predict_proba(days[0]), states[0].predict_proba(days[0]))
    clean = patients(400, 0)
    clean[0].assign(illness=clean[1]).to_csv(tmp_path / "clean.csv", index=False)
    for i, day in enumerate(days):
        day.to_csv(tmp_path / f"{i}.csv", index=False)
    table_model.save(tmp_path / "model")
    names = [tmp_path / f"{i}.csv" for i in range(3)]
    run_program(program, "adapt", "--stream", "--model", tmp_path / "model", "--clean", tmp_path / "clean.csv", "--out", tmp_path / "a", "--data", *names)
    again = cama.load(tmp_path / "a")
    np.testing.assert_array_equal(again.predict_proba(days[2]), states[2].predict_proba(days[2]))
    other = CamaClassifier(settings=QUICK, generator="factor", random_state=7).fit(*patients(300, 3))
    with pytest.raises(ValueError, match="another training"):
        states[0].adapt(days[1], stream=other)


def test_searching_is_that_of_the_program(program, tmp_path):
    X, y = patients(400, 0)
    X.assign(illness=y).to_csv(tmp_path / "t.csv", index=False)
    model = CamaClassifier(settings=QUICK, target="illness", generator="factor", random_state=3).fit(X, y)
    model.save(tmp_path / "model")
    run_program(program, "bank", "--model", tmp_path / "model", "--data", tmp_path / "t.csv", "--seed", 3)
    how = ("--inference", "optimise", "--context", "adapted", "--seed", 3)
    run_program(program, "predict", "--model", tmp_path / "model", "--data", tmp_path / "t.csv", "--out", tmp_path / "p.npz", *how)
    theirs = np.load(tmp_path / "p.npz")["probabilities"]
    assert model.build_bank().predict_proba(X, inference="optimise").tobytes() == theirs.tobytes()


def test_rehearsal_tells_which_damage_would_be_repaired(table_model):
    rehearsal = table_model.rehearse(*patients(300, 4))
    assert rehearsal["trials"] and set(rehearsal["thresholds"]) == {"rise", "unexplained", "explained", "field", "gain"}
    assert all(0 <= trial["before"] <= 1 and isinstance(trial["kept"], bool) for trial in rehearsal["trials"])
