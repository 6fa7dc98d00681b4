"""Vectors that are added after a decoder's blocks: by the C step, in torch, and in models of transformers."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dalle_kit.engine.decoder_blocks import find_blocks
from dalle_kit.engine.decoding import Batch
from dalle_kit.engine.guidance import Guidance
from dalle_kit.engine.llama import LlamaModel
from dalle_kit.engine.logits import as_tensor
from dalle_kit.engine.native.compiling import load_library
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.engine.native.pages import CacheRow, Page, Prefixes
from dalle_kit.engine.transformers_model import TransformersModel
from dalle_kit.errors import ModelError, OptionError
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot, Steering
from tests.engine.native.test_step import SMALL, assert_close, equal, models, tokens

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from tests.conftest import Checkpoints

SOURCES = [tokens(40), tokens(3, seed=2), tokens(70, seed=3), tokens(9, seed=4)]


def steering(seed: int = 0, *, size: float = 1.0, blocks: int = 2, width: int = 64) -> Steering:
    generator = np.random.default_rng(seed)
    return Steering(generator.normal(0, size, (blocks, width)).astype(np.float32))


def guides(*each: Steering | None) -> list[Guidance]:
    return [Guidance(steering=one) for one in each]


@pytest.fixture(scope="module")
def pair() -> tuple[NativeLlama, LlamaModel]:
    return models(load_library(), bits=8)


def test_c_and_torch_add_the_same(pair: tuple[NativeLlama, LlamaModel]) -> None:
    given = guides(steering(1), None, steering(2), steering(1))
    ours, theirs = (model.open(SOURCES, [[]] * 4, room=128, guides=given) for model in pair)
    for _ in range(3):
        assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=1e-2)
        best = [[token] for token in theirs.logits.argmax(1).tolist()]
        ours.feed(best)
        theirs.feed(best)
    for model in pair:
        session = model.open(SOURCES, [[]] * 4, room=128)
        assert not torch.allclose(as_tensor(session.logits)[0], as_tensor(ours.logits)[0], atol=0.1)
    found, expected = (model.states(SOURCES[0], SOURCES[1], given[0]) for model in pair)
    assert found.shape == (3, 2, 64)
    assert_close(found, expected, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_steered_row_beside_others_is_the_same_to_the_bit_as_alone(threads: int) -> None:
    alone, _ = models(load_library(), bits=8, threads=1)
    crowd, _ = models(load_library(), bits=8, threads=threads)
    given = guides(steering(1), None, steering(2), steering(1))
    together = crowd.open(SOURCES, [[]] * 4, room=0, guides=given)
    together.select([0, 1, 2, 3, 0])
    together.feed([[5, 6], [7], [8, 9, 10], [11], [5, 6]])
    for row, more in enumerate([[5, 6], [7], [8, 9, 10], [11]]):
        session = alone.open([SOURCES[row]], [[]], room=0, guides=given[row : row + 1])
        for token in more:
            session.feed([[token]])
        assert equal(session.logits[0], together.logits[row])
    assert equal(together.logits[0], together.logits[4])


def test_vectors_of_nothing_change_nothing(pair: tuple[NativeLlama, LlamaModel]) -> None:
    nothing = guides(Steering(np.zeros((2, 64), dtype=np.float32)))
    for model in pair:
        plain, steered = (model.open(SOURCES[:1], [[]], room=64, guides=each) for each in ((), nothing))
        assert equal(plain.logits, steered.logits)
        assert equal(plain.feed([[4, 5]]), steered.feed([[4, 5]]))


def test_what_was_read_is_shared_by_rows_of_one_steering_only() -> None:
    native, _ = models(load_library(), bits=8)
    fresh, _ = models(load_library(), bits=8)
    one, other = steering(1), steering(2)
    text = tokens(75)
    for each in (None, one, other, one, None):
        session = native.open([text], [[]], room=0, guides=guides(each))
        fresh.prefixes = Prefixes()
        assert equal(session.logits, fresh.open([text], [[]], room=0, guides=guides(each)).logits)
    for each, length in ((None, 75), (one, 75), (other, 75), (steering(1), 0)):
        assert native.prefixes.find([*text, 1], each).length == length


class Written:
    """Files that note what they are asked for."""

    def __init__(self) -> None:
        self.asked: list[Sequence[int]] = []

    def load(self, tokens: Sequence[int]) -> CacheRow | None:
        self.asked.append(tokens)
        return None

    def save(self, tokens: Sequence[int], pages: Sequence[Page]) -> None:
        self.asked.append(tokens)


def test_what_is_steered_is_neither_written_to_disk_nor_read_from_it() -> None:
    native, _ = models(load_library(), bits=8)
    files = Written()
    native.prefixes = Prefixes(files)
    native.prefixes.expect(tokens(64))
    native.open([tokens(75)], [[]], room=0, guides=guides(steering()))
    assert not files.asked
    native.open([tokens(75)], [[]], room=0)
    assert len(files.asked) == 2


KINDS = ["gpt2", "llama", "qwen2", "t5", "bart"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_transformers_is_steered_after_each_block_at_every_position(
    kind: str, checkpoints: Checkpoints
) -> None:
    network, _ = checkpoints(kind)
    model = TransformersModel(network, family="seq2seq" if kind in ("t5", "bart") else "causal")
    assert model.blocks == (2, 32)
    source, target = [5, 9, 17, 33], [8, 40, 41]
    plain = model.states(source, target)
    vectors = np.zeros((2, 32), dtype=np.float32)
    vectors[1] = 1.5
    moved = model.states(source, target, Guidance(steering=Steering(vectors)))
    torch.testing.assert_close(moved[:, 0], plain[:, 0])
    torch.testing.assert_close(moved[:, 1], plain[:, 1] + 1.5)
    vectors[0, ::2] = 2
    one, other = Guidance(steering=Steering(vectors)), Guidance()
    session = model.open([source] * 3, [target] * 3, room=32, guides=[one, other, one])
    session.feed([[7], [7], [7]])
    assert torch.equal(session.logits[0], session.logits[2])
    unsteered = model.open([source], [[*target, 7]], room=32)
    torch.testing.assert_close(session.logits[1], unsteered.logits[0], rtol=1e-4, atol=1e-3)
    assert not torch.allclose(session.logits[0], session.logits[1], atol=0.05)
    # The prompt is steered as well, not only what is read afterwards.
    at_once = model.open([source], [[*target, 7]], room=32, guides=[one])
    torch.testing.assert_close(at_once.logits[0], session.logits[0], rtol=1e-4, atol=1e-3)


def with_each(threads: int, compute: Callable[[int], Any]) -> list[Any]:
    """Return what is computed for each number below ``threads * 20`` in so many threads, all at once."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(compute, range(threads * 20)))


@pytest.mark.parametrize("kind", KINDS)
def test_threads_score_texts_as_each_is_steered_alone(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    vectors = [None, steering(1, size=3, width=32), steering(2, size=3, width=32), None]
    prompts = [replace(PROMPT, steering=each) for each in vectors]
    alone = [engine.score(prompt, "Dear Ana, the review").log_likelihood for prompt in prompts]
    assert len({round(each, 3) for each in alone}) == 3
    options = GenerationOptions(max_tokens=8)
    written = [engine.generate([prompt], options)[0].text for prompt in prompts]

    def compute(number: int) -> Any:
        prompt = prompts[number % 4]
        if number % 5 == 0:
            return engine.generate([prompt], options)[0].text == written[number % 4]
        found = engine.score(prompt, "Dear Ana, the review").log_likelihood
        return found == pytest.approx(alone[number % 4], abs=1e-3)

    assert all(with_each(4, compute))


@pytest.mark.parametrize("kind", KINDS)
def test_threads_get_the_states_of_their_own_texts(kind: str, checkpoints: Checkpoints) -> None:
    network, _ = checkpoints(kind)
    model = TransformersModel(network, family="seq2seq" if kind in ("t5", "bart") else "causal")
    given = guides(None, steering(1, width=32), None, steering(2, width=32))
    alone = [model.states([5, 9, 17], [8, 40 + place], guidance) for place, guidance in enumerate(given)]

    def compute(number: int) -> Any:
        place = number % 4
        if number % 3 == 0:
            model.open([[7, 8, 9]], [[5]], room=8, guides=[given[1]])
        found = model.states([5, 9, 17], [8, 40 + place], given[place])
        return found.shape == (2, 2, 32) and torch.allclose(found, alone[place], rtol=1e-4, atol=1e-4)

    assert all(with_each(4, compute))


@pytest.mark.parametrize("which", [0, 1], ids=["c", "torch"])
def test_threads_share_a_model_of_ours(which: int, pair: tuple[NativeLlama, LlamaModel]) -> None:
    given = guides(None, steering(1), None, steering(2))

    def compute(number: int) -> Tensor:
        place = number % 4
        return as_tensor(pair[which].open([SOURCES[place]], [[]], room=128, guides=[given[place]]).logits)

    alone = [compute(place) for place in range(4)]
    found = with_each(4, compute)
    assert all(torch.allclose(each, alone[number % 4], rtol=1e-4, atol=1e-4) for number, each in enumerate(found))


def test_a_network_is_let_go_with_its_model(checkpoints: Checkpoints) -> None:
    network = copy.deepcopy(checkpoints("gpt2")[0])
    model = TransformersModel(network, family="causal")
    model.states([5, 9], [8], guides(steering(width=32))[0])
    gone = weakref.ref(network)
    gc.disable()
    try:
        del network, model
        assert gone() is None
    finally:
        gc.enable()


def test_vectors_are_converted_once_for_each_row(checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    network, _ = checkpoints("gpt2")
    model = TransformersModel(network, family="causal")
    converted: list[Steering | None] = []
    convert = model.decoder_blocks.on_device

    def note(steering: Steering | None) -> Tensor | None:
        converted.append(steering)
        return convert(steering)

    monkeypatch.setattr(model.decoder_blocks, "on_device", note)
    session = model.open(SOURCES[:2], [[], []], room=64, guides=guides(steering(width=32), None))
    for token in range(5):
        session.feed([[token], [token]])
    session.select([0, 0, 1])
    assert len(converted) == 2


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_our_own_torch_adds_what_hooks_on_transformers_add(kind: str, checkpoints: Checkpoints) -> None:
    network, engine = checkpoints(kind)
    ours, theirs = engine.generative(), TransformersModel(network, family="causal")
    assert isinstance(ours, LlamaModel) and ours.blocks == theirs.blocks
    given = guides(steering(3, width=32), None)
    found, expected = (model.open(SOURCES[:2], [[1], []], room=64, guides=given) for model in (ours, theirs))
    found.feed([[4, 5], [6]])
    expected.feed([[4, 5], [6]])
    assert_close(found.logits, expected.logits, rtol=1e-3, atol=5e-3)
    for guidance in given:
        states = [model.states(SOURCES[0], SOURCES[1], guidance) for model in (ours, theirs)]
        assert_close(*states, rtol=1e-3, atol=5e-3)


def test_a_model_whose_blocks_are_not_known_is_an_error() -> None:
    config = SimpleNamespace(model_type="odd", num_hidden_layers=3)
    network = SimpleNamespace(config=config, modules=lambda: [torch.nn.ModuleList([torch.nn.Identity()])])
    with pytest.raises(ModelError, match="the blocks of a odd model are not known"):
        find_blocks(network)


PROMPT = Prompt((Message("user", "one two three"),))
SKELETON = Skeleton(("Dear ", Slot("a"), ", then ", Slot("b")))


def filled(engine: Engine, prompts: Sequence[Prompt], **options: Any) -> list[Any]:
    results: list[Any] = []
    works = [(prompt, SKELETON) for prompt in prompts]
    list(engine.fill(works, GenerationOptions(max_tokens=8, **options), results=results))
    return [[{name: slot.tokens for name, slot in each.slots.items()} for each in found] for found in results]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_written_as_each_is_steered_alone_and_in_a_batch(
    kind: str, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, engine = checkpoints(kind)
    one, other = (steering(seed, size=20, width=32) for seed in (1, 2))
    prompts = [replace(PROMPT, steering=each) for each in (one, None, other, one, None)]
    together = filled(engine, prompts, candidates=2)
    monkeypatch.setattr(Batch, "drafts", False)
    assert together == [filled(engine, [prompt], candidates=2)[0] for prompt in prompts]
    assert together[0] == together[3] and together[1] == together[4]
    # Not each from each: with some vocabularies, which differ from run to run, T5 says one word whatever moves it.
    assert not together[0] == together[1] == together[2]
    options = GenerationOptions(max_tokens=8)
    written = engine.generate(prompts[:2], options)
    assert [each.text for each in written] == ["".join(engine.stream(prompt, options)) for prompt in prompts[:2]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_likelihood_is_that_of_the_steered_model(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    plain, nothing = engine.score(PROMPT, "Dear Ana"), steering(size=0, width=32)
    assert engine.score(replace(PROMPT, steering=nothing), "Dear Ana") == plain
    moved = engine.score(replace(PROMPT, steering=steering(size=9, width=32)), "Dear Ana")
    assert abs(moved.log_likelihood - plain.log_likelihood) > 0.01


def test_vectors_of_another_model_are_refused(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    prompt = replace(PROMPT, steering=steering(blocks=3, width=32))
    with pytest.raises(ModelError, match=r"vectors of the shape \(3, 32\), and llama 2 blocks of 32"):
        engine.generate([prompt], GenerationOptions(max_tokens=2))
    with pytest.raises(ModelError, match="made with this model"):
        engine.score(prompt, "one")


@pytest.mark.parametrize("vectors", [np.zeros(4, np.float32), np.zeros((2, 4)), np.zeros((4, 2), np.float32).T])
def test_vectors_of_another_kind_are_refused(vectors: Any) -> None:
    with pytest.raises(OptionError, match="steering"):
        Steering(vectors)


def test_a_model_without_an_encoder_leaves_examples_aside(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    with_examples = replace(PROMPT, examples=("Dear Ana", "Please"))
    assert filled(engine, [with_examples]) == filled(engine, [PROMPT])
    assert engine.score(with_examples, "one") == engine.score(PROMPT, "one")


def test_nothing_of_a_request_is_left_of_a_prompt_without_it() -> None:
    prompt = replace(PROMPT, beginning=PROMPT.messages, examples=("Dear Ana",), steering=steering())
    found = prompt.without_request
    assert found.messages == PROMPT.messages and not found.examples and found.steering is None


@pytest.mark.parametrize("kind", KINDS)
def test_mean_states_are_the_models_hidden_states_of_the_texts_alone(kind: str, checkpoints: Checkpoints) -> None:
    network, engine = checkpoints(kind)
    pairs: list[tuple[str | Prompt, str]] = [("one two", "Dear Ana, the review"), (PROMPT, "four five six"), ("a", "")]
    found = engine.mean_states(pairs)
    assert found.shape == (2, 32) and found.dtype == np.float32
    each = np.stack([engine.mean_states([pair]) for pair in pairs[:2]])
    np.testing.assert_allclose(found, each.mean(0), rtol=1e-4, atol=1e-5)
    if kind in ("llama", "gpt2", "qwen2"):
        source, target = (engine.tokenizer.encode_text(text) for text in pairs[0])  # type: ignore[arg-type]
        with torch.no_grad():
            states = network(torch.tensor([source + target]), output_hidden_states=True).hidden_states
        expected = states[1][0, len(source) :].mean(0)  # those after the last block are normed there
        np.testing.assert_allclose(each[0, 0], expected.numpy(), rtol=1e-3, atol=1e-3)
    with pytest.raises(ModelError, match="no text"):
        engine.mean_states([("one", "")])


def test_states_are_the_same_whatever_was_read_before() -> None:
    native, _ = models(load_library(), replace(SMALL, context=2048), bits=8)
    source, target = tokens(300), tokens(320, seed=5)
    first = native.states(source, target)
    native.open([[*source, *target]], [[]], room=0)
    assert np.array_equal(native.states(source, target), first)
    assert np.array_equal(native.states([*source, *target[:20]], target[20:]), first[20:])
    # The last norm makes of them what the model gives as its hidden states.
    last = first[-1, -1]
    scale = 1 / np.sqrt((last**2).mean() + SMALL.epsilon)
    expected = last * scale * native._weights["model.norm.weight"]
    np.testing.assert_allclose(native.hidden([*source, *target])[-1], expected, rtol=1e-4, atol=1e-5)
