"""Turn trained weights into what the package ships: `python -m training.export --version 2`.

Writes encode.onnx and read.onnx (int8 weights, activations quantised as they come), tokenizer.json and labels.json to
src/legation/weights. Heads that only teach (PropBank, attribution, factuality) stay behind, and so do word pieces that
no English news needs.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
from evals.readings import summary
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import nn

from legation.encoder import Encoder
from legation.pieces import Batch
from legation.schema import DEEDS, Span
from training.model import MINILM, Labels
from training.train import build, minilm

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "src" / "legation" / "weights"
SAMPLES = ROOT / "samples" / "gold.jsonl"
READINGS = ROOT / "tests" / "data" / "float_readings.json"
NAMED = ("pieces", "cases", "mask", "first", "words")


def load(work: Path) -> tuple[Labels, Tokenizer, nn.ModuleDict]:
    """The trained model of training/work, ready for inference."""
    labels = Labels(**{k: tuple(v) for k, v in json.loads((work / "labels.json").read_text()).items()})
    tokenizer, weights = minilm()
    model = build(labels, tokenizer, weights)
    model.load_state_dict(torch.load(work / "final.pt", weights_only=True))
    return labels, tokenizer, model.eval()


def kept_pieces(tokenizer: Tokenizer) -> list[int]:
    """Ids of the pieces worth shipping: the special marks, and all in Latin letters, digits and punctuation."""
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [i for piece, i in vocabulary if piece in special or (not piece.startswith("[unused") and _latin(piece))]


def _latin(piece: str) -> bool:
    return all(ord(c) < 0x250 or 0x2000 <= ord(c) < 0x2200 for c in piece)


def trim(tokenizer: Tokenizer, kept: list[int]) -> Tokenizer:
    """The tokenizer over the kept pieces, numbered anew in their old order."""
    spec = json.loads(tokenizer.to_str())
    number = {old: new for new, old in enumerate(kept)}
    spec["model"]["vocab"] = {p: number[i] for p, i in spec["model"]["vocab"].items() if i in number}
    for token in spec["added_tokens"]:
        token["id"] = number[token["id"]]
    for token in (
        spec["post_processor"]["special_tokens"].values() if "special_tokens" in spec["post_processor"] else ()
    ):
        token["ids"] = [number[i] for i in token["ids"]]
    for mark in ("sep", "cls"):
        if mark in spec["post_processor"]:
            spec["post_processor"][mark][1] = number[spec["post_processor"][mark][1]]
    return Tokenizer.from_str(json.dumps(spec))


def export(labels: Labels, tokenizer: Tokenizer, model: nn.ModuleDict, folder: Path, settings: dict[str, Any]) -> None:
    """Write the four files to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = kept_pieces(tokenizer)
    encoder, reader = model["encoder"], model["reader"]
    _keep_pieces(model, kept)
    trim(tokenizer, kept).save(str(folder / "tokenizer.json"), pretty=False)
    ids = torch.randint(5, 1000, (2, 9))
    ones = torch.ones(2, 9, dtype=torch.long)
    words = torch.ones(2, 6, dtype=torch.long)
    first = torch.arange(6)[None].repeat(2, 1)
    named = {
        "pieces": {0: "B", 1: "T"},
        "cases": {0: "B", 1: "T"},
        "mask": {0: "B", 1: "T"},
        "first": {0: "B", 1: "W"},
        "words": {0: "B", 1: "W"},
    }
    outputs: tuple[str, ...] = ("states", "pos", "names", "triggers", "heads", "relations")
    named |= {name: {0: "B", 1: "W"} for name in outputs}
    _write(encoder, (ids, ones, ones, first, words), folder / "encode.onnx", NAMED, outputs, named)
    named = {name: {0: "N", 1: "W"} for name in ("states", "marked", "words", "roles", "sectors")}
    named |= {name: {0: "N"} for name in ("deeds", "statuses", "modes")}
    marked = torch.zeros(2, 6, dtype=torch.long)
    marked[:, 2] = 1
    outputs = ("deeds", "statuses", "modes", "roles", "sectors")
    _write(
        reader,
        (torch.randn(2, 6, MINILM.hidden), marked, words),
        folder / "read.onnx",
        ("states", "marked", "words"),
        outputs,
        named,
    )
    told = {name: list(getattr(labels, name)) for name in labels.__dataclass_fields__ if name != "propbank"}
    (folder / "labels.json").write_text(json.dumps(told | settings, indent=1) + "\n", encoding="utf-8")


def _keep_pieces(model: nn.ModuleDict, kept: list[int]) -> None:
    weight = model["encoder"].pieces.weight[torch.tensor(kept)].clone()
    model["encoder"].pieces = nn.Embedding.from_pretrained(weight)


def _write(
    module: nn.Module,
    example: tuple[Any, ...],
    path: Path,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    axes: dict[str, dict[int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "float.onnx"
        torch.onnx.export(
            module, example, str(exact), input_names=list(inputs), output_names=list(outputs),
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
        # What decides is small, and kept as it is.
        nodes = onnx.load(exact).graph.node
        heads = [node.name for node in nodes if node.op_type in ("MatMul", "Gemm") and "layer" not in node.name]
        quantize_dynamic(
            exact, path, weight_type=QuantType.QInt8, per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"], nodes_to_exclude=heads,
            extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip


class Exact:
    """The float model as a network of legation.encoder."""

    def __init__(self, model: nn.ModuleDict) -> None:
        self.model = model

    def encode(self, inputs: Batch) -> list[Any]:
        """See legation.encoder.Network."""
        with torch.no_grad():
            return [o.numpy() for o in self.model["encoder"](*(torch.from_numpy(getattr(inputs, n)) for n in NAMED))]

    def read(self, *arrays: Any) -> list[Any]:
        """See legation.encoder.Network."""
        with torch.no_grad():
            return [output.numpy() for output in self.model["reader"](*map(torch.from_numpy, arrays))]


def write_float_readings(work: Path) -> None:
    """What the float model reads in each sentence of the samples' gold, for the test that holds int8 against it."""
    _, tokenizer, model = load(work)
    _keep_pieces(model, kept_pieces(tokenizer))
    encoder = Encoder(Exact(model))
    texts = [s for line in SAMPLES.read_text(encoding="utf-8").splitlines() for s in json.loads(line)["sentences"]]
    readings = [summary(encoder.read(text, [Span(0, len(text), text)])[0]) for text in texts]
    READINGS.write_text("[\n" + ",\n".join(map(json.dumps, readings)) + "\n]\n", encoding="utf-8")


def main() -> None:
    """Export the finished model of training/work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--version", required=True, help="version of the weights, as it stands in Mention.coder")
    arguments = parser.parse_args()
    labels, tokenizer, model = load(arguments.work)
    settings = {"version": arguments.version, "candidate": 0.15, "accept": dict.fromkeys(DEEDS, 0.4)}
    export(labels, tokenizer, model, arguments.out, settings)
    for path in sorted(arguments.out.iterdir()):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
