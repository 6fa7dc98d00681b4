"""Stand-ins for the names of people: words for words, one for one, so that the names can be put back."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, count, pairwise, product

from dalle_kit.blinding.people import PARTICLES, name_parts
from dalle_kit.checks.words import fold, is_ordinary, is_stop_word, plain

#: Names that women and men have, that are no other word, and do not end in s, whose possessive has two forms.
_FIRST = "Alex Taylor Jamie Robin Casey Riley Quinn Kim Dana Jesse Logan Charlie Devon Shannon Jackie Kelly".split()
_LAST = "Palmer Watson Bennett Norton Carson Sutton Barton Keller Adler Weber Moore Dawson Burton Bradley".split()

_EDGES = r"(?<![^\W_]){}(?=s?(?![^\W_\u0300-\u036f]))"
_ADDRESS = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w.-]+")
_LETTERS, _WORDS = re.compile(r"[^\W\d_]+"), re.compile(r"[^\W_]+")
#: After these, or before a number, a word that is also a month is one.
_DATED = re.compile(
    r"(?:\d(?:st|nd|rd|th)?(?: of)?|\b(?:in|by|of|until|till|since|from|to|this|last|next|early|late|mid|and|or|for|"
    r"before|after|during|through))[ -]\Z",
    re.IGNORECASE,
)
_DATE = re.compile(r" \d")
_MONTHS = frozenset("april may june july august".split())
#: A sentence whose first word stands before one of these begins with a word, not with a name.
_GOES_ON = re.compile(
    r" (?:the|an?|you|we|i|he|she|it|they|there|this|that|these|those|my|your|our|his|her|its|their|us|him|them|all|"
    r"any|some|be|not|to|in|on|at|by|for|as|with|when|if)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[^.!?\n]*\?")
_BEGINS = re.compile(r"(?:\A|[.!?:\n\u2022*-])[\s\"'(]*\Z")


class StandIns:
    """Maps each part of the names of people to another name that nothing else in the texts has.

    A first name becomes a first name, a family name a family name; all who share one share its stand-in. Each spelling
    has its own, so that ``reveal(blind(text)) == text`` for every text without a stand-in in it.
    """

    def __init__(self, people: Iterable[str], *, seen: Iterable[str]) -> None:
        """Choose stand-ins for the names ``people`` has, all of which are other words than those ``seen``."""
        named = sorted(map(name_parts, people), key=len, reverse=True)  # a whole name tells which part is the first
        self._seen = "\n".join(chain(seen, *named)).casefold()
        self._words = frozenset(_WORDS.findall(self._seen))
        self._free: dict[bool, Iterator[str]] = {
            True: chain(_FIRST, map("-".join, product(_FIRST, _LAST)), map("Person{}".format, count(1))),
            False: chain(_LAST, map("-".join, product(_LAST, _FIRST)), map("Family{}".format, count(1))),
        }
        self._first: dict[str, bool] = {}
        self._folded: set[str] = set()
        self._shown: dict[str, str] = {}
        self._real: dict[str, str] = {}
        self._pairs: set[tuple[str, str]] = set()
        for parts in named:
            self._pairs |= {(fold(one), fold(other)) for one, other in pairwise(parts)}
            for place, part in enumerate(parts):
                self._add(part, first=place == 0)
        for part, first in list(self._first.items()):
            for piece in re.split(r"[ '\u2019-]", part):
                if len(piece) > 1 and piece[0].isupper() and piece.casefold() not in PARTICLES:
                    self._add(piece, first=first)
        self._add_addresses()
        self._spellings = frozenset(_spellings(self._first))
        # Scripts without capitals write words without blanks between.
        caseless = {spelling for spelling in self._spellings if not _has_case(spelling)}
        self._names = _alternatives(self._spellings, anywhere=caseless, flags=re.IGNORECASE)

    @property
    def names(self) -> tuple[str, ...]:
        """The parts of names that are not shown."""
        return tuple(self._first)

    @property
    def shown(self) -> tuple[str, ...]:
        """What is shown in their place."""
        return tuple(self._real)

    def blind(self, text: str) -> str:
        """Return a text with stand-ins in the place of the names."""
        if self._names is None:
            return text
        addresses = [match.span() for match in _ADDRESS.finditer(text)]

        def other(match: re.Match[str]) -> str:
            place = bisect_right(addresses, (match.start(), len(text))) - 1
            within = place >= 0 and match.start() < addresses[place][1]
            return self._stand_in(match.group()) if within or self._is_name(match) else match.group()

        return self._names.sub(other, text)

    def reveal(self, text: str) -> str:
        """Return a text with the names in the place of their stand-ins."""
        caseless = {shown for shown, real in self._real.items() if not _has_case(real)}
        pattern = _alternatives(self._real, anywhere=caseless, flags=re.NOFLAG)
        return pattern.sub(lambda match: self._real[match.group()], text) if pattern else text

    def are_in(self, texts: Iterable[str]) -> bool:
        """Say whether one of the stand-ins is a word of a text by itself, as none is of those it was chosen beside."""
        told = "\n".join(texts).casefold()
        words = frozenset(_WORDS.findall(told))
        rows = self._real.items()
        return any(word in (words if _has_case(real) else told) for shown, real in rows for word in _forms(shown))

    def _add(self, part: str, *, first: bool) -> None:
        if part.isupper() or part.islower():
            part = part.title()  # however it was typed, a text says it as a name is written
        if part.casefold() not in self._folded:
            self._folded.add(part.casefold())
            self._first[part] = first
            self._choose(part, first=first)

    def _choose(self, spelling: str, *, first: bool) -> str:
        """Choose a stand-in for a spelling, in small letters and in capitals as well."""
        # Where scripts have no blanks, a stand-in must not even be a part of a word.
        taken = self._words if _has_case(spelling) else self._seen
        shown = next(each for each in self._free[first] if not any(word in taken for word in _forms(each)))
        for real, other in (
            (spelling, shown),
            (spelling.upper(), shown.upper()),
            (spelling.lower(), shown.lower()),
        ):
            self._shown.setdefault(real, other)
            self._real.setdefault(other, real)
        return shown

    def _stand_in(self, spelling: str) -> str:
        if spelling not in self._shown:
            first = next((first for part, first in self._first.items() if fold(part) == fold(spelling)), False)
            self._choose(spelling, first=first)
        return self._shown[spelling]

    def _is_name(self, match: re.Match[str]) -> bool:
        """Say whether a word that is a name, and may be another word as well, is the name where it stands."""
        word, text = match.group(), match.string
        is_month = word.casefold() in _MONTHS
        if " " in word or not (is_month or is_ordinary(word)):
            return True
        before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 40]
        if self._is_beside(before, word, after):
            return True
        if not word[0].isupper() or word.isupper():
            return False
        if is_month and (_DATED.search(before) or _DATE.match(after)):
            return False
        asks = is_stop_word(word) and _QUESTION.match(text, match.end(), match.end() + 300)
        return not (_BEGINS.search(before) and (asks or _GOES_ON.match(after)))

    def _is_beside(self, before: str, word: str, after: str) -> bool:
        """Say whether a word stands beside the part of a name that it stands beside in the name."""
        one, other = re.search(r"([^\W\d_][\w'\u2019-]*) \Z", before), re.match(r" ([^\W\d_][\w'\u2019-]*)", after)
        pairs = ((match[1], word) if match is one else (word, match[1]) for match in (one, other) if match)
        return any((fold(plain(first)), fold(plain(second))) in self._pairs for first, second in pairs)

    def _add_addresses(self) -> None:
        """Add the words of addresses that have a name in them without a mark between: "praman" of Priya Raman."""
        parts = {fold(part) for part in self._first if len(part) > 2}
        for address in _ADDRESS.findall(self._seen):
            for word in _LETTERS.findall(address.partition("@")[0]):
                folded = fold(word)
                within = folded not in parts and any(part in folded for part in parts)
                if within and not is_ordinary(word):
                    self._add(word, first=False)


class Revealing:
    """Puts the names back into a text that comes piece by piece; what may be part of a stand-in is held back."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._held = ""

    def push(self, piece: str) -> str:
        """Return what is certain with the next piece."""
        text = self._held + piece
        # The last word may go on, and a stand-in may have a hyphen.
        match = re.search(r"[\w\u0300-\u036f'\u2019-]*\Z", text)
        certain = match.start() if match else len(text)
        self._held = text[certain:]
        return self._stand_ins.reveal(text[:certain])

    def flush(self) -> str:
        """Return what was held back, when no more comes."""
        text, self._held = self._held, ""
        return self._stand_ins.reveal(text)


def _spellings(parts: Iterable[str]) -> list[str]:
    """Return the ways in which parts of names are spelled: composed or not, without accents, with either apostrophe."""
    found: dict[str, None] = {}
    for part in parts:
        bare = "".join(each for each in unicodedata.normalize("NFD", part) if not unicodedata.combining(each))
        for form in (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part), bare):
            for spelled in (form, form.replace("'", "\u2019"), form.replace("\u2019", "'")):
                found |= dict.fromkeys((spelled, spelled.upper(), spelled.lower()))
    return list(found)


def _alternatives(words: Iterable[str], *, anywhere: Container[str], flags: re.RegexFlag) -> re.Pattern[str] | None:
    """Return a pattern for words that are not within others, the longest first; those of ``anywhere`` may be."""
    ordered: Sequence[str] = sorted(words, key=lambda word: (-len(word), word))
    if not ordered:
        return None
    cased = "|".join(re.escape(word) for word in ordered if word not in anywhere)
    others = [re.escape(word) for word in ordered if word in anywhere]
    return re.compile("|".join([*others, *([_EDGES.format(f"(?:{cased})")] if cased else [])]), flags)


def _forms(shown: str) -> Iterator[str]:
    """Yield the words that would be taken for a stand-in."""
    for word in _WORDS.findall(shown.casefold()):
        yield from (word, f"{word}s")


def _has_case(word: str) -> bool:
    return word.lower() != word.upper()
