"""Value of time expressions on TempEval-3's training texts: TIMEX3 of type DATE, resolved as the coder would."""

import re
import zipfile
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from legation.coding.times import resolve
from legation.periods import months
from legation.schema import Span

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Expression:
    """One DATE of the gold: its words in their text, the day of the document, and what the annotators made of it.

    `days` is null where the value names no days: PAST_REF, PRESENT_REF, FUTURE_REF.
    """

    span: Span
    tense: str
    written: date | None
    days: Days | None
    modified: bool


def measure(archive: Path, part: str) -> dict[str, Any]:
    """How well the DATE expressions of `part` ("TimeBank" or "AQUAINT") of `archive` are resolved.

    `archive` is TempEval-3's training data, tempeval3_training.zip. `found`: share that resolve to days at all;
    `value`: share whose days are those of the gold value, a value without days being right where the words stay open.
    Those whose value the annotators left open in part ("1989-WXX" for "last week") are not counted.
    """
    expressions = list(read(archive, part))
    if not expressions:
        raise ValueError(f"no DATE in the folder {part} of {archive}: give TimeBank or AQUAINT")
    got = [_resolved(expression) for expression in expressions]
    right = sum(is_right(e, days) for e, days in zip(expressions, got, strict=True))
    n = len(expressions)
    return {"expressions": n, "found": sum(days is not None for days in got) / n, "value": right / n}


def is_right(expression: Expression, days: Days | None) -> bool:
    """Whether `days` are the gold's. Of an early, middle or late part, whose value is the whole, any days within."""
    gold = expression.days
    if gold is None or days is None or not expression.modified:
        return days == gold
    return gold[0] <= days[0] and days[1] <= gold[1]


def read(archive: Path, part: str) -> Iterator[Expression]:
    """The DATE expressions of all documents in one folder of the archive, in the order of their names."""
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            if Path(name).match(f"{part}/*.tml") and not name.startswith("__MACOSX"):
                yield from _expressions(ElementTree.fromstring(files.read(name)))


def _expressions(root: ElementTree.Element) -> Iterator[Expression]:
    created, body = root.find(".//DCT/TIMEX3"), root.find(".//TEXT")
    written = value_days(created.get("value", "")) if created is not None else None
    if body is None:
        return
    text = "".join(body.itertext())
    for element, start in _placed(body, 0):
        value, words = element.get("value", ""), "".join(element.itertext())
        days = value_days(value)
        if element.tag == "TIMEX3" and element.get("type") == "DATE" and (days or "X" not in value):
            span = Span(start, start + len(words), words)
            modified = bool(element.get("mod") or _PART.match(words))
            yield Expression(span, tense(text, span), written[0] if written else None, days, modified)


def _placed(element: ElementTree.Element, start: int) -> Iterator[tuple[ElementTree.Element, int]]:
    """Each element inside `element` with the offset of its words."""
    at = start + len(element.text or "")
    for child in element:
        yield child, at
        yield from _placed(child, at)
        at += len("".join(child.itertext())) + len(child.tail or "")


def _resolved(expression: Expression) -> Days | None:
    when = resolve(expression.span, expression.written, expression.tense)
    return (when.start, when.end) if when.start and when.end else None


_PART = re.compile(r"(?:by\s+|in\s+)?(?:the\s+)?(?:earlier|later|early|late|mid|end|beginning|start|middle)\b", re.I)
_AHEAD = r"will|won't|shall|would|['’]ll|plan(?:s|ned)?|expect(?:s|ed)?|scheduled|due|to\s+be"
_PAST = r"was|were|had|did|has|have|said|told|met|came|went|took|made|began|rose|fell|\w{2,}ed"
_CUE = re.compile(rf"\b(?:(?P<ahead>{_AHEAD})|{_PAST})\b", re.I)


def tense(text: str, span: Span) -> str:
    """ "past" or "future" by the nearest verb of the sentence that shows it, "past" where none does.

    The coder knows the status of the deed; here a verb's own form has to do.
    """
    before = re.split(r"(?<=[.!?])\s", text[max(0, span.start - 200) : span.start])[-1]
    after = re.split(r"[.!?](?:\s|$)", text[span.end : span.end + 200])[0]
    cues = [(len(before) - cue.end(), cue) for cue in _CUE.finditer(before)]
    cues += [(cue.start(), cue) for cue in _CUE.finditer(after)]
    nearest = min(cues, key=lambda found: found[0], default=None)
    return "future" if nearest and nearest[1]["ahead"] else "past"


_SEASONS = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}


def value_days(value: str) -> Days | None:
    """The days that a TIMEX3 value names, the time of day left out; None where it names none (TimeML 1.2.1)."""
    value = value.split("T")[0] if value[:1].isdigit() else value
    if match := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", value):
        year, month, day = map(int, match.groups())
        known = year and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
        return (date(year, month, day), date(year, month, day)) if known else None
    if match := re.fullmatch(r"(\d{4})-W(\d\d)(-WE)?", value):
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return monday + timedelta(5 if match[3] else 0), monday + timedelta(6)
    if match := re.fullmatch(r"(\d{4})-(?:(\d\d)|Q(\d)|H(\d)|(SP|SU|FA|WI))", value):
        count = 1 if match[2] else 6 if match[4] else 3
        place = int(match[2] or match[3] or match[4] or 0)
        return months(int(match[1]), _SEASONS[match[5]] if match[5] else (place - 1) * count + 1, count, "span")[:2]
    if match := re.fullmatch(r"(\d{2,4})(?:X|XX)?", value):
        years = 10 ** (4 - len(match[1]))
        return months(int(match[1]) * years, 1, 12 * years, "span")[:2] if int(match[1]) else None
    return None
