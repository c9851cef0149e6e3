"""`python -m evals.soak --minutes 30`: the watcher against 200 feeds on this machine; prints what it did, its memory.

Every feed is a host of its own (127.0.0.0/8, as Linux has it) and gets a new story every minute or two; one in ten
serves garbage, hangs, fails, leads to an address that was not named, or sends a bomb. With `--kills 20` the watcher is
killed so many times at random moments and started again. In the end every story that was listed must be in the store
exactly once.
"""

import argparse
import gzip
import http.server
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from legation.store import Store
from legation.watch import State

FEEDS = 200
LISTED = 20  # stories that a feed lists, the latest
_SAMPLES = Path(__file__).parent.parent / "samples" / "reports" / "reports.jsonl"
_WATCH = "from legation.cli.watching import watch; watch()"
_SAMPLE_SECONDS = 5.0
_FAULTS = ("garbage", "hang", "fail", "redirect", "bomb")


@dataclass(slots=True)
class World:
    """The feeds, how many stories each has, and what was asked for."""

    texts: list[str]
    port: int = 0
    stories: list[int] = field(default_factory=lambda: [1] * FEEDS)
    asked: Counter[str] = field(default_factory=Counter)

    def address(self, feed: int) -> str:
        return f"http://127.0.{1 + feed // 200}.{1 + feed % 200}:{self.port}"

    def fault(self, feed: int) -> str | None:
        return _FAULTS[feed // 10 % len(_FAULTS)] if feed % 10 == 9 else None

    def listing(self, feed: int) -> bytes:
        latest = range(max(0, self.stories[feed] - LISTED), self.stories[feed])
        items = "".join(f"<item><link>{self.address(feed)}/{n}</link></item>" for n in latest)
        return f"<rss><channel><title>Feed {feed}</title>{items}</channel></rss>".encode()

    def page(self, feed: int, number: int) -> bytes:
        text = self.texts[(feed * 31 + number) % len(self.texts)]
        told = "".join(f"<p>{line}</p>" for line in f"Report {number} of wire {feed}. {text}".split("\n"))
        return f"<html><head><title>Story {number}</title></head><body>{told}</body></html>".encode()

    def listed(self) -> set[str]:
        """The addresses of all stories of the feeds that work."""
        return {
            f"{self.address(feed)}/{n}"
            for feed in range(FEEDS)
            if not self.fault(feed)
            for n in range(self.stories[feed])
        }


def serve(world: World) -> None:
    """A server for every feed, all on one port, in threads that end with the process."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = str(self.headers["Host"]).split(":")[0].split(".")
            feed = (int(host[2]) - 1) * 200 + int(host[3]) - 1
            try:
                self._answer(feed)
            except OSError:
                world.asked["broken off by the client"] += 1

        def _answer(self, feed: int) -> None:
            fault = world.fault(feed)
            if self.path == "/robots.txt":
                world.asked["robots.txt"] += 1
                self.send_error(404)
            elif fault and self.path == "/feed.xml":
                world.asked["feeds that fail"] += 1
                self._fail(fault)
            elif self.path == "/feed.xml":
                self._listing(feed)
            else:
                world.asked["pages"] += 1
                self._send("text/html; charset=utf-8", world.page(feed, int(self.path[1:])))

        def _listing(self, feed: int) -> None:
            tag = f'"{world.stories[feed]}"'
            if self.headers.get("If-None-Match") == tag:
                world.asked["feeds, not modified"] += 1
                self.send_response(304)
                self.end_headers()
            else:
                world.asked["feeds"] += 1
                self._send("application/rss+xml", world.listing(feed), ETag=tag)

        def _fail(self, fault: str) -> None:
            if fault == "garbage":
                self._send("text/xml", os.urandom(10_000))
            elif fault == "hang":
                time.sleep(90)
            elif fault == "fail":
                self.send_error(503)
            elif fault == "redirect":
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{world.port}/feed.xml")
                self.end_headers()
            else:
                self._send("text/xml", gzip.compress(bytes(100_000_000), 1), **{"Content-Encoding": "gzip"})

        def _send(self, kind: str, body: bytes, **headers: str) -> None:
            self.send_response(200)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    for feed in range(FEEDS):
        server = Server((world.address(feed)[7:].split(":")[0], world.port), Handler)
        world.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(10.0,), daemon=True).start()


def tell_news(world: World, chance: random.Random, until: float) -> None:
    """New stories, one in a hundred seconds at each feed on the average, till a minute before the end."""
    while time.monotonic() < until:
        time.sleep(1.0)
        for feed in range(FEEDS):
            world.stories[feed] += chance.random() < 0.01


def memory(process: int) -> tuple[int, int]:
    """MB in memory of a process, and of it with all that it started."""
    parents, sizes = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            parents[int(status.parent.name)] = int(lines["PPid"])
            sizes[int(status.parent.name)] = int(lines["VmRSS"].split()[0]) // 1024
        except (OSError, KeyError):
            continue  # it has ended, or belongs to the kernel
    family = {process}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sizes.get(process, 0), sum(sizes.get(one, 0) for one in family)


def start(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", _WATCH, str(folder / "sources.toml"), "--store", str(folder / "store")]
    with (folder / "watch.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})


def soak(minutes: float, kills: int, seed: int, folder: Path) -> dict[str, Any]:
    """Watch for so many minutes; what was asked for, what is in the store, and the memory."""
    chance, world = random.Random(seed), World([json.loads(line)["text"] for line in _SAMPLES.open(encoding="utf-8")])
    serve(world)
    feeds = "".join(
        f'[[source]]\nurl = "{world.address(feed)}/feed.xml"\nminutes = 1\nallow_private = true\n'
        for feed in range(FEEDS)
    )
    (folder / "sources.toml").write_text(f'agent = "soak"\ncontact = "soak@localhost"\n{feeds}')
    end = time.monotonic() + 60 * minutes
    threading.Thread(target=tell_news, args=(world, chance, end - 60), daemon=True).start()
    rounds = sorted(chance.uniform(5, 60 * minutes - 30) for _ in range(kills))
    begun, own, whole, process = time.monotonic(), list[int](), list[int](), start(folder)
    try:
        while time.monotonic() < end or not finished(world, folder):
            time.sleep(0.2 if rounds else _SAMPLE_SECONDS)
            if rounds and time.monotonic() - begun > rounds[0]:
                rounds.pop(0)
                process.kill()
                process.wait()
                process = start(folder)
            used = memory(process.pid)
            own.append(used[0])
            whole.append(used[1])
            if process.poll() is not None:
                raise RuntimeError(f"the watcher ended with {process.returncode}: see {folder / 'watch.log'}")
            if time.monotonic() > end + 1200:
                break
    finally:
        process.terminate()
        process.wait()
    return {"minutes": (time.monotonic() - begun) / 60, "kills": kills, **told(world, folder), **flat(own, whole)}


def finished(world: World, folder: Path) -> bool:
    """Whether the store has as many reports and rejects as there are stories."""
    store = Store(folder / "store")
    kept: int = sum(store.part(part, kind, []).num_rows for part in store.parts() for kind in ("reports", "rejects"))
    return kept >= len(world.listed())


def told(world: World, folder: Path) -> dict[str, Any]:
    """What was asked for and what is in the store: every story that was listed once, and nothing else."""
    store = Store(folder / "store")
    urls = Counter(store.query("SELECT url FROM reports")["url"].to_pylist())
    state = State(folder / "store" / "watch")
    failing = sum(row["reason"] is not None for row in state.sources())
    state.close()
    return {
        "asked": dict(world.asked),
        "stories": len(world.listed()),
        "missing": len(world.listed() - urls.keys()),
        "doubled": sum(count > 1 for count in urls.values()),
        "rejects": store.query("FROM rejects").num_rows,
        "mentions": store.query("FROM mentions").num_rows,
        "parts": len(store.parts()),
        "sources shown as failing": failing,
    }


def flat(own: list[int], whole: list[int]) -> dict[str, list[int]]:
    """Memory by quarters of the time: of the watcher itself the median, as a bomb makes it larger for a moment, and
    the most; of all processes, one of which codes, the most."""
    size = max(1, len(own) // 4)
    quarters = [slice(at, at + size) for at in range(0, 4 * size, size)]
    return {
        "watcher MB, median by quarter": [
            round(statistics.median(own[quarter])) for quarter in quarters if own[quarter]
        ],
        "watcher MB, most by quarter": [max(own[quarter]) for quarter in quarters if own[quarter]],
        "all processes MB, most by quarter": [max(whole[quarter]) for quarter in quarters if whole[quarter]],
    }


def main() -> None:
    """Soak, print the figures, and fail where a story is missing or doubled or memory grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=0, help="how often the watcher is killed")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(arguments.minutes, arguments.kills, arguments.seed, Path(folder))
        log = (Path(folder) / "watch.log").read_text(encoding="utf-8")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {FEEDS} feeds")
    print(json.dumps(figures, indent=1))
    if figures["missing"] or figures["doubled"] or "Traceback" in log:
        sys.exit(f"stories were lost or doubled, or there was an error; the end of the log:\n{log[-3000:]}")
    medians = figures["watcher MB, median by quarter"]
    if not arguments.kills and medians[-1] > 1.1 * medians[1]:
        sys.exit("the watcher's memory grew")


if __name__ == "__main__":
    main()
