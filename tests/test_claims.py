"""Who only tells of a deed is its claimant."""

from legation.coding.claims import attributed
from legation.schema import Argument, DeedReading, Reading, Span, Word

TEXT = "Russia's ministry said Choe would visit Moscow"
WORDS = (
    ("Russia", "PROPN", 2, "nmod"), ("'s", "PART", 0, "case"), ("ministry", "NOUN", 3, "nsubj"),
    ("said", "VERB", -1, "root"), ("Choe", "PROPN", 6, "nsubj"), ("would", "AUX", 6, "aux"),
    ("visit", "VERB", 3, "ccomp"), ("Moscow", "PROPN", 6, "obj"),
)  # fmt: skip


def span(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words), words)


def reading() -> Reading:
    return Reading(
        span(TEXT),
        tuple(Word(span(w).start, span(w).end, w, pos, head, relation) for w, pos, head, relation in WORDS),
    )


def visit(*sources: str, claimants: tuple[str, ...] = ()) -> DeedReading:
    return DeedReading(
        span("visit"), "CONSULT", ("visit",), "future", 0.9,
        sources=tuple(Argument(span(words), 0.8) for words in sources),
        claimants=tuple(Argument(span(words), 0.8) for words in claimants),
    )  # fmt: skip


def test_the_subject_of_a_verb_of_saying_is_a_claimant_beside_another_source() -> None:
    deed = attributed(reading(), visit("Russia's ministry", "Choe"))
    assert [source.span.text for source in deed.sources] == ["Choe"]
    assert [claimant.span.text for claimant in deed.claimants] == ["Russia's ministry"]


def test_a_teller_who_is_the_only_source_stays() -> None:
    assert attributed(reading(), visit("Russia's ministry")) == visit("Russia's ministry")


def test_a_claimant_that_the_encoder_found_stays() -> None:
    deed = attributed(reading(), visit("Russia's ministry", "Choe", claimants=("Moscow",)))
    assert [claimant.span.text for claimant in deed.claimants] == ["Moscow"]


def test_a_claimant_who_owns_the_teller_is_completed() -> None:
    deed = attributed(reading(), visit("Choe", claimants=("Russia",)))
    assert [claimant.span for claimant in deed.claimants] == [span("Russia's ministry")]
