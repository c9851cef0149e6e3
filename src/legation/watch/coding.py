"""The process that codes what is in the spool, merges it into the events, and ends.

It is a process of its own so that its memory goes with it, and so that a page which ends its reader, or holds it up for
ever, costs that page and not the watcher. What it does may be cut off at any moment and done again.
"""

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any

from legation.ingest.text import Origin, UnreadableError, decode, report
from legation.merge import Merged, merge
from legation.runner import Codes, Tally, run
from legation.schema import Reject, Report
from legation.store import Store, StoreError
from legation.watch.state import Spooled, State, StateError, day

READING_SECONDS = 60.0
"""After which the reading of one page is given up; a page of ten million bytes takes a few."""

_LEAVING_SECONDS = 10.0  # to finish the reports that are being coded


@dataclass(frozen=True, slots=True)
class Kept:
    """The store holds the spool up to number `upto`."""

    upto: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is gone. `merged` is what it merged last; without it, `reason` says what went wrong, and `reading` is
    the number of the page that it was reading, if any."""

    merged: Merged | None
    reason: str
    reading: int | None


Step = Callable[[str, int, Callable[[], Codes], int | None, Connection], None]


def code(folder: str, upto: int, coder: Callable[[], Codes], workers: int | None, told: Connection) -> None:
    """What the process does: code the spool up to a number into the store at `folder`, then merge. Tells of it:
    ("reading", number) and ("read", number) of each page, ("kept", Tally), ("merged", Merged) or ("failed", reason)."""
    signal.signal(signal.SIGTERM, _leave)
    with _never_without_parent():
        try:
            store = Store(folder)
            with closing(State(store.folder("watch"))) as state:
                tally = run([""], store, workers=workers, coder=coder, read=lambda _: _read(state, upto, told))
            told.send(("kept", tally))
            told.send(("merged", merge(store)))
        except (OSError, StoreError, StateError, sqlite3.OperationalError) as error:
            told.send(("failed", str(error)))


def _read(state: State, upto: int, told: Connection) -> Iterator[Report | Reject]:
    for page in state.pages(upto):
        told.send(("reading", page.number))
        item = read(page)
        told.send(("read", page.number))
        yield item


def read(page: Spooled) -> Report | Reject:
    """The report in a page, or why there is none. What the plan names as publisher, and what the listing tells of the
    day, stands before what the page does, which often names another day."""
    if page.body is None or page.retrieved is None:
        return Reject(page.url, page.reason or "not fetched")
    retrieved = datetime.fromtimestamp(page.retrieved, UTC)
    origin = Origin(page.url, page.url, page.final, retrieved, page.charset)
    body = zlib.decompress(page.body)
    try:
        if page.kind == "text/plain":
            told = report(origin, decode(body, page.charset))
        else:
            from legation.ingest import html  # a third of a second to load, which a spool of rejects is spared

            told = html.article(body, origin)
    except UnreadableError as error:
        return Reject(page.url, str(error))
    return replace(
        told,
        published=day(page.published) or told.published,
        title=told.title or page.title,
        publisher=page.publisher or told.publisher,
    )


def _leave(number: int, frame: object) -> None:
    """As an error, so that the coders are ended and drafts removed on the way out."""
    sys.exit(1)


@contextmanager
def _never_without_parent() -> Iterator[None]:
    """A watcher that was killed may be started again, and is then to find nobody at work in the store."""
    ended, over = multiprocessing.Pipe(duplex=False)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent and parent.sentinel in wait([parent.sentinel, ended]):
            os._exit(1)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.close()
        thread.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """A process that starts here hears no Ctrl-C, which reaches every process of the group: the watcher ends it."""
    if sys.platform == "win32":
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class Coding:
    """The process, and a thread that puts what it tells into `done`: Kept, and in the end Ended."""

    def __init__(
        self,
        step: Step,
        folder: str,
        upto: int,
        coder: Callable[[], Codes],
        workers: int | None,
        done: "SimpleQueue[Any]",
    ) -> None:
        context = multiprocessing.get_context("spawn")  # threads do not survive a fork
        self._told, theirs = context.Pipe(duplex=False)
        self._upto, self._done = upto, done
        self._process = context.Process(target=step, args=(folder, upto, coder, workers, theirs))
        with _deaf():
            self._process.start()
        theirs.close()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def end(self) -> None:
        """End it, by force where it does not by itself; what it has not kept stays in the spool."""
        self._process.terminate()
        self._process.join(_LEAVING_SECONDS)
        self._process.kill()
        self._process.join()
        self._listener.join()

    def _listen(self) -> None:
        reading: int | None = None
        merged, reason = None, ""
        try:
            while True:
                if reading is not None and not self._told.poll(READING_SECONDS):
                    reason = f"reading a page took more than {READING_SECONDS:.0f} seconds"
                    self._process.kill()
                    break
                kind, value = self._told.recv()
                reading = value if kind == "reading" else None
                if kind == "kept":
                    self._done.put(Kept(self._upto, value))
                elif kind == "merged":
                    merged = value
                elif kind == "failed":
                    reason = value
        except (EOFError, OSError):
            pass  # it has ended, and closed its side
        self._process.join()
        self._done.put(Ended(merged, reason or f"its process ended with code {self._process.exitcode}", reading))
