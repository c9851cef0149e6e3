"""SQL at the desk: it finds what the store holds, and can do nothing else, nor for long, nor of any size."""

import io
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from test_store import mention, report

from legation.desk import querying, sandbox
from legation.desk.app import make
from legation.desk.operations import Given, Refusal
from legation.desk.sandbox import Asked, SandboxError, answer, checked
from legation.merge import merge
from legation.store import Store


class Desk:
    """As much of a desk as the handlers need."""

    def __init__(self, store):
        self.store, self.closing = store, threading.Event()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("asked") / "it's a store")
    store.write("a", [report("r1"), report("r2")], [mention("m1"), mention("m2", "r2", deed="AGREE", modes=())])
    merge(store)
    store.correct("m2", "status", "future", by="A. Reader", at=datetime(2024, 6, 1, tzinfo=UTC))
    return store


def find(store, sql, rows=100, form="json"):
    out = io.BytesIO()
    truncated = answer(Asked(str(store.path), sql, rows, form), out)
    return out.getvalue(), truncated


def shown(store, sql, rows=100):
    found, truncated = find(store, sql, rows)
    return json.loads(found), truncated


# What is found. ---------------------------------------------------------------------------------------------------


def test_every_view_can_be_asked_and_mentions_are_as_corrected(store):
    for view in sandbox.VIEWS:
        found, truncated = shown(store, f"SELECT count(*) AS n FROM {view}")
        assert found["columns"] == [{"name": "n", "type": "BIGINT"}] and not truncated
    found, _ = shown(store, "SELECT mention_id, status FROM mentions ORDER BY mention_id;  -- both")
    assert found["rows"] == [["m1", "actual"], ["m2", "future"]]
    assert shown(store, "SELECT value FROM corrections")[0]["rows"] == [['"future"']]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (SELECT 1) FROM a",
        "FROM events",
        "DESCRIBE events",
        "SUMMARIZE mentions",
        "SHOW TABLES",
        "explain analyze select 1",
        "EXPLAIN FROM events",
        "VALUES (1)",
        "((SELECT 1))",
        "SELECT 1 -- ;",
    ],
)
def test_what_only_asks_is_run(store, sql):
    assert shown(store, sql)[0]["rows"]


def test_rows_beyond_the_limit_are_left_out_and_it_is_said(store):
    assert shown(store, "SELECT * FROM range(1000000000000)", 3)[0]["rows"] == [[0], [1], [2]]
    assert [shown(store, "SELECT * FROM range(5000)", rows)[1] for rows in (4999, 5000, 5001)] == [True, False, False]


def test_values_are_what_json_and_a_browser_can_hold(store):
    sql = """SELECT 9007199254740993 AS a, 123::HUGEINT AS b, 1.5::DECIMAL(9, 2) AS c, 'NaN'::DOUBLE AS d,
        DATE '2024-05-14' AS e, TIMESTAMPTZ '2024-05-14 10:00:00+00' AS f, {'x': [1, NULL]} AS g,
        MAP {'k': 1.0::DOUBLE} AS h, BLOB 'ab' AS i, INTERVAL 1 DAY AS j, NULL AS k, true AS l, 'ü😀' AS l"""
    found, _ = shown(store, sql)
    (row,) = found["rows"]
    assert row[:5] == ["9007199254740993", 123, 1.5, "nan", "2024-05-14"]
    assert row[5].startswith("2024-05-14T") and row[6:9] == [{"x": [1, None]}, [["k", 1.0]], "6162"]
    assert row[10:] == [None, True, "ü😀"] and [c["name"] for c in found["columns"]][-2:] == ["l", "l"]


def test_what_is_shown_is_bounded_in_size(store, monkeypatch):
    monkeypatch.setattr(sandbox, "BYTES", 1_000)
    found, truncated = shown(store, "SELECT repeat('x', 300) FROM range(10)")
    assert len(found["rows"]) == 3 and truncated
    with pytest.raises(SandboxError, match="one row is larger than"):
        shown(store, "SELECT repeat('x', 3000)")


def test_a_csv_file_holds_what_is_found_as_it_is(store):
    sql = """SELECT mention_id AS id, '=1+1' AS f, sources, "when", 'a "b"' || chr(10) AS id, 1::HUGEINT AS n
        FROM mentions"""
    csv, truncated = find(store, sql, 1, "csv")
    table = pyarrow.csv.read_csv(io.BytesIO(csv), parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
    assert truncated and table.column_names == ["id", "f", "sources", "when", "id", "n"] and table.num_rows == 1
    assert [table.column(n)[0].as_py() for n in (1, 4, 5)] == ["=1+1", 'a "b"\n', 1]
    assert json.loads(table["sources"][0].as_py())[0]["name"] == "Ri Sang Ho"
    empty, _ = find(store, "SELECT mention_id FROM mentions WHERE false", 1, "csv")
    assert empty == b'"mention_id"\n'


def test_a_parquet_file_holds_what_is_found_with_its_types(store):
    found, truncated = find(store, "FROM mentions ORDER BY mention_id", 1000, "parquet")
    table = pq.read_table(io.BytesIO(found))
    assert not truncated and table.select(["sources"]).to_pylist() == store.part("a", columns=["sources"]).to_pylist()
    many, truncated = find(store, "SELECT i FROM range(200000) t(i)", 150_000, "parquet")
    assert truncated and pq.read_table(io.BytesIO(many))["i"].to_pylist() == list(range(150_000))
    nothing, _ = find(store, "FROM mentions WHERE false", 10, "parquet")
    assert pq.read_table(io.BytesIO(nothing)).num_rows == 0


# What is refused. -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events SELECT * FROM events",
        "CREATE TABLE t (a INT)",
        "CREATE VIEW v AS SELECT 1",
        "DROP VIEW events",
        "DELETE FROM events",
        "UPDATE events SET deed = 'AID'",
        "ALTER VIEW events RENAME TO e",
        "TRUNCATE events",
        "COPY events TO '/tmp/x.csv'",
        "COPY (SELECT 1) TO '/dev/stdout'",
        "EXPORT DATABASE '/tmp/x'",
        "IMPORT DATABASE '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "DETACH memory",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "FORCE INSTALL spatial",
        "SET threads = 8",
        "RESET threads",
        "SET GLOBAL memory_limit = '10GB'",
        "PRAGMA enable_profiling",
        "PRAGMA threads = 8",
        "CALL pragma_version()",
        "CALL enable_logging(storage = 'file', storage_path = '/tmp/x')",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "BEGIN",
        "COMMIT",
        "CHECKPOINT",
        "VACUUM",
        "CREATE SECRET (TYPE s3)",
        "CREATE MACRO m() AS 1",
        "EXPLAIN COPY (SELECT 1) TO '/tmp/x'",
        "EXPLAIN ANALYZE CREATE TABLE t (a INT)",
        "EXPLAIN EXPLAIN DROP VIEW events",
        "PIVOT events ON deed USING count(*)",
        "SELECT 1 INTO t",
        "EXPLAIN (FORMAT json) SELECT 1",
    ],
)
def test_a_statement_that_does_more_than_ask_is_refused(store, sql):
    with pytest.raises(SandboxError, match=r"is not run here: the desk only asks|not supported|syntax error"):
        find(store, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW events",
        "SELECT 1;;COPY events TO 'x'",
        "EXPLAIN SELECT 1; SELECT 2",
        "/* */ SELECT 1 /* ; */ ; SELECT 2 --",
    ],
)
def test_several_statements_are_refused(store, sql):
    with pytest.raises(SandboxError, match="one statement, not several"):
        find(store, sql)


@pytest.mark.parametrize("sql", ["", " ", ";", "-- nothing", "/* */"])
def test_no_statement_is_refused(store, sql):
    with pytest.raises(SandboxError, match="there is no statement: write a SELECT"):
        find(store, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_csv(['/etc/passwd'])",
        "FROM read_text('/etc/passwd')",
        "FROM read_blob('/etc/passwd')",
        "FROM glob('/*')",
        "FROM glob('*')",
        "FROM read_json('/etc/passwd')",
        "FROM sniff_csv('/etc/passwd')",
        "FROM read_parquet('/etc/passwd')",
        "FROM parquet_metadata('/etc/passwd')",
        "FROM read_parquet('http://127.0.0.1/x.parquet')",
        "FROM read_csv('https://127.0.0.1/x.csv')",
        "FROM read_text('s3://bucket/x')",
        "FROM read_text('../../etc/passwd')",
        "FROM read_text('/proc/self/environ')",
        "FROM read_csv('/dev/stdin')",
        "FROM 'http://127.0.0.1/x.parquet'",
        "FROM '/etc/passwd.csv'",
        "WITH a AS (FROM read_text('/etc/passwd')) FROM a",
        "SELECT (SELECT content FROM read_text('/etc/passwd'))",
        "FROM query('FROM read_text(''/etc/passwd'')')",
        "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''/etc/passwd'')'))",
        "FROM enable_logging(storage = 'file', storage_path = '/tmp/x')",
        "EXPLAIN ANALYZE FROM read_text('/etc/passwd')",
        "FROM read_text('STORE/store.json')",
        "FROM read_text('STORE/corrections')",
        "FROM glob('STORE/*')",
    ],
)
def test_no_file_but_the_tables_of_the_store_is_read(store, sql):
    with pytest.raises(SandboxError, match=r"reads the views reports, mentions, .* and nothing else: no files"):
        find(store, sql.replace("STORE", str(store.path).replace("'", "''")))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '/etc/passwd'",
        "FROM sys",
        "FROM store",
        "SELECT getenv('HOME')",
        "FROM sqlite_scan('x', 'y')",
        "FROM postgres_scan('a', 'b', 'c')",
        "SELECT * FROM nowhere",
        "SELECT deeed FROM events",
        "SELECT FROM WHERE",
        "SELECT ?",
        "SELECT $a",
        "SELECT 'x'::INTEGER",
        "SELECT error('no')",
        "\0",
        "SELECT '\0",
        "SELECT 1 \ufeff )",
    ],
)
def test_what_is_not_there_is_refused_in_the_words_of_the_database(store, sql):
    with pytest.raises(SandboxError, match=r"(?i)error|does not exist|not found"):
        find(store, sql)


def test_a_missing_table_names_those_that_are_there(store):
    with pytest.raises(SandboxError, match="The views are reports, mentions, events, dyads, rejects, corrections"):
        find(store, "SELECT * FROM evnets")


def test_memory_is_bounded(store):
    with pytest.raises(SandboxError, match="more than 512MB of memory"):
        find(store, "SELECT list(i) FROM range(200000000) t(i)")


_FIXTURE = HealthCheck.function_scoped_fixture
verbs = st.sampled_from(
    [
        "SELECT 1",
        "COPY (SELECT 1) TO '{f}'",
        "ATTACH '{f}'",
        "SET threads = 1",
        "INSTALL '{f}'",
        "LOAD '{f}'",
        "PRAGMA version",
        "CREATE TABLE t (a INT)",
        "EXPORT DATABASE '{f}'",
        "FROM read_text('{f}')",
        "FROM '{f}'",
        "FROM glob('{f}')",
        "FROM read_csv('{f}')",
        "DROP VIEW events",
        "CALL force_checkpoint()",
        "INSERT INTO t VALUES (1)",
    ]
)
glue = st.sampled_from(
    [
        ";",
        "; ",
        "--\n",
        "/* ' */",
        " UNION ALL ",
        " ",
        "EXPLAIN ",
        "(",
        ")",
        "'",
        '"',
        "$$",
        "\0",
        "WITH a AS (",
        "DESCRIBE ",
    ]
)


@given(st.lists(verbs | glue | st.text(max_size=4), min_size=1, max_size=6))
@settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_words_read_or_write_a_file(store, tmp_path, pieces):
    secret, made = tmp_path / "secret.txt", tmp_path / "made"
    secret.write_text("treasure")
    for file in (secret, made):
        try:
            found, _ = find(store, "".join(pieces).replace("{f}", str(file)), 10)
        except SandboxError as refused:
            assert len(str(refused)) > 10
        else:
            assert b"treasure" not in found.replace(str(secret).encode(), b"")
    assert sorted(tmp_path.iterdir()) == [secret]


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_is_one_asking_statement_or_refused(text):
    try:
        assert checked(text)
    except SandboxError as refused:
        assert len(str(refused)) > 10


# The process and the handlers. ------------------------------------------------------------------------------------


ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b"


def ask(store, sql, limit=100):
    return querying.query(Desk(store), Given({}, querying.Question(sql, limit)))


def download(store, sql, form="csv"):
    handler = {"csv": querying.query_csv, "parquet": querying.query_parquet}[form]
    return handler(Desk(store), Given({}, querying.Asking(sql)))


def test_a_query_is_answered_by_a_process_of_its_own(store):
    found = ask(store, "SELECT mention_id FROM mentions ORDER BY 1", 1)
    assert found["rows"] == [["m1"]] and found["truncated"] is True and found["seconds"] >= 0
    with pytest.raises(Refusal, match="nothing else: no files"):
        ask(store, "FROM read_text('/etc/passwd')")
    assert ask(store, "SELECT 1")["rows"] == [[1]]


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_limit_out_of_bounds_is_refused(store, limit):
    with pytest.raises(Refusal, match="limit must be a whole number from 1 to 10,000"):
        ask(store, "SELECT 1", limit)


def test_sql_of_any_length_is_refused_before_it_is_run(store):
    with pytest.raises(Refusal, match="100,000 at most"):
        ask(store, "SELECT " + "1" * 100_000)


def test_a_query_that_takes_too_long_is_stopped(store, monkeypatch):
    monkeypatch.setattr(querying, "SECONDS", 1)
    with pytest.raises(Refusal, match="longer than 1 s and was stopped"):
        ask(store, ENDLESS)
    assert ask(store, "SELECT 1")["rows"] == [[1]]


def test_a_query_ends_when_the_desk_closes(store):
    desk = Desk(store)
    threading.Timer(0.5, desk.closing.set).start()
    with pytest.raises(Refusal, match="the desk is closing"):
        querying.query(desk, Given({}, querying.Question(ENDLESS)))


def test_a_few_queries_run_at_a_time(store, monkeypatch):
    monkeypatch.setattr(querying, "SECONDS", 1)
    for _ in range(querying.AT_ONCE):
        querying._turns.acquire()
    try:
        with pytest.raises(Refusal, match="2 queries are under way") as refused:
            ask(store, "SELECT 1")
    finally:
        querying._turns.release(querying.AT_ONCE)
    assert refused.value.status == 503


def test_a_process_that_dies_is_told(store, monkeypatch):
    monkeypatch.setattr(querying, "_keep_ready", lambda: None)
    querying._end_ready()
    querying._ready.append(querying._start())
    querying._end(querying._ready[0])
    assert ask(store, "SELECT 1")["rows"] == [[1]]  # one that waited and was ended is replaced
    monkeypatch.setattr(querying, "_COMMAND", [sys.executable, "-c", "print('ready', flush=True); input(); exit(3)"])
    querying._end_ready()
    with pytest.raises(Refusal, match="ended without an answer"):
        ask(store, "SELECT 1")
    monkeypatch.setattr(querying, "_COMMAND", [sys.executable, "-c", "exit('no legation')"])
    querying._end_ready()
    with pytest.raises(Refusal, match=r"does not start \(no legation\)") as refused:
        ask(store, "SELECT 1")
    assert refused.value.status == 503
    querying._end_ready()


def test_a_download_comes_whole_and_says_in_its_name_what_it_lacks(store, monkeypatch):
    whole = download(store, "SELECT mention_id FROM mentions ORDER BY 1")
    assert (whole.name, whole.media_type) == ("query.csv", "text/csv; charset=utf-8")
    assert b"".join(whole.pieces) == b'"mention_id"\n"m1"\n"m2"\n'
    monkeypatch.setattr(querying, "DOWNLOAD_ROWS", 1)
    part = download(store, "FROM mentions", "parquet")
    assert part.name == "query-first-1-rows.parquet"
    assert pq.read_table(io.BytesIO(b"".join(part.pieces))).num_rows == 1
    monkeypatch.setattr(querying, "DOWNLOAD_BYTES", 10)
    with pytest.raises(Refusal, match="ask for fewer rows"):
        download(store, "FROM mentions")


def test_the_process_can_write_no_file(tmp_path):
    path = str(tmp_path / "x")
    code = f"from legation.desk import sandbox; sandbox._confine(); open({path!r}, 'wb', buffering=0).write(b'x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode and "File too large" in done.stderr and (tmp_path / "x").read_bytes() == b""


def test_a_process_that_nobody_asks_ends_with_whoever_started_it():
    process = subprocess.Popen(querying._COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_the_desk_answers_sql_and_gives_its_files(store):
    client = TestClient(make(store), base_url="http://127.0.0.1")
    found = client.post("/api/query", json={"sql": "SELECT deed FROM mentions ORDER BY mention_id", "limit": 1})
    assert found.status_code == 200 and found.json().items() >= {
        "columns": [{"name": "deed", "type": "VARCHAR"}], "rows": [["CONSULT"]], "truncated": True,
    }.items()  # fmt: skip
    file = client.post("/api/query/csv", json={"sql": "SELECT 1 AS a"})
    assert (file.status_code, file.content) == (200, b'"a"\n1\n')
    assert 'filename="query.csv"' in file.headers["content-disposition"]
    file = client.post("/api/query/parquet", json={"sql": "SELECT 1 AS a"})
    assert pq.read_table(io.BytesIO(file.content)).to_pylist() == [{"a": 1}]
    for path, body, says in (
        ("", {"sql": "SELEC"}, "syntax error"),
        ("", {"sql": 1}, "sql must be a text"),
        ("", {}, "lacks the field 'sql'"),
        ("/csv", {"sql": "FROM read_text('/etc/passwd')"}, "no files"),
        ("/csv", {"sql": "SELECT 1", "limit": 1}, "no field 'limit'"),
        ("/parquet", {"sql": "COPY events TO 'x'"}, "COPY is not run here"),
    ):
        refused = client.post(f"/api/query{path}", json=body)
        assert refused.status_code == 400 and says in refused.json()["error"]
