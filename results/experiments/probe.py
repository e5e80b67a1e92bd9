"""What q2's mean tells: linear probes from it to the class of a digit and to how far the digit was shifted.

    python3 results/experiments/probe.py CAMA LABELS.gz SHIFT MODEL…

CAMA is the program, LABELS.gz the labels of mnist:test (data/mnist/t10k-labels-idx1-ubyte.gz), SHIFT the largest shift in steps of a
third of which 1,000 digits are shifted vertically. Half of the digits fit the probes (least squares, with an intercept), the others
are judged. Needs NumPy.
"""

import gzip
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

DIGITS = slice(7000, 8000)


def means(cama, model, shift, folder):
    out = pathlib.Path(folder, "m.npz")
    data = f"mnist:test[{DIGITS.start}..{DIGITS.stop}]"
    manipulate = f"shift-vertical:={shift:.4f}" if shift else "none"
    subprocess.run(
        [cama, "predict", "--model", model, "--data", data, "--manipulate", manipulate, "--m", "mean", "--rule", "bayes"]
        + ["--samples", "1", "--no-guard", "--out", str(out), "--force", "--seed", "1"],
        check=True, stderr=subprocess.DEVNULL,
    )
    return np.load(out)["m"].astype(float)


def probe(features, targets, fits):
    """Predictions of the targets by least squares, of all rows."""
    x = np.hstack([features, np.ones((len(features), 1))])
    weights, *_ = np.linalg.lstsq(x[fits], targets[fits], rcond=None)
    return x @ weights


def main():
    cama, labels, largest, *models = sys.argv[1:]
    labels = np.frombuffer(gzip.open(labels).read()[8:], np.uint8)[DIGITS]
    shifts = np.linspace(-float(largest), float(largest), 7)
    fits = np.tile(np.arange(len(labels)) % 2 == 0, len(shifts))
    classes, moved = np.tile(labels, len(shifts)), np.repeat(shifts, len(labels))
    print("| model | class, accuracy | shift, R² | variance of q2's mean that shift explains | that class explains |\n|---|---|---|---|---|")
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            m = np.concatenate([means(cama, model, shift, folder) for shift in shifts])
        right = probe(m, np.eye(10)[classes], fits).argmax(1) == classes
        error = (probe(m, moved[:, None], fits)[:, 0] - moved) ** 2
        total = ((moved - moved[fits].mean()) ** 2)[~fits].mean()
        explained = []
        for groups in (moved, classes):
            between = sum((groups == g).mean() * ((m[groups == g].mean(0) - m.mean(0)) ** 2).sum() for g in np.unique(groups))
            explained.append(between / m.var(0).sum())
        print(f"| {model} | {right[~fits].mean():.3f} | {1 - error[~fits].mean() / total:.3f} | {explained[0]:.3f} | {explained[1]:.3f} |")


main()
