"""The TOML file that says what to watch.

    agent = "example-desk"            # the name that servers are told, and that robots.txt may speak to
    contact = "desk@news.example"     # a mail address or page where the owner of a server can complain

    [[source]]
    url = "https://news.example/feed.xml"   # a feed, a sitemap or an index of sitemaps
    name = "Example News"                   # the publisher of its reports; else what each page tells
    minutes = 15                            # between two polls
    days = 7                                # of a sitemap, which lists a whole site: how old a page may be
    allow_private = true                    # the host is in a network of one's own

Only `agent`, `contact` and one source with its `url` must be there.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legation.ingest.fetch import FetchError, place

MINUTES, DAYS = 15, 7
_KEYS = {"url": str, "name": str, "minutes": int, "days": int, "allow_private": bool}
_MOST = {"minutes": 1440, "days": 3650}


class SourcesError(ValueError):
    """What is wrong with the file, in words for who wrote it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One feed or sitemap as the file names it."""

    url: str
    name: str | None = None
    minutes: int = MINUTES
    days: int = DAYS
    allow_private: bool = False

    @property
    def private(self) -> frozenset[str]:
        """The hosts that may be at addresses which are not public, for what this source leads to."""
        return frozenset((place(self.url).host,)) if self.allow_private else frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole file. `sources` by their address."""

    agent: str
    contact: str
    sources: Mapping[str, Source]


def read_plan(path: str) -> Plan:
    """The plan in a file. Raises SourcesError, which names the file, the key and what to write."""
    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SourcesError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourcesError(f"{path} is not UTF-8; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SourcesError(f"{path} is not TOML: {error}") from error
    try:
        return _plan(told)
    except SourcesError as error:
        raise SourcesError(f"{path}: {error}") from error


def _plan(told: Mapping[str, Any]) -> Plan:
    _known(told, ("agent", "contact", "source"), "the file")
    agent, contact = told.get("agent"), told.get("contact")
    if not (isinstance(agent, str) and re.fullmatch(r"[A-Za-z][A-Za-z_-]{0,63}", agent)):
        raise SourcesError('agent must be a name of letters, - and _, such as agent = "example-desk"')
    if not (isinstance(contact, str) and re.fullmatch(r"(?=.*@|https?://)[!-'*-~]{3,200}", contact)):
        raise SourcesError('contact must be a mail address or a page, such as contact = "desk@news.example"')
    tables = told.get("source")
    if not (isinstance(tables, list) and tables):
        raise SourcesError('no source; write [[source]] and below it url = "https://…"')
    sources: dict[str, Source] = {}
    for number, table in enumerate(tables, start=1):
        source = _source(table, f"source {number}")
        if source.url in sources:
            raise SourcesError(f"source {number}: {source.url} is named twice")
        sources[source.url] = source
    return Plan(agent, contact, sources)


def _source(table: object, name: str) -> Source:
    if not isinstance(table, dict):
        raise SourcesError(f"{name} must be a table, [[source]]")
    _known(table, tuple(_KEYS), name)
    for key, value in table.items():
        if type(value) is not _KEYS[key]:  # True is an int to isinstance
            raise SourcesError(f"{name}: {key} must be {_WORDS[_KEYS[key]]}, not {value!r}")
        if isinstance(value, int) and key in _MOST and not 1 <= value <= _MOST[key]:
            raise SourcesError(f"{name}: {key} must be from 1 to {_MOST[key]}, not {value}")
    if "url" not in table:
        raise SourcesError(f'{name} has no url; write url = "https://…"')
    try:
        place(table["url"])
    except FetchError as error:
        raise SourcesError(f"{name}: {table['url']!r}: {error}") from error
    return Source(**table)


_WORDS = {str: "text in quotes", int: "a whole number", bool: "true or false"}


def _known(table: Mapping[str, object], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            raise SourcesError(f"{where} has the unknown key {key!r}; the known ones are {', '.join(keys)}")
