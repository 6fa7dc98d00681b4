"""The decoder in the C step: what it computes beside torch, and rows beside themselves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from dalle_kit.engine.dalle_model import DalleModel
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.logits import as_tensor
from dalle_kit.engine.native import dalle
from dalle_kit.engine.native.dalle import NativeDalle
from dalle_kit.models.packed_copies import ensure_packed
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import read_weights
from dalle_kit.records import GenerationOptions
from tests.modeling.test_engine import PROMPTS, saved

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

SIZES = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 512, "max_position_embeddings": 192}
SOURCES = [[5, 9, 17, 33, 21, 8], [5, 9, 17, 33, 21, 8, 40, 41], [70, 71], list(range(100, 150))]
TARGETS = [[50, 51], [], [7], [12]]


@pytest.fixture(scope="module", params=["prefix", "none"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, byte_bpe: Backend, unigram: Backend
) -> tuple[NativeDalle, DalleModel, Engine]:
    """The packed model in the C step and in torch, and the engine that runs the first."""
    folder = tmp_path_factory.mktemp("native") / "model"
    encoder = {"prefix": "transformer", "none": "conv"}[request.param]
    saved((encoder, "llama", request.param), folder, reads=unigram, writes=byte_bpe, sizes=SIZES)
    stored = StoredModel(name="model", path=str(folder))
    engine = Engine.load(stored, device="cpu", quant="int8", threads=2)
    native = engine.generative()
    assert type(native) is NativeDalle
    packed = ensure_packed(stored, quant="int8")
    floats = dict(read_weights(packed))
    reference = DalleModel.load(str(folder), device="cpu", dtype=torch.float32, weights=floats)
    return native, reference, engine


def test_it_computes_what_torch_computes(pair: tuple[NativeDalle, DalleModel, Engine]) -> None:
    native, reference, _ = pair
    assert native.context == reference.context
    ours, theirs = (model.open(SOURCES, TARGETS, room=128) for model in (native, reference))
    for step in range(4):
        torch.testing.assert_close(as_tensor(ours.logits), theirs.logits, rtol=1e-3, atol=5e-3)
        fed = [[20 + step + row] * (1 + row % 2) for row in range(4)]
        for session in (ours, theirs):
            session.feed(fed)
    found = as_tensor(native.hidden(SOURCES[3]))
    torch.testing.assert_close(found, reference.hidden(SOURCES[3]), rtol=1e-4, atol=1e-4)


def test_rows_are_the_same_to_the_bit_alone_and_in_a_crowd(pair: tuple[NativeDalle, DalleModel, Engine]) -> None:
    native, _, engine = pair
    together = native.open(SOURCES, TARGETS, room=128)
    for row, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        alone = native.open([source], [target], room=128)
        assert torch.equal(as_tensor(alone.logits)[0], as_tensor(together.logits)[row])
    prompts = [*PROMPTS, *PROMPTS[:2]]
    for options in (GenerationOptions(max_tokens=12), GenerationOptions(max_tokens=12, temperature=0.9, seed=11)):
        crowd = engine.generate(prompts, options)
        assert [each.text for each in crowd] == [engine.generate([prompt], options)[0].text for prompt in prompts]


def test_rows_can_be_cropped_copied_and_left(pair: tuple[NativeDalle, DalleModel, Engine]) -> None:
    native, _, _ = pair
    session = native.open(SOURCES, TARGETS, room=128)
    lengths = list(session.lengths)
    session.select([1, 0, 1])
    assert session.lengths == [lengths[1], lengths[0], lengths[1]]
    session.feed([[60, 61], [62], [63]])
    session.crop(0, lengths[1])
    session.feed([[63], [], []])
    assert torch.equal(as_tensor(session.logits)[0], as_tensor(session.logits)[2])


def test_memory_of_prompts_long_past_is_let_go(
    pair: tuple[NativeDalle, DalleModel, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    native, _, _ = pair
    monkeypatch.setattr(dalle, "_KEPT", 2)
    before = as_tensor(native.open([SOURCES[0]], [[]], room=64).logits)
    for token in range(80, 90):
        native.open([[token, 70]], [[]], room=64)
    assert len(native.vectors) <= 2 * 3
    assert torch.equal(as_tensor(native.open([SOURCES[0]], [[]], room=64).logits), before)
