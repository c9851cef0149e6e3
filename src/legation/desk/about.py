"""What the store is: its size, its days, and the names of its codes."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from legation import __version__
from legation.desk.desk import Desk
from legation.desk.operations import Given, Operation
from legation.forecast.world import QUAD_NAMES
from legation.schema import DEEDS, STATUSES
from legation.tables import rows


@dataclass(frozen=True)
class Indexing:
    """How far the index is: parts and shards that are in it, of all."""

    done: int
    total: int


@dataclass(frozen=True)
class About:
    """The store. `version` changes with everything else that is answered; `indexing` is null when all is in the index,
    and `trouble` says why it is not. `first_day` and `last_day` are of events that happened or were reported."""

    name: str
    version: str
    program: str
    events: int
    mentions: int
    reports: int
    rejects: int
    first_day: date | None
    last_day: date | None
    last_reported: date | None
    deeds: tuple[str, ...]
    statuses: tuple[str, ...]
    quads: dict[str, str]
    countries: dict[str, str]
    correcting: bool
    indexing: Indexing | None
    trouble: str | None


def store(desk: Desk, given: Given) -> dict[str, Any]:
    sizes: dict[str, Any] = desk.once(("sizes",), lambda: _sizes(desk))
    indexing = desk.index.indexing
    return sizes | {
        "name": desk.store.path.resolve().name,
        "version": desk.index.version,
        "program": __version__,
        "deeds": DEEDS,
        "statuses": STATUSES,
        "quads": {str(quad): name for quad, name in QUAD_NAMES.items()},
        "countries": {row["iso3"]: row["name"] for row in rows("countries")},
        "correcting": True,
        "indexing": {"done": indexing[0], "total": indexing[1]} if indexing else None,
        "trouble": desk.trouble,
    }


def _sizes(desk: Desk) -> dict[str, Any]:
    (found,) = desk.index.rows(
        """SELECT count(*) AS events, min(day) AS first_day, max(day) AS last_day,
            max(last_reported) AS last_reported, (SELECT count(*) FROM quotes) AS mentions FROM events"""
    )
    return found | {
        "reports": desk.index.reports("SELECT count(part) AS n FROM reports")[0]["n"],
        "rejects": desk.store.query("SELECT count(*) AS n FROM rejects").to_pylist()[0]["n"],
    }


OPERATIONS = (Operation("GET", "/api/store", store, "The store, and the names of its codes.", About),)
