"""Engines: one makes the same store as another, byte for byte, from files, folders and object storage; and what they
say where they cannot."""

import gzip
import importlib.util
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from test_runner import Fake, files, report

from legation import cli, ingest, runner
from legation.ingest import Input
from legation.runner import cluster, step
from legation.runner.cluster import Cluster, ClusterError
from legation.schema import Reject, Report
from legation.store import Store

RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not RAY, reason="Ray is not installed: pip install 'legation[ray]'")


@pytest.fixture(scope="module")
def started() -> Iterator[None]:
    """A Ray of two processors on this machine, for all tests here; its processes know the coders of these tests."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


PAGE = (
    b"<html><head><title>Talks</title></head><body><article><p>Peru and Chile met on Friday, they said.</p></article>"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with a file of every kind, among them bad ones."""
    folder = tmp_path / "archive"
    (folder / "inner").mkdir(parents=True)
    lines = [json.dumps({"id": r.report_id, "text": r.text, "published": "2024-05-01"}) for r in map(report, range(90))]
    (folder / "a.jsonl").write_text("\n".join([*lines[:50], "not JSON", lines[3]]))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[40:70]).encode()))
    rows = [report(n) for n in range(70, 80)]
    table = pa.table({"id": [r.report_id for r in rows], "text": [r.text for r in rows]})
    pq.write_table(table, folder / "inner" / "c d#e%.parquet")
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nWARC-Date: 2024-05-01T00:00:00Z\r\n"
    )
    head += b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n" % len(http)
    (folder / "inner" / "f.warc.gz").write_bytes(gzip.compress(head + http + b"\r\n\r\n"))
    (folder / "g.txt").write_text(report(81).text)
    (folder / "h.pages").write_text("odd")
    (folder / ".hidden.txt").write_text("Peru met Chile.")
    return folder


# Where files lie. -------------------------------------------------------------------------------------------------


def test_object_storage_is_read_as_a_disk_is(archive: Path) -> None:
    here, there = list(ingest.reports(archive)), list(ingest.reports(archive.as_uri()))
    assert len(here) == len(there) > 90

    def content(items: list[Report | Reject]) -> list[object]:
        return [(i.report_id, i.text) if isinstance(i, Report) else i.reason for i in items]

    assert content(here) == content(there)
    assert [str(archive / "h.pages"), f"{archive.as_uri()}/h.pages"] == [
        next(i.source for i in items if isinstance(i, Reject) and i.source.endswith("pages")) for items in (here, there)
    ]


def test_one_file_of_object_storage(archive: Path) -> None:
    (one,) = ingest.inputs((archive / "g.txt").as_uri())
    assert isinstance(one, Input) and (one.identity, one.size) == ("g.txt", (archive / "g.txt").stat().st_size)
    assert list(ingest.reports(one)) == list(ingest.reports(archive / "g.txt"))


def test_files_of_a_folder_may_be_read_one_by_one(archive: Path) -> None:
    for source in (archive, archive.as_uri()):
        apart = [item for found in ingest.inputs(source) for item in ingest.reports(found)]  # type: ignore[arg-type]
        assert apart == list(ingest.reports(source))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("file:///no/such/file.jsonl", "No such file"),
        ("s3://", "bucket"),
        ("file://relative/path.txt", ""),
        ("viewfs://", ""),
    ],
)
def test_an_address_where_nothing_is(address: str, reason: str) -> None:
    (reject,) = ingest.reports(address)
    assert isinstance(reject, Reject) and reject.source == address and reason in reject.reason and reject.reason


def test_an_empty_folder_of_object_storage(tmp_path: Path) -> None:
    assert list(ingest.reports(tmp_path.as_uri())) == [Reject(tmp_path.as_uri(), "no files in the folder")]


# The step. --------------------------------------------------------------------------------------------------------


class Dying:
    """An engine whose process dies of one report, and once of another that is not to blame."""

    workers = 1

    def __init__(self, *guilty: str) -> None:
        self.guilty, self.unlucky = set(guilty), True

    def alone(self, reports: list[Report]) -> step.Coded:
        if self.guilty & {r.report_id for r in reports}:
            raise step.WorkerLostError
        if self.unlucky and len(reports) == 1:
            self.unlucky = False
            raise step.WorkerLostError
        return step.Coded([[] for _ in reports], len(reports))


def test_only_the_report_that_kills_is_rejected() -> None:
    reports = [report(n) for n in range(5)]
    told = step.again(Dying("r003"), reports)  # type: ignore[arg-type]
    assert [isinstance(result, Reject) for result in told.results] == [False, False, False, True, False]
    assert told.sentences == 4


def test_inputs_are_grouped_by_size() -> None:
    sizes = [10, 70_000_000, 1, 1, 63_999_999, 5]
    groups = list(cluster._groups(Input(str(n), "", size) for n, size in enumerate(sizes)))
    assert [[int(source.name) for source in group if isinstance(source, Input)] for group in groups] == [
        [0, 1],
        [2, 3, 4],
        [5],
    ]


def test_another_version_on_a_node_is_refused() -> None:
    with pytest.raises(ClusterError, match="install the same on all"):
        cluster._coded("0.0.0", Fake, [])


def test_a_session_runs_again_and_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    with runner.Session(store, workers=1, coder=Fake) as session:
        first = session.run(["x"], read=lambda _: map(report, range(30)))
        second = session.run(["x"], read=lambda _: map(report, range(20, 40)))
    assert (first.reports, second.reports, second.known) == (30, 10, 10)
    assert store.query("FROM reports").num_rows == 40


def test_what_a_failed_run_took_is_new_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "s")
    with runner.Session(store, workers=1, coder=Fake) as session:
        with monkeypatch.context() as broken:
            broken.setattr(store, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space"):
                session.run(["x"], read=lambda _: map(report, range(10)))
        assert session.run(["x"], read=lambda _: map(report, range(10))).reports == 10


# Ray. -------------------------------------------------------------------------------------------------------------


@needs_ray
def test_both_engines_make_the_same_store(archive: Path, tmp_path: Path, started: None) -> None:
    local, ray = Store(tmp_path / "local"), Store(tmp_path / "ray")
    sources: list[step.Source] = [archive, str(tmp_path / "gone.txt"), (archive / "g.txt").as_uri()]
    seen: list[list[Reject]] = [[], []]
    one = runner.run(sources, local, coder=Fake, workers=2, part_size=20, rejected=seen[0].append)
    other = runner.run(sources, ray, coder=Fake, part_size=20, rejected=seen[1].append, engine=Cluster)
    assert one == other and seen[0] == seen[1] and one.reports > 80 and one.rejects == 3
    assert files(local) == files(ray)
    again = runner.run(sources, ray, coder=Fake, part_size=20, engine=Cluster)
    assert (again.reports, again.known) == (0, one.reports + one.known) and files(local) == files(ray)


@needs_ray
def test_relative_paths_are_those_of_the_run(
    archive: Path, tmp_path: Path, started: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive)
    assert runner.run(["g.txt"], Store(tmp_path / "s"), coder=Fake, engine=Cluster).reports == 1


@needs_ray
def test_a_report_that_kills_a_ray_worker_costs_itself_alone(tmp_path: Path, started: None) -> None:
    items = [*map(report, range(3)), report(3, "Words that kill the process were said on Monday."), report(4)]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"id": r.report_id, "text": r.text}) for r in items))
    tally = runner.run([tmp_path / "a.jsonl"], Store(tmp_path / "s"), coder=Fake, engine=Cluster)
    assert (tally.reports, tally.rejects) == (4, 1)
    (row,) = Store(tmp_path / "s").query("FROM rejects").to_pylist()
    assert row["source"] == "r003" and "process died" in row["reason"]


class Missing:
    """A coder whose weights are gone."""

    def __init__(self) -> None:
        raise FileNotFoundError("weights/encode.onnx")


@needs_ray
def test_a_coder_that_cannot_start_on_ray_ends_the_run(tmp_path: Path, started: None) -> None:
    (tmp_path / "a.txt").write_text(report(1).text)
    with pytest.raises(FileNotFoundError, match=r"encode\.onnx"):
        runner.run([tmp_path / "a.txt"], Store(tmp_path / "s"), coder=Missing, engine=Cluster)


# The command. -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--address", "a:1"], "give --engine ray"), (["--engine", "ray", "--address", "a:1", "--workers", "2"], "alone")],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: list[str], told: str) -> None:
    done = CliRunner().invoke(cli.main, ["run", "x.txt", "--store", str(tmp_path / "s"), *options])
    assert done.exit_code == 2 and told in done.stderr


def test_without_ray_the_engine_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    done = CliRunner().invoke(cli.main, ["run", "x.txt", "--store", str(tmp_path / "s"), "--engine", "ray"])
    assert done.exit_code == 1 and "pip install 'legation[ray]'" in done.stderr and not (tmp_path / "s").exists()


@needs_ray
def test_no_cluster_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)  # another test's Ray may run in this process
    with pytest.raises(ClusterError, match=r"no Ray cluster at 127\.0\.0\.1:9"):
        partial(Cluster, address="127.0.0.1:9")(Fake)
