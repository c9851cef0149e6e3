"""Sources -> a store: ingest, duplicates, code, keep, in parts of some hundred reports.

step      what workers do: read and code; and what an engine is
intake    which reports are new, which repeat another, and how they lie in parts
upkeep    what a run that was killed, or a bad disk, has left in the store
local     the engine of one machine
cluster   the engine of a Ray cluster

Intake is one process and in order; reading and coding are the engine's; parts are put together and written by this
process in the order of intake, so that the same sources make the same store, whatever the engine and the number of
workers, and the store need lie nowhere but here. What the store holds already is left alone: a run that was stopped
goes on where its last finished part ended.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from legation import ingest
from legation.coder import CODABLE, Coder
from legation.runner import upkeep
from legation.runner.intake import SLICE, Known, Part
from legation.runner.local import Local
from legation.runner.step import Coded, Codes, Engine, Read, Source, WorkerLostError, again, code_each, code_one
from legation.runner.step import rejected as reject_of
from legation.schema import Mention, Reject, Report
from legation.store import Store

__all__ = ["PART", "Codes", "Engine", "Local", "Session", "Tally", "code_each", "code_one", "run"]

PART = 500
"""Reports in a part: a minute or so of work, the most that is lost when a run is stopped."""


@dataclass(slots=True)
class Tally:
    """What a run has done: counts of reports (but for `mentions` and `sentences`)."""

    reports: int = 0
    """New ones, now in the store."""
    duplicates: int = 0
    """Those among them that repeat another report."""
    foreign: int = 0
    """Those among them in another language: kept, not coded."""
    known: int = 0
    """Those that were in the store before, or came twice."""
    rejects: int = 0
    mentions: int = 0
    sentences: int = 0


def run(
    sources: Iterable[Source],
    store: Store,
    *,
    workers: int | None = None,
    progress: Callable[[Tally], object] = lambda tally: None,
    rejected: Callable[[Reject], object] = lambda reject: None,
    coder: Callable[[], Codes] = Coder,
    read: Read | None = None,
    part_size: int = PART,
    engine: Callable[[Callable[[], Codes], int | None], Engine] = Local,
) -> Tally:
    """Read the sources, code their reports and keep all in the store; returns what was done.

    `workers` is the number of processes, by default one for each processor. `progress` is called with the tally so
    far, every few reports; `rejected` with each reject. A report that cannot be read or coded costs itself alone: it
    is among the store's rejects, with the reason. `read` says what a source holds, by default `ingest.reports`, of
    whose folders an engine may read the files apart. Raises OSError where the store cannot be written, BusyError where
    another process adds to it. `coder` is importable by name, as the processes import it; a script that calls this
    does so under `if __name__ == "__main__":`.
    """
    with Session(store, workers=workers, coder=coder, engine=engine) as session:
        return session.run(sources, progress=progress, rejected=rejected, read=read, part_size=part_size)


class Session:
    """A store that is held for runs, one after another: between them the coders stay loaded, and what is known stays
    in memory. Arguments are those of `run`."""

    def __init__(
        self,
        store: Store,
        *,
        workers: int | None = None,
        coder: Callable[[], Codes] = Coder,
        engine: Callable[[Callable[[], Codes], int | None], Engine] = Local,
    ) -> None:
        self._store = store
        self._made = partial(engine, coder, workers)
        self._known: Known | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as held:
            held.enter_context(self._store.adding())
            upkeep.tidy(self._store)
            self._engine = self._made()
            held.callback(self._engine.close)
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def run(
        self,
        sources: Iterable[Source],
        *,
        progress: Callable[[Tally], object] = lambda tally: None,
        rejected: Callable[[Reject], object] = lambda reject: None,
        read: Read | None = None,
        part_size: int = PART,
    ) -> Tally:
        """As the function `run`. Where it raises, what was taken and not written is new again for the next run."""
        known, self._known = self._known or Known(self._store), None
        one = _Run(self._store, self._engine, known, progress, rejected)
        one.all(_inputs(sources) if read is None else sources, read or ingest.reports, part_size)
        self._known = known
        return one.tally


def _inputs(sources: Iterable[Source]) -> Iterator[Source]:
    """The files of the sources, each a source of its own."""
    for source in sources:
        yield from ingest.inputs(source) if isinstance(source, str | Path) else [source]


class _Run:
    """One run: what comes in, what is under way, and the tally of both."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        known: Known,
        progress: Callable[[Tally], object],
        rejected: Callable[[Reject], object],
    ) -> None:
        self.tally = Tally()
        self._store, self._engine, self._known = store, engine, known
        self._progress, self._rejected = progress, rejected
        self._failed: dict[str, Reject] = {}

    def all(self, sources: Iterable[Source], read: Read, part_size: int) -> None:
        under_way = deque[tuple[Part, list[Callable[[], Coded]]]]()
        for part in self._parts(self._engine.read(read, sources), part_size):
            under_way.append((part, [self._engine.submit(piece) for piece in part.slices()]))
            if len(under_way) > 2 * self._engine.workers * SLICE // part_size + 1:
                self._finish(*under_way.popleft())
        while under_way:
            self._finish(*under_way.popleft())

    def _parts(self, items: Iterable[Report | Reject], size: int) -> Iterator[Part]:
        """Parts of `size` reports and rejects together; the last may be smaller."""
        part = Part()
        for item in items:
            self._take(item, part)
            if len(part) >= size:
                yield part
                part = Part()
        if len(part):
            yield part

    def _take(self, item: Report | Reject, part: Part) -> None:
        """Sort what comes in into new reports, what the store holds already, and what cannot be kept."""
        if isinstance(item, Reject):
            part.rejects += self._new([item])
        elif item not in self._known:
            self.tally.foreign += item.language not in CODABLE
            if duplicate := self._known.add(item):
                part.duplicates[item.report_id] = duplicate
            part.reports.append(item)
        elif self._known.differs(item):
            reason = f"its id, {item.report_id}, is that of another report with another text"
            part.rejects += self._new([reject_of(item, reason)])
        else:
            self.tally.known += 1
            self._progress(self.tally)

    def _new(self, rejects: Iterable[Reject]) -> list[Reject]:
        """Count and tell them all; return those not in the store yet, as the same input is rejected on every run."""
        told = [_writable(reject) for reject in rejects]
        for reject in told:
            self.tally.rejects += 1
            self._rejected(reject)
        return self._known.fresh(told)

    def _finish(self, part: Part, slices: list[Callable[[], Coded]]) -> None:
        mentions: list[Mention] = []
        for reports, wait in zip(part.slices(), slices, strict=True):
            try:
                coded = wait()
            except WorkerLostError:
                coded = again(self._engine, reports)
            for report, result in zip(reports, coded.results, strict=True):
                if isinstance(result, Reject):
                    self._failed[report.report_id] = result
                else:
                    mentions += result
            self.tally.sentences += coded.sentences
            self._progress(self.tally)
        failed = self._not_coded(part)
        kept = [report for report in part.reports if report.report_id not in failed]
        duplicates = {d: of for d, of in part.duplicates.items() if d not in failed and of[0] not in self._failed}
        rejects = part.rejects + self._new(failed.values())
        if kept or rejects:
            self._store.write(part.name(), kept, mentions, rejects, duplicates)
        self.tally.reports += len(kept)
        self.tally.duplicates += len(duplicates)
        self.tally.mentions += len(mentions)
        self._progress(self.tally)

    def _not_coded(self, part: Part) -> dict[str, Reject]:
        """The part's reports that could not be coded, and those that repeat such a one and were left to it."""
        for report in part.reports:
            first, kind = part.duplicates.get(report.report_id, (None, None))
            if kind == "exact" and first in self._failed:
                self._failed[report.report_id] = reject_of(report, self._failed[first].reason)
        return {r.report_id: self._failed[r.report_id] for r in part.reports if r.report_id in self._failed}


def _writable(reject: Reject) -> Reject:
    """Names of files may hold bytes that are no characters; they are written as escapes."""
    source, reason = (text.encode("utf-8", "backslashreplace").decode() for text in (reject.source, reject.reason))
    return Reject(source, reason, reject.line)
