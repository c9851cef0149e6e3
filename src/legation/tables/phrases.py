"""Phrases of the tables in a text: countries, peoples, capitals, places, bodies, persons in office, roles.

The longest phrase wins. Names must be written as names (capital first, acronyms in capitals); case, accents, full stops
in abbreviations and a possessive 's make no other difference.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from legation.schema import UNKNOWN
from legation.tables import rows

_WORD = re.compile(r"(?:(?:[^\W\d_]\.)+[^\W\d_]\b\.?(?:['’][sS]\b)?|[^\W_]+(?:['’][^\W_]+)*)")
_POSSESSIVE = re.compile(r"['’][sS]$")


class Meaning(NamedTuple):
    """What a phrase of the tables stands for. `kind`: country demonym capital place body person role.

    Not `strong`: a role that says little ("leader"), or a body whose like other countries have ("Congress").
    `since` and `until` are months ("2004-08") of a term of office, `until` empty where it lasts.
    """

    kind: str
    country: str = ""
    sectors: tuple[str, ...] = ()
    name: str = ""
    strong: bool = True
    since: str = ""
    until: str = ""


class Item(NamedTuple):
    """A word of no known meaning, or a phrase of the tables, with its place in the text it was read from."""

    start: int
    end: int
    text: str
    keys: tuple[str, ...]
    meanings: tuple[Meaning, ...] = ()

    @property
    def kind(self) -> str:
        return self.meanings[0].kind if self.meanings else ""


@lru_cache(1 << 16)
def _key(word: str) -> str:
    plain = _POSSESSIVE.sub("", word.replace("’", "'")).replace(".", "").lower()
    if plain.isascii():
        return plain
    folded = unicodedata.normalize("NFKD", plain.replace("ı", "i"))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def keys_of(phrase: str) -> tuple[str, ...]:
    return tuple(_key(word) for word in _WORD.findall(phrase))


@cache
def words_for(use: str) -> frozenset[str]:
    return frozenset(row["word"] for row in rows("actor_words") if row["use"] == use)


def _plural(phrase: str) -> Iterator[str]:
    yield phrase
    if phrase.endswith("man"):
        yield phrase[:-2] + "en"
    elif phrase.endswith("y") and phrase[-2:-1] not in "aeou":
        yield phrase[:-1] + "ies"
    else:
        yield phrase + ("es" if phrase.endswith(("s", "x", "ch", "sh")) else "s")


def _entries() -> Iterator[tuple[str, Meaning]]:
    for row in rows("countries"):
        for form in (row["name"], *row["aliases"].split("|")):
            yield form, Meaning("country", row["iso3"], ("GOV",), row["name"])
    for row in rows("demonyms"):
        for form in row["demonyms"].split("|"):
            yield form, Meaning("demonym", row["iso3"])
    for row in rows("capitals"):
        yield row["name"], Meaning("capital", row["iso3"], tuple(row["sectors"].split()), row["name"])
    for row in rows("localities"):
        yield row["name"], Meaning("place", row["iso3"], (), row["name"])
    for row in rows("organisations"):
        for form in (row["name"], *row["aliases"].split("|")):
            sure = not row["country"].endswith("?")
            yield form, Meaning("body", row["country"].rstrip("?"), tuple(row["sectors"].split()), row["name"], sure)
    for row in rows("offices"):
        for form in (row["holder"], *row["aliases"].split("|")):
            yield form, _holder(row)
    for row in rows("roles"):
        for form in _plural(row["role"]):
            yield form, Meaning("role", "", tuple(row["sectors"].split()), "", row["strength"] == "strong")


def _holder(row: dict[str, str]) -> Meaning:
    sectors = tuple(row["sectors"].split())
    return Meaning("person", row["country"], sectors, row["holder"], True, row["from"], row["to"])


@cache
def _lexicon() -> dict[str, list[tuple[tuple[str, ...], str, list[Meaning]]]]:
    """First word -> phrases that begin with it, longest first: (keys, form in the table, meanings)."""
    phrases: dict[tuple[tuple[str, ...], bool], tuple[str, list[Meaning]]] = {}
    for form, meaning in _entries():
        if keys := keys_of(form):
            known, meanings = phrases.get((keys, meaning.kind == "role"), (form, []))
            # "NATO" and "Nato" are both written: the form that asks less of the writer decides.
            phrases[keys, meaning.kind == "role"] = (
                form if known.isupper() or form.islower() else known,
                [*meanings, meaning],
            )
    lexicon: dict[str, list[tuple[tuple[str, ...], str, list[Meaning]]]] = {}
    for (keys, _), (form, meanings) in phrases.items():
        lexicon.setdefault(keys[0], []).append((keys, form, meanings))
    for found in lexicon.values():
        found.sort(key=lambda phrase: -len(phrase[0]))
    return lexicon


@cache
def _openers() -> frozenset[str]:
    return frozenset(row["word"] for row in rows("sentence_openers"))


@cache
def _surnames() -> dict[str, list[Meaning]]:
    """Last name (first name too where people are called by it) -> holders of offices, most prominent first."""
    surnames: dict[str, list[Meaning]] = {}
    called_by_first_name = {row["iso3"] for row in rows("first_names")}
    for row in rows("offices"):
        keys = keys_of(row["holder"])
        first_too = row["country"] in called_by_first_name
        for key in {keys[-1], keys[0]} if first_too else {keys[-1]}:
            surnames.setdefault(key, []).append(_holder(row))
    return surnames


def _fits(form: str, words: Sequence[str], kind: str) -> bool:
    """A name must be written as a name: capital first, and an acronym in capitals ("US" is not "us")."""
    if kind == "role":
        return True
    if len(words) == 1 and len(form) < 6 and form.replace(".", "").isupper():
        return _POSSESSIVE.sub("", words[0]).replace(".", "").isupper()
    return words[0][0].isupper() or words[-1][0].isupper() or not form[0].isupper()


def read_phrases(text: str) -> list[Item]:
    """The words of `text`, with the phrases that the tables know joined and given their meanings."""
    found = [(match.start(), match.end(), match.group()) for match in _WORD.finditer(text)]
    keys = tuple(_key(word) for _, _, word in found)
    lexicon, items, at = _lexicon(), list[Item](), 0
    while at < len(found):
        size = 1
        meanings: tuple[Meaning, ...] = ()
        for phrase, form, known in lexicon.get(keys[at], ()):
            if keys[at : at + len(phrase)] != phrase:
                continue
            if _fits(form, [word for _, _, word in found[at : at + len(phrase)]], known[0].kind):
                size, meanings = len(phrase), tuple(known)
                break
        start, end = found[at][0], found[at + size - 1][1]
        if meanings and meanings[0].kind != "role" and _detached(text, end, keys, at, size):
            meanings = ()
        items.append(Item(start, end, text[start:end], keys[at : at + size], meanings))
        at += size
    return [_surname(items, n) for n in range(len(items))]


def _detached(text: str, end: int, keys: Sequence[str], at: int, size: int) -> bool:
    """ "Iran-backed militia", "anti-American protest": the country is not the actor's own."""
    after = keys[at + size] if at + size < len(keys) else ""
    return (text[end : end + 1] == "-" and after in words_for("detaching")) or (
        at > 0 and keys[at - 1] in words_for("opposing")
    )


def is_speaker(item: Item) -> bool:
    """ "We" and "us"; not the "US"."""
    return not item.meanings and item.keys[0] in words_for("speaker")


def is_name(item: Item) -> bool:
    return not item.meanings and item.text[0].isupper()


def _another_follows(items: list[Item], n: int) -> bool:
    """ "Christopher Hill" is not Mr. Christopher, "Bush Tuesday" can be Mr. Bush."""
    after = items[n + 1] if n + 1 < len(items) else None
    return after is not None and after.start == items[n].end + 1 and is_name(after) and not _day(after)


def _day(item: Item) -> bool:
    return item.keys[0].endswith("day")


def _surname(items: list[Item], n: int) -> Item:
    """An unknown capitalised word as the last name of a holder of office, unless another's full name ends in it.

    "Blair", "Mr. Blair", "Vladimir V. Putin"; not "Sean Blair".
    """
    item = items[n]
    if not is_name(item) or item.text in _openers():
        return item
    holders = _surnames().get(item.keys[0], [])
    presented = n > 0 and (items[n - 1].kind == "role" or items[n - 1].keys[0] in words_for("title"))
    if _another_follows(items, n) or (not presented and item.keys[0] in words_for("common")):
        return item
    start = n
    while start and is_name(items[start - 1]) and items[start - 1].keys[0] not in words_for("title"):
        start -= 1
    if start < n and not (start == 0 and items[0].text in _openers()):
        given = items[start].keys[0]
        holders = [holder for holder in holders if given == keys_of(holder.name)[0] or given in words_for("particle")]
    return item._replace(meanings=tuple(holders))


def is_former(core: list[Item]) -> bool:
    return any(not item.meanings and item.keys[0] in words_for("former") for item in core)


def head_of(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """The head of a noun phrase with what stands before it, and what follows ("in Iraq", "linked to al-Qaeda").

    The head of "up to 300 people" is "people", that of "a group of women" is "women".
    """
    while len(items) > 1 and not items[0].meanings and items[0].keys[0] in words_for("quantity"):
        items = items[1:]
    for n, item in enumerate(items):
        if n and not item.meanings and item.keys[0] in words_for("tail"):
            counted = item.keys[0] == "of" and items[n - 1].keys[-1] in words_for("amount")
            return head_of(items[n + 1 :]) if counted and n + 1 < len(items) else (items[:n], items[n:])
    return items, []


def parts_of(text: str, core: list[Item]) -> list[list[Item]]:
    """The core, or its parts where "and", a comma or a hyphen joins names of different countries."""
    bearing = [n for n, item in enumerate(core) if item.kind and item.kind != "role"]
    cuts = [0]
    for left, right in pairwise(bearing):
        between = core[left + 1 : right]
        joined = text[core[left].end : core[right].start]
        if core[left].meanings[0].country == core[right].meanings[0].country:
            continue
        if all(item.kind == "role" or item.keys[0] in words_for("join") for item in between) and (
            "," in joined
            or {"and", "or"} & {item.keys[0] for item in between}
            or (joined == "-" and core[0].keys[0] not in ("a", "an"))
        ):
            cuts.append(right)
    if len(cuts) == 1:
        return [core]
    return [_trimmed(core[start:end]) for start, end in pairwise([*cuts, len(core)])]


def _trimmed(part: list[Item]) -> list[Item]:
    while len(part) > 1 and not part[-1].meanings and part[-1].keys[0] in words_for("join"):
        part = part[:-1]
    return part


def introductions(text: str, items: list[Item]) -> Iterator[tuple[str, int, Meaning]]:
    """Names and roles as a sentence presents them: "North Korean leader Kim Jong Un", "Iraqi militants".

    Yields the last word, its offset and what is told; a full name is yielded even where nothing is told of it.
    """
    for n, item in enumerate(items):
        ends_name = is_name(item) and not (n + 1 < len(items) and is_name(items[n + 1]))
        if not (ends_name or item.kind == "role"):
            continue
        start = n
        while start and _together(text, items[start - 1], items[start]):
            start -= 1
        country, sectors = _presented(reversed(items[start:n]))
        if item.kind == "role" and country:
            yield item.keys[-1], item.start, Meaning("role", country, item.meanings[0].sectors)
        elif ends_name:
            first = next(k for k in range(start, n + 1) if all(is_name(later) for later in items[k : n + 1]))
            if first == 0 < n and items[0].text in _openers():
                first = 1
            if not (country or sectors) and n > first:
                country, sectors = _presented(iter(_apposition(text, items, n)))
            if n > first or country or sectors:
                yield (
                    item.keys[-1],
                    item.start,
                    Meaning("person", country, sectors, text[items[first].start : item.end]),
                )


def _presented(items: Iterator[Item]) -> tuple[str, tuple[str, ...]]:
    """The first country and the first sectors that the words tell."""
    country, sectors = "", tuple[str, ...]()
    for item in items:
        if item.kind == "role":
            sectors = sectors or item.meanings[0].sectors
        elif item.kind and item.meanings[0].strong and item.meanings[0].country != UNKNOWN:
            country = country or item.meanings[0].country
    return country, sectors


def _apposition(text: str, items: list[Item], n: int) -> list[Item]:
    """What stands between commas after a name: "Anna Tamm, 31, a nurse from Tartu, was held"."""
    end = n + 1
    if end < len(items) and items[end].text.isdigit() and text[items[n].end : items[end].start] == ", ":
        end += 1
    if end == len(items) or text[items[end - 1].end : items[end].start] != ", ":
        return []
    if items[end].keys[0] not in words_for("apposition") and items[end].kind not in ("role", "demonym"):
        return []
    start = end
    while end < len(items) and (end == start or text[items[end - 1].end : items[end].start] in (" ", "-", "’ ", "' ")):
        end += 1
    return items[start : min(end, start + 8)]


def _together(text: str, left: Item, right: Item) -> bool:
    gap = text[left.end : right.start]
    return gap in (" ", "-") and (bool(left.meanings) or is_name(left) or left.keys[0] in words_for("former"))


def holder_at(meanings: Sequence[Meaning], date: str) -> Meaning:
    """Who of the holders of a name is in office in the month, or nearest to it; without a date the most prominent."""
    return min(meanings, key=lambda meaning: _months_outside(date, meaning)) if date else meanings[0]


def _months_outside(date: str, meaning: Meaning) -> int:
    """How far `date` lies outside the term, in months."""

    def months(day: str) -> int:
        return 12 * int(day[:4]) + int(day[5:7])

    if date < meaning.since:
        return months(meaning.since) - months(date)
    return max(0, months(date) - months(meaning.until)) if meaning.until else 0


def form_of(core: list[Item], sectors: tuple[str, ...]) -> str:
    """What kind of words ask for a country: a pronoun, a name, or a noun by its sector."""
    if is_speaker(core[-1]):
        return "speaker"
    for form in ("jihad", "people", "abroad", "outfit"):
        if any(item.keys[0] in words_for(form) or item.keys[-1] in words_for(form) for item in core):
            return form
    if core[-1].keys[0] in words_for("group") | words_for("person"):
        return "pronoun"
    if core[-1].keys[-1] in words_for("nation"):
        return "nation"
    if is_name(core[-1]):
        return "name"
    return sectors[0] if sectors else "noun"


def usual_sectors(core: list[Item]) -> tuple[str, ...]:
    """The sectors of those of whom nothing is told: a state is meant by a pronoun, private persons by a name."""
    pronoun = core[-1].keys[0] in words_for("group")
    return ("GOV",) if pronoun else ("CVL",)
