"""The Llama family (SmolLM2, Llama, Qwen2, Mistral ...) in plain torch: quick to load, many rows at once.

Touvron et al., 2023. The computation is one pure function of weights, tokens and cache (``llama_step``); a
``LlamaSession`` holds the cache. On CUDA, steps for few tokens are recorded and repeated (``graphs``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from dalle_kit.engine.graphs import CudaRecorder, Graphs, Recorder, round_count, round_rows, round_tokens
from dalle_kit.engine.guidance import UNGUIDED, Guidance, of_each
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.llama_step import apply_linear, make_layer, step
from dalle_kit.records import Steering

#: Tokens that are few: as many as are given to a row while it writes.
_FEW = 8


class LlamaModel:
    """A loaded model; sessions are independent of each other, so that threads may share it.

    With a ``recorder``, which there is on CUDA, steps are recorded and matrices joined, so that less is to be started:
    those are then taken out of ``weights``, where they would be held a second time.
    """

    family = "causal"

    def __init__(
        self,
        config: LlamaConfig,
        weights: MutableMapping[str, Tensor],
        *,
        recorder: Callable[[], Recorder] | None = None,
    ) -> None:
        self.config = config
        self.context = config.context
        self.embedding = weights["model.embed_tokens.weight"]  # (V, D)
        self.norm = weights["model.norm.weight"]  # (D,)
        self.head = weights.get("lm_head.weight", self.embedding)  # (V, D)
        self.device, self.dtype = self.embedding.device, self.embedding.dtype
        recorder = recorder or (CudaRecorder if self.device.type == "cuda" else None)
        self.graphs = Graphs(config.width, recorder) if recorder else None
        make = partial(make_layer, weights, joined=recorder is not None)
        self.layers = tuple(make(f"model.layers.{index}.") for index in range(config.layers))
        exponents = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
        self._frequencies = (1.0 / config.theta**exponents).to(self.device)  # (H / 2,)

    @property
    def blocks(self) -> tuple[int, int]:
        """How many blocks there are, and their width."""
        return self.config.layers, self.config.width

    @torch.inference_mode()
    def open(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        room: int,
        guides: Sequence[Guidance] = (),
    ) -> LlamaSession:
        """Read the prompts; ``room`` is how many tokens a row may grow to."""
        session = LlamaSession(self, room=room, graphs=self.graphs)
        session.join(sources, targets, guides=guides)
        return session

    @torch.inference_mode()
    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the last hidden states of a text (T, D), float32."""
        session = LlamaSession(self, room=len(tokens))
        session.extend(1)
        return self.normed(session.run([tokens], 0, 1)[0]).float()

    @torch.inference_mode()
    def states(self, source: Sequence[int], target: Sequence[int], guidance: Guidance = UNGUIDED) -> Tensor:
        """Return the states after each block (T, L, D), float32, of the tokens of an output after its prompt."""
        session = LlamaSession(self, room=len(source) + len(target))
        session.extend(1, [guidance])
        after: list[Tensor] = []
        session.run([[*source, *target]], 0, 1, after=after)
        return torch.stack([states[0, len(source) :].float() for states in after], dim=1)

    def normed(self, states: Tensor) -> Tensor:
        """Return the states after the last block (..., D) as the head reads them."""
        return F.rms_norm(states, (self.config.width,), self.norm, self.config.epsilon)

    def logits(self, states: Tensor) -> Tensor:
        """Return the logits (..., V), float32, of states after the last block (..., D)."""
        return apply_linear(self.normed(states), self.head).float()

    def on_device(self, steering: Steering | None) -> Tensor | None:
        """Return steering vectors (L, D) in the model's numbers, on its device."""
        return None if steering is None else torch.tensor(steering.vectors).to(device=self.device, dtype=self.dtype)

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosine and sine (B, T, 1, H) for positions (B, T), the first half of the sine negative."""
        angles = positions[:, :, None, None].float() * self._frequencies  # (B, T, 1, H / 2)
        cosine, sine = angles.cos().to(self.dtype), angles.sin().to(self.dtype)
        return torch.cat((cosine, cosine), dim=-1), torch.cat((-sine, sine), dim=-1)


class LlamaSession:
    """Rows of tokens of different lengths and the attention cache of each; ``graphs`` are used if they are free."""

    def __init__(self, model: LlamaModel, *, room: int, graphs: Graphs | None = None) -> None:
        self._model = model
        self._graphs = graphs if graphs is not None and graphs.lend(self) else None
        self.lengths: list[int] = []
        self._steering: list[Tensor | None] = []  # (L, D) of each row
        config = model.config
        # More rows and tokens have a place in it than there are; zeros, not what memory held: places beyond a row's
        # end are masked, but zero times infinity is no number.
        shape = (config.layers, 2, 0, config.kv_heads, room, config.head_width)
        kept = self._graphs.take_cache(room) if self._graphs else None
        self._cache = torch.zeros(shape, dtype=model.dtype, device=model.device) if kept is None else kept
        self.logits = torch.zeros(0, len(model.head), device=model.device)  # (B, V) float32

    @torch.inference_mode()
    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Sequence[Guidance] = (),
        most: int | None = None,
    ) -> list[list[int]]:
        """Read further rows, which come after the others, ``most`` tokens of each; return what is left to be fed."""
        present = len(self.lengths)
        self.extend(len(sources), guides)
        rows = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
        self.feed([*[()] * present, *(row[:most] for row in rows)])
        return [[] if most is None else row[most:] for row in rows]

    @torch.inference_mode()
    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Tensor:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each.

        They are (sum(tails), V), one row's after another's; by default one of each row that is given tokens.
        """
        fed = [row for row, new in enumerate(tokens) if new]
        wanted = [max(1, 1 if tails is None else tails[row]) for row in fed]
        if not fed:
            return self.logits[:0]
        ends = []
        # Rows that are given many tokens and such that are given few are computed apart: all are padded to the longest.
        counts = zip(fed, wanted, strict=True)
        for _, group in itertools.groupby(counts, key=lambda each: len(tokens[each[0]]) > _FEW):
            rows = list(group)
            first = rows[0][0]
            states = self.run(tokens, first, rows[-1][0] + 1)  # (B, T, D)
            picked = [(row - first, len(tokens[row]) - back) for row, count in rows for back in range(count, 0, -1)]
            ends.append(_picked(states, picked))
        last = ends[0] if len(ends) == 1 else torch.cat(ends)
        logits = self._spared(lambda: self._model.logits(last))
        latest = logits if len(logits) == len(fed) else logits[[end - 1 for end in itertools.accumulate(wanted)]]
        if len(fed) == len(self.lengths):
            self.logits = latest
        else:
            self.logits = self.logits.index_copy(0, torch.tensor(fed, device=latest.device), latest)
        if tails is None or all(tails[row] for row in fed):
            return logits
        return logits[[tails[row] > 0 for row, count in zip(fed, wanted, strict=True) for _ in range(count)]]

    def run(
        self, tokens: Sequence[Sequence[int]], first: int, beyond: int, *, after: list[Tensor] | None = None
    ) -> Tensor:
        """Append tokens to the rows from ``first`` until before ``beyond``; the others are given none.

        Returns their states after the last block (B, T, D), padded on the right; ``after`` gets those of each block,
        from a session without graphs.
        """
        new = tokens[first:beyond]
        longest = max(map(len, new))
        states = self._repeated(tokens, first, beyond, round_count(longest))
        if states is None:
            states = self._computed(new, first, beyond, longest, after)
        lengths = self.lengths[first:beyond]
        self.lengths[first:beyond] = [length + len(row) for length, row in zip(lengths, new, strict=True)]
        return states

    def _computed(
        self, new: Sequence[Sequence[int]], first: int, beyond: int, longest: int, after: list[Tensor] | None
    ) -> Tensor:
        """Compute the new tokens of some rows, part by part."""
        model, lengths = self._model, self.lengths[first:beyond]
        size = max(lengths) + longest
        self._reserve(len(self.lengths), size)
        padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in new], device=model.device)
        starts = torch.tensor(lengths, device=model.device)
        positions = starts[:, None] + torch.arange(longest, device=model.device)  # (B, T)
        single = lengths[0] if len(new) == 1 else None
        cache = self._cache[:, :, first:beyond, :, :size]
        steering = self._stacked_steering(first, beyond)
        return self._spared(lambda: step(model, padded, positions, cache, start=single, steering=steering, after=after))

    def _stacked_steering(self, first: int, beyond: int) -> Tensor | None:
        """Return what is added after each block of some rows (B, L, D), None where that is nothing for all of them."""
        vectors = self._steering[first:beyond]
        if all(each is None for each in vectors):
            return None
        nothing = torch.zeros(self._model.blocks, dtype=self._model.dtype, device=self._model.device)
        return torch.stack([nothing if each is None else each for each in vectors])

    def _repeated(self, tokens: Sequence[Sequence[int]], first: int, beyond: int, count: int | None) -> Tensor | None:
        """Compute the new tokens of some rows by a recorded step, none of the others; None where that cannot be.

        Steps of rows that are steered are not recorded.
        """
        if self._graphs is None or count is None or any(each is not None for each in self._steering[first:beyond]):
            return None
        self._reserve(len(self.lengths), max(self.lengths) + count)
        given = [new if first <= row < beyond else () for row, new in enumerate(tokens)]
        if self._graphs is not None:
            states = self._graphs.compute(partial(step, self._model), given, self.lengths, count=count)
            if states is not None:
                return states[first:beyond]
        self._graphs = None
        return None

    def extend(self, rows: int, guides: Sequence[Guidance] = ()) -> None:
        """Make place for further rows, which are empty at first."""
        self._reserve(len(self.lengths) + rows, 0)
        self.lengths += [0] * rows
        self._steering += [self._model.on_device(guidance.steering) for guidance in of_each(guides, rows)]
        self.logits = torch.cat((self.logits, self.logits.new_zeros(rows, self.logits.shape[1])))

    def recalls(self, tokens: Sequence[int], guidance: Guidance) -> int:
        """Return how many of a text's first tokens would not be computed again if it joined: none."""
        return 0

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``."""
        self.lengths[row] = length

    @torch.inference_mode()
    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; a row given twice is copied."""
        lengths = [self.lengths[row] for row in rows]
        moved = [place for place, row in enumerate(rows) if place != row]
        if moved:
            filled = max(lengths[place] for place in moved)
            taken = self._cache[:, :, [rows[place] for place in moved], :, :filled]
            self._reserve(len(rows), 0)
            self._cache[:, :, moved, :, :filled] = taken
        self.lengths, self._steering = lengths, [self._steering[row] for row in rows]
        self.logits = self.logits[list(rows)]

    def _reserve(self, rows: int, room: int) -> None:
        """Make the cache large enough for so many rows of so many tokens."""
        places, tokens = self._cache.shape[2], self._cache.shape[4]
        if rows <= places and room <= tokens:
            return
        places = rows + (rows // 2 if places else 0) if rows > places else places
        tokens = max(room, tokens + 64) if room > tokens else tokens
        if self._graphs is not None:
            places, tokens = round_rows(places), round_tokens(tokens)
        layers, pair, present, heads, filled, width = self._cache.shape
        larger = self._spared(lambda: self._cache.new_zeros(layers, pair, places, heads, tokens, width))
        larger[:, :, :present, :, :filled] = self._cache
        self._cache = larger
        if self._graphs is not None:
            self._graphs.move(larger)

    def _spared(self, compute: Callable[[], Tensor]) -> Tensor:
        """Return what is computed; where memory runs out, once more without the recorded steps, if there are any."""
        graphs = self._model.graphs
        try:
            return compute()
        except torch.OutOfMemoryError:
            if graphs is None or not graphs.release(self):
                raise
        # Not before the error is gone: it holds what was computed so far.
        self._graphs = None
        return compute()


def _picked(states: Tensor, places: Sequence[tuple[int, int]]) -> Tensor:
    """Return the states (N, D) at places (row, token) of (B, T, D)."""
    if states.shape[1] == 1 and len(places) == len(states):
        return states[:, 0]
    rows, tokens = zip(*places, strict=True)
    return states[rows, tokens]
