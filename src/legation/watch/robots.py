"""What a host's robots.txt permits, by RFC 9309. The standard library's reader knows no wildcards and takes the first
rule that matches where the RFC takes the longest."""

import re
from dataclasses import dataclass
from urllib.parse import quote

LIMIT = 512_000
"""Bytes that are read of a robots.txt; RFC 9309, 2.5, asks for 500 KiB at least."""
_LONGEST_DELAY = 86_400.0
_MOST_RULES = 10_000
_TOKEN = re.compile(r"\*|[a-z_-]+")


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of the group that speaks to one agent: (path pattern, whether it allows), and the seconds that it asks
    for between requests, 0 where it does not say. Crawl-delay is no part of the RFC, but widely written."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float = 0.0

    def allows(self, path: str) -> bool:
        """The longest pattern that matches decides; of two as long, the one that allows."""
        path = _escaped(path)
        matching = [(len(pattern), allowed) for pattern, allowed in self.rules if _matches(pattern, path)]
        return max(matching, default=(0, True))[1]


def read(text: str, agent: str) -> Robots:
    """The rules for the agent, named by its product token ("example-desk"), else those for all others ("*")."""
    groups: dict[str, tuple[list[tuple[str, bool]], list[float]]] = {}
    speaking: list[str] = []
    open_head = False
    for line in text.lstrip("\ufeff").splitlines():
        field, _, value = (side.strip() for side in line.split("#", 1)[0].partition(":"))
        field = field.lower()
        if field == "user-agent":
            # "example-desk/1.0" speaks to example-desk; a name of other characters is of no agent that we may be.
            name = match[0] if (match := _TOKEN.match(value.lower())) else ""
            speaking = [*speaking, name] if open_head else [name]
            open_head = True
        elif field in ("allow", "disallow", "crawl-delay"):
            open_head = False
            for name in speaking:
                rules, delays = groups.setdefault(name, ([], []))
                if field == "crawl-delay":
                    delays.append(_delay(value))
                elif value and len(rules) < _MOST_RULES:
                    rules.append((_escaped(value), field == "allow"))
    rules, delays = groups.get(agent.lower()) or groups.get("*") or ([], [])
    return Robots(tuple(rules), max(delays, default=0.0))


def _delay(value: str) -> float:
    return min(float(value), _LONGEST_DELAY) if re.fullmatch(r"\d{1,9}(\.\d+)?", value) else 0.0


def _escaped(path: str) -> str:
    """Paths are compared octet by octet, so both sides write what is not ASCII alike."""
    return quote(path, safe="/%:=&?~+!$,;'@()*[]|#")


def _matches(pattern: str, path: str) -> bool:
    """`*` stands for any characters and a final `$` for the end. Taken piece by piece, not as a regular expression, so
    that no pattern takes long: each piece is sought once, after the one before."""
    whole = pattern.endswith("$")
    first, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    last = pieces.pop() if whole and pieces else None
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if last is not None:
        return len(path) - len(last) >= at and path.endswith(last)
    return not whole or at == len(path)
