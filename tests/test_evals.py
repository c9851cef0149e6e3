"""Accuracy does not fall below what has been reached: evals/floors.json, raised with a figure, never lowered."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from evals import accuracy, toponyms
from evals.floors import PINNED, figure, raised
from evals.report import table
from evals.scoring import document_text

from legation.coder import Coder
from legation.schema import Report

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
FLOORS = json.loads((ROOT / "evals" / "floors.json").read_text(encoding="utf-8"))
CODER = Coder()
RESULTS = json.loads((ROOT / "evals" / "results.json").read_text(encoding="utf-8"))


def test_floors_are_of_these_weights() -> None:
    assert FLOORS["weights"] == accuracy.weights_version()


def test_floors_are_raised_and_never_lowered() -> None:
    better = {name: {"digest": FLOORS[name]["digest"], **dict.fromkeys(keys, 0.999)} for name, keys in PINNED.items()}
    worse = {name: {"digest": FLOORS[name]["digest"], **dict.fromkeys(keys, 0.1)} for name, keys in PINNED.items()}
    assert raised(FLOORS, {"weights": "x", "accuracy": worse}) == FLOORS | {"weights": "x"}
    assert raised(FLOORS, {"weights": "x", "accuracy": better})["wire_dev"]["figures"]["deed"] == 0.989


def test_the_samples_are_coded_no_worse_than_before() -> None:
    measured = accuracy.measure_samples()
    assert measured["digest"] == FLOORS["samples"]["digest"]
    for name, floor in FLOORS["samples"]["figures"].items():
        assert figure(measured, name) >= floor, name


@pytest.mark.parametrize("name", sorted(accuracy.SETS))
def test_a_development_set_is_coded_no_worse_than_before(name: str) -> None:
    path = SHARED / accuracy.SETS[name]
    if not path.exists():
        pytest.skip(f"{accuracy.SETS[name]} is not here: the development sets are not part of the project")
    measured = accuracy.measure(SHARED, [name])[name]
    assert measured["digest"] == FLOORS[name]["digest"]
    for figure_name, floor in FLOORS[name]["figures"].items():
        assert figure(measured, figure_name) >= floor, figure_name


def test_the_readme_shows_the_table_of_results() -> None:
    assert table(RESULTS) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_is_kept_for_development_is_in_no_training() -> None:
    data = ROOT / "training" / "data"
    taught = {json.loads(line)["id"] for path in data.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()}
    plv = [int(name[3:]) for name in taught if name.startswith("PLV")]
    assert plv
    assert not [number for number in plv if number % accuracy.KEPT_OF_PLV == 0]
    kept = {
        json.loads(line)["id"]
        for path in (data / "development").glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    }
    assert kept
    assert not kept & taught


GOLD = {
    "sentences": ["Iran accused Iraq of piracy.", "The sea was calm."],
    "events": [
        {
            "s": 0, "trigger": "accused", "type": "ACCUSE", "mode": [], "status": "actual",
            "source": [{"text": "Iran", "code": "IRN GOV"}], "target": [{"text": "Iraq", "code": "IRQ GOV"}],
        }
    ],
}  # fmt: skip


def mention(start: int, end: int, *, source: str = "IRN", confidence: float = 0.5) -> dict[str, Any]:
    actors = [[{"country": country, "sectors": ["GOV"]}] for country in (source, "IRQ")]
    return {
        "trigger": {"start": start, "end": end}, "deed": "ACCUSE", "modes": [], "status": "actual", "when": None,
        "where": None, "sources": actors[0], "targets": actors[1], "claimants": [], "confidence": confidence,
    }  # fmt: skip


def test_quiet_documents_are_counted_with_the_mentions_they_got() -> None:
    silent = {"sentences": ["The sea was calm."], "events": []}
    figures = accuracy.score([GOLD, silent, silent], [[mention(5, 12)], [mention(4, 7)], []])
    assert figures["quiet"] == {"accuracy": 0.5, "n": 2, "mentions": 1}
    assert figures["status"] == {"accuracy": 1.0, "n": 1}


def test_trust_compares_the_confidence_with_how_often_it_is_right() -> None:
    coded = [[mention(5, 12, confidence=0.9), mention(29, 32, confidence=0.3)]]
    figures = accuracy.trust([GOLD], coded)
    assert figures["ece"] == pytest.approx((0.1 + 0.3) / 2)
    at = {point["confidence"]: point for point in figures["curve"]}
    assert (at[0.0]["precision"], at[0.0]["recall"]) == (0.5, 1.0)
    assert (at[0.5]["precision"], at[0.5]["recall"], at[0.5]["mentions"]) == (1.0, 1.0, 1)


def test_a_typed_pair_is_found_where_both_sides_are_touched() -> None:
    row = {
        "sentence_id": "6", "sentence": "Iran accused Iraq of piracy.", "source": "Iran", "target": "Iraq",
        "gold_root": "ACCUSE",
    }  # fmt: skip
    figures = accuracy.typed_pairs(CODER, [row, row | {"sentence_id": "7"}])
    assert figures == {"pairs": 1, "found": 1.0, "macro_f1": 1.0}
    nobody = row | {"source": "piracy"}
    assert accuracy.typed_pairs(CODER, [nobody, row])["found"] == 0.5


TOPONYMS = """<articles><article docid="1"><title>A fair in Texas</title>
<text>The fair in Paris, Texas, is over. Dallas was glad.</text><toponyms>
<toponym><start>12</start><phrase>Paris</phrase><gaztag geonameid="4717560"><country>US</country><lat>33.66</lat>
<lon>-95.56</lon></gaztag></toponym>
<toponym><start>37</start><phrase>Dallas</phrase><gaztag geonameid="1"><country>US</country><lat>48.85</lat>
<lon>2.35</lon></gaztag></toponym></toponyms></article></articles>"""


def test_toponyms_are_measured_by_country_distance_and_place(tmp_path: Path) -> None:
    path = tmp_path / "places.xml"
    path.write_text(TOPONYMS, encoding="utf-8")
    # Dallas is annotated in France's capital here: the country that is told is right, the point is not.
    assert toponyms.measure(path) == {"toponyms": 2, "country": 1.0, "within_161_km": 0.5, "exact": 0.5}


def test_our_scorer_agrees_with_the_gold_sets_own(tmp_path: Path) -> None:
    scorer = SHARED / "gold" / "score.py"
    if not scorer.exists():
        pytest.skip("gold/score.py is not here: it comes with the gold sets, not with the project")
    gold = SHARED / "gold" / "docs_dev.jsonl"
    documents = accuracy.jsonl(gold)
    coder, predicted = Coder(), tmp_path / "predicted.jsonl"
    with predicted.open("w", encoding="utf-8") as lines:
        for document in documents:
            mentions = coder.code(Report(document["id"], document_text(document)))
            lines.write(
                json.dumps({"id": document["id"], "mentions": [accuracy.as_written(m) for m in mentions]}) + "\n"
            )
    command = [sys.executable, str(scorer), str(gold), str(predicted), "--json"]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    coded = [json.loads(line)["mentions"] for line in predicted.read_text(encoding="utf-8").splitlines()]
    ours = accuracy.score(documents, coded)
    for name in ("deed", "+status", "+who", "+whom", "tuple", "full", "when", "where", "claimant", "sector", "mode"):
        assert figure(ours, name) == pytest.approx(theirs[name]), name
