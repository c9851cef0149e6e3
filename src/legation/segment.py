"""Text -> sentences and words, as offsets. Nothing is changed, added or lost but white space between them.

Written here rather than taken from a library because every downstream span rests on these offsets, and the splitters
on PyPI either lose them or take longer than the encoder does.
"""

import re
from functools import cache

from legation import tables
from legation.schema import Span

MAX_WORDS = 100
"""A longer sentence is read in pieces of this many words: the encoder's positions end at 512 word pieces."""

# Universal Dependencies splits clitics and hyphens off; so do we, since the parser is trained on it.
_WORD = re.compile(
    r"""(?:[^\W\d_]\.){2,}                       # U.S.
      | n['’]t\b | ['’](?:s|re|ve|ll|d|m)\b      # clitics
      | \d+(?:[.,:]\d+)*[^\W\d_]*                # 1,200  4:26  17th  10bn
      | [^\W_]+(?=n['’]t\b)                      # do|n't
      | [^\W_]+(?:['’](?!(?:s|re|ve|ll|d|m|t)\b)[^\W_]+)*   # words, O'Brien
      | ([^\w\s])\1*                             # punctuation, runs of one mark together
      | _+""",
    re.VERBOSE | re.IGNORECASE,
)
# A run of marks is tried from its first one only, and never cut short: a line of 100,000 dots must not take minutes.
_STOP = re.compile(
    r"""\n\s*\n|(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s)|[.!?]["”’]+(?=\S)|(?<=[a-z]{2})[.!?](?=[A-Z][a-z])"""
)
_AFTER = re.compile(r"""\s*["'“‘«(\[]*(.?)""", re.DOTALL)
_OPENER = re.compile(r"\W*(\w+)")
_LONGEST_ABBREVIATION = 30
_LAST_WORD = re.compile(r"((?:[^\W\d_]\.)+|[^\W\d_]+\.)$")
_BREAK = re.compile(r"[;:,)—–]$")


@cache
def _abbreviations() -> frozenset[str]:
    return frozenset(row["abbreviation"] for row in tables.rows("abbreviations"))


@cache
def _openers() -> frozenset[str]:
    return frozenset(row["word"] for row in tables.rows("sentence_openers"))


def words(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Offsets [start, end) of the words and punctuation marks of text[start:end], in order."""
    return [match.span() for match in _WORD.finditer(text, start, len(text) if end is None else end)]


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of text[start:end], trimmed of white space, none longer than MAX_WORDS words."""
    end = len(text) if end is None else end
    spans, at = [], start
    for stop in _STOP.finditer(text, start, end):
        if _ends_sentence(text, at, stop.end(), end):
            spans.append((at, stop.end()))
            at = stop.end()
    spans.append((at, end))
    return [piece for lo, hi in spans for piece in _pieces(text, lo, hi)]


def _ends_sentence(text: str, at: int, stop: int, end: int) -> bool:
    """Whether the full stop that ends at `stop` closes the sentence begun at `at`: not after an abbreviation."""
    mark = text[max(at, stop - _LONGEST_ABBREVIATION) : stop].rstrip("\"'”’»)]")
    if not mark.endswith("."):
        return True
    first = _AFTER.match(text, stop, end)
    if first is None or not first[0].strip():
        return True
    if first[1].islower():
        return False
    last = _LAST_WORD.search(mark)
    if last is None:
        return True
    word = last.group()
    if word in _abbreviations() or (len(word) == 2 and word[0].isupper()):
        return False
    # "in the U.S. The …" ends; "the U.S. Senate …" does not.
    opener = _OPENER.match(text, stop, end)
    return word.count(".") < 2 or (opener is not None and opener[1] in _openers())


def _pieces(text: str, start: int, end: int) -> list[Span]:
    found = words(text, start, end)
    pieces, at = [], 0
    while at < len(found):
        size = min(MAX_WORDS, len(found) - at)
        if at + size < len(found):
            size = next(
                (n for n in range(MAX_WORDS, MAX_WORDS // 2, -1) if _BREAK.match(text[found[at + n - 1][0]])), MAX_WORDS
            )
        lo, hi = found[at][0], found[at + size - 1][1]
        pieces.append(Span(lo, hi, text[lo:hi]))
        at += size
    return pieces
