"""Who may ask the desk, and what a browser may do with its answers.

A page of another site can make a browser send requests here; names of other sites can be made to lead here. So without
a token only requests that name this machine as their host are answered, no other site's page gets data, and a write
must come from the desk's own page or from no browser at all. The browser is told to run the desk's own files only.
"""

import hashlib
import hmac
import json
import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
COOKIE = "legation_desk"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Guard:
    """Middleware that answers in place of the desk what may not reach it, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        headers = Headers(scope=scope)
        if self._token and self._brings_token_in_url(scope):
            await _let_in(scope, _cookie(self._token), send_guarded)
        elif refused := self._refused(scope, headers):
            await _refuse(*refused, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """The status and the sentence with which a request is refused; None for one that is let through."""
        host = headers.get("host", "")
        if self._token is None and not LOOPBACK.fullmatch(host):
            return 421, f"this desk answers on this machine only, and not as {host[:80]!r}: open http://127.0.0.1"
        if self._token is not None and not self._knows_token(headers):
            return 401, "the token is missing or wrong: open /?token=… once, or send it as Authorization: Bearer …"
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        own = origin is None or origin.partition("://")[2].lower() == host.lower()
        writes = scope["method"] in _WRITES
        allowed = (None, "same-origin") if writes else (None, "same-origin", "none")
        if (writes or scope["path"].startswith("/api")) and (site not in allowed or not own):
            return 403, "a page of another site asks for this: open the desk itself"
        if scope["method"] in ("POST", "PUT", "PATCH") and not _is_json(headers.get("content-type", "")):
            return 415, "the body must be JSON: send Content-Type: application/json"
        return None

    def _brings_token_in_url(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        known = (self._token or "").encode()
        return scope["method"] == "GET" and any(hmac.compare_digest(one.encode(), known) for one in given)

    def _knows_token(self, headers: Headers) -> bool:
        token = self._token or ""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return morsel is not None and hmac.compare_digest(morsel.value.encode(), _cookie(token).encode())


def _cookie(token: str) -> str:
    """What the browser keeps: it proves the token without telling it."""
    return hashlib.sha256(f"legation desk {token}".encode()).hexdigest()


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


async def _let_in(scope: Scope, cookie: str, send: Send) -> None:
    """Send the browser to the same address without the token, which must not stay in its history."""
    rest = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    rest.pop("token", None)
    path = "/" + scope.get("raw_path", b"/").decode("latin-1").lstrip("/")
    headers = [
        (b"location", (path + (f"?{urlencode(rest, doseq=True)}" if rest else "")).encode("latin-1")),
        (b"set-cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict".encode()),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(status: int, sentence: str, send: Send) -> None:
    body = json.dumps({"error": sentence}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
