"""Facts: the numbers, dates, times, addresses and names of a text, each with the spellings under which it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from dalle_kit.checks.blanks import blank
from dalle_kit.checks.literals import find_literals
from dalle_kit.checks.names import find_names, name_readings
from dalle_kit.checks.numbers import find_numbers
from dalle_kit.checks.parser import NameFinder
from dalle_kit.checks.times import find_times

Kind = Literal["address", "phone number", "date", "time", "amount", "number", "code", "name"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact: where it stands in its text, and its readings.

    A reading is a set of keys in a normal form (``"clock 14:00"``, ``"number 3"``); the fact holds elsewhere if all
    keys of one of its readings do. More than one means that the spelling is ambiguous.
    """

    kind: Kind
    text: str
    start: int
    readings: tuple[frozenset[str], ...]

    @property
    def span(self) -> tuple[int, int]:
        """Start and end in characters."""
        return self.start, self.start + len(self.text)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all readings."""
        return frozenset().union(*self.readings)

    def is_among(self, keys: frozenset[str] | set[str]) -> bool:
        """Say whether one of the readings holds where ``keys`` do."""
        return any(reading <= keys for reading in self.readings)


#: A finder takes a text (with what is found already blanked) and yields (kind, start, end, readings).
Found = tuple[Kind, int, int, tuple[frozenset[str], ...]]
_Finder = Callable[[str], Iterable[Found]]


def find_facts(text: str, *, language: str = "en", notes: bool = False, names: NameFinder | None = None) -> list[Fact]:
    """Return the facts of a text in the order in which they stand.

    ``notes`` reads it as notes, where weekdays and months may be written small ("thu 5 mar") and a name may stand
    anywhere; in prose "sat" and "may" are no dates. ``names`` finds further names.
    """
    facts, rest = _found(text, language, notes)
    further = [
        Fact("name", text[start:end], start, name_readings(text[start:end], language))
        for start, end in (names(text) if names else ())
        if text[start:end] == rest[start:end]  # found by no other
    ]
    return sorted([*facts, *further], key=lambda fact: fact.start)


#: A draft's sentences and points are read again and again while it is chosen and repaired.
@lru_cache(maxsize=512)
def _found(text: str, language: str, notes: bool) -> tuple[tuple[Fact, ...], str]:
    """Return what the finders find in a text, and the text in which that is blanked."""
    facts: list[Fact] = []
    rest = text
    for finder in _finders(language, notes):
        for kind, start, end, readings in finder(rest):
            facts.append(Fact(kind, _trimmed(text[start:end]), start, readings))
        rest = blank(text, (fact.span for fact in facts))
    return tuple(facts), rest


def _finders(language: str, notes: bool) -> Iterator[_Finder]:
    yield find_literals
    yield lambda text: find_times(text, notes=notes, language=language)
    yield lambda text: find_numbers(text, language=language)
    yield lambda text: find_names(text, language=language)


def _trimmed(text: str) -> str:
    """Return a fact without the full stop that ends its sentence; that of "p.m." belongs to it."""
    return text if re.search(r"\.\s?\w\.\Z", text) else text.rstrip(". ")
