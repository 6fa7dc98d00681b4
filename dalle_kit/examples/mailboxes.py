"""Reading mbox files and Maildir folders, one message at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dalle_kit.examples.messages import read_message
from dalle_kit.examples.texts import TOO_LARGE, Found, Skipped

#: A message with more is read no further: the text stands before what is attached (in bytes).
_LONGEST_MESSAGE = 32 * 2**20
_LONGEST_LINE, _LONGEST_SEPARATOR = 2**20, 500

#: "From somebody Mon Apr  2 18:22:10 2012": what parts the messages of an mbox.
_SEPARATOR = re.compile(rb"From \S.*\d\d:\d\d.*\d{4}|From (?:-|MAILER-DAEMON|\S+@\S+)")
#: The folders of a Maildir that hold its messages.
PARTS = ("cur", "new")
_ESCAPED = re.compile(rb">+From ")


def is_mbox(head: bytes) -> bool:
    """Say whether a file that begins like ``head`` is an mbox."""
    return bool(_SEPARATOR.match(head.lstrip().split(b"\n", 1)[0][:_LONGEST_SEPARATOR]))


def is_maildir(folder: Path) -> bool:
    """Say whether a folder is a Maildir."""
    return all((folder / part).is_dir() for part in PARTS)


def read_mbox(file: BinaryIO, name: str) -> Iterator[Found | Skipped]:
    """Yield what is in an mbox; the whole of it is never in memory."""
    for number, source in enumerate(_messages(file), 1):
        origin = f"{name}:{number}"
        yield Skipped(origin, TOO_LARGE) if source is None else read_message(source, origin)


def _messages(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the sources of the messages, None for one too large to read."""
    lines: list[bytes] = []
    size, is_blank, is_open = 0, True, False
    while line := file.readline(_LONGEST_LINE):
        if is_blank and _SEPARATOR.match(line[:_LONGEST_SEPARATOR]):
            if is_open:
                yield b"".join(lines) if size <= _LONGEST_MESSAGE else None
            lines, size, is_open, is_blank = [], 0, True, False
            continue
        is_blank = not line.strip()
        size += len(line)
        if is_open and size <= _LONGEST_MESSAGE:
            lines.append(line[1:] if _ESCAPED.match(line) else line)
    if is_open:
        yield b"".join(lines) if size <= _LONGEST_MESSAGE else None


def read_eml(file: Path, name: str) -> Found | Skipped:
    """Return what is in a file that holds one message."""
    with file.open("rb") as stream:
        source = stream.read(_LONGEST_MESSAGE + 1)
    return Skipped(name, TOO_LARGE) if len(source) > _LONGEST_MESSAGE else read_message(source, name)
