"""Periods of the calendar as closed intervals of days: arithmetic without text, used to resolve time expressions.

Weeks run Monday to Sunday, weekends are Saturday and Sunday, seasons are three months from a first one.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import MAXYEAR, date, timedelta

Interval = tuple[date, date, str]
"""First day, last day (both included), precision: day, week, month, season, year, decade or span."""

MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200}
DAYS = {"day": 1, "night": 1, "week": 7, "weekend": 7, "fortnight": 14}


def day(year: int, month: int, number: int) -> Interval | None:
    """One day, or None where the calendar has no such day."""
    if not (1 <= year <= MAXYEAR and 1 <= month <= 12 and 1 <= number <= monthrange(year, month)[1]):
        return None
    return date(year, month, number), date(year, month, number), "day"


def span(first: date, last: date) -> Interval | None:
    return (first, last, "span") if first <= last else None


def months(year: int, month: int, count: int, precision: str) -> Interval:
    """`count` months from `month`, which may lie outside 1 to 12 and then counts into other years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    last_year, last = year + (month + count - 2) // 12, (month + count - 2) % 12 + 1
    return date(year, month, 1), date(last_year, last, monthrange(last_year, last)[1]), precision


def period(unit: str, around: date, shift: int) -> Interval:
    """The calendar unit that holds `around`, moved by `shift` units; of hours and minutes, the day."""
    if unit in MONTHS:
        count = MONTHS[unit]
        precision = unit if unit in ("month", "year", "decade") else "span"
        years = max(count // 12, 1)
        first = (around.month - 1) // count * count + 1 if count < 12 else 1
        return months(around.year // years * years, first + shift * count, count, precision)
    if unit in ("week", "weekend", "fortnight"):
        monday = around + timedelta(DAYS[unit] * shift - around.weekday())
        return (
            monday + timedelta(5 if unit == "weekend" else 0),
            monday + timedelta(6),
            "week" if unit == "week" else "span",
        )
    moved = around + timedelta(shift if unit in DAYS else 0)
    return moved, moved, "day"


def part(which: str | None, interval: Interval | None) -> Interval | None:
    """The early, mid or late part: ten days of a month, three months of a year (mid: four), else about a third."""
    if interval is None or not which or interval[2] == "day":
        return interval
    start, end, precision = interval
    index = ("early", "mid", "late").index(which)
    if precision == "month":
        return start.replace(day=(1, 11, 21)[index]), start.replace(day=(10, 20, end.day)[index]), "span"
    if precision == "year":
        return months(start.year, (1, 5, 10)[index], (3, 4, 3)[index], "span")
    if precision == "decade":
        return months(start.year + (0, 4, 7)[index], 1, (48, 36, 36)[index], "span")
    if end.year - start.year == 99:
        return months(start.year + (0, 33, 67)[index], 1, 12 * (33, 34, 33)[index], "span")
    third = (end - start) // 3
    return start + third * index, (start + third, end - third, end)[index], "span"


def nth(unit: str, index: int, whole: Interval) -> Interval | None:
    """The `index`-th half, quarter, month or week of a year or a month, -1 the last; None where there is none."""
    start, end, precision = whole
    if precision == "month" and unit == "week" and index == -1:
        return end - timedelta(6), end, "span"
    if precision == "month" and unit == "week" and 1 <= index <= 5:
        first = start + timedelta(7 * (index - 1))
        return (first, min(first + timedelta(6), end), "span") if first <= end else None
    if precision == "month" and unit == "half" and index in (1, 2, -1):
        return (start, start.replace(day=15), "span") if index == 1 else (start.replace(day=16), end, "span")
    count = {"half": 6, "quarter": 3, "month": 1}.get(unit)
    if precision != "year" or count is None or index * count > 12:
        return None
    index = 12 // count if index == -1 else index
    return months(start.year, 1 + count * (index - 1), count, "month" if unit == "month" else "span")


def stretch(whole: Interval, unit: str, count: int, first: bool) -> Interval | None:
    """The first or the last `count` units of a month or a year; None where it has not so many."""
    start, end, _ = whole
    edge = step(start, unit, count) if first else step(end + timedelta(1), unit, -count)
    if edge is None:
        return None
    begin, until = (start, edge - timedelta(1)) if first else (edge, end)
    return span(begin, until) if start <= begin and until <= end else None


def step(around: date, unit: str, count: int) -> date | None:
    """`around` moved by `count` units; None outside the calendar."""
    try:
        if unit not in MONTHS:
            per_day = {"hour": 24, "minute": 1440}.get(unit)
            return around + timedelta(int(count / per_day) if per_day else count * DAYS[unit])
        total = around.year * 12 + around.month - 1 + count * MONTHS[unit]
        return date(total // 12, total % 12 + 1, min(around.day, monthrange(total // 12, total % 12 + 1)[1]))
    except (OverflowError, ValueError):
        return None


def reach(around: date, unit: str, count: int) -> Interval | None:
    """From a day to the day `count` units after it, or before it where `count` is negative."""
    other = step(around, unit, count)
    return span(min(around, other), max(around, other)) if other else None


def occurrence(of_year: Callable[[int], Interval | None], today: date, ahead: bool, slack: int = 0) -> Interval | None:
    """One occurrence of what comes every year: the last begun on `today`, or with `ahead` the next not over.

    `slack`: one on the other side of `today` is taken instead where it begins no more than so many days from `today`;
    less than half a year, so that the nearer is taken. February 29 may be four years away.
    """
    years = range(max(today.year - 4, 1), min(today.year + 5, MAXYEAR))
    near = [interval for year in years if (interval := of_year(year))]
    past = max((i for i in near if i[0] <= today), default=None)
    following = min((i for i in near if i[1] >= today), default=None)
    chosen, other = (following, past) if ahead else (past, following)
    if chosen and other and abs((other[0] - today).days) <= slack < abs((chosen[0] - today).days):
        return other
    return chosen
