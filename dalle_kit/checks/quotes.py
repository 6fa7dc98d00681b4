"""Quotations: verbatim or absent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dalle_kit.records import Finding

_QUOTED = re.compile(
    r"\"(?P<straight>[^\"\n]{1,2000})\"|\u201c(?P<curly>[^\u201d\n]{1,2000})\u201d|\u201e(?P<low>[^\u201c\u201d\n]{1,2000})[\u201c\u201d]"
    r"|\u00ab\s?(?P<angle>[^\u00bb\n]{1,2000}?)\s?\u00bb|(?<!\w)\u2018(?P<single>[^\u2018\n]{3,2000}?)\u2019(?!\w)"
)
#: Shorter ones set a word off and cite nobody.
_WORDS_OF_A_QUOTATION = 3


def altered_quotes(text: str, quotes: Sequence[str], *, slot: str | None = None) -> list[Finding]:
    """Return a finding for each quotation in ``text`` whose words are not, in their order, words of one of ``quotes``.

    ``quotes`` are the texts that may be quoted; a part of one may be, with "..." where words are left out.
    """
    known = [_words(quote) for quote in quotes]
    findings = []
    for match in _QUOTED.finditer(text):
        said = next(group for group in match.groups() if group is not None)
        parts = [part for part in (_words(each) for each in re.split(r"\[?(?:\.\.\.|\u2026)\]?", said)) if part.strip()]
        if len(said.split()) < _WORDS_OF_A_QUOTATION or any(_follows(parts, quote) for quote in known):
            continue
        message = f"{said[:80]!r} is quoted, but nobody said it in these words"
        findings.append(Finding("quote", "error", message, slot, match.span()))
    return findings


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+(?:['\u2019]\w+)*", text.casefold().replace("\u2019", "'"))) + " "


def _follows(parts: Sequence[str], quote: str) -> bool:
    """Say whether the parts stand in the quotation, one after another."""
    place = 0
    for part in parts:
        found = quote.find(part, place)
        if found < 0:
            return False
        place = found + len(part) - 1
    return True
