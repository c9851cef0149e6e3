"""Speed of the desk: makes a store of many synthetic events, half of them told by reports, and times every request.

    python -m evals.desk_speed --events 1000000

Countries act as in the news: a few very often, most seldom (Zipf's law). Prints the seconds in which the store was
made and indexed, and a table: the seconds of the first request of a kind; of the same request again (the median of
five, without a browser's cache); those that the processors worked for the quickest of them, which other work on the
machine hardly changes; and the size of the answer. `--store DIR` keeps the store, or takes one that is there.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from starlette.testclient import TestClient

from legation.desk.app import make
from legation.desk.desk import Desk
from legation.schema import DEEDS, EVENTS, MENTIONS, PARTY, PLACE, REJECTS, REPORTS, STATUSES, TELLING
from legation.store import Store
from legation.tables import rows

MONTHS, FIRST_YEAR = 120, 2015
LOUD = ("USA", "RUS", "CHN", "GBR", "ISR", "IRN", "UKR", "FRA", "PRK", "KOR")
SECTORS = ("GOV", "MIL", "CVL", "OPP", "BUS")
PUBLISHERS = 400
PLACES = 3000
TOLD = 3
"""Events that a report tells, a sentence each."""
REPEATS = 5

FILTERED = (
    "", "actor=PRK", "actor=PRK+GOV", "actor=Person+77", "dyad=USA,RUS", "deed=ASSAULT&status=actual", "quad=4",
    "place=AFG", "place=Town+17", "since=2020-01-01&until=2020-03-31", "confidence=0.9", "publisher=Paper+7",
    "q=harbour", "q=talks+ministers+-harbour", "q=the", "actor=RUS&deed=ASSAULT&place=AFG&since=2018-01-01&q=the",
)  # fmt: skip
OTHERS = (
    "store", "events?sort=reports", "events?sort=confidence&actor=RUS", "days?by=month", "days?by=day&actor=USA",
    "places", "places?actor=RUS", "network", "network?quad=4&since=2020-01-01&until=2020-12-31", "reports",
    "reports?q=harbour", "reports?q=the", "relation?source=USA&target=RUS", "relation?source=FJI&target=TUV&by=week",
    "agenda", "agenda?actor=PRK", "claims", "claims?disputed=true", "claims?claimant=PRK", "actors", "actors?q=Kim",
    "actor?id=PRK", "suggest?q=Per", "suggest?q=un", "forecast/planned", "forecast/scorecard",
    "forecast?source=USA&target=RUS",
)  # fmt: skip


# The store. -------------------------------------------------------------------------------------------------------


def fill(store: Store, events: int) -> None:
    """Write so many events in monthly shards, and the reports and mentions of half of them."""
    store.write_events({})
    for month in range(MONTHS):
        drawn = _Month(month, events // MONTHS)
        part, shard = f"part{month:03}", f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02}"
        tables = {"reports": drawn.reports(), "mentions": drawn.mentions(), "rejects": REJECTS.empty_table()}
        store._replace(part, tables)  # as Store.write does, which makes rows of records: minutes for a million
        store.write_events({shard: {"events": drawn.events()}}, [part])


class _Month:
    """What is drawn of one month: `size` deeds, the first `told` of them told by reports, TOLD in each."""

    def __init__(self, month: int, size: int) -> None:
        self.random = np.random.default_rng(month)
        self.month, self.size, self.told = month, size, size // 2 // TOLD * TOLD
        first = date(FIRST_YEAR + month // 12, month % 12 + 1, 1).toordinal() - date(1970, 1, 1).toordinal()
        self.days = pa.array((first + np.sort(self.random.integers(0, 28, size))).astype(np.int32)).cast(pa.date32())
        self.deed = self.random.integers(0, len(DEEDS), size)
        self.sides = {role: self._parties() for role in ("sources", "targets", "claimants")}
        self.place = np.minimum(self.random.zipf(1.2, size) - 1, PLACES)  # PLACES itself: no place is told
        chances = [0.75, 0.12, 0.05, 0.03, 0.05]
        self.common = {
            "deed": pa.array(np.array(DEEDS)[self.deed]),
            "status": pa.array(np.array(STATUSES)[self.random.choice(len(STATUSES), size, p=chances)]),
            "quad": pa.array((self.deed // 4 + 1).astype(np.int8)),
            "goldstein": pa.array(np.round(self.random.normal(0, 4, size).clip(-10, 10), 1).astype(np.float32)),
            "confidence": pa.array(np.round(self.random.beta(4, 1.5, size), 3).astype(np.float32)),
        }
        ids = [f"{month:03}{number:08}" for number in range(size)]
        self.mention_ids, self.event_ids = (
            pa.array([f"m{name}" for name in ids]),
            pa.array([f"em{name}" for name in ids]),
        )
        publishers = self.random.zipf(1.3, size) % PUBLISHERS
        self.publishers = np.array([f"Paper {number}" for number in publishers])[np.arange(size) // TOLD * TOLD]
        self.report_ids = np.array([f"r{month:03}{number // TOLD:08}" for number in range(size)])

    def _parties(self) -> pa.StructArray:
        """Mostly the governments and forces of countries, by Zipf's law, and every fifth a person of some country."""
        countries = np.array([*LOUD, *(row["iso3"] for row in rows("countries") if row["iso3"] not in LOUD)])
        chances = 1 / np.arange(1, len(countries) + 1)
        country = countries[self.random.choice(len(countries), self.size, p=chances / chances.sum())]
        sector = np.array(SECTORS)[self.random.integers(0, len(SECTORS), self.size)]
        number = self.random.zipf(1.2, self.size) % 20_000
        of_country = np.char.add(np.char.add(country, "-"), sector)
        person = np.char.add("Person ", number.astype(str))
        is_person = self.random.random(self.size) < 0.2
        name = np.where(is_person, person, of_country)
        actor_id = np.where(is_person, np.char.replace(np.char.lower(person), " ", ":"), of_country)
        sectors = pa.ListArray.from_arrays(pa.array(np.arange(self.size + 1, dtype=np.int32)), pa.array(sector))
        return pa.StructArray.from_arrays(
            [pa.array(name), pa.array(country), sectors, pa.array(actor_id)], fields=list(PARTY)
        )

    def events(self) -> pa.Table:
        told = pa.array(np.arange(self.size) < self.told)
        claimed = self.random.random(self.size) < 0.2
        first = self.days
        columns = self.common | {
            "event_id": self.event_ids,
            "sources": _lists(self.sides["sources"], np.ones(self.size, dtype=bool)),
            "targets": _lists(self.sides["targets"], np.ones(self.size, dtype=bool)),
            "claimants": _lists(self.sides["claimants"], claimed),
            "start": first, "end": first, "first_reported": first, "last_reported": first,
            "where": self._places(),
            "tellings": self._tellings(claimed),
            "reports": pa.array(np.ones(self.size, dtype=np.int32)),
            "publishers": pa.array(np.ones(self.size, dtype=np.int32)),
            "origin": pc.if_else(told, "reports", "synthetic"),
        }  # fmt: skip
        columns |= {name: pa.array([[]] * self.size, EVENTS.field(name).type) for name in ("modes", "contexts")}
        columns["disagreements"] = pa.array([[]] * self.size, EVENTS.field("disagreements").type)
        return _filled(columns, EVENTS, self.size)

    def _places(self) -> pa.StructArray:
        towns = _towns().take(pa.array(self.place))
        none = pa.array(self.place == PLACES)
        return pa.StructArray.from_arrays(towns.flatten(), fields=list(PLACE), mask=none)

    def _tellings(self, claimed: Any) -> pa.ListArray:
        fields = {
            "mention_id": self.mention_ids, "report_id": pa.array(self.report_ids),
            "publisher": pa.array(self.publishers), "published": self.days, "copy_of": pa.nulls(self.size, pa.string()),
            "status": self.common["status"], "start": self.days, "end": self.days,
            "claimants": _lists(self.sides["claimants"], claimed),
        }  # fmt: skip
        columns = [fields[field.name] for field in TELLING]
        return _lists(pa.StructArray.from_arrays(columns, fields=list(TELLING)), np.arange(self.size) < self.told)

    def sentences(self) -> list[tuple[str, str, str]]:
        """The sentences of the told deeds, in three pieces: up to the deed, the deed, and the rest."""
        source, target = (self.sides[side].field("name").to_pylist() for side in ("sources", "targets"))
        towns = _towns().field("name").to_pylist()
        scenes = np.array(["harbour", "border", "market", "bridge"])[self.random.integers(0, 4, self.size)]
        return [
            (f"Officials said on Monday that {source[i]} ", f"{DEEDS[self.deed[i]].lower()}s",
             f" {target[i]} near the {scenes[i]} of {towns[self.place[i]]} after talks between their ministers. ")
            for i in range(self.told)
        ]  # fmt: skip

    def reports(self) -> pa.Table:
        texts = ["".join(pieces) for pieces in self.sentences()]
        firsts = np.arange(0, self.told, TOLD)
        bodies = ["".join(texts[first : first + TOLD]) for first in firsts]
        columns = {
            "report_id": pa.array(self.report_ids[firsts]),
            "publisher": pa.array(self.publishers[firsts]),
            "title": pa.array([text[25:80] for text in bodies]),
            "published": self.days.take(pa.array(firsts)),
            "text": pa.array(bodies, pa.large_string()),
        }
        return _filled(columns, REPORTS, len(firsts))

    def mentions(self) -> pa.Table:
        made = []
        source, target = (self.sides[side].to_pylist() for side in ("sources", "targets"))
        end = 0
        for i, (before, deed, after) in enumerate(self.sentences()):
            begin = 0 if i % TOLD == 0 else end
            at = begin + len(before)
            end = at + len(deed + after)
            who, whom = source[i]["name"], target[i]["name"]
            made.append({
                "sentence": {"start": begin, "end": end, "text": before + deed + after},
                "trigger": {"start": at, "end": at + len(deed), "text": deed},
                "sources": [source[i] | {"start": at - 1 - len(who), "end": at - 1, "text": who}],
                "targets": [target[i] | {"start": (to := at + len(deed) + 1), "end": to + len(whom), "text": whom}],
                "claimants": [], "modes": [], "contexts": [],
            })  # fmt: skip
        table = pa.Table.from_pylist(made, pa.schema([MENTIONS.field(name) for name in made[0]]))
        columns = dict(zip(table.column_names, table.columns, strict=True))
        columns |= {name: column.slice(0, self.told) for name, column in self.common.items()}
        columns |= {"mention_id": self.mention_ids.slice(0, self.told),
                    "report_id": pa.array(self.report_ids[: self.told]),
                    "coder": pa.repeat("synthetic", self.told)}  # fmt: skip
        return _filled(columns, MENTIONS, self.told)


def _lists(values: pa.StructArray, there: Any) -> pa.ListArray:
    """A list of one value each, or an empty one."""
    offsets = np.concatenate([[0], np.cumsum(there)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values.filter(pa.array(there)))


def _filled(columns: dict[str, Any], schema: pa.Schema, size: int) -> pa.Table:
    missing = {field.name: pa.nulls(size, field.type) for field in schema if field.name not in columns}
    return pa.table(columns | missing).select(schema.names).cast(schema)


@cache
def _towns() -> pa.StructArray:
    """PLACES towns in the countries that are loudest first, and a last one that stands for none."""
    random = np.random.default_rng(0)
    points = list(rows("country_points"))
    towns = [
        {"name": f"Town {number}", "country": points[number % len(points)]["iso3"], "admin1": None,
         "lat": float(points[number % len(points)]["lat"]) + float(random.normal(0, 2)),
         "lon": float(points[number % len(points)]["lon"]) + float(random.normal(0, 2)), "place_id": f"town:{number}"}
        for number in range(PLACES + 1)
    ]  # fmt: skip
    return pa.array(towns, PLACE)


# The measure. -----------------------------------------------------------------------------------------------------


def measure(store: Store) -> None:
    """Index the store, ask everything, and print the table."""
    app = make(store)
    desk = app.state.desk
    started = time.perf_counter()
    desk.index.update()
    size = sum(path.stat().st_size for path in desk.index.folder.iterdir())
    counts = {table: desk.index.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in ("events", "quotes")}
    print(f"indexed {counts['events']:,} events and {counts['quotes']:,} mentions in "
          f"{time.perf_counter() - started:.1f} s, {size / 1e6:,.0f} MB")  # fmt: skip
    paths = [*(f"events?{query}" for query in FILTERED), *OTHERS, _one(desk, "event"), _one(desk, "report")]
    print(f"{'first':>8}{'again':>8}{'cpu':>8}{'kB':>8}  request")
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in paths:
            seconds, worked = [], []
            for _ in range(1 + REPEATS):
                begun, busy = time.perf_counter(), time.process_time()
                answer = client.get(f"/api/{path}")
                seconds.append(time.perf_counter() - begun)
                worked.append(time.process_time() - busy)
                if seconds[-1] > 5:
                    break
            answer.raise_for_status()
            again = statistics.median(seconds[1:]) if len(seconds) > 1 else float("nan")
            print(
                f"{seconds[0]:8.3f}{again:8.3f}{min(worked):8.3f}{len(answer.content) / 1e3:8.1f}  {path}", flush=True
            )


def _one(desk: Desk, kind: str) -> str:
    if kind == "report":
        return (
            f"reports/{desk.index.reports('SELECT report_id FROM reports ORDER BY report_id LIMIT 1')[0]['report_id']}"
        )
    return f"events/{desk.index.rows('SELECT event_id FROM events ORDER BY event_id LIMIT 1')[0]['event_id']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="events in the store (default: 1 million)")
    parser.add_argument("--store", type=Path, help="a folder to keep the store in; one that is there is taken as it is")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(given.store or Path(folder) / "store")
        if not store.parts():
            started = time.perf_counter()
            fill(store, given.events)
            print(f"made in {time.perf_counter() - started:.1f} s")
        measure(store)


if __name__ == "__main__":
    main()
