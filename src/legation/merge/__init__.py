"""Mentions -> Events: mentions that tell of the same deed become one, across reports, publishers and days.

traces       mentions and their reports to what is compared
pairs        which two may be one, and how surely
links        each to its best earlier telling, and the trees that come of it parted into events
consensus    the tellings of one event to the event

`merge` takes up the parts of a store that are not in its events yet, and reads of the rest only the months that their
deeds touch. The events are the same whatever the order in which reports came, and however often they were merged.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from legation.merge import consensus, links, pairs, traces
from legation.schema import EVENTS
from legation.store import Row, Store

MANY = 20_000
"""New mentions from which a second process pays."""
CHUNK = 5_000
"""Mentions whose events are put together at a time."""
TREES = pa.schema([("event_id", pa.string()), ("tree", pa.string()), ("shards", pa.list_(pa.string()))])
"""Of each event of a shard: the tree of traces that it was parted from, and the shards that its traces lie in."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has done: mentions that were new, and events that are new or changed."""

    mentions: int
    events: int


def merge(store: Store, *, workers: int = 1, progress: Callable[[str], object] = lambda step: None) -> Merged:
    """Take the mentions of parts that are not merged yet into the store's events.

    `progress` is told each step in words. Raises OSError where the store cannot be written; the events are then as
    they were.
    """
    parts = sorted(set(store.parts()) - store.merged())
    if not parts:
        return Merged(0, 0)
    rows = sum(store.part(part, columns=["mention_id"]).num_rows for part in parts)
    if not rows:
        store.write_events({}, parts)
        return Merged(0, 0)
    with _pool(workers if rows >= MANY else 1) as run:
        progress(f"reading {rows:,} mentions")
        new = _each_once(pa.concat_tables(run(partial(_of_part, store), parts)))
        shards = _Shards(store)
        for name, group in _by_shard(new):
            progress(f"comparing {name}")
            shards.add(name, group)
        progress("writing")
        events = shards.rebuild(run)
        store.write_events(shards.changed(), parts)
    return Merged(len(new), events)


Run = Callable[[Callable[..., pa.Table], Sequence[object]], Iterable[pa.Table]]


class _pool:  # noqa: N801
    """What maps a function over items: in this process, or in several, in the order of the items either way."""

    def __init__(self, workers: int) -> None:
        self._executor = ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else None

    def __enter__(self) -> Run:
        return self._executor.map if self._executor else map

    def __exit__(self, *_: object) -> None:
        if self._executor:
            self._executor.shutdown(cancel_futures=True)


def _of_part(store: Store, part: str) -> pa.Table:
    return traces.of_part(store.part(part), store.part(part, "reports"))


def _each_once(told: pa.Table) -> pa.Table:
    """The traces sorted by mention, the first of those that have one id: a report may have been coded twice."""
    told = told.sort_by([("mention_id", "ascending"), ("report_id", "ascending")])
    ids = told["mention_id"].to_numpy(zero_copy_only=False)
    return told.filter(pa.array(np.concatenate([[True], ids[1:] != ids[:-1]])))


def _by_shard(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    names = np.array(traces.shards_of(table))
    for name in sorted(set(names.tolist())):
        yield name, table.filter(pa.array(names == name))


class _Shards:
    """The shards that a merge touches, read when they are first needed, and what it changes in them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names = set(store.shards())
        self._traces: dict[str, pa.Table] = {}
        self._events: dict[str, pa.Table] = {}
        self._trees: dict[str, pa.Table] = {}
        self._changed: set[str] = set()

    def _traces_of(self, name: str) -> pa.Table:
        if name not in self._traces:
            kept = self._store.shard(name, "merging") if name in self._names else None
            self._traces[name] = traces.TRACES.empty_table() if kept is None else kept
        return self._traces[name]

    def _events_of(self, name: str) -> pa.Table:
        if name not in self._events:
            kept = self._store.shard(name) if name in self._names else None
            self._events[name] = EVENTS.empty_table() if kept is None else kept
        return self._events[name]

    def _trees_of(self, name: str) -> pa.Table:
        if name not in self._trees:
            kept = self._store.shard(name, "trees") if name in self._names else None
            self._trees[name] = TREES.empty_table() if kept is None else kept
        return self._trees[name]

    def add(self, name: str, new: pa.Table) -> None:
        """Take new traces into shard `name`, and link them with all that their days touch."""
        known = self._traces_of(name)
        new = new.filter(pc.invert(pc.is_in(new["mention_id"], known["mention_id"].combine_chunks())))
        self._traces[name] = pa.concat_tables([known, new])
        around = {other: self._traces_of(other) for other in _months_around(name)}
        rows = {other: _touching(table, new) for other, table in around.items()}
        near = pa.concat_tables([around[other].filter(rows[other]) for other in around])
        is_new = np.array(pc.is_in(near["mention_id"], new["mention_id"].combine_chunks()))
        near = links.linked(near, is_new)
        low = 0
        for other, mask in rows.items():
            count = pc.sum(mask).as_py() or 0
            found = near.slice(low, count)
            low += count
            for column in ("antecedent", "score"):
                self._set(other, column, mask, found[column])

    def _set(self, name: str, column: str, mask: pa.Array, values: pa.ChunkedArray) -> None:
        table = self._traces[name]
        at, kept = table.schema.get_field_index(column), table[column].combine_chunks()
        put = pc.replace_with_mask(kept, mask, values.combine_chunks())
        self._traces[name] = table.set_column(at, table.schema.field(column), put)

    def rebuild(self, run: Run) -> int:
        """Put the events of every tree together again that has changed; returns how many there are."""
        stale = self._stale()
        members = self._members(stale)
        trees, homes = links.roots(members)
        for name, values in (("tree", trees), ("home", homes)):
            at = members.schema.get_field_index(name)
            members = members.set_column(at, members.schema.field(name), pa.array(values, pa.string()))
        for name, group in _by_shard(members):
            self._note(name, group)
        members = members.sort_by([("tree", "ascending"), ("mention_id", "ascending")])
        made = list(run(_put_together, list(_chunks(members))))
        self._put(stale, made)
        return sum(len(table) for table in made)

    def _stale(self) -> dict[str, str]:
        """The trees that have lost or gained a trace, with the shard that the events of each lie in."""
        tree_of: dict[str, tuple[str, str]] = {}
        for table in self._traces.values():
            columns = (table[name].to_pylist() for name in ("mention_id", "tree", "home"))
            tree_of |= {mention: (tree, home) for mention, tree, home in zip(*columns, strict=True) if tree}
        found: dict[str, str] = {}
        for name, table in self._traces.items():
            before = self._antecedents_before(name)
            for mention, now in zip(table["mention_id"].to_pylist(), table["antecedent"].to_pylist(), strict=True):
                if before.get(mention, _NEW) != now:
                    found |= dict(tree_of[m] for m in (mention, now) if m in tree_of)
        return found

    def _antecedents_before(self, name: str) -> dict[str, str | None]:
        kept = None
        if name in self._names:
            kept = self._store.shard(name, "merging", ["mention_id", "antecedent"])
        return {} if kept is None else dict(zip(*(column.to_pylist() for column in kept.columns), strict=True))

    def _members(self, stale: dict[str, str]) -> pa.Table:
        """Every trace of the stale trees, and those that are of no tree yet."""
        wanted = pa.array(sorted(stale), pa.string())
        for home in sorted(set(stale.values())):
            trees = self._trees_of(home)
            for shards in trees.filter(pc.is_in(trees["tree"], wanted))["shards"].to_pylist():
                for name in shards:
                    self._traces_of(name)
        parts = []
        for table in self._traces.values():
            mask = pc.or_(pc.is_null(table["tree"]), pc.is_in(table["tree"], wanted))
            parts.append(table.filter(mask))
        return pa.concat_tables(parts).sort_by("mention_id")

    def _note(self, name: str, group: pa.Table) -> None:
        """Note in the shard's traces of what tree each of `group` is now."""
        table = self._traces_of(name)
        rows = pc.index_in(table["mention_id"], group["mention_id"].combine_chunks()).combine_chunks()
        self._changed.add(name)
        for column in ("tree", "home"):
            values = group[column].combine_chunks().take(rows.drop_null())
            self._set(name, column, pc.is_valid(rows), pa.chunked_array([values]))

    def _put(self, stale: dict[str, str], made: Sequence[pa.Table]) -> None:
        """Put the events in the place of those of the stale trees."""
        new = pa.concat_tables(made) if made else _MADE.empty_table()
        gone = pa.array(sorted(stale), pa.string())
        for home in {*stale.values(), *pc.unique(new["home"]).to_pylist()}:
            trees, table = self._trees_of(home), self._events_of(home)
            stays = trees.filter(pc.invert(pc.is_in(trees["tree"], gone)))
            kept = table.filter(pc.is_in(table["event_id"], stays["event_id"].combine_chunks()))
            here = new.filter(pc.equal(new["home"], home))
            self._events[home] = pa.concat_tables([kept, here.select(EVENTS.names)]).sort_by("event_id")
            self._trees[home] = pa.concat_tables([stays, here.select(TREES.names)]).sort_by("event_id")
            self._changed.add(home)

    def changed(self) -> dict[str, dict[str, pa.Table]]:
        """The tables of every shard in which something is new, to be written."""
        return {
            name: {
                "events": self._events_of(name),
                "trees": self._trees_of(name),
                "merging": self._traces_of(name).sort_by("mention_id"),
            }
            for name in sorted(self._changed)
        }


_NEW = ""
"""Stands for the antecedent of a trace that is new."""
_MADE = pa.schema([*EVENTS, *TREES.remove(TREES.get_field_index("event_id")), ("home", pa.string())])


def _months_around(name: str) -> list[str]:
    """The shards whose deeds may lie within reach of one of shard `name`: two months either way."""
    if name == traces.UNDATED:
        return [name]
    month = int(name[:4]) * 12 + int(name[5:7]) - 1
    return [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in range(month - 2, month + 3)]


def _touching(table: pa.Table, new: pa.Table) -> pa.Array:
    """Which traces of the table come near the days of the new ones; all, where those have none."""
    first, last, _ = pairs.spans(new)
    dated = first > pairs.NO_DAY
    if not len(table) or not dated.any():
        return pa.array(np.ones(len(table), dtype=bool))
    low, high = int(first[dated].min()) - 2 * pairs.REACH, int(last[dated].max()) + 2 * pairs.REACH
    ours, theirs, _ = pairs.spans(table)
    return pa.array((theirs >= low) & (ours <= high))


def _chunks(members: pa.Table) -> Iterator[pa.Table]:
    """The members, some thousand at a time, no tree divided."""
    trees = members["tree"].to_numpy(zero_copy_only=False)
    low = 0
    while low < len(trees):
        high = min(low + CHUNK, len(trees))
        while high < len(trees) and trees[high] == trees[high - 1]:
            high += 1
        yield members.slice(low, high - low)
        low = high


def _put_together(members: pa.Table) -> pa.Table:
    """The events of whole trees (columns of _MADE)."""
    events = links.parted(members)
    rows = members.drop_columns(["words", "story", "scene", "trigger"]).to_pylist()
    told: dict[str, list[Row]] = {}
    for event, row in zip(events, rows, strict=True):
        told.setdefault(event, []).append(row)
    out = []
    for event, group in told.items():
        shards = {traces.shard_of(row["start"], row["published"], row["status"]) for row in group}
        about = {"tree": group[0]["tree"], "home": group[0]["home"], "shards": sorted(shards)}
        out.append(consensus.event(group, event) | about)
    return pa.Table.from_pylist(out, schema=_MADE)
