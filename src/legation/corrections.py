"""Corrections: what a person says of a mention that the coder got wrong, laid over it wherever the mention is read.

A correction mends one field of one mention; its value is what the field becomes:

    wrong       true: the words tell no such deed, and the mention is in no view
    deed        {"deed": "CONSULT", "modes": ["visit"]}; what is published of it is derived again
    status      "future"; likewise
    sources, targets, claimants   [{"start", "end", "text", "country", "sectors"?, "name"?, "actor_id"?}, …]
    when        {"start", "end", "span", "precision"?}, or null: the text tells no time
    where       {"span", "name"?, "country"?, "admin1"?, "lat"?, "lon"?, "place_id"?}, or null: it tells no place

Of several corrections of one field the latest holds. A correction that is withdrawn stays as history. They lie in a
folder as files that are written once, ID.json and, of one withdrawn, ID.withdrawn.json.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from legation.coding.deeds import publish
from legation.files import write_text
from legation.gazetteer import Place, fold, gazetteer, toponyms
from legation.inheritance import BODIES
from legation.schema import DEEDS, MENTIONS, STATUSES, UNKNOWN
from legation.tables import rows

Row = dict[str, Any]

FIELDS = ("wrong", "deed", "status", "sources", "targets", "when", "where", "claimants")
PRECISIONS = ("day", "week", "month", "season", "year", "decade", "span")
STATES = ("applied", "superseded", "withdrawn", "not applied")
"""What has become of a correction: it holds; a later one of its field holds; it was taken back; its mention is gone."""
CHECKED = frozenset({"deed", "sources", "targets"})
"""The fields that `confidence` is the probability of: where a person mended one, it is 1."""
LONGEST, LONGEST_BY, LONGEST_NOTE, MOST_ACTORS = 1000, 200, 2000, 100
"""Characters of a name, of a corrector's name and of a note, actors of a side, at most."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction: of what field of what mention, the value as above, a note on why, by whom and when (UTC).

    `part` is where the mention lay; `state` one of STATES; `withdrawn` and `withdrawn_by` tell when and by whom it was
    taken back.
    """

    correction_id: str
    mention_id: str
    report_id: str
    part: str
    field: str
    value: Any
    note: str | None
    by: str
    at: datetime
    state: str = "applied"
    withdrawn: datetime | None = None
    withdrawn_by: str | None = None


def made(mention: Row, report: Row, part: str, field: str, value: Any, note: str | None, by: str, at: datetime) -> (
    Correction
):  # fmt: skip
    """The correction of a mention of `report`, both rows of the store; what `value` leaves out is filled in.

    Raises ValueError, with a sentence for whoever corrects, where the value is none of that field.
    """
    by, note = _words(by, "by", LONGEST_BY), None if note is None else _words(note, "note", LONGEST_NOTE)
    value = _checked(field, value, report["text"])
    if field == "when" and value is None and report["published"]:
        day = report["published"].isoformat()  # as the coder has it of a deed whose text tells no time
        value = {"start": day, "end": day, "precision": "day", "span": None, "basis": "report"}
    key = json.dumps([mention["mention_id"], field, value, by, at.isoformat()], sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return Correction(digest, mention["mention_id"], mention["report_id"], part, field, value, note, by, at)


def mended(mention: Row, corrections: Iterable[Correction]) -> Row | None:
    """A row of schema.MENTIONS as its corrections, oldest first, have it; None where it is marked wrong."""
    values = {correction.field: correction.value for correction in corrections}
    if "wrong" in values:
        return None
    out = mention | {field: value for field, value in values.items() if field != "deed"}
    if "deed" in values:
        out |= values["deed"]
    if values.get("when"):
        days = {name: _day(values["when"][name]) for name in ("start", "end")}
        out["when"] = values["when"] | days
    if out["deed"] != "ASSAULT":
        out |= {"killed": None, "injured": None}
    out["confidence"] = 1.0 if CHECKED & values.keys() else mention["confidence"]
    return out | asdict(publish(out["deed"], out["modes"], out["status"]))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


CORRECTIONS = pa.schema(
    [
        ("correction_id", pa.string()), ("mention_id", pa.string()), ("report_id", pa.string()),
        ("part", pa.string()), ("field", pa.string()), ("value", pa.string()), ("note", pa.string()),
        ("by", pa.string()), ("at", pa.timestamp("us", tz="UTC")), ("state", pa.string()),
        ("withdrawn", pa.timestamp("us", tz="UTC")), ("withdrawn_by", pa.string()),
    ]
)  # fmt: skip
"""The view `corrections`: those of corrections.Correction, `value` as JSON."""


# Values. ----------------------------------------------------------------------------------------------------------


def _checked(field: str, value: Any, text: str) -> Any:
    """The value of a correction in full, its words checked against the report's text. Raises ValueError."""
    if field == "wrong":
        if value is not True:
            raise ValueError("the value of wrong is true; withdraw the correction to take it back")
        return True
    if field == "deed":
        return _deed(value)
    if field == "status":
        return _one_of(value, STATUSES, "status")
    if field in ("sources", "targets", "claimants"):
        if not isinstance(value, list) or len(value) > MOST_ACTORS:
            raise ValueError(f"{field} must be a list of {MOST_ACTORS} actors at most")
        return [_actor(actor, field, text) for actor in value]
    if field in ("when", "where"):
        return None if value is None else (_when if field == "when" else _where)(value, text)
    raise ValueError(f"{field!r} is no field that can be corrected: name one of {', '.join(FIELDS)}")


def _deed(value: Any) -> Row:
    given = _record(value, "deed", ("deed", "modes"))
    deed = _one_of(given["deed"], DEEDS, "deed")
    modes = given["modes"] if isinstance(given["modes"], list) else [given["modes"]]
    if wrong := [mode for mode in modes if mode not in _modes()[deed]]:
        known = ", ".join(_modes()[deed]) or "none"
        raise ValueError(f"{str(wrong[0])[:40]!r} is no mode of {deed}; its modes are: {known}")
    return {"deed": deed, "modes": list(dict.fromkeys(modes))}


def _actor(value: Any, field: str, text: str) -> Row:
    span = ("start", "end", "text")
    given = _record(value, f"an actor of {field}", (*span, "country"), ("sectors", "name", "actor_id"))
    words = _span({name: given[name] for name in span}, field, text)
    sectors = given.get("sectors") or []
    if not isinstance(sectors, list) or any(sector not in _sectors() for sector in sectors):
        raise ValueError(f"sectors of {field} must be a list of {' '.join(_sectors())}")
    identity = given.get("actor_id")
    return words | {
        "name": _words(given.get("name") or given["text"], f"name in {field}", LONGEST),
        "country": _country(given["country"], field),
        "sectors": list(dict.fromkeys(sectors)),
        "actor_id": None if identity is None else _words(identity, f"actor_id in {field}", LONGEST),
    }


def _when(value: Any, text: str) -> Row:
    given = _record(value, "when", ("start", "end", "span"), ("precision", "basis"))
    span = _span(given["span"], "when", text)
    start, end = (_iso(given[name], f"{name} of when") for name in ("start", "end"))
    if (start is None) != (end is None) or (start and end and start > end):
        raise ValueError("when must have a start and an end, the start first, or neither where the words tell no days")
    precision = None
    if start and end:
        precision = _one_of(given.get("precision") or _precision(start, end), PRECISIONS, "precision of when")
    days = {"start": start and start.isoformat(), "end": end and end.isoformat()}
    return days | {"precision": precision, "span": span, "basis": "stated"}


def _precision(start: date, end: date) -> str:
    """What a closed interval of days is: the unit of the calendar that it fills, else a span."""
    if start == end:
        return "day"
    if start.weekday() == 0 and end - start == timedelta(days=6):
        return "week"
    whole_months = start.day == 1 and (end + timedelta(days=1)).day == 1
    length = (end.year - start.year) * 12 + end.month - start.month + 1
    if whole_months and length == 1:
        return "month"
    return "year" if whole_months and length == 12 and start.month == 1 else "span"


def _where(value: Any, text: str) -> Row:
    """The place; what is left out of it is that of the gazetteer's place of this name, or told in these words, in this
    country."""
    given = _record(value, "where", ("span",), ("name", "country", "admin1", "lat", "lon", "place_id"))
    span = _span(given["span"], "where", text)
    name = _words(given.get("name") or span["text"], "name of where", LONGEST)
    places = gazetteer().named(fold(name)) or (() if given.get("name") else _told(span["text"]))
    country = None if given.get("country") is None else _country(given["country"], "where", states=True)
    identity, admin1 = (
        None if given.get(key) is None else _words(given[key], f"{key} of where", LONGEST)
        for key in ("place_id", "admin1")
    )
    lat, lon = given.get("lat"), given.get("lon")
    if (lat is None) != (lon is None) or not (_degrees(lat, 90) and _degrees(lon, 180)):
        raise ValueError("lat and lon of where must be degrees, -90 to 90 and -180 to 180, both or neither")
    told = {"name": name, "country": country, "admin1": admin1, "lat": lat, "lon": lon, "place_id": identity}
    place = None if lat is not None else _place(places, name, country, identity)
    known = {} if place is None else {column: getattr(place, column) for column in told}
    return {"span": span} | {column: known.get(column, value) for column, value in told.items()}


def _told(words: str) -> tuple[Place, ...]:
    """The places that are named within words ("a suburb of Mosul, Iraq"): those smaller than a country, in a country
    that is named too, if any is."""
    named = [toponym for toponym in toponyms(words, 0, len(words)) if not toponym.adjective]
    countries = {toponym.country for toponym in named if toponym.country}
    local = [place for toponym in named if not toponym.country for place in toponym.places]
    within = [place for place in local if place.country in countries] if countries else local
    return tuple(within) or tuple(toponym.places[0] for toponym in named if toponym.country)


def _place(places: Sequence[Place], name: str, country: str | None, identity: str | None) -> Place | None:
    """Of the places the one with that id, else the first in that country: a town before a province of its name."""
    if identity is not None:
        return next((place for place in places if place.place_id == identity), None)
    countries = {place.country for place in places}
    if country is None and len(countries) > 1:
        listed = ", ".join(sorted(c for c in countries if c)[:10])
        raise ValueError(f"there are places named {name[:80]!r} in {listed}: say the country of where")
    there = [place for place in places if country in (None, place.country)]
    return min(there, key=lambda place: {"country": 0, "city": 1}.get(place.kind, 2), default=None)


# Parts of values. -------------------------------------------------------------------------------------------------


def _record(value: Any, what: str, needed: Sequence[str], further: Sequence[str] = ()) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} must be an object with {', '.join(needed)}")
    if missing := [name for name in needed if name not in value]:
        raise ValueError(f"{what} lacks {missing[0]!r}; it must have {', '.join(needed)}")
    if unknown := sorted(set(value) - {*needed, *further}):
        raise ValueError(f"{what} has no {str(unknown[0])[:40]!r}; it has {', '.join((*needed, *further))}")
    return value


def _span(value: Any, field: str, text: str) -> Row:
    given = _record(value, f"a span of {field}", ("start", "end", "text"))
    start, end, words = given["start"], given["end"], given["text"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise ValueError(f"a span of {field} must lie in the report: its text has {len(text):,} characters")
    if text[start:end] != words:
        raise ValueError(
            f"characters {start} to {end} of the report are {text[start:end][:40]!r}, not {str(words)[:40]!r} "
            f"({field}): offsets count Unicode characters, the end not included"
        )
    if not words.strip():
        raise ValueError(f"a span of {field} must hold words, not blanks alone")
    return {"start": start, "end": end, "text": words}


def _words(value: Any, what: str, longest: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise ValueError(f"{what} must be words, {longest:,} characters at most")
    if re.search("[\ud800-\udfff]", value):
        raise ValueError(f"{what} holds half a surrogate pair, which is no character: leave it out")
    return value.strip()


def _one_of(value: Any, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise ValueError(f"{str(value)[:40]!r} is no {what}: it must be one of {', '.join(known)}")
    return str(value)


def _country(value: Any, field: str, states: bool = False) -> str:
    if not isinstance(value, str) or (value not in _countries() and (states or value not in BODIES | {UNKNOWN})):
        also = "" if states else f", one of {' '.join(sorted(BODIES))}, or {UNKNOWN} where unknown"
        raise ValueError(f"{str(value)[:40]!r} is no country ({field}): give its ISO 3166 alpha-3 code{also}")
    return value


def _iso(value: Any, what: str) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(f"{what} must be a day as YYYY-MM-DD, or null")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{what}, {value}, is no day of the calendar") from error


def _degrees(value: Any, most: int) -> bool:
    return value is None or (type(value) in (int, float) and -most <= value <= most)


@cache
def _modes() -> dict[str, tuple[str, ...]]:
    return {row["type"]: tuple(row["modes"].split()) for row in rows("codebook")}


@cache
def _sectors() -> tuple[str, ...]:
    return tuple(row["sector"] for row in rows("sectors"))


@cache
def _countries() -> frozenset[str]:
    return frozenset(row["iso3"] for row in rows("countries"))


# The folder. ------------------------------------------------------------------------------------------------------


class Kept:
    """The corrections that lie in a folder; a file is read once, as it never changes. Raises ValueError, naming the
    file, where one is no correction."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Correction] = {}
        self._ends: dict[str, tuple[datetime, str]] = {}
        self._all: tuple[frozenset[str], list[Correction]] = (frozenset(), [])

    def all(self) -> list[Correction]:
        """All, oldest first; `state` tells which hold, as far as that can be told without their mentions."""
        names = frozenset(path.name for path in self._folder.glob("[!.]*.json"))
        if names != self._all[0]:
            self._all = (names, self._told(names))
        return self._all[1]

    def _told(self, names: frozenset[str]) -> list[Correction]:
        told = [self._one(name) for name in names if not name.endswith(_WITHDRAWN)]
        out, held = [], set()
        for correction in sorted(told, key=lambda c: (c.at, c.correction_id), reverse=True):
            if (end := correction.correction_id + _WITHDRAWN) in names:
                at, by = self._end(end)
                correction = replace(correction, state="withdrawn", withdrawn=at, withdrawn_by=by)
            elif (key := (correction.mention_id, correction.field)) in held:
                correction = replace(correction, state="superseded")
            else:
                held.add(key)
            out.append(correction)
        return out[::-1]

    def add(self, correction: Correction) -> None:
        """Keep one more. Raises OSError as the file system does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        row = asdict(correction) | {"at": correction.at.astimezone(UTC).isoformat()}
        kept = {name: row[name] for name in _KEPT}
        write_text(self._folder / f"{correction.correction_id}.json", json.dumps(kept, ensure_ascii=False) + "\n")

    def withdraw(self, correction_id: str, by: str, at: datetime) -> None:
        """Take one back. Raises KeyError where there is none of that id that is not withdrawn yet."""
        if correction_id not in {c.correction_id for c in self.all() if c.state != "withdrawn"}:
            raise KeyError(correction_id)
        told = {"by": _words(by, "by", LONGEST_BY), "at": at.astimezone(UTC).isoformat()}
        write_text(self._folder / f"{correction_id}{_WITHDRAWN}", json.dumps(told, ensure_ascii=False) + "\n")

    def _one(self, name: str) -> Correction:
        if name not in self._read:
            try:
                row = json.loads((self._folder / name).read_text(encoding="utf-8"))
                told = {key: row[key] for key in _KEPT} | {"at": datetime.fromisoformat(row["at"])}
                correction = Correction(**told)
                if correction.field not in FIELDS:
                    raise ValueError(correction.field)
                pa.Table.from_pylist([mended(_ANY, [correction]) or _ANY], schema=MENTIONS)
            except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
                raise self._no_correction(name) from error
            self._read[name] = correction
        return self._read[name]

    def _end(self, name: str) -> tuple[datetime, str]:
        if name not in self._ends:
            try:
                row = json.loads((self._folder / name).read_text(encoding="utf-8"))
                self._ends[name] = (datetime.fromisoformat(row["at"]), str(row["by"]))
            except (KeyError, TypeError, ValueError) as error:
                raise self._no_correction(name) from error
        return self._ends[name]

    def _no_correction(self, name: str) -> ValueError:
        return ValueError(
            f"{self._folder / name} is no correction that this Legation can read: mend it or take it away"
        )


_WITHDRAWN = ".withdrawn.json"
_ANY: Row = {"deed": "AGREE", "modes": [], "status": "actual", "confidence": 1.0}
"""Stands for a mention that a correction must be able to mend."""
_KEPT = ("correction_id", "mention_id", "report_id", "part", "field", "value", "note", "by", "at")
