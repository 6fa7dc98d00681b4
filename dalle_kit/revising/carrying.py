"""What stays of a document when its request changes: its sentences, each in the place that its points have now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from dalle_kit.domain import Domain, Request
from dalle_kit.errors import DalleKitError, RevisionError, UnknownNameError
from dalle_kit.passages import joined, passages, without
from dalle_kit.records import Skeleton, Slot
from dalle_kit.review import Reviewer

#: What is added to a request to see where it becomes a point.
_PROBE = "There is one more thing to say"

Shape = Callable[[Request], Skeleton]


@dataclass(frozen=True, slots=True)
class Carried:
    """The texts of a skeleton's slots, "" where there is none yet, and the slots whose texts have no place in it."""

    texts: dict[str, str]
    lost: tuple[Slot, ...]


def carry(old: Skeleton, texts: Mapping[str, str], new: Skeleton) -> Carried:
    """Put the texts of one skeleton's slots into another: a point's sentence where the point is, the others by name."""
    left = list(old.slots)
    found: dict[str, str] = {}
    for slot in new.slots:
        match = _match(slot, left)
        text = texts.get(match.name, "") if match else ""
        if match:
            left.remove(match)
        # A place that wants another beginning wants another sentence.
        fits = slot.verbatim or not slot.starts_with or text.startswith(slot.starts_with.strip())
        found[slot.name] = text if fits else ""
    return Carried(found, tuple(slot for slot in left if texts.get(slot.name, "").strip()))


def _match(slot: Slot, old: Sequence[Slot]) -> Slot | None:
    same = [each for each in old if slot.about and each.about == slot.about]
    named = [
        each
        for each in old
        if each.name == slot.name and (set(each.about) & set(slot.about) or not (each.about or slot.about))
    ]
    return next(iter(same or named), None)


def points_field(domain: Domain, request: Request, fields: Mapping[str, Any], shape: Shape) -> str | None:
    """Return the field of a request that holds the points of its text, None where there is none.

    It is the one whose further item becomes a point of a slot; or stands in the text, where that has no slots.
    """
    told, literal = _points(shape(request)), None
    for name, info in domain.request.model_fields.items():
        if not _is_list_of_texts(info.annotation):
            continue
        try:
            skeleton = shape(domain.parse({**fields, name: [*(getattr(request, name) or ()), _PROBE]}))
        except DalleKitError:
            continue  # the field takes no such text
        if _points(skeleton) > told:
            return name
        if literal is None and _PROBE in skeleton.fill(dict.fromkeys((slot.name for slot in skeleton.slots), "")):
            literal = name
    return literal


def _points(skeleton: Skeleton) -> int:
    return sum(len(slot.about) for slot in skeleton.slots)


def _is_list_of_texts(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(_is_list_of_texts(each) for each in get_args(annotation))
    item = next(iter(get_args(annotation)), None)
    # A plugin's texts have bounds: tuple[Annotated[str, Field(min_length=1)], ...].
    bare = get_args(item)[0] if get_origin(item) is Annotated else item
    return get_origin(annotation) in (list, tuple) and bare is str


def find_point(points: Sequence[str], wanted: str) -> str:
    """Return the point of a number, or the one that has ``wanted`` in it.

    Raises RevisionError where there are none or several, UnknownNameError where none has it.
    """
    if not points:
        raise RevisionError(f"there is no point {wanted!r}: the request has none")
    listed = ", ".join(f"{number} {point!r:.60}" for number, point in enumerate(points, 1))
    if wanted.strip().isdecimal():
        if 1 <= int(wanted) <= len(points):
            return points[int(wanted) - 1]
        raise RevisionError(f"there is no point {wanted.strip()}; choose from {listed}")
    having = [point for point in points if wanted.strip() and wanted.strip().casefold() in point.casefold()]
    exact = [point for point in having if point.casefold() == wanted.strip().casefold()]
    if len(exact or having) == 1:
        return (exact or having)[0]
    if having:
        raise RevisionError(f"{wanted!r} is in {len(having)} points; give its number, or more of it: {listed}")
    raise UnknownNameError("point", wanted, points, hint=f"(by number: {listed})")


def without_points(
    reviewer: Reviewer, texts: Mapping[str, str], gone: Iterable[str], slots: Iterable[Slot]
) -> dict[str, str]:
    """Return texts without the sentences that say points which are gone; one that says another as well goes too."""
    dropped, kept = list(gone), dict(texts)
    for slot in slots:
        row = passages(kept[slot.name]) if reviewer.is_prose(slot) else []
        for index in reversed(range(len(row))):
            found = reviewer.assess(dropped, row[index].sentence)
            if any(each.is_said for each in found):
                row = without(row, index)
                kept[slot.name] = joined(row)
    return kept
