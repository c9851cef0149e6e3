"""Forecasts of a pair or an actor, of planned acts, and how well recorded ones have done."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from legation.desk.desk import Desk
from legation.desk.operations import Given, Operation, Parameter, Refusal
from legation.forecast import record, world
from legation.forecast.archive import ForecastError
from legation.forecast.dyads import Level
from legation.forecast.record import Issued
from legation.forecast.scores import Score
from legation.forecast.world import Outlook, Planned


@dataclass(frozen=True)
class RestsOn:
    """What a forecast rests on: events of this pair, windows of all pairs that have closed, the first and last day of
    what happened, and the days between the last one and the day asked about."""

    events: int
    windows: int
    first: date
    last: date
    silent: int


@dataclass(frozen=True)
class Forecast:
    """What is expected of the source towards the target, by horizon and quad class; `level` is the Goldstein intensity
    expected of the next 30 days, null where none is known."""

    outlooks: tuple[Outlook, ...]
    level: Level | None
    rests_on: RestsOn


def forecast(desk: Desk, given: Given) -> dict[str, Any]:
    source, target = given["source"], given["target"] or world.ANYONE
    key = ("forecast", source, target, given["day"])
    try:
        found: dict[str, Any] = desk.once(key, lambda: _forecast(desk, source, target, given["day"]))
    except ForecastError as error:
        raise Refusal(str(error)) from error
    return found


def _forecast(desk: Desk, source: str, target: str, day: date | None) -> dict[str, Any]:
    told = world.read_world(desk.store, (source, target), anyone=target == world.ANYONE)
    first = day or told.last + timedelta(1)
    found = world.outlooks(told, source, target, first)
    expected = sum(one.expected for one in found if one.days == 30)
    quads = {one.quad: one.events for one in found}
    return {
        "outlooks": found,
        "level": world.relations_level(told, source, target, first, expected),
        "rests_on": RestsOn(sum(quads.values()), max(one.windows for one in found), told.first, told.last,
                            max(0, (first - told.last).days - 1)),
    }  # fmt: skip


@dataclass(frozen=True)
class PlannedActs:
    """The plans open on `day`, the next to end first."""

    day: date
    planned: tuple[Planned, ...]


def planned(desk: Desk, given: Given) -> dict[str, Any]:
    last = desk.index.rows("SELECT max(last_reported) AS day FROM events")[0]["day"]
    day = given["day"] or (last + timedelta(1) if last else desk.clock().date())
    return {"day": day, "planned": desk.once(("planned", day), lambda: world.planned(desk.store, day))}


@dataclass(frozen=True)
class Closed(Issued):
    """A recorded forecast whose window has passed, and whether it came true."""

    came: bool


@dataclass(frozen=True)
class Scores:
    """Recorded forecasts whose windows have passed, how many are still open, and the score of those that are not."""

    closed: tuple[Closed, ...]
    open: int
    score: Score | None


def scorecard(desk: Desk, given: Given) -> dict[str, Any]:
    try:
        found = record.scorecard(desk.store)
    except ForecastError as error:
        raise Refusal(str(error), 503) from error
    return {"closed": [asdict(one) | {"came": came} for one, came in found.closed], "open": found.open,
            "score": found.score}  # fmt: skip


_DAY = Parameter("day", "day", "The first day of the windows, else the day after the store's last event.")
OPERATIONS = (
    Operation("GET", "/api/forecast", forecast, "What a source is likely to do to a target, and how likely.", Forecast,
              (Parameter("source", "words", 'Who acts: "PRK", "PRK GOV", an actor_id, or words of a name.',
                         required=True),
               Parameter("target", "words", "Towards whom, else anyone."), _DAY), cached=True, slow=True),
    Operation("GET", "/api/forecast/planned", planned, "The chance of each planned act to take place on time.",
              PlannedActs, (Parameter("day", "day", "As known on the eve of this day, else of the day after the last "
                                                    "report."),), cached=True, slow=True),
    Operation("GET", "/api/forecast/scorecard", scorecard, "How well recorded forecasts have done.", Scores,
              slow=True, refusals=(503,)),
)  # fmt: skip
