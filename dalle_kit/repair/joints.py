"""Notes that are halves of one sentence: two places beside each other take one sentence that says both.

"State-funded college near Maidenhead" and "opened to pupils in September" are no sentences by themselves, and a place
that may only say one of them has nothing to say: the model goes on to what is told in the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dalle_kit.checks import DANGLING, key_words
from dalle_kit.checks.verbs import begins_with_verb, has_finite_verb
from dalle_kit.records import Slot
from dalle_kit.repair.additions import Addition, stated_before
from dalle_kit.repair.workbench import Rewriting, Workbench, quoted
from dalle_kit.review import open_slots

#: Pairs of places that are tried in one document, with two sentences each.
PAIRS = 4

#: How a note begins that surely goes on with what stands before it, and one that may.
_GOES_ON = re.compile(r"(?:and|or|but|which|who|whom|whose|where|when|because|while|although|though) ")
_MAY_GO_ON = re.compile(
    r"(?:for|with|in|on|at|by|from|to|of|as|after|before|during|near|under|over|making|giving|taking|bringing) "
)
#: The label of a note such as "price: 10 euros", which is not about the note before.
_LABEL = re.compile(r"\w+:")
_ASIDE = re.compile(r"\b\w+-\w+|,.*")


@dataclass(frozen=True, slots=True)
class Joint:
    """Two places for one point each, beside each other, that one sentence is to fill."""

    first: Slot
    second: Slot

    @property
    def slot(self) -> Slot:
        """The first place, as one for both points."""
        first, second = self.first, self.second
        known = None if first.known is None or second.known is None else (*first.known, *second.known)
        return replace(
            first,
            about=(*first.about, *second.about),
            otherwise=(),
            known=known and tuple(dict.fromkeys(known)),
            forbid=tuple(dict.fromkeys((*first.forbid, *second.forbid))),
        )


def find_joints(bench: Workbench, additions: Sequence[Addition]) -> list[Joint]:
    """Return the pairs of places that belong together and of which one at least says nothing yet; no place twice."""
    missing = {each.slot.name for each in additions if each.point is not None}
    found: list[tuple[int, Joint]] = []
    for first, second in _neighbours(bench):
        count = (first.name in missing) + (second.name in missing)
        closeness = _closeness(first.about[0], second.about[0]) if count else 0
        if closeness:
            begins = not _begins_within(first.about[0])
            found.append((closeness + count + begins, Joint(first, second)))
    taken: set[str] = set()
    chosen = []
    for _, joint in sorted(found, key=lambda each: -each[0]):
        if taken.isdisjoint({joint.first.name, joint.second.name}):
            taken |= {joint.first.name, joint.second.name}
            chosen.append(joint)
    return sorted(chosen[:PAIRS], key=lambda each: bench.draft.skeleton.parts.index(each.first))


def rewrite_joints(bench: Workbench, joints: Sequence[Joint], additions: Sequence[Addition]) -> list[Rewriting]:
    """Return how the sentences are generated: each twice, held to the words of both notes and left to the model.

    They come after what stands before them, where the missing is as stated.
    """
    rewritings = []
    for joint in joints:
        draft = stated_before(bench, joint.first, additions)
        words = tuple(word for point in joint.slot.about for word in key_words(point))
        held = bench.rewriting(joint.slot, "", points=joint.slot.about, mentions=words, draft=draft)
        free = bench.rewriting(joint.slot, "", points=joint.slot.about, draft=draft)
        rewritings += [held, replace(free, pressed=True)]
    return rewritings


def make_joints(bench: Workbench, joints: Sequence[Joint], texts: Sequence[str | None]) -> None:
    """Put the first text of each that is good and says both notes in the first place, and leave the second empty."""
    for number, joint in enumerate(joints):
        empty = bench.draft.replace(joint.first.name, "").replace(joint.second.name, "")
        for text in texts[2 * number : 2 * number + 2]:
            new = bench.acceptable(text, joint.slot, beside=empty)
            if new is not None and not bench.reviewer.unsaid(joint.slot.about, new):
                bench.draft = empty.replace(joint.first.name, new)
                bench.lines.append(f"joined: {quoted(new)}")
                break


def _neighbours(bench: Workbench) -> list[tuple[Slot, Slot]]:
    """Return the places for one point each that follow one another, with nothing but space between them."""
    parts = bench.draft.skeleton.parts
    places = [slot for slot in open_slots(bench.draft) if _may_join(bench, slot)]
    found = []
    for first, second in pairwise(places):
        between = parts[parts.index(first) + 1 : parts.index(second)]
        if all(isinstance(part, str) and not part.strip() for part in between):
            found.append((first, second))
    return found


def _may_join(bench: Workbench, slot: Slot) -> bool:
    reviewer = bench.reviewer
    joinable = len(slot.about) == 1 and slot.when is None and reviewer.is_prose(slot) and not reviewer.is_item(slot)
    return joinable and bool(key_words(slot.about[0]))


def _closeness(first: str, second: str) -> int:
    """Return how surely two notes are halves of one sentence: 0 is not at all, 2 is surely."""
    first, second = first.strip(), second.strip()
    if first[-1:] in ".!?" or second[-1:] == "?" or _LABEL.match(first) or _LABEL.match(second):
        return 0
    if _breaks_off(first) or _GOES_ON.match(second) or (first.count('"') % 2 and second.count('"') % 2):
        return 2
    # A verb without a subject may belong to what all is about, unless the note before is nothing but a subject.
    return int(bool(_MAY_GO_ON.match(second)) or (begins_with_verb(second) and _is_subject(first)))


def _breaks_off(note: str) -> bool:
    return bool(DANGLING.search(note)) and note[-1:].isalpha()


def _is_subject(note: str) -> bool:
    """Say whether a note has no verb, but for those of "State-funded college" and "the college, sponsored by"."""
    return not has_finite_verb(_ASIDE.sub("", note))


def _begins_within(note: str) -> bool:
    """Say whether a note may begin in the middle of a sentence."""
    return bool(_GOES_ON.match(note) or _MAY_GO_ON.match(note)) or begins_with_verb(note)
