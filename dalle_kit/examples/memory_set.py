"""Examples that are named as files and not kept: read and encoded in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import numpy as np

from dalle_kit.errors import ExampleError, UnknownNameError
from dalle_kit.examples.encoder import Encoder, Vectors, vectors_of
from dalle_kit.examples.index import Neighbour
from dalle_kit.examples.runs import Keys, keys_of
from dalle_kit.examples.sources import read_sources
from dalle_kit.examples.texts import DUPLICATE, KINDS, Found, Kind, Report, Skipped
from dalle_kit.examples.vectors import nearest_rows
from dalle_kit.models.spec import Progress, silent

#: More are better kept: encoding them again each time would take longer than the writing.
MOST = 2000


class MemorySet:
    """Texts of files, each once; ``report`` says what was skipped. They are encoded when they are first searched."""

    def __init__(self, name: str, texts: Iterable[Found], report: Report | None = None) -> None:
        self.name, self.texts = name, tuple(texts)
        self.report = report or Report(added=len(self.texts))
        self._vectors: dict[tuple[str, str | None], Vectors] = {}
        self._keys: Keys | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[Found]:
        return iter(self.texts)

    def run_keys(self) -> Keys:
        """Return the index of the runs of words of all texts."""
        if self._keys is None:
            self._keys = keys_of((number, found.text) for number, found in enumerate(self.texts, 1))
        return self._keys

    def numbered(self, number: int) -> Found | None:
        """Return the text that has a number in the index."""
        return self.texts[number - 1] if 0 < number <= len(self.texts) else None

    def nearest(
        self,
        query: Vectors,
        *,
        encoder: Encoder,
        count: int,
        kind: Kind | None = None,
        progress: Progress = silent,
    ) -> list[Neighbour]:
        """Return the texts nearest to a query's vector (D,), best first, of one kind if it is given."""
        key = (encoder.name, encoder.sha256)
        if key not in self._vectors:
            progress(f"encoding {self.name}", 0, None)
            self._vectors[key] = vectors_of(encoder, [found.to_encode for found in self.texts])
        vectors = self._vectors[key]
        among = np.array([kind in (None, found.kind) for found in self.texts], dtype=bool)
        rows = nearest_rows(vectors, query, count, among=among)
        return [Neighbour(self.texts[row], likeness, vectors[row]) for row, likeness in rows]


def make_examples(texts: Iterable[str], *, kind: Kind = "text", name: str = "examples") -> MemorySet:
    """Return texts as examples, each once; ``name`` is what provenance calls them.

    Raises ExampleError for what is no list of texts, a kind or name that may not be, and where no text is left that is
    not empty.
    """
    given = None if isinstance(texts, str | bytes) or not isinstance(texts, Iterable) else list(texts)
    if given is None:
        raise ExampleError(f"examples are made of a list of texts, not of {texts!r:.80}; put a single text into a list")
    wrong = [text for text in given if not isinstance(text, str)]
    if wrong:
        raise ExampleError(f"{wrong[0]!r:.80} is no text to make an example of; give strings")
    if kind not in KINDS:
        raise ExampleError(str(UnknownNameError("kind of example", str(kind), KINDS)))
    if not isinstance(name, str) or not name.strip():
        raise ExampleError(f"{name!r:.80} is no name for examples; give a text that is not empty")
    found = {each.id: each for each in (Found(text=text, kind=kind) for text in given if text.strip())}
    if not found:
        raise ExampleError("there is no text among the examples; give one that is not empty")
    return MemorySet(name, found.values())


def read_examples(paths: Iterable[str | os.PathLike[str]], *, name: str = "files") -> MemorySet:
    """Return the texts of files and folders, of any kind that can be imported.

    Raises ExampleError for a path that does not exist, where no text is found, and for more than MOST texts.
    """
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Iterable):
        raise ExampleError(f"examples are read from a list of paths, not {paths!r:.80}; put a single path into a list")
    report, texts = Report(), dict[str, Found]()
    for entry in read_sources(paths):
        if isinstance(entry, Skipped):
            report.skip(entry)
        elif entry.id in texts:
            report.skip(Skipped(entry.origin, DUPLICATE))
        else:
            texts[entry.id] = entry
            report.added += 1
        if len(texts) > MOST:
            raise ExampleError(f"more than {MOST} examples; keep them as a set: dalle-kit examples add NAME PATH...")
    if not texts:
        raise ExampleError(f"no text was found in what was named as examples{reasons(report)}")
    return MemorySet(name, texts.values(), report)


def reasons(report: Report) -> str:
    """Return what was skipped as an end of a sentence: `` (3 empty, 1 not a text)``; nothing if nothing was."""
    return f" ({report.reasons})" if report.skipped else ""
