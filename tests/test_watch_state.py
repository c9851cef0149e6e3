"""The TOML file of sources, and the state of a watcher: what is taken up, what is old, what waits and for how long."""

import re
import sqlite3
from contextlib import closing
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from legation.watch import Plan, SourcesError, State, StateError, read_plan
from legation.watch.listing import Link
from legation.watch.sources import Source
from legation.watch.state import Page
from legation.watch.watcher import Clock

HEAD = 'agent = "example-desk"\ncontact = "desk@news.example"\n'
FEED, OTHER = "https://news.example/feed.xml", "https://other.example/sitemap.xml"
NOW = datetime(2024, 5, 14, 12, tzinfo=UTC).timestamp()


# The plan ---------------------------------------------------------------------------------------------------------


def test_a_plan(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text(
        HEAD + f'[[source]]\nurl = "{FEED}"\n[[source]]\nurl = "http://10.0.0.5:8080/a"\nname = "Intranet"\n'
        "minutes = 60\ndays = 30\nallow_private = true\n"
    )
    plan = read_plan(str(path))
    assert (plan.agent, plan.contact) == ("example-desk", "desk@news.example")
    assert plan.sources[FEED] == Source(FEED, None, 15, 7, False) and plan.sources[FEED].private == frozenset()
    inside = plan.sources["http://10.0.0.5:8080/a"]
    assert (inside.name, inside.minutes, inside.days, inside.private) == ("Intranet", 60, 30, {"10.0.0.5"})


def test_the_plan_of_the_documentation(tmp_path):
    told = (Path(__file__).parent.parent / "docs" / "watch.md").read_text(encoding="utf-8")
    (tmp_path / "sources.toml").write_text(re.search(r"```toml\n(.*?)```", told, re.DOTALL)[1], encoding="utf-8")
    plan = read_plan(str(tmp_path / "sources.toml"))
    assert [source.allow_private for source in plan.sources.values()] == [False, False, True]
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [field.name for field in fields(Source)]


SOURCE = f'[[source]]\nurl = "{FEED}"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "agent must be a name"), ("agent = 'x y'", "agent must be a name"), ("= 1", "is not TOML"),
        ('agent = "x"', "contact must be"), ('agent = "x"\ncontact = "me"', "contact must be"),
        ('agent = "x"\ncontact = "a@b (c)"', "contact must be"), (HEAD, "no source"),
        (HEAD + "source = 1", "no source"),
        (HEAD + "source = [1]", "source 1 must be a table"), (HEAD + "[[source]]\nname = 'a'", "source 1 has no url"),
        (HEAD + "[[source]]\nurl = 'ftp://a/'", "source 1: 'ftp://a/': cannot be fetched: unknown url type"),
        (HEAD + SOURCE + SOURCE, "source 2: https://news.example/feed.xml is named twice"),
        (HEAD + SOURCE + "minutes = 0", "minutes must be from 1 to 1440, not 0"),
        (HEAD + SOURCE + "minutes = true", "minutes must be a whole number, not True"),
        (HEAD + SOURCE + "allow_private = 'yes'", "allow_private must be true or false"),
        (HEAD + SOURCE + "every = 5", "source 1 has the unknown key 'every'; the known ones are url, name"),
        (HEAD + "speed = 1\n" + SOURCE, "the file has the unknown key 'speed'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_plan_is_told(tmp_path, text, told):
    path = tmp_path / "sources.toml"
    path.write_text(text)
    with pytest.raises(SourcesError) as caught:
        read_plan(str(path))
    assert str(caught.value).startswith(str(path)) and told in str(caught.value)


def test_plans_that_cannot_be_read(tmp_path):
    with pytest.raises(SourcesError, match="cannot be read: No such file"):
        read_plan(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b'agent = "\xe9"')
    with pytest.raises(SourcesError, match="is not UTF-8"):
        read_plan(str(tmp_path / "latin.toml"))


# The state --------------------------------------------------------------------------------------------------------


def plan(*urls, **options):
    return Plan("example-desk", "desk@news.example", {url: Source(url, **options) for url in urls})


@pytest.fixture
def state(tmp_path):
    with closing(State(tmp_path)) as state:
        state.follow(plan(FEED, OTHER), NOW)
        yield state


def polls(state, now=NOW):
    return {poll.address: poll for poll in state.due_polls(now)}


def take(state, links, address=FEED, sitemap=False, now=NOW, days=7):
    poll = polls(state, now + 10**6)[address]
    with state.turn():
        complete = state.listed(poll, links, Source(poll.source, days=days), sitemap, now)
        state.unchanged(poll, now, 900.0)
    return complete


def waiting(state, now=NOW):
    return sorted(link.url for link in state.due_links(now))


def page(text=b"x"):
    return Page(text, "text/html", None, "https://news.example/1", NOW)


def test_links_of_a_feed_are_taken_once_whatever_their_age(state):
    old = Link("https://a.example/1", "One", date(2001, 1, 1), datetime(2001, 1, 1, tzinfo=UTC))
    take(state, [old, Link("https://b.example/2"), old])
    assert waiting(state) == ["https://a.example/1", "https://b.example/2"]
    with state.turn():
        state.spool("https://a.example/1", page())
        state.coded(state.spooled()[1])
    take(state, [old, Link("https://b.example/2")])
    assert waiting(state) == ["https://b.example/2"] and state.spooled() == (0, 0)


def test_a_host_is_asked_for_one_page_at_a_time(state):
    take(state, [Link(f"https://a.example/{n}") for n in range(5)] + [Link("http://b.example:8080/")])
    assert [(link.host, link.source) for link in state.due_links(NOW)] == [
        ("a.example", FEED),
        ("b.example:8080", FEED),
    ]


def test_of_a_sitemap_what_is_old_is_not_fetched(state):
    recent, old = (datetime.fromtimestamp(NOW, UTC) - timedelta(days=d) for d in (6, 8))
    links = [Link("https://a.example/new", modified=recent), Link("https://b.example/old", modified=old)]
    take(state, [*links, Link("https://c.example/undated")], OTHER, sitemap=True)
    assert waiting(state) == ["https://a.example/new"]
    take(state, [*links, Link("https://c.example/undated"), Link("https://d.example/later")], OTHER, sitemap=True)
    assert waiting(state) == ["https://a.example/new", "https://d.example/later"]


def test_a_sitemap_that_an_index_lists_later_holds_news(state):
    index = polls(state)[OTHER]
    with state.turn():
        state.sitemaps(index, ["https://other.example/may.xml"], NOW)
        state.unchanged(index, NOW, 60.0)
    take(state, [Link("https://a.example/1")], "https://other.example/may.xml", sitemap=True)
    assert waiting(state) == []
    index = polls(state, NOW + 60)[OTHER]
    with state.turn():
        state.sitemaps(index, ["https://other.example/june.xml", "nonsense"], NOW)
    assert set(polls(state, NOW + 60)) == {FEED, OTHER, "https://other.example/june.xml", "nonsense"}
    take(state, [Link("https://a.example/2")], "https://other.example/june.xml", sitemap=True)
    assert waiting(state) == ["https://a.example/2"]


def test_items_without_a_link_are_told_once(state):
    for _ in range(2):
        take(state, [Link(None, "Talks"), Link(None, "Talks"), Link("mailto:a@b.example")])
    (told,) = state.pages(9)
    assert (told.url, told.reason) == (f"{FEED} (Talks)", "an item without a link to a page")
    assert waiting(state) == ["mailto:a@b.example"]  # whoever fetches it is told what is wrong


def test_no_source_may_fill_the_disk_with_links(state, monkeypatch):
    monkeypatch.setattr("legation.watch.state._WAITING_MOST", 3)
    assert not take(state, [Link(f"https://a.example/{n}") for n in range(5)])
    with state.turn():
        for n in range(3):
            state.spool(f"https://a.example/{n}", "gone")
    assert take(state, [Link(f"https://a.example/{n}") for n in range(5)])
    assert state.due_links(NOW)[0].url == "https://a.example/3"


def test_what_no_listing_names_any_more_is_forgotten(state):
    take(state, [Link("https://a.example/1"), Link("https://a.example/2")])
    with state.turn():
        for n in (1, 2):
            state.spool(f"https://a.example/{n}", page())
        state.coded(9)
    take(state, [Link("https://a.example/2")], now=NOW + 40 * 86_400)
    assert take(state, [Link("https://a.example/1"), Link("https://a.example/2")], now=NOW + 41 * 86_400)
    assert waiting(state, NOW + 41 * 86_400) == ["https://a.example/1"]


def test_a_source_that_is_given_up_takes_its_waiting_links_along(state):
    take(state, [Link("https://a.example/1"), Link("https://b.example/2")])
    with state.turn():
        state.spool("https://a.example/1", page())
        state.validators(polls(state)[OTHER], '"tag"', None, None, 0)
    state.follow(plan(OTHER, name="Other"), NOW)
    assert (set(polls(state)), waiting(state), state.spooled()[0]) == ({OTHER}, [], 1)
    assert polls(state)[OTHER].etag is None  # it is asked for its whole listing, which may name the links given up
    assert [source["name"] for source in state.sources()] == ["Other"]


def test_a_page_that_ends_its_reader_twice_is_given_up(state):
    take(state, [Link("https://a.example/1", "One", date(2024, 5, 14))])
    with state.turn():
        state.spool("https://a.example/1", page())
        state.spoiled(1, "its process died")
    (told,) = state.pages(1)
    assert (told.body, told.reason, told.title, told.published) == (b"x", None, "One", "2024-05-14")
    with state.turn():
        state.spoiled(1, "its process died")
    (told,) = state.pages(1)
    assert (told.body, told.reason) == (None, "its process died")


def test_a_turn_is_kept_wholly_or_not_at_all(state):
    take(state, [Link("https://a.example/1")])
    with pytest.raises(KeyError), state.turn():
        state.spool("https://a.example/1", page())
        raise KeyError
    assert state.spooled() == (0, 0) and waiting(state) == ["https://a.example/1"]


# Clocks -----------------------------------------------------------------------------------------------------------


def test_a_clock_that_is_put_back_stops_no_polling(tmp_path):
    with closing(State(tmp_path)) as state:
        state.follow(plan(FEED), NOW + 10**8)
        take(state, [Link("https://a.example/1")], now=NOW + 10**8)
        assert polls(state, NOW + 10**8 + 899) == {}
    with closing(State(tmp_path)) as state:
        state.follow(plan(FEED), NOW)
        assert set(polls(state, NOW + 900)) == {FEED} and waiting(state, NOW) == ["https://a.example/1"]
        assert state.sources()[0]["last_success"] == NOW


def test_the_watcher_s_clock_goes_on_where_the_system_s_is_put_back():
    wall, passed = [1000.0], [0.0]
    clock = Clock(lambda: wall[0], lambda: passed[0])
    told = []
    for wall[0], passed[0] in ((1010.0, 10.0), (500.0, 20.0), (510.0, 30.0), (5000.0, 31.0), (0.0, 32.0)):
        told.append(clock())
    assert told == [1010.0, 1020.0, 1030.0, 5000.0, 5001.0]


# Files ------------------------------------------------------------------------------------------------------------


def test_a_damaged_state_is_told(tmp_path):
    (tmp_path / "state.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StateError, match=r"is damaged .*; remove it, and the watcher begins anew"):
        State(tmp_path)


def test_a_state_of_another_version_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StateError, match="is of version 99, not 1"):
        State(tmp_path)


def test_a_state_whose_making_was_cut_off_is_made_again(tmp_path):
    (tmp_path / "state.sqlite").touch()
    with closing(State(tmp_path)) as state:
        assert state.sources() == []
