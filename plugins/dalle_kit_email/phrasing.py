"""How a point may be put: its own words, in order and complete, with a beginning and function words between them.

The default model is small: left to itself it drops points and makes others up. Held to such a pattern it does what it
is good at, turning notes into sentences, while everything that carries a meaning is the user's.
"""

from __future__ import annotations

import itertools
import re

_GAPS = ("the", "a", "an", "is", "are", "will be", "in", "on", "at", "to", "of", "for", "from", "by", "with")
_ARTICLES = frozenset({"the", "a", "an"})
#: Words that a number follows directly: "room 12", never "room at 12".
_LABELS = frozenset(
    "room section chapter invoice order terminal phase version gate flight page figure table question platform line "
    "track level floor building block unit item number".split()
)
#: Words that begin a sentence of their own.
_OPENERS = frozenset(
    "i we you he she it they this that these those my our your his her its their the a an please if when while as "
    "because nobody no not everyone someone there here what who where why how do does is are can may let thank thanks "
    "sorry".split()
)
#: Words whose subject was left out: "cannot come" is "I cannot come".
_WITHOUT_SUBJECT = frozenset("cannot can't could couldn't will won't need want have must would hope".split())
#: Words that begin a request: "please" may stand before them, "the" may not.
_REQUESTS = frozenset(
    "accept add apply arrive ask avoid bring buy choose collect come confirm delete fill finish follow forward give go "
    "hand ignore inform join keep leave make meet pay pick prepare provide read register remember remove respond save "
    "see send share sign speak stay submit take talk tell try upload use wait wear write".split()
)
#: Words that may as well be what is talked about: "please call", "the call".
_REQUESTS_OR_THINGS = frozenset(
    "book call change check clean complete contact email help order park phone print reply report return review stop "
    "turn update visit".split()
)
#: A longer point is a text of its own: nothing is gained by rephrasing it.
_LONGEST = 25


def phrasing(point: str) -> str | None:
    """Return the regular expression of the sentences that say ``point`` and nothing more.

    None where the point is to be said as it stands: a whole sentence, several of them, or a long text.
    """
    words = point.split()
    whole = point[:1].isupper() and point[-1] in ".?!"
    if whole or len(words) > _LONGEST or re.search(r"[.?!]\s", point) or "\n" in point:
        return None
    gaps = "".join(_gap(before, word) + re.escape(word) for before, word in itertools.pairwise(words))
    return _start(words) + gaps + ("" if point[-1] in ".?!" else r"\.")


def plain_sentence(point: str) -> str:
    """Return a point as it stands, with a capital letter and an end."""
    return point[:1].upper() + point[1:] + ("" if point[-1] in ".?!:" else ".")


def _start(words: list[str]) -> str:
    """Return the pattern of the first word with what may stand before it."""
    first, second = words[0], words[1] if len(words) > 1 else ""
    bare = first.casefold().strip(",;:'\"")
    word = re.escape(first)
    capital = re.escape(first[:1].upper() + first[1:])
    if words[-1].endswith("?") or first[:1].isupper() or _has_digit(first) or bare in _OPENERS:
        return capital
    if bare in _WITHOUT_SUBJECT:
        return f"(?:I|We) {word}"
    if bare in _REQUESTS:
        return f"(?:{capital}|Please {word})"
    if bare in _LABELS:
        return f"(?:{capital}|The {word} is)" if _has_digit(second) else f"(?:{capital}|The {word})"
    if bare in _REQUESTS_OR_THINGS and not _has_digit(second):
        return f"(?:{capital}|(?:Please|The) {word})"
    starters = ["It is "] if bare == "now" else []
    if not _has_digit(second):
        starters += ["The "]
        starters += [] if bare.endswith("ing") else ["It is ", "There is ", "There are ", "It will be "]
    return f"(?:{capital}|(?:{'|'.join(starters)}){word})" if starters else capital


def _gap(before: str, word: str) -> str:
    """Return the pattern of what may stand between two words of a point."""
    numeric = _has_digit(word)
    closed = (
        before.endswith((",", ":", ";"))
        or (_has_digit(before) and not numeric)  # "75 EUR"
        or (numeric and before.casefold() in _LABELS)
        or bool(re.search(r"\d\s*[-\u2013]\s*\d", word))
    )
    if closed:
        return " "
    labelled = numeric or word.casefold() in _LABELS
    return f" (?:(?:{'|'.join(gap for gap in _GAPS if not (labelled and gap in _ARTICLES))}) )?"


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)
