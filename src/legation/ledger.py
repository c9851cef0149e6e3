"""The ledger of claims: who says what of whom, who bears it out, and who contradicts it.

An event is in the ledger where a mention of it is attributed to a claimant, where reports disagree about it, or where
one denies it. Each claimant has an entry for each stance that it takes; of an event that is disputed or denied, the
reports that speak in their own voice have entries too, without a claimant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from legation import parties
from legation.schema import Disagreement, Event, Party, Telling, Version
from legation.store import Store, from_row
from legation.tables import rows

STANCES = {"actual": "affirmed", "historical": "affirmed", "negated": "denied",
           "future": "announced", "hypothetical": "supposed"}  # fmt: skip
"""What one does with a deed by telling it with a status. Only affirming and denying contradict each other."""
_OPPOSITE = {"affirmed": "denied", "denied": "affirmed"}
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Another value told of one field. `field` is that of a Disagreement; `claimed` the claim's own value; `says` names
    the claimants of the other, else its publishers; `reports` counts the reports that tell it."""

    field: str
    claimed: str
    value: str
    says: tuple[str, ...]
    reports: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claimant, or reports in their own voice (`claimant` null), tell of one event.

    `stance` is affirmed, denied, announced or supposed. `start` and `end` are the days claimed: those of its first
    telling that has any, else the event's. `against` are those whom the deed is held against: of a deed of conflict
    its sources, or where the claimant is one of them its targets; nobody else is. `told_by` are the publishers that
    carry the claim, copies of one text left out; `corroborated` counts the other independent publishers that take the
    same stance in their own voice or by other claimants. `first` is the day when it was first published.
    """

    event_id: str
    claimant: Party | None
    stance: str
    deed: str
    modes: tuple[str, ...]
    sources: tuple[Party, ...]
    targets: tuple[Party, ...]
    start: date | None
    end: date | None
    against: tuple[Party, ...]
    told_by: tuple[str, ...]
    corroborated: int
    contradicted: tuple[Contradiction, ...]
    mentions: tuple[str, ...]
    first: date | None


def claims(
    store: Store, *, actor: str | None = None, claimant: str | None = None, disputed: bool = False
) -> Iterator[Claim]:
    """The claims of a store, those of the latest reported events first.

    `actor` names a source or target of the event and `claimant` who claims, both as in Store.events. `disputed` leaves
    only what somebody contradicts.
    """
    found = store.query(
        """SELECT * FROM events
        WHERE len(claimants) > 0 OR len(disagreements) > 0
            OR len([t FOR t IN tellings IF t.status = 'negated' OR len(t.claimants) > 0]) > 0
        ORDER BY last_reported DESC NULLS LAST, event_id"""
    )
    for batch in found.to_batches(max_chunksize=_BATCH):
        for event in (from_row(Event, row) for row in batch.to_pylist()):
            if parties.any_matches((*event.sources, *event.targets), actor):
                yield from (claim for claim in claims_of(event) if _wanted(claim, claimant, disputed))


def _wanted(claim: Claim, claimant: str | None, disputed: bool) -> bool:
    of = () if claim.claimant is None else (claim.claimant,)
    return parties.any_matches(of, claimant) and (bool(claim.contradicted) or not disputed)


def claims_of(event: Event) -> list[Claim]:
    """The claims about one event, in order of publication; none where nobody claims, disputes or denies."""
    denied = any(told.status == "negated" for told in event.tellings)
    grouped: dict[tuple[str, str], list[Telling]] = {}
    claimants: dict[str, Party] = {}
    tellings = sorted(event.tellings, key=lambda told: (told.published or date.max, told.mention_id))
    event = replace(event, tellings=tuple(tellings))
    for told in tellings:
        stance = STANCES[told.status]
        for party in told.claimants:
            claimants.setdefault(parties.key(party), party)
            grouped.setdefault((parties.key(party), stance), []).append(told)
        if not told.claimants and (denied or event.disagreements):
            grouped.setdefault(("", stance), []).append(told)
    return [_claim(event, claimants.get(key), stance, group) for (key, stance), group in grouped.items()]


def _claim(event: Event, claimant: Party | None, stance: str, tellings: Sequence[Telling]) -> Claim:
    mentions = tuple(dict.fromkeys(told.mention_id for told in tellings))
    days = next(((told.start, told.end) for told in tellings if told.start), (event.start, event.end))
    own = parties.witnesses(tellings)
    others = (t for t in event.tellings if STANCES[t.status] == stance and t.mention_id not in mentions)
    return Claim(
        event.event_id, claimant, stance, event.deed, event.modes, event.sources, event.targets, *days,
        against=_against(event, claimant),
        told_by=tuple(dict.fromkeys(own.values())),
        corroborated=len({who for text, who in parties.witnesses(others).items() if text not in own} - {*own.values()}),
        contradicted=tuple(_contradictions(event, stance, mentions)),
        mentions=mentions,
        first=tellings[0].published,
    )  # fmt: skip


def _against(event: Event, claimant: Party | None) -> tuple[Party, ...]:
    if event.deed not in _conflict():
        return ()
    if claimant and parties.key(claimant) in {parties.key(source) for source in event.sources}:
        return event.targets
    return event.sources


@cache
def _conflict() -> frozenset[str]:
    """The deeds of quad classes 3 and 4, whatever their status: what is denied has no published quad class."""
    return frozenset(row["type"] for row in rows("codebook") if row["quad"] in ("3", "4"))


def _contradictions(event: Event, stance: str, mentions: Sequence[str]) -> Iterator[Contradiction]:
    for disagreement in event.disagreements:
        yield from _other_versions(disagreement, mentions)
    opposed = [told for told in event.tellings if STANCES[told.status] == _OPPOSITE.get(stance)]
    if opposed and "status" not in {disagreement.field for disagreement in event.disagreements}:
        named = dict.fromkeys(parties.label(party) for told in opposed for party in told.claimants)
        says = tuple(named or dict.fromkeys(parties.witnesses(opposed).values()))
        yield Contradiction("status", stance, _OPPOSITE[stance], says, len({told.report_id for told in opposed}))


def _other_versions(disagreement: Disagreement, mentions: Sequence[str]) -> Iterator[Contradiction]:
    """The versions that the claim does not tell, where it tells one itself."""
    own: list[Version] = [version for version in disagreement.versions if set(version.mentions) & set(mentions)]
    for version in disagreement.versions:
        if own and version not in own:
            claimed = "; ".join(known.value for known in own)
            yield Contradiction(disagreement.field, claimed, version.value, version.says, version.reports)
