"""Running an evaluation: write every case with each setting, measure the texts, sum up, compare."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dalle_kit import __version__
from dalle_kit.errors import ConfigError, DalleKitError, ModelError
from dalle_kit.evaluation import references
from dalle_kit.evaluation.cases import Case
from dalle_kit.evaluation.interventions import repairs_made, share_as_typed
from dalle_kit.evaluation.measuring import Readers, measure, naturalness
from dalle_kit.evaluation.report import LAYOUT, Comparison, Report, Run, Text, compare, estimates, summarise
from dalle_kit.evaluation.settings import Setting
from dalle_kit.evaluation.told import Told, language_of, told_by
from dalle_kit.models.spec import Progress, silent

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.kit import Kit
    from dalle_kit.records import Document

#: Documents written together.
BATCH = 16

#: What makes the vectors that texts are compared by.
ENCODER = "minilm-l6"

#: The metrics that depend on what read the texts: by the name of the method.
_DEPENDENT = {"verbs": ("fragments",), "grammar": ("grammar_errors",), "encoder": ("similarity",)}

#: Makes a Kit for a model's name, None for the default.
KitMaker = Callable[[str | None], "Kit"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated, and how: ``timed`` documents are written one by one to measure the time."""

    domain: str
    cases: Sequence[Case]
    settings: Sequence[Setting]
    seed: int = 0
    timed: int = 0
    readers: Readers = field(default_factory=Readers)


def evaluate(plan: Plan, make_kit: KitMaker, *, progress: Progress = silent) -> Report:
    """Write and measure the plan's cases with each of its settings, and compare the others with the first.

    Raises UnknownNameError or TemplateError before anything is written, ModelError if a model cannot be used or not a
    single case can be written.
    """
    shaping = make_kit(None)
    for setting in plan.settings:
        for case in plan.cases:  # so that a wrong template costs no time
            shaping.shape(plan.domain, case.request, template=setting.template)
    has_real = any(case.reference for case in plan.cases)
    encoder = make_kit(ENCODER).load() if has_real else None
    runs: list[Run] = []
    kit: Kit | None = None
    for index, setting in enumerate(plan.settings):
        if kit is None or setting.model != plan.settings[index - 1].model:
            kit = None  # let go of one model before the next is loaded
            kit = make_kit(setting.model)
        runs.append(_run(plan, setting, kit, encoder, progress))
    return Report(
        layout=LAYOUT,
        domain=plan.domain,
        version=__version__,
        created=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        seed=plan.seed,
        methods={"verbs": plan.readers.verbs.name, "grammar": plan.readers.grammar_name, "encoder": ENCODER},
        runs=tuple(runs),
        comparisons=tuple(compare(runs[0], other, seed=plan.seed) for other in runs[1:]),
        real=estimates(_of_real_texts(plan), seed=plan.seed) if has_real else None,
    )


def compare_with(report: Report, baseline: Report, *, name: str) -> Comparison:
    """Return the report's first run less the baseline's, of the metrics that both took in the same way.

    Raises ConfigError where they have no case in common.
    """
    if baseline.domain != report.domain or not baseline.runs:
        raise ConfigError(f"{name} is about the domain {baseline.domain!r}, not {report.domain!r}; give one about it")
    differing = {
        metric
        for method, metrics in _DEPENDENT.items()
        if baseline.methods.get(method) != report.methods.get(method)
        for metric in metrics
    }
    ours, theirs = report.runs[0], baseline.runs[0]
    shared = {text.id for text in ours.texts} & {text.id for text in theirs.texts}
    if not shared:
        raise ConfigError(f"{name} has none of these cases; make it anew with --output")
    metrics = {metric for text in ours.texts for metric in text.values} - differing
    paired = compare(ours, theirs, seed=report.seed, metrics=metrics)
    return Comparison(paired.run, f"{name}: {theirs.label}", paired.metrics)


def _run(plan: Plan, setting: Setting, kit: Kit, encoder: Engine | None, progress: Progress) -> Run:
    domain = kit.plugins.domain(plan.domain)
    kit.load(plan.domain)
    start = time.perf_counter()
    skipped: dict[str, str] = {}
    written: list[tuple[Case, Document]] = []
    for chunk in _chunks(plan.cases):
        progress(f"writing ({setting.label})", len(written), len(plan.cases))
        written += _write(plan, setting, kit, chunk, skipped)
    seconds = (time.perf_counter() - start) / max(1, len(written))
    timings = dict(_timed(plan, setting, kit, [case for case, _ in written], progress))
    texts = []
    for count, (case, document) in enumerate(written):
        progress(f"measuring ({setting.label})", count, len(written))
        shaped = kit.shape(plan.domain, case.request, template=setting.template)
        told = told_by(domain, case, shaped)
        further = {"seconds": timings[case.id]} if case.id in timings else {}
        if case.reference is not None:
            if encoder is not None:
                further |= _likeness(document.text, case.reference, encoder)
            likelihood = references.log_likelihood(kit.load(plan.domain), shaped, case.reference)
            further |= {} if likelihood is None else {"log_likelihood": likelihood}
        texts.append(_text(plan, case, document, told, further))
    return Run(
        label=setting.label,
        model=kit.model_for(plan.domain),
        model_sha256=kit.load(plan.domain).sha256,
        options={**dict.fromkeys(("template", "candidates", "repair")), **setting.options},
        texts=tuple(texts),
        summary=summarise(texts, seed=plan.seed),
        skipped=skipped,
        seconds_in_batch=round(seconds, 3),
    )


def _write(
    plan: Plan, setting: Setting, kit: Kit, cases: Sequence[Case], skipped: dict[str, str]
) -> list[tuple[Case, Document]]:
    """Write the cases together; if one of them cannot be written, one by one, noting which are skipped and why."""
    try:
        documents = kit.batch(plan.domain, [case.request for case in cases], seed=plan.seed, **setting.options)
        return list(zip(cases, documents, strict=True))
    except DalleKitError as error:
        if len(cases) > 1:
            return [pair for case in cases for pair in _write(plan, setting, kit, [case], skipped)]
        skipped[cases[0].id] = str(error)
        if len(skipped) == len(plan.cases):
            raise ModelError(f"not a single case could be written: {error}") from error
        return []


def _timed(
    plan: Plan, setting: Setting, kit: Kit, cases: Sequence[Case], progress: Progress
) -> Iterator[tuple[str, float]]:
    """Yield the seconds of single documents, evenly drawn, from an engine that has written one before."""
    count = min(plan.timed, len(cases))
    chosen = [cases[index * len(cases) // count] for index in range(count)]
    for number, case in enumerate([*chosen[:1], *chosen]):
        progress(f"timing ({setting.label})", number, count + 1)
        start = time.perf_counter()
        kit.generate(plan.domain, case.request, seed=plan.seed, **setting.options)
        if number:  # the first is written twice: once to warm up
            yield case.id, time.perf_counter() - start


def _text(plan: Plan, case: Case, document: Document, told: Told, further: dict[str, float]) -> Text:
    measured = measure(document.text, told, plan.readers)
    held = [finding for finding in document.findings if finding.severity != "note"]
    provenance = document.provenance
    counts = {"findings": float(len(held)), "repairs": float(repairs_made(provenance))}
    typed = share_as_typed(provenance)
    if typed is not None:
        counts["typed"] = typed
    return Text(
        id=case.id,
        kind=case.kind,
        tags=case.tags,
        values={**measured.values, **counts, **further},
        marks=measured.marks,
        findings=tuple(f"{finding.severity}: {' '.join(finding.message.split())}" for finding in held),
        repairs=provenance.repairs,
        text=document.text,
        request=case.request.model_dump(mode="json", exclude_unset=True),
    )


def _likeness(text: str, reference: str, encoder: Engine) -> dict[str, float]:
    values = {"similarity": references.similarity(encoder, text, reference)}
    return {**values, "chrf": references.chrf(text, reference)} if references.has_chrf() else values


def _of_real_texts(plan: Plan) -> Iterator[dict[str, float]]:
    """Yield what a real text has of the figures: it was not written for the request that was made from it."""
    for case in plan.cases:
        if case.reference is not None:
            yield dict(
                naturalness(case.reference, Told(points=case.points, language=language_of(case)), plan.readers).values
            )


def _chunks(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    for start in range(0, len(cases), BATCH):
        yield cases[start : start + BATCH]
