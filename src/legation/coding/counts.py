"""How many were killed and injured, as a stretch of text tells it.

A casualty word ("killing", "wounded", "dead") takes the number right after it, or else the nearest one before it.
Words: casualty_words.csv, count_fillers.csv, numbers.csv. Lower bounds count as told ("at least 19" is 19);
vague words ("dozens") tell no number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from legation.tables import rows

_TOKEN = re.compile(r"(?:[A-Za-z]\.){2,}|\d+(?:,\d{3})+(?!\d)|\w+(?:[-'’.]\w+)*|[^\w\s]")
_DIGITS = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,6}")
_REACH = 9
"""Words between a number and the casualty word after it: beyond that, training leads tell of other deeds."""
_MOST = 100_000_000
"""No single deed has killed more; a larger number is of something else, and would not fit the store's column."""
_DENIALS = frozenset(["no", "not", "never", "nobody", "none", "without"])
_CLAUSE = frozenset(
    [";", ":", "who", "which", "whose", "that", "when", "where", "after", "as", "before", "while", "until", "but"]
)
_PASSIVE = frozenset(["was", "is", "being", "been"])
_OBJECTS = frozenset(["the", "a", "an", "his", "her", "its", "their", "him", "them", "himself", "themselves"])
"""A word here right after an active "killed" is its object, so no number before it is."""


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A number in the tokens [start, end); `value` is null where the word is vague; an article counts one."""

    start: int
    end: int
    value: int | None
    article: bool


def casualties(text: str, start: int, end: int) -> tuple[int | None, int | None]:
    """(killed, injured) told in text[start:end]: whole numbers, null where none is told. The first of each kind counts.

    >>> casualties("A blast hit Baiji, killing at least seven people and wounding 20.", 0, 65)
    (7, 20)
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"stretch [{start}, {end}) is not within a text of {len(text)} characters")
    tokens = _TOKEN.findall(text[start:end])
    words = [token.lower() for token in tokens]
    found: dict[str, int] = {}
    for at, word in enumerate(words):
        row = _casualty_words().get(word)
        if row and row["kind"] not in found:
            count = _count(tokens, words, at, row["count"])
            if count and count <= _MOST:
                found[row["kind"]] = count
    return found.get("killed"), found.get("injured")


def _count(tokens: list[str], words: list[str], at: int, side: str) -> int | None:
    if _DENIALS & set(words[max(0, at - 4) : at]):
        return None
    if side != "before":
        after = _after(words, at)
        if after:
            return after.value and _with_joined(words, after)
        if _names_one(tokens, words, at):
            return 1
    if side == "after" or (words[at + 1 : at + 2] and words[at + 1] in _OBJECTS and not _is_passive(words, at)):
        return None
    return _before(words, at)


def _after(words: list[str], at: int) -> _Quantity | None:
    """The number that follows the casualty word, with nothing but fillers between."""
    place = at + 1
    while place < len(words):
        quantity = _quantity(words, place)
        if quantity and (quantity.value or words[place] not in _fillers()):
            return quantity
        if words[place] not in _fillers() and words[place] not in _casualty_words():
            return None
        place += 1
    return None


def _with_joined(words: list[str], first: _Quantity) -> int:
    """The number plus those joined to it by "and" ("35 children and seven adults"), unless they are of another deed."""
    total, place = first.value or 0, first.end
    while place < min(len(words), first.end + _REACH):
        if words[place] in _casualty_words() or not words[place][0].isalpha():
            return total
        joined = _quantity(words, place + 1) if words[place] == "and" else None
        if joined:
            rest = words[joined.end : joined.end + 5]
            return total if not joined.value or any(w in _casualty_words() for w in rest) else total + joined.value
        place += 1
    return total


def _before(words: list[str], at: int) -> int | None:
    """The number that ends nearest before the casualty word in its clause, plus one joined to it by "and"."""
    nearest = None
    for quantity in _quantities_before(words, at):
        if words[quantity.start - 1] == "including" and quantity.start:
            continue
        if nearest is None:
            if not quantity.article or _is_passive(words, at) or words[at] == "died":
                nearest = quantity
            continue
        between = words[quantity.end : nearest.start]
        joined = between and between[-1] == "and" and all(w[0].isalpha() for w in between)
        told_apart = any(word in _casualty_words() for word in between)
        if joined and not told_apart and quantity.value and nearest.value:
            return quantity.value + nearest.value
        break
    if nearest is None:
        return 1 if _is_passive(words, at) else None
    return nearest.value


def _quantities_before(words: list[str], at: int) -> Iterator[_Quantity]:
    place = at - 1
    while place >= max(0, at - _REACH - 6):
        if words[place] in _CLAUSE or (words[place] in _casualty_words() and place < at - 3):
            return
        if words[place] == "." and len(words[place - 1]) > 1:
            return
        quantity = _longest_ending(words, place)
        if quantity:
            yield quantity
            place = quantity.start
        place -= 1


def _longest_ending(words: list[str], last: int) -> _Quantity | None:
    for first in (last - 2, last - 1, last):
        quantity = _quantity(words, first) if first >= 0 else None
        if quantity and quantity.end == last + 1:
            return quantity
    return None


def _quantity(words: list[str], at: int) -> _Quantity | None:
    """The number that starts at a token: digits, "two dozen", "three hundred", "thirty-five", "a", "dozens"."""
    if at >= len(words):
        return None
    if _DIGITS.fullmatch(words[at]):
        if _is_date(words, at):
            return None
        value: int | None = int(words[at].replace(",", ""))
        kind = "unit"
    else:
        parts = [_numbers().get(part) for part in words[at].split("-")]
        if None in parts:
            return None
        values = [row["value"] for row in parts if row]
        value = sum(map(int, values)) if all(values) else None
        kind = parts[0]["kind"] if parts[0] else "unit"
    end = at + 1
    while value and end < len(words) and _numbers().get(words[end], {}).get("kind") == "scale":
        value, kind, end = value * int(_numbers()[words[end]]["value"]), "unit", end + 1
    if kind == "article" and _quantity(words, end):
        return None
    return _Quantity(at, end, value, kind == "article")


def _is_date(words: list[str], at: int) -> bool:
    before = words[max(0, at - 2) : at]
    after = words[at + 1 : at + 2]
    year = re.fullmatch(r"(?:19|20)\d\d", words[at])
    return bool((year and not (after and after[0].isalpha())) or set(before) & _months() or after == ["%"])


def _is_passive(words: list[str], at: int) -> bool:
    return bool(_PASSIVE & set(words[max(0, at - 2) : at]))


def _names_one(tokens: list[str], words: list[str], at: int) -> bool:
    """Whether "murder of", "beheading of" … is followed by one person's name."""
    if words[at + 1 : at + 2] != ["of"] or words[at].endswith("s"):
        return False
    capitals = [place for place in range(at + 2, min(at + 8, len(tokens))) if tokens[place][0].isupper()]
    if len(capitals) < 2:
        return False
    last = capitals[-1]
    return not any(token.endswith("s") for token in tokens[last : last + 2])


@cache
def _numbers() -> dict[str, dict[str, str]]:
    return {row["word"]: row for row in rows("numbers")}


@cache
def _casualty_words() -> dict[str, dict[str, str]]:
    return {row["word"]: row for row in rows("casualty_words")}


@cache
def _fillers() -> frozenset[str]:
    return frozenset(row["word"] for row in rows("count_fillers"))


@cache
def _months() -> frozenset[str]:
    return frozenset(row["word"] for row in rows("count_dates"))
