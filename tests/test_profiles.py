"""Actors: who they are, under which names they are told, with whom they act and when."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_relations import ARMY, CHN, KIM, RUS, event, kept
from test_store import actor, mention, report

from legation.profiles import Alias, Month, actors, profile
from legation.schema import Party
from legation.store import Store

CROWD = Party("protesters", "PRK", ("CVL",), None)


RUSSIA = actor("Russian officials", "RUS", "GOV", name="Russia", actor_id="RUS-GOV")


def kim(name):
    return actor("North Korean envoy", "PRK", "GOV", "EXE", name=name, actor_id="person:kim-jong-un")


@pytest.fixture
def store(tmp_path):
    store = kept(
        tmp_path / "s",
        event("e1", [KIM], [RUS], date(2014, 1, 6), 4.0),
        event("e2", [RUS], [KIM], date(2014, 1, 20), -2.0),
        event("e3", [KIM, RUS], [], date(2014, 2, 3), 1.0),
        event("e4", [KIM], [CHN], date(2014, 2, 4), None),
        event("e5", [KIM], [CHN], date(2014, 2, 5), status="future"),
        event("e6", [ARMY], [], date(2014, 3, 1), -3.0),
        event("a1", [CROWD], [ARMY], date(2013, 3, 1), -3.0, origin="icews"),
    )
    store.write("a", [report()], [
        mention("m1", sources=(kim("Kim Jong Un"),), targets=()),
        mention("m2", sources=(kim("Kim Jong Un"),), targets=()),
        mention("m3", sources=(), targets=(kim("Kim Jong-un"),)),
        mention("m4", sources=(RUSSIA,), targets=()),
    ])  # fmt: skip
    return store


def test_actors_by_how_often_they_are_told(store):
    found = actors(store)
    assert [(one.actor, one.name, one.told) for one in found] == [
        ("person:kim-jong-un", "Kim Jong Un", 3),
        ("PRK-MIL", "Korean People's Army", 1),
        ("RUS-GOV", "Russia", 1),
        ("protesters", "protesters", 1),
    ]
    assert (found[0].country, found[0].sectors, found[0].actor_id) == ("PRK", ("GOV", "EXE"), "person:kim-jong-un")
    assert found[3].actor_id is None


@pytest.mark.parametrize(
    "words, found",
    [
        ("PRK", "person:kim-jong-un PRK-MIL protesters"),
        ("PRK GOV", "person:kim-jong-un"),
        ("kim", "person:kim-jong-un"),
        ("jong-UN", "person:kim-jong-un"),
        ("RUS-GOV", "RUS-GOV"),
        ("ki", ""),
    ],
)
def test_actors_that_words_stand_for(store, words, found):
    assert [one.actor for one in actors(store, words)] == found.split()


def test_a_profile(store):
    found = profile(store, "person:kim-jong-un")
    assert found.known == actors(store, "kim")[0]
    assert found.aliases == (Alias("Kim Jong Un", 2), Alias("Kim Jong-un", 1))
    assert [(p.actor, p.name, p.events, p.on, p.of, p.mean) for p in found.partners] == [
        ("RUS-GOV", "Russia", 3, 2, 2, 1.0),
        ("CHN-GOV", "China", 1, 1, 0, None),
    ]
    assert found.months == (Month(date(2014, 1, 1), 2, (1, 0, 0, 1)), Month(date(2014, 2, 1), 2, (1, 0, 0, 0)))


@pytest.mark.parametrize("words, events", [("PRK", 6), ("PRK MIL", 2), ("PRK-MIL", 2), ("protesters", 1)])
def test_the_profile_of_a_country_of_its_sectors_and_of_the_nameless(store, words, events):
    found = profile(store, words)
    assert sum(month.events for month in found.months) == events
    assert found.known.name == {"PRK": "North Korea", "PRK MIL": "North Korea", "protesters": "protesters"}.get(
        words, "Korean People's Army"
    )


def test_nobody(store, tmp_path):
    assert profile(store, "person:nobody") is None and profile(store, "FJI") is None
    assert actors(Store(tmp_path / "none")) == () and profile(Store(tmp_path / "none"), "PRK") is None


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9) | st.sampled_from(["kim", "UN", "PRK"])
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_words_can_be_asked_for(tmp_path_factory, words):
    place = tmp_path_factory.getbasetemp() / "profiles"
    if not place.exists():
        kept(place, event("e1", [KIM], [], date(2014, 1, 1), origin="icews"))
    found = actors(Store(place), words)
    assert len(found) == (words.lower() in ("kim", "un", "kim jong un") or words in ("PRK", "PRK GOV"))
    known = profile(Store(place), words)
    assert (known is not None) == (words in ("PRK", "PRK GOV", "person:kim-jong-un"))
