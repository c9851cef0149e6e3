"""What dyad forecasts would have been worth: made from day to day of the past as they would have been, then scored.

At each of a row of origins a model learns from what lay before, and forecasts the windows that begin there, of every
quad class of every pair that was alive. The references: the base rate of the quad class in windows closed before the
origin; persistence, which says that what happened in the days before happens again and else nothing; and a Poisson
rate for each series of its own, its events over the days since the first day of the archive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from legation.forecast.archive import ForecastError
from legation.forecast.dyads import HORIZONS, QUADS, Array, Model, Panel, Whole, alive, counts_within
from legation.forecast.scores import Score, score

ORIGINS = 6
"""Days that forecasts are made on, spread evenly over the last third of the past."""


@dataclass(frozen=True)
class Backtest:
    """The score of each horizon, by its days, and the origins that it was made from."""

    scores: dict[int, Score]
    origins: dict[int, tuple[int, ...]]


def backtest(panel: Panel, seed: int = 0, say: Callable[[str], None] = lambda _: None) -> Backtest:
    """Score every horizon for which the panel is long enough. Raises ForecastError where it is for none."""
    scores, origins = {}, {}
    for horizon in HORIZONS:
        chosen = _origins(panel, horizon)
        if not chosen:
            continue
        parts = [_forecast(panel, origin, horizon, seed) for origin in chosen]
        chance, happened, *others = (np.concatenate(column) for column in zip(*parts, strict=True))
        if not len(chance):
            continue
        names = ("base rate", "persistence", "dyad's rate")
        scores[horizon] = score(chance, happened, dict(zip(names, others, strict=True)))
        origins[horizon] = chosen
        say(f"{horizon} days: {len(chance):,} forecasts from {len(chosen)} origins")
    if not scores:
        days = int(panel.day[-1] - panel.day[0]) + 1 if len(panel.day) else 0
        raise ForecastError(
            f"{days} days of events are too few to test forecasts on; 60 are the least, of pairs that met"
        )
    return Backtest(scores, origins)


def _origins(panel: Panel, horizon: int) -> tuple[int, ...]:
    """Days in the last third, or later where the past is short, whose windows close within the panel."""
    if not len(panel.day):
        return ()
    first, end = int(panel.day[0]), int(panel.day[-1]) + 1
    start = max(first + (end - first) * 2 // 3 - horizon, first + max(30, 2 * horizon))
    last = end - horizon
    if start > last:
        return ()
    return tuple(int(day) for day in np.unique(np.linspace(start, last, ORIGINS).astype(int)))


def _forecast(panel: Panel, origin: int, horizon: int, seed: int) -> tuple[Array, Any, Array, Array, Array]:
    """Chances, what came, and the references."""
    past, series = panel.before(origin), alive(panel, origin)
    happened = counts_within(panel, series, origin, horizon) > 0
    chance = Model(past, origin, (horizon,), seed, counted=False).chances(series, horizon)
    days = max(1, origin - int(past.day[0]))
    every = counts_within(past, series, int(past.day[0]), days)
    before = counts_within(past, series, origin - horizon, horizon) > 0
    return (
        chance,
        happened,
        _base(past, origin, horizon, series),
        before.astype(float),
        -np.expm1(-every / days * horizon),
    )


def _base(past: Panel, origin: int, horizon: int, series: Whole) -> Array:
    """How often series of a quad class had an event in the last window that closed before the origin."""
    told = alive(past, origin - horizon)
    came = counts_within(past, told, origin - horizon, horizon) > 0
    share = np.zeros(QUADS)
    for quad in range(1, QUADS):
        own = told % QUADS == quad
        share[quad] = came[own].mean() if own.any() else 0.0
    return share[series % QUADS]
