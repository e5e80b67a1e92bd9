"""What a fitted estimator answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Unpack

import numpy as np
from sklearn.utils.validation import check_is_fitted

from . import _images
from ._batches import arrow_of, batches_of, is_stream, table_of, write
from ._cama import Data, Model
from ._options import SETTINGS, How, check_how, seed_of, settings_of, threads
from ._reading import Reading, Reads, _rows
from ._report import Listener

#: Answers a question about data in memory, given how.
Answer = Callable[[Any, Reading, dict[str, Any]], Any]


class Predicts(Reads):
    """Prediction, restoration, and what else a fitted estimator is asked."""

    def predict_proba(self, X: Any, *, out: Any = None, **how: Unpack[How]) -> Any:
        """Probabilities of the classes.

        Parameters
        ----------
        X : table, images, or batches of them
            Batches: a dataset, scanner or record batch reader of pyarrow, a lazy frame of polars, or any iterator of
            tables; no more than a few are in memory at a time.
        out : path, optional
            A file to write the answers to as they come: `.parquet`, `.csv`, `.arrow` or `.feather`, with a column `p(class)`
            for each class.
        **how
            How to predict: `rule`, `context`, `m`, `refine`, `samples`, `negligible`, `inference`, `steps`, `starts`,
            `floor`, `temperature`, `guard`; see `cama.How`.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
            In the order of `classes_`. Of batches an iterator of such arrays, one for each; with `out` its path.
        """
        given = self._how(how, "predict_proba")
        return self._answer(X, out, given, self._probabilities, self._of_classes)

    def predict(self, X: Any, *, out: Any = None, **how: Unpack[How]) -> Any:
        """The most probable class of each example.

        Parameters
        ----------
        X, out, **how
            As for `predict_proba`; the file has the columns `class` and `verdict`, and `p(class)` for each class.

        Returns
        -------
        classes : ndarray of shape (n,)
            Of batches an iterator of such arrays; with `out` its path.
        """
        given = self._how(how, "predict")
        if out is not None:
            scored = lambda *asked: self._decided(*asked, ("probabilities", "verdict"))  # noqa: E731
            return self._answer(X, out, given, scored, self._scored)
        chosen = lambda *asked: self.classes_[np.argmax(self._probabilities(*asked), axis=1)]  # noqa: E731
        return self._answer(X, None, given, chosen)

    def predict_log_proba(self, X: Any, **how: Unpack[How]) -> Any:
        """Logarithms of the probabilities of the classes, of the shape that `predict_proba` gives."""

        def logarithms(*asked: Any) -> np.ndarray:
            with np.errstate(divide="ignore"):
                return np.log(self._probabilities(*asked))

        return self._answer(X, None, self._how(how, "predict_log_proba"), logarithms)

    def verdicts(self, X: Any, *, out: Any = None, **how: Unpack[How]) -> Any:
        """What the guard makes of each example, an ndarray of shape (n,) of texts.

        `"restored"`: classified after what was done to it was undone. `"as-it-was"`: explained as it is.
        `"unexplained"`: neither; its class is not to be relied on. `"suspicious"`, with `inference="optimise"` only: as it was, but
        searching contradicts what amortised inference says; it may have been made to mislead. The parameters are those of
        `predict_proba`; the file has a column `verdict`.
        """
        verdict = lambda *asked: self._decided(*asked, ("verdict",))["verdict"]  # noqa: E731
        return self._answer(X, out, self._how(how, "verdicts"), verdict, lambda verdict: {"verdict": verdict})

    def decide(self, X: Any, **how: Unpack[How]) -> Any:
        """All that is decided about each example.

        Parameters
        ----------
        X, **how
            As for `predict_proba`.

        Returns
        -------
        decisions : dict
            `probabilities` `[n, n_classes]`, `verdict` `[n]`; `log_px` `[n]`, log p(x) in nats;
            `log_bayes_factor` `[n]`, of a manipulation against none, in nats; `parameters`, the names and units of
            what may have been done, with their means `m` and standard deviations `m_sd`, each
            `[n, parameters]`, or `[n, 0]` before anything was adapted. With `inference="optimise"` also `suspicion` `[n]`, by how
            many nats searching contradicts amortised inference. Of batches an iterator of such.
        """
        return self._answer(X, None, self._how(how, "decide"), lambda *asked: self._decided(*asked, None))

    def restore(self, X: Any, *, out: Any = None, **how: Unpack[How]) -> Any:
        """The same data with what was done to it undone, where the guard lets that stand.

        Parameters
        ----------
        X : table, images, or batches of them
        out : path, optional
            A file to write the table to as it comes: `.parquet`, `.csv`, `.arrow` or `.feather`.
        **how
            As for `predict_proba`, but for `rule`, which says nothing here.

        Returns
        -------
        restored : of the type and layout of X
            Images keep their type of pixels. Of a table the numeric effects of the target may change; a
            frame that only the Arrow interface reads comes back as a table of pyarrow. Of batches an iterator of such; with `out`
            its path.
        """
        given = {**self._how(how, "restore"), "rule": "bayes"}
        return self._answer(X, out, given, self._restored, arrow_of, every_column=True)

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
        if self.image_shape_ is not None:
            pixels = _images.to_read(np.asarray(X), self.image_shape_)
            data = Data.images("the images", pixels.pixels, self.image_shape_)
            done = data.manipulated(manipulation, seed_of(random_state))
            return pixels.back(done.pixels().reshape(-1, *self.image_shape_))
        source, (data, _) = self._source(X), self._whole(X)
        done = data.manipulated(manipulation, seed_of(random_state))
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

        Parameters
        ----------
        X : table, images, or batches of them
            Of more than there is room for, a random subsample is looked at.

        Returns
        -------
        drift : dict
            `parameters`, a list of what may have been done, each with `name`, `unit`, `value` and `sd`;
            `unexplained`, the share of examples that are not explained as clean ones are;
            `shares_then` and `shares_now` of the classes, in the order of `classes_`; `gain`, of a factor model, in
            nats; `examples`, how many were looked at.
        """
        check_is_fitted(self)
        data, _ = self._whole(X)
        with Listener(self.verbose) as listener:
            drift = json.loads(self._model.drift(data, listener, self.seed_, threads(self.n_jobs)))
        for shares in ("shares_then", "shares_now"):
            drift[shares] = [drift[shares][i] for i in self._order_]
        return drift

    def rehearse(self, X: Any, y: Any) -> dict[str, Any]:
        """Damages clean, labelled data on purpose, and tells which damage would be repaired.

        Parameters
        ----------
        X : table or images
        y : array-like of shape (n,)
            The classes.

        Returns
        -------
        rehearsal : dict
            `trials`, each with `damage`, `evidence`, `kept`, `before` and `after` (accuracies); `thresholds`.
        """
        check_is_fitted(self)
        data = self._labelled(X, y)
        with Listener(self.verbose) as listener:
            return json.loads(self._model.rehearse(data, listener, self.seed_, threads(self.n_jobs)))

    def _how(self, how: How, method: str) -> dict[str, Any]:
        """How to predict, for Rust: what was given, over the estimator's own."""
        check_is_fitted(self)
        check_how(how, method)
        given = {name: value for name, value in how.items() if value is not None}
        own = settings_of(self.settings, only=("predict",))
        return {
            "rule": given.get("rule", self.rule),
            "context": given.get("context", self.context),
            "guard": bool(given.get("guard", True)),
            "temperature": given.get("temperature"),
            "settings": own + settings_of({SETTINGS[name]: given[name] for name in SETTINGS if name in given}),
            "seed": self.seed_,
        }

    def _answer(
        self, X: Any, out: Any, given: dict[str, Any], answer: Answer, columns: Any = None, every_column: bool = False
    ) -> Any:
        """The answer about X; an iterator of those about its batches; or, with `out`, the path where they were written, of which
        `columns` makes tables."""
        if out is None and not is_stream(X):
            reading = self._reading(given["context"])
            found = answer(X, reading, given)
            self._tell(reading)
            return found
        answers = self._answers(X, given, answer, every_column)
        return answers if out is None else write((_table(columns(each)) for each in answers), out)

    def _answers(self, X: Any, given: dict[str, Any], answer: Answer, every_column: bool) -> Iterator[Any]:
        reading = self._reading(given["context"])
        batches = _slices(X, self._model.rows_at_a_time)
        if is_stream(X):
            is_table = self.image_shape_ is None and not every_column
            batches = batches_of(X, [name for name, *_ in self._model.columns] if is_table else None)
        for batch in batches:
            # A filter may leave nothing of a batch.
            if _rows(batch) > 0:
                yield answer(batch, reading, given)
        self._tell(reading)

    def _probabilities(self, X: Any, reading: Reading, given: dict[str, Any]) -> np.ndarray:
        return self._decided(X, reading, given, ("probabilities",))["probabilities"]

    def _ask(self, part: Any, how: dict[str, Any], reading: Reading, restored: bool) -> dict[str, np.ndarray]:
        with Listener(self.verbose) as listener:
            jobs = threads(self.n_jobs)
            return self._model.decide(part.data, listener, how, look=reading.look, restored=restored, threads=jobs)

    def _decided(self, X: Any, reading: Reading, how: dict[str, Any], keep: tuple[str, ...] | None) -> dict[str, Any]:
        found: dict[str, list[np.ndarray]] = {}
        for part in self._parts(X, reading):
            decided = self._ask(part, how, reading, False)
            for name in keep or [name for name in decided if name != "class"]:
                found.setdefault(name, []).append(decided[name])
        result: dict[str, Any] = {name: _joined(values) for name, values in found.items()}
        if "probabilities" in result:
            result["probabilities"] = np.ascontiguousarray(result["probabilities"][:, self._order_])
        if "verdict" in result:
            result["verdict"] = np.array(Model.VERDICTS)[result["verdict"]]
        if keep is None:
            result["parameters"] = self._model.parameters
        return result

    def _restored(self, X: Any, reading: Reading, how: dict[str, Any]) -> Any:
        if self.image_shape_ is not None:
            asked = ((part, self._ask(part, how, reading, True)["restored"]) for part in self._parts(X, reading))
            return _joined([part.source.back(pixels.reshape(-1, *self.image_shape_)) for part, pixels in asked])
        new: dict[str, list[np.ndarray]] = {}
        source = None
        for part in self._parts(X, reading):
            source = part.source
            decided = self._ask(part, how, reading, True)
            is_restored = decided["verdict"] == Model.VERDICTS.index("restored")
            for name, values in part.data.with_x(decided["restored"]).columns().items():
                if name in self.roles_["children"] and not isinstance(values, list):
                    # Through the model's single precision, what nothing was done to would not come back as it was.
                    new.setdefault(name, []).append(np.where(is_restored, values, source.numbers(name, part.rows)))
        return source.replaced({name: _joined(values) for name, values in new.items()})

    def _of_classes(self, probabilities: np.ndarray) -> dict[str, Any]:
        return {f"p({name})": probabilities[:, i] for i, name in enumerate(self.classes_)}

    def _scored(self, decided: dict[str, Any]) -> dict[str, Any]:
        probabilities = decided["probabilities"]
        chosen = self.classes_[np.argmax(probabilities, axis=1)]
        return {"class": chosen, "verdict": decided["verdict"], **self._of_classes(probabilities)}


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _slices(X: Any, rows: int) -> Iterator[Any]:
    """A table or images in memory, so many rows at a time."""
    if is_stream(X):
        return
    n = len(next(iter(X.values()))) if isinstance(X, Mapping) else _rows(X)
    for first in range(0, n, rows):
        part = slice(first, min(first + rows, n))
        if isinstance(X, Mapping):
            yield {name: values[part] for name, values in X.items()}
        elif hasattr(X, "iloc"):
            yield X.iloc[part]
        elif hasattr(X, "slice"):
            yield X.slice(part.start, part.stop - part.start)
        else:
            yield X[part]


def _table(answer: Any) -> Any:
    return table_of(answer) if isinstance(answer, dict) else answer


