"""Names: the words that stand with a capital letter because of what they are, not of where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dalle_kit.checks.words import fold, is_ordinary, is_stop_word, plain, stem

if TYPE_CHECKING:
    from dalle_kit.checks.facts import Found

_WORD = re.compile(r"(?<![\w\ufffc])[^\W\d_]+(?:['\u2019.&-][^\W\d_]+)*(?:\.(?=[A-Z]\b))?")
#: Whoever writes these with capitals says nothing new.
_FREE = frozenset(
    "i i'm i'd i'll i've ok asap fyi rsvp eta faq ps pm am re fwd cc bcc tbd tba aka etc q&a n/a diy vs id "
    "sir madam internet web god christmas xmas mr mrs ms".split()
)
_START = re.compile(
    r"(?:\A|[.!?:\u2026][\"')\]\u2019\u201d*_]*\s+|\n|[\u2022*\u2013\u2014-]\s+|[\"(\[\u201c\u2018\u00ab])[\s\"'(\[\u201c\u2018\u00ab*_]*\Z"
)
_ABBREVIATION = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|no|vs|[a-z])\.\s\Z", re.IGNORECASE)
_LANGUAGES_WITH_NOUNS = frozenset({"de"})
_TITLE_CASE, _TITLE_WORDS = 0.6, 4


def find_names(text: str, *, language: str = "en") -> Iterator[Found]:
    """Yield the names, word by word: "Priya Raman" is two, so that a part of a known name is known."""
    for line in re.finditer(r"[^\n]+", text):
        titled = _is_title(line.group())
        for match in _WORD.finditer(line.group()):
            word, start = match.group(), line.start() + match.start()
            if not any(character.isupper() for character in word) or _free(word):
                continue
            first = titled or _is_first(text, start)
            if not _is_name(word, first=first, language=language):
                continue
            yield "name", start, start + len(word), name_readings(word, language)


def name_keys(text: str, *, language: str = "en") -> set[str]:
    """Return the keys that every word of a text supports, as it stands, by its stem, and by the initials of a name."""
    words = [match.group() for match in re.finditer(r"[^\W_]+(?:['\u2019][^\W\d_]+)*", text)]
    keys = {key for word in words for key in _word_keys(word, language)}
    capital = [word for word in words if word[0].isupper() or word.casefold() not in ("and", "of", "the", "for")]
    for length in range(2, 7):
        for place in range(len(capital) - length + 1):
            run = capital[place : place + length]
            if all(word[0].isupper() for word in run):
                keys.add("word " + fold("".join(word[0] for word in run)))
    keys |= {f"word {fold(word[0])}" for word in words if word[0].isupper()}
    return keys


def _is_name(word: str, *, first: bool, language: str) -> bool:
    own = re.search(r"[^\W\d_][A-Z]", word)  # iPhone, McDonald, NATO
    if language in _LANGUAGES_WITH_NOUNS:
        return not is_ordinary(word, language)
    if first and (not own or word.isupper()):
        return not all(is_ordinary(part, language) for part in re.split(r"[-&.]", word) if part)
    return True


def name_readings(word: str, language: str) -> tuple[frozenset[str], ...]:
    """Return the readings of a name: itself, its stem, or its parts."""
    bare = plain(word)
    readings = [frozenset({f"word {fold(bare)}"}), frozenset({f"stem {stem(bare, language)}"})]
    parts = [part for part in re.split(r"[-&.'\u2019]", bare) if part]
    if len(parts) > 1:
        readings.append(frozenset(f"word {fold(part)}" for part in parts))
        readings.append(frozenset({f"word {fold(''.join(parts))}"}))
    return tuple(readings)


def _word_keys(word: str, language: str) -> set[str]:
    bare = plain(word)
    return {f"word {fold(bare)}", f"word {fold(word)}", f"stem {stem(bare, language)}"}


def _free(word: str) -> bool:
    folded = word.casefold().replace("\u2019", "'")
    return folded in _FREE or plain(word) in _FREE or (is_stop_word(word) and not word.isupper())


def _is_first(text: str, start: int) -> bool:
    before = text[max(0, start - 12) : start]
    if start <= 12:
        before = text[:start]
    return bool(_START.search(before)) and not _ABBREVIATION.search(before)


def _is_title(line: str) -> bool:
    """Say whether a line is written in capitals or title case, so that capitals say nothing."""
    if line.isupper() and line.count(" ") >= _TITLE_WORDS - 2:
        return True
    words: list[str] = re.findall(r"[^\W\d_]{4,}", line)
    if len(words) < _TITLE_WORDS or line.rstrip().endswith((".", "!", "?", ",")):
        return False
    return sum(word[0].isupper() for word in words) / len(words) >= _TITLE_CASE
