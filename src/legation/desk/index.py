"""An index of a store, quick to ask: flat columns of its events in DuckDB, words of its reports in SQLite's FTS5.

    STORE/desk/index/events.duckdb    events, acts, actors, links, told, quotes: see index_sql
    STORE/desk/index/reports.sqlite   reports as published, and `words` over their titles and texts

Both are made from the store alone, part by part and shard by shard, and brought up to date when a part or a shard is
written anew; they may be removed at any time. One made by another version of this file, or of DuckDB, is made again.
One desk at a time keeps the index of a store; any number of readers ask it.
"""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from legation import __version__
from legation.desk import index_sql
from legation.schema import EVENTS
from legation.store import Store

FORM = 1
"""Raised when a table of the index changes."""
MEMORY = "2GB"
"""What DuckDB may take; what needs more is put off to the disk."""
AT_ONCE = 10
"""Parts or shards taken in with one transaction while the index is filled."""
Progress = Callable[[int, int], None]


_FORGET_SHARDS = [
    f"DELETE FROM {table} WHERE list_contains(?, shard)" for table in ("events", "acts", "parties", "links", "told")
]
_FORGET_PARTS = ["DELETE FROM quotes WHERE list_contains(?, part)"]


class UnusableIndexError(Exception):
    """An index that cannot be kept; the message says why and what to do."""


def folder(store: Store) -> Path:
    """Where the desk keeps what is its own."""
    return store.folder("desk")


class Index:
    """The index of a store, opened or begun; `update` brings it up to date, and `version` names what it then holds."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.folder = folder(store) / "index"
        self.indexing: tuple[int, int] | None = None  # of what an update takes in, what is in; None at rest
        self._open()
        self.version = self._told()

    def _open(self) -> None:
        form = f"{FORM} {duckdb.__version__} {sqlite3.sqlite_version}"
        try:
            self.folder.mkdir(exist_ok=True)
            form_file = self.folder / "form.txt"
            if not form_file.exists() or form_file.read_text(encoding="utf-8") != form:
                self._remove()
            self._connection = duckdb.connect(self.folder / "events.duckdb", config={"memory_limit": MEMORY})
            self._connection.register("no_events", EVENTS.empty_table())
            self._connection.execute(index_sql.TABLES)
            self._connection.unregister("no_events")
            with self._texts() as texts:
                texts.executescript(index_sql.REPORT_TABLES)
            form_file.write_text(form, encoding="utf-8")
        except duckdb.IOException as error:
            raise UnusableIndexError(
                f"{self.folder} is in use: another desk serves this store; open that one, or stop it ({error})"
            ) from error
        except OSError as error:
            raise UnusableIndexError(f"the desk's index in {self.folder} cannot be written: {error}") from error

    def _remove(self) -> None:
        for name in (
            "events.duckdb",
            "events.duckdb.wal",
            "reports.sqlite",
            "reports.sqlite-wal",
            "reports.sqlite-shm",
        ):
            (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder / "events.duckdb.tmp", ignore_errors=True)

    def close(self) -> None:
        """Let go of the files, so that another desk may open them."""
        self._connection.close()

    # Asking.

    def rows(self, sql: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> list[dict[str, Any]]:
        """The rows that a SELECT over the tables of events.duckdb finds, and over `tables` by their names."""
        return self.table(sql, params, **tables).to_pylist()  # type: ignore[no-any-return]

    def table(self, sql: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> pa.Table:
        """As `rows`, but an Arrow table."""
        with contextlib.closing(self._connection.cursor()) as cursor:
            for name, table in tables.items():
                cursor.register(name, table)
            return cursor.sql(sql, params=dict(params or {})).to_arrow_table()

    def reports(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows that a SELECT over the tables of reports.sqlite finds."""
        with self._texts() as texts:
            texts.row_factory = sqlite3.Row
            return [dict(row) for row in texts.execute(sql, params)]

    def report_values(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[tuple[Any, ...]]:
        """As `reports`, but bare values, as they are found."""
        with self._texts() as texts:
            yield from texts.execute(sql, params)

    @contextlib.contextmanager
    def _texts(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.folder / "reports.sqlite", timeout=30)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # a copy: what a power cut spoils is made again
            with connection:
                yield connection

    # Bringing up to date.

    def update(self, progress: Progress | None = None, stop: threading.Event | None = None) -> bool:
        """Take in what the store has written since; whether there was anything. Stops between parts when told to."""
        wanted, known = self.store.versions(), self._known()
        changed = sorted(name for name in wanted.keys() | known.keys() if wanted.get(name) != known.get(name))
        if not changed:
            return False
        changed.sort(key=lambda name: name.startswith("shard:"))  # reports before the events that cite them
        try:
            done = 0
            for names in _batches(changed, growing=not known):
                self.indexing = (done, len(changed))
                if progress:
                    progress(*self.indexing)
                if stop and stop.is_set():
                    return True
                self._take_in(names, wanted)
                self.version = self._told()
                done += len(names)
            if progress:
                progress(done, done)
        finally:
            self.indexing = None
            self.version = self._told()
        return True

    def _take_in(self, names: Sequence[str], wanted: Mapping[str, str]) -> None:
        """One transaction for all of them, so that no reader sees an event in two shards."""
        with contextlib.closing(self._connection.cursor()) as cursor:
            cursor.begin()
            try:
                there = [name for name in names if name in wanted]
                for kind, forget, take in (("part:", _FORGET_PARTS, self._take_parts),
                                           ("shard:", _FORGET_SHARDS, self._take_shards)):  # fmt: skip
                    gone = [name.removeprefix(kind) for name in names if name.startswith(kind)]
                    for sql in forget:
                        cursor.execute(sql, [gone])
                    if taken := [name.removeprefix(kind) for name in there if name.startswith(kind)]:
                        take(cursor, taken)
                cursor.execute("DELETE FROM indexed WHERE list_contains(?, name)", [list(names)])
                for name in there:
                    cursor.execute("INSERT INTO indexed VALUES (?, ?)", [name, wanted[name]])
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise

    def _take_shards(self, cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        cursor.register("given", _joined("shard", {name: self.store.shard(name) for name in names}))
        cursor.register("given_dyads", _joined("shard", {name: self.store.shard(name, "dyads") for name in names}))
        cited = cursor.execute("SELECT DISTINCT unnest(tellings).report_id FROM given").fetchall()
        cursor.register("numbers_of", self._numbers_of([report_id for (report_id,) in cited]))
        for sql in index_sql.SHARDS:
            cursor.execute(sql)
        for view in ("given", "given_dyads", "numbers_of"):
            cursor.unregister(view)

    def _numbers_of(self, report_ids: Sequence[str]) -> pa.Table:
        found: dict[str, int] = {}
        with self._texts() as texts:
            for begin in range(0, len(report_ids), 500):
                some = report_ids[begin : begin + 500]
                marks = ", ".join("?" * len(some))
                rows = texts.execute(f"SELECT report_id, no FROM reports WHERE report_id IN ({marks})", some)
                found |= dict(rows.fetchall())
        return pa.table({"report_id": pa.array(found, pa.string()), "report": pa.array(found.values(), pa.int64())})

    def _take_parts(self, cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        cursor.register("given", _joined("part", {name: self.store.part(name) for name in names}))
        cursor.execute(index_sql.QUOTES)
        cursor.unregister("given")
        with self._texts() as texts:
            for part in names:
                for sql in index_sql.FORGET_REPORTS:
                    texts.execute(sql, {"part": part})
                rows = self.store.part(part, "reports").to_pylist()
                texts.executemany(index_sql.REPORT, [_plain(row) | {"part": part} for row in rows])
                texts.execute(index_sql.WORDS, {"part": part})

    def _known(self) -> dict[str, str]:
        return {row["name"]: row["version"] for row in self.rows("SELECT name, version FROM indexed")}

    def _told(self) -> str:
        """What names the contents of the index, and the program that tells them."""
        known = json.dumps([__version__, FORM, sorted(self._known().items())])
        return hashlib.sha256(known.encode()).hexdigest()[:16]


def _batches(names: Sequence[str], growing: bool) -> Iterable[Sequence[str]]:
    """A first filling is seen growing; a change is taken in whole."""
    size = AT_ONCE if growing else len(names)
    return [names[begin : begin + size] for begin in range(0, len(names), size)]


def _joined(column: str, tables: Mapping[str, pa.Table | None]) -> pa.Table:
    """Tables one below the other, each row with its table's name."""
    there = {name: table for name, table in tables.items() if table is not None}
    named = [table.append_column(column, pa.repeat(name, table.num_rows)) for name, table in there.items()]
    return pa.concat_tables(named, promote_options="permissive")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its days and times in ISO form, as SQLite has no types for them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
