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
class Party:
    """An actor as a whole world of reports knows it: what an Actor resolves to, without its place in one text."""

    name: str
    country: str
    sectors: tuple[str, ...]
    actor_id: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A Where without its place in one text."""

    name: str
    country: str | None
    admin1: str | None
    lat: float | None
    lon: float | None
    place_id: str | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What one mention adds to its event: where and when it is told, by whom, and with what status and days.

    `copy_of` is the id of the report whose text this one's report repeats: such a telling is no second witness.
    """

    mention_id: str
    report_id: str
    publisher: str | None
    published: date | None
    copy_of: str | None
    status: str
    start: date | None
    end: date | None
    claimants: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One of several values told of an event, and by which mentions; `says` names their claimants, else publishers."""

    value: str
    mentions: tuple[str, ...]
    reports: int
    says: tuple[str, ...]
    first: date | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Values of one field that cannot all be right. `field` is status, when, where, source, target, killed, injured,
    or the noun that a number counts ("votes", "tonnes").
    """

    field: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One deed, as all reports together tell it: a consensus of its mentions, all of them, and where they disagree.

    `event_id` is that of the earliest mention ("e" and its id). `start` and `end` are the days of the deed, by
    `basis` "stated" or "report" as in When. `reports` counts the reports that tell it, `publishers` the independent
    ones: copies of one text count once. `first_reported` and `last_reported` are days of publication. `confidence` is
    that of the surest mention. `origin` is "reports", or the archive that the event was imported from, whose
    own id is then in `event_id`.
    """

    event_id: str
    deed: str
    modes: tuple[str, ...]
    status: str
    plover: str | None
    cameo: str | None
    quad: int | None
    goldstein: float | None
    contexts: tuple[str, ...]
    sources: tuple[Party, ...]
    targets: tuple[Party, ...]
    start: date | None
    end: date | None
    precision: str | None
    basis: str | None
    where: Place | None
    claimants: tuple[Party, ...]
    killed: int | None
    injured: int | None
    confidence: float | None
    tellings: tuple[Telling, ...]
    reports: int
    publishers: int
    first_reported: date | None
    last_reported: date | None
    disagreements: tuple[Disagreement, ...]
    origin: str


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
PARTY = pa.struct(
    [("name", pa.string()), ("country", pa.string()), ("sectors", pa.list_(pa.string())), ("actor_id", pa.string())]
)
PLACE = pa.struct(
    [
        ("name", pa.string()), ("country", pa.string()), ("admin1", pa.string()),
        ("lat", pa.float64()), ("lon", pa.float64()), ("place_id", pa.string()),
    ]
)  # fmt: skip
TELLING = pa.struct(
    [
        ("mention_id", pa.string()), ("report_id", pa.string()), ("publisher", pa.string()),
        ("published", pa.date32()), ("copy_of", pa.string()), ("status", pa.string()),
        ("start", pa.date32()), ("end", pa.date32()), ("claimants", pa.list_(PARTY)),
    ]
)  # fmt: skip
VERSION = pa.struct(
    [
        ("value", pa.string()), ("mentions", pa.list_(pa.string())), ("reports", pa.int32()),
        ("says", pa.list_(pa.string())), ("first", pa.date32()),
    ]
)  # fmt: skip
EVENTS = pa.schema(
    [
        ("event_id", pa.string()), ("deed", pa.string()), ("modes", pa.list_(pa.string())), ("status", pa.string()),
        ("plover", pa.string()), ("cameo", pa.string()), ("quad", pa.int8()), ("goldstein", pa.float32()),
        ("contexts", pa.list_(pa.string())), ("sources", pa.list_(PARTY)), ("targets", pa.list_(PARTY)),
        ("start", pa.date32()), ("end", pa.date32()), ("precision", pa.string()), ("basis", pa.string()),
        ("where", PLACE), ("claimants", pa.list_(PARTY)), ("killed", pa.int32()), ("injured", pa.int32()),
        ("confidence", pa.float32()), ("tellings", pa.list_(TELLING)), ("reports", pa.int32()),
        ("publishers", pa.int32()), ("first_reported", pa.date32()), ("last_reported", pa.date32()),
        ("disagreements", pa.list_(pa.struct([("field", pa.string()), ("versions", pa.list_(VERSION))]))),
        ("origin", pa.string()),
    ]
)  # fmt: skip
DYADS = pa.schema(
    [
        ("event_id", pa.string()), ("source_country", pa.string()), ("source_sectors", pa.string()),
        ("source_id", pa.string()), ("source_name", pa.string()), ("target_country", pa.string()),
        ("target_sectors", pa.string()), ("target_id", pa.string()), ("target_name", pa.string()),
        ("mutual", pa.bool_()), ("day", pa.date32()), ("deed", pa.string()), ("status", pa.string()),
        ("quad", pa.int8()), ("goldstein", pa.float32()), ("reports", pa.int32()), ("publishers", pa.int32()),
    ]
)  # fmt: skip
"""Who acted on whom, one row for each source and target of an event; the narrow table that readers sum over.

Sectors are joined by blanks. A target is null where an event has none. Where several sources meet or fight and no
target is named, each stands with each, in both directions, `mutual` true. `day` is the event's first day, else that of
its first report, or null
for what is told as history without a date; rows lie sorted by source country, target country and day in every part.
"""
REJECTS = pa.schema([("source", pa.string()), ("line", pa.int64()), ("reason", pa.string())])
