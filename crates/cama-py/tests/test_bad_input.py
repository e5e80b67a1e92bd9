"""What cannot be used is refused by the exception that scikit-learn's users expect, in a sentence that says what to do."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import GRAPH, QUICK, patients
from sklearn.exceptions import NotFittedError

import cama
from cama import CamaClassifier, Restorer

Frame, Y = patients(120, 0)
Digits = np.zeros((20, 28, 28), np.uint8)


def fit(X=Frame, y=Y, **params):
    return CamaClassifier(**{"settings": QUICK, "generator": "factor", "random_state": 0, **params}).fit(X, y)


def graph(**params):
    return fit(**{"graph": GRAPH, "target": "illness", **params})


#: The exception, a part of its sentence, and what is done with a model of the table and one of images.
BAD = [
    (NotFittedError, "Call 'fit'", lambda t, i: CamaClassifier().predict(Frame)),
    (NotFittedError, "Call 'fit'", lambda t, i: next(CamaClassifier().adapt_stream([Frame]))),
    (NotFittedError, "Call 'fit'", lambda t, i: CamaClassifier().build_bank()),
    (NotFittedError, "freeze it", lambda t, i: Restorer(CamaClassifier()).transform(Frame)),
    (ValueError, "requires y", lambda t, i: fit(y=None)),
    (ValueError, "give one class for each row", lambda t, i: fit(y=Y[1:])),
    (ValueError, "give examples of two classes or more", lambda t, i: fit(y=["flu"] * 120)),
    (ValueError, "Unknown label type", lambda t, i: fit(y=np.random.default_rng(0).normal(size=120))),
    (ValueError, "give every example a class, or leave it out", lambda t, i: fit(y=np.where(np.arange(120) == 3, np.nan, np.arange(120) % 2))),
    (ValueError, 'missing="impute"', lambda t, i: fit(X=Frame.assign(fever=Frame["fever"].where(Frame["age"] > 30)))),
    (ValueError, "say which of its nodes", lambda t, i: graph(target=None)),
    (ValueError, "nobody", lambda t, i: graph(target="nobody")),
    (ValueError, "children, parents and co_parents", lambda t, i: graph(graph={"kids": ["fever"]})),
    (TypeError, "an object with `edges`", lambda t, i: graph(graph=3)),
    (OSError, "g.dot", lambda t, i: graph(graph="g.dot")),
    (ValueError, "did you mean `per-column`", lambda t, i: fit(mechanisms=["per-colum"])),
    (ValueError, "give a number of threads", lambda t, i: fit(n_jobs=0)),
    (ValueError, "give its parts as columns", lambda t, i: fit(X=Frame.assign(z=1j))),
    (TypeError, "seconds since a start", lambda t, i: fit(X=Frame.assign(z=pd.Timestamp("2026-01-01")))),
    (TypeError, "give numbers, truth values or texts", lambda t, i: fit(X=Frame.assign(z=[[1]] * 120))),
    (TypeError, "repeat examples that count more", lambda t, i: CamaClassifier().fit(Frame, Y, sample_weight=np.ones(120))),
    (ValueError, "did you mean `epochs`|epochs", lambda t, i: fit(settings={"train.epoch": 1})),
    (TypeError, "give a number, a truth value, a text", lambda t, i: fit(settings={"train.epochs": object()})),
    (ValueError, "X lacks the columns ['blood3']", lambda t, i: t.predict(Frame.drop(columns="blood3"))),
    (ValueError, "west", lambda t, i: t.predict(Frame.assign(region="west"))),
    (ValueError, "the first of them row 7: fill them in, or fit with missing", lambda t, i: t.predict(Frame.assign(region=["west" if at == 7 else "north" for at in range(120)]))),
    (ValueError, "row 5, column `fever`: the value is missing", lambda t, i: t.predict(Frame.assign(fever=Frame["fever"].where(np.arange(120) != 5)))),
    (ValueError, "give [n, columns] or a data frame", lambda t, i: t.predict(Digits)),
    (ValueError, "0 sample", lambda t, i: t.predict(Frame.iloc[:0])),
    (ValueError, "look whether the unit is the same", lambda t, i: t.predict(Frame.assign(fever=1e300))),
    (ValueError, "give one for each row", lambda t, i: t.predict({name: Frame[name].to_numpy()[: 60 + 60 * (name != "age")] for name in Frame})),
    (ValueError, "which the model does not know", lambda t, i: t.adapt(Frame, clean=(Frame, ["?"] * 120))),
    (TypeError, "a tuple (X, y)", lambda t, i: t.adapt(Frame, clean=Frame)),
    (ValueError, "give clean examples", lambda t, i: copy.copy(cama_loaded(t)).build_bank()),
    (ValueError, "give 200 at least", lambda t, i: copy.copy(t).build_bank((Frame, Y))),
    (ValueError, "give some rows", lambda t, i: t.adapt(iter([]))),
    (ValueError, "give channels", lambda t, i: CamaClassifier().fit(np.zeros((4, 5, 5, 5)), [0, 1, 0, 1])),
    (ValueError, "divide by the largest value", lambda t, i: i.predict(Digits.astype(float) + 255)),
    (ValueError, "give uint8 from 0 to 255", lambda t, i: i.predict(Digits.astype(int))),
    (ValueError, "the model reads images of 1 channel(s) and 28×28", lambda t, i: i.predict(Digits[:, :20])),
    (ValueError, "no model folder", lambda t, i: cama.load("nowhere")),
    (ValueError, "unknown|rotat", lambda t, i: i.manipulate(Digits, "rotat:3")),
    (ValueError, "column 'a' has 2 dimensions", lambda t, i: fit(X={"a": np.zeros((120, 2))})),
    (ValueError, "nothing to learn from", lambda t, i: fit(X=pa.table({"a": np.zeros(120)}))),
]


def cama_loaded(model):
    """The same without its training data."""
    import pickle

    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize(("error", "text", "done"), BAD, ids=[text for _, text, _ in BAD])
def test_it_says_what_to_do(table_model, image_model, error, text, done):
    with pytest.raises(error) as raised:
        done(table_model, image_model)
    said = str(raised.value)
    assert any(part in said for part in text.split("|")), said
    # Nothing of the program's flags, and nothing of Rust.
    assert "--" not in said and "panicked" not in said, said
