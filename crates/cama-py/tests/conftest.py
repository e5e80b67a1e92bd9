"""What several tests share: digits, tables, small models of both."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cama import CamaClassifier

REPOSITORY = Path(__file__).resolve().parents[3]

#: Little of everything.
QUICK = {
    "model.z": 8,
    "model.network.hidden": 32,
    "train.epochs": 6,
    "dream.steps": 60,
    "direct.epochs": 4,
    "direct.hidden": 16,
}

QUICK_IMAGES = {**QUICK, "model.network.trunk.channels": 6, "direct.channels": 4, "train.epochs": 2, "direct.epochs": 1}


def idx(name: str, start: int) -> np.ndarray:
    with gzip.open(REPOSITORY / "data" / "mnist" / name) as file:
        return np.frombuffer(file.read(), dtype=np.uint8)[start:]


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """60,000 digits of MNIST, uint8 `[n, 28, 28]`, and what they are."""
    return idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), idx("train-labels-idx1-ubyte.gz", 8)


@pytest.fixture(scope="session")
def program() -> str:
    """The program `cama`, which is built before these tests."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    path = target / "release" / "cama"
    if not path.exists():
        pytest.skip(f"{path} is not built: cargo build --release")
    return str(path)


def run_program(program, *arguments):
    """What it prints."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def settings_flags(settings):
    return [flag for name, value in settings.items() for flag in ("--set", f"{name}={json.dumps(value)}")]


def patients(n: int, seed: int):
    """A table of an illness that causes numbers and a truth value."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    effects = np.random.default_rng(7).normal(size=(3, 8)) * 1.5
    blood = effects[y] + rng.normal(size=(n, 8))
    frame = pd.DataFrame(blood, columns=[f"blood{i}" for i in range(8)])
    frame.insert(0, "fever", 37 + y + rng.normal(size=n) / 2)
    frame["cough"] = rng.random(n) < 0.2 + 0.3 * y
    frame["region"] = rng.choice(["north", "south"], n)
    frame["age"] = rng.integers(20, 80, n)
    frame["blood1"] += (frame["age"] - 50) / 20
    return frame, np.array(["cold", "flu", "plague"])[y]


def moved(X):
    """The same after others have measured: in degrees Fahrenheit, and in another laboratory."""
    return X.assign(fever=X["fever"] * 1.8 + 32, blood2=X["blood2"] - 4)


#: The columns that the illness causes.
EFFECTS = ["fever", *(f"blood{i}" for i in range(8)), "cough"]

#: Age and region are no effects of the illness.
GRAPH = "digraph { " + "; ".join(f"illness -> {effect}" for effect in EFFECTS) + "; age -> blood1; region -> illness }"


@pytest.fixture(scope="session")
def table_model() -> CamaClassifier:
    X, y = patients(400, 0)
    return CamaClassifier(graph=GRAPH, target="illness", settings=QUICK, generator="factor", random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def adapted(table_model) -> CamaClassifier:
    """The same, adapted to what others have measured."""
    return table_model.adapt(moved(patients(400, 5)[0]))


@pytest.fixture(scope="session")
def image_model(digits) -> CamaClassifier:
    X, y = digits
    return CamaClassifier(settings=QUICK_IMAGES, random_state=0).fit(X[:190], y[:190])
