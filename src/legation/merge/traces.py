"""Mentions and their reports -> traces: of each mention what is compared with others, and what its event will hold.

A trace is a row of TRACES. Its day is the deed's own where the text tells it, else that of publication; what is told as
history without a date has no day. Traces lie in shards by the month of that day (`shards_of`).
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa

from legation.schema import PARTY, PLACE
from legation.tables import rows

Row = dict[str, Any]

NUMBER = pa.struct([("noun", pa.string()), ("value", pa.int64())])
TRACES = pa.schema(
    [
        ("mention_id", pa.string()), ("report_id", pa.string()), ("publisher", pa.string()),
        ("published", pa.date32()), ("copy_of", pa.string()), ("deed", pa.string()), ("modes", pa.list_(pa.string())),
        ("status", pa.string()), ("start", pa.date32()), ("end", pa.date32()), ("precision", pa.string()),
        ("basis", pa.string()), ("sources", pa.list_(PARTY)), ("targets", pa.list_(PARTY)), ("where", PLACE),
        ("claimants", pa.list_(PARTY)), ("killed", pa.int32()), ("injured", pa.int32()),
        ("confidence", pa.float32()), ("trigger", pa.string()), ("words", pa.list_(pa.string())),
        ("story", pa.list_(pa.string())), ("scene", pa.list_(pa.string())), ("numbers", pa.list_(NUMBER)),
        ("sentence", pa.int32()), ("antecedent", pa.string()), ("score", pa.float32()), ("tree", pa.string()),
        ("home", pa.string()),
    ]
)  # fmt: skip
"""`words`: stems of the sentence's words; `story`: of the report's title and opening; `scene`: the countries that the
report tells of most; `antecedent`: the mention that this one was joined to, `score` how surely; `tree`: the first
mention of all that are joined to one another; `home`: the shard of that one, in which their events lie.
"""

UNDATED = "undated"
OPENING = 400
"""Characters of a report, after its title, that tell what its story is."""
STEM = 5
"""Letters of a word that are compared: "attack", "attacks", "attacked" are one."""
SCENE = 2
"""Countries of a report that stand for those of a deed whose actors are not told."""

_WORD = re.compile(r"[^\W\d_]{2,}|\d[\d,.]*\d|\d")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")


def of_part(mentions: pa.Table, reports: pa.Table) -> pa.Table:
    """The traces of one part's mentions (schema.MENTIONS), told in its reports (schema.REPORTS)."""
    about = {report["report_id"]: _about(report) for report in reports.to_pylist()}
    told = mentions.to_pylist()
    scenes = _scenes(told)
    out = [_trace(mention, about[mention["report_id"]], scenes[mention["report_id"]]) for mention in told]
    return pa.Table.from_pylist(out, schema=TRACES)


def _about(report: Row) -> Row:
    story = f"{report['title'] or ''} {report['text'][:OPENING]}"
    return {
        "publisher": report["publisher"],
        "published": report["published"],
        "copy_of": report["duplicate_of"],
        "story": stems(story),
    }


def _scenes(mentions: Sequence[Row]) -> dict[str, list[str]]:
    """The countries that each report names most often as actors of its mentions, the most frequent first."""
    counts: dict[str, dict[str, int]] = {}
    for mention in mentions:
        of_report = counts.setdefault(mention["report_id"], {})
        for actor in (*mention["sources"], *mention["targets"]):
            if actor["country"] != "---":
                of_report[actor["country"]] = of_report.get(actor["country"], 0) + 1
    return {report: sorted(told, key=lambda c: (-told[c], c))[:SCENE] for report, told in counts.items()}


def _trace(mention: Row, about: Row, scene: list[str]) -> Row:
    when, where = mention["when"] or {}, mention["where"]
    day = {name: when.get(name) for name in ("start", "end", "precision", "basis")}
    if day["basis"] == "report" and mention["status"] != "actual":
        day = {"start": None, "end": None, "precision": None, "basis": None}  # only what happened is of that day
    return {
        **{name: mention[name] for name in _KEPT},
        **about,
        **day,
        **{side: [_party(actor) for actor in mention[side]] for side in ("sources", "targets", "claimants")},
        "where": {name: where[name] for name in _PLACE} if where else None,
        "trigger": mention["trigger"]["text"].lower(),
        "words": stems(mention["sentence"]["text"]),
        "scene": scene,
        "numbers": numbers(mention["sentence"]["text"]),
        "sentence": mention["sentence"]["start"],
        "antecedent": None,
        "score": None,
        "tree": None,
        "home": None,
    }


_KEPT = ("mention_id", "report_id", "deed", "modes", "status", "killed", "injured", "confidence")
_PLACE = tuple(field.name for field in PLACE)


def _party(actor: Row) -> Row:
    return {
        "name": actor["name"],
        "country": actor["country"],
        "sectors": actor["sectors"],
        "actor_id": actor["actor_id"],
    }


def stems(text: str) -> list[str]:
    """The beginnings of the text's words, without case and accents, each once, in their order."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return list(dict.fromkeys(word[:STEM] for word in _WORD.findall(plain)))


# Numbers. ---------------------------------------------------------------------------------------------------------


def numbers(sentence: str) -> list[Row]:
    """Whole numbers told in figures or in words, with the noun that each counts: the first plural among the three words
    after it ("40,500 tonnes of coal", "two young people"); those that count nothing so are left out.
    """
    words = re.findall(r"\d[\d,.]*|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s]", sentence)
    found = []
    for at, word in enumerate(words):
        value = _whole(word)
        if value is None or (at and words[at - 1] == "$"):
            continue
        at += 1
        while at < len(words) and (scale := _scales().get(words[at].lower())):
            value, at = value * scale, at + 1
        after = [w.lower() for w in words[at : at + 3]]
        noun = next((w for w in after if _counted(w)), None)
        if noun and all(w.isalpha() for w in after[: after.index(noun)]):
            found.append({"noun": noun, "value": value})
    return found


def _whole(word: str) -> int | None:
    if _NUMBER.fullmatch(word):
        value = int(word.replace(",", ""))
        return value if value < 10**15 else None
    return _units().get(word.lower())


def _counted(word: str) -> bool:
    return len(word) > 3 and (
        (word.endswith("s") and not word.endswith("ss")) or word in ("people", "children", "women")
    )


@cache
def _units() -> dict[str, int]:
    return {
        row["word"]: int(row["value"]) for row in rows("numbers") if row["kind"] in ("unit", "ten") and row["value"]
    }


@cache
def _scales() -> dict[str, int]:
    return {row["word"]: int(row["value"]) for row in rows("numbers") if row["kind"] == "scale"}


# Days and shards. -------------------------------------------------------------------------------------------------


def shard_of(start: date | None, published: date | None, status: str) -> str:
    """The shard of a trace, or of the Telling made of it: the month of its deed, else of its report, else UNDATED."""
    day = start or (published if status != "historical" else None)
    return UNDATED if day is None else f"{day:%Y-%m}"


def shards_of(traces: pa.Table) -> list[str]:
    """The shard of each trace."""
    columns = (traces[name].to_pylist() for name in ("start", "published", "status"))
    return [shard_of(*row) for row in zip(*columns, strict=True)]
