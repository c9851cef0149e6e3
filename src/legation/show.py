"""Mentions for people (blocks and tables) and for machines (JSON and CSV).

What goes to a terminal is coloured and fits it; what goes to a file or a pipe is plain and never cut.
"""

import csv
import json
import sys
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from legation.schema import UNKNOWN, Actor, Event, Mention, Party, Place, Report, Span, When, Where
from legation.store import from_row

_UNCUT = 1_000_000  # columns of a "terminal" that is none
_STYLES = {"sources": "cyan", "targets": "magenta", "claimants": "blue", "when": "yellow", "where": "green"}
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "\N{REPLACEMENT CHARACTER}") | dict.fromkeys(b"\t\n\r", " ")
_CSV_COLUMNS = (
    "mention_id", "report_id", "published", "publisher", "url", "title", "deed", "modes", "status", "plover",
    "cameo", "quad", "goldstein", "contexts", "source", "source_country", "source_sectors", "source_id",
    "target", "target_country", "target_sectors", "target_id", "claimant", "claimant_country",
    "claimant_sectors", "claimant_id", "start", "end", "precision", "basis", "place", "country", "admin1",
    "lat", "lon", "place_id", "killed", "injured", "confidence", "trigger", "trigger_start", "sentence",
    "sentence_start", "coder",
)  # fmt: skip


def console(file: TextIO | None = None) -> Console:
    """A console on `file`, standard output by default; read afresh, as the command line may have replaced it."""
    file = file or sys.stdout
    shown = file.isatty()
    return Console(file=file, force_terminal=shown, width=None if shown else _UNCUT, highlight=False, emoji=False)


# For machines. ----------------------------------------------------------------------------------------------------


def as_json(row: Mapping[str, Any]) -> str:
    """One line of JSON, dates in ISO form. Half a surrogate pair, which no encoding can write, stays an escape."""
    line = json.dumps(row, ensure_ascii=False, default=lambda value: value.isoformat())
    return line.encode("utf-8", "backslashreplace").decode()


def write_csv(rows: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Rows of Store.mentions, one line each; members of a list are joined by "; ", an actor's fields are columns."""
    writer = csv.DictWriter(file, _CSV_COLUMNS)
    writer.writeheader()
    writer.writerows(dict(_flat(from_row(Mention, row), row)) for row in rows)


def _flat(mention: Mention, row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from (("mention_id", mention.mention_id), ("report_id", mention.report_id))
    yield from ((name, row[name]) for name in ("published", "publisher", "url", "title"))
    yield from (("deed", mention.deed), ("modes", "; ".join(mention.modes)), ("status", mention.status))
    yield from ((name, getattr(mention, name)) for name in ("plover", "cameo", "quad", "goldstein"))
    yield "contexts", "; ".join(mention.contexts)
    for role, actors in (("source", mention.sources), ("target", mention.targets), ("claimant", mention.claimants)):
        yield role, "; ".join(actor.name for actor in actors)
        yield f"{role}_country", "; ".join(actor.country for actor in actors)
        yield f"{role}_sectors", "; ".join(" ".join(actor.sectors) for actor in actors)
        yield f"{role}_id", "; ".join(actor.actor_id or "" for actor in actors)
    when, where = mention.when or When(None, None, None, None, ""), mention.where
    yield from (("start", when.start), ("end", when.end), ("precision", when.precision), ("basis", when.basis))
    yield "place", where.name if where else None
    yield from ((name, getattr(where, name, None)) for name in ("country", "admin1", "lat", "lon", "place_id"))
    yield from ((name, getattr(mention, name)) for name in ("killed", "injured", "confidence"))
    yield from (("trigger", mention.trigger.text), ("trigger_start", mention.trigger.start))
    yield from (
        ("sentence", mention.sentence.text),
        ("sentence_start", mention.sentence.start),
        ("coder", mention.coder),
    )


# For people. ------------------------------------------------------------------------------------------------------


def report(told: Report, mentions: Sequence[Mention], to: Console) -> None:
    """A report's heading, then a block for each of its mentions."""
    source = " · ".join(str(value) for value in (told.publisher, told.published, told.url) if value)
    to.print(Text(_plain(told.title or told.report_id), style="bold"))
    to.print(Text(_plain(source or "no publisher or date given"), style="dim"))
    to.print()
    for mention in mentions:
        block(mention, told.published, to)
    if not mentions:
        to.print("  no deed found\n")


def block(mention: Mention, published: date | None, to: Console) -> None:
    """One mention: what, who to whom, when, where, according to whom, how sure, and its sentence."""
    counts = [f"{n} {name}" for name, n in (("killed", mention.killed), ("injured", mention.injured)) if n is not None]
    head = Text(" · ").join([Text(deed(mention), style="bold"), Text(mention.status), *map(Text, counts)])
    to.print(head + Text(f"  {mention.confidence:.2f}", style="dim"))
    rows = {
        "who": Text(" → ").join([_actors(mention.sources, "sources"), _actors(mention.targets, "targets")]),
        "when": Text(when(mention.when, published), style=_STYLES["when"]),
        "where": Text(where(mention.where), style=_STYLES["where"]),
        "says": _actors(mention.claimants, "claimants", nobody=""),
    }
    for name, value in rows.items():
        if value:
            to.print(Text(f"  {name:7}", style="dim") + value)
    told = sentence(mention, to.is_terminal)
    to.print(Padding(told, (0, 0, 0, 2)) if to.is_terminal else Text("  ") + told)
    to.print()


def table(rows: Iterable[Mapping[str, Any]], to: Console) -> None:
    """Rows of Store.mentions as a table: on a terminal the most telling columns, elsewhere all, as wide as they are."""
    mentions = [(from_row(Mention, row), row["published"]) for row in rows]
    if not to.is_terminal:
        _print_columns([_HEAD, *(_cells(mention, published) for mention, published in mentions)], to)
        return
    shown = Table("When", "Deed", "Who → whom", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    shown.columns[0].max_width, shown.columns[2].max_width = len("2024-05-14 to"), max(16, to.width // 4)
    shown.add_column("Sentence", ratio=1)
    for mention, published in mentions:
        who = Text(" → ").join([_actors(mention.sources, "sources"), _actors(mention.targets, "targets")])
        deed_status = Text(deed(mention), style="bold") + Text(
            f"\n{mention.status}\n{mention.confidence:.2f}", style="not bold"
        )
        shown.add_row(when(mention.when, published), deed_status, who, sentence(mention, True))
    to.print(shown)


def events(told: Sequence[Event], to: Console) -> None:
    """Events as a table, one line each."""
    head = ["When", "Deed", "Status", "Source", "Target", "Where", "Reports", "Publishers", "Disagree on", "Event"]
    rows = [_event_cells(event) for event in told]
    if not to.is_terminal:
        _print_columns([head, *rows], to)
        return
    shown = Table(*head, box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    to.print(shown)


def _event_cells(event: Event) -> list[str]:
    days = _interval(event.start, event.end) if event.start and event.end else ""
    reported = f"reported {event.first_reported}" if event.first_reported else ""
    sides = (_plain("; ".join(map(_actor, actors)) or "—") for actors in (event.sources, event.targets))
    disputed = _plain(", ".join(d.field for d in event.disagreements))
    counts = (str(event.reports), str(event.publishers))
    first = reported if event.basis == "report" or not days else days
    return [first, deed(event), event.status, *sides, where(event.where), *counts, disputed, event.event_id]


_HEAD = ["When", "Deed", "Status", "Source", "Target", "Where", "Claimant", "Conf.", "Sentence"]


def _cells(mention: Mention, published: date | None) -> list[str]:
    sources, targets, claimants = (
        _actors(getattr(mention, role), role, nobody="").plain for role in ("sources", "targets", "claimants")
    )
    days, place, sure = when(mention.when, published), where(mention.where), f"{mention.confidence:.2f}"
    told = sentence(mention, False).plain
    return [days, deed(mention), mention.status, sources, targets, place, claimants, sure, told]


def _print_columns(rows: Sequence[Sequence[str]], to: Console) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        to.print(Text(_plain(line).rstrip()))


def deed(mention: Mention | Event) -> str:
    """CONSULT/visit"""
    return _plain("/".join((mention.deed, *mention.modes)))


def when(told: When | None, published: date | None) -> str:
    """The days in their shortest form; where they could not be resolved, the words; else the report's date."""
    if told is None or told.start is None or told.end is None:
        words = f"“{_plain(told.span.text)}”" if told and told.span else ""
        return words or (f"published {published}" if published else "")
    days = _interval(told.start, told.end)
    return f"published {days}" if told.basis == "report" else days


def _interval(start: date, end: date) -> str:
    last = monthrange(end.year, end.month)[1]
    if start == end:
        return f"{start}"
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31) and start.year == end.year:
        return f"{start}"[:4]
    if (start.year, start.month, start.day, end.day) == (end.year, end.month, 1, last):
        return f"{start}"[:7]
    return f"{start} to {end}"


def where(told: Where | Place | None) -> str:
    """Aleppo, Aleppo, SYR"""
    if told is None:
        return ""
    admin1 = told.admin1 if told.admin1 != told.name else None
    return _plain(", ".join(filter(None, (told.name, admin1, told.country))))


def _actors(actors: Sequence[Actor], role: str, nobody: str = "—") -> Text:
    return Text(_plain("; ".join(map(_actor, actors)) or nobody), style=_STYLES[role])


def _actor(actor: Actor | Party) -> str:
    code = " ".join((actor.country, *actor.sectors))
    return f"{actor.name} ({code})" if code != UNKNOWN else actor.name


def sentence(mention: Mention, coloured: bool) -> Text:
    """The sentence with the words of each field marked in its colour; without colours, the trigger between « and »."""
    shown = Text(_plain(mention.sentence.text))
    start = mention.trigger.start - mention.sentence.start
    end = start + len(mention.trigger.text)
    if not coloured:
        return shown[:start] + Text("«") + shown[start:end] + Text("»") + shown[end:]
    for role, span in _spans(mention):
        at = span.start - mention.sentence.start
        if at >= 0 and span.end <= mention.sentence.end:
            shown.stylize(_STYLES[role], at, span.end - mention.sentence.start)
    shown.stylize("bold reverse", start, end)
    return shown


def _spans(mention: Mention) -> Iterator[tuple[str, Span | Actor]]:
    for role in ("sources", "targets", "claimants"):
        yield from ((role, actor) for actor in getattr(mention, role))
    if mention.when and mention.when.span:
        yield "when", mention.when.span
    if mention.where:
        yield "where", mention.where.span


def _plain(text: str) -> str:
    """As many characters, none of which moves the cursor: a report must not write to a terminal as it likes."""
    return text.translate(_CONTROLS)
