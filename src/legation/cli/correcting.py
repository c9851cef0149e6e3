"""The command that lists corrections and gives them as training annotations."""

import json
from dataclasses import asdict

import click

from legation.cli.common import store_option, stored, writing


@click.command()
@store_option(exists=True)
@click.option("--gold", metavar="OUT.jsonl", help="Write the corrected sentences as training annotations; - is standard"
              " output.")  # fmt: skip
@click.option("--json", "machine", is_flag=True, help="One JSON line for each correction.")
def corrections(folder: str, gold: str | None, machine: bool) -> None:
    """List what persons have corrected at the desk, the oldest first.

    A correction is of one field of one mention, and holds wherever that mention is read. "superseded" is one that a
    later one of the same field replaced; "withdrawn" one that was taken back; "not applied" one whose mention the store
    no longer has. Annotations have the format of the gold sets: a document for each corrected sentence.

    \b
    Examples:
      legation corrections --store news
      legation corrections --store news --gold corrections.jsonl
      legation corrections --store news --json | jq -r .by | sort | uniq -c
    """
    from legation import show
    from legation.gold import documents

    if gold and machine:
        raise click.UsageError("--gold and --json are two forms of output: choose one")
    with stored(folder) as store:
        told = store.corrections()
        if gold:
            with writing(gold) as file:
                for document in documents(store):
                    print(show.as_json(document), file=file)
    for correction in () if gold else told:
        if machine:
            print(show.as_json(asdict(correction)))
        else:
            value = json.dumps(correction.value, ensure_ascii=False)
            note = f" ({correction.note})" if correction.note else ""
            cells = (f"{correction.at:%Y-%m-%d %H:%M}", correction.state, correction.mention_id)
            print(show._plain("  ".join((*cells, f"{correction.field}: {value}", correction.by + note))))
    if not told:
        click.echo("legation: nothing is corrected in this store", err=True)


COMMANDS = (corrections,)
