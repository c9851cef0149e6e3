"""Annotations of others' texts are kept as offsets, and read back with the words they are of."""

import json
from pathlib import Path

import pytest
from training import annotations

from legation.segment import sentences

TEXT = "It rained in Oslo. Norway's ministry said that Sweden had expelled two envoys. Nobody knew why."
SPANS = [[s.start, s.end] for s in sentences(TEXT)]
EVENT = {
    "s": 0, "trigger": "expelled", "type": "SANCTION", "mode": ["expel"], "status": "actual",
    "source": [{"text": "Sweden", "code": "SWE GOV"}], "target": [{"text": "two envoys", "code": "NOR GOV"}],
    "said_by": "Norway's ministry",
}  # fmt: skip
ANNOTATED = {"id": "doc", "first": 1, "read": 1, "events": [EVENT]}


def test_offsets_point_at_the_words_and_only_at_the_sentences_that_were_read() -> None:
    record = annotations.standoff("newswire", ANNOTATED, TEXT, SPANS)
    assert [TEXT[a:b] for a, b in record["sentences"]] == [
        "Norway's ministry said that Sweden had expelled two envoys."
    ]
    (event,) = record["events"]
    assert TEXT[slice(*event["trigger"])] == "expelled"
    assert TEXT[slice(*event["source"][0]["span"])] == "Sweden"
    assert not {"Sweden", "expelled"} & {word for value in json.dumps(record).split() for word in value.split('"')}


def test_words_that_do_not_stand_in_the_sentence_are_refused() -> None:
    wrong = ANNOTATED | {"events": [EVENT | {"trigger": "rained"}]}
    with pytest.raises(ValueError, match="doc: 'rained' does not stand in its sentence"):
        annotations.standoff("newswire", wrong, TEXT, SPANS)


@pytest.fixture
def standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the one annotated document, and a corpus that has its text."""
    for folder in (tmp_path, tmp_path / "development"):
        folder.mkdir(exist_ok=True)
        record = annotations.standoff("newswire", ANNOTATED, TEXT, SPANS)
        (folder / "newswire.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    monkeypatch.setattr(annotations, "DATA", tmp_path)
    monkeypatch.setattr(annotations, "OWN", tmp_path / "own")
    monkeypatch.setattr(annotations, "texts", lambda shared, corpus: {"doc": (TEXT, SPANS, "1999-01-02")})
    return tmp_path


def test_what_is_taught_is_read_back_as_a_gold_document(standing: Path) -> None:
    (document,) = annotations.documents(standing)
    assert document["published"] == "1999-01-02"
    assert document["sentences"] == ["Norway's ministry said that Sweden had expelled two envoys."]
    (event,) = document["events"]
    assert {key: event[key] for key in EVENT} == EVENT


def test_what_is_kept_for_development_comes_with_the_sentences_before(standing: Path) -> None:
    (document,) = annotations.development(standing)
    assert (document["first"], document["events"][0]["s"], len(document["sentences"])) == (1, 1, 2)


def test_another_text_than_the_one_annotated_is_refused(standing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations, "texts", lambda shared, corpus: {"doc": (TEXT + " ", SPANS, None)})
    with pytest.raises(ValueError, match="is not the text of"):
        annotations.documents(standing)
