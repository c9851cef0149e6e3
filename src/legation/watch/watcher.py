"""The loop: gives work to threads as its time comes, keeps what they bring, and has the spool coded every few minutes.

One thread, that of the loop, decides and writes; the others only fetch. All waiting is by a clock that cannot be put
back.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from legation.coder import Coder
from legation.files import held, told_by
from legation.runner import PART, Codes
from legation.store import Store
from legation.watch.coding import Coding, Ended, Kept, Step, code
from legation.watch.fetching import Fetcher
from legation.watch.polling import Failed, Listed, Outcome, Postponed, Unchanged, work
from legation.watch.sources import Plan, Source
from legation.watch.state import Page, Poll, State, StateError, Wait

PART_SECONDS = 300.0
"""Between two parts, unless PART pages wait before."""
THREADS = 8
_SPOOL_MOST = 10 * PART  # pages; no more are fetched until these are coded
_SITEMAPS_MOST = 100  # of one index
_LONGEST_BACKOFF = 6 * 3600.0  # seconds
_DOUBLINGS = 20  # after which any interval is past it
_LINK_TRIES = 6  # after 1, 4, 16, 64 and 256 minutes
_AGAIN = 60.0  # seconds after which what failed here, such as a full disk, is tried again
_TICK = 1.0  # seconds; how late what is due may begin


class Clock:
    """Seconds since 1970 that never go back: they follow the system's clock forward, and where that is put back, go on
    by the seconds that pass."""

    def __init__(self, wall: Callable[[], float] = time.time, passed: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._passed = wall, passed
        self._last, self._at = wall(), passed()

    def __call__(self) -> float:
        at = self._passed()
        self._last, self._at = max(self._wall(), self._last + at - self._at), at
        return self._last


class Watcher:
    """Watches the sources of a plan for a store until it is stopped.

    `workers` is the number of processes that code, by default one for each processor. `tell` gets a line for each
    thing that a person would want in a log. `coder` and `step` are importable by name, as another process imports them.
    Raises StateError where another watcher has the store, or its state cannot be read.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        *,
        workers: int | None = None,
        tell: Callable[[str], object] = lambda line: None,
        coder: Callable[[], Codes] = Coder,
        step: Step = code,
        clock: Callable[[], float] | None = None,
        chance: random.Random | None = None,
        fetcher: Fetcher | None = None,
        part_seconds: float = PART_SECONDS,
        tick: float = _TICK,
    ) -> None:
        self._plan, self._store, self._tell = plan, store, tell
        self._workers, self._coder, self._step = workers, coder, step
        self._clock, self._chance = clock or Clock(), chance or random.Random()
        self._stopped = threading.Event()
        self._fetcher = fetcher or Fetcher(plan.agent, plan.contact, sleep=self._stopped.wait)
        self._part_seconds, self._tick = part_seconds, tick
        self._todo: SimpleQueue[Poll | Wait | None] = SimpleQueue()
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._busy: dict[str, Poll | Wait] = {}
        self._coding: Coding | None = None
        self._owing = False
        """Whether coding failed, or left mentions that are not merged."""
        self._next_part = self._pause_until = 0.0

    def stop(self) -> None:
        """End `run` within a moment. May be called from a signal handler and from other threads."""
        if not self._stopped.is_set():  # a second signal must not wait for what the first is doing
            self._stopped.set()
            self._done.put(None)

    def run(self) -> None:
        """Watch until `stop` is called."""
        folder = self._store.folder("watch")
        with held(folder / "watching.lock") as got:
            if not got:
                raise StateError(
                    f"{self._store.path}: another process watches for this store{told_by(folder / 'watching.lock')}; "
                    "end that one first"
                )
            with closing(State(folder)) as self._state:
                self._state.follow(self._plan, self._clock())
                for _ in range(THREADS):
                    threading.Thread(target=self._fetch, daemon=True).start()
                self._next_part = self._clock() + self._part_seconds
                self._owing = bool(self._store.unmerged())
                try:
                    while not self._stopped.is_set():
                        self._turn()
                finally:
                    self._end()

    def _end(self) -> None:
        self._stopped.set()
        for _ in range(THREADS):
            self._todo.put(None)
        if self._coding:
            self._coding.end()

    def _fetch(self) -> None:
        while (job := self._todo.get()) and not self._stopped.is_set():
            try:
                outcome: Outcome = work(job, self._plan.sources[job.source], self._fetcher)
            except Exception as error:  # not hidden: it is the reason that the source or the link is shown with
                outcome = Failed(f"{type(error).__name__}: {error}", False, None)
            self._done.put((job, outcome))

    # One turn of the loop.

    def _turn(self) -> None:
        fetched, coded = self._brought()
        for job, _ in fetched:
            self._busy.pop(job.host, None)
        for event in coded:
            if isinstance(event, Ended):
                self._coding, self._owing = None, event.merged is None
                self._next_part = self._clock() + min(self._part_seconds, _AGAIN if self._owing else self._part_seconds)
        try:
            if fetched or coded:
                with self._state.turn():
                    for job, outcome in fetched:
                        self._take(job, outcome)
                    for event in coded:
                        self._coded(event)
            if self._clock() >= self._pause_until and len(self._busy) < 2 * THREADS:
                self._give()
        except sqlite3.OperationalError as error:  # a full disk, above all: nothing of the turn was kept, all goes on
            self._tell(f"{self._state.path} cannot be written: {error}; trying again in {_AGAIN:.0f} seconds")
            self._pause_until = self._clock() + _AGAIN

    def _brought(self) -> tuple[list[tuple[Poll | Wait, Outcome]], list[Kept | Ended]]:
        """What the threads and the coding process have brought; waits for it, but not long."""
        fetched: list[tuple[Poll | Wait, Outcome]] = []
        coded: list[Kept | Ended] = []
        try:
            item = self._done.get(timeout=self._tick)
            while True:
                if isinstance(item, tuple):
                    fetched.append(item)
                elif item is not None:
                    coded.append(item)
                item = self._done.get_nowait()
        except Empty:
            return fetched, coded

    def _give(self) -> None:
        """Work whose time has come, one request at a time to a host, and the spool to be coded."""
        now = self._clock()
        waiting, last = self._state.spooled()
        jobs: list[Poll | Wait] = [*self._state.due_polls(now)]
        if waiting < _SPOOL_MOST:
            jobs += self._state.due_links(now)
        for job in jobs:
            if len(self._busy) >= 2 * THREADS:
                break
            if job.host not in self._busy and not self._fetcher.wait(job.host):
                self._busy[job.host] = job
                self._todo.put(job)
        full = waiting >= PART and not self._owing
        if not self._coding and (full or ((waiting or self._owing) and now >= self._next_part)):
            self._coding = Coding(self._step, str(self._store.path), last, self._coder, self._workers, self._done)

    # What came of it.

    def _take(self, job: Poll | Wait, outcome: Outcome) -> None:
        now = self._clock()
        match job, outcome:
            case _, Postponed(seconds):
                self._state.postponed(job, now, seconds)
            case Poll(), Unchanged():
                self._answers(job, now)
            case Poll(), Listed():
                self._listed(job, outcome, now)
            case Poll(), Failed():
                wait = self._backoff(job, outcome, self._interval(job) * 2.0 ** min(job.failures, _DOUBLINGS))
                self._state.failed(job, outcome.reason, now, wait)
                if not job.failures:
                    self._tell(f"{job.address}: {outcome.reason}; next try {_hour(now + wait)}")
            case Wait(), Page():
                self._state.spool(job.url, outcome)
            case Wait(), Failed() if outcome.temporary and job.failures + 1 < _LINK_TRIES:
                self._state.delayed(job, outcome.reason, now, self._backoff(job, outcome, 60.0 * 4.0**job.failures))
            case Wait(), Failed():
                self._state.spool(job.url, outcome.reason)

    def _interval(self, poll: Poll) -> float:
        return 60.0 * self._plan.sources[poll.source].minutes

    def _backoff(self, job: Poll | Wait, failed: Failed, wait: float) -> float:
        """Longer at every failure, by chance a little more or less so that sources do not fall into step, and not
        before the server says."""
        return max(min(wait, _LONGEST_BACKOFF) * self._chance.uniform(0.8, 1.2), failed.retry_after or 0.0)

    def _answers(self, poll: Poll, now: float) -> None:
        self._state.unchanged(poll, now, self._interval(poll) * self._chance.uniform(0.9, 1.1))
        if poll.failures:
            self._tell(f"{poll.address}: answers again")

    def _listed(self, poll: Poll, found: Listed, now: float) -> None:
        listing, source = found.listing, self._plan.sources[poll.source]
        if listing.kind == "index" and poll.address != poll.source:
            failed = Failed(
                "an index of sitemaps that another index lists, which the protocol does not allow", False, None
            )
            self._take(poll, failed)
            return
        self._answers(poll, now)
        complete = True
        if listing.kind == "index":
            self._state.sitemaps(poll, self._recent(listing.links, source, now), now)
        else:
            complete = self._state.listed(poll, listing.links, source, listing.kind == "sitemap", now)
        # A listing that could not be taken up as a whole is to be sent again, changed or not.
        etag, modified = (found.etag, found.modified) if complete else (None, None)
        self._state.validators(poll, etag, modified, listing.title, len(listing.links))

    def _recent(self, sitemaps: Any, source: Source, now: float) -> list[str]:
        """Of an index the sitemaps that may list new pages, those changed last before others."""
        oldest = datetime.fromtimestamp(now, UTC) - timedelta(days=source.days)
        recent = [link for link in sitemaps if link.url and (link.modified is None or link.modified >= oldest)]
        recent.sort(key=lambda link: link.modified or oldest, reverse=True)
        return [link.url for link in recent[:_SITEMAPS_MOST]]

    def _coded(self, event: Kept | Ended) -> None:
        now = self._clock()
        if isinstance(event, Kept):
            self._state.coded(event.upto)
            tally = event.tally
            self._state.note(last_part=now, failing=None)
            self._tell(
                f"{tally.reports:,} reports, {tally.rejects:,} rejects, {tally.mentions:,} mentions; "
                f"{tally.known:,} reports known before"
            )
            return
        if event.merged is None:
            self._state.note(failing=event.reason)
            if event.reading is not None:
                self._state.spoiled(event.reading, event.reason)
            self._tell(f"coding failed: {event.reason}; trying again in {self._next_part - now:.0f} seconds")
        elif event.merged.mentions:
            self._tell(f"{event.merged.mentions:,} mentions merged into {event.merged.events:,} new or changed events")


def _hour(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M} UTC"
