"""What was written, and when: the entries, their texts where these are kept, and a search through them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import HistoryError
from dalle_kit.history.database import connected
from dalle_kit.history.entry import COLUMNS, Entry, Match, encoded, entry_of, texts_in, values_of
from dalle_kit.history.queries import END, START, indexable, match_expression, without_marks
from dalle_kit.paths import find_paths

if TYPE_CHECKING:
    from dalle_kit.records import Document

#: How to have texts kept.
KEEP_TEXTS = "'dalle-kit config set history texts' keeps what is written from then on"

#: So many words are given of a match.
_SNIPPET = 16

#: So many entries are read at once: others can write meanwhile.
_PAGE = 200


class History:
    """What was written, in a file of its user's own; safe for several processes and threads at once.

    Every method raises HistoryError where the file cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = find_paths().data / "history" / "history.sqlite" if path is None else Path(path)

    def add(self, document: Document | Mapping[str, Any], *, text: bool = True, format: str = "json") -> int:
        """Record a document, or its ``as_dict``, and return its number; it is on the disk then.

        Without its ``text`` nothing of the request and of what was written is kept.
        """
        record = document if isinstance(document, Mapping) else document.as_dict()
        values = values_of(record, format)
        words = (indexable(record["text"]), indexable(" | ".join(texts_in(record["request"]))))
        with connected(self.path, create=True) as connection:
            id = connection.execute(_INSERT, values).lastrowid
            assert id is not None
            if text:
                connection.execute("INSERT INTO documents VALUES (?, ?)", (id, encoded(record)))
                connection.execute("INSERT INTO words (rowid, text, request) VALUES (?, ?, ?)", (id, *words))
        return id

    def get(self, id: int) -> dict[str, Any]:
        """Return a document as ``Document.as_dict`` gave it; raises HistoryError where its text is not kept."""
        return _document(self.entry(id))

    def last(self) -> dict[str, Any]:
        """Return the document that was written last; raises HistoryError where its text is not kept."""
        found = next(self.entries(limit=1), None)
        if found is None:
            raise HistoryError(f"nothing is in the history; {KEEP_TEXTS}")
        return _document(found)

    def entry(self, id: int) -> Entry:
        """Return an entry; raises HistoryError, which names the nearest, where there is none of that number."""
        if not self._exists():
            raise _unknown(id, [])
        with connected(self.path) as connection:
            row = connection.execute(f"{_SELECT} WHERE entries.id = ?", (id,)).fetchone()
            if row is None:
                raise _unknown(id, _ids(connection))
            return entry_of(row)

    def entries(self, *, limit: int | None = None, domain: str | None = None) -> Iterator[Entry]:
        """Yield the entries, the newest first."""
        left, before = limit, 2**63 - 1
        query = f"{_SELECT} WHERE entries.id < ? AND domain = coalesce(?, domain) ORDER BY entries.id DESC LIMIT ?"
        while left != 0 and self._exists():
            size = _PAGE if left is None else min(_PAGE, left)
            with connected(self.path) as connection:
                found = [entry_of(row) for row in connection.execute(query, (before, domain, size))]
            yield from found
            if len(found) < size:
                return
            before, left = found[-1].id, None if left is None else left - size

    def search(self, query: str, *, limit: int = 10, domain: str | None = None) -> list[Match]:
        """Return the entries whose text or request has all words of a query, the best match first.

        Words match in all their forms ("meet", "meeting"). What is in quotation marks has to stand there so, ``word*``
        is any word that begins so. Raises HistoryError for a query without a word.
        """
        expression = match_expression(query)
        if expression is None:
            raise HistoryError(f"{query!r:.80} has no word to look for; give one, or more")
        if not self._exists():
            return []
        with connected(self.path) as connection:
            rows = connection.execute(_SEARCH, (START, END, _SNIPPET, expression, domain, limit))
            return [Match(entry_of(row), *without_marks(snippet)) for *row, snippet in rows]

    def has_texts(self) -> bool:
        """Say whether any text is kept."""
        if not self._exists():
            return False
        with connected(self.path) as connection:
            return connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone() is not None

    def remove(self, ids: Sequence[int]) -> int:
        """Remove entries, of which nothing is left then, and return how many.

        Raises HistoryError, and removes none, where one is not there.
        """
        if not ids:
            return 0
        if not self._exists():
            raise _unknown(ids[0], [])
        with connected(self.path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            there = _ids(connection)
            for id in ids:
                if id not in there:
                    raise _unknown(id, there)
            return _removed(connection, sorted(set(ids)), ("documents", "entries"))

    def prune(self, *, older_than: timedelta | None = None, keep: int | None = None, texts_only: bool = False) -> int:
        """Remove entries that are older, and all but the newest to ``keep``; return how many.

        With ``texts_only`` their texts go, and the entries stay.
        """
        if keep is not None and keep < 0:
            raise HistoryError(f"keep {keep}: give how many entries are to stay, 0 or more")
        if not self._exists():
            return 0
        with connected(self.path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute(_TEXTS if texts_only else _ENTRIES).fetchall()
            old = {id for id, _ in rows[keep:]} if keep is not None else set()
            if older_than is not None:
                old |= {id for id, written in rows if written < _ago(older_than)}
            return _removed(connection, sorted(old), ("documents",) if texts_only else ("documents", "entries"))

    def _exists(self) -> bool:
        try:
            return self.path.exists()
        except OSError:
            return True  # its folder may not be entered; opening it says so


_INSERT = f"INSERT INTO entries ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_FIELDS = f"entries.id, {', '.join(COLUMNS)}, record"
_SELECT = f"SELECT {_FIELDS} FROM entries LEFT JOIN documents ON documents.id = entries.id"
_SEARCH = f"""
    SELECT {_FIELDS}, snippet(words, -1, ?, ?, ' ... ', ?)
    FROM words JOIN entries ON entries.id = words.rowid JOIN documents ON documents.id = words.rowid
    WHERE words MATCH ? AND domain = coalesce(?, domain) ORDER BY rank, words.rowid DESC LIMIT ?
"""
_ENTRIES = "SELECT id, written FROM entries ORDER BY id DESC"
_TEXTS = "SELECT entries.id, written FROM entries JOIN documents ON documents.id = entries.id ORDER BY entries.id DESC"


def _document(entry: Entry) -> dict[str, Any]:
    if entry.document is None:
        raise HistoryError(f"the text of entry {entry.id} is not kept; {KEEP_TEXTS}")
    return dict(entry.document)


def _ids(connection: sqlite3.Connection) -> set[int]:
    return {id for (id,) in connection.execute("SELECT id FROM entries")}


def _unknown(id: int, there: Sequence[int] | set[int]) -> HistoryError:
    """Return the error for a number that no entry has."""
    if not there:
        return HistoryError(f"no entry {id}: nothing is in the history; {KEEP_TEXTS}")
    nearest, newest = min(there, key=lambda each: (abs(each - id), -each)), max(there)
    shown = f"the newest is {newest}" if nearest == newest else f"the nearest is {nearest}, the newest {newest}"
    return HistoryError(f"no entry {id} is in the history: {shown}")


def _removed(connection: sqlite3.Connection, ids: Sequence[int], tables: Sequence[str]) -> int:
    """Remove rows, and what is in the index of them, and return how many."""
    each = [(id,) for id in ids]
    for table in tables:
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", each)
    if connection.executemany("DELETE FROM words WHERE rowid = ?", each).rowcount:
        # The index only notes that a text has gone, and keeps its words, until it is made anew.
        connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
    return len(ids)


def _ago(time: timedelta) -> str:
    try:
        return (datetime.now(UTC) - time).isoformat(timespec="seconds")
    except OverflowError:
        return ""  # nothing is that old
