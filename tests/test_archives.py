"""Import: rows become the events they tell, bad ones are told with their lines, a second time changes nothing."""

import zipfile
from datetime import date

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from legation import archives
from legation.archives import ArchiveError, import_table
from legation.cli import exchange, main
from legation.export import columns
from legation.schema import DEEDS, Event, Party, Place, Reject, Telling
from legation.store import Store, from_row
from legation.tables import rows

ICEWS = {
    "Event ID": "926685", "Event Date": "2014-05-14", "Source Name": "Police (India)",
    "Source Sectors": "Government,Police,Hindu", "Source Country": "India", "Event Text": "Arrest, detain",
    "CAMEO Code": "173", "Intensity": "-5.0", "Target Name": "Boko Haram",
    "Target Sectors": "Rebel,Insurgents", "Target Country": "Nigeria", "Story ID": "28235806",
    "Sentence Number": "5", "Publisher": "The Hindu", "City": "Delhi", "Province": "NCT", "Country": "India",
    "Latitude": "28.6667", "Longitude": "77.2167",
}  # fmt: skip
POLECAT = {
    "Event ID": "20230102-11-ab", "Event Date": "2023-01-01", "Event Type": "PROTEST", "Event Mode": "demo",
    "Intensity": "-6.5", "Quad Code": "MATERIAL CONFLICT", "Contexts": "rights_freedoms;elections",
    "Actor Name": "Protesters", "Actor Country": "PER", "Primary Actor Sector": "CVL", "Actor Sectors": "CVL;OPP",
    "Recipient Name": "Dina Boluarte", "Recipient Country": "PER", "Primary Recipient Sector": "GOV",
    "Wikipedia Recipient ID": "Dina Boluarte", "Placename": "Lima", "Province": "Lima", "Country": "PER",
    "Latitude": "-12.04", "Longitude": "-77.03", "GeoNames ID": "3936456", "Source": "afp.com",
    "Publication Date": "2023-01-02",
}  # fmt: skip
GDELT = {
    "GLOBALEVENTID": "1150000001", "SQLDATE": "20240513", "MonthYear": "202405", "Actor1Code": "ROMGOV",
    "Actor1Name": "PRESIDENT", "Actor1CountryCode": "ROM", "Actor1Type1Code": "GOV", "Actor1Type2Code": "MED",
    "Actor2Code": "IGOEEC", "Actor2Name": "EUROPEAN UNION", "Actor2KnownGroupCode": "EEC", "Actor2Type1Code": "IGO",
    "IsRootEvent": "1", "EventCode": "0211", "QuadClass": "1", "GoldsteinScale": "3.4", "NumMentions": "6",
    "NumSources": "2", "NumArticles": "5", "AvgTone": "-1.5", "ActionGeo_Type": "4",
    "ActionGeo_FullName": "Bucharest, Bucuresti, Romania", "ActionGeo_CountryCode": "RO", "ActionGeo_Lat": "44.4333",
    "ActionGeo_Long": "26.1", "DATEADDED": "20240514001500", "SOURCEURL": "https://www.example.org/news/1",
}  # fmt: skip
ROWS = {"icews": ICEWS, "polecat": POLECAT, "gdelt": GDELT}


def written(path, format, *changes, names=None):
    """A table of the format with a row for each of `changes` to its example."""
    names = list(names or columns(format))
    lines = ["\t".join((ROWS[format] | changed).get(name, "") for name in names) for changed in changes or ({},)]
    header = [] if format == "gdelt" else ["\t".join(names)]
    path.write_text("".join(f"{line}\n" for line in [*header, *lines]), encoding="utf-8")
    return path


def imported(tmp_path, format, *changes, **options):
    """The events that rows become, by first day and line, and what the import says."""
    store = Store(tmp_path / "s")
    done = import_table(store, written(tmp_path / "t.tab", format, *changes, **options), format)
    assert done.events == store.query("SELECT count(*) AS n FROM events").to_pylist()[0]["n"]
    return [from_row(Event, row) for name in store.shards() for row in store.shard(name).to_pylist()], done


# Rows. ------------------------------------------------------------------------------------------------------------


def test_a_row_of_icews(tmp_path):
    (event,), done = imported(tmp_path, "icews")
    day = date(2014, 5, 14)
    assert done.rejects == () and done.lines == 2
    assert event == Event(
        event_id="icews:926685", deed="COERCE", modes=("arrest",), status="actual", plover="COERCE", cameo="173",
        quad=4, goldstein=-5.0, contexts=("legal",), sources=(Party("Police (India)", "IND", ("GOV", "COP"), None),),
        targets=(Party("Boko Haram", "NGA", ("REB",), None),), start=day, end=day, precision="day", basis="report",
        where=Place("Delhi", "IND", "NCT", 28.6667, 77.2167, None), claimants=(), killed=None, injured=None,
        confidence=None,
        tellings=(Telling("icews:926685", "28235806", "The Hindu", day, None, "actual", day, day, ()),),
        reports=1, publishers=1, first_reported=day, last_reported=day, disagreements=(), origin="icews",
    )  # fmt: skip


def test_a_row_of_polecat(tmp_path):
    (event,), _ = imported(tmp_path, "polecat")
    day, published = date(2023, 1, 1), date(2023, 1, 2)
    assert event == Event(
        event_id="polecat:20230102-11-ab", deed="PROTEST", modes=("demo",), status="actual", plover="PROTEST",
        cameo=None, quad=4, goldstein=-6.5, contexts=("rights_freedoms", "elections"),
        sources=(Party("Protesters", "PER", ("CVL", "OPP"), None),),
        targets=(Party("Dina Boluarte", "PER", ("GOV",), "wikipedia:Dina Boluarte"),), start=day, end=day,
        precision="day", basis="stated", where=Place("Lima", "PER", "Lima", -12.04, -77.03, "geonames:3936456"),
        claimants=(), killed=None, injured=None, confidence=None,
        tellings=(Telling("polecat:20230102-11-ab", "polecat:20230102-11-ab", "afp.com", published, None, "actual",
                          day, day, ()),),
        reports=1, publishers=1, first_reported=published, last_reported=published, disagreements=(),
        origin="polecat",
    )  # fmt: skip


def test_a_row_of_gdelt(tmp_path):
    (event,), _ = imported(tmp_path, "gdelt")
    day, published = date(2024, 5, 13), date(2024, 5, 14)
    assert event == Event(
        event_id="gdelt:1150000001", deed="REQUEST", modes=(), status="actual", plover=None, cameo="0211", quad=1,
        goldstein=3.4, contexts=(), sources=(Party("PRESIDENT", "ROU", ("GOV", "JRN"), None),),
        targets=(Party("EUROPEAN UNION", "EUR", (), None),), start=day, end=day, precision="day", basis="stated",
        where=Place("Bucharest", "ROU", "Bucuresti", 44.4333, 26.1, None), claimants=(), killed=None, injured=None,
        confidence=None, tellings=(Telling("gdelt:1150000001", "https://www.example.org/news/1", "example.org",
                                           published, None, "actual", day, day, ()),),
        reports=5, publishers=2, first_reported=published, last_reported=published, disagreements=(), origin="gdelt",
    )  # fmt: skip


def test_the_header_says_where_columns_are_and_what_they_are_called(tmp_path):
    names = ["Intensity", *(name for name in reversed(columns("polecat")) if name != "Intensity"), "More"]
    path = written(tmp_path / "t.tab", "polecat", names=names)
    path.write_text(path.read_text().replace("Intensity", "Event Intensity", 1), encoding="utf-8-sig")
    import_table(Store(tmp_path / "s"), path, "polecat")
    (row,) = Store(tmp_path / "s").query("SELECT goldstein, sources[1].name AS name FROM events").to_pylist()
    assert row == {"goldstein": -6.5, "name": "Protesters"}


def test_cells_between_quotation_marks(tmp_path):
    quoted = {"Source Name": '"The ""Tigers"" of Jaffna"', "Target Name": 'the "Lions"', "City": '"'}
    (event,), _ = imported(tmp_path, "icews", quoted)
    assert event.sources[0].name == 'The "Tigers" of Jaffna'
    assert event.targets[0].name == 'the "Lions"' and event.where.name == '"'


@pytest.mark.parametrize(
    "cells, country",
    [
        ({"Source Country": "Occupied Palestinian Territory"}, "PSE"),
        ({"Source Country": "Democratic Republic of Congo"}, "COD"),
        ({"Source Country": "Congo"}, "COG"),
        ({"Source Country": "Atlantis"}, "---"),
        ({"Source Country": ""}, "---"),
        ({"Source Country": "", "Source Sectors": "Global,International Government Organization"}, "IGO"),
    ],
)
def test_countries_of_icews(tmp_path, cells, country):
    (event,), _ = imported(tmp_path, "icews", cells)
    assert event.sources[0].country == country


def test_no_side_and_no_place(tmp_path):
    nobody = dict.fromkeys(("Target Name", "Target Sectors", "Target Country"), "")
    nowhere = dict.fromkeys(("City", "Province", "Country", "Latitude", "Longitude"), "")
    (event,), _ = imported(tmp_path, "icews", nobody | nowhere)
    assert event.targets == () and event.where is None and len(event.sources) == 1


def test_every_cameo_code_is_a_deed_or_counted():
    deeds = {row["code"]: archives._deed(row["code"]) for row in rows("cameo")}
    assert {code for code, deed in deeds.items() if deed is None} == {
        "01", "010", "011", "012", "013", "014", "015", "017",
    }  # fmt: skip
    assert {deed for deed in deeds.values() if deed} == set(DEEDS)
    assert (deeds["0256"], deeds["019"], deeds["1712"]) == ("REQUEST", "SUPPORT", "ASSAULT")


# Rows of one event. -----------------------------------------------------------------------------------------------


def test_rows_that_differ_in_actors_only_are_one_event(tmp_path):
    other, third = {"Target Name": "Taliban"}, {"Source Name": "Army (India)"}
    (event,), done = imported(tmp_path, "icews", {}, other, third, third | other)
    assert done.lines == 5
    assert [party.name for party in event.sources] == ["Police (India)", "Army (India)"]
    assert [party.name for party in event.targets] == ["Boko Haram", "Taliban"]


def test_rows_of_one_id_that_differ_otherwise_are_several_events(tmp_path):
    found, _ = imported(tmp_path, "icews", {}, {"CAMEO Code": "190"}, {"Target Name": "Taliban"}, {"Event ID": "7"})
    assert [(event.event_id, event.cameo, len(event.targets)) for event in found] == [
        ("icews:926685", "173", 2), ("icews:926685/2", "190", 1), ("icews:7", "173", 1),
    ]  # fmt: skip


def test_a_shard_for_each_month(tmp_path):
    days = [{"Event ID": str(n), "Event Date": day} for n, day in enumerate(("2014-12-31", "2014-01-02", "2015-01-01"))]
    found, _ = imported(tmp_path, "icews", *days)
    digest = archives._digest(tmp_path / "t.tab")
    assert Store(tmp_path / "s").shards() == [f"icews-{digest}-{month}" for month in ("2014-01", "2014-12", "2015-01")]
    assert [event.event_id for event in found] == ["icews:1", "icews:0", "icews:2"]


def test_importing_a_file_again_changes_nothing(tmp_path):
    bad = {"Event Date": "2014-02-30"}
    once, _ = imported(tmp_path, "icews", {}, bad)
    again, _ = imported(tmp_path, "icews", {}, bad)
    store = Store(tmp_path / "s")
    assert once == again and len(store.shards()) == 1
    assert store.query("FROM rejects").num_rows == 1
    import_table(store, written(tmp_path / "other.tab", "gdelt"), "gdelt")
    assert len(store.shards()) == 2 and store.query("FROM events").num_rows == 2


def test_a_shard_that_an_earlier_import_of_the_file_made_goes(tmp_path):
    store, path = Store(tmp_path / "s"), written(tmp_path / "t.tab", "icews")
    import_table(store, path, "icews")
    (name,) = store.shards()
    stale = name.replace("2014-05", "1999-01")
    store.write_events({stale: {"events": store.shard(name)}})
    import_table(store, path, "icews")
    assert store.shards() == [name]


def test_blocks_end_within_lines(tmp_path, monkeypatch):
    many = [{"Event ID": str(n), "Source Name": "Ñ" * (n % 7 + 1)} for n in range(60)]
    many[41] = {"Event Date": "soon"}
    whole, before = imported(tmp_path, "icews", *many)
    for size in (50, 97, 1000):
        monkeypatch.setattr(archives, "_BLOCK", size)
        pieces, done = imported(tmp_path, "icews", *many)
        assert pieces == whole and done == before
    assert [reject.line for reject in before.rejects] == [43]


# What cannot be read. ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "format, cells, reason",
    [
        ("icews", {"Event Date": "2014-02-30"}, "Event Date '2014-02-30' is no day (YYYY-MM-DD)"),
        ("icews", {"Event Date": ""}, "Event Date '' is no day (YYYY-MM-DD)"),
        ("icews", {"CAMEO Code": "13y"}, "CAMEO Code '13y' is no CAMEO code"),
        ("icews", {"Event ID": ""}, "Event ID '' is no id"),
        ("icews", {"Intensity": "-11"}, "Intensity '-11' is no number from -10 to 10"),
        ("icews", {"Latitude": "91"}, "Latitude '91' is no number up to 90"),
        ("polecat", {"Event Type": "MAKE STATEMENT"}, "Event Type 'MAKE STATEMENT' is no PLOVER type"),
        ("polecat", {"Quad Code": "5"}, "Quad Code '5' is no quad class"),
        ("polecat", {"Longitude": "nan"}, "Longitude 'nan' is no number up to 180"),
        ("gdelt", {"SQLDATE": "2024"}, "SQLDATE '2024' is no day (YYYYMMDD)"),
        ("gdelt", {"QuadClass": "12"}, "QuadClass '12' is no quad class from 1 to 4"),
        ("gdelt", {"NumArticles": "-1"}, "NumArticles '-1' is no count"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_goes_on(tmp_path, format, cells, reason):
    found, done = imported(tmp_path, format, {}, cells)
    line = 2 if format == "gdelt" else 3
    assert len(found) == 1 and done.rejects == (Reject(str(tmp_path / "t.tab"), reason, line),)
    kept = Store(tmp_path / "s").query("FROM rejects").to_pylist()
    assert [from_row(Reject, row) for row in kept] == list(done.rejects)


def test_lines_of_other_widths_and_of_other_encodings(tmp_path):
    path = written(tmp_path / "t.tab", "icews", {}, {"Event ID": "2"})
    first, second, third = path.read_bytes().splitlines()
    path.write_bytes(b"\r\n".join([first, b"too\tshort", second, b"", b"caf\xe9" + third, third + b"\tmore", third]))
    done = import_table(Store(tmp_path / "s"), path, "icews")
    assert [(reject.line, reject.reason) for reject in done.rejects] == [
        (2, "this line has 2 columns, not 20"),
        (5, "this line is not UTF-8; convert the file, with iconv for one"),
        (6, "this line has 21 columns, not 20"),
    ]
    assert done.events == 2 and done.lines == 7


def test_statements_are_counted_among_the_rejects(tmp_path):
    found, done = imported(tmp_path, "gdelt", {}, *[{"EventCode": "010"}] * 3, {"EventCode": "012", "SQLDATE": "x"})
    assert len(found) == 1
    assert [(reject.line, reject.reason) for reject in done.rejects] == [
        (5, "SQLDATE 'x' is no day (YYYYMMDD)"),
        (None, "rows of CAMEO 010 (Make statement, not specified below), which is no deed in PLOVER: 3"),
    ]


def test_a_file_of_nothing_but_bad_rows_leaves_its_rejects(tmp_path):
    found, done = imported(tmp_path, "icews", {"Event Date": "x"})
    assert found == [] and done.events == 0 and len(done.rejects) == 1
    assert Store(tmp_path / "s").query("FROM rejects").num_rows == 1


@pytest.mark.parametrize(
    "content, format, message",
    [
        ("", "icews", "t.tab is empty; name a table of ICEWS"),
        ("", "gdelt", "t.tab is empty; name a table of GDELT"),
        ("a\tb\nc\td\n", "icews", "t.tab is no table of ICEWS: its first line lacks the columns Event ID, Event Date"),
        ("\t" * 57 + "\n", "gdelt", r"first line has 58 columns \(a table of GDELT 1.0\), not 61"),
        ("PK", "gdelt", "first line has 1 columns, not 61"),
    ],
)
def test_a_file_that_is_no_such_table(tmp_path, content, format, message):
    (tmp_path / "t.tab").write_text(content)
    with pytest.raises(ArchiveError, match=message):
        import_table(Store(tmp_path / "s"), tmp_path / "t.tab", format)
    assert not (tmp_path / "s").exists()


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z", "S", "Cc"]), max_size=80))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    path = written(folder / "t.tab", "icews", {})
    before = path.read_text(encoding="utf-8")
    path.write_bytes((before + text).encode())
    done = import_table(Store(folder / "s"), path, "icews")
    told = [line for line in text.split("\n") if line.rstrip("\r\n")]
    assert done.events == 1 and len(done.rejects) == len(told)


# Zip archives. ----------------------------------------------------------------------------------------------------


def zipped(path, *files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return path


def test_a_zip_archive_holds_the_table(tmp_path):
    path = zipped(tmp_path / "t.CSV.ZIP", written(tmp_path / "t.CSV", "gdelt"))
    assert import_table(Store(tmp_path / "s"), path, "gdelt").events == 1


def test_a_zip_archive_of_several_files_and_a_broken_one(tmp_path):
    one, two = written(tmp_path / "one.CSV", "gdelt"), written(tmp_path / "two.CSV", "gdelt")
    with pytest.raises(ArchiveError, match="holds 2 files, not one; unpack it"):
        import_table(Store(tmp_path / "s"), zipped(tmp_path / "t.zip", one, two), "gdelt")
    whole = zipped(tmp_path / "w.zip", one).read_bytes()
    (tmp_path / "w.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        import_table(Store(tmp_path / "s"), tmp_path / "w.zip", "gdelt")
    assert not (tmp_path / "s").exists()


# The command. -----------------------------------------------------------------------------------------------------


def run(*args):
    return CliRunner().invoke(exchange.import_, [str(arg) for arg in args])


def test_import_tells_what_each_file_brought(tmp_path):
    path = written(tmp_path / "t.tab", "icews", {}, {"Event ID": "2", "Event Date": "x"})
    result = run(path, "--store", tmp_path / "s", "--format", "icews")
    assert result.exit_code == 0 and result.stdout == ""
    assert "t.tab, line 3: Event Date 'x' is no day" in result.stderr
    assert "t.tab: 3 lines, 1 events" in result.stderr


def test_import_shows_the_first_rejects_and_counts_the_others(tmp_path):
    path = written(tmp_path / "t.tab", "icews", {}, *[{"Event Date": "x"}] * 13)
    result = run(path, "--store", tmp_path / "s", "--format", "icews")
    assert result.stderr.count("is no day") == 10 and "3 more rejects; see legation rejects" in result.stderr


def test_import_goes_on_after_a_file_that_cannot_be_read_and_fails(tmp_path):
    path = written(tmp_path / "t.tab", "icews")
    (tmp_path / "b.tab").write_text("a\tb\n")
    result = run(tmp_path / "none.tab", tmp_path / "b.tab", path, "--store", tmp_path / "s", "--format", "icews")
    assert result.exit_code == 1
    assert "none.tab cannot be read: No such file" in result.stderr and "b.tab is no table of ICEWS" in result.stderr
    assert Store(tmp_path / "s").query("FROM events").num_rows == 1


def test_an_import_with_rejects_leaves_nothing_to_merge(tmp_path):
    imported(tmp_path, "icews", {}, {"Event ID": "926686", "Event Date": "2014-05-32"})
    listed = CliRunner().invoke(main, ["events", "--store", str(tmp_path / "s")])
    assert listed.stdout.splitlines()[1].startswith("reported 2014-05-14 ")
    assert "not merged" not in listed.stderr
