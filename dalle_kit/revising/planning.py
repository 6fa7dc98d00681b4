"""What a document was and what is asked of it, put together before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dalle_kit.domain import Domain, Request
from dalle_kit.errors import RevisionError
from dalle_kit.recorded import Record, template_of
from dalle_kit.recording import fields_of
from dalle_kit.records import Draft, Skeleton
from dalle_kit.review import Reviewer
from dalle_kit.revising.aims import Revision
from dalle_kit.revising.carrying import Carried, carry, find_point, points_field, without_points
from dalle_kit.revising.sentences import Place, find_place, numbered, places
from dalle_kit.revising.wording import Wishes, understand, vocabulary
from dalle_kit.templating.templates import Shaped

if TYPE_CHECKING:
    from dalle_kit.kit import Kit


@dataclass(frozen=True, slots=True)
class Plan:
    """What a document was, and what is asked of it: the old draft, the new request, the sentences to write anew."""

    domain: Domain
    was: Draft
    wishes: Wishes
    request: Request
    carried: Carried
    redo: tuple[Place, ...]
    unsaid: frozenset[str]
    restyle: bool
    notes: tuple[str, ...]


def plan_of(record: Record, revision: Revision, kit: Kit) -> Plan:
    """Return what is to become of a document; raises RevisionError, UnknownNameError and RequestError."""
    domain = kit.plugins.domain(record.domain)
    try:
        fields = fields_of(record.request)
    except ValueError as error:
        raise RevisionError(f"the record's request cannot be read: {error}; give it as it was written") from error
    asked = domain.parse(fields)
    wishes = understand(domain, asked, revision.instructions)
    template = template_of(record.provenance)

    def shape(request: Request) -> Shaped:
        return kit.templates.shape(domain, request, template=template)

    before = shape(asked)
    was = _draft_of(record, kit, domain, asked, before.skeleton)
    reviewer = Reviewer(domain, asked, before.skeleton)
    row = places(reviewer, was)
    if not (revision.instructions or revision.redo or revision.add or revision.drop):
        known = ", ".join(vocabulary(domain)) or "no instructions"
        raise RevisionError(
            f"nothing is to change: give an instruction ({domain.name} knows {known}), a point to add or to drop, or a "
            f"sentence to write anew ({numbered(row) or 'there is none'})"
        )
    redo = {row.index(place): place for place in (find_place(row, wanted) for wanted in revision.redo)}
    styled = {**fields, **wishes.fields}
    between = shape(domain.parse(styled))
    moved = _moved(was, before.skeleton, between.skeleton, revision)
    field, notes = None, [*wishes.idle]
    if revision.add or revision.drop:
        field = points_field(domain, asked, fields, lambda request: shape(request).skeleton)
        if field is None:
            raise RevisionError(f"{domain.name} has no points that can be added or dropped; write it again instead")
        styled = {**styled, field: _points(getattr(domain.parse(styled), field) or (), revision, notes)}
    request = domain.parse(styled)
    after = shape(request).skeleton
    gone = _points_of(between.skeleton) - _points_of(after)
    texts = without_points(reviewer, moved.texts, gone.elements(), between.skeleton.slots) if gone else moved.texts
    review = reviewer.review(was)
    unsaid = {slot.about[number] for slot in before.skeleton.slots for number in review.unsaid.get(slot.name, ())}
    return Plan(
        domain=domain,
        was=was,
        wishes=wishes,
        request=request,
        carried=carry(between.skeleton, texts, after),
        redo=tuple(redo.values()),
        unsaid=frozenset(unsaid),
        restyle=_told(before) != _told(between),
        notes=tuple(notes),
    )


def _draft_of(record: Record, kit: Kit, domain: Domain, request: Request, skeleton: Skeleton) -> Draft:
    """Return the draft that a record's text is; raises RevisionError where it is another text."""
    names = [slot.name for slot in skeleton.slots]
    if set(names) == set(record.slots):
        draft = Draft(skeleton, {name: record.slots[name] for name in names})
        if draft.text == record.text or kit.plugins.postprocess(domain.name, request, draft)[0].text == record.text:
            return draft
    raise RevisionError(
        "the text of the record is not what its request and its sentences make: it was edited, or a template has "
        "changed since; revise it as it was written, or write it again"
    )


def _moved(was: Draft, before: Skeleton, after: Skeleton, revision: Revision) -> Carried:
    """Return the texts in a skeleton of another manner; raises RevisionError where it has no room for a sentence."""
    moved = carry(before, was.texts, after)
    lost = [slot for slot in moved.lost if slot.about]
    if lost:
        shown = repr(" ".join(revision.instructions))
        some = "a sentence that was written" if len(lost) == 1 else f"{len(lost)} sentences that were written"
        raise RevisionError(
            f"{shown} would put the plain notes in the place of {some}; write it again, with notes that suit"
        )
    return moved


def _points(points: Any, revision: Revision, notes: list[str]) -> list[str]:
    """Return the points that there are to be."""
    gone = {find_point(points, wanted) for wanted in revision.drop}
    left = [point for point in points if point not in gone]
    for point in revision.add:
        if not point.strip():
            raise RevisionError("--add has no text; give a point, such as --add 'bring the cost sheet'")
        if point.strip() in left:
            notes.append(f"{point!r} is a point already")
        else:
            left.append(point)
    return left


def _points_of(skeleton: Skeleton) -> Counter[str]:
    return Counter(point for slot in skeleton.slots for point in slot.about)


def _told(shaped: Shaped) -> Counter[str]:
    """Return what a model is told, whatever its order."""
    return Counter(line for line in shaped.prompt.text.split("\n") if line.strip())
