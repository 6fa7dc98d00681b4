"""GPT-2 as OpenAI published it: ``hparams.json``, ``encoder.json``, ``vocab.bpe`` and a checkpoint.

Names and shapes: https://github.com/openai/gpt-2/blob/master/src/model.py (Radford et al., 2019).
"""

from __future__ import annotations

from pathlib import Path

from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.layout import Layout, Weight, check_heads, read_settings, whole_numbers
from dalle_kit.models.tensorflow.vocabularies import byte_level_bpe

#: A tensor that only these checkpoints have.
MARK = "model/wte"
COMPANIONS = ("hparams.json", "encoder.json", "vocab.bpe")
_END = "<|endoftext|>"


def layout_of(bundle: Bundle, folder: Path) -> Layout:
    """Return how OpenAI's checkpoint becomes one of transformers; raises ModelError where its parts do not fit."""
    file = folder / "hparams.json"
    names = ("n_vocab", "n_ctx", "n_embd", "n_head", "n_layer")
    vocabulary, context, width, heads, layers = whole_numbers(read_settings(file), names, file)
    check_heads(width, heads, file)
    tokenizer, settings = byte_level_bpe(folder, size=vocabulary, end=_END)
    end = tokenizer.token_to_id(_END)
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "vocab_size": vocabulary,
        "n_positions": context,
        "n_embd": width,
        "n_head": heads,
        "n_layer": layers,
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        "dtype": "float32",
        "bos_token_id": end,
        "eos_token_id": end,
    }
    return Layout(
        config, _weights(vocabulary, context, width, layers), tokenizer, {**settings, "model_max_length": context}
    )


def _weights(vocabulary: int, context: int, width: int, layers: int) -> tuple[Weight, ...]:
    weights = [
        Weight("transformer.wte.weight", "model/wte", (vocabulary, width)),
        Weight("transformer.wpe.weight", "model/wpe", (context, width)),
        *_norm("transformer.ln_f", "model/ln_f", width),
    ]
    for layer in range(layers):
        ours, theirs = f"transformer.h.{layer}", f"model/h{layer}"
        for norm in ("ln_1", "ln_2"):
            weights += _norm(f"{ours}.{norm}", f"{theirs}/{norm}", width)
        for module, name, inputs, outputs in (
            ("attn", "c_attn", width, 3 * width),
            ("attn", "c_proj", width, width),
            ("mlp", "c_fc", width, 4 * width),
            ("mlp", "c_proj", 4 * width, width),
        ):
            # Both store these matrices as inputs by outputs.
            weights.append(Weight(f"{ours}.{module}.{name}.weight", f"{theirs}/{module}/{name}/w", (inputs, outputs)))
            weights.append(Weight(f"{ours}.{module}.{name}.bias", f"{theirs}/{module}/{name}/b", (outputs,)))
    return tuple(weights)


def _norm(ours: str, theirs: str, width: int) -> list[Weight]:
    return [Weight(f"{ours}.weight", f"{theirs}/g", (width,)), Weight(f"{ours}.bias", f"{theirs}/b", (width,))]
