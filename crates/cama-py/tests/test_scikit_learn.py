"""scikit-learn's own checks, all of them."""

from __future__ import annotations

from conftest import QUICK
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from cama import CamaClassifier

#: Checks that are expected to fail, each with why: none.
EXPECTED: dict[str, str] = {}


@parametrize_with_checks([CamaClassifier(settings=QUICK, n_jobs=1)], expected_failed_checks=lambda _: EXPECTED)
def test_scikit_learn(estimator, check):
    check(estimator)


def test_parameters_survive_cloning():
    model = CamaClassifier(graph="g.dot", target="y", mechanisms=("affine",), settings=QUICK, random_state=3)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(context="batch").context == "batch"


def test_it_is_cross_validated():
    from conftest import patients

    X, y = patients(150, 0)
    scores = cross_val_score(CamaClassifier(settings=QUICK, generator="factor", random_state=0), X, y, cv=3)
    assert scores.mean() > 0.8, scores
