"""The sentences of a document that can be written anew, by their numbers and by their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dalle_kit.errors import RevisionError, UnknownNameError
from dalle_kit.passages import passages
from dalle_kit.records import Draft, Slot
from dalle_kit.review import Reviewer, open_slots

#: So much of a sentence is shown.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence: the slot it stands in and its number there, None where the slot's text is one whole."""

    slot: Slot
    index: int | None
    text: str


def places(reviewer: Reviewer, draft: Draft) -> list[Place]:
    """Return the sentences that the model wrote or could have, in the order of the document."""
    found: list[Place] = []
    for slot in open_slots(draft):
        text = draft.texts[slot.name]
        if reviewer.is_prose(slot):
            found += [Place(slot, index, each.sentence) for index, each in enumerate(passages(text))]
        elif text:
            found.append(Place(slot, None, text))
    return found


def find_place(row: Sequence[Place], wanted: str) -> Place:
    """Return the sentence of a number, or the one that has ``wanted`` in it.

    Raises RevisionError where there are none or several, UnknownNameError where no sentence has it.
    """
    if not row:
        raise RevisionError("the document has no sentence of the model's, so that none can be written anew")
    if wanted.strip().isdecimal():
        number = int(wanted)
        if 1 <= number <= len(row):
            return row[number - 1]
        raise RevisionError(f"there is no sentence {wanted.strip()}; choose from {numbered(row)}")
    words = " ".join(wanted.split()).casefold()
    having = [each for each in row if words and words in " ".join(each.text.split()).casefold()]
    if len(having) == 1:
        return having[0]
    listed = numbered(row)
    if having:
        raise RevisionError(f"{wanted!r} is in {len(having)} sentences; give its number, or more of it: {listed}")
    raise UnknownNameError("sentence", wanted, [each.text for each in row], hint=f"(by number: {listed})")


def numbered(row: Sequence[Place]) -> str:
    """Return the sentences with their numbers, on one line."""
    return ", ".join(f"{number} {_shown(each.text)}" for number, each in enumerate(row, 1))


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3].rstrip()}...")
