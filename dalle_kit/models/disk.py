"""Room on the disk, hashes, and files that survive a power cut."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dalle_kit.errors import DiskSpaceError
from dalle_kit.models.spec import Progress

#: Kept free beyond what a model needs, in bytes.
MARGIN = 64 * 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_space(folder: Path, needed: int, name: str) -> None:
    """Raise DiskSpaceError unless ``needed`` bytes and a margin are free where ``folder`` is or will be."""
    free = free_space(folder)
    if free < needed + MARGIN:
        raise no_space(folder, needed + MARGIN, free, name)


def no_space(folder: Path, needed: int, free: int, name: str) -> DiskSpaceError:
    """Return the error for a disk too full for a model (sizes in bytes)."""
    return DiskSpaceError(
        f"{name} needs {megabytes(needed)} on the disk and {megabytes(free)} are free in {folder}: make room there, or "
        "set DALLE_KIT_HOME to a folder on another disk",
        needed=needed,
        free=free,
    )


def free_space(folder: Path) -> int:
    """Return the bytes free on the disk where ``folder`` is or will be."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(existing).free


def is_full(error: OSError) -> bool:
    """Return whether an error says that the disk, or the user's share of it, is full."""
    return error.errno in _FULL


def megabytes(size: int) -> str:
    """Return a size for people: ``539 MB``, rounded up."""
    return f"{-(-size // 1_000_000)} MB"


def tree_size(folder: Path) -> int:
    """Return the bytes of all files below a folder that may be changing meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).stat().st_size
            except OSError:
                continue  # gone since it was listed
    return total


def sha256_of(path: Path, *, progress: Progress | None = None) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    total = path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(2**22):
            digest.update(piece)
            if progress is not None:
                progress(f"reading {path.name}", file.tell(), total)
    return digest.hexdigest()


def sync_tree(folder: Path) -> None:
    """Have the disk write down all files below a folder."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with Path(parent, name).open("rb+") as file:
                os.fsync(file.fileno())
        sync_folder(Path(parent))


def sync_folder(folder: Path) -> None:
    """Have the disk write down a folder's list of files, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows does not open folders
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse it
    finally:
        os.close(handle)


@contextmanager
def watched(folder: Path, stage: str, total: int | None, progress: Progress) -> Iterator[None]:
    """Report, while the block runs, how much another program has written below ``folder``."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            size = tree_size(folder)
            progress(stage, min(size, total) if total else size, total)

    progress(stage, 0, total)
    watcher = threading.Thread(target=watch, name="dalle-kit-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    progress(stage, total or tree_size(folder), total)
