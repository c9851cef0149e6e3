"""A small network that learns, day by day, whom actors turn to: who is like whom, which no count of the past tells.

A question (actor, deed) becomes a vector: from the embeddings of actor and deed, and from the actor's latest events,
weighed by attention (how much an event of a deed, so long ago, says of the deed asked about). Its product with the
embedding of every actor is the logit of that actor as the answer. An actor's embedding is the sum of its own, its
country's and its sector's, so that one never seen before is known by these.

The network learns as days are added: from each day's events once, and from events drawn from all days before, the
answers against all actors by cross-entropy (Adam). What it says of a day rests on earlier days alone, in training as
in use, so rankers may learn from it as from any other feature. Trained by numpy, asked in code that numba compiles,
one question at a time.
"""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy import sparse

from legation.forecast.state import CLASSES, Floats, Ints, State

WIDTH, INNER, COMPARED = 64, 128, 16
"""Numbers in an embedding, in the inner layer, and in what deeds are compared by where events are weighed."""
LATEST = 30
"""Latest events of an actor that attention goes over."""
LAGS = np.array([1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 1000], np.int32)
"""Last days of the bins of lag; one more takes what is longer ago."""
BATCH, REPLAYS = 512, 3
"""Events that a step learns from at most, and steps on earlier days' events for each step on a day's own."""
FADE_DAYS = 200.0
"""Days after which an earlier event is drawn 1/e as often."""
RATE, DROPPED = 2e-3, 0.3
_FIRST, _SECOND, _LEAST = 0.9, 0.999, 1e-8  # of Adam, as Kingma and Ba give them


class Weights(NamedTuple):
    """What is learned. Actors, places, kinds and deeds are rows; `lag`, `class_` and `same` weigh events: by how long
    ago, by CAMEO roots (asked, told), and by whether the deed is the one asked about or its inverse."""

    actor: Floats
    place: Floats
    kind: Floats
    level: Floats
    deed: Floats
    root: Floats
    lag: Floats
    class_: Floats
    same: Floats
    asks: Floats
    tells: Floats
    inner: Floats
    inner_level: Floats
    outer: Floats
    copied: Floats
    scale: Floats


class Batch(NamedTuple):
    """Questions with the actor's events before the day asked about, latest first; -1 behind the last. `answers[i]`
    answers question `at[i]`."""

    actors: Ints
    deeds: Ints
    told: Ints
    whom: Ints
    lags: Ints
    at: npt.NDArray[np.int64]
    answers: Ints


class Network:
    """Learns from the log of a History and tells the shares of all actors as answers (`log_shares`)."""

    def __init__(self, places: Ints, kinds: Ints, classes: Ints, seed: int = 0) -> None:
        self.places, self.kinds, self.classes = places, kinds, classes
        self.chance = np.random.default_rng(seed)
        self.weights = _first_weights(places, kinds, len(classes), self.chance)
        self.slopes = Weights(*(np.zeros_like(part) for part in self.weights))
        self.curves = Weights(*(np.zeros_like(part) for part in self.weights))
        self.steps = 0
        self.set_weights(self.weights)

    def learn(self, state: State, first: int, end: int) -> None:
        """Learn from the events of a day, which are numbers `first` to `end` of the log, and from earlier ones."""
        for start in range(first, end, BATCH):
            self._step(state, np.arange(start, min(start + BATCH, end)))
            for _ in range(REPLAYS if first else 0):
                self._step(state, self._drawn(state, first))
        self.set_weights(self.weights)

    def set_weights(self, weights: Weights) -> None:
        """Go on from these; `turned` are the embeddings as log_shares takes them."""
        self.weights = weights
        self.turned = np.ascontiguousarray(self._embedded().T)

    def _drawn(self, state: State, end: int) -> npt.NDArray[np.int64]:
        """Earlier events, late ones likelier; events drawn by their age rather than one by one."""
        span = state.day[end - 1] - state.day[0] + 1
        ages = -FADE_DAYS * np.log1p(-self.chance.random(BATCH) * -np.expm1(-span / FADE_DAYS))
        ends = np.searchsorted(state.day[:end], state.day[end - 1] - ages.astype(np.int64), side="right")
        starts = np.searchsorted(state.day[:end], state.day[ends - 1])
        found: npt.NDArray[np.int64] = starts + (self.chance.random(BATCH) * (ends - starts)).astype(np.int64)
        return found

    def _step(self, state: State, events: npt.NDArray[np.int64]) -> None:
        batch = _batch(state, events)
        slopes = _slopes(self.weights, self._embedded(), batch, self.places, self.kinds, self.classes, self.chance)
        self.steps += 1
        one, two = 1 - _FIRST**self.steps, 1 - _SECOND**self.steps
        for value, slope, mean, square in zip(self.weights, slopes, self.slopes, self.curves, strict=True):
            mean += (1 - _FIRST) * (slope - mean)
            square += (1 - _SECOND) * (slope * slope - square)
            value -= np.float32(RATE / one) * mean / (np.sqrt(square / np.float32(two)) + np.float32(_LEAST))

    def _embedded(self) -> Floats:
        """Every actor's embedding, (actors, WIDTH)."""
        found: Floats = self.weights.actor + self.weights.place[self.places] + self.weights.kind[self.kinds]
        return found


def _first_weights(places: Ints, kinds: Ints, deeds: int, chance: np.random.Generator) -> Weights:
    def drawn(*shape: int, size: float = 0.05) -> Floats:
        return (size * chance.normal(size=shape)).astype(np.float32)

    def flat(*shape: int, value: float = 0.0) -> Floats:
        return np.full(shape, value, np.float32)

    lag = np.repeat(-0.3 * np.arange(len(LAGS) + 1, dtype=np.float32)[None], 2 * CLASSES, axis=0)
    same = np.repeat(np.array([[1.0, 0.0]], np.float32), deeds, axis=0)
    place, kind = (drawn(int(numbers.max(initial=0)) + 1, WIDTH) for numbers in (places, kinds))
    place[0] = kind[0] = 0.0
    return Weights(
        drawn(len(places), WIDTH), place, kind, flat(len(places)), drawn(deeds, WIDTH), drawn(2 * CLASSES, WIDTH),
        lag, flat(2 * CLASSES, 2 * CLASSES), same, drawn(deeds, COMPARED, size=0.2), drawn(deeds, COMPARED, size=0.2),
        drawn(3 * WIDTH, INNER, size=(3 * WIDTH) ** -0.5), flat(INNER), drawn(INNER, WIDTH, size=0.3 * INNER**-0.5),
        flat(WIDTH, value=1.0), flat(1, value=3.0),
    )  # fmt: skip


# Learning. --------------------------------------------------------------------------------------------------------


@nb.njit(cache=True)
def _told_before(state: Any, event: int, most: int, told: Any, whom: Any, lags: Any) -> None:
    """The actor's latest events before the day of this one, and how many days before."""
    day, at = state.day[event], 0
    earlier = state.before[event]
    while earlier >= 0 and at < most:
        if state.day[earlier] < day:
            told[at], whom[at], lags[at] = state.deed[earlier], state.target[earlier], day - state.day[earlier]
            at += 1
        earlier = state.before[earlier]


@nb.njit(cache=True)
def _all_told_before(state: Any, events: Any, told: Any, whom: Any, lags: Any) -> None:
    for i in range(events.shape[0]):
        _told_before(state, events[i], told.shape[1], told[i], whom[i], lags[i])


def _batch(state: State, events: npt.NDArray[np.int64]) -> Batch:
    """The questions that these events of the log answer, each once."""
    asked = np.stack([state.actor[events], state.deed[events], state.day[events]], axis=1)
    _, first, at = np.unique(asked, axis=0, return_index=True, return_inverse=True)
    told, whom, lags = (np.full((len(first), LATEST), gone, np.int32) for gone in (-1, -1, 0))
    _all_told_before(state, events[first], told, whom, lags)
    bins = np.searchsorted(LAGS, lags).astype(np.int32)
    return Batch(asked[first, 0], asked[first, 1], told, whom, bins, at.ravel(), state.target[events])


def _slopes(
    w: Weights, embedded: Floats, batch: Batch, places: Ints, kinds: Ints, classes: Ints, chance: np.random.Generator
) -> Weights:
    """The slopes of the mean cross-entropy of the answers by all weights, some inputs of the inner layer dropped."""
    actors, deeds, told, whom, lags, at, answers = batch
    known, half = told >= 0, len(classes) // 2
    told, whom = np.where(known, told, 0), np.where(known, whom, 0)
    asked, earlier = classes[deeds], classes[told]
    same, back = told == deeds[:, None], told == np.where(deeds < half, deeds + half, deeds - half)[:, None]

    # Forward.
    weight = w.lag[asked[:, None], lags] + w.class_[asked[:, None], earlier]
    weight += same * w.same[deeds, :1] + back * w.same[deeds, 1:]
    weight += np.matmul(w.tells[told], w.asks[deeds][:, :, None])[:, :, 0]
    weight = np.where(known, weight, -1e4)
    weight = np.exp(weight - weight.max(axis=1, keepdims=True)) * known
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    met = embedded[whom]
    history = np.matmul(weight[:, None, :], met)[:, 0]
    given = np.concatenate([embedded[actors], w.deed[deeds] + w.root[asked], history], axis=1)
    mask = (chance.random(given.shape, dtype=np.float32) > DROPPED) / np.float32(1 - DROPPED)
    given *= mask
    inner = np.maximum(given @ w.inner + w.inner_level, 0)
    sought = inner @ w.outer + w.copied * history
    share = w.scale * sought @ embedded.T + w.level
    share -= share.max(axis=1, keepdims=True)
    np.exp(share, out=share)
    share /= share.sum(axis=1, keepdims=True)

    # Backward: what each line above gives on, from the last to the first.
    share *= np.bincount(at, minlength=len(actors)).astype(np.float32)[:, None]
    np.subtract.at(share, (at, answers), 1)
    share /= len(answers)
    by_embedded = share.T @ (w.scale * sought)
    by_sought = share @ embedded
    by_scale = np.atleast_1d((by_sought * sought).sum())
    by_sought *= w.scale
    by_inner = (by_sought @ w.outer.T) * (inner > 0)
    by_given = (by_inner @ w.inner.T) * mask
    by_actor, by_deed, by_history = np.split(by_given, 3, axis=1)
    by_history = by_history + by_sought * w.copied
    by_weight = np.matmul(met, by_history[:, :, None])[:, :, 0]
    by_weight = weight * (by_weight - (weight * by_weight).sum(axis=1, keepdims=True))
    by_met = (weight[:, :, None] * by_history[:, None, :])[known]
    by_embedded += _summed(actors, by_actor, len(embedded)) + _summed(whom[known], by_met, len(embedded))
    by_tells = (by_weight[:, :, None] * w.asks[deeds][:, None, :])[known]
    lag_at, class_at = asked[:, None] * w.lag.shape[1] + lags, asked[:, None] * w.class_.shape[1] + earlier
    of_place, of_kind = (_summed(by, by_embedded, len(part)) for by, part in ((places, w.place), (kinds, w.kind)))
    of_place[0] = of_kind[0] = 0.0
    return Weights(
        by_embedded, of_place, of_kind, share.sum(axis=0), _summed(deeds, by_deed, len(w.deed)),
        _summed(asked, by_deed, len(w.root)), _counted(lag_at, by_weight, w.lag),
        _counted(class_at, by_weight, w.class_),
        _summed(deeds, np.stack([(by_weight * same).sum(axis=1), (by_weight * back).sum(axis=1)], axis=1), len(w.same)),
        _summed(deeds, np.matmul(by_weight[:, None, :], w.tells[told])[:, 0], len(w.asks)),
        _summed(told[known], by_tells, len(w.tells)), given.T @ by_inner, by_inner.sum(axis=0), inner.T @ by_sought,
        (by_sought * history).sum(axis=0), by_scale,
    )  # fmt: skip


def _summed(row: Any, values: Any, rows: int) -> Floats:
    """The sums of values, by row."""
    by_row = sparse.csr_matrix((np.ones(len(row), np.float32), (row, np.arange(len(row)))), shape=(rows, len(row)))
    found: Floats = by_row @ values
    return found


def _counted(at: Any, values: Any, like: Floats) -> Floats:
    return np.bincount(at.ravel(), values.ravel(), like.size).reshape(like.shape).astype(np.float32)


# Asking. ----------------------------------------------------------------------------------------------------------


@nb.njit(cache=True)
def log_shares(w: Any, embedded: Any, state: Any, actor: int, deed: int, day: int, out: Any) -> None:
    """The logarithm of each actor's share as the answer to one question, (actors,), put into `out`.

    `embedded` is (WIDTH, actors). The sums are made question by question, so that none depends on another.
    """
    width, half, asked = embedded.shape[0], state.classes.shape[0] // 2, state.classes[deed]
    inverse = deed + half if deed < half else deed - half
    weight, whom, event, n = np.zeros(LATEST, np.float32), np.zeros(LATEST, np.int32), state.latest[actor], 0
    while event >= 0 and n < LATEST:
        told = state.deed[event]
        at = np.searchsorted(LAGS, day - state.day[event])
        weight[n] = w.lag[asked, at] + w.class_[asked, state.classes[told]]
        weight[n] += w.same[deed, 0] * (told == deed) + w.same[deed, 1] * (told == inverse)
        for k in range(w.asks.shape[1]):
            weight[n] += w.asks[deed, k] * w.tells[told, k]
        whom[n] = state.target[event]
        event = state.before[event]
        n += 1
    given = np.zeros(3 * width, np.float32)
    history = given[2 * width :]
    if n:
        share = np.exp(weight[:n] - weight[:n].max())
        share /= share.sum()
        for i in range(n):
            history += share[i] * embedded[:, whom[i]]
    given[:width] = embedded[:, actor]
    given[width : 2 * width] = w.deed[deed] + w.root[asked]
    inner = w.inner_level.copy()
    for k in range(3 * width):
        inner += given[k] * w.inner[k]
    sought = w.copied * history
    for k in range(inner.shape[0]):
        sought += max(inner[k], np.float32(0.0)) * w.outer[k]
    out[:] = w.level
    for k in range(width):
        out += w.scale[0] * sought[k] * embedded[k]
    out -= np.log(np.exp(out - out.max()).sum()) + out.max()
