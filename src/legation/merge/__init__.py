"""Mentions -> Events: mentions that tell of the same deed become one, across reports, publishers and days.

traces       mentions and their reports to what is compared
compared     traces to arrays
blocks       which traces are compared with which
pairs        how surely two of them are one
links        each to its best earlier telling, and the trees that come of it parted into events
consensus    the tellings of one event to the event
shards       what a merge reads and changes of the store

`merge` takes up the parts of a store that are not in its events yet, and reads of the rest only the months that their
deeds touch. The events are the same whatever the order in which reports came, and however often they were merged.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from legation.merge import traces
from legation.merge.shards import Run, Shards
from legation.store import Store

MANY = 20_000
"""New mentions from which a second process pays."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has done: mentions that were new or corrected, and events that are new or changed."""

    mentions: int
    events: int


def merge(store: Store, *, workers: int = 1, progress: Callable[[str], object] = lambda step: None) -> Merged:
    """Take the mentions of parts that are not merged yet, and corrections of others, into the store's events.

    `progress` is told each step in words. Raises OSError where the store cannot be written, and StoreError where its
    events were merged by a version that compared otherwise; the events are then as they were.
    """
    with store.merging(), ExitStack() as stack:
        amended = store.amended()
        parts = sorted(set(store.parts()) - store.merged())
        rows = sum(store.part(part, columns=["mention_id"]).num_rows for part in parts)
        if not rows and not amended.mentions:
            if parts:
                store.write_events({}, parts, amended.corrections)
            return Merged(0, 0)
        each: Run = stack.enter_context(ThreadPoolExecutor(workers)).map
        run: Run = map
        if workers > 1 and rows >= MANY:
            run = stack.enter_context(ProcessPoolExecutor(workers, get_context("spawn"))).map
        progress(f"reading {rows + len(amended.mentions):,} mentions")
        new = _traces(store, run, parts, amended.parts, amended.mentions)
        mentions = len(new)
        shards = Shards(store)
        shards.take_out(amended.mentions)
        shards.add(new)
        del new
        shards.link(each, progress)
        changed = shards.changed(run, progress)
        store.write_events(changed, parts, amended.corrections)
        return Merged(mentions, changed.events)


def _traces(store: Store, run: Run, parts: list[str], again: tuple[str, ...], mentions: frozenset[str]) -> pa.Table:
    """The traces of `parts`, and those of `mentions` in parts that are merged already; each mention once."""
    found = list(run(partial(_of_part, store), parts))
    wanted = pa.array(sorted(mentions), pa.string())
    for part in sorted(set(again) - set(parts)):
        told = _of_part(store, part)
        found.append(told.filter(pc.is_in(told["mention_id"], wanted)))
    return _each_once(pa.concat_tables([traces.TRACES.empty_table(), *found]))


def _of_part(store: Store, part: str) -> pa.Table:
    return traces.of_part(store.part(part), store.part(part, "reports"))


def _each_once(told: pa.Table) -> pa.Table:
    """Of traces that have one id, a report may have been coded twice, the one of the first report."""
    order = pc.sort_indices(told, [("mention_id", "ascending"), ("report_id", "ascending")])
    ids = told["mention_id"].take(order).combine_chunks()
    again = np.flatnonzero(np.asarray(pc.equal(ids[1:], ids[:-1]))) + 1
    if not len(again):
        return told
    keep = np.ones(len(told), dtype=bool)
    keep[np.asarray(order)[again]] = False
    return told.filter(pa.array(keep))
