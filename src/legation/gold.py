"""Corrections -> training annotations: each sentence that a person has corrected, in the format of the gold sets.

A document is one sentence: {"id", "published", "headline", "sentences": [the sentence], "events": […]}, an event {"s",
"trigger", "type", "mode", "status", "source", "target", "when", "where", "said_by", "killed", "injured"}, as the
annotation guidelines of the gold sets define them; what is not told is left out. A mention that was marked wrong is no
event; one of the same sentence that nobody corrected stands as it was coded. Words that lie in another sentence are
left out, as an annotation holds words of its own.
"""

import re
from collections.abc import Iterator
from typing import Any

from legation.schema import Actor, Mention, Report, Span
from legation.store import Store, from_row

Json = dict[str, Any]


def documents(store: Store) -> Iterator[Json]:
    """The documents of a store's corrections that are applied, in the order of their reports' ids and sentences."""
    corrected = [c for c in store.corrections() if c.state == "applied"]
    coded = store.as_coded(c.mention_id for c in corrected)
    sentences = {_place(row): Span(**row["sentence"]) for row in coded.values()}
    names = {"reports": sorted({report_id for report_id, _ in sentences})}
    told: dict[tuple[str, int], list[Mention]] = {key: [] for key in sentences}
    for row in store.query("FROM mentions WHERE list_contains($reports, report_id)", names).to_pylist():
        if _place(row) in told:
            told[_place(row)].append(from_row(Mention, row))
    rows = store.query("FROM reports WHERE list_contains($reports, report_id)", names).to_pylist()
    reports = {row["report_id"]: from_row(Report, row) for row in rows}
    for key in sorted(sentences):
        yield _document(reports[key[0]], sentences[key], told[key])


def _place(row: Json) -> tuple[str, int]:
    return row["report_id"], row["sentence"]["start"]


def _document(report: Report, sentence: Span, mentions: list[Mention]) -> Json:
    mentions = sorted(mentions, key=lambda mention: (mention.trigger.start, mention.mention_id))
    return {
        "id": f"{report.report_id}:{sentence.start}",
        "published": report.published and report.published.isoformat(),
        "headline": report.title,
        "sentences": [_line(sentence.text)],
        "events": [_event(mention) for mention in mentions],
    }


def _event(mention: Mention) -> Json:
    told: Json = {
        "s": 0,
        "trigger": _line(mention.trigger.text),
        "type": mention.deed,
        "mode": list(mention.modes),
        "status": mention.status,
        "source": _actors(mention, mention.sources),
        "target": _actors(mention, mention.targets),
    }
    when, where = mention.when, mention.where
    if when and when.span and _inside(when.span, mention):
        days = {name: day and day.isoformat() for name, day in (("start", when.start), ("end", when.end))}
        told["when"] = {"text": _line(when.span.text)} | days
    if where and _inside(where.span, mention):
        told["where"] = {"text": _line(where.span.text), "country": where.country}
    if says := _actors(mention, mention.claimants):
        told["said_by"] = says[0]["text"]
    return told | {name: value for name in ("killed", "injured") if (value := getattr(mention, name)) is not None}


def _actors(mention: Mention, actors: tuple[Actor, ...]) -> list[Json]:
    inside = [actor for actor in actors if _inside(actor, mention)]
    return [{"text": _line(actor.text), "code": " ".join((actor.country, *actor.sectors))} for actor in inside]


def _inside(span: Span | Actor, mention: Mention) -> bool:
    return mention.sentence.start <= span.start and span.end <= mention.sentence.end


def _line(text: str) -> str:
    """The text on one line, as long as it was."""
    return re.sub(r"[\n\r\t]", " ", text)
