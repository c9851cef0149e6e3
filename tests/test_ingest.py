"""Every kind of source to Reports, and every kind of bad input to a Reject that says what is wrong."""

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.ingest import code_inputs, feed, html, reports, text
from legation.ingest.text import MAX_BYTES, MAX_CHARACTERS, Origin, UnreadableError, decode
from legation.schema import Reject, Report

DATA = Path(__file__).parent / "data"


def read(source: str | Path) -> tuple[list[Report], list[Reject]]:
    found = list(reports(source))
    return [r for r in found if isinstance(r, Report)], [r for r in found if isinstance(r, Reject)]


def reason(path: Path) -> str:
    kept, rejects = read(path)
    assert not kept
    (reject,) = rejects
    assert reject.source == str(path)
    return reject.reason


def test_plain_text_is_kept_as_it_is() -> None:
    (report,), rejects = read(DATA / "page.txt")
    assert report.text == (DATA / "page.txt").read_text(encoding="utf-8")
    assert report.published is None and report.retrieved is None and not rejects


def test_line_ends_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\r\nOne line.\r\n\r\nTwo.\t\n")
    (report,), _ = read(tmp_path / "a.txt")
    assert report.text == "\r\nOne line.\r\n\r\nTwo.\t\n"


def test_report_ids_do_not_depend_on_the_folder(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("Norway sent an envoy.")
        (tmp_path / folder / "b.txt").write_text("Norway sent an envoy.")
    one, two = ([r.report_id for r in read(tmp_path / folder)[0]] for folder in ("one", "two"))
    assert one == two and len(set(one)) == 2


def test_html_article_with_its_title_date_and_publisher() -> None:
    (report,), _ = read(DATA / "page.html")
    assert (report.title, report.publisher) == ("Norway to send envoy to Kenya", "Harbour Wire")
    assert report.published == date(2015, 3, 6)
    lines = report.text.split("\n")
    assert (
        lines[-1]
        == "Kenya recalled its ambassador from Oslo in January after Norwegian patrol boats seized two trawlers."
    )
    assert not {"Home", "resigned", "©"} & set(report.text.split())


def test_short_page_keeps_its_paragraphs(tmp_path: Path) -> None:
    page = tmp_path / "brief.html"
    page.write_text("<html><body><nav>Home</nav><article><p>Norway sent an envoy to Kenya on Friday, they said.</p>"
                    "<p>Talks begin on Monday.</p></article></body></html>")  # fmt: skip
    (report,), _ = read(page)
    assert report.text == "Norway sent an envoy to Kenya on Friday, they said.\nTalks begin on Monday."


def test_page_that_only_scripts_fill() -> None:
    assert reason(DATA / "scripts.html") == "no article text in the page"


def test_html_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes((DATA / "page.html").read_bytes())
    (report,), _ = read(tmp_path / "page.txt")
    assert report.publisher == "Harbour Wire"


def test_declared_charset_of_a_page(tmp_path: Path) -> None:
    words = "Посол прибыл в Найроби для переговоров, сообщило министерство иностранных дел."
    page = f'<html><head><meta charset="windows-1251"></head><body><article><p>{words}</p></article></body></html>'
    (tmp_path / "ru.html").write_bytes(page.encode("cp1251"))
    (report,), _ = read(tmp_path / "ru.html")
    assert report.text == words


def test_feed_items() -> None:
    kept, rejects = read(DATA / "feed.xml")
    first, second = kept
    assert first.text == (
        "Norway will send an envoy to Kenya, officials said.\n"
        "Talks begin in Nairobi — the first since 2013.\nKenya agreed to attend."
    )
    assert (first.title, first.url) == ("Fish & ships: Norway sends envoy", "https://news.example/envoy")
    assert first.publisher == "Harbour Wire: World"
    assert first.published == date(2015, 3, 6), "the day where the publisher is, not in UTC"
    assert second.text == "The ceasefire in the valley held for a third day." and second.published is None
    assert [r.reason for r in rejects] == ["item 3: empty: there is no text to read"]


def test_atom() -> None:
    (report,), _ = read(DATA / "atom.xml")
    assert report.text == "The ministry rejects the accusation." and report.published == date(2015, 3, 6)


def test_feed_that_breaks_off(tmp_path: Path) -> None:
    (tmp_path / "cut.xml").write_bytes((DATA / "feed.xml").read_bytes()[:500])
    kept, rejects = read(tmp_path / "cut.xml")
    assert [r.title for r in kept] == ["Fish & ships: Norway sends envoy"]
    assert rejects[0].line == 10 and rejects[0].reason.startswith("malformed XML, items after it may be lost")


def test_xml_that_is_no_feed(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<?xml version="1.0"?><note>Hello</note>')
    assert reason(tmp_path / "a.xml") == "not an RSS or Atom feed"


def test_jsonl() -> None:
    kept, rejects = read(DATA / "mixed.jsonl")
    assert [r.report_id for r in kept[:-1]] == ["n1", "4", "n8"] and len(kept[-1].report_id) == 16
    assert kept[0] == Report(
        "n1",
        "Norway sent an envoy to Kenya on Friday.",
        "Harbour Wire",
        "https://news.example/1",
        "Envoy",
        date(2015, 3, 6),
    )
    assert kept[1].published == date(2015, 3, 7)
    assert kept[2].text == "A NUL \x00 and a lone surrogate \ufffd in the middle."
    assert [r.line for r in rejects] == [2, 3, 5, 6, 7]
    assert rejects[0].reason.startswith("malformed JSON")
    assert rejects[1].reason == "text 5 is not text"
    assert rejects[2].reason == 'published "2015-02-30" is not a date; write YYYY-MM-DD or leave it out'


def test_code_inputs_answer_every_line() -> None:
    lines = (DATA / "mixed.jsonl").read_bytes().splitlines(keepends=True)
    lines.insert(1, b"\n")
    answers = list(code_inputs(lines, "mixed.jsonl"))
    assert len(answers) == len(lines)
    assert [given for given, _ in answers[:6]] == ["n1", None, None, "n3", 4, "n5"]
    assert answers[1][1] == Reject("mixed.jsonl", "empty line", 2)
    assert [type(answer) for _, answer in answers] == [
        Report, Reject, Reject, Reject, Report, Reject, Reject, Reject, Report, Report,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"text": null}', "no text"),
        ('{"id": "a"}', "no text"),
        ('{"id": true, "text": "Kenya thanked Norway."}', "id true is neither text nor a whole number"),
        ('{"id": 1.5, "text": "Kenya thanked Norway."}', "id 1.5 is neither text nor a whole number"),
        ('{"id": "a", "text": "Kenya thanked Norway.", "title": ["x"]}', 'title ["x"] is not text'),
        ('{"id": "a", "text": "Kenya thanked Norway.", "published": 20150306}', "published 20150306 is not a date"),
        ('{"id": "a", "text": "Kenya thanked Norway.", "published": "9999-99-99"}', "is not a date"),
        ('{"id": "a", "text": "Kenya thanked Norway.", "published": "0001-01-01"}', "is not a date"),
        ("[" * 100_000, "malformed JSON: nested too deep"),
        ('{"id": ' + "9" * 5000 + "}", "malformed JSON"),
        ("5", "a JSON int, not an object"),
        ('{"id": "a", "text": "12 34 56"}', "no words"),
        (json.dumps({"id": "a", "text": "x" * (MAX_CHARACTERS + 1)}), "too long: 1,000,001 characters"),
        ("x" * (MAX_BYTES + 1), "too long: more than 10,000,000 bytes in one line"),
    ],
)  # fmt: skip
def test_lines_that_are_no_reports(line: str, told: str) -> None:
    ((_, answer),) = code_inputs([line], "in")
    assert isinstance(answer, Reject) and told in answer.reason
    assert answer.line == 1


def test_an_endless_line_does_not_hide_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("x" * (2 * MAX_BYTES + 5) + '\n{"id": "b", "text": "Kenya thanked Norway."}\n')
    (report,), (reject,) = read(tmp_path / "a.jsonl")
    assert report.report_id == "b" and "in one line" in reject.reason


def test_csv() -> None:
    kept, rejects = read(DATA / "table.csv")
    assert [r.report_id for r in kept] == ["c1", "c3"]
    assert kept[0].text == "Norway sent an envoy to Kenya; talks begin Monday.\nThey end on Friday."
    assert [(r.line, r.reason.split(" is ")[0]) for r in rejects] == [(4, 'published "06/03/2015"'), (6, "no text")]


def test_csv_without_a_text_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,body\n1,Kenya thanked Norway.\n")
    assert reason(tmp_path / "a.csv") == "no column text; the columns are id, body"


def test_parquet(tmp_path: Path) -> None:
    rows = {
        "id": [1, 2, 3],
        "text": ["Norway sent an envoy.", None, "Kenya thanked Norway."],
        "published": [date(2015, 3, 6), None, None],
    }
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    kept, rejects = read(tmp_path / "a.parquet")
    assert [(r.report_id, r.published) for r in kept] == [("1", date(2015, 3, 6)), ("3", None)]
    assert rejects == [Reject(str(tmp_path / "a.parquet"), "no text", 2)]


def test_damaged_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    assert reason(tmp_path / "a.parquet").startswith("not a Parquet file, or a damaged one")


def warc_record(url: str, body: bytes, kind: str = "text/html; charset=utf-8", head: str = "") -> bytes:
    payload = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{head}\r\n".encode() + body
    return (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2015-03-06T09:26:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{len(body)}>\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n"
    ).encode() + payload + b"\r\n\r\n"  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_warc(tmp_path: Path, packed: bool) -> None:
    page = (DATA / "page.html").read_bytes()
    records = [
        warc_record("https://news.example/1", page),
        warc_record("https://news.example/2", b"\x89PNG", "image/png"),
        warc_record("https://news.example/3", gzip.compress(page), head="Content-Encoding: gzip\r\n"),
        warc_record("https://news.example/4", (DATA / "scripts.html").read_bytes()),
    ]
    path = tmp_path / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(b"".join(gzip.compress(record) if packed else record for record in records))
    kept, rejects = read(path)
    assert [r.url for r in kept] == ["https://news.example/1", "https://news.example/3"]
    assert kept[0].retrieved == datetime(2015, 3, 6, 9, 26, tzinfo=UTC)
    assert kept[0].text == kept[1].text and kept[0].report_id != kept[1].report_id
    assert rejects == [Reject("https://news.example/4", "no article text in the page")]


def test_warc_that_breaks_off(tmp_path: Path) -> None:
    page = (DATA / "page.html").read_bytes()
    whole = gzip.compress(warc_record("https://news.example/1", page)) + gzip.compress(
        warc_record("https://n.example/2", page)
    )
    (tmp_path / "a.warc.gz").write_bytes(whole[:-400])
    kept, rejects = read(tmp_path / "a.warc.gz")
    assert [r.url for r in kept][:1] == ["https://news.example/1"] and len(rejects) == 1


def test_gzip_around_text_and_jsonl(tmp_path: Path) -> None:
    for name in ("page.txt", "mixed.jsonl", "page.html", "table.csv"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((DATA / name).read_bytes()))
        assert [r.text for r in read(tmp_path / f"{name}.gz")[0]] == [r.text for r in read(DATA / name)[0]]


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.gz", "a.csv.gz", "a.warc.gz"])
def test_damaged_gzip(tmp_path: Path, name: str) -> None:
    packed = gzip.compress(json.dumps({"text": " ".join(map(str, range(9999)))}).encode())
    (tmp_path / name).write_bytes(packed[: len(packed) // 2])
    assert reason(tmp_path / name)


def test_folder_in_order_of_paths(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").write_text("Nothing to see.")
    (tmp_path / "b.txt").write_text("Second report.")
    (tmp_path / "a.txt").write_text("First report.")
    (tmp_path / "sub" / "c.jsonl").write_text('{"text": "Third report."}\n')
    (tmp_path / "tool.py").write_text("print('hello')")
    kept, rejects = read(tmp_path)
    assert [r.text for r in kept] == ["First report.", "Second report.", "Third report."]
    assert len(rejects) == 1 and rejects[0].reason.startswith("a kind of file that is not read (.py)")


def test_folder_without_files(tmp_path: Path) -> None:
    assert reason(tmp_path) == "no files in the folder"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x00\x01\x02\x03" * 100, "binary data, not text"),
        (b"%PDF-1.7 \xe2\xe3", "a PDF, not text"),
        (bytes(range(128, 256)) * 20, "neither UTF-8 nor Western text"),
        (b"1234 5678\n90\n", "no words"),
        (b"word " * 250_000, "too long: 1,250,000 characters"),
        (b"x" * 50_000_000, "too large: more than 10,000,000 bytes"),
    ],
)
def test_text_files_that_are_no_reports(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    assert reason(tmp_path / "a.txt").startswith(told)


def test_missing_path_and_device(tmp_path: Path) -> None:
    assert reason(tmp_path / "none.txt") == "cannot be read: No such file or directory"
    assert read("a\x00b")[1][0].reason == "not a path: it holds a NUL character"
    assert reason(Path("/dev/null")) == "neither a file nor a folder"


def test_one_sentence_of_ten_thousand_words(tmp_path: Path) -> None:
    words = "The envoy " + "of the minister " * 3333 + "went home."
    (tmp_path / "a.txt").write_text(words)
    assert read(tmp_path / "a.txt")[0][0].text == words


def test_old_western_text_is_read_as_windows_1252() -> None:
    (report,), _ = read(DATA / "windows.txt")
    assert report.text == "Le président a reçu l’envoyé du Kenya à l’Élysée vendredi.\n"


def test_broken_utf8_shows_where_it_is_broken() -> None:
    whole = "Le président a reçu l’envoyé du Kenya à l’Élysée vendredi. " * 5
    assert decode(whole.encode()[:-40] + b"\xe2\x80 fin.").count("\ufffd") == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(encoding: str) -> None:
    assert decode("Посол прибыл в Найроби".encode(encoding)) == "Посол прибыл в Найроби"


def test_other_schemes_are_refused() -> None:
    for address in ("ftp://news.example/a", "gopher://x/"):
        assert read(address) == (
            [],
            [Reject(address, "only http and https addresses are fetched; give one of those, or a path")],
        )


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "ftp://news.example/a")
                self.end_headers()
            elif self.path == "/huge":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"word " * (MAX_BYTES // 4))
            elif self.path == "/page":
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((DATA / "page.html").read_bytes())
            else:
                self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as local:
        threading.Thread(target=local.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{local.server_port}"
        local.shutdown()


def test_address(server: str) -> None:
    (report,), _ = read(f"{server}/page")
    assert (report.url, report.publisher) == (f"{server}/page", "Harbour Wire")
    assert report.retrieved is not None and report.retrieved.tzinfo is UTC


@pytest.mark.parametrize(
    ("page", "told"),
    [("none", "the server answers 404"), ("huge", "too large"), ("away", "cannot be fetched: unknown url type: ftp")],
)
def test_addresses_that_fail(server: str, page: str, told: str) -> None:
    kept, (reject,) = read(f"{server}/{page}")
    assert not kept and reject.source == f"{server}/{page}" and reject.reason.startswith(told)


def test_unknown_host() -> None:
    _, (reject,) = read("http://localhost:1/")
    assert reject.reason.startswith("cannot be fetched")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.binary(max_size=300), st.sampled_from(["txt", "html", "xml", "jsonl", "csv", "parquet", "warc", "txt.gz", ""])
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{suffix}".rstrip(".")
    path.write_bytes(data)
    for found in reports(path):
        assert isinstance(found, Reject) or found.text.strip()


TAGS = ["<p>", "</p>", "<script>", "</div>", "<!--", "&amp", "<![CDATA[", "<html>", "<item>", "<a href='", "\x00", "é"]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=30))
def test_no_markup_raises(parts: list[str]) -> None:
    markup = "".join(parts)
    html.plain(markup)
    for read_one in (
        lambda data, origin: [html.article(data, origin)],
        lambda data, origin: list(feed.items(data, origin)),
    ):
        try:
            assert read_one(markup.encode("utf-8", "surrogatepass"), Origin("a", "a")) is not None
        except UnreadableError as error:
            assert str(error)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_text_survives_jsonl(words: str) -> None:
    for escaped in (True, False):
        ((_, answer),) = code_inputs([json.dumps({"text": words}, ensure_ascii=escaped).encode()], "in")
        assert isinstance(answer, Reject) or answer.text == words


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_utf8_decodes_to_itself(words: str) -> None:
    if not words.startswith("\ufeff") and not any(words.encode().startswith(magic) for magic in text._FOREIGN):
        assert decode(words.encode()) == words


@pytest.mark.parametrize("unknown", ["None", "null", "NaN", " ", ""])
def test_a_date_that_a_program_did_not_know_is_none(tmp_path: Path, unknown: str) -> None:
    record = {"id": "a", "text": "Kenya thanked Norway.", "published": unknown}
    (tmp_path / "a.jsonl").write_text(json.dumps(record), encoding="utf-8")
    (found,) = reports(str(tmp_path / "a.jsonl"))
    assert isinstance(found, Report) and found.published is None


@pytest.mark.parametrize("year", ["99999999999", "2147483648"])
def test_a_feed_of_impossible_dates(tmp_path: Path, year: str) -> None:
    item = f"<item><description>Peru met Chile.</description><pubDate>Fri, 14 Nov {year} 04:26:00 GMT</pubDate></item>"
    (tmp_path / "a.rss").write_text(f"<rss version='2.0'><channel><title>A</title>{item}</channel></rss>")
    (report,), rejects = read(tmp_path / "a.rss")
    assert report.published is None and not rejects
