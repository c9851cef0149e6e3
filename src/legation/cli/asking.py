"""Commands that list what a store holds: events, mentions, rejects."""

import sys

import click

from legation.cli.common import Filters, filters, store_option, stored
from legation.schema import Event, Mention

TABLE_ROWS = 50


@click.command()
@store_option(exists=True)
@filters
@click.option("--limit", type=click.IntRange(1), help=f"At most so many.  [default: {TABLE_ROWS} in a table, else all]")
@click.option("--json", "machine", is_flag=True, help="One JSON line for each event, with its tellings.")
def events(folder: str, chosen: Filters, limit: int | None, machine: bool) -> None:
    """List the events of a store, the latest first.

    An event is all mentions of one deed, in whatever reports. The days of --since and --until are included; an event is
    found where its days touch them, or where no day is told, its first report. `legation mentions --event` shows the
    sentences that tell it, `legation export` writes tables.

    \b
    Examples:
      legation events --store news --actor PRK --since 2024-01-01
      legation events --store news --dyad RUS UKR --deed ASSAULT --status actual
      legation events --store news --json | jq 'select(.publishers > 2) | .disagreements'
    """
    from legation import show
    from legation.store import from_row, to_row

    rows = limit if machine or limit is not None else TABLE_ROWS + 1
    with stored(folder) as store:
        found = store.events(**chosen, limit=rows).to_pylist()
        pending = len(store.unmerged())
    if machine:
        for row in found:
            print(show.as_json(to_row(from_row(Event, row))))
    else:
        show.events([from_row(Event, row) for row in _shown(found, limit)], show.console())
    if not found:
        click.echo("legation: no event passes these filters", err=True)
    if pending:
        click.echo(f"legation: {pending} parts are not merged into them yet: legation merge --store {folder}", err=True)


def _shown(found: list[dict[str, object]], limit: int | None) -> list[dict[str, object]]:
    """The rows of a table, with a word where there are more than it shows."""
    if limit is not None or len(found) <= TABLE_ROWS:
        return found
    click.echo(f"legation: these are the latest {TABLE_ROWS}; see more with --limit, or all with --json", err=True)
    return found[:TABLE_ROWS]


@click.command()
@store_option(exists=True)
@filters
@click.option("--event", metavar="EVENT_ID", help="Only those that tell of this event.")
@click.option("--limit", type=click.IntRange(1), help=f"At most so many.  [default: {TABLE_ROWS} in a table, else all]")
@click.option("--json", "form", flag_value="json", help="One JSON line for each mention.")
@click.option("--csv", "form", flag_value="csv", help="A CSV table, one line for each mention.")
def mentions(folder: str, chosen: Filters, event: str | None, limit: int | None, form: str | None) -> None:
    """List the mentions of a store, the latest first: each deed as one sentence tells it.

    The days of --since and --until are included. A deed is found where the interval told for it touches them; where its
    text tells no time, the day of publication stands for it.

    \b
    Examples:
      legation mentions --store news --actor PRK --since 2024-01-01
      legation mentions --store news --dyad RUS UKR --deed ASSAULT --status actual
      legation mentions --store news --actor "USA MIL" --csv > us-military.csv
    """
    from legation import show
    from legation.store import from_row, to_row

    rows = limit if form or limit is not None else TABLE_ROWS + 1
    with stored(folder) as store:
        found = store.mentions(**chosen, event=event, limit=rows).to_pylist()
    if form == "json":
        for row in found:
            print(show.as_json(row | to_row(from_row(Mention, row))))
    elif form == "csv":
        show.write_csv(found, sys.stdout)
    else:
        show.table(_shown(found, limit), show.console())
    if not found:
        click.echo("legation: no mention passes these filters", err=True)


@click.command()
@store_option(exists=True)
@click.option("--json", "machine", is_flag=True, help="One JSON line for each.")
def rejects(folder: str, machine: bool) -> None:
    """List what could not be read or coded, and why.

    \b
    Examples:
      legation rejects --store news
      legation rejects --store news --json | jq -r .reason | sort | uniq -c
    """
    from legation.show import as_json

    with stored(folder) as store:
        found = store.query("SELECT source, line, reason FROM rejects ORDER BY ALL").to_pylist()
    for row in found:
        place = row["source"] if row["line"] is None else f"{row['source']}, line {row['line']}"
        print(as_json(row) if machine else f"{place}: {row['reason']}")


COMMANDS = (events, mentions, rejects)
