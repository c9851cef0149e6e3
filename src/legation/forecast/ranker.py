"""Ranks candidates by their features: gradient-boosted trees (LightGBM) trained on questions of past days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numba as nb
import numpy as np
import numpy.typing as npt

from legation.forecast.archive import Facts
from legation.forecast.features import FEATURES
from legation.forecast.history import History, both_ways
from legation.forecast.protocol import Quality, quality, ranks
from legation.forecast.state import Floats, Ints

CANDIDATES = 120
"""Candidates of a question that are described; of the right answers in ICEWS 2014, 87% are among them."""
FIRST, DRAWN = 30, 12
"""Wrong candidates of a question to train on: the first by first score, and as many drawn from the others."""
LEAST_QUESTIONS = 1500
"""Below so many answered questions no trees are trained; candidates are then ranked by the rules alone."""
RULES = FEATURES.index("rule or")

_TREES = {
    "learning_rate": 0.08, "num_leaves": 63, "min_data_in_leaf": 100, "feature_fraction": 0.25, "bagging_fraction": 0.7,
    "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "verbose": -1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
BAGS = 2
"""Rankers by share, alike but for what they are drawn with: their mean is better than each."""
ROUNDS = (80, 120)
"""Trees that a choice is made between, each time the first so many."""
BLENDS = ((1.0, 0.0), (1.0, 0.3), (1.0, 0.5), (1.0, 0.8))
"""Weights of the two kinds of trees, by share and by order, that a choice is made between."""


@dataclass(frozen=True)
class Asked:
    """The questions of a day, candidates and features as History.describe gives them, and which are right."""

    day: int
    actors: Ints
    deeds: Ints
    candidates: Ints
    found: Ints
    features: Floats
    right: npt.NDArray[np.bool_]
    answers: Ints
    """How many right answers each question has, candidates or not."""


def questions(facts: Facts, deeds: int) -> tuple[Ints, Ints, list[Ints]]:
    """The questions that the facts of a day answer, in both directions, and the answers of each."""
    doubled = both_ways(facts, deeds)
    asked, first = np.unique(doubled[:, 0].astype(np.int64) << 32 | doubled[:, 1], return_index=True)
    answers = np.split(doubled[:, 2], np.sort(first)[1:])
    return (asked >> 32).astype(np.int32), (asked & 0xFFFFFFFF).astype(np.int32), answers


def ask(history: History, facts: Facts, most: int = CANDIDATES) -> Asked:
    """Put the questions that these facts of one day answer to the history before that day."""
    day = int(facts[0, 3])
    actors, deeds, answers = questions(facts, history.deeds // 2)
    candidates, found, features = history.describe(actors, deeds, day, most)
    right = np.zeros(candidates.shape, bool)
    for i, targets in enumerate(answers):
        right[i] = np.isin(candidates[i], targets)
    counts = np.array([len(targets) for targets in answers], np.int32)
    return Asked(day, actors, deeds, candidates, found, features, right, counts)


def part_of(asked: Asked, questions: npt.NDArray[Any]) -> Asked:
    """Only some of the questions."""
    rows = {name: getattr(asked, name)[questions] for name in Asked.__dataclass_fields__ if name != "day"}
    return Asked(day=asked.day, **rows)


# What is learned from. --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lesson:
    """A day's rows to train on: features, which are right, for how many each stands, and rows of each question."""

    features: Floats
    right: npt.NDArray[np.int8]
    stands_for: Floats
    sizes: npt.NDArray[np.int64]


def lesson(asked: Asked, seed: int) -> Lesson:
    """Of each question that has a right candidate: these, the first wrong ones, and some of the rest for all of it."""
    chance = np.random.default_rng([seed, asked.day])
    keep = asked.right.copy()
    keep[:, :FIRST] = True
    drawn = chance.integers(0, np.maximum(asked.found, 1)[:, None], (len(keep), DRAWN))
    keep[np.arange(len(keep))[:, None], drawn] = True
    keep &= (asked.candidates >= 0) & asked.right.any(axis=1, keepdims=True)
    stands_for = np.ones(keep.shape, np.float32)
    stands_for[:, FIRST:] = (1.0 / (1.0 - (1.0 - 1.0 / np.maximum(asked.found, 2)) ** DRAWN))[:, None]
    sizes = keep.sum(axis=1)
    return Lesson(asked.features[keep], asked.right[keep].astype(np.int8), stands_for[keep], sizes[sizes > 0])


def latest(lessons: Sequence[Lesson], most: int) -> list[Lesson]:
    """The latest lessons that hold together at most so many questions, but one at least."""
    sizes = np.cumsum([len(one.sizes) for one in reversed(lessons)])
    return list(lessons[len(lessons) - max(1, int(np.searchsorted(sizes, most, side="right"))) :])


# Trees. -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ranker:
    """Scores candidates; the higher, the likelier. `weights` are those of each of `trees` in the sum."""

    trees: tuple[Any, ...] = ()
    weights: tuple[float, ...] = ()
    rounds: int = 0

    def scores(self, asked: Asked) -> Floats:
        """(questions, candidates); behind the last candidate of a question -inf."""
        if not self.trees:
            return np.where(asked.candidates >= 0, asked.features[..., RULES], np.float32(-np.inf))
        return _weighed(self.parts(asked), self.weights)

    def parts(self, asked: Asked) -> list[Floats]:
        """The scores of each of the trees, as `scores` gives them."""
        there = asked.candidates >= 0
        rows, found = asked.features[there], []
        for tree in self.trees:
            scores = np.full(there.shape, -np.inf, np.float32)
            if len(rows):
                scores[there] = tree.predict(rows, num_iteration=self.rounds)
            found.append(scores)
        return found


def train(lessons: Sequence[Lesson], rounds: int, blend: tuple[float, float], seed: int) -> Ranker:
    """BAGS times so many trees by share, and as many by order where their weight in the blend is not 0.

    Few lessons make no trees: the ranker then goes by the rules alone.
    """
    if sum(len(one.sizes) for one in lessons) < LEAST_QUESTIONS:
        return Ranker()
    sizes = np.concatenate([one.sizes for one in lessons])
    data = lgb.Dataset(
        [one.features for one in lessons], np.concatenate([one.right for one in lessons]), group=sizes,
        params={"max_bin": _TREES["max_bin"], "verbose": -1}, free_raw_data=True,
    )  # fmt: skip
    share = _Share(np.concatenate([one.stands_for for one in lessons]), sizes)
    kinds: list[dict[str, Any]] = [{"objective": share, "seed": BAGS * seed + bag} for bag in range(BAGS)]
    if blend[1]:
        kinds.append({"objective": "lambdarank", "lambdarank_truncation_level": 30, "seed": BAGS * seed})
    trees = tuple(lgb.train(_TREES | kind, data, rounds) for kind in kinds)
    return Ranker(trees, _weights(blend)[: len(trees)], rounds)


def _weights(blend: tuple[float, float]) -> tuple[float, ...]:
    """The weight of each of the trees that `train` makes."""
    return (blend[0] / BAGS,) * BAGS + blend[1:]


def _weighed(parts: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """The weighed sum of scores, -inf where they are."""
    there = np.isfinite(parts[0])
    found = np.full(there.shape, -np.inf, np.float32)
    found[there] = sum(weight * part[there] for weight, part in zip(weights, parts, strict=True))
    return found


class _Share:
    """Cross-entropy of each right answer against the wrong ones (not against the other right ones: the time-aware
    filter), where a drawn wrong one stands for those that were not drawn."""

    def __init__(self, stands_for: Floats, sizes: npt.NDArray[np.int64]) -> None:
        self.stands_for, self.ends = stands_for, np.append(0, np.cumsum(sizes))

    def __call__(self, scores: npt.NDArray[np.float64], data: Any) -> tuple[Any, Any]:
        slope, curve = np.zeros(len(scores)), np.zeros(len(scores))
        _share_slopes(scores, data.get_label() > 0, self.stands_for, self.ends, slope, curve)
        return slope, curve


@nb.njit(cache=True)
def _share_slopes(scores: Any, right: Any, stands_for: Any, ends: Any, slope: Any, curve: Any) -> None:
    for q in range(ends.shape[0] - 1):
        rows = range(ends[q], ends[q + 1])
        top, wrong = scores[ends[q]], 0.0
        for i in rows:
            top = max(top, scores[i])
        for i in rows:
            if not right[i]:
                wrong += stands_for[i] * np.exp(scores[i] - top)
        once, twice = 0.0, 0.0
        for i in rows:
            if right[i]:
                own = np.exp(scores[i] - top)
                share = own / (own + wrong)
                slope[i], curve[i] = share - 1.0, share * (1.0 - share) + 1e-6
                once += 1.0 / (own + wrong)
                twice += 1.0 / (own + wrong) ** 2
        for i in rows:
            if not right[i]:
                own = stands_for[i] * np.exp(scores[i] - top)
                slope[i], curve[i] = own * once, max(own * once - own * own * twice, 0.0) + 1e-6


# Judging and choosing. --------------------------------------------------------------------------------------------


def ranks_of(scores: Floats, asked: Asked, actors: int) -> npt.NDArray[np.float64]:
    """The ranks of all right answers, those that are no candidates too; there are so many actors."""
    found = []
    for i in range(len(scores)):
        n = int(asked.found[i])
        missed = int(asked.answers[i] - asked.right[i].sum())
        found.append(ranks(scores[i, :n], asked.right[i, :n], actors - n, missed))
    return np.concatenate(found) if found else np.zeros(0)


def choose(
    lessons: Sequence[Lesson], valid: Sequence[Asked], actors: int, seed: int
) -> tuple[int, tuple[float, float], Quality]:
    """The rounds and the blend whose ranks of `valid` are best by mean reciprocal rank, and how good they are."""

    def judged(scores: Sequence[Floats]) -> Quality:
        return quality(np.concatenate([ranks_of(one, asked, actors) for one, asked in zip(scores, valid, strict=True)]))

    trained = train(lessons, max(ROUNDS), (1.0, 1.0), seed)
    if not trained.trees:
        return max(ROUNDS), BLENDS[0], judged([trained.scores(asked) for asked in valid])
    best: tuple[int, tuple[float, float], Quality] | None = None
    for rounds in ROUNDS:
        parts = [replace(trained, rounds=rounds).parts(asked) for asked in valid]
        for blend in BLENDS:
            told = judged([_weighed(of_day, _weights(blend)) for of_day in parts])
            if best is None or told.mrr > best[2].mrr:
                best = rounds, blend, told
    assert best is not None
    return best
