"""How likely and how soon: events of a pair and a quad class within days, their number, and the level of relations.

    panel = Panel.of(sources, targets, quads, days)     events as numbers
    model = Model(panel, origin)                        learns from windows that have closed before `origin`
    model.chances(series, horizon)                      probability of at least one event in [origin, origin + horizon)

A series is (source, target, quad class). Its rate is hierarchical: what the series itself shows, faded over
RATE_DAYS, counts for as many days as were seen, and is shrunk towards what source and target do in that class with all
the world (independence) by a weight in days that maximises the likelihood of closed windows. Trees (LightGBM) then
correct the log odds of that rate by the recency of the series, of its reverse and of its pair; with few closed windows
they find nothing to split, and the hierarchical rate stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

HORIZONS = (1, 7, 30, 90)
"""Days of the windows that are forecast."""
QUADS = 5
"""Quad classes 1 to 4; 0 stands for events without one."""
RATE_DAYS = 180.0
FADES = (7.0, 30.0, 120.0)
ORIGINS = 8
"""Closed windows of each length that a model learns from, the latest that end where the last begins or earlier."""
SHRINKS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Days that a pair's likes may weigh, to choose between."""
ACTIVE_DAYS = 730
"""A series counts as alive so long after its pair's last event; windows of the others are not learned from."""
MOST_ROWS = 400_000
_TREES = {
    "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 300, "lambda_l2": 20.0, "max_bin": 127, "verbose": -1,
    "deterministic": True, "force_row_wise": True, "boost_from_average": False,
}  # fmt: skip
_ROUNDS = 120


@dataclass(frozen=True)
class Panel:
    """Events as parallel arrays, sorted by day: sources and targets by number, quad classes, days, and Goldstein
    intensity (NaN where unknown)."""

    source: Whole
    target: Whole
    quad: Whole
    day: Whole
    goldstein: Array
    actors: int

    @classmethod
    def of(cls, source: Any, target: Any, quad: Any, day: Any, actors: int, goldstein: Any = None) -> "Panel":
        """A panel of events in any order."""
        order = np.argsort(np.asarray(day), kind="stable")
        source, target, quad, day = (np.asarray(column, np.int64)[order] for column in (source, target, quad, day))
        level = np.full(len(order), np.nan) if goldstein is None else np.asarray(goldstein, float)[order]
        return cls(source, target, quad, day, level, actors)

    def before(self, day: int) -> "Panel":
        """The events of the days before `day`."""
        end = int(np.searchsorted(self.day, day))
        return Panel(
            self.source[:end], self.target[:end], self.quad[:end], self.day[:end], self.goldstein[:end], self.actors
        )

    @cached_property
    def series(self) -> Whole:
        """The number of each event's series."""
        return series_of(self.source, self.target, self.quad, self.actors)


def series_of(source: Any, target: Any, quad: Any, actors: int) -> Whole:
    """One number for source, target and quad class."""
    found: Whole = (np.asarray(source, np.int64) * actors + target) * QUADS + quad
    return found


def _parts(series: Whole, actors: int) -> tuple[Whole, Whole, Whole]:
    return series // QUADS // actors, series // QUADS % actors, series % QUADS


def alive(panel: Panel, origin: int) -> Whole:
    """Every quad class (1 to 4) of the pairs that had an event in the ACTIVE_DAYS before `origin`, sorted."""
    start, end = np.searchsorted(panel.day, [origin - ACTIVE_DAYS, origin])
    pairs = np.unique(panel.series[start:end] // QUADS)
    return (pairs[:, None] * QUADS + np.arange(1, QUADS)).ravel()


def counts_within(panel: Panel, series: Whole, origin: int, horizon: int) -> Whole:
    """How many events each series has in [origin, origin + horizon)."""
    start, end = np.searchsorted(panel.day, [origin, origin + horizon])
    return _summed(panel.series[start:end], np.ones(end - start), series).astype(np.int64)


def _summed(keys: Whole, weights: Array, wanted: Whole) -> Array:
    """The sum of weights under each wanted key."""
    if not len(keys):
        return np.zeros(len(wanted))
    known, at = np.unique(keys, return_inverse=True)
    total = np.bincount(at, weights, len(known))
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, total[place], 0.0)


# What the past says. ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What the days before an origin show of series: faded counts and exposures (days), and what else trees look at."""

    own: Array
    exposure: float
    likes: Array
    more: Array

    def rate(self, shrink: float) -> Array:
        """Events a day: what the series shows, and its likes for as much as `shrink` days are worth."""
        return np.maximum((self.own + shrink * self.likes) / (self.exposure + shrink), 1e-9)


def seen(panel: Panel, series: Whole, origin: int) -> Seen:
    """What the events before `origin`, and no later ones, show of these series."""
    past = panel.before(origin)
    source, target, quad = _parts(series, panel.actors)
    first = int(past.day[0]) if len(past.day) else origin
    age = (origin - past.day).astype(float)
    known = max(1.0, float(origin - first))
    exposure = RATE_DAYS * -np.expm1(-known / RATE_DAYS)
    weight = np.exp(-(age - 1) / RATE_DAYS)
    out = _summed(past.source * QUADS + past.quad, weight, source * QUADS + quad)
    into = _summed(past.target * QUADS + past.quad, weight, target * QUADS + quad)
    whole = _summed(past.quad, weight, quad)
    own = _summed(past.series, weight, series)
    likes = (out + 0.01) * (into + 0.01) / (whole + 1.0) / exposure
    reverse = series_of(target, source, quad, panel.actors)
    pair, turned = series // QUADS, reverse // QUADS
    columns = [out / exposure, into / exposure, whole / exposure, likes]
    for keys, wanted in (
        (past.series, series),
        (past.series, reverse),
        (past.series // QUADS, pair),
        (past.series // QUADS, turned),
    ):
        columns += [_summed(keys, np.exp(-(age - 1) / fade), wanted) for fade in FADES]
        columns += [_summed(keys, np.ones(len(age)), wanted) / known, _gaps(keys, past.day, wanted, origin)]
    for fade in FADES:
        columns.append(_summed(past.source * QUADS + past.quad, np.exp(-(age - 1) / fade), source * QUADS + quad))
    return Seen(own, exposure, likes, np.stack([*columns, quad.astype(float), np.full(len(series), known)], axis=1))


def _gaps(keys: Whole, days: Whole, wanted: Whole, origin: int) -> Array:
    """Days since the last event under each key; 9999 where there was none. Days are sorted."""
    if not len(keys):
        return np.full(len(wanted), 9999.0)
    known, back = np.unique(keys[::-1], return_index=True)
    last = days[::-1][back]
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, origin - last[place], 9999.0).astype(float)


# The model. -------------------------------------------------------------------------------------------------------


class Model:
    """Learns from the windows of a panel that had closed before `origin`, and forecasts the windows that begin there.

    `windows` is how many closed windows each horizon was learned from; 0 means that the rate stands alone. A model that
    is not `counted` has learned chances alone, in half the time.
    """

    def __init__(
        self, panel: Panel, origin: int, horizons: Sequence[int] = HORIZONS, seed: int = 0, counted: bool = True
    ) -> None:
        self.panel, self.origin, self.horizons = panel.before(origin), origin, tuple(horizons)
        self.windows: dict[int, int] = {}
        self._trees: dict[int, Any] = {}
        self._counts: dict[int, Any] = {}
        self._shrink: dict[int, float] = {}
        self._spread: dict[int, float] = {}
        for horizon in self.horizons:
            self._learn(horizon, seed, counted)

    def _learn(self, horizon: int, seed: int, counted: bool) -> None:
        told = [(*self._closed(origin, horizon, seed),) for origin in self._origins(horizon)]
        self.windows[horizon] = len(told)
        if not told:
            self._shrink[horizon], self._spread[horizon] = 30.0, 1.0
            return
        counts = np.concatenate([count for _, count in told])
        if not counts.any():  # only pairs that met for the first time: of the known ones none did
            self.windows[horizon], self._shrink[horizon], self._spread[horizon] = 0, 30.0, 1.0
            return
        rates = {shrink: np.concatenate([one.rate(shrink) for one, _ in told]) * horizon for shrink in SHRINKS}
        shrink = max(SHRINKS, key=lambda shrink: _likelihood(rates[shrink], counts > 0))
        rate, more = rates[shrink], np.concatenate([one.more for one, _ in told])
        self._shrink[horizon] = shrink
        features = np.column_stack([more, np.log(rate)])
        self._trees[horizon] = _trees("binary", features, counts > 0, _log_odds(rate), seed)
        self._spread[horizon] = 1.0
        if not counted:
            return
        self._counts[horizon] = _trees("poisson", features, counts, np.log(rate), seed)
        expected = rate * np.exp(self._counts[horizon].predict(features, raw_score=True))
        self._spread[horizon] = float(max(((counts - expected) ** 2 - expected).sum() / (expected**2).sum(), 1e-3))

    def _origins(self, horizon: int) -> list[int]:
        """Starts of the latest closed windows, with as much past again before the first. Days after the last event, and
        windows in which the whole panel is silent, are gaps in what was kept: they teach nothing."""
        if not len(self.panel.day):
            return []
        first, end = int(self.panel.day[0]), min(self.origin, int(self.panel.day[-1]) + 1)
        step = max(horizon, 7)
        starts = [end - horizon - step * k for k in range(ORIGINS)]
        told = [np.searchsorted(self.panel.day, [start, start + horizon]) for start in starts]
        return [
            start
            for start, (low, high) in zip(starts, told, strict=True)
            if start - first >= max(30, horizon) and high > low
        ]

    def _closed(self, origin: int, horizon: int, seed: int) -> tuple[Seen, Whole]:
        series = alive(self.panel, origin)
        most = MOST_ROWS // ORIGINS
        if len(series) > most:
            series = np.sort(np.random.default_rng([seed, origin]).choice(series, most, replace=False))
        return seen(self.panel, series, origin), counts_within(self.panel, series, origin, horizon)

    def _rate_and_features(self, series: Whole, horizon: int) -> tuple[Array, Array]:
        told = seen(self.panel, series, self.origin)
        rate = told.rate(self._shrink[horizon]) * horizon
        return rate, np.column_stack([told.more, np.log(rate)])

    def chances(self, series: Whole, horizon: int) -> Array:
        """The probability of at least one event of each series in [origin, origin + horizon)."""
        rate, features = self._rate_and_features(series, horizon)
        odds = _log_odds(rate)
        if horizon in self._trees:
            odds = odds + self._trees[horizon].predict(features, raw_score=True)
        chance: Array = 1.0 / (1.0 + np.exp(-odds))
        return chance

    def counts(self, series: Whole, horizon: int, share: float = 0.8) -> tuple[Array, Array, Array]:
        """Expected events, and the ends of the interval that holds so large a share of outcomes (negative binomial).

        `counted` models alone have learned them; others go by the rate.
        """
        rate, features = self._rate_and_features(series, horizon)
        if horizon in self._counts:
            rate = rate * np.exp(self._counts[horizon].predict(features, raw_score=True))
        spread, tail = self._spread[horizon], (1 - share) / 2
        size = 1.0 / spread
        low, high = (nbinom.ppf(q, size, size / (size + rate)) for q in (tail, 1 - tail))
        return rate, low, high


def _trees(objective: str, features: Array, value: Any, start: Array, seed: int) -> Any:
    data = lgb.Dataset(features, value.astype(float), init_score=start)
    return lgb.train(_TREES | {"objective": objective, "seed": seed}, data, _ROUNDS)


def _log_odds(rate: Array) -> Array:
    """Of at least one event, where so many are expected."""
    chance: Array = np.clip(-np.expm1(-rate), 1e-9, 1 - 1e-9)
    return np.log(chance) - np.log1p(-chance)


def _likelihood(rate: Array, happened: npt.NDArray[np.bool_]) -> float:
    return float(np.where(happened, np.log(np.clip(-np.expm1(-rate), 1e-12, 1)), -rate).sum())


# The level of relations. ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """The mean Goldstein intensity that is expected of a pair's next events, and a band that holds 80% of such means.

    `events` is how many of the past it rests on, the late ones counting most."""

    mean: float
    low: float
    high: float
    events: float


def level(panel: Panel, source: int, target: int, origin: int, expected: float, fade: float = 90.0) -> Level | None:
    """The level of source towards target from `origin` on, where so many events are expected; None where no event of
    the panel tells an intensity.

    The pair's faded mean is shrunk towards that of all pairs as if these were 3 of its events; the band takes the
    spread of single events over the expected number of them, and the doubt about the mean itself.
    """
    past = panel.before(origin)
    told = ~np.isnan(past.goldstein)
    if not told.any():
        return None
    value, weight = past.goldstein[told], np.exp(-(origin - 1 - past.day[told]) / fade)
    own = weight * ((past.source == source) & (past.target == target))[told]
    everywhere, prior, n = float(value.mean()), 3.0, float(own.sum())
    mean = (float(own @ value) + prior * everywhere) / (n + prior)
    variance = (float(own @ (value - mean) ** 2) + prior * float(value.var())) / (n + prior)
    half = 1.2816 * float(np.sqrt(variance / max(expected, 1.0) + variance / (n + prior)))
    return Level(mean, max(mean - half, -10.0), min(mean + half, 10.0), n)
