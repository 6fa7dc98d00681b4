"""Weights in 8 bit: how near they come, and what a folder of them holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from dalle_kit.engine.engine import Engine
from dalle_kit.errors import ModelError
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import PACKED_FILE, dequantize, pack, packed_size, quantize, read_shapes, read_weights

if TYPE_CHECKING:
    from tests.conftest import Checkpoints


def matrix(seed: int = 0, rows: int = 8, columns: int = 96, scale: float = 1.0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * scale


def write_packed(folder: Path, weights: dict[str, Tensor]) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(dict(pack(iter(weights.items()))), folder / PACKED_FILE)
    return folder


@given(seed=st.integers(0, 99), scale=st.sampled_from([1e-30, 1e-6, 1.0, 3e4]), outlier=st.sampled_from([1.0, 1e4]))
def test_no_weight_is_off_by_more_than_half_a_step_of_its_group(seed: int, scale: float, outlier: float) -> None:
    weight = matrix(seed, scale=scale)
    weight[0, 0] *= outlier
    codes, scales = quantize(weight)
    assert codes.shape == weight.shape and scales.shape == (8, 3)
    error = (dequantize(codes, scales) - weight).abs().reshape(8, 3, 32)
    largest = weight.abs().reshape(8, 3, 32).amax(dim=2, keepdim=True)
    assert bool((error <= largest / 127 / 2 * 1.01).all())


def test_zeros_stay_zeros_and_codes_stay_codes() -> None:
    codes, scales = quantize(torch.zeros(2, 64))
    assert not codes.any() and not dequantize(codes, scales).any()
    weight = dequantize(*quantize(matrix()))
    assert torch.equal(quantize(weight)[0], quantize(matrix())[0])


@pytest.mark.parametrize("shape", [(8, 2), (7, 3), (8,)])
def test_scales_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="have scales"):
        dequantize(quantize(matrix())[0], torch.ones(shape).bfloat16())


def test_only_matrices_with_whole_groups_are_packed(tmp_path: Path) -> None:
    weights = {
        "whole.weight": matrix(),
        "odd.weight": matrix(columns=33),
        "norm.weight": torch.ones(64),
        "positions": torch.arange(64)[None],
        "name_scale": torch.ones(3),
    }
    folder = write_packed(tmp_path / "m", weights)
    stored = load_file(folder / PACKED_FILE)
    assert stored["whole.weight"].dtype == torch.int8 and stored["whole.weight_scale"].dtype == torch.bfloat16
    found = dict(read_weights(folder))
    assert found.keys() == weights.keys()
    assert read_shapes(folder) == {name: tuple(weight.shape) for name, weight in weights.items()}
    for name in weights.keys() - {"whole.weight"}:
        assert torch.equal(found[name], weights[name]) and found[name].dtype == weights[name].dtype
    assert found["whole.weight"].dtype == torch.float32
    torch.testing.assert_close(found["whole.weight"], weights["whole.weight"], atol=0.02, rtol=0)
    assert packed_size({"a": (8, 96), "b": (64,)}) == 8 * 96 + 2 * 8 * 3 + 4 * 64


def test_weights_in_several_files_are_read_together(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": torch.ones(3)}, tmp_path / "model-00002-of-00002.safetensors")
    assert read_shapes(tmp_path) == {"a": (2,), "b": (3,)}
    assert [name for name, _ in read_weights(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"\xff" * 64])
def test_a_file_that_is_no_safetensors_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PACKED_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=r"^the weights [^\n]*int8\.safetensors cannot be read \([^\n]*$"):
        read_shapes(tmp_path)


def test_a_folder_without_weights_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no weights as safetensors"):
        list(read_weights(tmp_path))


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "t5"])
def test_a_packed_model_computes_with_the_weights_its_codes_stand_for(
    kind: str, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    _, engine = checkpoints(kind)
    packed, plain = write_packed(tmp_path / "packed", load_file(Path(engine.path) / "model.safetensors")), tmp_path
    save_file(dict(read_weights(packed)), plain / "model.safetensors", metadata={"format": "pt"})
    for file in Path(engine.path).glob("*.json"):
        for folder in (packed, plain):
            (folder / file.name).write_bytes(file.read_bytes())
    scores = [
        Engine.load(StoredModel(name="m", path=str(folder)), device="cpu").score("one two three", " four five")
        for folder in (packed, plain)
    ]
    assert scores[0].log_likelihood == pytest.approx(scores[1].log_likelihood, rel=1e-5)
    assert scores[0] != engine.score("one two three", " four five")


def test_transformers_does_not_take_codes_for_weights(checkpoints: Checkpoints, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    _, engine = checkpoints("llama")
    (tmp_path / "config.json").write_bytes((Path(engine.path) / "config.json").read_bytes())
    write_packed(tmp_path, load_file(Path(engine.path) / "model.safetensors"))
    with pytest.raises(OSError, match=r"model\.safetensors"):
        AutoModelForCausalLM.from_pretrained(tmp_path)
