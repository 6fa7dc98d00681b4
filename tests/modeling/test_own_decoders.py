"""Decoders of the Llama family in the project's own code, in C and in torch: beside transformers, and rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import torch

from dalle_kit.engine.dalle_llama import DalleLlama
from dalle_kit.engine.dalle_model import DalleModel
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.logits import Logits, as_tensor
from dalle_kit.engine.native.dalle import NativeDalle
from dalle_kit.engine.reading import memories
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
KINDS = [("prefix", "int8"), ("none", "int8"), ("prefix", "none"), ("none", "none")]


@dataclass(frozen=True)
class Pair:
    """A model in the project's own code, the same in transformers, and the engine that runs the first."""

    own: NativeDalle | DalleLlama
    reference: DalleModel
    engine: Engine

    def same(self, one: Logits, other: Logits) -> bool:
        """Say whether logits are equal: to the bit where the C step computes them."""
        if isinstance(self.own, NativeDalle):
            return torch.equal(as_tensor(one), as_tensor(other))
        return torch.allclose(as_tensor(one), as_tensor(other), atol=1e-3, rtol=1e-4)


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, byte_bpe: Backend, unigram: Backend
) -> Pair:
    memory, quant = request.param
    folder = tmp_path_factory.mktemp("native") / "model"
    encoder = "transformer" if memory == "prefix" else "conv"
    saved((encoder, "llama", memory), folder, reads=unigram, writes=byte_bpe, sizes=SIZES)
    stored = StoredModel(name="model", path=str(folder))
    engine = Engine.load(stored, device="cpu", quant=quant, threads=2)
    own = engine.generative()
    assert isinstance(own, NativeDalle if quant == "int8" else DalleLlama)
    floats = dict(read_weights(ensure_packed(stored, quant="int8"))) if quant == "int8" else None
    reference = DalleModel.load(str(folder), device="cpu", dtype=torch.float32, weights=floats)
    return Pair(own, reference, engine)


def test_it_computes_what_transformers_computes(pair: Pair) -> None:
    assert pair.own.context == pair.reference.context
    ours, theirs = (model.open(SOURCES, TARGETS, room=128) for model in (pair.own, pair.reference))
    for step in range(4):
        torch.testing.assert_close(as_tensor(ours.logits), theirs.logits, rtol=1e-3, atol=5e-3)
        fed = [[20 + step + row] * (1 + row % 2) for row in range(4)]
        after = [session.feed(fed, tails=[len(new) for new in fed]) for session in (ours, theirs)]
        torch.testing.assert_close(as_tensor(after[0]), as_tensor(after[1]), rtol=1e-3, atol=5e-3)
    found = as_tensor(pair.own.hidden(SOURCES[3]))
    torch.testing.assert_close(found, pair.reference.hidden(SOURCES[3]), rtol=1e-4, atol=1e-4)


def test_rows_are_the_same_alone_and_in_a_crowd(pair: Pair) -> None:
    together = pair.own.open(SOURCES[:2], TARGETS[:2], room=128)
    together.join(SOURCES[2:], TARGETS[2:])
    for row, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        assert pair.same(pair.own.open([source], [target], room=128).logits[0], together.logits[row])
    prompts = [*PROMPTS, *PROMPTS[:2]]
    for options in (GenerationOptions(max_tokens=12), GenerationOptions(max_tokens=12, temperature=0.9, seed=11)):
        crowd = pair.engine.generate(prompts, options)
        alone = [pair.engine.generate([prompt], options)[0] for prompt in prompts]
        assert [each.text for each in crowd] == [each.text for each in alone]


def test_rows_wait_and_can_be_cropped_copied_and_left(pair: Pair) -> None:
    session = pair.own.open(SOURCES, TARGETS, room=128)
    lengths, before = list(session.lengths), as_tensor(session.logits).clone()
    session.select([1, 0, 1])
    assert session.lengths == [lengths[1], lengths[0], lengths[1]]
    session.feed([[60, 61], [], [63]])
    assert torch.equal(as_tensor(session.logits)[1], before[0])
    session.crop(0, lengths[1])
    session.feed([[63], [62], []])
    assert pair.same(session.logits[0], session.logits[2])
    assert pair.same(session.logits[1], pair.own.open([SOURCES[0]], [[*TARGETS[0], 62]], room=128).logits[0])


def test_memory_of_prompts_long_past_is_made_anew(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    before = as_tensor(pair.own.open([SOURCES[0]], [[]], room=64).logits).clone()
    monkeypatch.setattr(memories, "KEPT", 2)
    monkeypatch.setattr(pair.own, "memories", memories.Memories(pair.own._reader, gate=0.7, keep=pair.own._keep))
    kept = len(pair.own.vectors) if isinstance(pair.own, NativeDalle) else 0
    for token in range(80, 90):
        pair.own.open([[token, 70]], [[]], room=64)
    if isinstance(pair.own, NativeDalle):
        assert len(pair.own.vectors) == kept
    assert pair.same(pair.own.open([SOURCES[0]], [[]], room=64).logits, before)
