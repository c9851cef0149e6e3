"""Reports and mentions as published and as coded: search over reports, one report, the mentions of an event."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from legation.clean import body
from legation.desk.desk import Desk
from legation.desk.operations import PAGE, Given, Operation, Parameter, Refusal, cursor, read_cursor
from legation.desk.search import matching
from legation.desk.why import Why, why
from legation.schema import Mention, Report
from legation.store import from_row, to_row

BEGINNING = 300
"""Characters of a report that stand for it in a list."""
_SHOWN = ("report_id", "publisher", "url", "title", "published", "language", "text", "retrieved")


@dataclass(frozen=True)
class EventMention(Mention):
    """A mention, and what is known of its report. `corrected` names the fields that a person mended."""

    publisher: str | None
    published: date | None
    url: str | None
    title: str | None
    corrected: tuple[str, ...]


def event_mentions(desk: Desk, mention_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Mentions by id, in this order, with what is known of their reports."""
    found = _mentions(desk, "list_contains($ids, mention_id)", {"ids": list(mention_ids)})
    told = _reports(desk, {mention.report_id for mention in found.values()})
    corrected = desk.corrected()
    return [
        to_row(found[one]) | told[found[one].report_id] | {"corrected": corrected.get(one, ())}
        for one in mention_ids
        if one in found
    ]


def _mentions(desk: Desk, where: str, params: Mapping[str, Any]) -> dict[str, Mention]:
    """Mentions, whole, of rows of the index's `quotes`: read from their parts, which alone hold all of them."""
    wanted: dict[str, list[str]] = {}
    for row in desk.index.rows(f"SELECT mention_id, part FROM quotes WHERE {where} ORDER BY ALL", params):
        wanted.setdefault(row["part"], []).append(row["mention_id"])
    found = {}
    for part, ids in wanted.items():
        table = desk.store.part(part)
        for row in table.filter(pc.is_in(table["mention_id"], pa.array(ids))).to_pylist():
            found[row["mention_id"]] = from_row(Mention, row)
    return found


def _reports(desk: Desk, report_ids: set[str]) -> dict[str, dict[str, Any]]:
    marks = ", ".join("?" * len(report_ids))
    rows = desk.index.reports(
        f"SELECT report_id, publisher, published, url, title FROM reports WHERE report_id IN ({marks})",
        sorted(report_ids),
    )
    unknown = dict.fromkeys(("publisher", "published", "url", "title"))
    return dict.fromkeys(report_ids, unknown) | {row.pop("report_id"): row for row in rows}


# Reports. ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A piece of a text; `hit` where it is what was searched for."""

    text: str
    hit: bool


@dataclass(frozen=True)
class ReportRow:
    """A report in a list. `snippet` is the stretch of its text that matches best, else its beginning; `mentions`
    counts the deeds coded in it."""

    report_id: str
    title: str | None
    publisher: str | None
    published: date | None
    url: str | None
    duplicate_of: str | None
    mentions: int
    snippet: tuple[Piece, ...]


@dataclass(frozen=True)
class Reports:
    """A page of reports. Those that match a search come best first (`order` "rank", by BM25), but where they are more
    than 20,000 the latest first (`order` "day"), as without a search."""

    reports: tuple[ReportRow, ...]
    total: int
    order: str
    next: str | None


RANKED = 20_000
_START, _END = "\ufdd0", "\ufdd1"
"""Stand around hits in a snippet: code points that no text holds, as they are no characters (Unicode 23.7)."""


def reports(desk: Desk, given: Given) -> dict[str, Any]:
    where, params = _filters(given)
    order, snippets = "day", _BEGINNING
    found = f"SELECT no FROM reports WHERE {where}"
    if given["q"] is not None:
        filtered = f" AND words.rowid IN ({found})" if params else ""
        params["query"] = matching(given["q"]) or '""'
        found, snippets = f"SELECT words.rowid FROM words WHERE words MATCH :query{filtered}", "NULL"
    (total,) = next(desk.index.report_values(f"SELECT count(*) FROM ({found})", params))
    ordered = f"SELECT no FROM reports WHERE no IN ({found}) ORDER BY published DESC, report_id"
    if given["q"] is not None and total <= RANKED:
        order, ordered = "rank", f"{found} ORDER BY words.rank, words.rowid"
    begin = 0 if given["after"] is None else read_cursor(given["after"], order, int)[1]
    end = begin + given["limit"]
    page = desk.index.report_values(f"{ordered} LIMIT {given['limit']} OFFSET {begin}", params)
    rows = _listed(desk, [number for (number,) in page], snippets, params.get("query"))
    return {"reports": rows, "total": total, "order": order, "next": cursor(order, end) if end < total else None}


_BEGINNING = f"substr(CAST(text AS BLOB), 1, {4 * BEGINNING})"
"""As bytes, of which a character has four at most: SQLite ends a text at a zero character, which may stand in it."""


def _filters(given: Given) -> tuple[str, dict[str, Any]]:
    tests = {"publisher": "publisher = :publisher", "since": "published >= :since", "until": "published <= :until"}
    values = {name: str(given[name]) for name in tests if given[name] is not None}
    return " AND ".join(["part IS NOT NULL", *(tests[name] for name in values)]), values


def _listed(desk: Desk, numbers: Sequence[int], snippets: str, query: str | None) -> list[dict[str, Any]]:
    """The reports of these numbers, in this order."""
    marks = ", ".join(map(str, numbers))
    sql = f"""SELECT no, report_id, title, publisher, published, url, duplicate_of, {snippets} AS snippet
        FROM reports WHERE no IN ({marks})"""
    rows = {row.pop("no"): row for row in desk.index.reports(sql)}
    if query is not None:
        sql = f"""SELECT rowid, snippet(words, 1, '{_START}', '{_END}', '…', 40) FROM words
            WHERE words MATCH ? AND rowid IN ({marks})"""
        for number, snippet in desk.index.report_values(sql, [query]):
            if number in rows:
                rows[number]["snippet"] = snippet
    counts = _mentions_in(desk, [row["report_id"] for row in rows.values()])
    for row in rows.values():
        row |= {"snippet": _pieces(row["snippet"] or b""), "mentions": counts.get(row["report_id"], 0)}
    return [rows[number] for number in numbers if number in rows]


def _mentions_in(desk: Desk, report_ids: Sequence[str]) -> dict[str, int]:
    sql = "SELECT report_id, count(*) AS n FROM quotes WHERE list_contains($ids, report_id) GROUP BY report_id"
    return {row["report_id"]: row["n"] for row in desk.index.rows(sql, {"ids": list(report_ids)})}


def _pieces(snippet: str | bytes) -> list[Piece]:
    if isinstance(snippet, bytes):
        return [Piece(snippet.decode("utf-8", "ignore")[:BEGINNING], hit=False)] if snippet else []
    pieces = re.split(f"{_START}(.*?){_END}", snippet, flags=re.DOTALL)
    return [Piece(text[:BEGINNING], hit=i % 2 == 1) for i, text in enumerate(pieces) if text]  # a word may be long


# One report. ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportMention(Mention):
    """A mention as its report's page shows it. `corrected` names the fields that a person mended; "wrong" is one, and
    the mention is then as it was coded, and in no event. `why` tells what its codes rest on."""

    event_id: str | None
    corrected: tuple[str, ...]
    why: Why


@dataclass(frozen=True)
class Cleaned:
    """Characters of the text that are not the report's own, and why: byline, teaser, share bar …"""

    start: int
    end: int
    reason: str


@dataclass(frozen=True)
class FullReport:
    """A report with its mentions. `duplicate_of` is the report that it repeats, `duplicate_kind` "exact" or "near"."""

    report: Report
    mentions: tuple[ReportMention, ...]
    cleaned: tuple[Cleaned, ...]
    duplicate_of: str | None
    duplicate_kind: str | None


def report(desk: Desk, given: Given) -> dict[str, Any]:
    rows = desk.index.reports("SELECT * FROM reports WHERE report_id = ? AND part IS NOT NULL", [given["report_id"]])
    if not rows:
        raise Refusal(f"the store has no report {given['report_id'][:80]!r}: see /api/reports", 404)
    (row,) = rows
    published = date.fromisoformat(row["published"]) if row["published"] else None
    told = Report(row["report_id"], row["text"], row["publisher"], row["url"], row["title"], published)
    mentions = _mentions(desk, "report_id = $id", {"id": told.report_id})
    mentions |= _marked_wrong(desk, told.report_id)
    events, corrected = _events_of(desk, row["no"]), desk.corrected()
    return {
        "report": {name: row[name] for name in _SHOWN},
        "mentions": [
            to_row(mention)
            | {
                "event_id": events.get(mention.mention_id),
                "corrected": corrected.get(mention.mention_id, ()),
                "why": why(mention, published),
            }
            for mention in sorted(mentions.values(), key=lambda one: (one.trigger.start, one.deed, one.mention_id))
        ],
        "cleaned": [{"start": d.span.start, "end": d.span.end, "reason": d.reason} for d in body(told).dropped],
        "duplicate_of": row["duplicate_of"],
        "duplicate_kind": row["duplicate_kind"],
    }


def _marked_wrong(desk: Desk, report_id: str) -> dict[str, Mention]:
    """What a person marked wrong, as it was coded: the report's page alone still shows it."""
    ids = [
        one.mention_id
        for one in desk.store.corrections()
        if one.state == "applied" and one.field == "wrong" and one.report_id == report_id
    ]
    return {name: from_row(Mention, row) for name, row in desk.store.as_coded(ids).items()}


def _events_of(desk: Desk, number: int) -> dict[str, str]:
    """The event of each mention of a report."""
    rows = desk.index.rows(
        """SELECT event_id, unnest(tellings).mention_id AS mention_id FROM events
        WHERE no IN (SELECT no FROM told WHERE report = $number)""",
        {"number": number},
    )
    return {row["mention_id"]: row["event_id"] for row in rows}


OPERATIONS = (
    Operation("GET", "/api/reports", reports, "The reports of the store, or those with certain words.", Reports,
              (Parameter("q", "words", 'Words, "phrases", word*, -without, OR.'),
               Parameter("publisher", "words", "Of this publisher."),
               Parameter("since", "day", "Published on this day or later."),
               Parameter("until", "day", "Published on this day or earlier."), *PAGE), cached=True),
    Operation("GET", "/api/reports/{report_id}", report, "A report as published, with all that is coded of it.",
              FullReport, (Parameter("report_id", "words", "Its id."),), cached=True),
)  # fmt: skip
