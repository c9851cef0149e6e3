"""Sentences with their countries exchanged: what a network then learns of roles, it learns of any country."""

import random
from collections.abc import Sequence
from functools import cache

from legation import tables


def swapped(words: Sequence[str], rng: random.Random, share: float) -> list[str]:
    """The words, in `share` of the cases with each country in them exchanged for another, by name and by adjective.

    Only countries that are one word, with an adjective of one word, are exchanged: the number of words stays.
    """
    known = _words()
    told = sorted({known[word][0] for word in words if word in known})
    if not told or rng.random() >= share:
        return list(words)
    names, _ = _forms()
    to = dict(zip(told, rng.sample(sorted(names), len(told)), strict=True))
    return [known[word][1][to[known[word][0]]] if word in known else word for word in words]


@cache
def _forms() -> tuple[dict[str, str], dict[str, str]]:
    """Name and adjective by ISO code, of those that have both in one word."""
    names = {row["iso3"]: row["name"] for row in tables.rows("countries") if row["name"].isalpha()}
    adjectives = {row["iso3"]: row["demonyms"].split("|")[0] for row in tables.rows("demonyms")}
    both = sorted(code for code in names if adjectives.get(code, "").isalpha())
    return {code: names[code] for code in both}, {code: adjectives[code] for code in both}


@cache
def _words() -> dict[str, tuple[str, dict[str, str]]]:
    """Every such word: its country, and the forms of its kind."""
    return {form[code]: (code, form) for form in _forms() for code in form}
