"""Commands that watch sources around the clock: watch, sources."""

import json
import signal
import time
from datetime import UTC, datetime
from typing import Any

import click

from legation.cli.common import INTERRUPTED, fail, store_option, stored
from legation.cli.views import _table


@click.command()
@click.argument("plan", metavar="SOURCES.toml")
@store_option(exists=False)
@click.option("--workers", type=click.IntRange(1), help="Processes that code.  [default: one for each processor]")
def watch(plan: str, folder: str, workers: int | None) -> None:
    """Watch feeds and sitemaps around the clock, and code what they link to.

    SOURCES.toml names a user agent, whom the owner of a server can turn to, and the feeds (RSS, Atom) and sitemaps to
    poll. Pages are fetched within the robots.txt of their host and with a pause between requests; every few minutes
    those that came are coded, kept and merged. Ctrl-C or SIGTERM ends it within a moment; the same command goes on from
    there, and loses or doubles nothing. Addresses that are not public are fetched only from the host of a source with
    allow_private = true.

    \b
    A SOURCES.toml:
      agent = "example-desk"
      contact = "desk@news.example"
      [[source]]
      url = "https://news.example/feed.xml"

    \b
    Examples:
      legation watch sources.toml --store news
      legation sources --store news
      legation events --store news --since 2024-05-01
    """
    import sqlite3

    from legation.watch import SourcesError, StateError, Watcher, read_plan

    try:
        told = read_plan(plan)
    except SourcesError as error:
        fail(str(error))
    with stored(folder) as store:
        watcher = Watcher(told, store, workers=workers, tell=_tell)
        got: list[int] = []

        def stop(number: int, frame: object) -> None:
            got.append(number)
            watcher.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        _tell(f"watching {len(told.sources):,} sources for {folder}")
        try:
            watcher.run()
        except (StateError, sqlite3.Error) as error:
            fail(str(error))
    click.echo(f"legation: stopped; the same command goes on from here, and {folder} keeps what is finished", err=True)
    if signal.SIGINT in got:
        raise SystemExit(INTERRUPTED)


def _tell(line: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}")


@click.command()
@store_option(exists=True)
@click.option("--json", "machine", is_flag=True, help="One JSON line for each address that is polled.")
def sources(folder: str, machine: bool) -> None:
    """Show how the sources that are watched for a store do: last success, next try, and what is wrong.

    Times are in UTC. A sitemap that an index lists is shown where it fails; --json has them all.

    \b
    Examples:
      legation sources --store news
      legation sources --store news --json | jq -r 'select(.reason) | [.address, .reason] | @tsv'
    """
    import sqlite3
    from contextlib import closing

    from legation.watch import State, StateError

    with stored(folder) as store:
        place = store.path / "watch"
        if not (place / "state.sqlite").exists():
            fail(f"{folder} is not watched yet: legation watch SOURCES.toml --store {folder}")
        try:
            with closing(State(place)) as state:
                found, facts, waiting = state.sources(), state.facts(), state.spooled()[0]
        except (StateError, sqlite3.Error) as error:
            fail(str(error))
    rows = [_row(row) for row in found]
    if machine:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    shown = [row for row in rows if row["reason"] or row["address"] == row["source"]]
    _table(list(_COLUMNS.values()), [[row[name] for name in _COLUMNS] for row in shown])
    last = f"last part {_moment(facts['last_part'])}" if facts.get("last_part") else "no part yet"
    click.echo(f"{waiting:,} pages fetched and not coded yet; {last}")
    if facts.get("failing"):
        click.echo(f"legation: coding failed: {facts['failing']}", err=True)


_COLUMNS = {
    "address": "Source", "name": "Name", "last_success": "Last success", "next_try": "Next try",
    "waiting": "Waiting", "fetched": "Fetched", "reason": "What is wrong",
}  # fmt: skip
_TIMES = ("last_try", "last_success", "next_try")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _moment(value) if name in _TIMES else value for name, value in row.items()}


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


COMMANDS = (watch, sources)
