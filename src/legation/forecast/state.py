"""The past as arrays that compiled code reads: a log of events, rules counted from it, tallies, and their constants."""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from legation.forecast import tallies as tally
from legation.forecast.tallies import Tallies, key

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

SCALES = np.array([1.0, 3.0, 10.0, 30.0, 120.0, 1e9])
"""Days after which an event of the past counts 1/e, from yesterday's news to all history alike."""
K, T = len(SCALES), len(tally.SCALES)
_HORIZON = 20_000
WEIGHT = np.exp(-np.arange(_HORIZON)[:, None] / SCALES)
LAGS = np.array([1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 150], np.int32)
"""Last days of the bins of lag over which rules are learned; one more takes what is longer ago."""
PATH_LAGS = np.array([2, 10], np.int32)
LOG_LIMIT = 4000
"""Latest events of an actor that are looked at; what is older is still in the tallies."""
PARTNERS, PARTNER_EVENTS, PATH_DAYS = 16, 30, 45
"""A path leads over one of so many latest partners and so many latest events of theirs, at most so many days old."""
CLASSES = 21
"""CAMEO roots, 0 for none; doubled as deeds are."""

# Kinds of tallies. ------------------------------------------------------------------------------------------------

(
    DEED_TARGET, TARGET, DEED, ACTOR, ACTOR_DEED, PLACE_DEED_TARGET, PLACE_TARGET, KINDS, PLACES, DEED_KIND, DEED_PLACE,
    KIND_DEED_TARGET, ACTOR_PLACE, ACTOR_KIND, CLASS_TARGET, PLACE_CLASS_TARGET, KIND_TARGET, PLACE_KIND,
) = range(18)  # fmt: skip
KEYS = 18


LOG = ("actor", "deed", "target", "day", "before")
"""Columns of the log in State."""


class State(NamedTuple):
    """The arrays of a History as compiled code sees them.

    The log holds events in both directions; each is followed in `before` by the same actor's one before it. `hits` and
    `tries`: how often an event of a deed, so long ago, was with an actor who answers a question of another deed, and
    how often it was not asked in vain; `path_hits` and `path_tries` the same of two events in a row, by class.
    """

    actor: Ints
    deed: Ints
    target: Ints
    day: Ints
    before: Ints
    latest: Ints
    hits: Floats
    tries: Floats
    path_hits: Floats
    path_tries: Floats
    tallies: Tallies
    places: Ints
    kinds: Ints
    is_place: npt.NDArray[np.bool_]
    classes: Ints


@nb.njit(cache=True, inline="always")
def bin_of(lag: int, edges: Any) -> Any:
    for i in range(edges.shape[0]):
        if lag <= edges[i]:
            return i
    return edges.shape[0]


@nb.njit(cache=True)
def keys_of(state: Any, actor: int, deed: int, target: int, out: Any) -> None:
    """The keys of all tallies that such an event counts in, by kind, put into `out`, (KEYS,)."""
    place, kind, class_ = state.places[actor], state.kinds[actor], state.classes[deed]
    of_place, of_kind = state.places[target], state.kinds[target]
    out[DEED_TARGET] = key(DEED_TARGET, 0, deed, target)
    out[TARGET] = key(TARGET, 0, 0, target)
    out[DEED] = key(DEED, 0, deed, 0)
    out[ACTOR] = key(ACTOR, actor, 0, 0)
    out[ACTOR_DEED] = key(ACTOR_DEED, actor, deed, 0)
    out[PLACE_DEED_TARGET] = key(PLACE_DEED_TARGET, place, deed, target)
    out[PLACE_TARGET] = key(PLACE_TARGET, place, 0, target)
    out[KINDS] = key(KINDS, kind, deed, of_kind)
    out[PLACES] = key(PLACES, place, deed, of_place)
    out[DEED_KIND] = key(DEED_KIND, kind, deed, 0)
    out[DEED_PLACE] = key(DEED_PLACE, place, deed, 0)
    out[KIND_DEED_TARGET] = key(KIND_DEED_TARGET, kind, deed, target)
    out[ACTOR_PLACE] = key(ACTOR_PLACE, actor, 0, of_place)
    out[ACTOR_KIND] = key(ACTOR_KIND, actor, 0, of_kind)
    out[CLASS_TARGET] = key(CLASS_TARGET, 0, class_, target)
    out[PLACE_CLASS_TARGET] = key(PLACE_CLASS_TARGET, place, class_, target)
    out[KIND_TARGET] = key(KIND_TARGET, kind, class_, target)
    out[PLACE_KIND] = key(PLACE_KIND, place, deed, of_kind)
