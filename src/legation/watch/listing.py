"""A feed (RSS, Atom), a sitemap (also of news) or an index of sitemaps to the links in it.

Read as a stream, without a tree and without entities, so that no document costs more than its own size; damage is
passed over where it can be, as feeds often hold a bare "&". A document type declaration is refused: no feed needs one,
and all that it can do here is harm.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urldefrag, urljoin

from lxml import etree

from legation.ingest.html import plain
from legation.ingest.text import YEARS, UnreadableError, decode

MOST_LINKS = 50_000
"""Links of one document; the sitemap protocol allows as many."""
_MOST_ELEMENTS = 600_000  # a full sitemap with a picture, a date and a priority for each page has fewer
_MOST_CHARACTERS = 20_000  # of one field; a link of more than 2,083 is read by few browsers, and titles are shorter
_CHUNK = 65_536
_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w-]+)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_REFERENCE = re.compile(r"&(?:(?:amp|lt|gt|quot|apos);|#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}));)?")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_ROOTS = {"rss": "feed", "rdf": "feed", "feed": "feed", "urlset": "sitemap", "sitemapindex": "index"}
_ITEMS = {"feed": ("item", "entry"), "sitemap": ("url",), "index": ("sitemap",)}


@dataclass(frozen=True, slots=True)
class Link:
    """One page that is listed. `url` is absolute and without a fragment; None where an item has no link to fetch, and
    `title` names it then. `modified` is what a sitemap tells of the page's age."""

    url: str | None
    title: str | None = None
    published: date | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a document lists, in its order. `kind` is feed, sitemap or index (whose links are sitemaps)."""

    kind: str
    title: str | None
    links: Sequence[Link]


def read(data: bytes, url: str, charset: str | None = None) -> Listing:
    """The listing in `data`, which came from `url`, with the charset that its headers declare.

    Raises UnreadableError for what is no feed and no sitemap, and for a document type declaration. A document that
    breaks off gives what stands before the damage.
    """
    declared = _ENCODING.match(data[:300])
    text = _DECLARATION.sub("", decode(data, charset or _ascii_like(declared)).lstrip("\ufeff"), count=1)
    if re.match(r"\s*<!doctype\s+html", text, re.IGNORECASE):
        raise UnreadableError("neither a feed nor a sitemap: an HTML page")
    text = _mended(_NOT_XML.sub("\ufffd", text))
    if not text.lstrip().startswith("<"):
        raise UnreadableError("neither a feed nor a sitemap: it does not begin as XML does")
    target = _Target(url)
    parser = etree.XMLParser(
        target=target, encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False,
    )  # fmt: skip
    try:
        for at in range(0, len(text), _CHUNK):
            parser.feed(text[at : at + _CHUNK].encode())
        parser.close()
    except etree.XMLSyntaxError as error:
        if not target.kind:
            raise UnreadableError(f"neither a feed nor a sitemap: {error.msg}") from error
    if not target.kind:
        raise UnreadableError("neither a feed nor a sitemap: no element of one is in it")
    return Listing(target.kind, target.title, target.links)


def _mended(text: str) -> str:
    """With every "&" that is no reference of XML itself written as one: feeds hold bare ones in links, and names of
    HTML ("&nbsp;"), which are read when the title is."""
    first, *rest = text.split("<![CDATA[")
    parts = [_REFERENCE.sub(_reference, first)]
    for part in rest:
        inside, end, after = part.partition("]]>")
        parts += ("<![CDATA[", inside, end, _REFERENCE.sub(_reference, after))
    return "".join(parts)


def _reference(match: re.Match[str]) -> str:
    """A reference as it stands, where it is one of XML and to a character that XML allows."""
    if match[0] == "&":
        return "&amp;"
    number = int(match[1]) if match[1] else int(match[2], 16) if match[2] else ord(" ")
    allowed = (
        number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000
    )
    return match[0] if allowed else "\ufffd"


def _ascii_like(declaration: re.Match[bytes] | None) -> str | None:
    """The encoding that a declaration names; not one in which it could not have been read."""
    name = declaration[1].decode("ascii").lower() if declaration else ""
    return None if not name or name.startswith(("utf-16", "utf-32", "ucs", "iso-10646")) else name


@dataclass(slots=True)
class _Item:
    """Fields of the item that is open, by a name of ours."""

    name: str
    depth: int
    fields: dict[str, str] = field(default_factory=dict)


class _Target:
    """Takes the events of the parser, and keeps of them links, titles and dates."""

    def __init__(self, url: str) -> None:
        self.kind: str | None = None
        self.title: str | None = None
        self.links: list[Link] = []
        self._url = url
        self._open: list[tuple[str | None, str]] = []
        self._item: _Item | None = None
        self._text: list[str] | None = None
        self._elements = self._characters = 0

    # What the parser calls.

    def doctype(self, name: str | None, public: str | None, system: str | None) -> None:
        raise UnreadableError("it declares a document type (DTD), which is refused")

    def start(self, tag: str, attributes: Any) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise UnreadableError(f"too large: more than {_MOST_ELEMENTS:,} elements")
        space, name = _named(tag)
        if not self._open:
            self.kind = _ROOTS.get(name)
            if self.kind is None:
                what = "an HTML page" if name == "html" else f"its first element is <{name[:40]}>"
                raise UnreadableError(f"neither a feed nor a sitemap: {what}")
        self._open.append((space, name))
        if self._item is None and name in _ITEMS[self.kind or ""]:
            self._item = _Item(name, len(self._open))
        elif self._item and name == "link" and len(self._open) == self._item.depth + 1:
            self._atom_link(attributes)
        self._text, self._characters = [], 0

    def data(self, data: str) -> None:
        if self._text is not None and self._characters < _MOST_CHARACTERS:
            self._text.append(data)
            self._characters += len(data)

    def end(self, tag: str) -> None:
        space, name = self._open[-1]
        text = "".join(self._text or ()).strip()[:_MOST_CHARACTERS]
        if self._item and len(self._open) == self._item.depth and name == self._item.name:
            if len(self.links) < MOST_LINKS:
                self.links.append(_link(self._item.fields, self._url))
            self._item = None
        elif self._item:
            self._field(space, name, text)
        elif name == "title" and self.title is None and len(self._open) <= 3 and text:
            self.title = _plain(text)
        self._open.pop()
        self._text = None

    def close(self) -> None:
        """The parser asks for it; what was read stands in the fields."""

    # What is kept.

    def _field(self, space: str | None, name: str, text: str) -> None:
        """Only children of the item itself, in its own vocabulary, Dublin Core's or that of news: pictures in it have
        titles and links too."""
        assert self._item is not None
        own, parent = self._open[self._item.depth - 1][0], self._open[-2][1]
        if space == _NEWS and parent == "news":
            name = f"news:{name}"
        elif len(self._open) != self._item.depth + 1 or space not in (own, None, _DUBLIN_CORE):
            return
        if text:
            self._item.fields.setdefault(name, text)

    def _atom_link(self, attributes: Any) -> None:
        assert self._item is not None
        own, space = self._open[self._item.depth - 1][0], self._open[-1][0]
        to = attributes.get("href")
        if to and space == own and attributes.get("rel", "alternate") == "alternate":
            self._item.fields.setdefault("link", to.strip()[:_MOST_CHARACTERS])


def _named(tag: str) -> tuple[str | None, str]:
    """(namespace, local name); names in lower case, as some feeds write <Item>."""
    space, _, name = tag.rpartition("}")
    return (space.removeprefix("{") or None), name.lower()


def _link(fields: dict[str, str], url: str) -> Link:
    told = fields.get("link") or fields.get("loc")
    if told is None and fields.get("guid", "").startswith(("http://", "https://")):
        told = fields["guid"]
    title = fields.get("title") or fields.get("news:title")
    published = next((fields[n] for n in ("pubdate", "published", "date", "news:publication_date") if n in fields), "")
    modified = _moment(fields.get("news:publication_date") or fields.get("lastmod") or "")
    shown = _plain(title) if title else None
    return Link(_absolute(told, url), shown or fields.get("guid") or fields.get("id"), _day(published), modified)


def _absolute(told: str | None, url: str) -> str | None:
    if told is None:
        return None
    try:
        return urldefrag(urljoin(url, "".join(told.split())))[0] or None
    except ValueError:  # a bracket that opens an IPv6 address and does not close
        return None


def _plain(scrap: str) -> str | None:
    try:
        return " ".join(plain(scrap).split()) or None
    except UnreadableError:
        return None  # a title that is no HTML either; the page tells its own


def _moment(told: str) -> datetime | None:
    """A date of RFC 822 or ISO 8601, in UTC; of a day alone its end."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(told.strip())
            if len(told.strip()) == len("2024-05-14"):
                moment = datetime.combine(moment.date(), time.max)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _day(told: str) -> date | None:
    """The day in the publisher's own time zone, as it is written there."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            day = parse(told.strip()).date()
            return day if day.year in YEARS else None
        except (ValueError, OverflowError):
            continue
    return None
