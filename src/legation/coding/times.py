"""When: time expressions found in the text and resolved to closed intervals of days against the publication date.

A small grammar: `time_rules.csv` says how expressions are worded, a function here what each of its rules means. A date
that does not exist is never mended. An expression without a year or a week of its own ("Friday", "in March") is read by
the tense of the deed: the latest on or before publication for what happened, the next on or after for what is to come.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from legation import periods
from legation.periods import Interval
from legation.schema import Span, When
from legation.tables import rows


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a relative expression is relative to. `tense` is "past", "present" or "future"."""

    published: date | None
    tense: str

    @property
    def ahead(self) -> bool:
        return self.tense == "future"


Rule = Callable[[re.Match[str], _Frame], Interval | None]


def publication_day(published: date | None) -> When:
    """The When of a deed whose sentence tells no time: only the report's date is known."""
    return When(start=published, end=published, precision="day" if published else None, span=None, basis="report")


def resolve(span: Span, published: date | None, tense: str) -> When:
    """The days that `span` tells of, for a deed of `tense` "past", "present" or "future".

    `start` and `end` are both null where the words cannot be resolved: no publication date, a date relative to
    something else ("two days after"), or one that does not exist.
    """
    if tense not in ("past", "present", "future"):
        raise ValueError(f"tense {tense!r} of {span.text!r}: give past, present or future")
    # Further out, "last century" and the like would leave the calendar of datetime.
    today = published if published and 1000 <= published.year <= 9000 else None
    start, end, precision = _phrase(span.text, _Frame(today, tense)) or (None, None, None)
    return When(start=start, end=end, precision=precision, span=span, basis="stated")


def find(text: str, start: int, end: int) -> list[Span]:
    """Time expressions inside text[start:end] in order, as spans of `text`: precise rather than complete."""
    piece = text[start:end]
    found: list[tuple[int, int]] = []
    for match, _ in _scan(piece):
        if not _certain(match, piece):
            continue
        first = match.start()
        if operator := re.search(r"\b(?:since|by|until|till|before)\s+(?:the\s+)?$", piece[:first], re.I):
            first = operator.start()
        if found and re.fullmatch(rf"\s*{_range()}\s*", piece[found[-1][1] : first], re.I):
            found[-1] = (found[-1][0], match.end())
        else:
            found.append((first, match.end()))
    return [Span(start + a, start + b, piece[a:b]) for a, b in found]


def _certain(match: re.Match[str], piece: str) -> bool:
    """Whether words that may mean something else (May, March, fall, 2000) are a time here."""
    words = re.sub(r"['’]s$", "", match.group())
    before = piece[: match.start()].rstrip().rpartition(" ")[2].lower()
    if re.fullmatch(r"\d{4}", words):
        return before in ("in", "since", "of", "by", "until", "from", "during", "before", "after")
    if re.fullmatch(_any("month"), words, re.I):
        spelt = words[0].isupper() and (len(words) > 3 or words[-1] == ".") and words != "March"
        return spelt or (words[0].isupper() and before in ("in", "since", "by", "until", "during", "before", "after"))
    if re.fullmatch(rf"(?:the\s+)?{_any('season')}", words, re.I):
        return before in ("in", "since", "by", "until", "during")
    if re.fullmatch(_any("weekday"), words, re.I):
        return words[0].isupper() and len(words) > 5
    return not re.match(r"(?:may|march)\s+\d", words)


def _phrase(text: str, frame: _Frame) -> Interval | None:
    """Resolves all that a time span says: an operator ("since"), an expression, and a second one that ends a range."""
    found = _scan(text)
    if not found:
        return None
    first, rule = found[0]
    interval = rule(first, frame)
    if len(found) > 1:
        last, rule_last = found[1]
        if re.fullmatch(rf"\W*{_range()}(?:\W.{{0,20}})?", text[first.end() : last.start()], re.I | re.S):
            interval = _hull(first, rule, rule_last(last, frame), interval)
    return _operate(text[: first.start()].lower(), interval, frame)


def _hull(first: re.Match[str], rule: Rule, until: Interval | None, begin: Interval | None) -> Interval | None:
    """From the first to the second expression; a first one without a year of its own takes the second's."""
    if until is None:
        return None
    if begin is None or begin[0] > until[1] or (until[0] - begin[1]).days > 180:
        begin = rule(first, _Frame(until[0], "past"))
    return periods.span(begin[0], until[1]) if begin else None


def _operate(head: str, interval: Interval | None, frame: _Frame) -> Interval | None:
    """What the words before an expression make of its interval."""
    today, words = frame.published, re.findall(r"\w+", head)
    if "since" in words:
        return periods.span(interval[0], today) if interval and today else None
    while words and words[-1] in ("the", "early", "late", "of", "on", "in", "about", "around"):
        words.pop()
    operator = words[-1] if words else ""
    if "after" in words or "before" in words or operator == "following":
        if not (interval and today) or operator not in ("after", "before") or (operator == "before") != frame.ahead:
            return None
        return periods.span(today, interval[0] - timedelta(1)) if frame.ahead else periods.span(interval[1], today)
    if interval and today and (operator in ("until", "till") or (operator == "by" and frame.ahead)):
        return periods.span(today, interval[1])
    return interval


# How the rules read -----------------------------------------------------------------------------------------------

_SHIFTS = {"last": -1, "this": 0, "current": 0, "next": 1}


@cache
def _words(kind: str) -> dict[str, str]:
    return {row["word"]: row["value"] for row in rows("time_words") if row["kind"] == kind}


@cache
def _any(kind: str) -> str:
    """A pattern of all words of a kind in the table, longest first."""
    words = sorted(_words(kind), key=lambda word: (-len(word), word))
    return "(?:" + "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words) + ")"


def _range() -> str:
    return next(row["pattern"] for row in rows("time_fragments") if row["name"] == "range")


@cache
def _rules() -> tuple[tuple[re.Pattern[str], Rule], ...]:
    parts = {kind: _any(kind) for kind in ("weekday", "month", "season", "part", "ordinal", "number", "holiday")}
    for row in rows("time_fragments"):
        parts[row["name"]] = row["pattern"].format(**parts)
    readers: dict[str, Rule] = {
        "iso": _iso, "slashed": _slashed, "date": _date, "month": _yearly, "season": _yearly, "ordinal": _ordinal,
        "decade": _decade, "years": _years, "year": _year, "unit": _unit, "window": _window, "distance": _distance,
        "inside": _inside, "lasting": _lasting, "weekday": _weekday, "near": _near, "weekend": _weekend,
        "holiday": _holiday,
    }  # fmt: skip
    return tuple(
        (re.compile(rf"(?<![\w$£€])(?:{row['pattern'].format(**parts)})(?!\w|[,.]\d)", re.I), readers[row["rule"]])
        for row in rows("time_rules")
    )


def _scan(text: str) -> list[tuple[re.Match[str], Rule]]:
    """Expressions of the grammar from left to right, none overlapping: the earliest, of these the longest."""
    found = [(match, rule) for pattern, rule in _rules() for match in pattern.finditer(text)]
    kept: list[tuple[re.Match[str], Rule]] = []
    for match, rule in sorted(found, key=lambda pair: (pair[0].start(), -pair[0].end())):
        if not kept or match.start() >= kept[-1][0].end():
            kept.append((match, rule))
    return kept


def _group(match: re.Match[str], name: str) -> str:
    """A group's words in lower case with single blanks; empty where the rule lacks it or it did not take part."""
    return " ".join((match.groupdict().get(name) or "").lower().split())


def _value(match: re.Match[str], kind: str) -> str | None:
    words = _group(match, kind)
    return _words(kind)[words] if words else None


def _count(match: re.Match[str]) -> int:
    """A number in digits or words, "twenty-five" included."""
    words = _group(match, "number").replace(",", "")
    if digits := re.match(r"\d+", words):
        return int(digits.group())
    return sum(int(_words("number")[word]) for word in re.split(r"-| and ", words))


# What the rules mean ----------------------------------------------------------------------------------------------


def _by_tense(of_year: Callable[[int], Interval | None], frame: _Frame, slack: int = 0) -> Interval | None:
    return periods.occurrence(of_year, frame.published, frame.ahead, slack) if frame.published else None


def _told_year(match: re.Match[str], frame: _Frame) -> int | None:
    """The year that the words name: "2014", or "last year" counted from publication."""
    if year := _group(match, "year"):
        return int(year)
    return frame.published.year + _SHIFTS[_group(match, "of")] if frame.published else None


def _iso(match: re.Match[str], frame: _Frame) -> Interval | None:
    return periods.day(int(match["year"]), int(match["number"]), int(match["day"]))


def _slashed(match: re.Match[str], frame: _Frame) -> Interval | None:
    """11/24/2014 and 24/11/2014; 5/11/2014 is May in America and November elsewhere, so it stays open."""
    first, second, year = (int(match[name]) for name in ("first", "second", "year"))
    if first != second and first <= 12 and second <= 12:
        return None
    return periods.day(year, min(first, second), max(first, second))


def _date(match: re.Match[str], frame: _Frame) -> Interval | None:
    month, weekday, last = int(_value(match, "month") or 0), _value(match, "weekday"), _group(match, "last")
    today = frame.published

    def of_year(year: int) -> Interval | None:
        begin, end = (periods.day(year, month, int(number)) for number in (match["day"], last or match["day"]))
        if not last or begin is None or end is None:
            return begin
        return periods.span(begin[0], end[1])

    def on_weekday(year: int) -> Interval | None:
        found = of_year(year) if today and abs(year - today.year) <= 1 else None
        return found if found and str(found[0].weekday()) == weekday else None

    if match["year"] or match["of"]:
        year = _told_year(match, frame)
        return of_year(year) if year else None
    return (_by_tense(on_weekday, frame, slack=30) if weekday else None) or _by_tense(of_year, frame, slack=30)


def _yearly(match: re.Match[str], frame: _Frame) -> Interval | None:
    """A month or a season: of a year that is told, "last" and "next" strictly off the present one, or by tense."""
    month, season, shift = _value(match, "month"), _value(match, "season"), _group(match, "shift")
    part, today = _value(match, "part"), frame.published

    def of_year(year: int) -> Interval:
        return (
            periods.months(year, int(month), 1, "month")
            if month
            else periods.months(year, int(season or 0), 3, "season")
        )

    if _group(match, "year") or _group(match, "of"):
        year = _told_year(match, frame)
        return periods.part(part, of_year(year)) if year else None
    if today is None or shift not in ("", *_SHIFTS):
        return None
    near = [of_year(year) for year in range(today.year - 2, today.year + 3)]
    if shift == "last":
        return periods.part(part, max(i for i in near if i[1] < today))
    if shift == "next":
        return periods.part(part, min(i for i in near if i[0] > today))
    return periods.part(part, of_year(today.year) if shift else _by_tense(of_year, frame))


def _ordinal(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the second half of 2015", "the first week of March", "the third quarter"."""
    unit, index, today = _group(match, "unit"), int(_value(match, "ordinal") or -1), frame.published
    if match["month"]:
        whole = _yearly(match, frame)
    elif match["other_year"]:
        whole = periods.months(int(match["other_year"]), 1, 12, "year")
    elif today and match["whole"]:
        shift = _SHIFTS.get(_group(match, "shift") or "this")
        whole = None if shift is None else periods.period(_group(match, "whole"), today, shift)
    elif unit in ("quarter", "half"):
        return _by_tense(lambda year: periods.nth(unit, index, periods.months(year, 1, 12, "year")), frame)
    else:
        return None
    return periods.nth(unit, index, whole) if whole else None


def _decade(match: re.Match[str], frame: _Frame) -> Interval | None:
    year = int(re.sub(r"^['’]", "19", match["decade"]))
    return periods.part(_value(match, "part"), periods.months(year, 1, 120, "decade"))


def _years(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "1973-1990", "2003-04"."""
    last = int(match["year"][: -len(match["until"])] + match["until"])
    return periods.span(date(int(match["year"]), 1, 1), date(last, 12, 31)) if last else None


def _year(match: re.Match[str], frame: _Frame) -> Interval | None:
    return periods.part(_value(match, "part"), periods.months(int(match["year"]), 1, 12, "year"))


def _unit(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "last week", "earlier this month", "late last year", "the end of the year"."""
    today, unit, side = frame.published, _group(match, "unit"), _group(match, "side")
    shift = _SHIFTS.get(_group(match, "shift") or "this")
    if match.group()[match.end("unit") - match.start() :].lower() == "s":
        return None  # "in last years"
    if today is None or shift is None or unit in ("hour", "minute"):
        return None
    whole = periods.period(unit, today, shift)
    if side and shift == 0:
        return periods.span(whole[0], today) if side == "earlier" else periods.span(today, whole[1])
    return periods.part(_value(match, "part"), whole)


def _window(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the past two weeks", "recent days", "the next ten years": up to or from publication."""
    today, side = frame.published, _group(match, "side")
    if today is None or side == "previous":
        return None
    count = _count(match) if match["number"] else 1 if match["number"] == "" else 3
    return periods.reach(today, _group(match, "unit"), count if side in ("next", "coming") else -count)


def _distance(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "three years ago": that year; "ten days ago": that day. Later and earlier than something else stay open."""
    unit, side, today = _group(match, "unit"), _group(match, "side"), frame.published
    if (
        today is None
        or side not in ("ago", "from now", "from today")
        or "few" in match["number"]
        or "several" in match["number"]
    ):
        return None
    other = periods.step(today, unit, _count(match) * (-1 if side == "ago" else 1))
    unit = "year" if unit in ("decade", "century") else unit
    if other is None or match["weekday"] or match.group().lower().endswith("ago today"):
        return periods.period("day", other, 0) if other else None
    return periods.period(unit, other, 0)


def _inside(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "in two weeks": that week; "within 48 hours", "in less than 100 days": any day up to then."""
    unit, count, today = _group(match, "unit"), _count(match), frame.published
    other = periods.step(today, unit, count) if today and frame.ahead else None
    if today is None or other is None:
        return None
    if _group(match, "side") == "in" and not re.search(r"\b(?:less|fewer)\b", match.group(), re.I):
        return periods.period(unit, other, 0)
    return periods.reach(today, unit, count)


def _lasting(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "for five months" reaches to the present only where the deed goes on."""
    today = frame.published
    return periods.reach(today, _group(match, "unit"), -_count(match)) if today and frame.tense == "present" else None


def _weekday(match: re.Match[str], frame: _Frame) -> Interval | None:
    today, shift, week = frame.published, _group(match, "shift"), _group(match, "week")
    if today is None or shift not in ("", *_SHIFTS):
        return None
    number = int(_value(match, "weekday") or 0)
    if week:
        return periods.period("day", today, 7 * _SHIFTS[week] + number - today.weekday())
    back, forth = (today.weekday() - number) % 7, (number - today.weekday()) % 7
    if shift == "last":
        return periods.period("day", today, -(back or 7))
    if shift == "next":
        return periods.period("day", today, forth or 7)
    return periods.period("day", today, forth if frame.ahead else -back)


def _near(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "today", "last night", "the day before yesterday"; a night that is over began the day before."""
    words, today = " ".join(match.group().lower().split()), frame.published
    if today is None:
        return None
    if words == "overnight" and not frame.ahead:
        return periods.span(today - timedelta(1), today)
    shifts = {
        "yesterday": -1,
        "last night": -1,
        "tomorrow": 1,
        "the day before yesterday": -2,
        "the day after tomorrow": 2,
    }
    return periods.period("day", today, shifts.get(words, 0))


def _weekend(match: re.Match[str], frame: _Frame) -> Interval | None:
    """The weekend at hand: on Saturday and Sunday this one, before that by tense."""
    today = frame.published
    return periods.period("weekend", today, 0 if frame.ahead or today.weekday() >= 5 else -1) if today else None


def _holiday(match: re.Match[str], frame: _Frame) -> Interval | None:
    month, day = (int(number) for number in (_value(match, "holiday") or "").split("-"))
    if match["year"]:
        return periods.day(int(match["year"]), month, day)
    return _by_tense(lambda year: periods.day(year, month, day), frame, slack=30)
