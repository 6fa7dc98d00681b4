"""Whether a sentence keeps to its note: it adds no words that mean something, and does not mix the note's parts.

A half of the sentences that a small model writes with a word of meaning that nobody told are wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dalle_kit.checks.verbs import has_finite_verb
from dalle_kit.checks.word_classes import SUBJECTS, TIMES, TWELVE
from dalle_kit.checks.words import FIGURE, WORD, content_words, plain, stem, weight

#: Words that any note may be told with; "by", "from" and "until" say something of their own.
_LITTLE = frozenset(
    "a an the there it they them am is are was were be been being has have had do does did will of in on at to for "
    "and".split()
)
#: Words by which one is polite, sorry, or says what one wants; and what is left of "can't" and "won't".
_IDLE = frozenset(
    "could would able please kindly grateful afraid unfortunately let know tell sorry happy glad wish thank thanks "
    "apologise apologize book order ca wo sha".split()
)
#: Words for figures and their units, which say nothing new where the note has figures.
_FIGURES = frozenset(TWELVE) | frozenset(
    "twenty thirty forty fifty hundred thousand percent euro euros pound pounds dollar dollars hour hours minute "
    "minutes".split()
)
_FRAMES = re.compile(
    r"(?:\bwould|['\u2019]d) like\b|\bgoing to\b|\bplease note that\b|(?<=\d )years? old\b", re.IGNORECASE
)
#: Words that a note may begin with to say when or where, or how it is meant.
_FRONT = frozenset(
    "on in at from by for after before until till since during if when unless as yes no sorry unfortunately thanks "
    "please ok".split()
)
_NUMBERS = {word: str(number) for number, word in enumerate(TWELVE, start=1)}
_TOLD = re.compile(rf"{FIGURE.pattern}|{WORD.pattern}")


def adds_words(sentence: str, *told: str) -> bool:
    """Say whether an English sentence has words that mean something, beyond politeness, and are in no text told."""
    known = {stem(word) for text in told for word in WORD.findall(text)}
    idle = _IDLE | _FIGURES if any(re.search(r"\d", text) for text in told) else _IDLE
    words = content_words(_FRAMES.sub(" ", sentence))
    return any(word not in idle and stem(word) not in known for word in words)


def parts_of(note: str) -> list[str]:
    """Return the parts of a note, as commas divide it; those in dates and behind towns do not."""
    parts = [""]
    for piece in note.split(", "):
        before, after = parts[-1].split(), piece.split()
        is_date = bool(before and after) and before[-1].casefold().endswith("day") and after[0][0].isdigit()
        is_place = (
            len(before) > 1
            and bool(after)
            and before[-1][0].isupper()
            and after[0][0].isupper()
            and plain(before[-1]) not in TIMES
            and not has_finite_verb(piece)
        )
        parts = [*parts[:-1], f"{parts[-1]}, {piece}"] if is_date or is_place else [*parts, piece]
    return parts[1:]


def mixes_parts(sentence: str, note: str) -> bool:
    """Say whether a sentence leaves out a word that says much of a note with parts, or does not keep their order.

    A part has a subject of its own where it begins with one ("he was 84"). What is in several parts may be anywhere,
    and when or where it is, if the note begins with that.
    """
    parts = parts_of(note)
    if len(parts) == 1:
        return False
    said = _told(sentence)
    if {stem(word) for word in WORD.findall(note) if _says_much(word)} - set(said):
        return True
    words = set(map(plain, WORD.findall(sentence)))
    if {plain(word) for part in parts[1:] for word in WORD.findall(part)[:1]} & SUBJECTS - words:
        return True
    first = set(map(plain, WORD.findall(note)[:1]))
    return not first & (_FRONT | TIMES) and not _are_ordered(said, list(map(_told, parts)))


def _are_ordered(said: Sequence[str], parts: Sequence[Sequence[str]]) -> bool:
    places = [[number for number, part in enumerate(parts) if word in part] for word in said]
    order = [each[0] for each in places if len(each) == 1]
    return order == sorted(order)


def _told(text: str) -> list[str]:
    """Return the figures and the words of a text, in any form, but those that mean little."""
    words = _meant(_TOLD, text)
    return [_NUMBERS.get(plain(word)) or (word if word[0].isdigit() else stem(word)) for word in words]


def _says_much(word: str) -> bool:
    return weight(word) == 1.0 and not {plain(word)} & (_LITTLE | _IDLE | _NUMBERS.keys())


def _meant(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return what a pattern finds in a text, but for words that mean little."""
    return [word for word in pattern.findall(text) if plain(word) not in _LITTLE and plain(word) not in _IDLE]
