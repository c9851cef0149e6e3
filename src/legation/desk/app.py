"""Puts the desk together: the declared operations as routes, the pages in the browser, and what guards them."""

import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from legation.desk import about, correcting, events, forecasts, live, people, pictures, querying, readers, saved, texts
from legation.desk.answering import as_bytes, endpoint, sentence
from legation.desk.desk import Desk
from legation.desk.guard import Guard
from legation.desk.index import Index
from legation.desk.openapi import document
from legation.desk.operations import Operation
from legation.store import Store

STATIC = Path(str(files("legation.desk") / "static"))
PAGES = ("/", "/report/{id:path}", "/event/{id:path}", "/relation", "/map", "/network", "/agenda", "/ledger",
         "/forecast", "/actors", "/actor", "/query", "/corrections")  # fmt: skip
"""Where the browser shows a view: each is answered with the same page, which finds out the rest."""
_MODULES = (about, events, texts, pictures, readers, people, forecasts, saved, live, correcting, querying)
AT_ONCE = 4
"""Handlers that run at the same time: more would only take the processors from each other."""


def operations() -> tuple[Operation, ...]:
    """All operations of the desk, those without a name in their path first, so that no name hides them."""
    found = [operation for module in _MODULES for operation in module.OPERATIONS]
    return tuple(sorted(found, key=lambda operation: (len(operation.in_path), operation.path, operation.method)))


def make(store: Store, *, token: str | None = None, clock: Callable[[], datetime] | None = None) -> Starlette:
    """The desk over a store, as an ASGI application; `state.desk` is its Desk.

    With a `token` every request must bring it, and may name any host; without, only this machine is answered. Raises
    UnusableIndexError where the index cannot be kept.
    """
    desk = Desk(store, Index(store)) if clock is None else Desk(store, Index(store), clock)
    app = Starlette(routes=_routes(desk), lifespan=_lifespan, exception_handlers={HTTPException: _refused})
    app.add_middleware(Guard, token=token)
    app.state.desk = desk
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    desk: Desk = app.state.desk
    watcher = threading.Thread(target=desk.watch, name="index", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        desk.closing.set()
        await anyio.to_thread.run_sync(watcher.join)
        desk.index.close()


def _routes(desk: Desk) -> list[BaseRoute]:
    declared = operations()
    description = Response(as_bytes(document(declared)), media_type="application/json")
    many, one = anyio.CapacityLimiter(AT_ONCE), anyio.CapacityLimiter(1)
    routes: list[BaseRoute] = [Route(path, lambda request: description) for path in ("/api", "/api/openapi.json")]
    for operation in declared:
        path = operation.path
        for name in operation.in_path:
            path = path.replace(f"{{{name}}}", f"{{{name}:path}}")  # an id may hold a slash
        answer = endpoint(operation, desk, one if operation.slow else many)
        routes.append(Route(path, answer, methods=[operation.method]))
    return [*routes, *(Route(path, _page) for path in PAGES), Mount("/static", _Files(directory=STATIC))]


class _Files(StaticFiles):
    """Files of `static`, with the types that a browser insists on, whatever this machine's own table says."""

    def file_response(self, full_path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        if response.status_code == 200 and Path(full_path).suffix in _TYPES:
            response.headers["Content-Type"] = _TYPES[Path(full_path).suffix]
        return response


_TYPES = {".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8"}


async def _page(request: Request) -> Response:
    return FileResponse(STATIC / "index.html", media_type="text/html")


async def _refused(request: Request, error: Exception) -> Response:
    """Where there is nothing, or a method that it does not have."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and not request.url.path.startswith(("/api", "/static")):
        return FileResponse(STATIC / "index.html", 404, media_type="text/html")
    words = {404: f"there is no {request.url.path[:80]} here: /api lists what there is",
             405: f"{request.url.path[:80]} takes no {request.method}: /api lists what it takes"}  # fmt: skip
    response = sentence(error.status_code, words.get(error.status_code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response
