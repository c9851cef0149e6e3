"""Who will do what to whom: a forecaster that learns from an archive day by day, and what its answers rest on."""

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from legation.forecast import ranker
from legation.forecast.activity import Activity, known_deeds
from legation.forecast.archive import Archive, Facts, read_quadruples
from legation.forecast.history import History
from legation.forecast.protocol import Quality, quality
from legation.forecast.ranker import Asked, Lesson, Ranker, ask, lesson, ranks_of
from legation.forecast.state import LAGS

TRAINING_QUESTIONS = 60_000
"""Latest questions that `evaluate` trains on: what is older teaches little of today and costs memory."""
VALID_QUESTIONS = 20_000
"""Questions of `valid.txt` that a choice is made on, drawn evenly where there are more."""
STORE_QUESTIONS = 15_000
"""Latest questions that a forecaster of a store learns from, so that it answers within a minute or two."""
HELD_OUT = 0.2
"""Share of these that the trees do not see: the probabilities are set by them."""

Say = Callable[[str], None]


# Evaluation. ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found: quality on both splits, what was chosen, seconds and gigabytes (at the peak) in all."""

    valid: Quality
    test: Quality
    rounds: int
    blend: tuple[float, float]
    training_questions: int
    seconds: float
    memory: float


@dataclass(frozen=True)
class Studied:
    """An archive swept up to the end of `valid.txt`: lessons of `train.txt`, lessons of `valid.txt`, and questions of
    it to choose by."""

    archive: Archive
    bounds: dict[str, tuple[int, int]]
    history: History
    lessons: list[Lesson]
    later: list[Lesson]
    valid: list[Asked]


def study(folder: Path, seed: int = 0) -> Studied:
    """Sweep the archive in a folder up to its test period. Raises ForecastError as read_quadruples does."""
    archive, bounds = read_quadruples(folder)
    history = History(archive, seed)
    lessons = [lesson(asked, seed) for asked in _sweep(history, archive, 0, bounds["train"][1], TRAINING_QUESTIONS)]
    later, valid = [], []
    share = min(1.0, VALID_QUESTIONS / _questions(archive, *bounds["valid"]))
    for asked in _sweep(history, archive, *bounds["valid"]):
        later.append(lesson(asked, seed))
        drawn = np.random.default_rng([seed, asked.day, 1]).random(len(asked.found)) < share
        valid.append(ranker.part_of(asked, drawn))
    return Studied(archive, bounds, history, lessons, later, valid)


def evaluate(folder: Path, seed: int = 0, say: Say = lambda _: None) -> Evaluation:
    """Train on `train.txt`, choose on `valid.txt`, train anew on both with what was chosen, and rank `test.txt` once.

    The history goes on through the test period: a day that has passed is past. Raises ForecastError as
    read_quadruples does.
    """
    started = time.monotonic()
    studied = study(folder, seed)
    archive, bounds = studied.archive, studied.bounds
    say(f"the past is swept, {time.monotonic() - started:.0f} s")
    rounds, blend, of_valid = ranker.choose(studied.lessons, studied.valid, len(archive.actors), seed)
    studied.valid.clear()
    say(f"chosen: {rounds} trees, blend {blend}, {time.monotonic() - started:.0f} s")
    lessons = ranker.latest(studied.lessons + studied.later, TRAINING_QUESTIONS)
    trained = ranker.train(lessons, rounds, blend, seed)
    say(f"trained on both, {time.monotonic() - started:.0f} s")
    found = [
        ranks_of(trained.scores(asked), asked, len(archive.actors))
        for asked in _sweep(studied.history, archive, *bounds["test"])
    ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    return Evaluation(
        of_valid, quality(np.concatenate(found)), rounds, blend, sum(len(one.sizes) for one in lessons),
        time.monotonic() - started, memory,
    )  # fmt: skip


def _sweep(history: History, archive: Archive, start: int, end: int, most: int | None = None) -> Iterator[Asked]:
    """Ask each day from `start` on what it answers, then add it; only the last days with `most` questions are asked."""
    first = start if most is None else _first_of_latest(archive, start, end, most)
    for day in range(start, end):
        facts = archive.of(day)
        if not len(facts):
            continue
        if day >= first and history.known:
            yield ask(history, facts)
        history.add(facts)


def _questions(archive: Archive, start: int, end: int) -> int:
    """Roughly, as it is cheap to know: two for each fact, less those that several facts answer."""
    return max(1, 2 * (len(archive.before(end)) - len(archive.before(start))))


def _first_of_latest(archive: Archive, start: int, end: int, most: int) -> int:
    day = end
    while day > start and _questions(archive, day - 1, end) <= most:
        day -= 1
    return day


# Forecasts. -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """An event of the past that a forecast rests on; `back` where the target did it to the source."""

    day: int
    deed: str
    back: bool


@dataclass(frozen=True)
class Rule:
    """Who was done `earlier` to (or did it: `back`) from `lag` days ago on was done the deed to with this probability,
    as seen `tries` times."""

    earlier: str
    back: bool
    lag: int
    probability: float
    tries: int


@dataclass(frozen=True)
class Link:
    """A forecast: on the day, source does this to target with this probability; what it rests on. `known` is in how
    many events of the past source and target met."""

    source: str
    deed: str
    target: str
    day: int
    probability: float
    known: int
    past: tuple[Past, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Forecaster:
    """Forecasts the links of a day from what it learned of the facts of an archive before that day (`learned`).

    Where there are too few of them for trees (`ranker.LEAST_QUESTIONS`), it goes by rules alone; `basis` says which.
    `sureness` holds slope and level that make probabilities of log shares.
    """

    archive: Archive
    day: int
    history: History
    activity: Activity
    ranker: Ranker
    sureness: tuple[float, float]
    basis: str

    @cached_property
    def facts(self) -> Facts:
        """What is known before the day."""
        return self.archive.before(self.day)

    def links(self, sources: Sequence[int], deeds: Sequence[int] | None = None, most: int = 20) -> list[Link]:
        """The likeliest links of these sources on the day, most probable first; of all deeds they are known for, or of
        `deeds` alone, which each source may do for the first time."""
        known = known_deeds(self.history)
        actor, deed = known // self.history.deeds, known % self.history.deeds
        chosen = np.isin(actor, sources) & (deed < len(self.archive.deeds))
        if deeds is None:
            actors, asked = actor[chosen].astype(np.int32), deed[chosen].astype(np.int32)
        else:
            actors, asked = (side.ravel().astype(np.int32) for side in np.meshgrid(sources, deeds))
        if not len(actors):
            return []
        candidates, found, features = self.history.describe(actors, asked, self.day, ranker.CANDIDATES)
        empty = np.zeros(candidates.shape, bool)
        question = Asked(self.day, actors, asked, candidates, found, features, empty, empty.sum(axis=1))
        odds = _log_odds(self.ranker.scores(question), bool(self.ranker.trees))
        active = self.activity.chances(self.history, actors, asked, self.day)
        chance = np.where(candidates >= 0, active[:, None] * _logistic(self.sureness[0] * odds + self.sureness[1]), 0.0)
        best = np.argsort(-chance, axis=None, kind="stable")[:most]
        rows, columns = np.unravel_index(best, chance.shape)
        return [
            self._link(int(actors[i]), int(asked[i]), int(candidates[i, j]), float(chance[i, j]))
            for i, j in zip(rows, columns, strict=True)
            if chance[i, j] > 0
        ]

    def _link(self, source: int, deed: int, target: int, probability: float) -> Link:
        names = self.archive
        there = (self.facts[:, 0] == source) & (self.facts[:, 2] == target)
        back = (self.facts[:, 0] == target) & (self.facts[:, 2] == source)
        met = self.facts[there | back][::-1]
        past = tuple(Past(int(day), names.deeds[d], bool(s != source)) for s, d, _, day in met[:3])
        return Link(
            names.actors[source], names.deeds[deed], names.actors[target], self.day, probability, len(met), past,
            self._rules(deed, source, met),
        )  # fmt: skip

    def _rules(self, deed: int, source: int, met: Facts) -> tuple[Rule, ...]:
        """The surest rules that these events call up, each once."""
        state, count, found = self.history.state, len(self.archive.deeds), {}
        for s, d, _, day in met[:1000]:
            earlier, lag = int(d) + (0 if s == source else count), int(np.searchsorted(LAGS, self.day - day))
            tries = float(state.tries[deed, earlier, lag])
            if tries:
                sure = float(state.hits[deed, earlier, lag]) / (tries + 20.0)
                since = int(LAGS[lag - 1]) + 1 if lag else 1
                found[earlier, lag] = Rule(self.archive.deeds[int(d)], bool(s != source), since, sure, int(tries))
        return tuple(sorted(found.values(), key=lambda rule: -rule.probability)[:3])


def learned(archive: Archive, day: int, seed: int = 0, say: Say = lambda _: None) -> Forecaster:
    """A forecaster of a day, by the facts of the days before it."""
    history, activity = History(archive, seed), Activity()
    asked = list(_learning(history, activity, archive, min(day, archive.last + 1)))
    held = max(1, round(len(asked) * HELD_OUT)) if len(asked) > 1 else 0
    say(f"{history.known // 2:,} events known")
    lessons = [lesson(one, seed) for one in asked[: len(asked) - held]]
    trained = ranker.train(lessons, min(ranker.ROUNDS), (1.0, 0.0), seed)
    basis = "events, rules and trees" if trained.trees else "events and rules; too few for more"
    activity.fit()
    return Forecaster(archive, day, history, activity, trained, _sureness(trained, asked[len(asked) - held :]), basis)


def _learning(history: History, activity: Activity, archive: Archive, end: int) -> Iterator[Asked]:
    first = _first_of_latest(archive, 0, end, STORE_QUESTIONS)
    for day in range(end):
        facts = archive.of(day)
        if day >= first and history.known:
            activity.add(history, facts, day)
            if len(facts):
                yield ask(history, facts)
        history.add(facts)


def _sureness(trained: Ranker, held: Sequence[Asked]) -> tuple[float, float]:
    """Slope and level that make probabilities of log shares, by right answers that the trees did not see."""
    shares = [_log_odds(trained.scores(asked), bool(trained.trees)) for asked in held]
    if not shares or not any(asked.right.any() for asked in held):
        return 1.0, 0.0
    value = np.concatenate([share[asked.candidates >= 0] for share, asked in zip(shares, held, strict=True)])
    right = np.concatenate([asked.right[asked.candidates >= 0] for asked in held]).astype(float)
    return _fitted(value, right)


def _log_odds(scores: npt.NDArray[Any], shares: bool) -> npt.NDArray[np.float64]:
    """Log odds of each candidate's share of its question; where scores are probabilities, of these."""
    scores = scores.astype(np.float64)
    if shares:
        there = np.isfinite(scores)
        top = scores.max(axis=1, keepdims=True, initial=-1e9)
        share = np.where(there, np.exp(np.where(there, scores, 0) - top), 0.0)
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
    else:
        share = np.where(np.isfinite(scores), scores, 0.0)
    share = np.clip(share, 1e-6, 1 - 1e-6)
    return np.log(share) - np.log1p(-share)


def _logistic(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -40, 40)))


def _fitted(value: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Slope, never negative, and level of a logistic regression of one column; a weak ridge holds them to 1 and 0."""

    def loss(weights: Any) -> tuple[float, Any]:
        odds = weights[0] * value + weights[1]
        miss = _logistic(odds) - right
        ridge = weights - np.array([1.0, 0.0])
        total = (np.logaddexp(0.0, odds) - right * odds).sum() + (ridge**2).sum() / 2
        return float(total), np.array([miss @ value, miss.sum()]) + ridge

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
    return float(found.x[0]), float(found.x[1])
