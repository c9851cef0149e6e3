"""Whether a store is sound: whole files, every input once, nothing named that is not there; and if not, what to do.

Every file of every part is read. What a part took in is told by its marker: as many inputs as it has reports and
rejects, and each of these is to be in no other part.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from legation.files import digest, held
from legation.runner.upkeep import DAMAGED, set_aside
from legation.store import EVENT_SCHEMAS, SCHEMAS, Store

NAMED = 3
"""Of what is wrong in many places, so many are named in a fault."""

AGAIN = "run the sources of it again"
"""`legation run` leaves what is there and takes what is missing, so this costs only what is missing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, at which file or folder of the store, and what to do about it."""

    where: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a store holds, by name, as far as it is sound; and its faults, none where all is as it should be.

    `inputs` are reports and rejects together. `waiting` counts parts that are not merged into the events yet, which is
    no fault; `adding` tells that a process is adding parts, whose drafts are no fault either.
    """

    counts: Mapping[str, int]
    faults: tuple[Fault, ...]
    adding: bool


def check(store: Store) -> Checked:
    """Read all of a store and compare it with what it says of itself. Nothing is changed."""
    adding = _is_adding(store)
    damaged = {part: fault for part in store.parts() if (fault := _of_part(store, part))}
    sound = [part for part in store.parts() if part not in damaged]
    faults = [*damaged.values(), *_set_aside(store)]
    if not adding:
        faults += _leftovers(store)
    manifest = _manifest(store)
    faults += manifest
    shards = [] if manifest else list(_of_shards(store))
    faults += shards
    with _views(store, sound, events=not manifest and not shards) as connection:
        faults += _of_reports(connection, lost=bool(damaged or faults))
        if not manifest and not shards:
            faults += _of_events(store, connection, lost=bool(damaged))
        counts = _counts(connection, store, sound)
    if not manifest and not damaged:
        counts["waiting"] = len(store.unmerged())
    return Checked(counts, tuple(faults), adding)


def _is_adding(store: Store) -> bool:
    """Whether a process holds the store. It is asked of the lock only where that names one, who may be dead, since
    asking takes the lock for a moment."""
    lock = store.path / "adding.lock"
    if not lock.exists() or not lock.read_text(encoding="utf-8"):
        return False
    try:
        with held(lock) as free:
            return not free
    except OSError:
        return True  # of a store that may only be read, it cannot be asked


# Files. -----------------------------------------------------------------------------------------------------------


def _of_part(store: Store, part: str) -> Fault | None:
    """The first thing that is wrong with the files of a part."""
    files = store.part_files(part)
    try:
        marker = json.loads(files["done"].read_text(encoding="utf-8"))
        rows = {kind: int(marker[kind]) for kind in SCHEMAS}
    except (ValueError, KeyError, TypeError):
        return Fault(f"done/{part}.json", "does not tell what the part holds", f"delete it, and {AGAIN}")
    for kind, schema in SCHEMAS.items():
        where = f"{kind}/{part}.parquet"
        if not files[kind].exists():
            return Fault(where, "is missing", AGAIN)
        size, told = files[kind].stat().st_size, marker.get("bytes", {}).get(kind)
        if told is not None and size != told:
            return Fault(where, f"has {size:,} bytes; its marker says {told:,}", AGAIN)
        told = marker.get("sha256", {}).get(kind)
        if told is not None and digest(files[kind]) != told:
            return Fault(where, "holds other bytes than were written", f"delete done/{part}.json, and {AGAIN}")
        if wrong := _unreadable(files[kind], schema, rows[kind]):
            return Fault(where, wrong, f"delete done/{part}.json, and {AGAIN}")
    return None


def _unreadable(path: Path, schema: pa.Schema, rows: int | None = None) -> str | None:
    """What is wrong with a Parquet file that is to have such columns and so many rows."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        return f"cannot be read: {error}"
    if table.schema.names != schema.names:
        return f"has other columns than it should: {', '.join(table.schema.names)}"
    if rows is not None and table.num_rows != rows:
        return f"has {table.num_rows:,} rows; its marker says {rows:,}"
    return None


def _set_aside(store: Store) -> Iterator[Fault]:
    for part in set_aside(store):
        yield Fault(f"{DAMAGED}/{part}", "was found damaged by a run and set aside", f"{AGAIN}, or delete the folder")


def _leftovers(store: Store) -> Iterator[Fault]:
    parts = set(store.parts())
    for kind, example in store.part_files("any").items():
        for path in sorted(example.parent.glob("*")) if example.parent.exists() else ():
            where = f"{kind}/{path.name}"
            if path.name.endswith(".draft"):
                yield Fault(where, "is a draft of a run that was stopped", "delete it; the next run does so itself")
            elif path.stem not in parts:
                yield Fault(where, "is of no finished part", f"{AGAIN}, or delete it")
    for draft in sorted((store.path / "events").rglob(".*.draft")):
        where = draft.relative_to(store.path).as_posix()
        yield Fault(where, "is a draft of a merge that was stopped", "delete it; the next merge does so itself")


def _manifest(store: Store) -> list[Fault]:
    """What is wrong with the list of shards itself."""
    try:
        gone = sorted(store.merged() - set(store.parts()))
    except (ValueError, KeyError, TypeError):
        return [_EVENTS_LOST]
    if gone and not set(gone) & set(set_aside(store)):
        return [Fault("events/manifest.json", f"names parts that are not there: {_some(gone)}", AGAIN)]
    return []


_REMAKE = "delete the folder events, and make it anew with legation merge"
_EVENTS_LOST = Fault("events/manifest.json", "does not tell which shards there are", _REMAKE)


def _of_shards(store: Store) -> Iterator[Fault]:
    files = store.view_files()
    for kind, schema in EVENT_SCHEMAS.items():
        for path in files[kind]:
            if wrong := "is missing" if not path.exists() else _unreadable(path, schema):
                yield Fault(path.relative_to(store.path).as_posix(), wrong, _REMAKE)


# What they hold. --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _views(store: Store, parts: list[str], events: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Views over the sound files alone, mentions as they were coded."""
    files = {kind: [str(store.part_files(part)[kind]) for part in parts] for kind in SCHEMAS}
    if events:
        files["events"] = [str(path) for path in store.view_files()["events"]]
    with contextlib.closing(duckdb.connect()) as connection:
        for kind, schema in (SCHEMAS | {"events": EVENT_SCHEMAS["events"]}).items():
            if files.get(kind):
                connection.read_parquet(files[kind], filename=True).create_view(kind)
            else:
                connection.register(kind, schema.append(pa.field("filename", pa.string())).empty_table())
        yield connection


def _of_reports(connection: duckdb.DuckDBPyConnection, lost: bool) -> Iterator[Fault]:
    twice = "SELECT {0} FROM {1} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
    for kind, key, what in (
        ("reports", "report_id", "reports"),
        ("mentions", "mention_id", "mentions"),
        ("rejects", "concat_ws(', ', source, 'line ' || line)", "rejects"),
    ):
        columns = f"{key}, reason" if kind == "rejects" else key
        if found := _column(connection, twice.format(columns, kind)):
            yield Fault(kind, f"{len(found):,} {what} are there more than once: {_some(found)}", _TWICE)
    orphans = """SELECT DISTINCT mention_id FROM mentions ANTI JOIN reports
        ON mentions.report_id = reports.report_id
        AND parse_filename(mentions.filename) = parse_filename(reports.filename) ORDER BY ALL"""
    if found := _column(connection, orphans):
        yield Fault("mentions", f"{len(found):,} mentions have no report in their part: {_some(found)}", _TWICE)
    unknown = """SELECT r.report_id || ' of ' || r.duplicate_of FROM reports r
        ANTI JOIN reports o ON r.duplicate_of = o.report_id WHERE r.duplicate_of IS NOT NULL ORDER BY ALL"""
    if found := _column(connection, unknown):
        todo = "mend the parts first" if lost else AGAIN
        yield Fault("reports", f"{len(found):,} repeat a report that is not there: {_some(found)}", todo)


_TWICE = "keep this store for reference, make a new one from the sources, and tell the authors how it came about"


def _of_events(store: Store, connection: duckdb.DuckDBPyConnection, lost: bool) -> Iterator[Fault]:
    tellings = "(SELECT event_id, unnest(tellings).mention_id AS mention_id FROM events WHERE origin = 'reports')"
    for what, sql in (
        (
            "events are there more than once",
            "SELECT event_id FROM events GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL",
        ),
        (
            "mentions are told by two events",
            f"SELECT mention_id FROM {tellings} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL",
        ),
    ):
        if found := _column(connection, sql):
            yield Fault("events", f"{len(found):,} {what}: {_some(found)}", _REMAKE)
    if lost:
        return  # mentions of damaged parts are rightly in the events
    if found := _column(
        connection, f"SELECT DISTINCT mention_id FROM {tellings} ANTI JOIN mentions USING (mention_id) ORDER BY ALL"
    ):
        yield Fault("events", f"{len(found):,} mentions that events tell are not there: {_some(found)}", _REMAKE)
    if store.unmerged():
        return
    merged = {str(store.part_files(part)["mentions"]) for part in store.merged()}
    connection.register("merged", pa.table({"filename": pa.array(sorted(merged), pa.string())}))
    connection.register("now", store.query("SELECT mention_id FROM mentions"))  # but those that a person marked wrong
    missing = f"""SELECT mention_id FROM mentions SEMI JOIN merged USING (filename) SEMI JOIN now USING (mention_id)
        ANTI JOIN {tellings} USING (mention_id) ORDER BY ALL"""
    if found := _column(connection, missing):
        yield Fault("events", f"{len(found):,} merged mentions are in no event: {_some(found)}", _REMAKE)


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return [row[0] for row in connection.sql(sql).fetchall()]


def _some(names: list[Any]) -> str:
    return ", ".join(map(str, names[:NAMED])) + (" …" if len(names) > NAMED else "")


def _counts(connection: duckdb.DuckDBPyConnection, store: Store, parts: list[str]) -> dict[str, int]:
    counts = {"parts": len(parts)}
    for kind in ("reports", "rejects", "mentions", "events"):
        counts[kind] = connection.sql(f"SELECT count(*) FROM {kind}").fetchall()[0][0]
    counts["inputs"] = counts["reports"] + counts["rejects"]
    return counts
