"""Blanking what is found in a text, so that the next search passes over it and positions stay."""

from __future__ import annotations

from collections.abc import Iterable

#: Stands for a character that is taken; no pattern matches it.
TAKEN = "\ufffc"


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text with the characters of the spans (start, end) taken."""
    pieces, place = [], 0
    for start, end in sorted(spans):
        if start >= place:
            pieces += [text[place:start], TAKEN * (end - start)]
            place = end
    return "".join(pieces) + text[place:]
