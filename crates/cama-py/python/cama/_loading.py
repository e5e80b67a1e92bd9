"""Model folders as estimators."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ._cama import Model
from ._classifier import CamaClassifier
from ._options import seed_of


def load(folder: str | os.PathLike[str], **params: Any) -> CamaClassifier:
    """Reads a model folder that `CamaClassifier.save` or the program `cama` wrote.

    Parameters
    ----------
    folder : path
        The folder.
    **params
        Parameters of the estimator, such as `context`, `n_jobs` or `random_state`, which is 0 unless given.

    Returns
    -------
    estimator : CamaClassifier
        Fitted. Its classes are integers if all their names are, and texts otherwise.
    """
    model = Model.load(Path(folder))
    estimator = CamaClassifier(**{"random_state": 0, **params})
    estimator._model = model
    estimator.seed_ = seed_of(estimator.random_state)
    estimator.classes_, estimator._order_ = classes_of(model.classes)
    columns = [name for name, *_ in model.columns]
    if columns:
        estimator.target, estimator.n_features_in_ = model.target, len(columns)
        estimator.feature_names_in_ = np.array(columns, dtype=object)
    else:
        estimator.n_features_in_ = int(np.prod(model.image_shape))
    return estimator


def classes_of(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Sorted classes of a model's, with where the model has each."""
    try:
        classes = np.array([int(text) for text in texts])
        if [str(value) for value in classes] != texts:
            raise ValueError
    except ValueError:
        classes = np.array(texts)
    order = np.argsort(classes, kind="stable")
    return classes[order], order
