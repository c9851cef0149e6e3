"""Counts that fade with time, kept by key: a hash table that numba compiles, open to lookups from compiled code.

A key is made of a kind of count, a number, a deed and another number. Each entry holds the count at every one of SCALES
as of its last event, so that time passes without touching it.
"""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

SCALES = np.array([4.0, 40.0, 1e9])
"""Days after which an event counts 1/e."""
_HORIZON = 20_000  # days; beyond it only the last scale still counts anything
FADING = np.exp(-np.arange(_HORIZON)[:, None] / SCALES).astype(np.float32)
NEVER = 9999.0
"""Days since an event that never was."""


class Tallies(NamedTuple):
    """Parallel arrays with a slot for each key; -1 marks a free one. Sizes are powers of two."""

    keys: npt.NDArray[np.int64]
    last: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float32]


def empty(size: int = 1 << 12) -> Tallies:
    """Tallies of nothing, with room for half as many keys as `size`."""
    return Tallies(np.full(size, -1, np.int64), np.zeros(size, np.int32), np.zeros((size, len(SCALES)), np.float32))


@nb.njit(cache=True, inline="always")
def key(kind: int, one: int, deed: int, other: int) -> int:
    return (((kind << 20) | one) << 12 | deed) << 20 | other


@nb.njit(cache=True)
def slot(keys: Any, wanted: int) -> Any:
    """Where the key is, or the free slot where it would be put."""
    mask = keys.shape[0] - 1
    at = ((wanted * 0x9E3779B97F4A7C1) >> 20) & mask
    while keys[at] != wanted and keys[at] != -1:
        at = (at + 1) & mask
    return at


@nb.njit(cache=True)
def bump(tallies: Any, wanted: int, day: int) -> int:
    """Count an event of this day under a key; 1 if the key is new, else 0."""
    at = slot(tallies.keys, wanted)
    if tallies.keys[at] == -1:
        tallies.keys[at] = wanted
        tallies.last[at] = day
        tallies.counts[at, :] = 1.0
        return 1
    gone = min(day - tallies.last[at], _HORIZON - 1)
    for k in range(FADING.shape[1]):
        tallies.counts[at, k] = tallies.counts[at, k] * FADING[gone, k] + 1.0
    tallies.last[at] = day
    return 0


@nb.njit(cache=True)
def count(tallies: Any, wanted: int, day: int, scale: int) -> Any:
    """What the key counts on a day, at one of SCALES."""
    at = slot(tallies.keys, wanted)
    if tallies.keys[at] == -1:
        return 0.0
    return tallies.counts[at, scale] * FADING[min(day - tallies.last[at], _HORIZON - 1), scale]


@nb.njit(cache=True)
def counts(tallies: Any, wanted: int, day: int, out: Any) -> None:
    """What the key counts on a day at each of SCALES, put into `out`."""
    at = slot(tallies.keys, wanted)
    if tallies.keys[at] == -1:
        out[:] = 0.0
    else:
        gone = min(day - tallies.last[at], _HORIZON - 1)
        for k in range(FADING.shape[1]):
            out[k] = tallies.counts[at, k] * FADING[gone, k]


@nb.njit(cache=True)
def gap(tallies: Any, wanted: int, day: int) -> float:
    """Days since the last event under the key."""
    at = slot(tallies.keys, wanted)
    return NEVER if tallies.keys[at] == -1 else float(day - tallies.last[at])


@nb.njit(cache=True)
def _move(old: Any, new: Any) -> None:
    for i in range(old.keys.shape[0]):
        if old.keys[i] != -1:
            at = slot(new.keys, old.keys[i])
            new.keys[at] = old.keys[i]
            new.last[at] = old.last[i]
            new.counts[at] = old.counts[i]


def with_room(tallies: Tallies, used: int, more: int) -> Tallies:
    """The same tallies with room for `more` keys beside the `used` ones."""
    size = len(tallies.keys)
    while (used + more) * 2 > size:
        size *= 2
    if size == len(tallies.keys):
        return tallies
    grown = empty(size)
    _move(tallies, grown)
    return grown
