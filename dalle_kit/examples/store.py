"""The folder in which sets of examples are kept, one folder a set.

A set is changed in one transaction, under a lock that other processes wait for: an import that is killed, or that
fills the disk, leaves it as it was. Readers need not wait.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dalle_kit.errors import ExampleError, UnknownNameError
from dalle_kit.examples.database import connected, disk_full, has_versions, new_version, transaction
from dalle_kit.examples.example_set import ExampleSet, find_ids
from dalle_kit.examples.run_index import extend_index, forget_texts, version_of
from dalle_kit.examples.texts import DUPLICATE, Found, Report, Skipped
from dalle_kit.files import make_private_folder
from dalle_kit.models import disk
from dalle_kit.models.spec import Progress, silent
from dalle_kit.models.workshop import Workshop
from dalle_kit.paths import find_paths

if TYPE_CHECKING:
    from dalle_kit.examples.made_up import KeptRedactor
    from dalle_kit.privacy import PersonalFinder

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_LONGEST_NAME = 64
_REPORT_EACH = 100


class ExampleStore:
    """Sets of examples below ``root`` (the user's data folder); safe for several processes and threads at once."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = find_paths().data / "examples" if root is None else root
        self._workshop = Workshop(self.root)
        self._opened: dict[str, ExampleSet] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of the sets, sorted."""
        if not self.root.is_dir():
            return ()
        folders = (each for each in self.root.iterdir() if _NAME.fullmatch(each.name))
        return tuple(sorted(folder.name for folder in folders if _is_set(folder)))

    def has(self, name: str) -> bool:
        """Say whether there is a set of that name."""
        return bool(_NAME.fullmatch(name)) and _is_set(self.root / name)

    def open(self, name: str) -> ExampleSet:
        """Return a set, the same each time, for what it has mapped stays so.

        Raises UnknownNameError, which names the nearest, if there is none of that name.
        """
        if not self.has(name):
            raise UnknownNameError("set of examples", name, self.names())
        return self._opened.setdefault(name, ExampleSet(self.root / name, self._workshop))

    def add(
        self,
        name: str,
        entries: Iterable[Found | Skipped],
        *,
        finder: PersonalFinder | None = None,
        redact: bool = False,
        progress: Progress = silent,
    ) -> Report:
        """Add texts to a set, or make one of them; all or, if it fails, nothing. A set without texts is not made.

        ``finder`` counts what is personal in them; with ``redact`` made-up data takes its place, the same for the same
        in the whole set, found by patterns unless a finder is given. Raises ExampleError for a name that may not be, a
        full disk or a damaged set, and whatever ``entries`` raises.
        """
        _check_name(name)
        folder, report = self.root / name, Report()
        reading: list[OSError] = []
        try:
            make_private_folder(self.root)
            with self._workshop.locked(name, f"the examples {name!r}", progress):
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                    with connected(folder, create=True) as connection, transaction(connection):
                        before = version_of(connection)
                        (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM texts").fetchone()
                        redactor = _redactor(connection, self.root, finder) if redact else None
                        for entry in _told(_noting(entries, reading), report, progress):
                            _insert(connection, entry, report, finder, redactor)
                        if redactor is not None:
                            redactor.keep(connection)
                            report.personal = redactor.counts if report.added else {}
                        if report.added:
                            new_version(connection)
                    if report.added:
                        with suppress(ExampleError, OSError):  # the texts are there; who needs the index makes it
                            extend_index(folder, before, last, progress=progress)
                finally:
                    if not has_versions(folder):
                        shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            if any(error is each for each in reading):
                raise
            raise disk_full(folder) if disk.is_full(error) else _unwritable(folder, error) from error
        return report

    def remove(self, name: str, ids: Sequence[str] | None = None) -> int:
        """Remove a set, or the texts of it that ``ids`` begin the hashes of; return how many texts went.

        Raises UnknownNameError for an unknown set, ExampleError for an id of none or of several texts.
        """
        if ids is not None:
            return self._remove_texts(self.open(name), ids)
        folder = self.root / name
        if not (_NAME.fullmatch(name) and folder.is_dir()):
            raise UnknownNameError("set of examples", name, self.names())
        self._opened.pop(name, None)
        with self._workshop.locked(name, f"the examples {name!r}", silent):
            try:
                count = len(ExampleSet(folder, self._workshop))
            except ExampleError:
                count = 0  # damaged
            doomed = self._workshop.partial(name)
            try:
                folder.rename(doomed)
            except OSError as error:
                raise ExampleError(f"cannot remove {folder}: {error.strerror}; is another program using it?") from error
            shutil.rmtree(doomed, ignore_errors=True)
        return count

    def _remove_texts(self, examples: ExampleSet, ids: Sequence[str]) -> int:
        with self._workshop.locked(examples.name, f"the examples {examples.name!r}", silent):
            with connected(examples.folder) as connection:
                with transaction(connection):
                    before, rows = version_of(connection), []
                    whole = find_ids(connection, examples.name, ids)
                    for each in whole:
                        rows += connection.execute("SELECT number, row FROM texts WHERE id = ?", (each,)).fetchall()
                        connection.execute("DELETE FROM texts WHERE id = ?", (each,))
                    new_version(connection)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # Vectors and windows tell of their text; what has no text is passed over, so this may come last.
            examples.clear_rows([row for _, row in rows if row is not None])
            forget_texts(examples.folder, before, [number for number, _ in rows])
        return len(whole)


def _redactor(connection: sqlite3.Connection, root: Path, finder: PersonalFinder | None) -> KeptRedactor:
    from dalle_kit.examples.made_up import KeptRedactor

    return KeptRedactor(connection, root, finder)


def _told(entries: Iterable[Found | Skipped], report: Report, progress: Progress) -> Iterator[Found | Skipped]:
    for number, entry in enumerate(entries, 1):
        yield entry
        if number % _REPORT_EACH == 0:
            progress(f"reading ({report.added} texts)", number, None)


def _insert(
    connection: sqlite3.Connection,
    entry: Found | Skipped,
    report: Report,
    finder: PersonalFinder | None,
    redactor: KeptRedactor | None,
) -> None:
    """Put a text into the database unless it is there, and into the report what became of it."""
    if isinstance(entry, Skipped):
        report.skip(entry)
        return
    found = redactor.redact(entry) if redactor else entry
    if not connection.execute(_INSERT, _values(found)).rowcount:
        report.skip(Skipped(entry.origin, DUPLICATE))
        return
    report.added += 1
    if finder is not None and redactor is None:
        from dalle_kit.examples.personal import scan

        for each in scan([entry], finder=finder):
            report.personal[each.kind] = report.personal.get(each.kind, 0) + 1


_INSERT = "INSERT OR IGNORE INTO texts (id, text, kind, origin, subject, author, date) VALUES (?, ?, ?, ?, ?, ?, ?)"


def _noting(entries: Iterable[Found | Skipped], errors: list[OSError]) -> Iterator[Found | Skipped]:
    """Yield entries, and note the error of getting them: it says nothing about the store."""
    try:
        yield from entries
    except OSError as error:
        errors.append(error)
        raise


def _values(found: Found) -> tuple[str, ...]:
    values = (found.id, found.text, found.kind, found.origin, found.subject, found.author, found.date)
    # A file's name may hold bytes that are no text.
    return tuple(value.encode("utf-8", "replace").decode("utf-8") for value in values)


def _is_set(folder: Path) -> bool:
    try:
        return has_versions(folder)
    except ExampleError:
        return True  # damaged: to be listed, and to be removed


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ExampleError(
            f"{name!r:.80} is no name for examples; give up to {_LONGEST_NAME} lower-case letters and digits, "
            "with - or _ between them"
        )


def _unwritable(folder: Path, error: OSError) -> ExampleError:
    return ExampleError(f"cannot write to {folder}: {error.strerror or error}; check that you may write there")
