"""Classifiers that stay correct when their input is manipulated in ways that training never showed.

`CamaClassifier` is a scikit-learn estimator for tables and images. Fitted to clean, labelled data, its
method `adapt` makes another one of it that copes with unlabelled data of the changed world, and
`restore` undoes what was done to data. `Restorer` puts that before any other classifier, `evaluate` judges
classifiers of any library under manipulations and attacks, and `Predict` and `Restore` work within Ray and Spark.

>>> from cama import CamaClassifier, Restorer, evaluate, load  # doctest: +SKIP
"""

from ._cama import __version__
from ._classifier import CamaClassifier
from ._engines import Predict, Restore
from ._evaluate import evaluate
from ._loading import load
from ._options import How
from ._report import Adaptation, CamaWarning
from ._restorer import Restorer

__all__ = ["Adaptation", "CamaClassifier", "CamaWarning", "How", "Predict", "Restore", "Restorer", "__version__", "evaluate", "load"]
