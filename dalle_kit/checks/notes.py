"""Notes as people write them: a list mark before them, no capital letter, no full stop."""

from __future__ import annotations

import re

from dalle_kit.checks.sentences import is_finished
from dalle_kit.checks.verbs import BASES, THIRD, begins_with_verb, has_finite_verb, is_past
from dalle_kit.checks.word_classes import (
    ANYONE,
    BE,
    BEFORE_NOUN,
    DO,
    HAVE,
    INTERROGATIVES,
    JOINERS,
    MORE_VERBS,
    ONLY_PAST,
    PREPOSITIONS,
    SUBJECTS,
    TIMES,
)
from dalle_kit.checks.words import WORD

#: A note with more words than this is a text of its own.
LONGEST = 16
_BEFORE, _BEHIND = ",;:!?", ".,;:!?\u2013-\u2026"
#: What begins an item of a list. Before a number a dash may be a minus.
_LIST_MARK = re.compile(r"\A(?:[*•]|[-\u2013](?!\s*\d))(?:\s+|\Z)")
#: The same where each line has one: "- 14:00 start" is no minus.
_ITEM_MARK = re.compile(r"\A[*•+\u2013-]\s+")
#: Rules and lone marks, which stand in lists and in cells of tables.
_MARKS = re.compile(r"[\s!-/:-@\[-`{-~]*")
#: Pictures among the symbols, and not those of degrees and trade marks.
_PICTURE = re.compile(r"[\u2600-\u27bf\U0001f000-\U0001faff]")
_ENDED = re.compile(rf"(?::|{_PICTURE.pattern}\ufe0f?)\Z")
_QUESTIONS = frozenset("what's where's when's how's who's".split())
#: What a question has before its subject. "had it mended" and "should you need it" do not ask.
_HELPERS = frozenset("is are was do does did can could will would shall may must isn't aren't can't won't".split())
#: What behind a helper may be its object or a place where nobody is named: "did it yesterday", "is there until 5".
_THINGS = frozenset("it this that".split())
_VERBS = BASES | MORE_VERBS | BE | DO | HAVE
_I = re.compile(r"(?<![\w./@'\u2019-])i(?![\w./@-])")
#: What is told of what begins so has its verb, though it looks like a participle: "the roof leaked".
_LEADS = SUBJECTS | BEFORE_NOUN
#: Words between what asks and its helper: "how many chairs do we need".
_FEW = 3
#: What asks for something to be done, and what a noun begins with, behind that or behind "is": "can a plumber come".
_CAN, _IS = frozenset("can could will would".split()), frozenset("is are was were".split())
_NOUNS = BEFORE_NOUN - {"a", "an", "its"}
_SOME = frozenset("a an any some".split())
#: "is the first one there" and "is the best thing" say what something is.
_NO_NOUNS = frozenset("first second third last next same only one best worst main new most other".split())
#: Behind "will" and a name these tell that both are the name: "Will Smith is back".
_NOT_ASKED = PREPOSITIONS | _NOUNS | THIRD | JOINERS | (_HELPERS - {"do"}) | frozenset("has had back home away".split())
#: What is asked of a thing: "is the rent negotiable".
_STATES = frozenset(
    "free open closed ready ok okay fine there here still already enough big full empty late early home back well safe "
    "warm cold right wrong gone true".split()
)
_LAST = frozenset("on off in out over up".split())
#: What one asks for with "any".
_ANY_OF = frozenset(
    "objection objections question questions news idea ideas chance luck update updates progress".split()
)


def bare(word: str) -> str:
    """Return a word of a note without the marks around it; a sign before a figure stays."""
    return word.lstrip(_BEFORE).rstrip(_BEHIND)


def list_items(note: str) -> list[str]:
    """Return the items of a note that is a pasted list, without their marks; else the note, without its own."""
    lines = [line.strip() for line in note.splitlines() if line.strip()]
    if len(lines) > 1 and all(map(_ITEM_MARK.match, lines)):
        return [_ITEM_MARK.sub("", line) for line in lines]
    return [_LIST_MARK.sub("", note.strip())]


def says_nothing(note: str) -> bool:
    """Say whether a note is nothing, or marks alone."""
    return _MARKS.fullmatch(note) is not None


def has_picture(note: str) -> bool:
    """Say whether there is an emoji in a note: no small model knows what it says."""
    return _PICTURE.search(note) is not None


def plain_sentence(note: str) -> str:
    """Return a note as it stands, with a capital letter and an end where it has none; lines are left alone.

    What surely asks ends in a question mark: "what time is it", "can you come".
    """
    if "\n" in note:
        return note
    first, _, rest = note.partition(" ")
    ended = is_finished(note) or _ENDED.search(note)
    return f"{capitalised(first)}{' ' if rest else ''}{rest}" + ("" if ended else "?" if asks(note) else ".")


def asks(note: str) -> bool:
    """Say whether an English note, the last sentence of one, surely asks something though it has no question mark.

    "what we need", "when you come", "what is left goes to Ana" and "which is fine" do not, "do it today" is an order.
    """
    typed = re.split(r"[.!?:]\s+", note)[-1].split()
    if typed and typed[0].casefold() in JOINERS:  # "and who has the key"
        typed = typed[1:]
    words = [word.casefold().replace("\u2019", "'") for word in typed]
    first, second, third = [*words, "", "", ""][:3]
    if first in _QUESTIONS:
        return len(words) > 1
    if first == "any":  # "any news", and not "any colour will do"
        return second in _ANY_OF and not has_finite_verb(" ".join(words[2:]))
    if first in INTERROGATIVES:
        place = next((place for place, word in enumerate(words) if word in _HELPERS), 0)
        between, behind = words[1:place], words[place + 1 :]
        if first == "who" and (second in HAVE | THIRD or is_past(second)) and second not in _HELPERS:
            # Not "who comes first wins", "who paid gets a ticket" and "who needs a lift please call".
            is_led = third in THIRD and "".join(words[3:4]) in _NOUNS | _SOME
            return bool(third) and not (is_led or "please" in words or has_finite_verb(" ".join(words[2:])))
        has_verb = has_finite_verb(" ".join(between)) or any(map(is_past, between))
        is_done = any(map(is_past, behind[:1])) and has_finite_verb(" ".join(["it", *behind[1:]]))
        is_clause = has_verb or is_done or SUBJECTS & set(between) or (BE - {"be"}) & set(behind)
        return 0 < place <= _FEW and bool(behind) and not is_clause and not (first == "which" and not between)
    if (first in DO and second in _THINGS and third not in _VERBS) or (second == "there" and third in PREPOSITIONS):
        return False
    here = first not in ("was", "do") and second in ("this", "that", "there")
    whom = SUBJECTS if first == "do" else SUBJECTS | ANYONE  # "do everyone a favour"
    if first in _HELPERS and (here or second in whom) and (first, second) != ("do", "it"):
        return True
    return _asks_of_others(words, is_name=typed[1][:1].isupper() and "'" not in second) if third else False


def _asks_of_others(words: list[str], *, is_name: bool) -> bool:
    """Say whether words, of which the second may be a name, ask of somebody or something else than "you" or "it"."""
    first, second, third, fourth, fifth = [*words, "", ""][:5]
    if first in _CAN:
        is_told = third in _NOT_ASKED or (third not in BASES and is_past(third))  # "Will Smith paid"
        return (second in _NOUNS | _SOME and fourth != "") or (is_name and not is_told)
    if first not in _IS:
        return False
    if is_name:
        return _is_state(third, fourth)
    return second in _NOUNS and third not in _NO_NOUNS and _is_state(fourth, fifth)


def _is_state(word: str, behind: str) -> bool:
    """Say whether a word says how something is, or what happens to it: "negotiable", "locked", "coming"."""
    if word.endswith("ing"):
        return behind in PREPOSITIONS | TIMES | {"", "too"}
    is_done = is_past(word) and behind != "by"
    return word in _STATES or is_done or word.endswith(("able", "ible")) or (word in _LAST and not behind)


def says_surely(sentence: str) -> bool:
    """Say whether a sentence has its subject and a verb that is no participle: "tea follows", not "tea included"."""
    words = [word.casefold().replace("\u2019", "'") for word in WORD.findall(sentence)]
    if not words or begins_with_verb(words[0]):
        return False
    if words[-1] == "welcome":  # "children welcome"
        words.pop()
    if words and words[0] not in _LEADS:
        words = [word for word in words if not is_past(word) or word in ONLY_PAST]
    return has_finite_verb(" ".join(words))


def with_capital_i(text: str) -> str:
    """Return an English text with a capital letter for who writes: "i'm late" is "I'm late"."""
    return _I.sub("I", text)


def capitalised(word: str) -> str:
    """Return a word with a capital first letter, unless it is spelled in a way of its own (eBay, a link)."""
    own = not word.islower() or re.search(r"\w[./@:]+\w", word)
    return word if own else word[:1].upper() + word[1:]
