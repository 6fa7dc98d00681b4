"""What every runtime does in the benchmark, and the names it goes by; standard library only."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol

#: The module of each runtime, below ``peers``.
RUNTIMES = {
    "dalle-kit": "ours",
    "llama.cpp": "llama",
    "transformers": "hugging",
    "ctranslate2": "ctranslate",
    "openvino": "vino",
    "onnxruntime": "onnx",
}


class Runtime(Protocol):
    """A model in memory that writes greedily, and never ends a text by itself."""

    version: str

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write ``count`` tokens after each prompt, all of one length, at once.

        The first ``shared`` tokens are those of earlier calls that said so too: what is known of them may be used
        again, of the others nothing. Return the seconds to the first token (of one prompt; of several it may be 0.0,
        not measured) and to the last.
        """


def load(runtime: str, path: str, *, threads: int) -> Runtime:
    """Load the model at ``path``; ``threads`` 0 leaves their number to the runtime."""
    module: Any = importlib.import_module(f"peers.{RUNTIMES[runtime]}")
    loaded: Runtime = module.load(path, threads=threads)
    return loaded
