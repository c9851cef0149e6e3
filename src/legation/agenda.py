"""What is planned, by whom, for when and according to whom; and what became of it.

A plan is an event that at least one mention tells as `future`. Its fate as of a day takes into account what was
published until then:

    confirmed   told as actual or historical, on the day of the first announcement or later
    cancelled   told as negated then or later, and not announced anew on a later day than that
    overdue     neither, and the last day of its window has passed
    open        none of these; a plan without a window stays open

A telling whose day of publication is unknown counts as published late enough to confirm or to cancel.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from legation import parties
from legation.schema import Event, Party, Telling
from legation.store import Store, from_row

FATES = ("confirmed", "cancelled", "overdue", "open")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """One planned deed. `start` and `end` are its window as announced (see `window`), null where none is told.

    `announcers` are the claimants of the tellings as future, else the sources of the event. `announced` counts the
    texts that announce it, copies of one as one, and `publishers` their publishers. `first_announced` and
    `last_announced` are days of publication. `by` are the reports that tell a fate of confirmed or cancelled, the
    first of them first, and `decided` is its day of publication.
    """

    event_id: str
    deed: str
    modes: tuple[str, ...]
    sources: tuple[Party, ...]
    targets: tuple[Party, ...]
    start: date | None
    end: date | None
    announcers: tuple[Party, ...]
    announced: int
    publishers: int
    first_announced: date | None
    last_announced: date | None
    fate: str
    decided: date | None
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HitRate:
    """What became of the plans of one announcer; `rate` is confirmed / (confirmed + cancelled + overdue), null where
    all are open. `announcer` is as it names itself in the first of the plans."""

    announcer: Party
    plans: int
    confirmed: int
    cancelled: int
    overdue: int
    open: int
    rate: float | None


def plans(
    store: Store,
    *,
    actor: str | None = None,
    since: date | None = None,
    until: date | None = None,
    asof: date | None = None,
) -> list[Plan]:
    """The plans of a store as of the end of a day, the store's last day of publication by default; by first day.

    `actor` names a source or target as in Store.events. `since` and `until` are days, both included, that the window
    must touch; where none is told, the day it was last announced stands for it.
    """
    asof = asof or last_day(store)
    rows = store.query("SELECT * FROM events WHERE len([t FOR t IN tellings IF t.status = 'future']) > 0")
    found = []
    for batch in rows.to_batches(max_chunksize=_BATCH):
        for row in batch.to_pylist():
            event = from_row(Event, row)
            plan = plan_of(event, asof)
            if plan and parties.any_matches((*event.sources, *event.targets), actor) and _touches(plan, since, until):
                found.append(plan)
    return sorted(found, key=lambda plan: (_day(plan) or date.max, plan.event_id))


def last_day(store: Store) -> date | None:
    """The last day of publication of an event in the store, null where none is known."""
    day: date | None = store.query("SELECT max(last_reported) AS day FROM events").to_pylist()[0]["day"]
    return day


def plan_of(event: Event, asof: date | None) -> Plan | None:
    """The plan that the event is or was, as known at the end of `asof`; None where nobody had announced it by then.

    Without `asof` everything told is known, and nothing is overdue.
    """
    known = [told for told in event.tellings if not (asof and told.published and told.published > asof)]
    future = _in_order(told for told in known if told.status == "future")
    if not future:
        return None
    texts = parties.witnesses(future)
    start, end = window(future)
    fate, deciding = _fate(known, future, end, asof)
    days = sorted(told.published for told in future if told.published)
    return Plan(
        event.event_id, event.deed, event.modes, event.sources, event.targets, start, end,
        announcers=_each(party for told in future for party in told.claimants) or event.sources,
        announced=len(texts),
        publishers=len(set(texts.values())),
        first_announced=days[0] if days else None,
        last_announced=days[-1] if days else None,
        fate=fate,
        decided=deciding[0].published if deciding else None,
        by=tuple(dict.fromkeys(told.report_id for told in deciding)),
    )  # fmt: skip


def window(announcements: Sequence[Telling]) -> tuple[date | None, date | None]:
    """First and last day for which a deed is announced, given its tellings in order of publication.

    The latest word counts, since plans are put off; but a vaguer one that holds the present window ("in November" for
    "from 17 to 24 November") moves nothing. Null where no announcement tells a time.
    """
    start = end = None
    for told in announcements:
        if told.start is None or told.end is None:
            continue
        if start is None or end is None or not (told.start <= start and end <= told.end):
            start, end = told.start, told.end
    return start, end


def hit_rates(plans: Iterable[Plan]) -> list[HitRate]:
    """What became of the plans of each announcer, most plans first; a plan of several counts for each of them."""
    named: dict[str, Party] = {}
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FATES, 0))
    for plan in plans:
        for key, party in {parties.key(party): party for party in reversed(plan.announcers)}.items():
            named.setdefault(key, party)
            counts[key][plan.fate] += 1
    rates = [_rate(named[key], fates) for key, fates in counts.items()]
    return sorted(rates, key=lambda rate: (-rate.plans, parties.key(rate.announcer)))


def _rate(announcer: Party, fates: dict[str, int]) -> HitRate:
    plans, decided = sum(fates.values()), sum(fates.values()) - fates["open"]
    return HitRate(announcer, plans, rate=fates["confirmed"] / decided if decided else None, **fates)


def _fate(
    known: Sequence[Telling], future: Sequence[Telling], end: date | None, asof: date | None
) -> tuple[str, list[Telling]]:
    """The fate, and the tellings that decide it, in order of publication."""
    first, last = (_published(future[index]) for index in (0, -1))
    confirming = _in_order(t for t in known if t.status in ("actual", "historical") and _published(t) >= first)
    if confirming:
        return "confirmed", confirming
    cancelling = _in_order(told for told in known if told.status == "negated" and _published(told) >= first)
    if cancelling and _published(cancelling[-1]) >= last:
        return "cancelled", cancelling
    return ("overdue" if end and asof and end < asof else "open"), []


def _in_order(tellings: Iterable[Telling]) -> list[Telling]:
    return sorted(tellings, key=lambda told: (_published(told), told.mention_id))


def _published(told: Telling) -> date:
    unknown = date.min if told.status == "future" else date.max
    return told.published or unknown


def _each(found: Iterable[Party]) -> tuple[Party, ...]:
    """Each actor once, as first named."""
    each: dict[str, Party] = {}
    for party in found:
        each.setdefault(parties.key(party), party)
    return tuple(each.values())


def _day(plan: Plan) -> date | None:
    return plan.start or plan.last_announced


def _touches(plan: Plan, since: date | None, until: date | None) -> bool:
    start, end = _day(plan), plan.end or plan.last_announced
    if start is None or end is None:
        return since is None and until is None
    return not ((since and end < since) or (until and start > until))
