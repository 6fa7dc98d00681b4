"""Reading checkpoints: what TensorFlow wrote, and what it never would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.table import read_table
from dalle_kit.models.tensorflow.vocabularies import sentence_pieces

Write = Callable[..., None]
STORED = Path(__file__).parent / "data"


def test_names_shapes_and_types_are_those_that_tensorflow_wrote() -> None:
    bundle = Bundle(STORED / "gpt2" / "model.ckpt")
    assert bundle.tensors["model/h0/attn/c_attn/w"].shape == (1, 16, 48)
    assert bundle.tensors["global_step"].shape == ()
    assert len(bundle.files) == 3 and all(file.is_file() for file in bundle.files)
    assert np.isfinite(bundle.tensor("model/wte")).all()
    assert bundle.tensor("global_step") == 7


def test_numbers_of_any_type_become_float32(tmp_path: Path, write_bundle: Write) -> None:
    values = {
        "a": np.array([[1.5, -2.0]], "f4"),
        "b": np.array([1.5, -2.0], "f8"),
        "c": np.array([3, -4], "i4"),
        "d": np.array(5, "i8"),
        "e": np.array([0.5, 65504], "f2"),
        "f": np.array([0x3FC0, 0xC000], "u2"),  # 1.5 and -2 in bfloat16
    }
    write_bundle(tmp_path / "m", values, shards=3, kinds={"f": 14})
    bundle = Bundle(tmp_path / "m")
    assert sorted(bundle.tensors) == list("abcdef")
    for name in "abcde":
        found = bundle.tensor(name)
        assert found.dtype == np.float32 and found.shape == values[name].shape
        np.testing.assert_array_equal(found, values[name])
    np.testing.assert_array_equal(bundle.tensor("f"), [1.5, -2.0])


def test_texts_and_slices_are_refused_by_name(tmp_path: Path, write_bundle: Write) -> None:
    tensors = {"text": np.zeros(2, "u1"), "sliced": np.zeros(2, "f4")}
    write_bundle(tmp_path / "m", tensors, kinds={"text": 7}, extra={"sliced": b"\x3a\x00"})
    bundle = Bundle(tmp_path / "m")
    with pytest.raises(ModelError, match="text holds no numbers"):
        bundle.tensor("text")
    with pytest.raises(ModelError, match="sliced is stored in slices"):
        bundle.tensor("sliced")


def test_a_changed_byte_of_the_data_is_noticed(tmp_path: Path, write_bundle: Write) -> None:
    write_bundle(tmp_path / "m", {"a": np.arange(9, dtype="f4"), "b": np.arange(5, dtype="f4")})
    file = tmp_path / "m.data-00000-of-00001"
    data = bytearray(file.read_bytes())
    data[17] ^= 4
    file.write_bytes(data)
    bundle = Bundle(tmp_path / "m")
    with pytest.raises(IntegrityError, match="a has another checksum"):
        bundle.tensor("a")
    assert bundle.tensor("b").tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kept", [0, 1, 20])
def test_truncated_data_are_noticed(tmp_path: Path, write_bundle: Write, kept: int) -> None:
    write_bundle(tmp_path / "m", {"a": np.arange(9, dtype="f4")})
    file = tmp_path / "m.data-00000-of-00001"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(IntegrityError, match="missing, truncated or damaged"):
        Bundle(tmp_path / "m").tensor("a")


def test_a_missing_data_file_is_named(tmp_path: Path, write_bundle: Write) -> None:
    write_bundle(tmp_path / "m", {"a": np.zeros(2, "f4"), "b": np.zeros(2, "f4")}, shards=2)
    (tmp_path / "m.data-00001-of-00002").unlink()
    bundle = Bundle(tmp_path / "m")
    with pytest.raises(IntegrityError, match=r"m\.data-00001-of-00002 is missing"):
        bundle.tensor("b")


def test_a_missing_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        Bundle(tmp_path / "m")


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_no_changed_bit_of_the_index_changes_what_is_read_unseen(tmp_path: Path, place: float, bit: int) -> None:
    """Blocks have checksums; a bit that may change is one of what nobody reads: filling, or the index of nothing."""
    whole = (STORED / "gpt2" / "model.ckpt.index").read_bytes()
    data = bytearray(whole)
    data[int(place * len(data))] ^= 1 << bit
    (tmp_path / "m.index").write_bytes(data)
    try:
        found = Bundle(tmp_path / "m").tensors
    except IntegrityError:
        return
    assert found == Bundle(STORED / "gpt2" / "model.ckpt").tensors


@given(st.binary(max_size=200))
def test_bytes_that_are_no_table_are_a_value_error(data: bytes) -> None:
    footer = data[:40].ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")
    for each in (data, data + footer):
        try:
            list(read_table(each))
        except ValueError:
            continue


@given(start=st.integers(0, 1459), piece=st.binary(max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_sentencepiece_model_is_a_model_error(tmp_path: Path, start: int, piece: bytes) -> None:
    whole = (STORED / "t5" / "sentencepiece.model").read_bytes()
    damaged = whole[:start] + piece + whole[start + len(piece) :]
    (tmp_path / "sentencepiece.model").write_bytes(damaged)
    try:
        tokenizer, _ = sentence_pieces(tmp_path, size=256)
    except ModelError:
        return
    assert tokenizer.token_to_id("</s>") is not None
