"""What a user says about the code they want."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import ConfigDict, Field, JsonValue, PrivateAttr, field_validator, model_validator

from dalle_kit import Request, SourcePlace, UnknownNameError, option
from dalle_kit_code.cursor import MARK, Cursor, cursor_of, plain
from dalle_kit_code.functions import Frame, frame_of
from dalle_kit_code.indentation import unit_of
from dalle_kit_code.languages import NAMES, SUFFIXES, Language, language_named, language_of, suffix_of
from dalle_kit_code.spot import Extent, Spot


@dataclass(frozen=True, slots=True)
class Shown:
    """How much the model is shown, in characters: of other places, and before and after the cursor."""

    elsewhere: int = 1500
    before: int = 4000
    after: int = 1500


#: Characters before the cursor that are near it, and such as a head of a definition takes.
_FAR, _HEAD = 1000, 200

#: Requests with little and with much in them, to show and to check templates with.
COMPLETE_EXAMPLES: list[JsonValue] = [
    {"place": {"text": "def double(number):\n    return "}, "language": "python"},
    {
        "place": {
            "text": "import math\n\n\ndef area(radius):\n    \n\n\nprint(area(2))\n",
            "path": "shapes.py",
            "line": 5,
            "nearby": [{"path": "units.py", "text": "def to_metres(feet):\n    return feet * 0.3048\n"}],
        },
        "extent": "block",
    },
]
FUNCTION_EXAMPLES: list[JsonValue] = [
    {"signature": "add(a: int, b: int) -> int"},
    {
        "signature": "area(radius: float) -> float",
        "doc": "Return the area of a circle.",
        "language": "python",
        "place": {"text": "import math\n\n\n", "path": "shapes.py"},
    },
]


class CodeRequest(Request):
    """What both commands have in common."""

    language: str | None = Field(
        None,
        description="The language, such as python, typescript or go; by the file's suffix when left out.",
        json_schema_extra=option(metavar="NAME"),
    )

    _shown: Shown = PrivateAttr(Shown())

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str | None) -> str | None:
        found = language_named(value) if value else None
        if value and found is None:
            raise ValueError(str(UnknownNameError("language", value, NAMES)).removeprefix("language: "))
        return found.name if found else None

    @property
    def shown(self) -> Shown:
        """How much the model is shown."""
        return self._shown

    def showing(self, shown: Shown) -> Any:
        """Return a copy that shows the model less."""
        smaller = self.model_copy()
        smaller._shown = shown
        return smaller

    def language_at(self, place: SourcePlace | None, *, default: str | None = None) -> Language:
        """Return the language asked for, or that of the place's path; raises ValueError where neither says one."""
        named = self.language or default
        path = place.path if place else None
        found = language_named(self.language) if self.language else language_of(path) if path else None
        found = found or (language_named(named) if named and not path else None)
        if found is None and path:
            suffix = suffix_of(path)
            near = UnknownNameError("suffix", suffix, SUFFIXES).nearest if suffix else None
            meant = f" (did you mean {near!r}?)" if near else ""
            raise ValueError(f"{(suffix or path)!r} tells no language{meant}: say which it is, e.g. --language python")
        if found is None:
            raise ValueError("the text has no path to tell its language from: say which it is, e.g. --language python")
        return found


class CompleteRequest(CodeRequest):
    """Code to be written at a place in a file."""

    model_config = ConfigDict(json_schema_extra={"examples": COMPLETE_EXAMPLES})

    place: SourcePlace = Field(
        description=f"The file, and the line and column to write at. Without a line it is the mark {MARK} in the text, "
        "else the text's end; without a column it is the line's end.",
        json_schema_extra=option(source=True, metavar="FILE:LINE[:COL]"),
    )
    extent: Extent = Field(
        "auto",
        description="How far to write: the line, the block that the cursor is in, or what its place suggests.",
    )

    @model_validator(mode="after")
    def _something_to_go_on_from(self) -> CompleteRequest:
        cursor = _cursor(self.place)
        self._at(self.place)
        if not (cursor.before + cursor.after).strip("\ufeff \t\r\n"):
            raise ValueError("place: there is no code to go on from; write a first line, or use 'code function'")
        return self

    def _at(self, place: SourcePlace) -> Language:
        try:
            return self.language_at(place)
        except ValueError as error:
            raise ValueError(f"language: {error}") from error

    @cached_property
    def cursor(self) -> Cursor:
        """The file's text in two."""
        return cursor_of(self.place)

    @cached_property
    def spot(self) -> Spot:
        """What the place asks for."""
        cursor = self.cursor
        return Spot(cursor.plain_before, cursor.plain_after, self.language_at(self.place), self.extent)


class FunctionRequest(CodeRequest):
    """A function to be written from its signature."""

    model_config = ConfigDict(json_schema_extra={"examples": FUNCTION_EXAMPLES})

    signature: str = Field(
        description="The function's name, parameters and types, such as add(a: int, b: int) -> int.",
        min_length=1,
        max_length=2000,
    )
    doc: str = Field("", description="What it does; becomes its documentation.", max_length=10_000)
    place: SourcePlace | None = Field(
        None,
        description=f"The file to write it into, and the line, which is empty; without a line at the mark {MARK}, "
        "else at the end.",
        json_schema_extra=option(source=True, metavar="FILE:LINE"),
    )

    @field_validator("place")
    @classmethod
    def _no_empty_place(cls, value: SourcePlace | None) -> SourcePlace | None:
        return None if value is not None and value.path is None and not value.text.strip() else value

    @model_validator(mode="after")
    def _a_function(self) -> FunctionRequest:
        try:
            language = self.language_at(self.place, default="python")
        except ValueError as error:
            raise ValueError(f"language: {error}") from error
        if self.place is not None:
            spot = Spot(*_halves(_cursor(self.place)), language)
            if spot.line_before.strip() or spot.line_after.strip():
                raise ValueError("place: a function begins on an empty line; give the number of one, or make one")
        try:
            frame_of(self.signature, self.doc, language, unit=language.indent)
        except ValueError as error:
            raise ValueError(f"{'signature' if language.function else 'language'}: {error}") from error
        return self

    @cached_property
    def cursor(self) -> Cursor:
        """The file's text in two, both empty where there is none."""
        return cursor_of(self.place) if self.place else Cursor("", "")

    @cached_property
    def frame(self) -> Frame:
        """The function without its body, as it stands in the file."""
        language = self.language_at(self.place, default="python")
        before, after = _halves(self.cursor)
        unit = unit_of(before + after, language.indent)
        frame = frame_of(plain(self.signature), plain(self.doc), language, unit=unit)
        frame = frame.indented(before.rpartition("\n")[2])
        return frame if after else replace(frame, footer=frame.footer + "\n")

    @cached_property
    def spot(self) -> Spot:
        """What the place of the function's body asks for."""
        before, after = _halves(self.cursor)
        language = self.language_at(self.place, default="python")
        whole = Spot(before + self.frame.header, self.frame.footer + after, language, "block")
        return replace(whole, before=f"{whole.before}\n{whole.indentation}")


def smaller(shown: Shown) -> tuple[Shown, str] | None:
    """Return how to show less and what is then left out, None where only a few lines are left.

    What is far from the cursor says less than the definitions that the code near it speaks of.
    """
    if shown.elsewhere and shown.before <= _FAR:
        fewer = shown.elsewhere // 2 if shown.elsewhere > 2 * _HEAD else 0
        return replace(shown, elsewhere=fewer), "definitions from other places"
    if shown.before > 200:
        halved = replace(shown, before=shown.before // 2, after=shown.after // 2)
        return halved, "the ends of the file that are far from the cursor"
    return None


def _cursor(place: SourcePlace) -> Cursor:
    try:
        return cursor_of(place)
    except ValueError as error:
        raise ValueError(f"place: {error}") from error


def _halves(cursor: Cursor) -> tuple[str, str]:
    return cursor.plain_before, cursor.plain_after
