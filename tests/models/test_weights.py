"""Packed weights in a folder: which matrices are packed, what they are read as, and what refuses them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from dalle_kit.engine.engine import Engine
from dalle_kit.errors import DiskSpaceError, ModelError
from dalle_kit.models.manifest import FILE, Manifest
from dalle_kit.models.packing import write_packed
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.quantization import quantize4, quantize8
from dalle_kit.models.spec import Bits, StoredModel, silent
from dalle_kit.models.weights import dequantize, read_panels, read_shapes, read_weights

if TYPE_CHECKING:
    from tests.conftest import Checkpoints


def matrix(seed: int = 0, rows: int = 16, columns: int = 96) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


WEIGHTS = {
    "embed_tokens.weight": matrix(1),
    "whole.weight": matrix(),
    "odd.weight": matrix(columns=33),
    "short.weight": matrix(rows=15),
    "norm.weight": torch.ones(64).bfloat16(),
    "positions": torch.arange(64)[None],
}


def write(folder: Path, weights: dict[str, Tensor]) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def packed(source: Path, folder: Path, bits: Bits = "int8") -> Path:
    folder.mkdir(exist_ok=True)
    write_packed(source, folder, bits=bits, name="it", stage="packing", progress=silent)
    return folder


def test_matrices_of_whole_panels_are_packed_and_tables_keep_8_bits(tmp_path: Path) -> None:
    source = write(tmp_path / "plain", WEIGHTS)
    folder = packed(source, tmp_path / "packed", "int4")
    stored = load_file(folder / PACKED_FILE)
    assert torch.equal(stored["whole.weight"], quantize4(WEIGHTS["whole.weight"]))
    assert torch.equal(stored["embed_tokens.weight"], quantize8(WEIGHTS["embed_tokens.weight"]))
    found = dict(read_weights(folder))
    assert read_shapes(folder) == {name: tuple(weight.shape) for name, weight in WEIGHTS.items()}
    assert torch.equal(found["whole.weight"], dequantize(stored["whole.weight"]))
    for name in WEIGHTS.keys() - {"whole.weight", "embed_tokens.weight"}:
        wanted = WEIGHTS[name]
        assert torch.equal(found[name], wanted)
        assert found[name].dtype == (torch.float32 if wanted.is_floating_point() else wanted.dtype)


def test_what_is_packed_already_stays_to_the_bit_unless_it_is_changed(tmp_path: Path) -> None:
    first = packed(write(tmp_path / "plain", WEIGHTS), tmp_path / "first", "int4")
    (tmp_path / "second").mkdir()

    def change(name: str, weight: Tensor) -> Tensor:
        return weight + 1 if name == "whole.weight" else weight

    write_packed(first, tmp_path / "second", bits="int4", name="it", stage="x", progress=silent, change=change)
    before, after = read_panels(first), read_panels(tmp_path / "second")
    assert before.keys() == after.keys()
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["whole.weight"]
    assert torch.equal(after["whole.weight"], quantize4(dequantize(before["whole.weight"]) + 1))


def test_panels_are_mapped_and_begin_on_whole_cache_lines(tmp_path: Path) -> None:
    folder = packed(write(tmp_path / "plain", {"a.weight": matrix(rows=32), "z": torch.ones(16)}), tmp_path / "packed")
    panels = read_panels(folder)
    assert {tensor.data_ptr() % 64 for tensor in panels.values()} == {0}
    weight = panels["a.weight"]
    assert weight.shape == (2, 3, 544) and weight.dtype == torch.uint8
    weight[0, 0, 0] ^= 1  # a mapping of one's own: the file keeps what it has
    assert not torch.equal(read_panels(folder)["a.weight"], weight)


def test_weights_in_several_files_are_read_together(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": torch.ones(3)}, tmp_path / "model-00002-of-00002.safetensors")
    assert read_shapes(tmp_path) == {"a": (2,), "b": (3,)}
    assert [name for name, _ in read_weights(tmp_path)] == ["a", "b"]
    assert list(read_panels(packed(tmp_path, tmp_path / "packed"))) == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"\xff" * 64])
def test_a_file_that_is_no_safetensors_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PACKED_FILE).write_bytes(content)
    for read in (read_shapes, read_panels):
        with pytest.raises(ModelError, match=r"^the weights [^\n]*panels\.safetensors cannot be read \([^\n]*$"):
            read(tmp_path)


def test_weights_of_which_a_file_is_missing_are_not_read(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "model-00001-of-00003.safetensors")
    save_file({"b": torch.ones(3)}, tmp_path / "model-00002-of-00003.safetensors")
    with pytest.raises(ModelError, match="has 2 of its 3 files of weights; copy or save the model anew"):
        read_shapes(tmp_path)


def test_what_to_do_about_damaged_weights_is_said_for_ones_own_and_for_those_that_were_fetched(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ModelError, match=r"; copy or save the model anew$"):
        read_shapes(folder)
    (folder / FILE).write_bytes(Manifest(name="hub:a/b c", source={"kind": "hub"}, files={}).to_json())
    with pytest.raises(ModelError, match=r"; remove the model, and .*: dalle-kit models remove 'hub:a/b c'$"):
        read_shapes(folder)


def test_a_truncated_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    folder = packed(write(tmp_path / "plain", WEIGHTS), tmp_path / "packed")
    whole = (folder / PACKED_FILE).read_bytes()
    for length in (4, 200, len(whole) // 2, len(whole) - 1):
        (folder / PACKED_FILE).write_bytes(whole[:length])
        with pytest.raises(ModelError, match="cannot be read"):
            read_panels(folder)


def test_weights_that_are_no_numbers_are_not_packed(tmp_path: Path) -> None:
    weight = matrix()
    weight[3, 4] = torch.inf
    with pytest.raises(ModelError, match=r"the weight a\.weight holds what is no number: the model is damaged"):
        packed(write(tmp_path / "plain", {"a.weight": weight}), tmp_path / "packed")


def test_a_folder_without_weights_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no weights as safetensors"):
        list(read_weights(tmp_path))
    with pytest.raises(ModelError, match="has no packed weights"):
        read_panels(tmp_path)


def test_a_disk_too_full_for_the_packed_file_is_said_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "plain", WEIGHTS)
    monkeypatch.setattr("dalle_kit.models.disk.free_space", lambda folder: 1000)
    with pytest.raises(DiskSpaceError, match=r"it needs .* on the disk"):
        packed(source, tmp_path / "packed")
    assert not (tmp_path / "packed" / PACKED_FILE).exists()


@pytest.mark.parametrize("bits", ["int8", "int4"])
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "t5"])
def test_a_packed_model_computes_with_the_weights_its_codes_stand_for(
    kind: str, bits: Bits, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    _, engine = checkpoints(kind)
    folder, plain = packed(Path(engine.path), tmp_path / "packed", bits), tmp_path
    save_file(dict(read_weights(folder)), plain / "model.safetensors", metadata={"format": "pt"})
    for file in Path(engine.path).glob("*.json"):
        for place in (folder, plain):
            (place / file.name).write_bytes(file.read_bytes())
    scores = [
        Engine.load(StoredModel(name="m", path=str(place)), device="cpu").score("one two three", " four five")
        for place in (folder, plain)
    ]
    assert scores[0].log_likelihood == pytest.approx(scores[1].log_likelihood, rel=1e-5)
    assert scores[0] != engine.score("one two three", " four five")


def test_transformers_does_not_take_panels_for_weights(checkpoints: Checkpoints, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    _, engine = checkpoints("llama")
    (tmp_path / "config.json").write_bytes((Path(engine.path) / "config.json").read_bytes())
    packed(Path(engine.path), tmp_path)
    with pytest.raises(OSError, match=r"model\.safetensors"):
        AutoModelForCausalLM.from_pretrained(tmp_path)
