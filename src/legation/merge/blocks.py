"""Which traces are compared: each with the few latest before it in every block that it is in.

A block is a family of deeds (merge_families.csv), some days, and one thing told: an actor, a place, a rare word of the
sentence, what the trigger is called in which country, a word that stands for the story, or the report. So the work
grows with the number of traces, however many tell of one country; and what is compared with a trace rests on what is
told near its days alone, not on when it came into the store.
"""

from typing import NamedTuple

import numba as nb
import numpy as np

from legation.merge.compared import NO_DAY, Array, Compared, Ints, Texts

WINDOW = 12
"""Traces of a block that one is compared with: the latest before it in the canonical order."""
BUCKET = 8
"""Days of a block."""
REACH = 7
"""Days that two tellings of one deed may surely lie apart: what papers differ by, and what a paper does not tell."""
LONGEST = 14
"""Days of an interval that are compared; of a longer one its beginning."""
AROUND = 2 * (BUCKET + REACH + LONGEST)
"""Days from a trace beyond which nothing has to do with what it, or one compared with it, is compared with."""
WORDS = 4
"""Words of a sentence, the rarest, that each make a block."""
BANDS = 4
"""Words of a story that each make a block; chosen by lot, the rarer the likelier, the same lot for every story."""
RANK = 24
"""Bits for the rank of a trace in a sorted membership: as many traces can be compared at a time."""


class Blocks(NamedTuple):
    """Memberships of traces in blocks, sorted by block and in it by canonical order."""

    row: Ints  # the trace of each membership
    start: Ints  # where the block of each membership begins
    at: Ints  # memberships of trace i are place[at[i] : at[i + 1]]
    place: Ints


def blocks(data: Compared) -> Blocks:
    """The blocks of traces. Raises ValueError where there are more traces than can be ranked."""
    n = len(data.order)
    if n >= 1 << RANK:
        raise ValueError(f"{n:,} traces lie too near to one another in time to be compared at once; divide the parts")
    row, key = _spread(data, *_things(data))
    packed = np.sort(key >> np.uint64(RANK) << np.uint64(RANK) | data.order[row].astype(np.uint64))
    packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])[: len(packed)]]
    by_rank = np.empty(n, dtype=np.int64)
    by_rank[data.order] = np.arange(n)
    row = by_rank[(packed & np.uint64((1 << RANK) - 1)).astype(np.int64)]
    block = packed >> np.uint64(RANK)
    first = np.flatnonzero(np.concatenate([[True], block[1:] != block[:-1]])[: len(block)])
    start = np.repeat(first, np.diff(np.append(first, len(block))))
    return Blocks(row, start, *_by_row(row, n))


def reach(data: Compared) -> tuple[Ints, Ints]:
    """First and last of the days that each trace is compared by."""
    return data.first, np.minimum(data.last, data.first + LONGEST)


# Keys. ------------------------------------------------------------------------------------------------------------


def _things(data: Compared) -> tuple[Ints, Array]:
    """(row, code of a thing that it tells), of every thing that makes blocks."""
    n = len(data.order)
    who = np.concatenate([data.ids.reshape(n, -1), data.tails.reshape(n, -1), data.place[:, None]], axis=1)
    told = [_table(who, 1), _table(_rarest(data.words, WORDS), 2), _called(data)]
    told += [_table(_lots(data.stories)[data.story_of], 4), _table(data.report[:, None], 5)]
    return np.concatenate([row for row, _ in told]), np.concatenate([code for _, code in told])


def _table(codes: Array, kind: int) -> tuple[Ints, Array]:
    row, column = np.nonzero(codes)
    return row, _mixed(codes[row, column].astype(np.uint64), np.uint64(kind))


def _called(data: Compared) -> tuple[Ints, Array]:
    """Each word of a trigger with each country of its deed; of the report where the deed tells none."""
    n = len(data.order)
    own = np.concatenate([data.countries.reshape(n, -1), data.place_country[:, None]], axis=1)
    bare: Array = np.logical_not(own.any(axis=1))
    countries = np.concatenate([own, np.where(bare[:, None], data.scene, 0)], axis=1)
    row, column = np.nonzero(countries)
    words = np.diff(data.trigger.at)[row]
    at = np.repeat(data.trigger.at[row] - np.cumsum(words) + words, words) + np.arange(words.sum())
    country = np.repeat(countries[row, column], words).astype(np.uint64)
    return np.repeat(row, words), _mixed(_mixed(data.trigger.word[at].astype(np.uint64), country), np.uint64(3))


def _spread(data: Compared, row: Ints, code: Array) -> tuple[Ints, Array]:
    """Each thing of a row, once for each bucket of days that the row lies in: (row, key of the block)."""
    first, last = reach(data)
    low, high = first // BUCKET, (last + REACH) // BUCKET
    count = np.where(first > NO_DAY, high - low + 1, 1)[row]
    rows = np.repeat(row, count)
    bucket = low[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    day = _mixed(bucket.astype(np.uint64), data.dated[rows].astype(np.uint64))
    return rows, _mixed(_mixed(np.repeat(code, count), data.family[rows].astype(np.uint64)), day)


def _mixed(one: Array, other: Array | np.uint64) -> Array:
    """64 bits of two whole numbers (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        x = one * np.uint64(0x9E3779B97F4A7C15) + other
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Array = x ^ (x >> np.uint64(31))
        return mixed


@nb.njit(cache=True)
def _rarest(texts: Texts, count: int) -> Array:
    """[n, count]: of each set the words that weigh most, 0 where it has fewer."""
    n = len(texts.at) - 1
    out = np.zeros((n, count), dtype=np.int64)
    for i in range(n):
        kept = np.full(count, -1.0)
        for at in range(texts.at[i], texts.at[i + 1]):
            k = count - 1
            if texts.weight[at] <= kept[k]:
                continue
            while k > 0 and kept[k - 1] < texts.weight[at]:
                kept[k], out[i, k] = kept[k - 1], out[i, k - 1]
                k -= 1
            kept[k], out[i, k] = texts.weight[at], texts.word[at]
    return out


@nb.njit(cache=True)
def _lots(texts: Texts) -> Array:
    """[n, BANDS]: of each set the words that are drawn; two sets draw the same word as often as they are alike."""
    n = len(texts.at) - 1
    out = np.zeros((n, BANDS), dtype=np.int64)
    for i in range(n):
        for band in range(BANDS):
            best = np.inf
            for at in range(texts.at[i], texts.at[i + 1]):
                lot = np.uint64(texts.word[at]) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(band)
                lot = (lot ^ (lot >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                lot = (lot ^ (lot >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                drawn = -np.log((np.float64(lot >> np.uint64(11)) + 1.0) / 9007199254740993.0)
                drawn /= np.float64(texts.weight[at]) ** 2
                if drawn < best:
                    best = drawn
                    out[i, band] = np.int64(texts.word[at]) * BANDS + band + 1
    return out


@nb.njit(cache=True)
def _by_row(row: Ints, n: int) -> tuple[Ints, Ints]:
    at = np.zeros(n + 1, dtype=np.int64)
    for r in row:
        at[r + 1] += 1
    at = np.cumsum(at)
    put, place = at[:-1].copy(), np.empty(len(row), dtype=np.int64)
    for i in range(len(row)):
        place[put[row[i]]] = i
        put[row[i]] += 1
    return at, place


# Who is compared with whom. ---------------------------------------------------------------------------------------


@nb.njit(cache=True)
def disturbed(told: Blocks, fresh: Array, gone: Array) -> Array:
    """Whether what each trace is compared with changes when the `fresh` ones come and the `gone` ones go."""
    out = fresh & ~gone
    for i in range(len(told.row)):
        if fresh[told.row[i]] or gone[told.row[i]]:
            left, j = WINDOW, i + 1
            while left > 0 and j < len(told.row) and told.start[j] == told.start[i]:
                out[told.row[j]] |= not gone[told.row[j]]
                left -= not (fresh[told.row[j]] or gone[told.row[j]])
                j += 1
    return out
