"""Sizing and the bill of materials: the arithmetic, and that the documents show what the scripts make."""

import json
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

import pytest
from evals import sbom, sizing

BILL = Path(__file__).parent.parent / "docs" / "sbom" / "sbom.json"


def test_the_document_shows_the_table_of_these_rates() -> None:
    assert sizing.table(sizing.rates()) in sizing.DOCUMENT.read_text(encoding="utf-8")


def test_a_job_takes_what_its_rates_say() -> None:
    rate = dict.fromkeys(sizing.rates(), 1.0) | {"code_ms_a_sentence": 6.0, "sentences_an_article": 20.0}
    took = sizing.size(sizing.Job("a day", 0, 3_600_000, 3_600_000, 3_600_000, 1), rate)
    assert (took.read, took.code, took.driver, took.merge) == (1, 120, 1, 20)
    assert took.widest == 121 and took.hours == 142 and took.dollars == 142
    assert took.stored == pytest.approx((3.6e6 + 7.2e7 * 2) / 1e12)


def test_more_cores_do_not_help_a_run_that_is_full() -> None:
    took = sizing.Size(0, 100, 10, 0, 0, 0, 10, 0, 0)
    one, ten = (sizing.Job("a day", 0, 1, 1, 1, stores) for stores in (1, 10))
    assert [sizing._wall(one, took, cores) for cores in (5, 11, 1000)] == ["22.0 h", "10.0 h", "10.0 h"]
    assert sizing._wall(ten, took, 1000) == "1.0 h"


def test_a_document_without_a_place_for_the_table() -> None:
    with pytest.raises(ValueError, match="no place for the table"):
        sizing.written("# Past one machine", "| a |")


def test_the_bill_names_every_package_with_its_licence() -> None:
    packages = sbom.closure([])
    bill = sbom.bill(packages)
    assert {"numpy", "lxml", "legation"} <= packages.keys() and "pytest" not in packages
    assert all(component["licenses"] for component in bill["components"])
    assert not sbom.refused(packages)
    kept = {component["name"] for component in json.loads(BILL.read_text(encoding="utf-8"))["components"]}
    assert kept == packages.keys() - {"legation"}, "python -m evals.sbom > docs/sbom/sbom.json"


_OSI = "Classifier: License :: OSI Approved ::"


class Package(Distribution):
    """A package whose metadata tell so much."""

    def __init__(self, metadata: str) -> None:
        self._told = metadata

    def read_text(self, filename: str) -> str | None:
        return self._told if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


@pytest.mark.parametrize(
    ("told", "licence", "refused"),
    [
        ("License-Expression: MIT OR GPL-2.0-only", "MIT OR GPL-2.0-only", False),
        ("License-Expression: GPL-3.0-only", "GPL-3.0-only", True),
        (f"{_OSI} GNU Affero General Public License v3", "GNU Affero General Public License v3", True),
        (f"{_OSI} GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later", False),
        ("License: BSD 3-Clause License", "BSD-3-Clause", False),
        ("License: Apache 2.0", "Apache-2.0", False),
        ("Name: a", "", True),
    ],
)  # fmt: skip
def test_licences_as_metadata_tell_them(told: str, licence: str, refused: bool) -> None:
    package = Package(told + "\n")
    assert sbom.licence(package) == licence and bool(sbom.refused({"a": package})) == refused


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["no-such-package-here"]\n[project.optional-dependencies]\n')
    monkeypatch.setattr(sbom, "PROJECT", project)
    with pytest.raises(PackageNotFoundError):
        sbom.closure([])
