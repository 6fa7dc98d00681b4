"""What a model's name stands for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import DalleKitError, IntegrityError, ModelError, UnknownNameError
from dalle_kit.models.builtin import builtin_models
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import HubSource, LocalSource, ModelSpec, WheelSource
from dalle_kit.models.weights import read_weights
from dalle_kit.paths import Paths

Write = Callable[..., Any]


def test_the_default_setting_is_the_first_built_in_model() -> None:
    from dalle_kit.config import Settings

    assert Registry().specs()[0].name == Settings().model


def test_every_built_in_model_states_its_needs_and_licence() -> None:
    for spec in builtin_models():
        assert spec.parameters and spec.download and spec.memory > spec.parameters // 2
        assert spec.licence != "unknown" and spec.summary
        if isinstance(spec.source, WheelSource):
            assert "==" in spec.source.requirement
            assert all(len(digest) == 64 for digest in spec.source.files.values())


def test_the_trained_parts_that_are_shipped_are_those_that_are_promised() -> None:
    from dalle_kit.models.adapters.pinned import load_pinned
    from dalle_kit.models.bridge import load_bridge

    made = [spec for spec in builtin_models() if spec.is_made]
    assert made
    for spec in made:
        assert spec.adapter is not None and load_pinned(spec.adapter).base == "smollm2-135m"
        assert spec.bridge is None or load_bridge(spec.bridge).queries == 16
        assert sum(file.stat().st_size for file in Path(spec.adapter.path).iterdir()) < 30_000_000


def test_plugins_add_names_and_cannot_take_a_built_in_one(paths: Paths) -> None:
    own = ModelSpec(name="acme-1b", source=HubSource(repo="acme/1b"))
    thief = ModelSpec(name="smollm2-135m", source=HubSource(repo="acme/evil"))
    registry = Registry([own, thief], paths=paths)
    assert registry.resolve("acme-1b") == own
    assert isinstance(registry.resolve("smollm2-135m").source, WheelSource)
    assert [spec.name for spec in registry.specs()] == [*(spec.name for spec in builtin_models()), "acme-1b"]


def test_aliases_are_followed_also_over_several_steps(paths: Paths) -> None:
    registry = Registry(aliases={"mine": "small", "small": "smollm2-135m", "far": "hub:acme/1b@v2"}, paths=paths)
    assert registry.resolve("mine").name == "smollm2-135m"
    assert registry.resolve("far").source == HubSource(repo="acme/1b", revision="v2")


def test_aliases_in_a_circle_are_an_error_that_shows_it(paths: Paths) -> None:
    with pytest.raises(ModelError, match="a -> b -> a"):
        Registry(aliases={"a": "b", "b": "a"}, paths=paths).resolve("a")


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*"abcdef", "smollm2-135m"])), st.sampled_from("abcdef")
)
def test_any_aliases_lead_to_a_model_or_to_an_error(aliases: dict[str, str], name: str) -> None:
    try:
        assert Registry(aliases=aliases).resolve(name).name == "smollm2-135m"
    except DalleKitError as error:
        assert "\n" not in str(error)


def test_the_hub_name_of_a_built_in_model_is_that_model(paths: Paths) -> None:
    registry = Registry(paths=paths)
    assert registry.resolve("hub:HuggingFaceTB/SmolLM2-360M-Instruct").name == "smollm2-360m"
    assert registry.resolve("hub:HuggingFaceTB/SmolLM2-360M-Instruct@v1").name.startswith("hub:")


@pytest.mark.parametrize(
    ("name", "nearest"), [("smollm2-135", "smollm2-135m"), ("SmolLM2-135M", "smollm2-135m"), ("minlm", None)]
)
def test_an_unknown_name_is_answered_with_the_nearest(paths: Paths, name: str, nearest: str | None) -> None:
    with pytest.raises(UnknownNameError) as caught:
        Registry(paths=paths).resolve(name)
    assert caught.value.nearest == nearest or nearest is None
    assert "hub:REPO" in str(caught.value)


def checkpoint(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_a_checkpoint_folder_is_used_in_place(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkpoint(tmp_path / "mine")
    registry = Registry(paths=paths)
    stored = registry.ensure(str(folder))
    assert stored.path == str(folder) and stored == registry.find(str(folder))
    monkeypatch.chdir(tmp_path)
    assert Registry(paths=paths).resolve("./mine").source == LocalSource(path=str(folder))
    assert not paths.models.exists()
    with pytest.raises(ModelError, match="a folder of your own"):
        registry.remove(str(folder))
    assert folder.exists()


def test_a_name_of_the_registry_wins_over_a_folder_of_that_name(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint(tmp_path / "smollm2-135m")
    monkeypatch.chdir(tmp_path)
    assert isinstance(Registry(paths=paths).resolve("smollm2-135m").source, WheelSource)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], r"has no config\.json; give the folder of a transformers checkpoint"),
        (["m.gguf"], r"has no config\.json; give the file itself: .*m\.gguf"),
        (["config.json"], "has no weights"),
    ],
)
def test_a_folder_without_a_checkpoint_is_refused(paths: Paths, tmp_path: Path, files: list[str], message: str) -> None:
    (tmp_path / "m").mkdir()
    for name in files:
        (tmp_path / "m" / name).write_bytes(b"{}")
    with pytest.raises(ModelError, match=message):
        Registry(paths=paths).resolve(str(tmp_path / "m"))


@pytest.mark.parametrize("name", ["./nothing", "nothing.gguf", "a/b/c"])
def test_a_path_where_nothing_is_is_called_a_path(paths: Paths, tmp_path: Path, name: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="there is no file or folder"):
        Registry(paths=paths).resolve(name)


def test_a_file_of_another_kind_is_refused(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"is no folder and no \.gguf file"):
        Registry(paths=paths).resolve(str(tmp_path / "model.onnx"))


def test_a_pipe_is_no_model_and_is_not_waited_for(paths: Paths, tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    os.mkfifo(tmp_path / "model.gguf")
    with pytest.raises(ModelError, match=r"is no folder and no \.gguf file"):
        Registry(paths=paths).resolve(str(tmp_path / "model.gguf"))


@pytest.mark.parametrize("lost", ["adapter_config.json", "adapter_model.safetensors"])
def test_half_of_an_adapter_is_said_to_be_half(paths: Paths, tmp_path: Path, lost: str) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "smollm2-135m"}', encoding="utf-8")
    (tmp_path / "adapter_model.safetensors").touch()
    (tmp_path / lost).unlink()
    with pytest.raises(ModelError, match=f"^the adapter .*{lost}"):
        Registry(paths=paths).resolve(str(tmp_path))


def test_a_gguf_file_is_converted_once_and_known_by_its_content(paths: Paths, small_gguf: Path, tmp_path: Path) -> None:
    registry = Registry(paths=paths)
    assert registry.find(str(small_gguf)) is None
    stored = registry.ensure(str(small_gguf))
    written = Path(stored.path, PACKED_FILE).stat().st_mtime_ns
    moved = tmp_path / "elsewhere.gguf"
    small_gguf.rename(moved)
    again = registry.ensure(str(moved))
    assert again.path == stored.path and again.sha256 == stored.sha256 and again.name == str(moved)
    assert Path(stored.path, PACKED_FILE).stat().st_mtime_ns == written
    (entry,) = registry.stored()
    assert entry.manifest.source["path"] == str(moved)
    moved.unlink()
    assert registry.ensure(entry.folder.name).path == stored.path
    assert registry.remove(entry.folder.name) > 0
    assert registry.stored() == ()


def test_a_changed_gguf_file_is_converted_anew(paths: Paths, small_gguf: Path, write_llama: Write) -> None:
    registry = Registry(paths=paths)
    first = registry.ensure(str(small_gguf))
    write_llama(small_gguf, kind="Q4_0")
    assert registry.find(str(small_gguf)) is None
    assert registry.ensure(str(small_gguf)).path != first.path


def test_a_damaged_conversion_is_made_anew_from_its_file_only(paths: Paths, small_gguf: Path) -> None:
    registry = Registry(paths=paths)
    stored = registry.ensure(str(small_gguf))
    Path(stored.path, "config.json").unlink()
    with pytest.raises(IntegrityError, match=r"damaged \(config\.json is missing\)"):
        registry.ensure(Path(stored.path).name)
    assert registry.find(str(small_gguf)) is None
    assert registry.ensure(str(small_gguf)) == stored
    assert registry.remove(str(small_gguf)) > 0


def test_a_broken_gguf_file_leaves_nothing(paths: Paths, small_gguf: Path) -> None:
    small_gguf.write_bytes(small_gguf.read_bytes()[:-100])
    with pytest.raises(IntegrityError, match="truncated or damaged"):
        Registry(paths=paths).ensure(str(small_gguf))
    assert [each.name for each in paths.models.iterdir()] == [".locks"]


def test_removing_what_is_not_here_is_an_error(paths: Paths) -> None:
    with pytest.raises(ModelError, match="is not stored on this machine"):
        Registry(paths=paths).remove("smollm2-135m")
    with pytest.raises(UnknownNameError):
        Registry(paths=paths).remove("smollm2-13")


def test_threads_that_ask_at_once_get_one_conversion(paths: Paths, small_gguf: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    registry = Registry(paths=paths)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: registry.ensure(str(small_gguf)), range(4)))
    assert {replace(each, spec=None) for each in found} == {replace(found[0], spec=None)}
    assert len(registry.stored()) == 1


def test_the_default_model_finds_english_as_likely_as_its_weights_say(default_model_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoConfig, LlamaForCausalLM

    tokenizer = Tokenizer.from_file(str(default_model_path / "tokenizer.json"))
    config, weights = AutoConfig.from_pretrained(default_model_path), dict(read_weights(default_model_path))
    model = LlamaForCausalLM.from_pretrained(None, config=config, state_dict=weights)
    text = "Paris is the capital of France. Berlin is the capital of Germany. Rome is the capital of Italy."
    tokens = torch.tensor([tokenizer.encode(text).ids])
    with torch.no_grad():
        surprise = float(model(tokens, labels=tokens).loss)
    # Nats a token, measured on weights dequantised apart from ours. It is 1.88 where the rows of query and key stay
    # interleaved: a mistake that still leaves fluent English.
    assert surprise == pytest.approx(1.474, abs=0.02)
