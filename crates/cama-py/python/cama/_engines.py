"""A model within engines that cut tables into blocks, such as Ray and Spark."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator
from typing import Any, Unpack

from ._classifier import CamaClassifier
from ._loading import load
from ._options import How


class InBlocks:
    """A model that takes blocks of a table and gives tables of pyarrow.

    What a row gets does not depend on its block: the guard knows what it learnt in adaptation.
    """

    def __init__(self, model: CamaClassifier | str | os.PathLike[str], *, n_jobs: int | None = 1, **how: Unpack[How]) -> None:
        if not isinstance(model, CamaClassifier):
            model = load(model)
        how.setdefault("context", model.context)
        if how["context"] == "batch":
            raise ValueError('context="batch" makes what a row gets depend on its block: give context="adapted" or "none"')
        model._how(how, type(self).__name__)
        self.model, self.how = copy.copy(model), how
        self.model.n_jobs = n_jobs

    def __call__(self, block: Any) -> Any:
        """A block, such as a `pyarrow.Table` or a `RecordBatch`, as a `pyarrow.Table` with what was found.

        For `ray.data.Dataset.map_batches(..., batch_format="pyarrow")`.
        """
        import pyarrow

        return self._of(block if isinstance(block, pyarrow.Table) else pyarrow.table(block))

    def batches(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Record batches, one after another, with what was found: for `mapInArrow` of Spark."""
        for batch in batches:
            yield from self(batch).to_batches()

    def _of(self, table: Any) -> Any:
        raise NotImplementedError


class Predict(InBlocks):
    """Adds what is predicted to blocks of a table: `class`, `verdict`, and `p(class)` for each class.

    Parameters
    ----------
    model : CamaClassifier or path
        Fitted, or a model folder.
    n_jobs : int or None, default=1
        Threads of each worker; engines run one worker for each core.
    **how
        How to predict; see `cama.How`.

    Examples
    --------
    >>> ds.map_batches(Predict(adapted), batch_format="pyarrow", batch_size=16_384)  # doctest: +SKIP
    >>> frame.mapInArrow(Predict("model").batches, schema)  # doctest: +SKIP
    """

    def _of(self, table: Any) -> Any:
        if table.num_rows == 0:
            return self._with(table, {name: [] for name in self.columns()})
        decided = self.model.decide(table, **self.how)
        return self._with(table, self.model._scored(decided))

    def columns(self) -> list[str]:
        """The names of the columns that are added."""
        return ["class", "verdict", *(f"p({name})" for name in self.model.classes_)]

    def _with(self, table: Any, new: dict[str, Any]) -> Any:
        import pyarrow

        kinds = {"class": pyarrow.array(self.model.classes_.tolist()).type, "verdict": pyarrow.string()}
        for name, values in new.items():
            values = values.tolist() if getattr(values, "dtype", None) is not None and values.dtype.kind in "OU" else values
            array = pyarrow.array(values, type=kinds.get(name, pyarrow.float64()))
            at = table.schema.get_field_index(name)
            table = table.append_column(name, array) if at < 0 else table.set_column(at, name, array)
        return table


class Restore(InBlocks):
    """Undoes what was done to blocks of a table, where the guard lets that stand, and keeps their columns and types.

    Parameters
    ----------
    model, n_jobs, **how
        As for `Predict`.

    Examples
    --------
    >>> ds.map_batches(Restore(adapted), batch_format="pyarrow", batch_size=16_384)  # doctest: +SKIP
    """

    def _of(self, table: Any) -> Any:
        import pyarrow

        how = {name: value for name, value in self.how.items() if name != "rule"}
        # Whole numbers are none once they are restored; blocks without rows are like the others.
        children, is_whole = set(self.model.roles_["children"]), pyarrow.types.is_integer
        real = lambda field: field.with_type(pyarrow.float64()) if field.name in children and is_whole(field.type) else field  # noqa: E731
        fields = [real(field) for field in table.schema]
        restored = self.model.restore(table, **how) if table.num_rows else table
        return restored.cast(pyarrow.schema(fields, metadata=table.schema.metadata))
