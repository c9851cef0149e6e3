"""What the teacher says of sentences: the soft labels that the encoder learns from beside the annotations.

Of every sentence, the probabilities of the trigger labels of each word; of every frame in it, those of deed, status,
modes, roles and sectors. Sentences without annotations get the frames that the teacher itself finds.
"""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from legation.pieces import Pieces, batch
from legation.segment import sentences, words
from training.annotations import DATA, texts
from training.corpora import Example, Frame
from training.model import Labels
from training.train import Losses

WORDS = 1500
"""Words of a batch."""
LEAST = 0.15
"""Probability of being a trigger from which a word of an unannotated sentence is read as one."""
PUPIL = dict.fromkeys(("triggers", "deeds", "status", "modes", "roles", "sectors"), (0.5, 1.0))
LAST = PUPIL | {"triggers": (1.0, 0.5), "deeds": (1.0, 0.5), "status": (0.7, 0.8)}
LAST |= dict.fromkeys(("modes", "roles", "sectors"), (1.0, 0.0))
"""Weights of the annotations' loss and of the teacher's, by head."""

FREE = 7000
"""Sentences without annotations that the teacher reads too."""
FREE_WORDS = range(7, 61)
"""Their lengths."""
OPENING = 6
"""Sentences of a synthetic story that are taken."""


@dataclass(frozen=True)
class SoftFrame:
    """Probabilities: deeds, statuses, modes [n]; roles, sectors [W, n]."""

    deeds: Tensor
    statuses: Tensor
    modes: Tensor
    roles: Tensor
    sectors: Tensor


@dataclass(frozen=True)
class Soft:
    """Probabilities of the trigger labels [W, n], and of each frame by its words [start, end)."""

    triggers: Tensor
    frames: dict[tuple[int, int], SoftFrame]


def unread(shared: Path) -> list[Example]:
    """Sentences of the annotated corpora that nobody has annotated, but for what is kept for development."""
    kept = {
        json.loads(line)["id"] for line in (DATA / "development" / "newswire.jsonl").read_text("utf-8").splitlines()
    }
    read: dict[tuple[str, str], list[list[int]]] = {}
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            read.setdefault((record["corpus"], record["id"]), []).extend(record["sentences"])
    out = []
    for corpus in ("newswire", "synthetic", "polnear", "guardian_syria"):
        for name, (text, spans, _) in texts(shared, corpus).items():
            if corpus == "synthetic":
                spans = [[s.start, s.end] for s in sentences(text)[:OPENING]]
            done = read.get((corpus, name), [])
            for a, b in spans if name not in kept else []:
                found = words(text, a, b)
                if len(found) in FREE_WORDS and not any(a < end and start < b for start, end in done):
                    out.append(Example([text[x:y] for x, y in found], document=name))
    random.Random(7).shuffle(out)
    return out[:FREE]


def taught(model: nn.ModuleDict, tokenizer: Tokenizer, examples: list[Example]) -> list[Soft]:
    """The teacher's soft labels of each example; adds frames to those without annotations."""
    encoder, reader = model["encoder"], model["reader"]
    model.eval()
    out: list[Soft | None] = [None] * len(examples)
    started = time.time()
    groups, cut = _groups(examples), Pieces(tokenizer)
    for number, group in enumerate(groups):
        some = [examples[i] for i in group]
        inputs = batch(cut, [e.words for e in some])
        arrays = (torch.from_numpy(a) for a in (inputs.pieces, inputs.cases, inputs.mask, inputs.first, inputs.words))
        pieces, cases, mask, first, words = arrays
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            states = encoder.states(pieces, cases, mask, first)
            triggers = encoder.triggers(states).float().softmax(-1)
            for row, example in enumerate(some):
                if not example.coded:
                    example.frames += _found(triggers[row, : len(example.words)])
            chosen = [(row, f) for row, e in enumerate(some) for f in e.frames if f.kind in ("deed", "candidate")]
            read = _read(reader, states, words, chosen)
        frames: list[dict[tuple[int, int], SoftFrame]] = [{} for _ in some]
        for (row, frame), soft in zip(chosen, read, strict=True):
            frames[row][frame.start, frame.end] = soft
        for row, i in enumerate(group):
            out[i] = Soft(triggers[row, : len(some[row].words)], frames[row])
        if number % 100 == 99:
            print(f"taught {number + 1}/{len(groups)} {time.time() - started:.0f}s", flush=True)
    return [soft for soft in out if soft is not None]


def _groups(examples: list[Example]) -> list[list[int]]:
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].words))
    groups: list[list[int]] = [[]]
    for i in order:
        if groups[-1] and (len(groups[-1]) + 1) * len(examples[i].words) > WORDS:
            groups.append([])
        groups[-1].append(i)
    return groups


def _found(triggers: Tensor) -> list[Frame]:
    """Runs of words that are more likely than LEAST of a trigger, as frames of no known deed."""
    likely = (1 - triggers[:, 0] > LEAST).tolist()
    inside = triggers[:, 2::2].sum(-1) > triggers[:, 1::2].sum(-1)
    frames: list[Frame] = []
    for i, is_one in enumerate(likely):
        if is_one and frames and frames[-1].end == i and inside[i]:
            frames[-1].end = i + 1
        elif is_one:
            frames.append(Frame("candidate", i, i + 1))
    return frames


def _read(reader: nn.Module, states: Tensor, words: Tensor, chosen: list[tuple[int, Frame]]) -> list[SoftFrame]:
    out = []
    for low in range(0, len(chosen), 64):
        some = chosen[low : low + 64]
        rows = torch.tensor([row for row, _ in some])
        marked = torch.zeros(len(some), words.shape[1], dtype=torch.long)
        for k, (_, frame) in enumerate(some):
            marked[k, frame.start : frame.end] = 1
        deeds, statuses, modes, roles, sectors = (t.float() for t in reader(states[rows], marked, words[rows]))
        for k, (row, _) in enumerate(some):
            n = int(words[row].sum())
            out.append(
                SoftFrame(
                    deeds[k].softmax(-1),
                    statuses[k].softmax(-1),
                    modes[k].sigmoid(),
                    roles[k, :n].softmax(-1),
                    sectors[k, :n].sigmoid(),
                )
            )
    return out


class SoftLosses(Losses):
    """The losses of annotations and teacher together. `soft` holds the teacher's words by id of the example."""

    def __init__(
        self,
        labels: Labels,
        encoder: nn.Module,
        reader: nn.Module,
        soft: dict[int, Soft],
        shares: dict[str, tuple[float, float]],
    ) -> None:
        super().__init__(labels, encoder, reader)
        self.soft, self.shares = soft, shares

    def _of_words(self, states: Tensor, words: Tensor, examples: list[Example]) -> dict[str, Tensor]:
        losses = super()._of_words(states, words, examples)
        if "triggers" in losses:
            losses["triggers"] = self.shares["triggers"][0] * losses["triggers"]
        rows = [row for row, e in enumerate(examples) if id(e) in self.soft]
        if rows:
            logits = self.encoder.triggers(states[rows]).float().log_softmax(-1)
            told = torch.zeros_like(logits)
            for k, row in enumerate(rows):
                triggers = self.soft[id(examples[row])].triggers
                told[k, : len(triggers)] = triggers.float()
            losses["soft triggers"] = self.shares["triggers"][1] * -(told * logits).sum() / told.sum()
        self._now = examples
        return losses

    def _of_frames(self, states: Tensor, words: Tensor, chosen: list[tuple[int, Frame]]) -> dict[str, Tensor]:
        self._rows = [row for row, _ in chosen]
        return super()._of_frames(states, words, chosen)

    def _of_deeds(self, own: Tensor, frames: list[Frame]) -> dict[str, Tensor]:
        losses = {name: self.shares[name][0] * loss for name, loss in super()._of_deeds(own, frames).items()}
        known = self._known(frames)
        if known:
            at = [k for k, _ in known]
            for name, head in (("deeds", self.reader.deeds), ("status", self.reader.statuses)):
                told = torch.stack([soft.deeds if name == "deeds" else soft.statuses for _, soft in known]).float()
                real = 1 - torch.stack([soft.deeds[0] for _, soft in known])
                weight = torch.ones(len(at)) if name == "deeds" else real
                each = -(told * head(own[at]).float().log_softmax(-1)).sum(-1)
                losses[f"soft {name}"] = self.shares[name][1] * (each * weight).sum() / weight.sum().clamp(min=1.0)
            told = torch.stack([soft.modes for _, soft in known]).float()
            each = functional.binary_cross_entropy_with_logits(self.reader.modes(own[at]).float(), told)
            losses["soft modes"] = 5.0 * self.shares["modes"][1] * each
        return losses

    def _of_roles(self, x: Tensor, present: Tensor, frames: list[Frame], width: int) -> dict[str, Tensor]:
        losses = super()._of_roles(x, present, frames, width)
        for name in ("roles", "sectors"):
            if name in losses:
                losses[name] = self.shares[name][0] * losses[name]
        known = [(k, soft) for k, soft in self._known(frames) if soft.deeds[0] < 0.5]
        if known and (self.shares["roles"][1] or self.shares["sectors"][1]):
            at = [k for k, _ in known]
            logits = self.reader.roles(x[at]).float().log_softmax(-1)
            told = torch.zeros_like(logits)
            sectors = torch.zeros(len(at), width, len(self.labels.sectors))
            actor = torch.zeros(len(at), width)
            for n, (_, soft) in enumerate(known):
                told[n, : len(soft.roles)] = soft.roles.float()
                sectors[n, : len(soft.sectors)] = soft.sectors.float()
                actor[n, : len(soft.roles)] = soft.roles[:, 1:5].float().sum(-1)
            losses["soft roles"] = 4.0 * self.shares["roles"][1] * -(told * logits).sum() / told.sum()
            guess = self.reader.sectors(x[at]).float()
            each = functional.binary_cross_entropy_with_logits(guess, sectors, reduction="none")
            losses["soft sectors"] = (
                3.0 * self.shares["sectors"][1] * (each.mean(-1) * actor).sum() / actor.sum().clamp(min=1.0)
            )
        return losses

    def _known(self, frames: list[Frame]) -> list[tuple[int, SoftFrame]]:
        found = []
        for k, frame in enumerate(frames):
            soft = self.soft.get(id(self._now[self._rows[k]]))
            if soft is not None and (frame.start, frame.end) in soft.frames:
                found.append((k, soft.frames[frame.start, frame.end]))
        return found
