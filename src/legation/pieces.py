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


def batch(tokenizer: Tokenizer, sentences: Sequence[Sequence[str]]) -> Batch:
    """Pad `sentences` (each a list of words, none empty) into one batch; words beyond MAX_PIECES are absent (0)."""
    encoded = tokenizer.encode_batch(
        [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=True
    )
    length = min(max(len(e.ids) for e in encoded), MAX_PIECES + 2)
    width = max(map(len, sentences))
    pieces, cases, mask = (np.zeros((len(encoded), length), np.int64) for _ in range(3))
    first, present = (np.zeros((len(encoded), width), np.int64) for _ in range(2))
    for row, (e, words) in enumerate(zip(encoded, sentences, strict=True)):
        size = min(len(e.ids), length)
        pieces[row, :size], mask[row, :size] = e.ids[:size], 1
        of_word = [case_of(word, initial=i == 0) for i, word in enumerate(words)]
        before = None
        for at, word in enumerate(e.word_ids[:size]):
            if word is not None:
                cases[row, at] = of_word[word]
                if word != before:
                    first[row, word], present[row, word] = at, 1
            before = word
    return Batch(pieces, cases, mask, first, present)
