"""What a note is as it was typed: a whole sentence, or one that lacks who does it."""

from __future__ import annotations

import re
from itertools import pairwise

from dalle_kit.checks.note_parts import AWAY, HELPERS, LEFT_OF, LONGEST, ODD, ORDERS, Part, bare
from dalle_kit.checks.notes import asks, says_surely
from dalle_kit.checks.own_words import parts_of
from dalle_kit.checks.verbs import begins_with_verb
from dalle_kit.checks.word_classes import (
    ADVERBS,
    ANYONE,
    BE,
    BEFORE_NOUN,
    MODALS,
    MORE_PAST,
    PREPOSITIONS,
    SUBJECTS,
    SUBORDINATORS,
)
from dalle_kit.checks.words import plain

#: What is not one thing or person, and a sentence begins with all the same.
_ANYTHING = ANYONE | frozenset("nobody nothing something everything anything there".split())
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
    words = [bare(word) for word in note.split()]
    is_one = all(words) and 1 < len(words) <= LONGEST and len(parts_of(note)) == 1 and not ODD.search(note)
    if not is_one or note.rstrip().endswith(("..", "!!", "??", "\u2026")):
        return False
    if any(_HOUR.match(word) and before not in _BEFORE_HOUR for before, word in pairwise(words)):  # "Saturday 9:00"
        return False
    if asks(note) or note.rstrip().endswith("?"):
        return asks(note)
    first, *others = [LEFT_OF.get(plain(word), plain(word)) for word in words]
    is_typed = note[:1].isupper() and note.rstrip().endswith((".", "!")) and first not in ORDERS
    if is_typed and says_surely(note):  # "Lunch follows at one."
        return True
    if first in BEFORE_NOUN:
        ends = HELPERS | SUBJECTS | SUBORDINATORS  # "the rooms we have" and "the key that was lost" are no sentences
        return next((word in HELPERS for word in others if word in ends), False)
    verb = next((word for word in others if word not in ADVERBS), "")
    if first == "please":
        return verb in ORDERS
    if first in _ANYTHING:
        return verb in (BE | MODALS if first == "there" else HELPERS)
    if first == "they" and verb in _TOLD:
        return True
    if first not in _WHO or verb in AWAY:
        return False
    is_verb = verb in HELPERS | ORDERS | MORE_PAST or begins_with_verb(verb)
    return first != words[0].casefold() or is_verb or (first in ("he", "she") and verb.endswith("s"))


def lacks_doer(note: str, *, surely: bool = False) -> bool:
    """Say whether a note tells what somebody does or thinks, and not who: "don't think we need it".

    ``surely`` is whether it can be nothing else, such as an order, or a word for a thing.
    """
    part = _statement(note)
    if part is None:
        return False
    if part.is_denied:  # and not "don't be late"
        return part.denies_state
    return part.feels or part.is_led_by_adverb or (part.lacks_subject and not surely)


def is_of_writer(note: str) -> bool:
    """Say whether a note that lacks who does it is mostly of whoever writes: "will call", "hope so", "paid the fee".

    "out of toner" and "chewed through the cone" may be of anything.
    """
    part = _statement(note)
    if part is None:
        return False
    return part.first in MODALS | {"cannot", "have", "had", "been", "did"} or part.does or lacks_doer(note, surely=True)


def _statement(note: str) -> Part | None:
    """Return the first part of a note, None for one that asks."""
    words = tuple(word for word in map(bare, parts_of(note)[0].split()) if word)
    return Part(words, 0, ()) if words and not (note.rstrip().endswith("?") or asks(note)) else None
