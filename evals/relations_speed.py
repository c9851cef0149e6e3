"""Speed of relations: makes a store of many synthetic events in monthly shards and times the relation of several pairs.

    python -m evals.relations_speed --events 10000000

Countries act as in the news: a few very often, most seldom (Zipf's law). Prints one JSON object with the machine, the
size of the store and the seconds of each pair, the best of three; the first query of all is told apart, since it reads
from the disk.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from legation.relations import relation
from legation.schema import DEEDS, EVENTS, PARTY
from legation.store import Store
from legation.tables import rows

MONTHS, FIRST_YEAR = 120, 2015
SECTORS = ("GOV", "MIL", "CVL", "OPP", "BUS")
PAIRS = (("USA", "RUS"), ("PRK", "RUS"), ("FJI", "TUV"), ("USA GOV", "CHN GOV"), ("RUS-GOV", "USA-GOV"))
LOUD = ("USA", "RUS", "CHN", "GBR", "ISR", "IRN", "UKR", "FRA", "PRK", "KOR")


def measure(events: int, folder: Path) -> dict[str, object]:
    """Seconds that each of PAIRS takes by month on a store of so many events, made in `folder`."""
    store, made = Store(folder), time.perf_counter()
    for month in range(MONTHS):
        shard = f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02}"
        store.write_events({shard: {"events": _shard(month, events // MONTHS)}})
    made = time.perf_counter() - made
    started = time.perf_counter()
    relation(store, *PAIRS[0])
    first = time.perf_counter() - started
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "events": events // MONTHS * MONTHS,
        "seconds_to_make": round(made, 1),
        "seconds_first": round(first, 3),
        "seconds": {f"{one}, {other}": round(_best(store, one, other), 3) for one, other in PAIRS},
    }


def _best(store: Store, one: str, other: str) -> float:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        relation(store, one, other, by="month")
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _shard(month: int, size: int) -> pa.Table:
    """So many events of one month, columns made whole."""
    random = np.random.default_rng(month)
    first = date(FIRST_YEAR + month // 12, month % 12 + 1, 1).toordinal() - date(1970, 1, 1).toordinal()
    days = pa.array((first + random.integers(0, 28, size)).astype(np.int32)).cast(pa.date32())
    deeds = random.integers(0, len(DEEDS), size)
    publishers = pa.array(random.geometric(0.4, size).astype(np.int32))
    intensity = pa.array(np.round(random.normal(0, 4, size).clip(-10, 10), 1).astype(np.float32))
    columns = {
        "event_id": pa.array([f"e{month:03}{number:08}" for number in range(size)]),
        "deed": pa.array(np.array(DEEDS)[deeds]),
        "status": pa.array(np.where(random.random(size) < 0.8, "actual", "future")),
        "quad": pa.array((deeds // 4 + 1).astype(np.int8)),
        "goldstein": intensity,
        "sources": _parties(random, size),
        "targets": _parties(random, size),
        "start": days, "end": days, "first_reported": days, "last_reported": days,
        "reports": publishers, "publishers": publishers,
        "origin": pa.array(np.full(size, "synthetic")),
    }  # fmt: skip
    missing = {field.name: pa.nulls(size, field.type) for field in EVENTS if field.name not in columns}
    return pa.table(columns | missing).select(EVENTS.names).cast(EVENTS)


def _parties(random: np.random.Generator, size: int) -> pa.Array:
    """One party an event."""
    countries = np.array([*LOUD, *(row["iso3"] for row in rows("countries") if row["iso3"] not in LOUD)])
    chances = 1 / np.arange(1, len(countries) + 1)
    country = countries[random.choice(len(countries), size, p=chances / chances.sum())]
    sector = np.array(SECTORS)[random.integers(0, len(SECTORS), size)]
    actor_id = np.char.add(np.char.add(country, "-"), sector)
    one_each = np.arange(size + 1, dtype=np.int32)
    sectors = pa.ListArray.from_arrays(pa.array(one_each), pa.array(sector))
    fields = [pa.array(actor_id), pa.array(country), sectors, pa.array(actor_id)]
    return pa.ListArray.from_arrays(pa.array(one_each), pa.StructArray.from_arrays(fields, fields=list(PARTY)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000, help="events in the store (default: 10 million)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(given.events, Path(folder) / "store"), indent=2))


if __name__ == "__main__":
    main()
