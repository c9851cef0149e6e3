"""Traces -> trees -> events: each trace is joined to the one earlier trace that most surely tells of its deed, if any
may; the trees that come of it are then parted into events by what their members have in common.

A link rests on its trace and on what that is compared with (blocks.py), and the events of a tree on the tree alone. So
neither depends on the order in which reports arrive or on how they are divided, and a later report changes only the
links near it and the trees that they are of.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from legation.merge import pairs
from legation.merge.blocks import WINDOW, Blocks, blocks, disturbed
from legation.merge.compared import Array, Compared, Ints, compared

LEAST = -1.0
"""Log odds from which a trace is joined to another: low, since what does not belong is parted again."""
WITHIN = -0.3
"""Log odds between two groups of traces of one report from which they are one event."""
CUT = -0.2
"""Log odds between what two reports tell from which it is one event."""
BEST = 0.3
"""How much the two traces that are most alike count in the log odds between two groups; the rest is the mean of all."""
MOST = 200
"""Traces of a tree that are compared each with each; a larger one is cut at its weakest links first."""
SHARE = 4_000
"""Traces that are linked at a time."""
NONE = pairs.NOBODY

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def linked(traces: pa.Table, ours: Array, fresh: Array, gone: Array, each: Map) -> tuple[Ints, Ints, Array]:
    """The links that may have changed: of `ours`, since the `fresh` came and the `gone` went (masks of `traces`).

    Returns rows, the row of the antecedent of each or NONE, and its score. `each` maps, in threads if it likes.
    """
    data = compared(traces)
    told = blocks(data)
    wanted = np.flatnonzero(disturbed(told, fresh, gone) & ours)
    best = np.full(len(ours), NONE, dtype=np.int64)
    sure = np.full(len(ours), LEAST, dtype=np.float32)
    shares = [wanted[low : low + SHARE] for low in range(0, len(wanted), SHARE)]
    for _ in each(partial(_find, data, told, gone, pairs.weights(), best, sure), shares):
        pass
    return wanted, best[wanted], sure[wanted]


def _find(data: Compared, told: Blocks, gone: Array, weight: Array, best: Ints, sure: Array, wanted: Ints) -> None:
    pairs.find_best(data, told, WINDOW, gone, wanted, weight, best, sure)


# Trees. -----------------------------------------------------------------------------------------------------------


def roots(mention_ids: pa.Array, antecedents: pa.Array) -> Ints:
    """The row where the chain of antecedents of each row ends; all antecedents are among the mentions."""
    before = pc.index_in(antecedents, mention_ids)
    rows = np.arange(len(mention_ids))
    ends: Ints = np.where(np.asarray(pc.is_null(before)), rows, np.asarray(pc.fill_null(before, 0)).astype(np.int64))
    while (further := ends[ends] != ends).any():
        ends = np.where(further, ends[ends], ends)
    return ends


def parted(members: pa.Table) -> Ints:
    """The event of each member of whole trees, as the row of its first mention. Members lie tree by tree."""
    data = compared(members)
    trees = members["tree"].to_numpy(zero_copy_only=False)
    bounds = np.flatnonzero(np.concatenate([[True], trees[1:] != trees[:-1]]))
    out = np.arange(len(members))
    for low, high in zip(bounds, np.append(bounds[1:], len(members)), strict=True):
        if high - low > 1:
            for branch in _cut(members, np.arange(low, high)):
                branch = branch[np.argsort(data.order[branch])]
                out[branch] = (
                    branch[pairs.joined(data, branch, pairs.weights(), WITHIN, CUT, BEST)]
                    if len(branch) <= MOST
                    else branch[0]
                )
    return out


def _cut(members: pa.Table, tree: Ints) -> list[Ints]:
    """The tree in branches of at most MOST traces, if weak links are cut; what hangs together by sure ones stays."""
    branches, least = [tree], LEAST
    while least < -LEAST * 4 and max(map(len, branches)) > MOST:
        least += 0.5
        branches = [
            b for branch in branches for b in (_branches(members, branch, least) if len(branch) > MOST else [branch])
        ]
    return branches


def _branches(members: pa.Table, tree: Ints, least: float) -> list[Ints]:
    some = members.select(["mention_id", "antecedent", "score"]).take(pa.array(tree)).combine_chunks()
    held = pc.greater_equal(pc.fill_null(some["score"], LEAST), least)
    ids = some["mention_id"].combine_chunks()
    ends = roots(ids, pc.if_else(held, some["antecedent"], None).combine_chunks())
    order = np.argsort(ends, kind="stable")
    return np.split(tree[order], np.flatnonzero(np.diff(ends[order])) + 1)
