"""The store: records come back as they went in, a part is there wholly or not at all, filters find what they say."""

import errno
import json
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.schema import (
    DEEDS,
    MENTIONS,
    REJECTS,
    REPORTS,
    SCHEMA_VERSION,
    STATUSES,
    Actor,
    Mention,
    Reject,
    Report,
    Span,
    When,
    Where,
)
from legation.store import Store, StoreError, from_row, to_row

SENTENCE = "North Korean envoy Ri Sang Ho met Russian officials in Moscow on Tuesday, Tass said."


def span(words, text=SENTENCE):
    start = text.index(words)
    return Span(start, start + len(words), words)


def actor(words, country, *sectors, name=None, actor_id=None):
    at = span(words)
    return Actor(at.start, at.end, words, name or words, country, sectors, actor_id)


ENVOY = actor("Ri Sang Ho", "PRK", "GOV", actor_id="person:ri-sang-ho")
OFFICIALS = actor("Russian officials", "RUS", "GOV", "EXE")


def mention(mention_id="m1", report_id="r1", **changes):
    fields = {
        "mention_id": mention_id,
        "report_id": report_id,
        "sentence": Span(0, len(SENTENCE), SENTENCE),
        "trigger": span("met"),
        "deed": "CONSULT",
        "modes": ("visit",),
        "status": "actual",
        "plover": "CONSULT",
        "cameo": "042",
        "quad": 1,
        "goldstein": 1.9,
        "contexts": ("diplomatic",),
        "sources": (ENVOY,),
        "targets": (OFFICIALS,),
        "when": When(date(2024, 5, 14), date(2024, 5, 14), "day", span("on Tuesday"), "stated"),
        "where": Where(span("Moscow"), "Moscow", "RUS", "Moscow", 55.75222, 37.61556, "geonames:524901"),
        "claimants": (actor("Tass", "RUS", "MED"),),
        "killed": None,
        "injured": None,
        "confidence": 0.83,
        "coder": "0.1.0",
    }
    return Mention(**(fields | changes))


def report(report_id="r1", **changes):
    return Report(**({"report_id": report_id, "text": SENTENCE, "published": date(2024, 5, 15)} | changes))


# Records and rows. ------------------------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8"), max_size=20)
maybe = lambda values: st.none() | values  # noqa: E731
offsets = st.integers(0, 2**31 - 1)
days = st.dates()
spans = st.builds(Span, offsets, offsets, words)
lists = st.lists(words, max_size=3).map(tuple)
actors = st.lists(st.builds(Actor, offsets, offsets, words, words, words, lists, maybe(words)), max_size=2).map(tuple)
degrees = st.floats(-180, 180)
tenths = st.integers(-100, 100).map(lambda tenth: tenth / 10)
mentions = st.builds(
    Mention,
    mention_id=words,
    report_id=words,
    sentence=spans,
    trigger=spans,
    deed=st.sampled_from(DEEDS),
    modes=lists,
    status=st.sampled_from(STATUSES),
    plover=maybe(words),
    cameo=maybe(words),
    quad=maybe(st.integers(1, 4)),
    goldstein=maybe(tenths),
    contexts=lists,
    sources=actors,
    targets=actors,
    when=maybe(st.builds(When, maybe(days), maybe(days), maybe(words), maybe(spans), words)),
    where=maybe(
        st.builds(Where, spans, words, maybe(words), maybe(words), maybe(degrees), maybe(degrees), maybe(words))
    ),
    claimants=actors,
    killed=maybe(offsets),
    injured=maybe(offsets),
    confidence=st.integers(0, 10_000).map(lambda n: n / 10_000),
    coder=words,
)
instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
reports = st.builds(
    Report, words, words, maybe(words), maybe(words), maybe(words), maybe(days), maybe(words), maybe(instants)
)
rejects = st.builds(Reject, words, words, maybe(st.integers(1, 2**40)))


@given(mentions, reports, rejects)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_records_come_back_from_arrow_as_they_went_in(one, two, three):
    for record, schema in ((one, MENTIONS), (two, REPORTS), (three, REJECTS)):
        table = pa.Table.from_pylist([to_row(record)], schema=schema)
        assert from_row(type(record), table.to_pylist()[0]) == record


@given(st.lists(mentions, max_size=3), st.lists(reports, max_size=2, unique_by=lambda r: r.report_id))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_records_come_back_from_the_store_as_they_went_in(tmp_path_factory, told, published):
    store = Store(tmp_path_factory.mktemp("store"))
    store.write("one", published, told, [Reject("feed", "no text", 3)])
    assert [from_row(Mention, row) for row in store.query("FROM mentions").to_pylist()] == told
    assert list(store.reports()) == published
    assert [from_row(Reject, row) for row in store.query("FROM rejects").to_pylist()] == [Reject("feed", "no text", 3)]


# Parts. -----------------------------------------------------------------------------------------------------------


def count(store, view="mentions"):
    return store.query(f"SELECT count(*) AS n FROM {view}").to_pylist()[0]["n"]


def test_a_path_where_nothing_is_yet_is_an_empty_store(tmp_path):
    store = Store(tmp_path / "new")
    assert [count(store, view) for view in ("reports", "mentions", "rejects")] == [0, 0, 0]
    assert store.parts() == [] and list(store.reports()) == []
    assert store.mentions(actor="PRK").num_rows == 0
    assert not (tmp_path / "new").exists()


def test_writing_a_part_again_replaces_it(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report()], [mention("m1"), mention("m2")])
    store.write("b", [report("r2")], [mention("m3", "r2")])
    store.write("a", [report()], [mention("m1")])
    assert store.parts() == ["a", "b"]
    assert sorted(store.query("FROM mentions")["mention_id"].to_pylist()) == ["m1", "m3"]


def test_the_same_part_is_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        Store(tmp_path / name).write("a", [report()], [mention()], [Reject("x", "y")], {"r1": ("r0", "near")})
    for file in ("reports/a.parquet", "mentions/a.parquet", "rejects/a.parquet", "done/a.json", "store.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_duplicates_are_kept_with_what_they_repeat(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report("r1"), report("r2")], [], duplicates={"r2": ("r1", "exact")})
    rows = store.query("SELECT report_id, duplicate_of, duplicate_kind FROM reports ORDER BY 1").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("r1", None, None), ("r2", "r1", "exact")]


@pytest.mark.parametrize("survivors", [0, 1, 2])
def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path, monkeypatch, survivors):
    store = Store(tmp_path / "s")
    store.write("a", [report()], [mention()])
    write, calls = pq.write_table, []

    def full(table, where, **options):
        calls.append(where)
        if len(calls) <= survivors:
            return write(table, where, **options)
        where.write_bytes(b"PAR1 half a table")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    for part in ("a", "b"):
        calls.clear()
        with pytest.raises(OSError, match="No space left"):
            store.write(part, [report("r9")], [mention("m8", "r9"), mention("m9", "r9")])
    files = sorted(str(path.relative_to(tmp_path / "s")) for path in (tmp_path / "s").rglob("*") if path.is_file())
    assert files == ["done/a.json", "mentions/a.parquet", "rejects/a.parquet", "reports/a.parquet", "store.json"]
    assert store.query("FROM mentions")["mention_id"].to_pylist() == ["m1"]


def test_a_part_without_its_marker_is_not_seen(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report()], [mention()], [Reject("x", "y")])
    (tmp_path / "s/done/a.json").unlink()
    assert [count(store, view) for view in ("reports", "mentions", "rejects")] == [0, 0, 0]


def test_one_store_reads_while_another_writes(tmp_path):
    reader, writer = Store(tmp_path / "s"), Store(tmp_path / "s")
    for n in range(5):
        writer.write(f"p{n}", [report(f"r{n}")], [mention(f"m{n}", f"r{n}")])
        assert count(reader) == n + 1


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    (tmp_path / "store.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION + 6}))
    with pytest.raises(StoreError) as refused:
        Store(tmp_path)
    for told in (str(tmp_path), f"version {SCHEMA_VERSION + 6}", f"version {SCHEMA_VERSION}:"):
        assert told in str(refused.value)


@pytest.mark.parametrize("about", ["", "[]", "{}", "not json"])
def test_a_store_that_tells_no_version_is_refused(tmp_path, about):
    (tmp_path / "store.json").write_text(about)
    with pytest.raises(StoreError, match=r"store\.json does not tell"):
        Store(tmp_path)


def test_a_folder_of_other_things_or_a_file_is_no_store(tmp_path):
    (tmp_path / "thesis.docx").write_text("…")
    for path in (tmp_path, tmp_path / "thesis.docx"):
        with pytest.raises(StoreError, match="no Legation store"):
            Store(path)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b"])
def test_a_part_is_named_plainly(tmp_path, name):
    with pytest.raises(ValueError, match="cannot name a part"):
        Store(tmp_path / "s").write(name, [], [])


def test_wrong_sql_is_told(tmp_path):
    with pytest.raises(duckdb.Error, match="nowhere"):
        Store(tmp_path / "s").query("SELECT * FROM nowhere")


# Filters. ---------------------------------------------------------------------------------------------------------

KIM = actor("North Korean envoy", "PRK", "GOV", "EXE", name="Kim Jong Un", actor_id="person:kim-jong-un")
REBELS = actor("officials", "SYR", "REB", name="rebels")
SEOUL = actor("Moscow", "KOR", "GOV", name="South Korea")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "s")
    told = [
        mention("visit", sources=(ENVOY,), targets=(OFFICIALS,)),
        mention("meeting", sources=(OFFICIALS, KIM), targets=(), when=None),
        mention("test", deed="MOBILIZE", sources=(KIM,), targets=()),
        mention("threat", deed="THREATEN", sources=(SEOUL,), targets=(KIM,), status="future"),
        mention("attack", "r2", deed="ASSAULT", sources=(REBELS,), targets=(REBELS,), when=None),
        mention("purge", "r2", deed="COERCE", sources=(KIM,), targets=(ENVOY,), when=None),
        mention(
            "war",
            "r2",
            deed="ASSAULT",
            status="historical",
            sources=(),
            targets=(),
            when=When(date(2011, 1, 1), date(2011, 12, 31), "year", span("on Tuesday"), "stated"),
        ),
        mention("undated", "r3", sources=(), targets=(), when=When(None, None, None, span("on Tuesday"), "stated")),
    ]
    store.write("a", [report("r1"), report("r2", published=date(2024, 6, 1)), report("r3", published=None)], told)
    return store


@pytest.mark.parametrize(
    "filters, found",
    [
        ({"actor": "PRK"}, "visit meeting test threat purge"),
        ({"actor": "PRK GOV"}, "visit meeting test threat purge"),
        ({"actor": "PRK EXE GOV"}, "meeting test threat purge"),
        ({"actor": "PRK MIL"}, ""),
        ({"actor": "person:kim-jong-un"}, "meeting test threat purge"),
        ({"actor": "kim jong"}, "meeting test threat purge"),
        ({"actor": "korea"}, "threat"),
        ({"actor": "Kor"}, ""),
        ({"actor": "k.m (jong"}, ""),
        ({"dyad": ("PRK", "RUS")}, "visit meeting"),
        ({"dyad": ("RUS", "PRK")}, "visit meeting"),
        ({"dyad": ("PRK", "KOR")}, "threat"),
        ({"dyad": ("PRK", "PRK")}, "purge"),
        ({"dyad": ("PRK", "SYR")}, ""),
        ({"deed": "ASSAULT"}, "attack war"),
        ({"deed": "ASSAULT", "status": "historical"}, "war"),
        ({"status": "future"}, "threat"),
        ({"since": date(2024, 5, 15)}, "meeting attack purge"),
        ({"since": date(2024, 5, 14), "until": date(2024, 5, 14)}, "visit test threat"),
        ({"until": date(2011, 6, 1)}, "war"),
        ({"since": date(2011, 12, 31), "until": date(2012, 1, 1)}, "war"),
        ({"actor": "PRK", "dyad": ("KOR", "PRK"), "deed": "THREATEN"}, "threat"),
    ],
)
def test_filters(store, filters, found):
    assert set(store.mentions(**filters)["mention_id"].to_pylist()) == set(found.split())


def test_the_latest_come_first_and_the_undated_last(store):
    ids = store.mentions()["mention_id"].to_pylist()
    assert len(ids) == 8 and set(ids[:2]) == {"attack", "purge"} and ids[-2:] == ["war", "undated"]
    assert store.mentions(limit=3)["mention_id"].to_pylist() == ids[:3]


def test_a_mention_comes_with_its_report(store):
    row = store.mentions(deed="THREATEN").to_pylist()[0]
    assert row["published"] == date(2024, 5, 15) and {"publisher", "url", "title"} <= row.keys()
    assert from_row(Mention, row).targets == (KIM,)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(["ri", "SANG HO"]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_words_can_be_asked_for(tmp_path_factory, words):
    place = tmp_path_factory.getbasetemp() / "asked"
    if not place.exists():
        Store(place).write("a", [report()], [mention()])
    found = Store(place).mentions(actor=words, dyad=(words, "RUS")).num_rows
    assert found == (words in ("ri", "SANG HO", "PRK", "Ri"))
