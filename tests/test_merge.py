"""Events: mentions of one deed are one, copies are no witnesses, the order in which reports come changes nothing."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.merge import merge
from legation.merge.traces import numbers, stems
from legation.schema import Actor, Event, Mention, Report, Span, When, Where
from legation.store import Store, from_row

DAY = date(2014, 11, 17)
TOWNS = {"Moscow": ("RUS", "geonames:524901"), "Pyongyang": ("PRK", "geonames:1871859")}


def actor(name, country, *sectors):
    return Actor(0, len(name), name, name, country, sectors, f"person:{name.lower().replace(' ', '-')}")


CHOE, PUTIN, LAVROV = (
    actor("Choe Ryong Hae", "PRK", "GOV"),
    actor("Vladimir Putin", "RUS", "GOV"),
    actor("Sergei Lavrov", "RUS", "GOV"),
)


def told(mention_id, sentence, trigger, deed, *, report="r1", sources=(), targets=(), status="actual", day=None,
         last=None, published=DAY, town=None, **changes):  # fmt: skip
    """A mention, and the report that it is told in."""
    at = sentence.index(trigger)
    stated = day is not None
    start, end = (day, last or day) if stated else (published, published)
    when = When(start, end, "day", None, "stated" if stated else "report") if start else None
    country, place = TOWNS.get(town, (None, None))
    fields = {
        "mention_id": mention_id, "report_id": report, "sentence": Span(0, len(sentence), sentence),
        "trigger": Span(at, at + len(trigger), trigger), "deed": deed, "modes": (), "status": status, "plover": deed,
        "cameo": None, "quad": None, "goldstein": None, "contexts": (), "sources": sources, "targets": targets,
        "when": when, "claimants": (), "killed": None, "injured": None, "confidence": 0.5, "coder": "test",
        "where": town and Where(Span(0, 1, "x"), town, country, None, 1.0, 2.0, place),
    }  # fmt: skip
    return Mention(**(fields | changes)), Report(report, sentence, f"paper {report}", None, None, published)


def events_of(path, *groups, duplicates=None):
    """The events of a store whose parts are written and merged one after the other."""
    store = Store(path)
    for number, group in enumerate(groups):
        reports = {report.report_id: report for _, report in group}
        store.write(f"part{number}", list(reports.values()), [mention for mention, _ in group], (), duplicates)
        merge(store)
    return [from_row(Event, row) for row in store.events().to_pylist()]


VISIT = [
    told("m1", "North Korean envoy Choe Ryong Hae met President Vladimir Putin in Moscow Tuesday.", "met", "CONSULT",
         sources=(CHOE,), targets=(PUTIN,), day=DAY + timedelta(1), published=DAY + timedelta(1), town="Moscow"),
    told("m2", "Putin received Kim Jong Un's envoy, Choe Ryong Hae, in the Kremlin.", "received", "CONSULT",
         report="r2", sources=(CHOE,), targets=(PUTIN,), published=DAY + timedelta(2)),
    told("m3", "Choe Ryong Hae met Foreign Minister Sergei Lavrov in Moscow on Thursday.", "met", "CONSULT",
         report="r3", sources=(CHOE,), targets=(LAVROV,), day=DAY + timedelta(3), published=DAY + timedelta(4),
         town="Moscow"),
]  # fmt: skip


def test_two_reports_of_one_meeting_are_one_event_and_the_next_meeting_is_another(tmp_path):
    found = events_of(tmp_path / "s", VISIT)
    assert sorted(tuple(sorted(t.mention_id for t in e.tellings)) for e in found) == [("m1", "m2"), ("m3",)]
    meeting = next(e for e in found if len(e.tellings) == 2)
    assert (meeting.start, meeting.basis, meeting.reports, meeting.publishers) == (DAY + timedelta(1), "stated", 2, 2)
    assert meeting.where.name == "Moscow"
    assert (meeting.first_reported, meeting.last_reported) == (DAY + timedelta(1), DAY + timedelta(2))
    assert [p.name for p in meeting.sources] == ["Choe Ryong Hae"]
    assert meeting.event_id == "em1"


def test_a_copy_of_a_text_is_a_report_but_no_witness(tmp_path):
    copy = told("m9", VISIT[0][0].sentence.text, "met", "CONSULT", report="r9", sources=(CHOE,), targets=(PUTIN,),
                day=DAY + timedelta(1), published=DAY + timedelta(1), town="Moscow")  # fmt: skip
    [event] = events_of(tmp_path / "s", [VISIT[0], copy], duplicates={"r9": ("r1", "near")})
    assert (event.reports, event.publishers) == (2, 1)


ATTACK = "Gunmen attacked a police station in Moscow, killing {} officers."


def attack(mention_id, killed, published, **changes):
    return told(mention_id, ATTACK.format(killed), "attacked", "ASSAULT", report=f"r{mention_id}", published=published,
                targets=(actor("police", "RUS", "COP"),), town="Moscow", killed=killed, **changes)  # fmt: skip


def test_tolls_are_revised_and_the_disagreement_stays(tmp_path):
    [event] = events_of(tmp_path / "s", [attack("a", 3, DAY)], [attack("b", 5, DAY + timedelta(1))])
    assert event.killed == 5
    versions = next(d for d in event.disagreements if d.field == "killed").versions
    assert [(v.value, v.mentions, v.first) for v in versions] == [("3", ("a",), DAY), ("5", ("b",), DAY + timedelta(1))]


def test_history_joins_the_event_of_its_own_date(tmp_path):
    later = DAY + timedelta(200)
    recalled = attack("b", 3, later, status="historical", day=DAY)
    [event] = events_of(tmp_path / "s", [attack("a", 3, DAY, day=DAY)], [recalled])
    assert (event.start, event.status, event.last_reported) == (DAY, "actual", later)


def test_history_without_a_date_makes_no_event_of_today(tmp_path):
    recalled = attack("b", 3, DAY, status="historical")
    [event] = events_of(tmp_path / "s", [recalled])
    assert (event.start, event.status) == (None, "historical")
    assert Store(tmp_path / "s").query("SELECT DISTINCT day FROM dyads").to_pylist() == [{"day": None}]


def test_a_plan_and_what_came_of_it_are_one_event(tmp_path):
    plan = told("p", "Choe Ryong Hae will meet President Vladimir Putin in Moscow on Tuesday.", "meet", "CONSULT",
                report="r0", sources=(CHOE,), targets=(PUTIN,), day=DAY + timedelta(1), status="future",
                published=DAY - timedelta(3), town="Moscow")  # fmt: skip
    [planned] = events_of(tmp_path / "s", [plan])
    assert (planned.status, planned.plover) == ("future", "AGREE")
    found = events_of(tmp_path / "t", [plan], [VISIT[0]])
    [event] = found
    assert (event.status, event.plover) == ("actual", "CONSULT")
    assert [t.status for t in event.tellings] == ["future", "actual"]


def test_what_one_claims_and_another_denies_is_disputed(tmp_path):
    denied = attack("b", 3, DAY + timedelta(1), status="negated", day=DAY)
    [event] = events_of(tmp_path / "s", [attack("a", 3, DAY, day=DAY), attack("c", 3, DAY, day=DAY), denied])
    assert event.status == "actual"
    dispute = next(d for d in event.disagreements if d.field == "status")
    assert [(v.value, v.mentions) for v in dispute.versions] == [("actual", ("a", "c")), ("negated", ("b",))]


def test_reports_that_differ_in_a_number_disagree_on_what_it_counts(tmp_path):
    text = "The committee condemned North Korea by {} votes to 19 on Tuesday."
    mentions = [
        told(f"m{n}", text.format(n), "condemned", "ACCUSE", report=f"r{n}",
             targets=(actor("North Korea", "PRK", "GOV"),), sources=(actor("committee", "UNO"),),
             day=DAY + timedelta(1))
        for n in (101, 118)
    ]  # fmt: skip
    [event] = events_of(tmp_path / "s", mentions)
    assert [(d.field, [v.value for v in d.versions]) for d in event.disagreements] == [("votes", ["101", "118"])]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("It shipped 40,500 tonnes of coal.", [("tonnes", 40500)]),
        ("Some 2 million young people in two countries", [("people", 2_000_000), ("countries", 2)]),
        ("It cost $30 and lasted 10 minutes in 2014.", [("minutes", 10)]),
        ("Nothing is counted.", []),
    ],
)
def test_numbers_and_what_they_count(sentence, found):
    assert [(n["noun"], n["value"]) for n in numbers(sentence)] == found


@given(st.text())
def test_words_and_numbers_of_any_text(text):
    assert len(set(stems(text))) == len(stems(text))
    assert all(number["value"] >= 0 and number["noun"] for number in numbers(text))


# Order. -----------------------------------------------------------------------------------------------------------

SENTENCES = (
    ("{} met {} in Moscow for talks on gas.", "met", "CONSULT"),
    ("{} accused {} of breaking the agreement on gas.", "accused", "ACCUSE"),
    ("{} attacked forces of {} near Moscow.", "attacked", "ASSAULT"),
)
PEOPLE = (CHOE, PUTIN, LAVROV, actor("gunmen", "RUS", "REB"))


@st.composite
def worlds(draw):
    """Mentions of few people, deeds and days, so that many are of one event."""
    made = []
    for number in range(draw(st.integers(2, 14))):
        text, trigger, deed = draw(st.sampled_from(SENTENCES))
        source, target = draw(st.permutations(PEOPLE))[:2]
        day = DAY + timedelta(draw(st.integers(0, 40)))
        stated = draw(st.booleans())
        made.append(
            told(f"m{number:02}", text.format(source.name, target.name), trigger, deed, report=f"r{number}",
                 sources=(source,), targets=draw(st.sampled_from([(target,), ()])),
                 status=draw(st.sampled_from(("actual", "actual", "future", "negated", "historical"))),
                 day=day if stated else None, town=draw(st.sampled_from(("Moscow", None))),
                 published=day + timedelta(draw(st.integers(0, 2))))
        )  # fmt: skip
    return made


@settings(max_examples=25, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_events_are_the_same_in_any_order_and_division(tmp_path_factory, world, rng):
    folder = tmp_path_factory.mktemp("order")
    once = events_of(folder / "once", world)
    shuffled = random.Random(rng.random()).sample(world, len(world))
    cuts = sorted(rng.sample(range(1, len(world)), min(2, len(world) - 1)))
    groups = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(world)], strict=True)]
    assert events_of(folder / "parts", *groups) == once
    assert sorted(t.mention_id for e in once for t in e.tellings) == sorted(m.mention_id for m, _ in world)


def test_a_merge_of_a_new_day_reads_only_the_months_that_it_touches(tmp_path, monkeypatch):
    old = [replace(m, mention_id=f"o{y}", report_id=f"ro{y}") for y in (2001, 2008) for m, _ in VISIT[:1]]
    days = [replace(m, when=replace(m.when, start=date(2001 + 7 * i, 3, 1), end=date(2001 + 7 * i, 3, 1)))
            for i, m in enumerate(old)]  # fmt: skip
    reports = [replace(VISIT[0][1], report_id=m.report_id, published=m.when.start) for m in days]
    events_of(tmp_path / "s", list(zip(days, reports, strict=True)))
    read, shard = set(), Store.shard
    monkeypatch.setattr(Store, "shard", lambda self, name, *rest: read.add(name) or shard(self, name, *rest))
    store = Store(tmp_path / "s")
    store.write("new", [VISIT[0][1]], [VISIT[0][0]])
    assert merge(store).mentions == 1
    assert not read & {"2001-03", "2008-03"}
    assert len(store.events()) == 3


def test_a_part_that_tells_nothing_waits_for_no_merge(tmp_path):
    store = Store(tmp_path / "s")
    store.write("quiet", [VISIT[0][1]], [])
    store.write("told", [VISIT[1][1]], [VISIT[1][0]])
    assert store.unmerged() == ["told"]
    assert (merge(store).mentions, store.merged(), store.unmerged()) == (1, {"quiet", "told"}, [])


def test_a_mention_that_two_parts_hold_counts_once(tmp_path):
    [event] = events_of(tmp_path / "s", VISIT[:1], VISIT[:1])
    assert [t.mention_id for t in event.tellings] == ["m1"]


def test_nothing_is_merged_twice(tmp_path):
    store = Store(tmp_path / "s")
    store.write("one", [VISIT[0][1]], [VISIT[0][0]])
    assert merge(store).mentions == 1
    assert (merge(store).mentions, merge(store).events) == (0, 0)
