"""Images of several layouts as `[n, channels, height, width]`, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Numbers of channels by which the axis of the channels is found.
CHANNELS = (1, 3)


@dataclass(frozen=True)
class Pixels:
    """Images as the model reads them."""

    #: `[n, channels, height, width]`, uint8, or float32 in [0, 1].
    pixels: np.ndarray
    #: float32 pixels of that shape as the array that the images came in.
    back: Callable[[np.ndarray], np.ndarray]


def is_images(X: Any) -> bool:
    """Whether it is an array of three or four axes."""
    return getattr(X, "ndim", 2) in (3, 4) and hasattr(X, "dtype")


def to_learn(X: np.ndarray, channels: str | None) -> Pixels:
    """Images of which only the layout tells where the channels are."""
    if X.ndim == 3:
        return _pixels(X, X[:, None], lambda x: x[:, 0])
    first, last = X.shape[1] in CHANNELS, X.shape[3] in CHANNELS
    if channels not in (None, "first", "last"):
        raise ValueError(f'channels={channels!r}: must be "first", "last" or None, which finds it out')
    if channels is None and first == last:
        raise ValueError(
            f"in images of shape {X.shape} the axis of the channels is not to be told: give channels=\"first\" "
            'for [n, channels, height, width] or channels="last" for [n, height, width, channels]'
        )
    is_last = channels == "last" or (channels is None and last)
    return _last(X) if is_last else _pixels(X, X, lambda x: x)


def to_read(X: Any, shape: tuple[int, int, int]) -> Pixels:
    """Images that a model reads whose images are of this shape, in any layout, also as rows of their pixels."""
    X = np.asarray(X)
    channels, height, width = shape
    if X.ndim == 2 and X.shape[1] == channels * height * width:
        return _pixels(X, X.reshape(-1, *shape), lambda x: x.reshape(len(x), -1))
    if X.ndim == 3 and channels == 1 and X.shape[1:] == (height, width):
        return _pixels(X, X[:, None], lambda x: x[:, 0])
    if X.shape[1:] == shape:
        return _pixels(X, X, lambda x: x)
    if X.shape[1:] == (height, width, channels):
        return _last(X)
    raise ValueError(
        f"X has the shape {X.shape}, but the model reads images of {channels} channel(s) and {height}×{width} pixels: give "
        "[n, channels, height, width], [n, height, width, channels] or, of one channel, [n, height, width]"
    )


def check_shape(X: np.ndarray, shape: tuple[int, int, int]) -> None:
    """Errors unless it holds at least one image, in a layout that `to_read` knows."""
    if len(X) == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
    to_read(X[:1], shape)


def _last(X: np.ndarray) -> Pixels:
    return _pixels(X, np.moveaxis(X, 3, 1), lambda x: np.moveaxis(x, 1, 3))


def _pixels(X: np.ndarray, pixels: np.ndarray, back: Callable[[np.ndarray], np.ndarray]) -> Pixels:
    kind = X.dtype
    if len(X) == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
    if kind == np.uint8:
        as_before = lambda x: np.ascontiguousarray(back(np.rint(x * 255).astype(np.uint8)))  # noqa: E731
        return Pixels(np.ascontiguousarray(pixels), as_before)
    if kind.kind == "b":
        return Pixels(np.ascontiguousarray(pixels, dtype=np.float32), lambda x: np.ascontiguousarray(back(x)))
    if kind.kind != "f":
        raise ValueError(f"pixels are of type {kind}: give uint8 from 0 to 255, or floats from 0 to 1")
    single = np.ascontiguousarray(pixels, dtype=np.float32)
    if not ((single >= 0) & (single <= 1)).all():
        low, high = np.min(single), np.max(single)
        raise ValueError(f"pixels go from {low} to {high}: give floats from 0 to 1 (divide by the largest value), or uint8")
    return Pixels(single, lambda x: np.ascontiguousarray(back(x), dtype=kind))
