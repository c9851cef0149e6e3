"""Sentences and words: where they end, and that no text loses a character."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from legation.segment import MAX_WORDS, sentences, words


def texts(text: str) -> list[str]:
    return [s.text for s in sentences(text)]


def test_abbreviations_initials_and_acronyms_do_not_end_a_sentence() -> None:
    assert texts("Gen. John F. Kelly met the U.S. Senate on Nov. 3. He left.") == [
        "Gen. John F. Kelly met the U.S. Senate on Nov. 3.",
        "He left.",
    ]


def test_an_acronym_ends_a_sentence_before_an_opener() -> None:
    assert texts("They flew to the U.S. The talks failed.") == ["They flew to the U.S.", "The talks failed."]


def test_quotes_close_with_their_sentence() -> None:
    assert texts('"We will not go." The minister left.') == ['"We will not go."', "The minister left."]


def test_a_missing_blank_after_a_full_stop_still_ends_a_sentence() -> None:
    assert texts("Aid reached those in need.And talks began.") == ["Aid reached those in need.", "And talks began."]


def test_a_blank_line_ends_a_sentence() -> None:
    assert texts("Talks off\n\nSeoul said on Friday") == ["Talks off", "Seoul said on Friday"]


def test_clitics_numbers_and_hyphens_are_words_as_in_universal_dependencies() -> None:
    text = "Russia's envoy didn't pay $1,200 on the 17th for long-term aid."
    expected = "Russia 's envoy did n't pay $ 1,200 on the 17th for long - term aid ."
    assert [text[a:b] for a, b in words(text)] == expected.split()


def test_a_sentence_of_ten_thousand_words_is_read_in_pieces() -> None:
    pieces = sentences("the envoy spoke, " * 5000)
    assert len(pieces) > 100
    assert all(len(words(piece.text)) <= MAX_WORDS for piece in pieces)
    assert sum(len(words(piece.text)) for piece in pieces) == 20000


@given(st.text())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_character_but_white_space_is_in_one_sentence_and_one_word(text: str) -> None:
    spans = sentences(text)
    assert all(text[s.start : s.end] == s.text for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    covered = {i for s in spans for a, b in words(text, s.start, s.end) for i in range(a, b)}
    assert covered >= {i for i, c in enumerate(text) if not c.isspace()}
