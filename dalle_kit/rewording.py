"""The sentence of a point: the one that was written, what its note becomes with little words, or the note as typed.

A small model says a note in words of its own, and then may say something else: "lost one of two hives" becomes "I lost
two hives." So the likelier sentence is kept of that and of what the note's own words become. A model that learned from
notes and what they mean knows what it does not know: what it finds unlikely is not trusted, and the note stands as it
was typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dalle_kit.budget import Budget
from dalle_kit.checks import completed, is_sentence
from dalle_kit.checks.notes import with_capital_i
from dalle_kit.checks.verbs import has_finite_verb, is_past
from dalle_kit.checks.word_classes import ADVERBS, PERSONAL, QUALITIES, READER, WRITER
from dalle_kit.checks.words import plain
from dalle_kit.choosing import STATED, Finished, Work, checks_of, hooked
from dalle_kit.records import Draft, GenerationOptions, Slot
from dalle_kit.repair import Rewriting, quoted
from dalle_kit.repair.workbench import BEAMS, SENTENCE_TOKENS, Workbench
from dalle_kit.review import Reviewer, open_slots, plain_sentence
from dalle_kit.sentence_places import CALLED, Place, is_note, is_wrong, says_nothing, words_of
from dalle_kit.writing import is_for_one_point, rewritten

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.results import Generation
    from dalle_kit.plugin_manager.manager import Plugins

#: The mean log-likelihood of a token, in nats, below which little words made no sentence of a note, where it was not
#: measured what the model is to be trusted from; and where a name is put in, which is never likely.
_LEAST, _LEAST_OF_NAMES = -1.1, -3.0

#: The most words of a prompt that nobody told: what is to be written, and the like.
_FRAME = 20


def typed_sentences(work: Work) -> dict[str, str]:
    """Return by the names of slots the sentences of points that are whole as they were typed, and may stand so.

    The model would be asked for these in vain: compared with what it writes, the note wins nearly always.
    """
    skeleton = work.shaped.skeleton
    reviewer = Reviewer(work.domain, work.request, skeleton)
    looked_at = {slot.when[0] for slot in skeleton.slots if slot.when}  # by slots that depend on what is written there
    slots = [slot for slot in skeleton.slots if _takes_its_point(slot) and reviewer.is_english_prose(slot)]
    whole = [slot for slot in slots if is_sentence(slot.about[0]) and slot.name not in looked_at]
    found = {slot.name: with_capital_i(plain_sentence(slot, 0)) for slot in whole}
    return found if found and reviewer.is_told_in_english else {}


def _takes_its_point(slot: Slot) -> bool:
    """Say whether a slot asks for one sentence that says its point, and for nothing more."""
    more = slot.when or slot.words or slot.forbid or slot.mentions
    if more or not is_for_one_point(slot) or slot.sentences != (1, 1):
        return False
    return plain_sentence(slot, 0).startswith(slot.starts_with.strip())


def reworded(
    plugins: Plugins, drafts: Sequence[Finished], engine: Engine, options: GenerationOptions, limit: Budget
) -> list[Finished]:
    """Return the drafts with the better sentence of each point: the one that was written, or what its note becomes.

    Where neither is likely enough to be trusted the note stands as it was typed. Where a server does not say how likely
    texts are, only what is wrong is written again.
    """
    places = [_places(plugins, each, engine.trusted_from) for each in drafts]
    every = [place for row in places for place in row if engine.tells_likelihoods or place.wrong]
    _write(engine, [place for place in every if not place.is_note], replace(options, candidates=1), limit)
    if not limit.stopped:
        for place in every:
            place.choose()
    return [_with_choices(plugins, draft, row) for draft, row in zip(drafts, places, strict=True)]


def _places(plugins: Plugins, draft: Finished, trusted_from: float | None) -> list[Place]:
    """Return the places of a draft, each for the sentence of one point."""
    reviewer, own = draft.reviewer, draft.own
    if not reviewer.is_told_in_english:
        return []
    checks = checks_of(plugins, draft.work)
    review = draft.review if own is draft.draft else reviewer.review(own, checks)
    bench = Workbench(reviewer, draft.work.shaped.prompt, own, review, checks)
    faulty = {each.slot for each in review.findings if each.severity == "error"} | set(review.unsaid)
    writers = _writers(reviewer, own)
    least = trusted_from if _is_alone(draft.work, reviewer) else None
    places = []
    for slot in open_slots(own):
        text, result = own.texts[slot.name], draft.generation.slots.get(slot.name)
        if not (is_for_one_point(slot) and reviewer.is_english_prose(slot) and slot.when is None and result):
            continue
        if result.reason == STATED:  # nothing was written for it
            continue
        is_told_of = reviewer.topic != "" and _is_told_of_others(slot.about[0])
        called = (reviewer.topic,) if is_told_of else writers
        pattern = completed(slot.about[0], writers=called, begins=slot.starts_with.strip())
        place = Place(bench, slot, text, result.log_likelihood, pattern, own, least, is_told_of=is_told_of)
        place.wrong = not text or slot.name in faulty or is_wrong(place)
        place.is_note = not place.wrong and is_note(text, slot.about[0], pattern or re.escape(place.typed))
        if not place.is_note:
            strangers = {word for who, words in CALLED.items() if who not in called for word in words}
            strangers |= PERSONAL if is_told_of else set()  # nobody told whether "he" or "she"
            place.is_of_others = bool(called and (strangers & words_of(text)) - words_of(slot.about[0]))
        places.append(place)
    instead = {place.slot.name: place.typed for place in places if place.wrong}
    for place in (each for each in places if not each.is_note):
        place.beside = Draft(own.skeleton, {**own.texts, **instead, place.slot.name: ""})
    return places


def _is_alone(work: Work, reviewer: Reviewer) -> bool:
    """Say whether the model is told little but what the request says, and the message that is answered.

    After examples it has other things to say, and no sentence is as likely as else.
    """
    if work.likeness is not None and work.likeness.steer == "prompt":
        return False
    points = (f"- {point}" for slot in work.shaped.skeleton.slots for point in slot.about)
    told = {word for text in (*reviewer.known, *points) for word in text.split()}
    return sum(word not in told for word in work.shaped.prompt.text.split()) <= _FRAME


def _writers(reviewer: Reviewer, own: Draft) -> tuple[str, ...]:
    """Return what whoever writes may be called: "I" alone for one person, unless their points say "we"."""
    if not any(WRITER & words_of(text) for text in (*reviewer.known, own.text)):
        return ()
    points = {word for slot in own.skeleton.slots for point in slot.about for word in words_of(point)}
    return ("I",) if reviewer.is_by_one_person and not CALLED["We"] & points else ("I", "We")


def _is_told_of_others(note: str) -> bool:
    """Say whether a note tells what was done or how somebody was, and names nobody who did it or had it done."""
    first = plain((note.split() or [""])[0])
    doers = PERSONAL | READER | frozenset("i we my our".split())
    return (is_past(first) or first in ADVERBS | QUALITIES) and not words_of(note) & doers


def _write(engine: Engine, places: Sequence[Place], options: GenerationOptions, limit: Budget) -> None:
    """Write what the notes of places become, with how likely it is; what time cut off is left out."""
    asked = [(place, _rewriting(place, place.pattern)) for place in places if place.pattern]
    results = rewritten(engine, [rewriting for _, rewriting in asked], options, limit)
    for (place, _), written in zip(asked, results, strict=True):
        if written is not None and written.slots[place.slot.name].reason != "time":
            least = _LEAST_OF_NAMES if place.is_told_of else _LEAST if place.trusted_from is None else -math.inf
            place.made, place.made_likelihood = _made(place, written, least), written.log_likelihood


def _rewriting(place: Place, pattern: str) -> Rewriting:
    slot = place.slot
    options = {**slot.options, "max_tokens": SENTENCE_TOKENS}
    alone = Slot(slot.name, regex=pattern, forbid=slot.forbid, about=slot.about, beams=BEAMS, options=options)
    # An empty place has no space before it.
    return place.bench.asked(alone, draft=place.beside.replace(slot.name, place.typed))


def _made(place: Place, written: Generation, least: float) -> str:
    """Return the sentence that a note became, "" where it is none that anybody would write, or is at fault.

    ``least`` is the mean log-likelihood of a token that it has to have, in nats.
    """
    if written.text.strip() == place.typed:
        return place.typed
    if written.mean_log_likelihood < least:
        return ""
    text = place.bench.acceptable(written.text, place.slot, beside=place.beside)
    if not text or not (has_finite_verb(text) or text.startswith("Please ")) or says_nothing(place.note, text):
        return ""
    return "" if place.bench.reviewer.unsaid(place.slot.about, text) else text


def _with_choices(plugins: Plugins, draft: Finished, places: Sequence[Place]) -> Finished:
    """Return a draft with the chosen sentences."""
    own, lines = draft.own, list[str]()
    for place in places:
        text = place.sentence if place.choice is None else place.choice
        if text != place.sentence:
            own = own.replace(place.slot.name, text)
            how = "stated:" if place.is_dull(text) else f"wrote again: {quoted(place.sentence)} as"
            lines.append(f"{how} {quoted(text)}")
    if not lines:
        return draft
    return hooked(plugins, draft.work, draft.reviewer, draft.generation, own, (*draft.repairs, *lines))
