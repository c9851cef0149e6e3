"""How quickly mentions are merged: `python -m evals.merge_speed --mentions 1000000`.

Makes a store of that many mentions from those of the sample reports: each report is told again and again on other days
of a year, by other papers, of other people in other countries, in sentences of which some words are changed; of each
telling a few papers report, in words of their own. Merges it, then adds a day of some more, and prints seconds of wall
time, seconds of processor, and the most memory that the merging processes held together.
"""

import argparse
import json
import random
import resource
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from legation import runner
from legation.merge import Merged, merge
from legation.schema import Actor, Mention, Report, Span
from legation.store import Store, from_row

SAMPLES = Path(__file__).parent.parent / "samples" / "reports"
FIRST = date(2024, 1, 1)
DAYS = 365
PART = 20_000
"""Mentions of a part."""
OF_ITS_WORLD = 0.6
"""Share of longer words that are others in the same story of other people."""
CHANGED = 0.2
"""Share of words that a paper tells otherwise."""

Told = list[tuple[Report, list[Mention]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--day", type=int, default=10_000, help="mentions of the day that is added")
    parser.add_argument("--papers", type=int, default=4, help="the most papers that tell one story")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"{folder}/store")
        samples = _samples(folder)
        _fill(store, samples, "year", given.mentions, given.papers, range(DAYS))
        figures = {"mentions": given.mentions, **timed(lambda: merge(store, workers=given.workers))}
        print(json.dumps(figures), flush=True)
        _fill(store, samples, "day", given.day, given.papers, range(DAYS, DAYS + 1))
        figures = {"mentions": given.day, **timed(lambda: merge(store, workers=given.workers))}
        print(json.dumps(figures), flush=True)


def _samples(folder: str) -> Told:
    store = Store(f"{folder}/samples")
    runner.run([str(SAMPLES)], store, workers=1)
    mentions: dict[str, list[Mention]] = {}
    for row in store.mentions().to_pylist():
        mentions.setdefault(row["report_id"], []).append(from_row(Mention, row))
    return [(report, mentions[report.report_id]) for report in store.reports() if report.report_id in mentions]


def _fill(store: Store, samples: Told, name: str, wanted: int, papers: int, days: range) -> None:
    rng = random.Random(name)
    reports: list[Report] = []
    mentions: list[Mention] = []
    made = part = 0
    for report, told in _stories(samples, name, papers, days, rng):
        reports.append(report)
        mentions += told[: wanted - made]
        made += len(told)
        if len(mentions) >= PART or made >= wanted:
            store.write(f"{name}{part}", reports, mentions)
            reports, mentions, part = [], [], part + 1
        if made >= wanted:
            return


def _stories(
    samples: Told, name: str, papers: int, days: range, rng: random.Random
) -> Iterator[tuple[Report, list[Mention]]]:
    """Without end: a sample moved to another day and among other people, as each of some papers tells it."""
    number = 0
    while True:
        for report, told in samples:
            day = FIRST + timedelta(rng.choice(days))
            world = rng.randrange(400)
            for _ in range(rng.randint(1, papers)):
                number += 1
                yield _telling(report, told, f"{name}{number}", day + timedelta(rng.randrange(2)), world, rng)


def _telling(
    report: Report, told: list[Mention], report_id: str, day: date, world: int, rng: random.Random
) -> tuple[Report, list[Mention]]:
    moved = day - report.published if report.published else timedelta(0)
    text = _otherwise(report.text[:500], world, rng)
    new = Report(report_id, text, f"paper {rng.randrange(200)}", None, report.title, day)
    return new, [_moved(mention, new, number, moved, world, rng) for number, mention in enumerate(told)]


def _moved(mention: Mention, report: Report, number: int, moved: timedelta, world: int, rng: random.Random) -> Mention:
    row: dict[str, Any] = {name: getattr(mention, name) for name in Mention.__dataclass_fields__}
    row |= {"mention_id": f"{report.report_id}.{number}", "report_id": report.report_id}
    row["sentence"] = Span(mention.sentence.start, mention.sentence.end, _otherwise(mention.sentence.text, world, rng))
    for side in ("sources", "targets", "claimants"):
        row[side] = tuple(_other(actor, world) for actor in row[side])
    when = mention.when
    if when and when.start and when.end:
        row["when"] = type(when)(when.start + moved, when.end + moved, when.precision, when.span, when.basis)
    return Mention(**row)


def _other(actor: Actor, world: int) -> Actor:
    """Somebody else of the same kind, the same for the same world."""
    name = f"{actor.name}{world}"
    identity = actor.actor_id and f"{actor.actor_id}-{world}"
    return Actor(actor.start, actor.end, actor.text, name, actor.country, actor.sectors, identity)


def _otherwise(text: str, world: int, rng: random.Random) -> str:
    """Most words are those of this world, and some those of one paper."""
    words = text.split(" ")
    for at, word in enumerate(words):
        lot = zlib.crc32(f"{word.lower()} {world}".encode())
        if len(word) > 3 and (word[0].isupper() or lot % 10 < OF_ITS_WORLD * 10):
            words[at] = f"{word[:1]}{_syllables(lot)}"
        if rng.random() < CHANGED:
            words[at] = _syllables(rng.randrange(4000))
    return " ".join(words)


def _syllables(number: int) -> str:
    return "".join("bdfgklmnprst"[number // 12**k % 12] + "aeiou"[number // 5**k % 5] for k in range(3))


def timed(work: Callable[[], Merged]) -> dict[str, float]:
    """Wall and processor seconds of a merge, and the most memory held at once, its worker processes included."""
    peak = [0]
    stop = threading.Event()
    watch = threading.Thread(target=_watch, args=(peak, stop))
    watch.start()
    wall, used = time.perf_counter(), _processor()
    merged = work()
    wall, used = time.perf_counter() - wall, _processor() - used
    stop.set()
    watch.join()
    return {"seconds": round(wall, 1), "processor": round(used, 1), "mb": peak[0], "events": merged.events}


def _processor() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in both)


def _watch(peak: list[int], stop: threading.Event) -> None:
    while not stop.wait(0.5):
        peak[0] = max(peak[0], sum(map(_resident, [Path("/proc/self"), *_children()])) // 1024)


def _children() -> list[Path]:
    children = Path("/proc/self/task").glob("*/children")
    return [Path("/proc") / pid for path in children for pid in path.read_text().split()]


def _resident(process: Path) -> int:
    """Kilobytes of a process in memory; none where it has ended."""
    try:
        lines = (process / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


if __name__ == "__main__":
    main()
