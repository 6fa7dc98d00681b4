"""From a work whose names were not shown back to the document with the names in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_kit.blinding import Revealing, StandIns, unblinded
from dalle_kit.choosing import Finished, Work, hooked
from dalle_kit.engine.results import Piece
from dalle_kit.records import Draft, Finding
from dalle_kit.review import Reviewer

if TYPE_CHECKING:
    from dalle_kit.plugin_manager.manager import Plugins

#: The name of what is to say about it.
NAME_BLIND = "name-blind"


@dataclass(frozen=True, slots=True)
class Veil:
    """What stands behind a work whose request has stand-ins for names: the work as it is, and the stand-ins.

    ``by_model`` says whether names that no field holds were found by a model, and not by their form alone.
    """

    real: Work
    stand_ins: StandIns
    by_model: bool


def unveiled(plugins: Plugins, finished: Finished) -> Finished:
    """Return a draft with the names in it, of the request as it was asked, and checked against that."""
    work, veil = finished.work, finished.work.veil
    if veil is None:
        return finished
    reveal = veil.stand_ins.reveal
    skeleton = veil.real.shaped.skeleton
    shown = work.shaped.skeleton
    # A template may look at a name, or at how long a text is; then what was shown has the names put back.
    if [slot.name for slot in skeleton.slots] != [slot.name for slot in shown.slots]:
        skeleton = unblinded(shown, veil.stand_ins)
    findings = (*(_named(each, veil) for each in work.findings), *_remarks(veil))
    work = replace(
        work,
        request=veil.real.request,
        asked=veil.real.request,
        shaped=replace(work.shaped, skeleton=skeleton),
        findings=findings,
        watch=veil.real.watch,
    )
    own = Draft(skeleton, {name: reveal(text) for name, text in finished.own.texts.items()})
    repairs = tuple(map(reveal, finished.repairs))
    reviewer = Reviewer(work.domain, work.request, skeleton)
    again = hooked(plugins, work, reviewer, finished.generation, own, repairs)
    noted = dict.fromkeys((*(_named(each, veil) for each in finished.noted), *again.noted))
    return replace(again, noted=tuple(noted))


def unveiled_pieces(pieces: Iterable[Piece], works: Sequence[Work]) -> Iterator[Piece]:
    """Yield pieces of works with the names in them; the beginning of what may be a stand-in is held back."""
    streams = {row: Revealing(work.veil.stand_ins) for row, work in enumerate(works) if work.veil}
    last: dict[int, Piece] = {}
    for piece in pieces:
        if piece.row not in streams:
            yield piece
            continue
        stream = streams[piece.row]
        before = last.get(piece.row)
        if before is not None and before.slot != piece.slot and (text := stream.flush()):
            yield replace(before, text=text)
        last[piece.row] = piece
        if text := stream.push(piece.text):
            yield replace(piece, text=text)
    for row, piece in last.items():
        if text := streams[row].flush():
            yield replace(piece, text=text)


def _named(finding: Finding, veil: Veil) -> Finding:
    return replace(finding, message=veil.stand_ins.reveal(finding.message))


def _remarks(veil: Veil) -> list[Finding]:
    """Return what is to say about whose names were not shown."""
    if not veil.stand_ins.names:
        return [Finding(NAME_BLIND, "note", "no name of a person was found in the request: all of it was shown")]
    if veil.by_model:
        return []
    message = "names that no field holds were told by their form alone; pip install 'dalle-kit[nlp]' finds more of them"
    return [Finding(NAME_BLIND, "note", message)]
