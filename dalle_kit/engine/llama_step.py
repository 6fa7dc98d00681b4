"""The blocks of the Llama family in plain torch, as one pure function of weights, tokens and cache."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from dalle_kit.engine.llama_config import LlamaConfig

if TYPE_CHECKING:
    from dalle_kit.engine.llama import LlamaModel

#: A matrix (O, I) and its bias (O,), None where the model has none.
Linear: TypeAlias = tuple[Tensor, Tensor | None]


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one block; what is multiplied by the same states may be joined to one matrix."""

    norm_attention: Tensor  # (D,)
    qkv: tuple[Linear, ...]  # (heads * H, D), (kv_heads * H, D) and as many again
    out: Linear  # (D, heads * H)
    norm_mlp: Tensor  # (D,)
    gate_up: tuple[Linear, ...]  # (M, D) each
    down: Linear  # (D, M)


def step(
    model: LlamaModel,
    tokens: Tensor,
    positions: Tensor,
    cache: Tensor,
    *,
    start: int | None = None,
    steering: Tensor | None = None,
    after: list[Tensor] | None = None,
) -> Tensor:
    """Run the blocks on tokens (B, T) at positions (B, T) and return the states (B, T, D).

    Writes keys and values into ``cache`` (layers, 2, B, kv_heads, S, H) at the positions; a token sees what is there up
    to its own. Nothing depends on the numbers in the tensors, but for ``start``: the first position of a single row,
    the last of which is at the cache's end. ``steering`` (B, layers, D) is added to the states after each block, and
    these are appended to ``after``.
    """
    config = model.config
    rows, count = tokens.shape
    group = config.heads // config.kv_heads
    cosine, sine = model.rotary(positions)
    # A single new token attends to all there is.
    mask = None if start is not None and count == 1 else _mask(positions, cache.shape[4], group, model.dtype)
    states = F.embedding(tokens, model.embedding)  # (B, T, D)
    for index, layer in enumerate(model.layers):
        normed = F.rms_norm(states, (config.width,), layer.norm_attention, config.epsilon)
        qk, v = _queries_keys_values(normed, layer, config)
        qk = _rotate(qk.view(rows, count, -1, config.head_width), cosine, sine).transpose(1, 2)
        _store(cache[index, 0], qk[:, config.heads :], positions, start)
        _store(cache[index, 1], v.view(rows, count, -1, config.head_width).transpose(1, 2), positions, start)
        q = qk[:, : config.heads].reshape(rows, config.kv_heads, group * count, config.head_width)
        attended = F.scaled_dot_product_attention(q, cache[index, 0], cache[index, 1], attn_mask=mask)
        attended = attended.reshape(rows, config.heads, count, -1).transpose(1, 2).reshape(rows, count, -1)
        states = states + apply_linear(attended, *layer.out)
        normed = F.rms_norm(states, (config.width,), layer.norm_mlp, config.epsilon)
        gate, up = _gate_and_up(normed, layer)
        states = states + apply_linear(F.silu(gate) * up, *layer.down)
        states = states if steering is None else states + steering[:, index, None]
        if after is not None:
            after.append(states)
    return states


def _mask(positions: Tensor, size: int, group: int, dtype: torch.dtype) -> Tensor:
    """Return what is added to the scores (B, 1, group * T, S) of tokens at positions (B, T).

    The query heads of a group are laid out along T.
    """
    hidden = torch.arange(size, device=positions.device) > positions[:, None, :, None]  # (B, 1, T, S)
    mask = torch.zeros(hidden.shape, dtype=dtype, device=positions.device).masked_fill_(hidden, -torch.inf)
    return mask.repeat(1, 1, group, 1)


def _queries_keys_values(states: Tensor, layer: Layer, config: LlamaConfig) -> Sequence[Tensor]:
    """Return queries and keys (B, T, (heads + kv_heads) * H), and values (B, T, kv_heads * H)."""
    if len(layer.qkv) == 1:
        joined = apply_linear(states, *layer.qkv[0])
        return joined[..., : -config.keys], joined[..., -config.keys :]
    q, k, v = (apply_linear(states, *each) for each in layer.qkv)
    return torch.cat((q, k), dim=-1), v


def _gate_and_up(states: Tensor, layer: Layer) -> Sequence[Tensor]:
    """Return the two (B, T, M) that are multiplied with each other."""
    if len(layer.gate_up) == 1:
        return apply_linear(states, *layer.gate_up[0]).chunk(2, dim=-1)
    return [apply_linear(states, *each) for each in layer.gate_up]


def apply_linear(states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
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
    """Apply the rotary embedding (Su et al., 2021) to (B, T, heads, H)."""
    return torch.addcmul(states * cosine, states.roll(states.shape[-1] // 2, dims=-1), sine)


def make_layer(weights: MutableMapping[str, Tensor], name: str, *, joined: bool) -> Layer:
    """Return a block's weights; those that are joined are taken out of ``weights``."""

    def linear(part: str) -> Linear:
        return weights[f"{name}{part}.weight"], weights.get(f"{name}{part}.bias")

    def linears(*parts: str) -> tuple[Linear, ...]:
        apart = tuple(map(linear, parts))
        matrices, biases = zip(*apart, strict=True)
        if not joined or len({bias is None for bias in biases}) > 1:
            return apart
        for part in parts:
            del weights[f"{name}{part}.weight"]
        return ((torch.cat(matrices), None if biases[0] is None else torch.cat(biases)),)

    return Layer(
        norm_attention=weights[f"{name}input_layernorm.weight"],
        qkv=linears("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        out=linear("self_attn.o_proj"),
        norm_mlp=weights[f"{name}post_attention_layernorm.weight"],
        gate_up=linears("mlp.gate_proj", "mlp.up_proj"),
        down=linear("mlp.down_proj"),
    )
