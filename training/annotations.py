"""Annotations of our own, read back with `documents`: of texts that are ours whole (training/data/own/*.jsonl, in the
form of the gold sets), of others' texts stand-off, without the texts they are of (training/data/*.jsonl).

Stand-off, one document a line: {"id", "corpus", "digest" (SHA-256 of the text), "sentences": [[start, end], …],
"events": […]}, an event as the guidelines of the gold sets define it, but with every text as [start, end] into the
document's text.

    python -m training.annotations --shared ../shared --corpus plv annotated.jsonl > training/data/plv.jsonl

turns annotations with verbatim texts ({"id", "events": [{"s", "trigger", …}]}) into this form. Where only some
sentences were read, "first" is the first of them, counted from 0 as the corpus has them, and "read" says how many; "s"
counts from the first.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from legation.segment import sentences

DATA = Path(__file__).parent / "data"
OWN = DATA / "own"
MOST_SENTENCES = 14
"""Of a document its first sentences are annotated, as in the gold sets."""

Json = dict[str, Any]
Texts = dict[str, tuple[str, list[list[int]], str | None]]
"""id -> text, [start, end] of its sentences, and the day it was published, where the corpus tells it."""


def documents(shared: Path) -> list[Json]:
    """All annotations, joined with their texts, as gold documents; ValueError where a text is not the one annotated."""
    out = [json.loads(line) for path in sorted(OWN.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            text, _, published = texts(shared, record["corpus"]).get(record["id"], ("", [], None))
            if _digest(text) != record["digest"]:
                raise ValueError(f"{path.name}: {record['id']} is not the text of {shared} that was annotated")
            out.append(_joined(record, text, published))
    return out


def development(shared: Path) -> list[Json]:
    """Annotations kept out of training, to choose thresholds and the confidence on: as `documents`, but each with all
    sentences up to the last that was read, and "first", the first that was.
    """
    out = []
    for line in (DATA / "development" / "newswire.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        text, spans, published = texts(shared, record["corpus"])[record["id"]]
        before = [text[a:b] for a, b in spans if b <= record["sentences"][0][0]]
        document = _joined(record, text, published)
        for event in document["events"]:
            event["s"] += len(before)
        out.append(document | {"sentences": before + document["sentences"], "first": len(before)})
    return out


def _joined(record: Json, text: str, published: str | None) -> Json:
    spans = record["sentences"]

    def told(span: list[int] | None) -> str | None:
        return text[span[0] : span[1]] if span else None

    events = []
    for event in record["events"]:
        joined = dict(event) | {"trigger": told(event["trigger"]), "said_by": told(event.get("said_by"))}
        for side in ("source", "target"):
            joined[side] = [{"text": told(a["span"]), "code": a["code"]} for a in event[side]]
        for field in ("when", "where"):
            if event.get(field):
                joined[field] = dict(event[field]) | {"text": told(event[field]["span"])}
        events.append(joined)
    told_in = [text[a:b] for a, b in spans]
    return {"id": record["id"], "published": published, "sentences": told_in, "events": events}


# Making stand-off annotations ---------------------------------------------------------------------------------------


def standoff(corpus: str, document: Json, text: str, spans: list[list[int]]) -> Json:
    """Annotations with verbatim texts as offsets; raises ValueError where a text does not stand in its sentence."""
    first = document.get("first", 0)
    spans = spans[first : first + document.get("read", len(spans))]
    events = []
    for event in document["events"]:
        lo, hi = spans[event["s"]]
        trigger = _find(document["id"], text, lo, hi, event["trigger"], lo)
        kept = {k: v for k, v in event.items() if k in ("s", "type", "mode", "status", "killed", "injured")}
        kept["trigger"] = trigger
        for side in ("source", "target"):
            kept[side] = [
                {"span": _find(document["id"], text, lo, hi, a["text"], trigger[0]), "code": a["code"]}
                for a in event.get(side, [])
            ]
        for field in ("when", "where"):
            if event.get(field):
                rest = {k: v for k, v in event[field].items() if k != "text"}
                kept[field] = {"span": _find(document["id"], text, lo, hi, event[field]["text"], trigger[0])} | rest
        if event.get("said_by"):
            kept["said_by"] = _find(document["id"], text, lo, hi, event["said_by"], trigger[0])
        events.append(kept)
    return {"id": document["id"], "corpus": corpus, "digest": _digest(text), "sentences": spans, "events": events}


def _find(name: str, text: str, lo: int, hi: int, phrase: str, near: int) -> list[int]:
    """Where `phrase` stands in text[lo:hi], nearest to `near`; line breaks of the text count as blanks."""
    piece = re.sub(r"[\n\t]", " ", text[lo:hi])
    exact = re.escape(phrase)
    whole = [lo + match.start() for match in re.finditer(rf"(?<!\w){exact}(?!\w)", piece)]
    starts = whole or [lo + match.start() for match in re.finditer(exact, piece)]  # "it" is not the one in "with"
    if not starts:
        raise ValueError(f"{name}: {phrase!r} does not stand in its sentence {piece!r}")
    start = min(starts, key=lambda s: abs(s - near))
    return [start, start + len(phrase)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# The texts ----------------------------------------------------------------------------------------------------------


@cache
def texts(shared: Path, corpus: str) -> Texts:
    """The texts of a corpus under `shared`/data, as they are annotated."""
    return _READERS[corpus](shared / "data")


def _plv(data: Path) -> Texts:
    out: Texts = {}
    for line in (data / "events" / "plv_train.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        out[f"PLV{row['sentence_id']}"] = (row["sentence"], [[0, len(row["sentence"])]], None)
    return out


def _guardian(data: Path) -> Texts:
    rows = map(json.loads, (data / "news" / "guardian_syria.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["id"]: (row["text"], _first_sentences(row["text"]), row["published"]) for row in rows}


def _synthetic(data: Path) -> Texts:
    csv.field_size_limit(10**9)
    with zipfile.ZipFile(data / "events" / "ngec_synthetic_stories.csv.zip") as files:
        lines = io.TextIOWrapper(files.open(files.namelist()[0]), encoding="utf-8")
        return {
            f"SY{i}": (row["text"], _first_sentences(row["text"])[:1], None)
            for i, row in enumerate(csv.DictReader(lines))
        }


def _timebank(data: Path) -> Texts:
    return {f"TB_{name}": told for name, told in _timeml(data).items() if not _SILVER.match(name)}


def _newswire(data: Path) -> Texts:
    """The silver part of TempEval-3: AFP and Xinhua of 1997, 2005 and 2006."""
    return {f"NW_{name}": told for name, told in _timeml(data).items() if _SILVER.match(name)}


_SILVER = re.compile(r"(AFP|XIN)_ENG_")


@cache
def _timeml(data: Path) -> Texts:
    out: Texts = {}
    with zipfile.ZipFile(data / "time" / "tempeval3_training.zip") as files:
        for name in files.namelist():
            if name.endswith(".tml"):
                whole = files.read(name).decode("utf-8", "replace")
                marked = re.search(r"<TEXT>(.*?)</TEXT>", whole, re.S)
                if marked:
                    day = re.search(r"<DCT>.*?value=\"(\d{4}-\d\d-\d\d)", whole, re.S)
                    text = re.sub(r"<[^>]+>", "", marked[1]).replace("&amp;", "&").replace("&lt;", "<")
                    out[Path(name).stem] = (text, _first_sentences(text), day[1] if day else None)
    return out


def _cameo(data: Path) -> Texts:
    out: Texts = {}
    for number, line in enumerate((data / "events" / "cameo_quad_train.tsv").read_text(encoding="utf-8").split("\n")):
        if line.strip():
            sentence = line.rsplit("\t", 1)[0]
            out[f"CQ{number}"] = (sentence, [[0, len(sentence)]], None)
    return out


def _gum(data: Path) -> Texts:
    found: dict[str, list[str]] = {}
    document = ""
    with gzip.open(data / "ud" / "en_gum-train.conllu.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# newdoc id"):
                document = line.split("=", 1)[1].strip()
            elif line.startswith("# text =") and "_news_" in document:
                found.setdefault(document, []).append(line.split("=", 1)[1].strip())
    out: Texts = {}
    for document, told in found.items():
        spans, at = [], 0
        for sentence in told:
            spans.append([at, at + len(sentence)])
            at += len(sentence) + 1
        out[document] = (" ".join(told), spans[:MOST_SENTENCES], None)
    return out


def _polnear(data: Path) -> Texts:
    out: Texts = {}
    with zipfile.ZipFile(data / "attribution" / "polnear_train.zip") as files:
        for name in files.namelist():
            if name.endswith(".txt"):
                text = files.read(name).decode("utf-8").replace("\r\n", "\n")
                day = re.search(r"\d{4}-\d\d-\d\d", name)
                out[f"PN_{Path(name).stem}"] = (text, _first_sentences(text), day[0] if day else None)
    return out


def _first_sentences(text: str) -> list[list[int]]:
    return [[s.start, s.end] for s in sentences(text)[:MOST_SENTENCES]]


_READERS: dict[str, Callable[[Path], Texts]] = {
    "plv": _plv, "guardian_syria": _guardian, "synthetic": _synthetic, "timebank": _timebank, "gum": _gum,
    "polnear": _polnear, "newswire": _newswire, "cameo": _cameo,
}  # fmt: skip


def main() -> None:
    """Print the stand-off form of a file of annotations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--corpus", choices=sorted(_READERS), required=True)
    parser.add_argument("annotated", type=Path)
    arguments = parser.parse_args()
    known = texts(arguments.shared, arguments.corpus)
    for line in arguments.annotated.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        if document["id"] in known:
            text, spans, _ = known[document["id"]]
            print(json.dumps(standoff(arguments.corpus, document, text, spans), ensure_ascii=False))


if __name__ == "__main__":
    main()
