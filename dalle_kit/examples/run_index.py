"""Keeping the index of a set's runs of words: a file beside its database, made for one version of the set.

It can be made of the texts at any time. So it is made anew, by whoever needs it first, where it is missing, damaged or
of another version: a change that was interrupted before it. Where it cannot be kept, it is used all the same.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dalle_kit.errors import ExampleError
from dalle_kit.examples.database import connected, fact, set_fact, transaction
from dalle_kit.examples.runs import Keys, keys_of, merged, without
from dalle_kit.models.spec import Progress, silent

_FACT, _FILES = "runs", "runs-*.u64"
_REPORT_EACH = 1000

#: How long a change of another process is waited for (in milliseconds): the index is not worth more.
_PATIENCE = 1000


class Index(NamedTuple):
    """An index as it was loaded: the version of the set that it is of, its keys, and its file if it could be kept."""

    version: str
    keys: Keys
    file: str | None = None


class _Kept(NamedTuple):
    file: str
    version: str
    checksum: int


def load_index(folder: Path, known: Index | None = None, *, progress: Progress = silent) -> Index:
    """Return the index of a set as it is now: ``known`` if it is that, else the kept one, else it is made."""
    with connected(folder) as connection:
        version, kept = version_of(connection), _kept(connection)
    file = kept.file if kept is not None and kept.version == version else None
    if known is not None and (known.version, known.file) == (version, file):
        return known
    keys = _mapped(folder, kept, version)
    return Index(version, keys, file) if keys is not None else _make(folder, progress)


def extend_index(folder: Path, before: str, last: int, *, progress: Progress = silent) -> None:
    """Index the texts with numbers above ``last``, which were added to the version ``before``."""
    with connected(folder) as connection:
        connection.execute("BEGIN")
        version, kept = version_of(connection), _kept(connection)
        keys = _mapped(folder, kept, before)
        if keys is not None:
            keys = merged(keys, keys_of(_texts(connection, last, progress)))
    if keys is None:
        _make(folder, progress)
    else:
        _keep(folder, Index(version, keys))


def forget_texts(folder: Path, before: str, numbers: Sequence[int]) -> None:
    """Overwrite what the index has of texts that were removed from the version ``before``."""
    with connected(folder) as connection:
        version, kept = version_of(connection), _kept(connection)
    keys = _mapped(folder, kept, before)
    if keys is None or kept is None:
        _unlink(folder.glob(_FILES))
        return
    left = without(keys, numbers)
    try:
        if len(keys):
            file = np.memmap(folder / kept.file, dtype="<u8", mode="r+")
            changed = np.flatnonzero(left != keys)
            file[changed] = left[changed]
            file.flush()
        _note(folder, _Kept(kept.file, version, zlib.crc32(left.data)))
    except (OSError, ExampleError):
        _unlink(folder.glob(_FILES))


def version_of(connection: sqlite3.Connection) -> str:
    """Return what tells a version of a set from all others, also from those of a set that had its name before."""
    row = connection.execute("SELECT number, sha256, changed FROM versions ORDER BY number DESC LIMIT 1").fetchone()
    return " ".join(map(str, row or ()))


def _kept(connection: sqlite3.Connection) -> _Kept | None:
    value = fact(connection, _FACT)
    try:
        return _Kept(**json.loads(value)) if value else None
    except (TypeError, ValueError):
        return None


def _mapped(folder: Path, kept: _Kept | None, version: str) -> Keys | None:
    """Return the keys of a file, mapped, not read; None where it is of another version, missing or damaged."""
    if kept is None or kept.version != version:
        return None
    file = folder / Path(kept.file).name
    try:
        keys = np.memmap(file, dtype="<u8", mode="r") if file.stat().st_size else np.zeros(0, dtype="<u8")
    except (OSError, ValueError):
        return None
    return keys if zlib.crc32(keys.data) == kept.checksum else None


def _make(folder: Path, progress: Progress) -> Index:
    with connected(folder) as connection:
        connection.execute("BEGIN")  # all that follows sees the same state
        made = Index(version_of(connection), keys_of(_texts(connection, 0, progress)))
    return _keep(folder, made)


def _texts(connection: sqlite3.Connection, last: int, progress: Progress) -> Iterator[tuple[int, str]]:
    (total,) = connection.execute("SELECT count(*) FROM texts WHERE number > ?", (last,)).fetchone()
    rows = connection.execute("SELECT number, text FROM texts WHERE number > ? ORDER BY number", (last,))
    for done, (number, text) in enumerate(rows):
        if done % _REPORT_EACH == 0:
            progress("indexing", done, total)
        yield number, text


def _keep(folder: Path, index: Index) -> Index:
    """Write an index down, each time into another file, so that whoever reads the old one can go on."""
    file = folder / f"runs-{secrets.token_hex(4)}.u64"
    keys = np.ascontiguousarray(index.keys, dtype="<u8")
    try:
        with file.open("xb") as stream:
            stream.write(keys.data)
            stream.flush()
            os.fsync(stream.fileno())
        _note(folder, _Kept(file.name, index.version, zlib.crc32(keys.data)))
    except (OSError, ExampleError):  # no room, or no right to write: it is made again by who needs it
        _unlink([file])
        return index
    _unlink(other for other in folder.glob(_FILES) if other != file)
    return index._replace(file=file.name)


def _note(folder: Path, kept: _Kept) -> None:
    """Note which file the index is in; raises ExampleError where the set has changed meanwhile, or is being changed."""
    with connected(folder) as connection:
        connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        with transaction(connection):
            if version_of(connection) != kept.version:
                raise ExampleError(f"the examples in {folder} have changed; index them again")
            set_fact(connection, _FACT, json.dumps(kept._asdict()))


def _unlink(files: Iterable[Path]) -> None:
    for file in files:
        with suppress(OSError):  # on Windows while it is mapped; it goes with the next change, or the set
            file.unlink()
