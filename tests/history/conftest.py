"""A history of its own for each test, and documents to put into it."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import History

Record = dict[str, Any]


def document(text: str = "Dear Ana,\n\nThe review is on Monday.\n", **given: Any) -> Record:
    """Return a document as ``Document.as_dict`` gives it, as far as the history looks into it."""
    made = {
        "created": "2026-11-29T19:00:00+01:00",
        "model": "writer",
        "template": "email",
        "timings": {"first_token": 0.25, "generate": 0.5, "finish": 0.125},
    }
    provenance = made | {name: given.pop(name) for name in made if name in given}
    record = {"domain": "email", "request": {}, "text": text, "slots": {}, "findings": [], "provenance": provenance}
    return record | given


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history" / "history.sqlite"


@pytest.fixture
def history(path: Path) -> History:
    return History(path)


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], History]:
    """Make a history that nothing is in, as often as an example of hypothesis wants one."""
    numbers = itertools.count()
    return lambda: History(tmp_path / f"{next(numbers)}" / "history.sqlite")


def holding(history: History, *words: str) -> list[str]:
    """Return the words that are anywhere in the files of a history, in capitals or not, whole or from the second on."""
    data = b"".join(file.read_bytes() for file in history.path.parent.iterdir()).lower()
    # The index leaves out what words next to each other begin with alike.
    return [word for word in words if word.lower().encode()[1:] in data]


def is_whole(history: History) -> bool:
    """Say whether the database and its index are as SQLite wants them."""
    connection = sqlite3.connect(history.path)
    try:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()
