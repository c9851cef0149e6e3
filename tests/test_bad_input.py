"""What a report may be that is none, and what a disk, a terminal or a hand may do to a run: end to end."""

import csv
import errno
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from legation import clean, cli, read
from legation.coder import Coder
from legation.schema import SCHEMA_VERSION
from legation.store import Store

PROGRAM = [sys.executable, "-c", "from legation.cli import main; main()"]
MET = "North Korean envoy Choe Ryong Hae met Russian President Vladimir Putin in Moscow on Tuesday, Tass said."
CODER = Coder()
Legation = Callable[..., Result]
posix = pytest.mark.skipif(os.name == "nt", reason="signals, limits and devices of POSIX")


@pytest.fixture
def legation(monkeypatch: pytest.MonkeyPatch) -> Legation:
    """The command line with the real coder, loaded once for all tests."""
    monkeypatch.setattr("legation.coder.Coder", lambda: CODER)
    return lambda *args, **options: CliRunner().invoke(cli.main, [str(arg) for arg in args], **options)


def started(*args: object, program: Sequence[str] = PROGRAM, **options: Any) -> "subprocess.Popen[str]":
    """The command line as a process."""
    command = [*program, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def again(*args: object) -> str:
    """What the command line says that goes through."""
    result = CliRunner().invoke(cli.main, [str(arg) for arg in args])
    assert result.exit_code == 0
    return result.stdout


def records(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    return path


def parsed(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.split("\n") if line]


def spans(value: Any) -> Iterator[dict[str, Any]]:
    """Every span in a mention as JSON tells it."""
    if isinstance(value, dict):
        if "text" in value and isinstance(value.get("start"), int):
            yield value
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from spans(inner)


def told(text: str, mentions: list[dict[str, Any]]) -> list[str]:
    """The triggers, once every span is seen to be of the text."""
    for span in spans(mentions):
        assert text[span["start"] : span["end"]] == span["text"]
    return [mention["trigger"]["text"] for mention in mentions]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Files ------------------------------------------------------------------------------------------------------------

SOUND = {
    "nul.txt": f"{MET}\x00 {MET}".encode(),
    "table.txt": (MET + "\n\nCountry | 2013 | 2014\nChad | 12 | 14\nSudan\t9\t10\n").encode(),
    "broken.txt": (f"L’envoyé à l’Élysée. {MET} " * 9).encode() + b"\xe2\x80 in Gen\xc3\xa8ve, too.",
}
UNSOUND = {
    "empty.txt": (b"", "empty"),
    "binary.txt": (bytes(range(32)) * 99, "binary data"),
    "other.txt": (bytes(range(128, 256)) * 20, "neither UTF-8 nor Western"),
    "script.html": (b"<!doctype html><html><body><script>say('Chad met Sudan')</script></body></html>", "no article"),
    "odd.pages": (b"Chad met Sudan.", "a kind of file that is not read"),
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name, data in SOUND.items() | {name: data for name, (data, _) in UNSOUND.items()}.items():
        (folder / name).write_bytes(data)
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(50_000_000)
    (folder / "lines.jsonl").write_bytes(
        b'{"id": "a", "text": "%s"}\n{"id": "b", "text": \n{"id": "c", "text": "%s"}\n' % (MET.encode(), MET.encode())
    )
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere")
    return folder


@posix
def test_a_run_over_anything_keeps_the_sound_and_names_the_rest(archive: Path, tmp_path: Path) -> None:
    command = ("run", archive, "--store", tmp_path / "s", "--workers", 1)
    first = started(*command)
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0 and "Traceback" not in err
    assert "5 reports" in out and f"{len(UNSOUND) + 3} rejects" in out
    store = Store(tmp_path / "s")
    rejects = {Path(row["source"]).name: row for row in store.query("FROM rejects").to_pylist()}
    expected = {name: reason for name, (_, reason) in UNSOUND.items()}
    expected |= {"huge.txt": "too large", "lines.jsonl": "malformed JSON", "gone.txt": "No such file"}
    assert rejects.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in rejects[name]["reason"]
    assert rejects["lines.jsonl"]["line"] == 2
    before = content(store.path)
    assert "5 reports known before" in again(*command)
    assert content(store.path) == before
    texts = {report.report_id: report.text for report in store.reports()}
    rows = [json.loads(line) for line in again("mentions", "--store", store.path, "--json").split("\n") if line]
    table = list(csv.DictReader(io.StringIO(again("mentions", "--store", store.path, "--csv"), newline="")))
    assert [row["mention_id"] for row in rows] == [row["mention_id"] for row in table]
    assert len(rows) >= 5
    for row, cells in zip(rows, table, strict=True):
        told(texts[row["report_id"]], [row])
        assert cells["sentence"] == row["sentence"]["text"] and float(cells["confidence"]) == row["confidence"]


def test_a_run_of_nothing_sound_exits_with_1(tmp_path: Path) -> None:
    for name, (data, _) in UNSOUND.items():
        (tmp_path / name).write_bytes(data)
    result = CliRunner().invoke(cli.main, ["run", *(str(tmp_path / n) for n in UNSOUND), "--store", f"{tmp_path}/s"])
    assert result.exit_code == 1 and result.stderr.count("\n") == len(UNSOUND) + 1
    assert Store(tmp_path / "s").query("FROM rejects").num_rows == len(UNSOUND)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no file is closed to this user")
def test_a_file_that_may_not_be_read(legation: Legation, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(MET)
    (tmp_path / "secret.txt").chmod(0)
    for command in ("read", "code"):
        result = legation(command, tmp_path / "secret.txt")
        assert result.exit_code == 1 and "secret.txt" in result.stderr and "Permission denied" in result.stderr


@pytest.mark.parametrize("name", ["", "none/a.txt", "x" * 300])
def test_a_path_to_nowhere(legation: Legation, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(MET)  # an empty name is not the folder that one stands in
    assert legation("read", name).exit_code == 1
    with pytest.raises(ValueError, match=f"^{name}: "):
        next(read(name))


def test_a_store_is_not_its_own_source(legation: Legation, tmp_path: Path) -> None:
    records(tmp_path / "a.jsonl", [MET])
    result = legation("run", tmp_path, "--store", tmp_path / "s")
    assert result.exit_code == 2 and "lies in the source" in result.stderr and not (tmp_path / "s").exists()


def test_a_store_of_a_newer_version_is_left_alone(legation: Legation, tmp_path: Path) -> None:
    store = tmp_path / "s"
    store.mkdir()
    (store / "store.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1}))
    before, source = content(store), records(tmp_path / "a.jsonl", [MET])
    for command in (("events",), ("rejects",), ("run", source)):
        result = legation(*command, "--store", store)
        assert result.exit_code == 1 and str(store) in result.stderr and "upgrade Legation" in result.stderr
    assert content(store) == before


# Text -------------------------------------------------------------------------------------------------------------


def test_one_sentence_of_ten_thousand_words(legation: Legation) -> None:
    text = "The envoy of Chad met " + "the men and the women of the land and " * 1100 + "attacked the army of Sudan."
    (answer,) = parsed(legation("code", "-", input=json.dumps({"id": 1, "text": text})).stdout)
    assert told(text, answer["mentions"])


STRANGE = [
    MET.replace("a", "a\N{COMBINING ACUTE ACCENT}" * 3),
    "\N{RIGHT-TO-LEFT OVERRIDE}" + MET + "\N{RIGHT-TO-LEFT MARK} قال الرئيس",
    "🇰🇵 envoy 🤝 " + MET + " 👩‍👩‍👧‍👦 attacked 💥 Chad.",
    "\N{ZERO WIDTH SPACE}".join(MET),
    MET + " half \ud800 a pair",
    MET + "\x00\x1b[2J\x85\u2028\u2029" + MET,
    MET + " " + "a" * 100_000,
    MET + "\n" * 100_000 + MET,
    MET + " " * 100_000 + MET,
    MET + "." * 100_000 + MET,
    MET + ".!?" * 2_000,
    "Ab-" * 1_000 + " " + MET,
    "Mr. " * 1_000 + MET,
    (MET + "\n") * 9 + "The plan:\n" + "- Ab\n" * 2_000,
]


def test_strange_text_is_coded_and_none_takes_long(legation: Legation) -> None:
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(STRANGE))
    begun = time.process_time()
    result = legation("code", "-", input=lines)
    assert time.process_time() - begun < 30
    answers = parsed(result.stdout)
    assert result.exit_code == 0 and result.stderr == "" and [answer["id"] for answer in answers] == [*range(14)]
    for answer, text in zip(answers, STRANGE, strict=True):
        triggers = told(text.replace("\ud800", "\N{REPLACEMENT CHARACTER}"), answer["mentions"])
        assert "met" in triggers or answer["id"] in (0, 3)


def test_lines_as_windows_writes_them(legation: Legation) -> None:
    lines = ["\ufeff" + json.dumps({"id": 1, "text": MET}), "", json.dumps({"id": 1, "text": MET, "title": ""}), "null"]
    lines += [f'{{"id": 2, "text": "{MET}\u2028{MET}\u0085"}}', json.dumps({"id": 1.5, "text": MET}), '{"id": "1"}']
    result = legation("code", "-", input="\r\n".join(lines).encode())
    answers = parsed(result.stdout)
    assert [answer["id"] for answer in answers] == [1, None, 1, None, 2, None, "1"]
    assert ["error" in answer for answer in answers] == [False, True, False, True, False, True, True]
    assert answers[0] == answers[2]


@pytest.mark.parametrize("day", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_date_that_a_program_left_unset_is_none(legation: Legation, tmp_path: Path, day: str) -> None:
    item = f"<item><title>Talks</title><description>{MET}</description><pubDate>{day}</pubDate></item>"
    (tmp_path / "a.xml").write_text(f"<rss version='2.0'><channel><title>News</title>{item}</channel></rss>")
    (tmp_path / "b.txt").write_text(f"Posted: {day[:10]}\n\n{MET}\n")
    for name in ("a.xml", "b.txt"):
        result = legation("read", "--json", tmp_path / name)
        (report,) = parsed(result.stdout)
        assert report["published"] is None and report["mentions"] and result.stderr == ""


# Disks, terminals and hands ---------------------------------------------------------------------------------------


SMALL_DISK = """
import resource, signal
from legation.clean import language
from legation.cli import main

language("It unpacks its model into a temporary file, before the disk is small.")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (24_000, 24_000))
main()
"""


def on_a_small_disk(*args: object) -> "subprocess.Popen[str]":
    """The command line as a process none of whose files may grow beyond 24 kB."""
    return started(*args, program=[sys.executable, "-c", SMALL_DISK])


@posix
def test_a_disk_that_fills_up_in_a_run(tmp_path: Path) -> None:
    chance = random.Random(1)
    german = [
        f"Der Minister traf den Gesandten in Wien und nannte ihm nach dem Gespräch die Zahl {chance.getrandbits(999)}."
        for _ in range(500)
    ]
    source, store = records(tmp_path / "a.jsonl", [MET] * 500 + german), Store(tmp_path / "s")
    command = ("run", source, "--store", store.path, "--workers", 1)
    process = on_a_small_disk(*command)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1 and out == ""
    assert err.startswith(f"legation: {store.path}: ") and err.endswith("File too large\n") and err.count("\n") == 1
    assert len(store.parts()) == 1 and store.query("FROM reports").num_rows == 500
    assert len(content(store.path)) == 6  # store.json, the lock and the four files of a part
    assert "500 reports known before" in again(*command)
    assert store.query("SELECT DISTINCT report_id FROM reports").num_rows == 1000


@posix
def test_a_disk_that_fills_up_under_code_keeps_what_was_there(tmp_path: Path) -> None:
    source, out = records(tmp_path / "a.jsonl", [MET] * 40), tmp_path / "out.jsonl"
    out.write_text("earlier\n")
    process = on_a_small_disk("code", source, "--out", out)
    assert process.communicate(timeout=120)[1] == f"legation: {out} cannot be written: File too large\n"
    assert process.returncode == 1
    assert content(tmp_path) == {"a.jsonl": source.read_bytes(), "out.jsonl": b"earlier\n"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["code", "read"])
def test_a_full_disk_under_standard_output(tmp_path: Path, command: str) -> None:
    source = records(tmp_path / "a.jsonl", [MET])
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([*PROGRAM, command, source], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.stderr == "legation: standard output: No space left on device\n"
    assert result.returncode == 1


def test_a_full_folder_for_temporary_files_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*given: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("py3langid.langid.LanguageIdentifier.from_model_file", full)
    clean._identifier.cache_clear()
    result = CliRunner().invoke(cli.main, ["read", str(records(tmp_path / "a.jsonl", [MET]))])
    assert result.exit_code == 1 and "unpacked in the temporary folder: [Errno 28]" in result.stderr


@posix
def test_ctrl_c_in_a_run_and_the_same_command_again(tmp_path: Path) -> None:
    source, store = records(tmp_path / "a.jsonl", [MET] * 1600), Store(tmp_path / "s")
    command = ("run", source, "--store", store.path, "--workers", 1)
    process = started(*command, start_new_session=True)
    while not store.parts():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and out == ""
    assert err.splitlines() == [
        f"legation: {store.path} keeps what is finished; the same command goes on from there",
        "legation: stopped",
    ]
    kept = store.query("FROM reports").num_rows
    assert kept in (500, 1000, 1500)
    assert f"{kept:,} reports known before" in again(*command)
    assert store.query("SELECT DISTINCT report_id FROM reports").num_rows == 1600
    assert store.query("FROM reports").num_rows == 1600
    assert {row["report_id"] for row in store.mentions().to_pylist()} == {"0"}


@posix
def test_two_readers_while_a_run_writes(tmp_path: Path) -> None:
    source, place = records(tmp_path / "a.jsonl", [MET] * 600), tmp_path / "s"
    process = started("run", source, "--store", place, "--workers", 1)
    seen: list[list[int]] = [[], []]

    def watch(counts: list[int]) -> None:
        while process.poll() is None:
            if (place / "store.json").exists():
                counts.append(Store(place).query("FROM reports").num_rows)
            time.sleep(0.1)

    readers = [threading.Thread(target=watch, args=(counts,)) for counts in seen]
    for reader in readers:
        reader.start()
    assert process.wait(timeout=120) == 0
    for reader in readers:
        reader.join()
    for counts in seen:
        assert counts and counts == sorted(counts) and set(counts) <= {0, 500, 600}
