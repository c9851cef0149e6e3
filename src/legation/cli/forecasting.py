"""Commands that forecast: `legation forecast …`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.common import day as as_day
from legation.cli.common import fail, store_option, stored, writing

if TYPE_CHECKING:
    from legation.forecast.archive import Archive
    from legation.forecast.links import Evaluation, Link
    from legation.forecast.scores import Score
    from legation.forecast.world import Outlook
    from legation.store import Store

_DAY = click.DateTime(["%Y-%m-%d"])
_JSON = click.option("--json", "machine", is_flag=True, help="JSON lines for a machine.")


@click.group()
def forecast() -> None:
    """Forecast who will do what to whom, how likely and how soon, and measure how good that is.

    Nothing of the day that is forecast, or of a later one, reaches a forecast.

    \b
    Examples:
      legation forecast links --store news --source PRK --day 2014-11-20
      legation forecast dyad --store news --dyad PRK USA --record
      legation forecast backtest --store news
    """


@contextmanager
def _refusing() -> "Iterator[None]":
    from legation.forecast.archive import ForecastError

    try:
        yield
    except ForecastError as error:
        fail(str(error))


def _say(message: str) -> None:
    click.echo(f"legation: {message}", err=True)


# Links. -----------------------------------------------------------------------------------------------------------


@forecast.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="What network and trees are drawn with."
)
@_JSON
def evaluate(folder: Path, seed: int, machine: bool) -> None:
    """Measure link forecasts on an archive in DIR: train.txt, valid.txt and test.txt, a fact a line.

    Single step, both directions, time-aware filter; answers of equal score share the mean of their ranks. Trees are
    trained on train.txt; what is to choose is chosen on valid.txt; then they are trained on both, and test.txt is
    ranked once.

    \b
    Examples:
      legation forecast evaluate icews14
      legation forecast evaluate icews14 --seed 1 --json
    """
    from legation.forecast import links as forecaster
    from legation.show import as_json

    with _refusing():
        found = forecaster.evaluate(folder, seed, _say)
    print(as_json(asdict(found))) if machine else _show_evaluation(found)


def _show_evaluation(found: "Evaluation") -> None:
    print("        MRR   Hits@1  Hits@3  Hits@10  answers")
    for name in ("valid", "test"):
        told = getattr(found, name)
        print(f"{name:5} {told.mrr:6.2f}  {told.hits1:6.2f}  {told.hits3:6.2f}   {told.hits10:6.2f}  {told.answers:,}")
    print(f"{found.seconds:.0f} s, {found.memory:.1f} GB, trained on {found.training_questions:,} questions")


@forecast.command()
@store_option(exists=True)
@click.option("--source", required=True, help='Who acts: "PRK", "PRK GOV", an actor_id, or words of a name.')
@click.option("--day", "when", type=_DAY, required=True, metavar="YYYY-MM-DD", help="The day to forecast.")
@click.option("--deed", help="Only this deed, also where the source never did it.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many links.")
@_JSON
def links(folder: str, source: str, when: datetime, deed: str | None, limit: int, machine: bool) -> None:
    """Rank what a source will do to whom on a day, with probabilities and what each rests on.

    What is learned for it is kept in the store, and answers at once until the events change.

    \b
    Examples:
      legation forecast links --store news --source PRK --day 2014-11-20
      legation forecast links --store news --source "PRK GOV" --deed CONSULT --day 2014-11-20 --json
    """
    from legation.forecast.archive import read_store
    from legation.forecast.fitted import forecaster_of
    from legation.show import as_json

    asked = when.date()
    with _refusing(), stored(folder) as store:
        archive = read_store(store, before=asked)
        sources = _sources(store, archive, source)
        forecaster = forecaster_of(store, archive, archive.day(asked), _say)
        found = forecaster.links(sources, None if deed is None else [_deed(archive, deed)], limit)
    first = archive.first
    assert first is not None
    rows = [_dated(link, first) for link in found]
    if machine:
        for row in rows:
            print(as_json(row))
    else:
        _show_links(found, rows)
    silent = (asked - first).days - archive.last - 1
    gone = f", the last {silent} days before {asked} without any" if silent > 30 else ""
    _say(f"rests on {forecaster.basis}: {len(archive.facts):,} events since {first}{gone}")
    if not found:
        _say(f"no deed of {source!r} is known before {asked}; name one with --deed")


def _sources(store: "Store", archive: "Archive", words: str) -> list[int]:
    from legation.forecast.archive import ForecastError
    from legation.forecast.world import matching_names

    names = matching_names(store, words)
    found = [number for number, name in enumerate(archive.actors) if name in names]
    if not found:
        raise ForecastError(
            f"no actor {words!r} has acted or been acted on before that day; name a country by its code (PRK), a "
            "country and sectors (PRK GOV), an actor_id or words of a name"
        )
    return found


def _deed(archive: "Archive", deed: str) -> int:
    from legation.forecast.archive import ForecastError

    if deed.upper() not in archive.deeds:
        raise ForecastError(
            f"no event of the deed {deed!r} is known before that day; known: {', '.join(archive.deeds)}"
        )
    return archive.deeds.index(deed.upper())


def _dated(link: "Link", first: object) -> dict[str, object]:
    row = asdict(link)
    row["day"] = first + timedelta(link.day)  # type: ignore[operator]
    for past in row["past"]:
        past["day"] = first + timedelta(past["day"])  # type: ignore[operator]
    return row


def _show_links(found: "Sequence[Link]", rows: Sequence[dict[str, object]]) -> None:
    for link, row in zip(found, rows, strict=True):
        print(f"{link.probability:6.1%}  {link.deed}  {link.source} → {link.target}")
        past = ", ".join(
            f"{one['day']} {one['deed']}{' back' if one['back'] else ''}"
            for one in row["past"]  # type: ignore[attr-defined]
        )
        print(f"        {link.known} events" + (f": {past}" if past else ": never met; rests on their likes"))
        for rule in link.rules:
            earlier = f"{rule.earlier}{' back' if rule.back else ''}"
            print(f"        {earlier} {rule.lag} or more days before: {rule.probability:.1%} of {rule.tries:,}")


# Dyads. -----------------------------------------------------------------------------------------------------------


@forecast.command()
@store_option(exists=True)
@click.option("--dyad", nargs=2, metavar="ACTOR ACTOR", help="Source and target: countries, or as in events --actor.")
@click.option("--actor", help="A source alone, towards anyone else.")
@click.option("--deed", "family", help="Only the quad class of this deed, or a quad class from 1 to 4.")
@click.option("--day", "when", type=_DAY, metavar="YYYY-MM-DD",
              help="The first day of the windows.  [default: the day after the store's last event]")  # fmt: skip
@click.option("--record", "keep", is_flag=True, help="Keep these forecasts in the store, for its scorecard.")
@_JSON
def dyad(
    folder: str,
    dyad: tuple[str, str] | None,
    actor: str | None,
    family: str | None,
    when: datetime | None,
    keep: bool,
    machine: bool,
) -> None:
    """How likely and how many events of a pair within 1, 7, 30 and 90 days, by quad class, and the level of relations.

    Recorded forecasts are never changed; one whose window has begun is refused.

    \b
    Examples:
      legation forecast dyad --store news --dyad PRK USA
      legation forecast dyad --store news --dyad "PRK GOV" USA --deed THREATEN --day 2014-11-20 --json
      legation forecast dyad --store news --actor PRK --record
    """
    from legation.forecast import record, world
    from legation.show import as_json

    if (dyad is None) == (actor is None):
        raise click.UsageError("name two actors with --dyad, or one with --actor")
    pair = dyad or (actor or "", world.ANYONE)
    with _refusing(), stored(folder) as store:
        told = world.read_world(store, pair, anyone=dyad is None)
        first = as_day(when) or told.last + timedelta(1)
        quads = (1, 2, 3, 4) if family is None else (world.quad_of(family),)
        found = world.outlooks(told, *pair, first, quads)
        month = sum(one.expected for one in found if one.days == 30)
        level = world.relations_level(told, *pair, first, month)
        new = record.record(store, found, datetime.now(UTC).date()) if keep else 0
    if machine:
        for one in found:
            print(as_json(asdict(one)))
        if level is not None:
            print(as_json({"source": pair[0], "target": pair[1], "day": first, "days": 30, "goldstein": asdict(level)}))
    else:
        _show_outlooks(found)
        if level is not None:
            print(
                f"Goldstein of the next 30 days: {level.mean:+.1f}, 80% between {level.low:+.1f} and {level.high:+.1f}"
            )
    events, windows = sum(one.events for one in found[: len(quads)]), max(one.windows for one in found)
    silent = (first - told.last).days - 1
    gone = f"; the last {silent} days before {first} are without any event" if silent > 30 else ""
    _say(f"rests on {events:,} events of this pair and {windows} closed windows of all pairs{gone}")
    if keep:
        _say(f"{new} forecasts recorded")


def _show_outlooks(found: "Sequence[Outlook]") -> None:
    from legation.forecast.world import QUAD_NAMES

    print(f"{found[0].source} → {found[0].target} from {found[0].day} on")
    print("days  quad class             probability  expected  80% between")
    for one in found:
        print(
            f"{one.days:4}  {QUAD_NAMES[one.quad]:21}  {one.probability:11.1%}  {one.expected:8.2f}  "
            f"{one.low:.0f} and {one.high:.0f}"
        )


@forecast.command()
@store_option(exists=True)
@click.option("--day", "when", type=_DAY, required=True, metavar="YYYY-MM-DD", help="As known on the eve of this day.")
@_JSON
def planned(folder: str, when: datetime, machine: bool) -> None:
    """The chance that each plan of the agenda that is open takes place on time, by what became of plans like it.

    \b
    Examples:
      legation forecast planned --store news --day 2014-11-20
    """
    from legation.forecast.world import planned as plans
    from legation.show import as_json

    with _refusing(), stored(folder) as store:
        found = plans(store, when.date())
    for one in found:
        words = f"{one.probability:6.1%}  {one.deed} by {one.end}  {one.event_id}  ({one.plans} plans like it known)"
        print(as_json(asdict(one)) if machine else words)
    if not found:
        _say(f"no plan is open on {when.date()}")


# Scores. ----------------------------------------------------------------------------------------------------------


@forecast.command()
@store_option(exists=True)
@click.option("--plot", "picture", metavar="FILE", help="Write the reliability diagrams there, as SVG.")
@_JSON
def backtest(folder: str, picture: str | None, machine: bool) -> None:
    """Test dyad forecasts on the past of a store, made from day to day as they would have been.

    Brier and log score of every quad class of every pair of sides (countries, or names where no country is known), and
    their skill in percent against the base rate, against persistence and against each series' own Poisson rate.

    \b
    Examples:
      legation forecast backtest --store news
      legation forecast backtest --store news --plot reliability.svg
    """
    from legation.forecast import scores, world
    from legation.forecast.backtest import backtest as test
    from legation.show import as_json

    with _refusing(), stored(folder) as store:
        found = test(world.read_world(store).panel, say=_say)
    for days, told in found.scores.items():
        if machine:
            print(as_json({"days": days, **asdict(told)}))
        else:
            _show_score(f"{days} days", told)
    if picture:
        with writing(picture) as file:
            file.write(scores.plot({f"{days} days": told.table for days, told in found.scores.items()}))


def _show_score(title: str, told: "Score") -> None:
    print(f"{title}: {told.forecasts:,} forecasts, {told.happened:,} came true")
    print(f"  Brier {told.brier:.4f}, log {told.log:.4f}, expected calibration error {told.calibration_error:.4f}")
    for name in told.brier_skill:
        print(f"  skill against {name}: Brier {told.brier_skill[name]:.1f}%, log {told.log_skill[name]:.1f}%")
    print("  forecast      number   mean  came true")
    for one in told.table:
        shown = f"{'·' * round(40 * one.share)}"
        print(f"  {one.low:.2f}-{one.high:.2f} {one.forecasts:10,}  {one.mean:.3f}      {one.share:.3f} {shown}")


@forecast.command()
@store_option(exists=True)
@_JSON
def scorecard(folder: str, machine: bool) -> None:
    """Score the recorded forecasts whose windows have passed by what the store tells of them.

    A window has passed once the store holds an event of its last day or a later one.

    \b
    Examples:
      legation forecast scorecard --store news
    """
    from legation.forecast import record
    from legation.show import as_json

    with _refusing(), stored(folder) as store:
        found = record.scorecard(store)
    for one, came in found.closed:
        window = f"quad class {one.quad}, {one.days} days from {one.day}"
        words = f"{one.probability:6.1%}  {'came' if came else 'not '}  {one.source} → {one.target}, {window}"
        print(as_json({**asdict(one), "came": came}) if machine else words)
    if found.score is not None and not machine:
        _show_score("all", found.score)
    _say(f"{len(found.closed):,} recorded forecasts scored, {found.open:,} still open")


COMMANDS = (forecast,)
