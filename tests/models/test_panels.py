"""Panels of packed weights: their layout byte for byte, what they stand for, and how near rounding comes."""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from dalle_kit.models import panels
from dalle_kit.models.quantization import quantize4, quantize8
from dalle_kit.models.weights import dequantize

SHAPES = st.tuples(st.integers(1, 4).map(lambda n: 16 * n), st.integers(1, 4).map(lambda n: 32 * n))


def matrix(seed: int = 0, shape: tuple[int, int] = (32, 96), scale: float = 1.0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale


def halves(random: np.random.Generator, *shape: int) -> Any:
    return random.normal(size=shape).astype(np.float16)


@pytest.mark.parametrize("bits", [4, 8])
def test_panels_of_any_bytes_are_read_without_a_warning(bits: int) -> None:
    shape = panels.panel_shape((16, 32), bits=bits)
    assert panels.dequantize(np.full(shape, 0x7C, dtype=np.uint8)).shape == (16, 32)
    assert panels.dequantize(np.full(shape, 0xFF, dtype=np.uint8)).shape == (16, 32)
    blocks = np.zeros(shape, dtype=np.uint8)
    blocks[..., 1:32:2] = 0x7C  # infinite scales times codes of 0
    assert np.isnan(panels.dequantize(blocks)).all()


@given(shape=SHAPES, seed=st.integers(0, 99))
def test_codes_of_4_bits_lie_where_the_layout_says(shape: tuple[int, int], seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, columns = shape
    codes = random.integers(0, 16, shape, dtype=np.uint8)
    scales, minima = halves(random, rows, columns // 32), halves(random, rows, columns // 32)
    packed = panels.pack4(codes, scales, minima)
    assert packed.shape == panels.panel_shape(shape, bits=4) and panels.matrix_shape(packed.shape) == shape
    row, column = int(random.integers(rows)), int(random.integers(columns))
    block = packed[row // 16, column // 32].tobytes()
    vector, nibble = divmod(column % 32, 8)
    word = int.from_bytes(block[64 + 64 * vector + 4 * (row % 16) :][:4], "little")
    assert word >> 4 * nibble & 15 == codes[row, column]
    assert np.frombuffer(block[:32], "<f2")[row % 16] == scales[row, column // 32]
    assert np.frombuffer(block[32:64], "<f2")[row % 16] == minima[row, column // 32]
    expected = codes * np.repeat(scales.astype("f4"), 32, 1) + np.repeat(minima.astype("f4"), 32, 1)
    np.testing.assert_array_equal(panels.dequantize(packed), expected)


@given(shape=SHAPES, seed=st.integers(0, 99))
def test_codes_of_8_bits_lie_where_the_layout_says(shape: tuple[int, int], seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, columns = shape
    codes = random.integers(-128, 128, shape).astype(np.int8)
    scales = halves(random, rows, columns // 32)
    packed = panels.pack8(codes, scales)
    assert packed.shape == panels.panel_shape(shape, bits=8) and panels.matrix_shape(packed.shape) == shape
    row, column = int(random.integers(rows)), int(random.integers(columns))
    block = packed[row // 16, column // 32]
    assert block[32 + 16 * (column % 32) + row % 16].view(np.int8) == codes[row, column]
    assert block[:32].view("<f2")[row % 16] == scales[row, column // 32]
    expected = codes * np.repeat(scales.astype("f4"), 32, 1)
    np.testing.assert_array_equal(panels.dequantize(packed), expected)


def test_a_matrix_larger_than_one_chunk_is_dequantised_whole() -> None:
    weight = matrix(shape=(16 * 40, 32 * 20))
    parts = [dequantize(quantize4(weight[start : start + 16])) for start in range(0, 640, 16)]
    assert torch.equal(dequantize(quantize4(weight)), torch.cat(parts))


@given(seed=st.integers(0, 99), scale=st.sampled_from([1e-3, 1.0, 1e3]), outlier=st.sampled_from([1.0, 1e2]))
def test_no_weight_is_off_by_more_than_half_a_step_of_its_group(seed: int, scale: float, outlier: float) -> None:
    weight = matrix(seed, scale=scale)
    weight[0, 0] *= outlier
    groups = weight.reshape(32, 3, 32)
    error = (dequantize(quantize8(weight)) - weight).abs().reshape(32, 3, 32)
    assert bool((error <= groups.abs().amax(2, keepdim=True) / 127 / 2 * 1.02).all())


@pytest.mark.parametrize("quantize", [quantize4, quantize8])
def test_what_is_quantised_once_more_stays(quantize: Any) -> None:
    once = dequantize(quantize(matrix()))
    torch.testing.assert_close(dequantize(quantize(once)), once, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("quantize", [quantize4, quantize8])
@pytest.mark.parametrize("value", [0.0, 0.25, -3.0, 1e-12, 1e7])
def test_a_group_of_one_value_keeps_it_as_far_as_float16_reaches(quantize: Any, value: float) -> None:
    found = dequantize(quantize(torch.full((16, 64), value)))
    limit = 65504.0 * (16 if quantize is quantize4 else 127)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, torch.full((16, 64), min(value, limit)), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("shape", [(16,), (16, 33), (15, 32), (0, 32), (16, 0), (1, 16, 32)])
def test_other_shapes_do_not_fit(shape: tuple[int, ...]) -> None:
    assert not panels.fits(shape)
    assert panels.fits((16, 32))


@pytest.mark.parametrize("shape", [(2, 3, 319), (2, 320), (320,)])
def test_bytes_of_another_shape_hold_no_panels(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="holds no panels"):
        dequantize(torch.zeros(shape, dtype=torch.uint8))
    with pytest.raises(ValueError, match="holds no panels"):
        panels.dequantize(np.zeros((2, 3, 320), dtype=np.int8))


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
@given(seed=st.integers(0, 99))
def test_blocks_of_ggml_stand_for_the_same_numbers_to_the_bit(kind: str, seed: int) -> None:
    from dalle_kit.models.gguf_blocks import blocks_to_panels

    quantum = gguf.GGMLQuantizationType[kind]
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (32, 3 * gguf.GGML_QUANT_SIZES[quantum][1]), dtype=np.uint8)
    sizes = blocks.reshape(32, 3, -1)
    sizes[:, :, :2] = random.normal(size=(32, 3, 1)).astype("<f2").view(np.uint8)
    if kind == "Q4_1":
        sizes[:, :, 2:4] = random.normal(size=(32, 3, 1)).astype("<f2").view(np.uint8)
    expected = gguf.quants.dequantize(blocks, quantum)
    np.testing.assert_array_equal(panels.dequantize(blocks_to_panels(blocks, quantum)), expected)
