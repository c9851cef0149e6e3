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


def counted_back(span: Span, anchor: When) -> When | None:
    """The days of what came before the day told: the talks of "fought on Tuesday, three days after talks".

    `span` is "three days after", `anchor` what Tuesday resolves to; null where `span` counts nothing, or the anchor is
    longer than a day.
    """
    for match, rule in _scan(span.text):
        if rule is _distance and _group(match, "side") == "after" and anchor.start and anchor.start == anchor.end:
            start, end, precision = _distant(match, anchor.start, -1) or (None, None, None)
            return When(start=start, end=end, precision=precision, span=span, basis="stated")
    return None


def find(text: str, start: int, end: int) -> list[Span]:
    """Time expressions inside text[start:end] in order, as spans of `text`: precise rather than complete."""
    piece = text[start:end]
    found: list[tuple[int, int]] = []
    for match, _ in _scan(piece):
        if not _certain(match, piece):
            continue
        told, ended = found[-1] if found else (0, 0)
        head = piece[ended : match.start()]
        operator = re.search(r"\b(?:since|by|until|till|before)\s+(?:the\s+)?$", head, re.I)
        if found and _continues(piece[told:ended], head):
            found[-1] = (told, match.end())
        else:
            found.append((ended + operator.start() if operator else match.start(), match.end()))
    return [Span(start + a, start + b, piece[a:b]) for a, b in found]


def _continues(told: str, between: str) -> bool:
    """Whether an expression goes on with the next: as a range, or as what "two days after" counts from."""
    counts = re.search(r"\b(?:after|before)$", told, re.I)
    return bool(re.fullmatch(r"\s+(?:the\s+)?" if counts else rf"\s*{_range()}\s*", between, re.I))


def _certain(match: re.Match[str], piece: str) -> bool:
    """Whether words that may mean something else (May, March, fall, 2000) are a time here."""
    words = re.sub(r"['’]s$", "", match.group())
    before = piece[: match.start()].rstrip().rpartition(" ")[2].lower()
    led = before in ("in", "since", "by", "until", "during", "before", "after")
    if re.fullmatch(r"\d{4}|nineteen [\w-]+", words, re.I):
        return led or before in ("of", "from")
    if re.fullmatch(_any("month"), words, re.I):
        return words[0].isupper() and (led or ((len(words) > 3 or words[-1] == ".") and words != "March"))
    if re.fullmatch(rf"(?:the\s+)?{_any('season')}", words, re.I):
        return led and before not in ("before", "after")
    if re.fullmatch(_any("weekday"), words, re.I):
        return words[0].isupper() and len(words) > 5
    if re.match(r"two\s+thousand|the\s+(?:f\w+\s+|whole\s+)?(?:year|quarter|month|week)$", words, re.I):
        return False
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
        if rule is _distance and re.fullmatch(r"\s+(?:the\s+)?", text[first.end() : last.start()], re.I):
            interval = _from_anchor(first, rule_last(last, frame))
        elif re.fullmatch(rf"\W*{_range()}(?:\W.{{0,20}})?", text[first.end() : last.start()], re.I | re.S):
            interval = _hull(first, rule, rule_last(last, frame), interval)
    return _operate(text[: first.start()].lower(), interval, frame)


def _hull(first: re.Match[str], rule: Rule, until: Interval | None, begin: Interval | None) -> Interval | None:
    """From the first to the second expression; a first one without a year of its own takes the second's."""
    if until is None:
        return None
    if begin is None or begin[0] > until[1] or (until[0] - begin[1]).days > 180:
        begin = rule(first, _Frame(until[0], "past"))
    return periods.span(begin[0], until[1]) if begin else None


def _from_anchor(distance: re.Match[str], anchor: Interval | None) -> Interval | None:
    """ "two days after Monday", "the year before 2001"; open where the anchor is longer than the unit that counts."""
    side, unit = _group(distance, "side"), _group(distance, "unit")
    longest = periods.DAYS.get(unit, 31 * periods.MONTHS.get(unit, 0) or 1)
    if anchor is None or side not in ("after", "before") or (anchor[1] - anchor[0]).days >= longest:
        return None
    return _distant(distance, anchor[0], 1 if side == "after" else -1)


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
    if operator == "week" and interval and interval[2] == "day":  # "the week of Nov. 3"
        return periods.period("week", interval[0], 0)
    if interval and today and (operator in ("until", "till") or (operator == "by" and frame.ahead)):
        return periods.span(today, interval[1])
    return interval


# How the rules read -----------------------------------------------------------------------------------------------

_SHIFTS = {"last": -1, "latest": -1, "this past": -1, "this": 0, "current": 0, "this coming": 1, "next": 1}


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
    kinds = {row["kind"] for row in rows("time_words")}
    parts = {kind: _any(kind) for kind in sorted(kinds)}
    for row in rows("time_fragments"):
        parts[row["name"]] = row["pattern"].format(**parts)
    readers: dict[str, Rule] = {
        "iso": _iso, "slashed": _slashed, "date": _date, "month": _yearly, "season": _yearly, "ordinal": _ordinal,
        "stretch": _stretch, "decade": _decade, "century": _century, "years": _years, "year": _year, "unit": _unit,
        "window": _window, "distance": _distance, "inside": _inside, "lasting": _lasting, "weekday": _weekday,
        "near": _near, "weekend": _weekend, "holiday": _holiday,
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
    return _sum(words)


def _sum(words: str) -> int:
    return sum(int(_words("number")[word]) for word in re.split(r"-| and ", words))


def _year_of(words: str) -> int:
    """ "2014", "nineteen ninety-six", "two thousand and six"."""
    if words.isdecimal():
        return int(words)
    hundreds, _, rest = words.replace("two thousand", "twenty").partition(" ")
    return 100 * int(_words("number")[hundreds]) + (_sum(rest.removeprefix("and ")) if rest else 0)


def _part(match: re.Match[str]) -> str | None:
    return "late" if _group(match, "close") else _value(match, "part")


# What the rules mean ----------------------------------------------------------------------------------------------

DATE_SLACK, MONTH_SLACK = 45, 31
"""Days by which a date or a month on the other side of publication is still meant: without its year, news seldom tells
of one eleven months away, and a tense is at times misread."""


def _by_tense(of_year: Callable[[int], Interval | None], frame: _Frame, slack: int = 0) -> Interval | None:
    return periods.occurrence(of_year, frame.published, frame.ahead, slack) if frame.published else None


def _told_year(match: re.Match[str], frame: _Frame) -> int | None:
    """The year that the words name: "2014", or "last year" counted from publication."""
    if year := _group(match, "year"):
        return _year_of(year)
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
    return (_by_tense(on_weekday, frame, DATE_SLACK) if weekday else None) or _by_tense(of_year, frame, DATE_SLACK)


def _yearly(match: re.Match[str], frame: _Frame) -> Interval | None:
    """A month or a season: of a year that is told, "last" and "next" strictly off the present one, or by tense."""
    month, season, shift = _value(match, "month"), _value(match, "season"), _group(match, "shift")
    part, today = _part(match), frame.published

    def of_year(year: int) -> Interval:
        length, precision = (1, "month") if month else (3, "season")
        return periods.months(year, int(month or season or 0), length, precision)

    if _group(match, "year") or _group(match, "of"):
        year = _told_year(match, frame)
        return periods.part(part, of_year(year)) if year else None
    if today is None or shift not in ("", *_SHIFTS):
        return None
    strictly = _SHIFTS.get(shift)
    near = [of_year(year) for year in range(today.year - 2, today.year + 3)]
    if strictly == -1:
        return periods.part(part, max(i for i in near if i[1] < today))
    if strictly == 1:
        return periods.part(part, min(i for i in near if i[0] > today))
    return periods.part(part, of_year(today.year) if shift else _by_tense(of_year, frame, MONTH_SLACK))


def _counted_in(match: re.Match[str], frame: _Frame) -> Interval | None:
    """The month or year of which an expression names a part: "of March", "of 2015", "last year's"."""
    if _group(match, "month"):
        return _yearly(match, frame)
    if year := _group(match, "other_year"):
        return periods.months(int(year), 1, 12, "year")
    today, shift = frame.published, _SHIFTS.get(_group(match, "shift") or "this")
    return periods.period(_group(match, "whole"), today, shift) if today and shift is not None else None


def _ordinal(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the second half of 2015", "the first week of March", "the third quarter", "last year's third quarter"."""
    unit, index = _group(match, "unit"), int(_value(match, "ordinal") or -1)
    if any(_group(match, name) for name in ("month", "other_year", "whole")):
        whole = _counted_in(match, frame)
        return periods.nth(unit, index, whole) if whole else None
    if unit not in ("quarter", "half"):
        return None
    # One that is just over is still news: its results are reported, and "expected", in the weeks after it.
    slack = 92 + DATE_SLACK if frame.ahead else 0
    return _by_tense(lambda year: periods.nth(unit, index, periods.months(year, 1, 12, "year")), frame, slack)


def _stretch(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the first nine months of 2014", "the last three days of March"."""
    whole, first = _counted_in(match, frame), _group(match, "edge") == "first"
    return periods.stretch(whole, _group(match, "unit"), _count(match), first) if whole else None


def _decade(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the early 1990s", "the nineties"."""
    words = _group(match, "decade")
    year = int(_words("decade").get(words) or re.sub(r"^['’]", "19", words))
    return periods.part(_part(match), periods.months(year, 1, 120, "decade"))


def _century(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the 20th century" is the hundred years that begin with 19, as TIMEX3 and usage have it."""
    first = (int(match["day"]) - 1) * 100
    return periods.part(_part(match), periods.months(first, 1, 1200, "span")) if first > 0 else None


def _years(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "1973-1990", "2003-04"."""
    last = int(match["year"][: -len(match["until"])] + match["until"])
    return periods.span(date(int(match["year"]), 1, 1), date(last, 12, 31)) if last else None


def _year(match: re.Match[str], frame: _Frame) -> Interval | None:
    return periods.part(_part(match), periods.months(_year_of(_group(match, "year")), 1, 12, "year"))


def _unit(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "last week", "earlier this month", "late last year", "the end of the year"."""
    today, unit, side = frame.published, _group(match, "unit"), _group(match, "side")
    part, said = _part(match), _group(match, "shift")
    shift = _SHIFTS.get(said or "this")
    if match.group()[match.end("unit") - match.start() :].lower() == "s":
        return None  # "in last years"
    if today is None or shift is None or unit in ("hour", "minute"):
        return None
    if unit == "quarter" and not (said or side or part or frame.ahead):
        shift = -1  # "in the quarter": the one that is over, of which results are told
    whole = periods.period(unit, today, shift)
    if side and shift == 0:
        return periods.span(whole[0], today) if side == "earlier" else periods.span(today, whole[1])
    return periods.part(part, whole)


def _window(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "the past two weeks", "five years of war": up to publication, "next" from it. "Recent years" stay open."""
    today, side = frame.published, _group(match, "side")
    if today is None or side == "previous" or match["number"] is None or (not side and frame.ahead):
        return None
    count = _count(match) if match["number"] else 1
    return periods.reach(today, _group(match, "unit"), count if side in ("next", "coming") else -count)


def _distance(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "three years ago": that year; "ten days ago": that day. Later and earlier than something else stay open."""
    side, today = _group(match, "side"), frame.published
    if today is None or side not in ("ago", "from now", "from today"):
        return None
    return _distant(match, today, -1 if side == "ago" else 1)


def _distant(match: re.Match[str], around: date, sign: int) -> Interval | None:
    """The calendar unit that lies the told distance from `around`; "a few weeks" are no distance."""
    unit, number = _group(match, "unit"), _group(match, "number")
    if "few" in number or "several" in number:
        return None
    other = periods.step(around, unit, sign * (_count(match) if number else 1))
    if _group(match, "weekday") or match.group().lower().endswith("ago today"):
        unit = "day"
    return periods.period("year" if unit in ("decade", "century") else unit, other, 0) if other else None


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
    if strictly := _SHIFTS.get(shift):
        return periods.period("day", today, (forth or 7) if strictly > 0 else -(back or 7))
    return periods.period("day", today, forth if frame.ahead else -back)


def _near(match: re.Match[str], frame: _Frame) -> Interval | None:
    """ "today", "last night", "the day before yesterday"; a night that is over began the day before."""
    today = frame.published
    if today and _group(match, "near") == "overnight" and not frame.ahead:
        return periods.span(today - timedelta(1), today)
    return periods.period("day", today, int(_value(match, "near") or 0)) if today else None


def _weekend(match: re.Match[str], frame: _Frame) -> Interval | None:
    """The weekend at hand: on Saturday and Sunday this one, before that by tense."""
    today = frame.published
    return periods.period("weekend", today, 0 if frame.ahead or today.weekday() >= 5 else -1) if today else None


def _holiday(match: re.Match[str], frame: _Frame) -> Interval | None:
    month, day = (int(number) for number in (_value(match, "holiday") or "").split("-"))
    if match["year"]:
        return periods.day(int(match["year"]), month, day)
    return _by_tense(lambda year: periods.day(year, month, day), frame, DATE_SLACK)
