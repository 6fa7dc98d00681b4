"""ONNX Runtime GenAI on weights that its own builder put into 4 bit, group 32."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime_genai

#: It writes no more texts than these at once; more follow each other.
_MOST = 32


class OnnxRuntime:
    """A model of its builder's, and the last text's state for those that begin as it does."""

    version = f"{onnxruntime_genai.__version__}, int4 of its own rounding"

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: tuple[tuple[int, ...], int, Any] = ((), 0, None)

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write; see ``Runtime``."""
        start = time.perf_counter()
        if len(prompts) > _MOST:
            self.write(prompts[:_MOST], count)
            self.write(prompts[_MOST:], count)
            return 0.0, time.perf_counter() - start
        length = len(prompts[0]) + count
        generator, skip = self._generator(tuple(prompts[0][:shared]), len(prompts), length)
        generator.append_tokens(np.array(prompts, dtype=np.int32)[:, skip:])
        generator.generate_next_token()
        first = time.perf_counter() - start
        for _ in range(count - 1):
            generator.generate_next_token()
        return first, time.perf_counter() - start

    def _generator(self, prefix: tuple[int, ...], width: int, length: int) -> tuple[Any, int]:
        if prefix and self._kept[:2] == (prefix, length):
            self._kept[2].rewind_to(len(prefix))
            return self._kept[2], len(prefix)
        options = onnxruntime_genai.GeneratorParams(self._model)
        options.set_search_options(max_length=length, min_length=length, batch_size=width, do_sample=False)
        generator = onnxruntime_genai.Generator(self._model, options)
        if prefix:
            self._kept = prefix, length, generator
        return generator, 0


def load(path: str, *, threads: int) -> OnnxRuntime:
    """Load a folder that the model builder made."""
    config = onnxruntime_genai.Config(path)
    if threads:
        options = {"session_options": {"intra_op_num_threads": threads}}
        config.overlay(json.dumps({"model": {"decoder": options}}))
    return OnnxRuntime(onnxruntime_genai.Model(config))
