"""What is learnt of the data that an estimator is fitted to, before the model is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d, validate_data

from . import _images
from ._cama import Data, learn, roles
from ._options import graph_text
from ._reading import check_labels
from ._report import Listener
from ._tables import Columns, columns_of, columns_of_array, has_columns

#: What is said where the classes are missing.
NO_Y = (
    "This CamaClassifier estimator requires y to be passed, but the target y is None. Give the class of each example, or a "
    "table that has the column `target`"
)


class Learns:
    """Reads labelled data, and learns its classes and columns."""

    def _learn_images(self, X: Any, y: Any) -> Data:
        if y is None:
            raise ValueError(NO_Y)
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        pixels = _images.to_learn(X, self.channels).pixels
        codes = self._learn_classes(y)
        self._order_ = np.arange(len(self.classes_))
        self.n_features_in_ = int(np.prod(pixels.shape[1:]))
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return Data.images("the images", pixels, pixels.shape[1:], codes, [str(name) for name in self.classes_])

    def _learn_table(self, X: Any, y: Any, listener: Listener) -> Data:
        target = self.target
        if has_columns(X):
            source = columns_of(X)
            if y is None and target in source.names:
                y = np.asarray(source.column(target))
            if y is None:
                raise ValueError(NO_Y)
            y = column_or_1d(y, warn=True)
            read = [name for name in source.names if name != target]
            check_rows(source, read)
            check_labels(source.rows, y)
            self.n_features_in_, self.feature_names_in_ = len(read), np.array(read, dtype=object)
        else:
            X, y = validate_data(self, X, y, ensure_all_finite=self._finite())
            source, read = columns_of_array(X, self._names()), self._names()
        codes = self._learn_classes(y)
        while target is None or target in read:
            target = "target" if target is None else target + "_"
        given = self._roles(source, read, target, listener)
        texts = np.array([str(name) for name in self.classes_], dtype=object)
        types = [(str(name), kind) for name, kind in (self.types or {}).items()]
        table = source.table(read, extra=(target, texts[codes].tolist()))
        data, notices = learn(table, target, types=types, missing=self.missing, **given)
        for notice in notices:
            listener.notice(notice)
        self._learn_order(data, codes)
        return data

    def _learn_classes(self, y: np.ndarray) -> np.ndarray:
        """The code of each label, as int64."""
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise ValueError("Input y contains NaN or infinity; give every example a class, or leave it out")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}: give examples of two classes or more")
        return codes.astype(np.int64).reshape(-1)

    def _learn_order(self, data: Data, codes: np.ndarray) -> None:
        """Which of the model's classes each of `classes_` is."""
        labels, kept = data.labels(), codes[data.indices()]
        if self.missing != "drop" and len(kept) != len(codes):
            lost = self.classes_[np.setdiff1d(codes, kept)]
            raise ValueError(f"the classes {list(lost)} are written as missing values are; call them something else")
        pairs = dict(zip(kept.tolist(), labels.tolist()))
        if len(pairs) != len(self.classes_):
            self.classes_ = self.classes_[sorted(pairs)]
        self._order_ = np.array([pairs[code] for code in sorted(pairs)])

    def _roles(self, source: Columns, read: list[str], target: str, listener: Listener) -> dict[str, list[str]]:
        """The columns of each role, those that carry nothing left out where the user has not named them."""
        graph = self.graph
        if graph is not None and self.target is None and not isinstance(graph, Mapping):
            raise ValueError("graph was given without target: say which of its nodes is to be predicted")
        if graph is None:
            constant = source.constant()
            children = [name for name in read if name not in constant]
            if not children:
                raise ValueError("every column of X has one value in all rows: there is nothing to learn from")
            if len(children) < len(read):
                listener.notice(f"{len(read) - len(children)} of {len(read)} columns have one value in all rows and are left out")
            return {"children": children, "parents": [], "co_parents": []}
        if isinstance(graph, Mapping):
            unknown = set(graph) - {"children", "parents", "co_parents"}
            if unknown:
                raise ValueError(f"graph has the keys {sorted(unknown)}: give children, parents and co_parents, or a file")
            return {key: [str(name) for name in graph.get(key, ())] for key in ("children", "parents", "co_parents")}
        found = roles(*graph_text(graph), target)
        for name, reason in found.pop("ignored"):
            if name in read:
                listener.notice(f"column {name!r} is not used: {reason}")
        return found


def check_rows(source: Columns, read: list[str]) -> None:
    """Errors unless there are columns and rows."""
    if not read or source.rows == 0:
        raise ValueError(f"Found array with {len(read)} feature(s) and {source.rows} sample(s): give rows with columns")
