"""Traces -> trees -> events: each trace is joined to the one earlier trace that most surely tells of its deed, if any
may; the trees that come of it are then parted into events by average linkage.

A link rests on its two traces alone, and the events of a tree on the tree alone. So neither depends on the order in
which reports arrive or on how they are divided, and a later report changes only the trees that it is joined to.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from legation.merge.pairs import PAIRS, Compared, Floats, Ints, candidates, compared, features, plausible, scores
from legation.merge.traces import shards_of

LEAST = -1.0
"""Log odds from which a trace is joined to another: low, since what does not belong is parted again."""
CUT = -0.7
"""Mean log odds between two groups of traces from which they are one event."""
MOST = 1000
"""Traces of a tree that are compared each with each; a larger one is cut at its weakest links first."""


def linked(traces: pa.Table, new: npt.NDArray[np.bool_]) -> pa.Table:
    """`traces` with the antecedents that they have when the rows marked `new` stand beside the others.

    The links of rows that are not new are those of an earlier call; their antecedents need not be among `traces`.
    """
    data = compared(traces)
    ids = traces["mention_id"].to_numpy(zero_copy_only=False)
    antecedents = traces["antecedent"].to_numpy(zero_copy_only=False)
    row_of = {mention: row for row, mention in enumerate(ids)}
    best = np.array([NONE if m is None else row_of.get(m, ELSEWHERE) for m in antecedents], dtype=np.int64)
    told = np.array(traces["score"].to_numpy(zero_copy_only=False), dtype=np.float32)
    score = np.where(best == NONE, np.float32(LEAST), told).astype(np.float32)
    for a, b in candidates(data, new):
        worth = plausible(data, a, b)
        if worth.any():
            a, b = a[worth], b[worth]
            _keep_best(data, best, score, a, b, scores(features(data, a, b)))
    found = np.where(best >= 0, ids[np.maximum(best, 0)], np.where(best == NONE, None, antecedents))
    columns = (
        ("antecedent", pa.array(found, pa.string())),
        ("score", pa.array(score, pa.float32(), mask=best == NONE)),
    )
    for name, values in columns:
        traces = traces.set_column(traces.schema.get_field_index(name), traces.schema.field(name), values)
    return traces


NEVER = -1e9
"""Log odds of a group with itself."""
NONE, ELSEWHERE = -1, -2
"""In place of the row of an antecedent: there is none; it is not among the traces at hand."""


def _keep_best(data: Compared, best: Ints, score: Floats, a: Ints, b: Ints, found: Floats) -> None:
    """Of the pairs, and what was known before, the best antecedent of each; of equally good ones the earliest."""
    at = np.lexsort((data.order[a], -found, b))
    first = at[np.concatenate([[True], b[at][1:] != b[at][:-1]])]
    a, b, found = a[first], b[first], found[first]
    known = np.where(best[b] >= 0, data.order[np.maximum(best[b], 0)], len(data))
    better = (found > score[b]) | (found == score[b]) & (best[b] >= 0) & (data.order[a] < known)
    best[b[better]], score[b[better]] = a[better], found[better]


def roots(traces: pa.Table) -> tuple[list[str], list[str]]:
    """The tree of each trace, named by its first mention, and the shard of that; all antecedents are among `traces`."""
    known = dict(zip(traces["mention_id"].to_pylist(), traces["antecedent"].to_pylist(), strict=True))
    found = _ends(known)
    homes = dict(zip(known, shards_of(traces), strict=True))
    return [found[mention] for mention in known], [homes[found[mention]] for mention in known]


def _ends(links: dict[str, str | None]) -> dict[str, str]:
    """Where each mention's chain of antecedents ends."""
    found: dict[str, str] = {}
    for mention in links:
        chain, at = [], mention
        while at not in found and (before := links[at]) is not None:
            chain.append(at)
            at = before
        found.update(dict.fromkeys((*chain, at), found.get(at, at)))
    return found


def parted(members: pa.Table) -> list[str]:
    """The event of each member of whole trees, named by the first mention of the event."""
    data = compared(members)
    ids = members["mention_id"].to_pylist()
    trees: dict[str, list[int]] = {}
    for row, tree in enumerate(members["tree"].to_pylist()):
        trees.setdefault(tree, []).append(row)
    out = [""] * len(ids)
    for tree in trees.values():
        for branch in _cut(members, tree):
            ordered = np.array(sorted(branch, key=lambda row: int(data.order[row])), dtype=np.int64)
            for group in _linkage(data, ordered):
                for row in group:
                    out[row] = f"e{ids[group[0]]}"
    return out


def _cut(members: pa.Table, tree: list[int]) -> list[list[int]]:
    """The tree in branches of at most MOST traces, if weak links are cut; what hangs together by sure ones stays."""
    branches, least = [tree], LEAST
    while least < -LEAST * 4 and max(map(len, branches)) > MOST:
        least += 0.5
        branches = [
            b for branch in branches for b in (_branches(members, branch, least) if len(branch) > MOST else [branch])
        ]
    return branches


def _branches(members: pa.Table, tree: list[int], least: float) -> list[list[int]]:
    rows = members.select(["mention_id", "antecedent", "score"]).take(pa.array(tree)).to_pylist()
    held = {row["mention_id"] for row in rows}
    links = {
        r["mention_id"]: r["antecedent"] if r["antecedent"] in held and r["score"] >= least else None for r in rows
    }
    groups: dict[str, list[int]] = {}
    for row, end in zip(tree, _ends(links).values(), strict=True):
        groups.setdefault(end, []).append(row)
    return list(groups.values())


def _linkage(data: Compared, rows: Ints) -> list[Ints]:
    """The rows in groups: the two groups most alike on average are joined, as long as any are alike enough."""
    if len(rows) == 1 or len(rows) > MOST:
        return [rows]
    one, other = np.triu_indices(len(rows), 1)
    odds = np.full((len(rows), len(rows)), NEVER)
    for low in range(0, len(one), PAIRS):
        a, b = one[low : low + PAIRS], other[low : low + PAIRS]
        odds[a, b] = odds[b, a] = scores(features(data, rows[a], rows[b]))
    groups = [[i] for i in range(len(rows))]
    while odds.flat[best := int(odds.argmax())] > CUT:
        i, j = sorted(divmod(best, len(rows)))
        n, m = len(groups[i]), len(groups[j])
        odds[i, :] = odds[:, i] = np.round((n * odds[i] + m * odds[j]) / (n + m), 6)
        odds[i, i] = odds[j, :] = odds[:, j] = NEVER
        groups[i], groups[j] = sorted(groups[i] + groups[j]), []
    return [rows[group] for group in groups if group]
