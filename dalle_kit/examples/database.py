"""The database of one set of examples: its tables, its transactions, and its errors in words."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dalle_kit.errors import ExampleError

FILE = "texts.sqlite"

#: Of the tables below; a database that is newer is refused.
_FORMAT = 1
_TABLES = """
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS versions (
        number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, texts INTEGER NOT NULL, changed TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS texts (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, kind TEXT NOT NULL,
        origin TEXT NOT NULL, subject TEXT NOT NULL, author TEXT NOT NULL, date TEXT NOT NULL, row INTEGER UNIQUE);
    CREATE INDEX IF NOT EXISTS texts_not_encoded ON texts (number) WHERE row IS NULL;
    CREATE INDEX IF NOT EXISTS texts_by_kind ON texts (kind, row);
"""


@contextmanager
def connected(folder: Path, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the database in a folder while the block runs; with ``create``, make it where there is none.

    Readers and one writer may be at work at once. Raises ExampleError for whatever SQLite says is wrong.
    """
    with _in_words(folder):
        mode = "rwc" if create else "rw"
        # Not in a transaction by itself: where one begins and ends is written where it matters.
        uri = f"{(folder / FILE).absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)
        try:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found > _FORMAT:
                raise ExampleError(f"{folder} was made by a newer dalle-kit; upgrade this one to use it")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")  # what is removed is gone, not only out of sight
            if create and found == 0:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {_FORMAT};COMMIT;")
            yield connection
        finally:
            connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep all that the block writes, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def fact(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a fact about the set."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_fact(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Write a fact about the set down."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def new_version(connection: sqlite3.Connection) -> None:
    """Note that the set has changed: the version's hash is that of the texts' hashes, whatever order they came in."""
    digest, count = hashlib.sha256(), 0
    for (each,) in connection.execute("SELECT id FROM texts ORDER BY id"):
        digest.update(bytes.fromhex(each))
        count += 1
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(
        "INSERT INTO versions (sha256, texts, changed) VALUES (?, ?, ?)", (digest.hexdigest(), count, now)
    )


def has_versions(folder: Path) -> bool:
    """Say whether a folder holds a set: a database into which something was once imported."""
    if not (folder / FILE).is_file():
        return False
    with connected(folder) as connection:
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'versions'").fetchone()
        return made is not None and connection.execute("SELECT 1 FROM versions LIMIT 1").fetchone() is not None


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise disk_full(folder) from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise ExampleError(
                f"the examples in {folder} are damaged ({error}); remove them with `dalle-kit examples remove "
                f"{folder.name}` and add them again"
            ) from error
        if code == sqlite3.SQLITE_CANTOPEN and not folder.exists():
            raise ExampleError(
                f"the examples {folder.name!r} were removed while they were in use; choose others, or add them again: "
                f"dalle-kit examples add {folder.name} PATH"
            ) from error
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise ExampleError(
                f"the examples in {folder} cannot be opened ({error}); check that you may write there"
            ) from error
        raise ExampleError(f"the examples in {folder} cannot be used ({error}); they are as they were") from error


def disk_full(folder: Path) -> ExampleError:
    """Return the error for a disk without room for a set of examples."""
    return ExampleError(f"the disk is full: the examples in {folder} are as they were; make room and try again")
