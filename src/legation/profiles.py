"""Who the actors of a store are: country, sectors and id, the names they go by, with whom they act and when.

Names are counted as the mentions tell them and, of events that were imported from an archive, as the archive does; what
an actor did is counted over events that happened (status actual or historical) at their own day.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from legation.parties import is_code
from legation.schema import UNKNOWN
from legation.store import Store
from legation.tables import rows

NAMES, PARTNERS = 20, 20


@dataclass(frozen=True, slots=True)
class Known:
    """An actor in a line: its most frequent name with country and sectors, and how many tellings name it in any way.

    `actor` is what `profile` asks for: its actor_id, or its name where it has none.
    """

    actor: str
    name: str
    country: str
    sectors: tuple[str, ...]
    actor_id: str | None
    told: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that an actor goes by, and how many tellings name it so."""

    name: str
    told: int


@dataclass(frozen=True, slots=True)
class Partner:
    """With whom an actor acts: events in all, of the actor on the partner and of the partner on the actor (those
    in both directions count in each), and their mean Goldstein intensity."""

    actor: str
    name: str
    events: int
    on: int
    of: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class Month:
    """The events of an actor in the month that begins on `start`; `quads` by quad class 1 to 4."""

    start: date
    events: int
    quads: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Profile:
    """Who an actor is; of the names and the partners the most frequent NAMES and PARTNERS."""

    known: Known
    aliases: tuple[Alias, ...]
    partners: tuple[Partner, ...]
    months: tuple[Month, ...]


def actors(store: Store, words: str | None = None) -> tuple[Known, ...]:
    """The actors of a store, those that most tellings name first.

    `words` leaves those that a country ("PRK"), country and sectors ("PRK GOV"), actor_id, or words of any of
    their names in any case stand for.
    """
    test, params = "true", dict[str, object]()
    if words is not None:
        country, *sectors = words.split() or [""]
        name = rf"(?i)(^|[^\pL\pN]){re.escape(words)}($|[^\pL\pN])"
        test, params = _NAMED, {"words": words, "name": name, "country": country, "sectors": sectors}
    found = store.query(
        f"""{_COUNTED} SELECT actor, {_WHO} FROM counted GROUP BY actor HAVING bool_or({test})
        ORDER BY told DESC, actor""",
        params,
    ).to_pylist()
    return tuple(_known(row) for row in found)


def profile(store: Store, actor: str) -> Profile | None:
    """The profile of an actor as `Known.actor` names it, or of all actors of a country ("PRK") or of a country and
    sectors ("PRK GOV") as one; None where the store knows none."""
    params: dict[str, object] = {"actor": actor.split(" ")[0] if is_code(actor) else actor}
    if is_code(actor) and " " in actor:
        params["sectors"] = actor.split(" ")[1:]
    seen = _is("", actor)
    (who,) = store.query(f"{_COUNTED} SELECT {_WHO} FROM counted WHERE {seen}", params).to_pylist()
    if not who["told"]:
        return None
    names = store.query(
        f"""{_COUNTED} SELECT name, CAST(sum(n) AS BIGINT) AS told FROM counted WHERE {seen} AND name IS NOT NULL
        GROUP BY name ORDER BY told DESC, name LIMIT {NAMES}""",
        params,
    ).to_pylist()
    acts = _ACTS.format(source=_is("source_", actor), target=_is("target_", actor))
    partners, months = (store.query(acts + sql, params).to_pylist() for sql in (_PARTNERS, _MONTHS))
    return Profile(
        _as_group(actor, who) if is_code(actor) else _known(who | {"actor": actor}),
        tuple(Alias(**row) for row in names),
        tuple(Partner(**row) for row in partners),
        tuple(
            Month(row["start"], row["events"], (q1, q2, q3, q4)) for row in months for q1, q2, q3, q4 in [row["quads"]]
        ),
    )


def _known(row: Mapping[str, Any]) -> Known:
    return Known(**{**row, "sectors": tuple(row["sectors"].split())})


def _as_group(actor: str, who: Mapping[str, Any]) -> Known:
    """A country, or a country and sectors, as one actor under the country's own name."""
    country, *sectors = actor.split(" ")
    names = {row["iso3"]: row["name"] for row in rows("countries")}
    return Known(actor, names.get(country, country), country, tuple(sectors), None, who["told"])


# SQL. -------------------------------------------------------------------------------------------------------------

_COUNTED = f"""WITH parties AS (
        SELECT unnest(sources) AS p FROM mentions UNION ALL SELECT unnest(targets) FROM mentions
    ), archived AS (
        SELECT unnest(sources) AS p FROM events WHERE origin <> 'reports'
        UNION ALL SELECT unnest(targets) FROM events WHERE origin <> 'reports'
    ), seen AS (
        SELECT p.name, p.country, p.sectors, p.actor_id FROM parties
        UNION ALL SELECT p.name, p.country, p.sectors, p.actor_id FROM archived
    ), counted AS (
        SELECT coalesce(actor_id, name) AS actor, coalesce(name, '') AS name, coalesce(country, '{UNKNOWN}') AS country,
            coalesce(array_to_string(sectors, ' '), '') AS sectors, actor_id AS id, count(*) AS n
        FROM seen GROUP BY ALL
    )
"""
_WHO = """first(name ORDER BY n DESC, name, country, sectors) AS name,
    first(country ORDER BY n DESC, name, country, sectors) AS country,
    first(sectors ORDER BY n DESC, name, country, sectors) AS sectors,
    any_value(id) AS actor_id, CAST(sum(n) AS BIGINT) AS told"""
_NAMED = """id = $words OR regexp_matches(name, $name)
    OR country = $country AND list_has_all(string_split(sectors, ' '), $sectors)"""


def _is(side: str, actor: str) -> str:
    """The test that a side of a dyad ("source_", "target_"), or for "" a row of `counted`, is the actor."""
    if not is_code(actor):
        return f"coalesce({side}id, {side}name) = $actor"
    sectors = f" AND list_has_all(string_split({side}sectors, ' '), $sectors)" if " " in actor else ""
    return f"({side}country = $actor{sectors})"


_ACTS = """WITH rows AS (
        SELECT event_id, day, quad, CAST(goldstein AS DECIMAL(6, 3)) AS goldstein, true AS acts,
            coalesce(target_id, target_name) AS actor, target_name AS name
        FROM dyads WHERE {source} AND status IN ('actual', 'historical') AND day IS NOT NULL
        UNION ALL
        SELECT event_id, day, quad, CAST(goldstein AS DECIMAL(6, 3)), false,
            coalesce(source_id, source_name), source_name
        FROM dyads WHERE {target} AND status IN ('actual', 'historical') AND day IS NOT NULL
    )
"""
_PARTNERS = f""", told AS (
        SELECT actor, event_id, min(name) AS name, any_value(goldstein) AS goldstein, bool_or(acts) AS acts,
            bool_or(NOT acts) AS acted
        FROM rows WHERE actor IS NOT NULL GROUP BY actor, event_id
    ), names AS (SELECT actor, name, count(*) AS n FROM told GROUP BY ALL)
    SELECT actor, (SELECT first(name ORDER BY n DESC, name) FROM names WHERE names.actor = told.actor) AS name,
        count(*) AS events, count(*) FILTER (acts) AS on, count(*) FILTER (acted) AS of, avg(goldstein) AS mean
    FROM told GROUP BY actor ORDER BY events DESC, actor LIMIT {PARTNERS}"""
_MONTHS = """, told AS (SELECT event_id, any_value(day) AS day, any_value(quad) AS quad FROM rows GROUP BY event_id)
    SELECT CAST(date_trunc('month', day) AS DATE) AS start, count(*) AS events,
        [count(*) FILTER (quad = 1), count(*) FILTER (quad = 2), count(*) FILTER (quad = 3),
         count(*) FILTER (quad = 4)] AS quads
    FROM told GROUP BY start ORDER BY start"""
