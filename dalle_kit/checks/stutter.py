"""Stuttering: a sentence that says the same twice, "In the final, Rovers won in the final"."""

from __future__ import annotations

import re
from collections import Counter

from dalle_kit.checks.words import content_words, stem

_FIGURE = re.compile(r"\d[\d.,:]*\d|\d")
#: A word said twice running, but for those that may be, "what it is is a bug", and names.
_DOUBLED = re.compile(
    r"\b(?!(?i:had|that|in|on|her|you|it|is|was|do|very|so|ha|bye|knock)\b)(?P<word>[^\W\d_]{2,}) "
    r"(?:(?P=word)|(?=[a-z])(?i:(?P=word)))\b"
)
_JOINED_TO_ITSELF = re.compile(r"\b(?P<word>[^\W\d_]{3,}) (?:and|or|but) (?P=word)\b", re.IGNORECASE)
#: It bears no meaning, and is said once.
_PLEASE = re.compile(r"\bplease\b", re.IGNORECASE)
#: What joins two things that may well be alike.
_JOINS = re.compile(r"[,;:]|\b(?:and|or|but|while|than|each|every|other|instead)\b", re.IGNORECASE)
#: Words that are said twice on purpose.
_ON_PURPOSE = frozenset("more less again over years days weeks months hours miles many round better worse".split())


def says_twice(sentence: str, told: str) -> bool:
    """Say whether two words that bear meaning come twice in a sentence, though not in what it was told.

    A search that is held to words may say them all, and then go on to say them again.
    """
    return len(_said_again(sentence, Counter(map(stem, content_words(told))))) >= 2


def stutters(sentence: str, told: str) -> str | None:
    """Return what a sentence says twice though it was told once: a figure, a word joined to itself, words."""
    known = Counter(_FIGURE.findall(told))
    for figure, count in Counter(_FIGURE.findall(sentence)).items():
        if known[figure] and count > known[figure]:
            return str(figure)
    for doubled in _DOUBLED.finditer(sentence):
        word, pair = str(doubled["word"]), doubled.group()
        if word.casefold() not in _ON_PURPOSE and not pair.istitle() and pair.casefold() not in told.casefold():
            return word
    joined = _JOINED_TO_ITSELF.search(sentence)
    if joined and joined["word"].casefold() not in _ON_PURPOSE and joined.group().casefold() not in told.casefold():
        return str(joined["word"])
    if len(_PLEASE.findall(sentence)) > max(1, len(_PLEASE.findall(told))):
        return "please"
    words = Counter(map(stem, content_words(told)))
    again = _said_again(sentence, words)
    if len(again) >= 2:
        return "several words"
    # "There is a room at room 5", but not in two things that are joined, and may well be alike.
    within = (_said_again(clause, words) for clause in _JOINS.split(sentence))
    return next((word for clause in within for word, times in clause.items() if times == 1), None)


def _said_again(text: str, known: Counter[str]) -> dict[str, int]:
    """Return the words that come more than once in a text, and more often than told: each, and how often it was."""
    counts = Counter(map(stem, content_words(text)))
    return {word: known[word] for word, count in counts.items() if count > max(1, known[word])}
