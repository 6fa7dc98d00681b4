"""Small models of every make: conv and transformer encoders, several decoders, both ways for the memory."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dalle_kit.modeling import DalleConfig, DalleForConditionalGeneration, register

VOCABULARY = 61

ENCODERS: dict[str, dict[str, Any]] = {
    "conv": {"kind": "conv", "width": 24},
    "transformer": {
        "kind": "transformer",
        "model_type": "bert",
        "vocab_size": VOCABULARY,
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    },
    "t5": {
        "kind": "transformer",
        "model_type": "t5",
        "vocab_size": VOCABULARY,
        "d_model": 24,
        "d_kv": 8,
        "d_ff": 48,
        "num_layers": 2,
        "num_heads": 2,
        "dropout_rate": 0.0,
        "is_encoder_decoder": False,
        "use_cache": False,
    },
}

#: Encoder, decoder, memory.
MAKES = [
    ("conv", "gpt2", "cross-attention"),
    ("conv", "gpt2", "prefix"),
    ("conv", "llama", "prefix"),
    ("transformer", "gpt2", "cross-attention"),
    ("transformer", "llama", "prefix"),
    ("t5", "qwen2", "prefix"),
    ("conv", "llama", "none"),
]


def decoder_settings(kind: str, *, memory: str) -> dict[str, Any]:
    tokens = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    if kind == "gpt2":
        no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 96}
        crossing = {"add_cross_attention": memory == "cross-attention"}
        return {"model_type": "gpt2", **tokens, **sizes, **no_dropout, **crossing}
    return {
        "model_type": kind,
        **tokens,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 96,
        "tie_word_embeddings": kind == "qwen2",
    }


def build(encoder: str, decoder: str, memory: str, **options: Any) -> DalleForConditionalGeneration:
    """Make a model with random weights, large ones, so that its choices are clear; its gate is open."""
    torch.manual_seed(0)
    config = DalleConfig(
        encoder=ENCODERS[encoder],
        decoder=decoder_settings(decoder, memory=memory),
        memory=memory,
        queries=3,
        **options,
    )
    model = DalleForConditionalGeneration(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1 and "embedding" not in name and "queries" not in name:
                weights.mul_(4.0)
        if model.gate is not None:
            model.gate.fill_(0.7)
    model.eval()
    return model


@pytest.fixture(params=MAKES, ids="-".join)
def model(request: pytest.FixtureRequest) -> DalleForConditionalGeneration:
    return build(*request.param)


@pytest.fixture(scope="session", autouse=True)
def registered() -> None:
    register()


def tokens(*shape: int, seed: int = 0) -> torch.Tensor:
    """Random tokens, none of them a control token."""
    return torch.randint(5, VOCABULARY, shape, generator=torch.Generator().manual_seed(seed))


def near(found: torch.Tensor, expected: torch.Tensor, *, within: float = 1e-4) -> bool:
    return found.shape == expected.shape and torch.allclose(found, expected, atol=within, rtol=within)
