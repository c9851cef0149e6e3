"""Fit what mentions are merged by: `python -m training.fit_merge --shared ../shared`.

common_words.csv is counted in the sentences of UD English EWT and GUM. merge_scorer.csv is a logistic regression on
pairs of mentions that a large language model judged, reading one by one, to tell of one deed or of two: the rows of
training/data/merging/pairs.csv hold the features of each pair, the judgement, and how many pairs of its kind it was
drawn from; a pair counts by the root of that, for by the number itself a few pairs of the largest kinds would outweigh
all others. Two passes over 150 pairs agree on 0.987.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

import numpy as np

from legation.merge.pairs import FEATURES
from legation.merge.traces import stems
from training.corpora import conllu

TABLES = Path("src/legation/tables")
PAIRS = Path("training/data/merging/pairs.csv")
LEAST = 0.0005
"""Share of sentences from which a word is common enough to be listed."""
FIXED = {"another person on another day": -6.0, "nothing in common": -4.0}
"""Weights that are no matter of likelihood: two meetings with different people on different days are two, and what
reports of two stories tell of other people in other places is two, however alike the words."""
RIDGE = 1.0
"""Weight of the squared weights: so few pairs would else make too sure of rare features."""


def common_words(shared: Path) -> dict[str, float]:
    """Share of sentences in which each common stem stands."""
    counts: Counter[str] = Counter()
    sentences = 0
    for name in ("en_ewt-train", "en_gum-train"):
        for _, rows in conllu(shared / "data" / "ud" / f"{name}.conllu.gz"):
            counts.update(stems(" ".join(row[1] for row in rows)))
            sentences += 1
    return {stem: n / sentences for stem, n in sorted(counts.items()) if n / sentences >= LEAST}


def fitted(features: np.ndarray, same: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression by Newton's method, pairs weighted by `drawn`; the constant is not held back."""
    drawn = drawn / drawn.mean()
    ridge = np.full(features.shape[1], RIDGE)
    ridge[0] = 0.0
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (drawn * (p - same)) + ridge * weights
        curve = (features * (drawn * p * (1 - p))[:, None]).T @ features + np.diag(ridge + 1e-6)
        weights -= np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    """Write both tables, and print how well the pairs are told apart, each fifth by the weights of the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    arguments = parser.parse_args()
    lines = [
        "# Beginnings of common English words (five letters, no accents), and the share of sentences they stand in."
    ]
    lines += ["stem,share,source", *(f"{stem},{share:.5f},UD English EWT and GUM (training/fit_merge.py)"
                                     for stem, share in common_words(arguments.shared).items())]  # fmt: skip
    (TABLES / "common_words.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with PAIRS.open(encoding="utf-8", newline="") as lines_of:
        judged = list(csv.DictReader(lines_of))
    features = np.array([[float(pair[name]) for name in FEATURES] for pair in judged])
    same = np.array([float(pair["same"]) for pair in judged])
    drawn = np.sqrt([float(pair["drawn_from"]) for pair in judged])
    fold = np.arange(len(same)) % 5
    guess = np.zeros(len(same))
    for k in range(5):
        guess[fold == k] = features[fold == k] @ fitted(features[fold != k], same[fold != k], drawn[fold != k])
    for least in (-1.0, -0.5, 0.0, 0.5, 1.0):
        hits = float((drawn * (guess > least) * same).sum())
        joined = float((drawn * (guess > least)).sum())
        print(f"{least:5.1f} precision {hits / joined:.3f} recall {hits / float((drawn * same).sum()):.3f}")
    lines = [
        "# Log odds that two mentions tell of one deed; pairs.Feature says what each row counts.",
        "feature,weight,source",
    ]
    weights = fitted(features, same, drawn)
    told = dict(zip(FEATURES, weights, strict=True)) | FIXED
    lines += [f"{name},{w:.3f},training/fit_merge.py" for name, w in told.items()]
    (TABLES / "merge_scorer.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
