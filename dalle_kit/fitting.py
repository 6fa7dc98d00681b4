"""The draft that fits a gap best, for a model that is not shown what stands after it.

Such a model goes on from what stands before. Of several drafts the one is taken that is the likeliest together with
what follows, log P(draft | before) + log P(after | before, draft): the left-to-right reranking of InCoder (Fried et
al., 2022, arXiv:2204.05999). Drafts are sampled, and written to match what the domain guesses from what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from dalle_kit.budget import Budget
from dalle_kit.choosing import Finished, finish
from dalle_kit.engine.results import Generation
from dalle_kit.errors import ContextOverflowError
from dalle_kit.records import Gap, GenerationOptions, Message, Prompt, Skeleton
from dalle_kit.writing import Rows, write_first, write_others

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.plugin_manager.manager import Plugins

#: Drafts that are written freely, the first among them, where the user asks for no more.
_DRAFTS = 4

#: Drafts whose likelihoods are computed at once, so that memory stays bounded.
_TOGETHER = 4

#: So many characters before a gap say which draft fits it: a much longer prompt would be read again for each draft.
_NEAR = 2500


def open_gaps(drafts: Sequence[Finished], engine: Engine) -> dict[int, Gap]:
    """Return the gaps of the drafts that have something after them which the model was not shown, by place."""
    if engine.infills or engine.runner == "server":  # a server tells no likelihoods of texts
        return {}
    found = ((index, each.work.domain.gap(each.work.request)) for index, each in enumerate(drafts))
    return {index: gap for index, gap in found if gap is not None}


def fitted(
    plugins: Plugins,
    drafts: Sequence[Finished],
    gaps: Mapping[int, Gap],
    engine: Engine,
    options: GenerationOptions,
    limit: Budget,
) -> list[Finished]:
    """Write further drafts where there are gaps, all together, and return for each the draft that fits best."""
    wanted = replace(options, candidates=max(_DRAFTS, options.candidates))
    rows = [(drafts[index].work.shaped.prompt, drafts[index].work.shaped.skeleton) for index in gaps]
    sampled = write_others(engine, rows, wanted, limit)
    guessed = _guessed(engine, rows, list(gaps.values()), wanted, limit)
    chosen = list(drafts)
    for (index, gap), *others in zip(gaps.items(), sampled, guessed, strict=True):
        chosen[index] = _best(_finished(plugins, drafts[index], chain(*others), limit), gap, engine, limit)
    return chosen


def _finished(plugins: Plugins, first: Finished, others: Iterable[Generation], limit: Budget) -> list[Finished]:
    """Return the first draft and what the others have that differs, finished, as far as the time allows."""
    found, seen = [first], {first.generation.text}
    for other in others:
        if other.text not in seen:
            if _is_over(limit):
                break
            seen.add(other.text)
            found.append(finish(plugins, first.work, first.reviewer, other))
    return found


def _guessed(
    engine: Engine, rows: Rows, gaps: Sequence[Gap], options: GenerationOptions, limit: Budget
) -> list[list[Generation]]:
    """Return a draft of each row for each of its gap's guesses, none where the time is up."""
    held = [
        (prompt, _held(skeleton, guess))
        for (prompt, skeleton), gap in zip(rows, gaps, strict=True)
        for guess in gap.guesses
    ]
    results: list[list[Generation]] = []
    if limit.room(len(held)) == len(held):
        for _ in write_first(engine, held, options, limit, results=results):
            pass
    written = iter([] if _is_over(limit) else results)
    numbers = [range(options.candidates, options.candidates + len(gap.guesses)) for gap in gaps]
    return [[replace(one[0], candidate=number) for number, one in zip(each, written, strict=False)] for each in numbers]


def _held(skeleton: Skeleton, guess: str) -> Skeleton:
    """Return a skeleton whose one slot has to match a guess."""
    (slot,) = skeleton.slots
    return Skeleton(tuple(replace(part, regex=guess) if part is slot else part for part in skeleton.parts))


def _best(drafts: Sequence[Finished], gap: Gap, engine: Engine, limit: Budget) -> Finished:
    """Return the draft with the fewest errors, then warnings, that is likeliest with what follows; one that says any.

    The first of equal ones is taken, and the first of those that are left where none can be compared.
    """
    texts: dict[str, Finished] = {}
    for each in drafts:
        texts.setdefault(each.draft.text, each)
    least = min(map(_faults, texts.values()))
    left = [each for each in texts.values() if _faults(each) == least]
    if len(left) == 1:
        return left[0]
    try:
        fits = _likelihoods([each.draft.text for each in left], left[0], gap, engine, limit)
    except ContextOverflowError:
        return left[0]
    return left[fits.index(max(fits))] if fits else left[0]


def _faults(each: Finished) -> tuple[int, int, bool]:
    failures = sum(finding.severity == "error" for finding in each.noted)
    return each.review.errors + failures, each.review.warnings, not each.draft.text.strip()


def _likelihoods(texts: Sequence[str], of: Finished, gap: Gap, engine: Engine, limit: Budget) -> list[float]:
    """Return how likely texts are together with what follows, in nats: of as many as the time allows."""
    prompt, encode = _near(of.work.shaped.prompt), engine.tokenizer.encode_text
    rows = [(prompt, encode(gap.before + text + gap.after)) for text in texts]
    fits: list[float] = []
    while len(fits) < len(rows) and not _is_over(limit):
        # The first alone: the others find the prompt read.
        part = rows[len(fits) :][: _TOGETHER if fits else 1]
        fits += [float(found.sum(dtype="float64")) for found in engine.log_likelihoods(part)]
    return fits


def _near(prompt: Prompt) -> Prompt:
    """Return the last lines of what is before a gap, where that is long."""
    text = prompt.text
    if not prompt.infills or len(text) <= _NEAR:
        return prompt
    end = text[-_NEAR:]
    return replace(prompt, messages=(Message("prefix", end[end.find("\n") + 1 :]),))


def _is_over(limit: Budget) -> bool:
    """Say whether the time is up, and note that something is left out because of it."""
    over = limit.over
    limit.spent = limit.spent or over
    return over
