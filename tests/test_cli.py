"""The command line: its contracts, its messages and exit codes, and that a person learns it from its help."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date as day
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from test_store import OFFICIALS, SENTENCE, mention, mentions, report

from legation import __version__, cli, show
from legation.schema import Actor, Reject, Span, When
from legation.store import Store, to_row

PROGRAM = [sys.executable, "-c", "from legation.cli import main; main()"]


class Fake:
    """Finds the one sentence that it knows; stands in for the coder."""

    def code(self, report):
        if "crash the coder" in report.text:
            raise RuntimeError("trigger outside its sentence")
        at = report.text.find(SENTENCE)
        return [] if at < 0 else [shifted(mention(f"m-{report.report_id}", report.report_id), at)]


def shifted(told, by):
    """The mention `by` characters further on in its report."""

    def moved(value):
        if isinstance(value, Span | Actor):
            return replace(value, start=value.start + by, end=value.end + by)
        if isinstance(value, When) or hasattr(value, "span"):
            return replace(value, span=value.span and moved(value.span))
        return tuple(map(moved, value)) if isinstance(value, tuple) else value

    return replace(told, **{n: moved(getattr(told, n)) for n in
                            ("sentence", "trigger", "sources", "targets", "claimants", "when", "where")})  # fmt: skip


@pytest.fixture
def legation(monkeypatch):
    monkeypatch.setattr("legation.coder.Coder", Fake)
    return lambda *args, **options: CliRunner().invoke(cli.main, [str(arg) for arg in args], **options)


def lines(*records):
    return "".join(record if isinstance(record, str) else json.dumps(record) + "\n" for record in records)


# code -------------------------------------------------------------------------------------------------------------


def test_code_answers_every_line_in_order(legation, tmp_path):
    text = "Talks resumed. " + SENTENCE
    (tmp_path / "in.jsonl").write_text(
        lines(
            {"id": "b", "text": text, "published": "2024-05-15"},
            "not json\n",
            {"id": 7, "text": "Nothing of note happened in the capital on Tuesday."},
            "\n",
            {"id": "c", "text": ""},
            {"id": "d", "text": "These words crash the coder of the house."},
            {"id": "b", "text": SENTENCE},
        ),
        encoding="utf-8",
    )
    result = legation("code", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl")
    assert result.exit_code == 0 and result.stdout == ""
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in out] == ["b", None, 7, None, "c", "d", "b"]
    assert [len(line["mentions"]) for line in out] == [1, 0, 0, 0, 0, 0, 1]
    assert ["error" in line for line in out] == [False, True, False, True, True, True, False]
    assert [f"in.jsonl, line {n}:" in result.stderr for n in (1, 2, 3, 4, 5)] == [False, True, False, True, True]
    assert "RuntimeError: trigger outside its sentence" in result.stderr
    told = out[0]["mentions"][0]
    for span in (told["sentence"], told["trigger"], told["when"]["span"], told["where"]["span"], *told["sources"]):
        assert text[span["start"] : span["end"]] == span["text"]


def test_code_writes_the_fields_that_others_build_on(legation):
    result = legation("code", "-", input=lines({"id": 1, "text": SENTENCE}))
    told = json.loads(result.stdout)["mentions"][0]
    fields = """mention_id report_id sentence trigger deed modes status plover cameo quad goldstein contexts sources
        targets when where claimants killed injured confidence coder"""
    assert list(told) == fields.split()
    assert told["when"] == {
        "start": "2024-05-14", "end": "2024-05-14", "precision": "day", "basis": "stated",
        "span": {"start": 62, "end": 72, "text": "on Tuesday"},
    }  # fmt: skip
    assert told["where"]["country"] == "RUS"
    assert told["sources"][0] == {
        "start": 19, "end": 29, "text": "Ri Sang Ho", "name": "Ri Sang Ho", "country": "PRK", "sectors": ["GOV"],
        "actor_id": "person:ri-sang-ho",
    }  # fmt: skip
    assert [claimant["text"] for claimant in told["claimants"]] == ["Tass"]
    assert told["killed"] is None and told["confidence"] == 0.83


@pytest.mark.parametrize("content", ["", "\n", "not json\n[1, 2]\n"])
def test_code_of_nothing_is_an_error_that_names_the_input(legation, content):
    result = legation("code", "-", input=content)
    assert result.exit_code == 1
    assert "legation: -: no line of it could be coded" in result.stderr
    assert len(result.stdout.splitlines()) == content.count("\n")


def test_code_of_a_missing_file(legation, tmp_path):
    result = legation("code", tmp_path / "none.jsonl", "--out", tmp_path / "out.jsonl")
    assert result.exit_code == 1 and "none.jsonl cannot be read: No such file" in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_code_to_where_nothing_can_be_written(legation, tmp_path):
    result = legation("code", "-", "--out", tmp_path / "no" / "out.jsonl", input=lines({"id": 1, "text": SENTENCE}))
    assert result.exit_code == 1 and "out.jsonl cannot be written: No such file" in result.stderr


def test_code_does_not_overwrite_its_own_input(legation, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text(lines({"id": 1, "text": SENTENCE}))
    result = legation("code", file, "--out", file)
    assert result.exit_code == 2 and "overwrite its own input" in result.stderr
    assert file.read_text() == lines({"id": 1, "text": SENTENCE})


def test_code_tells_of_another_language(legation):
    german = "Die Außenminister beider Länder trafen sich am Dienstag in Wien, um über den Streit zu sprechen."
    result = legation("code", "-", input=lines({"id": 1, "text": german}, {"id": 2, "text": SENTENCE}))
    first, second = map(json.loads, result.stdout.splitlines())
    assert "'de'" in first["error"] and first["mentions"] == [] and len(second["mentions"]) == 1


# read -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "moscow.jsonl"
    file.write_text(lines({"id": "r1", "text": SENTENCE, "published": "2024-05-15", "title": "Envoy in [Moscow]",
                           "publisher": "Example News"}))  # fmt: skip
    return file


def test_read_shows_a_person_what_is_told(legation, page):
    result = legation("read", page)
    assert result.exit_code == 0 and result.stderr == ""
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "Envoy in [Moscow]",
        "Example News · 2024-05-15",
        "",
        "CONSULT/visit · actual  0.83",
        "  who    Ri Sang Ho (PRK GOV) → Russian officials (RUS GOV EXE)",
        "  when   2024-05-14",
        "  where  Moscow, RUS",
        "  says   Tass (RUS MED)",
        "  North Korean envoy Ri Sang Ho «met» Russian officials in Moscow on Tuesday, Tass said.",
        "",
    ]


def test_read_for_machines(legation, page):
    told = json.loads(legation("read", "--json", page).stdout)
    assert (told["report_id"], told["title"], told["published"]) == ("r1", "Envoy in [Moscow]", "2024-05-15")
    assert told["mentions"][0]["deed"] == "CONSULT"


def test_read_goes_on_after_what_it_cannot_read(legation, page, tmp_path):
    result = legation("read", tmp_path / "none.txt", page)
    assert result.exit_code == 0 and "CONSULT" in result.stdout
    assert "none.txt: " in result.stderr


def test_read_of_nothing_fails(legation, tmp_path):
    result = legation("read", tmp_path / "none.txt")
    assert result.exit_code == 1 and f"nothing could be read and coded in {tmp_path / 'none.txt'}" in result.stderr
    assert result.stdout == ""


def test_a_report_without_deeds_says_so(legation, tmp_path):
    (tmp_path / "quiet.txt").write_text("The weather in the capital was mild and the streets were calm.")
    assert "no deed found" in legation("read", tmp_path / "quiet.txt").stdout


# run, events, rejects ---------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    place = Store(tmp_path / "store")
    place.write(
        "a",
        [report("r1", title="Envoy, again", publisher="Example News", url="https://news.example/1")],
        [
            mention("m1"),
            mention("m2", deed="ACCUSE", modes=(), status="historical", sources=(OFFICIALS,), targets=(), where=None,
                    when=When(None, None, None, Span(58, 68, "on Tuesday"), "stated"), claimants=()),
        ],
        [Reject("feed.xml", "no text", 3), Reject("none.txt", "cannot be read: No such file or directory")],
    )  # fmt: skip
    return place


def test_run_keeps_reports_and_can_be_repeated(legation, tmp_path, page):
    args = ("run", page, tmp_path / "none.txt", "--store", tmp_path / "s", "--workers", 1)
    first, second = legation(*args), legation(*args)
    assert first.exit_code == second.exit_code == 0
    assert (
        "1 reports, 0 of them duplicates, 0 not in English; 1 mentions; 0 reports known before; 1 rejects; 1 sentences"
        in first.stdout
    )
    assert (
        "0 reports, 0 of them duplicates, 0 not in English; 0 mentions; 1 reports known before; 1 rejects"
        in second.stdout
    )
    assert "none.txt: " in first.stderr and "none.txt: " in second.stderr
    assert "CONSULT" in legation("mentions", "--store", tmp_path / "s").stdout
    assert legation("rejects", "--store", tmp_path / "s").stdout.count("none.txt") == 1


def test_run_of_nothing_fails_and_names_the_input(legation, tmp_path):
    result = legation("run", tmp_path / "none.txt", "--store", tmp_path / "s", "--workers", 1)
    assert result.exit_code == 1
    assert f"no report could be read and coded in {tmp_path / 'none.txt'}" in result.stderr


def test_run_tells_of_many_rejects_only_where_to_find_them(legation, tmp_path, page):
    (tmp_path / "bad.jsonl").write_text("bad\n" * 30)
    result = legation("run", page, tmp_path / "bad.jsonl", "--store", tmp_path / "s", "--workers", 1)
    assert result.stderr.count("malformed JSON") == 10 and "legation rejects --store" in result.stderr
    assert "30 rejects" in result.stdout


def test_events_count_reports_of_one_deed_once(legation, tmp_path):
    first = {"id": "a", "text": SENTENCE, "published": "2024-05-15", "publisher": "one"}
    second = {"id": "b", "text": f"{SENTENCE} More to come.", "published": "2024-05-16", "publisher": "two"}
    twice = lines(first, second)
    (tmp_path / "in.jsonl").write_text(twice, encoding="utf-8")
    told = legation("run", tmp_path / "in.jsonl", "--store", tmp_path / "s", "--workers", 1).stdout
    assert "2 mentions merged into 1 new or changed events" in told
    [event] = map(json.loads, legation("events", "--store", tmp_path / "s", "--json").stdout.splitlines())
    assert (event["deed"], event["reports"], len(event["tellings"])) == ("CONSULT", 2, 2)
    head, row = legation("events", "--store", tmp_path / "s").stdout.splitlines()
    assert head.split()[:3] == ["When", "Deed", "Status"] and "CONSULT/visit" in row
    found = legation("mentions", "--store", tmp_path / "s", "--event", event["event_id"], "--json").stdout.splitlines()
    assert [json.loads(line)["report_id"] for line in found] == ["a", "b"]
    assert "0 mentions merged" in legation("merge", "--store", tmp_path / "s").stdout


def test_mentions_in_a_table_that_is_plain_and_whole_in_a_pipe(legation, store):
    result = legation("mentions", "--store", store.path)
    assert result.exit_code == 0 and "\x1b" not in result.stdout and "…" not in result.stdout
    head, *rows = [re.split(r"  +", line.strip()) for line in result.stdout.splitlines()]
    assert head == ["When", "Deed", "Status", "Source", "Target", "Where", "Claimant", "Conf.", "Sentence"]
    assert rows[0] == [
        "“on Tuesday”", "ACCUSE", "historical", "Russian officials (RUS GOV EXE)", "0.83",
        SENTENCE.replace("met", "«met»"),
    ]  # fmt: skip
    assert rows[1][:4] == ["2024-05-14", "CONSULT/visit", "actual", "Ri Sang Ho (PRK GOV)"]


def test_mentions_as_csv(legation, store):
    rows = list(csv.DictReader(io.StringIO(legation("mentions", "--store", store.path, "--csv").stdout)))
    assert len(rows) == 2
    visit = next(row for row in rows if row["mention_id"] == "m1")
    told = {"title": "Envoy, again", "source_country": "PRK", "target_sectors": "GOV EXE", "claimant": "Tass",
            "start": "2024-05-14", "place_id": "geonames:524901", "goldstein": "1.9", "confidence": "0.83",
            "killed": "", "trigger": "met", "sentence": SENTENCE}  # fmt: skip
    assert told.items() <= visit.items()
    assert set(rows[0]) == set(show._CSV_COLUMNS) and None not in rows[0] and None not in rows[0].values()


def test_mentions_as_json(legation, store):
    rows = [json.loads(line) for line in legation("mentions", "--store", store.path, "--json").stdout.splitlines()]
    visit = next(row for row in rows if row["mention_id"] == "m1")
    assert visit["goldstein"] == 1.9 and visit["url"] == "https://news.example/1" and visit["published"] == "2024-05-15"


def test_a_limit_of_nothing_is_wrong_usage(legation, store):
    assert legation("mentions", "--store", store.path, "--limit", "0").exit_code == 2


@pytest.mark.parametrize(
    "filters, found",
    [
        (("--actor", "PRK GOV"), ["m1"]),
        (("--actor", "ri sang ho"), ["m1"]),
        (("--dyad", "RUS", "PRK"), ["m1"]),
        (("--dyad", "RUS", "KOR"), []),
        (("--deed", "accuse"), ["m2"]),
        (("--status", "historical"), ["m2"]),
        (("--since", "2024-05-15"), ["m2"]),
        (("--until", "2024-05-14"), ["m1"]),
        (("--limit", "1"), ["m2"]),
    ],
)
def test_mentions_filters(legation, store, filters, found):
    result = legation("mentions", "--store", store.path, "--json", *filters)
    assert [json.loads(line)["mention_id"] for line in result.stdout.splitlines()] == found
    assert ("no mention passes" in result.stderr) == (not found)


def test_a_long_table_says_that_there_is_more(legation, store):
    store.write("b", [], [mention(f"x{n}") for n in range(60)])
    result = legation("mentions", "--store", store.path)
    assert len(result.stdout.splitlines()) == 51 and "the latest 50" in result.stderr
    assert len(legation("mentions", "--store", store.path, "--limit", 60).stdout.splitlines()) == 61
    assert len(legation("mentions", "--store", store.path, "--json").stdout.splitlines()) == 62


def test_rejects(legation, store):
    result = legation("rejects", "--store", store.path)
    assert result.stdout.splitlines() == [
        "feed.xml, line 3: no text",
        "none.txt: cannot be read: No such file or directory",
    ]
    assert json.loads(legation("rejects", "--store", store.path, "--json").stdout.splitlines()[0]) == {
        "source": "feed.xml", "line": 3, "reason": "no text"
    }  # fmt: skip


@pytest.mark.parametrize("command", ["events", "mentions", "rejects"])
def test_a_store_that_is_none(legation, tmp_path, command):
    assert legation(command, "--store", tmp_path / "nowhere").exit_code == 2
    (tmp_path / "thesis.docx").write_text("…")
    result = legation(command, "--store", tmp_path)
    assert result.exit_code == 1 and f"{tmp_path} is no Legation store" in result.stderr


def test_a_damaged_part_is_named(legation, store):
    (store.path / "mentions" / "a.parquet").write_bytes(b"PAR1 and no more")
    result = legation("mentions", "--store", store.path)
    assert result.exit_code == 1 and "a.parquet" in result.stderr and "Traceback" not in result.stderr


# The program as a whole -------------------------------------------------------------------------------------------


COMMANDS = {name: command for name, command in cli.main.commands.items() if not hasattr(command, "commands")} | {
    f"{group} {name}": command
    for group, of_group in cli.main.commands.items()
    for name, command in getattr(of_group, "commands", {}).items()
}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_teaches_by_example(legation, command):
    result = legation(*command.split(), "--help")
    assert result.exit_code == 0
    examples = result.stdout.partition("Examples:")[2].partition("Options:")[0]
    assert f"legation {command}" in examples
    for words in re.findall(rf"legation {command} ([^|>\n]+)", examples):
        known = {option for parameter in COMMANDS[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z][a-z-]*", words)) <= known


def test_version_and_usage(legation):
    assert legation("--version").stdout == f"legation, version {__version__}\n"
    assert legation("mentions").exit_code == 2
    assert legation("predict").exit_code == 2
    assert legation("mentions", "--store", ".", "--since", "yesterday").exit_code == 2


def test_help_answers_at_once():
    started = time.monotonic()
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", *PROGRAM[1:], "--help"], capture_output=True, text=True
    )
    assert loaded.returncode == 0 and time.monotonic() - started < 3
    for heavy in ("duckdb", "onnxruntime", "trafilatura", "legation.coder"):
        assert heavy not in loaded.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_that_leaves_is_no_error(store):
    store.write("b", [], [mention(f"x{n}") for n in range(3000)])
    command = " ".join(f"'{word}'" for word in [*PROGRAM, "mentions", "--store", str(store.path), "--json"])
    result = subprocess.run(["sh", "-c", f"{command} | head -n 1"], capture_output=True, text=True)
    assert len(result.stdout.splitlines()) == 1 and result.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_exits_with_130(tmp_path):
    script = tmp_path / "wait.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n" + WAITING)
    process = subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == "legation: stopped\n"
    assert process.returncode == 130


WAITING = """
import test_cli, legation.coder

class Ready(test_cli.Fake):
    def __init__(self):
        print("ready", file=sys.stderr, flush=True)

legation.coder.Coder = Ready
test_cli.cli.main(["code", "-"])
"""


# What a terminal shows --------------------------------------------------------------------------------------------


def screen(width=100):
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system="standard", highlight=False)


def test_a_terminal_shows_the_words_of_each_field_in_colour():
    coloured = show.sentence(mention(), coloured=True)
    assert coloured.plain == SENTENCE
    styles = {SENTENCE[span.start : span.end]: span.style for span in coloured.spans}
    assert styles == {"Ri Sang Ho": "cyan", "Russian officials": "magenta", "Tass": "blue", "on Tuesday": "yellow",
                      "Moscow": "green", "met": "bold reverse"}  # fmt: skip


def test_a_table_fits_its_terminal(store):
    to = screen(width=80)
    show.table(store.mentions().to_pylist(), to)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", to.file.getvalue())
    assert "\x1b[" in to.file.getvalue()
    assert max(map(len, plain.splitlines())) <= 80 and "…" not in plain


def test_a_report_cannot_write_to_the_terminal_as_it_likes():
    evil = "\x1b]0;owned\x07 [red]met[/red]\x9b2J\nthe envoy"
    told = mention(
        sentence=Span(0, len(evil), evil), trigger=Span(16, 19, "met"), sources=(replace(OFFICIALS, name="\x1b[2J"),)
    )
    to = screen()
    show.block(told, None, to)
    printed = re.sub(r"\x1b\[[0-9;]*m", "", to.file.getvalue())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", printed) and "[red]met[/red]" in printed


def test_intervals_are_told_in_their_shortest_form():
    told = lambda start, end, basis="stated": show.when(When(start, end, "span", None, basis), None)  # noqa: E731
    assert told(day(2024, 5, 14), day(2024, 5, 14)) == "2024-05-14"
    assert told(day(2024, 2, 1), day(2024, 2, 29)) == "2024-02"
    assert told(day(2011, 1, 1), day(2011, 12, 31)) == "2011"
    assert told(day(2024, 5, 13), day(2024, 5, 19)) == "2024-05-13 to 2024-05-19"
    assert told(day(9999, 12, 1), day(9999, 12, 31)) == "9999-12"
    assert told(day(2024, 5, 14), day(2024, 5, 14), "report") == "published 2024-05-14"
    assert show.when(None, day(2024, 5, 14)) == "published 2024-05-14"
    assert show.when(None, None) == ""


@st.composite
def told_anywhere(draw):
    """A mention with words of any kind, and every span in its sentence."""
    text = draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))

    def cut():
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        return Span(7 + start, 7 + end, text[start:end])

    one, span, at = draw(mentions), cut(), cut()
    actor = Actor(at.start, at.end, at.text, at.text, "PRK", (), None)
    return replace(one, sentence=Span(7, 7 + len(text), text), trigger=span, sources=(actor,), claimants=(actor,),
                   when=When(None, None, None, cut(), "stated"))  # fmt: skip


@given(st.lists(told_anywhere(), min_size=1, max_size=2))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_mention_can_be_shown(told):
    rows = [to_row(one) | {"published": None, "publisher": None, "url": None, "title": "A title"} for one in told]
    table, plain, coloured = io.StringIO(newline=""), io.StringIO(), screen()
    show.write_csv(rows, table)
    back = list(csv.DictReader(io.StringIO(table.getvalue(), newline="")))
    assert [row["sentence"] for row in back] == [one.sentence.text for one in told]
    show.table(rows, show.console(plain))
    assert plain.getvalue().count("\n") == len(told) + 1
    show.table(rows, coloured)
    for one in told:
        show.block(one, None, coloured)
        marked = show.sentence(one, coloured=True)
        (trigger,) = [span for span in marked.spans if span.style == "bold reverse"]
        assert len(marked.plain) == len(one.sentence.text)
        assert (trigger.start + 7, trigger.end + 7) == (one.trigger.start, one.trigger.end)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[0-9;]*m", "", coloured.file.getvalue()))


def test_json_escapes_what_no_encoding_can_write():
    assert json.loads(show.as_json({"text": "a \ud800 b é"}).encode("utf-8")) == {"text": "a \ud800 b é"}
