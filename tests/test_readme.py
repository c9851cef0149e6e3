"""The README's examples print what it says they print; every command has help with examples."""

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from legation.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LEGATION = Path(sys.executable).parent / "legation"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples in it, as a clone has them."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "samples", folder / "samples")
    return folder


def test_console_examples_print_what_the_readme_says(clone: Path) -> None:
    assert CONSOLE
    for block in CONSOLE:
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            words = [str(LEGATION) if word == "legation" else shlex.quote(word) for word in shlex.split(command)]
            done = subprocess.run(" ".join(words), shell=True, cwd=clone, capture_output=True, text=True, check=False)
            same = doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
            assert same, f"$ {command}\n{done.stdout}{done.stderr}"


def test_python_examples_run(clone: Path) -> None:
    assert PYTHON
    for block in PYTHON:
        done = subprocess.run([sys.executable, "-c", block], cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["", *sorted(main.commands)])
def test_help_teaches_by_example(name: str) -> None:
    command = [str(LEGATION), *([name] if name else []), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Examples:" in told
    assert f"legation {name}".strip() in told
