"""Encoding a set of examples, once and bit by bit, and finding the examples nearest to a text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dalle_kit.errors import ExampleError
from dalle_kit.examples.database import connected, disk_full, fact, set_fact, transaction
from dalle_kit.examples.encoder import Encoder, Vectors, describe, vectors_of
from dalle_kit.examples.example_set import COLUMNS, ExampleSet, found_of
from dalle_kit.examples.texts import Found, Kind
from dalle_kit.examples.vectors import nearest_rows, write_rows
from dalle_kit.models import disk
from dalle_kit.models.spec import Progress, silent

#: Texts that are encoded and kept at once: what an interruption costs.
_CHUNK = 128


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An example near to a text, with its cosine and its vector (D,)."""

    found: Found
    similarity: float
    vector: Vectors


def encode_set(examples: ExampleSet, encoder: Encoder, *, progress: Progress = silent, reencode: bool = False) -> int:
    """Encode the texts of a set that have no vectors yet, all with ``reencode``; return how many were encoded.

    Each chunk is kept as it is done, so that a run that was interrupted is continued by the next. Raises ExampleError
    where the set was encoded with another encoder, unless ``reencode``; and for a full disk.
    """
    with examples.locked(progress), connected(examples.folder) as connection:
        file, width = _vectors_file(connection, examples, encoder, reencode=reencode)
        (total,) = connection.execute("SELECT count(*) FROM texts WHERE row IS NULL").fetchone()
        free, done = _free_rows(connection), 0
        while rows := connection.execute(
            f"SELECT number, {COLUMNS} FROM texts WHERE row IS NULL ORDER BY number LIMIT {_CHUNK}"
        ).fetchall():
            progress(f"encoding with {encoder.name}", done, total)
            vectors = vectors_of(encoder, [found_of(values).to_encode for _, *values in rows])
            if width is not None and vectors.shape[1] != width:
                raise ExampleError(
                    f"{encoder.name} now makes vectors of {vectors.shape[1]} numbers, before of {width}; encode the "
                    f"examples anew: dalle-kit examples add {examples.name} --reencode"
                )
            width = vectors.shape[1]
            places = [next(free) for _ in rows]
            try:
                write_rows(file, places, vectors)
            except OSError as error:
                raise (
                    disk_full(examples.folder)
                    if disk.is_full(error)
                    else ExampleError(
                        f"cannot write {file}: {error.strerror or error}; {done} of {total} texts are encoded"
                    )
                ) from error
            with transaction(connection):
                set_fact(connection, "width", str(width))
                numbers = [number for number, *_ in rows]
                connection.executemany("UPDATE texts SET row = ? WHERE number = ?", zip(places, numbers, strict=True))
            done += len(rows)
        if done:
            progress(f"encoding with {encoder.name}", done, total)
    return done


def _vectors_file(
    connection: sqlite3.Connection, examples: ExampleSet, encoder: Encoder, *, reencode: bool
) -> tuple[Path, int | None]:
    """Return the file of an encoder's vectors and their width if it is known; vectors of another go, if they may."""
    name, width = fact(connection, "vectors"), fact(connection, "width")
    if name is not None and not reencode:
        check_encoder(connection, examples.name, encoder)
        return examples.folder / name, int(width) if width else None
    # Another file each time: who is reading the old one can go on.
    number = 1 + int((name or "vectors-0.f32").removeprefix("vectors-").removesuffix(".f32"))
    made = f"vectors-{number}.f32"
    with suppress(OSError):
        (examples.folder / made).unlink()
    with transaction(connection):
        connection.execute("UPDATE texts SET row = NULL")
        connection.execute("DELETE FROM facts WHERE name = 'width'")
        set_fact(connection, "vectors", made)
        set_fact(connection, "encoder", encoder.name)
        set_fact(connection, "encoder_sha256", encoder.sha256 or "")
    if name is not None:
        with suppress(OSError):  # on Windows while it is mapped; it goes with the set
            (examples.folder / name).unlink()
    return examples.folder / made, None


def check_encoder(connection: sqlite3.Connection, name: str, encoder: Encoder) -> None:
    """Raise ExampleError unless a set's vectors were made by this encoder: others say nothing about its vectors."""
    before, sha256 = fact(connection, "encoder"), fact(connection, "encoder_sha256") or None
    if before is None:
        raise ExampleError(f"the examples {name!r} are not encoded yet; run `dalle-kit examples add {name}`")
    same = sha256 == encoder.sha256 if sha256 and encoder.sha256 else before == encoder.name
    if not same:
        raise ExampleError(
            f"the examples {name!r} were encoded with {describe(before, sha256)}, and the encoder in use is "
            f"{describe(encoder.name, encoder.sha256)}; encode them anew: dalle-kit examples add {name} --reencode"
        )


def _free_rows(connection: sqlite3.Connection) -> Iterator[int]:
    """Yield the rows of the file that no text has: those of removed texts first, then new ones at the end."""
    taken = [row for (row,) in connection.execute("SELECT row FROM texts WHERE row IS NOT NULL ORDER BY row")]
    expected = 0
    for row in taken:
        yield from range(expected, row)
        expected = row + 1
    while True:
        yield expected
        expected += 1


def nearest(
    examples: ExampleSet, query: Vectors, *, encoder: Encoder, count: int, kind: Kind | None = None
) -> list[Neighbour]:
    """Return the examples of a set nearest to a query's vector (D,), best first, of one kind if it is given.

    Exact. Texts that are not encoded yet are not found. Raises ExampleError where the set was encoded with another
    encoder, or not at all.
    """
    for _ in range(2):
        with connected(examples.folder) as connection:
            connection.execute("BEGIN")  # all that follows sees the same state
            check_encoder(connection, examples.name, encoder)
            matrix = _matrix(connection, examples)
            if matrix is not None:
                return _nearest(connection, matrix, query, count, kind)
        # The file was there a moment ago: the set was encoded anew meanwhile.
    raise ExampleError(
        f"the vectors of the examples {examples.name!r} are damaged; encode them anew: dalle-kit examples add "
        f"{examples.name} --reencode"
    )


def _matrix(connection: sqlite3.Connection, examples: ExampleSet) -> Vectors | None:
    """Return the vectors of a set, mapped (N, D); None where its file does not hold all of them."""
    file, width = fact(connection, "vectors"), fact(connection, "width")
    (last,) = connection.execute("SELECT max(row) FROM texts").fetchone()
    if not file or not width or last is None:
        return np.zeros((0, 0), dtype=np.float32)
    matrix = examples.rows(examples.folder / file, int(width))
    return matrix if last < len(matrix) else None


def _nearest(
    connection: sqlite3.Connection, matrix: Vectors, query: Vectors, count: int, kind: Kind | None
) -> list[Neighbour]:
    if not len(matrix):
        return []
    if matrix.shape[1:] != query.shape:
        raise ExampleError(
            f"a vector of {query.size} numbers cannot be compared with vectors of {matrix.shape[1]}; encode the "
            "examples anew: dalle-kit examples add NAME --reencode"
        )
    # A few more than needed: rows of removed texts and of other kinds fall out.
    found = _with_texts(connection, matrix, nearest_rows(matrix, query, 2 * count + 8), kind)
    if len(found) < count:
        where = "row IS NOT NULL" + (" AND kind = ?" if kind else "")
        rows = connection.execute(f"SELECT row FROM texts WHERE {where}", (kind,) if kind else ())
        among = np.zeros(len(matrix), dtype=bool)
        among[[row for (row,) in rows]] = True
        found = _with_texts(connection, matrix, nearest_rows(matrix, query, count, among=among), kind)
    return found[:count]


def _with_texts(
    connection: sqlite3.Connection, matrix: Vectors, rows: Sequence[tuple[int, float]], kind: Kind | None
) -> list[Neighbour]:
    found = []
    for row, similarity in rows:
        values = connection.execute(f"SELECT {COLUMNS} FROM texts WHERE row = ?", (row,)).fetchone()
        if values is not None and kind in (None, values[1]):
            found.append(Neighbour(found_of(values), similarity, np.array(matrix[row])))
    return found


def search(
    examples: ExampleSet, text: str, *, encoder: Encoder, count: int = 10, kind: Kind | None = None
) -> list[Neighbour]:
    """Return the examples nearest to a text, best first; raises ExampleError as ``nearest`` does."""
    (query,) = vectors_of(encoder, [text])
    return nearest(examples, query, encoder=encoder, count=count, kind=kind)
