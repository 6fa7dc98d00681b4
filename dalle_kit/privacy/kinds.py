"""The kinds of personal data, and the record of what was found."""

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


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Something personal: its kind (one of ``KINDS``), and where it stands, in characters of its text."""

    kind: str
    text: str
    start: int
    end: int


#: Takes a text, with what is found already blanked, and yields (kind, start, end).
Recogniser = Callable[[str], Iterable[tuple[str, int, int]]]
