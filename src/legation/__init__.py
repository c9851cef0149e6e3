"""Legation reads news reports and codes who did what to whom, when, where, according to whom, and if it happened.

    report, mentions = next(legation.read("report.txt"))
    mentions = legation.Coder().code(report)
    legation.Store("news").mentions(actor="PRK")

What is heavy is imported when it is first used, so that `import legation` costs next to nothing.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from legation.coder import Coder
    from legation.schema import Mention, Reject, Report
    from legation.store import Store

__version__ = "0.1.0"
__all__ = ["Coder", "Mention", "Reject", "Report", "Store", "read"]

_HOMES = {"Coder": "coder", "Store": "store", "Mention": "schema", "Reject": "schema", "Report": "schema"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'legation' has no attribute {name!r}")
    return getattr(import_module(f"legation.{_HOMES[name]}"), name)


def read(source: str | Path) -> "Iterator[tuple[Report, list[Mention]]]":
    """Each report of a file, folder or http(s) address with its mentions.

    For a few reports: raises ValueError, naming the input and the reason, at the first that cannot be read, where
    legation.runner.run goes on and records it.
    """
    from legation.clean import prepared
    from legation.coder import Coder
    from legation.ingest import reports
    from legation.schema import Reject

    coder = Coder()
    for item in reports(source):
        if isinstance(item, Reject):
            raise ValueError(f"{item.source}: {item.reason}")
        report = prepared(item)
        yield report, coder.code(report)
