"""What one piece of work is: to poll an address, or to fetch a page. Runs in a thread and changes nothing; what a
server does wrong is an outcome, never an error."""

import threading
import time
import zlib
from dataclasses import dataclass
from email.message import Message

from legation.ingest.fetch import Answer, FetchError, PrivateError, unpacked
from legation.ingest.text import MAX_BYTES, UnreadableError
from legation.watch import listing
from legation.watch.fetching import Fetcher, PostponedError
from legation.watch.listing import Listing
from legation.watch.sources import Source
from legation.watch.state import Page, Poll, Wait

_LISTING_BYTES = 50_000_000  # what the sitemap protocol allows, unpacked
_READING = threading.Lock()
"""Listings are read one after another: side by side large ones would take as long, and many times the memory."""
_PAGES = ("text/html", "application/xhtml+xml", "text/plain")
_ACCEPT = "text/html,application/xhtml+xml,text/plain;q=0.8"
_ACCEPT_LISTING = "application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.5"


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing, and what to ask with next time."""

    listing: Listing
    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The server says that the listing is as it was."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What was wrong, whether trying again may help, and when the server would have it tried, in seconds."""

    reason: str
    temporary: bool
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Postponed:
    """The host is to be left alone for so many seconds."""

    seconds: float


Outcome = Listed | Unchanged | Page | Failed | Postponed


def work(job: Poll | Wait, source: Source, fetcher: Fetcher) -> Outcome:
    """What came of it."""
    try:
        return _poll(job, source, fetcher) if isinstance(job, Poll) else _page(job, source, fetcher)
    except PostponedError as error:
        return Postponed(error.seconds)
    except PrivateError as error:
        hint = "; allow_private = true would allow it" if isinstance(job, Poll) else ""
        return Failed(f"{error}{hint}", False, None)
    except FetchError as error:
        return Failed(str(error), error.temporary, error.retry_after)
    except UnreadableError as error:
        return Failed(str(error), False, None)


def _poll(poll: Poll, source: Source, fetcher: Fetcher) -> Outcome:
    headers = {"Accept": _ACCEPT_LISTING}
    headers |= {"If-None-Match": poll.etag} if poll.etag else {}
    headers |= {"If-Modified-Since": poll.modified} if poll.modified else {}
    answer = fetcher.get(poll.address, private=source.private, limit=_LISTING_BYTES, headers=headers)
    if answer.status == 304:
        return Unchanged()
    with _READING:
        return _listed(answer)


def _listed(answer: Answer) -> Listed:
    body = answer.body
    if body.startswith(b"\x1f\x8b"):  # sitemap.xml.gz
        body = unpacked([body], "gzip", _LISTING_BYTES)
    found = listing.read(body, answer.url, answer.headers.get_content_charset())
    return Listed(found, _validator(answer.headers, "ETag"), _validator(answer.headers, "Last-Modified"))


def _validator(headers: Message, name: str) -> str | None:
    """As the server sent it; one that no header may hold is none."""
    told = headers.get(name)
    return told if told and len(told) <= 1000 and told.isascii() and told.isprintable() else None


def _page(link: Wait, source: Source, fetcher: Fetcher) -> Outcome:
    answer = fetcher.get(
        link.url, private=source.private, limit=MAX_BYTES, headers={"Accept": _ACCEPT}, wanted=_only_pages
    )
    if answer.status != 200:
        raise FetchError(f"the server answers {answer.status} to a request that had no condition")
    kind, charset = answer.headers.get_content_type(), answer.headers.get_content_charset()
    return Page(zlib.compress(answer.body, 1), kind, charset, answer.url, time.time())


def _only_pages(headers: Message) -> None:
    kind = headers.get_content_type()
    if kind not in _PAGES:
        raise FetchError(f"{kind}, not a page of HTML or text")
