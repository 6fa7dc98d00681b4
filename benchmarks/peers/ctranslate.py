"""CTranslate2 on int8 weights: it has no 4-bit ones on the CPU."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2


class CTranslate2:
    """A converted model; tokens go in and out as strings."""

    version = f"{ctranslate2.__version__}, int8"

    def __init__(self, path: str, threads: int) -> None:
        self._generator = ctranslate2.Generator(path, device="cpu", compute_type="int8", intra_threads=threads)
        self._words = json.loads((Path(path) / "vocabulary.json").read_text(encoding="utf-8"))

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write; see ``Runtime``."""
        texts = [[self._words[token] for token in prompt] for prompt in prompts]
        times: list[float] = []

        def watch(step: Any) -> bool:
            times.append(time.perf_counter())
            return False

        start = time.perf_counter()
        self._generator.generate_batch(
            [text[shared:] for text in texts],
            static_prompt=texts[0][:shared] or None,
            min_length=count,
            max_length=count,
            include_prompt_in_result=False,
            callback=watch,
        )
        return times[0] - start, time.perf_counter() - start


def load(path: str, *, threads: int) -> CTranslate2:
    """Load a folder that CTranslate2's converter made."""
    return CTranslate2(path, threads)
