"""The desk's JSON: lists that pass filters and pages, figures that add up, what is told of one thing, and the index."""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from test_agenda import told
from test_relations import ARMY, CHN, KIM, PRK, RUS, USA, event
from test_store import SENTENCE, mention, report

from legation import agenda, ledger, relations
from legation.desk.app import make
from legation.desk.index import Index
from legation.desk.live import _changes
from legation.desk.search import matching, matching_reports
from legation.schema import DEEDS, EVENTS, STATUSES, Place, Report, Span, Telling
from legation.store import Store, to_row
from legation.tables import rows

DAY = date(2014, 11, 17)
MOSCOW = Place("Moscow", "RUS", "Moscow", 55.75, 37.6, "geonames:524901")
SEA = Place("Yellow Sea", None, None, 35.0, 124.0, None)
NOWHERE = Place("Fort Null", "PRK", None, None, None, None)
FACES = "😀🏳️ "
LONG = "word " * 500 + SENTENCE


def telling(number, status="actual", day=DAY, claimants=()):
    return Telling(f"m{number}", f"r{number}", f"Paper {number}", day, None, status, day, day, claimants)


EVENTS_TOLD = [
    told("em1", telling(1), telling(2), day=DAY, where=MOSCOW, publishers=2, reports=2, confidence=0.83),
    told("em3", telling(3, "future", DAY - timedelta(9)), telling(4), day=DAY + timedelta(7), sources=[PRK, RUS],
         targets=[], where=SEA, quad=1, status="future"),
    told("em5", telling(5, "negated", claimants=(PRK,)), telling(6, claimants=(USA,)), sources=[USA], targets=[PRK],
         day=DAY, deed="ACCUSE", quad=3, goldstein=-2.0, claimants=(PRK, USA), where=NOWHERE, confidence=0.5),
]  # fmt: skip
EVENTS_ARCHIVED = [
    event(f"a{number:02}", [source], [target], day, goldstein, origin="archive", deed=deed, status=status,
          confidence=None if number % 3 else 0.7, reports=number % 4, first_reported=day)
    for number, (source, target, day, goldstein, deed, status) in enumerate(
        [(KIM, RUS, DAY, 2.0, "CONSULT", "actual"), (ARMY, USA, DAY, -9.0, "ASSAULT", "actual"),
         (CHN, USA, DAY - timedelta(40), 5.0, "AID", "actual"), (USA, CHN, None, -3.0, "SANCTION", "historical"),
         (RUS, PRK, DAY - timedelta(400), None, "REJECT", "negated"), (PRK, PRK, DAY, -1.0, "COERCE", "hypothetical"),
         (CHN, PRK, DAY, 1.0, "CONSULT", "actual")]
    )
]  # fmt: skip


def made(path):
    """A store of six reports, two of which hold more than the sentence, and ten events, seven of them imported."""
    store = Store(path)
    texts = {3: FACES + SENTENCE, 4: LONG, 6: f"By SOMEONE\n\n{SENTENCE}\n\nShare this on Facebook"}
    reports = [
        report(f"r{n}", text=texts.get(n, SENTENCE), publisher=f"Paper {n}", title=f"Envoy number {n}", published=DAY)
        for n in range(1, 7)
    ]
    store.write("p1", reports, [_moved(mention(f"m{n}", f"r{n}"), texts.get(n, SENTENCE)) for n in range(1, 7)])
    for shard, told_of in (("2014-11", EVENTS_TOLD), ("archive", EVENTS_ARCHIVED)):
        store.write_events({shard: {"events": table(told_of)}}, ["p1"])
    return store


def table(told_of):
    return pa.Table.from_pylist([to_row(one) for one in told_of], schema=EVENTS)


def _moved(one, text):
    """The mention where its sentence stands in a text."""
    at = text.index(SENTENCE)
    move = lambda told: replace(told, start=told.start + at, end=told.end + at)  # noqa: E731
    return replace(
        one, sentence=move(one.sentence), trigger=move(one.trigger), sources=tuple(map(move, one.sources)),
        targets=tuple(map(move, one.targets)), claimants=tuple(map(move, one.claimants)),
        when=replace(one.when, span=move(one.when.span)), where=replace(one.where, span=move(one.where.span)),
    )  # fmt: skip


def client_of(store):
    app = make(store, clock=lambda: datetime(2014, 12, 1, tzinfo=UTC))
    app.state.desk.index.update()
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return made(tmp_path_factory.mktemp("desk") / "news")


@pytest.fixture(scope="module")
def client(store):
    with client_of(store) as client:
        yield client


@pytest.fixture
def get(client):
    def get(path, status=200):
        answer = client.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()

    return get


def ids(answer):
    return [row["event_id"] for row in answer["events"]]


# Lists of events. -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, found",
    [
        ("deed=ASSAULT", {"a01"}),
        ("deed=ASSAULT&deed=AID", {"a01", "a02"}),
        ("quad=3", {"em5"}),
        ("quad=3&quad=4&status=actual", {"em5", "a01"}),
        ("status=negated&status=historical", {"a03", "a04"}),
        ("place=RUS", {"em1"}),
        ("place=moscow", {"em1"}),
        ("place=geonames:524901", {"em1"}),
        ("place=yellow%20sea", {"em3"}),
        ("place=yell", set()),
        ("confidence=0.83", {"em1", "em3"}),
        ("publisher=Paper%202", {"em1"}),
        ("publisher=Paper", set()),
        ("q=envoy+moscow", {"em1", "em3", "em5"}),
        ("q=facebook", {"em5"}),
        ("q=%22number+4%22", {"em3"}),
        ("q=facebook&actor=RUS", set()),
        ("actor=PRK+GOV&dyad=USA,PRK", {"em5"}),
        ("dyad=PRK,RUS&since=2014-11-18", {"em3"}),
    ],
)
def test_a_filter_leaves_what_it_says(get, query, found):
    assert set(ids(get(f"/api/events?{query}"))) == found


ACTORS = st.sampled_from(
    ["PRK", "RUS", "USA GOV", "PRK MIL", "CHN-GOV", "person:kim-jong-un", "Kim", "korea", "nobody"]
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "actor": ACTORS,
        "dyad": st.tuples(ACTORS, ACTORS),
        "deed": st.sampled_from(DEEDS),
        "status": st.sampled_from(STATUSES),
        "since": st.dates(DAY - timedelta(50), DAY + timedelta(10)),
        "until": st.dates(DAY - timedelta(50), DAY + timedelta(10)),
    },
)


@settings(max_examples=12, deadline=None)
@given(FILTERS)
def test_the_filters_are_those_of_the_store(store, client, filters):
    wanted = store.events(**filters)["event_id"].to_pylist()
    asked = {name: ",".join(value) if name == "dyad" else str(value) for name, value in filters.items()}
    answer = client.get("/api/events", params=asked).json()
    assert ids(answer) == wanted and answer["total"] == len(wanted)


@pytest.mark.parametrize("sort", ["day", "reports", "confidence"])
@pytest.mark.parametrize("limit", [1, 3, 10])
def test_pages_hold_every_event_once(get, sort, limit):
    pages, after = [], ""
    while after is not None:
        page = get(f"/api/events?sort={sort}&limit={limit}" + (f"&after={after}" if after else ""))
        assert page["total"] == 10 and len(page["events"]) <= limit
        pages += page["events"]
        after = page["next"]
    assert len({row["event_id"] for row in pages}) == len(pages) == 10
    values = [row[sort] for row in pages]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=True) and values[: len(known)] == known


def test_a_row_shows_the_sentence_and_marks_its_words(get):
    rows = {row["event_id"]: row for row in get("/api/events")["events"]}
    quote = rows["em1"]["quote"]
    assert (quote["report_id"], quote["publisher"], quote["text"]) == ("r1", "Paper 1", SENTENCE)
    assert quote["text"][slice(*quote["trigger"])] == "met"
    marked = {(mark["role"], quote["text"][mark["start"] : mark["end"]]) for mark in quote["spans"]}
    assert marked == {("source", "Ri Sang Ho"), ("target", "Russian officials"), ("claimant", "Tass"),
                      ("time", "on Tuesday"), ("place", "Moscow")}  # fmt: skip
    emoji = rows["em3"]["quote"]
    assert emoji["text"][slice(*emoji["trigger"])] == "met"
    assert rows["a00"]["quote"] is None and rows["a00"]["origin"] == "archive"
    assert rows["em5"]["confidence"] == 0.5 and rows["em5"]["disagreements"] == [] and not rows["em5"]["corrected"]


def test_of_a_very_long_sentence_a_row_shows_what_is_around_the_trigger(tmp_path):
    words = "x " * 4000 + "met" + " y" * 4000
    at = words.index("met")
    long = mention("m1", "r1", sentence=Span(0, len(words), words), trigger=Span(at, at + 3, "met"), sources=(),
                   targets=(), claimants=(), when=None, where=None)  # fmt: skip
    store = Store(tmp_path / "s")
    store.write("p", [report(text=words)], [long])
    store.write_events({"s": {"events": table([told("em1", telling(1), day=DAY)])}})
    with client_of(store) as client:
        quote = client.get("/api/events").json()["events"][0]["quote"]
    assert len(quote["text"]) == 1000 and quote["text"][slice(*quote["trigger"])] == "met"


@pytest.mark.parametrize(
    "query, sentence",
    [
        ("actors=PRK", "there is no parameter 'actors' here; there is actor, dyad,"),
        ("since=2014-02-30", "since='2014-02-30' cannot be read: give a day as YYYY-MM-DD"),
        ("deed=MURDER", "deed='MURDER' cannot be read: give one of AGREE, CONSULT,"),
        ("quad=5", "quad='5' cannot be read: give a whole number from 1 to 4"),
        ("quad=²", "quad='²' cannot be read"),
        ("limit=501", "limit='501' cannot be read: give a whole number from 1 to 500"),
        ("confidence=nan", "confidence='nan' cannot be read: give a number from 0 to 1"),
        ("dyad=PRK", "dyad='PRK' cannot be read: give two actors with a comma between them"),
        ("actor=", "actor='' cannot be read: give 1 to 500 characters"),
        ("actor=PRK&actor=RUS", "actor is given 2 times: give it once"),
        ("after=xyz", "after is not the `next` of a page of this list"),
        ("after=WyJyZXBvcnRzIiwgIjEiLCAiZSJd", "after is not the `next` of a page of this list"),
        ("actor=a%00b", "actor='a\\x00b' cannot be read"),
    ],
)
def test_a_wrong_parameter_is_refused_with_a_sentence(get, query, sentence):
    assert get(f"/api/events?{query}", 400)["error"].startswith(sentence)


def test_what_is_not_there_is_told(get, client):
    assert get("/api/events/e404", 404)["error"].startswith("the store has no event 'e404'")
    assert get("/api/reports/r404", 404)["error"].startswith("the store has no report 'r404'")
    assert get("/api/actor?id=nobody", 404)["error"].startswith("the store knows no actor 'nobody'")
    assert get("/api/nothing", 404)["error"] == "there is no /api/nothing here: /api lists what there is"
    answer = client.post("/api/events", json={})
    assert answer.status_code == 405 and answer.json()["error"].startswith("/api/events takes no POST")


# Figures. ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "actor=PRK", "status=actual&quad=1", "actor=nobody"])
@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_bins_count_what_the_list_holds(get, query, by):
    total = get(f"/api/events?{query}")["total"]
    days = get(f"/api/days?by={by}&{query}")
    assert sum(sum(one["quads"]) + one["none"] for one in days["bins"]) + days["undated"] == total
    for one in days["bins"]:
        start, end = date.fromisoformat(one["start"]), date.fromisoformat(one["end"])
        assert {"day": start == end, "week": (end - start).days == 6 and start.weekday() == 0,
                "month": start.day == 1 and (end + timedelta(1)).day == 1}[by]  # fmt: skip


def test_places_count_events_and_say_what_they_leave_out(get):
    found = get("/api/places")
    assert {(one["name"], one["events"]) for one in found["places"]} == {("Moscow", 1), ("Yellow Sea", 1)}
    assert found["countries"] == {
        "PRK": {"events": 1, "quads": [0, 0, 1, 0]},
        "RUS": {"events": 1, "quads": [1, 0, 0, 0]},
    }
    assert (found["unplaced"], found["unlocated"], found["left_out"]) == (7, 1, 0)


def test_each_figure_of_the_network_is_that_of_a_filter(get):
    found = get("/api/network")
    for node in found["nodes"]:
        assert node["events"] == get(f"/api/events?actor={node['id']}")["total"], node
    links = {(link["source"], link["target"]): link for link in found["links"]}
    assert links["PRK-GOV", "RUS-GOV"]["cooperation"] == 2  # the visit, and a meeting, which goes both ways
    assert links["RUS-GOV", "PRK-GOV"] == {"source": "RUS-GOV", "target": "PRK-GOV", "events": 2, "cooperation": 1,
                                           "conflict": 0, "goldstein": 1.0}  # fmt: skip
    assert links["PRK-MIL", "USA-GOV"]["conflict"] == 1 and links["PRK-MIL", "USA-GOV"]["goldstein"] == -9.0
    few = get("/api/network?most=2")
    assert [node["id"] for node in few["nodes"]] == ["PRK-GOV", "RUS-GOV"] and few["left_out"] == len(
        found["nodes"]
    ) - 2
    assert {name for link in few["links"] for name in (link["source"], link["target"])} <= {"PRK-GOV", "RUS-GOV"}


# One event, one report. -------------------------------------------------------------------------------------------


def test_an_event_comes_with_its_mentions_and_their_reports(get, store):
    found = get("/api/events/em1")
    assert [one["mention_id"] for one in found["mentions"]] == ["m1", "m2"]
    assert found["mentions"][1]["publisher"] == "Paper 2" and found["mentions"][1]["title"] == "Envoy number 2"
    told_in_full = {name: value for name, value in found.items() if name != "mentions"}
    assert told_in_full == json.loads(json.dumps(to_row(EVENTS_TOLD[0]), default=date.isoformat))
    assert get("/api/events/a00")["mentions"] == []


def test_a_report_shows_its_text_its_mentions_and_what_was_cleaned(get):
    found = get("/api/reports/r6")
    text = found["report"]["text"]
    (one,) = found["mentions"]
    assert text[one["trigger"]["start"] : one["trigger"]["end"]] == "met" and one["event_id"] == "em5"
    cleaned = {text[part["start"] : part["end"]]: part["reason"] for part in found["cleaned"]}
    assert cleaned["Share this on Facebook"] == "share bar", cleaned
    for arc in one["why"]["arcs"]:
        assert text[arc["start"] : arc["end"]] == arc["text"]
    assert found["duplicate_of"] is None and found["report"]["published"] == "2014-11-17"


def test_why_tells_rows_of_the_tables_and_no_others(get):
    (one,) = get("/api/reports/r1")["mentions"]
    told_rows = {(row["table"], *row["row"].values()) for row in one["why"]["rows"]}
    assert all(row["row"] in rows(row["table"]) for row in one["why"]["rows"])
    assert {name for name, *_ in told_rows} == {
        "published",
        "published_cameo",
        "codebook",
        "cameo",
        "demonyms",
        "organisations",
    }
    by_table = {row["table"]: row["row"] for row in one["why"]["rows"]}
    assert by_table["cameo"]["code"] == one["cameo"] and by_table["demonyms"]["iso3"] == "RUS"
    assert by_table["organisations"]["country"] == "RUS"


def test_a_mention_marked_wrong_is_shown_in_its_report_alone(tmp_path):
    store = made(tmp_path / "s")
    store.correct("m1", "wrong", True, by="reader", at=datetime(2014, 12, 1, tzinfo=UTC))
    store.correct("m3", "status", "actual", by="reader", at=datetime(2014, 12, 1, tzinfo=UTC))
    with client_of(store) as client:
        (wrong,) = client.get("/api/reports/r1").json()["mentions"]
        (mended,) = client.get("/api/reports/r3").json()["mentions"]
    assert wrong["corrected"] == ["wrong"] and wrong["trigger"]["text"] == "met"
    assert mended["corrected"] == ["status"] and mended["status"] == "actual"


# Search. ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, query",
    [
        ("talks", '(("talks"))'),
        ("peace talks", '(("peace") AND ("talks"))'),
        ('"peace talks" -war', '(("peace talks")) NOT "war"'),
        ("envoy OR minister visit", '(("envoy" OR "minister") AND ("visit"))'),
        ("minist*", '(("minist*" *))'),
        ("NEAR(a b) AND title:x", '(("NEAR(a") AND ("b)") AND ("AND") AND ("title:x"))'),
        ('"unclosed', '(("unclosed"))'),
        ("OR", '(("OR"))'),
        ("... -- \"\"", None),
        ("-only", None),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_a_query(typed, query):
    assert matching(typed) == query


@pytest.mark.parametrize(
    "typed, found",
    [("moscow", 6), ("MOSCOW facebook", 1), ("moscow -facebook", 5), ("russ*", 6), ("russ", 0), ('"met russian"', 6),
     ('"russian met"', 0), ("facebook OR word", 2), ("number 3", 1), ("'; DROP TABLE reports", 0)],
)  # fmt: skip
def test_a_search_finds_reports(get, typed, found):
    answer = get(f"/api/reports?q={typed}")
    assert answer["total"] == len(answer["reports"]) == found


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text("\"*-:^(){}+ORANDNT '\\\0ab", max_size=30))
def test_no_text_is_an_error_of_search(client, typed):
    assert len(matching_reports(client.app.state.desk.index, typed)) <= 6


def test_a_snippet_marks_its_hits_and_pages_go_on(get):
    first = get("/api/reports?q=moscow&limit=4")
    rest = get(f"/api/reports?q=moscow&limit=4&after={first['next']}")
    assert first["order"] == "rank" and len(rest["reports"]) == 2 and rest["next"] is None
    found = [row["report_id"] for row in first["reports"] + rest["reports"]]
    assert sorted(found) == [f"r{n}" for n in range(1, 7)]
    pieces = first["reports"][0]["snippet"]
    assert {piece["text"] for piece in pieces if piece["hit"]} == {"Moscow"}
    assert "".join(piece["text"] for piece in pieces).strip("…") in SENTENCE + FACES + LONG
    newest = get("/api/reports?since=2014-11-17&until=2014-11-17&publisher=Paper%204")
    assert newest["order"] == "day" and [row["report_id"] for row in newest["reports"]] == ["r4"]
    assert newest["reports"][0]["mentions"] == 1


# What follows from events. ----------------------------------------------------------------------------------------


def as_told(value):
    return json.loads(json.dumps([asdict(one) for one in value], default=date.isoformat))


def test_the_agenda_is_that_of_the_store(get, store):
    found = get("/api/agenda")
    assert found["plans"] == as_told(agenda.plans(store)) and found["plans"]
    assert found["rates"] == as_told(agenda.hit_rates(agenda.plans(store))) and found["left_out"] == 0
    assert get("/api/agenda?fate=cancelled")["plans"] == [] and get("/api/agenda?actor=USA")["plans"] == []
    early = get("/api/agenda?asof=2014-11-10&since=2014-11-01&until=2014-11-30")
    assert [plan["fate"] for plan in early["plans"]] == ["overdue"]


def test_the_ledger_is_that_of_the_store_page_by_page(get, store):
    pages, after = [], ""
    while after is not None:
        page = get("/api/claims?limit=1" + (f"&after={after}" if after else ""))
        pages += page["claims"]
        after = page["next"]
    assert pages == as_told(ledger.claims(store)) and len(pages) == 2
    assert get("/api/claims")["total"] == 2
    assert get("/api/claims?claimant=USA&disputed=true")["claims"] == as_told(
        ledger.claims(store, claimant="USA", disputed=True)
    )
    assert get("/api/claims?actor=RUS")["claims"] == []


def test_a_relation_is_that_of_the_store_with_its_plans_and_claims(get, store):
    found = get("/api/relation?source=PRK&target=RUS&by=week")
    wanted = asdict(relations.relation(store, "PRK", "RUS", by="week"))
    assert {name: found[name] for name in wanted} == json.loads(json.dumps(wanted, default=date.isoformat))
    assert [plan["event_id"] for plan in found["agenda"]] == ["em3"] and found["claims"] == []
    assert [claim["event_id"] for claim in get("/api/relation?source=USA&target=PRK")["claims"]] == ["em5", "em5"]
    refused = get("/api/relation?source=North+Korea&target=RUS", 400)["error"]
    assert refused.startswith("'North Korea' is no country (PRK), country and sectors")


def test_actors_and_suggestions_name_who_is_in_the_store(get):
    page = get("/api/actors?limit=2")
    rest = get(f"/api/actors?limit=500&after={page['next']}")
    assert page["total"] == len(page["actors"]) + len(rest["actors"]) and rest["next"] is None
    assert get("/api/actor?id=person:kim-jong-un")["known"]["name"] == "Kim Jong Un"
    suggested = get("/api/suggest?q=kor&kind=actor")["suggestions"]
    assert [(one["value"], one["label"]) for one in suggested][:2] == [
        ("PRK-GOV", "North Korea (PRK GOV)"), ("PRK-MIL", "Korean People's Army (PRK MIL)")
    ]  # fmt: skip
    country = get("/api/suggest?q=north+k")["suggestions"][0]
    assert country["value"] == "PRK" and country["n"] == get("/api/events?actor=PRK")["total"]
    assert get("/api/suggest?q=Mos&kind=place")["suggestions"] == [
        {"value": "geonames:524901", "label": "Moscow, RUS", "kind": "place", "n": 1}
    ]
    assert len(get("/api/suggest?q=paper&kind=publisher")["suggestions"]) == 6


def test_forecasts_rest_on_the_store_or_are_refused(get):
    found = get("/api/forecast?source=PRK&target=RUS")
    assert {(one["quad"], one["days"]) for one in found["outlooks"]} >= {(1, 7), (4, 90)}
    assert found["rests_on"]["last"] == "2014-11-17" and found["rests_on"]["events"] > 0
    assert get("/api/forecast?source=ATLANTIS&target=RUS", 400)["error"].startswith("the store knows no event of")
    assert get("/api/forecast?source=PRK")["outlooks"][0]["target"] == "anyone"
    assert [one["event_id"] for one in get("/api/forecast/planned?day=2014-11-10")["planned"]] == []
    assert get("/api/forecast/scorecard") == {"closed": [], "open": 0, "score": None}


def test_an_empty_store_is_answered_with_nothing(tmp_path):
    store = Store(tmp_path / "s")
    store.write_events({})
    with client_of(store) as client:
        answer = client.get("/api/store").json()
        assert (answer["events"], answer["first_day"], answer["indexing"], answer["trouble"]) == (0, None, None, None)
        for path in ("events", "days", "reports", "places", "network", "agenda", "claims", "actors", "views",
                     "forecast/planned", "suggest?q=a", "relation?source=PRK&target=RUS", "corrections"):  # fmt: skip
            assert client.get(f"/api/{path}").status_code == 200, path
        assert client.get("/api/forecast?source=PRK&target=RUS").status_code == 400


# Saved views. -----------------------------------------------------------------------------------------------------


def test_a_view_is_saved_replaced_and_deleted(tmp_path):
    with client_of(made(tmp_path / "s")) as client:
        saved = client.put("/api/views/Kim%20%26%20Co%2F1", json={"url": "/?actor=PRK"})
        assert saved.json() == {"name": "Kim & Co/1", "url": "/?actor=PRK", "saved": "2014-12-01T00:00:00+00:00"}
        client.put("/api/views/Kim%20%26%20Co%2F1", json={"url": "/map"})
        assert [view["url"] for view in client.get("/api/views").json()["views"]] == ["/map"]
        assert client.delete("/api/views/Kim%20%26%20Co%2F1").status_code == 204
        assert client.delete("/api/views/Kim%20%26%20Co%2F1").status_code == 404
        assert client.get("/api/views").json() == {"views": []}


@pytest.mark.parametrize(
    "body, sentence",
    [
        ({"url": "https://elsewhere.example/"}, "url must be an address of this desk"),
        ({"url": "//elsewhere.example/"}, "url must be an address of this desk"),
        ({"url": "javascript:alert(1)"}, "url must be an address of this desk"),
        ({"url": 1}, "the body, url must be a text"),
        ({}, "the body lacks the field 'url'"),
        ({"url": "/", "more": 1}, "the body has no field 'more'; it has url"),
        ([], "the body must be an object"),
    ],
)
def test_a_wrong_view_is_refused(client, body, sentence):
    answer = client.put("/api/views/x", json=body)
    assert answer.status_code == 400 and answer.json()["error"].startswith(sentence)


# The index. -------------------------------------------------------------------------------------------------------


def test_an_answer_is_sent_again_only_when_the_store_has_changed(tmp_path):
    store = made(tmp_path / "s")
    with client_of(store) as client:
        first = client.get("/api/events?actor=PRK")
        tag = first.headers["etag"]
        again = client.get("/api/events?actor=PRK", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/api/events", headers={"If-None-Match": tag}).status_code == 200
        version = client.get("/api/store").json()["version"]
        store.write_events({"archive": None})
        client.app.state.desk.index.update()
        changed = client.get("/api/events?actor=PRK", headers={"If-None-Match": tag})
        assert changed.status_code == 200 and changed.json()["total"] == 3
        assert client.get("/api/store").json()["version"] != version


def counts(index):
    tables = ("events", "acts", "parties", "links", "told", "quotes")
    return {name: index.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in tables}


def test_the_index_follows_the_store_and_is_as_one_made_anew(tmp_path):
    store = made(tmp_path / "s")
    index = Index(store)
    assert index.update() and not index.update()
    store.write("p1", [Report("r1", "Quite another text.")], [])
    store.write("p2", [report("r9", text=SENTENCE)], [mention("m9", "r9")])
    store.write_events({"2014-11": {"events": table([*EVENTS_TOLD[:1], told("em9", telling(9), day=DAY)])}}, ["p2"])
    steps = []
    assert index.update(progress=lambda done, total: steps.append((done, total)))
    assert steps == [(0, 3), (3, 3)] and index.indexing is None
    after, version = counts(index), index.version
    assert len(matching_reports(index, "moscow")) == 1 and len(matching_reports(index, "quite another")) == 1
    index.close()
    for path in index.folder.iterdir():
        path.unlink()
    anew = Index(store)
    anew.update()
    assert counts(anew) == after and anew.version == version
    anew.close()


def test_an_index_of_another_form_is_made_anew(tmp_path):
    store = made(tmp_path / "s")
    index = Index(store)
    index.update()
    index.close()
    (index.folder / "form.txt").write_text("0 of another time", encoding="utf-8")
    again = Index(store)
    assert counts(again)["events"] == 0
    again.close()


def test_a_second_desk_of_a_store_is_refused(tmp_path):
    store = made(tmp_path / "s")
    index = Index(store)
    code = f"""
from legation.desk.index import Index, UnusableIndexError
from legation.store import Store
try:
    Index(Store({str(store.path)!r}))
except UnusableIndexError as error:
    print(error)
"""
    told_by = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "another desk serves this store" in told_by
    index.close()


def until(found, seconds=30):
    """What `found` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError(f"nothing in {seconds} s")


def test_a_running_desk_follows_the_store_and_tells_its_trouble(tmp_path):
    store = made(tmp_path / "s")
    with client_of(store) as client:
        ask = lambda: client.get("/api/store").json()  # noqa: E731
        store.write_events({"archive": None})
        until(lambda: ask()["events"] == 3)
        assert ask()["trouble"] is None
        reports = store.path / "reports" / "p1.parquet"
        whole = reports.read_bytes()
        reports.write_bytes(b"no table")
        store.write("p2", [report("r9", text=SENTENCE)], [])
        (store.path / "done" / "p1.json").touch()
        assert str(store.path) in until(lambda: ask()["trouble"]) and ask()["reports"] == 6
        reports.write_bytes(whole)
        until(lambda: ask()["reports"] == 7)
        assert ask()["trouble"] is None


def test_what_is_costly_is_made_once_for_each_version(tmp_path):
    store = made(tmp_path / "s")
    desk = make(store).state.desk
    calls = []
    make_it = lambda: calls.append(1) or len(calls)  # noqa: E731
    assert [desk.once(("a", 1), make_it), desk.once(("a", 1), make_it), desk.once(("a", 2), make_it)] == [1, 1, 2]
    desk.index.update()
    assert desk.once(("a", 1), make_it) == 3
    desk.index.close()


def test_a_page_is_told_of_changes(tmp_path):
    store = made(tmp_path / "s")
    desk = make(store).state.desk
    desk.index.update()

    async def listen():
        changes = _changes(desk)
        first = await anext(changes)
        store.write_events({"archive": None})
        desk.index.update()
        second = await anext(changes)
        desk.closing.set()
        with pytest.raises(StopAsyncIteration):
            await anext(changes)
        return [json.loads(told.split(b"data: ")[1]) for told in (first, second)]

    before, after = asyncio.run(listen())
    assert (before["events"], before["reports"], before["mentions"]) == (10, 6, 6)
    assert after["events"] == 3 and after["version"] != before["version"]
    desk.index.close()
