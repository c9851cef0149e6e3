"""What an installation of Legation is made of: every package, its version, licence and origin, as CycloneDX 1.6 JSON.

    python -m evals.sbom > docs/sbom/sbom.json
    python -m evals.sbom --extra ray --table     # a Markdown table, with what legation[ray] adds

The packages are those that pyproject.toml names, and what these need, as the metadata of the installed ones tells it;
an optional dependency of a dependency counts only where it is asked for. Exits with 1 where a package is not installed,
or where its licence is a GPL or AGPL, or is not told.
"""

import argparse
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
_COPYLEFT = re.compile(r"(?<![L\w])A?GPL|(?<!Lesser )(?<!Library or )General Public License", re.IGNORECASE)
_SAYS = (
    ("Apache-2.0", r"apache"), ("MIT", r"\bMIT\b|Permission is hereby granted, free of charge"),
    ("MPL-2.0", r"MPL.2|Mozilla Public License 2|Mozilla Public License,? version 2"),
    ("PSF-2.0", r"PSF|Python Software Foundation"), ("ISC", r"\bISC\b"),
    ("LGPL-3.0-or-later", r"LGPLv3\+|Lesser General Public License v3 or later"),
    ("BSD-3-Clause", r"3-Clause|Redistribution and use in source and binary forms.*Neither the name"),
    ("BSD-2-Clause", r"2-Clause|Redistribution and use in source and binary forms"),
)  # fmt: skip
"""How licences are told in metadata of before PEP 639, and their names in SPDX; the first that fits."""


def closure(extras: Iterable[str]) -> dict[str, Distribution]:
    """All packages that `legation` with these extras needs, by canonical name. Raises PackageNotFoundError."""
    found: dict[str, Distribution] = {}
    waiting = [("legation", frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        found[name] = distribution(name)
        for requirement in map(Requirement, _needs(name, found[name])):
            if any(_applies(requirement, extra) for extra in (wanted or {""})):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return dict(sorted(found.items()))


def _needs(name: str, package: Distribution) -> list[str]:
    """What a package needs; Legation itself by its pyproject.toml, since an editable installation may be older."""
    if name != "legation":
        return package.requires or []
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    return [*project["dependencies"], *(f"{one}; extra == '{extra}'" for extra, some in extras for one in some)]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def licence(package: Distribution) -> str:
    """The SPDX expression that the package tells, else the name for what it tells in words, else ""."""
    told = package.metadata
    for expression in told.get_all("License-Expression") or ():
        return str(expression)
    classifiers = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or () if c.startswith("License ::")]
    words: list[str] = [*classifiers, *(told.get_all("License") or ()), *_texts(package), ""]
    for told_so in words:
        if _COPYLEFT.search(told_so[:200]):
            return told_so.strip().split("\n")[0]
        for name, pattern in _SAYS:
            if re.search(pattern, told_so[:2000], re.IGNORECASE | re.DOTALL):
                return name
    return words[0].strip().split("\n")[0]


def _texts(package: Distribution) -> Iterator[str]:
    for path in package.files or ():
        if re.match(r"LICEN[CS]E|COPYING", path.name, re.IGNORECASE) and path.suffix not in (".py", ".json"):
            yield path.read_text(encoding="utf-8")


def bill(packages: dict[str, Distribution]) -> dict[str, Any]:
    """CycloneDX 1.6 (ECMA-424). It tells no time and no serial number, so that the same packages are the same bill."""
    components = [_component(name, package) for name, package in packages.items() if name != "legation"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component("legation", packages["legation"]) | {"type": "application"}},
        "components": components,
    }


def _component(name: str, package: Distribution) -> dict[str, Any]:
    address = f"pkg:pypi/{name}@{package.version}"
    told: dict[str, Any] = {"type": "library", "bom-ref": address, "name": name, "version": package.version}
    if (licensed := licence(package)) and re.search(r"\s(AND|OR|WITH)\s|\(", licensed):
        told["licenses"] = [{"expression": licensed}]
    elif licensed:
        told["licenses"] = [{"license": {"name" if " " in licensed else "id": licensed}}]
    return told | {"purl": address}


def table(packages: dict[str, Distribution]) -> str:
    """Markdown, a line for each package."""
    lines = ["| package | version | licence |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {p.version} | {licence(p)} |" for name, p in packages.items())])


def refused(packages: dict[str, Distribution]) -> list[str]:
    """Packages whose licence is a GPL or AGPL alone, or is not told."""
    return [
        f"{name}: {licence(package) or 'no licence is told'}"
        for name, package in packages.items()
        if not licence(package) or (_COPYLEFT.search(licence(package)) and " OR " not in licence(package))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", default=[], help="an extra of legation to count in")
    parser.add_argument("--table", action="store_true", help="a Markdown table instead of JSON")
    given = parser.parse_args()
    try:
        packages = closure(given.extra)
    except PackageNotFoundError as error:
        raise SystemExit(f"{error.name} is not installed here; the bill is of an installation: install it") from error
    print(table(packages) if given.table else json.dumps(bill(packages), indent=1))
    if wrong := refused(packages):
        raise SystemExit("not to be depended on: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
