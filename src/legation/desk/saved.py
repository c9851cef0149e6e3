"""Saved views: addresses of the desk under names, kept in STORE/desk/views.json."""

import json
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from legation.desk.desk import Desk
from legation.desk.index import folder
from legation.desk.operations import Given, Operation, Parameter, Refusal
from legation.files import write_text

MOST, LONGEST_NAME, LONGEST_URL = 200, 100, 2000
_writing = threading.Lock()


@dataclass(frozen=True)
class View:
    """A saved view: its name, its address on the desk from the first slash on, and when it was saved (UTC)."""

    name: str
    url: str
    saved: datetime


@dataclass(frozen=True)
class Views:
    """All saved views by name."""

    views: tuple[View, ...]


@dataclass(frozen=True)
class Address:
    """Where a saved view leads: a path of the desk with its query."""

    url: str


def views(desk: Desk, given: Given) -> Views:
    return Views(tuple(_read(desk)))


def save_view(desk: Desk, given: Given) -> View:
    name, url = given["name"].strip(), given.body.url
    if not name or len(name) > LONGEST_NAME:
        raise Refusal(f"name a view with 1 to {LONGEST_NAME} characters")
    if not url.startswith("/") or url.startswith(("//", "/\\")) or len(url) > LONGEST_URL or not url.isprintable():
        raise Refusal(
            f"url must be an address of this desk, such as /?actor=PRK, of {LONGEST_URL:,} characters at most"
        )
    with _writing:
        kept = [view for view in _read(desk) if view.name != name]
        if len(kept) >= MOST:
            raise Refusal(f"there are {MOST} saved views: delete one first", 409)
        view = View(name, url, desk.clock())
        _write(desk, [*kept, view])
    return view


def delete_view(desk: Desk, given: Given) -> None:
    with _writing:
        kept = _read(desk)
        left = [view for view in kept if view.name != given["name"].strip()]
        if len(left) == len(kept):
            raise Refusal(f"there is no saved view {given['name'][:80]!r}: /api/views lists them", 404)
        _write(desk, left)


def _file(desk: Desk) -> Path:
    return folder(desk.store) / "views.json"


def _read(desk: Desk) -> list[View]:
    if not _file(desk).exists():
        return []
    try:
        told: list[dict[str, Any]] = json.loads(_file(desk).read_text(encoding="utf-8"))
        return [View(one["name"], one["url"], datetime.fromisoformat(one["saved"])) for one in told]
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{_file(desk)} does not hold saved views ({error}): mend or remove it", 503) from error


def _write(desk: Desk, kept: list[View]) -> None:
    told = [asdict(view) for view in sorted(kept, key=lambda view: view.name)]
    write_text(_file(desk), json.dumps(told, ensure_ascii=False, indent=1, default=datetime.isoformat) + "\n")


_NAME = Parameter("name", "words", "Its name.")
OPERATIONS = (
    Operation("GET", "/api/views", views, "The saved views.", Views, refusals=(503,)),
    Operation("PUT", "/api/views/{name}", save_view, "Save a view, in place of one of that name.", View, (_NAME,),
              body=Address, refusals=(409, 503)),
    Operation("DELETE", "/api/views/{name}", delete_view, "Delete a saved view.", None, (_NAME,), status=204,
              refusals=(503,)),
)  # fmt: skip
