"""Forecasts that were issued, kept beside the store's parts, and what became of them once their windows passed.

DIR/forecasts/ID.json   one forecast, named by what it says and when it was issued; never changed
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import numpy as np

from legation.files import write_text
from legation.forecast.archive import ForecastError
from legation.forecast.scores import Score, score
from legation.forecast.world import Outlook, read_world
from legation.store import Store


@dataclass(frozen=True)
class Issued:
    """A forecast as it was issued: with this probability, at least one event of the quad class in the `days` from
    `day` on."""

    issued: date
    source: str
    target: str
    quad: int
    day: date
    days: int
    probability: float

    @property
    def closes(self) -> date:
        """The day after the last of its window."""
        return self.day + timedelta(self.days)


def record(store: Store, outlooks: Iterable[Outlook], issued: date) -> int:
    """Keep forecasts; how many are new. Raises ForecastError where one's window began before it was issued."""
    new = 0
    for one in outlooks:
        if one.day < issued:
            raise ForecastError(f"a forecast from {one.day} on cannot be recorded on {issued}: its window has begun")
        kept = Issued(issued, one.source, one.target, one.quad, one.day, one.days, one.probability)
        text = json.dumps(asdict(kept), default=str, sort_keys=True) + "\n"
        path = store.folder("forecasts") / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
        if not path.exists():
            write_text(path, text)
            new += 1
    return new


def issued(store: Store) -> list[Issued]:
    """All recorded forecasts, by the day they were issued. Raises ForecastError where a file is not one."""
    found = []
    for path in sorted((store.path / "forecasts").glob("[!.]*.json")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            days = {name: date.fromisoformat(told[name]) for name in ("issued", "day")}
            found.append(Issued(**(told | days)))
        except (ValueError, KeyError, TypeError) as error:
            raise ForecastError(f"{path} is no recorded forecast ({error}); remove it or restore it") from error
    return sorted(found, key=lambda one: (one.issued, one.source, one.target, one.quad, one.day, one.days))


@dataclass(frozen=True)
class Scorecard:
    """Recorded forecasts whose windows have passed, what came, and their score (None where there is none); how many
    windows are still open. A window has passed when the store holds events of its last day or a later one."""

    closed: tuple[tuple[Issued, bool], ...]
    open: int
    score: Score | None


def scorecard(store: Store) -> Scorecard:
    """Score what was recorded against the store's events, and against half and half."""
    kept = issued(store)
    if not kept:
        return Scorecard((), 0, None)
    named = sorted({side for one in kept for side in (one.source, one.target)})
    panels = {}
    closed = []
    for one in kept:
        pair = tuple(side for side in (one.source, one.target) if side in named)
        if pair not in panels:
            panels[pair] = read_world(store, pair)
        world = panels[pair]
        if world.last < one.closes - timedelta(1):
            continue
        panel, start = world.panel, (one.day - world.first).days
        known = {side: number for number, side in enumerate(world.sides)}
        there = (panel.source == known.get(one.source, -1)) & (panel.target == known.get(one.target, -1))
        there &= (panel.quad == one.quad) & (panel.day >= start) & (panel.day < start + one.days)
        closed.append((one, bool(there.any())))
    if not closed:
        return Scorecard((), len(kept), None)
    chance, came = np.array([one.probability for one, _ in closed]), np.array([came for _, came in closed])
    told = score(chance, came, {"half and half": np.full(len(chance), 0.5)})
    return Scorecard(tuple(closed), len(kept) - len(closed), told)
