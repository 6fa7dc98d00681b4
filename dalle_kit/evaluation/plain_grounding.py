"""A second, simpler measure of grounding that shares nothing with the toolkit's own check.

Every e-mail address, web address, run of digits and every capitalised word inside a sentence must occur in what the
text was told, letter for letter but for capitals. It knows no other spelling of a number and no inflection, so it is
the stricter; a name at the beginning of a sentence it cannot tell from any other word.
"""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re
from collections.abc import Iterable

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]")
_DIGITS = re.compile(r"\d+")
_MARK_OF_LIST = re.compile(r"^[ \t]*\(?\d{1,2}[.)](?=\s)", re.MULTILINE)
_CAPITALISED = re.compile(r"(?<!\w)[^\W\d_]+(?:['’-][^\W\d_]+)*(?!\w)")
_BEGINS = re.compile(r"(?:\A|[\n.!?…:]|[-*•–(\[\"“‘„«>])[\s\"“‘„«(*_-]*\Z")
_TITLE_BEFORE = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof|St)\.\s\Z")
_MYSELF = frozenset({"i", "i'm", "i'll", "i've", "i'd"})


def ungrounded(text: str, known: Iterable[str]) -> list[tuple[int, int, str]]:
    """Return the values in a text that nothing known holds: start, end and the value."""
    told = "\n".join(known).casefold().replace("’", "'")
    words, digits = _words(told), set(_DIGITS.findall(told))
    found: list[tuple[int, int, str]] = []
    taken = [match.span() for match in _MARK_OF_LIST.finditer(text)]
    for match in _ADDRESS.finditer(text):
        taken.append(match.span())
        if match.group().casefold() not in told:
            found.append((*match.span(), match.group()))
    for match in _DIGITS.finditer(text):
        if match.group() not in digits and not _inside(match.start(), taken):
            found.append((*match.span(), match.group()))
    for match in _CAPITALISED.finditer(text):
        word = match.group()
        if word[0].isupper() and not _inside(match.start(), taken) and not _is_known(word, words):
            before = text[max(0, match.start() - 20) : match.start()]
            if not _BEGINS.search(before) or _TITLE_BEFORE.search(before):
                found.append((*match.span(), word))
    return sorted(found)


def _words(text: str) -> set[str]:
    """Return the words of a text, those joined by hyphens and their parts."""
    found = set(re.findall(r"\w+(?:['-]\w+)*", text))
    return found | {part for word in found for part in re.split(r"['-]", word)}


def _is_known(word: str, words: set[str]) -> bool:
    plain = word.casefold().replace("’", "'")
    stem = plain.removesuffix("'s")
    return plain in _MYSELF or plain in words or stem in words or all(part in words for part in stem.split("-"))


def _inside(place: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)
