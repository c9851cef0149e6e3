"""Countries are exchanged one for one, and nothing else of a sentence is touched."""

import random

from hypothesis import given
from hypothesis import strategies as st
from training.swaps import swapped

from legation.tables import rows

TEXT = "Russia told the Turkish envoy in Syria that Russian and Syrian troops left the Ivory Coast"
WORDS = TEXT.split()
COUNTRIES = {0, 3, 6, 8, 10}
"""Indices of the words that are exchanged; of the Ivory Coast, two words, nothing is."""
NAMES = {row["name"]: row["iso3"] for row in rows("countries")}
ADJECTIVES = {row["demonyms"].split("|")[0]: row["iso3"] for row in rows("demonyms")}


@given(st.integers())
def test_each_country_is_exchanged_alike_by_name_and_by_adjective(seed: int) -> None:
    out = swapped(WORDS, random.Random(seed), 1.0)
    assert [out[i] for i in range(len(WORDS)) if i not in COUNTRIES] == [
        word for i, word in enumerate(WORDS) if i not in COUNTRIES
    ]
    russia, turkey, syria = NAMES[out[0]], ADJECTIVES[out[3]], NAMES[out[6]]
    assert len({russia, turkey, syria}) == 3
    assert (ADJECTIVES[out[8]], ADJECTIVES[out[10]]) == (russia, syria)


def test_countries_are_exchanged_in_the_share_that_is_asked_for() -> None:
    changed = sum(swapped(WORDS, random.Random(seed), 0.5) != WORDS for seed in range(400))
    assert 160 < changed < 240
    assert all(swapped(WORDS, random.Random(seed), 0.0) == WORDS for seed in range(50))
