"""The order of a repair, so that the last resort is a dull true sentence and never a lively false one.

A sentence with an error is generated once more, alone, after everything that stands before it; it is kept only if it
has no fault and loses no point, else the sentence is dropped. A point that is then missing is generated the same way,
two that are halves of one sentence first together, else stated in plain words. Literal text is never changed. The work
is bounded: four rounds of generation with a number of sentences in each, then a few rounds without.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from dalle_kit.passages import without
from dalle_kit.records import Draft, Prompt
from dalle_kit.repair.additions import can_be_generated, find_additions, make_additions, rewrite_addition
from dalle_kit.repair.faults import find_faults, mend_faults, rewrite_faults
from dalle_kit.repair.joints import find_joints, make_joints, rewrite_joints
from dalle_kit.repair.workbench import Rewriting, Workbench, quoted
from dalle_kit.review import Checks, Review, Reviewer, open_slots

#: Sentences of one document that are generated in one round; the others are dropped and stated without a try.
SENTENCES = 8

#: Rounds in which what a repair may have caused in its turn is dropped and stated.
_LAST_ROUNDS = 3


def _drop_strays(bench: Workbench) -> None:
    """Drop the sentences that say nothing asked for, or nothing new."""
    strays = bench.reviewer.strays(bench.draft)
    for slot, number, _ in reversed(strays):
        row = bench.row(slot)
        bench.lines.append(f"dropped: {quoted(row[number].sentence)}")
        bench.draft = bench.changed(slot, without(row, number))
    if strays:
        bench.look_again()


@dataclass(frozen=True, slots=True)
class Repaired:
    """A draft after repair, what is still to say about it, and a line for each change."""

    draft: Draft
    review: Review
    lines: tuple[str, ...] = ()


#: Yields the sentences to generate together; is sent the text of each, or None where none was generated.
Steps = Generator[list[Rewriting], Sequence[str | None], Repaired]


def needs_repair(reviewer: Reviewer, draft: Draft, review: Review) -> bool:
    """Say whether a draft has errors in slots that can be repaired."""
    names = {slot.name for slot in open_slots(draft) if reviewer.is_prose(slot) or slot.otherwise}
    return any(each.severity == "error" and each.slot in names for each in review.findings)


def repair_steps(reviewer: Reviewer, prompt: Prompt, draft: Draft, review: Review, checks: Checks) -> Steps:
    """Repair one draft; ``review`` is what there is to say about it."""
    bench = Workbench(reviewer, prompt, draft, review, checks)
    _drop_strays(bench)
    faults = find_faults(bench)
    texts: Sequence[str | None] = []
    if faults:
        texts = yield rewrite_faults(bench, faults[:SENTENCES])
    mend_faults(bench, faults, texts)

    bench.look_again()
    additions = find_additions(bench)
    joints = find_joints(bench, additions)
    if joints:
        together = yield rewrite_joints(bench, joints, additions)
        make_joints(bench, joints, together)
        bench.look_again()
        additions = find_additions(bench)
    chosen = [each for each in additions if can_be_generated(bench, each)][:SENTENCES]
    texts = []
    if chosen:
        generated = yield [rewrite_addition(bench, each, additions) for each in chosen]
        answers = dict(zip(map(additions.index, chosen), generated, strict=True))
        texts = [answers.get(index) for index in range(len(additions))]
    make_additions(bench, additions, texts)

    for _ in range(_LAST_ROUNDS):
        bench.look_again()
        _drop_strays(bench)
        faults = find_faults(bench)
        if faults:
            mend_faults(bench, faults, [])
            bench.look_again()
        additions = find_additions(bench)
        make_additions(bench, additions, [])
        if not faults and not additions:
            break
    else:
        bench.look_again()
    if bench.review.errors > review.errors:
        return Repaired(draft, review)
    return Repaired(bench.draft, bench.review, tuple(bench.lines))
