"""What a row gets depends on that row alone: not on the others of the call, their order, or how they are cut into batches."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from conftest import GRAPH, QUICK, moved, patients

from cama import CamaClassifier


def the_same(ask, X, take):
    """Answers about the whole, about each alone and about another order are the same to the bit."""
    whole = ask(X)
    n = len(whole)
    alone = np.concatenate([ask(take(X, [i])) for i in range(n)])
    order = np.random.default_rng(0).permutation(n)
    mixed = np.empty_like(whole)
    mixed[order] = ask(take(X, order))
    np.testing.assert_array_equal(alone, whole)
    np.testing.assert_array_equal(mixed, whole)


def rows(X, at):
    return X.iloc[at]


@pytest.mark.parametrize("generator", ["factor", "network"])
@pytest.mark.parametrize("adapted", [False, True])
def test_rows_of_tables(generator, adapted):
    model = CamaClassifier(graph=GRAPH, target="illness", settings=QUICK, generator=generator, random_state=0).fit(*patients(400, 0))
    X = moved(patients(60, 3)[0])
    if adapted:
        model = model.adapt(moved(patients(300, 5)[0]))
        assert model.adaptation_.adapted
    # Some were measured as before.
    X = pd.concat([X.iloc[:40], patients(60, 3)[0].iloc[40:]])
    the_same(model.predict_proba, X, rows)
    the_same(model.verdicts, X, rows)
    the_same(lambda X: model.decide(X)["log_bayes_factor"], X, rows)
    the_same(lambda X: model.restore(X)[["fever", "blood2"]].to_numpy(), X, rows)


@pytest.mark.parametrize("generator", ["factor", "network"])
def test_rows_among_many(generator):
    """Products of matrices are summed in another order from so many rows on."""
    model = CamaClassifier(settings=QUICK, generator=generator, random_state=0).fit(*patients(300, 0))
    X = patients(900, 12)[0]
    whole = model.predict_proba(X)
    for size in (1, 250, 256, 257, 300):
        parts = [model.predict_proba(X.iloc[first : first + size]) for first in range(0, 900 if size > 1 else 60, size)]
        parts = np.concatenate(parts)
        np.testing.assert_array_equal(parts, whole[: len(parts)])


def test_rows_that_are_searched(table_model):
    model = table_model.adapt(moved(patients(300, 5)[0])).build_bank(patients(400, 0))
    X = moved(patients(30, 3)[0])
    the_same(lambda X: model.predict_proba(X, inference="optimise"), X, rows)


def test_images(image_model, digits):
    X = image_model.manipulate(digits[0][2000:2012], "rotate:40")
    take = lambda X, at: X[np.asarray(at)]
    for how in ({}, {"m": "mean"}, {"m": "sample", "context": "none"}, {"m": "mean", "refine": 3}):
        the_same(lambda X, how=how: image_model.predict_proba(X, **how), X, take)
        the_same(lambda X, how=how: image_model.verdicts(X, **how), X, take)


def test_images_that_are_searched(image_model, digits):
    model = copy.copy(image_model).build_bank((digits[0][300:600], digits[1][300:600]))
    assert model.bank_["floor"] >= 0 and image_model.bank_ is None
    X = digits[0][2000:2006]
    the_same(lambda X: model.predict_proba(X, inference="optimise", steps=5), X, lambda X, at: X[np.asarray(at)])


def test_texts_of_numbers_are_read_as_those_of_training_are(table_model):
    """`1,234` is what it is, whatever the texts beside it look like."""
    X = patients(3, 0)[0]
    X["fever"] = ["37.5", "1,037", "38.5"]
    the_same(table_model.predict_proba, X, rows)
    comma = X.assign(fever=["37,5", "1,037", "38,5"])
    with pytest.raises(ValueError, match="decimal comma.*make numbers of the texts"):
        table_model.predict_proba(comma)
    # Asked to look at the batch, it finds out how that is written.
    expected = X.assign(fever=[37.5, 1.037, 38.5])
    np.testing.assert_array_equal(table_model.predict_proba(comma, context="batch"), table_model.predict_proba(expected, context="batch"))


def test_the_batch_counts_only_where_that_is_asked_for(table_model):
    """Whether a row in doubt was manipulated, the share of the others tells."""
    by = lambda X, shift: X.assign(blood2=X["blood2"] - shift, blood5=X["blood5"] + shift, blood0=X["blood0"] + shift)
    model = table_model.adapt(by(patients(400, 5)[0], 4))
    assert model.adaptation_.adapted
    X = patients(200, 8)[0]
    doubtful = by(X.iloc[:40], 2)
    for context in ("adapted", "none"):
        alone = np.concatenate([model.verdicts(doubtful.iloc[[i]], context=context) for i in range(40)])
        np.testing.assert_array_equal(alone, model.verdicts(doubtful, context=context))
    restored = lambda others: (model.verdicts(pd.concat([doubtful, others]), context="batch")[:40] == "restored").sum()
    assert restored(X) < restored(by(X, 4))
