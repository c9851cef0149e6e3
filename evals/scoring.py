"""Coded mentions against gold events, as the guidelines of the gold sets score them.

A mention and a gold event may match where the mention's trigger starts in the gold event's sentence and both name the
same deed. Matching is one to one and prefers pairs whose sources, targets, status and trigger agree. Levels:
deed; +status; +who and +whom (the set of countries is right on that side); tuple (both sides); full (tuple and status).
Intervals are 95% bootstrap intervals over documents.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Gold = dict[str, Any]

DRAWS = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What is compared of a gold event or a mention. `trigger` is [start, end) in the sentences joined by a blank."""

    sentence: int
    deed: str
    status: str
    trigger: tuple[int, int]
    who: frozenset[str]
    whom: frozenset[str]
    sectors: tuple[frozenset[str], frozenset[str]]
    when: tuple[str, str] | None
    where: str | None
    claimant: str | None
    modes: frozenset[str]


Pairs = list[tuple[Told, Told]]
LEVELS: dict[str, Callable[[Told, Told], bool]] = {
    "deed": lambda g, p: True,
    "+status": lambda g, p: g.status == p.status,
    "+who": lambda g, p: g.who == p.who,
    "+whom": lambda g, p: g.whom == p.whom,
    "tuple": lambda g, p: g.who == p.who and g.whom == p.whom,
    "full": lambda g, p: g.who == p.who and g.whom == p.whom and g.status == p.status,
}
FIELDS: dict[str, tuple[Callable[[Told], object], Callable[[Told, Told], bool]]] = {
    "status": (lambda g: True, lambda g, p: g.status == p.status),
    "when": (lambda g: g.when, lambda g, p: g.when == p.when),
    "where": (lambda g: g.where, lambda g, p: g.where == p.where),
    "claimant": (lambda g: True, lambda g, p: _same_claimant(g.claimant, p.claimant)),
    "sector": (lambda g: g.sectors[0] or g.sectors[1], lambda g, p: g.sectors == p.sectors),
    "mode": (lambda g: g.modes, lambda g, p: g.modes == p.modes),
}


def document_text(document: Gold) -> str:
    """The text that is coded: the gold document's sentences joined by one blank."""
    return " ".join(document["sentences"])


def score(documents: Sequence[Gold], mentions: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Figures for `documents`, each with its mentions (as `legation code` writes them) in the same order.

    {"documents", "gold", "predicted", level: {"precision", "recall", "f1", "interval"}, field: {"accuracy", "n"},
    "quiet": {"accuracy", "n", "mentions"}}: of the n documents without an event, the share without a mention, and the
    mentions that the others have.
    """
    told = []
    for document, coded in zip(documents, mentions, strict=True):
        gold, predicted = _gold(document), _predicted(document, coded)
        told.append((len(gold), len(predicted), _match(gold, predicted)))
    out: dict[str, Any] = {
        "documents": len(told),
        "gold": sum(g for g, _, _ in told),
        "predicted": sum(p for _, p, _ in told),
    }
    rng = random.Random(1)
    draws = [rng.choices(told, k=len(told)) for _ in range(DRAWS)]
    for level in LEVELS:
        precision, recall, f1 = _f1(told, level)
        spread = sorted(_f1(draw, level)[2] for draw in draws)
        interval = (spread[int(0.025 * DRAWS)], spread[int(0.975 * DRAWS)])
        out[level] = {"precision": precision, "recall": recall, "f1": f1, "interval": interval}
    pairs = [pair for _, _, matched in told for pair in matched]
    for name, (asked, right) in FIELDS.items():
        hits = [right(g, p) for g, p in pairs if asked(g)]
        out[name] = {"accuracy": sum(hits) / len(hits) if hits else 0.0, "n": len(hits)}
    quiet = [predicted for gold, predicted, _ in told if not gold]
    silent = sum(not predicted for predicted in quiet)
    out["quiet"] = {"accuracy": silent / len(quiet) if quiet else 0.0, "n": len(quiet), "mentions": sum(quiet)}
    return out


def right_mentions(document: Gold, mentions: Sequence[dict[str, Any]]) -> list[bool]:
    """For each mention of a document whether deed, sources and targets are all right."""
    predicted = _predicted(document, mentions)
    right = {id(p) for g, p in _match(_gold(document), predicted) if LEVELS["tuple"](g, p)}
    return [id(told) in right for told in predicted]


BINS = 10
CURVE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def trust(documents: Sequence[Gold], mentions: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """What the confidence is worth, of deed, sources and targets being all right.

    "ece" is the expected calibration error over BINS bins of equal width; "curve" has precision and recall of what is
    left of the mentions from each confidence of CURVE on.
    """
    told = [
        (mention["confidence"], right)
        for document, coded in zip(documents, mentions, strict=True)
        for mention, right in zip(coded, right_mentions(document, coded), strict=True)
    ]
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in told:
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, right))
    gaps = [abs(sum(c for c, _ in rows) - sum(r for _, r in rows)) for rows in bins.values()]
    gold = sum(len(document["events"]) for document in documents)
    curve = []
    for least in CURVE:
        kept = [right for confidence, right in told if confidence >= least]
        precision = sum(kept) / len(kept) if kept else 0.0
        curve.append({"confidence": least, "mentions": len(kept), "precision": precision, "recall": sum(kept) / gold})
    return {"mentions": len(told), "ece": sum(gaps) / len(told), "curve": curve}


def _f1(told: Sequence[tuple[int, int, Pairs]], level: str) -> tuple[float, float, float]:
    right = LEVELS[level]
    hits = sum(right(g, p) for _, _, pairs in told for g, p in pairs)
    gold, predicted = sum(g for g, _, _ in told), sum(p for _, p, _ in told)
    precision, recall = hits / predicted if predicted else 0.0, hits / gold if gold else 0.0
    return precision, recall, 2 * hits / (gold + predicted) if gold + predicted else 0.0


def _match(gold: list[Told], predicted: list[Told]) -> Pairs:
    candidates = sorted(
        (
            (_likeness(g, p), i, j)
            for i, g in enumerate(gold)
            for j, p in enumerate(predicted)
            if g.sentence == p.sentence
        ),
        reverse=True,
    )
    taken_gold: set[int] = set()
    taken_predicted: set[int] = set()
    out = []
    for likeness, i, j in candidates:
        if likeness and i not in taken_gold and j not in taken_predicted:
            taken_gold.add(i)
            taken_predicted.add(j)
            out.append((gold[i], predicted[j]))
    return out


def _likeness(g: Told, p: Told) -> int:
    if g.deed != p.deed:
        return 0
    overlap = g.trigger[0] < p.trigger[1] and p.trigger[0] < g.trigger[1]
    return 16 + 4 * (g.who == p.who) + 4 * (g.whom == p.whom) + 2 * (g.status == p.status) + 3 * overlap


def _sentence_spans(document: Gold) -> list[tuple[int, int]]:
    spans, at = [], 0
    for sentence in document["sentences"]:
        spans.append((at, at + len(sentence)))
        at += len(sentence) + 1
    return spans


def _gold(document: Gold) -> list[Told]:
    spans, out = _sentence_spans(document), []
    for event in document["events"]:
        at = spans[event["s"]][0] + document["sentences"][event["s"]].find(event["trigger"])
        when, sides = event.get("when") or {}, [event.get("source", []), event.get("target", [])]
        countries = [_countries(actor["code"] for actor in side) for side in sides]
        sectors = [frozenset(s for actor in side for s in actor["code"].split()[1:]) for side in sides]
        out.append(
            Told(
                event["s"], event["type"], event["status"], (at, at + len(event["trigger"])),
                countries[0], countries[1], (sectors[0], sectors[1]),
                (when["start"], when["end"]) if when.get("start") else None,
                (event.get("where") or {}).get("country"), event.get("said_by"),
                frozenset(event.get("mode") or ()),
            )
        )  # fmt: skip
    return out


def _predicted(document: Gold, mentions: Sequence[dict[str, Any]]) -> list[Told]:
    spans, out = _sentence_spans(document), []
    for mention in mentions:
        trigger, when = mention["trigger"], mention["when"] or {}
        sentence = next((i for i, (lo, hi) in enumerate(spans) if lo <= trigger["start"] < hi), None)
        if sentence is None:
            continue
        sides = [mention["sources"], mention["targets"]]
        sectors = [frozenset(s for actor in side for s in actor["sectors"]) for side in sides]
        out.append(
            Told(
                sentence, mention["deed"], mention["status"], (trigger["start"], trigger["end"]),
                _countries(actor["country"] for actor in sides[0]), _countries(actor["country"] for actor in sides[1]),
                (sectors[0], sectors[1]),
                (when["start"], when["end"]) if when and when["basis"] == "stated" else None,
                (mention["where"] or {}).get("country"), " ".join(c["text"] for c in mention["claimants"]) or None,
                frozenset(mention["modes"]),
            )
        )  # fmt: skip
    return out


def _countries(codes: Any) -> frozenset[str]:
    return frozenset(code[:3] for code in codes if code and code[:3] != "---")


def _same_claimant(gold: str | None, predicted: str | None) -> bool:
    if not gold or not predicted:
        return bool(gold) == bool(predicted)
    return bool(set(gold.lower().split()) & set(predicted.lower().split()))
