"""Reads published tables of events into a store: ICEWS, POLECAT and GDELT 2.0.

    import_table(store, "events.2014.tab", "icews")   ->   shards icews-<digest>-2014-01, icews-<digest>-2014-02 …

A file becomes one shard for each month of its events, named after the file's content, so that importing it again
replaces what it brought before. Lines that cannot be read are rejects of the part `icews-<digest>`, with their numbers.
The file is read in blocks and column by column, and its months are written one after another: what is in memory is a
block, then a month.

What a row becomes:
- `event_id` is "icews:" and the archive's own id; an id that does not begin with a digit is no archive's own and stays
  as it is. Rows with the same id that are equal in all but their actors are one event with several sources or targets;
  where they differ otherwise, the second event of that id is "icews:ID/2", and so on within a month.
- `deed` is the PLOVER type: POLECAT's own; elsewhere that of the CAMEO code (cameo.csv), or, of appeals and some
  statements, the nearest (cameo_deeds.csv). Other statements are no deed: the rejects count them, code by code.
- `status` is "actual": the archives say nothing else. `quad` and `goldstein` are the archive's own where it has them.
- `basis` is "report" where the day of the event is that of its publication, as it always is in ICEWS.
- one telling says where the archive found it: its story and publisher.
"""

import contextlib
import hashlib
import math
import re
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from legation.schema import DEEDS, EVENTS, PARTY, PLACE, UNKNOWN, Reject
from legation.store import Store
from legation.tables import rows

FORMATS = ("icews", "polecat", "gdelt")
QUADS = ("VERBAL COOPERATION", "MATERIAL COOPERATION", "VERBAL CONFLICT", "MATERIAL CONFLICT")
"""POLECAT's names of the quad classes 1 to 4."""

_BLOCK = 16 << 20  # bytes: a block's columns take some ten times as much
_GDELT_1 = 58  # columns of GDELT 1.0, which lacks the three ADM2 codes


class ArchiveError(Exception):
    """A file that cannot be read as a table of its format; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: its lines, the events they became, and the lines that were rejected, with reasons."""

    lines: int
    events: int
    rejects: tuple[Reject, ...]


def import_table(
    store: Store, path: Path, format: str, progress: Callable[[int], None] = lambda lines: None
) -> Imported:
    """Import one file, all of it or, where an error is raised, nothing of it; `progress` is told the lines read so far.

    Raises ArchiveError where the file is no table of `format`, and OSError where it cannot be read.
    """
    name = f"{format}-{_digest(path)}"
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(_Months(Path(folder))) as months:
        reading = _Reading(str(path), format)
        for table in reading.tables(path):
            months.add(table)
            progress(reading.lines)
        months.close()
        shards = _Shards(name, months, format, [shard for shard in store.shards() if shard.startswith(f"{name}-")])
        if shards:
            store.write_events(shards)
    rejects = tuple(reading.rejects())
    store.write(name, [], [], rejects)
    return Imported(reading.lines, shards.events, rejects)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


# Lines and cells. -------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """A file on its way into tables of `_ROW`, with what was wrong on the way."""

    source: str
    format: str
    lines: int = 0
    bad: list[Reject] = field(default_factory=list)
    statements: Counter[str] = field(default_factory=Counter)  # CAMEO codes that are no deed, and on how many lines

    def tables(self, path: Path) -> Iterator[pa.Table]:
        names = _columns("gdelt") if self.format == "gdelt" else None
        with _opened(path) as file:
            for numbers, lines in self._lines(file):
                if names is None:
                    names, numbers, lines = self._header(lines[0].as_py()), numbers[1:], lines[1:]
                yield self._table(names, numbers, lines)
        if names is None or not self.lines:
            raise ArchiveError(f"{self.source} is empty; name a table of {self.format.upper()}")

    def rejects(self) -> Iterator[Reject]:
        yield from sorted(self.bad, key=lambda reject: reject.line or 0)
        for code, count in sorted(self.statements.items()):
            told = _cameo()[code]["description"]
            yield Reject(self.source, f"rows of CAMEO {code} ({told}), which is no deed in PLOVER: {count}")

    def _lines(self, file: IO[bytes]) -> Iterator[tuple[np.ndarray, pa.Array]]:
        """Blocks of lines that hold something, as text without their ends, with their numbers from 1."""
        rest = file.read(3).removeprefix(b"\xef\xbb\xbf")  # a byte order mark is no part of the first name
        while block := file.read(_BLOCK):
            block = rest + block
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            if end:
                yield self._text(block[:end])
        if rest:
            yield self._text(rest + b"\n")

    def _text(self, block: bytes) -> tuple[np.ndarray, pa.Array]:
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        numbers = self.lines + 1 + np.arange(len(ends))
        self.lines += len(ends)
        raw = pa.Array.from_buffers(pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(block)])
        try:
            lines = raw.cast(pa.large_string())
        except pa.ArrowInvalid:
            good = np.array([_is_text(line) for line in raw.to_pylist()], bool)
            self._reject(numbers[~good], "this line is not UTF-8; convert the file, with iconv for one")
            numbers, lines = numbers[good], raw.filter(pa.array(good)).cast(pa.large_string())
        lines = pc.ascii_rtrim(lines, characters="\r\n")
        some = np.asarray(pc.not_equal(lines, ""))
        return numbers[some], lines.filter(pa.array(some))

    def _header(self, line: str) -> tuple[str, ...]:
        names = tuple(_RENAMED.get(name, name) for name in (cell.strip().strip('"') for cell in line.split("\t")))
        missing = [name for name in _NEEDED[self.format] if name not in names]
        if missing:
            raise ArchiveError(
                f"{self.source} is no table of {self.format.upper()}: its first line lacks the columns "
                f"{', '.join(missing)}; name the file's own --format"
            )
        return names

    def _table(self, names: tuple[str, ...], numbers: np.ndarray, lines: pa.Array) -> pa.Table:
        split = pc.split_pattern(lines, "\t")
        widths = np.asarray(pc.list_value_length(split))
        if numbers.size and numbers[0] == 1 and self.format == "gdelt" and widths[0] != len(names):
            older = " (a table of GDELT 1.0)" if widths[0] == _GDELT_1 else ""
            raise ArchiveError(
                f"{self.source} is no table of GDELT 2.0 events: its first line has {widths[0]} columns{older}, not "
                f"{len(names)}; name a file *.export.CSV of GDELT 2.0"
            )
        for number, width in zip(numbers[widths != len(names)], widths[widths != len(names)], strict=True):
            self._reject([number], f"this line has {width} columns, not {len(names)}")
        good = widths == len(names)
        cells = _unquoted(pc.list_flatten(split.filter(pa.array(good))))
        places = np.arange(good.sum()) * len(names)
        columns = {name: _some(cells.take(pa.array(places + names.index(name)))) for name in _NEEDED[self.format]}
        return self._checked(numbers[good], columns)

    def _checked(self, numbers: np.ndarray, columns: dict[str, pa.Array]) -> pa.Table:
        wrong = _Wrong(len(numbers))
        table = pa.table({"line": pa.array(numbers, pa.int64())} | _READERS[self.format](columns, wrong), schema=_ROW)
        if wrong.codes is not None:
            mute = wrong.mute()
            self.statements.update(pc.filter(wrong.codes, mute).to_pylist())
            bad = pc.and_(wrong.is_bad(), pc.invert(mute))
        else:
            mute, bad = pa.array([False] * len(numbers)), wrong.is_bad()
        for number, reason in zip(numbers[np.asarray(bad)], pc.filter(wrong.reasons, bad).to_pylist(), strict=True):
            self._reject([number], reason)
        return table.filter(pc.invert(pc.or_(bad, mute)))

    def _reject(self, numbers: Any, reason: str) -> None:
        self.bad.extend(Reject(self.source, reason, int(number)) for number in numbers)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The table's bytes: the file's, or those of the one file in a zip archive."""
    if path.suffix.lower() != ".zip":
        with path.open("rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise ArchiveError(f"{path} holds {len(members)} files, not one; unpack it and name the tables")
            with archive.open(members[0]) as file:
                yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"{path} cannot be unpacked: {error}; fetch it again") from error


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unquoted(cells: pa.Array) -> pa.Array:
    """Cells between quotation marks without them, and with "" for "; a mark elsewhere is a mark."""
    quoted = pc.and_(pc.starts_with(cells, '"'), pc.ends_with(cells, '"'))
    quoted = pc.and_(quoted, pc.greater(pc.binary_length(cells), 1))
    if not pc.any(quoted).as_py():
        return cells
    inner = pc.replace_substring(pc.utf8_slice_codeunits(cells, 1, -1), '""', '"')
    return pc.if_else(quoted, inner, cells)


def _some(cells: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, cells.type), cells).cast(pa.string())


# Rows. ------------------------------------------------------------------------------------------------------------

_TEXTS = pa.list_(pa.string())
_ROW = pa.schema(
    [
        ("line", pa.int64()), ("event_id", pa.string()), ("deed", pa.string()), ("modes", _TEXTS),
        ("plover", pa.string()), ("cameo", pa.string()), ("quad", pa.int8()), ("goldstein", pa.float32()),
        ("contexts", _TEXTS), ("source", PARTY), ("target", PARTY), ("start", pa.date32()), ("basis", pa.string()),
        ("where", PLACE), ("reports", pa.int32()), ("publishers", pa.int32()), ("reported", pa.date32()),
        ("story", pa.string()), ("publisher", pa.string()),
    ]
)  # fmt: skip
"""A line of an archive: an event of one source and one target."""


class _Wrong:
    """The first thing that is wrong with each row, and the CAMEO codes of rows that may tell no deed."""

    def __init__(self, length: int) -> None:
        self.reasons = pa.nulls(length, pa.string())
        self.codes: pa.Array | None = None

    def where(self, bad: pa.Array, column: str, cells: pa.Array, expected: str) -> None:
        told = pc.binary_join_element_wise(f"{column} '", pc.fill_null(cells, ""), f"' is no {expected}", "")
        self.reasons = pc.if_else(pc.and_(bad, pc.is_null(self.reasons)), told, self.reasons)

    def is_bad(self) -> pa.Array:
        return pc.is_valid(self.reasons)

    def mute(self) -> pa.Array:
        """Rows whose code is known and tells no deed, and with which nothing else is wrong."""
        return pc.and_(pc.is_null(self.reasons), pc.fill_null(_mapped(self.codes, _is_mute, pa.bool_()), False))


def _mapped(cells: pa.Array, convert: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """What `convert` makes of each cell, called once for each distinct one; null of null."""
    encoded = cells.dictionary_encode()
    return pa.array([convert(cell) for cell in encoded.dictionary.to_pylist()], kind).take(encoded.indices)


def _required(
    columns: Mapping[str, pa.Array], name: str, wrong: _Wrong, convert: Callable[[str], object], kind: pa.DataType,
    expected: str,
) -> pa.Array:  # fmt: skip
    values = _mapped(columns[name], convert, kind)
    wrong.where(pc.is_null(values), name, columns[name], expected)
    return values


def _optional(
    columns: Mapping[str, pa.Array], name: str, wrong: _Wrong, convert: Callable[[str], object], kind: pa.DataType,
    expected: str,
) -> pa.Array:  # fmt: skip
    values = _mapped(columns[name], convert, kind)
    wrong.where(pc.and_(pc.is_valid(columns[name]), pc.is_null(values)), name, columns[name], expected)
    return values


def _identity(columns: Mapping[str, pa.Array], name: str, wrong: _Wrong, format: str) -> pa.Array:
    cells = columns[name]
    wrong.where(pc.is_null(cells), name, cells, "id")
    own = pc.match_substring_regex(pc.fill_null(cells, ""), "^[0-9]")
    return pc.if_else(own, pc.binary_join_element_wise(format, cells, ":"), cells)


def _party(name: pa.Array, country: pa.Array, sectors: pa.Array, actor_id: pa.Array | None = None) -> pa.Array:
    """Nobody where no cell says anything; the country is `---` where it is not told."""
    nobody = pc.and_(pc.is_null(name), pc.is_null(country))
    nobody = pc.and_(nobody, pc.equal(pc.list_value_length(sectors), 0))
    ids = pa.nulls(len(name), pa.string()) if actor_id is None else actor_id
    parts = [pc.fill_null(name, ""), pc.fill_null(country, UNKNOWN), sectors, ids]
    return pa.StructArray.from_arrays(parts, fields=list(PARTY), mask=nobody)


def _place(
    name: pa.Array, country: pa.Array, admin1: pa.Array, at: tuple[pa.Array, pa.Array], place_id: pa.Array | None = None
) -> pa.Array:
    ids = pa.nulls(len(name), pa.string()) if place_id is None else place_id
    nowhere = pc.and_(pc.and_(pc.is_null(name), pc.is_null(country)), pc.or_(*map(pc.is_null, at)))
    return pa.StructArray.from_arrays(
        [pc.fill_null(name, ""), country, admin1, *at, ids], fields=list(PLACE), mask=nowhere
    )


def _degrees(columns: Mapping[str, pa.Array], names: tuple[str, str], wrong: _Wrong) -> tuple[pa.Array, pa.Array]:
    def read(name: str, most: float) -> pa.Array:
        return _optional(columns, name, wrong, lambda cell: _number(cell, most), pa.float64(), f"number up to {most}")

    return read(names[0], 90), read(names[1], 180)


def _coded(columns: Mapping[str, pa.Array], name: str, wrong: _Wrong) -> dict[str, pa.Array]:
    """What the CAMEO code tells, but for the scores, which archives tell themselves."""
    codes = _required(columns, name, wrong, lambda code: code if code in _cameo() else None, pa.string(), "CAMEO code")
    wrong.codes = codes
    return {
        "deed": _mapped(codes, _deed, pa.string()),
        "modes": _texts(codes, lambda code: _only(_cameo()[code]["modes"].split())),
        "plover": _mapped(codes, lambda code: _cameo()[code]["plover"] or None, pa.string()),
        "cameo": codes,
        "contexts": _texts(codes, lambda code: _cameo()[code]["contexts"].split()),
    }


def _texts(cells: pa.Array, convert: Callable[[str], list[str]]) -> pa.Array:
    """Lists of texts; an empty one of an empty cell."""
    return _mapped(pc.fill_null(cells, ""), lambda cell: convert(cell) if cell else [], _TEXTS)


def _goldstein(columns: Mapping[str, pa.Array], name: str, wrong: _Wrong) -> pa.Array:
    return _optional(columns, name, wrong, lambda cell: _number(cell, 10), pa.float32(), "number from -10 to 10")


def _basis(day: pa.Array, reported: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(pc.equal(day, reported), True), "report", "stated")


def _icews(columns: Mapping[str, pa.Array], wrong: _Wrong) -> dict[str, pa.Array]:
    day = _required(columns, "Event Date", wrong, _day, pa.date32(), "day (YYYY-MM-DD)")
    coded = _coded(columns, "CAMEO Code", wrong)
    province, country = columns["Province"], columns["Country"]
    place = pc.coalesce(columns["City"], columns["District"], province, country)
    return coded | {
        "event_id": _identity(columns, "Event ID", wrong, "icews"),
        "quad": _mapped(coded["plover"], lambda plover: _quads()[plover], pa.int8()),
        "goldstein": _goldstein(columns, "Intensity", wrong),
        "source": _icews_party(columns, "Source"),
        "target": _icews_party(columns, "Target"),
        "start": day,
        "basis": pa.array(["report"] * len(day), pa.string()),
        "where": _place(place, _mapped(country, _named_country, pa.string()), province,
                        _degrees(columns, ("Latitude", "Longitude"), wrong)),
        "reports": pa.array([1] * len(day), pa.int32()),
        "publishers": pa.array([1] * len(day), pa.int32()),
        "reported": day,
        "story": columns["Story ID"],
        "publisher": columns["Publisher"],
    }  # fmt: skip


def _icews_party(columns: Mapping[str, pa.Array], side: str) -> pa.Array:
    names, kinds = columns[f"{side} Sectors"], actor_codes("icews", "sector")
    country = pc.coalesce(
        _mapped(columns[f"{side} Country"], _named_country, pa.string()),
        _mapped(names, lambda cell: _first(kinds, cell.split(","), "country"), pa.string()),
    )
    return _party(columns[f"{side} Name"], country, _texts(names, lambda cell: _sectors(kinds, cell.split(","))))


def _polecat(columns: Mapping[str, pa.Array], wrong: _Wrong) -> dict[str, pa.Array]:
    day = _required(columns, "Event Date", wrong, _day, pa.date32(), "day (YYYY-MM-DD)")
    reported = _optional(columns, "Publication Date", wrong, _day, pa.date32(), "day (YYYY-MM-DD)")
    reported = pc.coalesce(reported, day)
    deed = _required(columns, "Event Type", wrong, _plover, pa.string(), "PLOVER type")
    geonames = columns["GeoNames ID"]
    return {
        "event_id": _identity(columns, "Event ID", wrong, "polecat"),
        "deed": deed,
        "modes": _texts(columns["Event Mode"], _listed),
        "plover": deed,
        "cameo": pa.nulls(len(day), pa.string()),
        "quad": _optional(columns, "Quad Code", wrong, _quad, pa.int8(), "quad class"),
        "goldstein": _goldstein(columns, "Intensity", wrong),
        "contexts": _texts(columns["Contexts"], _listed),
        "source": _polecat_party(columns, "Actor"),
        "target": _polecat_party(columns, "Recipient"),
        "start": day,
        "basis": _basis(day, reported),
        "where": _place(pc.coalesce(columns["Placename"], columns["City"], columns["Province"], columns["Country"]),
                        _mapped(columns["Country"], _named_country, pa.string()), columns["Province"],
                        _degrees(columns, ("Latitude", "Longitude"), wrong),
                        pc.binary_join_element_wise("geonames", geonames, ":")),
        "reports": pa.array([1] * len(day), pa.int32()),
        "publishers": pa.array([1] * len(day), pa.int32()),
        "reported": reported,
        "story": pa.nulls(len(day), pa.string()),
        "publisher": columns["Source"],
    }  # fmt: skip


def _polecat_party(columns: Mapping[str, pa.Array], side: str) -> pa.Array:
    sectors = _texts(pc.coalesce(columns[f"{side} Sectors"], columns[f"Primary {side} Sector"]), _listed)
    page = pc.binary_join_element_wise("wikipedia", columns[f"Wikipedia {side} ID"], ":")
    name = pc.coalesce(columns[f"{side} Name"], columns[f"{side} Name Raw"])
    return _party(name, _mapped(columns[f"{side} Country"], _named_country, pa.string()), sectors, page)


def _gdelt(columns: Mapping[str, pa.Array], wrong: _Wrong) -> dict[str, pa.Array]:
    day = _required(columns, "SQLDATE", wrong, _day, pa.date32(), "day (YYYYMMDD)")
    reported = _optional(columns, "DATEADDED", wrong, lambda cell: _day(cell[:8]), pa.date32(), "day (YYYYMMDD)")
    reported = pc.coalesce(reported, day)
    url = columns["SOURCEURL"]
    return _coded(columns, "EventCode", wrong) | {
        "event_id": _identity(columns, "GLOBALEVENTID", wrong, "gdelt"),
        "quad": _optional(columns, "QuadClass", wrong, lambda cell: int(cell) if cell in ("1", "2", "3", "4") else None,
                          pa.int8(), "quad class from 1 to 4"),
        "goldstein": _goldstein(columns, "GoldsteinScale", wrong),
        "source": _gdelt_party(columns, "Actor1"),
        "target": _gdelt_party(columns, "Actor2"),
        "start": day,
        "basis": _basis(day, reported),
        "where": _gdelt_place(columns, wrong),
        "reports": _counted(columns, "NumArticles", wrong),
        "publishers": _counted(columns, "NumSources", wrong),
        "reported": reported,
        "story": url,
        "publisher": _mapped(url, _site, pa.string()),
    }  # fmt: skip


def _gdelt_party(columns: Mapping[str, pa.Array], side: str) -> pa.Array:
    types, groups = actor_codes("gdelt", "type"), actor_codes("gdelt", "group")
    codes = [pc.fill_null(columns[f"{side}Type{n}Code"], "") for n in (1, 2, 3)]
    joined = pc.binary_join_element_wise(*codes, " ")
    country = pc.coalesce(
        _mapped(columns[f"{side}CountryCode"], countries("cameo").get, pa.string()),
        _mapped(columns[f"{side}KnownGroupCode"], lambda cell: _first(groups, [cell], "country"), pa.string()),
        _mapped(joined, lambda cell: _first(types, cell.split(), "country"), pa.string()),
    )
    sectors = _texts(joined, lambda cell: _sectors(types, cell.split()))
    return _party(columns[f"{side}Name"], country, sectors)


def _gdelt_place(columns: Mapping[str, pa.Array], wrong: _Wrong) -> pa.Array:
    country = _mapped(columns["ActionGeo_CountryCode"], countries("fips").get, pa.string())
    full = columns["ActionGeo_FullName"]
    marked = pc.binary_join_element_wise(pc.if_else(pc.is_valid(country), "c", "-"), full, "")
    name = _mapped(marked, lambda cell: _full_name(cell[1:], cell[0] == "c")[0], pa.string())
    admin1 = _mapped(marked, lambda cell: _full_name(cell[1:], cell[0] == "c")[1], pa.string())
    return _place(name, country, admin1, _degrees(columns, ("ActionGeo_Lat", "ActionGeo_Long"), wrong))


def _full_name(full: str, in_country: bool) -> tuple[str, str | None]:
    """Name and division of "Aleppo, Halab, Syria"; a country, and a name alone, stand for themselves."""
    parts = full.split(", ")
    if in_country and len(parts) > 1:
        parts.pop()
    return (", ".join(parts[:-1]), parts[-1]) if len(parts) > 1 else (parts[0], None)


def _counted(columns: Mapping[str, pa.Array], name: str, wrong: _Wrong) -> pa.Array:
    counts = _optional(columns, name, wrong, lambda cell: int(cell) if re.fullmatch(r"\d{1,9}", cell) else None,
                       pa.int32(), "count")  # fmt: skip
    return pc.fill_null(counts, 1)


_READERS = {"icews": _icews, "polecat": _polecat, "gdelt": _gdelt}
_RENAMED = {"Event Intensity": "Intensity"}
"""POLECAT's releases name this column in two ways."""


# Values and codes. ------------------------------------------------------------------------------------------------


def _day(cell: str) -> date | None:
    if not re.fullmatch(r"\d{8}|\d{4}-\d\d-\d\d", cell):
        return None
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return None


def _number(cell: str, most: float) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= most else None


def _plover(cell: str) -> str | None:
    return cell if cell in DEEDS else None


def _quad(cell: str) -> int | None:
    return QUADS.index(cell) + 1 if cell in QUADS else None


def _site(url: str) -> str | None:
    found = re.match(r"https?://(?:www\.)?([^/:?#]+)", url)
    return found[1] if found else None


def _listed(cell: str) -> list[str]:
    return [part for part in re.split(r"\s*[;,]\s*", cell.strip()) if part]


def _only(modes: list[str]) -> list[str]:
    """A code's mode, where it may have no other."""
    return modes if len(modes) == 1 else []


def _deed(code: str) -> str | None:
    near = {row["prefix"]: row["deed"] for row in rows("cameo_deeds") if code.startswith(row["prefix"])}
    return _cameo()[code]["plover"] or (near[max(near, key=len)] if near else None)


def _is_mute(code: str) -> bool:
    return _deed(code) is None


def _first(codes: Mapping[str, dict[str, str]], names: list[str], column: str) -> str | None:
    return next((codes[name][column] for name in names if name in codes and codes[name][column]), None)


def _sectors(codes: Mapping[str, dict[str, str]], names: list[str]) -> list[str]:
    return list(dict.fromkeys(codes[name]["sector"] for name in names if name in codes and codes[name]["sector"]))


@cache
def _cameo() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in rows("cameo")}


@cache
def _quads() -> dict[str, int]:
    return {row["type"]: int(row["quad"]) for row in rows("codebook")}


@cache
def actor_codes(format: str, kind: str) -> dict[str, dict[str, str]]:
    """The rows of archive_actors.csv of a format and kind, by the name that the archive uses."""
    return {row["name"]: row for row in rows("archive_actors") if (row["format"], row["kind"]) == (format, kind)}


@cache
def countries(column: str) -> dict[str, str]:
    """ISO alpha-3 by what an archive calls a country; `column` is one of archive_countries.csv."""
    return {name: row["iso3"] for row in rows("archive_countries") for name in row[column].split("|") if name}


@cache
def _country_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for row in rows("countries"):
        names |= dict.fromkeys((row["iso3"], row["name"].strip(), *row["aliases"].split("|")), row["iso3"])
    return {name: iso3 for name, iso3 in names.items() if name} | countries("icews")


BEYOND_STATES = ("UNO", "EUR", "IGO", "NGO", "MNC", "IMG", "ISM")
"""What stands for the country of an actor that has none."""


def _named_country(cell: str) -> str | None:
    return cell if cell in BEYOND_STATES else _country_names().get(cell)


@cache
def _columns(format: str) -> tuple[str, ...]:
    return tuple(row["column"] for row in rows("export_columns") if row["format"] == format)


_NEEDED = {
    "icews": ("Event ID", "Event Date", "CAMEO Code", "Intensity", "Story ID", "Publisher", "City", "District",
              "Province", "Country", "Latitude", "Longitude",
              *(f"{side} {name}" for side in ("Source", "Target") for name in ("Name", "Sectors", "Country"))),
    "polecat": ("Event ID", "Event Date", "Event Type", "Event Mode", "Intensity", "Quad Code", "Contexts",
                "Placename", "City", "Province", "Country", "Latitude", "Longitude", "GeoNames ID", "Source",
                "Publication Date",
                *(name.format(side) for side in ("Actor", "Recipient") for name in
                  ("{} Name", "{} Country", "Primary {} Sector", "{} Sectors", "{} Name Raw", "Wikipedia {} ID"))),
    "gdelt": ("GLOBALEVENTID", "SQLDATE", "EventCode", "QuadClass", "GoldsteinScale", "NumSources", "NumArticles",
              "ActionGeo_FullName", "ActionGeo_CountryCode", "ActionGeo_Lat", "ActionGeo_Long", "DATEADDED",
              "SOURCEURL",
              *(f"{side}{name}" for side in ("Actor1", "Actor2") for name in
                ("Name", "CountryCode", "KnownGroupCode", "Type1Code", "Type2Code", "Type3Code"))),
}  # fmt: skip
"""The columns that are read; a header must have them, in any order."""


# Months and shards. -----------------------------------------------------------------------------------------------


class _Months:
    """Rows on disk, a file for each month of events, since a month is merged at once and a file may hold many."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writers: dict[str, pq.ParquetWriter] = {}

    def add(self, table: pa.Table) -> None:
        months = pc.strftime(table["start"], "%Y-%m").combine_chunks() if table.num_rows else pa.array([], pa.string())
        for month in pc.unique(months).to_pylist():
            if month not in self.writers:
                self.writers[month] = pq.ParquetWriter(self.file(month), _ROW, compression="lz4")
            self.writers[month].write_table(table.filter(pc.equal(months, month)))

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()

    def file(self, month: str) -> Path:
        return self.folder / f"{month}.parquet"


class _Shards(Mapping[str, dict[str, pa.Table] | None]):
    """The shards of a file, each made only when it is asked for and written, so that one month is in memory.

    A shard that an earlier import of the file made and this one does not is None: the store removes it.
    """

    def __init__(self, name: str, months: _Months, format: str, before: list[str]) -> None:
        files = {f"{name}-{month}": months.file(month) for month in months.writers}
        self.months = {shard: files.get(shard) for shard in sorted({*files, *before})}
        self.format = format
        self.events = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.months)

    def __len__(self) -> int:
        return len(self.months)

    def __contains__(self, name: object) -> bool:
        return name in self.months

    def __getitem__(self, name: str) -> dict[str, pa.Table] | None:
        file = self.months[name]
        if file is None:
            return None
        spill = {"memory_limit": "1GB", "temp_directory": str(file.parent)}
        with contextlib.closing(duckdb.connect(config=spill)) as connection:
            connection.read_parquet(str(file)).create_view("lines")
            events = connection.sql(_MERGED, params={"origin": self.format}).to_arrow_table()
        self.events += events.num_rows
        return {"events": events.select(EVENTS.names).cast(EVENTS)}


_SAME = ", ".join(f'"{name}"' for name in _ROW.names if name not in ("line", "source", "target"))
_MERGED = f"""
    WITH repeated AS (SELECT event_id FROM lines GROUP BY event_id HAVING count(*) > 1),
    alone AS (
        SELECT *, [x FOR x IN [source] IF x IS NOT NULL] AS sources, [x FOR x IN [target] IF x IS NOT NULL] AS targets
        FROM lines ANTI JOIN repeated USING (event_id)),
    grouped AS (
        SELECT *, min(line) OVER (PARTITION BY {_SAME}) AS event FROM lines SEMI JOIN repeated USING (event_id)),
    s AS (SELECT event, source, min(line) AS line FROM grouped WHERE source IS NOT NULL GROUP BY event, source),
    t AS (SELECT event, target, min(line) AS line FROM grouped WHERE target IS NOT NULL GROUP BY event, target),
    acting AS (SELECT event, list(source ORDER BY line) AS sources FROM s GROUP BY event),
    acted_on AS (SELECT event, list(target ORDER BY line) AS targets FROM t GROUP BY event),
    numbered AS (
        SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY line) AS nth FROM grouped WHERE line = event),
    firsts AS (
        SELECT * REPLACE (event_id || CASE nth WHEN 1 THEN '' ELSE '/' || nth END AS event_id) FROM numbered),
    together AS (
        SELECT firsts.* EXCLUDE (event, nth), coalesce(sources, []) AS sources, coalesce(targets, []) AS targets
        FROM firsts LEFT JOIN acting USING (event) LEFT JOIN acted_on USING (event)),
    told AS (FROM alone UNION ALL BY NAME FROM together)
    SELECT *, 'actual' AS status, start AS "end", 'day' AS precision, [] AS claimants, NULL AS killed, NULL AS injured,
        NULL AS confidence, reported AS first_reported, reported AS last_reported, [] AS disagreements,
        $origin AS origin, CASE WHEN story IS NULL AND publisher IS NULL THEN [] ELSE [{{
            'mention_id': event_id, 'report_id': coalesce(story, event_id), 'publisher': publisher,
            'published': reported, 'copy_of': NULL, 'status': 'actual', 'start': start, 'end': start, 'claimants': []
        }}] END AS tellings
    FROM told ORDER BY start, line
"""
"""The events of a month's lines. Most ids stand on one line only, which needs no comparing with others."""
