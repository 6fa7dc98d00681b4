"""What is told of a Llama-like model by its ``config.json``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: The tensors there can be. What rotates queries and keys was stored by some, and is computed here.
_OF_LAYER = re.compile(
    r"model\.layers\.(\d+)\.(input_layernorm\.weight|post_attention_layernorm\.weight|mlp\.(gate|up|down)_proj\.weight"
    r"|self_attn\.([qkv]_proj\.(weight|bias)|o_proj\.(weight|bias)|rotary_emb\.inv_freq))"
)
_OTHERS = ("model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", "model.rotary_emb.inv_freq")


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """The sizes of a Llama-like model; ``theta`` is the base of the rotary embedding."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    theta: float
    epsilon: float
    context: int

    @property
    def queries(self) -> int:
        """Numbers of all queries of a token."""
        return self.heads * self.head_width

    @property
    def keys(self) -> int:
        """Numbers of all keys of a token; as many of its values."""
        return self.kv_heads * self.head_width

    def unexpected(self, names: Iterable[str]) -> list[str]:
        """Return which of some tensors' names are of none that such a model has, sorted."""
        found = []
        for name in names:
            layer = _OF_LAYER.fullmatch(name)
            if name not in _OTHERS and (layer is None or int(layer[1]) >= self.layers):
                found.append(name)
        return sorted(found)

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise ValueError for tensors that are not as large as the configuration says; KeyError for one missing."""
        vocabulary = shapes["model.embed_tokens.weight"][0]
        inner = shapes["model.layers.0.mlp.gate_proj.weight"][0]
        matrices = {
            **{"embed_tokens": (vocabulary, self.width), "q_proj": (self.queries, self.width)},
            **{name: (self.keys, self.width) for name in ("k_proj", "v_proj")},
            **{"o_proj": (self.width, self.queries), "down_proj": (self.width, inner)},
            **{name: (inner, self.width) for name in ("gate_proj", "up_proj")},
            "lm_head": (vocabulary, self.width),
        }
        for name, shape in shapes.items():
            part, _, kind = name.rpartition(".")
            expected = matrices.get(part.rpartition(".")[2], (self.width,))
            if kind != "inv_freq" and shape != (expected if kind == "weight" else expected[:1]):
                raise ValueError(f"{name} has the shape {shape}")

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> LlamaConfig | None:
        """Read a ``config.json`` of transformers; None for a model this module does not compute.

        Raises ValueError, TypeError or KeyError for sizes that no model has.
        """
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        plain = (
            config.get("model_type") in ("llama", "qwen2", "mistral")
            and config.get("hidden_act", "silu") == "silu"
            and rope.get("rope_type", rope.get("type", "default")) == "default"
            and not config.get("quantization_config")
            and not config.get("mlp_bias")
            and not (
                config.get("sliding_window") and config.get("use_sliding_window", config["model_type"] == "mistral")
            )
        )
        if not plain:
            return None
        heads = int(config["num_attention_heads"])
        found = cls(
            layers=int(config["num_hidden_layers"]),
            width=int(config["hidden_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_width=int(config.get("head_dim") or config["hidden_size"] // heads),
            theta=float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0),
            epsilon=float(config.get("rms_norm_eps", 1e-6)),
            context=int(config.get("max_position_embeddings", 2048)),
        )
        sizes = (found.layers, found.width, heads, found.kv_heads, found.head_width, found.context)
        if min(sizes) < 1 or heads % found.kv_heads or found.head_width % 2:
            raise ValueError(f"the sizes {', '.join(map(str, sizes))} are none that a model has")
        return found
