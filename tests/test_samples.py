import html
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from legation.coding.deeds import publish
from legation.schema import STATUSES

SAMPLES = Path(__file__).parent.parent / "samples"
REPORTS = SAMPLES / "reports"
FULL_TEXT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def feed_items() -> dict[str, str]:
    items = ElementTree.parse(REPORTS / "pacific-rim-bulletin.xml").getroot().iter("item")
    return {item.findtext("guid", ""): item.findtext(FULL_TEXT) or item.findtext("description") or "" for item in items}


def report_texts() -> dict[str, str]:
    """Every sample report by the name that gold and fates use, markup undone."""
    files = {
        f"{kind}/{path.name}": path.read_text("utf-8")
        for kind in ("txt", "html")
        for path in (REPORTS / kind).iterdir()
    }
    feed = {f"pacific-rim-bulletin.xml#{guid}": text for guid, text in feed_items().items()}
    table = {f"reports.jsonl#{row['id']}": row["text"] for row in lines(REPORTS / "reports.jsonl")}
    return {name: html.unescape(text) for name, text in (files | feed | table).items()}


TEXTS = report_texts()
GOLD = lines(SAMPLES / "gold.jsonl")
EVENTS = [pytest.param(doc, event, id=f"{doc['id']}-{n}") for doc in GOLD for n, event in enumerate(doc["events"])]


def test_there_are_enough_of_each_kind() -> None:
    kinds = Counter(name.split("/")[0].split("#")[0] for name in TEXTS)
    assert len(TEXTS) >= 42
    assert kinds["txt"] >= 12 and kinds["html"] >= 6
    assert kinds["pacific-rim-bulletin.xml"] >= 6 and kinds["reports.jsonl"] >= 18


def test_the_lines_of_reports_are_whole() -> None:
    rows = lines(REPORTS / "reports.jsonl")
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"id", "published", "title", "publisher", "url", "text"}
        assert date(2014, 10, 1) <= date.fromisoformat(row["published"]) <= date(2014, 12, 31)
        assert row["url"].startswith("https://") and ".example/" in row["url"]


def test_addresses_are_of_invented_publishers() -> None:
    hosts = {host for text in TEXTS.values() for host in re.findall(r'href="https?://([^/"]+)', text)}
    assert hosts and all(host.endswith(".example") for host in hosts)


def test_gold_ids_are_unique_and_point_to_reports() -> None:
    assert len(GOLD) >= 15
    assert len({doc["id"] for doc in GOLD}) == len({doc["report"] for doc in GOLD}) == len(GOLD)
    assert {doc["report"] for doc in GOLD} <= set(TEXTS)


@pytest.mark.parametrize("doc", GOLD, ids=lambda doc: doc["id"])
def test_gold_sentences_stand_in_the_report_in_order(doc: dict[str, Any]) -> None:
    at = 0
    for sentence in doc["sentences"]:
        at = TEXTS[doc["report"]].index(sentence, at) + len(sentence)
    if doc["report"].startswith("html/"):
        assert doc["published"].replace("-", "/") in TEXTS[doc["report"]]


@pytest.mark.parametrize(("doc", "event"), EVENTS)
def test_gold_events_are_verbatim_and_dated(doc: dict[str, Any], event: dict[str, Any]) -> None:
    sentence = doc["sentences"][event["s"]]
    actors = event["source"] + event["target"]
    words = [event["trigger"], event.get("said_by", ""), *(actor["text"] for actor in actors)]
    words += [event[field]["text"] for field in ("when", "where") if field in event]
    assert all(word in sentence for word in words)
    assert re.search(rf"\b{re.escape(event['trigger'])}\b", sentence)
    assert all(re.fullmatch(r"([A-Z]{3}|---)( [A-Z]{3}){0,2}", actor["code"]) for actor in actors)
    assert event["status"] in STATUSES
    publish(event["type"], event["mode"], event["status"])
    if "when" in event:
        start, end = (date.fromisoformat(event["when"][side]) for side in ("start", "end"))
        published = date.fromisoformat(doc["published"])
        assert start <= end
        assert {
            "actual": start <= published and (published - end).days <= 31,
            "historical": start < published,
            "future": end >= published,
        }.get(event["status"], True)


def test_an_event_is_annotated_once() -> None:
    keys = Counter((doc["id"], event["s"], event["trigger"], event["type"]) for doc in GOLD for event in doc["events"])
    assert keys.most_common(1)[0][1] == 1


def test_fates_name_reports_and_follow_their_announcement() -> None:
    fates = json.loads((SAMPLES / "fates.json").read_text("utf-8"))
    for plan in fates["plans"]:
        assert set(plan["announced"] + plan["by"]) <= set(TEXTS), plan["id"]
        assert plan["fate"] in ("confirmed", "cancelled", "overdue", "open")
        assert bool(plan["by"]) == (plan["fate"] in ("confirmed", "cancelled")), plan["id"]
        assert plan["announced"]
    for case in fates["disagreements"]:
        assert len(case["values"]) > 1
        assert {name for value in case["values"] for name in value["reports"]} <= set(TEXTS), case["event"]
