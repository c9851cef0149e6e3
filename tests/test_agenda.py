"""The agenda: which events are plans, for when, who announced them, and what became of them as of a day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_relations import KIM, PRK, RUS, event, kept

from legation.agenda import FATES, hit_rates, last_day, plan_of, plans, window
from legation.schema import STATUSES, Party, Telling
from legation.store import Store

TASS = Party("Tass", "RUS", ("MED",), "org:tass")
NOV = lambda day: date(2014, 11, day)  # noqa: E731


def telling(number, status="future", published=None, start=None, end=None, **changes):
    fields = {
        "mention_id": f"m{number}", "report_id": f"r{number}", "publisher": f"Paper {number}", "published": published,
        "copy_of": None, "status": status, "start": start, "end": end or start, "claimants": (),
    }  # fmt: skip
    return Telling(**(fields | changes))


def told(event_id, *tellings, sources=(PRK,), targets=(RUS,), day=None, **changes):
    days = [t.published for t in tellings if t.published]
    return event(event_id, sources, targets, day, tellings=tellings, first_reported=min(days, default=None),
                 last_reported=max(days, default=None), **changes)  # fmt: skip


END = NOV(30)


def plan(*tellings, asof=END, **changes):
    return plan_of(told("e1", *tellings, **changes), asof)


ANNOUNCED = telling(1, published=NOV(14), start=NOV(17), end=NOV(24))


@pytest.mark.parametrize(
    "later, asof, fate, by",
    [
        ([], NOV(24), "open", ()),
        ([], NOV(25), "overdue", ()),
        ([("actual", 18)], NOV(30), "confirmed", ("r2",)),
        ([("historical", 28)], NOV(30), "confirmed", ("r2",)),
        ([("actual", 14)], NOV(30), "confirmed", ("r2",)),
        ([("actual", 13)], NOV(30), "overdue", ()),
        ([("negated", 16)], NOV(30), "cancelled", ("r2",)),
        ([("negated", 14)], NOV(16), "cancelled", ("r2",)),
        ([("negated", 13)], NOV(16), "open", ()),
        ([("negated", 16), ("actual", 18)], NOV(30), "confirmed", ("r3",)),
        ([("actual", 18), ("negated", 20)], NOV(30), "confirmed", ("r2",)),
        ([("negated", 16), ("future", 18)], NOV(20), "open", ()),
        ([("negated", 16), ("future", 18)], NOV(30), "overdue", ()),
        ([("negated", 16), ("future", 16)], NOV(20), "cancelled", ("r2",)),
        ([("hypothetical", 16)], NOV(20), "open", ()),
        ([("actual", 18)], NOV(17), "open", ()),
        ([("actual", None)], NOV(17), "confirmed", ("r2",)),
        ([("negated", 16), ("negated", 15)], NOV(20), "cancelled", ("r3", "r2")),
    ],
)
def test_what_became_of_a_plan(later, asof, fate, by):
    tellings = [telling(n, status, day and NOV(day)) for n, (status, day) in enumerate(later, start=2)]
    for order in (tellings, tellings[::-1]):
        found = plan(*order, ANNOUNCED, asof=asof)
        assert (found.fate, found.by) == (fate, by)
        assert found.decided == (None if not by or later[0][1] is None else min(t.published for t in tellings
                                                                               if t.report_id in by))  # fmt: skip


def test_a_plan_without_a_window_stays_open():
    assert plan(telling(1, published=NOV(1)), asof=date(2030, 1, 1)).fate == "open"


def test_the_window_is_that_of_the_announcement_and_not_the_day_of_the_deed():
    found = plan(ANNOUNCED, telling(2, "actual", NOV(26), NOV(25)), day=NOV(25), basis="report")
    assert (found.start, found.end, found.fate) == (NOV(17), NOV(24), "confirmed")


def test_nothing_is_overdue_where_no_day_is_known():
    assert plan(telling(1, start=NOV(1)), asof=None).fate == "open"


def test_what_nobody_announces_is_no_plan():
    assert plan(telling(1, "actual", NOV(3))) is None
    assert plan(ANNOUNCED, asof=NOV(13)) is None


def test_the_window_moves_with_the_latest_word_but_not_with_a_vaguer_one():
    def moved(*intervals):
        return window([telling(n, start=start, end=end) for n, (start, end) in enumerate(intervals)])

    assert moved((NOV(17), NOV(24)), (NOV(20), NOV(27))) == (NOV(20), NOV(27))
    assert moved((NOV(17), NOV(24)), (NOV(1), NOV(30))) == (NOV(17), NOV(24))
    assert moved((NOV(1), NOV(30)), (None, None), (NOV(17), NOV(24))) == (NOV(17), NOV(24))
    assert moved((None, None)) == moved() == (None, None)


def test_copies_of_a_text_announce_once():
    found = plan(
        ANNOUNCED,
        telling(2, published=NOV(15), copy_of="r1"),
        telling(3, published=NOV(16), publisher="Paper 1"),
        telling(4, published=NOV(16), publisher=None),
    )
    assert (found.announced, found.publishers) == (3, 2)
    assert (found.first_announced, found.last_announced) == (NOV(14), NOV(16))


def test_announcers_are_the_claimants_of_the_announcement_else_the_sources():
    claimed = telling(2, published=NOV(15), claimants=(TASS, KIM))
    assert plan(ANNOUNCED, claimed, telling(3, published=NOV(16), claimants=(TASS,))).announcers == (TASS, KIM)
    assert plan(ANNOUNCED, telling(2, "actual", NOV(18), claimants=(TASS,))).announcers == (PRK,)


@pytest.fixture
def store(tmp_path):
    return kept(
        tmp_path / "s",
        told("visit", ANNOUNCED, telling(2, "actual", NOV(18)), day=NOV(18)),
        told("talks", telling(3, published=NOV(10), start=NOV(12), claimants=(TASS,)), telling(4, "negated", NOV(11))),
        told("vote", telling(5, published=NOV(10), start=NOV(15), claimants=(TASS,)), sources=(RUS,), targets=()),
        told("test", telling(6, published=NOV(20)), sources=(KIM,), targets=()),
        told("summit", telling(7, published=NOV(20), start=date(2015, 5, 1), end=date(2015, 5, 31))),
        told("fight", telling(8, "actual", NOV(21)), day=NOV(21)),
    )


def ids(found):
    return [plan.event_id for plan in found]


def test_the_plans_of_a_store(store):
    assert {plan.event_id: plan.fate for plan in plans(store)} == {
        "talks": "cancelled", "vote": "overdue", "visit": "confirmed", "test": "open", "summit": "open",
    }  # fmt: skip
    assert ids(plans(store)) == ["talks", "vote", "visit", "test", "summit"]
    assert last_day(store) == NOV(21)


@pytest.mark.parametrize(
    "chosen, found",
    [
        ({"actor": "RUS"}, "talks vote visit summit"),
        ({"actor": "jong un"}, "test"),
        ({"actor": "person:kim-jong-un"}, "test"),
        ({"actor": "KOR"}, ""),
        ({"since": NOV(24)}, "visit summit"),
        ({"since": NOV(20), "until": NOV(24)}, "visit test"),
        ({"until": NOV(12)}, "talks"),
        ({"asof": NOV(13)}, "talks vote"),
    ],
)
def test_plans_that_are_asked_for(store, chosen, found):
    assert ids(plans(store, **chosen)) == found.split()


def test_the_agenda_as_it_stood(store):
    assert {plan.event_id: plan.fate for plan in plans(store, asof=NOV(10))} == {"talks": "open", "vote": "open"}


def test_hit_rates(store):
    found = {rate.announcer.name: rate for rate in hit_rates(plans(store))}
    assert list(found) == ["North Korea", "Tass", "Kim Jong Un"]
    counts = {name: (r.plans, r.confirmed, r.cancelled, r.overdue, r.open, r.rate) for name, r in found.items()}
    assert counts == {"Tass": (2, 0, 1, 1, 0, 0.0), "North Korea": (2, 1, 0, 0, 1, 1.0),
                      "Kim Jong Un": (1, 0, 0, 0, 1, None)}  # fmt: skip


def test_an_empty_store_has_no_plans(tmp_path):
    assert plans(Store(tmp_path / "none")) == [] and last_day(Store(tmp_path / "none")) is None


days = st.none() | st.dates(NOV(1), NOV(30))
tellings = st.builds(
    lambda n, status, published, start, length, copy, publisher: telling(
        n, status, published, start, start and start + timedelta(length), copy_of=copy, publisher=publisher
    ),
    st.integers(0, 99), st.sampled_from(STATUSES), days, days, st.integers(0, 9), st.sampled_from([None, "r0"]),
    st.sampled_from(["A", "B", None]),
)  # fmt: skip


@given(st.lists(tellings, max_size=8, unique_by=lambda t: t.mention_id), days, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_tellings_make_one_plan_in_any_order(given_tellings, asof, random):
    found = plan(*given_tellings, asof=asof)
    known = [t for t in given_tellings if not (asof and t.published and t.published > asof)]
    assert (found is None) == (not any(t.status == "future" for t in known))
    if found is not None:
        assert found.fate in FATES and (found.start is None) == (found.end is None)
        assert 1 <= found.publishers <= found.announced <= len(known)
        assert bool(found.by) == (found.fate in ("confirmed", "cancelled"))
        assert set(found.by) <= {t.report_id for t in known if t.status not in ("future", "hypothetical")}
        assert found.fate != "overdue" or found.end < asof
    random.shuffle(given_tellings)
    assert plan(*given_tellings, asof=asof) == found
