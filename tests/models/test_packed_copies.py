"""Weights packed on this machine: made once, kept in the cache, made anew when the model or the copy has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from dalle_kit.engine.engine import Engine
from dalle_kit.errors import DiskSpaceError, ModelError, UnknownNameError
from dalle_kit.models.packed_copies import ensure_packed, remove_packed
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import quant_of, read_weights
from dalle_kit.paths import Paths
from tests.disks import small_disk

if TYPE_CHECKING:
    from tests.conftest import Checkpoints


@pytest.fixture
def plain(tmp_path: Path, paths: Paths) -> StoredModel:
    folder = tmp_path / "plain"
    folder.mkdir()
    random = torch.Generator().manual_seed(0)
    weights = {"embed.weight": torch.randn(32, 64, generator=random), "up.weight": torch.randn(48, 32)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return StoredModel(name="plain", path=str(folder))


def below(paths: Paths) -> list[str]:
    """What lies in the folder of packed copies besides locks."""
    return sorted(each.name for each in (paths.cache / "packed").iterdir() if each.name != ".locks")


def test_weights_are_packed_once_and_say_what_they_are(plain: StoredModel, paths: Paths) -> None:
    stages: list[str] = []
    first = ensure_packed(plain, quant="int4", progress=lambda stage, done, total: stages.append(stage))
    assert set(stages) == {"packing plain as int4"}
    assert (quant_of(Path(plain.path)), quant_of(first)) == ("none", "int4")
    made = (first / PACKED_FILE).stat().st_mtime_ns
    assert ensure_packed(plain, quant="int4") == first and (first / PACKED_FILE).stat().st_mtime_ns == made
    second = ensure_packed(plain, quant="int8")
    assert second != first and quant_of(second) == "int8" and below(paths) == sorted([first.name, second.name])


def test_what_is_stored_as_asked_is_used_in_place(plain: StoredModel, paths: Paths) -> None:
    packed = StoredModel(name="packed", path=str(ensure_packed(plain, quant="int8")))
    assert ensure_packed(packed, quant="int8") == Path(packed.path)
    assert len(below(paths)) == 1


def test_a_copy_of_other_weights_or_a_damaged_one_is_made_anew(plain: StoredModel, paths: Paths) -> None:
    copy = ensure_packed(plain, quant="int4")
    whole = (copy / PACKED_FILE).read_bytes()
    (copy / PACKED_FILE).write_bytes(whole[:-1])
    assert (ensure_packed(plain, quant="int4") / PACKED_FILE).read_bytes() == whole
    (copy / PACKED_FILE).write_bytes(b"\xff" * len(whole))
    assert (ensure_packed(plain, quant="int4") / PACKED_FILE).read_bytes() == whole
    (copy / "packed.json").write_text("{", encoding="utf-8")
    assert (ensure_packed(plain, quant="int4") / PACKED_FILE).read_bytes() == whole
    weights = {name: weight + 1 for name, weight in read_weights(Path(plain.path))}
    save_file(weights, Path(plain.path) / "model.safetensors", metadata={"format": "pt"})
    assert (ensure_packed(plain, quant="int4") / PACKED_FILE).read_bytes() != whole
    assert below(paths) == [copy.name]


def test_copies_go_with_their_model(paths: Paths, small_gguf: Path) -> None:
    registry = Registry(paths=paths)
    stored = registry.ensure(str(small_gguf))
    ensure_packed(stored, quant="int4")
    assert len(below(paths)) == 1
    assert registry.remove(str(small_gguf)) > 0
    assert below(paths) == [] and remove_packed(Path(stored.path)) == 0


PACK = """
import sys
from dalle_kit.models.packed_copies import ensure_packed
from dalle_kit.models.spec import StoredModel
def report(stage, done, total):
    print(stage, done == total, flush=True)
    if done == total:
        sys.stdin.readline()  # until it is let go on
print(ensure_packed(StoredModel(name="plain", path=sys.argv[1]), quant="int4", progress=report))
"""


def packing(plain: StoredModel) -> subprocess.Popen[str]:
    """Start a process that has packed a model and keeps it waiting for a line."""
    command = [sys.executable, "-c", PACK, plain.path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline() != "packing plain as int4 True\n":
        pass
    return process


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_packing_that_was_killed_leaves_nothing_and_can_be_repeated(plain: StoredModel, paths: Paths) -> None:
    process = packing(plain)
    process.kill()
    process.communicate()
    assert [name[:14] for name in below(paths)] == [".partial-int4-"]
    assert below(paths) != [ensure_packed(plain, quant="int4").name]
    assert below(paths) == [ensure_packed(plain, quant="int4").name]


def test_of_two_processes_one_waits_and_finds_the_copy(plain: StoredModel, paths: Paths) -> None:
    process = packing(plain)
    holding = process.stdin
    assert holding is not None
    stages: list[str] = []

    def let_it_go_on(stage: str, done: int, total: int | None) -> None:
        stages.append(stage)
        holding.write("\n")
        holding.flush()

    copy = ensure_packed(plain, quant="int4", progress=let_it_go_on)
    assert stages == ["waiting for another process that is working on plain"]
    assert process.communicate(timeout=120)[0].splitlines()[-1] == str(copy)
    assert below(paths) == [copy.name]


def test_a_disk_too_full_is_said_and_nothing_is_kept(
    plain: StoredModel, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dalle_kit.models.disk.free_space", lambda folder: 1000)
    with pytest.raises(DiskSpaceError, match=r"plain needs .* on the disk"):
        ensure_packed(plain, quant="int8")
    assert below(paths) == []


def test_a_disk_that_fills_up_while_packing_is_said_and_nothing_is_kept(
    plain: StoredModel, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(paths.cache, "1m"):
        save_file({"up.weight": torch.ones(1024, 2048)}, Path(plain.path) / "model.safetensors")
        monkeypatch.setattr("dalle_kit.models.disk.free_space", lambda folder: 10**9)
        with pytest.raises(DiskSpaceError, match=r"^plain needs \d+ MB on the disk [^\n]*$"):
            ensure_packed(plain, quant="int8")
        assert below(paths) == []


def test_a_cache_that_is_a_file_is_said_in_one_line(plain: StoredModel, paths: Paths) -> None:
    paths.cache.parent.mkdir(parents=True, exist_ok=True)
    paths.cache.write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match=r"^cannot store plain packed in [^\n]*DALLE_KIT_HOME[^\n]*$"):
        ensure_packed(plain, quant="int4")


def test_an_engine_keeps_its_weights_as_it_is_told(checkpoints: Checkpoints, paths: Paths) -> None:
    _, engine = checkpoints("qwen2")
    stored = StoredModel(name="tiny", path=engine.path)
    scores = {}
    for quant in ("auto", "none", "int8", "int4"):
        loaded = Engine.load(stored, device="cpu", quant=quant)
        assert loaded.quant == ("none" if quant == "auto" else quant)
        scores[quant] = loaded.score("one two three", " four five").log_likelihood
    assert len(set(scores.values())) == 3 and scores["auto"] == scores["none"]
    with pytest.raises(UnknownNameError, match="int5"):
        Engine.load(stored, device="cpu", quant="int5")
