"""Sentences that say their point with words that nobody told: said again in the point's own, else as it was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dalle_kit.checks import adds_words, in_own_words, keeps_words
from dalle_kit.records import Skeleton, Slot
from dalle_kit.repair.workbench import Rewriting, Workbench, quoted
from dalle_kit.review import open_slots, plain_sentence

#: Beginnings that are followed at once: the next best word may lead away from the words that are left.
_BEAMS = 4

#: A note of so many words stands as it was typed where no sentence is found; a longer one keeps its own.
_SHORT = 6

#: What says of nobody knows what when, where or how much it is: the note says the same without.
_EMPTY = re.compile(r"It (?:is|was|will be) (?:[A-Z\d]|(?:about|at|between|every|from|in|on|until) )")

#: Pronouns by which who writes may speak, where the draft has them.
_WRITERS = re.compile(r"\b(?:I|[Ww]e)\b")


def find_adorned(bench: Workbench) -> list[Slot]:
    """Return the places for one point whose sentence has other words, and that have a pattern without them.

    It may have those of a point whose own place is empty: it says that as well.
    """
    if not bench.reviewer.is_told_in_english:
        return []
    slots = [slot for slot in open_slots(bench.draft) if bench.reviewer.is_english_prose(slot) and slot.when is None]
    texts = bench.draft.texts
    elsewhere = [point for slot in slots if not texts[slot.name] for point in slot.about]
    return [
        slot
        for slot in slots
        if len(slot.about) == 1
        and texts[slot.name]
        and adds_words(texts[slot.name], slot.about[0], *slot.otherwise, *elsewhere)
        and _pattern(bench, slot)
    ]


def rewrite_plainly(bench: Workbench, slots: Sequence[Slot]) -> list[Rewriting]:
    """Return how the sentences are generated: each after what stands before it, held to its point's own words."""
    rewritings = []
    for slot in slots:
        start = bench.draft.skeleton.starts(bench.draft.texts)[slot.name]
        certain = bench.draft.text[:start]
        options = {**slot.options, "max_tokens": 80}
        pattern = _pattern(bench, slot)
        plain = Slot(slot.name, regex=pattern, forbid=slot.forbid, about=slot.about, beams=_BEAMS, options=options)
        skeleton = Skeleton((certain, plain) if certain else (plain,))
        rewritings.append(Rewriting(bench.prompt, skeleton, pressed=True, unlikely=""))
    return rewritings


def make_plain(bench: Workbench, slots: Sequence[Slot], texts: Sequence[str | None]) -> None:
    """Put each text that has no fault and all words of its point in the place of the sentence that adds to it.

    Where none is good, a short point is said as it was typed, unless the sentence only names what all is about. A
    sentence for which nothing was generated stays; there may be fewer texts.
    """
    for slot, text in zip(slots, texts, strict=False):
        if text is None:
            continue
        old, beside = bench.draft.texts[slot.name], bench.draft.replace(slot.name, "")
        new = bench.acceptable(text, slot, beside=beside)
        whole = new is not None and not _EMPTY.match(new) and keeps_words(new, slot.about[0])
        if new is not None and whole and not bench.reviewer.unsaid(slot.about, new):
            bench.draft = bench.draft.replace(slot.name, new)
            bench.lines.append(f"wrote again: {quoted(old)} as {quoted(new)}")
        elif len(slot.about[0].split()) <= _SHORT and adds_words(
            old, *slot.about, *slot.otherwise, *(slot.known or ())
        ):
            bench.draft = bench.draft.replace(slot.name, plain_sentence(slot, 0))
            bench.lines.append(f"stated: {quoted(plain_sentence(slot, 0))}")


def _pattern(bench: Workbench, slot: Slot) -> str | None:
    note, begins = slot.about[0], slot.starts_with.strip()
    if begins and not note.casefold().startswith(begins.casefold()):
        return None
    writers = ("we" if word.casefold() == "we" else word for word in _WRITERS.findall(bench.draft.texts[slot.name]))
    besides = " ".join((plain_sentence(slot, 0), *writers))
    return in_own_words(note, besides=besides, begins=begins)
