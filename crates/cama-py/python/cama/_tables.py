"""Tables of several libraries as named columns, and back."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._cama import Table

#: An array of float64, int64, or truth values as uint8; or a list of texts, None where one is missing.
Column = Any

#: All rows of a table.
ALL = slice(None)


@dataclass(frozen=True)
class Columns:
    """A table as named columns, of which some rows at a time are read."""

    names: list[str]
    rows: int
    #: The values of the column at this place, of some rows.
    values: Callable[[int, slice], Column]
    #: The same table, of the same type, with some columns replaced by arrays of float64 or lists of texts.
    replaced: Callable[[dict[str, Any]], Any]

    def table(self, names: list[str], rows: slice = ALL, extra: tuple[str, Column] | None = None) -> Table:
        """Some columns of some rows for Rust, with another column if one is given."""
        columns = [(name, self.column(name, rows)) for name in names]
        return Table("the table", columns + ([extra] if extra else []))

    def column(self, name: str, rows: slice = ALL) -> Column:
        """A column by its name."""
        return self.values(self.names.index(name), rows)

    def numbers(self, name: str, rows: slice = ALL) -> np.ndarray:
        """A column of numbers, as float64."""
        return np.asarray(self.column(name, rows), dtype=np.float64)

    def constant(self) -> list[str]:
        """The names of columns that hold one value, or none, in all rows."""
        return [name for i, name in enumerate(self.names) if _is_constant(self.values(i, ALL))]


def has_columns(X: Any) -> bool:
    """Whether it is a table of named columns: a dictionary, or a data frame of pandas, polars, pyarrow or such."""
    # Some sparse matrices are dictionaries of their entries.
    is_mapping = isinstance(X, Mapping) and not issparse(X)
    return is_mapping or _is_pandas(X) or hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__")


def columns_of(X: Any) -> Columns:
    """The columns of what `has_columns`."""
    if isinstance(X, Mapping):
        return _of_mapping(X)
    if _is_pandas(X):
        return _of_pandas(X)
    return _of_arrow(X)


def columns_of_array(X: np.ndarray, names: list[str]) -> Columns:
    """The columns of a numeric array `[rows, columns]`."""

    def replaced(new: dict[str, Any]) -> np.ndarray:
        result = np.array(X, dtype=X.dtype if X.dtype.kind == "f" else np.float64)
        for i, name in enumerate(names):
            if name in new:
                result[:, i] = new[name]
        return result

    return Columns(names, len(X), lambda i, rows: _column(X[rows, i], names[i]), replaced)


def taken(X: Any, rows: np.ndarray) -> Any:
    """The rows at these places of a table or an array, of the same type."""
    if isinstance(X, Mapping):
        return {key: [values[i] for i in rows] if isinstance(values, (list, tuple)) else values[rows] for key, values in X.items()}
    if _is_pandas(X):
        return X.iloc[rows]
    if hasattr(X, "take") and not isinstance(X, np.ndarray):
        return X.take(rows)
    return X[rows]


def _is_pandas(X: Any) -> bool:
    return hasattr(X, "iloc") and hasattr(X, "columns")


def _is_constant(column: Column) -> bool:
    if isinstance(column, list):
        return len(set(column) - {None}) <= 1
    present = column[~np.isnan(column)] if column.dtype.kind == "f" else column
    return len(present) == 0 or bool((present == present[0]).all())


def _column(values: Any, name: str) -> Column:
    """A column of what NumPy makes an array of."""
    if hasattr(values, "isna"):
        return _of_series(values, name)
    array = np.asarray(values)
    kind = array.dtype.kind
    if array.ndim != 1:
        raise ValueError(f"column {name!r} has {array.ndim} dimensions; give one value for each row")
    if kind == "b":
        return np.ascontiguousarray(array).view(np.uint8)
    if kind == "f":
        return np.ascontiguousarray(array, dtype=np.float64)
    if kind == "i" or (kind == "u" and array.dtype.itemsize < 8):
        return np.ascontiguousarray(array, dtype=np.int64)
    if kind == "u":
        return np.ascontiguousarray(array, dtype=np.float64)
    if kind in "OUT":
        return _objects(array.tolist(), name)
    if kind == "c":
        raise ValueError(f"Complex data not supported: column {name!r}; give its parts as columns")
    raise TypeError(f"column {name!r} is of type {array.dtype}; give numbers, truth values or texts (of times, seconds since a start)")


def _objects(values: list[Any], name: str) -> Column:
    missing = [value is None or (isinstance(value, float) and value != value) for value in values]
    present = [value for value, gone in zip(values, missing) if not gone]
    for value in present:
        if not isinstance(value, (str, bool, np.bool_, numbers.Real)):
            raise TypeError(
                f"argument must be a string or a number: column {name!r} holds a {type(value).__name__}; "
                "give numbers, truth values or texts"
            )
    if present and all(isinstance(value, numbers.Real) and not isinstance(value, bool) for value in present):
        return np.array([np.nan if gone else float(value) for value, gone in zip(values, missing)])
    return [None if gone else str(value) for value, gone in zip(values, missing)]


def _of_mapping(X: Mapping[Any, Any]) -> Columns:
    names, columns = [str(name) for name in X], list(X.values())
    rows = len(columns[0]) if columns else 0
    for name, column in zip(names, columns):
        if len(column) != rows:
            raise ValueError(f"column {name!r} has {len(column)} values, {names[0]!r} has {rows}; give one for each row")

    def replaced(new: dict[str, Any]) -> dict[Any, Any]:
        return {key: new.get(str(key), values) for key, values in X.items()}

    return Columns(names, rows, lambda i, rows: _column(columns[i][rows], names[i]), replaced)


def _of_series(series: Any, name: str) -> Column:
    kind, missing = getattr(series.dtype, "kind", "O"), series.isna()
    if kind == "f":
        return _column(series.to_numpy(dtype=np.float64, na_value=np.nan), name)
    if kind in "iub" and not missing.any():
        return _column(series.to_numpy(dtype=f"{kind}{series.dtype.itemsize}"), name)
    if kind in "mMc":
        return _column(series.to_numpy(), name)
    return _objects([None if gone else value for value, gone in zip(series.tolist(), missing.tolist())], name)


def _of_pandas(X: Any) -> Columns:
    names = [str(name) for name in X.columns]

    def replaced(new: dict[str, Any]) -> Any:
        return X.assign(**{key: new[str(key)] for key in X.columns if str(key) in new})

    return Columns(names, len(X), lambda i, rows: _of_series(X.iloc[rows, i], names[i]), replaced)


def _of_arrow(X: Any) -> Columns:
    try:
        import pyarrow
    except ImportError:
        if hasattr(X, "get_columns"):
            return _of_polars(X)
        raise ImportError(f"a table of type {type(X).__name__} is read by pyarrow: pip install pyarrow, or give a dictionary of columns") from None
    table = X if isinstance(X, pyarrow.Table) else pyarrow.table(X)
    kinds = pyarrow.types

    def values(i: int, rows: slice) -> Column:
        start, stop, _ = rows.indices(table.num_rows)
        column, name = table.column(i).slice(start, stop - start), table.column_names[i]
        if kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_boolean(column.type):
            return _column(column.to_numpy(), name)
        if kinds.is_decimal(column.type):
            return _column(column.cast(pyarrow.float64()).to_numpy(), name)
        return _objects(column.to_pylist(), name)

    def replaced(new: dict[str, Any]) -> Any:
        result = table
        for i, name in enumerate(table.column_names):
            if name in new:
                result = result.set_column(i, name, pyarrow.array(new[name]))
        if isinstance(X, pyarrow.RecordBatch):
            return result.combine_chunks().to_batches()[0] if result.num_rows else pyarrow.record_batch(result.columns, names=result.column_names)
        return type(X)(result) if type(X).__module__.startswith("polars") else result

    return Columns(list(table.column_names), table.num_rows, values, replaced)


def _of_polars(X: Any) -> Columns:
    series = X.get_columns()

    def replaced(new: dict[str, Any]) -> Any:
        import polars

        return X.with_columns([polars.Series(name, new[name]) for name in X.columns if name in new])

    def values(i: int, rows: slice) -> Column:
        column, is_number = series[i][rows], series[i].dtype.is_numeric() or str(series[i].dtype) == "Boolean"
        return _column(column.to_numpy(), column.name) if is_number else _objects(column.to_list(), column.name)

    return Columns(list(X.columns), len(X), values, replaced)
