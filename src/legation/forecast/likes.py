"""Likenesses: who behaves like whom, and whom deeds are done to most. Made anew from the whole log every few days."""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy import sparse

from legation.forecast.state import Floats, Ints, State

SIMILAR, POPULAR = 100, 60
"""Actors alike to one, and most frequent answers to a deed or from a place, that are looked at."""
COMMON = 1000
"""Dealings that more actors share are left out where actors are compared."""


class Likes(NamedTuple):
    """What is made anew every REFRESH_DAYS: actors alike to one, who did what to whom of late, frequent answers."""

    alike: Ints
    likeness: Floats
    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    targets: Ints
    weights: Floats
    frequent: Ints
    local: Ints


def likes_of(state: State, known: int) -> Likes:
    """What the first `known` events of the log, at least one, tell as of the day after the last."""
    actor, deed, target, days = (column[:known] for column in state[:4])
    actors, deeds = len(state.places), len(state.classes)
    age = days[-1] + 1 - days
    behaviour = _weighed(actor, deed.astype(np.int64) * actors + target, age, 120.0, (actors, deeds * actors))
    alike, likeness = _most_alike(behaviour, SIMILAR)
    rows, starts, targets, weights = _by_row(deed.astype(np.int64) * actors + actor, target, age, 60.0)
    frequent = _most_frequent(deed, target, age, deeds, actors)
    local = _most_frequent(state.places[actor], target, age, int(state.places.max()) + 1, actors)
    local[0] = -1
    return Likes(alike, likeness, rows, starts, targets, weights, frequent, local[state.places])


def _weighed(row: Any, column: Any, age: Any, days: float, shape: tuple[int, int]) -> Any:
    found = sparse.csr_matrix((np.exp(-age / days), (row, column)), shape=shape)
    found.sum_duplicates()
    return found


def _most_alike(behaviour: Any, most: int) -> tuple[Ints, Floats]:
    """For each row the others that are nearest by cosine of log counts, rare columns weighing more; what more than
    COMMON rows share tells none from another, and costs most."""
    actors = behaviour.shape[0]
    columns, indices = np.unique(behaviour.indices, return_inverse=True)
    behaviour = sparse.csr_matrix((behaviour.data, indices, behaviour.indptr), shape=(actors, len(columns)))
    share = np.bincount(indices, minlength=len(columns))
    weight = np.where(share > COMMON, 0.0, np.log(actors / np.maximum(share, 1)))
    behaviour.data = np.log1p(behaviour.data) * weight[indices]
    behaviour.eliminate_zeros()
    length = np.sqrt(behaviour.multiply(behaviour).sum(axis=1)).A1
    behaviour = sparse.diags(1.0 / np.maximum(length, 1e-9)) @ behaviour
    near = (behaviour @ behaviour.T).tocsr()
    near.setdiag(0)
    alike, likeness = np.full((actors, most), -1, np.int32), np.zeros((actors, most), np.float32)
    _best_of_rows(near.indptr, near.indices, near.data, alike, likeness)
    return alike, likeness


@nb.njit(cache=True)
def _best_of_rows(starts: Any, columns: Any, values: Any, best: Any, value_of: Any) -> None:
    for row in range(starts.shape[0] - 1):
        own = values[starts[row] : starts[row + 1]]
        order = np.argsort(-own, kind="mergesort")
        for i in range(min(best.shape[1], own.shape[0])):
            if own[order[i]] <= 0.0:
                break
            best[row, i] = columns[starts[row] + order[i]]
            value_of[row, i] = own[order[i]]


def _by_row(row: Any, target: Any, age: Any, days: float) -> tuple[Any, Any, Ints, Floats]:
    order = np.lexsort((target, row))
    row, target, weight = row[order], target[order], np.exp(-age[order] / days)
    new = np.append(True, (row[1:] != row[:-1]) | (target[1:] != target[:-1]))
    first = np.flatnonzero(new)
    weight = np.add.reduceat(weight, first) if len(first) else weight
    rows, starts = np.unique(row[first], return_index=True)
    return (
        rows,
        np.append(starts, len(first)).astype(np.int64),
        target[first].astype(np.int32),
        weight.astype(np.float32),
    )


def _most_frequent(row: Any, target: Any, age: Any, rows: int, actors: int) -> Ints:
    """For each row its POPULAR most frequent targets, late ones counting more; -1 behind the last."""
    weight = np.exp(-age / 40.0) + 0.05
    counted = sparse.csr_matrix((weight, (row, target)), shape=(rows, actors))
    counted.sum_duplicates()
    best, value = np.full((rows, POPULAR), -1, np.int32), np.zeros((rows, POPULAR), np.float32)
    _best_of_rows(counted.indptr, counted.indices, counted.data, best, value)
    return best
