"""Writing files so that nothing is ever half there or lost."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from dalle_kit.errors import OutputError


def write_atomically(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write ``data`` to ``path`` whole or not at all; an existing file is kept unless ``force``.

    Raises OutputError when the path exists, is a folder, or cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file in it")
    if path.exists() and not force:
        raise OutputError(f"{path} exists; choose another name, or overwrite it with --force")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if force:
            partial.chmod(path.stat().st_mode & 0o777 if path.exists() else _default_mode())
            partial.replace(path)
        else:
            partial.chmod(_default_mode())
            _rename_new(partial, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        partial.unlink(missing_ok=True)


def _rename_new(partial: Path, path: Path) -> None:
    """Give the file its name, unless another process has taken the name meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError as error:
        raise OutputError(f"{path} exists; choose another name, or overwrite it with --force") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        # A file system without hard links: the check made at the start has to do.
        partial.rename(path)


def _default_mode() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return error.strerror or str(error)
