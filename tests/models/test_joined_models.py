"""An encoder-decoder of the real parts, made when it is pulled; what joins them is random."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from dalle_kit.engine.engine import Engine
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.models.bridge import save_bridge
from dalle_kit.models.builtin import builtin_models
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import BridgeSource, ModelSpec, StoredModel
from dalle_kit.paths import Paths
from dalle_kit.records import GenerationOptions, Message, Prompt

CONTROLS = {"<issue_start>": "<fim_prefix>", "<issue_comment>": "<fim_suffix>", "<issue_closed>": "<fim_middle>"}
SPECS = {spec.name: spec for spec in builtin_models()}


def write_random_bridge(folder: Path, *, encoder: Path, decoder: Path) -> str:
    """Write a bridge of 16 queries between the models in two folders, of which only the configurations are read."""
    from dalle_kit.modeling import DalleConfig, DalleEncoder

    torch.manual_seed(0)
    reads, writes = (json.loads((each / "config.json").read_text(encoding="utf-8")) for each in (encoder, decoder))
    model = DalleEncoder(DalleConfig(encoder={"kind": "transformer", **reads}, decoder=writes, queries=16))
    named = {f"encoder.{name}": weight for name, weight in model.named_parameters() if not name.startswith("reader.")}
    return save_bridge(folder, {**named, "gate": torch.full((1,), 0.05)}, memory="prefix", queries=16)


@pytest.fixture(scope="module")
def paths(default_model_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A home of its own with the bare base and the encoder in it, as they are pulled by name."""
    pulled = Paths(config=default_model_home, data=default_model_home, cache=default_model_home / "cache")
    home = tmp_path_factory.mktemp("base")
    (home / "models").mkdir()
    for name in ("smollm2-135m", "minilm-l6"):
        folder = Path(Registry(paths=pulled).ensure(name).path)
        (home / "models" / name).symlink_to(folder, target_is_directory=True)
    return Paths(config=home, data=home, cache=home / "cache")


@pytest.fixture(scope="module")
def spec(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """SmolLM2 and MiniLM with an adapter that was trained and a bridge that was not."""
    bridge = tmp_path_factory.mktemp("bridge")
    base, encoder = SPECS["smollm2-135m"], SPECS["minilm-l6"]
    digest = write_random_bridge(bridge, encoder=paths.models / encoder.name, decoder=paths.models / base.name)
    return ModelSpec(
        name="joined",
        source=base.source,
        adapter=SPECS["dalle-base"].adapter,
        bridge=BridgeSource(path=str(bridge), sha256=digest, encoder=encoder.source),
        controls=CONTROLS,
    )


@pytest.fixture(scope="module")
def stored(paths: Paths, spec: ModelSpec) -> StoredModel:
    """The model, made with nothing fetched."""
    stages: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        found = Registry([spec], paths=paths).ensure("joined", progress=lambda stage, done, total: stages.add(stage))
    assert stages == {"joining encoder and decoder"}
    return found


@pytest.fixture(scope="module")
def engine(stored: StoredModel) -> Engine:
    return Engine.load(stored, device="cpu")


def test_it_runs_packed_and_its_base_and_encoder_stay_as_they_were(
    engine: Engine, stored: StoredModel, paths: Paths, spec: ModelSpec
) -> None:
    assert (engine.family, engine.quant, engine.context) == ("dalle", "int8", 8192 - 16)
    registry = Registry([spec], paths=paths)
    assert registry.find("joined") == stored
    assert registry.find("smollm2-135m") is not None and registry.find("minilm-l6") is not None
    note = json.loads((Path(stored.path) / "dalle-kit.json").read_text(encoding="utf-8"))
    parts = ("smollm2-135m", "minilm-l6")
    pulled = [json.loads((paths.models / name / "dalle-kit.json").read_text(encoding="utf-8")) for name in parts]
    assert [note["base"], note["encoder"]] == [each["sha256"] for each in pulled]
    assert (Path(stored.path) / PACKED_FILE).stat().st_size == pytest.approx(257_752_580, rel=1e-3)


def test_it_is_shown_what_stands_after_a_gap_and_the_bare_model_is_not(engine: Engine, paths: Paths) -> None:
    assert engine.tokenizer.infills and not Tokenizer.load(paths.models / "smollm2-135m").infills
    prompt = Prompt((Message("prefix", "def double(x):\n    return "), Message("suffix", "\n\nprint(double(2))\n")))
    tokens = engine.tokenizer.encode_prompt(prompt)
    assert [token for token in tokens if token in engine.tokenizer.control_ids] == [8, 9, 10]
    assert tokens[0] == 8 and tokens[-1] == 10


def test_its_sentence_vectors_are_those_of_the_encoder_it_was_made_of(engine: Engine, paths: Paths) -> None:
    texts = ["The meeting is on Thursday.", "We meet Thursday.", "Bananas are yellow."]
    alone = Engine.load(Registry(paths=paths).ensure("minilm-l6"), device="cpu")
    found, expected = (np.asarray(each.encode(texts)) for each in (engine, alone))
    assert np.abs(found - expected).max() < 1e-5


def test_it_writes_the_same_text_alone_and_in_a_crowd(engine: Engine) -> None:
    prompts = [
        Prompt((Message("user", "Write a short e-mail."),)),
        Prompt((Message("prefix", "x = [1, 2"), Message("suffix", "]\n"))),
    ]
    options = GenerationOptions(max_tokens=6)
    together = engine.generate(prompts, options)
    assert [each.text for each in together] == [engine.generate([prompt], options)[0].text for prompt in prompts]
    assert sum(each.tokens for each in together) > 0
