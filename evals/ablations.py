"""What each part of the coder buys: `python -m evals.ablations --shared ../shared` writes evals/ablations.csv.

Every row codes the gold development sets with one part taken out. Rows whose `part` begins with "weights" are of other
training runs; they are kept as they were measured, since they cannot be made from what the project ships.
"""

import argparse
import csv
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evals.accuracy import SETS, coded_events, jsonl
from legation import encoder
from legation.coder import Coder
from legation.inheritance import CountriesTold
from legation.schema import UNKNOWN, DeedReading, Reading, Word

TABLE = Path(__file__).parent / "ablations.csv"
LEVELS = ("deed", "tuple", "full")
Stretches = Sequence[tuple[int, int]]


def _as_they_are(words: Sequence[Word], stretches: Stretches) -> list[tuple[int, int]]:
    return list(stretches)


def _all_stay(words: Sequence[Word], told: list[tuple[int, int, str]], weight: object) -> list[tuple[int, int, str]]:
    return told


def _not_moved(reading: Reading, deed: DeedReading) -> DeedReading:
    return deed


WITHOUT: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "nothing": nullcontext,
    "phrases completed by syntax": lambda: patch.object(encoder, "completed", _as_they_are),
    "one role for each phrase": lambda: patch.object(encoder, "arbitrated", _all_stay),
    "tellers moved to claimants": lambda: patch("legation.coding.claims.attributed", _not_moved),
    "countries inherited from the report": lambda: patch.object(CountriesTold, "inherit", lambda *_: UNKNOWN),
}


def measure(shared: Path) -> list[dict[str, str]]:
    """A row for each part: F1 of each level on leads and documents without it."""
    sets = {name: jsonl(shared / SETS[f"{name}_dev"]) for name in ("wire", "docs")}
    rows = []
    for part, without in WITHOUT.items():
        with without():
            figures = {name: coded_events(Coder(), documents) for name, documents in sets.items()}
        told = {f"{name} {level}": f"{figures[name][level]['f1']:.3f}" for name in sets for level in LEVELS}
        rows.append({"part": part} | told)
    return rows


def main() -> None:
    """Measure, and write the table; rows of other weights stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds gold/")
    arguments = parser.parse_args()
    rows = measure(arguments.shared)
    if TABLE.exists():
        with TABLE.open(encoding="utf-8", newline="") as lines:
            rows += [row for row in csv.DictReader(lines) if row["part"].startswith("weights")]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
