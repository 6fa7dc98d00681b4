"""Writing files so that nothing is ever half there or lost."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from pathlib import Path

from dalle_kit.errors import OutputError

#: The name of a file while it is written.
_PARTIAL = re.compile(r"\.[0-9a-f]{16}\.part")


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, and those above it; one that is there stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def write_atomically(path: Path, data: bytes, *, force: bool = False, private: bool = False) -> None:
    """Write ``data`` to ``path`` whole or not at all; an existing file is kept unless ``force``.

    A new file that is ``private`` can be read by its owner only; one that is replaced keeps its permissions.

    A symbolic link stays one: the file it points to is written. A pipe or device (``/dev/stdout``) is simply written
    to. Raises OutputError when the path exists, is a folder, or cannot be written.
    """
    path = Path(path)
    try:
        kind = _kind(path)
        if kind == "folder":
            raise OutputError(f"{path} is a folder; give the name of a file in it")
        if kind == "device":
            path.write_bytes(data)
        elif kind == "file" and not force:
            raise _exists(path)
        else:
            _write_and_rename(path, data, force=force, mode=0o600 if private else 0o666)
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error


def remove_partial(folder: Path) -> None:
    """Remove from a folder what kills have left of files that were being written; nobody may be writing to it."""
    for path in folder.iterdir():
        if _PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        # A link that points nowhere holds a name all the same.
        return "file" if path.is_symlink() else "nothing"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "device"


def _write_and_rename(path: Path, data: bytes, *, force: bool, mode: int) -> None:
    target = path.resolve() if path.is_symlink() else path
    partial = target.parent / f".{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(partial, flags, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if force:
            with contextlib.suppress(FileNotFoundError):
                partial.chmod(stat.S_IMODE(target.stat().st_mode))
            partial.replace(target)
        else:
            _rename_new(partial, target)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _rename_new(partial: Path, path: Path) -> None:
    """Give the file its name, unless another process has taken the name meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        # A file system without hard links: the check made at the start has to do.
        partial.rename(path)


def _exists(path: Path) -> OutputError:
    return OutputError(f"{path} exists; choose another name, or overwrite it with --force")


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "its folder does not exist; create it first"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full"
    return getattr(error, "strerror", None) or str(error)
