"""Bytes to text, and text to a Report that the rest of the house can take."""

import codecs
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b

from legation.schema import Report

MAX_BYTES = 10_000_000
"""Most bytes of one document: a page, a text file, a feed, a line of JSON."""
MAX_CHARACTERS = 1_000_000
"""Most characters of one report, about ten times the longest read in a newspaper; more is a book or a mistake."""
YEARS = range(1600, 2101)
"""Of publication: the first newspaper is of 1605; another year is a slip, or a program's zero (0001-01-01)."""


class UnreadableError(ValueError):
    """What is wrong with an input, in words for the person who gave it; becomes the reason of a Reject."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where bytes came from: `name` as the user gave it, `identity` the part of it that report ids may rest on."""

    name: str
    identity: str
    url: str | None = None
    retrieved: datetime | None = None
    charset: str | None = None


def report(
    origin: Origin,
    text: str,
    *,
    report_id: str | None = None,
    publisher: str | None = None,
    url: str | None = None,
    title: str | None = None,
    published: date | None = None,
) -> Report:
    """A Report of `text`, unaltered. Without an id of its own it gets a hash of where it came from and its text.

    Raises UnreadableError where the text is empty, holds no word, or is longer than MAX_CHARACTERS.
    """
    if not text.strip():
        raise UnreadableError("empty: there is no text to read")
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(
            f"too long: {len(text):,} characters, at most {MAX_CHARACTERS:,} are read as one report; split it"
        )
    if not any(map(str.isalpha, text)):
        raise UnreadableError("no words: the text holds no letter")
    url = url or origin.url
    report_id = report_id or _digest(url or origin.identity, text)
    return Report(report_id, text, publisher, url, title, published, retrieved=origin.retrieved)


def _digest(identity: str, text: str) -> str:
    return blake2b(f"{identity}\n{text}".encode(), digest_size=8).hexdigest()


_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
_FOREIGN = {b"%PDF": "a PDF", b"PK\x03\x04": "an office document", b"\x89PNG": "an image", b"\xff\xd8\xff": "an image"}
_SPACE = "\t\n\v\f\r\x1b\x85"


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of `data`: by its byte order mark, else as `declared`, else as UTF-8, else as Windows-1252.

    Broken UTF-8 is read with U+FFFD in place of each broken sequence, where those are no more than the sound sequences
    and at most one character in a hundred: the marks stand in the text, for anyone to find. Raises UnreadableError for
    binary data and for encodings that cannot be told.
    """
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise UnreadableError(f"{kind}, not text; convert it to text or HTML first")
    text = characters(_decoded(data, declared))
    controls = sum(1 for c in text if c < " " and c not in _SPACE) if _suspect(data) else 0
    if controls * 100 > len(text):
        raise UnreadableError("binary data, not text")
    return text


def characters(text: str) -> str:
    """`text` with U+FFFD for lone surrogates: they are no characters and no encoding can write them."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(data: bytes, declared: str | None) -> str:
    marked = next((encoding for bom, encoding in _BOMS.items() if data.startswith(bom)), None)
    for encoding in (marked, _known(declared), "utf-8"):
        if encoding is not None:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    return _broken_utf8(data) or _windows(data)


def _known(charset: str | None) -> str | None:
    """The codec for a declared charset; labels of Latin-1 mean Windows-1252 (WHATWG Encoding Standard)."""
    try:
        name = codecs.lookup(charset).name if charset and charset.isascii() else None
    except LookupError:
        return None
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def _broken_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = sum(1 for c in text if c > "\x7f") - broken
    return text if broken <= sound and broken * 100 <= len(text) else None


def _windows(data: bytes) -> str:
    """Western text of before UTF-8. More than three bytes in ten beyond ASCII are another script or no text at all."""
    if sum(byte > 0x7F for byte in data) * 10 > 3 * len(data):
        raise UnreadableError("neither UTF-8 nor Western text, and no character encoding is declared; save it as UTF-8")
    return data.decode("cp1252", "replace")


def _suspect(data: bytes) -> bool:
    return any(byte in data for byte in (b"\x00", b"\x01", b"\x02", b"\x03", b"\x04", b"\x08", b"\x0e", b"\x1f"))
