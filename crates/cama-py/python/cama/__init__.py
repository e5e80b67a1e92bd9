"""Classifiers that stay correct when their input is manipulated in ways that training never showed.

`CamaClassifier` is a scikit-learn estimator for tables and images. Fitted to clean, labelled data, its
method `adapt` makes another one of it that copes with unlabelled data of the changed world, and
`restore` undoes what was done to data. `Restorer` puts that before any other classifier.

>>> from cama import CamaClassifier, Restorer, load  # doctest: +SKIP
"""

from ._cama import __version__
from ._classifier import CamaClassifier, load
from ._evaluate import evaluate
from ._report import Adaptation, CamaWarning
from ._restorer import Restorer

__all__ = ["Adaptation", "CamaClassifier", "CamaWarning", "Restorer", "__version__", "evaluate", "load"]
