"""What is published of a deed: PLOVER type, CAMEO code, quad class, Goldstein score and contexts, all by table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from legation.tables import rows


@dataclass(frozen=True, slots=True)
class Published:
    """The published codes of a deed; all null where nothing is published.

    `quad` is 1 verbal cooperation, 2 material cooperation, 3 verbal conflict, 4 material conflict, by PLOVER type.
    `goldstein` is the CAMEO code's score, from -10 (most conflictual) to 10.
    """

    plover: str | None = None
    cameo: str | None = None
    quad: int | None = None
    goldstein: float | None = None
    contexts: tuple[str, ...] = ()


def publish(deed: str, modes: Sequence[str], status: str) -> Published:
    """The published codes of a deed with these modes and this status; raises ValueError for a deed, mode or status
    that the tables do not have. Tables: published.csv, published_cameo.csv, codebook.csv, cameo.csv.
    """
    types = _types()
    if (deed, status) not in types:
        raise ValueError(f"no row for deed {deed!r} with status {status!r} in published.csv: add one or mend the deed")
    plover = types[deed, status]
    if not plover:
        return Published()
    codes = _codes()
    for mode in modes:
        if (plover, deed, mode) not in codes:
            raise ValueError(f"no row for deed {deed!r} with mode {mode!r} in published_cameo.csv: add one or mend it")
    generic = codes[plover, deed, ""]
    told = [codes[plover, deed, mode] for mode in modes] or [generic]
    cameo = _narrowest([row["cameo"] for row in told], generic["cameo"])
    contexts = dict.fromkeys(context for row in told for context in row["contexts"].split())
    return Published(plover, cameo, _quads()[plover], _goldstein()[cameo], tuple(contexts))


def _narrowest(codes: list[str], generic: str) -> str:
    """The deepest code where each of the others is above it, else the nearest that is above all, else the generic."""
    stems = {_stem(code): code for code in codes}
    deepest = max(sorted(stems), key=len)
    if all(deepest.startswith(stem) for stem in stems):
        return stems[deepest]
    shared = next(deepest[:n] for n in (3, 2, 0) if all(stem.startswith(deepest[:n]) for stem in stems))
    return {3: shared, 2: f"{shared}0"}.get(len(shared), generic)


def _stem(code: str) -> str:
    """A code without the 0 that stands for "not specified below" its root: 040 is above 042."""
    return code[:2] if len(code) == 3 and code.endswith("0") else code


@cache
def _types() -> dict[tuple[str, str], str]:
    return {(row["deed"], row["status"]): row["plover"] for row in rows("published")}


@cache
def _codes() -> dict[tuple[str, str, str], dict[str, str]]:
    return {(row["plover"], row["deed"], row["mode"]): row for row in rows("published_cameo")}


@cache
def _quads() -> dict[str, int]:
    return {row["type"]: int(row["quad"]) for row in rows("codebook")}


@cache
def _goldstein() -> dict[str, float]:
    return {row["code"]: float(row["goldstein"]) for row in rows("cameo")}
