"""A place in a source file: the file's exact text, where in it to write, and files that bear on it."""

from __future__ import annotations

import re

import pydantic

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = "\ufeff"


class _Frozen(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class NearbyFile(_Frozen):
    """A file that bears on another: its name and its text."""

    path: str = pydantic.Field(description="The file's name; it is never opened.")
    text: str = pydantic.Field(description="What is in it.")


class SourcePlace(_Frozen):
    """Where to write in a file.

    ``text`` is the file's exact content: byte order mark, line ends, tabs and a missing last line end are kept.
    ``line`` and ``column`` count from 1, ``column`` in characters, a byte order mark not among them. Without a column
    the place is the end of the line, without a line the end of the text, or where the domain finds a mark in it. Raises
    ValueError (``Domain.parse``: RequestError) for a line or column outside of the text.
    """

    text: str = pydantic.Field(description="The file's exact content.")
    path: str | None = pydantic.Field(default=None, min_length=1, description="The file's name; it is never opened.")
    line: int | None = pydantic.Field(
        default=None, description="The line to write in, from 1.", json_schema_extra={"minimum": 1}
    )
    column: int | None = pydantic.Field(
        default=None, description="The character of the line to write before, from 1.", json_schema_extra={"minimum": 1}
    )
    nearby: tuple[NearbyFile, ...] = pydantic.Field(default=(), description="Files that bear on it.")

    @pydantic.field_validator("text")
    @classmethod
    def _is_utf8(cls, value: str) -> str:
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(f"character {error.start + 1} is half of one and no UTF-8 text; leave it out") from error
        return value

    @pydantic.model_validator(mode="after")
    def _inside(self) -> SourcePlace:
        if self.line is None:
            if self.column is not None:
                raise ValueError(f"column {self.column} of no line; give the line as well")
            return self
        edges = _lines(self.text)
        name = self.path or "the text"
        if not 1 <= self.line <= len(edges):
            raise ValueError(
                f"line {self.line} is outside of {name}, which has {_count(len(edges), 'line')}: give 1 to {len(edges)}"
            )
        start, end = edges[self.line - 1]
        if self.column is not None and not 1 <= self.column <= end - start + 1:
            length = _count(end - start, "character")
            raise ValueError(
                f"column {self.column} is outside of line {self.line} of {name}, which has {length}: "
                f"give 1 to {end - start + 1}"
            )
        return self

    @property
    def offset(self) -> int | None:
        """The number of characters before the place, a byte order mark among them; None where no line is given."""
        if self.line is None:
            return None
        start, end = _lines(self.text)[self.line - 1]
        return end if self.column is None else start + self.column - 1


def _lines(text: str) -> list[tuple[int, int]]:
    """Return where each line begins and ends; a text that ends in a line end has an empty line behind it."""
    starts, ends = [len(_BOM) if text.startswith(_BOM) else 0], []
    for match in _LINE_END.finditer(text):
        ends.append(match.start())
        starts.append(match.end())
    return list(zip(starts, [*ends, len(text)], strict=True))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
