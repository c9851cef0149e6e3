"""How sure: the probability that deed, sources and targets of a mention are all right."""

from collections.abc import Sequence
from functools import cache
from math import exp, log

from legation import tables
from legation.schema import UNKNOWN, Actor, Argument, DeedReading


def features(deed: DeedReading, sources: Sequence[Actor], targets: Sequence[Actor]) -> dict[str, float]:
    """What the confidence rests on; the weights stand in tables/confidence.csv, fitted by training/calibrate.py."""
    return {
        "constant": 1.0,
        "deed": _logit(deed.probability),
        "source": _logit(_least(deed.sources)),
        "target": _logit(_least(deed.targets)),
        "no_source": float(not sources),
        "no_target": float(not targets),
        "unknown_source": float(any(actor.country == UNKNOWN for actor in sources)),
        "unknown_target": float(any(actor.country == UNKNOWN for actor in targets)),
    }


def of(deed: DeedReading, sources: Sequence[Actor], targets: Sequence[Actor]) -> float:
    """The probability, in [0, 1]."""
    weights = _weights()
    score = sum(weights[name] * value for name, value in features(deed, sources, targets).items())
    return round(1 / (1 + exp(-score)), 4)


@cache
def _weights() -> dict[str, float]:
    return {row["feature"]: float(row["weight"]) for row in tables.rows("confidence")}


def _least(arguments: Sequence[Argument]) -> float:
    return min((argument.probability for argument in arguments), default=0.5)


def _logit(probability: float) -> float:
    bounded = min(max(probability, 0.001), 0.999)
    return log(bounded / (1 - bounded))
