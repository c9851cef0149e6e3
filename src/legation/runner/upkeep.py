"""What a run that was killed, or a bad disk, has left in a store: looked for before a run, by the process that adds."""

import json
import shutil
from pathlib import Path

from legation.store import Store

DAMAGED = "damaged"
"""The folder of a store in which damaged parts are kept, each in a folder of its name, for a person to look at."""


def tidy(store: Store) -> list[str]:
    """Remove drafts and the part that was not finished, and set damaged parts aside, so that their reports are new to
    the run; the names of these.

    A part is damaged where a file of it is missing or has another size than its marker tells: this is asked of the
    file system alone and costs no reading. `legation check` reads all.
    """
    folders = [path.parent for path in store.part_files("any").values() if path.parent.exists()]
    for folder in folders:
        for draft in folder.glob(".*.draft"):
            draft.unlink()
    _remove_unfinished(store, folders)
    damaged = [part for part in store.parts() if not _whole(store, part)]
    for part in damaged:
        _set_aside(store, part)
    return damaged


def set_aside(store: Store) -> list[str]:
    """The names of damaged parts that no run has replaced yet."""
    folder = store.path / DAMAGED
    here = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return sorted(here - set(store.parts()))


def _remove_unfinished(store: Store, folders: list[Path]) -> None:
    """Files without a marker. One part at most was being written when a run was killed; where there are more, it is the
    markers that are lost, and a person has to see to that."""
    found = {path.stem for folder in folders for path in folder.glob("[!.]*")} - set(store.parts())
    if len(found) == 1:
        for path in store.part_files(found.pop()).values():
            path.unlink(missing_ok=True)


def _whole(store: Store, part: str) -> bool:
    files = store.part_files(part)
    try:
        sizes = json.loads(files["done"].read_text(encoding="utf-8")).get("bytes", {})
        return all(path.stat().st_size == sizes.get(kind, path.stat().st_size) for kind, path in files.items())
    except (ValueError, FileNotFoundError):
        return False


def _set_aside(store: Store, part: str) -> None:
    """The marker goes first: from then on the part is not seen."""
    to = store.path / DAMAGED / part
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    files = store.part_files(part)
    for kind in ("done", *(files.keys() - {"done"})):
        if files[kind].exists():
            files[kind].rename(to / f"{kind}{files[kind].suffix}")
