"""What a merge reads and changes of the store's shards."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from legation.merge import blocks, compared, consensus, links, traces
from legation.merge.compared import Array, Ints
from legation.schema import EVENTS
from legation.store import Store, StoreError

CHUNK = 5_000
"""Mentions whose events are put together at a time."""
AT_ONCE = 600_000
"""Traces that are held as arrays at a time, where months do not hold more: some hundred megabytes."""
TREES = pa.schema([("event_id", pa.string()), ("tree", pa.string()), ("shards", pa.list_(pa.string()))])
"""Of each event of a shard: the tree of traces that it was parted from, and the shards that its traces lie in."""

Run = Callable[..., Iterable[Any]]
Tables = dict[str, pa.Table]


class Shards:
    """The shards that a merge touches, read when they are first needed, and what it changes in them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names = set(store.shards())
        self._traces: Tables = {}
        self._gone: Tables = {}
        self._stale: dict[str, str] = {}
        self._changed: set[str] = set()

    def traces(self, name: str) -> pa.Table:
        """The traces of a shard, none where it does not exist."""
        if name not in self._traces:
            kept = self._store.shard(name, "merging") if name in self._names else None
            if kept is not None and kept.schema != traces.TRACES:
                raise StoreError(
                    f"the events of {self._store.path} were merged by another version; "
                    f"remove its folder events and merge again"
                )
            self._traces[name] = traces.TRACES.empty_table() if kept is None else kept
        return self._traces[name]

    def _rest(self, name: str, kind: str, schema: pa.Schema) -> pa.Table:
        kept = self._store.shard(name, kind) if name in self._names else None
        return schema.empty_table() if kept is None else kept

    # What comes and goes.

    def take_out(self, mentions: Iterable[str]) -> None:
        """Forget the traces of mentions that were corrected."""
        wanted = pa.array(sorted(mentions), pa.string())
        if not len(wanted):
            return
        for name in sorted(self._names):
            ids = self._store.shard(name, "merging", ["mention_id"])
            if ids is not None and pc.any(pc.is_in(ids["mention_id"], wanted)).as_py():
                table = self.traces(name)
                goes = pc.is_in(table["mention_id"], wanted)
                self._gone[name] = table.filter(goes)
                self._traces[name] = table.filter(pc.invert(goes))
                self._changed.add(name)
                self._note_stale(self._gone[name])

    def add(self, new: pa.Table) -> None:
        """Take new traces into their shards."""
        names = np.array(traces.shards_of(new))
        for name in sorted(set(names.tolist())):
            group, known = new.filter(pa.array(names == name)), self.traces(name)
            group = group.filter(pc.invert(pc.is_in(group["mention_id"], known["mention_id"].combine_chunks())))
            if len(group):
                self._traces[name] = pa.concat_tables([known, group]).combine_chunks()
                self._changed.add(name)

    def _note_stale(self, told: pa.Table) -> None:
        """Note that the trees of these traces are to be put together again."""
        trees = zip(told["tree"].to_pylist(), told["home"].to_pylist(), strict=True)
        self._stale |= {tree: home for tree, home in trees if tree}

    # Links.

    def link(self, each: links.Map, progress: Callable[[str], object]) -> None:
        """Link what is new, and what lies near it, with what is told before."""
        targets = {near for name in self._changed for near in traces.shards_near(name)}
        targets = {name for name in targets if name in self._names or name in self._traces}
        for group, around in self._groups(sorted(targets)):
            progress(f"comparing {group[0]}" if len(group) == 1 else f"comparing {group[0]} to {group[-1]}")
            self._link(group, around, each)

    def _groups(self, targets: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
        """Shards to be linked together, and those that hold what they are compared with."""
        group: list[str] = []
        around: set[str] = set()
        for name in targets:
            wider = around | set(traces.shards_near(name))
            if group and sum(len(self.traces(near)) for near in wider) > AT_ONCE:
                yield group, sorted(around)
                group, wider = [], set(traces.shards_near(name))
            group, around = [*group, name], wider
        if group:
            yield group, sorted(around)

    def _link(self, targets: Sequence[str], around: Sequence[str], each: links.Map) -> None:
        tables = [self.traces(name) for name in around]
        gone = [self._gone[name] for name in around if name in self._gone]
        near = pa.concat_tables([*tables, *gone])
        shard = np.repeat(np.arange(len(around) + 1), [*map(len, tables), sum(map(len, gone))])
        row = np.concatenate([np.arange(len(table)) for table in (*tables, *gone)])
        fresh = np.asarray(pc.is_null(near["tree"]))
        leaves = shard == len(around)
        held = _touching(near, fresh | leaves)
        if not held.any():
            return
        near, shard, row, fresh, leaves = near.filter(pa.array(held)), shard[held], row[held], fresh[held], leaves[held]
        ours = np.isin(shard, [around.index(name) for name in targets])
        rows, best, sure = links.linked(near, ours, fresh, leaves, each)
        ids = near["mention_id"].combine_chunks()
        found = ids.take(pa.array(best, mask=best == links.NONE))
        before = near["antecedent"].take(pa.array(rows)).combine_chunks()
        same = pc.or_(pc.and_(pc.is_null(found), pc.is_null(before)), pc.fill_null(pc.equal(found, before), False))
        differs = ~np.asarray(same)
        moved = np.concatenate([rows[differs], best[differs & (best != links.NONE)]])
        self._note_stale(near.select(["tree", "home"]).take(pa.array(moved)))
        for number in np.unique(shard[rows[differs]]):
            here = differs & (shard[rows] == number)
            none = best[here] == links.NONE
            put = {"antecedent": found.filter(pa.array(here)), "score": pa.array(sure[here], pa.float32(), mask=none)}
            self._put(around[number], row[rows[here]], put)

    def _put(self, name: str, rows: Ints, values: Mapping[str, pa.Array]) -> None:
        """Set columns of some of a shard's traces."""
        table = self.traces(name)
        mask = np.zeros(len(table), dtype=bool)
        mask[rows] = True
        order = pa.array(np.argsort(rows))
        for column, value in values.items():
            at, kept = table.schema.get_field_index(column), table[column].combine_chunks()
            put = pc.replace_with_mask(kept, pa.array(mask), value.take(order))
            table = table.set_column(at, table.schema.field(column), put)
        self._traces[name] = table
        self._changed.add(name)

    # Events.

    def changed(self, run: Run, progress: Callable[[str], object]) -> "Changed":
        """The tables of every shard in which something is new, to be written."""
        members = self._members()
        ids = members["mention_id"].combine_chunks()
        ends = links.roots(ids, members["antecedent"].combine_chunks())
        shard, row = (np.asarray(members[name]) for name in ("shard", "row"))
        names = list(self._traces)
        trees, homes = ids.take(pa.array(ends)), pa.array(np.array(names, dtype=object)[shard[ends]], pa.string())
        for number in np.unique(shard):
            here = pa.array(shard == number)
            values = {"tree": trees.filter(here), "home": homes.filter(here)}
            self._put(names[number], row[shard == number], values)
        where: dict[str, dict[str, Ints]] = {}
        for home in np.unique(shard[ends]):
            of_home = shard[ends] == home
            where[names[home]] = {
                names[number]: row[of_home & (shard == number)] for number in np.unique(shard[of_home])
            }
        return Changed(self, where, run, progress)

    def _members(self) -> pa.Table:
        """Where every trace of the stale trees lies, and every one that is of no tree yet."""
        wanted = pa.array(sorted(self._stale), pa.string())
        for home in sorted(set(self._stale.values())):
            trees = self._rest(home, "trees", TREES)
            shards = pc.list_flatten(trees.filter(pc.is_in(trees["tree"], wanted))["shards"])
            for name in sorted(pc.unique(shards).to_pylist()):
                self.traces(name)
        found = [_MEMBERS.empty_table()]
        for number, table in enumerate(self._traces.values()):
            mask = pc.or_(pc.is_null(table["tree"]), pc.is_in(table["tree"], wanted))
            row = np.flatnonzero(np.asarray(mask))
            some = table.select(["mention_id", "antecedent"]).filter(mask)
            found.append(
                some.append_column("shard", pa.array(np.full(len(row), number))).append_column("row", pa.array(row))
            )
        return pa.concat_tables(found)

    def names(self, homes: Iterable[str]) -> list[str]:
        """The shards that change, when the events in `homes` do."""
        return sorted(self._changed | set(self._stale.values()) | set(homes))

    def tables(self, name: str, made: pa.Table) -> Tables | None:
        """What shard `name` is to hold with the events `made` (_MADE) in the place of those of the stale trees; None
        where that is nothing.
        """
        trees, events = self._rest(name, "trees", TREES), self._rest(name, "events", EVENTS)
        stays = trees.filter(pc.invert(pc.is_in(trees["tree"], pa.array(sorted(self._stale), pa.string()))))
        kept = events.filter(pc.is_in(events["event_id"], stays["event_id"].combine_chunks()))
        tables = {
            "events": pa.concat_tables([kept, made.select(EVENTS.names)]).sort_by("event_id"),
            "trees": pa.concat_tables([stays, made.select(TREES.names)]).sort_by("event_id"),
            "merging": self.traces(name).sort_by("mention_id"),
        }
        return tables if any(map(len, tables.values())) else None


class Changed(Mapping[str, Tables | None]):
    """The changed shards by name; the tables of each are put together when they are asked for, and not kept."""

    def __init__(
        self, shards: Shards, where: dict[str, dict[str, Ints]], run: Run, progress: Callable[[str], object]
    ) -> None:
        self._shards, self._where, self._run, self._progress = shards, where, run, progress
        self._names = shards.names(where)
        self.events = 0

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Tables | None:
        self._progress(f"writing {name}")
        parts = [self._shards.traces(near).take(pa.array(rows)) for near, rows in self._where.get(name, {}).items()]
        members = pa.concat_tables([traces.TRACES.empty_table(), *parts])
        members = members.sort_by([("tree", "ascending"), ("mention_id", "ascending")]).combine_chunks()
        made = list(self._run(_put_together, list(_chunks(members))))
        self.events += sum(map(len, made))
        return self._shards.tables(name, pa.concat_tables([_MADE.empty_table(), *made]))


_MEMBERS = pa.schema(
    [("mention_id", pa.string()), ("antecedent", pa.string()), ("shard", pa.int64()), ("row", pa.int64())]
)
_MADE = pa.schema([*EVENTS, *TREES.remove(TREES.get_field_index("event_id"))])


def _touching(near: pa.Table, new: Array) -> Array:
    """Which of the traces may have to do with what the `new` ones are compared with."""
    first, last, _, _ = compared.spans(near)
    last = np.minimum(last, first + blocks.LONGEST)
    dated = first > compared.NO_DAY
    out = ~dated & (~dated & new).any()
    some = dated & new
    if some.any():
        low = int(first[dated].min())
        length = int(last[dated].max()) - low + 2 + 2 * blocks.AROUND
        days = np.zeros(length + 1, dtype=np.int64)
        np.add.at(days, first[some] - low, 1)
        np.add.at(days, np.minimum(last[some] - low + 1 + 2 * blocks.AROUND, length), -1)
        told = np.concatenate([[0], np.cumsum(np.cumsum(days) > 0)])  # days, moved by AROUND, near a new one
        from_, to = first[dated] - low + blocks.AROUND, last[dated] - low + blocks.AROUND + 1
        out[dated] = told[to] > told[from_]
    return np.asarray(out)


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
    members = members.combine_chunks()
    event = links.parted(members)
    first = np.unique(event)
    lies_in: dict[int, set[str]] = {}
    for row, name in zip(event.tolist(), traces.shards_of(members), strict=True):
        lies_in.setdefault(row, set()).add(name)
    made = consensus.events(members, event)
    made = made.append_column("tree", members["tree"].take(pa.array(first)))
    shards = pa.array([sorted(lies_in[row]) for row in first.tolist()], TREES.field("shards").type)
    return made.append_column(_MADE.field("shards"), shards)
