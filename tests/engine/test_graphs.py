"""Recorded steps: the same numbers as without, whatever joins, waits, is cropped, moved or outgrows its cache.

What a GPU records as a graph is recorded here as the list of torch's operations with the tensors they were given, and
repeated on these: whatever depended on Python at the time of recording stays as it was then, as in a graph.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from dalle_kit.engine import graphs
from dalle_kit.engine.devices import memory_errors, prepare
from dalle_kit.engine.guidance import Guidance
from dalle_kit.engine.llama import LlamaModel, LlamaSession
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.llama_step import step
from dalle_kit.errors import DeviceError
from dalle_kit.records import Steering

VOCABULARY, INNER = 97, 48
CONFIG = LlamaConfig(layers=2, width=32, heads=6, kv_heads=2, head_width=8, theta=10000.0, epsilon=1e-6, context=2048)


def weights_of(config: LlamaConfig = CONFIG, *, biased: bool = False, tied: bool = True) -> dict[str, Tensor]:
    """Return random weights, large enough that tokens, positions and order matter."""
    generator = torch.Generator().manual_seed(7)

    def random_matrix(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) / math.sqrt(shape[-1])

    weights = {
        "model.embed_tokens.weight": random_matrix(VOCABULARY, config.width) * 4,
        "model.norm.weight": torch.rand(config.width, generator=generator) + 0.5,
    }
    if not tied:
        weights["lm_head.weight"] = random_matrix(VOCABULARY, config.width) * 4
    sizes = {"q": (config.queries, config.width), "k": (config.keys, config.width), "v": (config.keys, config.width)}
    for index in range(config.layers):
        name = f"model.layers.{index}."
        for part, shape in sizes.items():
            weights[f"{name}self_attn.{part}_proj.weight"] = random_matrix(*shape) * 2
            if biased:
                weights[f"{name}self_attn.{part}_proj.bias"] = torch.randn(shape[0], generator=generator)
        weights[f"{name}self_attn.o_proj.weight"] = random_matrix(config.width, config.queries) * 2
        weights[f"{name}mlp.gate_proj.weight"] = random_matrix(INNER, config.width) * 2
        weights[f"{name}mlp.up_proj.weight"] = random_matrix(INNER, config.width) * 2
        weights[f"{name}mlp.down_proj.weight"] = random_matrix(config.width, INNER) * 2
        weights[f"{name}input_layernorm.weight"] = torch.rand(config.width, generator=generator) + 0.5
        weights[f"{name}post_attention_layernorm.weight"] = torch.rand(config.width, generator=generator) + 0.5
    return weights


class Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes operations while it is entered; ``replay`` does them again, on the same memory."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self._calls.append((func, args, kwargs or {}, result))
        return result

    def replay(self) -> None:
        made: dict[int, Tensor] = {}

        def latest(value: Any) -> Any:
            return made.get(id(value), value) if isinstance(value, Tensor) else value

        with torch.inference_mode():
            for func, args, kwargs, result in self._calls:
                again = func(*tree_map(latest, args), **tree_map(latest, kwargs))
                for old, new in zip(tree_flatten(result)[0], tree_flatten(again)[0], strict=True):
                    if isinstance(old, Tensor):
                        made[id(old)] = new


class Recorder:
    """Records as ``CudaRecorder`` does, and counts what is recorded and repeated."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0
        self.failure: RuntimeError | None = None

    def __call__(self, compute: Callable[[], None]) -> Callable[[], None]:
        compute()
        if self.failure is not None:
            raise self.failure
        tape = Tape()
        with tape:
            compute()
        self.recorded += 1

        def replay() -> None:
            self.replayed += 1
            tape.replay()

        return replay


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def recording(recorder: Recorder) -> LlamaModel:
    return LlamaModel(CONFIG, weights_of(), recorder=lambda: recorder)


@pytest.fixture
def plain() -> LlamaModel:
    return LlamaModel(CONFIG, weights_of())


def text(length: int, seed: int = 0) -> list[int]:
    return [random.Random(1000 * seed + place).randrange(VOCABULARY) for place in range(length)]


def close(found: Tensor, expected: Tensor) -> None:
    # Products of other shapes round in other ways: the logits, of the size of 1, differ by up to 4e-5 on an Intel Xeon
    # (Sapphire Rapids), by 2e-5 on an AMD EPYC (Zen 4).
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


class Pair:
    """A session with recorded steps and one without, which are asked for the same."""

    def __init__(self, recording: LlamaModel, plain: LlamaModel, prompts: Sequence[Sequence[int]], room: int) -> None:
        self.recorded = recording.open(prompts, [()] * len(prompts), room=room)
        self.plain = plain.open(prompts, [()] * len(prompts), room=room)
        self.check()

    def check(self) -> None:
        assert self.recorded.lengths == self.plain.lengths
        close(self.recorded.logits, self.plain.logits)

    def feed(self, tokens: Sequence[Sequence[int]], tails: Sequence[int] | None = None) -> None:
        close(self.recorded.feed(tokens, tails=tails), self.plain.feed(tokens, tails=tails))
        self.check()

    def each(self, do: Callable[[LlamaSession], object]) -> None:
        do(self.recorded)
        do(self.plain)


def ones(count: int, seed: int) -> list[list[int]]:
    return [[token] for token in text(count, seed)]


def test_steered_rows_are_computed_as_without_recordings_and_leave_those_right(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder
) -> None:
    vectors = np.random.default_rng(3).normal(0, 1, (CONFIG.layers, CONFIG.width)).astype(np.float32)
    pair = Pair(recording, plain, [text(20), text(9, 1)], 64)
    pair.feed(ones(2, 5))
    pair.feed(ones(2, 6))
    replayed = recorder.replayed
    assert replayed > 0
    guides = [Guidance(steering=Steering(vectors))]
    pair.each(lambda session: session.join([text(12, 2)], [text(3, 3)], guides=guides))
    pair.check()
    for seed in range(3):
        pair.feed(ones(3, 7 + seed))
    assert recorder.replayed == replayed
    pair.each(lambda session: session.select([1, 0]))
    for seed in range(3):
        pair.feed(ones(2, 17 + seed))
    assert recorder.replayed > replayed


def test_vectors_are_put_together_for_what_is_computed_with_them_only(
    recording: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.random.default_rng(3).normal(0, 1, (CONFIG.layers, CONFIG.width)).astype(np.float32)
    session = recording.open([text(20), text(9, 1)], [[], []], room=64)
    stacked: list[int] = []
    put_together = LlamaSession._stacked_steering

    def note(session: LlamaSession, first: int, beyond: int) -> Tensor | None:
        stacked.append(beyond - first)
        return put_together(session, first, beyond)

    monkeypatch.setattr(LlamaSession, "_stacked_steering", note)
    session.feed(ones(2, 5))
    assert not stacked
    session.join([text(12, 2)], [[]], guides=[Guidance(steering=Steering(vectors))])
    session.feed(ones(3, 6))
    assert stacked == [1, 3]


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_a_step_over_more_rows_and_places_than_are_taken_computes_the_same(plain: LlamaModel, rows: int) -> None:
    prompts = [text(3 + 7 * row, row) for row in range(rows)]
    session = plain.open(prompts, [()] * rows, room=40)
    places, size = 8, 256
    cache = torch.zeros(CONFIG.layers, 2, places, CONFIG.kv_heads, size, CONFIG.head_width)
    cache[:, :, :rows, :, : session._cache.shape[4]] = session._cache[:, :, :rows]
    tokens = torch.zeros(places, 1, dtype=torch.int64)
    positions = torch.zeros(places, 1, dtype=torch.int64)
    tokens[:rows, 0], positions[:rows, 0] = torch.tensor(text(rows, 50)), torch.tensor(session.lengths)
    with torch.inference_mode():
        found = plain.logits(step(plain, tokens, positions, cache)[:, 0])
    assert found.shape == (places, VOCABULARY)
    close(found[:rows], session.feed(ones(rows, 50)))


@pytest.mark.parametrize(("biased", "tied"), [(False, True), (True, False)])
def test_recorded_steps_compute_what_others_do(recorder: Recorder, biased: bool, tied: bool) -> None:
    models = (
        LlamaModel(CONFIG, weights_of(biased=biased, tied=tied), recorder=lambda: recorder),
        LlamaModel(CONFIG, weights_of(biased=biased, tied=tied)),
    )
    pair = Pair(*models, [text(25), text(33, 1), text(17, 2)], 64)
    for number in range(6):
        pair.feed(ones(3, number))
    assert (recorder.recorded, recorder.replayed) == (1, 5)


def test_what_was_returned_before_stays_as_it_is(recording: LlamaModel) -> None:
    session = recording.open([text(5), text(9, 1)], [(), ()], room=32)
    session.feed(ones(2, 0))
    before = session.feed(ones(2, 1))
    kept = before.clone()
    for number in range(2, 5):
        session.feed(ones(2, number))
    assert torch.equal(before, kept)


def test_rows_join_wait_are_cropped_copied_and_left(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder
) -> None:
    pair = Pair(recording, plain, [text(20), text(30, 1)], 64)
    pair.feed(ones(2, 0))
    pair.each(lambda session: session.join([text(30, 2)], [text(4, 3)]))
    pair.check()
    pair.feed(ones(3, 1))
    pair.feed([[5], [], [6]])
    pair.feed([[], [7], []])
    pair.each(lambda session: session.crop(0, 11))
    pair.feed(ones(3, 2))
    pair.each(lambda session: session.select([2, 0, 0, 1]))
    pair.each(lambda session: session.crop(2, 4))
    pair.feed(ones(4, 3))
    pair.each(lambda session: session.select([3]))
    for number in range(4, 8):
        pair.feed(ones(1, number))
    pair.each(lambda session: session.select([]))
    pair.each(lambda session: session.join([text(40, 5), text(6, 6)], [(), ()]))
    pair.check()
    pair.feed(ones(2, 9))
    assert recorder.replayed > recorder.recorded > 2


def test_drafts_and_forced_tokens_are_recorded_too(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder
) -> None:
    pair = Pair(recording, plain, [text(28), text(23, 1), text(34, 2)], 128)
    pair.feed([[1, 2, 3], [4], [5, 6]], tails=[3, 1, 0])
    pair.feed([[1, 2], [4, 9, 11, 3], []], tails=[1, 4, 0])
    assert (recorder.recorded, recorder.replayed) == (1, 1)
    pair.feed([text(9, 4), [7], [8]], tails=[9, 1, 1])  # the first row apart from the others
    pair.feed([text(16, 5), [], text(12, 6)])
    pair.feed([text(17, 7), [3], [4]])  # too many in the first
    pair.feed([[2], text(10, 8), [3]])  # three after one another
    assert recorder.recorded == 3
    assert {key[1] for key in _kept(recording)} == {1, 4, 16}


def _kept(model: LlamaModel) -> list[tuple[int, int, int]]:
    """Return the rows, count and size of the recordings at hand."""
    assert model.graphs is not None and model.graphs._recordings is not None
    return list(model.graphs._recordings._replays)


def test_a_cache_that_grows_forgets_what_was_recorded_on_it(recording: LlamaModel, plain: LlamaModel) -> None:
    pair = Pair(recording, plain, [text(250), text(20, 1)], 255)
    pair.feed(ones(2, 0))
    assert _kept(recording) == [(2, 1, 256)]
    for number in range(1, 9):
        pair.feed(ones(2, number))
    assert _kept(recording) == [(2, 1, 512)]
    pair.each(lambda session: session.join([text(25, 2)], [()]))
    assert _kept(recording) == []
    pair.feed(ones(3, 10))
    assert _kept(recording) == [(4, 1, 512)]
    pair.each(lambda session: session.select([1, 2]))
    pair.feed(ones(2, 11))
    assert _kept(recording) == [(4, 1, 512), (2, 1, 256)]


def test_the_next_session_has_nothing_to_record_again(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder
) -> None:
    for prompts in ([text(30), text(19, 1)], [text(24, 2), text(50, 3)], [text(18, 4)]):
        pair = Pair(recording, plain, prompts, 64)
        pair.feed(ones(len(prompts), 0))
        pair.feed(ones(len(prompts), 1))
        del pair
    assert (recorder.recorded, recorder.replayed) == (2, 4)


def test_what_a_text_left_in_the_cache_does_not_reach_the_next_one(recording: LlamaModel, plain: LlamaModel) -> None:
    session = recording.open([text(40)], [()], room=64)
    session.feed([[1]])
    with torch.inference_mode():
        session._cache.fill_(torch.nan)
    del session
    pair = Pair(recording, plain, [text(7, 1)], 64)
    pair.feed([[1]])


def test_sessions_at_the_same_time_do_not_share_memory(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder
) -> None:
    first, second = (Pair(recording, plain, [text(29, seed), text(25, seed + 1)], 64) for seed in (1, 5))
    for number in range(4):
        first.feed(ones(2, number))
        second.feed(ones(2, number + 10))
    assert (recorder.recorded, recorder.replayed) == (1, 3)
    del first
    third = Pair(recording, plain, [text(29, 8)], 64)
    third.feed(ones(1, 3))
    second.feed(ones(2, 3))
    assert recorder.recorded == 2


def test_the_oldest_recordings_go(recording: LlamaModel, plain: LlamaModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "_MOST", 2)
    pair = Pair(recording, plain, [text(29, seed) for seed in range(4)], 64)
    pair.feed(ones(4, 0))
    for rows in (2, 1):
        pair.each(lambda session, rows=rows: session.select(range(rows)))  # type: ignore[misc]
        pair.feed(ones(rows, rows))
    assert _kept(recording) == [(2, 1, 256), (1, 1, 256)]


def test_where_recording_fails_steps_are_computed_one_by_one_after_one_warning(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.failure = RuntimeError("operation not permitted when stream is capturing\nmore")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            pair = Pair(recording, plain, [text(29), text(25, 1)], 64)
            pair.feed(ones(2, 0))
            pair.feed(ones(2, 1))
            del pair
    assert [record.getMessage() for record in caplog.records] == [
        "texts are written more slowly: steps cannot be recorded as CUDA graphs "
        "(operation not permitted when stream is capturing)"
    ]
    assert recorder.recorded == recorder.replayed == 0


def test_a_recording_that_there_was_no_memory_for_is_tried_again_by_the_next_session(
    recording: LlamaModel, plain: LlamaModel, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.failure = torch.OutOfMemoryError("CUDA out of memory")
    pair = Pair(recording, plain, [text(29), text(25, 1)], 64)
    pair.feed(ones(2, 0))
    pair.feed(ones(2, 1))
    recorder.failure = None
    pair.feed(ones(2, 2))
    assert recorder.recorded == recorder.replayed == 0
    del pair
    pair = Pair(recording, plain, [text(29), text(25, 1)], 64)
    pair.feed(ones(2, 0))
    pair.feed(ones(2, 1))
    assert (recorder.recorded, recorder.replayed) == (1, 1)
    assert not caplog.records


def test_where_memory_runs_out_the_recordings_go_first(
    recording: LlamaModel, plain: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(recording, plain, [text(29), text(25, 1)], 64)
    pair.feed(ones(2, 0))
    assert recording.graphs is not None
    compute = recording.logits

    def scarce(states: Tensor) -> Tensor:
        if recording.graphs is not None and recording.graphs._recordings is not None:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(states)

    monkeypatch.setattr(recording, "logits", scarce)
    pair.feed(ones(2, 1))
    assert recording.graphs._recordings is None
    monkeypatch.undo()
    again = Pair(recording, plain, [text(29)], 64)
    again.feed(ones(1, 3))
    pair.feed(ones(2, 2))
    again.feed(ones(1, 4))
    assert _kept(recording) == [(1, 1, 256)]


def test_recordings_that_another_session_uses_stay_where_memory_runs_out(
    recording: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = recording.open([text(25)], [()], room=64)
    user.feed([[1]])
    other = recording.open([text(25)], [()], room=64)

    def none_left(states: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(recording, "logits", none_left)
    with pytest.raises(torch.OutOfMemoryError):
        other.feed([[1]])
    assert _kept(recording) == [(1, 1, 256)]


def test_memory_that_never_suffices_is_the_clear_error(recording: LlamaModel, monkeypatch: pytest.MonkeyPatch) -> None:
    session = recording.open([text(20)], [()], room=64)
    session.feed([[1]])

    def none_left(states: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(recording, "logits", none_left)
    with pytest.raises(DeviceError, match="cuda has too little memory"), memory_errors("cuda"):
        session.feed([[2]])


on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


def on_cuda(dtype: torch.dtype) -> LlamaModel:
    prepare("cuda")
    return LlamaModel(CONFIG, {name: weight.to("cuda", dtype) for name, weight in weights_of().items()})


@on_gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cuda_graphs_compute_what_separate_kernels_do(dtype: torch.dtype) -> None:
    model = on_cuda(dtype)
    prompts = [text(40), text(20, 1), text(33, 2)]
    recorded = model.open(prompts, [()] * 3, room=300)
    graphs_of_model, model.graphs = model.graphs, None
    apart = model.open(prompts, [()] * 3, room=300)
    model.graphs = graphs_of_model
    tolerance = 1e-4 if dtype == torch.float32 else 0.5
    for number in range(230):  # beyond 256 tokens, and back to one row
        if number in (20, 225):
            for session in (recorded, apart):
                session.select([2, 0] if number == 20 else [1])
                session.crop(0, session.lengths[0] - 3)
        tokens = ones(len(recorded.lengths), number)
        if number % 7 == 0:
            tokens[0] = text(5, number)
        found, expected = recorded.feed(tokens), apart.feed(tokens)
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    assert len(_kept(model)) > 4


@on_gpu
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-3), (torch.bfloat16, 1.0)])
def test_a_gpu_chooses_what_the_cpu_does_where_that_is_clear(dtype: torch.dtype, tolerance: float) -> None:
    rounded = {name: weight.to(dtype).float() for name, weight in weights_of().items()}
    reference, model = LlamaModel(CONFIG, rounded), on_cuda(dtype)
    expected = reference.open([text(30), text(20, 1)], [(), ()], room=128)
    found = model.open([text(30), text(20, 1)], [(), ()], room=128)
    clear = 0
    for _ in range(60):
        difference = (found.logits.cpu() - expected.logits).abs().max()
        assert difference < tolerance
        for row in range(2):
            best, second = expected.logits[row].topk(2).values.tolist()
            if best - second > 2 * tolerance:
                clear += 1
                assert found.logits[row].argmax().item() == expected.logits[row].argmax().item()
        chosen = [[int(token)] for token in expected.logits.argmax(-1)]
        expected.feed(chosen)
        found.feed(chosen)
    assert clear > 20


@on_gpu
def test_a_gpu_out_of_memory_lets_go_of_its_graphs_and_says_so() -> None:
    model = on_cuda(torch.float32)
    session = model.open([text(20)], [()], room=64)
    session.feed([[1]])
    assert _kept(model) == [(1, 1, 256)]
    with pytest.raises(DeviceError, match="cuda has too little memory"), memory_errors("cuda"):
        session.extend(10**9)
    assert model.graphs is not None and model.graphs._recordings is None
    assert session.feed([[2]]).isfinite().all()


@on_gpu
def test_recordings_stay_right_whatever_becomes_of_others_and_of_torchs_workspaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphs, "_MOST", 2)
    model, apart = on_cuda(torch.float32), on_cuda(torch.float32)
    apart.graphs = None
    pair = Pair(model, apart, [text(29, seed) for seed in range(4)], 64)
    junk: list[Tensor] = []
    for number in range(24):
        count = (1, 3, 9, 1, 12, 2)[number % 6]
        tokens = [text(count, 10 * number + row) for row in range(4)] if number % 5 else ones(4, number)
        found, expected = pair.recorded.feed(tokens), pair.plain.feed(tokens)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        if number % 4 == 3:
            # As torch.compile does it before and after it records graphs of its own.
            torch._C._cuda_clearCublasWorkspaces()
            torch.cuda.empty_cache()
            junk.append(torch.full((2**24,), torch.nan, device="cuda"))
        if number == 12:
            for session in (pair.recorded, pair.plain):
                session.select([3, 1])
                session.select([0, 1, 1, 0])
    assert all(each.isnan().all() for each in junk)


@on_gpu
def test_others_can_record_beside_ours() -> None:
    model = on_cuda(torch.float32)
    session = model.open([text(20)], [()], room=64)
    session.feed([[1]])
    number, graph = torch.zeros(1, device="cuda"), torch.cuda.CUDAGraph()
    number.add_(1)
    with torch.cuda.graph(graph):
        number.add_(1)
    graph.replay()
    session.feed([[2]])
    assert number.item() == 2
    assert _kept(model) == [(1, 1, 256)]
