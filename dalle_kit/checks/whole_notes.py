"""Whether a note is a whole sentence as it was typed."""

from __future__ import annotations

import re
from itertools import pairwise

from dalle_kit.checks.notes import LONGEST, asks, bare, says_surely
from dalle_kit.checks.own_words import parts_of
from dalle_kit.checks.verbs import BASES, begins_with_verb, is_past
from dalle_kit.checks.word_classes import (
    ADVERBS,
    ANYONE,
    BE,
    BEFORE_NOUN,
    DO,
    HAVE,
    MODALS,
    MORE_PAST,
    MORE_VERBS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBJECTS,
    SUBORDINATORS,
)
from dalle_kit.checks.words import plain

#: What is several sentences, is quoted, or is more than words.
_ODD = re.compile(r"[.!?,;:]\s|\s[\u2013=-]\s|[\n\"\u201c\u201d()\[\]{}<>*|]|\w/(?!h\b)\w")
#: What is left of "can't" and "won't".
_LEFT_OF = {"ca": "can", "wo": "will", "sha": "shall"}
_HELPERS = BE | HAVE | DO | MODALS | {"cannot"}
_ORDERS = BASES | MORE_VERBS | {"do"}
#: Where one may be; "back" is seldom an order.
_AWAY = frozenset("back home away".split())
#: What is not one thing or person, and a sentence begins with all the same.
_ANYTHING = ANYONE | frozenset("nobody nothing something everything anything there".split())
_SOMEBODY = frozenset(("somebody", "someone"))
_HOUR = re.compile(r"\d{1,2}(?:[:.]\d\d|[ap]m)\Z")
_BEFORE_HOUR = PREPOSITIONS | {"and", "or"}
#: Who does something; "it" and "they" may be told with what they stand for, but for "they" who say something.
_WHO = frozenset("i we you he she".split())
_TOLD = frozenset("say said think thought promise promised hope want wanted claim claimed replied apologised".split())


def is_sentence(note: str) -> bool:
    """Say whether a note surely is one sentence as it was typed, which lacks nothing: "the report is ready".

    What has commas is none, as the parts may need joining. What somebody began with a capital letter and ended with a
    full stop is one if it has a verb, but for an order.
    """
    words = list(map(bare, note.split()))
    is_one = all(words) and 1 < len(words) <= LONGEST and len(parts_of(note)) == 1 and not _ODD.search(note)
    if not is_one or note.rstrip().endswith(("..", "!!", "??", "\u2026")):
        return False
    if any(_HOUR.match(word) and before not in _BEFORE_HOUR for before, word in pairwise(words)):  # "Saturday 9:00"
        return False
    if asks(note) or note.rstrip().endswith("?"):
        return asks(note)
    first, *others = [_LEFT_OF.get(plain(word), plain(word)) for word in words]
    is_typed = note[:1].isupper() and note.rstrip().endswith((".", "!")) and first not in _ORDERS
    if is_typed and says_surely(note):  # "Lunch follows at one."
        return True
    if first in BEFORE_NOUN:
        ends = _HELPERS | SUBJECTS | SUBORDINATORS  # "the rooms we have" and "the key that was lost" are no sentences
        return next((word in _HELPERS for word in others if word in ends), False)
    verb = next((word for word in others if word not in ADVERBS), "")
    if first == "please":
        return verb in _ORDERS
    if first in _ANYTHING:
        helps = verb in (BE | MODALS if first == "there" else _HELPERS)
        return helps or (first in _SOMEBODY and _does_to(verb, others))
    if first == "they" and verb in _TOLD:
        return True
    if first not in _WHO or verb in _AWAY:
        return False
    is_verb = verb in _HELPERS | _ORDERS | MORE_PAST or begins_with_verb(verb)
    return first != words[0].casefold() or is_verb or (first in ("he", "she") and verb.endswith("s"))


def _does_to(verb: str, words: list[str]) -> bool:
    """Say whether a verb in the past has an object: "scratched my car" was not done to who stands before it."""
    return is_past(verb) and bool(set(words[words.index(verb) + 1 :][:1]) & (POSSESSIVES | {"the", "a", "an"}))
