"""OpenVINO GenAI, which reads the GGUF file itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
import openvino_genai


class OpenVino:
    """A pipeline that may keep what it knows of beginnings."""

    version = f"{openvino_genai.__version__}, from the same GGUF file"

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write; see ``Runtime``."""
        tokens = np.array(prompts, dtype=np.int64)
        inputs = openvino_genai.TokenizedInputs(openvino.Tensor(tokens), openvino.Tensor(np.ones_like(tokens)))
        options = openvino_genai.GenerationConfig(
            max_new_tokens=count, min_new_tokens=count, ignore_eos=True, do_sample=False
        )
        times: list[float] = []

        def watch(text: str) -> Any:
            times.append(time.perf_counter())
            return openvino_genai.StreamingStatus.RUNNING

        start = time.perf_counter()
        # It streams one text at a time only.
        arguments = [watch] if len(prompts) == 1 else []
        self._pipeline.generate(inputs, options, *arguments)
        return (times[0] - start if times else 0.0), time.perf_counter() - start


def load(path: str, *, threads: int) -> OpenVino:
    """Load a GGUF file."""
    options: dict[str, Any] = {"INFERENCE_NUM_THREADS": threads} if threads else {}
    schedule = openvino_genai.SchedulerConfig()
    schedule.enable_prefix_caching = True
    return OpenVino(openvino_genai.LLMPipeline(path, "CPU", scheduler_config=schedule, **options))
