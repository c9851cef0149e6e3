"""Full text search: what a person types as a query of SQLite's FTS5, which never fails, and the reports that match."""

import re

import numpy as np
import pyarrow as pa

from legation.desk.index import Index

_TERM = re.compile(r'(?P<without>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


def matching(typed: str) -> str | None:
    """The FTS5 query for words that must all be there; None where nothing typed is a word.

    "a phrase" stands in this order, word* is the beginning of a word, -word must not be there, and of a OR b one is
    enough. Everything else is a word like any other, so that no text is an error.
    """
    wanted: list[list[str]] = []
    unwanted: list[str] = []
    either = False
    for term in _TERM.finditer(typed.replace("\0", " ")):
        word = term["word"]
        if word == "OR" and wanted:
            either = True
            continue
        found = _quoted(term["phrase"] if word is None else word)
        if found is None:
            continue
        if term["without"]:
            unwanted.append(found)
        elif either:
            wanted[-1].append(found)
        else:
            wanted.append([found])
        either = False
    if not wanted:
        return None
    query = " AND ".join(f"({' OR '.join(terms)})" for terms in wanted)
    return f"({query})" + "".join(f" NOT {term}" for term in unwanted)


def _quoted(words: str) -> str | None:
    """As an FTS5 string, whose tokens stand in a row; None where it holds no letter or digit."""
    if not any(character.isalnum() for character in words):
        return None
    return '"' + words.replace('"', '""') + '"' + (" *" if words.endswith("*") else "")


def matching_reports(index: Index, typed: str) -> pa.Array:
    """The numbers of the reports that match, in no order."""
    query = matching(typed)
    if query is None:
        return pa.array([], pa.int64())
    rows = index.report_values("SELECT rowid FROM words WHERE words MATCH ?", [query])
    return pa.array(np.fromiter((number for (number,) in rows), np.int64))
