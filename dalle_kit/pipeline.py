"""The one way from a request to a document: request -> shape -> generate -> finish -> check -> document -> format."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_kit import __version__
from dalle_kit.domain import Domain, Request
from dalle_kit.engine.results import Generation, Piece
from dalle_kit.errors import ContextOverflowError
from dalle_kit.records import Document, Draft, Finding, GenerationOptions, Provenance

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.plugin_manager.manager import Plugins
    from dalle_kit.templating.templates import Shaped, Templates


@dataclass(frozen=True, slots=True)
class Work:
    """A request on its way: what the model is told, the document's skeleton, and what was noticed so far."""

    domain: Domain
    request: Request
    template: str | None
    shaped: Shaped
    findings: tuple[Finding, ...] = ()
    dropped: tuple[str, ...] = ()


def shape(
    plugins: Plugins, templates: Templates, domain: Domain, request: Request, *, template: str | None = None
) -> Work:
    """Render the prompt and the skeleton, and let the plugins change the prompt."""
    shaped = templates.shape(domain, request, template=template)
    prompt, findings = plugins.shape_prompt(domain.name, request, shaped.prompt)
    return Work(domain, request, template, replace(shaped, prompt=prompt), tuple(findings))


def fit(plugins: Plugins, templates: Templates, work: Work, engine: Engine, options: GenerationOptions) -> Work:
    """Let the domain shorten the request until prompt and document fit into the model's context.

    Raises ContextOverflowError when they do not and the domain has nothing left that may be dropped.
    """
    dropped: list[str] = []
    while True:
        try:
            engine.check_fits(work.shaped.prompt, work.shaped.skeleton, options)
        except ContextOverflowError:
            shorter = work.domain.shorten(work.request)
            if shorter is None:
                raise
            request, what = shorter
            if request == work.request and what in dropped:
                raise  # it gives nothing up any more
            dropped.append(what)
            work = shape(plugins, templates, work.domain, request, template=work.template)
        else:
            note = f"to fit into {engine.model}'s context, left out: {', '.join(dropped)}"
            findings = (*work.findings, *([Finding("context", "warning", note)] if dropped else []))
            return replace(work, findings=findings, dropped=tuple(dropped))


def write(
    plugins: Plugins,
    works: Sequence[Work],
    engine: Engine | None,
    options: GenerationOptions,
    *,
    documents: list[Document],
) -> Iterator[Piece]:
    """Generate, finish and check; yields the first candidate's text as it grows, then fills ``documents``.

    ``engine`` may be None where no document has a slot.
    """
    start, first = time.perf_counter(), None
    results: list[list[Generation]] = []
    shaped = [(work.shaped.prompt, work.shaped.skeleton) for work in works]
    pieces = engine.fill(shaped, options, results=results) if engine else _certain(works, options, results=results)
    for piece in pieces:
        if first is None and piece.slot is not None:
            first = time.perf_counter()
        if piece.row % options.candidates == 0:
            yield piece
    generated = time.perf_counter()
    for work, candidates in zip(works, results, strict=True):
        finished = [finish(plugins, work, candidate) for candidate in candidates]
        best = min(range(len(candidates)), key=lambda index: _rank(finished[index][1], candidates[index]))
        draft, findings = finished[best]
        timings = {
            "first_token": round((first or generated) - start, 4),
            "generate": round(generated - start, 4),
            "finish": round(time.perf_counter() - generated, 4),
        }
        documents.append(_document(plugins, work, draft, findings, candidates[best], engine, timings))


def _certain(works: Sequence[Work], options: GenerationOptions, *, results: list[list[Generation]]) -> Iterator[Piece]:
    """Yield the text of documents that are certain as a whole."""
    for row, work in enumerate(works):
        yield Piece(row * options.candidates, None, work.shaped.skeleton.fill({}))
        results.append([Generation({}, options, candidate=0, prompt_tokens=0)])


def finish(plugins: Plugins, work: Work, generation: Generation) -> tuple[Draft, tuple[Finding, ...]]:
    """Post-process a draft and check it: the domain first, then what other plugins registered, then the hooks."""
    domain, request = work.domain, work.request
    texts = {name: slot.text for name, slot in generation.slots.items()}
    draft = domain.finish(request, Draft(work.shaped.skeleton, texts))
    draft, findings = plugins.postprocess(domain.name, request, draft)
    for check in (domain.check, *plugins.checks(domain.name)):
        findings += check(request, draft)
    findings += plugins.check(domain.name, request, draft)
    return draft, (*work.findings, *findings)


def _rank(findings: Sequence[Finding], generation: Generation) -> tuple[int, int, float]:
    """Order candidates: fewer errors, then fewer warnings, then the likelier text."""
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" for finding in findings)
    return errors, warnings, -generation.mean_log_likelihood


def _document(
    plugins: Plugins,
    work: Work,
    draft: Draft,
    findings: tuple[Finding, ...],
    generation: Generation,
    engine: Engine | None,
    timings: Mapping[str, float],
) -> Document:
    provenance = Provenance(
        version=__version__,
        created=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        domain=work.domain.name,
        model=engine.model if engine else None,
        model_sha256=engine.sha256 if engine else None,
        device=engine.device if engine else None,
        dtype=engine.dtype if engine else None,
        template=work.shaped.template,
        options=generation.options,
        candidate=generation.candidate,
        prompt_tokens=generation.prompt_tokens,
        generated_tokens=generation.tokens,
        finish_reasons={name: slot.reason for name, slot in generation.slots.items()},
        dropped=work.dropped,
        plugins=tuple(info.name for info in plugins.infos if info.status == "loaded"),
        timings=timings,
    )
    return Document(
        domain=work.domain.name,
        request=work.request,
        text=draft.text,
        slots=dict(draft.texts),
        findings=findings,
        provenance=provenance,
        formats=plugins.formats(work.domain.name),
    )
