"""E-mail addresses, links and telephone numbers: what must be copied, not retold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dalle_kit.checks.facts import Found

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_ENDINGS = "com|org|net|io|dev|edu|gov|info|biz|app|ai|co|eu|uk|de|fr|nl|es|it|ch|at|se|no|dk|pl|us|ca|au|in|jp|example"
_URL = re.compile(
    rf"(?:https?|ftp)://[^\s<>\"]+|\bwww\.[^\s<>\"]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:{_ENDINGS})(?![\w-])(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.,:/-])(?:\+|00)?\(?\d[\d()./ \u00a0-]{5,}\d(?![\w:]|[.,]\d)")
#: Numbers that look like telephone numbers: dates, years in a row, amounts in groups of three, ranges.
_NO_PHONE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?: \d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: \d{1,2})?"
    r"|\d{1,3}(?:[ .\u00a0]\d{3})+|\d+ ?[-/] ?\d+|\d+\.\d+|\d{1,2}[.:]\d{2} ?- ?\d{1,2}[.:]\d{2}|\d+"
)
_DATE_WITHIN = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}([./])\d{1,2}\1\d{2,4}\b")
_DIGITS_ENOUGH, _DIGITS_COMPARED = 7, 7


def find_literals(text: str) -> Iterator[Found]:
    """Yield the e-mail addresses, links and telephone numbers."""
    taken: list[tuple[int, int]] = []
    for match in _EMAIL.finditer(text):
        taken.append(match.span())
        yield "address", *match.span(), (frozenset({f"address {match.group().casefold()}"}),)
    for match in _URL.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        url = match.group().rstrip(".,;:!?)'\u2019\u201d\"*_]")
        span = (match.start(), match.start() + len(url))
        taken.append(span)
        yield "address", *span, (frozenset({f"address {_same_url(url)}"}),)
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if _DATE_WITHIN.search(match.group()):
            continue
        overlaps = any(start < match.end() and match.start() < end for start, end in taken)
        long_run = match.group().isdecimal() and 9 <= len(digits) <= 12
        if overlaps or len(digits) < _DIGITS_ENOUGH or len(digits) > 15:
            continue
        if match.group()[0] in "+(" or long_run or not _NO_PHONE.fullmatch(match.group()):
            yield "phone number", *match.span(), (frozenset({phone_key(digits)}), frozenset({f"number {digits}"}))


def phone_key(digits: str) -> str:
    """Return the key of a telephone number: its last digits, for a country's prefix may be there or not."""
    return f"phone {digits[-_DIGITS_COMPARED:]}"


def _same_url(url: str) -> str:
    """Return a link without what makes no difference: the scheme, "www.", a last slash; the host in small letters."""
    bare = re.sub(r"^[a-z]+://", "", url, flags=re.IGNORECASE)
    bare = re.sub(r"^www\.", "", bare, flags=re.IGNORECASE)
    host, slash, path = bare.partition("/")
    return (host.casefold() + slash + path).rstrip("/")
