"""What examples are worth: the likelihood of real texts, given examples by their author and by another.

python benchmarks/learning.py [--model NAME] [--texts 60] [--domains email,news,code] [--requests] [--output FILE]

A text of the development part is predicted after the same prompt (``--requests``, and code: after the request made
from it) up to seven times: given nothing; and given texts by the same author (for news: the same outlet, for code: the
same module) and by another, each as text in the prompt, as steering vectors and as memory. What another author's texts
give is the control: it must not help as much. The strength of vectors is found on authors of the training part. Seconds
of vectors and of memory are those of making and of reading.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from common import machine, table

from dalle_kit import Example, Kit
from dalle_kit.config import Settings
from dalle_kit.engine.engine import Engine
from dalle_kit.evaluation.statistics import Estimate, estimate
from dalle_kit.likeness.memory import remember
from dalle_kit.likeness.prompting import ANOTHER, with_texts
from dalle_kit.likeness.vectors import STRENGTHS, increments
from dalle_kit.models.spec import MEMORY_FILE
from dalle_kit.records import Message, Prompt, Steering
from dalle_kit_news import corpus as news_corpus

DOMAINS = {"email": "email", "news": "news", "code": "code complete"}
#: Examples of a text, characters of one, and authors of the training part that the strength is found on.
_EXAMPLES, _LONGEST, _TUNED_ON = 4, 700, 10
_WAYS = ("text", "vector", "memory")
_OUTLETS = "89abcdef"


@dataclass(frozen=True)
class Case:
    """A text, the prompt it is predicted after, and texts by its author and by another."""

    name: str
    prompt: Prompt
    text: str
    own: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """Nats a token of a text in one way, tokens of the prompt's context, and seconds."""

    nats: float
    context: int
    seconds: float


def dev_texts(kit: Kit, domain: str) -> list[Example]:
    """Return texts that nothing is trained on, with their authors."""
    if domain != "news":
        return list(kit.plugins.domain(DOMAINS[domain]).corpus("dev"))
    # All development articles are of one outlet; those of the other half of the training package are of many.
    return list(news_corpus.articles(_OUTLETS))


def cases(
    kit: Kit, domain: str, texts: Sequence[Example], count: int, *, requests: bool = False, seed: int = 0
) -> list[Case]:
    """Return so many texts, drawn by the seed, whose authors have written others."""
    source = random.Random(seed)
    by_author: dict[str, list[Example]] = {}
    for each in texts:
        by_author.setdefault(each.author, []).append(each)
    by_author.pop("", None)
    authors = sorted(name for name, written in by_author.items() if len(written) > 2)
    found = []
    for number in range(count):
        author = authors[number % len(authors)]
        target, *rest = source.sample(by_author[author], len(by_author[author]))
        another = source.choice([name for name in authors if name != author])
        own = tuple(each.text[:_LONGEST] for each in rest[:_EXAMPLES])
        foreign = source.sample(by_author[another], min(len(by_author[another]), len(own)))
        if target.text in own:
            continue
        prompt, text = Prompt((Message("user", ANOTHER),)), target.text
        if requests or domain == "code":
            shaped = kit.shape(DOMAINS[domain], dict(target.fields))
            prompt, text = shaped.prompt, shaped.skeleton.slots[0].starts_with + text
        found.append(Case(target.name, prompt, text, own, tuple(each.text[:_LONGEST] for each in foreign)))
    return found


def vectors(engine: Engine, texts: Sequence[str], plain: np.ndarray) -> np.ndarray:
    """Return what the difference between the states on texts and on plain ones grows by in each block (L, D)."""
    prompt = Prompt((Message("user", ANOTHER),))
    return increments(engine.mean_states([(prompt, text) for text in texts]) - plain)


def nats(engine: Engine, prompt: Prompt, text: str) -> Measure:
    """Return how likely a text is after a prompt."""
    start = time.perf_counter()
    score = engine.score(prompt, text)
    seconds = time.perf_counter() - start
    shown = len(engine.tokenizer.encode_prompt(prompt))
    return Measure(-score.log_likelihood / max(1, score.tokens), shown, seconds)


def strength(engine: Engine, tuned_on: Sequence[Case], plain: np.ndarray) -> float:
    """Return the strength of vectors under which texts are likeliest."""
    found = [(case, vectors(engine, case.own, plain)) for case in tuned_on]
    totals = {}
    for each in STRENGTHS:
        prompts = [(case, replace(case.prompt, steering=Steering(own * np.float32(each)))) for case, own in found]
        totals[each] = sum(nats(engine, prompt, case.text).nats for case, prompt in prompts)
    return min(totals, key=totals.__getitem__)


@dataclass(frozen=True)
class Plain:
    """What encoder (W,) and decoder (L, D) read in plain texts of a domain, and what vectors are multiplied by."""

    vector: np.ndarray
    states: np.ndarray
    strength: float


def by_memory(kit: Kit, engine: Engine, case: Case, texts: Sequence[str], plain: Plain) -> Measure | None:
    """Return the measure of a text with memory of examples, None for a model that has none."""
    start = time.perf_counter()
    prompt = replace(case.prompt, examples=tuple(texts)) if engine.family == "dalle" else None
    if (Path(engine.path) / MEMORY_FILE).is_file():
        steering = remember(Path(engine.path), texts, plain.vector, kit.examples.encoder)
        prompt = replace(case.prompt, steering=steering)
    if prompt is None:
        return None
    found = nats(engine, prompt, case.text)
    return replace(found, seconds=time.perf_counter() - start)


def measure(kit: Kit, engine: Engine, case: Case, plain: Plain | None) -> dict[str, Measure]:
    """Return the measures of a text in each way."""
    found = {"nothing": nats(engine, case.prompt, case.text)}
    for whose, texts in (("own", case.own), ("other", case.others)):
        found[f"text, {whose}"] = nats(engine, with_texts(case.prompt, texts), case.text)
        if plain is not None:
            start = time.perf_counter()
            steering = Steering(vectors(engine, texts, plain.states) * np.float32(plain.strength))
            made = time.perf_counter() - start
            by_vector = nats(engine, replace(case.prompt, steering=steering), case.text)
            found[f"vector, {whose}"] = replace(by_vector, seconds=by_vector.seconds + made)
            remembered = by_memory(kit, engine, case, texts, plain)
            if remembered is not None:
                found[f"memory, {whose}"] = remembered
    return found


def report(measured: Sequence[dict[str, Measure]]) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    before = [each["nothing"].nats for each in measured]
    text_gain = np.mean([each["nothing"].nats - each["text, own"].nats for each in measured])
    for way in measured[0]:
        values = [each[way] for each in measured]
        gains = [base - value.nats for base, value in zip(before, values, strict=True)]
        kept = float(np.mean(gains)) / float(text_gain) if text_gain else float("nan")
        context = float(
            np.mean([value.context - each["nothing"].context for value, each in zip(values, measured, strict=True)])
        )
        yield [
            way,
            _interval(estimate([value.nats for value in values])),
            "" if way == "nothing" else _interval(estimate(gains)),
            "" if way == "nothing" else f"{kept:.0%}",
            f"{context:.0f}",
            f"{np.median([value.seconds for value in values]):.2f}",
        ]
    for way in _WAYS:
        if f"{way}, own" in measured[0]:
            gaps = [each[f"{way}, other"].nats - each[f"{way}, own"].nats for each in measured]
            yield [f"{way}: own better than other by", "", _interval(estimate(gaps)), "", "", ""]


def _interval(found: Estimate | None) -> str:
    return "" if found is None else f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def run(kit: Kit, engine: Engine, domain: str, count: int, *, requests: bool) -> list[dict[str, Measure]]:
    """Return the measures of a domain's texts."""
    chosen = cases(kit, domain, dev_texts(kit, domain), count, requests=requests)
    texts = tuple(kit.plugins.domain(DOMAINS[domain]).plain())[:24]
    plain = None
    if texts:
        prompt = Prompt((Message("user", ANOTHER),))
        states = engine.mean_states([(prompt, text) for text in texts])
        trained = list(kit.plugins.domain(DOMAINS[domain]).corpus("train"))
        factor = strength(engine, cases(kit, domain, trained, _TUNED_ON, requests=requests, seed=1), states)
        say(f"{domain}: vectors are multiplied by {factor}")
        plain = Plain(kit.examples.encoder.means(texts).mean(0), states, factor)
    found = []
    for number, case in enumerate(chosen, 1):
        found.append(measure(kit, engine, case, plain))
        say(f"{domain}: {number} of {len(chosen)}")
    return found


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--texts", type=int, default=60, help="texts of each domain")
    parser.add_argument("--domains", default=",".join(DOMAINS))
    parser.add_argument("--requests", action="store_true", help="predict texts after the requests made from them")
    parser.add_argument("--output", type=Path, help="write all measures as JSON")
    arguments = parser.parse_args()
    kit = Kit(model=arguments.model)
    engine = kit.load()
    everything = {}
    for domain in arguments.domains.split(","):
        measured = run(kit, engine, domain, arguments.texts, requests=arguments.requests)
        everything[domain] = [{way: asdict(each) for way, each in row.items()} for row in measured]
        head = ["examples", "nats a token", "gain", "of text's gain", "tokens of context", "s"]
        print(f"\n{domain}: {len(measured)} texts, {arguments.model}\n\n{table(head, list(report(measured)))}")
    print(f"\n{machine().partition(';')[0]}; means with 95 % intervals, seconds are medians")
    if arguments.output:
        arguments.output.write_text(json.dumps(everything), encoding="utf-8")


if __name__ == "__main__":
    main()
