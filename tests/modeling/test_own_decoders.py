"""Decoders of the Llama family in the project's own code, in C and in torch: beside transformers, and rows alone."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from dalle_kit.engine.dalle_llama import DalleLlama
from dalle_kit.engine.dalle_model import DalleModel
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.guidance import Guidance
from dalle_kit.engine.logits import Logits, as_tensor
from dalle_kit.engine.native.dalle import NativeDalle
from dalle_kit.engine.reading import memories
from dalle_kit.models.packed_copies import ensure_packed
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import read_weights
from dalle_kit.records import GenerationOptions, Message, Prompt, Steering
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

    @property
    def both(self) -> tuple[NativeDalle | DalleLlama, DalleModel]:
        """Return the two models."""
        return self.own, self.reference

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


def test_a_prompt_is_read_in_parts_after_its_memory(pair: Pair) -> None:
    session = pair.own.open(SOURCES[:1], TARGETS[:1], room=128)
    left = session.join(SOURCES[1:3], TARGETS[1:3], most=2)
    texts = [[*source, *target] for source, target in zip(SOURCES[1:3], TARGETS[1:3], strict=True)]
    assert any(left) and all(text[len(text) - len(rest) :] == rest for text, rest in zip(texts, left, strict=True))
    while any(left):
        parts = [rest[:3] for rest in left]
        left = [rest[3:] for rest in left]
        ends = [int(bool(part) and not rest) for part, rest in zip(parts, left, strict=True)]
        session.feed([[], *parts], tails=[0, *ends])
    for row in range(3):
        alone = pair.own.open([SOURCES[row]], [TARGETS[row]], room=128).logits[0]
        torch.testing.assert_close(as_tensor(session.logits[row]), as_tensor(alone), rtol=1e-3, atol=5e-3)


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
    # For good: it takes the places of those before.
    pair.own.memories = memories.Memories(pair.own._reader, gate=0.7, keep=pair.own._keep)
    kept = len(pair.own.vectors) if isinstance(pair.own, NativeDalle) else 0
    for token in range(80, 90):
        pair.own.open([[token, 70]], [[]], room=64)
    if isinstance(pair.own, NativeDalle):
        assert len(pair.own.vectors) == kept
    assert pair.same(pair.own.open([SOURCES[0]], [[]], room=64).logits, before)


def test_more_texts_may_be_scored_at_once_than_there_is_memory_of(pair: Pair) -> None:
    texts = [(f"word {number}", [7, 8]) for number in range(memories.KEPT + 2)]
    together = pair.engine.log_likelihoods(texts)
    for place in (0, 1, -1):
        np.testing.assert_allclose(together[place], pair.engine.log_likelihoods([texts[place]])[0], rtol=1e-4)


def test_what_other_threads_read_takes_no_memory_that_is_still_to_be_read(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memories, "KEPT", 4)
    pair.own.memories = memories.Memories(pair.own._reader, gate=0.7, keep=pair.own._keep)
    texts = [[(f"{thread} and {number} " * 2, [7, 8]) for number in range(4)] for thread in range(3)]
    expected = [pair.engine.log_likelihoods(each) for each in texts]

    def score(thread: int) -> list[float]:
        found = [pair.engine.log_likelihoods(texts[thread]) for _ in range(8)]
        return [float(np.abs(np.subtract(each, expected[thread])).max()) for each in found]

    with ThreadPoolExecutor(len(texts)) as pool:
        assert max(itertools.chain(*pool.map(score, range(len(texts))))) < 1e-3


EXAMPLES = ("Dear Ana, the review", "Please", "one two three four five six seven eight nine ten " * 3)


def test_examples_are_read_in_place_of_the_prompt_in_any_order(pair: Pair) -> None:
    given, turned = Guidance(EXAMPLES), Guidance(EXAMPLES[::-1])
    ours, theirs = (
        model.open(SOURCES[:3], TARGETS[:3], room=128, guides=[given, Guidance(), Guidance(EXAMPLES[:1])])
        for model in (pair.own, pair.reference)
    )
    torch.testing.assert_close(as_tensor(ours.logits), theirs.logits, rtol=1e-3, atol=5e-3)
    plain = pair.own.open(SOURCES[:3], TARGETS[:3], room=128)
    assert pair.same(plain.logits[1], ours.logits[1])
    assert not torch.allclose(as_tensor(plain.logits)[0], as_tensor(ours.logits)[0], atol=0.01)
    again = pair.own.open(SOURCES[:1], TARGETS[:1], room=128, guides=[turned])
    assert pair.same(again.logits[0], ours.logits[0])
    # Another prompt with the same examples has their memory as well.
    assert pair.own.memories.find([99], EXAMPLES) == pair.own.memories.find([98, 97], EXAMPLES[::-1])


def test_each_prompt_is_written_after_its_own_examples(pair: Pair) -> None:
    prompt = Prompt((Message("user", "one two three"),))
    prompts = [replace(prompt, examples=examples) for examples in (EXAMPLES, (), EXAMPLES[:1], EXAMPLES[::-1])]
    options = GenerationOptions(max_tokens=10, temperature=0.9, seed=3)
    together = pair.engine.generate(prompts, options)
    alone = [pair.engine.generate([each], options)[0] for each in prompts]
    assert [each.text for each in together] == [each.text for each in alone]
    assert together[0].text == together[3].text
    scores = [pair.engine.score(each, "Dear Ana").log_likelihood for each in prompts]
    assert scores[0] == pytest.approx(scores[3]) and len(set(scores[:3])) == 3


def test_memory_is_steered_as_all_that_is_read(pair: Pair) -> None:
    vectors = np.random.default_rng(1).normal(0, 1, pair.own.blocks).astype(np.float32)
    guides = [Guidance(EXAMPLES, Steering(vectors)), Guidance(EXAMPLES), Guidance((), Steering(vectors))]
    ours, theirs = (model.open([SOURCES[0]] * 3, [[]] * 3, room=128, guides=guides) for model in pair.both)
    for session in (ours, theirs):
        session.feed([[60, 61], [60], [60]])
    torch.testing.assert_close(as_tensor(ours.logits), as_tensor(theirs.logits), rtol=1e-3, atol=1e-2)
    for guidance in guides:
        found, expected = (as_tensor(model.states(SOURCES[0], SOURCES[1], guidance)) for model in pair.both)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-2)
