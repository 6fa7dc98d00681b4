"""What a GGUF file's metadata and tensors are called in a transformers checkpoint, by architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dalle_kit.errors import ModelError
from dalle_kit.models.gguf_reader import GgufFile


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor of the checkpoint: the tensor it comes from, and how it differs from that.

    ``heads``: llama.cpp stores the rows of query and key with each head's two rotary halves interleaved.
    ``transpose``: GPT-2's checkpoints store their matrices as inputs by outputs.
    """

    name: str
    source: str
    heads: int = 0
    transpose: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The checkpoint's ``config.json`` and its weights."""

    config: Mapping[str, Any]
    weights: tuple[Weight, ...]


def layout_of(file: GgufFile) -> Layout:
    """Return how a GGUF file becomes a checkpoint; raises ModelError for anything that would not come out right."""
    architecture = str(file.metadata.get("general.architecture", "none"))
    if architecture not in _LAYOUTS:
        raise ModelError(
            f"{file.path} holds the architecture {architecture!r}; supported in GGUF files are "
            f"{', '.join(sorted(_LAYOUTS))}; take the model's safetensors checkpoint instead (hub:REPO or a folder)"
        )
    if int(file.metadata.get("split.count", 1)) > 1:
        raise ModelError(
            f"{file.path} is one part of several; merge them into one file first (llama-gguf-split --merge)"
        )
    layout = _LAYOUTS[architecture](file, architecture)
    known = {weight.source for weight in layout.weights} | {"rope_freqs.weight"}
    missing, extra = sorted(known - file.tensors.keys() - {"rope_freqs.weight"}), sorted(file.tensors.keys() - known)
    if missing or extra:
        problem = f"lacks the tensor {missing[0]}" if missing else f"has the tensor {extra[0]}"
        raise ModelError(f"{file.path} {problem}, which a plain {architecture} model {'has' if missing else 'has not'}")
    for weight in layout.weights:
        rows = file.tensors[weight.source].shape[0]
        if weight.heads and rows % (2 * weight.heads):
            raise ModelError(
                f"{file.path}: the {rows} rows of {weight.source} are not {weight.heads} heads of even width"
            )
    return layout


def _llama(file: GgufFile, architecture: str) -> Layout:
    """Llama and Qwen2: the same blocks, but Qwen2 has biases on q, k, v and its rows are not interleaved."""
    number, real = _readers(file, architecture)
    if number("expert_count", 0):
        raise ModelError(f"{file.path} is a mixture of experts; only plain {architecture} models are supported in GGUF")
    width, heads, layers = number("embedding_length"), number("attention.head_count"), _layers(file, number)
    kv_heads = number("attention.head_count_kv", heads)
    llama = architecture == "llama"
    head_width = number("attention.key_length", width // heads)
    if number("rope.dimension_count", head_width) != head_width:
        raise ModelError(f"{file.path} rotates only a part of each head; that is not supported in GGUF files")
    config = {
        "architectures": ["LlamaForCausalLM" if llama else "Qwen2ForCausalLM"],
        "model_type": architecture,
        "hidden_act": "silu",
        "hidden_size": width,
        "head_dim": head_width,
        "intermediate_size": number("feed_forward_length"),
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": number("context_length"),
        "rms_norm_eps": real("attention.layer_norm_rms_epsilon"),
        "rope_parameters": _rope(file, architecture, head_width),
        **_common(file),
    }
    attention_biases: tuple[str, ...] = ("q", "k", "v")
    if llama:
        config["attention_bias"] = "blk.0.attn_q.bias" in file.tensors
        config["mlp_bias"] = "blk.0.ffn_up.bias" in file.tensors
        attention_biases = ("q", "k", "v", "output") if config["attention_bias"] else ()
    weights = [
        Weight("model.embed_tokens.weight", "token_embd.weight"),
        Weight("model.norm.weight", "output_norm.weight"),
        *([] if config["tie_word_embeddings"] else [Weight("lm_head.weight", "output.weight")]),
    ]
    interleaved = {"q": heads, "k": kv_heads} if llama else {}
    for layer in range(layers):
        theirs, ours = f"blk.{layer}.", f"model.layers.{layer}."
        weights.append(Weight(f"{ours}input_layernorm.weight", f"{theirs}attn_norm.weight"))
        weights.append(Weight(f"{ours}post_attention_layernorm.weight", f"{theirs}ffn_norm.weight"))
        for part in ("q", "k", "v", "output"):
            name = f"{ours}self_attn.{part[0]}_proj"
            for kind in ("weight", "bias") if part in attention_biases else ("weight",):
                weights.append(Weight(f"{name}.{kind}", f"{theirs}attn_{part}.{kind}", heads=interleaved.get(part, 0)))
        for part in ("gate", "up", "down"):
            for kind in ("weight", "bias") if config.get("mlp_bias") else ("weight",):
                weights.append(Weight(f"{ours}mlp.{part}_proj.{kind}", f"{theirs}ffn_{part}.{kind}"))
    return Layout(config, tuple(weights))


def _gpt2(file: GgufFile, architecture: str) -> Layout:
    number, real = _readers(file, architecture)
    layers = _layers(file, number)
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_embd": number("embedding_length"),
        "n_layer": layers,
        "n_head": number("attention.head_count"),
        "n_inner": number("feed_forward_length"),
        "n_positions": number("context_length"),
        "layer_norm_epsilon": real("attention.layer_norm_epsilon"),
        **_common(file),
    }
    both = ("weight", "bias")
    weights = [
        Weight("transformer.wte.weight", "token_embd.weight"),
        Weight("transformer.wpe.weight", "position_embd.weight"),
    ]
    weights += [Weight(f"transformer.ln_f.{kind}", f"output_norm.{kind}") for kind in both]
    if not config["tie_word_embeddings"]:
        weights.append(Weight("lm_head.weight", "output.weight"))
    for layer in range(layers):
        theirs, ours = f"blk.{layer}.", f"transformer.h.{layer}."
        for name, source in (("ln_1", "attn_norm"), ("ln_2", "ffn_norm")):
            weights += [Weight(f"{ours}{name}.{kind}", f"{theirs}{source}.{kind}") for kind in both]
        for name, source in (
            ("attn.c_attn", "attn_qkv"),
            ("attn.c_proj", "attn_output"),
            ("mlp.c_fc", "ffn_up"),
            ("mlp.c_proj", "ffn_down"),
        ):
            weights.append(Weight(f"{ours}{name}.weight", f"{theirs}{source}.weight", transpose=True))
            weights.append(Weight(f"{ours}{name}.bias", f"{theirs}{source}.bias"))
    return Layout(config, tuple(weights))


_LAYOUTS: Mapping[str, Callable[[GgufFile, str], Layout]] = {"gpt2": _gpt2, "llama": _llama, "qwen2": _llama}


def _readers(file: GgufFile, architecture: str) -> tuple[Callable[..., int], Callable[[str], float]]:
    """Return functions that read a whole and a real number of the architecture's metadata."""

    def value(key: str) -> Any:
        found = file.metadata.get(f"{architecture}.{key}")
        if isinstance(found, bool) or not isinstance(found, (int, float)) or found <= 0:
            raise ModelError(
                f"{file.path}: the metadata {architecture}.{key} is {found!r}, a positive number is needed"
            )
        return found

    def whole(key: str, default: int | None = None) -> int:
        if default is not None and f"{architecture}.{key}" not in file.metadata:
            return default
        return int(value(key))

    return whole, lambda key: float(value(key))


def _layers(file: GgufFile, number: Callable[..., int]) -> int:
    """Return the number of layers, refused where there are fewer tensors: the names of all are listed."""
    layers = number("block_count")
    if layers > len(file.tensors):
        raise ModelError(f"{file.path} tells of {layers} layers and has {len(file.tensors)} tensors; fetch it again")
    return layers


def _common(file: GgufFile) -> dict[str, Any]:
    if "token_embd.weight" not in file.tensors:
        raise ModelError(f"{file.path} lacks the tensor token_embd.weight: it is no whole language model")
    return {
        "vocab_size": file.tensors["token_embd.weight"].shape[0],
        "tie_word_embeddings": "output.weight" not in file.tensors,
        "dtype": "float32",
        "bos_token_id": file.metadata.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": end_tokens(file),
        "pad_token_id": file.metadata.get("tokenizer.ggml.padding_token_id"),
    }


def end_tokens(file: GgufFile) -> int | list[int] | None:
    """Return the tokens that end an answer: the end of text and, where it is another one, the end of a turn."""
    keys = ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id")
    found = list(dict.fromkeys(int(file.metadata[key]) for key in keys if key in file.metadata))
    return found if len(found) > 1 else found[0] if found else None


def _rope(file: GgufFile, architecture: str, head_width: int) -> dict[str, Any]:
    theta = float(file.metadata.get(f"{architecture}.rope.freq_base", 10000.0))
    kind = file.metadata.get(f"{architecture}.rope.scaling.type", "none")
    if "rope_freqs.weight" in file.tensors:
        return {"rope_theta": theta, **_llama3_rope(file, theta, head_width)}
    if kind == "none":
        return {"rope_theta": theta, "rope_type": "default"}
    if kind == "linear":
        return {
            "rope_theta": theta,
            "rope_type": "linear",
            "factor": float(file.metadata[f"{architecture}.rope.scaling.factor"]),
        }
    raise ModelError(
        f"{file.path} stretches its context by {kind!r}; in GGUF files only linear and Llama 3's are supported"
    )


def _llama3_rope(file: GgufFile, theta: float, head_width: int) -> dict[str, Any]:
    """Find Llama 3's scaling behind the factors that the file holds for each frequency.

    The file holds the results only; the constants are those of all Llama 3.1 to 3.3 models, and the factors must agree.
    """
    factors = file.tensor("rope_freqs.weight")
    scale, low, high, original = float(factors.max()), 1.0, 4.0, 8192
    lengths = 2 * math.pi * theta ** (np.arange(0, head_width, 2) / head_width)
    smooth = np.clip((original / lengths - low) / (high - low), 0, 1)
    expected = 1 / ((1 - smooth) / scale + smooth)
    if factors.shape != expected.shape or not np.allclose(factors, expected, rtol=1e-3):
        raise ModelError(
            f"{file.path} scales its rotary frequencies in a way that is not Llama 3's; it is not supported"
        )
    return {
        "rope_type": "llama3",
        "factor": scale,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": original,
    }
