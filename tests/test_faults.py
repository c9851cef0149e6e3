"""After a fault, every input is in the store once or among its rejects, and the store is sound: one round of each here,
twenty by `python -m evals.faults`."""

import errno
import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest
from evals import faults
from test_runner import Fake, report

from legation import runner
from legation.check import check
from legation.schema import Report
from legation.store import BusyError, Store

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and kills processes as Linux does")


@linux
@pytest.mark.parametrize("fault", ["worker", "driver", "cut", "two"])
def test_a_fault_loses_nothing_and_doubles_nothing(fault: str) -> None:
    assert list(faults.rounds([fault], 1)) == [(fault, 0, "sound")]


@linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_disk_that_is_full() -> None:
    assert list(faults.rounds(["disk"], 1)) == [("disk", 0, "sound")]


@linux
@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed: pip install 'legation[ray]'")
def test_a_ray_worker_and_a_ray_node_are_lost() -> None:
    assert list(faults.rounds(["ray"], 1)) == [("ray", 0, "sound")]


def test_a_disk_that_is_full_at_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for those who are not root: each write of a file fails once."""
    from legation import files

    store, sync, count = Store(tmp_path / "s"), files.sync, 0

    def run() -> None:
        runner.run(["x"], store, read=lambda _: map(report, range(30)), coder=Fake, workers=1, part_size=10)

    for fails_at in range(1, 40):
        count = 0

        def full(path: Path, fails_at: int = fails_at) -> None:
            nonlocal count
            count += 1
            if count == fails_at:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            sync(path)

        monkeypatch.setattr("legation.files.sync", full)
        monkeypatch.setattr("legation.store.sync", full)
        try:
            run()
        except OSError as error:
            assert error.errno == errno.ENOSPC
        else:
            break
        assert not [f for f in check(Store(tmp_path / "s")).faults if "no finished part" not in f.what]
    assert fails_at > 2
    monkeypatch.undo()
    run()
    assert not check(store).faults
    assert sorted(store.query("FROM reports")["report_id"].to_pylist()) == [f"r{n:03}" for n in range(30)]


def test_a_second_run_is_told_and_the_lock_goes_with_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")

    def meanwhile(_: object) -> list[Report]:
        with pytest.raises(BusyError, match=rf"another process adds.*{os.getpid()}.*wait until it is done"):
            runner.run(["x"], store, coder=Fake, workers=1)
        return [report(1)]

    runner.run(["x"], store, read=meanwhile, coder=Fake, workers=1)
    assert runner.run(["x"], store, read=lambda _: [report(2)], coder=Fake, workers=1).reports == 1


def test_what_repeats_a_report_that_could_not_be_coded_is_not_left_to_it(tmp_path: Path) -> None:
    store, text = Store(tmp_path / "s"), "Words that crash the coder were said on Monday in both houses."
    items = [report(1, text), report(2), report(3, text)]
    tally = runner.run(["x"], store, read=lambda _: items, coder=Fake, workers=1)
    assert (tally.reports, tally.rejects, tally.duplicates) == (1, 2, 0) and not check(store).faults


def test_a_run_that_was_killed_goes_on_to_the_same_marks_of_duplicates(tmp_path: Path) -> None:
    items = [report(n // 2 if n % 3 else n + 100) for n in range(60)]
    items = [Report(f"i{n:02}", item.text) for n, item in enumerate(items)]
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    for store, some in ((whole, [60]), (broken, [20, 30, 60])):
        for count in some:
            runner.run(["x"], store, read=lambda _, n=count: items[:n], coder=Fake, workers=1, part_size=10)
    marks = "SELECT report_id, duplicate_of, duplicate_kind FROM reports ORDER BY ALL"
    assert whole.query(marks).to_pylist() == broken.query(marks).to_pylist()
    assert whole.query("FROM reports WHERE duplicate_of IS NOT NULL").num_rows == 10


def test_memory_for_duplicates_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from legation.runner import intake

    monkeypatch.setattr(intake, "WINDOW", 20)
    recent = intake._Recent(Store(tmp_path / "s"))
    assert not any(recent.mark(report(n)) for n in range(100))
    assert len(recent._older._seen) <= 20 and len(recent._newer._seen) <= 10
    assert recent.mark(Report("again", report(95).text)) == ("r095", "exact")
    assert recent.mark(Report("third", report(95).text)) == ("r095", "exact")
    assert recent.mark(Report("old", report(5).text)) is None
    for n in range(100, 112):
        recent.mark(report(n))
    assert recent.mark(Report("fourth", report(95).text)) == ("r095", "exact")


def test_a_marker_without_sizes_is_of_an_earlier_version(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    runner.run(["x"], store, read=lambda _: [report(1)], coder=Fake, workers=1)
    done = store.part_files(store.parts()[0])["done"]
    done.write_text(json.dumps({k: v for k, v in json.loads(done.read_text()).items() if k not in ("bytes", "sha256")}))
    assert runner.run(["x"], store, read=lambda _: [report(1)], coder=Fake, workers=1).known == 1
