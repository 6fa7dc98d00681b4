"""Exported ONNX graphs, run by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner

from dalle_kit.cli.models import models
from dalle_kit.errors import ModelError
from dalle_kit.export import agreement, onnx_export
from dalle_kit.export.agreement import agreements_of
from dalle_kit.export.networks import load_network
from dalle_kit.export.onnx_export import TOLERANCE, Agreement, export_onnx
from dalle_kit.models.spec import StoredModel

Checkpoints = Callable[[str], tuple[Any, Any]]
_BERT = Path(__file__).parents[1] / "models" / "tensorflow" / "data" / "bert"


def stored(path: Path | str) -> StoredModel:
    return StoredModel(name="small", path=str(path))


def session(file: Path) -> Any:
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def test_a_causal_model_writes_the_same_text(checkpoints: Checkpoints, tmp_path: Path) -> None:
    """Greedily, from graphs alone: the prompt at once, then token by token with the cache."""
    model, engine = checkpoints("gpt2")
    found = export_onnx(stored(engine.path), tmp_path / "out")
    assert [each.what for each in found] == ["prompt", "steps with cache"]
    assert all(each.difference <= TOLERANCE for each in found)
    graph = session(tmp_path / "out" / "model.onnx")
    prompt = np.array([[5, 9, 200, 7, 31]])
    cache = {
        each.name: np.zeros((1, each.shape[1], 0, each.shape[3]), "f4")
        for each in graph.get_inputs()
        if each.name.startswith("past_key_values.")
    }
    names = [each.name for each in graph.get_outputs()]
    tokens, new = prompt, prompt
    for _ in range(8):
        inputs = {"input_ids": new, "attention_mask": np.ones_like(tokens), **cache}
        outputs = dict(zip(names, graph.run(None, inputs), strict=True))
        cache = {name: outputs[name.replace("past_key_values", "present")] for name in cache}
        new = outputs["logits"][:, -1:].argmax(-1)
        tokens = np.concatenate([tokens, new], axis=1)
    wanted = model.generate(torch.tensor(prompt), max_new_tokens=8, min_new_tokens=8, do_sample=False, eos_token_id=-1)
    assert tokens.tolist() == wanted.tolist()


def test_an_encoder_decoder_becomes_two_graphs(checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints("t5")
    found = export_onnx(stored(engine.path), tmp_path / "out")
    assert [each.what for each in found] == ["encoder", "prompt", "steps with cache"]
    assert all(each.difference <= TOLERANCE for each in found)
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"encoder_model.onnx", "decoder_model.onnx", "config.json", "tokenizer.json"} <= files


def test_an_encoder_gives_the_same_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    arguments = ["export", str(_BERT), "--format", "onnx", "-o", str(tmp_path / "out"), "--json"]
    result = json.loads(CliRunner().invoke(models, arguments, catch_exceptions=False).stdout)
    assert result["differences"].keys() == {"vectors"} and result["differences"]["vectors"] <= TOLERANCE
    assert session(tmp_path / "out" / "model.onnx").get_outputs()[0].shape[2] == 16
    # The comparison would have seen other weights.
    (folder,) = (tmp_path / "home").glob("models/tensorflow-*")
    network = load_network(folder, dtype="float32")
    with torch.no_grad():
        network.encoder.layer[1].output.LayerNorm.bias.add_(0.1)
    (other,) = agreements_of(network, "encoder", tmp_path / "out")
    assert other.difference > TOLERANCE


@pytest.mark.parametrize("difference", [0.002, float("nan")])
def test_graphs_that_do_something_else_are_not_handed_out(
    checkpoints: Checkpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    def found(*arguments: object) -> list[Agreement]:
        return [Agreement("prompt", 1e-7), Agreement("steps with cache", difference)]

    monkeypatch.setattr(agreement, "agreements_of", found)
    monkeypatch.setattr(onnx_export, "_write", lambda *arguments, **options: None)
    _, engine = checkpoints("gpt2")
    with pytest.raises(
        ModelError, match=r"do not do what torch does: steps with cache differs by .*; nothing was kept"
    ):
        export_onnx(stored(engine.path), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "_NEEDED", ("onnx", "no_such_package"))
    with pytest.raises(ModelError, match=r"needs the package no_such_package: pip install 'dalle-kit\[onnx\]'"):
        export_onnx(stored(tmp_path), tmp_path / "out")
