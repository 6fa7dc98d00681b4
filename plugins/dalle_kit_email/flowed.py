"""format=flowed (RFC 3676): text whose long lines are broken for old readers and joined again by new ones."""

from __future__ import annotations

import re
from collections.abc import Iterable

WIDTH = 72
_SIGNATURE = "-- "


def flow_line(text: str, *, depth: int = 0, width: int = WIDTH) -> list[str]:
    """Return one line of text as flowed lines; ``depth`` is its level of quoting."""
    if text == _SIGNATURE:
        return [_prefix(depth) + text]
    pieces: list[str] = []
    room = width - depth - 2
    for word in re.findall(r" *+[^ ]+ *", text.rstrip(" ")):
        # A piece that is "-- " alone would read as the start of the signature.
        if pieces and (len(pieces[-1]) + len(word) <= room or pieces[-1] == _SIGNATURE):
            pieces[-1] += word
        else:
            pieces.append(word)
    return [_stuffed(piece, depth) for piece in pieces or [""]]


def unflow(text: str, *, delsp: bool = False) -> list[tuple[int, str]]:
    """Return the lines of a flowed text, joined, each with its level of quoting; ``delsp`` as in the Content-Type."""
    joined: list[tuple[int, str]] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != _SIGNATURE
        kept = content[:-1] if soft and delsp else content
        if open_depth == depth and content != _SIGNATURE:
            joined[-1] = (depth, joined[-1][1] + kept)
        else:
            joined.append((depth, kept))
        open_depth = depth if soft else None
    return joined


def quoted_lines(lines: Iterable[tuple[int, str]]) -> list[str]:
    """Write (level of quoting, line) pairs the way people read them."""
    return [f"{_prefix(depth)}{line}".rstrip(" ") if depth else line for depth, line in lines]


def _prefix(depth: int) -> str:
    return ">" * depth + " " if depth else ""


def _stuffed(piece: str, depth: int) -> str:
    if depth:
        return (_prefix(depth) + piece) if piece else ">" * depth
    return f" {piece}" if piece.startswith((" ", ">", "From ")) else piece
