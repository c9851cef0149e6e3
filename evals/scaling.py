"""How a run grows: processor time a document, memory of its processes and speed, from a thousand documents on.

    python -m evals.scaling --documents 1000 10000 100000 --workers 1 2
    python -m evals.scaling --documents 1000000 --intake     # all but the coding, which is the same for each document

Documents are put together of sentences of the samples, drawn by chance, as long as the samples are, so that nearly all
differ. Prints a JSON object for each run, with the machine: seconds of the clock and of the processors (other work on
the machine disturbs these less), and the peak memory of the process that reads and of the one that codes.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from legation import runner
from legation.schema import Mention, Report
from legation.segment import sentences
from legation.store import Store

SAMPLES = Path(__file__).parent.parent / "samples" / "reports" / "reports.jsonl"
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Nothing:
    """A coder that finds nothing."""

    def code(self, report: Report) -> list[Mention]:
        return []


def documents(count: int) -> Iterator[str]:
    """So many lines of JSON, always the same."""
    texts = [json.loads(line)["text"] for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    pool = [span.text for text in texts for span in sentences(text, 0, len(text))]
    chance, length = random.Random(0), len(pool) // len(texts)
    for number in range(count):
        told = " ".join(chance.sample(pool, length))
        day = f"2024-{number * 12 // count + 1:02}-{number % 28 + 1:02}"
        yield json.dumps({"id": str(number), "text": told, "published": day})


def measure(count: int, workers: int, intake: bool) -> dict[str, object]:
    """One run over so many documents, in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "documents.jsonl"
        with source.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{line}\n" for line in documents(count))
        given = [str(source), str(Path(scratch) / "store"), str(workers), "intake" if intake else "code"]
        program = "import sys; from evals.scaling import run; run(*sys.argv[1:])"
        started = time.perf_counter()
        with subprocess.Popen([sys.executable, "-c", program, *given], stdout=subprocess.PIPE, text=True) as process:
            watch = _Watch(process.pid)
            watch.start()
            out, _ = process.communicate()
            wall = time.perf_counter() - started
            watch.join()
        if process.returncode:
            raise SystemExit(f"the run over {count:,} documents ended with {process.returncode}")
        tally = json.loads(out)
        size = sum(path.stat().st_size for path in (Path(scratch) / "store").rglob("*") if path.is_file())
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "documents": count,
        "workers": workers,
        "coded": not intake,
        **tally,
        "seconds": round(wall, 1),
        "sentences_a_second": round(tally["sentences"] / wall, 1),
        "processor_ms_a_document": {n: round(1000 * s / count, 2) for n, s in watch.seconds.items()},
        "peak_memory_mb": {n: round(kb / 1024) for n, kb in watch.peaks.items()},
        "store_bytes_a_document": round(size / count),
    }


def run(source: str, folder: str, workers: str, how: str) -> None:
    """The run itself; prints what it counts."""
    coder = {"coder": Nothing} if how == "intake" else {}
    tally = runner.run([source], Store(folder), workers=int(workers), **coder)  # type: ignore[arg-type]
    print(json.dumps({"duplicates": tally.duplicates, "mentions": tally.mentions, "sentences": tally.sentences}))


class _Watch(threading.Thread):
    """What a process and its workers take, as /proc tells it, looked at twice a second while they live."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._seconds: dict[int, float] = {}
        self.peaks = {"reads": 0, "codes": 0}

    @property
    def seconds(self) -> dict[str, float]:
        reads = self._seconds.get(self._pid, 0.0)
        return {"reads": reads, "codes": sum(self._seconds.values()) - reads}

    def run(self) -> None:
        while Path(f"/proc/{self._pid}/stat").exists() and self._look():
            time.sleep(0.5)

    def _look(self) -> bool:
        alive = False
        for path in Path("/proc").glob("[0-9]*"):
            try:
                state, parent, *fields = (path / "stat").read_text().rpartition(")")[2].split()
                status = (path / "status").read_text()
            except OSError:
                continue  # it ended meanwhile
            pid = int(path.name)
            if self._pid not in (pid, int(parent)) or state == "Z":
                continue
            alive = True
            self._seconds[pid] = (int(fields[9]) + int(fields[10])) / TICKS
            peak = int(status.partition("VmHWM:")[2].split()[0])
            who = "reads" if pid == self._pid else "codes"
            self.peaks[who] = max(self.peaks[who], peak)
        return alive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--intake", action="store_true", help="leave the coding out")
    given = parser.parse_args()
    for count in given.documents:
        for workers in given.workers:
            print(json.dumps(measure(count, workers, given.intake), indent=1), flush=True)


if __name__ == "__main__":
    main()
