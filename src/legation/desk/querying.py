"""SQL at the desk: one SELECT over a store's views, run in a process of its own (sandbox.py) and within limits."""

import atexit
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from legation.desk.operations import Download, Given, Operation, Refusal
from legation.desk.sandbox import MEMORY, VIEWS, Asked, Form

if TYPE_CHECKING:
    from legation.desk.desk import Desk

SECONDS, ROWS = 10, 10_000
"""Of a query that is shown: how long it may take, and how many rows are shown."""
DOWNLOAD_SECONDS, DOWNLOAD_ROWS, DOWNLOAD_BYTES = 60, 1_000_000, 2**30
"""The same of one that is downloaded, and how large the file may be."""
START_SECONDS = 60
AT_ONCE = 2
"""Queries that run at the same time; each may take two processors."""
PIECE = 2**18
LOOK_EVERY = 0.1
"""Seconds between looks at the clock, and whether the desk is closing."""
LONGEST = 100_000
"""Characters of a statement."""


@dataclass(frozen=True)
class Question:
    """One SELECT over the views reports, mentions, events, dyads, rejects and corrections, in DuckDB's SQL (WITH, FROM,
    DESCRIBE, SUMMARIZE and EXPLAIN too), and how many rows to show, 10,000 at most."""

    sql: str
    limit: int = 1_000


@dataclass(frozen=True)
class Asking:
    """One SELECT, as in Question; a download has as many rows as there are, up to a million."""

    sql: str


@dataclass(frozen=True)
class Column:
    """A column of what is found, and its type in DuckDB's words."""

    name: str
    type: str


@dataclass(frozen=True)
class Found:
    """What was found: rows of values in the order of `columns`. Days and times are ISO texts; a whole number beyond
    2^53 and what is no number are text. `truncated`: there is more than is shown."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    seconds: float


def query(desk: "Desk", given: Given) -> dict[str, Any]:
    """Ask a store in SQL."""
    asked: Question = given.body
    if not 1 <= asked.limit <= ROWS:
        raise Refusal(f"limit must be a whole number from 1 to {ROWS:,}; a download has more")
    with tempfile.TemporaryFile() as file:
        told = _run(desk, asked.sql, asked.limit, "json", SECONDS, file)
        file.seek(0)
        found: dict[str, Any] = json.load(file)
    return found | told


def query_csv(desk: "Desk", given: Given) -> Download:
    """What a SELECT finds, as CSV."""
    return _download(desk, given.body.sql, "csv", "text/csv; charset=utf-8")


def query_parquet(desk: "Desk", given: Given) -> Download:
    """What a SELECT finds, as a Parquet file."""
    return _download(desk, given.body.sql, "parquet", "application/vnd.apache.parquet")


def _download(desk: "Desk", sql: str, form: Form, media_type: str) -> Download:
    """The file, sent only when it is whole: one that is cut off by a limit must not look complete."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed when it is sent
    try:
        told = _run(desk, sql, DOWNLOAD_ROWS, form, DOWNLOAD_SECONDS, file)
    except BaseException:
        file.close()
        raise
    first = f"-first-{DOWNLOAD_ROWS}-rows" if told["truncated"] else ""
    return Download(f"query{first}.{form}", media_type, _pieces(file))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


# Processes. -------------------------------------------------------------------------------------------------------


def _run(desk: "Desk", sql: str, rows: int, form: Form, seconds: float, file: BinaryIO) -> dict[str, Any]:
    """Write what the SQL finds to the file; returns {"truncated", "seconds"}. Raises Refusal."""
    if len(sql) > LONGEST:
        raise Refusal(f"the SQL has {len(sql):,} characters; {LONGEST:,} at most are run")
    asked = Asked(str(desk.store.path.resolve()), sql, rows, form)
    with _turn(), _process() as process, _bounded(process, seconds, desk.closing) as stopped:
        whole = _exchange(process, asked, file)
        told = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace").splitlines()
    if stopped:
        raise Refusal(stopped[0], 503 if desk.closing.is_set() else 400)
    if not whole:
        raise Refusal(f"what this finds is larger than {DOWNLOAD_BYTES // 2**30} GB: ask for fewer rows or columns")
    return _outcome(told)


@contextlib.contextmanager
def _bounded(process: subprocess.Popen[bytes], seconds: float, closing: threading.Event) -> Iterator[list[str]]:
    """Kill the process when its time is up or the desk closes; why is then in the list."""
    stopped: list[str] = []
    ended, end = threading.Event(), time.monotonic() + seconds

    def watch() -> None:
        while not ended.wait(LOOK_EVERY):
            if closing.is_set():
                stopped.append("the desk is closing: ask again when it is open")
            elif time.monotonic() > end:
                stopped.append(f"this took longer than {seconds:g} s and was stopped: narrow it with WHERE, or sum up")
            if stopped:
                process.kill()
                return

    watcher = threading.Thread(target=watch, name="limits of a query", daemon=True)
    watcher.start()
    try:
        yield stopped
    finally:
        ended.set()
        watcher.join()


def _exchange(process: subprocess.Popen[bytes], asked: Asked, file: BinaryIO) -> bool:
    """Ask, and copy the answer to the file; whether all of it fitted: the process is killed where it does not."""
    assert process.stdin and process.stdout
    with contextlib.suppress(BrokenPipeError):  # it has ended; the end of its output tells
        process.stdin.write((json.dumps(asdict(asked)) + "\n").encode())
        process.stdin.flush()
    copied = 0
    while piece := process.stdout.read(PIECE):
        copied += len(piece)
        if copied > DOWNLOAD_BYTES:
            process.kill()
            return False
        file.write(piece)
    return True


def _outcome(lines: list[str]) -> dict[str, Any]:
    """What the process said of its end on the last line of its standard error."""
    try:
        told: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError) as error:
        raise Refusal(
            f"the process that ran this ended without an answer, perhaps as it took more than {MEMORY} of memory: "
            f"ask for less ({lines[-1][:200] if lines else 'it said nothing'})"
        ) from error
    if "error" in told:
        raise Refusal(told["error"])
    return told


_turns = threading.BoundedSemaphore(AT_ONCE)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """One of the few turns that there are at a time, after some waiting at most."""
    if not _turns.acquire(timeout=SECONDS):
        raise Refusal(f"{AT_ONCE} queries are under way: ask again when one is done", 503)
    try:
        yield
    finally:
        _turns.release()


_COMMAND = [sys.executable, "-P", "-m", "legation.desk.sandbox"]
_ready: list[subprocess.Popen[bytes]] = []
"""A process that was started ahead, as it takes half a second to start."""
_lock = threading.Lock()


@contextlib.contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its question; killed at the end, whatever it does then."""
    with _lock:
        process = _ready.pop() if _ready else _start()
    if process.poll() is not None:  # something else ended it while it waited
        _end(process)
        process = _start()
    try:
        if not _is_ready(process):
            process.kill()
            said = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace").strip()
            raise Refusal(f"the process that runs SQL does not start ({said[-200:] or 'it says nothing'})", 503)
        yield process
    finally:
        _end(process)
        threading.Thread(target=_keep_ready, daemon=True).start()


def _is_ready(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout
    clock = threading.Timer(START_SECONDS, process.kill)
    clock.start()
    try:
        return process.stdout.readline() == b"ready\n"
    finally:
        clock.cancel()


def _start() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(_COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)


def _keep_ready() -> None:
    with _lock:
        if not _ready:
            _ready.append(_start())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


@atexit.register
def _end_ready() -> None:
    while _ready:
        _end(_ready.pop())


_ABOUT = f"of what one SELECT over {', '.join(VIEWS)} finds; a million rows at most, which the name then tells."
OPERATIONS = (
    Operation("POST", "/api/query", query, "What one SELECT over the store's views finds.", Found, body=Question,
              refusals=(503,)),
    Operation("POST", "/api/query/csv", query_csv, f"A CSV file {_ABOUT} Cells are as they are stored: a spreadsheet "
              "may take one that begins with = for a formula, so open it as text.", body=Asking,
              media_type="text/csv; charset=utf-8", refusals=(503,)),
    Operation("POST", "/api/query/parquet", query_parquet, f"A Parquet file {_ABOUT}", body=Asking,
              media_type="application/vnd.apache.parquet", refusals=(503,)),
)  # fmt: skip
