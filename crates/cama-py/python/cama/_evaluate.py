"""How right classifiers stay when data is manipulated or attacked."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any


from . import _cama
from ._cama import Data
from ._classifier import CamaClassifier
from ._options import names, seed_of, settings_of, threads
from ._questions import Questions
from ._report import CamaWarning, Listener


def evaluate(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    manipulations: Iterable[str] = (),
    attacks: Iterable[str] = (),
    against: Mapping[str, Any] | None = None,
    transfer: CamaClassifier | Mapping[str, CamaClassifier] | None = None,
    adapt: bool = False,
    every_rule: bool = False,
    attack_limit: int = 1000,
    attack_worst: bool = False,
    attack_columns: Iterable[str] = (),
    attack_eps: Mapping[str, float] | None = None,
    attack_ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
    random_state: Any = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Any:
    """Judges a classifier, and others beside it, on labelled data as it is, after manipulations, and under attacks.

    Parameters
    ----------
    estimator : CamaClassifier, or any object with `predict_proba`
        Fitted.
    X : table or images
    y : array-like of shape (n,)
        The classes.
    manipulations : iterable of str
        As for `--manipulate` of the program, sweeps too: `"rotate:30"`, `"rotate:0..60/20"`; of tables `"shift:fever:2"`, in
        standard deviations of the training data, or of X where no `CamaClassifier` takes part.
    attacks : iterable of str
        As for `--attack` of the program: `"pgd:0.1,0.3"`, `"apgd:0.1"`, `"square:0.1:steps=500"`, `"sparse-rs:12"`. Each is made on
        every classifier. Those that follow a gradient are made on a `CamaClassifier` alone; `square` and `sparse-rs`
        only ask, and are made on any.
    against : dict of str to fitted classifiers, optional
        Classifiers of any library with `predict_proba`, by what they are to be called. Beside each, named `restored + `
        and its name, stands the same classifier on what the estimator restores, where that restores anything.
    transfer : CamaClassifier, or dict of str to such, optional
        The adversarial examples made on these, by Bayes' rule, are tried on all.
    adapt : bool, default=False
        Whether the estimator adapts to each manipulated data set, without its labels, before it is judged; to attacks it does not.
    every_rule : bool, default=False
        Whether each rule of the estimator has a row, called by its name, in place of one called `cama`.
    attack_limit : int, default=1000
        How many examples are attacked: the first ones.
    attack_worst : bool, default=False
        Whether each classifier has a row, too, in which every example counts under the attack that misleads most.
    attack_columns : iterable of str
        The columns of a table that may change: names, `*` for any text in them, `@children`, `@co-parents`; all numbers among
        both unless given.
    attack_eps : dict of str to float, optional
        What a radius of 1 is for a column in its own unit, in place of its standard deviation.
    attack_ranges : dict of str to tuple (low, high), optional
        The lowest and highest that a column may become, in its own unit; either may be None.
    random_state : int, RandomState or None, default=0
        The seed of manipulations and attacks.
    n_jobs : int or None
        Threads; those of the estimator unless given. Classifiers of other libraries are asked on the thread that calls this
        function, one question at a time.
    verbose : bool, default=False
        Whether to show how far attacks are, with tqdm.

    Returns
    -------
    evaluation : Evaluation
        A `pandas.DataFrame` with one row for each manipulation or attack and classifier: `manipulation`, `made_on` (the
        classifier that an attack was made on), `classifier`, `severity`, `accuracy` with its 95% interval
        `accuracy_low` to `accuracy_high`, `log_loss` in nats, `calibration_error`, `log_px`, `examples`, and the shares `restored`,
        `unexplained` and `suspicious` that the guard found. Its method `to_html(path)` writes the page that
        `cama evaluate --page` writes.
    """
    others = dict(against or {})
    surrogates = transfer if isinstance(transfer, Mapping) else {} if transfer is None else {"model": transfer}
    ours = [one for one in (estimator, *others.values(), *surrogates.values()) if isinstance(one, CamaClassifier)]
    questions = Questions(X, y, ours[0] if ours else None, [estimator, *others.values()])
    judged = _judged(estimator, others, questions, adapt, every_rule)
    plan = {
        "manipulations": [str(spec) for spec in _texts(manipulations, "manipulations")],
        "clean": True,
        "attacks": [str(spec) for spec in _texts(attacks, "attacks")],
        "columns": names(attack_columns) or [],
        "eps": [f"{name}={value}" for name, value in (attack_eps or {}).items()],
        "ranges": [f"{name}={_end(low)}..{_end(high)}" for name, (low, high) in (attack_ranges or {}).items()],
        "limit": int(attack_limit),
        "worst": bool(attack_worst),
        "seed": seed_of(random_state),
    }
    jobs = n_jobs if n_jobs is not None else getattr(estimator, "n_jobs", None)
    with Listener(verbose) as listener:
        rows, notes = _cama.evaluate(
            questions.data,
            judged,
            [(name, _surrogate(name, one, questions)) for name, one in surrogates.items()],
            _adapting(estimator, questions.data) if adapt else None,
            questions.ask,
            plan,
            listener,
            threads(jobs),
        )
    for note in dict.fromkeys(notes):
        warnings.warn(note, CamaWarning, stacklevel=2)
    from ._evaluation import Evaluation

    return Evaluation.of(rows, questions.noun)


def _judged(estimator: Any, others: dict[str, Any], questions: Questions, adapt: bool, every_rule: bool) -> list[dict[str, Any]]:
    """What is judged, for Rust: models that read the data themselves, and classifiers that are asked."""
    is_ours = isinstance(estimator, CamaClassifier)
    if adapt and not is_ours:
        raise TypeError(f"adapt=True adapts a CamaClassifier, and this is a {type(estimator).__name__}: leave adapt out")
    judged: list[dict[str, Any]] = []

    def add(name: str, model: Any, asked: int | None, adapts: bool = False, rules: bool = False) -> None:
        how = None if model is None else model._how({}, "evaluate")
        judged.append(
            {"name": name, "model": None if model is None else model._fitted(), "how": how, "every_rule": rules, "asked": asked, "adapts": adapts}
        )

    if is_ours:
        add("cama", estimator, None, adapt, every_rule)
    else:
        add(type(estimator).__name__, None, 0)
    restores = is_ours and (adapt or json.loads(estimator._fitted().card)["m"] != "null")
    for which, (name, other) in enumerate(others.items(), start=1):
        if questions.reads(other):
            add(name, other, None)
            continue
        add(name, None, which)
        if restores:
            add(f"restored + {name}", estimator, which, adapt)
    return judged


def _surrogate(name: str, one: Any, questions: Questions) -> Any:
    if not questions.reads(one):
        raise ValueError(
            f"transfer[{name!r}] cannot make examples of this data: give a CamaClassifier that reads it as {questions.whose} does, "
            "such as one that was adapted from it"
        )
    return one._fitted()


def _adapting(estimator: CamaClassifier, data: Data) -> tuple[dict[str, Any], Data | None]:
    """How the estimator adapts."""
    settings = settings_of(estimator.settings, without=("model", "factor", "train", "direct", "predict"))
    adapting = {"mechanisms": None, "settings": settings, "guard": True, "total": len(data), "seed": estimator.seed_}
    return adapting, estimator._clean_data(None)


def _texts(given: Iterable[str], what: str) -> list[str]:
    if isinstance(given, str):
        raise TypeError(f"{what} is one text: give a list of them, {what}=[{given!r}]")
    return list(given)


def _end(value: float | None) -> str:
    return "" if value is None else str(value)
