"""What an evaluation gives: a data frame that can be written as a page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas

from ._cama import evaluation_page


class Evaluation(pandas.DataFrame):
    """Scores of classifiers: a `pandas.DataFrame`, whose method `to_html(path)` writes a page. What pandas makes of it is an
    ordinary data frame."""

    _metadata = ["_rows", "_noun"]
    _rows: list[str] | None = None
    _noun: str = "example"

    @property
    def _constructor(self) -> Any:
        return pandas.DataFrame

    @classmethod
    def of(cls, rows: list[str], noun: str) -> Evaluation:
        """Of rows in JSON; `noun` is what an example is called."""
        evaluation = cls([_flat(json.loads(row)) for row in rows])
        evaluation = evaluation if "made_on" not in evaluation or evaluation["made_on"].notna().any() else cls(evaluation.drop(columns="made_on"))
        evaluation._rows, evaluation._noun = rows, noun
        return evaluation

    def to_html(self, buf: Any = None, *args: Any, **kwargs: Any) -> str | None:
        """Writes the page that `cama evaluate --page` writes.

        Parameters
        ----------
        buf : path, optional
            The file. Without one, or with further parameters of pandas, the table is given as pandas writes it.
        """
        if not isinstance(buf, (str, os.PathLike)) or self._rows is None or args or kwargs:
            return super().to_html(buf, *args, **kwargs)
        path = Path(buf)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            beside.write_text(evaluation_page(self._rows, self._noun), encoding="utf-8")
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        return None


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row as columns."""
    guard, attack = row.get("guard") or {}, row.get("attack")
    low, high = row["accuracy_interval"]
    return {
        "manipulation": row["manipulation"],
        "made_on": None if attack is None else attack["made_on"],
        "classifier": row["classifier"],
        "severity": row["severity"],
        "accuracy": row["accuracy"],
        "accuracy_low": low,
        "accuracy_high": high,
        "log_loss": -row["log_likelihood"],
        "calibration_error": row["calibration_error"],
        "log_px": row.get("log_px"),
        **{name: guard.get(name) for name in ("restored", "unexplained", "suspicious")},
        "examples": row["n"],
    }
