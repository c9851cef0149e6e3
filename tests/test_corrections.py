"""Corrections: what a person says of a mention holds in every view, and is undone without a trace when withdrawn."""

import json
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_store import ENVOY, OFFICIALS, SENTENCE, mention, report, span
from training import annotations

from legation import cli, corrections
from legation.coding.deeds import publish
from legation.desk.merging import Merger
from legation.gold import documents
from legation.merge import merge
from legation.schema import DEEDS, STATUSES, Mention, When
from legation.store import Store, StoreError, from_row
from legation.tables import rows

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TASS = {"start": SENTENCE.index("Tass"), "end": SENTENCE.index("Tass") + 4, "text": "Tass", "country": "RUS"}


def words(text):
    at = span(text)
    return {"start": at.start, "end": at.end, "text": at.text}


def correct(store, field, value, mention_id="m1", minutes=0, **further):
    return store.correct(mention_id, field, value, by="A. Reader", at=NOON + timedelta(minutes=minutes), **further)


def read(store, mention_id="m1"):
    """The mention in each of the ways in which it can be read, which must agree."""
    ways = [store.query("FROM mentions"), store.mentions(), *(store.part(part) for part in store.parts())]
    found = [row for table in ways for row in table.to_pylist() if row["mention_id"] == mention_id]
    assert len(found) in (0, 3)
    told = [from_row(Mention, row) for row in found]
    assert all(other == told[0] for other in told)
    return told[0] if told else None


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report("r1"), report("r2")], [mention("m1"), mention("m2", "r2")])
    store.write("b", [report("r3")], [mention("m3", "r3")])
    return store


# Mending. ---------------------------------------------------------------------------------------------------------


def test_a_deed_is_mended_and_what_is_published_of_it_derived_again(store):
    correct(store, "deed", {"deed": "COERCE", "modes": ["arrest"]})
    told = read(store)
    assert (told.deed, told.modes, told.mention_id) == ("COERCE", ("arrest",), "m1")
    expected = publish("COERCE", ["arrest"], "actual")
    published = (expected.plover, expected.cameo, expected.quad, expected.goldstein, expected.contexts)
    assert (told.plover, told.cameo, told.quad, told.goldstein, told.contexts) == published != ("CONSULT", "042")
    assert told.confidence == 1.0 and read(store, "m2") == mention("m2", "r2")


def test_a_status_under_which_nothing_is_published_takes_the_codes_away(store):
    correct(store, "status", "hypothetical")
    told = read(store)
    assert (told.status, told.plover, told.cameo, told.quad, told.goldstein) == ("hypothetical", None, None, None, None)
    assert told.confidence == 0.83  # which is of the deed and its actors, not of the status


def test_actors_get_the_name_of_their_words_where_none_is_given(store):
    actor = words("Russian officials") | {"country": "RUS", "sectors": ["GOV", "MIL"]}
    correct(store, "sources", [actor | {"name": "Defence ministry", "actor_id": "org:defence"}])
    correct(store, "targets", [])
    correct(store, "claimants", [TASS])
    told = read(store)
    assert [(a.text, a.name, a.country, a.sectors, a.actor_id) for a in told.sources] == [
        ("Russian officials", "Defence ministry", "RUS", ("GOV", "MIL"), "org:defence")
    ]
    assert told.targets == () and [(a.name, a.actor_id) for a in told.claimants] == [("Tass", None)]
    assert told.confidence == 1.0


@pytest.mark.parametrize(
    "start, end, precision",
    [
        ("2024-05-14", "2024-05-14", "day"),
        ("2024-05-13", "2024-05-19", "week"),
        ("2024-02-01", "2024-02-29", "month"),
        ("2024-01-01", "2024-12-31", "year"),
        ("2024-05-14", "2024-05-16", "span"),
        ("2023-12-01", "2024-11-30", "span"),
        (None, None, None),
    ],
)
def test_days_are_mended_and_their_precision_follows(store, start, end, precision):
    correct(store, "when", {"start": start, "end": end, "span": words("on Tuesday")})
    told = read(store).when
    assert (told.start and str(told.start), told.end and str(told.end), told.precision) == (start, end, precision)
    assert told.basis == "stated" and told.span == span("on Tuesday")


def test_no_time_told_is_the_day_of_the_report_and_no_place_is_none(store):
    correct(store, "when", None)
    correct(store, "where", None)
    told = read(store)
    day = date(2024, 5, 15)
    assert told.when == When(day, day, "day", None, "report") and told.where is None


def test_a_place_is_looked_up_in_its_country(tmp_path):
    text = "The envoys met near Tripoli on Tuesday."
    at = {"start": text.index("Tripoli"), "end": text.index("Tripoli") + 7, "text": "Tripoli"}
    store = Store(tmp_path / "s")
    store.write("a", [report(text=text)], [mention(where=None)])
    with pytest.raises(ValueError, match=r"places named 'Tripoli' in .*LBN, LBY.*say the country"):
        correct(store, "where", {"span": at})
    correct(store, "where", {"span": at, "country": "LBN"})
    told = read(store).where
    assert told.country == "LBN" and told.place_id.startswith("geonames:") and 34 < told.lat < 35 < told.lon < 36
    correct(store, "where", {"span": at, "name": "Nowhere at all", "country": "LBY"}, minutes=1)
    told = read(store).where
    assert (told.name, told.country, told.lat, told.place_id) == ("Nowhere at all", "LBY", None, None)


@pytest.mark.parametrize(
    "words, country, name, found",
    [
        ("a suburb of Mosul, Iraq", None, "Mosul", "IRQ"),
        ("the hotel in Baghdad", None, "Baghdad", "IRQ"),
        ("the Iraqi desert", "IRQ", "the Iraqi desert", "IRQ"),
        ("northern Iraq", None, "northern Iraq", "IRQ"),
        ("a hotel near Tripoli", "LBY", "Tripoli", "LBY"),
        ("a hotel", None, "a hotel", None),
    ],
)
def test_a_place_is_found_within_the_words_that_tell_it(tmp_path, words, country, name, found):
    text = f"The envoys met in {words} on Tuesday."
    store = Store(tmp_path / "s")
    store.write("a", [report(text=text)], [mention(where=None)])
    at = text.index(words)
    correct(store, "where", {"span": {"start": at, "end": at + len(words), "text": words}, "country": country})
    told = read(store).where
    assert (told.name, told.country, told.span.text) == (name, found, words)


def test_counts_are_told_of_an_assault_alone(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report()], [mention(deed="ASSAULT", modes=(), killed=3, injured=4)])
    correct(store, "deed", {"deed": "COERCE", "modes": []})
    assert (read(store).killed, read(store).injured) == (None, None)


def test_a_mention_marked_wrong_is_in_no_view(store):
    correct(store, "wrong", True)
    correct(store, "status", "future", minutes=1)
    assert read(store) is None and store.as_coded(["m1"])["m1"]["status"] == "actual"
    assert store.query("SELECT count(*) AS n FROM mentions").to_pylist() == [{"n": 2}]


def test_the_latest_correction_of_a_field_holds_and_what_it_replaced_returns(store):
    correct(store, "status", "future")
    later = correct(store, "status", "negated", minutes=1)
    correct(store, "deed", {"deed": "AGREE", "modes": []}, minutes=2)
    assert (read(store).status, read(store).deed) == ("negated", "AGREE")
    store.withdraw(later.correction_id, by="B. Reader", at=NOON)
    assert (read(store).status, read(store).deed) == ("future", "AGREE")


def test_a_withdrawn_correction_leaves_the_mention_as_it_was_and_stays_as_history(store):
    before = read(store)
    made = correct(store, "wrong", True, note="no meeting")
    store.withdraw(made.correction_id, by="B. Reader", at=NOON + timedelta(hours=1))
    assert read(store) == before
    (told,) = Store(store.path).corrections()
    assert (told.state, told.withdrawn, told.withdrawn_by) == ("withdrawn", NOON + timedelta(hours=1), "B. Reader")
    assert (told.by, told.at, told.note, told.report_id, told.part) == ("A. Reader", NOON, "no meeting", "r1", "a")
    with pytest.raises(KeyError):
        store.withdraw(made.correction_id, by="B. Reader", at=NOON)


def test_the_files_of_a_part_stay_as_they_were(store):
    files = {path: path.read_bytes() for path in store.path.rglob("*.parquet")}
    correct(store, "wrong", True)
    correct(store, "status", "future", "m2")
    assert {path: path.read_bytes() for path in store.path.rglob("*.parquet")} == files


def test_a_correction_of_a_mention_that_a_new_run_no_longer_makes_is_kept_but_not_applied(store):
    correct(store, "status", "future")
    correct(store, "status", "future", "m2")
    store.write("a", [report("r1"), report("r2")], [mention("m2", "r2")])
    assert [(c.mention_id, c.state) for c in store.corrections()] == [("m1", "not applied"), ("m2", "applied")]
    assert read(store, "m1") is None and read(store, "m2").status == "future"
    store.write("c", [report("r9")], [mention("m1", "r9")])
    assert read(store, "m1").status == "future"  # it is there again, if in another part


def test_columns_of_a_part_are_read_with_corrections_too(store):
    correct(store, "wrong", True, "m2")
    correct(store, "status", "future")
    assert store.part("a", columns=["status"]).to_pylist() == [{"status": "future"}]
    assert store.part("b", columns=["status"]).to_pylist() == [{"status": "actual"}]
    assert store.part("a", "reports").num_rows == 2


def test_corrections_are_a_view(store):
    correct(store, "status", "future")
    row = store.query('SELECT field, value, "by", state FROM corrections').to_pylist()
    assert row == [{"field": "status", "value": '"future"', "by": "A. Reader", "state": "applied"}]


# What is refused. -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field, value, says",
    [
        ("wrong", False, "withdraw the correction"),
        ("weight", 1, "no field that can be corrected"),
        ("deed", "CONSULT", "must be an object with deed, modes"),
        ("deed", {"deed": "CONSULT"}, "lacks 'modes'"),
        ("deed", {"deed": "MEET", "modes": []}, "'MEET' is no deed: it must be one of AGREE"),
        ("deed", {"deed": "CONSULT", "modes": ["arrest"]}, "no mode of CONSULT; its modes are: visit"),
        ("deed", {"deed": "AGREE", "modes": [["visit"]]}, "no mode of AGREE; its modes are: none"),
        ("status", "planned", "'planned' is no status"),
        ("status", ["actual"], "no status"),
        ("sources", {}, "must be a list"),
        ("sources", [{}], "an actor of sources lacks 'start'"),
        ("sources", [TASS | {"country": "XXX"}], "'XXX' is no country"),
        ("sources", [TASS | {"country": None}], "no country"),
        ("targets", [TASS | {"sectors": ["GOV", "XYZ"]}], "sectors of targets"),
        ("targets", [TASS | {"sectors": "GOV"}], "sectors of targets"),
        ("targets", [TASS | {"colour": 1}], "has no 'colour'"),
        ("claimants", [TASS | {"end": len(SENTENCE) + 1}], "must lie in the report"),
        ("claimants", [TASS | {"start": -4}], "must lie in the report"),
        ("claimants", [TASS | {"start": True}], "must lie in the report"),
        ("claimants", [TASS | {"text": "TASS"}], "are 'Tass', not 'TASS'"),
        ("claimants", [TASS | {"start": 5, "end": 6, "text": " "}], "not blanks alone"),
        ("claimants", [TASS | {"name": "x" * 1001}], "1,000 characters at most"),
        ("claimants", [TASS | {"name": "\ud800"}], "half a surrogate pair"),
        ("claimants", [TASS] * 101, "100 actors at most"),
        ("when", {"start": "2024-05-14", "end": "2024-05-14", "span": None}, "must be an object"),
        ("when", {"start": "2024-05-15", "end": "2024-05-14", "span": words("Tuesday")}, "the start first"),
        ("when", {"start": "2024-05-15", "end": None, "span": words("Tuesday")}, "or neither"),
        ("when", {"start": "2024-02-30", "end": "2024-03-01", "span": words("Tuesday")}, "no day of the calendar"),
        ("when", {"start": 20240514, "end": "2024-05-14", "span": words("Tuesday")}, "YYYY-MM-DD"),
        ("where", {"span": words("Moscow"), "country": "UNO"}, "'UNO' is no country"),
        ("where", {"span": words("Moscow"), "lat": 91, "lon": 0}, "degrees"),
        ("where", {"span": words("Moscow"), "lat": 1.0}, "both or neither"),
        ("where", {"span": words("Moscow"), "lat": float("nan"), "lon": 0}, "degrees"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_a_sentence_and_nothing_is_kept(store, field, value, says):
    with pytest.raises(ValueError, match=r".") as refused:
        correct(store, field, value)
    assert says in str(refused.value)
    assert store.corrections() == [] and read(store) == mention()


def test_who_corrects_and_what_is_corrected_must_be_told(store):
    with pytest.raises(ValueError, match="by must be words"):
        store.correct("m1", "wrong", True, by=" ", at=NOON)
    with pytest.raises(KeyError):
        correct(store, "wrong", True, "m9")
    assert not (store.path / "corrections").exists()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*DEEDS, *STATUSES]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["deed", "modes", "start", "end", "text", "span", "country", "name", "lat", "lon", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(corrections.FIELDS), json_values)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_value_is_taken_whole_or_refused_with_a_sentence(field, value):
    row = {"mention_id": "m1", "report_id": "r1"}
    told = {"text": SENTENCE, "published": date(2024, 5, 15)}
    try:
        made = corrections.made(row, told, "a", field, value, None, "A. Reader", NOON)
    except ValueError as error:
        assert len(str(error)) > 20
    else:
        json.dumps(made.value, allow_nan=False).encode()


@given(st.sampled_from(DEEDS), st.sampled_from(STATUSES), st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_every_deed_mode_and_status_of_the_tables_can_be_told(deed, status, data):
    modes = next(row["modes"].split() for row in rows("codebook") if row["type"] == deed)
    chosen = data.draw(st.lists(st.sampled_from(modes), unique=True)) if modes else []
    row = {"mention_id": "m1", "report_id": "r1"}
    told = {"text": SENTENCE, "published": None}
    values = (("deed", {"deed": deed, "modes": chosen}), ("status", status))
    made = [corrections.made(row, told, "a", field, value, None, "me", NOON) for field, value in values]
    out = corrections.mended(row | {"deed": "AGREE", "modes": [], "status": "actual", "confidence": 0.5}, made)
    assert (out["deed"], out["modes"], out["status"]) == (deed, chosen, status)


def test_a_file_that_is_no_correction_is_named(store):
    made = correct(store, "status", "future")
    path = store.path / "corrections" / f"{made.correction_id}.json"
    told = json.loads(path.read_text())
    wrong = (
        {"at": "today"},
        {"value": "planned"},
        {"field": "deed"},
        {"field": "when"},
        {"field": "targets"},
        {"field": "x"},
    )
    for content in ("", "[]", "{}", *(json.dumps(told | change) for change in wrong)):
        path.write_text(content)
        with pytest.raises(StoreError, match=rf"{made.correction_id}\.json is no correction"):
            Store(store.path).mentions()


# Merging. ---------------------------------------------------------------------------------------------------------


def told(store):
    rows = store.query("FROM events ORDER BY event_id").to_pylist()
    return [row | {"tellings": sorted(row["tellings"], key=lambda t: t["mention_id"])} for row in rows]


STORY = [
    ("r1", date(2024, 5, 15), ["m1"]),
    ("r2", date(2024, 5, 15), ["m2", "m4"]),
    ("r3", date(2024, 5, 16), ["m3"]),
    ("r5", date(2024, 9, 1), ["m5"]),
]
CHANGES = {
    "a deed of another kind": ("m2", "deed", {"deed": "ASSAULT", "modes": []}),
    "wrong": ("m1", "wrong", True),
    "another month": ("m3", "when", {"start": "2024-08-20", "end": "2024-08-20", "span": words("on Tuesday")}),
    "another actor": ("m3", "targets", [words("Moscow") | {"country": "CHN", "sectors": ["GOV"]}]),
    "the only telling": ("m5", "wrong", True),
}  # fmt: skip


def filled(path, parts):
    store = Store(path)
    for part, reports in parts.items():
        chosen = [row for row in STORY if row[0] in reports]
        mentions = [mention(m, r, **_changes(m)) for r, _, ids in chosen for m in ids]
        store.write(part, [report(r, published=day, publisher=r) for r, day, _ in chosen], mentions)
    return store


def _changes(mention_id):
    if mention_id == "m4":
        return {"deed": "THREATEN", "modes": (), "sources": (OFFICIALS,), "targets": (ENVOY,)}
    return {"when": None} if mention_id == "m5" else {}


@pytest.mark.parametrize("changes", [[name] for name in CHANGES] + [list(CHANGES)], ids=lambda names: "+".join(names))
def test_events_after_a_correction_are_those_of_a_store_that_was_merged_with_it(tmp_path, changes):
    parts = {"a": ["r1", "r2"], "b": ["r3"], "c": ["r5"]}
    before, at_once = filled(tmp_path / "one", parts), filled(tmp_path / "two", parts)
    merge(before)
    uncorrected = told(before)
    made = [correct(before, field, value, m) for m, field, value in map(CHANGES.get, changes)]
    for m, field, value in map(CHANGES.get, changes):
        correct(at_once, field, value, m)
    assert before.unmerged()
    merge(before)
    merge(at_once)
    assert told(before) == told(at_once) != uncorrected
    assert before.unmerged() == [] and not before.amended().mentions
    for correction in made:
        before.withdraw(correction.correction_id, by="A. Reader", at=NOON)
    merge(before)
    assert told(before) == uncorrected


steps = st.one_of(
    st.tuples(st.just("correct"), st.sampled_from(list(CHANGES))),
    st.tuples(st.just("withdraw"), st.integers(0, 5)),
    st.tuples(st.just("merge"), st.none()),
    st.tuples(st.just("add"), st.sampled_from(["b", "c"])),
)
PARTS = {"a": ["r1", "r2"], "b": ["r3"], "c": ["r5"]}


@given(st.lists(steps, max_size=8))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_events_do_not_depend_on_when_what_was_corrected_merged_or_added(tmp_path_factory, told_steps):
    folder = tmp_path_factory.mktemp("any")
    store = filled(folder / "one", {"a": PARTS["a"]})
    for minute, (step, what) in enumerate(told_steps):
        made = [c for c in store.corrections() if c.state != "withdrawn"]
        mention_id, field, value = CHANGES.get(what, (None, None, None))
        if step == "correct" and store.as_coded([mention_id]):
            correct(store, field, value, mention_id, minute)
        elif step == "withdraw" and made:
            store.withdraw(made[what % len(made)].correction_id, by="A. Reader", at=NOON)
        elif step == "merge":
            merge(store)
        elif step == "add":
            filled(store.path, {what: PARTS[what]})
    merge(store)
    fresh = filled(folder / "two", {part: PARTS[part] for part in store.parts()})
    for correction in store.corrections():
        if correction.state == "applied":
            correct(fresh, correction.field, correction.value, correction.mention_id)
    merge(fresh)
    assert told(store) == told(fresh) and not store.unmerged()


def test_a_merge_without_anything_new_writes_nothing(tmp_path):
    store = filled(tmp_path / "s", {"a": ["r1", "r2"]})
    correct(store, "status", "future")
    merge(store)
    manifest = (store.path / "events/manifest.json").read_bytes()
    merge(store)
    assert (store.path / "events/manifest.json").read_bytes() == manifest


def test_the_version_of_a_part_changes_with_its_corrections(store):
    before = store.versions()
    made = correct(store, "status", "future")
    during = store.versions()
    assert during["part:a"] != before["part:a"] and during["part:b"] == before["part:b"]
    store.withdraw(made.correction_id, by="A. Reader", at=NOON)
    assert store.versions()["part:a"] not in (before["part:a"], during["part:a"])


def test_one_merges_at_a_time(tmp_path):
    store, order = Store(tmp_path / "s"), []

    def other():
        with Store(store.path).merging():
            order.append("other")

    with store.merging():
        waiting = threading.Thread(target=other)
        waiting.start()
        waiting.join(0.3)
        order.append("first")
    waiting.join()
    assert order == ["first", "other"]


def test_the_desk_merges_what_is_corrected_and_tells_where_it_cannot(tmp_path):
    store = filled(tmp_path / "s", {"a": ["r1", "r2"]})
    merge(store)
    merger, closing = Merger(store), threading.Event()
    assert not merger.follow(closing)
    correct(store, "wrong", True)
    correct(store, "wrong", True, "m2")
    assert merger.follow(closing)
    assert [row["deed"] for row in told(store)] == ["THREATEN"] and not merger.follow(closing)
    correct(store, "wrong", True, "m4")
    (store.path / "reports/a.parquet").write_bytes(b"no longer a table")
    with pytest.raises(RuntimeError, match="legation merge --store"):
        merger.follow(closing)
    assert not merger.follow(closing)


# Annotations and the command. -------------------------------------------------------------------------------------


def test_corrected_sentences_are_annotations_in_the_gold_format(store):
    correct(store, "deed", {"deed": "AGREE", "modes": []})
    correct(store, "when", None, minutes=1)
    correct(store, "wrong", True, "m3")
    first, second = documents(store)
    assert first == {
        "id": "r1:0", "published": "2024-05-15", "headline": None, "sentences": [SENTENCE],
        "events": [{
            "s": 0, "trigger": "met", "type": "AGREE", "mode": [], "status": "actual",
            "source": [{"text": "Ri Sang Ho", "code": "PRK GOV"}],
            "target": [{"text": "Russian officials", "code": "RUS GOV EXE"}],
            "where": {"text": "Moscow", "country": "RUS"}, "said_by": "Tass",
        }],
    }  # fmt: skip
    assert (second["id"], second["events"]) == ("r3:0", [])


def test_annotations_are_of_the_sentence_alone_and_on_one_line(tmp_path):
    text = "It was Tuesday.\nEnvoy Ri Sang\nHo met officials, two aides looked on."
    at = {key: span(key, text) for key in ("Ri Sang\nHo", "met", "Tuesday", "looked on")}
    sentence = span("Envoy Ri Sang\nHo met officials, two aides looked on.", text)
    envoy = {"start": at["Ri Sang\nHo"].start, "end": at["Ri Sang\nHo"].end, "text": "Ri Sang\nHo", "country": "PRK"}
    kept = {"sentence": sentence, "sources": (), "targets": (), "claimants": (), "when": None, "where": None}
    store = Store(tmp_path / "s")
    told = [mention("m1", trigger=at["met"], **kept), mention("m2", trigger=at["looked on"], **kept)]
    store.write("a", [report(text=text)], told)
    correct(store, "sources", [envoy])
    day = {"start": "2024-05-14", "end": "2024-05-14"}
    correct(store, "when", day | {"span": {"start": 7, "end": 14, "text": "Tuesday"}})
    (document,) = documents(store)
    assert document["sentences"] == ["Envoy Ri Sang Ho met officials, two aides looked on."]
    assert [event["trigger"] for event in document["events"]] == ["met", "looked on"]
    first = document["events"][0]
    assert first["source"] == [{"text": "Ri Sang Ho", "code": "PRK"}] and "when" not in first
    record = annotations.standoff("own", document, document["sentences"][0], [[0, len(document["sentences"][0])]])
    assert len(record["events"]) == 2  # what training makes of it: all words are found in their sentence


def test_corrections_are_listed_and_exported_by_the_command(store, tmp_path):
    correct(store, "status", "future", note="only\nplanned")
    run = lambda *args: CliRunner().invoke(cli.main, ["corrections", "--store", str(store.path), *args])  # noqa: E731
    shown = run()
    assert shown.exit_code == 0
    assert shown.stdout == '2024-06-01 12:00  applied  m1  status: "future"  A. Reader (only planned)\n'
    assert json.loads(run("--json").stdout)["value"] == "future"
    assert run("--gold", str(tmp_path / "gold.jsonl")).exit_code == 0
    (line,) = (tmp_path / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["events"][0]["status"] == "future"
    assert json.loads(run("--gold", "-").stdout) == json.loads(line)
    assert run("--gold", "-", "--json").exit_code == 2


def test_an_uncorrected_store_says_so(store):
    shown = CliRunner().invoke(cli.main, ["corrections", "--store", str(store.path)])
    assert (shown.exit_code, shown.stdout) == (0, "") and "nothing is corrected" in shown.stderr
