"""Events as numbers: an archive of facts (source, deed, target, day), read from quadruples or from a store.

A folder of quadruples holds `train.txt`, `valid.txt` and `test.txt`, a fact a line: the numbers of source, deed and
target and its time in hours or days, split by blanks (further columns are ignored). `entity2id.txt` and
`relation2id.txt`, where there are any, hold names and their numbers, split by a tab.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from legation.schema import UNKNOWN
from legation.store import Store
from legation.tables import rows

Facts = npt.NDArray[np.int32]
"""Rows of source, deed, target and day, all from 0 on: distinct, and sorted by day."""

SPLITS = ("train", "valid", "test")


class ForecastError(Exception):
    """Events that cannot be forecast from; the message names what was read, what is wrong and what to do."""


@dataclass(frozen=True)
class Archive:
    """Facts with the names of what they number. `places` and `sectors` number each actor's country and kind, 0 where
    nothing tells it; `is_place` marks countries as actors; `roots` is each deed's CAMEO root (1 to 20), 0 where
    unknown. Day 0 is `first`, if that is known.
    """

    actors: tuple[str, ...]
    deeds: tuple[str, ...]
    facts: Facts
    places: npt.NDArray[np.int32]
    sectors: npt.NDArray[np.int32]
    roots: npt.NDArray[np.int32]
    is_place: npt.NDArray[np.bool_]
    first: date | None = None

    def day(self, day: date) -> int:
        """The number of a day, negative before the first."""
        if self.first is None:
            raise ForecastError("this archive numbers its days and tells no date; name days by number")
        return (day - self.first).days

    @property
    def last(self) -> int:
        """The last day with a fact."""
        return int(self.facts[-1, 3])

    def before(self, day: int) -> Facts:
        """The facts of the days before `day`."""
        return self.facts[: np.searchsorted(self.facts[:, 3], day)]

    def of(self, day: int) -> Facts:
        """The facts of one day."""
        start, end = np.searchsorted(self.facts[:, 3], [day, day + 1])
        return self.facts[start:end]


# Quadruples. ------------------------------------------------------------------------------------------------------


def read_quadruples(folder: Path) -> tuple[Archive, dict[str, tuple[int, int]]]:
    """The archive in a folder of quadruples, and the first day and the day after the last of each of SPLITS.

    Raises ForecastError where a file is missing or malformed, or where the splits overlap in time.
    """
    splits = {name: _quadruples(folder / f"{name}.txt") for name in SPLITS}
    every = np.concatenate(list(splits.values()))
    hours = np.unique(every[:, 3])
    step = int(np.gcd.reduce(np.diff(hours))) if len(hours) > 1 else 1
    for facts in splits.values():
        facts[:, 3] = (facts[:, 3] - hours[0]) // step
    bounds = {name: (int(facts[:, 3].min()), int(facts[:, 3].max()) + 1) for name, facts in splits.items()}
    if not bounds["train"][1] <= bounds["valid"][0] < bounds["valid"][1] <= bounds["test"][0]:
        raise ForecastError(f"{folder}: train.txt, valid.txt and test.txt overlap in time; split the archive by days")
    every = np.concatenate(list(splits.values()))
    actors = _names(folder / "entity2id.txt", int(every[:, [0, 2]].max()) + 1)
    deeds = _names(folder / "relation2id.txt", int(every[:, 1].max()) + 1)
    told = [_place_and_sector(name) for name in actors]
    countries = {place for place, _ in told} - {""}
    is_place = np.array([name in countries for name in actors])
    places = _numbered([name if name in countries else place for name, (place, _) in zip(actors, told, strict=True)])
    return Archive(
        actors, deeds, _sorted(every), places, _numbered([kind for _, kind in told]), roots(deeds), is_place
    ), bounds


def _quadruples(path: Path) -> npt.NDArray[np.int64]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ForecastError(
            f"{path} cannot be read: {error.strerror}; the folder needs train.txt, valid.txt, test.txt"
        ) from error
    except UnicodeDecodeError as error:
        raise ForecastError(f"{path} is no UTF-8 text; give a file of quadruples") from error
    found = []
    for number, line in enumerate(lines, 1):
        cells = line.split()[:4]
        if not cells:
            continue
        if len(cells) < 4 or not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in cells):
            raise ForecastError(f"{path}, line {number}: {line[:60]!r} is no quadruple; write four whole numbers")
        found.append([int(cell) for cell in cells])
    if not found:
        raise ForecastError(f"{path} holds no quadruple")
    return np.array(found, np.int64)


def _names(path: Path, least: int) -> tuple[str, ...]:
    """The names by number; numbers without a name stand for themselves."""
    named: dict[int, str] = {}
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            name, _, index = line.rpartition("\t")
            if line.strip() and not index.strip().isdigit():
                raise ForecastError(f"{path}, line {number}: {line[:60]!r} is no name, tab and number")
            if line.strip():
                named[int(index)] = name.split("\t")[0].strip().replace("_", " ")
    return tuple(named.get(index, str(index)) for index in range(max([least - 1, *named]) + 1))


def _sorted(facts: npt.NDArray[np.int64]) -> Facts:
    facts = np.unique(facts[:, [3, 0, 1, 2]], axis=0)
    return np.ascontiguousarray(facts[:, [1, 2, 3, 0]].astype(np.int32))


def _place_and_sector(name: str) -> tuple[str, str]:
    """ "Police (Nigeria)" is of the place Nigeria and of the kind Police, as ICEWS names actors."""
    told = re.fullmatch(r"(.*?)\s*\(([^()]*)\)\s*", name)
    return (told[2].strip(), told[1].strip()) if told else ("", "")


def _numbered(words: Sequence[str]) -> npt.NDArray[np.int32]:
    numbers = {word: number for number, word in enumerate(sorted({*words} - {""}), 1)}
    return np.array([numbers.get(word, 0) for word in words], np.int32)


# Deeds. -----------------------------------------------------------------------------------------------------------


def roots(deeds: Sequence[str]) -> npt.NDArray[np.int32]:
    """The CAMEO root of each deed, named by its CAMEO code, its description or its PLOVER type; 0 where none fits."""
    by_name = {_plain(row["description"]): row["code"] for row in reversed(rows("cameo"))}
    by_name |= {_plain(row["name"]): row["cameo"] for row in rows("deed_names")}
    by_name |= {_plain(row["type"]): row["cameo_root"] for row in rows("codebook")}
    codes = {row["code"] for row in rows("cameo")}
    found = [deed if deed in codes else by_name.get(_plain(deed), "00") for deed in deeds]
    return np.array([int(code[:2]) for code in found], np.int32)


def _plain(words: str) -> str:
    return " ".join(re.findall("[a-z]+", re.sub(", not specified (below|elsewhere)", "", words.lower())))


# A store. ---------------------------------------------------------------------------------------------------------

_SQL = """
    SELECT DISTINCT source_id, source_name, source_country, source_sectors, target_id, target_name, target_country,
        target_sectors, deed, day
    FROM dyads WHERE status = 'actual' AND day IS NOT NULL AND target_name IS NOT NULL AND source_name IS NOT NULL
    ORDER BY ALL
"""


def read_store(store: Store, before: date | None = None) -> Archive:
    """What happened, by the store's dyads with both sides and a day, before a day if one is given.

    An actor is who its id names, else its name, country and sectors together. Raises ForecastError where there is none.
    """
    found = store.query(_SQL).to_pylist()
    found = [row for row in found if before is None or row["day"] < before]
    if not found:
        raise ForecastError(
            f"{store.path} holds no event with a source, a target and a day"
            + (f" before {before}" if before else "") + "; merge its mentions into events, or import an archive"
        )  # fmt: skip
    sides = [(actor_of(row, "source"), row["deed"], actor_of(row, "target"), row["day"]) for row in found]
    about = {name: rest for row in sides for name, *rest in (row[0], row[2])}
    actors, deeds = sorted(about), sorted({row[1] for row in sides})
    first = min(row[3] for row in sides)
    number, deed_number = {name: i for i, name in enumerate(actors)}, {name: i for i, name in enumerate(deeds)}
    facts = np.array([(number[s[0]], deed_number[d], number[t[0]], (day - first).days) for s, d, t, day in sides])
    countries = [about[name][0] for name in actors]
    kinds = [about[name][1] for name in actors]
    is_place = np.array([not kind and country != UNKNOWN for kind, country in zip(kinds, countries, strict=True)])
    return Archive(
        tuple(actors), tuple(deeds), _sorted(facts), _numbered(["" if c == UNKNOWN else c for c in countries]),
        _numbered(kinds), roots(deeds), is_place, first,
    )  # fmt: skip


def actor_of(row: Mapping[str, Any], side: str) -> tuple[str, str, str]:
    """What an actor is called here, its country and its sectors."""
    country, sectors = row[f"{side}_country"] or UNKNOWN, row[f"{side}_sectors"] or ""
    code = f"{country} {sectors}".strip()
    name = row[f"{side}_name"]
    return row[f"{side}_id"] or (f"{name} ({code})" if code != UNKNOWN else name), country, sectors
