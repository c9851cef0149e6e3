"""Corrections at the desk: made and withdrawn in a browser, seen in every view, refused with a sentence."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from starlette.testclient import TestClient
from test_store import SENTENCE, mention, report

from legation.desk.app import make
from legation.merge import merge
from legation.store import Store

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
RUSSIANS = {"start": SENTENCE.index("Russian"), "end": SENTENCE.index("Russian") + 17, "text": "Russian officials"}
SECONDS = 60
"""How long a test waits for events to follow a correction: a process is started for it."""


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "s")
    reports = [report(f"r{n}", title=f"Envoy {n}", publisher="Wire") for n in (1, 2)]
    other = {"deed": "THREATEN", "modes": (), "sources": (), "targets": ()}
    store.write("a", reports, [mention("m1", "r1"), mention("m2", "r2", **other)])
    merge(store)
    return store


@pytest.fixture
def client(store):
    minutes = count()
    app = make(store, clock=lambda: NOON + timedelta(minutes=next(minutes)))
    app.state.desk.index.update()
    return TestClient(app, base_url="http://127.0.0.1:8765")


def correct(client, mention_id="m1", **asked):
    body = {"mention_id": mention_id, "field": "status", "value": "future", "by": "A. Reader"} | asked
    return client.post("/api/corrections", json=body)


def listed(client, **params):
    return client.get("/api/corrections", params=params).json()


def test_a_correction_is_made_and_listed_with_what_it_is_of(client):
    made = correct(client, field="deed", value={"deed": "AGREE", "modes": []}, note="a deal, not a visit")
    assert made.status_code == 201
    told = made.json()
    assert (told["at"], told["state"], told["by"], told["note"]) == (
        "2024-06-01T12:00:00+00:00", "applied", "A. Reader", "a deal, not a visit",
    )  # fmt: skip
    page = listed(client)
    (row,) = page["corrections"]
    assert row.items() >= told.items() and (page["total"], page["next"]) == (1, None)
    assert row["was"] == {"deed": "CONSULT", "modes": ["visit"]}
    assert (row["sentence"], row["trigger"], row["deed"]) == (SENTENCE, "met", "CONSULT")
    assert (row["title"], row["publisher"], row["published"]) == ("Envoy 1", "Wire", "2024-05-15")


def test_a_corrected_mention_says_so_where_it_is_shown(client):
    correct(client, field="targets", value=[RUSSIANS | {"country": "CHN", "sectors": ["MIL"]}])
    (told,) = client.get("/api/reports/r1").json()["mentions"]
    assert told["corrected"] == ["targets"] and told["targets"][0]["country"] == "CHN" and told["confidence"] == 1.0
    correct(client, field="wrong", value=True)
    (told,) = client.get("/api/reports/r1").json()["mentions"]
    assert "wrong" in told["corrected"] and told["targets"][0]["country"] == "RUS"


def test_a_correction_is_withdrawn_once_and_stays_in_the_list(client, store):
    made = correct(client).json()
    path = f"/api/corrections/{made['correction_id']}"
    assert client.delete(path).status_code == 400
    gone = client.delete(path, params={"by": "B. Reader"})
    assert (gone.status_code, gone.content) == (204, b"")
    (row,) = listed(client)["corrections"]
    assert (row["state"], row["withdrawn_by"], row["withdrawn"]) == (
        "withdrawn",
        "B. Reader",
        "2024-06-01T12:01:00+00:00",
    )
    assert store.mentions()["status"].to_pylist() == ["actual", "actual"]
    again = client.delete(path, params={"by": "B. Reader"})
    assert again.status_code == 404 and "that holds" in again.json()["error"]


def test_the_list_is_paged_latest_first_and_chosen_from(client):
    ids = [correct(client, mention_id, value=v).json()["correction_id"]
           for mention_id, v in (("m1", "future"), ("m2", "negated"), ("m1", "historical"))]  # fmt: skip
    first = listed(client, limit=2)
    second = listed(client, limit=2, after=first["next"])
    rows = first["corrections"] + second["corrections"]
    assert [row["correction_id"] for row in rows] == ids[::-1] and second["next"] is None and first["total"] == 3
    chosen = {"mention_id": "m2"}, {"report_id": "r1"}, {"state": "superseded"}, {"state": "not applied"}
    assert [[r["correction_id"] for r in listed(client, **c)["corrections"]] for c in chosen] == [
        [ids[1]], [ids[2], ids[0]], [ids[0]], [],
    ]  # fmt: skip
    assert client.get("/api/corrections", params={"after": "nowhere"}).status_code == 400
    assert client.get("/api/corrections", params={"state": "gone"}).status_code == 400


@pytest.mark.parametrize(
    "asked, status, says",
    [
        ({"mention_id": "m9"}, 404, "there is no mention 'm9'"),
        ({"field": "weight"}, 400, "field must be one of wrong, deed, status"),
        ({"value": "planned"}, 400, "'planned' is no status"),
        ({"value": {"\ud800": "\ud800"}}, 400, "no status"),
        ({"field": "sources", "value": [RUSSIANS | {"start": 0, "country": "RUS"}]}, 400, "offsets count Unicode"),
        ({"by": ""}, 400, "by must be words"),
        ({"by": None}, 400, "by must be a text"),
        ({"note": "x" * 2001}, 400, "2,000 characters at most"),
        ({"colour": "red"}, 400, "no field 'colour'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_correction_is_said(client, store, asked, status, says):
    body = {"mention_id": "m1", "field": "status", "value": "future", "by": "A. Reader"} | asked
    answer = client.post("/api/corrections", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == status and says in answer.json()["error"]
    assert store.corrections() == []


def test_a_page_of_another_site_corrects_nothing(client, store):
    for headers in (
        {"Origin": "http://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "elsewhere.example"},
    ):
        body = {"mention_id": "m1", "field": "wrong", "value": True, "by": "A. Reader"}
        assert client.post("/api/corrections", json=body, headers=headers).status_code in (403, 421)
    assert store.corrections() == []


def test_corrected_sentences_are_downloaded_as_annotations(client):
    assert client.get("/api/corrections/gold").content == b""
    correct(client)
    answer = client.get("/api/corrections/gold")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert 'filename="corrections.jsonl"' in answer.headers["content-disposition"]
    (line,) = answer.text.splitlines()
    assert json.loads(line)["events"][0] == json.loads(line)["events"][0] | {"status": "future", "trigger": "met"}


def test_events_follow_a_correction_and_its_withdrawal(client):
    def deeds(expected):
        end = time.monotonic() + SECONDS
        while (told := sorted(e["deed"] for e in client.get("/api/events").json()["events"])) != expected:
            assert time.monotonic() < end, told
            time.sleep(0.2)

    with client:
        deeds(["CONSULT", "THREATEN"])
        made = correct(client, field="deed", value={"deed": "AID", "modes": []}).json()
        correct(client, "m2", field="wrong", value=True)
        deeds(["AID"])
        (event,) = client.get("/api/events").json()["events"]
        assert event["corrected"] is True
        client.delete(f"/api/corrections/{made['correction_id']}", params={"by": "A. Reader"})
        deeds(["CONSULT"])
