"""Stretches of words completed to the noun phrases they are part of, by the dependency arcs of the sentence.

The encoder labels word by word and may leave out a word of a phrase ("The family of" … "Briton"); syntax knows better
where a phrase begins and ends.
"""

from collections.abc import Callable, Sequence

from legation.schema import Word

_INNER = frozenset(["det", "amod", "compound", "nummod", "flat", "goeswith"])
"""Relations of Universal Dependencies that never leave a noun phrase."""
_NOMINAL = frozenset(["NOUN", "PROPN", "PRON", "NUM", "ADJ", "X", "SYM"])
_DIVIDES = frozenset(["CCONJ", "VERB", "AUX", "SCONJ"])
_POSSESSIVES = ("'s", "’s", "'", "’")
_REACH = 3
"""A head further to the right than this many words is not taken in: such arcs are often wrong."""


def completed(words: Sequence[Word], stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Word indices [start, end) of the noun phrases of `stretches` (in order, of one role); never overlapping.

    A stretch without a noun, name, pronoun, number or adjective is dropped.
    """
    whole = [_complete(words, start, end) for start, end in _joined(words, stretches)]
    return [(start, end) for start, end in _joined(words, whole) if any(w.pos in _NOMINAL for w in words[start:end])]


def arbitrated(
    words: Sequence[Word], told: Sequence[tuple[int, int, str]], weight: Callable[[int, int, str], float]
) -> list[tuple[int, int, str]]:
    """(start, end, role) of noun phrases, each word in one of them: where two meet in a phrase one role has it.

    "Russia's" as claimant and "Foreign Ministry" as source are one phrase; its role is that of the greater `weight`
    over the whole. Of two that overlap the weightier stays.
    """
    out: list[tuple[int, int, str]] = []
    for phrase in sorted(told):
        start, end, role = phrase
        if not out or (start >= out[-1][1] and not _owns(words, out[-1][1], start)):
            out.append(phrase)
            continue
        first, last, before = out[-1]
        if start < last:
            out[-1] = max(phrase, out[-1], key=lambda p: weight(*p))
        else:
            out[-1] = (first, end, role if weight(first, end, role) > weight(first, end, before) else before)
    return out


def _owns(words: Sequence[Word], end: int, start: int) -> bool:
    """Whether a phrase that ends at `end` is the possessor of the one that begins right there."""
    return end == start and words[end - 1].text in _POSSESSIVES


def _complete(words: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    while True:
        before = (start, end)
        if start > 0 and words[start - 1].relation in _INNER and start <= words[start - 1].head < end:
            start -= 1
        if end < len(words) and words[end].relation in _INNER and start <= words[end].head < end:
            end += 1
        heads = [word.head for word in words[start:end] if word.relation in _INNER]
        end = max([end, *(head + 1 for head in heads if end <= head < end + _REACH)])
        if (start, end) == before:
            return start, end


def _joined(words: Sequence[Word], stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """As one: stretches that overlap, a possessor and what it owns, two with no dividing word between them."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        last = out[-1][1] if out else 0
        if out and (start < last or _owns(words, last, start) or _gap_is_inner(words, last, start)):
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _gap_is_inner(words: Sequence[Word], end: int, start: int) -> bool:
    gap = words[end:start]
    return 0 < len(gap) <= 2 and not any(w.pos in _DIVIDES or (w.pos == "PUNCT" and w.text not in "-–") for w in gap)
