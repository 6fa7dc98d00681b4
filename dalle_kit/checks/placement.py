"""Placement: numbers, dates, times and amounts that were told, but of something else.

"1,954 soldiers helped", where the points are "highest level since 1954" and "army helps with 400 soldiers", holds
nothing that is not in the request. What gives it away is that the sentence has no other word of the point that its
number is from, or that it makes the number the name of a thing which that point does not speak of: "room 14:00", or
counts with it a time that it does not: "2,028 days" for the year 2028.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dalle_kit.checks.facts import Fact, find_facts
from dalle_kit.checks.grounding import Source
from dalle_kit.checks.sentences import all_sentences
from dalle_kit.checks.words import WORD, stem, weight
from dalle_kit.records import Finding

_LAST_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]+) \Z")
#: Things that are told apart by a number behind their name.
_NUMBERED = (
    "room gate door platform flat floor building hall terminal bay row seat track house apartment page chapter "
    "line bus tram flight order invoice ticket desk table locker counter box stand"
).split()
#: So many words of another point are more than a way to name what both speak of.
_BORROWED = 2
#: Times that a number counts, and what notes write for them.
_COUNTED = re.compile(
    r"[ -](seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?)\b(?![ -]old\b)", re.IGNORECASE
)
_ABBREVIATED = re.compile(r"\d ?(?:sec?|min|h|hrs?|d|wks?|mon?|yrs?|y)s?\b", re.IGNORECASE)


def misplaced(
    text: str, points: Sequence[str], *, beside: Source | None = None, slot: str | None = None, language: str = "en"
) -> list[Finding]:
    """Return a finding for each figure of ``text`` whose sentence shares no word with a point that has the figure.

    ``beside`` is what else was told; a figure of it may stand anywhere.
    """
    findings: list[Finding] = []
    for sentence, start in _placed(text):
        words = _words(sentence, language)
        for fact in find_facts(sentence, language=language):
            if fact.kind == "name" or (beside is not None and beside.supports(fact)):
                continue
            holders = [point for point in points if _told(point, language).supports(fact)]
            named, counted = _thing_named(sentence, fact), _time_counted(sentence, fact)
            about = [
                point
                for point in holders
                if (not named or named in _words(point, language)) and (not counted or _counts(point, counted))
            ]
            if holders and not any(_belongs(fact, words, point, language) for point in about):
                message = f"the {fact.kind} {fact.text!r} is told of something else, in {holders[0][:80]!r}"
                span = (start + fact.span[0], start + fact.span[1])
                findings.append(Finding("misplaced", "error", message, slot, span))
    return findings


def borrowed(
    text: str, point: str, others: Sequence[str], told: Sequence[str], *, slot: str | None = None, language: str = "en"
) -> list[Finding]:
    """Return a finding for each sentence of ``text`` that tells of its point what another of the points says.

    "The closure would have saved 3,200 people who signed", of "3,200 people signed" beside "closure would have saved
    180,000 pounds": two words of the one that are nowhere in the other, nor in what else was ``told``.
    """
    own = _words(point, language).union(*(_words(each, language) for each in told))
    findings: list[Finding] = []
    for sentence, start in _placed(text):
        strange = _words(sentence, language) - own
        holder = next((each for each in others if len(strange & _words(each, language)) >= _BORROWED), None)
        if holder is not None:
            message = f"{sentence[:60]!r} tells of another point, {holder[:80]!r}"
            findings.append(Finding("misplaced", "error", message, slot, (start, start + len(sentence))))
    return findings


def _placed(text: str) -> Iterator[tuple[str, int]]:
    """Yield each sentence of a text and where it begins, 0 for one whose lines were joined."""
    end = 0
    for sentence in all_sentences(text):
        start = max(text.find(sentence, end), 0)
        end = start + len(sentence)
        yield sentence, start


def _thing_named(sentence: str, fact: Fact) -> str:
    """Return the stem of the word that a figure right behind it makes a name of, such as "room"; "" for none."""
    before = _LAST_WORD.search(sentence[: fact.span[0]])
    return stem(before[1]) if before and stem(before[1]) in _numbered_stems() else ""


def _time_counted(sentence: str, fact: Fact) -> str:
    """Return the stem of the time that a figure right before it counts, such as "day"; "" for none."""
    behind = _COUNTED.match(sentence, fact.span[1])
    return stem(behind[1]) if behind and fact.kind == "number" else ""


def _counts(point: str, time: str) -> bool:
    """Say whether a point speaks of a time, in whole words or short ones."""
    return any(stem(word) == time for word in re.findall(r"[^\W\d_]+", point)) or bool(_ABBREVIATED.search(point))


@lru_cache(maxsize=1)
def _numbered_stems() -> frozenset[str]:
    return frozenset(map(stem, _NUMBERED))


def _belongs(fact: Fact, words: frozenset[str], point: str, language: str) -> bool:
    """Say whether a sentence of these words may be about a point; one of nothing but figures has no words to share."""
    told = _words(point, language) - _words(fact.text, language)
    return not told or bool(told & words)


@lru_cache(maxsize=1024)
def _told(point: str, language: str) -> Source:
    return Source([point], language=language)


@lru_cache(maxsize=2048)
def _words(text: str, language: str) -> frozenset[str]:
    """Return the stems of the words that say something, those of figures left out."""
    figures = [fact.span for fact in find_facts(text, language=language, notes=True) if fact.kind != "name"]
    return frozenset(
        stem(match.group(), language)
        for match in WORD.finditer(text)
        if weight(match.group()) > 0 and not any(start <= match.start() < end for start, end in figures)
    )
