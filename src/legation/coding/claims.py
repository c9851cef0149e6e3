"""According to whom: the subject of the verb of saying that a deed hangs on is its claimant, not one of its sources."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from legation import tables
from legation.schema import Argument, DeedReading, Reading, Span, Word


def attributed(reading: Reading, deed: DeedReading) -> DeedReading:
    """The deed with a source that only tells of it ("the ministry said Choe would visit") moved to its claimants.

    A teller who is the only source stays: "Hamas said it would attack" tells of its own deed. A claimant who owns the
    teller ("Russia's" of "Russia's Foreign Ministry said") is completed to the teller.
    """
    tellers = _tellers(reading.words, deed.trigger)
    telling = [source for source in deed.sources if _covers(source.span, tellers)]
    sources = tuple(source for source in deed.sources if source not in telling)
    if telling and sources:
        deed = replace(deed, sources=sources, claimants=deed.claimants or tuple(telling))
    return replace(deed, claimants=tuple(_with_teller(reading, claimant, tellers) for claimant in deed.claimants))


def _with_teller(reading: Reading, claimant: Argument, tellers: Sequence[Word]) -> Argument:
    owned = {
        reading.words[word.head]
        for word in reading.words
        if claimant.span.start <= word.start < claimant.span.end and word.relation == "nmod" and word.head >= 0
    }
    teller = next((word for word in tellers if word in owned and word.start > claimant.span.start), None)
    if teller is None:
        return claimant
    start, end = claimant.span.start, teller.end
    text = reading.sentence.text[start - reading.sentence.start : end - reading.sentence.start]
    return replace(claimant, span=Span(start, end, text))


def _covers(span: Span, words: Sequence[Word]) -> bool:
    return any(span.start <= word.start and word.end <= span.end for word in words)


def _tellers(words: Sequence[Word], trigger: Span) -> list[Word]:
    """Subjects of the verbs of saying whose clause the trigger stands in."""
    inside = [i for i, word in enumerate(words) if trigger.start <= word.start < trigger.end]
    at = next((i for i in inside if words[i].head not in inside), -1)
    verbs = []
    for _ in words:
        if at < 0 or words[at].head < 0:
            break
        governor = words[at].head
        if words[at].relation in ("ccomp", "parataxis") and _says(words[governor]) and governor not in inside:
            verbs.append(governor)
        at = governor
    return [word for word in words if word.head in verbs and word.relation == "nsubj"]


def _says(word: Word) -> bool:
    return word.text.lower() in _speech_verbs()


@cache
def _speech_verbs() -> frozenset[str]:
    return frozenset(row["form"] for row in tables.rows("speech_verbs"))
