"""Words -> word pieces and the letter case that an uncased vocabulary loses. Shared by the encoder and its training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

MAX_PIECES = 510
"""MiniLM has 512 positions, two of them for the marks at either end."""

LOWER, TITLE, UPPER, MIXED, DIGIT, OTHER, INITIAL = range(1, 8)
"""Cases of a word; 0 is padding and the marks. INITIAL is a capital that a sentence start may explain."""


@dataclass(frozen=True, slots=True)
class Batch:
    """int64 arrays: pieces, cases, mask [B, T]; first (index of a word's first piece) and words (1 or 0) [B, W]."""

    pieces: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]


def case_of(word: str, *, initial: bool) -> int:
    """The case of a word; `initial` where it opens its sentence."""
    if word.islower():
        return LOWER
    if word[:1].isdigit():
        return DIGIT
    if not any(map(str.isalpha, word)):
        return OTHER
    if word.isupper() and len(word) > 1:
        return UPPER
    if word[:1].isupper() and word[1:] == word[1:].lower():
        return INITIAL if initial else TITLE
    return MIXED


class Pieces:
    """The word pieces of words, remembered: the words of news are few, and cutting them costs more than the look-up."""

    MOST = 100_000
    """Words that are remembered; then all are forgotten, so that memory stays flat over an archive."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self.start, self.end = tokenizer.encode("", add_special_tokens=True).ids

    def of(self, words: Sequence[str]) -> list[list[int]]:
        """The ids of each word's pieces."""
        known = self._known
        if new := sorted({word for word in words if word not in known}):
            if len(known) + len(new) > self.MOST:
                known.clear()
                new = sorted(set(words))
            encoded = self._tokenizer.encode_batch(
                [[word] for word in new], is_pretokenized=True, add_special_tokens=False
            )
            known.update((word, e.ids) for word, e in zip(new, encoded, strict=True))
        return [known[word] for word in words]


def batch(pieces: Pieces, sentences: Sequence[Sequence[str]]) -> Batch:
    """Pad `sentences` (each a list of words, none empty) into one batch; words beyond MAX_PIECES are absent (0)."""
    rows = [_row(pieces, words) for words in sentences]
    length, width = max(len(ids) for ids, _, _ in rows), max(map(len, sentences))
    ids, cases, mask = (np.zeros((len(rows), length), np.int64) for _ in range(3))
    first, present = (np.zeros((len(rows), width), np.int64) for _ in range(2))
    for row, (own, of_piece, starts) in enumerate(rows):
        ids[row, : len(own)], cases[row, : len(own)], mask[row, : len(own)] = own, of_piece, 1
        told = np.array(starts, np.int64)
        first[row, : len(told)], present[row, : len(told)] = np.maximum(told, 0), told >= 0
    return Batch(ids, cases, mask, first, present)


def _row(pieces: Pieces, words: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
    """Ids and cases of a sentence's pieces, and each word's first piece: -1 for none, or none that fits."""
    ids, cases, starts = [pieces.start], [0], []
    for i, (word, own) in enumerate(zip(words, pieces.of(words), strict=True)):
        own = own[: MAX_PIECES + 1 - len(ids)]
        starts.append(len(ids) if own else -1)
        ids += own
        cases += [case_of(word, initial=i == 0)] * len(own)
    return [*ids, pieces.end], [*cases, 0], starts
