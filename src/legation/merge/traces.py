"""Mentions and their reports -> traces: of each mention what is compared with others, and what its event will hold.

A trace is a row of TRACES. Its day is the deed's own where the text tells it, else that of publication; what is told as
history without a date has no day. Traces lie in shards by the month of that day (`shards_of`).
"""

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from legation.schema import PARTY, PLACE
from legation.tables import rows

Row = dict[str, Any]

NUMBER = pa.struct([("noun", pa.string()), ("value", pa.int64())])
WORDS = pa.list_(pa.uint32())
TRACES = pa.schema(
    [
        ("mention_id", pa.string()), ("report_id", pa.string()), ("publisher", pa.string()),
        ("published", pa.date32()), ("copy_of", pa.string()), ("deed", pa.string()), ("modes", pa.list_(pa.string())),
        ("status", pa.string()), ("start", pa.date32()), ("end", pa.date32()), ("precision", pa.string()),
        ("basis", pa.string()), ("sources", pa.list_(PARTY)), ("targets", pa.list_(PARTY)), ("where", PLACE),
        ("claimants", pa.list_(PARTY)), ("killed", pa.int32()), ("injured", pa.int32()),
        ("confidence", pa.float32()), ("trigger", WORDS), ("definite", pa.bool_()), ("words", WORDS),
        ("story", WORDS), ("scene", pa.list_(pa.string())), ("numbers", pa.list_(NUMBER)),
        ("sentence", pa.int32()), ("antecedent", pa.string()), ("score", pa.float32()), ("tree", pa.string()),
        ("home", pa.string()),
    ]
)  # fmt: skip
"""`trigger`, `words` and `story`: digests of the stems of the trigger, of the sentence, and of the report's title and
opening, each sorted; `definite`: whether the trigger is told as known ("the attack"); `scene`: the countries that the
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
POINTING = frozenset(("the", "this", "that", "these", "those", "its", "their", "his", "her"))
"""Words before a trigger, or before the word before it, that point to a deed already told."""

_WORD = re.compile(r"[^\W\d_]{2,}|\d[\d,.]*\d|\d")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
_TOKEN = re.compile(r"\d[\d,.]*|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s]")


def of_part(mentions: pa.Table, reports: pa.Table) -> pa.Table:
    """The traces of one part's mentions (schema.MENTIONS), told in its reports (schema.REPORTS)."""
    mentions = mentions.combine_chunks()
    told_in = pc.index_in(mentions["report_id"], reports["report_id"].combine_chunks()).combine_chunks()
    sentence, trigger = mentions["sentence"].combine_chunks(), mentions["trigger"].combine_chunks()
    text = pc.struct_field(sentence, "text")
    offset = pc.subtract(pc.struct_field(trigger, "start"), pc.struct_field(sentence, "start"))
    nothing = pa.nulls(len(mentions))
    columns = {
        **{name: mentions[name].combine_chunks() for name in _KEPT},
        **{name: reports[name].combine_chunks().take(told_in) for name in ("publisher", "published")},
        "copy_of": reports["duplicate_of"].combine_chunks().take(told_in),
        **_days(mentions),
        **{side: _parties(mentions[side].combine_chunks()) for side in ("sources", "targets", "claimants")},
        "where": _place(mentions["where"].combine_chunks()),
        "trigger": _each_text(pc.struct_field(trigger, "text"), digests, WORDS),
        "definite": pa.array(map(_definite, text.to_pylist(), offset.to_pylist()), pa.bool_()),
        "words": _each_text(text, digests, WORDS),
        "story": pa.array([digests(story) for story in _stories(reports)], WORDS).take(told_in),
        "scene": _scenes(mentions),
        "numbers": _each_text(text, numbers, TRACES.field("numbers").type),
        "sentence": pc.struct_field(sentence, "start"),
        **dict.fromkeys(("antecedent", "score", "tree", "home"), nothing),
    }
    return pa.table([columns[field.name].cast(field.type) for field in TRACES], schema=TRACES)


_KEPT = ("mention_id", "report_id", "deed", "modes", "status", "killed", "injured", "confidence")


def _days(mentions: pa.Table) -> dict[str, pa.Array]:
    """Of each mention start, end, precision and basis; null where only the publication would tell the day of what did
    not happen."""
    when, status = mentions["when"].combine_chunks(), mentions["status"].combine_chunks()
    basis = pc.struct_field(when, "basis")
    unsaid = pc.fill_null(pc.and_(pc.equal(basis, "report"), pc.not_equal(status, "actual")), True)
    return {
        name: pc.if_else(unsaid, None, pc.struct_field(when, name)) for name in ("start", "end", "precision", "basis")
    }


def _parties(actors: pa.ListArray) -> pa.ListArray:
    """Lists of ACTOR as lists of PARTY."""
    flat = pc.list_flatten(actors)
    parties = pa.StructArray.from_arrays([pc.struct_field(flat, f.name) for f in PARTY], fields=list(PARTY))
    ends = np.cumsum(np.concatenate([[0], np.array(pc.fill_null(pc.list_value_length(actors), 0))]))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), parties)


def _place(where: pa.StructArray) -> pa.StructArray:
    return pa.StructArray.from_arrays(
        [pc.struct_field(where, field.name) for field in PLACE], fields=list(PLACE), mask=pc.is_null(where)
    )


def _each_text(texts: pa.Array, of: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """`of` each text; of one that stands there often, as a sentence of several deeds does, once."""
    encoded = texts.dictionary_encode()
    return pa.array([of(text) for text in encoded.dictionary.to_pylist()], kind).take(encoded.indices)


def _stories(reports: pa.Table) -> Iterable[str]:
    openings = pc.utf8_slice_codeunits(reports["text"], 0, OPENING).to_pylist()
    return (f"{title or ''} {text}" for title, text in zip(reports["title"].to_pylist(), openings, strict=True))


def _scenes(mentions: pa.Table) -> pa.Array:
    """The countries that each mention's report names most often as actors of its mentions, the most frequent first."""
    reports = mentions["report_id"].combine_chunks()
    told = []
    for side in ("sources", "targets"):
        actors = mentions[side].combine_chunks()
        country = pc.struct_field(pc.list_flatten(actors), "country")
        told.append(pa.table({"report": reports.take(pc.list_parent_indices(actors)), "country": country}))
    named = pa.concat_tables(told)
    named = named.filter(pc.not_equal(named["country"], "---"))
    counts = named.group_by(["report", "country"]).aggregate([("country", "count")])
    counts = counts.sort_by([("report", "ascending"), ("country_count", "descending"), ("country", "ascending")])
    scenes: dict[str, list[str]] = {}
    for report, country in zip(counts["report"].to_pylist(), counts["country"].to_pylist(), strict=True):
        scenes.setdefault(report, []).append(country)
    return _each_text(reports, lambda report: scenes.get(report, [])[:SCENE], pa.list_(pa.string()))


# Words. -----------------------------------------------------------------------------------------------------------


def stems(text: str) -> list[str]:
    """The beginnings of the text's words, without case and accents, each once, in their order."""
    plain = text.lower()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
    return list(dict.fromkeys([word[:STEM] for word in _WORD.findall(plain)]))


def digests(text: str) -> list[int]:
    """A number for each stem of the text, sorted: the same everywhere and always."""
    return sorted({digest(stem) for stem in stems(text)})


@lru_cache(1 << 18)
def digest(stem: str) -> int:
    """32 bits that stand for a stem."""
    return zlib.crc32(stem.encode())


def _definite(sentence: str, trigger: int) -> bool:
    before = sentence[max(trigger - 40, 0) : trigger].lower().split()
    return any(word in POINTING for word in before[-2:])


def numbers(sentence: str) -> list[Row]:
    """Whole numbers told in figures or in words, with the noun that each counts: the first plural among the three words
    after it ("40,500 tonnes of coal", "two young people"); those that count nothing so are left out.
    """
    words = _TOKEN.findall(sentence.lower())
    units, scales = _units(), _scales()
    found: list[Row] = []
    for at in [at for at, word in enumerate(words) if word in units or word[0].isdigit()]:
        value = units[words[at]] if words[at] in units else _whole(words[at])
        if value is None or (at and words[at - 1] == "$"):
            continue
        at += 1
        while at < len(words) and words[at] in scales:
            value, at = value * scales[words[at]], at + 1
        after = words[at : at + 3]
        noun = next((word for word in after if _counted(word)), None)
        if noun and all(word.isalpha() for word in after[: after.index(noun)]):
            found.append({"noun": noun, "value": value})
    return found


def _whole(figures: str) -> int | None:
    value = int(figures.replace(",", "")) if _NUMBER.fullmatch(figures) else None
    return value if value is not None and value < 10**15 else None


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


# Shards. ----------------------------------------------------------------------------------------------------------


def shards_of(traces: pa.Table) -> list[str]:
    """The shard of each trace: the month of its deed, else of its report; history without a date lies apart, by the
    month in which it is told, and what has no day at all in UNDATED.
    """
    day = pc.coalesce(traces["start"], traces["published"])
    apart = pc.and_(pc.equal(traces["status"], "historical"), pc.is_null(traces["start"]))
    month = pc.strftime(day, "%Y-%m")
    named = pc.if_else(apart, pc.binary_join_element_wise(UNDATED, month, "-"), month)
    names: list[str] = pc.fill_null(named, UNDATED).to_pylist()
    return names


def shards_near(name: str) -> list[str]:
    """The shards whose traces may be compared with those of shard `name`: two months either way."""
    if name == UNDATED:
        return [name]
    apart, month = name[:-7], int(name[-7:-3]) * 12 + int(name[-2:]) - 1
    return [f"{apart}{m // 12:04d}-{m % 12 + 1:02d}" for m in range(month - 2, month + 3)]
