"""Points that are missing: each is put in a generated sentence, or stated in the template's plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dalle_kit.checks import key_words
from dalle_kit.passages import Passage, inserted, joined
from dalle_kit.records import Draft, Slot
from dalle_kit.repair.workbench import Rewriting, Workbench, quoted
from dalle_kit.review import Reviewer, open_slots, plain_sentence


@dataclass(frozen=True, slots=True)
class Addition:
    """Something to say in a slot: a point, the place among its sentences, and its plain sentence.

    Without a point the plain sentence is the slot's whole text.
    """

    slot: Slot
    point: int | None
    place: int
    plain: str


def find_additions(bench: Workbench) -> list[Addition]:
    """Return what has to be said in addition, in the order of the document."""
    found: list[Addition] = []
    for slot in open_slots(bench.draft):
        missing = bench.review.unsaid.get(slot.name, ())
        if missing and bench.reviewer.is_prose(slot):
            # What does not say the one point of its slot has nothing to do there.
            if len(slot.about) == 1:
                bench.draft = bench.draft.replace(slot.name, "")
            found += _places(bench, slot, missing)
        elif missing and any(slot.otherwise):
            # It is held to a pattern, so its text cannot be taken apart.
            found.append(Addition(slot, None, 0, " ".join(filter(None, slot.otherwise))))
    return found


def can_be_generated(bench: Workbench, addition: Addition) -> bool:
    """Say whether a sentence may be generated for an addition: for a point that was not tried before."""
    return addition.point is not None and (addition.slot.name, addition.point) not in bench.tried


def rewrite_addition(bench: Workbench, addition: Addition, additions: Sequence[Addition]) -> Rewriting:
    """Return how a missing point is put in words: after what comes before it, where the missing is as stated."""
    assert addition.point is not None
    row, place = bench.row(addition.slot), addition.place
    for other in additions[: additions.index(addition)]:
        if other.slot.name == addition.slot.name:
            row = inserted(row, other.place + place - addition.place, other.plain)
            place += 1
    stated = inserted(row, place, addition.plain)[: place + 1]
    before = joined(stated).removesuffix(addition.plain)
    point = addition.slot.about[addition.point]
    draft = stated_before(bench, addition.slot, additions)
    return bench.rewriting(addition.slot, before, points=(point,), mentions=key_words(point), draft=draft)


def stated_before(bench: Workbench, slot: Slot, additions: Sequence[Addition]) -> Draft:
    """Return the draft with what is missing in the places before a slot stated plainly, if nothing stands there."""
    draft = bench.draft
    for each in additions:
        if each.slot.name == slot.name:
            break
        if not bench.draft.texts[each.slot.name]:
            draft = draft.replace(each.slot.name, each.plain)
    return draft


def make_additions(bench: Workbench, additions: Sequence[Addition], texts: Sequence[str | None]) -> None:
    """Say each point at its place: in the text generated for it if that is good, else plainly.

    There may be fewer texts.
    """
    proposals = [*texts, *[None] * (len(additions) - len(texts))]
    made: dict[str, int] = {}
    for each, text in zip(additions, proposals, strict=True):
        if each.point is None:
            bench.draft = bench.draft.replace(each.slot.name, each.plain)
            bench.lines.append(f"stated: {quoted(each.plain)}")
            continue
        new = bench.acceptable(text, each.slot, beside=bench.draft)
        if new is not None and bench.reviewer.unsaid([each.slot.about[each.point]], new):
            new = None
        before = made.get(each.slot.name, 0)
        bench.draft = bench.changed(
            each.slot, inserted(bench.row(each.slot), each.place + before, new if new is not None else each.plain)
        )
        made[each.slot.name] = before + 1
        bench.lines.append(f"added: {quoted(new)}" if new is not None else f"stated: {quoted(each.plain)}")


def _places(bench: Workbench, slot: Slot, missing: Sequence[int]) -> list[Addition]:
    """Return the additions for a slot's missing points: after the point before, before the one after, else last."""
    row = bench.row(slot)
    homes = _homes(bench.reviewer, slot, row, missing)
    places: list[tuple[int, int]] = []
    for point in missing:
        after = [homes[other] + 1 for other in range(point - 1, -1, -1) if other in homes]
        before = [homes[other] for other in range(point + 1, len(slot.about)) if other in homes]
        places.append(((after or before or [len(row)])[0], point))
    return [Addition(slot, point, place, plain_sentence(slot, point)) for place, point in sorted(places)]


def _homes(reviewer: Reviewer, slot: Slot, row: Sequence[Passage], missing: Sequence[int]) -> dict[int, int]:
    """Return the number of the sentence that expresses each of the slot's other points best."""
    points = [index for index in range(len(slot.about)) if index not in missing]
    if not points or not row:
        return {}
    shares = [reviewer.assess([slot.about[index] for index in points], passage.sentence) for passage in row]
    homes = {}
    for number, index in enumerate(points):
        best = max(range(len(row)), key=lambda place: shares[place][number].score)
        if shares[best][number].score > 0:
            homes[index] = best
    return homes
