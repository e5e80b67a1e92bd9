"""Tables of several libraries as named columns, and back."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._cama import Table

#: An array of float64, int64, or truth values as uint8; or a list of texts, None where one is missing.
Column = Any


@dataclass(frozen=True)
class Columns:
    """A table as named columns."""

    names: list[str]
    columns: list[Column]
    rows: int
    #: The same table, of the same type, with some columns replaced by arrays of float64 or lists of texts.
    replaced: Callable[[dict[str, Any]], Any]

    def table(self, extra: tuple[str, Column] | None = None) -> Table:
        """For Rust, with another column if one is given."""
        columns = list(zip(self.names, self.columns))
        return Table("the table", columns + ([extra] if extra else []))

    def without(self, names: set[str]) -> Columns:
        """The same without some columns."""
        kept = [i for i, name in enumerate(self.names) if name not in names]
        pick = lambda values: [values[i] for i in kept]  # noqa: E731
        return Columns(pick(self.names), pick(self.columns), self.rows, self.replaced)

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, as float64."""
        return np.asarray(self.columns[self.names.index(name)], dtype=np.float64)

    def constant(self) -> list[str]:
        """The names of columns that hold one value, or none, in all rows."""
        return [name for name, column in zip(self.names, self.columns) if _is_constant(column)]


def has_columns(X: Any) -> bool:
    """Whether it is a table of named columns: a dictionary, or a data frame of pandas, polars, pyarrow or such."""
    return isinstance(X, Mapping) or _is_pandas(X) or hasattr(X, "__arrow_c_stream__")


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

    return Columns(names, [_column(X[:, i], name) for i, name in enumerate(names)], len(X), replaced)


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
    names = [str(name) for name in X]
    columns = [_column(values, name) for name, values in zip(names, X.values())]
    rows = len(columns[0]) if columns else 0
    for name, column in zip(names, columns):
        if len(column) != rows:
            raise ValueError(f"column {name!r} has {len(column)} values, {names[0]!r} has {rows}; give one for each row")

    def replaced(new: dict[str, Any]) -> dict[Any, Any]:
        return {key: new.get(str(key), values) for key, values in X.items()}

    return Columns(names, columns, rows, replaced)


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

    return Columns(names, [_of_series(X.iloc[:, i], name) for i, name in enumerate(names)], len(X), replaced)


def _of_arrow(X: Any) -> Columns:
    try:
        import pyarrow
    except ImportError:
        if hasattr(X, "get_columns"):
            return _of_polars(X)
        raise ImportError(f"a table of type {type(X).__name__} is read by pyarrow: pip install pyarrow, or give a dictionary of columns") from None
    table = X if isinstance(X, pyarrow.Table) else pyarrow.table(X)

    def column(name: str, values: Any) -> Column:
        kind = values.type
        if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind):
            return _column(values.to_numpy(), name)
        return _objects(values.to_pylist(), name)

    def replaced(new: dict[str, Any]) -> Any:
        result = table
        for i, name in enumerate(table.column_names):
            if name in new:
                result = result.set_column(i, name, pyarrow.array(new[name]))
        return type(X)(result) if type(X).__module__.startswith("polars") else result

    columns = [column(name, values) for name, values in zip(table.column_names, table.columns)]
    return Columns(list(table.column_names), columns, table.num_rows, replaced)


def _of_polars(X: Any) -> Columns:
    def replaced(new: dict[str, Any]) -> Any:
        import polars

        return X.with_columns([polars.Series(name, new[name]) for name in X.columns if name in new])

    def column(series: Any) -> Column:
        is_number = series.dtype.is_numeric() or str(series.dtype) == "Boolean"
        return _column(series.to_numpy(), series.name) if is_number else _objects(series.to_list(), series.name)

    return Columns(list(X.columns), [column(series) for series in X.get_columns()], len(X), replaced)
