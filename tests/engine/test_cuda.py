"""Models on a GPU: the texts, likelihoods and vectors of the CPU; and what can be said of it without one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from dalle_kit.engine import devices
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.llama import LlamaModel
from dalle_kit.engine.results import Generation
from dalle_kit.errors import DeviceError
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot, Steering
from tests.modeling.test_engine import MAKES, saved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer as Backend

    from tests.conftest import Checkpoints

PROMPTS = ["Dear Ana, the review", "one two three four", "Please", "Dear Ana, the cost sheet of the"]
PROMPT = Prompt((Message("user", "one two three"),))
GREEDY, SAMPLED = GenerationOptions(max_tokens=24), GenerationOptions(max_tokens=24, temperature=0.9, seed=11)

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


@pytest.fixture
def attention() -> Iterator[None]:
    """Leave what torch computes attention with as it was."""
    before: bool = torch.backends.cuda.cudnn_sdp_enabled()  # type: ignore[no-untyped-call]
    torch.backends.cuda.enable_cudnn_sdp(True)
    yield
    torch.backends.cuda.enable_cudnn_sdp(before)


@pytest.mark.parametrize(("device", "is_used"), [("cuda", False), ("cpu", True), ("mps", True)])
def test_attention_that_is_planned_for_each_length_is_not_used_on_a_gpu(
    device: str, is_used: bool, attention: None
) -> None:
    devices.prepare(device)
    found: bool = torch.backends.cuda.cudnn_sdp_enabled()  # type: ignore[no-untyped-call]
    assert found == is_used


def test_a_gpu_that_only_imitates_bfloat16_computes_in_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert devices.choose_dtype(device="cuda") == "float16"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    assert devices.choose_dtype(device="cuda") == "bfloat16"


@pytest.mark.parametrize("reason", ["CUDA out of memory. Tried to allocate", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED"])
def test_a_library_without_memory_to_begin_with_is_the_clear_error(reason: str) -> None:
    with pytest.raises(DeviceError, match="cuda has too little memory"), devices.memory_errors("cuda"):
        raise RuntimeError(reason)


def texts(engine: Engine, prompts: Sequence[str], options: GenerationOptions) -> list[str]:
    return [each.text for each in engine.generate(prompts, options)]


def same(gpu: Engine, cpu: Engine) -> None:
    """Check all that an engine does on the GPU, in float32, against the same on the CPU."""
    assert (gpu.device, gpu.dtype, gpu.family) == ("cuda", "float32", cpu.family)
    for options in (GREEDY, SAMPLED, replace(GREEDY, repetition_penalty=1.3)):
        assert texts(gpu, PROMPTS, options) == texts(cpu, PROMPTS, options)
        assert texts(gpu, PROMPTS[:1], options) == texts(cpu, PROMPTS[:1], options)
    skeleton = Skeleton(("Dear Ana, ", Slot("a", options={"max_tokens": 6}), "\n\n", Slot("b", beams=3)))
    filled: list[list[str]] = []
    for engine in (gpu, cpu):
        results: list[list[Generation]] = []
        for _ in engine.fill([(PROMPT, skeleton)], replace(SAMPLED, candidates=3), results=results):
            pass
        filled.append([each.text for each in results[0]])
    assert filled[0] == filled[1]
    found, expected = (engine.log_likelihoods([(each, [5, 9, 40, 7]) for each in PROMPTS]) for engine in (gpu, cpu))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(gpu.encode(PROMPTS), cpu.encode(PROMPTS), rtol=1e-3, atol=1e-3)
    pairs = [(each, " and more") for each in PROMPTS]
    states = cpu.mean_states(pairs)
    np.testing.assert_allclose(gpu.mean_states(pairs), states, rtol=1e-3, atol=1e-2)
    steered = replace(PROMPT, steering=Steering(-states))
    assert gpu.generate([steered, PROMPT], GREEDY)[0].text == cpu.generate([steered, PROMPT], GREEDY)[0].text


@on_gpu
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "t5", "bart"])
def test_a_gpu_writes_what_the_cpu_does(kind: str, checkpoints: Checkpoints) -> None:
    _, cpu = checkpoints(kind)
    gpu = Engine.load(StoredModel(name=kind, path=cpu.path), device="cuda", dtype="float32")
    same(gpu, cpu)
    model = gpu.generative()
    if isinstance(model, LlamaModel):
        assert model.graphs is not None and model.graphs._recordings is not None
        assert model.graphs._works and model.graphs._recordings._replays


@on_gpu
@pytest.mark.parametrize("make", MAKES, ids="-".join)
def test_a_gpu_reads_examples_as_the_cpu_does(
    make: tuple[str, str, str], tmp_path: Path, byte_bpe: Backend, unigram: Backend
) -> None:
    saved(make, tmp_path / "model", reads=unigram, writes=byte_bpe)
    stored = StoredModel(name="made", path=str(tmp_path / "model"))
    gpu, cpu = (Engine.load(stored, device=device, dtype="float32") for device in ("cuda", "cpu"))
    short = replace(GREEDY, max_tokens=12)
    given = [replace(PROMPT, examples=examples) for examples in ((), ("one two",), ("Please bring it.", "one two"))]
    for prompts in (given, given[:1], given):
        assert [each.text for each in gpu.generate(prompts, short)] == [
            each.text for each in cpu.generate(prompts, short)
        ]
    assert texts(gpu, PROMPTS, short) == texts(cpu, PROMPTS, short)


@on_gpu
@pytest.mark.parametrize("quant", ["int8", "int4"])
def test_packed_weights_are_unpacked_for_a_gpu(quant: str, checkpoints: Checkpoints) -> None:
    _, plain = checkpoints("llama")
    stored = StoredModel(name="llama", path=plain.path)
    gpu = Engine.load(stored, device="cuda", dtype="float32", quant=quant)
    cpu = Engine.load(stored, device="cpu", dtype="float32", quant=quant)
    targets = [(each, [5, 9, 40, 7]) for each in PROMPTS]
    np.testing.assert_allclose(gpu.log_likelihoods(targets), cpu.log_likelihoods(targets), rtol=1e-3, atol=2e-3)
    assert not np.allclose(gpu.log_likelihoods(targets), plain.log_likelihoods(targets), rtol=0.001, atol=0.001)


@on_gpu
def test_a_gpu_computes_in_16_bits_if_nothing_else_is_asked_for(checkpoints: Checkpoints, attention: None) -> None:
    _, cpu = checkpoints("llama")
    gpu = Engine.load(StoredModel(name="llama", path=cpu.path))
    assert (gpu.device, gpu.runner) == ("cuda", "torch") and gpu.dtype in ("bfloat16", "float16")
    planned: bool = torch.backends.cuda.cudnn_sdp_enabled()  # type: ignore[no-untyped-call]
    assert not planned
    assert all(each.tokens for each in gpu.generate(PROMPTS, GREEDY))
    targets = [(each, [5, 9, 40, 7]) for each in PROMPTS]
    np.testing.assert_allclose(gpu.log_likelihoods(targets), cpu.log_likelihoods(targets), rtol=0.02, atol=0.05)


@on_gpu
def test_threads_that_share_a_gpu_get_what_each_would_alone(checkpoints: Checkpoints) -> None:
    _, cpu = checkpoints("llama")
    gpu = Engine.load(StoredModel(name="llama", path=cpu.path), device="cuda", dtype="float32")
    targets = [(each, [5, 9, 40, 7]) for each in PROMPTS]
    expected, likely = [texts(cpu, [each], GREEDY) for each in PROMPTS], cpu.log_likelihoods(targets)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            written = [pool.submit(texts, gpu, [each], GREEDY) for each in PROMPTS]
            scored = [pool.submit(gpu.log_likelihoods, targets) for _ in range(4)]
            assert [each.result() for each in written] == expected
            for each in scored:
                np.testing.assert_allclose(each.result(), likely, rtol=1e-3, atol=1e-3)
