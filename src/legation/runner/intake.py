"""What a run takes in: which reports are new, which repeat another, and how they lie in parts."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from legation.clean import Duplicates
from legation.coder import CODABLE
from legation.schema import Reject, Report
from legation.store import Store, from_row, to_row

SLICE = 20
"""Reports that a worker takes at a time: small enough to keep every worker busy within one part."""
WINDOW = 50_000
"""The latest reports among which duplicates are looked for: at least half as many, at most so many. Copies of a wire
story come out within days. Each takes 4 kB, and 0.3 ms when a store is opened."""


@dataclass(slots=True)
class Part:
    """Some hundred reports that are coded and kept together."""

    reports: list[Report] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    duplicates: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.reports) + len(self.rejects)

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


class Known:
    """The reports and rejects of a store, and those that a run has taken since: 200 bytes each in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._part_of = {
            report_id: part
            for part in store.parts()
            for report_id in store.part(part, "reports", ["report_id"])["report_id"].to_pylist()
        }
        self._digests: dict[str, bytes] = {}
        self._rejects = {Reject(**row) for row in store.query("FROM rejects").to_pylist()}
        self._recent: _Recent | None = None

    def __contains__(self, report: Report) -> bool:
        return report.report_id in self._digests or report.report_id in self._part_of

    def differs(self, report: Report) -> bool:
        """Whether a report that is known by its id has another text. Texts are read of parts that come again, only."""
        if report.report_id not in self._digests:
            kept = self._store.part(self._part_of[report.report_id], "reports", ["report_id", "text"])
            ids, texts = (kept[column].to_pylist() for column in ("report_id", "text"))
            self._digests |= {report_id: _digest(text) for report_id, text in zip(ids, texts, strict=True)}
        return self._digests[report.report_id] != _digest(report.text)

    def add(self, report: Report) -> tuple[str, str] | None:
        """Take a new report; (id of the one that it repeats, kind), or None."""
        self._digests[report.report_id] = _digest(report.text)
        if self._recent is None:  # the store's reports are read when the first new one comes, not before
            self._recent = _Recent(self._store)
        return self._recent.mark(report)

    def fresh(self, rejects: Iterable[Reject]) -> list[Reject]:
        """Those that are not known, each once; they are then."""
        new = [reject for reject in dict.fromkeys(rejects) if reject not in self._rejects]
        self._rejects.update(new)
        return new


def _digest(text: str) -> bytes:
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


class _Recent:
    """Duplicates among the latest reports. There are two sets of them, and the newer, half a window younger, takes the
    place of the older when that is full: memory stays flat, however long a run."""

    def __init__(self, store: Store) -> None:
        self._older, self._newer = Duplicates(), Duplicates()
        self._count = 0
        self._first: dict[str, str] = {}
        for report in _latest(store):
            self.mark(report)

    def mark(self, report: Report) -> tuple[str, str] | None:
        found = self._older.mark(report)
        if self._count >= WINDOW // 2:
            self._newer.mark(report)
        self._count += 1
        if self._count >= WINDOW:
            self._older, self._newer, self._count = self._newer, Duplicates(), WINDOW // 2
        if not found:
            return None
        # The newer set may know a story by a copy of it only: named is the first that told it.
        first = self._first.get(found[0], found[0])
        self._first[report.report_id] = first
        return first, found[1]


def _latest(store: Store) -> Iterable[Report]:
    """The reports of the newest parts, oldest first, as many as a window holds."""
    parts, count = [], 0
    for part in sorted(store.parts(), key=lambda part: _written(store, part), reverse=True):
        if count >= WINDOW:
            break
        parts.append(part)
        count += store.part(part, "reports", ["report_id"]).num_rows
    for part in reversed(parts):
        for row in store.part(part, "reports").to_pylist():
            yield from_row(Report, row)


def _written(store: Store, part: str) -> tuple[int, str]:
    return store.part_files(part)["done"].stat().st_mtime_ns, part
