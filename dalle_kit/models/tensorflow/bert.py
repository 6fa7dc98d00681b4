"""BERT as Google published it: ``bert_config.json``, ``vocab.txt`` and a checkpoint. The encoder is what is used.

Names and shapes: https://github.com/google-research/bert/blob/master/modeling.py (Devlin et al., 2018). The many models
trained with that code (multilingual, whole-word, scientific, clinical ...) have the same layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError
from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.layout import Layout, Weight, check_heads, read_settings, whole_numbers
from dalle_kit.models.tensorflow.vocabularies import word_pieces

MARK = "bert/embeddings/word_embeddings"
COMPANIONS = ("bert_config.json", "vocab.txt")
#: What was trained on top of the encoder: predictions of words and of sentences.
_HEADS = r"cls/.*"
_ACTIVATIONS = ("gelu", "gelu_new", "relu", "tanh")


def layout_of(bundle: Bundle, folder: Path) -> Layout:
    """Return how Google's checkpoint becomes one of transformers; raises ModelError where its parts do not fit."""
    file = folder / "bert_config.json"
    settings = read_settings(file)
    names = ("vocab_size", "max_position_embeddings", "type_vocab_size", "hidden_size", "intermediate_size")
    vocabulary, context, types, width, inner = whole_numbers(settings, names, file)
    layers, heads = whole_numbers(settings, ("num_hidden_layers", "num_attention_heads"), file)
    check_heads(width, heads, file)
    activation = settings.get("hidden_act")
    if activation not in _ACTIVATIONS:
        raise ModelError(f"{file}: hidden_act is {activation!r}, supported are {', '.join(_ACTIVATIONS)}")
    tokenizer, tokenizer_config = word_pieces(folder, size=vocabulary)
    config: dict[str, Any] = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocabulary,
        "max_position_embeddings": context,
        "type_vocab_size": types,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "hidden_act": activation,
        "layer_norm_eps": 1e-12,
        "pad_token_id": tokenizer.token_to_id("[PAD]"),
        "dtype": "float32",
    }
    embeddings = [
        Weight(f"embeddings.{name}.weight", f"bert/embeddings/{name}", (count, width))
        for name, count in (
            ("word_embeddings", vocabulary),
            ("position_embeddings", context),
            ("token_type_embeddings", types),
        )
    ]
    weights = [
        *embeddings,
        *_norm("embeddings.LayerNorm", "bert/embeddings/LayerNorm", width),
        *(weight for layer in range(layers) for weight in _layer(layer, width, inner)),
        *_dense("pooler.dense", "bert/pooler/dense", width, width),
    ]
    return Layout(config, tuple(weights), tokenizer, {**tokenizer_config, "model_max_length": context}, _HEADS)


def _layer(layer: int, width: int, inner: int) -> list[Weight]:
    ours, theirs = f"encoder.layer.{layer}", f"bert/encoder/layer_{layer}"
    weights = [
        weight
        for part in ("query", "key", "value")
        for weight in _dense(f"{ours}.attention.self.{part}", f"{theirs}/attention/self/{part}", width, width)
    ]
    weights += _dense(f"{ours}.attention.output.dense", f"{theirs}/attention/output/dense", width, width)
    weights += _norm(f"{ours}.attention.output.LayerNorm", f"{theirs}/attention/output/LayerNorm", width)
    weights += _dense(f"{ours}.intermediate.dense", f"{theirs}/intermediate/dense", width, inner)
    weights += _dense(f"{ours}.output.dense", f"{theirs}/output/dense", inner, width)
    weights += _norm(f"{ours}.output.LayerNorm", f"{theirs}/output/LayerNorm", width)
    return weights


def _dense(ours: str, theirs: str, inputs: int, outputs: int) -> list[Weight]:
    return [
        Weight(f"{ours}.weight", f"{theirs}/kernel", (inputs, outputs), transpose=True),
        Weight(f"{ours}.bias", f"{theirs}/bias", (outputs,)),
    ]


def _norm(ours: str, theirs: str, width: int) -> list[Weight]:
    return [
        Weight(f"{ours}.weight", f"{theirs}/gamma", (width,)),
        Weight(f"{ours}.bias", f"{theirs}/beta", (width,)),
    ]
