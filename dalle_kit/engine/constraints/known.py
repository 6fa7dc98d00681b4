"""The words that a grounded text may take from what is known."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dalle_kit.engine.constraints.numerals import NUMBER_WORDS, ordinal, spellings

_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_NEAR = "tomorrow yesterday tonight noon midnight".split()

#: Lower-case words that state a fact, and are free only if they are known: numbers, days and months.
HELD_WORDS = frozenset(
    {
        *NUMBER_WORDS,
        *_NEAR,
        *(form for day in _WEEKDAYS for form in (day.lower(), f"{day.lower()}s")),
        *(month.lower() for month in _MONTHS if month not in ("March", "May", "August")),
    }
)

#: Abbreviations that end in a full stop which does not end a sentence.
TITLES = frozenset("Dr Mr Mrs Ms Mx Prof St No Nos vs approx Fig Eq Rev Sr Jr Hon Gen Col Capt Lt Sgt Mt Ave".split())
_ABBREVIATIONS = TITLES | frozenset("Inc Ltd Co Corp etc dept ext incl excl est max min Bros Dept Ext".split())

_OUTER = ".,;:!?()[]{}<>\"'`*_|~\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u2026-/\\"
_BRACKETS = re.compile(r"[()\[\]{}<>]")
_ADDRESS = re.compile(r"://|@|\Awww\.|\A[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/|\Z)", re.IGNORECASE)
_JOINTS = re.compile('[/\u2010-\u2014()\\[\\]{}<>"\u201c\u201d+&=|,;:!?\u2026-]+')
_PARTS = re.compile("['\u2019-]")
_GROUPED = re.compile(r"\d(?:[,:.]\d+)+")
_POSSESSIVE = re.compile("['\u2019]s?\\Z")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What known texts allow: words anywhere in a sentence (as they are spelled), and further ones at its beginning.

    ``held`` are the words that stay forbidden in lower case too.
    """

    anywhere: tuple[str, ...]
    opening: tuple[str, ...]
    held: tuple[str, ...]


def known_words(texts: Iterable[str]) -> Known:
    """Return the words of texts, also without their outer punctuation, in parts, and numbers in other spellings."""
    words = {word for text in texts for raw in text.split() for word in _forms(raw)}
    words |= {form for word in words for form in (*spellings(word), *_days(word))}
    lower = {word.lower() for word in words}
    free = {word for word in words if _is_lower(word)}
    openings = {word[:1].upper() + word[1:] for word in free}
    openings |= {word.capitalize() for word in words if word.isupper() and word.isalpha() and len(word) > 3}
    anywhere = words - {word for word in free if HELD_WORDS.isdisjoint(_PARTS.split(word))}
    return Known(tuple(sorted(anywhere)), tuple(sorted(openings - anywhere)), tuple(sorted(HELD_WORDS - lower)))


def _is_lower(word: str) -> bool:
    """Say whether a word has lower-case letters only, with apostrophes and hyphens between them."""
    parts = _PARTS.split(word)
    return all(part and all(unicodedata.category(letter) == "Ll" for letter in part) for part in parts)


def _forms(raw: str) -> Iterator[str]:
    """Yield a word without its outer punctuation, its parts, and with the full stop of an abbreviation."""
    word = _strip(raw)
    if not word:
        return
    pieces = [word] if _ADDRESS.search(word) or spellings(word) else _parts(word)
    for piece in dict.fromkeys(pieces):
        if not _BRACKETS.search(piece):
            yield piece
        bare = _POSSESSIVE.sub("", piece)
        if bare:
            yield bare
    short = word in _ABBREVIATIONS or ("." in word and not _ADDRESS.search(word) and not word[0].isdigit())
    if short and raw.rstrip(_OUTER.replace(".", "")).endswith("."):
        yield f"{word}."


def _parts(word: str) -> list[str]:
    if _GROUPED.search(word):
        # The colons and commas within a time or an amount stay.
        parts = [_strip(part) for part in re.split("[/\u2010-\u2014+&=-]+", word)]
    else:
        parts = [_strip(part) for part in _JOINTS.split(word)]
    if len(parts) > 2 and all(part.isdigit() for part in parts):
        return [word]  # a date or a telephone number: a part of it says nothing
    return [word, *(part for part in parts if part)]


def _strip(word: str) -> str:
    """Return a word without outer punctuation; a sign before a number stays."""
    bare = word.rstrip(_OUTER)
    stripped = bare.lstrip(_OUTER)
    sign = bare[: len(bare) - len(stripped)][-1:]
    return sign + stripped if sign in ("-", ".", "\u2013") and sign and stripped[:1].isdigit() else stripped


def _days(word: str) -> set[str]:
    """Return other names of the day or month that a word stands for."""
    found = _DATE.match(word)
    if found:
        try:
            date = datetime.date(*map(int, found.groups()))
        except ValueError:
            return set()
        day = str(date.day)
        names = {_WEEKDAYS[date.weekday()], _MONTHS[date.month - 1], day, str(date.year)}
        return names | {ordinal(date.day)}
    names = {name for name in (*_WEEKDAYS, *_MONTHS) if name[:3].lower() == word.lower()}
    return names if word[:1].isupper() else set()
