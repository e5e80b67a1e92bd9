"""Writes train.npz and test.npz again with the classes in turn, so that any range of the images has as many of each.

    python3 results/experiments/interleave.py FOLDER OUT

Needs NumPy. Within each class the order stays.
"""

import pathlib
import sys

import numpy as np

source, out = map(pathlib.Path, sys.argv[1:])
out.mkdir(parents=True, exist_ok=True)
for name in ("train.npz", "test.npz"):
    arrays = np.load(source / name)
    labels = arrays["y"]
    # The rank of each image within its class, then the class.
    rank = np.empty(len(labels), int)
    for label in np.unique(labels):
        of_class = labels == label
        rank[of_class] = np.arange(of_class.sum())
    order = np.lexsort((labels, rank))
    np.savez_compressed(out / name, x=arrays["x"][order], y=labels[order], classes=arrays["classes"])
