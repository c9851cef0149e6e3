"""Commands that ask a store."""

import sys

import click

from legation.cli.common import Filters, filters, store_option, stored
from legation.schema import Mention

TABLE_ROWS = 50


@click.command()
@store_option(exists=True)
@filters
@click.option("--limit", type=click.IntRange(1), help=f"At most so many.  [default: {TABLE_ROWS} in a table, else all]")
@click.option("--json", "form", flag_value="json", help="One JSON line for each mention.")
@click.option("--csv", "form", flag_value="csv", help="A CSV table, one line for each mention.")
def events(folder: str, chosen: Filters, limit: int | None, form: str | None) -> None:
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

    rows = limit if form or limit is not None else TABLE_ROWS + 1
    with stored(folder) as store:
        found = store.mentions(**chosen, limit=rows).to_pylist()
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


COMMANDS = (events, rejects)
