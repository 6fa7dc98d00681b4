"""What a person types to search, as the index takes it, and what it gives back of a text."""

from __future__ import annotations

import re

#: What stands around a match in what the index gives back; no text in it has them.
START, END = "\x02", "\x03"

_PIECE = re.compile(r'"([^"]*)"?|(\S+)')


def match_expression(query: str) -> str | None:
    """Return a query for the index: all words, in any order; None where there is none to look for.

    A text in quotation marks is looked for as it is, a word with ``*`` at its end stands for all that begin so.
    """
    parts = []
    for phrase, word in _PIECE.findall(indexable(query)):
        text, star = (phrase, "") if phrase else (word.rstrip("*"), "*" if word.endswith("*") else "")
        if any(character.isalnum() for character in text):
            parts.append(f'"{text.replace(chr(34), chr(34) * 2)}"{star}')
    return " AND ".join(parts) or None


def indexable(text: str) -> str:
    """Return a text as the index takes it: without control characters and halves of characters."""
    known = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character >= " " or character in "\n\t" else " " for character in known)


def without_marks(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return what the index gave back as one line, and where in it the matches stand."""
    text, places, since = "", [], 0
    for piece in re.split(f"([{START}{END}])", " ".join(marked.split())):
        if piece == START:
            since = len(text)
        elif piece == END:
            places.append((since, len(text)))
        else:
            text += piece
    return text, tuple(places)
