"""dalle-kit's own engine, as its Kit loads it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from dalle_kit import GenerationOptions, Kit, Skeleton, Slot
from dalle_kit.engine.decoding import Batch, GenerativeModel, Session
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.rows import Job, Row

_TEXT = Skeleton((Slot("text"),))


class _Watched:
    """A model that notes when it has read the prompts."""

    def __init__(self, model: GenerativeModel) -> None:
        self._model = model
        self.read_at = 0.0

    @property
    def family(self) -> str:
        """Whether it reads the prompt apart."""
        return self._model.family

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def open(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int) -> Session:
        """Read the prompts."""
        session = self._model.open(sources, targets, room=room)
        self.read_at = time.perf_counter()
        return session


class DalleKit:
    """One engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kit = Kit()
        self.version = f"weights {engine.quant}, {engine.dtype} on {engine.device}"

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write; see ``Runtime``."""
        rows = self._rows(prompts, count, ends=frozenset())
        return self._timed(rows, room=len(prompts[0]) + count, drafts=False)

    def recur(self, prompt: Sequence[int], count: int) -> dict[str, Any]:
        """Write at most ``count`` tokens, with drafts from what stands before, until the text ends by itself."""
        rows = self._rows([prompt], count, ends=self._engine.tokenizer.control_ids)
        first, seconds = self._timed(rows, room=len(prompt) + count, drafts=True)
        return {"tokens": len(rows[0].results["text"].tokens), "first": first, "seconds": seconds}

    def merge(self, requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Write an e-mail for each request with the default model, as an application does."""
        self._kit.load("email")
        start = time.perf_counter()
        documents = self._kit.batch("email", requests, seed=1)
        seconds = time.perf_counter() - start
        texts = [text for document in documents for text in document.slots.values()]
        return {"seconds": seconds, "tokens": sum(len(self._engine.tokenizer.encode_text(text)) for text in texts)}

    def _rows(self, prompts: Sequence[Sequence[int]], count: int, *, ends: frozenset[int]) -> list[Row]:
        options = GenerationOptions(max_tokens=count)
        jobs = [Job(tuple(prompt), _TEXT, options) for prompt in prompts]
        return [self._engine.row(job, index=index, ends=ends) for index, job in enumerate(jobs)]

    def _timed(self, rows: Sequence[Row], *, room: int, drafts: bool) -> tuple[float, float]:
        watched = _Watched(self._engine.generative())
        model = cast(GenerativeModel, watched)
        start = time.perf_counter()
        batch = Batch(model, places=len(rows), room=room)
        batch.drafts = drafts
        batch.add(rows)
        while not batch.is_over:
            batch.step()
            for row in rows:
                list(row.drain())
                if row.failure is not None:
                    raise row.failure
        return watched.read_at - start, time.perf_counter() - start


def load(path: str, *, threads: int) -> DalleKit:
    """Load a model by its name."""
    return DalleKit(Kit(model=path).load())
