"""Examples that are of the very file that is written into: what is to be written may stand in them."""

from __future__ import annotations

import re

from dalle_kit.domain import Request
from dalle_kit.examples.texts import Found
from dalle_kit.source_place import SourcePlace

_NUMBER = re.compile(r":[0-9]+\Z")
_SLASHES = re.compile(r"[/\\]+")


class OwnFile:
    """What tells whether an example is of the file that a request writes into; none is where it writes into none."""

    def __init__(self, request: Request) -> None:
        self._places = [
            (_parts(value.path or ""), _lines(value.text)) for _, value in request if isinstance(value, SourcePlace)
        ]

    def has(self, example: Found) -> bool:
        """Say whether an example is of the file: by its origin's name, or by half of its lines."""
        return any(self._is_of(example, *place) for place in self._places)

    @staticmethod
    def _is_of(example: Found, path: list[str], text: frozenset[str]) -> bool:
        origin, lines = _parts(_NUMBER.sub("", example.origin)), _lines(example.text)
        # Each is named from where somebody was then: of the longer name the end counts.
        shared = min(len(origin), len(path))
        is_named_so = shared > 0 and origin[-shared:] == path[-shared:]
        return is_named_so or 2 * len(lines & text) >= len(lines)


def _parts(path: str) -> list[str]:
    return [part for part in _SLASHES.split(path) if part not in ("", ".", "..")]


def _lines(text: str) -> frozenset[str]:
    """Return the lines that say something, without their indents: a bracket stands in any file."""
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line for line in lines if any(map(str.isalnum, line)))
