"""LoRA adapters: written, read, merged, and refused where they would not come out right."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from dalle_kit.errors import DalleKitError, IntegrityError, ModelError
from dalle_kit.models.adapters import Adapter, Pair, load_adapter, merge, save_adapter
from dalle_kit.models.adapters.files import adapter_hash

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

LAYER = "model.layers.0.mlp.up_proj"
KEY = f"base_model.model.{LAYER}.lora_{{}}.weight"


def pair(rank: int = 4, inputs: int = 64, outputs: int = 128, seed: int = 0) -> Pair:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(rank, inputs, generator=random), torch.randn(outputs, rank, generator=random)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_adapter(tmp_path / "adapter", {LAYER: pair()}, rank=4, alpha=8, base="tiny", dtype=torch.float32)
    return tmp_path / "adapter"


def change(folder: Path, **settings: Any) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **settings}), encoding="utf-8")


def replace_tensors(folder: Path, tensors: dict[str, Tensor]) -> None:
    save_file(tensors, folder / "adapter_model.safetensors")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_what_is_saved_is_loaded(tmp_path: Path, dtype: torch.dtype) -> None:
    made = {LAYER: pair(), "model.layers.1.self_attn.q_proj": pair(seed=1)}
    digest = save_adapter(tmp_path / "a" / "b", made, rank=4, alpha=8, base="tiny", dtype=dtype)
    found = load_adapter(tmp_path / "a" / "b")
    assert digest == adapter_hash(tmp_path / "a" / "b")
    assert (found.rank, found.alpha, found.base) == (4, 8.0, "tiny")
    assert found.layers.keys() == made.keys()
    for layer, matrices in made.items():
        for ours, theirs in zip(found.layers[layer], matrices, strict=True):
            assert ours.dtype == dtype and torch.equal(ours, theirs.to(dtype))


def test_the_files_are_named_and_laid_out_as_peft_does(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {
        KEY.format("A"): (4, 64),
        KEY.format("B"): (128, 4),
    }
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert settings["peft_type"] == "LORA" and settings["target_modules"] == ["up_proj"]
    assert (settings["r"], settings["lora_alpha"], settings["base_model_name_or_path"]) == (4, 8, "tiny")


def test_merging_adds_the_scaled_product_and_leaves_other_weights_alone(folder: Path) -> None:
    first, second = pair()
    weights = {f"{LAYER}.weight": torch.randn(128, 64).bfloat16(), "model.norm.weight": torch.ones(64)}
    merged = merge(weights, load_adapter(folder))
    expected = weights[f"{LAYER}.weight"].float() + 2.0 * second @ first
    assert merged[f"{LAYER}.weight"].dtype == torch.float32
    torch.testing.assert_close(merged[f"{LAYER}.weight"], expected)
    assert merged["model.norm.weight"] is weights["model.norm.weight"]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, f"changes {LAYER}, which the model has not"),
        ({f"{LAYER}.weight": torch.ones(64, 128)}, "as a weight of 128 x 64, and the model's is 64 x 128"),
        ({f"{LAYER}.weight": torch.ones(64)}, "as a weight of 128 x 64, and the model's is 64"),
    ],
)
def test_an_adapter_for_another_model_is_refused(folder: Path, weights: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        merge(weights, load_adapter(folder))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peft_type": "IA3"}, "has peft_type = 'IA3', which is not supported"),
        ({"use_rslora": True}, "use_rslora = True"),
        ({"use_dora": True}, "use_dora = True"),
        ({"rank_pattern": {"q_proj": 8}}, "rank_pattern = "),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save = "),
        ({"init_lora_weights": "pissa"}, "init_lora_weights = 'pissa'"),
        ({"bias": "all"}, "bias = 'all'"),
    ],
)
def test_what_plain_lora_is_not_is_refused_by_name(folder: Path, settings: dict[str, Any], message: str) -> None:
    change(folder, **settings)
    with pytest.raises(ModelError, match=message):
        load_adapter(folder)


def test_settings_that_peft_adds_and_that_change_nothing_are_accepted(folder: Path) -> None:
    change(folder, lora_dropout=0.1, revision=None, rank_pattern={}, modules_to_save=None, auto_mapping=None)
    assert load_adapter(folder).rank == 4


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {KEY.format("A"): torch.ones(4, 64)},
        {KEY.format("A"): torch.ones(3, 64), KEY.format("B"): torch.ones(128, 4)},
        {KEY.format("A"): torch.ones(4, 64), KEY.format("B"): torch.ones(4, 128)},
        {KEY.format("A"): torch.ones(4), KEY.format("B"): torch.ones(128, 4)},
        {KEY.format("A"): torch.full((4, 64), torch.nan), KEY.format("B"): torch.ones(128, 4)},
        {"base_model.model.lm_head.weight": torch.ones(4, 64)},
        {"model.layers.0.mlp.up_proj.lora_A.weight": torch.ones(4, 64)},
    ],
)
def test_tensors_that_do_not_make_an_adapter_are_refused(folder: Path, tensors: dict[str, Tensor]) -> None:
    replace_tensors(folder, tensors)
    with pytest.raises(IntegrityError, match=r"^the adapter [^\n]*$"):
        load_adapter(folder)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"[1]", b'"text"', b'{"r": "many", "lora_alpha": 1}', b"\xff" * 99]
)
def test_files_that_are_missing_or_damaged_are_said_in_one_line(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=r"^the adapter [^\n]* cannot be read \([^\n]*$"):
        load_adapter(folder)


@pytest.mark.parametrize("alpha", [float("nan"), float("inf")])
def test_a_scale_that_is_no_number_is_refused(folder: Path, alpha: float) -> None:
    change(folder, lora_alpha=alpha)
    with pytest.raises(IntegrityError, match="which is no number"):
        load_adapter(folder)


def test_values_that_a_smaller_type_cannot_hold_are_not_saved(tmp_path: Path) -> None:
    first, second = pair()
    with pytest.raises(ModelError, match="has values that are no numbers"):
        save_adapter(tmp_path / "a", {LAYER: (first * 1e6, second)}, rank=4, alpha=8, base="tiny")
    assert not (tmp_path / "a").exists()
    with pytest.raises(DalleKitError, match="does not fit the rank 8"):
        save_adapter(tmp_path / "a", {LAYER: (first, second)}, rank=8, alpha=8, base="tiny")


def test_the_same_adapter_has_the_same_hash_and_a_changed_one_another(tmp_path: Path) -> None:
    first = save_adapter(tmp_path / "a", {LAYER: pair()}, rank=4, alpha=8, base="tiny")
    assert save_adapter(tmp_path / "b", {LAYER: pair()}, rank=4, alpha=8, base="tiny") == first
    assert save_adapter(tmp_path / "c", {LAYER: pair()}, rank=4, alpha=9, base="tiny") != first
    assert save_adapter(tmp_path / "d", {LAYER: pair(seed=1)}, rank=4, alpha=8, base="tiny") != first


def test_a_merged_model_computes_what_base_and_adapter_compute_apart(checkpoints: Checkpoints) -> None:
    """The reference is LoRA as published: each layer's output plus that of its two small matrices, in float32."""
    model = copy.deepcopy(checkpoints("llama")[0])
    linear = {
        name: layer for name, layer in model.named_modules() if isinstance(layer, torch.nn.Linear) and "proj" in name
    }
    assert len(linear) == 14
    layers = {}
    for seed, (name, layer) in enumerate(linear.items()):
        first, second = pair(4, layer.in_features, layer.out_features, seed)
        layers[name] = first * 0.1, second * 0.1
    tokens = torch.arange(40)[None]
    with torch.inference_mode():
        bare = model(tokens).logits
        hooks = [
            layer.register_forward_hook(
                lambda _, inputs, output, pair=layers[name]: output + 2.0 * (inputs[0] @ pair[0].T) @ pair[1].T
            )
            for name, layer in linear.items()
        ]
        expected = model(tokens).logits
        for hook in hooks:
            hook.remove()
        model.load_state_dict(merge(model.state_dict(), Adapter(layers, rank=4, alpha=8)))
        found = model(tokens).logits
    assert (expected - bare).abs().max() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
