"""The engine of one machine: a pool of processes that code, while this one reads."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from legation.runner.parent import follow
from legation.runner.step import Coded, Codes, Read, Source, WorkerLostError, coded, items
from legation.schema import Reject, Report


class Local:
    """Processes of this machine, by default one for each processor."""

    def __init__(self, make: Callable[[], Codes], workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._make = make
        self._executor, self._spare = _executor(self.workers), _executor(1)

    def read(self, read: Read, sources: Iterable[Source]) -> Iterator[Report | Reject]:
        return items(read, sources)

    def submit(self, reports: list[Report]) -> Callable[[], Coded]:
        """A worker that dies (out of memory, a fault in native code) breaks the pool with every slice under way. While
        it closes its pipes, a process that is just being started for it fails with OSError."""
        try:
            future = _submit(self._executor, self._make, reports)
        except (BrokenProcessPool, OSError):
            self._executor = _executor(self.workers)
            future = _submit(self._executor, self._make, reports)
        return lambda: _result(future)

    def alone(self, reports: list[Report]) -> Coded:
        try:
            return _result(_submit(self._spare, self._make, reports))
        except (WorkerLostError, BrokenProcessPool, OSError) as error:
            self._spare = _executor(1)
            raise WorkerLostError from error

    def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)
        self._spare.shutdown(cancel_futures=True)


def _result(future: Future[Coded]) -> Coded:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise WorkerLostError from error


def _executor(workers: int) -> ProcessPoolExecutor:
    # Spawned, as threads of Arrow and ONNX Runtime do not survive a fork.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), follow)


def _submit(executor: ProcessPoolExecutor, make: Callable[[], Codes], reports: list[Report]) -> Future[Coded]:
    """Ctrl-C reaches every process of the group, but only the parent is to act on it: a worker that starts here is
    deaf to it from the first moment, as it inherits the mask."""
    if sys.platform == "win32":
        return executor.submit(coded, make, reports)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(coded, make, reports)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
