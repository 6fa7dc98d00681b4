"""The database of the history: its tables, how it is opened, and its errors in words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dalle_kit.errors import HistoryError
from dalle_kit.files import make_private_folder

#: Seconds to wait for other processes.
PATIENCE = 10.0

#: What made each version of the tables from the one before; a database of a later version is refused.
STEPS = (
    (
        """CREATE TABLE entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, written TEXT NOT NULL, domain TEXT NOT NULL, model TEXT,
            template TEXT NOT NULL, format TEXT NOT NULL, seconds REAL NOT NULL,
            notes INTEGER NOT NULL, warnings INTEGER NOT NULL, errors INTEGER NOT NULL)""",
        "CREATE TABLE documents (id INTEGER PRIMARY KEY, record TEXT NOT NULL)",
        "CREATE VIRTUAL TABLE words USING fts5(text, request, tokenize = 'porter unicode61 remove_diacritics 2')",
    ),
)

_BEGIN_ANEW = "move it away, and a new one is begun"


@contextmanager
def connected(path: Path, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the database while the block runs; with ``create``, make it where there is none.

    All that the block changes is kept, or nothing of it. Raises HistoryError for whatever is wrong with it.
    """
    with _in_words(path):
        if create:
            make_private_folder(path.parent)
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level="IMMEDIATE"
        )
        try:
            _prepare(connection, path)
            with connection:
                yield connection
        finally:
            connection.close()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set how the database is written, and bring its tables up to date."""
    # Not a write-ahead log: what is removed from the database would live on in that until nobody reads. A journal
    # that is cut off, not unlinked, is the fastest, and works in a home on another machine as well.
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    # What is removed is gone, not only out of sight. The file never shrinks: SQLite would cut it off only once that is
    # done, and a kill before would leave what had stood at its end.
    connection.execute("PRAGMA secure_delete = ON")
    if _version(connection, path) < len(STEPS):
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for step in STEPS[_version(connection, path) :]:  # another process may have been here first
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(STEPS):
        raise HistoryError(f"the history {path} was made by a newer dalle-kit; upgrade this one, or {_BEGIN_ANEW}")
    return int(found)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OverflowError as error:
        raise HistoryError("no number in the history is so large; give a smaller one") from error
    except (sqlite3.Error, ValueError) as error:  # also a document that is no JSON any more
        raise HistoryError(_message(path, error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise HistoryError(f"the history {path} cannot be opened ({reason}); check that you may write there") from error


def _message(path: Path, error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"the disk is full: the history {path} is as it was; make room"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another process keeps the history {path} locked (waited {PATIENCE:g} s); try again once it has ended"
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return f"the history {path} cannot be opened ({error}); check that you may write there"
    reason = " ".join(str(error).split())  # SQLite shows a definition that it cannot read, with its lines
    return f"the history {path} is damaged ({reason}); {_BEGIN_ANEW}"
