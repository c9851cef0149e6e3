"""Which country an actor has whose own words tell none: of the countries that its report tells of, the likeliest.

Each candidate is scored by what speaks for it (told of in the title, nearest before, most often …). The weights are
those of the table `inheritance`, a multinomial logistic regression fitted by training/fit_inheritance.py.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

from legation.schema import UNKNOWN
from legation.tables import rows

LEAD = 4
"""A report of at most so many sentences is a lead."""
MANY = 3
"""A report of more countries tells less by each of them."""
BODIES = frozenset(["UNO", "EUR", "IGO", "NGO", "MNC", "IMG", "ISM"])
"""Codes in the place of a country that are no states."""
_TITLE = -1


class Told(NamedTuple):
    """A country told of in the report: sentence (-1: title), offset there, how it is told, and of whom it is told."""

    sentence: int
    at: int
    country: str
    how: str
    sectors: tuple[str, ...]


class Query(NamedTuple):
    """An actor whose own words tell no country: kind of words, sectors, sentence and offset, and what else may tell.

    `default` is the country that a body of its name has elsewhere, `owner` that of whom "its" or "our" stands for,
    `head` the last word.
    """

    form: str
    sectors: tuple[str, ...]
    sentence: int
    at: int
    others: frozenset[str]
    default: str
    owner: str
    head: str


class CountriesTold:
    """The countries that a report of `sentences` sentences tells of, in the order of its text."""

    def __init__(self, told: Sequence[Told], sentences: int) -> None:
        self.all, self._sentences = told, sentences
        self._told: dict[str, list[Told]] = {}
        self._here: dict[int, list[Told]] = {}
        self._alike: dict[tuple[str, ...], list[Told]] = {}
        for one in told:
            self._told.setdefault(one.country, []).append(one)
            self._here.setdefault(one.sentence, []).append(one)
            self._alike.setdefault(one.sectors, []).append(one)
        self._hows = {country: Counter(t.how for t in told if t.sentence >= 0) for country, told in self._told.items()}
        self._most_told = max(map(len, self._told.values()), default=0)

    def of_sentence(self, number: int) -> Sequence[Told]:
        """The countries told of in a sentence (-1: the title)."""
        return self._here.get(number, ())

    def last_sectors(self, country: str, sentence: int) -> tuple[str, ...]:
        """The sectors of whom the country was last told of, up to a sentence; empty where it was not."""
        before = [told.sectors for told in self._told.get(country, ()) if told.sentence <= sentence]
        return before[-1] if before else ()

    def inherit(self, query: Query) -> str:
        """The country that an actor without its own most likely has, by the weights of the table `inheritance`."""
        weights, pairs = _inheritance()
        scores = {
            country: sum(weights.get(name, 0.0) for name in self._singly(country, claims, query))
            + sum(pairs.get(pair, 0.0) for pair in combinations(claims, 2))
            for country, claims in self._claims(query).items()
        }
        return max(scores, key=lambda country: scores[country])

    def evidence(self, query: Query) -> dict[str, list[str]]:
        """What speaks for each candidate: none, the countries told of in the report, the one a body has by default."""
        return {
            country: [*self._singly(country, claims, query), *map(" & ".join, combinations(claims, 2))]
            for country, claims in self._claims(query).items()
        }

    def _singly(self, country: str, claims: list[str], query: Query) -> list[str]:
        """Each claim as such, for words of its form, and in a long report; and how usual the country is for them."""
        long = [f"long {claim}" for claim in claims] if self._sentences > LEAD else []
        usual = f"is {country}" if country != UNKNOWN else f"of {query.head}"
        return [*claims, usual, *(f"{query.form} {claim}" for claim in (*claims, usual)), *long]

    def _claims(self, query: Query) -> dict[str, list[str]]:
        """Candidate -> its claims, in the order of the alphabet."""
        found = {c: {"body" if c in BODIES else "state"} for c in (*self._told, query.default) if c}
        for claim, countries in (*self._places_told(query), *self._order_told(query)):
            for country in countries:
                if country in found:
                    found[country].add(claim)
        return {UNKNOWN: ["unknown"]} | {country: sorted(claims) for country, claims in found.items()}

    def _places_told(self, query: Query) -> Iterator[tuple[str, Iterable[str]]]:
        """Where and how a country is told of: in the title, the sentence, or elsewhere."""
        here = self._here.get(query.sentence, ()) if query.sentence != _TITLE else ()
        for where, mentions in (("title", self._here.get(_TITLE, ())), ("here", here)):
            yield where, [mention.country for mention in mentions]
            for mention in mentions:
                yield f"{where} {mention.how}", [mention.country]
        for country, hows in self._hows.items():
            left = hows - Counter(mention.how for mention in here if mention.country == country)
            for how in left:
                yield f"elsewhere {how}", [country]
            yield "elsewhere", [country] if left else []

    def _order_told(self, query: Query) -> Iterator[tuple[str, Iterable[str]]]:
        """Which countries are told of nearest, first, most, in the same sectors, or by other words."""
        here, order = self._here.get(query.sentence, []), [m.country for m in self._here.get(query.sentence, [])]
        told = {country: len(mentions) for country, mentions in self._told.items()}
        earlier = next((self._here[s] for s in range(query.sentence - 1, _TITLE, -1) if s in self._here), [])
        same = self._alike.get(query.sectors, [])
        before_it = bisect_left(same, (query.sentence, query.at), key=lambda mention: mention[:2])
        yield "only here", order if len(set(order)) == 1 else ()
        yield "only one", told if len(told) == 1 else ()
        yield "nearest before", [m.country for m in here if m.at < query.at][-1:]
        yield "nearest after", [m.country for m in here if m.at > query.at][:1]
        yield "nearest", [min(here, key=lambda m: abs(m.at - query.at)).country] if here else ()
        yield "first here", order[:1]
        yield "none here", () if here else told
        yield "first", list(told)[:1]
        yield "most told", [country for country, times in told.items() if times == self._most_told]
        yield "many told", told if len(told) > MANY else ()
        yield "title first", [m.country for m in self._here.get(_TITLE, [])[:1]]
        yield "earlier last", [m.country for m in earlier[-1:]]
        yield "earlier first", [m.country for m in earlier[:1]]
        yield "earlier", [m.country for m in earlier]
        yield "same sectors", {m.country for m in same}
        yield "same sectors last", [m.country for m in same[max(0, before_it - 1) : before_it]]
        yield "told often", [country for country, times in told.items() if 3 * times > len(self.all)]
        yield "told once", [country for country, times in told.items() if times == 1]
        yield "other side", query.others
        yield "no other side", () if query.others else told
        yield "default", [query.default]
        yield "owner", [query.owner]


@cache
def _inheritance() -> tuple[dict[str, float], dict[tuple[str, ...], float]]:
    """Weights of single pieces of evidence, and of two claims together."""
    weights = {row["evidence"]: float(row["weight"]) for row in rows("inheritance")}
    return weights, {tuple(name.split(" & ")): weight for name, weight in weights.items() if " & " in name}
