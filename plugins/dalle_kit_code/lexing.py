"""Reading code without a parser: what is code, what is a string or a comment, and which brackets belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dalle_kit_code.languages import Language

OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = {closing: opening for opening, closing in OPENING.items()}


@dataclass(frozen=True, slots=True)
class Piece:
    """A bracket, or a whole string or comment, and where it stands. ``kind`` is the bracket itself or "other"."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=64)
def _pattern(language: Language) -> re.Pattern[str]:
    alternatives = [
        rf"{re.escape(begin)}(?:\\.|.)*?(?:{re.escape(end)}|\Z)"
        if begin == end
        else rf"{re.escape(begin)}.*?(?:{re.escape(end)}|\Z)"
        for begin, end in sorted(language.enclosed, key=lambda pair: -len(pair[0]))
    ]
    if language.comment:
        alternatives.append(rf"{re.escape(language.comment)}[^\n]*")
    alternatives += [rf"{quote}(?:\\.|[^{quote}\\\n])*(?:{quote}|(?=\n)|\Z)" for quote in language.quotes]
    return re.compile(rf"(?P<other>{'|'.join(alternatives) or '(?!)'})|[()\[\]{{}}]", re.DOTALL)


def pieces(text: str, language: Language) -> Iterator[Piece]:
    """Yield the brackets, strings and comments of a text, in order."""
    for found in _pattern(language).finditer(text):
        yield Piece("other" if found["other"] else found[0], found.start(), found.end())


def open_brackets(text: str, language: Language) -> list[Piece]:
    """Return the brackets that a text opens and does not close, in order; those closed by another kind are closed."""
    stack: list[Piece] = []
    for piece in pieces(text, language):
        if piece.kind in OPENING:
            stack.append(piece)
        elif piece.kind in CLOSING and stack:
            stack.pop()
    return stack


def closed_brackets(text: str, language: Language) -> int:
    """Return how many brackets a text closes that it has not opened."""
    depth = closed = 0
    for piece in pieces(text, language):
        if piece.kind in OPENING:
            depth += 1
        elif piece.kind in CLOSING:
            depth, closed = (depth - 1, closed) if depth else (0, closed + 1)
    return closed


def without_comment(line: str, language: Language) -> str:
    """Return a line without the comment at its end, and without the blanks there."""
    for piece in pieces(line, language):
        if piece.kind == "other" and language.comment and line.startswith(language.comment, piece.start):
            return line[: piece.start].rstrip()
    return line.rstrip()


def is_inside(text: str, language: Language) -> bool:
    """Say whether a text ends inside a string or a comment that what follows belongs to."""
    last = None
    for piece in pieces(text, language):
        last = piece
    if last is None or last.kind != "other" or last.end != len(text):
        return False
    found = text[last.start :]
    for begin, end in sorted(language.enclosed, key=lambda pair: -len(pair[0])):
        if found.startswith(begin):
            return len(found) < len(begin) + len(end) or not found.endswith(end)
    if language.comment and found.startswith(language.comment):
        return True
    return len(found) < 2 or not found.endswith(found[0])
