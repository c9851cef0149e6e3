"""The past, kept day by day, and what it says of who may answer a question.

A question is (actor, deed): whom will the actor do this to? Deeds are doubled: a deed raised by the number of deeds
asks who will do it to the actor, so that both directions are one. `History.describe` answers from the days added so
far and from nothing else: candidates, and for each of them the numbers named by FEATURES. A day is added without
counting the past anew. The sweep over the past is compiled by numba.
"""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy import sparse

from legation.forecast import tallies as tally
from legation.forecast.archive import Archive, Facts
from legation.forecast.tallies import NEVER, Tallies, bump, count, gap, key

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

SCALES = np.array([1.0, 3.0, 10.0, 30.0, 120.0, 1e9])
"""Days after which an event of the past counts 1/e, from yesterday's news to all history alike."""
K, T = len(SCALES), len(tally.SCALES)
_HORIZON = 20_000
WEIGHT = np.exp(-np.arange(_HORIZON)[:, None] / SCALES)
LAGS = np.array([1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 150], np.int32)
"""Last days of the bins of lag over which rules are learned; one more takes what is longer ago."""
PATH_LAGS = np.array([2, 10], np.int32)
COMMON = 1000
"""Dealings that more actors share are left out where actors are compared."""
LOG_LIMIT = 4000
"""Latest events of an actor that are looked at; what is older is still in the tallies."""
PARTNERS, PARTNER_EVENTS, PATH_DAYS = 16, 30, 45
"""A path leads over one of so many latest partners and so many latest events of theirs, at most so many days old."""
SIMILAR, POPULAR = 100, 60
"""Actors alike to one, and most frequent answers to a deed or from a place, that are looked at."""
REFRESH_DAYS = 7
"""Days after which likenesses of behaviour and lists of frequent answers are made anew."""
CLASSES = 21
"""CAMEO roots, 0 for none; doubled as deeds are."""
DIMENSIONS = 48

# What is gathered of a candidate, by column. ----------------------------------------------------------------------

SAME, PAIR, BACK, CLASS = 0, K, 2 * K, 3 * K  # the first three take K columns each, CLASS takes 3
(SAME_GAP, PAIR_GAP, BACK_GAP, CLASS_GAP, SAME_ORDER, PAIR_ORDER, RULE_SUM, RULE_MAX, RULE_OR, RULE_LATEST, WEEKLY,
 YEARLY, LIKES, LIKE_TARGETS, LIKE_PAIRS, PATH_SUM, PATH_MAX, WIDTH) = range(3 * K + 3, 3 * K + 21)  # fmt: skip
_CLASS_SCALES = np.array([1, 3, 5])

# Kinds of tallies. ------------------------------------------------------------------------------------------------

(
    DEED_TARGET, TARGET, DEED, ACTOR, ACTOR_DEED, PLACE_DEED_TARGET, PLACE_TARGET, KINDS, PLACES, DEED_KIND, DEED_PLACE,
    KIND_DEED_TARGET, ACTOR_PLACE, ACTOR_KIND, CLASS_TARGET, PLACE_CLASS_TARGET, KIND_TARGET, PLACE_KIND,
) = range(18)  # fmt: skip
_KEYS_PER_FACT = 18


def _feature_names() -> list[str]:
    names = [f"{kind} {scale:g}" for kind in ("same", "pair", "back") for scale in SCALES]
    names += [f"class {SCALES[k]:g}" for k in _CLASS_SCALES]
    names += ["same gap", "pair gap", "back gap", "class gap", "same order", "pair order", "rule sum", "rule max",
              "rule or", "rule latest", "weekly", "yearly", "likes", "like targets", "like pairs", "path sum",
              "path max", "factor", "factor pair"]  # fmt: skip
    kinds = ("deed target", "target", "place deed target", "place target", "kinds", "places", "kind deed target",
             "actor place", "actor kind", "class target", "place class target", "kind target",
             "place kind")  # fmt: skip
    names += [f"{kind} {scale:g}" for kind in kinds for scale in tally.SCALES]
    names += ["deed target share", "kinds share", "places share", "deed target gap", "target gap"]
    names += [f"{kind} {scale:g}" for kind in ("actor deed", "actor", "deed") for scale in tally.SCALES]
    names += ["actor deed gap", "actor gap", "partners", "partners of deed", "same share", "pair share",
              "same place", "target is place", "actor is place", "kind of target", "class", "inverse"]  # fmt: skip
    return names + [f"rank of {name}" for name in RANKED]


RANKED = ("first score", "rule sum", "pair 30", "same 1e+09", "likes", "place deed target 40", "path sum", "factor",
          "deed target 40", "pair 3")  # fmt: skip
FEATURES = tuple(_feature_names())


class State(NamedTuple):
    """The arrays of a History as compiled code sees them.

    An event of the log is followed in `before` by the same actor's one before it. `hits` and `tries`: how often an
    event of a deed, so long ago, was with an actor who answers a question of another deed, and how often it was not
    asked in vain; `path_hits` and `path_tries` the same of two events in a row, by class.
    """

    deed: Ints
    target: Ints
    day: Ints
    before: Ints
    latest: Ints
    hits: Floats
    tries: Floats
    path_hits: Floats
    path_tries: Floats
    tallies: Tallies
    places: Ints
    kinds: Ints
    is_place: npt.NDArray[np.bool_]
    classes: Ints


class Likes(NamedTuple):
    """What is made anew every REFRESH_DAYS: actors alike to one, who did what to whom of late, frequent answers."""

    alike: Ints
    likeness: Floats
    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    targets: Ints
    weights: Floats
    frequent: Ints
    local: Ints
    row_of: Ints
    row_factors: Floats
    target_factors: Floats


class Scratch(NamedTuple):
    """Room for the candidates of one question."""

    mark: npt.NDArray[np.int64]
    candidates: Ints
    gathered: npt.NDArray[np.float64]


@nb.njit(cache=True, inline="always")
def _bin(lag: int, edges: Any) -> Any:
    for i in range(edges.shape[0]):
        if lag <= edges[i]:
            return i
    return edges.shape[0]


@nb.njit(cache=True, inline="always")
def _meet(scratch: Any, question: int, target: int, found: int) -> int:
    """Make an actor a candidate, if it is none yet; how many there are now."""
    if scratch.mark[target] != question:
        scratch.mark[target] = question
        scratch.candidates[found] = target
        row = scratch.gathered[target]
        row[:] = 0.0
        row[SAME_GAP] = row[PAIR_GAP] = row[BACK_GAP] = row[CLASS_GAP] = NEVER
        row[SAME_ORDER] = row[PAIR_ORDER] = NEVER
        return found + 1
    return found


@nb.njit(cache=True, inline="always")
def _rule(state: Any, deed: int, earlier: int, lag_bin: int) -> Any:
    """How likely it is that whom an actor did `earlier` to, so long ago, answers a question of `deed`."""
    return (state.hits[deed, earlier, lag_bin] + 0.4) / (state.tries[deed, earlier, lag_bin] + 20.0)


@nb.njit(cache=True)
def _scan(state: Any, scratch: Any, question: int, actor: int, deed: int, inverse: int, day: int) -> int:
    """Go back through the actor's log; how many candidates it brings."""
    found, of_deed, steps = 0, 0, 0
    event = state.latest[actor]
    while event >= 0 and steps < LOG_LIMIT:
        steps += 1
        target, earlier, lag = state.target[event], state.deed[event], day - state.day[event]
        event = state.before[event]
        found = _meet(scratch, question, target, found)
        row = scratch.gathered[target]
        sure = _rule(state, deed, earlier, _bin(lag, LAGS))
        if row[PAIR_GAP] == NEVER:
            row[PAIR_GAP], row[PAIR_ORDER], row[RULE_LATEST] = lag, found - 1, sure
        row[RULE_SUM] += sure
        row[RULE_MAX] = max(row[RULE_MAX], sure)
        row[RULE_OR] += np.log(1.0 - min(sure, 0.95))
        row[WEEKLY] += lag % 7 == 0
        row[YEARLY] += abs((lag + 182) % 365 - 182) <= 3 and lag > 182
        weight = WEIGHT[min(lag - 1, WEIGHT.shape[0] - 1)]
        for k in range(K):
            row[PAIR + k] += weight[k]
        if earlier == deed:
            if row[SAME_GAP] == NEVER:
                row[SAME_GAP], row[SAME_ORDER] = lag, of_deed
                of_deed += 1
            for k in range(K):
                row[SAME + k] += weight[k]
        elif earlier == inverse:
            row[BACK_GAP] = min(row[BACK_GAP], lag)
            for k in range(K):
                row[BACK + k] += weight[k]
        if state.classes[earlier] == state.classes[deed]:
            row[CLASS_GAP] = min(row[CLASS_GAP], lag)
            for k in range(3):
                row[CLASS + k] += weight[_CLASS_SCALES[k]]
    return found


@nb.njit(cache=True)
def _paths(state: Any, scratch: Any, question: int, actor: int, deed: int, day: int, found: int, partners: int) -> int:
    """Candidates two steps away: whom the latest partners dealt with of late."""
    asked = state.classes[deed]
    for i in range(min(partners, PARTNERS)):
        partner = scratch.candidates[i]
        first = _latest_with(state, actor, partner)
        if first < 0 or day - state.day[first] > PATH_DAYS:
            break
        one, event = state.classes[state.deed[first]], state.latest[partner]
        for _ in range(PARTNER_EVENTS):
            if event < 0 or day - state.day[event] > PATH_DAYS:
                break
            target, two, lag = state.target[event], state.classes[state.deed[event]], day - state.day[event]
            event = state.before[event]
            if target == actor:
                continue
            late = _bin(max(lag, day - state.day[first]), PATH_LAGS)
            sure = (state.path_hits[asked, one, two, late] + 0.02) / (state.path_tries[asked, one, two, late] + 20.0)
            found = _meet(scratch, question, target, found)
            scratch.gathered[target, PATH_SUM] += sure
            scratch.gathered[target, PATH_MAX] = max(scratch.gathered[target, PATH_MAX], sure)
    return found


@nb.njit(cache=True)
def _latest_with(state: Any, actor: int, partner: int) -> Any:
    """The actor's latest event with a partner among its last 200."""
    event = state.latest[actor]
    for _ in range(200):
        if event < 0 or state.target[event] == partner:
            return event
        event = state.before[event]
    return -1


@nb.njit(cache=True)
def _alike(likes: Any, scratch: Any, question: int, actor: int, deed: int, actors: int, found: int, known: int) -> int:
    """Whom actors alike to this one did it to, and actors alike to those it did it to."""
    for i in range(likes.alike.shape[1]):
        other = likes.alike[actor, i]
        if other < 0:
            break
        wanted = np.int64(deed) * actors + other
        row = np.searchsorted(likes.rows, wanted)
        if row < likes.rows.shape[0] and likes.rows[row] == wanted:
            for j in range(likes.starts[row], likes.starts[row + 1]):
                found = _meet(scratch, question, likes.targets[j], found)
                scratch.gathered[likes.targets[j], LIKES] += likes.likeness[actor, i] * likes.weights[j]
    for i in range(min(known, 200)):
        target = scratch.candidates[i]
        same, pair = scratch.gathered[target, SAME + 3], scratch.gathered[target, PAIR + 3]
        for j in range(likes.alike.shape[1]):
            other = likes.alike[target, j]
            if other < 0:
                break
            found = _meet(scratch, question, other, found)
            scratch.gathered[other, LIKE_TARGETS] += same * likes.likeness[target, j]
            scratch.gathered[other, LIKE_PAIRS] += pair * likes.likeness[target, j]
    for listed in (likes.frequent[deed], likes.local[actor]):
        for target in listed:
            if target < 0:
                break
            found = _meet(scratch, question, target, found)
    return found


@nb.njit(cache=True)
def _first_score(state: Any, scratch: Any, likes: Any, actor: int, deed: int, day: int, found: int) -> Any:
    """A quick score of each candidate, by which the few that are described in full are chosen."""
    score = np.empty(found)
    some, all_ = (
        count(state.tallies, key(DEED, 0, deed, 0), day, 1),
        count(state.tallies, key(DEED, 0, deed, 0), day, 2),
    )
    place, class_ = state.places[actor], state.classes[deed]
    for i in range(found):
        target = scratch.candidates[i]
        row = scratch.gathered[target]
        own = key(DEED_TARGET, 0, deed, target)
        s = 1.0 - np.exp(row[RULE_OR]) + 0.5 * row[RULE_MAX] + 0.3 * row[RULE_SUM] / (1.0 + row[RULE_SUM])
        s += 0.6 * count(state.tallies, own, day, 1) / (some + 1.0) + 0.4 * count(state.tallies, own, day, 2) / (
            all_ + 1.0
        )
        s += 0.05 * row[LIKES] / (1.0 + row[LIKES]) + 0.05 * row[LIKE_TARGETS] / (1.0 + row[LIKE_TARGETS])
        s += 0.02 * row[LIKE_PAIRS] / (1.0 + row[LIKE_PAIRS]) + 0.3 * row[PATH_SUM] / (1.0 + row[PATH_SUM])
        if place > 0:
            local = count(state.tallies, key(PLACE_CLASS_TARGET, place, class_, target), day, 1)
            s += 0.05 * local / (1.0 + local)
            s += 0.02 * (state.places[target] == place)
        s += 1e-4 * np.log1p(count(state.tallies, key(TARGET, 0, 0, target), day, 1))
        score[i] = s
    return score


@nb.njit(cache=True)
def _dot(one: Any, other: Any) -> float:
    total = 0.0
    for k in range(one.shape[0]):
        total += one[k] * other[k]
    return total


@nb.njit(cache=True)
def _fill(state: Any, likes: Any, row: Any, out: Any, actor: int, deed: int, target: int, day: int) -> int:
    """The features of one candidate that do not depend on the others; how many they are."""
    at = 0
    for k in range(WIDTH):
        out[at] = row[k] if k != RULE_OR else 1.0 - np.exp(row[k])
        at += 1
    for row_of in (likes.row_of[actor, state.classes[deed]], likes.row_of[actor, 2 * CLASSES]):
        out[at] = _dot(likes.row_factors[row_of], likes.target_factors[target]) if row_of >= 0 else 0.0
        at += 1
    p, q, c, d, a = (
        state.places[actor],
        state.places[target],
        state.kinds[actor],
        state.kinds[target],
        state.classes[deed],
    )
    for own in (key(DEED_TARGET, 0, deed, target), key(TARGET, 0, 0, target), key(PLACE_DEED_TARGET, p, deed, target),
                key(PLACE_TARGET, p, 0, target), key(KINDS, c, deed, d), key(PLACES, p, deed, q),
                key(KIND_DEED_TARGET, c, deed, target), key(ACTOR_PLACE, actor, 0, q), key(ACTOR_KIND, actor, 0, d),
                key(CLASS_TARGET, 0, a, target), key(PLACE_CLASS_TARGET, p, a, target), key(KIND_TARGET, c, a, target),
                key(PLACE_KIND, p, deed, d)):  # fmt: skip
        for k in range(T):
            out[at] = count(state.tallies, own, day, k)
            at += 1
    total = count(state.tallies, key(DEED, 0, deed, 0), day, 1)
    out[at] = count(state.tallies, key(DEED_TARGET, 0, deed, target), day, 1) / (total + 1.0)
    out[at + 1] = count(state.tallies, key(KINDS, c, deed, d), day, 2) / (
        count(state.tallies, key(DEED_KIND, c, deed, 0), day, 2) + 5.0
    )
    out[at + 2] = count(state.tallies, key(PLACES, p, deed, q), day, 2) / (
        count(state.tallies, key(DEED_PLACE, p, deed, 0), day, 2) + 5.0
    )
    out[at + 3] = gap(state.tallies, key(DEED_TARGET, 0, deed, target), day)
    out[at + 4] = gap(state.tallies, key(TARGET, 0, 0, target), day)
    return at + 5


@nb.njit(cache=True)
def _fill_question(state: Any, out: Any, at: int, actor: int, deed: int, day: int, partners: int, of_deed: int) -> int:
    """The features that are the same for every candidate."""
    for own in (key(ACTOR_DEED, actor, deed, 0), key(ACTOR, actor, 0, 0), key(DEED, 0, deed, 0)):
        for k in range(T):
            out[at] = count(state.tallies, own, day, k)
            at += 1
    out[at] = gap(state.tallies, key(ACTOR_DEED, actor, deed, 0), day)
    out[at + 1] = gap(state.tallies, key(ACTOR, actor, 0, 0), day)
    out[at + 2], out[at + 3] = partners, of_deed
    return at + 4


@nb.njit(cache=True)
def describe(state: Any, likes: Any, scratch: Any, actors: Any, deeds: Any, day: int, most: int) -> Any:
    """For each question its `most` best candidates by first score, how many there are, and their features."""
    n, features, half = actors.shape[0], len(FEATURES), state.classes.shape[0] // 2
    who = np.full((n, most), -1, np.int32)
    told = np.zeros((n, most, features), np.float32)
    found_of = np.zeros(n, np.int32)
    for i in range(n):
        actor, deed = actors[i], deeds[i]
        inverse = deed + half if deed < half else deed - half
        partners = _scan(state, scratch, i, actor, deed, inverse, day)
        of_deed, same_sum, pair_sum = 0, 1e-6, 1e-6
        for j in range(partners):
            row = scratch.gathered[scratch.candidates[j]]
            of_deed += row[SAME_GAP] < NEVER
            same_sum += row[SAME + 3]
            pair_sum += row[PAIR + 3]
        found = _paths(state, scratch, i, actor, deed, day, partners, partners)
        found = _alike(likes, scratch, i, actor, deed, state.latest.shape[0], found, partners)
        score = _first_score(state, scratch, likes, actor, deed, day, found)
        order = np.argsort(-score, kind="mergesort")
        kept = min(found, most)
        found_of[i] = kept
        for j in range(kept):
            target = scratch.candidates[order[j]]
            row, out = scratch.gathered[target], told[i, j]
            who[i, j] = target
            at = _fill(state, likes, row, out, actor, deed, target, day)
            at = _fill_question(state, out, at, actor, deed, day, partners, of_deed)
            out[at], out[at + 1] = row[SAME + 3] / same_sum, row[PAIR + 3] / pair_sum
            near = state.places[actor] > 0 and state.places[actor] == state.places[target]
            out[at + 2], out[at + 3], out[at + 4] = (
                near,
                near and state.is_place[target],
                near and state.is_place[actor],
            )
            out[at + 5], out[at + 6], out[at + 7] = state.kinds[target], state.classes[deed], deed >= half
            at += 8
            out[at] = j
        for r in range(1, RANKED_AT.shape[0]):
            values = told[i, :kept, RANKED_AT[r]].copy()
            order = np.argsort(-values, kind="mergesort")
            rank = 0
            for j in range(kept):
                if j > 0 and values[order[j]] < values[order[j - 1]]:
                    rank = j
                told[i, order[j], features - RANKED_AT.shape[0] + r] = rank
    return who, found_of, told


RANKED_AT = np.array([-1] + [FEATURES.index(name) for name in RANKED[1:]])


# Adding a day. ----------------------------------------------------------------------------------------------------


@nb.njit(cache=True)
def _learn_rules(state: Any, scratch: Any, facts: Any, day: int) -> None:
    """Count, for each question of the day and each event before it, whether that event was with an answer."""
    start, question = 0, -1
    while start < facts.shape[0]:
        actor, deed, end = facts[start, 0], facts[start, 1], start
        question += 1
        while end < facts.shape[0] and facts[end, 0] == actor and facts[end, 1] == deed:
            scratch.mark[facts[end, 2]] = question
            end += 1
        event, steps = state.latest[actor], 0
        while event >= 0 and steps < LOG_LIMIT:
            steps += 1
            lag = _bin(day - state.day[event], LAGS)
            state.tries[deed, state.deed[event], lag] += 1
            state.hits[deed, state.deed[event], lag] += scratch.mark[state.target[event]] == question
            event = state.before[event]
        _learn_paths(state, scratch, actor, state.classes[deed], day, question)
        start = end


@nb.njit(cache=True)
def _learn_paths(state: Any, scratch: Any, actor: int, asked: int, day: int, question: int) -> None:
    partners, first = np.full(PARTNERS, -1, np.int32), state.latest[actor]
    met = 0
    while first >= 0 and met < PARTNERS and day - state.day[first] <= PATH_DAYS:
        partner, one, early = state.target[first], state.classes[state.deed[first]], day - state.day[first]
        first = state.before[first]
        known = False
        for i in range(met):
            known = known or partners[i] == partner
        if known:
            continue
        partners[met] = partner
        met += 1
        event = state.latest[partner]
        for _ in range(PARTNER_EVENTS):
            if event < 0 or day - state.day[event] > PATH_DAYS:
                break
            target, two, lag = state.target[event], state.classes[state.deed[event]], day - state.day[event]
            event = state.before[event]
            if target != actor:
                late = _bin(max(lag, early), PATH_LAGS)
                state.path_tries[asked, one, two, late] += 1
                state.path_hits[asked, one, two, late] += scratch.mark[target] == question


@nb.njit(cache=True)
def _append(state: Any, facts: Any, day: int, known: int) -> int:
    """Put facts behind the `known` ones in the log and count them; how many keys of tallies are new."""
    new = 0
    for i in range(facts.shape[0]):
        actor, deed, target, at = facts[i, 0], facts[i, 1], facts[i, 2], known + i
        state.deed[at], state.target[at], state.day[at] = deed, target, day
        state.before[at] = state.latest[actor]
        state.latest[actor] = at
        p, q, c, d = state.places[actor], state.places[target], state.kinds[actor], state.kinds[target]
        a = state.classes[deed]
        for own in (key(DEED_TARGET, 0, deed, target), key(TARGET, 0, 0, target), key(DEED, 0, deed, 0),
                    key(ACTOR, actor, 0, 0), key(ACTOR_DEED, actor, deed, 0), key(PLACE_DEED_TARGET, p, deed, target),
                    key(PLACE_TARGET, p, 0, target), key(KINDS, c, deed, d), key(PLACES, p, deed, q),
                    key(DEED_KIND, c, deed, 0), key(DEED_PLACE, p, deed, 0), key(KIND_DEED_TARGET, c, deed, target),
                    key(ACTOR_PLACE, actor, 0, q), key(ACTOR_KIND, actor, 0, d), key(CLASS_TARGET, 0, a, target),
                    key(PLACE_CLASS_TARGET, p, a, target), key(KIND_TARGET, c, a, target),
                    key(PLACE_KIND, p, deed, d)):  # fmt: skip
            new += bump(state.tallies, own, day)
    return new


class History:
    """The past of an archive as far as days were added; `describe` says what it tells of the day after."""

    def __init__(self, archive: Archive) -> None:
        actors, deeds = len(archive.actors), 2 * len(archive.deeds)
        self.actors, self.deeds = actors, deeds
        self.known, self.keys, self.day, self.refreshed = 0, 0, -1, -REFRESH_DAYS
        classes = np.concatenate([archive.roots, np.where(archive.roots, archive.roots + CLASSES, CLASSES)])
        shape = (deeds, deeds, len(LAGS) + 1)
        paths = (2 * CLASSES, 2 * CLASSES, 2 * CLASSES, len(PATH_LAGS) + 1)
        room = np.zeros(1 << 12, np.int32)
        self.state = State(
            room, room.copy(), room.copy(), room.copy(), np.full(actors, -1, np.int32),
            np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(paths, np.float32),
            np.zeros(paths, np.float32), tally.empty(), archive.places, archive.sectors, archive.is_place,
            classes.astype(np.int32),
        )  # fmt: skip
        self.scratch = Scratch(np.full(actors, -1, np.int64), np.zeros(actors, np.int32), np.zeros((actors, WIDTH)))
        self.likes: Likes | None = None

    def add(self, facts: Facts) -> None:
        """Add the facts of one day, later than all before. Raises ValueError where they are of another."""
        if not len(facts):
            return
        day = int(facts[0, 3])
        if day <= self.day or (facts[:, 3] != day).any():
            raise ValueError(f"facts of day {facts[:, 3].min()} cannot follow day {self.day}; add whole days in order")
        doubled = both_ways(facts, self.deeds // 2)
        self._make_room(len(doubled))
        self.scratch.mark[:] = -1
        _learn_rules(self.state, self.scratch, doubled, day)
        self.keys += _append(self.state, doubled, day, self.known)
        self.known += len(doubled)
        self.day = day

    def _make_room(self, more: int) -> None:
        state, size = self.state, len(self.state.deed)
        while self.known + more > size:
            size *= 2
        if size > len(state.deed):
            more_room = np.zeros(size - len(state.deed), np.int32)
            columns = (state.deed, state.target, state.day, state.before)
            deed, target, day, before = (np.concatenate([column, more_room]) for column in columns)
            state = state._replace(deed=deed, target=target, day=day, before=before)
        self.state = state._replace(tallies=tally.with_room(state.tallies, self.keys, more * _KEYS_PER_FACT))

    def describe(self, actors: Ints, deeds: Ints, day: int, most: int) -> tuple[Ints, Ints, Floats]:
        """Candidates (questions, most) with -1 behind the last, how many, and features (questions, most, FEATURES).

        Each question is answered by itself: none changes what is said to another.
        """
        if day <= self.day:
            raise ValueError(f"day {day} is known already; the history reaches to day {self.day}")
        if self.likes is None or self.day - self.refreshed >= REFRESH_DAYS:
            self.likes, self.refreshed = self._made_anew(), self.day
        self.scratch.mark[:] = -1
        found: tuple[Ints, Ints, Floats] = describe(
            self.state, self.likes, self.scratch, actors.astype(np.int32), deeds.astype(np.int32), day, most
        )
        return found

    def _made_anew(self) -> Likes:
        deed, target, days = (column[: self.known] for column in self.state[:3])
        actor = np.empty(self.known, np.int32)
        _actors_of(self.state, actor)
        age = self.day + 1 - days
        behaviour = _weighed(
            actor, deed.astype(np.int64) * self.actors + target, age, 120.0, (self.actors, self.deeds * self.actors)
        )
        alike, likeness = _most_alike(behaviour, SIMILAR)
        rows, starts, targets, weights = _by_row(deed.astype(np.int64) * self.actors + actor, target, age, 60.0)
        frequent = _most_frequent(deed, target, age, self.deeds, self.actors)
        local = _most_frequent(self.state.places[actor], target, age, int(self.state.places.max()) + 1, self.actors)
        local[0] = -1
        row_of, row_factors, target_factors = _factors(actor, self.state.classes[deed], target, age, self.actors)
        return Likes(
            alike, likeness, rows, starts, targets, weights, frequent, local[self.state.places], row_of, row_factors,
            target_factors,
        )  # fmt: skip


@nb.njit(cache=True)
def _actors_of(state: Any, out: Any) -> None:
    for actor in range(state.latest.shape[0]):
        event = state.latest[actor]
        while event >= 0:
            out[event] = actor
            event = state.before[event]


def both_ways(facts: Facts, deeds: int) -> Facts:
    """Facts and their inverses, sorted by actor and deed."""
    inverse = np.stack([facts[:, 2], facts[:, 1] + deeds, facts[:, 0], facts[:, 3]], axis=1)
    doubled = np.concatenate([facts, inverse]).astype(np.int32)
    return doubled[np.lexsort((doubled[:, 2], doubled[:, 1], doubled[:, 0]))]


def _weighed(row: Any, column: Any, age: Any, days: float, shape: tuple[int, int]) -> Any:
    found = sparse.csr_matrix((np.exp(-age / days), (row, column)), shape=shape)
    found.sum_duplicates()
    return found


def _most_alike(behaviour: Any, most: int) -> tuple[Ints, Floats]:
    """For each row the others that are nearest by cosine of log counts, rare columns weighing more; what more than
    COMMON rows share tells none from another, and costs most."""
    actors = behaviour.shape[0]
    columns, indices = np.unique(behaviour.indices, return_inverse=True)
    behaviour = sparse.csr_matrix((behaviour.data, indices, behaviour.indptr), shape=(actors, len(columns)))
    share = np.bincount(indices, minlength=len(columns))
    weight = np.where(share > COMMON, 0.0, np.log(actors / np.maximum(share, 1)))
    behaviour.data = np.log1p(behaviour.data) * weight[indices]
    behaviour.eliminate_zeros()
    length = np.sqrt(behaviour.multiply(behaviour).sum(axis=1)).A1
    behaviour = sparse.diags(1.0 / np.maximum(length, 1e-9)) @ behaviour
    near = (behaviour @ behaviour.T).tocsr()
    near.setdiag(0)
    alike, likeness = np.full((actors, most), -1, np.int32), np.zeros((actors, most), np.float32)
    _best_of_rows(near.indptr, near.indices, near.data, alike, likeness)
    return alike, likeness


@nb.njit(cache=True)
def _best_of_rows(starts: Any, columns: Any, values: Any, best: Any, value_of: Any) -> None:
    for row in range(starts.shape[0] - 1):
        own = values[starts[row] : starts[row + 1]]
        order = np.argsort(-own, kind="mergesort")
        for i in range(min(best.shape[1], own.shape[0])):
            if own[order[i]] <= 0.0:
                break
            best[row, i] = columns[starts[row] + order[i]]
            value_of[row, i] = own[order[i]]


def _by_row(row: Any, target: Any, age: Any, days: float) -> tuple[Any, Any, Ints, Floats]:
    order = np.lexsort((target, row))
    row, target, weight = row[order], target[order], np.exp(-age[order] / days)
    new = np.append(True, (row[1:] != row[:-1]) | (target[1:] != target[:-1]))
    first = np.flatnonzero(new)
    weight = np.add.reduceat(weight, first) if len(first) else weight
    rows, starts = np.unique(row[first], return_index=True)
    return (
        rows,
        np.append(starts, len(first)).astype(np.int64),
        target[first].astype(np.int32),
        weight.astype(np.float32),
    )


def _most_frequent(row: Any, target: Any, age: Any, rows: int, actors: int) -> Ints:
    """For each row its POPULAR most frequent targets, late ones counting more; -1 behind the last."""
    weight = np.exp(-age / 40.0) + 0.05
    counted = sparse.csr_matrix((weight, (row, target)), shape=(rows, actors))
    counted.sum_duplicates()
    best, value = np.full((rows, POPULAR), -1, np.int32), np.zeros((rows, POPULAR), np.float32)
    _best_of_rows(counted.indptr, counted.indices, counted.data, best, value)
    return best


def _factors(actor: Any, asked: Any, target: Any, age: Any, actors: int) -> tuple[Ints, Floats, Floats]:
    """The actor's dealings by class (and all together, in a last column), and targets, in DIMENSIONS: the product of
    a row and a target is large where the actor's like deal so with the target's like."""
    width = 2 * CLASSES + 1
    rows = np.concatenate([actor.astype(np.int64) * width + asked, actor.astype(np.int64) * width + width - 1])
    used, row = np.unique(rows, return_inverse=True)
    counted = _weighed(row, np.tile(target, 2), np.tile(age, 2), 120.0, (len(used), actors))
    counted.data = np.log1p(counted.data)
    row_of = np.full(actors * width, -1, np.int32)
    row_of[used] = np.arange(len(used))
    left, right = _halves(counted, min(DIMENSIONS, *counted.shape))
    return row_of.reshape(actors, width), left, right


def _halves(counted: Any, dimensions: int) -> tuple[Floats, Floats]:
    """Two thin matrices whose product is near the given one: its first singular vectors, by power iteration from a
    fixed start (an iteration that draws its start would make scores differ from run to run)."""
    basis = np.random.default_rng(0).normal(size=(counted.shape[1], dimensions))
    for _ in range(5):
        basis = np.linalg.qr(counted.T @ (counted @ basis))[0]
    left, size, turned = np.linalg.svd(counted @ basis, full_matrices=False)
    return (left * size).astype(np.float32), np.ascontiguousarray(basis @ turned.T, np.float32)
