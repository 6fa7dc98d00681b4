"""Comparing what a text says with what it was told: content words, and numbers in their various spellings."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re

_STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before but by can could did do does for from "
    "had has have he her him his how i if in into is it its just me more my no not now of on or our out over please "
    "she should so some than that the their them then there these they this to too up us was we were what when "
    "where which who will with would you your der die das und ist ein eine le la les un une et est el los una y es "
    "il lo e het een en".split()
)
_NUMBER = re.compile(r"(?<![\w.])[^\W_]*\d(?:[\w:.,/'’%°€$£-]*[\w%°€$£])?")
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.]\d{2})?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE)
_AFTER = re.compile(r"\s*([ap])\.?m\b", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}([./])\d{1,2}\1\d{2,4}")
_SPELLED = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}
_SPELLED_NUMBER = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b", re.IGNORECASE)
_LIST_MARK = re.compile(r"^[ \t]*\(?\d{1,2}[.)](?=\s)", re.MULTILINE)


def content_words(text: str) -> list[str]:
    """Return a text's words that carry meaning, in small letters, without numbers."""
    words = re.findall(r"[^\W\d_]{2,}", text.casefold())
    return [word for word in words if word not in _STOP_WORDS]


def is_mentioned(word: str, said: set[str]) -> bool:
    """Say whether a word, or another form of it, is among the words said."""
    if word in said:
        return True
    return len(word) >= 5 and any(other.startswith(word[:5]) for other in said)


def numbers(text: str, *, spelled: bool = True) -> list[re.Match[str]]:
    """Return the words of a text that hold digits, and small numbers in English words; marks of lists are none."""
    marks = {position for mark in _LIST_MARK.finditer(text) for position in range(*mark.span())}
    found = [match for match in _NUMBER.finditer(text) if match.start() not in marks or match.end() - 1 not in marks]
    return found + (list(_SPELLED_NUMBER.finditer(text)) if spelled else [])


def number_forms(match: re.Match[str]) -> set[str]:
    """Return the spellings under which a number counts as the same: 14:00 is 2 pm, 1,000 is 1000, 3rd is 3."""
    word = match.group().casefold()
    if word in _SPELLED:
        return {_SPELLED[word]}
    if _half_of_day(match, word):
        return _clock_forms(match, word)
    forms = {word, re.sub(r"[.,'’](?=\d{3}(?!\d))", "", word)}
    stripped = re.sub(r"^[$€£]|[%°€$£]$|(?<=\d)(?:st|nd|rd|th|er|e|º|ª)$", "", word)
    forms.add(stripped.lstrip("0") or "0")
    return forms | _clock_forms(match, word)


def supported_forms(text: str) -> set[str]:
    """Return the forms of all numbers in a text, and of the parts of its dates: 2025-06-12 supports 12 and 2025."""
    found = numbers(text)
    return {form for match in found for form in number_forms(match) | _date_parts(match)}


def is_supported(match: re.Match[str], supported: set[str]) -> bool:
    """Say whether a number has a form among the supported ones; of a date, two parts do (the month may be a word)."""
    return bool(number_forms(match) & supported) or len(_date_parts(match) & supported) >= 2


def _date_parts(match: re.Match[str]) -> set[str]:
    if not _DATE.fullmatch(match.group()):
        return set()
    return {part.lstrip("0") for part in re.findall(r"\d+", match.group())}


def _half_of_day(match: re.Match[str], word: str) -> str | None:
    """Return "a" or "p" for a time before or after noon."""
    time = _TIME.fullmatch(word)
    after = _AFTER.match(match.string, match.end())
    return (time[3] or (after[1].casefold() if after else None)) if time else None


def _clock_forms(match: re.Match[str], word: str) -> set[str]:
    time, half = _TIME.fullmatch(word), _half_of_day(match, word)
    if not time or (time[2] is None and half is None):
        return set()
    hour, minute = int(time[1]), int(time[2] or 0)
    if hour > 24 or minute > 59:
        return set()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    # Without "am" or "pm" an hour up to 12 may be either.
    hours = {hour, hour + 12} if half is None and hour < 12 else {hour}
    return {f"clock {each % 24}:{minute:02}" for each in hours}
