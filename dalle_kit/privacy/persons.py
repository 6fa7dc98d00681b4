"""Persons by what stands around their names, for where no model is that knows names."""

from __future__ import annotations

import re
from collections.abc import Iterator

Found = tuple[str, int, int]

_NAME = r"[A-Z][^\W\d_A-Z][^\W\d_]{0,30}(?:[-'\u2019][A-Z][^\W\d_]{1,30})?"
_FULL = rf"{_NAME}(?: (?:[A-Z]\. ?)?(?:(?:van|von|de|der|den|da|di|la|le|el|al|bin) ){{0,2}}{_NAME}){{0,2}}"
_TITLED = re.compile(
    rf"\b(?:Mrs?|Ms|Mx|Miss|Dr|Prof|Professor|Sir|Dame|Rev|Herr|Frau|Madame|Monsieur)\b\.? (?:{_FULL})"
)
_GREETED = re.compile(
    rf"^[> \t]*(?:Dear|Hi|Hello|Hey)[ ,]{{1,2}}(?P<name>{_FULL})(?=[ \t]*[,!:\n.]|[ \t]*\Z)", re.MULTILINE
)
_CALLED = re.compile(rf"\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]he|[Tt]heir) (?:full |first |last )?name is (?P<name>{_FULL})")
_SIGNED = re.compile(
    rf"^(?:(?:Best|Kind|Warm|Many|With) )*(?:[Rr]egards|[Ww]ishes|[Tt]hanks|Sincerely|"
    rf"Yours (?:sincerely|faithfully|truly)|Cheers|Best),?\n+(?P<name>{_FULL})[ \t]*$",
    re.MULTILINE,
)
_TITLES = frozenset("mr mrs ms mx miss dr prof professor sir dame rev herr frau madame monsieur".split())
#: Whom a greeting may name that is nobody.
_NOBODY = frozenset(
    "sir madam sirs all everyone everybody team colleague colleagues customer customers friend friends members member "
    "parents there hiring support reader readers neighbour neighbours neighbor neighbors students guests folks".split()
)


def find_persons(text: str) -> Iterator[Found]:
    """Yield the persons that a title, a greeting or a sign-off names."""
    for match in _TITLED.finditer(text):
        yield "person", *match.span()
    for pattern in (_GREETED, _CALLED, _SIGNED):
        for match in pattern.finditer(text):
            if match["name"].split()[0].casefold() not in _NOBODY:
                yield "person", *match.span("name")


def is_title(word: str) -> bool:
    """Say whether a word of a name is a title, which names nobody."""
    return word.casefold() in _TITLES
