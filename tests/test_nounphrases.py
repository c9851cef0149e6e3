"""Stretches become noun phrases: nothing of a phrase is left out, and nothing beyond it is taken in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from legation.nounphrases import arbitrated, completed
from legation.schema import Word


def sentence(*columns: tuple[str, str, int, str]) -> list[Word]:
    """Words from (text, part of speech, head, relation); offsets do not matter here."""
    return [Word(0, len(text), text, pos, head, relation) for text, pos, head, relation in columns]


FAMILY = sentence(
    ("The", "DET", 1, "det"), ("family", "NOUN", 5, "nsubj"), ("of", "ADP", 4, "case"), ("a", "DET", 4, "det"),
    ("Briton", "NOUN", 1, "nmod"), ("pleaded", "VERB", -1, "root"), ("and", "CCONJ", 7, "cc"),
    ("wept", "VERB", 5, "conj"),
)  # fmt: skip
CENTRE = sentence(
    ("near", "ADP", 4, "case"), ("an", "DET", 4, "det"), ("army", "NOUN", 3, "compound"),
    ("recruitment", "NOUN", 4, "compound"), ("centre", "NOUN", -1, "root"), ("and", "CCONJ", 6, "cc"),
    ("police", "NOUN", 4, "conj"),
)  # fmt: skip


def test_a_word_left_out_within_a_phrase_is_taken_in() -> None:
    assert completed(FAMILY, [(0, 3), (4, 5)]) == [(0, 5)]


def test_a_phrase_is_completed_to_its_head_and_its_determiner() -> None:
    assert completed(CENTRE, [(2, 4)]) == [(1, 5)]


def test_two_actors_joined_by_a_conjunction_stay_two() -> None:
    assert completed(CENTRE, [(1, 5), (6, 7)]) == [(1, 5), (6, 7)]


def test_a_stretch_without_a_noun_is_dropped() -> None:
    assert completed(FAMILY, [(6, 8)]) == []


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 3)), max_size=4))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_phrases_are_within_the_sentence_apart_and_in_order(picked: list[tuple[int, int]]) -> None:
    stretches = [(start, min(start + size, len(FAMILY))) for start, size in picked]
    found = completed(FAMILY, stretches)
    ends = [0, *(index for phrase in found for index in phrase), len(FAMILY)]
    assert ends == sorted(ends)


MINISTRY = sentence(
    ("Russia", "PROPN", 3, "nmod"), ("'s", "PART", 0, "case"), ("Foreign", "ADJ", 3, "amod"),
    ("Ministry", "PROPN", 4, "nsubj"), ("spoke", "VERB", -1, "root"),
)  # fmt: skip


def test_a_possessor_and_what_it_possesses_are_one_phrase_in_one_role() -> None:
    weights = {"claimant": 1.9, "source": 0.8}
    told = [(0, 2, "claimant"), (2, 4, "source")]
    assert arbitrated(MINISTRY, told, lambda start, end, role: weights[role]) == [(0, 4, "claimant")]


def test_of_two_phrases_that_overlap_the_weightier_stays() -> None:
    told = [(0, 2, "source"), (1, 4, "target")]
    assert arbitrated(CENTRE, told, lambda start, end, role: float(end - start)) == [(1, 4, "target")]
