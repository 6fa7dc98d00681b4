"""Conversion of GGUF files: values, names, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.gguf import convert
from dalle_kit.models.gguf_reader import GgufFile
from dalle_kit.models.weights import read_weights

Write = Callable[..., Any]


def converted(path: Path) -> dict[str, Any]:
    folder = path.with_suffix("")
    folder.mkdir()
    convert(path, folder)
    return {name: weight.numpy() for name, weight in read_weights(folder)}


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        ("F32", 0),
        ("F16", 1e-3),
        ("BF16", 4e-3),
        ("Q8_0", 5e-3),
        ("Q5_1", 0.02),
        ("Q5_0", 0.03),
        ("Q4_1", 0.04),
        ("Q4_0", 0.06),
    ],
)
def test_weights_come_out_as_they_went_in(tmp_path: Path, write_llama: Write, kind: str, tolerance: float) -> None:
    tensors = write_llama(tmp_path / "m.gguf", kind=kind)
    found = converted(tmp_path / "m.gguf")
    assert {value.dtype.name for value in found.values()} == {"float32"}
    pairs = [
        ("model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight"),
        ("model.embed_tokens.weight", "token_embd.weight"),
    ]
    for ours, theirs in pairs:
        error = np.abs(found[ours] - tensors[theirs]).max()
        assert error <= tolerance
        assert kind == "F32" or error > 0


def q4_k_value(block: bytes, index: int) -> float:
    """One value of a Q4_K block of 256, worked out alone: scales of six bits in twelve bytes, codes of four bits."""
    scale, minimum = np.frombuffer(block[:4], "<f2").astype(float)
    scales, codes = block[4:16], block[16:]
    part = index // 32
    if part < 4:
        factor, shift = scales[part] & 63, scales[part + 4] & 63
    else:
        factor = (scales[part + 4] & 15) | (scales[part - 4] >> 6 << 4)
        shift = (scales[part + 4] >> 4) | (scales[part] >> 6 << 4)
    code = codes[32 * (part // 2) + index % 32]
    return float(scale * factor * (code >> 4 if part % 2 else code & 15) - minimum * shift)


def q6_k_value(block: bytes, index: int) -> float:
    """One value of a Q6_K block of 256: four low bits, two high bits, a scale of eight bits for each sixteen."""
    half, place = divmod(index, 128)
    quarter, column = divmod(place, 32)
    low = block[64 * half + 32 * (quarter % 2) + column] >> (4 * (quarter // 2)) & 15
    high = block[128 + 32 * half + column] >> (2 * quarter) & 3
    factor = np.frombuffer(block[192:208], "i1")[8 * half + 2 * quarter + column // 16]
    return float(np.frombuffer(block[208:], "<f2")[0].astype(float) * factor * ((low | high << 4) - 32))


@pytest.mark.parametrize(("kind", "size", "value"), [("Q4_K", 144, q4_k_value), ("Q6_K", 210, q6_k_value)])
def test_k_quants_are_read_as_their_layout_says(
    tmp_path: Path, write_gguf: Write, kind: str, size: int, value: Callable[[bytes, int], float]
) -> None:
    raw = np.random.default_rng(1).integers(0, 256, size=(3, size), dtype=np.uint8)
    scales = {"Q4_K": slice(0, 4), "Q6_K": slice(208, 210)}[kind]
    raw[:, scales] = np.frombuffer(np.array([0.01] * ((scales.stop - scales.start) // 2), "<f2").tobytes(), np.uint8)
    path = write_gguf(tmp_path / "k.gguf", numbers={}, tensors={"x": (raw, gguf.GGMLQuantizationType[kind])})
    with GgufFile(path) as file:
        found = file.tensor("x")
    expected = [[value(row.tobytes(), index) for index in range(256)] for row in raw]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def interleaved(weight: Any, heads: int) -> Any:
    """Order the rows of a query or key matrix as llama.cpp does: first, half + first, second, half + second ..."""
    width = len(weight) // heads
    order = [
        head * width + pair + half * width // 2
        for head in range(heads)
        for pair in range(width // 2)
        for half in (0, 1)
    ]
    return weight[order]


LLAMA_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
GPT2_NAMES = {
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def in_gguf(model: Any, names: dict[str, str], fixed: dict[str, str], stem: str) -> dict[str, Any]:
    """Return a transformers model's weights under the names, and in the order, that llama.cpp gives them."""
    found = {}
    for name, tensor in model.state_dict().items():
        value = tensor.detach().numpy()
        path, _, kind = name.rpartition(".")
        if path in fixed:
            found[f"{fixed[path]}.{kind}"] = value
        elif path.startswith(stem):
            layer, _, part = path.removeprefix(stem).partition(".")
            if model.config.model_type == "llama" and part in ("self_attn.q_proj", "self_attn.k_proj"):
                value = interleaved(value, 4 if part == "self_attn.q_proj" else 2)
            if model.config.model_type == "gpt2" and value.ndim == 2:
                value = value.T
            found[f"blk.{layer}.{names[part]}.{kind}"] = np.ascontiguousarray(value)
    return found


def rotary_numbers(**more: Any) -> dict[str, Any]:
    return {
        "block_count": 2,
        "context_length": 128,
        "embedding_length": 64,
        "feed_forward_length": 96,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.freq_base": 5000.0,
        **more,
    }


def build(family: str, **more: Any) -> tuple[Any, dict[str, Any]]:
    """Return a random model of a family and its tensors as a GGUF file holds them."""
    import transformers

    torch.manual_seed(0)
    vocabulary = 3 + 256 + 6
    if family == "gpt2":
        config: Any = transformers.GPT2Config(
            vocab_size=vocabulary, n_embd=64, n_layer=2, n_head=4, n_positions=128, n_inner=96
        )
        model: Any = transformers.GPT2LMHeadModel(config)
        fixed = {"transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"}
        names, stem = GPT2_NAMES, "transformer.h."
    else:
        kind = {"llama": transformers.LlamaConfig, "qwen2": transformers.Qwen2Config}[family]
        config = kind(
            vocab_size=vocabulary,
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=128,
            rms_norm_eps=1e-5,
            **{"rope_parameters": {"rope_type": "default", "rope_theta": 5000.0}, "tie_word_embeddings": False, **more},
        )
        model = {"llama": transformers.LlamaForCausalLM, "qwen2": transformers.Qwen2ForCausalLM}[family](config)
        fixed = {"model.embed_tokens": "token_embd", "model.norm": "output_norm"}
        if not config.tie_word_embeddings:
            fixed["lm_head"] = "output"
        names, stem = LLAMA_NAMES, "model.layers."
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.2)
    return model.eval(), in_gguf(model, names, fixed, stem)


def assert_same_logits(model: Any, path: Path) -> None:
    import transformers

    folder = path.with_suffix("")
    folder.mkdir()
    convert(path, folder)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokens = torch.tensor([[5, 17, 90, 3, 260, 44, 8, 8]])
    with torch.no_grad():
        torch.testing.assert_close(loaded(tokens).logits, model(tokens).logits, rtol=1e-4, atol=1e-4)


LINEAR = {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000.0}


@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2"])
def test_a_converted_model_gives_the_logits_of_the_original(tmp_path: Path, write_gguf: Write, family: str) -> None:
    model, tensors = build(family)
    numbers = rotary_numbers(**{"attention.layer_norm_epsilon": 1e-5} if family == "gpt2" else {})
    assert_same_logits(model, write_gguf(tmp_path / "m.gguf", architecture=family, numbers=numbers, tensors=tensors))


def test_a_tied_head_stays_tied_and_biases_are_kept(tmp_path: Path, write_gguf: Write) -> None:
    model, tensors = build("llama", tie_word_embeddings=True, attention_bias=True, mlp_bias=True)
    assert "output.weight" not in tensors and "blk.0.attn_q.bias" in tensors
    path = write_gguf(tmp_path / "m.gguf", numbers=rotary_numbers(), tensors=tensors)
    assert_same_logits(model, path)
    config = json.loads((path.with_suffix("") / "config.json").read_text(encoding="utf-8"))
    assert config["tie_word_embeddings"] is True
    assert "lm_head.weight" not in load_file(path.with_suffix("") / "model.safetensors")


def test_the_frequency_factors_of_llama_3_are_recognised(tmp_path: Path, write_gguf: Write) -> None:
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    model, tensors = build("llama", rope_parameters=rope)
    plain = 1 / 500000.0 ** (np.arange(0, 16, 2) / 16)
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](model.config, "cpu")
    tensors["rope_freqs.weight"] = (plain / scaled.numpy()).astype(np.float32)
    assert tensors["rope_freqs.weight"].max() == pytest.approx(8)
    path = write_gguf(tmp_path / "m.gguf", numbers=rotary_numbers(**{"rope.freq_base": 500000.0}), tensors=tensors)
    assert_same_logits(model, path)
    tensors["rope_freqs.weight"] = tensors["rope_freqs.weight"][::-1].copy()
    other = write_gguf(tmp_path / "other.gguf", numbers=rotary_numbers(), tensors=tensors)
    with pytest.raises(ModelError, match="not Llama 3's"):
        convert(other, tmp_path)


def test_an_unknown_architecture_is_refused_with_those_supported(tmp_path: Path, write_gguf: Write) -> None:
    path = write_gguf(
        tmp_path / "m.gguf", architecture="mamba", numbers={}, tensors={"token_embd.weight": np.zeros((4, 4), "f4")}
    )
    with pytest.raises(ModelError, match="'mamba'; supported in GGUF files are gpt2, llama, qwen2"):
        convert(path, tmp_path)


def test_a_tensor_too_many_or_too_few_is_refused(tmp_path: Path, write_gguf: Write) -> None:
    _, tensors = build("llama")
    extra = write_gguf(
        tmp_path / "a.gguf",
        numbers=rotary_numbers(),
        tensors={**tensors, "blk.0.attn_q_norm.weight": np.ones(16, "f4")},
    )
    with pytest.raises(ModelError, match=r"has the tensor blk\.0\.attn_q_norm\.weight"):
        convert(extra, tmp_path)
    del tensors["blk.1.ffn_up.weight"]
    with pytest.raises(ModelError, match=r"lacks the tensor blk\.1\.ffn_up\.weight"):
        convert(write_gguf(tmp_path / "b.gguf", numbers=rotary_numbers(), tensors=tensors), tmp_path)


def test_every_truncation_of_a_file_is_noticed(tmp_path: Path, small_gguf: Path) -> None:
    whole = small_gguf.read_bytes()
    path = tmp_path / "cut.gguf"
    for length in [*range(4, len(whole), len(whole) // 60), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(IntegrityError, match="truncated or damaged"):
            GgufFile(path)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 no model at all"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.gguf"):
        GgufFile(path)


def test_damage_in_the_header_never_ends_in_another_error(tmp_path: Path, small_gguf: Path) -> None:
    whole = bytearray(small_gguf.read_bytes())
    random = np.random.default_rng(2)
    path = tmp_path / "damaged.gguf"
    refused = 0
    for _ in range(150):
        damaged = whole.copy()
        for place in random.integers(4, 1200, size=4):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            convert(path, tmp_path)
        except ModelError:
            refused += 1
    assert refused > 50
