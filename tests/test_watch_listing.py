"""Feeds, sitemaps and indexes of sitemaps to links: what is in them, what is refused, and that nothing harms."""

import time
from datetime import UTC, date, datetime
from html import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from legation.ingest.text import UnreadableError
from legation.watch import listing
from legation.watch.listing import Link

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Harbour Wire: World</title><link>https://news.example/</link>
<image><title>Logo</title><link>https://news.example/logo</link></image>
<item><title>Fish &amp;amp; ships</title><link> https://news.example/envoy?a=1&amp;b=2#top </link>
  <media:content><media:title>A picture</media:title></media:content><atom:link rel="self" href="https://x.example/"/>
  <pubDate>Tue, 14 May 2024 23:30:00 -0500</pubDate></item>
<item><media:title>A picture</media:title><title><![CDATA[Talks & <b>more</b>]]></title>
  <link><![CDATA[https://news.example/talks?a=1&b=2]]></link><dc:date>2024-05-13T01:00:00+09:00</dc:date></item>
<item><guid isPermaLink="true">https://news.example/guid</guid></item>
<item><guid isPermaLink="false">tag:7</guid><title>No link</title></item>
<item><link>/relative</link><pubDate>yesterday</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Min&amp;amp;istry</title>
<entry><title>Statement</title><link rel="self" href="/self"/><link rel="alternate" href="/1"/><link href="/other"/>
  <published>2024-05-14T23:30:00-05:00</published><updated>2024-06-01T00:00:00Z</updated>
  <source><title>Elsewhere</title><link href="https://other.example/"/></source></entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel><title>Old wire</title></channel><item><title>One</title><link>https://news.example/1</link></item></rdf:RDF>"""
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
  xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><image:image><image:loc>https://news.example/picture</image:loc></image:image><loc>https://news.example/1</loc>
  <lastmod>2024-05-20</lastmod><news:news><news:publication><news:name>Wire</news:name></news:publication>
  <news:publication_date>2024-05-14T20:00:00-07:00</news:publication_date><news:title>Told</news:title></news:news></url>
<url><loc>https://news.example/2</loc><lastmod>2024-05-14</lastmod></url><url><loc>https://news.example/3</loc></url>
</urlset>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap>
<loc>https://news.example/a.xml.gz</loc><lastmod>2024-05-14T10:00:00Z</lastmod></sitemap></sitemapindex>"""


def read(text, **options):
    return listing.read(text.encode() if isinstance(text, str) else text, "https://news.example/feed.xml", **options)


def test_rss():
    found = read(RSS)
    assert (found.kind, found.title) == ("feed", "Harbour Wire: World")
    assert found.links == [
        Link("https://news.example/envoy?a=1&b=2", "Fish & ships", date(2024, 5, 14)),
        Link("https://news.example/talks?a=1&b=2", "Talks & more", date(2024, 5, 13)),
        Link("https://news.example/guid", "https://news.example/guid"),
        Link(None, "No link"),
        Link("https://news.example/relative"),
    ]


def test_atom():
    found = read(ATOM)
    assert (found.kind, found.title) == ("feed", "Min&istry")
    assert found.links == [Link("https://news.example/1", "Statement", date(2024, 5, 14))]


def test_rss_1():
    assert read(RDF) == listing.Listing("feed", "Old wire", [Link("https://news.example/1", "One")])


def test_sitemaps():
    assert read(SITEMAP).kind == "sitemap"
    assert read(SITEMAP).links == [
        Link("https://news.example/1", "Told", date(2024, 5, 14), datetime(2024, 5, 15, 3, tzinfo=UTC)),
        Link("https://news.example/2", None, None, datetime(2024, 5, 14, 23, 59, 59, 999999, tzinfo=UTC)),
        Link("https://news.example/3"),
    ]
    assert read(INDEX).kind == "index"
    assert read(INDEX).links == [
        Link("https://news.example/a.xml.gz", None, None, datetime(2024, 5, 14, 10, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("encoding", "declared", "charset"),
    [
        ("utf-8", "utf-8", None), ("windows-1252", "windows-1252", None), ("utf-16", "utf-16", None),
        ("utf-8-sig", "iso-8859-1", None), ("windows-1252", "utf-8", None), ("utf-8", "us-ascii", "utf-8"),
        ("windows-1252", "utf-8", "iso-8859-1"), ("utf-8", "no-such-charset", "neither"), ("utf-8", "utf-16", None),
    ],
)  # fmt: skip
def test_charsets_right_and_wrong(encoding, declared, charset):
    text = f"<?xml version='1.0' encoding='{declared}'?><rss><channel><title>São Tomé</title></channel></rss>"
    assert read(text.encode(encoding), charset=charset).title == "São Tomé"


def test_a_feed_that_is_not_well_formed_is_read_as_far_as_it_goes():
    items = "".join(
        f"<item><title>A & B &nbsp; {n}</title><link>https://n.example/?a=1&b={n}</link></item>" for n in "12"
    )
    found = read(f"<rss><channel>{items}<item><title>broken off <link>https://n.exam")
    assert [link.url for link in found.links] == ["https://n.example/?a=1&b=1", "https://n.example/?a=1&b=2"]
    assert found.links[0].title == "A & B 1"


BOMB = "<!DOCTYPE rss [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
FEED = "<rss><channel><title>&i;</title></channel></rss>"


@pytest.mark.parametrize(
    "text",
    [
        BOMB + "]>" + FEED,
        "<!DOCTYPE rss [<!ENTITY i SYSTEM 'file:///etc/passwd'>]>" + FEED,
        "<!DOCTYPE rss SYSTEM 'http://127.0.0.1/a.dtd'>" + FEED,
        "<?xml version='1.0'?><!-- a comment --><!DOCTYPE rss [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]>" + FEED,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_their_entities_are_refused(text, encoding):
    with pytest.raises(UnreadableError, match="it declares a document type"):
        read(text.encode(encoding))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "does not begin as XML does"), (b"no markup", "does not begin"), (b"\0\1\2" * 99, "binary data"),
        (b"<!doctype html><html></html>", "an HTML page"), (b"<html><body>a</body></html>", "an HTML page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "its first element is <svg>"), (b"<", "neither a feed nor"),
        (b"%PDF-1.7", "a PDF"), (b"{\"items\": []}", "does not begin as XML does"),
    ],
)  # fmt: skip
def test_garbage_is_refused_with_the_reason(data, told):
    with pytest.raises(UnreadableError, match=told):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"<rss>" + b"<a>" * 1_000_000, b"<rss>" + b"<a/>" * 700_000, b"<rss><item>" + b"<link>x</link>" * 200_000,
        b"<rss a='" + b"x" * 10_000_000, b"<rss><item><title>" + b"x" * 10_000_000, b"<rss>" + b"&a;" * 500_000,
        b"<rss><!--" + b"-" * 5_000_000, b"<rss>" + b"</a>" * 1_000_000, b"<rss>" + b"<![CDATA[" * 1_000_000,
        b"<rss " + b"a='1' " * 1_000_000 + b">", b"<" * 5_000_000, b"<?xml " + b" " * 5_000_000,
    ],
    ids=range(12),
)  # fmt: skip
def test_no_document_takes_long(data):
    started = time.process_time()
    try:
        read(data)
    except UnreadableError as error:
        assert str(error)
    assert time.process_time() - started < 15  # on a machine that does much else; alone each takes a second or two


TAGS = [
    "<rss>", "<channel>", "<item>", "</item>", "<link>", "</link>", "<title>", "<urlset>", "<url>", "<loc>",
    "</url>", "<sitemapindex>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "<link href='", "'/>",
    "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE a>", "&amp", "&#0;", "&#xd800;", "&#99999999;", "https://[",
    "\x00", "\ud800", "<a:b xmlns:a='", "<pubDate>", "<lastmod>", "9999-12-31T23:59:59-14:00", "0001-01-01",
    "Tue, 31 Feb 2024 99:99:99",
]  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.binary(max_size=300) | st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=40).map(
    lambda parts: ("<rss>" + "".join(parts)).encode("utf-8", "surrogatepass")))  # fmt: skip
@example(b"<urlset><url><loc>https://[/</loc><lastmod>0001-01-01</lastmod></url></urlset>")
@example(b"<rss><item><link>" + b"a" * 50_000 + b"</link></item></rss>")
def test_nothing_harms(data):
    try:
        found = read(data)
    except UnreadableError as error:
        assert str(error)
        return
    for link in found.links:
        assert link.url is None or ("#" not in link.url and not set(link.url) & set(" \n\t"))
        assert link.title is None or link.title == " ".join(link.title.split())


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="<>&\ufffd"), min_size=1
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 10**9), WORDS, st.dates(date(1970, 1, 1), date(2090, 1, 1))), max_size=8))
def test_what_a_feed_tells_comes_back(items):
    told = "".join(
        f"<item><link>https://n.example/{n}?a=1&amp;b=2</link><title>{escape(title)}</title><pubDate>"
        f"{day:%a, %d %b %Y} 00:30:00 +0900</pubDate></item>"
        for n, title, day in items
    )
    assert read(f"<rss><channel>{told}</channel></rss>").links == [
        Link(f"https://n.example/{n}?a=1&b=2", " ".join(title.split()) or None, day) for n, title, day in items
    ]
