"""The C step beside the same model in torch, and rows beside themselves alone; random weights show the arithmetic."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import random
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dalle_kit.engine.llama import LlamaModel
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.logits import Logits, as_tensor
from dalle_kit.engine.native.compiling import CompileError, load_library
from dalle_kit.engine.native.model import NativeLlama, can_compute
from dalle_kit.engine.native.pages import PAGE, Prefixes
from dalle_kit.engine.native.session import NativeSession
from dalle_kit.errors import ModelError
from dalle_kit.models.quantization import quantize4, quantize8
from dalle_kit.models.weights import dequantize, is_packed

VOCABULARY = 96
SMALL = LlamaConfig(layers=2, width=64, heads=4, kv_heads=2, head_width=16, theta=10_000.0, epsilon=1e-5, context=256)
SIZES = {
    "grouped queries": SMALL,
    "a head for each query": replace(SMALL, kv_heads=4, head_width=32),
    "one head for all queries": replace(SMALL, kv_heads=1, layers=1),
    "odd widths": replace(SMALL, width=96, heads=4, kv_heads=2, head_width=48),
}


#: What keeps the compiler from what not all processors can do, beginning with what fewest can.
LESS = ("-mno-avx512vbmi", "-mno-avx512vnni", "-mno-avx2")


def compiled(less: str) -> ctypes.CDLL:
    with pytest.MonkeyPatch.context() as patch:
        if less:
            patch.setenv("CC", f"cc {less}")
        try:
            return load_library()
        except CompileError:
            if not less:
                raise
            pytest.skip(f"this compiler does not know {less}")


@pytest.fixture(scope="module", params=["", *LESS])
def library(request: pytest.FixtureRequest) -> ctypes.CDLL:
    """The library for this processor, and as it is for processors that can do less."""
    return compiled(request.param)


def packed_weights(config: LlamaConfig, *, bits: int, biased: bool = False, tied: bool = True) -> dict[str, Tensor]:
    torch.manual_seed(7)
    weights: dict[str, Tensor] = {}

    def matrix(name: str, rows: int, columns: int) -> None:
        packed = (quantize4 if bits == 4 and "embed" not in name else quantize8)(torch.randn(rows, columns) * 0.2)
        weights[f"{name}.weight"] = packed

    queries, keys, inner = config.heads * config.head_width, config.kv_heads * config.head_width, 128
    for layer in range(config.layers):
        name = f"model.layers.{layer}."
        for part, rows, columns in (
            ("self_attn.q_proj", queries, config.width),
            ("self_attn.k_proj", keys, config.width),
            ("self_attn.v_proj", keys, config.width),
            ("self_attn.o_proj", config.width, queries),
            ("mlp.gate_proj", inner, config.width),
            ("mlp.up_proj", inner, config.width),
            ("mlp.down_proj", config.width, inner),
        ):
            matrix(name + part, rows, columns)
            if biased and part[-6:-5] in "qkv":
                weights[f"{name}{part}.bias"] = torch.randn(rows)
        weights[f"{name}input_layernorm.weight"] = torch.rand(config.width) + 0.5
        weights[f"{name}post_attention_layernorm.weight"] = torch.rand(config.width) + 0.5
    matrix("model.embed_tokens", VOCABULARY, config.width)
    if not tied:
        matrix("lm_head", VOCABULARY, config.width)
    weights["model.norm.weight"] = torch.rand(config.width) + 0.5
    return weights


def models(
    library: ctypes.CDLL, config: LlamaConfig = SMALL, *, bits: int = 4, threads: int = 2, **more: bool
) -> tuple[NativeLlama, LlamaModel]:
    weights = packed_weights(config, bits=bits, **more)
    arrays = {name: each.numpy() for name, each in weights.items()}
    assert can_compute(config, arrays)
    floats = {name: dequantize(each) if is_packed(each) else each for name, each in weights.items()}
    return NativeLlama(config, arrays, library, threads=threads), LlamaModel(config, floats)


def tokens(count: int, *, seed: int = 1) -> list[int]:
    return [random.Random(seed * 1000 + place).randrange(VOCABULARY) for place in range(count)]


def equal(one: Logits, other: Logits) -> bool:
    return torch.equal(as_tensor(one), as_tensor(other))


def assert_close(one: Logits, other: Logits, *, rtol: float, atol: float) -> None:
    torch.testing.assert_close(as_tensor(one), as_tensor(other), rtol=rtol, atol=atol)


@pytest.mark.parametrize("config", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("bits", [4, 8])
def test_it_computes_what_torch_computes(library: ctypes.CDLL, config: LlamaConfig, bits: int) -> None:
    native, reference = models(library, config, bits=bits)
    sources = [tokens(3), tokens(70, seed=2), tokens(PAGE, seed=3)]
    targets: list[list[int]] = [[], [5, 6], []]
    ours, theirs = (model.open(sources, targets, room=128) for model in (native, reference))
    assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=5e-3)
    for _ in range(3):
        best = theirs.logits.argmax(1).tolist()
        ours.feed([[token] for token in best])
        theirs.feed([[token] for token in best])
        assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=5e-3)
    assert_close(native.hidden(sources[1]), reference.hidden(sources[1]), rtol=1e-3, atol=5e-3)


@pytest.mark.parametrize("bits", [4, 8])
def test_processors_that_multiply_integers_give_the_same_to_the_bit(bits: int) -> None:
    rows = [tokens(1 + 3 * number, seed=number) for number in range(40)]
    wide, narrow, plain = (models(compiled(less), bits=bits)[0].open(rows, [[]] * 40, room=64) for less in LESS)
    widest = models(compiled(""), bits=bits)[0].open(rows, [[]] * 40, room=64)
    assert equal(wide.logits, narrow.logits)
    if not equal(widest.logits, plain.logits):  # so they are where this processor has none of that
        assert equal(widest.logits, wide.logits)
        assert_close(wide.logits, plain.logits, rtol=1e-3, atol=5e-3)


def test_biases_and_a_head_of_its_own_count(library: ctypes.CDLL) -> None:
    native, reference = models(library, biased=True, tied=False)
    ours, theirs = (model.open([tokens(20)], [[]], room=32) for model in (native, reference))
    assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=5e-3)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_row_is_the_same_to_the_bit_alone_and_in_a_crowd(library: ctypes.CDLL, bits: int, threads: int) -> None:
    alone, _ = models(library, bits=bits, threads=1)
    crowd, _ = models(library, bits=bits, threads=threads)
    rows = [tokens(1 + 9 * number, seed=number) for number in range(11)]
    together = crowd.open(rows, [[]] * len(rows), room=0)
    together.feed([tokens(1 + number % 3, seed=50 + number) for number in range(len(rows))])
    for number, row in enumerate(rows):
        session = alone.open([row[:1]], [[]], room=0)
        for token in [*row[1:], *tokens(1 + number % 3, seed=50 + number)]:  # one by one, not at once
            session.feed([[token]])
        assert equal(session.logits[0], together.logits[number])


def test_what_was_read_lately_is_not_read_again_and_changes_nothing(library: ctypes.CDLL) -> None:
    native, _ = models(library)
    fresh, _ = models(library)
    start = tokens(75)
    first = native.open([start], [[]], room=0)
    for number in range(4):
        text = [*start[: 75 - 20 * number], *tokens(9, seed=number)]
        assert native.prefixes.find(text).length >= 75 - 20 * number
        again = native.open([text], [[]], room=0)
        fresh.prefixes = Prefixes()
        assert equal(again.logits, fresh.open([text], [[]], room=0).logits)
    first.feed([[1]])  # the pages it shares by now are its own again
    fresh.prefixes = Prefixes()
    assert equal(first.logits, fresh.open([[*start, 1]], [[]], room=0).logits)


def test_what_is_kept_of_texts_is_bounded(library: ctypes.CDLL) -> None:
    native, _ = models(library, replace(SMALL, context=10_000))
    for number in range(100):
        native.open([tokens(100, seed=number)], [[]], room=0)
    kept = native.prefixes._kept
    assert 5 < len(kept) < 20 and native.prefixes.find(tokens(100, seed=99)).length == 99
    assert native.prefixes.find(tokens(100, seed=0)).length == 0


def test_a_long_text_is_read_in_several_steps_and_is_the_same(library: ctypes.CDLL) -> None:
    native, reference = models(library, replace(SMALL, context=2048))
    text = tokens(700)
    ours, theirs = (model.open([text, text[:5]], [[], []], room=704) for model in (native, reference))
    assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=1e-2)


def test_a_text_that_is_read_between_others_is_the_same_to_the_bit_and_kept_as_a_whole(library: ctypes.CDLL) -> None:
    native, _ = models(library)
    fresh, _ = models(library)
    text = tokens(100)
    session = native.open([tokens(7, seed=2)], [[]], room=0)
    (left,) = session.join([text], [[]], most=30)
    assert left == text[30:] and native.prefixes.find([*text, 1]).length == 0
    session.feed([[1], left[:50]], tails=[1, 0])
    session.select([1, 0])
    session.feed([left[50:], [2]])
    assert equal(session.logits, fresh.open([text, [*tokens(7, seed=2), 1, 2]], [[], []], room=0).logits)
    assert native.prefixes.find([*text, 1]).length == 100


def test_logits_come_after_as_many_tokens_as_asked_for(library: ctypes.CDLL) -> None:
    native, _ = models(library)
    whole = native.open([tokens(4), tokens(6, seed=2)], [[], []], room=0)
    found = whole.feed([[1, 2, 3], [4]], tails=[3, 1])
    steps = native.open([tokens(4)], [[]], room=0)
    for place, token in enumerate([1, 2, 3]):
        assert equal(steps.feed([[token]])[0], found[place])
    assert equal(whole.logits, found[[2, 3]])
    waiting = whole.logits[0].copy()
    whole.feed([[], [9]])
    assert equal(whole.logits[0], waiting) and whole.lengths == [7, 8]


Operation = tuple[str, int, int]


@given(
    st.lists(
        st.tuples(st.sampled_from(["feed", "crop", "copy", "drop", "join"]), st.integers(0, 7), st.integers(1, 40)),
        max_size=14,
    )
)
@settings(max_examples=40, deadline=None)
def test_rows_that_are_copied_cropped_and_joined_are_as_if_read_anew(operations: Sequence[Operation]) -> None:
    native, _ = models(load_library(), replace(SMALL, layers=1))
    texts = [tokens(30), tokens(33, seed=2)]
    session = native.open(texts, [[], []], room=0)
    for number, (what, which, count) in enumerate(operations):
        row = which % len(texts) if texts else 0
        if what == "join":
            texts.append(tokens(count, seed=number))
            session.join([texts[-1]], [[]])
        elif not texts:
            continue
        elif what == "feed":
            more = [tokens(count, seed=100 + number) if place == row else [3] for place in range(len(texts))]
            session.feed(more)
            texts = [[*text, *new] for text, new in zip(texts, more, strict=True)]
        elif what == "crop" and len(texts[row]) > count:
            session.crop(row, len(texts[row]) - count)
            texts[row] = texts[row][:-count]
        elif what == "copy":
            chosen = [*range(len(texts)), row, row]
            session.select(chosen)
            texts = [list(texts[place]) for place in chosen]
        elif what == "drop":
            chosen = [place for place in reversed(range(len(texts))) if place != row]
            session.select(chosen)
            texts = [texts[place] for place in chosen]
    assert session.lengths == [len(text) for text in texts]
    if texts:
        session.feed([[11]] * len(texts))
        _same_as_anew(native, session, [[*text, 11] for text in texts])


def _same_as_anew(native: NativeLlama, session: NativeSession, texts: Sequence[Sequence[int]]) -> None:
    native.prefixes = Prefixes()
    anew = native.open(texts, [[]] * len(texts), room=0)
    assert equal(session.logits, anew.logits)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_forked_while_another_thread_computes_have_threads_of_their_own(library: ctypes.CDLL) -> None:
    native, busy = (models(library, threads=2)[0] for _ in range(2))
    before = native.open([tokens(9)], [[]], room=0).logits
    context = multiprocessing.get_context("fork")
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            busy.hidden(tokens(200))

    def compute(child: Connection) -> None:
        child.send(native.open([tokens(9)], [[]], room=0).logits.tolist())

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(3):
        parent, child = context.Pipe()
        worker = context.Process(target=compute, args=(child,), daemon=True)
        worker.start()
        has_computed = parent.poll(30)
        if not has_computed:
            worker.kill()
            break
        assert parent.recv() == before.tolist()
        worker.join()
    is_over.set()
    thread.join()
    assert has_computed


#: Puts a thread off now and then just after it has drawn a unit, or has seen that there is none.
_PUT_OFF = """
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>
static inline uint64_t put_off(uint64_t drawn) {
    static _Thread_local unsigned dice = 1;
    if ((dice = dice * 1664525u + 1013904223u) >> 24 == 5) usleep(2000);
    return drawn;
}
#undef atomic_fetch_sub_explicit
#define atomic_fetch_sub_explicit(from, count, order) put_off(__atomic_fetch_sub(from, count, __ATOMIC_ACQ_REL))
"""

_MANY_STEPS = """
from tests.engine.native.test_step import compiled, equal, models, tokens
slow, quick = (models(library, threads=threads)[0] for library, threads in ((compiled(""), 4), (compiled(""), 1)))
for count in range(150):
    rows = [tokens(1 + (count * place) % 9, seed=count) for place in range(1 + count % 7)]
    one, other = (model.open(rows, [[]] * len(rows), room=64) for model in (slow, quick))
    assert equal(one.logits, other.logits), count
"""


def test_a_thread_that_is_put_off_while_a_step_ends_does_not_harm_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = tmp_path / "put_off.h"
    header.write_text(_PUT_OFF, encoding="utf-8")
    monkeypatch.setenv("CC", f"cc -include {header}")
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    # In a process of its own: what went wrong here ended it.
    subprocess.run([sys.executable, "-c", _MANY_STEPS], check=True, timeout=120)


def test_weights_that_do_not_fit_are_refused_before_c_reads_them(library: ctypes.CDLL) -> None:
    tensors = packed_weights(SMALL, bits=4)
    weights = {name: each.numpy() for name, each in tensors.items()}
    name = "model.layers.1.self_attn.q_proj.weight"
    for wrong in (
        replace(SMALL, width=32),
        replace(SMALL, heads=8),
        replace(SMALL, kv_heads=4),
        replace(SMALL, head_width=32),
    ):
        with pytest.raises(ValueError, match=r"has (the shape|\d+ numbers)"):
            NativeLlama(wrong, weights, library)
    for changed in (weights[name][:-1], weights[name].swapaxes(0, 1)):
        with pytest.raises(ValueError, match=r"shape|one after another"):
            NativeLlama(SMALL, {**weights, name: changed}, library)
    mlp = {name: each for name, each in weights.items() if "mlp" in name}
    none = {name: each[:, :0] if "down" in name else each[:0] for name, each in mlp.items()}
    with pytest.raises(ValueError, match="holds no panels"):
        NativeLlama(SMALL, {**weights, **none}, library)
    norm = {"model.norm.weight": weights["model.norm.weight"].astype("float16")}
    with pytest.raises(ValueError, match="float16"):
        NativeLlama(SMALL, {**weights, **norm}, library)
    with pytest.raises(KeyError):
        NativeLlama(replace(SMALL, layers=3), weights, library)


def test_a_token_that_the_model_has_not_is_an_error(library: ctypes.CDLL) -> None:
    native, _ = models(library)
    with pytest.raises(ModelError, match="vocabulary is 96"):
        native.open([[1, VOCABULARY]], [[]], room=0)


def test_models_of_other_shapes_are_left_to_torch() -> None:
    weights = packed_weights(SMALL, bits=4)
    arrays = {name: each.numpy() for name, each in weights.items()}
    assert not can_compute(replace(SMALL, head_width=24), arrays)
    assert not can_compute(SMALL, {**arrays, "lm_head.weight": torch.zeros(VOCABULARY, 64).numpy()})
