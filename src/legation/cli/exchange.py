"""Commands that bring events into a store from published tables, and take them out for other programs."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.common import Filters, bar, fail, filters, store_option, stored, warn, writing
from legation.schema import STATUSES

if TYPE_CHECKING:
    from legation.store import Store

TEXTS = ("gdelt", "gdelt-mentions", "icews", "polecat", "csv", "geojson")
SHOWN_REJECTS = 10


def _statuses(command: Callable[..., None]) -> Callable[..., None]:
    """--status, as often as there are statuses, in the place of the single one that `filters` gives."""
    given = command.__click_params__  # type: ignore[attr-defined]
    given[:] = [parameter for parameter in given if parameter.name != "status"]
    words = "Events of this status; may be given several times.  [default: actual, historical]"
    return click.option("--status", multiple=True, type=click.Choice(STATUSES), help=words)(command)


@click.command()
@store_option(exists=True)
@click.option("--format", "form", required=True, type=click.Choice([*TEXTS, "parquet", "datapackage"]))
@click.option("--out", default="-", metavar="PATH", help="The file, or new folder of a data package.  [default: -]")
@_statuses
@filters
def export(folder: str, form: str, out: str, chosen: Filters) -> None:
    """Write the events of a store for other programs.

    Only what happened is written unless --status says otherwise: most formats cannot tell a plan or a denial from a
    deed. An event of several sources or targets is one row for each pair in gdelt, icews and polecat, and all its rows
    have its id. Events that a format cannot tell are counted on standard error.

    \b
    Examples:
      legation export --store news --format icews --out news.tab
      legation export --store news --format geojson --deed PROTEST --since 2024-01-01 > protests.geojson
      legation export --store news --format datapackage --out news-package
      legation export --store news --format parquet --status actual --status future --out events.parquet
    """
    if form not in TEXTS and out == "-":
        raise click.UsageError(f"{form} cannot be written to standard output; say where with --out")
    from legation import export

    statuses = chosen.pop("status") or export.HAPPENED
    with stored(folder) as store:
        events = export.select(store, statuses, **chosen)
        if form == "datapackage":
            with _whole(out, is_folder=True) as draft:
                written = export.write_package(events, draft)
        elif form == "parquet":
            with _whole(out, is_folder=False) as draft:
                written = export.write_parquet(events, draft)
        else:
            with writing(out) as file:
                written = export.write_text(store, events, form, file, statuses)
    for reason, count in sorted(written.left_out.items()):
        click.echo(f"legation: {count:,} events left out, which {form} cannot tell: {reason}", err=True)
    if not written.events:
        click.echo("legation: no event was written; see what there is with legation events", err=True)


@contextlib.contextmanager
def _whole(out: str, is_folder: bool) -> Iterator[Path]:
    """A draft beside the file or folder that it becomes when it is whole."""
    path = Path(out).resolve()
    if is_folder and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        fail(f"{out} exists; name a new or empty folder")
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        if is_folder:
            draft.mkdir()
        yield draft
        if is_folder and path.exists():
            path.rmdir()
        draft.replace(path)
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror or error}")
    finally:
        if draft.is_dir():
            shutil.rmtree(draft)
        else:
            draft.unlink(missing_ok=True)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILES...")
@store_option(exists=False)
@click.option("--format", "form", required=True, type=click.Choice(["icews", "polecat", "gdelt"]))
def import_(files: tuple[Path, ...], folder: str, form: str) -> None:
    """Read published tables of events into a store, as they are or as .zip.

    icews: the tab separated tables of ICEWS; polecat: those of POLECAT; gdelt: the *.export.CSV of GDELT 2.0. All their
    events are actual, with the archive as their origin. Importing a file again replaces what it brought before. Lines
    that cannot be read are kept as rejects with their numbers.

    \b
    Examples:
      legation import events.2014.tab.zip --store archive --format icews
      legation import ngecEvents.*.txt --store archive --format polecat
      legation export --store archive --format csv --out archive.csv
    """
    with stored(folder) as store:
        events = [_imported(store, path, form) for path in files]
    if not all(events):
        fail("not every file could be imported; what could be read is in the store")


def _imported(store: "Store", path: Path, form: str) -> int:
    """The number of events that a file brought; what was wrong with it is told on the way."""
    from legation.archives import ArchiveError, import_table

    try:
        with bar(None) as show:
            done = import_table(store, path, form, lambda lines: show(None, f"{path.name}: {lines:,} lines"))
    except ArchiveError as error:
        click.echo(f"legation: {error}", err=True)
        return 0
    except OSError as error:
        if error.filename is None or Path(error.filename) != path:
            raise
        click.echo(f"legation: {path} cannot be read: {error.strerror}", err=True)
        return 0
    for reject in done.rejects[:SHOWN_REJECTS]:
        warn(reject)
    if len(done.rejects) > SHOWN_REJECTS:
        more = len(done.rejects) - SHOWN_REJECTS
        click.echo(f"legation: {path}: {more:,} more rejects; see legation rejects --store {store.path}", err=True)
    click.echo(f"legation: {path}: {done.lines:,} lines, {done.events:,} events", err=True)
    return done.events


COMMANDS = (export, import_)
