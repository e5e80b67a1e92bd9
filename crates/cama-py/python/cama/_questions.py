"""Questions about changed data to classifiers of any library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from . import _images
from ._cama import Data
from ._classifier import CamaClassifier
from ._report import Listener
from ._tables import Columns, columns_of, columns_of_array, has_columns, taken

#: Texts that are the second of two values.
TRUE = ("true", "yes", "t", "y", "on", "1")


class Questions:
    """Labelled data as a model of ours reads it, and classifiers that are asked about it in the form that it came in.

    Parameters
    ----------
    X : table or images
    y : array-like of shape (n,)
    reader : CamaClassifier or None
        Whose columns, standard deviations and classes are taken; those of X and y where there is none.
    classifiers : list
        The classifiers, by their places.
    """

    def __init__(self, X: Any, y: Any, reader: CamaClassifier | None, classifiers: list[Any]) -> None:
        self.X, self.classifiers = X, classifiers
        self.whose = "the first of the CamaClassifiers" if reader is not None else "X"
        if reader is None:
            reader = CamaClassifier()
            with Listener(False) as listener:
                is_images = _images.is_images(X)
                self.data = reader._learn_images(X, y) if is_images else reader._learn_table(X, y, listener)
            shape = None if not is_images else _images.to_learn(X[:1], None).pixels.shape[1:]
            self._model = None
        else:
            check_is_fitted(reader)
            self.data, shape, self._model = reader._labelled(X, y), reader.image_shape_, reader._fitted()
        #: The classes in the order of the data's labels.
        self.classes = reader.classes_[np.argsort(reader._order_)]
        self.noun = "row" if shape is None else "image"
        self._give = self._of_table(reader) if shape is None else self._of_images(shape)

    def reads(self, other: Any) -> bool:
        """Whether it is a model of ours that reads the data as it is."""
        return isinstance(other, CamaClassifier) and self._model is not None and self._model.reads_like(other._fitted())

    def ask(self, which: int, data: Data) -> np.ndarray:
        """Probabilities that a classifier gives for data that was changed, float64 `[n, classes]`."""
        classifier = self.classifiers[which]
        if not hasattr(classifier, "predict_proba"):
            raise TypeError(
                f"{type(classifier).__name__} has no predict_proba: give a classifier that has one, such as "
                "CalibratedClassifierCV of scikit-learn around it"
            )
        given = self._give(data)
        if getattr(given, "ndim", 2) > 2 and getattr(classifier, "n_features_in_", None) == int(np.prod(given.shape[1:])):
            given = given.reshape(len(given), -1)
        probabilities = np.asarray(classifier.predict_proba(given), dtype=np.float64)
        if probabilities.ndim != 2 or len(probabilities) != len(data) or not np.isfinite(probabilities).all():
            raise ValueError(
                f"predict_proba of {type(classifier).__name__} gave an array of shape {probabilities.shape} for {len(data)} "
                "examples, or numbers that are not finite: it is to give one row of probabilities for each"
            )
        return np.ascontiguousarray(probabilities[:, self._columns(classifier, probabilities.shape[1])])

    def _columns(self, classifier: Any, n: int) -> list[int]:
        """Which column of the classifier is each class."""
        known = getattr(classifier, "classes_", None)
        known = sorted(self.classes.tolist()) if known is None else np.asarray(known).tolist()
        lost = [name for name in self.classes.tolist() if name not in known]
        if lost or len(known) != n:
            raise ValueError(f"{type(classifier).__name__} has the classes {known}, y has {self.classes.tolist()}: they are to be the same")
        return [known.index(name) for name in self.classes.tolist()]

    def _of_images(self, shape: tuple[int, ...]) -> Callable[[Data], Any]:
        back = _images.to_read(np.asarray(self.X)[:1], tuple(shape)).back
        return lambda data: back(data.pixels().reshape(-1, *shape))

    def _of_table(self, reader: CamaClassifier) -> Callable[[Data], Any]:
        before = self.data.columns()
        place = {index: i for i, index in enumerate(self.data.indices().tolist())}

        def give(data: Data) -> Any:
            rows = data.indices()
            at = [place[index] for index in rows.tolist()]
            X = taken(self.X, rows)
            source = columns_of(X) if has_columns(X) else columns_of_array(np.asarray(X), reader._names())
            new = {}
            for name, after in data.columns().items():
                if isinstance(after, list):
                    if after != [before[name][i] for i in at]:
                        new[name] = as_before(source, name, after)
                elif (changed := after != before[name][at]).any():
                    new[name] = np.where(changed, after, source.numbers(name))
            return source.replaced(new)

        return give


def as_before(source: Columns, name: str, texts: list[str]) -> Any:
    """The values of a category or of two, of the type that the column has."""
    column = source.column(name)
    if isinstance(column, list):
        return texts
    if column.dtype == np.uint8:
        return np.array([text.lower() in TRUE for text in texts])
    return np.array([float(text) for text in texts]).astype(column.dtype)
