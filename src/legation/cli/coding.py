"""Commands that code reports and merge what they tell: code, read, run, merge."""

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.common import bar, count_lines, fail, lines, progress, store_option, stored, warn, writing
from legation.schema import Reject, Report

if TYPE_CHECKING:
    from legation.merge import Merged
    from legation.runner import Codes, Tally
    from legation.store import Store

TOLD_REJECTS = 10


@click.command()
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
    with writing(out) as file, bar(count_lines(source), beside=file) as show:
        coder = Coder()
        for done, (given, item) in enumerate(code_inputs(lines(source), source), start=1):
            line = _coded_line(coder, given, item)
            coded += "error" not in line
            print(as_json(line), file=file, flush=source == "-")
            show(done, f"{done:,} reports")
    if not coded:
        fail(f"{source}: no line of it could be coded; each is to be a JSON object with an id and a text")


def _coded_line(coder: "Codes", given: str | int | None, item: Report | Reject) -> dict[str, object]:
    from legation.runner import code_one
    from legation.store import to_row

    result = code_one(coder, item) if isinstance(item, Report) else item
    if isinstance(result, Reject):
        warn(result)
        return {"id": given, "mentions": [], "error": result.reason}
    return {"id": given, "mentions": [to_row(mention) for mention in result]}


@click.command()
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
            warn(_named(source, found, result))
            continue
        shown += 1
        if machine:
            print(show.as_json({**to_row(report), "mentions": [to_row(mention) for mention in result]}))
        else:
            show.report(report, result, to)
    if not shown:
        fail(f"nothing could be read and coded in {', '.join(sources)}")


def _named(source: str, found: Report | Reject, result: object) -> Reject:
    """The reject under a name that a person knows: that of the source, where the report has no address of its own."""
    assert isinstance(result, Reject)
    unnamed = isinstance(found, Report) and result.source == found.report_id
    return replace(result, source=f"{source} ({result.source})") if unnamed else result


@click.command()
@click.argument("sources", metavar="SOURCES...", nargs=-1, required=True)
@store_option(exists=False)
@click.option("--workers", type=click.IntRange(1), help="Processes that code.  [default: one for each processor]")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where they run: on this machine, or on a Ray cluster (needs legation[ray]).",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help='The Ray cluster, or "auto" on one of its nodes.  [default: a Ray on this machine]',
)
def run(sources: tuple[str, ...], folder: str, workers: int | None, engine: str, address: str | None) -> None:
    """Code many reports and keep them in a store.

    Sources are files, folders and http(s) addresses, as for `legation read`, and files and folders of object storage
    (s3://, gs://, file://).
    Reports that the store holds already are left alone, so a run may be repeated, or taken up again after Ctrl-C. What
    cannot be read or coded is among the store's rejects, with the reason. Repeats of another report are kept and
    marked; word for word, they are not coded again. At the end, mentions of one deed are merged into events.

    \b
    Examples:
      legation run reports.jsonl --store news
      legation run archive/ 2024.warc.gz https://news.example/feed.xml --store news
      legation rejects --store news
      legation run s3://crawl/2024/ --store news --engine ray --address auto
    """
    if address and engine != "ray":
        raise click.UsageError("--address is that of a Ray cluster: give --engine ray, too")
    if address and workers:
        raise click.UsageError(
            "--workers is for this machine alone; a cluster has as many as its nodes have processors"
        )
    place = Path(folder).resolve()
    for source in sources:
        if Path(source).resolve() in (place, *place.parents):
            raise click.UsageError(f"the store {folder} lies in the source {source} and would be read too: move it out")
    from legation import runner
    from legation.coder import Coder
    from legation.runner.cluster import Cluster, ClusterError

    started, rejects = time.monotonic(), 0

    def tell(reject: Reject) -> None:
        nonlocal rejects
        rejects += 1
        if rejects <= TOLD_REJECTS:
            warn(reject)
        elif rejects == TOLD_REJECTS + 1:
            click.echo(f"legation: further rejects are listed by: legation rejects --store {folder}", err=True)

    try:
        with stored(folder) as store, progress() as show:
            where = partial(Cluster, address=address) if engine == "ray" else runner.Local
            tally = runner.run(sources, store, workers=workers, progress=show, rejected=tell, coder=Coder, engine=where)
        merged = _merge(folder, workers)
    except KeyboardInterrupt:
        click.echo(f"legation: {folder} keeps what is finished; the same command goes on from there", err=True)
        raise
    except ClusterError as error:
        fail(str(error))
    _tell_damaged(store)
    click.echo(_summary(tally, time.monotonic() - started))
    click.echo(f"{merged.mentions:,} mentions merged into {merged.events:,} new or changed events")
    if not tally.reports + tally.known:
        fail(f"no report could be read and coded in {', '.join(sources)}")


@click.command()
@store_option(exists=True)
@click.option("--workers", type=click.IntRange(1), help="Processes that merge.  [default: one for each processor]")
def merge(folder: str, workers: int | None) -> None:
    """Merge the mentions of a store into events, as far as they are not yet.

    `legation run` does so when it is done; this takes up what a run that was stopped has left.

    \b
    Examples:
      legation merge --store news
      legation events --store news
    """
    merged = _merge(folder, workers)
    click.echo(f"{merged.mentions:,} mentions merged into {merged.events:,} new or changed events")


def _tell_damaged(store: "Store") -> None:
    from legation.runner import upkeep

    for part in upkeep.set_aside(store):
        told = f"part {part} was found damaged and lies in {store.path / upkeep.DAMAGED / part}"
        click.echo(f"legation: {told}: run its sources again, or see legation check --store {store.path}", err=True)


def _merge(folder: str, workers: int | None) -> "Merged":
    from legation.merge import merge as merge_store

    with stored(folder) as store, bar(None) as show:
        return merge_store(store, workers=workers or os.cpu_count() or 1, progress=lambda step: show(None, step))


def _summary(tally: "Tally", seconds: float) -> str:
    return (
        f"{tally.reports:,} reports, {tally.duplicates:,} of them duplicates, {tally.foreign:,} not in English; "
        f"{tally.mentions:,} mentions; "
        f"{tally.known:,} reports known before; {tally.rejects:,} rejects; "
        f"{tally.sentences:,} sentences in {seconds:,.1f} s ({tally.sentences / seconds:,.0f} a second)"
    )


COMMANDS = (code, read, run, merge)
