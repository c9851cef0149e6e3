"""What the past says of who may answer a question: candidates, and for each of them the numbers named by FEATURES.

A question is (actor, deed): whom will the actor do this to? Deeds are doubled: a deed raised by the number of deeds
asks who will do it to the actor, so that both directions are one.
"""

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from legation.forecast import tallies as tally
from legation.forecast.network import log_shares
from legation.forecast.state import (
    ACTOR,
    ACTOR_DEED,
    ACTOR_KIND,
    ACTOR_PLACE,
    CLASS_TARGET,
    DEED,
    DEED_KIND,
    DEED_PLACE,
    DEED_TARGET,
    KEYS,
    KIND_DEED_TARGET,
    KIND_TARGET,
    KINDS,
    LAGS,
    LOG_LIMIT,
    PARTNER_EVENTS,
    PARTNERS,
    PATH_DAYS,
    PATH_LAGS,
    PLACE_CLASS_TARGET,
    PLACE_DEED_TARGET,
    PLACE_KIND,
    PLACE_TARGET,
    PLACES,
    SCALES,
    TARGET,
    WEIGHT,
    Floats,
    Ints,
    K,
    T,
    bin_of,
    keys_of,
)  # fmt: skip
from legation.forecast.tallies import NEVER, count, counts, gap, key

# What is gathered of a candidate, by column. ----------------------------------------------------------------------

SAME, PAIR, BACK, CLASS = 0, K, 2 * K, 3 * K  # the first three take K columns each, CLASS takes 3
(SAME_GAP, PAIR_GAP, BACK_GAP, CLASS_GAP, SAME_ORDER, PAIR_ORDER, RULE_SUM, RULE_MAX, RULE_OR, RULE_LATEST, WEEKLY,
 YEARLY, LIKES, LIKE_TARGETS, LIKE_PAIRS, PATH_SUM, PATH_MAX, WIDTH) = range(3 * K + 3, 3 * K + 21)  # fmt: skip
_CLASS_SCALES = np.array([1, 3, 5])


LIKELY = 60
"""Candidates that the network adds at most, but for ties."""


TALLIED = {
    "deed target": DEED_TARGET, "target": TARGET, "place deed target": PLACE_DEED_TARGET, "place target": PLACE_TARGET,
    "kinds": KINDS, "places": PLACES, "kind deed target": KIND_DEED_TARGET, "actor place": ACTOR_PLACE,
    "actor kind": ACTOR_KIND, "class target": CLASS_TARGET, "place class target": PLACE_CLASS_TARGET,
    "kind target": KIND_TARGET, "place kind": PLACE_KIND,
}  # fmt: skip
OF_QUESTION = {"actor deed": ACTOR_DEED, "actor": ACTOR, "deed": DEED}
"""Tallies that are features of a candidate, and those that are the same for all candidates of a question."""
_TALLIED, _OF_QUESTION = (np.array([*named.values()]) for named in (TALLIED, OF_QUESTION))


def _feature_names() -> list[str]:
    names = [f"{kind} {scale:g}" for kind in ("same", "pair", "back") for scale in SCALES]
    names += [f"class {SCALES[k]:g}" for k in _CLASS_SCALES]
    names += ["same gap", "pair gap", "back gap", "class gap", "same order", "pair order", "rule sum", "rule max",
              "rule or", "rule latest", "weekly", "yearly", "likes", "like targets", "like pairs", "path sum",
              "path max", "network"]  # fmt: skip
    names += [f"{kind} {scale:g}" for kind in TALLIED for scale in tally.SCALES]
    names += ["deed target share", "kinds share", "places share", "deed target gap", "target gap"]
    names += [f"{kind} {scale:g}" for kind in OF_QUESTION for scale in tally.SCALES]
    names += ["actor deed gap", "actor gap", "partners", "partners of deed", "same share", "pair share",
              "same place", "target is place", "actor is place", "kind of target", "class", "inverse"]  # fmt: skip
    return names + [f"rank of {name}" for name in RANKED]


RANKED = ("first score", "rule sum", "pair 30", "same 1e+09", "likes", "place deed target 40", "path sum", "network",
          "deed target 40", "pair 3")  # fmt: skip
FEATURES = tuple(_feature_names())


class Scratch(NamedTuple):
    """Room for the candidates of one question."""

    mark: npt.NDArray[np.int64]
    candidates: Ints
    gathered: npt.NDArray[np.float64]
    shares: Floats


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
        sure = _rule(state, deed, earlier, bin_of(lag, LAGS))
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
            late = bin_of(max(lag, day - state.day[first]), PATH_LAGS)
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
def _likely(scratch: Any, question: int, found: int) -> int:
    """Whom the network gives the largest shares."""
    least = 0 if scratch.shares.shape[0] <= LIKELY else np.partition(scratch.shares, -LIKELY)[-LIKELY]
    for target in range(scratch.shares.shape[0]):
        if scratch.shares[target] >= least:
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
        s += np.exp(0.5 * scratch.shares[target])
        s += 1e-4 * np.log1p(count(state.tallies, key(TARGET, 0, 0, target), day, 1))
        score[i] = s
    return score


@nb.njit(cache=True)
def _fill(state: Any, row: Any, share: float, out: Any, keys: Any, actor: int, deed: int, target: int, day: int) -> int:
    """The features of one candidate that do not depend on the others; how many they are."""
    at = 0
    for k in range(WIDTH):
        out[at] = row[k] if k != RULE_OR else 1.0 - np.exp(row[k])
        at += 1
    out[at] = share
    at += 1
    keys_of(state, actor, deed, target, keys)
    for i in range(_TALLIED.shape[0]):
        counts(state.tallies, keys[_TALLIED[i]], day, out[at : at + T])
        at += T
    out[at] = count(state.tallies, keys[DEED_TARGET], day, 1) / (count(state.tallies, keys[DEED], day, 1) + 1.0)
    out[at + 1] = count(state.tallies, keys[KINDS], day, 2) / (count(state.tallies, keys[DEED_KIND], day, 2) + 5.0)
    out[at + 2] = count(state.tallies, keys[PLACES], day, 2) / (count(state.tallies, keys[DEED_PLACE], day, 2) + 5.0)
    out[at + 3], out[at + 4] = gap(state.tallies, keys[DEED_TARGET], day), gap(state.tallies, keys[TARGET], day)
    return at + 5


@nb.njit(cache=True)
def _fill_question(state: Any, keys: Any, out: Any, at: int, day: int, partners: int, of_deed: int) -> int:
    """The features that are the same for every candidate, by the keys of any."""
    for i in range(_OF_QUESTION.shape[0]):
        counts(state.tallies, keys[_OF_QUESTION[i]], day, out[at : at + T])
        at += T
    out[at], out[at + 1] = gap(state.tallies, keys[ACTOR_DEED], day), gap(state.tallies, keys[ACTOR], day)
    out[at + 2], out[at + 3] = partners, of_deed
    return at + 4


@nb.njit(cache=True)
def describe(
    state: Any, likes: Any, weights: Any, embedded: Any, scratch: Any, actors: Any, deeds: Any, day: int, most: int
) -> Any:
    """For each question its `most` best candidates by first score, how many there are, and their features."""
    n, features, half = actors.shape[0], len(FEATURES), state.classes.shape[0] // 2
    who = np.full((n, most), -1, np.int32)
    told = np.zeros((n, most, features), np.float32)
    found_of, keys = np.zeros(n, np.int32), np.empty(KEYS, np.int64)
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
        log_shares(weights, embedded, state, actor, deed, day, scratch.shares)
        found = _likely(scratch, i, found)
        score = _first_score(state, scratch, likes, actor, deed, day, found)
        order = np.argsort(-score, kind="mergesort")
        kept = min(found, most)
        found_of[i] = kept
        for j in range(kept):
            target = scratch.candidates[order[j]]
            row, out = scratch.gathered[target], told[i, j]
            who[i, j] = target
            at = _fill(state, row, scratch.shares[target], out, keys, actor, deed, target, day)
            at = _fill_question(state, keys, out, at, day, partners, of_deed)
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
