"""Choose what is chosen on the development sets: `python -m training.calibrate --shared ../shared`.

The thresholds from which deeds are reported (best sum of deed F1, tuple F1, the type F1 of the
PLOVER records and the share of kept-out PLV pairs that are found), kept
in weights/labels.json; and the weights of the confidence (logistic regression on whether deed, sources and targets are
all right), in tables/confidence.csv. The sets are the gold development sets and our own annotations that are kept out
of training. Run after training.export. Last it writes what the float model reads in the samples to
tests/data/float_readings.json, since that depends on the threshold.
"""

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from evals.accuracy import SETS, as_written, event_types, jsonl, report_of, typed_pairs
from evals.scoring import right_mentions, score

from legation.coder import Coder
from legation.coding.confidence import features
from legation.encoder import Encoder, shipped_settings
from legation.schema import DEEDS, DeedReading, Mention
from training.annotations import development
from training.export import WEIGHTS, write_float_readings

TABLE = WEIGHTS.parent / "tables" / "confidence.csv"
THRESHOLDS = [round(0.4 + 0.05 * k, 2) for k in range(6)]
SOONER = dict.fromkeys(("AID", "CONCEDE", "CONSULT", "COOPERATE", "SANCTION"), 0.4)
"""Deeds that are reported from a lower probability on: of what is then told, more is right than wrong."""


def main() -> None:
    """Choose, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    arguments = parser.parse_args()
    gold = arguments.shared / "gold"
    sets = [jsonl(gold / "wire_dev.jsonl"), jsonl(gold / "docs_dev.jsonl"), development(arguments.shared)]
    records = jsonl(arguments.shared / SETS["plover_gsr_dev"])
    pairs = jsonl(arguments.shared / SETS["plv"])
    accept = max(THRESHOLDS, key=lambda threshold: _merit(sets, records, pairs, threshold))
    path = WEIGHTS / "labels.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"accept": _thresholds(accept)}, indent=1) + "\n", encoding="utf-8"
    )
    print(f"accept {accept}")
    weights = _fit(list(_rows([document for documents in sets for document in documents], accept)))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["feature", "weight", "source"])
        writer.writerows(
            [name, round(weight, 4), "fitted by training/calibrate.py"] for name, weight in weights.items()
        )
    print(weights)
    write_float_readings(arguments.work)


def _thresholds(accept: float) -> dict[str, float]:
    return dict.fromkeys(DEEDS, accept) | {deed: min(accept, least) for deed, least in SOONER.items()}


def _coder(accept: float) -> Coder:
    return Coder(Encoder(settings=replace(shipped_settings(), accept=_thresholds(accept))))


def _coded(coder: Coder, document: dict[str, Any]) -> list[tuple[DeedReading, Mention]]:
    """The mentions in the sentences that were annotated."""
    before = sum(len(sentence) + 1 for sentence in document["sentences"][: document.get("first", 0)])
    return [pair for pair in coder.code_with_readings(report_of(document)) if pair[1].trigger.start >= before]


def _merit(
    sets: list[list[dict[str, Any]]], records: list[dict[str, Any]], pairs: list[dict[str, Any]], accept: float
) -> float:
    coder, told = _coder(accept), []
    types = event_types(coder, records)["type_f1"]
    merit = types + typed_pairs(coder, pairs)["found"]
    for documents in sets:
        figures = score(documents, [[as_written(m) for _, m in _coded(coder, document)] for document in documents])
        merit += figures["deed"]["f1"] + figures["tuple"]["f1"]
        told.append(f"{figures['deed']['f1']:.3f} {figures['tuple']['f1']:.3f} {figures['full']['f1']:.3f}")
    print(f"accept {accept}: deed, tuple, full {'; '.join(told)}; types {types:.3f}", flush=True)
    return float(merit)


def _rows(documents: list[dict[str, Any]], accept: float) -> Iterator[tuple[dict[str, float], bool]]:
    coder = _coder(accept)
    for document in documents:
        coded = _coded(coder, document)
        right = right_mentions(document, [as_written(mention) for _, mention in coded])
        for (deed, mention), is_right in zip(coded, right, strict=True):
            yield features(deed, mention.sources, mention.targets), is_right


def _fit(rows: list[tuple[dict[str, float], bool]]) -> dict[str, float]:
    """Logistic regression with a light ridge, by Newton-like steps of L-BFGS."""
    names = list(rows[0][0])
    x = torch.tensor([[values[name] for name in names] for values, _ in rows], dtype=torch.float64)
    y = torch.tensor([float(right) for _, right in rows], dtype=torch.float64)
    weights = torch.zeros(len(names), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(x @ weights, y) + 0.002 * (weights**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return dict(zip(names, weights.tolist(), strict=True))


if __name__ == "__main__":
    main()
