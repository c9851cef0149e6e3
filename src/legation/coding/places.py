"""Where: the toponym inside a phrase, and which of the places of that name the report means.

Candidates are ranked by what the phrase and the report say (the countries and divisions they name, places nearby) and
by population: a writer who means a far or small namesake says so.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import mul
from typing import NamedTuple

from legation.gazetteer import Gazetteer, Place, Toponym, fold, gazetteer, toponyms
from legation.schema import Argument, Reading, Report, Span, Where
from legation.tables import rows

__all__ = ["Gazetteer", "PlaceResolver"]

# What the report says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Hint:
    """A country, and perhaps a division and a point, that the report speaks of at an offset (-1: its title)."""

    at: int
    key: str
    country: str
    admin1: str | None
    point: tuple[float, float] | None
    weight: float


class _Rest(NamedTuple):
    """Weight of each country, and how often each division and point is told of, in the hints of a report but some."""

    weights: dict[str, float]
    divisions: Counter[tuple[str | None, str | None]]
    points: Counter[tuple[float, float]]


_LOCATIVE = re.compile(
    r"\b(?:in|at|near|from|outside|around|across|throughout|inside|of|to)\s+(?:the\s+)?(?:\w+ern\s+)?$"
)
_DATELINE = re.compile(r"[^\n]{0,40}?(?:\([A-Z][^)]{1,20}\)\s*)?(?:--|-|—|–|:)\s")


def _told(text: str, named: list[Toponym]) -> dict[str, Place]:
    """Folded names that the text places once in full ("Glasgow, Ky."), which holds wherever it names them again."""
    told: dict[str, Place] = {}
    for inner, following in pairwise(named):
        if not re.fullmatch(r"\s*[,(]\s*", text[inner.end : following.start]) or following.adjective:
            continue
        for outer in following.places:
            if place := next((place for place in inner.places if _holds(outer, place)), None):
                told.setdefault(fold(text[inner.start : inner.end]), place)
                told.setdefault(fold(text[following.start : following.end]), outer)
                break
    return told


def _hints(text: str, offset: int, named: list[Toponym], told: dict[str, Place]) -> list[_Hint]:
    """What each toponym of a text that is plain without context says about where the report plays."""
    hints = []
    for toponym in named:
        key = fold(text[toponym.start : toponym.end])
        place, sure = (told[key], True) if key in told else _plain(text, toponym)
        if place is None or place.country is None:
            continue
        located = bool(_LOCATIVE.search(text, max(0, toponym.start - 25), toponym.start))
        # A power that acts abroad is named everywhere ("U.S. troops"), so a country that only modifies tells little.
        modifies = toponym.adjective or (
            toponym.country and not located and text[toponym.start : toponym.end].isupper()
        )
        weight = 0.5 if modifies else 1.0 + located
        if toponym.start < 30 and _DATELINE.match(text, toponym.end):
            weight += 1.0
        point = (place.lat, place.lon) if sure and place.lat is not None and place.lon is not None else None
        hints.append(_Hint(toponym.start + offset, key, place.country, place.admin1, point, weight))
    return hints


def _plain(text: str, toponym: Toponym) -> tuple[Place | None, bool]:
    """The place that a toponym names whatever the context, and whether it is a point rather than a large area."""
    best = toponym.places[0]
    if toponym.country:
        return best, False
    if best.kind not in ("city", "division"):
        return best, True
    rival = max((place.population for place in toponym.places if place.country != best.country), default=0)
    if rival == 0 and " " in text[toponym.start : toponym.end]:
        return best, len(toponym.places) == 1
    return (best, best.kind == "city") if best.population > 100_000 and best.population > 5 * rival else (None, False)


def _holds(outer: Place, place: Place) -> bool:
    """Whether a country, a division or a region is said to hold a place."""
    if outer.kind == "division":
        within = place.admin1 == outer.admin1 and place.name != outer.name
        return within and place.country == outer.country and place.kind in ("city", "county")
    return outer.kind in ("country", "region") and place.country == outer.country and place.kind != "country"


# Which place ------------------------------------------------------------------------------------------------------

_SENTENCE = 2.0
"""What is named in the deed's own sentence counts this much more."""
_CLEAR = 0.4
"""Share of a report's hints that one country must exceed to be where an unnamed place ("the hotel") is taken to be."""
_NEAR_DEGREES = 2.0
_FOREIGN = re.compile(
    r"[\s-]+(?:\w+[\s-]+){0,2}?(?:embassy|embassies|consulate|mission|base|troops|soldiers|forces|border|carrier)\b",
    re.I,
)
_BORDERING = re.compile(r"\bborder(?:ing|s)?\s+(?:with\s+)?(?:the\s+)?$", re.I)
_UNIT_AFTER = re.compile(r"\s+(?:province|governorate|state|region|oblast|county|district|territory)\b", re.I)
_UNIT_BEFORE = re.compile(r"\b(?:province|state|region|governorate)\s+of\s+$", re.I)
_TOWN_BEFORE = re.compile(r"\b(?:city|town|village|suburb|slum|port|capital|district|camp)\s+(?:of\s+)?$", re.I)


_Cell = tuple[int, int]
"""A square of a degree."""
_MOST_CELLS = 30
"""Places of a name whose cells are kept, the most populous first: one of more tells nothing about where it is."""


class PlaceResolver:
    """Resolves the places of one report; what the report says of where it plays is read once."""

    def __init__(self, report: Report, readings: Sequence[Reading] = ()) -> None:
        self._text = report.text
        self._people = sorted((n.start, n.end) for reading in readings for n in reading.names if n.label == "PER")
        named = self._toponyms(0, len(report.text))
        self._told = _told(report.text, named)
        self._hints = _hints(report.text, 0, named, self._told)
        named_title: list[Toponym] = []
        if title := report.title:
            named_title = toponyms(title, 0, len(title))
            self._hints += _hints(title, -1 - len(title), named_title, self._told)
        self._hints.sort(key=lambda hint: hint.at)
        self._weights: dict[str, float] = defaultdict(float)
        self._by_key: dict[str, list[_Hint]] = defaultdict(list)
        for hint in self._hints:
            self._weights[hint.country] += hint.weight
            self._by_key[hint.key].append(hint)
        self._divisions: Counter[tuple[str | None, str | None]] = Counter(
            (hint.country, hint.admin1) for hint in self._hints if hint.admin1
        )
        self._points = Counter(hint.point for hint in self._hints if hint.point)
        self._rests: dict[str, _Rest] = {}
        self._cells_of = _cells(title or "", named_title) | _cells(report.text, named)
        self._cells: defaultdict[_Cell, float] = defaultdict(float)
        for cells in self._cells_of.values():
            for cell in cells:
                self._cells[cell] += 1 / len(cells)

    def resolve(self, argument: Argument, sentence: Span) -> Where | None:
        """The place that an argument tells, or None where its words hold no letter or digit.

        A phrase that names no place ("a hotel") gets the country that the report is clearly about, or none, and no
        point. `sentence` is the deed's: what it names counts more than what the rest of the report does.
        """
        span = argument.span
        if not re.search(r"\w", span.text):
            return None
        named = [t for t in self._toponyms(span.start, span.end) if not self._elsewhere(t, span)]
        place = self._place(named, span, sentence)
        if place is None:
            country = next((t.country for t in named if t.country), None) or _clear(self._countries(sentence))
            return Where(span, span.text, country, None, None, None, None)
        return Where(span, place.name, place.country, place.admin1, place.lat, place.lon, place.place_id)

    def _toponyms(self, start: int, end: int) -> list[Toponym]:
        """Toponyms that are not part of a person's name."""
        found = toponyms(self._text, start, end)
        return [t for t in found if not self._is_person(t.start)]

    def _is_person(self, at: int) -> bool:
        before = bisect_right(self._people, at, key=lambda person: person[0])
        return before > 0 and at < self._people[before - 1][1]

    def _elsewhere(self, toponym: Toponym, span: Span) -> bool:
        """Whether words only qualify a place that lies elsewhere: "the Australian embassy", "the Afghan border"."""
        if not toponym.country:
            return False
        return bool(
            _FOREIGN.match(self._text, toponym.end, span.end)
            or _BORDERING.search(self._text, span.start, toponym.start)
        )

    def _countries(self, sentence: Span, without: str = "") -> dict[str, float]:
        """Weight of each country in the report's hints, the sentence's counted more, those of one name left out."""
        weights = defaultdict(float, self._rest(without).weights)
        first = bisect_left(self._hints, sentence.start, key=lambda hint: hint.at)
        last = bisect_left(self._hints, sentence.end, key=lambda hint: hint.at)
        for hint in self._hints[first:last]:
            if hint.key != without:
                weights[hint.country] += hint.weight * _SENTENCE
        return weights

    def _rest(self, key: str) -> _Rest:
        """The report's hints without those of one name; kept, or a report of many names would take their square."""
        if key not in self._rests:
            own = self._by_key.get(key, ())
            divisions: Counter[tuple[str | None, str | None]] = Counter((h.country, h.admin1) for h in own if h.admin1)
            weights = defaultdict(float, self._weights)
            for hint in own:
                weights[hint.country] -= hint.weight
            self._rests[key] = _Rest(
                weights,
                self._divisions - divisions,
                self._points - Counter(hint.point for hint in own if hint.point),
            )
        return self._rests[key]

    def _place(self, named: list[Toponym], span: Span, sentence: Span) -> Place | None:
        """The most local place that a phrase names: its country only where it names nothing smaller."""
        told: list[str] = []
        chosen: dict[Toponym, Place] = {}
        for t in named:
            if t.country and (best := self._best(t, [], sentence)).kind == "country":
                told.append(t.country)
            elif t.country:
                chosen[t] = best
        local = [(t, chosen.get(t) or self._best(t, told, sentence)) for t in named if t in chosen or not t.country]
        if local:
            within = [pair for pair in local if pair[1].country in told or pair[1].country is None or not told]
            if within:
                return _most_local(within, self._text)
        if re.search(r"\bcapital\b", span.text, re.I):
            country = told[0] if told else _clear(self._countries(sentence))
            return _capital(country) if country else None
        return next((t.places[0] for t in named if t.country in told and not t.adjective), None)

    def _best(self, toponym: Toponym, told: list[str], sentence: Span) -> Place:
        """The candidate that phrase, report and population speak for; `told`: countries that the phrase names."""
        if len(toponym.places) == 1:
            return toponym.places[0]
        key = fold(self._text[toponym.start : toponym.end])
        if key in self._told:
            return self._told[key]
        places = self._meant(toponym, told)
        scores = [sum(map(mul, _weights(), values)) for values in self.features(key, places, sentence)]
        return places[scores.index(max(scores))]

    def _meant(self, toponym: Toponym, told: list[str]) -> Sequence[Place]:
        """The places of a toponym that the words around it leave: in a country they name, a province, a town."""
        text, start, places = self._text, toponym.start, toponym.places
        within = [place for place in places if place.country in told] or places
        if _UNIT_AFTER.match(text, toponym.end) or _UNIT_BEFORE.search(text, max(0, start - 30), start):
            return [place for place in within if place.kind in ("division", "county")] or within
        if _TOWN_BEFORE.search(text, max(0, start - 30), start):
            return [place for place in within if place.kind == "city"] or within
        return within

    def features(self, key: str, places: Sequence[Place], sentence: Span) -> list[tuple[float, ...]]:
        """What speaks for each of the places of a folded name, in the order of the rows of place_ranking.csv."""
        countries = self._countries(sentence, without=key)
        total = sum(countries.values()) or 1.0
        _, divisions, points = self._rest(key)
        said = divisions.total() or 1
        cells, own = self._cells, self._cells_of.get(key, frozenset())
        out: list[tuple[float, ...]] = []
        for place in places:
            city = place.kind == "city"
            times = divisions[place.country, place.admin1] if place.admin1 else 0
            out.append(
                (
                    math.log10(place.population + 100),
                    float(fold(place.name) == key),
                    float(city and (place.population > 1_000_000 or _is_capital(place))),
                    countries.get(place.country or "", 0.0) / total,
                    float(times > 0),
                    times / said,
                    float(min(2, sum(1 for point in points if _near(point, place)))),
                    math.log1p(_support(cells, own, place)),
                    float(city),
                    float(place.kind == "county"),
                    float(place.kind == "country"),
                )
            )
        return out


def _cells(text: str, named: Sequence[Toponym]) -> dict[str, frozenset[_Cell]]:
    """The cells in which the places of each name of a text lie, nationalities and countries left out."""
    return {
        fold(text[t.start : t.end]): frozenset(cell for place in t.places[:_MOST_CELLS] if (cell := _cell(place)))
        for t in named
        if not t.adjective and not t.country
    }


def _cell(place: Place) -> _Cell | None:
    return None if place.lat is None or place.lon is None else (round(place.lat), round(place.lon))


def _support(cells: dict[_Cell, float], own: frozenset[_Cell], place: Place) -> float:
    """How many of the report's other names may lie near a place: one that may lie in n cells counts 1 / n in each."""
    cell = _cell(place)
    if cell is None or place.kind == "country":
        return 0.0
    around = [(cell[0] + north, cell[1] + east) for north in (-1, 0, 1) for east in (-1, 0, 1)]
    return max(0.0, sum(cells[other] - (1 / len(own) if other in own else 0.0) for other in around if other in cells))


def _near(point: tuple[float, float], place: Place) -> bool:
    if place.lat is None or place.lon is None:
        return False
    return abs(point[0] - place.lat) < _NEAR_DEGREES and abs(point[1] - place.lon) < _NEAR_DEGREES


def _most_local(pairs: list[tuple[Toponym, Place]], text: str) -> Place:
    """Of the places that one phrase names: the one inside the others, else the first.

    "the Baghdad slum of Sadr City" is in Sadr City; "Kursk station in Moscow" is in Moscow, for Kursk is not.
    """
    first, chosen = pairs[0]
    for toponym, place in pairs[1:]:
        near = chosen.lat is not None and chosen.lon is not None and _near((chosen.lat, chosen.lon), place)
        inside = near and place.population < chosen.population and place.kind != "division"
        apart = not near and re.search(r"\b(?:in|near|at|outside)\s", text[first.end : toponym.start])
        if inside or chosen.country is None or (apart and place.country != chosen.country):
            first, chosen = toponym, place
    return chosen


def _clear(countries: dict[str, float]) -> str | None:
    """The one country that a report plays in, if its hints agree."""
    best = max(sorted(countries), key=lambda country: countries[country], default=None)
    return best if best and countries[best] > _CLEAR * sum(countries.values()) else None


@cache
def _weights() -> tuple[float, ...]:
    return tuple(float(row["weight"]) for row in rows("place_ranking"))


@cache
def _capitals() -> dict[str, str]:
    return {row["iso3"]: row["name"] for row in reversed(rows("capitals")) if row["kind"] == "capital"}


def _is_capital(place: Place) -> bool:
    return _capitals().get(place.country or "") == place.name


def _capital(country: str) -> Place | None:
    places = gazetteer().named(fold(_capitals().get(country, "")))
    return next((place for place in places if place.country == country), None)
