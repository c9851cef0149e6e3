"""Which traces may tell of the same deed, and how surely: blocking keys, then a small learned scorer over what is left.

Two traces are compared where they share a family of deeds (merge_families.csv), a country and a few days. The score is
a logistic model over FEATURES with the weights of merge_scorer.csv, fitted by training/fit_merge.py.
"""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from legation.tables import rows

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SIDE = 4
"""Actors of a side that are compared; deeds with more on one side are rare."""
WIDTH = 256
"""Columns that words are hashed into: the error of a cosine is about 1/16 of one shared word's weight."""
REACH = 4
"""Days that two tellings of one deed may lie apart: what papers differ by, and what a paper does not tell."""
SLACK = 2
"""Days before its publication that a deed without a date of its own may have happened."""
AHEAD = 30
"""Days after its publication that a plan without a date is looked for in."""
LONGEST = 31
"""Days of an interval that is compared throughout; of a longer one only its beginning is."""
RARE = 0.0004
"""Share of sentences that a word which is not in common_words.csv is taken to stand in."""
PAIRS = 200_000
"""Pairs that are scored at a time: some hundred megabytes."""
NEAR = 60.0
"""Kilometres between two places that papers give for one deed."""
ALIKE = 0.12
"""Cosine of two sentences below which only a shared actor or place makes them worth scoring."""

FEATURES = (
    "constant", "same deed", "modes shared", "modes differ", "same trigger", "same status", "plan and deed", "denied",
    "hypothetical", "source same", "source same country", "source missing", "source differs", "target same",
    "target same country", "target missing", "target differs", "sides swapped", "days apart", "same stated day",
    "days not stated", "place same", "place near", "place differs", "killed same", "killed differs", "words alike",
    "stories alike", "same report", "report alike and bare", "copy", "words very alike", "words of one report alike",
    "stories and words alike", "same trigger and place", "both sides missing", "source another person",
    "target another person", "stated days apart", "another person on another day",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """Traces as arrays, a row each. Codes are 0 for nothing; days count from 1970."""

    order: Ints  # rank in the canonical order: by publication, then by mention_id
    deed: Ints
    family: Ints
    status: Ints
    modes: Ints  # a bit for each mode
    trigger: Ints
    report: Ints
    origin: Ints  # the report that the text is a copy of, else the report
    first: Ints
    last: Ints
    stated: npt.NDArray[np.bool_]
    dated: npt.NDArray[np.bool_]
    ids: Ints  # [n, 2, SIDE]: who the sources and targets are, where their words name somebody in particular
    persons: Ints  # [n, 2, SIDE]: those of them that are persons
    tails: Ints  # [n, 2, SIDE]: last words of their names
    countries: Ints  # [n, 2, SIDE]
    scene: Ints  # [n, SCENE]
    place: Ints  # 0 where it is no more than a country
    place_country: Ints
    at: npt.NDArray[np.float64]  # [n, 2]: latitude and longitude, nan where unknown
    killed: Ints  # -1 where not told
    words: Floats  # [n, WIDTH], of length 1
    story: Floats

    def __len__(self) -> int:
        return len(self.order)


STATUS = {"actual": 0, "historical": 1, "future": 2, "hypothetical": 3, "negated": 4}
NO_DAY = -(10**6)


def compared(traces: pa.Table) -> Compared:
    """The arrays of a table of traces."""
    traces = traces.combine_chunks()
    first, last, stated = spans(traces)
    published = _days(traces["published"])
    order = np.empty(len(traces), dtype=np.int64)
    ids = traces["mention_id"].to_numpy(zero_copy_only=False).astype(str)
    order[np.lexsort((ids, published))] = np.arange(len(traces))
    deeds = traces["deed"].to_pylist()
    countries, places = _Codes(), _Codes()
    sides = [_side(traces[name], countries) for name in ("sources", "targets")]
    where = traces["where"].combine_chunks()
    text = _Codes()
    reports = traces["report_id"]
    return Compared(
        order=order,
        deed=text.of(traces["deed"]),
        family=np.array([_families()[deed] for deed in deeds], dtype=np.int64),
        status=_status(traces),
        modes=_bits(traces["modes"]),
        trigger=text.of(pc.utf8_slice_codeunits(traces["trigger"], 0, 5)),
        report=text.of(reports),
        origin=text.of(pc.coalesce(traces["copy_of"], reports)),
        first=first,
        last=last,
        stated=stated,
        dated=first > NO_DAY,
        ids=np.stack([side[0] for side in sides], axis=1),
        tails=np.stack([side[1] for side in sides], axis=1),
        countries=np.stack([side[2] for side in sides], axis=1),
        persons=np.stack([side[3] for side in sides], axis=1),
        scene=_padded(traces["scene"], 2, countries),
        place=np.where(
            pc.match_like(pc.coalesce(pc.struct_field(where, "place_id"), ""), "geonames:%"),
            places.of(pc.struct_field(where, "place_id")),
            0,
        ),
        place_country=countries.of(pc.struct_field(where, "country")),
        at=np.stack([np.array(pc.struct_field(where, axis), dtype=float) for axis in ("lat", "lon")], axis=1),
        killed=np.array(pc.fill_null(traces["killed"], -1)).astype(np.int64),
        words=_hashed(traces["words"]),
        story=_hashed(traces["story"]),
    )


def spans(traces: pa.Table) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """First and last day that each deed may be of, NO_DAY where there is none; and whether the text tells them."""
    published, start, end = (_days(traces[name]) for name in ("published", "start", "end"))
    status = _status(traces)
    stated = np.array(pc.fill_null(pc.equal(traces["basis"], "stated"), False)) & (start > NO_DAY)
    plan = np.isin(status, (STATUS["future"], STATUS["hypothetical"]))
    first = np.where(stated, start, np.where(plan, published, published - SLACK))
    last = np.where(stated, end, np.where(plan, published + AHEAD, published))
    none = ~stated & ((published == NO_DAY) | (status == STATUS["historical"]))
    return np.where(none, NO_DAY, first), np.where(none, NO_DAY, last), stated


def _status(traces: pa.Table) -> Ints:
    return np.array([STATUS[status] for status in traces["status"].to_pylist()], dtype=np.int64)


# Arrow -> arrays. -------------------------------------------------------------------------------------------------


class _Codes:
    """Whole numbers from 1 on for strings, the same for the same string; 0 for null and for "---"."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def of(self, strings: pa.Array | pa.ChunkedArray) -> Ints:
        if isinstance(strings, pa.ChunkedArray):
            strings = strings.combine_chunks()
        encoded = strings.dictionary_encode()
        known = [0 if w in (None, "---", "") else self._of.setdefault(w, len(self._of) + 1)
                 for w in encoded.dictionary.to_pylist()]  # fmt: skip
        indices = np.array(pc.fill_null(encoded.indices.cast(pa.int64()), len(known)))
        codes: Ints = np.array([*known, 0], dtype=np.int64)[indices]
        return codes


def _days(column: pa.ChunkedArray) -> Ints:
    days: Ints = np.asarray(pc.fill_null(column.cast(pa.int32()), NO_DAY), dtype=np.int64)
    return days


def _places_in(column: pa.ChunkedArray) -> tuple[Ints, Ints, pa.Array]:
    """Of a column of lists: row and position of each member, and the members."""
    lists = column.combine_chunks()
    parents = np.array(pc.list_parent_indices(lists)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(np.array(pc.fill_null(pc.list_value_length(lists), 0)))])[:-1]
    return parents, np.arange(len(parents)) - starts[parents], pc.list_flatten(lists)


def _padded(column: pa.ChunkedArray, width: int, codes: _Codes) -> Ints:
    parents, positions, members = _places_in(column)
    out = np.zeros((len(column), width), dtype=np.int64)
    kept = positions < width
    out[parents[kept], positions[kept]] = codes.of(members)[kept]
    return out


def _side(column: pa.ChunkedArray, countries: _Codes) -> tuple[Ints, Ints, Ints, Ints]:
    parents, positions, members = _places_in(column)
    names = pc.utf8_lower(pc.struct_field(members, "name"))
    identity = pc.struct_field(members, "actor_id")
    tails = pc.struct_field(pc.extract_regex(names, r"(?P<tail>[^\s]+?)(?:['’]s)?$"), "tail")
    person = pc.if_else(pc.starts_with(identity, "person:"), identity, None)
    out = []
    for values, codes in (
        (identity, _IDS),
        (tails, _IDS),
        (pc.struct_field(members, "country"), countries),
        (person, _IDS),
    ):
        side = np.zeros((len(column), SIDE), dtype=np.int64)
        kept = positions < SIDE
        side[parents[kept], positions[kept]] = codes.of(values)[kept]
        out.append(side)
    return out[0], out[1], out[2], out[3]


_IDS = _Codes()


def _bits(column: pa.ChunkedArray) -> Ints:
    parents, _, members = _places_in(column)
    every = sorted({mode for row in rows("codebook") for mode in row["modes"].split()})
    alike = {row["mode"]: row["as"] for row in rows("merge_modes")}
    known = {mode: 1 << every.index(alike.get(mode, mode)) for mode in every}
    out = np.zeros(len(column), dtype=np.int64)
    np.bitwise_or.at(out, parents, np.array([known[mode] for mode in members.to_pylist()], dtype=np.int64))
    return out


def _hashed(column: pa.ChunkedArray) -> Floats:
    """[n, WIDTH]: each row's words, weighted by how rare they are, with signs that let chance meetings cancel out."""
    parents, _, members = _places_in(column)
    encoded = members.dictionary_encode()
    told = encoded.dictionary.to_pylist()
    digests = np.array([zlib.crc32(word.encode()) for word in told] or [0], dtype=np.int64)
    weights = np.array([_weight(word) for word in told] or [0.0]) * np.where(digests & 1, 1.0, -1.0)
    codes = np.array(encoded.indices)
    out = np.zeros((len(column), WIDTH), dtype=np.float32)
    for low in range(0, len(column), PAIRS):
        rows_ = min(PAIRS, len(column) - low)
        some = slice(*np.searchsorted(parents, (low, low + rows_)))
        places = (parents[some] - low) * WIDTH + (digests[codes[some]] >> 1) % WIDTH
        dense = np.bincount(places, weights[codes[some]], minlength=rows_ * WIDTH).reshape(rows_, WIDTH)
        out[low : low + rows_] = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-6)
    return out


def _cosine(rows_: Floats, a: Ints, b: Ints) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", rows_[a], rows_[b]))


def _weight(stem: str) -> float:
    return math.log(1.0 / _shares().get(stem, RARE))


@cache
def _shares() -> dict[str, float]:
    return {row["stem"]: float(row["share"]) for row in rows("common_words")}


@cache
def _families() -> dict[str, int]:
    names = sorted({row["family"] for row in rows("merge_families")})
    return {row["deed"]: names.index(row["family"]) for row in rows("merge_families")}


# Blocks. ----------------------------------------------------------------------------------------------------------


def candidates(data: Compared, wanted: npt.NDArray[np.bool_]) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (earlier, later) of traces that share a block, some at a time, one of each `wanted`; some come twice."""
    rows_, keys = _memberships(data)
    at = np.argsort(keys, kind="stable")
    rows_, keys = rows_[at], keys[at]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(keys)]]))
    before = np.arange(len(keys)) - np.repeat(starts, sizes)  # members of the same block that come earlier in it
    group = np.repeat(np.arange(len(starts)), sizes)
    useful = np.add.reduceat(wanted[rows_], starts) > 0 if len(starts) else np.zeros(0, dtype=bool)
    before = np.where(useful[group], before, 0)
    ends = np.cumsum(before)
    low = 0
    while low < len(before):
        high = max(low + 1, int(np.searchsorted(ends, (ends[low - 1] if low else 0) + PAIRS, side="right")))
        count = before[low:high]
        one = np.repeat(np.arange(low, high), count)
        offset = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
        a, b = rows_[one], rows_[np.repeat(starts[group[low:high]], count) + offset]
        keep = wanted[a] | wanted[b]
        a, b = a[keep], b[keep]
        low = high
        if len(a):
            swap = data.order[a] > data.order[b]
            yield np.where(swap, b, a), np.where(swap, a, b)


def _memberships(data: Compared) -> tuple[Ints, Ints]:
    """(row, key of a block that it is in), for each row and each of its blocks."""
    n = len(data)
    own = np.concatenate([data.countries.reshape(n, -1), data.place_country[:, None]], axis=1)
    bare: npt.NDArray[np.bool_] = np.all(own == 0, axis=1)
    told = np.concatenate([own, np.where(bare[:, None], data.scene, 0)], axis=1)
    row, country = np.nonzero(told)[0], told[told > 0]
    nowhere = np.flatnonzero(~told.any(axis=1))
    row, country = np.concatenate([row, nowhere]), np.concatenate([country, np.zeros(len(nowhere), dtype=np.int64)])
    pairs = np.unique(np.stack([row, country], axis=1), axis=0)
    row, country = pairs[:, 0], pairs[:, 1]
    low, high = data.first // REACH, data.last // REACH + 1
    high = np.where(data.last - data.first > LONGEST, low + 1, high)
    spans = np.where(data.dated, high - low + 1, 1)
    count = spans[row]
    rows_ = np.repeat(row, count)
    offset = np.arange(len(rows_)) - np.repeat(np.cumsum(count) - count, count)
    bucket = low[rows_] + offset
    bucket = np.where(data.dated[rows_], bucket - bucket.min(initial=0) + 1, 0)
    key = (data.family[rows_] * (country.max(initial=0) + 1) + np.repeat(country, count)) * (bucket.max(initial=0) + 1)
    return rows_, key + bucket


# The scorer. ------------------------------------------------------------------------------------------------------


def plausible(data: Compared, a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
    """Whether a pair is worth scoring: alike in words, of one report, or with an actor or a place in common."""
    alike = _cosine(data.words, a, b) > ALIKE
    shared = _meets(data.tails[a].reshape(len(a), -1), data.tails[b].reshape(len(b), -1))
    shared |= (data.place[a] > 0) & (data.place[a] == data.place[b])
    shared |= data.report[a] == data.report[b]
    return np.asarray(alike | shared)


def features(data: Compared, a: Ints, b: Ints) -> Floats:
    """[pairs, FEATURES]."""
    told: list[npt.NDArray[np.generic]] = [np.ones(len(a)), data.deed[a] == data.deed[b]]
    both, one = (data.modes[a] & data.modes[b]) > 0, (data.modes[a] > 0) & (data.modes[b] > 0)
    told += [both, one & ~both, data.trigger[a] == data.trigger[b]]
    told += _statuses(data.status[a], data.status[b])
    for side in (0, 1):
        told += _sides(data, a, b, side)
    mutual = (data.ids[a, 1].any(1) == 0) | (data.ids[b, 1].any(1) == 0)
    crossed = _meets(data.ids[a, 0], data.ids[b, 1]) & _meets(data.ids[a, 1], data.ids[b, 0])
    loose = mutual & _meets(data.ids[a].reshape(len(a), -1), data.ids[b].reshape(len(b), -1))
    told.append(crossed | loose)
    gap = np.maximum(np.maximum(data.first[a] - data.last[b], data.first[b] - data.last[a]), 0)
    exact = data.stated[a] & data.stated[b]
    told += [np.minimum(gap, 7) / 4.0, exact & (data.first[a] == data.first[b]) & (data.last[a] == data.last[b]),
             ~exact]  # fmt: skip
    place, elsewhere = data.place[a], data.place[b]
    near = (place > 0) & (elsewhere > 0) & (place != elsewhere) & (_kilometres(data.at[a], data.at[b]) < NEAR)
    apart = (place > 0) & (elsewhere > 0) & (place != elsewhere) & ~near
    abroad = (
        (data.place_country[a] > 0) & (data.place_country[b] > 0) & (data.place_country[a] != data.place_country[b])
    )
    told += [(place > 0) & (place == elsewhere), near, apart | abroad]
    counted = (data.killed[a] >= 0) & (data.killed[b] >= 0)
    told += [counted & (data.killed[a] == data.killed[b]), counted & (data.killed[a] != data.killed[b])]
    words, story = _cosine(data.words, a, b), _cosine(data.story, a, b)
    same = data.report[a] == data.report[b]
    story = np.where(same, 0.0, story)
    bare = ~(data.tails[a].any((1, 2)) & data.tails[b].any((1, 2)))
    told += [words, story, same, np.where(bare, np.where(same, 1.0, story), 0.0)]
    told += [(data.origin[a] == data.origin[b]) & ~same, words**2, np.where(same, words, 0.0), story * words]
    told += [(data.trigger[a] == data.trigger[b]) & (place > 0) & (place == elsewhere)]
    told += [_missing(data, a, b, 0) & _missing(data, a, b, 1)]
    other = [_other_person(data.persons[a, side], data.persons[b, side]) for side in (0, 1)]
    told += [*other, exact & (gap > 0), (other[0] | other[1]) & exact & (gap > 0)]
    return np.stack([np.asarray(column, dtype=np.float32) for column in told], axis=1)


def _statuses(a: Ints, b: Ints) -> list[npt.NDArray[np.generic]]:
    done_a, done_b = a <= 1, b <= 1
    plan = (done_a & (b == 2)) | (done_b & (a == 2))
    denied = (a == 4) != (b == 4)
    hypothetical = (a == 3) != (b == 3)
    return [(a == b) | (done_a & done_b), plan, denied, hypothetical & ~denied]


def _sides(data: Compared, a: Ints, b: Ints, side: int) -> list[npt.NDArray[np.generic]]:
    ours, theirs = data.ids[a, side], data.ids[b, side]
    missing = _missing(data, a, b, side)
    same = _meets(ours, theirs) | _meets(data.tails[a, side], data.tails[b, side])
    country = ~same & _meets(data.countries[a, side], data.countries[b, side])
    return [same, country, ~same & ~country & missing, ~same & ~country & ~missing]


def _kilometres(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Between points [n, 2] in degrees, along the sphere; nan where one is unknown."""
    (north, east), (other_north, other_east) = np.radians(a).T, np.radians(b).T
    half = np.sin((north - other_north) / 2) ** 2
    half += np.cos(north) * np.cos(other_north) * np.sin((east - other_east) / 2) ** 2
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def _other_person(ours: Ints, theirs: Ints) -> npt.NDArray[np.bool_]:
    """Whether both sides name persons, and none of them is the same."""
    return np.asarray(ours.any(1) & theirs.any(1) & ~_meets(ours, theirs))


def _missing(data: Compared, a: Ints, b: Ints, side: int) -> npt.NDArray[np.bool_]:
    return np.asarray(~(data.ids[a, side].any(1) & data.ids[b, side].any(1)))


def _meets(a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
    """[n, k] and [n, m] -> [n]: whether a code other than 0 stands in both rows."""
    found = np.zeros(len(a), dtype=bool)
    for i in range(a.shape[1]):
        found |= ((a[:, i, None] == b) & (a[:, i, None] > 0)).any(1)
    return found


def scores(found: Floats) -> Floats:
    """[pairs, FEATURES] -> log odds that both tell of one deed, to three digits: the last ones hang on the batch."""
    return np.round(found @ _weights(), 3).astype(np.float32)


@cache
def _weights() -> Floats:
    weights = {row["feature"]: float(row["weight"]) for row in rows("merge_scorer")}
    return np.array([weights[name] for name in FEATURES], dtype=np.float32)
