"""How actors are named by who asks for them and to who reads of them, and how witnesses of an event are counted."""

import re
from collections.abc import Iterable

from legation.schema import UNKNOWN, Party, Telling

_CODE = re.compile(rf"(?:[A-Z]{{3}}|{UNKNOWN})(?: [A-Z]{{3}})*")


def code(party: Party) -> str:
    """PRK GOV"""
    return " ".join((party.country, *party.sectors))


def label(party: Party) -> str:
    """Kim Jong Un (PRK GOV); the name alone where nothing more is known."""
    return party.name if code(party) == UNKNOWN else f"{party.name} ({code(party)})"


def key(party: Party) -> str:
    """What is the same for every telling of one actor: its actor_id, else its label."""
    return party.actor_id or label(party)


def is_code(words: str) -> bool:
    """Whether words are a country ("PRK") or a country and sectors ("PRK GOV")."""
    return _CODE.fullmatch(words) is not None


def matches(party: Party, words: str) -> bool:
    """Whether words name the party as the filters of Store.events do: country, country and sectors, actor_id, or words
    of its name in any case."""
    country, *sectors = words.split() or [""]
    return (
        party.actor_id == words
        or (party.country == country and set(sectors) <= set(party.sectors))
        or re.search(rf"(?<!\w){re.escape(words)}(?!\w)", party.name, re.IGNORECASE) is not None
    )


def any_matches(parties: Iterable[Party], words: str | None) -> bool:
    """Whether words name one of the parties; words that are None name all and nobody."""
    return words is None or any(matches(party, words) for party in parties)


def witnesses(tellings: Iterable[Telling]) -> dict[str, str]:
    """The independent texts among tellings, each with its publisher, in order: {report_id: publisher}.

    A copy goes with the text that it repeats, under the original's publisher where that is among the tellings; a report
    without a publisher stands for one.
    """
    found: dict[str, str] = {}
    for told in tellings:
        publisher = told.publisher or told.report_id
        if told.copy_of is None:
            found[told.report_id] = publisher
        else:
            found.setdefault(told.copy_of, publisher)
    return found
