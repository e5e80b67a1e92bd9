"""What fits and adaptations tell: progress, notices, reports."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, fields
from typing import Any


class CamaWarning(UserWarning):
    """Something that the library noticed and its user may want to know."""


class Listener:
    """Hears of steps, which it shows in a bar if asked to, and of notices, which become warnings."""

    def __init__(self, verbose: bool) -> None:
        self._bars: Any = None
        self._bar: Any = None
        self._phase: str | None = None
        if verbose:
            try:
                from tqdm.auto import tqdm
            except ImportError as error:
                raise ImportError("verbose=True shows a bar of tqdm: pip install tqdm, or leave verbose out") from error
            self._bars = tqdm

    def step(self, phase: str, done: int, total: int, loss: float) -> None:
        if self._bars is None:
            return
        if phase != self._phase:
            self.close()
            self._bar, self._phase = self._bars(total=total, desc=phase), phase
        self._bar.update(done - self._bar.n)
        self._bar.set_postfix(loss=f"{loss:.4g}", refresh=False)

    def notice(self, text: str) -> None:
        # Those are: this method, the method that called Rust, the user's line or one near it.
        warnings.warn(text, CamaWarning, stacklevel=3)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = self._phase = None

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Adaptation:
    """What an adaptation did.

    Attributes
    ----------
    outcome : {"adapted", "adapted-for-some", "rolled-back"}
        Whether it was let stand: wholly, for some examples (the others are left as they were), or not at
        all, and the previous model came back.
    rollback_reason : object
        Why the previous model came back: a name, or a dictionary of a name and its details; None if it
        did not.
    restored, as_they_were, unexplained : int
        How many of the examples the new model restores, leaves as they are, and explains neither way.
        All three are zero where the model has no guard.
    elbo_before, elbo_after : float
        Evidence lower bound of unlabelled validation examples in nats, before and after.
    clean_before, clean_after : float or None
        Accuracy on clean validation examples, before and after; None without clean data.
    examples : int
        Unlabelled examples that were learnt from.
    global_steps, steps, kept_step, field_steps : int
        Steps that found what was done to all the data alike, steps of adaptation, the one of them whose
        state was kept, and steps in which its field (images) learnt from what was done to the data.
    """

    outcome: str
    rollback_reason: Any
    restored: int
    as_they_were: int
    unexplained: int
    elbo_before: float
    elbo_after: float
    clean_before: float | None
    clean_after: float | None
    examples: int
    global_steps: int
    steps: int
    kept_step: int
    field_steps: int

    @property
    def adapted(self) -> bool:
        """Whether anything of it was kept."""
        return self.outcome != "rolled-back"

    @classmethod
    def of(cls, card: str) -> Adaptation | None:
        """The last adaptation of a model's card, if there was one."""
        adaptations = json.loads(card)["adaptations"]
        if not adaptations:
            return None
        report = adaptations[-1]["report"]
        return cls(**{field.name: report.get(field.name) for field in fields(cls)})
