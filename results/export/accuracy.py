"""Accuracy of classifiers on damaged digits, alone and on what an exported restorer makes of them, in ONNX Runtime.

    python3 results/export/accuracy.py restorer.onnx

The file is one that `cama export --with-classifier` wrote. The first 1,000 test digits of MNIST are damaged by the code below, not by the program's.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import onnxruntime

REPOSITORY = Path(__file__).resolve().parents[2]
COUNT = 1000


def idx(name: str, start: int) -> np.ndarray:
    with gzip.open(REPOSITORY / "data" / "mnist" / name) as file:
        return np.frombuffer(file.read(), dtype=np.uint8)[start:]


def damaged(x, degrees, right, down, contrast, brightness):
    """Each digit turned counter-clockwise, moved by pixels (bilinear, zero outside), faded and brightened."""
    rows, columns = np.mgrid[0:28, 0:28] - 13.5
    out = np.zeros_like(x)
    for i, image in enumerate(x):
        sin, cos = np.sin(-np.deg2rad(degrees[i])), np.cos(np.deg2rad(degrees[i]))
        x_off, y_off = columns - right[i], rows - down[i]
        source = np.stack([-sin * x_off + cos * y_off, cos * x_off + sin * y_off]) + 13.5
        low = np.floor(source).astype(int)
        (down_by, right_by), padded = source - low, np.pad(image, 1)

        def pixel(y, x):
            return padded[np.clip(y + 1, 0, 29), np.clip(x + 1, 0, 29)]

        top = pixel(low[0], low[1]) * (1 - right_by) + pixel(low[0], low[1] + 1) * right_by
        bottom = pixel(low[0] + 1, low[1]) * (1 - right_by) + pixel(low[0] + 1, low[1] + 1) * right_by
        out[i] = np.clip(contrast[i] * (top * (1 - down_by) + bottom * down_by) + brightness[i], 0, 1)
    return out


def main() -> None:
    x = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:COUNT].astype(np.float32) / 255
    y = idx("t10k-labels-idx1-ubyte.gz", 8)[:COUNT]
    rng = np.random.default_rng(0)
    none, whole = np.zeros(COUNT), np.ones(COUNT)

    def between(low, high):
        return rng.uniform(low, high, COUNT)

    damages = {
        "none": (none, none, none, whole, none),
        "turned by up to 45°": (between(-45, 45), none, none, whole, none),
        "turned by up to 60°": (between(-60, 60), none, none, whole, none),
        "moved by up to 5 pixels": (none, between(-5, 5), between(-5, 5), whole, none),
        "moved by up to 8 pixels": (none, between(-8, 8), between(-8, 8), whole, none),
        "contrast .3 to .9, brighter by up to .2": (none, none, none, between(0.3, 0.9), between(0, 0.2)),
        "45°, 5 pixels, contrast .35 to .9, brighter by up to .2": (
            between(-45, 45), between(-5, 5), between(-5, 5), between(0.35, 0.9), between(0, 0.2),
        ),
    }
    restorer = onnxruntime.InferenceSession(sys.argv[1])
    other = onnxruntime.InferenceSession(REPOSITORY / "crates/cama-onnx/tests/files/mnist-cnn.onnx")
    names = [output.name for output in restorer.get_outputs()]

    def accuracy(scores):
        return f"{100 * (scores.argmax(axis=1) == y).mean():.1f}%"

    print("| damage | direct classifier | on what is restored | CNN of PyTorch | on what is restored |\n|---|---|---|---|---|")
    for name, damage in damages.items():
        seen = damaged(x, *damage)[:, None].astype(np.float32)
        found = dict(zip(names, restorer.run(names, {"image": seen})))
        alone, restored = (other.run(None, {"image": of})[0] for of in (seen, found["restored"]))
        scores = [found["probabilities_alone"], found["probabilities"], alone, restored]
        print("| " + " | ".join([name, *map(accuracy, scores)]) + " |")


if __name__ == "__main__":
    main()
