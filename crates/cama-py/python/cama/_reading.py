"""Data as a fitted model reads it: a part at a time, whatever it comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d, validate_data

from . import _images
from ._batches import batches_of, is_stream
from ._cama import Data, Gathering, Model, Reader
from ._report import Listener
from ._tables import Columns, columns_of, columns_of_array, has_columns

#: Bytes of encoded examples that adaptation keeps of data that comes in batches.
SUBSAMPLE = 192 << 20

#: As many bytes as there may be.
MOST = 1 << 62

#: The most examples by which the guard judges images as a whole.
SPREAD = 500


@dataclass
class Reading:
    """What is kept while the parts of one data set are read."""

    #: Of tables.
    reader: Reader | None
    #: Whether the guard is to look at the data at hand, and at what of it.
    looks: bool
    look: Data | None = None
    #: Rows that were read.
    done: int = 0


@dataclass(frozen=True)
class Part:
    """Some examples as a model reads them."""

    data: Data
    #: Where they come from: a table, or images in their layout.
    source: Columns | _images.Pixels
    #: Which rows of the table they are.
    rows: slice


class Reads:
    """What a fitted estimator reads."""

    _model: Model

    def _reading(self, context: str) -> Reading:
        """Before the first part. That a row's texts are read as those of training were, and not as the rows beside it are, keeps rows
        apart from each other."""
        is_table, looks = self.image_shape_ is None, context == "batch"
        return Reading(self._model.reader(False, not looks) if is_table else None, looks)

    def _parts(self, X: Any, reading: Reading) -> Iterator[Part]:
        """The examples of X, so many at a time."""
        at_a_time = self._model.rows_at_a_time
        shape = self.image_shape_
        if shape is not None:
            images = np.asarray(X)
            _images.check_shape(images, shape)
            if reading.looks and reading.look is None:
                reading.look = self._look_at(images, shape)
            for first in range(0, len(images), at_a_time):
                rows = slice(first, first + at_a_time)
                pixels = _images.to_read(images[rows], shape)
                yield Part(Data.images("the images", pixels.pixels, shape), pixels, rows)
            return
        source = self._source(X)
        needed = [name for name, *_ in self._model.columns]
        missing = [name for name in needed if name not in source.names]
        if missing:
            raise ValueError(f"X lacks the columns {missing}, which the model reads; those of X are {source.names}")
        for first in range(0, source.rows, at_a_time):
            rows = slice(first, min(first + at_a_time, source.rows))
            data = reading.reader.read(source.table(needed, rows))
            self._check_complete(data, rows.stop - rows.start, reading)
            if reading.looks and reading.look is None:
                reading.look = data
            yield Part(data, source, rows)

    def _source(self, X: Any) -> Columns:
        """A table in memory as its columns."""
        if has_columns(X):
            source = columns_of(X)
            if source.rows == 0:
                raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
            return source
        if _images.is_images(X):
            raise ValueError(f"X has the shape {X.shape}, but the model reads tables: give [n, columns] or a data frame")
        return columns_of_array(validate_data(self, X, reset=False, ensure_all_finite=self._finite()), self._names())

    def _check_complete(self, data: Data, rows: int, reading: Reading) -> None:
        """Errors if rows were left out: each has its answer."""
        first, reading.done = reading.done, reading.done + rows
        if len(data) == rows:
            return
        lost = np.setdiff1d(np.arange(first, first + rows), data.indices())
        because = "; ".join(reading.reader.notices())
        raise ValueError(
            f"{len(lost)} rows of X have missing values, or values that the training data does not have, the first of them row "
            f"{lost[0]}: fill them in, or fit with missing=\"impute\"" + (f" ({because})" if because else "")
        )

    def _look_at(self, images: np.ndarray, shape: tuple[int, int, int]) -> Data:
        """Images spread over all of them, by which the guard judges them as a whole."""
        picked = min(len(images), SPREAD)
        spread = np.arange(picked) * len(images) // max(picked, 1)
        return Data.images("the images", _images.to_read(images[spread], shape).pixels, shape)

    def _tell(self, reading: Reading) -> None:
        for notice in reading.reader.notices() if reading.reader is not None else ():
            Listener(False).notice(notice)

    def _whole(self, X: Any) -> tuple[Data, int]:
        """All examples of X at once, or a random subsample of more than there is room for, and how many there are."""
        reading = self._reading("batch")
        # What is in memory already may stay there.
        gathering = Gathering(SUBSAMPLE if is_stream(X) else MOST, self.seed_)
        columns = [name for name, *_ in self._model.columns] or None
        for batch in batches_of(X, columns) if is_stream(X) else (X,):
            if is_stream(X) and _rows(batch) == 0:
                continue
            for part in self._parts(batch, reading):
                gathering.add(part.data)
        self._tell(reading)
        data, total = gathering.finish()
        if data is None:
            raise ValueError("X is an iterator of no batch: give some rows")
        return data, total

    def _labelled(self, X: Any, y: Any) -> Data:
        """Labelled examples."""
        y = column_or_1d(y, warn=True)
        position = {name: code for code, name in enumerate(self.classes_.tolist())}
        unknown = sorted({str(label) for label in y.tolist() if label not in position})
        if unknown:
            raise ValueError(f"y has the classes {unknown}, which the model does not know; it knows {list(self.classes_)}")
        codes = self._order_[[position[label] for label in y.tolist()]].astype(np.int64)
        if self.image_shape_ is not None:
            pixels = _images.to_read(X, self.image_shape_)
            check_labels(len(pixels.pixels), y)
            return Data.images("the images", pixels.pixels, self.image_shape_, codes, self._model.classes)
        source = self._source(X)
        check_labels(source.rows, y)
        target = self._model.target
        texts = np.array(self._model.classes, dtype=object)[codes].tolist()
        needed = [name for name, *_ in self._model.columns]
        reader = self._model.reader(True, self.context != "batch")
        data = reader.read(source.table([name for name in needed if name in source.names], extra=(target, texts)))
        self._tell(Reading(reader, False))
        return data

    def _clean_data(self, clean: tuple[Any, Any] | bool | None) -> Data | None:
        if clean is None:
            return self._clean
        if clean is False:
            return None
        if not isinstance(clean, tuple) or len(clean) != 2:
            raise TypeError("clean is to be a tuple (X, y) of clean examples with their classes, or False for none")
        return self._labelled(*clean)

    def _finite(self) -> Any:
        return True if self.missing == "error" else "allow-nan"

    def _names(self) -> list[str]:
        """The names of the columns of an array, by their places."""
        if hasattr(self, "feature_names_in_"):
            return list(self.feature_names_in_)
        return [f"x{i}" for i in range(self.n_features_in_)]


def check_labels(rows: int, y: np.ndarray) -> None:
    if len(y) != rows:
        raise ValueError(f"X has {rows} rows and y {len(y)} values: give one class for each row")


def _rows(batch: Any) -> int:
    return batch.num_rows if hasattr(batch, "num_rows") else len(batch)
