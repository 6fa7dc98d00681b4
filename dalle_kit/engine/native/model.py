"""A Llama-like model computed by the C step, and its sessions, whose rows share what they have in common."""

from __future__ import annotations

import ctypes
import itertools
import platform
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.logits import Array
from dalle_kit.engine.native.compiling import identify_library
from dalle_kit.engine.native.pacing import Pace
from dalle_kit.engine.native.pages import PAGE, CacheRow, Prefixes
from dalle_kit.engine.native.prefix_files import PrefixFiles
from dalle_kit.engine.native.structures import BatchC, LayerC, MatrixC, ModelC, address
from dalle_kit.errors import DeviceError, ModelError
from dalle_kit.models.panels import GROUP, ROWS, bits_of, matrix_shape

#: Tokens of one step: a longer text is read in several, so that memory stays bounded.
_STEP = 256


class NativeLlama:
    """A loaded model; sessions are independent of each other, so that threads may share it."""

    family = "causal"

    def __init__(
        self, config: LlamaConfig, weights: Mapping[str, npt.NDArray[Any]], library: ctypes.CDLL, *, threads: int = 0
    ) -> None:
        self.config, self.context = config, config.context
        self.prefixes = Prefixes()
        self.vectors: dict[int, Array] = {}  # (D,) each: what tokens below zero stand for
        self._pace = Pace(threads)
        exponents = np.arange(0, config.head_width, 2, dtype=np.float32) / np.float32(config.head_width)
        frequencies = np.float32(1.0) / np.float32(config.theta) ** exponents
        self._weights = {**weights, "frequencies": frequencies}  # C has only their addresses
        self._step = library.dalle_kit_step
        self._step.argtypes = [ctypes.POINTER(ModelC), ctypes.POINTER(BatchC), ctypes.c_int]
        # C takes the sines of positions from the system's library.
        self._numerics = (config, frequencies.tobytes(), *identify_library(library), platform.libc_ver())
        self._model = self._structure()
        self.vocabulary = int(self._model.head.rows)
        self.page_size = config.layers * 2 * config.kv_heads * PAGE * config.head_width

    def keep_beginnings(self, weights: object) -> None:
        """Keep what texts are expected to begin with on disk; ``weights`` tells the model's from all others."""
        self.prefixes = Prefixes(PrefixFiles((weights, *self._numerics), page_size=self.page_size))

    def open(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int) -> NativeSession:
        """Read the prompts; ``room`` is not needed here, the cache grows page by page."""
        session = NativeSession(self)
        session.join(sources, targets)
        return session

    def hidden(self, tokens: Sequence[int]) -> Array:
        """Return the last hidden states of a text (T, D), float32."""
        states = np.empty((len(tokens), self.config.width), dtype=np.float32)
        self.compute([CacheRow()], [tokens], tails=[len(tokens)], states=states)
        return states

    def compute(
        self,
        rows: Sequence[CacheRow],
        tokens: Sequence[Sequence[int]],
        *,
        tails: Sequence[int],
        logits: Array | None = None,
        states: Array | None = None,
    ) -> None:
        """Append tokens to rows; write what comes after the last ``tails`` of each into ``logits`` or ``states``."""
        flat = [
            (row, token, row.length + place, len(new) - place <= tail)
            for row, new, tail in zip(rows, tokens, tails, strict=True)
            for place, token in enumerate(new)
        ]
        done = 0
        for start in range(0, len(flat), _STEP):
            part = flat[start : start + _STEP]
            wanted = [index for index, each in enumerate(part) if each[3]]
            result = logits if logits is not None else states
            assert result is not None
            self._compute(part, wanted, result[done : done + len(wanted)], is_states=logits is None)
            done += len(wanted)

    def _compute(
        self, part: Sequence[tuple[CacheRow, int, int, bool]], wanted: Sequence[int], result: Array, *, is_states: bool
    ) -> None:
        tables: dict[int, int] = {}
        pages: list[int] = []
        for row, _, position, _ in part:
            row.make_room(position, size=self.page_size)
        for row, _, _, _ in part:
            if id(row) not in tables:
                tables[id(row)] = len(pages)
                pages += [page.address for page in row.pages]
        numbers = np.array(
            [[token, position, tables[id(row)]] for row, token, position, _ in part], dtype=np.int32
        ).T.copy()  # (3, T)
        if numbers[0].max() >= self.vocabulary:
            raise ModelError(f"the tokenizer has tokens that the model has not: its vocabulary is {self.vocabulary}")
        vectors = self._take_vectors(numbers[0])
        added = self._added([part[index][0] for index in wanted])
        outputs = np.array(wanted, dtype=np.int32)
        addresses = np.array(pages, dtype=np.uint64)
        batch = BatchC(
            len(part),
            len(wanted),
            *(numbers[index].ctypes.data for index in range(3)),
            addresses.ctypes.data,
            outputs.ctypes.data,
            None if is_states else address(result, np.float32),
            address(result, np.float32) if is_states else None,
            address(vectors, np.float32),
            None if added is None else address(added, np.float32),
        )
        threads = self._pace.threads(len(part))
        start = time.perf_counter()
        if self._step(ctypes.byref(self._model), ctypes.byref(batch), threads):
            raise DeviceError("cpu has too little memory for this; lower --candidates or --max-tokens")
        self._pace.note(len(part), threads, time.perf_counter() - start)
        for row, _, position, _ in part:
            row.length = position + 1

    def _take_vectors(self, tokens: npt.NDArray[np.int32]) -> Array:
        """Return the vectors (N, D) of the tokens below zero, and number these tokens by them."""
        places = np.flatnonzero(tokens < 0)
        taken = np.empty((len(places), self.config.width), dtype=np.float32)
        for number, place in enumerate(places):
            taken[number] = self.vectors[int(tokens[place])]
            tokens[place] = -1 - number
        return taken

    def _added(self, rows: Sequence[CacheRow]) -> Array | None:
        """Return what is added to what the head reads (N, D), None where that is nothing for all rows."""
        if all(row.added is None for row in rows):
            return None
        added = np.zeros((len(rows), self.config.width), dtype=np.float32)
        for number, row in enumerate(rows):
            if row.added is not None:
                added[number] = row.added
        return added

    def _structure(self) -> ModelC:
        config = self.config
        inner = int(self._weights["model.layers.0.mlp.gate_proj.weight"].shape[0]) * ROWS
        layers = [self._layer(f"model.layers.{number}.", inner=inner) for number in range(config.layers)]
        self._layers = (LayerC * config.layers)(*layers)
        embedding = head = self._matrix("model.embed_tokens", columns=config.width)
        if "lm_head.weight" in self._weights:
            head = self._matrix("lm_head", rows=embedding.rows, columns=config.width)
        return ModelC(
            config.layers,
            config.width,
            config.heads,
            config.kv_heads,
            config.head_width,
            inner,
            config.epsilon,
            self._numbers("frequencies", config.head_width // 2),
            self._numbers("model.norm.weight", config.width),
            embedding,
            head,
            ctypes.cast(self._layers, ctypes.c_void_p),
        )

    def _layer(self, name: str, *, inner: int) -> LayerC:
        width, queries, keys = self.config.width, self.config.queries, self.config.keys
        attention = f"{name}self_attn."
        return LayerC(
            self._numbers(f"{name}input_layernorm.weight", width),
            self._matrix(f"{attention}q_proj", rows=queries, columns=width),
            self._matrix(f"{attention}k_proj", rows=keys, columns=width),
            self._matrix(f"{attention}v_proj", rows=keys, columns=width),
            self._matrix(f"{attention}o_proj", rows=width, columns=queries),
            self._numbers(f"{name}post_attention_layernorm.weight", width),
            self._matrix(f"{name}mlp.gate_proj", rows=inner, columns=width),
            self._matrix(f"{name}mlp.up_proj", rows=inner, columns=width),
            self._matrix(f"{name}mlp.down_proj", rows=width, columns=inner),
        )

    def _matrix(self, name: str, *, columns: int, rows: int | None = None) -> MatrixC:
        """Return a matrix of this many rows, of any number if that is None; raises ValueError for another shape."""
        weight = self._weights[f"{name}.weight"]
        shape, bits = matrix_shape(tuple(weight.shape)), bits_of(tuple(weight.shape))
        if bits is None or shape[1] != columns or (rows is not None and shape[0] != rows):
            raise ValueError(f"{name} has the shape {shape}")
        bias = f"{name}.bias"
        bias_at = self._numbers(bias, shape[0]) if bias in self._weights else None
        return MatrixC(address(weight, np.uint8), bias_at, *shape, bits)

    def _numbers(self, name: str, count: int) -> int:
        if len(self._weights[name]) != count:
            raise ValueError(f"{name} has {len(self._weights[name])} numbers, not {count}")
        return address(self._weights[name], np.float32)


class NativeSession:
    """Rows of tokens of different lengths; what rows have in common is in memory once."""

    def __init__(self, model: NativeLlama) -> None:
        self._model = model
        self._rows: list[CacheRow] = []
        self.logits = _empty(0, model.vocabulary)  # (B, V) float32: after the last token of each row

    @property
    def lengths(self) -> list[int]:
        """Tokens in each row."""
        return [row.length for row in self._rows]

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        added: Sequence[Array | None] | None = None,
    ) -> None:
        """Read further prompts, as rows at the end; what of them was read lately is not computed again.

        ``added`` (D,) is what is added to all that the head reads of each.
        """
        texts = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
        new = [self._model.prefixes.find(text) for text in texts]
        for row, own in zip(new, added or [None] * len(new), strict=True):
            row.added = own
        logits = _empty(len(new), self._model.vocabulary)
        unread = [text[row.length :] for row, text in zip(new, texts, strict=True)]
        self._model.compute(new, unread, tails=[1] * len(new), logits=logits)
        for row, text in zip(new, texts, strict=True):
            self._model.prefixes.keep(text, row)
        self._rows += new
        self.logits = np.concatenate((self.logits, logits)) if len(self.logits) else logits

    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Array:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each.

        These are (sum of tails, V), one row's after another's; 1 each by default.
        """
        counts = [min(1, len(new)) for new in tokens] if tails is None else tails
        logits = _empty(sum(counts), self._model.vocabulary)
        self._model.compute(self._rows, tokens, tails=counts, logits=logits)
        if all(count == 1 for count in counts):
            self.logits = logits
        else:
            last = self.logits.copy()
            for row, end in enumerate(itertools.accumulate(counts)):
                if counts[row]:
                    last[row] = logits[end - 1]
            self.logits = last
        return logits

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``."""
        self._rows[row].crop(length)

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; one given twice is copied."""
        taken: set[int] = set()
        kept = []
        for row in rows:
            kept.append(self._rows[row].copy() if row in taken else self._rows[row])
            taken.add(row)
        self._rows = kept
        self.logits = self.logits[list(rows)]


def can_compute(config: LlamaConfig, weights: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Say whether the C step computes a model: all of its matrices are panels, and its heads fill their lanes."""
    group = config.heads // config.kv_heads * config.head_width
    matrices = [weight for weight in weights.values() if weight.ndim > 1]
    return config.head_width % ROWS == 0 and group % GROUP == 0 and all(map(_is_packed, matrices))


def _is_packed(weight: npt.NDArray[Any]) -> bool:
    return weight.dtype == np.uint8 and bits_of(weight.shape) is not None


def _empty(rows: int, columns: int) -> Array:
    return np.empty((rows, columns), dtype=np.float32)
