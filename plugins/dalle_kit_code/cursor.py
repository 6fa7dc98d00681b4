"""Where something is inserted into a text, and the inserting: what is not inserted stays as it is, to the byte."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dalle_kit import SourcePlace

#: Says in a text without a line where the cursor is; it is taken out.
MARK = "<|cursor|>"

_LINE_END = re.compile(r"\r\n|\n|\r")
#: A last line that ends in a blank is still being written.
_BEGUN = re.compile(r"\S[ \t]+(?=\r?\n\Z)")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A text in two, exactly as it is: what stands before the cursor and what stands after it."""

    before: str
    after: str

    @property
    def newline(self) -> str:
        """The line end nearest above the cursor, else the nearest below; a text of one line gets a line feed."""
        above = _LINE_END.findall(self.before)
        below = _LINE_END.search(self.after)
        return above[-1] if above else below[0] if below else "\n"

    @property
    def plain_before(self) -> str:
        """What stands before the cursor, with line feeds and without a byte order mark."""
        return plain(self.before).removeprefix(_BOM)

    @property
    def plain_after(self) -> str:
        """What stands after the cursor, with line feeds."""
        return plain(self.after)

    def insert(self, text: str) -> str:
        """Return the whole text with another one at the cursor, whose line feeds become the line ends used there."""
        return self.before + plain(text).replace("\n", self.newline) + self.after


def plain(text: str) -> str:
    """Return a text with line feeds for all line ends."""
    return _LINE_END.sub("\n", text)


def cursor_of(place: SourcePlace) -> Cursor:
    """Return a place's text in two.

    Without a line the cursor is at the mark, without a mark at the end; where that is behind a blank, as in "return ",
    the line end of ``echo`` comes after it. Raises ValueError for several marks.
    """
    at = place.offset
    if at is not None:
        return Cursor(place.text[:at], place.text[at:])
    before, mark, after = place.text.partition(MARK)
    if not mark and (begun := _BEGUN.search(before)):
        return Cursor(before[: begun.end()], before[begun.end() :])
    if MARK in after:
        raise ValueError(f"the cursor mark {MARK} is there {1 + after.count(MARK)} times; leave one of them")
    return Cursor(before, after)
