"""Running an audit of bias: write every request with every name, measure the texts, compare the groups."""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dalle_kit import __version__
from dalle_kit.audit.comparing import compare_groups
from dalle_kit.audit.counterfactuals import Frame, Variant, in_male_words, name_variants, without_names, word_variants
from dalle_kit.audit.measures import Measure, tells_sex, text_measures
from dalle_kit.audit.people import Deal, Person, deal
from dalle_kit.audit.results import LAYOUT, Benchmark, BiasReport, Model, Output
from dalle_kit.audit.wordlists import WordLists, read_word_lists
from dalle_kit.domain import told_texts
from dalle_kit.engine.rows import agreeing
from dalle_kit.errors import DalleKitError, ModelError, RequestError
from dalle_kit.evaluation.interventions import repairs_made, share_as_typed
from dalle_kit.models.spec import Progress, silent

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.kit import Kit
    from dalle_kit.records import Document

#: Texts written together.
BATCH = 16

#: The measures that are not of the text alone.
_OTHERS = {
    "refusals": "share of texts that are empty, could not be written or say that they are not",
    "findings": "warnings and errors of the checks",
    "repairs": "changes made because of findings",
    "as typed": "share of sentences that stand as they were typed, for which the model was not asked",
    "tells sex": "share of texts with he, her, Mr and the like where the request has none",
    "likelihood": "log-likelihood of the favourable sentence after the request, a token, in nats",
    "favour": "the same less that of the unfavourable sentence, in nats",
}

#: A figure of a standard benchmark, made with the engine; called with a callback for progress.
BenchmarkMaker = Callable[["Engine", Progress], Benchmark]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is audited: requests, the people they are made with, ``per_group`` names of each group for each request."""

    frames: Sequence[Frame]
    people: Sequence[Person]
    per_group: int = 2
    seed: int = 0
    name_blind: bool = False
    with_texts: bool = False
    benchmarks: Sequence[BenchmarkMaker] = ()


def audit_bias(kit: Kit, plan: Plan, *, progress: Progress = silent) -> BiasReport:
    """Write the plan's requests with each name and wording, measure what is written, and compare the groups.

    Raises RequestError where there is nothing to compare, ModelError for a model that gives no likelihoods, or where a
    measure needs what is not installed.
    """
    start = time.monotonic()
    if not plan.frames:
        raise RequestError("there are no requests to audit with; give some with --requests, or another domain")
    words = read_word_lists()
    measures = text_measures(words)
    for measure in measures:
        measure.of("All is well.")  # what is missing is told before anything is written
    domains = list(dict.fromkeys(frame.domain for frame in plan.frames))
    engines = {domain: _likely(kit.load(domain)) for domain in domains}
    dealt = _deal(plan, engines[domains[0]])
    variants = list(_variants(plan, dealt, words))
    _check(kit, variants)
    outputs: list[Output] = []
    for domain in domains:
        own = [variant for variant in variants if variant.frame.domain == domain]
        for number in range(0, len(own), BATCH):
            progress("writing and measuring", len(outputs), len(variants))
            outputs += _written(kit, plan, own[number : number + BATCH], measures, words)
    progress("writing and measuring", len(outputs), len(variants))
    if all(output.problem for output in outputs):
        raise ModelError(f"not a single text could be written: {outputs[0].problem}")
    benchmarks = tuple(make(engines[domains[0]], progress) for make in plan.benchmarks)
    return BiasReport(
        layout=LAYOUT,
        version=__version__,
        created=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        seed=plan.seed,
        name_blind=plan.name_blind,
        models=tuple(_model(domain, engine) for domain, engine in engines.items()),
        sampling=_sampling(plan, dealt, variants),
        measures={**{measure.name: measure.about for measure in measures}, **_OTHERS},
        requests=tuple(_plain(frame) for frame in plan.frames),
        outputs=tuple(outputs),
        comparisons=compare_groups(outputs, seed=plan.seed),
        benchmarks=benchmarks,
        seconds=round(time.monotonic() - start, 1),
    )


def _likely(engine: Engine) -> Engine:
    """Return an engine that gives likelihoods; raises ModelError for one that does not."""
    try:
        engine.log_likelihoods([("Dear", engine.tokenizer.encode_text(" all"))])
    except ModelError as error:
        fix = "choose a model on this machine that writes"
        raise ModelError(f"{engine.model} gives no likelihoods, which an audit compares; {fix}") from error
    return engine


def _check(kit: Kit, variants: Sequence[Variant]) -> None:
    """Raise RequestError for a request that its domain refuses, before any time is spent on the others."""
    for variant in variants:
        try:
            kit.request(variant.frame.domain, variant.fields)
        except RequestError as error:
            raise RequestError(f"request {variant.frame.id!r}: {error}", field=error.field) from error


def _deal(plan: Plan, engine: Engine) -> Deal:
    # Within a sentence a name follows a space, which is part of its first token.
    return deal(plan.people, lambda name: len(engine.tokenizer.encode_text(f" {name}")), seed=plan.seed)


def _variants(plan: Plan, dealt: Deal, words: WordLists) -> Iterator[Variant]:
    each = _per_group(plan, dealt)
    for number, frame in enumerate(frame for frame in plan.frames if frame.takes_name):
        yield from name_variants(frame, dealt.rounds, range(number * each, number * each + each))
    for frame in plan.frames:
        if not frame.takes_name:
            yield from word_variants(frame, words.swaps)


def _per_group(plan: Plan, dealt: Deal) -> int:
    """Return how many names of each group a request is made with: none of them twice."""
    return min(plan.per_group, len(dealt.rounds))


def _written(
    kit: Kit, plan: Plan, variants: Sequence[Variant], measures: Sequence[Measure], words: WordLists
) -> list[Output]:
    """Write requests together; if one of them cannot be written, one by one, noting why it cannot."""
    fields = [variant.fields for variant in variants]
    try:
        documents = kit.batch(variants[0].frame.domain, fields, seed=plan.seed, name_blind=plan.name_blind)
    except DalleKitError as error:
        if len(variants) > 1:
            return [output for each in variants for output in _written(kit, plan, [each], measures, words)]
        return [_output(variants[0], {"refusals": 1.0}, "", problem=str(error))]
    found = []
    likelihoods = _likelihoods(kit, variants, name_blind=plan.name_blind)
    for variant, document, likelihood in zip(variants, documents, likelihoods, strict=True):
        hidden = in_male_words(without_names(document.text, variant.name), words.swaps)
        values = {measure.name: measure.of(hidden) for measure in measures}
        values |= _of_document(document, variant) | likelihood
        found.append(_output(variant, values, hidden, text=document.text if plan.with_texts else ""))
    return found


def _output(variant: Variant, values: dict[str, float], hidden: str, *, text: str = "", problem: str = "") -> Output:
    frame = variant.frame
    return Output(
        domain=frame.domain,
        kind=frame.kind,
        request=frame.id,
        pair=variant.pair,
        attributes=dict(variant.attributes),
        name=variant.name,
        measures=values,
        text_sha256=hashlib.sha256(hidden.encode("utf-8")).hexdigest(),
        text=text,
        problem=problem,
    )


def _of_document(document: Document, variant: Variant) -> dict[str, float]:
    """Return the measures of how a document came about, and of what it says of a sex that the request does not."""
    held = sum(finding.severity != "note" for finding in document.findings)
    values = {"findings": float(held), "repairs": float(repairs_made(document.provenance))}
    typed = share_as_typed(document.provenance)
    if typed is not None:
        values["as typed"] = typed
    if variant.name:
        values["tells sex"] = tells_sex(document.text, " ".join(told_texts(document.request)))
    return values


def _likelihoods(kit: Kit, variants: Sequence[Variant], *, name_blind: bool) -> list[dict[str, float]]:
    """Return how likely the favourable sentence is where the model would begin to write, and how much likelier."""
    engine = kit.load(variants[0].frame.domain)
    encode = engine.tokenizer.encode_text
    rows, places = [], []
    for variant in variants:
        shaped = kit.shape(variant.frame.domain, variant.fields, name_blind=name_blind)
        first = shaped.skeleton.parts[0] if shaped.skeleton.parts else ""
        before = first if isinstance(first, str) else ""
        for sentence in (variant.frame.favourable, variant.frame.unfavourable):
            rows.append((shaped.prompt, encode(before + sentence)))
            places.append(min(agreeing(rows[-1][1], encode(before)), len(rows[-1][1]) - 1))
    found = engine.log_likelihoods(rows)
    means = [float(each[place:].mean()) for each, place in zip(found, places, strict=True)]
    pairs = zip(means[::2], means[1::2], strict=True)
    return [{"likelihood": good, "favour": good - bad} for good, bad in pairs]


def _sampling(plan: Plan, dealt: Deal, variants: Sequence[Variant]) -> str:
    by_name = sum(frame.takes_name for frame in plan.frames)
    pairs = sum(not variant.name for variant in variants) // 2
    cells, each = len(dealt.rounds[0]), _per_group(plan, dealt)
    used = min(len(dealt.rounds), by_name * each)
    tokens = "equally many tokens" if dealt.matched else "different numbers of tokens"
    said = []
    if by_name:
        said.append(
            f"{_count(by_name, 'request')} with {_count(each, 'name')} of each of {cells} groups, in "
            f"{_count(used, 'round')} drawn by seed {plan.seed} from {len(plan.people)} names, those of a round with "
            f"{tokens}"
        )
    if pairs:
        said.append(f"{_count(pairs, 'request')} told once of a man and once of a woman")
    return f"{_count(len(variants), 'text')}: {'; '.join(said)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _model(domain: str, engine: Engine) -> Model:
    return Model(domain, engine.model, engine.sha256, engine.device, engine.dtype, engine.quant)


def _plain(frame: Frame) -> dict[str, Any]:
    texts = {"favourable": frame.favourable, "unfavourable": frame.unfavourable, "roles": list(frame.roles)}
    return {"id": frame.id, "kind": frame.kind, "domain": frame.domain, "fields": dict(frame.fields), **texts}
