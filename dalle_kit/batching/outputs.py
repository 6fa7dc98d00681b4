"""Where the texts of a batch go: a file for each in a folder, lines of one file, or lines on stdout."""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from dalle_kit.batching.journal import Journal, encoded, is_begun, opened
from dalle_kit.batching.names import file_names
from dalle_kit.batching.row import Line, Row
from dalle_kit.errors import OutputError
from dalle_kit.files import remove_partial, write_atomically

#: What is left in a folder about its files: a line for each row, those that failed included.
INDEX = "rows.jsonl"


class Output(Protocol):
    """Takes the lines of the rows as they are done, and says which are done already."""

    @property
    def done(self) -> Mapping[int, Line]:
        """The lines of the rows that are done already, by their numbers."""

    def take(self, line: Line, rendered: str | bytes | Line | None) -> None:
        """Keep a row's line, and its text in the format that was asked for, None where it failed."""

    def finish(self, *, again: bool = False) -> None:
        """Make it whole: every row is done; ``again`` says that some failed, which may be tried again."""


def with_text(line: Line, rendered: str | bytes | Line | None) -> Line:
    """Return a line with the text in it; a record is an object, bytes are in base64."""
    if rendered is None:
        return line
    if isinstance(rendered, bytes):
        return {**line, "base64": base64.b64encode(rendered).decode("ascii")}
    return {**line, "document" if isinstance(rendered, dict) else "text": rendered}


class Lines:
    """Lines in the order of the rows, each passed on as soon as those before it are; nothing is kept for later."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.done: Mapping[int, Line] = {}
        self._write, self._next, self._waiting = write, 1, dict[int, Line]()

    def take(self, line: Line, rendered: str | bytes | Line | None) -> None:
        """Pass on the lines that can be."""
        self._waiting[line["row"]] = with_text(line, rendered)
        while self._next in self._waiting:
            self._write(encoded(self._waiting.pop(self._next)))
            self._next += 1

    def finish(self, *, again: bool = False) -> None:
        """Do nothing: all lines are passed on."""


class LinesFile:
    """One file with the lines in the order of the rows, there when all are done."""

    def __init__(self, path: Path, journal: Journal, *, force: bool) -> None:
        self._path, self._journal, self._force = path, journal, force
        self.done: Mapping[int, Line] = journal.done
        self._before = _in_order(journal)

    def take(self, line: Line, rendered: str | bytes | Line | None) -> None:
        """Write a row down in the journal."""
        self._journal.add(with_text(line, rendered))

    def finish(self, *, again: bool = False) -> None:
        """Write the file and take the journal away, unless rows may be tried again."""
        is_ours = _has(self._path, self._before)  # what a run has left in which rows failed
        _write_lines(self._path, self._journal, force=self._force or is_ours, again=again)


class Folder:
    """A folder with a file for each row, and a list of all rows."""

    def __init__(self, path: Path, journal: Journal, names: Mapping[int, str]) -> None:
        self._path, self._journal, self._names = path, journal, names
        self.done = journal.done
        for number, line in list(self.done.items()):
            if "file" in line and not (path / line["file"]).exists():
                del self.done[number]  # what was removed meanwhile is written again

    def take(self, line: Line, rendered: str | bytes | Line | None) -> None:
        """Write a row's file, then write it down in the journal."""
        if rendered is not None:
            line = {**line, "file": self._names[line["row"]]}
            # The names were free when it began, or may be taken: what is there now is a row that a kill cut off.
            write_atomically(self._path / line["file"], _as_bytes(rendered), force=True)
        self._journal.add(line)

    def finish(self, *, again: bool = False) -> None:
        """Write the list and take the journal away, unless rows may be tried again."""
        _write_lines(self._path / INDEX, self._journal, force=True, again=again)


@contextmanager
def lines_file(path: Path, heading: Mapping[str, Any], *, force: bool) -> Iterator[LinesFile]:
    """Give a file of lines; raises OutputError where the file is there already, and not begun."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file in it")
    _check_free([path], begun=is_begun(path), force=force)
    with opened(path, heading, force=force) as journal:
        yield LinesFile(path, journal, force=force)


@contextmanager
def folder(
    path: Path, heading: Mapping[str, Any], rows: Sequence[Row], suffix: str, *, force: bool
) -> Iterator[Folder]:
    """Give a folder, made if need be; raises OutputError where files of the rows' names are in it already."""
    names = file_names(rows, suffix, taken=[INDEX])
    if _is_taken(path) and not path.is_dir():
        raise OutputError(f"{path} is no folder; give one, or a file that ends in .jsonl")
    _check_free([path / name for name in (INDEX, *names.values())], begun=is_begun(path), force=force)
    with opened(path, heading, force=force) as journal:
        try:
            path.mkdir(exist_ok=True)
            remove_partial(path)  # nobody else is writing this batch: a kill has left them
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, "it may not be written to")
        except OSError as error:
            journal.remove()
            raise OutputError(f"cannot write to the folder {path}: {error.strerror}; choose another") from error
        yield Folder(path, journal, names)


def _check_free(paths: Iterable[Path], *, begun: bool, force: bool) -> None:
    """Raise OutputError for a file that is there and none of this batch's."""
    for path in paths:
        if not (begun or force) and _is_taken(path):
            raise OutputError(f"{path} exists; choose another output, or overwrite it with --force")


def _is_taken(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _as_bytes(rendered: str | bytes | Line) -> bytes:
    if isinstance(rendered, bytes):
        return rendered
    text = json.dumps(rendered, ensure_ascii=False, indent=2) if isinstance(rendered, dict) else rendered
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")


def _write_lines(path: Path, journal: Journal, *, force: bool, again: bool) -> None:
    data = _in_order(journal)
    if not _has(path, data):  # as it has where a kill came before the journal went
        write_atomically(path, data, force=force)
    if not again:
        journal.remove()


def _in_order(journal: Journal) -> bytes:
    return b"".join(encoded(journal.done[number]) for number in sorted(journal.done))


def _has(path: Path, data: bytes) -> bool:
    with contextlib.suppress(OSError):
        return path.is_file() and path.read_bytes() == data
    return False
