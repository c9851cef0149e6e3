"""The runner: the same sources make the same store, twice over nothing doubles, and one report never costs the run."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from legation import runner
from legation.schema import Mention, Reject, Report, Span
from legation.store import Store

STORIES = [
    "Foreign ministers of both countries met in Vienna on Tuesday to talk about the border dispute. ",
    "Police arrested nine protesters outside the parliament on Sunday, a spokesman said. ",
    "The government will send an envoy to the neighbouring capital next week to discuss trade. ",
    "Rebels attacked an army post in the north of the country overnight and killed two soldiers. ",
]


def report(n, text=None):
    story = text or STORIES[n % len(STORIES)] + f"It was meeting number {n} of {n * n + 7} such events in district {n}."
    return Report(f"r{n:03}", story, url=f"https://news.example/{n}", published=date(2024, 5, 1))


class Fake:
    """Codes the first word of a report as a deed; stands in for the coder, and fails where a report tells it to."""

    def code(self, report):
        if "crash the coder" in report.text:
            raise RuntimeError("trigger outside its sentence")
        if "kill the process" in report.text:
            os._exit(9)
        end = report.text.index(" ")
        first = Span(0, end, report.text[:end])
        sentence = Span(0, len(report.text), report.text)
        name = hashlib.sha256(report.report_id.encode()).hexdigest()[:12]
        nothing = dict.fromkeys(("plover", "cameo", "quad", "goldstein", "when", "where", "killed", "injured"))
        empty = dict.fromkeys(("modes", "contexts", "sources", "targets", "claimants"), ())
        told = {"deed": "CONSULT", "status": "actual", "confidence": 0.5, "coder": "fake"}
        return [Mention(name, report.report_id, sentence, first, **told, **nothing, **empty)]


class Broken:
    def __init__(self):
        raise FileNotFoundError("weights/encode.onnx")


def run(store, items, **options):
    return runner.run(["items"], store, **{"coder": Fake, "read": lambda source: items, "workers": 1} | options)


def files(store):
    return {str(path.relative_to(store.path)): path.read_bytes() for path in store.path.rglob("*") if path.is_file()}


def column(store, view, name):
    return sorted(store.query(f"FROM {view}")[name].to_pylist())


def test_the_same_store_whatever_the_number_of_workers(tmp_path):
    items = [*map(report, range(50)), Reject("feed.xml", "no text", 7), report(3)]
    one, three = Store(tmp_path / "one"), Store(tmp_path / "three")
    tally = run(one, items, part_size=15)
    assert run(three, items, part_size=15, workers=3) == tally
    assert (tally.reports, tally.mentions, tally.rejects, tally.known) == (50, 50, 1, 1)
    assert tally.sentences == 100
    assert len(one.parts()) == 4
    assert files(one) == files(three)


def test_a_second_run_leaves_what_is_there(tmp_path):
    store = Store(tmp_path / "s")
    items = [
        *map(report, range(12)),
        Reject("feed.xml", "no text", 7),
        report(98, "Please crash the coder on Monday now."),
    ]
    run(store, items, part_size=5)
    before = files(store)
    tally = run(store, items, part_size=5)
    assert (tally.reports, tally.known, tally.rejects, tally.mentions) == (0, 12, 2, 0)
    assert files(store) == before


def test_a_longer_source_adds_only_what_is_new(tmp_path):
    store = Store(tmp_path / "s")
    run(store, [*map(report, range(7))], part_size=5)
    tally = run(store, [report(90), *map(report, range(14))], part_size=5)
    assert (tally.reports, tally.known) == (8, 7)
    assert column(store, "reports", "report_id") == sorted({f"r{n:03}" for n in (*range(14), 90)})
    assert store.query("FROM mentions").num_rows == 15


def test_a_report_that_crashes_the_coder_costs_itself_alone(tmp_path):
    store = Store(tmp_path / "s")
    items = [
        *map(report, range(5)),
        report(5, "Words that crash the coder were said on Monday."),
        *map(report, range(6, 10)),
    ]
    tally = run(store, items)
    assert (tally.reports, tally.rejects, tally.mentions) == (9, 1, 9)
    assert store.query("FROM rejects").to_pylist() == [
        {"source": "https://news.example/5", "line": None,
         "reason": "coding failed: RuntimeError: trigger outside its sentence"}
    ]  # fmt: skip
    assert "r005" not in column(store, "reports", "report_id")


def test_a_report_that_kills_the_process_costs_itself_alone(tmp_path):
    store = Store(tmp_path / "s")
    items = [
        *map(report, range(3)),
        report(3, "Words that kill the process were said on Monday."),
        *map(report, range(4, 50)),
    ]
    tally = run(store, items, workers=2, part_size=25)
    assert (tally.reports, tally.rejects, tally.mentions) == (49, 1, 49)
    (row,) = store.query("FROM rejects").to_pylist()
    assert row["source"] == "https://news.example/3" and "process died" in row["reason"]


def test_what_cannot_be_kept_or_read_is_rejected_with_the_reason(tmp_path):
    store = Store(tmp_path / "s")
    items = [
        report(0),
        replace(report(2), title="half \ud800 a pair"),
        replace(report(0), text=STORIES[1]),
        Reject("na\udcefve.html", "unreadable"),
    ]
    tally = run(store, items)
    reasons = dict(zip(column(store, "rejects", "source"), column(store, "rejects", "reason"), strict=False))
    assert (tally.reports, tally.rejects) == (1, 3)
    told = " ".join(column(store, "rejects", "reason"))
    for words in ("surrogate", "id, r000, is that of another report", "unreadable"):
        assert words in told
    assert "na\\udcefve.html" in reasons


def test_a_report_in_another_language_is_kept_and_not_coded(tmp_path):
    store = Store(tmp_path / "s")
    german = (
        "Die Außenminister beider Länder trafen sich am Dienstag in Wien, um über den Streit an der Grenze zu sprechen."
    )
    tally = run(store, [report(0), report(1, german)])
    assert (tally.reports, tally.foreign, tally.rejects, tally.mentions) == (2, 1, 0, 1)
    assert sorted(column(store, "reports", "language")) == ["de", "en"]


def test_exact_duplicates_are_kept_but_not_coded_again(tmp_path):
    store = Store(tmp_path / "s")
    wire = report(1).text
    tally = run(store, [report(1), report(2, wire), report(3)])
    assert (tally.reports, tally.duplicates, tally.mentions) == (3, 1, 2)
    later = run(store, [report(4, wire)])
    assert (later.reports, later.duplicates, later.mentions) == (1, 1, 0)
    rows = store.query("SELECT report_id, duplicate_of, duplicate_kind FROM reports WHERE duplicate_of IS NOT NULL")
    assert sorted(tuple(row.values()) for row in rows.to_pylist()) == [
        ("r002", "r001", "exact"),
        ("r004", "r001", "exact"),
    ]


def test_progress_is_told_as_it_goes(tmp_path):
    seen = []
    run(
        Store(tmp_path / "s"),
        [*map(report, range(45))],
        part_size=45,
        progress=lambda tally: seen.append(tally.sentences),
    )
    assert seen == [40, 80, 90, 90]


def test_nothing_in_nothing_out(tmp_path):
    store = Store(tmp_path / "s")
    assert run(store, []) == runner.Tally()
    assert not store.path.exists()


def test_a_coder_that_cannot_start_ends_the_run(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"encode\.onnx"):
        run(Store(tmp_path / "s"), [report(1)], coder=Broken)


def test_a_full_disk_ends_the_run_and_keeps_finished_parts(tmp_path, monkeypatch):
    store = Store(tmp_path / "s")
    write = store.write

    def full(*given):
        if store.parts():
            raise OSError(28, "No space left on device")
        write(*given)

    monkeypatch.setattr(store, "write", full)
    with pytest.raises(OSError, match="No space left"):
        run(store, [*map(report, range(10))], part_size=5)
    assert len(store.parts()) == 1
    monkeypatch.undo()
    assert run(store, [*map(report, range(10))], part_size=5).reports == 5


SLOW_RUN = """
    import sys, time
    sys.path.insert(0, {tests!r})
    import test_runner
    from legation import runner
    from legation.store import Store

    def endless(source):
        for n in range(100_000):
            yield test_runner.report(n)

    if __name__ == "__main__":
        runner.run(["x"], Store({store!r}), coder=test_runner.Fake, read=endless, workers=2, part_size=20)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_finished_parts_and_no_processes(tmp_path, number):
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW_RUN.format(tests=str(Path(__file__).parent), store=str(tmp_path / "s"))))
    process = subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, start_new_session=True, text=True)
    try:
        end = time.monotonic() + 180
        while len(list((tmp_path / "s" / "done").glob("*.json"))) < 3:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: to the workers too
        else:
            process.kill()
        stderr = process.communicate(timeout=30)[1]
    finally:
        process.kill()
    assert process.returncode == -number
    if number == signal.SIGINT:
        assert stderr.count("Traceback") == 1 and "KeyboardInterrupt" in stderr
    store = Store(tmp_path / "s")
    reports = store.query("FROM reports").num_rows
    assert reports == 20 * len(store.parts()) == store.query("FROM mentions").num_rows
    assert _gone(process.pid)


def _gone(group):
    """Whether no process of the group is left within some seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
