"""What a watcher has seen and what waits, in one SQLite file: whatever ends the watcher, the file holds all that was
written together or nothing of it.

    polls   an address that is polled: a source of the plan, or a sitemap that an index lists
    links   a page that was listed: waiting, spooled, coded, or old (listed before its source was watched)
    spool   a page as fetched, or why there is none, until it is in the store
    facts   what is known of the watcher as a whole: when it last wrote a part, and why it could not

Times are seconds since 1970. One thread writes; other processes may read.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from legation.ingest.fetch import FetchError, place
from legation.watch.listing import Link
from legation.watch.sources import Plan, Source

_VERSION = 1
_DAY = 86_400.0
_REMEMBERED = 30 * _DAY  # a link that no listing has named for so long is forgotten
_WAITING_MOST = 10_000  # links of one source; more are taken when these are done, if they are still listed then
_SCHEMA = f"""
    PRAGMA user_version = {_VERSION};
    CREATE TABLE polls (
        address TEXT PRIMARY KEY, source TEXT NOT NULL, host TEXT NOT NULL, late INTEGER NOT NULL,
        name TEXT, title TEXT, etag TEXT, modified TEXT, links INTEGER, reason TEXT,
        failures INTEGER NOT NULL DEFAULT 0,
        last_try REAL, last_success REAL, next_try REAL NOT NULL, wait REAL NOT NULL DEFAULT 0);
    CREATE TABLE links (
        url TEXT PRIMARY KEY, source TEXT NOT NULL, host TEXT NOT NULL, step TEXT NOT NULL, listed REAL NOT NULL,
        title TEXT, published TEXT, reason TEXT, failures INTEGER NOT NULL DEFAULT 0,
        next_try REAL NOT NULL, wait REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
    CREATE INDEX links_waiting ON links (host, next_try, url, source, failures) WHERE step = 'waiting';
    CREATE INDEX links_of_source ON links (source, step);
    CREATE TABLE spool (
        number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, body BLOB, kind TEXT, charset TEXT,
        final TEXT, retrieved REAL, title TEXT, published TEXT, publisher TEXT, reason TEXT,
        tries INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE facts (name TEXT PRIMARY KEY, value);
"""


class StateError(Exception):
    """A state file that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Poll:
    """An address whose turn it is. `first` where its links that tell no age are not news: it is new to the watcher."""

    address: str
    source: str
    host: str
    first: bool
    etag: str | None
    modified: str | None
    failures: int


@dataclass(frozen=True, slots=True)
class Wait:
    """A link whose turn it is."""

    url: str
    source: str
    host: str
    failures: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page as fetched: `body` packed by zlib, `kind` and `charset` of its headers, `final` its address in the end."""

    body: bytes
    kind: str
    charset: str | None
    final: str
    retrieved: float


@dataclass(frozen=True, slots=True)
class Spooled:
    """A page in the spool with what its listing told of it, or in `reason` why there is none."""

    number: int
    url: str
    body: bytes | None
    kind: str | None
    charset: str | None
    final: str | None
    retrieved: float | None
    title: str | None
    published: str | None
    publisher: str | None
    reason: str | None


_COLUMNS = ", ".join(column.name for column in fields(Spooled))


class State:
    """The state in a folder. Raises StateError where the file is damaged or of another version."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.sqlite"
        new = not self.path.exists()
        try:
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0 and (new or not self._db.execute("SELECT 1 FROM sqlite_master").fetchone()):
                self._db.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT;")
                version = _VERSION
        except sqlite3.OperationalError as error:
            raise StateError(f"{self.path} cannot be opened: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StateError(f"{self.path} is damaged ({error}); remove it, and the watcher begins anew") from error
        if version != _VERSION:
            raise StateError(f"{self.path} is of version {version}, not {_VERSION}: use the Legation that wrote it")

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """All that is written within is kept, or where an error is raised, nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite itself has undone it where the disk is full
                self._db.execute("ROLLBACK")
            raise

    # The plan.

    def follow(self, plan: Plan, now: float) -> None:
        """Take up the sources of the plan, and give up those that are not in it, with what of them still waits.

        No stored time may lie further off than it was set to: the clock may have been put back since.
        """
        with self.turn():
            for table in ("polls", "links"):
                self._db.execute(f"UPDATE {table} SET next_try = ? + wait WHERE next_try > ? + wait", (now, now))
            for column in ("last_try", "last_success"):
                self._db.execute(f"UPDATE polls SET {column} = ? WHERE {column} > ?", (now, now))
            self._db.execute("UPDATE links SET listed = ? WHERE listed > ?", (now, now))
            known = {row["source"] for row in self._db.execute("SELECT DISTINCT source FROM polls")}
            for gone in known - plan.sources.keys():
                self._db.execute("DELETE FROM polls WHERE source = ?", (gone,))
                self._db.execute("DELETE FROM links WHERE source = ? AND step = 'waiting'", (gone,))
                # Another source may list these too, and is to be asked for its whole listing.
                self._db.execute("UPDATE polls SET etag = NULL, modified = NULL")
            for url, source in plan.sources.items():
                self._poll(url, url, now, late=False)
                self._db.execute("UPDATE polls SET name = ? WHERE address = ?", (source.name, url))

    def _poll(self, address: str, source: str, now: float, late: bool) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO polls (address, source, host, late, next_try) VALUES (?, ?, ?, ?, ?)",
            (address, source, _host(address), late, now),
        )

    # What is due.

    def due_polls(self, now: float) -> list[Poll]:
        """Those whose time has come, longest first."""
        rows = self._db.execute("SELECT * FROM polls WHERE next_try <= ? ORDER BY next_try, address", (now,))
        return [
            Poll(
                row["address"], row["source"], row["host"], row["last_success"] is None and not row["late"],
                row["etag"], row["modified"], row["failures"],
            )
            for row in rows
        ]  # fmt: skip

    def due_links(self, now: float) -> list[Wait]:
        """Of every host the one that has waited longest, as a host is asked for one page at a time."""
        rows = self._db.execute(
            "SELECT url, source, host, failures, min(next_try) FROM links WHERE step = 'waiting' GROUP BY host"
        )  # of the row that has the minimum, as SQLite defines it
        return [Wait(*row[:4]) for row in rows if row["min(next_try)"] <= now]

    # What came of a poll.

    def unchanged(self, poll: Poll, now: float, wait: float) -> None:
        self._db.execute(
            "UPDATE polls SET reason = NULL, failures = 0, last_try = ?, last_success = ?, next_try = ?, wait = ? "
            "WHERE address = ?",
            (now, now, now + wait, wait, poll.address),
        )

    def failed(self, poll: Poll, reason: str, now: float, wait: float) -> None:
        self._db.execute(
            "UPDATE polls SET reason = ?, failures = failures + 1, last_try = ?, next_try = ?, wait = ? "
            "WHERE address = ?",
            (reason, now, now + wait, wait, poll.address),
        )

    def postponed(self, job: Poll | Wait, now: float, wait: float) -> None:
        table, key = ("polls", job.address) if isinstance(job, Poll) else ("links", job.url)
        column = "address" if isinstance(job, Poll) else "url"
        self._db.execute(f"UPDATE {table} SET next_try = ?, wait = ? WHERE {column} = ?", (now + wait, wait, key))

    def validators(self, poll: Poll, etag: str | None, modified: str | None, title: str | None, links: int) -> None:
        """What to ask with next time, so that the server may answer "not modified", and what the listing told."""
        self._db.execute(
            "UPDATE polls SET etag = ?, modified = ?, title = ?, links = ? WHERE address = ?",
            (etag, modified, title, links, poll.address),
        )

    def listed(self, poll: Poll, links: Iterable[Link], source: Source, sitemap: bool, now: float) -> bool:
        """Take up the links that are new; whether there was room for all. Of a sitemap, which lists a whole site, old
        pages are only noted: those older than the source's `days`, and where they tell no age, those of a first poll.
        """
        (waiting,) = self._db.execute(
            "SELECT count(*) FROM links WHERE source = ? AND step = 'waiting'", (poll.source,)
        ).fetchone()
        oldest = datetime.fromtimestamp(now, UTC) - timedelta(days=source.days)
        complete = True
        for link in links:
            key = link.url or f"{poll.address} ({link.title or 'an item without a title'})"
            row = self._db.execute("SELECT listed FROM links WHERE url = ?", (key,)).fetchone()
            if row is not None:
                if row["listed"] < now - _DAY:
                    self._db.execute("UPDATE links SET listed = ? WHERE url = ?", (now, key))
                continue
            old = sitemap and (poll.first if link.modified is None else link.modified < oldest)
            if not old and waiting >= _WAITING_MOST:
                complete = False
                continue
            waiting += not old
            self._take(key, link, poll.source, old, now)
        self._db.execute("DELETE FROM links WHERE source = ? AND step IN ('coded', 'old') AND listed < ?",
                         (poll.source, now - _REMEMBERED))  # fmt: skip
        return complete

    def _take(self, key: str, link: Link, source: str, old: bool, now: float) -> None:
        self._db.execute(
            "INSERT INTO links (url, source, host, step, listed, title, published, next_try) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key, source, _host(key), "old" if old else "waiting", now, link.title,
             link.published.isoformat() if link.published else None, now),
        )  # fmt: skip
        if link.url is None and not old:
            self.spool(key, "an item without a link to a page")

    def sitemaps(self, poll: Poll, addresses: Iterable[str], now: float) -> None:
        """Poll what the index lists now, and no more what it listed before."""
        wanted = dict.fromkeys(addresses)
        rows = self._db.execute("SELECT address FROM polls WHERE source = ? AND address <> ?", (poll.source,) * 2)
        for address in {row["address"] for row in rows} - wanted.keys():
            self._db.execute("DELETE FROM polls WHERE address = ? AND source = ?", (address, poll.source))
        for address in wanted:
            self._poll(address, poll.source, now, late=not poll.first)

    # What came of a link.

    def spool(self, url: str, found: Page | str) -> None:
        """Keep the page, or the reason why there is none, until it is coded."""
        page = (found.body, found.kind, found.charset, found.final, found.retrieved) if isinstance(found, Page) else ()
        self._db.execute(
            "INSERT OR IGNORE INTO spool (url, body, kind, charset, final, retrieved, reason, title, published, "
            "publisher) SELECT url, ?, ?, ?, ?, ?, ?, title, published, "
            "(SELECT name FROM polls WHERE address = links.source) FROM links WHERE url = ?",
            (*(page or (None,) * 5), None if page else found, url),
        )
        self._db.execute("UPDATE links SET step = 'spooled', reason = NULL WHERE url = ?", (url,))

    def delayed(self, link: Wait, reason: str, now: float, wait: float) -> None:
        """The link is to be tried again."""
        self._db.execute(
            "UPDATE links SET reason = ?, failures = failures + 1, next_try = ?, wait = ? WHERE url = ?",
            (reason, now + wait, wait, link.url),
        )

    # The spool.

    def spooled(self) -> tuple[int, int]:
        """How many pages are in the spool, and the number of the last."""
        row = self._db.execute("SELECT count(*), coalesce(max(number), 0) FROM spool").fetchone()
        return row[0], row[1]

    def pages(self, upto: int) -> Iterator[Spooled]:
        """The spool in its order; few at a time, so that a reader holds up the watcher for a moment only."""
        last = 0
        while rows := self._db.execute(
            f"SELECT {_COLUMNS} FROM spool WHERE number > ? AND number <= ? ORDER BY number LIMIT 10", (last, upto)
        ).fetchall():
            yield from (Spooled(*row) for row in rows)
            last = rows[-1]["number"]

    def coded(self, upto: int) -> None:
        """The store holds the spool up to this number."""
        self._db.execute(
            "UPDATE links SET step = 'coded' WHERE url IN (SELECT url FROM spool WHERE number <= ?)", (upto,)
        )
        self._db.execute("DELETE FROM spool WHERE number <= ?", (upto,))

    def spoiled(self, number: int, reason: str) -> None:
        """A page ended the process that read it, or took too long; the second time it is given up."""
        self._db.execute("UPDATE spool SET tries = tries + 1 WHERE number = ?", (number,))
        self._db.execute("UPDATE spool SET body = NULL, reason = ? WHERE number = ? AND tries >= 2", (reason, number))

    # What is told.

    def note(self, **told: Any) -> None:
        """Keep facts by name."""
        self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", told.items())

    def facts(self) -> dict[str, Any]:
        return {row["name"]: row["value"] for row in self._db.execute("SELECT * FROM facts")}

    def sources(self) -> list[dict[str, Any]]:
        """For every polled address, sources first: what came of it, and how many of a source's links wait."""
        rows = self._db.execute(
            """SELECT address, source, coalesce(name, title) AS name, links, reason, failures,
                last_try, last_success, next_try,
                (SELECT count(*) FROM links WHERE links.source = address AND step = 'waiting') AS waiting,
                (SELECT count(*) FROM links WHERE links.source = address AND step IN ('spooled', 'coded')) AS fetched
            FROM polls ORDER BY source, address <> source, address"""
        )
        return [dict(row) for row in rows]


def _host(address: str) -> str:
    """Whom to ask; nobody where it is no address, which whoever fetches it is told."""
    try:
        return place(address).authority
    except FetchError:
        return ""


def day(told: str | None) -> date | None:
    """A day as the state keeps it."""
    return date.fromisoformat(told) if told else None
