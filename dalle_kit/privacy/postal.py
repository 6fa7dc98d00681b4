"""Postal addresses: a street with its number, and what follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

Found = tuple[str, int, int]

_TYPES = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Close|"
    "Crescent|Cres|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Trail|Trl|Row|Mews|Gardens|Grove|Hill|Alley|Walk|Quay|Wharf"
)
_UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room)\.? ?#?\w{1,6}"
_CODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d"
_TAIL = rf"(?:,? ?(?:{_UNIT}))?(?:(?:,\s?|\s)(?:[A-Z][\w.'-]+ ?){{1,3}})?(?:,?\s(?:[A-Z]{{2}} )?(?:{_CODE})(?!\w))?"
_STREET = re.compile(
    rf"(?<![\w.,-])\d{{1,5}}[A-Za-z]?(?:-\d{{1,4}})?,? (?:(?:[NSEW]\.? )?(?:[A-Z][\w.'\u2019-]{{0,30}} ){{1,4}})"
    rf"(?:{_TYPES})\b\.?(?:{_TAIL})"
)
_BOX = re.compile(rf"\bP\.? ?O\.? ?Box \d{{1,7}}\b(?:{_TAIL})", re.IGNORECASE)


def find_places(text: str) -> Iterator[Found]:
    """Yield the postal addresses."""
    for pattern in (_STREET, _BOX):
        for match in pattern.finditer(text):
            yield "postal address", match.start(), match.start() + len(match.group().rstrip())
