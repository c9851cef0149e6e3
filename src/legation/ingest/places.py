"""Where inputs lie: on a disk of this machine, in object storage that Arrow reaches, or at an http(s) address."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePath, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

import pyarrow as pa

from legation.ingest.text import UnreadableError
from legation.schema import Reject

STORAGE = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs", "file")
"""The schemes of the addresses that `pyarrow.fs.FileSystem.from_uri` opens."""


@dataclass(frozen=True, slots=True)
class Input:
    """One file or address to read.

    `name` is what messages call it: a path as the user wrote it, or an address. `identity` is the part of it that
    report ids may rest on, the same wherever the archive lies. `size` is in bytes, 0 where it is not known.
    """

    name: str
    identity: str
    size: int = 0

    @property
    def scheme(self) -> str | None:
        """Of its address, in small letters; None of a path."""
        return scheme(self.name)

    @property
    def suffix(self) -> str:
        """Of the file's name, in small letters."""
        path = urlsplit(self.name).path if self.scheme else self.name
        return PurePath(path).suffix.lower()


def scheme(source: str) -> str | None:
    match = re.match(r"([a-z][a-z0-9+.-]+)://", source, re.IGNORECASE)
    return match[1].lower() if match else None


def inputs(source: str | Path) -> Iterator[Input | Reject]:
    """What there is to read in a source: itself, or the files of a folder in the order of their paths, but hidden ones.

    A folder of object storage is told by its address as one of a disk by its path.
    """
    name = str(source)
    kind = scheme(name) if isinstance(source, str) else None
    if kind in STORAGE:
        yield from _stored(name)
    elif kind is not None:
        yield Input(name, name)
    elif not name:
        yield Reject(name, "not a path: it is empty")
    elif "\x00" in name:
        yield Reject(name, "not a path: it holds a NUL character")
    else:
        yield from _on_disk(Path(source))


def opened(found: Input) -> BufferedReader:
    """The file, to be read from its beginning. Raises OSError, or UnreadableError for what is no file."""
    if found.scheme is None:
        path = Path(found.name)
        if path.exists() and not path.is_file():
            raise UnreadableError("neither a file nor a folder")
        return path.open("rb")
    system, inner = _storage(found.name)
    return BufferedReader(system.open_input_file(inner))


def told(error: Exception) -> str:
    """What is wrong with a file, without its name."""
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _on_disk(path: Path) -> Iterator[Input | Reject]:
    try:
        if not path.is_dir():
            yield Input(str(path), path.name, path.stat().st_size if path.is_file() else 0)
            return
        files = sorted(file for file in path.rglob("*") if not file.is_dir() and not _hidden(file.relative_to(path)))
    except OSError as error:
        yield Reject(str(path), told(error))
        return
    if not files:
        yield Reject(str(path), "no files in the folder")
    for file in files:
        yield Input(str(file), file.relative_to(path).as_posix(), file.stat().st_size if file.is_file() else 0)


def _stored(address: str) -> Iterator[Input | Reject]:
    from pyarrow.fs import FileSelector, FileType

    try:
        system, path = _storage(address)
        info = system.get_file_info(path)
        if info.type != FileType.Directory:
            yield Input(address, PurePosixPath(path).name, info.size or 0)
            return
        found = [(f.path[len(path) :].lstrip("/"), f) for f in system.get_file_info(FileSelector(path, recursive=True))]
    except (OSError, UnreadableError, pa.ArrowException) as error:
        yield Reject(address, told(error))
        return
    files = sorted((inner, f) for inner, f in found if f.is_file and not _hidden(PurePosixPath(inner)))
    if not files:
        yield Reject(address, "no files in the folder")
    base, mark, options = address.partition("?")
    for inner, file in files:
        yield Input(f"{base.rstrip('/')}/{quote(inner)}{mark}{options}", inner, file.size or 0)


def _storage(address: str) -> tuple[Any, str]:
    """(file system of Arrow, path in it)."""
    from pyarrow.fs import FileSystem

    try:
        system, path = FileSystem.from_uri(address)
    except (ValueError, NotImplementedError) as error:  # an address without a bucket, a scheme that was not built in
        raise UnreadableError(str(error)) from error
    return system, path


def _hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)
