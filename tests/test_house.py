"""The rules of the house: what may import what, and where things may be known."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "legation"
NOUNS = {"legation", "legation.schema", "legation.tables", "legation.tables.phrases"} | {
    "legation.periods",
    "legation.parties",
    "legation.gazetteer",
    "legation.inheritance",
}
"""What every stage may import: the nouns, the tables, and what looks things up in tables or calendars."""

STAGES = {
    "clean": NOUNS,
    "segment": NOUNS,
    "pieces": NOUNS,
    "nounphrases": NOUNS,
    "encoder": NOUNS | {"legation.pieces", "legation.segment", "legation.nounphrases"},  # its own two halves
    **dict.fromkeys(("files", "filters", "dyads"), NOUNS),  # what the store is made of
    "corrections": NOUNS | {"legation.files", "legation.coding.deeds"},  # the codes of a mended mention
    "store": NOUNS | {f"legation.{name}" for name in ("corrections", "dyads", "files", "filters")},
    "gold": NOUNS | {"legation.store"},
    "check": NOUNS | {"legation.store", "legation.files", "legation.runner.upkeep"},
    "merge.traces": NOUNS,
    "merge.compared": NOUNS | {"legation.merge.traces"},
    "merge.blocks": NOUNS | {"legation.merge.compared"},
    "merge.pairs": NOUNS | {"legation.merge.blocks", "legation.merge.compared"},
    "merge.links": NOUNS | {f"legation.merge.{name}" for name in ("blocks", "compared", "pairs", "traces")},
    "merge.consensus": NOUNS | {"legation.merge.traces", "legation.coding.deeds"},  # the codes of the consensus
    "merge.shards": NOUNS
    | {"legation.store"}
    | {f"legation.merge.{name}" for name in ("blocks", "compared", "consensus", "links", "traces")},
    "archives": NOUNS | {"legation.store"},
    "export": NOUNS | {"legation.store", "legation.archives"},
    **{name: NOUNS | {"legation.store"} for name in ("relations", "agenda", "ledger", "profiles")},
    **{
        f"forecast.{path.stem}": NOUNS
        | {"legation.store", "legation.files", "legation.agenda"}  # a forecast of plans reads the agenda
        | {f"legation.forecast.{other.stem}" for other in (SOURCE / "forecast").glob("*.py")}
        for path in (SOURCE / "forecast").glob("*.py")
        if path.stem != "__init__"
    },
} | {f"coding.{path.stem}": NOUNS for path in (SOURCE / "coding").glob("*.py") if path.stem != "__init__"}
FACES = {"__main__", "show", "coder"} | {
    f"{folder}.{path.stem}"
    for folder in ("cli", "desk", "runner", "watch")
    for path in (SOURCE / folder).glob("*.py")
    if path.stem != "__init__"
}


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts): path
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py"
    }


def imports(path: Path) -> set[str]:
    """Every module that the file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            own = {f"legation.{name}" for name in modules()} | {"legation.tables"}
            found |= (inner & own) or {node.module}
    return found


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_stage_imports_only_nouns_and_tables(name: str) -> None:
    ours = {module for module in imports(modules()[name]) if module.split(".")[0] == "legation"}
    assert ours <= STAGES[name]


def test_every_module_is_a_stage_a_reader_or_a_face() -> None:
    known = set(STAGES) | FACES | {"schema", "periods", "gazetteer", "inheritance", "parties", "tables.phrases"}
    unknown = {name for name in modules() if name not in known and not name.startswith("ingest.")}
    assert not unknown, f"say in this test what may be imported by {unknown}"


def test_ingest_imports_only_nouns_tables_and_itself() -> None:
    for name, path in modules().items():
        if name.startswith("ingest."):
            ours = {m for m in imports(path) if m.split(".")[0] == "legation"}
            assert all(m in NOUNS or m.startswith("legation.ingest") for m in ours), name


def test_only_the_encoder_knows_onnxruntime() -> None:
    assert {name for name, path in modules().items() if "onnxruntime" in imports(path)} == {"encoder"}


def test_nothing_in_the_package_imports_training_or_evals() -> None:
    for name, path in modules().items():
        assert not {m for m in imports(path) if m.split(".")[0] in ("training", "evals", "torch")}, name


def test_tables_have_a_header_and_a_source_column() -> None:
    for path in (SOURCE / "tables").glob("*.csv"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert "source" in lines[0].split(","), path.name
