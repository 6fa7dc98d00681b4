"""Exported ONNX graphs, run by ONNX Runtime."""

from __future__ import annotations

import dataclasses
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
from dalle_kit.export import onnx_export
from dalle_kit.export.onnx_export import TOLERANCE, export_onnx
from dalle_kit.models.spec import StoredModel

Checkpoints = Callable[[str], tuple[Any, Any]]
_BERT = Path(__file__).parents[1] / "models" / "tensorflow" / "data" / "bert"


def stored(path: Path | str) -> StoredModel:
    return StoredModel(name="small", path=str(path))


def session(file: Path) -> Any:
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_causal_model_writes_the_same_text(checkpoints: Checkpoints, tmp_path: Path, kind: str) -> None:
    """Greedily, from graphs alone: the prompt at once, then token by token with the cache."""
    model, engine = checkpoints(kind)
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


def test_graphs_that_do_something_else_are_not_handed_out(
    checkpoints: Checkpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a graph of a network with other weights, as an exporter with a fault would make it."""
    from dalle_kit.export import graphs

    def wrong(network: Any, family: str) -> Any:
        (graph,) = right(network, family)
        changed = type(network)(network.config).eval()
        return [dataclasses.replace(graph, network=graphs.CausalStep(changed))]

    right = graphs.graphs_of
    monkeypatch.setattr(graphs, "graphs_of", wrong)
    _, engine = checkpoints("gpt2")
    with pytest.raises(ModelError, match=r"do not do what torch does: prompt differs by .*; nothing was kept"):
        export_onnx(stored(engine.path), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "_NEEDED", ("onnx", "no_such_package"))
    with pytest.raises(ModelError, match=r"needs the package no_such_package: pip install 'dalle-kit\[onnx\]'"):
        export_onnx(stored(tmp_path), tmp_path / "out")
