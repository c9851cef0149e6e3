"""One SELECT over a store, in a process that can do nothing else: `python -m legation.desk.sandbox`.

It says "ready" on a line, reads a line of JSON from standard input (see Asked), writes what is found to standard output
and at the end a line of JSON to standard error: {"error": a sentence} or {"truncated", "seconds"}. DuckDB may open the
Parquet files of the store and no other, no setting can be changed, and the system lets the process write no file.
Whoever starts it kills it when its time is up.
"""

import json
import math
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from legation.store import Store, StoreError

MEMORY = "512MB"
"""What DuckDB may take; a query that needs more fails."""
FURTHER = 4 * 2**30
"""Bytes of memory that the process may address beyond what it does at the start: DuckDB's own limit holds for what it
counts, this for all."""
BYTES = 16 * 2**20
"""Bytes of a result that is shown: what follows is left out, and `truncated` says so."""
BATCH, GROUP = 2_048, 65_536
EXACT = 2**53
"""Whole numbers beyond are written as text: a browser would round them."""
VIEWS = ("reports", "mentions", "events", "dyads", "rejects", "corrections")

_EXPLAIN = re.compile(r"\s*(EXPLAIN(?:\s+ANALYZE)?)\b(?!\s*\()(.*)", re.IGNORECASE | re.DOTALL)


Form = Literal["json", "csv", "parquet"]


@dataclass(frozen=True)
class Asked:
    """What is asked: a folder, one statement, how many rows at most, and the form of what is found."""

    store: str
    sql: str
    rows: int
    form: Form


class SandboxError(Exception):
    """SQL that is not run or fails; the message is a sentence for whoever wrote it."""


def main() -> None:
    """Answer one question."""
    _confine()
    print("ready", flush=True)
    line = sys.stdin.readline()
    if not line:
        return  # whoever started this process needs it no more
    started = time.monotonic()
    told: dict[str, object]
    try:
        truncated = answer(Asked(**json.loads(line)), sys.stdout.buffer)
        sys.stdout.buffer.flush()
        told = {"truncated": truncated, "seconds": round(time.monotonic() - started, 3)}
    except SandboxError as refused:
        told = {"error": str(refused)}
    except MemoryError:
        told = {"error": _TOO_LARGE}
    print(json.dumps(told), file=sys.stderr, flush=True)
    os._exit(0)  # no thread of DuckDB is waited for


def _confine() -> None:
    """No file can be written, no core left behind, memory is bounded; other systems have not all of these limits."""
    if sys.platform != "win32":
        import resource

        limits = {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
        if (memory := Path("/proc/self/statm")).exists():
            limits[resource.RLIMIT_AS] = int(memory.read_text().split()[0]) * resource.getpagesize() + FURTHER
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))


def answer(asked: Asked, out: BinaryIO) -> bool:
    """Write what the SQL finds; whether there is more than is written. Raises SandboxError."""
    sql = checked(asked.sql)
    try:
        store = Store(Path(asked.store).resolve())
        with store.connection() as connection:
            shut(connection, [str(file) for files in store.view_files().values() for file in files])
            found = _Found(connection, sql, asked.rows)
            return {"json": found.as_json, "csv": found.as_csv, "parquet": found.as_parquet}[asked.form](out)
    except duckdb.Error as error:
        raise SandboxError(_sentence(error)) from error
    except StoreError as error:
        raise SandboxError(str(error)) from error


def checked(sql: str) -> str:
    """The one statement, which only asks. Raises SandboxError where it is none, several, or one of another kind."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise SandboxError(_sentence(error)) from error
    if len(statements) != 1:
        words = "there is no statement: write a SELECT" if not statements else "write one statement, not several"
        raise SandboxError(words)
    kind = statements[0].type
    if kind == duckdb.StatementType.EXPLAIN and (explained := _EXPLAIN.match(sql)):
        return f"{explained[1]} {checked(explained[2])}"
    if kind != duckdb.StatementType.SELECT:
        name = "PIVOT without a list of values (ON … IN (…))" if kind.name == "MULTI" else kind.name.replace("_", " ")
        raise SandboxError(
            f"{name} is not run here: the desk only asks, with SELECT, WITH, FROM, DESCRIBE, "
            "SUMMARIZE or EXPLAIN of one of these"
        )
    return str(statements[0].query).strip().rstrip(";")


def shut(connection: duckdb.DuckDBPyConnection, files: Iterable[str]) -> None:
    """Leave the connection these files and nothing else, for good."""
    paths = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    connection.execute(f"""
        SET python_enable_replacements = false; SET autoinstall_known_extensions = false;
        SET autoload_known_extensions = false; SET allow_community_extensions = false;
        SET memory_limit = '{MEMORY}'; SET temp_directory = ''; SET threads = 2;
        SET allowed_paths = [{paths}]; SET enable_external_access = false; SET lock_configuration = true
    """)


_TOO_LARGE = f"this takes more than {MEMORY} of memory: ask for fewer rows or columns, or sum up more"
_NO_FILES = f"SQL at the desk reads the views {', '.join(VIEWS)} and nothing else: no files, no network, no settings"


def _sentence(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.PermissionException) or "configuration has been locked" in str(error):
        return _NO_FILES
    if isinstance(error, duckdb.OutOfMemoryException):
        return _TOO_LARGE
    words = str(error).strip()
    missing = isinstance(error, duckdb.CatalogException) and "Table with name" in words
    return f"{words}\n\nThe views are {', '.join(VIEWS)}." if missing else words


# What is found. ---------------------------------------------------------------------------------------------------


class _Found:
    """What a statement finds, read a batch at a time and only as far as is asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str, rows: int) -> None:
        self._connection, self._sql, self._left = connection, sql, rows
        self._found = connection.sql(sql)
        self._truncated = False

    def _read(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The columns, and batches of the rows that are asked for."""
        reader = self._found.to_arrow_reader(BATCH)
        return reader.schema, self._limited(reader)

    def _limited(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if self._left:
                yield batch.slice(0, self._left)
            if batch.num_rows > self._left:
                self._truncated = True
                return
            self._left -= batch.num_rows

    def as_json(self, out: BinaryIO) -> bool:
        """{"columns": [{"name", "type"}, …], "rows": [[…], …]}"""
        columns = [
            {"name": name, "type": str(kind)} for name, kind in zip(self._found.columns, self._found.types, strict=True)
        ]
        _, batches = self._read()
        out.write(f'{{"columns": {json.dumps(columns)}, "rows": ['.encode())
        left = BYTES
        for row in (row for batch in batches for row in _single(batch)):
            line = _line(row) if row.nbytes < left else None  # values of a row that is far too large are not made
            if line is None or len(line) > left:
                if left == BYTES:
                    raise SandboxError(f"one row is larger than {BYTES // 2**20} MB: ask for fewer columns")
                self._truncated = True
                break
            out.write(line if left == BYTES else b"," + line)
            left -= len(line)
        out.write(b"]}")
        return self._truncated

    def as_csv(self, out: BinaryIO) -> bool:
        """RFC 4180 with a header; lists and records as JSON. Cells are as they are found: a program that takes a cell
        beginning with = for a formula is to be told that it is text."""
        self._flatten()
        schema, batches = self._read()
        with pyarrow.csv.CSVWriter(out, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        return self._truncated

    def _flatten(self) -> None:
        columns = []
        for n, (name, kind) in enumerate(zip(self._found.columns, self._found.types, strict=True), start=1):
            value = f"#{n}" if kind.id in _FLAT else f"#{n}::VARCHAR"
            value = f"to_json(#{n})::VARCHAR" if kind.id in _NESTED else value
            columns.append(f'{value} AS "{name.replace(chr(34), chr(34) * 2)}"')
        self._found = self._connection.sql(f"SELECT {', '.join(columns)} FROM (\n{self._sql}\n)")

    def as_parquet(self, out: BinaryIO) -> bool:
        """A Parquet file of the columns as they are."""
        schema, batches = self._read()
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for some in _several(batches):
                writer.write_table(pa.Table.from_batches(some, schema))
        return self._truncated


_FLAT = ("boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "varchar", "date")
_NESTED = ("struct", "map", "union", "list", "array")


def _several(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """The batches in groups of a size that a file is well read in."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= GROUP:
            yield held
            held = []
    yield held


def _single(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    yield from (batch.slice(n, 1) for n in range(batch.num_rows))


def _line(row: pa.RecordBatch) -> bytes:
    values = [_plain(column[0].as_py()) for column in row.columns]
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _plain(int(value)) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | clock_time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


if __name__ == "__main__":
    main()
