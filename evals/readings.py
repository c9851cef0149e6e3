"""Two networks on the same sentences: how far what they read agrees."""

from typing import Any

from legation.schema import Reading


def summary(reading: Reading) -> dict[str, Any]:
    """What a network decided of a sentence, without its probabilities."""
    return {
        "pos": [word.pos for word in reading.words],
        "heads": [word.head for word in reading.words],
        "names": [[name.start, name.end, name.label] for name in reading.names],
        "deeds": [[d.trigger.start, d.deed, d.status] for d in reading.deeds],
        "arcs": [
            [deed.trigger.start, role, argument.span.start, argument.span.end]
            for deed in reading.deeds
            for role, arguments in (("source", deed.sources), ("target", deed.targets), ("time", deed.times))
            for argument in arguments
        ],
    }


def agreement(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, float]:
    """Share of words (pos, heads) on which both say the same; F1 of the one's names, deeds and arcs in the other's."""
    out = {}
    for field in ("pos", "heads"):
        pairs = [pair for a, b in zip(ours, theirs, strict=True) for pair in zip(a[field], b[field], strict=True)]
        out[field] = sum(x == y for x, y in pairs) / len(pairs)
    for field in ("names", "deeds", "arcs"):
        a = {(i, *map(str, item)) for i, told in enumerate(ours) for item in told[field]}
        b = {(i, *map(str, item)) for i, told in enumerate(theirs) for item in told[field]}
        out[field] = 2 * len(a & b) / (len(a) + len(b))
    return out
