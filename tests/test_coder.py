"""A whole report: what is coded, and what is not."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.coder import Coder
from legation.ingest import reports
from legation.schema import Mention, Report, Span

SAMPLES = Path(__file__).parent.parent / "samples" / "reports"
WIRE = Path(__file__).parent.parent.parent / "shared" / "reports" / "wire-2014-11-14.txt"
CODER = Coder()


def coded(path: Path) -> list[Mention]:
    (report,) = reports(str(path))
    assert isinstance(report, Report)
    return CODER.code(report)


def spans_of(mention: Mention) -> list[Span]:
    actors = [*mention.sources, *mention.targets, *mention.claimants]
    found = [mention.sentence, mention.trigger, *(Span(a.start, a.end, a.text) for a in actors)]
    found += [mention.when.span] if mention.when and mention.when.span else []
    return [*found, mention.where.span] if mention.where else found


def test_an_announced_visit_is_future_with_its_actors() -> None:
    mentions = coded(SAMPLES / "txt" / "envoy-announced.txt")
    visits = [m for m in mentions if m.deed == "CONSULT" and m.status == "future"]
    assert any({a.country for a in m.sources} == {"PRK"} and {a.country for a in m.targets} == {"RUS"} for m in visits)
    assert all(m.plover == "AGREE" for m in visits)


def test_a_report_in_another_language_is_not_coded() -> None:
    assert coded(SAMPLES / "txt" / "lawrow-choe.txt") == []


def test_coding_a_report_does_not_depend_on_what_was_coded_before() -> None:
    first, second = (next(iter(reports(str(SAMPLES / "txt" / n)))) for n in ("sea-clash.txt", "talks-off.txt"))
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    alone = Coder().code(second)
    CODER.code(first)
    assert CODER.code(second) == alone


def test_a_deed_told_by_two_words_of_a_sentence_is_one_mention() -> None:
    text = "France on Monday imposed sanctions on Belarus and sanctioned Iran over the arrest of four reporters."
    told = [
        (frozenset(a.country for a in m.sources), frozenset(a.country for a in m.targets))
        for m in CODER.code(Report("r", text))
        if (m.deed, m.status) == ("SANCTION", "actual")
    ]
    assert told.count((frozenset({"FRA"}), frozenset({"BLR"}))) == 1
    assert (frozenset({"FRA"}), frozenset({"IRN"})) in told


@pytest.mark.parametrize(
    ("text", "trigger", "day"),
    [
        ("Kenya and Uganda exchanged fire on Tuesday, three days after the two sides agreed to resume talks.", "agreed",
         date(2014, 11, 8)),
        ("Nigeria has signed a truce with the rebels, two days after they kidnapped three officials.", "kidnapped",
         date(2014, 11, 12)),
    ],
)  # fmt: skip
def test_what_came_days_before_the_day_told_is_dated_by_it(text: str, trigger: str, day: date) -> None:
    mentions = CODER.code(Report("r", text, published=date(2014, 11, 14)))
    (when,) = {m.when for m in mentions if m.trigger.text.startswith(trigger)}
    assert when is not None and (when.start, when.end, when.basis) == (day, day, "stated")


def test_mention_ids_are_unique_in_a_report_and_stable() -> None:
    path = SAMPLES / "txt" / "yeoncheon-balloons.txt"
    ids = [mention.mention_id for mention in coded(path)]
    assert ids and len(set(ids)) == len(ids)
    assert ids == [mention.mention_id for mention in coded(path)]


@pytest.mark.parametrize("path", sorted((SAMPLES / "txt").glob("*.txt")), ids=lambda path: path.stem)
def test_every_span_of_a_sample_is_of_its_text(path: Path) -> None:
    (report,) = reports(str(path))
    assert isinstance(report, Report)
    for mention in CODER.code(report):
        assert all(report.text[span.start : span.end] == span.text for span in spans_of(mention))
        assert 0 <= mention.confidence <= 1


@given(st.text(max_size=400))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_text_can_be_coded(text: str) -> None:
    report = Report("x", text, published=date(2014, 11, 14), language="en")
    for mention in CODER.code(report):
        assert all(text[span.start : span.end] == span.text for span in spans_of(mention))


@pytest.mark.skipif(not WIRE.exists(), reason="the wire report is data to measure on, beside the project: ../shared")
def test_the_wire_report() -> None:
    text = WIRE.read_text(encoding="utf-8")
    mentions = coded(WIRE)
    visit = next(m for m in mentions if m.when and m.when.span and m.when.span.text == "Nov. 17-24")
    assert visit.when and (visit.when.start, visit.when.end) == (date(2014, 11, 17), date(2014, 11, 24))
    assert any("Ministry" in claimant.text for claimant in visit.claimants)
    release = next(m for m in mentions if m.modes == ("release",) and m.trigger.text.startswith("released"))
    assert (release.deed, release.status) == ("RETREAT", "actual")
    assert release.when and (release.when.start, release.when.end) == (date(2014, 11, 8), date(2014, 11, 9))
    past = [m for m in mentions if m.trigger.text == "visited"]
    assert past and all(m.status == "historical" for m in past)
    foreign = range(text.index("15 Days Till"), text.index("The U.N. General Assembly's"))
    assert not [m for m in mentions if m.trigger.start in foreign]
