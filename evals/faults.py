"""Faults at random moments, and whether the store is sound after each, and holds what it would hold without.

    python -m evals.faults                      # twenty rounds of every fault
    python -m evals.faults --rounds 3 --only driver

worker   kill -9 of a process that codes, several times in a run
driver   kill -9 of the run itself, which is then started again, until it comes to its end
disk     a disk that is full in the middle of a run, and then has room (a small tmpfs: needs root)
cut      a file of a part cut in half: `check` tells it, the next run mends it
two      a second run on the same store: it is told, and the first is not disturbed
ray      a Ray worker process killed, then a node of the cluster lost
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from legation import runner
from legation.check import check
from legation.schema import Mention, Report, Span
from legation.store import BusyError, Store

REPORTS, PART, WORKERS = 240, 20, 2
SECONDS = 0.004
"""That a report takes to code: a run is to last long enough to be hit."""


class Quick:
    """Codes the first word of a report; stands in for the coder, which takes longer to load than a run here lasts."""

    def code(self, report: Report) -> list[Mention]:
        if "crash the coder" in report.text:
            raise RuntimeError("trigger outside its sentence")
        time.sleep(SECONDS)
        first = Span(0, report.text.index(" "), report.text[: report.text.index(" ")])
        name = hashlib.sha256(report.report_id.encode()).hexdigest()[:12]
        return [
            Mention(
                name, report.report_id, Span(0, len(report.text), report.text), first, "CONSULT", (), "actual",
                None, None, None, None, (), (), (), None, None, (), None, None, 0.5, "quick",
            )
        ]  # fmt: skip


def inputs(path: Path) -> Path:
    """JSON lines of reports, among them copies, repeated lines, lines that are none and reports that crash a coder."""
    lines: list[str] = []
    for n in range(REPORTS):
        text = f"Envoys of district {n} met those of district {n * n + 7} on Tuesday to talk about border post {n * 3}."
        if n % 50 == 13:
            text = f"Words that crash the coder were said in district {n} on Monday, officials told the press."
        lines.append(json.dumps({"id": f"r{n:04}", "text": text, "published": "2024-05-01"}))
        if n % 40 == 7:
            lines += ["not JSON", lines[-1], json.dumps({"id": f"c{n:04}", "text": text})]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def code(source: Path, folder: Path) -> None:
    """One run, as a process of its own does it."""
    runner.run([source], Store(folder), coder=Quick, workers=WORKERS, part_size=PART)


# What happens. ----------------------------------------------------------------------------------------------------


def worker(source: Path, folder: Path, chance: random.Random) -> None:
    with _started(source, folder, errors=True) as run:
        for _ in range(3):
            if not _parts(run, folder, chance.randrange(1, 8)):
                break
            if children := _children(run.pid):
                _kill(chance.choice(children))
            time.sleep(chance.random() / 2)
        told = run.communicate(timeout=300)[1]
        assert run.returncode == 0, f"a run whose workers were killed ended with {run.returncode}: {told}"


def driver(source: Path, folder: Path, chance: random.Random) -> None:
    for _ in range(20):
        with _started(source, folder) as run:
            if not _parts(run, folder, len(_done(folder)) + chance.randrange(4)):
                assert run.wait(120) == 0, "a run that takes up a killed one fails"
                return
            time.sleep(chance.random() / 5)
            _kill(run.pid)
    raise AssertionError("a run that is killed and started again gets nowhere")


def disk(source: Path, folder: Path, chance: random.Random) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Unable("only root can mount a small file system")
    folder.mkdir()
    size = 4096 * chance.randrange(12, 60)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        with _started(source, folder / "s", errors=True) as run:
            told = run.communicate(timeout=120)[1]
        assert run.returncode != 0 and "No space left" in told, f"a disk of {size} bytes was not full: {told}"
        assert not [f for f in check(Store(folder / "s")).faults if "draft" not in f.what], "a full disk damages"
        subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
        code(source, folder / "s")
        shutil.copytree(folder / "s", folder.with_name(f"{folder.name}.copy"))
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()
    folder.with_name(f"{folder.name}.copy").rename(folder)


def cut(source: Path, folder: Path, chance: random.Random) -> None:
    code(source, folder)
    store = Store(folder)
    path = chance.choice(sorted(store.part_files(chance.choice(store.parts())).items()))[1]
    os.truncate(path, path.stat().st_size // 2)
    where = path.relative_to(folder).as_posix()
    assert where in [fault.where for fault in check(store).faults], f"check does not see that {where} is cut"
    code(source, folder)
    shutil.rmtree(folder / "damaged")


def two(source: Path, folder: Path, chance: random.Random) -> None:
    with _started(source, folder) as run:
        assert _parts(run, folder, chance.randrange(1, 6)), "the first run was over before the second began"
        try:
            code(source, folder)
        except BusyError as error:
            assert str(run.pid) in str(error), f"it is not told which process holds the store: {error}"
        else:
            assert run.poll() is not None, "two runs add to one store at the same time"
        assert run.wait(120) == 0


def ray(source: Path, folder: Path, chance: random.Random) -> None:
    try:
        import ray as ray_
        from ray.cluster_utils import Cluster as Nodes
    except ImportError as error:
        raise Unable("Ray is not installed") from error
    from legation.runner.cluster import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent)
    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        other = nodes.add_node(num_cpus=2)
        ray_.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
        lose: list[Callable[[], object]] = [
            lambda: _kill(chance.choice(_coding(other))),
            lambda: nodes.remove_node(other, allow_graceful=False),
        ]
        at = sorted(chance.sample(range(1, 8), 2))

        def progress(tally: runner.Tally) -> None:
            if at and len(_done(folder)) >= at[0]:
                at.pop(0)
                lose.pop(0)()

        runner.run([source], Store(folder), coder=Quick, part_size=PART, progress=progress, engine=partial(Cluster))
        assert not lose, "the run was over before the node was lost"
    finally:
        ray_.shutdown()
        nodes.shutdown()


FAULTS: dict[str, Callable[[Path, Path, random.Random], None]] = {
    "worker": worker, "driver": driver, "disk": disk, "cut": cut, "two": two, "ray": ray,
}  # fmt: skip


class Unable(Exception):  # noqa: N818
    """A fault that cannot be made on this machine."""


# Processes. -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _started(source: Path, folder: Path, errors: bool = False) -> Iterator["subprocess.Popen[str]"]:
    """A run in a process of its own; ended with the block."""
    program = "import sys; from pathlib import Path; from evals import faults; faults.code(*map(Path, sys.argv[1:]))"
    command = [sys.executable, "-c", program, str(source), str(folder)]
    told = subprocess.PIPE if errors else subprocess.DEVNULL
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stderr=told, text=True, cwd=root, env=os.environ | {"OMP_NUM_THREADS": "1"}) as run:
        try:
            yield run
        finally:
            run.kill()


def _parts(run: "subprocess.Popen[str]", folder: Path, count: int) -> bool:
    """Whether the run went on until so many parts were done."""
    end = time.monotonic() + 120
    while len(_done(folder)) < count and time.monotonic() < end:
        if run.poll() is not None:
            return False
        time.sleep(0.01)
    return run.poll() is None


def _done(folder: Path) -> list[Path]:
    return list((folder / "done").glob("[!.]*.json"))


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """Processes that a process has started, and that code: not the one that watches over its semaphores."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def _coding(node: object) -> list[int]:
    """Processes of a Ray node that run tasks."""
    raylet = node.all_processes["raylet"][0].process.pid  # type: ignore[attr-defined]
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == raylet and b"_coded" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found or [raylet]


# Rounds. ----------------------------------------------------------------------------------------------------------


def verify(source: Path, folder: Path, reference: Path) -> None:
    """Raise AssertionError where the store is not sound, or holds something else than that of an undisturbed run."""
    store = Store(folder)
    checked = check(store)
    assert not checked.faults, checked.faults
    given = {json.loads(line)["id"] for line in source.read_text(encoding="utf-8").splitlines() if line[0] == "{"}
    kept = store.query("SELECT report_id FROM reports")["report_id"].to_pylist()
    refused = store.query("SELECT source FROM rejects WHERE reason LIKE 'coding failed: RuntimeError%'")["source"]
    assert sorted([*kept, *refused.to_pylist()]) == sorted(given), "an input is lost, or there twice"
    for view in ("reports", "mentions", "rejects"):
        assert _rows(store, view) == _rows(Store(reference), view), f"{view} differ from those of a run without faults"


def _rows(store: Store, view: str) -> list[str]:
    """The rows, whatever part they lie in: a report that could not be coded is tried again, and parts shift by it."""
    return sorted(map(str, store.query(f"FROM {view}").to_pylist()))


def rounds(names: Sequence[str], count: int, first: int = 0) -> Iterator[tuple[str, int, str]]:
    """(fault, round, "sound" or what is wrong) for rounds `first` and on; the number of a round makes its moments."""
    with tempfile.TemporaryDirectory() as scratch:
        source, reference = inputs(Path(scratch) / "reports.jsonl"), Path(scratch) / "reference"
        code(source, reference)
        for name in names:
            for number in range(first, first + count):
                folder = Path(scratch) / f"{name}{number}"
                try:
                    FAULTS[name](source, folder, random.Random(f"{name} {number}"))
                    verify(source, folder, reference)
                    yield name, number, "sound"
                except (AssertionError, Unable) as error:
                    yield name, number, str(error)
                shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="of each fault (default: 20)")
    parser.add_argument("--only", choices=sorted(FAULTS), help="this fault alone")
    given = parser.parse_args()
    wrong = 0
    for name, number, told in rounds([given.only] if given.only else list(FAULTS), given.rounds):
        wrong += told != "sound"
        print(f"{name} {number}: {told}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
