"""Fits the weights by which an actor without a country of its own inherits one (tables/inheritance.csv).

    python -m training.fit_inheritance --shared ../shared

Multinomial logistic regression over the countries that a report tells of, on all training annotations: leads and
documents count alike in sum, weights of evidence in one form of words are held closer to nothing than those in all.
Prints the accuracy in five-fold cross-validation by report, then writes the table.
"""

import argparse
import csv
import json
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from legation.coding.actors import ActorResolver
from legation.inheritance import LEAD, CountriesTold, Query
from legation.schema import UNKNOWN, Argument, Reading, Report, Span
from training.annotations import Json, documents

FOLDS, STEPS, RATE, L2 = 5, 150, 0.05, 8.0
LEAST = 25
"""Candidates of which a piece of evidence must hold to be weighed; what is rarer is known by chance."""
GOLD = ("wire_train", "docs_train")
HEADER = ("evidence", "weight", "source")
SOURCE = "logistic regression on the training leads and reports"


class Case(NamedTuple):
    """One actor that inherits: evidence for each candidate, which of them is right, and the report it stands in."""

    evidence: list[list[str]]
    right: int
    report: str
    lead: bool


class Recorder(CountriesTold):
    """Notes what it is asked to inherit, instead of weighing it."""

    asked: list[tuple[list[str], list[list[str]]]]

    def inherit(self, query: Query) -> str:
        told = self.evidence(query)
        self.asked.append((list(told), list(told.values())))
        return super().inherit(query)


def cases(document: Json) -> list[Case]:
    """The actors of a document that inherit, as the resolver meets them with the right claimants and other sides."""
    sentences, at = [], 0
    for sentence in document["sentences"]:
        sentences.append(Span(at, at + len(sentence), sentence))
        at += len(sentence) + 1
    published = date.fromisoformat(document["published"]) if document.get("published") else None
    text = " ".join(document["sentences"])
    report = Report(document["id"], text, title=document.get("headline") or None, published=published)
    resolver = ActorResolver(report, [Reading(sentence) for sentence in sentences])
    resolver.told = recorder = Recorder(resolver.told.all, len(sentences))
    found = []
    for event in document["events"]:
        sentence = sentences[event["s"]]
        recorder.asked = []
        said = _argument(sentence, event["trigger"], event["said_by"]) if event.get("said_by") else None
        speaker = resolver.resolve(said, event["s"]) if said else []
        others = frozenset[str]()
        for side in (event.get("source") or [], event.get("target") or []):
            for actor in side:
                recorder.asked = []
                argument = _argument(sentence, event["trigger"], actor["text"])
                resolver.resolve(argument, event["s"], speaker, others)
                for candidates, evidence in recorder.asked[-1:]:
                    right = actor["code"].split()[0]
                    index = candidates.index(right) if right in candidates else 0
                    found.append(Case(evidence, index, document["id"], len(sentences) <= LEAD))
            others = frozenset(actor["code"].split()[0] for actor in side) - {UNKNOWN}
    return found


def _argument(sentence: Span, trigger: str, words: str) -> Argument:
    near = sentence.text.find(trigger)
    starts = [at for at in range(len(sentence.text)) if sentence.text.startswith(words, at)] or [0]
    start = sentence.start + min(starts, key=lambda at: abs(at - near))
    return Argument(Span(start, start + len(words), words), 1.0)


def fit(training: Sequence[Case]) -> dict[str, float]:
    """Weights of evidence, by gradient descent (Adam) on the penalised log likelihood."""
    seen = Counter(name for case in training for told in case.evidence for name in told)
    names = {name: i for i, name in enumerate(sorted(name for name, times in seen.items() if times >= LEAST))}
    training = [
        case._replace(evidence=[[n for n in told if n in names] for told in case.evidence]) for case in training
    ]
    flat = np.array([names[name] for case in training for told in case.evidence for name in told])
    sizes = np.array([len(told) for case in training for told in case.evidence])
    counts = np.array([len(case.evidence) for case in training])
    candidate = np.repeat(np.arange(len(sizes)), sizes)
    starts, firsts = np.cumsum(sizes) - sizes, np.cumsum(counts) - counts
    leads = np.array([case.lead for case in training])
    share = np.where(leads, 0.5 / max(leads.sum(), 1), 0.5 / max((~leads).sum(), 1)) * len(training)
    right = np.zeros(len(sizes))
    right[firsts + np.array([case.right for case in training])] = 1.0
    penalty = np.array([2 * L2 if " " in name and _of_a_form(name, names) else L2 for name in names])
    weights, mean, square = np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names))
    for step in range(STEPS):
        scores: NDArray[np.float64] = np.add.reduceat(weights[flat], starts)
        odds = np.exp(scores - np.repeat(np.maximum.reduceat(scores, firsts), counts))
        chance = odds / np.repeat(np.add.reduceat(odds, firsts), counts)
        error = (chance - right) * np.repeat(share, counts)
        slope = np.bincount(flat, error[candidate], len(names)) + penalty * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights -= RATE * min(1.0, 3 * (1 - step / STEPS)) * mean / (np.sqrt(square) + 1e-6)
    return {name: round(float(weights[i]), 2) for name, i in names.items()}


def _of_a_form(name: str, names: dict[str, int]) -> bool:
    return name.split(" ", 1)[1] in names


def accuracy(weights: dict[str, float], tested: Sequence[Case]) -> float:
    """Share of the cases in which the right candidate scores highest."""
    hits = 0
    for case in tested:
        scores = [sum(weights.get(name, 0.0) for name in told) for told in case.evidence]
        hits += scores.index(max(scores)) == case.right
    return hits / max(len(tested), 1)


def main() -> None:
    """Fit on the annotations under --shared, print what cross-validation says, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    shared = parser.parse_args().shared
    gold = [shared / "gold" / f"{name}.jsonl" for name in GOLD]
    told = [json.loads(line) for path in gold for line in path.read_text(encoding="utf-8").splitlines()]
    every = [case for document in [*documents(shared), *told] for case in cases(document)]
    guessed: list[tuple[float, int, bool]] = []
    for fold in range(FOLDS):
        held = [case for case in every if zlib.crc32(case.report.encode()) % FOLDS == fold]
        weights = fit([case for case in every if zlib.crc32(case.report.encode()) % FOLDS != fold])
        for lead in (True, False):
            tested = [case for case in held if case.lead == lead]
            guessed.append((accuracy(weights, tested), len(tested), lead))
    for lead, kind in ((True, "leads"), (False, "documents")):
        number = sum(n for _, n, of in guessed if of == lead)
        print(f"{kind}: {sum(a * n for a, n, of in guessed if of == lead) / number:.3f} of {number}")
    with Path(str(files("legation") / "tables" / "inheritance.csv")).open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(HEADER)
        table.writerows((n, f"{w:.2f}", SOURCE) for n, w in sorted(fit(every).items()) if abs(w) >= 0.05)


if __name__ == "__main__":
    main()
