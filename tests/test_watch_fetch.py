"""Fetching for the watcher: which addresses are refused, what a server can do to a fetch, robots.txt and pauses."""

import gzip
import http.server
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from contextlib import closing, contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from legation.ingest import fetch as fetching
from legation.ingest.fetch import FetchError, PrivateError, fetch, is_public, place
from legation.ingest.text import UnreadableError
from legation.watch import robots
from legation.watch.fetching import Fetcher, PostponedError

LOCAL = {"127.0.0.1"}


class Site:
    """A server on 127.0.0.1. `pages` maps a path to (status, headers, body), to a body, or to a function that is given
    the handler; `asked` is what was asked for: (path, headers)."""

    def __init__(self, pages=None, context=None):
        self.pages, self.asked = dict(pages or {}), []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append((self.path, dict(self.headers)))
                found = site.pages.get(self.path, (404, {}, b""))
                try:
                    if callable(found):
                        found(self)
                    else:
                        status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
                        send(self, status, headers, body)
                except OSError:
                    pass  # the client has had enough
                self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # a client that does not trust the certificate hangs up

        self.server = Server(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def paths(self):
        return [path for path, _ in self.asked]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, status, headers, body):
    handler.send_response(status)
    for name, value in {"Content-Length": len(body), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def site():
    with closing(Site()) as site:
        yield site


def get(site, path="/", **options):
    return fetch(site.url + path, {"User-Agent": "test"}, **{"private": LOCAL, "seconds": 5.0} | options)


def reason(site, path="/", **options):
    with pytest.raises(FetchError) as caught:
        get(site, path, **options)
    return str(caught.value)


# Addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.9.1", "169.254.169.254", "172.16.0.1",
        "192.0.0.1", "192.168.1.1", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%1", "fc00::1",
        "fd12::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::",
        "2001:db8::1", "2001:0:0:1:0:0:80ff:fffe",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are_public(address):
    assert is_public(address)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_in_every_form_of_ipv6(address):
    bits = int(address)
    for form in (f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{bits >> 16:x}:{bits & 0xFFFF:x}::1"):
        assert is_public(form) == is_public(str(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_a_private_address_is_refused_in_any_spelling_and_not_connected_to(site, host):
    with pytest.raises(PrivateError, match="no address of the public Internet"):
        fetch(f"http://{host}:{site.port}/", {})
    assert site.asked == []


def test_only_the_host_that_is_named_may_be_private(site):
    site.pages["/"] = b"here"
    site.pages["/away"] = (302, {"Location": f"http://localhost:{site.port}/"}, b"")
    assert get(site).body == b"here"
    assert reason(site, "/away").startswith("refused: localhost is at")
    assert site.paths() == ["/", "/away"]


def test_an_address_that_the_user_gives_may_be_private_but_not_where_it_leads(site):
    site.pages |= {"/": b"here", "/away": (302, {"Location": f"http://localhost:{site.port}/"}, b"")}
    assert fetching.download(f"{site.url}/")[0] == b"here"
    with pytest.raises(PrivateError):
        fetching.download(f"{site.url}/away")


def test_a_name_that_changes_its_address_leads_nowhere_else(site, monkeypatch):
    """The first answer of DNS is what is checked and what is connected to; a second is never asked for."""
    site.pages["/"] = b"secret"
    asked = []
    real = socket.getaddrinfo

    def rebinding(host, *rest, **options):
        if host != "news.example":
            return real(host, *rest, **options)
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, site.port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(fetching, "is_public", lambda address: address == "192.0.2.1")
    connected = []
    monkeypatch.setattr(socket, "create_connection", lambda to, timeout: connected.append(to) or refuse())
    with pytest.raises(FetchError, match="cannot be fetched"):
        fetch(f"http://news.example:{site.port}/", {})
    assert asked == ["news.example"] and connected == [("192.0.2.1", site.port)] and site.asked == []


def refuse():
    raise ConnectionRefusedError(111, "Connection refused")


def test_of_several_addresses_those_that_are_not_public_are_passed_over(monkeypatch):
    found = [(2, 1, 6, "", (address, 80)) for address in ("10.0.0.1", "192.0.2.1", "192.0.2.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(fetching, "is_public", lambda address: address.startswith("192."))
    connected = []
    monkeypatch.setattr(socket, "create_connection", lambda to, timeout: connected.append(to[0]) or refuse())
    with pytest.raises(FetchError):
        fetch("http://news.example/", {})
    assert connected == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://news.example/", "unknown url type: ftp"), ("news.example", "unknown url type: none"),
        ("http://", "names no host"), ("http://a:b@news.example/", "holds a user name"),
        ("http://news.example:99999/", "not an address"), ("http://[::1/", "not an address"),
        ("http://" + "a" * 70 + ".example/", "not an address"), ("file:///etc/hostname", "unknown url type: file"),
    ],
)  # fmt: skip
def test_what_is_no_address(url, told):
    with pytest.raises(FetchError, match="cannot be fetched") as caught:
        fetch(url, {})
    assert told in str(caught.value)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=40) | st.text(max_size=40).map("http://".__add__))
@example("http://a\r\nHost: b/")
@example("http://\udcff/")
def test_any_text_is_an_address_or_told_to_be_none(url):
    try:
        found = place(url)
    except FetchError:
        return
    assert found.host.isascii() and found.path.isascii() and found.path.isprintable() and " " not in found.path
    assert not set(found.path) & set("\r\n\t")


# What a server can do ---------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_counted(site):
    site.pages |= {f"/{n}": (302, {"Location": f"/{n - 1}"}, b"") for n in range(1, 9)} | {"/0": b"there"}
    answer = get(site, "/5")
    assert (answer.url, answer.body) == (f"{site.url}/0", b"there")
    assert reason(site, "/6") == "cannot be fetched: more than 5 redirects"


@pytest.mark.parametrize("to", ["ftp://news.example/", "file:///etc/hostname", "http://[/", "//a:b@c/", "gopher://x"])
def test_redirects_to_what_is_not_fetched(site, to):
    site.pages["/"] = (301, {"Location": to}, b"")
    assert reason(site).startswith("cannot be fetched: ")


@pytest.mark.parametrize(("status", "temporary"), [(404, False), (410, False), (429, True), (500, True), (503, True)])
def test_refusals_say_whether_to_try_again(site, status, temporary):
    site.pages["/"] = (status, {"Retry-After": "120"}, b"")
    with pytest.raises(FetchError, match=f"the server answers {status}") as caught:
        get(site)
    assert (caught.value.temporary, caught.value.status, caught.value.retry_after) == (temporary, status, 120)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("0", 0), ("99999999", 86_400), ("soon", None), ("-5", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("²", None)],
)
def test_retry_after(told, seconds):
    assert fetching._pause(told) == seconds


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"more and more " * 1000)


def dripping(handler):
    """A byte now and then, so that a timeout of the socket never comes."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def dripping_body(handler):
    send(handler, 200, {"Content-Length": 1000}, b"")
    for _ in range(100):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def silent(handler):
    time.sleep(5)


def continuing(handler):
    while True:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        time.sleep(0.01)


def many_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (endless, "too large: more than 100,000 bytes"),
        (dripping, "too slow: not complete after 1 seconds"),
        (dripping_body, "too slow"),
        (silent, "too slow"),
        (continuing, "too slow"),
        (many_headers, "cannot be fetched: got more than 100 headers"),
        ((200, {"Content-Length": "50"}, b"short"), "cannot be fetched: it broke off, 45 bytes early"),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), "cannot be fetched: damaged gzip"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"a" * 5000)[:-9]), "cannot be fetched: its gzip broke off"),
        ((200, {"Content-Encoding": "br"}, b"x"), "cannot be fetched: it is packed as 'br'"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000))), "too large: more than 100,000 bytes"),
        ((200, {"Content-Encoding": "deflate"}, zlib.compress(bytes(50_000_000))), "too large"),
        ((200, {"Transfer-Encoding": "chunked"}, b"zz\r\nrubbish\r\n"), "cannot be fetched"),
        (lambda handler: handler.wfile.write(b"\x00\xff garbage\r\n\r\n"), "cannot be fetched"),
        (lambda handler: None, "cannot be fetched"),
    ],
)  # fmt: skip
def test_what_a_server_does_wrong_is_told_within_the_time(site, page, told):
    site.pages["/"] = page
    started = time.monotonic()
    assert reason(site, limit=100_000, seconds=1.0).startswith(told)
    assert time.monotonic() - started < 4


def test_bodies_are_unpacked(site):
    words = b"many words " * 1000
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "/gzip": ("gzip", gzip.compress(words)),
        "/two": ("gzip", gzip.compress(words[:99]) + gzip.compress(words[99:])),
        "/padded": ("x-gzip", gzip.compress(words) + b"\0" * 100), "/zlib": ("deflate", zlib.compress(words)),
        "/raw": ("deflate", raw.compress(words) + raw.flush()), "/plain": ("", words),
    }  # fmt: skip
    site.pages |= {path: (200, {"Content-Encoding": encoding}, body) for path, (encoding, body) in packed.items()}
    for path in packed:
        assert get(site, path).body == words, path


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=2000), st.lists(st.integers(1, 50), max_size=20), st.sampled_from(["gzip", "deflate"]))
def test_what_is_packed_comes_back_however_it_is_cut(data, cuts, encoding):
    packed = gzip.compress(data) if encoding == "gzip" else zlib.compress(data)
    chunks, at = [], 0
    for cut in cuts:
        chunks.append(packed[at : at + cut])
        at += cut
    chunks = [chunk for chunk in (*chunks, packed[at:]) if chunk]
    assert fetching.unpacked(chunks, encoding, 2000) == data
    if data:
        with pytest.raises(FetchError, match="too large"):
            fetching.unpacked(chunks, encoding, len(data) - 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=200), max_size=10), st.sampled_from(["gzip", "deflate", "", "br"]))
def test_no_bytes_harm_the_unpacking(chunks, encoding):
    try:
        assert len(fetching.unpacked(chunks, encoding, 10_000)) <= 10_000
    except FetchError as error:
        assert str(error)


@contextmanager
def tls_site(tmp_path, name):
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName={name}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with closing(Site({"/": b"safe"}, context)) as site:
        yield site, certificate


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    with tls_site(tmp_path, "IP:127.0.0.1") as (site, _):
        assert reason(site) == "cannot be fetched: TLS: self-signed certificate"


@pytest.mark.parametrize(("name", "told"), [("IP:127.0.0.1", None), ("DNS:other.example", "not valid for '127.0.0.1'")])
def test_a_certificate_must_name_the_host(tmp_path, monkeypatch, name, told):
    with tls_site(tmp_path, name) as (site, certificate):
        monkeypatch.setattr(fetching, "_context", lambda: ssl.create_default_context(cafile=certificate))
        if told:
            assert told in reason(site)
        else:
            assert get(site).body == b"safe"


def test_plain_http_where_tls_is_expected_is_told(site):
    with pytest.raises(FetchError, match="cannot be fetched: TLS"):
        fetch(site.url.replace("http", "https"), {}, private=LOCAL, seconds=3)


def test_the_host_is_named_as_the_user_wrote_it(site):
    site.pages["/a%20b?q=%C3%A9&x=1"] = b"yes"
    assert get(site, "/a b?q=é&x=1#part").body == b"yes"
    assert site.asked[0][1]["Host"] == f"127.0.0.1:{site.port}"


# robots.txt -------------------------------------------------------------------------------------------------------

RULES = """
User-agent: *
Disallow: /

User-agent: other
User-agent: Example-Desk/2.0   # with a version
Crawl-delay: 7
Disallow: /private
Allow: /private/open
Disallow: /*.pdf$
Disallow: /*/draft
Disallow:
Sitemap: https://news.example/sitemap.xml

User-agent: example-desk
Disallow: /late
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True), ("/private", False), ("/private/a", False), ("/private/open/a", True), ("/a.pdf", False),
        ("/a.pdf?x", True), ("/a/draft/b", False), ("/draft", True), ("/late", False), ("/privat", True),
    ],
)  # fmt: skip
def test_rules_of_the_own_group(path, allowed):
    rules = robots.read(RULES, "Example-Desk")
    assert rules.allows(path) is allowed and rules.delay == 7


def test_rules_for_all_others():
    assert not robots.read(RULES, "stranger").allows("/a")
    assert robots.read("Disallow: /\nUser-agent: a\nAllow: /", "stranger").allows("/")
    assert robots.read("User-agent: *\nDisallow: /é", "x").allows("/%C3%A9") is False
    assert robots.read("\ufeffUser-agent: *\nDisallow: /a$", "x").allows("/ab")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="ab/*$", max_size=12), st.text(alphabet="ab/", max_size=12))
def test_patterns_match_as_regular_expressions_would(pattern, path):
    whole = pattern.endswith("$")
    expression = ".*".join(map(re.escape, pattern.removesuffix("$").split("*"))) + ("$" if whole else "")
    assert robots._matches(pattern, path) == bool(re.match(expression, path))


LINES = ["User-agent: *\n", "Disallow: /a*\n", "Allow: $\n", ":", "\n", "Crawl-delay: 1e9\n", "#", "User-agent"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=300) | st.lists(st.sampled_from(LINES)).map("".join))
def test_any_robots_txt_is_read(text):
    found = robots.read(text, "example-desk")
    assert 0 <= found.delay <= 86_400 and found.allows("/") in (True, False)


@pytest.mark.parametrize(
    "line", ["Disallow: /" + "*a" * 100_000, "a:x" + " " * 400_000 + "y", "Disallow:" + " " * 400_000]
)
def test_no_robots_txt_takes_long(line):
    started = time.monotonic()
    robots.read(f"User-agent: *\n{line}\n", "x").allows("/" + "a" * 2000)
    assert time.monotonic() - started < 2


# Politeness -------------------------------------------------------------------------------------------------------


class Hours:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def fetcher(hours):
    return Fetcher("example-desk", "desk@news.example", delay=2.0, seconds=5.0, clock=hours, sleep=hours.sleep)


def polite(fetcher, site, path):
    return fetcher.get(site.url + path, private=LOCAL, limit=100_000)


def test_requests_to_a_host_are_apart_and_named(site, fetcher, hours):
    site.pages |= {"/a": b"1", "/b": b"2"}
    polite(fetcher, site, "/a")
    polite(fetcher, site, "/b")
    assert site.paths() == ["/robots.txt", "/a", "/b"] and hours.slept == [2.0, 2.0]
    assert fetcher.wait(f"127.0.0.1:{site.port}") == 2.0 and fetcher.wait("elsewhere") == 0
    names = {headers["User-Agent"] for _, headers in site.asked}
    assert len(names) == 1 and names.pop().startswith("example-desk (+desk@news.example) legation/")


def test_crawl_delay_is_kept(site, fetcher, hours):
    site.pages |= {"/robots.txt": b"User-agent: *\nCrawl-delay: 8", "/a": b"1", "/b": b"2"}
    polite(fetcher, site, "/a")
    polite(fetcher, site, "/b")
    assert hours.slept == [2.0, 8.0]


def test_who_would_have_to_wait_long_comes_back_later(site, fetcher, hours):
    site.pages |= {"/robots.txt": b"User-agent: *\nCrawl-delay: 60", "/a": b"1", "/b": b"2"}
    polite(fetcher, site, "/a")
    with pytest.raises(PostponedError) as caught:
        polite(fetcher, site, "/b")
    assert caught.value.seconds == 60 and "/b" not in site.paths()
    hours.now += 60
    assert polite(fetcher, site, "/b").body == b"2"


def test_what_robots_txt_forbids_is_not_asked_for_nor_redirected_to(site, fetcher):
    site.pages |= {"/robots.txt": b"User-agent: Example-Desk\nDisallow: /no", "/no": b"secret",
                   "/away": (302, {"Location": "/no"}, b"")}  # fmt: skip
    for path in ("/no", "/away"):
        with pytest.raises(FetchError, match=r"robots.txt of 127.0.0.1:\d+ forbids it to example-desk") as caught:
            polite(fetcher, site, path)
        assert not caught.value.temporary
    assert "/no" not in site.paths()


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [((404, {}, b""), True), ((403, {}, b""), True), ((503, {}, b""), False), ((429, {}, b""), False),
     ((200, {}, b"\x00\x01\x02" * 99), True), ((200, {}, b"<html>no rules</html>"), True),
     ((302, {"Location": "/robots.txt"}, b""), True), ((302, {"Location": "/rules"}, b""), False)],
)  # fmt: skip
def test_a_robots_txt_that_cannot_be_had(site, fetcher, answer, allowed):
    site.pages |= {"/robots.txt": answer, "/a": b"1", "/rules": b"User-agent: *\nDisallow: /"}
    if allowed:
        assert polite(fetcher, site, "/a").body == b"1"
    else:
        with pytest.raises(FetchError, match=r"robots\.txt"):
            polite(fetcher, site, "/a")
        assert "/a" not in site.paths()


def test_robots_txt_is_asked_for_once_a_day(site, fetcher, hours):
    site.pages |= {"/a": b"1"}
    for _ in range(3):
        polite(fetcher, site, "/a")
    assert site.paths().count("/robots.txt") == 1
    hours.now += 86_401
    polite(fetcher, site, "/a")
    assert site.paths().count("/robots.txt") == 2


def test_a_host_is_left_alone_as_long_as_it_says(site, fetcher, hours):
    site.pages |= {"/a": (503, {"Retry-After": "600"}, b""), "/b": b"2"}
    with pytest.raises(FetchError):
        polite(fetcher, site, "/a")
    assert fetcher.wait(f"127.0.0.1:{site.port}") == 600
    with pytest.raises(PostponedError):
        polite(fetcher, site, "/b")


def test_any_error_of_fetching_is_a_reason_of_the_ingest():
    assert issubclass(FetchError, UnreadableError)
