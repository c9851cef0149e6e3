"""The encoder: what its graphs read in the samples, and that every span is of the text."""

import json
from pathlib import Path

import pytest
from evals.readings import agreement, summary
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoder import Encoder, spans
from legation.schema import DEEDS, STATUSES, Argument, Name, Span, Word
from legation.segment import sentences

ROOT = Path(__file__).parent.parent
SENTENCES = [
    sentence
    for line in (ROOT / "samples" / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    for sentence in json.loads(line)["sentences"]
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def test_bio_labels_become_spans() -> None:
    assert spans(["O", "B-x", "I-x", "I-y", "B-y", "O", "I-x"]) == [(1, 3, "x"), (3, 4, "y"), (4, 5, "y"), (6, 7, "x")]


def test_int8_graphs_read_as_the_float_model_does(encoder: Encoder) -> None:
    """Names and arcs agree least: their labels are more often near a tie, which eight bits may turn either way."""
    exact = json.loads((ROOT / "tests" / "data" / "float_readings.json").read_text(encoding="utf-8"))
    ours = [summary(encoder.read(text, [Span(0, len(text), text)])[0]) for text in SENTENCES]
    same = agreement(ours, exact)
    least = {"pos": 0.985, "heads": 0.96, "deeds": 0.94, "names": 0.88, "arcs": 0.88}
    assert {field: same[field] for field in least if same[field] < least[field]} == {}


def test_a_sentence_gives_its_deed_and_arcs(encoder: Encoder) -> None:
    text = "Protesters in Lagos said on Friday that police arrested two opposition leaders."
    (reading,) = encoder.read(text, sentences(text))
    arrest = next(deed for deed in reading.deeds if deed.trigger.text == "arrested")
    assert (arrest.deed, arrest.status) == ("COERCE", "actual")
    assert [a.span.text for a in arrest.sources] == ["police"]
    assert [a.span.text for a in arrest.targets] == ["two opposition leaders"]


def test_readings_come_in_the_order_of_the_sentences(encoder: Encoder) -> None:
    text = " ".join(SENTENCES[:40])
    found = sentences(text)
    assert [reading.sentence for reading in encoder.read(text, found)] == found


def test_the_same_text_reads_the_same_again(encoder: Encoder) -> None:
    text = " ".join(SENTENCES[:20])
    assert encoder.read(text, sentences(text)) == encoder.read(text, sentences(text))


def test_a_sentence_of_marks_alone_has_no_deed(encoder: Encoder) -> None:
    text = "*** --- ###"
    assert all(not reading.deeds for reading in encoder.read(text, sentences(text)))


@given(st.text(max_size=300) | st.sampled_from(SENTENCES).flatmap(lambda s: st.text(max_size=20).map(lambda t: t + s)))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_every_span_slices_back_to_its_own_text(text: str) -> None:
    for reading in SHARED_ENCODER.read(text, sentences(text)):
        found: list[Span | Word | Name] = [reading.sentence, *reading.words, *reading.names]
        for deed in reading.deeds:
            arguments: list[Argument] = [*deed.sources, *deed.targets, *deed.times, *deed.places, *deed.claimants]
            found += [deed.trigger, *(argument.span for argument in arguments)]
            assert deed.deed in DEEDS
            assert deed.status in STATUSES
        assert all(text[span.start : span.end] == span.text for span in found)
        assert all(-1 <= word.head < len(reading.words) for word in reading.words)


SHARED_ENCODER = Encoder()
