"""Reading examples from what a user names: mailboxes, messages, folders, texts, JSON lines, git repositories."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from dalle_kit.errors import ExampleError
from dalle_kit.examples.code import LANGUAGES, pieces
from dalle_kit.examples.json_lines import read_json_lines
from dalle_kit.examples.mailboxes import is_maildir, is_mbox, maildir_files, read_eml, read_mbox
from dalle_kit.examples.repositories import is_repository, is_within_repository, tracked_files
from dalle_kit.examples.texts import EMPTY, LONGEST, NOT_TEXT, TOO_LARGE, Found, Skipped, decode, normalise

TEXT_SUFFIXES = (".txt", ".md", ".markdown", ".rst")
_OTHER_KIND = "a file of another kind"

Entry = Found | Skipped


def read_sources(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Entry]:
    """Yield the texts of files and folders one by one, and what is none, with the reason; ``-`` is JSON on stdin.

    A folder may be a Maildir, a git repository (of which the tracked sources and texts are read), or hold any of
    these and files. Raises ExampleError, before anything is read, for a path that does not exist.
    """
    named = [os.fspath(path) for path in paths]
    for name in named:
        if name != "-" and not _exists(name):
            raise ExampleError(f"{name!r} does not exist; give files or folders that do, or - for JSON lines on stdin")
    return _read_all(named)


def _read_all(names: Iterable[str]) -> Iterator[Entry]:
    for name in names:
        if name == "-":
            yield from read_json_lines(_stdin(), "stdin")
        elif Path(name).expanduser().is_dir():
            folder = Path(name).expanduser()
            is_inner = not is_repository(folder) and is_within_repository(folder)
            yield from _read_folder(folder, sources=frozenset(tracked_files(folder)) if is_inner else frozenset())
        else:
            yield from _guarded(Path(name).expanduser(), is_named=True)


def _exists(name: str) -> bool:
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise ExampleError("there is no stdin to read from; name files")
    return sys.stdin.buffer


def _read_folder(folder: Path, *, sources: frozenset[Path] = frozenset()) -> Iterator[Entry]:
    """Yield what is in a folder; of ``sources``, code is read, too."""
    if is_maildir(folder):
        for file in maildir_files(folder):
            yield from _guarded(file, is_message=True)
    elif is_repository(folder):
        for file in tracked_files(folder):
            if file.is_file() and not file.is_symlink():
                yield from _guarded(file, with_code=True)
    else:
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            yield Skipped(str(folder), _unreadable(error))
            return
        for each in inside:
            if each.name.startswith("."):
                continue
            if each.is_dir():
                if not each.is_symlink():  # a link may lead in a circle
                    yield from _read_folder(each, sources=sources)
            elif each.is_file():
                yield from _guarded(each, with_code=each in sources and each.suffix.lower() in LANGUAGES)


def _guarded(
    file: Path, *, is_named: bool = False, is_message: bool = False, with_code: bool = False
) -> Iterator[Entry]:
    """Yield what a file holds; one that cannot be read, or no further, is an entry that is skipped."""
    try:
        if is_message:
            yield read_eml(file, str(file))
        else:
            yield from _read_file(file, is_named=is_named, with_code=with_code)
    except OSError as error:
        yield Skipped(str(file), _unreadable(error))


def _read_file(file: Path, *, is_named: bool, with_code: bool) -> Iterator[Entry]:
    name, suffix = str(file), file.suffix.lower()
    if with_code and suffix not in LANGUAGES and suffix not in TEXT_SUFFIXES:
        yield Skipped(name, _OTHER_KIND)  # a repository's data
        return
    with file.open("rb") as stream:
        head = stream.peek(4096)
        if suffix in (".mbox", ".mbx") or (is_mbox(head) and suffix not in (".eml", *TEXT_SUFFIXES)):
            yield from read_mbox(stream, name)
        elif suffix == ".jsonl" or suffix == ".ndjson":
            yield from read_json_lines(stream, name)
        elif suffix == ".eml":
            yield read_eml(file, name)
        elif suffix in LANGUAGES and (with_code or is_named):
            yield from _read_text(stream.read(LONGEST + 1), name, language=LANGUAGES[suffix])
        elif suffix in TEXT_SUFFIXES or is_named:
            yield from _read_text(stream.read(LONGEST + 1), name)
        else:
            yield Skipped(name, _OTHER_KIND)


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


def _unreadable(error: OSError) -> str:
    return f"unreadable ({error.strerror or error})"
