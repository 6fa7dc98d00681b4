"""The kinds of personal data, the record of what was found, and what belongs to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: What is looked for, in plain words.
KINDS = (
    "person",
    "e-mail address",
    "postal address",
    "phone number",
    "card number",
    "bank account",
    "id number",
    "IP address",
    "user name",
)

_TITLES = frozenset("mr mrs ms mx miss dr prof professor sir dame rev herr frau madame monsieur senor senora".split())


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Something personal: its kind (one of ``KINDS``), and where it stands, in characters of its text."""

    kind: str
    text: str
    start: int
    end: int


#: Takes a text, with what is found already blanked, and yields (kind, start, end).
Recogniser = Callable[[str], Iterable[tuple[str, int, int]]]


def is_title(word: str) -> bool:
    """Say whether a word of a name is a title, which names nobody."""
    return word.rstrip(".").casefold() in _TITLES
