"""Time expressions resolve to closed intervals against the day of publication, and are found only where sure."""

import zipfile
from datetime import date
from pathlib import Path

import pytest
from evals import timex
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.coding.times import counted_back, find, publication_day, resolve
from legation.schema import Span, When
from legation.tables import rows

FRIDAY = date(2014, 11, 14)


def when(words: str, tense: str = "past", published: date | None = FRIDAY) -> When:
    return resolve(Span(10, 10 + len(words), words), published, tense)


def days(found: When) -> str | None:
    return f"{found.start}..{found.end}" if found.start else None


@pytest.mark.parametrize(
    ("words", "tense", "expected", "precision"),
    [
        ("Friday", "past", "2014-11-14..2014-11-14", "day"),
        ("on Monday", "past", "2014-11-10..2014-11-10", "day"),
        ("on Monday", "future", "2014-11-17..2014-11-17", "day"),
        ("last Friday", "past", "2014-11-07..2014-11-07", "day"),
        ("Tuesday night", "past", "2014-11-11..2014-11-11", "day"),
        ("Monday of next week", "future", "2014-11-17..2014-11-17", "day"),
        ("yesterday", "past", "2014-11-13..2014-11-13", "day"),
        ("last night", "past", "2014-11-13..2014-11-13", "day"),
        ("overnight", "past", "2014-11-13..2014-11-14", "span"),
        ("last weekend", "past", "2014-11-08..2014-11-09", "span"),
        ("the weekend", "future", "2014-11-15..2014-11-16", "span"),
        ("this week", "past", "2014-11-10..2014-11-16", "week"),
        ("next week", "future", "2014-11-17..2014-11-23", "week"),
        ("Earlier this week", "past", "2014-11-10..2014-11-14", "span"),
        ("later this month", "future", "2014-11-14..2014-11-30", "span"),
        ("last month", "past", "2014-10-01..2014-10-31", "month"),
        ("late last year", "past", "2013-10-01..2013-12-31", "span"),
        ("early October", "past", "2014-10-01..2014-10-10", "span"),
        ("Nov. 17-24", "future", "2014-11-17..2014-11-24", "span"),
        ("17 to 24 November 2014", "future", "2014-11-17..2014-11-24", "span"),
        ("Sept. 11", "past", "2014-09-11..2014-09-11", "day"),
        ("Thursday, Nov. 6", "past", "2014-11-06..2014-11-06", "day"),
        ("Dec. 2", "past", "2014-12-02..2014-12-02", "day"),
        ("in March", "past", "2014-03-01..2014-03-31", "month"),
        ("in March", "future", "2015-03-01..2015-03-31", "month"),
        ("next summer", "future", "2015-06-01..2015-08-31", "season"),
        ("in the second half of 2015", "future", "2015-07-01..2015-12-31", "span"),
        ("the third quarter", "past", "2014-07-01..2014-09-30", "span"),
        ("the last week of October", "past", "2014-10-25..2014-10-31", "span"),
        ("since March", "past", "2014-03-01..2014-11-14", "span"),
        ("by the end of the year", "future", "2014-11-14..2014-12-31", "span"),
        ("over the past two weeks", "past", "2014-10-31..2014-11-14", "span"),
        ("in the past few days", "past", "2014-11-11..2014-11-14", "span"),
        ("over the past week", "past", "2014-11-07..2014-11-14", "span"),
        ("in less than 100 days", "future", "2014-11-14..2015-02-22", "span"),
        ("for five months", "present", "2014-06-14..2014-11-14", "span"),
        ("10 days ago", "past", "2014-11-04..2014-11-04", "day"),
        ("three years ago", "past", "2011-01-01..2011-12-31", "year"),
        ("from June 2003 to January 2004", "past", "2003-06-01..2004-01-31", "span"),
        ("between March and May 2004", "past", "2004-03-01..2004-05-31", "span"),
        ("Thursday night and continued on Friday morning", "past", "2014-11-13..2014-11-14", "span"),
        ("Christmas Day", "future", "2014-12-25..2014-12-25", "day"),
        ("the Fourth of July", "past", "2014-07-04..2014-07-04", "day"),
        ("the Nov. 3 election", "past", "2014-11-03..2014-11-03", "day"),
        ("after the Nov. 3 election", "past", "2014-11-03..2014-11-14", "span"),
        ("the week of Nov. 5", "past", "2014-11-03..2014-11-09", "week"),
        ("this past Sunday", "past", "2014-11-09..2014-11-09", "day"),
        ("this coming Sunday", "past", "2014-11-16..2014-11-16", "day"),
        ("this past March", "past", "2014-03-01..2014-03-31", "month"),
        ("two days after the Nov. 3 election", "past", "2014-11-05..2014-11-05", "day"),
        ("a day after Tuesday's attack", "past", "2014-11-12..2014-11-12", "day"),
        ("the day before Monday", "past", "2014-11-09..2014-11-09", "day"),
        ("three years after 2001", "past", "2004-01-01..2004-12-31", "year"),
        ("a week or so ago", "past", "2014-11-03..2014-11-09", "week"),
        ("over five years of war", "past", "2009-11-14..2014-11-14", "span"),
        ("earlier in the week", "past", "2014-11-10..2014-11-14", "span"),
        ("during the week", "past", "2014-11-10..2014-11-16", "week"),
        ("the current fiscal year", "past", "2014-01-01..2014-12-31", "year"),
        ("by year's end", "future", "2014-11-14..2014-12-31", "span"),
        ("year-end", "past", "2014-10-01..2014-12-31", "span"),
        ("end-March", "past", "2014-03-21..2014-03-31", "span"),
        ("the first nine months of the year", "past", "2014-01-01..2014-09-30", "span"),
        ("the last three days of October", "past", "2014-10-29..2014-10-31", "span"),
        ("this year's third quarter", "past", "2014-07-01..2014-09-30", "span"),
        ("the latest quarter", "past", "2014-07-01..2014-09-30", "span"),
        ("the quarter", "past", "2014-07-01..2014-09-30", "span"),
        ("the quarter", "future", "2014-10-01..2014-12-31", "span"),
        ("the third quarter", "future", "2014-07-01..2014-09-30", "span"),
        ("the first quarter", "future", "2015-01-01..2015-03-31", "span"),
    ],
)
def test_relative_to_publication(words: str, tense: str, expected: str, precision: str) -> None:
    found = when(words, tense)
    assert (days(found), found.precision) == (expected, precision)
    assert found.basis == "stated" and found.span is not None and found.span.text == words


@pytest.mark.parametrize(
    ("words", "expected", "precision"),
    [
        ("2003", "2003-01-01..2003-12-31", "year"),
        ("the 1990s", "1990-01-01..1999-12-31", "decade"),
        ("the early 1990s", "1990-01-01..1993-12-31", "span"),
        ("June 2004", "2004-06-01..2004-06-30", "month"),
        ("September 11, 2001", "2001-09-11..2001-09-11", "day"),
        ("the 11th of September, 2001", "2001-09-11..2001-09-11", "day"),
        ("2014-11-20", "2014-11-20..2014-11-20", "day"),
        ("24/11/2014", "2014-11-24..2014-11-24", "day"),
        ("1973-1990", "1973-01-01..1990-12-31", "span"),
        ("winter 2013", "2013-12-01..2014-02-28", "season"),
        ("nineteen ninety-six", "1996-01-01..1996-12-31", "year"),
        ("the year two thousand and six", "2006-01-01..2006-12-31", "year"),
        ("January nineteen ninety-seven", "1997-01-01..1997-01-31", "month"),
        ("the nineties", "1990-01-01..1999-12-31", "decade"),
        ("the 20th century", "1900-01-01..1999-12-31", "span"),
        ("the late 19th century", "1867-01-01..1899-12-31", "span"),
        ("the 1988 third quarter", "1988-07-01..1988-09-30", "span"),
        ("the first six months of 2013", "2013-01-01..2013-06-30", "span"),
    ],
)
def test_absolute_needs_no_publication_date(words: str, expected: str, precision: str) -> None:
    found = when(words, published=None)
    assert (days(found), found.precision) == (expected, precision)


@pytest.mark.parametrize("words", ["Friday", "last week", "in March", "Nov. 17-24", "three years ago", "since 2001"])
def test_relative_stays_open_without_a_publication_date(words: str) -> None:
    assert when(words, published=None) == When(None, None, None, Span(10, 10 + len(words), words), "stated")


@pytest.mark.parametrize(
    "words",
    [
        "31 November", "Feb. 29, 2014", "November 31, 2014", "2014-13-01", "two days after", "the following day",
        "until recently", "two days earlier", "5/11/2014", "in last years", "in the Vietnam War", "recent weeks",
        "coming months", "past years", "two thousand days ago", "half a century ago", "a day after last week's summit",
        "two days after Feb. 30", "the first 20 months of 2013", "the 1st century", "that year",
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_not_invented(words: str) -> None:
    assert days(when(words)) is None


@pytest.mark.parametrize(
    ("words", "tense", "expected"),
    [
        ("Dec. 2", "past", "2014-12-02..2014-12-02"),
        ("Jan. 2", "past", "2014-01-02..2014-01-02"),
        ("Oct. 10", "future", "2014-10-10..2014-10-10"),
        ("Aug. 10", "future", "2015-08-10..2015-08-10"),
        ("in December", "past", "2014-12-01..2014-12-31"),
        ("in January", "past", "2014-01-01..2014-01-31"),
    ],
)
def test_of_dates_without_a_year_the_very_near_one_is_meant_whatever_the_tense(
    words: str, tense: str, expected: str
) -> None:
    assert days(when(words, tense)) == expected


def test_a_leap_day_is_the_last_there_was() -> None:
    assert days(when("Feb. 29")) == "2012-02-29..2012-02-29"


def test_publication_day() -> None:
    assert publication_day(FRIDAY) == When(FRIDAY, FRIDAY, "day", None, "report")
    assert publication_day(None) == When(None, None, None, None, "report")


@pytest.mark.parametrize(
    ("words", "anchor", "expected"),
    [
        ("three days after", "on Tuesday", "2014-11-08..2014-11-08"),
        ("two weeks after", "on Nov. 18", "2014-11-03..2014-11-09"),
        ("seven years after", "yesterday", "2007-01-01..2007-12-31"),
        ("a few days after", "on Tuesday", None),
        ("three days before", "on Tuesday", "nothing counted"),
        ("on Monday", "on Tuesday", "nothing counted"),
        ("three days after", "in October", "nothing counted"),
    ],
)
def test_what_came_before_the_day_told_is_counted_back(words: str, anchor: str, expected: str | None) -> None:
    found = counted_back(Span(0, len(words), words), when(anchor))
    assert (days(found) if found else "nothing counted") == expected


def test_an_unknown_tense_is_refused() -> None:
    with pytest.raises(ValueError, match="give past, present or future"):
        resolve(Span(0, 6, "Friday"), FRIDAY, "perfect")


def test_every_example_in_the_table_is_read_by_its_rule() -> None:
    for row in rows("time_rules"):
        if row["pattern"].endswith(r"\Z)"):  # says nothing where more words follow, so it is never searched for
            assert days(when(row["example"])) and not found(row["example"]), row
        else:
            assert found(row["example"]), row


def found(text: str) -> list[str]:
    return [span.text for span in find(text, 0, len(text))]


def test_find() -> None:
    text = (
        "The envoy arrived on Tuesday night, stayed since early March and leaves Nov. 17-24 or by the end of the year."
    )
    assert found(text) == ["Tuesday night", "since early March", "Nov. 17-24", "by the end of the year"]
    assert found("It ruled from 1990 to 1993 and again in 2003.") == ["1990 to 1993", "2003"]
    assert found("They met a day after Tuesday's raid, the day before the Nov. 3 vote.") == [
        "a day after Tuesday's",
        "the day before the Nov. 3",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "They may march on the capital.", "March on Washington", "May they succeed.",
        "The fall of Rome cost 2004 lives.",
        "The sun sat low; Sun Microsystems said so.", "He paid $2003 for 1990 cows.", "The second attack was worse.",
        "Two thousand people marched in nineteen villages.", "They paid for the year",
    ],
)  # fmt: skip
def test_find_leaves_other_words_alone(text: str) -> None:
    assert found(text) == []


def test_find_stays_inside_its_stretch() -> None:
    text = "On Monday he left. On Tuesday he came back."
    assert find(text, 19, len(text)) == [Span(22, 29, "Tuesday")]


WORDS = [
    "Friday", "last", "week", "the", "end", "of", "Nov.", "31", "2014", "since", "three", "years", "ago", "early", "to",
    "March", "first", "half", "9999", "1000", "by", "99999999", "decades", "century", "-", "29", "Feb.", "next",
    "quarter", "century", "20th", "nineteen", "ninety-six", "two thousand", "after", "before", "past", "this coming",
    "year-end", "the year", "quarters", "days", "nineties", "latest", "fiscal",
]  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join) | st.text(max_size=60),
    st.dates() | st.none(),
    st.sampled_from(["past", "present", "future"]),
)
def test_any_words_give_a_closed_interval_or_none(words: str, published: date | None, tense: str) -> None:
    span = Span(0, len(words), words)
    got = resolve(span, published, tense)
    assert (got.start is None) == (got.end is None) == (got.precision is None)
    assert got.start is None or got.end is None or got.start <= got.end
    assert got == resolve(span, published, tense)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=80), st.data())
def test_found_spans_slice_back_to_their_words(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for span in find(text, start, end):
        assert start <= span.start < span.end <= end and text[span.start : span.end] == span.text
        start = span.end  # no two overlap


TIMEML = """<TimeML><DCT><TIMEX3 tid="t0" type="DATE" value="2014-11-14">Nov. 14, 2014</TIMEX3></DCT><TEXT>
The envoy left on <TIMEX3 tid="t1" type="DATE" value="2014-11-11">Tuesday</TIMEX3>. He will be back on
<TIMEX3 tid="t2" type="DATE" value="2014-11-17">Monday</TIMEX3>, and in <TIMEX3 tid="t3" type="DATE"
value="2014-10" mod="START">early October</TIMEX3> he was ill for <TIMEX3 tid="t4" type="DURATION" value="P2D">two
days</TIMEX3>. <TIMEX3 tid="t5" type="DATE" value="PRESENT_REF">Now</TIMEX3> he sees few, but met two
<TIMEX3 tid="t6" type="DATE" value="2013-11-14">a year ago</TIMEX3>. In <TIMEX3 tid="t7" type="DATE"
value="XXXX-12">December</TIMEX3> he rests.</TEXT></TimeML>"""


def test_the_measure_counts_dates_and_those_right(tmp_path: Path) -> None:
    archive = tmp_path / "timeml.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("data/AQUAINT/one.tml", TIMEML)
    assert timex.measure(archive, "AQUAINT") == {"expressions": 5, "found": 4 / 5, "value": 4 / 5}
    with pytest.raises(ValueError, match="no DATE in the folder TimeBank"):
        timex.measure(archive, "TimeBank")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2014-11-14TEV", "2014-11-14..2014-11-14"),
        ("2014-W46", "2014-11-10..2014-11-16"),
        ("2014-W46-WE", "2014-11-15..2014-11-16"),
        ("2014-02", "2014-02-01..2014-02-28"),
        ("2014-Q3", "2014-07-01..2014-09-30"),
        ("2014-H2", "2014-07-01..2014-12-31"),
        ("2013-WI", "2013-12-01..2014-02-28"),
        ("2014", "2014-01-01..2014-12-31"),
        ("199", "1990-01-01..1999-12-31"),
        ("199X", "1990-01-01..1999-12-31"),
        ("19", "1900-01-01..1999-12-31"),
        ("2014-02-30", None),
        ("PAST_REF", None),
        ("XXXX-WXX-2", None),
    ],
)
def test_days_of_a_timex_value(value: str, expected: str | None) -> None:
    found = timex.value_days(value)
    assert (found and f"{found[0]}..{found[1]}") == expected
