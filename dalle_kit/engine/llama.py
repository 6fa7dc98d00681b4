"""The Llama family (SmolLM2, Llama, Qwen2, Mistral ...) in plain torch: quick to load, many rows at once.

Touvron et al., 2023. The computation is one pure function of weights, tokens and cache; a ``LlamaSession`` holds the
cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dalle_kit.engine.llama_config import LlamaConfig

#: Tokens that are few: as many as are given to a row while it writes.
_FEW = 8


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one block; biases are None where the model has none."""

    norm_attention: Tensor  # (D,)
    q: tuple[Tensor, Tensor | None]  # (heads * H, D)
    k: tuple[Tensor, Tensor | None]  # (kv_heads * H, D)
    v: tuple[Tensor, Tensor | None]  # (kv_heads * H, D)
    out: tuple[Tensor, Tensor | None]  # (D, heads * H)
    norm_mlp: Tensor  # (D,)
    gate: Tensor  # (M, D)
    up: Tensor  # (M, D)
    down: Tensor  # (D, M)


class LlamaModel:
    """A loaded model; sessions are independent of each other, so that threads may share it."""

    family = "causal"

    def __init__(self, config: LlamaConfig, weights: Mapping[str, Tensor]) -> None:
        self.config = config
        self.context = config.context
        self.embedding = weights["model.embed_tokens.weight"]  # (V, D)
        self.norm = weights["model.norm.weight"]  # (D,)
        self.head = weights.get("lm_head.weight", self.embedding)  # (V, D)
        self.layers = tuple(_layer(weights, f"model.layers.{index}.") for index in range(config.layers))
        self.device, self.dtype = self.embedding.device, self.embedding.dtype
        exponents = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
        self._frequencies = (1.0 / config.theta**exponents).to(self.device)  # (H / 2,)

    @torch.inference_mode()
    def open(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int) -> LlamaSession:
        """Read the prompts; ``room`` is how many tokens a row may grow to."""
        session = LlamaSession(self, room=room)
        session.join(sources, targets)
        return session

    @torch.inference_mode()
    def hidden(self, tokens: Sequence[int]) -> Tensor:
        """Return the last hidden states of a text (T, D), float32."""
        session = LlamaSession(self, room=len(tokens))
        session.extend(1)
        return F.rms_norm(session.run([tokens], 0, 1)[0], (self.config.width,), self.norm, self.config.epsilon).float()

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosine and sine (B, 1, T, H) for positions (B, T)."""
        angles = positions[:, None, :, None].float() * self._frequencies  # (B, 1, T, H / 2)
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)


class LlamaSession:
    """Rows of tokens of different lengths and the attention cache of each."""

    def __init__(self, model: LlamaModel, *, room: int) -> None:
        self._model = model
        self.lengths: list[int] = []
        config = model.config
        # More rows and tokens have a place in it than there are; zeros, not what memory held: places beyond a row's
        # end are masked, but zero times infinity is no number.
        shape = (config.layers, 2, 0, config.kv_heads, room, config.head_width)
        self._cache = torch.zeros(shape, dtype=model.dtype, device=model.device)
        self.logits = torch.zeros(0, len(model.head), device=model.device)  # (B, V) float32

    @torch.inference_mode()
    def join(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        """Read further rows, which come after the others."""
        present = len(self.lengths)
        self.extend(len(sources))
        rows = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
        self.feed([*[()] * present, *rows])

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
            indices, places = zip(*picked, strict=True)
            ends.append(states[indices, places])
        model = self._model
        last = F.rms_norm(torch.cat(ends), (model.config.width,), model.norm, model.config.epsilon)
        logits = _linear(last, model.head).float()
        latest = logits[[end - 1 for end in itertools.accumulate(wanted)]]
        if len(fed) == len(self.lengths):
            self.logits = latest
        else:
            self.logits = self.logits.index_copy(0, torch.tensor(fed, device=model.device), latest)
        if tails is None or all(tails[row] for row in fed):
            return logits
        return logits[[tails[row] > 0 for row, count in zip(fed, wanted, strict=True) for _ in range(count)]]

    def run(self, tokens: Sequence[Sequence[int]], first: int, beyond: int) -> Tensor:
        """Append tokens to the rows from ``first`` until before ``beyond``; the others are given none.

        Returns their states after the last block (B, T, D), padded on the right.
        """
        model, lengths, new = self._model, self.lengths[first:beyond], tokens[first:beyond]
        longest = max(map(len, new))
        size = max(lengths) + longest
        self._reserve(len(self.lengths), size)
        padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in new], device=model.device)
        starts = torch.tensor(lengths, device=model.device)
        positions = starts[:, None] + torch.arange(longest, device=model.device)  # (B, T)
        single = lengths[0] if len(new) == 1 else None
        states = _forward(model, padded, positions, self._cache[:, :, first:beyond], size=size, start=single)
        self.lengths[first:beyond] = [length + len(row) for length, row in zip(lengths, new, strict=True)]
        return states

    def extend(self, rows: int) -> None:
        """Make place for further rows, which are empty at first."""
        self._reserve(len(self.lengths) + rows, 0)
        self.lengths += [0] * rows
        self.logits = torch.cat((self.logits, self.logits.new_zeros(rows, self.logits.shape[1])))

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
        self.lengths = lengths
        self.logits = self.logits[list(rows)]

    def _reserve(self, rows: int, room: int) -> None:
        """Make the cache large enough for so many rows of so many tokens."""
        places, tokens = self._cache.shape[2], self._cache.shape[4]
        if rows <= places and room <= tokens:
            return
        places = rows + (rows // 2 if places else 0) if rows > places else places
        tokens = max(room, tokens + 64) if room > tokens else tokens
        layers, pair, present, heads, filled, width = self._cache.shape
        larger = self._cache.new_zeros(layers, pair, places, heads, tokens, width)
        larger[:, :, :present, :, :filled] = self._cache
        self._cache = larger


def _forward(
    model: LlamaModel, tokens: Tensor, positions: Tensor, cache: Tensor, *, size: int, start: int | None
) -> Tensor:
    """Run the blocks on tokens (B, T) at positions (B, T) and return the states (B, T, D).

    Writes keys and values into ``cache``, whose first ``size`` places matter; ``start`` is the first position of a
    single row.
    """
    config = model.config
    rows, count = tokens.shape
    group = config.heads // config.kv_heads
    cosine, sine = model.rotary(positions)
    if rows == 1 and count == 1:
        mask = None  # one new token attends to all there is
    else:
        # (B, 1, T, S), then once for each query head of a group: they are laid out along T.
        visible = torch.arange(size, device=tokens.device) <= positions[:, None, :, None]
        mask = visible.repeat(1, 1, group, 1)
    states = F.embedding(tokens, model.embedding)  # (B, T, D)
    for index, layer in enumerate(model.layers):
        normed = F.rms_norm(states, (config.width,), layer.norm_attention, config.epsilon)
        q = _linear(normed, *layer.q).view(rows, count, config.heads, -1).transpose(1, 2)  # (B, heads, T, H)
        k = _linear(normed, *layer.k).view(rows, count, config.kv_heads, -1).transpose(1, 2)
        v = _linear(normed, *layer.v).view(rows, count, config.kv_heads, -1).transpose(1, 2)
        _store(cache[index, 0], _rotate(k, cosine, sine), positions, start)
        _store(cache[index, 1], v, positions, start)
        q = _rotate(q, cosine, sine).reshape(rows, config.kv_heads, group * count, config.head_width)
        attended = F.scaled_dot_product_attention(
            q, cache[index, 0, :, :, :size], cache[index, 1, :, :, :size], attn_mask=mask
        )
        attended = attended.view(rows, config.heads, count, -1).transpose(1, 2).reshape(rows, count, -1)
        states = states + _linear(attended, *layer.out)
        normed = F.rms_norm(states, (config.width,), layer.norm_mlp, config.epsilon)
        states = states + _linear(F.silu(_linear(normed, layer.gate)) * _linear(normed, layer.up), layer.down)
    return states


def _linear(states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply a linear layer (O, I) to states (..., I).

    On the CPU a few rows are multiplied as columns: measured, MKL is then about twice as fast.
    """
    rows = states.numel() // states.shape[-1]
    if not 1 < rows <= 8 or states.device.type != "cpu":
        return F.linear(states, weight, bias)
    product = torch.mm(weight, states.reshape(rows, -1).t()).t()
    return (product if bias is None else product + bias).reshape(*states.shape[:-1], -1)


def _store(cache: Tensor, values: Tensor, positions: Tensor, start: int | None) -> None:
    """Write values (B, K, T, H) into the cache (B, K, S, H) at positions (B, T)."""
    if start is not None:
        cache[:, :, start : start + positions.shape[1]] = values
    else:
        index = positions[:, None, :, None].expand(-1, values.shape[1], -1, values.shape[3])
        cache.scatter_(2, index, values)


def _rotate(states: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Apply the rotary embedding (Su et al., 2021) to (B, heads, T, H)."""
    first, second = states.chunk(2, dim=-1)
    return states * cosine + torch.cat((-second, first), dim=-1) * sine


def _layer(weights: Mapping[str, Tensor], name: str) -> Layer:
    def linear(part: str) -> tuple[Tensor, Tensor | None]:
        return weights[f"{name}{part}.weight"], weights.get(f"{name}{part}.bias")

    return Layer(
        norm_attention=weights[f"{name}input_layernorm.weight"],
        q=linear("self_attn.q_proj"),
        k=linear("self_attn.k_proj"),
        v=linear("self_attn.v_proj"),
        out=linear("self_attn.o_proj"),
        norm_mlp=weights[f"{name}post_attention_layernorm.weight"],
        gate=weights[f"{name}mlp.gate_proj.weight"],
        up=weights[f"{name}mlp.up_proj.weight"],
        down=weights[f"{name}mlp.down_proj.weight"],
    )
