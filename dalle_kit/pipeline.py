"""The one way from a request to a document: request -> shape -> generate -> finish -> check -> document -> format.

What the checks find wrong is repaired, and checked again, before it becomes the document.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dalle_kit import __version__
from dalle_kit.blinding import blinded, find_stand_ins
from dalle_kit.budget import Budget
from dalle_kit.choosing import (
    Finished,
    Work,
    best_draft,
    checks_of,
    cleaned,
    first_draft,
    hooked,
    left_to_write,
    with_stated,
)
from dalle_kit.domain import Domain, Request, told_texts
from dalle_kit.engine.results import Generation, Piece
from dalle_kit.errors import ContextOverflowError
from dalle_kit.fitting import fitted, open_gaps
from dalle_kit.guarding import Gate, Guard, Watch
from dalle_kit.privacy import load_finder
from dalle_kit.recording import engine_facts, example_facts, plain_fields, plugin_versions
from dalle_kit.records import Document, Finding, GenerationOptions, Provenance
from dalle_kit.repair import needs_repair, repair_steps
from dalle_kit.review import Reviewer, placed
from dalle_kit.rewording import reworded, typed_sentences
from dalle_kit.unveiling import Veil, unveiled, unveiled_pieces
from dalle_kit.writing import run_repairs, write_first, write_others

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.likeness import Likeness
    from dalle_kit.plugin_manager.manager import Plugins
    from dalle_kit.templating.templates import Templates


def shape(
    plugins: Plugins,
    templates: Templates,
    domain: Domain,
    request: Request,
    *,
    template: str | None = None,
    likeness: Likeness | None = None,
    guard: Guard | None = None,
) -> Work:
    """Render the prompt and the skeleton, show the examples, and let the plugins change the prompt.

    ``guard`` says what becomes of personal data that the text has from elsewhere than its request.
    """
    shaped = templates.shape(domain, request, template=template)
    told = likeness.shown_in(shaped.prompt) if likeness else shaped.prompt
    prompt, findings = plugins.shape_prompt(domain.name, request, told)
    watch = None
    if guard is not None and guard.policy != "off":
        known = Reviewer(domain, request, shaped.skeleton).known
        watch = Watch(guard, (*told_texts(request), *known), language=str(getattr(request, "language", "en")))
    shaped = replace(shaped, prompt=prompt)
    if likeness:
        shaped = replace(shaped, examples=likeness.uses, notes=likeness.notes)
    findings = [*findings, *(Finding("examples", "warning", note) for note in shaped.notes)]
    return Work(domain, request, template, shaped, tuple(findings), likeness=likeness, watch=watch)


def shape_blind(
    plugins: Plugins,
    templates: Templates,
    domain: Domain,
    request: Request,
    *,
    find: Callable[[Request], Likeness | None],
    template: str | None = None,
    guard: Guard | None = None,
) -> Work:
    """Shape a request with stand-ins for the names of its people; ``find`` returns what it is to be like, if anything.

    The names in the request do not stand in the examples either; other names in these do.
    """
    real = shape(plugins, templates, domain, request, template=template, guard=guard)
    finder = load_finder()
    seen: list[str] = []
    while True:
        stand_ins = find_stand_ins(domain, request, real.shaped, finder=finder, seen=seen)
        shown = blinded(domain, request, stand_ins)
        likeness = find(shown)
        if likeness is None or not stand_ins.are_in(likeness.texts):
            break
        seen += likeness.texts
    if likeness is not None:
        likeness = replace(likeness, texts=tuple(map(stand_ins.blind, likeness.texts)))
    work = shape(plugins, templates, domain, shown, template=template, likeness=likeness, guard=guard)
    return replace(work, veil=Veil(real, stand_ins, by_model=finder.names))


def fit(plugins: Plugins, templates: Templates, work: Work, engine: Engine, options: GenerationOptions) -> Work:
    """Leave examples out, then let the domain shorten the request, until prompt and document fit into the context.

    What neither of them showed is not told as dropped. Raises ContextOverflowError when they do not fit and the domain
    has nothing left that may be dropped.
    """
    asked, veil = work.asked or work.request, work.veil
    tried: list[str] = []
    dropped: list[str] = []
    while True:
        try:
            engine.check_fits(work.shaped.prompt, work.shaped.skeleton, options)
        except ContextOverflowError:
            request, likeness, what = _smaller(work)
            if what is None or (request == work.request and likeness is work.likeness and what in tried):
                raise  # there is nothing to give up any more
            tried.append(what)
            before = work.shaped
            guard = work.watch.guard if work.watch else None
            work = shape(
                plugins, templates, work.domain, request, template=work.template, likeness=likeness, guard=guard
            )
            shown = (before.prompt, before.skeleton) != (work.shaped.prompt, work.shaped.skeleton)
            dropped += [what] if shown and what not in dropped else []
        else:
            note = f"to fit into {engine.model}'s context, left out: {', '.join(dropped)}"
            findings = (*work.findings, *([Finding("context", "warning", note)] if dropped else []))
            return replace(work, findings=findings, dropped=tuple(dropped), asked=asked, veil=veil)


def _smaller(work: Work) -> tuple[Request, Likeness | None, str | None]:
    """Return a smaller request, or fewer examples, and what is left out; None where nothing may be."""
    fewer = work.likeness.with_fewer() if work.likeness else None
    if fewer is not None:
        return work.request, fewer, "examples that are less near"
    shorter = work.domain.shorten(work.request)
    return (work.request, work.likeness, None) if shorter is None else (shorter[0], work.likeness, shorter[1])


def write(
    plugins: Plugins,
    works: Sequence[Work],
    engine: Engine | None,
    options: GenerationOptions,
    *,
    documents: list[Document],
    repair: bool = True,
    budget: float | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Iterator[Piece]:
    """Generate, finish, check and repair; yields the first candidate's text as it grows, then fills ``documents``.

    ``engine`` may be None where no document has a slot. An interruption while repairing is raised when ``documents``
    is filled: nothing more is generated, the rest is dropped and stated. So it is once ``stopped`` says so.
    """
    clock, limit, first = _Clock(), Budget(budget, stopped=stopped), True
    results: list[list[Generation]] = []
    # Servers of others cannot be held to words, and where the user has words drawn, unlikely ones are meant to come.
    rewords = bool(engine and repair and engine.constrained and not options.temperature)
    typed = [typed_sentences(work) if rewords else {} for work in works]
    rows = [(work.shaped.prompt, work.shaped.skeleton.stating(texts)) for work, texts in zip(works, typed, strict=True)]
    if engine:
        pieces = write_first(engine, rows, options, limit, results=results)
    else:
        pieces = _certain(works, options, results=results)
    gate = Gate([work.veil.real.watch if work.veil else work.watch for work in works])
    for piece in unveiled_pieces(pieces, works):
        if first and piece.slot is not None and piece.text:
            first = False
            clock.note("first_token")
        yield from gate.take(piece)
    yield from gate.rest()
    clock.note("generate")
    drop_forced = bool(engine) and repair and not options.temperature
    drafts = [
        first_draft(plugins, work, with_stated(candidates[0], work.shaped.skeleton, texts), drop_forced=drop_forced)
        for work, candidates, texts in zip(works, results, typed, strict=True)
    ]
    gaps = open_gaps(drafts, engine) if engine and drop_forced else {}
    if engine and gaps:
        drafts = fitted(plugins, drafts, gaps, engine, options, limit)
    if engine and options.candidates > 1:
        drafts = _chosen(plugins, drafts, engine, options, limit, drop_forced=drop_forced, done=gaps)
    clock.note("finish")
    interruption = None
    if engine and rewords and not limit.over:
        drafts, interruption = _reworded(plugins, drafts, engine, options, limit)
    if engine and repair and interruption is None:
        drafts, interruption = repaired(plugins, drafts, engine, options, limit)
    if engine and repair:
        clock.note("repair")
    for draft in drafts:
        finished = cleaned(plugins, unveiled(plugins, draft))
        documents.append(make_document(plugins, finished, engine, options, limit, clock.timings, repair=repair))
    if interruption is not None:
        raise interruption


def _chosen(
    plugins: Plugins,
    drafts: Sequence[Finished],
    engine: Engine,
    options: GenerationOptions,
    limit: Budget,
    *,
    drop_forced: bool,
    done: Container[int],
) -> list[Finished]:
    """Write the further candidates of what is wanting in the drafts, and return the best of each; not of those done."""
    wanting = ((index, left_to_write(each)) for index, each in enumerate(drafts) if index not in done)
    left = {index: skeleton for index, skeleton in wanting if skeleton is not None}
    rows = [(drafts[index].work.shaped.prompt, skeleton) for index, skeleton in left.items()]
    others = write_others(engine, rows, options, limit)
    chosen = list(drafts)
    for index, candidates in zip(left, others, strict=True):
        chosen[index] = best_draft(plugins, drafts[index], candidates, drop_forced=drop_forced)
    return chosen


def _reworded(
    plugins: Plugins, drafts: list[Finished], engine: Engine, options: GenerationOptions, limit: Budget
) -> tuple[list[Finished], KeyboardInterrupt | None]:
    """Return the drafts with the better sentence of each point, as they are where that fails; and an interruption."""
    try:
        return reworded(plugins, drafts, engine, options, limit), None
    except KeyboardInterrupt as interruption:
        return drafts, interruption
    except Exception as error:  # whatever it is, the drafts must not be lost
        message = f"the sentences could not be compared with their notes: {type(error).__name__}: {error}"
        finding = Finding("repair", "warning", message)
        return [replace(each, noted=(*each.noted, finding)) for each in drafts], None


def _certain(works: Sequence[Work], options: GenerationOptions, *, results: list[list[Generation]]) -> Iterator[Piece]:
    """Yield the text of documents that are certain as a whole."""
    for row, work in enumerate(works):
        yield Piece(row, None, work.shaped.skeleton.fill({}))
        results.append([Generation({}, options, candidate=0, prompt_tokens=0)])


def repaired(
    plugins: Plugins, drafts: Sequence[Finished], engine: Engine, options: GenerationOptions, limit: Budget
) -> tuple[list[Finished], KeyboardInterrupt | None]:
    """Repair the drafts that need it, all together; hooks see the outcome again. Also returns an interruption."""
    repairs = {}
    for index, each in enumerate(drafts):
        if needs_repair(each.reviewer, each.draft, each.review):
            checks = checks_of(plugins, each.work)
            review = each.review if each.own is each.draft else each.reviewer.review(each.own, checks)
            prompt = each.work.shaped.prompt
            repairs[index] = repair_steps(each.reviewer, prompt, each.own, review, checks)
    outcomes, interruption = run_repairs(engine, repairs, options, limit)
    mended = list(drafts)
    for index, outcome in outcomes.items():
        before = drafts[index]
        if isinstance(outcome, BaseException):
            reason = f"{type(outcome).__name__}: {outcome}".rstrip(": ")
            message = f"the text could not be repaired: {reason}"
            mended[index] = replace(before, noted=(*before.noted, Finding("repair", "warning", message)))
        elif outcome.lines:
            lines = (*before.repairs, *outcome.lines)
            mended[index] = hooked(plugins, before.work, before.reviewer, before.generation, outcome.draft, lines)
    # Where a server has failed, the drafts are there all the same.
    return mended, interruption if isinstance(interruption, KeyboardInterrupt) else None


class _Clock:
    """Seconds since the beginning and since the last note, by what they were spent on."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._start = self._last = time.perf_counter()

    def note(self, what: str) -> None:
        now = time.perf_counter()
        since = self._start if what in ("first_token", "generate") else self._last
        self.timings[what] = round(now - since, 4)
        self._last = now


def make_document(
    plugins: Plugins,
    finished: Finished,
    engine: Engine | None,
    options: GenerationOptions,
    limit: Budget,
    timings: Mapping[str, float],
    *,
    repair: bool,
) -> Document:
    """Return the document of a finished draft, with what there is to say about it and how it came about."""
    work, generation, draft = finished.work, finished.generation, finished.draft
    findings = [*work.findings, *finished.reviewer.about(), *finished.noted, *finished.review.findings]
    if limit.spent:
        end = "it was stopped" if limit.seconds is None else f"the time of {limit.seconds:g} s was up"
        message = f"{end}: what was not written by then is in plain words or left out"
        findings.append(Finding("budget", "note", message))
    provenance = Provenance(
        version=__version__,
        created=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        domain=work.domain.name,
        template=work.shaped.template,
        templates=work.shaped.hashes,
        options=options,  # which give it again, whichever draft it is
        candidate=generation.candidate,
        prompt_tokens=generation.prompt_tokens,
        generated_tokens=generation.tokens,
        finish_reasons={name: slot.reason for name, slot in generation.slots.items()},
        dropped=work.dropped,
        plugins=plugin_versions(plugins),
        timings=timings,
        repairs=finished.repairs,
        repair=repair,
        name_blind=work.veil is not None,
        budget=limit.seconds,
        budget_spent=limit.spent,
        privacy=work.watch.guard.policy if work.watch else "off",
        **engine_facts(engine),
        **example_facts(work.likeness),
    )
    return Document(
        domain=work.domain.name,
        request=work.request,
        text=draft.text,
        slots=dict(draft.texts),
        findings=placed(findings, draft),
        provenance=provenance,
        formats=plugins.formats(work.domain.name),
        asked=plain_fields(work.asked or work.request),
    )
