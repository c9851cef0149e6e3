"""Tells an open page when the index has changed, as server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.to_thread

from legation.desk.desk import Desk
from legation.desk.operations import Download, Given, Operation

LOOK_EVERY, SAY_EVERY = 0.5, 15.0
"""Seconds between looks at the index; and between words to the page, without which it would take itself for cut off."""


def live(desk: Desk, given: Given) -> Download:
    return Download(None, "text/event-stream", _changes(desk))


async def _changes(desk: Desk) -> AsyncIterator[bytes]:
    """`event: changed` at once, as a page may have missed changes before, and after every change."""
    told, silent = None, 0.0
    while not desk.closing.is_set():
        if desk.index.version != told:
            told, silent = desk.index.version, 0.0
            sizes = await anyio.to_thread.run_sync(_sizes, desk)
            yield f"event: changed\ndata: {json.dumps({'version': told, **sizes})}\n\n".encode()
        elif silent >= SAY_EVERY:
            silent = 0.0
            yield b": still here\n\n"
        silent += LOOK_EVERY
        await anyio.sleep(LOOK_EVERY)


def _sizes(desk: Desk) -> dict[str, Any]:
    (found,) = desk.index.rows(
        "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM quotes) AS mentions"
    )
    return found | {"reports": desk.index.reports("SELECT count(part) AS n FROM reports")[0]["n"]}


OPERATIONS = (
    Operation("GET", "/api/live", live, "An event `changed` after every change of the store, as long as one listens.",
              media_type="text/event-stream"),
)  # fmt: skip
