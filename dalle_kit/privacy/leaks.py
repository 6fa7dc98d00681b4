"""Leaks: what is personal in a text and was not told to its writer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dalle_kit.checks import Fact, Source
from dalle_kit.checks.names import name_readings
from dalle_kit.privacy.characters import simplified
from dalle_kit.privacy.finder import PersonalFinder
from dalle_kit.privacy.kinds import PersonalData, is_title
from dalle_kit.records import Finding

#: The name of the check.
PERSONAL_DATA = "personal data"

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)*")
_NUMBERS = frozenset({"phone number", "card number", "bank account", "id number"})
_WORDS = frozenset({"e-mail address", "IP address", "user name"})
#: Words of an address that say nothing about whose it is.
_FREE = frozenset(
    "street st avenue ave road rd lane ln "
    "drive boulevard blvd court ct place pl square sq apt apartment suite ste unit flat floor po box usa uk".split()
)
_LEAST_DIGITS = 7


def leaks(text: str, source: Source, *, finder: PersonalFinder, slot: str | None = None) -> list[Finding]:
    """Return an error for each thing in ``text`` that is personal and not in ``source``, however written there."""
    return [
        Finding(
            PERSONAL_DATA,
            "error",
            f"the {each.kind} {each.text!r} is not in the request",
            slot,
            (each.start, each.end),
        )
        for each in leaked(text, source, finder=finder)
    ]


def leaked(text: str, source: Source, *, finder: PersonalFinder) -> list[PersonalData]:
    """Return what is personal in ``text`` and not in ``source``: spaces in numbers, case and prefixes aside."""
    return [each for each in finder.find(text) if not _is_told(each, source)]


def _is_told(found: PersonalData, source: Source) -> bool:
    told = [simplified(text) for text in source.texts]
    text = simplified(found.text)
    if found.kind in _NUMBERS:
        return any(_has_number(each, text, is_phone=found.kind == "phone number") for each in told)
    if found.kind in _WORDS:
        return any(_has_word(each.casefold(), text.casefold().lstrip("@")) for each in told)
    return all(_has_part(source, word) for word in _words(found, source.language))


def _has_part(source: Source, word: Fact) -> bool:
    """Say whether a word of a name or address was told; a postcode may stand without its space."""
    is_code = re.search(r"\d", word.text) is not None and not word.text.isdecimal()
    return source.supports(word) or (is_code and any(word.text.casefold() in _bare(told) for told in source.texts))


def _words(found: PersonalData, language: str) -> Iterator[Fact]:
    """Yield the words of a name or address as facts, so that a part of what was told is told."""
    for match in _WORD.finditer(found.text):
        word = match.group()
        if word.casefold() in _FREE or is_title(word):
            continue
        readings = name_readings(word, language)
        if word.isdecimal():
            readings = (*readings, frozenset({f"number {int(word)}"}))
        yield Fact("name", word, found.start + match.start(), readings)


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w.+%-]){re.escape(word)}(?![\w-]|\.\w)", text) is not None


def _has_number(text: str, found: str, *, is_phone: bool) -> bool:
    """Say whether a text has the number, with other separators or a telephone's without a country's prefix."""
    if _bare(found) in _bare(text):
        return True
    if not is_phone:
        return False
    number = _subscriber(found)
    told = (_subscriber(match.group()) for match in re.finditer(r"\+?\(?\d[\d()./ \u00a0-]{5,24}\d", text))
    return any(
        one.endswith(other)
        for each in told
        for one, other in ((number, each), (each, number))
        if len(other) >= _LEAST_DIGITS
    )


def _bare(text: str) -> str:
    return re.sub(r"[\s()./-]+", "", text.casefold())


def _subscriber(number: str) -> str:
    """Return a telephone number's digits without what stands before them in one way of writing and not in another."""
    return re.sub(r"\D", "", re.sub(r"\(0\)|[ ,]*(?:x|ext).*\Z", "", number)).lstrip("0")
