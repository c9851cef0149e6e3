"""Writes the events of a store in the formats that others read.

    gdelt           GDELT 2.0 Events: 61 columns, tab separated, without a header
    gdelt-mentions  GDELT 2.0 Mentions: 16 columns, tab separated, without a header
    icews           ICEWS: 20 columns, tab separated, with a header
    polecat         POLECAT: 40 columns, tab separated, with a header
    csv             one line for each event, members of a list joined by "; "
    parquet         schema.EVENTS
    geojson         RFC 7946: a point for each event whose place has coordinates
    datapackage     a folder of CSV tables that datapackage.json describes (Frictionless Data)

The columns of each are in export_columns.csv; those that nothing here tells are empty.

GDELT, ICEWS and POLECAT have one actor a side: an event of several sources or targets is a row for each pair, all with
the event's id, in the order of its sources, then of its targets. They cannot tell an event without a published code
(CAMEO in GDELT and ICEWS, PLOVER in POLECAT) or without a day: such events are left out and counted.

Ids: ICEWS and POLECAT carry `event_id` itself, or what follows "icews:" and "polecat:" of an event imported from there.
GLOBALEVENTID has to be a number: that of an event imported from GDELT is its own; any other is 2^62 and the first 62
bits of the SHA-256 of its `event_id`, from which the id cannot be told; the data package and the CSV table have it.
"""

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from legation import __version__
from legation.archives import QUADS, actor_codes
from legation.schema import UNKNOWN, Event, Party, Place, Telling
from legation.store import Store, from_row
from legation.tables import rows

ARCHIVES = ("gdelt", "gdelt-mentions", "icews", "polecat")
FORMATS = (*ARCHIVES, "csv", "parquet", "geojson", "datapackage")
HAPPENED = ("actual", "historical")

_BATCH = 10_000  # events as Python objects at a time
_MADE = 1 << 62
"""Numbers from here on are made of an id; GDELT's own have ten digits."""

Row = dict[str, object]


@dataclass
class Written:
    """How many events and rows were written, and how many events were left out, by reason."""

    events: int = 0
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def select(store: Store, statuses: Sequence[str] = HAPPENED, **filters: Any) -> pa.Table:
    """The events with one of these statuses that pass the filters of Store.events, latest first."""
    found = store.events(**filters)
    return found.filter(pc.is_in(found["status"], pa.array(statuses, pa.string())))


def write_text(
    store: Store, events: pa.Table, format: str, file: TextIO, statuses: Sequence[str] = HAPPENED
) -> Written:
    """Write events (schema.EVENTS) to a file that is open for UTF-8 text, in any format but parquet and datapackage.

    `store` is asked for the addresses of reports and the offsets of mentions; only tellings with one of `statuses` are
    mentions for GDELT.
    """
    written = Written()
    if format == "geojson":
        _write_geojson(events, file, written)
        return written
    tell = _TELLERS[format](store, statuses)
    told = (row for event in _counted(events, written, tell) for row in event)
    if format == "csv":
        _write_csv(file, "csv", told, written)
    else:
        _write_tabs(file, format, told, written)
    return written


def write_parquet(events: pa.Table, path: Path) -> Written:
    """Write events as they are in the store; the same events are the same bytes."""
    with path.open("wb") as file:
        pq.write_table(events, file, compression="zstd")
    return Written(events.num_rows, events.num_rows)


def write_package(events: pa.Table, folder: Path) -> Written:
    """Write a data package into an empty folder: events, and what of them repeats, each in a table of its own."""
    written = Written(events.num_rows)
    for name, tell in _RESOURCES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            told = (row for event in _events(events) for row in tell(event))
            _write_csv(file, f"datapackage/{name}", told, written)
    text = json.dumps(_package(), ensure_ascii=False, indent=2)
    (folder / "datapackage.json").write_text(text + "\n", encoding="utf-8")
    return written


# Files. -----------------------------------------------------------------------------------------------------------


class _UntellableError(Exception):
    """An event that a format cannot tell, and why."""


def _events(table: pa.Table) -> Iterator[Event]:
    for batch in table.to_batches(max_chunksize=_BATCH):
        for row in batch.to_pylist():
            yield from_row(Event, row)


def _counted(events: pa.Table, written: Written, tell: Callable[[Event], Iterable[Row]]) -> Iterator[list[Row]]:
    for event in _events(events):
        try:
            told = list(tell(event))
        except _UntellableError as reason:
            written.left_out[str(reason)] += 1
        else:
            written.events += 1
            yield told


def _write_tabs(file: TextIO, format: str, told: Iterable[Row], written: Written) -> None:
    names = columns(format)
    if not format.startswith("gdelt"):
        file.write("\t".join(names) + "\n")
    for row in told:
        file.write("\t".join(_cell(row.get(name)) for name in names) + "\n")
        written.rows += 1


def _cell(value: object) -> str:
    """A value without tabs and line ends; between quotation marks where it begins with one, as readers expect."""
    text = "" if value is None else re.sub(r"[\t\r\n]", " ", str(value))
    return '"' + text.replace('"', '""') + '"' if text.startswith('"') else text


def _write_csv(file: TextIO, format: str, told: Iterable[Row], written: Written) -> None:
    writer = csv.DictWriter(file, columns(format), lineterminator="\n")
    writer.writeheader()
    for row in told:
        writer.writerow(row)
        written.rows += 1


@cache
def columns(format: str) -> tuple[str, ...]:
    """The names of a format's columns, in order; "datapackage/NAME" for a table of the data package."""
    return tuple(row["column"] for row in rows("export_columns") if row["format"] == format)


# The archives' formats. -------------------------------------------------------------------------------------------


def _pairs(event: Event) -> list[tuple[Party | None, Party | None]]:
    return [(source, target) for source in event.sources or (None,) for target in event.targets or (None,)]


def _first_day(event: Event) -> date:
    found = event.start or event.first_reported
    if found is None:
        raise _UntellableError("no day")
    return found


def _cameo(event: Event) -> str:
    if event.cameo is None:
        raise _UntellableError("no CAMEO code")
    return event.cameo


def _own_id(event: Event, format: str) -> str:
    own = re.fullmatch(rf"{format}:(\d.*)", event.event_id, re.DOTALL)
    return own[1] if own else event.event_id


def _first(event: Event) -> Telling | None:
    return event.tellings[0] if event.tellings else None


def _icews(store: Store, statuses: Sequence[str]) -> Callable[[Event], Iterator[Row]]:
    texts = {row["code"]: row["description"] for row in rows("cameo")}

    def tell(event: Event) -> Iterator[Row]:
        code, day, first, place = _cameo(event), _first_day(event), _first(event), event.where
        shared: dict[str, object] = {
            "Event ID": _own_id(event, "icews"), "Event Date": day, "Event Text": texts.get(code), "CAMEO Code": code,
            "Intensity": event.goldstein,
            "Story ID": first.report_id if first else None, "Publisher": first.publisher if first else None,
        }  # fmt: skip
        if place:
            country = _written_country("icews", place.country)
            name = place.name if (place.name, place.admin1) != (country, None) else None
            shared |= {"City": name if name != place.admin1 else None, "Province": place.admin1, "Country": country,
                       "Latitude": place.lat, "Longitude": place.lon}  # fmt: skip
        for source, target in _pairs(event):
            yield shared | _icews_party("Source", source) | _icews_party("Target", target)

    return tell


def _icews_party(side: str, party: Party | None) -> Row:
    if party is None:
        return {}
    beyond = _written("icews", "sector", "country").get(party.country)
    names = _written("icews", "sector", "sector")
    told = [beyond, *(names.get(sector) for sector in party.sectors)]
    return {
        f"{side} Name": party.name,
        f"{side} Sectors": ",".join(filter(None, told)),
        f"{side} Country": None if beyond else _written_country("icews", party.country),
    }


def _polecat(store: Store, statuses: Sequence[str]) -> Callable[[Event], Iterator[Row]]:
    def tell(event: Event) -> Iterator[Row]:
        if event.plover is None:
            raise _UntellableError("no PLOVER type")
        first, place = _first(event), event.where
        shared: dict[str, object] = {
            "Event ID": _own_id(event, "polecat"), "Event Date": _first_day(event), "Event Type": event.plover,
            "Event Mode": ";".join(event.modes), "Intensity": event.goldstein,
            "Quad Code": QUADS[event.quad - 1] if event.quad else None, "Contexts": ";".join(event.contexts),
            "Source": first.publisher if first else None, "Publication Date": event.first_reported,
            "Version": f"Legation {__version__}",
        }  # fmt: skip
        if place:
            shared |= {"Placename": place.name, "Province": place.admin1, "Country": place.country,
                       "Latitude": place.lat, "Longitude": place.lon,
                       "GeoNames ID": _after("geonames:", place.place_id)}  # fmt: skip
        for source, target in _pairs(event):
            yield shared | _polecat_party("Actor", source) | _polecat_party("Recipient", target)

    return tell


def _polecat_party(side: str, party: Party | None) -> Row:
    if party is None:
        return {}
    return {
        f"{side} Name": party.name,
        f"{side} Country": None if party.country == UNKNOWN else party.country,
        f"Primary {side} Sector": party.sectors[0] if party.sectors else None,
        f"{side} Sectors": ";".join(party.sectors),
        f"Wikipedia {side} ID": _after("wikipedia:", party.actor_id),
    }


def _after(prefix: str, value: str | None) -> str | None:
    return value.removeprefix(prefix) if value and value.startswith(prefix) else None


def gdelt_number(event_id: str) -> int:
    """The GLOBALEVENTID of an event: GDELT's own where it has one, else 2^62 and 62 bits of the SHA-256 of its id."""
    own = re.fullmatch(r"gdelt:(\d{1,19})", event_id)
    return int(own[1]) if own else _MADE | int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:8]) >> 2


def _gdelt(store: Store, statuses: Sequence[str]) -> Callable[[Event], Iterator[Row]]:
    addresses = _addresses(store)

    def tell(event: Event) -> Iterator[Row]:
        code, day, first = _cameo(event), _first_day(event), _first(event)
        shared: dict[str, object] = {
            "GLOBALEVENTID": gdelt_number(event.event_id), "SQLDATE": f"{day:%Y%m%d}", "MonthYear": f"{day:%Y%m}",
            "Year": f"{day:%Y}", "FractionDate": f"{day.year + ((day.month - 1) * 30 + day.day) / 365:.4f}",
            "EventCode": code, "EventBaseCode": code[:3], "EventRootCode": code[:2], "QuadClass": event.quad,
            "GoldsteinScale": event.goldstein, "NumMentions": len(event.tellings), "NumSources": event.publishers,
            "NumArticles": event.reports, "DATEADDED": _stamp(event.first_reported or day),
            "SOURCEURL": addresses.get(first.report_id, first.report_id) if first else None,
        } | _gdelt_place(event.where)  # fmt: skip
        for source, target in _pairs(event):
            yield shared | _gdelt_party("Actor1", source) | _gdelt_party("Actor2", target)

    return tell


def _stamp(day: date | None) -> str | None:
    return f"{day:%Y%m%d}000000" if day else None


def _gdelt_party(side: str, party: Party | None) -> Row:
    if party is None:
        return {}
    group = _written("gdelt", "group", "country").get(party.country)
    kind = _written("gdelt", "type", "country").get(party.country)
    country = None if group or kind else _written_country("cameo", party.country)
    roles = _written("gdelt", "type", "sector")
    types = [code for code in (kind, *(roles.get(sector) for sector in party.sectors)) if code]
    told: Row = {
        f"{side}Code": "".join(filter(None, (country, group, *types[:3]))),
        f"{side}Name": party.name,
        f"{side}CountryCode": country,
        f"{side}KnownGroupCode": group,
    }
    return told | {f"{side}Type{n}Code": code for n, code in enumerate(types[:3], 1)}


def _gdelt_place(place: Place | None) -> dict[str, object]:
    if place is None:
        return {}
    country = _names("name").get(place.country or "")
    parts = [place.name, place.admin1, country]
    if place.admin1 is None and place.name == country:
        parts, kind = [country], 1
    else:
        kind = 5 if place.name == place.admin1 else 4
    return {
        "ActionGeo_Type": kind,
        "ActionGeo_FullName": ", ".join(part for part in parts if part),
        "ActionGeo_CountryCode": _written_country("fips", place.country),
        "ActionGeo_Lat": place.lat,
        "ActionGeo_Long": place.lon,
    }


def _gdelt_mentions(store: Store, statuses: Sequence[str]) -> Callable[[Event], Iterator[Row]]:
    addresses = _addresses(store)
    lengths = dict(_table(store, "SELECT report_id, length(text) FROM reports"))
    found = store.query("""SELECT mention_id, "trigger".start AS deed, sources[1].start AS source,
        targets[1].start AS target, confidence FROM mentions""").to_pylist()
    mentions = {row["mention_id"]: row for row in found}

    def tell(event: Event) -> Iterator[Row]:
        _cameo(event)
        added = _stamp(event.first_reported or _first_day(event))
        for telling in event.tellings:
            if telling.status in statuses:
                mention = mentions.get(telling.mention_id, {})
                yield _gdelt_mention(event, telling, mention, addresses.get(telling.report_id)) | {
                    "EventTimeDate": added, "MentionDocLen": lengths.get(telling.report_id)
                }  # fmt: skip

    return tell


def _gdelt_mention(event: Event, telling: Telling, mention: Row, address: str | None) -> Row:
    def offset(role: str) -> object:
        return -1 if mention.get(role) is None else mention[role]

    confidence = mention.get("confidence")
    return {
        "GLOBALEVENTID": gdelt_number(event.event_id),
        "MentionTimeDate": _stamp(telling.published),
        "MentionType": 1 if address or re.match("https?://", telling.report_id) else 2,
        "MentionSourceName": telling.publisher,
        "MentionIdentifier": address or telling.report_id,
        "Actor1CharOffset": offset("source"),
        "Actor2CharOffset": offset("target"),
        "ActionCharOffset": offset("deed"),
        "InRawText": 1,
        "Confidence": None if confidence is None else round(float(str(confidence)) * 100),
    }


def _addresses(store: Store) -> dict[str, str]:
    return dict(_table(store, "SELECT report_id, url FROM reports WHERE url IS NOT NULL"))


def _table(store: Store, sql: str) -> list[tuple[Any, Any]]:
    found = store.query(sql)
    return list(zip(found[0].to_pylist(), found[1].to_pylist(), strict=True))


@cache
def _written(format: str, kind: str, column: str) -> dict[str, str]:
    """The name that a format writes for a sector, or for what stands for a country."""
    return {row[column]: name for name, row in actor_codes(format, kind).items() if row["written"] and row[column]}


@cache
def _names(column: str) -> dict[str, str]:
    table = "countries" if column == "name" else "archive_countries"
    return {row["iso3"]: row[column].split("|")[0].strip() for row in rows(table)}


def _written_country(column: str, country: str | None) -> str | None:
    """What a format calls a country: `---` nothing, and what is no state by its code, where it has no other name."""
    if country is None or country == UNKNOWN:
        return None
    return _names(column).get(country, country)


# Our own formats. -------------------------------------------------------------------------------------------------


def _csv(store: Store, statuses: Sequence[str]) -> Callable[[Event], list[Row]]:
    return lambda event: [_flat(event)]


def _flat(event: Event) -> dict[str, object]:
    row = _scalars(event)
    for role, parties in _roles(event):
        row[role] = "; ".join(party.name for party in parties)
        row[f"{role}_country"] = "; ".join(party.country for party in parties)
        row[f"{role}_sectors"] = "; ".join(" ".join(party.sectors) for party in parties)
        row[f"{role}_id"] = "; ".join(party.actor_id or "" for party in parties)
    return row


def _roles(event: Event) -> tuple[tuple[str, tuple[Party, ...]], ...]:
    return ("source", event.sources), ("target", event.targets), ("claimant", event.claimants)


def _scalars(event: Event) -> dict[str, object]:
    row = {name: getattr(event, name) for name in columns("datapackage/events") if hasattr(event, name)}
    place = {name: getattr(event.where, name, None) for name in ("country", "admin1", "lat", "lon", "place_id")}
    lists = {"modes": "; ".join(event.modes), "contexts": "; ".join(event.contexts)}
    return row | lists | place | {"place": event.where.name if event.where else None}


def _write_geojson(events: pa.Table, file: TextIO, written: Written) -> None:
    file.write('{"type": "FeatureCollection", "features": [')
    for event in _events(events):
        place = event.where
        if place is None or place.lat is None or place.lon is None:
            written.left_out["no coordinates"] += 1
            continue
        feature = {
            "type": "Feature",
            "id": event.event_id,
            "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
            "properties": {name: _flat(event)[name] for name in columns("csv")},
        }
        file.write(",\n" if written.rows else "\n")
        file.write(json.dumps(feature, ensure_ascii=False, default=date.isoformat))
        written.events += 1
        written.rows += 1
    file.write("\n]}\n")


def _actors(event: Event) -> Iterator[Row]:
    for role, parties in _roles(event):
        for position, party in enumerate(parties, 1):
            yield {
                "event_id": event.event_id, "role": role, "position": position, "name": party.name,
                "country": party.country, "sectors": " ".join(party.sectors), "actor_id": party.actor_id,
            }  # fmt: skip


def _tellings(event: Event) -> Iterator[Row]:
    for telling in event.tellings:
        names = [name for name in columns("datapackage/tellings") if hasattr(telling, name)]
        claimants = "; ".join(claimant.name for claimant in telling.claimants)
        yield {name: getattr(telling, name) for name in names} | {"event_id": event.event_id, "claimants": claimants}


def _disagreements(event: Event) -> Iterator[Row]:
    for disagreement in event.disagreements:
        for version in disagreement.versions:
            yield {"event_id": event.event_id, "field": disagreement.field, "value": version.value,
                   "mentions": " ".join(version.mentions), "reports": version.reports, "says": "; ".join(version.says),
                   "first": version.first}  # fmt: skip


_TELLERS: dict[str, Callable[[Store, Sequence[str]], Callable[[Event], Iterable[Row]]]] = {
    "gdelt": _gdelt,
    "gdelt-mentions": _gdelt_mentions,
    "icews": _icews,
    "polecat": _polecat,
    "csv": _csv,
}
_RESOURCES: dict[str, Callable[[Event], Iterable[Row]]] = {
    "events": lambda event: [_scalars(event)],
    "actors": _actors,
    "tellings": _tellings,
    "disagreements": _disagreements,
}


def _package() -> dict[str, object]:
    kinds = {"text": "string"}
    resources = []
    for name in _RESOURCES:
        fields = [
            {"name": row["column"], "type": kinds.get(row["type"], row["type"]), "description": row["meaning"]}
            for row in rows("export_columns")
            if row["format"] == f"datapackage/{name}"
        ]
        key: dict[str, object] = (
            {"primaryKey": ["event_id"]}
            if name == "events"
            else {"foreignKeys": [{"fields": ["event_id"],
                                   "reference": {"resource": "events", "fields": ["event_id"]}}]}
        )  # fmt: skip
        resources.append({
            "name": name, "path": f"{name}.csv", "profile": "tabular-data-resource", "format": "csv",
            "mediatype": "text/csv", "encoding": "utf-8", "schema": {"fields": fields, "missingValues": [""], **key},
        })  # fmt: skip
    return {
        "profile": "tabular-data-package",
        "name": "legation-events",
        "title": "Political events",
        "version": __version__,
        "resources": resources,
    }
