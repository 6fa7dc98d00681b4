"""The sentence of a point, compared with what its note becomes if only little words are put in.

A small model says a note in words of its own, and then often says something else: "lost one of two hives" becomes "I
lost two hives." Of two sentences the one is kept that is the likelier where three things are asked together: after the
request, by itself, and for the note after the sentence, as a noisy channel is decoded (Yu et al., 2017,
arXiv:1611.02554). After a sentence that lost or changed something its note is not likely.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dalle_kit.budget import Budget
from dalle_kit.checks import adds_words, completed, is_sentence
from dalle_kit.checks.notes import with_capital_i
from dalle_kit.checks.verbs import has_finite_verb, is_past
from dalle_kit.checks.word_classes import ADVERBS, PERSONAL, QUALITIES, READER, WRITER
from dalle_kit.checks.words import plain
from dalle_kit.choosing import Finished, Work, checks_of, hooked
from dalle_kit.records import Draft, GenerationOptions, Slot
from dalle_kit.repair import Rewriting, quoted
from dalle_kit.repair.workbench import BEAMS, SENTENCE_TOKENS, Workbench
from dalle_kit.review import Reviewer, open_slots, plain_sentence
from dalle_kit.sentence_places import CALLED, Place, adds, is_note, is_wrong, words_of
from dalle_kit.writing import is_for_one_point, rewritten

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.results import Generation
    from dalle_kit.plugin_manager.manager import Plugins

#: What the likelihoods of the sentence by itself and of the note after it count for, beside that after the request.
_CHANNEL = 1.5

#: The mean log-likelihood of a token, in nats, below which little words made no sentence of a note.
_LEAST = -1.1

#: The same where a name has to be put in, which is never likely.
_LEAST_OF_NAMES = -3.0

#: What is at least as likely as this is surely a sentence.
_SURE = -0.3

#: Sentences whose likelihoods are computed at once, so that memory stays bounded.
_TOGETHER = 16


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

    Where nothing comes of a short note and what was written adds to it, it stands as it was typed. Where a server does
    not say how likely texts are, only what adds to its note, or is wrong, is written again.
    """
    places = [_places(plugins, each) for each in drafts]
    every = [place for row in places for place in row]
    if not engine.tells_likelihoods:
        every = [place for place in every if place.wrong or adds(place)]
    once = replace(options, candidates=1)
    _write(engine, [(place, place.pattern) for place in every if place.pattern], once, limit)
    # The note as it was typed is asked for only where it becomes nothing else, or nothing that is surely a sentence.
    unsure = [place for place in every if place.pattern is None or not (place.is_settled or place.says)]
    _write(engine, [(place, re.escape(place.typed)) for place in unsure], once, limit)
    open_places = [place for place in every if place.is_tried and not place.keeps]
    if engine.tells_likelihoods:
        _choose(engine, open_places, limit)
    else:
        for place in open_places:
            place.choice = place.made or place.typed
    return [_with_choices(plugins, draft, row) for draft, row in zip(drafts, places, strict=True)]


def _places(plugins: Plugins, draft: Finished) -> list[Place]:
    """Return the places of a draft whose sentence is not its note already, with little words put in."""
    reviewer, own = draft.reviewer, draft.own
    if not reviewer.is_told_in_english:
        return []
    checks = checks_of(plugins, draft.work)
    review = draft.review if own is draft.draft else reviewer.review(own, checks)
    bench = Workbench(reviewer, draft.work.shaped.prompt, own, review, checks)
    faulty = {each.slot for each in review.findings if each.severity == "error"} | set(review.unsaid)
    writers = _writers(reviewer, own)
    places = []
    for slot in open_slots(own):
        text, result = own.texts[slot.name], draft.generation.slots.get(slot.name)
        if not (is_for_one_point(slot) and reviewer.is_english_prose(slot) and slot.when is None and result):
            continue
        is_told_of = reviewer.topic != "" and _is_told_of_others(slot.about[0])
        called = (reviewer.topic,) if is_told_of else writers
        pattern = completed(slot.about[0], writers=called, begins=slot.starts_with.strip())
        if not is_note(text, slot.about[0], pattern or re.escape(plain_sentence(slot, 0))):
            place = Place(
                bench, slot, text, pattern, not text or slot.name in faulty, {text: result.log_likelihood}, own
            )
            place.wrong = place.wrong or is_wrong(place)
            strangers = {word for who, words in CALLED.items() if who not in called for word in words}
            strangers |= PERSONAL if is_told_of else set()  # nobody told whether "he" or "she"
            place.is_told_of = is_told_of
            place.is_of_others = bool(called and (strangers & words_of(text)) - words_of(slot.about[0]))
            places.append(place)
    instead = {place.slot.name: place.typed for place in places if place.wrong}
    for place in places:
        place.beside = Draft(own.skeleton, {**own.texts, **instead, place.slot.name: ""})
    return places


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


def _write(engine: Engine, asked: Sequence[tuple[Place, str]], options: GenerationOptions, limit: Budget) -> None:
    """Write the sentences that are asked for by their expressions, and note the good ones."""
    results = rewritten(engine, [_rewriting(place, pattern) for place, pattern in asked], options, limit)
    for (place, _), written in zip(asked, results, strict=True):
        if written is None:
            continue
        place.is_tried = True
        text = _made(place, written)
        place.keeps = place.keeps or _names_it(place, text)
        place.is_settled = place.keeps or (text != "" and written.mean_log_likelihood >= _SURE)
        if text:
            place.options[text] = written.log_likelihood
            place.made = text if text != place.typed else place.made


def _rewriting(place: Place, pattern: str) -> Rewriting:
    slot = place.slot
    beams = 2 if place.says or pattern != place.pattern else BEAMS  # where there is little to choose from
    options = {**slot.options, "max_tokens": SENTENCE_TOKENS}
    alone = Slot(slot.name, regex=pattern, forbid=slot.forbid, about=slot.about, beams=beams, options=options)
    # An empty place has no space before it.
    return place.bench.asked(alone, draft=place.beside.replace(slot.name, place.typed))


def _made(place: Place, written: Generation) -> str:
    """Return the sentence that a note became, "" where it is none that anybody would write, or is at fault."""
    if written.text.strip() == place.typed:
        return place.typed
    if written.mean_log_likelihood < (_LEAST_OF_NAMES if place.is_told_of else _LEAST):
        return ""
    text = place.bench.acceptable(written.text, place.slot, beside=place.beside)
    if not text or not (has_finite_verb(text) or text.startswith("Please ")):
        return ""
    return "" if place.bench.reviewer.unsaid(place.slot.about, text) else text


def _names_it(place: Place, made: str) -> bool:
    """Say whether the sentence only names what all is about where the note became "It is ...", and so is better."""
    begins = re.match(r"(?:It|They) ", made)
    if not begins or place.wrong or not place.sentence.endswith(made[begins.end() :]):
        return False
    named = place.sentence[: len(place.sentence) - len(made) + begins.end()]
    return not adds_words(named, *place.bench.reviewer.known)


def _choose(engine: Engine, places: Sequence[Place], limit: Budget) -> None:
    """Choose the likeliest sentence of each place, of one that is wrong only another; none where the time is up."""
    rivals = [(place, place.rivals) for place in places]
    # In a mail merge the same are asked for again and again.
    pairs = list(dict.fromkeys((text, place.note) for place, texts in rivals if len(texts) > 1 for text in texts))
    fits: dict[tuple[str, str], float] = {}
    for start in range(0, len(pairs), _TOGETHER):
        if limit.over:
            return
        some = pairs[start : start + _TOGETHER]
        fits.update(zip(some, _fits(engine, some), strict=True))
    for place, texts in rivals:
        if place.is_told_of and place.made:  # a name is never likely
            place.choice = place.made
        elif len(texts) > 1:
            place.choice = max((place.worth(text) + fits[text, place.note], text) for text in texts)[1]
        elif texts:
            place.choice = texts[0]


def _fits(engine: Engine, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Return how likely sentences are by themselves, and their notes after them, summed and weighted, in nats."""
    texts = [("Sentence:", f" {sentence}\nNote:", f" {note}\n") for sentence, note in pairs]
    return [_CHANNEL * (alone + of_note) for alone, of_note in engine.part_likelihoods(texts)]


def _with_choices(plugins: Plugins, draft: Finished, places: Sequence[Place]) -> Finished:
    """Return a draft with the chosen sentences; what adds words to a note of which nothing came is stated instead."""
    own, lines = draft.own, list[str]()
    for place in places:
        text = place.sentence if place.choice is None else place.choice
        if place.choice == place.sentence and not place.made and adds(place):
            text = place.typed
        if text != place.sentence:
            own = own.replace(place.slot.name, text)
            how = "stated:" if place.is_dull(text) else f"wrote again: {quoted(place.sentence)} as"
            lines.append(f"{how} {quoted(text)}")
    if not lines:
        return draft
    return hooked(plugins, draft.work, draft.reviewer, draft.generation, own, (*draft.repairs, *lines))
