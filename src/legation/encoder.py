"""Sentences -> Readings: syntax, names, deeds and arcs, in one forward pass. The only file that knows onnxruntime.

The network is two graphs: `encode` reads a sentence once; `read` takes its word states and one marked trigger, and says
what deed the trigger names and which words stand in which role to it. training/ makes both; weights/labels.json names
their outputs in order and holds the thresholds: `accept` was chosen on the development sets, the others are even odds
or, for candidates, low enough to miss next to nothing.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from legation import tables
from legation.nounphrases import arbitrated, completed
from legation.pieces import Batch, Pieces, batch
from legation.schema import Argument, DeedReading, Name, Reading, Span, Word
from legation.segment import words as split

Array = npt.NDArray[Any]
_ACTORS = ("source", "target", "claimant")
_CIRCUMSTANCES = ("time", "place")
LEAST = {"source": 0.2, "target": 0.2, "time": 0.2, "place": 0.03}
"""A role that no word is likeliest to have is filled from this chance on; chosen on the development sets."""
SECTOR, SECOND_SECTOR = 0.15, 0.6
"""An actor is given its likeliest sector from this chance on, and one more from that; chosen on the development sets.
Hardly two actors in a hundred have two."""
BATCH = 8
"""Sentences in one run of the network at most: more would cost memory, and not be quicker."""
PADDING = 1.4
"""How many times as long as its shortest the longest sentence of a run may be: padding costs what words cost."""


class Network(Protocol):
    """What runs the two graphs; arrays as in legation.pieces.Batch, outputs are logits except `states` and `heads`."""

    def encode(self, inputs: Batch) -> Sequence[Array]:
        """-> states [B, W, H], pos, names, triggers [B, W, n], heads [B, W], relations [B, W, n]."""
        ...

    def read(self, states: Array, marked: Array, words: Array) -> Sequence[Array]:
        """states [N, W, H], marked and words [N, W] -> deeds, statuses, modes [N, n], roles, sectors [N, W, n]."""
        ...


class Onnx:
    """The int8 graphs in the package."""

    def __init__(self, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        folder = files("legation") / "weights"

        def session(name: str) -> Any:
            return onnxruntime.InferenceSession(
                (folder / name).read_bytes(), options, providers=["CPUExecutionProvider"]
            )

        self._encode, self._read = session("encode.onnx"), session("read.onnx")

    def encode(self, inputs: Batch) -> Sequence[Array]:
        """See Network."""
        fed = {name: getattr(inputs, name) for name in ("pieces", "cases", "mask", "first", "words")}
        return list(self._encode.run(None, fed))

    def read(self, states: Array, marked: Array, words: Array) -> Sequence[Array]:
        """See Network."""
        return list(self._read.run(None, {"states": states, "marked": marked, "words": words}))


@dataclass(frozen=True, slots=True)
class Settings:
    """Names of the network's outputs, and the thresholds it was developed with (weights/labels.json)."""

    version: str
    pos: tuple[str, ...]
    relations: tuple[str, ...]
    names: tuple[str, ...]
    triggers: tuple[str, ...]
    deeds: tuple[str, ...]
    statuses: tuple[str, ...]
    modes: tuple[str, ...]
    sectors: tuple[str, ...]
    roles: tuple[str, ...]
    candidate: float
    """A word is a candidate trigger where the first pass gives it at least this chance of naming a deed."""
    accept: dict[str, float]
    """A deed is reported from this probability on, by its type: some are told by words that mean little else."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Settings":
        """From the content of labels.json."""
        known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**{field.name: known[field.name] for field in fields(cls)})


@cache
def shipped_settings() -> Settings:
    """The settings of the weights in the package."""
    return Settings.of(json.loads((files("legation") / "weights" / "labels.json").read_text(encoding="utf-8")))


@cache
def shipped_tokenizer() -> Tokenizer:
    """MiniLM's word pieces (of BERT base, uncased), those in Latin letters."""
    return Tokenizer.from_str((files("legation") / "weights" / "tokenizer.json").read_text(encoding="utf-8"))


class Encoder:
    """Reads sentences. One object a process; not shared between threads."""

    def __init__(
        self, network: Network | None = None, settings: Settings | None = None, tokenizer: Tokenizer | None = None
    ) -> None:
        self._network = network
        self.settings = settings or shipped_settings()
        self._pieces = Pieces(tokenizer or shipped_tokenizer())

    @cached_property
    def network(self) -> Network:
        """The network given, or the one in the package, loaded when first needed."""
        return self._network or Onnx()

    def read(self, text: str, sentences: Sequence[Span]) -> list[Reading]:
        """One Reading for each sentence of `text`, in order.

        Sentences are batched by length, and only with others of the same text: int8 activations are scaled over a
        batch, so that a report would otherwise read differently in other company.
        """
        found = [split(text, sentence.start, sentence.end) for sentence in sentences]
        readings = [Reading(sentence) for sentence in sentences]
        for rows in _alike([len(words) for words in found]):
            items = [(text, sentences[i], found[i]) for i in rows]
            for i, reading in zip(rows, self._read_batch(items), strict=True):
                readings[i] = reading
        return readings

    def read_words(self, sentences: Sequence[Sequence[str]]) -> list[Reading]:
        """Sentences already split into words, as treebanks have them; offsets are into the words joined by blanks."""
        items = []
        for words in sentences:
            text, found = " ".join(words), list[tuple[int, int]]()
            for word in words:
                start = found[-1][1] + 1 if found else 0
                found.append((start, start + len(word)))
            items.append((text, Span(0, len(text), text), found))
        readings: list[Reading] = [Reading(span) for _, span, _ in items]
        for rows in _alike([len(found) for _, _, found in items]):
            for i, reading in zip(rows, self._read_batch([items[i] for i in rows]), strict=True):
                readings[i] = reading
        return readings

    def _read_batch(self, items: Sequence[tuple[str, Span, list[tuple[int, int]]]]) -> Iterator[Reading]:
        inputs = batch(self._pieces, [[text[a:b] for a, b in found] for text, _, found in items])
        states, pos, names, triggers, heads, relations = self.network.encode(inputs)
        pos, relations, names = pos.argmax(-1), relations.argmax(-1), names.argmax(-1)
        chances = _softmax(triggers)
        candidates = [
            (row, start, end)
            for row, (_, _, found) in enumerate(items)
            for start, end in self._candidates(chances[row, : len(found)])
        ]
        parsed = [
            self._words(text, found, pos[row], heads[row], relations[row]) for row, (text, _, found) in enumerate(items)
        ]
        deeds: list[list[DeedReading]] = [[] for _ in items]
        for (row, start, end), outputs in zip(candidates, self._read_triggers(states, inputs, candidates), strict=True):
            text = items[row][0]
            deed = self._deed(text, parsed[row], start, end, chances[row, start], outputs)
            if deed:
                deeds[row].append(deed)
        for row, (text, sentence, found) in enumerate(items):
            yield Reading(
                sentence,
                parsed[row],
                tuple(
                    Name(found[a][0], found[b - 1][1], text[found[a][0] : found[b - 1][1]], label)
                    for a, b, label in spans([self.settings.names[k] for k in names[row, : len(found)]])
                ),
                tuple(deeds[row]),
            )

    def _words(
        self, text: str, found: list[tuple[int, int]], pos: Array, heads: Array, relations: Array
    ) -> tuple[Word, ...]:
        return tuple(
            Word(
                start, end, text[start:end], self.settings.pos[pos[i]],
                -1 if heads[i] == i else int(heads[i]), self.settings.relations[relations[i]],
            )
            for i, (start, end) in enumerate(found)
        )  # fmt: skip

    def _candidates(self, chances: Array) -> list[tuple[int, int]]:
        """Word indices [start, end) of possible triggers, from the chances of the trigger labels [W, n]."""
        likely = 1.0 - chances[:, 0] >= self.settings.candidate
        best = chances[:, 1:].argmax(-1) + 1
        labels = [self.settings.triggers[k][:2] + "deed" if ok else "O" for k, ok in zip(best, likely, strict=True)]
        return [(start, end) for start, end, _ in spans(labels)]

    def _read_triggers(
        self, states: Array, inputs: Batch, candidates: list[tuple[int, int, int]]
    ) -> Iterator[list[Array]]:
        for at in range(0, len(candidates), BATCH):
            part = candidates[at : at + BATCH]
            rows = [row for row, _, _ in part]
            marked = np.zeros((len(part), states.shape[1]), np.int64)
            for k, (_, start, end) in enumerate(part):
                marked[k, start:end] = 1
            outputs = self.network.read(states[rows], marked, inputs.words[rows])
            for k in range(len(part)):
                yield [output[k] for output in outputs]

    def _deed(
        self, text: str, words: tuple[Word, ...], start: int, end: int, chances: Array, outputs: list[Array]
    ) -> DeedReading | None:
        deeds, statuses, modes, roles, sectors = outputs
        settings = self.settings
        second = _softmax(deeds)
        first = np.zeros_like(second)
        for k, label in enumerate(settings.triggers):
            first[settings.deeds.index(label[2:] or "NONE")] += chances[k]
        both = (first + second) / 2
        best = int(both[1:].argmax()) + 1
        if both[best] < settings.accept[settings.deeds[best]]:
            return None
        arguments = self._arguments(text, words, _softmax(roles[: len(words)]), _sigmoid(sectors))
        return DeedReading(
            trigger=_span(text, words, start, end),
            deed=settings.deeds[best],
            modes=tuple(
                mode
                for mode, chance in zip(settings.modes, _sigmoid(modes), strict=True)
                if chance >= 0.5 and mode in _modes_of(settings.deeds[best])
            ),
            status=settings.statuses[int(statuses.argmax())],
            probability=float(both[best]),
            sources=arguments["source"],
            targets=arguments["target"],
            times=arguments["time"],
            places=arguments["place"],
            claimants=arguments["claimant"],
        )

    def _arguments(
        self, text: str, words: tuple[Word, ...], chances: Array, sectors: Array
    ) -> dict[str, tuple[Argument, ...]]:
        """The arguments of each role. `chances` [W, roles] and `sectors` [W, n] are of the words of the sentence."""
        likely = {
            role: chances[:, [k for k, label in enumerate(self.settings.roles) if label[2:] == role]].sum(-1)
            for role in _ACTORS + _CIRCUMSTANCES
        }
        told = spans([self.settings.roles[k] for k in chances.argmax(-1)])
        told += [phrase for role in LEAST if (phrase := _likeliest(role, likely, told))]
        phrases = [
            (start, end, role)
            for role in _ACTORS
            for start, end in completed(words, [(start, end) for start, end, label in told if label == role])
        ]
        phrases = arbitrated(words, phrases, lambda start, end, role: float(likely[role][start:end].sum()))
        phrases += [phrase for phrase in told if phrase[2] in _CIRCUMSTANCES]
        out: dict[str, list[Argument]] = {role: [] for role in likely}
        for start, end, role in phrases:
            chance = float(likely[role][start:end].max())
            sure = likely[role][start:end] >= chance / 2  # words that only syntax brought in say nothing of the sector
            out[role].append(Argument(_span(text, words, start, end), chance, self._sectors(sectors[start:end][sure])))
        return {role: tuple(arguments) for role, arguments in out.items()}

    def _sectors(self, chances: Array) -> tuple[str, ...]:
        """The sectors that the words [n, sectors] of an actor are given on average."""
        likely = chances.mean(0)
        first, second = (-likely).argsort(kind="stable")[:2]
        told = {k for k, least in ((first, SECTOR), (second, SECOND_SECTOR)) if likely[k] >= least}
        return tuple(sector for k, sector in enumerate(self.settings.sectors) if k in told)


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of all that have a length, shortest first, in groups for one run of the network."""
    group: list[int] = []
    for i in sorted((i for i, length in enumerate(lengths) if length), key=lambda i: (lengths[i], i)):
        if group and (len(group) == BATCH or lengths[i] > PADDING * lengths[group[0]]):
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def _likeliest(
    role: str, likely: dict[str, Array], told: Sequence[tuple[int, int, str]]
) -> tuple[int, int, str] | None:
    """The stretch of words around the likeliest for a role that no word has, where its chance is LEAST or more."""
    if any(label == role for _, _, label in told):
        return None
    free = np.ones(len(likely[role]), bool)
    for start, end, _ in told:
        free[start:end] = False
    chances = np.where(free, likely[role], 0.0)
    start = end = int(chances.argmax())
    if chances[start] < LEAST[role]:
        return None
    while start > 0 and chances[start - 1] >= LEAST[role]:
        start -= 1
    while end < len(chances) and chances[end] >= LEAST[role]:
        end += 1
    return start, end, role


@cache
def _modes_of(deed: str) -> frozenset[str]:
    return frozenset(next(row["modes"] for row in tables.rows("codebook") if row["type"] == deed).split())


def _span(text: str, words: Sequence[Word], start: int, end: int) -> Span:
    lo, hi = words[start].start, words[end - 1].end
    return Span(lo, hi, text[lo:hi])


def spans(labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """BIO labels -> (start, end, label); an I- that follows nothing of its kind opens a span."""
    out: list[tuple[int, int, str]] = []
    for i, label in enumerate(labels):
        kind = label[2:]
        if label[0] == "I" and out and out[-1][1] == i and out[-1][2] == kind:
            out[-1] = (out[-1][0], i + 1, kind)
        elif label[0] != "O":
            out.append((i, i + 1, kind))
    return out


def _softmax(logits: Array) -> Array:
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def _sigmoid(logits: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))
