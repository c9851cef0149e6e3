"""The filters of Store.mentions and Store.events as SQL."""

import re
from datetime import date

OF_MENTIONS = ('coalesce("when".start, published)', 'coalesce("when"."end", published)')
OF_EVENTS = ("coalesce(start, first_reported)", 'coalesce("end", first_reported)')
"""First and last day of a deed, in SQL."""


def conditions(
    actor: str | None,
    dyad: tuple[str, str] | None,
    deed: str | None,
    status: str | None,
    since: date | None,
    until: date | None,
    days: tuple[str, str],
) -> tuple[list[str], dict[str, object]]:
    where: list[str] = []
    params: dict[str, object] = {}
    for name, test, value in (
        ("deed", "deed = $deed", deed),
        ("status", "status = $status", status),
        ("since", f"{days[1]} >= $since", since),
        ("until", f"{days[0]} <= $until", until),
    ):
        if value is not None:
            where.append(test)
            params[name] = value
    if actor is not None:
        where.append(f"{_any('sources', 'a')} OR {_any('targets', 'a')}")
        params |= _actor(actor, "a")
    if dyad is not None:
        one, other = _any("sources", "a"), _any("sources", "b")
        # Both among the sources is a dyad only where they are two actors: PRK with PRK must not find every deed of PRK.
        together = f"{one} AND {other} AND len(sources) > 1" if dyad[0] != dyad[1] else "false"
        where.append(f"{one} AND {_any('targets', 'b')} OR {other} AND {_any('targets', 'a')} OR {together}")
        params |= _actor(dyad[0], "a") | _actor(dyad[1], "b")
    return [f"({sql})" for sql in where], params


def _any(column: str, key: str) -> str:
    test = f"""x.actor_id = ${key}_words OR regexp_matches(x.name, ${key}_name)
        OR x.country = ${key}_country AND list_has_all(x.sectors, ${key}_sectors)"""
    return f"len([x FOR x IN {column} IF {test}]) > 0"


def _actor(words: str, key: str) -> dict[str, object]:
    country, *sectors = words.split() or [""]
    return {
        f"{key}_words": words,
        f"{key}_name": rf"(?i)(^|[^\pL\pN]){re.escape(words)}($|[^\pL\pN])",
        f"{key}_country": country,
        f"{key}_sectors": sectors,
    }
