"""What ties a worker process to the one that started it.

A module of its own, that imports nothing: the thread outlives the others when a worker ends, and what its module holds
cannot be cleared away before it.
"""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait


def follow() -> None:
    """To be called first in a worker: deaf to Ctrl-C, which its parent acts on, and gone when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
        os._exit(1)
