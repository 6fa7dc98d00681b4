"""Where a document goes: the format it takes, the file it is written to, and the checks made before any work."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.cli.common import json_text, print_text, say
from dalle_kit.errors import OutputError, UnknownNameError

if TYPE_CHECKING:
    from dalle_kit.cli.by_server import ServedDocument
    from dalle_kit.cli.source_files import SourceFile
    from dalle_kit.records import Document

#: What ``--json`` prints; the other formats are the domain's.
JSON = "json"

#: The format that ``--write`` puts in the place of the source.
IN_PLACE = "file"


def check_output(path: Path | None, *, force: bool) -> None:
    """Raise OutputError if a document could not be written to ``path``, before anything is done to make it."""
    import tempfile

    if path is None:
        return
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder; give the name of a file in it")
        if path.exists() and not path.is_file():
            return  # A pipe or a device, or a link to one such as /dev/stdout: it is simply written to.
        there = path.exists() or path.is_symlink()
        if there and not force:
            raise OutputError(f"{path} exists; choose another name, or overwrite it with --force")
        folder = path.resolve().parent
        if not folder.is_dir():
            raise OutputError(f"cannot write {path}: there is no folder {folder}; create it first")
        # Only trying tells: permission bits say nothing to root, and a file system may be read-only.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot write {path}: {reason}; choose another place") from error


def check_kind(path: Path | None, kinds: Sequence[str], *, what: str) -> None:
    """Raise OutputError for a file whose suffix is none of the ``kinds`` that ``what`` is written as; "" is none."""
    if path is not None and path.suffix.casefold() not in kinds:
        shown = ", ".join(filter(None, kinds))
        raise OutputError(f"{path}: {what} is written as {shown}; give one of these suffixes")


def choose_format(
    formats: Sequence[Mapping[str, str]], *, named: str | None, path: Path | None, as_json: bool
) -> str | None:
    """Return the format's name: ``--json``, ``--format``, the output's suffix, or the domain's default, in this order.

    None stands for ``--json``, the document with its findings and provenance. Raises UnknownNameError for a format the
    domain lacks and OutputError where ``--json`` and ``--format`` disagree.
    """
    names = [each["name"] for each in formats]
    if as_json:
        if named not in (None, JSON):
            raise OutputError(f"--json and --format {named} exclude each other; give one of them")
        return None
    if named is not None:
        if named not in names:
            raise UnknownNameError("format", named, names)
        return named
    suffix = path.suffix.casefold() if path is not None else ""
    by_suffix = [each["name"] for each in formats if suffix and each["suffix"].casefold() == suffix]
    return by_suffix[0] if by_suffix else names[0]


def render(document: Document | ServedDocument, format: str | None) -> str | bytes:
    """Return the document in a format, text with a line end at its end; None is the whole record as JSON."""
    rendered = json_text(document.as_dict()) if format is None else document.render(format)
    if isinstance(rendered, str) and not rendered.endswith("\n"):
        return rendered + "\n"
    return rendered


def deliver(rendered: str | bytes, path: Path | None, *, force: bool, quiet: bool) -> None:
    """Write a rendered document to its file, whole or not at all, or to stdout."""
    if path is not None:
        from dalle_kit.files import write_atomically

        data = rendered if isinstance(rendered, bytes) else rendered.encode("utf-8")
        try:
            write_atomically(path, data, force=force)
        except OutputError as error:
            # The disk has filled up meanwhile, say: what was written must not be lost.
            _print(rendered)
            raise OutputError(f"{error}; the text is on stdout instead") from error
        if not quiet:
            say(f"Wrote {path}", err=True)
    else:
        _print(rendered)


def note_ending(formats: Sequence[Mapping[str, str]], path: Path) -> None:
    """Say so where a file's ending is that of no format: what is in it is no such file."""
    endings = sorted({each["suffix"] for each in formats if each["suffix"]})
    if path.suffix and path.suffix.casefold() not in map(str.casefold, endings):
        default = formats[0]["name"]
        say(f"Note: {path} is written as {default}; the endings of formats are {', '.join(endings)}", err=True)


def check_write(values: Mapping[str, Any], place: str | None) -> None:
    """Raise OutputError if ``--write`` stands beside an option that it excludes, or has no file to write to."""
    for option, given in (("--output", "output"), ("--format", "format"), ("--json", "as_json")):
        if values[given]:
            raise OutputError(f"--write and {option} exclude each other; give one of them")
    if place in (None, "-"):
        raise OutputError("--write needs a file to write to, and stdin is none; give FILE:LINE[:COL]")


def check_source(file: SourceFile) -> Path:
    """Return the path of a source that can be replaced; raises OutputError for one that cannot."""
    path = file.path
    assert path is not None
    if not path.is_file():
        raise OutputError(f"cannot write {path}: it is no regular file; leave --write out")
    if not os.access(path, os.W_OK):
        raise OutputError(f"cannot write {path}: it is read-only; make it writable, or leave --write out")
    check_output(path, force=True)
    return path


def deliver_in_place(document: Document, file: SourceFile, *, quiet: bool) -> None:
    """Replace the source with the document's format "file", whole or not at all, if it still is what was read."""
    from dalle_kit.files import write_atomically

    path = file.path
    assert path is not None
    rendered = document.render(IN_PLACE)
    data = rendered if isinstance(rendered, bytes) else rendered.encode("utf-8")
    try:
        try:
            present = path.read_bytes()
        except OSError as error:
            raise OutputError(f"cannot write {path}: it cannot be read again ({error.strerror})") from error
        if present != file.data:
            raise OutputError(f"{path} has changed since it was read; nothing was written, run the command again")
        write_atomically(path, data, force=True)
    except OutputError as error:
        # What was generated must not be lost.
        _print(render(document, next(iter(document.formats))))
        raise OutputError(f"{error}; the text is on stdout instead") from error
    if not quiet:
        say(f"Wrote {path}", err=True)


def _print(rendered: str | bytes) -> None:
    if isinstance(rendered, bytes):
        sys.stdout.flush()
        sys.stdout.buffer.write(rendered)
        sys.stdout.buffer.flush()
    else:
        print_text(rendered)
