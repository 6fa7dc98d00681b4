"""Where the command line finds a server of the same user that would write what it would write itself.

The server listens at a socket in a folder that only its user may enter, and leaves a record of it in the home that
nobody else can read. Loads nothing heavy: the command line asks each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dalle_kit.command_table import command_table, installed_state
from dalle_kit.errors import OutputError
from dalle_kit.files import make_private_folder, write_atomically
from dalle_kit.paths import find_paths

#: What is not among what a text depends on, though its name looks like a setting's.
_NO_MATTER = ("DALLE_KIT_API_KEY", "DALLE_KIT_TEST_HOME")

_RECORD = "server.json"


@contextlib.contextmanager
def announced(chosen: Mapping[str, Any]) -> Iterator[socket.socket | None]:
    """Listen at a socket of the user's own, and tell the command line of it while the block runs.

    ``chosen`` are the model, device, dtype and quant that were named, or None. Gives None where the system has no such
    sockets.
    """
    if not hasattr(socket, "AF_UNIX"):
        yield None
        return
    command_table()
    record, content = _record(), b""
    folder = Path(tempfile.mkdtemp(prefix="dalle-kit-"))
    path = folder / "socket"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(32)
            content = json.dumps({"socket": str(path), "state": _state(chosen)}).encode()
            with contextlib.suppress(OSError, OutputError):  # in a home that cannot be written to it is done without
                make_private_folder(record.parent)
                record.unlink(missing_ok=True)
                write_atomically(record, content, private=True)
            yield listener
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            if content and record.read_bytes() == content:  # a server that was started later has its own
                record.unlink()


def meet(chosen: Mapping[str, Any]) -> socket.socket | None:
    """Return a connection to a server that writes as this process would with what is ``chosen``; None without one.

    A record of a server that is gone is removed; one that somebody else could have written is not trusted.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    record = _record()
    try:
        with record.open("rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            told = json.loads(file.read())
        if told["state"] != _state(chosen):
            return None
        path = str(told["socket"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if not _is_ours(Path(path).parent.stat()):
            raise PermissionError
        connection.connect(path)
    except OSError:
        connection.close()
        with contextlib.suppress(OSError):
            record.unlink()
        return None
    return connection


def _record() -> Path:
    return find_paths().cache / _RECORD


def _is_ours(status: os.stat_result) -> bool:
    """Say whether a file is the user's, and nobody else may read or change it."""
    return status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o077


def _state(chosen: Mapping[str, Any]) -> str:
    """Return a hash of all that a text depends on besides its request."""
    paths = find_paths()
    variables = {
        name: value for name, value in os.environ.items() if name.startswith("DALLE_KIT_") and name not in _NO_MATTER
    }
    templates = [[str(file), *_stamp(file)] for file in sorted(paths.templates.rglob("*"))]
    state = [dict(chosen), installed_state(), variables, templates]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _stamp(path: Path) -> list[int]:
    """Return a file's time of change and size."""
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]
