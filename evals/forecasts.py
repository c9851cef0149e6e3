"""`python -m evals.forecasts DIR`: link and dyad forecasts on an archive of quadruples, and what each part buys.

Three seeds of `legation forecast evaluate`; with --ablations, on `valid.txt` alone, what the ranking loses when one
part's features are blanked (candidates stay); with --dyads, a backtest of dyad forecasts over pairs of actors and quad
classes.
"""

import argparse
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from legation.forecast import ranker
from legation.forecast.archive import Archive, read_quadruples
from legation.forecast.backtest import backtest
from legation.forecast.dyads import Panel
from legation.forecast.features import FEATURES
from legation.forecast.links import Studied, evaluate, study

PARTS = {
    "rules": ("rule ",),
    "same and pair, faded": ("same ", "pair ", "back "),
    "order of partners": ("same order", "pair order"),
    "deeds alike": ("class ", "place class"),
    "paths": ("path ",),
    "actors alike by behaviour": ("like",),
    "network": ("network",),
    "places": ("place", "actor place", "target is place", "actor is place", "same place"),
    "kinds": ("kind", "actor kind"),
    "seasons": ("weekly", "yearly"),
    "ranks in the question": ("rank of ",),
}
"""Features of a part begin so; "rank of …" of them go with it."""


def main() -> None:
    """Print the tables; figures name data and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with train.txt, valid.txt, test.txt")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ablations", action="store_true", help="what each part buys, on valid.txt alone")
    parser.add_argument("--dyads", action="store_true", help="backtest dyad forecasts instead")
    arguments = parser.parse_args()
    print(f"{arguments.folder.name} on {platform.machine()}, Python {platform.python_version()}")
    tables = print_ablations if arguments.ablations else print_dyads if arguments.dyads else print_links
    tables(arguments.folder, arguments.seeds)


def print_links(folder: Path, seeds: int) -> None:
    """Each seed and their mean: MRR, Hits@1, 3 and 10 on test, time and memory."""
    found = [evaluate(folder, seed, lambda words: print(words, flush=True)) for seed in range(seeds)]
    print("seed    MRR  Hits@1  Hits@3  Hits@10  seconds  GB")
    for seed, one in enumerate(found):
        told = one.test
        print(f"{seed:4} {told.mrr:6.2f}  {told.hits1:6.2f}  {told.hits3:6.2f}   {told.hits10:6.2f}  "
              f"{one.seconds:7.0f}  {one.memory:.1f}", flush=True)  # fmt: skip
    means = [np.mean([getattr(one.test, name) for one in found]) for name in ("mrr", "hits1", "hits3", "hits10")]
    print("mean " + "  ".join(f"{mean:6.2f}" for mean in means))


def print_ablations(folder: Path, seeds: int) -> None:
    """MRR and Hits@10 on valid of the whole and without each part, with the seconds of training."""
    studied = study(folder)
    for name in ("nothing", *PARTS):
        started = time.monotonic()
        blank = [] if name == "nothing" else columns(PARTS[name])
        told = [_choose(blanked(studied, blank), seed) for seed in range(seeds)]
        mrr, hits10 = (float(np.mean([getattr(one, field) for one in told])) for field in ("mrr", "hits10"))
        seconds = (time.monotonic() - started) / seeds
        print(f"without {name:28} {len(blank):3} features  {mrr:6.2f}  {hits10:6.2f}  {seconds:5.0f} s", flush=True)


def _choose(studied: Studied, seed: int) -> Any:
    return ranker.choose(studied.lessons, studied.valid, len(studied.archive.actors), seed)[2]


def columns(begin: Sequence[str]) -> list[int]:
    """The features that begin so, and ranks by them."""
    return [i for i, name in enumerate(FEATURES) if name.startswith(tuple(begin))
            or name.removeprefix("rank of ").startswith(tuple(begin))]  # fmt: skip


def blanked(studied: Studied, blank: Sequence[int]) -> Studied:
    """The same with these features 0."""

    def without(told: Any) -> Any:
        features = told.features.copy()
        features[..., list(blank)] = 0.0
        return replace(told, features=features)

    return replace(
        studied, lessons=[without(one) for one in studied.lessons], valid=[without(one) for one in studied.valid]
    )


def print_dyads(folder: Path, seeds: int) -> None:
    """Brier skill against each reference and calibration, by horizon, for each seed."""
    archive, _ = read_quadruples(folder)
    for seed in range(seeds):
        found = backtest(panel_of(archive), seed, lambda words: print(words, flush=True))
        for days, told in found.scores.items():
            skill = ", ".join(f"{name} {value:.1f}%" for name, value in told.brier_skill.items())
            print(
                f"{days:3} days: Brier skill against {skill}; calibration error {told.calibration_error:.4f}",
                flush=True,
            )


def panel_of(archive: Archive) -> Panel:
    """The quadruples as a panel, their CAMEO roots in the four quad classes of the GDELT codebook."""
    of_root = np.searchsorted([1, 6, 9, 14], np.arange(21), side="right")
    source, deed, target, day = archive.facts.T
    return Panel.of(source, target, of_root[archive.roots[deed]], day, len(archive.actors))


if __name__ == "__main__":
    main()
