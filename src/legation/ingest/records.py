"""Records with the columns id, text, published, title, publisher, url: as lines of JSON, as CSV, as Parquet."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from legation.ingest.text import MAX_BYTES, YEARS, Origin, UnreadableError, characters, decode, report
from legation.schema import Reject, Report

NO_DATE = ("", "none", "null", "nan", "nat")
"""How programs write a date that they do not know."""

_COLUMNS = ("id", "text", "published", "title", "publisher", "url")


def code_inputs(lines: Iterable[str | bytes], name: str) -> Iterator[tuple[str | int | None, Report | Reject]]:
    """(id as given, Report or Reject) for every line of JSON, in order, an empty line included; the id is None where a
    line has none that can be read. Rejects name the input `name` and the line, from 1."""
    origin = Origin(name, name)
    for number, line in enumerate(lines, start=1):
        given: str | int | None = None
        try:
            record = _record(line)
            given = _id(record)
            yield given, _report(record, origin)
        except UnreadableError as error:
            yield given, Reject(name, str(error), number)


def jsonl(handle: IO[bytes], origin: Origin) -> Iterator[Report | Reject]:
    """A Report or a Reject for each line but blank ones."""
    for number, line in enumerate(_bounded_lines(handle), start=1):
        if not line.strip(b"\xef\xbb\xbf \t\r\n"):
            continue
        try:
            yield _report(_record(line), origin)
        except UnreadableError as error:
            yield Reject(origin.name, str(error), number)


def table(handle: IO[bytes], origin: Origin) -> Iterator[Report | Reject]:
    """A Report or a Reject for each row of a CSV file with a header; the separator is a comma, semicolon or tab."""
    head = handle.peek(MAX_BYTES)[:65_536] if isinstance(handle, io.BufferedReader) else b""
    encoding = _encoding(head)
    csv.field_size_limit(MAX_BYTES)  # the module's own limit of 131,072 characters is less than a long report
    lines = io.TextIOWrapper(handle, encoding, errors="replace", newline="")
    header = head.split(b"\n", 1)[0]
    reader = csv.DictReader(lines, delimiter=max(",;\t", key=lambda separator: header.count(separator.encode())))
    try:
        columns = list(reader.fieldnames or ())
    except csv.Error as error:
        raise UnreadableError(f"not a CSV file: {error}") from error
    _need_text(columns)
    while True:
        try:
            row = next(reader, None)
            if row is None:
                return
            yield _report({column: row[column] for column in _COLUMNS if row.get(column)}, origin)
        except (csv.Error, UnreadableError) as error:
            yield Reject(origin.name, str(error), reader.line_num)


def parquet(handle: IO[bytes], origin: Origin) -> Iterator[Report | Reject]:
    """A Report or a Reject for each row; `line` of a Reject is the row, from 1."""
    try:
        file = pq.ParquetFile(handle)
        _need_text(file.schema_arrow.names)
        columns = [column for column in _COLUMNS if column in file.schema_arrow.names]
        number = 0
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            for record in batch.to_pylist():
                number += 1
                try:
                    yield _report(record, origin)
                except UnreadableError as error:
                    yield Reject(origin.name, str(error), number)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise UnreadableError(f"not a Parquet file, or a damaged one: {error}") from error


def _record(line: str | bytes) -> dict[str, Any]:
    if len(line) > MAX_BYTES:
        raise UnreadableError(f"too long: more than {MAX_BYTES:,} bytes in one line")
    text = decode(line) if isinstance(line, bytes) else line
    if not text.strip():
        raise UnreadableError("empty line")
    try:
        record = json.loads(text.removeprefix("\ufeff"), strict=False)
    except RecursionError as error:
        raise UnreadableError("malformed JSON: nested too deep") from error
    except ValueError as error:
        raise UnreadableError(f"malformed JSON: {error}") from error
    if not isinstance(record, dict):
        raise UnreadableError(f"a JSON {type(record).__name__}, not an object with an id and a text")
    return record


def _report(record: dict[str, Any], origin: Origin) -> Report:
    text = _string(record, "text")
    if text is None:
        raise UnreadableError("no text")
    given = _id(record)
    return report(
        origin, text, report_id=None if given is None else str(given), publisher=_string(record, "publisher"),
        url=_string(record, "url"), title=_string(record, "title"), published=_day(record.get("published")),
    )  # fmt: skip


def _id(record: dict[str, Any]) -> str | int | None:
    given = record.get("id")
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise UnreadableError(f"id {_shown(given)} is neither text nor a whole number")
    return characters(given) if isinstance(given, str) else given


def _string(record: dict[str, Any], column: str) -> str | None:
    value = record.get(column)
    if value is not None and not isinstance(value, str):
        raise UnreadableError(f"{column} {_shown(value)} is not text")
    return characters(value) if value else None


def _day(value: object) -> date | None:
    """The day of a date, a datetime or text such as 2014-11-14, 20141114 or 2014-11-14T04:26:00-05:00, as it stands
    there: the day at the publisher's place, not in UTC."""
    if value is None or (isinstance(value, str) and value.strip().lower() in NO_DATE):
        return None
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
    else:
        match = re.fullmatch(r"(\d{4})(-?)(\d\d)\2(\d\d)(?:[T ].*)?", value.strip()) if isinstance(value, str) else None
        try:
            day = date(int(match[1]), int(match[3]), int(match[4])) if match else date.min
        except ValueError:
            day = date.min
    if day.year not in YEARS:
        raise UnreadableError(f"published {_shown(value)} is not a date; write YYYY-MM-DD or leave it out")
    return day


def _shown(value: object) -> str:
    shown = str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"


def _need_text(columns: list[str]) -> None:
    if "text" not in columns:
        raise UnreadableError(f"no column text; the columns are {', '.join(map(str, columns[:20])) or 'none'}")


def _bounded_lines(handle: IO[bytes]) -> Iterator[bytes]:
    """Lines, of an endless one only as much as shows that it is too long."""
    while line := handle.readline(MAX_BYTES + 1):
        yield line
        while len(line) > MAX_BYTES and not line.endswith(b"\n"):
            line = handle.readline(MAX_BYTES + 1)


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decode(head)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8-sig" if error.start > len(head) - 4 else "cp1252"
    return "utf-8-sig"
