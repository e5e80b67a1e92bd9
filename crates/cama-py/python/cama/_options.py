"""What users give, as Rust takes it: settings, seeds, threads, graphs, and how to predict."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

import numpy as np
from sklearn.utils import check_random_state


class How(TypedDict, total=False):
    """How to predict: what `predict`, `predict_proba`, `verdicts`, `decide` and `restore` take besides the data.

    Attributes
    ----------
    rule : {"bayes", "direct", "product", "direct-alone"}
        By which rule to classify; see the estimator's parameter of that name.
    context : {"adapted", "batch", "none"}
        What the guard knows of the data; see the estimator's parameter of that name.
    m : {"null", "mean", "sample", "global"}
        Which manipulation is assumed: none, do(m=0), for `"null"`; `"mean"` and `"sample"` infer one for each
        example; `"global"` is the one of the data set that a factor model was adapted to. Unless given, one is
        inferred once the model has met manipulated data.
    refine : int
        Steps by which the m of each example is searched further, about 1 ms each for a digit. Worth it, with `m="mean"`, for
        single examples and where the model is not adapted.
    samples : int
        Samples of z for each class; 10 unless given.
    negligible : float
        Probability below which classes get no more than their first samples; 1e-4 unless given, 0 for never.
    inference : {"amortised", "optimise"}
        How Bayes' rule gets at z: by samples of q1, or by searching z for every class, which small changes that were
        made to mislead hardly mislead. A search needs `build_bank` once and takes about ten times as long; classes are then
        told apart by Bayes' rule alone unless `rule` is given. Of a factor model the outliers of each row are searched.
    steps, starts : int
        Of a search: steps (30 unless given), and starts for each class (2).
    floor : float
        Of a search: the probability with which each value is taken for an outlier; the one that `build_bank` found
        unless given.
    temperature : float
        T of the product, which has Bayes' rule to the power 1/T; what was fitted unless given.
    guard : bool
        Without it every example is restored, even where the model cannot explain what comes out; True unless given.
    """

    rule: str | None
    context: str
    m: str
    refine: int
    samples: int
    negligible: float
    inference: str
    steps: int
    starts: int
    floor: float
    temperature: float
    guard: bool


#: Those of them that are settings of prediction, with their names there.
SETTINGS = {
    "m": "predict.m",
    "refine": "predict.refine",
    "samples": "predict.samples",
    "negligible": "predict.negligible",
    "inference": "predict.inference",
    "steps": "predict.optimise.steps",
    "starts": "predict.optimise.starts",
    "floor": "predict.optimise.floor",
}


def check_how(how: Mapping[str, Any], method: str) -> None:
    """Errors if there is something else among them."""
    for name in how:
        if name not in How.__annotations__:
            near = difflib.get_close_matches(name, How.__annotations__, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise TypeError(f"{method} takes no {name!r}{hint}; besides the data it takes {', '.join(How.__annotations__)}")


def refuse_fit_params(fit_params: Mapping[str, Any]) -> None:
    if fit_params.get("sample_weight", 0) is None:
        fit_params = {name: value for name, value in fit_params.items() if name != "sample_weight"}
    if "sample_weight" in fit_params:
        raise TypeError("CamaClassifier takes no sample_weight: it learns from every example alike; repeat examples that count more")
    if fit_params:
        raise TypeError(f"fit takes X and y; it knows no {', '.join(fit_params)}")


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
        texts.append(f"{name}={value if isinstance(value, str) else json.dumps(value, default=_plain)}")
    return texts


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a setting is of type {type(value).__name__}: give a number, a truth value, a text or a list of these")


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
