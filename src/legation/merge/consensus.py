"""The traces of one event -> the Event: a consensus of each field, everything that is told, and where it disagrees.

What a copy of a report's text tells counts once. A field's consensus is the value with the most independent witnesses,
of equals the one told by the surest mention; casualties are those told last, since tolls are revised; `status` is what
is told of the deed in the end (see `_status`).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from functools import cache, partial
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from legation.coding.deeds import publish
from legation.merge.traces import Row
from legation.schema import EVENTS, TELLING

LEAST_SHARE = 0.5
"""An actor belongs to the event where at least this share of the witnesses that tell of its side name it."""
SAME_NUMBER = 0.02
"""Share by which two numbers of one noun may differ and still agree ("some 40,000")."""


def events(traces: pa.Table, event: npt.NDArray[np.int64]) -> pa.Table:
    """The events (schema.EVENTS) of traces; `event` tells of each trace the row of the first of its event, in the order
    of which they come."""
    first, of_event, tellings = np.unique(event, return_inverse=True, return_counts=True)
    actors = [pc.list_value_length(traces[side]) for side in ("sources", "targets", "claimants")]
    plain = (tellings == 1) & np.all([np.asarray(pc.less_equal(n, 1))[first] for n in actors], axis=0)
    rest = ~plain[of_event]
    told: dict[int, list[Row]] = {}
    rows = traces.drop_columns(list(_COMPARED)).filter(pa.array(rest)).to_pylist()
    for at, row in zip(event[rest].tolist(), rows, strict=True):
        told.setdefault(at, []).append(row)
    ids = traces["mention_id"]
    made = [_event(told[at], f"e{ids[at].as_py()}") for at in sorted(told)]
    both = [_plain(traces.take(pa.array(first[plain]))), pa.Table.from_pylist(made, schema=EVENTS)]
    order = np.argsort(np.concatenate([first[plain], first[~plain]]))
    return pa.concat_tables(both).take(pa.array(order))


_COMPARED = ("words", "story", "scene", "trigger", "definite", "sentence", "antecedent", "score", "tree", "home")
"""Columns of traces that an event has nothing of."""


def _plain(told: pa.Table) -> pa.Table:
    """The events of traces that are alone and name one actor at most on each side: what `_event` makes of them."""
    told = told.combine_chunks()
    stated = pc.and_(pc.equal(told["basis"], "stated"), pc.is_valid(told["start"]))
    shown = pc.fill_null(pc.or_(stated, pc.equal(told["status"], "actual")), False)
    dated = pc.and_(shown, pc.is_valid(told["start"]))
    keys = zip(told["deed"].to_pylist(), map(tuple, told["modes"].to_pylist()), told["status"].to_pylist(), strict=True)
    codes = [_published(deed, tuple(sorted(set(modes))), status) for deed, modes, status in keys]
    one = pa.array(np.ones(len(told)), pa.int32())
    columns = {name: told[name] for name in _SAME} | {
        "event_id": pc.binary_join_element_wise("e", told["mention_id"], ""),
        "modes": pa.array([sorted(set(modes)) for modes in told["modes"].to_pylist()], EVENTS.field("modes").type),
        **{
            name: pa.array([getattr(code, name) for code in codes], EVENTS.field(name).type)
            for name in ("plover", "cameo", "quad", "goldstein", "contexts")
        },
        "start": pc.if_else(dated, told["start"], None),
        "end": pc.if_else(dated, pc.if_else(pc.fill_null(stated, False), told["end"], told["start"]), None),
        "precision": pc.if_else(dated, pc.if_else(pc.fill_null(stated, False), told["precision"], "day"), None),
        "basis": pc.if_else(dated, pc.if_else(pc.fill_null(stated, False), "stated", "report"), None),
        "tellings": _alone(told),
        "reports": one,
        "publishers": one,
        "first_reported": told["published"],
        "last_reported": told["published"],
        "disagreements": pa.array([[]] * len(told), EVENTS.field("disagreements").type),
        "origin": pa.array(["reports"] * len(told), pa.string()),
    }
    return pa.table([columns[field.name].cast(field.type) for field in EVENTS], schema=EVENTS)


_SAME = ("deed", "status", "sources", "targets", "where", "claimants", "killed", "injured", "confidence")
_published = cache(publish)


def _alone(told: pa.Table) -> pa.Array:
    """Each trace as a list of one telling."""
    columns = [told[field.name].combine_chunks() for field in TELLING]
    tellings = pa.StructArray.from_arrays(columns, fields=list(TELLING))
    return pa.ListArray.from_arrays(pa.array(np.arange(len(told) + 1), pa.int32()), tellings)


def _event(told: Sequence[Row], event_id: str) -> Row:
    """The event (a row of schema.EVENTS) of the traces `told`."""
    told = sorted(told, key=lambda t: (t["published"] or date.min, t["mention_id"]))
    status = _status(told)
    heard = [t for t in told if _HAPPENED[t["status"]] == _HAPPENED[status]] or told
    deed = _vote(heard, lambda t: t["deed"])
    modes = _modes([t for t in heard if t["deed"] == deed])
    published = publish(deed, modes, status)
    days = _days(heard, status)
    sources, targets = (_parties(heard, side) for side in ("sources", "targets"))
    return {
        "event_id": event_id,
        "deed": deed,
        "modes": modes,
        "status": status,
        "plover": published.plover,
        "cameo": published.cameo,
        "quad": published.quad,
        "goldstein": published.goldstein,
        "contexts": list(published.contexts),
        "sources": sources,
        "targets": targets,
        **days,
        "where": _vote_of([t for t in heard if t["where"]], lambda t: t["where"]["place_id"], "where"),
        "claimants": _claimants(told),
        **{count: _last(heard, count) for count in ("killed", "injured")},
        "confidence": max(t["confidence"] for t in heard),
        "tellings": [{name: t[name] for name in _TELLING} for t in told],
        "reports": len({t["report_id"] for t in told}),
        "publishers": len(witnesses(told)),
        "first_reported": min((t["published"] for t in told if t["published"]), default=None),
        "last_reported": max((t["published"] for t in told if t["published"]), default=None),
        "disagreements": list(_disagreements(told, heard)),
        "origin": "reports",
    }


_TELLING = ("mention_id", "report_id", "publisher", "published", "copy_of", "status", "start", "end", "claimants")
_HAPPENED = {"actual": "done", "historical": "done", "future": "plan", "hypothetical": "thought", "negated": "not done"}


def witnesses(told: Iterable[Row]) -> set[tuple[str, str]]:
    """The independent publishers among tellings: one for each publisher, copies of one text together one."""
    found: dict[str, str] = {}
    for t in told:
        text = t["copy_of"] or t["report_id"]
        found[text] = min(found.get(text, "\uffff"), t["publisher"] or text)
    return {("publisher", name) for name in found.values()}


def _status(told: Sequence[Row]) -> str:
    """Done where more witnesses say so than deny it; of what nobody says was done, what was said last."""
    done = [t for t in told if _HAPPENED[t["status"]] == "done"]
    denied = [t for t in told if t["status"] == "negated"]
    if done and len(witnesses(done)) >= len(witnesses(denied)):
        return "actual" if any(t["status"] == "actual" for t in done) else "historical"
    if denied and done:
        return "negated"
    rank = {"negated": 3, "future": 2, "hypothetical": 1}
    sure = [t for t in told if t["status"] in ("future", "negated")] or list(told)
    return str(max(sure, key=lambda t: (t["published"] or date.min, rank[t["status"]], t["mention_id"]))["status"])


# Votes. -----------------------------------------------------------------------------------------------------------


def _ranked(told: Iterable[Row], key: Callable[[Row], Hashable]) -> list[tuple[Hashable, list[Row]]]:
    """Values told, with who tells each: the most witnesses first, then the surest mention, then the earliest."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for t in told:
        groups[key(t)].append(t)
    if len(groups) < 2:
        return list(groups.items())
    return sorted(
        groups.items(),
        key=lambda item: (-len(witnesses(item[1])), -max(t["confidence"] for t in item[1]), str(item[0])),
    )


def _vote(told: Sequence[Row], key: Callable[[Row], Any]) -> Any:
    return _ranked(told, key)[0][0]


def _vote_of(told: Sequence[Row], key: Callable[[Row], Hashable], field: str) -> Any:
    return _ranked(told, key)[0][1][0][field] if told else None


def _modes(told: Sequence[Row]) -> list[str]:
    """The modes that a witness in two names, of those that name any."""
    named = [t for t in told if t["modes"]]
    every = sorted({mode for t in named for mode in t["modes"]})
    half = len(witnesses(named)) / 2
    return [mode for mode in every if len(witnesses(t for t in named if mode in t["modes"])) >= half]


def _days(told: Sequence[Row], status: str) -> Row:
    """The days most told; where none is told, of what was done the day of its first report."""
    stated = [t for t in told if t["basis"] == "stated" and t["start"]]
    if stated:
        best = _ranked(stated, lambda t: (t["start"], t["end"]))[0][1][0]
        return {name: best[name] for name in ("start", "end", "precision", "basis")}
    day = min((t["start"] for t in told if t["start"]), default=None) if status == "actual" else None
    return {"start": day, "end": day, "precision": day and "day", "basis": day and "report"}


def _parties(told: Sequence[Row], side: str) -> list[Row]:
    """The actors that most witnesses name, each under the name most used; an actor that says less ("PRK" beside "PRK
    GOV") goes with the one that says more.
    """
    named = [t for t in told if t[side]]
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for t in named:
        for party in t[side]:
            groups[party["actor_id"] or (party["country"], party["name"].lower())].append(t | {"party": party})
    if not groups:
        return []
    votes = {key: len(witnesses(group)) for key, group in groups.items()}
    most = max(votes.values())
    kept = [group for key, group in groups.items() if votes[key] >= LEAST_SHARE * most]
    kept.sort(key=lambda g: (-len(witnesses(g)), -max(t["confidence"] for t in g), g[0]["party"]["name"]))
    chosen = [_ranked(g, lambda t: (t["party"]["name"], *t["party"]["sectors"]))[0][1][0]["party"] for g in kept]
    return [p for i, p in enumerate(chosen) if not any(_says_less(p, q, i < j) for j, q in enumerate(chosen) if i != j)]


def _says_less(party: Row, other: Row, first: bool) -> bool:
    """Whether `other`, of the same country, says all that `party` does and more, or as much and comes first."""
    if party["country"] != other["country"] or (party["actor_id"] or "").startswith(("person:", "org:")):
        return False
    ours, theirs = set(party["sectors"]), set(other["sectors"])
    return ours < theirs or (ours == theirs and not first)


def _claimants(told: Sequence[Row]) -> list[Row]:
    found = {p["actor_id"] or (p["country"], p["name"].lower()): p for t in reversed(told) for p in t["claimants"]}
    return [found[key] for key in reversed(found)]


def _last(told: Sequence[Row], field: str) -> int | None:
    """The number told last: of one day's, the one with most witnesses."""
    given = [t for t in told if t[field] is not None]
    if not given:
        return None
    day = max(t["published"] or date.min for t in given)
    return int(_vote([t for t in given if (t["published"] or date.min) == day], lambda t: t[field]))


# Disagreements. ---------------------------------------------------------------------------------------------------


def _disagreements(told: Sequence[Row], heard: Sequence[Row]) -> Iterable[Row]:
    """Fields of which two values are told that cannot both be right."""
    done = [t for t in told if _HAPPENED[t["status"]] == "done"]
    denied = [t for t in told if t["status"] == "negated"]
    if done and denied:
        yield _disagreement("status", [("actual", done), ("negated", denied)])
    for side, field in (("sources", "source"), ("targets", "target")):
        groups = _ranked([t for t in heard if t[side]], partial(_countries, side))
        known = [(set(str(key).split()) - {"---"}, group) for key, group in groups if key != "---"]
        apart = [(c, g) for c, g in known if not any(c & other for other, _ in known if other is not c)]
        if len(apart) > 1:
            yield _disagreement(field, [(" ".join(sorted(c)), g) for c, g in apart])
    for field, key in (("when", _interval), ("where", _place)):
        groups = _ranked([t for t in heard if key(t)], key)
        clash = [(str(value), group) for value, group in groups]
        if len(clash) > 1 and _apart(field, [group[0] for _, group in groups]):
            yield _disagreement(field, clash)
    yield from _counts(heard)


def _countries(side: str, t: Row) -> str:
    return " ".join(sorted({p["country"] for p in t[side]}))


def _interval(t: Row) -> str | None:
    if t["basis"] != "stated" or not t["start"]:
        return None
    return f"{t['start']}" if t["start"] == t["end"] else f"{t['start']} to {t['end']}"


def _place(t: Row) -> str | None:
    return t["where"]["name"] if t["where"] and t["where"]["place_id"] else None


def _apart(field: str, told: Sequence[Row]) -> bool:
    """Whether two of the values exclude each other: days that do not touch, places of which neither holds the other."""
    if field == "when":
        return any(a["start"] > b["end"] for a in told for b in told)
    places = [t["where"] for t in told]
    return any(a["country"] != b["country"] or _both_towns(a, b) for a in places for b in places if a is not b)


def _both_towns(a: Row, b: Row) -> bool:
    towns = all(p["place_id"].startswith("geonames:") and p["name"] != p["admin1"] for p in (a, b))
    return towns and a["place_id"] != b["place_id"]


def _counts(told: Sequence[Row]) -> Iterable[Row]:
    for field in ("killed", "injured"):
        groups = _ranked([t for t in told if t[field] is not None], itemgetter(field))
        if len(groups) > 1:
            yield _disagreement(field, [(str(value), group) for value, group in groups])
    numbers: dict[str, list[Row]] = defaultdict(list)
    for t in told:
        for number in t["numbers"]:
            numbers[number["noun"]].append(t | {"value": number["value"]})
    for noun, counted in sorted(numbers.items()):
        groups = _ranked(counted, lambda t: t["value"])
        values = [int(str(value)) for value, _ in groups]
        # Two numbers of one report count two things; a disagreement is between reports.
        apart = {t["report_id"] for t in groups[0][1]}.isdisjoint(t["report_id"] for _, g in groups[1:] for t in g)
        if len(values) > 1 and apart and max(values) - min(values) > SAME_NUMBER * max(values):
            yield _disagreement(noun, [(str(value), group) for value, group in groups])


def _disagreement(field: str, versions: Sequence[tuple[str, Sequence[Row]]]) -> Row:
    return {
        "field": field,
        "versions": [
            {
                "value": value,
                "mentions": [t["mention_id"] for t in group],
                "reports": len({t["report_id"] for t in group}),
                "says": _says(group),
                "first": min((t["published"] for t in group if t["published"]), default=None),
            }
            for value, group in versions
        ],
    }


def _says(told: Sequence[Row]) -> list[str]:
    claimants = dict.fromkeys(p["name"] for t in told for p in t["claimants"])
    return list(claimants) or sorted({t["publisher"] for t in told if t["publisher"]})
