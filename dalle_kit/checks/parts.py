"""Parts of a note: one of which nothing is said, what has come into another one, and a bound turned into the other.

"Please bring a jumper." leaves out of "heating is off, bring a jumper" why; "Room B12 was moved to Thursday." makes of
"moved to Thursday, room B12" that the room was; "open from 10pm" turns "open till 10pm".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from dalle_kit.checks.events import Read
from dalle_kit.checks.negation import denies, has_negative_word
from dalle_kit.checks.words import FIGURE, WORD, stem, weight

#: Where notes begin another part.
_BETWEEN = re.compile(r"[,;:]\s|\s(?:and|or|but|because|\+)\s")
_PARTS = re.compile(r"[,;:]\s")
#: Where something is: not what is moved there.
_PLACE = frozenset("room floor hall gate platform shelf desk building street door entrance row bay".split())
#: Where sentences do.
_CLAUSES = re.compile(r"[,;:]\s|\s(?:and|but|while|whereas)\s")
#: A note with more parts is a list.
_MOST_PARTS = 6
#: Words by which a figure is of one time or another.
_WHEN = frozenset("before last next ago".split())
#: What begins or ends at a figure, and the figure.
_STARTS = re.compile(r"\b(?:from|after|since|as of|starting) (?=(\d[\w:.]*))", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:until|till?|by|up to) (?=(\d[\w:.]*))", re.IGNORECASE)


def lost_part(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether nothing is left of one of the parts of a point: none of its words that say much, in any form.

    A part with a figure, or one that denies, is left to the checks of these: denials are said in many ways.
    """
    parts = _BETWEEN.split(point)
    if len(parts) == 1:
        return None
    said = {stem(word) for sentence in sentences for word in WORD.findall(sentence)}
    for part in parts:
        words = WORD.findall(part)
        telling = {stem(word) for word in words if len(word) > 1 and weight(word) == 1.0}
        judged = len(words) > 1 and not (re.search(r"\d", part) or denies(part) or has_negative_word(part))
        if judged and telling and not telling & said:
            return f"nothing says {part.strip()!r}"
    return None


def moved_part(point: str, sentence: str, said: Read) -> str | None:
    """Return whether the figures of two parts have changed places, or what is done is done to a place that is told."""
    parts = _PARTS.split(point)
    if not 1 < len(parts) <= _MOST_PARTS:
        return None
    words, figures = _own([_telling(part) for part in parts]), _own([set(FIGURE.findall(part)) for part in parts])
    moved = {
        (one, other)
        for clause in _CLAUSES.split(sentence)
        for one in range(len(parts))
        for other in range(len(parts))
        if figures[one] & set(FIGURE.findall(clause)) and not figures[other] & set(FIGURE.findall(clause))
        if words[other] & _telling(clause) and not words[one] & _telling(clause)
    }
    if any((other, one) in moved for one, other in moved):
        return "figures have changed places"
    first, places = WORD.findall(parts[0])[:1], {stem(word) for word in WORD.findall(point) if word in _PLACE}
    for event in said.events:
        if event.passive and [event.word] == first and event.subject and event.subject.words & places:
            return f"what is {event.word!r} is a place"
    return None


def _telling(text: str) -> set[str]:
    """Return the words of a text that say much, or when, in any form."""
    words = (word for word in WORD.findall(text) if len(word) > 1)
    return {stem(word) for word in words if (word.isalpha() and weight(word) == 1.0) or word.casefold() in _WHEN}


def _own(parts: Sequence[set[str]]) -> list[set[str]]:
    """Return of each of several sets what is in no other."""
    counts = Counter(each for part in parts for each in part)
    return [{each for each in part if counts[each] == 1} for part in parts]


def turned_bound(point: str, sentences: Sequence[str]) -> str | None:
    """Return whether what a point lets end at a figure begins there, or the other way round."""
    text = " ".join(sentences)
    for told, other in ((_ENDS, _STARTS), (_STARTS, _ENDS)):
        turned = (_figures(told, point) - _figures(other, point)) & (_figures(other, text) - _figures(told, text))
        if turned:
            return f"it {'ends' if told is _ENDS else 'begins'} at {min(turned)!r}"
    return None


def _figures(bound: re.Pattern[str], text: str) -> set[str]:
    return {figure.casefold().rstrip(".") for figure in bound.findall(text)}
