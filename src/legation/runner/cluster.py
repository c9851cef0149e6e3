"""The engine of a Ray cluster: the same steps, as tasks on whatever processors its nodes have.

Coders are tasks and not actors: Ray keeps a process for each processor, gives it one task after another, and starts
others where a node is lost or joins, so that each process still loads its encoder once. Readers take no processor of
their own, since one that waits for its batches to be taken would keep a coder from running. What lies on this
machine's disk is read on this machine; what has an address (s3://, gs://, file:// on a disk that all share) on any.
"""

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from legation import __version__
from legation.ingest import Input
from legation.runner.step import Coded, Codes, Read, Source, WorkerLostError, coded, items
from legation.schema import Reject, Report

BATCH = 200
"""Reports that a reader hands over at a time."""
AHEAD = 250
"""Batches that a reader is ahead of what is taken from it: the pages of one archive of a crawl."""
GROUP_BYTES, GROUP_INPUTS = 64_000_000, 1000
"""Inputs that are read by one task: so many bytes or files of them, and at least one."""
WAIT = 60.0
"""Seconds after which a coder that has not answered is reason to look whether the cluster has processors left."""


class ClusterError(Exception):
    """A cluster that cannot be used; the message says what to do."""


class Cluster:
    """The processors of the Ray cluster at `address` ("auto", HOST:PORT), or of a Ray that is started on this machine,
    with `workers` of them, and ended with the run.

    Raises ClusterError where Ray is not installed or there is no such cluster.
    """

    def __init__(self, make: Callable[[], Codes], workers: int | None = None, address: str | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise ClusterError("Ray is not installed: pip install 'legation[ray]'") from error
        self._ray, self._make = ray, make
        self._started = not ray.is_initialized()
        if self._started:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing of a run is told to anyone
            os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
            if address and (host := address.rpartition(":")[0]):
                _answers(host, address)
            told = {"num_cpus": workers or os.cpu_count(), "include_dashboard": False} if address is None else {}
            try:
                ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **told)
            except Exception as error:  # Ray raises just that where a node does not start in time
                where = f"no Ray cluster at {address}" if address else "Ray does not start on this machine"
                raise ClusterError(f"{where}: {error}") from error
        self.workers = max(1, int(ray.cluster_resources().get("CPU", 0)))
        self._code = ray.remote(num_cpus=1, max_retries=0)(_coded)
        self._open = ray.remote(
            num_cpus=0, max_retries=3, num_returns="streaming", _generator_backpressure_num_objects=AHEAD
        )(_batches)
        self._here = ray.get_runtime_context().get_node_id()

    def read(self, read: Read, sources: Iterable[Source]) -> Iterator[Report | Reject]:
        """The sources are read by some tasks at a time, each a group of them, and taken in order."""
        waiting = deque[tuple[list[Source], Any]]()
        for group in _groups(sources):
            waiting.append((group, self._reader(read, group)))
            if len(waiting) > max(1, self.workers // 4):
                yield from self._taken(*waiting.popleft())
        while waiting:
            yield from self._taken(*waiting.popleft())

    def _reader(self, read: Read, group: list[Source]) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        anywhere = all(isinstance(source, Input) and source.scheme for source in group)
        where = "SPREAD" if anywhere else NodeAffinitySchedulingStrategy(self._here, soft=False)
        folder = None if anywhere else Path.cwd()
        return self._open.options(scheduling_strategy=where).remote(__version__, read, group, folder)

    def _taken(self, group: list[Source], batches: Any) -> Iterator[Report | Reject]:
        count = 0
        try:
            for batch in batches:
                found = self._got(batch)
                count += len(found)
                yield from found
        except WorkerLostError as error:
            for source in group:
                name = source.name if isinstance(source, Input) else str(source)
                reason = f"its reader died again and again, after {count:,} reports of {len(group):,} files: {error}"
                yield source if isinstance(source, Reject) else Reject(name, reason)

    def submit(self, reports: list[Report]) -> Callable[[], Coded]:
        future = self._code.remote(__version__, self._make, reports)
        return lambda: self._result(future)

    def alone(self, reports: list[Report]) -> Coded:
        return self.submit(reports)()  # a process has one task at a time

    def _result(self, future: Any) -> Coded:
        while not self._ray.wait([future], timeout=WAIT)[0]:
            if self._ray.cluster_resources().get("CPU", 0) < 1:
                raise ClusterError(
                    "the cluster has no processor left; what is finished is kept: add nodes and run again"
                )
        result: Coded = self._got(future)
        return result

    def _got(self, future: Any) -> Any:
        """A task's result, its own error, or WorkerLostError where Ray lost it."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(future)
        except errors.RayTaskError as error:
            raise error.cause from None
        except (
            errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError, errors.ObjectLostError,
            errors.LocalRayletDiedError,
        ) as error:  # fmt: skip
            raise WorkerLostError(type(error).__name__) from error

    def close(self) -> None:
        if self._started:
            self._ray.shutdown()


def _answers(host: str, address: str) -> None:
    """Ray itself tries for a minute, and then ends the process."""
    try:
        socket.create_connection((host, int(address.rpartition(":")[2])), timeout=10).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ClusterError(f"no Ray cluster at {address}: {error}") from error


def _groups(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """The sources, in order, some small ones together."""
    group: list[Source] = []
    size = 0
    for source in sources:
        group.append(source)
        size += source.size if isinstance(source, Input) else GROUP_BYTES
        if size >= GROUP_BYTES or len(group) >= GROUP_INPUTS:
            yield group
            group, size = [], 0
    if group:
        yield group


# On the nodes. ----------------------------------------------------------------------------------------------------


def _coded(version: str, make: Callable[[], Codes], reports: list[Report]) -> Coded:
    _same(version)
    return coded(make, reports)


def _batches(version: str, read: Read, group: list[Source], folder: Path | None) -> Iterator[list[Report | Reject]]:
    """What the sources hold, in lists; paths are those of `folder`."""
    _same(version)
    with contextlib.chdir(folder) if folder else contextlib.nullcontext():
        found = items(read, group)
        while batch := list(islice(found, BATCH)):
            yield batch


def _same(version: str) -> None:
    """Two versions would code one store in two ways."""
    if version != __version__:
        raise ClusterError(f"the nodes have Legation {__version__} and the run {version}: install the same on all")
