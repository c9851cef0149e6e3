"""Events: lists of them, one of them, and how they lie in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import pyarrow as pa

from legation.desk.desk import Desk
from legation.desk.filters import FILTERS, chosen
from legation.desk.operations import PAGE, Given, Operation, Parameter, Refusal, cursor, one_of, read_cursor
from legation.desk.texts import EventMention, event_mentions
from legation.schema import Event, Party, Place
from legation.store import from_row, to_row

_SORTS = {
    "day": ("coalesce(day, DATE '0001-01-01')", "DATE"),
    "reports": ("coalesce(reports, 0)", "INTEGER"),
    "confidence": ("coalesce(confidence, 0)", "FLOAT"),
}
"""What a list is sorted by, greatest first, and its type in SQL; ties by event_id."""
_COLUMNS = [column.name for column in fields(Event) if column.name != "tellings"]
_LISTED = ", ".join(f'"{name}"' for name in (*_COLUMNS, "day"))
BINS = 10_000
QUADS = "[" + ", ".join(f"count(*) FILTER (quad = {quad})" for quad in (1, 2, 3, 4)) + "]"


@dataclass(frozen=True)
class Mark:
    """Characters [start, end) of a quote's text that tell a role: source, target, time, place or claimant."""

    role: str
    start: int
    end: int


@dataclass(frozen=True)
class Quote:
    """The sentence of an event's first telling. Of a very long sentence, `text` is what is around the trigger.

    `trigger` and the offsets of `spans` count the characters (code points) of `text`, ends excluded.
    """

    report_id: str
    mention_id: str
    publisher: str | None
    text: str
    trigger: tuple[int, int]
    spans: tuple[Mark, ...]


@dataclass(frozen=True)
class EventRow:
    """An event in a list: fields of Event without its tellings.

    `day` is `start`, else `first_reported`. `disagreements` names the fields that its tellings disagree about.
    `corrected` is true where a person mended one of its mentions. `quote` is null where the event was imported.
    """

    event_id: str
    deed: str
    modes: tuple[str, ...]
    status: str
    plover: str | None
    cameo: str | None
    quad: int | None
    goldstein: float | None
    contexts: tuple[str, ...]
    sources: tuple[Party, ...]
    targets: tuple[Party, ...]
    start: date | None
    end: date | None
    precision: str | None
    basis: str | None
    where: Place | None
    claimants: tuple[Party, ...]
    killed: int | None
    injured: int | None
    confidence: float | None
    reports: int
    publishers: int
    first_reported: date | None
    last_reported: date | None
    origin: str
    day: date | None
    disagreements: tuple[str, ...]
    corrected: bool
    quote: Quote | None


@dataclass(frozen=True)
class Events:
    """A page of events; `total` counts all that pass, `next` is null on the last page."""

    events: tuple[EventRow, ...]
    total: int
    next: str | None


def events(desk: Desk, given: Given) -> dict[str, Any]:
    found, (key, kind) = chosen(desk, given), _SORTS[given["sort"]]
    total = desk.index.rows(f"SELECT count(*) AS n FROM events WHERE {found.where}", found.params, **found.tables)
    where, params = found.where, dict(found.params)
    if given["after"] is not None:
        _, params["last_key"], params["last_id"] = read_cursor(given["after"], given["sort"], str, str)
        last = f"TRY_CAST($last_key AS {kind})"
        where += f" AND ({key} < {last} OR {key} = {last} AND event_id > $last_id)"
    rows = desk.index.rows(
        f"""WITH page AS MATERIALIZED (SELECT no, {key} AS key, event_id AS id FROM events WHERE {where}
            ORDER BY key DESC, id LIMIT {given["limit"] + 1})
        SELECT {_LISTED}, CAST(key AS VARCHAR) AS key, tellings[1].mention_id AS told_by,
            tellings[1].publisher AS publisher, [t.mention_id FOR t IN tellings] AS mentions
        FROM events JOIN page USING (no) ORDER BY page.key DESC, event_id""",
        params, **found.tables,
    )  # fmt: skip
    page = rows[: given["limit"]]
    more = cursor(given["sort"], page[-1]["key"], page[-1]["event_id"]) if len(rows) > len(page) else None
    return {"events": _listed(desk, page), "total": total[0]["n"], "next": more}


def _listed(desk: Desk, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    corrected = set(desk.corrected())
    quotes = _quotes(desk, [row["told_by"] for row in rows if row["told_by"]])
    for row in rows:
        mention_id, publisher = row.pop("told_by"), row.pop("publisher")
        del row["key"]
        row["quote"] = quotes[mention_id] | {"publisher": publisher} if mention_id in quotes else None
        row["disagreements"] = [disagreement["field"] for disagreement in row["disagreements"] or ()]
        row["corrected"] = not corrected.isdisjoint(row.pop("mentions") or ())
        row |= _shortest(row) | _empty(row)
    return list(rows)


def _quotes(desk: Desk, mention_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = desk.index.rows(
        'SELECT mention_id, report_id, text, "trigger", spans FROM quotes WHERE list_contains($ids, mention_id)',
        {"ids": list(mention_ids)},
    )
    for row in rows:
        row["spans"].sort(key=lambda span: (span["start"], span["end"], span["role"]))
    return {row["mention_id"]: row for row in rows}


def _shortest(row: Mapping[str, Any]) -> dict[str, Any]:
    """Its 32-bit numbers as the shortest decimals that stand for them."""
    return {name: float(f"{row[name]:.7g}") for name in ("goldstein", "confidence") if row[name] is not None}


def _empty(row: Mapping[str, Any]) -> dict[str, Any]:
    """Lists and counts that an archive left null, as none."""
    lists = ("modes", "contexts", "sources", "targets", "claimants", "disagreements", "tellings")
    return {name: row[name] or [] for name in lists if name in row} | {
        n: row[n] or 0 for n in ("reports", "publishers")
    }


# One event. -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FullEvent(Event):
    """An event with the mentions that tell it, in order of publication."""

    mentions: tuple[EventMention, ...]


def event(desk: Desk, given: Given) -> dict[str, Any]:
    found = event_rows(desk, "event_id = $id", {"id": given["event_id"]})
    if not found:
        raise Refusal(f"the store has no event {given['event_id'][:80]!r}: it may have been merged anew", 404)
    told = [telling.mention_id for telling in found[0].tellings]
    return to_row(found[0]) | {"mentions": event_mentions(desk, told)}


def event_rows(desk: Desk, where: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> list[Event]:
    """The events for which a condition holds, whole, by event_id."""
    columns = ", ".join(f'"{column.name}"' for column in fields(Event))
    sql = f"SELECT {columns} FROM events WHERE {where} ORDER BY event_id"
    return [from_row(Event, row | _empty(row)) for row in desk.index.rows(sql, params, **tables)]


# In time. ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DayBin:
    """Events whose `day` lies from `start` to `end`, both included: by quad class 1 to 4, and of none."""

    start: date
    end: date
    quads: tuple[int, int, int, int]
    none: int


@dataclass(frozen=True)
class Days:
    """Bins in order, those without events left out; `undated` events have no day."""

    bins: tuple[DayBin, ...]
    undated: int


def days(desk: Desk, given: Given) -> dict[str, Any]:
    found, by = chosen(desk, given), given["by"]
    rows = desk.index.rows(
        f"""SELECT CAST(date_trunc('{by}', day) AS DATE) AS start,
            CAST(date_trunc('{by}', day) + INTERVAL 1 {by} - INTERVAL 1 DAY AS DATE) AS "end", {QUADS} AS quads,
            count(*) FILTER (quad IS NULL) AS none, count(*) AS n
        FROM events WHERE {found.where} GROUP BY ALL ORDER BY start LIMIT {BINS + 1}""",
        found.params, **found.tables,
    )  # fmt: skip
    if len(rows) > BINS:
        raise Refusal(f"these are more than {BINS:,} bins: ask for larger ones, or for fewer days")
    undated = sum(row["n"] for row in rows if row["start"] is None)
    bins = [{name: row[name] for name in ("start", "end", "quads", "none")} for row in rows if row["start"]]
    return {"bins": bins, "undated": undated}


OPERATIONS = (
    Operation("GET", "/api/events", events, "The events that pass the filters.", Events,
              (*FILTERS, Parameter("sort", one_of(*_SORTS), "What comes first.", default="day"), *PAGE), cached=True),
    Operation("GET", "/api/events/{event_id}", event, "An event with all that tells it.", FullEvent,
              (Parameter("event_id", "words", "Its id."),), cached=True),
    Operation("GET", "/api/days", days, "How many events of each quad class by day, week or month.", Days,
              (*FILTERS, Parameter("by", "bin", "The bins.", default="day")), cached=True),
)  # fmt: skip
