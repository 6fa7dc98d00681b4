"""Reading examples from what a user names: mailboxes, messages, folders, texts, JSON lines, git repositories."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from dalle_kit.errors import ExampleError
from dalle_kit.examples.code import LANGUAGES, pieces
from dalle_kit.examples.json_lines import begins_array, begins_records, read_json_lines
from dalle_kit.examples.mailboxes import PARTS, is_maildir, is_mbox, read_eml, read_mbox
from dalle_kit.examples.repositories import is_repository, is_within_repository, tracked_files
from dalle_kit.examples.texts import EMPTY, LONGEST, NOT_TEXT, TOO_LARGE, Found, Skipped, decode, normalise

TEXT_SUFFIXES = (".txt", ".md", ".markdown", ".rst")
_OTHER_KIND = "a file of another kind"
_OUTSIDE = "a link out of the folder"
_NOWHERE = "a link that leads nowhere"
_NOT_LISTED = "a repository that git cannot list"

Entry = Found | Skipped


def read_sources(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Entry]:
    """Yield the texts of files and folders one by one, and what is none, with the reason; ``-`` is JSON on stdin.

    A folder may be a Maildir, a git repository (of which the tracked sources and texts are read), or hold any of
    these and files. Raises ExampleError, before anything is read, for a path that does not exist.
    """
    named = [os.fspath(path) for path in paths]
    for name in named:
        if name != "-" and not exists(name):
            raise ExampleError(f"{name!r} does not exist; give files or folders that do, or - for JSON lines on stdin")
    return _read_all(named)


def _read_all(names: Iterable[str]) -> Iterator[Entry]:
    for name in names:
        if name == "-":
            yield from _guarded("stdin", read_json_lines(_stdin(), "stdin"))
        else:
            path = Path(name).expanduser()
            yield from _guarded(path, _read_named(path))


def _read_named(path: Path) -> Iterator[Entry]:
    if not path.is_dir():
        yield from _read_file(path, is_named=True)
    elif is_repository(path) or not is_within_repository(path):
        yield from _read_folder(path, is_named=True)
    else:
        sources: frozenset[Path] = frozenset()
        with suppress(ExampleError):  # no git, or it refuses the repository: the folder has texts all the same
            sources = frozenset(tracked_files(path))
        yield from _read_folder(path, sources=sources, within=path.resolve())


def exists(name: str) -> bool:
    """Say whether a path is there; none is of a name that no path could have."""
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise ExampleError("there is no stdin to read from; name files")
    return sys.stdin.buffer


def _read_folder(
    folder: Path, *, is_named: bool = False, sources: frozenset[Path] = frozenset(), within: Path | None = None
) -> Iterator[Entry]:
    """Yield what is in a folder; of ``sources``, code is read, too. Links may not lead out of ``within``."""
    if is_repository(folder):
        within = folder.resolve()
    if is_maildir(folder):
        yield from _read_maildir(folder, within)
    elif is_repository(folder):
        try:
            tracked = list(tracked_files(folder))
        except ExampleError:
            if is_named:
                raise
            yield Skipped(str(folder), _NOT_LISTED)
            return
        for file in tracked:
            yield from _guarded(file, _read_tracked(file, within))
    else:
        for each in sorted(folder.iterdir()):
            if not each.name.startswith("."):
                yield from _guarded(each, _read_inside(each, sources, within))


def _read_inside(path: Path, sources: frozenset[Path], within: Path | None) -> Iterator[Entry]:
    if path.is_dir():
        if not path.is_symlink():  # a link may lead in a circle
            yield from _read_folder(path, sources=sources, within=within)
    elif path.is_file():
        if _leads_out(path, within):
            yield Skipped(str(path), _OUTSIDE)
        else:
            yield from _read_file(path, with_code=path in sources and path.suffix.lower() in LANGUAGES)
    else:
        yield Skipped(str(path), _NOWHERE if path.is_symlink() else _OTHER_KIND)


def _read_tracked(file: Path, within: Path | None) -> Iterator[Entry]:
    if file.is_file() and not file.is_symlink():
        # A folder on the way to it may have become a link since git took it in.
        if _leads_out(file, within):
            yield Skipped(str(file), _OUTSIDE)
        else:
            yield from _read_file(file, with_code=True)


def _read_maildir(folder: Path, within: Path | None) -> Iterator[Entry]:
    """Yield the messages of a Maildir and of the folders in it; one that cannot be entered is one entry skipped."""
    for part in PARTS:
        yield from _guarded(folder / part, _read_part(folder / part, within))
    for inner in sorted(each for each in folder.iterdir() if each.name.startswith(".") and not each.is_symlink()):
        yield from _guarded(inner, _read_inner(inner, within))


def _read_part(part: Path, within: Path | None) -> Iterator[Entry]:
    for file in sorted(part.iterdir()):
        yield from _guarded(file, _read_message_file(file, within))


def _read_inner(folder: Path, within: Path | None) -> Iterator[Entry]:
    if is_maildir(folder):
        yield from _read_maildir(folder, within)


def _read_message_file(file: Path, within: Path | None) -> Iterator[Entry]:
    if file.is_file():
        yield Skipped(str(file), _OUTSIDE) if _leads_out(file, within) else read_eml(file, str(file))


def _leads_out(file: Path, within: Path | None) -> bool:
    """Say whether a file lies elsewhere: who made a repository may not choose which of the user's files are read."""
    return within is not None and not file.resolve().is_relative_to(within)


def _guarded(place: Path | str, entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield entries; a place that cannot be read, or no further, is an entry that is skipped."""
    try:
        yield from entries
    except OSError as error:
        yield Skipped(str(place), f"unreadable ({error.strerror or error})")


def _read_file(file: Path, *, is_named: bool = False, with_code: bool = False) -> Iterator[Entry]:
    name, suffix = str(file), file.suffix.lower()
    if with_code and suffix not in LANGUAGES and suffix not in TEXT_SUFFIXES:
        yield Skipped(name, _OTHER_KIND)  # a repository's data
        return
    with file.open("rb") as stream:
        head = stream.peek(4096)
        if suffix in (".mbox", ".mbx") or (is_mbox(head) and suffix not in (".eml", *TEXT_SUFFIXES)):
            yield from read_mbox(stream, name)
        elif suffix in (".jsonl", ".ndjson") or (is_named and _holds_records(head, suffix)):
            yield from read_json_lines(stream, name)
        elif suffix == ".eml":
            yield read_eml(file, name)
        elif suffix in LANGUAGES and (with_code or is_named):
            yield from _read_text(stream.read(LONGEST + 1), name, language=LANGUAGES[suffix])
        elif suffix in TEXT_SUFFIXES or is_named:
            yield from _read_text(stream.read(LONGEST + 1), name)
        else:
            yield Skipped(name, _OTHER_KIND)


def _holds_records(head: bytes, suffix: str) -> bool:
    """Say whether a file that was named by itself is JSON such as an export, whatever it is called."""
    return (suffix == ".json" and begins_array(head)) or (
        suffix not in LANGUAGES and suffix not in TEXT_SUFFIXES and begins_records(head)
    )


def _read_text(data: bytes, name: str, *, language: str | None = None) -> Iterator[Entry]:
    if len(data) > LONGEST:
        yield Skipped(name, TOO_LARGE)
        return
    text = decode(data)
    if text is None:
        yield Skipped(name, NOT_TEXT)
    elif not text.strip():
        yield Skipped(name, EMPTY)
    elif language is None:
        yield Found(text=normalise(text), kind="text", origin=name)
    else:
        for line, piece in pieces(text, language):
            yield Found(text=normalise(piece), kind="code", origin=f"{name}:{line}")
