"""Models with a bridge: an encoder and a decoder that are joined when the model is pulled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from dalle_kit.engine.engine import Engine
from dalle_kit.errors import DiskSpaceError, DownloadError, IntegrityError, ModelError
from dalle_kit.models import disk
from dalle_kit.models.adapters import load_adapter
from dalle_kit.models.bridge import bridge_hash, load_bridge, save_bridge
from dalle_kit.models.packed_copies import ensure_packed
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import (
    AdapterSource,
    BridgeSource,
    LocalSource,
    MemorySource,
    ModelSpec,
    StoredModel,
    WheelSource,
)
from dalle_kit.models.weights import quant_of, read_panels, read_weights
from tests.models.conftest import write_wheel
from tests.models.test_merged_models import note_of, write_adapter

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

    from tests.models.conftest import TinyModel

ENCODER = {
    "vocab_size": 300,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def write_bridge(folder: Path, encoder: Any, decoder: Any, *, seed: int = 0, memory: str = "prefix") -> str:
    """Write a random bridge between two models of transformers; return its hash."""
    from dalle_kit.modeling import DalleForConditionalGeneration

    torch.manual_seed(seed)
    model = DalleForConditionalGeneration.assemble(encoder=encoder, decoder=decoder, memory=memory, queries=3)
    assert model.gate is not None
    torch.nn.init.constant_(model.gate, 0.5)
    return save_bridge(folder, dict(model.bridge_parameters()), memory=memory, queries=3)


@dataclass(frozen=True)
class Bridged:
    """A registry with ``tiny``, ``tiny-encoder`` and ``tiny-dalle``, which is made of both, and the pieces of it."""

    tiny: TinyModel
    encoder: ModelSpec
    encoder_wheel: Path
    encoder_folder: Path
    spec: ModelSpec

    @property
    def registry(self) -> Registry:
        return self.with_spec()

    def with_spec(self, **changes: Any) -> Registry:
        return Registry([self.tiny.spec, self.encoder, replace(self.spec, **changes)], paths=self.tiny.paths)

    @property
    def bridge(self) -> BridgeSource:
        assert self.spec.bridge is not None
        return self.spec.bridge


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, unigram: Backend) -> Path:
    """A folder with an encoder and with a bridge from it to the tiny decoder."""
    from transformers import BertConfig, BertModel

    root = tmp_path_factory.mktemp("trained")
    torch.manual_seed(1)
    encoder = BertModel(BertConfig(**{**ENCODER, "vocab_size": unigram.get_vocab_size()})).eval()
    encoder.save_pretrained(root / "encoder")
    unigram.save(str(root / "encoder" / "tokenizer.json"))
    (root / "encoder" / "modules.json").write_text("[]", encoding="utf-8")
    write_bridge(root / "bridge", encoder, llama(width=64))
    return root


@pytest.fixture
def bridged(tiny: TinyModel, tmp_path: Path, trained: Path) -> Bridged:
    for part in ("encoder", "bridge"):
        shutil.copytree(trained / part, tmp_path / part)
    folder = tmp_path / "encoder"
    contents = {f"tiny_encoder/{file.name}": file.read_bytes() for file in sorted(folder.iterdir())}
    wheel = write_wheel(tmp_path / "wheels", contents, name="tiny_encoder")
    files = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    source = WheelSource(requirement="tiny-encoder==1.0", files=files, folder="tiny_encoder", size=wheel.stat().st_size)
    encoder = ModelSpec(name="tiny-encoder", source=source, role="encoder")
    bridge = BridgeSource(path=str(tmp_path / "bridge"), sha256=bridge_hash(tmp_path / "bridge"), encoder=source)
    adapter = write_adapter(tmp_path / "adapter")
    controls = {"<|endoftext|>": "<fim_pad>"}
    spec = replace(tiny.spec, name="tiny-dalle", adapter=adapter, bridge=bridge, controls=controls)
    return Bridged(tiny, encoder, wheel, folder, spec)


def llama(*, width: int) -> Any:
    """Make a decoder of which a bridge sees the width alone."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(2)
    sizes = {"intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=99, hidden_size=width, **sizes))


def assembled(bridged: Bridged, folder: Path) -> Any:
    """Put the same model together with the parts of transformers, and save it into a folder."""
    from transformers import AutoModel

    from dalle_kit.modeling import DalleForConditionalGeneration, copy_tokenizers
    from dalle_kit.training.networks import read_causal

    assert bridged.spec.adapter is not None
    decoder = read_causal(Path(bridged.tiny.registry.ensure("tiny").path))
    adapter = load_adapter(Path(bridged.spec.adapter.path))
    with torch.no_grad():
        for name, weight in decoder.named_parameters():
            weight.copy_(adapter.add_to(name, weight))
    encoder = AutoModel.from_pretrained(bridged.encoder_folder)
    model = DalleForConditionalGeneration.assemble(encoder=encoder, decoder=decoder, queries=3)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in load_file(Path(bridged.bridge.path) / "bridge.safetensors").items():
            parameters[name].copy_(tensor)
    model.save_pretrained(folder)
    copy_tokenizers(folder, decoder=bridged.tiny.store / "tiny", encoder=bridged.encoder_folder)
    return model.eval()


def test_the_parts_are_fetched_and_joined_once_and_then_found_offline(bridged: Bridged) -> None:
    stages: list[str] = []
    registry = bridged.registry
    assert registry.find("tiny-dalle") is None
    stored = registry.ensure("tiny-dalle", progress=lambda stage, done, total: stages.append(stage))
    fetched = ["fetching tiny-dalle", "converting", "fetching tiny-dalle: its encoder", "joining encoder and decoder"]
    assert list(dict.fromkeys(stages)) == fetched
    assert bridged.tiny.leftovers() == ["tiny-dalle"]
    files = sorted(file.relative_to(stored.path).as_posix() for file in Path(stored.path).rglob("*") if file.is_file())
    assert files == [
        "config.json",
        "dalle-kit.json",
        "encoder_tokenizer/tokenizer.json",
        "generation_config.json",
        PACKED_FILE,
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    note = note_of(stored.path)
    sources = [bridged.tiny.spec.source, bridged.encoder.source]
    digests = [dict(source.files) for source in sources if isinstance(source, WheelSource)]
    assert note["base"] == digests[0]["tiny_model/small.gguf"]
    assert note["encoder"] == digests[1]["tiny_encoder/model.safetensors"]
    assert bridged.spec.adapter is not None
    assert (note["adapter"], note["bridge"]) == (bridged.spec.adapter.sha256, bridged.bridge.sha256)
    assert note["controls"] == {"<|endoftext|>": "<fim_pad>"} and note["sha256"] == stored.sha256
    assert note["licence"] == "MIT"
    for wheel in (bridged.tiny.wheel, bridged.encoder_wheel):
        wheel.unlink()
    assert bridged.registry.ensure("tiny-dalle") == stored


def test_what_is_stored_is_what_putting_the_parts_together_and_packing_them_gives(
    bridged: Bridged, tmp_path: Path
) -> None:
    from dalle_kit.modeling.configuration import DalleConfig, reader_config

    stored = Path(bridged.registry.ensure("tiny-dalle").path)
    assembled(bridged, tmp_path / "reference")
    reference = StoredModel(name="reference", path=str(tmp_path / "reference"))
    expected, found = read_panels(ensure_packed(reference, quant="int8")), read_panels(stored)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name
    assert quant_of(stored) == "int8"
    configs = [DalleConfig.from_pretrained(folder) for folder in (stored, tmp_path / "reference")]
    assert reader_config(configs[0]).to_dict() == reader_config(configs[1]).to_dict()
    whole = [{**config.to_dict(), "encoder": None} for config in configs]
    for config in whole:
        for part in (config, config["decoder"]):
            part.pop("_name_or_path", None)
    assert whole[0] == whole[1]


def test_a_bridged_model_writes_and_reads_on_the_fastest_path(bridged: Bridged, tmp_path: Path) -> None:
    stored = bridged.registry.ensure("tiny-dalle")
    engine = Engine.load(stored, device="cpu")
    assert (engine.family, engine.quant, engine.sha256) == ("dalle", "int8", stored.sha256)
    model = assembled(bridged, tmp_path / "reference")
    other = Engine.load(StoredModel(name="reference", path=str(tmp_path / "reference")), device="cpu", quant="int8")
    assert engine.score("hello", " world") == other.score("hello", " world")
    assert torch.allclose(engine.encode(["hello world"]), other.encode(["hello world"]))
    assert model.config.queries == 3


def test_a_bridged_model_can_be_trained_on(bridged: Bridged) -> None:
    from dalle_kit.training.networks import causal_origin

    stored = bridged.registry.ensure("tiny-dalle")
    origin = causal_origin(stored.name, Path(stored.path), stored.sha256)
    state = origin.make().state_dict()
    assert all(torch.equal(state[name], weight) for name, weight in read_weights(Path(stored.path)))
    assert sorted(origin.tokenizers) == ["", "encoder_tokenizer"] and origin.read_examples is not None


@pytest.mark.parametrize("first", ["tiny", "tiny-encoder"])
def test_a_part_that_is_here_is_not_fetched_again_and_stays_itself(first: str, bridged: Bridged) -> None:
    registry = bridged.registry
    part = registry.ensure(first)
    (bridged.tiny.wheel if first == "tiny" else bridged.encoder_wheel).unlink()
    registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == sorted([first, "tiny-dalle"])
    assert registry.find(first) == part
    assert registry.remove(first) > 0 and registry.find("tiny-dalle") is not None


def test_a_damaged_encoder_in_the_store_is_fetched_and_not_joined(bridged: Bridged) -> None:
    Path(bridged.registry.ensure("tiny-encoder").path, "config.json").write_text("", encoding="utf-8")
    stages: set[str] = set()
    bridged.registry.ensure("tiny-dalle", progress=lambda stage, done, total: stages.add(stage))
    assert "fetching tiny-dalle: its encoder" in stages


def test_an_encoder_that_cannot_be_fetched_leaves_nothing_and_can_be_tried_again(bridged: Bridged) -> None:
    data = bridged.encoder_wheel.read_bytes()
    bridged.encoder_wheel.unlink()
    with pytest.raises(DownloadError):
        bridged.registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == []
    bridged.encoder_wheel.write_bytes(data)
    bridged.registry.ensure("tiny-dalle")


def test_a_full_disk_is_noticed_and_nothing_is_kept(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    needed: list[int] = []
    check = disk.check_space
    monkeypatch.setattr(disk, "check_space", lambda folder, size, name: needed.append(size))
    bridged.registry.ensure("tiny-dalle")
    bridged.registry.remove("tiny-dalle")
    wheels = [bridged.tiny.wheel, bridged.encoder_wheel]
    assert needed[0] >= 2 * sum(wheel.stat().st_size for wheel in wheels)
    monkeypatch.setattr(disk, "check_space", check)
    monkeypatch.setattr(disk, "free_space", lambda folder: disk.MARGIN + needed[0] - 1)
    with pytest.raises(DiskSpaceError, match=r"^tiny-dalle needs"):
        bridged.registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == []


@pytest.mark.parametrize("part", ["adapter", "bridge", "controls", "encoder"])
def test_a_model_with_another_part_is_made_anew(part: str, bridged: Bridged, tmp_path: Path) -> None:
    first = bridged.registry.ensure("tiny-dalle")
    changes: dict[str, Any] = {"adapter": None, "controls": {}}
    if part == "bridge":
        digest = write_bridge(tmp_path / "other", _bert(bridged), llama(width=64), seed=7)
        changes["bridge"] = replace(bridged.bridge, path=str(tmp_path / "other"), sha256=digest)
    if part == "encoder":
        changes["bridge"] = replace(bridged.bridge, encoder=LocalSource(path=str(bridged.encoder_folder)))
    changed = bridged.with_spec(**{name: value for name, value in changes.items() if name in (part, "bridge")})
    assert changed.find("tiny-dalle") is None
    second = changed.ensure("tiny-dalle")
    assert second.path == first.path and changed.find("tiny-dalle") == second
    assert (second.sha256 == first.sha256) == (part in ("controls", "encoder"))
    assert bridged.registry.find("tiny-dalle") is None


def test_an_encoder_on_this_machine_that_was_saved_anew_is_joined_anew(bridged: Bridged) -> None:
    local = replace(bridged.bridge, encoder=LocalSource(path=str(bridged.encoder_folder)))
    registry = bridged.with_spec(bridge=local)
    registry.ensure("tiny-dalle")
    assert registry.find("tiny-dalle") is not None
    os.utime(bridged.encoder_folder / "model.safetensors", (1, 1))
    assert registry.find("tiny-dalle") is None


def _bert(bridged: Bridged) -> Any:
    from transformers import AutoModel

    return AutoModel.from_pretrained(bridged.encoder_folder)


@pytest.mark.parametrize("name", ["bridge.json", "bridge.safetensors"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"{"),
        lambda file: file.write_bytes(b"[]"),
        lambda file: file.write_bytes(file.read_bytes() + b" "),
    ],
)
def test_a_damaged_bridge_is_refused_before_anything_is_fetched(
    bridged: Bridged, name: str, damage: Callable[[Path], object]
) -> None:
    damage(Path(bridged.bridge.path, name))
    bridged.tiny.wheel.unlink()
    with pytest.raises(IntegrityError, match=r"^the bridge [^\n]*; install what it came with anew$"):
        bridged.registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("gate"), "lacks gate, by its bridge.json"),
        (lambda tensors: tensors.pop("encoder.resampler.queries"), "lacks encoder.resampler.queries"),
        (
            lambda tensors: tensors.update({"decoder.lm_head.weight": torch.ones(2)}),
            "'decoder.lm_head.weight', which is",
        ),
        (lambda tensors: tensors["gate"].fill_(torch.nan), "gate has values that are no numbers"),
    ],
)
def test_a_bridge_of_other_tensors_is_refused(
    bridged: Bridged, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = Path(bridged.bridge.path)
    tensors = load_file(folder / "bridge.safetensors")
    change(tensors)
    save_file(tensors, folder / "bridge.safetensors")
    registry = bridged.with_spec(bridge=replace(bridged.bridge, sha256=bridge_hash(folder)))
    with pytest.raises(IntegrityError, match=message):
        registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors["gate"].fill_(1e6), "gate has values that are no numbers"),
        (lambda tensors: tensors.pop("gate"), "should not have encoder.projection.output.weight"),
        (lambda tensors: tensors.update({"decoder.model.norm.weight": torch.ones(2)}), "which is of no bridge"),
    ],
)
def test_what_is_no_bridge_is_not_saved(
    bridged: Bridged, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    tensors = {name: tensor.float() for name, tensor in load_bridge(bridged.bridge).tensors.items()}
    change(tensors)
    with pytest.raises(ModelError, match=message):
        save_bridge(tmp_path / "saved", tensors, memory="prefix", queries=3)
    assert not (tmp_path / "saved").exists()


def test_a_bridge_may_have_the_fusion_or_the_memory_alone(bridged: Bridged) -> None:
    tensors = load_bridge(bridged.bridge).tensors
    folder = Path(bridged.bridge.path)
    resampler = {name: tensor for name, tensor in tensors.items() if "resampler" in name}
    fusion = {name: tensor for name, tensor in tensors.items() if "resampler" not in name}
    for memory, kept in (("prefix", resampler), ("none", fusion)):
        digest = save_bridge(folder, kept, memory=memory, queries=3)
        stored = bridged.with_spec(bridge=replace(bridged.bridge, sha256=digest)).ensure("tiny-dalle")
        engine = Engine.load(stored, device="cpu")
        assert engine.context == (125 if memory == "prefix" else 128)
        assert engine.score("hello", " world").log_likelihood < 0


def test_a_bridge_with_a_memory_that_needs_other_layers_is_refused(bridged: Bridged) -> None:
    folder = Path(bridged.bridge.path)
    settings = {"memory": "cross-attention", "queries": 3, "fusion": True}
    (folder / "bridge.json").write_text(json.dumps(settings), encoding="utf-8")
    registry = bridged.with_spec(bridge=replace(bridged.bridge, sha256=bridge_hash(folder)))
    with pytest.raises(ModelError, match="has the memory 'cross-attention'; such models are made with prefix or none"):
        registry.ensure("tiny-dalle")


def test_a_bridge_for_another_decoder_is_refused_and_nothing_is_kept(bridged: Bridged, tmp_path: Path) -> None:
    digest = write_bridge(tmp_path / "other", _bert(bridged), llama(width=32))
    registry = bridged.with_spec(bridge=replace(bridged.bridge, path=str(tmp_path / "other"), sha256=digest))
    with pytest.raises(ModelError, match="is 32 x 32, and 64 x 32 leads from this encoder to this decoder"):
        registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == []


def rename(folder: Path, change: Callable[[str], str]) -> None:
    """Give the tensors of a checkpoint other names."""
    file = folder / "model.safetensors"
    save_file({change(name): tensor.clone() for name, tensor in load_file(file).items()}, file)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "holds no JSON object"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text('{"is_encoder_decoder": true}'), "has a decoder"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
        (lambda folder: rename(folder, lambda name: f"bert.{name}"), "has bert.embeddings.word_embeddings.weight"),
        (lambda folder: rename(folder, lambda name: name.replace("word", "tok")), "has no such tensor in place of emb"),
    ],
)
def test_what_is_no_encoder_is_refused_and_nothing_is_kept(
    bridged: Bridged, damage: Callable[[Path], object], message: str
) -> None:
    damage(bridged.encoder_folder)
    local = replace(bridged.bridge, encoder=LocalSource(path=str(bridged.encoder_folder)))
    stages: list[str] = []
    with pytest.raises(ModelError, match=message):
        bridged.with_spec(bridge=local).ensure("tiny-dalle", progress=lambda stage, done, total: stages.append(stage))
    assert "joining encoder and decoder" not in stages
    assert bridged.tiny.leftovers() == []


def test_a_bridge_without_an_adapter_and_names_alone_make_models_as_well(bridged: Bridged) -> None:
    bare = bridged.with_spec(adapter=None, controls={}).ensure("tiny-dalle")
    assert note_of(bare.path)["adapter"] is None and note_of(bare.path)["bridge"]
    named = bridged.with_spec(adapter=None, bridge=None).ensure("tiny-dalle")
    note = note_of(named.path)
    assert (note["adapter"], note["bridge"], note["encoder"]) == (None, None, None) and note["controls"]
    assert "<fim_pad>" in Path(named.path, "tokenizer.json").read_text(encoding="utf-8")


def test_the_commands_show_optimise_export_and_remove_it(
    bridged: Bridged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dalle_kit.cli import models
    from dalle_kit.modeling import DalleForConditionalGeneration

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(models.models, [*arguments, "--json"], catch_exceptions=False)
        return json.loads(result.stdout)

    monkeypatch.setattr(models, "registry", lambda: bridged.registry)
    before = run("show", "tiny-dalle")
    assert before["state"] == "not here" and before["bridge"] == bridged.bridge.sha256
    run("pull", "tiny-dalle")
    shown = run("show", "tiny-dalle")
    assert shown["state"] == "here" and shown["problem"] is None and shown["size"] > 0
    assert shown["encoder"] and shown["bridge"] == bridged.bridge.sha256 and shown["base"] and shown["controls"]
    text = CliRunner().invoke(models.models, ["show", "tiny-dalle"], catch_exceptions=False).stdout
    assert f"bridge      {bridged.bridge.sha256}" in text
    assert run("optimize", "tiny-dalle")["quant"] == "int8"
    small = run("optimize", "tiny-dalle", "--quant", "int4")
    assert quant_of(Path(small["weights"])) == "int4"
    exported = tmp_path / "exported"
    run("export", "tiny-dalle", "-o", str(exported))
    assert DalleForConditionalGeneration.from_pretrained(exported).config.queries == 3
    other = {"bridge": replace(bridged.bridge, sha256="0" * 64)}
    monkeypatch.setattr(models, "registry", lambda: bridged.with_spec(**other))
    assert run("show", "tiny-dalle")["problem"] == "it was made with another bridge; pull it again"
    read = MemorySource(path="memory.safetensors", sha256="0" * 64)
    monkeypatch.setattr(models, "registry", lambda: bridged.with_spec(reads=read))
    assert run("show", "tiny-dalle")["problem"] == "it was made with another memory map; pull it again"
    monkeypatch.setattr(models, "registry", lambda: bridged.with_spec(controls={}))
    assert "other names of control tokens" in run("show", "tiny-dalle")["problem"]
    monkeypatch.setattr(models, "registry", lambda: Registry(paths=bridged.tiny.paths))
    (row,) = [row for row in run("list") if row["name"] == "tiny-dalle"]
    assert row["summary"].startswith("of a plugin that is not installed") and row["state"] == "here"
    with pytest.raises(ModelError, match=r"stored here, .* dalle-kit models remove tiny-dalle"):
        Registry(paths=bridged.tiny.paths).resolve("tiny-dalle")
    assert run("remove", "tiny-dalle")["freed"] > shown["size"]
    assert bridged.tiny.leftovers() == []


PULL = """
import json, sys, time
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import BridgeSource, ModelSpec, WheelSource
source, encoder, bridge = (json.loads(argument) for argument in sys.argv[1:])
def report(stage, done, total):
    if stage == "joining encoder and decoder" and done == total:
        print(stage, flush=True)
        time.sleep(60)
bridge = BridgeSource(**bridge, encoder=WheelSource(**encoder))
spec = ModelSpec(name="tiny-dalle", source=WheelSource(**source), bridge=bridge)
Registry([spec]).ensure("tiny-dalle", progress=report)
"""


def test_a_pull_killed_while_it_joins_leaves_no_model_and_can_be_repeated(bridged: Bridged) -> None:
    arguments = []
    for source in (bridged.spec.source, bridged.encoder.source):
        assert isinstance(source, WheelSource)
        facts = {"requirement": source.requirement, "folder": source.folder, "size": source.size}
        arguments.append(json.dumps({**facts, "files": dict(source.files)}))
    arguments.append(json.dumps({"path": bridged.bridge.path, "sha256": bridged.bridge.sha256}))
    process = subprocess.Popen([sys.executable, "-c", PULL, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "joining encoder and decoder\n"
    process.kill()
    process.communicate()
    registry = bridged.with_spec(adapter=None, controls={})
    assert [name[:19] for name in bridged.tiny.leftovers()] == [".partial-tiny-dalle"]
    assert registry.find("tiny-dalle") is None and registry.stored() == ()
    registry.ensure("tiny-dalle")
    assert bridged.tiny.leftovers() == ["tiny-dalle"]


def test_an_encoder_is_no_base_for_a_bridge(bridged: Bridged) -> None:
    with pytest.raises(ModelError, match="adapters are merged into decoders only"):
        bridged.with_spec(role="encoder").ensure("tiny-dalle")


def test_an_adapter_alone_is_as_it_was(bridged: Bridged) -> None:
    adapter = bridged.spec.adapter
    assert isinstance(adapter, AdapterSource)
    stored = bridged.with_spec(bridge=None, controls={}).ensure("tiny-dalle")
    config = json.loads(Path(stored.path, "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "llama" and not Path(stored.path, "encoder_tokenizer").exists()
