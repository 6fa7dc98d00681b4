"""Which stretches of a rendered text are a template's own, and which variables the others are the values of.

The values are given to the templates as texts that know their variable, and stay what they are when they are printed.
What a filter, a macro or an operator makes of one is a text like any other: its origin is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dalle_kit.templating.values import Namespace

Kind = Literal["own", "value", "unknown"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a rendered text: the template's own, the value of the ``variable``, or of unknown origin."""

    text: str
    kind: Kind
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """The stretches of a rendered text in order, without the marks of slots and turns."""

    stretches: tuple[Stretch, ...]

    @property
    def text(self) -> str:
        """The rendered text."""
        return "".join(stretch.text for stretch in self.stretches)

    def part(self, start: int, end: int) -> list[Stretch]:
        """Return the stretches of a part of the text, from ``start`` until before ``end``."""
        found, place = [], 0
        for stretch in self.stretches:
            text = stretch.text[max(0, start - place) : max(0, end - place)]
            if text:
                found.append(Stretch(text, stretch.kind, stretch.variable))
            place += len(stretch.text)
        return found


class _Traced(str):
    """The value of a variable; printed, it is still one."""

    __slots__ = ("_variable",)

    _variable: str

    def __str__(self) -> str:
        return self


def traced(value: Any, variable: str) -> Any:
    """Return a frozen value, its texts such that know which variable they are: ``request.points[1]``."""
    if type(value) is str:
        text = _Traced(value)
        text._variable = variable
        return text
    if isinstance(value, tuple):
        return tuple(traced(item, f"{variable}[{number}]") for number, item in enumerate(value))
    if isinstance(value, Mapping):
        return {key: traced(item, f"{variable}.{key}") for key, item in value.items()}
    if isinstance(value, Namespace):
        fields = {name: traced(getattr(value, name), f"{variable}.{name}") for name in dir(value)}
        return Namespace(fields, str(value))
    return value


def trace(pieces: Sequence[str], marks: Mapping[str, Any], *, own: type[str]) -> Trace:
    """Return the trace of what a template has printed, piece by piece; its ``own`` texts are of a type of theirs."""
    found = []
    for piece in pieces:
        if not piece or piece in marks:
            continue
        if isinstance(piece, _Traced):
            found.append(Stretch(str.__str__(piece), "value", piece._variable))
            continue
        for mark in marks:  # a macro's text has its slots in it
            piece = piece.replace(mark, "") if mark in piece else piece
        found.append(Stretch(str(piece), "own" if isinstance(piece, own) else "unknown"))
    return Trace(tuple(found))
