"""Encoders in numpy beside those of transformers, on the real MiniLM."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from dalle_kit.engine.engine import Engine
from dalle_kit.engine.reading import bert
from dalle_kit.engine.reading.numerics import erf, gelu
from dalle_kit.engine.reading.sentences import BertEncoder, SentenceEncoder
from dalle_kit.engine.transformers_model import TransformersEncoder
from dalle_kit.errors import ModelError
from dalle_kit.models.spec import StoredModel

TEXTS = [
    "Dear Ana, the review moved to Thursday at 14:00 in room B12.",
    "",
    "Please bring the cost sheet. Thank you! Grüße, naïve café, 数据, 🙂.",
    "one two three four five six seven eight nine ten " * 6,
    "We meet.",
    "One day.",
]


@pytest.fixture(scope="module")
def stored(default_model_home: Path) -> StoredModel:
    from dalle_kit.models.registry import Registry
    from dalle_kit.paths import Paths

    paths = Paths(config=default_model_home, data=default_model_home, cache=default_model_home / "cache")
    return Registry(paths=paths).ensure("minilm-l6")


@pytest.fixture(scope="module")
def encoder(stored: StoredModel) -> SentenceEncoder:
    return SentenceEncoder.load(stored)


@pytest.fixture(scope="module")
def reference(stored: StoredModel) -> TransformersEncoder:
    return TransformersEncoder.load(stored.path, device="cpu", dtype=torch.float32)


def expected(reference: TransformersEncoder, tokens: list[int]) -> np.ndarray:
    return torch.nn.functional.normalize(reference.hidden(tokens).mean(0), dim=0).numpy()


def test_the_error_function_is_right_to_the_rounding_of_float32() -> None:
    x = np.linspace(-7, 7, 20_001, dtype=np.float32)
    assert np.abs(erf(x) - [math.erf(each) for each in x.tolist()]).max() < 5e-7
    assert np.abs(gelu(x.copy()) - torch.nn.functional.gelu(torch.from_numpy(x)).numpy()).max() < 2e-6


def test_states_are_those_of_transformers(stored: StoredModel, reference: TransformersEncoder) -> None:
    engine = Engine.load(stored, device="cpu")
    model = engine._loaded.model
    assert isinstance(model, BertEncoder) and (engine.context, engine.family) == (512, "encoder")
    for text in TEXTS:
        tokens = engine.tokenizer.encode_text(text, special=True)
        states = model.hidden(tokens)
        np.testing.assert_allclose(states, reference.hidden(tokens).numpy(), atol=1e-5)


def test_weights_are_mapped_not_copied(stored: StoredModel) -> None:
    model = Engine.load(stored, device="cpu")._loaded.model
    assert isinstance(model, BertEncoder)
    assert not any(each.flags.owndata or each.flags.writeable for each in model._bert._layers.weights.values())


def test_vectors_are_those_of_each_text_alone_and_of_the_engine(
    encoder: SentenceEncoder,
    stored: StoredModel,
    reference: TransformersEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bert, "_TOKENS", 40)  # more than one batch
    together = encoder.encode(TEXTS)
    assert together.shape == (len(TEXTS), 384) and together.dtype == np.float32
    engine = Engine.load(stored, device="cpu")
    np.testing.assert_allclose(together, engine.encode(TEXTS).numpy(), atol=2e-6)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(encoder.encode([text])[0], vector, atol=2e-6)
        np.testing.assert_allclose(
            vector, expected(reference, engine.tokenizer.encode_text(text, special=True)), atol=2e-6
        )
    assert encoder.encode([]).shape == (0, 384)
    assert (encoder.name, encoder.sha256) == (stored.name, stored.sha256)


def test_of_a_text_that_is_too_long_the_beginning_is_read(
    encoder: SentenceEncoder, stored: StoredModel, reference: TransformersEncoder
) -> None:
    text = " ".join(f"word{number}" for number in range(900))
    tokens = Engine.load(stored, device="cpu").tokenizer.encode_text(text, special=True)
    assert len(tokens) > 512
    found = encoder.encode([text])[0]
    np.testing.assert_allclose(found, expected(reference, [*tokens[:511], tokens[-1]]), atol=2e-6)


def test_weights_in_half_precision_are_read(stored: StoredModel, tmp_path: Path, encoder: SentenceEncoder) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(stored.path, tmp_path / "half")
    halves = {name: tensor.half() for name, tensor in load_file(f"{stored.path}/model.safetensors").items()}
    save_file(halves, tmp_path / "half" / "model.safetensors", metadata={"format": "pt"})
    half = SentenceEncoder.load(StoredModel(name="half", path=str(tmp_path / "half")))
    assert ((half.encode(TEXTS) * encoder.encode(TEXTS)).sum(1) > 0.999).all()


def changed(stored: StoredModel, folder: Path, **settings: object) -> StoredModel:
    """Return the encoder with other settings in its configuration, in a folder of its own."""
    shutil.copytree(stored.path, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **settings}), encoding="utf-8")
    return StoredModel(name="changed", path=str(folder))


def test_an_encoder_with_damaged_weights_is_said_to_be_damaged(stored: StoredModel, tmp_path: Path) -> None:
    shutil.copy(Path(stored.path) / "config.json", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 5000)
    with pytest.raises(ModelError, match=r"the weights .* cannot be read"):
        SentenceEncoder.load(StoredModel(name="broken", path=str(tmp_path)))


@pytest.mark.parametrize(
    "settings",
    [{"model_type": "albert"}, {"hidden_act": "relu"}, {"hidden_size": 320}, {"num_attention_heads": 7}],
    ids=str,
)
def test_an_encoder_of_another_kind_makes_no_sentence_vectors(
    stored: StoredModel, tmp_path: Path, settings: dict[str, object]
) -> None:
    with pytest.raises(ModelError, match="changed is no BERT encoder"):
        SentenceEncoder.load(changed(stored, tmp_path / "changed", **settings))


def test_an_activation_that_only_torch_knows_is_computed_there(stored: StoredModel, tmp_path: Path) -> None:
    engine = Engine.load(changed(stored, tmp_path / "changed", hidden_act="relu"), device="cpu")
    assert isinstance(engine._loaded.model, TransformersEncoder)


def test_vectors_that_are_no_means_are_refused(stored: StoredModel, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    stored = changed(stored, folder)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}', encoding="utf-8")
    with pytest.raises(ModelError, match="only mean pooling"):
        SentenceEncoder.load(stored)
    with pytest.raises(ModelError, match="only mean pooling"):
        Engine.load(stored, device="cpu")
