"""Fuzzing: broken inputs for every reader, none of which may crash it or hold it up for a second.

    python -m evals.fuzz                     # a million inputs; goes on where it was stopped
    python -m evals.fuzz --inputs 20000 --only warc

An input is a sound one with some of its bytes flipped, cut out, doubled, moved into another, or replaced by what that
reader may stumble over. Its number makes it, so that a failure can be made again: `--only warc --number 4711` shows it.
Progress is kept in --state. A reader may refuse an input as it refuses one in a run; any other exception is a crash.
Seconds are of the processor, as the machine may be busy with other things; an input that took too long is read once
more, since the first page with an odd date also loads the grammars of two hundred languages.
"""

import argparse
import faulthandler
import gzip
import json
import random
import resource
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from legation import ingest
from legation.clean import prepared
from legation.ingest import feed, html, records, text, warc
from legation.ingest.text import Origin, UnreadableError
from legation.schema import Report

ROOT = Path(__file__).parent.parent
SLOW = 1.0
"""Seconds that no input may take."""
HUNG = 120
"""Seconds of the clock after which the process ends itself with a trace, for a fault in native code that hangs."""
EVERY = 500
"""Inputs after which progress is kept."""

ORIGIN = Origin("fuzz", "fuzz")
REFUSALS = (UnreadableError, OSError, EOFError, zlib.error)
"""What `ingest.reports` makes a Reject of."""


# Readers. ---------------------------------------------------------------------------------------------------------


def _handle(data: bytes) -> BufferedReader:
    return BufferedReader(BytesIO(data))


def _text(data: bytes) -> Iterable[object]:
    yield prepared(text.report(ORIGIN, text.decode(data)))


def _lines(data: bytes) -> Iterable[object]:
    return records.code_inputs(data.split(b"\n"), "fuzz")


def _scrap(data: bytes) -> Iterable[object]:
    yield html.plain(data.decode("utf-8", "replace"))


def _page(data: bytes) -> Iterable[object]:
    yield html.article(data, ORIGIN)


def _file(data: bytes) -> Iterable[object]:
    """As a run reads it: what it is, is told by its content alone, gzip around it or not."""
    path = _scratch() / "input"
    path.write_bytes(data)
    return ingest.reports(path)


@cache
def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="legation-fuzz-"))


READERS: dict[str, tuple[Callable[[bytes], Iterable[object]], int]] = {
    "jsonl": (lambda data: records.jsonl(_handle(data), ORIGIN), 230),
    "lines": (_lines, 100),
    "csv": (lambda data: records.table(_handle(data), ORIGIN), 200),
    "text": (_text, 150),
    "scrap": (_scrap, 100),
    "feed": (lambda data: feed.items(data, ORIGIN), 70),
    "html": (_page, 30),
    "parquet": (lambda data: records.parquet(_handle(data), ORIGIN), 50),
    "warc": (lambda data: warc.pages(_handle(data), ORIGIN), 40),
    "file": (_file, 30),
}
"""Each reader, and its share of a thousand inputs: fewer where one takes long."""


# Inputs. ----------------------------------------------------------------------------------------------------------


@cache
def _seeds(name: str) -> list[bytes]:
    samples = ROOT / "samples" / "reports"
    lines = (samples / "reports.jsonl").read_bytes().splitlines()[:4]
    pages = [path.read_bytes() for path in sorted((samples / "html").glob("*.html"))[:3]]
    texts = [path.read_bytes() for path in sorted((samples / "txt").glob("*.txt"))[:4]]
    rows = [json.loads(line) for line in lines]
    table = "id,text,published\n" + "".join(f'{r["id"]},"{r["text"][:300]}",2014-11-14\n' for r in rows)
    feeds = [next(samples.glob("*.xml")).read_bytes()[:6000]]
    made: dict[str, list[bytes]] = {
        "jsonl": [
            b"\n".join(lines),
            lines[0][:400],
            b'{"id": 1, "text": "Peru met Chile.", "published": "2014-11-14"}',
        ],
        "csv": [table.encode(), table.replace(",", ";").encode(), table.encode("utf-16")],
        "text": [*texts, "Le président a reçu l’envoyé. ".encode("cp1252") * 9],
        "scrap": [page[:1500] for page in pages],
        "feed": [*feeds, _ATOM],
        "html": pages,
        "parquet": [_parquet(rows)],
        "warc": [_archive(pages), gzip.compress(_archive(pages[:1]))],
    }
    made["lines"] = made["jsonl"]
    made["file"] = [seed for kind in ("html", "feed", "warc", "parquet", "text") for seed in made[kind]]
    made["file"] += [gzip.compress(seed) for seed in made["file"]]
    return made[name]


_ATOM = b"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry>
<title>Peru met Chile</title><id>urn:1</id><updated>2014-11-14T04:26:00-05:00</updated><link href="http://a.example/"/>
<content type="html">&lt;p&gt;Peru met Chile on Friday.&lt;/p&gt;</content></entry></feed>"""


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = BytesIO()
    pq.write_table(pa.table({"id": [r["id"] for r in rows], "text": [r["text"] for r in rows]}), sink)
    return sink.getvalue()


def _archive(pages: list[bytes]) -> bytes:
    return b"".join(map(_record, pages))


def _record(page: bytes) -> bytes:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(page) + page
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
        b"WARC-Target-URI: http://a.example/\r\nWARC-Date: 2014-11-14T04:26:00Z\r\n"
        b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n" % len(http)
    )
    return head + http + b"\r\n\r\n"


TOKENS = (
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b'"', b"'", b"<", b">", b"&", b"]]>", b"<![CDATA[",
    b"<!--", b"-->", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#xD800;", b"&#99999999999;", b"\\ud800",
    b"\\u0000", b"{", b"}", b"[" * 500, b"{" * 500 + b"\"a\":", b"1e999", b"-0", b"NaN", b"null", b"true",
    b"0001-01-01", b"9999-99-99", b"<html>", b"<body>", b"<div>" * 300, b"</div>" * 9, b"<table><tr><td>",
    b"<script>", b"</script>", b"<p>", b"<rss>", b"<item>", b"<entry>", b"WARC/1.0\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: br\r\n", b"ffffffff\r\n", b"HTTP/1.1 200\r\n", b"PAR1", b"\x1f\x8b\x08",
    b"\xf0\x9f\x92\xa5", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"A" * 5000, b"a." * 2000, b" " * 4000, b"\t", b",",
    b";", b"=", b"charset=utf-7", b"charset=nonsense", b"encoding='utf-16'", "\N{RIGHT-TO-LEFT OVERRIDE}".encode(),
    "é".encode("latin-1"), b"(" * 400, b"Posted: Feb 31, 2014\n", b"By A B\n",
)  # fmt: skip


def made(name: str, number: int) -> bytes:
    """Input `number` of a reader."""
    chance = random.Random(f"{name} {number}")
    data = bytearray(chance.choice(_seeds(name)))
    for _ in range(chance.choice((1, 1, 2, 3, 8, 40))):
        _change(data, chance, name)
    return bytes(data)


def _change(data: bytearray, chance: random.Random, name: str) -> None:
    at = chance.randrange(len(data) + 1)
    length = chance.choice((1, 2, 4, 16, 100, 1000))
    match chance.randrange(7):
        case 0 if data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        case 1:
            del data[at : at + length]
        case 2:
            data[at:at] = data[at : at + length] * chance.choice((1, 2, 20))
        case 3:
            data[at:at] = chance.choice(TOKENS)
        case 4:
            data[at : at + length] = chance.randbytes(min(length, 16))
        case 5:
            other = chance.choice(_seeds(name))
            start = chance.randrange(len(other))
            data[at:at] = other[start : start + length]
        case _ if chance.random() < 0.2:
            del data[at:]


# Running. ---------------------------------------------------------------------------------------------------------


def outcome(name: str, data: bytes) -> tuple[str, float]:
    """("read", "refused", or what crashed, seconds). What comes out of a reader is to be reports, rejects or text."""
    reader, _ = READERS[name]
    started = time.process_time()
    try:
        for item in reader(data):
            if isinstance(item, Report):
                item.text.encode("utf-8")
        told = "read"
    except REFUSALS as error:
        told = "refused" if name != "file" else f"{type(error).__name__}: {error}"
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    return told, time.process_time() - started


def fuzz(total: int, state: Path, only: str | None = None) -> dict[str, Any]:
    """Go on with the inputs that `state` does not count yet, some of each reader by turns; what was found so far."""
    found: dict[str, Any] = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {}
    goals = {
        name: total if only else total * share // 1000 for name, (_, share) in READERS.items() if only in (None, name)
    }
    while open_ := [n for n in goals if found.get(n, _NOTHING)["inputs"] < goals[n]]:
        for name in open_:
            told = found.setdefault(name, {**_NOTHING, "failures": []})
            for number in range(told["inputs"], min(told["inputs"] + EVERY, goals[name])):
                _one(name, number, told)
            state.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


_NOTHING: dict[str, Any] = {"inputs": 0, "read": 0, "refused": 0, "slowest": 0.0, "slowest_number": 0, "failures": []}


def _one(name: str, number: int, told: dict[str, Any]) -> None:
    faulthandler.dump_traceback_later(HUNG, exit=True)
    data = made(name, number)
    how, seconds = outcome(name, data)
    if seconds > SLOW:
        how, seconds = outcome(name, data)  # what is loaded when it is first needed, is loaded now
    told["inputs"] += 1
    if how in ("read", "refused"):
        told[how] += 1
    else:
        told["failures"].append([number, how])
    if seconds > told["slowest"]:
        told["slowest"], told["slowest_number"] = round(seconds, 3), number
    if seconds > SLOW:
        told["failures"].append([number, f"took {seconds:.1f} s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all (default: a million)")
    parser.add_argument("--only", choices=sorted(READERS), help="this reader alone, with all the inputs")
    parser.add_argument("--number", type=int, help="show what one input of --only does")
    parser.add_argument("--state", type=Path, default=Path("fuzz.json"), help="where progress is kept")
    given = parser.parse_args()
    if given.number is not None:
        data = made(given.only or parser.error("--number is that of an input of --only"), given.number)
        print(data[:2000], "\n", *outcome(given.only, data))
        return
    found = fuzz(given.inputs, given.state, given.only)
    for name, told in found.items():
        print(f"{name}: {told['inputs']:,} inputs, {told['refused']:,} refused, slowest {told['slowest']} s")
        for number, how in told["failures"]:
            print(f"  --only {name} --number {number}: {how}")
    failures = sum(len(told["failures"]) for told in found.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(told['inputs'] for told in found.values()):,} inputs, {failures} failures, peak memory {memory:.0f} MB"
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
