"""The estimator."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from . import _images
from ._cama import Data, Model, learn, roles
from ._report import Adaptation, Listener
from ._tables import Columns, columns_of, columns_of_array, has_columns

#: The sections of `settings` that are not for fitting.
LATER = ("adapt", "predict")


class CamaClassifier(ClassifierMixin, BaseEstimator):
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
        What makes the rows of a table; `"auto"` is whichever explains held-out rows better.
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
        By which rule to classify; the one that measures best unless given.
    context : {"adapted", "batch", "none"}, default="adapted"
        What the guard, which decides whether an example is restored, knows of the data that it is from.
        With `"adapted"` what it learnt of the data that the model was adapted to, so that
        what an example gets does not depend on the others of the call. With `"batch"` what it sees in
        the data of this call, as the program does: clean data is then left alone more surely.
        With `"none"` nothing.
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
        y : array-like of shape (n,)
            The classes. A table that has the column `target` needs none.

        Returns
        -------
        self : CamaClassifier
        """
        refuse_fit_params(fit_params)
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
        random_state: Any = None,
    ) -> CamaClassifier:
        """Adapts to unlabelled data of a changed world.

        Parameters
        ----------
        X : table or images
            Unlabelled examples, as `fit` takes them.
        clean : tuple (X, y) or False, optional
            Clean, labelled examples that keep the model right on clean data: the training data unless given,
            as long as this object has it. A loaded or unpickled one has not. False is none.
        mechanisms : iterable of str, optional
            What the world may have done; the model's own unless given. Those that it lacks are attached.
        settings : dict, optional
            Settings of the sections `adapt`, `dream` and mechanisms, over those of the constructor.
        guard : bool, default=True
            Whether what does not explain the data, or makes it harder to classify, is rolled back.
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
            data, _ = self._read(X)
            model = self._model.adapt(
                data,
                self._clean_data(clean),
                listener,
                mechanisms=names(mechanisms),
                settings=settings_of(given, without=("model", "factor", "train", "direct", "predict")),
                guard=guard,
                seed=self.seed_ if random_state is None else seed_of(random_state),
                threads=threads(self.n_jobs),
            )
        adapted = clone(self)
        fitted = {name: value for name, value in vars(self).items() if name.endswith("_") or name == "_clean"}
        vars(adapted).update(fitted)
        adapted._model = model
        return adapted

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : table or images

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
            In the order of `classes_`.
        """
        return self._decide(X)["probabilities"]

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each example, an ndarray of shape (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[np.argmax(probabilities, axis=1)]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of the classes, an ndarray of shape (n, n_classes)."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def verdicts(self, X: Any) -> np.ndarray:
        """What the guard makes of each example, an ndarray of shape (n,) of texts.

        `"restored"`: classified after what was done to it was undone. `"as-it-was"`: explained as it is.
        `"unexplained"`: neither; its class is not to be relied on.
        """
        return self._decide(X)["verdict"]

    def decide(self, X: Any) -> dict[str, Any]:
        """All that is decided about each example.

        Returns
        -------
        decisions : dict
            `probabilities` `[n, n_classes]`, `verdict` `[n]`; `log_px` `[n]`, log p(x) in nats;
            `log_bayes_factor` `[n]`, of a manipulation against none, in nats; `parameters`, the names and units of
            what may have been done, with their means `m` and standard deviations `m_sd`, each
            `[n, parameters]`, or `[n, 0]` before anything was adapted.
        """
        return self._decide(X)

    def restore(self, X: Any) -> Any:
        """The same data with what was done to it undone, where the guard lets that stand.

        Parameters
        ----------
        X : table or images

        Returns
        -------
        restored : of the type and layout of X
            Images keep their type of pixels. Of a table the numeric effects of the target may change; a
            frame that only the Arrow interface reads comes back as a table of pyarrow.
        """
        check_is_fitted(self)
        data, source = self._read(X)
        decided = self._ask(data, rule="bayes", restored=True)
        if isinstance(source, _images.Pixels):
            return source.back(decided["restored"].reshape(-1, *self.image_shape_))
        is_restored = decided["verdict"] == Model.VERDICTS.index("restored")
        new = {}
        for name, values in data.with_x(decided["restored"]).columns().items():
            if name in self.roles_["children"] and not isinstance(values, list):
                # Through the model's single precision, what nothing was done to would not come back as it was.
                new[name] = np.where(is_restored, values, source.numbers(name))
        return source.replaced(new)

    def manipulate(self, X: Any, manipulation: str, *, random_state: Any = 0) -> Any:
        """The same data after a manipulation, to try a model with.

        Parameters
        ----------
        X : table or images
        manipulation : str
            As for `--manipulate` of the program: `"rotate:30"`, `"shift-vertical:0.3+contrast:0.5"`; of tables
            `"shift:fever:2"`, in standard deviations of the training data.
        random_state : int, RandomState or None, default=0
            The seed; the same integer does what it does in the program.

        Returns
        -------
        manipulated : of the type and layout of X
        """
        check_is_fitted(self)
        data, source = self._read(X)
        done = data.manipulated(manipulation, seed_of(random_state))
        if isinstance(source, _images.Pixels):
            return source.back(done.pixels().reshape(-1, *self.image_shape_))
        before, new = data.columns(), {}
        for name, after in done.columns().items():
            if isinstance(after, list):
                if after != before[name]:
                    new[name] = after
            elif (after != before[name]).any():
                new[name] = np.where(after != before[name], after, source.numbers(name))
        return source.replaced(new)

    def drift(self, X: Any) -> dict[str, Any]:
        """What has changed in unlabelled data since training, without adapting.

        Returns
        -------
        drift : dict
            `parameters`, a list of what may have been done, each with `name`, `unit`, `value` and `sd`;
            `unexplained`, the share of examples that are not explained as clean ones are;
            `shares_then` and `shares_now` of the classes, in the order of `classes_`; `gain`, of a factor model, in
            nats; `examples`, how many were looked at.
        """
        check_is_fitted(self)
        data, _ = self._read(X)
        with Listener(self.verbose) as listener:
            drift = json.loads(self._model.drift(data, listener, self.seed_, threads(self.n_jobs)))
        for shares in ("shares_then", "shares_now"):
            drift[shares] = [drift[shares][i] for i in self._order_]
        return drift

    def rehearse(self, X: Any, y: Any) -> dict[str, Any]:
        """Damages clean, labelled data on purpose, and tells which damage would be repaired.

        Returns
        -------
        rehearsal : dict
            `trials`, each with `damage`, `evidence`, `kept`, `before` and `after` (accuracies); `thresholds`.
        """
        check_is_fitted(self)
        data = self._clean_data((X, y))
        with Listener(self.verbose) as listener:
            return json.loads(self._model.rehearse(data, listener, self.seed_, threads(self.n_jobs)))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes a model folder, which `load` and the program `cama` read."""
        check_is_fitted(self)
        self._model.save(Path(folder))

    @property
    def adaptation_(self) -> Adaptation | None:
        return Adaptation.of(self._fitted().card)

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
                y = np.asarray(source.columns[source.names.index(target)])
            if y is None:
                raise ValueError(NO_Y)
            y = column_or_1d(y, warn=True)
            source = source.without({target} if target is not None else set())
            check_rows(source, y)
            self.n_features_in_, self.feature_names_in_ = len(source.names), np.array(source.names, dtype=object)
        else:
            X, y = validate_data(self, X, y, ensure_all_finite=self._finite())
            source = columns_of_array(X, self._names())
        codes = self._learn_classes(y)
        while target is None or target in source.names:
            target = "target" if target is None else target + "_"
        given = self._roles(source, target, listener)
        texts = np.array([str(name) for name in self.classes_], dtype=object)
        types = [(str(name), kind) for name, kind in (self.types or {}).items()]
        table = source.table((target, texts[codes].tolist()))
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

    def _roles(self, source: Columns, target: str, listener: Listener) -> dict[str, list[str]]:
        """The columns of each role, those that carry nothing left out where the user has not named them."""
        graph = self.graph
        if graph is not None and self.target is None and not isinstance(graph, Mapping):
            raise ValueError("graph was given without target: say which of its nodes is to be predicted")
        if graph is None:
            constant = source.constant()
            children = [name for name in source.names if name not in constant]
            if not children:
                raise ValueError("every column of X has one value in all rows: there is nothing to learn from")
            if constant:
                listener.notice(f"{len(constant)} of {len(source.names)} columns have one value in all rows and are left out")
            return {"children": children, "parents": [], "co_parents": []}
        if isinstance(graph, Mapping):
            unknown = set(graph) - {"children", "parents", "co_parents"}
            if unknown:
                raise ValueError(f"graph has the keys {sorted(unknown)}: give children, parents and co_parents, or a file")
            return {key: [str(name) for name in graph.get(key, ())] for key in ("children", "parents", "co_parents")}
        found = roles(*graph_text(graph), target)
        for name, reason in found.pop("ignored"):
            if name in source.names:
                listener.notice(f"column {name!r} is not used: {reason}")
        return found

    def _read(self, X: Any) -> tuple[Data, Any]:
        """Examples as the model reads them, with where they come from."""
        shape = self.image_shape_
        if shape is not None:
            pixels = _images.to_read(X, shape)
            return Data.images("the images", pixels.pixels, shape), pixels
        if has_columns(X):
            source = columns_of(X)
            if source.rows == 0:
                raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
            needed = [name for name, *_ in self._model.columns]
            missing = [name for name in needed if name not in source.names]
            if missing:
                raise ValueError(f"X lacks the columns {missing}, which the model reads; those of X are {source.names}")
            read = source.without(set(source.names) - set(needed))
        elif _images.is_images(X):
            raise ValueError(f"X has the shape {X.shape}, but the model reads tables: give [n, columns] or a data frame")
        else:
            X = validate_data(self, X, reset=False, ensure_all_finite=self._finite())
            source = read = columns_of_array(X, self._names())
        data, notices = self._model.read(read.table(), False)
        if len(data) != source.rows:
            raise ValueError(
                f"{source.rows - len(data)} rows of X have missing values: fill them in, or fit with missing=\"impute\""
            )
        for notice in notices:
            Listener(False).notice(notice)
        return data, source

    def _clean_data(self, clean: tuple[Any, Any] | bool | None) -> Data | None:
        if clean is None:
            return self._clean
        if clean is False:
            return None
        X, y = clean
        y = column_or_1d(y, warn=True)
        position = {name: code for code, name in enumerate(self.classes_.tolist())}
        unknown = sorted({str(label) for label in y.tolist() if label not in position})
        if unknown:
            raise ValueError(f"y has the classes {unknown}, which the model does not know; it knows {list(self.classes_)}")
        codes = self._order_[[position[label] for label in y.tolist()]].astype(np.int64)
        if self.image_shape_ is not None:
            pixels = _images.to_read(X, self.image_shape_)
            return Data.images("the clean images", pixels.pixels, self.image_shape_, codes, self._model.classes)
        source = columns_of(X) if has_columns(X) else columns_of_array(
            validate_data(self, X, reset=False, ensure_all_finite=self._finite()), self._names()
        )
        check_rows(source, y)
        target = self._model.target
        texts = np.array(self._model.classes, dtype=object)[codes].tolist()
        data, _ = self._model.read(source.without({target}).table((target, texts)), True)
        return data

    def _ask(self, data: Data, *, rule: str | None, restored: bool) -> dict[str, np.ndarray]:
        with Listener(self.verbose) as listener:
            return self._model.decide(
                data,
                listener,
                rule=rule,
                context=self.context,
                settings=settings_of(self.settings, only=("predict",)),
                seed=self.seed_,
                restored=restored,
                threads=threads(self.n_jobs),
            )

    def _decide(self, X: Any) -> dict[str, Any]:
        check_is_fitted(self)
        data, _ = self._read(X)
        decided = self._ask(data, rule=self.rule, restored=False)
        del decided["class"]
        decided["probabilities"] = np.ascontiguousarray(decided["probabilities"][:, self._order_])
        decided["verdict"] = np.array(Model.VERDICTS)[decided["verdict"]]
        decided["parameters"] = self._model.parameters
        return decided

    def _finite(self) -> Any:
        return True if self.missing == "error" else "allow-nan"

    def _names(self) -> list[str]:
        """The names of the columns of an array, by their places."""
        if hasattr(self, "feature_names_in_"):
            return list(self.feature_names_in_)
        return [f"x{i}" for i in range(self.n_features_in_)]


#: What is said where the classes are missing.
NO_Y = (
    "This CamaClassifier estimator requires y to be passed, but the target y is None. Give the class of each example, or a "
    "table that has the column `target`"
)


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


def refuse_fit_params(fit_params: Mapping[str, Any]) -> None:
    if fit_params.get("sample_weight", 0) is None:
        fit_params = {name: value for name, value in fit_params.items() if name != "sample_weight"}
    if "sample_weight" in fit_params:
        raise TypeError("CamaClassifier takes no sample_weight: it learns from every example alike; repeat examples that count more")
    if fit_params:
        raise TypeError(f"fit takes X and y; it knows no {', '.join(fit_params)}")


def check_rows(source: Columns, y: np.ndarray) -> None:
    """Errors unless there are columns, rows, and a class for each."""
    if not source.names or source.rows == 0:
        raise ValueError(f"Found array with {len(source.names)} feature(s) and {source.rows} sample(s): give rows with columns")
    if len(y) != source.rows:
        raise ValueError(f"X has {source.rows} rows and y {len(y)} values: give one class for each row")


def names(given: Iterable[str] | str | None) -> list[str] | None:
    if given is None:
        return None
    return given.split(",") if isinstance(given, str) else list(given)


def settings_of(given: Mapping[str, Any] | None, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> list[str]:
    """Settings as they are written, of some sections."""
    texts = []
    for name, value in (given or {}).items():
        section = str(name).split(".")[0]
        if section in without or (only and section not in only):
            continue
        texts.append(f"{name}={value if isinstance(value, str) else json.dumps(value)}")
    return texts


def seed_of(random_state: Any) -> int:
    if isinstance(random_state, (int, np.integer)) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(0, 2**31 - 1))


def threads(n_jobs: int | None) -> int:
    """Threads, where 0 is all cores."""
    if n_jobs is None or n_jobs == -1:
        return 0
    if isinstance(n_jobs, (int, np.integer)) and n_jobs > 0:
        return int(n_jobs)
    raise ValueError(f"n_jobs={n_jobs!r}: give a number of threads, or None or -1 for all cores")


def graph_text(graph: Any) -> tuple[str, bool]:
    """The path of a graph's file, or its text, and whether it is text."""
    if isinstance(graph, os.PathLike):
        return os.fspath(graph), False
    if isinstance(graph, str):
        return graph, "{" in graph or "[" in graph
    edges = getattr(graph, "edges", None)
    if edges is None:
        raise TypeError(f"graph is of type {type(graph).__name__}: give a file, DOT or GML, an object with `edges`, or a dictionary of roles")
    edges = edges() if callable(edges) else edges
    quoted = [" -> ".join(json.dumps(str(node), ensure_ascii=False) for node in edge[:2]) for edge in edges]
    return "digraph { " + "; ".join(quoted) + " }", True
