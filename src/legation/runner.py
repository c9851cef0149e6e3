"""Sources -> a store: ingest, duplicates, code, keep, in parts of some hundred reports.

Intake is one process and in order; coding is a pool of processes, one encoder each; parts are put together in the
order of intake, so that the same sources make the same store whatever the number of workers. What the store holds
already is left alone: a run that was stopped goes on where its last finished part ended.
"""

import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache, cached_property
from multiprocessing.connection import wait
from typing import Protocol

from legation import ingest
from legation.clean import Duplicates, body, prepared
from legation.coder import CODABLE, Coder
from legation.schema import Mention, Reject, Report
from legation.segment import sentences
from legation.store import Store, to_row

PART = 500
"""Reports in a part: a minute or so of work, the most that is lost when a run is stopped."""
SLICE = 20
"""Reports that a worker takes at a time: small enough to keep every worker busy within one part."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class Codes(Protocol):
    """What codes reports; made once in every process."""

    def code(self, report: Report) -> Sequence[Mention]: ...


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
    sources: Iterable[str],
    store: Store,
    *,
    workers: int | None = None,
    progress: Callable[[Tally], object] = lambda tally: None,
    rejected: Callable[[Reject], object] = lambda reject: None,
    coder: Callable[[], Codes] = Coder,
    read: Callable[[str], Iterable[Report | Reject]] = ingest.reports,
    part_size: int = PART,
) -> Tally:
    """Read the sources, code their reports and keep all in the store; returns what was done.

    `workers` is the number of processes, by default one for each processor. `progress` is called with the tally so
    far, every few reports; `rejected` with each reject. A report that cannot be read or coded costs itself alone: it
    is among the store's rejects, with the reason. Raises OSError where the store cannot be written. `coder` is
    importable by name, as the processes import it; a script that calls this does so under `if __name__ == "__main__":`.
    """
    workers = workers or os.cpu_count() or 1
    tally, pool, under_way = Tally(), _Pool(coder, workers), deque[tuple[_Part, list[Future[_Coded]]]]()
    intake = _Intake(store, tally, progress, rejected)
    try:
        for part in intake.parts((item for source in sources for item in read(source)), part_size):
            under_way.append((part, [pool.submit(piece) for piece in part.slices()]))
            if len(under_way) > 2 * workers * SLICE // part_size + 1:
                _finish(*under_way.popleft(), pool, intake, store, progress)
        while under_way:
            _finish(*under_way.popleft(), pool, intake, store, progress)
    finally:
        pool.close()
    return tally


def code_each(coder: Codes, reports: Sequence[Report]) -> list[Sequence[Mention] | Reject]:
    """The mentions of each report, or where it could not be coded, the reason: one failure must not cost the others."""
    return [code_one(coder, report) for report in reports]


def code_one(coder: Codes, report: Report) -> Sequence[Mention] | Reject:
    """The mentions of the report, or where it could not be coded, the reason."""
    report = prepared(report)
    if report.language not in CODABLE:
        return _reject(report, f"it is written in {report.language!r}; reports in English ('en') are coded")
    try:
        return coder.code(report)
    except Exception as error:  # not hidden: the reason is told under the report's name
        return _reject(report, f"coding failed: {type(error).__name__}: {error}")


def _sentences(report: Report) -> int:
    return sum(len(sentences(report.text, span.start, span.end)) for span in body(report).spans)


def _reject(report: Report, reason: str) -> Reject:
    return Reject(report.url or report.report_id, reason)


# Intake. ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    reports: list[Report] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    duplicates: dict[str, tuple[str, str]] = field(default_factory=dict)

    def name(self) -> str:
        """Digest of the content, but for the time of retrieval: the same input is the same part, never a second one."""
        records: list[Report | Reject] = [*self.reports, *self.rejects]
        rows = [to_row(record) for record in records]
        content = [{column: row[column] for column in row if column != "retrieved"} for row in rows]
        return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:16]

    def slices(self) -> list[list[Report]]:
        """The reports to code, some at a time: those in English, and not an exact duplicate, since the report that it
        repeats tells all."""
        repeated = {report_id for report_id, (_, kind) in self.duplicates.items() if kind == "exact"}
        reports = [r for r in self.reports if r.language in CODABLE and r.report_id not in repeated]
        return [reports[at : at + SLICE] for at in range(0, len(reports), SLICE)]


class _Intake:
    """Sorts what comes in into new reports, what the store holds already, and what cannot be coded."""

    def __init__(
        self, store: Store, tally: Tally, progress: Callable[[Tally], object], rejected: Callable[[Reject], object]
    ) -> None:
        self.tally, self._progress, self._tell = tally, progress, rejected
        self._store = store
        rows = store.query("SELECT report_id, md5(text) AS digest FROM reports").to_pylist()
        self._digests = {row["report_id"]: row["digest"] for row in rows}
        self._rejected = {Reject(**row) for row in store.query("FROM rejects").to_pylist()}

    @cached_property
    def _duplicates(self) -> Duplicates:
        """What the store's reports tell; read when the first new report is to be compared with them, not before."""
        duplicates = Duplicates()
        for report in self._store.reports():
            duplicates.mark(report)
        return duplicates

    def parts(self, items: Iterable[Report | Reject], size: int) -> Iterator[_Part]:
        """Parts of `size` reports and rejects together; the last may be smaller."""
        part = _Part()
        for item in items:
            self._take(item, part)
            if len(part.reports) + len(part.rejects) >= size:
                yield part
                part = _Part()
        if part.reports or part.rejects:
            yield part

    def _take(self, item: Report | Reject, part: _Part) -> None:
        if isinstance(item, Report):
            item = self._fit(item)
        if isinstance(item, Reject):
            part.rejects += self.new([item])
        elif item.report_id in self._digests:
            self.tally.known += 1
            self._progress(self.tally)
        else:
            self.tally.foreign += item.language not in CODABLE
            if duplicate := self._duplicates.mark(item):
                part.duplicates[item.report_id] = duplicate
            self._digests[item.report_id] = _digest(item)
            part.reports.append(item)

    def new(self, rejects: Iterable[Reject]) -> list[Reject]:
        """Count and tell them all; return those not in the store yet, as the same input is rejected on every run."""
        told = [_writable(reject) for reject in rejects]
        for reject in told:
            self.tally.rejects += 1
            self._tell(reject)
        fresh = [reject for reject in dict.fromkeys(told) if reject not in self._rejected]
        self._rejected.update(fresh)
        return fresh

    def _fit(self, report: Report) -> Report | Reject:
        if any(isinstance(value, str) and _SURROGATE.search(value) for value in to_row(report).values()):
            return _reject(report, "it holds half a surrogate pair, which is no character: mend its encoding")
        if self._digests.get(report.report_id, _digest(report)) != _digest(report):
            return _reject(report, f"its id, {report.report_id}, is that of another report with another text")
        return prepared(report)


def _writable(reject: Reject) -> Reject:
    """Names of files may hold bytes that are no characters; they are written as escapes."""
    source, reason = (text.encode("utf-8", "backslashreplace").decode() for text in (reject.source, reject.reason))
    return Reject(source, reason, reject.line)


def _digest(report: Report) -> str:
    return hashlib.md5(report.text.encode(), usedforsecurity=False).hexdigest()  # what DuckDB computes too


# Coding. ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Coded:
    """One result for each report of a slice, and how many sentences were read for them."""

    results: list[Sequence[Mention] | Reject]
    sentences: int


def _finish(
    part: _Part,
    futures: list[Future[_Coded]],
    pool: "_Pool",
    intake: _Intake,
    store: Store,
    progress: Callable[[Tally], object],
) -> None:
    mentions: list[Mention] = []
    failed: dict[str, Reject] = {}
    for reports, future in zip(part.slices(), futures, strict=True):
        coded = pool.result(future, reports)
        for report, result in zip(reports, coded.results, strict=True):
            if isinstance(result, Reject):
                failed[report.report_id] = result
            else:
                mentions += result
        intake.tally.sentences += coded.sentences
        progress(intake.tally)
    kept = [report for report in part.reports if report.report_id not in failed]
    rejects = part.rejects + intake.new(failed.values())
    if kept or rejects:
        store.write(part.name(), kept, mentions, rejects, part.duplicates)
    intake.tally.reports += len(kept)
    intake.tally.duplicates += len(part.duplicates.keys() - failed.keys())
    intake.tally.mentions += len(mentions)
    progress(intake.tally)


class _Pool:
    """Processes that code. One that dies (out of memory, a fault in native code) costs the report that killed it."""

    def __init__(self, make: Callable[[], Codes], workers: int) -> None:
        self._make, self._workers = make, workers
        self._executor, self._spare = _executor(workers), _executor(1)

    def submit(self, reports: list[Report]) -> Future[_Coded]:
        try:
            return _submit(self._executor, self._make, reports)
        except BrokenProcessPool:
            self._executor = _executor(self._workers)
            return _submit(self._executor, self._make, reports)

    def result(self, future: Future[_Coded], reports: list[Report]) -> _Coded:
        """A worker that dies breaks every slice under way, and nothing says which: each is coded again by itself."""
        try:
            return future.result()
        except BrokenProcessPool:
            return self._again(reports)

    def _again(self, reports: list[Report]) -> _Coded:
        try:
            return _submit(self._spare, self._make, reports).result()
        except BrokenProcessPool:
            self._spare = _executor(1)
        if len(reports) == 1:
            return _Coded([_reject(reports[0], "coding failed: its process died, perhaps out of memory")], 0)
        alone = [self._again([report]) for report in reports]
        return _Coded([one.results[0] for one in alone], sum(one.sentences for one in alone))

    def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)
        self._spare.shutdown(cancel_futures=True)


def _executor(workers: int) -> ProcessPoolExecutor:
    # Spawned, as threads of Arrow and ONNX Runtime do not survive a fork.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start_worker)


def _submit(executor: ProcessPoolExecutor, make: Callable[[], Codes], reports: list[Report]) -> Future[_Coded]:
    """Ctrl-C reaches every process of the group, but only the parent is to act on it: a worker that starts here is
    deaf to it from the first moment, as it inherits the mask."""
    if sys.platform == "win32":
        return executor.submit(_work, make, reports)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(_work, make, reports)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
        os._exit(1)


@cache
def _coder(make: Callable[[], Codes]) -> Codes:
    return make()


def _work(make: Callable[[], Codes], reports: list[Report]) -> _Coded:
    return _Coded(code_each(_coder(make), reports), sum(map(_sentences, reports)))
