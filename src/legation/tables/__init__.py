"""Tables that a person can read and mend: CSV files beside this one, each with a header and a `source` column."""

import csv
from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `name`.csv, in file order, as {column: cell}; lines that start with `#` are notes to the reader."""
    text = files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines(keepends=True) if not line.startswith("#")))
