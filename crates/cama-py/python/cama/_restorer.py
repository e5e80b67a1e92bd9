"""A restorer before any classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted


class Restorer(TransformerMixin, BaseEstimator):
    """Undoes what was done to data, for any classifier that reads it next.

    Parameters
    ----------
    estimator : CamaClassifier
        Fitted, and adapted to data like that which comes in. One that was not adapted changes nothing.
    flatten : bool, default=False
        Whether images come out as rows of their pixels, `[n, pixels]`, as classifiers of scikit-learn read them.

    Examples
    --------
    A pipeline does not copy what is frozen, and so keeps both fitted:

    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.pipeline import make_pipeline
    >>> pipe = make_pipeline(
    ...     FrozenEstimator(Restorer(adapted)), FrozenEstimator(classifier)
    ... )  # doctest: +SKIP
    """

    def __init__(self, estimator: Any, *, flatten: bool = False) -> None:
        self.estimator = estimator
        self.flatten = flatten

    def fit(self, X: Any = None, y: Any = None) -> Restorer:
        """Learns nothing: all is in the estimator, which must be fitted."""
        self._check()
        return self

    def transform(self, X: Any) -> Any:
        """The same data with what was done to it undone; see `CamaClassifier.restore`."""
        self._check()
        restored = self.estimator.restore(X)
        return restored.reshape(len(restored), -1) if self.flatten and isinstance(restored, np.ndarray) else restored

    def to_onnx(self, path: Any, **options: Any) -> None:
        """Writes it as an ONNX file; see `CamaClassifier.to_onnx`."""
        self._check()
        self.estimator.to_onnx(path, **options)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns, which stay as they are."""
        self._check()
        if input_features is not None:
            return np.asarray(input_features, dtype=object)
        return self.estimator.feature_names_in_

    def _check(self) -> None:
        try:
            check_is_fitted(self.estimator)
        except NotFittedError as error:
            raise NotFittedError(
                "the estimator of this Restorer is not fitted: give one that is, and in a pipeline freeze it, as in "
                "FrozenEstimator(Restorer(adapted))"
            ) from error

    def __sklearn_is_fitted__(self) -> bool:
        return self.estimator.__sklearn_is_fitted__()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
