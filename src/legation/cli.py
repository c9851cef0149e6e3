"""The command line. Exit codes: 0 done; 1 nothing could be done with the input; 2 wrong usage; 130 stopped by Ctrl-C.

What takes long to import is imported inside the commands, so that --help answers at once.
"""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from legation import __version__
from legation.schema import DEEDS, STATUSES, Mention, Reject, Report

if TYPE_CHECKING:
    from legation.runner import Codes, Tally
    from legation.store import Store

INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell reports for SIGINT and SIGPIPE
TABLE_ROWS = 50
TOLD_REJECTS = 10


class Commands(click.Group):
    """A group that ends in one line on Ctrl-C and on a full disk, and quietly when nobody reads on (| head)."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click.Group does, but for these ends. A file error that names no file is of standard output: it alone was
        open before."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            click.echo("legation: stopped", err=True)
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.filename is None:  # or the flush at exit fails once more
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                ctx.exit(BROKEN_PIPE)
            _fail(f"{error.filename or 'standard output'}: {error.strerror}")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="legation")
def main() -> None:
    """Read news reports and code who did what to whom, when, where, according to whom, and whether it happened.

    \b
    Examples:
      legation read report.txt                      the deeds of one report, in its sentences
      legation run archive/ feed.xml --store news   code many reports and keep them
      legation events --store news --actor PRK      ask what was kept
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


# A few reports. ---------------------------------------------------------------------------------------------------


@main.command()
@click.argument("source", metavar="IN.jsonl")
@click.option("--out", default="-", metavar="OUT.jsonl", help="Where to write; - (the default) is standard output.")
def code(source: str, out: str) -> None:
    """Code JSON lines of reports into JSON lines of mentions.

    There is one line of output for every line of input, in the same order. A line of IN.jsonl (- is standard input)
    holds {"id", "text"} and, where known, "published" (YYYY-MM-DD), "title", "publisher" and "url". Written is {"id",
    "mentions": [...]}; offsets are characters of "text", end exclusive. A line that cannot be read or coded has an
    "error" in the output, and no mentions.

    \b
    Examples:
      legation code reports.jsonl --out coded.jsonl
      echo '{"id": 1, "text": "Peru and Chile will hold talks on Friday."}' | legation code -
      legation code reports.jsonl | jq -c '.mentions[] | [.deed, .status, .trigger.text]'
    """
    if "-" not in (source, out) and Path(out).exists() and Path(source).exists() and Path(out).samefile(source):
        raise click.UsageError(f"--out would overwrite its own input, {source}: name another file")
    from legation.coder import Coder
    from legation.ingest import code_inputs
    from legation.show import as_json

    coded = 0
    with _writing(out) as file, _bar(_count_lines(source), beside=file) as show:
        coder = Coder()
        for done, (given, item) in enumerate(code_inputs(_lines(source), source), start=1):
            line = _coded_line(coder, given, item)
            coded += "error" not in line
            print(as_json(line), file=file, flush=source == "-")
            show(done, f"{done:,} reports")
    if not coded:
        _fail(f"{source}: no line of it could be coded; each is to be a JSON object with an id and a text")


def _coded_line(coder: "Codes", given: str | int | None, item: Report | Reject) -> dict[str, object]:
    from legation.runner import code_one
    from legation.store import to_row

    result = code_one(coder, item) if isinstance(item, Report) else item
    if isinstance(result, Reject):
        _warn(result)
        return {"id": given, "mentions": [], "error": result.reason}
    return {"id": given, "mentions": [to_row(mention) for mention in result]}


@main.command()
@click.argument("sources", metavar="PATH_OR_URL...", nargs=-1, required=True)
@click.option("--json", "machine", is_flag=True, help="One JSON line for each report, with its mentions.")
def read(sources: tuple[str, ...], machine: bool) -> None:
    """Show the deeds that a few reports tell.

    A source is a file (text, HTML, a feed, JSON lines, CSV, Parquet, WARC), a folder of them, or an http(s) address.
    For each deed: its status, how sure the coder is, who to whom, when, where, and according to whom. On a terminal the
    words of each field have its colour; elsewhere the words that name the deed stand between « and ».

    \b
    Examples:
      legation read report.txt
      legation read https://news.example/story.html
      legation read --json story.html | jq '.mentions[].deed'
    """
    from legation import ingest, show
    from legation.clean import prepared
    from legation.coder import Coder
    from legation.runner import code_one
    from legation.store import to_row

    coder, to, shown = Coder(), show.console(), 0
    for source, found in ((given, item) for given in sources for item in ingest.reports(given)):
        report = prepared(found) if isinstance(found, Report) else found
        result = code_one(coder, report) if isinstance(report, Report) else report
        if isinstance(report, Reject) or isinstance(result, Reject):
            _warn(_named(source, found, result))
            continue
        shown += 1
        if machine:
            print(show.as_json({**to_row(report), "mentions": [to_row(mention) for mention in result]}))
        else:
            show.report(report, result, to)
    if not shown:
        _fail(f"nothing could be read and coded in {', '.join(sources)}")


def _named(source: str, found: Report | Reject, result: object) -> Reject:
    """The reject under a name that a person knows: that of the source, where the report has no address of its own."""
    assert isinstance(result, Reject)
    unnamed = isinstance(found, Report) and result.source == found.report_id
    return replace(result, source=f"{source} ({result.source})") if unnamed else result


# A store. ---------------------------------------------------------------------------------------------------------


def _store_option(exists: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    words = "The store to read." if exists else "The store to keep all in; made where there is none."
    return click.option("--store", "folder", required=True, metavar="DIR", help=words,
                        type=click.Path(exists=exists, file_okay=False))  # fmt: skip


@main.command()
@click.argument("sources", metavar="SOURCES...", nargs=-1, required=True)
@_store_option(exists=False)
@click.option("--workers", type=click.IntRange(1), help="Processes that code.  [default: one for each processor]")
def run(sources: tuple[str, ...], folder: str, workers: int | None) -> None:
    """Code many reports and keep them in a store.

    Sources are files, folders and http(s) addresses, as for `legation read`.
    Reports that the store holds already are left alone, so a run may be repeated, or taken up again after Ctrl-C. What
    cannot be read or coded is among the store's rejects, with the reason. Repeats of another report are kept and
    marked; word for word, they are not coded again.

    \b
    Examples:
      legation run reports.jsonl --store news
      legation run archive/ 2024.warc.gz https://news.example/feed.xml --store news
      legation rejects --store news
    """
    place = Path(folder).resolve()
    for source in sources:
        if Path(source).resolve() in (place, *place.parents):
            raise click.UsageError(f"the store {folder} lies in the source {source} and would be read too: move it out")
    from legation import runner
    from legation.coder import Coder

    started, rejects = time.monotonic(), 0

    def tell(reject: Reject) -> None:
        nonlocal rejects
        rejects += 1
        if rejects <= TOLD_REJECTS:
            _warn(reject)
        elif rejects == TOLD_REJECTS + 1:
            click.echo(f"legation: further rejects are listed by: legation rejects --store {folder}", err=True)

    try:
        with _stored(folder) as store, _progress() as progress:
            tally = runner.run(sources, store, workers=workers, progress=progress, rejected=tell, coder=Coder)
    except KeyboardInterrupt:
        click.echo(f"legation: {folder} keeps what is finished; the same command goes on from there", err=True)
        raise
    click.echo(_summary(tally, time.monotonic() - started))
    if not tally.reports + tally.known:
        _fail(f"no report could be read and coded in {', '.join(sources)}")


def _summary(tally: "Tally", seconds: float) -> str:
    return (
        f"{tally.reports:,} reports, {tally.duplicates:,} of them duplicates, {tally.foreign:,} not in English; "
        f"{tally.mentions:,} mentions; "
        f"{tally.known:,} reports known before; {tally.rejects:,} rejects; "
        f"{tally.sentences:,} sentences in {seconds:,.1f} s ({tally.sentences / seconds:,.0f} a second)"
    )


@main.command()
@_store_option(exists=True)
@click.option("--actor", help='A source or target: "PRK", "PRK GOV", an actor_id, or words of a name.')
@click.option("--dyad", nargs=2, metavar="ACTOR ACTOR", help="Two such actors, in either direction or meeting.")
@click.option("--deed", type=click.Choice(DEEDS, case_sensitive=False), metavar="DEED", help=", ".join(DEEDS) + ".")
@click.option("--status", type=click.Choice(STATUSES), help="Whether it happened.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Deeds of this day or later.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Deeds of this day or earlier.")
@click.option("--limit", type=click.IntRange(1), help=f"At most so many.  [default: {TABLE_ROWS} in a table, else all]")
@click.option("--json", "form", flag_value="json", help="One JSON line for each mention.")
@click.option("--csv", "form", flag_value="csv", help="A CSV table, one line for each mention.")
def events(
    folder: str,
    actor: str | None,
    dyad: tuple[str, str] | None,
    deed: str | None,
    status: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    form: str | None,
) -> None:
    """List the mentions of a store, the latest first.

    The days of --since and --until are included. A deed is found where the interval told for it touches them; where its
    text tells no time, the day of publication stands for it.

    \b
    Examples:
      legation events --store news --actor PRK --since 2024-01-01
      legation events --store news --dyad RUS UKR --deed ASSAULT --status actual
      legation events --store news --actor "USA MIL" --csv > us-military.csv
    """
    from legation import show
    from legation.store import from_row, to_row

    first, last = _day(since), _day(until)
    rows = limit if form or limit is not None else TABLE_ROWS + 1
    with _stored(folder) as store:
        found = store.mentions(
            actor=actor, dyad=dyad, deed=deed, status=status, since=first, until=last, limit=rows
        ).to_pylist()
    if form == "json":
        for row in found:
            print(show.as_json(row | to_row(from_row(Mention, row))))
    elif form == "csv":
        show.write_csv(found, sys.stdout)
    else:
        show.table(found if limit is not None else found[:TABLE_ROWS], show.console())
        if limit is None and len(found) > TABLE_ROWS:
            click.echo(
                f"legation: these are the latest {TABLE_ROWS}; see more with --limit, or all with --csv", err=True
            )
    if not found:
        click.echo("legation: no mention passes these filters", err=True)


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


@main.command()
@_store_option(exists=True)
@click.option("--json", "machine", is_flag=True, help="One JSON line for each.")
def rejects(folder: str, machine: bool) -> None:
    """List what could not be read or coded, and why.

    \b
    Examples:
      legation rejects --store news
      legation rejects --store news --json | jq -r .reason | sort | uniq -c
    """
    from legation.show import as_json

    with _stored(folder) as store:
        found = store.query("SELECT source, line, reason FROM rejects ORDER BY ALL").to_pylist()
    for row in found:
        place = row["source"] if row["line"] is None else f"{row['source']}, line {row['line']}"
        print(as_json(row) if machine else f"{place}: {row['reason']}")


# Files, messages, progress. ---------------------------------------------------------------------------------------


def _lines(source: str) -> Iterator[bytes]:
    try:
        with sys.stdin.buffer if source == "-" else Path(source).open("rb") as file:
            yield from file
    except OSError as error:
        _fail(f"{source} cannot be read: {error.strerror}")


def _count_lines(source: str) -> int | None:
    """Lines of a file, to show how far it is coded; None of what can be read only once."""
    if not Path(source).is_file():
        return None
    with Path(source).open("rb") as file:
        return sum(1 for _ in file)


@contextlib.contextmanager
def _writing(out: str) -> Iterator[TextIO]:
    """A file that appears under its name when it is whole, and replaces what was there only then."""
    if out == "-":
        yield sys.stdout
        return
    path, draft = Path(out), Path(out)
    if path.is_file() or not path.exists():  # a device or a pipe is no file to replace
        path = path.resolve()
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        if draft != path:
            draft.replace(path)
    except OSError as error:
        if error.filename not in (None, str(draft)) or isinstance(error, BrokenPipeError):
            raise
        _fail(f"{out} cannot be written: {error.strerror}")
    finally:
        if draft != path:
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _stored(folder: str) -> "Iterator[Store]":
    import duckdb

    from legation.store import Store, StoreError

    try:
        yield Store(folder)
    except StoreError as error:
        _fail(str(error))
    except (duckdb.Error, OSError) as error:
        _fail(f"{folder}: {error}")


@contextlib.contextmanager
def _progress() -> "Iterator[Callable[[Tally], None]]":
    """What shows a tally on a terminal as it grows; the bar only pulses, since nobody knows how much is to come."""
    with _bar(None) as show:

        def update(tally: "Tally") -> None:
            counts = {n: getattr(tally, n) for n in ("reports", "known", "rejects", "mentions", "sentences")}
            show(None, " · ".join(f"{count:,} {name}" for name, count in counts.items()))

        yield update


@contextlib.contextmanager
def _bar(total: int | None, beside: TextIO | None = None) -> "Iterator[Callable[[int | None, str], None]]":
    """A progress bar on the terminal, which the yielded function sets to so many of `total`; none where what is
    written to `beside` appears on the terminal too, and none to a file."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    console = Console(stderr=True)
    shown = console.is_terminal and not (beside and beside.isatty())
    with Progress(*columns, console=console, disable=not shown, transient=True) as bar:
        task = bar.add_task("reading …", total=total)
        yield lambda done, text: bar.update(task, completed=done, description=text)


def _warn(reject: Reject) -> None:
    line = "" if reject.line is None else f", line {reject.line}"
    click.echo(f"legation: {reject.source}{line}: {reject.reason}", err=True)


def _fail(message: str) -> NoReturn:
    click.echo(f"legation: {message}", err=True)
    sys.exit(1)
