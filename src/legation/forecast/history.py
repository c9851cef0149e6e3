"""The past, kept day by day: rules, tallies and a network that learn from each day as it is added.

A day is added without counting the past anew, and `History.describe` answers questions from the days added so far and
from nothing else. The sweep over the past is compiled by numba.
"""

from typing import Any

import numba as nb
import numpy as np

from legation.forecast import features
from legation.forecast import tallies as tally
from legation.forecast.archive import Archive, Facts
from legation.forecast.features import Scratch
from legation.forecast.likes import Likes, likes_of
from legation.forecast.network import Network
from legation.forecast.state import (
    CLASSES,
    KEYS,
    LAGS,
    LOG,
    LOG_LIMIT,
    PARTNER_EVENTS,
    PARTNERS,
    PATH_DAYS,
    PATH_LAGS,
    Floats,
    Ints,
    State,
    bin_of,
    keys_of,
)  # fmt: skip
from legation.forecast.tallies import bump

REFRESH_DAYS = 7
"""Likenesses of behaviour and lists of frequent answers are of the events before the last day that is a multiple."""


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
            lag = bin_of(day - state.day[event], LAGS)
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
                late = bin_of(max(lag, early), PATH_LAGS)
                state.path_tries[asked, one, two, late] += 1
                state.path_hits[asked, one, two, late] += scratch.mark[target] == question


@nb.njit(cache=True)
def _append(state: Any, facts: Any, day: int, known: int) -> int:
    """Put facts behind the `known` ones in the log and count them; how many keys of tallies are new."""
    new, keys = 0, np.empty(KEYS, np.int64)
    for i in range(facts.shape[0]):
        actor, deed, target, at = facts[i, 0], facts[i, 1], facts[i, 2], known + i
        state.actor[at], state.deed[at], state.target[at], state.day[at] = actor, deed, target, day
        state.before[at] = state.latest[actor]
        state.latest[actor] = at
        keys_of(state, actor, deed, target, keys)
        for kind in range(KEYS):
            new += bump(state.tallies, keys[kind], day)
    return new


class History:
    """The past of an archive as far as days were added; `describe` says what it tells of the day after."""

    def __init__(self, archive: Archive, seed: int = 0) -> None:
        actors, deeds = len(archive.actors), 2 * len(archive.deeds)
        self.actors, self.deeds = actors, deeds
        self.known, self.keys, self.day, self.liked = 0, 0, -1, 0
        classes = np.concatenate([archive.roots, np.where(archive.roots, archive.roots + CLASSES, CLASSES)])
        shape = (deeds, deeds, len(LAGS) + 1)
        paths = (2 * CLASSES, 2 * CLASSES, 2 * CLASSES, len(PATH_LAGS) + 1)
        room = np.zeros(1 << 12, np.int32)
        self.state = State(
            room, room.copy(), room.copy(), room.copy(), room.copy(), np.full(actors, -1, np.int32),
            np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(paths, np.float32),
            np.zeros(paths, np.float32), tally.empty(), archive.places, archive.sectors, archive.is_place,
            classes.astype(np.int32),
        )  # fmt: skip
        self.scratch = Scratch(
            np.full(actors, -1, np.int64), np.zeros(actors, np.int32), np.zeros((actors, features.WIDTH)),
            np.zeros(actors, np.float32),
        )  # fmt: skip
        self.network = Network(archive.places, archive.sectors, classes.astype(np.int32), seed)
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
        self.network.learn(self.state, self.known - len(doubled), self.known)

    def _make_room(self, more: int) -> None:
        state, size = self.state, len(self.state.deed)
        while self.known + more > size:
            size *= 2
        if size > len(state.deed):
            more_room = np.zeros(size - len(state.deed), np.int32)
            columns: dict[str, Any] = {name: np.concatenate([getattr(state, name), more_room]) for name in LOG}
            state = state._replace(**columns)
        self.state = state._replace(tallies=tally.with_room(state.tallies, self.keys, more * KEYS))

    def describe(self, actors: Ints, deeds: Ints, day: int, most: int) -> tuple[Ints, Ints, Floats]:
        """Candidates (questions, most) with -1 behind the last, how many, and features (questions, most, FEATURES).

        Each question is answered by itself: none changes what is said to another.
        """
        if day <= self.day:
            raise ValueError(f"day {day} is known already; the history reaches to day {self.day}")
        liked = int(np.searchsorted(self.state.day[: self.known], day - day % REFRESH_DAYS)) or self.known
        if self.likes is None or liked != self.liked:
            self.likes, self.liked = likes_of(self.state, liked), liked
        self.scratch.mark[:] = -1
        found: tuple[Ints, Ints, Floats] = features.describe(
            self.state, self.likes, self.network.weights, self.network.turned, self.scratch, actors.astype(np.int32),
            deeds.astype(np.int32), day, most,
        )  # fmt: skip
        return found


def both_ways(facts: Facts, deeds: int) -> Facts:
    """Facts and their inverses, sorted by actor and deed."""
    inverse = np.stack([facts[:, 2], facts[:, 1] + deeds, facts[:, 0], facts[:, 3]], axis=1)
    doubled = np.concatenate([facts, inverse]).astype(np.int32)
    return doubled[np.lexsort((doubled[:, 2], doubled[:, 1], doubled[:, 0]))]
