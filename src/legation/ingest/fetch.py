"""Fetches http(s) addresses, which may lead anywhere: one that the user gave, or any that a feed names.

A name is resolved once, and what is connected to is an address that was checked, at every redirect anew; so neither a
redirect nor a change in DNS leads into the network that this machine stands in. Bodies are bounded in bytes, in bytes
unpacked, and in time. Proxies that the environment names are not used: what they connect to cannot be checked.
"""

import http.client
import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from legation.ingest.text import MAX_BYTES, Origin, UnreadableError

TIMEOUT = 20.0
"""Seconds for one address that the user gave, from the first packet to the last."""
REDIRECTS = 5
_CHUNK = 65_536
_LONGEST_PAUSE = 86_400.0  # a Retry-After of more is as good as none
_KINDS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/rss+xml": ".rss",
    "application/atom+xml": ".atom", "text/plain": ".txt", "application/x-ndjson": ".jsonl", "text/csv": ".csv",
}  # fmt: skip
_AGENT = "legation (reads one page at its user's request)"


class FetchError(UnreadableError):
    """Why an address could not be fetched. `temporary` where trying again later may help; `status` where the server
    answered; `retry_after`, in seconds, where it says when to come back."""

    def __init__(
        self, reason: str, *, temporary: bool = False, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.temporary, self.status, self.retry_after = temporary, status, retry_after


class PrivateError(FetchError):
    """An address of the network that this machine stands in, or of the machine itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent: `url` after redirects, `status` 200 or 304, `body` unpacked."""

    url: str
    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """An address taken apart: `host` in lower case and ASCII, `path` as it is asked for, with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """host, or host:port where the port is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"http": 80, "https": 443}


def download(url: str) -> tuple[bytes, str, Origin]:
    """(body, file suffix of its kind, origin). Raises UnreadableError for other schemes, refusals, too large a body.

    The user names the host, so it may be one of the user's own network; where it redirects to may not.
    """
    if urlsplit(url).scheme.lower() not in _PORTS:
        raise UnreadableError("only http and https addresses are fetched; give one of those, or a path")
    headers = {"User-Agent": _AGENT, "Accept": "text/html,*/*;q=0.8"}
    answer = fetch(url, headers, private={place(url).host}, seconds=TIMEOUT)
    suffix = _KINDS.get(answer.headers.get_content_type(), PurePosixPath(urlsplit(answer.url).path).suffix.lower())
    charset = answer.headers.get_content_charset()
    return answer.body, suffix, Origin(url, url, answer.url, datetime.now(UTC), charset)


def fetch(
    url: str,
    headers: Mapping[str, str],
    *,
    private: Collection[str] = (),
    limit: int = MAX_BYTES,
    seconds: float = 60.0,
    before: Callable[[str], object] = lambda url: None,
    wanted: Callable[[Message], object] = lambda headers: None,
) -> Answer:
    """GET the address and follow its redirects. Raises FetchError, and what `before` and `wanted` raise.

    `private` are the hosts that may be at an address which is not public. `limit` bounds the body, in bytes, as sent
    and again unpacked. `seconds` bounds each request as a whole. `before` is called with every address before it is
    asked for, redirects too; `wanted` with the headers before a body is read.
    """
    for _ in range(REDIRECTS + 1):
        before(url)
        try:
            answer = _once(url, headers, private, limit, time.monotonic() + seconds, wanted)
        except TimeoutError as error:
            raise FetchError(f"too slow: not complete after {seconds:.0f} seconds", temporary=True) from error
        except ssl.SSLError as error:
            raise FetchError(f"cannot be fetched: TLS: {_tls(error)}", temporary=True) from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise FetchError(f"cannot be fetched: {reason}", temporary=True) from error
        if isinstance(answer, Answer):
            return answer
        url = answer
    raise FetchError(f"cannot be fetched: more than {REDIRECTS} redirects")


def place(url: str) -> Place:
    """The address taken apart. Raises FetchError where it is none that can be fetched."""
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in _PORTS:
            raise FetchError(f"cannot be fetched: unknown url type: {scheme or 'none'}")
        if parts.username is not None:
            raise FetchError("cannot be fetched: the address holds a user name")
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        port = parts.port or _PORTS[scheme]
    except ValueError as error:  # of the port, of brackets, of what no name can hold
        if isinstance(error, FetchError):
            raise
        raise FetchError(f"cannot be fetched: not an address: {error}") from error
    if not host:
        raise FetchError("cannot be fetched: the address names no host")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(scheme, host, port, quote(path, safe="/%:=&?~+!$,;'@()*[]|"))


# Addresses. -------------------------------------------------------------------------------------------------------

_UNICAST = IPv6Network("2000::/3")  # all that is allocated to the public Internet
_TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address behind a translator


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet: not private, loopback, link-local, shared (CGNAT),
    multicast, reserved, nor an IPv6 form of such an IPv4 address."""
    ip = ip_address(address)
    if not isinstance(ip, IPv6Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved
    inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    if inner is None and ip in _TRANSLATED:
        inner = ip_address(int(ip) & 0xFFFFFFFF)  # type: ignore[assignment]
    if inner is not None:
        return is_public(str(inner))
    return ip in _UNICAST and ip.is_global


def _connected(host: str, port: int, private: Collection[str], deadline: float) -> socket.socket:
    addresses = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    checked = [address for address in dict.fromkeys(addresses) if host in private or is_public(address)]
    if not checked:
        raise PrivateError(f"refused: {host} is at {addresses[0]}, which is no address of the public Internet")
    for number, address in enumerate(checked[:-1]):
        try:
            return socket.create_connection((address, port), _left(deadline) / (len(checked) - number))
        except OSError:
            continue  # the next address of the same host; the last one's error is told
    return socket.create_connection((checked[-1], port), _left(deadline))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _tls(error: ssl.SSLError) -> str:
    return str(getattr(error, "verify_message", None) or error.reason or error)


# One request. -----------------------------------------------------------------------------------------------------


def _once(
    url: str,
    headers: Mapping[str, str],
    private: Collection[str],
    limit: int,
    deadline: float,
    wanted: Callable[[Message], object],
) -> Answer | str:
    """The answer, or the address that it redirects to."""
    to = place(url)
    with _connected(to.host, to.port, private, deadline) as raw:
        raw.settimeout(_left(deadline))
        sock = _context().wrap_socket(raw, server_hostname=to.host) if to.scheme == "https" else raw
        with sock:
            connection = http.client.HTTPConnection(to.host, to.port)
            connection.sock = _Timed(sock, deadline)
            own = {"Host": to.authority, "Accept-Encoding": "gzip, deflate", "Connection": "close"}
            connection.request("GET", to.path, headers=dict(headers) | own)
            response = connection.getresponse()
            if response.status in (301, 302, 303, 307, 308) and (onward := response.headers.get("Location")):
                return _joined(url, onward)
            if response.status not in (200, 304):
                raise _refusal(response)
            if response.status == 200:
                wanted(response.headers)
            encoding = response.headers.get("Content-Encoding", "").strip().lower()
            return Answer(url, response.status, response.headers, unpacked(_sent(response, limit), encoding, limit))


def _joined(url: str, onward: str) -> str:
    try:
        # Headers are read as Latin-1, while servers that do not escape write UTF-8.
        return urljoin(url, onward.strip().encode("latin-1", "replace").decode("utf-8", "replace"))
    except ValueError as error:
        raise FetchError(f"cannot be fetched: it redirects to what is no address: {error}") from error


def _refusal(response: http.client.HTTPResponse) -> FetchError:
    status = response.status
    return FetchError(
        f"the server answers {status} {response.reason}".rstrip(),
        temporary=status in (408, 425, 429) or status >= 500,
        status=status,
        retry_after=_pause(response.headers.get("Retry-After")),
    )


def _pause(told: str | None) -> float | None:
    """Seconds, of either form of Retry-After (RFC 9110, 10.2.3)."""
    if told is None:
        return None
    try:
        if told.strip().isdecimal():
            return min(float(told), _LONGEST_PAUSE)
        seconds = parsedate_to_datetime(told).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_PAUSE)


def _sent(response: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
    size = 0
    while chunk := response.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        yield chunk
    if response.length:
        raise FetchError(f"cannot be fetched: it broke off, {response.length:,} bytes early", temporary=True)


def unpacked(chunks: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """What the chunks hold, once gzip or deflate is undone; never more than `limit` bytes are unpacked.

    Raises FetchError for more, for damage, and for other encodings.
    """
    if encoding in ("", "identity"):
        return b"".join(chunks)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchError(f"cannot be fetched: it is packed as {encoding!r}, which was not asked for")
    body, inflater, last = bytearray(), None, b""
    try:
        for chunk in chunks:
            last = chunk
            while chunk:
                inflater = inflater or _inflater(encoding, chunk)
                body += inflater.decompress(chunk, limit + 1 - len(body))
                if len(body) > limit:
                    raise _too_large(limit)
                chunk = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
                if inflater.eof and chunk.startswith(b"\x1f\x8b"):
                    inflater = None  # gzip files may follow one another
                elif inflater.eof:
                    break  # padding, which is common and harmless
    except zlib.error as error:
        raise FetchError(f"cannot be fetched: damaged {encoding}: {error}", temporary=True) from error
    if last and not (inflater and inflater.eof):
        raise FetchError(f"cannot be fetched: its {encoding} broke off", temporary=True)
    return bytes(body)


def _inflater(encoding: str, head: bytes) -> Any:
    if encoding != "deflate":
        return zlib.decompressobj(31)
    # "deflate" means zlib's wrapper (RFC 9110), but some servers send the bare stream.
    return zlib.decompressobj(15 if head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0 else -15)


def _too_large(limit: int) -> FetchError:
    return FetchError(f"too large: more than {limit:,} bytes")


class _Timed:
    """A socket as http.client uses it, all of whose waits end at one deadline; a timeout of the socket alone would let
    a server go on for ever that sends a byte now and then."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._sock, self._deadline), _CHUNK)

    def close(self) -> None:
        """Nothing: the socket is closed by who opened it, after the body was read."""


class _Incoming(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)
