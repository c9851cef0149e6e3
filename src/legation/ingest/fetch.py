"""Fetches one http(s) address that the user gave."""

import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from legation.ingest.text import MAX_BYTES, Origin, UnreadableError

TIMEOUT = 20.0
"""Seconds, for the connection and again for the whole of the body."""
_KINDS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/rss+xml": ".rss",
    "application/atom+xml": ".atom", "text/plain": ".txt", "application/x-ndjson": ".jsonl", "text/csv": ".csv",
}  # fmt: skip
_AGENT = "legation (reads one page at its user's request)"


def download(url: str) -> tuple[bytes, str, Origin]:
    """(body, file suffix of its kind, origin). Raises UnreadableError for other schemes, refusals, too large a body."""
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        raise UnreadableError("only http and https addresses are fetched; give one of those, or a path")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT, "Accept": "text/html,*/*;q=0.8"})
        with _opener().open(request, timeout=TIMEOUT) as response:
            body = _body(response)
            kind = response.headers.get_content_type()
            suffix = _KINDS.get(kind, PurePosixPath(urlsplit(response.url).path).suffix.lower())
            charset = response.headers.get_content_charset()
            return body, suffix, Origin(url, url, response.url, datetime.now(UTC), charset)
    except urllib.error.HTTPError as error:
        raise UnreadableError(f"the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"cannot be fetched: {getattr(error, 'reason', error)}") from error


def _opener() -> urllib.request.OpenerDirector:
    """An opener that knows http and https and nothing else, so that no redirect leads to a file or an FTP server."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler, urllib.request.UnknownHandler, urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler, urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):  # fmt: skip
        opener.add_handler(handler())
    return opener


def _body(response: Any) -> bytes:
    deadline = time.monotonic() + TIMEOUT
    body = bytearray()
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > MAX_BYTES:
            raise UnreadableError(f"too large: more than {MAX_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise UnreadableError(f"too slow: not complete after {TIMEOUT:.0f} seconds")
    return bytes(body)
