"""llama.cpp through its own C interface: no Python between two tokens but the choice of the largest logit."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np


class Llama:
    """A GGUF model, and a context for each shape that was asked for."""

    version = f"llama-cpp-python {llama_cpp.__version__}, the file's own weights"

    def __init__(self, path: str, threads: int) -> None:
        llama_cpp.llama_backend_init()
        self._log = llama_cpp.llama_log_callback(lambda *arguments: None)
        llama_cpp.llama_log_set(self._log, ctypes.c_void_p(0))
        self._model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not self._model:
            raise ValueError(f"llama.cpp cannot load {path}")
        self._words = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self._model))
        self._threads = threads
        self._contexts: dict[tuple[int, int], Any] = {}
        self._known: dict[int, tuple[int, ...]] = {}  # the beginning in each context of one row, by its address

    def write(self, prompts: Sequence[Sequence[int]], count: int, *, shared: int = 0) -> tuple[float, float]:
        """Write; see ``Runtime``."""
        width, length = len(prompts), len(prompts[0])
        context = self._context(width, length + count)
        memory = llama_cpp.llama_get_memory(context)
        batch = llama_cpp.llama_batch_init(width * length, 0, 1)
        try:
            start = time.perf_counter()
            skip = self._keep(context, memory, prompts[0][:shared])
            self._feed(context, batch, [list(prompt[skip:]) for prompt in prompts], skip)
            tokens = self._largest(context, [(row + 1) * (length - skip) - 1 for row in range(width)])
            first = time.perf_counter() - start
            for position in range(length, length + count - 1):
                self._feed(context, batch, [[token] for token in tokens], position)
                tokens = self._largest(context, range(width))
            return first, time.perf_counter() - start
        finally:
            llama_cpp.llama_batch_free(batch)

    def _keep(self, context: Any, memory: Any, prefix: Sequence[int]) -> int:
        """Forget what is in a context, but for a beginning that it has read before; return its length."""
        known = self._known.get(context, ())
        if prefix and tuple(prefix) == known:
            llama_cpp.llama_memory_seq_rm(memory, 0, len(known), -1)
            return len(known)
        llama_cpp.llama_memory_clear(memory, True)
        self._known[context] = tuple(prefix)
        return 0

    def _feed(self, context: Any, batch: Any, rows: Sequence[Sequence[int]], position: int) -> None:
        place = 0
        for row, tokens in enumerate(rows):
            for offset, token in enumerate(tokens):
                batch.token[place], batch.pos[place] = token, position + offset
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, row
                batch.logits[place] = offset == len(tokens) - 1
                place += 1
        batch.n_tokens = place
        if code := llama_cpp.llama_decode(context, batch):
            raise ValueError(f"llama_decode returned {code}")

    def _largest(self, context: Any, places: Sequence[int]) -> list[int]:
        tokens = []
        for place in places:
            logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, place), shape=(self._words,))
            tokens.append(int(logits.argmax()))
        return tokens

    def _context(self, width: int, room: int) -> Any:
        room = -(-room // 256) * 256
        if (width, room) not in self._contexts:
            options = llama_cpp.llama_context_default_params()
            options.n_ctx, options.n_batch, options.n_seq_max = width * room, width * room, width
            if self._threads:
                options.n_threads = options.n_threads_batch = self._threads
            context = llama_cpp.llama_init_from_model(self._model, options)
            if not context:
                raise ValueError(f"llama.cpp makes no context for {width} texts of {room} tokens")
            self._contexts[width, room] = context
        return self._contexts[width, room]


def load(path: str, *, threads: int) -> Llama:
    """Load a GGUF file."""
    return Llama(path, threads)
