"""How link forecasts are judged: ranks of the right answers, and what is made of them.

The protocol, as the literature states it where it is strict: single step (a day is forecast from the days before it);
both directions (who is the target, who is the source); the time-aware filter (other right answers of the same day are
taken out before an answer is ranked); answers of equal score share the mean of their ranks, as if drawn at random.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Quality:
    """Mean reciprocal rank and the share of answers in the first 1, 3 and 10 places, all in percent."""

    mrr: float
    hits1: float
    hits3: float
    hits10: float
    answers: int


def ranks(
    scores: npt.NDArray[Any], answers: npt.NDArray[np.bool_], unnamed: int, missed: int
) -> npt.NDArray[np.float64]:
    """The rank of each right answer to one question, from 1.

    `scores` and `answers` go over the candidates; beside them there are `unnamed` actors without a score, which all
    tie behind the last, `missed` of them right answers.
    """
    wrong = np.sort(scores[~answers].astype(np.float64))
    right = scores[answers].astype(np.float64)
    above = len(wrong) - np.searchsorted(wrong, right, side="right")
    ties = np.searchsorted(wrong, right, side="right") - np.searchsorted(wrong, right, side="left")
    behind = 1 + len(wrong) + (unnamed - missed) / 2
    return np.concatenate([1 + above + ties / 2, np.full(missed, behind)])


def quality(found: npt.NDArray[np.float64]) -> Quality:
    """What a list of ranks amounts to. Raises ValueError where it is empty."""
    if not len(found):
        raise ValueError("no answer was ranked")
    hits1, hits3, hits10 = (100 * float((found <= place).mean()) for place in (1, 3, 10))
    return Quality(100 * float((1 / found).mean()), hits1, hits3, hits10, len(found))
