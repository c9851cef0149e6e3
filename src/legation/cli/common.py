"""What the commands share: the group itself, options, files, messages and progress."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from legation.schema import DEEDS, STATUSES, Reject

if TYPE_CHECKING:
    from legation.runner import Tally
    from legation.store import Store

Filters = dict[str, Any]

INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell reports for SIGINT and SIGPIPE


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
            fail(f"{error.filename or 'standard output'}: {error.strerror}")


def store_option(exists: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    words = "The store to read." if exists else "The store to keep all in; made where there is none."
    return click.option("--store", "folder", required=True, metavar="DIR", help=words,
                        type=click.Path(exists=exists, file_okay=False))  # fmt: skip


_DAY = click.DateTime(["%Y-%m-%d"])


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Options that choose mentions or events; the command gets them as `chosen`, keyword arguments of the store."""
    options = (
        click.option("--actor", help='A source or target: "PRK", "PRK GOV", an actor_id, or words of a name.'),
        click.option("--dyad", nargs=2, metavar="ACTOR ACTOR", help="Two such actors, in either direction or meeting."),
        click.option("--deed", type=click.Choice(DEEDS, case_sensitive=False), metavar="DEED",
                     help=", ".join(DEEDS) + "."),
        click.option("--status", type=click.Choice(STATUSES), help="Whether it happened."),
        click.option("--since", type=_DAY, metavar="YYYY-MM-DD", help="Deeds of this day or later."),
        click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help="Deeds of this day or earlier."),
    )  # fmt: skip

    @functools.wraps(command)
    def with_chosen(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in ("actor", "dyad", "deed", "status", "since", "until")}
        command(chosen=chosen | {name: day(chosen[name]) for name in ("since", "until")}, **given)

    for option in reversed(options):
        with_chosen = option(with_chosen)
    return with_chosen


def day(given: datetime | None) -> date | None:
    return given.date() if given else None


# Files, messages, progress. ---------------------------------------------------------------------------------------


def lines(source: str) -> Iterator[bytes]:
    try:
        with sys.stdin.buffer if source == "-" else Path(source).open("rb") as file:
            yield from file
    except OSError as error:
        fail(f"{source} cannot be read: {error.strerror}")


def count_lines(source: str) -> int | None:
    """Lines of a file, to show how far it is coded; None of what can be read only once."""
    if not Path(source).is_file():
        return None
    with Path(source).open("rb") as file:
        return sum(1 for _ in file)


@contextlib.contextmanager
def writing(out: str) -> Iterator[TextIO]:
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
        fail(f"{out} cannot be written: {error.strerror}")
    finally:
        if draft != path:
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def stored(folder: str) -> "Iterator[Store]":
    import duckdb

    from legation.store import Store, StoreError

    try:
        yield Store(folder)
    except StoreError as error:
        fail(str(error))
    except (duckdb.Error, OSError) as error:
        fail(f"{folder}: {error}")


@contextlib.contextmanager
def progress() -> "Iterator[Callable[[Tally], None]]":
    """What shows a tally on a terminal as it grows; the bar only pulses, since nobody knows how much is to come."""
    with bar(None) as show:

        def update(tally: "Tally") -> None:
            counts = {n: getattr(tally, n) for n in ("reports", "known", "rejects", "mentions", "sentences")}
            show(None, " · ".join(f"{count:,} {name}" for name, count in counts.items()))

        yield update


@contextlib.contextmanager
def bar(total: int | None, beside: TextIO | None = None) -> "Iterator[Callable[[int | None, str], None]]":
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


def warn(reject: Reject) -> None:
    line = "" if reject.line is None else f", line {reject.line}"
    click.echo(f"legation: {reject.source}{line}: {reject.reason}", err=True)


def fail(message: str) -> NoReturn:
    click.echo(f"legation: {message}", err=True)
    sys.exit(1)
