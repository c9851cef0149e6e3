"""Traces -> arrays: what is compared of each, in a form that compiled code reads.

Whatever is a string in a trace is here a number that stands for it everywhere and always, 0 where nothing is told; days
count from 1970.
"""

import hashlib
import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from legation.merge.traces import SCENE, digest
from legation.tables import rows

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

SIDE = 4
"""Actors of a side that are compared; deeds with more on one side are rare."""
SLACK = 2
"""Days before its publication that a deed without a date of its own may have happened."""
AHEAD = 14
"""Days after its publication that a plan without a date is looked for in."""
RARE = 0.0004
"""Share of sentences that a word which is not in common_words.csv is taken to stand in."""
STATUS = {"actual": 0, "historical": 1, "future": 2, "hypothetical": 3, "negated": 4}
NO_DAY = -(10**6)


class Texts(NamedTuple):
    """Sets of words, one after the other: set i is [at[i], at[i + 1]) of `word`, ascending; `weight` of length 1."""

    at: Ints
    word: Array  # uint32
    weight: Array  # float32


class Compared(NamedTuple):
    """Traces as arrays, a row each."""

    order: Ints  # rank in the canonical order: by publication, then by mention_id
    deed: Ints
    family: Ints
    status: Ints
    modes: Ints  # a bit for each mode
    report: Ints
    origin: Ints  # the report that the text is a copy of, else the report
    first: Ints  # the days that the deed may be of; of undated history those of publication
    last: Ints
    stated: Array  # whether the text tells the days
    dated: Array
    ids: Ints  # [n, 2, SIDE]: who the sources and targets are, where their words name somebody in particular
    persons: Ints  # [n, 2, SIDE]: those of them that are persons
    tails: Ints  # [n, 2, SIDE]: last words of their names
    countries: Ints  # [n, 2, SIDE]
    scene: Ints  # [n, SCENE]
    place: Ints  # 0 where it is no more than a country
    place_country: Ints
    point: Array  # [n, 2]: latitude and longitude, nan where unknown
    killed: Ints  # -1 where not told
    sentence: Ints  # where it begins in its report
    definite: Array
    story_of: Ints  # which of `stories` its report tells
    trigger: Texts
    words: Texts
    stories: Texts
    own: Array  # float32: cosine of the sentence and the opening of its own report


def compared(traces: pa.Table) -> Compared:
    """The arrays of a table of traces."""
    traces = traces.combine_chunks()
    first, last, stated, dated = spans(traces)
    where = traces["where"].combine_chunks()
    sides = [_side(traces[name].combine_chunks()) for name in ("sources", "targets")]
    ids, persons, tails, countries = (np.stack(each, axis=1) for each in zip(*sides, strict=True))
    report = codes(traces["report_id"])
    _, one, story_of = np.unique(report, return_index=True, return_inverse=True)
    words, stories = _texts(traces["words"]), _texts(traces["story"].take(pa.array(one)))
    return Compared(
        order=_order(traces),
        deed=codes(traces["deed"]),
        family=_families(traces["deed"]),
        status=_status(traces),
        modes=_modes(traces["modes"].combine_chunks()),
        report=report,
        origin=codes(pc.coalesce(traces["copy_of"], traces["report_id"])),
        first=first,
        last=last,
        stated=stated,
        dated=dated,
        ids=ids,
        persons=persons,
        tails=tails,
        countries=countries,
        scene=_padded(traces["scene"].combine_chunks(), codes, SCENE),
        place=_town(pc.struct_field(where, "place_id")),
        place_country=codes(pc.struct_field(where, "country")),
        point=np.stack([_floats(pc.struct_field(where, axis)) for axis in ("lat", "lon")], axis=1),
        killed=_ints(pc.fill_null(traces["killed"], -1)),
        sentence=_ints(traces["sentence"]),
        definite=_flags(traces["definite"]),
        story_of=story_of.astype(np.int64),
        trigger=_texts(traces["trigger"]),
        words=words,
        stories=stories,
        own=_own(words, stories, story_of.astype(np.int64)),
    )


# Days. ------------------------------------------------------------------------------------------------------------


def spans(traces: pa.Table) -> tuple[Ints, Ints, Array, Array]:
    """First and last day that each deed may be of; whether the text tells them; and whether they are the deed's own:
    of history without a date they are those of its publication. NO_DAY where there is none.
    """
    published, start, end = (_days(traces[name]) for name in ("published", "start", "end"))
    status = _status(traces)
    stated = _flags(pc.equal(traces["basis"], "stated")) & (start > NO_DAY)
    plan = np.isin(status, (STATUS["future"], STATUS["hypothetical"]))
    history = status == STATUS["historical"]
    first = np.where(stated, start, np.where(plan | history, published, published - SLACK))
    last = np.where(stated, end, np.where(plan, published + AHEAD, published))
    none = ~stated & (published == NO_DAY)
    return np.where(none, NO_DAY, first), np.where(none, NO_DAY, last), stated, ~none & (stated | ~history)


def _days(column: pa.ChunkedArray) -> Ints:
    return _ints(pc.fill_null(column.cast(pa.int32()), NO_DAY))


def _order(traces: pa.Table) -> Ints:
    by = pa.table({"published": pc.fill_null(traces["published"].cast(pa.int32()), NO_DAY), "id": traces["mention_id"]})
    order = np.empty(len(traces), dtype=np.int64)
    order[_ints(pc.sort_indices(by, [("published", "ascending"), ("id", "ascending")]))] = np.arange(len(traces))
    return order


# Codes. -----------------------------------------------------------------------------------------------------------


def codes(strings: pa.Array | pa.ChunkedArray) -> Ints:
    """62 bits for each string, the same for the same; 0 for null, "" and "---"."""
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    encoded = strings.dictionary_encode()
    known = [_code(word) for word in encoded.dictionary.to_pylist()]
    found: Ints = np.array([*known, 0], dtype=np.int64)[_ints(pc.fill_null(encoded.indices, len(known)))]
    return found


def _code(word: str | None) -> int:
    if word in (None, "", "---"):
        return 0
    return int.from_bytes(hashlib.blake2b(str(word).encode(), digest_size=8).digest(), "big") >> 2 | 1


def _ints(column: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(column).astype(np.int64)


def _floats(column: pa.Array) -> Array:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _flags(column: pa.Array | pa.ChunkedArray) -> Array:
    return np.asarray(pc.fill_null(column, False)).astype(np.bool_)


def _status(traces: pa.Table) -> Ints:
    return _looked_up(traces["status"], STATUS)


def _families(deeds: pa.ChunkedArray) -> Ints:
    return _looked_up(deeds, {row["deed"]: _code(row["family"]) for row in rows("merge_families")})


def _looked_up(column: pa.ChunkedArray, table: dict[str, int]) -> Ints:
    encoded = column.combine_chunks().dictionary_encode()
    known = np.array([table[word] for word in encoded.dictionary.to_pylist()], dtype=np.int64)
    found: Ints = known[_ints(encoded.indices)] if len(known) else np.zeros(0, dtype=np.int64)
    return found


def _town(places: pa.Array) -> Ints:
    return np.where(_flags(pc.starts_with(places, "geonames:")), codes(places), 0)


def _modes(lists: pa.ListArray) -> Ints:
    every = sorted({mode for row in rows("codebook") for mode in row["modes"].split()})
    alike = {row["mode"]: row["as"] for row in rows("merge_modes")}
    out = np.zeros(len(lists), dtype=np.int64)
    bits = _looked_up(
        pa.chunked_array([pc.list_flatten(lists)], pa.string()),
        {mode: 1 << every.index(alike.get(mode, mode)) for mode in every},
    )
    np.bitwise_or.at(out, _ints(pc.list_parent_indices(lists)), bits)
    return out


def _side(actors: pa.ListArray) -> tuple[Ints, Ints, Ints, Ints]:
    """Ids, persons, tails and countries of a side's actors, [n, SIDE] each."""
    identity = _padded(actors, lambda a: codes(pc.struct_field(a, "actor_id")))
    person = _padded(actors, lambda a: _flags(pc.starts_with(pc.struct_field(a, "actor_id"), "person:")))
    tails = _padded(actors, lambda a: _tails(pc.struct_field(a, "name")))
    return identity, np.where(person > 0, identity, 0), tails, _padded(actors, _country)


def _country(actors: pa.StructArray) -> Ints:
    return codes(pc.struct_field(actors, "country"))


def _tails(names: pa.Array) -> Ints:
    """Codes of the last words of names, without case and genitive."""
    encoded = names.dictionary_encode()
    last = pc.extract_regex(pc.utf8_lower(encoded.dictionary), r"(?P<tail>[^\s]+?)(?:['’]s)?$")
    known = np.append(codes(pc.struct_field(last, "tail")), 0)
    found: Ints = known[_ints(pc.fill_null(encoded.indices, len(known) - 1))]
    return found


def _padded(lists: pa.ListArray, of: Any, width: int = SIDE) -> Ints:
    """[n, width]: what `of` tells of the first members of each list, 0 where a list has fewer."""
    parents = _ints(pc.list_parent_indices(lists))
    starts = np.concatenate([[0], np.cumsum(_ints(pc.fill_null(pc.list_value_length(lists), 0)))])
    positions = np.arange(len(parents)) - starts[parents]
    kept = positions < width
    out = np.zeros((len(lists), width), dtype=np.int64)
    out[parents[kept], positions[kept]] = of(pc.list_flatten(lists))[kept]
    return out


# Words. -----------------------------------------------------------------------------------------------------------


def _texts(column: pa.ChunkedArray) -> Texts:
    lists = column.combine_chunks()
    at = np.concatenate([[0], np.cumsum(_ints(pc.fill_null(pc.list_value_length(lists), 0)))])
    word = np.asarray(pc.list_flatten(lists)).astype(np.uint32)
    known, weights = _common()
    place = np.minimum(np.searchsorted(known, word), len(known) - 1)
    weight = np.where(known[place] == word, weights[place], np.float32(math.log(1.0 / RARE)))
    parents = np.repeat(np.arange(len(lists)), np.diff(at))
    length = np.sqrt(np.bincount(parents, weight.astype(np.float64) ** 2, minlength=len(lists)))
    return Texts(at, word, (weight / length[parents]).astype(np.float32))


@cache
def _common() -> tuple[Array, Array]:
    """The digests of common words, ascending, and how much each weighs."""
    weights = {digest(row["stem"]): math.log(1.0 / float(row["share"])) for row in rows("common_words")}
    known = sorted(weights)
    return np.array(known, dtype=np.uint32), np.array([weights[word] for word in known], dtype=np.float32)


def _own(words: Texts, stories: Texts, story_of: Ints) -> Array:
    """Cosine of each row's words and its story."""
    row = np.repeat(np.arange(len(story_of)), np.diff(words.at))
    of = np.repeat(np.arange(len(stories.at) - 1), np.diff(stories.at))
    known = of << 32 | stories.word.astype(np.int64)
    wanted = story_of[row] << 32 | words.word.astype(np.int64)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    if not len(known):
        return np.zeros(len(story_of), dtype=np.float32)
    both = np.where(known[place] == wanted, words.weight * stories.weight[place], 0.0)
    return np.bincount(row, both, minlength=len(story_of)).astype(np.float32)
