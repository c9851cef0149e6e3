"""Keeps reports, mentions and rejects as a folder of Parquet parts, and queries them. The only file that knows paths.

    DIR/store.json             {"schema_version": 1}
    DIR/reports/PART.parquet   columns of schema.REPORTS
    DIR/mentions/PART.parquet  columns of schema.MENTIONS
    DIR/rejects/PART.parquet   columns of schema.REJECTS
    DIR/done/PART.json         {"reports": 500, "mentions": 812, "rejects": 2, "bytes": {KIND: …}, "sha256": {KIND: …}}
    DIR/adding.lock            held by the process that adds parts, and then holds its number
    DIR/events/manifest.json   {"merged": [PART, …], "shards": {SHARD: VERSION, …}, "before": {SHARD: VERSION, …}}
    DIR/events/SHARD.VERSION.parquet   columns of schema.EVENTS; beside it dyads/ (schema.DYADS), merging/, trees/
    DIR/corrections/ID.json    what a person says of a mention (corrections.py)
    DIR/watch/, DIR/desk/      what `legation watch` and `legation desk` keep for themselves

A part is visible wholly or not at all: its three files are written beside their places first, then renamed into them,
and the done marker comes last; readers open only parts that have a marker. One process may write while any number
read: a query sees the parts that were done when it began. Writing a part that exists replaces it.

Events lie in shards, a month of deeds or a piece of an archive each. A merge writes every shard that it changes under a
new version and then replaces the manifest, so that readers see all of a merge or nothing of it; files of versions that
neither this manifest nor the one before names are removed.

Mentions are read with their corrections laid over them; the files of a part stay as the coder made them. The manifest
notes which corrections are in the events: `amended` tells a merge which mentions have changed since.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from legation.corrections import CORRECTIONS, Correction, Kept, made, mended
from legation.dyads import dyads
from legation.files import alone, digest, draft_of, held, sync, told_by, write_text
from legation.filters import OF_EVENTS, OF_MENTIONS, conditions
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
_LOCK = "adding.lock"
_GROUP = 16_384
"""Rows in a group of a shard's file: sorted rows of few actors lie in few groups, and only those are read."""

Row = dict[str, Any]
Record = TypeVar(
    "Record", Span, Report, Actor, When, Where, Mention, Reject, Event, Party, Place, Telling, Version, Disagreement
)


class StoreError(Exception):
    """A folder that cannot be read as a store; the message names it and says what to do."""


class BusyError(StoreError):
    """A store to which another process adds parts."""


@dataclass(frozen=True, slots=True)
class Amended:
    """What corrections have changed since the events were merged: ids of the mentions, the parts that hold them, and
    the ids of all corrections that hold now, for write_events to note."""

    mentions: frozenset[str]
    parts: tuple[str, ...]
    corrections: tuple[str, ...]


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
        self._corrections = Kept(self.path / "corrections")
        self._known: tuple[object, dict[str, tuple[str, Row]]] = (None, {})

    def _check(self) -> None:
        about = self.path / "store.json"
        if not about.exists():
            if self.path.exists() and not (self.path.is_dir() and _nothing_yet(self.path)):
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

    @contextlib.contextmanager
    def adding(self) -> Iterator[None]:
        """Hold the store for one process that adds parts, till the block ends or the process does.

        Raises BusyError where another process holds it: both would take the same reports for new. A folder that is
        made for the lock and gets nothing else is removed again.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with held(self.path / _LOCK) as got:
            if not got:
                raise BusyError(
                    f"{self.path}: another process adds reports to this store"
                    f"{told_by(self.path / _LOCK)}; wait until it is done, or name another store"
                )
            try:
                yield
            finally:
                if _nothing_yet(self.path):
                    for path in self.path.iterdir():
                        path.unlink()
                    self.path.rmdir()

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

    def folder(self, name: str) -> Path:
        """A folder of the store in which a face keeps what is its own ("watch", "desk"); made, with the store, where
        there is none."""
        self._make()
        (self.path / name).mkdir(exist_ok=True)
        return self.path / name

    def _make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if not (
            self.path / "store.json"
        ).exists():  # first of all: without it, a folder that holds anything is no store
            write_text(self.path / "store.json", json.dumps({"schema_version": SCHEMA_VERSION}) + "\n")
        for folder in (*SCHEMAS, "done"):
            (self.path / folder).mkdir(exist_ok=True)

    def _replace(self, part: str, tables: Mapping[str, pa.Table]) -> None:
        drafts = {kind: draft_of(self._file(kind, part)) for kind in tables}
        marker: dict[str, Any] = {kind: table.num_rows for kind, table in tables.items()}
        try:
            for kind, table in tables.items():
                pq.write_table(table, drafts[kind], compression="zstd")
                sync(drafts[kind])
            marker["bytes"] = {kind: draft.stat().st_size for kind, draft in drafts.items()}
            marker["sha256"] = {kind: digest(draft) for kind, draft in drafts.items()}
            self._marker(part).unlink(missing_ok=True)
            for kind, draft in drafts.items():
                draft.replace(self._file(kind, part))
                sync(self.path / kind)
        except BaseException:
            for draft in drafts.values():
                draft.unlink(missing_ok=True)
            raise
        write_text(self._marker(part), json.dumps(marker) + "\n")

    def _file(self, kind: str, part: str) -> Path:
        return self.path / kind / f"{part}.parquet"

    def _marker(self, part: str) -> Path:
        return self.path / "done" / f"{part}.json"

    def write_events(
        self,
        shards: Mapping[str, Mapping[str, pa.Table] | None],
        merged: Iterable[str] = (),
        corrections: Iterable[str] | None = None,
    ) -> None:
        """Write new versions of shards, all of them or, where an error is raised, none; None removes a shard.

        A shard is its tables by name: "events" (schema.EVENTS) and, where it is to be merged with later mentions,
        "merging" and "trees"; its dyads are derived here. `merged` are the parts whose mentions are now in the events,
        `corrections` those that these mentions have (of `amended`); None: the same as before.
        """
        before = self._manifest()
        versions = {name: version for name, version in before["shards"].items() if name not in shards}
        self._make()
        for folder in ("events", *_EVENT_FOLDERS.values()):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        for name, tables in shards.items():
            if not re.fullmatch(r"\w[\w-]*", name):
                raise ValueError(f"{name!r} cannot name a shard: letters, digits, - and _ only")
            if tables is not None:
                versions[name] = before["next"]
                for kind, table in {**tables, "dyads": dyads(tables["events"])}.items():
                    path = self._shard_file(kind, name, before["next"])
                    draft = draft_of(path)
                    pq.write_table(table, draft, compression="zstd", row_group_size=_GROUP)
                    sync(draft)
                    draft.replace(path)
        for kind in _EVENT_FOLDERS:
            if (self.path / _EVENT_FOLDERS[kind]).exists():
                sync(self.path / _EVENT_FOLDERS[kind])
        manifest = {
            "merged": sorted({*before["merged"], *merged}),
            "shards": versions,
            "before": before["shards"],
            "next": before["next"] + 1,
            "corrections": before.get("corrections", []) if corrections is None else sorted(corrections),
        }
        write_text(self.path / "events" / "manifest.json", json.dumps(manifest) + "\n")
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

    def merging(self) -> contextlib.AbstractContextManager[None]:
        """Held by whoever merges, from the first look at what is to be merged to write_events: another process that
        would merge waits for it."""
        return alone(self.folder("events") / ".merging")

    # Corrections.

    def correct(
        self, mention_id: str, field: str, value: object, *, by: str, at: datetime, note: str | None = None
    ) -> Correction:
        """Keep what a person says of one field of a mention (see corrections.py for fields and values).

        Raises KeyError where the store has no such mention, ValueError, with a sentence, where the value is wrong.
        """
        located = self._located([mention_id])
        if mention_id not in located:
            raise KeyError(mention_id)
        part, mention = located[mention_id]
        report = self.query("FROM reports WHERE report_id = ?", [mention["report_id"]]).to_pylist()[0]
        correction = made(mention, report, part, field, value, note, by, at)
        self._make()
        self._corrections.add(correction)
        return correction

    def withdraw(self, correction_id: str, *, by: str, at: datetime) -> None:
        """Take a correction back; it stays as history. Raises KeyError where none of that id holds."""
        self._corrections.withdraw(correction_id, by, at)

    def corrections(self) -> list[Correction]:
        """All corrections, oldest first, those that are withdrawn or whose mentions are gone too (see `state`)."""
        here = self._corrected()
        gone = {c.correction_id for c in self._kept() if c.state != "withdrawn" and c.mention_id not in here}
        return [replace(c, state="not applied") if c.correction_id in gone else c for c in self._kept()]

    def as_coded(self, mention_ids: Iterable[str]) -> dict[str, Row]:
        """Mentions as the coder made them, without corrections, by id; those that the store has."""
        wanted, known = set(mention_ids), self._corrected()
        found = {mention_id: known[mention_id] for mention_id in wanted & known.keys()}
        return {mention_id: row for mention_id, (_, row) in (found | self._located(wanted - known.keys())).items()}

    def amended(self) -> Amended:
        """Which mentions corrections, or their withdrawal, have changed since the events were merged."""
        told = self._kept()
        hold = {c.correction_id for c in told if c.state != "withdrawn"}
        changed = set(self._manifest().get("corrections", [])) ^ hold
        here = self._corrected() if changed else {}
        mentions = {c.mention_id for c in told if c.correction_id in changed and c.mention_id in here}
        parts = sorted({here[mention_id][0] for mention_id in mentions})
        return Amended(frozenset(mentions), tuple(parts), tuple(sorted(hold)))

    def _kept(self) -> list[Correction]:
        try:
            return self._corrections.all()
        except ValueError as error:
            raise StoreError(str(error)) from error

    def _holding(self) -> dict[str, list[Correction]]:
        """The corrections that hold, by mention, in their order."""
        of: dict[str, list[Correction]] = {}
        for correction in self._kept():
            if correction.state == "applied":
                of.setdefault(correction.mention_id, []).append(correction)
        return of

    def _corrected(self) -> dict[str, tuple[str, Row]]:
        """The mentions that there are corrections of, as they were coded, each with its part."""
        ids = sorted({c.mention_id for c in self._kept()})
        state = (ids, self._stamps() if ids else None)
        if self._known[0] != state:  # as long as neither corrections nor parts change it need not be looked for
            self._known = (state, self._located(ids))
        return self._known[1]

    def _located(self, mention_ids: Iterable[str]) -> dict[str, tuple[str, Row]]:
        """Mentions as they were coded, each with its part: looked for where its corrections say, else everywhere."""
        wanted, parts = set(mention_ids), self.parts()
        hints = {c.part for c in self._kept() if c.mention_id in wanted} & set(parts)
        found: dict[str, tuple[str, Row]] = {}
        for some in (sorted(hints), parts):
            if (missing := sorted(wanted - found.keys())) and some:
                files = [str(self._file("mentions", part)) for part in some]
                with contextlib.closing(duckdb.connect()) as connection:
                    sql = "SELECT * FROM read_parquet($files, filename = true) WHERE list_contains($ids, mention_id)"
                    rows = connection.sql(sql, params={"files": files, "ids": missing}).to_arrow_table().to_pylist()
                found |= {row["mention_id"]: (Path(row.pop("filename")).stem, row) for row in rows}
        return found

    def _stamps(self) -> dict[str, int]:
        """The parts that are done, with the time at which each was written."""
        return {m.stem: m.stat().st_mtime_ns for m in (self.path / "done").glob("[!.]*.json")}

    # Reading.

    def versions(self) -> dict[str, str]:
        """For each part ("part:NAME") and shard ("shard:NAME") a text that changes when what is read of it does."""
        told = {f"part:{part}": f"{stamp:x}" for part, stamp in self._stamps().items()}
        here = self._corrected()
        states: dict[str, list[str]] = {}
        for correction in self._kept():
            if correction.mention_id in here:
                name = f"part:{here[correction.mention_id][0]}"
                states.setdefault(name, []).append(f"{correction.correction_id} {correction.state}")
        for name, state in states.items():
            told[name] += "+" + hashlib.md5(" ".join(state).encode(), usedforsecurity=False).hexdigest()
        return told | {f"shard:{name}": str(version) for name, version in self._manifest()["shards"].items()}

    def unmerged(self) -> list[str]:
        """The parts that hold mentions which are not in the events yet, or not as corrections have them."""
        waiting = set(self.parts()) - self.merged()
        new = {part for part in waiting if json.loads(self._marker(part).read_text(encoding="utf-8"))["mentions"]}
        return sorted(new.union(self.amended().parts))

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
        """One of a part's tables ("reports", "mentions", "rejects"); its mentions as corrections have them."""
        table = pq.read_table(self._file(kind, name), columns=columns)
        held = self._holding() if kind == "mentions" else {}
        if not held:
            return table
        whole = pq.read_table(self._file(kind, name), filters=pc.field("mention_id").isin(list(held)))
        if not whole.num_rows:
            return table
        new = [mended(row, held[row["mention_id"]]) for row in whole.to_pylist()]
        ids = pq.read_table(self._file(kind, name), columns=["mention_id"])["mention_id"]
        stays = table.filter(pc.invert(pc.is_in(ids, whole["mention_id"].combine_chunks())))
        return pa.concat_tables([stays, _mentions(new).select(table.column_names)])

    def part_files(self, part: str) -> dict[str, Path]:
        """A part's files: "reports", "mentions" (as they were coded) and "rejects", and its marker, "done"."""
        return {kind: self._file(kind, part) for kind in SCHEMAS} | {"done": self._marker(part)}

    def parts(self) -> list[str]:
        """The names of the parts that are done, sorted."""
        return sorted(marker.stem for marker in (self.path / "done").glob("[!.]*.json"))

    def query(self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None) -> pa.Table:
        """What a SELECT over the views `reports`, `mentions`, `rejects`, `events`, `dyads` and `corrections` finds.
        `sql` is DuckDB's; `?` or `$name` stand for `params`. Raises duckdb.Error where the SQL is wrong."""
        with self.connection() as connection:
            found: pa.Table = connection.sql(sql, params=params).to_arrow_table()
            return found

    @contextlib.contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of DuckDB of its own, that has the views of `query`."""
        files = self.view_files()
        with contextlib.closing(duckdb.connect()) as connection:
            for kind, schema in (SCHEMAS | EVENT_SCHEMAS).items():
                if files[kind]:
                    connection.read_parquet([str(file) for file in files[kind]]).create_view(kind)
                else:
                    connection.register(kind, schema.empty_table())
            if held := self._holding():
                coded = {mention_id: row for mention_id, (_, row) in self._corrected().items() if mention_id in held}
                new = [mended(row, held[mention_id]) for mention_id, row in coded.items()]
                connection.register("_mended", _mentions(new))
                connection.register("_amended", pa.table({"mention_id": pa.array(coded, pa.string())}))
                connection.execute(_LAID_OVER)
            told = [asdict(c) | {"value": json.dumps(c.value, ensure_ascii=False)} for c in self.corrections()]
            connection.register("corrections", pa.Table.from_pylist(told, schema=CORRECTIONS))
            yield connection

    def view_files(self) -> dict[str, list[Path]]:
        """The Parquet files that each view reads, by its name."""
        parts, shards = self.parts(), self._manifest()["shards"]
        files = {kind: [self._file(kind, part) for part in parts] for kind in SCHEMAS}
        return files | {
            kind: [self._shard_file(kind, n, v) for n, v in sorted(shards.items())] for kind in EVENT_SCHEMAS
        }

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
        where, params = conditions(actor, dyad, deed, status, since, until, OF_MENTIONS)
        if event is not None:
            where.append("mention_id IN (SELECT unnest(tellings).mention_id FROM events WHERE event_id = $event)")
            params["event"] = event
        sql = f"""SELECT mentions.*, published, publisher, url, title
            FROM mentions LEFT JOIN (SELECT report_id, published, publisher, url, title FROM reports) USING (report_id)
            WHERE {" AND ".join(where) or "true"}
            ORDER BY {OF_MENTIONS[0]} DESC NULLS LAST, report_id, "trigger".start, deed
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
        where, params = conditions(actor, dyad, deed, status, since, until, OF_EVENTS)
        sql = f"""SELECT * FROM events WHERE {" AND ".join(where) or "true"}
            ORDER BY {OF_EVENTS[0]} DESC NULLS LAST, event_id {"" if limit is None else f"LIMIT {int(limit)}"}"""
        return self.query(sql, params)


_LAID_OVER = """
    ALTER VIEW mentions RENAME TO _as_coded;
    CREATE VIEW mentions AS FROM _as_coded ANTI JOIN _amended USING (mention_id) UNION ALL BY NAME FROM _mended
"""


def _mentions(rows: Iterable[Row | None]) -> pa.Table:
    return pa.Table.from_pylist([row for row in rows if row], schema=MENTIONS)


# Files. -----------------------------------------------------------------------------------------------------------


def _nothing_yet(folder: Path) -> bool:
    """Whether a folder is empty, but for what a process leaves that is killed before it has made a store."""
    return all(path.name == _LOCK or path.match(".store.json.*.draft") for path in folder.iterdir())
