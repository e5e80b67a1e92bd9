"""The estimator."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from . import _images
from ._batches import is_stream, whole
from ._cama import Data, Model
from ._learning import Learns
from ._options import names, refuse_fit_params, seed_of, settings_of, threads
from ._prediction import Predicts
from ._report import Adaptation, CamaWarning, Listener

#: The sections of `settings` that are not for fitting.
LATER = ("adapt", "predict")


class CamaClassifier(Learns, Predicts, ClassifierMixin, BaseEstimator):
    """A causal, generative classifier of tables and images that adapts to manipulated, unlabelled data.

    Parameters
    ----------
    graph : str, path, graph of networkx, or dict, optional
        For tables, the causal graph of the columns: a file of DOT, GML or dagitty's text, such text
        itself, an object with `edges`, or the roles as a dictionary with the keys `"children"`,
        `"parents"` and `"co_parents"`. Unless given, every column is taken for an effect of the target.
    target : str, optional
        What the graph calls the target. It must be given with a graph, and may be given without one.
    mechanisms : iterable of str, optional
        What the world may do: of `"affine"`, `"photometric"` (images), `"per-column"` (tables),
        `"latent"`; the preset's unless given.
    generator : {"auto", "network", "factor"}, default="auto"
        What makes the rows of a table; `"auto"` is a factor model, unless
        networks explain held-out rows clearly better.
    preset : {"fast", "paper"}, default="fast"
        Where settings come from that are not given.
    missing : {"error", "impute", "drop"}, default="error"
        What is done about missing values of a table. `"drop"` leaves rows out of training, and
        refuses them later.
    types : dict of str to {"number", "integer", "boolean", "category"}, optional
        What columns of a table are taken for, where that is not to be found out.
    settings : dict, optional
        Any setting by the name that it has in files, such as `{"train.epochs": 3}`. The sections are `model`,
        `factor`, `train`, `dream`, `direct`, `adapt`, `predict` and the names of mechanisms.
    rule : {"bayes", "direct", "product", "direct-alone"}, optional
        By which rule to classify: Bayes' rule, the direct classifier on what is restored, their product, or the direct
        classifier on the examples as they are; the one that measures best unless given.
    context : {"adapted", "batch", "none"}, default="adapted"
        What the guard, which decides whether an example is restored, knows of the data that it is from.
        With `"adapted"` what it learnt of the data that the model was adapted to, so that
        what an example gets does not depend on the others of the call. With `"batch"` what it sees in
        the data of this call, as the program does: clean data is then left alone more surely.
        With `"none"` nothing: each example is judged strictly.
    channels : {"first", "last"}, optional
        Where the channels of images stand; found out unless given.
    random_state : int, RandomState or None, default=None
        Where all randomness comes from. The same integer gives the same model as `--seed` of the program.
    n_jobs : int or None, default=None
        Threads; all cores with None or -1.
    verbose : bool, default=False
        Whether to show how far it is, with tqdm.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    n_features_in_ : int
        Columns of a table, or pixels times channels of an image.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, where they had any.
    image_shape_ : tuple of int or None
        `(channels, height, width)` of images.
    roles_ : dict of str to list of str
        What the columns of a table are to the target: `"children"`, `"parents"`, `"co_parents"`.
    adaptation_ : Adaptation or None
        What the last adaptation did.
    bank_ : dict or None
        What `build_bank` found: `floor`, `suspicious_above` in nats, `tried`, the accuracy on clean examples with each floor, and
        `latents`, how many are kept of each class.
    rehearsal_ : dict
        What damage of clean data would be repaired, left, or made worse: measured when it was fitted.
    seed_ : int
        The seed that was used.

    Examples
    --------
    >>> import numpy as np
    >>> from cama import CamaClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 300)
    >>> X = rng.normal(size=(300, 4)) + 3 * y[:, None]
    >>> clf = CamaClassifier(generator="factor", random_state=0).fit(X, y)
    >>> later = X + 5                           # an instrument has drifted
    >>> adapted = clf.adapt(later)
    >>> float(np.mean(adapted.predict(later) == y)) > 0.95
    True
    """

    _clean: Data | None = None

    def __init__(
        self,
        *,
        graph: Any = None,
        target: str | None = None,
        mechanisms: Iterable[str] | None = None,
        generator: str = "auto",
        preset: str = "fast",
        missing: str = "error",
        types: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
        rule: str | None = None,
        context: str = "adapted",
        channels: str | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.graph = graph
        self.target = target
        self.mechanisms = mechanisms
        self.generator = generator
        self.preset = preset
        self.missing = missing
        self.types = types
        self.settings = settings
        self.rule = rule
        self.context = context
        self.channels = channels
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> CamaClassifier:
        """Fits to clean, labelled data.

        Parameters
        ----------
        X : table or images
            A table: an array of numbers `[n, columns]`, a data frame of pandas, polars or pyarrow, or a
            dictionary of columns. Images: an array `[n, height, width]`, `[n, channels, height, width]` or
            `[n, height, width, channels]`, of uint8, or of floats from 0 to 1.
            What comes in batches, such as a dataset of pyarrow, is read whole.
        y : array-like of shape (n,)
            The classes. A table that has the column `target` needs none.

        Returns
        -------
        self : CamaClassifier
        """
        refuse_fit_params(fit_params)
        X = whole(X) if is_stream(X) else X
        with Listener(self.verbose) as listener:
            if _images.is_images(X):
                data = self._learn_images(X, y)
            else:
                data = self._learn_table(X, y, listener)
            self.seed_ = seed_of(self.random_state)
            self._model = Model.fit(
                data,
                listener,
                preset=self.preset,
                mechanisms=names(self.mechanisms),
                generator=self.generator,
                settings=settings_of(self.settings, without=LATER),
                seed=self.seed_,
                threads=threads(self.n_jobs),
            )
        self._clean = data
        return self

    def adapt(
        self,
        X: Any,
        *,
        clean: tuple[Any, Any] | bool | None = None,
        mechanisms: Iterable[str] | None = None,
        settings: Mapping[str, Any] | None = None,
        guard: bool = True,
        stream: CamaClassifier | None = None,
        random_state: Any = None,
    ) -> CamaClassifier:
        """Adapts to unlabelled data of a changed world.

        Parameters
        ----------
        X : table, images, or batches of them
            Unlabelled examples, as `fit` takes them. Batches may be more than there is memory for: a dataset, scanner or
            record batch reader of pyarrow, a lazy frame of polars, or any iterator of tables. Up to 192 MiB of encoded
            examples are kept, a random subsample of more, and the report counts those.
        clean : tuple (X, y) or False, optional
            Clean, labelled examples that keep the model right on clean data: the training data unless given,
            as long as this object has it. A loaded or unpickled one has not. False is none.
        mechanisms : iterable of str, optional
            What the world may have done; the model's own unless given. Those that it lacks are attached.
        settings : dict, optional
            Settings of the sections `adapt`, `dream` and mechanisms, over those of the constructor.
        guard : bool, default=True
            Whether what does not explain the data, or makes it harder to classify, is rolled back.
        stream : CamaClassifier, optional
            X is the next of a stream of data sets, in order of time, that began with this estimator, before the first of
            them was adapted to. What is found starts from what it was of the last data set, is kept if it is better
            than the beginning, and returns to that where nothing is. See `adapt_stream`.
        random_state : int, RandomState or None
            The seed; that of the fit unless given.

        Returns
        -------
        adapted : CamaClassifier
            Another estimator, whose `adaptation_` tells what came of it. This one stays as it is.
        """
        check_is_fitted(self)
        given = {**(self.settings or {}), **(settings or {})}
        with Listener(self.verbose) as listener:
            data, total = self._whole(X)
            model = self._model.adapt(
                data,
                self._clean_data(clean),
                None if stream is None else stream._fitted(),
                listener,
                mechanisms=names(mechanisms),
                settings=settings_of(given, without=("model", "factor", "train", "direct", "predict")),
                guard=guard,
                total=total,
                seed=self.seed_ if random_state is None else seed_of(random_state),
                threads=threads(self.n_jobs),
            )
        return self._with(model)

    def adapt_stream(self, data: Iterable[Any], **options: Any) -> Iterator[CamaClassifier]:
        """Adapts to one data set after another, in order of time.

        Parameters
        ----------
        data : iterable of tables or images
            Unlabelled data sets, such as one of each day; each may come in batches.
        **options
            As for `adapt`.

        Yields
        ------
        adapted : CamaClassifier
            The state after each data set, for predictions about that one. Nothing grows with the stream.

        Examples
        --------
        >>> for day, adapted in zip(days, clf.adapt_stream(days)):  # doctest: +SKIP
        ...     print(adapted.adaptation_.outcome, adapted.predict(day))
        """
        check_is_fitted(self)
        last = self
        for X in data:
            last = last.adapt(X, stream=self, **options)
            yield last

    def build_bank(self, clean: tuple[Any, Any] | None = None) -> CamaClassifier:
        """Finds out on clean data how to search z, for `inference="optimise"`, and keeps it with the model.

        Parameters
        ----------
        clean : tuple (X, y), optional
            Clean, labelled examples, 200 or more: best such as training did not learn from. The training data unless given,
            as long as this object has it. A loaded or unpickled one has not.

        Returns
        -------
        self : CamaClassifier
            Whose `bank_` tells what was found. What is adapted from it keeps the bank.
        """
        check_is_fitted(self)
        data = self._clean_data(clean)
        if data is None:
            raise ValueError("this estimator does not hold its training data any more: give clean examples, build_bank((X, y))")
        with Listener(self.verbose) as listener:
            self._model = self._model.with_bank(data, listener, threads(self.n_jobs))
        return self

    def _with(self, model: Model) -> CamaClassifier:
        """Another estimator, with this model."""
        adapted = clone(self)
        fitted = {name: value for name, value in vars(self).items() if name.endswith("_") or name == "_clean"}
        vars(adapted).update(fitted)
        adapted._model = model
        return adapted

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes a model folder, which `load` and the program `cama` read."""
        check_is_fitted(self)
        self._model.save(Path(folder))

    def to_onnx(
        self, path: str | os.PathLike[str], *, m: str | None = None, classifier: bool = False, opset: int = 17
    ) -> None:
        """Writes what `restore` undoes as an ONNX file, for other programs and languages.

        The file's input and its output `restored` have the same shape, with a batch of any size: images `[n, channels, height, width]`
        from 0 to 1, or rows of numbers, the columns in the order of `feature_names_in_`. Its metadata say what the other outputs are,
        and which number stands for which value of a column that holds texts. Of images, and of tables whose rows networks make, every
        example is restored, also those that `restore` leaves alone.

        Parameters
        ----------
        path : path-like
            The file to write.
        m : {"null", "mean", "global"}, default=None
            What is undone: what is inferred of each example (`"mean"`), what a factor model was adapted to (`"global"`), or nothing.
            Unless given, what `restore` undoes; if the last adaptation was rolled back, nothing, with a warning.
        classifier : bool, default=False
            Whether the direct classifier's probabilities are further outputs.
        opset : int, default=17
            The version of ONNX's own operators, from 16 to 22.
        """
        check_is_fitted(self)
        columns = [str(name) for name in self.feature_names_in_] if self.image_shape_ is None else []
        why = self._model.export(Path(path), m=m, classifier=classifier, columns=columns, opset=opset)
        if why is not None:
            warnings.warn(f"{os.fspath(path)} restores nothing, and gives back its input: {why}", CamaWarning, stacklevel=2)

    @property
    def adaptation_(self) -> Adaptation | None:
        return Adaptation.of(self._fitted().card)

    @property
    def bank_(self) -> dict[str, Any] | None:
        bank = self._fitted().bank
        return None if bank is None else json.loads(bank)

    @property
    def rehearsal_(self) -> dict[str, Any]:
        return json.loads(self._fitted().rehearsal)

    @property
    def roles_(self) -> dict[str, list[str]]:
        columns = self._fitted().columns
        keys = {"child": "children", "parent": "parents", "co-parent": "co_parents"}
        return {key: [name for name, role, _ in columns if role == of] for of, key in keys.items()}

    @property
    def image_shape_(self) -> tuple[int, int, int] | None:
        shape = self._fitted().image_shape
        return None if shape is None else tuple(shape)

    def _fitted(self) -> Model:
        try:
            return self._model
        except AttributeError:
            raise AttributeError("not fitted yet: call fit, or load a model") from None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.categorical = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # The training data stays behind: a model is to be shipped without it.
        return {name: value for name, value in super().__getstate__().items() if name != "_clean"}
