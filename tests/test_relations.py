"""Relations: what happened counts once and at its own day; levels, changes, answers and third parties are found."""

import math
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation import relations
from legation.relations import changepoints, counterparts, levels, relation
from legation.schema import EVENTS, Event, Party
from legation.store import Store, to_row

PRK = Party("North Korea", "PRK", ("GOV",), "PRK-GOV")
KIM = Party("Kim Jong Un", "PRK", ("GOV", "EXE"), "person:kim-jong-un")
ARMY = Party("Korean People's Army", "PRK", ("MIL",), "PRK-MIL")
RUS = Party("Russia", "RUS", ("GOV",), "RUS-GOV")
CHN = Party("China", "CHN", ("GOV",), "CHN-GOV")
USA = Party("the United States", "USA", ("GOV",), "USA-GOV")


def event(event_id, sources, targets, day, goldstein=1.0, **changes):
    """An event of one day as one report tells it; quad by the sign of its intensity."""
    quad = None if goldstein is None else 1 if goldstein >= 0 else 4
    fields = {
        "event_id": event_id, "deed": "CONSULT", "modes": (), "status": "actual", "plover": "CONSULT", "cameo": "040",
        "quad": quad, "goldstein": goldstein, "contexts": (), "sources": tuple(sources), "targets": tuple(targets),
        "start": day, "end": day, "precision": "day", "basis": "stated", "where": None, "claimants": (),
        "killed": None, "injured": None, "confidence": 0.9, "tellings": (), "reports": 1, "publishers": 1,
        "first_reported": day, "last_reported": day, "disagreements": (), "origin": "reports",
    }  # fmt: skip
    return Event(**(fields | changes))


def kept(path, *events, shard="2014"):
    store = Store(path)
    store.write_events({shard: {"events": pa.Table.from_pylist([to_row(one) for one in events], schema=EVENTS)}})
    return store


@pytest.fixture
def store(tmp_path):
    return kept(
        tmp_path / "s",
        event("e1", [PRK], [RUS], date(2014, 1, 6), 4.0, publishers=3),
        event("e2", [RUS], [PRK], date(2014, 1, 20), 2.0),
        event("e3", [PRK, RUS], [], date(2014, 2, 3), 1.0, publishers=9),
        event("e4", [KIM, ARMY], [RUS], date(2014, 2, 4), -5.0, deed="ASSAULT"),
        event("plan", [PRK], [RUS], date(2014, 2, 5), 8.0, status="future"),
        event("denied", [PRK], [RUS], date(2014, 2, 5), 8.0, status="negated"),
        event("war", [RUS], [PRK], date(2010, 5, 1), -10.0, status="historical"),
        event("dateless", [RUS], [PRK], None, 1.0, first_reported=None),
        event("uncoded", [RUS], [PRK], date(2014, 4, 1), None),
        event("third", [CHN], [RUS], date(2014, 1, 31), 6.0),
        event("fourth", [PRK], [CHN], date(2014, 2, 28), -2.0),
        event("far", [USA], [PRK], date(2014, 3, 1), -2.0),
        event("own", [PRK], [ARMY], date(2014, 3, 2), -2.0),
    )


def test_events_that_happened_are_counted_once_in_the_bin_of_their_day(store):
    found = relation(store, "PRK", "RUS")
    assert [(b.start, b.events, b.quads, b.forth, b.back, b.both) for b in found.bins] == [
        (date(2010, 5, 1), 1, (0, 0, 0, 1), 0, 1, 0),
        (date(2014, 1, 1), 2, (2, 0, 0, 0), 1, 1, 0),
        (date(2014, 2, 1), 2, (1, 0, 0, 1), 1, 0, 1),
        (date(2014, 4, 1), 1, (0, 0, 0, 0), 0, 1, 0),
    ]
    assert [(b.total, b.mean) for b in found.bins] == [(-10, -10), (6, 3), (-4, -2), (None, None)]


def test_the_other_way_round_is_the_mirror(store):
    one, other = relation(store, "PRK", "RUS"), relation(store, "RUS", "PRK")
    assert [(b.start, b.forth, b.back, b.mean) for b in one.bins] == [
        (b.start, b.back, b.forth, b.mean) for b in other.bins
    ]
    assert one.reciprocity.share == pytest.approx(1 - other.reciprocity.share)


def test_a_background_event_without_a_day_is_not_of_the_day_of_its_report(tmp_path):
    past = event("past", [PRK], [RUS], None, status="historical", first_reported=date(2014, 5, 1))
    assert relation(kept(tmp_path / "s", past), "PRK", "RUS").bins == ()


@pytest.mark.parametrize(
    "by, starts",
    [
        ("day", [date(2014, 1, 6), date(2014, 1, 20), date(2014, 2, 3), date(2014, 2, 4)]),
        ("week", [date(2014, 1, 6), date(2014, 1, 20), date(2014, 2, 3)]),
        ("month", [date(2014, 1, 1), date(2014, 2, 1)]),
    ],
)
def test_bins_and_days_that_are_asked_for(store, by, starts):
    found = relation(store, "PRK", "RUS", by=by, since=date(2014, 1, 6), until=date(2014, 2, 4))
    assert [b.start for b in found.bins] == starts and sum(b.events for b in found.bins) == 4


@pytest.mark.parametrize(
    "actor, found",
    [
        ("PRK", "2010-05 2014-01 2014-02 2014-04"),
        ("PRK GOV", "2010-05 2014-01 2014-02 2014-04"),
        ("PRK-GOV", "2010-05 2014-01 2014-02 2014-04"),
        ("PRK MIL", "2014-02"),
        ("PRK EXE GOV", "2014-02"),
        ("person:kim-jong-un", "2014-02"),
        ("PRK COP", ""),
        ("person:nobody", ""),
    ],
)
def test_an_actor_is_a_country_its_sectors_or_an_id(store, actor, found):
    bins = relation(store, actor, "RUS").bins
    assert [f"{b.start:%Y-%m}" for b in bins] == found.split()
    february = {"PRK": 2, "PRK GOV": 2}.get(actor, 1)
    assert [b.events for b in bins if b.start == date(2014, 2, 1)] == [february] * ("2014-02" in found)


def test_what_names_no_actor_is_refused(store):
    for words in ("Kim Jong Un", "", "prk gov"):
        with pytest.raises(ValueError, match="is no country"):
            relation(store, words, "RUS")
    with pytest.raises(ValueError, match="'year' is no bin"):
        relation(store, "PRK", "RUS", by="year")


def test_notable_events_are_strong_and_widely_told(store):
    found = relation(store, "PRK", "RUS", since=date(2014, 1, 1)).notable
    assert [one.event_id for one in found] == ["e1", "e4", "e3", "e2"]
    weights = [abs(one.goldstein) * math.log(1 + one.publishers) for one in found]
    assert weights == sorted(weights, reverse=True)
    assert [one.direction for one in found] == ["forth", "forth", "both", "back"]


def test_third_parties_act_with_either_in_the_same_bins(store):
    (china,) = relation(store, "PRK", "RUS").third_parties  # the United States act in March, when the two do nothing
    assert (china.country, china.acts, china.on_other, china.of_one, china.on_one, china.of_other) == (
        "CHN", 2, 1, 1, 0, 0,
    )  # fmt: skip
    assert china.mean == 2.0
    assert relation(store, "PRK", "RUS", by="day").third_parties == ()


def test_who_opens_exchanges(tmp_path):
    days = [date(2014, 1, 1), date(2014, 1, 3), date(2014, 2, 1), date(2014, 3, 1), date(2014, 3, 1), date(2014, 3, 8)]
    sources = [PRK, RUS, RUS, PRK, RUS, PRK]
    told = [
        event(f"e{n}", [one], [RUS if one is PRK else PRK], day)
        for n, (one, day) in enumerate(zip(sources, days, strict=True))
    ]
    answers = relation(kept(tmp_path / "s", *told), "PRK", "RUS").reciprocity
    assert answers.opened == (1, 1, 1) and answers.share == 0.5 and answers.correlation is None


@pytest.mark.parametrize("sign", [1, -1])
def test_answers_in_kind_correlate(tmp_path, sign):
    told = []
    for month, intensity in enumerate((1.0, 4.0, -3.0, 2.0), start=1):
        told += [event(f"f{month}", [PRK], [RUS], date(2014, month, 1), intensity),
                 event(f"b{month}", [RUS], [PRK], date(2014, month, 9), sign * intensity)]  # fmt: skip
    assert relation(kept(tmp_path / "s", *told), "PRK", "RUS").reciprocity.correlation == pytest.approx(sign)


def test_a_relation_with_itself(store):
    found = relation(store, "PRK", "PRK")
    assert [(b.events, b.both) for b in found.bins] == [(1, 1)] and found.reciprocity.share is None


def test_an_empty_store_has_no_relations(tmp_path):
    found = relation(Store(tmp_path / "none"), "PRK", "RUS")
    assert found.bins == found.notable == found.third_parties == () and found.reciprocity.opened == (0, 0, 0)
    assert counterparts(Store(tmp_path / "none"), "PRK") == ()


def test_counterparts(store):
    found = {one.country: one for one in counterparts(store, "PRK", since=date(2014, 1, 1))}
    assert {country: one.events for country, one in found.items()} == {"RUS": 5, "CHN": 1, "USA": 1, "PRK": 1}
    russia = found["RUS"]
    assert (russia.forth, russia.back, russia.both, russia.first, russia.last) == (
        2, 2, 1, date(2014, 1, 6), date(2014, 4, 1),
    )  # fmt: skip
    assert next(iter(found)) == "RUS"


@given(st.lists(st.tuples(st.sampled_from([PRK, KIM, RUS, CHN]), st.sampled_from([PRK, RUS, CHN, None]),
                          st.dates(date(2013, 12, 1), date(2014, 3, 1)), st.sampled_from(["actual", "future"]),
                          st.none() | st.integers(-100, 100).map(lambda n: n / 10)), max_size=12))  # fmt: skip
@settings(max_examples=25, deadline=None, derandomize=True)
def test_bins_hold_what_a_count_by_hand_finds(tmp_path_factory, told):
    events = [
        event(f"e{n}", [source], [target] if target else [], day, goldstein, status=status)
        for n, (source, target, day, status, goldstein) in enumerate(told)
    ]
    store = kept(tmp_path_factory.mktemp("r") / "s", *events)
    of_two = [
        (e.start, e.goldstein) for e in events
        if e.status == "actual" and {p.country for p in e.sources + e.targets} == {"PRK", "RUS"}
    ]  # fmt: skip
    for by in relations.BINS:
        bins = relation(store, "PRK", "RUS", by=by).bins
        assert sum(b.events for b in bins) == len(of_two)
        assert sum(b.total or 0 for b in bins) == pytest.approx(sum(g or 0 for _, g in of_two))
        assert [b.start for b in bins] == sorted({_first(day, by) for day, _ in of_two})
        assert all(b.forth + b.back + b.both == b.events for b in bins)


def _first(day, by):
    return {"day": day, "week": day - timedelta(day.weekday()), "month": day.replace(day=1)}[by]


# Level and changepoints. ------------------------------------------------------------------------------------------


def test_an_event_of_a_half_life_ago_weighs_half():
    assert levels([1, 4], [10.0, 0.0], [1, 1], half_life=3) == [10.0, pytest.approx(10 * 0.5 / 1.5)]
    assert levels([1, 2], [0.0, 4.0], [0, 2], half_life=3) == [None, 2.0]
    assert levels([1, 1_000_000], [8.0, 2.0], [2, 1], half_life=3) == [4.0, pytest.approx(2.0)]
    assert levels([], [], [], half_life=3) == []


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(-100, 100)), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_level_lies_between_what_it_smooths(steps):
    numbers = np.cumsum([gap for gap, _ in steps]).tolist()
    values = [value / 10 for _, value in steps]
    for end, level in enumerate(levels(numbers, values, [1] * len(values), 4), start=1):
        assert min(values[:end]) - 1e-9 <= level <= max(values[:end]) + 1e-9


def test_changes_of_the_mean_are_found_and_noise_is_none():
    noise = np.random.default_rng(7).normal(0, 0.5, 90)
    steps = np.repeat([1.0, -4.0, 3.0], 30)
    assert changepoints((steps + noise).tolist()) == [30, 60]
    assert changepoints(noise.tolist()) == []
    assert changepoints([2.0] * 40) == []
    noise[40] += 9
    assert np.diff(changepoints(noise.tolist())).min() >= relations.SHORTEST_SEGMENT
    assert changepoints([]) == changepoints([5.0, -5.0]) == []


@given(st.lists(st.integers(-20, 20).map(lambda n: n / 2), min_size=6, max_size=9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_segments_cost_least_of_all(values):
    def cost(cuts):
        parts = np.split(np.array(values), cuts)
        return sum(((part - part.mean()) ** 2).sum() for part in parts) + penalty * len(cuts)

    noise = max(float(np.median(np.abs(np.diff(values)))) / (0.6745 * 2**0.5), 0.1)
    penalty = 2 * noise**2 * math.log(len(values))
    n, least = len(values), relations.SHORTEST_SEGMENT
    every = [[]] + [[a] for a in range(least, n - least + 1)]
    every += [[a, b] for a in range(least, n) for b in range(a + least, n - least + 1)]
    assert cost(changepoints(values)) == pytest.approx(min(map(cost, every)))


def test_a_changepoint_is_marked_in_its_bin(tmp_path):
    told = [
        event(f"e{n}", [PRK], [RUS], date(2012 + n // 12, n % 12 + 1, 5), 6.0 if n < 14 else -6.0 + n % 2)
        for n in range(28)
    ]
    bins = relation(kept(tmp_path / "s", *told), "PRK", "RUS").bins
    assert [b.start for b in bins if b.changepoint] == [date(2013, 3, 1)]
    assert bins[13].level == pytest.approx(6.0) and -6 < bins[16].level < 6
