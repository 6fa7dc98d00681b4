"""Whether a sentence says what another one does, as far as words tell: who speaks, whether it asks, its numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from dalle_kit.checks import key_words, same_words
from dalle_kit.checks.verbs import BASES, has_finite_verb
from dalle_kit.choosing import PERSONS, says_the_same

_NUMBER = re.compile(r"\d[\d.,:]*")


def is_said_alike(new: str, old: str, points: Sequence[str]) -> bool:
    """Say whether a sentence speaks of the persons of its points and of nobody else, and asks what they or the old ask.

    It has a verb and the words of its points if the old one has them, and says no number twice that is told once.
    ``old`` is "" for a sentence that takes no other's place.
    """
    if old and has_verb(old) and not has_verb(new):
        return False
    told = [*points, *([old] if old else [])]
    persons = {word for text in told for word in same_words(text).split() if word in PERSONS}
    if old and any(word in PERSONS and word not in persons for word in same_words(new).split()):
        return False
    numbers = Counter(_NUMBER.findall(" ".join(points)))
    if any(count > max(1, numbers[number]) for number, count in Counter(_NUMBER.findall(new)).items()):
        return False
    if any(is_mentioned(word, old) and not is_mentioned(word, new) for point in points for word in key_words(point)):
        return False
    return any(_asks(new) == _asks(text) for text in told) and all(says_the_same(new, point) for point in points)


def has_verb(text: str) -> bool:
    """Say whether a text seems to have a finite verb; neither the month of May is one nor a word of an address."""
    return has_finite_verb(re.sub(r"\bMay\b|\S+[/@]\S+", "", text))


def is_mentioned(word: str, text: str) -> bool:
    """Say whether a text has a key word of a point; a star stands for any ending."""
    stem, star, _ = word.casefold().partition("*")
    return re.search(rf"(?<!\w){re.escape(stem)}" + ("" if star else r"(?!\w)"), text.casefold()) is not None


def _asks(sentence: str) -> tuple[bool, bool]:
    """Return whether a sentence asks something, and whether it asks for something."""
    words = [word.strip(",.!?") for word in sentence.casefold().split()]
    return sentence.rstrip("\"' ").endswith("?"), bool(words) and ("please" in words or words[0] in BASES)
