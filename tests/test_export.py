"""Export: each format's own columns, what it cannot tell is counted, and what is written reads back as it was."""

import csv
import io
import json
import math
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_store import SENTENCE, mention, report

from legation import archives, export
from legation.cli import exchange
from legation.schema import DEEDS, EVENTS, STATUSES, Disagreement, Event, Party, Place, Telling, Version
from legation.store import Store, from_row, to_row
from legation.tables import rows

ENVOY = Party("Ri Sang Ho", "PRK", ("GOV",), "person:ri-sang-ho")
OFFICIALS = Party("Russian officials", "RUS", ("GOV", "MIL"), None)
PRESS = Party("Tass", "RUS", ("JRN",), None)
MOSCOW = Place("Moscow", "RUS", "Moskva", 55.75222, 37.61556, "geonames:524901")
TOLD = Telling(
    "m1", "r1", "Example News", date(2024, 5, 15), None, "actual", date(2024, 5, 14), date(2024, 5, 14), (PRESS,)
)


def event(event_id="em1", **changes):
    fields = {
        "event_id": event_id, "deed": "CONSULT", "modes": ("visit",), "status": "actual", "plover": "CONSULT",
        "cameo": "042", "quad": 1, "goldstein": 1.9, "contexts": ("diplomatic",), "sources": (ENVOY,),
        "targets": (OFFICIALS,), "start": date(2024, 5, 14), "end": date(2024, 5, 14), "precision": "day",
        "basis": "stated", "where": MOSCOW, "claimants": (PRESS,), "killed": None, "injured": None,
        "confidence": 0.83, "tellings": (TOLD,), "reports": 1, "publishers": 1, "first_reported": date(2024, 5, 15),
        "last_reported": date(2024, 5, 15), "disagreements": (), "origin": "reports",
    }  # fmt: skip
    return Event(**(fields | changes))


def table(*events):
    return pa.Table.from_pylist([to_row(one) for one in events], schema=EVENTS)


def kept(folder, *events):
    store = Store(folder)
    store.write_events({"all": {"events": table(*events)}})
    return store


def told(store, format, *events, statuses=export.HAPPENED):
    """What is written of the events, as dicts of cells, and the counts."""
    file = io.StringIO()
    written = export.write_text(store, table(*events), format, file, statuses)
    lines = [line.split("\t") for line in file.getvalue().splitlines()]
    names = list(export.columns(format)) if format.startswith("gdelt") else lines.pop(0)
    return [dict(zip(names, line, strict=True)) for line in lines], written


# Columns. ---------------------------------------------------------------------------------------------------------

ICEWS = """Event ID|Event Date|Source Name|Source Sectors|Source Country|Event Text|CAMEO Code|Intensity|Target Name|
Target Sectors|Target Country|Story ID|Sentence Number|Publisher|City|District|Province|Country|Latitude|Longitude"""
POLECAT = """Event ID|Event Date|Event Type|Event Mode|Intensity|Quad Code|Contexts|Actor Name|Actor Country|Actor COW|
Primary Actor Sector|Actor Sectors|Actor Title|Actor Name Raw|Wikipedia Actor ID|Recipient Name|Recipient Country|
Recipient COW|Primary Recipient Sector|Recipient Sectors|Recipient Title|Recipient Name Raw|Wikipedia Recipient ID|
Placename|City|District|Province|Country|Latitude|Longitude|GeoNames ID|Raw Placename|Feature Type|Source|
Publication Date|Story People|Story Organizations|Story Locations|Language|Version"""
ACTOR = "Code|Name|CountryCode|KnownGroupCode|EthnicCode|Religion1Code|Religion2Code|Type1Code|Type2Code|Type3Code"
GEO = "Type|FullName|CountryCode|ADM1Code|ADM2Code|Lat|Long|FeatureID"
GDELT = "|".join(
    ["GLOBALEVENTID|SQLDATE|MonthYear|Year|FractionDate"]
    + [f"Actor{n}{name}" for n in (1, 2) for name in ACTOR.split("|")]
    + ["IsRootEvent|EventCode|EventBaseCode|EventRootCode|QuadClass|GoldsteinScale|NumMentions|NumSources|NumArticles"]
    + ["AvgTone"]
    + [f"{who}Geo_{name}" for who in ("Actor1", "Actor2", "Action") for name in GEO.split("|")]
    + ["DATEADDED|SOURCEURL"]
)
MENTIONS = """GLOBALEVENTID|EventTimeDate|MentionTimeDate|MentionType|MentionSourceName|MentionIdentifier|SentenceID|
Actor1CharOffset|Actor2CharOffset|ActionCharOffset|InRawText|Confidence|MentionDocLen|MentionDocTone|
MentionDocTranslationInfo|Extras"""


@pytest.mark.parametrize(
    "format, names, count",
    [("icews", ICEWS, 20), ("polecat", POLECAT, 40), ("gdelt", GDELT, 61), ("gdelt-mentions", MENTIONS, 16)],
)
def test_columns_are_those_of_the_format_in_its_order(format, names, count):
    expected = names.replace("\n", "").split("|")
    assert len(expected) == count
    assert list(export.columns(format)) == expected


def test_positions_in_the_table_of_columns_run_from_one():
    for format in {row["format"] for row in rows("export_columns")}:
        positions = [int(row["position"]) for row in rows("export_columns") if row["format"] == format]
        assert positions == list(range(1, len(positions) + 1)), format


def test_every_code_that_is_written_is_read_as_what_it_was():
    for format, kind in (("gdelt", "type"), ("gdelt", "group"), ("icews", "sector")):
        codes = archives.actor_codes(format, kind)
        for column in ("sector", "country"):
            names = [name for name, row in codes.items() if row["written"] and row[column]]
            assert len({codes[name][column] for name in names}) == len(names)
    sectors = {row["sector"] for row in rows("sectors")} - {"UNK"}
    for format, kind in (("gdelt", "type"), ("icews", "sector")):
        codes = archives.actor_codes(format, kind).values()
        assert sectors <= {row["sector"] for row in codes if row["written"]}, format


# Rows. ------------------------------------------------------------------------------------------------------------


def test_icews(tmp_path):
    (row,), written = told(Store(tmp_path / "s"), "icews", event())
    assert (written.events, written.rows) == (1, 1)
    assert {name: value for name, value in row.items() if value} == {
        "Event ID": "em1", "Event Date": "2024-05-14", "Source Name": "Ri Sang Ho", "Source Sectors": "Government",
        "Source Country": "North Korea", "Event Text": "Make a visit", "CAMEO Code": "042", "Intensity": "1.9",
        "Target Name": "Russian officials", "Target Sectors": "Government,Military",
        "Target Country": "Russian Federation", "Story ID": "r1", "Publisher": "Example News", "City": "Moscow",
        "Province": "Moskva", "Country": "Russian Federation", "Latitude": "55.75222", "Longitude": "37.61556",
    }  # fmt: skip


def test_polecat(tmp_path):
    (row,), _ = told(
        Store(tmp_path / "s"), "polecat", event(sources=(replace(ENVOY, actor_id="wikipedia:Ri Yong-ho"),))
    )
    assert row.pop("Version").startswith("Legation ")
    assert {name: value for name, value in row.items() if value} == {
        "Event ID": "em1", "Event Date": "2024-05-14", "Event Type": "CONSULT", "Event Mode": "visit",
        "Intensity": "1.9", "Quad Code": "VERBAL COOPERATION", "Contexts": "diplomatic", "Actor Name": "Ri Sang Ho",
        "Actor Country": "PRK", "Primary Actor Sector": "GOV", "Actor Sectors": "GOV",
        "Wikipedia Actor ID": "Ri Yong-ho", "Recipient Name": "Russian officials", "Recipient Country": "RUS",
        "Primary Recipient Sector": "GOV", "Recipient Sectors": "GOV;MIL", "Placename": "Moscow",
        "Province": "Moskva", "Country": "RUS", "Latitude": "55.75222", "Longitude": "37.61556",
        "GeoNames ID": "524901", "Source": "Example News", "Publication Date": "2024-05-15",
    }  # fmt: skip


def test_gdelt(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report("r1", url="https://example.org/1")], [])
    un = Party("United Nations", "UNO", (), None)
    (row,), _ = told(store, "gdelt", event(sources=(un,), cameo="0841"))
    assert int(row.pop("GLOBALEVENTID")) == export.gdelt_number("em1") >= 2**62
    assert {name: value for name, value in row.items() if value} == {
        "SQLDATE": "20240514", "MonthYear": "202405", "Year": "2024", "FractionDate": "2024.3671",
        "Actor1Code": "UNO", "Actor1Name": "United Nations", "Actor1KnownGroupCode": "UNO",
        "Actor2Code": "RUSGOVMIL", "Actor2Name": "Russian officials", "Actor2CountryCode": "RUS",
        "Actor2Type1Code": "GOV", "Actor2Type2Code": "MIL", "EventCode": "0841", "EventBaseCode": "084",
        "EventRootCode": "08", "QuadClass": "1", "GoldsteinScale": "1.9", "NumMentions": "1", "NumSources": "1",
        "NumArticles": "1", "ActionGeo_Type": "4", "ActionGeo_FullName": "Moscow, Moskva, Russia",
        "ActionGeo_CountryCode": "RS", "ActionGeo_Lat": "55.75222", "ActionGeo_Long": "37.61556",
        "DATEADDED": "20240515000000", "SOURCEURL": "https://example.org/1",
    }  # fmt: skip


def test_gdelt_mentions_are_the_tellings_with_their_offsets(tmp_path):
    store = Store(tmp_path / "s")
    store.write("a", [report("r1", url="https://example.org/1")], [mention("m1", "r1")])
    other = replace(TOLD, mention_id="m2", report_id="r2", published=None)
    denial = replace(TOLD, mention_id="m3", status="negated")
    found, written = told(store, "gdelt-mentions", event(tellings=(TOLD, other, denial)))
    assert (written.events, written.rows) == (1, 2)
    number = str(export.gdelt_number("em1"))
    assert [list(row.values()) for row in found] == [
        [number, "20240515000000", "20240515000000", "1", "Example News", "https://example.org/1", "", "19", "34",
         "30", "1", "83", str(len(SENTENCE)), "", "", ""],
        [number, "20240515000000", "", "2", "Example News", "r2", "", "-1", "-1", "-1", "1", "", "", "", "", ""],
    ]  # fmt: skip


def test_an_event_of_several_actors_is_a_row_for_each_pair_with_its_id(tmp_path):
    several = event(sources=(ENVOY, PRESS), targets=(OFFICIALS, ENVOY))
    for format, id_name, names in (
        ("icews", "Event ID", ("Source Name", "Target Name")),
        ("polecat", "Event ID", ("Actor Name", "Recipient Name")),
        ("gdelt", "GLOBALEVENTID", ("Actor1Name", "Actor2Name")),
    ):
        found, written = told(Store(tmp_path / "s"), format, several, event("em2", targets=()))
        assert (written.events, written.rows) == (2, 5)
        assert len({row[id_name] for row in found}) == 2
        assert [tuple(row[name] for name in names) for row in found] == [
            ("Ri Sang Ho", "Russian officials"), ("Ri Sang Ho", "Ri Sang Ho"), ("Tass", "Russian officials"),
            ("Tass", "Ri Sang Ho"), ("Ri Sang Ho", ""),
        ]  # fmt: skip


@pytest.mark.parametrize("format", export.ARCHIVES)
def test_what_a_format_cannot_tell_is_left_out_and_counted(tmp_path, format):
    undated = event("e2", start=None, end=None, first_reported=None)
    uncoded = event("e3", plover=None, cameo=None)
    found, written = told(Store(tmp_path / "s"), format, event(), undated, uncoded)
    code = "no PLOVER type" if format == "polecat" else "no CAMEO code"
    assert written.events == 1 and len(found) == 1
    assert dict(written.left_out) == {"no day": 1, code: 1}


def test_ids_of_an_archive_are_its_own_again(tmp_path):
    store = Store(tmp_path / "s")
    (row,), _ = told(store, "icews", event("icews:926685"))
    assert row["Event ID"] == "926685"
    (row,), _ = told(store, "icews", event("polecat:20230102-1"))
    assert row["Event ID"] == "polecat:20230102-1"
    (row,), _ = told(store, "gdelt", event("gdelt:1150000001"))
    assert row["GLOBALEVENTID"] == "1150000001"


def test_csv(tmp_path):
    file = io.StringIO()
    export.write_text(Store(tmp_path / "s"), table(event(sources=(ENVOY, PRESS), where=None)), "csv", file)
    (row,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert list(row) == list(export.columns("csv"))
    assert row["source"] == "Ri Sang Ho; Tass" and row["source_sectors"] == "GOV; JRN"
    assert row["source_id"] == "person:ri-sang-ho; " and row["claimant"] == "Tass"
    assert (row["event_id"], row["place"], row["goldstein"], row["killed"]) == ("em1", "", "1.9", "")


def test_geojson_has_only_events_with_coordinates_longitude_first(tmp_path):
    file = io.StringIO()
    nowhere = event("e2", where=replace(MOSCOW, lat=None))
    written = export.write_text(Store(tmp_path / "s"), table(event(), nowhere, event("e3")), "geojson", file)
    found = json.loads(file.getvalue())
    assert found["type"] == "FeatureCollection" and dict(written.left_out) == {"no coordinates": 1}
    assert [feature["id"] for feature in found["features"]] == ["em1", "e3"]
    feature = found["features"][0]
    assert feature["geometry"] == {"type": "Point", "coordinates": [37.61556, 55.75222]}
    assert feature["properties"]["deed"] == "CONSULT" and feature["properties"]["start"] == "2024-05-14"


def test_geojson_of_nothing_is_an_empty_collection(tmp_path):
    file = io.StringIO()
    export.write_text(Store(tmp_path / "s"), table(), "geojson", file)
    assert json.loads(file.getvalue()) == {"type": "FeatureCollection", "features": []}


def test_a_data_package_describes_its_tables(tmp_path):
    quarrel = Disagreement(
        "killed", (Version("3", ("m1",), 1, ("Tass",), date(2024, 5, 15)), Version("4", (), 1, (), None))
    )
    export.write_package(table(event(disagreements=(quarrel,))), tmp_path)
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    found = {}
    for resource in package["resources"]:
        with (tmp_path / resource["path"]).open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert list(lines[0]) == [field["name"] for field in resource["schema"]["fields"]]
        assert {field["type"] for field in resource["schema"]["fields"]} <= {"string", "integer", "number", "date"}
        found[resource["name"]] = lines
    assert [(row["role"], row["position"], row["name"]) for row in found["actors"]] == [
        ("source", "1", "Ri Sang Ho"), ("target", "1", "Russian officials"), ("claimant", "1", "Tass"),
    ]  # fmt: skip
    assert found["events"][0]["place"] == "Moscow" and found["tellings"][0]["claimants"] == "Tass"
    assert [(row["field"], row["value"], row["says"]) for row in found["disagreements"]] == [
        ("killed", "3", "Tass"), ("killed", "4", ""),
    ]  # fmt: skip


def test_parquet_is_the_events_as_they_are(tmp_path):
    export.write_parquet(table(event(), event("e2")), tmp_path / "e.parquet")
    read = pq.read_table(tmp_path / "e.parquet")
    assert read.schema.equals(EVENTS)
    assert [from_row(Event, row) for row in read.to_pylist()] == [event(), event("e2")]


def test_only_what_happened_is_chosen_unless_said(tmp_path):
    store = kept(tmp_path / "s", *(event(f"e{status}", status=status) for status in STATUSES))
    assert set(export.select(store)["status"].to_pylist()) == {"actual", "historical"}
    assert set(export.select(store, ("future",))["status"].to_pylist()) == {"future"}
    assert export.select(store, STATUSES, actor="PRK").num_rows == 5
    assert export.select(store, STATUSES, actor="FRA").num_rows == 0


# Round trips. -----------------------------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n\0"), min_size=1, max_size=12)
plain = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
ids = st.from_regex(r"\A(e[0-9a-f]{8}|(icews|polecat|gdelt):[1-9][0-9]{0,8})\Z")
nations = sorted({row["iso3"] for row in rows("archive_countries") if row["fips"]})
states = st.sampled_from([*nations, *archives.BEYOND_STATES, "---"])
sectors = st.lists(st.sampled_from([row["sector"] for row in rows("sectors") if row["sector"] != "UNK"]), max_size=2,
                   unique=True).map(tuple)  # fmt: skip
parties = st.lists(st.builds(Party, words, states, sectors, st.none()), max_size=3, unique=True).map(tuple)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
degrees = st.floats(-90, 90)
places = st.builds(Place, plain, st.sampled_from(nations), st.none() | plain, degrees, degrees, st.none())
tellings = st.builds(
    Telling, words, words, words, days, st.none(), st.just("actual"), st.none(), st.none(), st.just(())
)
tenths = st.integers(-100, 100).map(lambda tenth: tenth / 10)
codes = sorted(row["code"] for row in rows("cameo") if archives._deed(row["code"]))


@st.composite
def events(draw):
    code, day = draw(st.sampled_from(codes)), draw(days)
    told = draw(st.lists(tellings, max_size=1).map(tuple))
    return event(
        draw(ids), cameo=code, plover=draw(st.sampled_from(DEEDS)), goldstein=draw(tenths),
        quad=draw(st.integers(1, 4)), modes=draw(st.lists(plain, max_size=2, unique=True).map(tuple)),
        contexts=draw(st.lists(plain, max_size=2, unique=True).map(tuple)), sources=draw(parties),
        targets=draw(parties), start=day, end=day, where=draw(st.none() | places), tellings=told,
        first_reported=draw(days), reports=draw(st.integers(1, 10**6)), publishers=draw(st.integers(1, 10**6)),
    )  # fmt: skip


def back(tmp_path_factory, format, one):
    folder = tmp_path_factory.mktemp("trip")
    path = folder / "events.tab"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        export.write_text(Store(folder / "s"), table(*one), format, file)
    done = archives.import_table(Store(folder / "s"), path, format)
    assert done.rejects == ()
    found = Store(folder / "s").query("FROM events ORDER BY event_id").to_pylist()
    return [from_row(Event, row) for row in found]


def expected_id(event_id, format):
    """What the format makes of an id: its own stay, GDELT numbers the others."""
    return f"gdelt:{export.gdelt_number(event_id)}" if format == "gdelt" else event_id


FIELDS = {
    "icews": ("cameo", "goldstein", "start", "sources", "targets", "where"),
    "polecat": (
        "plover",
        "quad",
        "goldstein",
        "modes",
        "contexts",
        "start",
        "first_reported",
        "sources",
        "targets",
        "where",
    ),
    "gdelt": (
        "cameo",
        "quad",
        "goldstein",
        "start",
        "first_reported",
        "reports",
        "publishers",
        "sources",
        "targets",
        "where",
    ),
}


@pytest.mark.parametrize("format", archives.FORMATS)
@given(many=st.lists(events(), min_size=1, max_size=4, unique_by=lambda one: one.event_id))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_what_is_exported_comes_back_in_every_field_that_the_format_has(tmp_path_factory, format, many):
    found = {one.event_id: one for one in back(tmp_path_factory, format, many)}
    assert set(found) == {expected_id(one.event_id, format) for one in many}
    for one in many:
        other = found[expected_id(one.event_id, format)]
        for name in FIELDS[format]:
            assert getattr(other, name) == getattr(one, name), name
        assert other.status == "actual" and other.origin == format
        assert other.basis == ("report" if format == "icews" or one.start == one.first_reported else "stated")
        if format == "icews":
            assert [(t.report_id, t.publisher) for t in other.tellings] == [
                (t.report_id, t.publisher) for t in one.tellings
            ]


@given(st.lists(events(), max_size=3, unique_by=lambda one: one.event_id))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_the_package_and_the_csv_keep_every_event(tmp_path_factory, many):
    folder = tmp_path_factory.mktemp("package")
    export.write_package(table(*many), folder)
    with (folder / "events.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["event_id"] for row in found] == [one.event_id for one in many]
    assert [row["place"] for row in found] == [one.where.name if one.where else "" for one in many]
    assert all(math.isclose(float(row["goldstein"]), one.goldstein) for row, one in zip(found, many, strict=True))
    with (folder / "actors.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert names == [party.name for one in many for party in (*one.sources, *one.targets, *one.claimants)]


# The command. -----------------------------------------------------------------------------------------------------


def run(*args):
    return CliRunner().invoke(exchange.export, [str(arg) for arg in args])


@pytest.fixture
def store(tmp_path):
    kept(tmp_path / "s", event(), event("e2", status="future"), event("e3", deed="ASSAULT", status="historical"))
    return tmp_path / "s"


def test_export_writes_what_happened(store):
    result = run("--store", store, "--format", "csv")
    assert result.exit_code == 0 and result.stderr == ""
    assert [row["event_id"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["e3", "em1"]


def test_export_of_other_statuses_and_with_filters(store):
    result = run("--store", store, "--format", "csv", "--status", "future", "--status", "actual", "--deed", "consult")
    assert [row["event_id"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["e2", "em1"]


@pytest.mark.parametrize("format", export.FORMATS)
def test_export_writes_whole_files_and_the_same_again(store, tmp_path, format):
    contents = []
    for name in ("one", "two"):
        assert run("--store", store, "--format", format, "--out", tmp_path / name).exit_code == 0
        out = tmp_path / name
        files = sorted(out.iterdir()) if out.is_dir() else [out]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1] and all(contents[0])
    assert not list(tmp_path.glob(".*draft"))


@pytest.mark.parametrize("format", ["parquet", "datapackage"])
def test_export_to_standard_output_of_what_is_no_text(store, format):
    result = run("--store", store, "--format", format)
    assert result.exit_code == 2 and f"{format} cannot be written to standard output" in result.stderr


def test_export_keeps_a_folder_that_is_there(store, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").write_text("…")
    result = run("--store", store, "--format", "datapackage", "--out", tmp_path / "full")
    assert result.exit_code == 1 and "exists; name a new or empty folder" in result.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.docx"]


def test_export_to_where_nothing_can_be_written(store, tmp_path):
    for format in ("parquet", "datapackage", "icews"):
        result = run("--store", store, "--format", format, "--out", tmp_path / "no" / "out")
        assert result.exit_code == 1 and "out cannot be written: No such file" in result.stderr


def test_export_tells_what_was_left_out(store):
    result = run("--store", store, "--format", "geojson", "--actor", "FRA")
    assert result.exit_code == 0 and "no event was written" in result.stderr
    assert json.loads(result.stdout)["features"] == []


def test_every_format_is_offered():
    assert set(exchange.TEXTS) | {"parquet", "datapackage"} == set(export.FORMATS)
    (offered,) = [parameter.type.choices for parameter in exchange.import_.params if parameter.name == "form"]
    assert tuple(offered) == archives.FORMATS
