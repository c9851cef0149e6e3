"""What follows from the events: the relation of a pair, the agenda, the ledger; read by the package's own readers.

A reader of the whole store would take minutes of a large one, so the index first finds the events that may matter.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from legation import agenda as plans_of_events
from legation import ledger, relations
from legation.agenda import FATES, HitRate, Plan
from legation.desk.desk import Desk
from legation.desk.events import event_rows
from legation.desk.filters import ACTOR, FILTERS, SINCE, UNTIL, Chosen, actor_test, actor_values, chosen
from legation.desk.operations import PAGE, Given, Operation, Parameter, Refusal, cursor, one_of, read_cursor
from legation.ledger import Claim
from legation.relations import Relation
from legation.schema import Event

PLANS = 1000
"""Plans that are weighed for an agenda at most."""
CLAIMED = 1000
"""Events whose claims are weighed for a page at most."""
PAIR_PLANS, PAIR_CLAIMS = 100, 50

# Relation. --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PairRelation(Relation):
    """The relation of two actors, what is planned between them, and what is claimed about it: the latest 50 claims.

    `more_plans` counts the plans beyond the 100 nearest to the store's last day.
    """

    agenda: tuple[Plan, ...]
    more_plans: int
    claims: tuple[Claim, ...]


def relation(desk: Desk, given: Given) -> dict[str, Any]:
    one, other = given["source"], given["target"]
    span = {name: given[name] for name in ("since", "until")}
    try:
        found = relations.relation(desk.store, one, other, by=given["by"], **span)
    except ValueError as error:
        raise Refusal(str(error)) from error
    pair = _pair(desk, one, other)
    plans, left_out = _plans(desk, pair, last_day(desk), None, None, PAIR_PLANS)
    claims, _ = _claims(desk, pair, PAIR_CLAIMS, None, None, disputed=False)
    return asdict(found) | {"agenda": plans, "more_plans": left_out, "claims": claims[:PAIR_CLAIMS]}


def _pair(desk: Desk, one: str, other: str) -> Chosen:
    nothing = {parameter.name: () if parameter.many else None for parameter in FILTERS}
    return chosen(desk, Given(nothing | {"dyad": (one, other)}))


# Agenda. ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agenda:
    """Plans by their first day, as they stood at the end of `asof`, and what becomes of the plans of each announcer.

    `rates` are of all plans that the other filters leave, whatever their fate. Where more than 1,000 plans do, both are
    of the 1,000 that lie nearest to `asof`, and `left_out` counts the others.
    """

    plans: tuple[Plan, ...]
    rates: tuple[HitRate, ...]
    asof: date | None
    left_out: int


def agenda(desk: Desk, given: Given) -> dict[str, Any]:
    asof = given["asof"] or last_day(desk)
    found, left_out = _plans(desk, _of_actor(given["actor"]), asof, given["since"], given["until"])
    shown = [plan for plan in found if given["fate"] in (None, plan.fate)]
    return {"plans": shown, "rates": plans_of_events.hit_rates(found), "asof": asof, "left_out": left_out}


def last_day(desk: Desk) -> date | None:
    """The last day of publication, as agenda.last_day has it."""
    day: date | None = desk.index.rows("SELECT max(last_reported) AS day FROM events")[0]["day"]
    return day


def _of_actor(words: str | None, sides: str = "'s', 't'", name: str = "a") -> Chosen:
    """Events in which an actor has one of the sides."""
    if words is None:
        return Chosen()
    keys = f"SELECT key FROM actors WHERE {actor_test(name)}"
    sql = f"no IN (SELECT no FROM acts WHERE side IN ({sides}) AND actor IN ({keys}))"
    return Chosen(sql, actor_values(name, words))


def _plans(
    desk: Desk, of: Chosen, asof: date | None, since: date | None, until: date | None, most: int = PLANS
) -> tuple[list[Plan], int]:
    """The plans among events, by first day, and how many events that may be plans were left out."""
    where, params = f"planned AND ({of.where})", dict(of.params)
    for name, test, day in (("since", "plan_last >= $since", since), ("until", "plan_first <= $until", until)):
        if day is not None:
            where, params[name] = f"{where} AND {test}", day
    near = desk.index.table(
        f"""SELECT no, count(*) OVER () AS found FROM events WHERE {where}
        ORDER BY abs(plan_first - CAST($asof AS DATE)) NULLS LAST, event_id LIMIT {most}""",
        params | {"asof": asof}, **of.tables,
    )  # fmt: skip
    told = [
        plans_of_events.plan_of(event, asof) for event in event_rows(desk, "no IN (SELECT no FROM near)", near=near)
    ]
    plans = [plan for plan in told if plan and plans_of_events._touches(plan, since, until)]
    left_out = near["found"][0].as_py() - near.num_rows if near.num_rows else 0
    return sorted(plans, key=lambda plan: (plan.start or plan.last_announced or date.max, plan.event_id)), left_out


# Ledger. ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claims:
    """A page of claims, those of the latest reported events first. `total` is null where not all were looked at."""

    claims: tuple[Claim, ...]
    total: int | None
    next: str | None


def claims(desk: Desk, given: Given) -> dict[str, Any]:
    actor, claimant = _of_actor(given["actor"]), _of_actor(given["claimant"], "'c'", "b")
    of = Chosen(f"{actor.where} AND {claimant.where}", actor.params | claimant.params)
    after = None if given["after"] is None else read_cursor(given["after"], "claims", str, str)[1:]
    found, last = _claims(desk, of, given["limit"], given["claimant"], after, given["disputed"])
    more = None if last is None else cursor("claims", *last)
    return {"claims": found, "total": len(found) if more is None and after is None else None, "next": more}


def _claims(
    desk: Desk, of: Chosen, limit: int, claimant: str | None, after: list[str] | None, disputed: bool
) -> tuple[list[Claim], tuple[str, str] | None]:
    """Claims until there are `limit` or CLAIMED events are seen, all of an event together; and the day and id of the
    last event, None where none follows it."""
    found: list[Claim] = []
    for seen, (event, day, more) in enumerate(_claimed(desk, of, after, disputed), start=1):
        found += [claim for claim in ledger.claims_of(event) if ledger._wanted(claim, claimant, disputed)]
        if len(found) >= limit or seen >= CLAIMED:
            return found, (day, event.event_id) if more else None
    return found, None


def _claimed(desk: Desk, of: Chosen, after: list[str] | None, disputed: bool) -> Iterator[tuple[Event, str, bool]]:
    """The events that may hold claims, with the day of their last report, and whether there are more of them."""
    day = "CAST(coalesce(last_reported, DATE '0001-01-01') AS VARCHAR)"
    where, params = f"{'disputed' if disputed else 'claimed'} AND ({of.where})", dict(of.params)
    if after is not None:
        where += f" AND ({day} < $last_day OR {day} = $last_day AND event_id > $last_id)"
        params |= {"last_day": after[0], "last_id": after[1]}
    page = desk.index.table(
        f"SELECT no, event_id, {day} AS day FROM events WHERE {where} ORDER BY day DESC, event_id LIMIT {CLAIMED + 1}",
        params, **of.tables,
    )  # fmt: skip
    for begin in range(0, page.num_rows, 50):
        batch = page.slice(begin, 50)
        whole = {event.event_id: event for event in event_rows(desk, "no IN (SELECT no FROM batch)", batch=batch)}
        for i, row in enumerate(batch.to_pylist(), start=begin + 1):
            if row["event_id"] in whole:  # else the index was brought up to date in between
                yield whole[row["event_id"]], row["day"], i < page.num_rows


OPERATIONS = (
    Operation("GET", "/api/relation", relation, "What two actors do to each other over time.", PairRelation,
              (Parameter("source", "words", 'An actor: "PRK", "PRK GOV" or an actor_id.', required=True),
               Parameter("target", "words", "Another.", required=True),
               Parameter("by", "bin", "The bins.", default="month"), SINCE, UNTIL), cached=True),
    Operation("GET", "/api/agenda", agenda, "What is planned, and what became of it.", Agenda,
              (ACTOR, Parameter("fate", one_of(*FATES), "What became of it."),
               Parameter("since", "day", "Plans for this day or later."),
               Parameter("until", "day", "Plans for this day or earlier."),
               Parameter("asof", "day", "As it stood at the end of this day, else of the last day of publication.")),
              cached=True),
    Operation("GET", "/api/claims", claims, "Who claims or denies what, and who bears it out.", Claims,
              (ACTOR, Parameter("claimant", "words", "Who claims it, named in the same way."),
               Parameter("disputed", "truth", "Only what somebody contradicts.", default=False), *PAGE), cached=True),
)  # fmt: skip
