"""How well mentions are merged: same-story reports of different papers, and the samples' plans and contradictions.

Stories: of each story of `same_story_dev` whose main deed is political, the mentions that tell it (MAIN says which) are
to be one event, scored by B-cubed over those mentions; an event that joins reports of two stories is counted.
Samples: `fates.json` says what became of each plan and where reports contradict one another.
"""

import json
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from legation import agenda, ingest, runner
from legation.coder import Coder
from legation.merge import merge
from legation.schema import Event, Mention, Report
from legation.store import Store, from_row

SAMPLES = Path(__file__).parent.parent / "samples"
END_OF_SAMPLES = date(2014, 12, 31)

MAIN = {"consulate attack": ("ASSAULT", "consulate"), "clinton blames comey": ("ACCUSE", "clinton blame")}
"""The main deed of a story, and beginnings of words that stand in every sentence that tells it."""

Figures = dict[str, Any]


def same_stories(path: Path) -> Figures:
    """B-cubed of the main deeds, and events that join two stories, of a file of reports with their `cluster`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    story_of = {row["id"]: row["cluster"] for row in rows}
    reports = [_report(row) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"{folder}/store")
        coder = Coder()
        store.write("stories", reports, [mention for report in reports for mention in coder.code(report)])
        merge(store)
        event_of = {t["mention_id"]: e["event_id"] for e in store.events().to_pylist() for t in e["tellings"]}
        told = [from_row(Mention, row) for row in store.mentions().to_pylist()]
    joined: dict[str, set[str]] = {}
    for mention in told:
        joined.setdefault(event_of[mention.mention_id], set()).add(story_of[mention.report_id])
    main = [m for m in told if _is_main(m, story_of[m.report_id])]
    events, stories = [event_of[m.mention_id] for m in main], [story_of[m.report_id] for m in main]
    return {
        "mentions": len(told),
        "main": len(main),
        **b_cubed(events, stories),
        "joined": sum(len(stories) > 1 for stories in joined.values()),
    }


def _report(row: dict[str, Any]) -> Report:
    day = None if row["published"] == "None" else date.fromisoformat(row["published"])
    return Report(row["id"], row["text"], row["publisher"], row["url"], row["title"], day)


def _is_main(mention: Mention, story: str) -> bool:
    deed, words = MAIN.get(story, ("", ""))
    sentence = mention.sentence.text.lower()
    return mention.deed == deed and mention.status == "actual" and all(word in sentence for word in words.split())


def b_cubed(found: Sequence[str], gold: Sequence[str]) -> dict[str, float]:
    """B-cubed precision, recall and F1 of a clustering against another of the same items."""
    precision = recall = 0.0
    for a, b in zip(found, gold, strict=True):
        both = sum(a == x and b == y for x, y in zip(found, gold, strict=True))
        precision += both / found.count(a) / len(found)
        recall += both / gold.count(b) / len(gold)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


def fates() -> Figures:
    """Of the plans of the samples, how many are on the agenda, and of how many of those the fate is right; of the
    contradictions, how many a disagreement shows, by the reports that tell the values."""
    gold = json.loads((SAMPLES / "fates.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"{folder}/store")
        runner.run([str(SAMPLES / "reports")], store, workers=1)
        merge(store)
        events = [from_row(Event, row) for row in store.events().to_pylist()]
        plans, told = agenda.plans(store, asof=END_OF_SAMPLES), list(store.reports())
    names = _names()
    name_of = {report.report_id: names[report.text] for report in told}
    political = [plan for plan in gold["plans"] if plan["deed"]]
    fates_found = [_fate(plan, plans, events, name_of) for plan in political]
    shown = [_is_shown(case, events, name_of) for case in gold["disagreements"]]
    return {
        "plans": len(political),
        "found": sum(fate is not None for fate in fates_found),
        "right": sum(fate == plan["fate"] for fate, plan in zip(fates_found, political, strict=True)),
        "disagreements": len(shown),
        "shown": sum(shown),
    }


def _names() -> dict[str, str]:
    """The sample reports by their text, each named as `fates.json` names it: its file's path, and in a feed or a table
    its own id after #.
    """
    out = {}
    for path in sorted((SAMPLES / "reports").rglob("*.*")):
        file = path.relative_to(SAMPLES / "reports").as_posix()
        for report in ingest.reports(str(path)):
            if isinstance(report, Report):
                item = {".xml": f"#{report.url}", ".jsonl": f"#{report.report_id}"}.get(path.suffix, "")
                out[report.text] = file + item
    return out


def _fate(
    plan: dict[str, Any], plans: Sequence[agenda.Plan], events: Sequence[Event], name_of: dict[str, str]
) -> str | None:
    """The fate that the agenda tells of a plan: that of the event of its deed which most of its announcements tell."""
    tellings = {event.event_id: event.tellings for event in events}
    wanted = {code.split()[0] for side in ("sources", "targets") for code in plan[side]}
    best: str | None = None
    most = 0
    for found in plans:
        countries = {party.country for party in (*found.sources, *found.targets)}
        told = {t.report_id for t in tellings[found.event_id] if t.status == "future"}
        announced = sum(name_of[report] in plan["announced"] for report in told)
        if found.deed == plan["deed"] and countries & wanted and announced > most:
            best, most = found.fate, announced
    return best


def _is_shown(case: dict[str, Any], events: Sequence[Event], name_of: dict[str, str]) -> bool:
    """Whether some event has a disagreement with a version from the reports of each of two of the case's values."""
    report_of = {t.mention_id: t.report_id for event in events for t in event.tellings}
    for event in events:
        for disagreement in event.disagreements:
            sides = set()
            for number, value in enumerate(case["values"]):
                for version in disagreement.versions:
                    told = [name_of[report_of[mention]] for mention in version.mentions]
                    if set(told) & set(value["reports"]):
                        sides.add((number, version.value))
            if len({number for number, _ in sides}) > 1 and len({value for _, value in sides}) > 1:
                return True
    return False
