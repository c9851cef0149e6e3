"""The encoder: what its graphs read in the samples, and that every span is of the text."""

import json
from pathlib import Path

import numpy as np
import pytest
from evals.readings import agreement, summary
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoder import Encoder, _alike, shipped_settings, shipped_tokenizer, spans
from legation.pieces import MAX_PIECES, Pieces, batch
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


def test_sentences_are_read_together_with_their_like() -> None:
    groups = list(_alike([9, 0, 30, 10, 31, *[20] * 10]))
    assert groups[0] == [0, 3] and groups[-1] == [2, 4] and [len(group) for group in groups] == [2, 8, 2, 2]
    assert list(_alike([0, 0])) == []


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), min_size=1), min_size=1
    )
)
@settings(deadline=None)
def test_remembered_pieces_are_those_of_the_whole_sentence(sentences: list[list[str]]) -> None:
    tokenizer, pieces = shipped_tokenizer(), Pieces(shipped_tokenizer())
    for _ in range(2):  # new words, then known ones
        inputs = batch(pieces, sentences)
        for row, words in enumerate(sentences):
            encoded = tokenizer.encode(words, is_pretokenized=True)
            assert inputs.pieces[row, inputs.mask[row] == 1].tolist() == encoded.ids
            starts = {word: at for at, word in reversed(list(enumerate(encoded.word_ids))) if word is not None}
            assert {i: int(inputs.first[row, i]) for i in np.flatnonzero(inputs.words[row])} == starts


def test_pieces_beyond_what_the_network_holds_are_left_out_whole_or_in_part() -> None:
    inputs = batch(Pieces(shipped_tokenizer()), [["peace"] * (MAX_PIECES + 9)])
    assert inputs.pieces.shape == (1, MAX_PIECES + 2) and inputs.words.sum() == MAX_PIECES
    assert inputs.pieces[0, -1] == shipped_tokenizer().token_to_id("[SEP]")


def test_words_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pieces, "MOST", 3)
    pieces = Pieces(shipped_tokenizer())
    assert pieces.of(["talks", "failed"]) == pieces.of(["talks", "failed"])
    whole = pieces.of(["talks", "on", "arms", "failed"])
    assert whole[0] == pieces.of(["talks"])[0] and len(pieces._known) <= 4


def test_every_deed_has_its_threshold() -> None:
    assert set(shipped_settings().accept) == set(DEEDS) == set(shipped_settings().deeds) - {"NONE"}


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
