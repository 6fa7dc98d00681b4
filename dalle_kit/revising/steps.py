"""The steps of a revision, as a repair's: sentences are generated, and kept if the checks find nothing against them.

What was not to change is never touched. A sentence for which nothing better is found stays as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from dalle_kit.checks import is_sentence, key_words, same_words
from dalle_kit.checks.notes import says_surely
from dalle_kit.passages import Passage, joined, without
from dalle_kit.records import Draft, Skeleton, Slot
from dalle_kit.repair import Repaired, Rewriting, Steps, quoted
from dalle_kit.repair.additions import find_additions, make_additions, rewrite_addition
from dalle_kit.repair.workbench import Workbench
from dalle_kit.review import open_slots, own_text, plain_sentence
from dalle_kit.revising.aims import Aims
from dalle_kit.revising.sameness import is_said_alike
from dalle_kit.revising.sentences import Place
from dalle_kit.revising.tightening import tighten

#: How boldly other sentences are drawn: each of these so often in a round.
_TEMPERATURES, _DRAWS = (0.7, 1.0, 1.3), 2

#: Rounds in which another sentence is looked for.
_ROUNDS = 2

#: A step: it yields what is to be generated, and is sent the texts, None for what was not.
Texts = Generator[list[Rewriting], Sequence[str | None], None]


def revision_steps(bench: Workbench, aims: Aims, notes: list[str], finish: Callable[[Draft], Draft]) -> Steps:
    """Revise one draft; ``notes`` gets what could not be done, ``finish`` is the domain's post-processing."""
    yield from _fill(bench, aims.fill, finish)
    for place in aims.redo:
        if place.index is None:
            yield from _redo_whole(bench, place, aims, notes, finish)
        else:
            yield from _redo(bench, place, aims, notes)
    if aims.restyle:
        yield from _restyle(bench, aims)
    if aims.say:
        yield from _say(bench, aims)
    if aims.shorter:
        yield from tighten(bench)
    bench.look_again()
    return Repaired(bench.draft, bench.review, tuple(bench.lines))


def whole(bench: Workbench, slot: Slot) -> Rewriting:
    """Return how a slot is filled anew as it is, after all that stands before it."""
    return bench.asked(replace(slot, when=None))


def _fill(bench: Workbench, slots: Sequence[Slot], finish: Callable[[Draft], Draft]) -> Texts:
    """Fill slots that are new and have no points."""
    for slot in slots:
        (text,) = yield [whole(bench, slot)]
        if text:
            bench.draft = _finished(bench, slot, text, finish)
            bench.lines.append(f"added: {quoted(bench.draft.texts[slot.name])}")


def _finished(bench: Workbench, slot: Slot, text: str, finish: Callable[[Draft], Draft]) -> Draft:
    """Return the draft with a slot's text as its domain finishes it; the others stay."""
    return bench.draft.replace(slot.name, finish(bench.draft.replace(slot.name, text)).texts[slot.name])


def _redo_whole(
    bench: Workbench, place: Place, aims: Aims, notes: list[str], finish: Callable[[Draft], Draft]
) -> Texts:
    """Write the whole text of a slot anew: that of a pattern, of code, of a choice."""
    slot = place.slot
    old = bench.draft.texts[slot.name]
    others = tuple(choice for choice in slot.choices if choice != old)
    if slot.choices and not others:
        notes.append(f"there is no other choice than {quoted(old)}: it stays")
        return
    base = whole(bench, replace(slot, choices=others))
    for round in range(_ROUNDS):
        texts = yield [base, *_drawn(base, aims.seed + _number(old), round)]
        drafts = [_finished(bench, slot, text, finish) for text in texts if text]
        new = [each for each in drafts if each.texts[slot.name].strip() not in ("", old.strip(), *aims.avoid)]
        if new:
            reviews = [bench.reviewer.review(each, bench.checks) for each in new]
            # Of equally good ones it is the one most like the old one in length: what rambles on was not asked for.
            sizes = [abs(len(each.texts[slot.name]) - len(old)) for each in new]
            ranks = [(each.errors, each.warnings, size) for each, size in zip(reviews, sizes, strict=True)]
            best = ranks.index(min(ranks))
            if reviews[best].errors <= bench.review.errors:
                bench.draft = new[best]
                bench.lines.append(f"wrote again: {quoted(old)} as {quoted(new[best].texts[slot.name])}")
                bench.look_again()
                return
    notes.append(f"no other text that passes the checks was found for {quoted(old)}: it stays")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of a draft that may be put anew: what it has to say, and the draft without it."""

    slot: Slot
    index: int
    text: str
    points: tuple[str, ...]
    rest: Draft


def _sentence(bench: Workbench, slot: Slot, index: int) -> _Sentence:
    row = bench.row(slot)
    text, rest = row[index].sentence, bench.changed(slot, without(row, index))
    # It may say the point of another place too, which is empty then.
    every = [point for each in open_slots(bench.draft) for point in each.about]
    unsaid = set(bench.reviewer.unsaid(every, own_text(bench.draft)))
    points = [every[number] for number in bench.reviewer.unsaid(every, own_text(rest)) if number not in unsaid]
    if not points:
        plain = {point for number, point in enumerate(slot.about) if plain_sentence(slot, number) in text}
        left = {slot.about[number] for number in bench.reviewer.unsaid(slot.about, text)} - plain
        points = [point for point in slot.about if point not in left or len(slot.about) == 1]
    return _Sentence(slot, index, text, tuple(dict.fromkeys(points)), rest)


def _variants(bench: Workbench, each: _Sentence) -> list[Rewriting]:
    """Return how a sentence is generated again: left to the model, and held to the words of its point."""
    row = bench.row(each.slot)
    before = joined(row[: each.index]) + row[each.index].before
    free = bench.rewriting(each.slot, before, points=each.points)
    start = each.slot.starts_with if each.index == 0 else ""
    if start:
        *certain, alone = free.skeleton.parts
        assert isinstance(alone, Slot)
        return [replace(free, skeleton=Skeleton((*certain, replace(alone, starts_with=start))))]
    words = tuple(word for point in each.points for word in key_words(point))
    held = [bench.rewriting(each.slot, before, points=each.points, mentions=words)] if words else []
    return [free, *held]


def _drawn(base: Rewriting, seed: int, round: int) -> list[Rewriting]:
    """Return a rewriting with the words drawn, so that each becomes another text."""
    *certain, slot = base.skeleton.parts
    assert isinstance(slot, Slot)
    found = []
    for number in range(_DRAWS * len(_TEMPERATURES)):
        drawing = {"temperature": _TEMPERATURES[number // _DRAWS], "seed": (seed + 101 * round + number) % 2**31}
        drawn = replace(slot, options={**slot.options, **drawing})
        # What is drawn and unlikely is no sentence more often than not.
        found.append(replace(base, skeleton=Skeleton((*certain, drawn)), pressed=slot.sentences is not None))
    return found


def _number(text: str) -> int:
    """Return a number that is another for another text."""
    return zlib.crc32(text.encode("utf-8"))


def _redo(bench: Workbench, place: Place, aims: Aims, notes: list[str]) -> Texts:
    """Write a sentence anew, as another one."""
    index = next((n for n, each in enumerate(bench.row(place.slot)) if each.sentence == place.text), None)
    if index is None:
        return  # an instruction has changed it already
    each = _sentence(bench, place.slot, index)
    avoid = {same_words(text) for text in (each.text, *aims.avoid)}
    variants = _variants(bench, each)
    for round in range(_ROUNDS):
        drawn = _drawn(variants[0], aims.seed + _number(each.text), round)
        # What is likeliest is the same for each seed: one that is given asks for something else first.
        rows = drawn if round else [*drawn, *variants] if aims.seed else [*variants, *drawn]
        texts = yield rows
        if new := _first_good(bench, each, texts, avoid):
            _put(bench, each, new)
            return
    plain = [plain_sentence(place.slot, number) for number in range(len(place.slot.about))]
    is_worse = says_surely(each.text) and not says_surely(plain[0])  # a note that is no sentence
    if len(plain) == 1 and each.points == place.slot.about and same_words(plain[0]) not in avoid and not is_worse:
        _put(bench, each, plain[0])
    else:
        notes.append(f"no other sentence that passes the checks was found for {quoted(each.text)}: it stays")


def _first_good(bench: Workbench, each: _Sentence, texts: Sequence[str | None], avoid: set[str]) -> str | None:
    """Return the first text that says the same as a sentence, in other words, and makes the document no worse."""
    for text in texts:
        new = bench.acceptable(text, each.slot, beside=each.rest)
        if new is None or same_words(new) in avoid or bench.reviewer.unsaid(each.points, new):
            continue
        if not is_said_alike(new, each.text, each.points):
            continue
        row = bench.row(each.slot)
        shown = replace(row[each.index], sentence=new) if each.text else Passage(" ", new)
        draft = bench.changed(each.slot, [*row[: each.index], shown, *row[each.index + bool(each.text) :]])
        if bench.reviewer.review(draft, bench.checks).errors <= bench.review.errors:
            return new
    return None


def _put(bench: Workbench, each: _Sentence, new: str) -> None:
    row = bench.row(each.slot)
    again: list[Passage] = [*row[: each.index], replace(row[each.index], sentence=new), *row[each.index + 1 :]]
    bench.draft = bench.changed(each.slot, again)
    bench.lines.append(f"wrote again: {quoted(each.text)} as {quoted(new)}")


def _restyle(bench: Workbench, aims: Aims) -> Texts:
    """Put each sentence that says a point as the model would now, where that passes the checks."""
    redone = {(place.slot.name, place.index) for place in aims.redo}
    sentences = [
        _sentence(bench, slot, index)
        for slot in open_slots(bench.draft)
        if bench.reviewer.is_prose(slot) and slot.about
        for index in range(len(bench.row(slot)))
        if (slot.name, index) not in redone
    ]
    offered = [(each, _variants(bench, each)) for each in sentences if each.points]
    if not offered:
        return
    left = yield [variant for _, variants in offered for variant in variants]
    for each, variants in offered:
        mine, left = left[: len(variants)], left[len(variants) :]
        again = _sentence(bench, each.slot, each.index)  # what stands around it may have changed
        # What the model would still say stays, if only in other words than a search finds.
        if mine and mine[0] and same_words(mine[0]) == same_words(again.text):
            continue
        if new := _first_good(bench, again, mine, {same_words(again.text)}):
            _put(bench, again, new)


def _say(bench: Workbench, aims: Aims) -> Texts:
    """Say the points that are wanted and not said, each at its place: generated, or in plain words.

    One that is a whole sentence is not generated: it stands as it was typed.
    """
    bench.look_again()
    unsaid = {
        name: wanted
        for name, numbers in bench.review.unsaid.items()
        if (wanted := tuple(number for number in numbers if number in aims.say.get(name, ())))
    }
    bench.review = replace(bench.review, unsaid=unsaid)
    additions = find_additions(bench)
    stated = [each for each in additions if each.point is not None and not _is_whole(bench, each.slot, each.point)]
    held = [rewrite_addition(bench, each, additions) for each in stated]
    free = [replace(each, skeleton=_left_to_model(each.skeleton), pressed=False) for each in held]
    texts = (yield [*free, *held]) if held else []
    chosen: dict[int, str | None] = {}
    for number, each in enumerate(stated):
        assert each.point is not None
        point = each.slot.about[each.point]
        sentence = _Sentence(each.slot, each.place, "", (point,), bench.draft)
        proposals = texts[number :: len(stated)]
        chosen[additions.index(each)] = _first_good(bench, sentence, proposals, set())
    make_additions(bench, additions, [chosen.get(number) for number in range(len(additions))])


def _is_whole(bench: Workbench, slot: Slot, point: int) -> bool:
    return bench.reviewer.is_told_in_english and is_sentence(slot.about[point])


def _left_to_model(skeleton: Skeleton) -> Skeleton:
    *certain, slot = skeleton.parts
    assert isinstance(slot, Slot)
    return Skeleton((*certain, replace(slot, mentions=(), beams=1)))
