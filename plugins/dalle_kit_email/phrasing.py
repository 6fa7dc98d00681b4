"""How a point may be put: its own words, in order and complete, with a beginning and function words between them.

The default model is small: left to itself it drops points and makes others up. Held to such a pattern it does what it
is good at, turning notes into sentences, while everything that carries a meaning is the user's. Where a word could be
meant in two ways, the point is said as it stands: dull is better than wrong.
"""

from __future__ import annotations

import re
import unicodedata

from dalle_kit.checks import capitalised, is_finished

_VERBS = ("is", "are", "will be")
_GAPS = ("the", "a", "an", *_VERBS, "in", "on", "at", "to", "of", "for", "from", "by", "with")
#: Words that a number follows directly: "room 12", never "room at 12".
_LABELS = frozenset(
    "room section chapter invoice order terminal phase version gate flight page figure table question platform line "
    "track level floor building block unit item number".split()
)
#: Words that begin a sentence, or that nothing can be put before without changing what is meant.
_OPENERS = frozenset(
    "i we you he she it they this that these those my our your his her its their the a an please if when while as "
    "because nobody no not everyone someone there here what who where why how do does is are can may let thank thanks "
    "sorry hello hi dear "
    "at on in by from to of for with without before after until since during between about via per except despite than "
    "all both each every any some many most several none also still never always only just even maybe perhaps already "
    "soon again next last yes ok okay agreed and or but so then otherwise however "
    "today tomorrow yesterday tonight monday tuesday wednesday thursday friday saturday sunday "
    "back ill sick away late early done ready gone off free re".split()
)
#: Words whose subject was left out: "cannot come" is "I cannot come".
_WITHOUT_SUBJECT = frozenset(
    "am cannot can't could couldn't did didn't won't need want must would hope got tried forgot met saw".split()
)
#: Words that begin a request: "please" may stand before them, "the" may not.
_REQUESTS = frozenset(
    "accept add apply avoid bring buy choose collect confirm delete fill follow forward give hand ignore inform join "
    "keep leave make pay pick prepare provide read register remember remove respond save send sign submit tell upload "
    "wear write".split()
)
#: Words that may be a request or a thing; what follows tells: "call me", "call at 10".
_REQUESTS_OR_THINGS = frozenset(
    "book call change check clean complete contact email finish go help come meet order park phone print reply report "
    "return review see share speak stay stop take talk try turn update use visit wait work".split()
)
_OBJECTS = frozenset("me us him her them it the a an your my our this that these those all".split())
#: A longer point is a text of its own: nothing is gained by rephrasing it.
_LONGEST = 25


def phrasing(point: str, *, subject: str = "I") -> str | None:
    """Return the regular expression of the sentences that say ``point`` and nothing more.

    ``subject`` is who writes, "I" or "We". None where the point is to be said as it stands: a whole sentence, several
    of them, a single word, a long text, one with emoji.
    """
    words = point.split()
    whole = point[:1].isupper() and point[-1] in ".?!"
    odd = re.search(r"[.?!]\s|\n", point) or any(unicodedata.category(character) == "So" for character in point)
    if whole or odd or not 1 < len(words) <= _LONGEST:
        return None
    end = "" if is_finished(point) else r"\."
    start, rest = _start(words, subject), 0
    if words[0].casefold() == "now":
        # "It is now Thursday" would be what the calendar says.
        start, rest = r"(?:Now(?: on| at)?|It is now (?:on|at)) " + re.escape(words[1]), 1
    gaps = (_gap(words, place) + re.escape(words[place]) for place in range(rest + 1, len(words)))
    return start + "".join(gaps) + end


def _start(words: list[str], subject: str) -> str:
    """Return the pattern of the first word with what may stand before it."""
    first, second = words[0], words[1]
    bare, word, capital = first.casefold().strip(",;'\""), re.escape(first), re.escape(capitalised(first))
    if bare in _WITHOUT_SUBJECT and words[-1][-1] != "?":
        return f"{subject} {'are' if bare == 'am' and subject == 'We' else word}"
    fixed = not first.isalpha() or not first.islower() or words[-1][-1] == "?"
    if fixed or bare in _OPENERS or words[-1].casefold().strip(".!") == "please":
        return capital
    if bare in _REQUESTS:
        return f"(?:{capital}|Please {word})"
    if bare in _REQUESTS_OR_THINGS:
        return f"(?:{capital}|Please {word})" if second.casefold() in _OBJECTS else capital
    if bare in _LABELS and _has_digit(second):
        return f"(?:{capital}|The {word} is)" if len(words) == 2 else capital
    if _has_digit(second):
        return capital
    starters = ["The "] if bare.endswith("ing") else ["The ", "It is ", "There is ", "There are ", "It will be "]
    return f"(?:{capital}|(?:{'|'.join(starters)}){word})"


def _gap(words: list[str], place: int) -> str:
    """Return the pattern of what may stand between a word and the one before it."""
    before, word = words[place - 1], words[place]
    numeric = _has_digit(word)
    if _has_digit(before) and not numeric:
        # "75 EUR" stays together, "invoice 4471 overdue" may become a sentence.
        labelled = place > 1 and words[place - 2].casefold() in _LABELS
        return f" (?:(?:{'|'.join(_VERBS)}) )?" if labelled and word.islower() else " "
    closed = (
        not before[-1].isalnum()
        or not word[:1].isalnum()
        or (numeric and before.casefold() in _LABELS)
        or bool(re.search(r"\d\s*[-\u2013]\s*\d", word))
        or before.casefold() in _OBJECTS
    )
    if closed:
        return " "
    return f" (?:(?:{'|'.join(gap for gap in _GAPS if _suits(gap, word))}) )?"


def _suits(gap: str, word: str) -> bool:
    """Say whether an article may stand before a word; any other function word may."""
    if gap not in ("the", "a", "an"):
        return True
    if _has_digit(word) or word.casefold() in _LABELS:
        return False
    if gap == "the":
        return True
    return word.islower() and (word[0] in "aeiou") == (gap == "an")


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)
