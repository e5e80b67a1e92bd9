"""Data that comes in batches and may be larger than memory, and answers that are written as they come."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

#: Rows of a batch where the data does not say.
ROWS = 16_384


def is_stream(X: Any) -> bool:
    """Whether it comes in batches: a dataset, scanner or record batch reader of pyarrow, a lazy frame of polars, another object with
    the Arrow C stream interface that has no length, or any iterator."""
    if hasattr(X, "num_rows") or hasattr(X, "__len__") or hasattr(X, "iloc"):
        return False
    return isinstance(X, Iterator) or _is_scanned(X) or _is_lazy(X) or hasattr(X, "__arrow_c_stream__")


def batches_of(X: Any, columns: list[str] | None = None) -> Iterator[Any]:
    """The batches of what `is_stream`; of those that can choose only these columns, unless all are wanted."""
    if _is_lazy(X):
        frame = X if columns is None else X.select([name for name in columns if name in X.collect_schema().names()])
        return iter(frame.collect_batches(chunk_size=ROWS, maintain_order=True)) if hasattr(frame, "collect_batches") else _sliced(frame.collect())
    if _is_scanned(X):
        if hasattr(X, "scanner"):
            present = None if columns is None else [name for name in columns if name in X.schema.names]
            # Few at a time: how far it reads ahead is what bounds the memory.
            X = X.scanner(columns=present, batch_size=ROWS, batch_readahead=1, fragment_readahead=1)
        return iter(X.to_batches())
    if isinstance(X, Iterator):
        return X
    import pyarrow

    return iter(pyarrow.RecordBatchReader.from_stream(X))


def whole(X: Any) -> Any:
    """All batches as one table of pyarrow."""
    import pyarrow

    batches = [batch if isinstance(batch, pyarrow.Table) else pyarrow.table(batch) for batch in batches_of(X)]
    if not batches:
        raise ValueError("X is an iterator of no batch: give some rows")
    return pyarrow.concat_tables(batches)


def _is_scanned(X: Any) -> bool:
    return hasattr(X, "to_batches") and not isinstance(X, Iterator)


def _is_lazy(X: Any) -> bool:
    return type(X).__module__.startswith("polars") and hasattr(X, "collect")


def _sliced(frame: Any) -> Iterator[Any]:
    return (frame.slice(first, ROWS) for first in range(0, len(frame), ROWS))


def write(answers: Iterable[Any], out: str | os.PathLike[str]) -> Path:
    """Writes tables one after another into one file, beside it until all is there.

    Parameters
    ----------
    answers : iterable of tables of pyarrow, or what these are made of
    out : path
        Its ending says how: `.parquet`, `.csv`, or `.arrow` or `.feather` (Arrow IPC).

    Returns
    -------
    out : Path
    """
    out = Path(out)
    opened = _opener(out)
    beside = out.with_name(f".{out.name}.{os.getpid()}.part")
    writer = None
    try:
        for table in answers:
            if writer is None:
                writer = opened(beside, table.schema)
            writer.write_table(table.cast(writer.schema) if table.schema != writer.schema else table)
        if writer is None:
            raise ValueError("there is no batch to answer about: give some rows")
        writer.close()
        os.replace(beside, out)
    except BaseException:
        if writer is not None:
            writer.close()
        beside.unlink(missing_ok=True)
        raise
    return out


def _opener(out: Path) -> Any:
    """Opens a writer of tables, by the ending of a path."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("out=… is written by pyarrow: pip install pyarrow") from error
    ending = out.suffix.lower()
    if ending == ".parquet":
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter
    if ending == ".csv":
        from pyarrow.csv import CSVWriter

        return lambda path, schema: _WithSchema(CSVWriter(path, schema), schema)
    if ending in (".arrow", ".feather"):
        return lambda path, schema: _WithSchema(pyarrow.ipc.new_file(str(path), schema), schema)
    raise ValueError(f"out={str(out)!r}: give a file that ends in .parquet, .csv, .arrow or .feather")


class _WithSchema:
    """A writer that tells its schema, as that of Parquet does."""

    def __init__(self, writer: Any, schema: Any) -> None:
        self.writer, self.schema = writer, schema

    def write_table(self, table: Any) -> None:
        self.writer.write(table)

    def close(self) -> None:
        self.writer.close()


def table_of(columns: dict[str, Any]) -> Any:
    """A table of pyarrow of these columns."""
    import pyarrow

    array = lambda values: pyarrow.array(values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind in "OU" else values)  # noqa: E731
    return pyarrow.table({name: array(values) for name, values in columns.items()})


def arrow_of(X: Any) -> Any:
    """A table that was restored, of any type, as one of pyarrow."""
    import pyarrow

    if isinstance(X, pyarrow.Table):
        return X
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise ValueError("out=… writes tables; images are to be written by whoever reads them")
        return pyarrow.table({f"x{i}": X[:, i] for i in range(X.shape[1])})
    return pyarrow.table(X)
