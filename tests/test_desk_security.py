"""Who is let in at the desk, what a browser is told, and how the command begins and ends."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from test_desk_api import client_of, made

from legation.cli.desk import desk as desk_command
from legation.desk.app import PAGES, STATIC, make
from legation.desk.guard import LOOPBACK, POLICY
from legation.schema import Report
from legation.store import Store

TOKEN = "correct horse battery staple"
BODY = {"url": "/?actor=PRK"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with client_of(made(tmp_path_factory.mktemp("desk") / "news")) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    app = make(made(tmp_path_factory.mktemp("desk") / "news"), token=TOKEN)
    with TestClient(app, base_url="http://desk.example:8765", follow_redirects=False) as client:
        yield client


# What a browser is told. ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, path, status",
    [("GET", "/", 200), ("GET", "/static/app.js", 200), ("GET", "/api/store", 200), ("GET", "/api/events?x=1", 400),
     ("GET", "/api/nothing", 404), ("GET", "/nothing", 404), ("GET", "/static/nothing.js", 404),
     ("DELETE", "/api/events", 405), ("GET", "/api/openapi.json", 200), ("POST", "/api/corrections", 415)],
)  # fmt: skip
def test_every_answer_tells_the_browser_to_run_the_desks_own_files_only(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == POLICY and "unsafe" not in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_fault_is_told_without_its_traceback(client, monkeypatch, caplog):
    monkeypatch.setattr(client.app.state.desk.index, "rows", lambda *a, **k: 1 / 0)
    answer = client.get("/api/days")
    assert answer.status_code == 500 and "ZeroDivisionError" in caplog.text
    assert answer.json() == {"error": "the desk failed at this; the terminal that it runs in says how"}
    assert answer.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("page", [page.replace("{id:path}", "an%2Fid") for page in PAGES])
def test_every_view_is_the_one_page_which_holds_no_script_of_its_own(client, page):
    answer = client.get(page)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?://", answer.text)


@pytest.mark.parametrize("path", ["../app.py", "..%2fapp.py", "%2e%2e/guard.py", "/etc/passwd", "..\\app.py", "a%00b"])
def test_only_files_of_static_are_served(client, path):
    assert client.get(f"/static/{path}").status_code in (400, 404)


def test_a_file_of_static_has_the_type_that_a_browser_insists_on(client):
    for file, kind in (("app.js", "text/javascript"), ("style.css", "text/css")):
        assert client.get(f"/static/{file}").headers["content-type"].startswith(kind)
    for path in STATIC.rglob("*.json"):
        assert client.get(f"/static/{path.relative_to(STATIC)}").headers["content-type"] == "application/json"


HOSTILE = [
    "</script><script>alert(1)</script>", "\u202e\u2066 reversed \u2069", "<!-- ]]> {{7*7}} ${x}", "\x00\x07\x1b[31m",
    "javascript:alert(1)", "é̂\U0001f600", '{"error": "none"}', "\u2028\u2029",
]  # fmt: skip


@settings(max_examples=15, deadline=None)
@example(["a", "b", "c", "before \0 after"])
@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=30), min_size=4, max_size=4))
def test_a_report_comes_as_the_json_text_that_it_is(tmp_path_factory, words):
    title, publisher, url, text = words
    store = Store(tmp_path_factory.mktemp("hostile") / "s")
    store.write("p", [Report("r/1?&#", text, publisher, url, title)], [])
    with client_of(store) as client:
        answer = client.get("/api/reports/r%2F1%3F%26%23")
        listed = client.get("/api/reports").json()["reports"][0]
    assert answer.headers["content-type"] == "application/json" and answer.status_code == 200
    report = answer.json()["report"]
    assert (report["title"], report["publisher"], report["url"], report["text"]) == (title, publisher, url, text)
    assert (listed["title"], "".join(piece["text"] for piece in listed["snippet"])) == (title, text[:300])


def test_a_line_of_a_megabyte_is_listed_by_its_beginning(tmp_path):
    store = Store(tmp_path / "s")
    store.write("p", [Report("r1", "word" * 250_000 + " end")], [])
    with client_of(store) as client:
        assert len(client.get("/api/reports").content) < 2000
        assert len(client.get("/api/reports?q=end").content) < 2000
        assert len(client.get("/api/reports/r1").json()["report"]["text"]) == 1_000_004


# Who is let in. ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host, status",
    [("127.0.0.1:8765", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8765", 200), ("evil.example", 421),
     ("127.0.0.1.evil.example", 421), ("localhost:8765@evil.example", 421), ("127.0.0.1:8765.evil", 421), ("", 421),
     ("192.168.0.7:8765", 421)],
)  # fmt: skip
def test_a_name_that_leads_here_is_not_enough(client, host, status):
    for path in ("/", "/api/store", "/static/app.js"):
        assert client.get(path, headers={"Host": host}).status_code == status


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_no_other_host_is_loopback(host):
    name = re.sub(r":\d{1,5}\Z", "", host).lower()
    assert bool(LOOPBACK.fullmatch(host)) == (name in ("localhost", "127.0.0.1", "[::1]"))


SITES = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Origin": "http://127.0.0.1"}, True),
    ({}, True),  # no browser: those of today name where a write comes from
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://127.0.0.1:1"}, False),
    ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
]


@pytest.mark.parametrize("headers, allowed", SITES)
def test_a_write_must_come_from_the_desks_own_page(client, headers, allowed):
    assert client.put("/api/views/x", json=BODY, headers=headers).status_code == (200 if allowed else 403)
    assert client.delete("/api/views/x", headers=headers).status_code == (204 if allowed else 403)


@pytest.mark.parametrize("site, status", [("cross-site", 403), ("same-site", 403), ("none", 200), ("same-origin", 200)])
def test_a_page_of_another_site_gets_no_data_but_may_link_here(client, site, status):
    assert client.get("/api/events", headers={"Sec-Fetch-Site": site}).status_code == status
    assert client.get("/event/em1", headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_a_form_of_another_site_is_no_write(client, kind):
    answer = client.put("/api/views/x", content=b'{"url": "/"}', headers={"Content-Type": kind})
    assert answer.status_code == 415 and "application/json" in answer.json()["error"]


@pytest.mark.parametrize(
    "body, status",
    [(b"{" + b" " * 1_000_001, 413), (b"{", 400), (b"\xff", 400), (b'{"url": NaN}', 400), (b"[" * 100_000, 400),
     (b'{"url": "\\ud800"}', 400), (b"", 400)],
)  # fmt: skip
def test_a_body_that_is_none_is_refused_with_a_sentence(client, body, status):
    answer = client.put("/api/views/x", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status and answer.json()["error"]


def test_nobody_gets_in_without_the_token(guarded):
    for path in ("/", "/static/app.js", "/api/store", "/?token=wrong", "/api/store?token=", "/?token=%ff"):
        assert guarded.get(path).status_code == 401, path
    for header in ("Bearer wrong", "Bearer", f"Basic {TOKEN}", TOKEN, "Bearer \xff".encode("latin-1")):
        assert guarded.get("/api/store", headers={"Authorization": header}).status_code == 401
    for cookie in (
        "legation_desk=wrong",
        f"legation_desk={TOKEN}",
        "legation_desk=\xe9; a=b".encode("latin-1"),
        "=;=;",
    ):
        assert guarded.get("/api/store", headers={"Cookie": cookie}).status_code == 401


def test_the_token_lets_in_from_any_host_by_header_or_once_by_address(guarded):
    assert guarded.get("/api/store", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    entered = guarded.get("/event/em1", params={"token": TOKEN, "x": "a&b"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/event/em1?x=a%26b")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
    guarded.cookies.clear()
    kept = cookie.partition(";")[0]
    assert guarded.get("/api/store", headers={"Cookie": kept}).status_code == 200
    elsewhere = {"Cookie": kept, "Origin": "http://evil.example"}
    assert guarded.put("/api/views/x", json=BODY, headers=elsewhere).status_code == 403


def test_the_address_with_the_token_leads_to_no_other_site(guarded):
    location = guarded.get("//evil.example/", params={"token": TOKEN}).headers["location"]
    assert location.startswith("/") and not location.startswith("//")


# The command. -----------------------------------------------------------------------------------------------------


def asked(*arguments):
    return CliRunner().invoke(desk_command, list(map(str, arguments)))


def test_another_address_needs_a_token(tmp_path):
    made(tmp_path / "s")
    refused = asked("--store", tmp_path / "s", "--host", "0.0.0.0")
    assert refused.exit_code == 2 and "name a file with a secret with --token-file" in refused.output
    (tmp_path / "token").write_text("short\n", encoding="utf-8")
    refused = asked("--store", tmp_path / "s", "--host", "0.0.0.0", "--token-file", tmp_path / "token")
    assert refused.exit_code == 1 and "must hold one line of 16 characters or more" in refused.output


def test_a_port_in_use_is_told(tmp_path):
    made(tmp_path / "s")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = asked("--store", tmp_path / "s", "--port", port)
    assert refused.exit_code == 1
    assert (
        refused.output == f"legation: port {port} is in use: choose another with --port, or stop what listens there\n"
    )


def test_a_folder_that_is_no_store_is_told(tmp_path):
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    refused = asked("--store", tmp_path)
    assert refused.exit_code == 1 and "is no Legation store" in refused.output


def served(folder):
    """A desk of its own process, and its port."""
    code = "from legation.cli.desk import desk; desk()"
    process = subprocess.Popen([sys.executable, "-c", code, "--store", str(folder), "--port", "0"],
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stderr is not None
    address = process.stderr.readline()
    return process, int(re.search(r"http://127\.0\.0\.1:(\d+)/ ", address)[1])


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_ends_it_quietly_though_a_page_listens(tmp_path):
    process, port = served(made(tmp_path / "s").path)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/api/live")
        live = connection.getresponse()
        assert live.status == 200 and live.headers["content-type"].startswith("text/event-stream")
        assert live.readline() == b"event: changed\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0 and time.monotonic() - began < 15
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
