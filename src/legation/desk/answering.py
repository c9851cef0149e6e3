"""Turns a declared operation into an endpoint: reads and checks the request, runs the handler, writes the answer."""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from legation.desk.desk import Desk
from legation.desk.operations import Answer, Download, Given, Operation, Refusal, read_body

_log = logging.getLogger(__name__)
LONGEST_BODY = 1_000_000
"""Bytes of a request's body at most."""


def endpoint(operation: Operation, desk: Desk, limiter: anyio.CapacityLimiter) -> Callable[[Request], Awaitable[Any]]:
    """What Starlette calls for the operation; its handler runs in one of the threads that `limiter` allows."""

    async def answer(request: Request) -> Response:
        try:
            tag = _tag(desk, request) if operation.cached else None
            if tag and tag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers={"ETag": tag})
            given = Given(_values(operation, request), await _body(operation, request))
            response = await anyio.to_thread.run_sync(_run, operation, desk, given, limiter=limiter)
        except Refusal as refusal:
            return sentence(refusal.status, refusal.sentence)
        except Exception:  # a fault of the desk's own: the traceback goes to the terminal, not to the browser
            _log.exception("%s %s failed", request.method, request.url)
            return sentence(500, "the desk failed at this; the terminal that it runs in says how")
        if operation.method == "GET" and not isinstance(response, StreamingResponse):
            tag = tag or _quoted_hash(bytes(response.body))
            if tag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers={"ETag": tag})
            response.headers["ETag"] = tag
        return response

    return answer


def sentence(status: int, words: str) -> Response:
    """A refusal as JSON."""
    return Response(as_bytes({"error": words}), status, media_type="application/json")


def as_bytes(value: Any) -> bytes:
    """JSON of what handlers return: dataclasses as objects, days and times in ISO form."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {column.name: getattr(value, column.name) for column in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no form in JSON")


def _tag(desk: Desk, request: Request) -> str:
    """The answer of a cached operation depends on nothing else."""
    told = f"{desk.index.version} {request.url.path}?{request.url.query}"
    return _quoted_hash(told.encode())


def _quoted_hash(told: bytes) -> str:
    return f'"{hashlib.sha256(told).hexdigest()[:16]}"'


def _values(operation: Operation, request: Request) -> dict[str, Any]:
    known = {parameter.name: parameter for parameter in operation.parameters}
    asked = [name for name in request.query_params if name not in known or name in operation.in_path]
    if asked:
        takes = ", ".join(name for name in known if name not in operation.in_path) or "none"
        raise Refusal(f"there is no parameter {asked[0][:80]!r} here; there is {takes}")
    return {
        name: parameter.read(
            [request.path_params[name]] if name in operation.in_path else request.query_params.getlist(name)
        )
        for name, parameter in known.items()
    }


async def _body(operation: Operation, request: Request) -> Any:
    if operation.body is None:
        return None
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > LONGEST_BODY:
            raise Refusal(f"the body is longer than {LONGEST_BODY:,} bytes: send less", 413)
    return read_body(operation.body, bytes(raw))


def _run(operation: Operation, desk: Desk, given: Given) -> Response:
    found = operation.handler(desk, given)
    if isinstance(found, Download):
        headers = {"Content-Disposition": f'attachment; filename="{found.name}"'} if found.name else {}
        return StreamingResponse(found.pieces, media_type=found.media_type, headers=headers)
    status, body = (found.status, found.body) if isinstance(found, Answer) else (operation.status, found)
    if status == 204:
        return Response(status_code=204)
    return Response(as_bytes(body), status, media_type="application/json")
