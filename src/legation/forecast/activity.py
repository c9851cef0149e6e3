"""How likely it is that an actor does a deed to anybody on a day: a logistic regression on rates of the past.

Of the chance of a link, this is the half that a ranking of targets does not tell.
"""

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from legation.forecast import tallies as tally
from legation.forecast.archive import Facts
from legation.forecast.history import History, both_ways
from legation.forecast.state import ACTOR, ACTOR_DEED, DEED, Ints
from legation.forecast.tallies import count, gap, key

_RIDGE = 1.0
_STEPS = 25
_WIDTH = 3 * len(tally.SCALES) + 3 + 7


@nb.njit(cache=True)
def _rates(tallies: Any, actors: Any, deeds: Any, day: int) -> Any:
    """Logarithms of the faded counts and of the days since the last, the day of the week, and 1."""
    out = np.zeros((actors.shape[0], _WIDTH))
    for i in range(actors.shape[0]):
        at = 0
        own = key(ACTOR_DEED, actors[i], deeds[i], 0)
        for one in (own, key(ACTOR, actors[i], 0, 0), key(DEED, 0, deeds[i], 0)):
            for k in range(tally.SCALES.shape[0]):
                out[i, at] = np.log(count(tallies, one, day, k) + 0.05)
                at += 1
        out[i, at] = np.log(gap(tallies, own, day))
        out[i, at + 1] = np.log(gap(tallies, key(ACTOR, actors[i], 0, 0), day))
        out[i, at + 2] = 1.0
        out[i, at + 3 + day % 7] = 1.0
    return out


class Activity:
    """Learns, day by day, how often an actor that has done a deed before does it again on a day."""

    def __init__(self) -> None:
        self.features: list[npt.NDArray[np.float64]] = []
        self.happened: list[npt.NDArray[np.bool_]] = []
        self.weights: npt.NDArray[np.float64] | None = None

    def add(self, history: History, facts: Facts, day: int, most: int = 4000) -> None:
        """What became of actors and their deeds, known on the eve, on a day; of at most so many, drawn by the day."""
        known = known_deeds(history)
        if not len(known):
            return
        known = known[np.sort(np.random.default_rng(day).permutation(len(known))[:most])]
        doubled = both_ways(facts, history.deeds // 2)
        asked = doubled[:, 0].astype(np.int64) * history.deeds + doubled[:, 1]
        self.features.append(_rates(history.state.tallies, known // history.deeds, known % history.deeds, day))
        self.happened.append(np.isin(known, asked))

    def fit(self) -> None:
        """Newton's method on what was added; a weak ridge keeps few days from saying much."""
        features, happened = np.concatenate(self.features), np.concatenate(self.happened).astype(float)
        weights = np.zeros(features.shape[1])
        ridge = np.full(features.shape[1], _RIDGE)
        for _ in range(_STEPS):
            chance = _logistic(features @ weights)
            slope = features.T @ (chance - happened) + ridge * weights
            curve = (features * (chance * (1 - chance))[:, None]).T @ features + np.diag(ridge)
            step = np.linalg.solve(curve, slope)
            weights -= step
            if np.abs(step).max() < 1e-6:
                break
        self.weights = weights

    def chances(self, history: History, actors: Ints, deeds: Ints, day: int) -> npt.NDArray[np.float64]:
        """The probability of each (actor, deed) on a day. Raises ValueError before `fit`."""
        if self.weights is None:
            raise ValueError("fit comes before chances")
        return _logistic(_rates(history.state.tallies, actors, deeds, day) @ self.weights)


def _logistic(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -40, 40)))


def known_deeds(history: History) -> npt.NDArray[np.int64]:
    """Each actor and deed that the history knows together, as actor * deeds + deed, sorted."""
    keys = history.state.tallies.keys
    keys = np.sort(keys[(keys >> 52) == ACTOR_DEED])
    return ((keys >> 32) & 0xFFFFF) * history.deeds + ((keys >> 20) & 0xFFF)
