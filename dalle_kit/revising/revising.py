"""From a finished document and what is to change in it to another finished document, which says how it was made."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dalle_kit import pipeline
from dalle_kit.budget import Budget
from dalle_kit.choosing import Finished, Work, checks_of, cleaned, hooked, reviewed
from dalle_kit.domain import Domain
from dalle_kit.engine.results import Generation
from dalle_kit.errors import RevisionError
from dalle_kit.recorded import Record, Revised, plain_record, read_record
from dalle_kit.records import Document, Draft, Finding, Privacy
from dalle_kit.repair.workbench import Workbench
from dalle_kit.reproduction import work_as_recorded
from dalle_kit.review import Reviewer
from dalle_kit.revising.aims import Aims, Revision
from dalle_kit.revising.differences import changes
from dalle_kit.revising.planning import Plan, plan_of
from dalle_kit.revising.sentences import places
from dalle_kit.revising.steps import revision_steps
from dalle_kit.unveiling import unveiled
from dalle_kit.writing import run_repairs

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.kit import Kit
    from dalle_kit.likeness import Likeness

#: The name of what is to say about a revision.
REVISION = "revision"


def revise(
    record: Record,
    revision: Revision,
    kit: Kit,
    *,
    likeness: Likeness | None = None,
    privacy: Privacy | None = None,
    budget: float | None = None,
    seed: int = 0,
) -> Document:
    """Revise a document with a Kit of its record's model; what was not to change stays as it was, to the letter.

    Raises RevisionError for what cannot be done, UnknownNameError for an instruction, a sentence or a point there is
    none of.
    """
    start, made = time.perf_counter(), record.provenance
    limit = Budget(budget)
    plan = plan_of(record, revision, kit)
    policy = made.privacy if privacy is None else privacy
    work, engine = work_as_recorded(made, kit, plan.domain, plan.request, likeness=likeness, privacy=policy)
    notes = list(plan.notes)
    avoid = record.revision.replaced if record.revision else ()
    finished = _written(kit, work, plan, engine, limit, notes, seed=seed, avoid=avoid, record=record)
    timings = {"revise": round(time.perf_counter() - start, 4)}
    document = pipeline.make_document(kit.plugins, finished, engine, made.options, limit, timings, repair=made.repair)
    notes += _outcome(record, plan, document, told=bool(notes))
    return _recorded(document, record, revision, notes, seed=seed, avoid=avoid)


def _written(
    kit: Kit,
    work: Work,
    plan: Plan,
    engine: Engine | None,
    limit: Budget,
    notes: list[str],
    *,
    seed: int,
    avoid: tuple[str, ...],
    record: Record,
) -> Finished:
    """Take the steps that are asked for, let the plugins see the outcome, and put back what was to stay."""
    skeleton = work.shaped.skeleton
    if {slot.name for slot in skeleton.slots} != set(plan.carried.texts):
        raise RevisionError("a text whose template looks at names cannot be revised with names hidden; write it again")
    hide = work.veil.stand_ins.blind if work.veil else str
    draft = Draft(skeleton, {name: hide(text) for name, text in plan.carried.texts.items()})
    reviewer = Reviewer(plan.domain, work.request, skeleton)
    checks = checks_of(kit.plugins, work)
    review = reviewer.review(draft, checks)
    bench = Workbench(reviewer, work.shaped.prompt, draft, review, checks)
    aims = _aims(plan, bench, {hide(point) for point in plan.unsaid}, seed=seed, avoid=tuple(map(hide, avoid)))
    lines: tuple[str, ...] = ()
    written = draft
    if engine is not None:
        steps = revision_steps(bench, aims, notes, lambda draft: plan.domain.finish(work.request, draft))
        outcomes, interruption = run_repairs(engine, {0: steps}, record.provenance.options, limit)
        outcome = outcomes[0]
        if interruption is not None or isinstance(outcome, BaseException):
            raise interruption or outcome  # type: ignore[misc]  # one of them is an exception
        written, lines = outcome.draft, outcome.lines
    generation = Generation({}, record.provenance.options, candidate=0, prompt_tokens=0)
    finished = unveiled(kit.plugins, hooked(kit.plugins, work, reviewer, generation, written, lines))
    kept = [name for name, text in written.texts.items() if text == draft.texts[name]]
    return cleaned(kit.plugins, _with_kept(finished, kit, {name: plan.carried.texts[name] for name in kept}))


def _aims(plan: Plan, bench: Workbench, unsaid: set[str], *, seed: int, avoid: tuple[str, ...]) -> Aims:
    row = places(bench.reviewer, bench.draft)
    redo = []
    for place in plan.redo:
        real = [
            each
            for each in row
            if (each.slot.about, each.index, each.text) == (place.slot.about, place.index, place.text)
        ]
        named = [each for each in row if (each.slot.name, each.index) == (place.slot.name, place.index)]
        redo += (real or named)[:1]
    slots = bench.draft.skeleton.slots
    before = {slot.name for slot in plan.was.skeleton.slots}
    return Aims(
        fill=tuple(slot for slot in slots if not slot.about and slot.name not in before),
        redo=tuple(redo),
        say={
            slot.name: tuple(number for number, point in enumerate(slot.about) if point not in unsaid)
            for slot in slots
            if slot.about
        },
        restyle=plan.restyle,
        shorter=plan.wishes.length < 0,
        avoid=frozenset(avoid),
        seed=seed,
    )


def _with_kept(finished: Finished, kit: Kit, kept: Mapping[str, str]) -> Finished:
    """Return a draft in which the texts that were to stay do so, whatever a plugin has made of them again."""
    changed = {name: text for name, text in kept.items() if finished.draft.texts.get(name) != text}
    if not changed:
        return finished
    draft = Draft(finished.draft.skeleton, {**finished.draft.texts, **changed})
    review = reviewed(kit.plugins, finished.work, finished.reviewer, draft)
    return replace(finished, draft=draft, review=review)


def _outcome(record: Record, plan: Plan, document: Document, *, told: bool) -> list[str]:
    """Return what is to say about how long it became, and if nothing has changed, unless it was ``told`` why."""
    words, before = len(document.text.split()), len(record.text.split())
    if plan.wishes.length < 0 and words >= before:
        return ["nothing shorter that still says every point was found"]
    if plan.wishes.length > 0 and words <= before:
        return ["nothing longer was found that says no more than was asked for; --add a point for more to say"]
    if document.text == record.text and not told:
        return ["nothing was found that would change it so and pass the checks"]
    return []


def _recorded(
    document: Document,
    record: Record,
    revision: Revision,
    notes: list[str],
    *,
    seed: int,
    avoid: tuple[str, ...],
) -> Document:
    found = changes(record.text, document.text)
    replaced = dict.fromkeys((*avoid, *(each["was"] for each in found if each["was"])))
    told = {
        "instructions": list(revision.instructions),
        "redo": list(revision.redo),
        "add": list(revision.add),
        "drop": list(revision.drop),
        "seed": seed,
        "changes": found,
        "avoided": list(avoid),
        "replaced": list(replaced),
        "of": plain_record(record),
    }
    findings = (*document.findings, *(Finding(REVISION, "warning", note) for note in dict.fromkeys(notes)))
    return replace(document, findings=findings, revision=told)


def revised_again(record: Record, kit: Kit, domain: Domain, likeness: Likeness | None) -> Document:
    """Make a revised text again, of the record of what was revised; raises ConfigError where that is no record."""
    told = record.revision
    assert told is not None
    before = replace(read_record(told.of), revision=Revised(replaced=told.avoided))
    revision = Revision(told.instructions, told.redo, told.add, told.drop)
    return revise(before, revision, kit, likeness=likeness, privacy=record.provenance.privacy, seed=told.seed)
