"""Exported restorers in ONNX Runtime: what they give is what the program gives, alone and before a classifier."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from merge import merged

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = REPOSITORY / "crates" / "cama-onnx" / "tests" / "files"
DATA = ["--data", "digits.npz"]

#: Within the rounding of single precision.
TOLERANCE = 1e-4


def digits_of_mnist(n: int) -> tuple[np.ndarray, np.ndarray]:
    def idx(name: str, start: int) -> np.ndarray:
        with gzip.open(REPOSITORY / "data" / "mnist" / name) as file:
            return np.frombuffer(file.read(), dtype=np.uint8)[start:]

    x = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:n].astype(np.float32) / 255
    return x, idx("t10k-labels-idx1-ubyte.gz", 8)[:n]


def manipulated(x: np.ndarray) -> np.ndarray:
    """Each digit moved by some pixels, slanted and faded."""
    out = np.zeros_like(x)
    for i, image in enumerate(x):
        down, right = i % 7 - 3, i % 5 - 2
        padded = np.pad(image, 8)[8 - down : 36 - down, 8 - right : 36 - right]
        slanted = np.stack([np.roll(row, (j - 14) // (3 + i % 4)) for j, row in enumerate(padded)])
        out[i] = slanted * (0.4 + 0.1 * (i % 5)) + 0.02 * (i % 6)
    return out


@pytest.fixture(scope="session")
def cama():
    """Runs the program, and gives what it prints."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    path = target / "release" / "cama"
    if not path.exists():
        pytest.skip(f"{path} is not built: cargo build --release")

    def run(*args: str | Path, cwd: Path | None = None) -> str:
        done = subprocess.run([path, *args], cwd=cwd, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def folder(cama, tmp_path_factory) -> Path:
    """A folder with a model of digits that has learnt a little of everything, and what the program makes of manipulated digits."""
    folder = tmp_path_factory.mktemp("onnx")
    quick = ["--epochs", "1", "--set", "dream.steps=150", "--set", "direct.epochs=2", "--set", "direct.channels=4"]
    sizes = ["--set", "model.z=4", "--set", "model.network.hidden=24", "--set", "model.network.trunk.channels=6"]
    x, y = digits_of_mnist(60)
    np.savez(folder / "digits.npz", x=manipulated(x), y=y)
    cama("train", "--data", "mnist:train[..190]", "--out", "model", *quick, *sizes, cwd=folder)
    cama("adapt", "--model", "model", *DATA, "--steps", "2", "--keep", "last", "--out", "adapted", cwd=folder)
    cama("restore", "--model", "adapted", *DATA, "--no-guard", "--out", "restored.npz", cwd=folder)
    cama("restore", "--model", "adapted", *DATA, "--no-guard", "--out", "images", cwd=folder)
    version = ["--opset", "20", "--with-classifier"]
    cama("export", "--model", "adapted", "--onnx", "restorer.onnx", *version, cwd=folder)
    return folder


@pytest.fixture(scope="session")
def digits(folder) -> np.ndarray:
    """The manipulated digits, `[n, 1, 28, 28]`."""
    return np.load(folder / "digits.npz")["x"][:, None]


def run(model: Path | onnx.ModelProto, x: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs of a file, or of a model in memory."""
    given = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model
    session = onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: x})))


def metadata(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_the_file_is_valid_and_says_what_it_is(folder, cama):
    path = folder / "restorer.onnx"
    onnx.checker.check_model(onnx.load(path), full_check=True)
    said = metadata(path)
    names = [parameter["name"] for parameter in json.loads(said["cama.parameters"])]
    assert names == ["shift right", "shift down", "rotation", "width", "height", "shear", "gain", "bias"]
    assert json.loads(said["cama.classes"]) == [str(digit) for digit in range(10)]
    assert json.loads(said["cama.images"])["range"] == [0, 1]
    # The program says the same.
    printed = cama("export", "--model", "adapted", "--onnx", "again.onnx", "--json", "--opset", "20", "--with-classifier", cwd=folder)
    printed = json.loads(printed)
    assert [parameter["name"] for parameter in printed["parameters"]] == names
    assert (folder / "again.onnx").read_bytes() == path.read_bytes()


def test_onnx_runtime_restores_what_the_program_restores(folder, digits):
    found = run(folder / "restorer.onnx", digits)
    wanted = np.load(folder / "restored.npz")["x"].reshape(digits.shape)
    assert np.abs(found["restored"] - wanted).max() < TOLERANCE
    assert np.abs(found["restored"] - digits).max() > 0.3
    # One after another as well as all at once.
    alone = np.concatenate([run(folder / "restorer.onnx", digit[None])["restored"] for digit in digits[:3]])
    assert np.abs(alone - found["restored"][:3]).max() < TOLERANCE
    with open(folder / "restored-m.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for i, (name, unit) in enumerate([("shift right", "pixels"), ("rotation", "degrees"), ("gain", "factor")]):
        column = [float(row[f"{name} ({unit})"]) for row in rows]
        at = [0, 2, 6][i]
        assert np.allclose(found["parameters"][:, at], column, atol=TOLERANCE, rtol=TOLERANCE), name


def test_the_probabilities_are_the_programs(folder, digits, cama):
    cama("predict", "--model", "adapted", *DATA, "--no-guard", "--rule", "direct", "--out", "p.npz", cwd=folder)
    wanted = np.load(folder / "p.npz")["probabilities"]
    assert np.abs(run(folder / "restorer.onnx", digits)["probabilities"] - wanted).max() < TOLERANCE


def test_a_classifier_of_ones_own_reads_what_is_restored(folder, digits):
    classifier = onnx.load(FILES / "mnist-cnn.onnx")
    whole = merged(onnx.load(folder / "restorer.onnx"), onnx.load(FILES / "mnist-cnn.onnx"))
    restored = run(folder / "restorer.onnx", digits)["restored"]
    wanted = run(classifier, restored)["logits"]
    found = run(whole, digits)
    assert [value.name for value in whole.graph.input] == ["image"]
    assert np.abs(found["logits"] - wanted).max() < 1e-3
    assert np.abs(wanted - run(classifier, digits)["logits"]).max() > 0.1


def test_other_versions_are_refused(folder, cama):
    cama("export", "--model", "adapted", "--onnx", "old.onnx", "--opset", "17", cwd=folder)
    with pytest.raises(SystemExit, match="--opset 20"):
        merged(onnx.load(folder / "old.onnx"), onnx.load(FILES / "mnist-cnn.onnx"))


def test_the_program_reads_the_merged_file_as_a_classifier(folder, digits, cama):
    """Without a restorer of its own, by the rule `direct-alone`: the file has one inside."""
    whole = merged(onnx.load(folder / "restorer.onnx"), onnx.load(FILES / "mnist-cnn.onnx"))
    onnx.save(whole, folder / "repaired.onnx")
    given = ["--classifier", "repaired.onnx", "--classifier-output-name", "logits", "--rule", "direct-alone"]
    cama("predict", "--model", "model", *DATA, *given, "--out", "merged.npz", cwd=folder)
    found = np.load(folder / "merged.npz")["probabilities"]
    logits = run(whole, digits)["logits"]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.abs(found - shares / shares.sum(axis=1, keepdims=True)).max() < TOLERANCE
