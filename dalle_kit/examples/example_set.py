"""One set of examples: what is in it, and reading it while others may change it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dalle_kit.errors import ExampleError
from dalle_kit.examples.database import connected, fact
from dalle_kit.examples.encoder import Vectors, describe
from dalle_kit.examples.run_index import Index, load_index
from dalle_kit.examples.runs import Keys
from dalle_kit.examples.texts import Found
from dalle_kit.examples.vectors import map_rows, write_rows
from dalle_kit.models import disk
from dalle_kit.models.spec import Progress, silent
from dalle_kit.models.workshop import Workshop

#: How much of a text's hash is shown, and the least that stands for it.
SHORT_ID, SHORTEST_ID = 12, 4

COLUMNS = "text, kind, origin, subject, author, date"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetInfo:
    """What is known about a set: ``version`` counts its changes, ``sha256`` is the hash of its texts.

    ``kinds`` counts its texts by kind; ``encoded`` of them have vectors, made by ``encoder``. ``size`` is in bytes.
    """

    name: str
    texts: int
    kinds: dict[str, int]
    encoded: int
    version: int
    sha256: str
    changed: str
    encoder: str | None
    encoder_sha256: str | None
    size: int

    @property
    def encoder_shown(self) -> str:
        """The encoder's name and the beginning of its hash."""
        return describe(self.encoder, self.encoder_sha256) if self.encoder else "none"


class ExampleSet:
    """A set of the store. What another process changes is seen by the next call."""

    def __init__(self, folder: Path, workshop: Workshop) -> None:
        self.folder, self.name = folder, folder.name
        self._workshop = workshop
        self._mapped: dict[tuple[int, int], Vectors] = {}
        self._index: Index | None = None

    def __len__(self) -> int:
        with connected(self.folder) as connection:
            return int(connection.execute("SELECT count(*) FROM texts").fetchone()[0])

    def __iter__(self) -> Iterator[Found]:
        """Yield the texts in the order they were added, a hundred in memory at a time; those added meanwhile, too."""
        last = 0
        while True:
            with connected(self.folder) as connection:
                rows = connection.execute(
                    f"SELECT number, {COLUMNS} FROM texts WHERE number > ? ORDER BY number LIMIT 100", (last,)
                ).fetchall()
            if not rows:
                return
            for number, *values in rows:
                last = number
                yield found_of(values)

    def info(self) -> SetInfo:
        """Return what is known about the set."""
        with connected(self.folder) as connection:
            number, sha256, texts, changed = connection.execute(
                "SELECT number, sha256, texts, changed FROM versions ORDER BY number DESC LIMIT 1"
            ).fetchone()
            kinds = connection.execute("SELECT kind, count(*) FROM texts GROUP BY kind ORDER BY kind").fetchall()
            (encoded,) = connection.execute("SELECT count(row) FROM texts").fetchone()
            encoder, encoder_sha256 = fact(connection, "encoder"), fact(connection, "encoder_sha256")
        return SetInfo(
            name=self.name,
            texts=texts,
            kinds=dict(kinds),
            encoded=encoded,
            version=number,
            sha256=sha256,
            changed=changed,
            encoder=encoder,
            encoder_sha256=encoder_sha256 or None,
            size=disk.tree_size(self.folder),
        )

    def find(self, id: str) -> Found:
        """Return the text whose hash begins with ``id``; raises ExampleError if there is none, or are several."""
        with connected(self.folder) as connection:
            (whole,) = find_ids(connection, self.name, [id])
            return found_of(connection.execute(f"SELECT {COLUMNS} FROM texts WHERE id = ?", (whole,)).fetchone())

    def sample(self, count: int) -> list[Found]:
        """Return up to so many texts, drawn by their hashes: always the same ones of the same set."""
        with connected(self.folder) as connection:
            rows = connection.execute(f"SELECT {COLUMNS} FROM texts ORDER BY id LIMIT ?", (count,)).fetchall()
        return [found_of(values) for values in rows]

    def lacking(self) -> int:
        """Return how many texts have no vectors yet, and so cannot be found."""
        with connected(self.folder) as connection:
            return int(connection.execute("SELECT count(*) FROM texts WHERE row IS NULL").fetchone()[0])

    def made_up(self) -> frozenset[str]:
        """Return the made-up data that stands in the place of personal data."""
        with connected(self.folder) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'made_up'").fetchone():
                return frozenset()
            return frozenset(made for (made,) in connection.execute("SELECT made FROM made_up"))

    def run_keys(self, *, progress: Progress = silent) -> Keys:
        """Return the index of the runs of words of all texts; it is made where there is none of this version."""
        index = self._index = load_index(self.folder, self._index, progress=progress)
        return index.keys

    def numbered(self, number: int) -> Found | None:
        """Return the text that has a number in the index, None where it is gone."""
        with connected(self.folder) as connection:
            values = connection.execute(f"SELECT {COLUMNS} FROM texts WHERE number = ?", (number,)).fetchone()
        return None if values is None else found_of(values)

    def locked(self, progress: Progress) -> AbstractContextManager[None]:
        """Change the set alone while the block runs; other processes that want to change it wait."""
        return self._workshop.locked(self.name, f"the examples {self.name!r}", progress)

    def rows(self, file: Path, width: int) -> Vectors:
        """Return the rows of a file of vectors (N, D), mapped; they stay mapped for the next call."""
        try:
            facts = file.stat()
        except FileNotFoundError:
            return map_rows(file, width)
        key = (facts.st_ino, facts.st_size)
        mapped = self._mapped.get(key)
        if mapped is None or mapped.shape[1] != width:
            mapped = map_rows(file, width)
            self._mapped = {key: mapped}  # pages that are touched for the first time cost more than the product
        return mapped

    def clear_rows(self, rows: Sequence[int]) -> None:
        """Write noughts over vectors."""
        with connected(self.folder) as connection:
            file, width = fact(connection, "vectors"), fact(connection, "width")
        if file and width and rows:
            write_rows(self.folder / file, rows, np.zeros((len(rows), int(width)), dtype=np.float32))


def found_of(values: Sequence[str]) -> Found:
    """Return a row of COLUMNS as the text it is."""
    text, kind, origin, subject, author, date = values
    return Found(text=text, kind=kind, origin=origin, subject=subject, author=author, date=date)  # type: ignore[arg-type]


def find_ids(connection: sqlite3.Connection, name: str, beginnings: Sequence[str]) -> list[str]:
    """Return the whole hashes that begin so; raises ExampleError for a beginning of none, or of several."""
    whole = []
    for each in dict.fromkeys(beginnings):
        start = each.lower()
        if len(start) < SHORTEST_ID or not set(start) <= set("0123456789abcdef"):
            raise ExampleError(
                f"{each!r:.80} is no id of an example; give at least {SHORTEST_ID} digits of it, as shown"
            )
        rows = connection.execute(
            "SELECT id FROM texts WHERE id >= ? AND id < ? LIMIT 2", (start, f"{start}g")
        ).fetchall()
        if len(rows) != 1:
            problem = "begins the ids of several examples" if rows else "is the id of no example"
            raise ExampleError(f"{each!r} {problem} in {name!r}; `dalle-kit examples search` shows ids")
        whole.append(rows[0][0])
    return list(dict.fromkeys(whole))
