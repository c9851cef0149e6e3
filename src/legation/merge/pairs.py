"""How surely two traces tell of the same deed: a small learned scorer.

The score is a logistic model over FEATURES with the weights of merge_scorer.csv, fitted by training/fit_merge.py.
All compiled code that scores lies in this file: the compiler keeps what it made until the file of a function changes,
and asks nothing about files that the function calls into.
"""

from enum import IntEnum
from functools import cache

import numba as nb
import numpy as np

from legation.merge.blocks import Blocks
from legation.merge.compared import Array, Compared, Ints, Texts
from legation.tables import rows

NOBODY = -1
"""In place of the row of an antecedent: there is none."""
NEAR = 60.0
"""Kilometres between two places that papers give for one deed."""
OTHER = 0.1
"""Cosine of two reports' openings below which they tell of two stories."""
NEXT = 250
"""Characters between the beginnings of two sentences that follow one another."""


class Feature(IntEnum):
    """What is looked at in a pair; `name` in the table is in small letters, with blanks."""

    CONSTANT = 0
    SAME_DEED = 1
    MODES_SHARED = 2
    MODES_DIFFER = 3
    MODES_OF_ONE_REPORT_SHARED = 4
    SAME_STATUS = 5
    PLAN_AND_DEED = 6
    DENIED = 7
    HISTORY = 8
    SOURCE_SAME = 9
    SOURCE_SAME_COUNTRY = 10
    SOURCE_DIFFERS = 11
    TARGET_SAME = 12
    TARGET_SAME_COUNTRY = 13
    TARGET_DIFFERS = 14
    SIDES_SWAPPED = 15
    NO_ACTOR_TOLD = 16
    SOURCE_ANOTHER_PERSON = 17
    TARGET_ANOTHER_PERSON = 18
    DAYS_APART = 19
    SAME_STATED_DAY = 20
    STATED_DAYS_APART = 21
    ANOTHER_PERSON_ON_ANOTHER_DAY = 22
    PLACE_SAME = 23
    PLACE_NEAR = 24
    PLACE_DIFFERS = 25
    KILLED_SAME = 26
    WORDS_ALIKE = 27
    WORDS_ALIKE_ON_OTHER_DAYS = 28
    STORIES_ALIKE = 29
    SAME_REPORT = 30
    REPORT_ALIKE_AND_BARE = 31
    COPY = 32
    WORDS_OF_ONE_REPORT_ALIKE = 33
    SAME_SENTENCE = 34
    NEXT_SENTENCE = 35
    KNOWN_DEED_OF_ANOTHER_REPORT = 36
    KNOWN_DEED_OF_ONE_REPORT = 37
    TRIGGER_IN_BOTH = 38
    TRIGGER_IN_ONE = 39
    SENTENCE_IN_BOTH_OPENINGS = 40
    SENTENCE_IN_ONE_OPENING = 41
    BOTH_IN_THEIR_OWN_OPENINGS = 42
    NOTHING_IN_COMMON = 43


FEATURES = tuple(feature.name.lower().replace("_", " ") for feature in Feature)


def features(data: Compared, a: Ints, b: Ints) -> Array:
    """[pairs, FEATURES] of pairs of rows, in any order of the two."""
    out = np.empty((len(a), len(FEATURES)), dtype=np.float32)
    _features(data, a, b, out)
    return out


@nb.njit(cache=True, nogil=True)
def _features(data: Compared, a: Ints, b: Ints, out: Array) -> None:
    for pair in range(len(a)):
        _tell(data, a[pair], b[pair], out[pair])


@nb.njit(cache=True, nogil=True)
def score(data: Compared, a: int, b: int, weights: Array, room: Array) -> float:
    """Log odds that rows a and b tell of one deed; `room` is for the features, to be used again."""
    _tell(data, a, b, room)
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * room[k]
    return total


@cache
def weights() -> Array:
    """The weight of each of FEATURES."""
    table = {row["feature"]: float(row["weight"]) for row in rows("merge_scorer")}
    return np.array([table[name] for name in FEATURES], dtype=np.float32)


@nb.njit(cache=True, nogil=True)
def _tell(data: Compared, a: int, b: int, out: Array) -> None:
    """The features of a pair, in their order."""
    same = data.report[a] == data.report[b]
    out[Feature.CONSTANT] = 1.0
    _deeds(data, a, b, same, out)
    apart = _days(data, a, b, out)
    _actors(data, a, b, apart, out)
    _places(data, a, b, out)
    _words(data, a, b, same, out)


@nb.njit(cache=True, nogil=True)
def _deeds(data: Compared, a: int, b: int, same: bool, out: Array) -> None:
    one, other = data.modes[a], data.modes[b]
    shared = (one & other) != 0
    out[Feature.SAME_DEED] = data.deed[a] == data.deed[b]
    out[Feature.MODES_SHARED] = shared
    out[Feature.MODES_DIFFER] = one != 0 and other != 0 and not shared
    out[Feature.MODES_OF_ONE_REPORT_SHARED] = same and shared
    x, y = data.status[a], data.status[b]
    out[Feature.SAME_STATUS] = x == y or (x <= 1 and y <= 1)
    out[Feature.PLAN_AND_DEED] = (x <= 1 and y == 2) or (y <= 1 and x == 2)
    out[Feature.DENIED] = (x == 4) != (y == 4)
    out[Feature.HISTORY] = x == 1 or y == 1


@nb.njit(cache=True, nogil=True)
def _days(data: Compared, a: int, b: int, out: Array) -> bool:
    """Also returns whether both texts tell days, and these exclude each other."""
    gap = max(data.first[a] - data.last[b], data.first[b] - data.last[a], 0)
    if not (data.dated[a] and data.dated[b]):
        gap = 0
    exact = data.stated[a] and data.stated[b]
    out[Feature.DAYS_APART] = min(gap, 7) / 4.0
    out[Feature.SAME_STATED_DAY] = exact and data.first[a] == data.first[b] and data.last[a] == data.last[b]
    out[Feature.STATED_DAYS_APART] = exact and gap > 0
    return bool(exact and gap > 0)


@nb.njit(cache=True, nogil=True)
def _actors(data: Compared, a: int, b: int, apart: bool, out: Array) -> None:
    another = False
    for side in range(2):
        at = Feature.SOURCE_SAME + 3 * side
        same = _meet(data.ids[a, side], data.ids[b, side]) or _meet(data.tails[a, side], data.tails[b, side])
        country = not same and _meet(data.countries[a, side], data.countries[b, side])
        out[at] = same
        out[at + 1] = country
        out[at + 2] = not same and not country and _any(data.ids[a, side]) and _any(data.ids[b, side])
        other = _any(data.persons[a, side]) and _any(data.persons[b, side])
        other = other and not _meet(data.persons[a, side], data.persons[b, side])
        out[Feature.SOURCE_ANOTHER_PERSON + side] = other
        another = another or other
    out[Feature.SIDES_SWAPPED] = _swapped(data.ids[a], data.ids[b])
    out[Feature.NO_ACTOR_TOLD] = not (_told(data.tails[a]) and _told(data.tails[b]))
    out[Feature.ANOTHER_PERSON_ON_ANOTHER_DAY] = another and apart


@nb.njit(cache=True, nogil=True)
def _swapped(one: Array, other: Array) -> bool:
    """Whether source and target change places, or one of two that act together is told as the source in either."""
    if _meet(one[0], other[1]) and _meet(one[1], other[0]):
        return True
    if _any(one[1]) and _any(other[1]):
        return False
    return _meet(one[0], other[0]) or _meet(one[0], other[1]) or _meet(one[1], other[0])


@nb.njit(cache=True, nogil=True)
def _name_one(data: Compared, a: int, b: int) -> bool:
    """Whether both name one and the same actor, on whatever side."""
    for one in range(2):
        for other in range(2):
            if _meet(data.ids[a, one], data.ids[b, other]) or _meet(data.tails[a, one], data.tails[b, other]):
                return True
    return False


@nb.njit(cache=True, nogil=True)
def _told(sides: Array) -> bool:
    return _any(sides[0]) or _any(sides[1])


@nb.njit(cache=True, nogil=True)
def _any(values: Array) -> bool:
    return bool(values[0] != 0 or values[1] != 0 or values[2] != 0 or values[3] != 0)


@nb.njit(cache=True, nogil=True)
def _meet(one: Array, other: Array) -> bool:
    """Whether a code other than 0 stands in both."""
    for x in one:
        if x != 0:
            for y in other:
                if x == y:
                    return True
    return False


@nb.njit(cache=True, nogil=True)
def _places(data: Compared, a: int, b: int, out: Array) -> None:
    here, there = data.place[a], data.place[b]
    same = here != 0 and here == there
    near = here != 0 and there != 0 and not same and _kilometres(data.point[a], data.point[b]) < NEAR
    home, abroad = data.place_country[a], data.place_country[b]
    out[Feature.PLACE_SAME] = same
    out[Feature.PLACE_NEAR] = near
    out[Feature.PLACE_DIFFERS] = (here != 0 and there != 0 and not same and not near) or (
        home != 0 and abroad != 0 and home != abroad
    )
    out[Feature.KILLED_SAME] = data.killed[a] >= 0 and data.killed[a] == data.killed[b]


@nb.njit(cache=True, nogil=True)
def _kilometres(a: Array, b: Array) -> float:
    """Between two points in degrees, along the sphere; nan where one is unknown."""
    north, east, other_north, other_east = np.radians(a[0]), np.radians(a[1]), np.radians(b[0]), np.radians(b[1])
    half = np.sin((north - other_north) / 2) ** 2
    half += np.cos(north) * np.cos(other_north) * np.sin((east - other_east) / 2) ** 2
    return float(2 * 6371.0 * np.arcsin(np.sqrt(min(max(half, 0.0), 1.0))))


@nb.njit(cache=True, nogil=True)
def _words(data: Compared, a: int, b: int, same: bool, out: Array) -> None:
    words = _cosine(data.words, a, data.words, b)
    here, there = data.story_of[a], data.story_of[b]
    story = 0.0 if same else _cosine(data.stories, here, data.stories, there)
    bare = not (_told(data.tails[a]) and _told(data.tails[b]))
    known = data.definite[a] or data.definite[b]
    away = abs(data.sentence[a] - data.sentence[b])
    out[Feature.WORDS_ALIKE] = words
    out[Feature.WORDS_ALIKE_ON_OTHER_DAYS] = words * out[Feature.DAYS_APART]
    out[Feature.STORIES_ALIKE] = story
    out[Feature.SAME_REPORT] = same
    out[Feature.REPORT_ALIKE_AND_BARE] = (1.0 if same else story) if bare else 0.0
    out[Feature.COPY] = not same and data.origin[a] == data.origin[b]
    out[Feature.WORDS_OF_ONE_REPORT_ALIKE] = words if same else 0.0
    out[Feature.SAME_SENTENCE] = same and away == 0
    out[Feature.NEXT_SENTENCE] = same and 0 < away < NEXT
    out[Feature.KNOWN_DEED_OF_ANOTHER_REPORT] = known and not same
    out[Feature.KNOWN_DEED_OF_ONE_REPORT] = known and same
    one, other = _cosine(data.trigger, a, data.words, b), _cosine(data.trigger, b, data.words, a)
    out[Feature.TRIGGER_IN_BOTH], out[Feature.TRIGGER_IN_ONE] = min(one, other), max(one, other)
    if same:
        one, other = data.own[b], data.own[a]
    else:
        one, other = _cosine(data.words, a, data.stories, there), _cosine(data.words, b, data.stories, here)
    out[Feature.SENTENCE_IN_BOTH_OPENINGS], out[Feature.SENTENCE_IN_ONE_OPENING] = min(one, other), max(one, other)
    out[Feature.BOTH_IN_THEIR_OWN_OPENINGS] = min(data.own[a], data.own[b])
    out[Feature.NOTHING_IN_COMMON] = (
        not same and story < OTHER and not (out[Feature.PLACE_SAME] or _name_one(data, a, b))
    )


@nb.njit(cache=True, nogil=True)
def _cosine(one: Texts, i: int, other: Texts, j: int) -> float:
    """Of set i of `one` and set j of `other`."""
    total = 0.0
    p, q, end, stop = one.at[i], other.at[j], one.at[i + 1], other.at[j + 1]
    while p < end and q < stop:
        if one.word[p] == other.word[q]:
            total += one.weight[p] * other.weight[q]
            p += 1
            q += 1
        elif one.word[p] < other.word[q]:
            p += 1
        else:
            q += 1
    return total


# Over many pairs. -------------------------------------------------------------------------------------------------


@nb.njit(cache=True, nogil=True)
def find_best(
    data: Compared, told: Blocks, window: int, gone: Array, wanted: Ints, weight: Array, best: Ints, sure: Array
) -> None:
    """Put the best antecedent of each wanted row, and its score, into `best` and `sure`; of equals the earliest.

    Asked of each block are the last `window` rows before the wanted one that are not `gone`.
    """
    seen = np.full(len(gone), NOBODY, dtype=np.int64)
    room = np.empty(len(weight), dtype=np.float32)
    for b in wanted:
        for p in told.place[told.at[b] : told.at[b + 1]]:
            left, q = window, p - 1
            while left > 0 and q >= told.start[p]:
                a = told.row[q]
                q -= 1
                if gone[a]:
                    continue
                left -= 1
                if seen[a] == b:
                    continue
                seen[a] = b
                found = _rounded(score(data, a, b, weight, room))
                if found > sure[b] or (found == sure[b] and best[b] != NOBODY and data.order[a] < data.order[best[b]]):
                    best[b], sure[b] = a, found


@nb.njit(cache=True, nogil=True)
def _rounded(odds: float) -> np.float32:
    """To three digits, so that what is alike is equal."""
    return np.float32(np.round(odds * 1000.0) / 1000.0)


@nb.njit(cache=True, nogil=True)
def joined(data: Compared, rows: Ints, weight: Array, within: float, cut: float, share: float) -> Ints:
    """The group of each of `rows`, as the place of its first: the two groups most alike are joined, of equals the
    earliest, as long as any are more alike than a cut. `share` of the log odds between two groups are those of their
    two members most alike, the rest is the mean of all.

    What one report tells of one deed is joined first, by the cut `within`; then reports, by `cut`: what two of them
    tell is as alike as the two tellings most alike, so that a deed told again in passing ("the attack") stands back.
    """
    n = len(rows)
    mean, alike = np.full((n, n), -np.inf), np.full((n, n), -np.inf)
    room = np.empty(len(weight), dtype=np.float32)
    for i in range(n):
        for j in range(i):
            mean[i, j] = mean[j, i] = _rounded(score(data, rows[j], rows[i], weight, room))
            if data.report[rows[i]] == data.report[rows[j]]:
                alike[i, j] = alike[j, i] = mean[i, j]
    group, most = np.arange(n), mean.copy()
    _join(group, mean, most, alike, within, share)
    _join(group, most.copy(), most, most.copy(), cut, share)
    return group


@nb.njit(cache=True, nogil=True)
def _join(group: Ints, mean: Array, most: Array, alike: Array, cut: float, share: float) -> None:
    """Join groups as long as two are more alike than `cut`; all arrays are changed, a group that is gone is alike none.

    The groups begin with one member each, whatever they hold.
    """
    n = len(group)
    size = np.ones(n)
    nearest = np.array([np.argmax(alike[i]) for i in range(n)])
    while True:
        i = 0
        for k in range(1, n):
            if alike[k, nearest[k]] > alike[i, nearest[i]]:
                i = k
        i, j = min(i, nearest[i]), max(i, nearest[i])
        if not alike[i, j] > cut:
            return
        for k in range(n):
            if k != i and k != j and most[i, k] > -np.inf:
                mean[i, k] = mean[k, i] = (size[i] * mean[i, k] + size[j] * mean[j, k]) / (size[i] + size[j])
                most[i, k] = most[k, i] = max(most[i, k], most[j, k])
                if alike[i, k] > -np.inf:
                    alike[i, k] = alike[k, i] = (1 - share) * mean[i, k] + share * most[i, k]
        for k in range(n):
            mean[j, k] = mean[k, j] = most[j, k] = most[k, j] = alike[j, k] = alike[k, j] = -np.inf
        size[i] += size[j]
        group[group == j] = i
        for k in range(n):
            if nearest[k] == i or nearest[k] == j or alike[k, i] > alike[k, nearest[k]]:
                nearest[k] = np.argmax(alike[k])
        nearest[i] = np.argmax(alike[i])
