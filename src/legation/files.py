"""Files that are there wholly or not at all, whatever happens while they are written."""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path


def draft_of(path: Path) -> Path:
    """Where a file is written before it takes the place of `path`; each process has its own."""
    return path.with_name(f".{path.name}.{os.getpid()}.draft")


def write_text(path: Path, text: str) -> None:
    """Write the file, or, where an error is raised, leave what was there."""
    draft = draft_of(path)
    try:
        draft.write_text(text, encoding="utf-8")
        sync(draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before what follows."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders, and keeps their names itself
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """SHA-256 of what a file holds, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether the file could be locked, without waiting; it is while the block runs, and holds the process's number.

    The system frees it where the process dies.
    """
    with path.open("a", encoding="utf-8") as file:
        try:
            if os.name == "nt":
                import msvcrt

                file.seek(2**30)  # beyond the number, which others are to read
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # held by another; Windows calls that a permission
            yield False
            return
        if not path.exists() or path.stat().st_ino != os.fstat(file.fileno()).st_ino:
            yield False  # its holder removed it just now
            return
        try:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield True
        finally:
            file.truncate(0)


def told_by(lock: Path) -> str:
    """ " (process 4711)", as the holder of a lock file wrote it; nothing where it has not yet."""
    number = lock.read_text(encoding="utf-8") if lock.exists() else ""
    return f" (process {number})" if number else ""


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Held by one process or thread at a time; another waits for it."""
    while True:
        with held(path) as got:
            if got:
                yield
                return
        time.sleep(0.05)
