"""Keeps reports, mentions and rejects as a folder of Parquet parts, and queries them. The only file that knows paths.

    DIR/store.json             {"schema_version": 1}
    DIR/reports/PART.parquet   columns of schema.REPORTS
    DIR/mentions/PART.parquet  columns of schema.MENTIONS
    DIR/rejects/PART.parquet   columns of schema.REJECTS
    DIR/done/PART.json         {"reports": 500, "mentions": 812, "rejects": 2}
    DIR/events/manifest.json   {"merged": [PART, …], "shards": {SHARD: VERSION, …}, "before": {SHARD: VERSION, …}}
    DIR/events/SHARD.VERSION.parquet   columns of schema.EVENTS; beside it dyads/ (schema.DYADS), merging/, trees/

A part is visible wholly or not at all: its three files are written beside their places first, then renamed into them,
and the done marker comes last; readers open only parts that have a marker. One process may write while any number
read: a query sees the parts that were done when it began. Writing a part that exists replaces it.

Events lie in shards, a month of deeds or a piece of an archive each. A merge writes every shard that it changes under a
new version and then replaces the manifest, so that readers see all of a merge or nothing of it; files of versions that
neither this manifest nor the one before names are removed.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from legation.schema import (
    DYADS,
    EVENTS,
    MENTIONS,
    REJECTS,
    REPORTS,
    SCHEMA_VERSION,
    Actor,
    Disagreement,
    Event,
    Mention,
    Party,
    Place,
    Reject,
    Report,
    Span,
    Telling,
    Version,
    When,
    Where,
)

SCHEMAS = {"reports": REPORTS, "mentions": MENTIONS, "rejects": REJECTS}
EVENT_SCHEMAS = {"events": EVENTS, "dyads": DYADS}
_EVENT_FOLDERS = {"events": "events", "dyads": "events/dyads", "merging": "events/merging", "trees": "events/trees"}
_GROUP = 16_384
"""Rows in a group of a shard's file: sorted rows of few actors lie in few groups, and only those are read."""

Row = dict[str, Any]
Record = TypeVar(
    "Record", Span, Report, Actor, When, Where, Mention, Reject, Event, Party, Place, Telling, Version, Disagreement
)


class StoreError(Exception):
    """A folder that cannot be read as a store; the message names it and says what to do."""


# Records and rows. ------------------------------------------------------------------------------------------------


def to_row(record: Report | Mention | Reject | Event) -> Row:
    """The record as plain dicts, tuples and values: what Arrow takes, and json with dates written as ISO strings."""
    return asdict(record)


def from_row(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """The record of class `kind` that to_row, or a row of the store, describes; its other columns are ignored."""
    event = kind in (Event, Telling)
    return kind(**{column.name: _value(column.name, row[column.name], event) for column in fields(kind)})


_EVENT_PARTS: dict[str, type[Any]] = {
    "sources": Party,
    "targets": Party,
    "claimants": Party,
    "tellings": Telling,
    "disagreements": Disagreement,
}


def _value(name: str, value: Any, event: bool) -> Any:
    if value is None:
        return None
    if event and name in _EVENT_PARTS:
        return tuple(from_row(_EVENT_PARTS[name], part) for part in value)
    if event and name == "where":
        return from_row(Place, value)
    if name == "versions":
        return tuple(from_row(Version, version) for version in value)
    if name in ("sentence", "trigger", "span"):
        return from_row(Span, value)
    if name in ("sources", "targets", "claimants"):
        return tuple(from_row(Actor, actor) for actor in value)
    if name in ("sectors", "modes", "contexts", "says", "mentions"):
        return tuple(value)
    if name == "when":
        return from_row(When, value)
    if name == "where":
        return from_row(Where, value)
    if name == "retrieved":
        return value.astimezone(UTC)
    if name in ("goldstein", "confidence"):
        return float(str(np.float32(value)))  # the shortest decimal: -4.4 is kept in 32 bits and comes back as -4.4
    return value


# The store. -------------------------------------------------------------------------------------------------------


class Store:
    """A folder of parts. A path where nothing is yet is an empty store, made by the first write.

    Raises StoreError where the folder holds something else, or a store of a newer schema version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._check()

    def _check(self) -> None:
        about = self.path / "store.json"
        if not about.exists():
            if self.path.exists() and not (self.path.is_dir() and _nothing_in(self.path)):
                raise StoreError(f"{self.path} is no Legation store (it has no store.json); name a new or empty folder")
            return
        try:
            version = json.loads(about.read_text(encoding="utf-8"))["schema_version"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{about} does not tell the store's schema version; restore it, or make a new store"
            ) from error
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} is a store of schema version {version}; this Legation reads up to version "
                f"{SCHEMA_VERSION}: upgrade Legation, or make a new store"
            )

    # Writing.

    def write(
        self,
        part: str,
        reports: Sequence[Report],
        mentions: Iterable[Mention],
        rejects: Iterable[Reject] = (),
        duplicates: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Write one part, all of it or, where an error is raised, nothing of it.

        `duplicates` maps a report's id to (id of the report that it repeats, kind: "exact" or "near"). Raises OSError
        as the file system does, a full disk for one; write the part again once that is mended.
        """
        if not re.fullmatch(r"\w[\w-]*", part):
            raise ValueError(f"{part!r} cannot name a part: letters, digits, - and _ only")
        duplicates = duplicates or {}
        of = {report.report_id: duplicates.get(report.report_id, (None, None)) for report in reports}
        tables = {
            "reports": [
                to_row(r) | dict(zip(("duplicate_of", "duplicate_kind"), of[r.report_id], strict=True)) for r in reports
            ],
            "mentions": [to_row(mention) for mention in mentions],
            "rejects": [to_row(reject) for reject in rejects],
        }
        self._make()
        self._replace(part, {kind: pa.Table.from_pylist(rows, schema=SCHEMAS[kind]) for kind, rows in tables.items()})

    def _make(self) -> None:
        for folder in (*SCHEMAS, "done"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        if not (self.path / "store.json").exists():
            _write_text(self.path / "store.json", json.dumps({"schema_version": SCHEMA_VERSION}) + "\n")

    def _replace(self, part: str, tables: Mapping[str, pa.Table]) -> None:
        drafts = {kind: _draft(self._file(kind, part)) for kind in tables}
        try:
            for kind, table in tables.items():
                pq.write_table(table, drafts[kind], compression="zstd")
                _sync(drafts[kind])
            self._marker(part).unlink(missing_ok=True)
            for kind, draft in drafts.items():
                draft.replace(self._file(kind, part))
                _sync(self.path / kind)
        except BaseException:
            for draft in drafts.values():
                draft.unlink(missing_ok=True)
            raise
        _write_text(self._marker(part), json.dumps({kind: table.num_rows for kind, table in tables.items()}) + "\n")

    def _file(self, kind: str, part: str) -> Path:
        return self.path / kind / f"{part}.parquet"

    def _marker(self, part: str) -> Path:
        return self.path / "done" / f"{part}.json"

    def write_events(self, shards: Mapping[str, Mapping[str, pa.Table] | None], merged: Iterable[str] = ()) -> None:
        """Write new versions of shards, all of them or, where an error is raised, none; None removes a shard.

        A shard is its tables by name: "events" (schema.EVENTS) and, where it is to be merged with later mentions,
        "merging" and "trees"; its dyads are derived here. `merged` are the parts whose mentions are now in the events.
        """
        before = self._manifest()
        versions = {name: version for name, version in before["shards"].items() if name not in shards}
        for folder in ("events", *_EVENT_FOLDERS.values()):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        self._make()
        for name, tables in shards.items():
            if not re.fullmatch(r"\w[\w-]*", name):
                raise ValueError(f"{name!r} cannot name a shard: letters, digits, - and _ only")
            if tables is not None:
                versions[name] = before["next"]
                for kind, table in {**tables, "dyads": _dyads(tables["events"])}.items():
                    path = self._shard_file(kind, name, before["next"])
                    draft = _draft(path)
                    pq.write_table(table, draft, compression="zstd", row_group_size=_GROUP)
                    _sync(draft)
                    draft.replace(path)
        for kind in _EVENT_FOLDERS:
            if (self.path / _EVENT_FOLDERS[kind]).exists():
                _sync(self.path / _EVENT_FOLDERS[kind])
        manifest = {
            "merged": sorted({*before["merged"], *merged}),
            "shards": versions,
            "before": before["shards"],
            "next": before["next"] + 1,
        }
        _write_text(self.path / "events" / "manifest.json", json.dumps(manifest) + "\n")
        self._remove_unnamed(manifest)

    def _manifest(self) -> dict[str, Any]:
        path = self.path / "events" / "manifest.json"
        if not path.exists():
            return {"merged": [], "shards": {}, "before": {}, "next": 1}
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    def _remove_unnamed(self, manifest: Mapping[str, Any]) -> None:
        """Files of versions that no reader can be reading any more, and drafts of a merge that was stopped."""
        named = {f"{n}.{v}.parquet" for group in ("shards", "before") for n, v in manifest[group].items()}
        for folder in _EVENT_FOLDERS.values():
            for path in (self.path / folder).glob("*.parquet*"):
                if path.name not in named:
                    path.unlink()

    def _shard_file(self, kind: str, name: str, version: int) -> Path:
        return self.path / _EVENT_FOLDERS[kind] / f"{name}.{version}.parquet"

    # Reading.

    def unmerged(self) -> list[str]:
        """The parts that hold mentions which are not in the events yet."""
        waiting = set(self.parts()) - self.merged()
        return sorted(
            part for part in waiting if json.loads(self._marker(part).read_text(encoding="utf-8"))["mentions"]
        )

    def merged(self) -> frozenset[str]:
        """The parts whose mentions are in the events."""
        return frozenset(self._manifest()["merged"])

    def shards(self) -> list[str]:
        """The names of the shards that hold events, sorted."""
        return sorted(self._manifest()["shards"])

    def shard(self, name: str, kind: str = "events", columns: Sequence[str] | None = None) -> pa.Table | None:
        """A shard's table of a kind ("events", "dyads", "merging", "trees"); None where it has none."""
        path = self._shard_file(kind, name, self._manifest()["shards"][name])
        return pq.read_table(path, columns=columns) if path.exists() else None

    def part(self, name: str, kind: str = "mentions", columns: Sequence[str] | None = None) -> pa.Table:
        """One of a part's tables ("reports", "mentions", "rejects")."""
        return pq.read_table(self._file(kind, name), columns=columns)

    def parts(self) -> list[str]:
        """The names of the parts that are done, sorted."""
        return sorted(marker.stem for marker in (self.path / "done").glob("[!.]*.json"))

    def query(self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None) -> pa.Table:
        """What a SELECT over the views `reports`, `mentions`, `rejects`, `events` and `dyads` finds. `sql` is DuckDB's;
        `?` or `$name` stand for `params`. Raises duckdb.Error where the SQL is wrong."""
        parts, shards = self.parts(), self._manifest()["shards"]
        files = {kind: [self._file(kind, part) for part in parts] for kind in SCHEMAS}
        files |= {kind: [self._shard_file(kind, n, v) for n, v in sorted(shards.items())] for kind in EVENT_SCHEMAS}
        with contextlib.closing(duckdb.connect()) as connection:
            for kind, schema in (SCHEMAS | EVENT_SCHEMAS).items():
                if files[kind]:
                    connection.read_parquet([str(file) for file in files[kind]]).create_view(kind)
                else:
                    connection.register(kind, schema.empty_table())
            found: pa.Table = connection.sql(sql, params=params).to_arrow_table()
            return found

    def reports(self) -> Iterator[Report]:
        """Every report, part by part, so that only one part is in memory at a time."""
        for part in self.parts():
            for row in pq.read_table(self._file("reports", part)).to_pylist():
                yield from_row(Report, row)

    def mentions(
        self,
        *,
        actor: str | None = None,
        dyad: tuple[str, str] | None = None,
        deed: str | None = None,
        status: str | None = None,
        since: date | None = None,
        until: date | None = None,
        event: str | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Mentions that pass every filter, latest first, with the columns of schema.MENTIONS and their report's
        `published`, `publisher`, `url` and `title`.

        An actor is named by country ("PRK"), country and sectors ("PRK GOV"), actor_id, or words of its name in any
        case; it matches as source or target. A dyad is two actors in either direction: one is a source, the other a
        target or, as at a meeting, another source. `since` and `until` are days, both included, that the deed's
        interval must touch; where the text tells no time that can be resolved, the day of publication stands for it.
        `event` is the id of an event that they are to tell of.
        """
        where, params = _conditions(actor, dyad, deed, status, since, until, _OF_MENTIONS)
        if event is not None:
            where.append("mention_id IN (SELECT unnest(tellings).mention_id FROM events WHERE event_id = $event)")
            params["event"] = event
        sql = f"""SELECT mentions.*, published, publisher, url, title
            FROM mentions LEFT JOIN (SELECT report_id, published, publisher, url, title FROM reports) USING (report_id)
            WHERE {" AND ".join(where) or "true"}
            ORDER BY {_OF_MENTIONS[0]} DESC NULLS LAST, report_id, "trigger".start, deed
            {"" if limit is None else f"LIMIT {int(limit)}"}"""
        return self.query(sql, params)

    def events(
        self,
        *,
        actor: str | None = None,
        dyad: tuple[str, str] | None = None,
        deed: str | None = None,
        status: str | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Events that pass every filter, latest first, with the columns of schema.EVENTS.

        Filters are those of `mentions`; an event without days of its own is found at its first report.
        """
        where, params = _conditions(actor, dyad, deed, status, since, until, _OF_EVENTS)
        sql = f"""SELECT * FROM events WHERE {" AND ".join(where) or "true"}
            ORDER BY {_OF_EVENTS[0]} DESC NULLS LAST, event_id {"" if limit is None else f"LIMIT {int(limit)}"}"""
        return self.query(sql, params)


# SQL of the filters. ----------------------------------------------------------------------------------------------

_OF_MENTIONS = ('coalesce("when".start, published)', 'coalesce("when"."end", published)')
_OF_EVENTS = ("coalesce(start, first_reported)", 'coalesce("end", first_reported)')
"""First and last day of a deed, in SQL."""


def _conditions(
    actor: str | None,
    dyad: tuple[str, str] | None,
    deed: str | None,
    status: str | None,
    since: date | None,
    until: date | None,
    days: tuple[str, str],
) -> tuple[list[str], dict[str, object]]:
    where: list[str] = []
    params: dict[str, object] = {}
    for name, test, value in (
        ("deed", "deed = $deed", deed),
        ("status", "status = $status", status),
        ("since", f"{days[1]} >= $since", since),
        ("until", f"{days[0]} <= $until", until),
    ):
        if value is not None:
            where.append(test)
            params[name] = value
    if actor is not None:
        where.append(f"{_any('sources', 'a')} OR {_any('targets', 'a')}")
        params |= _actor(actor, "a")
    if dyad is not None:
        one, other = _any("sources", "a"), _any("sources", "b")
        # Both among the sources is a dyad only where they are two actors: PRK with PRK must not find every deed of PRK.
        together = f"{one} AND {other} AND len(sources) > 1" if dyad[0] != dyad[1] else "false"
        where.append(f"{one} AND {_any('targets', 'b')} OR {other} AND {_any('targets', 'a')} OR {together}")
        params |= _actor(dyad[0], "a") | _actor(dyad[1], "b")
    return [f"({sql})" for sql in where], params


def _any(column: str, key: str) -> str:
    test = f"""x.actor_id = ${key}_words OR regexp_matches(x.name, ${key}_name)
        OR x.country = ${key}_country AND list_has_all(x.sectors, ${key}_sectors)"""
    return f"len([x FOR x IN {column} IF {test}]) > 0"


def _actor(words: str, key: str) -> dict[str, object]:
    country, *sectors = words.split() or [""]
    return {
        f"{key}_words": words,
        f"{key}_name": rf"(?i)(^|[^\pL\pN]){re.escape(words)}($|[^\pL\pN])",
        f"{key}_country": country,
        f"{key}_sectors": sectors,
    }


# Dyads. -----------------------------------------------------------------------------------------------------------

_DYADS_SQL = """
    WITH sides AS (
        SELECT *, unnest(sources) AS s, generate_subscripts(sources, 1) AS i FROM given WHERE len(sources) > 0
        UNION ALL BY NAME SELECT *, NULL AS s, 0 AS i FROM given WHERE len(sources) = 0 AND len(targets) > 0
    ), pairs AS (
        SELECT *, unnest(targets) AS t, false AS mutual FROM sides WHERE len(targets) > 0
        UNION ALL BY NAME SELECT *, NULL AS t, false AS mutual FROM sides WHERE len(targets) = 0 AND len(sources) = 1
        UNION ALL BY NAME SELECT * EXCLUDE (j) FROM (
            SELECT *, unnest(sources) AS t, generate_subscripts(sources, 1) AS j, true AS mutual
            FROM sides WHERE len(targets) = 0 AND len(sources) > 1) WHERE i <> j
    )
    SELECT DISTINCT event_id, s.country AS source_country, array_to_string(s.sectors, ' ') AS source_sectors,
        s.actor_id AS source_id, s.name AS source_name, t.country AS target_country,
        array_to_string(t.sectors, ' ') AS target_sectors, t.actor_id AS target_id, t.name AS target_name, mutual,
        CASE WHEN status = 'historical' THEN start ELSE coalesce(start, first_reported) END AS day,
        deed, status, quad, goldstein, reports, publishers
    FROM pairs ORDER BY source_country, target_country, day, event_id, source_name, target_name,
        source_sectors, target_sectors, source_id, target_id
"""


def _dyads(events: pa.Table) -> pa.Table:
    columns = ["event_id", "sources", "targets", "start", "first_reported", "deed", "status", "quad", "goldstein",
               "reports", "publishers"]  # fmt: skip
    with contextlib.closing(duckdb.connect()) as connection:
        connection.register("given", events.select(columns))
        found: pa.Table = connection.sql(_DYADS_SQL).to_arrow_table()
        return found.select(DYADS.names).cast(DYADS)


# Files. -----------------------------------------------------------------------------------------------------------


def _nothing_in(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.draft")


def _write_text(path: Path, text: str) -> None:
    draft = _draft(path)
    try:
        draft.write_text(text, encoding="utf-8")
        _sync(draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before what follows."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders, and keeps their names itself
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
