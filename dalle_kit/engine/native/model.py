"""A Llama-like model computed by the C step."""

from __future__ import annotations

import ctypes
import platform
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dalle_kit.engine.guidance import UNGUIDED, Guidance
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.logits import Array
from dalle_kit.engine.native.compiling import identify_library
from dalle_kit.engine.native.pacing import Pace
from dalle_kit.engine.native.pages import PAGE, CacheRow, Prefixes
from dalle_kit.engine.native.prefix_files import PrefixFiles
from dalle_kit.engine.native.session import NativeSession
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

    @property
    def blocks(self) -> tuple[int, int]:
        """How many blocks there are, and their width."""
        return self.config.layers, self.config.width

    def open(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        room: int,
        guides: Sequence[Guidance] = (),
    ) -> NativeSession:
        """Read the prompts; ``room`` is not needed here, the cache grows page by page."""
        session = NativeSession(self)
        session.join(sources, targets, guides=guides)
        return session

    def hidden(self, tokens: Sequence[int]) -> Array:
        """Return the last hidden states of a text (T, D), float32."""
        states = np.empty((len(tokens), self.config.width), dtype=np.float32)
        self.compute([CacheRow()], [tokens], tails=[len(tokens)], states=states)
        return states

    def states(self, source: Sequence[int], target: Sequence[int], guidance: Guidance = UNGUIDED) -> Array:
        """Return the states after each block (T, L, D), float32, of the tokens of an output after its prompt."""
        after = np.empty((len(target), *self.blocks), dtype=np.float32)
        row = self.prefixes.find([*source, *target][: len(source) + 1], guidance.steering)
        self.compute([row], [[*source, *target][row.length :]], tails=[len(target)], after=after)
        self.prefixes.keep(source, row)
        return after

    def compute(
        self,
        rows: Sequence[CacheRow],
        tokens: Sequence[Sequence[int]],
        *,
        tails: Sequence[int],
        logits: Array | None = None,
        states: Array | None = None,
        after: Array | None = None,
    ) -> None:
        """Append tokens to rows; write what comes after the last ``tails`` of each into ``logits``.

        Or, without these, the last hidden states into ``states``, or those after each block into ``after``.
        """
        flat = [
            (row, token, row.length + place, len(new) - place <= tail)
            for row, new, tail in zip(rows, tokens, tails, strict=True)
            for place, token in enumerate(new)
        ]
        done = 0
        for start in range(0, len(flat), _STEP):
            part = flat[start : start + _STEP]
            wanted = [index for index, each in enumerate(part) if each[3]]
            results = (None if each is None else each[done : done + len(wanted)] for each in (logits, states, after))
            self._compute(part, wanted, *results)
            done += len(wanted)

    def _compute(
        self,
        part: Sequence[tuple[CacheRow, int, int, bool]],
        wanted: Sequence[int],
        logits: Array | None,
        states: Array | None,
        after: Array | None,
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
            [[token, position, tables[id(row)]] for row, token, position, _ in part], dtype=np.int64
        ).T  # (3, T)
        if numbers[0].max() >= self.vocabulary:
            raise ModelError(f"the tokenizer has tokens that the model has not: its vocabulary is {self.vocabulary}")
        numbers = numbers.astype(np.int32, order="C")
        vectors = self._take_vectors(numbers[0])
        added = self._added([part[index][0] for index in wanted])
        steering = _steering([row for row, _, _, _ in part])
        outputs = np.array(wanted, dtype=np.int32)
        addresses = np.array(pages, dtype=np.uint64)
        batch = BatchC(
            len(part),
            len(wanted),
            *(numbers[index].ctypes.data for index in range(3)),
            addresses.ctypes.data,
            outputs.ctypes.data,
            *(None if each is None else address(each, np.float32) for each in (logits, states, vectors, added)),
            None if steering is None else address(steering, np.uint64),
            None if after is None else address(after, np.float32),
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
        bits = bits_of(tuple(weight.shape))
        if bits is None or not weight.size:  # a phase without units would never be over
            raise ValueError(f"{name} holds no panels")
        shape = matrix_shape(tuple(weight.shape))
        if shape[1] != columns or (rows is not None and shape[0] != rows):
            raise ValueError(f"{name} has the shape {shape}")
        bias = f"{name}.bias"
        bias_at = self._numbers(bias, shape[0]) if bias in self._weights else None
        return MatrixC(address(weight, np.uint8), bias_at, *shape, bits)

    def _numbers(self, name: str, count: int) -> int:
        if len(self._weights[name]) != count:
            raise ValueError(f"{name} has {len(self._weights[name])} numbers, not {count}")
        return address(self._weights[name], np.float32)


def can_compute(config: LlamaConfig, weights: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Say whether the C step computes a model: all of its matrices are panels, and its heads fill their lanes."""
    group = config.heads // config.kv_heads * config.head_width
    matrices = [weight for weight in weights.values() if weight.ndim > 1]
    return config.head_width % ROWS == 0 and group % GROUP == 0 and all(map(_is_packed, matrices))


def _steering(rows: Sequence[CacheRow]) -> npt.NDArray[np.uint64] | None:
    """Return where the vectors (L, D) of each of some rows lie, 0 where it has none; None where all have none."""
    if all(row.steering is None for row in rows):
        return None
    places = [0 if row.steering is None else address(row.steering.vectors, np.float32) for row in rows]
    return np.array(places, dtype=np.uint64)


def _is_packed(weight: npt.NDArray[Any]) -> bool:
    return weight.dtype == np.uint8 and bits_of(weight.shape) is not None
