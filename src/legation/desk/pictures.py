"""What the map and the network show: events by place, and who acts on whom."""

from dataclasses import dataclass
from typing import Any

from legation.desk.desk import Desk
from legation.desk.events import QUADS
from legation.desk.filters import FILTERS, chosen
from legation.desk.operations import KINDS, Given, Operation, Parameter

PLACES, LINKS = 5000, 5000
"""Places and links of an answer at most, those of most events."""

# The map. ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MapPlace:
    """A place and its events, by quad class 1 to 4; those of no quad class are in `events` alone."""

    place_id: str | None
    name: str
    country: str | None
    admin1: str | None
    lat: float
    lon: float
    events: int
    quads: tuple[int, int, int, int]


@dataclass(frozen=True)
class MapCountry:
    """The events whose place lies in a country, wherever in it."""

    events: int
    quads: tuple[int, int, int, int]


@dataclass(frozen=True)
class Places:
    """Places, those of most events first, and countries by ISO alpha-3 code.

    `unplaced` events tell no place; `unlocated` ones tell one that has no coordinates; `left_out` counts the places
    beyond the first 5,000.
    """

    places: tuple[MapPlace, ...]
    countries: dict[str, MapCountry]
    unplaced: int
    unlocated: int
    left_out: int


def places(desk: Desk, given: Given) -> dict[str, Any]:
    found = chosen(desk, given)
    rows = desk.index.rows(
        f"""SELECT place.place_id, place.name, place.country, place.admin1, place.lat, place.lon, events, quads
        FROM (SELECT "where" AS place, count(*) AS events, {QUADS} AS quads FROM events
            WHERE {found.where} GROUP BY place) ORDER BY events DESC, place""",
        found.params, **found.tables,
    )  # fmt: skip
    located: dict[tuple[Any, ...], dict[str, Any]] = {}
    countries: dict[str, dict[str, Any]] = {}
    unplaced = unlocated = 0
    for row in rows:
        if row["name"] is None:
            unplaced += row["events"]
            continue
        if row["country"] is not None:
            _add(countries.setdefault(row["country"], {"events": 0, "quads": [0, 0, 0, 0]}), row)
        if row["lat"] is None or row["lon"] is None:
            unlocated += row["events"]
            continue
        key = (row["place_id"],) if row["place_id"] else (row["name"], row["country"], row["lat"], row["lon"])
        if key in located:
            _add(located[key], row)
        else:
            located[key] = row
    shown = sorted(located.values(), key=lambda row: -row["events"])
    return {"places": shown[:PLACES], "countries": dict(sorted(countries.items())), "unplaced": unplaced,
            "unlocated": unlocated, "left_out": max(0, len(shown) - PLACES)}  # fmt: skip


def _add(to: dict[str, Any], row: dict[str, Any]) -> None:
    to["events"] += row["events"]
    to["quads"] = [one + other for one, other in zip(to["quads"], row["quads"], strict=True)]


# The network. -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """An actor, and the events of which it is a source or target. `id` names it in filters: its actor_id, or its name
    where it has none."""

    id: str
    name: str
    country: str
    sectors: tuple[str, ...]
    events: int


@dataclass(frozen=True)
class NetworkLink:
    """Events of a source on a target, each once; of a meeting there is a link in each direction.

    `cooperation` counts those of quad classes 1 and 2, `conflict` those of 3 and 4; `goldstein` is the mean intensity.
    """

    source: str
    target: str
    events: int
    cooperation: int
    conflict: int
    goldstein: float | None


@dataclass(frozen=True)
class Network:
    """The actors of most events, and what they do to each other; `left_out` counts the actors beyond them, and
    `links_left_out` the links beyond the first 5,000."""

    nodes: tuple[Node, ...]
    links: tuple[NetworkLink, ...]
    left_out: int
    links_left_out: int


def network(desk: Desk, given: Given) -> dict[str, Any]:
    found = chosen(desk, given)
    counted = desk.index.table(
        f"""SELECT who, count(*) AS events, count(*) OVER () AS actors
        FROM parties WHERE no IN (SELECT no FROM events WHERE {found.where})
        GROUP BY who ORDER BY events DESC, who LIMIT $most""",
        found.params | {"most": given["most"]}, **found.tables,
    )  # fmt: skip
    nodes = desk.index.rows(_NODES, counted=counted)
    links = desk.index.rows(
        f"""WITH told AS (SELECT no, quad, CAST(goldstein AS DECIMAL(6, 3)) AS goldstein FROM events
            WHERE {found.where})
        SELECT source, target, count(*) AS events, count(*) FILTER (quad <= 2) AS cooperation,
            count(*) FILTER (quad >= 3) AS conflict, avg(goldstein) AS goldstein
        FROM links JOIN told USING (no)
        WHERE source IN (SELECT who FROM counted) AND target IN (SELECT who FROM counted)
        GROUP BY source, target ORDER BY events DESC, source, target""",
        found.params, counted=counted, **found.tables,
    )  # fmt: skip
    ids = {row.pop("who"): row["id"] for row in nodes}
    shown = [row | {"source": ids[row["source"]], "target": ids[row["target"]]} for row in links[:LINKS]]
    actors = counted["actors"][0].as_py() if counted.num_rows else 0
    return {"nodes": nodes, "links": shown, "left_out": actors - len(nodes),
            "links_left_out": len(links) - len(shown)}  # fmt: skip


_NODES = """
    WITH named AS (
        SELECT actors.who, name, country, sectors, actor_id, count(*) AS n
        FROM acts JOIN actors ON actor = key WHERE actors.who IN (SELECT who FROM counted) GROUP BY ALL
    )
    SELECT who, coalesce(first(actor_id), first(name ORDER BY n DESC, name)) AS id,
        first(name ORDER BY n DESC, name) AS name, first(country ORDER BY n DESC, name) AS country,
        first(sectors ORDER BY n DESC, name) AS sectors, any_value(counted.events) AS events
    FROM named JOIN counted USING (who) GROUP BY who ORDER BY events DESC, id
"""
"""An actor goes by its most frequent name."""


OPERATIONS = (
    Operation("GET", "/api/places", places, "Where events were: by place and by country.", Places, FILTERS,
              cached=True),
    Operation("GET", "/api/network", network, "Who acts on whom.", Network,
              (*FILTERS, Parameter("most", KINDS["limit"], "Actors at most.", default=200)), cached=True),
)  # fmt: skip
