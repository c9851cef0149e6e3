"""Accuracy does not fall below what has been reached: evals/floors.json, raised with a figure, never lowered."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from evals import accuracy
from evals.floors import PINNED, figure, raised
from evals.report import table
from evals.scoring import document_text

from legation.coder import Coder
from legation.schema import Report

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
FLOORS = json.loads((ROOT / "evals" / "floors.json").read_text(encoding="utf-8"))
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
    for name in ("deed", "+status", "+who", "+whom", "tuple", "full", "when", "where", "claimant", "sector"):
        assert figure(ours, name) == pytest.approx(theirs[name]), name
