"""The commands relations, agenda, claims and actors: for people, in a pipe and as JSON; messages and exit codes."""

import json
import re
from datetime import date

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_agenda import NOV, telling, told
from test_relations import KIM, PRK, RUS, event, kept

from legation import parties
from legation.cli import views
from legation.cli.common import Commands
from legation.schema import Disagreement, Party, Version

SEOUL = Party("Seoul", "KOR", ("GOV",), "KOR-GOV")


@pytest.fixture
def legation():
    group = Commands("legation", commands={command.name: command for command in views.COMMANDS})
    return lambda *args: CliRunner().invoke(group, [str(arg) for arg in args])


@pytest.fixture
def store(tmp_path):
    versions = (Version("4", ("m2",), 1, ("Seoul",), NOV(2)), Version("2", ("m3",), 1, ("A",), NOV(3)))
    return kept(
        tmp_path / "s",
        event("e1", [PRK], [RUS], date(2014, 1, 6), 4.0, publishers=3, origin="icews"),
        event("e2", [KIM, RUS], [], date(2014, 2, 3), 1.0, origin="icews"),
        told("visit", telling(1, published=NOV(1), start=NOV(5), end=NOV(8)), sources=(KIM,), modes=("visit",),
             status="future"),
        told("clash", telling(2, "actual", NOV(2), claimants=(SEOUL,)), telling(3, "actual", NOV(3), publisher="A"),
             sources=(PRK,), targets=(SEOUL,), day=NOV(2), deed="ASSAULT", goldstein=-9.0,
             disagreements=(Disagreement("killed", versions),)),
    )  # fmt: skip


def cells(text):
    return [re.split(r"  +", line.strip()) for line in text.splitlines() if line.strip()]


def test_relations_for_people(legation, store):
    result = legation("relations", "--store", store.path, "--dyad", "PRK", "RUS")
    assert result.exit_code == 0 and "\x1b" not in result.stdout and "…" not in result.stdout
    rows = cells(result.stdout)
    assert ["2014-01-01", "1", "1", "0", "0", "0", "1", "0", "0", "4.00", "4.00", "4.00"] in rows
    assert ["2014-01-06", "CONSULT", "PRK → RUS", "4.00", "3", "e1"] in rows
    assert ["share of acts on the other", "100%", "0%"] in rows


def test_relations_as_json(legation, store):
    args = ("--dyad", "PRK", "RUS", "--by", "day", "--json")
    found = json.loads(legation("relations", "--store", store.path, *args).stdout)
    assert [(b["start"], b["events"], b["both"]) for b in found["bins"]] == [("2014-01-06", 1, 0), ("2014-02-03", 1, 1)]
    assert found["by"] == "day" and found["third_parties"] == []


def test_counterparts(legation, store):
    args = ("relations", "--store", store.path, "--actor", "PRK", "--since", "2014-02-01")
    rows = [json.loads(line) for line in legation(*args, "--json").stdout.splitlines()]
    assert [(row["country"], row["events"], row["last"]) for row in rows] == [
        ("KOR", 1, "2014-11-02"), ("RUS", 1, "2014-02-03"),
    ]  # fmt: skip
    assert [row[0] for row in cells(legation(*args).stdout)] == ["With", "KOR", "RUS"]


@pytest.mark.parametrize(
    "args, message",
    [
        ((), "name two actors with --dyad, or one with --actor"),
        (("--actor", "PRK", "--dyad", "PRK", "RUS"), "name two actors"),
        (("--dyad", "Kim Jong Un", "RUS"), "'Kim Jong Un' is no country"),
        (("--dyad", "PRK", "RUS", "--by", "year"), "'year' is not one of"),
    ],
)
def test_relations_of_what(legation, store, args, message):
    result = legation("relations", "--store", store.path, *args)
    assert result.exit_code == 2 and message in result.stderr


def test_agenda_for_people(legation, store):
    result = legation("agenda", "--store", store.path)
    head, plan, rates, rate = cells(result.stdout)
    kim = "Kim Jong Un (PRK GOV EXE)"
    assert plan == ["open", "2014-11-05 to 2014-11-08", "CONSULT/visit", kim, "Russia (RUS GOV)", kim, "1", "1",
                    "2014-11-01", "visit"]  # fmt: skip
    assert head[0] == "Fate" and rates[0] == "Announcer" and rate == [kim, "1", "0", "0", "0", "1"]


@pytest.mark.parametrize(
    "args, fates",
    [((), ["open"]), (("--asof", "2014-12-01"), ["overdue"]), (("--fate", "confirmed"), []), (("--actor", "KOR"), []),
     (("--since", "2014-11-08"), ["open"]), (("--since", "2014-11-09"), []), (("--until", "2014-11-04"), [])],
)  # fmt: skip
def test_agenda_as_json(legation, store, args, fates):
    result = legation("agenda", "--store", store.path, "--json", *args)
    found = json.loads(result.stdout)
    assert [plan["fate"] for plan in found["plans"]] == fates
    assert found["asof"] == ("2014-12-01" if "--asof" in args else "2014-11-03")
    assert ("no plan passes" in result.stderr) == (not fates)
    assert len(found["announcers"]) == (1 if fates or "--fate" in args else 0)


def test_claims_for_people(legation, store):
    seoul, own = cells(legation("claims", "--store", store.path).stdout)[1:]
    assert seoul == ["Seoul (KOR GOV)", "affirmed", "ASSAULT", "North Korea (PRK GOV)", "Seoul (KOR GOV)", "2014-11-02",
                     "North Korea (PRK GOV)", "1", "killed: 2 (A)", "clash"]  # fmt: skip
    assert own[0] == "told by A"


@pytest.mark.parametrize(
    "args, count",
    [((), 2), (("--disputed",), 2), (("--claimant", "KOR"), 1), (("--actor", "RUS"), 0), (("--claimant", "PRK"), 0)],
)
def test_claims_as_json(legation, store, args, count):
    result = legation("claims", "--store", store.path, "--json", *args)
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == count
    assert ("no claim passes" in result.stderr) == (not count)


def test_a_long_ledger_says_that_there_is_more(legation, tmp_path):
    store = kept(tmp_path / "s", *(told(f"e{n}", telling(n, "actual", NOV(1), claimants=(SEOUL,))) for n in range(60)))
    result = legation("claims", "--store", store.path)
    assert len(cells(result.stdout)) == 51 and "the latest 50" in result.stderr
    assert len(legation("claims", "--store", store.path, "--json").stdout.splitlines()) == 60


def test_actors_in_a_list_and_alone(legation, store):
    listed = legation("actors", "--store", store.path)
    assert [row[0] for row in cells(listed.stdout)] == ["Actor", "Russia", "North Korea", "Kim Jong Un"]
    alone = legation("actors", "--store", store.path, "kim")
    assert ["Russia", "1", "1", "1", "1.00", "RUS-GOV"] in cells(alone.stdout)
    assert ["2014-02-01", "1", "1", "0", "0", "0"] in cells(alone.stdout)


def test_actors_as_json(legation, store):
    found = json.loads(legation("actors", "--store", store.path, "PRK", "--json").stdout)
    assert found["known"]["name"] == "North Korea"
    assert [name["name"] for name in found["aliases"]] == ["Kim Jong Un", "North Korea"]
    listed = legation("actors", "--store", store.path, "--json").stdout.splitlines()
    assert [json.loads(line)["actor"] for line in listed] == ["RUS-GOV", "PRK-GOV", "person:kim-jong-un"]
    nobody = legation("actors", "--store", store.path, "Nobody")
    assert nobody.exit_code == 0 and nobody.stdout == "" and "knows no such actor" in nobody.stderr


@pytest.mark.parametrize("command", [command.name for command in views.COMMANDS])
def test_a_folder_that_is_no_store_is_told(legation, tmp_path, command):
    (tmp_path / "thesis.docx").write_text("…")
    args = ("--actor", "PRK") if command == "relations" else ()
    result = legation(command, "--store", tmp_path, *args)
    assert result.exit_code == 1 and f"{tmp_path} is no Legation store" in result.stderr


@pytest.mark.parametrize("command", views.COMMANDS, ids=lambda command: command.name)
def test_help_teaches_by_example(legation, command):
    examples = legation(command.name, "--help").stdout.partition("Examples:")[2].partition("Options:")[0]
    known = {option for parameter in command.params for option in parameter.opts}
    assert f"legation {command.name} --store" in examples
    assert set(re.findall(r"--[a-z]+", examples)) <= known and isinstance(command, click.Command)


def test_names_cannot_write_to_the_terminal_as_they_like(legation, tmp_path):
    evil = Party("\x1b[2J[red]Kim[/red]\n", "PRK", (), None)
    store = kept(tmp_path / "s", told("e1", telling(1, "actual", NOV(1), claimants=(evil,)), sources=(evil,)))
    printed = legation("claims", "--store", store.path).stdout
    assert "[red]Kim[/red]" in printed and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", printed)


# How parties are named. -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, found",
    [("PRK", True), ("PRK EXE", True), ("PRK MIL", False), ("person:kim-jong-un", True), ("jong UN", True),
     ("Jon", False), ("KOR", False), ("k.m", False)],
)  # fmt: skip
def test_words_match_a_party_as_they_filter_events(store, words, found):
    assert parties.matches(KIM, words) == found
    assert ("e2" in store.events(actor=words)["event_id"].to_pylist()) == found


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_words_match_as_they_filter_events(tmp_path_factory, words):
    place = tmp_path_factory.getbasetemp() / "named"
    one = Party(f"the {words} party", "PRK", (), None)
    store = kept(place, event("e1", [one], [], date(2014, 1, 1)))
    for asked in (words, words[:3], words.upper()):
        assert (store.events(actor=asked).num_rows == 1) == parties.matches(one, asked)
