"""Exported checkpoints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from dalle_kit.cli.models import models
from dalle_kit.errors import ModelError, OutputError
from dalle_kit.export.checkpoint import export_checkpoint
from dalle_kit.models import disk
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import read_weights

Checkpoints = Callable[[str], tuple[Any, Any]]


def stored(path: Path | str) -> StoredModel:
    return StoredModel(name="small", path=str(path))


def test_weights_are_copied_bit_by_bit(checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints("qwen2")
    export_checkpoint(stored(engine.path), tmp_path / "out")
    source = Path(engine.path)
    names = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {file.name for file in (tmp_path / "out").iterdir()} == names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_packed_weights_become_the_numbers_they_stand_for(checkpoints: Checkpoints, tmp_path: Path) -> None:
    from dalle_kit.models.packing import write_packed

    _, engine = checkpoints("llama")
    packed = tmp_path / "packed"
    packed.mkdir()
    write_packed(Path(engine.path), packed, bits="int8", name="small", stage="", progress=lambda *_: None)
    (packed / "config.json").write_bytes(Path(engine.path, "config.json").read_bytes())
    export_checkpoint(stored(packed), tmp_path / "out")
    found, wanted = load_file(tmp_path / "out" / "model.safetensors"), dict(read_weights(packed))
    assert found.keys() == wanted.keys() and found
    for name, value in wanted.items():
        assert value.dtype == found[name].dtype == torch.float32
        assert torch.equal(found[name], value), name


def test_pickled_weights_change_their_container_only(checkpoints: Checkpoints, tmp_path: Path) -> None:
    model, engine = checkpoints("gpt2")
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in Path(engine.path).glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    torch.save({name: value.bfloat16() for name, value in model.state_dict().items()}, folder / "pytorch_model.bin")
    export_checkpoint(stored(folder), tmp_path / "out")
    found = load_file(tmp_path / "out" / "model.safetensors")
    for name, value in model.state_dict().items():
        if name != "lm_head.weight":  # the same as the table of vectors
            assert torch.equal(found[name], value.bfloat16()), name


def test_a_folder_with_something_in_it_is_left_alone(checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints("llama")
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists and is not an empty folder"):
        export_checkpoint(stored(engine.path), tmp_path)
    with pytest.raises(OutputError, match="exists and is not an empty folder"):
        export_checkpoint(stored(engine.path), tmp_path / "mine.txt")
    with pytest.raises(OutputError, match="cannot write"):
        export_checkpoint(stored(engine.path), tmp_path / "mine.txt" / "out")
    (tmp_path / "empty").mkdir()
    export_checkpoint(stored(engine.path), tmp_path / "empty")
    assert (tmp_path / "empty" / "model.safetensors").is_file()


def test_nothing_is_kept_of_an_export_that_failed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": "gpt2"}), encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        export_checkpoint(stored(tmp_path / "model"), tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_damaged_model_is_not_exported(name: str, checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints("gpt2")
    shutil.copytree(engine.path, tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(b"\xff" * 5000)
    with pytest.raises(ModelError, match="cannot be read"):
        export_checkpoint(stored(tmp_path / "model"), tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_a_full_disk_is_said(checkpoints: Checkpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, engine = checkpoints("llama")
    monkeypatch.setattr(disk, "free_space", lambda folder: 1000)
    with pytest.raises(OutputError, match=r"the export takes .* MB and 1 MB are free"):
        export_checkpoint(stored(engine.path), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_command_converts_what_another_program_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    source = Path(__file__).parents[1] / "models" / "tensorflow" / "data" / "gpt2"
    arguments = ["export", str(source), "-o", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(models, arguments, catch_exceptions=False)
    assert json.loads(result.stdout) == {
        "name": str(source),
        "format": "safetensors",
        "path": str(tmp_path / "out"),
        "differences": {},
    }
    assert load_file(tmp_path / "out" / "model.safetensors")["transformer.wpe.weight"].shape == (24, 16)
