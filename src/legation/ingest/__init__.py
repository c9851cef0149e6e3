"""The world to Reports: text, HTML, feeds, JSON lines, CSV, Parquet, WARC, folders of them, and addresses.

Files lie on a disk, or in object storage (s3://, gs://, … as Arrow opens them); http(s) addresses are fetched. Nothing
that an input holds raises: what cannot be read becomes a Reject that names the input and says why.
"""

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader, BytesIO
from pathlib import Path, PurePath

from legation.ingest import records
from legation.ingest.places import STORAGE, Input, inputs, opened, told
from legation.ingest.records import code_inputs
from legation.ingest.text import MAX_BYTES, Origin, UnreadableError, decode, report
from legation.schema import Reject, Report

__all__ = ["Input", "code_inputs", "inputs", "reports"]

_KINDS = {
    ".txt": "text", ".text": "text", "": "text", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".xml": "feed", ".rss": "feed", ".atom": "feed", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".warc": "warc",
}  # fmt: skip


def reports(source: str | Path | Input) -> Iterator[Report | Reject]:
    """Every report of a file, of a folder (its files in the order of their paths, but hidden ones), or of an address.

    A file is read by what it holds where that is plain (WARC, Parquet, HTML, a feed, gzip around any of them), else by
    its suffix; text without a suffix is one report. Bad content never raises: it yields a Reject, and the rest goes on.
    """
    for found in [source] if isinstance(source, Input) else inputs(source):
        if isinstance(found, Reject):
            yield found
        elif found.scheme is None or found.scheme in STORAGE:
            yield from _of_file(found)
        else:
            yield from _of_address(found.name)


def _of_address(url: str) -> Iterator[Report | Reject]:
    from legation.ingest.fetch import download

    try:
        data, suffix, origin = download(url)
        yield from _read(BufferedReader(BytesIO(data)), suffix, origin)
    except (UnreadableError, OSError, EOFError, zlib.error) as error:
        yield Reject(url, str(error))


def _of_file(found: Input) -> Iterator[Report | Reject]:
    try:
        with opened(found) as handle:
            yield from _read(handle, found.suffix, Origin(found.name, found.identity))
    except UnreadableError as error:
        yield Reject(found.name, str(error))
    except (OSError, EOFError, zlib.error) as error:
        yield Reject(found.name, told(error))


def _read(handle: BufferedReader, suffix: str, origin: Origin) -> Iterator[Report | Reject]:
    head = handle.peek(1024)
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        head = zlib.decompressobj(wbits=31).decompress(head, 1024)
        suffix = PurePath(PurePath(origin.name).stem).suffix.lower() if suffix == ".gz" else suffix
    kind = _kind(head[:1024], suffix)
    if packed and kind != "warc":  # an archive is packed record by record: its own reader gets past a damaged end
        handle = BufferedReader(gzip.GzipFile(fileobj=handle))
    # Pages, feeds and archives bring parsers that take a third of a second to load; a run over JSON lines needs none.
    match kind:
        case "jsonl":
            yield from records.jsonl(handle, origin)
        case "csv":
            yield from records.table(handle, origin)
        case "parquet":
            yield from records.parquet(handle, origin)
        case "warc":
            from legation.ingest import warc

            yield from warc.pages(handle, origin)
        case "feed":
            from legation.ingest import feed

            yield from feed.items(_whole(handle), origin)
        case "html":
            from legation.ingest import html

            yield html.article(_whole(handle), origin)
        case _:
            yield report(origin, decode(_whole(handle), origin.charset))


def _kind(head: bytes, suffix: str) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"warc/"):
        return "warc"
    if start.startswith(b"par1"):
        return "parquet"
    if start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start):
        return "html"
    if start.startswith((b"<?xml", b"<rss", b"<feed", b"<rdf:rdf")):
        return "feed"
    if suffix not in _KINDS:
        raise UnreadableError(
            f"a kind of file that is not read ({suffix}); the known ones are {' '.join(filter(None, _KINDS))}"
        )
    return _KINDS[suffix]


def _whole(handle: BufferedReader) -> bytes:
    data = handle.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnreadableError(
            f"too large: more than {MAX_BYTES:,} bytes in one document; give many reports as JSON lines"
        )
    return data
