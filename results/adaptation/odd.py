"""Makes data that nobody should adapt to blindly: python3 odd.py IMAGES LABELS FOLDER, from IDX files of 10,000 images or more.

Of the images from 0 on, NPZ files to adapt to; of those from 5,000 on, the same done to others, to judge on:

    mixed         as they are, moved by up to 30% up or down, and with a third of the contrast, in turn
    single-class  moved by up to 30% up or down, of class 3 alone to adapt to, of all classes to judge on
    poisoned      moved likewise, but for a third, which is noise
    garbage       noise to adapt to; the images as they are to judge on
"""
import gzip
import sys

import numpy as np

images, labels, folder = sys.argv[1:]


def idx(path, header):
    opened = gzip.open(path) if path.endswith(".gz") else open(path, "rb")
    with opened as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


y = idx(labels, 8).astype(np.int64)
x = idx(images, 16).reshape(len(y), 28, 28)
rng = np.random.default_rng(1)


def moved(x):
    """Each image moved up or down by up to 30% of its height, with zeros from outside."""
    out = np.zeros_like(x)
    for image, to, by in zip(x, out, rng.integers(-8, 9, len(x))):
        to[max(by, 0) : 28 + min(by, 0)] = image[max(-by, 0) : 28 - max(by, 0)]
    return out


def mixed(x):
    out = x.copy()
    out[1::3] = moved(x[1::3])
    out[2::3] = np.rint(0.35 * x[2::3] + 0.35 * 255)
    return out


def noise(shape):
    return rng.integers(0, 256, shape, dtype=np.uint8)


def poisoned(x):
    out = moved(x)
    out[::3] = noise(out[::3].shape)
    return out


def save(name, x, y):
    np.savez_compressed(f"{folder}/{name}.npz", x=x, y=y)


first, later = slice(0, 3000), slice(5000, 6000)
save("mixed", mixed(x[first]), y[first])
save("mixed-judged", mixed(x[later]), y[later])
threes = np.flatnonzero(y[:5000] == 3)
save("single-class", moved(x[threes]), y[threes])
save("single-class-judged", moved(x[later]), y[later])
save("poisoned", poisoned(x[first]), y[first])
save("poisoned-judged", moved(x[later]), y[later])
save("garbage", noise((3000, 28, 28)), y[first])
save("garbage-judged", x[later], y[later])
