"""transformers.generate on float32 weights."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, DynamicCache, StoppingCriteriaList


class Transformers:
    """A model of transformers with its dynamic cache."""

    version = f"{transformers.__version__}, torch {torch.__version__}, float32"

    def __init__(self, model: Any, threads: int) -> None:
        self._model, self._threads = model, threads or torch.get_num_threads()
        self._known: tuple[tuple[int, ...], Any] = ((), None)

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write; see ``Runtime``."""
        torch.set_num_threads(self._threads)  # one number for the whole process
        tokens = torch.tensor(prompts)
        cache = self._cache(tuple(prompts[0][:shared])) if shared else None
        times: list[float] = []

        def watch(ids: torch.Tensor, scores: Any, **others: Any) -> torch.Tensor:
            times.append(time.perf_counter())
            return torch.zeros(len(ids), dtype=torch.bool)

        start = time.perf_counter()
        self._model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
            pad_token_id=0,
            past_key_values=cache,
            stopping_criteria=StoppingCriteriaList([watch]),
        )
        return times[0] - start, time.perf_counter() - start

    def _cache(self, prefix: tuple[int, ...]) -> Any:
        if self._known[0] != prefix:
            with torch.inference_mode():
                read = self._model(torch.tensor([prefix]), past_key_values=DynamicCache(), use_cache=True)
            self._known = prefix, read.past_key_values
        return copy.deepcopy(self._known[1])


def load(path: str, *, threads: int) -> Transformers:
    """Load a checkpoint folder."""
    return Transformers(AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval(), threads)
