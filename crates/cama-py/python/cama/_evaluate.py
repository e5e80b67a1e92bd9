"""How right classifiers stay when data is manipulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from ._classifier import CamaClassifier


def evaluate(
    estimator: CamaClassifier,
    X: Any,
    y: Any,
    *,
    manipulations: Iterable[str] = (),
    against: Mapping[str, Any] | None = None,
    adapt: bool = False,
    random_state: Any = 0,
) -> Any:
    """Judges a classifier, and others beside it, on labelled data as it is and after manipulations.

    Parameters
    ----------
    estimator : CamaClassifier
        Fitted.
    X : table or images
    y : array-like of shape (n,)
        The classes.
    manipulations : iterable of str
        As for `CamaClassifier.manipulate`.
    against : dict of str to fitted classifiers, optional
        Classifiers of any library with `predict`, by what they are to be called. Beside each, named `restored + `
        and its name, stands the same classifier on what the estimator restores.
    adapt : bool, default=False
        Whether to adapt to each manipulated data set, without its labels, before it is judged.
    random_state : int, RandomState or None, default=0
        The seed of the manipulations.

    Returns
    -------
    judged : pandas.DataFrame
        One row for each manipulation and classifier: `manipulation`, `classifier`, `accuracy`; `log_loss` in nats where the
        classifier has `predict_proba`; of the estimator also the shares `restored` and `unexplained`.
    """
    import pandas

    y, judged = np.asarray(y), []
    for manipulation in ("none", *manipulations):
        data = X if manipulation == "none" else estimator.manipulate(X, manipulation, random_state=random_state)
        model = estimator.adapt(data) if adapt else estimator
        decided = model.decide(data)
        chosen = model.classes_[decided["probabilities"].argmax(axis=1)]
        judged.append(
            {
                "manipulation": manipulation,
                "classifier": "cama",
                "accuracy": np.mean(chosen == y),
                "log_loss": log_loss(y, decided["probabilities"], labels=model.classes_),
                "restored": np.mean(decided["verdict"] == "restored"),
                "unexplained": np.mean(decided["verdict"] == "unexplained"),
            }
        )
        restored = model.restore(data) if against else None
        for name, other in (against or {}).items():
            for called, given in ((name, data), (f"restored + {name}", restored)):
                judged.append({"manipulation": manipulation, "classifier": called, **_judge(other, given, y)})
    return pandas.DataFrame(judged)


def _judge(classifier: Any, X: Any, y: np.ndarray) -> dict[str, float]:
    """Accuracy and log loss; images are given as rows of pixels where a classifier of scikit-learn reads nothing else."""
    if getattr(X, "ndim", 2) > 2 and getattr(classifier, "n_features_in_", None) == int(np.prod(X.shape[1:])):
        X = X.reshape(len(X), -1)
    result = {"accuracy": np.mean(classifier.predict(X) == y)}
    if hasattr(classifier, "predict_proba"):
        result["log_loss"] = log_loss(y, classifier.predict_proba(X), labels=classifier.classes_)
    return result
