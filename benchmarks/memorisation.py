"""What the default model remembers of the texts that its adapter was trained on, beside like texts that it was not.

python benchmarks/memorisation.py [TEXTS]

Of each kind of real text, so many learned ones are drawn (60 if no number is given) and as many others: messages of the
same mailing lists a month later, and the other half of the articles. Whole sentences were never notes of what was
learned, so texts with such notes are left out of both. The hand-written texts are in the repository, and no secret.

- Said again: the document is written greedily from the request that the text is learned with. Counted are documents
  with a run of 8 words or more that stands in the text and not in the request, or in neither but in another real text
  that was learned. A request's notes are made of the text's sentences, and give many of them back to any good writer:
  what was remembered is what learned texts have more of than others.
- Likelihood: whether learned texts can be told from others by their mean log-likelihood a token after their request,
  as the area under the ROC curve (0.5 is chance). The bare model has learned neither: what it tells apart is how the
  texts differ. The third area is of the difference between the two models.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from common import machine, table

from dalle_kit import Example, Kit
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.results import Generation
from dalle_kit.evaluation.statistics import estimate
from dalle_kit.examples.runs import RUN, Windows, common_runs, folded_words, keys_of, windows_of
from dalle_kit.records import GenerationOptions, Skeleton, Slot
from dalle_kit.training.pairs import given_tokens, text_tokens
from dalle_kit.training.sources import Sample, Samples, corpus_samples
from dalle_kit_news import corpus as news_corpus

TRAINED, BARE = "dalle-base", "smollm2-135m"
#: Halves of the articles, by how the SHA-256 of their identifier begins: the first is what was learned.
_LEARNED, _OTHER = "01234567", "89abcdef"
#: Texts that are computed together.
_TOGETHER = 16
_RESAMPLES = 2000


@dataclass(frozen=True)
class Kind:
    """One kind of text: those learned, all of them, and others that were not."""

    name: str
    domain: str
    learned: list[Example]
    others: list[Example]


def kinds(kit: Kit) -> Iterator[Kind]:
    """Yield the kinds of real texts that the adapter was trained on."""
    email = kit.plugins.domain("email")
    learned = [each for each in email.corpus("train") if not each.name.startswith("situation-")]
    yield Kind("e-mail", "email", learned, list(email.corpus("dev")))
    yield Kind("news", "news", list(news_corpus.articles(_LEARNED)), list(news_corpus.articles(_OTHER)))


def samples_of(kit: Kit, domain: str, texts: Sequence[Example], count: int | None) -> list[Sample]:
    """Return so many of the texts as training sees them, drawn by a fixed seed; none has a whole sentence as a note."""
    kept = [each for each in texts if not any(note in each.text for note in _notes(each) if len(note.split()) >= RUN)]
    kit.plugins.domains[domain] = replace(kit.plugins.domain(domain), corpus=lambda split: kept)  # type: ignore[index]
    return corpus_samples(kit, domain, "train", Samples(), seed=0, limit=count)


def _notes(text: Example) -> Iterator[str]:
    for name in ("points", "facts"):
        notes: Any = text.fields.get(name, ())
        yield from notes


def write(engine: Engine, samples: Sequence[Sample]) -> list[str]:
    """Return what a model writes for the requests of samples, greedily, 128 tokens at most."""
    options, found = GenerationOptions(max_tokens=128), []
    for at in range(0, len(samples), _TOGETHER):
        works = [(each.prompt, Skeleton((each.before, Slot("text")))) for each in samples[at : at + _TOGETHER]]
        results: list[list[Generation]] = []
        for _ in engine.fill(works, options, results=results):
            pass
        found += [candidates[0].text for candidates in results]
    return found


class Index:
    """Texts in which runs of words are looked up."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = dict(enumerate(texts, 1))
        self._keys = keys_of(self._texts.items())

    def longest_run(self, text: str, *told_in: str) -> int:
        """Return the words of the longest run of a text that stands in one of these and not in what is told, or 0."""

        def told() -> Windows:
            return windows_of(told_in)

        runs = common_runs(folded_words(text), self._keys, self._texts.get, told=told)
        return max((run.end - run.start for run in runs), default=0)


def likelihoods(engine: Engine, samples: Sequence[Sample]) -> np.ndarray:
    """Return the mean log-likelihood a token of the samples' texts (N,), in nats, after their requests."""
    found: list[float] = []
    for at in range(0, len(samples), _TOGETHER):
        part = samples[at : at + _TOGETHER]
        prompts = [len(engine.tokenizer.encode_prompt(each.prompt)) for each in part]
        rows = [(given_tokens(each, engine.tokenizer), text_tokens(each, each.text, engine.tokenizer)) for each in part]
        targets = [[*given[size:], *text] for (given, text), size in zip(rows, prompts, strict=True)]
        scored = engine.log_likelihoods([(each.prompt, row) for each, row in zip(part, targets, strict=True)])
        found += [float(values[-len(text) :].mean()) for values, (_, text) in zip(scored, rows, strict=True)]
    return np.array(found)


def area(learned: np.ndarray, others: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a learned text has the higher value, ties counted half."""
    difference = learned[:, None] - others[None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def with_interval(measure: Callable[..., float], *groups: np.ndarray) -> str:
    """Return a measure of groups with its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    drawn = [measure(*(rng.choice(group, len(group)) for group in groups)) for _ in range(_RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{measure(*groups):.3f} ({low:.3f} to {high:.3f})"


def share(found: Sequence[int]) -> str:
    """Return how many outputs have a run, the share's 95 % interval and the longest run."""
    told = estimate([float(length > 0) for length in found], share=True)
    assert told is not None
    longest = f", longest {max(found)} words" if max(found) else ""
    return f"{sum(map(bool, found))} of {len(found)} ({told.low:.0%} to {told.high:.0%}){longest}"


def said_again(kind: Kind, groups: dict[str, list[Sample]], index: Index) -> list[list[str]]:
    """Return the rows of a kind: which outputs repeat their own text, and another that was learned."""
    rows = []
    trained, bare = Kit(model=TRAINED).load(), Kit(model=BARE).load()
    for name, model, engine, samples in (
        ("learned", TRAINED, trained, groups["learned"]),
        ("not learned", TRAINED, trained, groups["others"]),
        ("learned", BARE, bare, groups["learned"]),
    ):
        written = write(engine, samples)
        pairs = list(zip(written, samples, strict=True))
        own = [Index([each.text]).longest_run(text, each.prompt.text) for text, each in pairs]
        others = [index.longest_run(text, each.prompt.text, each.text) for text, each in pairs]
        rows.append([kind.name, name, f"`{model}`", share(own), share(others)])
    return rows


def likelihood_row(kind: Kind, groups: dict[str, list[Sample]]) -> list[str]:
    """Return the row of a kind: nats a token of learned texts and of others, and how well they are told apart."""
    found = {
        model: [likelihoods(Kit(model=model).load(), groups[group]) for group in ("learned", "others")]
        for model in (TRAINED, BARE)
    }
    (ours, theirs), (ours_bare, theirs_bare) = found[TRAINED], found[BARE]
    return [
        kind.name,
        f"{len(ours)} and {len(theirs)}",
        f"{-ours.mean():.3f} and {-theirs.mean():.3f}",
        f"{-ours_bare.mean():.3f} and {-theirs_bare.mean():.3f}",
        with_interval(area, ours, theirs),
        with_interval(area, ours_bare, theirs_bare),
        with_interval(area, ours - ours_bare, theirs - theirs_bare),
    ]


def main() -> None:
    """Measure, and print the tables."""
    count, begun = int(sys.argv[1]) if len(sys.argv) > 1 else 60, time.perf_counter()
    kit = Kit(model=TRAINED)
    found = list(kinds(kit))
    texts = [each.text for kind in found for each in kind.learned]
    index = Index(texts)
    print(f"Real texts learned: {len(texts)}")
    again, likely = [], []
    for kind in found:
        groups = {
            "learned": samples_of(kit, kind.domain, kind.learned, count),
            "others": samples_of(kit, kind.domain, kind.others, count),
        }
        again += said_again(kind, groups, index)
        likely.append(likelihood_row(kind, groups))
    head = [
        "texts",
        "requests of texts that were",
        "model",
        "outputs with a run of their text",
        "of another learned text",
    ]
    print("\nSaid again\n", table(head, again), sep="\n")
    head = ["texts", "learned and others", "nats a token", "bare model", "area", "bare model's", "of the difference"]
    print("\nLikelihood\n", table(head, likely), sep="\n")
    wall, cores = (time.perf_counter() - begun) / 60, time.process_time() / 60
    print(f"\n{machine()}; {wall:.1f} minutes, {cores:.1f} of one core")


if __name__ == "__main__":
    main()
