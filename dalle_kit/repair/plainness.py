"""Sentences that say their point in words that nobody told, or mix its parts: said again, else as it was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dalle_kit.checks import adds_words, in_own_words, keeps_parts, mixes_parts
from dalle_kit.records import Draft, Slot
from dalle_kit.repair.workbench import BEAMS, SENTENCE_TOKENS, Rewriting, Workbench, quoted
from dalle_kit.review import Reviewer, open_slots, plain_sentence

#: A note of so many words stands as it was typed where no sentence is found; a longer one keeps its own.
_SHORT = 6

#: What says of nobody knows what when, where or how much it is: the note says the same without.
_EMPTY = re.compile(r"It (?:is|was|will be) (?:[A-Z\d]|(?:about|at|between|every|from|in|on|until) )")

#: What stands for something that is told before: a sentence may say what it is.
_STANDS_FOR = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)

#: Pronouns by which who writes may speak, where the draft has them.
_WRITERS = re.compile(r"\b(?:I|[Ww]e)\b")


@dataclass(frozen=True, slots=True)
class Adorned:
    """A place for one point whose sentence has other words or mixes its parts, and the expression of better ones."""

    slot: Slot
    pattern: str
    mixes: bool


def find_adorned(reviewer: Reviewer, draft: Draft) -> list[Adorned]:
    """Return the sentences that have words beyond their point's or mix its parts, where there may be some that do not.

    One may have those of a point whose own place is empty, which it says as well, and those of what it calls "it".
    """
    if not reviewer.is_told_in_english:
        return []
    slots = [slot for slot in open_slots(draft) if reviewer.is_english_prose(slot) and slot.when is None]
    elsewhere = [point for slot in slots if not draft.texts[slot.name] for point in slot.about]
    found = []
    for number, slot in enumerate(slots):
        text = draft.texts[slot.name]
        if len(slot.about) != 1 or not text:
            continue
        told = [slot.about[0], *slot.otherwise, *elsewhere]
        if _STANDS_FOR.search(slot.about[0]):
            later = {point for each in slots[number + 1 :] for point in each.about}
            told += [known for known in reviewer.known if known not in later]
        mixes = not elsewhere and _mixes(slot, text)
        if mixes or adds_words(text, *told):
            pattern = _pattern(slot, text)
            found += [Adorned(slot, pattern, mixes)] if pattern else []
    return found


def rewrite_plainly(bench: Workbench, adorned: Sequence[Adorned]) -> list[Rewriting]:
    """Return how the sentences are generated: each after what stands before it, held to its point's own words."""
    rewritings = []
    for each in adorned:
        slot = each.slot
        options = {**slot.options, "max_tokens": SENTENCE_TOKENS}
        plain = Slot(slot.name, regex=each.pattern, forbid=slot.forbid, about=slot.about, beams=BEAMS, options=options)
        rewritings.append(bench.asked(plain, pressed=True, unlikely=""))
    return rewritings


def make_plain(bench: Workbench, adorned: Sequence[Adorned], texts: Sequence[str | None]) -> None:
    """Put each text that has no fault and all words of its point in the place of the sentence that adds to it.

    Where none is good, a point whose parts are mixed is said as it was typed. So is a short one, unless the sentence
    only names what all is about. A sentence for which nothing was generated stays; there may be fewer texts.
    """
    for each, text in zip(adorned, texts, strict=False):
        if text is None:
            continue
        slot = each.slot
        old, beside = bench.draft.texts[slot.name], bench.draft.replace(slot.name, "")
        new = bench.acceptable(text, slot, beside=beside)
        whole = new is not None and not _EMPTY.match(new) and keeps_parts(new, slot.about[0])
        if new is not None and whole and not bench.reviewer.unsaid(slot.about, new):
            bench.draft = bench.draft.replace(slot.name, new)
            bench.lines.append(f"wrote again: {quoted(old)} as {quoted(new)}")
        elif each.mixes or (
            len(slot.about[0].split()) <= _SHORT and adds_words(old, *slot.about, *slot.otherwise, *(slot.known or ()))
        ):
            typed = plain_sentence(slot, 0)
            bench.draft = bench.draft.replace(slot.name, typed)
            bench.lines.append(f"stated: {quoted(typed)}")


def _mixes(slot: Slot, text: str) -> bool:
    """Say whether a sentence tells the parts of its point in another order, or leaves a word of them out."""
    return all(mixes_parts(text, told) for told in (slot.about[0], plain_sentence(slot, 0)))


def _pattern(slot: Slot, text: str) -> str | None:
    """Return the expression of the sentences that say the point of a slot, which has a text, in its own words."""
    note, begins = slot.about[0], slot.starts_with.strip()
    if begins and not note.casefold().startswith(begins.casefold()):
        return None
    return in_own_words(note, besides=" ".join((plain_sentence(slot, 0), *_WRITERS.findall(text))), begins=begins)
