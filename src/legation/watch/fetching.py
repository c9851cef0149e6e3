"""Fetches as the owner of a host would have it: within robots.txt, with a pause between requests, and not before it
says to come back. Names itself, and whom to turn to."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.message import Message

from legation import __version__
from legation.ingest.fetch import Answer, FetchError, Place, fetch, place
from legation.ingest.text import UnreadableError, decode
from legation.watch import robots

DELAY = 2.0
"""Seconds between the beginnings of two requests to one host, where its robots.txt asks for no more."""
SECONDS = 60.0
"""For one request, from the first packet to the last."""
_LONGEST_WAIT = 10.0  # seconds; who would have to wait longer comes back another time, and holds up no other host
_ROBOTS_FOR = 86_400.0  # seconds that a robots.txt holds (RFC 9309, 2.4)
_ROBOTS_AGAIN = 300.0  # seconds after which one that could not be had is asked for again
_MOST_HOSTS = 5_000


class PostponedError(Exception):
    """Not now: the host is to be asked again in so many seconds. No failure, and nothing was asked."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not within {seconds:.0f} seconds")
        self.seconds = seconds


@dataclass(slots=True)
class _Host:
    next: float
    """When the next request may begin, in seconds of the clock."""
    rules: robots.Robots | None = None
    refusal: FetchError | None = None
    """Why robots.txt could not be had."""
    rules_until: float = 0.0


class Fetcher:
    """Fetches for a named agent. May be used by several threads; a host is remembered across them.

    `clock` never goes back; `sleep` waits so many seconds, and ends early where the watcher is to stop.
    """

    def __init__(
        self,
        agent: str,
        contact: str,
        *,
        delay: float = DELAY,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._agent = agent
        self._name = f"{agent} (+{contact}) legation/{__version__}"
        self._seconds = seconds
        self._delay, self._clock, self._sleep = delay, clock, sleep
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, authority: str) -> float:
        """Seconds until a host may be asked."""
        with self._lock:
            host = self._hosts.get(authority)
            return max(0.0, host.next - self._clock()) if host else 0.0

    def get(
        self,
        url: str,
        *,
        private: Collection[str] = (),
        limit: int,
        headers: Mapping[str, str] | None = None,
        wanted: Callable[[Message], object] = lambda headers: None,
    ) -> Answer:
        """As ingest.fetch.fetch. Raises FetchError also where robots.txt forbids an address or one that it redirects
        to, and PostponedError where the host is to be left alone for longer than some seconds."""
        at = [place(url).authority]

        def before(onward: str) -> None:
            to = place(onward)
            at[0] = to.authority
            if not self._robots(to, private).allows(to.path):
                raise FetchError(f"robots.txt of {to.authority} forbids it to {self._agent}")
            self._pace(to.authority)

        told = {"User-Agent": self._name, **(headers or {})}
        try:
            return fetch(url, told, private=private, limit=limit, seconds=self._seconds, before=before, wanted=wanted)
        except FetchError as error:
            if error.retry_after:
                self._leave_alone(at[0], error.retry_after)
            raise

    def _robots(self, to: Place, private: Collection[str]) -> robots.Robots:
        """What cannot be had for the moment forbids all; where there is none, all is allowed (RFC 9309, 2.3.1)."""
        host = self._host(to.authority)
        if self._clock() >= host.rules_until:
            host.rules, host.refusal = self._ask(to, private)
            host.rules_until = self._clock() + (_ROBOTS_AGAIN if host.refusal else _ROBOTS_FOR)
        if host.rules is None:
            assert host.refusal is not None
            where = "robots.txt: " if host.refusal.status else ""  # without an answer the page would fare no better
            raise FetchError(f"{where}{host.refusal}", temporary=True, retry_after=host.refusal.retry_after)
        return host.rules

    def _ask(self, to: Place, private: Collection[str]) -> tuple[robots.Robots | None, FetchError | None]:
        url = f"{to.scheme}://{to.authority}/robots.txt"
        try:
            answer = fetch(
                url, {"User-Agent": self._name}, private=private, limit=10 * robots.LIMIT, seconds=self._seconds,
                before=lambda onward: self._pace(place(onward).authority),
            )  # fmt: skip
            return robots.read(decode(answer.body[: robots.LIMIT], "utf-8"), self._agent), None
        except FetchError as error:
            return (None, error) if error.temporary else (robots.Robots(), None)
        except UnreadableError:  # bytes that are no text hold no rules
            return robots.Robots(), None

    def _pace(self, authority: str) -> None:
        host = self._host(authority)
        with self._lock:
            now = self._clock()
            wait = max(0.0, host.next - now)
            if wait > _LONGEST_WAIT:
                raise PostponedError(wait)
            host.next = now + wait + max(self._delay, host.rules.delay if host.rules else 0.0)
        if wait:
            self._sleep(wait)

    def _leave_alone(self, authority: str, seconds: float) -> None:
        host = self._host(authority)
        with self._lock:
            host.next = max(host.next, self._clock() + seconds)

    def _host(self, authority: str) -> _Host:
        with self._lock:
            host = self._hosts.setdefault(authority, _Host(self._clock()))
            self._hosts.move_to_end(authority)
            if len(self._hosts) > _MOST_HOSTS:
                self._hosts.popitem(last=False)
            return host
