"""The toolkit's own encoder-decoder as ONNX graphs: memory once, then steps of the decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from dalle_kit.export.onnx_export import TOLERANCE, export_onnx
from dalle_kit.models.spec import StoredModel


def model_of(memory: str) -> Any:
    """A small model whose every part matters: with a gate that is open, and another encoder for each decoder."""
    from transformers import BertConfig, GPT2Config, LlamaConfig

    from dalle_kit.modeling import DalleConfig, DalleForConditionalGeneration

    torch.manual_seed(0)
    sizes: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 1}
    if memory == "cross-attention":
        encoder: dict[str, Any] = {"kind": "conv", "vocab_size": 90, "width": 16}
        decoder: Any = GPT2Config(
            vocab_size=90, n_embd=32, n_layer=1, n_head=2, n_positions=64, add_cross_attention=True, **sizes
        )
    else:
        small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        encoder = {"kind": "transformer", **BertConfig(vocab_size=70, **small).to_dict()}
        decoder = LlamaConfig(
            vocab_size=90,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=64,
            **sizes,
        )
    model = DalleForConditionalGeneration(DalleConfig(encoder=encoder, decoder=decoder, memory=memory, queries=3))
    assert model.gate is not None
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(2.0)
        model.gate.fill_(0.5)
    return model.eval()


@pytest.mark.parametrize("memory", ["cross-attention", "prefix"])
def test_examples_become_memory_and_memory_reaches_the_steps(memory: str, tmp_path: Path) -> None:
    model_of(memory).save_pretrained(tmp_path / "model")
    found = export_onnx(StoredModel(name="small", path=str(tmp_path / "model")), tmp_path / "out")
    assert [each.what for each in found] == ["prompt", "steps with cache"]
    assert all(each.difference <= TOLERANCE for each in found)
    assert {"encoder_model.onnx", "model.onnx"} <= {file.name for file in (tmp_path / "out").iterdir()}
