"""RSS and Atom: every item of a feed is a report."""

from collections.abc import Iterator
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any

import feedparser

from legation.ingest.html import plain
from legation.ingest.text import YEARS, Origin, UnreadableError, report
from legation.schema import Reject, Report


def items(data: bytes, origin: Origin) -> Iterator[Report | Reject]:
    """Each item's content, or its summary where it has no content, as a Report; the feed's title is the publisher.

    A feed that breaks off gives the items before the damage and a Reject that tells the line of it.
    Raises UnreadableError where the data is no feed, or a feed without items.
    """
    feed = _parsed(data, origin.charset)
    if not feed.get("version") and not feed.entries:
        raise UnreadableError("not an RSS or Atom feed")
    if not feed.entries:
        raise UnreadableError("a feed without items")
    publisher = plain(feed.feed.get("title") or "") or None
    for number, entry in enumerate(feed.entries, start=1):
        try:
            yield _item(entry, origin, publisher)
        except UnreadableError as error:
            yield Reject(origin.name, f"item {number}: {error}")
    damage = feed.get("bozo_exception")
    if hasattr(damage, "getLineNumber"):
        yield Reject(
            origin.name, f"malformed XML, items after it may be lost: {damage.getMessage()}", damage.getLineNumber()
        )


# What feedparser's lenient parser lets out on markup that its strict one refused.
_PARSER_ERRORS = (ValueError, AttributeError, LookupError, TypeError, AssertionError, RecursionError, OverflowError)


def _parsed(data: bytes, charset: str | None) -> Any:
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    try:
        return feedparser.parse(BytesIO(data), response_headers=headers, resolve_relative_uris=False)
    except _PARSER_ERRORS as error:
        raise UnreadableError(f"malformed feed: {error}") from error


def _item(entry: Any, origin: Origin, publisher: str | None) -> Report:
    contents = [content.get("value") for content in entry.get("content") or ()]
    text = plain(next((value for value in contents if value), entry.get("summary") or ""))
    title = plain(entry.get("title") or "") or None
    url, published = entry.get("link") or entry.get("id"), _published(entry)
    published = published if published and published.year in YEARS else None
    return report(origin, text or title or "", publisher=publisher, url=url, title=title, published=published)


def _published(entry: Any) -> date | None:
    """The day in the publisher's own time zone, as the feed writes it; the day in UTC only for unusual date formats."""
    told = entry.get("published") or entry.get("updated") or ""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return parse(told).date()
        except (ValueError, OverflowError):  # the year 99999999999
            continue
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    return date(*parsed[:3]) if parsed else None
