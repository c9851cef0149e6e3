"""Relations of two actors over time: how much, how friendly, since when, who begins, and who else is drawn in.

All of it sums over the view `dyads` and over events that happened: those with status actual or historical, at their own
day; an event without a day is in no bin. An event counts once for a pair, however many of its sources and targets
are of the two. Goldstein intensity runs from -10 (conflict) to 10 (cooperation).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from legation.parties import is_code
from legation.schema import UNKNOWN
from legation.store import Store

BINS = ("day", "week", "month")
"""Weeks begin on Monday."""
HALF_LIFE = {"day": 14.0, "week": 4.0, "month": 3.0}
"""Bins after which an event weighs half in the level: two weeks, about a month, a quarter."""
QUIET_DAYS = 7
"""Days without an event between two actors after which the next one opens an exchange."""
SHORTEST_SEGMENT = 3
"""Bins with events in a segment at least: one loud bin is no new state of a relation."""
NOTABLE, THIRD_PARTIES = 10, 20


@dataclass(frozen=True, slots=True)
class Bin:
    """What two actors did to each other in one bin, which begins on `start`.

    `quads` counts events by quad class 1 to 4; `forth` those of the first actor on the second, `back` the reverse,
    `both` those in both directions, as a meeting. `total` and `mean` are of Goldstein intensity, null where no event
    has one. `level` is the smoothed mean (see `levels`), null before the first intensity; `changepoint` is true where
    the mean of the bins is another from here on (see `changepoints`).
    """

    start: date
    events: int
    quads: tuple[int, int, int, int]
    forth: int
    back: int
    both: int
    total: float | None
    mean: float | None
    level: float | None
    changepoint: bool


@dataclass(frozen=True, slots=True)
class Notable:
    """An event whose |goldstein| x ln(1 + publishers) is among the largest. `direction` is forth, back or both."""

    event_id: str
    day: date
    deed: str
    quad: int | None
    goldstein: float
    publishers: int
    direction: str


@dataclass(frozen=True, slots=True)
class Reciprocity:
    """How two actors answer each other; events in both directions at once are left out.

    `share` is the first actor's of the events of one on the other. `correlation` is Pearson's r of the mean intensity
    forth with that back, over the bins that have both; null for fewer than three such bins or where one never
    varies. `opened` counts the exchanges that the first actor opened, the second, and both on the same day: an
    exchange opens with an event after QUIET_DAYS days without any.
    """

    share: float | None
    correlation: float | None
    opened: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A country that acts with either of two actors in the bins in which they act on each other.

    `acts` are rows of `dyads`, one for each source and target of an event and in each direction of a meeting: in all,
    of the country on the first and the second actor, and of them on it. `mean` is of their intensity.
    """

    country: str
    acts: int
    on_one: int
    on_other: int
    of_one: int
    of_other: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class Relation:
    """All that is told of two actors. Bins without events are left out of `bins`."""

    one: str
    other: str
    by: str
    bins: tuple[Bin, ...]
    notable: tuple[Notable, ...]
    reciprocity: Reciprocity
    third_parties: tuple[ThirdParty, ...]


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A country that an actor acts on (`forth`) or that acts on it (`back`); fields as in Bin."""

    country: str
    events: int
    quads: tuple[int, int, int, int]
    forth: int
    back: int
    both: int
    total: float | None
    mean: float | None
    first: date
    last: date


def relation(
    store: Store, one: str, other: str, *, by: str = "month", since: date | None = None, until: date | None = None
) -> Relation:
    """The relation of two actors in bins of a day, week or month; `since` and `until` are days, both included.

    An actor is a country ("PRK"), a country and sectors ("PRK GOV") or an actor_id; one and the same twice is its
    relation with itself, and every event then goes in both directions. Raises ValueError where one is none of these.
    """
    if by not in BINS:
        raise ValueError(f"{by!r} is no bin of time: name one of {', '.join(BINS)}")
    sql, params = _relation_sql(one, other, by, since, until)
    (row,) = store.query(sql, params).to_pylist()
    bins = row["bins"] or []
    return Relation(
        one, other, by, _bins(bins, by),
        tuple(Notable(**found) for found in row["notable"] or ()),
        _reciprocity(bins, (row["opened"]["one"], row["opened"]["other"], row["opened"]["together"])),
        tuple(ThirdParty(**found) for found in row["third"] or ()),
    )  # fmt: skip


def counterparts(
    store: Store, actor: str, *, since: date | None = None, until: date | None = None
) -> tuple[Counterpart, ...]:
    """The countries with which an actor, named as in `relation`, acts most; those whose country is unknown as ---."""
    happened, params = _happened(since, until)
    source, target = (_is(side, actor, "one", params) for side in ("source", "target"))
    rows = store.query(
        f"""WITH rows AS (
            SELECT {_COLUMNS}, target_country AS country, true AS forth FROM dyads
            WHERE {source} AND target_country IS NOT NULL AND {happened}
            UNION ALL
            SELECT {_COLUMNS}, source_country AS country, false AS forth FROM dyads
            WHERE {target} AND source_country IS NOT NULL AND {happened}
        ), told AS (SELECT country, {_ONCE} FROM rows GROUP BY country, event_id)
        SELECT country, {_COUNTS}, min(day) AS first, max(day) AS last
        FROM told GROUP BY country ORDER BY events DESC, country""",
        params,
    ).to_pylist()
    return tuple(Counterpart(**row | {"quads": tuple(row["quads"])}) for row in rows)


# SQL. -------------------------------------------------------------------------------------------------------------

_COLUMNS = "event_id, day, deed, quad, CAST(goldstein AS DECIMAL(6, 3)) AS goldstein, publishers"
"""Decimals, as a sum of floats would depend on the order in which threads come to add them."""
_ONCE = """event_id, any_value(day) AS day, any_value(deed) AS deed, any_value(quad) AS quad,
    any_value(goldstein) AS goldstein, any_value(publishers) AS publishers, bool_or(forth) AS forth,
    bool_or(NOT forth) AS back"""
_QUADS = ", ".join(f"count(*) FILTER (quad = {quad})" for quad in (1, 2, 3, 4))
_COUNTS = f"""count(*) AS events, [{_QUADS}] AS quads,
    count(*) FILTER (forth AND NOT back) AS forth, count(*) FILTER (back AND NOT forth) AS back,
    count(*) FILTER (forth AND back) AS both, CAST(sum(goldstein) AS DOUBLE) AS total, avg(goldstein) AS mean"""


def _happened(since: date | None, until: date | None) -> tuple[str, dict[str, object]]:
    given = {name: value for name, value in (("since", since), ("until", until)) if value is not None}
    tests = ["status IN ('actual', 'historical')", "day IS NOT NULL"]
    tests += [{"since": "day >= $since", "until": "day <= $until"}[name] for name in given]
    return " AND ".join(tests), dict(given)


def _is(side: str, actor: str, name: str, params: dict[str, object]) -> str:
    """The test that a side of a dyad is the actor; its values are added to `params`."""
    country, *sectors = actor.split(" ")
    if is_code(actor):
        params[name] = country
        if not sectors:
            return f"{side}_country = ${name}"
        params[f"{name}_sectors"] = sectors
        return f"({side}_country = ${name} AND list_has_all(string_split({side}_sectors, ' '), ${name}_sectors))"
    if sectors or not actor:
        raise ValueError(
            f"{actor!r} is no country (PRK), country and sectors (PRK GOV) or actor_id (person:kim-jong-un); "
            "legation actors finds the actor_id of a name"
        )
    params[name] = actor
    return f"{side}_id = ${name}"


def _relation_sql(
    one: str, other: str, by: str, since: date | None, until: date | None
) -> tuple[str, dict[str, object]]:
    """One query for all: each file is opened once, and only row groups that may hold the two countries are read."""
    happened, params = _happened(since, until)
    sides = {
        f"{side} is {name}": _is(side, actor, name, params)
        for side in ("source", "target")
        for name, actor in (("one", one), ("other", other))
    }
    start = f"CAST(date_trunc('{by}', day) AS DATE)"
    # Summed scan by scan and without event_id: either of a busy pair may have a third of all rows.
    thirds = " UNION ALL ".join(
        f"""SELECT {start} AS start, {third}_country AS country, '{way}' AS way, count(*) AS acts,
            sum(CAST(goldstein AS DECIMAL(6, 3))) AS total, count(goldstein) AS scored
        FROM dyads WHERE {sides[f"{side} is {name}"]} AND {happened} AND {third}_country <> '{UNKNOWN}'
            AND NOT coalesce({sides[f"{third} is one"]} OR {sides[f"{third} is other"]}, false)
        GROUP BY ALL"""
        for way, side, name, third in (
            ("of_one", "source", "one", "target"),
            ("of_other", "source", "other", "target"),
            ("on_one", "target", "one", "source"),
            ("on_other", "target", "other", "source"),
        )
    )
    ways = ", ".join(f"CAST(coalesce(sum(acts) FILTER (way = '{way}'), 0) AS BIGINT) AS {way}"
                     for way in ("on_one", "on_other", "of_one", "of_other"))  # fmt: skip
    return (
        f"""WITH rows AS (
            SELECT {_COLUMNS}, true AS forth FROM dyads
            WHERE {sides["source is one"]} AND {sides["target is other"]} AND {happened}
            UNION ALL
            SELECT {_COLUMNS}, false AS forth FROM dyads
            WHERE {sides["source is other"]} AND {sides["target is one"]} AND {happened}
        ), told AS MATERIALIZED (SELECT {_ONCE} FROM rows GROUP BY event_id),
        bins AS MATERIALIZED (
            SELECT {start} AS start, {_COUNTS}, count(goldstein) AS scored,
                avg(goldstein) FILTER (forth AND NOT back) AS forth_mean,
                avg(goldstein) FILTER (back AND NOT forth) AS back_mean
            FROM told GROUP BY ALL
        ), notable AS (
            SELECT event_id, day, deed, quad, CAST(goldstein AS DOUBLE) AS goldstein, publishers,
                CASE WHEN forth AND back THEN 'both' WHEN forth THEN 'forth' ELSE 'back' END AS direction,
                round(abs(goldstein) * ln(1 + publishers), 9) AS weight
            FROM told WHERE goldstein IS NOT NULL AND publishers IS NOT NULL
            ORDER BY weight DESC, day, event_id LIMIT {NOTABLE}
        ), days AS (
            SELECT day, bool_or(forth AND NOT back) AS one, bool_or(back AND NOT forth) AS other FROM told GROUP BY day
        ), openings AS (
            SELECT one, other FROM days
            QUALIFY coalesce(day - lag(day) OVER (ORDER BY day) > {QUIET_DAYS}, true)
        ), others AS ({thirds}
        ), third AS (
            SELECT country, CAST(sum(acts) AS BIGINT) AS acts, {ways}, CAST(sum(total) / sum(scored) AS DOUBLE) AS mean
            FROM others SEMI JOIN bins USING (start)
            GROUP BY country ORDER BY acts DESC, country LIMIT {THIRD_PARTIES}
        )
        SELECT (SELECT list(bins ORDER BY start) FROM bins) AS bins,
            (SELECT list(struct_pack(event_id, day, deed, quad, goldstein, publishers, direction)
                ORDER BY weight DESC, day, event_id) FROM notable) AS notable,
            (SELECT struct_pack(one := count(*) FILTER (one AND NOT other),
                other := count(*) FILTER (other AND NOT one),
                together := count(*) FILTER (one AND other)) FROM openings) AS opened,
            (SELECT list(third ORDER BY acts DESC, country) FROM third) AS third""",
        params,
    )


# The level, its changes, and reciprocity. -------------------------------------------------------------------------


def _bins(rows: Sequence[dict[str, Any]], by: str) -> tuple[Bin, ...]:
    scored = [row for row in rows if row["scored"]]
    found = {scored[index]["start"] for index in changepoints([row["mean"] for row in scored])}
    smooth = levels(
        [_number(row["start"], by) for row in rows],
        [row["total"] or 0.0 for row in rows],
        [row["scored"] for row in rows],
        HALF_LIFE[by],
    )
    fields = ("start", "events", "forth", "back", "both", "total", "mean")
    return tuple(
        Bin(
            quads=(q1, q2, q3, q4),
            level=level,
            changepoint=row["start"] in found,
            **{name: row[name] for name in fields},
        )
        for row, level in zip(rows, smooth, strict=True)
        for q1, q2, q3, q4 in [row["quads"]]
    )


def _number(start: date, by: str) -> int:
    """Bins counted through, so that the difference of two is the bins between them."""
    return start.year * 12 + start.month if by == "month" else start.toordinal() // (7 if by == "week" else 1)


def levels(
    numbers: Sequence[int], totals: Sequence[float], counts: Sequence[int], half_life: float
) -> list[float | None]:
    """The exponentially weighted mean of all events up to each bin, where one of `half_life` bins ago weighs half.

    Bins are given by ascending number, with the total and the count of their intensities; a number that is left
    out is a bin without events, in which what went before only ages. Null before the first intensity.
    """
    total = weight = 0.0
    found: list[float | None] = []
    for before, number, added, count in zip([*numbers[:1], *numbers], numbers, totals, counts, strict=False):
        decay = 0.5 ** ((number - before) / half_life)
        total, weight = total * decay + added, weight * decay + count
        found.append(total / weight if weight > 1e-300 else None)
    return found


def changepoints(values: Sequence[float]) -> list[int]:
    """Where the mean of a series changes: the indices at which a new segment begins, by penalised least squares.

    The segments, of SHORTEST_SEGMENT values at least, are those with the least sum of squared distances to their means
    plus a penalty for each change: the exact optimum, by optimal partitioning (Jackson et al. 2005). The penalty is
    that of the Bayesian information criterion for two parameters, a place and a mean, 2 s² ln n; the noise s is
    estimated from the median absolute difference of neighbours, which changes of level hardly touch, and is at
    least 0.1, the step of the Goldstein scale. Quadratic in the number of values: 0.1 s for ten years of days.
    """
    n = len(values)
    if n < 2 * SHORTEST_SEGMENT:
        return []
    series = np.asarray(values, dtype=np.float64)
    noise = max(float(np.median(np.abs(np.diff(series)))) / (0.6745 * 2**0.5), 0.1)
    penalty = 2 * noise**2 * np.log(n)
    sums, squares = (np.concatenate([[0.0], np.cumsum(power)]) for power in (series, series**2))
    best, begins = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -penalty
    for end in range(SHORTEST_SEGMENT, n + 1):
        starts = np.arange(end - SHORTEST_SEGMENT + 1)
        within = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        costs = best[starts] + within + penalty
        begins[end] = np.argmin(costs)
        best[end] = costs[begins[end]]
    found, end = [], n
    while begins[end] > 0:
        end = int(begins[end])
        found.append(end)
    return found[::-1]


def _reciprocity(rows: Sequence[dict[str, Any]], opened: tuple[int, int, int]) -> Reciprocity:
    forth, back = (sum(row[way] for row in rows) for way in ("forth", "back"))
    pairs = [(row["forth_mean"], row["back_mean"]) for row in rows]
    both = np.array([pair for pair in pairs if None not in pair], dtype=np.float64).reshape(-1, 2)
    varied = len(both) >= 3 and all(any(a != b for a, b in pairwise(column)) for column in both.T)
    return Reciprocity(
        share=forth / (forth + back) if forth + back else None,
        correlation=float(np.asarray(np.corrcoef(both.T))[0, 1]) if varied else None,
        opened=opened,
    )
