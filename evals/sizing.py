"""Sizing on paper: cores, hours, storage and cost of three jobs, from the rates of rates.csv, for docs/scale.md.

    python -m evals.sizing            # prints it
    python -m evals.sizing --write    # puts it into docs/scale.md

The jobs: one day of the world's news (a million articles in English), ten years of such days, and a general crawl of a
billion pages, of which those in English are coded. Mend a rate in rates.csv, with how it was measured, and write again.
"""

import argparse
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RATES = Path(__file__).parent / "rates.csv"
DOCUMENT = Path(__file__).parent.parent / "docs" / "scale.md"
BEGIN, END = "<!-- the table of evals/sizing.py -->", "<!-- end of the table -->"
DAY = 1_000_000
"""Articles of the world's news in a day, about what GDELT reads."""
HOURS = 3_600_000
"""Milliseconds in an hour."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read: pages that need extraction, or records that are text already; reports that come of it and
    are kept, and those of them that are coded."""

    name: str
    pages: float
    records: float
    reports: float
    coded: float
    stores: int
    """How many runs with a store of their own it is cut into: a store a day, a month, or a piece of a crawl."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a job takes. Hours are of one core, `given` and `stored` terabytes read and kept; `widest` is the number of
    cores that one run can keep busy."""

    read: float
    code: float
    driver: float
    merge: float
    given: float
    stored: float
    widest: float
    dollars: float
    dollars_a_month: float

    @property
    def hours(self) -> float:
        return self.read + self.code + self.driver + self.merge


def rates(path: Path = RATES) -> dict[str, float]:
    """The rates by name."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["rate"]: float(row["value"]) for row in csv.DictReader(lines)}


def jobs(rate: Mapping[str, float]) -> list[Job]:
    """The three jobs."""
    crawl = 1e9
    return [
        Job("one day of the world's news, as JSON lines", 0, DAY, DAY, DAY, 1),
        Job("the same day, as pages", DAY, 0, DAY, DAY, 1),
        Job("ten years of it, as JSON lines", 0, 3652 * DAY, 3652 * DAY, 3652 * DAY, 3652),
        Job("a crawl of a billion pages", crawl, 0, crawl * rate["article_share"], crawl * rate["english_share"], 1000),
    ]


def size(job: Job, rate: Mapping[str, float]) -> Size:
    """What the job takes at these rates."""
    sentences = job.coded * rate["sentences_an_article"]
    mentions = sentences * rate["mentions_a_sentence"]
    read = (job.pages * rate["read_ms_a_page"] + job.records * rate["read_ms_a_record"]) / HOURS
    code = sentences * rate["code_ms_a_sentence"] / HOURS
    driver = job.reports * rate["driver_ms_a_report"] / HOURS
    merge = mentions * rate["merge_ms_a_mention"] / HOURS
    stored = job.reports * rate["report_bytes"] + mentions * (rate["mention_bytes"] + rate["event_bytes"])
    dollars = (read + code + driver + merge) * rate["core_hour_price"]
    month = stored / 1e12 * rate["terabyte_month_price"]
    given = job.pages * rate["page_bytes"] + job.records * rate["record_bytes"]
    return Size(read, code, driver, merge, given / 1e12, stored / 1e12, (read + code) / driver, dollars, month)


def table(rate: Mapping[str, float]) -> str:
    """Markdown: a line for each job, then the rates that it rests on."""
    lines = [
        "| job | core hours to read, code, take in, merge | on 2, 64, 1,000 cores | TB read, kept | cost | bounds |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_line(job, size(job, rate)) for job in jobs(rate)]
    lines += ["", "| rate | value | | whence |", "|---|---|---|---|"]
    with RATES.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            lines.append(f"| {row['rate'].replace('_', ' ')} | {row['value']} | {row['unit']} | {row['source']} |")
    return "\n".join(lines)


def _line(job: Job, took: Size) -> str:
    steps = {"reading": took.read, "coding": took.code, "taking in": took.driver, "merging": took.merge}
    first = max(steps, key=lambda step: steps[step])
    split = ", ".join(f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}" for hours in steps.values())
    wall = ", ".join(_wall(job, took, cores) for cores in (2, 64, 1000))
    cost = f"{took.dollars:,.0f} USD, and {took.dollars_a_month:,.2f} a month for the store"
    narrow = f"{first}; a run feeds {took.widest:,.0f} cores, and there are {job.stores:,} runs"
    return f"| {job.name} | {split} | {wall} | {took.given:,.3g}, {took.stored:,.3g} | {cost} | {narrow} |"


def _wall(job: Job, took: Size, cores: int) -> str:
    """The time on so many cores, which readers and coders share; a run is no faster than the process that takes in."""
    hours = max(took.hours / cores, took.driver / min(job.stores, cores))
    return (
        f"{hours:,.1f} h"
        if hours < 48
        else f"{hours / 24:,.0f} days"
        if hours < 24 * 700
        else f"{hours / 8766:,.1f} years"
    )


def written(document: str, new: str) -> str:
    """The document with the table in its place. Raises ValueError where that is not marked."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"docs/scale.md has no place for the table: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/scale.md")
    given = parser.parse_args()
    new = table(rates())
    print(new)
    if given.write:
        DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8"), new), encoding="utf-8")


if __name__ == "__main__":
    main()
