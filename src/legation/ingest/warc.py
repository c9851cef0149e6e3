"""WARC archives: every HTML page that a crawler got is a report."""

from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

from fastwarc.warc import ArchiveIterator, WarcRecordType

from legation.ingest.html import article
from legation.ingest.text import MAX_BYTES, Origin, UnreadableError
from legation.schema import Reject, Report

_PAGES = ("text/html", "application/xhtml+xml")


def pages(handle: IO[bytes], origin: Origin) -> Iterator[Report | Reject]:
    """The article of each HTML response with status 200; images, redirects and the like are no reports.

    Raises UnreadableError where the archive holds no such response, OSError where it is damaged.
    """
    found = False
    for record in ArchiveIterator(handle, record_types=WarcRecordType.response, parse_http=True, auto_decode="content"):
        url = str(record.headers.get("WARC-Target-URI", "")).strip("<>")
        if record.http_headers is None:
            yield Reject(url or origin.name, "the archive breaks off in this record")
        elif record.http_content_type in _PAGES and record.http_headers.status_code == 200:
            found = True
            yield _page(
                record, replace(origin, url=url or None, retrieved=record.record_date, charset=record.http_charset)
            )
    if not found:
        raise UnreadableError("no HTML page in the archive")


def _page(record: Any, origin: Origin) -> Report | Reject:
    source = origin.url or origin.name
    data = record.reader.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return Reject(source, f"too large: more than {MAX_BYTES:,} bytes in one page")
    try:
        return article(data, origin)
    except UnreadableError as error:
        return Reject(source, str(error))
