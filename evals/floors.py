"""Floors: what accuracy has reached and may not fall below again. Raised with a better figure, never lowered."""

from typing import Any

MARGIN = 0.01
"""A floor lies this far below the measured figure: int8 kernels differ a little between processors."""

PINNED = {
    "wire_dev": ("deed", "+status", "tuple", "full", "when", "where", "claimant", "sector", "status", "mode", "quiet"),
    "docs_dev": ("deed", "+status", "tuple", "full", "when", "where", "claimant", "sector", "status", "mode"),
    "samples": ("deed", "+status", "tuple", "full", "when", "where", "claimant", "sector"),
    "plover_gsr_dev": ("type_f1",),
    "plv": ("found", "macro_f1"),
    "ner_ewt_test": ("f1",),
    "ner_pud_test": ("f1",),
    "ud_ewt_dev": ("pos", "uas", "las"),
    "ud_gum_dev": ("pos", "uas", "las"),
    "timebank": ("value",),
    "aquaint": ("value",),
    "tr_news": ("country", "within_161_km", "exact"),
    "lgl": ("country", "within_161_km", "exact"),
}


def figure(figures: dict[str, Any], name: str) -> float:
    """The figure of that name as one number: F1 of a level, accuracy of a field, or the number itself."""
    value = figures[name]
    if isinstance(value, dict):
        value = value["f1"] if "f1" in value else value["accuracy"]
    return float(value)


def raised(floors: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    """`floors` with every figure of `results` that is better; a set whose content changed starts anew."""
    out: dict[str, Any] = {"weights": results["weights"]}
    for name, pinned in PINNED.items():
        measured, before = results["accuracy"][name], floors.get(name, {})
        known = before.get("figures", {}) if before.get("digest") == measured["digest"] else {}
        now = {key: round(figure(measured, key) - MARGIN, 3) for key in pinned}
        out[name] = {"digest": measured["digest"], "figures": {k: max(v, known.get(k, 0.0)) for k, v in now.items()}}
    return out
