"""The encoder of examples: what it computes, and what never changes it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit.errors import ModelError
from dalle_kit.modeling import DalleEncoder, DalleForConditionalGeneration, Memory
from dalle_kit.modeling.readers import ConvReader
from tests.modeling.conftest import ENCODERS, build, near, tokens

KINDS = list(ENCODERS)


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest) -> DalleEncoder:
    return build(request.param, "llama", "prefix").encoder


def pair(memory: Memory) -> tuple[torch.Tensor, torch.Tensor]:
    assert memory.vectors is not None and memory.pooled is not None
    return memory.vectors, memory.pooled


def same(found: Memory, expected: Memory, *, within: float = 1e-5) -> bool:
    return all(near(mine, yours, within=within) for mine, yours in zip(pair(found), pair(expected), strict=True))


def test_memory_has_a_fixed_size_whatever_the_number_and_length_of_the_examples(encoder: DalleEncoder) -> None:
    for count, size in ((1, 1), (1, 40), (5, 7), (2, 30)):
        vectors, pooled = pair(encoder(tokens(4, count, size)))
        assert vectors.shape == (4, 3, 32) and pooled.shape == (4, 32)


@pytest.mark.parametrize("size", [1, 2, 3, 26, 27, 28, 55])
def test_the_convolutions_make_one_vector_of_27_tokens(size: int) -> None:
    reader = ConvReader(vocab_size=61, width=8)
    vectors, mask = reader(tokens(2, size), torch.ones(2, size, dtype=torch.bool))
    assert vectors.shape == (2, math.ceil(size / 27), 8)
    assert mask.shape == (2, math.ceil(size / 27)) and bool(mask.all())


def test_the_convolutions_compute_what_their_definition_says() -> None:
    torch.manual_seed(1)
    reader = ConvReader(vocab_size=61, width=6).double()
    ids = tokens(1, 31)
    states = reader.embedding(ids)[0]  # (S, W): places before channels, as the definition has it
    for convolution in reader.convolutions:
        assert isinstance(convolution, torch.nn.Conv1d) and convolution.bias is not None
        size, half = convolution.kernel_size[0], convolution.kernel_size[0] // 2
        padded = F.pad(states, (0, 0, half, half))
        computed = []
        for place in range(len(states)):
            window = padded[place : place + size]  # (K, W)
            computed.append(F.relu(torch.einsum("kc,ock->o", window, convolution.weight) + convolution.bias))
        pooled = [torch.stack(computed[at : at + 3]).amax(0) for at in range(0, len(computed), 3)]
        states = torch.stack(pooled)
    expected = reader.second(F.relu(reader.first(states)))
    found, _ = reader(ids, torch.ones(1, 31, dtype=torch.bool))
    assert near(found[0], expected, within=1e-12)


def padded(ids: torch.Tensor, *, left: int, right: int) -> tuple[torch.Tensor, torch.Tensor]:
    mask = F.pad(torch.ones_like(ids), (left, right))
    return F.pad(ids, (left, right), value=9), mask


@pytest.mark.parametrize(("left", "right"), [(0, 5), (4, 0), (0, 28), (13, 2)])
def test_what_stands_in_the_padding_changes_nothing(encoder: DalleEncoder, left: int, right: int) -> None:
    ids = tokens(2, 3, 11)
    longer, mask = padded(ids, left=left, right=right)
    other = torch.where(mask.bool(), longer, 33)
    assert same(encoder(longer, mask), encoder(ids))
    assert same(encoder(other, mask), encoder(longer, mask), within=1e-6)


def test_the_order_of_the_examples_changes_nothing(encoder: DalleEncoder) -> None:
    ids, mask = padded(tokens(2, 5, 9), left=0, right=4)
    mask[:, 2, 5:] = 0
    for order in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        assert same(encoder(ids[:, order], mask[:, order]), encoder(ids, mask))


def test_an_example_that_is_all_padding_is_none(encoder: DalleEncoder) -> None:
    ids = tokens(2, 2, 9)
    more = torch.cat((ids, tokens(2, 3, 9, seed=3)), dim=1)
    mask = torch.ones_like(more)
    mask[:, 2:] = 0
    assert same(encoder(more, mask), encoder(ids))


def test_a_row_is_read_as_it_is_alone(encoder: DalleEncoder) -> None:
    ids = tokens(3, 4, 10)
    mask = torch.ones_like(ids)
    mask[0, 1:], mask[1, 3:], mask[2, 0, 4:] = 0, 0, 0
    together = pair(encoder(ids, mask))
    for row in range(3):
        alone = pair(encoder(ids[row : row + 1], mask[row : row + 1]))
        assert all(near(mine[row : row + 1], yours) for mine, yours in zip(together, alone, strict=True))


def test_each_example_is_read_by_itself(encoder: DalleEncoder) -> None:
    ids = tokens(4, 12)
    mask = torch.ones_like(ids)
    together, counted = encoder.read(ids, mask)
    alone, _ = encoder.read(ids[2:3], mask[2:3])
    assert near(together[2:3], alone) and bool(counted.all())


def test_a_row_without_examples_has_no_memory(encoder: DalleEncoder) -> None:
    mask = torch.ones(2, 3, 8)
    mask[1] = 0
    memory = encoder(tokens(2, 3, 8), mask)
    vectors, pooled = pair(memory)
    assert memory.present is not None and memory.present.tolist() == [True, False]
    assert not vectors[1].any() and not pooled[1].any()
    assert bool(vectors[0].any()) and bool(pooled[0].any())


def test_an_example_says_something(encoder: DalleEncoder) -> None:
    one, other = pair(encoder(tokens(1, 2, 9, seed=1))), pair(encoder(tokens(1, 2, 9, seed=2)))
    assert all(not near(mine, yours, within=1e-2) for mine, yours in zip(one, other, strict=True))


def test_examples_that_are_too_long_are_refused() -> None:
    model = build("transformer", "llama", "prefix")
    with pytest.raises(ModelError, match="an example has 65 tokens and the encoder reads 64"):
        model.encode_examples(tokens(1, 1, 65))


def test_examples_of_another_shape_are_refused(model: DalleForConditionalGeneration) -> None:
    with pytest.raises(ModelError, match=r"example_ids has the shape \(2, 9\)"):
        model.encode_examples(tokens(2, 9))


CONV: list[Any] = [build("conv", "llama", "prefix").encoder]


@settings(max_examples=30)
@given(
    lengths=st.lists(st.integers(0, 33), min_size=1, max_size=4), extra=st.integers(0, 30), seed=st.integers(0, 1000)
)
def test_lengths_and_padding_of_any_kind_leave_a_memory_as_it_is(lengths: list[int], extra: int, seed: int) -> None:
    width = max(1, *lengths)
    ids = tokens(1, len(lengths), width, seed=seed)
    mask = torch.stack([(torch.arange(width) < length).long() for length in lengths])[None]
    longer, wider = F.pad(ids, (0, extra), value=7), F.pad(mask, (0, extra))
    assert same(CONV[0](longer, wider), CONV[0](ids, mask), within=1e-4)
