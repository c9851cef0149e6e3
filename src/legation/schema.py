"""The nouns: Report, Mention and what they are made of, as dataclasses and as Arrow schemas.

All offsets are Python string indices into `Report.text`, end exclusive; a Span carries its own words so that
`report.text[span.start:span.end] == span.text` can be checked anywhere. Nothing here computes; stages do.
"""

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

SCHEMA_VERSION = 1
"""Raised when a stored column changes its meaning; a store of a newer version is refused."""

STATUSES = ("actual", "future", "hypothetical", "negated", "historical")
DEEDS = (
    "AGREE", "CONSULT", "SUPPORT", "CONCEDE", "COOPERATE", "AID", "RETREAT", "REQUEST",
    "ACCUSE", "REJECT", "THREATEN", "PROTEST", "SANCTION", "MOBILIZE", "COERCE", "ASSAULT",
)  # fmt: skip
"""The sixteen types of PLOVER, in the order of the PLOVER manual (cooperation first)."""
UNKNOWN = "---"
"""The country of an actor whose words do not tell it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a report's text, and those characters."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """One document as published. `text` is never altered after ingest."""

    report_id: str
    text: str
    publisher: str | None = None
    url: str | None = None
    title: str | None = None
    published: date | None = None
    language: str | None = None
    retrieved: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, was acted upon or is the source of a claim: the words, and what they resolve to.

    `country` is ISO 3166-1 alpha-3, or UNO EUR IGO NGO MNC IMG ISM, or `---` where unknown.
    `sectors` are PLOVER's (GOV MIL COP …), most specific last. `actor_id` is stable across reports; null where the
    words name nobody in particular.
    """

    start: int
    end: int
    text: str
    name: str
    country: str
    sectors: tuple[str, ...]
    actor_id: str | None


@dataclass(frozen=True, slots=True)
class When:
    """A closed interval of days. `basis` is "stated" (the text tells a time) or "report" (only the publication date).

    `precision` is one of day, week, month, season, year, decade, span. `start` and `end` are null where the text tells
    a time that cannot be resolved. `span` is the words that tell it, null when basis is "report".
    """

    start: date | None
    end: date | None
    precision: str | None
    span: Span | None
    basis: str


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a deed. `country` is ISO alpha-3, `admin1` the name of the first-order division.

    `place_id` is the GeoNames id ("geonames:1861060") or ISO code.
    """

    span: Span
    name: str
    country: str | None
    admin1: str | None
    lat: float | None
    lon: float | None
    place_id: str | None


@dataclass(frozen=True, slots=True)
class Mention:
    """One deed as one sentence of one report tells it.

    `deed` and `modes` are PLOVER's type and modes of the act itself, `status` one of STATUSES. What is published for
    the two, null where nothing is: `plover`, `cameo`, `quad` (1 verbal and 2 material cooperation, 3 verbal and 4
    material conflict), `goldstein` (-10 to 10) and `contexts`. `killed` and `injured` are told of an ASSAULT.
    `confidence` is the probability that deed, sources and targets are all right; `coder` the version of code and
    weights.
    """

    mention_id: str
    report_id: str
    sentence: Span
    trigger: Span
    deed: str
    modes: tuple[str, ...]
    status: str
    plover: str | None
    cameo: str | None
    quad: int | None
    goldstein: float | None
    contexts: tuple[str, ...]
    sources: tuple[Actor, ...]
    targets: tuple[Actor, ...]
    when: When | None
    where: Where | None
    claimants: tuple[Actor, ...]
    killed: int | None
    injured: int | None
    confidence: float
    coder: str


@dataclass(frozen=True, slots=True)
class Reject:
    """An input that could not be read or coded, and why."""

    source: str
    reason: str
    line: int | None = None


# What the encoder reads off a sentence; input to the coding stages. -----------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its universal part of speech, the index of its head in the sentence (-1: root) and the relation."""

    start: int
    end: int
    text: str
    pos: str
    head: int
    relation: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the text. `label` is PER ORG GPE LOC NORP FAC or EVENT."""

    start: int
    end: int
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Argument:
    """A stretch of the sentence that an arc joins to a trigger, and how likely it has that role.

    `sectors` is the encoder's guess of an actor's, empty for times and places.
    """

    span: Span
    probability: float
    sectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeedReading:
    """A trigger, what deed it names, and its arcs."""

    trigger: Span
    deed: str
    modes: tuple[str, ...]
    status: str
    probability: float
    sources: tuple[Argument, ...] = ()
    targets: tuple[Argument, ...] = ()
    times: tuple[Argument, ...] = ()
    places: tuple[Argument, ...] = ()
    claimants: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the encoder says of one sentence."""

    sentence: Span
    words: tuple[Word, ...] = ()
    names: tuple[Name, ...] = ()
    deeds: tuple[DeedReading, ...] = ()


# Arrow schemas of the store's parts. ------------------------------------------------------------------------------

SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("text", pa.string())])
ACTOR = pa.struct(
    [
        ("start", pa.int32()), ("end", pa.int32()), ("text", pa.string()), ("name", pa.string()),
        ("country", pa.string()), ("sectors", pa.list_(pa.string())), ("actor_id", pa.string()),
    ]
)  # fmt: skip
WHEN = pa.struct(
    [("start", pa.date32()), ("end", pa.date32()), ("precision", pa.string()), ("span", SPAN), ("basis", pa.string())]
)
WHERE = pa.struct(
    [
        ("span", SPAN), ("name", pa.string()), ("country", pa.string()), ("admin1", pa.string()),
        ("lat", pa.float64()), ("lon", pa.float64()), ("place_id", pa.string()),
    ]
)  # fmt: skip

REPORTS = pa.schema(
    [
        ("report_id", pa.string()), ("publisher", pa.string()), ("url", pa.string()), ("title", pa.string()),
        ("published", pa.date32()), ("language", pa.string()), ("text", pa.large_string()),
        ("retrieved", pa.timestamp("us", tz="UTC")), ("duplicate_of", pa.string()), ("duplicate_kind", pa.string()),
    ]
)  # fmt: skip
MENTIONS = pa.schema(
    [
        ("mention_id", pa.string()), ("report_id", pa.string()), ("sentence", SPAN), ("trigger", SPAN),
        ("deed", pa.string()), ("modes", pa.list_(pa.string())), ("status", pa.string()),
        ("plover", pa.string()), ("cameo", pa.string()), ("quad", pa.int8()), ("goldstein", pa.float32()),
        ("contexts", pa.list_(pa.string())), ("sources", pa.list_(ACTOR)), ("targets", pa.list_(ACTOR)),
        ("when", WHEN), ("where", WHERE), ("claimants", pa.list_(ACTOR)),
        ("killed", pa.int32()), ("injured", pa.int32()), ("confidence", pa.float32()), ("coder", pa.string()),
    ]
)  # fmt: skip
REJECTS = pa.schema([("source", pa.string()), ("line", pa.int64()), ("reason", pa.string())])
