"""An HTML page to the article in it; a scrap of HTML to its text."""

import logging
import re
from datetime import date
from html.parser import HTMLParser

import trafilatura
from trafilatura.settings import use_config

from legation.ingest.text import Origin, UnreadableError, decode, report
from legation.schema import Report

# What it would tell becomes the reason of a Reject; without a handler it would also print to stderr.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w-]+)")
_FEWEST_WORDS = 5  # fewer are the labels of a page without an article

_CONFIG = use_config()
# Below 250 characters, trafilatura's own bound, it takes the whole page for the article; a brief in the news has fewer.
_CONFIG.set("DEFAULT", "MIN_EXTRACTED_SIZE", "60")


def article(data: bytes, origin: Origin) -> Report:
    """The article of a page as a Report, one paragraph a line; title, date and publisher (site name) where told.

    Raises UnreadableError where the page has no article text, as a page that only scripts fill.
    """
    page = decode(data, origin.charset or _declared(data))
    if not re.search(r"<(?:html|body)\b", page, re.IGNORECASE):
        page = f"<html><body>{page}</body></html>"
    found = trafilatura.bare_extraction(
        page.replace("\x00", " "), url=origin.url, config=_CONFIG, with_metadata=True,
        include_comments=False, include_tables=False, prune_xpath=["//noscript"],
    )  # fmt: skip
    text = found.text.strip() if found and found.text else ""
    if len(text.split()) < _FEWEST_WORDS:
        raise UnreadableError("no article text in the page")
    published = date.fromisoformat(found.date) if found.date else None
    return report(origin, text, title=found.title, publisher=found.sitename, published=published, url=found.url)


def _declared(data: bytes) -> str | None:
    match = _META_CHARSET.search(data[:4096]) or _XML_ENCODING.search(data[:200])
    return match[1].decode("ascii") if match else None


def plain(scrap: str) -> str:
    """The text of a scrap of HTML, one paragraph a line, entities resolved, scripts and styles left out.

    Raises UnreadableError on the few declarations that the standard library's parser gives up on.
    """
    stripper = _Stripper(convert_charrefs=True)
    try:
        stripper.feed(scrap)
        stripper.close()
    except AssertionError as error:
        raise UnreadableError(f"malformed HTML: {error}") from error
    lines = (" ".join(line.split()) for line in "".join(stripper.parts).split("\n"))
    return "\n".join(line for line in lines if line)


_INLINE = re.compile("a|abbr|b|bdi|bdo|cite|code|em|font|i|img|mark|q|s|small|span|strong|sub|sup|time|u|wbr")
_HIDDEN = frozenset(("script", "style", "template", "iframe", "object", "noscript"))


class _Stripper(HTMLParser):
    """Collects what a reader of the scrap would see."""

    def __init__(self, *, convert_charrefs: bool) -> None:
        super().__init__(convert_charrefs=convert_charrefs)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if not _INLINE.fullmatch(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if not _INLINE.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data.replace("\n", " "))
