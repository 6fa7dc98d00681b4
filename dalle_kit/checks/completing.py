"""A note completed: the sentences that it becomes if only little words are put in.

A small model makes up verbs and takes words from elsewhere to make a sentence of a short note: "The thieves are worth
18,000 euros." Held to the note's own words in their order, and to little words between them, it finds "It is worth
18,000 euros." Which of these sentences is meant, it has learned from notes and what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dalle_kit.checks.notes import LONGEST, asks, bare, capitalised, with_capital_i
from dalle_kit.checks.words import is_ordinary

#: What is several sentences, is quoted, or is more than words.
_ODD = re.compile(r"[.!?;\u2013-]\s|\s[\u2013=+&-]\s|[\n\"\u201c\u201d()\[\]{}<>*|]|\w/(?!h\b)\w")

#: "no shoes, no entry": nothing is missing.
_WITHOUT = re.compile(r"no\b.*, no\b", re.IGNORECASE)
#: What may be put in: nothing that denies, counts, or says when, where or why by itself.
_LITTLE = (
    "the a an this that these those some it its they their there of on in at for to from by with as and but or so if "
    "when is are was were am be been being has have had do does did will would can could should who which please than"
).split()
#: The same in a question.
_ASKING = ("what", "how", "where")
#: What a question begins with, if not with the first word of its note.
_ASKS_FIRST = (
    "is are was were am has have had do does did will would can could should which who when what how where".split()
)
#: The same where whoever writes is there: them, theirs, and whom they write to.
_OF_WRITERS = {"I": ("I", "my"), "We": ("we", "our")}
_OF_READER = ("you", "your")
#: How many of these come before the first word, and before any other, at most.
_FIRST, _BETWEEN = 4, 3


def completed(note: str, *, writers: tuple[str, ...] = (), begins: str = "") -> str | None:
    """Return the regular expression of the English sentences that a note becomes if little words are put in.

    Its own words stay as they are, in their order: what it does not say has no place, and nothing changes places. A
    comma may come in, and one or a colon go. ``writers`` are those of "I" and "We" that may come in, "my" and
    "our" with them, or a name; ``begins`` is the word that it begins with if that is certain. None for a note that is
    no note: a long one, several sentences, lines, quotations, "no shoes, no entry".
    """
    text = note.strip().rstrip(".?! ")
    words = [with_capital_i(word) for word in text.split()]
    own = list(map(bare, words))
    if not words or not all(own) or len(words) > LONGEST or _ODD.search(text) or _WITHOUT.match(text):
        return None
    if begins and own[0].casefold() != begins.casefold():
        return None
    if {"me", "us"} & set(map(str.casefold, own)):
        writers = tuple(who for who in writers if who not in _OF_WRITERS)  # who would be told twice
    is_asked = note.rstrip().endswith("?") or asks(note)
    little = [*_little(writers), *(_ASKING if is_asked else ())]
    names = [re.escape(who) for who in writers if who not in _OF_WRITERS]
    asks_first = is_asked and "," not in text  # "late, can you wait?" tells first
    leads = (_ASKS_FIRST, [*little, *names]) if asks_first else ([*little, *names], little)
    expression = _begun(own[0], *leads, is_certain=bool(begins))
    for before, after, word in zip(words, words[1:], own[1:], strict=False):
        is_list = before[-2:-1].isdigit() and after[:1].isdigit()  # "rooms 12, 14"
        mark = "," if before.endswith(",") and is_list else "[,:]?" if before.endswith(":") else ",?"
        expression += f"{mark}{_up_to(_BETWEEN, little, word)} {re.escape(word)}"
    return expression + (r"\?" if is_asked else r"\.")


def _begun(first: str, leads: Sequence[str], little: Sequence[str], *, is_certain: bool) -> str:
    """Return the expression of what a sentence begins with, up to the first word of its note.

    ``leads`` are the words that it may begin with instead of that, ``little`` those that may follow.
    """
    start = re.escape(capitalised(first))
    if is_certain:
        return start
    is_i = first == "I" or first.startswith(("I'", "I\u2019"))
    small = first.lower() if is_ordinary(first) and not is_i else first
    return f"(?:{start}|{_any_of(map(capitalised, leads))}{_up_to(_FIRST - 1, little, small)} {re.escape(small)})"


def _little(writers: Sequence[str]) -> list[str]:
    of_writers = [word for who in writers for word in _OF_WRITERS.get(who, ())]
    return [*_LITTLE, *of_writers, *(_OF_READER if of_writers else ())]


def _up_to(count: int, little: Sequence[str], own: str) -> str:
    """Return the expression of so many little words before a note's own, which is none of them: so there is one way."""
    return f"(?: {_any_of(word for word in little if word != own)}){{0,{count}}}"


def _any_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"
