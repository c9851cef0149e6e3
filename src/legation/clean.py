"""Which words of a report are its own, in what language, and whether an earlier report of the run already told them.

A page as saved holds lines that nobody reported: bylines, share bars, teasers of other stories, a repeated headline.
Coded, they become events that never were. `body` finds them by their wording (tables/boilerplate.csv) and by their
shape among the paragraphs around them. The text is never altered: `body` answers with spans.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from rensa import RMinHash, RMinHashLSH

from legation.schema import Report, Span
from legation.tables import rows


@dataclass(frozen=True, slots=True)
class Dropped:
    """A stretch of the text that is not the report, and what it is: byline, teaser, share bar …"""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Body:
    """The report's own paragraphs, in order and trimmed, and what was left out.

    Every character of the text but white space is in exactly one span of `spans` or `dropped`. A paragraph of a
    hard-wrapped text holds line breaks. `dateline` ("SEOUL, South Korea (AP) —") lies within the first span, or is a
    line of its own among `dropped`. `published` is the report's, else the date of a line like "Posted: Nov 14, 2014";
    `title` is the report's, else the headline above its first paragraph.
    """

    spans: tuple[Span, ...]
    dropped: tuple[Dropped, ...]
    published: date | None
    dateline: Span | None
    title: str | None


@lru_cache(maxsize=2)  # intake, duplicates, coding and counting each ask it of the same report
def body(report: Report) -> Body:
    """The report's own paragraphs. Never empty where the text has a word: what would leave nothing is kept."""
    paragraphs = _paragraphs(report.text)
    reasons = _reasons(paragraphs, _words(report.title or ""))
    spans: list[Span] = []
    dropped: list[Dropped] = []
    for paragraph, reason in zip(paragraphs, reasons, strict=True):
        if reason is not None:
            dropped.append(Dropped(paragraph, reason))
            continue
        own, tails = _without_tails(paragraph)
        spans.append(own)
        dropped.extend(tails)
    published, title = report.published or _posted(dropped), report.title or _headline(spans, dropped)
    return Body(tuple(spans), tuple(dropped), published, _dateline(spans, dropped), title)


def prepared(report: Report) -> Report:
    """The report with its language, and with the title and date that its text tells where nothing else does."""
    told = body(report)
    spoken = report.language or language(report.text)
    return replace(report, language=spoken, published=told.published, title=told.title)


def _headline(spans: list[Span], dropped: list[Dropped]) -> str | None:
    above = (d.span.text for d in dropped if d.reason == "headline" and spans and d.span.start < spans[0].start)
    return next(above, None)


# Paragraphs -------------------------------------------------------------------------------------------------------

_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_ENDED = re.compile(r"[.!?…。！？؟۔।:;][\"'”’»)\]]*$")
_WRAP_COLUMNS = range(50, 121)  # editors and mailers wrap at 60 to 100; a line beyond that is a paragraph as published


def _paragraphs(text: str) -> list[Span]:
    """Lines with a character to show, trimmed, the lines of hard-wrapped paragraphs joined."""
    lines = [line for match in _LINE.finditer(text) if (line := _trimmed(text, match.start(), match.end())).text]
    column = _wrap_column(text, lines)
    starts, ends = [line.start for line in lines[:1]], []
    for line, following in pairwise(lines):
        if not (_adjacent(text, line, following) and _runs_on(text, line, following, column)):
            ends.append(line.end)
            starts.append(following.start)
    ends.extend(line.end for line in lines[-1:])
    return [Span(start, end, text[start:end]) for start, end in zip(starts, ends, strict=True)]


def _trimmed(text: str, start: int, end: int) -> Span:
    own = text[start:end]
    start += len(own) - len(own.lstrip())
    own = own.strip()
    return Span(start, start + len(own), own)


def _adjacent(text: str, line: Span, following: Span) -> bool:
    """Whether no blank line stands between two lines."""
    return len(text[line.end : following.start].replace("\r\n", "\n").strip(" \t")) == 1


def _wrap_column(text: str, lines: list[Span]) -> int | None:
    """The column at which the text is hard-wrapped; None where lines break off for other reasons than want of room."""
    column = max((_width(text, line) for line in lines), default=0)
    if column not in _WRAP_COLUMNS:
        return None
    broken = [(a, b) for a, b in pairwise(lines) if _adjacent(text, a, b) and not _ENDED.search(a.text)]
    full = sum(_is_full(text, line, following, column) for line, following in broken)
    return column if len(broken) >= 2 and full * 2 > len(broken) else None


def _width(text: str, line: Span) -> int:
    """Characters of a line with its indentation."""
    return line.end - (text.rfind("\n", 0, line.start) + 1)


def _is_full(text: str, line: Span, following: Span, column: int) -> bool:
    return _width(text, line) + 1 + len(following.text.split(maxsplit=1)[0]) > column


def _runs_on(text: str, line: Span, following: Span, column: int | None) -> bool:
    """Whether `following` goes on with the sentence or the hard-wrapped paragraph of `line`."""
    if column is not None and _is_full(text, line, following, column):
        return True
    return following.text[0].islower() and not _ENDED.search(line.text)


# Lines that are not the report ------------------------------------------------------------------------------------

_HEADING_WORDS = 16  # a paragraph without final punctuation and no longer than this is a headline, heading or caption
_PHRASE_CHARACTERS = 700  # no pattern of boilerplate.csv matches more
_SHAPES = ("headline", "heading", "teaser", "byline", "caption")  # reasons given up where nothing else would remain
_CLOSED = re.compile(r"[.!?…:;,。！？؟۔।—–-][\"'”’»)\]]*$")
_BULLET = re.compile(r"(?:[•*·▪●‣–—-]|\(?\d{1,2}[.)]) +")
_CAPITAL = r"[^\W\d_a-z]"  # an upper-case letter, or one of a script without cases
_NAME_WORD = rf"(?:{_CAPITAL}[\w.'’-]*|de|la|van|von|al|bin|el|di|der)"
_NAME = re.compile(rf"(?:[Bb]y )?{_NAME_WORD}(?: {_NAME_WORD}){{1,3}}")


def _reasons(paragraphs: list[Span], title: list[str]) -> list[str | None]:
    """For each paragraph why it is not the report's, or None where it is."""
    reasons = [_phrase(line.text) or ("heading" if _is_open(line.text) else None) for line in paragraphs]
    if _size(paragraphs, reasons, "heading") < _size(paragraphs, reasons, None):
        _tell_headings(paragraphs, reasons)
    else:  # a text that does not end its paragraphs with punctuation: lines without it are not foreign there
        reasons = [None if reason == "heading" else reason for reason in reasons]
    for i, line in enumerate(paragraphs):
        if reasons[i] in (None, *_SHAPES) and title and _words(line.text) == title:
            reasons[i] = "headline"
    if None not in reasons:
        reasons = [None if reason in _SHAPES else reason for reason in reasons]
    return reasons if None in reasons else [reason if reason == "no words" else None for reason in reasons]


def _is_open(text: str) -> bool:
    """Whether a paragraph has the shape of a heading: few words, no punctuation at its end."""
    few = len(text) < 200 and len(text.split()) <= _HEADING_WORDS
    return few and not _CLOSED.search(text) and not text[0].islower()


def _size(paragraphs: list[Span], reasons: list[str | None], wanted: str | None) -> int:
    return sum(len(line.text) for line, reason in zip(paragraphs, reasons, strict=True) if reason == wanted)


def _tell_headings(paragraphs: list[Span], reasons: list[str | None]) -> None:
    """Tells headlines, teasers, bylines and lone datelines from headings, by where they stand; keeps items of lists."""
    first_prose = reasons.index(None)
    listed = False  # whether the line is an item of a list that the report itself announces with a colon
    for i, line in enumerate(paragraphs):
        announced = listed or (i > 0 and reasons[i - 1] is None and paragraphs[i - 1].text.endswith(":"))
        listed = announced and bool(_BULLET.match(line.text))
        if reasons[i] != "heading":
            continue
        if listed:
            reasons[i] = None
        elif (match := _dateline_at(line.text)) and match.end() == len(line.text):
            reasons[i] = "dateline"
        elif i and _NAME.fullmatch(line.text) and _is_titled(paragraphs[i - 1].text, reasons[i - 1]):
            reasons[i] = "byline"
            reasons[i - 1] = "teaser" if i > first_prose else "headline"
        elif i < first_prose:
            reasons[i] = "headline"


def _is_titled(text: str, reason: str | None) -> bool:
    """Whether a line can be the title of what the name below it wrote, such as "Will the Talks Fail?"."""
    long = [word for word in text.split() if len(word) > 3]
    capitals = len(text) < 200 and len(long) > 2 and all(word[0].isupper() for word in long)
    return reason in ("headline", "heading") or (reason is None and capitals)


def _phrase(text: str, reasons: tuple[str, ...] = ()) -> str | None:
    """The reason that the wording alone gives, of `reasons` or of all of them; None where it gives none."""
    if not any(map(str.isalnum, text)):
        return "no words"
    match = _boilerplate(reasons).fullmatch(text) if len(text) <= _PHRASE_CHARACTERS else None
    return rows("boilerplate")[int(match.lastgroup[1:])]["reason"] if match and match.lastgroup else None


@cache
def _boilerplate(reasons: tuple[str, ...]) -> re.Pattern[str]:
    """The patterns for `reasons`, or for all of them; a group named r7 is row 7 of the table."""
    patterns = (
        f"(?P<r{i}>{_pattern(row)})"
        for i, row in enumerate(rows("boilerplate"))
        if row["reason"] != "label" and (not reasons or row["reason"] in reasons)
    )
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


@cache
def _label() -> re.Pattern[str]:
    """What stands before a dash or colon as a dateline does, and is no place: "UPDATE 2:", "AP -"."""
    patterns = (_pattern(row) for row in rows("boilerplate") if row["reason"] in ("label", "agency line"))
    return re.compile("|".join(patterns), re.IGNORECASE)


def _pattern(row: dict[str, str]) -> str:
    return row["pattern"].replace("AGENCY", rf"\b(?:{_agencies()})\b")


def _agencies() -> str:
    return "|".join(sorted((re.escape(agency["name"]) for agency in rows("agencies")), key=len, reverse=True))


_SENTENCE_START = re.compile(r"(?<=[.!?…\"”’)\]])\s+(?=[^\W\d_a-z]|[(\[©—…])")
_TAIL_CHARACTERS = 500
_TAIL_REASONS = ("contributor note", "agency line", "copyright", "related story", "newsletter prompt", "editor's note")


def _without_tails(paragraph: Span) -> tuple[Span, list[Dropped]]:
    """A paragraph without the notes that run on after its last sentence, such as "(Reporting by …)"."""
    tails: list[Dropped] = []
    while cuts := _tail_starts(paragraph):
        found = ((cut, reason) for cut in cuts if (reason := _phrase(paragraph.text[cut:], _TAIL_REASONS)))
        cut, reason = next(found, (0, ""))
        if not cut:
            break
        tails.insert(0, Dropped(Span(paragraph.start + cut, paragraph.end, paragraph.text[cut:]), reason))
        own = paragraph.text[:cut].rstrip()
        paragraph = Span(paragraph.start, paragraph.start + len(own), own)
    return paragraph, tails


def _tail_starts(paragraph: Span) -> list[int]:
    """Where the last three sentences of a paragraph begin, the longest tail first; never its own beginning."""
    begin = max(0, len(paragraph.text) - _TAIL_CHARACTERS)
    return [match.end() for match in _SENTENCE_START.finditer(paragraph.text, begin)][-3:]


# Dateline and date ------------------------------------------------------------------------------------------------

_UPPER = rf"(?:{_CAPITAL}(?:{_CAPITAL}|[.'’-])+|St\.)"
_REGION = rf"(?:, ?{_CAPITAL}[\w.'’-]*(?: {_CAPITAL}[\w.'’-]*){{0,2}})"
_PLACE = rf"{_UPPER}(?:[ /]{_UPPER}){{0,4}}{_REGION}{{0,2}}(?:,(?= \())?"
_TITLE_PLACE = rf"{_CAPITAL}[\w'’-]+(?: {_CAPITAL}[\w.'’-]+){{0,2}}{_REGION}?"
_DAY = r"(?:,? (?:[A-Za-z]{3,9}\.? \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}\.?)(?:,? \d{4})?)?"
_AGENCY = rf" ?\({_CAPITAL}[\w.&/ -]{{1,30}}\)"
_DASH = r" ?(?:—|–|--+|-|:)"
_WIRE = rf"(?:{_CAPITAL}[\w .]{{1,24}} - )?"  # "Canadian Press - OTTAWA (CP) - "
_BYLINE = rf"(?:By {_CAPITAL}[^\n()—:]{{3,60}}? )?"  # "By Ada Finch BASEL (Reuters) - "


@cache
def _datelines() -> tuple[re.Pattern[str], ...]:
    """Datelines in capitals; in small letters, where an agency or a dash must tell them from a name."""
    known = rf" ?\((?:{_agencies()})\)"
    return (
        re.compile(rf"{_WIRE}{_BYLINE}(?P<dateline>{_PLACE}{_DAY}(?:{_AGENCY}{_DAY}(?:{_DASH})?|{_DASH}))(?=\s|$)"),
        re.compile(rf"{_WIRE}(?P<dateline>{_TITLE_PLACE}{_DAY}(?:{_AGENCY}{_DAY}{_DASH}|{known}{_DAY}))(?=\s|$)"),
    )


def _dateline_at(text: str) -> re.Match[str] | None:
    return next((match for pattern in _datelines() if (match := pattern.match(text))), None)


def _dateline(spans: list[Span], dropped: list[Dropped]) -> Span | None:
    alone = next((line.span for line in dropped if line.reason == "dateline"), None)
    if alone or not spans:
        return alone
    match = _dateline_at(spans[0].text)
    if match is None or _label().fullmatch(re.split(r" ?(?:[(:—–]|--|-$)", match["dateline"])[0]):
        return None
    start = spans[0].start + match.start("dateline")
    return Span(start, start + len(match["dateline"]), match["dateline"])


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = r"(?P<year>(?:1[6-9]|20)\d\d)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH},? {_YEAR}\b",
        rf"\b{_YEAR}[-/](?P<month>\d{{2}})[-/](?P<day>\d{{2}})(?!\d)",
    )
)


def _posted(dropped: list[Dropped]) -> date | None:
    """The date of the first line that tells when the report came out; of an "Updated" line where there is no other."""
    lines = [line.span.text for line in dropped if line.reason in ("posted line", "byline")]
    lines.sort(key=lambda line: bool(re.match(r"(?:last )?(?:updated|modified)", line, re.IGNORECASE)))
    return next((day for line in lines if (day := _date(line))), None)


def _date(line: str) -> date | None:
    for pattern in _DATES:
        if match := pattern.search(line):
            month = match["month"].lower()
            number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
            try:
                return date(int(match["year"]), number, int(match["day"]))
            except ValueError:
                continue  # "February 31, 2014" tells no date
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


# Language ---------------------------------------------------------------------------------------------------------

_LANGUAGE_CHARACTERS = 800  # about 120 words settle the language
_LANGUAGE_BYTES = 20  # fewer bytes of letters, of which a Chinese sign has three, are a name or a label
_MAYBE_ENGLISH = 0.02  # headlines full of foreign names score above it for English, those in other languages below


def language(text: str) -> str:
    """ISO 639-1 code of the language among tables/news_languages.csv; "und" where the text does not settle it.

    "und" is a text of a few letters, or a short one that another language claims while English is not ruled out.
    """
    sample = text[:_LANGUAGE_CHARACTERS].replace("\x00", " ")
    if len("".join(filter(str.isalpha, sample)).encode()) < _LANGUAGE_BYTES:
        return "und"
    ranking = _identifier().rank(sample)
    best = str(ranking[0][0])
    return "und" if best != "en" and dict(ranking)["en"] > _MAYBE_ENGLISH else best


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second to load: only when a report needs it

    try:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:  # it unpacks its model into a temporary file, and does not tell what had no room
        raise OSError(
            error.errno, f"it cannot be unpacked in the temporary folder: {error}", str(MODEL_FILE)
        ) from error
    identifier.set_languages([row["code"] for row in rows("news_languages")])
    return identifier


# Duplicates -------------------------------------------------------------------------------------------------------


class Duplicates:
    """The reports of one run that tell what an earlier one told, word for word or nearly.

    Exact: the same words but for case, punctuation and spacing. Near: the sets of three-word shingles overlap by a
    Jaccard similarity of 0.8 or more, as MinHash signatures of 128 slots estimate it (standard error 0.035).
    Compared is what `body` keeps, so that a wire story on two publishers' pages is one story. The same reports in the
    same order get the same marks.
    """

    _SHINGLE, _SIMILAR = 3, 0.8
    _SLOTS = 128
    _BANDS = 32  # of four slots: a pair at 0.8 shares none of them once in twenty million

    def __init__(self) -> None:
        self._exact: dict[bytes, str] = {}
        self._seen: list[tuple[str, RMinHash]] = []
        self._index = RMinHashLSH(threshold=self._SIMILAR, num_perm=self._SLOTS, num_bands=self._BANDS)

    def mark(self, report: Report) -> tuple[str, str] | None:
        """(report_id of the first such report, "exact" or "near"), or None for a new report, which is remembered."""
        words = [word for span in body(report).spans for word in _words(span.text)]
        key = blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if first := self._exact.get(key):
            return first, "exact"
        self._exact[key] = report.report_id
        if len(words) < self._SHINGLE:
            return None
        signature = self._signature(words)
        if near := self._near(signature):
            self._exact[key] = near
            return near, "near"
        self._index.insert(len(self._seen), signature)
        self._seen.append((report.report_id, signature))
        return None

    def _signature(self, words: list[str]) -> RMinHash:
        signature = RMinHash(num_perm=self._SLOTS, seed=1)
        signature.update([" ".join(words[i : i + self._SHINGLE]) for i in range(len(words) - self._SHINGLE + 1)])
        return signature

    def _near(self, signature: RMinHash) -> str | None:
        found: list[int] = sorted(self._index.query(signature))
        for index in found:
            first, seen = self._seen[index]
            if seen.jaccard(signature) >= self._SIMILAR:
                return first
        return None
