"""Sentences that are wrong: each is written again, or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dalle_kit.checks import key_words
from dalle_kit.checks.coverage import SAID
from dalle_kit.passages import joined, passages, spans, without
from dalle_kit.privacy import PERSONAL_DATA
from dalle_kit.records import Finding, Slot
from dalle_kit.repair.workbench import Rewriting, Workbench, quoted
from dalle_kit.review import STRAY, open_slots, own_text, within

#: Sentences with these errors are worse than nothing; one with another is kept where it is all that a slot has.
_WORSE_THAN_NOTHING = frozenset(
    {"unsupported", "invented", "misplaced", "quote", "placeholder", "leaked instruction", "example", "copy"}
    | {PERSONAL_DATA}
)

_MISSING = "missing point"


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence that is wrong: the slot, its number in it, the strings at fault, whether nothing is better.

    ``points`` are the points it has to express, by number: those it does, and those it says only in part or denies.
    """

    slot: Slot
    index: int
    forbidden: tuple[str, ...]
    worse_than_nothing: bool
    points: tuple[int, ...]


def find_faults(bench: Workbench) -> list[Fault]:
    """Return the sentences that errors point at, in the order of the document; plain sentences are never wrong.

    A sentence that denies a point which nothing else says, or says it in part, is wrong as well.
    """
    found: list[Fault] = []
    for slot in filter(bench.reviewer.is_prose, open_slots(bench.draft)):
        errors = [
            each
            for each in bench.review.findings
            if each.severity == "error" and each.slot == slot.name and each.check != STRAY
        ]
        text = bench.draft.texts[slot.name]
        row = passages(text) if errors else []
        plain = bench.reviewer.protected(slot, text) if errors else []
        for index, (start, end) in enumerate(spans(row)):
            sentence = row[index].sentence
            if within((start, end), plain) or (slot.name, sentence) in bench.kept:
                continue
            here = [each for each in errors if _points_at(each, start, end, sentences=len(row))]
            marred = _said_in_part(bench, slot, sentence)
            if here or marred:
                worse = any(each.check in _WORSE_THAN_NOTHING for each in here)
                unsaid = bench.reviewer.unsaid(slot.about, sentence)
                points = tuple(number for number in range(len(slot.about)) if number in marred or number not in unsaid)
                found.append(Fault(slot, index, _strings_at_fault(here, text, start, end), worse, points))
    return found


def rewrite_faults(bench: Workbench, faults: Sequence[Fault]) -> list[Rewriting]:
    """Return how each sentence is generated again: after all that stands before it but the other wrong ones."""
    rewritings = []
    for fault in faults:
        row = bench.row(fault.slot)
        before = row[: fault.index]
        for other in reversed(faults):
            if other.slot.name == fault.slot.name and other.index < fault.index:
                before = without(before, other.index)
        points = tuple(fault.slot.about[number] for number in fault.points)
        between = row[fault.index].before if before else ""
        mentions = key_words(points[0]) if len(points) == 1 else ()
        rewritings.append(
            bench.rewriting(
                fault.slot, joined(before) + between, points=points, forbidden=fault.forbidden, mentions=mentions
            )
        )
    return rewritings


def mend_faults(bench: Workbench, faults: Sequence[Fault], texts: Sequence[str | None]) -> None:
    """Put each generated text in the place of the wrong sentence if that is better, else drop the sentence.

    A point that is lost with a sentence is missing from then on, and will be stated. There may be fewer texts.
    """
    proposals = [*texts, *[None] * (len(faults) - len(texts))]
    # From the end, so that the places of the others stay.
    for fault, text in reversed(list(zip(faults, proposals, strict=True))):
        slot, row = fault.slot, bench.row(fault.slot)
        old = row[fault.index].sentence
        points = [slot.about[number] for number in fault.points]
        rest = without(row, fault.index)
        dropped = bench.changed(slot, rest)
        new = bench.acceptable(text, slot, beside=dropped)
        if new is not None:
            again = [*row[: fault.index], replace(row[fault.index], sentence=new), *row[fault.index + 1 :]]
            replaced = bench.changed(slot, again)
            if not bench.reviewer.unsaid(points, own_text(replaced)):
                bench.draft = replaced
                bench.lines.append(f"wrote again: {quoted(old)} as {quoted(new)}")
                continue
        if not (rest or slot.about or fault.worse_than_nothing):
            bench.kept.add((slot.name, old))
            continue
        if text is not None:
            bench.tried |= {(slot.name, fault.points[at]) for at in bench.reviewer.unsaid(points, own_text(dropped))}
        bench.draft = dropped
        bench.lines.append(f"dropped: {quoted(old)}")


def _said_in_part(bench: Workbench, slot: Slot, sentence: str) -> list[int]:
    """Return the points nothing else expresses that a sentence denies, or of which it leaves out a fact."""
    numbers = bench.review.unsaid.get(slot.name, ())
    found = bench.reviewer.assess([slot.about[number] for number in numbers], sentence)
    return [
        number
        for number, each in zip(numbers, found, strict=True)
        if each.is_wrong or (each.score >= SAID and each.left_out)
    ]


def _points_at(finding: Finding, start: int, end: int, *, sentences: int) -> bool:
    if finding.check == _MISSING:
        return False
    if finding.span is None:
        return sentences == 1
    return finding.span[0] < end and start < max(finding.span[1], finding.span[0] + 1)


def _strings_at_fault(findings: Sequence[Finding], text: str, start: int, end: int) -> tuple[str, ...]:
    """Return the strings that findings point at within a sentence, without those that are the whole of it.

    In ``forbid`` a text in brackets would be a class of characters; prose cannot hold brackets anyway.
    """
    strings = [text[each.span[0] : each.span[1]].strip() for each in findings if each.span is not None]
    sentence = text[start:end]
    return tuple(
        dict.fromkeys(each for each in strings if each and each in sentence and each != sentence and each[0] != "[")
    )
