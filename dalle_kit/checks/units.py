"""Units: numbers that were told without a currency, and are given one."""

from __future__ import annotations

import re

from dalle_kit.records import Finding

#: The spellings of each; a text that has one of them has the currency.
_CURRENCIES = (
    ("dollar", "$", "usd", "bucks"),
    ("euro", "\u20ac", "eur"),
    ("pound", "\u00a3", "gbp", "sterling", "lb"),
    ("franc", "chf"),
    ("yen", "\u00a5", "jpy"),
)
_AMOUNT = re.compile(
    r"[$\u20ac\u00a3\u00a5]\s?\d[\d.,]*|\d[\d.,]{0,30}\s?(?:million\s|billion\s)?(?:dollars?|euros?|pounds?|francs?|yen|[$\u20ac\u00a3\u00a5])(?!\w)",
    re.IGNORECASE,
)


def strange_units(text: str, known: str, *, slot: str | None = None) -> list[Finding]:
    """Return a finding for each amount of ``text`` in a currency that ``known``, all that was told, has not."""
    told = known.casefold()
    findings = []
    for match in _AMOUNT.finditer(text):
        said = match.group().casefold()
        spellings = next(each for each in _CURRENCIES if any(one in said for one in each))
        if not any(one in told for one in spellings):
            message = f"nobody said the currency of {match.group()!r}"
            findings.append(Finding("unsupported", "error", message, slot, match.span()))
    return findings
