"""Why a mention is coded as it is: its arcs in the sentence, and the rows of the tables that give its codes.

A row is told where a look-up of the mention's own words and codes finds it again; what the coder took from elsewhere in
the report (an apposition, an earlier mention) has no row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from legation.gazetteer import fold
from legation.schema import Actor, Mention
from legation.tables import rows


@dataclass(frozen=True)
class Arc:
    """An arc from the deed's words to those of its source, target, claimant, time or place; offsets into the text."""

    role: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class TableRow:
    """A row of a table of the package, by the names of its columns."""

    table: str
    row: dict[str, str]


@dataclass(frozen=True)
class Why:
    """The words that name the deed, the arcs from them, and the rows that give the codes."""

    trigger: str
    arcs: tuple[Arc, ...]
    rows: tuple[TableRow, ...]


def why(mention: Mention, published: date | None) -> Why:
    """What the mention's codes rest on; `published` is the day of its report, on which offices are looked up."""
    told = {(one.table, *one.row.values()): one for one in (*_codes(mention), *_names(mention, published))}
    return Why(mention.trigger.text, tuple(_arcs(mention)), tuple(told.values()))


def _arcs(mention: Mention) -> Iterator[Arc]:
    sides = (("source", mention.sources), ("target", mention.targets), ("claimant", mention.claimants))
    for role, actors in sides:
        yield from (Arc(role, actor.text, actor.start, actor.end) for actor in actors)
    if mention.when and mention.when.span:
        yield Arc("time", mention.when.span.text, mention.when.span.start, mention.when.span.end)
    if mention.where:
        yield Arc("place", mention.where.span.text, mention.where.span.start, mention.where.span.end)


def _codes(mention: Mention) -> Iterator[TableRow]:
    """What is published of the deed with its status, as coding.deeds looks it up."""
    yield from _where("published", deed=mention.deed, status=mention.status)
    if mention.plover is None:
        return
    for mode in mention.modes or ("",):
        yield from _where("published_cameo", plover=mention.plover, deed=mention.deed, mode=mode)
    yield from _where("codebook", type=mention.plover)
    if mention.cameo is not None:
        yield from _where("cameo", code=mention.cameo)


def _where(table: str, **cells: str) -> Iterator[TableRow]:
    for row in rows(table):
        if all(row[column] == cell for column, cell in cells.items()):
            yield TableRow(table, row)


def _names(mention: Mention, published: date | None) -> Iterator[TableRow]:
    for actor in (*mention.sources, *mention.targets, *mention.claimants):
        yield from _offices(actor, published)
        yield from _of_words("organisations", "country", actor, "name", "aliases")
        yield from _of_words("countries", "iso3", actor, "name", "aliases")
        yield from _of_words("demonyms", "iso3", actor, "demonyms")
        yield from _of_words("capitals", "iso3", actor, "name")
    if mention.where:
        keys = {fold(mention.where.name), fold(mention.where.span.text)}
        yield from (TableRow("regions", row) for row in rows("regions") if keys & _called(row, "name", "aliases"))
        if mention.where.country and mention.where.place_id == mention.where.country:
            yield from _where("countries", iso3=mention.where.country)


def _offices(actor: Actor, published: date | None) -> Iterator[TableRow]:
    """The offices that someone of this name held in the month of the report, for the actor's country."""
    names, month = {fold(actor.name), fold(actor.text)}, f"{published:%Y-%m}" if published else None
    for row in rows("offices"):
        held = month is None or (row["from"] or month) <= month <= (row["to"] or month)
        if row["country"] == actor.country and held and names & _called(row, "holder", "aliases"):
            yield TableRow("offices", row)


def _of_words(table: str, country: str, actor: Actor, *columns: str) -> Iterator[TableRow]:
    """Rows of the actor's country one of whose names stands in the actor's words or name."""
    told = f" {fold(actor.text)} | {fold(actor.name)} "
    for row in rows(table):
        if row[country] == actor.country and any(f" {name} " in told for name in _called(row, *columns)):
            yield TableRow(table, row)


def _called(row: dict[str, str], *columns: str) -> set[str]:
    return {fold(name) for column in columns for name in row[column].split("|") if name}
