"""The step that every engine runs, and what an engine is: sources -> reports, and reports -> mentions.

An engine gives each function here to its workers as it is; nothing else differs between them, and so one makes the same
store as another.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from legation.clean import body, prepared
from legation.coder import CODABLE
from legation.ingest import Input
from legation.schema import Mention, Reject, Report
from legation.segment import sentences
from legation.store import to_row

_SURROGATE = re.compile("[\ud800-\udfff]")

Source = str | Path | Input | Reject
"""What is to be read; a Reject stands for what could not be found."""
Read = Callable[[Any], Iterable[Report | Reject]]
"""What a source holds: of the kind of sources that one gives."""


class Codes(Protocol):
    """What codes reports; made once in every process."""

    def code(self, report: Report) -> Sequence[Mention]: ...


@dataclass(frozen=True, slots=True)
class Coded:
    """One result for each report of a slice, and how many sentences were read for them."""

    results: list[Sequence[Mention] | Reject]
    sentences: int


class WorkerLostError(Exception):
    """The process that was to code some reports died: of one of them, or because something ended it or its machine."""


class Engine(Protocol):
    """Who does the work, and where."""

    workers: int
    """How many slices are coded at a time."""

    def read(self, read: Read, sources: Iterable[Source]) -> Iterator[Report | Reject]:
        """What `items` gives for the sources, in their order."""

    def submit(self, reports: list[Report]) -> Callable[[], Coded]:
        """Have `coded` done for a slice; returns what waits for the result, and raises WorkerLostError where its
        process died."""

    def alone(self, reports: list[Report]) -> Coded:
        """`coded` for a slice in a process that has nothing else to do. Raises WorkerLostError where it died."""

    def close(self) -> None:
        """End what was started; what is under way is given up."""


# Reading. ---------------------------------------------------------------------------------------------------------


def items(read: Read, sources: Iterable[Source]) -> Iterator[Report | Reject]:
    """What the sources hold, each report with its language and the date and title that its text tells."""
    for source in sources:
        for item in [source] if isinstance(source, Reject) else read(source):
            yield _fit(item) if isinstance(item, Report) else item


def _fit(report: Report) -> Report | Reject:
    if any(isinstance(value, str) and _SURROGATE.search(value) for value in to_row(report).values()):
        return rejected(report, "it holds half a surrogate pair, which is no character: mend its encoding")
    return prepared(report)


def rejected(report: Report, reason: str) -> Reject:
    """The report among the rejects, under its address where it has one."""
    return Reject(report.url or report.report_id, reason)


# Coding. ----------------------------------------------------------------------------------------------------------


def coded(make: Callable[[], Codes], reports: Sequence[Report]) -> Coded:
    """A slice, coded in this process by the coder that is made in it once."""
    return Coded(code_each(_coder(make), reports), sum(map(_sentences, reports)))


@cache
def _coder(make: Callable[[], Codes]) -> Codes:
    return make()


def code_each(coder: Codes, reports: Sequence[Report]) -> list[Sequence[Mention] | Reject]:
    """The mentions of each report, or where it could not be coded, the reason: one failure must not cost the others."""
    return [code_one(coder, report) for report in reports]


def code_one(coder: Codes, report: Report) -> Sequence[Mention] | Reject:
    """The mentions of the report, or where it could not be coded, the reason."""
    report = prepared(report)
    if report.language not in CODABLE:
        return rejected(report, f"it is written in {report.language!r}; reports in English ('en') are coded")
    try:
        return coder.code(report)
    except Exception as error:  # not hidden: the reason is told under the report's name
        return rejected(report, f"coding failed: {type(error).__name__}: {error}")


def _sentences(report: Report) -> int:
    return sum(len(sentences(report.text, span.start, span.end)) for span in body(report).spans)


def again(engine: Engine, reports: list[Report]) -> Coded:
    """A slice whose process died. Which report it died of, if of any, nothing says: all are coded once more, then each
    by itself, and that twice, for a machine may be lost at any moment, too."""
    for _ in range(2 if len(reports) == 1 else 1):
        try:
            return engine.alone(reports)
        except WorkerLostError:
            continue
    if len(reports) == 1:
        return Coded([rejected(reports[0], "coding failed: its process died, perhaps out of memory")], 0)
    each = [again(engine, [report]) for report in reports]
    return Coded([one.results[0] for one in each], sum(one.sentences for one in each))
