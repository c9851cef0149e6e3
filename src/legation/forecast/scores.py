"""How good probabilities are: Brier and log score, skill against simpler forecasts, and calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
BINS = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
"""Edges of the reliability table: finer below, where most chances of political events lie."""
_LEAST = 1e-4
"""A forecast of 0 or 1 counts as this far from it in the log score, which a miss would else make infinite."""


@dataclass(frozen=True)
class Bin:
    """Forecasts from `low` on to below `high`: how many, their mean, and the share that came true."""

    low: float
    high: float
    forecasts: int
    mean: float
    share: float


@dataclass(frozen=True)
class Score:
    """Brier and log score (nats; both the smaller the better), their skill in percent against each reference by name,
    and the expected calibration error: the mean distance of forecast and share over the bins of `table`."""

    forecasts: int
    happened: int
    brier: float
    log: float
    brier_skill: dict[str, float]
    log_skill: dict[str, float]
    calibration_error: float
    table: tuple[Bin, ...]


def brier(chance: Array, happened: Any) -> float:
    """The mean squared distance of forecast and outcome."""
    return float(((chance - happened) ** 2).mean())


def log_score(chance: Array, happened: Any) -> float:
    """The mean negative logarithm of what the forecast gave to what came."""
    chance = np.clip(chance, _LEAST, 1 - _LEAST)
    return float(-np.where(happened, np.log(chance), np.log1p(-chance)).mean())


def score(chance: Array, happened: npt.NDArray[np.bool_], references: Mapping[str, Array]) -> Score:
    """Score probabilities by what came, and against other forecasts. Raises ValueError where there is none."""
    if not len(chance):
        raise ValueError("no forecast to score")
    own, own_log, table = brier(chance, happened), log_score(chance, happened), reliability(chance, happened)
    error = sum(one.forecasts * abs(one.mean - one.share) for one in table) / len(chance)
    return Score(
        len(chance), int(happened.sum()), own, own_log,
        {name: _skill(own, brier(other, happened)) for name, other in references.items()},
        {name: _skill(own_log, log_score(other, happened)) for name, other in references.items()},
        error, table,
    )  # fmt: skip


def _skill(own: float, reference: float) -> float:
    return 100 * (1 - own / reference) if reference else 0.0


def reliability(chance: Array, happened: Any) -> tuple[Bin, ...]:
    """The bins that hold a forecast."""
    at = np.clip(np.searchsorted(BINS, chance, side="right") - 1, 0, len(BINS) - 2)
    return tuple(
        Bin(float(BINS[i]), float(BINS[i + 1]), int(own.sum()), float(chance[own].mean()), float(happened[own].mean()))
        for i in range(len(BINS) - 1)
        if (own := at == i).any()
    )


def plot(tables: Mapping[str, tuple[Bin, ...]]) -> str:
    """Reliability diagrams, side by side, as SVG: forecast to the right, share that came true upwards."""
    drawn = [_diagram(name, table, 40 + 280 * i) for i, (name, table) in enumerate(tables.items())]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{20 + 280 * len(drawn)}" height="300" '
        'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(drawn) + "\n</svg>\n"
    )  # fmt: skip


def _diagram(name: str, table: tuple[Bin, ...], left: int) -> str:
    size, top = 220, 40
    points = [(left + size * one.mean, top + size * (1 - one.share), one) for one in table]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + np.log10(one.forecasts):.1f}" fill="#1f5fa8">'
        f"<title>{one.forecasts} forecasts: {one.mean:.3f} foretold, {one.share:.3f} came true</title></circle>"
        for x, y, one in points
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    return (
        f'<text x="{left}" y="{top - 14}">{name}</text><rect x="{left}" y="{top}" width="{size}" height="{size}" '
        f'fill="none" stroke="#999"/><line x1="{left}" y1="{top + size}" x2="{left + size}" y2="{top}" '
        f'stroke="#999" stroke-dasharray="4"/><polyline points="{line}" fill="none" stroke="#1f5fa8"/>{dots}'
        f'<text x="{left}" y="{top + size + 16}">0</text><text x="{left + size - 8}" y="{top + size + 16}">1</text>'
    )
