"""Events follow corrections: what was corrected is merged anew, in a process of its own, and the desk stays quick."""

import multiprocessing
import threading

from legation.merge import merge
from legation.store import Amended, Store

LOOK_EVERY = 0.2
"""Seconds between looks whether the desk is closing."""


class Merger:
    """Brings the events of a store up to its corrections; what failed is not tried again before more is corrected."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._failed: Amended | None = None

    def follow(self, closing: threading.Event) -> bool:
        """Merge what corrections have changed, if anything; whether it did. Ends the merge, of which nothing is then
        seen, where the desk is closing. Raises RuntimeError where it fails."""
        amended = self._store.amended()
        if not amended.mentions or amended == self._failed:
            return False
        process = multiprocessing.get_context("spawn").Process(target=merge, args=(self._store,), daemon=True)
        process.start()
        while process.is_alive() and not closing.is_set():
            process.join(LOOK_EVERY)
        if process.is_alive():
            process.terminate()
            process.join()
            return False
        if process.exitcode:
            self._failed = amended
            raise RuntimeError(f"merging corrections failed: legation merge --store {self._store.path} tells why")
        return True
