"""English number words: which there are, and how one number may be written."""

from __future__ import annotations

import re

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = (
    "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth"
).split()
_LARGE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_NUMBER = re.compile(
    r"[^\w\s]?(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(%|(?i:am|pm|st|nd|rd|th|k|m|h|km|kg|eur|usd|gbp|chf))?\Z"
)

#: Words that are numbers and nothing else; "one" and "second" are too often something else.
NUMBER_WORDS = frozenset(
    {*_ONES, *_TENS, *_ORDINALS, *_LARGE, *(f"{word}s" for word in _LARGE), "dozen", "dozens", "half"} - {"one"}
)

_VALUES = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
    **_LARGE,
    "dozen": 12,
    "half": 0.5,
}


def spellings(word: str) -> set[str]:
    """Return the other ways to write a word that is a number, in digits or letters; none where it is not one."""
    found = _NUMBER.match(word)
    if found and len(word) < 20:
        digits, unit = found.groups()
        forms = {digits, digits.replace(",", "")}
        if unit and unit.lower() in ("st", "nd", "rd", "th"):
            return forms | _ordinals(int(float(digits.replace(",", ""))))
        return forms | _forms(float(digits.replace(",", "")))
    lower = word.lower()
    if lower in _VALUES:
        return {lower, *_forms(float(_VALUES[lower]))}
    if lower in _ORDINALS:
        return {lower, *_ordinals(_ORDINALS.index(lower) + 3)}
    tens, _, ones = lower.partition("-")
    if tens in _TENS and ones in _ONES[1:10]:
        return {lower, *_forms(float(_VALUES[tens] + _VALUES[ones]))}
    return set()


def _forms(value: float) -> set[str]:
    forms = {f"{value:g}"} if value < 10**6 else set()
    forms |= {word for word, known in _VALUES.items() if known == value}
    if value == int(value):
        whole = int(value)
        forms |= {str(whole), f"{whole:,}"}
        if 20 < whole < 100 and whole % 10:
            forms.add(f"{_TENS[whole // 10 - 2]}-{_ONES[whole % 10]}")
        for word, size in (("million", 10**6), ("billion", 10**9)):
            if size <= whole < 1000 * size and whole % (size // 10) == 0:
                forms |= {word, f"{whole / size:g}"}
    return forms


def _ordinals(value: int) -> set[str]:
    words = {_ORDINALS[value - 3]} if 3 <= value <= 20 else set()
    return {str(value), ordinal(value)} | words


def ordinal(value: int) -> str:
    """Return a number's place in digits: 3rd."""
    teens = 10 < value % 100 < 14
    return f"{value}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th')}"
