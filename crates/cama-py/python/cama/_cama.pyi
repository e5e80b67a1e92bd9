"""The compiled part."""

from os import PathLike
from typing import Any

import numpy as np

from ._report import Listener

__version__: str

class Table:
    def __new__(cls, name: str, columns: list[tuple[str, np.ndarray | list[str | None]]]) -> Table: ...

class Data:
    @staticmethod
    def images(
        name: str,
        pixels: np.ndarray,
        shape: tuple[int, ...],
        labels: np.ndarray | None = None,
        classes: list[str] = ...,
    ) -> Data: ...
    def __len__(self) -> int: ...
    def labels(self) -> np.ndarray: ...
    def indices(self) -> np.ndarray: ...
    def classes(self) -> list[str]: ...
    def with_x(self, x: np.ndarray) -> Data: ...
    def manipulated(self, manipulation: str, seed: int) -> Data: ...
    def pixels(self) -> np.ndarray: ...
    def columns(self) -> dict[str, np.ndarray | list[str]]: ...

class Model:
    VERDICTS: list[str]
    @staticmethod
    def fit(
        data: Data,
        listener: Listener,
        *,
        preset: str,
        mechanisms: list[str] | None,
        generator: str,
        settings: list[str],
        seed: int,
        threads: int,
    ) -> Model: ...
    def adapt(
        self,
        data: Data,
        clean: Data | None,
        listener: Listener,
        *,
        mechanisms: list[str] | None,
        settings: list[str],
        guard: bool,
        seed: int,
        threads: int,
    ) -> Model: ...
    def decide(
        self,
        data: Data,
        listener: Listener,
        *,
        rule: str | None,
        context: str,
        settings: list[str],
        seed: int,
        restored: bool,
        threads: int,
    ) -> dict[str, Any]: ...
    def read(self, table: Table, labelled: bool) -> tuple[Data, list[str]]: ...
    def drift(self, data: Data, listener: Listener, seed: int, threads: int) -> str: ...
    def rehearse(self, data: Data, listener: Listener, seed: int, threads: int) -> str: ...
    def save(self, folder: str | PathLike[str]) -> None: ...
    @staticmethod
    def load(folder: str | PathLike[str]) -> Model: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> Model: ...
    @property
    def rehearsal(self) -> str: ...
    @property
    def card(self) -> str: ...
    @property
    def classes(self) -> list[str]: ...
    @property
    def image_shape(self) -> tuple[int, int, int] | None: ...
    @property
    def columns(self) -> list[tuple[str, str, str]]: ...
    @property
    def target(self) -> str | None: ...
    @property
    def parameters(self) -> list[tuple[str, str]]: ...

def roles(graph: str, is_text: bool, target: str) -> dict[str, Any]: ...
def learn(
    table: Table,
    target: str,
    *,
    parents: list[str],
    children: list[str],
    co_parents: list[str],
    types: list[tuple[str, str]],
    missing: str,
) -> tuple[Data, list[str]]: ...
