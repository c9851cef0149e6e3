"""A store's events as a panel of dyads, and forecasts of a pair, an actor or a planned act by their names.

A side is its country, else its name where no country is known. A pair may also be named more closely ("PRK GOV", an
actor_id, words of a name): then such a side is an actor of its own beside the countries.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from legation.agenda import Plan, plans
from legation.forecast.archive import ForecastError, actor_of
from legation.forecast.dyads import HORIZONS, QUADS, Level, Model, Panel, level, series_of
from legation.schema import UNKNOWN
from legation.store import Store
from legation.tables import rows

ANYONE = "anyone"
_SQL = """
    SELECT source_country, source_sectors, source_id, source_name, target_country, target_sectors, target_id,
        target_name, day, quad, goldstein
    FROM dyads WHERE status = 'actual' AND day IS NOT NULL AND source_name IS NOT NULL AND target_name IS NOT NULL
    ORDER BY day, event_id, source_name, target_name
"""
QUAD_NAMES = {1: "verbal cooperation", 2: "material cooperation", 3: "verbal conflict", 4: "material conflict"}


@dataclass(frozen=True)
class World:
    """The panel of a store, its sides by number, and the date of its day 0."""

    panel: Panel
    sides: tuple[str, ...]
    first: date
    last: date

    def number(self, side: str) -> int:
        """The number of a side. Raises ForecastError where the store does not know it."""
        if side not in self.sides:
            raise ForecastError(f"the store knows no event of {side!r}; name a country by its code (PRK) or an actor")
        return self.sides.index(side)


def read_world(store: Store, named: Sequence[str] = (), anyone: bool = False) -> World:
    """What happened, with `named` actors as sides of their own; with `anyone`, whom they act on is one
    side, ANYONE.

    Raises ForecastError where nothing happened.
    """
    table = store.query(_SQL)
    if not table.num_rows:
        raise ForecastError(
            f"{store.path} holds no event with a source, a target and a day; merge its mentions into events, or import "
            "an archive"
        )
    told = table.to_pylist()
    tests = [(words, _matcher(words)) for words in named if not anyone or words != ANYONE]
    pairs = [(_side(row, "source", tests), _side(row, "target", tests)) for row in told]
    if anyone:
        pairs = [(source, ANYONE if source in named and target not in named else target) for source, target in pairs]
    sides = tuple(sorted({side for pair in pairs for side in pair}))
    number = {side: i for i, side in enumerate(sides)}
    first = told[0]["day"]
    panel = Panel.of(
        [number[s] for s, _ in pairs], [number[t] for _, t in pairs], [row["quad"] or 0 for row in told],
        [(row["day"] - first).days for row in told], len(sides),
        [np.nan if row["goldstein"] is None else row["goldstein"] for row in told],
    )  # fmt: skip
    return World(panel, sides, first, told[-1]["day"])


def _side(row: Mapping[str, Any], side: str, tests: Sequence[tuple[str, Any]]) -> str:
    for words, fits in tests:
        if fits(row, side):
            return words
    country = row[f"{side}_country"]
    return str(country if country not in (None, UNKNOWN) else row[f"{side}_name"])


def _matcher(words: str) -> Any:
    """As the store's filters match an actor: by country, country and sectors, actor_id or words of its name."""
    country, *sectors = words.split() or [""]
    name = re.compile(rf"(?i)(?<!\w){re.escape(words)}(?!\w)")

    def fits(row: Mapping[str, Any], side: str) -> bool:
        own = (row[f"{side}_sectors"] or "").split()
        return bool(
            row[f"{side}_id"] == words
            or (row[f"{side}_country"] == country and set(sectors) <= set(own))
            or name.search(row[f"{side}_name"] or "")
        )

    return fits


def matching_names(store: Store, words: str) -> set[str]:
    """What read_store calls the actors that the words name, as the store's filters match them."""
    fits = _matcher(words)
    return {
        actor_of(row, side)[0]
        for row in store.query("SELECT DISTINCT * EXCLUDE (event_id, day) FROM dyads").to_pylist()
        for side in ("source", "target")
        if row[f"{side}_name"] is not None and fits(row, side)
    }


# A pair. ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outlook:
    """What is expected of source towards target in the days of a window that begins on `day`.

    `probability` is that of at least one event of the quad class; `expected` events, 80% of outcomes between `low` and
    `high`. It rests on `events` of this series in the past, and on `windows` closed windows of all pairs, from which
    the trees learned; 0 windows: on the hierarchical rate alone.
    """

    source: str
    target: str
    quad: int
    day: date
    days: int
    probability: float
    expected: float
    low: float
    high: float
    events: int
    windows: int


def outlooks(world: World, source: str, target: str, day: date, quads: Sequence[int] = (1, 2, 3, 4)) -> list[Outlook]:
    """Every horizon and quad class, from what is known before `day`.

    Raises ForecastError where a side is unknown or the day is not after the first event.
    """
    origin = (day - world.first).days
    if origin < 1:
        raise ForecastError(f"{day} is not after the first event of the store, of {world.first}; choose a later day")
    sides = world.number(source), world.number(target)
    model = Model(world.panel, origin)
    series = series_of(*sides, np.array(quads), world.panel.actors)
    known = [int((model.panel.series == one).sum()) for one in series]
    found = []
    for horizon in HORIZONS:
        chance, counted = model.chances(series, horizon), model.counts(series, horizon)
        for i, quad in enumerate(quads):
            expected, low, high = (float(column[i]) for column in counted)
            found.append(Outlook(source, target, quad, day, horizon, float(chance[i]), expected, low, high, known[i],
                                 model.windows[horizon]))  # fmt: skip
    return found


def relations_level(world: World, source: str, target: str, day: date, expected: float) -> Level | None:
    """The level of source towards target from `day` on, where so many events are expected."""
    return level(world.panel, world.number(source), world.number(target), (day - world.first).days, expected)


def quad_of(words: str) -> int:
    """The quad class of its own number, or of a deed. Raises ForecastError for anything else."""
    quads = {row["type"]: int(row["quad"]) for row in rows("codebook")} | {str(quad): quad for quad in range(1, QUADS)}
    if words.upper() not in quads:
        raise ForecastError(f"{words!r} is neither a quad class (1 to 4) nor a deed")
    return quads[words.upper()]


# Planned acts. ----------------------------------------------------------------------------------------------------

GRACE_DAYS = 2
"""A planned act is on time if it is told as done so many days after its window at the latest."""


@dataclass(frozen=True)
class Planned:
    """A planned act whose window ends on or after the day asked about, and the chance that it takes place on time: the
    share of plans of its deed that did, of `plans` known ones, held to the share of all plans as if 5 more were like
    these."""

    event_id: str
    deed: str
    start: date | None
    end: date
    probability: float
    plans: int


def planned(store: Store, day: date) -> list[Planned]:
    """The plans that the agenda knows as open on the eve of `day` and whose window (`agenda.window`) is not over then,
    the next to end first."""
    told = [plan for plan in plans(store, asof=day - timedelta(1)) if plan.end]
    told = [plan for plan in told if not plan.first_announced or _end(plan) >= plan.first_announced]
    closed = [plan for plan in told if _end(plan) + timedelta(GRACE_DAYS) < day]
    share = (sum(map(_kept, closed)) + 1) / (len(closed) + 2)
    found = []
    for plan in told:
        if plan.fate != "open" or _end(plan) < day:
            continue
        likes = [_kept(one) for one in closed if one.deed == plan.deed]
        chance = (sum(likes) + 5 * share) / (len(likes) + 5)
        found.append(Planned(plan.event_id, plan.deed, plan.start, _end(plan), chance, len(likes)))
    return sorted(found, key=lambda one: (one.end, one.event_id))


def _kept(plan: Plan) -> bool:
    """Whether it was told as done on time."""
    late = _end(plan) + timedelta(GRACE_DAYS)
    return plan.fate == "confirmed" and (plan.decided or late) <= late


def _end(plan: Plan) -> date:
    assert plan.end is not None
    return plan.end
