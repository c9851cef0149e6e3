"""Accuracy on every development set: coded events, event types, names, syntax. `measure` gives all figures by name."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from training.corpora import conllu, iob2

from evals import timex, toponyms
from evals.scoring import document_text, score, trust
from legation.coder import Coder
from legation.encoder import Encoder, spans
from legation.schema import Actor, Mention, Name, Reading, Report
from legation.store import to_row

Figures = dict[str, Any]
SAMPLES = Path(__file__).parent.parent / "samples" / "gold.jsonl"
SETS = {
    "wire_dev": "gold/wire_dev.jsonl",
    "docs_dev": "gold/docs_dev.jsonl",
    "plover_gsr_dev": "data/events/plover_gsr_dev.jsonl",
    "plv": "data/events/plv_train.jsonl",
    "ner_ewt_test": "data/ner/en_ewt-ud-test.iob2",
    "ner_pud_test": "data/ner/en_pud-ud-test.iob2",
    "ud_ewt_dev": "data/ud/en_ewt-dev.conllu.gz",
    "ud_gum_dev": "data/ud/en_gum-dev.conllu.gz",
    "timebank": "data/time/tempeval3_training.zip",
    "aquaint": "data/time/tempeval3_training.zip",
    "tr_news": "data/geo/TR-News.xml",
    "lgl": "data/geo/lgl.xml",
}
"""Files under the folder of development sets, by the name of the set."""
TIMES = {"timebank": "TimeBank", "aquaint": "AQUAINT"}
"""Folders of the archive of time expressions."""


def measure_samples() -> Figures:
    """Figures of the samples' own gold, which every clone has."""
    return {"digest": digest(SAMPLES), **coded_events(Coder(), jsonl(SAMPLES))}


def digest(path: Path) -> str:
    """First 12 characters of the file's SHA-256: says which version of a set a figure was measured on."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def measure(shared: Path, names: Sequence[str] = tuple(SETS)) -> dict[str, Figures]:
    """Figures of each named set under `shared`, with its digest."""
    coder, encoder = Coder(), Encoder()
    out = {}
    for name in names:
        path = shared / SETS[name]
        if name.endswith("_dev") and "gold" in SETS[name]:
            figures = coded_events(coder, jsonl(path))
        elif name == "plover_gsr_dev":
            figures = event_types(coder, jsonl(path))
        elif name == "plv":
            figures = typed_pairs(coder, jsonl(path))
        elif name in TIMES:
            figures = timex.measure(path, TIMES[name])
        elif path.suffix == ".xml":
            figures = dict(toponyms.measure(path))
        elif name.startswith("ner"):
            figures = names_found(encoder, path)
        else:
            figures = syntax(encoder, path)
        out[name] = {"digest": digest(path), **figures}
    return out


def measure_trust(shared: Path) -> Figures:
    """What the confidence is worth on the gold development sets taken together."""
    documents = [document for name in ("wire_dev", "docs_dev") for document in jsonl(shared / SETS[name])]
    return trust(documents, _coded(Coder(), documents))


def jsonl(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def coded_events(coder: Coder, documents: Sequence[dict[str, Any]]) -> Figures:
    """Gold documents scored by evals.scoring."""
    return score(documents, _coded(coder, documents))


def _coded(coder: Coder, documents: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [[as_written(mention) for mention in coder.code(report_of(document))] for document in documents]


def report_of(document: dict[str, Any]) -> Report:
    """The report that a gold document is."""
    published = date.fromisoformat(document["published"]) if document.get("published") else None
    title = document.get("headline") or None
    return Report(document["id"], document_text(document), title=title, published=published)


def as_written(mention: Mention) -> dict[str, Any]:
    """The mention as `legation code` writes it."""
    written: dict[str, Any] = json.loads(json.dumps(to_row(mention), default=str))
    return written


def event_types(coder: Coder, records: Sequence[dict[str, Any]]) -> Figures:
    """Micro F1 of the set of published PLOVER types of each record. CONCEDE and RETREAT are kept apart."""
    hits = gold_total = predicted_total = 0
    for record in records:
        gold = {event["plover"] for event in record["events"]}
        predicted = {m.plover for m in coder.code(Report(record["id"], record["text"])) if m.plover}
        hits += len(gold & predicted)
        gold_total += len(gold)
        predicted_total += len(predicted)
    return {"documents": len(records), "type_f1": 2 * hits / (gold_total + predicted_total)}


KEPT_OF_PLV = 6
"""Sentences of plv_train whose number this divides are kept for development: their annotations are in no training."""


def typed_pairs(coder: Coder, rows: Sequence[dict[str, Any]]) -> Figures:
    """PLV's typed pairs without telling the actors: share of pairs found, and macro F1 of the root over those found.

    A pair is found where a published mention has a source that overlaps the marked source and a target that overlaps
    the marked target (one that is not named need not be found); of several the most confident counts. Roots are PLV's
    15: CONCEDE and RETREAT are YIELD.
    """
    kept = [row for row in rows if int(row["sentence_id"]) % KEPT_OF_PLV == 0]
    told = []
    for row in kept:
        found = [
            (mention.confidence, "YIELD" if mention.plover in ("CONCEDE", "RETREAT") else mention.plover)
            for mention in coder.code(Report(row["sentence_id"], row["sentence"]))
            if mention.plover and _touches(mention.sources, row, "source") and _touches(mention.targets, row, "target")
        ]
        if found:
            told.append((row["gold_root"], max(found)[1]))
    scores = []
    for root in {gold for gold, _ in told}:
        hits = sum(gold == root == predicted for gold, predicted in told)
        scores.append(2 * hits / (sum(gold == root for gold, _ in told) + sum(p == root for _, p in told)))
    return {"pairs": len(kept), "found": len(told) / len(kept), "macro_f1": sum(scores) / len(scores)}


def _touches(actors: Sequence[Actor], row: dict[str, Any], side: str) -> bool:
    """Whether an actor overlaps the pair's; always where the sentence does not name the pair's ("a recipient")."""
    at = row["sentence"].find(row[side])
    return at < 0 or any(actor.start < at + len(row[side]) and at < actor.end for actor in actors)


def names_found(encoder: Encoder, path: Path) -> Figures:
    """Exact-span F1 of PER, ORG and place names (GPE, LOC and FAC count as LOC, which is all that the set tells)."""
    hits = gold_total = predicted_total = 0
    sentences = list(iob2(path))
    for (words, labels), reading in zip(sentences, _read(encoder, [w for w, _ in sentences]), strict=True):
        gold, predicted = _gold_names(words, labels), _predicted_names(words, reading.names)
        hits += len(gold & predicted)
        gold_total += len(gold)
        predicted_total += len(predicted)
    return {"sentences": len(sentences), "f1": 2 * hits / (gold_total + predicted_total)}


def syntax(encoder: Encoder, path: Path) -> Figures:
    """Part-of-speech accuracy and attachment scores over all words, on the treebank's own words."""
    sentences = [rows for _, rows in conllu(path) if len(rows) <= 100]
    n = pos = uas = las = 0
    for rows, reading in zip(sentences, _read(encoder, [[row[1] for row in s] for s in sentences]), strict=True):
        for row, word in zip(rows, reading.words, strict=True):
            head = word.head == int(row[6]) - 1
            n += 1
            pos += word.pos == row[3]
            uas += head
            las += head and word.relation == row[7].split(":")[0]
    return {"words": n, "pos": pos / n, "uas": uas / n, "las": las / n}


def _read(encoder: Encoder, sentences: list[list[str]]) -> list[Reading]:
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    readings: dict[int, Reading] = dict(zip(order, encoder.read_words([sentences[i] for i in order]), strict=True))
    return [readings[i] for i in range(len(sentences))]


def _gold_names(words: Sequence[str], labels: Sequence[str]) -> set[tuple[int, int, str]]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    return {(starts[a], starts[b] - 1, label) for a, b, label in spans(labels)}


def _predicted_names(words: Sequence[str], names: Sequence[Name]) -> set[tuple[int, int, str]]:
    kinds = {"PER": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
    return {(name.start, name.end, kinds[name.label]) for name in names if name.label in kinds}


def weights_version() -> str:
    """Version of the weights that are measured."""
    return Encoder().settings.version
