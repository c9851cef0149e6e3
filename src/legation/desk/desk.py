"""What the handlers of the desk share: the store, its index, the clock, and a thread that keeps the index fresh."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from legation.desk.index import Index, Progress
from legation.desk.merging import Merger
from legation.store import Store

KEPT = 8
"""Costly results that are kept, to be paged through."""
LOOK_EVERY = 1.0
"""Seconds between looks at the store for what was written."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Desk:
    """A store at the desk. `closing` is set when the server stops: whatever waits or repeats ends then."""

    store: Store
    index: Index
    clock: Callable[[], datetime] = _now
    closing: threading.Event = field(default_factory=threading.Event)
    progress: Progress | None = None
    """What is told how far the index is."""
    trouble: str | None = None
    """Why the index could not be brought up to date, the last time that it was tried."""
    _made: dict[tuple[object, ...], Any] = field(default_factory=dict)
    _making: dict[object, threading.Lock] = field(default_factory=dict)

    def once(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        """What `make` returns, made once for each key and version of the index; the latest few are kept. What a key
        begins with tells what is made."""
        with self._making.setdefault(key[0], threading.Lock()):  # whoever asks for the same waits for it
            key = (self.index.version, *key)
            if key not in self._made:
                self._made[key] = make()
            found = self._made[key]
        for old in list(self._made)[:-KEPT]:
            self._made.pop(old, None)
        return found

    def corrected(self) -> dict[str, tuple[str, ...]]:
        """The mentions that a person mended or marked wrong, with the fields."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.store.corrections():
            if one.state == "applied":
                found[one.mention_id] = (*found.get(one.mention_id, ()), one.field)
        return found

    def watch(self) -> None:
        """Have the events follow corrections, and the index the store, until `closing`; for a thread of its own."""
        merger, unmerged = Merger(self.store), None
        while not self.closing.is_set():
            try:
                if merger.follow(self.closing) or not self.store.amended().mentions:
                    unmerged = None
            except RuntimeError as error:
                unmerged = str(error)
            try:
                self.index.update(self.progress, self.closing)
                self.trouble = unmerged
            except Exception as error:  # a part replaced while it is read, a full disk: told, and tried again
                self.trouble = f"the index of {self.store.path} is not up to date: {error}"
            self.closing.wait(LOOK_EVERY)
