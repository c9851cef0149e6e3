"""Commands that show what follows from the events of a store: relations, agenda, claims, actors."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from legation.cli.common import day, store_option, stored

if TYPE_CHECKING:
    from legation.agenda import HitRate, Plan
    from legation.ledger import Claim
    from legation.profiles import Known, Profile
    from legation.relations import Counterpart, Relation
    from legation.schema import Party

TABLE_ROWS = 50
_DAY = click.DateTime(["%Y-%m-%d"])
_ACTOR = '"PRK", "PRK GOV", an actor_id, or words of a name'


@click.command()
@store_option(exists=True)
@click.option("--dyad", nargs=2, metavar="ACTOR ACTOR", help='Two actors: "PRK", "PRK GOV" or an actor_id each.')
@click.option("--actor", help="An actor, as in --dyad, whose counterparts are listed.")
@click.option("--by", type=click.Choice(["day", "week", "month"]), default="month", show_default=True,
              help="The bins of --dyad.")  # fmt: skip
@click.option("--since", type=_DAY, metavar="YYYY-MM-DD", help="Events of this day or later.")
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help="Events of this day or earlier.")
@click.option("--json", "machine", is_flag=True, help="JSON: one object of a dyad, one line for each counterpart.")
def relations(
    folder: str,
    dyad: tuple[str, str] | None,
    actor: str | None,
    by: str,
    since: datetime | None,
    until: datetime | None,
    machine: bool,
) -> None:
    """Show what two actors did to each other over time, or with whom one acts.

    Counted are events that happened, each once, at their own day: by quad class (1 verbal and 2 material cooperation, 3
    verbal and 4 material conflict), with sum and mean of Goldstein intensity (-10 to 10). The level is the mean of all
    events so far, older ones weighing less; → marks a bin from which on the mean of the bins is another. Bins without
    events are left out.

    \b
    Examples:
      legation relations --store news --dyad PRK RUS
      legation relations --store news --dyad "PRK GOV" person:park-geun-hye --by week --since 2014-10-01
      legation relations --store news --actor PRK --json
    """
    from legation import relations as reader
    from legation.show import as_json

    if (dyad is None) == (actor is None):
        raise click.UsageError("name two actors with --dyad, or one with --actor")
    with stored(folder) as store:
        try:
            found = (
                reader.relation(store, *dyad, by=by, since=day(since), until=day(until))
                if dyad
                else reader.counterparts(store, actor or "", since=day(since), until=day(until))
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    if isinstance(found, reader.Relation):
        print(as_json(asdict(found))) if machine else _show_relation(found)
    elif machine:
        for row in found:
            print(as_json(asdict(row)))
    else:
        _show_counterparts(found)
    if not (found.bins if isinstance(found, reader.Relation) else found):
        click.echo("legation: no event that happened passes these filters", err=True)


def _show_relation(found: "Relation") -> None:
    one, other = found.one, found.other
    _table(
        (found.by.title(), "Events", "Quad 1", "2", "3", "4",
         f"{one} →", f"→ {one}", "Both", "Sum", "Mean", "Level", ""),
        (
            (b.start, b.events, *b.quads, b.forth, b.back, b.both, _decimal(b.total), _decimal(b.mean),
             _decimal(b.level), "→" if b.changepoint else "")
            for b in found.bins
        ),
    )  # fmt: skip
    _table(
        ("Notable", "Deed", "Who → whom", "Goldstein", "Publishers", "Event"),
        (
            (n.day, n.deed, f"{one} {_ARROWS[n.direction]} {other}", _decimal(n.goldstein), n.publishers, n.event_id)
            for n in found.notable
        ),
    )
    answers = found.reciprocity
    _table(
        ("Reciprocity", one, other, "Both"),
        (
            ("share of acts on the other", _percent(answers.share), _percent(_rest(answers.share)), ""),
            ("exchanges opened", *answers.opened),
            ("correlation of intensity", "", "", _decimal(answers.correlation)),
        ),
    )
    _table(
        ("Third party", "Acts", f"on {one}", f"on {other}", f"of {one}", f"of {other}", "Mean"),
        ((t.country, t.acts, t.on_one, t.on_other, t.of_one, t.of_other, _decimal(t.mean))
         for t in found.third_parties),
    )  # fmt: skip


_ARROWS = {"forth": "→", "back": "←", "both": "↔"}


def _show_counterparts(found: "Sequence[Counterpart]") -> None:
    _table(
        ("With", "Events", "Quad 1", "2", "3", "4", "On it", "Of it", "Both", "Sum", "Mean", "First", "Last"),
        ((c.country, c.events, *c.quads, c.forth, c.back, c.both, _decimal(c.total), _decimal(c.mean), c.first, c.last)
         for c in found),
    )  # fmt: skip


@click.command()
@store_option(exists=True)
@click.option("--actor", help=f"A source or target of the plan: {_ACTOR}.")
@click.option("--since", type=_DAY, metavar="YYYY-MM-DD", help="Plans for this day or later.")
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help="Plans for this day or earlier.")
@click.option("--fate", type=click.Choice(["confirmed", "cancelled", "overdue", "open"]), help="What became of it.")
@click.option("--asof", type=_DAY, metavar="YYYY-MM-DD",
              help="As it stood at the end of this day.  [default: the last day of publication]")  # fmt: skip
@click.option("--json", "machine", is_flag=True, help='One JSON object: "asof", "plans" and "announcers".')
def agenda(
    folder: str,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    fate: str | None,
    asof: datetime | None,
    machine: bool,
) -> None:
    """List what is planned, by whom, for when and according to whom; what became of it; and whose plans come true.

    A plan is confirmed where a later report tells that it happened, cancelled where the last word is that it does not,
    overdue where its days have passed unreported, else open. Hit rates are those of all plans that --actor, --since
    and --until leave, whatever their fate: confirmed by confirmed, cancelled and overdue.

    \b
    Examples:
      legation agenda --store news --actor PRK --fate open
      legation agenda --store news --asof 2014-11-18 --since 2014-11-18
      legation agenda --store news --json | jq -c '.announcers[]'
    """
    from legation import agenda as reader
    from legation.show import as_json

    with stored(folder) as store:
        known = day(asof) or reader.last_day(store)
        plans = reader.plans(store, actor=actor, since=day(since), until=day(until), asof=known)
    shown = [plan for plan in plans if fate in (None, plan.fate)]
    rates = reader.hit_rates(plans)
    if machine:
        told = {"asof": known, "plans": list(map(asdict, shown)), "announcers": list(map(asdict, rates))}
        print(as_json(told))
    else:
        _show_agenda(shown, rates)
    if not shown:
        click.echo("legation: no plan passes these filters", err=True)


def _show_agenda(plans: "Iterable[Plan]", rates: "Iterable[HitRate]") -> None:
    _table(
        ("Fate", "For", "Deed", "Who", "Whom", "Announced by", "Texts", "Publishers",
         "Last announced", "Decided", "Event"),
        (
            (p.fate, _days(p.start, p.end), "/".join((p.deed, *p.modes)), _labels(p.sources), _labels(p.targets),
             _labels(p.announcers), p.announced, p.publishers, p.last_announced, p.decided, p.event_id)
            for p in plans
        ),
    )  # fmt: skip
    _table(
        ("Announcer", "Plans", "Confirmed", "Cancelled", "Overdue", "Open", "Hit rate"),
        ((_labels([r.announcer]), r.plans, r.confirmed, r.cancelled, r.overdue, r.open, _percent(r.rate))
         for r in rates),
    )  # fmt: skip


@click.command()
@store_option(exists=True)
@click.option("--actor", help=f"A source or target of the deed: {_ACTOR}.")
@click.option("--claimant", help="Who claims it, named in the same way.")
@click.option("--disputed", is_flag=True, help="Only what somebody contradicts.")
@click.option("--json", "machine", is_flag=True, help="One JSON line for each claim.")
def claims(folder: str, actor: str | None, claimant: str | None, disputed: bool, machine: bool) -> None:
    """List who claims, announces or denies what, who bears it out and who contradicts it.

    There is a line for each claimant of an event, latest reported events first; of an event that is disputed or denied,
    also one for the reports that tell it in their own voice. A claim is borne out by the other independent publishers
    that tell the same; copies of one text count once.

    \b
    Examples:
      legation claims --store news --disputed
      legation claims --store news --claimant "PRK GOV" --actor KOR
      legation claims --store news --json | jq -c 'select(.corroborated == 0)'
    """
    from legation import ledger as reader
    from legation.show import as_json

    with stored(folder) as store:
        found = reader.claims(store, actor=actor, claimant=claimant, disputed=disputed)
        shown = 0
        if machine:
            for shown, claim in enumerate(found, start=1):  # noqa: B007
                print(as_json(asdict(claim)))
        else:
            first = list(islice(found, TABLE_ROWS + 1))
            shown = len(first)
            _show_claims(first[:TABLE_ROWS])
    if not machine and shown > TABLE_ROWS:
        click.echo(f"legation: these are the latest {TABLE_ROWS}; see all with --json", err=True)
    if not shown:
        click.echo("legation: no claim passes these filters", err=True)


def _show_claims(found: "Iterable[Claim]") -> None:
    _table(
        ("Claimant", "Stance", "Deed", "Who", "Whom", "When", "Against", "Borne out by", "Contradicted", "Event"),
        (
            (_labels([c.claimant]) if c.claimant else f"told by {', '.join(c.told_by)}", c.stance,
             "/".join((c.deed, *c.modes)), _labels(c.sources), _labels(c.targets), _days(c.start, c.end),
             _labels(c.against), c.corroborated,
             "; ".join(f"{x.field}: {x.value} ({', '.join(x.says)})" for x in c.contradicted), c.event_id)
            for c in found
        ),
    )  # fmt: skip


@click.command()
@click.argument("name", required=False)
@store_option(exists=True)
@click.option("--json", "machine", is_flag=True, help="One JSON line for each actor; of one actor, its whole profile.")
def actors(folder: str, name: str | None, machine: bool) -> None:
    """List the actors of a store, or show one: who it is, its names, with whom it acts and when.

    NAME is a country ("PRK") or a country and sectors ("PRK GOV"), taken as one actor; an actor_id; or words of a name.
    Where the words fit several actors, these are listed.

    \b
    Examples:
      legation actors --store news
      legation actors --store news Kim
      legation actors --store news person:kim-jong-un --json | jq .aliases
    """
    from legation import profiles as reader
    from legation.parties import is_code
    from legation.show import as_json

    with stored(folder) as store:
        known = () if name and is_code(name) else reader.actors(store, name)
        exact = [one.actor for one in known if one.actor == name] or [one.actor for one in known[:2]]
        chosen = name if name and is_code(name) else exact[0] if name and len(exact) == 1 else None
        found = reader.profile(store, chosen) if chosen is not None else None
    if found:
        print(as_json(asdict(found))) if machine else _show_profile(found)
    elif machine:
        for one in known:
            print(as_json(asdict(one)))
    else:
        _show_actors(known[:TABLE_ROWS])
        if len(known) > TABLE_ROWS:
            click.echo(f"legation: these are the {TABLE_ROWS} most told; see all with --json", err=True)
    if not (found or known):
        click.echo("legation: the store knows no such actor", err=True)


def _show_actors(known: "Iterable[Known]") -> None:
    _table(
        ("Actor", "Country", "Sectors", "Told", "actor_id"),
        ((one.name, one.country, " ".join(one.sectors), one.told, one.actor_id) for one in known),
    )


def _show_profile(found: "Profile") -> None:
    _show_actors([found.known])
    _table(("Name", "Told"), ((alias.name, alias.told) for alias in found.aliases))
    _table(
        ("With", "Events", "On it", "Of it", "Mean", "Actor"),
        ((p.name, p.events, p.on, p.of, _decimal(p.mean), p.actor) for p in found.partners),
    )
    _table(("Month", "Events", "Quad 1", "2", "3", "4"), ((m.start, m.events, *m.quads) for m in found.months))


# Cells. -----------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows below a head and an empty line after them; nothing where there are none. On a terminal it fits the width,
    elsewhere it is plain and whole."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from legation import show

    cells = [[show._plain("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not cells:
        return
    to = show.console()
    if not to.is_terminal:
        show._print_columns([head, *cells], to)
        print()
        return
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for column, name in enumerate(head):
        shown.add_column(Text(name), justify="right" if all(_is_number(row[column]) for row in cells) else "left")
    for row in cells:
        shown.add_row(*map(Text, row))
    to.print(shown)


def _is_number(cell: str) -> bool:
    return cell.lstrip("-").replace(".", "", 1).rstrip("%").isdigit() or not cell


def _labels(parties: "Iterable[Party]") -> str:
    from legation.parties import label

    return "; ".join(map(label, parties))


def _days(start: object, end: object) -> str:
    return "" if start is None else f"{start}" if start == end or end is None else f"{start} to {end}"


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share


COMMANDS = (relations, agenda, claims, actors)
