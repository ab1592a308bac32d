"""Arithmetic on series over a clip: running medians, runs, weighted percentiles."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_BLOCK = 128  # entries


@dataclass(frozen=True, slots=True)
class Fault:
    """Strength of one fault and the frame (0 is the first) where it is worst."""

    value: float
    frame: int


def around(series: Array, reach: int) -> Array:
    """Running median over `reach` entries on each side, along the first axis."""
    out = np.empty(series.shape, np.result_type(series, np.float32))
    inner = range(reach, max(reach, len(series) - reach), _BLOCK)
    for start in inner:  # whole windows, in blocks: a median copies what it sorts
        end = min(start + _BLOCK, len(series) - reach)
        seen = np.lib.stride_tricks.sliding_window_view(series[start - reach : end + reach], 2 * reach + 1, axis=0)
        out[start:end] = np.median(seen, axis=-1)
    for i in {*range(min(reach, len(series))), *range(max(0, len(series) - reach), len(series))}:
        out[i] = np.median(series[max(0, i - reach) : i + reach + 1], axis=0)
    return out


def changes(series: Array, valid: Array) -> Array:
    """Differences of neighbouring pair values, where both are valid."""
    table = series.reshape(len(series), -1)
    return np.asarray(np.diff(table, axis=0)[valid[1:] & valid[:-1]])


def in_place(series: Array, valid: Array) -> Array:
    """The same at the place of the later pair, 0 where either is not valid."""
    table = series.reshape(len(series), -1)
    change = np.zeros(table.shape)
    change[1:] = np.diff(table, axis=0) * (valid[1:] & valid[:-1])[:, None]
    return change


def trimmed_mean(values: Array) -> float:
    """Mean without the largest 5 %."""
    kept = np.sort(values)[: max(1, int(0.95 * values.size))]
    return float(kept.mean())


def smoothed(series: Array, width: int) -> Array:
    padded = np.pad(series, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.ones(width) / width, "valid")


def widened(flags: Array, reach: int) -> Array:
    """Flags with `reach` neighbours on each side."""
    # numpy's "same" takes the longer of the two: short clips would grow.
    return np.asarray(np.convolve(flags, np.ones(2 * reach + 1))[reach : reach + len(flags)] > 0)


def runs(flags: Array) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def reached_by(values: Array, weights: Array, share: float) -> float:
    """The value that all but `share` of the weight reach."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])


def worst(amount: Array) -> int:
    """Frame of the largest entry of a pair series of differences."""
    return int(amount.argmax()) + 1
