"""The command that verifies a store: check."""

import sys
from dataclasses import asdict

import click

from legation.cli.common import store_option, stored


@click.command()
@store_option(exists=True)
@click.option("--json", "machine", is_flag=True, help="One JSON object with counts and faults.")
def check(folder: str, machine: bool) -> None:
    """Verify that a store is whole, and that every input is in it once.

    Every file is read and compared with what was written: sizes, digests, rows. Every report and reject is to be there
    exactly once, every mention to have its report, every merged mention to be in one event. Each fault is told with
    what to do about it. Exits with 1 where there is any; changes nothing.

    \b
    Examples:
      legation check --store news
      legation check --store news --json | jq -r '.faults[].where'
    """
    from legation.check import check as verify
    from legation.show import as_json

    with stored(folder) as store:
        found = verify(store)
    if machine:
        print(as_json({**asdict(found), "sound": not found.faults}))
    else:
        counts = found.counts
        print(
            f"{counts['inputs']:,} inputs in {counts['parts']:,} parts: {counts['reports']:,} reports, "
            f"{counts['rejects']:,} rejects; {counts['mentions']:,} mentions, {counts['events']:,} events"
        )
        if counts.get("waiting"):
            print(f"{counts['waiting']:,} parts are not merged into events yet: legation merge --store {folder}")
        if found.adding:
            print("a process adds to the store; what it has not finished was left out")
        for fault in found.faults:
            print(f"{fault.where} {fault.what}: {fault.todo}")
        print("every input is there exactly once" if not found.faults else f"{len(found.faults):,} faults")
    if found.faults:
        sys.exit(1)


COMMANDS = (check,)
