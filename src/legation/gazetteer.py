"""The gazetteer: every place name that is known, the places that bear it, and where such names stand in a text.

Names come from GeoNames' populated places and divisions (`tables/gazetteer.tsv.gz`, CC BY 4.0, made by
training/make_gazetteer.py), and from the tables of countries, nationalities, and regions, seas and sites.
"""

import gzip
import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from legation.tables import rows


@dataclass(frozen=True, slots=True)
class Place:
    """A place. `kind` is country, division (of first order), county (a division of second order), city, or the kind of
    a row in regions.csv; `country` is ISO alpha-3.
    """

    name: str
    kind: str
    country: str | None
    admin1: str | None
    lat: float | None
    lon: float | None
    population: int
    place_id: str | None


@dataclass(frozen=True, slots=True)
class Toponym:
    """Characters [start, end) that name a place, and the places they may name.

    `adjective`: the words are a nationality ("Iraqi"), which tells a country but names no place.
    """

    start: int
    end: int
    places: tuple[Place, ...]
    adjective: bool = False

    @property
    def country(self) -> str | None:
        """The country that these words themselves name, though a smaller place may be called so too ("Georgia")."""
        return self.places[0].country if self.places[0].kind == "country" else None


@lru_cache(1 << 14)
def fold(name: str) -> str:
    """The key of a name: no accents, no punctuation, case folded, single blanks."""
    if name.isascii() and name.isalpha():
        return name.casefold()
    name = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w\s]", " ", re.sub(r"['’‘ʻʼ`.]", "", name)).casefold().split())


_PROMINENT = 3_000_000
"""Population that a region, sea or site counts as: whoever names one seldom means a village of that name."""


class Gazetteer:
    """Places by folded name: about 35 MB, read in about 0.15 s. `gazetteer()` keeps the one of the process."""

    def __init__(self) -> None:
        packed = files("legation.tables").joinpath("gazetteer.tsv.gz").read_bytes()
        self._lines = gzip.decompress(packed)  # whole: half a million objects would be twice as large
        self._starts = _line_starts(self._lines)
        self._countries = _countries()
        self._regions = _regions()
        of_iso3 = {place.country: (place,) for (place,) in self._countries.values()}
        self._adjectives = {
            fold(name): of_iso3[row["iso3"]]
            for row in rows("demonyms")
            if row["iso3"] in of_iso3
            for name in row["demonyms"].split("|")
        }
        self._capitals = {(row["name"], row["iso3"]) for row in rows("capitals") if row["kind"] == "capital"}
        self.named = lru_cache(1 << 14)(self._named)

    def nationality(self, key: str) -> tuple[Place, ...]:
        """The country whose people or things are called so."""
        return self._adjectives.get(key, ())

    def region(self, key: str) -> tuple[Place, ...]:
        """The region, sea, river, mountain or site of that name."""
        return self._regions.get(key, ())

    def divisions(self, key: str) -> tuple[Place, ...]:
        """First-order divisions of that name, also where a country bears it."""
        return tuple(place for place in self._listed(key) if place.kind == "division")

    def _named(self, key: str) -> tuple[Place, ...]:
        """A region of that name alone; else a country, then its cities and divisions, the most populous first.

        Where it is the very name of a capital, places that bear it beside their own are meant by nobody: Islamabad is
        also an old name of Chattogram, which is larger.
        """
        region = self._regions.get(key)
        if region and region[0].kind != "division":
            return region
        listed = sorted(self._listed(key), key=lambda place: (-place.population, place.place_id or ""))
        if any((place.name, place.country) in self._capitals and fold(place.name) == key for place in listed):
            listed = [place for place in listed if fold(place.name) == key]
        return (*self._countries.get(key, ()), *listed)

    def _listed(self, key: str) -> list[Place]:
        """Cities and divisions of that name; what the table of regions says of a division holds rather."""
        found = []
        for fields in self._fields(key):
            mains = [fields] if len(fields) > 3 else self._fields(fields[1])
            found += [_place(main) for main in mains if main[-1] == fields[-1]]
        known = [place for place in self.region(key) if place.kind == "division"]
        for place in known:
            same = [i for i, p in enumerate(found) if p.kind == "division" and p.country == place.country]
            if same:
                listed = found[same[0]]
                found[same[0]] = replace(place, admin1=listed.admin1, place_id=listed.place_id)
            else:
                found.append(place)
        return found

    def _fields(self, key: str) -> list[list[str]]:
        prefix, found = key.encode() + b"\t", []
        first = bisect_left(self._starts, prefix, key=lambda at: self._lines[at : at + len(prefix)])
        for start in map(int, self._starts[first:]):
            if not self._lines.startswith(prefix, start):
                break
            end = self._lines.find(b"\n", start)
            found.append(self._lines[start : end if end >= 0 else None].decode().split("\t"))
        return found


def _line_starts(data: bytes) -> npt.NDArray[np.int32]:
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    return np.concatenate([[0], ends + 1]).astype(np.int32)


@cache
def gazetteer() -> Gazetteer:
    """The gazetteer, read once."""
    return Gazetteer()


def _countries() -> dict[str, tuple[Place, ...]]:
    points = {row["iso3"]: (float(row["lat"]), float(row["lon"])) for row in rows("country_points")}
    found: dict[str, tuple[Place, ...]] = {}
    for row in rows("countries"):
        lat, lon = points.get(row["iso3"], (None, None))
        place = Place(row["name"], "country", row["iso3"], None, lat, lon, 10 * _PROMINENT, row["iso3"])
        for name in filter(None, (row["name"], *row["aliases"].split("|"))):
            found.setdefault(fold(name), (place,))
    return found


def _regions() -> dict[str, tuple[Place, ...]]:
    found: dict[str, tuple[Place, ...]] = {}
    for row in rows("regions"):
        at = float(row["lat"]), float(row["lon"])
        admin1 = row["name"] if row["kind"] == "division" else None
        place = Place(row["name"], row["kind"], row["country"] or None, admin1, *at, _PROMINENT, None)
        for name in filter(None, (row["name"], *row["aliases"].split("|"))):
            found.setdefault(fold(name), (place,))
    return found


_KINDS = {"A1": "division", "A2": "county", "P": "city"}


def _place(fields: list[str]) -> Place:
    _, feature, name, country, admin1, lat, lon, population, identifier = fields
    at = float(lat), float(lon)
    return Place(name, _KINDS[feature], country, admin1 or None, *at, int(population), f"geonames:{identifier}")


# Toponyms in text -------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[A-Z](?:\.[A-Z])+\b|\w+(?:['’‘ʻ]\w+)*")
_LONGEST = 5
"""Words in the longest name that is looked for."""
_DIRECTION = re.compile(r"(?:north|south|east|west|central|upper|lower)\w*", re.I)
_MODIFIER = re.compile(r"-(?:led|backed|based|born|style|controlled|run|made|trained)\b")
_COMMA = re.compile(r",\s*$")
_IN = re.compile(r"\b(?:in|near|outside)\s+$")


@cache
def _uses() -> dict[str, str]:
    return {row["word"]: row["use"] for row in rows("no_places")}


@cache
def _states() -> dict[str, str]:
    return {row["abbreviation"].rstrip("."): row["state"] for row in rows("state_abbreviations")}


def toponyms(text: str, start: int, end: int) -> list[Toponym]:
    """Names of places and nationalities in text[start:end], longest first at each word, none overlapping."""
    words = [match.span() for match in _WORD.finditer(text, start, end)]
    found: list[Toponym] = []
    at = 0
    while at < len(words):
        toponym = _toponym_at(text, words[at : at + _LONGEST], len(words) == 1)
        if toponym:
            found.append(toponym)
        at += 1
        while toponym and at < len(words) and words[at][0] < toponym.end:
            at += 1
    return found


def _toponym_at(text: str, words: list[tuple[int, int]], alone: bool) -> Toponym | None:
    """The longest toponym that begins at the first of a few words; `alone`: there are no others."""
    begin = words[0][0]
    if not (text[begin].isupper() or _DIRECTION.fullmatch(text, *words[0])):
        return None
    joined = 1
    while joined < len(words) and text[words[joined - 1][1] : words[joined][0]] in (" ", "-", ". ", "\n"):
        joined += 1
    inner = text[max(begin - 1, 0) : begin] == "-" and text[: begin - 1][-1:].isalpha()
    for last, stop in reversed(words[:joined]):
        if toponym := _toponym(text, begin, last, stop, alone):
            # "Jean-Bertrand" is nobody's town, but "Gaza-Egypt border" names Egypt.
            return None if inner and not toponym.country else toponym
    return None


def _toponym(text: str, begin: int, last: int, stop: int, alone: bool) -> Toponym | None:
    """The toponym that text[begin:stop] is as a whole; its last word begins at `last`."""
    stop -= 2 if text[stop - 2 : stop] in ("'s", "’s") and stop - begin > 2 else 0
    if _MODIFIER.match(text, stop):
        return None
    names, words = gazetteer(), text[begin:stop]
    key = fold(words)
    if not (text[begin].isupper() and text[last].isupper()):
        return Toponym(begin, stop, places) if (places := names.region(key)) else None
    if words in _states() and ("." in words or alone or _COMMA.search(text, max(0, begin - 3), begin)):
        return Toponym(begin, stop, names.divisions(fold(_states()[words])))
    if len(key) <= 2 and not words.isupper():
        return None
    if (places := names.nationality(key)) and not names.region(key):
        return Toponym(begin, stop, places, adjective=True)
    use = None if names.region(key) else _uses().get(key)
    if use == "never" or (use == "seldom" and not alone and not _IN.search(text, max(0, begin - 10), begin)):
        return None
    return Toponym(begin, stop, places) if (places := names.named(key)) else None
