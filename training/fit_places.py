"""Fits the weights of src/legation/tables/place_ranking.csv, by which the places of one name are ranked.

    python -m training.fit_places --shared ../shared [--write]

Learns from the toponyms of TR-News (which place: the annotated one, or within 25 km of it, or the nearest within
161 km) and from the `where` of the training gold (which country). A softmax over the places of
a name, with a small pull to zero; prints the share told right in cross-validation by document, with the weights that
the table has and with fitted ones, and with --write puts the fitted ones there.
"""

import argparse
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from evals.toponyms import Annotated, annotated, kilometres
from numpy.typing import NDArray

from legation.coding.places import PlaceResolver
from legation.gazetteer import Place, Toponym, fold, toponyms
from legation.schema import Report, Span

TABLE = Path(__file__).parents[1] / "src" / "legation" / "tables" / "place_ranking.csv"
FOLDS = 5
PULL = 2.0
"""Strength of the pull to zero (ridge), in examples; chosen in cross-validation among 0.1, 0.5, 2 and 8."""
STEPS, RATE = 400, 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """The places of one name in a document, one row of features each, and which of them are right."""

    document: str
    corpus: str
    features: Floats
    right: NDArray[np.bool_]


def from_toponyms(path: Path) -> Iterator[Choice]:
    """Choices of an XML file of annotated toponyms."""
    for report, named in annotated(path):
        resolver = PlaceResolver(report)
        for toponym in named:
            found = toponyms(report.text, toponym.span.start, toponym.span.end)
            if found and not found[0].adjective:
                right = _right(found[0].places, toponym)
                yield from _choice(
                    resolver,
                    fold(report.text[found[0].start : found[0].end]),
                    found[0],
                    toponym.sentence,
                    right,
                    report.report_id,
                    "toponyms",
                )


def _right(places: Sequence[Place], toponym: Annotated) -> list[bool]:
    apart = [kilometres(place, toponym) for place in places]
    near = [toponym.is_place(place) or km <= 25 for place, km in zip(places, apart, strict=True)]
    return near if any(near) else [km == min(apart) <= 161 for km in apart]


def from_where(gold: Iterable[dict[str, Any]]) -> Iterator[Choice]:
    """Choices of the phrases of deeds' places that name one place, and not its country."""
    for document in gold:
        text, starts = " ".join(document["sentences"]), [0]
        for sentence in document["sentences"]:
            starts.append(starts[-1] + len(sentence) + 1)
        resolver = PlaceResolver(Report(document["id"], text, title=document.get("headline") or None))
        told = set()
        for event in document["events"]:
            where, sentence, start = event.get("where"), document["sentences"][event["s"]], starts[event["s"]]
            if not where or not where["country"] or (where["text"], event["s"]) in told:
                continue
            told.add((where["text"], event["s"]))
            begin = text.index(where["text"], start)
            found = toponyms(text, begin, begin + len(where["text"]))
            if len(found) == 1 and not found[0].adjective:
                right = [place.country == where["country"] for place in found[0].places]
                key = fold(text[found[0].start : found[0].end])
                span = Span(start, start + len(sentence), sentence)
                yield from _choice(resolver, key, found[0], span, right, document["id"], "where")


def _choice(
    resolver: PlaceResolver,
    key: str,
    toponym: Toponym,
    sentence: Span,
    right: Sequence[bool],
    document: str,
    corpus: str,
) -> Iterator[Choice]:
    if any(right) and not all(right):
        yield Choice(document, corpus, np.array(resolver.features(key, toponym.places, sentence)), np.array(right))


def fit(choices: Sequence[Choice]) -> Floats:
    """Weights that make the right places most likely, by Adam on the whole of the choices."""
    features = np.concatenate([choice.features for choice in choices])
    right = np.concatenate([choice.right for choice in choices])
    sizes = [len(choice.right) for choice in choices]
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def shares(odds: Floats) -> Floats:
        out: Floats = odds / np.repeat(np.add.reduceat(odds, firsts), sizes)
        return out

    weights = np.zeros(features.shape[1])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        scores = features @ weights
        odds = np.exp(scores - np.repeat(np.maximum.reduceat(scores, firsts), sizes)) + 1e-30
        slope = (shares(odds) - shares(odds * right)) @ features + PULL * weights
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        weights -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-9)
    return weights


def share_right(choices: Sequence[Choice], weights: Floats) -> float:
    return float(np.mean([choice.right[np.argmax(choice.features @ weights)] for choice in choices]))


def cross_validated(choices: Sequence[Choice]) -> dict[str, float]:
    """Share told right by weights fitted without the document's fold, by corpus."""
    names = sorted({choice.document for choice in choices})
    told: dict[str, list[bool]] = {}
    for first in range(FOLDS):
        kept = set(names[first::FOLDS])
        weights = fit([choice for choice in choices if choice.document not in kept])
        for choice in choices:
            if choice.document in kept:
                hit = bool(choice.right[np.argmax(choice.features @ weights)])
                told.setdefault(choice.corpus, []).append(hit)
    return {corpus: float(np.mean(hits)) for corpus, hits in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="put the fitted weights into the table")
    arguments = parser.parse_args()
    gold: list[dict[str, Any]] = []
    for name in ("wire_train", "docs_train"):
        lines = (arguments.shared / "gold" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        gold += map(json.loads, lines)
    choices = [*from_toponyms(arguments.shared / "data" / "geo" / "TR-News.xml"), *from_where(gold)]
    comments, rows = _table()
    present = np.array([float(row["weight"]) for row in rows])
    for corpus in ("toponyms", "where"):
        of_corpus = [choice for choice in choices if choice.corpus == corpus]
        print(f"{corpus}: {len(of_corpus)} choices, as the table has it {share_right(of_corpus, present):.4f}")
    print("cross-validated:", {corpus: round(share, 4) for corpus, share in cross_validated(choices).items()})
    weights = fit(choices)
    for row, weight in zip(rows, weights, strict=True):
        print(f"{row['feature']:40} {row['weight']:>7} {weight:7.2f}")
    if arguments.write:
        _write(comments, rows, weights)


def _table() -> tuple[list[str], list[dict[str, str]]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _write(comments: Sequence[str], rows: Sequence[dict[str, str]], weights: Floats) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["feature", "weight", "source"])
    for row, weight in zip(rows, weights, strict=True):
        writer.writerow([row["feature"], f"{weight:.2f}", "training/fit_places.py"])
    TABLE.write_text("\n".join([*comments, out.getvalue()]), encoding="utf-8")


if __name__ == "__main__":
    main()
