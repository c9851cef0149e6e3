"""The network: MiniLM's six layers over word pieces, heads over words, and one more layer that reads a deed's arcs.

Two modules, exported apart: `Encoder` reads a sentence once; `Reader` takes the encoder's word states and one marked
trigger, and says what deed it is (or none), its status and modes, and which words stand in which role to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

HEADS = 12
CASES = 8
REACH = 24  # distances from the trigger beyond this are one


@dataclass(frozen=True)
class Size:
    """How wide and how deep a network is."""

    hidden: int
    inner: int
    layers: int


MINILM = Size(384, 1536, 6)


@dataclass(frozen=True)
class Labels:
    """Every label set, in the order of the network's outputs."""

    pos: tuple[str, ...]
    relations: tuple[str, ...]
    names: tuple[str, ...]
    triggers: tuple[str, ...]
    deeds: tuple[str, ...]
    statuses: tuple[str, ...]
    modes: tuple[str, ...]
    sectors: tuple[str, ...]
    roles: tuple[str, ...]
    propbank: tuple[str, ...]


class Layer(nn.Module):
    """A BERT layer: self-attention and a two-layer perceptron, each followed by a sum and a norm."""

    def __init__(self, size: Size, dropout: float) -> None:
        super().__init__()
        hidden, inner = size.hidden, size.inner
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps=1e-12)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm2 = nn.LayerNorm(hidden, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        width = hidden // HEADS
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, width).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2)) * width**-0.5 + bias
        mixed = (weights.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, hidden)
        x = self.norm1(x + self.dropout(self.out(mixed)))
        return self.norm2(x + self.dropout(self.down(functional.gelu(self.up(x)))))


def attention_bias(mask: Tensor) -> Tensor:
    """[B, T] of 1 and 0 -> [B, 1, 1, T] of 0 and a large negative number."""
    return (1.0 - mask[:, None, None, :].float()) * -10000.0


class Encoder(nn.Module):
    """Word pieces of a sentence -> word states and what every word says for itself."""

    def __init__(self, labels: Labels, pieces: int, size: Size = MINILM, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = size.hidden
        self.pieces = nn.Embedding(pieces, hidden)
        self.positions = nn.Embedding(512, hidden)
        self.cases = nn.Embedding(CASES, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(size, dropout) for _ in range(size.layers))
        self.dropout = nn.Dropout(dropout)
        self.pos = nn.Linear(hidden, len(labels.pos))
        self.names = nn.Linear(hidden, len(labels.names))
        self.triggers = nn.Linear(hidden, len(labels.triggers))
        self.arc_dependent = nn.Linear(hidden, 192)
        self.arc_head = nn.Linear(hidden, 192)
        self.relation_dependent = nn.Linear(hidden, 192)
        self.relation_head = nn.Linear(hidden, 192)
        self.relations = nn.Linear(192, len(labels.relations))
        nn.init.zeros_(self.cases.weight)

    def states(self, pieces: Tensor, cases: Tensor, mask: Tensor, first: Tensor) -> Tensor:
        """pieces, cases, mask [B, T]; first [B, W], the first piece of each word -> [B, W, hidden]."""
        at = torch.arange(pieces.shape[1], device=pieces.device)
        x = self.dropout(self.norm(self.pieces(pieces) + self.positions(at)[None] + self.cases(cases)))
        bias = attention_bias(mask)
        for layer in self.layers:
            x = layer(x, bias)
        return x.gather(1, first[:, :, None].expand(-1, -1, x.shape[2]))

    def arcs(self, states: Tensor, words: Tensor) -> Tensor:
        """[B, W, W]: score of word j as head of word i; a root is its own head."""
        scores = self.arc_dependent(states) @ self.arc_head(states).transpose(1, 2) * 192**-0.5
        return scores + (1.0 - words[:, None, :].float()) * -10000.0

    def relation_scores(self, states: Tensor, heads: Tensor) -> Tensor:
        """heads [B, W] -> [B, W, relations]."""
        of_head = self.relation_head(states).gather(1, heads[:, :, None].expand(-1, -1, 192))
        return self.relations(functional.gelu(self.relation_dependent(states) + of_head))

    def forward(self, pieces: Tensor, cases: Tensor, mask: Tensor, first: Tensor, words: Tensor) -> tuple[Tensor, ...]:
        """-> states, pos, names, triggers (logits [B, W, n]), heads [B, W], relations."""
        states = self.states(pieces, cases, mask, first)
        heads = self.arcs(states, words).argmax(-1)
        relations = self.relation_scores(states, heads)
        return states, self.pos(states), self.names(states), self.triggers(states), heads, relations


class Reader(nn.Module):
    """Word states of a sentence and one marked trigger -> its deed, status, modes, roles and sectors."""

    def __init__(self, labels: Labels, size: Size = MINILM, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = size.hidden
        self.mark = nn.Embedding(2, hidden)
        self.distance = nn.Embedding(2 * REACH + 1, hidden)
        self.trigger = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.layer = Layer(size, dropout)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(2 * hidden, hidden)
        self.deeds = nn.Linear(hidden, len(labels.deeds))
        self.statuses = nn.Linear(hidden, len(labels.statuses))
        self.modes = nn.Linear(hidden, len(labels.modes))
        self.factual = nn.Linear(hidden, 1)
        self.roles = nn.Linear(hidden, len(labels.roles))
        self.sectors = nn.Linear(hidden, len(labels.sectors))
        self.propbank = nn.Linear(hidden, len(labels.propbank))
        self.attribution = nn.Linear(hidden, 3)
        for embedding in (self.mark, self.distance):
            nn.init.normal_(embedding.weight, std=0.02)

    def read(self, states: Tensor, marked: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """states [N, W, hidden], marked and words [N, W] -> word states for this trigger, and the trigger's own."""
        weight = marked.float() / marked.float().sum(1, keepdim=True).clamp(min=1.0)
        trigger = (weight[:, None, :] @ states).squeeze(1)
        at = marked.float().argmax(1)
        distance = torch.arange(states.shape[1], device=states.device)[None] - at[:, None]
        x = states + self.mark(marked) + self.distance(distance.clamp(-REACH, REACH) + REACH)
        x = self.dropout(self.norm(x + self.trigger(trigger)[:, None]))
        x = self.layer(x, attention_bias(words))
        own = torch.cat([(weight[:, None, :] @ x).squeeze(1), trigger], -1)
        return x, self.dropout(functional.gelu(self.hidden(own)))

    def forward(self, states: Tensor, marked: Tensor, words: Tensor) -> tuple[Tensor, ...]:
        """-> deeds, statuses, modes (logits [N, n]), roles and sectors (logits [N, W, n])."""
        x, own = self.read(states, marked, words)
        return self.deeds(own), self.statuses(own), self.modes(own), self.roles(x), self.sectors(x)


def load_minilm(encoder: Encoder, reader: Reader, weights: dict[str, Tensor]) -> None:
    """Copy MiniLM's weights in; the reader's layer starts as a copy of the last one."""
    with torch.no_grad():
        encoder.pieces.weight.copy_(weights["embeddings.word_embeddings.weight"])
        token_type = weights["embeddings.token_type_embeddings.weight"][0]
        encoder.positions.weight.copy_(weights["embeddings.position_embeddings.weight"] + token_type)
        encoder.norm.weight.copy_(weights["embeddings.LayerNorm.weight"])
        encoder.norm.bias.copy_(weights["embeddings.LayerNorm.bias"])
        for i, layer in enumerate([*encoder.layers, reader.layer]):
            copy_layer(
                layer,
                weights,
                f"encoder.layer.{min(i, len(encoder.layers) - 1)}.",
                qkv=("attention.self.query", "attention.self.key", "attention.self.value"),
                others=(
                    "attention.output.dense",
                    "attention.output.LayerNorm",
                    "intermediate.dense",
                    "output.dense",
                    "output.LayerNorm",
                ),
            )


def copy_layer(
    layer: nn.Module, weights: dict[str, Tensor], prefix: str, *, qkv: Sequence[str], others: Sequence[str]
) -> None:
    """Copy a layer's weights in by their names: `others` are those of out, norm1, up, down and norm2."""
    for kind in ("weight", "bias"):
        layer.get_parameter(f"qkv.{kind}").copy_(torch.cat([weights[f"{prefix}{name}.{kind}"] for name in qkv]))
        for ours, theirs in zip(("out", "norm1", "up", "down", "norm2"), others, strict=True):
            layer.get_parameter(f"{ours}.{kind}").copy_(weights[f"{prefix}{theirs}.{kind}"])
