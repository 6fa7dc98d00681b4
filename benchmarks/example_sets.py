"""Import, encoding and search of a large set of examples, and runs of words found in it: seconds and memory.

python benchmarks/example_sets.py [--texts 100000] [--encoded 2000]

The texts are sentences of the documentation strings of Python's standard library, put together anew. All are imported;
so many are encoded with the real encoder, which gives the time for one; for the search, the others get random vectors.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import random
import resource
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dalle_kit import Draft, Kit, Skeleton, Slot
from dalle_kit.checks import all_sentences
from dalle_kit.engine.reading import SentenceEncoder
from dalle_kit.examples import (
    ExampleSet,
    ExampleStore,
    Found,
    choose,
    encode_set,
    nearest,
    profile_of,
    read_sources,
    scan,
)
from dalle_kit.examples.encoder import ENCODER, Vectors
from dalle_kit.examples.runs import windows_of
from dalle_kit.likeness.copying import copied_runs


class Timed:
    """The real encoder for the first texts and for queries, random vectors for the rest."""

    def __init__(self, real: SentenceEncoder, encoded: int) -> None:
        self.name, self.sha256 = real.name, real.sha256
        self._real, self._left = real, encoded
        self.spent, self.texts = Spent(0.0, 0.0), 0
        self._random = np.random.default_rng(0)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return vectors (N, 384)."""
        if len(texts) > 1 and self._left <= 0:
            vectors: Vectors = self._random.normal(size=(len(texts), 384)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            return vectors
        start = Clock()
        vectors = self._real.encode(texts)
        if len(texts) > 1:
            self.spent += start.spent()
            self.texts += len(texts)
            self._left -= len(texts)
        return vectors


def sentences() -> list[str]:
    """Return sentences of the standard library's documentation strings."""
    found: dict[str, None] = {}
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                for sentence in all_sentences(ast.get_docstring(node) or ""):
                    if 4 <= len(sentence.split()) <= 40:
                        found[sentence] = None
    return list(found)


def texts(count: int) -> Iterator[str]:
    """Yield texts of 4 to 8 sentences, about as long as an e-mail."""
    known, draw = sentences(), random.Random(0)
    for _ in range(count):
        yield " ".join(draw.choices(known, k=draw.randint(4, 8)))


def peak() -> int:
    """Return the most memory this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--encoded", type=int, default=2000)
    options = parser.parse_args()
    real = SentenceEncoder.load(Kit().registry.ensure(ENCODER))
    encoder = Timed(real, options.encoded)
    real.encode(["warm"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "texts.jsonl")
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{json.dumps({'text': text})}\n" for text in texts(options.texts))
        before, store = peak(), ExampleStore(Path(folder, "examples"))
        clock = Clock()
        report = store.add("many", read_sources([file]))
        say(f"import: {report.added} texts, {file.stat().st_size / 1e6:.0f} MB: {clock.spent()}; {more(before)}")
        found, clock = store.open("many"), Clock()
        encode_set(found, encoder)
        rest = clock.spent() - encoder.spent
        say(f"encoding {encoder.texts} texts: {encoder.spent}, {encoder.spent.cpu / encoder.texts * 1000:.1f} ms each")
        say(f"keeping all vectors: {rest}; {more(before)}")
        queries = list(itertools.islice(texts(options.texts), 20))
        vectors = encoder.encode(queries[:1])
        work: dict[str, Callable[[str], object]] = {
            "making a query's vector": lambda query: encoder.encode([query]),
            "the 10 nearest to a vector": lambda _: nearest(found, vectors[0], encoder=encoder, count=10),
            "choosing 4, the query's vector included": lambda query: choose(
                [found], query, encoder=encoder, budget=4000
            ),
        }
        for what, do in work.items():
            say(f"{what}: {median(do, queries)}")
        say(f"after the searches {more(before)}")
        clock = Clock()
        profile_of(found.sample(1000))
        say(f"profile of 1,000 texts: {clock.spent()}")
        measure_runs(store, found, queries)
        clock, counting = Clock(), list(itertools.islice(found, 2000))
        sightings = sum(1 for _ in scan(counting))
        per = clock.spent().cpu / len(counting)
        say(f"personal data by patterns, {sightings} in {len(counting)} texts: {1000 * per:.2f} ms (CPU) each")
        clock = Clock()
        again = store.add("many", read_sources([file]))
        say(f"import of the same again, {again.added} added: {clock.spent()}")
        say(f"on disk: {found.info().size / 1e6:.0f} MB")


def measure_runs(store: ExampleStore, found: ExampleSet, queries: Sequence[str]) -> None:
    """Measure the index of runs of words: making it, looking for what a document has from the set, and a scan."""
    (file,) = found.folder.glob("runs-*")
    say(f"index of runs: {file.stat().st_size / 1e6:.0f} MB")
    file.unlink()
    clock = Clock()
    found.run_keys()
    say(f"making it: {clock.spent()}")
    clock = Clock()
    ExampleStore(store.root).open(found.name).run_keys()
    say(f"loading it: {clock.spent()}")
    clock = Clock()
    store.add(found.name, [Found(text=f"One more. {' '.join(queries)}")])
    say(f"adding a text: {clock.spent()}")
    check = copied_runs([found], ())

    def look(text: str) -> None:
        list(check(None, Draft(Skeleton((Slot("text"),)), {"text": text})))

    draw = random.Random(1)
    own = [" ".join(draw.sample(words, len(words))) for words in map(str.split, queries)]
    say(f"looking for runs of {len(own[0].split())} words of nobody's: {median(look, own)}")
    say(f"of a text that is put together from sentences of the set: {median(look, queries)}")
    clock, windows = Clock(), windows_of(own[:1])
    for each in found:
        windows.isdisjoint(windows_of([each.text]))
    say(f"the same by comparing with each text: {clock.spent()}")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, and of the processor: on a busy machine the second says more."""

    wall: float
    cpu: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall - other.wall, self.cpu - other.cpu)

    def __str__(self) -> str:
        if self.wall < 1:
            return f"{1000 * self.wall:.1f} ms ({1000 * self.cpu:.1f} ms of the processor)"
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of the processor)"


class Clock:
    """Tells what has been spent since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def spent(self) -> Spent:
        """Return it."""
        return Spent(time.perf_counter() - self._wall, time.process_time() - self._cpu)


def median(do: Callable[[str], object], queries: Sequence[str]) -> Spent:
    """Return the median time of one call."""
    spent = []
    for query in queries:
        clock = Clock()
        do(query)
        spent.append(clock.spent())
    return Spent(statistics.median(each.wall for each in spent), statistics.median(each.cpu for each in spent))


def more(before: int) -> str:
    """Return how much more memory has been in use than before."""
    return f"{peak() - before} MB more memory than before the import"


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
