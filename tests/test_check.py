"""Checking a store: a sound one passes, and each thing that can be wrong is named with what to do."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_store import mention, report

from legation.check import check
from legation.cli import checking
from legation.merge import merge
from legation.runner import upkeep
from legation.schema import Reject
from legation.store import Store


def told(store: Store) -> list[tuple[str, str]]:
    return [(fault.where, fault.what) for fault in check(store).faults]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two parts of three reports, one of which repeats another, and a reject; merged."""
    made = Store(tmp_path / "s")
    made.write("a", [report("r1"), report("r2")], [mention("m1", "r1"), mention("m2", "r2")])
    made.write("b", [report("r3")], [], [Reject("x.txt", "empty", 3)], {"r3": ("r1", "exact")})
    merge(made)
    return made


def test_a_sound_store(store: Store) -> None:
    found = check(store)
    assert not found.faults and not found.adding
    events = store.query("FROM events").num_rows
    assert found.counts == {
        "parts": 2, "inputs": 4, "reports": 3, "rejects": 1, "mentions": 2, "events": events, "waiting": 0,
    }  # fmt: skip


def test_a_store_where_nothing_is_yet(tmp_path: Path) -> None:
    assert check(Store(tmp_path / "none")).counts["inputs"] == 0 and not told(Store(tmp_path / "none"))


def test_parts_that_are_not_merged_are_no_fault(store: Store) -> None:
    store.write("c", [report("r4")], [mention("m4", "r4")])
    assert check(store).counts["waiting"] == 1 and not told(store)


def test_a_marker_of_an_earlier_version_has_no_digests(store: Store) -> None:
    marker = store.part_files("a")["done"]
    marker.write_text(json.dumps({"reports": 2, "mentions": 2, "rejects": 0}))
    assert not told(store)
    marker.write_text(json.dumps({"reports": 9, "mentions": 2, "rejects": 0}))
    assert ("reports/a.parquet", "has 2 rows; its marker says 9") in told(store)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["reports", "mentions", "rejects"])
@pytest.mark.parametrize(
    ("damage", "what"), [(cut, "its marker says"), (flip, "other bytes"), (Path.unlink, "is missing")]
)
def test_damaged_files(store: Store, kind: str, damage: Callable[[Path], None], what: str) -> None:
    damage(store.part_files("a")[kind])
    fault = check(store).faults[0]
    assert fault.where == f"{kind}/a.parquet" and what in fault.what and "run the sources of it again" in fault.todo


def test_a_marker_that_tells_nothing(store: Store) -> None:
    cut(store.part_files("a")["done"])
    assert ("done/a.json", "does not tell what the part holds") in told(store)


def test_what_is_there_twice(store: Store) -> None:
    store.write("c", [report("r1")], [mention("m1", "r1")], [Reject("x.txt", "empty", 3)])
    found = told(store)
    assert ("reports", "1 reports are there more than once: r1") in found
    assert ("mentions", "1 mentions are there more than once: m1") in found
    assert ("rejects", "1 rejects are there more than once: x.txt, line 3") in found


def test_a_mention_without_its_report(store: Store) -> None:
    store.write("c", [], [mention("m9", "r9")])
    assert ("mentions", "1 mentions have no report in their part: m9") in told(store)


def test_a_duplicate_of_nothing(store: Store) -> None:
    store.write("c", [report("r5")], [], [], {"r5": ("r0", "near")})
    assert ("reports", "1 repeat a report that is not there: r5 of r0") in told(store)


def test_what_a_run_that_was_stopped_leaves(store: Store) -> None:
    (store.path / "reports" / ".c.parquet.99.draft").write_bytes(b"x")
    store.part_files("b")["done"].rename(store.path / "b.json")
    found = told(store)
    assert ("reports/.c.parquet.99.draft", "is a draft of a run that was stopped") in found
    assert ("reports/b.parquet", "is of no finished part") in found
    with store.adding():
        assert check(store).adding and not [what for _, what in told(store) if "draft" in what]
    upkeep.tidy(store)
    assert not [where for where, _ in told(store) if where.startswith("reports/")]


def test_a_lock_that_a_killed_run_left_is_free(store: Store) -> None:
    (store.path / "adding.lock").write_text("4711")
    assert not check(store).adding
    assert (store.path / "adding.lock").read_text() == ""


def test_a_store_that_may_only_be_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (store.path / "adding.lock").write_text("4711")
    monkeypatch.setattr("legation.check.held", closed)
    assert check(store).adding and not told(store)


def test_markers_that_are_lost_cost_no_report(store: Store) -> None:
    for part in "ab":
        store.part_files(part)["done"].unlink()
    upkeep.tidy(store)
    assert all(store.part_files(part)["reports"].exists() for part in "ab")
    assert ("reports/a.parquet", "is of no finished part") in told(store)


def test_damaged_parts_are_set_aside_until_they_are_replaced(store: Store) -> None:
    cut(store.part_files("a")["mentions"])
    assert upkeep.tidy(store) == ["a"] and store.parts() == ["b"]
    assert ("damaged/a", "was found damaged by a run and set aside") in told(store)
    store.write("a", [report("r1"), report("r2")], [mention("m1", "r1"), mention("m2", "r2")])
    assert not told(store)


def test_events_that_are_not_as_they_should_be(store: Store) -> None:
    manifest = store.path / "events" / "manifest.json"
    before = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(before | {"merged": ["a", "b", "z"]}))
    assert ("events/manifest.json", "names parts that are not there: z") in told(store)
    manifest.write_text("{")
    assert ("events/manifest.json", "does not tell which shards there are") in told(store)
    manifest.write_text(json.dumps(before))
    assert not told(store)
    store.part_files("a")["done"].rename(store.path / "a.json")
    manifest.write_text(json.dumps(before | {"merged": ["b"]}))
    assert ("events", "2 mentions that events tell are not there: m1, m2") in told(store)


def test_mentions_that_are_in_no_event(store: Store) -> None:
    (name,) = store.shards()
    events = store.shard(name)
    assert events is not None
    store.write_events({name: {"events": events.slice(0, 0)}})
    assert ("events", "2 merged mentions are in no event: m1, m2") in told(store)


def test_a_shard_that_cannot_be_read(store: Store) -> None:
    shard = next((store.path / "events").glob("*.parquet"))
    cut(shard)
    ((where, what),) = told(store)
    assert where == f"events/{shard.name}" and "cannot be read" in what


def test_a_file_of_other_columns(store: Store) -> None:
    marker = store.part_files("a")["done"]
    marker.write_text(json.dumps({"reports": 2, "mentions": 2, "rejects": 0}))
    pq.write_table(pq.read_table(store.part_files("a")["reports"]).select(["text"]), store.part_files("a")["reports"])
    assert ("reports/a.parquet", "has other columns than it should: text") in told(store)


def test_a_mention_that_a_person_marked_wrong_is_in_no_event(store: Store) -> None:
    from datetime import UTC, datetime

    store.correct("m1", "wrong", True, by="a reader", at=datetime(2024, 6, 1, tzinfo=UTC))
    assert not told(store)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_byte_that_is_changed_is_seen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    made = Store(tmp_path_factory.mktemp("s"))
    made.write("a", [report()], [mention()], [Reject("x", "empty")])
    path = made.part_files("a")[data.draw(st.sampled_from(["reports", "mentions", "rejects"]))]
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert check(made).faults


# The command. -----------------------------------------------------------------------------------------------------


def test_the_command(store: Store) -> None:
    done = CliRunner().invoke(checking.check, ["--store", str(store.path)])
    assert done.exit_code == 0 and "4 inputs in 2 parts: 3 reports, 1 rejects; 2 mentions" in done.stdout
    assert done.stdout.endswith("every input is there exactly once\n")
    cut(store.part_files("a")["reports"])
    done = CliRunner().invoke(checking.check, ["--store", str(store.path)])
    assert done.exit_code == 1 and "reports/a.parquet has" in done.stdout and done.stdout.endswith("2 faults\n")
    done = CliRunner().invoke(checking.check, ["--store", str(store.path), "--json"])
    answer = json.loads(done.stdout)
    assert done.exit_code == 1 and not answer["sound"] and answer["faults"][0]["where"] == "reports/a.parquet"


def test_the_command_on_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    done = CliRunner().invoke(checking.check, ["--store", str(tmp_path)])
    assert done.exit_code == 1 and "is no Legation store" in done.stderr


def test_a_report_may_repeat_one_of_another_part(store: Store) -> None:
    store.write("c", [replace(report("r7"), title="Again")], [], [], {"r7": ("r2", "near")})
    assert not told(store)
