"""Leaks: what is personal in a text and was not told to its writer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from dalle_kit.checks import Fact, Source
from dalle_kit.checks.names import name_readings
from dalle_kit.privacy.characters import simplified
from dalle_kit.privacy.finder import PersonalFinder
from dalle_kit.privacy.kinds import PersonalData, is_title
from dalle_kit.records import Finding

#: The name of the check.
PERSONAL_DATA = "personal data"

_PHONE = re.compile(r"\+?\(?\d[\d()./ -]{5,24}\d")
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
    told = _Told(source)
    return [each for each in finder.find(text) if not told.has(each)]


class _Told:
    """What a writer was told, prepared once for all that is held against it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = simplified("\n".join(source.texts)).casefold()

    @cached_property
    def _bare(self) -> str:
        return "\n".join(_bare(simplified(text).casefold()) for text in self._source.texts)

    @cached_property
    def _runs(self) -> frozenset[str]:
        """What stands between spaces and other marks: whole, and parted at colons ("mailto:") and at the sign."""
        runs = re.findall(r"[\w.+%@:-]+", self._text)
        parts = (part for run in runs for part in (run, *run.split(":"), *re.split("[:@]", run)))
        return frozenset(part.strip(".:-") for part in parts)

    @cached_property
    def _phones(self) -> Mapping[str, Sequence[str]]:
        """The telephone numbers, by their last digits."""
        phones: dict[str, list[str]] = defaultdict(list)
        for match in _PHONE.finditer(self._text):
            digits = _subscriber(match.group())
            phones[digits[-_LEAST_DIGITS:]].append(digits)
        return phones

    def has(self, found: PersonalData) -> bool:
        """Say whether it was told, however it was written there."""
        text = simplified(found.text).casefold()
        if found.kind in _NUMBERS:
            return _bare(text) in self._bare or (found.kind == "phone number" and self._has_phone(_subscriber(text)))
        if found.kind in _WORDS:
            return text.lstrip("@") in self._runs
        return all(self._has_part(word) for word in _words(found, self._source.language))

    def _has_phone(self, digits: str) -> bool:
        """Say whether it has the number with a country's prefix, or without."""
        others = self._phones.get(digits[-_LEAST_DIGITS:], ()) if len(digits) >= _LEAST_DIGITS else ()
        return any(other.endswith(digits) or digits.endswith(other) for other in others)

    def _has_part(self, word: Fact) -> bool:
        """Say whether it has a word of a name or address; a postcode may stand without its space."""
        is_code = re.search(r"\d", word.text) is not None and not word.text.isdecimal()
        return self._source.supports(word) or (is_code and word.text.casefold() in self._bare)


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


def _bare(text: str) -> str:
    return re.sub(r"[\s()./-]+", "", text)


def _subscriber(number: str) -> str:
    """Return a telephone number's digits without what stands before them in one way of writing and not in another."""
    return re.sub(r"\D", "", re.sub(r"\(0\)|[ ,]*(?:x|ext).*\Z", "", number)).lstrip("0")
