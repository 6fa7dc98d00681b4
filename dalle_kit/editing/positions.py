"""Places in a text as the language server protocol counts them: lines, and units of an encoding within a line."""

from __future__ import annotations

import re
from collections.abc import Callable

#: The protocol knows these line ends and no others, whatever Python's ``splitlines`` takes for one.
_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = "\ufeff"

#: How many units a character has in each of the encodings a client may count in.
_UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda character: len(character.encode("utf-8", "surrogatepass")),
    "utf-16": lambda character: 2 if ord(character) > 0xFFFF else 1,
    "utf-32": lambda character: 1,
}


def offset_of(text: str, line: int, character: int, encoding: str) -> int:
    """Return how many characters of a text stand before a place, whose line and ``character`` count from 0.

    ``character`` counts units of the encoding, ``utf-8``, ``utf-16`` or ``utf-32``. One beyond the line is its end, a
    line beyond the text the text's end, and a place within a character is before it, as the protocol says.
    """
    start, end = 0, len(text)
    for number, found in enumerate(_LINE_END.finditer(text)):
        if number == line:
            end = found.start()
            break
        start = found.end()
    else:
        if line > _LINE_END.subn("", text)[1]:
            return len(text)
    units, passed = _UNITS[encoding], 0
    for offset in range(start, end):
        passed += units(text[offset])
        if passed > character:
            return offset
    return end


def position_of(text: str, offset: int, encoding: str) -> tuple[int, int]:
    """Return the line and the units within it, from 0, of the place that so many characters stand before."""
    line, start = _line_of(text, offset)
    return line, sum(map(_UNITS[encoding], text[start:offset]))


def numbered(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of a place as ``SourcePlace`` counts them: from 1, in characters, without the mark."""
    line, start = _line_of(text, offset)
    if line == 0 and text.startswith(_BOM):
        start = 1
    return line + 1, max(offset - start, 0) + 1


def line_end(text: str, offset: int) -> str:
    """Return the line end nearest before a place, else the nearest behind it; a text of one line gets a line feed."""
    before = _LINE_END.findall(text, 0, offset)
    behind = _LINE_END.search(text, offset)
    return before[-1] if before else behind[0] if behind else "\n"


def _line_of(text: str, offset: int) -> tuple[int, int]:
    """Return the number of a place's line, from 0, and where it begins."""
    line = start = 0
    for found in _LINE_END.finditer(text):
        if found.end() > offset:
            break
        line, start = line + 1, found.end()
    return line, start
